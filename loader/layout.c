/* SPDX-License-Identifier: MIT */
/*
 * Phase "layout": every section gets an offset in its block. The sections of a block's objects are
 * gathered by page right, so that rights are exact to the page; each part starts on a page:
 *
 *     text + stubs | constants | read-only after init + slots | data, zero-filled data | init only
 *
 * Room for a slot and a stub is set aside for everything that might turn out to be far.
 */
#include "loader/features.h"
#include "loader/image.h"
#include "loader/program.h"

static elfin_status too_large(struct load *load, const struct object *object, uint32_t section,
                              uint64_t size)
{
    elfin_diag *diag = elfin_diag_begin(load, object, DEFECT_GROUP_TOO_LARGE);

    if (section)
        elfin_diag_section(diag, object, section);
    elfin_diag_value(diag, size);
    elfin_diag_limits(diag, 0, load->host->max_image_size);
    return elfin_diag_emit(load);
}

elfin_status elfin_take(struct cursor *c, uint32_t section, uint64_t align, uint64_t size,
                        uint64_t *offset, uint64_t *gap)
{
    uint64_t start = round_up(c->offset, align);

    if (align > c->limit || start > c->limit || size > c->limit - start)
        return too_large(c->load, c->object, section, size);
    *offset = start;
    *gap = start - c->offset;
    c->offset = start + size;
    if (c->block->align < align)
        c->block->align = align;
    return ELFIN_OK;
}

elfin_status elfin_take_section(struct cursor *c, struct object *object, uint32_t index)
{
    struct section *section = &object->sections[index];
    uint64_t gap = 0;
    elfin_status status;

    c->object = object;
    status = elfin_take(c, index, section->align, section->size, &section->address, &gap);
    section->gap = (uint32_t)gap;
    return status;
}

static elfin_status lay_sections(struct cursor *c, struct object *object, int list)
{
    elfin_status status = ELFIN_OK;

    for (uint32_t i = object->in_part[list]; status == ELFIN_OK && i; i = object->sections[i].next)
        status = elfin_take_section(c, object, i);
    return status;
}

/* COMMON symbols live in the module whose object defines the name. */
static elfin_status lay_commons(struct cursor *c, struct object *object)
{
    elfin_status status = ELFIN_OK;
    uint64_t gap;

    for (uint32_t i = object->first_global;
         object->has_commons && status == ELFIN_OK && i < object->symbol_count; i++) {
        struct symbol *symbol = object->global[i - object->first_global];

        if (is_own_common(object, i) && !symbol->tls)
            status = elfin_take(c, 0, (uint64_t)1 << symbol->align_log2, symbol->size,
                                &symbol->value, &gap);
    }
    return status;
}

/* What the loader adds to a part. */
static elfin_status lay_made(struct cursor *c, struct object *object, int part)
{
    const elfin_host *host = c->load->host;

    c->object = object;
    if (part == ELFIN_PART_RODATA && (object->tls_size || object->holds & HOLDS_TLS))
        return host->threads->lay(c, object);
    return host->slots ? host->slots->lay(c, object, part) : ELFIN_OK;
}

/* A large group waits for memory here: the sections of the object after this one are fetched. */
static void prefetch(const struct object *object, int part)
{
    const struct object *next = object ? object->next_in_block : NULL;

    if (!next)
        return;
    __builtin_prefetch(&next->sections[next->in_part[part]]);
    __builtin_prefetch(&next->sections[next->in_part[part]].next);
}

static elfin_status lay_part(struct cursor *c, int part)
{
    const elfin_host *host = c->load->host;
    struct block *block = c->block;
    elfin_status status = ELFIN_OK;
    struct object *o;

    for (o = block->first; status == ELFIN_OK && o; o = o->next_in_block) {
        if (FOR_SPEED)
            prefetch(o->next_in_block, part);
        status = lay_sections(c, o, part);
        if (status == ELFIN_OK)
            status = lay_made(c, o, part);
    }
    if (status == ELFIN_OK && block->gathered)
        status = host->gathering->lay(c, part);
    if (status == ELFIN_OK && part == ELFIN_PART_RODATA && host->unwind_add)
        status = host->unwinding->lay(c);
    block->part_filled[part] = c->offset - block->part_offset[part];
    if (part != ELFIN_PART_DATA)
        return status;
    for (o = block->first; status == ELFIN_OK && o; o = o->next_in_block) {
        status = lay_sections(c, o, IN_TAIL);
        if (status == ELFIN_OK && o->has_commons)
            status = lay_commons(c, o);
    }
    return status;
}

static elfin_status lay_block(struct load *load, struct block *block, uint64_t limit)
{
    uint64_t page = load->host->page_size;
    struct cursor c = { .load = load, .block = block, .limit = limit };
    elfin_status status = ELFIN_OK;

    if (c.limit > ARCH_BLOCK_LIMIT)
        c.limit = ARCH_BLOCK_LIMIT;
    block->align = page;
    for (int part = 0; status == ELFIN_OK && part < ELFIN_PART_COUNT; part++) {
        block->part_offset[part] = c.offset;
        status = lay_part(&c, part);
        block->part_used[part] = c.offset - block->part_offset[part];
        c.offset = round_up(c.offset, page);
    }
    if (status == ELFIN_OK && c.offset > c.limit)
        return too_large(load, block->first, 0, c.offset);
    block->size = c.offset;
    return status;
}

/* Linked files and images have been laid out. */
static elfin_status lay_any(struct load *load, struct block *block, uint64_t limit)
{
    elfin_status status;

    if (!block->is_program && !block->is_image)
        return lay_block(load, block, limit);
    status = block->is_program ? load->host->programs->layout(load, block)
                               : load->host->images->layout(load, block->first);
    if (status == ELFIN_OK && block->size > limit)
        status = too_large(load, block->first, 0, block->size);
    return status;
}

/* The sections of each part in a list of its own. */
static void list_parts(struct object *object)
{
    uint32_t *end[IN_COUNT];

    for (int list = 0; list < IN_COUNT; list++) {
        object->in_part[list] = 0;
        end[list] = &object->in_part[list];
    }
    for (uint32_t i = object->loaded; i; i = object->sections[i].loaded) {
        struct section *section = &object->sections[i];
        int list = is_tail(section) ? IN_TAIL : section->part;

        if (section->gathered || section->frames || is_tls(section))
            continue;
        section->next = 0;
        *end[list] = i;
        end[list] = &section->next;
    }
}

/* Each block's objects, in their order. */
static void fill_blocks(struct load *load)
{
    for (uint32_t i = 0; i < load->block_count; i++)
        if (!load->blocks[i].reserved) {
            load->blocks[i].first = NULL;
            load->blocks[i].gathered = NULL;
            load->blocks[i].end = &load->blocks[i].first;
        }
    for (struct object *o = load->objects; o; o = o->next) {
        struct block *block = &load->blocks[o->block];

        if (block->reserved)
            continue;
        o->next_in_block = NULL;
        *block->end = o;
        block->end = &o->next_in_block;
    }
    if (load->gathered)
        load->host->gathering->distribute(load);
}

/* All that an object's layout needs to know of others is who defines what. */
static elfin_status plan(struct load *load, struct object *object)
{
    if (load->blocks[object->block].reserved)
        return ELFIN_OK;
    if (!object->program && !object->image)
        list_parts(object);
    return load->host->slots ? load->host->slots->plan(load, object) : ELFIN_OK;
}

elfin_status elfin_layout(struct load *load)
{
    uint64_t limit = load->host->max_image_size & ~(load->host->page_size - 1);
    elfin_status status = elfin_each_object(load, plan, NULL);

    fill_blocks(load);
    for (uint32_t i = 0; status == ELFIN_OK && i < load->block_count; i++) {
        struct block *block = &load->blocks[i];

        if (!block->reserved)
            status = lay_any(load, block, limit);
        limit -= load->blocks[i].size;
    }
    return status;
}
