/* SPDX-License-Identifier: MIT */
/* The commands that change the space: load, library, unload. */
#include "libmini/mem.h"
#include "libmini/str.h"
#include "monitor/commands.h"
#include "monitor/console.h"
#include "monitor/load_words.h"
#include "monitor/platform.h"
#include "monitor/progress.h"
#include "monitor/words.h"

static size_t count_libraries(const struct session *session)
{
    size_t count = 0;

    for (const struct library *library = session->libraries; library != NULL;
         library = library->next)
        count++;
    return count;
}

/* Reads the files into inputs; *read says how many were, for release_files. */
static int read_files(const struct load *load, elfin_input *inputs, size_t *read)
{
    for (*read = 0; *read < load->file_count; ++*read) {
        elfin_input *input = &inputs[*read];
        void *data;
        size_t size;
        const char *problem = platform_read_file(load->files[*read], &data, &size);
        if (problem != NULL)
            return command_error("%s: %s", load->files[*read], problem);
        *input = (elfin_input){
            .data = data, .size = size, .file = load->files[*read], .name = load->name
        };
    }
    if (load->has_at) {
        inputs[0].flags = ELFIN_INPUT_AT;
        inputs[0].at = load->at;
    }
    return STATUS_SUCCESS;
}

static void release_files(const elfin_input *inputs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)mini_heap_free(platform_heap, (void *)(uintptr_t)inputs[i].data);
}

void command_loaded(const struct session *session, const elfin_group *group, const char *how)
{
    const char *separator = "";
    elfin_module_info info;
    elfin_block block;

    if (session->quiet)
        return;
    console_fresh_line();
    console_print("%s ", how);
    for (elfin_module *module = elfin_next_module(group, NULL); module != NULL;
         module = elfin_next_module(group, module)) {
        elfin_module_get(module, &info);
        console_print("%s%s", separator, info.name);
        separator = ", ";
    }
    if (elfin_group_block(group, 0, &block))
        console_print(" at 0x%llx", (unsigned long long)block.region.run);
    console_print("\n");
}

int command_load_status(elfin_status status, const elfin_diag *diag)
{
    if (status == ELFIN_ERR_INIT && diag->value >= 1 && diag->value <= STATUS_MAX)
        return (int)diag->value;
    return STATUS_FAILURE;
}

static int load_inputs(struct session *session, struct load *load, const elfin_input *inputs,
                       size_t count, const struct instead *instead)
{
    unsigned reported = 0;
    elfin_group *group;
    elfin_diag diag;
    elfin_status status;

    load->options.report = command_report;
    load->options.report_ctx = &reported;
    load->options.flags = ELFIN_LOAD_KEEP_SECTIONS | (load->is_fixed ? 0 : ELFIN_LOAD_REBIND);
    if (instead->group == NULL)
        status = elfin_load(&session->space, inputs, count, &load->options, &group, &diag);
    else
        status = (instead->move ? elfin_move : elfin_replace)(&session->space, instead->group,
                                                              inputs, count, &load->options,
                                                              &instead->change, &group, &diag);
    if (status == ELFIN_OK) {
        command_loaded(session, group,
                       instead->group == NULL ? "loaded"
                       : instead->move        ? "moved"
                                              : "replaced");
        return STATUS_SUCCESS;
    }
    if (reported == 0)
        command_report(&reported, &diag);
    return command_load_status(status, &diag);
}

int command_load_instead(struct session *session, int count, char **words,
                         const struct instead *instead)
{
    struct mini_heap *heap = platform_heap;
    struct load load;
    elfin_input *inputs;
    size_t total, read;
    int status = load_words_parse("load", count, words, &load);

    if (status != STATUS_SUCCESS)
        return status;
    total = load.file_count + count_libraries(session);
    inputs = mini_heap_alloc(heap, total * sizeof(*inputs));
    if (inputs == NULL)
        return command_error("out of memory");
    progress_begin("loading");
    status = read_files(&load, inputs, &read);
    if (status == STATUS_SUCCESS) {
        size_t next = read;
        for (struct library *library = session->libraries; library != NULL; library = library->next)
            inputs[next++] = (elfin_input){ .data = library->data,
                                            .size = library->size,
                                            .file = library->file };
        status = load_inputs(session, &load, inputs, total, instead);
    }
    progress_end();
    release_files(inputs, read);
    (void)mini_heap_free(heap, inputs);
    return status;
}

int command_load(struct session *session, int count, char **words)
{
    return command_load_instead(session, count, words, &(struct instead){ .group = NULL });
}

static bool count_member(void *ctx, const char *name, const void *data, size_t size)
{
    size_t *count = ctx;

    (void)name;
    (void)data;
    (void)size;
    ++*count;
    return true;
}

static int check_archive(const struct library *library, size_t *members)
{
    unsigned reported = 0;
    elfin_diag diag;

    *members = 0;
    if (!elfin_is_archive(library->data, library->size))
        return command_error("%s: not an archive", library->file);
    if (elfin_archive_members(library->data, library->size, library->file, count_member, members,
                              &diag) != ELFIN_OK) {
        command_report(&reported, &diag);
        return STATUS_FAILURE;
    }
    return STATUS_SUCCESS;
}

/* As file systems of firmware see it: / is \\, case does not matter, paths begin at the root. */
static char path_letter(char c)
{
    if (c == '/')
        return '\\';
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_path(const char *a, const char *b)
{
    while (path_letter(*a) == '\\')
        a++;
    while (path_letter(*b) == '\\')
        b++;
    while (*a != '\0' && path_letter(*a) == path_letter(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

static int read_library(struct library *library, const char *path, size_t *members)
{
    const char *problem;

    if (mini_strlcpy(library->file, sizeof(library->file), path) >= sizeof(library->file))
        return command_error("%s: the path has more than %zu characters", path,
                             sizeof(library->file) - 1);
    problem = platform_read_file(path, &library->data, &library->size);
    if (problem != NULL)
        return command_error("%s: %s", path, problem);
    return check_archive(library, members);
}

/*
 * The same file again is a newer version of it: it takes the place of the former, and its name,
 * which is a part of its members' names.
 */
static bool keep_library(struct session *session, struct library *library)
{
    struct mini_heap *heap = platform_heap;
    struct library **place = &session->libraries, *former;

    while (*place != NULL && !same_path((*place)->file, library->file))
        place = &(*place)->next;
    former = *place;
    if (former != NULL) {
        library->next = former->next;
        memcpy(library->file, former->file, sizeof(library->file));
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

int command_unload(struct session *session, int count, char **words)
{
    elfin_module *module = elfin_find_module(&session->space, words[1]);
    unsigned reported = 0;
    elfin_module_info info;
    elfin_diag diag;
    bool failed;

    (void)count;
    if (module == NULL)
        return command_error("there is no module %s", words[1]);
    elfin_module_get(module, &info);
    failed = info.flags & ELFIN_MODULE_FAILED;
    if (elfin_unload(&session->space, info.group, &diag, command_report, &reported) != ELFIN_OK) {
        if (reported == 0)
            command_report(&reported, &diag);
        return STATUS_FAILURE;
    }
    if (!session->quiet) {
        console_fresh_line();
        console_print("unloaded %s%s\n", words[1],
                      failed ? ", which had failed: its exit functions were not called" : "");
    }
    return STATUS_SUCCESS;
}
