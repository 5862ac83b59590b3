/* SPDX-License-Identifier: MIT */
/* Frames of many shapes: frames_run calls frames_look, or faults, at the end of a chain of calls.
 */
#include <stdarg.h>
#include <stdint.h>

typedef uint64_t step_fn(uint64_t way);

uint64_t frames_look(uint64_t way);
uint64_t frames_fault(uint64_t way);
_Noreturn void frames_leave(uint64_t result);
_Noreturn void frames_never(uint64_t way);
uint64_t frames_run(uint64_t way);

#ifdef __clang__
#define APART __attribute__((noinline))
#else
#define APART __attribute__((noinline, noclone))
#endif

uint64_t frames_leaf(uint64_t way), frames_saves(uint64_t way), frames_grows(uint64_t way),
    frames_aligned(uint64_t way), frames_variadic(uint64_t way), frames_large(uint64_t way),
    frames_last(uint64_t way), frames_indirect(uint64_t way);

static void use(volatile uint64_t *word)
{
    *word += 1;
}

/* Nothing but the call. */
APART uint64_t frames_leaf(uint64_t way)
{
    if (way == 1)
        return frames_fault(way) + 1;
    return frames_look(way) + 1;
}

/* Registers that it must keep. */
APART uint64_t frames_saves(uint64_t way)
{
    volatile uint64_t a = way, b = way + 1, c = way + 2, d = way + 3, e = way + 4, f = way + 5;
    uint64_t g = a, h = b, i = c, j = d, k = e, l = f;
    uint64_t result = frames_leaf(way);

    return result + (g ^ h) + (i ^ j) + (k ^ l);
}

/* A frame whose size is known at run time only. */
APART uint64_t frames_grows(uint64_t way)
{
    volatile uint64_t *words = __builtin_alloca(16 + way * 64);

    words[0] = way;
    use(&words[0]);
    return frames_saves(way) + words[0];
}

/* Its stack pointer is rounded down: the CFA is in another register, or in memory. */
APART uint64_t frames_aligned(uint64_t way)
{
    _Alignas(128) volatile uint64_t words[32];

    words[0] = way;
    use(&words[0]);
    return frames_grows(way) + words[0] + ((uintptr_t)words & 127);
}

static APART uint64_t many(int count, ...)
{
    uint64_t sum = 0, way;
    va_list list;

    va_start(list, count);
    way = va_arg(list, uint64_t);
    for (int i = 1; i < count; i++)
        sum += va_arg(list, uint64_t);
    va_end(list);
    return frames_aligned(way) + sum;
}

/* Arguments on the stack, and a static function in between. */
APART uint64_t frames_variadic(uint64_t way)
{
    return many(9, way, way + 1, way + 2, way + 3, way + 4, way + 5, way + 6, way + 7, way + 8) + 1;
}

/* More than a page. */
APART uint64_t frames_large(uint64_t way)
{
    volatile uint64_t words[3000];

    words[way] = way;
    use(&words[way]);
    return frames_variadic(way) + words[way];
}

static step_fn *volatile next = frames_large;

APART uint64_t frames_indirect(uint64_t way)
{
    return next(way) + 1;
}

APART _Noreturn void frames_never(uint64_t way)
{
    frames_leave(frames_indirect(way));
}

/* The call is its last instruction: the address behind it is another function's. */
APART uint64_t frames_last(uint64_t way)
{
    frames_never(way);
}

uint64_t frames_run(uint64_t way)
{
    return frames_indirect(way) + 1;
}
