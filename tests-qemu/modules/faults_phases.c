/* SPDX-License-Identifier: MIT */
/* Faults where the library calls: the first word of init names the phase. */
#include <stdint.h>

#include <elfin/efi.h>
#include <elfin/module.h>

ELFIN_MODULE("phases");
ELFIN_INTERRUPTS;

int __cxa_atexit(void (*function)(void *), void *argument, void *handle);
extern void *__dso_handle __attribute__((visibility("hidden")));

static char phase;

static void fault_if(char wanted)
{
    if (phase == wanted)
        __asm__ volatile("ud2");
}

/* An upper-case letter: it does not come to an end. */
static void loop_if(char wanted)
{
    while (*(volatile char *)&phase == wanted) {
    }
}

static void registered(void *argument)
{
    (void)argument;
    fault_if('a');
    elfin_print("phases: registered\n");
}

__attribute__((constructor)) static void construct(int argc, char **argv)
{
    phase = argc > 0 ? argv[0][0] : 0;
    fault_if('c');
    loop_if('C');
    __cxa_atexit(registered, 0, &__dso_handle);
}

__attribute__((destructor)) static void destruct(void)
{
    fault_if('d');
    elfin_print("phases: destroyed\n");
}

static int start(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    fault_if('i');
    loop_if('I');
    return 0;
}
ELFIN_INIT(start);

static void stop(void)
{
    fault_if('x');
    loop_if('X');
    elfin_print("phases: exit\n");
}
ELFIN_EXIT(stop);

static void *save(void)
{
    fault_if('s');
    return &phase;
}

static int restore(void *old, uint32_t version)
{
    (void)old;
    (void)version;
    fault_if('r');
    return 0;
}
ELFIN_STATE(1, save, restore);

uint64_t fault_now(void);

uint64_t fault_now(void)
{
    __asm__ volatile("ud2");
    return 0;
}
