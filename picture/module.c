/* SPDX-License-Identifier: MIT */
/* One module: where its sections lie, who is around it, and why it needs slots and stubs. */
#include "picture/draw.h"
#include "picture/pieces.h"

enum {
    MAX_SLOTS = 64
};

/* What 32-bit displacements span, either way. */
static const uint64_t reach = UINT64_C(1) << 31;

/* The stretch that every byte of the module's code reaches without help. */
static void put_reach(const struct picture *picture, const struct picture_block *block,
                      uint32_t module, struct line *line)
{
    uint64_t first = UINT64_MAX, last = 0;

    for (uint32_t i = 0; i < block->item_count; i++) {
        const struct picture_item *item = &picture->items[block->first_item + i];

        if (item->module != module || item->part != ELFIN_PART_TEXT)
            continue;
        first = lower(first, item->address);
        last = higher(last, item->address + (item->size - 1));
    }
    if (first > last)
        return;
    /* Modulo 2^64, as the processor adds: from low memory the top is near. */
    picture_line_add(line, "  its code reaches 0x%llx-0x%llx directly%s",
                     (unsigned long long)(last - reach), (unsigned long long)(first + (reach - 1)),
                     last < reach || first + (reach - 1) < first ? ", across 0" : "");
    picture_line_end(line);
}

static void put_neighbour(const struct picture *picture, const char *where, uint64_t address,
                          struct line *line)
{
    const struct picture_piece *piece = picture_find(picture, address);
    char size[PICTURE_SIZE_TEXT];

    picture_line_add(line, "  %s the block: ", where);
    if (!piece) {
        picture_line_add(line, "nothing");
    } else {
        picture_line_add(line, "%s", picture_size(size, extent(piece->first, piece->last)));
        picture_line_add(line, " %s, 0x%llx-0x%llx", picture_kind_name(piece->kind),
                         (unsigned long long)piece->first, (unsigned long long)piece->last);
    }
    picture_line_end(line);
}

static void put_slot(const struct picture *picture, const elfin_slot *slot, struct line *line)
{
    uint64_t distance = slot->target - (slot->stub ? slot->stub : slot->address);
    bool below = distance >> 63;
    char size[PICTURE_SIZE_TEXT];

    picture_line_add(line, "    ");
    picture_line_name(line, slot->name, 20);
    picture_line_column(line, 24);
    if (slot->tls || slot->target == 0) {
        if (slot->tls)
            picture_line_add(line, "%lld from the thread pointer", (long long)slot->target);
        else
            picture_line_add(line, "0, undefined and weak");
        picture_line_end(line);
        return;
    }
    picture_line_add(line, "0x%llx ", (unsigned long long)slot->target);
    picture_line_column(line, 42);
    picture_line_name(line, picture_owner(picture, slot->target), 17);
    picture_line_column(line, 60);
    picture_line_add(line, "%c%s", below ? '-' : '+',
                     picture_size(size, below ? -distance : distance));
    picture_line_column(line, 72);
    picture_line_add(line, "%s", slot->stub ? "stub" : "");
    picture_line_end(line);
}

static void put_indirect(const struct picture_module *module, struct line *line)
{
    elfin_indirect function;

    for (uint32_t i = 0; i < MAX_SLOTS && elfin_module_indirect(module->module, i, &function);
         i++) {
        picture_line_add(line, "    ");
        picture_line_name(line, function.name, 20);
        picture_line_column(line, 24);
        picture_line_add(line, "0x%llx indirect function", (unsigned long long)function.address);
        picture_line_end(line);
    }
}

static void put_slots(const struct picture *picture, const struct picture_module *module,
                      struct line *line)
{
    elfin_slot slot;

    if (module->slot_room == 0)
        return;
    picture_line_add(line, "  slots: %u of %u used, stubs: %u of %u%s", module->slots,
                     module->slot_room, module->stubs, module->stub_room,
                     module->slots < module->slot_room ? "; what is not used turned out to be near"
                                                       : "");
    picture_line_end(line);
    if (!module->module)
        return;
    put_indirect(module, line);
    for (uint32_t i = 0; i < MAX_SLOTS && elfin_module_slot(module->module, i, &slot); i++)
        put_slot(picture, &slot, line);
    if (module->slots > MAX_SLOTS) {
        picture_line_add(line, "    and %u more", module->slots - MAX_SLOTS);
        picture_line_end(line);
    }
}

/* As many on a line as fit. */
static void put_uses(const struct picture_module *module, struct line *line)
{
    const elfin_module *used;
    const char *separator = "  uses ";

    for (uint32_t i = 0; module->module && (used = elfin_module_uses(module->module, i)); i++) {
        elfin_module_info info;

        elfin_module_get(used, &info);
        if (line->length > PICTURE_COLUMNS - 34) {
            picture_line_end(line);
            separator = "    ";
        }
        picture_line_add(line, "%s", separator);
        picture_line_name(line, info.name, 32);
        separator = ", ";
    }
    if (line->length > 0)
        picture_line_end(line);
}

static void put_place(const struct picture *picture, uint32_t module, struct line *line)
{
    const struct picture_block *block = &picture->blocks[picture->modules[module].block];

    picture_draw_block_head(picture, block, line);
    picture_draw_segments(picture, block, module, line);
    if (block->first > 0)
        put_neighbour(picture, "below", block->first - 1, line);
    if (block->last < UINT64_MAX)
        put_neighbour(picture, "above", block->last + 1, line);
    put_reach(picture, block, module, line);
}

void picture_draw_module(const struct picture *picture, uint32_t module,
                         const struct picture_output *output)
{
    const struct picture_module *shown = &picture->modules[module];
    char size[PICTURE_SIZE_TEXT];
    struct line line;

    picture_line_begin(&line, output);
    picture_line_add(&line, "module ");
    picture_line_name(&line, shown->name, 30);
    picture_line_add(&line, ", file ");
    picture_line_name(&line, shown->file, 24);
    picture_line_add(&line, ", %s", picture_size(size, shown->size));
    picture_line_end(&line);
    if (shown->block == PICTURE_NONE) {
        picture_line_add(&line, "  nothing of it is in memory");
        picture_line_end(&line);
    } else {
        put_place(picture, module, &line);
    }
    put_slots(picture, shown, &line);
    put_uses(shown, &line);
}
