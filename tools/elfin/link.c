/* SPDX-License-Identifier: MIT */
/* elfin link: a group at given addresses, as the loader would leave it in memory. */
#include "tools/elfin/command.h"
#include "tools/elfin/linking.h"
#include "tools/elfin/map.h"
#include "tools/elfin/text.h"

#include "libmini/str.h"

#include <inttypes.h>
#include <string.h>

struct job {
    struct inputs inputs;
    struct exports exports;
    bool unreadable; /* a file of exports; reported */
    const char *image_path, *map_path;
};

enum {
    OPTION_AT = 256,
    OPTION_CPUS,
    OPTION_EXPORTS,
    OPTION_FIRST_WINS,
    OPTION_IMAGE,
    OPTION_MAP
};

static const struct option options[] = {
    { "at", required_argument, NULL, OPTION_AT },
    { "cpus", required_argument, NULL, OPTION_CPUS },
    { "exports", required_argument, NULL, OPTION_EXPORTS },
    { "first-wins", no_argument, NULL, OPTION_FIRST_WINS },
    { "image", required_argument, NULL, OPTION_IMAGE },
    { "map", required_argument, NULL, OPTION_MAP },
    OPTION_HELP_ROW,
    { 0 },
};

static int take_cpus(struct job *job, const char *value)
{
    uint64_t cpus;

    if (!mini_parse_u64(value, strlen(value), &cpus) || cpus == 0 || cpus > 1024)
        return usage_error(&command_link, "--cpus: '%s' is no number from 1 to 1024", value);
    job->inputs.cpus = (unsigned)cpus;
    return STATUS_GOOD;
}

static int take_option(struct job *job, int option, const char *value)
{
    switch (option) {
    case OPTION_AT:
        return inputs_at(&job->inputs, &command_link, value);
    case OPTION_CPUS:
        return take_cpus(job, value);
    case OPTION_EXPORTS:
        job->unreadable |= !exports_read(&job->exports, value);
        return STATUS_GOOD;
    case OPTION_FIRST_WINS:
        job->inputs.first_wins = true;
        return STATUS_GOOD;
    case OPTION_IMAGE:
        job->image_path = value;
        return STATUS_GOOD;
    case OPTION_MAP:
        job->map_path = value;
        return STATUS_GOOD;
    default:
        inputs_add(&job->inputs, value);
        return STATUS_GOOD;
    }
}

static bool write_results(const struct job *job, const elfin_group *group)
{
    struct image image;
    struct map map = { .group = group, .image = &image };
    bool good = true;

    image_plan(&image, group);
    if (job->image_path)
        good = file_write(job->image_path, image_write, &image);
    if (job->map_path && good)
        good = file_write(job->map_path, map_write, &map);
    image_free(&image);
    return good;
}

/* Who starts the image has to call these resolvers and fill the slots: nobody has. */
static void list_indirect(const elfin_group *group)
{
    elfin_module_info info;
    elfin_indirect indirect;

    for (const elfin_module *module = elfin_next_module(group, NULL); module;
         module = elfin_next_module(group, module)) {
        elfin_module_get(module, &info);
        for (uint32_t i = 0; elfin_module_indirect(module, i, &indirect); i++) {
            text_put(stdout, info.name);
            fputs(": indirect function ", stdout);
            text_put(stdout, indirect.name);
            printf(": slot 0x%" PRIx64 " is 0, resolver 0x%" PRIx64 "\n", indirect.slot,
                   indirect.resolver);
        }
    }
}

static int link_group(struct job *job)
{
    struct linking linking;
    bool good;

    if (!inputs_read(&job->inputs) || job->unreadable)
        return STATUS_PROBLEM;
    exports_unique(&job->exports);
    good =
        linking_begin(&linking, &job->exports, &job->inputs) && write_results(job, linking.group);
    if (good)
        list_indirect(linking.group);
    linking_end(&linking);
    return good ? STATUS_GOOD : STATUS_PROBLEM;
}

static int run_job(struct job *job, int argc, char **argv)
{
    struct words words = {
        .command = &command_link, .options = options, .argc = argc, .argv = argv
    };
    int option;

    while ((option = next_option(&words)) != OPTION_END) {
        int status;

        if (option == OPTION_ERROR)
            return STATUS_USAGE;
        if (option == OPTION_HELP) {
            fputs(command_link.help, stdout);
            return STATUS_GOOD;
        }
        status = take_option(job, option, optarg);
        if (status != STATUS_GOOD)
            return status;
    }
    option = inputs_complete(&job->inputs, &command_link);
    return option == STATUS_GOOD ? link_group(job) : option;
}

static int run(int argc, char **argv)
{
    struct job job = { 0 };
    int status = run_job(&job, argc, argv);

    inputs_free(&job.inputs);
    exports_free(&job.exports);
    return status;
}

const struct command command_link = {
    .name = "link",
    .summary = "link objects at given addresses and write the memory image",
    .help =
        "Usage: elfin link --at ADDR [--exports FILE] [--first-wins] [--image OUT]\n"
        "                  [--map OUT.json] [--cpus N] FILE...\n"
        "Links the files as one group at the addresses, without executing anything. The resolvers\n"
        "of indirect functions have not run either: their slots hold 0 and are listed.\n"
        "\n"
        "  FILE            an object (gcc -c), an image, an executable or shared object, or an\n"
        "                  archive: the members that are needed\n"
        "  --at ADDR       the parts of the objects after it follow each other from this run\n"
        "                  address; a multiple of 4096, hexadecimal with 0x or decimal; may be\n"
        "                  repeated; files before the first --at lie where there is room; for an\n"
        "                  image or linked file it holds alone\n"
        "  --exports FILE  what the host exports: lines NAME 0xADDR, or of nm or System.map;\n"
        "                  other lines are skipped; may be repeated, the first of a name holds\n"
        "  --first-wins    what several files define goes to the first of them, and each keeps\n"
        "                  its own for itself, instead of an error\n"
        "  --cpus N        use at most N CPUs; without it, all. The result is the same\n"
        "  --image OUT     write the memory as the loader would leave it\n"
        "  --map OUT.json  write where modules, sections, slots, stubs and symbols are\n"
        "  --help          show this text\n"
        "\n"
        "Exit status: 0 linked, 1 problems (all on standard error), 2 a wrong command line.\n",
    .run = run,
};
