/* SPDX-License-Identifier: MIT */
/* Program headers: which bytes lie where, and which pages get which rights. */
#include "loader/program.h"

static elfin_status bad_segment(struct load *load, const struct object *object,
                                const struct elf_header *header, uint64_t index, uint32_t defect)
{
    elfin_diag *diag = elfin_diag_begin(load, object, defect);

    diag->have |= ELFIN_DIAG_SEGMENT;
    diag->section_index = (int32_t)index;
    elfin_diag_offset(diag, header->e_phoff + index * sizeof(struct elf_segment));
    return elfin_diag_emit(load);
}

static uint8_t part_of(uint32_t flags)
{
    if (flags & PF_X)
        return ELFIN_PART_TEXT;
    return flags & PF_W ? ELFIN_PART_DATA : ELFIN_PART_RODATA;
}

/* What is wrong with a PT_LOAD header that is not empty; DEFECT_NONE: nothing. */
static uint32_t check_load(const struct object *object, const struct elf_segment *s)
{
    struct span bytes;

    if (s->p_filesz > s->p_memsz)
        return DEFECT_SEGMENT_SIZES;
    if (s->p_vaddr + (s->p_memsz - 1) < s->p_vaddr)
        return DEFECT_SEGMENT_WRAPS;
    if (s->p_align && !is_power_of_two(s->p_align))
        return DEFECT_SEGMENT_ALIGN;
    if (s->p_align && (s->p_vaddr - s->p_offset) & (s->p_align - 1))
        return DEFECT_SEGMENT_CONGRUENCE;
    if (!span_cut(object->file, s->p_offset, s->p_filesz, &bytes))
        return DEFECT_SEGMENT_CUT;
    return DEFECT_NONE;
}

static elfin_status add_load(struct load *load, struct object *object,
                             const struct elf_header *header, uint32_t index,
                             const struct elf_segment *s)
{
    struct program *p = object->program;
    const struct segment *last = p->segment_count ? &p->segments[p->segment_count - 1] : NULL;
    uint32_t wrong;

    if (!s->p_memsz && !s->p_filesz)
        return ELFIN_OK;
    wrong = check_load(object, s);
    if (!wrong && last && s->p_vaddr - last->vaddr < last->size)
        wrong = DEFECT_SEGMENT_OVERLAP;
    if (!wrong && last && s->p_vaddr < last->vaddr)
        wrong = DEFECT_SEGMENT_ORDER;
    if (wrong)
        return bad_segment(load, object, header, index, wrong);
    if (s->p_flags & PF_W && s->p_flags & PF_X)
        return bad_segment(load, object, header, index, DEFECT_SEGMENT_WRITE_EXEC);
    KNOWN(p->segments);
    p->segments[p->segment_count++] = (struct segment){
        .vaddr = s->p_vaddr,
        .size = s->p_memsz,
        .offset = s->p_offset,
        .file_size = s->p_filesz,
        .header = index,
        .part = part_of(s->p_flags),
    };
    if (p->align < s->p_align)
        p->align = s->p_align;
    return ELFIN_OK;
}

static elfin_status add_other(struct load *load, struct object *object,
                              const struct elf_header *header, uint32_t index,
                              const struct elf_segment *s, struct elf_segment *relro)
{
    struct program *p = object->program;

    switch (s->p_type) {
    case PT_DYNAMIC:
        if (p->dynamic.data)
            return bad_segment(load, object, header, index, DEFECT_PT_DYNAMIC_TWICE);
        if (!span_cut(object->file, s->p_offset, s->p_filesz, &p->dynamic))
            return bad_segment(load, object, header, index, DEFECT_SEGMENT_CUT);
        return ELFIN_OK;
    case PT_TLS:
        if (s->p_memsz)
            return bad_segment(load, object, header, index, DEFECT_PT_TLS);
        return ELFIN_OK;
    case PT_GNU_RELRO:
        if (relro->p_type)
            return bad_segment(load, object, header, index, DEFECT_PT_RELRO_TWICE);
        *relro = *s;
        return ELFIN_OK;
    default: /* notes, unwind tables, the interpreter's name: what elfin needs, it has in sections
              */
        return ELFIN_OK;
    }
}

static elfin_status read_headers(struct load *load, struct object *object,
                                 const struct elf_header *header, struct elf_segment *relro)
{
    struct program *p = object->program;
    elfin_status status = ELFIN_OK;
    struct span table = { 0 };

    if (header->e_phnum == 0)
        return elfin_fail_at(load, object, offsetof(struct elf_header, e_phnum),
                             DEFECT_NO_SEGMENTS);
    if (header->e_phentsize != sizeof(struct elf_segment))
        return elfin_fail_at(load, object, offsetof(struct elf_header, e_phentsize),
                             DEFECT_E_PHENTSIZE);
    if (!span_table(object->file, header->e_phoff, header->e_phnum, sizeof(struct elf_segment),
                    &table))
        return elfin_fail_at(load, object, offsetof(struct elf_header, e_phoff),
                             DEFECT_SEGMENTS_CUT);
    p->segments = elfin_arena_get(&load->work, header->e_phnum, sizeof(*p->segments));
    if (!p->segments)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
    for (uint32_t i = 0; status == ELFIN_OK && i < header->e_phnum; i++) {
        struct elf_segment s;

        span_record(table, i, &s, sizeof(s));
        status = s.p_type == PT_LOAD ? add_load(load, object, header, i, &s)
                                     : add_other(load, object, header, i, &s, relro);
    }
    if (status == ELFIN_OK && !p->segment_count)
        return elfin_fail_at(load, object, offsetof(struct elf_header, e_phnum), DEFECT_NO_PT_LOAD);
    return status;
}

/* Adds whole pages [start, end) of one right, whose file bytes end at file_end; merges equals. */
static void add_extent(struct program *p, uint64_t start, uint64_t end, uint64_t file_end,
                       elfin_part part)
{
    elfin_segment *last = p->extent_count ? &p->extents[p->extent_count - 1] : NULL;

    if (start >= end)
        return;
    if (file_end > end)
        file_end = end;
    if (!last || last->part != part)
        last = &p->extents[p->extent_count++];
    else
        start = last->offset;
    if (file_end > start)
        last->file_size = file_end - start;
    last->offset = start;
    last->size = end - start;
    last->part = part;
}

/*
 * The pages of one segment; of writable ones, those within PT_GNU_RELRO (as offsets) will become
 * read-only. False: the first page has another right already.
 */
static bool add_pages(struct program *p, const struct segment *segment, uint64_t page,
                      struct range relro)
{
    uint64_t offset = segment->vaddr - p->base, file_end = offset + segment->file_size;
    uint64_t start = offset & ~(page - 1), end = round_up(offset + segment->size, page);
    elfin_segment *last = p->extent_count ? &p->extents[p->extent_count - 1] : NULL;
    uint64_t done = last ? last->offset + last->size : 0, low = relro.low, high = relro.high;

    if (start < done) {
        if (last->part != segment->part)
            return false;
        if (segment->file_size)
            last->file_size = (file_end < done ? file_end : done) - last->offset;
        start = done;
    }
    add_extent(p, done, start, 0, ELFIN_PART_RODATA);
    if (segment->part != ELFIN_PART_DATA || low >= end || high <= start) {
        add_extent(p, start, end, file_end, segment->part);
        return true;
    }
    add_extent(p, start, low, file_end, ELFIN_PART_DATA);
    add_extent(p, low > start ? low : start, high, file_end, ELFIN_PART_RELRO);
    add_extent(p, high, end, file_end, ELFIN_PART_DATA);
    return true;
}

/* PT_GNU_RELRO as a range of offsets, to the page; it must lie in the pages of one writable
 * segment.
 */
static bool find_relro(const struct program *p, const struct elf_segment *header, uint64_t page,
                       struct range *relro)
{
    for (uint32_t i = 0; header->p_memsz && i < p->segment_count; i++) {
        const struct segment *segment = &p->segments[i];
        uint64_t offset = segment->vaddr - p->base, start = header->p_vaddr - p->base;
        uint64_t end = round_up(offset + segment->size, page);

        if (segment->part != ELFIN_PART_DATA || start < offset || start >= end ||
            header->p_memsz > end - start)
            continue;
        *relro = (struct range){ .low = start & ~(page - 1),
                                 .high = (start + header->p_memsz) & ~(page - 1) };
        return true;
    }
    return header->p_memsz == 0;
}

/* Of each segment at most four pieces: a gap before it, data, read-only after init, data. */
static elfin_status make_extents(struct load *load, struct object *object,
                                 const struct elf_header *header, const struct elf_segment *relro)
{
    struct program *p = object->program;
    uint64_t page = load->host->page_size;
    struct range read_only = { 0 };

    p->extents =
        elfin_arena_get(&load->work, 4 * (uint64_t)p->segment_count + 2, sizeof(*p->extents));
    if (!p->extents)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
    if (!find_relro(p, relro, page, &read_only))
        return elfin_fail_at(load, object, header->e_phoff, DEFECT_PT_RELRO_PLACE);
    for (uint32_t i = 0; i < p->segment_count; i++)
        if (!add_pages(p, &p->segments[i], page, read_only))
            return bad_segment(load, object, header, p->segments[i].header, DEFECT_SEGMENT_PAGE);
    return ELFIN_OK;
}

elfin_status elfin_program_segments_open(struct load *load, struct object *object,
                                         const struct elf_header *header)
{
    struct program *p = object->program;
    struct elf_segment relro = { 0 };
    const struct segment *last;
    uint64_t span;
    elfin_status status;

    p->align = load->host->page_size;
    status = read_headers(load, object, header, &relro);
    if (status != ELFIN_OK)
        return status;
    last = &p->segments[p->segment_count - 1];
    /* Of a file that may move, run addresses are congruent to those it is linked for. */
    if (p->fixed)
        p->align = load->host->page_size;
    p->base = p->segments[0].vaddr & ~(p->align - 1);
    span = last->vaddr + (last->size - 1) - p->base;
    if (span >= load->host->max_image_size || p->align > load->host->max_image_size) {
        elfin_diag *diag = elfin_diag_begin(load, object, DEFECT_LINKED_TOO_LARGE);

        elfin_diag_value(diag, span >= load->host->max_image_size ? span : p->align);
        elfin_diag_limits(diag, 0, load->host->max_image_size);
        return elfin_diag_emit(load);
    }
    p->size = round_up(span + 1, load->host->page_size);
    return make_extents(load, object, header, &relro);
}

/* Stubs and slots of indirect functions follow the segments, on pages of their own. */
uint64_t elfin_program_layout(struct object *object, uint64_t page)
{
    struct program *p = object->program;
    elfin_segment *added = &p->extents[p->extent_count];
    uint64_t stubs = ARCH_STUB_SIZE * (uint64_t)object->stub_count;
    uint64_t slots = ARCH_SLOT_SIZE * (uint64_t)object->slot_count;

    p->added_count = 0;
    if (!object->indirect_count)
        return p->size;
    object->plt = p->size;
    object->got = p->size + round_up(stubs, page);
    added[0] = (elfin_segment){ .offset = object->plt,
                                .size = round_up(stubs, page),
                                .file_size = stubs,
                                .part = ELFIN_PART_TEXT };
    added[1] = (elfin_segment){ .offset = object->got,
                                .size = round_up(slots, page),
                                .file_size = slots,
                                .part = ELFIN_PART_RELRO };
    p->added_count = 2;
    return object->got + round_up(slots, page);
}

/* Binary search: a file may have thousands of segments, and a million relocations. */
const struct segment *elfin_program_segment(const struct program *p, uint64_t vaddr, uint64_t size)
{
    uint32_t low = 0, high = p->segment_count;
    const struct segment *s;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (p->segments[middle].vaddr <= vaddr)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return NULL;
    s = &p->segments[low - 1];
    return vaddr - s->vaddr <= s->size && size <= s->size - (vaddr - s->vaddr) ? s : NULL;
}

bool elfin_program_bytes_from(const struct object *object, uint64_t vaddr, struct span *out)
{
    const struct segment *s = elfin_program_segment(object->program, vaddr, 0);

    return s && vaddr - s->vaddr <= s->file_size &&
           span_cut(object->file, s->offset + (vaddr - s->vaddr), s->file_size - (vaddr - s->vaddr),
                    out);
}

bool elfin_program_bytes(const struct object *object, uint64_t vaddr, uint64_t size,
                         struct span *out)
{
    struct span rest = { 0 };

    return elfin_program_bytes_from(object, vaddr, &rest) && span_cut(rest, 0, size, out);
}

bool elfin_program_is_code(const struct program *p, uint64_t vaddr)
{
    const struct segment *s = elfin_program_segment(p, vaddr, 1);

    return s && s->part == ELFIN_PART_TEXT;
}
