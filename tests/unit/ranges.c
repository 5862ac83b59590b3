/* SPDX-License-Identifier: MIT */
/* Where fields of 32 bits let a module lie: addends, ends of the address space, choice. */
#include "tests/lib/expect.h"

#define GIB (UINT64_C(1) << 30)
#define TOP UINT64_C(0xffffffff80000000)

/* The neighbourhood of an import wraps around both ends of the address space. */
static void near_the_ends_of_the_address_space(void)
{
    static const uint64_t places[] = { 0x1000, 0xfffffffffffff000, 0x7ffffff8, 0xffffffff80000008 };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        for (int top = 0; top < 2; top++) {
            struct fixture *f = fx_new(FAKE_INVENTED);
            const elfin_export exports[] = { { "edge", places[i] } };
            const uint8_t *code;
            int32_t field;

            STATUS(fx_export(f, exports, 1), ELFIN_OK);
            f->fake.ignore_near = true;
            f->fake.base = top != 0 ? 0xffffffff80100000 : 0x100000;
            LOAD(f, "a.o", "lea l edge");
            code = fake_host_edit(&f->fake, fx_lookup(f, "l"), 8);
            REQUIRE(code != NULL);
            memcpy(&field, code + 3, 4);
            CHECK_EQ(fx_lookup(f, "l") + 7 + (uint64_t)(int64_t)field, places[i]);
            END(f);
        }
    }
}

static struct fixture *new_with_value(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    const elfin_export exports[] = { { "host_value", 0x555555550000 } };

    STATUS(fx_export(f, exports, 1), ELFIN_OK);
    return f;
}

/* Addends take part in what must be in reach. */
static elfin_status load_addend(struct fixture *f, uint32_t type, int64_t one, int64_t two)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object;
    int text, symbol;

    eb_init(eb);
    text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 64, 16);
    symbol = type == R_X86_64_PC32 ? eb_reference(eb, "host_value")
                                   : eb_symbol(eb, "own", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0,
                                               (unsigned)text, 0, 0);
    eb_rela(eb, text, 8, type, symbol, one);
    eb_rela(eb, text, 16, type, symbol, two);
    object = eb_finish(eb);
    fx_load_blob(f, "a.o", object);
    free(object.data);
    free(eb);
    return f->status;
}

static void unload(struct fixture *f)
{
    REQUIRE(f->status == ELFIN_OK);
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
}

static void addends_narrow_the_reach(void)
{
    struct fixture *f = new_with_value();
    const int64_t gib = (int64_t)GIB;

    STATUS(load_addend(f, R_X86_64_PC32, -gib, gib), ELFIN_OK);
    unload(f);
    STATUS(load_addend(f, R_X86_64_PC32, -2 * gib, 2 * gib), ELFIN_ERR_REACH);
    STATUS(load_addend(f, R_X86_64_PC32, INT64_MIN, 0), ELFIN_ERR_REACH);
    STATUS(load_addend(f, R_X86_64_32, 0, 3 * gib), ELFIN_OK);
    unload(f);
    STATUS(load_addend(f, R_X86_64_32, 0, 4 * gib), ELFIN_ERR_REACH);
    STATUS(load_addend(f, R_X86_64_32, 0, INT64_MAX), ELFIN_ERR_REACH);
    STATUS(load_addend(f, R_X86_64_32S, 0, gib), ELFIN_OK);
    unload(f);
    STATUS(load_addend(f, R_X86_64_32S, -2 * gib, 2 * gib), ELFIN_ERR_REACH);
    STATUS(load_addend(f, R_X86_64_32S, INT64_MIN, 0), ELFIN_ERR_REACH);
    /* These two are neighbours: addresses are computed modulo 2^64. */
    STATUS(load_addend(f, R_X86_64_32S, INT64_MIN, INT64_MAX), ELFIN_OK);
    unload(f);
    CHECK_EQ(f->fake.live_images, 0);
    END(f);
}

/* .text of 64 bytes with the symbol "own" at its start, to be filled with relocations. */
static int begin_code(struct elf_builder *eb, int *own)
{
    int text;

    eb_init(eb);
    text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 64, 16);
    *own = eb_symbol(eb, "own", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, (unsigned)text, 0, 0);
    return text;
}

static elfin_status load_code(struct fixture *f, struct elf_builder *eb)
{
    struct blob object = eb_finish(eb);

    fx_load_blob(f, "a.o", object);
    free(object.data);
    return f->status;
}

/*
 * Kernels turn the address of their own code into a physical one: mov $(own - TOP), %eax beside
 * sign-extended addresses. S + A is computed modulo 2^64.
 */
static void addends_may_lead_around_the_address_space(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    int own, text = begin_code(eb, &own);

    eb_rela(eb, text, 8, R_X86_64_32, own, (int64_t)(0 - TOP));
    eb_rela(eb, text, 16, R_X86_64_32S, own, 0);
    STATUS(load_code(f, eb), ELFIN_OK);
    REQUIRE(f->status == ELFIN_OK);
    CHECK_EQ((uint32_t)fx_read(f, fx_lookup(f, "own") + 8), (uint32_t)(fx_lookup(f, "own") - TOP));
    CHECK_EQ((uint32_t)fx_read(f, fx_lookup(f, "own") + 16), (uint32_t)fx_lookup(f, "own"));
    free(eb);
    END(f);
}

/* What is added to one kind of field narrows where that kind allows the code to lie, no other. */
static void each_kind_of_field_has_its_own_addends(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    const elfin_export exports[] = { { "low", 0x50000000 } };
    struct elf_builder *eb = xmalloc(sizeof *eb);
    int own, text = begin_code(eb, &own);

    /* own + 3 GiB fits 32 bits, own + 0 fits 31, and the import is near: all below 1 GiB. */
    STATUS(fx_export(f, exports, 1), ELFIN_OK);
    eb_rela(eb, text, 8, R_X86_64_32, own, (int64_t)(3 * GIB));
    eb_rela(eb, text, 16, R_X86_64_32S, own, -(int64_t)GIB);
    eb_rela(eb, text, 24, R_X86_64_PC32, eb_reference(eb, "low"), -(int64_t)GIB);
    STATUS(load_code(f, eb), ELFIN_OK);
    REQUIRE(f->status == ELFIN_OK);
    CHECK(fx_lookup(f, "own") < GIB);
    free(eb);
    END(f);
}

/* 32S allows both ends; a call to the kernel at the top is direct only from there. */
static void the_range_nearest_to_the_imports_is_tried_first(void)
{
    static const uint64_t kernels[] = { TOP + 0x1000000, 0x1000000 };

    for (size_t i = 0; i < 2; i++) {
        struct fixture *f = fx_new(FAKE_INVENTED);
        const elfin_export exports[] = { { "kernel", kernels[i] } };
        elfin_module_info info;

        STATUS(fx_export(f, exports, 1), ELFIN_OK);
        LOAD(f, "a.o", "call c kernel; mov32s m v; var v 1");
        CHECK_EQ(fx_lookup(f, "c") >= TOP, kernels[i] >= TOP);
        elfin_module_get(elfin_find_module(&f->space, "a"), &info);
        CHECK_EQ(info.stub_count, 0);
        END(f);
    }
}

/* Whichever of the host's answers is a refusal: once it is that for the nearest range. */
static void the_other_range_is_tried_next(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    const elfin_export exports[] = { { "kernel", TOP + 0x1000000 } };
    unsigned high = 0, low = 0;

    STATUS(fx_export(f, exports, 1), ELFIN_OK);
    for (uint64_t n = 1;; n++) {
        fake_host_rewind(&f->fake);
        f->fake.fail_at = n;
        if (fx_load(f, "a.o", "call c kernel; mov32s m v; var v 1", NULL) != ELFIN_OK) {
            continue;
        }
        high += fx_lookup(f, "c") >= TOP;
        low += fx_lookup(f, "c") < 2 * GIB;
        STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
        if (f->fake.fallible < n) {
            break;
        }
    }
    CHECK_EQ(high, 1);
    CHECK_EQ(low, 1);
    END(f);
}

/* The same code where kernels lie: own + 0x80000000 wraps to a physical address. */
static void addends_of_one_sign_move_the_range(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    int own, text = begin_code(eb, &own);

    f->options.min = TOP;
    eb_rela(eb, text, 8, R_X86_64_32, own, (int64_t)(0 - TOP));
    eb_rela(eb, text, 16, R_X86_64_32S, own, 0);
    STATUS(load_code(f, eb), ELFIN_OK);
    CHECK(fx_lookup(f, "own") >= TOP);
    free(eb);
    END(f);
}

/* Addresses that wrap around leave a window at the top, too small for the block: no place at all.
 */
static void windows_smaller_than_the_block_do_not_count(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    int own, text = begin_code(eb, &own);

    f->options.min = UINT64_C(1) << 32;
    eb_rela(eb, text, 8, R_X86_64_32, own, 0x800);
    STATUS(load_code(f, eb), ELFIN_ERR_REACH);
    CHECK_STR(elfin_diag_relocation_name(&f->diag), "R_X86_64_32");
    free(eb);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(near_the_ends_of_the_address_space),
    TEST_CASE(addends_narrow_the_reach),
    TEST_CASE(addends_may_lead_around_the_address_space),
    TEST_CASE(each_kind_of_field_has_its_own_addends),
    TEST_CASE(the_range_nearest_to_the_imports_is_tried_first),
    TEST_CASE(the_other_range_is_tried_next),
    TEST_CASE(addends_of_one_sign_move_the_range),
    TEST_CASE(windows_smaller_than_the_block_do_not_count),
};

TEST_MAIN("ranges", cases)
