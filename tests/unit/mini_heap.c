/* SPDX-License-Identifier: MIT */
/*
 * The heap against a model that knows every object and its content. Chunks come from the C library,
 * so that an address sanitizer sees any access outside of them.
 */
#include "tests/lib/test.h"

#include "libmini/heap.h"
#include "libmini/pages.h"

enum {
    OBJECTS = 600,
    CHUNKS = 4096
};

/* The callbacks' side: what they gave, and when they shall fail. */
static struct {
    void *chunks[CHUNKS];
    size_t sizes[CHUNKS];
    size_t count;
    size_t bytes;
    size_t calls;
    unsigned int failures_in_16; /* how many calls of 16 fail */
} source;

static void *give_chunk(void *ctx, size_t size)
{
    CHECK(ctx == &source);
    CHECK(size > 0 && size % MINI_HEAP_GRAIN == 0);
    source.calls++;
    if (test_random_below(16) < source.failures_in_16 || source.count == CHUNKS)
        return NULL;
    void *chunk = aligned_alloc(MINI_HEAP_ALIGN, size);
    REQUIRE(chunk != NULL);
    memset(chunk, 0xa5, size);
    source.chunks[source.count] = chunk;
    source.sizes[source.count++] = size;
    source.bytes += size;
    return chunk;
}

static void take_chunk(void *ctx, void *chunk, size_t size)
{
    CHECK(ctx == &source);
    for (size_t i = 0; i < source.count; i++) {
        if (source.chunks[i] != chunk)
            continue;
        CHECK_EQ(size, source.sizes[i]);
        source.bytes -= source.sizes[i];
        source.chunks[i] = source.chunks[--source.count];
        source.sizes[i] = source.sizes[source.count];
        free(chunk);
        return;
    }
    CHECK_MSG(false, "chunk %p is not one of ours", chunk);
}

static struct mini_heap heap;

static void start(size_t limit)
{
    memset(&source, 0, sizeof(source));
    mini_heap_init(&heap, limit, give_chunk, take_chunk, &source);
}

/* Whatever happened before, nothing is left afterwards. */
static void finish(void)
{
    mini_heap_drop(&heap);
    CHECK_EQ(source.count, 0);
    CHECK_EQ(mini_heap_statistics(&heap).reserved, 0);
    CHECK_EQ(mini_heap_statistics(&heap).chunks, 0);
}

struct object {
    unsigned char *bytes;
    size_t size;
    unsigned char fill;
};

static struct object objects[OBJECTS];
static size_t object_count;

static void fill(struct object *object)
{
    object->fill = (unsigned char)test_random();
    memset(object->bytes, object->fill, object->size);
}

static bool is_filled(const struct object *object, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (object->bytes[i] != object->fill)
            return false;
    }
    return true;
}

static size_t random_size(void)
{
    switch (test_random_below(16)) {
    case 0:
        return test_random_below(100000);
    case 1:
    case 2:
        return test_random_below(5000);
    default:
        return test_random_below(200);
    }
}

static void add_object(void)
{
    size_t size = random_size();
    size_t align = UINT64_C(1) << test_random_below(test_random_below(4) == 0 ? 14 : 5);
    size_t chunks_before = source.count;
    size_t calls_before = source.calls;
    unsigned char *bytes = test_random_below(2) == 0 ? mini_heap_alloc(&heap, size)
                                                     : mini_heap_alloc_aligned(&heap, align, size);

    if (bytes == NULL) {
        /* Only because no chunk was to be had, be it for the limit. */
        CHECK_EQ(source.count, chunks_before);
        CHECK(source.calls > calls_before ||
              heap.statistics.limit - source.bytes < size + align + 4096);
        return;
    }
    CHECK((uintptr_t)bytes % MINI_HEAP_ALIGN == 0);
    CHECK(mini_heap_size(&heap, bytes) >= size);
    objects[object_count] = (struct object){ bytes, mini_heap_size(&heap, bytes), 0 };
    fill(&objects[object_count++]);
}

static void add_aligned_object(void)
{
    size_t align = UINT64_C(1) << test_random_below(15), size = random_size();
    unsigned char *bytes = mini_heap_alloc_aligned(&heap, align, size);

    if (bytes == NULL)
        return;
    CHECK_EQ((uintptr_t)bytes % align, 0);
    objects[object_count] = (struct object){ bytes, size, 0 };
    fill(&objects[object_count++]);
}

static void resize_object(struct object *object)
{
    size_t size = random_size();
    unsigned char *bytes = mini_heap_realloc(&heap, object->bytes, size);

    if (bytes == NULL) {
        CHECK(is_filled(object, object->size));
        return;
    }
    object->bytes = bytes;
    CHECK(is_filled(object, size < object->size ? size : object->size));
    CHECK(mini_heap_size(&heap, bytes) >= size);
    object->size = size;
    fill(object);
}

static void remove_object(struct object *object)
{
    CHECK(is_filled(object, object->size));
    CHECK_EQ(mini_heap_free(&heap, object->bytes), MINI_HEAP_OK);
    *object = objects[--object_count];
}

static void free_badly(const struct object *object)
{
    size_t before = mini_heap_statistics(&heap).count;
    unsigned char local[64];

    if (object->size > 1) {
        size_t inside = 1 + test_random_below(object->size - 1);
        CHECK_EQ(mini_heap_free(&heap, object->bytes + inside), MINI_HEAP_FOREIGN);
        CHECK_EQ(mini_heap_size(&heap, object->bytes + inside), 0);
        CHECK(mini_heap_realloc(&heap, object->bytes + inside, 5) == NULL);
    }
    CHECK_EQ(mini_heap_free(&heap, local + 32), MINI_HEAP_FOREIGN);
    CHECK_EQ(mini_heap_free(&heap, source.chunks[0]), MINI_HEAP_FOREIGN);
    CHECK_EQ(mini_heap_free(&heap, (unsigned char *)source.chunks[0] + source.sizes[0]),
             MINI_HEAP_FOREIGN);
    CHECK_EQ(mini_heap_free(&heap, (void *)(uintptr_t)8), MINI_HEAP_FOREIGN);
    CHECK_EQ(mini_heap_free(&heap, (void *)UINTPTR_MAX), MINI_HEAP_FOREIGN);
    CHECK_EQ(mini_heap_statistics(&heap).count, before);
}

static void random_operation(bool filling)
{
    uint64_t kind = test_random_below(32);
    struct object *object = &objects[object_count == 0 ? 0 : test_random_below(object_count)];

    if (kind < (filling ? 16u : 6u)) {
        if (object_count < OBJECTS)
            kind % 2 == 0 ? add_object() : add_aligned_object();
    } else if (object_count == 0) {
        return;
    } else if (kind < 24) {
        remove_object(object);
    } else if (kind < 31) {
        resize_object(object);
    } else {
        free_badly(object);
    }
}

static void check_totals(void)
{
    struct mini_heap_statistics told = mini_heap_statistics(&heap);
    size_t least = 0;

    for (size_t i = 0; i < object_count; i++)
        least += objects[i].size;
    CHECK(mini_heap_check(&heap));
    CHECK_EQ(told.count, object_count);
    CHECK(told.used >= least && told.used <= least + object_count * 48);
    CHECK(told.peak >= told.used);
    CHECK_EQ(told.reserved, source.bytes);
    CHECK_EQ(told.chunks, source.count);
    CHECK(told.reserved <= told.limit);
    CHECK_EQ(told.damaged, 0);
}

static void run_against_model(size_t limit, unsigned int failures_in_16, int rounds)
{
    start(limit);
    object_count = 0;
    source.failures_in_16 = failures_in_16;
    for (int i = 0; i < rounds; i++) {
        random_operation(i / 3000 % 2 == 0);
        if (i % 512 == 0)
            check_totals();
        REQUIRE_NO_FAILURE();
    }
    while (object_count > 0)
        remove_object(&objects[object_count - 1]);
    check_totals();
    CHECK_EQ(mini_heap_statistics(&heap).used, 0);
    CHECK(source.count <= 1);
    mini_heap_trim(&heap);
    CHECK_EQ(source.count, 0);
    check_totals();
    finish();
}

static void agrees_with_the_model(void)
{
    run_against_model(SIZE_MAX, 0, 300000);
}

static void agrees_with_the_model_at_a_limit(void)
{
    run_against_model(500000, 0, 200000);
    run_against_model(40000, 0, 100000);
    run_against_model(4095, 0, 1000);
}

static void agrees_with_the_model_when_chunks_are_refused(void)
{
    run_against_model(SIZE_MAX, 12, 200000);
    run_against_model(SIZE_MAX, 16, 1000);
}

static void keeps_the_limit_and_recovers(void)
{
    void *list[2000];
    size_t count = 0;
    const size_t limit = 3 * MINI_HEAP_CHUNK + 5 * MINI_HEAP_GRAIN + 77;

    start(limit);
    while ((list[count] = mini_heap_alloc(&heap, 100)) != NULL)
        count++;
    /* 112 + 16 bytes each: nearly all of the limit was usable. */
    CHECK(count * 128 > limit - 3 * MINI_HEAP_GRAIN);
    CHECK(source.bytes <= limit);
    CHECK_EQ(mini_heap_statistics(&heap).reserved, source.bytes);
    CHECK_EQ(mini_heap_statistics(&heap).failed, 1);
    while (count > 0)
        CHECK_EQ(mini_heap_free(&heap, list[--count]), MINI_HEAP_OK);
    mini_heap_trim(&heap);
    void *all = mini_heap_alloc(&heap, limit - MINI_HEAP_GRAIN - 77 - 100);
    CHECK(all != NULL);
    CHECK(mini_heap_alloc(&heap, limit) == NULL);
    CHECK_EQ(mini_heap_free(&heap, all), MINI_HEAP_OK);
    finish();
}

static void refuses_invalid_requests(void)
{
    start(SIZE_MAX);
    CHECK(mini_heap_alloc(&heap, SIZE_MAX) == NULL);
    CHECK(mini_heap_alloc(&heap, SIZE_MAX / 2) == NULL);
    CHECK(mini_heap_alloc(&heap, (size_t)64 << 30) == NULL);
    CHECK(mini_heap_alloc_aligned(&heap, 0, 1) == NULL);
    CHECK(mini_heap_alloc_aligned(&heap, 24, 1) == NULL);
    CHECK(mini_heap_alloc_aligned(&heap, 3, 1) == NULL);
    CHECK(mini_heap_alloc_aligned(&heap, (size_t)1 << 63, 1) == NULL);
    CHECK(mini_heap_alloc_aligned(&heap, (size_t)1 << 36, 1) == NULL);
    CHECK_EQ(mini_heap_statistics(&heap).failed, 8);
    CHECK_EQ(source.calls, 0);
    CHECK_EQ(mini_heap_free(&heap, NULL), MINI_HEAP_OK);
    CHECK_EQ(mini_heap_size(&heap, NULL), 0);

    void *a = mini_heap_realloc(&heap, NULL, 0);
    void *b = mini_heap_alloc(&heap, 0);
    CHECK(a != NULL && b != NULL && a != b);
    CHECK(mini_heap_realloc(&heap, a, SIZE_MAX) == NULL);
    CHECK_EQ(mini_heap_free(&heap, a), MINI_HEAP_OK);
    CHECK_EQ(mini_heap_free(&heap, b), MINI_HEAP_OK);
    finish();
}

static void detects_double_free(void)
{
    unsigned char *list[5];

    start(SIZE_MAX);
    for (size_t i = 0; i < 5; i++)
        list[i] = mini_heap_alloc(&heap, 40 + i * 50);
    /* Once as a block of its own, joined with the one after, the one before, and both. */
    static const size_t order[] = { 1, 0, 3, 2 };
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ(mini_heap_free(&heap, list[order[i]]), MINI_HEAP_OK);
        for (size_t j = 0; j <= i; j++) {
            CHECK_EQ(mini_heap_free(&heap, list[order[j]]), MINI_HEAP_DOUBLE_FREE);
            CHECK_EQ(mini_heap_size(&heap, list[order[j]]), 0);
            CHECK(mini_heap_realloc(&heap, list[order[j]], 10) == NULL);
        }
        CHECK(mini_heap_check(&heap));
    }
    CHECK_EQ(mini_heap_free(&heap, list[4]), MINI_HEAP_OK);
    CHECK_EQ(mini_heap_free(&heap, list[4]), MINI_HEAP_DOUBLE_FREE);
    mini_heap_trim(&heap);
    CHECK_EQ(mini_heap_free(&heap, list[4]), MINI_HEAP_FOREIGN);

    /* One that a shrinking realloc left behind, and one that a growing realloc took in. */
    start(SIZE_MAX);
    unsigned char *a = mini_heap_alloc(&heap, 64), *b = mini_heap_alloc(&heap, 64);
    CHECK_EQ(mini_heap_free(&heap, b), MINI_HEAP_OK);
    CHECK(mini_heap_realloc(&heap, a, 200) == a);
    CHECK(mini_heap_free(&heap, b) != MINI_HEAP_OK);
    CHECK_EQ(mini_heap_free(&heap, a), MINI_HEAP_OK);
    finish();
}

static void detects_foreign_objects(void)
{
    static struct mini_heap other;
    static unsigned char chunk[MINI_HEAP_CHUNK + 16];

    start(SIZE_MAX);
    void *own = mini_heap_alloc(&heap, 10);
    mini_heap_init(&other, SIZE_MAX, give_chunk, take_chunk, &source);
    void *theirs = mini_heap_alloc(&other, 10);
    CHECK_EQ(mini_heap_free(&heap, theirs), MINI_HEAP_FOREIGN);
    CHECK_EQ(mini_heap_free(&other, own), MINI_HEAP_FOREIGN);
    CHECK_EQ(mini_heap_free(&heap, chunk), MINI_HEAP_FOREIGN);
    /* An object's content that looks like a header is one of another place. */
    unsigned char *big = mini_heap_alloc(&heap, 200);
    memcpy(big + 32, big - 16, 16);
    CHECK_EQ(mini_heap_free(&heap, big + 48), MINI_HEAP_FOREIGN);
    CHECK_EQ(mini_heap_free(&heap, big), MINI_HEAP_OK);
    mini_heap_drop(&other);
    finish();
}

static void detects_overwritten_headers(void)
{
    start(SIZE_MAX);
    unsigned char *a = mini_heap_alloc(&heap, 48), *b = mini_heap_alloc(&heap, 48);
    unsigned char *c = mini_heap_alloc(&heap, 48), *d = mini_heap_alloc(&heap, 48);

    memset(a, 0, 48 + 16);
    CHECK_EQ(mini_heap_free(&heap, b), MINI_HEAP_DAMAGED);
    CHECK_EQ(mini_heap_free(&heap, a), MINI_HEAP_DAMAGED);
    CHECK_EQ(mini_heap_free(&heap, c), MINI_HEAP_DAMAGED);
    CHECK_EQ(mini_heap_free(&heap, d), MINI_HEAP_OK);
    CHECK(!mini_heap_check(&heap));
    CHECK_EQ(mini_heap_statistics(&heap).damaged, 3);
    void *e = mini_heap_alloc(&heap, 48);
    CHECK(e != NULL);
    CHECK_EQ(mini_heap_free(&heap, e), MINI_HEAP_OK);
    CHECK(source.count == 1);
    finish();
}

static void survives_use_after_free(void)
{
    start(SIZE_MAX);
    unsigned char *list[40];
    for (size_t i = 0; i < 40; i++)
        list[i] = mini_heap_alloc(&heap, 96);
    for (size_t i = 0; i < 40; i += 2)
        CHECK_EQ(mini_heap_free(&heap, list[i]), MINI_HEAP_OK);
    /* The list links of some freed blocks now point nowhere. */
    for (size_t i = 8; i < 40; i += 8)
        memset(list[i], 0x41, 32);
    for (size_t i = 0; i < 200; i++) {
        void *fresh = mini_heap_alloc(&heap, 96);
        REQUIRE(fresh != NULL);
        for (size_t j = 8; j < 40; j += 8)
            CHECK(fresh != list[j]);
    }
    CHECK(mini_heap_statistics(&heap).damaged > 0);
    finish();
}

/* Random bytes of the chunks, their headers apart, change; calls may fail but go nowhere else. */
static void survives_random_damage(void)
{
    size_t damaged = 0;

    for (int round = 0; round < 3000; round++) {
        start(4 * MINI_HEAP_CHUNK);
        unsigned char *list[64] = { NULL };
        for (int i = 0; i < 400; i++) {
            unsigned char **slot = &list[test_random_below(64)];
            if (i >= 100 && i % 20 == 0 && source.count > 0) {
                size_t chunk = test_random_below(source.count);
                unsigned char *bytes = source.chunks[chunk];
                for (uint64_t n = test_random_below(40); n > 0; n--)
                    bytes[64 + test_random_below(8000)] = (unsigned char)test_random();
            }
            if (test_random_below(4) == 0) {
                unsigned char *bytes = mini_heap_realloc(&heap, *slot, test_random_below(2000));
                *slot = bytes != NULL ? bytes : *slot;
            } else if (*slot == NULL) {
                *slot = mini_heap_alloc_aligned(&heap, 16u << test_random_below(6),
                                                test_random_below(300));
            } else {
                mini_heap_free(&heap, *slot);
                *slot = NULL;
            }
        }
        damaged += mini_heap_statistics(&heap).damaged > 0;
        finish();
        REQUIRE_NO_FAILURE();
    }
    CHECK(damaged > 1000);
}

static void resizes_in_place(void)
{
    start(SIZE_MAX);
    unsigned char *a = mini_heap_alloc(&heap, 1000);
    memset(a, 7, 1000);
    CHECK(mini_heap_realloc(&heap, a, 5000) == a);
    CHECK(mini_heap_realloc(&heap, a, 16) == a);
    CHECK_EQ(mini_heap_size(&heap, a), 16);
    unsigned char *b = mini_heap_alloc(&heap, 16);
    unsigned char *moved = mini_heap_realloc(&heap, a, 500);
    CHECK(moved != a && moved[0] == 7 && moved[15] == 7);
    CHECK_EQ(mini_heap_free(&heap, a), MINI_HEAP_DOUBLE_FREE);
    CHECK_EQ(mini_heap_free(&heap, b), MINI_HEAP_OK);
    CHECK_EQ(mini_heap_free(&heap, moved), MINI_HEAP_OK);
    CHECK(mini_heap_check(&heap));
    finish();
}

/* One object to and fro must not bother the callback; without shrink nothing is given back. */
static void keeps_one_chunk(void)
{
    start(SIZE_MAX);
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(mini_heap_free(&heap, mini_heap_alloc(&heap, 1000)), MINI_HEAP_OK);
    CHECK_EQ(source.calls, 1);
    CHECK_EQ(source.count, 1);
    void *large = mini_heap_alloc(&heap, 10 * MINI_HEAP_CHUNK);
    CHECK_EQ(source.count, 2);
    CHECK_EQ(mini_heap_free(&heap, large), MINI_HEAP_OK);
    CHECK_EQ(source.count, 1);
    mini_heap_trim(&heap);
    mini_heap_trim(&heap);
    CHECK_EQ(source.count, 0);

    mini_heap_init(&heap, SIZE_MAX, give_chunk, NULL, &source);
    large = mini_heap_alloc(&heap, 10 * MINI_HEAP_CHUNK);
    CHECK_EQ(mini_heap_free(&heap, large), MINI_HEAP_OK);
    mini_heap_trim(&heap);
    CHECK_EQ(source.count, 1);
    CHECK(mini_heap_alloc(&heap, 9 * MINI_HEAP_CHUNK) != NULL);
    CHECK_EQ(source.count, 1);
    mini_heap_drop(&heap);
    CHECK_EQ(source.count, 1);
    take_chunk(&source, source.chunks[0], source.sizes[0]);
}

static void *give_misaligned(void *ctx, size_t size)
{
    (void)size;
    return (unsigned char *)ctx + 8;
}

static void take_misaligned(void *ctx, void *chunk, size_t size)
{
    CHECK(chunk == (unsigned char *)ctx + 8);
    CHECK(size > 0);
    ++*(size_t *)ctx;
}

static void refuses_misaligned_chunks(void)
{
    static _Alignas(16) unsigned char memory[64];

    mini_heap_init(&heap, SIZE_MAX, give_misaligned, take_misaligned, memory);
    CHECK(mini_heap_alloc(&heap, 10) == NULL);
    CHECK(memory[0] == 1);
    CHECK_EQ(mini_heap_statistics(&heap).reserved, 0);
}

/* Freed objects are looked up among thousands of chunks in a few steps. */
static void finds_chunks_in_logarithmic_steps(void)
{
    static unsigned char *list[CHUNKS];
    uint64_t most = 0;

    start(SIZE_MAX);
    for (size_t i = 0; i < CHUNKS; i++) {
        list[i] = mini_heap_alloc(&heap, MINI_HEAP_CHUNK - 200);
        REQUIRE(list[i] != NULL);
    }
    CHECK_EQ(source.count, CHUNKS);
    for (size_t i = 0; i < CHUNKS; i++) {
        uint64_t before = heap.chunks.steps;
        CHECK_EQ(mini_heap_free(&heap, list[i]), MINI_HEAP_OK);
        if (heap.chunks.steps - before > most)
            most = heap.chunks.steps - before;
    }
    printf("# at most %llu steps to find and give back one of %d chunks\n",
           (unsigned long long)most, CHUNKS);
    CHECK(most <= 60);
    finish();
}

static struct mini_pages pages;

static void *give_pages(void *ctx, size_t size)
{
    struct mini_pages_request request = { .size = size, .high = UINT64_MAX };
    uint64_t base;

    return mini_pages_alloc(ctx, &request, &base) == MINI_PAGES_OK ? (void *)(uintptr_t)base : NULL;
}

static void take_pages(void *ctx, void *chunk, size_t size)
{
    CHECK_EQ(mini_pages_free(ctx, (uintptr_t)chunk, size), MINI_PAGES_OK);
}

static void lives_on_the_page_allocator(void)
{
    enum {
        SIZE = 1 << 20
    };
    static struct mini_pages_node nodes[200];
    void *arena = aligned_alloc(MINI_PAGE_SIZE, SIZE);
    REQUIRE(arena != NULL);

    mini_pages_init(&pages, NULL, NULL);
    mini_pages_add_nodes(&pages, nodes, sizeof(nodes));
    CHECK_EQ(mini_pages_add_range(&pages, (uintptr_t)arena, SIZE), MINI_PAGES_OK);
    for (int round = 0; round < 20; round++) {
        mini_heap_init(&heap, SIZE, give_pages, take_pages, &pages);
        void *list[3000];
        size_t count = 0;
        while (count < 3000 && (list[count] = mini_heap_alloc(&heap, random_size())) != NULL)
            count++;
        CHECK(count > 100);
        for (size_t i = 0; i < count; i += 1 + test_random_below(3))
            CHECK_EQ(mini_heap_free(&heap, list[i]), MINI_HEAP_OK);
        CHECK(mini_heap_check(&heap));
        mini_heap_drop(&heap);
        CHECK_EQ(mini_pages_statistics(&pages).free_pages, SIZE / MINI_PAGE_SIZE);
        CHECK_EQ(mini_pages_statistics(&pages).free_runs, 1);
    }
    free(arena);
}

static const struct test_case cases[] = {
    TEST_CASE(agrees_with_the_model),
    TEST_CASE(agrees_with_the_model_at_a_limit),
    TEST_CASE(agrees_with_the_model_when_chunks_are_refused),
    TEST_CASE(keeps_the_limit_and_recovers),
    TEST_CASE(refuses_invalid_requests),
    TEST_CASE(detects_double_free),
    TEST_CASE(detects_foreign_objects),
    TEST_CASE(detects_overwritten_headers),
    TEST_CASE(survives_use_after_free),
    TEST_CASE(survives_random_damage),
    TEST_CASE(resizes_in_place),
    TEST_CASE(keeps_one_chunk),
    TEST_CASE(refuses_misaligned_chunks),
    TEST_CASE(finds_chunks_in_logarithmic_steps),
    TEST_CASE(lives_on_the_page_allocator),
};

TEST_MAIN("mini_heap", cases)
