/* SPDX-License-Identifier: MIT */
/* What the files that make an image share: an object that has been linked at an address of its own.
 */
#ifndef LOADER_IMAGE_PREPARE_H
#define LOADER_IMAGE_PREPARE_H

#include "loader/image.h"

/* Where the object is linked: not 0, and a multiple of every alignment that a block may have. */
#define PREPARE_BASE ((uint64_t)1 << 32)

/* What is known of each symbol of the object. */
enum prepare_known {
    PREPARE_VALUE,  /* no symbol, or one without a section (SHN_ABS) */
    PREPARE_INSIDE, /* it lies in the block */
    PREPARE_TLS,    /* it lies in the module's block of thread-local data */
    PREPARE_IMPORT,
};

/* One field that cannot be finished. */
struct image_fixup {
    uint32_t symbol; /* in the image's symbol table, or IMAGE_OWN_* */
    uint32_t type;
    uint32_t offset, part; /* offset in the block */
    int64_t addend;
};

struct prepare {
    struct load *load;
    struct object *object;
    struct block *block;
    elfin_region memory; /* of the block, as if it were a place for it */
    uint8_t *known;      /* per symbol: enum prepare_known */
    uint64_t *value;     /* per symbol: 0 for PREPARE_TLS and PREPARE_IMPORT */
    uint64_t *offset;    /* per symbol: of PREPARE_TLS, in the block of thread-local data */
    uint32_t *symbol;    /* per symbol: its number in the image, 0 = left out */
    uint32_t *section;   /* per section: the same */
    uint32_t symbol_count, first_global, first_definition, section_count;
    uint8_t *claimed; /* a bit per byte of the block: a fixup has to do with it */
    struct image_fixup *fixups;
    uint64_t fixup_count;
    struct image_demand *demands;
    uint64_t demand_count;
};

/* image_number.c: which symbols are kept, in which order. */
elfin_status elfin_prepare_number(struct prepare *p);

/* image_reduce.c: fills the memory with what never changes, and `fixups` with what is left. */
elfin_status elfin_prepare_reduce(struct prepare *p);

/* image_demand.c */
elfin_status elfin_prepare_demands(struct prepare *p);

/* image_write.c: the blob behind an elfin_image of its own. */
elfin_status elfin_prepare_write(struct prepare *p, elfin_image **out);

/* image_encode.c: the streams, fixups being in the order of their symbols; measures without `to`.
 */
uint64_t elfin_image_encode(const struct image_fixup *fixups, uint64_t count, uint8_t *to);

#endif
