/* SPDX-License-Identifier: MIT */
/* The CPUs of a hosted program, as elfin_host.parallel wants them: a pool of threads. */
#ifndef ELFIN_TOOL_THREADS_H
#define ELFIN_TOOL_THREADS_H

struct threads;

/* How many CPUs this process may run on; at least 1. */
unsigned threads_available(void);

/* NULL when not even one thread beside the caller's could be made: then there is one CPU. */
struct threads *threads_start(unsigned cpus);
/* The caller's and those of the pool. NULL counts as one. */
unsigned threads_count(const struct threads *threads);
/* Calls work(arg) in every thread, the caller's included; returns when all have returned. */
void threads_run(struct threads *threads, void (*work)(void *arg), void *arg);
void threads_stop(struct threads *threads);

#endif
