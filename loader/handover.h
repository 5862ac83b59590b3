/* SPDX-License-Identifier: MIT */
/*
 * What is handed over from the space that linked to the space that adopts: one piece of bytes,
 * which docs/HANDOVER-FORMAT.md describes. All numbers are little-endian, records have no padding
 * but what is named `zero`; nothing is a pointer, addresses are those of the run and physical ones.
 *
 * What belongs to a group (a module) follows in each table what belongs to the one before it: the
 * records of groups and modules hold counts only.
 */
#ifndef LOADER_HANDOVER_H
#define LOADER_HANDOVER_H

#include "loader/features.h"

#define HANDOVER_MAGIC "\211elfho\r\n"

enum {
    HANDOVER_MAGIC_SIZE = 8,
    HANDOVER_VERSION = 1,
    HANDOVER_MACHINE = 62, /* EM_X86_64 */
    HANDOVER_ALIGN = 16,   /* of tables */
    HANDOVER_GROUPS = 16384
};

enum handover_table {
    HANDOVER_GROUP_TABLE,
    HANDOVER_BLOCKS,
    HANDOVER_MODULES,
    HANDOVER_CALLS,
    HANDOVER_SYMBOLS,
    HANDOVER_SECTIONS,
    HANDOVER_SLOTS,
    HANDOVER_INDIRECT,
    HANDOVER_USES,  /* uint32_t: number of a module */
    HANDOVER_NAMES, /* strings; the first is empty; each other one is referred to once */
    HANDOVER_TABLE_COUNT
};

struct handover_extent {
    uint64_t offset, count; /* of the first byte; of records */
};

struct handover_header {
    uint8_t magic[HANDOVER_MAGIC_SIZE];
    uint32_t version, machine;
    uint64_t size;     /* of the whole */
    uint64_t checksum; /* of the whole, see checksum.c */
    uint64_t page_size;
    struct handover_extent table[HANDOVER_TABLE_COUNT];
};

/* handover_group.flags */
enum {
    HANDOVER_STARTS = 1 << 0, /* its resolvers and calls are to be made */
};

struct handover_group {
    uint32_t block_count, module_count, call_count, flags;
    uint64_t tls_start, tls_end; /* bytes below the thread pointer; equal: none */
};

struct handover_part {
    uint64_t offset, size, file_size;
};

struct handover_block {
    uint64_t run, physical, size;
    struct handover_part part[ELFIN_PART_COUNT];
    uint64_t unwind_index, unwind_index_size, frames, frames_size;
};

struct handover_module {
    uint32_t name, file, version, description;
    uint32_t archive; /* 0: it is no member */
    uint32_t flags;   /* ELFIN_MODULE_* of HANDOVER_MODULE_FLAGS */
    uint32_t symbol_count, section_count, slot_count, indirect_count, uses_count;
    uint32_t slots_in_use, stubs_in_use, state_version;
    uint64_t address, got, size;
    uint64_t state_save, state_restore;
    int64_t tls_offset;
    uint64_t tls_size, tls_file_size, tls_align, tls_run;
};

enum {
    HANDOVER_MODULE_FLAGS =
        ELFIN_MODULE_INTERRUPTS | ELFIN_MODULE_HAS_GOT | ELFIN_MODULE_MEMBER | ELFIN_MODULE_FAILED,
    /* Of what a symbol's or call's address says nothing: it is outside of the group's blocks. */
    HANDOVER_ELSEWHERE = 1 << 15,
    HANDOVER_SYMBOL_FLAGS = RECORD_EXPORTED | RECORD_PRIVATE | RECORD_WEAK | RECORD_FUNCTION |
                            RECORD_TLS | HANDOVER_ELSEWHERE
};

/* What unload has to call is noted between what is called now, where it belongs. */
struct handover_call {
    uint32_t module; /* its number in the group */
    uint16_t entry;  /* elfin_entry: not RESOLVER, SAVE, RESTORE */
    uint16_t flags;  /* HANDOVER_ELSEWHERE */
    uint64_t address;
    uint64_t from; /* FINALIZE: the argument; else where the address was read, or 0 */
};

struct handover_symbol {
    uint32_t name, flags; /* RECORD_*, HANDOVER_ELSEWHERE */
    uint64_t address, size;
};

/* handover_section.flags */
enum {
    HANDOVER_ZERO_FILLED = 1 << 0,
    HANDOVER_TLS = 1 << 1, /* also of a slot */
};

struct handover_section {
    uint32_t name;
    int32_t index;
    uint64_t address, size;
    uint8_t part, flags, zero[6];
};

struct handover_slot {
    uint32_t name, flags;
    uint64_t address, target, stub;
};

struct handover_indirect {
    uint32_t name, zero;
    uint64_t address, slot, resolver;
};

/* A description whose tables lie inside its bytes. */
struct handover {
    struct span bytes;
    struct handover_header header;
    struct span table[HANDOVER_TABLE_COUNT];
};

/* A place in each table. */
struct handover_place {
    uint64_t at[HANDOVER_TABLE_COUNT];
};

/* handover_view.c */
extern const uint8_t elfin_handover_record_size[HANDOVER_TABLE_COUNT];
uint64_t elfin_handover_checksum(struct span bytes);
/* DEFECT_NONE, or what is wrong with the head. */
uint32_t elfin_handover_view(struct handover *view, struct span bytes);

static inline void handover_read(const struct handover *view, enum handover_table table,
                                 uint64_t index, void *record, uint64_t size)
{
    span_record(view->table[table], index, record, size);
}

/* The next record, which there is. */
static inline void handover_next(const struct handover *view, struct handover_place *place,
                                 enum handover_table table, void *record, uint64_t size)
{
    handover_read(view, table, place->at[table]++, record, size);
}

static inline const char *handover_name(const struct handover *view, uint32_t name)
{
    return (const char *)view->table[HANDOVER_NAMES].data + name;
}

#endif
