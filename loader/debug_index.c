/* SPDX-License-Identifier: MIT */
/*
 * Whose an address is: a tree of all stretches of memory that belong to one module. A module of a
 * large group has one in each part of the group's block.
 */
#include "libmini/sort.h"
#include "libmini/tree.h"
#include "loader/debug_symbols.h"

/* From its key to its end only sections of this module begin. */
struct stretch {
    struct mini_tree_node node;
    uint64_t end;
    elfin_module *module;
    bool for_init, gone;
};

struct group_index {
    elfin_region region;
    elfin_space *space;
    uint64_t count;
    struct stretch stretches[];
};

static int by_key(const void *a, const void *b, void *ctx)
{
    const struct stretch *x = a, *y = b;

    (void)ctx;
    return x->node.key < y->node.key ? -1 : x->node.key > y->node.key;
}

/* The kept sections, or what the table of symbols says. */
static void collect(struct stretch *list, uint64_t *count, elfin_module *module)
{
    const struct module_symbols *m = elfin_symbols_of(module);
    elfin_section section;

    for (uint32_t i = 0; elfin_module_section(module, i, &section); i++)
        if (!section.tls && section.size)
            list[(*count)++] = (struct stretch){ .node.key = section.address,
                                                 .end = section.address + section.size,
                                                 .module = module,
                                                 .for_init = section.part == ELFIN_PART_INIT_TEXT ||
                                                             section.part == ELFIN_PART_INIT_DATA };
    for (uint32_t i = 0; m && !module->section_count && i < m->section_count; i++) {
        const struct section_row *row = &section_rows(m)[i];

        list[(*count)++] = (struct stretch){ .node.key = m->base + row->start,
                                             .end = m->base + row->start + row->size,
                                             .module = module };
    }
}

/* Sorts them, and puts those of a module that follow each other together. */
static uint64_t join(struct stretch *list, uint64_t count)
{
    uint64_t joined = 0;

    mini_sort(list, count, sizeof(*list), by_key, NULL);
    for (uint64_t i = 0; i < count; i++) {
        struct stretch *last = &list[joined - (joined != 0)];

        if (joined && last->module == list[i].module && last->for_init == list[i].for_init)
            last->end = last->end > list[i].end ? last->end : list[i].end;
        else
            list[joined++] = list[i];
    }
    return joined;
}

static uint64_t room_for(const elfin_group *group)
{
    uint64_t room = 0;

    for (uint32_t i = 0; i < group->module_count; i++) {
        const struct module_symbols *m = elfin_symbols_of(&group->modules[i]);

        room += group->modules[i].section_count ? group->modules[i].section_count
                : m                             ? m->section_count
                                                : 0;
    }
    return room;
}

static struct stretch *find(const elfin_space *space, uint64_t address)
{
    const struct mini_tree_node *node = space->code, *found = NULL;

    for (int depth = 0; node && depth < 64; depth++) {
        if (node->key <= address)
            found = node;
        node = node->key <= address ? node->right : node->left;
    }
    return (struct stretch *)(uintptr_t)found;
}

static void change(elfin_space *space, struct stretch *stretch, bool gone)
{
    struct mini_tree tree = { .root = space->code };

    if (stretch->gone == gone)
        return;
    if (gone)
        mini_tree_remove(&tree, &stretch->node);
    else
        mini_tree_insert(&tree, &stretch->node);
    stretch->gone = gone;
    space->code = tree.root;
}

/* What others have already is left to them: records of a hand-over may lie. */
static void enter(elfin_space *space, struct stretch *stretch)
{
    const struct stretch *before = find(space, stretch->node.key);

    stretch->gone = true;
    if (!before || before->end <= stretch->node.key)
        change(space, stretch, false);
}

void elfin_debug_index_add(elfin_space *space, elfin_group *group)
{
    struct group_index *index;
    struct stretch *list;
    struct arena work;
    elfin_region region;
    uint64_t count = 0, room = room_for(group);

    if (!room)
        return;
    elfin_arena_init(&work, &space->host);
    list = elfin_arena_take(&work, room, sizeof(*list));
    for (uint32_t i = 0; list && i < group->module_count; i++)
        collect(list, &count, &group->modules[i]);
    count = join(list, count);
    if (count && elfin_reserve_plain(&space->host, ELFIN_PURPOSE_RECORDS,
                                     sizeof(*index) + count * sizeof(*list), &region) == ELFIN_OK) {
        index = region.edit;
        *index = (struct group_index){ .region = region, .space = space, .count = count };
        memcpy(index->stretches, list, count * sizeof(*list));
        for (uint64_t i = 0; i < count; i++)
            enter(space, &index->stretches[i]);
        group->index = index;
    }
    elfin_arena_release(&work);
}

void elfin_debug_index_trim(elfin_group *group)
{
    struct group_index *index = group->index;

    for (uint64_t i = 0; index && i < index->count; i++)
        if (index->stretches[i].for_init)
            change(index->space, &index->stretches[i], true);
}

void elfin_debug_index_remove(const elfin_host *host, elfin_group *group)
{
    struct group_index *index = group->index;
    elfin_region region;

    if (!index)
        return;
    for (uint64_t i = 0; i < index->count; i++)
        change(index->space, &index->stretches[i], true);
    group->index = NULL;
    region = index->region;
    host->release(host->ctx, &region);
}

/* Of a group that is not in the tree, for want of memory or because nothing was to be kept. */
static elfin_module *search(elfin_group *group, uint64_t address)
{
    elfin_section section;
    bool inside = false;

    for (uint32_t i = 0; i < group->block_count; i++)
        inside |= address - group->blocks[i].region.run < group->blocks[i].region.size;
    for (uint32_t m = 0; inside && m < group->module_count; m++)
        for (uint32_t i = 0; elfin_module_section(&group->modules[m], i, &section); i++)
            if (!section.tls && address - section.address < section.size)
                return &group->modules[m];
    return inside && group->module_count == 1 ? group->modules : NULL;
}

elfin_module *elfin_debug_module_at(const elfin_space *space, uint64_t address)
{
    const struct stretch *stretch = find(space, address);
    elfin_module *module = NULL;

    if (stretch && address < stretch->end)
        return stretch->module;
    for (elfin_group *group = space->first; !module && group; group = group->next)
        if (!group->index)
            module = search(group, address);
    return module;
}
