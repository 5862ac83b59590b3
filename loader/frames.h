/* SPDX-License-Identifier: MIT */
/*
 * Reading unwind tables while code runs that may have damaged them. Everything is an address, and
 * every byte comes through the host's callback; see include/elfin/walk.h.
 *
 * Lifetimes: all of it is on the stack of one elfin_walk_stack.
 */
#ifndef LOADER_FRAMES_H
#define LOADER_FRAMES_H

#include <elfin/walk.h>

enum {
    FRAMES_WINDOW = 32,     /* bytes that are read at once */
    FRAMES_STEPS = 1 << 22, /* of one walk: bytes, records and operations that are looked at */
    FRAMES_REMEMBERED = 4,  /* depth of DW_CFA_remember_state */
    FRAMES_EXPRESSION = 16, /* depth of an expression's stack */
    FRAMES_LEB_MAX = 10,    /* bytes of a LEB128 number: no more than 64 bits need */
    FRAMES_RECORD_HEAD = 8, /* length, and what tells CIEs (0) from FDEs (distance to the CIE) */
    FRAMES_INDEX_HEAD = 12, /* of a .eh_frame_hdr with a table */
    FRAMES_AUGMENTATION_MAX = 8 /* "zPLRSB" and its NUL: all letters that compilers use */
};

/*
 * Bytes between two addresses. What fails makes all that follows fail: who reads looks at `failed`
 * in the end, and the numbers read since are 0.
 */
struct frames_reader {
    const elfin_walker *walker;
    uint64_t at, end;
    uint64_t window; /* address of bytes[0] */
    uint32_t steps;  /* that are left */
    uint8_t filled;  /* bytes of the window that have been read */
    bool failed;
    uint8_t bytes[FRAMES_WINDOW];
};

void elfin_frames_seek(struct frames_reader *r, uint64_t begin, uint64_t end);
/* So many steps have been done. */
void elfin_frames_spend(struct frames_reader *r, uint32_t steps);
/* An unsigned number of 1, 2, 4 or 8 bytes. */
uint64_t elfin_frames_number(struct frames_reader *r, unsigned size);
uint64_t elfin_frames_uleb(struct frames_reader *r);
int64_t elfin_frames_sleb(struct frames_reader *r);
/* A pointer in an encoding DW_EH_PE_*; *raw (may be NULL) is what stands there. */
uint64_t elfin_frames_pointer(struct frames_reader *r, uint8_t encoding, uint64_t *raw);

/* How to find the value that a register had in the caller. */
enum frames_rule {
    RULE_UNSAID, /* as the psABI says */
    RULE_UNDEFINED,
    RULE_SAME,
    RULE_AT,        /* in memory, so many bytes from the CFA */
    RULE_IS,        /* the CFA and so many bytes */
    RULE_REGISTER,  /* in the register of that number */
    RULE_AT_RESULT, /* in memory, where an expression says */
    RULE_IS_RESULT, /* what an expression says */
};

/*
 * One row of the table that a function's record stands for. An expression's value is the distance
 * from the FDE to its length, which its bytes follow.
 */
struct frames_row {
    uint8_t rule[ELFIN_REGISTERS];
    uint8_t cfa_register; /* FRAMES_CFA_RESULT: cfa is an expression */
    int32_t value[ELFIN_REGISTERS];
    int32_t cfa;
};

enum {
    FRAMES_CFA_RESULT = 0xff,
    FRAMES_CFA_NONE = 0xfe
};

/* What describes the code at an address: an FDE, and what its CIE says. */
struct frames_record {
    uint64_t fde;
    uint64_t program, end;         /* the FDE's instructions */
    uint64_t initial, initial_end; /* the CIE's */
    uint64_t code, code_size;      /* what is described */
    uint64_t code_factor;
    int64_t data_factor;
    uint8_t encoding; /* of pointers */
    uint8_t return_register;
    bool augmented, signal;
};

enum frames_found {
    FRAMES_FOUND,
    FRAMES_NONE,
    FRAMES_BAD
};

/* A sorted index in our own memory: distances from the start of code.frames. */
struct frames_index {
    const struct eh_row *rows;
    uint32_t count;
};

/*
 * The record that describes the address, in the tables of one piece of code, by our own index if it
 * has rows.
 */
enum frames_found elfin_frames_find(struct frames_reader *r, const elfin_code *code,
                                    const struct frames_index *own, uint64_t address,
                                    struct frames_record *out);
/* From record to record of the table, *at being the first's address: the next FDE. False: the end.
 */
bool elfin_frames_next(struct frames_reader *r, const elfin_code *code, uint64_t *at,
                       uint64_t *fde);
/* The FDE at that address; of a discarded function code_size is 0. False: it is malformed. */
bool elfin_frames_open(struct frames_reader *r, const elfin_code *code, uint64_t fde,
                       struct frames_record *out);
/* The record's row for an address that it describes. False: it is malformed. */
bool elfin_frames_row(struct frames_reader *r, const struct frames_record *record, uint64_t address,
                      struct frames_row *row);
/*
 * The value of an expression of the record; `first` (the CFA) is on the stack to begin with, unless
 * it is NULL. DWARF 5, section 2.5.
 */
bool elfin_frames_evaluate(struct frames_reader *r, const struct frames_record *record,
                           int32_t expression, const elfin_registers *registers,
                           const uint64_t *first, uint64_t *out);

/* ---- The machine: arch-x86_64/frames.c ------------------------------------------------------- */

/* Registers that a function keeps for its caller (psABI, figure 3.4): bits. */
uint32_t elfin_arch_frames_kept(void);
/* A call ends right before the address: its bytes can be read, and look like one. */
bool elfin_arch_frames_is_return(struct frames_reader *r, uint64_t address);
/* The caller's registers by the frame pointer, or by the word on top of the stack. Only RIP is to
 * be checked by the caller. False: the memory cannot be read, or lies below the stack pointer. */
bool elfin_arch_frames_by_pointer(const elfin_walker *walker, elfin_registers *registers);
bool elfin_arch_frames_by_top(const elfin_walker *walker, elfin_registers *registers);

#endif
