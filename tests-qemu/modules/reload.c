/* SPDX-License-Identifier: MIT */
/* Something of everything that loading touches: all parts, constructors, heap use, exports. */
#include <elfin/efi.h>
#include <elfin/module.h>

static char zeroes[20000];
static int data[100] = { 1, 2, 3 };
static const char *const names[] = { "a", "b", "c" };
static void *object;
static int constructed;

int reload_sum(void);

__attribute__((constructor)) static void construct(void)
{
    constructed = 1;
}

static int start(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    object = malloc(5000);
    return object != NULL && constructed == 1 && zeroes[19999] == 0 && data[2] == 3 ? 0 : 1;
}
ELFIN_INIT(start);

static void stop(void)
{
    free(object);
}
ELFIN_EXIT(stop);

int reload_sum(void)
{
    zeroes[19999]++;
    return data[0] + names[2][0] + constructed;
}
