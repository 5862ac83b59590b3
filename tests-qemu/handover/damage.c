/* SPDX-License-Identifier: MIT */
/*
 * For a kernel that is linked with --wrap=elfin_space_adopt: before it adopts what was handed over,
 * it shows its page tables, and is given each damaged version of the description that differs in
 * one byte, or ends too early.
 */
#include <elfin/elfin.h>

#include "libmini/mem.h"
#include "monitor/commands.h"
#include "monitor/console.h"
#include "monitor/platform.h"

elfin_status __wrap_elfin_space_adopt(elfin_space *space, const void *data, size_t size,
                                      const elfin_adoption *adoption, elfin_diag *diag);
elfin_status __real_elfin_space_adopt(elfin_space *space, const void *data, size_t size,
                                      const elfin_adoption *adoption, elfin_diag *diag);

static bool is_refused(elfin_space *space, const void *data, size_t size,
                       const elfin_adoption *adoption)
{
    elfin_adoption silent = *adoption;
    elfin_diag diag;
    elfin_status status;

    silent.report = NULL;
    status = __real_elfin_space_adopt(space, data, size, &silent, &diag);
    return status != ELFIN_OK && diag.status == status && elfin_next_group(space, NULL) == NULL;
}

elfin_status __wrap_elfin_space_adopt(elfin_space *space, const void *data, size_t size,
                                      const elfin_adoption *adoption, elfin_diag *diag)
{
    unsigned char *copy = mini_heap_alloc(platform_heap, size);
    size_t flipped = 0, shorter = 0;
    char tables[] = "tables";

    /* It is the first member of the session. */
    if (copy == NULL || commands_run((struct session *)(void *)space, tables) != STATUS_SUCCESS)
        return ELFIN_ERR_MEMORY;
    memcpy(copy, data, size);
    for (size_t i = 0; i < size; i++) {
        copy[i] ^= (unsigned char)(1 << i % 8);
        flipped += is_refused(space, copy, size, adoption);
        copy[i] = ((const unsigned char *)data)[i];
        shorter += is_refused(space, copy, i, adoption);
    }
    (void)mini_heap_free(platform_heap, copy);
    console_print("refused: %zu damaged and %zu short of %zu\n", flipped, shorter, size);
    return __real_elfin_space_adopt(space, data, size, adoption, diag);
}
