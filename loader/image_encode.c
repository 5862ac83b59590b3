/* SPDX-License-Identifier: MIT */
/* Writing streams of fixups: the reverse of image_stream.c. */
#include "loader/image_prepare.h"

struct encoder {
    uint8_t *to; /* NULL: only measured */
    uint64_t size;
};

static void put(struct encoder *e, uint64_t value, unsigned bytes)
{
    if (e->to)
        __builtin_memcpy(e->to + e->size, &value, bytes);
    e->size += bytes;
}

static void put_number(struct encoder *e, uint64_t value)
{
    for (; value >> 7; value >>= 7)
        put(e, (value & 0x7f) | 0x80, 1);
    put(e, value, 1);
}

static uint64_t to_zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

/* How many of the fixups are one run. */
static uint64_t run_length(const struct image_fixup *f, uint64_t count)
{
    uint64_t length = 1;

    while (length < count && f[length].symbol == f->symbol && f[length].type == f->type &&
           f[length].addend == f->addend && f[length].part == f->part)
        length++;
    return length;
}

static void put_distances(struct encoder *e, const struct image_fixup *f, uint64_t count, bool wide)
{
    for (uint64_t i = 1; i < count; i++) {
        uint64_t distance = f[i].offset - f[i - 1].offset;

        if (!wide && distance <= UINT16_MAX) {
            put(e, distance, 2);
            continue;
        }
        if (!wide)
            put(e, 0, 2);
        put(e, distance, 4);
    }
}

static void put_run(struct encoder *e, const struct image_fixup *f, uint64_t count)
{
    bool plain = f->addend == elfin_arch_usual_addend(f->type), wide;
    uint64_t jumps = 0;

    for (uint64_t i = 1; i < count; i++)
        jumps += f[i].offset - f[i - 1].offset > UINT16_MAX;
    wide = 2 * jumps > count - 1;
    if (wide)
        jumps = 0;
    put(e, f->type | (count == 1 ? IMAGE_SINGLE : 0) | (plain ? IMAGE_PLAIN : 0), 1);
    if (!plain)
        put_number(e, to_zigzag(f->addend));
    if (count > 1)
        put_number(e, 4 * (count - 2) + (jumps ? 2 : 0) + wide);
    if (jumps)
        put_number(e, jumps);
    put_number(e, f->offset);
    if (count > 1)
        put_number(e, f[count - 1].offset - f->offset);
    put_distances(e, f, count, wide);
}

uint64_t elfin_image_encode(const struct image_fixup *fixups, uint64_t count, uint8_t *to)
{
    struct encoder e = { .to = to };

    while (count) {
        uint64_t length = run_length(fixups, count);

        put_run(&e, fixups, length);
        fixups += length;
        count -= length;
    }
    return e.size;
}
