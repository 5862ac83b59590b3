/* SPDX-License-Identifier: MIT */
/* The section table: what each section is, in which part it goes, and which ones belong together.
 */
#include "loader/features.h"
#include "libmini/str.h"

/*
 * What is wrong with a section, if anything, is what the functions below return; here it is
 * reported. Names of symbols are another section's.
 */
static elfin_status refuse(struct load *load, const struct object *object, uint32_t index,
                           uint32_t defect)
{
    const struct section *section = &object->sections[index];
    elfin_diag *diag;

    if (defect == DEFECT_NONE)
        return ELFIN_OK;
    diag = elfin_diag_begin(load, object, defect);
    elfin_diag_section(diag, object, defect == DEFECT_STRINGS_END ? section->link : index);
    if (defect == DEFECT_SECTION_CUT)
        elfin_diag_offset(diag, section->offset);
    return elfin_diag_emit(load);
}

/* Copies one header and proves that its bytes lie in the file, its name in the name table. */
static inline uint32_t read_section(struct object *object, struct span table, uint32_t index)
{
    struct section *section = &object->sections[index];
    const struct elf_section *header = (const struct elf_section *)table.data + index;
    struct span bytes;

    *section = (struct section){
        .offset = header->sh_offset,
        .size = header->sh_size,
        .flags = (uint32_t)header->sh_flags,
        .align = header->sh_addralign ? header->sh_addralign : 1,
        .type = header->sh_type,
        .name = header->sh_name,
        .link = header->sh_link,
        .info = header->sh_info,
        .part = PART_NONE,
    };
    if (header->sh_type == SHT_NULL) {
        section->size = section->flags = 0;
        return DEFECT_NONE;
    }
    if (header->sh_name && header->sh_name >= object->section_names.size) {
        section->name = 0;
        return DEFECT_SECTION_NAME;
    }
    if (header->sh_type != SHT_NOBITS &&
        !span_cut(object->file, header->sh_offset, header->sh_size, &bytes))
        return DEFECT_SECTION_CUT;
    if ((header->sh_type == SHT_SYMTAB && header->sh_entsize != sizeof(struct elf_symbol)) ||
        (header->sh_type == SHT_RELA && header->sh_entsize != sizeof(struct elf_rela)))
        return DEFECT_SH_ENTSIZE;
    return DEFECT_NONE;
}

/*
 * Names that mean something: the length of their beginning, what may follow it (0: nothing; 1:
 * nothing, or a dot and more; 2: anything), enum section_named, the beginning.
 */
static const char special_names[] = "\005"
                                    "11.init\0"
                                    "\007"
                                    "23.elfin.\0"
                                    "\011"
                                    "05.eh_frame\0"
                                    "\011"
                                    "26.eh_frame\0"
                                    "\021"
                                    "26.gcc_except_table\0"
                                    "\014"
                                    "22.data.rel.ro\0"
                                    "\024"
                                    "22.data..ro_after_init\0"
                                    "\006"
                                    "14.dtors\0"
                                    "\006"
                                    "14.ctors\0";

_Static_assert(NAMED_INIT == 1 && NAMED_RELRO == 2 && NAMED_RECORD == 3 && NAMED_OLD_TABLE == 4 &&
                   NAMED_FRAMES == 5 && NAMED_UNWIND == 6,
               "digits of special_names");

/* Most names are none of these, which their second character says. */
enum section_named elfin_section_named(const char *name)
{
    const uint32_t second = 1u << ('i' & 31) | 1u << ('e' & 31) | 1u << ('g' & 31) |
                            1u << ('d' & 31) | 1u << ('c' & 31);

    if (name[0] != '.' || (FOR_SPEED && !(second >> (name[1] & 31) & 1)))
        return NAMED_NOTHING;
    for (const char *row = special_names; *row; row += row[0] + 4)
        if (name[1] == row[4] && mini_str_starts(name, row + 3)) {
            char next = name[(uint8_t)row[0]];

            if (row[1] == '2' || !next || (row[1] == '1' && next == '.'))
                return (enum section_named)(row[2] - '0');
        }
    return NAMED_NOTHING;
}

static bool is_init_table(uint32_t type)
{
    return type == SHT_INIT_ARRAY || type == SHT_FINI_ARRAY || type == SHT_PREINIT_ARRAY;
}

/* Read-only after init: said by the name, or by what it is for. */
static bool is_relro(const struct section *section)
{
    return is_init_table(section->type) || section->named == NAMED_RELRO ||
           section->named == NAMED_RECORD;
}

static int8_t part_of(const struct load *load, const struct section *section)
{
    /* What unload calls may be bound anew until then. */
    bool init_only = load->host->trim && load->host->starting && section->named == NAMED_INIT &&
                     section->type != SHT_FINI_ARRAY;

    if (section->flags & SHF_TLS)
        return ELFIN_PART_RODATA; /* the initial image: nobody writes it */
    if (section->flags & SHF_EXECINSTR)
        return init_only ? ELFIN_PART_INIT_TEXT : ELFIN_PART_TEXT;
    if (init_only)
        return ELFIN_PART_INIT_DATA;
    if (!(section->flags & SHF_WRITE) || section->frames)
        return ELFIN_PART_RODATA;
    return is_relro(section) ? ELFIN_PART_RELRO : ELFIN_PART_DATA;
}

/* Of numbers below 32. */
static inline bool is_one_of(uint32_t type, uint32_t types)
{
    return type < 32 && types >> type & 1;
}

/* Types that describe the file and are never part of the module, whatever their flags say. */
#define METADATA                                                                                   \
    (1u << SHT_NULL | 1u << SHT_SYMTAB | 1u << SHT_STRTAB | 1u << SHT_RELA | 1u << SHT_REL |       \
     1u << SHT_GROUP | 1u << SHT_SYMTAB_SHNDX)

static inline bool is_loaded(const struct section *section)
{
    return (section->flags & (SHF_ALLOC | SHF_EXCLUDE)) == SHF_ALLOC &&
           !is_one_of(section->type, METADATA);
}

static bool is_plain_data(const struct section *section)
{
    return (section->type == SHT_PROGBITS || section->type == SHT_NOBITS) &&
           !(section->flags & SHF_EXECINSTR) && section->named != NAMED_RECORD;
}

static uint8_t kinds_of(const struct section *section)
{
    return (uint8_t)((is_init_table(section->type) ? HOLDS_ARRAYS : 0) |
                     (section->named == NAMED_RECORD ? HOLDS_RECORDS : 0) |
                     (section->flags & SHF_TLS ? HOLDS_TLS : 0) |
                     (section->frames ? HOLDS_FRAMES : 0));
}

/* What most sections are not. */
static inline bool is_special(const struct section *section)
{
    uint32_t odd = section->flags & (SHF_TLS | SHF_COMPRESSED);

    return odd || section->named || is_init_table(section->type) ||
           (section->flags & (SHF_WRITE | SHF_EXECINSTR)) == (SHF_WRITE | SHF_EXECINSTR);
}

static uint32_t open_special(struct load *load, struct object *object, uint32_t index,
                             const char *name)
{
    struct section *section = &object->sections[index];

    if (section->flags & SHF_TLS && !load->host->threads)
        return DEFECT_NO_THREADS;
    if (section->flags & SHF_TLS && !is_plain_data(section))
        return DEFECT_SECTION_TLS;
    if (section->flags & SHF_COMPRESSED)
        return DEFECT_SECTION_COMPRESSED;
    if (section->flags & SHF_WRITE && section->flags & SHF_EXECINSTR)
        return DEFECT_SECTION_WRITE_EXEC;
    if (is_init_table(section->type) && !load->host->starting)
        return DEFECT_NO_STARTING;
    if (is_init_table(section->type) && section->size % 8)
        return DEFECT_INIT_ARRAY_SIZE;
    if (section->size && section->named == NAMED_OLD_TABLE)
        return DEFECT_OLD_CONSTRUCTORS;
    section->frames = elfin_is_frames(load, section);
    if (is_init_table(section->type))
        section->priority = load->host->starting->priority(section->type, name);
    object->holds |= kinds_of(section);
    section->part = part_of(load, section);
    return DEFECT_NONE;
}

static inline uint32_t open_allocated(struct load *load, struct object *object, uint32_t index)
{
    struct section *section = &object->sections[index];
    const char *name = elfin_section_name(object, index);

    section->named = (uint8_t)elfin_section_named(name);
    if (!is_power_of_two(section->align))
        return DEFECT_SH_ADDRALIGN;
    if (!FOR_SPEED || is_special(section))
        return open_special(load, object, index, name);
    section->part = part_of(load, section);
    return DEFECT_NONE;
}

static uint32_t open_symbol_table(struct object *object, uint32_t index)
{
    const struct section *section = &object->sections[index];
    uint64_t count = section->size / sizeof(struct elf_symbol);

    if (section->size % sizeof(struct elf_symbol) || count > UINT32_MAX / 2)
        return DEFECT_TABLE_SIZE;
    if (section->info > count)
        return DEFECT_SYMBOLS_INFO;
    if (section->link >= object->section_count ||
        object->sections[section->link].type != SHT_STRTAB)
        return DEFECT_SYMBOLS_STRINGS;
    object->symbol_names = elfin_section_bytes(object, section->link);
    if (!span_is_strings(object->symbol_names))
        return DEFECT_STRINGS_END;
    object->symbols = elfin_section_bytes(object, index);
    object->symbol_table = index;
    object->symbol_count = (uint32_t)count;
    /* Symbol 0 stands for no symbol, wherever the table says that the global ones begin. */
    object->first_global = section->info || !count ? section->info : 1;
    return DEFECT_NONE;
}

static uint32_t open_extended_indices(struct object *object, uint32_t index)
{
    const struct section *section = &object->sections[index];

    if (!object->symbol_table || section->link != object->symbol_table ||
        section->size != 4 * (uint64_t)object->symbol_count)
        return DEFECT_SYMBOLS_EXTENDED;
    object->extended_indices = elfin_section_bytes(object, index);
    return DEFECT_NONE;
}

/* Chains a relocation section to the section it applies to, if that one will be loaded. */
static uint32_t open_relocations(struct object *object, uint32_t index)
{
    struct section *section = &object->sections[index], *target;

    if (section->info >= object->section_count || (section->info == 0 && section->size))
        return DEFECT_RELA_INFO;
    target = &object->sections[section->info];
    if (target->part == PART_NONE || section->size == 0)
        return DEFECT_NONE;
    if (section->type == SHT_REL)
        return DEFECT_SECTION_REL;
    if (section->size % sizeof(struct elf_rela))
        return DEFECT_TABLE_SIZE;
    if (!object->symbol_table || section->link != object->symbol_table)
        return DEFECT_RELA_LINK;
    if (target->type == SHT_NOBITS)
        return DEFECT_RELA_NOBITS;
    object->table_bytes += section->size;
    if (object->table_bytes > object->file.size)
        return DEFECT_TABLES_OVERLAP;
    section->next_rela = target->rela;
    target->rela = index;
    return DEFECT_NONE;
}

/* A section that describes another one (gABI, SHF_LINK_ORDER) is discarded with it. */
static uint32_t follow_link_order(struct object *object, uint32_t index)
{
    struct section *section = &object->sections[index];

    if (!(section->flags & SHF_LINK_ORDER) || section->part == PART_NONE || section->link == 0)
        return DEFECT_NONE;
    if (section->link >= object->section_count)
        return DEFECT_SH_LINK;
    if (object->sections[section->link].part == PART_NONE)
        section->part = PART_NONE;
    return DEFECT_NONE;
}

/* Sections that need a second look lie from the first to the last. */
struct stretch {
    uint32_t first, last;
    uint32_t symbols; /* the symbol table, 0 = none */
};

static inline bool needs_second_look(const struct section *section)
{
    return section->flags & SHF_LINK_ORDER ||
           is_one_of(section->type, 1u << SHT_SYMTAB_SHNDX | 1u << SHT_GROUP);
}

/*
 * Table types that others refer to, then COMDAT groups (which discard), then relocations, and the
 * list of what is loaded.
 */
static elfin_status open_linked(struct load *load, struct object *object, struct stretch look)
{
    elfin_status status = ELFIN_OK;

    if (look.symbols)
        status = refuse(load, object, look.symbols, open_symbol_table(object, look.symbols));
    for (uint32_t i = look.first; status == ELFIN_OK && i <= look.last; i++) {
        if (object->sections[i].type == SHT_SYMTAB_SHNDX)
            status = refuse(load, object, i, open_extended_indices(object, i));
        else if (object->sections[i].type == SHT_GROUP)
            status = load->host->comdats ? load->host->comdats->open(load, object, i)
                                         : refuse(load, object, i, DEFECT_NO_COMDATS);
    }
    for (uint32_t i = look.first; status == ELFIN_OK && i <= look.last; i++)
        status = refuse(load, object, i, follow_link_order(object, i));
    /* Backwards, because lists are prepended to: tables then apply in file order. */
    for (uint32_t i = object->section_count; status == ELFIN_OK && --i > 0;) {
        const struct section *section = &object->sections[i];

        if (section->part != PART_NONE)
            add_loaded(object, i);
        else if (section->type == SHT_RELA || section->type == SHT_REL)
            status = refuse(load, object, i, open_relocations(object, i));
    }
    return status;
}

elfin_status elfin_sections_open(struct load *load, struct object *object, struct span headers)
{
    struct stretch look = { .first = 1 };

    for (uint32_t i = 1; i < object->section_count; i++) {
        const struct section *section = &object->sections[i];
        uint32_t defect = read_section(object, headers, i);

        if (defect == DEFECT_NONE && is_loaded(section))
            defect = open_allocated(load, object, i);
        if (section->type == SHT_SYMTAB && defect == DEFECT_NONE) {
            if (look.symbols)
                defect = DEFECT_SYMBOLS_TWICE;
            look.symbols = i;
        }
        if (defect != DEFECT_NONE)
            return refuse(load, object, i, defect);
        if (!needs_second_look(section))
            continue;
        if (!look.last)
            look.first = i;
        look.last = i;
    }
    return open_linked(load, object, look);
}
