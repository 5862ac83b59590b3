/* SPDX-License-Identifier: MIT */
/* The address of an export. */
#include "loader/internal.h"

elfin_status elfin_look_up(const elfin_space *space, const char *name, bool tls,
                           struct definition *out)
{
    item found = elfin_index_find_export(space, elfin_name(name));

    if (!found)
        return ELFIN_ERR_NOT_FOUND;
    *out = elfin_item_definition(found);
    return out->tls == tls ? ELFIN_OK : ELFIN_ERR_TLS;
}

elfin_status elfin_lookup(const elfin_space *space, const char *name, uint64_t *address,
                          const elfin_module **owner)
{
    struct definition found;
    elfin_status status = elfin_look_up(space, name, false, &found);

    if (status != ELFIN_OK)
        return status;
    *address = found.address;
    if (owner)
        *owner = found.owner;
    return ELFIN_OK;
}
