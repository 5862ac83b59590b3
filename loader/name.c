/* SPDX-License-Identifier: MIT */
#include "loader/name.h"

/* All 128 bits of the product count, so every bit of the word reaches the upper ones of the result.
 */
static uint64_t mix(uint64_t state, uint64_t word)
{
    unsigned __int128 product = (unsigned __int128)(state ^ word) * 0x9e3779b97f4a7c15u;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The last word is what is left before the NUL, filled up with zeros; it may be 0. */
static inline struct name finish(const char *text, uint64_t length, uint64_t state, uint64_t last)
{
    uint32_t hash = (uint32_t)(mix(state, last) >> 32) & ~(uint32_t)NAME_LENGTH_MASK;

    return (struct name){ .text = text,
                          .hash = hash | NAME_HASH_SET | ((uint32_t)length & NAME_LENGTH_MASK),
                          .length = length < UINT32_MAX ? (uint32_t)length : UINT32_MAX };
}

/* The last bytes of a word, as if zeros followed them. Reads none that the name lacks. */
static uint64_t tail(const char *text, uint64_t length)
{
    uint64_t size = length % NAME_WORD, word = 0;

    if (length > NAME_WORD && size)
        return name_word(text + length - NAME_WORD) >> 8 * (NAME_WORD - size);
    while (size--)
        word = word << 8 | (uint8_t)text[length - length % NAME_WORD + size];
    return word;
}

/* Whole words up to `at` are in the state. */
static struct name walk_bytes(const char *text, uint64_t at, uint64_t state)
{
    uint64_t length = at;

    while (text[length])
        length++;
    for (; at + NAME_WORD <= length; at += NAME_WORD)
        state = mix(state, name_word(text + at));
    return finish(text, length, state, tail(text, length));
}

struct name elfin_name(const char *text)
{
    return walk_bytes(text, 0, 0);
}

struct name elfin_name_in(struct span strings, uint64_t offset)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    const char *text = (const char *)strings.data + offset, *at = text, *last;
    uint64_t state = 0;

    if (!FOR_SPEED || strings.size - offset < NAME_WORD)
        return walk_bytes(text, 0, 0);
    last = (const char *)strings.data + strings.size - NAME_WORD;
    for (; at <= last; at += NAME_WORD) {
        uint64_t word = name_word(at), zeros = (word - ones) & ~word & tops;

        if (zeros) { /* their lowest bit is the top of the NUL */
            uint64_t length = (uint64_t)(at - text) + (unsigned)__builtin_ctzll(zeros) / 8;

            return finish(text, length, state, word & (zeros ^ (zeros - 1)) >> 8);
        }
        state = mix(state, word);
    }
    return walk_bytes(text, (uint64_t)(at - text), state);
}

#if FOR_SPEED
bool elfin_name_equal_on(const char *a, const char *b)
{
    do
        if (!name_equal_bytes(&a, &b, NAME_LENGTH_MASK + 1))
            return false;
    while (a[-1]);
    return true;
}
#endif
