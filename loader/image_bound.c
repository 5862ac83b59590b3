/* SPDX-License-Identifier: MIT */
/*
 * What an image has bound inside stays bound inside. Where the rules of a group would have it
 * otherwise, the load is refused: two definitions in use at once would be a silent error.
 */
#include "loader/image.h"

static void report(struct load *load, const struct object *object, uint32_t index, uint32_t defect)
{
    const struct symbol *symbol = object->global[index - object->first_global];
    elfin_diag *diag = elfin_diag_begin(load, object, defect);

    elfin_diag_symbol(diag, object, index);
    if (symbol && symbol->object)
        elfin_copy_name(diag->other, symbol->object->file_name);
    elfin_diag_emit(load);
}

void elfin_image_diag_field(struct load *load, elfin_diag *diag, const struct object *object,
                            uint32_t symbol, uint64_t place)
{
    bool search = load->searches < IMAGE_SEARCHES;

    load->searches += search;
    for (uint32_t i = IMAGE_ANCHOR + 1; search && i < object->image->section_count; i++) {
        struct image_section s = image_section(object->image, i);

        if (s.type == SHT_NOBITS || place < s.address || place - s.address >= s.size)
            continue;
        elfin_diag_section(diag, object, i);
        diag->place = place - s.address;
        diag->have |= ELFIN_DIAG_PLACE;
    }
    if (symbol == IMAGE_ANCHOR)
        elfin_copy_name(diag->symbol, "the module itself");
    else if (symbol < object->symbol_count)
        elfin_diag_symbol(diag, object, symbol);
}

/* Its definition is that of the group; of COMMON ones, nobody wants more room than there is. */
static bool is_bound_inside(const struct object *object, uint32_t index)
{
    const struct symbol *symbol = object->global[index - object->first_global];
    struct elf_symbol elf = elfin_read_symbol(object, index);

    if (!symbol || symbol->object != object)
        return false;
    if (symbol->state != SYMBOL_COMMON)
        return symbol->state == SYMBOL_STRONG || symbol->state == SYMBOL_WEAK;
    return symbol->size <= elf.st_size &&
           (uint64_t)1 << symbol->align_log2 <= (elf.st_value ? elf.st_value : 1);
}

/* Those that it gathered are its own; of others one is as good as gathered. */
static void check_gathered(struct load *load, const struct object *object)
{
    for (const struct gathered *g = load->gathered; g; g = g->next) {
        bool wrong = false, alone = g->first == g->last;

        for (const struct gathered_section *s = g->first; s; s = s->next)
            wrong |=
                s->object == object && !alone && !image_section(object->image, s->index).gathered;
        if (wrong)
            elfin_fail_section(load, object, g->first->index, DEFECT_IMAGE_GATHER);
    }
}

/* The ends of sections that prepare gathered: nobody defines these names, nor has such sections. */
static bool is_end_inside(const struct object *object, uint32_t index)
{
    const struct symbol *symbol = object->global[index - object->first_global];

    return is_section_end(symbol) && symbol->object == object;
}

void elfin_image_bound_check(struct load *load, const struct object *object)
{
    const struct image *image = object->image;
    uint32_t definitions = object->first_global + image->import_count;

    if (image->header.handle && !object->handle_symbol)
        report(load, object, image->header.handle_symbol, DEFECT_IMAGE_OVERRIDDEN);
    for (uint32_t i = object->first_global; i < definitions; i++)
        if (elfin_image_use(image, i) & IMAGE_BOUND && !is_end_inside(object, i))
            report(load, object, i, DEFECT_IMAGE_OVERRIDDEN);
    for (uint32_t i = definitions; !load->alone && i < object->symbol_count; i++)
        if (object->use[i] & USE_ANY && !is_bound_inside(object, i))
            report(load, object, i, DEFECT_IMAGE_OVERRIDDEN);
    check_gathered(load, object);
}

/* ---- Thread-local storage ---------------------------------------------------------------------
 */

static void check_offsets(struct load *load, const struct object *object, uint32_t index,
                          uint64_t value, const uint8_t *at, const uint8_t *end)
{
    struct arch_bind b = { .value = value };
    uint64_t place;
    elfin_diag *diag;

    if (elfin_image_fits(&b, at, end, &place))
        return;
    diag = elfin_diag_begin(load, object, DEFECT_TLS_OFFSET);
    elfin_diag_symbol(diag, object, index);
    elfin_diag_value(diag, b.failure.value);
    elfin_diag_limits(diag, b.failure.low, b.failure.high);
    diag->have |= ELFIN_DIAG_SIGNED;
    elfin_diag_emit(load);
}

/* As elfin_tls_check, for what is not an image's own; that has been held against its symbols. */
void elfin_image_bound_check_tls(struct load *load, const struct object *object)
{
    const struct image *image = object->image;

    for (uint32_t k = 0; k < image->import_count; k++) {
        uint32_t index = object->first_global + k;
        enum tls_kind kind = elfin_tls_kind(object, index);
        const uint8_t *at, *end;

        elfin_image_stream(image, k, &at, &end);
        if (object->use[index] & USE_ADDRESS && kind == TLS_KIND_OFFSET)
            report(load, object, index, DEFECT_TLS_SYMBOL_ADDRESS);
        else if (object->use[index] & USE_TLS && kind == TLS_KIND_ADDRESS)
            report(load, object, index, DEFECT_TLS_SYMBOL_ONLY);
        else if (object->use[index] & USE_TLS && kind == TLS_KIND_OFFSET)
            check_offsets(load, object, index, elfin_tls_offset(object, index), at, end);
    }
    for (uint64_t i = 0; i < image->header.table[IMAGE_OTHERS].count; i++) {
        const uint8_t *stream = image->table[IMAGE_STREAM].data;
        struct image_other row;

        span_record(image->table[IMAGE_OTHERS], i, &row, sizeof(row));
        if (row.symbol == IMAGE_OWN_TLS)
            check_offsets(load, object, 0, object->tls_offset, stream + row.start,
                          stream + row.end);
    }
}
