/* SPDX-License-Identifier: MIT */
/* A space. */
#include <stddef.h>

#include "loader/features.h"

/* What 32-bit displacements span: inside a block everything must reach everything. */
#define IMAGE_SIZE_LIMIT ((uint64_t)2 << 30)

/* Members of a host that others need, by their place in units of 8 bytes. */
#define HOST_WORD(member)    (uint8_t)(offsetof(elfin_host, member) / 8)
#define NEEDS(member, other) HOST_WORD(member), HOST_WORD(other)

/* Parts that need others have them. */
static bool is_complete(const elfin_host *host)
{
    static const uint8_t needs[][2] = {
        { NEEDS(programs, reaching) },        { NEEDS(programs, records) },
        { NEEDS(images, reaching) },          { NEEDS(images, records) },
        { NEEDS(dividing, reaching) },        { NEEDS(reasons, reaching) },
        { NEEDS(starting, users) },           { NEEDS(rebinding, users) },
        { NEEDS(records, starting) },         { NEEDS(unwind_add, unwinding) },
        { NEEDS(tls_size, threads) },         { NEEDS(parallel, sharing) },
        { NEEDS(users, publishing) },         { NEEDS(waiting, publishing) },
        { NEEDS(sharing, publishing) },       { NEEDS(threads, slots) },
        { NEEDS(indirects, slots) },          { NEEDS(starting, slots) },
        { NEEDS(reaching, slots) },           { NEEDS(unwind_add, unwind_remove) },
        { NEEDS(unwind_remove, unwind_add) },
    };
    const uint64_t *words = (const uint64_t *)(const void *)host;

    _Static_assert(sizeof(host->programs) == 8 && sizeof(host->tls_size) == 8, "words");
    for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++)
        if (words[needs[i][0]] && !words[needs[i][1]])
            return false;
    return host->debugging || !host->debug;
}

elfin_status elfin_space_init(elfin_space *space, const elfin_host *host)
{
    uint64_t page, image, tls_align;

    if (!space || !host || host->struct_size != sizeof(*host) || !host->reserve || !host->release ||
        (!host->protect && !(host->flags & ELFIN_HOST_NO_RIGHTS)) || !is_complete(host))
        return ELFIN_ERR_ARGUMENT;
    page = host->page_size ? host->page_size : 4096;
    image = host->max_image_size ? host->max_image_size : (uint64_t)256 << 20;
    tls_align = host->tls_align ? host->tls_align : 16;
    if (!is_power_of_two(tls_align) || tls_align > TLS_SIZE_LIMIT ||
        host->tls_size > TLS_SIZE_LIMIT || !is_power_of_two(page) || page < 16 ||
        page > IMAGE_SIZE_LIMIT || image > IMAGE_SIZE_LIMIT)
        return ELFIN_ERR_ARGUMENT;
    memmove(&space->host, host, sizeof(*host)); /* which may lie in *space */
    memset(space, 0, offsetof(elfin_space, host));
    memset(&space->host + 1, 0, sizeof(*space) - offsetof(elfin_space, host) - sizeof(*host));
    space->host.page_size = page;
    space->host.max_image_size = image;
    space->host.tls_align = tls_align;
    return ELFIN_OK;
}
