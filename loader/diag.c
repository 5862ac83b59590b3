/* SPDX-License-Identifier: MIT */
/* Filling in diagnostics. Cold: nothing here runs in a load that succeeds. */
#include "loader/program.h"
#include "libmini/str.h"

void elfin_diag_clear(elfin_diag *diag, uint32_t defect)
{
    *diag = (elfin_diag){
        .status = defect_status(defect),
        .phase = defect_phase(defect),
        .section_index = ELFIN_NO_INDEX,
        .relocation_index = ELFIN_NO_INDEX,
        .defect = (uint16_t)defect_number(defect),
    };
}

/* Two strings, as far as they fit; the length. */
static size_t join(char *to, size_t size, const char *a, const char *b)
{
    size_t first = mini_strnlen(a, size - 1), second = mini_strnlen(b, size - 1 - first);

    memcpy(to, a, first);
    memcpy(to + first, b, second);
    to[first + second] = 0;
    return first + second;
}

void elfin_copy_name(char to[ELFIN_NAME_SIZE], const char *from)
{
    join(to, ELFIN_NAME_SIZE, from, "");
}

elfin_diag *elfin_diag_begin(struct load *load, const struct object *object, uint32_t defect)
{
    elfin_diag_clear(&load->scratch, defect);
    if (object)
        elfin_copy_name(load->scratch.file, object->file_name);
    return &load->scratch;
}

elfin_status elfin_diag_emit(struct load *load)
{
    elfin_status status = load->scratch.status;

    if (load->status == ELFIN_OK) {
        load->status = status;
        if (load->diag)
            *load->diag = load->scratch;
    }
    if (load->options->report)
        load->options->report(load->options->report_ctx, &load->scratch);
    return status;
}

void elfin_diag_section(elfin_diag *diag, const struct object *object, uint32_t index)
{
    diag->section_index = (int32_t)index;
    if (object->image)
        diag->section_index = (int32_t)object->sections[index].info;
    if (object->program) { /* sections stand for its segments; there is one for all symbols */
        if (index < PROGRAM_FIRST_SEGMENT) {
            diag->section_index = ELFIN_NO_INDEX;
            return;
        }
        diag->section_index = (int32_t)object->sections[index].info;
        diag->have |= ELFIN_DIAG_SEGMENT;
    }
    if (object->sections)
        elfin_copy_name(diag->section, elfin_section_name(object, index));
}

void elfin_diag_offset(elfin_diag *diag, uint64_t file_offset)
{
    diag->file_offset = file_offset;
    diag->have |= ELFIN_DIAG_OFFSET;
}

void elfin_diag_value(elfin_diag *diag, uint64_t value)
{
    diag->value = value;
    diag->have |= ELFIN_DIAG_VALUE;
}

void elfin_diag_limits(elfin_diag *diag, uint64_t low, uint64_t high)
{
    diag->low = low;
    diag->high = high;
    diag->have |= ELFIN_DIAG_LIMITS;
}

void elfin_diag_symbol(elfin_diag *diag, const struct object *object, uint32_t index)
{
    const struct elf_symbol *symbol;
    uint32_t section;

    if (index >= object->symbol_count)
        return;
    symbol = elf_symbol_at(object, index);
    section = elfin_symbol_section(object, symbol, index);
    if (elf_symbol_type(symbol) == STT_SECTION && section < object->section_count)
        join(diag->symbol, sizeof(diag->symbol), "section ", elfin_section_name(object, section));
    else
        elfin_copy_name(diag->symbol, elfin_symbol_name(object, symbol));
}

void elfin_diag_relocation(elfin_diag *diag, const struct object *object, uint32_t rela_section,
                           uint64_t record)
{
    struct span table = elfin_section_bytes(object, rela_section);
    struct elf_rela rela;
    uint32_t type;

    span_record(table, record, &rela, sizeof(rela));
    elfin_diag_section(diag, object, object->sections[rela_section].info);
    elfin_diag_symbol(diag, object, elf_rela_symbol(rela.r_info));
    type = elf_rela_type(rela.r_info);
    diag->relocation_type = type;
    diag->relocation_index = (int64_t)record;
    diag->place = rela.r_offset;
    diag->have |= ELFIN_DIAG_PLACE | ELFIN_DIAG_TYPE;
    elfin_diag_offset(diag, object->sections[rela_section].offset + record * sizeof(rela));
    if (type >= ARCH_TYPE_LIMIT)
        elfin_diag_value(diag, type);
}

elfin_status elfin_fail(struct load *load, const struct object *object, uint32_t defect)
{
    elfin_diag_begin(load, object, defect);
    return elfin_diag_emit(load);
}

elfin_status elfin_fail_at(struct load *load, const struct object *object, uint64_t file_offset,
                           uint32_t defect)
{
    elfin_diag_offset(elfin_diag_begin(load, object, defect), file_offset);
    return elfin_diag_emit(load);
}

elfin_status elfin_fail_section(struct load *load, const struct object *object, uint32_t section,
                                uint32_t defect)
{
    elfin_diag_section(elfin_diag_begin(load, object, defect), object, section);
    return elfin_diag_emit(load);
}

elfin_status elfin_fail_memory(struct load *load, elfin_phase phase, const struct object *object)
{
    return elfin_fail(load, object,
                      defect_number(DEFECT_WORKING_MEMORY) | defect_of(load->work.status, phase));
}
