/* SPDX-License-Identifier: MIT */
/* The commands that only the kernel has. */
#include "kernel/check.h"
#include "kernel/memory.h"
#include "kernel/platform.h"
#include "kernel/timer.h"
#include "monitor/commands.h"
#include "monitor/console.h"
#include "monitor/words.h"

typedef unsigned long long ull;

static command_function command_check, command_cpu, command_tables, command_ticks;

const struct command platform_commands[] = {
    { "check", "", "fail if page tables, memory and modules do not fit each other", 0, 0,
      command_check },
    { "cpu", "", "show which of the CPU's protections are on", 0, 0, command_cpu },
    { "tables", "[ADDRESS]", "check the page tables, and show what is mapped, or what is there", 0,
      1, command_tables },
    { "ticks", "", "show the timer's ticks", 0, 0, command_ticks },
    { .name = NULL },
};

static void show_range(const struct paging_range *range)
{
    static const char *const names[] = {
        [PAGING_READ] = "R", [PAGING_WRITE] = "RW", [PAGING_EXECUTE] = "RX"
    };

    console_print("0x%llx-0x%llx %s memory 0x%llx\n", (ull)range->address,
                  (ull)(range->address + range->size - 1), names[range->rights],
                  (ull)range->physical);
}

static int command_tables(struct session *session, int count, char **words)
{
    struct paging_range range;
    uint64_t at = 0, wanted;
    bool found = false;

    (void)session;
    if (!paging_check(&paging, &at))
        return command_error("the entry for 0x%llx is none that the kernel makes", (ull)at);
    if (count > 1 && !words_number(words[1], &wanted))
        return command_error("%s: not an address (decimal or 0x...)", words[1]);
    while (paging_next(&paging, at, &range)) {
        if (count == 1 || wanted - range.address < range.size) {
            show_range(&range);
            found = true;
        }
        at = range.address + range.size;
        if (at == 0)
            break;
    }
    return found ? STATUS_SUCCESS : command_error("nothing is mapped at %s", words[1]);
}

static int command_check(struct session *session, int count, char **words)
{
    struct check_problem problem;

    (void)count;
    (void)words;
    if (check_machine(&session->space, platform_record(), &problem))
        return STATUS_SUCCESS;
    return command_error("check: %s: 0x%llx", problem.text, (ull)problem.value);
}

static int command_cpu(struct session *session, int count, char **words)
{
    struct check_protection protection;

    (void)session;
    (void)count;
    (void)words;
    for (unsigned i = 0; check_protection(i, &protection); i++)
        console_print("%s%s %s", i > 0 ? ", " : "", protection.name,
                      !protection.present ? "absent"
                      : protection.on     ? "on"
                                          : "off");
    console_print("\n");
    return STATUS_SUCCESS;
}

static int command_ticks(struct session *session, int count, char **words)
{
    (void)session;
    (void)count;
    (void)words;
    console_print("%llu ticks, %d a second\n", (ull)timer_ticks(), TIMER_HERTZ);
    return STATUS_SUCCESS;
}
