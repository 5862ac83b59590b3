/* SPDX-License-Identifier: MIT */
/* Numbers and pointers of unwind tables. */
#include "loader/eh_frame.h"
#include "loader/frames.h"

void elfin_frames_seek(struct frames_reader *r, uint64_t begin, uint64_t end)
{
    r->at = begin;
    r->end = end;
    r->filled = 0;
    r->failed = false;
}

void elfin_frames_spend(struct frames_reader *r, uint32_t steps)
{
    if (r->steps < steps) {
        r->steps = 0;
        r->failed = true;
    } else {
        r->steps -= steps;
    }
}

static void fill(struct frames_reader *r)
{
    uint64_t left = r->end - r->at;

    r->window = r->at;
    r->filled = (uint8_t)(left < FRAMES_WINDOW ? left : FRAMES_WINDOW);
    if (!r->walker->read(r->walker->ctx, r->at, r->bytes, r->filled)) {
        r->filled = 0;
        r->failed = true;
    }
}

static uint8_t next_byte(struct frames_reader *r)
{
    elfin_frames_spend(r, 1);
    r->failed |= r->at >= r->end;
    if (!r->failed && r->at - r->window >= r->filled)
        fill(r);
    return r->failed ? 0 : r->bytes[r->at++ - r->window];
}

uint64_t elfin_frames_number(struct frames_reader *r, unsigned size)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < size; i++)
        number |= (uint64_t)next_byte(r) << 8 * i;
    return r->failed ? 0 : number;
}

/* Bits beyond 64 are lost; the sign is that of the last byte, as *bits of them say. */
static uint64_t leb(struct frames_reader *r, unsigned *bits, bool *negative)
{
    uint64_t number = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = next_byte(r);
        if (shift == 7 * FRAMES_LEB_MAX)
            r->failed = true;
        else
            number |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
        shift += 7;
    } while (byte & 0x80 && !r->failed);
    *bits = shift;
    *negative = byte & 0x40;
    return r->failed ? 0 : number;
}

uint64_t elfin_frames_uleb(struct frames_reader *r)
{
    unsigned bits;
    bool negative;

    return leb(r, &bits, &negative);
}

int64_t elfin_frames_sleb(struct frames_reader *r)
{
    unsigned bits;
    bool negative;
    uint64_t number = leb(r, &bits, &negative);

    if (negative && bits < 64)
        number |= ~UINT64_C(0) << bits;
    return r->failed ? 0 : (int64_t)number;
}

static uint64_t number_of_form(struct frames_reader *r, uint8_t form)
{
    switch (form) {
    case EH_WORD:
    case EH_U8:
    case EH_S8:
        return elfin_frames_number(r, 8);
    case EH_ULEB:
        return elfin_frames_uleb(r);
    case EH_SLEB:
        return (uint64_t)elfin_frames_sleb(r);
    case EH_U2:
        return elfin_frames_number(r, 2);
    case EH_S2:
        return (uint64_t)(int64_t)(int16_t)elfin_frames_number(r, 2);
    case EH_U4:
        return elfin_frames_number(r, 4);
    case EH_S4:
        return (uint64_t)(int64_t)(int32_t)elfin_frames_number(r, 4);
    default:
        r->failed = true;
        return 0;
    }
}

/* Relative to text, data and functions: no compiler writes these for x86-64 into what is read. */
uint64_t elfin_frames_pointer(struct frames_reader *r, uint8_t encoding, uint64_t *raw)
{
    uint8_t base = encoding & EH_BASE;
    uint64_t place, value;

    if (base == EH_ALIGNED)
        r->at = (r->at + 7) & ~UINT64_C(7);
    place = r->at;
    r->failed |= base != 0 && base != EH_RELATIVE && base != EH_ALIGNED;
    value = number_of_form(r, base == EH_ALIGNED ? EH_WORD : encoding & EH_FORM);
    if (raw != NULL)
        *raw = value;
    if (base == EH_RELATIVE)
        value += place;
    if (encoding & EH_INDIRECT && !r->failed &&
        !r->walker->read(r->walker->ctx, value, &value, sizeof(value)))
        r->failed = true;
    return r->failed ? 0 : value;
}
