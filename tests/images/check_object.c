/* SPDX-License-Identifier: MIT */
#include "tests/images/check.h"
#include "tests/images/same.h"

#include <stdlib.h>
#include <string.h>

static const struct place places[] = {
    { "low", 0x10000000, 0x50000000, 0x30000000 },
    { "high", UINT64_C(0x400000000), UINT64_C(0x700000000), UINT64_C(0x430000000) },
    { "top", 0 - UINT64_C(0x60000000), 0x10000000, 0 - UINT64_C(0x40000000) },
};

enum {
    PLACE_COUNT = sizeof(places) / sizeof(places[0]),
    FAR = 1, /* that a name's hash has this bit: bound far away then, if its fields can reach */
};

void check_fail(const struct check *c, const char *what, const char *detail, uint64_t value,
                const elfin_diag *diag)
{
    differs(c->subject->file, c->place->name, what, detail, value, diag);
}

bool check_same(const struct check *c, const char *what, const elfin_group *plain,
                const elfin_group *made)
{
    struct difference found;
    elfin_block block;

    if (!same_groups(plain, made, false, &found)) {
        check_fail(c, what, found.what, found.at, NULL);
        return false;
    }
    for (uint32_t i = 0; elfin_group_block(plain, i, &block); i++)
        counts.bytes += block.region.size;
    return true;
}

void check_left(void *ctx, const elfin_left *field)
{
    if (!field->is_tls)
        check_fail(ctx, "rebind left a field", field->symbol, field->address, NULL);
}

/* ---- Addresses that are made up -------------------------------------------------------------- */

static uint64_t near(uint64_t at, uint64_t distance, const char *name)
{
    return at + distance + subject_hash(name) % 0x7ffff00;
}

static void invent(const struct check *c)
{
    int64_t offset = 0;

    for (size_t i = 0; i < c->subject->import_count; i++) {
        struct import *import = &c->subject->imports[i];
        uint32_t hash = subject_hash(import->name);

        if (import->is_tls) {
            offset += 16;
            import->address[SET_FIRST] = import->address[SET_MOVED] = (uint64_t)(0x1000 + offset);
            import->address[SET_THEN] = (uint64_t)(-0x200000 - offset);
            continue;
        }
        import->address[SET_FIRST] = near(c->place->at, 0x18000000, import->name);
        import->address[SET_MOVED] = near(c->place->moved, 0x18000000, import->name);
        if (import->is_weak && hash % 7 == 0 && c->place == &places[0])
            import->address[SET_FIRST] = 0;
    }
}

/* ---- Images ---------------------------------------------------------------------------------- */

static void check_instance(const struct check *c, unsigned set, uint32_t flags,
                           const elfin_group *plain)
{
    struct world w;
    elfin_group *group;

    world_open(&w, c->subject, set);
    group = world_load(&w, &c->instance, c->place->at, flags);
    if (!group)
        check_fail(c, "instance", "refused", (uint64_t)w.status, &w.diag);
    else if (check_same(c, "instance", plain, group))
        counts.instances++;
    world_close(&w);
}

/* ---- Imports bound anew ---------------------------------------------------------------------- */

static elfin_status bind(struct check *c, struct world *w, elfin_group *group,
                         const struct import *import, const elfin_target *target)
{
    elfin_change change = ELFIN_CHANGE_INIT;

    change.ctx = c;
    change.left = check_left;
    return elfin_rebind(&w->space, elfin_next_module(group, NULL), import->name, target, &change,
                        &w->diag);
}

/* Far if the hash says so and all fields can reach that; what is found becomes SET_THEN. */
static void bind_then(struct check *c, struct world *w, elfin_group *group, struct import *import)
{
    uint32_t hash = subject_hash(import->name);
    uint64_t candidates[] = { hash & FAR ? UINT64_C(0x100000000000) + hash : 0,
                              near(c->place->at, 0x10000000, import->name) };
    elfin_status status = ELFIN_ERR_RANGE;
    elfin_target target = { 0 };

    if (import->is_tls)
        candidates[0] = import->address[SET_THEN];
    for (unsigned i = 0; i < 2 && status == ELFIN_ERR_RANGE; i++) {
        if (!candidates[i] && !(import->is_weak && hash % 13 == 5))
            continue;
        target.address = import->address[SET_THEN] = candidates[i];
        status = bind(c, w, group, import, &target);
        counts.bound_far += status == ELFIN_OK && i == 0 && !import->is_tls;
    }
    if (status == ELFIN_OK)
        counts.rebound++;
    else if (status != ELFIN_ERR_NOT_FOUND)
        check_fail(c, "rebind", import->name, (uint64_t)status, &w->diag);
}

struct all {
    const struct subject *subject;
    unsigned set;
};

/* By a look-up (back) or by address. */
static elfin_choice choose(void *ctx, const elfin_import *found, elfin_target *target)
{
    const struct all *all = ctx;

    for (size_t i = 0; i < all->subject->import_count; i++) {
        const struct import *import = &all->subject->imports[i];

        if (strcmp(import->name, found->name) != 0)
            continue;
        target->address = import->address[all->set];
        return import->is_tls || all->set == SET_THEN ? ELFIN_CHOICE_TARGET : ELFIN_CHOICE_LOAD;
    }
    return ELFIN_CHOICE_LOAD;
}

/* As bind_then has found, all at once. */
static void bind_all(struct check *c, struct world *w, elfin_group *group, unsigned set)
{
    struct all all = { c->subject, set };
    elfin_change change = ELFIN_CHANGE_INIT;
    elfin_status status;

    w->set = set;
    change.ctx = c;
    change.left = check_left;
    status = elfin_rebind_all(&w->space, elfin_next_module(group, NULL), choose, &all, &change,
                              &w->diag);
    if (status != ELFIN_OK)
        check_fail(c, "rebind all", NULL, (uint64_t)status, &w->diag);
}

static void check_then(struct check *c, const elfin_group *a, const elfin_group *b)
{
    struct world plain;
    elfin_group *group;

    world_open(&plain, c->subject, SET_THEN);
    group = world_load(&plain, &c->object, c->place->at, ELFIN_LOAD_REBIND);
    if (!group) {
        check_fail(c, "rebind", "a plain load is refused", (uint64_t)plain.status, &plain.diag);
    } else {
        check_same(c, "rebind", group, a);
        if (b)
            check_same(c, "rebind of an instance", group, b);
        check_instance(c, SET_THEN, ELFIN_LOAD_REBIND, group);
    }
    world_close(&plain);
}

static void check_rebind(struct check *c, const elfin_group *first)
{
    struct world w, v;
    elfin_group *a, *b;

    world_open(&w, c->subject, SET_FIRST);
    world_open(&v, c->subject, SET_FIRST);
    a = world_load(&w, &c->object, c->place->at, ELFIN_LOAD_REBIND);
    b = c->image ? world_load(&v, &c->instance, c->place->at, ELFIN_LOAD_REBIND) : NULL;
    if (!a)
        abort(); /* `first` is the same */
    for (size_t i = 0; i < c->subject->import_count; i++)
        bind_then(c, &w, a, &c->subject->imports[i]);
    if (b)
        bind_all(c, &v, b, SET_THEN);
    check_then(c, a, b);
    bind_all(c, &w, a, SET_FIRST);
    check_same(c, "rebind and back", first, a);
    if (b) {
        bind_all(c, &v, b, SET_FIRST);
        check_same(c, "rebind of an instance and back", first, b);
    }
    world_close(&v);
    world_close(&w);
}

/* ---- All of it ------------------------------------------------------------------------------- */

static void check_at(struct check *c)
{
    struct world plain, rebind;
    elfin_group *group, *first;

    invent(c);
    world_open(&plain, c->subject, SET_FIRST);
    world_open(&rebind, c->subject, SET_FIRST);
    group = world_load(&plain, &c->object, c->place->at, 0);
    first = world_load(&rebind, &c->object, c->place->at, ELFIN_LOAD_REBIND);
    if (group && c->image)
        check_instance(c, SET_FIRST, 0, group);
    if (first) {
        counts.places++;
        if (c->image)
            check_instance(c, SET_FIRST, ELFIN_LOAD_REBIND, first);
        check_rebind(c, first);
        check_replace(c, first);
    } else if (group) {
        check_fail(c, "load to be bound anew", "refused", (uint64_t)rebind.status, &rebind.diag);
    } else {
        c->refusal = plain.diag;
    }
    world_close(&rebind);
    world_close(&plain);
}

void check_object(struct subject *subject)
{
    static struct world nowhere; /* an image keeps a pointer to it */
    elfin_host host = world_host(&nowhere);
    struct check c = { .subject = subject, .place = &places[0] };
    uint64_t before = counts.places;
    elfin_status status;
    elfin_diag diag;

    c.object = (elfin_input){
        .data = subject->data, .size = subject->size, .file = subject->file, .name = "module"
    };
    status = elfin_prepare(&host, &c.object, NULL, &c.image, &diag);
    if (status == ELFIN_OK)
        counts.images++;
    c.instance = (elfin_input){ .image = c.image, .file = subject->file, .name = "module" };
    for (unsigned i = 0; i < PLACE_COUNT; i++) {
        c.place = &places[i];
        check_at(&c);
    }
    if (counts.places == before)
        refused(subject->file, &c.refusal);
    else if (status != ELFIN_OK)
        check_fail(&c, "prepare", "refused", (uint64_t)status, &diag);
    if (c.image && elfin_image_release(c.image) != ELFIN_OK)
        check_fail(&c, "image", "in use at the end", 0, NULL);
    counts.objects++;
}
