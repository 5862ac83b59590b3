/* SPDX-License-Identifier: MIT */
#include "tools/elfin/linking.h"

#include <inttypes.h>
#include <stdio.h>

/* Errors of calls that have no diagnostic. */
static bool fail(struct linking *linking, elfin_status status)
{
    fprintf(stderr, "elfin: %s\n", elfin_status_text(status));
    linking->problems++;
    return false;
}

/* Why there was "no such memory": the library cannot know. */
static void explain_refusal(const struct host_refusal *refusal)
{
    const elfin_request *request = &refusal->request;
    const struct host_range *range = &refusal->in_the_way;

    fprintf(stderr, "  0x%" PRIx64 " bytes were wanted within 0x%" PRIx64 "-0x%" PRIx64,
            request->size, request->low, request->high);
    if (range->size > 0)
        fprintf(stderr, "; another block of the group lies at 0x%" PRIx64 "-0x%" PRIx64, range->run,
                range->run + (range->size - 1));
    fputc('\n', stderr);
}

static void report(void *ctx, const elfin_diag *diag)
{
    struct linking *linking = ctx;

    if (!linking->reported) {
        report_problem(&linking->problems, diag);
        return;
    }
    linking->problems++;
    report_once(linking->reported, diag);
}

static bool load(struct linking *linking, const struct inputs *inputs)
{
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_diag diag;
    elfin_status status;

    options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_KEEP_SECTIONS;
    if (inputs->first_wins)
        options.flags |= ELFIN_LOAD_FIRST_WINS;
    options.report = report;
    options.report_ctx = linking;
    status =
        elfin_load(&linking->space, inputs->items, inputs->count, &options, &linking->group, &diag);
    if (status == ELFIN_OK)
        return true;
    if (linking->problems == 0)
        report(linking, &diag);
    if (!linking->reported && status == ELFIN_ERR_MEMORY && linking->host.refusal.happened)
        explain_refusal(&linking->host.refusal);
    return false;
}

bool linking_begin(struct linking *linking, const struct exports *exports,
                   const struct inputs *inputs)
{
    return linking_begin_once(linking, exports, inputs, NULL);
}

bool linking_begin_once(struct linking *linking, const struct exports *exports,
                        const struct inputs *inputs, struct report_set *set)
{
    elfin_status status;

    *linking = (struct linking){ .reported = set };
    host_init(&linking->host);
    if (inputs->cpus)
        host_limit_cpus(&linking->host, inputs->cpus);
    status = elfin_space_init(&linking->space, &linking->host.callbacks);
    if (status != ELFIN_OK)
        return fail(linking, status);
    status = elfin_space_export(&linking->space, exports->rows, exports->count);
    if (status != ELFIN_OK)
        return fail(linking, status);
    return load(linking, inputs);
}

void linking_end(struct linking *linking)
{
    elfin_space_destroy(&linking->space);
    host_free(&linking->host);
}
