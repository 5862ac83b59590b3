/* SPDX-License-Identifier: MIT */
/*
 * DWARF expressions (DWARF 5, section 2.5), as call frame instructions may have them: no operation
 * that needs a function's description, a type or a thread. Loops end with the steps of the walk.
 */
#include "loader/frames.h"

enum {
    OP_ADDR = 0x03,
    OP_DEREF = 0x06,
    OP_CONST1U = 0x08, /* 1, 2, 4, 8 bytes, each unsigned, then signed */
    OP_CONST8S = 0x0f,
    OP_CONSTU = 0x10,
    OP_CONSTS,
    OP_DUP,
    OP_DROP,
    OP_OVER,
    OP_PICK,
    OP_SWAP,
    OP_ROT,
    OP_ABS = 0x19,
    OP_AND,
    OP_DIV,
    OP_MINUS,
    OP_MOD,
    OP_MUL,
    OP_NEG,
    OP_NOT,
    OP_OR,
    OP_PLUS,
    OP_PLUS_UCONST,
    OP_SHL,
    OP_SHR,
    OP_SHRA,
    OP_XOR,
    OP_BRA,
    OP_EQ,
    OP_GE,
    OP_GT,
    OP_LE,
    OP_LT,
    OP_NE,
    OP_SKIP,
    OP_LIT0 = 0x30,
    OP_LIT31 = 0x4f,
    OP_BREG0 = 0x70,
    OP_BREG31 = 0x8f,
    OP_BREGX = 0x92,
    OP_DEREF_SIZE = 0x94,
    OP_NOP = 0x96,
    OP_ENCODED_ADDR = 0xf1, /* DW_OP_GNU_encoded_addr */
};

struct machine {
    struct frames_reader *r;
    const elfin_registers *registers;
    uint64_t begin; /* of the expression: nothing jumps before it */
    uint32_t depth;
    uint64_t stack[FRAMES_EXPRESSION];
};

static void fail(struct machine *m)
{
    m->r->failed = true;
}

static void push(struct machine *m, uint64_t value)
{
    if (m->depth == FRAMES_EXPRESSION)
        fail(m);
    else
        m->stack[m->depth++] = value;
}

static uint64_t pop(struct machine *m)
{
    if (m->depth > 0)
        return m->stack[--m->depth];
    fail(m);
    return 0;
}

/* 0: the topmost. */
static void pick(struct machine *m, uint64_t index)
{
    if (index < m->depth)
        push(m, m->stack[m->depth - 1 - index]);
    else
        fail(m);
}

static void push_register(struct machine *m, uint64_t number, int64_t offset)
{
    if (number < ELFIN_REGISTERS && m->registers->known >> number & 1)
        push(m, m->registers->value[number] + (uint64_t)offset);
    else
        fail(m);
}

static void dereference(struct machine *m, uint64_t size)
{
    uint64_t value = 0;

    if ((size != 1 && size != 2 && size != 4 && size != 8) ||
        !m->r->walker->read(m->r->walker->ctx, pop(m), &value, size))
        fail(m);
    push(m, value);
}

static void push_constant(struct machine *m, uint8_t op)
{
    unsigned size = 1u << ((op - OP_CONST1U) / 2), unused = 64 - 8 * size;
    uint64_t value = elfin_frames_number(m->r, size) << unused;

    push(m, op & 1 ? (uint64_t)((int64_t)value >> unused) : value >> unused);
}

static void jump(struct machine *m, bool wanted)
{
    int16_t distance = (int16_t)elfin_frames_number(m->r, 2);
    uint64_t to = m->r->at + (uint64_t)(int64_t)distance;

    if (!wanted)
        return;
    if (to - m->begin > m->r->end - m->begin)
        fail(m);
    m->r->at = to;
}

static void rotate(struct machine *m)
{
    uint64_t first = pop(m), second = pop(m), third = pop(m);

    push(m, first);
    push(m, third);
    push(m, second);
}

static uint64_t divide(struct machine *m, int64_t a, int64_t b)
{
    if (b == 0)
        fail(m);
    if (b == 0 || b == -1)
        return -(uint64_t)a;
    return (uint64_t)(a / b);
}

static uint64_t remainder_of(struct machine *m, uint64_t a, uint64_t b)
{
    if (b == 0)
        fail(m);
    return b == 0 ? 0 : a % b;
}

static uint64_t shifted_right(int64_t a, uint64_t by)
{
    return (uint64_t)(a >> (by < 64 ? by : 63));
}

/* Two operands, the second one topmost. */
static void binary(struct machine *m, uint8_t op)
{
    uint64_t b = pop(m), a = pop(m);
    int64_t x = (int64_t)a, y = (int64_t)b;

    switch (op) {
    case OP_AND:
        return push(m, a & b);
    case OP_DIV:
        return push(m, divide(m, x, y));
    case OP_MINUS:
        return push(m, a - b);
    case OP_MOD:
        return push(m, remainder_of(m, a, b));
    case OP_MUL:
        return push(m, a * b);
    case OP_OR:
        return push(m, a | b);
    case OP_PLUS:
        return push(m, a + b);
    case OP_SHL:
        return push(m, b < 64 ? a << b : 0);
    case OP_SHR:
        return push(m, b < 64 ? a >> b : 0);
    case OP_SHRA:
        return push(m, shifted_right(x, b));
    case OP_XOR:
        return push(m, a ^ b);
    case OP_EQ:
        return push(m, x == y);
    case OP_GE:
        return push(m, x >= y);
    case OP_GT:
        return push(m, x > y);
    case OP_LE:
        return push(m, x <= y);
    case OP_LT:
        return push(m, x < y);
    case OP_NE:
        return push(m, x != y);
    default:
        fail(m);
    }
}

static void unary(struct machine *m, uint8_t op)
{
    uint64_t a = pop(m);

    switch (op) {
    case OP_ABS:
        return push(m, (int64_t)a < 0 ? -a : a);
    case OP_NEG:
        return push(m, -a);
    case OP_NOT:
        return push(m, ~a);
    default:
        return push(m, a + elfin_frames_uleb(m->r));
    }
}

static void move(struct machine *m, uint8_t op)
{
    uint64_t a, b;

    switch (op) {
    case OP_DUP:
        return pick(m, 0);
    case OP_DROP:
        (void)pop(m);
        return;
    case OP_OVER:
        return pick(m, 1);
    case OP_PICK:
        return pick(m, elfin_frames_number(m->r, 1));
    case OP_SWAP:
        a = pop(m);
        b = pop(m);
        push(m, a);
        return push(m, b);
    default:
        return rotate(m);
    }
}

static void do_other(struct machine *m, uint8_t op)
{
    uint64_t number;

    switch (op) {
    case OP_ADDR:
        return push(m, elfin_frames_number(m->r, 8));
    case OP_DEREF:
        return dereference(m, 8);
    case OP_DEREF_SIZE:
        return dereference(m, elfin_frames_number(m->r, 1));
    case OP_CONSTU:
        return push(m, elfin_frames_uleb(m->r));
    case OP_CONSTS:
        return push(m, (uint64_t)elfin_frames_sleb(m->r));
    case OP_ABS:
    case OP_NEG:
    case OP_NOT:
    case OP_PLUS_UCONST:
        return unary(m, op);
    case OP_BRA:
        return jump(m, pop(m) != 0);
    case OP_SKIP:
        return jump(m, true);
    case OP_BREGX:
        number = elfin_frames_uleb(m->r);
        return push_register(m, number, elfin_frames_sleb(m->r));
    case OP_ENCODED_ADDR:
        number = elfin_frames_number(m->r, 1);
        return push(m, elfin_frames_pointer(m->r, (uint8_t)number, NULL));
    case OP_NOP:
        return;
    default:
        return binary(m, op);
    }
}

static void do_operation(struct machine *m, uint8_t op)
{
    if (op >= OP_LIT0 && op <= OP_LIT31)
        push(m, op - OP_LIT0);
    else if (op >= OP_BREG0 && op <= OP_BREG31)
        push_register(m, op - OP_BREG0, elfin_frames_sleb(m->r));
    else if (op >= OP_CONST1U && op <= OP_CONST8S)
        push_constant(m, op);
    else if (op >= OP_DUP && op <= OP_ROT)
        move(m, op);
    else
        do_other(m, op);
}

bool elfin_frames_evaluate(struct frames_reader *r, const struct frames_record *record,
                           int32_t expression, const elfin_registers *registers,
                           const uint64_t *first, uint64_t *out)
{
    struct machine m;
    uint64_t size;

    m.r = r;
    m.registers = registers;
    m.depth = 0;
    /* A CIE lies before its FDEs. */
    elfin_frames_seek(r, record->fde + (uint64_t)(int64_t)expression,
                      expression < 0 ? record->initial_end : record->end);
    size = elfin_frames_uleb(r);
    m.begin = r->at;
    if (size > r->end - r->at)
        return false;
    r->end = r->at + size;
    if (first != NULL)
        push(&m, *first);
    while (!r->failed && r->at < r->end)
        do_operation(&m, (uint8_t)elfin_frames_number(r, 1));
    *out = pop(&m);
    return !r->failed;
}
