# SPDX-License-Identifier: MIT
# The picture of memory, for programs that draw it. Needs libelfin.a.
PICTURE_SOURCES := \
    picture/collect.c \
    picture/find.c \
    picture/pieces.c \
    picture/rows.c \
    picture/words.c \
    picture/line.c \
    picture/draw.c \
    picture/overview.c \
    picture/ranges.c \
    picture/blocks.c \
    picture/module.c
