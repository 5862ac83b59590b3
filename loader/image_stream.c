/* SPDX-License-Identifier: MIT */
/* Streams of fixups: decoding, and giving what they name a value. */
#include "loader/image.h"

enum {
    NUMBER_BITS = 7,
    NUMBER_MORE = 0x80
};

/* False when the number does not end, or has more than 64 bits. */
static bool read_number(const uint8_t **at, const uint8_t *end, uint64_t *out)
{
    uint64_t value = 0;

    for (unsigned shift = 0; *at < end && shift < 64; shift += NUMBER_BITS) {
        uint64_t bits = **at & (NUMBER_MORE - 1);

        if (shift == 63 && bits > 1)
            return false;
        value |= bits << shift;
        if (!(*(*at)++ & NUMBER_MORE)) {
            *out = value;
            return true;
        }
    }
    return false;
}

static int64_t from_zigzag(uint64_t number)
{
    return (int64_t)(number >> 1 ^ (0 - (number & 1)));
}

/* Count, jumps, first and span; the distances are cut out by their number alone. */
static bool read_fields(const uint8_t **at, const uint8_t *end, bool single, struct arch_run *run)
{
    uint64_t number = 0, jumps = 0, bytes;

    run->count = 1;
    run->span = 0;
    if (!single && (!read_number(at, end, &number) || number >> 34))
        return false;
    run->wide = number & 1;
    if (number & 2 && !read_number(at, end, &jumps))
        return false;
    if (!single)
        run->count = (number >> 2) + 2;
    if (!read_number(at, end, &run->first) || (!single && !read_number(at, end, &run->span)) ||
        run->first >> 32 || run->span >> 32 || jumps >= run->count)
        return false;
    bytes = (run->wide ? 4 : 2) * (run->count - 1) + 4 * jumps;
    run->distances = *at;
    if (bytes > (uint64_t)(end - *at))
        return false;
    *at += bytes;
    return true;
}

bool elfin_image_next_run(const uint8_t **at, const uint8_t *end, struct arch_run *run)
{
    const uint8_t *next = *at;
    uint64_t addend;
    uint8_t head;

    if (next == end)
        return false;
    head = *next++;
    run->type = head & IMAGE_TYPE;
    run->addend = run->type < ARCH_TYPE_LIMIT ? elfin_arch_usual_addend(run->type) : 0;
    if (!(head & IMAGE_PLAIN)) {
        if (!read_number(&next, end, &addend))
            return false;
        run->addend = from_zigzag(addend);
    }
    if (!read_fields(&next, end, head & IMAGE_SINGLE, run))
        return false;
    *at = next;
    return true;
}

bool elfin_image_run_is_sound(const struct arch_run *run, const uint8_t *end)
{
    const uint8_t *at = run->distances;
    uint64_t sum = 0;

    for (uint64_t i = 1; i < run->count; i++) {
        uint64_t distance;

        if (end - at < (run->wide ? 4 : 2) || (!run->wide && !at[0] && !at[1] && end - at < 6))
            return false;
        distance = arch_distance(&at, run->wide);
        if (!distance)
            return false;
        sum += distance;
    }
    return at == end && sum == run->span;
}

/* ---- Of a placed image ------------------------------------------------------------------------
 */

struct arch_bind elfin_image_binding(const struct image *image, uint8_t *edit, uint64_t run)
{
    const struct image_header *h = &image->header;

    return (struct arch_bind){ .edit = edit,
                               .address = run,
                               .got = run + h->got,
                               .plt = run + h->plt,
                               .plt_edit = edit + h->plt,
                               .trap = h->trap };
}

/* Of the run's field that failed. */
static uint64_t place_of(const struct arch_run *run, uint64_t index)
{
    const uint8_t *distances = run->distances;
    uint64_t place = run->first;

    for (uint64_t i = 0; i < index; i++)
        place += arch_distance(&distances, run->wide);
    return place;
}

bool elfin_image_fits(struct arch_bind *b, const uint8_t *at, const uint8_t *end, uint64_t *place)
{
    struct arch_run run;

    while (elfin_image_next_run(&at, end, &run)) {
        if (elfin_arch_bind_fits(b, &run))
            continue;
        *place = place_of(&run, b->failure.record);
        return false;
    }
    return true;
}

static void write_slot(struct arch_bind *b)
{
    uint64_t slot = b->got + ARCH_SLOT_SIZE * (uint64_t)((b->slot & ~ARCH_IN_USE) - 1);

    __builtin_memcpy(b->edit + (slot - b->address), &b->value, ARCH_SLOT_SIZE);
}

elfin_status elfin_image_bind(struct arch_bind *b, const uint8_t *at, const uint8_t *end,
                              uint64_t *place)
{
    struct arch_run run;

    if (b->slot)
        write_slot(b);
    while (elfin_image_next_run(&at, end, &run)) {
        elfin_status status = elfin_arch_bind(b, &run);

        if (status == ELFIN_OK)
            continue;
        *place = place_of(&run, b->failure.record);
        return status;
    }
    return ELFIN_OK;
}
