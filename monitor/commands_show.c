/* SPDX-License-Identifier: MIT */
/* The commands that show something: list, lookup, exports, deps, memory. */
#include "monitor/commands.h"
#include "monitor/console.h"
#include "monitor/platform.h"
#include "monitor/where.h"
#include "monitor/words.h"

typedef unsigned long long ull;

enum {
    PLACE_SIZE = 256
};

/* Calls each for every module of the space. */
static void for_modules(struct session *session,
                        void (*each)(const elfin_space *space, const elfin_module *module,
                                     const elfin_module_info *info))
{
    for (elfin_group *group = elfin_next_group(&session->space, NULL); group != NULL;
         group = elfin_next_group(&session->space, group)) {
        for (elfin_module *module = elfin_next_module(group, NULL); module != NULL;
             module = elfin_next_module(group, module)) {
            elfin_module_info info;
            elfin_module_get(module, &info);
            each(&session->space, module, &info);
        }
    }
}

static void list_module(const elfin_space *space, const elfin_module *module,
                        const elfin_module_info *info)
{
    (void)space;
    (void)module;
    console_print("%s", info->name);
    if (info->version[0] != '\0')
        console_print(" %s", info->version);
    console_print(" at 0x%llx, %llu bytes", (ull)info->address, (ull)info->size);
    if (info->flags & ELFIN_MODULE_EXECUTABLE)
        console_print(", executable, entry 0x%llx", (ull)info->entry);
    else if (info->flags & ELFIN_MODULE_SHARED)
        console_print(", shared object");
    if (info->flags & ELFIN_MODULE_RETIRED)
        console_print(", retired");
    if (info->flags & ELFIN_MODULE_FAILED)
        console_print(", failed");
    if (info->description[0] != '\0')
        console_print(": %s", info->description);
    console_print("\n");
}

int command_list(struct session *session, int count, char **words)
{
    (void)count;
    (void)words;
    for_modules(session, list_module);
    return STATUS_SUCCESS;
}

int command_lookup(struct session *session, int count, char **words)
{
    const elfin_module *owner;
    elfin_module_info info;
    uint64_t address;

    (void)count;
    if (elfin_lookup(&session->space, words[1], &address, &owner) != ELFIN_OK)
        return command_error("nobody exports %s", words[1]);
    if (owner != NULL)
        elfin_module_get(owner, &info);
    console_print("0x%llx %s (%s)\n", (ull)address, words[1],
                  owner != NULL ? info.name : platform_name);
    return STATUS_SUCCESS;
}

/* Of several modules that export one name the first keeps it; nobody binds to the others'. */
static void show_shadow(const elfin_space *space, const elfin_module *module, const char *name)
{
    const elfin_module *owner;
    elfin_module_info info;
    uint64_t address;

    if (elfin_lookup(space, name, &address, &owner) != ELFIN_OK || owner == module)
        return;
    if (owner != NULL)
        elfin_module_get(owner, &info);
    console_print(", shadowed by %s", owner != NULL ? info.name : platform_name);
}

static void list_exports(const elfin_space *space, const elfin_module *module,
                         const elfin_module_info *info)
{
    elfin_symbol symbol;

    for (uint32_t i = 0; elfin_module_symbol(module, i, &symbol); i++) {
        if (!symbol.exported)
            continue;
        console_print("0x%llx %s (%s", (ull)symbol.address, symbol.name, info->name);
        show_shadow(space, module, symbol.name);
        console_print(")\n");
    }
}

int command_exports(struct session *session, int count, char **words)
{
    elfin_export row;

    (void)count;
    (void)words;
    for (size_t i = 0; elfin_host_export(&session->space, i, &row); i++)
        console_print("0x%llx %s (%s)\n", (ull)row.address, row.name, platform_name);
    for_modules(session, list_exports);
    return STATUS_SUCCESS;
}

static void list_uses(const elfin_space *space, const elfin_module *module,
                      const elfin_module_info *info)
{
    const char *separator = " uses ";
    elfin_module *used;

    (void)space;
    console_print("%s", info->name);
    for (uint32_t i = 0; (used = elfin_module_uses(module, i)) != NULL; i++) {
        elfin_module_info used_info;
        elfin_module_get(used, &used_info);
        console_print("%s%s", separator, used_info.name);
        separator = ", ";
    }
    console_print("%s\n", info->uses_count == 0 ? " uses no other module" : "");
}

int command_deps(struct session *session, int count, char **words)
{
    (void)count;
    (void)words;
    for_modules(session, list_uses);
    return STATUS_SUCCESS;
}

int command_where(struct session *session, int count, char **words)
{
    char place[PLACE_SIZE], line[PLACE_SIZE];
    uint64_t address;

    (void)count;
    if (!words_number(words[1], &address))
        return command_error("%s: not an address (decimal or 0x...)", words[1]);
    where_line(&session->space, address, line, sizeof(line));
    console_print("0x%llx %s%s%s\n", (ull)address,
                  where_format(&session->space, address, place, sizeof(place)) ? place
                  : platform_is_own(address)                                   ? platform_name
                                                                               : "no module",
                  line[0] != '\0' ? " at " : "", line);
    return STATUS_SUCCESS;
}

int command_memory(struct session *session, int count, char **words)
{
    struct mini_heap_statistics heap = mini_heap_statistics(platform_heap);
    elfin_space_stats space;

    (void)count;
    (void)words;
    elfin_space_get_stats(&session->space, &space);
    console_print("space: %llu groups, %llu modules, %llu exports, %llu image bytes, "
                  "%llu record bytes\n",
                  (ull)space.groups, (ull)space.modules, (ull)space.exports, (ull)space.image_bytes,
                  (ull)space.record_bytes);
    console_print("heap: %zu objects, %zu bytes, in %zu chunks of %zu bytes; %zu damaged\n",
                  heap.count, heap.used, heap.chunks, heap.reserved, heap.damaged);
    platform_show_pages();
    return STATUS_SUCCESS;
}
