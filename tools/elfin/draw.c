/* SPDX-License-Identifier: MIT */
/* elfin map: a picture of the memory that a group takes. */
#include "tools/elfin/draw.h"

#include "tools/elfin/command.h"
#include "tools/elfin/linking.h"
#include "tools/elfin/text.h"

#include <stdlib.h>

struct job {
    struct inputs inputs;
    struct exports exports;
    bool unreadable; /* a file of exports; reported */
    bool json;
    const char *svg_path, *module;
};

enum {
    OPTION_AT = 256,
    OPTION_EXPORTS,
    OPTION_SVG,
    OPTION_JSON,
    OPTION_MODULE
};

static const struct option options[] = {
    { "at", required_argument, NULL, OPTION_AT },
    { "exports", required_argument, NULL, OPTION_EXPORTS },
    { "svg", required_argument, NULL, OPTION_SVG },
    { "json", no_argument, NULL, OPTION_JSON },
    { "module", required_argument, NULL, OPTION_MODULE },
    OPTION_HELP_ROW,
    { 0 },
};

static int take_option(struct job *job, int option, const char *value)
{
    switch (option) {
    case OPTION_AT:
        return inputs_at(&job->inputs, &command_map, value);
    case OPTION_EXPORTS:
        job->unreadable |= !exports_read(&job->exports, value);
        return STATUS_GOOD;
    case OPTION_SVG:
        job->svg_path = value;
        return STATUS_GOOD;
    case OPTION_JSON:
        job->json = true;
        return STATUS_GOOD;
    case OPTION_MODULE:
        job->module = value;
        return STATUS_GOOD;
    default:
        inputs_add(&job->inputs, value);
        return STATUS_GOOD;
    }
}

static void put_text(void *ctx, const char *text, size_t length)
{
    fwrite(text, 1, length, ctx);
}

static bool show_module(const struct picture *picture, const char *name)
{
    const struct picture_output output = { .put = put_text, .ctx = stdout };
    uint32_t module = picture_find_module(picture, name);

    if (module == PICTURE_NONE) {
        fputs("elfin: there is no module ", stderr);
        text_put(stderr, name);
        fputc('\n', stderr);
        return false;
    }
    picture_draw_module(picture, module, &output);
    return true;
}

static bool show(const struct job *job, const struct picture *picture)
{
    const struct picture_output output = { .put = put_text, .ctx = stdout };

    if (job->svg_path && !file_write(job->svg_path, draw_svg, picture))
        return false;
    if (job->json)
        draw_json(picture, stdout);
    if (job->module)
        return show_module(picture, job->module);
    if (!job->json && !job->svg_path)
        picture_draw(picture, &output);
    return true;
}

static int map_group(struct job *job)
{
    struct linking linking;
    bool good;

    if (!inputs_read(&job->inputs) || job->unreadable)
        return STATUS_PROBLEM;
    exports_unique(&job->exports);
    good = linking_begin(&linking, &job->exports, &job->inputs);
    if (good) {
        struct picture picture;

        draw_collect(&picture, &linking.space, &job->exports);
        good = show(job, &picture);
        free(picture.memory);
    }
    linking_end(&linking);
    return good ? STATUS_GOOD : STATUS_PROBLEM;
}

static int run_job(struct job *job, int argc, char **argv)
{
    struct words words = {
        .command = &command_map, .options = options, .argc = argc, .argv = argv
    };
    int option;

    while ((option = next_option(&words)) != OPTION_END) {
        int status;

        if (option == OPTION_ERROR)
            return STATUS_USAGE;
        if (option == OPTION_HELP) {
            fputs(command_map.help, stdout);
            return STATUS_GOOD;
        }
        status = take_option(job, option, optarg);
        if (status != STATUS_GOOD)
            return status;
    }
    if (job->json && job->module)
        return usage_error(&command_map, "--json shows every module; --module is for text");
    option = inputs_complete(&job->inputs, &command_map);
    return option == STATUS_GOOD ? map_group(job) : option;
}

static int run(int argc, char **argv)
{
    struct job job = { 0 };
    int status = run_job(&job, argc, argv);

    inputs_free(&job.inputs);
    exports_free(&job.exports);
    return status;
}

const struct command command_map = {
    .name = "map",
    .summary = "draw the memory that objects would take",
    .help =
        "Usage: elfin map [--at ADDR] [--exports FILE] [--module NAME] [--svg OUT.svg] [--json]\n"
        "                 FILE...\n"
        "Links the files as `elfin link` does and draws where everything lies: all of memory, "
        "then\n"
        "each block with its parts by page right, sections, slots, stubs and free room.\n"
        "\n"
        "  FILE            an object (gcc -c), an image, an executable or shared object, or an\n"
        "                  archive: the members that are needed\n"
        "  --at ADDR       run address for the files after it, as with link\n"
        "  --exports FILE  what the host exports, as with link\n"
        "  --module NAME   only this module: its sections, neighbours, slots and what they are "
        "for\n"
        "  --svg OUT.svg   write a drawing, to scale within each block\n"
        "  --json          print the same for programs\n"
        "  --help          show this text\n"
        "\n"
        "Without --svg and --json the picture is text on standard output.\n"
        "Exit status: 0 linked, 1 problems (all on standard error), 2 a wrong command line.\n",
    .run = run,
};
