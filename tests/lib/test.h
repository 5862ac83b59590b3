/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

/*
 * What every C test program uses. A program is a table of cases:
 *
 *     static void adds(void)
 *     {
 *         CHECK_EQ(1 + 1, 2);
 *     }
 *
 *     static const struct test_case cases[] = { TEST_CASE(adds) };
 *     TEST_MAIN("arithmetic", cases)
 *
 * For each case it prints "ok arithmetic.adds" or "not ok arithmetic.adds: file:line: what failed",
 * and it exits 0 or 1. With words on the command line only the cases so named run.
 *
 * CHECK notes a failure and goes on; REQUIRE leaves the case. Both may stand in any function that a
 * case calls. TEST_SEED in the environment replaces the fixed seed of test_random.
 *
 * One translation unit per program includes this file.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test_case {
    const char *name;
    void (*run)(void);
};

#define TEST_CASE(function)                                                                        \
    {                                                                                              \
#function, function                                                                        \
    }

#define TEST_MAIN(suite, cases)                                                                    \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return test_run_all(suite, cases, sizeof(cases) / sizeof((cases)[0]), argc, argv);         \
    }

/* The first failure of the running case is its reason; of the others only the number is told. */
struct test_state {
    jmp_buf leave;
    unsigned long failures;
    char reason[512];
    uint64_t random;
};

static struct test_state test_state;

__attribute__((format(printf, 3, 4))) static inline void test_fail(const char *file, int line,
                                                                   const char *format, ...)
{
    if (test_state.failures++ > 0)
        return;
    int used = snprintf(test_state.reason, sizeof(test_state.reason), "%s:%d: ", file, line);
    if (used < 0 || (size_t)used >= sizeof(test_state.reason))
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(test_state.reason + used, sizeof(test_state.reason) - (size_t)used, format, args);
    va_end(args);
}

static inline bool test_equal_strings(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

#define CHECK(condition) ((condition) ? (void)0 : test_fail(__FILE__, __LINE__, "%s", #condition))

/* With a printf text of one's own. */
#define CHECK_MSG(condition, ...)                                                                  \
    ((condition) ? (void)0 : test_fail(__FILE__, __LINE__, __VA_ARGS__))

/* Integers of any type; the values are told. */
#define CHECK_EQ(actual, expected)                                                                 \
    do {                                                                                           \
        uint64_t test_a = (uint64_t)(actual), test_e = (uint64_t)(expected);                       \
        CHECK_MSG(test_a == test_e, "%s is 0x%llx (%lld), expected 0x%llx (%lld)", #actual,        \
                  (unsigned long long)test_a, (long long)test_a, (unsigned long long)test_e,       \
                  (long long)test_e);                                                              \
    } while (0)

#define CHECK_STR(actual, expected)                                                                \
    do {                                                                                           \
        const char *test_a = (actual), *test_e = (expected);                                       \
        CHECK_MSG(test_equal_strings(test_a, test_e), "%s is \"%s\", expected \"%s\"", #actual,    \
                  test_a == NULL ? "(null)" : test_a, test_e == NULL ? "(null)" : test_e);         \
    } while (0)

#define CHECK_MEM(actual, expected, size)                                                          \
    CHECK_MSG(memcmp(actual, expected, size) == 0, "%s differs from %s", #actual, #expected)

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            test_fail(__FILE__, __LINE__, "%s", #condition);                                       \
            longjmp(test_state.leave, 1);                                                          \
        }                                                                                          \
    } while (0)

/* For long random runs: stop at the first difference instead of piling up more of them. */
#define REQUIRE_NO_FAILURE()                                                                       \
    do {                                                                                           \
        if (test_state.failures > 0)                                                               \
            longjmp(test_state.leave, 1);                                                          \
    } while (0)

/* Reproducible random numbers (splitmix64); each case starts from the seed. */
static inline uint64_t test_random(void)
{
    uint64_t z = test_state.random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 to bound - 1. */
static inline uint64_t test_random_below(uint64_t bound)
{
    return test_random() % bound;
}

static inline bool test_selected(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return true;
    }
    return argc < 2;
}

/* Apart from the loop over the cases, so that no variable lives across setjmp. */
static inline void test_run_case(const struct test_case *test)
{
    const char *seed = getenv("TEST_SEED");

    test_state.random = seed != NULL ? strtoull(seed, NULL, 0) : 1;
    test_state.failures = 0;
    test_state.reason[0] = '\0';
    if (setjmp(test_state.leave) == 0)
        test->run();
}

static inline int test_run_all(const char *suite, const struct test_case *cases, size_t count,
                               int argc, char **argv)
{
    int status = 0;
    size_t ran = 0;

    /* A sanitizer's abort must not take the lines before it along. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < count; i++) {
        if (!test_selected(cases[i].name, argc, argv))
            continue;
        ran++;
        test_run_case(&cases[i]);
        if (test_state.failures == 0) {
            printf("ok %s.%s\n", suite, cases[i].name);
            continue;
        }
        status = 1;
        printf("not ok %s.%s: %s", suite, cases[i].name, test_state.reason);
        if (test_state.failures > 1)
            printf(" (and %lu more)", test_state.failures - 1);
        printf("\n");
    }
    if (ran == 0) {
        printf("not ok %s: no such case\n", suite);
        status = 1;
    }
    return status;
}

#endif
