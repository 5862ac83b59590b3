/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_CALL_H
#define MONITOR_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include <elfin/elfin.h>

#include "monitor/frame.h"

/*
 * Calls into module code, in the state that objects built for user space expect:
 *
 *  - Interrupts are masked, unless the module says ELFIN_INTERRUPTS or the machine is such that it
 *    does not matter (struct call_machine).
 *  - The FS base points at a block with a stack canary at offset 0x28 (and its own address at 0, as
 *    in user space). Below it are the modules' thread-local data: one area for the application, and
 *    so for one space.
 *  - The direction flag is clear and the stack aligned as the System V ABI wants it.
 *
 * However a call ends, flags, FS base, MXCSR and the x87 control word are then as they were; when
 * it did not return, also the control registers (control.h).
 */
enum {
    CALL_ARGUMENTS = 6,
    CALL_TLS_SIZE = 16 << 10,
    CALL_TLS_ALIGN = 64,
    CALL_SECONDS = 60, /* the limit in the beginning */
    /* Below the modules' stack nothing is present for so long: what frames without probes of their
       pages step over is smaller. */
    CALL_STACK_GUARD = 1 << 20,
};

/* Why a call did not return. */
enum call_reason {
    CALL_GIVEN_UP, /* call_abandon: an export that does not return to the module */
    CALL_FAULT,    /* an exception */
    CALL_LIMIT,    /* the time is over */
    CALL_STACK,    /* an export found too little of the stack left */
    CALL_DAMAGE,   /* an export found that what it was changing has been overwritten */
};

struct call_end {
    enum call_reason reason;
    struct interrupt_frame frame; /* rip and rsp always; the rest of a CALL_FAULT */
    uint64_t access;              /* of a page fault: CR2 */
    bool changing;                /* between call_change and call_changed */
    bool services;                /* services of the machine may be on the stack for sure */
};

/* What a machine adds to calls; all members are optional. */
struct call_machine {
    /* Before and after each outermost call; the second with interrupts masked. */
    void (*begin)(void);
    void (*end)(void);
    /* A call has ended without returning: before `end`, with interrupts masked, and when all is
       restored. */
    void (*judge)(const struct call_end *end);
    void (*report)(const elfin_module *module, const struct call_end *end);
    /* What a call that ends so has on its stack, which is still there: see frames.h. It may fault:
       what it has done then stays so. */
    void (*walk)(const struct interrupt_frame *frame, uint64_t first);
    /* __cxa_finalize of a failed module: what it has registered is not to be run. */
    void (*forget)(uint64_t handle);
    bool interrupts; /* what runs in interrupts does not touch the interrupted stack */
};

void call_set_machine(const struct call_machine *machine);

/*
 * Calls the function with six integer arguments; *result is all of RAX. ELFIN_ERR_CALL: the module
 * code did not return.
 */
elfin_status call_function(const elfin_module *module, uint64_t address,
                           const uint64_t arguments[CALL_ARGUMENTS], uint64_t *result);

/* The same for a function of our own that may fault, outside of other calls. False: it did. */
bool call_protected(void (*function)(void *argument), void *argument);

/*
 * Module code runs on a stack of its own from now on, [low, high), both multiples of 16; calls
 * inside of calls go on where they are. 0, 0: on the caller's, as in the beginning.
 */
void call_set_stack(uint64_t low, uint64_t high);
void call_stack(uint64_t *low, uint64_t *high);

/*
 * For exports from which there is no way back into the module: ends the innermost call_function.
 * The frames of the module in between are dropped as they are. Returns when there is no call.
 */
void call_abandon(void);

/* The same for what interrupted the call; returns when there is none. */
void call_interrupted(enum call_reason reason, const struct interrupt_frame *frame, uint64_t access,
                      bool services);

/* The same from code of our own, which has been called by an export at address `rip` with the stack
 * pointer `rsp`, and is at `here` (frame_here). */
void call_ended(enum call_reason reason, const struct interrupt_frame *here, uint64_t rip,
                uint64_t rsp, bool services);

/* ---- Time ------------------------------------------------------------------------------------ */

/* So many ticks of the time-stamp counter has an outermost call; 0: for ever. */
void call_set_limit(uint64_t ticks);
uint64_t call_limit(void);

/* How far the call in progress is beyond its time; 0: not at all. */
uint64_t call_overdue(void);

/* ---- Exports --------------------------------------------------------------------------------- */

/*
 * Round changes of what outlives the call, such as the heap. A call is not ended in between but by
 * an exception, which then says that something is half changed. call_change ends the call if the
 * stack has too little room for it.
 */
void call_change(void);
void call_changed(void);
/* In between: it is damaged. Ends the call; returns when there is none. */
void call_damaged(void);

/* The `call` member of struct elfin_host; the context is not used. */
elfin_status call_entry(void *ctx, const elfin_call *call, uint64_t *result);

/* The `tls_attach` member. Blocks that are given back are left as they are. */
void call_tls_attach(void *ctx, const elfin_tls *tls);

#endif
