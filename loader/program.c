/* SPDX-License-Identifier: MIT */
/* Phase "object" of an executable or shared object: proves it, and makes it look like an object. */
#include "loader/carver.h"
#include "loader/features.h"
#include "loader/program.h"
#include "libmini/str.h"

/* Names of the sections that stand for segments, by part; the anchor and section 0 have none. */
static const char section_names[] = "\0LOAD RX\0LOAD R\0LOAD RW";

enum {
    NAME_RX = 1,
    NAME_R = 9,
    NAME_RW = 16
};

static uint32_t segment_name(const struct segment *segment)
{
    switch (segment->part) {
    case ELFIN_PART_TEXT:
        return NAME_RX;
    case ELFIN_PART_RODATA:
        return NAME_R;
    default:
        return NAME_RW;
    }
}

/* Offsets in the block, as layout leaves them: place adds the run address. */
static elfin_status make_sections(struct load *load, struct object *object)
{
    const struct program *p = object->program;

    object->section_count = PROGRAM_FIRST_SEGMENT + p->segment_count;
    object->sections =
        elfin_arena_get(&load->work, object->section_count, sizeof(*object->sections));
    if (!object->sections)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
    object->section_names =
        (struct span){ .data = (const uint8_t *)section_names, .size = sizeof(section_names) };
    object->sections[0].part = PART_NONE;
    object->sections[PROGRAM_ANCHOR].address = 0 - p->base;
    object->sections[PROGRAM_ANCHOR].part = ELFIN_PART_RODATA;
    for (uint32_t i = 0; i < p->segment_count; i++) {
        const struct segment *segment = &p->segments[i];

        object->sections[PROGRAM_FIRST_SEGMENT + i] = (struct section){
            .offset = segment->offset,
            .size = segment->size,
            .align = 1,
            .address = segment->vaddr - p->base,
            .name = segment_name(segment),
            .info = segment->header,
            .type = segment->file_size ? SHT_NULL : SHT_NOBITS,
            .part = (int8_t)segment->part,
        };
    }
    list_loaded(object);
    return ELFIN_OK;
}

static elfin_status bad_address(struct load *load, const struct object *object, uint64_t value,
                                uint32_t defect)
{
    const struct program *p = object->program;
    elfin_diag *diag = elfin_diag_begin(load, object, defect);

    elfin_diag_value(diag, value);
    elfin_diag_limits(diag, p->base, p->base + (p->size - 1));
    return elfin_diag_emit(load);
}

/* An ET_EXEC file knows where it has to lie: as if it had been asked for with ELFIN_INPUT_AT. */
static elfin_status make_block(struct load *load, const struct object *object)
{
    const struct program *p = object->program;
    struct block *block = &load->blocks[object->block];
    const elfin_options *options = load->options;

    block->is_program = true;
    load->has_floating |= !p->fixed && !block->has_at;
    if (!p->fixed)
        return ELFIN_OK;
    if (block->has_at && block->at != p->base)
        return bad_address(load, object, block->at, DEFECT_FIXED_ADDRESS);
    if (!block->has_at && options->min > p->base)
        return bad_address(load, object, options->min, DEFECT_FIXED_BELOW_MIN);
    if (!block->has_at && options->max < p->base + (p->size - 1))
        return bad_address(load, object, options->max, DEFECT_FIXED_BEYOND_MAX);
    block->has_at = true;
    block->at = p->base;
    return ELFIN_OK;
}

static elfin_status check_entry(struct load *load, const struct object *object,
                                const struct elf_header *header)
{
    struct program *p = object->program;

    if (elfin_program_is_code(p, header->e_entry))
        p->entry = header->e_entry;
    else if (header->e_entry && p->executable)
        return elfin_fail_at(load, object, offsetof(struct elf_header, e_entry), DEFECT_E_ENTRY);
    return ELFIN_OK;
}

elfin_status elfin_program_open(struct load *load, struct object *object,
                                const struct elf_header *header)
{
    struct program *p = elfin_arena_get(&load->work, 1, sizeof(*p));
    elfin_status status;

    if (!p)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
    if (object->archive)
        return elfin_fail_at(load, object, offsetof(struct elf_header, e_type),
                             DEFECT_MEMBER_LINKED);
    object->program = p;
    p->fixed = p->executable = header->e_type == ET_EXEC;
    if ((status = elfin_program_segments_open(load, object, header)) != ELFIN_OK ||
        (status = make_sections(load, object)) != ELFIN_OK ||
        (status = elfin_program_dynamic_open(load, object)) != ELFIN_OK ||
        (status = elfin_program_symbols_open(load, object, header)) != ELFIN_OK ||
        (status = check_entry(load, object, header)) != ELFIN_OK)
        return status;
    return make_block(load, object);
}

static void describe(const struct object *object, struct elfin_module *module)
{
    const struct program *p = object->program;

    module->flags |= p->executable ? ELFIN_MODULE_EXECUTABLE : ELFIN_MODULE_SHARED;
    module->address = p->base + program_bias(object);
    module->entry = p->entry ? p->entry + program_bias(object) : 0;
}

/* The pages of a program by right; its block has one object. */
static void carve_segments(struct carver *c, const struct object *object, struct block *block)
{
    const struct program *p = object->program;
    uint32_t count = p->extent_count + p->added_count;
    elfin_segment *segments = carve(c, count * sizeof(*segments));

    if (!segments)
        return;
    memcpy(segments, p->extents, count * sizeof(*segments));
    block->segments = segments;
    block->segment_count = count;
}

static elfin_status layout(struct load *load, struct block *block)
{
    struct object *object = block->first;
    elfin_status status = load->host->slots->indirect(load, object);

    block->align = object->program->align;
    block->size = elfin_program_layout(object, load->host->page_size);
    return status;
}

static bool is_one(const elfin_input *input)
{
    struct span file = { .data = input->data, .size = input->size };
    struct elf_header header;

    if (file.size < sizeof(header))
        return false;
    span_record(file, 0, &header, sizeof(header));
    return memcmp(header.e_ident, "\177ELF", 4) == 0 &&
           (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

const struct elfin_programs elfin_programs = {
    .describe = describe,
    .carve = carve_segments,
    .open = elfin_program_open,
    .ignores = elfin_program_ignores,
    .scan = elfin_program_scan,
    .fixup = elfin_program_fixup,
    .layout = layout,
    .is_one = is_one,
    .list_resolvers = elfin_program_list_resolvers,
    .resolve = elfin_program_resolve,
    .init = elfin_program_init,
    .tally = elfin_program_tally,
};
