/* SPDX-License-Identifier: MIT */
/* Sound files of a kind that is not supported: each is told by name, in words of its own. */
#include "tests/lib/expect.h"

/* What must appear in the message, besides the status' own text. */
static void expect(struct blob object, elfin_status status, const char *words, const char *hint)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct fx_snapshot before = fx_snapshot(f);
    char text[1024];

    REQUIRE(object.data != NULL);
    STATUS(fx_load_blob(f, "kind.o", object), status);
    STATUS(f->diag.status, status);
    elfin_diag_format(&f->diag, text, sizeof text);
    CHECK_MSG(strstr(text, words) != NULL, "no \"%s\" in: %s", words, text);
    CHECK_MSG(strstr(elfin_diag_hint(&f->diag), hint) != NULL, "no \"%s\" in hint: %s", hint,
              elfin_diag_hint(&f->diag));
    NO_COMPLAINT(fx_compare(f, &before));
    free(object.data);
    END(f);
}

static struct blob with_type(unsigned type)
{
    struct blob object = toy("fn f 1");

    blob_set(&object, offsetof(Elf64_Ehdr, e_type), 2, type);
    return object;
}

static void an_empty_file(void)
{
    expect((struct blob){ xmalloc(0), 0 }, ELFIN_ERR_TRUNCATED, "empty", "");
}

static void a_text_file(void)
{
    expect(fx_file("Makefile"), ELFIN_ERR_NOT_ELF, "ELF", "");
}

static void a_short_text(void)
{
    struct blob text = { xmalloc(3), 3 };

    memcpy(text.data, "hi\n", 3);
    expect(text, ELFIN_ERR_NOT_ELF, "ELF", "");
}

static void an_executable(void)
{
    expect(with_type(ET_EXEC), ELFIN_ERR_TYPE, "executable", "-c");
}

static void a_shared_object(void)
{
    expect(with_type(ET_DYN), ELFIN_ERR_TYPE, "shared", "-c");
    expect(fx_file("/proc/self/exe"), ELFIN_ERR_TYPE, "shared", "-c");
}

static void a_core_dump(void)
{
    expect(with_type(ET_CORE), ELFIN_ERR_TYPE, "core", "");
}

static void a_type_without_name(void)
{
    expect(with_type(0xfe00), ELFIN_ERR_TYPE, "unknown", "");
}

static void a_32_bit_object(void)
{
    struct blob object = toy("fn f 1");

    object.data[EI_CLASS] = ELFCLASS32;
    blob_set(&object, offsetof(Elf64_Ehdr, e_machine), 2, EM_386);
    expect(object, ELFIN_ERR_CLASS, "32-bit", "-m64");
}

static void a_big_endian_object(void)
{
    struct blob object = toy("fn f 1");

    object.data[EI_DATA] = ELFDATA2MSB;
    expect(object, ELFIN_ERR_ENDIAN, "big-endian", "");
}

static void another_machine(void)
{
    /* Both bytes of the number count. */
    static const unsigned machines[] = { EM_AARCH64, EM_RISCV, EM_386, 0x013e, 0x3e00 };

    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        struct blob object = toy("fn f 1");

        blob_set(&object, offsetof(Elf64_Ehdr, e_machine), 2, machines[i]);
        expect(object, ELFIN_ERR_MACHINE, "e_machine", "");
    }
}

static void thread_local_variables(void)
{
    expect(fx_built("tests/objects/tls.o"), ELFIN_ERR_TLS, "thread-local", "");
}

static void an_object_without_machine_code(void)
{
    expect(fx_built("tests/objects/lto.o"), ELFIN_ERR_TYPE, "intermediate form", "");
}

static void constructors_in_the_old_way(void)
{
    struct blob object = fx_built("tests/objects/ctors.o");

    expect(object, ELFIN_ERR_SECTION_KIND, ".ctors", "");
}

/* With and without a priority; an empty table asks for nothing. */
static void old_tables_by_name(void)
{
    static const struct {
        const char *name;
        size_t size;
        elfin_status status;
    } rows[] = {
        { ".ctors", 8, ELFIN_ERR_SECTION_KIND },
        { ".dtors", 8, ELFIN_ERR_SECTION_KIND },
        { ".ctors.65435", 8, ELFIN_ERR_SECTION_KIND },
        { ".dtors.1", 8, ELFIN_ERR_SECTION_KIND },
        { ".ctors", 0, ELFIN_OK },
        { ".ctorset", 8, ELFIN_OK },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture *f = fx_new(FAKE_INVENTED);
        struct elf_builder *eb = xmalloc(sizeof *eb);
        struct blob object;

        eb_init(eb);
        eb_section(eb, rows[i].name, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, rows[i].size, 8);
        object = eb_finish(eb);
        CHECK_MSG(fx_load_blob(f, "a.o", object) == rows[i].status, "%s: %s", rows[i].name,
                  elfin_status_text(f->status));
        free(object.data);
        free(eb);
        END(f);
    }
}

/* Compressed debug information is none of the loader's business. */
static void compressed_sections_that_are_not_loaded(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object;

    eb_init(eb);
    eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1, 16);
    eb_section(eb, ".debug_info", SHT_PROGBITS, SHF_COMPRESSED, NULL, 100, 1);
    object = eb_finish(eb);
    STATUS(fx_load_blob(f, "a.o", object), ELFIN_OK);
    free(object.data);
    free(eb);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(an_empty_file),
    TEST_CASE(a_text_file),
    TEST_CASE(a_short_text),
    TEST_CASE(an_executable),
    TEST_CASE(a_shared_object),
    TEST_CASE(a_core_dump),
    TEST_CASE(a_type_without_name),
    TEST_CASE(a_32_bit_object),
    TEST_CASE(a_big_endian_object),
    TEST_CASE(another_machine),
    TEST_CASE(thread_local_variables),
    TEST_CASE(an_object_without_machine_code),
    TEST_CASE(constructors_in_the_old_way),
    TEST_CASE(old_tables_by_name),
    TEST_CASE(compressed_sections_that_are_not_loaded),
};

TEST_MAIN("kinds", cases)
