/* SPDX-License-Identifier: MIT */
#ifndef UEFI_FILES_H
#define UEFI_FILES_H

#include <stddef.h>

#include "libmini/heap.h"
#include "uefi/firmware.h"

/*
 * Reads a whole file of the volume that elfin.efi was started from into an object of the heap, with
 * a zero byte behind it that does not count. The path is ASCII, relative to the root, with / or \.
 * An empty file is a file.
 */
EFI_STATUS files_read(struct mini_heap *heap, const char *path, void **data, size_t *size);

#endif
