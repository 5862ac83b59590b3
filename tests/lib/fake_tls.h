/* SPDX-License-Identifier: MIT */
/*
 * The static thread-local storage of a fake host: one thread, whose block lies in memory of its
 * own, so that module code can really run with it. Keeps books of who has which bytes, and checks
 * the contract of tls_attach and tls_detach from the host's side.
 */
#ifndef TESTS_FAKE_TLS_H
#define TESTS_FAKE_TLS_H

#include <elfin/elfin.h>

enum {
    FAKE_MAX_TLS = 64
};

struct fake_tls {
    uint8_t *base;  /* of the area; NULL: none is declared */
    uint64_t size;  /* of the area */
    uint8_t *owner; /* per byte of the area: 1 + index of its block, 0 = free */
    elfin_tls blocks[FAKE_MAX_TLS];
    bool live[FAKE_MAX_TLS];
    unsigned count;         /* live blocks */
    char order[64];         /* one letter for each call, in their order: a or d */
    const char *violation;  /* the first one, or NULL */
    uint64_t host_variable; /* behind the thread pointer: elfin_space_export_tls */
};

/* size must be a multiple of align. */
void fake_tls_declare(struct fake_tls *tls, elfin_host *host, uint64_t size, uint64_t align);
void fake_tls_free(struct fake_tls *tls);

/* The callbacks, with the books to keep. */
void fake_tls_attach(struct fake_tls *tls, const elfin_tls *block);
void fake_tls_detach(struct fake_tls *tls, const elfin_tls *block);

/* Offset of the host's own variable from the thread pointer. */
int64_t fake_tls_host_offset(const struct fake_tls *tls);

/* Switches the processor to the fake thread, and back with what it returned. No area: nothing. */
uint64_t fake_tls_enter(const struct fake_tls *tls);
void fake_tls_leave(const struct fake_tls *tls, uint64_t before);

#endif
