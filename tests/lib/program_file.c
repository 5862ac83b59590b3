/* SPDX-License-Identifier: MIT */
#include "tests/lib/program_file.h"

#include <string.h>

#define AT(field) (base + offsetof(struct program_file, field))

enum {
    NAME_TRACE = 1,
    NAME_MAYBE = 7,
    NAME_F = 13,
    NAME_V = 15,
    NAME_SO = 17,
    CODE_F = 0,
    CODE_FIRST_CALL = 16, /* six functions of 16 bytes that call trace(1) to trace(6) */
    CODE_CALL_SIZE = 16
};

static const char strings[] = "\0trace\0maybe\0f\0v\0libpf.so.1";

static uint64_t call_at(uint64_t base, unsigned id)
{
    return AT(code) + CODE_FIRST_CALL + (id - 1) * CODE_CALL_SIZE;
}

/* mov $id, %edi; jmp *slot(%rip) */
static void write_call(struct program_file *pf, unsigned id)
{
    uint8_t *code = pf->code + CODE_FIRST_CALL + (id - 1) * CODE_CALL_SIZE;
    int32_t distance =
        (int32_t)(offsetof(struct program_file, slot) - (size_t)(code + 11 - (uint8_t *)pf));

    code[0] = 0xbf;
    code[1] = (uint8_t)id;
    code[5] = 0xff;
    code[6] = 0x25;
    memcpy(code + 7, &distance, sizeof distance);
}

static void write_headers(struct program_file *pf, unsigned type, uint64_t base)
{
    static const uint8_t ident[EI_NIDENT] = { 0x7f,       'E',         'L',       'F',
                                              ELFCLASS64, ELFDATA2LSB, EV_CURRENT };
    static const struct {
        uint32_t type, flags;
        size_t from, to;
    } rows[PF_HEADERS] = {
        { PT_LOAD, PF_R, 0, offsetof(struct program_file, strings) + sizeof pf->strings },
        { PT_LOAD, PF_R | PF_X, offsetof(struct program_file, code),
          offsetof(struct program_file, code) + sizeof pf->code },
        { PT_LOAD, PF_R | PF_W, offsetof(struct program_file, dynamic), PF_SIZE },
        { PT_DYNAMIC, PF_R | PF_W, offsetof(struct program_file, dynamic),
          offsetof(struct program_file, slot) },
        { PT_GNU_RELRO, PF_R, offsetof(struct program_file, dynamic),
          offsetof(struct program_file, pointer) },
        { PT_GNU_STACK, PF_R | PF_W, 0, 0 },
    };

    memcpy(pf->ehdr.e_ident, ident, sizeof ident);
    pf->ehdr.e_type = (uint16_t)type;
    pf->ehdr.e_machine = EM_X86_64;
    pf->ehdr.e_version = EV_CURRENT;
    pf->ehdr.e_entry = type == ET_EXEC ? AT(code) : 0;
    pf->ehdr.e_phoff = offsetof(struct program_file, phdr);
    pf->ehdr.e_ehsize = sizeof pf->ehdr;
    pf->ehdr.e_phentsize = sizeof pf->phdr[0];
    pf->ehdr.e_phnum = PF_HEADERS;
    pf->ehdr.e_shentsize = sizeof(Elf64_Shdr);
    for (int i = 0; i < PF_HEADERS; i++) {
        pf->phdr[i] = (Elf64_Phdr){ .p_type = rows[i].type,
                                    .p_flags = rows[i].flags,
                                    .p_offset = rows[i].from,
                                    .p_vaddr = base + rows[i].from,
                                    .p_paddr = base + rows[i].from,
                                    .p_filesz = rows[i].to - rows[i].from,
                                    .p_memsz = rows[i].to - rows[i].from,
                                    .p_align = rows[i].type == PT_LOAD ? PF_PAGE : 8 };
    }
    pf->phdr[PF_WRITE].p_memsz += PF_BSS;
}

static void write_symbols(struct program_file *pf, uint64_t base)
{
    const unsigned function = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);

    memcpy(pf->strings, strings, sizeof strings);
    pf->symbol[PF_TRACE] = (Elf64_Sym){ .st_name = NAME_TRACE, .st_info = function };
    pf->symbol[PF_MAYBE] =
        (Elf64_Sym){ .st_name = NAME_MAYBE, .st_info = ELF64_ST_INFO(STB_WEAK, STT_NOTYPE) };
    pf->symbol[PF_F] = (Elf64_Sym){
        .st_name = NAME_F, .st_info = function, .st_shndx = 7, .st_value = AT(code), .st_size = 6
    };
    pf->symbol[PF_V] = (Elf64_Sym){ .st_name = NAME_V,
                                    .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
                                    .st_shndx = 9,
                                    .st_value = AT(v),
                                    .st_size = 8 };
    /* One bucket, one chain. */
    pf->hash[0] = 1;
    pf->hash[1] = PF_SYMBOLS;
    pf->hash[2] = 1;
    for (uint32_t i = 1; i + 1 < PF_SYMBOLS; i++) {
        pf->hash[3 + i] = i + 1;
    }
    pf->gnu_hash.buckets = pf->gnu_hash.words = 1;
    pf->gnu_hash.first = pf->gnu_hash.bucket = PF_F;
    pf->gnu_hash.bloom = UINT64_MAX;
    pf->gnu_hash.chain[PF_V - PF_F] = 1;
    for (int i = 0; i < PF_SYMBOLS; i++) {
        pf->version[i] = i < PF_F ? 0 : 1;
    }
}

static void write_relocations(struct program_file *pf, uint64_t base)
{
    pf->rela[0] =
        (Elf64_Rela){ AT(slot[PF_SLOT_F]), ELF64_R_INFO(0, R_X86_64_RELATIVE), (int64_t)AT(code) };
    pf->rela[1] = (Elf64_Rela){ AT(slot[PF_SLOT_V]), ELF64_R_INFO(PF_V, R_X86_64_64), 8 };
    pf->rela[2] = (Elf64_Rela){ AT(slot[PF_SLOT_MAYBE]),
                                ELF64_R_INFO((uint64_t)PF_MAYBE, R_X86_64_GLOB_DAT), 0 };
    pf->jmprel[0] = (Elf64_Rela){ AT(slot[PF_SLOT_TRACE]),
                                  ELF64_R_INFO((uint64_t)PF_TRACE, R_X86_64_JUMP_SLOT), 0 };
    pf->relr[0] = AT(init_array);
    pf->relr[1] = 7 << 1 | 1;
    pf->relr[2] = AT(pointer);
    for (unsigned i = 0; i < 2; i++) {
        pf->init_array[i] = call_at(base, 2 + i);
        pf->fini_array[i] = call_at(base, 5 - i);
    }
    pf->pointer = AT(v);
}

void pf_dynamic(struct program_file *pf, int entry, int64_t tag, uint64_t value)
{
    pf->dynamic[entry].d_tag = tag;
    pf->dynamic[entry].d_un.d_val = value;
}

static void write_dynamic(struct program_file *pf, uint64_t base)
{
    pf_dynamic(pf, PF_SONAME, DT_SONAME, NAME_SO);
    pf_dynamic(pf, PF_STRTAB, DT_STRTAB, AT(strings));
    pf_dynamic(pf, PF_STRSZ, DT_STRSZ, sizeof pf->strings);
    pf_dynamic(pf, PF_SYMTAB, DT_SYMTAB, AT(symbol));
    pf_dynamic(pf, PF_SYMENT, DT_SYMENT, sizeof pf->symbol[0]);
    pf_dynamic(pf, PF_HASH, DT_HASH, AT(hash));
    pf_dynamic(pf, PF_GNU_HASH, DT_GNU_HASH, AT(gnu_hash));
    pf_dynamic(pf, PF_VERSYM, DT_VERSYM, AT(version));
    pf_dynamic(pf, PF_RELA, DT_RELA, AT(rela));
    pf_dynamic(pf, PF_RELASZ, DT_RELASZ, sizeof pf->rela);
    pf_dynamic(pf, PF_RELAENT, DT_RELAENT, sizeof pf->rela[0]);
    pf_dynamic(pf, PF_JMPREL, DT_JMPREL, AT(jmprel));
    pf_dynamic(pf, PF_PLTRELSZ, DT_PLTRELSZ, sizeof pf->jmprel);
    pf_dynamic(pf, PF_PLTREL, DT_PLTREL, DT_RELA);
    pf_dynamic(pf, PF_RELR, 36, AT(relr));
    pf_dynamic(pf, PF_RELRSZ, 35, sizeof pf->relr);
    pf_dynamic(pf, PF_RELRENT, 37, 8);
    pf_dynamic(pf, PF_INIT, DT_INIT, call_at(base, 1));
    pf_dynamic(pf, PF_FINI, DT_FINI, call_at(base, 6));
    pf_dynamic(pf, PF_INIT_ARRAY, DT_INIT_ARRAY, AT(init_array));
    pf_dynamic(pf, PF_INIT_ARRAYSZ, DT_INIT_ARRAYSZ, sizeof pf->init_array);
    pf_dynamic(pf, PF_FINI_ARRAY, DT_FINI_ARRAY, AT(fini_array));
    pf_dynamic(pf, PF_FINI_ARRAYSZ, DT_FINI_ARRAYSZ, sizeof pf->fini_array);
    pf_dynamic(pf, PF_FLAGS, DT_FLAGS, DF_BIND_NOW);
    pf_dynamic(pf, PF_FLAGS_1, DT_FLAGS_1, DF_1_NOW);
    pf_dynamic(pf, PF_SPARE, DT_DEBUG, 0);
    pf_dynamic(pf, PF_SPARE_2, DT_DEBUG, 0);
    pf_dynamic(pf, PF_END, DT_NULL, 0);
}

void pf_init(struct program_file *pf, unsigned type, uint64_t base)
{
    static const uint8_t f[] = { 0xb8, 7, 0, 0, 0, 0xc3 }; /* mov $7, %eax; ret */

    memset(pf, 0, PF_SIZE);
    write_headers(pf, type, base);
    write_symbols(pf, base);
    write_relocations(pf, base);
    write_dynamic(pf, base);
    memset(pf->code, 0xcc, sizeof pf->code);
    memcpy(pf->code + CODE_F, f, sizeof f);
    for (unsigned id = 1; id <= 6; id++) {
        memset(pf->code + CODE_FIRST_CALL + (id - 1) * CODE_CALL_SIZE, 0, CODE_CALL_SIZE);
        write_call(pf, id);
    }
    pf->v = 9;
    pf->w = 10;
}

struct blob pf_blob(const struct program_file *pf, size_t size)
{
    struct blob whole = { (uint8_t *)(uintptr_t)pf, PF_SIZE };

    return blob_copy(whole, size);
}
