/* SPDX-License-Identifier: MIT */
/* Archives whose symbol index lies. */
#include "tests/evil/archive.h"

/* The words of the index are big-endian. */
static void set_index_word(struct blob *archive, size_t word, uint32_t value)
{
    size_t at = ar.index_offset + AR_HEADER + 4 * word;

    for (size_t i = 0; i < 4; i++) {
        archive->data[at + i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static void expect_word(size_t word, uint32_t value, elfin_status expected)
{
    struct blob archive = good(false);

    f = fx_new(FAKE_INVENTED);
    set_index_word(&archive, word, value);
    STATUS(load(archive), expected);
    END(f);
}

static void index_count_too_large(void)
{
    expect_word(0, 3, ELFIN_ERR_ARCHIVE);
    expect_word(0, 0xffffffff, ELFIN_ERR_ARCHIVE);
    expect_word(0, 0x40000001, ELFIN_ERR_ARCHIVE);
}

static void index_offset_outside(void)
{
    expect_word(1, 0xfffffffe, ELFIN_ERR_ARCHIVE);
    expect_word(1, 0x7fffffff, ELFIN_ERR_ARCHIVE);
}

static void index_offset_not_at_a_member(void)
{
    expect_word(1, 0, ELFIN_ERR_ARCHIVE);
    free(good(false).data); /* for the offsets */
    expect_word(1, (uint32_t)ar.members[0].offset + 2, ELFIN_ERR_ARCHIVE);
}

static void index_that_promises_too_much(void)
{
    struct blob archive = good(false);

    /* "one" is said to be in the second member, which does not define it. */
    f = fx_new(FAKE_INVENTED);
    set_index_word(&archive, 1, (uint32_t)ar.members[1].offset);
    STATUS(load(archive), ELFIN_ERR_UNDEFINED);
    CHECK_STR(f->diag.symbol, "one");
    END(f);
}

static void index_names_unterminated(void)
{
    struct blob archive = good(false);
    size_t names = ar.index_offset + AR_HEADER + 12;

    f = fx_new(FAKE_INVENTED);
    memset(archive.data + names, 'x', ar.names_offset - names);
    STATUS(load(archive), ELFIN_ERR_ARCHIVE);
    END(f);
}

/* An archive that ends with its index: what is read too far lies outside the buffer. */
static void expect_index(const char *bytes, size_t size)
{
    struct blob archive = { xmalloc(8 + AR_HEADER + size), 8 + AR_HEADER + size };
    char header[AR_HEADER + 1];

    snprintf(header, sizeof header, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", "/", 0, 0, 0, "644", size);
    memcpy(archive.data, "!<arch>\n", 8);
    memcpy(archive.data + 8, header, AR_HEADER);
    memcpy(archive.data + 8 + AR_HEADER, bytes, size);
    f = fx_new(FAKE_INVENTED);
    STATUS(load(archive), ELFIN_ERR_ARCHIVE);
    END(f);
}

static void index_at_the_end_of_the_file(void)
{
    expect_index("", 0);
    expect_index("\0\0\0", 3);
    expect_index("\0\0\0\1\0\0\0\104", 8);
    expect_index("\0\0\0\1\0\0\0\104one", 11);
    expect_index("\0\0\0\2\0\0\0\104\0\0\0\104one", 16);
}

static const struct test_case cases[] = {
    TEST_CASE(index_count_too_large),        TEST_CASE(index_offset_outside),
    TEST_CASE(index_offset_not_at_a_member), TEST_CASE(index_that_promises_too_much),
    TEST_CASE(index_names_unterminated),     TEST_CASE(index_at_the_end_of_the_file),
};

TEST_MAIN("evil_archive_index", cases)
