/* SPDX-License-Identifier: MIT */
/*
 * The five calls that make a module loader, and nothing else: what a linker keeps of libelfin.a for
 * this program is the price of load, relocate, resolve and unload. It is measured, never run.
 */
#include <elfin/elfin.h>

int minimal_main(elfin_space *space, const elfin_host *callbacks, const elfin_export *exports,
                 const elfin_input *input);

int minimal_main(elfin_space *space, const elfin_host *callbacks, const elfin_export *exports,
                 const elfin_input *input)
{
    elfin_host host = ELFIN_HOST_INIT_SMALL;
    elfin_group *group;
    uint64_t address;

    host.reserve = callbacks->reserve;
    host.release = callbacks->release;
    host.protect = callbacks->protect;
    if (elfin_space_init(space, &host) != ELFIN_OK ||
        elfin_space_export(space, exports, 1) != ELFIN_OK ||
        elfin_load(space, input, 1, NULL, &group, NULL) != ELFIN_OK ||
        elfin_lookup(space, input->file, &address, NULL) != ELFIN_OK)
        return 1;
    return elfin_unload(space, group, NULL, NULL, NULL) != ELFIN_OK;
}
