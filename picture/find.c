/* SPDX-License-Identifier: MIT */
/* Questions to a picture. */
#include "picture/picture.h"

#include "libmini/str.h"

const struct picture_piece *picture_find(const struct picture *picture, uint64_t address)
{
    size_t low = 0, high = picture->piece_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct picture_piece *piece = &picture->pieces[middle];

        if (address > piece->last)
            low = middle + 1;
        else if (address < piece->first)
            high = middle;
        else
            return piece;
    }
    return NULL;
}

uint32_t picture_find_module(const struct picture *picture, const char *name)
{
    for (uint32_t i = 0; i < picture->module_count; i++)
        if (mini_str_equal(picture->modules[i].name, name))
            return i;
    return PICTURE_NONE;
}

/* The item that holds the address: the last one that begins at or below it, if it is that long. */
static const struct picture_item *find_item(const struct picture *picture, uint64_t address)
{
    size_t low = 0, high = picture->item_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (picture->items[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || address - picture->items[low - 1].address >= picture->items[low - 1].size)
        return NULL;
    return &picture->items[low - 1];
}

const char *picture_owner(const struct picture *picture, uint64_t address)
{
    const struct picture_piece *piece = picture_find(picture, address);
    const struct picture_item *item = find_item(picture, address);

    if (item)
        return picture->modules[item->module].name;
    if (!piece)
        return "nothing known";
    return piece->label ? piece->label : picture_kind_name(piece->kind);
}
