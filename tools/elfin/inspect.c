/* SPDX-License-Identifier: MIT */
/* elfin inspect: what is in an object, and what it demands of whoever loads it. */
#include "tools/elfin/inspect.h"

#include "tools/elfin/command.h"
#include "tools/elfin/inputs.h"
#include "tools/elfin/memory.h"
#include "tools/elfin/report.h"

#include <stdlib.h>
#include <string.h>

enum {
    OPTION_JSON = 256
};

static const struct option options[] = {
    { "json", no_argument, NULL, OPTION_JSON },
    OPTION_HELP_ROW,
    { 0 },
};

struct job {
    struct inputs inputs;
    bool as_json;
    struct json json;
    unsigned objects, problems;
};

static void show_problem(struct job *job, const char *file, const elfin_diag *diag)
{
    char *text;

    report_problem(&job->problems, diag);
    if (!job->as_json)
        return;
    text = diag_text(diag);
    json_object(&job->json, NULL);
    json_string(&job->json, "file", file);
    json_string(&job->json, "error", text);
    json_end(&job->json);
    free(text);
}

static void inspect_object(struct job *job, const elfin_input *input)
{
    struct findings findings;
    elfin_diag diag;

    if (findings_collect(&findings, input, &diag) != ELFIN_OK) {
        show_problem(job, input->file, &diag);
        return;
    }
    if (job->as_json) {
        inspect_json(&job->json, input->file, &findings);
    } else {
        if (job->objects++ > 0)
            putchar('\n');
        inspect_text(stdout, input->file, &findings);
    }
    findings_free(&findings);
}

/* "lib.a(member.o)", to be freed. */
static char *member_name(const char *archive, const char *member)
{
    size_t size = strlen(archive) + strlen(member) + sizeof("()");
    char *name = string_room(size);

    snprintf(name, size, "%s(%s)", archive, member);
    return name;
}

struct walk {
    struct job *job;
    const char *archive;
};

/* The module's name is what loading the member would give it: without the folders of the archive.
 */
static bool inspect_member(void *ctx, const char *name, const void *data, size_t size)
{
    const struct walk *walk = ctx;
    const char *slash = strrchr(walk->archive, '/');
    char *file = member_name(walk->archive, name);
    elfin_input member = { .data = data, .size = size, .file = file };

    member.name = slash ? file + (slash + 1 - walk->archive) : file;
    inspect_object(walk->job, &member);
    free(file);
    return true;
}

static void inspect_file(struct job *job, const elfin_input *input)
{
    struct walk walk = { .job = job, .archive = input->file };
    elfin_diag diag;

    if (!elfin_is_archive(input->data, input->size))
        inspect_object(job, input);
    else if (elfin_archive_members(input->data, input->size, input->file, inspect_member, &walk,
                                   &diag) != ELFIN_OK)
        show_problem(job, input->file, &diag);
}

static int inspect_all(struct job *job)
{
    /* The readable ones are shown whatever the others are. */
    bool readable = inputs_read(&job->inputs);

    if (job->as_json) {
        json_begin(&job->json, stdout);
        json_array(&job->json, "objects");
    }
    for (size_t i = 0; i < job->inputs.count; i++)
        if (job->inputs.items[i].data)
            inspect_file(job, &job->inputs.items[i]);
    if (job->as_json) {
        json_end(&job->json);
        json_finish(&job->json);
    }
    return readable && job->problems == 0 ? STATUS_GOOD : STATUS_PROBLEM;
}

static int run_job(struct job *job, int argc, char **argv)
{
    struct words words = {
        .command = &command_inspect, .options = options, .argc = argc, .argv = argv
    };
    int option;

    while ((option = next_option(&words)) != OPTION_END) {
        switch (option) {
        case OPTION_ERROR:
            return STATUS_USAGE;
        case OPTION_HELP:
            fputs(command_inspect.help, stdout);
            return STATUS_GOOD;
        case OPTION_JSON:
            job->as_json = true;
            break;
        default:
            inputs_add(&job->inputs, optarg);
        }
    }
    if (job->inputs.count == 0)
        return usage_error(&command_inspect, "no file to inspect");
    return inspect_all(job);
}

static int run(int argc, char **argv)
{
    struct job job = { 0 };
    int status = run_job(&job, argc, argv);

    inputs_free(&job.inputs);
    return status;
}

const struct command command_inspect = {
    .name = "inspect",
    .summary = "show what is in objects and what they demand",
    .help =
        "Usage: elfin inspect [--json] FILE...\n"
        "Shows what is in objects, alone: sections by part of memory, imports, definitions,\n"
        "relocation types, room for slots and stubs, and what they demand of their address.\n"
        "\n"
        "  FILE    an object (gcc -c), an image, an executable or shared object, or an archive:\n"
        "          each of its members\n"
        "  --json  write it as JSON\n"
        "  --help  show this text\n"
        "\n"
        "Exit status: 0 good, 1 some file is no loadable object, 2 a wrong command line.\n",
    .run = run,
};
