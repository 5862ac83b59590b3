/* SPDX-License-Identifier: MIT */
#include "uefi/page_zero.h"

#include "libmini/pages.h"

enum {
    ENTRY_PRESENT = 1 << 0,
    CR0_WP = 1 << 16,
    CR4_LA57 = 1 << 12,
};

static uint64_t attributes; /* what it had */
static bool hidden, needed;

void page_zero_hide(const struct uefi_rights *rights)
{
    hidden = !needed && uefi_rights_get(rights, 0, &attributes) &&
             uefi_rights_hide(rights, 0, MINI_PAGE_SIZE);
}

void page_zero_show(const struct uefi_rights *rights)
{
    if (hidden)
        (void)uefi_rights_put(rights, 0, MINI_PAGE_SIZE, attributes);
    hidden = false;
}

bool page_zero_is_hidden(void)
{
    return hidden && !needed;
}

/* The first entry of each table leads there (Intel SDM volume 3A, section 4.5). */
void page_zero_need(void)
{
    uint64_t table, cr0, cr4;
    volatile uint64_t *entry;
    int levels;

    needed = true;
    __asm__("movq %%cr3, %0" : "=r"(table));
    __asm__("movq %%cr4, %0" : "=r"(cr4));
    levels = cr4 & CR4_LA57 ? 5 : 4;
    do {
        entry = (volatile uint64_t *)(table & UINT64_C(0xffffffffff000));
        table = *entry;
    } while (--levels > 0 && table & ENTRY_PRESENT);
    __asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("movq %0, %%cr0" : : "r"(cr0 & ~(uint64_t)CR0_WP) : "memory");
    *entry = table | ENTRY_PRESENT;
    __asm__ volatile("movq %0, %%cr0" : : "r"(cr0) : "memory");
    __asm__ volatile("invlpg 0" : : : "memory");
}
