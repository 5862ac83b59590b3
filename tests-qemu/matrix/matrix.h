/* SPDX-License-Identifier: MIT */
/*
 * What the two objects of a matrix module, the peer module and the host share. matrix_run computes
 * a number out of everything that a relocation can name; the same sources linked as a program of
 * the build machine say what it must be.
 */
#ifndef TESTS_QEMU_MATRIX_H
#define TESTS_QEMU_MATRIX_H

typedef unsigned long u64;

/* main.c */
u64 matrix_run(u64 seed);
u64 matrix_callback(u64 value);
extern u64 matrix_counter;
extern const char *matrix_names[4];

/* part.c, of the same group */
#define HIDDEN __attribute__((visibility("hidden")))
HIDDEN u64 part_hidden(u64 value);
u64 part_global(u64 value, u64 (*callback)(u64));
extern HIDDEN u64 part_hidden_data[8];
extern u64 part_data;
extern u64 *part_pointer;
extern const u64 part_table[4];
extern u64 (*const part_functions[3])(u64);

/* COMMON in both, with a larger size in part.c */
extern u64 matrix_common[];

/* peer.c, a module of its own */
u64 peer_mix(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g);
u64 peer_call(u64 (*callback)(u64), u64 value);
extern u64 peer_data[4];
extern const char peer_text[];

/* nobody's */
__attribute__((weak)) u64 nobody(u64 value);
extern __attribute__((weak)) u64 nobody_data;

/* the host's */
__SIZE_TYPE__ strlen(const char *s);
void *memcpy(void *dst, const void *src, __SIZE_TYPE__ size);

static inline u64 mix(u64 hash, u64 value)
{
    hash ^= value;
    hash *= 0x9e3779b97f4a7c15UL;
    return hash ^ hash >> 29;
}

#endif
