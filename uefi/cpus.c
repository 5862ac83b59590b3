/* SPDX-License-Identifier: MIT */
#include "uefi/cpus.h"

enum {
    PATIENCE = 1 << 22 /* turns of the loop without work: a few hundredths of a second, or more */
};

/* Of EFI_MP_SERVICES_PROTOCOL, which the headers of gnu-efi lack, what is used here. */
struct uefi_mp_services {
    EFI_STATUS(EFIAPI *count)(struct uefi_mp_services *, UINTN *all, UINTN *enabled);
    void *information;
    EFI_STATUS(EFIAPI *start_all)
    (struct uefi_mp_services *, void(EFIAPI *procedure)(void *), BOOLEAN one_by_one,
     EFI_EVENT finished, UINTN timeout, void *argument, UINTN **failed);
};

static void pause(void)
{
    __asm__ volatile("pause");
}

/* Page rights may have changed since this CPU looked: what it remembers of them is forgotten. */
static void forget_translations(void)
{
#ifndef UEFI_CPUS_HOSTED
    uint64_t tables;

    __asm__ volatile("mov %%cr3, %0\n\tmov %0, %%cr3" : "=r"(tables) : : "memory");
#endif
}

/* Takes part in the round, unless it has been closed in the meantime. */
static void join(struct uefi_cpus *cpus, uint32_t round)
{
    __atomic_fetch_add(&cpus->working, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&cpus->round, __ATOMIC_SEQ_CST) == round) {
        forget_translations();
        __atomic_fetch_add(&cpus->taken, 1, __ATOMIC_RELAXED);
        cpus->work(cpus->arg);
    }
    __atomic_fetch_sub(&cpus->working, 1, __ATOMIC_SEQ_CST);
}

/* What each of the other CPUs runs: no firmware service may be called here. */
static void EFIAPI attend(void *arg)
{
    struct uefi_cpus *cpus = arg;
    uint32_t others = __atomic_add_fetch(&cpus->waiting, 1, __ATOMIC_SEQ_CST), seen = 0;

    for (int turn = 0; others < cpus->limit && turn < PATIENCE; turn++) {
        uint32_t round = __atomic_load_n(&cpus->round, __ATOMIC_SEQ_CST);

        if (__atomic_load_n(&cpus->leave, __ATOMIC_SEQ_CST))
            break;
        if (round % 2 == 1 && round != seen) {
            join(cpus, round);
            seen = round;
            turn = 0;
        }
        pause();
    }
    __atomic_fetch_sub(&cpus->waiting, 1, __ATOMIC_SEQ_CST);
}

/* Does the firmware know that all have finished? Only then it starts them again. */
static bool are_idle(struct uefi_cpus *cpus)
{
    if (cpus->started && cpus->boot->CheckEvent(cpus->event) == EFI_SUCCESS)
        cpus->started = false;
    return !cpus->started;
}

static void start(struct uefi_cpus *cpus)
{
    EFI_STATUS status;

    if (!are_idle(cpus))
        return;
    __atomic_store_n(&cpus->leave, false, __ATOMIC_SEQ_CST);
    status = cpus->services->start_all(cpus->services, attend, FALSE, cpus->event, 0, cpus, NULL);
    cpus->started = status == EFI_SUCCESS;
    if (status == EFI_UNSUPPORTED) /* firmware may refuse to go on while they work */
        cpus->limit = 1;
}

void uefi_cpus_init(struct uefi_cpus *cpus, EFI_BOOT_SERVICES *boot)
{
    EFI_GUID guid = {
        0x3fdda605, 0xa76e, 0x4f46, { 0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08 }
    };
    UINTN all = 0, enabled = 0;
    void *services;

    *cpus = (struct uefi_cpus){ .boot = boot, .count = 1, .limit = 1 };
    if (boot->LocateProtocol(&guid, NULL, &services) != EFI_SUCCESS)
        return;
    cpus->services = services;
    if (cpus->services->count(services, &all, &enabled) != EFI_SUCCESS || enabled < 2 ||
        enabled > UINT32_MAX || boot->CreateEvent(0, 0, NULL, NULL, &cpus->event) != EFI_SUCCESS) {
        cpus->services = NULL;
        return;
    }
    cpus->count = cpus->limit = (uint32_t)enabled;
}

void uefi_cpus_run(struct uefi_cpus *cpus, void (*work)(void *arg), void *arg)
{
    if (cpus->services && cpus->limit > 1 && !__atomic_load_n(&cpus->waiting, __ATOMIC_SEQ_CST))
        start(cpus);
    cpus->work = work;
    cpus->arg = arg;
    __atomic_fetch_add(&cpus->round, 1, __ATOMIC_SEQ_CST);
    work(arg);
    __atomic_fetch_add(&cpus->round, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&cpus->working, __ATOMIC_SEQ_CST))
        pause();
}

void uefi_cpus_leave(struct uefi_cpus *cpus)
{
    __atomic_store_n(&cpus->leave, true, __ATOMIC_SEQ_CST);
}

void uefi_cpus_finish(struct uefi_cpus *cpus)
{
    if (!cpus->services)
        return;
    uefi_cpus_leave(cpus);
    while (!are_idle(cpus))
        cpus->boot->Stall(100);
    cpus->boot->CloseEvent(cpus->event);
    cpus->services = NULL;
}
