/* SPDX-License-Identifier: MIT */
/* The tests of mini_mem.c for the form without string instructions. */
#define MINI_MEM_PORTABLE 1
#include "tests/unit/mini_mem.c"
