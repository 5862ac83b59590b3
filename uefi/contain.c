/* SPDX-License-Identifier: MIT */
#include "uefi/contain.h"

#include "arch-x86_64/descriptors.h"
#include "libmini/mem.h"
#include "monitor/exports.h"
#include "monitor/fault.h"
#include "uefi/code.h"
#include "uefi/page_zero.h"

enum {
    VECTORS = 256,
    STUB_SIZE = 16,
    DESCRIPTORS = 510,
    PAGE = MINI_PAGE_SIZE,
    MODULE_STACK = 256 << 10, /* the firmware's services want 128 KiB */
    INTERRUPT_STACK = 64 << 10,
    EXCEPTION_STACK = 16 << 10,
    RED_ZONE = 128,
    TPL_HIGHEST = 31,
    RFLAGS_TF = 1 << 8,
    RFLAGS_IF = 1 << 9,
};

/* Our interrupt stacks are the last: a task state of the firmware's uses others. */
enum {
    STACK_ENTRY = 4, /* where interrupts arrive, and leave for the interrupt stack */
    STACK_FAULT,
    STACK_DOUBLE,
    STACK_NMI,
    STACKS
};

/* One allocation, below 4 GiB: other CPUs that a module starts take the descriptors over in 32-bit
 * mode. */
struct tables {
    struct gate gates[VECTORS];
    uint64_t descriptors[DESCRIPTORS];
    struct task_state task;
};

extern const char contain_stubs[], contain_resume[];
struct interrupt_frame *contain_dispatch(struct interrupt_frame *frame);

static struct uefi_host *machine_host;
static struct tables *tables;
static uint64_t memory, memory_size; /* guard, interrupt stack, guard, module's stack, guard */
static uint64_t interrupt_low, interrupt_high;
static uint64_t handlers[VECTORS]; /* the firmware's */
static _Alignas(16) char exception_stacks[STACKS][EXCEPTION_STACK];

/* What the firmware had when the call began. */
static struct {
    struct table_pointer descriptors, gates;
    uint16_t task;
    EFI_TPL priority;
    bool replaced;
} before;

/* ---- Tables ---------------------------------------------------------------------------------- */

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
    switch (vector) {
    case EXCEPTION_NMI:
    case EXCEPTION_MACHINE_CHECK:
        return STACK_NMI;
    case EXCEPTION_DOUBLE:
        return STACK_DOUBLE;
    default:
        return vector < EXCEPTION_COUNT ? STACK_FAULT : STACK_ENTRY;
    }
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
        tables->task.ist[i - 1] = (uint64_t)exception_stacks[i] + EXCEPTION_STACK;
}

static void make_gates(void)
{
    const struct gate *gates = (const struct gate *)before.gates.base;
    uint16_t selector;

    __asm__("movw %%cs, %0" : "=r"(selector));
    for (unsigned i = 0; i < VECTORS; i++) {
        bool there = (i + 1) * sizeof(*gates) <= before.gates.limit + 1u &&
                     gates[i].type & GATE_PRESENT && gates[i].selector == selector;

        handlers[i] = there ? gate_handler(&gates[i]) : 0;
        if (there || i < EXCEPTION_COUNT)
            tables->gates[i] =
                gate_make((uint64_t)contain_stubs + i * STUB_SIZE, selector, stack_of(i));
        else
            tables->gates[i] = (struct gate){ 0 };
    }
}

static void replace_tables(void)
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
static void restore_tables(void)
{
    unsigned index = task_index();
    uint64_t *descriptor;

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

/* ---- Interruptions --------------------------------------------------------------------------- */

static bool is_on_interrupt_stack(uint64_t pointer)
{
    return pointer - interrupt_low < interrupt_high - interrupt_low;
}

static struct interrupt_frame overdue_frame;
static bool overdue_services;

static _Noreturn void end_overdue(void)
{
    call_interrupted(CALL_LIMIT, &overdue_frame, 0, overdue_services);
    __builtin_unreachable();
}

/* The handler returns not to the call but to its end. */
static void check_time(struct interrupt_frame *frame)
{
    if (!fault_is_due(frame, &overdue_services))
        return;
    overdue_frame = *frame;
    frame->rip = (uint64_t)end_overdue;
    frame->rsp = (uint64_t)exception_stacks[STACK_FAULT] + EXCEPTION_STACK - 8;
    frame->rflags &= ~(uint64_t)(RFLAGS_IF | RFLAGS_TF);
}

/* The handler may be interrupted in its turn: then below what it has on the interrupt stack. */
static struct interrupt_frame *leave_entry_stack(const struct interrupt_frame *frame)
{
    uint64_t top = is_on_interrupt_stack(frame->rsp) ? (frame->rsp - RED_ZONE) & ~UINT64_C(15)
                                                     : interrupt_high;
    struct interrupt_frame *copy = (struct interrupt_frame *)(top - sizeof(*copy));

    *copy = *frame;
    copy->error = handlers[frame->vector];
    check_time(copy);
    return copy;
}

/* To the firmware, with the error code where the CPU has left it. */
static struct interrupt_frame *hand_on(struct interrupt_frame *frame)
{
    enum {
        WORDS = offsetof(struct interrupt_frame, error) / sizeof(uint64_t)
    };
    struct interrupt_frame *moved = frame;

    if ((uint64_t)EXCEPTIONS_WITH_ERROR >> frame->vector & 1) {
        moved = (struct interrupt_frame *)((uint64_t *)frame - 1);
        memmove(moved, frame, WORDS * sizeof(uint64_t));
    }
    moved->error = handlers[frame->vector];
    return moved;
}

/* The firmware's own interrupt handlers may keep something there. */
static bool is_page_zero_needed(const struct interrupt_frame *frame, uint64_t address)
{
    return frame->vector == EXCEPTION_PAGE && address < PAGE && page_zero_is_hidden() &&
           is_on_interrupt_stack(frame->rsp) && !fault_is_ours(frame->rip);
}

struct interrupt_frame *contain_dispatch(struct interrupt_frame *frame)
{
    uint64_t address;

    if (frame->vector >= EXCEPTION_COUNT)
        return leave_entry_stack(frame);
    __asm__ volatile("movq %%cr2, %0" : "=r"(address));
    if (is_page_zero_needed(frame, address)) {
        page_zero_need();
        frame->error = (uint64_t)contain_resume;
        return frame;
    }
    if (frame->vector != EXCEPTION_NMI && frame->vector != EXCEPTION_MACHINE_CHECK)
        call_interrupted(CALL_FAULT, frame, address,
                         !code_is_known() || is_on_interrupt_stack(frame->rsp));
    return hand_on(frame);
}

/* ---- Calls ----------------------------------------------------------------------------------- */

static EFI_TPL task_priority(const EFI_BOOT_SERVICES *services)
{
    EFI_TPL priority = services->RaiseTPL(TPL_HIGHEST);

    services->RestoreTPL(priority);
    return priority;
}

static void call_begins(void)
{
    if (!machine_host->locked) {
        before.priority = task_priority(machine_host->table->BootServices);
        code_find(machine_host);
        page_zero_hide(&machine_host->rights);
    }
    __asm__ volatile("cli");
    replace_tables();
}

static void call_ends(void)
{
    EFI_BOOT_SERVICES *services = machine_host->table->BootServices;

    if (before.replaced)
        restore_tables();
    if (machine_host->locked)
        return;
    services->RaiseTPL(TPL_HIGHEST);
    services->RestoreTPL(before.priority);
    page_zero_show(&machine_host->rights);
}

/* ---- Begin and end --------------------------------------------------------------------------- */

static bool allocate(void)
{
    EFI_BOOT_SERVICES *services = machine_host->table->BootServices;
    EFI_PHYSICAL_ADDRESS low = UINT32_MAX, base;

    if (services->AllocatePages(AllocateMaxAddress, EfiLoaderData,
                                EFI_SIZE_TO_PAGES(sizeof(struct tables)), &low) != EFI_SUCCESS)
        return false;
    memory_size = INTERRUPT_STACK + MODULE_STACK + 3 * PAGE;
    if (services->AllocatePages(AllocateAnyPages, EfiLoaderData, EFI_SIZE_TO_PAGES(memory_size),
                                &base) != EFI_SUCCESS) {
        services->FreePages(low, EFI_SIZE_TO_PAGES(sizeof(struct tables)));
        return false;
    }
    tables = (struct tables *)low;
    memory = base;
    return true;
}

static void set_guards(bool there)
{
    uint64_t guards[] = { memory, interrupt_high, memory + memory_size - PAGE };

    for (unsigned i = 0; i < sizeof(guards) / sizeof(guards[0]); i++)
        if (there)
            (void)uefi_rights_hide(&machine_host->rights, guards[i], PAGE);
        else
            uefi_rights_reset(&machine_host->rights, guards[i], PAGE);
}

bool contain_begin(struct uefi_host *host)
{
    static const struct call_machine calls = {
        .begin = call_begins, .end = call_ends, .report = fault_report, .forget = exports_forget
    };
    machine_host = host;
    if (!allocate())
        return false;
    interrupt_low = memory + PAGE;
    interrupt_high = interrupt_low + INTERRUPT_STACK;
    set_guards(true);
    call_set_machine(&calls);
    call_set_stack(interrupt_high + PAGE, interrupt_high + PAGE + MODULE_STACK);
    return true;
}

void contain_end(void)
{
    EFI_BOOT_SERVICES *services = machine_host->table->BootServices;

    if (tables == NULL)
        return;
    call_set_machine(&(struct call_machine){ .begin = NULL });
    call_set_stack(0, 0);
    set_guards(false);
    services->FreePages((EFI_PHYSICAL_ADDRESS)tables, EFI_SIZE_TO_PAGES(sizeof(struct tables)));
    services->FreePages(memory, EFI_SIZE_TO_PAGES(memory_size));
    tables = NULL;
}
