/* SPDX-License-Identifier: MIT */
/*
 * The parts of the ELF-64 format that the loader reads: record layouts and numbers, named as in the
 * gABI ("Object Files" chapter) and the x86-64 psABI (section 4). Packed records are
 * read where they lie, the others copied out, so their alignment in the file does not matter.
 */
#ifndef LOADER_ELF_H
#define LOADER_ELF_H

#include <stdint.h>

struct __attribute__((packed)) elf_header {
    uint8_t e_ident[16];
    uint16_t e_type, e_machine;
    uint32_t e_version;
    uint64_t e_entry, e_phoff, e_shoff;
    uint32_t e_flags;
    uint16_t e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx;
};

struct __attribute__((packed)) elf_section {
    uint32_t sh_name, sh_type;
    uint64_t sh_flags, sh_addr, sh_offset, sh_size;
    uint32_t sh_link, sh_info;
    uint64_t sh_addralign, sh_entsize;
};

struct __attribute__((packed)) elf_symbol {
    uint32_t st_name;
    uint8_t st_info, st_other;
    uint16_t st_shndx;
    uint64_t st_value, st_size;
};

struct __attribute__((packed)) elf_rela {
    uint64_t r_offset, r_info;
    int64_t r_addend;
};

struct elf_segment {
    uint32_t p_type, p_flags;
    uint64_t p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align;
};

struct elf_dynamic {
    uint64_t d_tag, d_val;
};

_Static_assert(sizeof(struct elf_header) == 64, "gABI: Elf64_Ehdr");
_Static_assert(sizeof(struct elf_section) == 64, "gABI: Elf64_Shdr");
_Static_assert(sizeof(struct elf_symbol) == 24, "gABI: Elf64_Sym");
_Static_assert(sizeof(struct elf_rela) == 24, "gABI: Elf64_Rela");
_Static_assert(sizeof(struct elf_segment) == 56, "gABI: Elf64_Phdr");
_Static_assert(sizeof(struct elf_dynamic) == 16, "gABI: Elf64_Dyn");

enum {
    EI_CLASS = 4,
    EI_DATA = 5,
    EI_VERSION = 6
};
enum {
    ELFCLASS32 = 1,
    ELFCLASS64 = 2,
    ELFDATA2LSB = 1,
    ELFDATA2MSB = 2,
    EV_CURRENT = 1
};
enum {
    ET_REL = 1,
    ET_EXEC = 2,
    ET_DYN = 3,
    ET_CORE = 4
};
enum {
    EM_X86_64 = 62
};

enum {
    SHT_NULL = 0,
    SHT_PROGBITS = 1,
    SHT_SYMTAB = 2,
    SHT_STRTAB = 3,
    SHT_RELA = 4,
    SHT_NOBITS = 8,
    SHT_REL = 9,
    SHT_INIT_ARRAY = 14,
    SHT_FINI_ARRAY = 15,
    SHT_PREINIT_ARRAY = 16,
    SHT_GROUP = 17,
    SHT_SYMTAB_SHNDX = 18,
    SHT_X86_64_UNWIND = 0x70000001, /* psABI 4.2.4 */
};

enum {
    SHF_WRITE = 0x1,
    SHF_ALLOC = 0x2,
    SHF_EXECINSTR = 0x4,
    SHF_LINK_ORDER = 0x80,
    SHF_TLS = 0x400,
    SHF_COMPRESSED = 0x800,
};

#define SHF_EXCLUDE 0x80000000u /* for static linkers only (GNU) */

enum {
    GRP_COMDAT = 1
};

enum {
    SHN_UNDEF = 0,
    SHN_LORESERVE = 0xff00,
    SHN_X86_64_LCOMMON = 0xff02, /* psABI 4.3: COMMON in large data */
    SHN_ABS = 0xfff1,
    SHN_COMMON = 0xfff2,
    SHN_XINDEX = 0xffff,
};

enum {
    STB_LOCAL = 0,
    STB_GLOBAL = 1,
    STB_WEAK = 2,
    STB_GNU_UNIQUE = 10
};
enum {
    STT_FUNC = 2,
    STT_SECTION = 3,
    STT_TLS = 6,
    STT_GNU_IFUNC = 10
};
enum {
    STV_DEFAULT = 0,
    STV_INTERNAL = 1,
    STV_HIDDEN = 2,
    STV_PROTECTED = 3
};

enum {
    PT_LOAD = 1,
    PT_DYNAMIC = 2,
    PT_TLS = 7,
    PT_GNU_RELRO = 0x6474e552,
};

enum {
    PF_X = 1,
    PF_W = 2
};

enum {
    DT_NULL = 0,
    DT_NEEDED = 1,
    DT_PLTRELSZ = 2,
    DT_HASH = 4,
    DT_STRTAB = 5,
    DT_SYMTAB = 6,
    DT_RELA = 7,
    DT_RELASZ = 8,
    DT_RELAENT = 9,
    DT_STRSZ = 10,
    DT_SYMENT = 11,
    DT_INIT = 12,
    DT_FINI = 13,
    DT_SONAME = 14,
    DT_SYMBOLIC = 16,
    DT_REL = 17,
    DT_PLTREL = 20,
    DT_TEXTREL = 22,
    DT_JMPREL = 23,
    DT_INIT_ARRAY = 25,
    DT_FINI_ARRAY = 26,
    DT_INIT_ARRAYSZ = 27,
    DT_FINI_ARRAYSZ = 28,
    DT_FLAGS = 30,
    DT_RELRSZ = 35,
    DT_RELR = 36,
    DT_RELRENT = 37,
    DT_GNU_HASH = 0x6ffffef5,
    DT_VERSYM = 0x6ffffff0,
    DT_FLAGS_1 = 0x6ffffffb,
};

enum {
    DF_SYMBOLIC = 0x2,
    DF_TEXTREL = 0x4,
    DF_1_PIE = 0x08000000,
};

/* Versions of symbols (GNU): of no interest but for these. */
enum {
    VER_NDX_LOCAL = 0,
    VERSYM_HIDDEN = 0x8000, /* not the default version of its name */
};

static inline unsigned elf_symbol_binding(const struct elf_symbol *s)
{
    return s->st_info >> 4;
}

static inline unsigned elf_symbol_type(const struct elf_symbol *s)
{
    return s->st_info & 15u;
}

static inline unsigned elf_symbol_visibility(const struct elf_symbol *s)
{
    return s->st_other & 3u;
}

static inline uint32_t elf_rela_symbol(uint64_t r_info)
{
    return (uint32_t)(r_info >> 32);
}

static inline uint32_t elf_rela_type(uint64_t r_info)
{
    return (uint32_t)r_info;
}

#endif
