/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: a walk over any stack by any unwind tables. The input is registers, then two sizes in
 * 16 bits each, then the tables, an index and the stack. Whatever they hold, the walk reads only
 * what it may, ends after its steps, and goes up.
 *
 *     make fuzz && build/fuzz/frames CORPUS_FOLDER
 */
#include <elfin/walk.h>

#include "loader/frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TABLES UINT64_C(0x500000)
#define INDEX  UINT64_C(0x600000)
#define STACK  UINT64_C(0x700000)
#define CODE   UINT64_C(0x400000)

enum {
    CODE_SIZE = 0x10000,
    HEAD = sizeof(uint64_t) * ELFIN_REGISTERS + 2 * sizeof(uint16_t),
    FRAMES_MAX = 40
};

struct memory {
    const uint8_t *bytes;
    uint64_t address, size;
};

static struct {
    struct memory piece[3];
    size_t reads, frames;
    uint64_t pointer;
} run;

static void require(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

/* Code is what it was made to be: calls end everywhere. */
static bool read_piece(void *ctx, uint64_t address, void *bytes, size_t size)
{
    (void)ctx;
    require(size >= 1 && size <= 64, "a size that is not promised");
    require(++run.reads <= 2 * FRAMES_STEPS, "more reads than steps");
    for (size_t i = 0; i < 3; i++) {
        const struct memory *m = &run.piece[i];

        if (address - m->address <= m->size && size <= m->size - (address - m->address)) {
            memcpy(bytes, m->bytes + (address - m->address), size);
            return true;
        }
    }
    memset(bytes, 0xe8, size);
    return address - CODE < CODE_SIZE && size <= CODE_SIZE - (address - CODE);
}

static bool take(void *ctx, const elfin_frame *frame)
{
    const uint32_t needed = 1u << ELFIN_RIP | 1u << ELFIN_RSP;
    uint64_t pointer = frame->registers.value[ELFIN_RSP];

    (void)ctx;
    require(++run.frames <= FRAMES_MAX, "more frames than asked for");
    require((frame->registers.known & needed) == needed, "a frame without a place");
    /* A frame that is found from a return address has been called, so the one before has not
     * changed stacks. */
    require(run.frames == 1 || frame->lookup == frame->registers.value[ELFIN_RIP] ||
                pointer > run.pointer,
            "a stack that does not rise");
    run.pointer = pointer;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    elfin_walker walker = ELFIN_WALKER_INIT;
    elfin_registers registers = { .known = ELFIN_REGISTERS_ALL };
    elfin_code code = { .address = CODE, .size = CODE_SIZE, .index = INDEX, .frames = TABLES };
    uint16_t sizes[2];

    if (size < HEAD)
        return 0;
    memcpy(registers.value, data, sizeof registers.value);
    memcpy(sizes, data + sizeof registers.value, sizeof sizes);
    data += HEAD;
    size -= HEAD;
    code.frames_size = sizes[0] < size ? sizes[0] : size;
    code.index_size = sizes[1] < size - code.frames_size ? sizes[1] : size - code.frames_size;
    memset(&run, 0, sizeof run);
    run.piece[0] = (struct memory){ data, TABLES, code.frames_size };
    run.piece[1] = (struct memory){ data + code.frames_size, INDEX, code.index_size };
    run.piece[2] = (struct memory){ data + code.frames_size + code.index_size, STACK,
                                    size - code.frames_size - code.index_size };
    walker.read = read_piece;
    walker.code = &code;
    walker.code_count = 1;
    walker.frames_max = FRAMES_MAX;
    for (unsigned returned = 0; returned < 2; returned++) {
        run.reads = run.frames = 0;
        (void)elfin_walk_stack(&walker, &registers, returned, take, NULL);
        require(run.frames > 0, "not even the first frame");
    }
    return 0;
}
