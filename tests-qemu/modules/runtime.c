/* SPDX-License-Identifier: MIT */
/*
 * Compiler-runtime helpers and the part of the C library: each function returns 0 or the number of
 * the first line that is wrong. The values are those of the C standard, checked by the same source
 * as a program of the build machine (-DNATIVE).
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <stdint.h>

#ifndef NATIVE
#include <elfin/efi.h>
#endif

typedef __int128 int128;
typedef unsigned __int128 uint128;

int __popcountdi2(uint64_t a);
int __clzdi2(uint64_t a);
int __ctzdi2(uint64_t a);
int __paritydi2(uint64_t a);
int __ffsdi2(uint64_t a);
uint64_t __bswapdi2(uint64_t a);
uint32_t __bswapsi2(uint32_t a);
int128 __ashlti3(int128 a, int count);
int128 __ashrti3(int128 a, int count);
int128 __lshrti3(int128 a, int count);
int128 __multi3(int128 a, int128 b);

int wrong_helpers(void);
int wrong_division(void);
int wrong_strings(void);
int wrong_print(void);
int wrong_streams(void);
int wrong_memory(void);

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return __LINE__;                                                                       \
    } while (0)

int wrong_helpers(void)
{
    uint64_t x = UINT64_C(0x00f0123456789abc);

    EXPECT(__popcountdi2(x) == 26);
    EXPECT(__popcountdi2(UINT64_MAX) == 64 && __popcountdi2(0) == 0);
    EXPECT(__clzdi2(x) == 8 && __ctzdi2(x) == 2);
    EXPECT(__paritydi2(7) == 1 && __paritydi2(x) == 0);
    EXPECT(__ffsdi2(0) == 0 && __ffsdi2(x) == 3);
    EXPECT(__bswapdi2(x) == UINT64_C(0xbc9a78563412f000));
    EXPECT(__bswapsi2(0x12345678) == 0x78563412);
    EXPECT(__ashlti3(3, 100) >> 100 == 3);
    EXPECT(__ashrti3(-((int128)1 << 100), 99) == -2);
    EXPECT(__lshrti3(-1, 127) == 1);
    EXPECT((uint64_t)(__multi3(-3, (int128)1 << 70) >> 70) == (uint64_t)-3);
    return 0;
}

static volatile uint128 dividends[] = {
    0,
    1,
    1000,
    UINT64_MAX,
    (uint128)1 << 64,
    ((uint128)0x123456789abcdef << 64) + 12345,
    ~(uint128)0,
    (uint128)1 << 127,
    ((uint128)1 << 127) - 1,
};

/* Quotient times divisor plus rest is the dividend, and the rest is smaller: that is division. */
int wrong_division(void)
{
    enum {
        COUNT = sizeof(dividends) / sizeof(dividends[0])
    };

    for (int i = 0; i < COUNT; i++) {
        for (int j = 1; j < COUNT; j++) {
            uint128 a = dividends[i], b = dividends[j], q = a / b, r = a % b;
            int128 sa = (int128)a, sb = (int128)b, sq, sr;
            EXPECT(q * b + r == a && r < b);
            if (sb == -1)
                continue;
            sq = sa / sb;
            sr = sa % sb;
            EXPECT((uint128)sq * (uint128)sb + (uint128)sr == (uint128)sa);
            EXPECT(sr == 0 || (sr < 0) == (sa < 0));
            EXPECT((sr < 0 ? -(uint128)sr : (uint128)sr) < (sb < 0 ? -(uint128)sb : (uint128)sb));
        }
    }
    return 0;
}

/* The compiler must not know what it would be comparing. */
static const char *volatile fox = "the quick brown fox";

int wrong_strings(void)
{
    char buffer[40];
    const char *s = fox;

    EXPECT(strlen(s) == 19 && strnlen(s, 5) == 5);
    EXPECT(strcmp(s, "the quick") > 0 && strcmp("a", s) < 0 && strcmp(s, fox) == 0);
    EXPECT(strncmp(s, "the slow", 4) == 0 && strncmp(s, "the slow", 5) < 0);
    EXPECT(strchr(s, 'q') == s + 4 && strchr(s, 'z') == NULL && *strchr(s, 0) == 0);
    EXPECT(strrchr(s, 'o') == s + 17 && strrchr(s, 'z') == NULL);
    EXPECT(memchr(s, 'k', 9) == s + 8 && memchr(s, 'k', 8) == NULL);
    EXPECT(bcmp(s, fox, 19) == 0 && bcmp(s, "the quicker", 11) != 0);
    EXPECT(stpcpy(buffer, s) == buffer + 19 && strcmp(buffer, s) == 0);
    strcpy(buffer, s);
    strcat(buffer, "es");
    EXPECT(strcmp(buffer, "the quick brown foxes") == 0);
    memset(buffer, 1, sizeof(buffer));
    strncpy(buffer, "abc", 6);
    EXPECT(memcmp(buffer, "abc\0\0\0\1", 7) == 0);
    memmove(buffer + 1, buffer, 3);
    EXPECT(memcmp(buffer, "aabc", 4) == 0);
    return 0;
}

static int format(char *buffer, size_t size, const char *text, ...)
{
    va_list args;
    int length;

    va_start(args, text);
    length = vsnprintf(buffer, size, text, args);
    va_end(args);
    return length;
}

int wrong_print(void)
{
    char buffer[40];

    EXPECT(snprintf(buffer, sizeof(buffer), "%d|%5u|%-4x|%08lx", -3, 42U, 0xfeU, 0xbeefUL) == 22);
    EXPECT(strcmp(buffer, "-3|   42|fe  |0000beef") == 0);
    EXPECT(format(buffer, 6, "%s", fox) == 19 && strcmp(buffer, "the q") == 0);
    EXPECT(sprintf(buffer, "%c%%%.3s", 'x', fox) == 5 && strcmp(buffer, "x%the") == 0);
    EXPECT(printf("printf %llu\n", 1ULL << 40) == 21);
    EXPECT(puts("puts") >= 0 && putchar('\n') == '\n');
    return 0;
}

int wrong_streams(void)
{
    EXPECT(fprintf(stdout, "%s, %d\n", fox, 5) == 23);
    EXPECT(fputs("fputs ", stderr) >= 0 && fputc('c', stderr) == 'c' && putc('\n', stderr) == '\n');
    EXPECT(fwrite("fwrite\n", 1, 7, stdout) == 7 && fflush(stdout) == 0 && !ferror(stdout));
    for (int c = 0; c < 128; c++) {
        int upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z',
            digit = c >= '0' && c <= '9';
        EXPECT(!isupper(c) == !upper && !islower(c) == !lower && !isdigit(c) == !digit);
        EXPECT(!isalpha(c) == !(upper || lower) && !isalnum(c) == !(upper || lower || digit));
        EXPECT(!isspace(c) == !(c == ' ' || (c >= 9 && c <= 13)) &&
               !iscntrl(c) == !(c < 32 || c == 127));
        EXPECT(!isgraph(c) == !(c > 32 && c < 127) && !isprint(c) == !(c >= 32 && c < 127));
        EXPECT(!isblank(c) == !(c == ' ' || c == '\t') &&
               !ispunct(c) == !(isgraph(c) && !isalnum(c)));
        EXPECT(!isxdigit(c) == !(digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
    }
#ifndef NATIVE
    EXPECT(fopen("nowhere", "r") == NULL && errno == ENOSYS && fgetc(stdin) == EOF);
#endif
    return 0;
}

int wrong_memory(void)
{
    unsigned char *a = malloc(100), *b = calloc(10, 100), *c;

    EXPECT(a != NULL && b != NULL && a != b && (uintptr_t)a % 16 == 0 && (uintptr_t)b % 16 == 0);
    for (int i = 0; i < 1000; i++)
        EXPECT(b[i] == 0);
    memset(a, 7, 100);
    c = realloc(a, 100000);
    EXPECT(c != NULL && c[0] == 7 && c[99] == 7);
    free(c);
    free(b);
    free(NULL);
    a = calloc((size_t)fox[0] << 57, 1024); /* overflows */
    EXPECT(a == NULL);
#ifndef NATIVE
    a = elfin_pages_alloc(4, 1 << 16, 0x100000, 0xfffffff);
    EXPECT(a != NULL && (uintptr_t)a % (1 << 16) == 0 && (uintptr_t)a + 4 * 4096 <= 0x10000000);
    memset(a, 1, 4 * 4096);
    elfin_pages_free(a, 4);
    EXPECT(elfin_pages_alloc(UINT64_MAX / 2, 0, 0, UINT64_MAX) == NULL);
    EXPECT(elfin_timestamp_frequency() > 1000000);
    EXPECT(elfin_timestamp() != elfin_timestamp());
    EXPECT(*(uint64_t *)elfin_system_table == UINT64_C(0x5453595320494249)); /* "IBI SYST" */
    EXPECT(elfin_image_handle != NULL);
#endif
    return 0;
}

#ifdef NATIVE
int main(void)
{
    return wrong_helpers() || wrong_division() || wrong_strings() || wrong_print() ||
           wrong_streams() || wrong_memory();
}
#endif
