/* SPDX-License-Identifier: MIT */
/*
 * Checks and stores the fields of one import.
 *
 * All fields of a run have one formula and differ in P alone, and P spans less than 2 GiB. So the
 * first and the last field tell whether all of them reach: if both do, all do; if neither does,
 * none does, for the window of 4 GiB that a displacement has cannot lie between them. In a run with
 * one end near and one end far the form changes once: before that and after it the same holds. Only
 * such runs are written field by field.
 */
#include "arch-x86_64/relocations.h"

/* Distance from a field to where a direct branch or address counts from: value = S + this - P. */
static uint64_t direct_addend(const struct arch_fields *run)
{
    switch (run->kind) {
    case FOLLOW_JUMP: /* its displacement begins one byte earlier */
        return (uint64_t)0 - 3;
    case FOLLOW_MOV:
    case FOLLOW_CALL:
        return (uint64_t)0 - 4;
    default:
        return (uint64_t)run->addend;
    }
}

static bool may_be_direct(const struct arch_fields *run, const struct arch_binding *to)
{
    if (run->kind == FOLLOW_BRANCH)
        return to->value != 0 || !to->has_trap;
    return to->value != 0;
}

static bool has_two_forms(uint8_t kind)
{
    return kind == FOLLOW_BRANCH || kind == FOLLOW_MOV || kind == FOLLOW_CALL ||
           kind == FOLLOW_JUMP;
}

static uint64_t place(const struct arch_fields *run, uint32_t field)
{
    return run->address + run->fields[field];
}

static bool is_direct(const struct arch_fields *run, uint32_t field, const struct arch_binding *to)
{
    return may_be_direct(run, to) && fits_s32(to->value + direct_addend(run) - place(run, field));
}

/* What stands in for a target that a branch or an instruction does not name itself. */
static uint64_t indirect_target(const struct arch_fields *run, const struct arch_binding *to)
{
    if (run->kind != FOLLOW_BRANCH)
        return to->slot;
    if (to->value == 0 && to->has_trap)
        return to->trap;
    return to->has_stub ? to->stub : to->value;
}

/* The value without - P, of kinds that have one form. */
static uint64_t sum(const struct arch_fields *run, const struct arch_binding *to)
{
    switch (run->kind) {
    case FOLLOW_SIZE32:
    case FOLLOW_SIZE64:
        return to->size + (uint64_t)run->addend;
    case FOLLOW_CALL64:
        if (to->value == 0 && to->has_trap)
            return to->trap + (uint64_t)run->addend;
        break;
    default:
        break;
    }
    return to->value + (uint64_t)run->addend;
}

static bool is_relative(uint8_t kind)
{
    return kind >= FOLLOW_REL64 && kind <= FOLLOW_CALL64;
}

static uint64_t value_of(const struct arch_fields *run, uint32_t field,
                         const struct arch_binding *to)
{
    uint64_t p = place(run, field);

    if (!has_two_forms(run->kind))
        return sum(run, to) - (is_relative(run->kind) ? p : 0);
    if (is_direct(run, field, to))
        return to->value + direct_addend(run) - p;
    return indirect_target(run, to) + (uint64_t)run->addend - p;
}

static unsigned width_of(uint8_t kind)
{
    switch (kind) {
    case FOLLOW_ABS64:
    case FOLLOW_REL64:
    case FOLLOW_CALL64:
    case FOLLOW_SIZE64:
        return 8;
    case FOLLOW_ABS16:
    case FOLLOW_REL16:
        return 2;
    case FOLLOW_ABS8:
    case FOLLOW_REL8:
        return 1;
    default:
        return 4;
    }
}

/* [*low, *low + *span], modulo 2^64. */
static void window(uint8_t kind, uint64_t *low, uint64_t *span)
{
    unsigned bits = 8 * width_of(kind);
    uint64_t half = (uint64_t)1 << (bits - 1);
    bool is_unsigned = kind == FOLLOW_ABS32 || kind == FOLLOW_SIZE32;

    *low = is_unsigned ? 0 : 0 - half;
    *span = (half << 1) - 1;
    if (kind == FOLLOW_ABS16 || kind == FOLLOW_ABS8)
        *span += half;
}

static unsigned hint_of(uint8_t kind)
{
    switch (kind) {
    case FOLLOW_ABS32:
        return USE_ABS32;
    case FOLLOW_ABS32S:
        return USE_ABS32S;
    case FOLLOW_ABS16:
    case FOLLOW_ABS8:
        return USE_TINY;
    case FOLLOW_REL32:
        return USE_NEAR;
    default:
        return 0;
    }
}

static bool check_field(const struct arch_fields *run, uint32_t field,
                        const struct arch_binding *to, struct arch_failure *failure)
{
    uint64_t value = value_of(run, field, to), low, span;

    window(run->kind, &low, &span);
    if (value - low <= span)
        return true;
    *failure = (struct arch_failure){
        .record = field,
        .defect = DEFECT_REBIND_RANGE,
        .hint = elfin_arch_hint(hint_of(run->kind), false),
        .value = value,
        .low = low,
        .high = low + span,
        .is_signed = low != 0,
    };
    return false;
}

/* One end has the direct form, the other one has not: the two fields between which it changes. */
static bool check_change(const struct arch_fields *run, const struct arch_binding *to,
                         struct arch_failure *failure)
{
    bool first = is_direct(run, 0, to);
    uint32_t low = 0, high = run->count - 1;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (is_direct(run, middle, to) == first)
            low = middle;
        else
            high = middle;
    }
    return check_field(run, low, to, failure) && check_field(run, high, to, failure);
}

bool elfin_arch_follow_check(const struct arch_fields *run, const struct arch_binding *to,
                             unsigned *use, struct arch_failure *failure)
{
    bool first, last;

    if (!check_field(run, 0, to, failure) || !check_field(run, run->count - 1, to, failure))
        return false;
    if (!has_two_forms(run->kind))
        return true;
    first = is_direct(run, 0, to);
    last = is_direct(run, run->count - 1, to);
    if (first != last && !check_change(run, to, failure))
        return false;
    if (first && last)
        return true;
    if (run->kind != FOLLOW_BRANCH)
        *use |= USE_SLOT;
    else if (to->has_stub && (to->value != 0 || !to->has_trap))
        *use |= USE_BRANCH;
    return true;
}

/* The instruction around the field in its direct form, or as the file has it. */
static void store_instruction(const struct arch_fields *run, uint32_t field, bool direct,
                              uint64_t value)
{
    uint8_t *at = run->edit + run->fields[field];

    if (run->kind == FOLLOW_MOV) {
        at[-2] = direct ? 0x8d : 0x8b;
    } else if (run->kind == FOLLOW_CALL) {
        at[-2] = direct ? 0x67 : 0xff;
        at[-1] = direct ? 0xe8 : 0x15;
    } else if (direct) {
        at[-2] = 0xe9;
        store32(at - 1, value);
        at[3] = 0x90;
        return;
    } else {
        at[-2] = 0xff;
        at[-1] = 0x25;
    }
    store32(at, value);
}

void elfin_arch_follow_store(const struct arch_fields *run, uint32_t field,
                             const struct arch_binding *to)
{
    uint64_t value = value_of(run, field, to);

    if (run->kind == FOLLOW_MOV || run->kind == FOLLOW_CALL || run->kind == FOLLOW_JUMP) {
        store_instruction(run, field, is_direct(run, field, to), value);
        return;
    }
    switch (width_of(run->kind)) {
    case 8:
        __builtin_memcpy(run->edit + run->fields[field], &value, 8);
        break;
    case 4:
        store32(run->edit + run->fields[field], value);
        break;
    case 2:
        __builtin_memcpy(run->edit + run->fields[field], &value, 2);
        break;
    default:
        run->edit[run->fields[field]] = (uint8_t)value;
        break;
    }
}

/* 32-bit displacements of which every one has the same form: most fields that there are. */
static void store_displacements(const struct arch_fields *run, uint64_t target)
{
    const uint32_t *at = run->fields, *end = run->fields + run->count;
    uint32_t base = (uint32_t)(target - run->address);
    uint8_t *edit = run->edit;

    for (; at < end; at++) {
        uint32_t value = base - *at;

        __builtin_memcpy(edit + *at, &value, 4);
    }
}

static void store_words(const struct arch_fields *run, uint64_t value)
{
    const uint32_t *at = run->fields, *end = run->fields + run->count;
    uint8_t *edit = run->edit;

    for (; at < end; at++)
        __builtin_memcpy(edit + *at, &value, 8);
}

void elfin_arch_follow_write(const struct arch_fields *run, const struct arch_binding *to)
{
    bool first = is_direct(run, 0, to), last = is_direct(run, run->count - 1, to);

    if (run->kind == FOLLOW_ABS64) {
        store_words(run, to->value + (uint64_t)run->addend);
    } else if (run->kind == FOLLOW_REL32) {
        store_displacements(run, to->value + (uint64_t)run->addend);
    } else if (run->kind == FOLLOW_BRANCH && first == last) {
        store_displacements(run,
                            (first ? to->value : indirect_target(run, to)) + (uint64_t)run->addend);
    } else {
        for (uint32_t i = 0; i < run->count; i++)
            elfin_arch_follow_store(run, i, to);
    }
}

bool elfin_arch_follow_holds(const struct arch_fields *run, uint32_t field,
                             const struct arch_binding *to, uint64_t *found)
{
    unsigned width = width_of(run->kind);
    uint64_t value = value_of(run, field, to), is = 0;

    for (unsigned i = 0; i < width; i++)
        is |= (uint64_t)run->edit[run->fields[field] + i] << (8 * i);
    *found = is;
    return width == 8 ? is == value : (is ^ value) << (64 - 8 * width) == 0;
}

void elfin_arch_follow_extent(uint8_t kind, uint32_t *before, uint32_t *after)
{
    *before = kind == FOLLOW_MOV || kind == FOLLOW_CALL || kind == FOLLOW_JUMP ? 2 : 0;
    *after = width_of(kind);
}
