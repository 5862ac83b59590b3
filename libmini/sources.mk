# SPDX-License-Identifier: MIT
# Lists only; paths from the repository root. No file needs a special flag: the memory functions are
# written so that no compiler turns their loops into calls of themselves. All others need memcpy,
# memmove, memset and memcmp from the program they are linked into: its own or LIBMINI_MEM_SOURCES.

LIBMINI_MEM_SOURCES = \
	libmini/mem_compare.c \
	libmini/mem_copy.c \
	libmini/mem_move.c \
	libmini/mem_set.c

# What the loader uses.
LIBMINI_SOURCES = libmini/str.c

# What its features use: libelfin-features.a.
LIBMINI_SORT_SOURCES = libmini/sort.c libmini/number.c

# libelfin-report.a: sentences, and what else programs do with text.
LIBMINI_FMT_SOURCES = libmini/fmt.c libmini/text.c

# libelfin-alloc.a: the page allocator and the heap.
LIBMINI_ALLOC_SOURCES = \
	libmini/guarded.c \
	libmini/heap.c \
	libmini/heap_block.c \
	libmini/heap_check.c \
	libmini/heap_chunk.c \
	libmini/heap_list.c \
	libmini/pages.c \
	libmini/pages_search.c \
	libmini/tree.c
