/* SPDX-License-Identifier: MIT */
/* uefi/host.c over a firmware that does what real firmware may do, but the one in QEMU does not. */
#include <stdio.h>
#include <string.h>

#include "tests-qemu/host/firmware.h"
#include "uefi/call.h"
#include "uefi/host.h"

enum {
    PAGE = 4096
};

static struct uefi_host memory;
static elfin_host host;
static unsigned failures;

/* No test calls module code. */
elfin_status call_entry(void *ctx, const elfin_call *call, uint64_t *result)
{
    (void)ctx;
    (void)call;
    (void)result;
    return ELFIN_ERR_INTERNAL;
}

static void report(const char *name, int line)
{
    if (line == 0) {
        printf("ok host: %s\n", name);
        return;
    }
    printf("not ok host: %s: line %d\n", name, line);
    failures++;
}

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return __LINE__;                                                                       \
    } while (0)

static elfin_request image(uint64_t pages, uint64_t low, uint64_t high, uint64_t near)
{
    return (elfin_request){ .struct_size = sizeof(elfin_request),
                            .purpose = ELFIN_PURPOSE_IMAGE,
                            .size = pages * PAGE,
                            .align = PAGE,
                            .low = low,
                            .high = high,
                            .near = near };
}

static elfin_status reserve(elfin_request request, elfin_region *region)
{
    return host.reserve(host.ctx, &request, region);
}

/* Ends a test: nothing may be left. */
static int finish(void)
{
    EXPECT(memory.image_pages == 0);
    uefi_host_finish(&memory);
    EXPECT(memory.data_pages == 0 && fake_outstanding() == 0);
    return 0;
}

static int begin(bool has_attributes)
{
    fake_init(has_attributes);
    EXPECT(uefi_host_init(&memory, &fake.table, &host) == ELFIN_OK);
    EXPECT((host.flags & ELFIN_HOST_NO_RIGHTS) == (has_attributes ? 0 : ELFIN_HOST_NO_RIGHTS));
    return 0;
}

#define BEGIN(has_attributes) EXPECT(begin(has_attributes) == 0)

static int test_places(void)
{
    elfin_region a, b, c, d, e;

    BEGIN(false);
    EXPECT(reserve(image(3, 0x12345000, 0x12347fff, 0), &a) == ELFIN_OK && a.run == 0x12345000);
    EXPECT(a.edit == (void *)a.run && a.size == 3 * PAGE);
    EXPECT(reserve(image(1, 0x12346000, 0x12346fff, 0), &b) == ELFIN_ERR_MEMORY);
    EXPECT(reserve(image(2, 0, UINT64_MAX, 0x12345000), &b) == ELFIN_OK && b.run == 0x12343000);
    EXPECT(reserve(image(1, 0x100000000, UINT64_MAX, 0x12345000), &c) == ELFIN_OK);
    EXPECT(c.run == 0x100000000);
    elfin_request aligned = image(1, 0x1000001, UINT64_MAX, 0x1000001);
    aligned.align = 1 << 21;
    EXPECT(reserve(aligned, &d) == ELFIN_OK && d.run == 0x1200000);
    EXPECT(reserve(image(1, 0, 0xfff, 0), &e) == ELFIN_ERR_MEMORY); /* page 0 */
    EXPECT(reserve(image(1, 0, 0x1fff, 0), &e) == ELFIN_OK && e.run == PAGE);
    EXPECT(memory.image_pages == 8);
    host.release(host.ctx, &a);
    host.release(host.ctx, &b);
    host.release(host.ctx, &c);
    host.release(host.ctx, &d);
    host.release(host.ctx, &e);
    return finish();
}

static int test_impossible(void)
{
    elfin_region region;

    BEGIN(false);
    EXPECT(reserve(image(0x100000, 0, UINT64_MAX, 0), &region) == ELFIN_ERR_MEMORY);
    EXPECT(reserve(image(UINT64_MAX / PAGE, 0, UINT64_MAX, 0), &region) == ELFIN_ERR_MEMORY);
    EXPECT(reserve(image(2, 0x5000, 0x5fff, 0), &region) == ELFIN_ERR_MEMORY);
    EXPECT(reserve(image(1, 0x9000, 0x8000, 0), &region) == ELFIN_ERR_MEMORY);
    EXPECT(reserve(image(1, 0x20000000000, UINT64_MAX, 0), &region) == ELFIN_ERR_MEMORY);
    return finish();
}

/* Somebody takes the place between the look at the map and the request: another one is found. */
static int test_race(void)
{
    elfin_region region;
    uint64_t taken;

    BEGIN(false);
    fake.race = 2;
    EXPECT(reserve(image(4, 0, UINT64_MAX, 0x10000000), &region) == ELFIN_OK);
    EXPECT(fake.race == 0 && region.run != 0x10000000);
    host.release(host.ctx, &region);
    fake.race = 1000;
    EXPECT(reserve(image(4, 0, UINT64_MAX, 0x10000000), &region) == ELFIN_ERR_MEMORY);
    EXPECT(memory.image_pages == 0);
    taken = 2 + (1000 - fake.race);
    uefi_host_finish(&memory);
    EXPECT(fake_outstanding() == taken);
    return 0;
}

static int test_growing_map(void)
{
    elfin_region region;

    BEGIN(false);
    fake.map_fragments = 2000;
    EXPECT(reserve(image(1, 0, UINT64_MAX, 0x10000000), &region) == ELFIN_OK);
    host.release(host.ctx, &region);
    fake.map_fragments = 4000;
    fake.fail_any = 1;
    EXPECT(reserve(image(1, 0, UINT64_MAX, 0x10000000), &region) == ELFIN_ERR_MEMORY);
    EXPECT(reserve(image(1, 0, UINT64_MAX, 0x10000000), &region) == ELFIN_OK);
    host.release(host.ctx, &region);
    return finish();
}

static int test_rights(void)
{
    elfin_region region;

    BEGIN(true);
    EXPECT(reserve(image(4, 0, UINT64_MAX, 0x10000000), &region) == ELFIN_OK);
    EXPECT(fake_attributes(region.run) == ATTRIBUTE_XP);
    EXPECT(host.protect(host.ctx, &region, 0, PAGE, ELFIN_RIGHTS_RX) == ELFIN_OK);
    EXPECT(host.protect(host.ctx, &region, PAGE, 2 * PAGE, ELFIN_RIGHTS_R) == ELFIN_OK);
    EXPECT(fake_attributes(region.run) == ATTRIBUTE_RO);
    EXPECT(fake_attributes(region.run + 2 * PAGE) == (ATTRIBUTE_RO | ATTRIBUTE_XP));
    EXPECT(fake_attributes(region.run + 3 * PAGE) == ATTRIBUTE_XP);
    EXPECT(host.protect(host.ctx, &region, 0, PAGE, ELFIN_RIGHTS_RW) == ELFIN_OK);
    EXPECT(fake_attributes(region.run) == ATTRIBUTE_XP);
    fake.fail_set = 1;
    EXPECT(host.protect(host.ctx, &region, 0, PAGE, ELFIN_RIGHTS_RX) == ELFIN_ERR_PROTECT);
    host.release(host.ctx, &region); /* the firmware checks that no rights stay */
    fake.fail_set = 1;
    EXPECT(reserve(image(1, 0, UINT64_MAX, 0x10000000), &region) == ELFIN_ERR_PROTECT);
    return finish();
}

static int test_heap(void)
{
    elfin_request request = { .struct_size = sizeof(request), .purpose = ELFIN_PURPOSE_WORK };
    elfin_region small, large;

    BEGIN(false);
    request.size = 100;
    request.align = 64;
    EXPECT(reserve(request, &small) == ELFIN_OK && (uint64_t)small.edit % 64 == 0);
    memset(small.edit, 1, 100);
    request.purpose = ELFIN_PURPOSE_RECORDS;
    request.size = 3 << 20;
    request.align = 8;
    EXPECT(reserve(request, &large) == ELFIN_OK);
    memset(large.edit, 2, request.size);
    EXPECT(*(char *)small.edit == 1);
    fake.fail_any = 1;
    EXPECT(reserve(request, &(elfin_region){ 0 }) == ELFIN_ERR_MEMORY);
    host.release(host.ctx, &large);
    host.release(host.ctx, &small);
    EXPECT(mini_heap_statistics(&memory.heap).count == 0);
    return finish();
}

/* The page allocator of modules: data pages, from the top. */
static int test_pages(void)
{
    struct mini_pages_request request = { .size = 5 * PAGE,
                                          .high = 0xfffffff,
                                          .policy = MINI_PAGES_HIGHEST };
    uint64_t base;

    BEGIN(false);
    EXPECT(uefi_pages_alloc(&memory, EfiLoaderData, &request, &base));
    EXPECT(base == 0x7ffb000 && memory.data_pages == 5 && memory.image_pages == 0);
    EXPECT(uefi_pages_free_count(&memory) == 0x9f + 0x7f00 + 0x10000 + 0x40000 - 5);
    uefi_pages_free(&memory, EfiLoaderData, base, request.size);
    return finish();
}

int main(void)
{
    report("limits, nearness, alignment, page 0", test_places());
    report("requests that cannot be met", test_impossible());
    report("somebody else takes the place", test_race());
    report("a memory map that grows", test_growing_map());
    report("page rights, never writable and executable", test_rights());
    report("records and working memory", test_heap());
    report("the page allocator of modules", test_pages());
    return failures != 0;
}
