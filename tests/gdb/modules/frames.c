/* SPDX-License-Identifier: MIT */
/* Stacks of many shapes; with frames.cc, which it calls and which calls it. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define APART __attribute__((noinline))

typedef int change_fn(int value);

struct pair {
    int key, value;
};

int shapes_sum(int count, change_fn *change); /* frames.cc */
int shapes_sorted(int count);
int frames_enter(int count);
int frames_twice(int value);

static int calls;

static int folded(int value)
{
    calls++;
    return value * 3 + calls;
}

/* Each call has a frame of another size. */
APART static int recursive(int depth, int value)
{
    char *words = __builtin_alloca((size_t)(depth * 24 + 8));

    memset(words, value, (size_t)depth * 8 + 8);
    if (depth == 0)
        return folded(value) + words[0];
    return recursive(depth - 1, value + 1) + words[depth];
}

static int odd(int value);

APART static int even(int value)
{
    return value == 0 ? 1 : odd(value - 1);
}

APART static int odd(int value)
{
    return value == 0 ? 0 : even(value - 1);
}

static int compare(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;

    return a->key < b->key ? -1 : a->key > b->key;
}

/* The C library between two functions of this file. */
APART static int sorted(int count)
{
    struct pair pairs[16];
    int sum = 0;

    for (int i = 0; i < count; i++)
        pairs[i] = (struct pair){ (i * 7 + 3) % 5, i };
    qsort(pairs, (size_t)count, sizeof(*pairs), compare);
    for (int i = 0; i < count; i++)
        sum = sum * 3 + pairs[i].value;
    return sum;
}

APART static int variadic(int count, ...)
{
    va_list list;
    int sum = 0;

    va_start(list, count);
    for (int i = 0; i < count; i++)
        sum += i % 2 ? (int)va_arg(list, double) : va_arg(list, int);
    va_end(list);
    return sum;
}

/* More than there are registers to pass, and a structure in memory. */
struct block {
    long words[9];
};

APART static struct block moved(struct block from, int a, int b, int c, int d, int e, int f, int g,
                                int h)
{
    from.words[0] += a + b + c + d;
    from.words[8] += e + f + g + h;
    return from;
}

APART static long aligned(int value)
{
    _Alignas(64) volatile long words[8] = { value };
    struct block block = { { value, 1 } };

    block = moved(block, 1, 2, 3, 4, 5, 6, 7, value);
    return block.words[0] + block.words[8] + words[0];
}

APART static int switched(int value)
{
    switch (value % 7) {
    case 0:
        return recursive(2, value);
    case 1:
        return folded(value);
    case 2:
        return folded(value + 1) + folded(value);
    case 3:
        return variadic(4, 1, 2.0, 3, 4.0);
    case 4:
        return (int)aligned(value);
    default:
        return value;
    }
}

int frames_twice(int value)
{
    return folded(value) + value;
}

int frames_enter(int count)
{
    static change_fn *const changes[] = { frames_twice, switched, even };
    volatile int which = 0;
    int sum = recursive(count, 1) + even(count) + sorted(count + 2);

    for (; which < 3; which++)
        sum += shapes_sum(count, changes[which]);
    return sum + shapes_sorted(count + 3) + (int)aligned(count);
}
