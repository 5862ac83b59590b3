/* SPDX-License-Identifier: MIT */
/* Lines for people, where nothing fails. */
#include "loader/internal.h"
#include "libmini/str.h"

void elfin_log(const elfin_host *host, const char *const *pieces, int count)
{
    char line[160];
    size_t length = 0;

    for (int i = 0; i < count; i++) {
        size_t size = mini_strnlen(pieces[i], sizeof(line) - 1 - length);

        memcpy(line + length, pieces[i], size);
        length += size;
    }
    line[length] = 0;
    for (size_t i = 0; i < length; i++)
        if (line[i] < ' ' || line[i] > '~')
            line[i] = '?';
    if (host->log)
        host->log(host->ctx, line);
}

void elfin_log_module(const elfin_host *host, const elfin_module *module, const char *text)
{
    const char *pieces[] = { record_name(&module->self), text };

    elfin_log(host, pieces, 2);
}
