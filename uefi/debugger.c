/* SPDX-License-Identifier: MIT */
#include "uefi/debugger.h"

#define DEBUGGER_MAGIC UINT64_C(0x696665206e69666c) /* "lfin efi", also in tools/gdb/elfin.py */
/* The reset vector's page: mapped on every PC, and of no interest once the firmware runs. */
#define DEBUGGER_BYTE UINT64_C(0xffffffff)

static void read_cpuid(uint32_t leaf, uint32_t *b, uint32_t *c, uint32_t *d)
{
    uint32_t a = leaf;

    *c = 0;
    __asm__("cpuid" : "+a"(a), "=b"(*b), "+c"(*c), "=d"(*d));
}

/* Both of QEMU's ways to run code: TCG and KVM. */
static bool is_qemu(void)
{
    enum {
        HYPERVISOR = UINT32_C(1) << 31
    };
    uint32_t b, c, d;

    read_cpuid(1, &b, &c, &d);
    if (!(c & HYPERVISOR))
        return false;
    read_cpuid(0x40000000, &b, &c, &d);
    return (b == 0x54474354 && c == 0x43544743 && d == 0x47435447) || /* "TCGTCGTCGTCG" */
           (b == 0x4b4d564b && c == 0x564b4d56 && d == 0x4d);         /* "KVMKVMKVM" */
}

void debugger_announce(uint64_t base)
{
    uint64_t byte;

    if (is_qemu())
        __asm__ volatile("movzbl (%%rcx), %%ecx"
                         : "=c"(byte)
                         : "c"(DEBUGGER_BYTE), "a"(DEBUGGER_MAGIC), "d"(base)
                         : "memory");
}
