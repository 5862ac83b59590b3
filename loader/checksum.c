/* SPDX-License-Identifier: MIT */
/* The checksum of images and of what is handed over; docs/IMAGE-FORMAT.md describes it. */
#include "loader/checksum.h"

enum {
    LANES = 4,
    ROTATION = 23
};

#define FACTOR UINT64_C(0x9e3779b97f4a7c15)

/* One to one in both: a change of one word is always seen. */
static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum ^= word;
    return (sum << ROTATION | sum >> (64 - ROTATION)) * FACTOR;
}

static uint64_t word_at(const uint8_t *bytes, uint64_t size, uint64_t offset)
{
    uint64_t word = 0;

    if (offset < size)
        __builtin_memcpy(&word, bytes + offset, size - offset < 8 ? size - offset : 8);
    return word;
}

/* Four lanes, which a CPU works on at once; a stripe has one word of each. */
uint64_t elfin_checksum(const uint8_t *bytes, uint64_t size, uint64_t header, uint64_t skipped)
{
    uint64_t lane[LANES] = { size, 1, 2, 3 }, at = 0;

    for (; at < header; at += 8)
        if (at != skipped)
            lane[at / 8 % LANES] = mix(lane[at / 8 % LANES], word_at(bytes, size, at));
    for (; size >= at + LANES * sizeof(uint64_t); at += LANES * sizeof(uint64_t)) {
        uint64_t word[LANES];

        __builtin_memcpy(word, bytes + at, sizeof(word));
        lane[0] = mix(lane[0], word[0]);
        lane[1] = mix(lane[1], word[1]);
        lane[2] = mix(lane[2], word[2]);
        lane[3] = mix(lane[3], word[3]);
    }
    for (; at < size; at += 8)
        lane[0] = mix(lane[0], word_at(bytes, size, at));
    return mix(mix(mix(lane[0], lane[1]), lane[2]), lane[3]);
}
