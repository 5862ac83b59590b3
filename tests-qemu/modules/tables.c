/* SPDX-License-Identifier: MIT */
/* Does to the kernel's page tables what nobody should, one thing at a time, to see that it is
 * noticed. */
#include <stdint.h>

#include <elfin/module.h>

#define PAGE    UINT64_C(4096)
#define DIRECT  UINT64_C(0xffff800000000000)
#define KERNEL  UINT64_C(0xffffffff80000000)
#define PRESENT UINT64_C(1)
#define WRITE   UINT64_C(2)
#define USER    UINT64_C(4)
#define LARGE   (UINT64_C(1) << 7)
#define NO_EXEC (UINT64_C(1) << 63)
#define ADDRESS UINT64_C(0x000ffffffffff000)
#define CR0_WP  (UINT64_C(1) << 16)
#define SMEP    (UINT64_C(1) << 20)

enum {
    LEVELS = 4
};

void tables_break(uint64_t what);
void tables_mend(void);

static const uint64_t constant = 1;
static uint64_t data = 2;
static uint64_t empty[2 * PAGE / 8];
static uint64_t *changed, former, cr0, cr4;

static uint64_t read_cr3(void)
{
    uint64_t value;

    __asm__ volatile("movq %%cr3, %0" : "=r"(value));
    return value & ADDRESS;
}

/* The entry for an address, at a level or where the way ends: 0 is a page's. */
static uint64_t *entry_of(uint64_t address, unsigned level)
{
    uint64_t table = read_cr3(), *entry;

    for (unsigned at = LEVELS - 1;; at--) {
        entry = (uint64_t *)(DIRECT + table) + (address >> (12 + 9 * at) & 511);
        if (at == level || !(*entry & PRESENT) || (at > 0 && *entry & LARGE))
            return entry;
        table = *entry & ADDRESS;
    }
}

static void flush(void)
{
    __asm__ volatile("movq %0, %%cr3" : : "r"(read_cr3()) : "memory");
}

static void change(uint64_t *entry, uint64_t set, uint64_t clear)
{
    changed = entry;
    former = *entry;
    *entry = (former | set) & ~clear;
    flush();
}

static void put(uint64_t address, unsigned level, uint64_t value)
{
    change(entry_of(address, level), value, 0);
}

static void break_cpu(uint64_t what)
{
    __asm__ volatile("movq %%cr0, %0\n\tmovq %%cr4, %1" : "=r"(cr0), "=r"(cr4));
    if (what == 14)
        __asm__ volatile("movq %0, %%cr0" : : "r"(cr0 & ~CR0_WP));
    else
        __asm__ volatile("movq %0, %%cr4" : : "r"(cr4 & ~SMEP));
}

void tables_break(uint64_t what)
{
    uint64_t text = (uint64_t)&tables_break & ~(PAGE - 1), own = *entry_of((uint64_t)&data, 0);
    uint64_t hole = ((uint64_t)empty + PAGE - 1) & ~(PAGE - 1);
    uint64_t table = (*entry_of(hole, 0) & ADDRESS) | PRESENT | WRITE;

    switch (what) {
    case 0: /* own code can be written */
        return change(entry_of(text, 0), WRITE, 0);
    case 1: /* own data can be executed */
        return change(entry_of((uint64_t)&data, 0), 0, NO_EXEC);
    case 2: /* constants can be written */
        return change(entry_of((uint64_t)&constant, 0), WRITE, 0);
    case 3: /* data that nobody uses cannot */
        return change(entry_of(hole, 0), 0, WRITE);
    case 4: /* is not there */
        return change(entry_of(hole, 0), 0, ~UINT64_C(0));
    case 5: /* is other memory */
        return change(entry_of(hole, 0), 0, ADDRESS & ~(*entry_of((uint64_t)&constant, 0)));
    case 6: /* is user mode's */
        return change(entry_of(hole, 0), USER, 0);
    case 7: /* page 0 */
        return put(0, 0, own);
    case 8: /* the guard before the module */
        return put(text - PAGE, 0, own);
    case 9: /* the kernel's constants can be written */
        return change(entry_of(KERNEL, 0), WRITE, 0);
    case 10: /* and executed */
        return change(entry_of(KERNEL, 0), 0, NO_EXEC);
    case 11: /* a part of memory has no second mapping */
        return change(entry_of(DIRECT, 0), 0, ~UINT64_C(0));
    case 12: /* a page of nobody */
        return put(text + (UINT64_C(256) << 10), 0, own);
    case 13: /* a table for nothing */
        return put(text + (UINT64_C(1) << 30), 1, table);
    default: /* write protection, or SMEP, is off */
        return break_cpu(what);
    }
}

void tables_mend(void)
{
    if (changed != 0) {
        *changed = former;
        flush();
    }
    if (cr0 != 0) {
        __asm__ volatile("movq %0, %%cr0\n\tmovq %1, %%cr4" : : "r"(cr0), "r"(cr4));
    }
    changed = 0;
    cr0 = 0;
}
