/* SPDX-License-Identifier: MIT */
#include "tests/images/world.h"

#include <stdlib.h>
#include <string.h>

enum {
    TLS_SIZE = 1 << 20,
    FINALIZE_AT = 0x1000,
    UNWRITTEN = 0xa5, /* nobody may count on zeros */
};

static elfin_status reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    (void)ctx;
    *out = (elfin_region){ .size = request->size, .edit = malloc(request->size) };
    if (!out->edit)
        return ELFIN_ERR_MEMORY;
    memset(out->edit, UNWRITTEN, request->size);
    out->run = request->purpose == ELFIN_PURPOSE_IMAGE ? request->low : (uintptr_t)out->edit;
    return ELFIN_OK;
}

static void release(void *ctx, const elfin_region *region)
{
    (void)ctx;
    free(region->edit);
}

static bool resolve(void *ctx, const char *name, uint64_t *address)
{
    const struct world *world = ctx;
    const struct import *import = subject_import(world->subject, name);

    if (!import && strcmp(name, "__cxa_finalize") == 0) { /* the loader's own wish */
        *address = FINALIZE_AT;
        return true;
    }
    if (!import || import->is_tls || !import->address[world->set])
        return false;
    *address = import->address[world->set];
    return true;
}

elfin_host world_host(struct world *world)
{
    elfin_host host = ELFIN_HOST_INIT;

    host.flags = ELFIN_HOST_NO_RIGHTS;
    host.ctx = world;
    host.reserve = reserve;
    host.release = release;
    host.resolve = resolve;
    host.max_image_size = UINT64_C(2) << 30;
    host.tls_size = TLS_SIZE;
    host.tls_align = 4096;
    host.images = &elfin_images;
    host.rebinding = &elfin_rebinding;
    return host;
}

void world_open(struct world *world, const struct subject *subject, unsigned set)
{
    elfin_host host = world_host(world);
    size_t count = 0;

    *world = (struct world){ .subject = subject, .set = set };
    world->variables = calloc(subject->import_count + 1, sizeof(*world->variables));
    for (size_t i = 0; i < subject->import_count; i++)
        if (subject->imports[i].is_tls)
            world->variables[count++] =
                (elfin_export){ subject->imports[i].name, subject->imports[i].address[set] };
    if (elfin_space_init(&world->space, &host) != ELFIN_OK ||
        (count && elfin_space_export_tls(&world->space, world->variables, count) != ELFIN_OK))
        abort();
}

void world_close(struct world *world)
{
    if (elfin_space_destroy(&world->space) != ELFIN_OK)
        abort();
    free(world->variables);
}

elfin_options world_options(uint32_t flags)
{
    elfin_options options = ELFIN_OPTIONS_INIT;

    options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_KEEP_SECTIONS | ELFIN_LOAD_PUBLISH | flags;
    return options;
}

elfin_input world_input(const elfin_input *input, uint64_t at)
{
    elfin_input placed = *input;

    placed.flags = ELFIN_INPUT_AT;
    placed.at = at;
    return placed;
}

elfin_group *world_load(struct world *world, const elfin_input *input, uint64_t at, uint32_t flags)
{
    elfin_options options = world_options(flags);
    elfin_input placed = world_input(input, at);
    elfin_group *group = NULL;

    world->status = elfin_load(&world->space, &placed, 1, &options, &group, &world->diag);
    return world->status == ELFIN_OK ? group : NULL;
}
