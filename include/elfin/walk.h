/* SPDX-License-Identifier: MIT */
/*
 * The frames of a stack: who called the code that stopped here. In libelfin-debug.a.
 *
 * A walk goes from a set of registers to those of the caller, and so on, by the unwind tables that
 * compilers write beside the code (.eh_frame: DWARF 5 section 6.4, LSB Core 5.0 "Exception Frames",
 * psABI 3.6 and 3.7): those of modules, which a space knows, and those of the host's own program.
 * Where no table describes the code, the frame pointer is followed if there is one.
 *
 * It is made for fault handlers: it allocates nothing, takes no lock, calls only the two callbacks,
 * needs less than 2 KiB of stack beside theirs, and ends after a bounded number of steps. Stack and
 * tables may hold anything, also what a module has written over them: every byte comes through
 * elfin_walker.read, which says what may be read at all.
 */
#ifndef ELFIN_WALK_H
#define ELFIN_WALK_H

#include <elfin/elfin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The registers by their DWARF numbers (psABI, figure 3.36); RIP is what it calls "RA". */
enum {
    ELFIN_RAX,
    ELFIN_RDX,
    ELFIN_RCX,
    ELFIN_RBX,
    ELFIN_RSI,
    ELFIN_RDI,
    ELFIN_RBP,
    ELFIN_RSP,
    ELFIN_R8,
    ELFIN_R15 = ELFIN_R8 + 7,
    ELFIN_RIP,
    ELFIN_REGISTERS,
    ELFIN_REGISTERS_ALL = (1 << ELFIN_REGISTERS) - 1
};

typedef struct elfin_registers {
    uint64_t value[ELFIN_REGISTERS];
    uint32_t known; /* bit n: value[n] is what the register holds */
} elfin_registers;

/*
 * Code of the host's own, which no space knows. Run addresses; sizes in bytes. `index` is a
 * .eh_frame_hdr as linkers write it with --eh-frame-hdr (LSB Core 5.0, "Exception Frame Header").
 * Without one, size 0, or if it has another form, the records of `frames` are searched one by one.
 * frames_size 0: there are no tables.
 */
typedef struct elfin_code {
    uint64_t address, size;
    uint64_t index, index_size;   /* .eh_frame_hdr */
    uint64_t frames, frames_size; /* .eh_frame */
} elfin_code;

typedef struct elfin_walker {
    uint32_t struct_size; /* sizeof(elfin_walker): set by ELFIN_WALKER_INIT */
    void *ctx;
    /*
     * Required. Copies `size` bytes, 1 to 64, from a run address, all of them or none: false where
     * one of them is not memory that may be read, which includes all that has side effects. The
     * range may pass the end of memory.
     */
    bool (*read)(void *ctx, uint64_t address, void *bytes, size_t size);
    const elfin_space *space; /* NULL: there are no modules */
    const elfin_code *code;   /* code_count of them */
    size_t code_count;
    uint32_t frames_max; /* no more are given; 0 = 64 */
} elfin_walker;

#define ELFIN_WALKER_INIT                                                                          \
    {                                                                                              \
        .struct_size = (uint32_t)sizeof(elfin_walker)                                              \
    }

/* How a frame's registers were found. */
typedef enum elfin_frame_origin {
    ELFIN_FRAME_GIVEN,   /* the first: as the caller gave them */
    ELFIN_FRAME_TABLE,   /* by an unwind table */
    ELFIN_FRAME_POINTER, /* by the frame pointer of the frame before, which no table describes */
    ELFIN_FRAME_TOP,     /* of the first frame only, which no table describes: the word on top of
                            the stack is the address behind a call */
} elfin_frame_origin;

typedef struct elfin_frame {
    elfin_registers registers; /* RIP and RSP are known */
    /* An address inside the instruction that the frame is at: RIP, or RIP - 1 where that is the
       address behind a call, which may be the end of the function. */
    uint64_t lookup;
    elfin_frame_origin origin;
    bool foreign; /* neither a module's code nor in elfin_walker.code: always the last frame, but
                     for the first */
} elfin_frame;

/* False ends the walk. The frame is valid during the call. */
typedef bool elfin_frame_fn(void *ctx, const elfin_frame *frame);

/* Why there are no more frames. */
typedef enum elfin_walk_end {
    ELFIN_WALK_OUTERMOST,   /* nobody has called the last frame: its table says so, or the return
                               address is 0 */
    ELFIN_WALK_FOREIGN,     /* the last frame is in code that nothing is known of */
    ELFIN_WALK_STOPPED,     /* the callback has returned false */
    ELFIN_WALK_LIMIT,       /* elfin_walker.frames_max, or the limit on steps */
    ELFIN_WALK_UNDESCRIBED, /* no table, and no frame pointer that leads to a call */
    ELFIN_WALK_UNREADABLE,  /* the return address cannot be read */
    ELFIN_WALK_DAMAGED,     /* the table is not understood */
    ELFIN_WALK_BACKWARDS,   /* the stack pointer would not rise */
} elfin_walk_end;

/*
 * Gives the frame of the registers, then that of its caller, and so on. RIP and RSP must be known,
 * of others as many as possible: all of them at an exception. `returned`: RIP is the address behind
 * a call, not that of an instruction which has been interrupted.
 *
 * Each frame lies above the one before, but for those that code marked as a signal frame has called
 * or interrupted (DWARF augmentation "S"), which may be on another stack.
 *
 * ELFIN_WALK_DAMAGED, without a frame, if read, RIP or RSP is missing.
 */
elfin_walk_end elfin_walk_stack(const elfin_walker *walker, const elfin_registers *registers,
                                bool returned, elfin_frame_fn *each, void *ctx);

/* A few words, as "the stack is damaged"; never NULL. */
const char *elfin_walk_end_text(elfin_walk_end end);

#ifdef __cplusplus
}
#endif

#endif
