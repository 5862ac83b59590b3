/* SPDX-License-Identifier: MIT */
/* cpus [COUNT] */
#include "libmini/str.h"
#include "monitor/console.h"
#include "uefi/commands.h"
#include "uefi/platform.h"

int command_cpus(struct session *session, int count, char **words)
{
    struct uefi_cpus *cpus = &machine.cpus;
    uint64_t limit;

    (void)session;
    if (count > 1) {
        if (!mini_parse_u64(words[1], mini_strlen(words[1]), &limit) || limit == 0 ||
            limit > cpus->count)
            return command_error("COUNT is a number from 1 to %u", cpus->count);
        cpus->limit = (uint32_t)limit;
    }
    console_print("%u of %u CPUs share the work of loads; others have joined in %u times\n",
                  cpus->limit, cpus->count, __atomic_load_n(&cpus->taken, __ATOMIC_RELAXED));
    return STATUS_SUCCESS;
}
