/* SPDX-License-Identifier: MIT */
/*
 * Phase "object": from bytes to a validated view. Small steps, each proving one fact that later
 * steps and phases rely on; none of them goes back to the file unchecked.
 */
#include "loader/image.h"
#include "loader/program.h"

enum {
    IDENT_SIZE = 20 /* e_ident, e_type, e_machine */
};

/* Fields of the header and what is wrong with values. */
struct check {
    uint8_t at, size; /* in bytes */
    uint8_t value;
    bool is_bad; /* this value is, else all others are */
    uint32_t defect;
};

/* The identification: enough to say what kind of file a stranger has given us. */
static const struct check ident_checks[] = {
    { 4, 1, ELFCLASS32, true, DEFECT_IS_32_BIT },
    { 4, 1, ELFCLASS64, false, DEFECT_EI_CLASS },
    { 5, 1, ELFDATA2MSB, true, DEFECT_IS_BIG_ENDIAN },
    { 5, 1, ELFDATA2LSB, false, DEFECT_EI_DATA },
    { 6, 1, EV_CURRENT, false, DEFECT_EI_VERSION },
    { 18, 2, EM_X86_64, false, DEFECT_E_MACHINE },
};

static const struct check header_checks[] = {
    /* For hosts that have nobody to open linked files. */
    { 16, 2, ET_EXEC, true, DEFECT_IS_EXECUTABLE },
    { 16, 2, ET_DYN, true, DEFECT_IS_SHARED },
    { 16, 2, ET_CORE, true, DEFECT_IS_CORE },
    { 16, 2, ET_REL, false, DEFECT_E_TYPE },
    /* For all. */
    { 20, 4, EV_CURRENT, false, DEFECT_E_VERSION },
    { 52, 2, sizeof(struct elf_header), false, DEFECT_E_EHSIZE },
    /* For objects. */
    { 40, 8, 0, true, DEFECT_NO_SECTIONS },
    { 58, 2, sizeof(struct elf_section), false, DEFECT_E_SHENTSIZE },
};

/* The fields lie in the file. */
static elfin_status check_fields(struct load *load, const struct object *object,
                                 const struct check *check, size_t count)
{
    for (; count; count--, check++) {
        uint64_t value = 0;

        for (unsigned i = check->size; i;)
            value = value << 8 | object->file.data[check->at + --i];
        if ((value == check->value) == check->is_bad)
            return elfin_fail_at(load, object, check->at, check->defect);
    }
    return ELFIN_OK;
}

/* How files begin, as far as they have so many bytes: what people are likely to have taken for an
 * object. */
static const struct {
    char magic[8];
    uint32_t size, defect;
} others[] = {
    { "!<thin>\n", 8, DEFECT_IS_THIN_ARCHIVE },
    { "!<arch>\n", 8, DEFECT_IS_ARCHIVE },
    { "BC\xc0\xde", 4, DEFECT_IS_BITCODE },
    { "", 0, DEFECT_MAGIC },
};

static elfin_status check_magic(struct load *load, const struct object *object)
{
    uint64_t size = object->file.size;
    size_t i = 0;

    if (size == 0)
        return elfin_fail_at(load, object, 0, DEFECT_EMPTY);
    if (memcmp(object->file.data, "\177ELF", size < 4 ? size : 4) == 0)
        return ELFIN_OK;
    while (size < others[i].size || memcmp(object->file.data, others[i].magic, others[i].size) != 0)
        i++;
    return elfin_fail_at(load, object, 0, others[i].defect);
}

static elfin_status check_header(struct load *load, const struct object *object)
{
    const struct elf_header *header = (const struct elf_header *)object->file.data;
    elfin_status status = check_magic(load, object);

    if (status == ELFIN_OK && object->file.size >= IDENT_SIZE)
        status =
            check_fields(load, object, ident_checks, sizeof(ident_checks) / sizeof(*ident_checks));
    if (status != ELFIN_OK)
        return status;
    if (object->file.size < sizeof(*header))
        return elfin_fail_at(load, object, object->file.size, DEFECT_HEADER_CUT);
    if (load->host->programs && (header->e_type == ET_EXEC || header->e_type == ET_DYN))
        return check_fields(load, object, header_checks + 4, 2);
    return check_fields(load, object, header_checks, 8);
}

/*
 * Finds the section header table. Counts that do not fit the header's 16 bits stand in section 0
 * (gABI, "ELF Header": e_shnum, e_shstrndx).
 */
static elfin_status find_sections(struct load *load, struct object *object,
                                  const struct elf_header *header, struct span *table,
                                  uint32_t *names)
{
    const struct elf_section *first;
    uint64_t count = header->e_shnum;

    if (!span_table(object->file, header->e_shoff, 1, sizeof(*first), table))
        return elfin_fail_at(load, object, 40, DEFECT_SECTIONS_CUT);
    first = (const struct elf_section *)table->data;
    if (count == 0)
        count = first->sh_size;
    if (count == 0 || count > UINT32_MAX / 2)
        return elfin_fail_at(load, object, 60, DEFECT_E_SHNUM);
    if (!span_table(object->file, header->e_shoff, count, sizeof(*first), table))
        return elfin_fail_at(load, object, 40, DEFECT_SECTIONS_CUT);
    object->section_count = (uint32_t)count;
    *names = header->e_shstrndx == SHN_XINDEX ? first->sh_link : header->e_shstrndx;
    if (*names >= count)
        return elfin_fail_at(load, object, 62, DEFECT_E_SHSTRNDX);
    return ELFIN_OK;
}

/* Section names first, so that every later report can name its section. */
static elfin_status find_names(struct load *load, struct object *object, struct span table,
                               uint32_t index)
{
    const struct elf_section *section = (const struct elf_section *)table.data + index;
    struct span names = { 0 };

    if (index == 0)
        return ELFIN_OK;
    if (section->sh_type != SHT_STRTAB)
        return elfin_fail_at(load, object, 62, DEFECT_E_SHSTRNDX_TYPE);
    if (!span_cut(object->file, section->sh_offset, section->sh_size, &names))
        return elfin_fail_at(load, object, 62, DEFECT_SECTION_NAMES_CUT);
    if (!span_is_strings(names))
        return elfin_fail_at(load, object, 62, DEFECT_SECTION_NAMES_END);
    object->section_names = names;
    return ELFIN_OK;
}

elfin_status elfin_object_open(struct load *load, struct object *object)
{
    const struct elf_header *header = (const struct elf_header *)object->file.data;
    struct span table = { 0 };
    uint32_t names = 0;
    elfin_status status;

    if (object->input->image || elfin_image_begins(object->file)) {
        if (!load->host->images)
            return elfin_fail_at(load, object, 0, DEFECT_IS_IMAGE);
        return load->work.host ? load->host->images->open(load, object) : ELFIN_ERR_BUSY;
    }
    status = check_header(load, object);
    if (status != ELFIN_OK)
        return status;
    if (header->e_type != ET_REL)
        return load->work.host ? load->host->programs->open(load, object, header)
                               : ELFIN_ERR_BUSY; /* left to the calling CPU */
    if ((status = find_sections(load, object, header, &table, &names)) != ELFIN_OK ||
        (status = find_names(load, object, table, names)) != ELFIN_OK)
        return status;
    object->sections =
        elfin_arena_take(&load->work, object->section_count, sizeof(*object->sections));
    if (!object->sections)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
    object->sections[0] = (struct section){ .part = PART_NONE };
    return elfin_sections_open(load, object, table);
}
