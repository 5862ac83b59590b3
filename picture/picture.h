/* SPDX-License-Identifier: MIT */
#ifndef PICTURE_PICTURE_H
#define PICTURE_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <elfin/elfin.h>

#include "libmini/fmt.h"

/*
 * The picture of memory: what lies where, collected through the public API, and drawn as text for
 * consoles. Hosts use it for their `map` commands; programs that draw in other ways read the
 * structures.
 *
 * The text is printable ASCII and newlines only, no line is longer than PICTURE_COLUMNS, and the
 * same memory always gives the same text. Names come from files nobody vouches for: other bytes in
 * them appear as '?', and long ones lose their middle.
 */

enum {
    PICTURE_COLUMNS = 79,
    PICTURE_CELLS = 32, /* of one row of a strip */
};

/* What a stretch of memory holds, the most interesting first. */
enum picture_kind {
    PICTURE_MODULES,
    PICTURE_PROGRAM,  /* the host itself: its code and data */
    PICTURE_FIRMWARE, /* memory in use by others */
    PICTURE_RESERVED, /* not usable: devices, defects */
    PICTURE_FREE,
    PICTURE_KINDS
};

/* One stretch of memory, first to last byte. */
struct picture_piece {
    uint64_t first, last;
    enum picture_kind kind;
    uint32_t block;    /* of modules: its number among the blocks */
    const char *label; /* what is in it, or NULL */
};

/* A section, the slots or the stubs of one module, or its COMMON symbols. Never empty. */
struct picture_item {
    uint64_t address, size;
    const char *name;
    uint32_t module; /* number among the modules */
    int32_t index;   /* as in elfin_section */
    elfin_part part;
};

struct picture_module {
    const char *name, *file;
    const elfin_module *module; /* NULL in invented pictures */
    uint64_t size;
    uint32_t block;        /* where its items are; PICTURE_NONE: nothing of it is in memory */
    uint32_t items;        /* how many it has */
    uint32_t slots, stubs; /* in use */
    uint32_t slot_room, stub_room; /* set aside */
};

#define PICTURE_NONE UINT32_MAX

/* Whole pages of a block that have the same right. */
struct picture_segment {
    uint64_t first, size;
    uint64_t used; /* from its start to the end of the last item in it */
    elfin_part part;
};

/* One block of modules, its segments and items. All of these are in ascending order. */
struct picture_block {
    uint64_t first, last;
    uint32_t first_segment, segment_count;
    uint32_t first_item, item_count;
    uint32_t first_module;                       /* the one whose item comes first */
    uint32_t module_count;                       /* how many lie in it */
    uint32_t slots, slot_room, stubs, stub_room; /* of those modules */
};

struct picture {
    const elfin_space *space;         /* for the names of exports; NULL in invented pictures */
    struct picture_piece *pieces;     /* all of memory, in ascending order, apart */
    struct picture_block *blocks;     /* in ascending order */
    struct picture_segment *segments; /* of all blocks */
    struct picture_module *modules;   /* in the order of the space */
    struct picture_item *items;       /* in ascending order */
    size_t piece_count, block_count, segment_count, module_count, item_count;
    const char *host; /* what to call the host: "elfin.efi" */
    bool no_rights;   /* page rights are not set: say so */
    void *memory;     /* all of the above in one; NULL in invented pictures */
};

/* Memory for a picture, as malloc gives it; NULL when there is none. */
typedef void *picture_alloc(void *ctx, size_t size);

/*
 * Collects the picture of the space. `memory` is what the host knows about the rest, in any order;
 * where pieces overlap, the one that begins first wins, and blocks win over all. The array is
 * sorted in place and not referred to later; labels and the space are, so neither may change while
 * the picture is in use. False: no memory; else picture->memory is the caller's to free.
 */
bool picture_collect(struct picture *picture, const elfin_space *space,
                     struct picture_piece *memory, size_t count, picture_alloc *alloc, void *ctx);

/* Parts of the address space that code can tell apart: what 32-bit fields can reach. */
enum {
    PICTURE_ZONES = 4
};
struct picture_zone {
    const char *name; /* "below 2 GiB" */
    uint64_t first, last;
};
extern const struct picture_zone picture_zones[PICTURE_ZONES];
const struct picture_zone *picture_zone_of(uint64_t address);

const char *picture_kind_name(enum picture_kind kind);
const char *picture_part_name(elfin_part part);   /* "text", "rodata", ... */
const char *picture_part_rights(elfin_part part); /* "RX", ... */

/* The piece that holds the address, or NULL. */
const struct picture_piece *picture_find(const struct picture *picture, uint64_t address);

/* The number of the module, or PICTURE_NONE. */
uint32_t picture_find_module(const struct picture *picture, const char *name);

/* Who owns the address: a module's name, a piece's label, or the name of its kind; never NULL. */
const char *picture_owner(const struct picture *picture, uint64_t address);

/* "812 bytes", "20 KiB", "2.3 GiB": exact, or cut to one decimal. */
enum {
    PICTURE_SIZE_TEXT = 24
};
const char *picture_size(char buffer[PICTURE_SIZE_TEXT], uint64_t size);

/*
 * A zone cut into rows of one size, a power of two, the smallest at which no more than `most` rows
 * hold anything. picture_rows_next finds these one after the other; false at the end.
 */
struct picture_rows {
    const struct picture *picture;
    const struct picture_zone *zone;
    unsigned bits;        /* a row is 1 << bits bytes, and begins at a multiple of that */
    size_t piece, end;    /* the first piece that touches the row; behind the last of the zone */
    uint64_t first, last; /* of the row, within the zone */
    uint64_t gap;         /* bytes between the row before, or the zone's start, and this one */
    bool begun;
};
void picture_rows_open(struct picture_rows *rows, const struct picture *picture,
                       const struct picture_zone *zone, unsigned least_bits, unsigned most);
bool picture_rows_next(struct picture_rows *rows);

/* Where the text goes. */
struct picture_output {
    mini_fmt_put *put;
    void *ctx;
};

/* All of memory, zone by zone; then the ranges; then each block, or a table if there are many. */
void picture_draw(const struct picture *picture, const struct picture_output *output);

/* One module: its sections, its neighbours in its block, its slots and what they refer to. */
void picture_draw_module(const struct picture *picture, uint32_t module,
                         const struct picture_output *output);

#endif
