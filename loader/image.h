/* SPDX-License-Identifier: MIT */
/*
 * Images: what is left of an object when all that never changes has been done once. An image is
 * linked as if it began at address 0 and had no imports; three kinds of things are left to be done
 * at another address:
 *
 *  - its bytes are copied;
 *  - fields that hold an address of its own get the block's address added (the stream of places);
 *  - fields that depend on anything else get a value (one stream for each import).
 *
 * One contiguous piece of bytes ("blob"), which docs/IMAGE-FORMAT.md describes; `struct image` is
 * the view of one that has been validated. Everything below may believe what it reads.
 *
 * For the phases of a load an image is another kind of object, as linked files are (program.h): its
 * sections, symbols, uses and demands are read out of the blob, all offsets in its block are known,
 * and section 1, the anchor, is empty and lies where the block begins. All code is behind `struct
 * elfin_images`, which only a host refers to.
 */
#ifndef LOADER_IMAGE_H
#define LOADER_IMAGE_H

#include "loader/features.h"

/* ---- The blob: little-endian, records without padding, in the order of the tables --------------
 */

#define IMAGE_MAGIC "\211elfin\r\n"

enum {
    IMAGE_MAGIC_SIZE = 8,
    IMAGE_VERSION = 1,
    IMAGE_MACHINE = 62, /* EM_X86_64 */
    IMAGE_ALIGN = 16,   /* of tables and contents in the blob */
    IMAGE_ANCHOR = 1,   /* section that begins where the block does; symbol 1 is its symbol */
};

/* image_header.flags */
enum {
    IMAGE_NEEDS_GOT = 1 << 0,  /* _GLOBAL_OFFSET_TABLE_ is in use */
    IMAGE_HAS_TLS = 1 << 1,    /* some fields hold offsets from the thread pointer */
    IMAGE_HAS_FRAMES = 1 << 2, /* unwind tables lie together, room for their index before them */
    IMAGE_EXPORT_RECORDS = 1 << 3, /* it says which symbols it exports: IMAGE_EXPORTED */
    IMAGE_FLAGS = (1 << 4) - 1,
};

enum image_table {
    IMAGE_SECTIONS,        /* struct image_section; 0 is empty, 1 the anchor */
    IMAGE_SYMBOLS,         /* struct elf_symbol: 0, local ones, undefined ones, definitions */
    IMAGE_SECTION_INDICES, /* uint32_t per symbol, or none: as SHT_SYMTAB_SHNDX */
    IMAGE_USES,            /* uint16_t per symbol: USE_* */
    IMAGE_EXPORTED,        /* uint8_t per global symbol, or none */
    IMAGE_SLOTS,           /* struct image_slot, ascending by symbol */
    IMAGE_COMMONS,         /* struct image_common, ascending by symbol */
    IMAGE_INDIRECT, /* uint32_t, symbols of indirect functions; the k-th has slot and stub k */
    IMAGE_COMDATS,  /* uint32_t, offsets in IMAGE_NAMES of signatures */
    IMAGE_DEMANDS,  /* struct image_demand */
    IMAGE_IMPORTS,  /* uint32_t per undefined symbol, and one more: offsets in IMAGE_STREAM */
    IMAGE_OTHERS,   /* struct image_other: streams that are not of imports */
    IMAGE_STREAM,   /* bytes: see struct arch_run */
    IMAGE_OWN,      /* struct image_own: the definitions that its modules have */
    IMAGE_NAMES,    /* strings */
    IMAGE_TABLE_COUNT
};

struct image_extent {
    uint64_t offset, count; /* in the blob; of records */
};

struct image_part {
    uint64_t offset;       /* in the block; whole pages */
    uint64_t used, filled; /* bytes; those after `filled` are zero */
    uint64_t content;      /* offset in the blob of `filled` bytes */
};

struct image_header {
    uint8_t magic[IMAGE_MAGIC_SIZE];
    uint32_t version, machine;
    uint64_t size;     /* of the blob */
    uint64_t checksum; /* of the blob, with 0 in its place */
    uint64_t page_size, block_size, block_align;
    uint32_t flags, first_global;
    uint32_t name; /* in IMAGE_NAMES: the module's */
    uint32_t slot_count, stub_count;
    uint32_t trap; /* 1 + the stub that traps, 0 = none */
    uint32_t handle,
        handle_symbol; /* 1 + the slot that is __dso_handle, and its symbol; 0 = none */
    uint64_t got, plt; /* offsets in the block */
    uint64_t tls_image, tls_size, tls_file_size, tls_align;
    uint64_t unwind_index, frames_end, frame_count;
    struct image_part part[ELFIN_PART_COUNT];
    struct image_extent table[IMAGE_TABLE_COUNT];
};

struct image_section {
    uint64_t flags, address, size, align; /* address: offset in the block */
    uint32_t name, type;
    uint32_t index; /* in the file that it was made of */
    int32_t priority;
    uint8_t part, frames, gathered, zero[5];
};

/* In IMAGE_USES, of an undefined symbol: it is an end of sections that the image has gathered. */
enum {
    IMAGE_BOUND = 1 << 14
};

/* Of a symbol that is read through a slot or may be far. */
struct image_slot {
    uint32_t symbol, slot; /* 1 + number; ARCH_IN_USE: for certain, wherever the symbol lies */
    uint32_t stub;         /* 1 + number, 0 = none */
};

struct image_common {
    uint32_t symbol, zero;
    uint64_t offset; /* in the block, or, thread-local, in the module's block of that */
};

/* A global, weak or COMMON definition that lasts. */
struct image_own {
    uint64_t value, size; /* from the base */
    uint32_t symbol;
    uint8_t base;  /* enum image_base */
    uint8_t flags; /* RECORD_WEAK, RECORD_FUNCTION */
    uint8_t zero[2];
};

enum image_base {
    IMAGE_BASE_NONE,
    IMAGE_BASE_BLOCK,
    IMAGE_BASE_TLS, /* the module's block of thread-local data */
    IMAGE_BASE_COUNT
};

struct image_demand {
    int64_t least, most; /* of k; with P in the term, k counts from the block's start */
    uint32_t symbol, type;
    uint16_t use;
    uint8_t term, zero[5];
};

/* A stream of something else than an import. */
struct image_other {
    uint32_t symbol;     /* 0, a symbol without section (SHN_ABS), or one of the two below */
    uint32_t start, end; /* in IMAGE_STREAM */
};

enum {
    IMAGE_OWN_BLOCK = 0xffffffffu, /* S is the block's address; it is added to what the field has */
    IMAGE_OWN_TLS = 0xfffffffeu,   /* S is the offset of the module's block of thread-local data */
};

/* ---- The view ---------------------------------------------------------------------------------
 */

struct image {
    struct span blob;
    struct image_header header;
    struct span table[IMAGE_TABLE_COUNT];
    uint32_t section_count, symbol_count, import_count;
};

/* The public handle: an image in memory of its own, or over the caller's bytes. */
struct elfin_image {
    struct image view;
    elfin_region region; /* this structure, and the blob unless it is the caller's */
    uint64_t users;      /* modules made of it */
    uint8_t *written;    /* a bit per page of the block: some fixup writes to it */
    void *ctx;
    void (*release)(void *ctx, const elfin_region *region);
};

/*
 * A run of fixups of one symbol, of one type and one addend, in one part of the block, ascending.
 * In the stream:
 *
 *     head        1 byte: type, IMAGE_SINGLE, IMAGE_PLAIN
 *     addend      number, zigzag; absent with IMAGE_PLAIN: then it is -4 for fields that are
 *                 relative to themselves, else 0
 *     count       number: 4 * (count - 2) + 2 * (there are jumps) + wide; absent with IMAGE_SINGLE:
 *                 then count is 1
 *     jumps       number: how many distances have 16 bits that are 0 before their 32; absent if
 * none first       number: offset in the block of the first field span        number: distance from
 * the first to the last; absent with IMAGE_SINGLE distances   count - 1 times, from one field to
 * the next: 32 bits each if wide; else 16 bits each, or 16 bits that are 0 and then 32 bits
 *
 * A number has 7 bits in each byte, the lowest first; all but the last have bit 7 set.
 *
 * Types are those of the psABI, but each says all that there is to know: R_X86_64_PLT32 is a
 * branch for which a stub may stand in; R_X86_64_PC32 is data, which must be near; the types of
 * relaxable loads (41, 42, 43) are of instructions whose bytes allow it.
 */
enum {
    IMAGE_TYPE = 0x3f,
    IMAGE_SINGLE = 0x40,
    IMAGE_PLAIN = 0x80
};

/*
 * Reads the run at *at of a validated stream (or of any bytes up to end), and moves *at behind it.
 * False at the end, or when it does not end there.
 */
bool elfin_image_next_run(const uint8_t **at, const uint8_t *end, struct arch_run *run);
/* True if the run's distances are as many as its head says, none 0, and their sum is its span. */
bool elfin_image_run_is_sound(const struct arch_run *run, const uint8_t *end);

/* The stream of the import-th undefined symbol, which is symbol first_global + import. */
void elfin_image_stream(const struct image *image, uint32_t import, const uint8_t **at,
                        const uint8_t **end);
/* The same of something else, empty if there is none. */
void elfin_image_other(const struct image *image, uint32_t symbol, const uint8_t **at,
                       const uint8_t **end);
/* The symbol's row of IMAGE_SLOTS, or false. By bisection. */
bool elfin_image_slot(const struct image *image, uint32_t symbol, struct image_slot *out);
const char *elfin_image_symbol_name(const struct image *image, uint32_t symbol);
struct elf_symbol elfin_image_symbol(const struct image *image, uint32_t symbol);

/* Of the whole blob but the 8 bytes of the checksum. */
uint64_t elfin_image_checksum(const uint8_t *blob, uint64_t size);
/* The view of a blob; false when a table lies outside of it. */
bool elfin_image_view(struct image *image, struct span blob);
/* The bytes begin like an image. */
static inline bool elfin_image_begins(struct span bytes)
{
    return bytes.size >= IMAGE_MAGIC_SIZE && memcmp(bytes.data, IMAGE_MAGIC, IMAGE_MAGIC_SIZE) == 0;
}

/*
 * image_check.c: proves a blob sound, everything that anybody relies on. 0, or the defect, and
 * *where in the blob.
 */
uint32_t elfin_image_check(struct image *image, struct span blob, uint64_t *where);
/* image_check_tables.c: its second half: symbols and what names them. */
uint32_t elfin_image_check_tables(const struct image *image, uint64_t *where);
/* image_check_stream.c */
uint32_t elfin_image_check_streams(const struct image *image, uint64_t *where);

static inline struct image_section image_section(const struct image *image, uint32_t index)
{
    struct image_section section;

    span_record(image->table[IMAGE_SECTIONS], index, &section, sizeof(section));
    return section;
}

static inline uint16_t elfin_image_use(const struct image *image, uint32_t symbol)
{
    uint16_t use;

    span_record(image->table[IMAGE_USES], symbol, &use, sizeof(use));
    return use;
}

static inline bool image_name_in(const struct image *image, uint32_t name)
{
    return name < image->table[IMAGE_NAMES].size;
}

/* The fields or bytes lie in what one part has from the blob. */
static inline bool image_filled(const struct image *image, int part, uint64_t offset, uint64_t size)
{
    const struct image_part *p = &image->header.part[part];

    return offset >= p->offset && offset - p->offset <= p->filled &&
           size <= p->filled - (offset - p->offset);
}

/* The part that a fixup lies in. */
static inline int elfin_image_part(const struct image *image, uint64_t offset)
{
    int part = ELFIN_PART_COUNT - 1;

    while (part && image->header.part[part].offset > offset)
        part--;
    return part;
}

static inline struct span elfin_image_content(const struct image *image, int part)
{
    const struct image_part *p = &image->header.part[part];

    return (struct span){ image->blob.data + p->content, p->filled };
}

/* Where a table lies in the blob, for reports. */
static inline uint64_t image_row(const struct image *image, enum image_table table, uint64_t index,
                                 uint64_t size)
{
    return image->header.table[table].offset + index * size;
}

/* ---- Binding ----------------------------------------------------------------------------------
 */

/* Of a placed image, to bind one symbol after the other: value, size, slot and stub are missing. */
struct arch_bind elfin_image_binding(const struct image *image, uint8_t *edit, uint64_t run);

/*
 * True if all fields of the stream can hold b->value, wherever that needs one: to be asked before
 * anything is changed. False: b->failure says why not, *place the offset in the block.
 */
bool elfin_image_fits(struct arch_bind *b, const uint8_t *at, const uint8_t *end, uint64_t *place);

/*
 * Gives the fields of a stream their value. They hold what prepare has left in them (the first
 * time), or what an earlier call has: instructions that were rewritten are turned back first. The
 * symbol's slot, if it has one, is written, and its stub if something needs it; both numbers say
 * afterwards whether they are in use.
 */
elfin_status elfin_image_bind(struct arch_bind *b, const uint8_t *at, const uint8_t *end,
                              uint64_t *place);

/* ---- The seam ---------------------------------------------------------------------------------
 */

typedef void follow_fn(void *ctx, uint32_t symbol, uint64_t place, int part,
                       const struct arch_field *field);

/* Called by the phases of their names. `object` is an image. */
struct elfin_images {
    elfin_status (*open)(struct load *load, struct object *object);
    elfin_status (*scan)(struct load *load, struct object *object);
    /* After resolve: nothing that was bound inside is overridden by others. */
    void (*check)(struct load *load, const struct object *object);
    void (*check_tls)(struct load *load, const struct object *object);
    /* The places of thread-local COMMON symbols in the module's block. */
    void (*measure)(const struct object *object);
    elfin_status (*layout)(struct load *load, struct object *object);
    bool (*is_one)(const elfin_input *input);
    elfin_status (*place)(struct load *load); /* all that have no address */
    /* Offers pages to the host, which the calling CPU alone may do; before fixup. */
    elfin_status (*share)(struct load *load, struct object *object);
    void (*fixup)(struct load *load, struct object *object);
    /* Of a module without records of its symbols. */
    uint32_t (*symbol_count)(const elfin_module *module);
    bool (*symbol)(const elfin_module *module, uint32_t position, elfin_symbol *out);
    /*
     * Calls the function for every field that depends on an import. place: run address that the
     * field's offset counts from; a field of the kind FOLLOW_NONE only says that a slot is read.
     */
    void (*follow)(const struct load *load, const struct object *object, follow_fn *each,
                   void *ctx);
    /* Counts fixups by type; the sum. */
    uint64_t (*tally)(const struct object *object, uint64_t *types);
    /* For reports of limits: calls the function for the fields that may set one. */
    bool (*each_demand)(struct load *load, const struct object *object, demand_fn *report,
                        void *ctx);
    void (*diag_demand)(struct load *load, elfin_diag *diag, const struct object *object,
                        const struct arch_demand *demand);
};

/* image_object.c */
elfin_status elfin_image_object_open(struct load *load, struct object *object);
elfin_status elfin_image_object_scan(struct load *load, struct object *object);
void elfin_image_object_measure(const struct object *object);
elfin_status elfin_image_object_layout(struct load *load, struct object *object);

/* image_bound.c */
void elfin_image_bound_check(struct load *load, const struct object *object);
void elfin_image_bound_check_tls(struct load *load, const struct object *object);

/* Looking for what a report is about takes as long as the image is large; a damaged one may have as
 * many to tell: these have it in full. */
enum {
    IMAGE_SEARCHES = 64
};

/* Which field a report is about: section, place, symbol. Counts as a search. */
void elfin_image_diag_field(struct load *load, elfin_diag *diag, const struct object *object,
                            uint32_t symbol, uint64_t place);

/* image_place.c */
elfin_status elfin_image_place(struct load *load);

/* image_own.c */
uint32_t elfin_image_own_count(const elfin_module *module);
bool elfin_image_own_symbol(const elfin_module *module, uint32_t position, elfin_symbol *out);

/* image_follow.c */
void elfin_image_follow(const struct load *load, const struct object *object, follow_fn *each,
                        void *ctx);

/* image_report.c */
bool elfin_image_each_demand(struct load *load, const struct object *object, demand_fn *report,
                             void *ctx);
void elfin_image_diag_demand(struct load *load, elfin_diag *diag, const struct object *object,
                             const struct arch_demand *demand);

uint64_t elfin_image_tally(const struct object *object, uint64_t *types);

/* image_share.c: room for elfin_image.written, and filling it in. */
uint64_t elfin_image_page_bytes(const struct image *image);
void elfin_image_note_pages(elfin_image *image);
/* Offers what is never written: object->shared. */
elfin_status elfin_image_share(struct load *load, struct object *object);

/* image_fixup.c */
void elfin_image_fixup(struct load *load, struct object *object);

#endif
