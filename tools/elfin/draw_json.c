/* SPDX-License-Identifier: MIT */
#include "tools/elfin/draw.h"

#include "tools/elfin/json.h"

static void put_range(struct json *json, uint64_t first, uint64_t last)
{
    json_address(json, "first", first);
    json_address(json, "last", last);
}

static void put_pieces(struct json *json, const struct picture *picture)
{
    json_array(json, "memory");
    for (size_t i = 0; i < picture->piece_count; i++) {
        const struct picture_piece *piece = &picture->pieces[i];

        json_object(json, NULL);
        put_range(json, piece->first, piece->last);
        json_string(json, "kind", picture_kind_name(piece->kind));
        if (piece->kind == PICTURE_MODULES)
            json_number(json, "block", piece->block);
        json_end(json);
    }
    json_end(json);
}

static void put_parts(struct json *json, const struct picture *picture,
                      const struct picture_block *block)
{
    json_array(json, "parts");
    for (uint32_t i = 0; i < block->segment_count; i++) {
        const struct picture_segment *segment = &picture->segments[block->first_segment + i];

        json_object(json, NULL);
        json_string(json, "part", picture_part_name(segment->part));
        json_string(json, "rights", picture_part_rights(segment->part));
        json_address(json, "address", segment->first);
        json_number(json, "size", segment->size);
        json_number(json, "used", segment->used);
        json_end(json);
    }
    json_end(json);
}

static void put_items(struct json *json, const struct picture *picture,
                      const struct picture_block *block)
{
    json_array(json, "items");
    for (uint32_t i = 0; i < block->item_count; i++) {
        const struct picture_item *item = &picture->items[block->first_item + i];

        json_object(json, NULL);
        json_address(json, "address", item->address);
        json_number(json, "size", item->size);
        json_string(json, "part", picture_part_name(item->part));
        json_string(json, "module", picture->modules[item->module].name);
        json_string(json, "name", item->name);
        json_end(json);
    }
    json_end(json);
}

static void put_blocks(struct json *json, const struct picture *picture)
{
    json_array(json, "blocks");
    for (size_t i = 0; i < picture->block_count; i++) {
        const struct picture_block *block = &picture->blocks[i];

        json_object(json, NULL);
        put_range(json, block->first, block->last);
        json_string(json, "zone", picture_zone_of(block->first)->name);
        put_parts(json, picture, block);
        put_items(json, picture, block);
        json_end(json);
    }
    json_end(json);
}

static void put_slots(struct json *json, const struct picture *picture,
                      const struct picture_module *module)
{
    elfin_slot slot;

    json_array(json, "slots");
    for (uint32_t i = 0; elfin_module_slot(module->module, i, &slot); i++) {
        json_object(json, NULL);
        json_address(json, "address", slot.address);
        json_string(json, "symbol", slot.name);
        json_address(json, "target", slot.target);
        if (slot.tls)
            json_null(json, "owner");
        else
            json_string(json, "owner", picture_owner(picture, slot.target));
        if (slot.stub)
            json_address(json, "stub", slot.stub);
        else
            json_null(json, "stub");
        json_end(json);
    }
    json_end(json);
}

static void put_modules(struct json *json, const struct picture *picture)
{
    json_array(json, "modules");
    for (size_t i = 0; i < picture->module_count; i++) {
        const struct picture_module *module = &picture->modules[i];

        json_object(json, NULL);
        json_string(json, "name", module->name);
        json_string(json, "file", module->file);
        if (module->block == PICTURE_NONE)
            json_null(json, "block");
        else
            json_number(json, "block", module->block);
        json_number(json, "size", module->size);
        json_number(json, "slot_room", module->slot_room);
        json_number(json, "stub_room", module->stub_room);
        json_number(json, "stubs_used", module->stubs);
        put_slots(json, picture, module);
        json_end(json);
    }
    json_end(json);
}

void draw_json(const struct picture *picture, FILE *out)
{
    struct json json;

    json_begin(&json, out);
    put_pieces(&json, picture);
    put_blocks(&json, picture);
    put_modules(&json, picture);
    json_finish(&json);
}
