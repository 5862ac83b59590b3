/* SPDX-License-Identifier: MIT */
#include "tools/elfin/members.h"

#include "tools/elfin/linking.h"
#include "tools/elfin/memory.h"
#include "tools/elfin/report.h"
#include "tools/elfin/text.h"

#include <stdlib.h>
#include <string.h>

struct check {
    const struct exports *exports;
    struct inputs group; /* the member, then the archives */
    const char *archive; /* base name of the one whose members are checked */
    struct report_set reported;
    size_t members, good; /* of that archive */
};

bool members_only(const struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++)
        if (!elfin_is_archive(inputs->items[i].data, inputs->items[i].size))
            return false;
    return true;
}

/* Named as it would be if another object had pulled it in. */
static bool check_member(void *ctx, const char *name, const void *data, size_t size)
{
    struct check *check = ctx;
    size_t room = strlen(check->archive) + strlen(name) + 3;
    char *full = string_room(room);
    struct linking linking;

    snprintf(full, room, "%s(%s)", check->archive, name);
    check->group.items[0] = (elfin_input){ .data = data, .size = size, .file = full, .name = full };
    check->members++;
    check->good += linking_begin_once(&linking, check->exports, &check->group, &check->reported);
    linking_end(&linking);
    free(full);
    return true;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool check_archive(struct check *check, const elfin_input *archive)
{
    elfin_diag diag;

    check->archive = base_name(archive->file);
    check->members = check->good = 0;
    if (elfin_archive_members(archive->data, archive->size, archive->file, check_member, check,
                              &diag) != ELFIN_OK) {
        report_once(&check->reported, &diag);
        return false;
    }
    if (check->good == check->members)
        return true;
    fputs("elfin: ", stderr);
    text_put(stderr, archive->file);
    fprintf(stderr, ": %zu of %zu members would load\n", check->good, check->members);
    return false;
}

bool members_check(const struct exports *exports, const struct inputs *inputs)
{
    struct check check = { .exports = exports };
    bool good = true;

    inputs_add(&check.group, "");
    for (size_t i = 0; i < inputs->count; i++) {
        inputs_add(&check.group, inputs->items[i].file);
        check.group.items[i + 1] = inputs->items[i];
    }
    for (size_t i = 0; i < inputs->count; i++)
        good &= check_archive(&check, &inputs->items[i]);
    report_set_free(&check.reported);
    inputs_free(&check.group);
    return good;
}
