/* SPDX-License-Identifier: MIT */
#include "uefi/images.h"

#include "libmini/fmt.h"
#include "libmini/mem.h"
#include "libmini/sort.h"
#include "libmini/str.h"
#include "uefi/firmware.h"

enum {
    IMAGES = 1024,
    NAME_SIZE = 40,    /* a GUID has 36 characters */
    TEXT_UNITS = 64,   /* of a name that are read */
    PATH_BYTES = 4096, /* of a device path that are looked at */
    SECTION_USER_INTERFACE = 0x15,
};

/* PI 1.8, volume 3, EFI_FIRMWARE_VOLUME2_PROTOCOL: up to what is used. */
struct volume {
    void *get_attributes, *set_attributes, *read_file;
    EFI_STATUS(EFIAPI *read_section)
    (struct volume *, const EFI_GUID *file, UINT8 type, UINTN instance, void **buffer, UINTN *size,
     UINT32 *authentication);
};

struct image {
    uint64_t base, size;
    char name[NAME_SIZE];
};

/* Pages of its own. Modules may write anywhere, so what was collected has a checksum. */
static struct collection {
    EFI_HANDLE handles[IMAGES];
    struct image images[IMAGES]; /* ascending */
} * collection;
static unsigned count;
static uint64_t handles_sum, images_sum;

static EFI_GUID image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
static EFI_GUID volume_guid = {
    0x220e73b6, 0x6bdb, 0x4413, { 0x84, 0x05, 0xb9, 0x74, 0xb1, 0x08, 0x61, 0x9a }
};

/* FNV-1a, by words. */
static uint64_t sum_words(const void *words, size_t size)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325), word;

    for (size_t i = 0; i < size; i += sizeof(word)) {
        memcpy(&word, (const char *)words + i, sizeof(word));
        sum = (sum ^ word) * UINT64_C(0x100000001b3);
    }
    return sum ^ size;
}

/* ---- Names ----------------------------------------------------------------------------------- */

/* Of UTF-16 text: what follows the last separator of folders. False: nothing does. */
static bool copy_name(char name[NAME_SIZE], const uint8_t *text, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i + 1 < size; i += sizeof(CHAR16)) {
        unsigned unit = text[i] | (unsigned)text[i + 1] << 8;

        if (unit == 0)
            break;
        if (unit == '\\' || unit == '/')
            used = 0;
        else if (used < NAME_SIZE - 1)
            name[used++] = unit >= ' ' && unit <= '~' ? (char)unit : '?';
    }
    name[used] = '\0';
    return used > 0;
}

static void *protocol_of(EFI_HANDLE handle, EFI_GUID *guid)
{
    void *protocol = NULL;

    if (handle == NULL ||
        firmware->BootServices->HandleProtocol(handle, guid, &protocol) != EFI_SUCCESS)
        return NULL;
    return protocol;
}

/* The firmware's own: it cuts what is longer than the buffer, and says so with a warning. */
static bool read_name(EFI_HANDLE device, const EFI_GUID *file, char name[NAME_SIZE])
{
    struct volume *volume = protocol_of(device, &volume_guid);
    uint8_t text[TEXT_UNITS * sizeof(CHAR16)] = { 0 };
    void *buffer = text;
    UINTN size = sizeof(text);
    UINT32 authentication;
    EFI_STATUS status;

    if (volume == NULL)
        return false;
    status = volume->read_section(volume, file, SECTION_USER_INTERFACE, 0, &buffer, &size,
                                  &authentication);
    if (status != EFI_SUCCESS && status != EFI_WARN_BUFFER_TOO_SMALL)
        return false;
    return copy_name(name, text, size < sizeof(text) ? size : sizeof(text));
}

static void format_guid(const EFI_GUID *guid, char name[NAME_SIZE])
{
    const UINT8 *end = guid->Data4;

    mini_fmt(name, NAME_SIZE, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             (unsigned)guid->Data1, guid->Data2, guid->Data3, end[0], end[1], end[2], end[3],
             end[4], end[5], end[6], end[7]);
}

/* UEFI 2.10 section 10.3: nodes of type, subtype and length, packed, up to one that ends them. */
static void name_image(const EFI_LOADED_IMAGE *image, char name[NAME_SIZE])
{
    const uint8_t *node = (const uint8_t *)image->FilePath;
    size_t left = node != NULL ? PATH_BYTES : 0, length;
    char last[NAME_SIZE] = "";
    bool has_file = false;
    EFI_GUID file;

    for (; left >= sizeof(EFI_DEVICE_PATH) && node[0] != END_DEVICE_PATH_TYPE;
         node += length, left -= length) {
        length = node[2] | (size_t)node[3] << 8;
        if (length < sizeof(EFI_DEVICE_PATH) || length > left)
            break;
        if (node[0] != MEDIA_DEVICE_PATH)
            continue;
        if (node[1] == MEDIA_FILEPATH_DP)
            (void)copy_name(last, node + sizeof(EFI_DEVICE_PATH), length - sizeof(EFI_DEVICE_PATH));
        if (node[1] == MEDIA_PIWG_FW_FILE_DP && length >= sizeof(EFI_DEVICE_PATH) + sizeof(file)) {
            memcpy(&file, node + sizeof(EFI_DEVICE_PATH), sizeof(file));
            has_file = true;
        }
    }
    if (has_file && read_name(image->DeviceHandle, &file, name))
        return;
    if (has_file && last[0] == '\0')
        format_guid(&file, name);
    else
        mini_strlcpy(name, NAME_SIZE, last[0] != '\0' ? last : "image");
}

/* ---- Collecting ------------------------------------------------------------------------------ */

/* The size of an image is a field of 32 bits (PE, SizeOfImage). */
static void add_image(EFI_HANDLE handle)
{
    const EFI_LOADED_IMAGE *found = protocol_of(handle, &image_guid);
    struct image *image = &collection->images[count];

    if (found == NULL || handle == firmware_image || found->ImageSize == 0 ||
        found->ImageSize > UINT32_MAX || (uint64_t)found->ImageBase > UINT64_MAX - found->ImageSize)
        return;
    *image = (struct image){ .base = (uint64_t)found->ImageBase, .size = found->ImageSize };
    name_image(found, image->name);
    count++;
}

static int by_address(const void *a, const void *b, void *ctx)
{
    uint64_t one = ((const struct image *)a)->base, other = ((const struct image *)b)->base;

    (void)ctx;
    return one < other ? -1 : one > other;
}

void images_renew(void)
{
    UINTN size = sizeof(collection->handles);
    uint64_t sum;

    if (collection == NULL)
        return;
    if (firmware->BootServices->LocateHandle(ByProtocol, &image_guid, NULL, &size,
                                             collection->handles) != EFI_SUCCESS ||
        size > sizeof(collection->handles))
        size = 0;
    sum = sum_words(collection->handles, size - size % sizeof(EFI_HANDLE));
    if (sum == handles_sum)
        return;
    handles_sum = sum;
    count = 0;
    for (UINTN i = 0; i < size / sizeof(EFI_HANDLE); i++)
        add_image(collection->handles[i]);
    mini_sort(collection->images, count, sizeof(collection->images[0]), by_address, NULL);
    images_sum = sum_words(collection->images, count * sizeof(collection->images[0]));
}

void images_begin(void)
{
    EFI_PHYSICAL_ADDRESS base;

    if (firmware->BootServices->AllocatePages(AllocateAnyPages, EfiLoaderData,
                                              EFI_SIZE_TO_PAGES(sizeof(*collection)),
                                              &base) != EFI_SUCCESS)
        return;
    collection = (struct collection *)base;
    handles_sum = 0;
    images_renew();
}

void images_end(void)
{
    if (collection != NULL)
        firmware->BootServices->FreePages((EFI_PHYSICAL_ADDRESS)collection,
                                          EFI_SIZE_TO_PAGES(sizeof(*collection)));
    collection = NULL;
    count = 0;
}

/* ---- Looking up ------------------------------------------------------------------------------ */

bool images_name(uint64_t address, char *text, size_t size)
{
    unsigned low = 0, high = count;
    const struct image *image;

    if (collection == NULL || count > IMAGES ||
        sum_words(collection->images, count * sizeof(*image)) != images_sum)
        return false;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (collection->images[middle].base <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return false;
    image = &collection->images[low - 1];
    if (address - image->base >= image->size)
        return false;
    mini_fmt(text, size, "%s+0x%llx", image->name, (unsigned long long)(address - image->base));
    return true;
}
