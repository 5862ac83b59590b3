/* SPDX-License-Identifier: MIT */
/*
 * A long random life of a space: groups are loaded, bound anew, replaced, moved, retired and
 * unloaded, and programs write into their data. A naive model knows who has each name and what each
 * import is bound to; from time to time every group is linked again from scratch with what the
 * model says, at its address, and every byte is compared.
 *
 * RELINK_STEPS, TEST_SEED: longer lives, and others.
 */
#include "tests/lib/expect.h"
#include "tests/lib/replica.h"

enum {
    NAMES = 48, /* s0, s1, ...: some the host's, the others whoever defines them */
    HOST_NAMES = 6,
    MAX_GROUPS = 160,
    MAX_USES = 10,   /* of imports, by a module */
    MAX_MODULES = 2, /* of a group */
    TEXT = 1024,
    FLAGS = ELFIN_LOAD_REBIND | ELFIN_LOAD_KEEP_SECTIONS | ELFIN_LOAD_PUBLISH
};

/* What an import is bound to: a group, the host, an address, or nothing. */
enum owner {
    NOBODY = -1,
    HOST = -2
};

struct part {
    char file[16], text[TEXT];
    uint64_t defines, imports, weak; /* bits of names */
    int owner[NAMES];                /* of imports: number of a group, or enum owner */
    uint64_t value[NAMES];
    int words; /* p0, p1, ...: in data */
};

struct group {
    bool live, retired;
    int id;                    /* its modules are called m<id>a, m<id>b */
    uint64_t published[NAMES]; /* ascending; what replaces a name has that of what it replaced */
    elfin_group *group;
    struct part part[MAX_MODULES];
    int parts;
    elfin_image *image; /* that it is an instance of, or NULL */
    struct replica_word written[8];
    size_t written_count;
};

static struct group groups[MAX_GROUPS];
static struct fixture *f;
static uint64_t clock_now;
static int next_id;
static elfin_export host_rows[HOST_NAMES];
static unsigned done[16], refused[16], instances;

static uint64_t bit(int name)
{
    return UINT64_C(1) << name;
}

static const char *name_of(int name)
{
    static char names[NAMES][8];

    snprintf(names[name], sizeof names[name], "s%d", name);
    return names[name];
}

static bool chance(unsigned in_100)
{
    return test_random_below(100) < in_100;
}

static int any_name(void)
{
    return (int)test_random_below(NAMES);
}

/* ---- The model ------------------------------------------------------------------------------- */

static const elfin_module *module_at(const struct group *g, int part)
{
    const elfin_module *m = elfin_next_module(g->group, NULL);

    while (part-- > 0) {
        m = elfin_next_module(g->group, m);
    }
    return m;
}

static uint64_t address_in(const struct group *g, int name)
{
    uint64_t address = 0;

    for (int i = 0; i < g->parts; i++) {
        if (g->part[i].defines & bit(name)) {
            STATUS(elfin_module_lookup(module_at(g, i), name_of(name), &address), ELFIN_OK);
        }
    }
    return address;
}

static uint64_t defines(const struct group *g)
{
    uint64_t all = 0;

    for (int i = 0; i < g->parts; i++) {
        all |= g->part[i].defines;
    }
    return all;
}

/* The first that published the name, leaving one group out. */
static int holder(int name, const struct group *except)
{
    int best = NOBODY;

    if (name < HOST_NAMES) {
        return HOST;
    }
    for (int i = 0; i < MAX_GROUPS; i++) {
        if (groups[i].live && !groups[i].retired && &groups[i] != except &&
            defines(&groups[i]) & bit(name) &&
            (best < 0 || groups[i].published[name] < groups[best].published[name])) {
            best = i;
        }
    }
    return best;
}

static uint64_t value_of(int owner, int name)
{
    return owner == HOST ? host_rows[name].address
           : owner < 0   ? 0
                         : address_in(&groups[owner], name);
}

static void bind(struct group *g, const struct group *except)
{
    for (int i = 0; i < g->parts; i++) {
        for (int name = 0; name < NAMES; name++) {
            if (g->part[i].imports & bit(name)) {
                g->part[i].owner[name] = holder(name, except);
                g->part[i].value[name] = value_of(g->part[i].owner[name], name);
            }
        }
    }
}

static bool uses(const struct group *g, int owner)
{
    for (int i = 0; i < g->parts; i++) {
        for (int name = 0; name < NAMES; name++) {
            if (g->part[i].imports & bit(name) && g->part[i].owner[name] == owner) {
                return true;
            }
        }
    }
    return false;
}

static bool has_users(int owner)
{
    for (int i = 0; i < MAX_GROUPS; i++) {
        if (groups[i].live && i != owner && uses(&groups[i], owner)) {
            return true;
        }
    }
    return false;
}

/* ---- Generating ------------------------------------------------------------------------------ */

static void add(struct part *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct part *p, const char *format, ...)
{
    size_t used = strlen(p->text);
    va_list args;

    va_start(args, format);
    vsnprintf(p->text + used, sizeof p->text - used, format, args);
    va_end(args);
}

static void generate_part(struct part *p, int id, int number)
{
    static const char *const verbs[] = { "call", "addr", "icall", "rel", "call", "ptr" };
    int uses = 1 + (int)test_random_below(MAX_USES);

    memset(p, 0, sizeof *p);
    snprintf(p->file, sizeof p->file, "m%d%c.o", id, 'a' + number);
    add(p, "local fn f 1; local var box 1; ");
    add(p, "state 1 f f; "); /* the host does not execute */
    for (int i = 0; i < 3; i++) {
        int name = HOST_NAMES + (int)test_random_below(NAMES - HOST_NAMES);

        if (!(p->defines & bit(name))) {
            add(p, chance(50) ? "fn %s 1; " : "var %s 2; ", name_of(name));
            p->defines |= bit(name);
        }
    }
    for (int i = 0; i < uses; i++) {
        int name = any_name();
        const char *verb = verbs[test_random_below(sizeof verbs / sizeof verbs[0])];

        if (p->defines & bit(name)) {
            continue;
        }
        if (!(p->imports & bit(name)) && chance(holder(name, NULL) == NOBODY ? 95 : 40)) {
            add(p, "weak undef %s; ", name_of(name));
            p->weak |= bit(name);
        }
        p->imports |= bit(name);
        if (strcmp(verb, "ptr") == 0) {
            add(p, "ptr %s_p%d %s; ", p->file, p->words++, name_of(name));
        } else {
            add(p, "local %s x%d %s; ", verb, i, name_of(name));
        }
    }
}

static void generate(struct group *g, int id, int parts)
{
    uint64_t defined = 0;

    memset(g, 0, sizeof *g);
    g->id = id;
    g->parts = parts;
    for (int i = 0; i < parts; i++) {
        do {
            generate_part(&g->part[i], id, i);
        } while (g->part[i].defines & defined);
        defined |= g->part[i].defines;
    }
    for (int i = 0; i < parts; i++) {
        /* Strong in one object is strong for the group, except for what others define. */
        g->part[i].imports &= ~defined;
        g->part[i].weak &= g->part[i].imports;
    }
    for (int i = 0; i < parts; i++) {
        for (int k = 0; k < parts; k++) {
            g->part[i].weak &= ~(g->part[k].imports & ~g->part[k].weak);
        }
    }
}

/* ---- Comparing ------------------------------------------------------------------------------- */

/* What elfin says of edges between groups is what the model says. */
static void check_edges(const struct group *g)
{
    for (int i = 0; i < MAX_GROUPS; i++) {
        bool found = false;

        if (!groups[i].live || &groups[i] == g) {
            continue;
        }
        for (int p = 0; p < g->parts; p++) {
            elfin_module *used;

            for (uint32_t k = 0; (used = elfin_module_uses(module_at(g, p), k)) != NULL; k++) {
                elfin_module_info info;

                elfin_module_get(used, &info);
                found |= info.group == groups[i].group;
            }
        }
        CHECK_MSG(found == uses(g, i), "m%d %s m%d", g->id, found ? "uses" : "does not use",
                  groups[i].id);
    }
}

static void check_group(const struct group *g)
{
    elfin_input inputs[MAX_MODULES] = { 0 };
    struct blob blobs[MAX_MODULES];
    elfin_export imports[NAMES + 1];
    struct replica replica = {
        .inputs = inputs,
        .count = (size_t)g->parts,
        .imports = imports,
        .flags = FLAGS,
        .words = g->written,
        .word_count = g->written_count,
    };
    size_t count = 0;
    bool mixed = false;
    uint64_t seen = 0;

    for (int i = 0; i < g->parts; i++) {
        blobs[i] = toy(g->part[i].text);
        inputs[i] = (elfin_input)INPUT(blobs[i], g->part[i].file);
        for (int name = 0; name < NAMES; name++) {
            if (!(g->part[i].imports & bit(name))) {
                continue;
            }
            /* Bound differently in the two modules, by rebind: no load does so. */
            for (int k = 0; k < i; k++) {
                mixed |= g->part[k].imports & bit(name) &&
                         g->part[k].value[name] != g->part[i].value[name];
            }
            if (g->part[i].value[name] != 0 && !(seen & bit(name))) {
                imports[count++] = (elfin_export){ name_of(name), g->part[i].value[name] };
            }
            seen |= bit(name);
        }
    }
    imports[count].name = NULL;
    if (!mixed) {
        const char *wrong = replica_compare(f, g->group, &replica);

        CHECK_MSG(wrong == NULL, "m%d: %s", g->id, wrong);
    }
    NO_COMPLAINT(fx_check_rights(f, g->group));
    check_edges(g);
    for (int i = 0; i < g->parts; i++) {
        free(blobs[i].data);
    }
}

static void check_names(void)
{
    for (int name = 0; name < NAMES; name++) {
        int owner = holder(name, NULL);

        CHECK_EQ(fx_lookup(f, name_of(name)), value_of(owner, name));
    }
}

static void check_all(void)
{
    for (int i = 0; i < MAX_GROUPS; i++) {
        if (groups[i].live) {
            check_group(&groups[i]);
        }
    }
    check_names();
    NO_COMPLAINT(fx_violation(f));
}

/* ---- Steps ----------------------------------------------------------------------------------- */

static unsigned count_live(void)
{
    unsigned live = 0;

    for (int i = 0; i < MAX_GROUPS; i++) {
        live += groups[i].live;
    }
    return live;
}

static struct group *any_group(bool retired)
{
    int start = (int)test_random_below(MAX_GROUPS);

    for (int i = 0; i < MAX_GROUPS; i++) {
        struct group *g = &groups[(start + i) % MAX_GROUPS];

        if (g->live && g->retired == retired) {
            return g;
        }
    }
    return NULL;
}

static int free_group(void)
{
    for (int i = 0; i < MAX_GROUPS; i++) {
        if (!groups[i].live) {
            return i;
        }
    }
    return -1;
}

/* Where the next group goes: three places that do not reach each other. */
static void choose_place(void)
{
    static const uint64_t zones[] = { UINT64_C(0x40000000), UINT64_C(0x700000000000),
                                      UINT64_C(0xffff800000000000) };

    f->fake.base = zones[test_random_below(3)];
    f->fake.ignore_near = true;
}

/* Some of one module are instances of an image. */
static elfin_status load_instance(struct group *g, struct blob object)
{
    elfin_input input = INPUT(object, g->part[0].file);
    elfin_input instance = { .file = g->part[0].file };

    STATUS(elfin_prepare(&f->fake.host, &input, NULL, &instance.image, &f->diag), ELFIN_OK);
    REQUIRE_NO_FAILURE();
    if (fx_load_inputs(f, &instance, 1) == ELFIN_OK) {
        g->image = instance.image;
        instances++;
    } else {
        STATUS(elfin_image_release(instance.image), ELFIN_OK);
    }
    return f->status;
}

/* The group is no more. */
static void bury(struct group *g)
{
    g->live = false;
    if (g->image != NULL) {
        STATUS(elfin_image_release(g->image), ELFIN_OK);
    }
}

static elfin_status load_group(struct group *g)
{
    elfin_input inputs[MAX_MODULES] = { 0 };
    struct blob blobs[MAX_MODULES];
    elfin_status status;

    for (int i = 0; i < g->parts; i++) {
        blobs[i] = toy(g->part[i].text);
        inputs[i] = (elfin_input)INPUT(blobs[i], g->part[i].file);
    }
    choose_place();
    g->image = NULL;
    if (g->parts == 1 && chance(50)) {
        status = load_instance(g, blobs[0]);
    } else {
        status = fx_load_inputs(f, inputs, (size_t)g->parts);
    }
    for (int i = 0; i < g->parts; i++) {
        free(blobs[i].data);
    }
    g->group = f->group;
    return status;
}

/* Whether each strong import has somebody. */
static bool is_complete(const struct group *g)
{
    for (int i = 0; i < g->parts; i++) {
        for (int name = 0; name < NAMES; name++) {
            if (g->part[i].imports & ~g->part[i].weak & bit(name) &&
                g->part[i].owner[name] == NOBODY) {
                return false;
            }
        }
    }
    return true;
}

/* old: in whose place, or NULL. */
static void publish(struct group *g, const struct group *old)
{
    clock_now++;
    for (int name = 0; name < NAMES; name++) {
        g->published[name] =
            old != NULL && defines(old) & bit(name) ? old->published[name] : clock_now;
    }
}

static bool step_load(void)
{
    int at = free_group();
    struct group *g = at < 0 ? NULL : &groups[at];

    if (g == NULL) {
        return false;
    }
    f->replaces = NULL;
    generate(g, next_id++, 1 + (int)test_random_below(MAX_MODULES));
    bind(g, NULL);
    if (load_group(g) != ELFIN_OK) {
        STATUS(f->status, ELFIN_ERR_UNDEFINED);
        CHECK(!is_complete(g));
        return false;
    }
    CHECK(is_complete(g));
    g->live = true;
    publish(g, NULL);
    return true;
}

/* Groups that the group uses, directly or not. */
static void mark_used(int from, bool *marked)
{
    int list[MAX_GROUPS], count = 0;

    list[count++] = from;
    marked[from] = true;
    while (count > 0) {
        int at = list[--count];

        for (int i = 0; i < MAX_GROUPS; i++) {
            if (!marked[i] && groups[i].live && uses(&groups[at], i)) {
                marked[i] = true;
                list[count++] = i;
            }
        }
    }
}

/* Groups that nobody uses are taken away until none is left, or circles. */
static bool is_circular(void)
{
    static bool edge[MAX_GROUPS][MAX_GROUPS];
    bool gone[MAX_GROUPS] = { false }, used[MAX_GROUPS], more = true, some = false;

    memset(edge, 0, sizeof edge);
    for (int i = 0; i < MAX_GROUPS; i++) {
        gone[i] = !groups[i].live;
        for (int p = 0; groups[i].live && p < groups[i].parts; p++) {
            for (int name = 0; name < NAMES; name++) {
                if (groups[i].part[p].imports & bit(name) && groups[i].part[p].owner[name] >= 0 &&
                    groups[i].part[p].owner[name] != i) {
                    edge[i][groups[i].part[p].owner[name]] = true;
                }
            }
        }
    }
    while (more) {
        memset(used, 0, sizeof used);
        more = some = false;
        for (int i = 0; i < MAX_GROUPS; i++) {
            for (int k = 0; !gone[i] && k < MAX_GROUPS; k++) {
                used[k] |= edge[i][k];
            }
        }
        for (int i = 0; i < MAX_GROUPS; i++) {
            more |= !gone[i] && !used[i];
            gone[i] |= !used[i];
            some |= !gone[i];
        }
    }
    return some;
}

/* The old group's definition, or else what a load would find, in every user. */
static bool redirect(struct group *old, struct group *new, int new_at, bool *circle)
{
    bool marked[MAX_GROUPS] = { false }, complete = true;
    int old_at = (int)(old - groups);

    groups[new_at] = *new;
    groups[new_at].live = true;
    mark_used(new_at, marked);
    *circle = false;
    for (int i = 0; i < MAX_GROUPS; i++) {
        struct group *g = &groups[i];

        if (!g->live || g->retired || g == old || i == new_at || !uses(g, old_at)) {
            continue;
        }
        *circle |= marked[i];
        for (int p = 0; p < g->parts; p++) {
            for (int name = 0; name < NAMES; name++) {
                if (!(g->part[p].imports & bit(name)) || g->part[p].owner[name] != old_at) {
                    continue;
                }
                g->part[p].owner[name] = defines(new) & bit(name) ? new_at : holder(name, old);
                complete &= g->part[p].owner[name] != NOBODY || g->part[p].weak & bit(name);
                g->part[p].value[name] = value_of(g->part[p].owner[name], name);
            }
        }
    }
    *circle |= is_circular(); /* what is found elsewhere may use who looks for it */
    return complete;
}

static bool step_replace(bool move)
{
    struct group *old = any_group(false);
    int at = free_group();
    struct group new;
    bool complete, circle;

    if (old == NULL || at < 0) {
        return false;
    }
    if (move) {
        new = *old;
        new.written_count = 0;
    } else {
        generate(&new, old->id, old->parts);
        for (int i = 0; i < new.parts; i++) { /* most of the names stay */
            if (chance(80)) {
                for (int name = HOST_NAMES; name < NAMES; name++) {
                    if (old->part[i].defines & bit(name) && !(defines(&new) & bit(name)) &&
                        !((new.part[0].imports | new.part[new.parts - 1].imports) & bit(name))) {
                        add(&new.part[i], "fn %s 1; ", name_of(name));
                        new.part[i].defines |= bit(name);
                    }
                }
            }
        }
    }
    bind(&new, old);
    f->replaces = old->group;
    f->move = move;
    f->left_count = 0;
    if (load_group(&new) != ELFIN_OK) { /* what is compared next: nothing has changed */
        CHECK_MSG(f->status == ELFIN_ERR_UNDEFINED || f->status == ELFIN_ERR_CIRCLE, "%s",
                  elfin_status_text(f->status));
        f->replaces = NULL;
        f->move = false;
        return false;
    }
    complete = is_complete(&new);
    complete &= redirect(old, &new, at, &circle);
    CHECK_MSG(complete && !circle, "m%d was replaced", old->id);
    publish(&groups[at], old);
    groups[at].retired = false;
    old->retired = true;
    f->replaces = NULL;
    f->move = false;
    return true;
}

static bool step_retire(void)
{
    struct group *g = any_group(true);
    bool used;

    if (g == NULL) {
        return false;
    }
    used = has_users((int)(g - groups));
    STATUS(elfin_retire(&f->space, g->group, NULL), used ? ELFIN_ERR_IN_USE : ELFIN_OK);
    if (!used) {
        bury(g);
    }
    return !used;
}

static bool step_unload(void)
{
    struct group *g = any_group(false);
    bool used;

    if (g == NULL || count_live() < MAX_GROUPS / 2) {
        return false;
    }
    used = has_users((int)(g - groups));
    STATUS(elfin_unload(&f->space, g->group, NULL, NULL, NULL), used ? ELFIN_ERR_IN_USE : ELFIN_OK);
    if (!used) {
        bury(g);
    }
    return !used;
}

/* A random target: where the model says that it is, owner and value. */
static bool choose_target(int name, elfin_target *target, int *owner, uint64_t *value)
{
    struct group *g = any_group(false);
    int other;

    *target = (elfin_target){ 0 };
    switch (test_random_below(3)) {
    case 0:
        *value = target->address = test_random() >> test_random_below(40);
        *owner = HOST;
        return *value != 0;
    case 1:
        *owner = holder(name, NULL);
        *value = value_of(*owner, name);
        return true;
    default:
        if (g == NULL || defines(g) == 0) {
            return false;
        }
        do {
            other = any_name();
        } while (!(defines(g) & bit(other)));
        *owner = (int)(g - groups);
        *value = address_in(g, other);
        target->module = module_at(g, g->part[0].defines & bit(other) ? 0 : 1);
        target->symbol = name_of(other);
        return true;
    }
}

/* part NULL: all modules. */
static bool rebind(struct group *only, int only_part, int name)
{
    static struct group before[MAX_GROUPS];
    bool marked[MAX_GROUPS] = { false }, found = false, circle = false, missing = false;
    elfin_target target;
    uint64_t value;
    int owner;
    bool now;

    if (!choose_target(name, &target, &owner, &value)) {
        return false;
    }
    now = target.module == NULL && target.address == 0;
    if (owner >= 0) {
        mark_used(owner, marked);
    }
    memcpy(before, groups, sizeof before);
    for (int i = 0; i < MAX_GROUPS; i++) {
        struct group *g = &groups[i];

        if (!g->live || g->retired || (only != NULL && g != only) ||
            (only == NULL && !now && i == owner)) {
            continue;
        }
        for (int p = 0; p < g->parts; p++) {
            if (!(g->part[p].imports & bit(name)) || (only != NULL && p != only_part)) {
                continue;
            }
            found = true;
            circle |= owner >= 0 && i != owner && marked[i];
            missing |= owner == NOBODY && !(g->part[p].weak & bit(name));
            g->part[p].owner[name] = owner;
            g->part[p].value[name] = value;
        }
    }
    f->status = elfin_rebind(
        &f->space, only == NULL ? NULL : (elfin_module *)(uintptr_t)module_at(only, only_part),
        name_of(name), now ? NULL : &target, &f->change, &f->diag);
    if (f->status == ELFIN_OK) {
        CHECK(found && !circle && !missing);
        return true;
    }
    CHECK_MSG(!found || circle || missing, "%s", elfin_status_text(f->status));
    memcpy(groups, before, sizeof before);
    return false;
}

static bool step_rebind(void)
{
    struct group *g = any_group(false);
    int part, name;

    if (g == NULL) {
        return false;
    }
    part = (int)test_random_below((uint64_t)g->parts);
    for (int tries = 0; tries < 200; tries++) {
        name = any_name();
        if (g->part[part].imports & bit(name)) {
            return rebind(g, part, name);
        }
    }
    return false;
}

static bool step_rebind_all(void)
{
    return rebind(NULL, 0, any_name());
}

/* A program writes into one of its words: from then on the word is its own. */
static bool step_write(void)
{
    struct group *g = any_group(false);
    char name[32];
    uint64_t address, value = test_random();
    int part;

    if (g == NULL || g->written_count == sizeof g->written / sizeof g->written[0]) {
        return false;
    }
    part = (int)test_random_below((uint64_t)g->parts);
    if (g->part[part].words == 0) {
        return false;
    }
    snprintf(name, sizeof name, "%s_p%d", g->part[part].file,
             (int)test_random_below((uint64_t)g->part[part].words));
    REQUIRE(elfin_module_lookup(module_at(g, part), name, &address) == ELFIN_OK);
    for (size_t i = 0; i < g->written_count; i++) {
        if (g->written[i].address == address) {
            return false;
        }
    }
    memcpy(fake_host_edit(&f->fake, address, 8), &value, 8);
    g->written[g->written_count++] = (struct replica_word){ address, value };
    return true;
}

/* ---- Many imports at once -------------------------------------------------------------------- */

/* What elfin_rebind_all is to do with one import. */
struct plan {
    elfin_choice choice;
    elfin_target target;
    int owner;
    uint64_t value;
};

static struct plan plans[MAX_GROUPS][MAX_MODULES][NAMES];

static void make_plan(struct plan *plan, int name)
{
    *plan = (struct plan){ .choice = ELFIN_CHOICE_KEEP };
    if (chance(60) && choose_target(name, &plan->target, &plan->owner, &plan->value)) {
        plan->choice = plan->target.module == NULL && plan->target.address == 0
                           ? ELFIN_CHOICE_LOAD
                           : ELFIN_CHOICE_TARGET;
    }
}

static elfin_choice choose(void *ctx, const elfin_import *import, elfin_target *target)
{
    elfin_module_info info;

    (void)ctx;
    elfin_module_get(import->module, &info);
    for (int i = 0; i < MAX_GROUPS; i++) {
        if (groups[i].live && groups[i].group == info.group) {
            const struct plan *plan =
                &plans[i][import->module != module_at(&groups[i], 0)][atoi(import->name + 1)];

            *target = plan->target;
            return plan->choice;
        }
    }
    CHECK(false);
    return ELFIN_CHOICE_KEEP;
}

/* Carries the plans out in the model. False: some import would be nobody's. */
static bool follow_plans(const struct group *only, int only_part)
{
    bool complete = true;

    for (int i = 0; i < MAX_GROUPS; i++) {
        struct group *g = &groups[i];

        for (int p = 0; g->live && !g->retired && p < g->parts; p++) {
            for (int name = 0; name < NAMES; name++) {
                const struct plan *plan = &plans[i][p][name];

                if (!(g->part[p].imports & bit(name)) || plan->choice == ELFIN_CHOICE_KEEP ||
                    (only != NULL && (g != only || p != only_part))) {
                    continue;
                }
                complete &= plan->owner != NOBODY || g->part[p].weak & bit(name);
                g->part[p].owner[name] = plan->owner;
                g->part[p].value[name] = plan->value;
            }
        }
    }
    return complete;
}

/* only NULL: all modules; few: most imports are kept, so that circles are rare. */
static bool rebind_many(struct group *only, int part)
{
    static struct group before[MAX_GROUPS];
    bool few = only == NULL, complete, circle;

    for (int i = 0; i < MAX_GROUPS; i++) {
        for (int p = 0; p < MAX_MODULES; p++) {
            for (int name = 0; name < NAMES; name++) {
                plans[i][p][name] = (struct plan){ .choice = ELFIN_CHOICE_KEEP };
                if (groups[i].live && !groups[i].retired && p < groups[i].parts &&
                    (!few || chance(3))) {
                    make_plan(&plans[i][p][name], name);
                }
            }
        }
    }
    memcpy(before, groups, sizeof before);
    complete = follow_plans(only, part);
    circle = is_circular();
    f->status = elfin_rebind_all(
        &f->space, only == NULL ? NULL : (elfin_module *)(uintptr_t)module_at(only, part), choose,
        NULL, &f->change, &f->diag);
    if (f->status == ELFIN_OK) {
        CHECK(complete && !circle);
        return true;
    }
    CHECK_MSG(f->status == (complete ? ELFIN_ERR_CIRCLE : ELFIN_ERR_UNDEFINED), "%s",
              elfin_status_text(f->status));
    CHECK(!complete || circle);
    memcpy(groups, before, sizeof before);
    return false;
}

static bool step_rebind_many(void)
{
    struct group *g = any_group(false);

    return g != NULL && rebind_many(g, (int)test_random_below((uint64_t)g->parts));
}

static bool step_rebind_many_everywhere(void)
{
    return rebind_many(NULL, 0);
}

/* Everything is bound to what a load would find. */
static bool step_rebind_now(void)
{
    static struct group before[MAX_GROUPS];
    bool complete = true, circle;

    memcpy(before, groups, sizeof before);
    for (int i = 0; i < MAX_GROUPS; i++) {
        if (groups[i].live && !groups[i].retired) {
            bind(&groups[i], NULL);
            complete &= is_complete(&groups[i]);
        }
    }
    circle = is_circular();
    f->status = elfin_rebind_all(&f->space, NULL, NULL, NULL, &f->change, &f->diag);
    if (f->status == ELFIN_OK) {
        CHECK(complete && !circle);
        return true;
    }
    CHECK_MSG(f->status == (complete ? ELFIN_ERR_CIRCLE : ELFIN_ERR_UNDEFINED), "%s",
              elfin_status_text(f->status));
    CHECK(!complete || circle);
    memcpy(groups, before, sizeof before);
    return false;
}

static const struct {
    const char *name;
    unsigned weight;
} steps[] = {
    { "load", 24 },   { "replace", 14 },   { "move", 8 },        { "retire", 26 },
    { "unload", 28 }, { "rebind", 24 },    { "rebind_all", 10 }, { "write", 12 },
    { "many", 10 },   { "everywhere", 4 }, { "now", 1 },
};

static void step(void)
{
    unsigned sum = 0, kind = 0, draw;
    bool success;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        sum += steps[i].weight;
    }
    draw = (unsigned)test_random_below(sum);
    while (draw >= steps[kind].weight) {
        draw -= steps[kind++].weight;
    }
    switch (kind) {
    case 0:
        success = step_load();
        break;
    case 1:
    case 2:
        success = step_replace(kind == 2);
        break;
    case 3:
        success = step_retire();
        break;
    case 4:
        success = step_unload();
        break;
    case 5:
        success = step_rebind();
        break;
    case 6:
        success = step_rebind_all();
        break;
    case 7:
        success = step_write();
        break;
    case 8:
        success = step_rebind_many();
        break;
    case 9:
        success = step_rebind_many_everywhere();
        break;
    default:
        success = step_rebind_now();
        break;
    }
    if (getenv("RELINK_TRACE") != NULL) {
        printf("# %s %s\n", steps[kind].name, success ? "done" : "in vain");
    }
    done[kind] += success;
    refused[kind] += !success;
}

static void a_long_life(void)
{
    const char *text = getenv("RELINK_STEPS");
    unsigned count = text != NULL ? (unsigned)strtoul(text, NULL, 0) : 3000, most = 0;

    f = fx_new(FAKE_INVENTED);
    f->options.flags = FLAGS;
    f->fake.host.images = f->space.host.images = &elfin_images;
    memset(groups, 0, sizeof groups);
    for (int i = 0; i < HOST_NAMES; i++) {
        host_rows[i] = (elfin_export){ name_of(i), test_random() >> (8 * i) };
    }
    STATUS(fx_export(f, host_rows, HOST_NAMES), ELFIN_OK);
    printf("# seed %s\n", getenv("TEST_SEED") != NULL ? getenv("TEST_SEED") : "1");
    for (unsigned i = 1; i <= count; i++) {
        step();
        most = count_live() > most ? count_live() : most;
        check_names();
        if (any_group(false) != NULL) {
            check_group(any_group(false));
        }
        if (i % 100 == 0 || i == count) {
            check_all();
        }
        if (test_state.failures > 0) {
            printf("# step %u\n", i);
        }
        REQUIRE_NO_FAILURE();
    }
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        printf("# %s: %u, and %u in vain\n", steps[i].name, done[i], refused[i]);
        CHECK(done[i] > count / 200 || steps[i].weight == 1);
    }
    printf("# up to %u groups at a time, %u were instances of images\n", most, instances);
    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    for (int i = 0; i < MAX_GROUPS; i++) {
        if (groups[i].live) {
            bury(&groups[i]);
        }
    }
    END(f);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = { TEST_CASE(a_long_life) };

    return test_run_all("relink", cases, 1, argc, argv);
}
