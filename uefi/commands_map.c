/* SPDX-License-Identifier: MIT */
/* map [MODULE]: the firmware's memory map with the modules in it, as a picture. */
#include "picture/picture.h"
#include "uefi/commands.h"
#include "uefi/console.h"
#include "uefi/firmware.h"

enum {
    MARGIN = 32 /* entries: the memory for them changes the map, too */
};

struct ranges {
    struct picture_piece *pieces;
    size_t count, capacity;
    uint64_t image; /* an address in elfin.efi */
};

static enum picture_kind kind_of(EFI_MEMORY_TYPE type)
{
    switch (type) {
    case EfiConventionalMemory:
        return PICTURE_FREE;
    case EfiLoaderCode:
    case EfiLoaderData:
        return PICTURE_PROGRAM;
    case EfiBootServicesCode:
    case EfiBootServicesData:
    case EfiRuntimeServicesCode:
    case EfiRuntimeServicesData:
    case EfiACPIReclaimMemory:
    case EfiACPIMemoryNVS:
        return PICTURE_FIRMWARE;
    default:
        return PICTURE_RESERVED;
    }
}

static const char *label_of(const struct ranges *ranges, EFI_MEMORY_TYPE type, uint64_t base,
                            uint64_t last)
{
    if (type != EfiLoaderCode && type != EfiLoaderData)
        return NULL;
    if (ranges->image >= base && ranges->image <= last)
        return "elfin.efi";
    return type == EfiLoaderData ? "heap and data" : "programs";
}

static void take_range(void *ctx, uint64_t base, uint64_t pages, EFI_MEMORY_TYPE type)
{
    struct ranges *ranges = ctx;
    uint64_t last = base + (pages * EFI_PAGE_SIZE - 1);

    /* An entry that the map contradicts itself about shows nothing. */
    if (pages == 0 || pages > UINT64_MAX / EFI_PAGE_SIZE || last < base)
        return;
    if (ranges->count < ranges->capacity)
        ranges->pieces[ranges->count] =
            (struct picture_piece){ .first = base,
                                    .last = last,
                                    .kind = kind_of(type),
                                    .label = label_of(ranges, type, base, last) };
    ranges->count++;
}

static void *get_memory(void *ctx, size_t size)
{
    return mini_heap_alloc(ctx, size);
}

static uint64_t image_base(void)
{
    EFI_GUID guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    void *protocol;

    if (firmware->BootServices->HandleProtocol(firmware_image, &guid, &protocol) != EFI_SUCCESS)
        return 0;
    return (uint64_t)((EFI_LOADED_IMAGE *)protocol)->ImageBase;
}

/*
 * The map is read twice: for its size, and with the memory for it taken. The picture's own memory
 * is taken afterwards and not in it.
 */
static bool collect(struct session *session, struct picture *picture)
{
    struct mini_heap *heap = &session->memory.heap;
    struct ranges ranges = { .image = image_base() };
    bool good;

    if (!uefi_pages_walk(&session->memory, take_range, &ranges))
        return false;
    ranges.capacity = ranges.count + MARGIN;
    ranges.pieces = mini_heap_alloc(heap, ranges.capacity * sizeof(*ranges.pieces));
    ranges.count = 0;
    good = ranges.pieces != NULL && uefi_pages_walk(&session->memory, take_range, &ranges) &&
           ranges.count <= ranges.capacity &&
           picture_collect(picture, &session->space, ranges.pieces, ranges.count, get_memory, heap);
    (void)mini_heap_free(heap, ranges.pieces);
    picture->host = "elfin.efi etc.";
    picture->no_rights = session->memory.attributes == NULL;
    return good;
}

int command_map(struct session *session, int count, char **words)
{
    const struct picture_output output = { .put = console_put };
    struct picture picture;
    uint32_t module;

    if (count > 1 && elfin_find_module(&session->space, words[1]) == NULL)
        return command_error("there is no module %s", words[1]);
    if (!collect(session, &picture))
        return command_error("no memory for the picture");
    module = count > 1 ? picture_find_module(&picture, words[1]) : PICTURE_NONE;
    if (module != PICTURE_NONE)
        picture_draw_module(&picture, module, &output);
    else
        picture_draw(&picture, &output);
    (void)mini_heap_free(&session->memory.heap, picture.memory);
    return STATUS_SUCCESS;
}
