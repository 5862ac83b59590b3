/* SPDX-License-Identifier: MIT */
/*
 * What a load gives now: the inputs of a group are loaded again, into another space whose memory is
 * invented, at the same addresses and with imports that the test names; all bytes must be those of
 * the group.
 */
#ifndef TESTS_REPLICA_H
#define TESTS_REPLICA_H

#include "tests/lib/fixture.h"

struct replica_word {
    uint64_t address, value;
};

struct replica {
    const elfin_input *inputs; /* with the group's only block */
    size_t count;
    const elfin_export *imports, *tls_imports; /* end with a NULL name; may be NULL */
    uint32_t flags;                            /* ELFIN_LOAD_* */
    const struct replica_word *words;          /* that the program has written */
    size_t word_count;
};

/* NULL, or what is different. */
const char *replica_compare(const struct fixture *f, const elfin_group *group,
                            const struct replica *replica);

#endif
