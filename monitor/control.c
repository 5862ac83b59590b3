/* SPDX-License-Identifier: MIT */
#include "monitor/control.h"

enum {
    MSR_GS_BASE = 0xc0000101
};

void control_read(struct control *control)
{
    __asm__ volatile("movq %%cr0, %0" : "=r"(control->cr0));
    __asm__ volatile("movq %%cr4, %0" : "=r"(control->cr4));
    __asm__ volatile("movq %%cr8, %0" : "=r"(control->cr8));
    __asm__ volatile("movq %%dr7, %0" : "=r"(control->dr7));
    control->gs_base = control_msr_read(MSR_GS_BASE);
}

void control_restore(const struct control *control)
{
    struct control now;

    control_read(&now);
    if (now.dr7 != control->dr7)
        __asm__ volatile("movq %0, %%dr7" : : "r"(control->dr7) : "memory");
    if (now.cr0 != control->cr0)
        __asm__ volatile("movq %0, %%cr0" : : "r"(control->cr0) : "memory");
    if (now.cr4 != control->cr4)
        __asm__ volatile("movq %0, %%cr4" : : "r"(control->cr4) : "memory");
    if (now.cr8 != control->cr8)
        __asm__ volatile("movq %0, %%cr8" : : "r"(control->cr8) : "memory");
    if (now.gs_base != control->gs_base)
        control_msr_write(MSR_GS_BASE, control->gs_base);
}
