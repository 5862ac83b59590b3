/* SPDX-License-Identifier: MIT */
/* elfin prepare: an object is made into an image, which a loader has less to do with. */
#include "tools/elfin/command.h"
#include "tools/elfin/host.h"
#include "tools/elfin/inputs.h"
#include "tools/elfin/report.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    OPTION_OUTPUT = 'o',
    OPTION_NAME = 256,
    OPTION_PAGE_SIZE,
    OPTION_NO_UNWIND,
    OPTION_FREE_INIT
};

static const struct option options[] = {
    { "output", required_argument, NULL, OPTION_OUTPUT },
    { "name", required_argument, NULL, OPTION_NAME },
    { "page-size", required_argument, NULL, OPTION_PAGE_SIZE },
    { "no-unwind", no_argument, NULL, OPTION_NO_UNWIND },
    { "free-init", no_argument, NULL, OPTION_FREE_INIT },
    OPTION_HELP_ROW,
    { 0 },
};

struct job {
    struct inputs inputs;
    const char *output, *name;
    struct host host;
    unsigned problems;
};

/* Nobody calls these: that they are there decides about the layout. */
static elfin_status unwind_add(void *ctx, const elfin_block *block)
{
    (void)ctx;
    (void)block;
    return ELFIN_OK;
}

static void unwind_remove(void *ctx, const elfin_block *block)
{
    (void)ctx;
    (void)block;
}

static void trim(void *ctx, const elfin_region *region, uint64_t offset)
{
    (void)ctx;
    (void)region;
    (void)offset;
}

static void report(void *ctx, const elfin_diag *diag)
{
    struct job *job = ctx;

    report_problem(&job->problems, diag);
}

static void write_image(const void *what, FILE *out)
{
    const void *data;
    size_t size;

    elfin_image_bytes(what, &data, &size);
    fwrite(data, 1, size, out);
}

static int prepare(struct job *job)
{
    elfin_options load_options = ELFIN_OPTIONS_INIT;
    elfin_input input = job->inputs.items[0];
    elfin_image *image;
    elfin_diag diag;
    bool written;

    input.name = job->name;
    load_options.report = report;
    load_options.report_ctx = job;
    if (elfin_prepare(&job->host.callbacks, &input, &load_options, &image, &diag) != ELFIN_OK) {
        if (job->problems == 0)
            report_problem(&job->problems, &diag);
        return STATUS_PROBLEM;
    }
    written = file_write(job->output, write_image, image);
    elfin_image_release(image);
    return written ? STATUS_GOOD : STATUS_PROBLEM;
}

static int take_page_size(struct job *job, const char *value)
{
    char *end;
    unsigned long long size = strtoull(value, &end, 0);

    if (!*value || *end || size < 16 || size > UINT32_MAX || size & (size - 1))
        return usage_error(&command_prepare, "--page-size %s: no size of pages", value);
    job->host.callbacks.page_size = size;
    return STATUS_GOOD;
}

static int take_option(struct job *job, int option, const char *value)
{
    switch (option) {
    case OPTION_OUTPUT:
        job->output = value;
        return STATUS_GOOD;
    case OPTION_NAME:
        job->name = value;
        return *value ? STATUS_GOOD : usage_error(&command_prepare, "--name is empty");
    case OPTION_PAGE_SIZE:
        return take_page_size(job, value);
    case OPTION_NO_UNWIND:
        job->host.callbacks.unwind_add = NULL;
        job->host.callbacks.unwind_remove = NULL;
        return STATUS_GOOD;
    case OPTION_FREE_INIT:
        job->host.callbacks.trim = trim;
        return STATUS_GOOD;
    default:
        inputs_add(&job->inputs, value);
        return STATUS_GOOD;
    }
}

static int run_job(struct job *job, int argc, char **argv)
{
    struct words words = {
        .command = &command_prepare,
        .options = options,
        .letters = "-:ho:",
        .argc = argc,
        .argv = argv,
    };
    int option;

    while ((option = next_option(&words)) != OPTION_END) {
        int status = STATUS_GOOD;

        if (option == OPTION_ERROR)
            return STATUS_USAGE;
        if (option == OPTION_HELP) {
            fputs(command_prepare.help, stdout);
            return STATUS_GOOD;
        }
        status = take_option(job, option, optarg);
        if (status != STATUS_GOOD)
            return status;
    }
    if (job->inputs.count != 1)
        return usage_error(&command_prepare, "one object is prepared at a time");
    if (!job->output)
        return usage_error(&command_prepare, "no -o FILE to write to");
    return inputs_read(&job->inputs) ? prepare(job) : STATUS_PROBLEM;
}

static int run(int argc, char **argv)
{
    struct job job = { 0 };
    int status;

    host_init(&job.host);
    job.host.callbacks.unwind_add = unwind_add;
    job.host.callbacks.unwind_remove = unwind_remove;
    status = run_job(&job, argc, argv);
    host_free(&job.host);
    inputs_free(&job.inputs);
    return status;
}

const struct command command_prepare = {
    .name = "prepare",
    .summary = "make an image of an object, which loads faster",
    .help =
        "Usage: elfin prepare [--name NAME] [--page-size SIZE] [--no-unwind] [--free-init]\n"
        "                     OBJECT -o IMAGE\n"
        "Does once what is the same at every load of an object, and writes what is left: a copy,\n"
        "and the fixups that depend on its address and on what it uses. An image can be loaded\n"
        "wherever the object can, but not out of an archive.\n"
        "\n"
        "  OBJECT            an object (gcc -c)\n"
        "  -o, --output IMAGE\n"
        "                    the file to write\n"
        "  --name NAME       the module's name, instead of the one that the object has\n"
        "  --page-size SIZE  for hosts with pages of at most this size; 4096 if not given\n"
        "  --no-unwind       for hosts that do without unwind tables: saves their index\n"
        "  --free-init       for hosts that give memory back that only init needs\n"
        "  --help            show this text\n"
        "\n"
        "Exit status: 0 written, 1 problems with the files, 2 a wrong command line.\n",
    .run = run,
};
