/* SPDX-License-Identifier: MIT */
/*
 * A small shared object or executable with one of everything, as a structure: a test changes what
 * it wants and hands over the bytes. Every part lies in the file where it lies in memory, `base`
 * lower.
 */
#ifndef TESTS_PROGRAM_FILE_H
#define TESTS_PROGRAM_FILE_H

#include "tests/lib/elf_builder.h"

enum {
    PF_PAGE = 4096,
    PF_BSS = 10000
};

/* Program headers. */
enum {
    PF_READ,
    PF_CODE,
    PF_WRITE,
    PF_DYNAMIC,
    PF_RELRO,
    PF_OTHER, /* PT_GNU_STACK */
    PF_HEADERS
};

/* Symbols. */
enum {
    PF_TRACE = 1, /* undefined: the fixture's trace */
    PF_MAYBE,     /* undefined, weak */
    PF_F,         /* returns 7 */
    PF_V,         /* 9 */
    PF_SYMBOLS
};

/* Entries of the dynamic section, in their order. */
enum {
    PF_SONAME,
    PF_STRTAB,
    PF_STRSZ,
    PF_SYMTAB,
    PF_SYMENT,
    PF_HASH,
    PF_GNU_HASH,
    PF_VERSYM,
    PF_RELA,
    PF_RELASZ,
    PF_RELAENT,
    PF_JMPREL,
    PF_PLTRELSZ,
    PF_PLTREL,
    PF_RELR,
    PF_RELRSZ,
    PF_RELRENT,
    PF_INIT,
    PF_FINI,
    PF_INIT_ARRAY,
    PF_INIT_ARRAYSZ,
    PF_FINI_ARRAY,
    PF_FINI_ARRAYSZ,
    PF_FLAGS,
    PF_FLAGS_1,
    PF_SPARE, /* DT_DEBUG, free for a test's own: nothing reads it */
    PF_SPARE_2,
    PF_END,
    PF_TAGS
};

/* Slots that relocations fill. */
enum {
    PF_SLOT_TRACE, /* JUMP_SLOT */
    PF_SLOT_MAYBE, /* GLOB_DAT */
    PF_SLOT_V,     /* 64: v + 8 */
    PF_SLOT_F,     /* RELATIVE */
    PF_SLOTS
};

struct program_file {
    /* Read-only. */
    Elf64_Ehdr ehdr;
    Elf64_Phdr phdr[PF_HEADERS];
    Elf64_Sym symbol[PF_SYMBOLS];
    uint32_t hash[2 + 1 + PF_SYMBOLS];
    struct {
        uint32_t buckets, first, words, shift;
        uint64_t bloom;
        uint32_t bucket, chain[PF_SYMBOLS - PF_F];
    } gnu_hash;
    uint16_t version[PF_SYMBOLS + 3];
    Elf64_Rela rela[4];
    Elf64_Rela jmprel[1];
    uint64_t relr[3];
    char strings[64];
    /* Code, on its page. */
    _Alignas(PF_PAGE) uint8_t code[256];
    /* Read-only after init, on their page. */
    _Alignas(PF_PAGE) Elf64_Dyn dynamic[PF_TAGS];
    uint64_t slot[PF_SLOTS];
    uint64_t init_array[2], fini_array[2];
    /* Data, on its page; PF_BSS zero bytes follow in memory. */
    _Alignas(PF_PAGE) uint64_t pointer; /* to v, by DT_RELR */
    uint64_t v, w;
    uint8_t end[];
};

enum {
    PF_SIZE = offsetof(struct program_file, end) /* of the file */
};

/*
 * type: ET_DYN (a shared object named libpf.so) or ET_EXEC. Init calls trace(1), trace(2),
 * trace(3); fini trace(4), trace(5), trace(6).
 */
void pf_init(struct program_file *pf, unsigned type, uint64_t base);

/* A copy of the first size bytes of the file. */
struct blob pf_blob(const struct program_file *pf, size_t size);

/* Turns an entry of the dynamic section into another. */
void pf_dynamic(struct program_file *pf, int entry, int64_t tag, uint64_t value);

#endif
