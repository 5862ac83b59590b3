/* SPDX-License-Identifier: MIT */
/* The picture of a space: sizes first, then one piece of memory for all of it, then the filling. */
#include "picture/pieces.h"

#include "libmini/sort.h"

enum {
    CELL_SIZE = 8 /* of a slot, and of a stub: see docs/DESIGN.md, "Vocabulary" */
};

/* Calls once for every module, or block, of the space. */
#define FOR_GROUPS(group, space)                                                                   \
    for (const elfin_group *group = elfin_next_group(space, NULL); group;                          \
         group = elfin_next_group(space, group))
#define FOR_MODULES(module, group)                                                                 \
    for (const elfin_module *module = elfin_next_module(group, NULL); module;                      \
         module = elfin_next_module(group, module))

static void count_space(struct picture *picture, const elfin_space *space)
{
    elfin_block block;
    elfin_module_info info;

    FOR_GROUPS(group, space)
    {
        size_t segments = 0;

        for (uint32_t i = 0; elfin_group_block(group, i, &block); i++) {
            picture->block_count += block.segment_count ? block.segment_count : 1;
            segments += block.segment_count;
        }
        FOR_MODULES(module, group)
        {
            elfin_module_get(module, &info);
            picture->module_count++;
            picture->item_count += info.section_count;
            if (info.flags & (ELFIN_MODULE_EXECUTABLE | ELFIN_MODULE_SHARED))
                picture->item_count += segments; /* one may have pages of several rights */
        }
    }
}

/* Sets *array to the next count * size bytes of the room; the first round only adds them up. */
static bool share(struct picture *picture, size_t *used, void **array, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        return false;
    *array = picture->memory ? (char *)picture->memory + *used : NULL;
    return !__builtin_add_overflow(*used, (bytes + 15) & ~(size_t)15, used);
}

static bool share_all(struct picture *picture, size_t pieces, size_t *used)
{
    void *arrays[4];

    *used = 0;
    if (!share(picture, used, &arrays[0], pieces, sizeof(*picture->pieces)) ||
        !share(picture, used, &arrays[1], picture->block_count, sizeof(*picture->blocks)) ||
        !share(picture, used, &arrays[2], picture->module_count, sizeof(*picture->modules)) ||
        !share(picture, used, &arrays[3], picture->item_count, sizeof(*picture->items)))
        return false;
    picture->pieces = arrays[0];
    picture->blocks = arrays[1];
    picture->modules = arrays[2];
    picture->items = arrays[3];
    return true;
}

/* A part that was given back after init, or lies behind what is left of the region, is gone. */
static struct picture_block make_block(const elfin_block *from)
{
    struct picture_block to = { .first = from->region.run,
                                .last = from->region.run + (from->region.size - 1) };

    for (unsigned i = 0; i < ELFIN_PART_COUNT; i++) {
        uint64_t offset = from->part[i].offset;

        if (offset >= from->region.size)
            continue;
        to.part[i].first = to.first + offset;
        to.part[i].size = lower(from->part[i].size, from->region.size - offset);
    }
    return to;
}

static struct picture_block make_linked_block(const elfin_block *from, const elfin_segment *segment)
{
    struct picture_block to = { .first = from->region.run + segment->offset,
                                .linked = true,
                                .right = segment->part };

    to.last = to.first + (segment->size - 1);
    to.part[segment->part].first = to.first;
    to.part[segment->part].size = segment->size;
    return to;
}

static int compare_blocks(const void *a, const void *b, void *ctx)
{
    const struct picture_block *left = a, *right = b;

    (void)ctx;
    return (left->first > right->first) - (left->first < right->first);
}

static void fill_linked(struct picture *picture, const elfin_block *block)
{
    for (uint32_t i = 0; i < block->segment_count; i++)
        picture->blocks[picture->block_count++] = make_linked_block(block, &block->segments[i]);
}

static void fill_blocks(struct picture *picture, const elfin_space *space)
{
    elfin_block block;

    picture->block_count = 0;
    FOR_GROUPS(group, space)
    {
        for (uint32_t i = 0; elfin_group_block(group, i, &block); i++)
            if (block.segment_count)
                fill_linked(picture, &block);
            else if (block.region.size)
                picture->blocks[picture->block_count++] = make_block(&block);
    }
    mini_sort(picture->blocks, picture->block_count, sizeof(*picture->blocks), compare_blocks,
              NULL);
}

/* The block that holds the address, or NULL. */
static struct picture_block *find_block(const struct picture *picture, uint64_t address)
{
    size_t low = 0, high = picture->block_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct picture_block *block = &picture->blocks[middle];

        if (address > block->last)
            low = middle + 1;
        else if (address < block->first)
            high = middle;
        else
            return block;
    }
    return NULL;
}

/* Of a module whose sections were not kept: where its code is. */
static uint32_t find_number(const struct picture *picture, uint64_t address)
{
    const struct picture_block *block = address ? find_block(picture, address) : NULL;

    return block ? (uint32_t)(block - picture->blocks) : PICTURE_NONE;
}

/*
 * One item: what of the section lies in one block, which is all of it, except in linked files.
 * Takes it off the section; false when there is no more.
 */
static bool add_item(struct picture *picture, struct picture_module *to, elfin_section *section)
{
    const struct picture_block *block = find_block(picture, section->address);
    elfin_part part = block && block->linked ? block->right : section->part;
    uint32_t number;
    uint64_t size;

    /* What only init needed is gone: the address may belong to others by now. */
    if (!block || !block->part[part].size)
        return false;
    size = lower(section->size, extent(section->address, block->last));
    number = (uint32_t)(block - picture->blocks);
    picture->items[picture->item_count++] = (struct picture_item){
        .address = section->address,
        .size = size,
        .name = section->name,
        .module = (uint32_t)picture->module_count,
        .index = section->index,
        .part = part,
    };
    if (to->items++ == 0 || !block->linked)
        to->block = number;
    to->more_blocks = number - to->block;
    section->address += size;
    section->size -= size;
    return block->linked;
}

static void add_items(struct picture *picture, struct picture_module *to)
{
    elfin_section section;

    for (uint32_t i = 0; elfin_module_section(to->module, i, &section); i++) {
        if (section.index == ELFIN_SECTION_SLOTS)
            to->slot_room = (uint32_t)(section.size / CELL_SIZE);
        if (section.index == ELFIN_SECTION_STUBS)
            to->stub_room = (uint32_t)(section.size / CELL_SIZE);
        while (section.size && add_item(picture, to, &section)) {
        }
    }
}

static void fill_modules(struct picture *picture, const elfin_space *space)
{
    picture->module_count = picture->item_count = 0;
    FOR_GROUPS(group, space)
    {
        FOR_MODULES(module, group)
        {
            struct picture_module *to = &picture->modules[picture->module_count];
            elfin_module_info info;

            elfin_module_get(module, &info);
            *to = (struct picture_module){
                .name = info.name,
                .file = info.file,
                .module = module,
                .size = info.size,
                .block = PICTURE_NONE,
                .slots = info.slot_count,
                .stubs = info.stub_count,
            };
            add_items(picture, to);
            if (to->items == 0)
                to->block = find_number(picture, info.address);
            picture->module_count++;
        }
    }
}

static int compare_items(const void *a, const void *b, void *ctx)
{
    const struct picture_item *left = a, *right = b;
    int order = (left->address > right->address) - (left->address < right->address);

    (void)ctx;
    if (order == 0)
        order = (left->module > right->module) - (left->module < right->module);
    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

static void count_block(struct picture *picture, struct picture_block *block, uint32_t first)
{
    block->first_item = first;
    block->first_module = picture->items[first].module;
    for (uint32_t i = first; i < picture->item_count; i++) {
        const struct picture_item *item = &picture->items[i];
        uint64_t end = item->address - block->part[item->part].first + item->size;

        if (item->address > block->last)
            break;
        block->part[item->part].used = higher(block->part[item->part].used, end);
        block->item_count++;
    }
}

static void count_blocks(struct picture *picture)
{
    uint32_t next = 0;

    for (size_t b = 0; b < picture->block_count; b++) {
        struct picture_block *block = &picture->blocks[b];

        block->first_module = PICTURE_NONE;
        if (next < picture->item_count && picture->items[next].address <= block->last)
            count_block(picture, block, next);
        next += block->item_count;
    }
    for (size_t m = 0; m < picture->module_count; m++) {
        const struct picture_module *module = &picture->modules[m];
        struct picture_block *block;

        if (module->block == PICTURE_NONE)
            continue;
        block = &picture->blocks[module->block];
        for (uint32_t i = 0; i <= module->more_blocks; i++)
            block[i].module_count++;
        block->slots += module->slots;
        block->slot_room += module->slot_room;
        block->stubs += module->stubs;
        block->stub_room += module->stub_room;
    }
}

bool picture_collect(struct picture *picture, const elfin_space *space,
                     struct picture_piece *memory, size_t count, picture_alloc *alloc, void *ctx)
{
    size_t pieces, size;

    *picture = (struct picture){ .space = space, .host = "the host" };
    count_space(picture, space);
    if (picture->item_count >= PICTURE_NONE || picture->block_count >= PICTURE_NONE ||
        __builtin_add_overflow(count, 2 * picture->block_count, &pieces) ||
        !share_all(picture, pieces, &size))
        return false;
    picture->memory = alloc(ctx, size ? size : 1);
    if (!picture->memory || !share_all(picture, pieces, &size))
        return false;
    fill_blocks(picture, space);
    fill_modules(picture, space);
    mini_sort(picture->items, picture->item_count, sizeof(*picture->items), compare_items, NULL);
    count_blocks(picture);
    picture->piece_count =
        picture_pieces_overlay(memory, picture_pieces_sort(memory, count), picture->blocks,
                               picture->block_count, picture->pieces);
    return true;
}
