/* SPDX-License-Identifier: MIT */
/* The command library, and what reload needs of it. */
#include "libmini/mem.h"
#include "libmini/str.h"
#include "monitor/commands.h"
#include "monitor/console.h"
#include "monitor/path.h"
#include "monitor/platform.h"

static bool count_member(void *ctx, const char *name, const void *data, size_t size)
{
    size_t *count = ctx;

    (void)name;
    (void)data;
    (void)size;
    ++*count;
    return true;
}

static int check_archive(const char *file, const void *data, size_t size, size_t *members)
{
    unsigned reported = 0;
    elfin_diag diag;

    *members = 0;
    if (!elfin_is_archive(data, size))
        return command_error("%s: not an archive", file);
    if (elfin_archive_members(data, size, file, count_member, members, &diag) != ELFIN_OK) {
        command_report(&reported, &diag);
        return STATUS_FAILURE;
    }
    return STATUS_SUCCESS;
}

static int read_library(struct library *library, const char *path, size_t *members)
{
    const char *problem;

    if (mini_strlcpy(library->path, sizeof(library->path), path) >= sizeof(library->path))
        return command_error("%s: the path has more than %zu characters", path,
                             sizeof(library->path) - 1);
    library->file = path_name(library->path);
    problem = platform_read_file(path, &library->data, &library->size);
    if (problem != NULL)
        return command_error("%s: %s", path, problem);
    return check_archive(library->file, library->data, library->size, members);
}

/* The letters of the former name, where the new one says that it comes from. */
static void keep_name(struct library *library, const struct library *former)
{
    size_t start = (size_t)(library->file - library->path);
    size_t length = mini_strlen(former->file);

    if (start + length < sizeof(library->path)) /* else a \ in front was left out */
        memcpy(library->path + start, former->file, length + 1);
}

/*
 * The same file again is a newer version of it: it takes the place of the former, and its name,
 * which is a part of its members' names.
 */
static bool keep_library(struct session *session, struct library *library)
{
    struct mini_heap *heap = platform_heap;
    struct library **place = &session->libraries, *former;

    while (*place != NULL && !path_same((*place)->file, library->file))
        place = &(*place)->next;
    former = *place;
    if (former != NULL) {
        library->next = former->next;
        keep_name(library, former);
        (void)mini_heap_free(heap, former->data);
        (void)mini_heap_free(heap, former);
    }
    *place = library;
    return former != NULL;
}

int command_library(struct session *session, int count, char **words)
{
    struct mini_heap *heap = platform_heap;
    struct library *library = mini_heap_alloc(heap, sizeof(*library));
    size_t members;
    bool replaced;

    (void)count;
    if (library == NULL)
        return command_error("out of memory");
    *library = (struct library){ .next = NULL };
    if (read_library(library, words[1], &members) != STATUS_SUCCESS) {
        (void)mini_heap_free(heap, library->data);
        (void)mini_heap_free(heap, library);
        return STATUS_FAILURE;
    }
    replaced = keep_library(session, library);
    console_print("library %s: %zu members%s\n", library->file, members,
                  replaced ? ", in place of the former" : "");
    return STATUS_SUCCESS;
}

int library_fetch(struct library *library)
{
    const char *problem;
    size_t members;

    if (library->fresh != NULL)
        return STATUS_SUCCESS;
    problem = platform_read_file(library->path, &library->fresh, &library->fresh_size);
    if (problem != NULL)
        return command_error("%s: %s", library->path, problem);
    if (check_archive(library->file, library->fresh, library->fresh_size, &members) ==
        STATUS_SUCCESS)
        return STATUS_SUCCESS;
    library_settle(library, false);
    return STATUS_FAILURE;
}

void library_settle(struct library *library, bool keep)
{
    if (library->fresh == NULL)
        return;
    (void)mini_heap_free(platform_heap, keep ? library->data : library->fresh);
    if (keep) {
        library->data = library->fresh;
        library->size = library->fresh_size;
    }
    library->fresh = NULL;
}
