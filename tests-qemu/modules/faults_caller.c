/* SPDX-License-Identifier: MIT */
/* Calls a function of another module that faults; damages the heap. */
#include <stdint.h>

#include <elfin/efi.h>
#include <elfin/module.h>

ELFIN_MODULE("caller");

uint64_t fault_now(void);
uint64_t call_fault(void);
uint64_t break_heap(void);
uint64_t overrun_heap(void);

uint64_t call_fault(void)
{
    return fault_now() + 1;
}

static int breaks;

static int start(int argc, char **argv)
{
    (void)argv;
    breaks = argc > 0;
    return 0;
}
ELFIN_INIT(start);

/* With a word for init. */
static void stop(void)
{
    if (breaks)
        break_heap();
}
ELFIN_EXIT(stop);

/* A large object has a chunk of its own: what precedes it describes the chunk. */
uint64_t break_heap(void)
{
    char *object = malloc(1 << 20);
    volatile char *at = object;

    while (((uintptr_t)at & 0xfff) != 0)
        *--at = 0x41;
    free(object);
    return (uint64_t)(uintptr_t)malloc(1);
}

/* Beyond the end, where the heap notes what lies behind. */
uint64_t overrun_heap(void)
{
    volatile char *object = malloc(24);

    for (int i = 24; i < 40; i++)
        object[i] = 0x41;
    free((void *)(uintptr_t)object);
    return 1;
}
