/* SPDX-License-Identifier: MIT */
/*
 * None of these may be written as the operation it implements where the compiler would call the
 * very helper for it (division, population count); the others are single instructions or expanded
 * inline on x86-64.
 */
#include "monitor/runtime.h"

#include <stddef.h>

/* Division by zero traps, as everywhere on this machine. */
static uint64_t divide_128_by_64(uint64_t high, uint64_t low, uint64_t by, uint64_t *rest)
{
    uint64_t quotient;

    __asm__("divq %4" : "=a"(quotient), "=d"(*rest) : "0"(low), "1"(high), "r"(by) : "cc");
    return quotient;
}

/* b of more than 64 bits: the quotient has at most 64, found bit by bit. */
static uint64_t divide_long(uint128 a, uint128 b, uint128 *rest)
{
    int shift = runtime_clzti2(b) - runtime_clzti2(a);
    uint64_t quotient = 0;

    if (a >= b) {
        for (b <<= shift; shift >= 0; shift--, b >>= 1) {
            quotient <<= 1;
            if (a >= b) {
                a -= b;
                quotient |= 1;
            }
        }
    }
    *rest = a;
    return quotient;
}

uint128 runtime_udivmodti4(uint128 a, uint128 b, uint128 *rest)
{
    uint64_t by = (uint64_t)b, high, low, left;
    uint128 unused;

    if (rest == NULL)
        rest = &unused;
    if (b >> 64 != 0)
        return divide_long(a, b, rest);
    high = divide_128_by_64(0, (uint64_t)(a >> 64), by, &left);
    low = divide_128_by_64(left, (uint64_t)a, by, &left);
    *rest = left;
    return (uint128)high << 64 | low;
}

uint128 runtime_udivti3(uint128 a, uint128 b)
{
    return runtime_udivmodti4(a, b, NULL);
}

uint128 runtime_umodti3(uint128 a, uint128 b)
{
    uint128 rest;

    runtime_udivmodti4(a, b, &rest);
    return rest;
}

static uint128 magnitude(int128 a)
{
    return a < 0 ? -(uint128)a : (uint128)a;
}

/* Truncates towards zero: the rest has the sign of the dividend. */
int128 runtime_divmodti4(int128 a, int128 b, int128 *rest)
{
    uint128 left, quotient = runtime_udivmodti4(magnitude(a), magnitude(b), &left);

    if (rest != NULL)
        *rest = (int128)(a < 0 ? -left : left);
    return (int128)((a < 0) != (b < 0) ? -quotient : quotient);
}

int128 runtime_divti3(int128 a, int128 b)
{
    return runtime_divmodti4(a, b, NULL);
}

int128 runtime_modti3(int128 a, int128 b)
{
    int128 rest;

    runtime_divmodti4(a, b, &rest);
    return rest;
}

int128 runtime_multi3(int128 a, int128 b)
{
    return (int128)((uint128)a * (uint128)b);
}

int128 runtime_negti2(int128 a)
{
    return (int128) - (uint128)a;
}

int128 runtime_ashlti3(int128 a, int count)
{
    return (int128)((uint128)a << count);
}

int128 runtime_ashrti3(int128 a, int count)
{
    return a >> count;
}

int128 runtime_lshrti3(int128 a, int count)
{
    return (int128)((uint128)a >> count);
}

int64_t runtime_mulodi4(int64_t a, int64_t b, int *overflow)
{
    int64_t product;

    *overflow = __builtin_mul_overflow(a, b, &product);
    return product;
}

int128 runtime_muloti4(int128 a, int128 b, int *overflow)
{
    uint128 x = magnitude(a), y = magnitude(b), product = x * y;
    uint128 limit = ((uint128)1 << 127) - ((a < 0) == (b < 0) ? 1 : 0);

    *overflow = x != 0 && y > runtime_udivti3(limit, x);
    return (int128)((a < 0) != (b < 0) ? -product : product);
}

int runtime_popcountdi2(uint64_t a)
{
    a -= a >> 1 & UINT64_C(0x5555555555555555);
    a = (a & UINT64_C(0x3333333333333333)) + (a >> 2 & UINT64_C(0x3333333333333333));
    a = (a + (a >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (int)(a * UINT64_C(0x0101010101010101) >> 56);
}

int runtime_popcountsi2(uint32_t a)
{
    return runtime_popcountdi2(a);
}

int runtime_popcountti2(uint128 a)
{
    return runtime_popcountdi2((uint64_t)a) + runtime_popcountdi2((uint64_t)(a >> 64));
}

int runtime_paritydi2(uint64_t a)
{
    return runtime_popcountdi2(a) & 1;
}

int runtime_clzsi2(uint32_t a)
{
    return __builtin_clz(a);
}

int runtime_clzdi2(uint64_t a)
{
    return __builtin_clzll(a);
}

int runtime_clzti2(uint128 a)
{
    uint64_t high = (uint64_t)(a >> 64);

    if (high != 0)
        return __builtin_clzll(high);
    return 64 + (a == 0 ? 64 : __builtin_clzll((uint64_t)a));
}

int runtime_ctzsi2(uint32_t a)
{
    return __builtin_ctz(a);
}

int runtime_ctzdi2(uint64_t a)
{
    return __builtin_ctzll(a);
}

int runtime_ctzti2(uint128 a)
{
    uint64_t low = (uint64_t)a;

    return low != 0 ? __builtin_ctzll(low) : 64 + __builtin_ctzll((uint64_t)(a >> 64));
}

int runtime_ffsdi2(uint64_t a)
{
    return a == 0 ? 0 : __builtin_ctzll(a) + 1;
}

uint32_t runtime_bswapsi2(uint32_t a)
{
    return __builtin_bswap32(a);
}

uint64_t runtime_bswapdi2(uint64_t a)
{
    return __builtin_bswap64(a);
}
