/* SPDX-License-Identifier: MIT */
/* Blocks of modules: their parts by page right, what lies in them, and what is left of the pages.
 */
#include "picture/draw.h"
#include "picture/pieces.h"

#include "libmini/str.h"

enum {
    MAX_ZOOMED = 6,    /* more blocks than these are a table */
    MAX_ITEMS = 12,    /* of one segment; more are added up by module */
    MAX_SEGMENTS = 16, /* objects have six at most, other files any number */
    TOP = 16,          /* of more modules, or blocks, only the largest */
    BAR = 12,
    NAME_WIDTH = 24
};

/* The largest of many numbers, and how many of the least of these still belong to them. */
struct top {
    uint64_t size[TOP]; /* descending */
    unsigned count, ties;
};

static void top_add(struct top *top, uint64_t size)
{
    unsigned at = top->count;

    while (at > 0 && top->size[at - 1] < size)
        at--;
    if (at == TOP)
        return;
    if (top->count < TOP)
        top->count++;
    for (unsigned i = top->count - 1; i > at; i--)
        top->size[i] = top->size[i - 1];
    top->size[at] = size;
}

/* Before the first top_takes. */
static void top_close(struct top *top)
{
    for (unsigned i = 0; i < top->count; i++)
        top->ties += top->size[i] == top->size[top->count - 1];
}

static bool top_takes(struct top *top, uint64_t size)
{
    if (top->count == 0 || size < top->size[top->count - 1])
        return false;
    if (size > top->size[top->count - 1])
        return true;
    return top->ties > 0 && top->ties--;
}

/* Items first .. end - 1: of one segment, or of one module in it. */
struct stretch {
    uint32_t first, end;
};

static struct stretch find_items(const struct picture *picture, const struct picture_block *block,
                                 const struct picture_segment *segment)
{
    uint32_t last = block->first_item + block->item_count;
    struct stretch found = { block->first_item, 0 };

    while (found.first < last && picture->items[found.first].address < segment->first)
        found.first++;
    for (found.end = found.first;
         found.end < last && picture->items[found.end].address - segment->first < segment->size;)
        found.end++;
    return found;
}

static struct stretch next_module(const struct picture *picture, uint32_t first, uint32_t end)
{
    struct stretch run = { first, first + 1 };

    while (run.end < end && picture->items[run.end].module == picture->items[first].module)
        run.end++;
    return run;
}

static uint64_t sum_sizes(const struct picture *picture, struct stretch run)
{
    uint64_t sum = 0;

    for (uint32_t i = run.first; i < run.end; i++)
        sum += picture->items[i].size;
    return sum;
}

static void begin_row(const struct picture_block *block, struct line *line, uint64_t address,
                      uint64_t size)
{
    picture_line_add(line, "  ");
    picture_line_address(line, address, block->last);
    picture_line_add(line, " %9llu  ", (unsigned long long)size);
}

static void put_item(const struct picture *picture, const struct picture_block *block,
                     const struct picture_item *item, struct line *line)
{
    const struct picture_module *module = &picture->modules[item->module];

    begin_row(block, line, item->address, item->size);
    picture_line_name(line, module->name, 22);
    picture_line_column(line, line->length < 57 ? 57 : line->length);
    if (item->index == ELFIN_SECTION_SLOTS)
        picture_line_add(line, "%u of %u slots used", module->slots, module->slot_room);
    else if (item->index == ELFIN_SECTION_STUBS)
        picture_line_add(line, "%u of %u stubs used", module->stubs, module->stub_room);
    else
        picture_line_name(line, item->name, PICTURE_COLUMNS - line->length);
    picture_line_end(line);
}

static void put_run(const struct picture *picture, const struct picture_block *block,
                    struct stretch run, struct line *line)
{
    const struct picture_item *first = &picture->items[run.first];

    if (run.end - run.first == 1) {
        put_item(picture, block, first, line);
        return;
    }
    begin_row(block, line, first->address, sum_sizes(picture, run));
    picture_line_name(line, picture->modules[first->module].name, 22);
    picture_line_column(line, line->length < 57 ? 57 : line->length);
    picture_line_add(line, "%u sections", run.end - run.first);
    picture_line_end(line);
}

static void put_rest(struct line *line, uint64_t count, const char *one, const char *more,
                     uint64_t bytes)
{
    char size[PICTURE_SIZE_TEXT];

    if (count == 0)
        return;
    picture_line_add(line, "    and %llu %s: %s", (unsigned long long)count,
                     count == 1 ? one : more, picture_size(size, bytes));
    picture_line_end(line);
}

static void put_largest(const struct picture *picture, const struct picture_block *block,
                        struct stretch part, struct line *line)
{
    struct top top = { .count = 0 };
    uint64_t rest = 0, bytes = 0;
    struct stretch run;

    for (uint32_t i = part.first; i < part.end; i = run.end) {
        run = next_module(picture, i, part.end);
        top_add(&top, sum_sizes(picture, run));
    }
    top_close(&top);
    for (uint32_t i = part.first; i < part.end; i = run.end) {
        uint64_t size;

        run = next_module(picture, i, part.end);
        size = sum_sizes(picture, run);
        if (top_takes(&top, size)) {
            put_run(picture, block, run, line);
            continue;
        }
        rest++;
        bytes += size;
    }
    put_rest(line, rest, "smaller module", "smaller modules", bytes);
}

static void put_others(struct line *line, uint64_t count, uint64_t bytes)
{
    put_rest(line, count, "section of others", "sections of others", bytes);
}

static void put_one_module(const struct picture *picture, const struct picture_block *block,
                           struct stretch part, uint32_t module, struct line *line)
{
    uint64_t others = 0, bytes = 0;

    for (uint32_t i = part.first; i < part.end; i++) {
        const struct picture_item *item = &picture->items[i];

        if (item->module == module) {
            put_others(line, others, bytes);
            others = bytes = 0;
            put_item(picture, block, item, line);
            continue;
        }
        others++;
        bytes += item->size;
    }
    put_others(line, others, bytes);
}

static void put_items(const struct picture *picture, const struct picture_block *block,
                      const struct picture_segment *segment, uint32_t module, struct line *line)
{
    struct stretch items = find_items(picture, block, segment);

    if (module != PICTURE_NONE) {
        put_one_module(picture, block, items, module, line);
    } else if (items.end - items.first > MAX_ITEMS) {
        put_largest(picture, block, items, line);
    } else {
        for (uint32_t i = items.first; i < items.end; i++)
            put_item(picture, block, &picture->items[i], line);
    }
}

/* At most. */
static size_t modules_width(const struct picture *picture, const struct picture_block *block)
{
    char more[32];

    return mini_strnlen(picture->modules[block->first_module].name, NAME_WIDTH) +
           mini_fmt(more, sizeof(more), " +%u more", block->module_count);
}

/* "first", or "first +3 more". */
static void put_modules(const struct picture *picture, const struct picture_block *block,
                        struct line *line)
{
    if (block->first_module == PICTURE_NONE)
        return;
    picture_line_name(line, picture->modules[block->first_module].name, NAME_WIDTH);
    if (block->module_count > 1)
        picture_line_add(line, " +%u more", block->module_count - 1);
}

/* The modules stand in a line of their own when addresses are long. */
void picture_draw_block_head(const struct picture *picture, const struct picture_block *block,
                             struct line *line)
{
    char size[PICTURE_SIZE_TEXT];

    picture_line_add(line, "block 0x%llx-0x%llx, %s, %s", (unsigned long long)block->first,
                     (unsigned long long)block->last,
                     picture_size(size, extent(block->first, block->last)),
                     picture_zone_of(block->first)->name);
    if (block->first_module != PICTURE_NONE) {
        picture_line_add(line, ": ");
        if (line->length + modules_width(picture, block) > PICTURE_COLUMNS) {
            picture_line_end(line);
            picture_line_add(line, "  ");
        }
        put_modules(picture, block, line);
    }
    picture_line_end(line);
}

/* Name, right, place, size, how full, what is free. */
static void put_segment(const struct picture_block *block, const struct picture_segment *segment,
                        struct line *line)
{
    char text[PICTURE_SIZE_TEXT];
    unsigned filled = (unsigned)(segment->used / (segment->size / BAR + 1));

    picture_line_add(line, "  %-9s %-3s", picture_part_name(segment->part),
                     picture_part_rights(segment->part));
    picture_line_address(line, segment->first, block->last);
    picture_line_add(line, "%11s  [", picture_size(text, segment->size));
    for (unsigned i = 0; i < BAR; i++)
        picture_line_add(line, "%c", i < filled || (i == 0 && segment->used > 0) ? '#' : '-');
    picture_line_add(line, "] ");
    if (segment->used < segment->size)
        picture_line_add(line, "%s free", picture_size(text, segment->size - segment->used));
    else
        picture_line_add(line, "full");
    picture_line_end(line);
}

void picture_draw_segments(const struct picture *picture, const struct picture_block *block,
                           uint32_t module, struct line *line)
{
    for (uint32_t i = 0; i < block->segment_count && i < MAX_SEGMENTS; i++) {
        const struct picture_segment *segment = &picture->segments[block->first_segment + i];

        put_segment(block, segment, line);
        put_items(picture, block, segment, module, line);
    }
    if (block->segment_count > MAX_SEGMENTS) {
        picture_line_add(line, "  and %u more", block->segment_count - MAX_SEGMENTS);
        picture_line_end(line);
    }
}

static void put_table(const struct picture *picture, struct line *line)
{
    struct top top = { .count = 0 };
    uint64_t rest = 0, bytes = 0;
    char text[PICTURE_SIZE_TEXT];

    picture_line_add(line, "blocks: %zu%s", picture->block_count,
                     picture->block_count > TOP ? ", the largest:" : "");
    picture_line_end(line);
    for (size_t i = 0; i < picture->block_count; i++)
        top_add(&top, extent(picture->blocks[i].first, picture->blocks[i].last));
    top_close(&top);
    for (size_t i = 0; i < picture->block_count; i++) {
        const struct picture_block *block = &picture->blocks[i];
        uint64_t size = extent(block->first, block->last);

        if (!top_takes(&top, size)) {
            rest++;
            bytes += size;
            continue;
        }
        picture_line_address(line, block->first, block->last);
        picture_line_add(line, "%11s  slots %u/%u stubs %u/%u  ", picture_size(text, size),
                         block->slots, block->slot_room, block->stubs, block->stub_room);
        put_modules(picture, block, line);
        picture_line_end(line);
    }
    put_rest(line, rest, "smaller block", "smaller blocks", bytes);
}

void picture_draw_blocks(const struct picture *picture, struct line *line)
{
    if (picture->no_rights && picture->block_count > 0) {
        picture_line_add(line, "page rights are not set: all memory of modules is RWX");
        picture_line_end(line);
    }
    if (picture->block_count > MAX_ZOOMED) {
        put_table(picture, line);
        return;
    }
    for (size_t i = 0; i < picture->block_count; i++) {
        picture_draw_block_head(picture, &picture->blocks[i], line);
        picture_draw_segments(picture, &picture->blocks[i], PICTURE_NONE, line);
    }
}
