/* SPDX-License-Identifier: MIT */
/* Stacks that are damaged, circular, not there; what is tried without a table; limits. */
#include <elfin/debug.h>

#include "tests/evil/frames.h"
#include "tests/lib/expect.h"

static void expect(elfin_walk_end wanted, size_t frames)
{
    elfin_walk_end end = walk();

    CHECK_MSG(end == wanted && found.count == frames, "%zu frames, %s", found.count,
              elfin_walk_end_text(end));
    REQUIRE_NO_FAILURE();
}

/* A call instruction of 5 bytes ends at the address. */
static void put_call(uint64_t address)
{
    code[address - 5 - CODE] = 0xe8;
}

/* ---- Arguments ------------------------------------------------------------------------------- */

static void arguments(void)
{
    DESCRIBE("");
    registers.known &= ~(1u << ELFIN_RIP);
    expect(ELFIN_WALK_DAMAGED, 0);
    DESCRIBE("");
    registers.known &= ~(1u << ELFIN_RSP);
    expect(ELFIN_WALK_DAMAGED, 0);
    DESCRIBE("");
    walker.read = NULL;
    expect(ELFIN_WALK_DAMAGED, 0);
    DESCRIBE("");
    walker.struct_size--;
    expect(ELFIN_WALK_DAMAGED, 0);
    DESCRIBE("");
    walker.code_count = 0;
    expect(ELFIN_WALK_FOREIGN, 1);
    CHECK(found.frame[0].foreign);
    DESCRIBE("");
    registers.value[ELFIN_RIP] = CODE + 0x20; /* behind the function, and its last call */
    CHECK_EQ(walk_from(true), ELFIN_WALK_OUTERMOST);
    CHECK_EQ(found.frame[0].lookup, CODE + 0x1f);
    expect(ELFIN_WALK_UNDESCRIBED, 1);
}

static size_t stop_after;

static bool stop(void *ctx, const elfin_frame *frame)
{
    (void)ctx;
    (void)frame;
    return --stop_after > 0;
}

static void the_callback_stops(void)
{
    for (size_t i = 1; i <= 2; i++) {
        DESCRIBE("");
        stop_after = i;
        CHECK_EQ(elfin_walk_stack(&walker, &registers, false, stop, NULL), ELFIN_WALK_STOPPED);
        CHECK_EQ(stop_after, 0);
    }
    for (unsigned end = 0; end < 20; end++)
        CHECK(elfin_walk_end_text((elfin_walk_end)end)[0] != '\0');
    CHECK_STR(elfin_walk_end_text((elfin_walk_end)-1), "unknown");
}

/* ---- Stacks ---------------------------------------------------------------------------------- */

static void smashed(void)
{
    DESCRIBE("");
    set_stack(TOP, 0x4141414141414141);
    expect(ELFIN_WALK_FOREIGN, 2);
    CHECK_EQ(found.frame[1].registers.value[ELFIN_RIP], 0x4141414141414141);
    CHECK(found.frame[1].foreign);
    set_stack(TOP, 0);
    expect(ELFIN_WALK_OUTERMOST, 1);
    set_stack(TOP, TOP);
    expect(ELFIN_WALK_FOREIGN, 2);
    set_stack(TOP, UINT64_MAX);
    expect(ELFIN_WALK_FOREIGN, 2);
    registers.value[ELFIN_RIP] = 0;
    set_stack(TOP, RETURN);
    expect(ELFIN_WALK_FOREIGN, 1);
}

/* Stack pointers that lead nowhere, or round the end of memory. */
static void not_there(void)
{
    static const uint64_t pointers[] = { 0,
                                         8,
                                         STACK - 8,
                                         STACK + SIZE,
                                         UINT64_MAX,
                                         UINT64_MAX - 7,
                                         UINT64_MAX - 15,
                                         STACK + SIZE - 7,
                                         CODE + SIZE };

    for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++) {
        DESCRIBE("");
        registers.value[ELFIN_RSP] = pointers[i];
        expect(ELFIN_WALK_UNREADABLE, 1);
    }
    DESCRIBE("");
    registers.value[ELFIN_RSP] = STACK + SIZE - 8; /* the last word */
    set_stack(STACK + SIZE - 8, RETURN);
    expect(ELFIN_WALK_UNREADABLE, 2);
}

/* The CFA in RBP: the stack pointer must rise. */
static void backwards(void)
{
    static const uint64_t pointers[] = { TOP - 16, TOP - 8, TOP };

    for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++) {
        DESCRIBE("\x0c\6\0");
        registers.value[ELFIN_RBP] = pointers[i];
        set_stack(pointers[i] - 8, RETURN);
        expect(ELFIN_WALK_BACKWARDS, 1);
    }
    DESCRIBE("\x0c\6\0");
    registers.value[ELFIN_RBP] = TOP + 8;
    expect(ELFIN_WALK_OUTERMOST, 2);
    DESCRIBE("\x15\7\1"); /* a rule for RSP itself: CFA - 8 */
    expect(ELFIN_WALK_BACKWARDS, 1);
    DESCRIBE("\x14\7\1");
    expect(ELFIN_WALK_BACKWARDS, 1);
    DESCRIBE("\x07\7");
    expect(ELFIN_WALK_UNREADABLE, 1);
}

static void describe_signal(const char *program, size_t size)
{
    size_t cie;

    begin();
    cie = put_cie("zRS", "\1\x1b\x0c\7\x08\x90\1", 7);
    finish(cie);
    put_fde(cie, CODE, 0x20, program, size);
    cie = usual_cie();
    put_fde(cie, OUTER + 5, 0x20, "\x0e\x10", 2);
    close_tables();
}

/* A signal frame may lead to any stack, and its caller was interrupted: pc is not behind a call. */
static void signal_frames(void)
{
    describe_signal("\x0c\6\0", 3);
    registers.value[ELFIN_RBP] = STACK + 16;
    set_stack(STACK + 8, RETURN);
    expect(ELFIN_WALK_OUTERMOST, 2);
    CHECK_EQ(found.frame[1].lookup, RETURN);
    CHECK_EQ(found.frame[1].registers.value[ELFIN_RSP], STACK + 16);
    describe_signal("\x0c\6\0", 3); /* its own caller, for ever */
    registers.value[ELFIN_RBP] = STACK + 16;
    set_stack(STACK + 8, CODE + 0x10);
    expect(ELFIN_WALK_LIMIT, 64);
    walker.frames_max = 7;
    expect(ELFIN_WALK_LIMIT, 7);
    walker.frames_max = 1;
    expect(ELFIN_WALK_LIMIT, 1);
}

/* Recursion up to the end of the stack. */
static void deep(void)
{
    DESCRIBE("");
    for (uint64_t at = TOP; at < STACK + SIZE; at += 8)
        set_stack(at, CODE + 0x11);
    expect(ELFIN_WALK_LIMIT, 64);
    walker.frames_max = 100;
    expect(ELFIN_WALK_LIMIT, 100);
}

static bool count_frame(void *ctx, const elfin_frame *frame)
{
    (void)frame;
    ++*(size_t *)ctx;
    return true;
}

/* A table whose records are searched one by one, with more work than a walk may take. */
static void endless_work(void)
{
    size_t cie, frames = 0;

    describe_signal("\x0c\6\0", 3);
    registers.value[ELFIN_RBP] = STACK + 16;
    set_stack(STACK + 8, CODE + 0x10);
    walker.frames_max = UINT32_MAX;
    reads = 0;
    CHECK_EQ(elfin_walk_stack(&walker, &registers, false, count_frame, &frames), ELFIN_WALK_LIMIT);
    CHECK(frames > 1000);
    CHECK(reads <= MAX_READS);
    begin();
    cie = usual_cie();
    while (tables_size < SIZE - 64)
        put_fde(cie, OUTER, 0, "", 0);
    put_fde(cie, CODE, 0x20, "\x09\7\7\x16\3\4\x2f\xfd\xff", 9);
    close_tables();
    (void)walk();
}

/* ---- Without a table ------------------------------------------------------------------------- */

static void no_tables(void)
{
    begin();
    put_call(RETURN);
    close_tables();
}

static void by_top(void)
{
    no_tables(); /* no table: the word on top of the stack is an address behind a call */
    registers.value[ELFIN_RBP] = 0;
    expect(ELFIN_WALK_UNDESCRIBED, 2);
    CHECK_EQ(found.frame[1].origin, ELFIN_FRAME_TOP);
    CHECK_EQ(found.frame[1].registers.value[ELFIN_RIP], RETURN);
    CHECK_EQ(found.frame[1].registers.value[ELFIN_RSP], TOP + 8);
    CHECK_EQ(found.frame[1].registers.value[ELFIN_RBX], 0x1003);
    CHECK_EQ(walk_from(true), ELFIN_WALK_UNDESCRIBED); /* which it is not behind a call */
    CHECK_EQ(found.count, 1);
    DESCRIBE(""); /* a jump to nowhere */
    put_call(RETURN);
    registers.value[ELFIN_RIP] = 0x123;
    expect(ELFIN_WALK_OUTERMOST, 2);
    CHECK(found.frame[0].foreign && !found.frame[1].foreign);
    registers.value[ELFIN_RSP] = UINT64_MAX - 7;
    expect(ELFIN_WALK_FOREIGN, 1);
    registers.value[ELFIN_RSP] = TOP;
    code[RETURN - 5 - CODE] = 0x90; /* no call there */
    expect(ELFIN_WALK_FOREIGN, 1);
}

/* Only of what stopped is the top of the stack looked at, not of what a signal interrupted. */
static void by_top_once(void)
{
    describe_signal("\x0c\6\0", 3);
    put_call(RETURN);
    registers.value[ELFIN_RBP] = STACK + 16;
    set_stack(STACK + 8, CODE + 0x80);
    set_stack(STACK + 16, RETURN);
    expect(ELFIN_WALK_UNDESCRIBED, 2);
}

/* All of memory can be read, up to its end. */
static bool read_the_end(void *ctx, uint64_t address, void *bytes, size_t size)
{
    const uint64_t words[2] = { RETURN, RETURN };

    if (address < UINT64_MAX - 15)
        return read_invented(ctx, address, bytes, size);
    REQUIRE(size <= sizeof words);
    memcpy(bytes, words, size);
    return true;
}

/* The stack pointer must rise for what is guessed, too. */
static void round_the_end(void)
{
    no_tables();
    walker.read = read_the_end;
    registers.value[ELFIN_RBP] = 0;
    registers.value[ELFIN_RSP] = UINT64_MAX - 7;
    expect(ELFIN_WALK_UNDESCRIBED, 1);
    registers.value[ELFIN_RBP] = UINT64_MAX - 15;
    registers.value[ELFIN_RSP] = TOP;
    set_stack(TOP, 0);
    expect(ELFIN_WALK_UNDESCRIBED, 1);
}

/* What a read that fails has left is not used. */
static void cannot_be_read(void)
{
    no_tables();
    registers.value[ELFIN_RBP] = 0;
    expect(ELFIN_WALK_UNDESCRIBED, 2);
    hole = TOP + 7;
    expect(ELFIN_WALK_UNDESCRIBED, 1);
    no_tables();
    registers.value[ELFIN_RBP] = TOP + 0x20;
    set_stack(TOP, 0);
    set_stack(TOP + 0x28, RETURN);
    expect(ELFIN_WALK_UNDESCRIBED, 2);
    hole = TOP + 0x20;
    expect(ELFIN_WALK_UNDESCRIBED, 1);
    hole = TOP + 0x2f;
    expect(ELFIN_WALK_UNDESCRIBED, 1);
}

/* Instructions that end at the address: calls, and others. */
static void calls(void)
{
    static const struct {
        const char *bytes; /* 7 */
        bool is_call;
    } rows_of[] = {
        { "\x90\x90\xe8\0\0\0\0", true },         { "\x90\x90\xe9\0\0\0\0", false },
        { "\x90\x90\x90\x90\x90\xff\xd0", true }, { "\x90\x90\x90\x90\x90\xff\xe0", false },
        { "\x90\x90\x90\x90\xff\x50\x08", true }, { "\x90\x90\x90\xff\x54\x24\x08", true },
        { "\x90\xff\x15\0\0\0\0", true },         { "\xff\x94\x24\0\1\0\0", true },
        { "\x90\xff\x25\0\0\0\0", false },        { "\x90\x90\x90\x90\x90\x90\x90", false },
    };

    for (size_t i = 0; i < sizeof rows_of / sizeof *rows_of; i++) {
        no_tables();
        registers.value[ELFIN_RBP] = 0;
        memcpy(code + (RETURN - 7 - CODE), rows_of[i].bytes, 7);
        expect(ELFIN_WALK_UNDESCRIBED, rows_of[i].is_call ? 2 : 1);
    }
}

static void by_pointer(void)
{
    no_tables();
    registers.value[ELFIN_RBP] = TOP + 0x20;
    set_stack(TOP, 0); /* on top is something else */
    set_stack(TOP + 0x20, TOP + 0x40);
    set_stack(TOP + 0x28, RETURN);
    set_stack(TOP + 0x40, 0);
    set_stack(TOP + 0x48, RETURN);
    expect(ELFIN_WALK_UNDESCRIBED, 3);
    CHECK_EQ(found.frame[1].origin, ELFIN_FRAME_POINTER);
    CHECK_EQ(found.frame[1].registers.value[ELFIN_RSP], TOP + 0x30);
    CHECK_EQ(found.frame[1].registers.value[ELFIN_RBP], TOP + 0x40);
    CHECK_EQ(found.frame[1].registers.known, 1u << ELFIN_RBP | 1u << ELFIN_RSP | 1u << ELFIN_RIP);
    set_stack(TOP + 0x20, TOP + 0x20); /* a circle */
    expect(ELFIN_WALK_UNDESCRIBED, 2);
    set_stack(TOP + 0x20, TOP + 0x18);
    expect(ELFIN_WALK_UNDESCRIBED, 2);
    registers.known &= ~(1u << ELFIN_RBP);
    expect(ELFIN_WALK_UNDESCRIBED, 1);
    registers.known = ELFIN_REGISTERS_ALL;
    registers.value[ELFIN_RBP] = TOP - 8; /* below the stack pointer */
    set_stack(TOP - 8, 0);
    set_stack(TOP, RETURN);
    registers.value[ELFIN_RIP] = CODE + 0x80;
    CHECK_EQ(walk_from(true), ELFIN_WALK_UNDESCRIBED);
    CHECK_EQ(found.count, 1);
    registers.value[ELFIN_RBP] = STACK + SIZE - 8; /* half of it is there */
    CHECK_EQ(walk_from(true), ELFIN_WALK_UNDESCRIBED);
    CHECK_EQ(found.count, 1);
    registers.value[ELFIN_RBP] = UINT64_MAX - 7;
    CHECK_EQ(walk_from(true), ELFIN_WALK_UNDESCRIBED);
    registers.value[ELFIN_RBP] = UINT64_MAX - 15;
    CHECK_EQ(walk_from(true), ELFIN_WALK_UNDESCRIBED);
}

/* Code that nothing is known of uses the register as it likes. */
static void foreign_code_has_no_frame_pointer(void)
{
    no_tables();
    registers.value[ELFIN_RIP] = 0x123;
    registers.value[ELFIN_RBP] = TOP + 0x20;
    set_stack(TOP, 0);
    set_stack(TOP + 0x28, RETURN);
    expect(ELFIN_WALK_FOREIGN, 1);
}

/* A damaged table is no reason to give up, but the reason that is told. */
static void in_place_of_a_damaged_table(void)
{
    DESCRIBE("\x3f");
    put_call(RETURN);
    registers.value[ELFIN_RBP] = TOP + 0x20;
    set_stack(TOP, 0);
    set_stack(TOP + 0x20, 0);
    set_stack(TOP + 0x28, RETURN);
    expect(ELFIN_WALK_OUTERMOST, 2);
    CHECK_EQ(found.frame[1].origin, ELFIN_FRAME_POINTER);
    set_stack(TOP + 0x28, CODE);
    expect(ELFIN_WALK_DAMAGED, 1);
}

/* ---- Many modules ---------------------------------------------------------------------------- */

static uint64_t return_address;

/* A stack that has no end, of frames with frame pointers; code is calls. */
static bool read_endless(void *ctx, uint64_t address, void *bytes, size_t size)
{
    (void)ctx;
    if (size == 16) {
        memcpy(bytes, (uint64_t[]){ address + 16, return_address }, size);
    } else if (size == 8) {
        memcpy(bytes, &return_address, size);
    } else {
        memset(bytes, 0xe8, size);
    }
    return true;
}

/* How many frames a walk finds in one of so many modules until it has taken all its steps. */
static size_t endless_frames(unsigned modules, bool indexed)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    size_t frames = 0;
    char text[32], file[32];

    f->fake.host.debugging = indexed ? &elfin_debugging : NULL;
    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS;
    fx_again(f);
    for (unsigned i = 0; i < modules; i++) {
        snprintf(text, sizeof text, "fn f%u 1", i);
        snprintf(file, sizeof file, "m%u.o", i);
        LOAD(f, file, text);
    }
    begin();
    snprintf(text, sizeof text, "f%u", modules / 2);
    return_address = fx_lookup(f, text) + 1;
    walker.read = read_endless;
    walker.space = &f->space;
    walker.code_count = 0;
    walker.frames_max = UINT32_MAX;
    registers.value[ELFIN_RIP] = return_address;
    registers.value[ELFIN_RBP] = TOP;
    CHECK_EQ(elfin_walk_stack(&walker, &registers, true, count_frame, &frames), ELFIN_WALK_LIMIT);
    END(f);
    return frames;
}

/* Modules that a walk has to look through are part of what it may do. */
static void many_modules(void)
{
    size_t one = endless_frames(1, true), plain = endless_frames(1, false);

    CHECK(one > 10000 && plain > 10000);
    CHECK_EQ(endless_frames(100, true), one);
    CHECK(endless_frames(100, false) < plain / 5);
}

static const struct test_case cases[] = {
    TEST_CASE(arguments),
    TEST_CASE(the_callback_stops),
    TEST_CASE(smashed),
    TEST_CASE(not_there),
    TEST_CASE(backwards),
    TEST_CASE(signal_frames),
    TEST_CASE(deep),
    TEST_CASE(endless_work),
    TEST_CASE(by_top),
    TEST_CASE(by_top_once),
    TEST_CASE(round_the_end),
    TEST_CASE(cannot_be_read),
    TEST_CASE(calls),
    TEST_CASE(by_pointer),
    TEST_CASE(foreign_code_has_no_frame_pointer),
    TEST_CASE(in_place_of_a_damaged_table),
    TEST_CASE(many_modules),
};

TEST_MAIN("evil_walk_stack", cases)
