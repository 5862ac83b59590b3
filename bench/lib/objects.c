/* SPDX-License-Identifier: MIT */
#include "bench/lib/objects.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <elfin/elfin.h>

#include "bench/lib/arena.h"

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* All files lie in one arena: page-aligned, and on large pages. */
static uint8_t *pages(uint64_t size)
{
    static struct arena files;
    uint8_t *memory;

    if (!files.base)
        arena_init(&files, 0, (uint64_t)8 << 30, 0);
    memory = arena_get(&files, size, 4096);
    if (!memory)
        die("too many files");
    return memory;
}

static uint8_t *read_file(const char *name, uint64_t *size)
{
    int file = open(name, O_RDONLY);
    struct stat stat;
    uint8_t *data;

    if (file < 0 || fstat(file, &stat) != 0)
        die(name);
    *size = (uint64_t)stat.st_size;
    data = pages(*size + 1);
    for (uint64_t have = 0; have < *size;) {
        ssize_t got = read(file, data + have, *size - have);

        if (got <= 0)
            die(name);
        have += (uint64_t)got;
    }
    close(file);
    return data;
}

static void measure(struct object *o)
{
    const Elf64_Shdr *s = elf_sections(o);

    o->sections = elf_header(o)->e_shnum ? elf_header(o)->e_shnum : (uint32_t)s[0].sh_size;
    o->memory = 64 << 10;
    for (uint32_t i = 1; i < o->sections; i++) {
        if (is_copied(&s[i]))
            o->alloc += s[i].sh_size;
        if (s[i].sh_flags & SHF_ALLOC)
            o->memory += s[i].sh_size + s[i].sh_addralign;
        if (is_applied(s, &s[i]))
            o->relocs += s[i].sh_size / sizeof(Elf64_Rela);
        if (s[i].sh_type == SHT_SYMTAB) {
            const Elf64_Sym *symbol = (const void *)(o->data + s[i].sh_offset);

            o->symbols = (uint32_t)(s[i].sh_size / sizeof(*symbol));
            for (uint32_t k = s[i].sh_info; k < o->symbols; k++) {
                o->undefined += symbol[k].st_shndx == SHN_UNDEF;
                if (symbol[k].st_shndx == SHN_COMMON)
                    o->memory += symbol[k].st_size + symbol[k].st_value;
            }
        }
    }
    o->memory += 16 * (uint64_t)o->symbols; /* slots and stubs */
}

static bool add(void *ctx, const char *name, const void *data, size_t size)
{
    struct objects *objects = ctx;
    struct object *o;

    if (size < sizeof(Elf64_Ehdr) || memcmp(data, ELFMAG "\2\1", 6) != 0)
        return true;
    if (!(objects->count & (objects->count + 1))) {
        objects->list = realloc(objects->list, 2 * (objects->count + 1) * sizeof(*o));
        if (!objects->list)
            die("realloc");
    }
    o = &objects->list[objects->count++];
    *o = (struct object){ .file = strdup(name), .data = (uint8_t *)(uintptr_t)data, .size = size };
    measure(o);
    return true;
}

/* Members begin at even addresses only, and here everybody reads records in place. */
static bool add_member(void *ctx, const char *name, const void *data, size_t size)
{
    return add(ctx, name, memcpy(pages(size), data, size), size);
}

static void read_one(struct objects *objects, const char *name)
{
    uint64_t size;
    uint8_t *data = read_file(name, &size);

    if (elfin_is_archive(data, size)) {
        if (elfin_archive_members(data, size, name, add_member, objects, NULL) != ELFIN_OK)
            die(name);
    } else {
        const char *slash = strrchr(name, '/');

        add(objects, slash ? slash + 1 : name, data, size);
    }
}

static void read_list(struct objects *objects, const char *list)
{
    char name[4096];
    FILE *file = fopen(list, "r");

    if (!file)
        die(list);
    while (fgets(name, sizeof(name), file)) {
        name[strcspn(name, "\n")] = 0;
        read_one(objects, name);
    }
    fclose(file);
}

void objects_read(struct objects *objects, char **names, int count)
{
    for (int i = 0; i < count; i++)
        if (names[i][0] == '@')
            read_list(objects, names[i] + 1);
        else
            read_one(objects, names[i]);
    objects_sum(objects);
}

void objects_sum(struct objects *objects)
{
    struct objects sum = { .list = objects->list, .count = objects->count };

    for (size_t i = 0; i < sum.count; i++) {
        const struct object *o = &sum.list[i];

        if (o->skip)
            continue;
        sum.modules++;
        sum.size += o->size;
        sum.alloc += o->alloc;
        sum.memory += o->memory;
        sum.relocs += o->relocs;
        sum.symbols += o->symbols;
        sum.undefined += o->undefined;
        if (sum.most_symbols < o->symbols)
            sum.most_symbols = o->symbols;
        if (sum.most_sections < o->sections)
            sum.most_sections = o->sections;
    }
    *objects = sum;
}
