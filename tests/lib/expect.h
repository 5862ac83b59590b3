/* SPDX-License-Identifier: MIT */
/* Checks on a fixture; on top of test.h, for test programs only. */
#ifndef TESTS_EXPECT_H
#define TESTS_EXPECT_H

#include "tests/lib/fixture.h"
#include "tests/lib/test.h"

/* Ends a fixture: nothing may be left and the host must be content. */
#define END(f)                                                                                     \
    do {                                                                                           \
        const char *expect_wrong = fx_end(f);                                                      \
        CHECK_MSG(expect_wrong == NULL, "%s", expect_wrong);                                       \
    } while (0)

/* For helper results that are NULL or a complaint. */
#define NO_COMPLAINT(call)                                                                         \
    do {                                                                                           \
        const char *expect_wrong = (call);                                                         \
        CHECK_MSG(expect_wrong == NULL, "%s: %s", #call, expect_wrong);                            \
    } while (0)

#define STATUS(actual, expected)                                                                   \
    do {                                                                                           \
        elfin_status expect_a = (actual), expect_e = (expected);                                   \
        CHECK_MSG(expect_a == expect_e, "%s: \"%s\", expected \"%s\"", #actual,                    \
                  elfin_status_text(expect_a), elfin_status_text(expect_e));                       \
    } while (0)

/* A load that has to succeed: leaves the case otherwise, telling the diagnostic. */
#define LOAD(f, ...)                                                                               \
    do {                                                                                           \
        if (fx_load((f), __VA_ARGS__, NULL) != ELFIN_OK) {                                         \
            char expect_text[512];                                                                 \
            elfin_diag_format(&(f)->diag, expect_text, sizeof expect_text);                        \
            test_fail(__FILE__, __LINE__, "load failed: %s", expect_text);                         \
            longjmp(test_state.leave, 1);                                                          \
        }                                                                                          \
    } while (0)

/* A load that has to fail so, and to leave the space as it was. */
#define LOAD_FAILS(f, expected, ...)                                                               \
    do {                                                                                           \
        struct fx_snapshot expect_before = fx_snapshot(f);                                         \
        STATUS(fx_load((f), __VA_ARGS__, NULL), expected);                                         \
        if ((f)->status != ELFIN_OK) {                                                             \
            STATUS((f)->diag.status, expected);                                                    \
        }                                                                                          \
        NO_COMPLAINT(fx_compare((f), &expect_before));                                             \
    } while (0)

/* An input for fx_load_inputs out of a blob. */
#define INPUT(blob, name_of_file)                                                                  \
    {                                                                                              \
        .data = (blob).data, .size = (blob).size, .file = (name_of_file)                           \
    }

/* The diagnostic names both: one as file, the other as the other party, in either order. */
static inline bool expect_names(const elfin_diag *diag, const char *one, const char *two)
{
    return (strstr(diag->file, one) != NULL && strstr(diag->other, two) != NULL) ||
           (strstr(diag->file, two) != NULL && strstr(diag->other, one) != NULL);
}

/* Was a problem of this status about this symbol reported? */
static inline bool expect_reported(const struct fixture *f, elfin_status status, const char *symbol)
{
    for (size_t i = 0; i < f->report_count && i < FX_MAX_REPORTS; i++) {
        if (f->reports[i].status == status && strcmp(f->reports[i].symbol, symbol) == 0) {
            return true;
        }
    }
    return false;
}

#endif
