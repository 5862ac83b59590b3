/* SPDX-License-Identifier: MIT */
#include "tests/lib/toy.h"
#include "tests/lib/toy_tls.h"

#include <elfin/module.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_WORDS = 8
};

struct statement {
    unsigned bind, visibility;
    char words[MAX_WORDS][64]; /* without the modifiers */
    int count;
};

static void bad(const char *text)
{
    fprintf(stderr, "toy: cannot read \"%s\"\n", text);
    abort();
}

static uint64_t number(const char *word)
{
    return strtoull(word, NULL, 0);
}

int toy_section(const struct elf_builder *eb, const char *name)
{
    for (int i = 1; i < eb->section_count; i++) {
        if (strcmp(eb->sections[i].name, name) == 0) {
            return i;
        }
    }
    return 0;
}

int toy_symbol(const struct elf_builder *eb, const char *name)
{
    for (int i = 1; i < eb->symbol_count; i++) {
        if (strcmp(eb->symbols[i].name, name) == 0) {
            return i;
        }
    }
    return 0;
}

static int section(struct elf_builder *eb, const char *name, uint32_t type, uint64_t flags,
                   uint64_t align)
{
    int index = toy_section(eb, name);

    return index != 0 ? index : eb_section(eb, name, type, flags, NULL, 0, align);
}

static int text(struct elf_builder *eb)
{
    return section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 16);
}

static int data(struct elf_builder *eb, const char *name)
{
    return section(eb, name, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 8);
}

/* A reference made by an earlier statement becomes the definition. */
static void define(struct elf_builder *eb, const struct statement *s, const char *name,
                   unsigned type, int shndx, uint64_t value, uint64_t size)
{
    int symbol = toy_symbol(eb, name);

    if (symbol == 0) {
        symbol = eb_symbol(eb, name, 0, 0, 0, 0, 0);
    }
    eb->symbols[symbol].symbol.st_info = (unsigned char)ELF64_ST_INFO(s->bind, type);
    eb->symbols[symbol].symbol.st_other = (unsigned char)s->visibility;
    eb->symbols[symbol].symbol.st_shndx = (Elf64_Section)shndx;
    eb->symbols[symbol].symbol.st_value = value;
    eb->symbols[symbol].symbol.st_size = size;
}

/* Appends a function; the 32-bit field at `field` gets a relocation when target is not NULL. */
static uint64_t function(struct elf_builder *eb, int where, const void *code, size_t size,
                         size_t field, uint32_t type, const char *target, int64_t addend)
{
    uint64_t at = eb_append(eb, where, code, size, 16);

    if (target != NULL) {
        eb_rela(eb, where, at + field, type, eb_reference(eb, target), addend);
    }
    return at;
}

static void put32(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

/* sub $8,%rsp; mov $id,%edi; call trace; mov $result,%eax; add $8,%rsp; ret */
static uint64_t tracer(struct elf_builder *eb, uint64_t id, uint64_t result)
{
    uint8_t code[] = { 0x48, 0x83, 0xec, 8, 0xbf, 0, 0, 0,    0,    0xe8, 0, 0,
                       0,    0,    0xb8, 0, 0,    0, 0, 0x48, 0x83, 0xc4, 8, 0xc3 };

    put32(code + 5, id);
    put32(code + 15, result);
    return function(eb, text(eb), code, sizeof code, 10, R_X86_64_PLT32, "trace", -4);
}

/* A pointer to a place in .text, through a local symbol of its own. */
static void code_pointer(struct elf_builder *eb, int where, uint64_t function_at)
{
    uint64_t at = eb_append(eb, where, NULL, 8, 8);
    int symbol = eb_symbol(eb, "", ELF64_ST_INFO(STB_LOCAL, STT_FUNC), 0, (unsigned)text(eb),
                           function_at, 0);

    eb_rela(eb, where, at, R_X86_64_64, symbol, 0);
}

static bool code_verb(struct elf_builder *eb, const struct statement *s)
{
    static const struct {
        const char *verb;
        uint8_t code[8];
        size_t size, field;
        uint32_t type;
        int64_t addend;
    } forms[] = {
        { "call", { 0xe9 }, 5, 1, R_X86_64_PLT32, -4 },
        { "addr", { 0x48, 0x8b, 0x05, 0, 0, 0, 0, 0xc3 }, 8, 3, R_X86_64_REX_GOTPCRELX, -4 },
        { "icall", { 0xff, 0x25 }, 6, 2, R_X86_64_GOTPCRELX, -4 },
        { "lea", { 0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xc3 }, 8, 3, R_X86_64_PC32, -4 },
        { "mov32", { 0xb8, 0, 0, 0, 0, 0xc3 }, 6, 1, R_X86_64_32, 0 },
        { "mov32s", { 0x48, 0xc7, 0xc0, 0, 0, 0, 0, 0xc3 }, 8, 3, R_X86_64_32S, 0 },
    };

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(s->words[0], forms[i].verb) == 0) {
            uint64_t at = function(eb, text(eb), forms[i].code, forms[i].size, forms[i].field,
                                   forms[i].type, s->words[2], forms[i].addend);

            define(eb, s, s->words[1], STT_FUNC, text(eb), at, forms[i].size);
            return true;
        }
    }
    return false;
}

/* Thread-local variables, and functions that reach them. */
static bool tls_verb(struct elf_builder *eb, const struct statement *s)
{
    const char *verb = s->words[0];
    uint64_t value = number(s->words[2]), at, size;
    uint64_t align = s->count > 3 ? number(s->words[3]) : 8;
    int where;

    if (strcmp(verb, "tls") == 0) {
        where = section(eb, ".tdata", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, align);
        define(eb, s, s->words[1], STT_TLS, where, eb_append(eb, where, &value, 8, align), 8);
    } else if (strcmp(verb, "tbss") == 0) {
        where = section(eb, ".tbss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, 1);
        define(eb, s, s->words[1], STT_TLS, where, eb_append(eb, where, NULL, value, align), value);
    } else if (strcmp(verb, "tcommon") == 0) {
        define(eb, s, s->words[1], STT_TLS, SHN_COMMON, align, value);
    } else if (strcmp(verb, "tptr") == 0) {
        where = section(eb, ".tdata", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, 8);
        at = eb_append(eb, where, NULL, 8, 8);
        eb_rela(eb, where, at, R_X86_64_64, eb_reference(eb, s->words[2]), 0);
        define(eb, s, s->words[1], STT_TLS, where, at, 8);
    } else if (strcmp(verb, "tundef") == 0) {
        define(eb, s, s->words[1], STT_TLS, SHN_UNDEF, 0, 0);
    } else if (toy_tls_code(eb, text(eb), verb, s->words[2], &at, &size)) {
        define(eb, s, s->words[1], STT_FUNC, text(eb), at, size);
    } else {
        return false;
    }
    return true;
}

static void constant_function(struct elf_builder *eb, const struct statement *s, int where)
{
    uint8_t code[] = { 0xb8, 0, 0, 0, 0, 0xc3 };

    put32(code + 1, number(s->words[2]));
    define(eb, s, s->words[1], STT_FUNC, where,
           function(eb, where, code, sizeof code, 0, 0, NULL, 0), sizeof code);
}

/*
 * sub $8,%rsp; mov $id,%edi; call trace; mov target@GOTPCREL(%rip),%rax; add $8,%rsp; ret
 * Without an ID the call is a nop, without a target the load is mov $0,%rax.
 */
static void indirect(struct elf_builder *eb, const struct statement *s)
{
    uint8_t code[] = { 0x48, 0x83, 0xec, 8,    0xbf, 0, 0, 0, 0,    0xe8, 0,    0, 0,
                       0,    0x48, 0x8b, 0x05, 0,    0, 0, 0, 0x48, 0x83, 0xc4, 8, 0xc3 };
    static const uint8_t nop[5] = { 0x0f, 0x1f, 0x44 }, zero[7] = { 0x48, 0xc7, 0xc0 };
    bool has_target = strcmp(s->words[2], "0") != 0;
    int where = text(eb);
    uint64_t at;

    if (s->count > 4) {
        where = section(eb, s->words[4], SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 16);
    }
    put32(code + 5, number(s->words[3]));
    if (number(s->words[3]) == 0) {
        memcpy(code + 9, nop, sizeof nop);
    }
    if (!has_target) {
        memcpy(code + 14, zero, sizeof zero);
    }
    at = function(eb, where, code, sizeof code, 17, R_X86_64_REX_GOTPCRELX,
                  has_target ? s->words[2] : NULL, -4);
    if (number(s->words[3]) != 0) {
        eb_rela(eb, where, at + 10, R_X86_64_PLT32, eb_reference(eb, "trace"), -4);
    }
    define(eb, s, s->words[1], STT_GNU_IFUNC, where, at, sizeof code);
}

static void comdat(struct elf_builder *eb, const struct statement *s)
{
    uint32_t words[2] = { GRP_COMDAT, 0 };
    char name[80];
    int group, member;

    snprintf(name, sizeof name, ".text.%s", s->words[1]);
    group = eb_section(eb, ".group", SHT_GROUP, 0, NULL, 0, 4);
    member = eb_section(eb, name, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR | SHF_GROUP, NULL, 0, 16);
    words[1] = (uint32_t)member;
    eb_append(eb, group, words, sizeof words, 4);
    eb->sections[group].header.sh_entsize = 4;
    constant_function(eb, s, member);
    eb->sections[group].header.sh_info = (Elf64_Word)toy_symbol(eb, s->words[1]);
}

static bool data_verb(struct elf_builder *eb, const struct statement *s)
{
    const char *verb = s->words[0];
    uint64_t value = number(s->words[2]);

    if (strcmp(verb, "var") == 0) {
        int where = data(eb, ".data");
        define(eb, s, s->words[1], STT_OBJECT, where, eb_append(eb, where, &value, 8, 8), 8);
    } else if (strcmp(verb, "ro") == 0) {
        int where = section(eb, ".rodata", SHT_PROGBITS, SHF_ALLOC, 8);
        define(eb, s, s->words[1], STT_OBJECT, where, eb_append(eb, where, &value, 8, 8), 8);
    } else if (strcmp(verb, "ptr") == 0 || strcmp(verb, "rel") == 0) {
        int where = data(eb, verb[0] == 'p' ? ".data" : ".data.rel.ro");
        uint64_t at = eb_append(eb, where, NULL, 8, 8);

        eb_rela(eb, where, at, R_X86_64_64, eb_reference(eb, s->words[2]),
                s->count > 3 ? (int64_t)number(s->words[3]) : 0);
        define(eb, s, s->words[1], STT_OBJECT, where, at, 8);
    } else if (strcmp(verb, "bss") == 0) {
        int where = section(eb, ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 8);
        uint64_t align = s->count > 3 ? number(s->words[3]) : 8;

        define(eb, s, s->words[1], STT_OBJECT, where, eb_append(eb, where, NULL, value, align),
               value);
    } else {
        return false;
    }
    return true;
}

static void named_verb(struct elf_builder *eb, const struct statement *s)
{
    const char *flags = s->count > 4 ? s->words[4] : "aw";
    bool nobits = strcmp(flags, "nobits") == 0;
    uint64_t value = number(s->words[2]), align = s->count > 3 ? number(s->words[3]) : 8;
    uint64_t bits = SHF_ALLOC | (strchr(flags, 'w') != NULL || nobits ? SHF_WRITE : 0) |
                    (strchr(flags, 'x') != NULL ? SHF_EXECINSTR : 0);
    int where = section(eb, s->words[1], nobits ? SHT_NOBITS : SHT_PROGBITS, bits, align);

    eb_append(eb, where, nobits ? NULL : &value, 8, align);
}

static bool symbol_verb(struct elf_builder *eb, const struct statement *s)
{
    const char *verb = s->words[0];

    if (strcmp(verb, "common") == 0) {
        define(eb, s, s->words[1], STT_OBJECT, SHN_COMMON, number(s->words[3]),
               number(s->words[2]));
    } else if (strcmp(verb, "lcommon") == 0) {
        define(eb, s, s->words[1], STT_OBJECT, 0xff02, number(s->words[3]), number(s->words[2]));
    } else if (strcmp(verb, "abs") == 0) {
        define(eb, s, s->words[1], STT_NOTYPE, SHN_ABS, number(s->words[2]), 0);
    } else if (strcmp(verb, "undef") == 0) {
        define(eb, s, s->words[1], STT_NOTYPE, SHN_UNDEF, 0, 0);
    } else {
        return false;
    }
    return true;
}

static void array_verb(struct elf_builder *eb, const struct statement *s, const char *base,
                       uint32_t type)
{
    char name[64];
    int where;

    snprintf(name, sizeof name, s->count > 2 ? "%s.%05llu" : "%s", base,
             (unsigned long long)number(s->words[2]));
    where = section(eb, name, type, SHF_ALLOC | SHF_WRITE, 8);
    code_pointer(eb, where, tracer(eb, number(s->words[1]), 0));
}

static void export_record(struct elf_builder *eb, const char *name)
{
    int strings = section(eb, ".rodata.str1.1", SHT_PROGBITS, SHF_ALLOC, 1);
    int where = data(eb, ".elfin.exports");
    uint64_t string_at = eb_append(eb, strings, name, strlen(name) + 1, 1);
    uint64_t at = eb_append(eb, where, NULL, sizeof(struct elfin_export_record), 8);
    int string =
        eb_symbol(eb, "", ELF64_ST_INFO(STB_LOCAL, STT_SECTION), 0, (unsigned)strings, 0, 0);

    eb_rela(eb, where, at, R_X86_64_64, eb_reference(eb, name), 0);
    eb_rela(eb, where, at + 8, R_X86_64_64, string, (int64_t)string_at);
}

static bool record_verb(struct elf_builder *eb, const struct statement *s)
{
    const char *verb = s->words[0], *word = s->words[1];

    if (strcmp(verb, "ctor") == 0) {
        array_verb(eb, s, ".init_array", SHT_INIT_ARRAY);
    } else if (strcmp(verb, "dtor") == 0) {
        array_verb(eb, s, ".fini_array", SHT_FINI_ARRAY);
    } else if (strcmp(verb, "fini") == 0) {
        int where = section(eb, ".fini_array", SHT_FINI_ARRAY, SHF_ALLOC | SHF_WRITE, 8);

        eb_rela(eb, where, eb_append(eb, where, NULL, 8, 8), R_X86_64_64, eb_reference(eb, word),
                0);
    } else if (strcmp(verb, "init") == 0) {
        code_pointer(eb, data(eb, ".elfin.init"), tracer(eb, number(word), number(s->words[2])));
    } else if (strcmp(verb, "exit") == 0) {
        code_pointer(eb, data(eb, ".elfin.exit"), tracer(eb, number(word), 0));
    } else if (strcmp(verb, "state") == 0) {
        uint32_t head[2] = { ELFIN_RECORD_REVISION, (uint32_t)number(word) };
        uint64_t at = eb_append(eb, data(eb, ".elfin.state"), head, sizeof head, 8);

        eb_append(eb, data(eb, ".elfin.state"), NULL, 16, 8);
        eb_rela(eb, data(eb, ".elfin.state"), at + 8, R_X86_64_64, eb_reference(eb, s->words[2]),
                0);
        eb_rela(eb, data(eb, ".elfin.state"), at + 16, R_X86_64_64, eb_reference(eb, s->words[3]),
                0);
    } else if (strcmp(verb, "module") == 0) {
        struct elfin_module_record record = { sizeof record, ELFIN_RECORD_REVISION, "", "1.5",
                                              "a toy" };

        memcpy(record.name, word, strlen(word) + 1);
        eb_append(eb, data(eb, ".elfin.module"), &record, sizeof record, 8);
    } else if (strcmp(verb, "needs") == 0) {
        eb_append(eb, data(eb, ".elfin.needs"), word, strlen(word) + 1, 8);
    } else if (strcmp(verb, "export") == 0) {
        export_record(eb, word);
    } else if (strcmp(verb, "interrupts") == 0) {
        uint64_t flags = 1;

        eb_append(eb, data(eb, ".elfin.flags"), &flags, sizeof flags, 8);
    } else {
        return false;
    }
    return true;
}

static bool modifier(struct statement *s, const char *word)
{
    static const struct {
        const char *word;
        int bind, visibility;
    } modifiers[] = {
        { "local", STB_LOCAL, -1 },       { "weak", STB_WEAK, -1 },
        { "unique", STB_GNU_UNIQUE, -1 }, { "hidden", -1, STV_HIDDEN },
        { "internal", -1, STV_INTERNAL }, { "protected", -1, STV_PROTECTED },
    };

    for (size_t i = 0; i < sizeof modifiers / sizeof modifiers[0]; i++) {
        if (strcmp(word, modifiers[i].word) == 0) {
            s->bind = modifiers[i].bind >= 0 ? (unsigned)modifiers[i].bind : s->bind;
            s->visibility =
                modifiers[i].visibility >= 0 ? (unsigned)modifiers[i].visibility : s->visibility;
            return true;
        }
    }
    return false;
}

/* Splits up to the next ';'; returns what follows it. */
static const char *read_statement(const char *at, struct statement *s)
{
    memset(s, 0, sizeof *s);
    s->bind = STB_GLOBAL;
    for (;;) {
        size_t length;

        at += strspn(at, " \n");
        length = strcspn(at, " \n;");
        if (length != 0) {
            if (s->count >= MAX_WORDS || length >= sizeof s->words[0]) {
                bad(at);
            }
            memset(s->words[s->count], 0, sizeof s->words[0]);
            memcpy(s->words[s->count], at, length);
            s->count += s->count == 0 && modifier(s, s->words[0]) ? 0 : 1;
        }
        at += length;
        if (*at == ';') {
            return at + 1;
        }
        if (*at == '\0') {
            return at;
        }
    }
}

struct blob toy_build(struct elf_builder *eb, const char *source)
{
    eb_init(eb);
    while (*source != '\0') {
        struct statement s;
        const char *rest = read_statement(source, &s);

        if (s.count == 0) {
            source = rest;
            continue;
        }
        if (strcmp(s.words[0], "fn") == 0) {
            constant_function(eb, &s, text(eb));
        } else if (strcmp(s.words[0], "ifunc") == 0) {
            indirect(eb, &s);
        } else if (strcmp(s.words[0], "in") == 0) {
            named_verb(eb, &s);
        } else if (strcmp(s.words[0], "comdat") == 0) {
            comdat(eb, &s);
        } else if (!code_verb(eb, &s) && !data_verb(eb, &s) && !symbol_verb(eb, &s) &&
                   !tls_verb(eb, &s) && !record_verb(eb, &s)) {
            bad(source);
        }
        source = rest;
    }
    return eb_finish(eb);
}

struct blob toy(const char *source)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object = toy_build(eb, source);

    free(eb);
    return object;
}
