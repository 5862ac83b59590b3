/* SPDX-License-Identifier: MIT */
#include "tests/images/check.h"
#include "tests/lib/toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_NAMES = 6, /* of exports that the user refers to */
    USER_TEXT = 4096,
    LONGEST = 60,
};

/* An object that refers to some of the exports in all ways that reach everything; 0: none. */
static struct blob make_user(const elfin_module *module)
{
    char text[USER_TEXT] = "fn elfin_user 1";
    size_t used = strlen(text);
    elfin_module_info info;
    elfin_symbol symbol;
    uint32_t step, names = 0;

    elfin_module_get(module, &info);
    step = info.symbol_count / MAX_NAMES + 1;
    for (uint32_t i = 0; names < MAX_NAMES && elfin_module_symbol(module, i, &symbol); i++) {
        const char *n = symbol.name;

        if (!symbol.exported || symbol.tls || strlen(n) > LONGEST || strpbrk(n, " ;\t\n") ||
            (i % step && info.symbol_count > MAX_NAMES))
            continue;
        used += (size_t)snprintf(text + used, USER_TEXT - used,
                                 "; call elfin_c%u %s; icall elfin_i%u %s; addr elfin_a%u %s; "
                                 "ptr elfin_p%u %s; rel elfin_r%u %s",
                                 names, n, names, n, names, n, names, n, names, n);
        names++;
    }
    counts.names += names;
    return names ? toy(text) : (struct blob){ 0 };
}

/* The object and its user, the object at the place or, behind another one of it, moved. */
struct pair {
    struct world world;
    elfin_group *group, *user;
};

static bool open_pair(struct check *c, struct pair *p, const elfin_input *input,
                      const elfin_input *user, bool moved)
{
    elfin_input before = c->object;

    world_open(&p->world, c->subject, SET_FIRST);
    /* While one is replaced there are two, and the new one's thread-local block is behind. */
    before.name = "before";
    if (moved && !world_load(&p->world, &before, c->place->at, ELFIN_LOAD_PRIVATE))
        return false;
    p->world.set = moved ? SET_MOVED : SET_FIRST;
    p->group =
        world_load(&p->world, input, moved ? c->place->moved : c->place->at, ELFIN_LOAD_REBIND);
    p->user = p->group ? world_load(&p->world, user, c->place->user, ELFIN_LOAD_REBIND) : NULL;
    return p->user;
}

static void check_moves(struct check *c, struct pair *p, const struct pair *here,
                        const struct pair *there)
{
    elfin_options options = world_options(ELFIN_LOAD_REBIND);
    elfin_change change = ELFIN_CHANGE_INIT;
    elfin_input to = world_input(&c->object, c->place->moved);
    elfin_input back = world_input(&c->object, c->place->at);
    elfin_group *moved, *again;
    struct world *w = &p->world;

    change.ctx = c;
    change.left = check_left;
    check_same(c, "user", here->user, p->user);
    w->set = SET_MOVED;
    w->status = elfin_replace(&w->space, p->group, &to, 1, &options, &change, &moved, &w->diag);
    if (w->status != ELFIN_OK) {
        check_fail(c, "replace", "refused", (uint64_t)w->status, &w->diag);
        return;
    }
    check_same(c, "replace", there->group, moved);
    check_same(c, "user of what is replaced", there->user, p->user);
    if (elfin_retire(&w->space, p->group, &w->diag) != ELFIN_OK)
        check_fail(c, "retire", "refused", 0, &w->diag);
    w->set = SET_FIRST;
    w->status = elfin_move(&w->space, moved, &back, 1, &options, &change, &again, &w->diag);
    if (w->status != ELFIN_OK) {
        check_fail(c, "move", "refused", (uint64_t)w->status, &w->diag);
        return;
    }
    check_same(c, "move", here->group, again);
    check_same(c, "user of what is moved", here->user, p->user);
    counts.replaced += 2;
    counts.users += 2;
}

/* first: from an image or from the object; c->object is what replaces it. */
void check_replace(struct check *c, const elfin_group *first)
{
    struct blob blob = make_user(elfin_next_module(first, NULL));
    elfin_input user = { .data = blob.data, .size = blob.size, .file = "user.o" };
    struct pair live, here, there;
    bool can;

    if (!blob.data)
        return;
    can = open_pair(c, &here, &c->object, &user, false);
    if (!can)
        check_fail(c, "user", "refused", (uint64_t)here.world.status, &here.world.diag);
    can &= open_pair(c, &there, &c->object, &user, true);
    if (can && open_pair(c, &live, c->image ? &c->instance : &c->object, &user, false))
        check_moves(c, &live, &here, &there);
    else if (can)
        check_fail(c, "user of an instance", "refused", (uint64_t)live.world.status,
                   &live.world.diag);
    if (can)
        world_close(&live.world);
    world_close(&there.world);
    world_close(&here.world);
    free(blob.data);
}
