/* SPDX-License-Identifier: MIT */
#include "bench/maps.h"

#define P MINI_PAGE_SIZE

static const uint64_t gib = UINT64_C(1) << 30;

/* The limits that relocations make, about an address of the map where they need one. */
static void random_window(struct bench_random *random, uint64_t end,
                          struct mini_pages_request *request)
{
    uint64_t x = bench_below(random, end);

    request->low = 0;
    request->high = UINT64_MAX;
    switch (bench_below(random, 7)) {
    case 0: /* none */
        break;
    case 1: /* absolute, sign-extended: the low or the top 2 GiB */
        request->high = 2 * gib - 1;
        break;
    case 2:
        request->low = 0 - 2 * gib;
        break;
    case 3: /* absolute */
        request->high = 4 * gib - 1;
        break;
    case 4: /* PC-relative, from data of others at x */
        request->low = x < 2 * gib ? 0 : x - 2 * gib;
        request->high = x + 2 * gib - 1;
        break;
    case 5: /* `min` */
        request->low = x;
        break;
    default: /* two ends anywhere, that need not be on a page */
        request->low = x;
        request->high = x + bench_below(random, end - x);
        break;
    }
}

static void random_policy(struct bench_random *random, uint64_t end,
                          struct mini_pages_request *request)
{
    request->policy = (enum mini_pages_policy)bench_below(random, 3);
    request->near = bench_below(random, 16) == 0 ? UINT64_MAX : bench_below(random, end);
}

/* 16 GiB, whatever n is: ranges of random lengths, some in use, some of it beyond 2 and 4 GiB. */
static uint64_t mixed_stride(uint64_t n)
{
    return 16 * gib / n / P * P;
}

static void mixed_range(uint64_t n, uint64_t i, uint64_t *base, uint64_t *pages)
{
    struct bench_random random = { i * 2654435761u + 1 };

    bench_random(&random);
    *base = i * mixed_stride(n);
    *pages = 1 + bench_below(&random, mixed_stride(n) / P - 1);
}

static void mixed_request(struct bench_random *random, uint64_t n,
                          struct mini_pages_request *request)
{
    static const unsigned shifts[] = { 0, 12, 13, 16, 21, 25, 30 };
    uint64_t most = mixed_stride(n) / P;

    request->align = UINT64_C(1) << shifts[bench_below(random, sizeof(shifts) / sizeof(*shifts))];
    request->size = (1 + bench_below(random, bench_below(random, 2) == 0 ? 16 : most + 1)) * P;
    random_window(random, n * mixed_stride(n), request);
    random_policy(random, n * mixed_stride(n), request);
}

enum {
    SMALL = 15
};

static void small_range(uint64_t n, uint64_t i, uint64_t *base, uint64_t *pages)
{
    (void)n;
    *base = i * 64 * P;
    *pages = SMALL;
}

static void small_request(struct bench_random *random, uint64_t n,
                          struct mini_pages_request *request)
{
    request->align = P;
    request->size = (SMALL + 1) * P;
    random_window(random, n * 64 * P, request);
    random_policy(random, n * 64 * P, request);
}

/* Each is large, but its aligned part is a page too small. */
static void misaligned_range(uint64_t n, uint64_t i, uint64_t *base, uint64_t *pages)
{
    (void)n;
    *base = i * 2048 * P + P;
    *pages = 1022;
}

static void misaligned_request(struct bench_random *random, uint64_t n,
                               struct mini_pages_request *request)
{
    request->align = 512 * P;
    request->size = 512 * P;
    random_window(random, n * 2048 * P, request);
    random_policy(random, n * 2048 * P, request);
}

/* Large ones lie badly, small ones well, in every mixture: 2^k pages at 2^(11 - k) pages. */
static void opposite_range(uint64_t n, uint64_t i, uint64_t *base, uint64_t *pages)
{
    unsigned k = (unsigned)(i % 10);

    (void)n;
    *pages = UINT64_C(1) << k;
    *base = i * 2048 * P + (UINT64_C(1) << (11 - k)) / 2 * P;
}

static void opposite_request(struct bench_random *random, uint64_t n,
                             struct mini_pages_request *request)
{
    unsigned k = (unsigned)bench_below(random, 11);

    request->size = (UINT64_C(1) << k) * P;
    request->align = (UINT64_C(1) << (11 - k)) * P;
    random_window(random, n * 2048 * P, request);
    random_policy(random, n * 2048 * P, request);
}

enum {
    CUT_STRIDE = 128,
    CUT = 64
};

/* Two large ranges, and windows that begin and end a page inside of them; all between is small. */
static void cut_range(uint64_t n, uint64_t i, uint64_t *base, uint64_t *pages)
{
    *base = i * CUT_STRIDE * P;
    *pages = i == n / 8 || i == n - n / 8 ? CUT : CUT - 1;
}

static void cut_request(struct bench_random *random, uint64_t n, struct mini_pages_request *request)
{
    uint64_t first = n / 8 * CUT_STRIDE * P, last = (n - n / 8) * CUT_STRIDE * P;

    request->align = P;
    request->size = CUT * P;
    random_policy(random, n * CUT_STRIDE * P, request);
    request->low = first + 1;
    request->high = last + CUT * P - 2;
    if (bench_below(random, 4) == 0)
        request->low = first;
}

/* One range fits, where the search begins or as far from there as can be. */
static void one_range(uint64_t n, uint64_t i, uint64_t *base, uint64_t *pages)
{
    *base = (i * 1024 + (i == n / 3 ? 0 : 1)) * P;
    *pages = i == n / 3 ? 513 : 600;
}

static void one_request(struct bench_random *random, uint64_t n, struct mini_pages_request *request)
{
    request->align = 1024 * P;
    request->size = 512 * P;
    random_policy(random, n * 1024 * P, request);
    request->low = bench_below(random, 2) == 0 ? 0 : n / 3 * 1024 * P;
    request->high = UINT64_MAX;
}

const struct map_kind map_kinds[MAP_KINDS] = {
    { "mixed", "random lengths over 16 GiB, sizes, alignments and windows of every kind",
      mixed_range, mixed_request },
    { "small", "every free run is a page too small", small_range, small_request },
    { "misaligned", "every run is large enough, and a page too small once aligned",
      misaligned_range, misaligned_request },
    { "opposite", "what is large lies badly, what lies well is small", opposite_range,
      opposite_request },
    { "cut", "the only runs that are large enough are cut by the window", cut_range, cut_request },
    { "one", "one run of all fits", one_range, one_request },
};
