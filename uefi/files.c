/* SPDX-License-Identifier: MIT */
#include "uefi/files.h"

enum {
    PATH_SIZE = 512,
    INFO_SIZE = 1024
};

static EFI_STATUS path_convert(const char *path, CHAR16 out[PATH_SIZE])
{
    size_t i;

    for (i = 0; path[i] != '\0'; i++) {
        if (i + 1 == PATH_SIZE || (unsigned char)path[i] >= 0x80)
            return EFI_INVALID_PARAMETER;
        out[i] = path[i] == '/' ? (CHAR16)'\\' : (CHAR16)path[i];
    }
    out[i] = 0;
    return i == 0 ? EFI_INVALID_PARAMETER : EFI_SUCCESS;
}

static EFI_STATUS open_root(EFI_FILE_HANDLE *root)
{
    EFI_GUID image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    EFI_GUID volume_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
    EFI_BOOT_SERVICES *services = firmware->BootServices;
    void *image, *volume;
    EFI_STATUS status;

    status = services->HandleProtocol(firmware_image, &image_guid, &image);
    if (status != EFI_SUCCESS)
        return status;
    status =
        services->HandleProtocol(((EFI_LOADED_IMAGE *)image)->DeviceHandle, &volume_guid, &volume);
    if (status != EFI_SUCCESS)
        return EFI_NO_MEDIA;
    return ((EFI_FILE_IO_INTERFACE *)volume)->OpenVolume(volume, root);
}

/* The size of a regular file. */
static EFI_STATUS file_size(EFI_FILE_HANDLE file, uint64_t *size)
{
    EFI_GUID info_guid = EFI_FILE_INFO_ID;
    union {
        EFI_FILE_INFO info;
        char room[INFO_SIZE];
    } buffer;
    UINTN length = sizeof(buffer);
    EFI_STATUS status = file->GetInfo(file, &info_guid, &length, &buffer);

    if (status != EFI_SUCCESS)
        return status;
    if (buffer.info.Attribute & EFI_FILE_DIRECTORY)
        return EFI_INVALID_PARAMETER;
    *size = buffer.info.FileSize;
    return EFI_SUCCESS;
}

static EFI_STATUS read_open(struct mini_heap *heap, EFI_FILE_HANDLE file, void **data, size_t *size)
{
    uint64_t wanted;
    UINTN length;
    char *memory;
    EFI_STATUS status = file_size(file, &wanted);

    if (status != EFI_SUCCESS)
        return status;
    memory = wanted < SIZE_MAX ? mini_heap_alloc(heap, (size_t)wanted + 1) : NULL;
    if (memory == NULL)
        return EFI_OUT_OF_RESOURCES;
    length = (UINTN)wanted;
    status = file->Read(file, &length, memory);
    if (status == EFI_SUCCESS && length != wanted)
        status = EFI_DEVICE_ERROR;
    if (status != EFI_SUCCESS) {
        (void)mini_heap_free(heap, memory);
        return status;
    }
    memory[length] = '\0';
    *data = memory;
    *size = length;
    return EFI_SUCCESS;
}

EFI_STATUS files_read(struct mini_heap *heap, const char *path, void **data, size_t *size)
{
    CHAR16 name[PATH_SIZE];
    EFI_FILE_HANDLE root, file;
    EFI_STATUS status = path_convert(path, name);

    if (status != EFI_SUCCESS)
        return status;
    status = open_root(&root);
    if (status != EFI_SUCCESS)
        return status;
    status = root->Open(root, &file, name, EFI_FILE_MODE_READ, 0);
    if (status == EFI_SUCCESS) {
        status = read_open(heap, file, data, size);
        file->Close(file);
    }
    root->Close(root);
    return status;
}
