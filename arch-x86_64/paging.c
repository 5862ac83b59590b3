/* SPDX-License-Identifier: MIT */
#include "arch-x86_64/paging.h"

#include <stddef.h>

/* Bits of an entry, Intel SDM volume 3A, tables 4-15 to 4-20. */
#define ENTRY_PRESENT  (UINT64_C(1) << 0)
#define ENTRY_WRITE    (UINT64_C(1) << 1)
#define ENTRY_ACCESSED (UINT64_C(1) << 5)
#define ENTRY_DIRTY    (UINT64_C(1) << 6)
#define ENTRY_LARGE    (UINT64_C(1) << 7)
#define ENTRY_NO_EXEC  (UINT64_C(1) << 63)
#define ENTRY_ADDRESS  UINT64_C(0x000ffffffffff000)

/* Accessed and dirty from the start: the CPU never writes a leaf. Rights stand in leaves alone. */
#define ENTRY_LEAF  (ENTRY_PRESENT | ENTRY_ACCESSED | ENTRY_DIRTY)
#define ENTRY_TABLE (ENTRY_PRESENT | ENTRY_WRITE)

#define LOW_END    (UINT64_C(1) << 47) /* of the lower canonical half */
#define HIGH_BEGIN (~UINT64_C(0) << 47)

enum {
    ENTRIES = 512,
    LEVELS = 4 /* 0: entries are pages; 1, 2: large pages or tables; 3: tables */
};

/* The entries that an address leads through, down to `level`: a leaf or one that is not present. */
struct path {
    uint64_t *entry[LEVELS];
    unsigned level;
};

/* Tables that are no longer referred to, linked by their first words. These count as not present,
 * should a CPU still look at them before it was told. */
struct gone {
    uint64_t first;
};

static uint64_t span_of(unsigned level)
{
    return PAGING_PAGE << (9 * level);
}

static bool is_leaf(uint64_t entry, unsigned level)
{
    return entry & ENTRY_PRESENT && (level == 0 || entry & ENTRY_LARGE);
}

static uint64_t *table_at(const struct paging *paging, uint64_t page)
{
    return (uint64_t *)(uintptr_t)((page & ENTRY_ADDRESS) + paging->window);
}

static uint64_t *slot_of(uint64_t *table, uint64_t address, unsigned level)
{
    return &table[address / span_of(level) % ENTRIES];
}

static struct path walk(const struct paging *paging, uint64_t address)
{
    struct path path = { .level = LEVELS - 1 };
    uint64_t *table = table_at(paging, paging->root);

    for (;; path.level--) {
        uint64_t *entry = slot_of(table, address, path.level);

        path.entry[path.level] = entry;
        if (!(*entry & ENTRY_PRESENT) || is_leaf(*entry, path.level))
            return path;
        table = table_at(paging, *entry);
    }
}

static uint64_t rights_bits(enum paging_rights rights)
{
    return rights == PAGING_WRITE     ? ENTRY_WRITE | ENTRY_NO_EXEC
           : rights == PAGING_EXECUTE ? 0
                                      : ENTRY_NO_EXEC;
}

static enum paging_rights rights_of(uint64_t entry)
{
    return entry & ENTRY_WRITE     ? PAGING_WRITE
           : entry & ENTRY_NO_EXEC ? PAGING_READ
                                   : PAGING_EXECUTE;
}

static bool is_range(uint64_t address, uint64_t size)
{
    uint64_t last = address + size - 1;

    if (!size || (address | size) % PAGING_PAGE || last < address)
        return false;
    return last < LOW_END || address >= HIGH_BEGIN;
}

static uint64_t new_table(struct paging *paging)
{
    uint64_t page = paging->alloc(paging->ctx);

    for (unsigned i = 0; page && i < ENTRIES; i++)
        table_at(paging, page)[i] = 0;
    return page;
}

enum paging_status paging_init(struct paging *paging)
{
    paging->root = new_table(paging);
    return paging->root ? PAGING_OK : PAGING_NO_MEMORY;
}

/* ---- Taking out ------------------------------------------------------------------------------ */

static bool is_empty(const uint64_t *table)
{
    for (unsigned i = 0; i < ENTRIES; i++)
        if (table[i])
            return false;
    return true;
}

/* Unlinks the tables on the way to an address that hold nothing, from the lowest. */
static void prune(struct paging *paging, uint64_t address, struct gone *gone)
{
    struct path path = walk(paging, address);

    for (unsigned level = path.level + 1; level < LEVELS; level++) {
        uint64_t page = *path.entry[level] & ENTRY_ADDRESS, *table = table_at(paging, page);

        if (!is_empty(table))
            return;
        *path.entry[level] = 0;
        table[0] = gone->first;
        gone->first = page;
    }
}

static void free_gone(struct paging *paging, struct gone *gone)
{
    while (gone->first) {
        uint64_t page = gone->first;

        gone->first = *table_at(paging, page);
        paging->free(paging->ctx, page);
    }
}

static void flush(struct paging *paging, uint64_t address, uint64_t size)
{
    if (paging->flush)
        paging->flush(paging->ctx, address, size);
}

/* Every page of the range is mapped, and no large page lies in it in part. */
static void take_out(struct paging *paging, uint64_t address, uint64_t size, struct gone *gone)
{
    uint64_t end = address + size;

    while (address != end) {
        struct path path = walk(paging, address);
        uint64_t next = address + span_of(path.level);

        *path.entry[path.level] = 0;
        if (next == end || next % span_of(path.level + 1) == 0)
            prune(paging, address, gone);
        address = next;
    }
}

void paging_finish(struct paging *paging)
{
    struct paging_range range;
    struct gone gone = { 0 };

    while (paging_next(paging, 0, &range))
        take_out(paging, range.address, range.size, &gone);
    free_gone(paging, &gone);
    paging->free(paging->ctx, paging->root);
    paging->root = 0;
}

/* ---- Mapping --------------------------------------------------------------------------------- */

/* Makes the tables down to the level. */
static enum paging_status reach(struct paging *paging, uint64_t address, unsigned level,
                                uint64_t **entry)
{
    struct path path = walk(paging, address);

    if (path.level < level || *path.entry[path.level])
        return PAGING_IN_USE;
    while (path.level > level) {
        uint64_t page = new_table(paging);

        if (!page)
            return PAGING_NO_MEMORY;
        *path.entry[path.level] = page | ENTRY_TABLE;
        path.level--;
        path.entry[path.level] = slot_of(table_at(paging, page), address, path.level);
    }
    *entry = path.entry[level];
    return PAGING_OK;
}

static unsigned largest_level(const struct paging *paging, uint64_t address, uint64_t physical,
                              uint64_t size)
{
    unsigned level = paging->no_gigabytes ? 1 : 2;

    while (level && ((address | physical) % span_of(level) || size < span_of(level)))
        level--;
    return level;
}

enum paging_status paging_map(struct paging *paging, uint64_t address, uint64_t physical,
                              uint64_t size, enum paging_rights rights)
{
    uint64_t done = 0, *entry;
    struct gone gone = { 0 };

    if (!is_range(address, size) || physical % PAGING_PAGE || physical + size < physical ||
        (physical + size - 1) & ~(ENTRY_ADDRESS | (PAGING_PAGE - 1)))
        return PAGING_INVALID;
    while (done < size) {
        unsigned level = largest_level(paging, address + done, physical + done, size - done);
        enum paging_status status = reach(paging, address + done, level, &entry);

        if (status != PAGING_OK) {
            prune(paging, address + done, &gone);
            if (done)
                take_out(paging, address, done, &gone);
            flush(paging, address, size);
            free_gone(paging, &gone);
            return status;
        }
        *entry = (physical + done) | ENTRY_LEAF | (level ? ENTRY_LARGE : 0) | rights_bits(rights);
        done += span_of(level);
    }
    return PAGING_OK;
}

/* ---- Changing -------------------------------------------------------------------------------- */

/* A large page becomes a table of smaller ones that map the same. */
static bool divide(struct paging *paging, const struct path *path)
{
    uint64_t old = *path->entry[path->level], page = new_table(paging), *table;
    uint64_t bits = old & ~(ENTRY_ADDRESS | ENTRY_LARGE);

    if (!page)
        return false;
    table = table_at(paging, page);
    bits |= path->level > 1 ? ENTRY_LARGE : 0;
    for (unsigned i = 0; i < ENTRIES; i++)
        table[i] = ((old & ENTRY_ADDRESS) + i * span_of(path->level - 1)) | bits;
    *path->entry[path->level] = page | ENTRY_TABLE;
    return true;
}

/* Divides the pages around an address until one begins there. */
static bool divide_at(struct paging *paging, uint64_t address)
{
    struct path path = walk(paging, address);

    while (path.level && is_leaf(*path.entry[path.level], path.level) &&
           address % span_of(path.level)) {
        if (!divide(paging, &path))
            return false;
        path = walk(paging, address);
    }
    return true;
}

static enum paging_status prepare(struct paging *paging, uint64_t address, uint64_t size)
{
    uint64_t end = address + size, at = address;

    if (!is_range(address, size))
        return PAGING_INVALID;
    while (at - address < size) {
        struct path path = walk(paging, at);

        if (!is_leaf(*path.entry[path.level], path.level))
            return PAGING_NOT_MAPPED;
        at = (at | (span_of(path.level) - 1)) + 1;
    }
    return divide_at(paging, address) && divide_at(paging, end) ? PAGING_OK : PAGING_NO_MEMORY;
}

enum paging_status paging_protect(struct paging *paging, uint64_t address, uint64_t size,
                                  enum paging_rights rights)
{
    enum paging_status status = prepare(paging, address, size);

    if (status != PAGING_OK)
        return status;
    for (uint64_t at = address; at != address + size;) {
        struct path path = walk(paging, at);
        uint64_t *entry = path.entry[path.level];

        *entry = (*entry & ~(ENTRY_WRITE | ENTRY_NO_EXEC)) | rights_bits(rights);
        at += span_of(path.level);
    }
    flush(paging, address, size);
    return PAGING_OK;
}

enum paging_status paging_unmap(struct paging *paging, uint64_t address, uint64_t size)
{
    enum paging_status status = prepare(paging, address, size);
    struct gone gone = { 0 };

    if (status != PAGING_OK)
        return status;
    take_out(paging, address, size, &gone);
    flush(paging, address, size);
    free_gone(paging, &gone);
    return PAGING_OK;
}

/* ---- Looking --------------------------------------------------------------------------------- */

/* Behind the entry that the path ends at; 0: there is nothing behind it. */
static uint64_t behind(uint64_t address, unsigned level)
{
    uint64_t next = (address | (span_of(level) - 1)) + 1;

    return next == LOW_END ? HIGH_BEGIN : next;
}

bool paging_next(const struct paging *paging, uint64_t address, struct paging_range *range)
{
    uint64_t next = address - address % PAGING_PAGE;

    if (next >= LOW_END && next < HIGH_BEGIN)
        next = HIGH_BEGIN;
    range->size = 0;
    do {
        struct path path = walk(paging, next);
        uint64_t entry = *path.entry[path.level], inside = next % span_of(path.level);
        uint64_t physical = (entry & ENTRY_ADDRESS) + inside;

        if (!is_leaf(entry, path.level)) {
            if (range->size)
                return true;
        } else if (!range->size) {
            *range = (struct paging_range){ .address = next,
                                            .physical = physical,
                                            .rights = rights_of(entry) };
        } else if (next != range->address + range->size ||
                   physical != range->physical + range->size || rights_of(entry) != range->rights) {
            return true;
        }
        if (is_leaf(entry, path.level))
            range->size += span_of(path.level) - inside;
        next = behind(next, path.level);
    } while (next);
    return range->size;
}

static bool is_sound(uint64_t entry, unsigned level)
{
    uint64_t known = ENTRY_ADDRESS | ENTRY_ACCESSED | ENTRY_PRESENT | ENTRY_WRITE;

    if (!is_leaf(entry, level))
        return level > 0 && !(entry & ~known) && entry & ENTRY_WRITE;
    if (level == LEVELS - 1 || (entry & ENTRY_ADDRESS) % span_of(level))
        return false;
    if (entry & ~(known | ENTRY_DIRTY | ENTRY_LARGE | ENTRY_NO_EXEC))
        return false;
    return !(entry & ENTRY_WRITE) || entry & ENTRY_NO_EXEC;
}

/* A table is looked at as a whole where it begins. */
static bool is_path_sound(const struct paging *paging, const struct path *path, uint64_t address)
{
    unsigned level = path->level;

    if (!*path->entry[level]) {
        if (level < LEVELS - 1 && address % span_of(level + 1) == 0 &&
            is_empty(table_at(paging, *path->entry[level + 1])))
            return false;
        level++;
    }
    for (; level < LEVELS; level++)
        if (!(*path->entry[level] & ENTRY_PRESENT) || !is_sound(*path->entry[level], level))
            return false;
    return true;
}

bool paging_check(const struct paging *paging, uint64_t *wrong)
{
    uint64_t address = 0;

    do {
        struct path path = walk(paging, address);

        if (!is_path_sound(paging, &path, address)) {
            if (wrong)
                *wrong = address;
            return false;
        }
        address = behind(address, path.level);
    } while (address);
    return true;
}
