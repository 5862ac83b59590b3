/* SPDX-License-Identifier: MIT */
/*
 * Objects without an address of their own are laid out together: that costs least memory and no
 * stubs between them. If there is no place for all of them so (one must lie low, another near
 * something high; or memory is in pieces), those that nothing ties together may lie apart.
 *
 * Two objects are tied if one refers to the other in a way that no slot and no stub can serve, or
 * through a hidden symbol: what its author declares to be part of one whole stays in one piece. So
 * do the sections between __start_NAME and __stop_NAME.
 */
#include "loader/features.h"

/* What objects demand of their block; the first division is by this, the second takes all apart. */
enum {
    CLASS_ABSOLUTE = 1 << 0, /* an address in a narrow field */
    CLASS_NEAR = 1 << 1,     /* a narrow distance to something outside of the group */
    CLASS_COUNT = 4
};

enum {
    APART_FINEST = 2 /* divisions there are */
};

struct piece {
    struct object *object;
    uint32_t parent; /* in its tree of tied objects */
    uint32_t block;  /* of a root; 0 = none yet */
    uint32_t class;
};

static uint32_t root_of(struct piece *pieces, uint32_t number)
{
    while (pieces[number].parent != number) {
        pieces[number].parent = pieces[pieces[number].parent].parent;
        number = pieces[number].parent;
    }
    return number;
}

static bool is_movable(const struct load *load, const struct object *object)
{
    const struct block *block = &load->blocks[object->block];

    return block->size && !block->has_at;
}

static void tie(struct piece *pieces, const struct object *a, const struct object *b)
{
    pieces[root_of(pieces, a->number)].parent = root_of(pieces, b->number);
}

/* A narrow absolute field binds the block of what it names, a distance those of both ends. */
static void note_demand(const struct load *load, struct piece *pieces, const struct object *object,
                        const struct demand *d)
{
    const struct object *definer = elfin_definer(object, d->symbol);
    bool from = is_movable(load, object), to = definer && is_movable(load, definer);

    if (d->term == ARCH_TERM_ABSOLUTE && to)
        pieces[definer->number].class |= CLASS_ABSOLUTE;
    if (d->term != ARCH_TERM_RELATIVE)
        return;
    if (from && to)
        tie(pieces, object, definer);
    else if (from)
        pieces[object->number].class |= CLASS_NEAR;
    else if (to)
        pieces[definer->number].class |= CLASS_NEAR;
}

static void note_hidden(const struct load *load, struct piece *pieces, const struct object *object)
{
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        const struct symbol *symbol = object->global[i - object->first_global];

        if (symbol && object->use[i] & USE_ANY && is_hidden(symbol) && elfin_definer(object, i) &&
            is_movable(load, symbol->object))
            tie(pieces, object, symbol->object);
    }
}

static struct piece *find_pieces(struct load *load)
{
    struct piece *pieces = elfin_arena_get(&load->work, load->object_count, sizeof(*pieces));

    if (!pieces)
        return NULL;
    for (struct object *o = load->objects; o; o = o->next)
        pieces[o->number] = (struct piece){ .object = o, .parent = o->number };
    for (const struct object *o = load->objects; o; o = o->next) {
        for (const struct demand *d = o->demands; d; d = d->next)
            note_demand(load, pieces, o, d);
        if (is_movable(load, o))
            note_hidden(load, pieces, o);
    }
    for (const struct gathered *g = load->gathered; g; g = g->next)
        for (const struct gathered_section *s = g->first; s; s = s->next)
            tie(pieces, g->first->object, s->object);
    for (uint32_t i = 0; i < load->object_count; i++)
        pieces[root_of(pieces, i)].class |= pieces[i].class;
    return pieces;
}

/* Gives each tree of objects a block: shared by its class at first, then its own. */
static uint32_t assign_blocks(struct load *load, struct piece *pieces, bool finest)
{
    uint32_t of_class[CLASS_COUNT] = { 0 }, next = load->block_count;

    for (uint32_t i = 0; i < load->object_count; i++)
        pieces[i].block = 0;
    for (uint32_t i = 0; i < load->object_count; i++) {
        struct piece *root = &pieces[root_of(pieces, i)];
        uint32_t *block = finest ? &root->block : &of_class[root->class];

        if (!is_movable(load, pieces[i].object))
            continue;
        if (!*block)
            *block = next++;
        root->block = *block;
    }
    return next;
}

/* Blocks that can move lose their objects to the new ones, and stay empty. */
static bool make_blocks(struct load *load, struct piece *pieces, uint32_t count)
{
    struct block *blocks = elfin_arena_get(&load->work, count, sizeof(*blocks));

    if (!blocks)
        return false;
    memcpy(blocks, load->blocks, load->block_count * sizeof(*blocks));
    for (uint32_t i = 0; i < load->object_count; i++)
        if (is_movable(load, pieces[i].object))
            pieces[i].object->block = pieces[root_of(pieces, i)].block;
    load->blocks = blocks;
    load->block_count = count;
    return true;
}

static void release_movable(struct load *load)
{
    for (uint32_t i = 0; i < load->block_count; i++) {
        struct block *block = &load->blocks[i];

        if (block->has_at || !block->reserved)
            continue;
        load->host->release(load->host->ctx, &block->region);
        block->reserved = false;
    }
}

static uint32_t count_movable(const struct load *load)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < load->block_count; i++)
        count += load->blocks[i].size && !load->blocks[i].has_at;
    return count;
}

static bool dividing_apart(struct load *load)
{
    struct piece *pieces = load->apart < APART_FINEST ? find_pieces(load) : NULL;

    while (pieces && load->apart < APART_FINEST) {
        uint32_t count;

        load->apart++;
        count = assign_blocks(load, pieces, load->apart == APART_FINEST);
        if (count - load->block_count <= count_movable(load))
            continue;
        release_movable(load);
        return make_blocks(load, pieces, count);
    }
    return false;
}

/* All that can move was in block 0. */
static elfin_status dividing_join(struct load *load)
{
    elfin_status status;

    release_movable(load);
    for (struct object *o = load->objects; o; o = o->next)
        if (!load->blocks[o->block].has_at)
            o->block = 0;
    status = elfin_layout(load);
    if (status == ELFIN_OK)
        status = elfin_reach(load);
    if (status != ELFIN_OK)
        return status;
    load->stuck = &load->blocks[0];
    return ELFIN_ERR_MEMORY;
}

const struct elfin_dividing elfin_dividing = { .apart = dividing_apart, .join = dividing_join };
