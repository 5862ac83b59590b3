/* SPDX-License-Identifier: MIT */
#include "uefi/contain.h"

#include "libmini/mem.h"
#include "monitor/exports.h"
#include "monitor/fault.h"
#include "monitor/frames.h"
#include "uefi/code.h"
#include "uefi/exit.h"
#include "uefi/images.h"
#include "uefi/page_zero.h"
#include "uefi/tables.h"

enum {
    PAGE = MINI_PAGE_SIZE,
    MODULE_STACK = 256 << 10, /* the firmware's services want 128 KiB */
    INTERRUPT_STACK = 64 << 10,
    RED_ZONE = 128,
    TPL_HIGHEST = 31,
    RFLAGS_TF = 1 << 8,
    RFLAGS_IF = 1 << 9,
};

extern const char contain_resume[];
struct interrupt_frame *contain_dispatch(struct interrupt_frame *frame);

static struct uefi_host *machine_host;
static uint64_t memory, memory_size; /* see allocate */
static uint64_t interrupt_low, interrupt_high, stack_low;

/* What the firmware had when the call began. */
static struct {
    EFI_TPL priority;
    uint32_t cpu;
} before;

/* Its number (Intel SDM volume 2, CPUID, leaf 1): other CPUs may have taken our tables over. */
static uint32_t this_cpu(void)
{
    uint32_t a = 1, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return b >> 24;
}

/* ---- Interruptions --------------------------------------------------------------------------- */

bool contain_is_interrupt_stack(uint64_t pointer)
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
    frame->rsp = tables_fault_stack() - 8; /* as after a call */
    frame->rflags &= ~(uint64_t)(RFLAGS_IF | RFLAGS_TF);
}

/* The handler may be interrupted in its turn: then below what it has on the interrupt stack. */
static struct interrupt_frame *leave_entry_stack(const struct interrupt_frame *frame)
{
    uint64_t top = contain_is_interrupt_stack(frame->rsp) ? (frame->rsp - RED_ZONE) & ~UINT64_C(15)
                                                          : interrupt_high;
    struct interrupt_frame *copy = (struct interrupt_frame *)(top - sizeof(*copy));

    *copy = *frame;
    copy->error = tables_handler(frame->vector);
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
    moved->error = tables_handler(frame->vector);
    return moved;
}

/* The firmware's own interrupt handlers may keep something there. */
static bool is_page_zero_needed(const struct interrupt_frame *frame, uint64_t address)
{
    return frame->vector == EXCEPTION_PAGE && address < PAGE && page_zero_is_hidden() &&
           contain_is_interrupt_stack(frame->rsp) && !fault_is_ours(frame->rip);
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
    if (this_cpu() == before.cpu)
        call_interrupted(CALL_FAULT, frame, address, !code_is_known());
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
        images_renew();
        page_zero_hide(&machine_host->rights);
    }
    exit_catch(machine_host);
    before.cpu = this_cpu();
    __asm__ volatile("cli");
    tables_replace();
}

static void call_ends(void)
{
    EFI_BOOT_SERVICES *services = machine_host->table->BootServices;

    tables_restore();
    exit_release(machine_host);
    services->RaiseTPL(TPL_HIGHEST);
    services->RestoreTPL(before.priority);
    if (!machine_host->locked)
        page_zero_show(&machine_host->rights);
    else if (page_zero_is_hidden())
        page_zero_need();
}

/* ---- Begin and end --------------------------------------------------------------------------- */

/* A guard, the interrupt stack, a guard, the modules' stack, a guard. */
static bool allocate(void)
{
    EFI_BOOT_SERVICES *services = machine_host->table->BootServices;
    EFI_PHYSICAL_ADDRESS base;

    if (!tables_allocate(services))
        return false;
    memory_size = PAGE + INTERRUPT_STACK + CALL_STACK_GUARD + MODULE_STACK + PAGE;
    if (services->AllocatePages(AllocateAnyPages, EfiLoaderData, EFI_SIZE_TO_PAGES(memory_size),
                                &base) != EFI_SUCCESS) {
        tables_free(services);
        return false;
    }
    memory = base;
    interrupt_low = memory + PAGE;
    interrupt_high = interrupt_low + INTERRUPT_STACK;
    stack_low = interrupt_high + CALL_STACK_GUARD;
    return true;
}

/* Without page rights there is none of this. */
static void set_rights(void)
{
    const struct uefi_rights *rights = &machine_host->rights;

    (void)uefi_rights_set(rights, memory, memory_size, ELFIN_RIGHTS_RW);
    (void)uefi_rights_hide(rights, memory, PAGE);
    (void)uefi_rights_hide(rights, interrupt_high, CALL_STACK_GUARD);
    (void)uefi_rights_hide(rights, stack_low + MODULE_STACK, PAGE);
}

bool contain_begin(struct uefi_host *host)
{
    static const struct call_machine calls = { .begin = call_begins,
                                               .end = call_ends,
                                               .judge = fault_judge,
                                               .report = fault_report,
                                               .walk = frames_take,
                                               .forget = exports_forget };
    machine_host = host;
    if (!allocate())
        return false;
    set_rights();
    images_begin();
    call_set_machine(&calls);
    call_set_stack(stack_low, stack_low + MODULE_STACK);
    return true;
}

void contain_end(void)
{
    EFI_BOOT_SERVICES *services = machine_host->table->BootServices;

    if (memory == 0)
        return;
    call_set_machine(&(struct call_machine){ .begin = NULL });
    call_set_stack(0, 0);
    images_end();
    uefi_rights_reset(&machine_host->rights, memory, memory_size);
    tables_free(services);
    services->FreePages(memory, EFI_SIZE_TO_PAGES(memory_size));
    memory = 0;
}
