/* SPDX-License-Identifier: MIT */
/* What some do with one object: members of libraries, what is prepared, what is inspected. */
#include "loader/internal.h"

elfin_status elfin_load_add(struct load *load, struct object *object)
{
    elfin_status status = elfin_input_open(load, object);

    if (status != ELFIN_OK || !object->opened)
        return status;
    elfin_input_append(load, object);
    return elfin_symbols_enter(load, object);
}

void elfin_symbols_change(const struct object *object, enum symbol_state from, enum symbol_state to)
{
    uint32_t count = object->symbol_count - object->first_global;

    for (uint32_t i = 0; i <= count; i++) {
        struct symbol *symbol = i < count ? object->global[i] : object->finalize;

        if (symbol && symbol->state == from)
            symbol->state = (uint8_t)to;
    }
}
