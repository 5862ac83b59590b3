/* SPDX-License-Identifier: MIT */
#include "loader/name.h"

enum {
    WORD = 8,
    LENGTH_MASK = 63
};

static uint64_t load_word(const void *from)
{
    uint64_t word;

    __builtin_memcpy(&word, from, sizeof(word));
    return word;
}

/* All 128 bits of the product count, so every bit of the word reaches the upper ones of the result.
 */
static uint64_t mix(uint64_t state, uint64_t word)
{
    unsigned __int128 product = (unsigned __int128)(state ^ word) * 0x9e3779b97f4a7c15u;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The last word is what is left before the NUL, filled up with zeros; it may be 0. */
static struct name finish(const char *text, uint64_t length, uint64_t state, uint64_t last)
{
    uint32_t hash = (uint32_t)(mix(state, last) >> 32) & ~(uint32_t)LENGTH_MASK;

    hash |= (uint32_t)length & LENGTH_MASK;
    return (struct name){ .text = text,
                          .hash = hash ? hash : LENGTH_MASK + 1,
                          .length = length < UINT32_MAX ? (uint32_t)length : UINT32_MAX };
}

/* From `at` on, where a whole word is certain to lie in memory or nothing is known. */
static struct name walk_bytes(const char *text, uint64_t at, uint64_t state)
{
    for (;;) {
        uint64_t word = 0;

        for (unsigned shift = 0; shift < 8 * WORD; shift += 8, at++) {
            uint8_t byte = (uint8_t)text[at];

            if (!byte)
                return finish(text, at, state, word);
            word |= (uint64_t)byte << shift;
        }
        state = mix(state, word);
    }
}

struct name elfin_name(const char *text)
{
    return walk_bytes(text, 0, 0);
}

struct name elfin_name_in(struct span strings, uint64_t offset)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    const char *text = (const char *)strings.data + offset;
    uint64_t state = 0, at = 0, room = strings.size - offset;

    for (; at + WORD <= room; at += WORD) {
        uint64_t word = load_word(text + at), zeros = (word - ones) & ~word & tops;

        if (zeros) {
            unsigned before = (unsigned)__builtin_ctzll(zeros) & ~7u; /* bits before the NUL */

            return finish(text, at + before / 8, state, word & (((uint64_t)1 << before) - 1));
        }
        state = mix(state, word);
    }
    return walk_bytes(text, at, state);
}

/* Up to 64 bytes that both texts have. */
static bool equal_bytes(const char *a, const char *b, uint64_t size)
{
    uint64_t at;

    if (size < WORD) {
        for (at = 0; at < size; at++)
            if (a[at] != b[at])
                return false;
        return true;
    }
    for (at = 0; at + WORD <= size; at += WORD)
        if (load_word(a + at) != load_word(b + at))
            return false;
    return load_word(a + size - WORD) == load_word(b + size - WORD);
}

/*
 * Both lengths are `rest` modulo 64, so each text has a NUL at rest or goes on for 64 bytes more;
 * which of the two, the bytes that are already known to be equal tell of both at once.
 */
bool elfin_name_equal(const char *a, const char *b, uint32_t hash)
{
    uint64_t size = (hash & LENGTH_MASK) + 1;

    if (!equal_bytes(a, b, size))
        return false;
    for (; a[size - 1]; size += 64)
        if (!equal_bytes(a + size, b + size, 64))
            return false;
    return true;
}
