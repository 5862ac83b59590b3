/* SPDX-License-Identifier: MIT */
#include "monitor/job.h"

#include "libmini/str.h"
#include "monitor/console.h"
#include "monitor/path.h"
#include "monitor/platform.h"
#include "monitor/progress.h"

static size_t count_libraries(const struct session *session)
{
    size_t count = 0;

    for (const struct library *library = session->libraries; library != NULL;
         library = library->next)
        count++;
    return count;
}

static int read_files(struct job *job)
{
    const struct load *load = &job->load;

    for (; job->read < load->file_count; job->read++) {
        const char *path = load->files[job->read], *problem;
        void *data;
        size_t size;
        problem = platform_read_file(path, &data, &size);
        if (problem != NULL)
            return command_error("%s: %s", path, problem);
        job->inputs[job->read] = (elfin_input){
            .data = data, .size = size, .file = path_name(path), .name = load->name
        };
    }
    if (load->has_at) {
        job->inputs[0].flags = ELFIN_INPUT_AT;
        job->inputs[0].at = load->at;
    }
    return STATUS_SUCCESS;
}

static void add_libraries(struct job *job)
{
    size_t next = job->read;

    for (const struct library *library = job->session->libraries; library != NULL;
         library = library->next) {
        bool fresh = library->fresh != NULL;
        job->inputs[next++] = (elfin_input){ .data = fresh ? library->fresh : library->data,
                                             .size = fresh ? library->fresh_size : library->size,
                                             .file = library->file };
    }
}

int job_begin(struct job *job, struct session *session, int count, char *const *words)
{
    int status;

    *job = (struct job){ .session = session, .origin = origin_make(count, words) };
    if (job->origin == NULL)
        return command_error("out of memory");
    status = load_words_parse("load", count, job->origin->copies, &job->load);
    if (status != STATUS_SUCCESS)
        return status;
    job->total = job->load.file_count + count_libraries(session);
    job->inputs = mini_heap_alloc(platform_heap, job->total * sizeof(*job->inputs));
    if (job->inputs == NULL)
        return command_error("out of memory");
    progress_begin("loading");
    status = read_files(job);
    if (status == STATUS_SUCCESS)
        add_libraries(job);
    return status;
}

void job_end(struct job *job)
{
    if (job->inputs != NULL)
        progress_end();
    for (size_t i = 0; i < job->read; i++)
        (void)mini_heap_free(platform_heap, (void *)(uintptr_t)job->inputs[i].data);
    (void)mini_heap_free(platform_heap, job->inputs);
    origin_free(job->origin);
}

bool job_uses(const elfin_group *group, const struct library *library)
{
    size_t length = mini_strlen(library->file);
    elfin_module_info info;

    for (elfin_module *module = elfin_next_module(group, NULL); module != NULL;
         module = elfin_next_module(group, module)) {
        elfin_module_get(module, &info);
        if (info.flags & ELFIN_MODULE_MEMBER && mini_str_starts(info.file, library->file) &&
            info.file[length] == '(')
            return true;
    }
    return false;
}

uint64_t job_digest(const struct job *job, const elfin_group *group)
{
    uint64_t digest = ORIGIN_DIGEST;
    size_t next = job->read;

    for (size_t i = 0; i < job->read; i++)
        digest = origin_digest(digest, job->inputs[i].data, job->inputs[i].size);
    for (const struct library *library = job->session->libraries; library != NULL;
         library = library->next, next++)
        if (job_uses(group, library))
            digest = origin_digest(digest, job->inputs[next].data, job->inputs[next].size);
    return digest;
}

static void count_problem(void *ctx, const elfin_diag *diag)
{
    unsigned *count = ctx;

    (void)diag;
    ++*count;
}

static void keep(struct job *job, const struct instead *instead)
{
    if (instead->group != NULL)
        origin_drop(job->session, instead->group);
    job->origin->digest = job_digest(job, job->group);
    origin_keep(job->session, job->origin, job->group);
    job->origin = NULL;
}

int job_run(struct job *job, const struct instead *instead)
{
    struct session *session = job->session;
    elfin_options *options = &job->load.options;
    unsigned reported = 0;
    elfin_diag diag;
    elfin_status status;

    options->report = job->silent ? count_problem : command_report;
    options->report_ctx = &reported;
    options->flags = ELFIN_LOAD_KEEP_SECTIONS | (job->load.is_fixed ? 0 : ELFIN_LOAD_REBIND);
    if (instead->group == NULL)
        status = elfin_load(&session->space, job->inputs, job->total, options, &job->group, &diag);
    else
        status = (instead->move ? elfin_move : elfin_replace)(&session->space, instead->group,
                                                              job->inputs, job->total, options,
                                                              &instead->change, &job->group, &diag);
    if (status == ELFIN_OK) {
        keep(job, instead);
        command_loaded(session, job->group, instead->how);
        return STATUS_SUCCESS;
    }
    if (reported == 0 && !job->silent)
        command_report(&reported, &diag);
    return command_load_status(status, &diag);
}
