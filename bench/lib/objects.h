/* SPDX-License-Identifier: MIT */
/* Object files in memory, and what is to be known of them before anybody loads them. */
#ifndef BENCH_OBJECTS_H
#define BENCH_OBJECTS_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct object {
    char *file;
    uint8_t *data; /* page-aligned */
    uint64_t size;
    uint64_t alloc;  /* bytes of allocated sections that are in the file */
    uint64_t memory; /* an upper bound of what the object needs in memory, however it is laid out */
    uint64_t relocs; /* records for allocated sections */
    uint32_t sections, symbols, undefined;
    bool skip; /* not of the set: somebody refused it */
};

struct objects {
    struct object *list;
    size_t count;
    uint64_t size, alloc, memory, relocs, symbols, undefined,
        modules; /* sums without those skipped */
    uint64_t most_symbols, most_sections;
};

/*
 * Reads the files; "@FILE" stands for the files whose names are the lines of FILE, "FILE.a" for the
 * members of an archive. Ends the program if one cannot be read. Files that are no ELF64 objects
 * are left out.
 */
void objects_read(struct objects *objects, char **names, int count);
/* Computes the sums again, after objects have been marked. */
void objects_sum(struct objects *objects);

static inline const Elf64_Ehdr *elf_header(const struct object *o)
{
    return (const Elf64_Ehdr *)(const void *)o->data;
}

static inline const Elf64_Shdr *elf_sections(const struct object *o)
{
    return (const Elf64_Shdr *)(const void *)(o->data + elf_header(o)->e_shoff);
}

static inline bool is_copied(const Elf64_Shdr *s)
{
    return s->sh_flags & SHF_ALLOC && s->sh_type != SHT_NOBITS && s->sh_size;
}

/* Records that a loader has to apply. */
static inline bool is_applied(const Elf64_Shdr *sections, const Elf64_Shdr *s)
{
    return s->sh_type == SHT_RELA && sections[s->sh_info].sh_flags & SHF_ALLOC;
}

#endif
