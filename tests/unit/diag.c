/* SPDX-License-Identifier: MIT */
/* Texts: every status and phase has one, and a diagnostic can be printed into any buffer. */
#include "tests/lib/expect.h"

static void every_status_has_its_own_text(void)
{
    for (int i = 0; i < ELFIN_STATUS_COUNT; i++) {
        const char *text = elfin_status_text((elfin_status)i);

        REQUIRE(text != NULL);
        CHECK(text[0] != '\0');
        CHECK(strcmp(text, "unknown status") != 0);
        for (int j = 0; j < i; j++) {
            CHECK_MSG(strcmp(text, elfin_status_text((elfin_status)j)) != 0, "twice: %s", text);
        }
    }
    CHECK_STR(elfin_status_text(ELFIN_STATUS_COUNT), "unknown status");
    CHECK_STR(elfin_status_text((elfin_status)0x7fffffff), "unknown status");
}

static void every_phase_has_a_name(void)
{
    for (int i = 0; i < ELFIN_PHASE_COUNT; i++) {
        REQUIRE(elfin_phase_name((elfin_phase)i) != NULL);
    }
    REQUIRE(elfin_phase_name(ELFIN_PHASE_COUNT) != NULL);
    CHECK_STR(elfin_phase_name(ELFIN_PHASE_RESOLVE), "resolve");
}

static void formatting_is_bounded(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    char whole[1024];
    size_t wanted;

    STATUS(fx_load(f, "some-file.o", "call g missing_function", NULL), ELFIN_ERR_UNDEFINED);
    wanted = elfin_diag_format(&f->diag, whole, sizeof whole);
    REQUIRE(wanted < sizeof whole);
    CHECK_EQ(wanted, strlen(whole));
    CHECK_MSG(strstr(whole, "missing_function") != NULL && strstr(whole, "some-file.o") != NULL,
              "%s", whole);
    CHECK(whole[wanted - 1] != '\n');
    CHECK_EQ(elfin_diag_format(&f->diag, NULL, 0), wanted);
    for (size_t size = 1; size <= wanted + 1; size++) {
        /* Exactly sized: the sanitizer sees one byte too many. */
        char *part = xmalloc(size);

        CHECK_EQ(elfin_diag_format(&f->diag, part, size), wanted);
        CHECK_EQ(strlen(part), size - 1);
        CHECK_MEM(part, whole, size - 1);
        free(part);
    }
    END(f);
}

/* A name of any length, with any bytes, neither overflows nor garbles a diagnostic. */
static void hostile_names_are_bounded_copies(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object;
    char file[600], text[2048];
    size_t name_at;

    object = toy_build(eb, "call g nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn");
    name_at = eb->sections[eb->strtab].header.sh_offset +
              eb->symbols[toy_symbol(eb, "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn")]
                  .symbol.st_name;
    for (size_t i = 0; i < 40; i++) {
        object.data[name_at + i] = (uint8_t)(i < 32 ? i + 1 : 0x80 + 3 * i);
    }
    memset(file, 'x', sizeof file);
    file[sizeof file - 1] = '\0';
    STATUS(fx_load_blob(f, file, object), ELFIN_ERR_UNDEFINED);
    CHECK(memchr(f->diag.file, 0, sizeof f->diag.file) != NULL);
    CHECK(memchr(f->diag.symbol, 0, sizeof f->diag.symbol) != NULL);
    elfin_diag_format(&f->diag, text, sizeof text);
    for (const char *c = text; *c != '\0'; c++) {
        CHECK_MSG(((unsigned char)*c >= 0x20 || *c == '\n') && (unsigned char)*c != 0x7f,
                  "control character 0x%02x in the text", (unsigned char)*c);
    }
    free(object.data);
    free(eb);
    END(f);
}

static char logged[256];
static unsigned log_lines;

static void keep_log(void *ctx, const char *text)
{
    (void)ctx;
    log_lines++;
    snprintf(logged, sizeof logged, "%s", text);
}

/* Symbol names reach the host's log, too: one printable line each. */
static void log_lines_are_printable(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    f->fake.host.log = keep_log;
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    log_lines = 0;
    LOAD(f, "a.o", "abs x\033[2Jy\177\200z 1");
    CHECK_EQ(log_lines, 0);
    LOAD(f, "b.o", "abs x\033[2Jy\177\200z 2");
    CHECK_EQ(log_lines, 1);
    CHECK_MSG(strstr(logged, "x?[2Jy??z") != NULL, "%s", logged);
    for (const char *c = logged; *c != '\0'; c++) {
        CHECK_MSG(*c >= ' ' && *c <= '~', "character 0x%02x in the log", (unsigned char)*c);
    }
    END(f);
}

static void a_successful_load_may_go_without_diagnostics(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct blob good = toy("fn f 1"), bad = toy("call f nowhere");
    elfin_input inputs[2] = { INPUT(good, "a.o"), INPUT(bad, "b.o") };
    elfin_group *group = NULL;

    STATUS(elfin_load(&f->space, inputs, 1, NULL, &group, NULL), ELFIN_OK);
    STATUS(elfin_load(&f->space, inputs + 1, 1, NULL, &group, NULL), ELFIN_ERR_UNDEFINED);
    STATUS(elfin_unload(&f->space, group, NULL, NULL, NULL), ELFIN_OK);
    free(good.data);
    free(bad.data);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(every_status_has_its_own_text),
    TEST_CASE(every_phase_has_a_name),
    TEST_CASE(formatting_is_bounded),
    TEST_CASE(hostile_names_are_bounded_copies),
    TEST_CASE(log_lines_are_printable),
    TEST_CASE(a_successful_load_may_go_without_diagnostics),
};

TEST_MAIN("diag", cases)
