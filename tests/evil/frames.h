/* SPDX-License-Identifier: MIT */
/*
 * Stacks and unwind tables made by hand, in invented memory. Two functions: one at CODE, described
 * as a test likes, which is called by one at OUTER, which nobody has called.
 */
#ifndef TESTS_EVIL_FRAMES_H
#define TESTS_EVIL_FRAMES_H

#include "tests/lib/test.h"

#include <elfin/walk.h>

#include "loader/frames.h"

#define CODE   UINT64_C(0x400000)
#define TABLES UINT64_C(0x500000)
#define INDEX  UINT64_C(0x600000)
#define STACK  UINT64_C(0x700000)
#define OUTER  (CODE + 0x40)
#define RETURN (OUTER + 5)
#define TOP    (STACK + 0x100)

enum {
    SIZE = 0x1000,
    MAX_FRAMES = 100,
    /* What any walk may take: the limit on steps, and what one step reads at most. */
    MAX_READS = 2 * FRAMES_STEPS,
};

static uint8_t code[SIZE], tables[SIZE], rows[SIZE], stack[SIZE];
static size_t tables_size, rows_size, reads;
static uint64_t hole; /* cannot be read; what is read all the same is there */
static elfin_registers registers;
static elfin_code description;
static elfin_walker walker;

static struct {
    elfin_frame frame[MAX_FRAMES];
    size_t count;
} found;

static inline bool read_from(uint64_t address, uint64_t base, const uint8_t *from, size_t limit,
                             void *bytes, size_t size)
{
    if (address - base > limit || size > limit - (address - base))
        return false;
    memcpy(bytes, from + (address - base), size);
    return true;
}

static inline bool read_invented(void *ctx, uint64_t address, void *bytes, size_t size)
{
    (void)ctx;
    reads++;
    CHECK(size >= 1 && size <= 64);
    return (read_from(address, CODE, code, SIZE, bytes, size) ||
            read_from(address, TABLES, tables, tables_size, bytes, size) ||
            read_from(address, INDEX, rows, rows_size, bytes, size) ||
            read_from(address, STACK, stack, SIZE, bytes, size)) &&
           hole - address >= size;
}

static inline bool take(void *ctx, const elfin_frame *frame)
{
    (void)ctx;
    REQUIRE(found.count < MAX_FRAMES);
    found.frame[found.count++] = *frame;
    return true;
}

static inline elfin_walk_end walk_from(bool returned)
{
    elfin_walk_end end;

    found.count = reads = 0;
    end = elfin_walk_stack(&walker, &registers, returned, take, NULL);
    CHECK(reads <= MAX_READS);
    return end;
}

static inline elfin_walk_end walk(void)
{
    return walk_from(false);
}

/* ---- Making tables --------------------------------------------------------------------------- */

static inline void put(const void *bytes, size_t size)
{
    REQUIRE(tables_size + size <= SIZE);
    memcpy(tables + tables_size, bytes, size);
    tables_size += size;
}

static inline void put_word(uint32_t word)
{
    put(&word, sizeof word);
}

static inline void set_word(size_t at, uint32_t word)
{
    memcpy(tables + at, &word, sizeof word);
}

/* Fills the record up, and sets its length. */
static inline void finish(size_t at)
{
    while (tables_size % 4 != 0)
        put("", 1);
    set_word(at, (uint32_t)(tables_size - at - 4));
}

static inline size_t put_cie(const char *letters, const void *data, size_t size)
{
    size_t at = tables_size;

    put_word(0);
    put_word(0);
    put("\1", 1);
    put(letters, strlen(letters) + 1);
    put("\1\x78\x10", 3); /* factors 1 and -8, return address in 16 */
    put(data, size);
    return at;
}

/* As compilers write it: PC-relative, CFA = RSP + 8, return address below. */
static inline size_t usual_cie(void)
{
    size_t at = put_cie("zR", "\1\x1b\x0c\7\x08\x90\1", 7);

    finish(at);
    return at;
}

static inline size_t put_fde(size_t cie, uint64_t begin, uint32_t size, const void *program,
                             size_t program_size)
{
    size_t at = tables_size;

    put_word(0);
    put_word((uint32_t)(at + 4 - cie));
    put_word((uint32_t)(begin - (TABLES + at + 8)));
    put_word(size);
    put("", 1);
    put(program, program_size);
    finish(at);
    return at;
}

static inline void set_stack(uint64_t address, uint64_t value)
{
    memcpy(stack + (address - STACK), &value, sizeof value);
}

/* inner at CODE is inside a function that is described by the program; its caller by 16 bytes. */
static inline void begin(void)
{
    memset(code, 0x90, sizeof code);
    memset(stack, 0, sizeof stack);
    memset(rows, 0, sizeof rows);
    tables_size = rows_size = 0;
    hole = 0;
    registers = (elfin_registers){ .known = ELFIN_REGISTERS_ALL };
    for (unsigned i = 0; i < ELFIN_REGISTERS; i++)
        registers.value[i] = 0x1000 + i;
    registers.value[ELFIN_RIP] = CODE + 0x10;
    registers.value[ELFIN_RSP] = TOP;
    set_stack(TOP, RETURN);
    description = (elfin_code){ .address = CODE, .size = SIZE, .frames = TABLES };
    walker = (elfin_walker)ELFIN_WALKER_INIT;
    walker.read = read_invented;
    walker.code = &description;
    walker.code_count = 1;
}

static inline void close_tables(void)
{
    description.frames_size = tables_size;
}

static inline void describe(const void *program, size_t size)
{
    size_t cie;

    begin();
    cie = usual_cie();
    put_fde(cie, CODE, 0x20, program, size);
    put_fde(cie, OUTER, 0x20, "\x0e\x10", 2); /* CFA = RSP + 16 */
    close_tables();
}

#define DESCRIBE(program) describe(program, sizeof(program) - 1)

#endif
