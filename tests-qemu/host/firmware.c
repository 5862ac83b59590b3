/* SPDX-License-Identifier: MIT */
#include "tests-qemu/host/firmware.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE = 4096,
    ENTRY_STRIDE = 48 /* larger than the structure, as real firmware has it */
};

static const struct fake_memory default_memory[] = {
    { 0, 0x9f }, { 0x100000, 0x7f00 }, { 0x10000000, 0x10000 }, { 0x100000000, 0x40000 }
};

enum {
    BOTH = ATTRIBUTE_XP | ATTRIBUTE_RO
};
enum {
    PAGE_SLOTS = 1 << 16
};

struct fake_firmware fake;

/* Attributes by page, hashed by nothing but the page's number: tests touch few pages. */
static struct {
    uint64_t page, attributes;
} page_attributes[PAGE_SLOTS];

static void die(const char *reason)
{
    printf("not ok the fake firmware: %s\n", reason);
    exit(1);
}

static uint64_t *attributes_of(uint64_t page)
{
    for (uint64_t i = page % PAGE_SLOTS;; i = (i + 1) % PAGE_SLOTS) {
        if (page_attributes[i].page == 0)
            page_attributes[i].page = page;
        if (page_attributes[i].page == page)
            return &page_attributes[i].attributes;
    }
}

static struct fake_piece *find_piece(uint64_t address)
{
    for (unsigned i = 0; i < fake.piece_count; i++) {
        if (address - fake.pieces[i].base < fake.pieces[i].pages * PAGE)
            return &fake.pieces[i];
    }
    return NULL;
}

static void add_piece(uint64_t base, uint64_t pages, EFI_MEMORY_TYPE type, void *real)
{
    if (fake.piece_count == MAX_PIECES)
        die("too many allocations for this test");
    fake.pieces[fake.piece_count++] =
        (struct fake_piece){ .base = base, .pages = pages, .type = type, .real = real };
}

static bool is_free(uint64_t base, uint64_t pages)
{
    for (unsigned i = 0; i < fake.piece_count; i++) {
        const struct fake_piece *piece = &fake.pieces[i];
        if (base < piece->base + piece->pages * PAGE && piece->base < base + pages * PAGE)
            return false;
    }
    for (unsigned i = 0; i < fake.memory_count; i++) {
        if (base >= fake.memory[i].base &&
            base + pages * PAGE <= fake.memory[i].base + fake.memory[i].pages * PAGE)
            return true;
    }
    return false;
}

static EFI_STATUS EFIAPI allocate(EFI_ALLOCATE_TYPE how, EFI_MEMORY_TYPE type, UINTN pages,
                                  EFI_PHYSICAL_ADDRESS *base)
{
    void *real;

    if (how == AllocateAnyPages) {
        if (fake.fail_any != 0 && --fake.fail_any == 0)
            return EFI_OUT_OF_RESOURCES;
        real = aligned_alloc(PAGE, pages * PAGE);
        memset(real, 0xa5, pages * PAGE);
        add_piece((uint64_t)real, pages, type, real);
        *base = (uint64_t)real;
        return EFI_SUCCESS;
    }
    if (how != AllocateAddress || pages == 0 || *base % PAGE != 0)
        die("AllocatePages with arguments that nobody should use");
    if (!is_free(*base, pages) ||
        (*base<fake.refuse_high && * base + pages * PAGE> fake.refuse_low))
        return EFI_NOT_FOUND;
    if (fake.race != 0) {
        fake.race--;
        add_piece(*base, 1, EfiBootServicesData, NULL);
        return EFI_NOT_FOUND;
    }
    add_piece(*base, pages, type, NULL);
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI release(EFI_PHYSICAL_ADDRESS base, UINTN pages)
{
    struct fake_piece *piece = find_piece(base);

    if (piece == NULL || piece->base != base || piece->pages != pages)
        die("FreePages of what was not allocated");
    for (uint64_t i = 0; fake.rights != FAKE_NOTHING && piece->real == NULL && i < pages; i++) {
        if (*attributes_of(base / PAGE + i) != 0)
            die("FreePages of pages with rights that others do not expect");
    }
    free(piece->real);
    *piece = fake.pieces[--fake.piece_count];
    return EFI_SUCCESS;
}

/* Appends an entry if there is room; counts it anyhow. */
static void put_entry(char *map, UINTN room, UINTN *used, uint64_t base, uint64_t pages,
                      EFI_MEMORY_TYPE type)
{
    EFI_MEMORY_DESCRIPTOR entry = { .Type = type, .PhysicalStart = base, .NumberOfPages = pages };

    if (pages != 0 && *used + ENTRY_STRIDE <= room)
        memcpy(map + *used, &entry, sizeof(entry));
    *used += pages != 0 ? ENTRY_STRIDE : 0;
}

/* The free parts of one range, cut at the pieces in it. */
static void put_range(char *map, UINTN room, UINTN *used, uint64_t base, uint64_t end)
{
    while (base < end) {
        uint64_t next = end, after = end;
        for (unsigned i = 0; i < fake.piece_count; i++) {
            const struct fake_piece *piece = &fake.pieces[i];
            if (piece->base >= base && piece->base < next) {
                next = piece->base;
                after = piece->base + piece->pages * PAGE;
            }
        }
        put_entry(map, room, used, base, (next - base) / PAGE, EfiConventionalMemory);
        if (next < end)
            put_entry(map, room, used, next, (after - next) / PAGE, EfiLoaderData);
        base = after;
    }
}

static EFI_STATUS EFIAPI read_map(UINTN *size, EFI_MEMORY_DESCRIPTOR *map, UINTN *key,
                                  UINTN *stride, UINT32 *version)
{
    UINTN used = 0, room = *size;

    fake.map_reads++;
    for (unsigned i = 0; i < fake.memory_count; i++)
        put_range((char *)map, room, &used, fake.memory[i].base,
                  fake.memory[i].base + fake.memory[i].pages * PAGE);
    for (unsigned i = 0; i < fake.map_fragments; i++)
        put_entry((char *)map, room, &used, 0x8000000000 + i * 2 * PAGE, 1, EfiReservedMemoryType);
    *key = 1;
    *stride = ENTRY_STRIDE;
    *version = 1;
    *size = used;
    return used <= room ? EFI_SUCCESS : EFI_BUFFER_TOO_SMALL;
}

struct protocol {
    EFI_STATUS(EFIAPI *get)(struct protocol *, EFI_PHYSICAL_ADDRESS, UINT64, UINT64 *);
    EFI_STATUS(EFIAPI *set)(struct protocol *, EFI_PHYSICAL_ADDRESS, UINT64, UINT64);
    EFI_STATUS(EFIAPI *clear)(struct protocol *, EFI_PHYSICAL_ADDRESS, UINT64, UINT64);
};

static EFI_STATUS change(EFI_PHYSICAL_ADDRESS base, UINT64 size, uint64_t set, uint64_t clear)
{
    if (base % PAGE != 0 || size % PAGE != 0 || size == 0 || find_piece(base) == NULL ||
        find_piece(base) != find_piece(base + size - 1))
        die("attributes of what is not a piece of allocated pages");
    for (uint64_t i = 0; i < size / PAGE; i++) {
        uint64_t *attributes = attributes_of(base / PAGE + i);
        *attributes = (*attributes | set) & ~clear;
        /* Only pages about to be freed lose both at once. */
        if (*attributes == 0 && (clear & BOTH) != BOTH)
            die("a page became writable and executable");
    }
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI set_attributes(struct protocol *self, EFI_PHYSICAL_ADDRESS base,
                                        UINT64 size, UINT64 attributes)
{
    (void)self;
    if (fake.fail_set != 0 && --fake.fail_set == 0)
        return EFI_DEVICE_ERROR;
    return change(base, size, attributes, 0);
}

static EFI_STATUS EFIAPI clear_attributes(struct protocol *self, EFI_PHYSICAL_ADDRESS base,
                                          UINT64 size, UINT64 attributes)
{
    (void)self;
    return change(base, size, 0, attributes);
}

static EFI_STATUS EFIAPI get_attributes(struct protocol *self, EFI_PHYSICAL_ADDRESS base,
                                        UINT64 size, UINT64 *attributes)
{
    (void)self;
    *attributes = *attributes_of(base / PAGE);
    return size == PAGE ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

static EFI_STATUS EFIAPI locate(EFI_GUID *guid, VOID *registration, VOID **out)
{
    static struct protocol attributes = { get_attributes, set_attributes, clear_attributes };

    (void)registration;
    if ((fake.rights != FAKE_PROTOCOL && fake.rights != FAKE_BOTH) || guid->Data1 != 0xf4560cf6)
        return EFI_NOT_FOUND;
    *out = &attributes;
    return EFI_SUCCESS;
}

/* ---- DXE services: memory is in stretches of three pages, and cached ------------------------- */

enum {
    STRETCH = 3 * PAGE,
    CACHED = 8 /* EFI_MEMORY_WB */
};

struct space {
    EFI_PHYSICAL_ADDRESS base;
    UINT64 size, capabilities, attributes;
    UINT32 type;
    EFI_HANDLE image, device;
};

static EFI_STATUS EFIAPI get_space(EFI_PHYSICAL_ADDRESS base, struct space *space)
{
    uint64_t attributes = *attributes_of(base / PAGE);

    *space = (struct space){ .base = base - base % STRETCH,
                             .size = STRETCH,
                             .capabilities = UINT64_MAX,
                             .attributes = attributes | CACHED };
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI set_space(EFI_PHYSICAL_ADDRESS base, UINT64 size, UINT64 attributes)
{
    const uint64_t rights = BOTH | ATTRIBUTE_RP;

    if (fake.fail_set != 0 && --fake.fail_set == 0)
        return EFI_DEVICE_ERROR;
    if (base / STRETCH != (base + size - 1) / STRETCH)
        die("attributes across two stretches");
    if ((attributes & ~rights) != CACHED)
        die("other attributes than rights were changed");
    return change(base, size, attributes & rights, rights & ~attributes);
}

static struct {
    EFI_TABLE_HEADER header;
    void *unused[4];
    EFI_STATUS(EFIAPI *get)(EFI_PHYSICAL_ADDRESS, struct space *);
    EFI_STATUS(EFIAPI *set)(EFI_PHYSICAL_ADDRESS, UINT64, UINT64);
} dxe_services = { { .Signature = UINT64_C(0x565245535f455844) }, { NULL }, get_space, set_space };

static void offer_services(void)
{
    EFI_GUID other = { 1, 2, 3, { 4 } };
    EFI_GUID guid = {
        0x05ad34ba, 0x6f02, 0x4214, { 0x95, 0x2e, 0x4d, 0xa0, 0x39, 0x8e, 0x2b, 0xb9 }
    };

    fake.tables[0] = (EFI_CONFIGURATION_TABLE){ .VendorGuid = other };
    fake.tables[1] = (EFI_CONFIGURATION_TABLE){ .VendorGuid = guid, .VendorTable = &dxe_services };
    fake.table.ConfigurationTable = fake.tables;
    fake.table.NumberOfTableEntries = 2;
}

void fake_init(enum fake_rights rights)
{
    memset(&fake, 0, sizeof(fake));
    memset(page_attributes, 0, sizeof(page_attributes));
    fake.rights = rights;
    fake.memory = default_memory;
    fake.memory_count = sizeof(default_memory) / sizeof(default_memory[0]);
    fake.services.AllocatePages = allocate;
    fake.services.FreePages = release;
    fake.services.GetMemoryMap = read_map;
    fake.services.LocateProtocol = locate;
    fake.table.BootServices = &fake.services;
    if (rights == FAKE_SERVICES || rights == FAKE_BOTH)
        offer_services();
}

uint64_t fake_attributes(uint64_t address)
{
    return *attributes_of(address / PAGE);
}

uint64_t fake_outstanding(void)
{
    uint64_t pages = 0;

    for (unsigned i = 0; i < fake.piece_count; i++)
        pages += fake.pieces[i].pages;
    return pages;
}
