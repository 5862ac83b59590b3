# SPDX-License-Identifier: MIT
# The relocator, by the archives of loader/sources.mk.
ARCH_SOURCES := \
    arch-x86_64/relocations.c \
    arch-x86_64/scan.c \
    arch-x86_64/fixup.c
ARCH_FEATURE_SOURCES := arch-x86_64/slots.c arch-x86_64/tls.c arch-x86_64/demand.c
ARCH_PROGRAM_SOURCES := arch-x86_64/dynamic.c
ARCH_REPORT_SOURCES  := arch-x86_64/names.c
ARCH_IMAGE_SOURCES   := arch-x86_64/reduce.c arch-x86_64/bind.c
ARCH_REBIND_SOURCES  := arch-x86_64/follow.c arch-x86_64/follow_write.c
ARCH_DEBUG_SOURCES   := arch-x86_64/debug.c arch-x86_64/frames.c
# libelfin-cpu.a: for hosts that own the machine.
ARCH_CPU_SOURCES     := arch-x86_64/paging.c
