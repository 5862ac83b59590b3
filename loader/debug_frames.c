/* SPDX-License-Identifier: MIT */
/*
 * A sorted index of a module's unwind table, for walks over stacks (walk_stack.c), where neither
 * the loader (unwind.c, for hosts that have elfin_host.unwind_add) nor a linker has made one.
 */
#include "loader/debug_frames.h"
#include "libmini/sort.h"

/* The relocated bytes, through the edit pointers of the module's blocks. */
static bool read_edit(void *ctx, uint64_t address, void *bytes, size_t size)
{
    const struct elfin_group *group = ctx;

    for (uint32_t i = 0; i < group->block_count; i++) {
        const elfin_region *region = &group->blocks[i].region;
        uint64_t offset = address - region->run;

        if (offset > region->size || size > region->size - offset)
            continue;
        memcpy(bytes, (const uint8_t *)region->edit + offset, size);
        return true;
    }
    return false;
}

/* Where the first section of that name lies; false: it is not in memory. */
static bool find_table(const struct debug_object *object, const char *name, uint64_t *address,
                       uint64_t *size)
{
    uint32_t index = elfin_debug_find_section(object, name);
    struct elf_section section;

    if (!index)
        return false;
    section = debug_section(object, index);
    *size = section.sh_size;
    *address = object->addresses ? object->addresses[index] : section.sh_addr + object->bias;
    return object->addresses ? *address != 0 : section.sh_flags & SHF_ALLOC;
}

/* Counts the rows that there are, and writes up to `limit` of them. */
static uint32_t list_rows(const struct elfin_group *group, const elfin_code *code,
                          struct eh_row *rows, uint32_t limit)
{
    const elfin_walker walker = { .ctx = (void *)(uintptr_t)group, .read = read_edit };
    struct frames_reader r = { .walker = &walker };
    struct frames_record record;
    uint64_t at = code->frames, fde;
    uint32_t count = 0;

    while (r.steps = FRAMES_STEPS, elfin_frames_next(&r, code, &at, &fde)) {
        int64_t distance;

        if (!elfin_frames_open(&r, code, fde, &record) || record.code_size == 0)
            continue;
        distance = (int64_t)(record.code - code->frames);
        if (distance != (int32_t)distance || fde - code->frames > INT32_MAX)
            continue;
        if (count < limit)
            rows[count] = (struct eh_row){ (int32_t)distance, (int32_t)(fde - code->frames) };
        count++;
    }
    return count;
}

static int by_distance(const void *a, const void *b, void *ctx)
{
    const struct eh_row *x = a, *y = b;

    (void)ctx;
    if (x->code != y->code)
        return x->code < y->code ? -1 : 1;
    return x->record < y->record ? -1 : x->record > y->record;
}

static void *frames_add(const struct debug_object *object)
{
    const struct elfin_group *group = object->module->group;
    struct module_frames *m;
    elfin_code code = { 0 };
    elfin_region region;
    uint32_t count = 0;
    bool has_index;

    if (object->host->unwind_add && object->addresses)
        return NULL; /* unwind.c makes one for the whole block */
    if (!find_table(object, ".eh_frame", &code.frames, &code.frames_size))
        return NULL;
    has_index =
        !object->addresses && find_table(object, ".eh_frame_hdr", &code.index, &code.index_size);
    if (!has_index) {
        code.index_size = 0;
        count = list_rows(group, &code, NULL, 0);
    }
    if (elfin_reserve_plain(object->host, ELFIN_PURPOSE_RECORDS,
                            sizeof(*m) + (uint64_t)count * sizeof(struct eh_row),
                            &region) != ELFIN_OK)
        return NULL;
    m = region.edit;
    *m = (struct module_frames){ .region = region, .code = code };
    m->count = count;
    if (count)
        list_rows(group, &code, module_frames_rows(m), count);
    mini_sort(module_frames_rows(m), m->count, sizeof(struct eh_row), by_distance, NULL);
    return m;
}

static void frames_remove(const elfin_host *host, void *data)
{
    elfin_region region = ((struct module_frames *)data)->region;

    host->release(host->ctx, &region);
}

const struct debug_part elfin_debug_frames = { .add = frames_add, .remove = frames_remove };
