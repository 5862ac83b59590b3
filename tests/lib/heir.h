/* SPDX-License-Identifier: MIT */
/*
 * Handing over, for tests: a space that links in invented memory and puts off what is to be called,
 * and another one, which adopts what the first has described. Physical addresses are invented too;
 * taking a block copies its bytes to where they will run.
 */
#ifndef TESTS_HEIR_H
#define TESTS_HEIR_H

#include "tests/lib/fixture.h"

/* A space like that of fx_new_tls in FAKE_INVENTED memory, which defers, with run addresses as real
 * memory would have. */
struct fixture *heir_new_writer(uint64_t tls_size, uint64_t tls_align);

/* The same addresses for the loads of a space that runs code. */
struct fixture *heir_new_space(enum fake_memory memory, uint64_t tls_size, uint64_t tls_align);

/* What elfin_space_hand_over says; aborts when it fails. */
struct blob heir_describe(const struct fixture *writer);

struct heir {
    struct fixture *to;
    const struct fixture *from;
    elfin_adoption adoption; /* report, argc, argv may be changed */
    unsigned takes;
};

/*
 * elfin_space_adopt of these bytes, handed over in an exactly sized buffer that is wiped and freed:
 * to->status, to->diag, to->reports. Blocks that `from` does not have are refused.
 */
elfin_status heir_adopt(struct fixture *to, const struct fixture *from, struct blob description);
/* The same with the words for init. */
elfin_status heir_adopt_words(struct fixture *to, const struct fixture *from,
                              struct blob description, int argc, char **argv);

/*
 * All that the library tells of the space: groups, blocks with their bytes, modules, symbols,
 * sections, slots, indirect functions, edges, thread-local blocks, exports, statistics. To be
 * freed.
 */
char *heir_tell(const struct fixture *f);

/* All calls of module code and of tls_attach since the events were forgotten. To be freed. */
char *heir_calls(const struct fixture *f);

/* Reads every answer about an adopted module, names to their ends. */
void heir_ask(struct fixture *to, const elfin_module *m);

/* ---- The bytes, by docs/HANDOVER-FORMAT.md ----------------------------------------------------
 */

enum {
    HEIR_CHECKSUM = 24, /* offset in the header */
    HEIR_TABLES = 40,   /* offset of the tables, each an offset and a count of 8 bytes */
    HEIR_HEADER_SIZE = 200,
    HEIR_TABLE_COUNT = 10
};

enum heir_table {
    HEIR_GROUPS,
    HEIR_BLOCKS,
    HEIR_MODULES,
    HEIR_CALLS,
    HEIR_SYMBOLS,
    HEIR_SECTIONS,
    HEIR_SLOTS,
    HEIR_INDIRECT,
    HEIR_USES,
    HEIR_NAMES
};

/* Where a table begins, how many records it has, and how large each is. */
size_t heir_table(const struct blob *description, enum heir_table table, uint64_t *count,
                  size_t *size);
/* Makes size and checksum right again. */
void heir_seal(struct blob *description);

#endif
