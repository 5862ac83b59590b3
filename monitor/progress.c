/* SPDX-License-Identifier: MIT */
#include "monitor/progress.h"

#include "monitor/console.h"
#include "monitor/platform.h"

static const char *subject;
static unsigned seconds;

/* Runs from an interrupt, between any two instructions of the console at worst. */
static void tick(void)
{
    seconds++;
    if (console_busy())
        return;
    console_fresh_line();
    console_print("... %s, %u s\n", subject, seconds);
}

void progress_begin(const char *what)
{
    subject = what;
    seconds = 0;
    platform_every_second(tick);
}

void progress_end(void)
{
    platform_every_second_end();
}
