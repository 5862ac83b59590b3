/* SPDX-License-Identifier: MIT */
/*
 * rows FILE: what libelfin-debug.a makes of the unwind tables of an ELF file. Of an object,
 * sections lie one after the other and the relocations of .eh_frame are applied. Each line of the
 * input is an offset of an FDE in .eh_frame and a distance from the start of its function, in
 * hexadecimal; each line of the output is the row there, or "none", or "bad". Where the file has
 * .eh_frame_hdr, the record is also looked up by the address; "differs" if another one is found.
 *
 *     rsp+16 rbx:c-24 ra:c-8      CFA, and what has a rule: at (c), is (v), register, u, s,
 * exp:BYTES
 */
#include "loader/frames.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BASE = 0x10000000
};

static const char *const names[ELFIN_REGISTERS] = { "rax", "rdx", "rcx", "rbx", "rsi", "rdi",
                                                    "rbp", "rsp", "r8",  "r9",  "r10", "r11",
                                                    "r12", "r13", "r14", "r15", "ra" };
static uint8_t *file;
static size_t file_size;
static const Elf64_Ehdr *header;
static Elf64_Shdr *sections;
static elfin_code code;
static uint8_t *frames, *row_index;

static _Noreturn void die(const char *why)
{
    fprintf(stderr, "rows: %s\n", why);
    exit(2);
}

static void read_file(const char *path)
{
    FILE *f = fopen(path, "rb");

    if (f == NULL || fseek(f, 0, SEEK_END) != 0)
        die("cannot open the file");
    file_size = (size_t)ftell(f);
    rewind(f);
    file = malloc(file_size);
    if (file == NULL || fread(file, 1, file_size, f) != file_size)
        die("cannot read the file");
    fclose(f);
    header = (const Elf64_Ehdr *)(const void *)file;
    sections = (Elf64_Shdr *)(void *)(file + header->e_shoff);
}

static Elf64_Shdr *find_section(const char *name)
{
    const char *strings = (const char *)file + sections[header->e_shstrndx].sh_offset;

    for (unsigned i = 1; i < header->e_shnum; i++)
        if (strcmp(strings + sections[i].sh_name, name) == 0)
            return &sections[i];
    return NULL;
}

static uint8_t *copy_of(const Elf64_Shdr *section)
{
    uint8_t *bytes = malloc(section->sh_size);

    if (bytes == NULL)
        die("out of memory");
    memcpy(bytes, file + section->sh_offset, section->sh_size);
    return bytes;
}

static void place_sections(void)
{
    uint64_t at = BASE;

    for (unsigned i = 1; i < header->e_shnum; i++) {
        if (!(sections[i].sh_flags & SHF_ALLOC))
            continue;
        at = (at + 4095) & ~UINT64_C(4095);
        sections[i].sh_addr = at;
        at += sections[i].sh_size;
    }
}

static void relocate(const Elf64_Shdr *section, const Elf64_Shdr *relas)
{
    const Elf64_Rela *rela = (const Elf64_Rela *)(const void *)(file + relas->sh_offset);
    const Elf64_Sym *symbols =
        (const Elf64_Sym *)(const void *)(file + sections[relas->sh_link].sh_offset);

    for (size_t i = 0; i < relas->sh_size / sizeof(*rela); i++) {
        const Elf64_Sym *symbol = &symbols[ELF64_R_SYM(rela[i].r_info)];
        uint64_t value = symbol->st_value + (uint64_t)rela[i].r_addend;
        uint32_t type = (uint32_t)ELF64_R_TYPE(rela[i].r_info);
        size_t size = type == R_X86_64_64 || type == R_X86_64_PC64 ? 8 : 4;

        if (symbol->st_shndx > 0 && symbol->st_shndx < header->e_shnum)
            value += sections[symbol->st_shndx].sh_addr;
        if (type == R_X86_64_PC32 || type == R_X86_64_PC64)
            value -= section->sh_addr + rela[i].r_offset;
        memcpy(frames + rela[i].r_offset, &value, size);
    }
}

static void open_tables(void)
{
    const Elf64_Shdr *section = find_section(".eh_frame"), *index = find_section(".eh_frame_hdr");
    const Elf64_Shdr *relas = find_section(".rela.eh_frame");

    if (section == NULL || section->sh_type == SHT_NOBITS)
        exit(0);
    if (header->e_type == ET_REL)
        place_sections();
    frames = copy_of(section);
    if (header->e_type == ET_REL && relas != NULL)
        relocate(section, relas);
    code = (elfin_code){ .frames = section->sh_addr, .frames_size = section->sh_size };
    if (index == NULL)
        return;
    row_index = copy_of(index);
    code.index = index->sh_addr;
    code.index_size = index->sh_size;
}

static bool read_bytes(void *ctx, uint64_t address, void *bytes, size_t size)
{
    (void)ctx;
    if (address - code.frames < code.frames_size &&
        size <= code.frames_size - (address - code.frames))
        memcpy(bytes, frames + (address - code.frames), size);
    else if (address - code.index < code.index_size &&
             size <= code.index_size - (address - code.index))
        memcpy(bytes, row_index + (address - code.index), size);
    else
        return false;
    return true;
}

static void print_expression(struct frames_reader *r, uint64_t at)
{
    elfin_frames_seek(r, at, code.frames + code.frames_size);
    printf("exp:");
    for (uint64_t size = elfin_frames_uleb(r); size > 0 && !r->failed; size--)
        printf("%02x", (unsigned)elfin_frames_number(r, 1));
}

static void print_rule(struct frames_reader *r, const struct frames_record *record,
                       const struct frames_row *row, unsigned number)
{
    int32_t value = row->value[number];
    uint64_t expression = record->fde + (uint64_t)(int64_t)value;

    if (row->rule[number] == RULE_UNSAID)
        return;
    printf(" %s:", names[number]);
    switch (row->rule[number]) {
    case RULE_UNDEFINED:
        printf("u");
        break;
    case RULE_SAME:
        printf("s");
        break;
    case RULE_AT:
        printf("c%+d", value);
        break;
    case RULE_IS:
        printf("v%+d", value);
        break;
    case RULE_REGISTER:
        printf("%s", (unsigned)value < ELFIN_REGISTERS ? names[value] : "?");
        break;
    case RULE_IS_RESULT:
        printf("v");
        print_expression(r, expression);
        break;
    default:
        print_expression(r, expression);
    }
}

static void print_row(struct frames_reader *r, const struct frames_record *record,
                      const struct frames_row *row)
{
    if (row->cfa_register == FRAMES_CFA_RESULT)
        print_expression(r, record->fde + (uint64_t)(int64_t)row->cfa);
    else
        printf("%s%+d", names[row->cfa_register], row->cfa);
    for (unsigned i = 0; i < ELFIN_REGISTERS; i++)
        print_rule(r, record, row, i);
    printf("%s\n", record->signal ? " signal" : "");
}

int main(int argc, char **argv)
{
    const elfin_walker walker = { .read = read_bytes };
    uint64_t offset, distance;

    if (argc != 2)
        die("usage: rows FILE");
    read_file(argv[1]);
    open_tables();
    while (scanf("%" SCNx64 " %" SCNx64, &offset, &distance) == 2) {
        struct frames_reader r = { .walker = &walker, .steps = FRAMES_STEPS };
        struct frames_record record, found;
        struct frames_row row;

        if (!elfin_frames_open(&r, &code, code.frames + offset, &record)) {
            printf("bad\n");
        } else if (distance >= record.code_size) {
            printf("none\n");
        } else if (code.index_size != 0 &&
                   (elfin_frames_find(&r, &code, &(struct frames_index){ 0 },
                                      record.code + distance, &found) != FRAMES_FOUND ||
                    found.fde != record.fde)) {
            printf("differs\n");
        } else if (!elfin_frames_row(&r, &record, record.code + distance, &row)) {
            printf("bad\n");
        } else {
            print_row(&r, &record, &row);
        }
    }
    free(file);
    free(frames);
    free(row_index);
    return 0;
}
