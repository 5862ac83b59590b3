/* SPDX-License-Identifier: MIT */
/*
 * The calls that make a module loader, and nothing else, for a host that has an index of its own
 * exports: what a linker keeps of the library for this program is the price of load, relocate,
 * resolve and unload. It is measured, never run.
 */
#include <elfin/elfin.h>

int minimal_main(elfin_space *space, const elfin_host *callbacks, const elfin_input *input,
                 const char *entry);

int minimal_main(elfin_space *space, const elfin_host *callbacks, const elfin_input *input,
                 const char *entry)
{
    elfin_host host = ELFIN_HOST_INIT_SMALL;
    elfin_group *group;
    uint64_t address;

    host.reserve = callbacks->reserve;
    host.release = callbacks->release;
    host.protect = callbacks->protect;
    host.resolve = callbacks->resolve;
    if (elfin_space_init(space, &host) != ELFIN_OK ||
        elfin_load(space, input, 1, NULL, &group, NULL) != ELFIN_OK ||
        elfin_module_lookup(elfin_next_module(group, NULL), entry, &address) != ELFIN_OK)
        return 1;
    return elfin_unload(space, group, NULL, NULL, NULL) != ELFIN_OK;
}
