/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_CALL_H
#define MONITOR_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include <elfin/elfin.h>

/*
 * Calls into module code, in the state that objects built for user space expect:
 *
 *  - Interrupts are masked, unless the module says ELFIN_INTERRUPTS. The firmware's timer interrupt
 *    runs on the current stack and would overwrite the 128 bytes below the stack pointer that code
 *    built with a red zone keeps data in.
 *  - The FS base points at a block with a stack canary at offset 0x28 (and its own address at 0, as
 *    in user space), and is put back afterwards. Below it are the modules' thread-local data: one
 *    area for the application, and so for one space.
 *  - The direction flag is clear and the stack aligned as the System V ABI wants it.
 */
enum {
    CALL_ARGUMENTS = 6,
    CALL_TLS_SIZE = 16 << 10,
    CALL_TLS_ALIGN = 64
};

/*
 * Calls the function with six integer arguments; *result is all of RAX. ELFIN_ERR_CALL: the module
 * code ended the call by call_abandon().
 */
elfin_status call_function(uint64_t address, const uint64_t arguments[CALL_ARGUMENTS],
                           bool interrupts, uint64_t *result);

/*
 * Module code runs on a stack of its own from now on, which ends at this address (a multiple of
 * 16); calls inside of calls go on where they are. 0: on the caller's, as in the beginning.
 */
void call_set_stack(uint64_t stack);

/*
 * For exports from which there is no way back into the module: ends the innermost call_function.
 * The frames of the module in between are dropped as they are. Returns when there is no call.
 */
void call_abandon(void);

/* The `call` member of struct elfin_host; the context is not used. */
elfin_status call_entry(void *ctx, const elfin_call *call, uint64_t *result);

/* The `tls_attach` member. Blocks that are given back are left as they are. */
void call_tls_attach(void *ctx, const elfin_tls *tls);

#endif
