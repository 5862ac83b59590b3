/* SPDX-License-Identifier: MIT */
/*
 * Phase "object": from bytes to a validated view. Small steps, each proving one fact that later
 * steps and phases rely on; none of them goes back to the file unchecked.
 */
#include "loader/program.h"

static elfin_status bad_header(struct load *load, const struct object *object, elfin_status status,
                               uint64_t offset, const char *detail, const char *hint)
{
    elfin_diag *diag = elfin_diag_begin(load, status, ELFIN_PHASE_OBJECT, object, detail);

    elfin_diag_offset(diag, offset);
    diag->hint = hint;
    return elfin_diag_emit(load);
}

static elfin_status bad_type(struct load *load, const struct object *object, uint16_t type)
{
    const char *hint = "compile with `gcc -c`, or merge objects with `ld -r`; or use a host that "
                       "loads linked files (elfin_host.programs)";

    if (type == ET_EXEC)
        return bad_header(load, object, ELFIN_ERR_TYPE, 16,
                          "this is an executable (ET_EXEC), and the host takes objects only", hint);
    if (type == ET_DYN)
        return bad_header(load, object, ELFIN_ERR_TYPE, 16,
                          "this is a shared object or position-independent executable (ET_DYN), "
                          "and the host takes objects only",
                          hint);
    if (type == ET_CORE)
        return bad_header(load, object, ELFIN_ERR_TYPE, 16, "this is a core dump (ET_CORE)", "");
    return bad_header(load, object, ELFIN_ERR_TYPE, 16, "its e_type is unknown", "");
}

static bool begins_with(const struct object *object, const char *magic, uint64_t size)
{
    return object->file.size >= size && memcmp(object->file.data, magic, size) == 0;
}

/* Not ELF: what people are likely to have taken for an object. */
static elfin_status not_elf(struct load *load, const struct object *object)
{
    if (begins_with(object, "!<thin>\n", 8))
        return bad_header(load, object, ELFIN_ERR_ARCHIVE, 0,
                          "it is a thin archive: its members are elsewhere",
                          "make it again without ar's T");
    if (begins_with(object, "!<arch>\n", 8))
        return bad_header(load, object, ELFIN_ERR_ARCHIVE, 0, "it is an archive, not an object",
                          "");
    if (begins_with(object, "BC\xc0\xde", 4))
        return bad_header(load, object, ELFIN_ERR_NOT_ELF, 0, "it is LLVM bitcode",
                          "compile without -flto");
    return bad_header(load, object, ELFIN_ERR_NOT_ELF, 0, "its magic number is wrong", "");
}

/* The identification: enough to say what kind of file a stranger has given us. */
static elfin_status check_ident(struct load *load, const struct object *object)
{
    static const uint8_t magic[4] = { 0x7f, 'E', 'L', 'F' };
    struct span ident = { 0 };

    if (object->file.size == 0)
        return bad_header(load, object, ELFIN_ERR_TRUNCATED, 0, "the file is empty", "");
    if (memcmp(object->file.data, magic, object->file.size < 4 ? object->file.size : 4) != 0)
        return not_elf(load, object);
    if (!span_cut(object->file, 0, 20, &ident))
        return bad_header(load, object, ELFIN_ERR_TRUNCATED, object->file.size,
                          "the ELF header is cut off", "");
    if (ident.data[EI_CLASS] == ELFCLASS32)
        return bad_header(load, object, ELFIN_ERR_CLASS, EI_CLASS, "this is a 32-bit object",
                          "compile with -m64");
    if (ident.data[EI_CLASS] != ELFCLASS64)
        return bad_header(load, object, ELFIN_ERR_HEADER, EI_CLASS, "its EI_CLASS is unknown", "");
    if (ident.data[EI_DATA] == ELFDATA2MSB)
        return bad_header(load, object, ELFIN_ERR_ENDIAN, EI_DATA, "this is a big-endian object",
                          "");
    if (ident.data[EI_DATA] != ELFDATA2LSB)
        return bad_header(load, object, ELFIN_ERR_HEADER, EI_DATA, "its EI_DATA is unknown", "");
    if (ident.data[EI_VERSION] != EV_CURRENT)
        return bad_header(load, object, ELFIN_ERR_HEADER, EI_VERSION, "its EI_VERSION is unknown",
                          "");
    if (ident.data[18] != EM_X86_64 || ident.data[19] != 0)
        return bad_header(load, object, ELFIN_ERR_MACHINE, 18, "its e_machine is not EM_X86_64",
                          "");
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
        return bad_header(load, object, ELFIN_ERR_TRUNCATED, object->file.size,
                          "the ELF header is cut off", "");
    span_record(object->file, 0, header, sizeof(*header));
    if (header->e_type != ET_REL && !is_program(load, header))
        return bad_type(load, object, header->e_type);
    if (header->e_version != EV_CURRENT)
        return bad_header(load, object, ELFIN_ERR_HEADER, 20, "its e_version is unknown", "");
    if (header->e_ehsize != sizeof(*header))
        return bad_header(load, object, ELFIN_ERR_HEADER, 52, "its e_ehsize is not 64", "");
    if (header->e_type != ET_REL)
        return ELFIN_OK;
    if (header->e_shoff == 0)
        return bad_header(load, object, ELFIN_ERR_HEADER, 40, "it has no section header table", "");
    if (header->e_shentsize != sizeof(struct elf_section))
        return bad_header(load, object, ELFIN_ERR_HEADER, 58, "its e_shentsize is not 64", "");
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
        return bad_header(load, object, ELFIN_ERR_TRUNCATED, 40,
                          "the section header table lies outside the file", "");
    span_record(*table, 0, &first, sizeof(first));
    if (count == 0)
        count = first.sh_size;
    if (count == 0 || count > UINT32_MAX / 2)
        return bad_header(load, object, ELFIN_ERR_HEADER, 60, "its number of sections is wrong",
                          "");
    if (!span_table(object->file, header->e_shoff, count, sizeof(first), table))
        return bad_header(load, object, ELFIN_ERR_TRUNCATED, 40,
                          "the section header table lies outside the file", "");
    object->section_count = (uint32_t)count;
    *names = header->e_shstrndx == SHN_XINDEX ? first.sh_link : header->e_shstrndx;
    if (*names >= count)
        return bad_header(load, object, ELFIN_ERR_HEADER, 62, "its e_shstrndx is out of range", "");
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
        return bad_header(load, object, ELFIN_ERR_HEADER, 62, "e_shstrndx names no string table",
                          "");
    if (!span_cut(object->file, section.sh_offset, section.sh_size, &names))
        return bad_header(load, object, ELFIN_ERR_TRUNCATED, 62,
                          "the section name table lies outside the file", "");
    if (!span_is_strings(names))
        return bad_header(load, object, ELFIN_ERR_HEADER, 62,
                          "the section name table does not end with a NUL", "");
    object->section_names = names;
    return ELFIN_OK;
}

elfin_status elfin_object_open(struct load *load, struct object *object)
{
    struct elf_header header = { 0 };
    struct span table = { 0 };
    uint32_t names = 0;
    elfin_status status;

    if ((status = check_ident(load, object)) != ELFIN_OK ||
        (status = check_header(load, object, &header)) != ELFIN_OK)
        return status;
    if (header.e_type != ET_REL)
        return load->host->programs->open(load, object, &header);
    if ((status = find_sections(load, object, &header, &table, &names)) != ELFIN_OK ||
        (status = find_names(load, object, table, names)) != ELFIN_OK)
        return status;
    object->sections =
        elfin_arena_get(&load->work, object->section_count, sizeof(*object->sections));
    if (!object->sections)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
    return elfin_sections_open(load, object, table);
}
