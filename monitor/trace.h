/* SPDX-License-Identifier: MIT */
/* The ring of what happened (elfin/debug.h, "Tracing"). */
#ifndef MONITOR_TRACE_H
#define MONITOR_TRACE_H

#include <elfin/debug.h>

#include "monitor/call.h"

/* Where it lies, also for debuggers; NULL before trace_begin. */
extern elfin_trace *elfin_trace_ring;

/* Before the space begins: its host will note there what happens. */
void trace_begin(elfin_host *host);

/* The group is there, by other means than a load. */
void trace_loaded(const elfin_group *group);

/* A call has ended, in the module if that is not NULL; what: in words. Safe in a fault handler. */
void trace_fault(const elfin_module *module, const struct call_end *end, const char *what);

#endif
