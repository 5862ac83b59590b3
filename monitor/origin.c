/* SPDX-License-Identifier: MIT */
#include "monitor/origin.h"

#include "libmini/mem.h"
#include "libmini/str.h"
#include "monitor/platform.h"

struct origin *origin_make(int count, char *const *words)
{
    size_t pointers = ((size_t)count + 1) * sizeof(*words), text = 0;
    struct origin *origin;
    char *at;

    for (int i = 0; i < count; i++)
        text += mini_strlen(words[i]) + 1;
    origin = mini_heap_alloc(platform_heap, sizeof(*origin) + 2 * pointers + text);
    if (origin == NULL)
        return NULL;
    *origin = (struct origin){ .count = count, .words = (char **)(origin + 1) };
    origin->copies = origin->words + count + 1;
    at = (char *)(origin->copies + count + 1);
    for (int i = 0; i < count; i++) {
        size_t size = mini_strlen(words[i]) + 1;
        memcpy(at, words[i], size);
        origin->words[i] = at;
        at += size;
    }
    origin->words[count] = NULL;
    memcpy(origin->copies, origin->words, pointers);
    return origin;
}

void origin_free(struct origin *origin)
{
    (void)mini_heap_free(platform_heap, origin);
}

void origin_keep(struct session *session, struct origin *origin, const elfin_group *group)
{
    origin->group = group;
    origin->next = session->origins;
    session->origins = origin;
}

struct origin *origin_of(const struct session *session, const elfin_group *group)
{
    struct origin *origin = session->origins;

    while (origin != NULL && origin->group != group)
        origin = origin->next;
    return origin;
}

void origin_drop(struct session *session, const elfin_group *group)
{
    struct origin **place = &session->origins, *origin;

    while (*place != NULL && (*place)->group != group)
        place = &(*place)->next;
    origin = *place;
    if (origin == NULL)
        return;
    *place = origin->next;
    origin_free(origin);
}

uint64_t origin_digest(uint64_t digest, const void *data, size_t size)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++)
        digest = (digest ^ bytes[i]) * UINT64_C(0x100000001b3);
    /* So that the end of one file is not the beginning of the next. */
    return (digest ^ size) * UINT64_C(0x100000001b3);
}
