# SPDX-License-Identifier: MIT
# The loader, by archive. Needs ARCH_SOURCES and LIBMINI_SOURCES beside it (its features
# ARCH_FEATURE_SOURCES and LIBMINI_SORT_SOURCES), and memcpy, memmove, memset, memcmp from the host or
# LIBMINI_MEM_SOURCES.

# libelfin.a: one file per phase, in their order, after what they share.
LOADER_SOURCES := \
    loader/arena.c \
    loader/name.c \
    loader/names.c \
    loader/table.c \
    loader/diag.c \
    loader/space.c \
    loader/load.c \
    loader/view.c \
    loader/inputs.c \
    loader/object.c \
    loader/sections.c \
    loader/module.c \
    loader/symbols.c \
    loader/enter.c \
    loader/scan.c \
    loader/resolve.c \
    loader/edges.c \
    loader/layout.c \
    loader/place.c \
    loader/group.c \
    loader/group_symbols.c \
    loader/fixup.c \
    loader/protect.c \
    loader/publish.c \
    loader/unload.c

# libelfin-features.a: what a host may leave out (loader/features.h).
FEATURE_SOURCES := \
    loader/index.c \
    loader/published.c \
    loader/exports.c \
    loader/query.c \
    loader/checksum.c \
    loader/export_index.c \
    loader/archive.c \
    loader/pull.c \
    loader/single.c \
    loader/gather.c \
    loader/indirect.c \
    loader/slots.c \
    loader/tls.c \
    loader/tls_area.c \
    loader/comdat.c \
    loader/waiting.c \
    loader/log.c \
    loader/record.c \
    loader/record_check.c \
    loader/needs.c \
    loader/users.c \
    loader/starting.c \
    loader/order.c \
    loader/init.c \
    loader/fail.c \
    loader/demand.c \
    loader/reach.c \
    loader/reach_place.c \
    loader/apart.c \
    loader/unwind.c \
    loader/reach_report.c \
    loader/parallel.c \
    loader/shards.c \
    loader/early.c \
    loader/group_sections.c

# libelfin-programs.a: executables and shared objects.
PROGRAM_SOURCES := \
    loader/program.c \
    loader/program_segments.c \
    loader/program_dynamic.c \
    loader/program_headers.c \
    loader/program_symbols.c \
    loader/program_scan.c \
    loader/program_fixup.c \
    loader/program_init.c

# libelfin-rebind.a: rebind, replace.
REBIND_SOURCES := \
    loader/linkage.c \
    loader/linkage_imports.c \
    loader/patch.c \
    loader/patch_write.c \
    loader/definitions.c \
    loader/rebind.c \
    loader/rebind_all.c \
    loader/replaced.c \
    loader/replace.c \
    loader/replace_state.c

# libelfin-inspect.a: elfin_inspect, and what is loaded.
INSPECT_SOURCES := \
    loader/walk.c \
    loader/describe.c \
    loader/inspect.c

# libelfin-debug.a: debug data of modules (include/elfin/debug.h).
DEBUG_SOURCES := \
    loader/debug.c \
    loader/debug_file.c \
    loader/debug_gdb.c \
    loader/debug_copy.c \
    loader/debug_pack.c \
    loader/debug_symtab.c \
    loader/debug_symbols.c \
    loader/debug_relocate.c \
    loader/debug_lines.c \
    loader/line_reader.c \
    loader/line_header.c \
    loader/line_program.c \
    loader/line_rows.c \
    loader/debug_index.c \
    loader/debug_find.c \
    loader/debug_where.c \
    loader/debug_format.c \
    loader/frames_read.c \
    loader/frames_find.c \
    loader/frames_row.c \
    loader/frames_expression.c \
    loader/walk_stack.c \
    loader/debug_frames.c \
    loader/trace.c

# libelfin-report.a: sentences.
REPORT_SOURCES := \
    loader/diag_text.c

# libelfin-images.a: preparing and loading images.
IMAGE_SOURCES := \
    loader/image.c \
    loader/image_view.c \
    loader/image_check.c \
    loader/image_check_tables.c \
    loader/image_check_stream.c \
    loader/image_object.c \
    loader/image_bound.c \
    loader/image_fixup.c \
    loader/image_own.c \
    loader/image_place.c \
    loader/image_share.c \
    loader/image_follow.c \
    loader/image_report.c \
    loader/image_stream.c \
    loader/image_prepare.c \
    loader/image_number.c \
    loader/image_demand.c \
    loader/image_reduce.c \
    loader/image_encode.c \
    loader/image_write.c

# libelfin-handover.a: elfin_space_hand_over, elfin_space_adopt.
HANDOVER_SOURCES := \
    loader/handover_defer.c \
    loader/handover_write.c \
    loader/handover_module.c \
    loader/handover_view.c \
    loader/adopt.c \
    loader/adopt_check.c \
    loader/adopt_blocks.c \
    loader/adopt_tables.c \
    loader/adopt_space.c \
    loader/adopt_group.c \
    loader/adopt_unwind.c \
    loader/adopt_run.c
