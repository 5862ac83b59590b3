/* SPDX-License-Identifier: MIT */
/* Makes the firmware one that lets nothing be executed in memory that it allocates from now on, or
 * that does not leave. */
#include <efi.h>

#include <elfin/efi.h>
#include <elfin/module.h>

ELFIN_MODULE("strict");

#define NO_EXECUTE UINT64_C(0x4000)

enum {
    PAGE = 4096
};

/* PI 1.8, volume 2, sections 4.5 and 7.2. */
struct memory_space {
    EFI_PHYSICAL_ADDRESS base;
    UINT64 size, capabilities, attributes;
    UINT32 type;
    EFI_HANDLE image, device;
};

struct dxe_services {
    EFI_TABLE_HEADER header;
    void *add, *allocate, *free, *remove;
    EFI_STATUS(EFIAPI *get)(EFI_PHYSICAL_ADDRESS, struct memory_space *);
    EFI_STATUS(EFIAPI *set)(EFI_PHYSICAL_ADDRESS, UINT64, UINT64);
};

UINT64 forbid(void);
UINT64 stay(UINT64 wanted);

static char map[64 << 10];

static struct dxe_services *find_services(const EFI_SYSTEM_TABLE *table)
{
    for (UINTN i = 0; i < table->NumberOfTableEntries; i++)
        if (table->ConfigurationTable[i].VendorGuid.Data1 == 0x05ad34ba)
            return table->ConfigurationTable[i].VendorTable;
    return NULL;
}

/* 1: some of it could not be changed. */
static UINT64 forbid_range(const struct dxe_services *services, UINT64 at, UINT64 end)
{
    struct memory_space space;

    for (UINT64 next; at < end; at = next) {
        if (services->get(at, &space) != EFI_SUCCESS)
            return 1;
        next = space.base + space.size < end ? space.base + space.size : end;
        if (services->set(at, next - at, space.attributes | NO_EXECUTE) != EFI_SUCCESS)
            return 1;
    }
    return 0;
}

/* All free memory from 1 MiB on. 0: done. */
UINT64 forbid(void)
{
    const EFI_SYSTEM_TABLE *table = elfin_system_table;
    const struct dxe_services *services = find_services(table);
    UINTN size = sizeof(map), key, stride;
    UINT64 failed = 0;
    UINT32 version;

    if (services == NULL || table->BootServices->GetMemoryMap(&size, (EFI_MEMORY_DESCRIPTOR *)map,
                                                              &key, &stride, &version))
        return 2;
    for (UINTN at = 0; at < size; at += stride) {
        const EFI_MEMORY_DESCRIPTOR *range = (const EFI_MEMORY_DESCRIPTOR *)(map + at);

        if (range->Type == EfiConventionalMemory && range->PhysicalStart >= 1 << 20)
            failed |= forbid_range(services, range->PhysicalStart,
                                   range->PhysicalStart + range->NumberOfPages * PAGE);
    }
    return failed;
}

static EFI_STATUS EFIAPI refuse(EFI_HANDLE image, UINTN key)
{
    (void)image;
    (void)key;
    return EFI_INVALID_PARAMETER;
}

/* Whether ExitBootServices fails from now on. */
UINT64 stay(UINT64 wanted)
{
    static EFI_EXIT_BOOT_SERVICES before;
    EFI_BOOT_SERVICES *services = ((EFI_SYSTEM_TABLE *)elfin_system_table)->BootServices;

    if (before == NULL)
        before = services->ExitBootServices;
    services->ExitBootServices = wanted ? refuse : before;
    return wanted;
}
