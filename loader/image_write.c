/* SPDX-License-Identifier: MIT */
/*
 * Making an image: the blob. One function writes it; without memory it measures, so that both walks
 * agree by construction.
 */
#include "loader/image_prepare.h"
#include "libmini/sort.h"
#include "libmini/str.h"

enum {
    LOCAL_NAME = ELFIN_NAME_SIZE - 1, /* bytes of names that no budget covers; see carver.h */
    SECTION_NAME = 1024
};

struct writer {
    const struct prepare *p;
    uint8_t *blob; /* NULL: only measured */
    uint64_t size;
    uint64_t names; /* bytes of IMAGE_NAMES so far, */
    uint8_t *names_to;
    struct image_header *header;
};

/* ---- Names: their table is written last, when its place is known from the first walk ------------
 */

static uint32_t put_name(struct writer *w, const char *name, size_t most)
{
    size_t length = mini_strnlen(name, most);
    uint64_t at = w->names;

    if (!length)
        return 0;
    if (w->names_to) {
        memcpy(w->names_to + at, name, length);
        w->names_to[at + length] = 0;
    }
    w->names += length + 1;
    return (uint32_t)at;
}

/* ---- Tables -----------------------------------------------------------------------------------
 */

static uint8_t *begin_table(struct writer *w, enum image_table table, uint64_t count, uint64_t size)
{
    w->size = round_up(w->size, IMAGE_ALIGN);
    w->header->table[table] = (struct image_extent){ .offset = w->size, .count = count };
    w->size += count * size;
    return w->blob ? w->blob + w->header->table[table].offset : NULL;
}

static void put(uint8_t *table, uint64_t index, const void *record, uint64_t size)
{
    if (table)
        memcpy(table + index * size, record, size);
}

static void write_sections(struct writer *w)
{
    const struct object *object = w->p->object;
    uint8_t *table =
        begin_table(w, IMAGE_SECTIONS, w->p->section_count, sizeof(struct image_section));
    struct image_section anchor = { .align = 1, .part = ELFIN_PART_TEXT, .type = SHT_NOBITS };

    put(table, 0, &(struct image_section){ 0 }, sizeof(anchor));
    put(table, IMAGE_ANCHOR, &anchor, sizeof(anchor));
    for (uint32_t i = 1; i < object->section_count; i++) {
        const struct section *s = &object->sections[i];
        struct image_section out = {
            .flags = s->flags,
            .address = s->address - PREPARE_BASE,
            .size = s->size,
            .align = s->align,
            .type = s->type,
            .index = i,
            .priority = s->priority,
            .part = (uint8_t)s->part,
            .frames = s->frames,
            .gathered = s->gathered,
        };

        if (!w->p->section[i])
            continue;
        out.name = put_name(w, elfin_section_name(object, i), SECTION_NAME);
        put(table, w->p->section[i], &out, sizeof(out));
    }
}

/* As in the file, but for what has been found out about the name, and numbers. */
static struct elf_symbol make_symbol(struct writer *w, uint32_t index, uint32_t *section)
{
    const struct prepare *p = w->p;
    const struct object *object = p->object;
    struct elf_symbol elf = elfin_read_symbol(object, index);
    const char *name = elfin_symbol_name(object, &elf);
    bool global = index >= object->first_global;

    *section = elfin_symbol_section(object, &elf, index);
    if (global && object->global[index - object->first_global])
        elf.st_other = object->global[index - object->first_global]->visibility;
    if (p->symbol[index] >= p->first_global && p->symbol[index] < p->first_definition) {
        elf.st_value = elf.st_size = 0;
        *section = SHN_UNDEF;
    }
    if (!(*section & SECTION_SPECIAL))
        *section = p->section[*section];
    elf.st_shndx = (uint16_t)*section;
    if (*section >= SHN_LORESERVE && !(*section & SECTION_SPECIAL))
        elf.st_shndx = SHN_XINDEX;
    elf.st_name = put_name(w, name, global ? SIZE_MAX : LOCAL_NAME);
    return elf;
}

static bool needs_indices(const struct prepare *p)
{
    return p->section_count >= SHN_LORESERVE;
}

static void write_symbols(struct writer *w)
{
    const struct prepare *p = w->p;
    uint32_t count = p->symbol_count;
    uint8_t *table = begin_table(w, IMAGE_SYMBOLS, count, sizeof(struct elf_symbol));
    uint8_t *indices = begin_table(w, IMAGE_SECTION_INDICES, needs_indices(p) ? count : 0, 4);
    uint8_t *uses = begin_table(w, IMAGE_USES, count, 2);
    uint8_t *exported =
        begin_table(w, IMAGE_EXPORTED, p->object->exported ? count - p->first_global : 0, 1);
    struct elf_symbol anchor = { .st_info = STT_SECTION, .st_shndx = IMAGE_ANCHOR };
    uint16_t use = (uint16_t)USE_INNER;

    put(table, 0, &(struct elf_symbol){ 0 }, sizeof(anchor));
    put(table, 1, &anchor, sizeof(anchor));
    put(uses, 0, &(uint16_t){ 0 }, 2);
    put(uses, 1, &use, 2);
    if (needs_indices(p)) {
        put(indices, 0, &(uint32_t){ 0 }, 4);
        put(indices, 1, &(uint32_t){ IMAGE_ANCHOR }, 4);
    }
    for (uint32_t i = 1; i < p->object->symbol_count; i++) {
        uint32_t number = p->symbol[i], section;
        struct elf_symbol elf;

        if (!number)
            continue;
        elf = make_symbol(w, i, &section);
        put(table, number, &elf, sizeof(elf));
        use = p->object->use[i];
        if (number < p->first_definition && number >= p->first_global &&
            is_section_end(p->object->global[i - p->object->first_global]))
            use |= IMAGE_BOUND;
        put(uses, number, &use, 2);
        if (needs_indices(p))
            put(indices, number, &section, 4);
        if (p->object->exported && number >= p->first_global)
            put(exported, number - p->first_global,
                &p->object->exported[i - p->object->first_global], 1);
    }
}

static int by_symbol(const void *a, const void *b, void *ctx)
{
    const struct image_slot *x = a, *y = b;

    (void)ctx;
    return x->symbol < y->symbol ? -1 : x->symbol > y->symbol;
}

static void write_slots(struct writer *w)
{
    const struct object *object = w->p->object;
    uint32_t count = 0, next = 0;
    uint8_t *table;

    for (uint32_t i = 1; object->slot && i < object->symbol_count; i++)
        count += object->slot[i] && w->p->symbol[i];
    table = begin_table(w, IMAGE_SLOTS, count, sizeof(struct image_slot));
    for (uint32_t i = 1; object->slot && i < object->symbol_count; i++) {
        struct image_slot row = { .symbol = w->p->symbol[i],
                                  .slot = object->slot[i],
                                  .stub = object->stub[i] };

        if (row.slot && row.symbol)
            put(table, next++, &row, sizeof(row));
    }
    if (table)
        mini_sort(table, count, sizeof(struct image_slot), by_symbol, NULL);
}

/* Symbols of the file are in the order of the image among themselves, if all are definitions. */
static void write_commons(struct writer *w)
{
    const struct object *object = w->p->object;
    uint32_t count = 0, next = 0;
    uint8_t *table;

    for (uint32_t i = object->first_global; i < object->symbol_count; i++)
        count += is_own_common(object, i);
    table = begin_table(w, IMAGE_COMMONS, count, sizeof(struct image_common));
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        const struct symbol *symbol = object->global[i - object->first_global];
        struct image_common row = { .symbol = w->p->symbol[i] };

        if (!is_own_common(object, i))
            continue;
        row.offset = symbol->tls ? symbol->value : symbol->value - PREPARE_BASE;
        put(table, next++, &row, sizeof(row));
    }
}

static void write_indirect(struct writer *w)
{
    const struct object *object = w->p->object;
    uint8_t *table = begin_table(w, IMAGE_INDIRECT, object->indirect_count, 4);

    for (uint32_t k = 0; k < object->indirect_count; k++)
        put(table, k, &w->p->symbol[object->indirect[k]], 4);
}

static void write_comdats(struct writer *w)
{
    uint32_t count = 0, next = 0;
    uint8_t *table;

    for (const struct comdat *c = w->p->load->first_comdat; c; c = c->next)
        count++;
    table = begin_table(w, IMAGE_COMDATS, count, 4);
    for (const struct comdat *c = w->p->load->first_comdat; c; c = c->next) {
        uint32_t name = put_name(w, c->signature, SIZE_MAX);

        put(table, next++, &name, 4);
    }
}

/* ---- Streams ----------------------------------------------------------------------------------
 */

static uint64_t same_symbol(const struct image_fixup *f, uint64_t count)
{
    uint64_t same = 1;

    while (same < count && f[same].symbol == f->symbol)
        same++;
    return same;
}

static bool is_import(const struct prepare *p, uint32_t symbol)
{
    return symbol >= p->first_global && symbol < p->first_definition;
}

/* Fixups are sorted by symbol, and so are the imports; what else there is gets rows of its own. */
static void write_streams(struct writer *w)
{
    const struct prepare *p = w->p;
    uint32_t import = 0, imports = p->first_definition - p->first_global, others = 0;
    uint64_t total = elfin_image_encode(p->fixups, p->fixup_count, NULL), at = 0, same;
    uint8_t *starts, *rows, *stream;

    for (uint64_t i = 0; i < p->fixup_count; i += same) {
        same = same_symbol(&p->fixups[i], p->fixup_count - i);
        others += !is_import(p, p->fixups[i].symbol);
    }
    starts = begin_table(w, IMAGE_IMPORTS, imports + UINT64_C(1), 4);
    rows = begin_table(w, IMAGE_OTHERS, others, sizeof(struct image_other));
    stream = begin_table(w, IMAGE_STREAM, total, 1);
    others = 0;
    for (uint64_t i = 0; i < p->fixup_count; i += same) {
        const struct image_fixup *f = &p->fixups[i];
        struct image_other row = { .symbol = f->symbol, .start = (uint32_t)at };

        same = same_symbol(f, p->fixup_count - i);
        while (import <= imports && p->first_global + import <= f->symbol)
            put(starts, import++, &(uint32_t){ (uint32_t)at }, 4);
        at += elfin_image_encode(f, same, stream ? stream + at : NULL);
        row.end = (uint32_t)at;
        if (!is_import(p, f->symbol))
            put(rows, others++, &row, sizeof(row));
    }
    while (import <= imports)
        put(starts, import++, &(uint32_t){ (uint32_t)at }, 4);
}

/* ---- Definitions ------------------------------------------------------------------------------
 */

static struct image_own make_own(const struct prepare *p, uint32_t index)
{
    const struct object *object = p->object;
    struct elf_symbol elf = elfin_read_symbol(object, index);
    uint32_t section = elfin_symbol_section(object, &elf, index);
    const struct symbol *symbol = object->global[index - object->first_global];
    bool common = elfin_is_common(section);
    struct image_own own = { .symbol = p->symbol[index], .base = IMAGE_BASE_BLOCK };

    own.value = common ? symbol->value : elfin_own_address(object, index);
    own.size = common ? symbol->size : elf.st_size;
    if (common ? symbol->tls : !(section & SECTION_SPECIAL) && is_tls(&object->sections[section]))
        own.base = IMAGE_BASE_TLS;
    else if (!common && section & SECTION_SPECIAL)
        own.base = IMAGE_BASE_NONE;
    if (own.base == IMAGE_BASE_BLOCK)
        own.value -= PREPARE_BASE;
    if (elf_symbol_binding(&elf) == STB_WEAK)
        own.flags |= RECORD_WEAK;
    if (elf_symbol_type(&elf) == STT_FUNC || elf_symbol_type(&elf) == STT_GNU_IFUNC)
        own.flags |= RECORD_FUNCTION;
    return own;
}

static void write_own(struct writer *w)
{
    const struct object *object = w->p->object;
    uint8_t *table = begin_table(w, IMAGE_OWN, object->own_count, sizeof(struct image_own));

    for (uint32_t i = 0; table && i < object->own_count; i++) {
        struct image_own own = make_own(w->p, object->own[i]);

        put(table, i, &own, sizeof(own));
    }
}

/* ---- The whole --------------------------------------------------------------------------------
 */

static void write_demands(struct writer *w)
{
    uint8_t *table = begin_table(w, IMAGE_DEMANDS, w->p->demand_count, sizeof(struct image_demand));

    if (table)
        memcpy(table, w->p->demands, w->p->demand_count * sizeof(struct image_demand));
}

static void write_parts(struct writer *w)
{
    const struct block *block = w->p->block;
    const uint8_t *edit = w->p->memory.edit;

    for (int i = 0; i < ELFIN_PART_COUNT; i++) {
        struct image_part *part = &w->header->part[i];

        w->size = round_up(w->size, IMAGE_ALIGN);
        *part = (struct image_part){ .offset = block->part_offset[i],
                                     .used = block->part_used[i],
                                     .filled = block->part_filled[i],
                                     .content = w->size };
        if (w->blob)
            memcpy(w->blob + w->size, edit + part->offset, part->filled);
        w->size += part->filled;
    }
}

static uint32_t flags_of(const struct object *object)
{
    uint32_t flags = 0;

    if (object->needs_got || object->got_symbol)
        flags |= IMAGE_NEEDS_GOT;
    if (object->has_tls)
        flags |= IMAGE_HAS_TLS;
    if (object->has_frames)
        flags |= IMAGE_HAS_FRAMES;
    if (object->exported)
        flags |= IMAGE_EXPORT_RECORDS;
    return flags;
}

static uint64_t from_base(uint64_t address, bool has_any)
{
    return has_any ? address - PREPARE_BASE : 0;
}

static void write_header(struct writer *w)
{
    const struct prepare *p = w->p;
    const struct object *object = p->object;
    const struct block *block = p->block;
    struct image_header *h = w->header;

    memcpy(h->magic, IMAGE_MAGIC, IMAGE_MAGIC_SIZE);
    h->version = IMAGE_VERSION;
    h->machine = IMAGE_MACHINE;
    h->page_size = p->load->host->page_size;
    h->block_size = block->size;
    h->block_align = block->align;
    h->flags = flags_of(object);
    h->first_global = p->first_global;
    h->name = put_name(w, object->name, SIZE_MAX);
    h->slot_count = object->slot_count;
    h->stub_count = object->stub_count;
    h->trap = object->trap;
    h->handle = object->handle;
    h->handle_symbol = object->handle ? p->symbol[object->handle_symbol] : 0;
    h->got = from_base(object->got, object->slot_count || h->flags & IMAGE_NEEDS_GOT);
    h->plt = from_base(object->plt, object->stub_count);
    h->tls_image = object->tls_image - PREPARE_BASE;
    h->tls_size = object->tls_size;
    h->tls_file_size = object->tls_file_size;
    h->tls_align = object->tls_align;
    h->unwind_index = block->unwind_index;
    h->frames_end = block->frames_end;
    h->frame_count = block->frame_count;
}

/* Writes, or only measures; in the second walk w->header->table says where names go. */
static void write_all(struct writer *w)
{
    uint64_t names = w->names;

    w->size = sizeof(struct image_header);
    w->names = 1; /* offset 0 is the empty name */
    write_header(w);
    write_sections(w);
    write_symbols(w);
    write_slots(w);
    write_commons(w);
    write_indirect(w);
    write_comdats(w);
    write_demands(w);
    write_streams(w);
    write_own(w);
    begin_table(w, IMAGE_NAMES, w->blob ? names : w->names, 1);
    write_parts(w);
    w->header->size = w->size;
}

static elfin_status too_large(const struct prepare *p, uint64_t size)
{
    elfin_diag *diag = elfin_diag_begin(p->load, p->object, DEFECT_PREPARE_SIZE);

    elfin_diag_value(diag, size);
    return elfin_diag_emit(p->load);
}

elfin_status elfin_prepare_write(struct prepare *p, elfin_image **out)
{
    struct image_header header = { 0 };
    struct writer w = { .p = p, .header = &header };
    uint64_t head = sizeof(elfin_image) + p->block->size / p->load->host->page_size / 8 + 1;
    elfin_image *image;
    elfin_region region;
    elfin_status status;

    head = round_up(head, IMAGE_ALIGN);
    write_all(&w);
    if (w.size > UINT32_MAX)
        return too_large(p, w.size);
    status = elfin_reserve_plain(p->load->host, ELFIN_PURPOSE_RECORDS, head + w.size, &region);
    if (status != ELFIN_OK)
        return elfin_fail(p->load, p->object, defect_as(DEFECT_PREPARE_MEMORY, status));
    memset(region.edit, 0, head + w.size);
    w.blob = (uint8_t *)region.edit + head;
    w.names_to = w.blob + header.table[IMAGE_NAMES].offset;
    write_all(&w);
    memcpy(w.blob, &header, sizeof(header));
    header.checksum = elfin_image_checksum(w.blob, w.size);
    memcpy(w.blob, &header, sizeof(header));
    image = region.edit;
    *image = (elfin_image){ .region = region,
                            .ctx = p->load->host->ctx,
                            .release = p->load->host->release };
    elfin_image_view(&image->view, (struct span){ w.blob, w.size });
    image->written = (uint8_t *)(image + 1);
    elfin_image_note_pages(image);
    *out = image;
    return ELFIN_OK;
}
