/* SPDX-License-Identifier: MIT */
/* elfin check: would these load together? */
#include "tools/elfin/command.h"
#include "tools/elfin/linking.h"
#include "tools/elfin/members.h"
#include "tools/elfin/report.h"

enum {
    OPTION_EXPORTS = 256
};

static const struct option options[] = {
    { "exports", required_argument, NULL, OPTION_EXPORTS },
    OPTION_HELP_ROW,
    { 0 },
};

struct job {
    struct inputs inputs;
    struct exports exports;
    bool unreadable; /* a file of exports; reported */
};

static bool link_all(const struct exports *exports, const struct inputs *inputs)
{
    struct linking linking;
    bool good = linking_begin(&linking, exports, inputs);

    linking_end(&linking);
    return good;
}

/*
 * Moves the inputs that are sound by themselves to the front, in order, and reports the others.
 * Archives pass: only the members that the group pulls in matter. Returns how many are sound.
 */
static size_t sift(struct inputs *inputs)
{
    struct host host;
    unsigned problems = 0;
    size_t sound = 0;

    host_init(&host);
    for (size_t i = 0; i < inputs->count; i++) {
        elfin_input item = inputs->items[i];
        elfin_inspection inspection;
        elfin_status status = ELFIN_OK;
        elfin_diag diag;

        if (!elfin_is_archive(item.data, item.size))
            status = elfin_inspect(&host.callbacks, &item, NULL, &inspection, &diag);
        /* Fixups out of range: linking tells all of them, not the first. */
        if (status == ELFIN_OK || status == ELFIN_ERR_RANGE)
            inputs->items[sound++] = item;
        else
            report_problem(&problems, &diag);
    }
    host_free(&host);
    return sound;
}

/*
 * A file that is no sound object ends a load before names are resolved. Whoever mends it would find
 * the other problems only then; so the rest is linked without it, for the report.
 */
static bool check_group(struct job *job)
{
    size_t all = job->inputs.count, sound;

    if (!inputs_read(&job->inputs) || job->unreadable)
        return false;
    exports_unique(&job->exports);
    if (members_only(&job->inputs))
        return members_check(&job->exports, &job->inputs);
    sound = sift(&job->inputs);
    if (sound == all)
        return link_all(&job->exports, &job->inputs);
    if (sound > 0) {
        struct inputs rest = { .items = job->inputs.items, .count = sound };

        fprintf(stderr, "elfin: without %s:\n", all - sound == 1 ? "that file" : "those files");
        if (link_all(&job->exports, &rest))
            fputs("  no other problem\n", stderr);
    }
    return false;
}

static int run_job(struct job *job, int argc, char **argv)
{
    struct words words = {
        .command = &command_check, .options = options, .argc = argc, .argv = argv
    };
    int option;

    while ((option = next_option(&words)) != OPTION_END) {
        switch (option) {
        case OPTION_ERROR:
            return STATUS_USAGE;
        case OPTION_HELP:
            fputs(command_check.help, stdout);
            return STATUS_GOOD;
        case OPTION_EXPORTS:
            job->unreadable |= !exports_read(&job->exports, optarg);
            break;
        default:
            inputs_add(&job->inputs, optarg);
        }
    }
    if (job->inputs.count == 0)
        return usage_error(&command_check, "no file to check");
    return check_group(job) ? STATUS_GOOD : STATUS_PROBLEM;
}

static int run(int argc, char **argv)
{
    struct job job = { 0 };
    int status = run_job(&job, argc, argv);

    inputs_free(&job.inputs);
    exports_free(&job.exports);
    return status;
}

const struct command command_check = {
    .name = "check",
    .summary = "tell whether objects would load together",
    .help =
        "Usage: elfin check [--exports FILE] FILE...\n"
        "Tells whether the files would load together as one group, wherever there is room. Every\n"
        "problem is listed on standard error.\n"
        "\n"
        "  FILE            an object (gcc -c), an image, an executable or shared object, or an\n"
        "                  archive: the members that are needed; if all are archives, every "
        "member\n"
        "                  in turn\n"
        "  --exports FILE  what the host exports: lines NAME 0xADDR, or of nm or System.map;\n"
        "                  other lines are skipped; may be repeated, the first of a name holds\n"
        "  --help          show this text\n"
        "\n"
        "Exit status: 0 they would, 1 they would not, 2 a wrong command line.\n",
    .run = run,
};
