/* SPDX-License-Identifier: MIT */
/*
 * Module CELL of a number, version VERSION, that uses module USES (none: -1): something of every
 * part, state that a newer version takes over, and faults in every kind of call.
 */
#include <stdint.h>

#include <elfin/module.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define TEXT_(a)    #a
#define TEXT(a)     TEXT_(a)
#define OWN         JOIN(cell_, CELL)
#define USED        JOIN(cell_, USES)

uint64_t OWN(uint64_t value);
uint64_t other(uint64_t value);
uint64_t use(uint64_t value);
uint64_t through(uint64_t value);
uint64_t count(void);
uint64_t local(void);
uint64_t arm(void);
uint64_t fault(uint64_t kind);
uint64_t deep(uint64_t depth);

static const uint64_t constants[4] = { CELL + 3, VERSION * 1000, 7, VERSION * 10000 };
static uint64_t counts[1] = { 0 }, zeroes[CELL * 700 + 1];
static _Thread_local uint64_t locals[3] = { 0, CELL * 10 }; /* not handed over */
static int armed;
static const char *const *argument;

uint64_t OWN(uint64_t value)
{
    zeroes[value % (CELL * 700 + 1)]++;
    return value * constants[0] + constants[1];
}

uint64_t other(uint64_t value)
{
    return value * constants[2] + constants[3] + CELL;
}

#ifdef USES
uint64_t USED(uint64_t value);
uint64_t (*pointer)(uint64_t) = USED;
uint64_t (*const constant)(uint64_t) = USED;

uint64_t use(uint64_t value)
{
    return USED(value) + 1;
}

uint64_t through(uint64_t value)
{
    return pointer(value) + (*(uint64_t(*const volatile *)(uint64_t)) & constant)(value);
}
#endif

uint64_t count(void)
{
    return ++*(volatile uint64_t *)counts;
}

uint64_t local(void)
{
    return ++locals[1];
}

uint64_t arm(void)
{
    return (uint64_t)(armed = 1);
}

uint64_t deep(uint64_t depth)
{
    volatile uint64_t frame[64];

    frame[depth % 64] = depth;
    return depth == UINT64_MAX ? 0 : deep(depth + 1) + frame[depth % 64];
}

uint64_t fault(uint64_t kind)
{
    volatile uint64_t *text = (volatile uint64_t *)(uintptr_t)&fault;

    switch (kind) {
    case 0:
        return *(volatile uint64_t *)(uintptr_t)zeroes[0];
    case 1:
        return *text = kind;
    case 2:
        *(volatile uint64_t *)(uintptr_t)constants = kind;
        return 0;
    case 3:
        return ((uint64_t(*)(void))(uintptr_t)counts)();
    case 4:
        __asm__ volatile("ud2");
        return 0;
    case 5:
        return *(volatile uint64_t *)(uintptr_t)(kind << 61);
    case 6:
        return deep(0);
    default: /* the page before the module is not there */
        return *(volatile uint64_t *)(((uintptr_t)text & ~UINT64_C(0xfff)) - 8);
    }
}

/* Given back when it has run. */
__attribute__((section(".init.text"), noinline)) static int begin(char first)
{
    if (first == 'r')
        return 7;
    if (first == 'f')
        fault(4);
    return 0;
}

static int start(int argc, char **argv)
{
    argument = (const char *const *)argv;
    return begin(argc > 0 ? argv[0][0] : ' ');
}

static void stop(void)
{
    if (armed)
        fault(1);
}

static void *save(void)
{
    return counts;
}

static int restore(void *old, uint32_t version)
{
    if (version > VERSION)
        return 9;
    counts[0] = *(uint64_t *)old;
    return 0;
}

ELFIN_MODULE("c" TEXT(CELL), .version = TEXT(VERSION));
ELFIN_INIT(start);
ELFIN_EXIT(stop);
ELFIN_STATE(VERSION, save, restore);
ELFIN_EXPORT(OWN);
