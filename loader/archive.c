/* SPDX-License-Identifier: MIT */
/* Reading archives: members, the symbol index, long names. */
#include "loader/archive.h"
#include "loader/features.h"
#include "libmini/str.h"

/* A decimal number that fills a field, padded with spaces. */
static bool read_decimal(const uint8_t *field, unsigned size, uint64_t *out)
{
    unsigned length = 0;

    while (length < size && field[length] != ' ')
        length++;
    return length && mini_parse_u64((const char *)field, length, out);
}

/* A name of `length` bytes at most that ends at one of the stop characters. */
static void copy_name(char *out, const uint8_t *text, uint64_t length, char stop)
{
    uint64_t i;

    for (i = 0; i < length && i < ARCHIVE_NAME_SIZE - 1 && text[i] && text[i] != (uint8_t)stop &&
                text[i] != '\n';
         i++)
        out[i] = (char)(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
    while (i > 0 && out[i - 1] == ' ')
        i--;
    out[i] = 0;
}

/* "/123": the name stands in the long name member, ended by "/\n". */
static uint32_t long_name(struct span long_names, const uint8_t *field, struct member *out)
{
    struct span text;
    uint64_t offset;

    if (!read_decimal(field + 1, 15, &offset) || offset >= long_names.size)
        return DEFECT_ARCHIVE_LONG_NAME;
    span_cut(long_names, offset, long_names.size - offset, &text);
    copy_name(out->name, text.data, text.size, '/');
    return DEFECT_NONE;
}

static uint32_t read_name(struct span long_names, const uint8_t *field, struct member *out)
{
    out->kind = MEMBER_OBJECT;
    if (field[0] != '/') {
        copy_name(out->name, field, 16, '/');
        return DEFECT_NONE;
    }
    copy_name(out->name, field, 16, ' ');
    if (field[1] >= '0' && field[1] <= '9')
        return long_name(long_names, field, out);
    if (mini_str_equal(out->name, "/"))
        out->kind = MEMBER_INDEX;
    else if (mini_str_equal(out->name, "//"))
        out->kind = MEMBER_LONG_NAMES;
    else if (mini_str_equal(out->name, "/SYM64/"))
        out->kind = MEMBER_INDEX64;
    else
        return DEFECT_ARCHIVE_NAME;
    return DEFECT_NONE;
}

uint32_t elfin_archive_member(struct span file, struct span long_names, uint64_t offset,
                              struct member *out)
{
    struct span header = { 0 };
    uint64_t size;

    if (!span_cut(file, offset, ARCHIVE_HEADER_SIZE, &header))
        return DEFECT_ARCHIVE_HEADER_CUT;
    if (header.data[58] != '`' || header.data[59] != '\n')
        return DEFECT_ARCHIVE_HEADER_END;
    if (!read_decimal(header.data + 48, 10, &size))
        return DEFECT_ARCHIVE_SIZE;
    if (!span_cut(file, offset + ARCHIVE_HEADER_SIZE, size, &out->data))
        return DEFECT_ARCHIVE_MEMBER_CUT;
    out->next = offset + ARCHIVE_HEADER_SIZE + size + (size & 1);
    return read_name(long_names, header.data, out);
}

static elfin_status bad_archive(struct load *load, const struct library *library, uint64_t offset,
                                uint32_t defect)
{
    elfin_diag *diag = elfin_diag_begin(load, NULL, defect);

    elfin_copy_name(diag->file, library->input->file);
    elfin_diag_offset(diag, offset);
    return elfin_diag_emit(load);
}

static uint64_t read_big_endian(struct span s, uint64_t offset, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value = value << 8 | s.data[offset + i];
    return value;
}

/* The index: a count, that many offsets of members, that many names; numbers are big-endian. */
static elfin_status read_index(struct load *load, struct library *library, struct span index,
                               unsigned width)
{
    struct library_entry *entries;
    struct span offsets, names;
    uint64_t count, at = 0;
    elfin_status status;

    if (index.size < width)
        return bad_archive(load, library, 0, DEFECT_ARCHIVE_INDEX_CUT);
    count = read_big_endian(index, 0, width);
    if (!span_table(index, width, count, width, &offsets) ||
        !span_cut(index, width + offsets.size, index.size - width - offsets.size, &names) ||
        !span_is_strings(names))
        return bad_archive(load, library, 0, DEFECT_ARCHIVE_INDEX_MALFORMED);
    entries = elfin_arena_get(&load->work, count, sizeof(*entries));
    if (!entries)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, NULL);
    status = elfin_names_reserve(&library->index, &load->work, count);
    for (uint64_t i = 0; status == ELFIN_OK && i < count; i++) {
        struct name name;

        if (!span_string(names, at))
            return bad_archive(load, library, 0, DEFECT_ARCHIVE_INDEX_NAMES);
        name = elfin_name_in(names, at);
        entries[i].name = name.text;
        entries[i].offset = read_big_endian(offsets, i * width, width);
        /* The first member that defines a name has it. */
        if (!elfin_names_enter(&library->index, name, &entries[i]))
            status = ELFIN_ERR_LIMIT;
        at += (uint64_t)name.length + 1;
    }
    if (status != ELFIN_OK)
        return elfin_fail(load, NULL, defect_as(DEFECT_ARCHIVE_INDEX_MEMORY, status));
    return ELFIN_OK;
}

/* The first members, in any order: symbol index and long names. */
static elfin_status open_library(struct load *load, struct library *library)
{
    uint64_t offset = ARCHIVE_MAGIC_SIZE;
    bool indexed = false;

    while (offset < library->file.size) {
        struct member member = { 0 };
        uint32_t wrong = elfin_archive_member(library->file, library->long_names, offset, &member);
        elfin_status status = ELFIN_OK;

        if (wrong)
            return bad_archive(load, library, offset, wrong);
        if (member.kind == MEMBER_OBJECT)
            break;
        if (member.kind == MEMBER_LONG_NAMES)
            library->long_names = member.data;
        else
            status = read_index(load, library, member.data, member.kind == MEMBER_INDEX ? 4 : 8);
        if (status != ELFIN_OK)
            return status;
        indexed |= member.kind != MEMBER_LONG_NAMES;
        offset = member.next;
    }
    if (!indexed && offset < library->file.size)
        return bad_archive(load, library, offset, DEFECT_ARCHIVE_NO_INDEX);
    library->pulled = elfin_arena_get(&load->work, library->file.size / 16 + 1, 1);
    return library->pulled ? ELFIN_OK : elfin_fail_memory(load, ELFIN_PHASE_OBJECT, NULL);
}

static elfin_status archives_open(struct load *load, const elfin_input *input, uint32_t block)
{
    struct library *library = elfin_arena_get(&load->work, 1, sizeof(*library));

    if (!library)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, NULL);
    library->input = input;
    library->name = elfin_base_name(input->file);
    library->file = (struct span){ .data = input->data, .size = input->size };
    library->block = block;
    *load->libraries_end = library;
    load->libraries_end = &library->next;
    return open_library(load, library);
}

elfin_status elfin_archive_members(const void *data, size_t size, const char *file,
                                   elfin_member_fn each, void *ctx, elfin_diag *diag)
{
    struct span archive = { .data = data, .size = size }, long_names = { 0 };
    uint64_t offset = ARCHIVE_MAGIC_SIZE;
    uint32_t wrong = elfin_is_archive(data, size) ? DEFECT_NONE : DEFECT_ARCHIVE_MAGIC;

    while (!wrong && offset < size) {
        struct member member = { 0 };

        wrong = elfin_archive_member(archive, long_names, offset, &member);
        if (wrong)
            break;
        if (member.kind == MEMBER_LONG_NAMES)
            long_names = member.data;
        else if (member.kind == MEMBER_OBJECT &&
                 !each(ctx, member.name, member.data.data, (size_t)member.data.size))
            break;
        offset = member.next;
    }
    if (!wrong)
        return ELFIN_OK;
    if (diag) {
        elfin_diag_clear(diag, wrong);
        elfin_copy_name(diag->file, file);
        elfin_diag_offset(diag, offset);
    }
    return ELFIN_ERR_ARCHIVE;
}

/* A member with nothing to load and no definition that the index could mean is left out. */
static bool archives_is_empty(const struct object *object)
{
    for (uint32_t i = object->loaded; i; i = object->sections[i].loaded)
        if (object->sections[i].size)
            return false;
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        struct elf_symbol symbol = elfin_read_symbol(object, i);

        uint32_t section = elfin_symbol_section(object, &symbol, i);

        if (section & SECTION_SPECIAL || (section && section < object->section_count &&
                                          object->sections[section].part != PART_NONE))
            return false;
    }
    return true;
}

const struct elfin_archives elfin_archives = {
    .is_empty = archives_is_empty,
    .open = archives_open,
    .refer = elfin_library_refer,
    .pull = elfin_library_pull,
    .rename = elfin_member_rename,
    .find_private = elfin_find_private,
};
