/* SPDX-License-Identifier: MIT */
/* A module that lets the machine's other CPUs run code of its own. */
#include <efi.h>

#include <elfin/efi.h>
#include <elfin/module.h>

ELFIN_INTERRUPTS;

/* Of EFI_MP_SERVICES_PROTOCOL what is used here. */
struct mp_services {
    EFI_STATUS(EFIAPI *count)(struct mp_services *, UINTN *all, UINTN *enabled);
    void *information;
    EFI_STATUS(EFIAPI *start_all)
    (struct mp_services *, void(EFIAPI *procedure)(void *), BOOLEAN one_by_one, EFI_EVENT finished,
     UINTN timeout, void *argument, UINTN **failed);
};

UINT64 count_cpus(void);

static UINT64 counted;

static void EFIAPI count(void *argument)
{
    __atomic_fetch_add((UINT64 *)argument, 1, __ATOMIC_SEQ_CST);
}

/* All but the one that calls. */
UINT64 count_cpus(void)
{
    EFI_BOOT_SERVICES *services = ((EFI_SYSTEM_TABLE *)elfin_system_table)->BootServices;
    EFI_GUID guid = {
        0x3fdda605, 0xa76e, 0x4f46, { 0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08 }
    };
    struct mp_services *mp;
    void *protocol;

    counted = 0;
    if (services->LocateProtocol(&guid, NULL, &protocol) != EFI_SUCCESS)
        return 100;
    mp = protocol;
    if (mp->start_all(mp, count, FALSE, NULL, 0, &counted, NULL) != EFI_SUCCESS)
        return 101;
    return counted;
}
