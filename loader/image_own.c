/* SPDX-License-Identifier: MIT */
/* What lasts of an image beside its instance: whom its imports are bound to, and the lists of
 * fixups. */
#include "loader/image.h"

static uint64_t base_of(const elfin_module *module, uint8_t base)
{
    switch (base) {
    case IMAGE_BASE_BLOCK:
        return module->base;
    case IMAGE_BASE_TLS:
        return (uint64_t)module->tls.offset;
    default:
        return 0;
    }
}

uint32_t elfin_image_own_count(const elfin_module *module)
{
    return (uint32_t)module->image->view.header.table[IMAGE_OWN].count;
}

bool elfin_image_own_symbol(const elfin_module *module, uint32_t position, elfin_symbol *out)
{
    struct image_own own;

    if (position >= elfin_image_own_count(module))
        return false;
    span_record(module->image->view.table[IMAGE_OWN], position, &own, sizeof(own));
    *out = (elfin_symbol){
        .name = elfin_image_symbol_name(&module->image->view, own.symbol),
        .address = own.value + base_of(module, own.base),
        .size = own.size,
        .weak = own.flags & RECORD_WEAK,
        .function = own.flags & RECORD_FUNCTION,
        .tls = own.base == IMAGE_BASE_TLS,
    };
    return true;
}
