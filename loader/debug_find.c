/* SPDX-License-Identifier: MIT */
/*
 * Looking up in tables that were made when the module was loaded: from a fault handler too. Bytes
 * of a table may have been overwritten since; what is then found is wrong, but nothing else is read
 * than tables.
 */
#include "loader/debug_symbols.h"

enum {
    NESTED = 16 /* symbols that may begin inside of one another */
};

uint64_t elfin_rows_below(const void *rows, uint64_t width, uint64_t count, uint64_t offset)
{
    uint64_t low = 0, high = count;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        uint32_t start;

        __builtin_memcpy(&start, (const uint8_t *)rows + middle * width, sizeof(start));
        if (start <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const char *elfin_row_name(const char *names, uint64_t size, uint32_t at)
{
    return at < size && !names[size - 1] ? names + at : "";
}

const struct module_symbols *elfin_symbols_of(const struct elfin_module *module)
{
    const struct module_symbols *m = debug_part(module, DEBUG_SYMBOLS);

    return m && m->seal == seal_of(m, offsetof(struct module_symbols, seal)) ? m : NULL;
}

const struct section_row *elfin_section_at(const struct module_symbols *m, uint64_t offset)
{
    const struct section_row *rows = section_rows(m);
    uint64_t below = elfin_rows_below(rows, sizeof(*rows), m->section_count, offset);

    return below && offset - rows[below - 1].start < rows[below - 1].size ? &rows[below - 1] : NULL;
}

const struct elfin_symbol_row *elfin_symbol_at(const struct elfin_symbol_row *rows, uint64_t count,
                                               uint64_t offset, uint64_t low)
{
    uint64_t below = elfin_rows_below(rows, sizeof(*rows), count, offset);

    for (int i = 0; i < NESTED && below && rows[below - 1].start >= low; i++, below--)
        if (offset - rows[below - 1].start < rows[below - 1].size)
            return &rows[below - 1];
    return NULL;
}
