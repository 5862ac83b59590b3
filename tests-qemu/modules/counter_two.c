// SPDX-License-Identifier: MIT
/* The newer version. */
#define COUNTER_VERSION 2
#define COUNTER_STEP    10
#define COUNTER_TEXT    "2"

#include "counter.c"
