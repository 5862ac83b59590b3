/* SPDX-License-Identifier: MIT */
/*
 * What refusing an object costs, against loading it: names that nobody exports, and one damaged
 * number as late in the file as possible. Prints one line of JSON for each object.
 *
 * usage: refusals late ROUNDS FILE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/lib/setup.h"

enum {
    MOST_ROUNDS = 100
};

static struct setup s;
static elfin_space empty; /* a space that exports nothing */

static const Elf64_Shdr *last_of(const struct object *o, uint32_t type)
{
    const Elf64_Shdr *section = elf_sections(o), *last = NULL;

    for (uint32_t i = 1; i < o->sections; i++)
        if (section[i].sh_type == type && section[i].sh_size &&
            (type != SHT_RELA || is_applied(section, &section[i])))
            last = &section[i];
    return last;
}

static uint64_t *last_record(const struct object *o, size_t member)
{
    const Elf64_Shdr *table = last_of(o, SHT_RELA);

    if (!table)
        return NULL;
    return (uint64_t *)(void *)(o->data + table->sh_offset + table->sh_size - sizeof(Elf64_Rela) +
                                member);
}

/* Each gives a place in the file and what to write there; NULL if the object has no such place. */
static uint64_t *bad_type(const struct object *o, uint64_t *value)
{
    *value = 0xff;
    return last_record(o, offsetof(Elf64_Rela, r_info));
}

static uint64_t *bad_symbol(const struct object *o, uint64_t *value)
{
    *value = (uint64_t)o->symbols << 32 | R_X86_64_64;
    return last_record(o, offsetof(Elf64_Rela, r_info));
}

static uint64_t *bad_place(const struct object *o, uint64_t *value)
{
    *value = UINT64_MAX;
    return last_record(o, offsetof(Elf64_Rela, r_offset));
}

static uint64_t *bad_name(const struct object *o, uint64_t *value)
{
    const Elf64_Shdr *table = last_of(o, SHT_SYMTAB);
    uint64_t *place =
        (uint64_t *)(void *)(o->data + table->sh_offset + table->sh_size - sizeof(Elf64_Sym));

    *value = *place | UINT32_MAX;
    return place;
}

static uint64_t *bad_section(const struct object *o, uint64_t *value)
{
    const Elf64_Shdr *last = &elf_sections(o)[o->sections - 1];

    *value = UINT64_MAX;
    return (uint64_t *)(uintptr_t)&last->sh_offset;
}

static const struct damage {
    const char *name;
    uint64_t *(*place)(const struct object *o, uint64_t *value);
} damages[] = {
    { "bad_type", bad_type }, { "bad_symbol", bad_symbol },   { "bad_place", bad_place },
    { "bad_name", bad_name }, { "bad_section", bad_section },
};

enum {
    DAMAGES = sizeof(damages) / sizeof(*damages),
    KINDS = DAMAGES + 2
};

static double try(const struct object *o, elfin_space *space, bool good)
{
    elfin_input input = { .data = o->data, .size = o->size, .file = o->file };
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_group *group;
    elfin_diag diag;
    elfin_status status;
    uint64_t ticks;

    options.flags = ELFIN_LOAD_NO_INIT;
    setup_rewind(&s);
    ticks = bench_ticks();
    status = elfin_load(space, &input, 1, &options, &group, &diag);
    ticks = bench_ticks() - ticks;
    if ((status == ELFIN_OK) != good) {
        fprintf(stderr, "%s: %s\n", o->file, elfin_status_text(status));
        exit(1);
    }
    if (good)
        setup_unload(&s, group);
    return bench_ns(ticks);
}

static double damaged(const struct object *o, const struct damage *damage)
{
    uint64_t value, *place = damage->place(o, &value), old;
    double ns;

    if (!place)
        return 0;
    old = *place;
    *place = value;
    ns = try(o, &s.space, false);
    *place = old;
    return ns;
}

static void measure(const struct object *o, unsigned rounds)
{
    static double samples[KINDS][MOST_ROUNDS];

    for (unsigned round = 0; round < rounds; round++) {
        samples[0][round] = try(o, &s.space, true);
        samples[1][round] = o->undefined ? try(o, &empty, false) : 0;
        for (unsigned k = 0; k < DAMAGES; k++)
            samples[2 + k][round] = damaged(o, &damages[k]);
    }
    setup_print(&s, "late");
    printf(", \"object\": \"%s\"", o->file);
    print_samples("good", samples[0], rounds);
    print_samples("missing", samples[1], rounds);
    for (unsigned k = 0; k < DAMAGES; k++)
        print_samples(damages[k].name, samples[2 + k], rounds);
    printf("}\n");
}

int main(int argc, char **argv)
{
    int rounds = argc > 3 ? atoi(argv[2]) : 0;

    if (rounds < 1 || rounds > MOST_ROUNDS) {
        fprintf(stderr, "usage: %s late ROUNDS FILE...\n", argv[0]);
        return 2;
    }
    setup_init(&s, argv + 3, argc - 3, NAMES_ALL);
    bench_clock_choose(true);
    if (elfin_space_init(&empty, &s.host.callbacks) != ELFIN_OK)
        return 1;
    for (size_t i = 0; i < s.objects.count; i++)
        if (!s.objects.list[i].skip)
            measure(&s.objects.list[i], (unsigned)rounds);
    return 0;
}
