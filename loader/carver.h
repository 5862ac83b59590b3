/* SPDX-License-Identifier: MIT */
/*
 * Taking pieces out of one reservation. A walk over the group carves with no base and so measures;
 * the same walk again, with a base, fills. Pieces are NULL in the first.
 */
#ifndef LOADER_CARVER_H
#define LOADER_CARVER_H

#include "loader/internal.h"
#include "libmini/str.h"

struct carver {
    uint8_t *base;
    uint64_t used;
};

enum {
    CARVE_ALIGN = 8
};

static inline void *carve(struct carver *c, uint64_t size)
{
    void *piece = c->base ? c->base + c->used : NULL;

    c->used += round_up(size, CARVE_ALIGN);
    return piece;
}

/* Of any alignment: the caller makes up for it after the last. */
static inline void *carve_bytes(struct carver *c, uint64_t size)
{
    void *piece = c->base ? c->base + c->used : NULL;

    c->used += size;
    return piece;
}

/* A copy of the name. */
static inline const char *carve_name(struct carver *c, const char *name)
{
    size_t size = mini_strlen(name) + 1;
    char *copy = carve(c, size);

    if (copy)
        memcpy(copy, name, size);
    return copy;
}

/*
 * For names that no budget covers (see elfin_name_allowed), which may overlap in a hostile file: a
 * name is worth a line on a screen, no more.
 */
static inline const char *carve_line(struct carver *c, const char *name)
{
    size_t length = mini_strnlen(name, ELFIN_NAME_SIZE - 1);
    char *copy = carve(c, length + 1);

    if (copy) {
        memcpy(copy, name, length);
        copy[length] = 0;
    }
    return copy;
}

/* group_symbols.c: the module is NULL in the first walk. */
elfin_status elfin_collect_own(struct load *load, struct object *object);
void elfin_carve_symbols(struct carver *c, const struct load *load, struct object *object,
                         struct elfin_module *module);
void elfin_record_tie(struct record *record, const struct elfin_module *module, const char *name);
/* group.c: where the object's COMMON symbols lie; 0: it has none. */
uint64_t elfin_commons_end(const struct object *object, uint64_t *start);

#endif
