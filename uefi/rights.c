/* SPDX-License-Identifier: MIT */
#include "uefi/rights.h"

#include "libmini/mem.h"
#include "libmini/pages.h"

/* UEFI 2.10 section 37.7; younger than the headers of gnu-efi. */
struct uefi_memory_attributes {
    EFI_STATUS(EFIAPI *get)
    (struct uefi_memory_attributes *, EFI_PHYSICAL_ADDRESS, UINT64, UINT64 *);
    EFI_STATUS(EFIAPI *set)(struct uefi_memory_attributes *, EFI_PHYSICAL_ADDRESS, UINT64, UINT64);
    EFI_STATUS(EFIAPI *clear)
    (struct uefi_memory_attributes *, EFI_PHYSICAL_ADDRESS, UINT64, UINT64);
};

/* PI 1.8, volume 2, sections 4.5 and 7.2. */
struct memory_space {
    EFI_PHYSICAL_ADDRESS base;
    UINT64 size, capabilities, attributes;
    UINT32 type;
    EFI_HANDLE image, device;
};

struct uefi_dxe_services {
    EFI_TABLE_HEADER header;
    void *add, *allocate, *free, *remove;
    EFI_STATUS(EFIAPI *get)(EFI_PHYSICAL_ADDRESS, struct memory_space *);
    EFI_STATUS(EFIAPI *set)(EFI_PHYSICAL_ADDRESS, UINT64, UINT64);
};

#define DXE_SIGNATURE UINT64_C(0x565245535f455844) /* "DXE_SERV" */

#define ATTRIBUTE_NO_READ    UINT64_C(0x2000)
#define ATTRIBUTE_NO_EXECUTE UINT64_C(0x4000)
#define ATTRIBUTE_READ_ONLY  UINT64_C(0x20000)
#define ATTRIBUTE_RIGHTS     (ATTRIBUTE_NO_READ | ATTRIBUTE_NO_EXECUTE | ATTRIBUTE_READ_ONLY)

static struct uefi_memory_attributes *find_protocol(EFI_SYSTEM_TABLE *table)
{
    EFI_GUID guid = {
        0xf4560cf6, 0x40ec, 0x4b4a, { 0xa1, 0x92, 0xbf, 0x1d, 0x57, 0xd0, 0xb1, 0x89 }
    };
    void *protocol;

    if (table->BootServices->LocateProtocol(&guid, NULL, &protocol) != EFI_SUCCESS)
        return NULL;
    return protocol;
}

static struct uefi_dxe_services *find_services(EFI_SYSTEM_TABLE *table)
{
    EFI_GUID guid = {
        0x05ad34ba, 0x6f02, 0x4214, { 0x95, 0x2e, 0x4d, 0xa0, 0x39, 0x8e, 0x2b, 0xb9 }
    };

    for (UINTN i = 0; i < table->NumberOfTableEntries; i++) {
        struct uefi_dxe_services *services = table->ConfigurationTable[i].VendorTable;

        if (memcmp(&table->ConfigurationTable[i].VendorGuid, &guid, sizeof(guid)) == 0 &&
            services->header.Signature == DXE_SIGNATURE)
            return services;
    }
    return NULL;
}

void uefi_rights_init(struct uefi_rights *rights, EFI_SYSTEM_TABLE *table)
{
    rights->protocol = find_protocol(table);
    rights->services = rights->protocol == NULL ? find_services(table) : NULL;
}

/* The services replace all attributes of memory: those that are no rights stay. */
static bool set_by_services(const struct uefi_dxe_services *services, uint64_t base, uint64_t size,
                            uint64_t wanted)
{
    struct memory_space space;

    for (uint64_t done = 0; done < size;) {
        uint64_t step;

        if (services->get(base + done, &space) != EFI_SUCCESS)
            return false;
        step = space.base + space.size - (base + done);
        step = step < size - done ? step : size - done;
        if (services->set(base + done, step, (space.attributes & ~ATTRIBUTE_RIGHTS) | wanted) !=
            EFI_SUCCESS)
            return false;
        done += step;
    }
    return true;
}

/* Takes rights away before it gives others. */
static bool set_by_protocol(struct uefi_memory_attributes *protocol, uint64_t base, uint64_t size,
                            uint64_t wanted)
{
    return (wanted == 0 || protocol->set(protocol, base, size, wanted) == EFI_SUCCESS) &&
           protocol->clear(protocol, base, size, ATTRIBUTE_RIGHTS & ~wanted) == EFI_SUCCESS;
}

static bool set(const struct uefi_rights *rights, uint64_t base, uint64_t size, uint64_t wanted)
{
    if (rights->protocol != NULL)
        return set_by_protocol(rights->protocol, base, size, wanted);
    return rights->services == NULL || set_by_services(rights->services, base, size, wanted);
}

bool uefi_rights_set(const struct uefi_rights *rights, uint64_t base, uint64_t size,
                     elfin_rights wanted)
{
    static const uint64_t attributes[] = {
        [ELFIN_RIGHTS_RW] = ATTRIBUTE_NO_EXECUTE,
        [ELFIN_RIGHTS_R] = ATTRIBUTE_NO_EXECUTE | ATTRIBUTE_READ_ONLY,
        [ELFIN_RIGHTS_RX] = ATTRIBUTE_READ_ONLY,
    };

    return set(rights, base, size, attributes[wanted]);
}

bool uefi_rights_get(const struct uefi_rights *rights, uint64_t base, uint64_t *attributes)
{
    struct memory_space space;

    if (rights->protocol != NULL)
        return rights->protocol->get(rights->protocol, base, MINI_PAGE_SIZE, attributes) ==
               EFI_SUCCESS;
    if (rights->services == NULL || rights->services->get(base, &space) != EFI_SUCCESS)
        return false;
    *attributes = space.attributes;
    return true;
}

bool uefi_rights_put(const struct uefi_rights *rights, uint64_t base, uint64_t size,
                     uint64_t attributes)
{
    return set(rights, base, size, attributes & ATTRIBUTE_RIGHTS);
}

bool uefi_rights_hide(const struct uefi_rights *rights, uint64_t base, uint64_t size)
{
    return uefi_rights_exist(rights) && set(rights, base, size, ATTRIBUTE_NO_READ);
}

void uefi_rights_reset(const struct uefi_rights *rights, uint64_t base, uint64_t size)
{
    set(rights, base, size, 0);
}
