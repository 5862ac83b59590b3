/* SPDX-License-Identifier: MIT */
/*
 * The dynamic symbol table has no length of its own: the hash tables and the relocations tell. An
 * executable that exports nothing is looked up by its section headers' symbol table, if it has one.
 */
#include "loader/program.h"

/* gABI, "Hash Table": nbucket, nchain, buckets, chains; one chain word for each symbol. */
static elfin_status count_hash(struct load *load, const struct object *object, uint64_t *count)
{
    const struct program *p = object->program;
    struct span table = { 0 };
    uint64_t words;

    if (!program_has(p, DYNAMIC_HASH))
        return ELFIN_OK;
    if (!elfin_program_bytes_from(object, p->value[DYNAMIC_HASH], &table) || table.size < 8)
        return elfin_program_bad_dynamic(load, object, DYNAMIC_HASH, DEFECT_DYNAMIC_TABLE_PLACE);
    words = 2 + (uint64_t)span_u32(table, 0) + span_u32(table, 1);
    if (words > table.size / 4)
        return elfin_program_bad_dynamic(load, object, DYNAMIC_HASH, DEFECT_DYNAMIC_TABLE_CUT);
    *count = span_u32(table, 1);
    return ELFIN_OK;
}

/*
 * GNU's table: bucket count, index of the first symbol in it, number of 64-bit words of the Bloom
 * filter, a shift; the filter; buckets; then a word for each symbol, whose lowest bit ends a chain.
 * Chains follow each other: the symbols end where the chain of the highest bucket does.
 */
static elfin_status count_gnu_hash(struct load *load, const struct object *object, uint64_t *count)
{
    const struct program *p = object->program;
    struct span table = { 0 };
    uint64_t buckets, first, chains, words, last = 0;

    if (!program_has(p, DYNAMIC_GNU_HASH))
        return ELFIN_OK;
    if (!elfin_program_bytes_from(object, p->value[DYNAMIC_GNU_HASH], &table) || table.size < 16)
        return elfin_program_bad_dynamic(load, object, DYNAMIC_GNU_HASH,
                                         DEFECT_DYNAMIC_TABLE_PLACE);
    words = table.size / 4;
    buckets = 4 + 2 * (uint64_t)span_u32(table, 2);
    first = span_u32(table, 1);
    chains = buckets + span_u32(table, 0);
    if (chains > words)
        return elfin_program_bad_dynamic(load, object, DYNAMIC_GNU_HASH, DEFECT_DYNAMIC_TABLE_CUT);
    for (uint64_t i = buckets; i < chains; i++)
        if (last < span_u32(table, i))
            last = span_u32(table, i);
    if (last && last < first)
        return elfin_program_bad_dynamic(load, object, DYNAMIC_GNU_HASH, DEFECT_HASH_BUCKET);
    for (; last; last++) {
        if (last - first >= words - chains)
            return elfin_program_bad_dynamic(load, object, DYNAMIC_GNU_HASH, DEFECT_HASH_CHAIN);
        if (span_u32(table, chains + (last - first)) & 1)
            break;
    }
    if (*count < last + 1)
        *count = last + 1;
    return ELFIN_OK;
}

/* Undefined symbols are in no table of GNU's; those that matter are named by a relocation. */
static void count_references(const struct program *p, uint64_t *count)
{
    for (int t = PROGRAM_RELA; t <= PROGRAM_JMPREL; t++) {
        struct span table = p->table[t].bytes;

        for (uint64_t i = 0; i < table.size / sizeof(struct elf_rela); i++) {
            struct elf_rela rela;

            span_record(table, i, &rela, sizeof(rela));
            if (*count <= elf_rela_symbol(rela.r_info))
                *count = (uint64_t)elf_rela_symbol(rela.r_info) + 1;
        }
    }
}

static elfin_status bad_symbol(struct load *load, const struct object *object, uint32_t index,
                               uint32_t defect)
{
    elfin_diag *diag = elfin_diag_begin(load, object, defect);

    elfin_diag_symbol(diag, object, index);
    elfin_diag_offset(diag, (uint64_t)(object->symbols.data - object->file.data) +
                                index * sizeof(struct elf_symbol));
    return elfin_diag_emit(load);
}

/* Where the global ones begin; that resolvers are code, and nothing is thread-local. */
static elfin_status walk_symbols(struct load *load, struct object *object)
{
    for (uint32_t i = 0; i < object->symbol_count; i++) {
        struct elf_symbol symbol = elfin_read_symbol(object, i);

        if (elf_symbol_binding(&symbol) == STB_LOCAL && object->first_global == i)
            object->first_global++;
        if (elf_symbol_type(&symbol) == STT_TLS)
            return bad_symbol(load, object, i, DEFECT_DYNAMIC_SYMBOL_TLS);
        if (elf_symbol_type(&symbol) == STT_GNU_IFUNC && symbol.st_shndx != SHN_UNDEF &&
            !elfin_program_is_code(object->program, symbol.st_value))
            return bad_symbol(load, object, i, DEFECT_DYNAMIC_INDIRECT);
    }
    return ELFIN_OK;
}

static elfin_status open_dynamic_symbols(struct load *load, struct object *object)
{
    struct program *p = object->program;
    uint64_t count = 0;
    elfin_status status;

    if ((status = count_hash(load, object, &count)) != ELFIN_OK ||
        (status = count_gnu_hash(load, object, &count)) != ELFIN_OK)
        return status;
    count_references(p, &count);
    if (!program_has(p, DYNAMIC_SYMTAB) || !count)
        return count > 1
                   ? elfin_program_bad_dynamic(load, object, DYNAMIC_SYMTAB, DEFECT_DYNAMIC_MISSING)
                   : ELFIN_OK;
    if (program_has(p, DYNAMIC_SYMENT) && p->value[DYNAMIC_SYMENT] != sizeof(struct elf_symbol))
        return elfin_program_bad_dynamic(load, object, DYNAMIC_SYMENT, DEFECT_DYNAMIC_ENTRY_SIZE);
    if (count > UINT32_MAX / 2 ||
        !elfin_program_bytes(object, p->value[DYNAMIC_SYMTAB], count * sizeof(struct elf_symbol),
                             &object->symbols))
        return elfin_program_bad_dynamic(load, object, DYNAMIC_SYMTAB,
                                         DEFECT_DYNAMIC_SYMBOLS_PLACE);
    if (program_has(p, DYNAMIC_VERSYM) &&
        !elfin_program_bytes(object, p->value[DYNAMIC_VERSYM], 2 * count, &p->versions))
        return elfin_program_bad_dynamic(load, object, DYNAMIC_VERSYM, DEFECT_DYNAMIC_TABLE_PLACE);
    object->symbol_count = p->reference_count = (uint32_t)count;
    return walk_symbols(load, object);
}

elfin_status elfin_program_symbols_open(struct load *load, struct object *object,
                                        const struct elf_header *header)
{
    struct program *p = object->program;
    elfin_status status = ELFIN_OK;

    if (p->dynamic.data)
        status = open_dynamic_symbols(load, object);
    else if (p->executable)
        status = elfin_program_resolvers_open(load, object, header);
    if (object->symbols.data)
        object->sections[0].offset = (uint64_t)(object->symbols.data - object->file.data);
    if (!p->reference_count)
        p->reference_count = 1;
    if (status == ELFIN_OK && p->executable && p->reference_count == 1)
        status = elfin_program_symtab_open(load, object, header);
    return status;
}

/*
 * Of .symtab, only definitions that can be looked up matter: the linker has bound the references.
 * Of a dynamic symbol with several versions, the default one goes by the name.
 */
bool elfin_program_ignores(const struct object *object, uint32_t index,
                           const struct elf_symbol *symbol)
{
    const struct program *p = object->program;
    unsigned type = elf_symbol_type(symbol);
    uint16_t version;

    if (p->is_symtab)
        return symbol->st_shndx == SHN_UNDEF || type == STT_TLS || type == STT_GNU_IFUNC ||
               elf_symbol_binding(symbol) == STB_LOCAL ||
               elf_symbol_visibility(symbol) != STV_DEFAULT;
    if (symbol->st_shndx == SHN_UNDEF || !p->versions.size)
        return false;
    span_record(p->versions, index, &version, sizeof(version));
    return version & VERSYM_HIDDEN || version == VER_NDX_LOCAL;
}
