/* SPDX-License-Identifier: MIT */
/*
 * uefi/images.c over a firmware that lies about its images, with the sanitizers: device paths of
 * any bytes, sizes that no image has, volumes that fail, too many images, a collection that is
 * written to.
 */
#include "tests/lib/test.h"

#include <efi.h>

#include "uefi/images.h"

enum {
    PAGE = 4096,
    MOST = 1024, /* images that are collected */
    PATH_BYTES = 4096,
    TEXT_BYTES = 512,
};

struct volume {
    void *unused[3];
    EFI_STATUS(EFIAPI *read_section)
    (struct volume *, const EFI_GUID *, UINT8, UINTN, void **, UINTN *, UINT32 *);
};

static struct {
    EFI_BOOT_SERVICES services;
    EFI_SYSTEM_TABLE table;
    EFI_LOADED_IMAGE images[MOST + 1]; /* handles are their addresses */
    unsigned count, asked, outstanding;
    struct volume volume;
    EFI_STATUS handles_status, image_status, volume_status, section_status;
    uint64_t handles_size; /* what LocateHandle says; 0: the truth */
    uint64_t text_size;    /* what ReadSection says; 0: the truth */
    bool no_volume, no_memory;
    uint8_t text[TEXT_BYTES]; /* of user interface sections */
    UINTN text_bytes;
    uint8_t *memory;
    uint64_t memory_size;
    uint8_t *path; /* its own object, for the sanitizer */
} fake;

EFI_SYSTEM_TABLE *firmware = &fake.table;
EFI_HANDLE firmware_image;

/* ---- The firmware ---------------------------------------------------------------------------- */

static EFI_STATUS EFIAPI locate(EFI_LOCATE_SEARCH_TYPE type, EFI_GUID *guid, void *key, UINTN *size,
                                EFI_HANDLE *handles)
{
    UINTN room = *size;

    CHECK(type == ByProtocol && guid->Data1 == 0x5b1b31a1 && key == NULL);
    *size = fake.handles_size != 0 ? fake.handles_size : fake.count * sizeof(*handles);
    if (fake.handles_status != EFI_SUCCESS)
        return fake.handles_status;
    if (fake.count * sizeof(*handles) > room)
        return EFI_BUFFER_TOO_SMALL;
    for (unsigned i = 0; i < fake.count; i++)
        handles[i] = &fake.images[i];
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI protocol_of(EFI_HANDLE handle, EFI_GUID *guid, void **interface)
{
    CHECK(handle != NULL);
    if (guid->Data1 == 0x5b1b31a1) {
        fake.asked++;
        *interface = handle;
        return fake.image_status;
    }
    CHECK(guid->Data1 == 0x220e73b6 && handle == &fake.volume);
    *interface = fake.no_volume ? NULL : &fake.volume;
    return fake.volume_status;
}

static EFI_STATUS EFIAPI read_section(struct volume *this, const EFI_GUID *file, UINT8 type,
                                      UINTN instance, void **buffer, UINTN *size,
                                      UINT32 *authentication)
{
    UINTN room = *size;

    CHECK(this == &fake.volume && file->Data1 == 0x03020100 && type == 0x15 && instance == 0);
    *authentication = 0;
    if (fake.section_status != EFI_SUCCESS)
        return fake.section_status;
    memcpy(*buffer, fake.text, fake.text_bytes < room ? fake.text_bytes : room);
    *size = fake.text_size != 0 ? fake.text_size : fake.text_bytes;
    return fake.text_bytes <= room ? EFI_SUCCESS : EFI_WARN_BUFFER_TOO_SMALL;
}

static EFI_STATUS EFIAPI allocate(EFI_ALLOCATE_TYPE how, EFI_MEMORY_TYPE type, UINTN pages,
                                  EFI_PHYSICAL_ADDRESS *base)
{
    CHECK(how == AllocateAnyPages && type == EfiLoaderData);
    if (fake.no_memory)
        return EFI_OUT_OF_RESOURCES;
    fake.memory_size = pages * PAGE;
    fake.memory = aligned_alloc(PAGE, fake.memory_size);
    memset(fake.memory, 0xa5, fake.memory_size);
    *base = (EFI_PHYSICAL_ADDRESS)fake.memory;
    fake.outstanding++;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI release(EFI_PHYSICAL_ADDRESS base, UINTN pages)
{
    CHECK(base == (EFI_PHYSICAL_ADDRESS)fake.memory && pages * PAGE == fake.memory_size);
    free(fake.memory);
    fake.outstanding--;
    return EFI_SUCCESS;
}

static void reset(void)
{
    free(fake.path);
    memset(&fake, 0, sizeof(fake));
    fake.services.LocateHandle = locate;
    fake.services.HandleProtocol = protocol_of;
    fake.services.AllocatePages = allocate;
    fake.services.FreePages = release;
    fake.table.BootServices = &fake.services;
    fake.volume.read_section = read_section;
    firmware_image = NULL;
}

static EFI_LOADED_IMAGE *add(uint64_t base, uint64_t size)
{
    EFI_LOADED_IMAGE *image = &fake.images[fake.count++];

    *image = (EFI_LOADED_IMAGE){ .ImageBase = (void *)base,
                                 .ImageSize = size,
                                 .DeviceHandle = &fake.volume };
    return image;
}

static void finish(void)
{
    images_end();
    CHECK_EQ(fake.outstanding, 0);
}

/* ---- What images are called ------------------------------------------------------------------ */

/* A device path of these bytes, then one end node, in an object that is as long as may be read. */
static void set_path(EFI_LOADED_IMAGE *image, const void *bytes, size_t size)
{
    static const uint8_t end[] = { 0x7f, 0xff, 4, 0 };

    free(fake.path);
    fake.path = calloc(1, PATH_BYTES);
    memcpy(fake.path, bytes, size);
    memcpy(fake.path + size, end, sizeof(end));
    image->FilePath = (EFI_DEVICE_PATH *)fake.path;
}

static size_t put_text(uint8_t *to, const char *text)
{
    size_t length = strlen(text) + 1;

    for (size_t i = 0; i < length; i++) {
        to[2 * i] = (uint8_t)text[i];
        to[2 * i + 1] = 0;
    }
    return 2 * length;
}

/* A node with a file's GUID; a node with a file's path. */
static size_t put_file(uint8_t *to)
{
    to[0] = 4;
    to[1] = 6;
    to[2] = 20;
    to[3] = 0;
    for (uint8_t i = 0; i < 16; i++)
        to[4 + i] = i;
    return 20;
}

static size_t put_path(uint8_t *to, const char *path)
{
    size_t length = 4 + put_text(to + 4, path);

    to[0] = 4;
    to[1] = 4;
    to[2] = (uint8_t)length;
    to[3] = (uint8_t)(length >> 8);
    return length;
}

/* The name of the only image, at 0x10000. */
static const char *name_at(uint64_t address)
{
    static char text[256];

    images_begin();
    if (!images_name(address, text, sizeof(text)))
        strcpy(text, "none");
    finish();
    return text;
}

#define GUID "03020100-0504-0706-0809-0a0b0c0d0e0f"

static void names(void)
{
    uint8_t path[256];
    EFI_LOADED_IMAGE *image;
    size_t size;

    reset();
    image = add(0x10000, 0x2000);
    CHECK_STR(name_at(0x10000), "image+0x0");
    size = put_path(path, "\\EFI\\BOOT");
    size += put_path(path + size, "folder\\file.efi");
    set_path(image, path, size);
    CHECK_STR(name_at(0x11fff), "file.efi+0x1fff");
    CHECK_STR(name_at(0x12000), "none");
    CHECK_STR(name_at(0xffff), "none");
    size += put_file(path + size);
    set_path(image, path, size);
    CHECK_STR(name_at(0x10001), "file.efi+0x1");
    set_path(image, path, put_file(path));
    CHECK_STR(name_at(0x10001), GUID "+0x1");
    fake.text_bytes = put_text(fake.text, "DxeCore");
    CHECK_STR(name_at(0x11234), "DxeCore+0x1234");
    image->DeviceHandle = NULL;
    CHECK_STR(name_at(0x11234), GUID "+0x1234");
}

/* Characters that are none, and too many of them. */
static void texts(void)
{
    uint8_t path[32];
    EFI_LOADED_IMAGE *image;

    reset();
    image = add(0x10000, 0x2000);
    set_path(image, path, put_file(path));
    fake.text_bytes = put_text(fake.text, "a b\n\x1b[2J\x7f");
    fake.text[1] = 1;
    CHECK_STR(name_at(0x10000), "? b??[2J?+0x0");
    fake.text_bytes = put_text(fake.text, "0123456789012345678901234567890123456789abcdef");
    CHECK_STR(name_at(0x10000), "012345678901234567890123456789012345678+0x0");
    memset(fake.text, 'x', sizeof(fake.text)); /* no end, of characters neither; more than fits */
    fake.text_bytes = sizeof(fake.text);
    CHECK_STR(name_at(0x10000), "???????????????????????????????????????+0x0");
    fake.text_size = UINT64_MAX;
    CHECK_STR(name_at(0x10000), "???????????????????????????????????????+0x0");
    fake.text_size = 3;
    CHECK_STR(name_at(0x10000), "?+0x0");
    fake.text_size = 1;
    CHECK_STR(name_at(0x10000), GUID "+0x0");
}

static void volumes_that_fail(void)
{
    uint8_t path[32];
    EFI_LOADED_IMAGE *image;

    reset();
    image = add(0x10000, 0x2000);
    set_path(image, path, put_file(path));
    CHECK_STR(name_at(0x10000), GUID "+0x0"); /* a section of no bytes */
    fake.text_bytes = put_text(fake.text, "");
    CHECK_STR(name_at(0x10000), GUID "+0x0");
    fake.text_bytes = put_text(fake.text, "name");
    fake.section_status = EFI_NOT_FOUND;
    CHECK_STR(name_at(0x10000), GUID "+0x0");
    fake.section_status = EFI_SUCCESS;
    fake.volume_status = EFI_UNSUPPORTED;
    CHECK_STR(name_at(0x10000), GUID "+0x0");
    fake.volume_status = EFI_SUCCESS;
    fake.no_volume = true;
    CHECK_STR(name_at(0x10000), GUID "+0x0");
    fake.no_volume = false;
    CHECK_STR(name_at(0x10000), "name+0x0");
}

/* ---- What does not hold together ------------------------------------------------------------- */

static void damaged_paths(void)
{
    uint8_t path[64];
    EFI_LOADED_IMAGE *image;
    size_t size;

    reset();
    image = add(0x10000, 0x2000);
    for (unsigned length = 0; length < 4; length++) { /* a node without a header */
        size = put_file(path);
        path[2] = (uint8_t)length;
        set_path(image, path, size);
        CHECK_STR(name_at(0x10000), "image+0x0");
    }
    for (unsigned length = 4; length < 20; length++) { /* a GUID that is cut */
        size = put_file(path);
        path[2] = (uint8_t)length;
        set_path(image, path, length);
        CHECK_STR(name_at(0x10000), "image+0x0");
    }
    size = put_path(path, "x.efi");
    put_file(path + size);
    path[size + 3] = 0x10; /* more than a path may have */
    set_path(image, path, size + 20);
    CHECK_STR(name_at(0x10000), "x.efi+0x0");
    path[2] = 7; /* one character and a half */
    set_path(image, path, 7);
    CHECK_STR(name_at(0x10000), "x+0x0");
    size = put_path(path, "folder\\");
    set_path(image, path, size);
    CHECK_STR(name_at(0x10000), "image+0x0");
    for (size_t i = 0; i < PATH_BYTES; i += 4) /* nodes without an end */
        memcpy(fake.path + i, (const uint8_t[]){ 1, 1, 4, 0 }, 4);
    CHECK_STR(name_at(0x10000), "image+0x0");
}

static void paths_of_any_bytes(void)
{
    EFI_LOADED_IMAGE *image;

    reset();
    image = add(0x10000, 0x2000);
    set_path(image, "", 0);
    for (unsigned i = 0; i < 3000; i++) {
        for (unsigned j = 0; j < PATH_BYTES; j += 8)
            memcpy(fake.path + j, &(uint64_t){ test_random() }, 8);
        for (unsigned at = 0; at + 64 < PATH_BYTES; at += fake.path[at + 2]) {
            fake.path[at] = 4;
            fake.path[at + 1] = 4;
            fake.path[at + 2] = (uint8_t)(4 + test_random_below(60));
            fake.path[at + 3] = (uint8_t)(test_random_below(200) == 0);
        }
        CHECK(strcmp(name_at(0x10000), "none") != 0);
        REQUIRE_NO_FAILURE();
    }
}

static void sizes_that_lie(void)
{
    static const struct {
        uint64_t base, size;
    } rows[] = { { 0x10000, 0 },
                 { 0x10000, UINT64_C(0x100000000) },
                 { 0x10000, UINT64_MAX },
                 { UINT64_MAX - 0xff, 0x101 } };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        reset();
        add(rows[i].base, rows[i].size);
        CHECK_STR(name_at(rows[i].base), "none");
    }
    reset();
    add(UINT64_MAX - 0xff, 0xff);
    CHECK_STR(name_at(UINT64_MAX - 1), "image+0xfe");
    CHECK_STR(name_at(UINT64_MAX), "none");
}

/* ---- All images ------------------------------------------------------------------------------ */

/* Against a search from end to end; elfin.efi's own is not among them. */
static void looked_up_by_halves(void)
{
    char text[64], wanted[64];

    reset();
    for (unsigned i = 0; i < 200; i++)
        add((i * 77 % 200) * 0x1000, 1 + test_random_below(0x1000));
    firmware_image = &fake.images[42];
    images_begin();
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t address = test_random_below(201 * 0x1000), base = address & ~UINT64_C(0xfff);
        const EFI_LOADED_IMAGE *image = NULL;

        for (unsigned j = 0; j < fake.count; j++)
            if (j != 42 && (uint64_t)fake.images[j].ImageBase == base &&
                address - base < fake.images[j].ImageSize)
                image = &fake.images[j];
        snprintf(wanted, sizeof(wanted), "image+0x%llx", (unsigned long long)(address - base));
        CHECK_EQ(images_name(address, text, sizeof(text)), image != NULL);
        CHECK(image == NULL || strcmp(text, wanted) == 0);
        REQUIRE_NO_FAILURE();
    }
    finish();
}

static void many_images(void)
{
    reset();
    for (unsigned i = 0; i < MOST; i++)
        add((MOST - i) * UINT64_C(0x1000), 0x1000);
    CHECK_STR(name_at(0x1fff), "image+0xfff");
    CHECK_STR(name_at(MOST * 0x1000), "image+0x0");
    add(0x1000, 0x1000);
    CHECK_STR(name_at(0x2000), "none");
    fake.count = 1;
    fake.handles_size = UINT64_MAX;
    CHECK_STR(name_at(MOST * 0x1000), "none");
    fake.handles_size = sizeof(EFI_HANDLE) + 5;
    CHECK_STR(name_at(MOST * 0x1000), "image+0x0");
    fake.handles_status = EFI_NOT_FOUND;
    CHECK_STR(name_at(MOST * 0x1000), "none");
    fake.handles_status = EFI_SUCCESS;
    fake.image_status = EFI_UNSUPPORTED;
    CHECK_STR(name_at(MOST * 0x1000), "none");
}

static void images_come_and_go(void)
{
    char text[16];

    reset();
    add(0x1000, 0x1000);
    images_begin();
    CHECK(!images_name(0x2000, text, sizeof(text)));
    add(0x2000, 0x1000);
    images_renew();
    CHECK(images_name(0x2000, text, sizeof(text)));
    CHECK_EQ(fake.asked, 3);
    images_renew(); /* nothing has changed: nothing is asked */
    CHECK_EQ(fake.asked, 3);
    fake.count = 1;
    images_renew();
    CHECK(!images_name(0x2000, text, sizeof(text)));
    CHECK(images_name(0x1000, text, sizeof(text)));
    CHECK(images_name(0x1123, text, 8));
    CHECK_STR(text, "image+0");
    finish();
    CHECK(!images_name(0x1000, text, sizeof(text)));
    fake.no_memory = true;
    images_begin();
    images_renew();
    CHECK(!images_name(0x1000, text, sizeof(text)));
    finish();
}

/* Whatever a module writes to: nothing is told, and nothing is read that was not collected. */
static void overwritten(void)
{
    char text[64];

    reset();
    for (unsigned i = 0; i < 10; i++)
        add(0x1000 * (i + 1), 0x1000);
    images_begin();
    for (uint64_t i = MOST * sizeof(EFI_HANDLE); i < MOST * sizeof(EFI_HANDLE) + 10 * 56; i++) {
        fake.memory[i] ^= 0x10;
        CHECK(!images_name(0x5000, text, sizeof(text)));
        fake.memory[i] ^= 0x10;
    }
    CHECK(images_name(0x5000, text, sizeof(text)));
    finish();
}

static const struct test_case cases[] = {
    TEST_CASE(names),
    TEST_CASE(texts),
    TEST_CASE(volumes_that_fail),
    TEST_CASE(damaged_paths),
    TEST_CASE(paths_of_any_bytes),
    TEST_CASE(sizes_that_lie),
    TEST_CASE(looked_up_by_halves),
    TEST_CASE(many_images),
    TEST_CASE(images_come_and_go),
    TEST_CASE(overwritten),
};
TEST_MAIN("host_images", cases)
