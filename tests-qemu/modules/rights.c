/* SPDX-License-Identifier: MIT */
/* What the page tables say of each part of this module, during init and afterwards, and of page 0.
 */
#include <efi.h>

#include <elfin/efi.h>
#include <elfin/module.h>

ELFIN_MODULE("rights");
ELFIN_INTERRUPTS;

enum {
    PRESENT = 1,
    WRITABLE = 2,
    EXECUTABLE = 4
};

UINT64 rights_of(UINT64 address);
UINT64 parts(void);
UINT64 parts_in_init(void);
UINT64 look_later(void);
UINT64 seen_later(void);
UINT64 null_in_interrupt(void);

static const UINT64 constant = 1;
static UINT64 data = 2, zeros;
static const UINT64 *const pointers[] = { &constant };
static UINT64 in_init, later = 8;

/* Of all levels the least (Intel SDM volume 3A, section 4.6). */
UINT64 rights_of(UINT64 address)
{
    UINT64 table, found = PRESENT | WRITABLE | EXECUTABLE;

    __asm__("movq %%cr3, %0" : "=r"(table));
    for (int shift = 39; shift >= 12; shift -= 9) {
        UINT64 entry = ((UINT64 *)(table & 0xffffffffff000))[address >> shift & 511];

        if (!(entry & 1))
            return 0;
        if (!(entry & 2))
            found &= ~(UINT64)WRITABLE;
        if (entry >> 63)
            found &= ~(UINT64)EXECUTABLE;
        if (shift < 39 && entry & 0x80)
            break;
        table = entry;
    }
    return found;
}

/* A digit each: text, constants, read-only after init, data, zeros, page 0. */
UINT64 parts(void)
{
    const void *places[] = { (const void *)(UINT64)parts, &constant, pointers, &data, &zeros, 0 };
    UINT64 digits = 0;

    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        digits = digits * 10 + rights_of((UINT64)places[i]);
    return digits;
}

__attribute__((constructor)) static void construct(void)
{
    in_init = parts();
    data += *pointers[0];
}

UINT64 parts_in_init(void)
{
    return in_init;
}

static EFI_BOOT_SERVICES *services(void)
{
    return ((EFI_SYSTEM_TABLE *)elfin_system_table)->BootServices;
}

static void arm(EFI_EVENT_NOTIFY notify)
{
    EFI_EVENT event;

    services()->CreateEvent(EVT_TIMER | EVT_NOTIFY_SIGNAL, TPL_CALLBACK, notify, NULL, &event);
    services()->SetTimer(event, TimerRelative, 1);
}

static VOID EFIAPI look(EFI_EVENT event, VOID *context)
{
    (void)context;
    later = rights_of(0);
    services()->CloseEvent(event);
}

/* Outside of the call; the caller takes care that it ends soon. */
UINT64 look_later(void)
{
    later = 8;
    __asm__ volatile("cli");
    arm(look);
    __asm__ volatile("cli");
    return 0;
}

UINT64 seen_later(void)
{
    return later;
}

static volatile UINT64 copied;

/* The firmware's code reads page 0, as a handler of its own would. */
static VOID EFIAPI copy(EFI_EVENT event, VOID *context)
{
    static UINT64 word;

    (void)context;
    services()->CopyMem(&word, (void *)8, sizeof(word));
    services()->CloseEvent(event);
    copied = 1;
}

UINT64 null_in_interrupt(void)
{
    copied = 0;
    arm(copy);
    while (copied == 0) {
    }
    return rights_of(0);
}
