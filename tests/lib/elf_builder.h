/* SPDX-License-Identifier: MIT */
/*
 * Builds ELF64 relocatable objects in memory, good ones first: a hostile variant is a good object
 * in which the test then overwrites one field (eb_set). Sections and symbols are named by handles;
 * the symbol table is put in order (locals first) when the object is finished.
 *
 * The builder aborts on misuse and on exhausted memory: it is a tool of tests, not their subject.
 */
#ifndef TESTS_ELF_BUILDER_H
#define TESTS_ELF_BUILDER_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EB_MAX_SECTIONS = 64,
    EB_MAX_SYMBOLS = 128,
    EB_MAX_RELAS = 256
};

/* Bytes in a malloc'ed buffer of exactly this size. */
struct blob {
    uint8_t *data;
    size_t size;
};

struct eb_section {
    char name[48];
    Elf64_Shdr header; /* sh_name, sh_offset, sh_size are filled in by eb_finish */
    uint8_t *data;
    size_t size;
};

struct eb_symbol {
    char name[64];
    Elf64_Sym symbol;
    size_t index; /* in the finished table */
};

struct eb_rela {
    int section; /* that it changes */
    Elf64_Rela rela;
    int symbol; /* handle, -1 = symbol 0 */
};

struct elf_builder {
    struct eb_section sections[EB_MAX_SECTIONS];
    struct eb_symbol symbols[EB_MAX_SYMBOLS];
    struct eb_rela relas[EB_MAX_RELAS];
    int section_count, symbol_count;
    size_t rela_count;

    /* After eb_finish: */
    struct blob object;
    int symtab, strtab, shstrtab;
    int rela_section[EB_MAX_SECTIONS]; /* by the section that is changed; 0 = none */
};

void eb_init(struct elf_builder *eb);

/* data may be NULL for zeros; SHT_NOBITS takes no bytes. Returns the section's index. */
int eb_section(struct elf_builder *eb, const char *name, uint32_t type, uint64_t flags,
               const void *data, size_t size, uint64_t align);

/* Adds bytes to the end of a section, aligned; returns their offset. */
uint64_t eb_append(struct elf_builder *eb, int section, const void *data, size_t size,
                   uint64_t align);

/* info as ELF64_ST_INFO(bind, type); other as the visibility. Returns a handle. */
int eb_symbol(struct elf_builder *eb, const char *name, unsigned info, unsigned other,
              unsigned shndx, uint64_t value, uint64_t size);

/* The symbol of that name, or a new undefined global one. */
int eb_reference(struct elf_builder *eb, const char *name);

void eb_rela(struct elf_builder *eb, int section, uint64_t offset, uint32_t type, int symbol,
             int64_t addend);

/* Writes the file; the bytes belong to the caller (free object.data). */
struct blob eb_finish(struct elf_builder *eb);

/* File offsets of records in the finished object. */
size_t eb_shdr_at(const struct elf_builder *eb, int section);
size_t eb_sym_at(const struct elf_builder *eb, int symbol);
size_t eb_rela_at(const struct elf_builder *eb, int section, size_t record);

/* Overwrites a little-endian field of 1, 2, 4 or 8 bytes. */
void blob_set(struct blob *blob, size_t offset, size_t width, uint64_t value);
uint64_t blob_get(const struct blob *blob, size_t offset, size_t width);

/* A copy of the first size bytes, exactly sized. */
struct blob blob_copy(struct blob from, size_t size);

void *xmalloc(size_t size);

#endif
