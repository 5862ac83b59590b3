/* SPDX-License-Identifier: MIT */
/*
 * Phase "copy + fix up" of an image: its parts are copied, its own addresses moved, its imports
 * bound. What does not depend on where it lies, or on whom it uses, costs a copy.
 */
#include "loader/image.h"
#include "libmini/sort.h"

enum {
    PIECE = 32 << 10, /* bytes copied at a time: they are still in the cache when they are fixed */
    FUSED = 16,       /* runs that are followed while their parts are copied; the others wait */
    FIELD = 8         /* the longest */
};

/* Runs of own addresses: an honest image has one for each type and part. */
struct own_runs {
    struct arch_cursor cursor[FUSED];
    uint8_t part[FUSED];
    uint32_t count;
    const uint8_t *rest, *end; /* more of them */
};

static void open_runs(const struct image *image, struct own_runs *own)
{
    struct arch_run run;

    own->count = 0;
    own->rest = own->end = NULL;
    elfin_image_other(image, IMAGE_OWN_BLOCK, &own->rest, &own->end);
    while (own->count < FUSED && elfin_image_next_run(&own->rest, own->end, &run)) {
        own->cursor[own->count] = arch_cursor(&run);
        own->part[own->count++] = (uint8_t)elfin_image_part(image, run.first);
    }
}

static void move_runs(const struct arch_bind *b, struct own_runs *own, int part, uint64_t limit)
{
    for (uint32_t i = 0; i < own->count; i++)
        if (own->part[i] == part)
            elfin_arch_move(b->edit, b->address, &own->cursor[i], limit);
}

/* All but the pages that the host shares between instances. */
static void copy_pages(const struct image *image, int part, const struct arch_bind *b,
                       const uint8_t *shared)
{
    const struct image_part *p = &image->header.part[part];
    uint64_t page = image->header.page_size;

    for (uint64_t done = 0; done < p->filled; done += page) {
        uint64_t number = (p->offset + done) / page;

        if (!(shared[number / 8] & 1u << number % 8))
            memcpy(b->edit + p->offset + done, image->blob.data + p->content + done,
                   p->filled - done < page ? p->filled - done : page);
    }
}

static void copy_part(const struct image *image, int part, const struct arch_bind *b,
                      struct own_runs *own, const uint8_t *shared)
{
    const struct image_part *p = &image->header.part[part];
    const uint8_t *from = image->blob.data + p->content;

    if (shared) {
        copy_pages(image, part, b, shared);
        move_runs(b, own, part, UINT64_MAX);
        return;
    }
    for (uint64_t done = 0; done < p->filled;) {
        uint64_t size = p->filled - done < PIECE ? p->filled - done : PIECE, limit = UINT64_MAX;

        memcpy(b->edit + p->offset + done, from + done, size);
        done += size;
        if (done < p->filled)
            limit = p->offset + done - (FIELD - 1);
        move_runs(b, own, part, limit);
    }
}

/* Every byte of the block is written: contents, moved on the way, then zeros up to the next part.
 */
static void copy_parts(const struct image *image, const struct arch_bind *b, const uint8_t *shared)
{
    const struct image_header *h = &image->header;
    struct own_runs own;
    struct arch_run run;

    open_runs(image, &own);
    for (int i = 0; i < ELFIN_PART_COUNT; i++) {
        const struct image_part *p = &h->part[i];
        uint64_t next = i + 1 < ELFIN_PART_COUNT ? p[1].offset : h->block_size;

        copy_part(image, i, b, &own, shared);
        memset(b->edit + p->offset + p->filled, 0, next - p->offset - p->filled);
    }
    while (elfin_image_next_run(&own.rest, own.end, &run)) {
        struct arch_cursor cursor = arch_cursor(&run);

        elfin_arch_move(b->edit, b->address, &cursor, UINT64_MAX);
    }
}

static void report(struct load *load, const struct object *object, uint32_t symbol,
                   const struct arch_bind *b, uint64_t place)
{
    elfin_diag *diag = elfin_diag_begin(load, object, b->failure.defect);

    elfin_image_diag_field(load, diag, object, symbol, place);
    elfin_diag_value(diag, b->failure.value);
    elfin_diag_limits(diag, b->failure.low, b->failure.high);
    if (b->failure.is_signed)
        diag->have |= ELFIN_DIAG_SIGNED;
    diag->hint = b->failure.hint;
    elfin_diag_emit(load);
}

/* What all symbols of one image are bound with. */
struct binder {
    struct load *load;
    const struct object *object;
    struct arch_bind bind;
    struct image_slot *slots; /* of IMAGE_SLOTS, with what is in use */
    uint64_t slot_count, next_slot;
};

/* The first row that is not before the symbol's. */
static uint64_t seek_slot(const struct binder *b, uint32_t symbol)
{
    uint64_t low = 0, high = b->slot_count;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (b->slots[middle].symbol < symbol)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The symbol's row. Imports come in ascending order, so it is not before the last one's. */
static struct image_slot *slot_of(struct binder *b, uint32_t symbol)
{
    while (b->next_slot < b->slot_count && b->slots[b->next_slot].symbol < symbol)
        b->next_slot++;
    if (b->next_slot == b->slot_count || b->slots[b->next_slot].symbol != symbol)
        return NULL;
    return &b->slots[b->next_slot];
}

static void bind(struct binder *b, uint32_t symbol, const uint8_t *at, const uint8_t *end)
{
    struct image_slot *slot = slot_of(b, symbol);
    uint64_t place;

    b->bind.slot = slot ? slot->slot : 0;
    b->bind.stub = slot ? slot->stub : 0;
    if (elfin_image_bind(&b->bind, at, end, &place) != ELFIN_OK)
        report(b->load, b->object, symbol, &b->bind, place);
    if (slot) {
        slot->slot = b->bind.slot;
        slot->stub = b->bind.stub;
    }
}

/* The streams that are of no import. */
static void bind_others(struct binder *b)
{
    const struct image *image = b->object->image;
    const uint8_t *stream = image->table[IMAGE_STREAM].data;

    for (uint64_t i = 0; i < image->header.table[IMAGE_OTHERS].count; i++) {
        struct image_other row;

        span_record(image->table[IMAGE_OTHERS], i, &row, sizeof(row));
        b->bind.value = b->bind.size = 0;
        if (row.symbol == IMAGE_OWN_BLOCK)
            continue; /* moved as it was copied */
        if (row.symbol == IMAGE_OWN_TLS)
            b->bind.value = b->object->tls_offset;
        else if (row.symbol)
            b->bind.value = elfin_image_symbol(image, row.symbol).st_value;
        b->next_slot = seek_slot(b, row.symbol);
        bind(b, row.symbol, stream + row.start, stream + row.end);
    }
    b->next_slot = 0;
}

static void bind_imports(struct binder *b)
{
    const struct image *image = b->object->image;

    for (uint32_t k = 0; k < image->import_count; k++) {
        const struct symbol *symbol = b->object->global[k];
        const uint8_t *at, *end;

        elfin_image_stream(image, k, &at, &end);
        if (!symbol) /* made for the module: its own address, which has been moved */
            continue;
        b->bind.value = symbol->value;
        b->bind.size = symbol->size;
        bind(b, b->object->first_global + k, at, end);
    }
}

static int by_slot(const void *a, const void *b, void *ctx)
{
    uint32_t x = ((const struct image_slot *)a)->slot & ~ARCH_IN_USE;
    uint32_t y = ((const struct image_slot *)b)->slot & ~ARCH_IN_USE;

    (void)ctx;
    return x < y ? -1 : x > y;
}

static uint64_t stub_run(const struct object *object, uint32_t stub)
{
    return stub & ARCH_IN_USE ? object->plt + ARCH_STUB_SIZE * (uint64_t)((stub & ~ARCH_IN_USE) - 1)
                              : 0;
}

/* As fixup.c does for objects: in the order of their numbers, so that records only move down. */
static void keep_slots(struct binder *b)
{
    const struct object *object = b->object;
    struct elfin_module *module = object->module;

    module->slot_count = object->indirect_count;
    module->stub_count = object->indirect_count + (object->trap != 0);
    if (module->slots)
        mini_sort(b->slots, b->slot_count, sizeof(*b->slots), by_slot, NULL);
    for (uint64_t i = 0; i < b->slot_count; i++) {
        const struct image_slot *row = &b->slots[i];
        uint64_t slot = (row->slot & ~ARCH_IN_USE) - 1;
        struct elfin_slot *kept;

        module->stub_count += (row->stub & ARCH_IN_USE) != 0;
        if (!(row->slot & ARCH_IN_USE))
            continue;
        if (module->slots) {
            kept = &module->slots[object->draft ? slot : module->slot_count];
            *kept = (struct elfin_slot){ .name = module->slots[slot].name,
                                         .address = object->got + ARCH_SLOT_SIZE * slot,
                                         .stub = stub_run(object, row->stub),
                                         .tls = object->use[row->symbol] & USE_TLS_SLOT };
            __builtin_memcpy(&kept->target, edit_at(b->load, object, kept->address),
                             ARCH_SLOT_SIZE);
        }
        module->slot_count++;
    }
}

void elfin_image_fixup(struct load *load, struct object *object)
{
    const elfin_region *region = &load->blocks[object->block].region;
    const struct image *image = object->image;
    struct binder b = {
        .load = load,
        .object = object,
        .slots = object->image_slots,
        .slot_count = image->header.table[IMAGE_SLOTS].count,
    };

    if (!image->header.block_size)
        return; /* it is all names */
    b.bind = elfin_image_binding(image, region->edit, region->run);
    if (b.slot_count)
        memcpy(b.slots, image->table[IMAGE_SLOTS].data, b.slot_count * sizeof(*b.slots));
    copy_parts(image, &b.bind, object->shared);
    if (object->indirect_count)
        load->host->indirects->write(load, object);
    bind_others(&b);
    bind_imports(&b);
    keep_slots(&b);
}
