/* SPDX-License-Identifier: MIT */
#ifndef UEFI_CODE_H
#define UEFI_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "uefi/host.h"

/* Where code is, anybody's, by the types of memory: for when the firmware cannot be asked. */
void code_find(struct uefi_host *host);

/* False: the firmware does not tell, or there are too many ranges to keep. */
bool code_is_known(void);

/* Whether the address lay in code when code_find was called. */
bool code_contains(uint64_t address);

/* Whether it lies on the stack that code_find was called on, above its frame. */
bool code_is_stack(uint64_t address);

#endif
