/* SPDX-License-Identifier: MIT */
/*
 * usage: peer_tcc OBJECT.o DEFINITIONS.o: nanoseconds in which libtcc adds an object, whose imports
 * are the absolute symbols of the other file, and relocates it. The names are given to it before.
 */
#include <elf.h>
#include <libtcc.h>
#include <stdio.h>
#include <sys/mman.h>

#include "bench/lib/clock.h"
#include "bench/lib/objects.h"

static void define(TCCState *tcc, const struct object *o)
{
    const Elf64_Shdr *section = elf_sections(o);

    for (uint32_t i = 1; i < o->sections; i++) {
        const Elf64_Sym *symbol = (const void *)(o->data + section[i].sh_offset);
        const char *strings = (const char *)o->data + section[section[i].sh_link].sh_offset;

        for (uint32_t k = 1; section[i].sh_type == SHT_SYMTAB && k < o->symbols; k++)
            tcc_add_symbol(tcc, strings + symbol[k].st_name,
                           (const void *)(uintptr_t)symbol[k].st_value);
    }
}

int main(int argc, char **argv)
{
    struct objects objects = { 0 };
    uint64_t ticks;
    TCCState *tcc;
    void *memory;
    int size;

    if (argc < 3)
        return 2;
    bench_clock_init();
    objects_read(&objects, argv + 1, 2);
    tcc = tcc_new();
    tcc_set_options(tcc, "-nostdlib -nostdinc");
    tcc_set_output_type(tcc, TCC_OUTPUT_MEMORY);
    ticks = bench_ticks();
    define(tcc, &objects.list[1]);
    if (tcc_add_file(tcc, argv[1]) != 0)
        return 1;
    size = tcc_relocate(tcc, NULL);
    if (size < 0)
        return 1;
    memory = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (memory == MAP_FAILED || tcc_relocate(tcc, memory) != 0)
        return 1;
    ticks = bench_ticks() - ticks;
    printf("%.0f\n", bench_ns(ticks));
    return 0;
}
