/* SPDX-License-Identifier: MIT */
/* Looks through the kernel's page tables whenever its code runs, the load included. */
#include <elfin/efi.h>
#include <elfin/module.h>

#define DIRECT  UINT64_C(0xffff800000000000)
#define PRESENT UINT64_C(1)
#define WRITE   UINT64_C(2)
#define USER    UINT64_C(4)
#define LARGE   (UINT64_C(1) << 7)
#define NO_EXEC (UINT64_C(1) << 63)
#define ADDRESS UINT64_C(0x000ffffffffff000)

enum {
    ENTRIES = 512
};

uint64_t watch_count(void);

static uint64_t looks;

static const uint64_t *table_at(uint64_t entry)
{
    return (const uint64_t *)(DIRECT + (entry & ADDRESS));
}

/* Writable and executable, or user mode's; entries that lead to tables leave all rights. */
static uint64_t bad_pages(uint64_t root)
{
    const uint64_t *at[4] = { 0, 0, 0, table_at(root) };
    unsigned index[4] = { 0 }, level = 3;
    uint64_t bad = 0;

    for (;;) {
        uint64_t entry;

        if (index[level] == ENTRIES) {
            if (++level == 4)
                return bad;
            continue;
        }
        entry = at[level][index[level]++];
        bad += entry & PRESENT && entry & USER;
        if (!(entry & PRESENT))
            continue;
        if (level > 0 && !(entry & LARGE)) {
            at[--level] = table_at(entry);
            index[level] = 0;
        } else {
            bad += entry & WRITE && !(entry & NO_EXEC);
        }
    }
}

static void look(const char *when)
{
    uint64_t root;

    __asm__ volatile("movq %%cr3, %0" : "=r"(root));
    looks++;
    elfin_print("watch: %s, %lu bad pages\n", when, (unsigned long)bad_pages(root));
}

__attribute__((constructor)) static void construct(void)
{
    look("constructor");
}

__attribute__((destructor)) static void destruct(void)
{
    look("destructor");
}

__attribute__((section(".init.text"))) static int start(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    look("init");
    return 0;
}
ELFIN_INIT(start);

static void stop(void)
{
    look("exit");
}
ELFIN_EXIT(stop);

static void *save(void)
{
    look("save");
    return &looks;
}

static int restore(void *old, uint32_t version)
{
    (void)version;
    looks += *(uint64_t *)old;
    look("restore");
    return 0;
}
ELFIN_STATE(1, save, restore);

uint64_t watch_count(void)
{
    look("call");
    return looks;
}
