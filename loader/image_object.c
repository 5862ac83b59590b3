/* SPDX-License-Identifier: MIT */
/*
 * An image as an object of a load: what the phases up to layout find out about an object is read
 * out of the blob. Nothing here checks anything: elfin_image_check has.
 */
#include "loader/image.h"

static void open_section(struct object *object, uint32_t index)
{
    const struct image *image = object->image;
    struct image_section s = image_section(image, index);
    const struct image_part *part = &image->header.part[s.part];

    object->sections[index] = (struct section){
        .offset = s.type == SHT_NOBITS ? 0 : part->content + (s.address - part->offset),
        .size = s.size,
        .flags = (uint32_t)s.flags,
        .align = s.align,
        .address = s.address,
        .type = s.type,
        .name = s.name,
        .info = s.index,
        .priority = s.priority,
        .part = (int8_t)s.part,
        .frames = s.frames,
        .named = (uint8_t)elfin_section_named((const char *)object->section_names.data + s.name),
    };
}

/* Sections of unwind tables have to be where the host's kind of layout puts them. */
static elfin_status open_sections(struct load *load, struct object *object)
{
    object->section_count = object->image->section_count;
    object->sections =
        elfin_arena_get(&load->work, object->section_count, sizeof(*object->sections));
    if (!object->sections)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
    object->sections[0].part = PART_NONE;
    object->sections[0].info = IMAGE_ANCHOR; /* what demands count from: see elfin_measure */
    for (uint32_t i = IMAGE_ANCHOR; i < object->section_count; i++) {
        struct section *section = &object->sections[i];

        open_section(object, i);
        if (!section->frames && section->size && elfin_is_frames(load, section))
            return elfin_fail_section(load, object, i, DEFECT_IMAGE_FRAMES);
        section->frames = section->frames && load->host->unwind_add;
    }
    list_loaded(object);
    return ELFIN_OK;
}

/* COMDAT groups: the image's own are in it, whether they come first or not. */
static elfin_status open_comdats(struct load *load, struct object *object)
{
    const struct image *image = object->image;

    for (uint64_t i = 0; i < image->header.table[IMAGE_COMDATS].count; i++) {
        const char *name =
            (const char *)image->table[IMAGE_NAMES].data + span_u32(image->table[IMAGE_COMDATS], i);
        bool lost = false;
        elfin_status status = elfin_comdat_enter(load, object, name, &lost);

        if (status != ELFIN_OK)
            return status;
        if (lost) {
            elfin_diag *diag = elfin_diag_begin(load, object, DEFECT_IMAGE_GROUP);

            elfin_copy_name(diag->symbol, name);
            return elfin_diag_emit(load);
        }
    }
    return ELFIN_OK;
}

/* From bytes: proven now. */
static elfin_status view(struct load *load, struct object *object)
{
    struct image *image = elfin_arena_get(&load->work, 1, sizeof(*image));
    uint64_t where = 0;
    uint32_t defect;

    if (!image)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
    defect = elfin_image_check(image, object->file, &where);
    object->image = image;
    return defect ? elfin_fail_at(load, object, where, defect) : ELFIN_OK;
}

elfin_status elfin_image_object_open(struct load *load, struct object *object)
{
    struct block *block = &load->blocks[object->block];
    const struct image_header *h;
    elfin_status status = ELFIN_OK;

    if (object->archive)
        return elfin_fail_at(load, object, 0, DEFECT_MEMBER_LINKED);
    if (object->input->image)
        object->image = &object->input->image->view;
    else
        status = view(load, object);
    if (status != ELFIN_OK)
        return status;
    h = &object->image->header;
    if (h->page_size & (load->host->page_size - 1))
        return elfin_fail(load, object, DEFECT_IMAGE_PAGES);
    if ((h->tls_size || h->flags & IMAGE_HAS_TLS) && !load->host->threads)
        return elfin_fail(load, object, DEFECT_NO_THREADS);
    if (h->table[IMAGE_INDIRECT].count && !load->host->indirects)
        return elfin_fail(load, object, DEFECT_NO_INDIRECTS);
    object->file = object->image->blob;
    object->section_names = object->symbol_names = object->image->table[IMAGE_NAMES];
    object->symbols = object->image->table[IMAGE_SYMBOLS];
    object->extended_indices = object->image->table[IMAGE_SECTION_INDICES];
    object->symbol_count = object->image->symbol_count;
    object->first_global = h->first_global;
    object->name = (const char *)object->section_names.data + h->name;
    object->needs_got = h->flags & IMAGE_NEEDS_GOT;
    object->tls_size = h->tls_size;
    object->tls_file_size = h->tls_file_size;
    object->tls_align = h->tls_align;
    block->is_image = true;
    load->alone = load->is_single && object->input->image && is_private(load, object);
    load->has_floating |= !block->has_at;
    status = open_sections(load, object);
    return status == ELFIN_OK ? open_comdats(load, object) : status;
}

/* ---- Scan -------------------------------------------------------------------------------------
 */

static elfin_status open_demands(struct load *load, struct object *object)
{
    const struct image *image = object->image;
    uint64_t count = image->header.table[IMAGE_DEMANDS].count;
    struct demand *demands = elfin_arena_get(&load->work, count, sizeof(*demands));

    if (!demands)
        return elfin_fail_memory(load, ELFIN_PHASE_SCAN, object);
    for (uint64_t i = 0; i < count; i++) {
        struct image_demand d;

        span_record(image->table[IMAGE_DEMANDS], i, &d, sizeof(d));
        demands[i] = (struct demand){ .least = d.least,
                                      .most = d.most,
                                      .symbol = d.symbol,
                                      .type = d.type,
                                      .use = d.use,
                                      .term = d.term };
        *object->demands_end = &demands[i];
        object->demands_end = &demands[i].next;
    }
    return ELFIN_OK;
}

/* Which symbols the image exports; each name knows whether anybody does. */
static elfin_status open_exported(struct load *load, struct object *object)
{
    const struct image *image = object->image;
    uint64_t count = image->header.table[IMAGE_EXPORTED].count;

    if (!(image->header.flags & IMAGE_EXPORT_RECORDS))
        return ELFIN_OK;
    object->exported = elfin_arena_get(&load->work, count, 1);
    if (!object->exported)
        return elfin_fail_memory(load, ELFIN_PHASE_SCAN, object);
    for (uint64_t i = 0; i < count; i++) {
        object->exported[i] = image->table[IMAGE_EXPORTED].data[i];
        if (object->exported[i] && object->global[i])
            __atomic_store_n(&object->global[i]->exported, true, __ATOMIC_RELAXED);
    }
    return ELFIN_OK;
}

elfin_status elfin_image_object_scan(struct load *load, struct object *object)
{
    const struct image *image = object->image;
    elfin_status status;

    for (uint32_t i = 1; i < object->symbol_count; i++)
        object->use[i] |= elfin_image_use(image, i) & (uint16_t)~IMAGE_BOUND;
    object->has_tls = image->header.flags & IMAGE_HAS_TLS;
    status = open_demands(load, object);
    return status == ELFIN_OK ? open_exported(load, object) : status;
}

/* ---- Layout -----------------------------------------------------------------------------------
 */

/* COMMON symbols that the group has given to the image lie where it has room for them. */
static void lay_commons(const struct object *object, bool tls)
{
    const struct image *image = object->image;

    for (uint64_t i = 0; i < image->header.table[IMAGE_COMMONS].count; i++) {
        struct image_common row;
        struct symbol *symbol;

        span_record(image->table[IMAGE_COMMONS], i, &row, sizeof(row));
        symbol = object->global[row.symbol - object->first_global];
        if (symbol && is_own_common(object, row.symbol) && symbol->tls == tls)
            symbol->value = row.offset;
    }
}

static void measure_commons(struct object *object)
{
    const struct image *image = object->image;

    object->commons_start = UINT64_MAX;
    for (uint64_t i = 0; i < image->header.table[IMAGE_COMMONS].count; i++) {
        struct image_common row;
        struct elf_symbol elf;

        span_record(image->table[IMAGE_COMMONS], i, &row, sizeof(row));
        elf = elfin_read_symbol(object, row.symbol);
        if (elf_symbol_type(&elf) == STT_TLS)
            continue;
        if (object->commons_start > row.offset)
            object->commons_start = row.offset;
        if (object->commons_end < row.offset + elf.st_size)
            object->commons_end = row.offset + elf.st_size;
    }
}

void elfin_image_object_measure(const struct object *object)
{
    lay_commons(object, true);
}

static elfin_status lay_indirect(struct load *load, struct object *object)
{
    const struct image *image = object->image;
    uint32_t count = (uint32_t)image->header.table[IMAGE_INDIRECT].count;

    object->indirect = elfin_arena_get(&load->work, count, sizeof(*object->indirect));
    if (!object->indirect)
        return elfin_fail_memory(load, ELFIN_PHASE_LAYOUT, object);
    for (uint32_t k = 0; k < count; k++)
        object->indirect[k] = span_u32(image->table[IMAGE_INDIRECT], k);
    object->indirect_count = count;
    return ELFIN_OK;
}

/* What fix-up counts in; and by symbol, for records that the host wants kept. */
static elfin_status lay_slots(struct load *load, struct object *object)
{
    const struct image *image = object->image;
    uint64_t count = image->header.table[IMAGE_SLOTS].count;
    bool keep = load->options->flags & (ELFIN_LOAD_KEEP_SECTIONS | ELFIN_LOAD_REBIND);

    object->image_slots = elfin_arena_get(&load->work, count, sizeof(*object->image_slots));
    if (keep) {
        object->slot = elfin_arena_get(&load->work, object->symbol_count, sizeof(uint32_t));
        object->stub = elfin_arena_get(&load->work, object->symbol_count, sizeof(uint32_t));
    }
    if (!object->image_slots || (keep && (!object->slot || !object->stub)))
        return elfin_fail_memory(load, ELFIN_PHASE_LAYOUT, object);
    for (uint64_t i = 0; keep && i < count; i++) {
        struct image_slot row;

        span_record(image->table[IMAGE_SLOTS], i, &row, sizeof(row));
        object->slot[row.symbol] = row.slot & ~ARCH_IN_USE;
        object->stub[row.symbol] = row.stub & ~ARCH_IN_USE;
    }
    return ELFIN_OK;
}

elfin_status elfin_image_object_layout(struct load *load, struct object *object)
{
    const struct image_header *h = &object->image->header;
    struct block *block = &load->blocks[object->block];
    elfin_status status;

    object->slot_count = h->slot_count;
    object->stub_count = h->stub_count;
    object->trap = h->trap;
    object->handle = h->handle;
    object->got = h->got;
    object->plt = h->plt;
    object->tls_image = h->tls_image;
    block->size = h->block_size;
    block->align = h->block_align;
    for (int part = 0; part < ELFIN_PART_COUNT; part++) {
        block->part_offset[part] = h->part[part].offset;
        block->part_used[part] = h->part[part].used;
        block->part_filled[part] = h->part[part].filled;
    }
    if (object->has_frames) {
        block->unwind_index = h->unwind_index;
        block->frames_end = h->frames_end;
        block->frame_count = h->frame_count;
    }
    for (uint32_t i = IMAGE_ANCHOR; i < object->section_count; i++)
        object->sections[i].address = image_section(object->image, i).address;
    lay_commons(object, false);
    if (load->alone)
        measure_commons(object);
    status = lay_indirect(load, object);
    return status == ELFIN_OK ? lay_slots(load, object) : status;
}
