/* SPDX-License-Identifier: MIT */
/* What compilers make of ordinary code: jump tables, strings, function pointers, statics, weak. */
#include <elfin/module.h>

#include <stddef.h>

extern int host_add(int, int);
extern int host_counter;
extern int maybe(int) __attribute__((weak));

int shapes_seen_argc;
char shapes_seen_word[16];
int common_array[100];
static int calls;

static const char *const names[] = { "zero", "one", "two", "three", "four" };

static int square(int x)
{
    return x * x;
}

static int cube(int x)
{
    return x * x * x;
}

static int (*const powers[])(int) = { NULL, NULL, square, cube };

int shapes_power(int base, int exponent)
{
    calls++;
    return exponent >= 2 && exponent <= 3 ? powers[exponent](base) : base;
}

const char *shapes_name(unsigned i)
{
    calls++;
    return i < 5 ? names[i] : "many";
}

/* Dense enough for a jump table. */
int shapes_switch(int what, int x)
{
    switch (what) {
    case 0:
        return host_add(x, 1);
    case 1:
        return x - 7;
    case 2:
        return host_counter += x;
    case 3:
        return square(x) ^ 5;
    case 4:
        return maybe ? maybe(x) : -1;
    case 5:
        return common_array[x] + 3;
    case 6:
        return calls;
    case 7:
        return names[x][0];
    default:
        return -2;
    }
}

static void construct(void) __attribute__((constructor));
static void construct(void)
{
    common_array[7] = 39;
}

static int start(int argc, char **argv)
{
    shapes_seen_argc = argc;
    for (int i = 0; argc > 1 && argv[1][i] != '\0' && i < 15; i++) {
        shapes_seen_word[i] = argv[1][i];
    }
    return argv[argc] == NULL ? 0 : 99;
}

static void stop(void)
{
    host_counter = -host_counter;
}

ELFIN_MODULE("shapes", .version = "2", .description = "what compilers make of ordinary code");
ELFIN_INIT(start);
ELFIN_EXIT(stop);
