/* SPDX-License-Identifier: MIT */
/*
 * The dynamic section (gABI, "Dynamic Section"). Addresses in it are those the file is linked for;
 * what they point to is read from the file, through the segments.
 */
#include "loader/program.h"
#include "libmini/str.h"

struct tag {
    uint64_t number;
    char name[20]; /* in place: a pointer would make the table writable in a PIE */
};

static const struct tag tags[DYNAMIC_TAG_COUNT] = {
    [DYNAMIC_PLTRELSZ] = { DT_PLTRELSZ, "DT_PLTRELSZ" },
    [DYNAMIC_HASH] = { DT_HASH, "DT_HASH" },
    [DYNAMIC_STRTAB] = { DT_STRTAB, "DT_STRTAB" },
    [DYNAMIC_SYMTAB] = { DT_SYMTAB, "DT_SYMTAB" },
    [DYNAMIC_RELA] = { DT_RELA, "DT_RELA" },
    [DYNAMIC_RELASZ] = { DT_RELASZ, "DT_RELASZ" },
    [DYNAMIC_RELAENT] = { DT_RELAENT, "DT_RELAENT" },
    [DYNAMIC_STRSZ] = { DT_STRSZ, "DT_STRSZ" },
    [DYNAMIC_SYMENT] = { DT_SYMENT, "DT_SYMENT" },
    [DYNAMIC_INIT] = { DT_INIT, "DT_INIT" },
    [DYNAMIC_FINI] = { DT_FINI, "DT_FINI" },
    [DYNAMIC_SONAME] = { DT_SONAME, "DT_SONAME" },
    [DYNAMIC_SYMBOLIC] = { DT_SYMBOLIC, "DT_SYMBOLIC" },
    [DYNAMIC_REL] = { DT_REL, "DT_REL" },
    [DYNAMIC_PLTREL] = { DT_PLTREL, "DT_PLTREL" },
    [DYNAMIC_TEXTREL] = { DT_TEXTREL, "DT_TEXTREL" },
    [DYNAMIC_JMPREL] = { DT_JMPREL, "DT_JMPREL" },
    [DYNAMIC_INIT_ARRAY] = { DT_INIT_ARRAY, "DT_INIT_ARRAY" },
    [DYNAMIC_FINI_ARRAY] = { DT_FINI_ARRAY, "DT_FINI_ARRAY" },
    [DYNAMIC_INIT_ARRAYSZ] = { DT_INIT_ARRAYSZ, "DT_INIT_ARRAYSZ" },
    [DYNAMIC_FINI_ARRAYSZ] = { DT_FINI_ARRAYSZ, "DT_FINI_ARRAYSZ" },
    [DYNAMIC_FLAGS] = { DT_FLAGS, "DT_FLAGS" },
    [DYNAMIC_RELRSZ] = { DT_RELRSZ, "DT_RELRSZ" },
    [DYNAMIC_RELR] = { DT_RELR, "DT_RELR" },
    [DYNAMIC_RELRENT] = { DT_RELRENT, "DT_RELRENT" },
    [DYNAMIC_GNU_HASH] = { DT_GNU_HASH, "DT_GNU_HASH" },
    [DYNAMIC_VERSYM] = { DT_VERSYM, "DT_VERSYM" },
    [DYNAMIC_FLAGS_1] = { DT_FLAGS_1, "DT_FLAGS_1" },
};

_Static_assert(DYNAMIC_TAG_COUNT <= 32, "a bit per tag");

const char *elfin_program_tag_name(enum dynamic_tag tag)
{
    return tags[tag].name;
}

elfin_status elfin_program_bad_dynamic(struct load *load, const struct object *object,
                                       enum dynamic_tag tag, uint32_t defect)
{
    elfin_diag *diag = elfin_diag_begin(load, object, defect);

    diag->have |= ELFIN_DIAG_DYNAMIC;
    elfin_copy_name(diag->section, tags[tag].name);
    if (program_has(object->program, tag))
        elfin_diag_value(diag, object->program->value[tag]);
    return elfin_diag_emit(load);
}

/* Of tags that occur twice the last holds; DT_NEEDED alone may be repeated. */
static elfin_status read_entries(struct load *load, struct object *object)
{
    struct program *p = object->program;
    uint64_t count = p->dynamic.size / sizeof(struct elf_dynamic);

    for (uint64_t i = 0; i < count; i++) {
        struct elf_dynamic entry;

        span_record(p->dynamic, i, &entry, sizeof(entry));
        if (entry.d_tag == DT_NULL) {
            p->dynamic.size = i * sizeof(entry);
            return ELFIN_OK;
        }
        p->need_count += entry.d_tag == DT_NEEDED;
        for (int tag = 0; tag < DYNAMIC_TAG_COUNT; tag++) {
            if (tags[tag].number != entry.d_tag)
                continue;
            p->value[tag] = entry.d_val;
            p->have |= 1u << tag;
        }
    }
    return elfin_fail_at(load, object, (uint64_t)(p->dynamic.data - object->file.data),
                         DEFECT_DYNAMIC_END);
}

static elfin_status check_kind(struct load *load, struct object *object)
{
    struct program *p = object->program;
    uint64_t flags = p->value[DYNAMIC_FLAGS];

    if (p->value[DYNAMIC_FLAGS_1] & DF_1_PIE)
        p->executable = true;
    p->symbolic = program_has(p, DYNAMIC_SYMBOLIC) || flags & DF_SYMBOLIC;
    if (program_has(p, DYNAMIC_TEXTREL) || flags & DF_TEXTREL) {
        return elfin_fail(load, object, DEFECT_DYNAMIC_TEXTREL);
    }
    if (program_has(p, DYNAMIC_REL))
        return elfin_program_bad_dynamic(load, object, DYNAMIC_REL, DEFECT_DYNAMIC_REL);
    if (program_has(p, DYNAMIC_PLTREL) && p->value[DYNAMIC_PLTREL] != DT_RELA)
        return elfin_program_bad_dynamic(load, object, DYNAMIC_PLTREL, DEFECT_DYNAMIC_REL);
    return ELFIN_OK;
}

/* One relocation table: its address, size, and the size that its entries must have. */
static elfin_status open_table(struct load *load, struct object *object,
                               struct program_table *table, enum dynamic_tag size,
                               enum dynamic_tag unit, uint64_t unit_size)
{
    const struct program *p = object->program;

    if (!program_has(p, table->tag) || (program_has(p, size) && !p->value[size]))
        return ELFIN_OK;
    if (!program_has(p, size))
        return elfin_program_bad_dynamic(load, object, size, DEFECT_DYNAMIC_MISSING);
    if (program_has(p, unit) && unit != DYNAMIC_PLTREL && p->value[unit] != unit_size)
        return elfin_program_bad_dynamic(load, object, unit, DEFECT_DYNAMIC_ENTRY_SIZE);
    if (p->value[size] % unit_size)
        return elfin_program_bad_dynamic(load, object, size, DEFECT_DYNAMIC_SIZE);
    if (!elfin_program_bytes(object, p->value[table->tag], p->value[size], &table->bytes))
        return elfin_program_bad_dynamic(load, object, table->tag, DEFECT_DYNAMIC_TABLE_PLACE);
    object->table_bytes += table->bytes.size;
    if (object->table_bytes > object->file.size)
        return elfin_program_bad_dynamic(load, object, table->tag, DEFECT_DYNAMIC_OVERLAP);
    return ELFIN_OK;
}

/* Some linkers let DT_RELASZ cover DT_JMPREL, which then follows: each record counts once. */
static void cut_overlap(struct program *p)
{
    uint64_t offset = p->value[DYNAMIC_JMPREL] - p->value[DYNAMIC_RELA];

    if (program_has(p, DYNAMIC_RELA) && program_has(p, DYNAMIC_JMPREL) &&
        offset < p->value[DYNAMIC_RELASZ] &&
        p->value[DYNAMIC_RELASZ] - offset == p->value[DYNAMIC_PLTRELSZ])
        p->value[DYNAMIC_RELASZ] = offset;
}

static elfin_status open_tables(struct load *load, struct object *object)
{
    struct program *p = object->program;
    elfin_status status;

    p->table[PROGRAM_RELR].tag = DYNAMIC_RELR;
    p->table[PROGRAM_RELA].tag = DYNAMIC_RELA;
    p->table[PROGRAM_JMPREL].tag = DYNAMIC_JMPREL;
    cut_overlap(p);
    if ((status = open_table(load, object, &p->table[PROGRAM_RELR], DYNAMIC_RELRSZ, DYNAMIC_RELRENT,
                             8)) != ELFIN_OK ||
        (status = open_table(load, object, &p->table[PROGRAM_RELA], DYNAMIC_RELASZ, DYNAMIC_RELAENT,
                             sizeof(struct elf_rela))) != ELFIN_OK)
        return status;
    return open_table(load, object, &p->table[PROGRAM_JMPREL], DYNAMIC_PLTRELSZ, DYNAMIC_PLTREL,
                      sizeof(struct elf_rela));
}

static elfin_status open_strings(struct load *load, struct object *object)
{
    const struct program *p = object->program;

    if (!program_has(p, DYNAMIC_STRTAB))
        return ELFIN_OK;
    if (!program_has(p, DYNAMIC_STRSZ))
        return elfin_program_bad_dynamic(load, object, DYNAMIC_STRSZ, DEFECT_DYNAMIC_MISSING);
    if (!elfin_program_bytes(object, p->value[DYNAMIC_STRTAB], p->value[DYNAMIC_STRSZ],
                             &object->symbol_names))
        return elfin_program_bad_dynamic(load, object, DYNAMIC_STRTAB, DEFECT_DYNAMIC_TABLE_PLACE);
    if (!span_is_strings(object->symbol_names))
        return elfin_program_bad_dynamic(load, object, DYNAMIC_STRTAB, DEFECT_DYNAMIC_STRINGS_END);
    return ELFIN_OK;
}

/* "libfoo" for "libfoo.so", "libfoo.so.1.2" and "dir/libfoo.so"; "foo" for "foo.elf". */
static const char *module_name(struct load *load, const char *file)
{
    const char *base = elfin_base_name(file), *end = mini_strrchr(base, '.');
    size_t length = end && end > base ? (size_t)(end - base) : mini_strlen(base);
    char *name;

    for (size_t i = 1; base[0] && base[i]; i++) {
        if (!mini_str_starts(base + i, ".so") || (base[i + 3] && base[i + 3] != '.'))
            continue;
        length = i;
        break;
    }
    name = elfin_arena_get(&load->work, 1, length + 1);
    if (name)
        memcpy(name, base, length);
    return name;
}

/* A name in the string table; overlapping long ones are limited as those of symbols are. */
static elfin_status read_name(struct load *load, struct object *object, uint64_t offset,
                              const char **out)
{
    uint32_t length;
    const char *name = span_string(object->symbol_names, offset);

    if (!name || !*name)
        return elfin_program_bad_dynamic(load, object, DYNAMIC_STRTAB, DEFECT_DYNAMIC_NAME);
    if (!elfin_name_allowed(object, name, &length))
        return elfin_program_bad_dynamic(load, object, DYNAMIC_STRTAB,
                                         DEFECT_DYNAMIC_NAMES_OVERLAP);
    *out = module_name(load, name);
    return *out ? ELFIN_OK : elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
}

static elfin_status read_soname(struct load *load, struct object *object)
{
    elfin_status status =
        read_name(load, object, object->program->value[DYNAMIC_SONAME], &object->name);

    if (status == ELFIN_OK && !elfin_is_module_name(object->name))
        return elfin_program_bad_dynamic(load, object, DYNAMIC_SONAME, DEFECT_DYNAMIC_SONAME_TEXT);
    return status;
}

static elfin_status read_needs(struct load *load, struct object *object)
{
    struct program *p = object->program;
    uint32_t found = 0;

    p->needs = elfin_arena_get(&load->work, p->need_count, sizeof(*p->needs));
    if (!p->needs)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
    for (uint64_t i = 0; i < p->dynamic.size / sizeof(struct elf_dynamic); i++) {
        struct elf_dynamic entry;
        elfin_status status;

        span_record(p->dynamic, i, &entry, sizeof(entry));
        if (entry.d_tag != DT_NEEDED)
            continue;
        status = read_name(load, object, entry.d_val, &p->needs[found++]);
        if (status != ELFIN_OK)
            return status;
    }
    return ELFIN_OK;
}

/*
 * A function that the loader calls, or an array of them; a missing one is 0. An array has its bytes
 * in the file: then the records that the calls take are bounded by the file's size.
 */
static elfin_status check_calls(struct load *load, struct object *object)
{
    static const uint8_t single[] = { DYNAMIC_INIT, DYNAMIC_FINI };
    static const uint8_t array[] = { DYNAMIC_INIT_ARRAY, DYNAMIC_FINI_ARRAY };
    static const uint8_t size[] = { DYNAMIC_INIT_ARRAYSZ, DYNAMIC_FINI_ARRAYSZ };
    struct program *p = object->program;
    struct span bytes;

    for (int i = 0; i < 2; i++) {
        if (p->value[single[i]] && !elfin_program_is_code(p, p->value[single[i]]))
            return elfin_program_bad_dynamic(load, object, single[i], DEFECT_DYNAMIC_NOT_CODE);
        if (!program_has(p, array[i]))
            p->value[size[i]] = 0;
        if (p->value[size[i]] % 8)
            return elfin_program_bad_dynamic(load, object, size[i], DEFECT_DYNAMIC_ARRAY_SIZE);
        if (p->value[size[i]] &&
            !elfin_program_bytes(object, p->value[array[i]], p->value[size[i]], &bytes))
            return elfin_program_bad_dynamic(load, object, array[i], DEFECT_DYNAMIC_ARRAY_PLACE);
    }
    return ELFIN_OK;
}

elfin_status elfin_program_dynamic_open(struct load *load, struct object *object)
{
    struct program *p = object->program;
    elfin_status status;

    if (!p->dynamic.data) {
        p->executable = true;
        object->name = module_name(load, object->file_name);
        return object->name ? ELFIN_OK : elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
    }
    if ((status = read_entries(load, object)) != ELFIN_OK ||
        (status = check_kind(load, object)) != ELFIN_OK ||
        (status = open_strings(load, object)) != ELFIN_OK ||
        (status = open_tables(load, object)) != ELFIN_OK ||
        (status = check_calls(load, object)) != ELFIN_OK ||
        (status = read_needs(load, object)) != ELFIN_OK)
        return status;
    if (program_has(p, DYNAMIC_SONAME))
        return read_soname(load, object);
    object->name = module_name(load, object->file_name);
    return object->name ? ELFIN_OK : elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
}
