/* SPDX-License-Identifier: MIT */
#include "tests/images/subject.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

uint32_t subject_hash(const char *name)
{
    uint32_t h = 5381;

    for (; *name; name++)
        h = h * 33 + (unsigned char)*name;
    return h ^ h >> 15;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct import *)a)->name, ((const struct import *)b)->name);
}

static void add_imports(struct subject *s, const Elf64_Shdr *table, const char *names)
{
    Elf64_Sym *symbols = (void *)(s->data + table->sh_offset);
    size_t count = table->sh_size / sizeof(*symbols);

    s->imports = calloc(count + 1, sizeof(*s->imports));
    for (size_t i = table->sh_info; i < count; i++) {
        Elf64_Sym *symbol = &symbols[i];

        if (symbol->st_shndx != SHN_UNDEF || !symbol->st_name)
            continue;
        symbol->st_other &= (unsigned char)~3;
        s->imports[s->import_count++] =
            (struct import){ .name = names + symbol->st_name,
                             .is_weak = ELF64_ST_BIND(symbol->st_info) == STB_WEAK,
                             .is_tls = ELF64_ST_TYPE(symbol->st_info) == STT_TLS };
    }
    qsort(s->imports, s->import_count, sizeof(*s->imports), by_name);
}

bool subject_open(struct subject *s, const char *file, const void *data, size_t size)
{
    const Elf64_Ehdr *header;
    const Elf64_Shdr *sections;

    *s = (struct subject){ .file = file, .size = size };
    if (size < sizeof(*header) || memcmp(data, ELFMAG, SELFMAG) != 0)
        return false;
    s->data = malloc(size);
    memcpy(s->data, data, size);
    header = (const void *)s->data;
    if (header->e_type != ET_REL || header->e_machine != EM_X86_64) {
        subject_close(s);
        return false;
    }
    sections = (const void *)(s->data + header->e_shoff);
    for (unsigned i = 0; i < header->e_shnum && !s->imports; i++)
        if (sections[i].sh_type == SHT_SYMTAB)
            add_imports(s, &sections[i],
                        (const char *)s->data + sections[sections[i].sh_link].sh_offset);
    return true;
}

void subject_close(struct subject *s)
{
    free(s->imports);
    free(s->data);
    *s = (struct subject){ 0 };
}

const struct import *subject_import(const struct subject *s, const char *name)
{
    struct import key = { .name = name };

    return s->import_count ? bsearch(&key, s->imports, s->import_count, sizeof(key), by_name)
                           : NULL;
}
