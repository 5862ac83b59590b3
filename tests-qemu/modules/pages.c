/* SPDX-License-Identifier: MIT */
/* The page allocator of modules under fire, in a machine with memory in each zone up to 7 GiB. */
#include <elfin/efi.h>
#include <elfin/module.h>

#define GIB  (UINT64_C(1) << 30)
#define PAGE UINT64_C(4096)

enum {
    WINDOW = 64, /* MiB */
    IN_MIB = 256 /* pages */
};

int pages_wrong_places(void);
int pages_wrong_exhaustion(void);
int pages_wrong_frees(void);

static int lies(const void *pages, uint64_t count, uint64_t align, uint64_t low, uint64_t high)
{
    uint64_t base = (uint64_t)pages;

    return base != 0 && base % align == 0 && base >= low && base + count * PAGE - 1 <= high;
}

/* Every zone and alignment; each page can be written. Returns the number of mistakes. */
int pages_wrong_places(void)
{
    static const uint64_t limits[][2] = {
        { 0, 2 * GIB - 1 },           { 2 * GIB, 4 * GIB - 1 },     { 4 * GIB, 7 * GIB - 1 },
        { 2 * GIB + 1, 5 * GIB + 1 }, { GIB, GIB + (1 << 24) - 1 },
    };
    int wrong = 0;

    for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        for (unsigned shift = 12; shift <= 24; shift += 3) {
            uint64_t align = UINT64_C(1) << shift, count = 1 + 7 * i;
            uint64_t *pages = elfin_pages_alloc(count, align, limits[i][0], limits[i][1]);
            if (!lies(pages, count, align, limits[i][0], limits[i][1])) {
                wrong++;
                continue;
            }
            for (uint64_t page = 0; page < count; page++)
                pages[page * PAGE / sizeof(*pages)] = page;
            elfin_pages_free(pages, count);
        }
    }
    return wrong;
}

/* A window to its last page, and what no window has. */
int pages_wrong_exhaustion(void)
{
    static void *taken[WINDOW + 1];
    uint64_t low = 5 * GIB, high = low + WINDOW * IN_MIB * PAGE - 1;
    int wrong = 0, count = 0;

    while (count <= WINDOW && (taken[count] = elfin_pages_alloc(IN_MIB, 0, low, high)) != NULL)
        count++;
    wrong += count != WINDOW;
    wrong += elfin_pages_alloc(1, 0, low, high) != NULL;
    /* In an order without neighbours first. */
    for (int i = 0; i < count; i++)
        elfin_pages_free(taken[i * 37 % WINDOW], IN_MIB);
    /* More than the machine has there. Taking all of it would be slow: firmware may fill what is
     * freed. */
    wrong += elfin_pages_alloc(3 * GIB / PAGE + 1, 0, 4 * GIB, UINT64_MAX) != NULL;
    wrong += elfin_pages_alloc(7 * GIB / PAGE, 0, 0, UINT64_MAX) != NULL;
    return wrong;
}

/* Five wrong frees, each to be reported, and none to be done. Returns the number of mistakes. */
int pages_wrong_frees(void)
{
    char *pages = elfin_pages_alloc(4, 0, 4 * GIB, UINT64_MAX), *other;

    elfin_pages_free(pages, 3);
    elfin_pages_free(pages + PAGE, 3);
    elfin_pages_free((void *)((uint64_t)&pages_wrong_frees & ~(PAGE - 1)), 1);
    elfin_pages_free(pages + 4 * PAGE, 1);
    other = elfin_pages_alloc(4, 0, 4 * GIB, UINT64_MAX);
    int wrong = other == pages || other == NULL;
    elfin_pages_free(pages, 4);
    elfin_pages_free(pages, 4);
    elfin_pages_free(other, 4);
    return wrong;
}
