# SPDX-License-Identifier: MIT
# The relocator: goes with LOADER_SOURCES.
ARCH_SOURCES := \
    arch-x86_64/relocations.c \
    arch-x86_64/scan.c \
    arch-x86_64/tls.c \
    arch-x86_64/fixup.c \
    arch-x86_64/dynamic.c \
    arch-x86_64/names.c \
    arch-x86_64/reduce.c \
    arch-x86_64/bind.c \
    arch-x86_64/follow.c \
    arch-x86_64/follow_write.c
