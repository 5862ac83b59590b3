/* SPDX-License-Identifier: MIT */
/*
 * The copy of an object that GDB gets, when some of its sections are not in memory: discarded
 * members of section groups, and what only init needed. Left as they are, they would lie at address
 * 0, and their functions would be found there. So the copy is made to look as if a static linker
 * had discarded them: their symbols and headers are gone, and what debug sections say of their
 * addresses becomes 0 (1 in lists where 0 is the end), which GDB skips in files that have nothing
 * at address 0. Sections that relocations apply to count as something, so debug sections get
 * another sh_addr; BFD subtracts it again where debug sections refer to each other. Relocations of
 * other sections that are not loaded are of no use to GDB.
 */
#include "loader/debug_copy.h"

enum {
    SOMEWHERE = 1, /* an address that is not 0 */
};

/* The symbol table, with the section indices that do not fit (gABI, SHT_SYMTAB_SHNDX). */
struct symbols {
    uint32_t index; /* its section */
    struct span table, indices;
};

static void put_section(const struct debug_object *copy, uint32_t index,
                        const struct elf_section *section)
{
    uint8_t *at = (uint8_t *)(uintptr_t)copy->table.data + index * sizeof(*section);

    __builtin_memcpy(at, section, sizeof(*section));
}

static bool is_gone(const struct elf_section *section)
{
    return section->sh_type != SHT_NULL && section->sh_flags & SHF_ALLOC && !section->sh_addr;
}

static bool is_gone_index(const struct debug_object *copy, uint32_t index)
{
    struct elf_section section;

    if (!index || index >= copy->section_count)
        return false;
    section = debug_section(copy, index);
    return is_gone(&section);
}

/* A relocation table, and of which section. */
static bool is_table(const struct debug_object *copy, const struct elf_section *table,
                     struct elf_section *target)
{
    if (table->sh_type != SHT_RELA || !table->sh_info || table->sh_info >= copy->section_count)
        return false;
    *target = debug_section(copy, table->sh_info);
    return true;
}

/* What BFD takes for a debug section. */
static bool is_debug(const struct debug_object *copy, const struct elf_section *section)
{
    static const char start[] = ".debug";
    const char *name = elfin_debug_section_name(copy, section);

    if (section->sh_flags & SHF_ALLOC)
        return false;
    for (unsigned i = 0; i < sizeof(start) - 1; i++)
        if (name[i] != start[i])
            return false;
    return true;
}

/* The first symbol table is the only one. */
static struct symbols find_symbols(const struct debug_object *copy)
{
    struct symbols symbols = { 0 };

    for (uint32_t i = 1; i < copy->section_count; i++) {
        struct elf_section section = debug_section(copy, i);

        if (section.sh_type == SHT_SYMTAB && !symbols.index &&
            elfin_debug_section_bytes(copy, &section, &symbols.table))
            symbols.index = i;
    }
    for (uint32_t i = 1; i < copy->section_count; i++) {
        struct elf_section section = debug_section(copy, i);

        if (section.sh_type == SHT_SYMTAB_SHNDX && section.sh_link == symbols.index)
            (void)elfin_debug_section_bytes(copy, &section, &symbols.indices);
    }
    return symbols;
}

/* The section that the symbol lies in; 0: in none, or there is no such symbol. */
static uint32_t section_of(const struct symbols *symbols, uint64_t index)
{
    struct elf_symbol symbol;

    if (index >= symbols->table.size / sizeof(symbol))
        return 0;
    span_record(symbols->table, index, &symbol, sizeof(symbol));
    if (symbol.st_shndx == SHN_XINDEX)
        return index < symbols->indices.size / 4 ? span_u32(symbols->indices, index) : 0;
    return symbol.st_shndx < SHN_LORESERVE ? symbol.st_shndx : 0;
}

/* In these lists two words of 0 are the end. */
static bool has_end(const struct debug_object *copy, const struct elf_section *section)
{
    const char *name = elfin_debug_section_name(copy, section);

    return elfin_debug_is_name(name, ".debug_ranges") || elfin_debug_is_name(name, ".debug_loc");
}

static void fix_records(const struct debug_object *copy, const struct symbols *symbols,
                        struct span records, int64_t nowhere)
{
    for (uint64_t i = 0; i < records.size / sizeof(struct elf_rela); i++) {
        uint8_t *at = (uint8_t *)(uintptr_t)records.data + i * sizeof(struct elf_rela);
        struct elf_rela record;

        __builtin_memcpy(&record, at, sizeof(record));
        if (!is_gone_index(copy, section_of(symbols, elf_rela_symbol(record.r_info))))
            continue;
        record.r_info = elf_rela_type(record.r_info);
        record.r_addend = nowhere;
        __builtin_memcpy(at, &record, sizeof(record));
    }
}

/* What debug sections say of addresses. Tables may not add up to more bytes than the file has. */
static void fix_tables(const struct debug_object *copy, const struct symbols *symbols)
{
    uint64_t left = copy->file.size;

    for (uint32_t i = 1; i < copy->section_count; i++) {
        struct elf_section table = debug_section(copy, i), target;
        struct span records;

        if (!is_table(copy, &table, &target) || !is_debug(copy, &target) || table.sh_size > left ||
            table.sh_link != symbols->index || !elfin_debug_section_bytes(copy, &table, &records))
            continue;
        left -= table.sh_size;
        fix_records(copy, symbols, records, has_end(copy, &target));
        target.sh_addr = SOMEWHERE;
        put_section(copy, table.sh_info, &target);
    }
}

static void drop_symbols(const struct debug_object *copy, const struct symbols *symbols)
{
    for (uint64_t i = 1; i < symbols->table.size / sizeof(struct elf_symbol); i++)
        if (is_gone_index(copy, section_of(symbols, i)))
            memset((uint8_t *)(uintptr_t)symbols->table.data + i * sizeof(struct elf_symbol), 0,
                   sizeof(struct elf_symbol));
}

/* Last: headers that are gone are how the other steps know. */
static void drop_headers(const struct debug_object *copy)
{
    for (uint32_t i = 1; i < copy->section_count; i++) {
        struct elf_section section = debug_section(copy, i);

        struct elf_section target;

        if (section.sh_type == SHT_GROUP ||
            (is_table(copy, &section, &target) &&
             (is_gone(&target) || (!(target.sh_flags & SHF_ALLOC) && !is_debug(copy, &target)))))
            section.sh_type = SHT_NULL;
        section.sh_flags &= ~(uint64_t)(SHF_GROUP | SHF_LINK_ORDER);
        put_section(copy, i, &section);
    }
    for (uint32_t i = 1; i < copy->section_count; i++) {
        struct elf_section section = debug_section(copy, i);

        if (!is_gone(&section))
            continue;
        section.sh_type = SHT_NULL;
        put_section(copy, i, &section);
    }
}

void elfin_debug_drop(const struct debug_object *copy)
{
    struct symbols symbols;
    uint32_t i = 1;

    while (i < copy->section_count && !is_gone_index(copy, i))
        i++;
    if (i == copy->section_count)
        return;
    symbols = find_symbols(copy);
    fix_tables(copy, &symbols);
    drop_symbols(copy, &symbols);
    drop_headers(copy);
}

/* Only init needs it: those parts are the last ones of a block. */
static bool is_init_only(const elfin_group *group, const struct elf_section *section)
{
    for (uint32_t i = 0; i < group->block_count; i++) {
        const struct elfin_block *block = &group->blocks[i];
        uint64_t offset = section->sh_addr - block->region.run;

        if ((block->part[ELFIN_PART_INIT_TEXT].size | block->part[ELFIN_PART_INIT_DATA].size) &&
            offset >= block->part[ELFIN_PART_INIT_TEXT].offset && offset < block->region.size)
            return true;
    }
    return false;
}

bool elfin_debug_forget(const struct debug_object *copy, const elfin_group *group)
{
    bool any = false;

    for (uint32_t i = 1; i < copy->section_count; i++) {
        struct elf_section section = debug_section(copy, i);

        if (section.sh_flags & SHF_ALLOC && !(section.sh_flags & SHF_TLS) && section.sh_addr &&
            is_init_only(group, &section)) {
            section.sh_addr = 0;
            put_section(copy, i, &section);
            any = true;
        }
    }
    return any;
}
