/* SPDX-License-Identifier: MIT */
/* Looking at an object without loading it. */
#include "tests/lib/ar_builder.h"
#include "tests/lib/expect.h"

struct seen {
    char imports[256], definitions[256], relocations[256], sections[256];
    uint32_t demands;
    char reasons[256];
};

static void add(char *list, const char *format, const char *name, unsigned long long number)
{
    size_t used = strlen(list);

    snprintf(list + used, 256 - used, format, name, number);
}

static void see_section(void *ctx, uint32_t index, const char *name, elfin_part part, uint64_t size)
{
    (void)index;
    (void)size;
    add(((struct seen *)ctx)->sections, "%s:%llu ", name, (unsigned long long)part);
}

static void see_import(void *ctx, const char *name, bool weak)
{
    add(((struct seen *)ctx)->imports, "%s:%llu ", name, weak);
}

static void see_definition(void *ctx, const char *name, bool weak, bool exported)
{
    add(((struct seen *)ctx)->definitions, "%s:%llu ", name, (weak ? 2u : 0u) + exported);
}

static void see_type(void *ctx, const char *name, uint64_t count)
{
    add(((struct seen *)ctx)->relocations, "%s:%llu ", name, count);
}

static void see_demand(void *ctx, uint32_t demand, const elfin_diag *reason)
{
    struct seen *seen = ctx;

    seen->demands |= demand;
    add(seen->reasons, "%s:%llu ", reason->symbol, demand);
}

static elfin_status inspect(const char *text, struct seen *seen, elfin_inspection *out,
                            elfin_diag *diag)
{
    struct fake_host *fake = xmalloc(sizeof *fake);
    struct blob object = toy(text);
    elfin_input input = INPUT(object, "dir/a.o");
    elfin_inspector inspector = { seen,       see_section, see_import, see_definition, see_type,
                                  see_demand, NULL,        NULL,       NULL,           NULL };
    elfin_status status;

    memset(seen, 0, sizeof *seen);
    fake_host_init(fake, FAKE_INVENTED);
    status = elfin_inspect(&fake->host, &input, &inspector, out, diag);
    CHECK_EQ(fake->live_bytes, 0);
    CHECK_EQ(fake_host_count(fake, FAKE_PROTECT) + fake_host_count(fake, FAKE_CALL) +
                 fake_host_count(fake, FAKE_RESOLVE),
             0);
    CHECK_MSG(fake->violations == 0, "%s", fake->violation);
    fake_host_fini(fake);
    free(fake);
    free(object.data);
    return status;
}

static void everything_is_told(void)
{
    struct seen seen;
    elfin_inspection out;
    elfin_diag diag;

    STATUS(inspect("module hello; fn f 1; weak fn w 2; hidden fn h 3; call c ext; weak undef v; "
                   "addr a v; addr b ext; ptr p f; ro r 1; bss z 100; ctor 1",
                   &seen, &out, &diag),
           ELFIN_OK);
    CHECK_STR(out.name, "hello");
    CHECK_STR(seen.imports, "ext:0 v:1 trace:0 ");
    CHECK_EQ(out.imports, 3);
    CHECK(strstr(seen.definitions, "f:1 ") != NULL);
    CHECK(strstr(seen.definitions, "w:3 ") != NULL);
    CHECK(strstr(seen.definitions, "h:0 ") != NULL);
    CHECK(strstr(seen.relocations, "R_X86_64_PLT32:2 ") != NULL);
    CHECK(strstr(seen.relocations, "R_X86_64_REX_GOTPCRELX:2 ") != NULL);
    CHECK(strstr(seen.relocations, "R_X86_64_64:2 ") != NULL);
    CHECK(strstr(seen.sections, ".text:0 ") != NULL);
    CHECK(strstr(seen.sections, ".rodata:1 ") != NULL);
    CHECK(strstr(seen.sections, ".bss:3 ") != NULL);
    CHECK_EQ(out.relocations, 6);
    CHECK_EQ(out.demands, 0);
    CHECK(out.slots >= 2);
    CHECK(out.stubs >= 1);
    CHECK(out.part_size[ELFIN_PART_DATA] >= 108);
}

static void demands_have_a_reason(void)
{
    struct seen seen;
    elfin_inspection out;
    elfin_diag diag;

    STATUS(inspect("mov32 a x; mov32s b y; lea c ext; var x 1; var y 2", &seen, &out, &diag),
           ELFIN_OK);
    CHECK_EQ(out.demands,
             ELFIN_DEMAND_LOW_4G | ELFIN_DEMAND_LOW_OR_TOP_2G | ELFIN_DEMAND_NEAR_IMPORTS);
    CHECK_EQ(seen.demands, out.demands);
    CHECK(strstr(seen.reasons, "x:1 ") != NULL);
    CHECK(strstr(seen.reasons, "y:2 ") != NULL);
    CHECK(strstr(seen.reasons, "ext:4 ") != NULL);
}

static void an_object_need_not_link(void)
{
    struct seen seen;
    elfin_inspection out;
    elfin_diag diag;

    STATUS(inspect("call a nowhere; needs nobody; hidden undef x; call b x", &seen, &out, &diag),
           ELFIN_OK);
    CHECK_EQ(out.imports, 2);
}

/* Of several problems the first is the one that is returned. */
static void the_status_is_that_of_the_diagnostic(void)
{
    struct fake_host *fake = xmalloc(sizeof *fake);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object;
    elfin_inspection out;
    elfin_diag diag;

    eb_init(eb);
    eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1, 16);
    eb_symbol(eb, "twice", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0, 1);
    eb_symbol(eb, "twice", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0, 1);
    eb_rela(eb, 1, 0, R_X86_64_NUM + 1, -1, 0);
    object = eb_finish(eb);
    fake_host_init(fake, FAKE_INVENTED);
    {
        elfin_input input = INPUT(object, "a.o");

        STATUS(elfin_inspect(&fake->host, &input, NULL, &out, &diag), ELFIN_ERR_DUPLICATE);
        STATUS(diag.status, ELFIN_ERR_DUPLICATE);
        CHECK_STR(diag.symbol, "twice");
    }
    CHECK_EQ(fake->live_bytes, 0);
    free(object.data);
    free(eb);
    free(fake);
}

static void nothing_is_written_on_failure(void)
{
    struct fake_host *fake = xmalloc(sizeof *fake);
    elfin_input input = { .data = "\177ELF", .size = 4, .file = "a.o" };
    elfin_inspection out;
    elfin_diag diag;

    fake_host_init(fake, FAKE_INVENTED);
    memset(&out, 0x77, sizeof out);
    STATUS(elfin_inspect(&fake->host, &input, NULL, &out, &diag), ELFIN_ERR_TRUNCATED);
    STATUS(diag.status, ELFIN_ERR_TRUNCATED);
    for (size_t i = 0; i < sizeof out; i++) {
        CHECK_EQ(((unsigned char *)&out)[i], 0x77);
    }
    CHECK_EQ(fake->live_bytes, 0);
    free(fake);
}

static void bad_arguments_are_refused(void)
{
    struct fake_host *fake = xmalloc(sizeof *fake);
    struct blob object = toy("fn f 1");
    elfin_input input = INPUT(object, "a.o");
    elfin_inspection out;
    elfin_diag diag;

    fake_host_init(fake, FAKE_INVENTED);
    STATUS(elfin_inspect(NULL, &input, NULL, &out, &diag), ELFIN_ERR_ARGUMENT);
    STATUS(diag.status, ELFIN_ERR_ARGUMENT);
    STATUS(elfin_inspect(&fake->host, NULL, NULL, &out, NULL), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_inspect(&fake->host, &input, NULL, NULL, &diag), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_inspect(&fake->host, &input, NULL, &out, NULL), ELFIN_OK);
    free(object.data);
    free(fake);
}

static const struct test_case cases[] = {
    TEST_CASE(bad_arguments_are_refused),     TEST_CASE(everything_is_told),
    TEST_CASE(demands_have_a_reason),         TEST_CASE(an_object_need_not_link),
    TEST_CASE(nothing_is_written_on_failure), TEST_CASE(the_status_is_that_of_the_diagnostic),
};

TEST_MAIN("inspect", cases)
