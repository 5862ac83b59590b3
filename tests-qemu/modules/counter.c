// SPDX-License-Identifier: MIT
/* Counts, and can be replaced by a newer version of itself while it is in use. */
#include <elfin/module.h>
#include <stdio.h>

#ifndef COUNTER_VERSION
#define COUNTER_VERSION 1
#define COUNTER_STEP    1
#define COUNTER_TEXT    "1"
#endif

ELFIN_MODULE("counter", .version = COUNTER_TEXT);

int counter_next(void);
const char *counter_name(void);

struct state {
    int count;
};

static struct state state;

static void *save(void)
{
    return &state;
}

static int restore(void *old, uint32_t version)
{
    if (version > COUNTER_VERSION)
        return 9;
    state = *(struct state *)old;
    printf("counter %d goes on at %d\n", COUNTER_VERSION, state.count);
    return 0;
}

static int start(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("counter %d: init\n", COUNTER_VERSION);
    return 0;
}

static void stop(void)
{
    printf("counter %d: exit\n", COUNTER_VERSION);
}

ELFIN_INIT(start);
ELFIN_EXIT(stop);
ELFIN_STATE(COUNTER_VERSION, save, restore);

int counter_next(void)
{
    return state.count += COUNTER_STEP;
}

const char *counter_name(void)
{
    return COUNTER_VERSION == 1 ? "one" : "two";
}
