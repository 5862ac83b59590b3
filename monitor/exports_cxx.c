/* SPDX-License-Identifier: MIT */
/*
 * What C++ objects and Debian's libsupc++.a and libgcc_eh.a need of a C library: destructors to be
 * run at unload, unwind tables to be found by address, and the traces of threads in code that has
 * only one.
 */
#include "monitor/exports.h"

#include "libmini/mem.h"
#include "monitor/platform.h"

/* ---- Destructors (Itanium C++ ABI, 3.3.6) ---------------------------------------------------- */

struct final_action {
    struct final_action *next;
    void (*function)(void *);
    void *argument, *handle;
};

static struct final_action *actions; /* newest first */

int export_cxa_atexit(void (*function)(void *), void *argument, void *handle)
{
    struct final_action *action = export_malloc(sizeof(*action));

    if (action == NULL)
        return -1;
    *action = (struct final_action){ actions, function, argument, handle };
    actions = action;
    return 0;
}

/* Takes out the newest action of a module, or of all. */
static bool take_action(const void *handle, struct final_action *out)
{
    for (struct final_action **link = &actions; *link != NULL; link = &(*link)->next) {
        struct final_action *action = *link;
        if (handle != NULL && action->handle != handle)
            continue;
        *out = *action;
        *link = action->next;
        export_free(action);
        return true;
    }
    return false;
}

/* An action is taken out before it is called: it may add others, or never return. */
void export_cxa_finalize(void *handle)
{
    struct final_action action;

    while (take_action(handle, &action))
        action.function(action.argument);
}

void exports_forget(uint64_t handle)
{
    struct final_action action;

    while (handle != 0 && take_action((const void *)handle, &action)) {
    }
}

/* ---- Unwind tables --------------------------------------------------------------------------- */

struct unwind_entry {
    struct unwind_entry *next;
    const elfin_block *block;
};

static struct unwind_entry *unwind_entries;

elfin_status exports_unwind_add(void *ctx, const elfin_block *block)
{
    struct unwind_entry *entry = mini_heap_alloc(platform_heap, sizeof(*entry));

    (void)ctx;
    if (entry == NULL)
        return ELFIN_ERR_MEMORY;
    *entry = (struct unwind_entry){ unwind_entries, block };
    unwind_entries = entry;
    return ELFIN_OK;
}

void exports_unwind_remove(void *ctx, const elfin_block *block)
{
    (void)ctx;
    for (struct unwind_entry **link = &unwind_entries; *link != NULL; link = &(*link)->next) {
        struct unwind_entry *entry = *link;
        if (entry->block != block)
            continue;
        *link = entry->next;
        mini_heap_free(platform_heap, entry);
        return;
    }
}

/* As in the GNU C library from version 2.35 on, for x86-64. */
struct found_object {
    uint64_t flags;
    uint64_t start, end;
    void *link_map;
    uint64_t index; /* .eh_frame_hdr */
    uint64_t reserved[7];
};

int export_dl_find_object(uint64_t address, struct found_object *found)
{
    for (const struct unwind_entry *entry = unwind_entries; entry != NULL; entry = entry->next) {
        const elfin_region *region = &entry->block->region;
        if (address - region->run >= region->size)
            continue;
        *found = (struct found_object){ .start = region->run,
                                        .end = region->run + region->size,
                                        .index = entry->block->unwind.index };
        return 0;
    }
    return -1;
}

/* ---- Threads: there is one ------------------------------------------------------------------- */

char export_single_threaded = 1;

int export_mutex_success(void *mutex)
{
    (void)mutex;
    return 0;
}
