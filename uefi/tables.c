/* SPDX-License-Identifier: MIT */
#include "uefi/tables.h"

#include "arch-x86_64/descriptors.h"
#include "libmini/mem.h"
#include "monitor/frame.h"

enum {
    STUB_SIZE = 16,
    DESCRIPTORS = 510,
    EXCEPTION_STACK = 16 << 10,
};

/* Our interrupt stacks are the last: a task state of the firmware's uses others. */
enum {
    STACK_ENTRY = 5,
    STACK_FAULT,
    STACK_DOUBLE,
    STACKS
};

/*
 * One allocation, below 4 GiB: other CPUs that a module starts take the descriptors over in 32-bit
 * mode.
 */
struct tables {
    struct gate gates[TABLES_VECTORS];
    uint64_t descriptors[DESCRIPTORS];
    struct task_state task;
    _Alignas(16) char stacks[STACKS - STACK_ENTRY][EXCEPTION_STACK];
};

extern const char contain_stubs[];

static struct tables *tables;
static uint64_t handlers[TABLES_VECTORS]; /* the firmware's */

/* What the firmware had when the call began. */
static struct {
    struct table_pointer descriptors, gates;
    uint16_t task;
    bool replaced;
} before;

bool tables_allocate(EFI_BOOT_SERVICES *services)
{
    EFI_PHYSICAL_ADDRESS low = UINT32_MAX;

    if (services->AllocatePages(AllocateMaxAddress, EfiLoaderData,
                                EFI_SIZE_TO_PAGES(sizeof(*tables)), &low) != EFI_SUCCESS)
        return false;
    tables = (struct tables *)low;
    return true;
}

void tables_free(EFI_BOOT_SERVICES *services)
{
    services->FreePages((EFI_PHYSICAL_ADDRESS)tables, EFI_SIZE_TO_PAGES(sizeof(*tables)));
}

uint64_t tables_handler(uint64_t vector)
{
    return handlers[vector];
}

static unsigned task_index(void)
{
    return (before.descriptors.limit + 1u + 7) / 8;
}

static void load_task(unsigned index)
{
    __asm__ volatile("ltr %w0" : : "r"(index * 8) : "memory");
}

static uint8_t stack_of(unsigned vector)
{
    if (vector >= EXCEPTION_COUNT)
        return STACK_ENTRY;
    return vector == EXCEPTION_DOUBLE ? STACK_DOUBLE : STACK_FAULT;
}

static uint64_t stack_top(unsigned stack)
{
    return (uint64_t)tables->stacks[stack - STACK_ENTRY] + EXCEPTION_STACK;
}

/* A task state of the firmware's keeps its stacks, for gates that name them. */
static void make_task(void)
{
    const uint64_t *descriptor =
        (const uint64_t *)(before.descriptors.base + (before.task & ~UINT64_C(7)));

    tables->task = (struct task_state){ .io_map = sizeof(struct task_state) };
    if (before.task != 0)
        tables->task =
            *(const struct task_state *)((descriptor[0] >> 16 & 0xffffff) |
                                         (descriptor[0] >> 32 & 0xff000000) | descriptor[1] << 32);
    for (unsigned i = STACK_ENTRY; i < STACKS; i++)
        tables->task.ist[i - 1] = stack_top(i);
}

/* Exceptions that are nobody's mistake are the firmware's as if we were not there. */
static void make_gates(void)
{
    const struct gate *gates = (const struct gate *)before.gates.base;
    uint16_t selector;

    __asm__("movw %%cs, %0" : "=r"(selector));
    for (unsigned i = 0; i < TABLES_VECTORS; i++) {
        bool there = (i + 1) * sizeof(*gates) <= before.gates.limit + 1u;
        bool alike = there && gates[i].type & GATE_PRESENT && gates[i].selector == selector;

        handlers[i] = alike ? gate_handler(&gates[i]) : 0;
        if (i < EXCEPTION_COUNT ? exception_is_of_code(i) : alike)
            tables->gates[i] =
                gate_make((uint64_t)contain_stubs + i * STUB_SIZE, selector, stack_of(i));
        else
            tables->gates[i] = there ? gates[i] : (struct gate){ 0 };
    }
}

void tables_replace(void)
{
    struct table_pointer pointer = { .base = (uint64_t)tables->descriptors };
    unsigned index;

    __asm__ volatile("sgdt %0" : "=m"(before.descriptors));
    __asm__ volatile("sidt %0" : "=m"(before.gates));
    __asm__ volatile("str %0" : "=r"(before.task));
    if (before.task + 2 * sizeof(uint64_t) > before.descriptors.limit + 1u)
        before.task = 0; /* ours, from the last call */
    index = task_index();
    before.replaced = index + 2 <= DESCRIPTORS;
    if (!before.replaced)
        return;
    memcpy(tables->descriptors, (const void *)before.descriptors.base,
           before.descriptors.limit + 1u);
    make_task();
    task_descriptor(&tables->descriptors[index], (uint64_t)&tables->task, sizeof(tables->task));
    make_gates();
    pointer.limit = (uint16_t)((index + 2) * 8 - 1);
    __asm__ volatile("lgdt %0" : : "m"(pointer) : "memory");
    load_task(index);
    pointer = (struct table_pointer){ sizeof(tables->gates) - 1, (uint64_t)tables->gates };
    __asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

/*
 * The task register cannot be emptied again: without a task state of the firmware's it gets the
 * base and the limit that it has after a reset.
 */
void tables_restore(void)
{
    unsigned index = task_index();
    uint64_t *descriptor;

    if (!before.replaced)
        return;
    __asm__ volatile("lidt %0" : : "m"(before.gates) : "memory");
    if (before.task == 0) {
        task_descriptor(&tables->descriptors[index], 0, UINT64_C(0x10000));
        load_task(index);
    }
    __asm__ volatile("lgdt %0" : : "m"(before.descriptors) : "memory");
    if (before.task != 0) {
        descriptor = (uint64_t *)(before.descriptors.base + (before.task & ~UINT64_C(7)));
        *descriptor &= ~((uint64_t)TASK_BUSY << 40);
        load_task(before.task / 8);
    }
}

uint64_t tables_fault_stack(void)
{
    return stack_top(STACK_FAULT);
}
