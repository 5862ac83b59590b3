# SPDX-License-Identifier: MIT
# The loader: one file per phase, in their order, after what they share. Needs ARCH_SOURCES and
# LIBMINI_SOURCES beside it, and memcpy, memmove, memset, memcmp from the host or LIBMINI_MEM_SOURCES.
LOADER_SOURCES := \
    loader/arena.c \
    loader/name.c \
    loader/names.c \
    loader/table.c \
    loader/diag.c \
    loader/diag_text.c \
    loader/index.c \
    loader/space.c \
    loader/query.c \
    loader/load.c \
    loader/parallel.c \
    loader/view.c \
    loader/inputs.c \
    loader/object.c \
    loader/sections.c \
    loader/comdat.c \
    loader/record.c \
    loader/symbols.c \
    loader/archive.c \
    loader/pull.c \
    loader/demand.c \
    loader/scan.c \
    loader/gather.c \
    loader/resolve.c \
    loader/edges.c \
    loader/indirect.c \
    loader/layout.c \
    loader/tls.c \
    loader/tls_area.c \
    loader/reach.c \
    loader/reach_report.c \
    loader/apart.c \
    loader/place.c \
    loader/group.c \
    loader/group_symbols.c \
    loader/group_sections.c \
    loader/fixup.c \
    loader/unwind.c \
    loader/protect.c \
    loader/publish.c \
    loader/order.c \
    loader/init.c \
    loader/unload.c \
    loader/inspect.c \
    loader/program.c \
    loader/program_segments.c \
    loader/program_dynamic.c \
    loader/program_headers.c \
    loader/program_symbols.c \
    loader/program_scan.c \
    loader/program_fixup.c \
    loader/program_init.c
