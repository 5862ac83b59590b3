/* SPDX-License-Identifier: MIT */
/* The commands that begin and end the life of a group: load, unload. */
#include "monitor/commands.h"
#include "monitor/console.h"
#include "monitor/job.h"
#include "monitor/origin.h"

void command_loaded(const struct session *session, const elfin_group *group, const char *how)
{
    const char *separator = "";
    elfin_module_info info;
    elfin_block block;

    if (session->quiet)
        return;
    console_fresh_line();
    console_print("%s ", how);
    for (elfin_module *module = elfin_next_module(group, NULL); module != NULL;
         module = elfin_next_module(group, module)) {
        elfin_module_get(module, &info);
        console_print("%s%s", separator, info.name);
        separator = ", ";
    }
    if (elfin_group_block(group, 0, &block))
        console_print(" at 0x%llx", (unsigned long long)block.region.run);
    console_print("\n");
}

int command_load_status(elfin_status status, const elfin_diag *diag)
{
    if (status == ELFIN_ERR_INIT && diag->value >= 1 && diag->value <= STATUS_MAX)
        return (int)diag->value;
    return STATUS_FAILURE;
}

int command_load_instead(struct session *session, int count, char **words,
                         const struct instead *instead)
{
    struct job job;
    int status = job_begin(&job, session, count, words);

    if (status == STATUS_SUCCESS)
        status = job_run(&job, instead);
    job_end(&job);
    return status;
}

int command_load(struct session *session, int count, char **words)
{
    return command_load_instead(session, count, words, &(struct instead){ .how = "loaded" });
}

int command_unload(struct session *session, int count, char **words)
{
    elfin_module *module = elfin_find_module(&session->space, words[1]);
    unsigned reported = 0;
    elfin_module_info info;
    elfin_group *group;
    elfin_diag diag;
    bool failed;

    (void)count;
    if (module == NULL)
        return command_error("there is no module %s", words[1]);
    elfin_module_get(module, &info);
    failed = info.flags & ELFIN_MODULE_FAILED;
    group = info.group;
    if (elfin_unload(&session->space, group, &diag, command_report, &reported) != ELFIN_OK) {
        if (reported == 0)
            command_report(&reported, &diag);
        return STATUS_FAILURE;
    }
    origin_drop(session, group);
    if (!session->quiet) {
        console_fresh_line();
        console_print("unloaded %s%s\n", words[1],
                      failed ? ", which had failed: its exit functions were not called" : "");
    }
    return STATUS_SUCCESS;
}
