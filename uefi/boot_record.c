/* SPDX-License-Identifier: MIT */
/* struct elfin_boot, and the last step: from the firmware into the kernel. */
#include "libmini/mem.h"
#include "libmini/str.h"
#include "uefi/boot.h"
#include "uefi/commands.h"
#include "uefi/firmware.h"

enum {
    STACK_SIZE = 16 << 10,
    RANGE_MARGIN = 64, /* entries of the memory map that the last steps may add */
    MAP_MARGIN = 8192, /* bytes, likewise */
    EXIT_ATTEMPTS = 4, /* an event may change the map between reading it and leaving */
};

extern const char boot_trampoline[], boot_trampoline_end[];
typedef void trampoline_function(uint64_t tables, uint64_t stack, uint64_t entry, uint64_t record);

/* ---- The record ------------------------------------------------------------------------------ */

/* Memory that is handed out from the front; NULL base: sizes are only counted. */
struct store {
    char *base;
    size_t used;
};

static void *store_get(struct store *store, size_t size)
{
    size_t at = (store->used + 15) & ~(size_t)15;

    store->used = at + size;
    return store->base == NULL ? NULL : store->base + at;
}

/* As the kernel will see it. */
static void *as_run(const void *edit)
{
    return (void *)((uint64_t)edit + BOOT_DIRECT);
}

static char *store_text(struct store *store, const char *text)
{
    size_t size = mini_strlen(text) + 1;
    char *copy = store_get(store, size);

    if (copy == NULL)
        return NULL;
    memcpy(copy, text, size);
    return as_run(copy);
}

static bool take_pages(struct boot_space *boot, enum elfin_boot_kind kind, uint64_t size,
                       void **pages)
{
    struct mini_pages_request request = { .size = (size + PAGING_PAGE - 1) & ~(PAGING_PAGE - 1),
                                          .high = UINT64_MAX,
                                          .policy = MINI_PAGES_HIGHEST };
    uint64_t base;

    if (!uefi_pages_alloc(boot->memory, boot_type(kind), &request, &base))
        return false;
    *pages = (void *)base;
    return true;
}

static bool store_files(struct boot_space *boot, const struct boot_contents *contents,
                        elfin_boot_file *files)
{
    for (size_t i = 0; files != NULL && i < contents->file_count; i++) {
        const elfin_input *file = &contents->files[i];
        void *data;

        if (!take_pages(boot, ELFIN_BOOT_FILES, file->size + 1, &data))
            return false;
        memcpy(data, file->data, file->size);
        files[i].data = as_run(data);
        files[i].size = file->size;
    }
    return true;
}

static void store_all(struct store *store, const struct boot_contents *contents,
                      struct boot_jump *jump, elfin_boot_file **files)
{
    struct elfin_boot *record = store_get(store, sizeof(*record));
    elfin_boot_range *ranges = store_get(store, jump->range_max * sizeof(*ranges));
    char **words = store_get(store, (contents->word_count + 1) * sizeof(*words)), *script;
    char *stack = store_get(store, STACK_SIZE);

    *files = store_get(store, contents->file_count * sizeof(**files));
    for (size_t i = 0; i < contents->file_count; i++) {
        char *name = store_text(store, contents->files[i].file);

        if (*files != NULL)
            (*files)[i] = (elfin_boot_file){ .name = name };
    }
    for (size_t i = 0; i < contents->word_count; i++) {
        char *word = store_text(store, contents->words[i]);

        if (words != NULL)
            words[i] = word;
    }
    script = store_text(store, contents->script);
    if (record == NULL)
        return;
    words[contents->word_count] = NULL;
    *record = (struct elfin_boot){
        .magic = ELFIN_BOOT_MAGIC,
        .version = ELFIN_BOOT_VERSION,
        .size = sizeof(*record),
        .ranges = as_run(ranges),
        .files = as_run(*files),
        .file_count = contents->file_count,
        .words = as_run(words),
        .word_count = contents->word_count,
        .script = script,
    };
    jump->boot = record;
    jump->ranges = ranges;
    jump->record = (uint64_t)as_run(record);
    jump->stack = (uint64_t)as_run(stack) + STACK_SIZE;
}

static uint64_t find_acpi(void)
{
    EFI_GUID guid = ACPI_20_TABLE_GUID;

    for (UINTN i = 0; i < firmware->NumberOfTableEntries; i++) {
        EFI_CONFIGURATION_TABLE *entry = &firmware->ConfigurationTable[i];

        if (memcmp(&entry->VendorGuid, &guid, sizeof(guid)) == 0)
            return (uint64_t)entry->VendorTable;
    }
    return 0;
}

static void find_screen(elfin_boot_screen *screen)
{
    EFI_GUID guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
    EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *info;
    EFI_GRAPHICS_OUTPUT_PROTOCOL *graphics;
    void *protocol;

    if (firmware->BootServices->LocateProtocol(&guid, NULL, &protocol) != EFI_SUCCESS)
        return;
    graphics = protocol;
    info = graphics->Mode->Info;
    if (info->PixelFormat >= PixelBltOnly)
        return;
    *screen = (elfin_boot_screen){
        .address = graphics->Mode->FrameBufferBase,
        .width = info->HorizontalResolution,
        .height = info->VerticalResolution,
        .stride = info->PixelsPerScanLine,
        .red = 0xff0000,
        .green = 0xff00,
        .blue = 0xff,
    };
    if (info->PixelFormat == PixelRedGreenBlueReserved8BitPerColor) {
        screen->red = 0xff;
        screen->blue = 0xff0000;
    } else if (info->PixelFormat == PixelBitMask) {
        screen->red = info->PixelInformation.RedMask;
        screen->green = info->PixelInformation.GreenMask;
        screen->blue = info->PixelInformation.BlueMask;
    }
}

static void describe_kernel(struct elfin_boot *record, elfin_module *kernel)
{
    elfin_module_info info;
    elfin_block block;

    elfin_module_get(kernel, &info);
    record->kernel = info.address;
    if (elfin_group_block(info.group, 0, &block))
        record->kernel_size = block.region.size;
}

static bool make_trampoline(struct boot_space *boot, struct boot_jump *jump)
{
    void *page;

    if (!take_pages(boot, ELFIN_BOOT_TRAMPOLINE, PAGING_PAGE, &page))
        return false;
    memcpy(page, boot_trampoline, (size_t)(boot_trampoline_end - boot_trampoline));
    jump->trampoline = (uint64_t)page;
    return paging_map(&boot->paging, jump->trampoline, jump->trampoline, PAGING_PAGE,
                      PAGING_EXECUTE) == PAGING_OK;
}

static void count_entry(void *ctx, uint64_t base, uint64_t pages, EFI_MEMORY_TYPE type)
{
    size_t *count = ctx;

    (void)base;
    (void)pages;
    (void)type;
    ++*count;
}

int boot_record_make(struct boot_space *boot, elfin_module *kernel,
                     const struct boot_contents *contents, struct boot_jump *jump)
{
    struct store store = { .base = NULL };
    elfin_module_info info;
    elfin_boot_file *files;
    void *pages;

    elfin_module_get(kernel, &info);
    *jump = (struct boot_jump){ .entry = info.entry, .tables = boot->paging.root };
    if (!uefi_pages_walk(boot->memory, count_entry, &jump->range_max))
        return command_error("boot: the firmware does not tell its memory map");
    jump->range_max += RANGE_MARGIN + 2 * contents->file_count;
    store_all(&store, contents, jump, &files);
    if (!take_pages(boot, ELFIN_BOOT_RECORD, store.used, &pages))
        return command_error("boot: out of memory for the record");
    memset(pages, 0, store.used);
    store = (struct store){ .base = pages };
    store_all(&store, contents, jump, &files);
    if (!store_files(boot, contents, files) || !make_trampoline(boot, jump))
        return command_error("boot: out of memory for the files");
    jump->boot->direct = BOOT_DIRECT;
    jump->boot->direct_size = boot->direct_size;
    jump->boot->tables = boot->paging.root;
    jump->boot->acpi = find_acpi();
    find_screen(&jump->boot->screen);
    describe_kernel(jump->boot, kernel);
    return STATUS_SUCCESS;
}

/* ---- The last step --------------------------------------------------------------------------- */

/* False: whose it is does not matter, it is not mapped. */
static bool range_kind(uint32_t type, uint32_t *kind)
{
    uint32_t first = (uint32_t)boot_type(ELFIN_BOOT_FREE);

    if (type >= first && type <= (uint32_t)boot_type(ELFIN_BOOT_KEEP)) {
        *kind = type - first;
        return true;
    }
    switch (type) {
    case EfiConventionalMemory:
    case EfiLoaderCode:
    case EfiLoaderData:
    case EfiBootServicesCode:
    case EfiBootServicesData:
        *kind = ELFIN_BOOT_FREE;
        return true;
    case EfiACPIReclaimMemory:
        *kind = ELFIN_BOOT_ACPI;
        return true;
    case EfiACPIMemoryNVS:
    case EfiRuntimeServicesCode:
    case EfiRuntimeServicesData:
        *kind = ELFIN_BOOT_KEEP;
        return true;
    default:
        return false;
    }
}

/* Keeps the ranges in order; firmware mostly has its map in order as well. */
static bool insert_range(struct boot_jump *jump, const elfin_boot_range *range)
{
    uint64_t at = jump->boot->range_count;

    if (at == jump->range_max)
        return false;
    for (; at > 0 && jump->ranges[at - 1].base > range->base; at--)
        jump->ranges[at] = jump->ranges[at - 1];
    jump->ranges[at] = *range;
    jump->boot->range_count++;
    return true;
}

static bool fill_ranges(struct boot_jump *jump, const char *map, UINTN size, UINTN stride)
{
    jump->boot->range_count = 0;
    for (UINTN at = 0; at + stride <= size; at += stride) {
        const EFI_MEMORY_DESCRIPTOR *entry =
            (const EFI_MEMORY_DESCRIPTOR *)(const void *)(map + at);
        elfin_boot_range range = { .base = entry->PhysicalStart,
                                   .size = entry->NumberOfPages * PAGING_PAGE,
                                   .firmware_type = entry->Type };

        if (range_kind(entry->Type, &range.kind) && range.size > 0 && !insert_range(jump, &range))
            return false;
    }
    return true;
}

EFI_STATUS boot_leave(struct boot_jump *jump)
{
    EFI_BOOT_SERVICES *services = firmware->BootServices;
    trampoline_function *trampoline = (trampoline_function *)jump->trampoline;
    UINTN room = 0, size = 0, key, stride;
    EFI_STATUS status;
    UINT32 version;
    void *map;

    status = services->GetMemoryMap(&room, NULL, &key, &stride, &version);
    if (status != EFI_BUFFER_TOO_SMALL)
        return status;
    room += MAP_MARGIN;
    status = services->AllocatePool(EfiLoaderData, room, &map);
    for (int i = 0; status == EFI_SUCCESS && i < EXIT_ATTEMPTS; i++) {
        size = room;
        status = services->GetMemoryMap(&size, map, &key, &stride, &version);
        if (status == EFI_SUCCESS && !fill_ranges(jump, map, size, stride))
            status = EFI_OUT_OF_RESOURCES;
        if (status == EFI_SUCCESS && services->ExitBootServices(firmware_image, key) == EFI_SUCCESS)
            trampoline(jump->tables, jump->stack, jump->entry, jump->record);
    }
    return status == EFI_SUCCESS ? EFI_ABORTED : status;
}
