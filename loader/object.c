/* SPDX-License-Identifier: MIT */
/*
 * Phase "object": from bytes to a validated view. Small steps, each proving one fact that later
 * steps and phases rely on; none of them goes back to the file unchecked.
 */
#include "loader/image.h"
#include "loader/program.h"

static elfin_status bad_type(struct load *load, const struct object *object, uint16_t type)
{
    if (type == ET_EXEC)
        return elfin_fail_at(load, object, 16, DEFECT_IS_EXECUTABLE);
    if (type == ET_DYN)
        return elfin_fail_at(load, object, 16, DEFECT_IS_SHARED);
    if (type == ET_CORE)
        return elfin_fail_at(load, object, 16, DEFECT_IS_CORE);
    return elfin_fail_at(load, object, 16, DEFECT_E_TYPE);
}

static bool begins_with(const struct object *object, const char *magic, uint64_t size)
{
    return object->file.size >= size && memcmp(object->file.data, magic, size) == 0;
}

/* Not ELF: what people are likely to have taken for an object. */
static elfin_status not_elf(struct load *load, const struct object *object)
{
    if (begins_with(object, "!<thin>\n", 8))
        return elfin_fail_at(load, object, 0, DEFECT_IS_THIN_ARCHIVE);
    if (begins_with(object, "!<arch>\n", 8))
        return elfin_fail_at(load, object, 0, DEFECT_IS_ARCHIVE);
    if (begins_with(object, "BC\xc0\xde", 4))
        return elfin_fail_at(load, object, 0, DEFECT_IS_BITCODE);
    return elfin_fail_at(load, object, 0, DEFECT_MAGIC);
}

/* The identification: enough to say what kind of file a stranger has given us. */
static elfin_status check_ident(struct load *load, const struct object *object)
{
    static const uint8_t magic[4] = { 0x7f, 'E', 'L', 'F' };
    struct span ident = { 0 };

    if (object->file.size == 0)
        return elfin_fail_at(load, object, 0, DEFECT_EMPTY);
    if (memcmp(object->file.data, magic, object->file.size < 4 ? object->file.size : 4) != 0)
        return not_elf(load, object);
    if (!span_cut(object->file, 0, 20, &ident))
        return elfin_fail_at(load, object, object->file.size, DEFECT_HEADER_CUT);
    if (ident.data[EI_CLASS] == ELFCLASS32)
        return elfin_fail_at(load, object, EI_CLASS, DEFECT_IS_32_BIT);
    if (ident.data[EI_CLASS] != ELFCLASS64)
        return elfin_fail_at(load, object, EI_CLASS, DEFECT_EI_CLASS);
    if (ident.data[EI_DATA] == ELFDATA2MSB)
        return elfin_fail_at(load, object, EI_DATA, DEFECT_IS_BIG_ENDIAN);
    if (ident.data[EI_DATA] != ELFDATA2LSB)
        return elfin_fail_at(load, object, EI_DATA, DEFECT_EI_DATA);
    if (ident.data[EI_VERSION] != EV_CURRENT)
        return elfin_fail_at(load, object, EI_VERSION, DEFECT_EI_VERSION);
    if (ident.data[18] != EM_X86_64 || ident.data[19] != 0)
        return elfin_fail_at(load, object, 18, DEFECT_E_MACHINE);
    return ELFIN_OK;
}

/* An executable or shared object that the host wants. */
static bool is_program(const struct load *load, const struct elf_header *header)
{
    return (header->e_type == ET_EXEC || header->e_type == ET_DYN) && load->host->programs;
}

static elfin_status check_header(struct load *load, const struct object *object,
                                 struct elf_header *header)
{
    if (object->file.size < sizeof(*header))
        return elfin_fail_at(load, object, object->file.size, DEFECT_HEADER_CUT);
    span_record(object->file, 0, header, sizeof(*header));
    if (header->e_type != ET_REL && !is_program(load, header))
        return bad_type(load, object, header->e_type);
    if (header->e_version != EV_CURRENT)
        return elfin_fail_at(load, object, 20, DEFECT_E_VERSION);
    if (header->e_ehsize != sizeof(*header))
        return elfin_fail_at(load, object, 52, DEFECT_E_EHSIZE);
    if (header->e_type != ET_REL)
        return ELFIN_OK;
    if (header->e_shoff == 0)
        return elfin_fail_at(load, object, 40, DEFECT_NO_SECTIONS);
    if (header->e_shentsize != sizeof(struct elf_section))
        return elfin_fail_at(load, object, 58, DEFECT_E_SHENTSIZE);
    return ELFIN_OK;
}

/*
 * Finds the section header table. Counts that do not fit the header's 16 bits stand in section 0
 * (gABI, "ELF Header": e_shnum, e_shstrndx).
 */
static elfin_status find_sections(struct load *load, struct object *object,
                                  const struct elf_header *header, struct span *table,
                                  uint32_t *names)
{
    struct elf_section first;
    uint64_t count = header->e_shnum;

    if (!span_table(object->file, header->e_shoff, 1, sizeof(first), table))
        return elfin_fail_at(load, object, 40, DEFECT_SECTIONS_CUT);
    span_record(*table, 0, &first, sizeof(first));
    if (count == 0)
        count = first.sh_size;
    if (count == 0 || count > UINT32_MAX / 2)
        return elfin_fail_at(load, object, 60, DEFECT_E_SHNUM);
    if (!span_table(object->file, header->e_shoff, count, sizeof(first), table))
        return elfin_fail_at(load, object, 40, DEFECT_SECTIONS_CUT);
    object->section_count = (uint32_t)count;
    *names = header->e_shstrndx == SHN_XINDEX ? first.sh_link : header->e_shstrndx;
    if (*names >= count)
        return elfin_fail_at(load, object, 62, DEFECT_E_SHSTRNDX);
    return ELFIN_OK;
}

/* Section names first, so that every later report can name its section. */
static elfin_status find_names(struct load *load, struct object *object, struct span table,
                               uint32_t index)
{
    struct elf_section section;
    struct span names = { 0 };

    if (index == 0)
        return ELFIN_OK;
    span_record(table, index, &section, sizeof(section));
    if (section.sh_type != SHT_STRTAB)
        return elfin_fail_at(load, object, 62, DEFECT_E_SHSTRNDX_TYPE);
    if (!span_cut(object->file, section.sh_offset, section.sh_size, &names))
        return elfin_fail_at(load, object, 62, DEFECT_SECTION_NAMES_CUT);
    if (!span_is_strings(names))
        return elfin_fail_at(load, object, 62, DEFECT_SECTION_NAMES_END);
    object->section_names = names;
    return ELFIN_OK;
}

elfin_status elfin_object_open(struct load *load, struct object *object)
{
    struct elf_header header = { 0 };
    struct span table = { 0 };
    uint32_t names = 0;
    elfin_status status;

    if (object->input->image || elfin_image_begins(object->file)) {
        if (!load->host->images)
            return elfin_fail_at(load, object, 0, DEFECT_IS_IMAGE);
        return load->work.host ? load->host->images->open(load, object) : ELFIN_ERR_BUSY;
    }
    if ((status = check_ident(load, object)) != ELFIN_OK ||
        (status = check_header(load, object, &header)) != ELFIN_OK)
        return status;
    if (header.e_type != ET_REL)
        return load->work.host ? load->host->programs->open(load, object, &header)
                               : ELFIN_ERR_BUSY; /* left to the calling CPU */
    if ((status = find_sections(load, object, &header, &table, &names)) != ELFIN_OK ||
        (status = find_names(load, object, table, names)) != ELFIN_OK)
        return status;
    object->sections =
        elfin_arena_take(&load->work, object->section_count, sizeof(*object->sections));
    if (!object->sections)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
    object->sections[0] = (struct section){ .part = PART_NONE };
    return elfin_sections_open(load, object, table);
}
