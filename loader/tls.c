/* SPDX-License-Identifier: MIT */
/*
 * Thread-local storage of a load: each object's block, and whether every record suits its symbol.
 *
 * A block has the sections with an initial image first, in the order of the file, then the zero-
 * filled ones, then COMMON: what a static linker makes of one object. Only the initial image takes
 * memory of the module. The value of a thread-local symbol is its offset from the thread pointer;
 * it is known before any memory is taken, and so is everything that can be wrong.
 */
#include "loader/features.h"
#include "loader/image.h"

static elfin_status too_large(struct load *load, const struct object *object, uint32_t section,
                              uint64_t size)
{
    elfin_diag *diag = elfin_diag_begin(load, object, DEFECT_TLS_TOO_LARGE);

    if (section)
        elfin_diag_section(diag, object, section);
    elfin_diag_value(diag, size);
    elfin_diag_limits(diag, 0, TLS_SIZE_LIMIT);
    return elfin_diag_emit(load);
}

/* Takes size bytes of the block; false past what 32-bit offsets can reach. */
static bool advance(struct object *object, uint64_t align, uint64_t size, uint64_t *offset)
{
    uint64_t start = round_up(object->tls_size, align);

    if (start > TLS_SIZE_LIMIT || size > TLS_SIZE_LIMIT - start)
        return false;
    *offset = start;
    object->tls_size = start + size;
    if (size && object->tls_align < align)
        object->tls_align = align;
    return true;
}

/* Empty ones count: a label in one of them has no address either. */
static elfin_status lay_sections(struct load *load, struct object *object, bool zero)
{
    for (uint32_t i = first_tls(object); i; i = object->sections[i].loaded) {
        struct section *section = &object->sections[i];
        uint64_t end = object->tls_size;

        if (!is_tls(section))
            continue;
        object->knows_tls = true;
        if (is_tls_zero(section) != zero)
            continue;
        if (!advance(object, section->align, section->size, &section->address))
            return too_large(load, object, i, section->size);
        section->gap = zero ? 0 : (uint32_t)(section->address - end);
    }
    return ELFIN_OK;
}

/* Their values are offsets in the block until elfin_tls_place. */
static elfin_status lay_commons(struct load *load, struct object *object)
{
    for (uint32_t i = object->first_global; object->has_commons && i < object->symbol_count; i++) {
        struct symbol *symbol = object->global[i - object->first_global];

        if (is_own_common(object, i) && symbol->tls &&
            !advance(object, (uint64_t)1 << symbol->align_log2, symbol->size, &symbol->value))
            return too_large(load, object, 0, symbol->size);
    }
    return ELFIN_OK;
}

elfin_status elfin_tls_measure(struct load *load, struct object *object)
{
    elfin_status status;

    if (object->image) {
        load->host->images->measure(object);
        return ELFIN_OK;
    }
    object->tls_align = 1;
    object->tls_size = 0;
    status = lay_sections(load, object, false);
    object->tls_file_size = object->tls_size;
    if (status == ELFIN_OK)
        status = lay_sections(load, object, true);
    return status == ELFIN_OK ? lay_commons(load, object) : status;
}

/* ---- Records against symbols ----------------------------------------------------------------- */

static enum tls_kind kind_of_own(const struct object *object, uint32_t index)
{
    struct elf_symbol elf = elfin_read_symbol(object, index);
    uint32_t section = elfin_symbol_section(object, &elf, index);

    if (section & SECTION_SPECIAL)
        return TLS_KIND_ADDRESS;
    return is_tls(&object->sections[section]) ? TLS_KIND_OFFSET : TLS_KIND_ADDRESS;
}

static bool is_tls_import(const struct symbol *symbol)
{
    return symbol->state == SYMBOL_IMPORT && symbol->import_tls;
}

static enum tls_kind kind_of_name(const struct symbol *symbol)
{
    switch (symbol->state) {
    case SYMBOL_ZERO:
        return TLS_KIND_ANY;
    case SYMBOL_IMPORT:
        return is_tls_import(symbol) ? TLS_KIND_OFFSET : TLS_KIND_ADDRESS;
    case SYMBOL_COMMON:
        return symbol->tls ? TLS_KIND_OFFSET : TLS_KIND_ADDRESS;
    case SYMBOL_START:
    case SYMBOL_STOP:
        return TLS_KIND_ADDRESS;
    default:
        return kind_of_own(symbol->object, symbol->index);
    }
}

enum tls_kind elfin_tls_kind(const struct object *object, uint32_t index)
{
    const struct symbol *symbol; /* NULL: a version that nobody can ask for by its name */

    if (index == 0) /* no symbol, wherever the file says that it lies */
        return TLS_KIND_ANY;
    if (index == object->tls_base)
        return TLS_KIND_OFFSET;
    if (index < object->first_global)
        return kind_of_own(object, index);
    if (is_made(object, index))
        return TLS_KIND_ADDRESS;
    symbol = object->global[index - object->first_global];
    return symbol ? kind_of_name(symbol) : kind_of_own(object, index);
}

/* Its offset from the thread pointer; of a symbol that is TLS_KIND_OFFSET or TLS_KIND_ANY. */
uint64_t elfin_tls_offset(const struct object *object, uint32_t index)
{
    const struct symbol *symbol;
    struct elf_symbol elf;

    if (index == object->tls_base)
        return 0;
    if (index >= object->first_global) {
        symbol = object->global[index - object->first_global];
        if (symbol->state == SYMBOL_ZERO || symbol->state == SYMBOL_IMPORT ||
            symbol->state == SYMBOL_COMMON)
            return symbol->value;
        object = symbol->object;
        index = symbol->index;
    }
    elf = elfin_read_symbol(object, index);
    return elf.st_value + section_base(object, elfin_symbol_section(object, &elf, index));
}

static void report_use(struct load *load, const struct object *object, uint32_t table,
                       uint64_t record, bool is_tls_symbol)
{
    elfin_diag *diag =
        elfin_diag_begin(load, object, is_tls_symbol ? DEFECT_TLS_NO_ADDRESS : DEFECT_TLS_ONLY);

    elfin_diag_relocation(diag, object, table, record);
    elfin_diag_emit(load);
}

static void report_range(struct load *load, const struct object *object, uint32_t table,
                         const struct arch_failure *failure)
{
    elfin_diag *diag = elfin_diag_begin(load, object, failure->defect);

    elfin_diag_relocation(diag, object, table, failure->record);
    elfin_diag_value(diag, failure->value);
    elfin_diag_limits(diag, failure->low, failure->high);
    diag->have |= ELFIN_DIAG_SIGNED;
    diag->hint = failure->hint;
    elfin_diag_emit(load);
}

static void check_table(struct load *load, const struct object *object, uint32_t table)
{
    struct arch_scan scan = elfin_scan_table(load, object, table);

    for (uint64_t i = 0; i < scan.rela.size / sizeof(struct elf_rela); i++) {
        unsigned use = elfin_arch_record_use(&scan, i);
        struct arch_failure failure;
        struct elf_rela rela;
        uint32_t symbol;
        enum tls_kind kind;

        span_record(scan.rela, i, &rela, sizeof(rela));
        symbol = elf_rela_symbol(rela.r_info);
        if (!(use & (USE_TLS | USE_ADDRESS)) || object->use[symbol] & USE_DEAD)
            continue;
        kind = elfin_tls_kind(object, symbol);
        if (kind != TLS_KIND_ANY && (kind == TLS_KIND_OFFSET) != ((use & USE_TLS) != 0))
            report_use(load, object, table, i, kind == TLS_KIND_OFFSET);
        else if (use & USE_TLS &&
                 !elfin_arch_tls_fits(&scan, i, elfin_tls_offset(object, symbol), &failure))
            report_range(load, object, table, &failure);
    }
}

/* The first thread-local symbol that is used as an address; 0: none. */
static uint32_t find_wrong_use(const struct object *object)
{
    for (uint32_t i = 1; i < object->symbol_count; i++)
        if (object->use[i] & USE_ADDRESS && elfin_tls_kind(object, i) == TLS_KIND_OFFSET)
            return i;
    return 0;
}

static void check_object(struct load *load, const struct object *object)
{
    uint32_t wrong = object->image ? 0 : find_wrong_use(object);

    if (wrong && object->program) { /* its records are not those of sections */
        elfin_diag *diag = elfin_diag_begin(load, object, DEFECT_TLS_SYMBOL_ADDRESS);

        elfin_diag_symbol(diag, object, wrong);
        elfin_diag_emit(load);
        return;
    }
    if (object->image)
        load->host->images->check_tls(load, object);
    if (!wrong && !object->has_tls)
        return;
    for (uint32_t i = object->loaded; i; i = object->sections[i].loaded)
        for (uint32_t table = object->sections[i].rela; table;
             table = object->sections[table].next_rela)
            check_table(load, object, table);
}

bool elfin_has_tls(const struct load *load)
{
    for (const struct object *o = load->objects; o; o = o->next)
        if (o->has_tls || o->tls_size || o->knows_tls)
            return true;
    return false;
}

/* References that say of themselves that they are to a thread-local variable. */
static void check_references(struct load *load, const struct object *object)
{
    for (uint32_t i = 0; i < object->symbol_count - object->first_global; i++) {
        const struct symbol *symbol = object->global[i];
        elfin_diag *diag;

        if (!symbol || symbol->tls_reference != object->number + 1 || !symbol->used ||
            kind_of_name(symbol) != TLS_KIND_ADDRESS)
            continue;
        diag = elfin_diag_begin(load, object, DEFECT_TLS_DECLARED);
        elfin_copy_name(diag->symbol, symbol->name);
        elfin_diag_emit(load);
    }
}

/* Records are looked at again only where something can be wrong. */
elfin_status elfin_tls_check(struct load *load)
{
    for (const struct object *o = load->objects; o; o = o->next)
        check_references(load, o);
    for (const struct object *o = load->objects; o; o = o->next)
        check_object(load, o);
    return load->status;
}
