/* SPDX-License-Identifier: MIT */
/*
 * Page tables against a model of cells: stretches of addresses of all page sizes, at the ends of
 * both canonical halves and where tables of every level meet. The tables are read by a walker of
 * the test's own, as the CPU would, and by paging_next and paging_check.
 */
#include "arch-x86_64/paging.h"

#include <string.h>

#include "tests/lib/test.h"

#define KIB  UINT64_C(1024)
#define MIB  (KIB * 1024)
#define GIB  (MIB * 1024)
#define HIGH (~UINT64_C(0) << 47)

enum {
    TABLES = 400,
    REGIONS = 6,
    SMALL = 6,
    CELLS_OF_REGION = 6 * SMALL,
    CELLS = REGIONS * CELLS_OF_REGION
};

/* ---- Memory for tables ----------------------------------------------------------------------- */

#define FIRST_TABLE (UINT64_C(1) << 40) /* physical addresses need not be anybody's pointers */

static uint64_t memory[TABLES][512] __attribute__((aligned(4096)));
static bool in_use[TABLES];
static unsigned used, most;
static uint64_t flushed_low, flushed_high;

static uint64_t table_alloc(void *ctx)
{
    CHECK(ctx == &used);
    for (unsigned i = 0; i < TABLES && used < most; i++) {
        if (!in_use[i]) {
            in_use[i] = true;
            used++;
            memset(memory[i], 0xee, sizeof memory[i]);
            return FIRST_TABLE + i * PAGING_PAGE;
        }
    }
    return 0;
}

static void table_free(void *ctx, uint64_t page)
{
    uint64_t i = (page - FIRST_TABLE) / PAGING_PAGE;

    CHECK(ctx == &used);
    REQUIRE(page >= FIRST_TABLE && i < TABLES && in_use[i] && page % PAGING_PAGE == 0);
    in_use[i] = false;
    used--;
}

static void flush(void *ctx, uint64_t address, uint64_t size)
{
    CHECK(ctx == &used);
    flushed_low = address;
    flushed_high = address + size;
}

static struct paging make(bool no_gigabytes)
{
    struct paging paging = { .window = (uint64_t)(uintptr_t)memory - FIRST_TABLE,
                             .ctx = &used,
                             .alloc = table_alloc,
                             .free = table_free,
                             .flush = flush,
                             .no_gigabytes = no_gigabytes };

    memset(in_use, 0, sizeof in_use);
    used = 0;
    most = TABLES;
    REQUIRE(paging_init(&paging) == PAGING_OK);
    return paging;
}

/* ---- The model ------------------------------------------------------------------------------- */

struct cell {
    uint64_t address, size, physical;
    bool mapped;
    enum paging_rights rights;
};

static struct cell cells[CELLS];

/* Small pages, 2 MiB and 1 GiB, and back again: aligned as they have to be. */
static void lay_cells(void)
{
    static const uint64_t begins[REGIONS] = {
        0,    512 * GIB - 2 * GIB, (UINT64_C(1) << 47) - 5 * GIB,
        HIGH, HIGH + 510 * GIB,    UINT64_C(0) - 5 * GIB
    };
    static const uint64_t sizes[6] = { 4 * KIB, 2 * MIB, GIB, GIB, 2 * MIB, 4 * KIB };
    struct cell *cell = cells;

    for (unsigned r = 0; r < REGIONS; r++) {
        uint64_t at = begins[r];

        for (unsigned s = 0; s < 6; s++) {
            uint64_t count = s == 2 || s == 3 ? 1 : SMALL;

            for (uint64_t i = 0; i < SMALL; i++, cell++) {
                *cell = (struct cell){ .address = at, .size = i < count ? sizes[s] : 0 };
                if (s < 2 && i == SMALL - 1) { /* up to where the next size is aligned */
                    cell->size = sizes[s + 1] - at % sizes[s + 1];
                }
                at += cell->size;
            }
        }
    }
    /* The last cell of a region that ends with the half reaches its end. */
    cells[3 * CELLS_OF_REGION - 1].size =
        (UINT64_C(1) << 47) - cells[3 * CELLS_OF_REGION - 1].address;
    cells[CELLS - 1].size = UINT64_C(0) - cells[CELLS - 1].address;
}

/* As a CPU does it, Intel SDM volume 3A, figure 4-8 and following; rights in *rights. */
static bool translate(const struct paging *paging, uint64_t address, uint64_t *physical,
                      enum paging_rights *rights)
{
    uint64_t entry = paging->root, page;
    bool write = true, execute = true;

    for (int level = 3; level >= 0; level--) {
        const uint64_t *table =
            (const uint64_t *)(uintptr_t)((entry & UINT64_C(0xffffffffff000)) + paging->window);

        entry = table[address >> (12 + 9 * level) & 511];
        if (!(entry & 1)) {
            return false;
        }
        write = write && (entry & 2);
        execute = execute && !(entry >> 63);
        if (level == 0 || entry & 0x80) {
            page = UINT64_C(1) << (12 + 9 * level);
            CHECK((entry & UINT64_C(0xffffffffff000) & (page - 1)) == 0);
            *physical = (entry & UINT64_C(0xffffffffff000)) | (address & (page - 1));
            break;
        }
    }
    CHECK(!(write && execute));
    *rights = write ? PAGING_WRITE : execute ? PAGING_EXECUTE : PAGING_READ;
    return true;
}

static void check_at(const struct paging *paging, const struct cell *cell, uint64_t offset)
{
    uint64_t physical = 0;
    enum paging_rights rights = PAGING_READ;
    bool mapped = translate(paging, cell->address + offset, &physical, &rights);

    CHECK_EQ(mapped, cell->mapped);
    if (mapped && cell->mapped) {
        CHECK_EQ(physical, cell->physical + offset);
        CHECK_EQ(rights, cell->rights);
    }
}

static void check(const struct paging *paging)
{
    struct paging_range range, wanted = { 0 };
    uint64_t next = 0;

    for (unsigned i = 0; i < CELLS; i++) {
        const struct cell *cell = &cells[i];

        if (!cell->size) {
            continue;
        }
        check_at(paging, cell, 0);
        check_at(paging, cell, cell->size - 1);
        check_at(paging, cell, test_random_below(cell->size));
        if (!cell->mapped) {
            continue;
        }
        if (wanted.size && wanted.address + wanted.size == cell->address &&
            wanted.physical + wanted.size == cell->physical && wanted.rights == cell->rights) {
            wanted.size += cell->size;
            continue;
        }
        if (wanted.size) {
            REQUIRE(paging_next(paging, next, &range));
            CHECK(memcmp(&range, &wanted, sizeof range) == 0);
            next = range.address + range.size;
        }
        memset(&wanted, 0, sizeof wanted);
        wanted.address = cell->address;
        wanted.physical = cell->physical;
        wanted.size = cell->size;
        wanted.rights = cell->rights;
    }
    if (wanted.size) {
        REQUIRE(paging_next(paging, next, &range));
        CHECK(memcmp(&range, &wanted, sizeof range) == 0);
        next = range.address + range.size;
    }
    CHECK(wanted.size && !next ? true : !paging_next(paging, next, &range));
}

/* ---- Cases ----------------------------------------------------------------------------------- */

static void random_run(unsigned *first, unsigned *last)
{
    unsigned region = (unsigned)test_random_below(REGIONS) * CELLS_OF_REGION;

    *first = region + (unsigned)test_random_below(CELLS_OF_REGION);
    *last = *first + (unsigned)test_random_below(region + CELLS_OF_REGION - *first);
    *last = *last > *first + 12 ? *first + 12 : *last;
}

static bool any(unsigned first, unsigned last, bool mapped)
{
    for (unsigned i = first; i <= last; i++) {
        if (cells[i].size && cells[i].mapped == mapped) {
            return true;
        }
    }
    return false;
}

static void step(struct paging *paging)
{
    static const uint64_t places[] = { 0, GIB, 3 * GIB, 6 * MIB, 5 * 4096, 1 * MIB };
    enum paging_rights rights = (enum paging_rights)test_random_below(3);
    uint64_t kind = test_random_below(3), address, size, physical;
    enum paging_status status, wanted;
    unsigned first, last;

    random_run(&first, &last);
    address = cells[first].address;
    size = cells[last].address + cells[last].size - address;
    if (!size) {
        return;
    }
    /* Small pages for what is small: a gigabyte of them would need 512 tables. */
    physical = (address & (GIB * 1024 - 1)) + places[test_random_below(size < 64 * MIB ? 6 : 4)];
    flushed_low = flushed_high = 1;
    if (kind == 0) {
        status = paging_map(paging, address, physical, size, rights);
        wanted = any(first, last, true) ? PAGING_IN_USE : PAGING_OK;
    } else {
        status = kind == 1 ? paging_protect(paging, address, size, rights)
                           : paging_unmap(paging, address, size);
        wanted = any(first, last, false) ? PAGING_NOT_MAPPED : PAGING_OK;
        CHECK(status != PAGING_OK || (flushed_low == address && flushed_high == address + size));
    }
    if (status == PAGING_NO_MEMORY) {
        CHECK(most < TABLES);
        return;
    }
    CHECK_EQ(status, wanted);
    for (unsigned i = first; status == PAGING_OK && i <= last; i++) {
        cells[i].rights = rights;
        if (kind == 0) {
            cells[i].physical = physical + (cells[i].address - address);
        }
        cells[i].mapped = kind != 2;
    }
}

static void random_changes_against_a_model(void)
{
    for (unsigned round = 0; round < 12; round++) {
        struct paging paging = make(round % 2);
        uint64_t refused = 0, wrong = 0;

        lay_cells();
        if (round >= 4) { /* with too little memory */
            most = 4 + round;
        }
        for (unsigned i = 0; i < 250; i++) {
            step(&paging);
            refused += used == most;
            check(&paging);
            if (i % 16 == 0) {
                CHECK_MSG(paging_check(&paging, &wrong), "bad entry at %#llx",
                          (unsigned long long)wrong);
            }
            REQUIRE_NO_FAILURE();
        }
        CHECK(round < 4 || refused > 0);
        most = TABLES;
        for (unsigned i = 0; i < CELLS; i++) {
            if (cells[i].size && cells[i].mapped) {
                CHECK_EQ(paging_unmap(&paging, cells[i].address, cells[i].size), PAGING_OK);
            }
            cells[i].mapped = false;
        }
        check(&paging);
        CHECK_EQ(used, 1); /* tables that hold nothing are given back */
        paging_finish(&paging);
        CHECK_EQ(used, 0);
    }
}

static void finish_gives_all_tables_back(void)
{
    struct paging paging = make(false);

    lay_cells();
    for (unsigned i = 0; i < 200; i++) {
        step(&paging);
    }
    CHECK(used > 1);
    paging_finish(&paging);
    CHECK_EQ(used, 0);
}

static void large_pages_are_used(void)
{
    struct paging paging = make(false);

    CHECK_EQ(paging_map(&paging, HIGH, 0, 512 * GIB, PAGING_WRITE), PAGING_OK);
    CHECK_EQ(used, 2);
    CHECK_EQ(paging_protect(&paging, HIGH + 5 * GIB + 4096, 4096, PAGING_READ), PAGING_OK);
    CHECK_EQ(used, 4);
    paging_finish(&paging);
    paging = make(true);
    CHECK_EQ(paging_map(&paging, HIGH, 0, 4 * GIB, PAGING_WRITE), PAGING_OK);
    CHECK_EQ(used, 2 + 4);
    paging_finish(&paging);
}

static void what_is_refused(void)
{
    struct paging paging = make(false);
    const uint64_t low_end = UINT64_C(1) << 47;

    CHECK_EQ(paging_map(&paging, 0, 0, 0, PAGING_READ), PAGING_INVALID);
    CHECK_EQ(paging_map(&paging, 1, 0, 4096, PAGING_READ), PAGING_INVALID);
    CHECK_EQ(paging_map(&paging, 0, 1, 4096, PAGING_READ), PAGING_INVALID);
    CHECK_EQ(paging_map(&paging, 0, 0, 4095, PAGING_READ), PAGING_INVALID);
    CHECK_EQ(paging_map(&paging, low_end - 4096, 0, 8192, PAGING_READ), PAGING_INVALID);
    CHECK_EQ(paging_map(&paging, low_end, 0, 4096, PAGING_READ), PAGING_INVALID);
    CHECK_EQ(paging_map(&paging, HIGH - 4096, 0, 8192, PAGING_READ), PAGING_INVALID);
    CHECK_EQ(paging_map(&paging, UINT64_C(0) - 4096, 0, 8192, PAGING_READ), PAGING_INVALID);
    CHECK_EQ(paging_map(&paging, 0, UINT64_C(1) << 52, 4096, PAGING_READ), PAGING_INVALID);
    CHECK_EQ(paging_map(&paging, 0, (UINT64_C(1) << 52) - 4096, 8192, PAGING_READ), PAGING_INVALID);
    CHECK_EQ(paging_map(&paging, 0, UINT64_C(0) - 4096, 8192, PAGING_READ), PAGING_INVALID);
    CHECK_EQ(paging_unmap(&paging, 0, 4096), PAGING_NOT_MAPPED);
    CHECK_EQ(paging_protect(&paging, 0, 4096, PAGING_READ), PAGING_NOT_MAPPED);
    CHECK_EQ(paging_protect(&paging, low_end, 4096, PAGING_READ), PAGING_INVALID);
    CHECK_EQ(used, 1);
    CHECK_EQ(paging_map(&paging, UINT64_C(0) - 4096, (UINT64_C(1) << 52) - 4096, 4096, PAGING_READ),
             PAGING_OK);
    CHECK_EQ(paging_map(&paging, low_end - 4096, 0, 4096, PAGING_READ), PAGING_OK);
    paging_finish(&paging);
    CHECK_EQ(used, 0);
}

/* Damage of every kind that the check looks for. */
static void the_check_sees_what_is_wrong(void)
{
    static const uint64_t damage[] = {
        2, UINT64_C(1) << 63, 4, 8, 16, 256, 512, UINT64_C(1) << 52
    };
    struct paging paging = make(false);
    uint64_t *leaf, wrong = 0;

    CHECK_EQ(paging_map(&paging, HIGH + 4096, 0, 4096, PAGING_EXECUTE), PAGING_OK);
    leaf = &memory[3][1];
    CHECK_EQ(*leaf & 1, 1);
    for (unsigned i = 0; i < sizeof damage / sizeof *damage; i++) {
        *leaf ^= damage[i];
        CHECK_EQ(paging_check(&paging, &wrong), i == 1); /* one right for another */
        CHECK(i == 1 || wrong == HIGH + 4096);
        *leaf ^= damage[i];
    }
    wrong = *leaf;
    *leaf = 0;
    CHECK(!paging_check(&paging, NULL)); /* an empty table */
    *leaf = wrong;
    CHECK(paging_check(&paging, NULL));
    memory[2][0] ^= 2;
    CHECK(!paging_check(&paging, NULL)); /* rights in a table's entry */
    memory[2][0] ^= 2;
    paging_finish(&paging);
}

static const struct test_case cases[] = {
    TEST_CASE(random_changes_against_a_model), TEST_CASE(finish_gives_all_tables_back),
    TEST_CASE(large_pages_are_used),           TEST_CASE(what_is_refused),
    TEST_CASE(the_check_sees_what_is_wrong),
};

TEST_MAIN("paging", cases)
