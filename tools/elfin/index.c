/* SPDX-License-Identifier: MIT */
/* elfin index: a C source with a host's exports and their index, for elfin_space_export_indexed. */
#include "tools/elfin/command.h"
#include "tools/elfin/exports.h"
#include "tools/elfin/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct job {
    struct exports exports;
    const char *name;
    bool addresses;
    size_t files;
};

enum {
    OPTION_NAME = 256,
    OPTION_ADDRESSES
};

static const struct option options[] = {
    { "addresses", no_argument, NULL, OPTION_ADDRESSES },
    { "name", required_argument, NULL, OPTION_NAME },
    OPTION_HELP_ROW,
    { 0 },
};

/* As a string of C, whatever bytes it has. */
static void put_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < ' ' || c > '~' || strchr("\"\\?", c))
            printf("\\%03o", c);
        else
            putchar(c);
    }
    putchar('"');
}

/* By symbols the table is right wherever the host's link puts them. */
static void put_rows(const struct job *job)
{
    for (size_t i = 0; !job->addresses && i < job->exports.count; i++) {
        printf("extern const char export_%zu[] __asm__(", i);
        put_string(job->exports.rows[i].name);
        puts(");");
    }
    puts("\nstatic const elfin_export rows[] = {");
    for (size_t i = 0; i < job->exports.count; i++) {
        fputs("    { ", stdout);
        put_string(job->exports.rows[i].name);
        if (job->addresses)
            printf(", 0x%" PRIx64 " },\n", job->exports.rows[i].address);
        else
            printf(", (uint64_t)export_%zu },\n", i);
    }
    puts("};");
}

static void put_entries(const struct elfin_table_entry *entries, size_t count)
{
    printf("\nstatic const struct elfin_table_entry entries[%zu] = {\n", count);
    for (size_t i = 0; i < count; i++)
        if (entries[i].hash)
            printf("    [%zu] = { 0x%08" PRIx32 ", { 0x%" PRIx32 ", 0x%" PRIx32 " } },\n", i,
                   entries[i].hash, entries[i].item[0], entries[i].item[1]);
    puts("};");
}

static int write_index(const struct job *job)
{
    size_t count = elfin_export_index_entries(job->exports.count);
    struct elfin_table_entry *entries = calloc(count ? count : 1, sizeof(*entries));
    elfin_status status;

    if (!entries) {
        fputs("elfin: out of memory\n", stderr);
        return STATUS_PROBLEM;
    }
    status = elfin_export_index_make(job->exports.rows, job->exports.count, entries);
    if (status != ELFIN_OK) {
        fprintf(stderr, "elfin: no index: %s\n", elfin_status_text(status));
        free(entries);
        return STATUS_PROBLEM;
    }
    printf("/* Made by elfin index; not to be edited. */\n#include <elfin/elfin.h>\n\n");
    put_rows(job);
    put_entries(entries, count);
    printf(
        "\nextern const elfin_export_index %s;\n"
        "const elfin_export_index %s = {\n"
        "    .version = %d, .count = %zu, .entry_count = %zu, .entries = entries, .rows = rows,\n"
        "};\n",
        job->name, job->name, (int)ELFIN_EXPORT_INDEX_VERSION, job->exports.count, count);
    free(entries);
    return STATUS_GOOD;
}

static int take(struct job *job, int option, const char *value, bool *good)
{
    switch (option) {
    case OPTION_NAME:
        job->name = value;
        return STATUS_GOOD;
    case OPTION_ADDRESSES:
        job->addresses = true;
        return STATUS_GOOD;
    case OPTION_HELP:
        fputs(command_index.help, stdout);
        return OPTION_END;
    case OPTION_ERROR:
        return STATUS_USAGE;
    default:
        job->files++;
        *good &= exports_read(&job->exports, value);
        return STATUS_GOOD;
    }
}

static int run_job(struct job *job, int argc, char **argv)
{
    struct words words = {
        .command = &command_index, .options = options, .argc = argc, .argv = argv
    };
    bool good = true;
    int option;

    while ((option = next_option(&words)) != OPTION_END) {
        int status = take(job, option, optarg, &good);

        if (status != STATUS_GOOD)
            return status == OPTION_END ? STATUS_GOOD : status;
    }
    if (job->files == 0)
        return usage_error(&command_index, "no files are given");
    if (!good)
        return STATUS_PROBLEM;
    exports_unique(&job->exports);
    if (job->exports.count == 0) {
        fputs("elfin: there are no exports\n", stderr);
        return STATUS_PROBLEM;
    }
    return write_index(job);
}

static int run(int argc, char **argv)
{
    struct job job = { .name = "elfin_exports" };
    int status = run_job(&job, argc, argv);

    exports_free(&job.exports);
    return status;
}

const struct command command_index = {
    .name = "index",
    .summary = "write a host's exports and their index as a C source",
    .help =
        "Usage: elfin index [--addresses] [--name SYMBOL] FILE...\n"
        "Writes a table of exports with its index, as a C source, to standard output. The host is\n"
        "linked with it and passes it to elfin_space_export_indexed: nothing is left to do at "
        "boot.\n"
        "\n"
        "  FILE           what the host exports: lines NAME 0xADDR, or of nm or System.map; other\n"
        "                 lines are skipped; the first of a name holds\n"
        "  --addresses    the table holds the addresses in the files; without it, it refers to "
        "the\n"
        "                 names as symbols, and the host's linker fills in where they are\n"
        "  --name SYMBOL  the name of the table (elfin_exports)\n"
        "  --help         show this text\n"
        "\n"
        "Exit status: 0 written, 1 problems (all on standard error), 2 a wrong command line.\n",
    .run = run,
};
