/* SPDX-License-Identifier: MIT */
/*
 * The host's area of static thread-local storage: who has which bytes of it. Places are counted
 * downwards from the thread pointer, so that the first gap is the nearest one, and a module that is
 * alone gets exactly what a static linker gives it. The blocks of a group follow each other: one
 * gap has to be found, in a list of groups that is in the order of places.
 */
#include "loader/features.h"

static elfin_status refused(struct load *load, const struct object *object, uint64_t value,
                            uint64_t high, uint32_t defect)
{
    elfin_diag *diag = elfin_diag_begin(load, object, defect);

    elfin_diag_value(diag, value);
    elfin_diag_limits(diag, 0, high);
    return elfin_diag_emit(load);
}

static elfin_status no_area(struct load *load, const struct object *object)
{
    elfin_diag *diag = elfin_diag_begin(load, object, DEFECT_TLS_NO_AREA);

    for (uint32_t i = object->section_count; i-- > 1;)
        if (is_tls(&object->sections[i]) && object->sections[i].size)
            elfin_diag_section(diag, object, i);
    return elfin_diag_emit(load);
}

static elfin_status measure_block(struct load *load, struct object *object)
{
    return elfin_tls_measure(load, object);
}

/* Sets the distance of each block from the group's start; *size and *align are the group's. */
static elfin_status lay_blocks(struct load *load, uint64_t *size, uint64_t *align)
{
    for (struct object *o = load->objects; o; o = o->next) {
        if (!o->tls_size)
            continue;
        if (!load->host->tls_size)
            return no_area(load, o);
        if (o->tls_align > load->host->tls_align)
            return refused(load, o, o->tls_align, load->host->tls_align, DEFECT_TLS_ALIGNMENT);
        /* No overflow: at most 2 GiB each, and the sum has passed the test below. */
        *size = round_up(*size + o->tls_size, o->tls_align);
        if (*size > load->host->tls_size)
            return refused(load, o, *size, load->host->tls_size, DEFECT_TLS_AREA_SIZE);
        o->tls_offset = *size;
        if (*align < o->tls_align)
            *align = o->tls_align;
    }
    return ELFIN_OK;
}

/* The first gap from the thread pointer down; false if there is none. *largest: the largest gap. */
static bool find_gap(const struct load *load, uint64_t size, uint64_t align, uint64_t *start,
                     uint64_t *largest)
{
    const elfin_group *next = load->space->first_tls;
    uint64_t from = 0;

    for (;; next = next->next_tls) {
        uint64_t end = next ? next->tls_start : load->host->tls_size;

        if (*largest < end - from)
            *largest = end - from;
        *start = round_up(from, align);
        if (*start <= end && size <= end - *start)
            return true;
        if (!next)
            return false;
        from = next->tls_end;
    }
}

static void place_commons(const struct object *object)
{
    for (uint32_t i = object->first_global; object->has_commons && i < object->symbol_count; i++) {
        struct symbol *symbol = object->global[i - object->first_global];

        if (is_own_common(object, i) && symbol->tls)
            symbol->value += object->tls_offset;
    }
}

static elfin_status threads_place(struct load *load)
{
    uint64_t size = 0, align = 1, start = 0, largest = 0;
    elfin_status status = elfin_each_object(load, measure_block, NULL);

    if (status != ELFIN_OK || !elfin_has_tls(load) ||
        (status = lay_blocks(load, &size, &align)) != ELFIN_OK)
        return status;
    if (size && !find_gap(load, size, align, &start, &largest))
        return refused(load, load->objects, size, largest, DEFECT_TLS_AREA_FULL);
    load->tls_start = start;
    load->tls_end = start + size;
    for (struct object *o = load->objects; o; o = o->next) {
        o->tls_offset = 0 - (start + o->tls_offset);
        place_commons(o);
    }
    return elfin_tls_check(load);
}

static void attach(struct load *load, const struct object *object)
{
    const elfin_region *region = &load->blocks[object->block].region;
    elfin_tls *tls = &object->module->tls;

    *tls = (elfin_tls){ .module = object->module,
                        .offset = (int64_t)object->tls_offset,
                        .size = object->tls_size,
                        .file_size = object->tls_file_size,
                        .align = object->tls_align,
                        .run = object->tls_image };
    if (tls->file_size)
        tls->image = (const uint8_t *)region->edit + (object->tls_image - region->run);
    if (load->host->tls_attach)
        load->host->tls_attach(load->host->ctx, tls);
}

static void threads_attach(struct load *load)
{
    for (const struct object *o = load->objects; o; o = o->next)
        if (o->tls_size)
            attach(load, o);
    load->group->tls_start = load->tls_start;
    load->group->tls_end = load->tls_end;
    load->group->tls_attached = true;
}

static void threads_detach(const elfin_host *host, elfin_group *group)
{
    for (uint32_t i = group->module_count; group->tls_attached && host->tls_detach && i-- > 0;)
        if (group->modules[i].tls.size)
            host->tls_detach(host->ctx, &group->modules[i].tls);
}

static void threads_publish(elfin_space *space, elfin_group *group)
{
    struct elfin_group **next = &space->first_tls;

    if (group->tls_start == group->tls_end)
        return;
    while (*next && (*next)->tls_start < group->tls_start)
        next = &(*next)->next_tls;
    group->next_tls = *next;
    *next = group;
}

static void threads_withdraw(elfin_space *space, elfin_group *group)
{
    for (struct elfin_group **next = &space->first_tls; *next; next = &(*next)->next_tls)
        if (*next == group) {
            *next = group->next_tls;
            return;
        }
}

/* The initial image of thread-local data: one piece, in which the sections have their offsets. */
static elfin_status threads_lay(struct cursor *c, struct object *object)
{
    uint64_t before = object->tls_image; /* of an earlier layout, or 0 */
    elfin_status status = ELFIN_OK;

    object->tls_image = round_up(c->offset, object->tls_align); /* of zero-filled data: a label */
    if (object->tls_file_size)
        status = elfin_take(c, 0, object->tls_align, object->tls_file_size, &object->tls_image,
                            &object->tls_gap);
    for (uint32_t i = first_tls(object); status == ELFIN_OK && i; i = object->sections[i].loaded)
        if (is_tls(&object->sections[i]))
            object->sections[i].address += object->tls_image - before;
    return status;
}

elfin_status elfin_space_export_tls(elfin_space *space, const elfin_export *exports, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (exports[i].address + TLS_SIZE_LIMIT >= 2 * TLS_SIZE_LIMIT)
            return ELFIN_ERR_ARGUMENT;
    if (!space->host.threads)
        return ELFIN_ERR_ARGUMENT;
    return elfin_export_rows(space, exports, count, ITEM_ROW_TLS);
}

const struct elfin_threads elfin_threads = {
    .arch = &elfin_arch_tls,
    .measure = elfin_tls_measure,
    .place = threads_place,
    .lay = threads_lay,
    .attach = threads_attach,
    .detach = threads_detach,
    .publish = threads_publish,
    .withdraw = threads_withdraw,
};
