/* SPDX-License-Identifier: MIT */
/* Proving a blob sound, second half: symbols, and the records that name them. */
#include "loader/image.h"

/* The section index with which the loader will see it; see elfin_symbol_section. */
static uint32_t section_of(const struct image *image, const struct elf_symbol *symbol,
                           uint32_t index)
{
    if (symbol->st_shndx == SHN_XINDEX && image->table[IMAGE_SECTION_INDICES].size)
        return span_u32(image->table[IMAGE_SECTION_INDICES], index);
    if (symbol->st_shndx >= SHN_LORESERVE)
        return SECTION_SPECIAL | symbol->st_shndx;
    return symbol->st_shndx;
}

static bool is_section_of_symbol(const struct image *image, uint32_t section)
{
    if (section & SECTION_SPECIAL)
        return section == SECTION_ABS || elfin_is_common(section);
    return section && section < image->section_count;
}

/* Local symbols, then undefined ones, then definitions. */
static bool is_symbol_sound(const struct image *image, uint32_t index)
{
    struct elf_symbol symbol = elfin_image_symbol(image, index);
    uint32_t section = section_of(image, &symbol, index), first = image->header.first_global;
    bool local = index < first;

    if (!image_name_in(image, symbol.st_name) ||
        local != (elf_symbol_binding(&symbol) == STB_LOCAL))
        return false;
    if (index == 1)
        return section == IMAGE_ANCHOR && symbol.st_value == 0;
    if (!local && !symbol.st_name)
        return false;
    if (!local && index - first < image->import_count)
        return section == SHN_UNDEF;
    return is_section_of_symbol(image, section) && !(local && elfin_is_common(section));
}

static bool is_import(const struct image *image, uint32_t symbol)
{
    return symbol >= image->header.first_global &&
           symbol - image->header.first_global < image->import_count;
}

/* Nobody asks what symbol 0 is, so that it has to be nothing. */
static bool is_symbol_0_empty(const struct image *image)
{
    struct elf_symbol symbol = elfin_image_symbol(image, 0);

    return !symbol.st_name && !symbol.st_info && !symbol.st_other && !symbol.st_shndx &&
           !symbol.st_value && !symbol.st_size;
}

static uint32_t check_symbols(const struct image *image, uint64_t *where)
{
    *where = image_row(image, IMAGE_SYMBOLS, 0, sizeof(struct elf_symbol));
    if (!is_symbol_0_empty(image))
        return DEFECT_IMAGE_SYMBOL;
    for (uint32_t i = 1; i < image->symbol_count; i++) {
        unsigned allowed = USE_ANY | USE_INNER | (is_import(image, i) ? IMAGE_BOUND : 0);

        *where = image_row(image, IMAGE_SYMBOLS, i, sizeof(struct elf_symbol));
        if (!is_symbol_sound(image, i) || elfin_image_use(image, i) & ~allowed)
            return DEFECT_IMAGE_SYMBOL;
    }
    return DEFECT_NONE;
}

static bool is_slot_sound(const struct image *image, uint64_t index, uint32_t *last)
{
    struct image_slot row;
    uint32_t slot;

    span_record(image->table[IMAGE_SLOTS], index, &row, sizeof(row));
    slot = row.slot & ~ARCH_IN_USE;
    if (row.symbol <= *last || row.symbol >= image->symbol_count || !slot ||
        slot > image->header.slot_count || (row.stub & ~ARCH_IN_USE) > image->header.stub_count)
        return false;
    *last = row.symbol;
    return true;
}

/* Of local symbols, of undefined ones, of definitions. */
enum {
    SLOT_LISTS = 3
};

static unsigned list_of(const struct image *image, uint32_t symbol)
{
    return symbol < image->header.first_global ? 0 : is_import(image, symbol) ? 1 : 2;
}

/*
 * No two rows have one slot, and none has one of an indirect function or the module's handle: they
 * are counted and listed. Within each list slots ascend as symbols do, so that the three can be
 * merged.
 */
static bool are_slots_distinct(const struct image *image)
{
    uint64_t at[SLOT_LISTS], end[SLOT_LISTS] = { 0 }, rows = image->header.table[IMAGE_SLOTS].count;
    uint64_t last = image->header.table[IMAGE_INDIRECT].count;
    struct image_slot row;

    for (uint64_t i = 0; i < rows; i++) {
        span_record(image->table[IMAGE_SLOTS], i, &row, sizeof(row));
        for (unsigned k = list_of(image, row.symbol); k < SLOT_LISTS; k++)
            end[k] = i + 1;
    }
    at[0] = 0;
    for (unsigned k = 1; k < SLOT_LISTS; k++)
        at[k] = end[k - 1];
    for (uint64_t left = rows; left; left--) {
        uint64_t least = UINT64_MAX;
        unsigned from = 0;

        for (unsigned k = 0; k < SLOT_LISTS; k++) {
            if (at[k] == end[k])
                continue;
            span_record(image->table[IMAGE_SLOTS], at[k], &row, sizeof(row));
            if ((row.slot & ~ARCH_IN_USE) >= least)
                continue;
            least = row.slot & ~ARCH_IN_USE;
            from = k;
        }
        if (least <= last || least == image->header.handle)
            return false;
        last = least;
        at[from]++;
    }
    return true;
}

static bool is_common_sound(const struct image *image, uint64_t index, uint32_t *last)
{
    const struct image_header *h = &image->header;
    const struct image_part *data = &h->part[ELFIN_PART_DATA];
    struct image_common row;
    struct elf_symbol symbol;

    span_record(image->table[IMAGE_COMMONS], index, &row, sizeof(row));
    if (row.symbol <= *last || row.symbol >= image->symbol_count)
        return false;
    *last = row.symbol;
    symbol = elfin_image_symbol(image, row.symbol);
    if (!elfin_is_common(section_of(image, &symbol, row.symbol)))
        return false;
    if (elf_symbol_type(&symbol) == STT_TLS)
        return row.offset <= h->tls_size && symbol.st_size <= h->tls_size - row.offset;
    return row.offset >= data->offset && row.offset - data->offset <= data->used &&
           symbol.st_size <= data->used - (row.offset - data->offset);
}

static bool is_indirect_sound(const struct image *image, uint64_t index, uint32_t *last)
{
    uint32_t number = span_u32(image->table[IMAGE_INDIRECT], index);
    struct elf_symbol symbol;

    if (number <= *last || number >= image->symbol_count || is_import(image, number) ||
        index >= image->header.slot_count || index >= image->header.stub_count)
        return false;
    *last = number;
    symbol = elfin_image_symbol(image, number);
    return elf_symbol_type(&symbol) == STT_GNU_IFUNC &&
           !(section_of(image, &symbol, number) & SECTION_SPECIAL);
}

static bool is_demand_sound(const struct image *image, uint64_t index)
{
    struct image_demand d;

    span_record(image->table[IMAGE_DEMANDS], index, &d, sizeof(d));
    return d.least <= d.most && d.symbol < image->symbol_count && elfin_arch_is_bindable(d.type) &&
           !(d.use & ~(unsigned)USE_ANY) &&
           (d.term == ARCH_TERM_ABSOLUTE || d.term == ARCH_TERM_RELATIVE ||
            d.term == ARCH_TERM_SIZE);
}

static bool is_own_sound(const struct image *image, uint64_t index)
{
    struct image_own own;

    span_record(image->table[IMAGE_OWN], index, &own, sizeof(own));
    return own.symbol >= image->header.first_global && own.symbol < image->symbol_count &&
           own.base < IMAGE_BASE_COUNT;
}

static uint32_t check_records(const struct image *image, uint64_t *where)
{
    uint32_t slot = 0, common = 0, indirect = 0;

    for (uint64_t i = 0; i < image->header.table[IMAGE_SLOTS].count; i++) {
        *where = image_row(image, IMAGE_SLOTS, i, sizeof(struct image_slot));
        if (!is_slot_sound(image, i, &slot))
            return DEFECT_IMAGE_RECORD;
    }
    if (!are_slots_distinct(image))
        return DEFECT_IMAGE_RECORD;
    for (uint64_t i = 0; i < image->header.table[IMAGE_COMMONS].count; i++) {
        *where = image_row(image, IMAGE_COMMONS, i, sizeof(struct image_common));
        if (!is_common_sound(image, i, &common))
            return DEFECT_IMAGE_RECORD;
    }
    for (uint64_t i = 0; i < image->header.table[IMAGE_INDIRECT].count; i++) {
        *where = image_row(image, IMAGE_INDIRECT, i, 4);
        if (!is_indirect_sound(image, i, &indirect))
            return DEFECT_IMAGE_RECORD;
    }
    for (uint64_t i = 0; i < image->header.table[IMAGE_COMDATS].count; i++) {
        *where = image_row(image, IMAGE_COMDATS, i, 4);
        if (!image_name_in(image, span_u32(image->table[IMAGE_COMDATS], i)))
            return DEFECT_IMAGE_RECORD;
    }
    for (uint64_t i = 0; i < image->header.table[IMAGE_OWN].count; i++) {
        *where = image_row(image, IMAGE_OWN, i, sizeof(struct image_own));
        if (!is_own_sound(image, i))
            return DEFECT_IMAGE_RECORD;
    }
    for (uint64_t i = 0; i < image->header.table[IMAGE_DEMANDS].count; i++) {
        *where = image_row(image, IMAGE_DEMANDS, i, sizeof(struct image_demand));
        if (!is_demand_sound(image, i))
            return DEFECT_IMAGE_RECORD;
    }
    *where = offsetof(struct image_header, handle_symbol);
    if (image->header.handle_symbol && !is_import(image, image->header.handle_symbol))
        return DEFECT_IMAGE_RECORD;
    return DEFECT_NONE;
}

uint32_t elfin_image_check_tables(const struct image *image, uint64_t *where)
{
    uint32_t defect = check_symbols(image, where);

    return defect ? defect : check_records(image, where);
}
