/* SPDX-License-Identifier: MIT */
#ifndef LOADER_CHECKSUM_H
#define LOADER_CHECKSUM_H

#include <stdint.h>

/*
 * Of bytes that begin with a header of so many, a multiple of 8, in which the word at the offset
 * `skipped` does not count: the checksum lies there.
 */
uint64_t elfin_checksum(const uint8_t *bytes, uint64_t size, uint64_t header, uint64_t skipped);

#endif
