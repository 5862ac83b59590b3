/* SPDX-License-Identifier: MIT */
/* Phase "scan" of a program: every dynamic relocation is proven sound once. */
#include "loader/program.h"

enum {
    FIELD_SIZE = 8,
    RELR_BITS = 63
};

static uint64_t count_of(const struct program_table *table)
{
    return table->bytes.size / sizeof(struct elf_rela);
}

/* A diagnostic about one record; `place` is where the field would be, as linked. */
static elfin_diag *begin(struct load *load, const struct object *object,
                         const struct program_table *table, uint64_t record, uint64_t place,
                         uint32_t defect)
{
    elfin_diag *diag = elfin_diag_begin(load, object, defect);
    const struct program *p = object->program;
    const struct segment *segment = elfin_program_segment(p, place, 1);
    uint64_t unit = table->tag == DYNAMIC_RELR ? sizeof(uint64_t) : sizeof(struct elf_rela);

    diag->relocation_index = (int64_t)record;
    elfin_diag_offset(diag, (uint64_t)(table->bytes.data - object->file.data) + record * unit);
    if (segment) {
        elfin_diag_section(diag, object, PROGRAM_FIRST_SEGMENT + (uint32_t)(segment - p->segments));
        diag->place = place - segment->vaddr;
        diag->have |= ELFIN_DIAG_PLACE;
    } else {
        elfin_copy_name(diag->section, elfin_program_tag_name(table->tag));
        diag->have |= ELFIN_DIAG_DYNAMIC;
        elfin_diag_value(diag, place);
    }
    return diag;
}

/* All fields have 8 bytes and must be writable until init has run. */
static elfin_status check_field(struct load *load, const struct object *object,
                                const struct program_table *table, uint64_t record, uint64_t place)
{
    const struct segment *segment = elfin_program_segment(object->program, place, FIELD_SIZE);

    if (segment && segment->part == ELFIN_PART_DATA)
        return ELFIN_OK;
    if (!segment) {
        begin(load, object, table, record, place, DEFECT_FIELD_OUTSIDE_SEGMENTS);
        return elfin_diag_emit(load);
    }
    begin(load, object, table, record, place, DEFECT_TEXTREL);
    return elfin_diag_emit(load);
}

/* It has no stub, because nobody can ask for it by its name. */
static bool is_unnamed_indirect(const struct object *object, uint32_t index)
{
    struct elf_symbol symbol;

    if (index < object->first_global || index >= object->symbol_count ||
        object->global[index - object->first_global])
        return false;
    symbol = elfin_read_symbol(object, index);
    return elf_symbol_type(&symbol) == STT_GNU_IFUNC;
}

static elfin_status scan_record(struct load *load, struct object *object,
                                const struct program_table *table, uint64_t record)
{
    struct program *p = object->program;
    uint32_t wrong = DEFECT_NONE;
    struct elf_rela rela;
    enum arch_dynamic kind;
    uint32_t symbol;
    elfin_diag *diag;

    span_record(table->bytes, record, &rela, sizeof(rela));
    kind = elfin_arch_dynamic(elf_rela_type(rela.r_info));
    symbol = elf_rela_symbol(rela.r_info);
    if (kind == ARCH_DYNAMIC_REFUSED) {
        wrong = elfin_arch_dynamic_refusal(elf_rela_type(rela.r_info));
    } else if (symbol >= p->reference_count) {
        wrong = DEFECT_RELOCATION_SYMBOL;
    } else if (is_unnamed_indirect(object, symbol)) {
        wrong = DEFECT_DYNAMIC_VERSION;
    } else if (kind == ARCH_DYNAMIC_RESOLVER &&
               !elfin_program_is_code(p, (uint64_t)rela.r_addend)) {
        wrong = DEFECT_DYNAMIC_RESOLVER;
    } else if (kind == ARCH_DYNAMIC_RESOLVER && !load->host->indirects) {
        wrong = defect_number(DEFECT_NO_INDIRECTS) | defect_of(ELFIN_ERR_TYPE, ELFIN_PHASE_SCAN);
    }
    if (wrong) {
        diag = begin(load, object, table, record, rela.r_offset, wrong);
        diag->relocation_type = elf_rela_type(rela.r_info);
        diag->have |= ELFIN_DIAG_TYPE;
        if (symbol < p->reference_count)
            elfin_diag_symbol(diag, object, symbol);
        return elfin_diag_emit(load);
    }
    if (kind == ARCH_DYNAMIC_NONE)
        return ELFIN_OK;
    if (symbol && (kind == ARCH_DYNAMIC_SUM || kind == ARCH_DYNAMIC_SYMBOL))
        object->use[symbol] |= USE_VALUE;
    p->resolver_count += kind == ARCH_DYNAMIC_RESOLVER;
    return check_field(load, object, table, record, rela.r_offset);
}

bool elfin_program_relr_next(struct relr_walk *walk, uint64_t *vaddr, uint64_t *index)
{
    uint64_t word;

    while (!walk->bits) {
        if (walk->next >= walk->words.size / sizeof(word))
            return false;
        span_record(walk->words, walk->next++, &word, sizeof(word));
        if (!(word & 1)) {
            walk->base = word + FIELD_SIZE;
            *vaddr = word;
            *index = walk->next - 1;
            return true;
        }
        walk->bits = word >> 1;
        walk->place = walk->base;
        walk->base += (uint64_t)RELR_BITS * FIELD_SIZE;
    }
    for (; !(walk->bits & 1); walk->bits >>= 1)
        walk->place += FIELD_SIZE;
    *vaddr = walk->place;
    *index = walk->next - 1;
    walk->bits >>= 1;
    walk->place += FIELD_SIZE;
    return true;
}

static elfin_status scan_relr(struct load *load, struct object *object)
{
    const struct program_table *table = &object->program->table[PROGRAM_RELR];
    struct relr_walk walk = { .words = table->bytes };
    elfin_status status = ELFIN_OK;
    uint64_t vaddr, index, first;

    if (!table->bytes.size)
        return ELFIN_OK;
    span_record(table->bytes, 0, &first, sizeof(first));
    if (first & 1) {
        begin(load, object, table, 0, 0, DEFECT_RELR_BITMAP);
        return elfin_diag_emit(load);
    }
    while (status == ELFIN_OK && elfin_program_relr_next(&walk, &vaddr, &index))
        status = check_field(load, object, table, index, vaddr);
    return status;
}

elfin_status elfin_program_scan(struct load *load, struct object *object)
{
    elfin_status status = scan_relr(load, object);

    for (int t = PROGRAM_RELA; t <= PROGRAM_JMPREL; t++) {
        const struct program_table *table = &object->program->table[t];

        for (uint64_t i = 0; status == ELFIN_OK && i < count_of(table); i++)
            status = scan_record(load, object, table, i);
    }
    return status;
}

/* Places that DT_RELR names count as R_X86_64_RELATIVE, which they stand for. */
uint64_t elfin_program_tally(const struct object *object, uint64_t *types)
{
    const struct program *p = object->program;
    struct relr_walk walk = { .words = p->table[PROGRAM_RELR].bytes };
    uint64_t vaddr, index, count = 0;

    for (int t = PROGRAM_RELA; t <= PROGRAM_JMPREL; t++) {
        for (uint64_t i = 0; i < count_of(&p->table[t]); i++) {
            struct elf_rela rela;

            span_record(p->table[t].bytes, i, &rela, sizeof(rela));
            types[elf_rela_type(rela.r_info)]++;
            count++;
        }
    }
    for (; elfin_program_relr_next(&walk, &vaddr, &index); count++)
        types[elfin_arch_dynamic_relative()]++;
    return count;
}
