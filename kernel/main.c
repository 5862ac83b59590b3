/* SPDX-License-Identifier: MIT */
#include <elfin/kernel.h>
#include "kernel/port.h"

_Noreturn void kernel_main(const struct elfin_boot *boot);

extern const elfin_export elfin_kernel_exports[], elfin_kernel_exports_end[];

static const struct elfin_kernel header __attribute__((used, section(".elfin.kernel"))) = {
    .magic = ELFIN_KERNEL_MAGIC,
    .version = ELFIN_KERNEL_VERSION,
    .size = sizeof(header),
    .exports = elfin_kernel_exports,
    .exports_end = elfin_kernel_exports_end,
    .modules_low = 0xffffffff90000000,
    .modules_high = 0xffffffffffffefff,
};

_Noreturn void kernel_main(const struct elfin_boot *boot)
{
    for (const char *c = boot->script; *c; c++)
        port_write(0xe9, (uint8_t)*c);
    for (uint64_t i = 0; i < boot->range_count; i++) {
        static const char digits[] = "0123456789abcdef";
        const elfin_boot_range *r = &boot->ranges[i];
        for (int s = 60; s >= 0; s -= 4)
            port_write(0xe9, (uint8_t)digits[r->base >> s & 15]);
        port_write(0xe9, ' ');
        for (int s = 60; s >= 0; s -= 4)
            port_write(0xe9, (uint8_t)digits[r->size >> s & 15]);
        port_write(0xe9, ' ');
        port_write(0xe9, (uint8_t)digits[r->kind]);
        port_write(0xe9, '\n');
    }
    port_write(0x501, 7 + 2);
    for (;;)
        __asm__ volatile("hlt");
}
