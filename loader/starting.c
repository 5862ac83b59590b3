/* SPDX-License-Identifier: MIT */
/* What the phases before init need to know of the code that it will call. */
#include "loader/features.h"
#include "loader/program.h"
#include "libmini/str.h"

/* Linkers' names: .init_array.00101 runs before .init_array.00102, plain .init_array last. */
int32_t elfin_starting_priority(uint32_t type, const char *name)
{
    const char *dot = mini_strrchr(name, '.');
    uint64_t number;

    if (type == SHT_PREINIT_ARRAY)
        return -1;
    if (dot && mini_parse_u64(dot + 1, mini_strlen(dot + 1), &number) && number < 65536)
        return (int32_t)number;
    return 65536;
}

uint64_t elfin_starting_count(const struct load *load, const struct object *object)
{
    uint64_t count = (uint64_t)(object->exit != 0) + (object->handle_symbol != 0);

    if (load->options->flags & ELFIN_LOAD_NO_INIT)
        return 0;
    if (object->program)
        count += 1 + object->program->value[DYNAMIC_FINI_ARRAYSZ] / 8;
    for (uint32_t i = object->holds & HOLDS_ARRAYS ? object->loaded : 0; i;
         i = object->sections[i].loaded)
        if (object->sections[i].type == SHT_FINI_ARRAY)
            count += object->sections[i].size / 8;
    return count;
}

struct symbol *elfin_find_symbol(const struct load *load, struct name name)
{
    return elfin_names_find(load->shards ? &load->shards[shard_of(name.hash, load->shard_count)]
                                         : &load->symbols,
                            name);
}

/*
 * __dso_handle identifies a module to __cxa_atexit. Linkers take it from crtbegin.o; here each
 * object gets its own, unless the group defines one (see resolve.c). It is mentioned where
 * something has to be undone at unload, which takes __cxa_finalize.
 */
elfin_status elfin_symbols_finalize(struct load *load, struct object *object)
{
    struct name name = elfin_name(FINALIZE_NAME);

    object->finalize = elfin_enter_name(load, object, 0, &name, 1);
    if (!object->finalize)
        return elfin_bad_symbol(load, object, object->handle_symbol,
                                defect_as(DEFECT_FINALIZE_MEMORY, elfin_enter_failure(load)));
    elfin_refer(load, object->finalize, object, 0, false);
    return ELFIN_OK;
}

/*
 * Who mentions __dso_handle without a definition in the group gets one of its own, like
 * _GLOBAL_OFFSET_TABLE_, and what it gives to __cxa_atexit will be undone by __cxa_finalize.
 */
void elfin_starting_handles(struct load *load)
{
    struct symbol *symbol = elfin_find_symbol(load, elfin_name("__dso_handle"));
    bool own = !symbol || symbol->state != SYMBOL_UNDEFINED;

    for (struct object *o = load->objects; o; o = o->next) {
        if (o->handle_symbol && (own || !o->use[o->handle_symbol])) {
            o->handle_symbol = 0;
        } else if (o->handle_symbol) {
            o->global[o->handle_symbol - o->first_global] = NULL;
            o->finalize->used = o->finalize->finalizes = true;
        }
    }
    if (!own)
        symbol->state = SYMBOL_ZERO;
}

/* They are the tail of the block, or, if only init needed it, the whole. */
static void free_init_parts(const elfin_host *host, struct elfin_block *block)
{
    uint64_t offset = block->part[ELFIN_PART_INIT_TEXT].offset;

    if (offset)
        host->trim(host->ctx, &block->region, offset);
    else
        host->release(host->ctx, &block->region);
    block->region.size = offset;
    block->init_freed = true;
}

static void starting_finish(struct load *load)
{
    const elfin_host *host = load->host;

    if (load->options->flags & ELFIN_LOAD_NO_INIT || !host->trim)
        return;
    if (host->debugging)
        host->debugging->trim(host, load->group);
    for (uint32_t i = 0; i < load->group->block_count; i++) {
        struct elfin_block *block = &load->group->blocks[i];

        if (block->part[ELFIN_PART_INIT_TEXT].size | block->part[ELFIN_PART_INIT_DATA].size)
            free_init_parts(host, block);
    }
}

const struct elfin_starting elfin_starting = {
    .priority = elfin_starting_priority,
    .handles = elfin_starting_handles,
    .finalize = elfin_symbols_finalize,
    .order = elfin_init_order,
    .count = elfin_starting_count,
    .run = elfin_init_run,
    .finish = starting_finish,
    .end = elfin_final_run,
};
