/* SPDX-License-Identifier: MIT */
#include "kernel/check.h"

#include "kernel/cpu.h"
#include "kernel/memory.h"

enum {
    MSR_EFER = 0xc0000080,
    ENTRIES = 512,
    TOP = 3 /* the level of the first table */
};

/* Intel SDM volume 3A, tables 4-15 to 4-20; section 2.5. */
#define ENTRY_PRESENT UINT64_C(1)
#define ENTRY_WRITE   (UINT64_C(1) << 1)
#define ENTRY_USER    (UINT64_C(1) << 2)
#define ENTRY_LARGE   (UINT64_C(1) << 7)
#define ENTRY_NO_EXEC (UINT64_C(1) << 63)
#define ENTRY_ADDRESS UINT64_C(0x000ffffffffff000)

/* linker-scripts/kernel.ld */
extern const char kernel_begin[], kernel_text[], kernel_data[], kernel_end[];

/* What one entry maps, with the rights that all entries on the way leave. */
struct leaf {
    uint64_t address, physical, size;
    bool write, execute;
};

struct check {
    const elfin_space *space;
    const struct elfin_boot *boot;
    struct check_problem *problem;
    uint64_t range, physical; /* how far the second mapping has been seen */
    uint64_t tables;          /* pages of tables */
    uint64_t images;          /* pages mapped that are neither the kernel's nor a device's */
    uint64_t modules;         /* of them, those in blocks of modules */
};

static bool wrong(const struct check *check, const char *text, uint64_t value)
{
    *check->problem = (struct check_problem){ .text = text, .value = value };
    return false;
}

/* ---- What may be mapped ---------------------------------------------------------------------- */

/* The ranges of the record, in order and without gaps but theirs. */
static bool is_second_mapping(struct check *check, const struct leaf *leaf)
{
    const struct elfin_boot *boot = check->boot;
    uint64_t at = leaf->physical, end = at + leaf->size;

    if (!leaf->write || leaf->address - boot->direct != at)
        return false;
    while (at < end) {
        const elfin_boot_range *range = &boot->ranges[check->range];
        uint64_t last;

        if (check->range == boot->range_count || at != check->physical)
            return false;
        last = range->base + range->size < end ? range->base + range->size : end;
        check->physical = at = last;
        if (last == range->base + range->size && ++check->range < boot->range_count)
            check->physical = boot->ranges[check->range].base;
    }
    return true;
}

static bool is_kernel(const struct leaf *leaf)
{
    bool text = leaf->address >= (uint64_t)kernel_text && leaf->address < (uint64_t)kernel_data;

    return leaf->execute == text && leaf->write == (leaf->address >= (uint64_t)kernel_data) &&
           leaf->address + leaf->size <= (uint64_t)kernel_end;
}

static bool next_block(const elfin_space *space, elfin_group **group, uint32_t *position,
                       elfin_block *block)
{
    while (*group != NULL && !elfin_group_block(*group, (*position)++, block)) {
        *group = elfin_next_group(space, *group);
        *position = 0;
    }
    return *group != NULL;
}

static bool find_block(const struct check *check, const struct mini_pages_run *run,
                       elfin_block *block)
{
    elfin_group *group = elfin_next_group(check->space, NULL);
    uint32_t position = 0;

    while (next_block(check->space, &group, &position, block))
        if (block->region.size != 0 && block->region.run - run->base <= run->last - run->base)
            return true;
    return false;
}

/* Modules run when they are initialised: what is read-only afterwards is so now. */
static bool has_right(const struct leaf *leaf, elfin_part part)
{
    bool text = part == ELFIN_PART_TEXT || part == ELFIN_PART_INIT_TEXT;
    bool data = part == ELFIN_PART_DATA || part == ELFIN_PART_INIT_DATA;

    return leaf->execute == text && leaf->write == data;
}

static bool is_block_page(const elfin_block *block, const struct leaf *leaf, uint64_t at)
{
    uint64_t offset = leaf->address + at - block->region.run;
    uint64_t memory = (uint64_t)block->region.edit - (uint64_t)memory_at(0);
    elfin_segment segment;

    if (offset >= block->region.size || leaf->physical + at != memory + offset)
        return false;
    for (uint32_t i = 0; elfin_block_segment(block, i, &segment); i++)
        if (offset - segment.offset < segment.size)
            return has_right(leaf, segment.part);
    return false;
}

static bool is_block(struct check *check, const elfin_block *block, const struct leaf *leaf)
{
    for (uint64_t at = 0; at < leaf->size; at += PAGING_PAGE)
        if (!is_block_page(block, leaf, at))
            return false;
    check->modules += leaf->size / PAGING_PAGE;
    check->images += leaf->size / PAGING_PAGE;
    return true;
}

/* Stacks and data between pages that are not there; or a device, whose memory nobody manages. */
static bool is_data(struct check *check, const struct mini_pages_run *run, const struct leaf *leaf)
{
    struct mini_pages_run memory;

    if (!leaf->write)
        return false;
    if (!mini_pages_find(&physical, leaf->physical, &memory))
        return true;
    check->images += leaf->size / PAGING_PAGE;
    return memory.used && leaf->address != run->base && leaf->address + leaf->size <= run->last;
}

static bool check_leaf(struct check *check, const struct leaf *leaf)
{
    struct mini_pages_run run;
    elfin_block block;

    if (leaf->write && leaf->execute)
        return wrong(check, "writable and executable", leaf->address);
    if (leaf->address == 0)
        return wrong(check, "page 0 is mapped", 0);
    if (leaf->address - check->boot->direct < check->boot->direct_size)
        return is_second_mapping(check, leaf) ||
               wrong(check, "not the second mapping of memory", leaf->address);
    if (leaf->address - (uint64_t)kernel_begin < (uint64_t)(kernel_end - kernel_begin))
        return is_kernel(leaf) || wrong(check, "not the kernel's right", leaf->address);
    if (!mini_pages_find(&addresses, leaf->address, &run) || !run.used)
        return wrong(check, "nobody's page", leaf->address);
    if (find_block(check, &run, &block))
        return is_block(check, &block, leaf) ||
               wrong(check, "not the right of the module's part", leaf->address);
    return is_data(check, &run, leaf) || wrong(check, "not a page of data", leaf->address);
}

/* ---- The walk -------------------------------------------------------------------------------- */

struct walk {
    uint64_t *table[TOP + 1];
    uint64_t entry[TOP + 1]; /* that led to the table; its rights with those before it */
    unsigned index[TOP + 1], used[TOP + 1], level;
};

static uint64_t walk_address(const struct walk *walk)
{
    uint64_t address = 0;

    for (unsigned level = walk->level; level <= TOP; level++)
        address |= (uint64_t)walk->index[level] << (12 + 9 * level);
    return address >> 47 != 0 ? address | ~UINT64_C(0) << 47 : address;
}

static bool enter(struct check *check, struct walk *walk, uint64_t entry)
{
    uint64_t before = walk->level < TOP + 1 ? walk->entry[walk->level] : ENTRY_WRITE;

    walk->level--;
    walk->table[walk->level] = memory_at(entry & ENTRY_ADDRESS);
    walk->entry[walk->level] = (entry & before & ENTRY_WRITE) | ((entry | before) & ENTRY_NO_EXEC);
    walk->index[walk->level] = walk->used[walk->level] = 0;
    check->tables++;
    return true;
}

static bool visit(struct check *check, struct walk *walk, uint64_t entry)
{
    unsigned level = walk->level;
    uint64_t before = walk->entry[level];
    struct leaf leaf = { .address = walk_address(walk),
                         .size = PAGING_PAGE << (9 * level),
                         .write = entry & before & ENTRY_WRITE,
                         .execute = !((entry | before) & ENTRY_NO_EXEC) };

    walk->used[level]++;
    if (!(entry & ENTRY_PRESENT) || entry & ENTRY_USER)
        return wrong(check, "an entry that the kernel does not make", leaf.address);
    if (level > 0 && !(entry & ENTRY_LARGE))
        return enter(check, walk, entry);
    leaf.physical = entry & ENTRY_ADDRESS & ~(leaf.size - 1);
    walk->index[level]++;
    return check_leaf(check, &leaf);
}

/* At the end of a table, on with the entry behind the one that led to it. */
static bool leave(struct check *check, struct walk *walk)
{
    if (walk->used[walk->level] == 0)
        return wrong(check, "an empty table", walk_address(walk));
    walk->level++;
    if (walk->level <= TOP)
        walk->index[walk->level]++;
    return true;
}

static bool walk_tables(struct check *check)
{
    struct walk walk = { .level = TOP + 1 };
    uint64_t root;

    __asm__ volatile("movq %%cr3, %0" : "=r"(root));
    (void)enter(check, &walk, root | ENTRY_WRITE);
    while (walk.level <= TOP) {
        uint64_t entry =
            walk.index[walk.level] < ENTRIES ? walk.table[walk.level][walk.index[walk.level]] : 0;
        bool good = true;

        if (walk.index[walk.level] == ENTRIES)
            good = leave(check, &walk);
        else if (entry != 0)
            good = visit(check, &walk, entry);
        else
            walk.index[walk.level]++;
        if (!good)
            return false;
    }
    return check->range == check->boot->range_count ||
           wrong(check, "not in the second mapping: physical", check->physical);
}

/* ---- What must be there ---------------------------------------------------------------------- */

static bool check_blocks(const struct check *check)
{
    elfin_group *group = elfin_next_group(check->space, NULL);
    uint32_t position = 0;
    uint64_t pages = 0;
    elfin_block block;

    while (next_block(check->space, &group, &position, &block)) {
        uint64_t first = block.region.run, last = first + block.region.size;
        struct mini_pages_run run;

        if (block.region.size == 0)
            continue;
        if (!mini_pages_find(&addresses, first, &run) || !run.used || run.base >= first ||
            run.last <= last)
            return wrong(check, "no guard pages around the module", first);
        pages += block.region.size / PAGING_PAGE;
    }
    return pages == check->modules || wrong(check, "pages of modules are missing", pages);
}

static bool check_allocators(const struct check *check)
{
    struct mini_pages_statistics memory = mini_pages_statistics(&physical);
    struct mini_heap_statistics objects = mini_heap_statistics(&heap);
    uint64_t used = memory.total_pages - memory.free_pages;
    uint64_t known =
        check->tables + check->images + memory_node_pages() + objects.reserved / PAGING_PAGE;

    if (!mini_heap_check(&heap))
        return wrong(check, "the heap is damaged", objects.damaged);
    return used == known || wrong(check, "pages in use that nobody knows", used - known);
}

/* ---- The CPU --------------------------------------------------------------------------------- */

bool check_protection(unsigned position, struct check_protection *protection)
{
    uint32_t a = 7, b, c = 0, d;
    uint64_t cr0, cr4, efer = msr_read(MSR_EFER);

    __asm__ volatile("movq %%cr0, %0\n\tmovq %%cr4, %1" : "=r"(cr0), "=r"(cr4));
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    struct check_protection all[] = {
        { "WP", true, cr0 >> 16 & 1 },         { "NXE", true, efer >> 11 & 1 },
        { "SMEP", b >> 7 & 1, cr4 >> 20 & 1 }, { "SMAP", b >> 20 & 1, cr4 >> 21 & 1 },
        { "UMIP", c >> 2 & 1, cr4 >> 11 & 1 },
    };

    if (position >= sizeof(all) / sizeof(all[0]))
        return false;
    *protection = all[position];
    return true;
}

static bool check_cpu(const struct check *check)
{
    struct check_protection protection;

    for (unsigned i = 0; check_protection(i, &protection); i++)
        if (protection.present && !protection.on)
            return wrong(check, protection.name, 0);
    return true;
}

bool check_machine(const elfin_space *space, const struct elfin_boot *boot,
                   struct check_problem *problem)
{
    struct check check = {
        .space = space, .boot = boot, .problem = problem, .physical = boot->ranges[0].base
    };

    return check_cpu(&check) && walk_tables(&check) && check_blocks(&check) &&
           check_allocators(&check);
}
