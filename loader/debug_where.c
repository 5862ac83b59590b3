/* SPDX-License-Identifier: MIT */
/* elfin_symbolize: what is known of an address. */
#include "loader/lines.h"

/* Without tables: the last global symbol at or below the address that does not end before it. */
static void find_global(const elfin_module *module, elfin_location *location)
{
    elfin_symbol symbol;
    bool found = false;

    for (uint32_t i = 0; elfin_module_symbol(module, i, &symbol); i++) {
        uint64_t offset = location->address - symbol.address;

        if (symbol.tls || symbol.address > location->address ||
            (found && offset >= location->symbol_offset) || (symbol.size && offset >= symbol.size))
            continue;
        location->symbol = symbol.name;
        location->symbol_offset = offset;
        found = true;
    }
}

static void find_section(const elfin_module *module, elfin_location *location)
{
    elfin_section section;

    for (uint32_t i = 0; elfin_module_section(module, i, &section); i++)
        if (!section.tls && location->address - section.address < section.size) {
            location->section = section.name;
            location->section_offset = location->address - section.address;
        }
}

static void find_in_tables(const struct elfin_module *module, const struct module_symbols *m,
                           elfin_location *location)
{
    uint64_t offset = location->address - m->base;
    const struct section_row *section = elfin_section_at(m, offset);
    const struct elfin_symbol_row *symbol;

    if (!section)
        return;
    location->section = elfin_row_name(symbol_names(m), m->names_size, section->name);
    location->section_offset = offset - section->start;
    symbol = elfin_symbol_at(symbol_rows(m), m->symbol_count, offset, section->start);
    if (symbol) {
        location->symbol = elfin_row_name(symbol_names(m), m->names_size, symbol->name);
        location->symbol_offset = offset - symbol->start;
    }
    elfin_line_find(module, section, offset, location);
}

static void find_in_module(elfin_module *module, elfin_location *location)
{
    const struct module_symbols *m = elfin_symbols_of(module);

    location->module = module;
    location->name = record_name(&module->self);
    location->offset = location->address - module->address;
    if (m) {
        find_in_tables(module, m, location);
    } else {
        find_section(module, location);
        find_global(module, location);
    }
}

static void find_in_image(const elfin_code_image *image, elfin_location *location)
{
    const elfin_symbol_table *table = image->symbols;
    const struct elfin_symbol_row *symbol;
    uint64_t offset = location->address - image->text;

    location->image = image;
    location->name = image->name;
    location->offset = location->address - image->base;
    if (!table || table->version != ELFIN_SYMBOL_TABLE_VERSION || location->address < image->text)
        return;
    symbol = elfin_symbol_at(table->rows, table->count, offset, 0);
    if (symbol) {
        location->symbol = elfin_row_name(table->names, table->names_size, symbol->name);
        location->symbol_offset = offset - symbol->start;
    }
}

elfin_status elfin_symbolize(const elfin_space *space, uint64_t address, elfin_location *location)
{
    const elfin_code_image *image;
    elfin_module *module;

    if (!space || !location)
        return ELFIN_ERR_ARGUMENT;
    *location = (elfin_location){
        .address = address, .name = "", .section = "", .symbol = "", .directory = "", .file = ""
    };
    module = elfin_debug_module_at(space, address);
    if (module) {
        find_in_module(module, location);
        return ELFIN_OK;
    }
    for (image = space->host.code_images; image; image = image->next)
        if (address - image->base < image->size) {
            find_in_image(image, location);
            return ELFIN_OK;
        }
    return ELFIN_ERR_NOT_FOUND;
}
