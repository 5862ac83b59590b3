/* SPDX-License-Identifier: MIT */
/* Damaged archives: one wrong field in a good one, each with its diagnostic. */
#include "tests/evil/archive.h"

/* Offsets in a member header (ar(5)). */
enum {
    AR_NAME = 0,
    AR_SIZE = 48,
    AR_MAGIC = 58
};

static void put_text(struct blob *archive, size_t at, const char *text)
{
    memcpy(archive->data + at, text, strlen(text));
}

/* One field of text, one diagnostic. */
static void expect_text(size_t (*place)(void), const char *text, elfin_status expected)
{
    for (int odd = 0; odd < 2; odd++) {
        struct blob archive = good(false);

        f = fx_new(FAKE_INVENTED);
        f->odd = odd != 0;
        put_text(&archive, place(), text);
        STATUS(load(archive), expected);
        if (expected != ELFIN_OK && f->status == expected) {
            CHECK_MSG(strncmp(f->diag.file, "lib.a", 5) == 0, "file \"%s\"", f->diag.file);
        }
        END(f);
    }
}

static void unchanged(void)
{
    for (int wide = 0; wide < 2; wide++) {
        f = fx_new(FAKE_INVENTED);
        STATUS(load(good(wide != 0)), ELFIN_OK);
        CHECK(elfin_find_module(&f->space, "lib.a(a-rather-long-name.o)") != NULL);
        END(f);
    }
}

static size_t magic(void)
{
    return 0;
}

static size_t index_size(void)
{
    return ar.index_offset + AR_SIZE;
}

static size_t names_size(void)
{
    return ar.names_offset + AR_SIZE;
}

static size_t names_end(void)
{
    /* The "/\n" behind the only long name. */
    return ar.names_offset + AR_HEADER + strlen("a-rather-long-name.o");
}

static size_t first_size(void)
{
    return ar.members[0].offset + AR_SIZE;
}

static size_t first_magic(void)
{
    return ar.members[0].offset + AR_MAGIC;
}

static size_t second_name(void)
{
    return ar.members[1].offset + AR_NAME;
}

static size_t second_size(void)
{
    return ar.members[1].offset + AR_SIZE;
}

static void bad_magic(void)
{
    expect_text(magic, "!<arch>\r", ELFIN_ERR_NOT_ELF);
}

static void thin_archive(void)
{
    expect_text(magic, "!<thin>\n", ELFIN_ERR_ARCHIVE);
}

static void member_without_header_magic(void)
{
    expect_text(first_magic, "x\n", ELFIN_ERR_ARCHIVE);
    expect_text(first_magic, "`x", ELFIN_ERR_ARCHIVE);
}

static void size_not_a_number(void)
{
    expect_text(first_size, "12x       ", ELFIN_ERR_ARCHIVE);
    expect_text(first_size, "          ", ELFIN_ERR_ARCHIVE);
    expect_text(first_size, "-1        ", ELFIN_ERR_ARCHIVE);
}

static void size_outside(void)
{
    expect_text(second_size, "9999999999", ELFIN_ERR_ARCHIVE);
}

static void size_not_to_the_next_header(void)
{
    expect_text(first_size, "10        ", ELFIN_ERR_TRUNCATED);
}

static void index_size_outside(void)
{
    expect_text(index_size, "9999999999", ELFIN_ERR_ARCHIVE);
}

static void index_too_small_for_its_count(void)
{
    expect_text(index_size, "6         ", ELFIN_ERR_ARCHIVE);
}

static void names_size_outside(void)
{
    expect_text(names_size, "9999999999", ELFIN_ERR_ARCHIVE);
}

static void long_name_outside(void)
{
    expect_text(second_name, "/500            ", ELFIN_ERR_ARCHIVE);
    expect_text(second_name, "/99999999999999 ", ELFIN_ERR_ARCHIVE);
}

static void long_name_not_a_number(void)
{
    expect_text(second_name, "/0x             ", ELFIN_ERR_ARCHIVE);
}

/* Its end is the end of the table: bounded, so good enough. */
static void long_name_unterminated(void)
{
    expect_text(names_end, "xx", ELFIN_OK);
}

static void members_tell_their_own_faults(void)
{
    struct blob archive = good(false);

    f = fx_new(FAKE_INVENTED);
    archive.data[ar.members[1].offset + AR_HEADER + EI_CLASS] = ELFCLASS32;
    STATUS(load(archive), ELFIN_ERR_CLASS);
    CHECK_STR(f->diag.file, "lib.a(a-rather-long-name.o)");
    END(f);
}

static void a_member_that_is_no_object(void)
{
    struct blob archive = good(false);

    /* ranlib would not index it; whoever pulls it is told. */
    f = fx_new(FAKE_INVENTED);
    archive.data[ar.members[1].offset + AR_HEADER] = 'T';
    load(archive);
    CHECK_MSG(f->status == ELFIN_ERR_NOT_ELF || f->status == ELFIN_ERR_UNDEFINED, "%s",
              elfin_status_text(f->status));
    END(f);
}

static void empty_archives(void)
{
    struct blob nothing = { xmalloc(8), 8 };

    memcpy(nothing.data, "!<arch>\n", 8);
    f = fx_new(FAKE_INVENTED);
    STATUS(load(nothing), ELFIN_ERR_UNDEFINED);
    CHECK_STR(f->diag.symbol, "one");
    END(f);
}

/* The header that is cut is the fault, not the index that a sound archive of this size would lack.
 */
static void a_first_header_that_is_cut(void)
{
    static const char text[] = "!<arch>\nfoo.o/   garbage";
    struct blob archive = { xmalloc(sizeof text - 1), sizeof text - 1 };

    memcpy(archive.data, text, archive.size);
    f = fx_new(FAKE_INVENTED);
    STATUS(load(archive), ELFIN_ERR_ARCHIVE);
    CHECK_MSG(strstr(elfin_diag_hint(&f->diag), "ranlib") == NULL &&
                  strstr(elfin_diag_detail(&f->diag), "index") == NULL,
              "%s (%s)", elfin_diag_detail(&f->diag), elfin_diag_hint(&f->diag));
    END(f);
}

static bool count_member(void *ctx, const char *name, const void *data, size_t size)
{
    uint8_t sum = (uint8_t)strlen(name);

    /* Every byte that is said to be the member's can be read. */
    for (size_t i = 0; i < size; i++) {
        sum ^= ((const uint8_t *)data)[i];
    }
    *(unsigned *)ctx += sum;
    return true;
}

static void every_prefix_is_safe(void)
{
    struct blob whole = good(false);
    unsigned refused = 0;

    for (size_t size = 0; size < whole.size; size++) {
        struct blob part = blob_copy(whole, size);
        unsigned sums = 0;
        elfin_diag diag;
        elfin_status status =
            elfin_archive_members(part.data, part.size, "lib.a", count_member, &sums, &diag);

        CHECK(status == ELFIN_OK || diag.status == status);
        refused += status != ELFIN_OK;
        f = fx_new(FAKE_INVENTED);
        /* Without its end the second member cannot be what it was; one byte of padding can go. */
        CHECK(load(part) != ELFIN_OK || size + 1 >= whole.size);
        END(f);
    }
    CHECK(refused > whole.size / 2);
    free(whole.data);
}

static void every_changed_byte_is_safe(void)
{
    struct blob whole = good(false);
    unsigned loaded = 0, refused = 0;

    for (size_t at = 0; at < whole.size; at++) {
        static const uint8_t values[] = { 0x00, 0xff, '/', ' ', '9', 0x80 };
        for (size_t i = 0; i < sizeof values; i++) {
            struct blob changed = blob_copy(whole, whole.size);

            changed.data[at] = values[i];
            f = fx_new(FAKE_INVENTED);
            f->options.flags = ELFIN_LOAD_NO_INIT;
            if (load(changed) == ELFIN_OK) {
                loaded++;
            } else {
                refused++;
            }
            END(f);
        }
    }
    printf("# evil_archive: %u changed archives, %u loaded, %u refused\n", loaded + refused, loaded,
           refused);
    CHECK(refused > 1000);
    free(whole.data);
}

static const struct test_case cases[] = {
    TEST_CASE(unchanged),
    TEST_CASE(bad_magic),
    TEST_CASE(thin_archive),
    TEST_CASE(member_without_header_magic),
    TEST_CASE(size_not_a_number),
    TEST_CASE(size_outside),
    TEST_CASE(size_not_to_the_next_header),
    TEST_CASE(index_size_outside),
    TEST_CASE(index_too_small_for_its_count),
    TEST_CASE(names_size_outside),
    TEST_CASE(long_name_outside),
    TEST_CASE(long_name_not_a_number),
    TEST_CASE(long_name_unterminated),
    TEST_CASE(members_tell_their_own_faults),
    TEST_CASE(a_member_that_is_no_object),
    TEST_CASE(empty_archives),
    TEST_CASE(a_first_header_that_is_cut),
    TEST_CASE(every_prefix_is_safe),
    TEST_CASE(every_changed_byte_is_safe),
};

TEST_MAIN("evil_archive", cases)
