/* SPDX-License-Identifier: MIT */
#ifndef LIBMINI_GUARDED_H
#define LIBMINI_GUARDED_H

#include "libmini/pages.h"

/*
 * Run addresses with guards: what is allocated has a page on each side that nobody else gets, so
 * that nothing has to be mapped there.
 */

/*
 * As mini_pages_alloc; the limits are those of the run itself, its guards may lie outside of them,
 * in pages that are managed. Where the limits leave no choice, `align` is not looked at. *base is
 * the run's, behind the guard.
 */
enum mini_pages_status mini_guarded_alloc(struct mini_pages *pages,
                                          const struct mini_pages_request *request, uint64_t *base);

/* Frees a run of mini_guarded_alloc, with its guards. FOREIGN, NOT_USED. */
enum mini_pages_status mini_guarded_free(struct mini_pages *pages, uint64_t base);

#endif
