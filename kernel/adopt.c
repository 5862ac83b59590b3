/* SPDX-License-Identifier: MIT */
#include "kernel/adopt.h"

#include "kernel/memory.h"
#include "libmini/str.h"
#include "monitor/commands.h"
#include "monitor/trace.h"

static elfin_status take(void *ctx, const elfin_taking *taking, elfin_region *out)
{
    (void)ctx;
    *out = (elfin_region){ .run = taking->run, .size = taking->size };
    return memory_image_take(taking->run, taking->physical, taking->size, &out->edit)
               ? ELFIN_OK
               : ELFIN_ERR_MEMORY;
}

/* A member of a library is found by its name, as "libz.a(crc32.o)". */
struct search {
    const char *name;
    const char *archive;
    const void *data;
    size_t size;
};

static bool is_member(void *ctx, const char *name, const void *data, size_t size)
{
    struct search *search = ctx;
    const char *left = search->name + mini_strlen(search->archive);

    if (*left++ != '(' || !mini_str_starts(left, name) ||
        !mini_str_equal(left + mini_strlen(name), ")"))
        return true;
    search->data = data;
    search->size = size;
    return false;
}

static bool find_in_file(const elfin_boot_file *file, struct search *search)
{
    if (mini_str_equal(file->name, search->name)) {
        search->data = file->data;
        search->size = file->size;
    } else if (mini_str_starts(search->name, file->name) &&
               elfin_is_archive(file->data, file->size)) {
        search->archive = file->name;
        (void)elfin_archive_members(file->data, file->size, file->name, is_member, search, NULL);
    }
    return search->data != NULL;
}

/* The files that elfin.efi has passed on are those of the modules, mostly. */
static bool object(void *ctx, const elfin_module *module, const void **data, size_t *size)
{
    const struct elfin_boot *boot = ctx;
    elfin_module_info info;
    struct search search;

    elfin_module_get(module, &info);
    search = (struct search){ .name = info.file };
    for (uint64_t i = 0; i < boot->file_count; i++)
        if (find_in_file(&boot->files[i], &search))
            break;
    *data = search.data;
    *size = search.size;
    return search.data != NULL;
}

static int adopt(struct session *session, const struct elfin_boot *boot, int argc, char **argv)
{
    elfin_adoption adoption = ELFIN_ADOPTION_INIT;
    unsigned reported = 0;
    elfin_status status;
    elfin_diag diag;

    adoption.ctx = (void *)(uintptr_t)boot;
    adoption.take = take;
    adoption.object = object;
    adoption.argc = argc;
    adoption.argv = argv;
    adoption.report = command_report;
    adoption.report_ctx = &reported;
    status =
        elfin_space_adopt(&session->space, boot->modules, boot->modules_size, &adoption, &diag);
    if (status != ELFIN_OK && reported == 0)
        command_report(&reported, &diag);
    return status == ELFIN_OK ? STATUS_SUCCESS : command_load_status(status, &diag);
}

int adopt_modules(struct session *session, const struct elfin_boot *boot, int argc, char **argv)
{
    int status = boot->modules != NULL ? adopt(session, boot, argc, argv) : STATUS_SUCCESS;

    memory_images_left();
    for (elfin_group *group = elfin_next_group(&session->space, NULL); group != NULL;
         group = elfin_next_group(&session->space, group)) {
        command_loaded(session, group, "loaded");
        trace_loaded(group);
    }
    return status;
}
