/* SPDX-License-Identifier: MIT */
/*
 * Archive members become objects of the group as its undefined names need them. Every name is asked
 * for once, so the work is bounded by the number of names, whatever an index claims.
 */
#include "loader/archive.h"
#include "loader/features.h"
#include "libmini/str.h"

static elfin_status bad_member(struct load *load, const struct library *library, uint64_t offset,
                               const char *name, uint32_t defect)
{
    elfin_diag *diag = elfin_diag_begin(load, NULL, defect);

    elfin_copy_name(diag->file, library->input->file);
    elfin_copy_name(diag->symbol, name);
    elfin_diag_offset(diag, offset);
    return elfin_diag_emit(load);
}

static char *append_text(char *to, const char *text)
{
    size_t length = mini_strlen(text);

    memcpy(to, text, length);
    return to + length;
}

static char *append_number(char *to, uint64_t number, unsigned base)
{
    uint64_t unit = 1;

    while (number / unit >= base)
        unit *= base;
    for (; unit; unit /= base)
        *to++ = "0123456789abcdef"[number / unit % base];
    return to;
}

/* "libz.a(crc32.o)" */
static const char *member_name(struct load *load, const struct library *library,
                               const struct member *member)
{
    size_t size = mini_strlen(library->name) + mini_strlen(member->name) + 3;
    char *name = elfin_arena_get(&load->work, 1, size);

    if (name)
        append_text(append_text(append_text(append_text(name, library->name), "("), member->name),
                    ")");
    return name;
}

bool elfin_is_taken(const struct load *load, struct name name)
{
    return elfin_names_find(&load->modules, name) || elfin_find_module_item(load, name);
}

elfin_status elfin_member_rename(struct load *load, struct object *object)
{
    char *name = elfin_arena_get(&load->work, 1, mini_strlen(object->name) + 32), *end;

    if (!name)
        return elfin_fail_memory(load, ELFIN_PHASE_RESOLVE, object);
    end = append_number(append_text(append_text(name, object->name), "@0x"), object->offset, 16);
    for (uint32_t copy = 2; elfin_is_taken(load, elfin_name(name)); copy++)
        *append_number(append_text(end, "#"), copy, 10) = 0;
    object->name = name;
    return ELFIN_OK;
}

static elfin_status pull(struct load *load, struct library *library, uint64_t offset,
                         const char *symbol)
{
    struct member member = { 0 };
    struct object *object;
    uint32_t wrong;

    if (offset % 2)
        return bad_member(load, library, offset, symbol, DEFECT_ARCHIVE_INDEX_ODD);
    wrong = elfin_archive_member(library->file, library->long_names, offset, &member);
    if (!wrong && member.kind != MEMBER_OBJECT)
        wrong = DEFECT_ARCHIVE_INDEX_OBJECT;
    if (wrong)
        return bad_member(load, library, offset, symbol, wrong);
    if (library->pulled[offset / 16] & 1u << (offset / 2 % 8))
        return ELFIN_OK;
    library->pulled[offset / 16] |= (uint8_t)(1u << (offset / 2 % 8));
    library->pulled_bytes += member.data.size;
    if (library->pulled_bytes > library->file.size)
        return bad_member(load, library, offset, symbol, DEFECT_ARCHIVE_OVERLAP);
    object = elfin_arena_get(&load->work, 1, sizeof(*object));
    if (!object || !(object->file_name = member_name(load, library, &member)))
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, NULL);
    object->input = library->input;
    object->archive = library->name;
    object->file = member.data;
    object->block = library->block;
    object->offset = offset;
    return elfin_load_add(load, object);
}

/* Who may be told of hidden names; and libraries will be asked for those that are undefined. */
void elfin_library_refer(struct load *load, struct symbol *symbol, const struct object *object,
                         bool weak)
{
    struct library_symbol *rest = library_symbol(symbol);

    if (object->archive && !rest->archive)
        rest->archive = object->archive;
    else if (object->archive && !mini_str_equal(rest->archive, object->archive))
        symbol->outside = true;
    if (weak || symbol->state != SYMBOL_UNDEFINED || symbol->open)
        return;
    symbol->open = true;
    rest->next_open = load->open;
    load->open = symbol;
}

/* Members of one archive see each other's hidden names, whichever group pulled them. */
item elfin_find_private(const struct load *load, const struct symbol *symbol)
{
    const char *archive = library_symbol(symbol)->archive;

    if (!archive || symbol->outside)
        return 0;
    return elfin_index_find_except(load->space, symbol_name(symbol), ITEM_PRIVATE, archive,
                                   load->replaces);
}

item elfin_find_import(const struct load *load, const struct symbol *symbol)
{
    item found = elfin_find_private(load, symbol);

    if (found || is_hidden(symbol))
        return found;
    return elfin_index_find_except(load->space, symbol_name(symbol), ITEM_RECORD, NULL,
                                   load->replaces);
}

static bool is_settled(const struct load *load, struct symbol *symbol)
{
    return symbol->state != SYMBOL_UNDEFINED || elfin_find_import(load, symbol) ||
           elfin_ask_host(load, symbol);
}

elfin_status elfin_library_pull(struct load *load)
{
    while (load->open && load->libraries) {
        struct symbol *symbol = load->open;
        struct library *library = load->libraries;

        load->open = library_symbol(symbol)->next_open;
        for (; library && !is_settled(load, symbol); library = library->next) {
            const struct library_entry *entry = elfin_names_find(
                &library->index, (struct name){ .text = symbol->name, .hash = symbol->hash });
            elfin_status status =
                entry ? pull(load, library, entry->offset, symbol->name) : ELFIN_OK;

            if (status != ELFIN_OK)
                return status;
        }
    }
    return ELFIN_OK;
}
