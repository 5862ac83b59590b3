/* SPDX-License-Identifier: MIT */
#include "uefi/firmware.h"

EFI_SYSTEM_TABLE *firmware;
EFI_HANDLE firmware_image;

enum {
    RFLAGS_IF = 1 << 9,
    CALIBRATION_MICROSECONDS = 10000
};

void firmware_init(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
    firmware = table;
    firmware_image = image;
    /* The watchdog resets the machine five minutes after the start of an application. */
    table->BootServices->SetWatchdogTimer(0, 0, 0, NULL);
}

const char *firmware_status_text(EFI_STATUS status)
{
    static const struct {
        EFI_STATUS status;
        const char *text;
    } texts[] = {
        { EFI_INVALID_PARAMETER, "invalid parameter" },
        { EFI_UNSUPPORTED, "not supported" },
        { EFI_NOT_READY, "not ready" },
        { EFI_DEVICE_ERROR, "device error" },
        { EFI_OUT_OF_RESOURCES, "out of memory" },
        { EFI_VOLUME_CORRUPTED, "the volume is damaged" },
        { EFI_NO_MEDIA, "no medium" },
        { EFI_MEDIA_CHANGED, "the medium has changed" },
        { EFI_NOT_FOUND, "not found" },
        { EFI_ACCESS_DENIED, "access denied" },
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].status == status)
            return texts[i].text;
    }
    return "the firmware reports an error";
}

uint64_t firmware_ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

uint64_t firmware_ticks_per_second(void)
{
    static uint64_t frequency;

    if (frequency == 0) {
        uint64_t start = firmware_ticks();
        firmware->BootServices->Stall(CALIBRATION_MICROSECONDS);
        frequency = (firmware_ticks() - start) * (1000000 / CALIBRATION_MICROSECONDS);
        if (frequency == 0)
            frequency = 1;
    }
    return frequency;
}

uint64_t firmware_enter(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq\n\tpopq %0\n\tsti" : "=r"(flags) : : "memory");
    return flags;
}

void firmware_leave(uint64_t flags)
{
    if (flags & RFLAGS_IF)
        __asm__ volatile("sti" : : : "memory");
    else
        __asm__ volatile("cli" : : : "memory");
}
