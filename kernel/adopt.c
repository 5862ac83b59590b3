/* SPDX-License-Identifier: MIT */
#include "kernel/adopt.h"

#include "kernel/memory.h"
#include "monitor/commands.h"

static elfin_status take(void *ctx, const elfin_taking *taking, elfin_region *out)
{
    (void)ctx;
    *out = (elfin_region){ .run = taking->run, .size = taking->size };
    return memory_image_take(taking->run, taking->physical, taking->size, &out->edit)
               ? ELFIN_OK
               : ELFIN_ERR_MEMORY;
}

static int adopt(struct session *session, const struct elfin_boot *boot, int argc, char **argv)
{
    elfin_adoption adoption = ELFIN_ADOPTION_INIT;
    unsigned reported = 0;
    elfin_status status;
    elfin_diag diag;

    adoption.take = take;
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
         group = elfin_next_group(&session->space, group))
        command_loaded(session, group, "loaded");
    return status;
}
