/* SPDX-License-Identifier: MIT */
/* Debug data: made with a group or for a module that is loaded already, given back with the group.
 */
#include "loader/debug_frames.h"
#include "loader/debug_symbols.h"

static const struct debug_part *const parts[DEBUG_PARTS] = {
    [DEBUG_GDB] = &elfin_debug_gdb,
    [DEBUG_SYMBOLS] = &elfin_debug_symbols,
    [DEBUG_LINES] = &elfin_debug_lines,
    [DEBUG_FRAMES] = &elfin_debug_frames,
};

static elfin_status add_parts(struct elfin_module *module, const struct debug_object *object)
{
    elfin_region region;
    elfin_status status = elfin_reserve_plain(object->host, ELFIN_PURPOSE_RECORDS,
                                              sizeof(struct module_debug), &region);

    if (status != ELFIN_OK)
        return status;
    module->debug = region.edit;
    *module->debug = (struct module_debug){ .region = region };
    for (uint32_t i = 0; i < DEBUG_PARTS; i++)
        if (parts[i] && object->host->debug & 1u << i)
            module->debug->part[i] = parts[i]->add(object);
    return ELFIN_OK;
}

static void remove_parts(const elfin_host *host, struct elfin_module *module)
{
    elfin_region region;

    if (!module->debug)
        return;
    for (uint32_t i = DEBUG_PARTS; i-- > 0;)
        if (module->debug->part[i])
            parts[i]->remove(host, module->debug->part[i]);
    region = module->debug->region;
    module->debug = NULL;
    host->release(host->ctx, &region);
}

/* Of an object that is being loaded: where its sections lie. NULL: there is no memory. */
static uint64_t *find_addresses(struct arena *work, const struct object *object)
{
    uint64_t *addresses = elfin_arena_get(work, object->section_count, sizeof(*addresses));

    for (uint32_t i = object->loaded; addresses && i; i = object->sections[i].loaded)
        addresses[i] = object->sections[i].address;
    return addresses;
}

static void attach_object(const struct load *load, const struct object *o)
{
    struct arena work;
    struct debug_object object = { .host = load->host, .module = o->module, .work = &work };

    if (!load->host->debug || o->image || elfin_debug_open(&object, o->file) != ELFIN_OK)
        return;
    elfin_arena_init(&work, load->host);
    if (object.type == ET_REL)
        object.addresses = find_addresses(&work, o);
    else
        object.bias = section_base(o, 1); /* the anchor: see DESIGN.md */
    if (object.type != ET_REL || object.addresses)
        add_parts(o->module, &object);
    elfin_arena_release(&work);
}

static void debugging_attach(struct load *load)
{
    for (struct object *o = load->objects; o; o = o->next)
        attach_object(load, o);
    elfin_debug_index_add(load->space, load->group);
}

static void debugging_trim(const elfin_host *host, elfin_group *group)
{
    elfin_debug_index_trim(group);
    for (uint32_t m = 0; m < group->module_count; m++) {
        struct elfin_module *module = &group->modules[m];

        for (uint32_t i = 0; module->debug && i < DEBUG_PARTS; i++)
            if (module->debug->part[i] && parts[i]->trim)
                parts[i]->trim(host, module, module->debug->part[i]);
    }
}

static void forget_group(const elfin_host *host, elfin_group *group)
{
    elfin_debug_index_remove(host, group);
    for (uint32_t m = 0; m < group->module_count; m++)
        remove_parts(host, &group->modules[m]);
}

static void debugging_detach(const elfin_host *host, elfin_group *group)
{
    elfin_trace_detached(host, group);
    forget_group(host, group);
}

const struct elfin_debugging elfin_debugging = {
    .attach = debugging_attach,
    .trim = debugging_trim,
    .detach = debugging_detach,
    .adopt = elfin_debug_attach,
    .loaded = elfin_trace_loaded,
    .bound = elfin_trace_bound,
};

void elfin_debug_detach(elfin_space *space)
{
    for (elfin_group *g = space->host.debugging ? space->first : NULL; g; g = g->next)
        forget_group(&space->host, g);
}

uint32_t elfin_module_debug(const elfin_module *module)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; module && module->debug && i < DEBUG_PARTS; i++)
        if (module->debug->part[i])
            kept |= 1u << i;
    return kept;
}

/* The section of the module is in the file. */
static bool is_same(const struct debug_object *object, const struct module_section *s)
{
    struct elf_section section;
    uint64_t flags = SHF_ALLOC;

    if (s->index <= 0 || (uint32_t)s->index >= object->section_count)
        return false;
    section = debug_section(object, (uint32_t)s->index);
    if (s->part == ELFIN_PART_TEXT || s->part == ELFIN_PART_INIT_TEXT)
        flags |= SHF_EXECINSTR;
    if (s->tls)
        flags |= SHF_TLS;
    return section.sh_size == s->size && (section.sh_type == SHT_NOBITS) == s->zero_filled &&
           (section.sh_flags & (SHF_ALLOC | SHF_EXECINSTR | SHF_TLS)) == flags;
}

static elfin_status match(struct debug_object *object, struct arena *work)
{
    const struct elfin_module *module = object->module;
    uint64_t *addresses = elfin_arena_get(work, object->section_count, sizeof(*addresses));

    if (!addresses)
        return work->status;
    for (uint32_t i = 0; i < module->section_count; i++) {
        const struct module_section *s = &module->sections[i];

        if (s->index < 0) /* made by the loader */
            continue;
        if (!is_same(object, s))
            return ELFIN_ERR_SECTION;
        addresses[s->index] = s->address;
    }
    object->addresses = addresses;
    return ELFIN_OK;
}

elfin_status elfin_debug_attach(elfin_space *space, elfin_module *module, const void *data,
                                size_t size)
{
    struct arena work;
    struct debug_object object = { .module = module, .work = &work };
    elfin_status status;

    if (!space || !module || !data || !space->host.debugging || module->debug)
        return ELFIN_ERR_ARGUMENT;
    if (!module->section_count)
        return ELFIN_ERR_NOT_FOUND;
    object.host = &space->host;
    status = elfin_debug_open(&object, (struct span){ .data = data, .size = size });
    if (status == ELFIN_OK && object.type != ET_REL)
        status = ELFIN_ERR_HEADER;
    if (status != ELFIN_OK)
        return status;
    elfin_arena_init(&work, object.host);
    status = match(&object, &work);
    if (status == ELFIN_OK)
        status = add_parts(module, &object);
    if (status == ELFIN_OK && !module->group->index)
        elfin_debug_index_add(space, module->group);
    elfin_arena_release(&work);
    return status;
}
