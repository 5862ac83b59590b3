/* SPDX-License-Identifier: MIT */
/* Takes all memory that there is, but for as many pages as it is told to leave. */
#include <elfin/efi.h>
#include <elfin/module.h>

enum {
    ROOM = 64, /* pages to leave at most */
    RUNS = 512
};

uint64_t hold_all(void);
uint64_t hold_leave(uint64_t pages);
uint64_t hold_nothing(void);

static struct run {
    void *pages;
    uint64_t count;
} runs[RUNS], room;
static unsigned run_count;

static int take(struct run *run, uint64_t count)
{
    run->count = count;
    run->pages = count > 0 ? elfin_pages_alloc(count, 0, 0, UINT64_MAX) : NULL;
    return run->pages != NULL;
}

static void give(struct run *run)
{
    if (run->pages != NULL)
        elfin_pages_free(run->pages, run->count);
    run->pages = NULL;
}

/* Returns how many pages it has now. */
uint64_t hold_all(void)
{
    uint64_t count = UINT64_C(1) << 20, all = 0;

    take(&room, ROOM);
    while (count > 0 && run_count < RUNS) {
        if (!take(&runs[run_count], count)) {
            count /= 2;
            continue;
        }
        all += count;
        run_count++;
    }
    return all;
}

/* Returns whether it could keep the rest. */
uint64_t hold_leave(uint64_t pages)
{
    give(&room);
    return (uint64_t)take(&room, ROOM - pages);
}

uint64_t hold_nothing(void)
{
    give(&room);
    while (run_count > 0)
        give(&runs[--run_count]);
    return 0;
}
