/* SPDX-License-Identifier: MIT */
#include "libmini/guarded.h"

/*
 * The guard before a run takes as much as its alignment, so that the run is aligned when the whole
 * is. An exact address is aligned as it is.
 */
enum mini_pages_status mini_guarded_alloc(struct mini_pages *pages,
                                          const struct mini_pages_request *request, uint64_t *base)
{
    const uint64_t page = MINI_PAGE_SIZE;
    struct mini_pages_request whole = *request;
    bool exact = request->high - request->low == request->size - 1;
    uint64_t guard = exact || request->align < page ? page : request->align;
    enum mini_pages_status status;

    if (request->align & (request->align - 1))
        return MINI_PAGES_INVALID;
    if (request->size > MINI_PAGES_SIZE_MAX - guard - page || guard > MINI_PAGES_SIZE_MAX / 2)
        return MINI_PAGES_INVALID;
    whole.align = guard;
    whole.size = guard + request->size + page;
    whole.low = request->low > guard ? request->low - guard : 0;
    whole.high = request->high < UINT64_MAX - page ? request->high + page : UINT64_MAX;
    whole.near = request->near > guard ? request->near - guard : 0;
    status = mini_pages_alloc(pages, &whole, base);
    if (status == MINI_PAGES_OK)
        *base += guard;
    return status;
}

/* The tree knows where the whole begins and ends. */
enum mini_pages_status mini_guarded_free(struct mini_pages *pages, uint64_t base)
{
    struct mini_pages_run whole;

    if (!mini_pages_find(pages, base, &whole))
        return MINI_PAGES_FOREIGN;
    if (!whole.used)
        return MINI_PAGES_NOT_USED;
    return mini_pages_free(pages, whole.base, whole.last - whole.base + 1);
}
