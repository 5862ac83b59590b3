/* SPDX-License-Identifier: MIT */
/* uefi/host.c over a firmware that does what real firmware may do, but the one in QEMU does not. */
#include <stdio.h>
#include <string.h>

#include "tests-qemu/host/firmware.h"
#include "tests/lib/free_list.h"
#include "monitor/call.h"
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

void call_tls_attach(void *ctx, const elfin_tls *tls)
{
    (void)ctx;
    (void)tls;
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

static int begin(enum fake_rights rights)
{
    fake_init(rights);
    EXPECT(uefi_host_init(&memory, &fake.table, &host) == ELFIN_OK);
    EXPECT((host.flags & ELFIN_HOST_NO_RIGHTS) ==
           (rights == FAKE_NOTHING ? ELFIN_HOST_NO_RIGHTS : 0));
    return 0;
}

#define BEGIN(rights) EXPECT(begin(rights) == 0)

static int test_places(void)
{
    elfin_region a, b, c, d, e;

    BEGIN(FAKE_NOTHING);
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

    BEGIN(FAKE_NOTHING);
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

    BEGIN(FAKE_NOTHING);
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

    BEGIN(FAKE_NOTHING);
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

static int test_rights_by(enum fake_rights rights)
{
    elfin_region region;

    BEGIN(rights);
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

/* Pages that are made to vanish, and come back as they were. */
static int test_hidden_by(enum fake_rights rights)
{
    uint64_t before = 0;
    elfin_region region;

    BEGIN(rights);
    EXPECT(reserve(image(3, 0, UINT64_MAX, 0x10000000), &region) == ELFIN_OK);
    EXPECT(host.protect(host.ctx, &region, 0, 2 * PAGE, ELFIN_RIGHTS_R) == ELFIN_OK);
    EXPECT(uefi_rights_get(&memory.rights, region.run, &before));
    EXPECT(uefi_rights_hide(&memory.rights, region.run, PAGE));
    EXPECT(fake_attributes(region.run) == ATTRIBUTE_RP);
    EXPECT(fake_attributes(region.run + PAGE) == (ATTRIBUTE_RO | ATTRIBUTE_XP));
    EXPECT(uefi_rights_put(&memory.rights, region.run, PAGE, before));
    EXPECT(fake_attributes(region.run) == (ATTRIBUTE_RO | ATTRIBUTE_XP));
    fake.fail_set = 1;
    EXPECT(!uefi_rights_hide(&memory.rights, region.run, PAGE));
    host.release(host.ctx, &region);
    return finish();
}

static int test_hidden(void)
{
    uint64_t before;

    EXPECT(test_hidden_by(FAKE_PROTOCOL) == 0);
    EXPECT(test_hidden_by(FAKE_SERVICES) == 0);
    BEGIN(FAKE_NOTHING);
    EXPECT(!uefi_rights_get(&memory.rights, 0x10000000, &before));
    EXPECT(!uefi_rights_hide(&memory.rights, 0x10000000, PAGE));
    return finish();
}

/* A firmware in the middle of a service is asked for nothing. */
static int test_locked(void)
{
    elfin_region image_region, heap_region;
    elfin_request work = {
        .struct_size = sizeof(work), .purpose = ELFIN_PURPOSE_WORK, .size = 3 << 20, .align = 16
    };
    unsigned reads;

    BEGIN(FAKE_SERVICES);
    EXPECT(reserve(image(1, 0, UINT64_MAX, 0x10000000), &image_region) == ELFIN_OK);
    EXPECT(reserve(work, &heap_region) == ELFIN_OK);
    uefi_host_lock(&memory);
    reads = fake.map_reads;
    EXPECT(reserve(image(1, 0, UINT64_MAX, 0x10000000), &(elfin_region){ 0 }) == ELFIN_ERR_MEMORY);
    work.size = 30 << 20;
    EXPECT(reserve(work, &(elfin_region){ 0 }) == ELFIN_ERR_MEMORY);
    EXPECT(host.protect(host.ctx, &image_region, 0, PAGE, ELFIN_RIGHTS_RX) == ELFIN_ERR_PROTECT);
    fake.fail_set = 1;
    host.release(host.ctx, &image_region);
    host.release(host.ctx, &heap_region);
    EXPECT(fake.fail_set == 1 && fake.map_reads == reads && fake_outstanding() > 700);
    return 0;
}

static int test_rights(void)
{
    EXPECT(test_rights_by(FAKE_PROTOCOL) == 0);
    EXPECT(test_rights_by(FAKE_SERVICES) == 0);
    return test_rights_by(FAKE_BOTH);
}

static int test_heap(void)
{
    elfin_request request = { .struct_size = sizeof(request), .purpose = ELFIN_PURPOSE_WORK };
    elfin_region small, large;

    BEGIN(FAKE_NOTHING);
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

    BEGIN(FAKE_NOTHING);
    EXPECT(uefi_pages_alloc(&memory, EfiLoaderData, &request, &base));
    EXPECT(base == 0x7ffb000 && memory.data_pages == 5 && memory.image_pages == 0);
    EXPECT(uefi_pages_free_count(&memory) == 0x9f + 0x7f00 + 0x10000 + 0x40000 - 5);
    uefi_pages_free(&memory, EfiLoaderData, base, request.size);
    return finish();
}

/* A firmware that refuses what its own map says is free: the next best place is taken. */
static int test_refusal(void)
{
    elfin_region region;

    BEGIN(FAKE_NOTHING);
    fake.refuse_low = 0x12345000;
    fake.refuse_high = 0x12346000;
    EXPECT(reserve(image(2, 0x12300000, 0x12400000, 0x12345000), &region) == ELFIN_OK);
    EXPECT(region.run == 0x12343000 || region.run == 0x12346000);
    host.release(host.ctx, &region);
    fake.refuse_low = 0x10000000;
    fake.refuse_high = 0x20000000;
    EXPECT(reserve(image(1, 0x12300000, 0x12400000, 0x12345000), &region) == ELFIN_ERR_MEMORY);
    EXPECT(fake.map_reads < 40);
    return finish();
}

/* Wishes within reach of the program are met beside it, others where they say. */
static int test_neighbourhood(void)
{
    uint64_t own = (uint64_t)&uefi_host_init & ~(uint64_t)(PAGE - 1);
    struct fake_memory all = { .base = own - 0x40000000, .pages = 0x80000 };
    elfin_region a, b, c, d;

    BEGIN(FAKE_NOTHING);
    fake.memory = &all;
    fake.memory_count = 1;
    EXPECT(reserve(image(2, 0, UINT64_MAX, 0), &a) == ELFIN_OK);
    EXPECT(a.run == own || a.run == own - PAGE || a.run == own + PAGE);
    EXPECT(reserve(image(2, 0, UINT64_MAX, own + 0x8000000), &b) == ELFIN_OK);
    EXPECT(b.run - own + 4 * PAGE <= 8 * PAGE);
    EXPECT(reserve(image(2, 0, UINT64_MAX, own + 0x20000000), &c) == ELFIN_OK);
    EXPECT(c.run == own + 0x20000000);
    EXPECT(reserve(image(2, own + 0x10000000, UINT64_MAX, own), &d) == ELFIN_OK);
    EXPECT(d.run == own + 0x10000000);
    host.release(host.ctx, &a);
    host.release(host.ctx, &b);
    host.release(host.ctx, &c);
    host.release(host.ctx, &d);
    return finish();
}

/* One request, against a search from end to end. Given back at once. */
static bool agrees(const struct free_list *list, const elfin_request *request)
{
    struct mini_pages_request wanted = { .size = request->size,
                                         .align = request->align,
                                         .low = request->low,
                                         .high = request->high,
                                         .policy = MINI_PAGES_NEAREST,
                                         .near = request->near };
    elfin_region region;
    uint64_t best;

    if (!free_list_search(list, &wanted, &best))
        return reserve(*request, &region) == ELFIN_ERR_MEMORY;
    if (reserve(*request, &region) != ELFIN_OK)
        return false;
    host.release(host.ctx, &region);
    return region.run == best && (uint64_t)region.edit == best && region.size == request->size;
}

enum {
    PLACES = 6,
    PLACE_PAGES = 5
};

/* Where the ranges of the small maps lie: the ends of memory, and where limits usually are. */
static const uint64_t places[PLACES] = {
    0, 0x7fffe000, 0xffffd000, 0x7fffffff0000, 0xffffffff80000000, 0xfffffffffffe0000,
};

/* Each page of each place is free or not, by the bits; page 0 counts for nothing. */
static unsigned small_map(struct fake_memory *ranges, struct free_list *list, uint64_t bits)
{
    unsigned count = 0;

    for (unsigned i = 0; i < PLACES * PLACE_PAGES; i++) {
        uint64_t base = places[i / PLACE_PAGES] + i % PLACE_PAGES * PAGE;
        if ((bits >> i & 1) == 0)
            continue;
        if (count > 0 && i % PLACE_PAGES > 0 && (bits >> (i - 1) & 1) != 0)
            ranges[count - 1].pages++;
        else
            ranges[count++] = (struct fake_memory){ base, 1 };
        if (base != 0)
            free_list_add(list, base, base + PAGE - 1);
    }
    return count;
}

/* All pairs of limits about one place, all sizes and some alignments and wishes. */
static bool try_place(const struct free_list *list, unsigned place, uint64_t *tried)
{
    for (uint64_t pages = 1; pages <= PLACE_PAGES + 1; pages++) {
        for (unsigned limits = 0; limits < 36; limits++) {
            uint64_t low = places[place] + limits / 6 * PAGE - limits % 2;
            uint64_t high = places[place] + limits % 6 * PAGE + PAGE - 1 + limits % 3;
            elfin_request r = image(pages, limits == 0 ? 0 : low, limits < 2 ? UINT64_MAX : high,
                                    places[(place + limits) % PLACES] + PAGE);
            r.align = (uint64_t)PAGE << limits % 3;
            if (!agrees(list, &r)) {
                printf("# %llu pages at 0x%llx in 0x%llx-0x%llx near 0x%llx\n",
                       (unsigned long long)pages, (unsigned long long)r.align,
                       (unsigned long long)r.low, (unsigned long long)r.high,
                       (unsigned long long)r.near);
                return false;
            }
            ++*tried;
        }
    }
    return true;
}

/* Memory is found whenever it exists, and the nearest of it. */
static int test_small_maps(void)
{
    struct fake_memory ranges[PLACES * PLACE_PAGES];
    uint64_t state = 1, tried = 0;

    for (unsigned i = 0; i < 400; i++) {
        struct free_list list = { 0 };
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        BEGIN(FAKE_NOTHING);
        fake.memory = ranges;
        fake.memory_count =
            small_map(ranges, &list, i < 100 ? state >> 20 | state >> 31 : state >> 31);
        for (unsigned place = 0; place < PLACES; place++)
            EXPECT(try_place(&list, place, &tried));
        free_list_drop(&list);
        EXPECT(finish() == 0);
    }
    printf("# %llu requests of 400 small maps\n", (unsigned long long)tried);
    return 0;
}

/* The maps of real firmware, and the windows of real modules. */
static int test_real_map(const char *path)
{
    static const uint64_t gib = UINT64_C(1) << 30;
    struct free_list list = { 0 };
    struct fake_memory ranges[64];
    uint64_t state = 1;

    EXPECT(free_list_read_map(&list, path) > 20 && list.count <= 64);
    BEGIN(FAKE_NOTHING);
    for (size_t i = 0; i < list.count; i++)
        ranges[i] = (struct fake_memory){ list.runs[i].base,
                                          (list.runs[i].last - list.runs[i].base + 1) / PAGE };
    fake.memory = ranges;
    fake.memory_count = (unsigned)list.count;
    for (unsigned i = 0; i < 5000; i++) {
        uint64_t lows[] = { 0, 2 * gib, 4 * gib, state >> 24 & 0x1ffffffff };
        uint64_t highs[] = { UINT64_MAX, 2 * gib - 1, 4 * gib - 1, lows[3] + (state >> 40) };
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        elfin_request r =
            image(1 + (state >> 50 & (i % 8 == 0 ? 0x3fff : 31)), lows[state >> 60 & 3],
                  highs[state >> 62], 1 + (state >> 23) % (7 * gib));
        r.align = (uint64_t)PAGE << (state >> 57) % 19;
        EXPECT(agrees(&list, &r));
    }
    free_list_drop(&list);
    return finish();
}

int main(void)
{
    /* A sanitizer's abort must not take the lines before it along. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    report("memory is found whenever it exists, the nearest", test_small_maps());
    report("the map of q35 with 512 MiB", test_real_map("tests/maps/q35-512M.map"));
    report("the map of q35 with 6 GiB", test_real_map("tests/maps/q35-6G.map"));
    report("the map of pc with 6 GiB", test_real_map("tests/maps/pc-6G.map"));
    report("somebody refuses the place", test_refusal());
    report("wishes near the program", test_neighbourhood());
    report("limits, nearness, alignment, page 0", test_places());
    report("requests that cannot be met", test_impossible());
    report("somebody else takes the place", test_race());
    report("a memory map that grows", test_growing_map());
    report("page rights, never writable and executable", test_rights());
    report("records and working memory", test_heap());
    report("the page allocator of modules", test_pages());
    report("pages that vanish for a while", test_hidden());
    report("a firmware that must not be asked any more", test_locked());
    return failures != 0;
}
