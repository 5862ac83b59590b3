/* SPDX-License-Identifier: MIT */
#ifndef UEFI_PAGE_ZERO_H
#define UEFI_PAGE_ZERO_H

#include <stdbool.h>

#include "uefi/rights.h"

/*
 * Page 0 is not present while module code runs, so that null pointers are found. Old firmware keeps
 * data there for its interrupt handlers; where these turn out to need it, it stays from then on.
 */
void page_zero_hide(const struct uefi_rights *rights);
void page_zero_show(const struct uefi_rights *rights);
bool page_zero_is_hidden(void);

/* From an exception: makes it present without the firmware's help, for good. */
void page_zero_need(void);

#endif
