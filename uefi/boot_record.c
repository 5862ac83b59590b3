/* SPDX-License-Identifier: MIT */
/* struct elfin_boot, with all that it refers to. */
#include "libmini/mem.h"
#include "libmini/str.h"
#include "uefi/boot.h"
#include "uefi/commands.h"
#include "uefi/firmware.h"

enum {
    STACK_SIZE = 16 << 10,
    RANGE_MARGIN = 64, /* entries of the memory map that the last steps may add */
};

extern const char boot_trampoline[], boot_trampoline_end[];

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

static bool take_pages(struct boot_space *boot, struct boot_jump *jump, enum elfin_boot_kind kind,
                       uint64_t size, void **pages)
{
    struct mini_pages_request request = { .size = (size + PAGING_PAGE - 1) & ~(PAGING_PAGE - 1),
                                          .high = UINT64_MAX,
                                          .policy = MINI_PAGES_HIGHEST };
    uint64_t base;

    if (!uefi_pages_alloc(boot->memory, boot_type(kind), &request, &base))
        return false;
    jump->taken[jump->taken_count++] =
        (elfin_boot_range){ .base = base, .size = request.size, .kind = kind };
    *pages = (void *)base;
    return true;
}

void boot_record_drop(struct boot_space *boot, const struct boot_jump *jump)
{
    for (unsigned i = 0; i < jump->taken_count; i++) {
        const elfin_boot_range *taken = &jump->taken[i];

        if (taken->kind == ELFIN_BOOT_TRAMPOLINE)
            uefi_rights_reset(&boot->memory->rights, taken->base, taken->size);
        uefi_pages_free(boot->memory, boot_type((enum elfin_boot_kind)taken->kind), taken->base,
                        taken->size);
    }
}

/* With a byte behind each, and each in pages of its own. */
static uint64_t file_room(const elfin_input *file)
{
    return (file->size + PAGING_PAGE) & ~(PAGING_PAGE - 1);
}

static bool store_files(struct boot_space *boot, const struct boot_contents *contents,
                        struct boot_jump *jump, elfin_boot_file *files)
{
    uint64_t size = 0;
    void *pages;
    char *at;

    for (size_t i = 0; i < contents->file_count; i++)
        size += file_room(&contents->files[i]);
    if (size == 0)
        return true;
    if (!take_pages(boot, jump, ELFIN_BOOT_FILES, size, &pages))
        return false;
    memset(pages, 0, size);
    at = pages;
    for (size_t i = 0; i < contents->file_count; i++) {
        memcpy(at, contents->files[i].data, contents->files[i].size);
        files[i].data = as_run(at);
        files[i].size = contents->files[i].size;
        at += file_room(&contents->files[i]);
    }
    return true;
}

/* blocks NULL: they are only counted. */
static size_t list_blocks(const elfin_space *space, elfin_boot_block *blocks)
{
    size_t count = 0;
    elfin_block block;

    for (elfin_group *group = elfin_next_group(space, NULL); group != NULL;
         group = elfin_next_group(space, group))
        for (uint32_t i = 0; elfin_group_block(group, i, &block); i++, count++)
            if (blocks != NULL)
                blocks[count] = (elfin_boot_block){ .run = block.region.run,
                                                    .physical = (uint64_t)block.region.edit,
                                                    .size = block.region.size };
    return count;
}

static void store_modules(struct store *store, const struct boot_contents *contents,
                          struct elfin_boot *record)
{
    const struct boot_modules *modules = contents->modules;
    size_t count = modules->begun ? list_blocks(&modules->space, NULL) : 0;
    elfin_boot_block *blocks = store_get(store, count * sizeof(*blocks));
    void *description = store_get(store, modules->description_size);

    if (record == NULL || count == 0)
        return;
    list_blocks(&modules->space, blocks);
    memcpy(description, modules->description, modules->description_size);
    record->modules = as_run(description);
    record->modules_size = modules->description_size;
    record->blocks = as_run(blocks);
    record->block_count = count;
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
    if (record == NULL) {
        store_modules(store, contents, NULL);
        return;
    }
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
    store_modules(store, contents, record);
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

/* Firmware may let nothing be executed in memory of this type. */
static bool make_trampoline(struct boot_space *boot, struct boot_jump *jump)
{
    void *page;

    if (!take_pages(boot, jump, ELFIN_BOOT_TRAMPOLINE, PAGING_PAGE, &page))
        return false;
    memcpy(page, boot_trampoline, (size_t)(boot_trampoline_end - boot_trampoline));
    jump->trampoline = (uint64_t)page;
    return uefi_rights_set(&boot->memory->rights, jump->trampoline, PAGING_PAGE, ELFIN_RIGHTS_RX) &&
           paging_map(&boot->paging, jump->trampoline, jump->trampoline, PAGING_PAGE,
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

int boot_record_make(struct boot_space *boot, const struct boot_kernel *kernel,
                     const struct boot_contents *contents, struct boot_jump *jump)
{
    struct store store = { .base = NULL };
    elfin_boot_file *files;
    void *pages;

    *jump = (struct boot_jump){ .entry = kernel->entry, .tables = boot->paging.root };
    if (!uefi_pages_walk(boot->memory, count_entry, &jump->range_max))
        return command_error("boot: the firmware does not tell its memory map");
    jump->range_max += RANGE_MARGIN;
    store_all(&store, contents, jump, &files);
    if (!take_pages(boot, jump, ELFIN_BOOT_RECORD, store.used, &pages))
        return command_error("boot: out of memory for the record");
    memset(pages, 0, store.used);
    store = (struct store){ .base = pages };
    store_all(&store, contents, jump, &files);
    if (!store_files(boot, contents, jump, files))
        return command_error("boot: out of memory for the files");
    if (!make_trampoline(boot, jump))
        return command_error("boot: no page for the way into the kernel");
    jump->boot->direct = BOOT_DIRECT;
    jump->boot->direct_size = boot->direct_size;
    jump->boot->tables = boot->paging.root;
    jump->boot->acpi = find_acpi();
    find_screen(&jump->boot->screen);
    jump->boot->kernel = kernel->image.run;
    jump->boot->kernel_size = kernel->image.size;
    return STATUS_SUCCESS;
}
