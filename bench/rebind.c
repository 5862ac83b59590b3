/* SPDX-License-Identifier: MIT */
/*
 * A module is placed; each of its imports is bound to another address. Prints one line of JSON for
 * each object: "elfin" is the time for all imports with one call of elfin_rebind_all, "flushed" the
 * same with nothing in the caches; "single" for all with one call of elfin_rebind for each, "one"
 * for the import that has the fewest fixups.
 *
 * usage: rebind warm|once ROUNDS FILE...
 *   once    for callgrind: all imports at once in function warm_all, one by one in warm_single
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/lib/setup.h"

enum {
    MOST_ROUNDS = 1000,
    WAYS = 5
};

static struct setup s;

struct import {
    const char *name;
    uint64_t address, fixups;
};

/* The imports of an object and how many records name each. NULL without memory. */
static struct import *imports_of(const struct object *o, size_t *count)
{
    const Elf64_Shdr *section = elf_sections(o);
    struct import *list = calloc(o->undefined + 1, sizeof(*list));
    uint32_t *number = calloc(o->symbols + 1, sizeof(*number));

    *count = 0;
    for (uint32_t i = 1; list && number && i < o->sections; i++) {
        const Elf64_Sym *symbol = (const void *)(o->data + section[i].sh_offset);

        for (uint32_t k = section[i].sh_info; section[i].sh_type == SHT_SYMTAB && k < o->symbols;
             k++) {
            const char *name =
                (const char *)o->data + section[section[i].sh_link].sh_offset + symbol[k].st_name;
            const struct floor_name *found = floor_names_find(&s.names.table, name);

            if (symbol[k].st_shndx != SHN_UNDEF || !found)
                continue;
            list[*count] = (struct import){ .name = name, .address = found->address };
            number[k] = (uint32_t)++ * count;
        }
    }
    for (uint32_t i = 1; list && number && i < o->sections; i++) {
        const Elf64_Rela *r = (const void *)(o->data + section[i].sh_offset);

        for (uint64_t k = 0;
             is_applied(section, &section[i]) && k < section[i].sh_size / sizeof(*r); k++)
            if (number[r[k].r_info >> 32])
                list[number[r[k].r_info >> 32] - 1].fixups++;
    }
    free(number);
    return list;
}

/* Every second time to the first address again, so that fields always change. */
static void rebind(elfin_module *module, const struct import *import, unsigned turn)
{
    elfin_target target = { .address = import->address + (turn & 1 ? 8 : 0) };
    elfin_status status = elfin_rebind(&s.space, module, import->name, &target, NULL, NULL);

    /* NOT_FOUND: nothing refers to it. */
    if (status != ELFIN_OK && status != ELFIN_ERR_NOT_FOUND) {
        fprintf(stderr, "%s: %s\n", import->name, elfin_status_text(status));
        exit(1);
    }
}

/* As if each import had moved by eight bytes. */
static elfin_choice shift(void *ctx, const elfin_import *import, elfin_target *target)
{
    target->address = import->address + *(const uint64_t *)ctx;
    return ELFIN_CHOICE_TARGET;
}

static void rebind_all(elfin_module *module, unsigned turn)
{
    uint64_t by = turn & 1 ? 8 : (uint64_t)0 - 8;

    if (elfin_rebind_all(&s.space, module, shift, &by, NULL, NULL) != ELFIN_OK)
        abort();
}

static double time_of_all(elfin_module *module, void (*before)(void))
{
    uint64_t ticks = 0;

    for (unsigned tries = 0; tries < 10; tries++) {
        long interruptions = bench_interruptions();

        rebind_all(module, 0);
        if (before)
            before();
        ticks = bench_ticks();
        rebind_all(module, 1);
        ticks = bench_ticks() - ticks;
        if (bench_interruptions() == interruptions)
            break;
    }
    return bench_ns(ticks);
}

/* Nanoseconds for so many imports; again if the thread was interrupted. */
static double time_of(elfin_module *module, const struct import *list, size_t count)
{
    uint64_t ticks = 0;

    for (unsigned tries = 0; tries < 10; tries++) {
        long interruptions = bench_interruptions();

        for (size_t i = 0; i < count; i++)
            rebind(module, &list[i], 0);
        ticks = bench_ticks();
        for (size_t i = 0; i < count; i++)
            rebind(module, &list[i], 1);
        ticks = bench_ticks() - ticks;
        if (bench_interruptions() == interruptions)
            break;
    }
    return bench_ns(ticks);
}

static void flush(void)
{
    bench_flush(s.host.image.base, s.host.image.used);
    bench_flush(s.host.records.base, s.host.records.used);
    bench_flush(s.host.work.base, s.host.work.peak);
}

/* Bytes of lasting records of the loaded object; it stays loaded. */
static uint64_t load(const struct object *o, uint32_t flags, elfin_group **group)
{
    uint64_t before = s.host.records.used, ticks;

    s.flags = flags;
    if (setup_load(&s, o, NULL, NULL, group, &ticks) != ELFIN_OK)
        setup_refused(&s);
    return s.host.records.used - before;
}

__attribute__((noipa)) static void warm_all(elfin_module *module)
{
    rebind_all(module, 1);
}

__attribute__((noipa)) static void warm_single(elfin_module *module, const struct import *list,
                                               size_t count)
{
    for (size_t i = 0; i < count; i++)
        rebind(module, &list[i], 1);
}

static void measure(const struct object *o, unsigned rounds, bool once)
{
    static double samples[WAYS][MOST_ROUNDS];
    static const char *const names[WAYS] = { "elfin", "one", "flushed", "copy_libc", "single" };
    size_t count, least = 0;
    struct import *list = imports_of(o, &count);
    uint64_t fixups = 0, plain, kept;
    elfin_group *group;
    elfin_module *module;

    if (!list || !count)
        exit(1);
    plain = load(o, 0, &group);
    setup_unload(&s, group);
    kept = load(o, ELFIN_LOAD_REBIND, &group) - plain;
    module = elfin_next_module(group, NULL);
    for (size_t i = 0; i < count; i++) {
        fixups += list[i].fixups;
        if (list[i].fixups && (!list[least].fixups || list[i].fixups < list[least].fixups))
            least = i;
    }
    time_of(module, list, count);
    if (once) {
        warm_all(module);
        warm_single(module, list, count);
        return;
    }
    for (unsigned round = 0; round < rounds; round++) {
        samples[0][round] = time_of_all(module, NULL);
        samples[1][round] = time_of(module, &list[least], 1);
        samples[2][round] = time_of_all(module, flush);
        samples[4][round] = time_of(module, list, count);
    }
    printf("{\"mode\": \"warm\", \"object\": \"%s\", \"alloc\": %lu, \"relocs\": %lu, "
           "\"imports\": %zu, \"import_fixups\": %lu, \"one_fixups\": %lu, \"records\": %lu",
           o->file, o->alloc, o->relocs, count, fixups, list[least].fixups, kept);
    setup_unload(&s, group);
    for (unsigned round = 0; round < rounds; round++) {
        setup_rewind(&s);
        setup_run(&s, COPY_LIBC, o);
        setup_rewind(&s);
        samples[3][round] = bench_ns(setup_run(&s, COPY_LIBC, o));
    }
    for (unsigned k = 0; k < WAYS; k++)
        print_samples(names[k], samples[k], rounds);
    printf("}\n");
    free(list);
}

int main(int argc, char **argv)
{
    int rounds = argc > 3 ? atoi(argv[2]) : 0;

    if (rounds < 1 || rounds > MOST_ROUNDS) {
        fprintf(stderr, "usage: %s warm|once ROUNDS FILE...\n", argv[0]);
        return 2;
    }
    setup_init(&s, argv + 3, argc - 3, NAMES_ALL);
    for (size_t i = 0; i < s.objects.count; i++)
        if (!s.objects.list[i].skip)
            measure(&s.objects.list[i], (unsigned)rounds, argv[1][0] == 'o');
    return 0;
}
