/* SPDX-License-Identifier: MIT */
/*
 * Call frame instructions (DWARF 5, section 6.4.2): the table that a record stands for is not
 * stored anywhere; its row for one address is what the instructions before that address say.
 */
#include "loader/frames.h"
#include "libmini/mem.h"

/* DW_CFA_*: the upper two bits, or all. */
enum {
    CFA_ADVANCE_LOC = 0x40,
    CFA_OFFSET = 0x80,
    CFA_RESTORE = 0xc0,
    CFA_LOW = 0x3f,

    CFA_NOP = 0x00,
    CFA_SET_LOC,
    CFA_ADVANCE_LOC1,
    CFA_ADVANCE_LOC2,
    CFA_ADVANCE_LOC4,
    CFA_OFFSET_EXTENDED,
    CFA_RESTORE_EXTENDED,
    CFA_UNDEFINED,
    CFA_SAME_VALUE,
    CFA_REGISTER,
    CFA_REMEMBER_STATE,
    CFA_RESTORE_STATE,
    CFA_DEF_CFA,
    CFA_DEF_CFA_REGISTER,
    CFA_DEF_CFA_OFFSET,
    CFA_DEF_CFA_EXPRESSION,
    CFA_EXPRESSION,
    CFA_OFFSET_EXTENDED_SF,
    CFA_DEF_CFA_SF,
    CFA_DEF_CFA_OFFSET_SF,
    CFA_VAL_OFFSET,
    CFA_VAL_OFFSET_SF,
    CFA_VAL_EXPRESSION,
    CFA_ADVANCE_LOC8 = 0x1d,             /* DW_CFA_MIPS_advance_loc8 */
    CFA_ARGUMENTS_SIZE = 0x2e,           /* DW_CFA_GNU_args_size: for those who throw */
    CFA_NEGATIVE_OFFSET_EXTENDED = 0x2f, /* DW_CFA_GNU_negative_offset_extended */
};

struct run {
    struct frames_reader *r;
    const struct frames_record *record;
    uint64_t location, wanted;
    struct frames_row *row;
    uint32_t depth;
    struct frames_row initial; /* what the CIE has said */
    struct frames_row remembered[FRAMES_REMEMBERED];
};

/* The record is not understood. */
static void fail(struct run *run)
{
    run->r->failed = true;
}

static int32_t narrow(struct run *run, int64_t value)
{
    if (value != (int32_t)value)
        fail(run);
    return (int32_t)value;
}

/* Registers that are no part of a walk (vectors, flags) may have rules: of no consequence. */
static void set_rule(struct run *run, uint64_t number, enum frames_rule rule, int64_t value)
{
    int32_t short_value = narrow(run, value);

    if (number >= ELFIN_REGISTERS)
        return;
    run->row->rule[number] = (uint8_t)rule;
    run->row->value[number] = short_value;
}

static int64_t factored(struct run *run, int64_t offset)
{
    int64_t value;

    if (__builtin_mul_overflow(offset, run->record->data_factor, &value))
        fail(run);
    return value;
}

static int64_t factored_uleb(struct run *run)
{
    return factored(run, (int64_t)elfin_frames_uleb(run->r));
}

static int64_t factored_sleb(struct run *run)
{
    return factored(run, elfin_frames_sleb(run->r));
}

/* The distance to an expression's length; the reader goes on behind it. */
static int64_t skip_expression(struct run *run)
{
    uint64_t at = run->r->at, size = elfin_frames_uleb(run->r);

    if (size > run->r->end - run->r->at)
        fail(run);
    else
        run->r->at += size;
    return (int64_t)(at - run->record->fde);
}

static void set_cfa_register(struct run *run, uint64_t number)
{
    if (number >= ELFIN_REGISTERS)
        fail(run);
    else
        run->row->cfa_register = (uint8_t)number;
}

/* A register and an offset, or one of the two again: not after an expression. */
static void set_cfa_offset(struct run *run, int64_t offset)
{
    if (run->row->cfa_register >= ELFIN_REGISTERS)
        fail(run);
    run->row->cfa = narrow(run, offset);
}

static void restore(struct run *run, uint64_t number)
{
    if (number >= ELFIN_REGISTERS)
        return;
    run->row->rule[number] = run->initial.rule[number];
    run->row->value[number] = run->initial.value[number];
}

static void remember(struct run *run)
{
    if (run->depth == FRAMES_REMEMBERED)
        fail(run);
    else
        run->remembered[run->depth++] = *run->row;
}

static void recall(struct run *run)
{
    if (run->depth == 0)
        fail(run);
    else
        *run->row = run->remembered[--run->depth];
}

/* False: the row is complete, for what follows is for code behind the address. */
static bool advance(struct run *run, uint64_t units)
{
    uint64_t bytes;

    if (__builtin_mul_overflow(units, run->record->code_factor, &bytes) ||
        bytes > run->wanted - run->location)
        return false;
    run->location += bytes;
    return true;
}

static bool set_location(struct run *run)
{
    uint64_t location = elfin_frames_pointer(run->r, run->record->encoding, NULL);

    if (location < run->location)
        fail(run);
    if (location > run->wanted)
        return false;
    run->location = location;
    return true;
}

/* Those that say where code goes on; false as for advance. */
static bool do_advance(struct run *run, uint8_t op)
{
    switch (op) {
    case CFA_SET_LOC:
        return set_location(run);
    case CFA_ADVANCE_LOC1:
        return advance(run, elfin_frames_number(run->r, 1));
    case CFA_ADVANCE_LOC2:
        return advance(run, elfin_frames_number(run->r, 2));
    case CFA_ADVANCE_LOC4:
        return advance(run, elfin_frames_number(run->r, 4));
    default:
        return advance(run, elfin_frames_number(run->r, 8));
    }
}

static void do_cfa(struct run *run, uint8_t op)
{
    switch (op) {
    case CFA_DEF_CFA:
        set_cfa_register(run, elfin_frames_uleb(run->r));
        set_cfa_offset(run, (int64_t)elfin_frames_uleb(run->r));
        break;
    case CFA_DEF_CFA_SF:
        set_cfa_register(run, elfin_frames_uleb(run->r));
        set_cfa_offset(run, factored_sleb(run));
        break;
    case CFA_DEF_CFA_REGISTER:
        if (run->row->cfa_register >= ELFIN_REGISTERS)
            fail(run);
        set_cfa_register(run, elfin_frames_uleb(run->r));
        break;
    case CFA_DEF_CFA_OFFSET:
        set_cfa_offset(run, (int64_t)elfin_frames_uleb(run->r));
        break;
    case CFA_DEF_CFA_OFFSET_SF:
        set_cfa_offset(run, factored_sleb(run));
        break;
    default:
        run->row->cfa = narrow(run, skip_expression(run));
        run->row->cfa_register = FRAMES_CFA_RESULT;
    }
}

/* Those that begin with the register that they give a rule to. */
static void do_rule(struct run *run, uint8_t op)
{
    uint64_t number = elfin_frames_uleb(run->r);

    switch (op) {
    case CFA_OFFSET_EXTENDED:
        set_rule(run, number, RULE_AT, factored_uleb(run));
        break;
    case CFA_OFFSET_EXTENDED_SF:
        set_rule(run, number, RULE_AT, factored_sleb(run));
        break;
    case CFA_NEGATIVE_OFFSET_EXTENDED:
        set_rule(run, number, RULE_AT, factored(run, (int64_t)(0 - elfin_frames_uleb(run->r))));
        break;
    case CFA_VAL_OFFSET:
        set_rule(run, number, RULE_IS, factored_uleb(run));
        break;
    case CFA_VAL_OFFSET_SF:
        set_rule(run, number, RULE_IS, factored_sleb(run));
        break;
    case CFA_RESTORE_EXTENDED:
        restore(run, number);
        break;
    case CFA_UNDEFINED:
        set_rule(run, number, RULE_UNDEFINED, 0);
        break;
    case CFA_SAME_VALUE:
        set_rule(run, number, RULE_SAME, 0);
        break;
    case CFA_REGISTER:
        set_rule(run, number, RULE_REGISTER, (int64_t)elfin_frames_uleb(run->r));
        break;
    case CFA_EXPRESSION:
        set_rule(run, number, RULE_AT_RESULT, skip_expression(run));
        break;
    default:
        set_rule(run, number, RULE_IS_RESULT, skip_expression(run));
    }
}

static bool do_extended(struct run *run, uint8_t op)
{
    switch (op) {
    case CFA_NOP:
        return true;
    case CFA_SET_LOC:
    case CFA_ADVANCE_LOC1:
    case CFA_ADVANCE_LOC2:
    case CFA_ADVANCE_LOC4:
    case CFA_ADVANCE_LOC8:
        return do_advance(run, op);
    case CFA_REMEMBER_STATE:
        remember(run);
        return true;
    case CFA_RESTORE_STATE:
        recall(run);
        return true;
    case CFA_DEF_CFA:
    case CFA_DEF_CFA_SF:
    case CFA_DEF_CFA_REGISTER:
    case CFA_DEF_CFA_OFFSET:
    case CFA_DEF_CFA_OFFSET_SF:
    case CFA_DEF_CFA_EXPRESSION:
        do_cfa(run, op);
        return true;
    case CFA_ARGUMENTS_SIZE:
        elfin_frames_uleb(run->r);
        return true;
    default:
        if (op > CFA_VAL_EXPRESSION && op != CFA_NEGATIVE_OFFSET_EXTENDED)
            fail(run);
        else
            do_rule(run, op);
        return true;
    }
}

static void execute(struct run *run, uint64_t begin, uint64_t end)
{
    struct frames_reader *r = run->r;
    bool more = true;

    elfin_frames_seek(r, begin, end);
    while (more && !r->failed && r->at < end) {
        uint8_t op = (uint8_t)elfin_frames_number(r, 1), low = op & CFA_LOW;

        switch (op & ~CFA_LOW) {
        case CFA_ADVANCE_LOC:
            more = advance(run, low);
            break;
        case CFA_OFFSET:
            set_rule(run, low, RULE_AT, factored_uleb(run));
            break;
        case CFA_RESTORE:
            restore(run, low);
            break;
        default:
            more = do_extended(run, op);
        }
    }
}

bool elfin_frames_row(struct frames_reader *r, const struct frames_record *record, uint64_t address,
                      struct frames_row *row)
{
    struct run run;

    run.r = r;
    run.record = record;
    run.row = row;
    run.depth = 0;
    run.location = run.wanted = record->code;
    memset(row, 0, sizeof(*row));
    row->cfa_register = FRAMES_CFA_NONE;
    run.initial = *row;
    execute(&run, record->initial, record->initial_end);
    run.initial = *row;
    run.depth = 0;
    run.wanted = address;
    if (!r->failed)
        execute(&run, record->program, record->end);
    return !r->failed && row->cfa_register != FRAMES_CFA_NONE;
}
