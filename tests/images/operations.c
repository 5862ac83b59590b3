/* SPDX-License-Identifier: MIT */
/*
 * What all operations make of objects that nobody here wrote is compared, byte for byte and record
 * for record, with a plain load at the same address and with the same imports:
 *
 *  - instances of an image that was prepared from the object;
 *  - the object, and an instance, with every import bound anew, near or far, and back;
 *  - the object replaced by itself elsewhere and moved back, and a user of some of its exports;
 *  - groups of 50 objects on two and four CPUs, with those on one.
 *
 * usage: operations NAME FILE...       objects and archives; NAME is for the result
 *        operations NAME -l LIST       a list of them, one a line
 */
#include "tests/images/operations.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GROUP = 50,
    SHOWN = 20, /* differences, and refusals */
};

struct counts counts;
static const char *corpus;
static struct subject group[GROUP];
static char *files[GROUP];
static size_t group_count;

void differs(const char *file, const char *place, const char *what, const char *detail,
             uint64_t value, const elfin_diag *diag)
{
    char text[1024] = "";

    if (diag)
        elfin_diag_format(diag, text, sizeof(text));
    text[strcspn(text, "\n")] = 0;
    if (counts.failures++ < SHOWN)
        printf("# %s: %s (%s): %s: %s 0x%" PRIx64 " %s\n", corpus, file, place, what, detail, value,
               text);
}

void refused(const char *file, const elfin_diag *diag)
{
    char text[1024];

    elfin_diag_format(diag, text, sizeof(text));
    text[strcspn(text, "\n")] = 0;
    if (counts.refused++ < SHOWN)
        printf("# operations: %s: refused: %s: %s\n", corpus, file, text);
}

static void end_group(void)
{
    if (group_count)
        check_group(group, group_count);
    for (size_t i = 0; i < group_count; i++) {
        subject_close(&group[i]);
        free(files[i]);
    }
    group_count = 0;
}

static bool add_object(void *ctx, const char *name, const void *data, size_t size)
{
    const char *archive = ctx;
    size_t length = strlen(name) + (archive ? strlen(archive) : 0) + 3;
    char *file = malloc(length);

    snprintf(file, length, archive ? "%s(%s)" : "%s%s", archive ? archive : "", name);
    if (!subject_open(&group[group_count], file, data, size)) {
        free(file);
        return true;
    }
    check_object(&group[group_count]);
    files[group_count++] = file;
    if (group_count == GROUP)
        end_group();
    return true;
}

static void add_file(char *path)
{
    FILE *stream = fopen(path, "rb");
    const char *slash = strrchr(path, '/');
    char *name = strdup(slash ? slash + 1 : path);
    elfin_diag diag;
    void *data;
    long size;

    if (!stream || fseek(stream, 0, SEEK_END) != 0 || (size = ftell(stream)) < 0) {
        perror(path);
        exit(2);
    }
    rewind(stream);
    data = malloc((size_t)size + 1);
    if (fread(data, 1, (size_t)size, stream) != (size_t)size) {
        perror(path);
        exit(2);
    }
    fclose(stream);
    if (!elfin_is_archive(data, (size_t)size))
        add_object(NULL, name, data, (size_t)size);
    else if (elfin_archive_members(data, (size_t)size, name, add_object, name, &diag) != ELFIN_OK)
        differs(name, "", "archive", "refused", 0, &diag);
    free(data);
    free(name);
}

static void add_list(const char *list)
{
    FILE *stream = fopen(list, "r");
    char line[4096];

    if (!stream) {
        perror(list);
        exit(2);
    }
    while (fgets(line, sizeof(line), stream)) {
        line[strcspn(line, "\n")] = 0;
        add_file(line);
    }
    fclose(stream);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    corpus = argv[1];
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 4 && strcmp(argv[2], "-l") == 0)
        add_list(argv[3]);
    else
        for (int i = 2; i < argc; i++)
            add_file(argv[i]);
    end_group();
    printf("# operations: %s: %" PRIu64 " objects, %" PRIu64 " refused, %" PRIu64
           " images, %" PRIu64 " instances, %" PRIu64 " imports bound anew, %" PRIu64
           " of them far, and back, %" PRIu64 " replacements with users of %" PRIu64 " names\n",
           corpus, counts.objects, counts.refused, counts.images, counts.instances, counts.rebound,
           counts.bound_far, counts.replaced, counts.names);
    printf("# operations: %s: %" PRIu64 " groups of %" PRIu64 " objects (%" PRIu64
           " refused), %" PRIu64 " loads on several CPUs, which worked together %" PRIu64
           " times; %.1f MB compared\n",
           corpus, counts.groups, counts.files, counts.refused_groups, counts.loads, counts.rounds,
           (double)counts.bytes / 1e6);
    if (counts.failures || counts.objects == counts.refused)
        printf("not ok operations/%s: %" PRIu64 " differences\n", corpus, counts.failures);
    else
        printf("ok operations/%s\n", corpus);
    return counts.failures || counts.objects == counts.refused;
}
