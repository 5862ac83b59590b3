/* SPDX-License-Identifier: MIT */
/*
 * Images: runs of fixups of one symbol. What is usual (a field of 32 or 64 bits whose value needs
 * no thought) is a loop of a few instructions, with one test for the whole run; all else is given
 * to elfin_arch_fixup as records.
 */
#include "arch-x86_64/relocations.h"

enum {
    BATCH = 16 /* records */
};

static void add64(uint8_t *field, uint64_t by)
{
    uint64_t value;

    __builtin_memcpy(&value, field, 8);
    value += by;
    __builtin_memcpy(field, &value, 8);
}

static void add32(uint8_t *field, uint64_t by)
{
    uint32_t value;

    __builtin_memcpy(&value, field, 4);
    value += (uint32_t)by;
    __builtin_memcpy(field, &value, 4);
}

static void store64(uint8_t *field, uint64_t value)
{
    __builtin_memcpy(field, &value, 8);
}

/* What happens to a field: chosen once for a run, so that the compiler makes a loop of each. */
enum action {
    ADD_64,
    ADD_32,
    STORE_64,
    STORE_32,
    STORE_RELATIVE
};

static inline __attribute__((always_inline)) void act(uint8_t *edit, uint64_t at, uint64_t value,
                                                      enum action action)
{
    uint8_t *field = edit + at;

    switch (action) {
    case ADD_64:
        add64(field, value);
        break;
    case ADD_32:
        add32(field, value);
        break;
    case STORE_64:
        store64(field, value);
        break;
    case STORE_32:
        store32(field, value);
        break;
    default:
        store32(field, value - at);
        break;
    }
}

static inline __attribute__((always_inline)) void
walk(uint8_t *edit, uint64_t value, const struct arch_run *run, enum action action)
{
    const uint8_t *distances = run->distances;
    uint64_t at = run->first, left = run->count - 1;

    act(edit, at, value, action);
    if (run->wide)
        for (; left; left--) {
            at += arch_distance(&distances, true);
            act(edit, at, value, action);
        }
    else
        for (; left; left--) {
            at += arch_distance(&distances, false);
            act(edit, at, value, action);
        }
}

static inline __attribute__((always_inline)) void move(uint8_t *edit, uint64_t by,
                                                       struct arch_cursor *c, uint64_t limit,
                                                       enum action action, bool wide)
{
    const uint8_t *distances = c->distances;
    uint64_t at = c->at, left = c->left;

    while (at < limit) {
        act(edit, at, by, action);
        if (!--left) {
            at = UINT64_MAX;
            break;
        }
        at += arch_distance(&distances, wide);
    }
    c->distances = distances;
    c->at = at;
    c->left = left;
}

/* Fields of 8 and 16 bits are rare. */
static void move_narrow(uint8_t *edit, uint64_t by, struct arch_cursor *c, uint64_t limit)
{
    while (c->at < limit) {
        unsigned width = elfin_relocations[c->type].width;
        uint64_t value = 0;

        __builtin_memcpy(&value, edit + c->at, width);
        value += by;
        __builtin_memcpy(edit + c->at, &value, width);
        if (!--c->left)
            c->at = UINT64_MAX;
        else
            c->at += arch_distance(&c->distances, c->wide);
    }
}

void elfin_arch_move(uint8_t *edit, uint64_t by, struct arch_cursor *c, uint64_t limit)
{
    bool is_32 = c->type == R_32 || c->type == R_32S;

    if (c->type != R_64 && !is_32)
        move_narrow(edit, by, c, limit);
    else if (c->wide)
        move(edit, by, c, limit, is_32 ? ADD_32 : ADD_64, true);
    else if (is_32)
        move(edit, by, c, limit, ADD_32, false);
    else
        move(edit, by, c, limit, ADD_64, false);
}

/* S + A - P of the run's first and last field; true if all between are in reach, too. */
static bool is_near(const struct arch_run *run, uint64_t zero)
{
    return fits_s32(zero - run->first) && fits_s32(zero - (run->first + run->span));
}

/* None of them is: all lie on one side. Distances only fall along a run, by less than 2 GiB. */
static bool is_far(const struct arch_run *run, uint64_t zero)
{
    int64_t first = (int64_t)(zero - run->first), last = (int64_t)(zero - (run->first + run->span));

    return first >= last && (last > INT32_MAX || first < INT32_MIN);
}

static uint64_t any_size(void *ctx, uint32_t symbol)
{
    const struct arch_bind *b = ctx;

    (void)symbol;
    return b->size;
}

/* Turns a rewritten instruction back. */
static void unrelax(uint8_t *field)
{
    switch (field[-2]) {
    case 0x8d:
        field[-2] = 0x8b;
        break;
    case 0x67:
        field[-2] = 0xff;
        field[-1] = 0x15;
        break;
    case 0xe9:
        field[-2] = 0xff;
        field[-1] = 0x25;
        break;
    default:
        break;
    }
}

/* The records of a run, a few at a time, with symbol 0 in the place of the run's. */
static elfin_status bind_records(struct arch_bind *b, const struct arch_run *run)
{
    struct elf_rela batch[BATCH];
    const uint8_t *distances = run->distances;
    bool relaxable = elfin_arch_before(run->type);
    uint64_t at = run->first;
    struct arch_fixup f = {
        .slots = &elfin_arch_slots,
        .bytes = { b->edit, run->first + run->span + elfin_arch_width(run->type) },
        .edit = b->edit,
        .address = b->address,
        .executable = relaxable,
        .value = &b->value,
        .slot = &b->slot,
        .stub = &b->stub,
        .got = b->got,
        .plt = b->plt,
        .plt_edit = b->plt_edit,
        .trap = b->trap,
        .size_of = any_size,
        .size_ctx = b,
    };

    for (uint64_t done = 0; done < run->count;) {
        uint64_t count = 0;

        for (; count < BATCH && done + count < run->count; count++) {
            if (done + count)
                at += arch_distance(&distances, run->wide);
            if (relaxable)
                unrelax(b->edit + at);
            batch[count] =
                (struct elf_rela){ .r_offset = at, .r_info = run->type, .r_addend = run->addend };
        }
        f.rela = (struct span){ (const uint8_t *)batch, count * sizeof(batch[0]) };
        if (elfin_arch_fixup(&f) != ELFIN_OK) {
            b->failure = f.failure;
            b->failure.record += done;
            return defect_status(f.failure.defect);
        }
        done += count;
    }
    return ELFIN_OK;
}

/* Through the stub, which is written if this is the first branch that needs it. */
static elfin_status bind_far(struct arch_bind *b, const struct arch_run *run)
{
    struct arch_run one = *run;
    uint64_t stub = b->plt + ARCH_STUB_SIZE * (uint64_t)((b->stub & ~ARCH_IN_USE) - 1);
    elfin_status status;

    one.count = 1;
    one.span = 0;
    status = bind_records(b, &one);
    if (status == ELFIN_OK)
        walk(b->edit, stub + (uint64_t)run->addend - b->address, run, STORE_RELATIVE);
    return status;
}

/* Between the first and the last field values only fall: if both are in the window, all are. */
bool elfin_arch_bind_fits(struct arch_bind *b, const struct arch_run *run)
{
    const struct relocation *r = &elfin_relocations[run->type];
    uint64_t value = b->value + (uint64_t)run->addend, fall = 0;

    switch (r->formula) {
    case FORMULA_ABSOLUTE:
    case FORMULA_TLS:
        break;
    case FORMULA_SIZE:
        value = b->size + (uint64_t)run->addend;
        break;
    case FORMULA_BRANCH:
        if (b->stub || (b->value == 0 && b->trap))
            return true;
        value -= b->address + run->first;
        fall = run->span;
        break;
    case FORMULA_RELATIVE:
        value -= b->address + run->first;
        fall = run->span;
        break;
    default:
        return true;
    }
    if (elfin_field_holds(value, r) && elfin_field_holds(value - fall, r))
        return true;
    if (elfin_field_holds(value, r))
        b->failure = elfin_out_of_range(run->count - 1, r, value - fall);
    else
        b->failure = elfin_out_of_range(0, r, value);
    return false;
}

elfin_status elfin_arch_bind(struct arch_bind *b, const struct arch_run *run)
{
    uint64_t sum = b->value + (uint64_t)run->addend, zero = sum - b->address;

    switch (run->type) {
    case R_64:
        walk(b->edit, sum, run, STORE_64);
        return ELFIN_OK;
    case R_32:
        if (sum >> 32)
            break;
        walk(b->edit, sum, run, STORE_32);
        return ELFIN_OK;
    case R_32S:
    case R_TPOFF32:
        if (!fits_s32(sum))
            break;
        walk(b->edit, sum, run, STORE_32);
        return ELFIN_OK;
    case R_PC32:
        if (!is_near(run, zero))
            break;
        walk(b->edit, zero, run, STORE_RELATIVE);
        return ELFIN_OK;
    case R_PLT32:
        if (b->value == 0 && b->trap)
            break;
        if (is_near(run, zero)) {
            walk(b->edit, zero, run, STORE_RELATIVE);
            return ELFIN_OK;
        }
        if (b->stub && is_far(run, zero))
            return bind_far(b, run);
        break;
    default:
        break;
    }
    return bind_records(b, run);
}
