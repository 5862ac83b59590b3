/* SPDX-License-Identifier: MIT */
#ifndef LOADER_DEBUG_FRAMES_H
#define LOADER_DEBUG_FRAMES_H

#include "loader/debug.h"
#include "loader/eh_frame.h"
#include "loader/frames.h"

/* What is kept of a module; then the rows, in ascending order, as distances from code.frames. */
struct module_frames {
    elfin_region region;
    elfin_code code; /* its unwind table, and the index that a linker has made */
    uint32_t count;
};

static inline struct eh_row *module_frames_rows(const struct module_frames *m)
{
    return (struct eh_row *)(uintptr_t)(m + 1);
}

extern const struct debug_part elfin_debug_frames;

#endif
