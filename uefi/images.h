/* SPDX-License-Identifier: MIT */
#ifndef UEFI_IMAGES_H
#define UEFI_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which image of the firmware's (its core, drivers, the shell) lies where: collected while the
 * firmware may be asked, for when it may not. elfin.efi itself and its modules are not among them.
 *
 * An image is called by the name that the firmware's volume has for its file ("DxeCore"), else by
 * the last part of the path that it was loaded from, else by the GUID of its file, else "image".
 * Other characters than printable ASCII are '?'; names are cut behind 39.
 */

/* From EFI_LOADED_IMAGE_PROTOCOL. Without memory, or with more than 1024 images, nothing is named.
 */
void images_begin(void);

/*
 * Again, if images have come or gone since: to be called often, it costs one LocateHandle if not.
 * An image that came for one that went, with the handle of that, is not noticed.
 */
void images_renew(void);

/*
 * Writes the name and the distance from the image's first byte, as "DxeCore+0x1234", cut to `size`
 * with its terminator. False: no image is there, or somebody has written to what was collected.
 * Asks the firmware for nothing, and reads nothing but what was collected.
 */
bool images_name(uint64_t address, char *text, size_t size);

/* Gives the memory back. */
void images_end(void);

#endif
