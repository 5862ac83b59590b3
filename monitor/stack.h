/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_STACK_H
#define MONITOR_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include <elfin/elfin.h>

/* Whose frames seem to be on the stack of modules, by the return addresses that are found there. */
struct stack_trace {
    uint64_t caller; /* the innermost return address into a module; 0: there is none */
    bool services;   /* one that leads neither into a module nor into this program */
};

/*
 * Looks from the stack pointer to the stack's end, or at all of the stack if that lies elsewhere. A
 * word that precedes a call instruction's end counts, so that words may count which calls have left
 * behind that have returned.
 */
void stack_trace(const elfin_space *space, uint64_t pointer, struct stack_trace *trace);

/*
 * The nearest such word that leads into a module, at or above *place on the stack of modules;
 * *place becomes where it is.
 */
bool stack_find(const elfin_space *space, uint64_t *place, uint64_t *address);

#endif
