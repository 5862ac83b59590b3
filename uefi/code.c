/* SPDX-License-Identifier: MIT */
#include "uefi/code.h"

enum {
    RANGES = 256
};

static struct {
    uint64_t first, size;
} ranges[RANGES];
static unsigned count;
static bool known;

/* The piece of memory that our own stack lies in, from where calls begin. */
static struct {
    uint64_t low, high;
} stack;

static void take_range(void *ctx, uint64_t base, uint64_t pages, EFI_MEMORY_TYPE type)
{
    uint64_t size = pages * MINI_PAGE_SIZE;

    if (stack.low - base < size)
        stack.high = base + size;
    (void)ctx;
    if (type != EfiLoaderCode && type != EfiBootServicesCode && type != EfiRuntimeServicesCode)
        return;
    if (count > 0 && base == ranges[count - 1].first + ranges[count - 1].size) {
        ranges[count - 1].size += size;
    } else if (count < RANGES) {
        ranges[count].first = base;
        ranges[count++].size = size;
    } else {
        known = false;
    }
}

void code_find(struct uefi_host *host)
{
    count = 0;
    known = true;
    stack.low = stack.high = (uint64_t)__builtin_frame_address(0);
    if (!uefi_pages_walk(host, take_range, NULL))
        known = false;
}

bool code_is_known(void)
{
    return known;
}

bool code_contains(uint64_t address)
{
    for (unsigned i = 0; i < count; i++)
        if (address - ranges[i].first < ranges[i].size)
            return true;
    return false;
}

bool code_is_stack(uint64_t address)
{
    return address - stack.low < stack.high - stack.low;
}
