/* SPDX-License-Identifier: MIT */
/*
 * Files of a TFTP server (RFC 1350, with the options of RFC 2348 and 2349), through the firmware's
 * EFI_PXE_BASE_CODE_PROTOCOL (UEFI 2.10, section 24.3), which is started at the first file and
 * stopped by network_end.
 */
#ifndef UEFI_NETWORK_H
#define UEFI_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libmini/heap.h"
#include "uefi/firmware.h"

/* Addresses of IPv4, in the order of the network: address[0] is the first number. */
struct network_place {
    uint8_t server[4];
    uint8_t own[4], mask[4];
    bool has_server; /* else it is the one that DHCP names */
    bool has_own;    /* own and mask; else DHCP says what they are */
};

/* From now on. Words as in 10.0.2.2 10.0.2.15 255.255.255.0, none, one or three; false: no such. */
bool network_configure(int count, char **words);

/*
 * Reads a whole file, as files_read does. The path is ASCII, with / or \, and goes to the server
 * without those that it begins with. A file has at most 256 MiB. NULL, or why it cannot be read:
 * valid until the next call.
 */
const char *network_read(struct mini_heap *heap, const char *path, void **data, size_t *size);

/* The firmware's network is as it was before the first file. */
void network_end(void);

#endif
