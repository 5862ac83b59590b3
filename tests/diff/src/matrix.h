/* SPDX-License-Identifier: MIT */
/*
 * What the objects of the matrix share. ext_* come from the exports file, absent_* from nowhere,
 * the rest from the objects themselves. The programs are never run: they exist for their
 * relocations.
 */
#ifndef MATRIX_H
#define MATRIX_H

#define HIDDEN    __attribute__((visibility("hidden")))
#define PROTECTED __attribute__((visibility("protected")))
#define WEAK      __attribute__((weak))
#define NOINLINE  __attribute__((noinline))
#define COLD      __attribute__((cold, noinline))

/* Above the medium model's default threshold, 65536 bytes: its large data sections. */
enum { LARGE_COUNT = 18000 };

typedef int function(int);

struct record {
    const char *name;
    function *call;
    int *counter;
};

/* exports */
extern function ext_call, ext_tail, ext_taken;
extern int ext_word;
extern int ext_array[];

/* undefined weak, and defined nowhere */
extern WEAK function absent_call;
extern WEAK int absent_word;

/* data.c */
extern int counter;
extern HIDDEN int hidden_counter;
extern PROTECTED int protected_counter;
extern int large_data[LARGE_COUNT];
extern int large_zero[LARGE_COUNT];
extern const int primes[];
extern const struct record records[];
extern int common_word;
extern char common_bytes[];
extern long common_wide;

/* calls.c */
extern function run_calls, double_it, tail_caller;
extern HIDDEN function hidden_step;
extern WEAK function default_hook;

/* flow.c */
extern function classify, dispatch;
extern const char *describe(int value);

/* rival.c: its strong definition wins over the weak one in calls.c */
extern function overridden;
extern int twice_weak;

/* take.c */
extern const void *take(int which);

#endif
