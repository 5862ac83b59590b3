/* SPDX-License-Identifier: MIT */
/* Phase "copy + fix up" of a program: its segments, then its dynamic relocations. */
#include "loader/program.h"

static uint8_t *edit_of(const struct load *load, const struct object *object)
{
    return load->blocks[object->block].region.edit;
}

/* Every byte of the block is written: segments, what lies between them, zero-filled data. */
static void copy_segments(const struct object *object, uint8_t *edit, uint64_t size)
{
    const struct program *p = object->program;
    uint64_t done = 0;

    for (uint32_t i = 0; i < p->segment_count; i++) {
        const struct segment *segment = &p->segments[i];
        uint64_t offset = segment->vaddr - p->base;
        struct span bytes = { 0 };

        memset(edit + done, 0, offset - done);
        if (span_cut(object->file, segment->offset, segment->file_size, &bytes) && bytes.size)
            memcpy(edit + offset, bytes.data, bytes.size);
        done = offset + segment->file_size;
    }
    memset(edit + done, 0, size - done);
}

static void store(const struct object *object, uint8_t *edit, uint64_t vaddr, uint64_t value)
{
    __builtin_memcpy(edit + (vaddr - object->program->base), &value, sizeof(value));
}

/* The addends are in the fields. */
static void apply_relr(const struct object *object, uint8_t *edit)
{
    struct relr_walk walk = { .words = object->program->table[PROGRAM_RELR].bytes };
    uint64_t vaddr, index, value;

    while (elfin_program_relr_next(&walk, &vaddr, &index)) {
        __builtin_memcpy(&value, edit + (vaddr - object->program->base), sizeof(value));
        store(object, edit, vaddr, value + program_bias(object));
    }
}

/* A slot whose resolver has not run yet holds 0. */
static void apply(const struct object *object, uint8_t *edit, const struct elf_rela *rela,
                  const uint64_t *value)
{
    uint32_t symbol = elf_rela_symbol(rela->r_info);
    uint64_t addend = (uint64_t)rela->r_addend;

    switch (elfin_arch_dynamic(elf_rela_type(rela->r_info))) {
    case ARCH_DYNAMIC_SUM:
        store(object, edit, rela->r_offset, (symbol ? value[symbol] : 0) + addend);
        break;
    case ARCH_DYNAMIC_SYMBOL:
        store(object, edit, rela->r_offset, symbol ? value[symbol] : 0);
        break;
    case ARCH_DYNAMIC_BASE:
        store(object, edit, rela->r_offset, program_bias(object) + addend);
        break;
    case ARCH_DYNAMIC_RESOLVER:
        store(object, edit, rela->r_offset, 0);
        break;
    default:
        break;
    }
}

void elfin_program_fixup(const struct load *load, const struct object *object,
                         const uint64_t *value)
{
    uint8_t *edit = edit_of(load, object);

    copy_segments(object, edit, load->blocks[object->block].size);
    apply_relr(object, edit);
    for (int t = PROGRAM_RELA; t <= PROGRAM_JMPREL; t++) {
        struct span table = object->program->table[t].bytes;

        for (uint64_t i = 0; i < table.size / sizeof(struct elf_rela); i++) {
            struct elf_rela rela;

            span_record(table, i, &rela, sizeof(rela));
            apply(object, edit, &rela, value);
        }
    }
}
