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
        for (uint32_t i = 0; elfin_group_block(group, i, &block); i++) {
            picture->block_count++;
            picture->segment_count += block.segment_count ? block.segment_count : ELFIN_PART_COUNT;
        }
        FOR_MODULES(module, group)
        {
            elfin_module_get(module, &info);
            picture->module_count++;
            picture->item_count += info.section_count;
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
    void *arrays[5];

    *used = 0;
    if (!share(picture, used, &arrays[0], pieces, sizeof(*picture->pieces)) ||
        !share(picture, used, &arrays[1], picture->block_count, sizeof(*picture->blocks)) ||
        !share(picture, used, &arrays[2], picture->module_count, sizeof(*picture->modules)) ||
        !share(picture, used, &arrays[3], picture->item_count, sizeof(*picture->items)) ||
        !share(picture, used, &arrays[4], picture->segment_count, sizeof(*picture->segments)))
        return false;
    picture->pieces = arrays[0];
    picture->blocks = arrays[1];
    picture->modules = arrays[2];
    picture->items = arrays[3];
    picture->segments = arrays[4];
    return true;
}

/* A segment that was given back after init, or lies behind what is left of the region, is gone. */
static void add_block(struct picture *picture, const elfin_block *from)
{
    struct picture_block *to = &picture->blocks[picture->block_count++];
    elfin_segment segment;

    *to = (struct picture_block){
        .first = from->region.run,
        .last = from->region.run + (from->region.size - 1),
        .first_segment = (uint32_t)picture->segment_count,
    };
    for (uint32_t i = 0; elfin_block_segment(from, i, &segment); i++) {
        if (segment.size == 0 || segment.offset >= from->region.size)
            continue;
        picture->segments[picture->segment_count++] = (struct picture_segment){
            .first = to->first + segment.offset,
            .size = lower(segment.size, from->region.size - segment.offset),
            .part = segment.part,
        };
        to->segment_count++;
    }
}

static int compare_blocks(const void *a, const void *b, void *ctx)
{
    const struct picture_block *left = a, *right = b;

    (void)ctx;
    return (left->first > right->first) - (left->first < right->first);
}

static void fill_blocks(struct picture *picture, const elfin_space *space)
{
    elfin_block block;

    picture->block_count = picture->segment_count = 0;
    FOR_GROUPS(group, space)
    {
        for (uint32_t i = 0; elfin_group_block(group, i, &block); i++)
            if (block.region.size)
                add_block(picture, &block);
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

/* The segment of the block that holds the address, or NULL. */
static struct picture_segment *find_segment(const struct picture *picture,
                                            const struct picture_block *block, uint64_t address)
{
    size_t low = block->first_segment, high = low + block->segment_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct picture_segment *segment = &picture->segments[middle];

        if (address < segment->first)
            high = middle;
        else if (address - segment->first < segment->size)
            return segment;
        else
            low = middle + 1;
    }
    return NULL;
}

static void add_items(struct picture *picture, struct picture_module *to)
{
    elfin_section section;

    for (uint32_t i = 0; elfin_module_section(to->module, i, &section); i++) {
        const struct picture_block *block = find_block(picture, section.address);

        if (section.index == ELFIN_SECTION_SLOTS)
            to->slot_room = (uint32_t)(section.size / CELL_SIZE);
        if (section.index == ELFIN_SECTION_STUBS)
            to->stub_room = (uint32_t)(section.size / CELL_SIZE);
        /* What only init needed is gone, and thread-local zeroes are in no image. */
        if (!section.size || (section.tls && section.zero_filled) || !block ||
            !find_segment(picture, block, section.address))
            continue;
        picture->items[picture->item_count++] = (struct picture_item){
            .address = section.address,
            .size = lower(section.size, extent(section.address, block->last)),
            .name = section.name,
            .module = (uint32_t)picture->module_count,
            .index = section.index,
            .part = section.part,
        };
        to->block = (uint32_t)(block - picture->blocks);
        to->items++;
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

/* A segment of a file, which is an item, may be of several rights. */
static void note_use(struct picture *picture, const struct picture_block *block,
                     const struct picture_item *item)
{
    struct picture_segment *segment = find_segment(picture, block, item->address);
    struct picture_segment *end = picture->segments + block->first_segment + block->segment_count;
    uint64_t last = item->address + (item->size - 1);

    for (; segment < end && segment->first <= last; segment++)
        segment->used = higher(segment->used, lower(last - segment->first + 1, segment->size));
}

static void count_block(struct picture *picture, struct picture_block *block, uint32_t first)
{
    block->first_item = first;
    block->first_module = picture->items[first].module;
    for (uint32_t i = first; i < picture->item_count; i++) {
        const struct picture_item *item = &picture->items[i];

        if (item->address > block->last)
            break;
        note_use(picture, block, item);
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
        block->module_count++;
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
