/* SPDX-License-Identifier: MIT */
/* Where modules are put, what is asked of the host for it, and the rights of their pages. */
#include "tests/lib/expect.h"

#define GIB (UINT64_C(1) << 30)

static void block_of(const struct fixture *f, uint32_t position, elfin_block *block)
{
    REQUIRE(elfin_group_block(f->group, position, block));
}

static elfin_status load_at(struct fixture *f, const char *file, const char *text, uint64_t at)
{
    struct blob object = toy(text);
    elfin_input input = INPUT(object, file);

    input.flags = ELFIN_INPUT_AT;
    input.at = at;
    fx_load_inputs(f, &input, 1);
    free(object.data);
    return f->status;
}

static void at_is_exact(void)
{
    static const uint64_t places[] = { 0x10000,        0x12345000,         4 * GIB,
                                       0x7fff12345000, 0xffffffff80000000, 0xfffffffffff00000 };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct fixture *f = fx_new(FAKE_INVENTED);
        elfin_block block;

        STATUS(load_at(f, "a.o", "fn f 1; ptr p f; ro r 2; addr a p", places[i]), ELFIN_OK);
        block_of(f, 0, &block);
        CHECK_EQ(block.region.run, places[i]);
        CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_lookup(f, "f"));
        NO_COMPLAINT(fx_check_rights(f, f->group));
        CHECK(!elfin_group_block(f->group, 1, &block));
        END(f);
    }
}

static void the_last_page_of_the_address_space_is_usable(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    STATUS(load_at(f, "a.o", "fn f 1", 0xfffffffffffff000), ELFIN_OK);
    CHECK_EQ(fx_lookup(f, "f"), 0xfffffffffffff000);
    END(f);
}

static void at_that_would_wrap_is_refused(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct fx_snapshot before = fx_snapshot(f);

    CHECK(load_at(f, "a.o", "fn f 1; var v 2; ro r 3", 0xfffffffffffff000) != ELFIN_OK);
    NO_COMPLAINT(fx_compare(f, &before));
    END(f);
}

static void at_must_be_free_and_page_aligned(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct fx_snapshot before;

    STATUS(load_at(f, "a.o", "fn f 1", 0x400000), ELFIN_OK);
    before = fx_snapshot(f);
    STATUS(load_at(f, "b.o", "fn g 1", 0x400000), ELFIN_ERR_MEMORY);
    STATUS(load_at(f, "b.o", "fn g 1", 0x400010), ELFIN_ERR_ARGUMENT);
    NO_COMPLAINT(fx_compare(f, &before));
    END(f);
}

static void inputs_share_the_block_that_at_began(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct blob objects[5] = { toy("fn a 1; call ab b"), toy("fn b 1; call bc c; var bv 1"),
                               toy("fn c 1; call cd d"), toy("fn d 1; call da a; var dv 2"),
                               toy("fn e 1") };
    elfin_input inputs[5] = { INPUT(objects[0], "a.o"), INPUT(objects[1], "b.o"),
                              INPUT(objects[2], "c.o"), INPUT(objects[3], "d.o"),
                              INPUT(objects[4], "e.o") };
    elfin_block one, two, three, none;

    inputs[1].flags = ELFIN_INPUT_AT;
    inputs[1].at = 0x40000000;
    inputs[3].flags = ELFIN_INPUT_AT;
    inputs[3].at = 0x50000000;
    f->options.near = 0x60000000;
    STATUS(fx_load_inputs(f, inputs, 5), ELFIN_OK);
    block_of(f, 0, &one);
    block_of(f, 1, &two);
    block_of(f, 2, &three);
    CHECK(!elfin_group_block(f->group, 3, &none));
    CHECK_EQ(two.region.run, 0x40000000);
    CHECK_EQ(three.region.run, 0x50000000);
    CHECK(fx_lookup(f, "a") >= one.region.run &&
          fx_lookup(f, "a") < one.region.run + one.region.size);
    CHECK(fx_lookup(f, "c") >= 0x40000000 && fx_lookup(f, "c") < 0x40000000 + two.region.size);
    CHECK(fx_lookup(f, "e") >= 0x50000000 && fx_lookup(f, "e") < 0x50000000 + three.region.size);
    NO_COMPLAINT(fx_check_rights(f, f->group));
    for (size_t i = 0; i < 5; i++) {
        free(objects[i].data);
    }
    END(f);
}

static void min_and_max_hold_for_every_byte(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    elfin_block block;

    f->options.min = 0x20000000;
    f->options.max = 0x20ffffff;
    LOAD(f, "a.o", "fn f 1; var v 2; ro r 3; bss z 65536");
    block_of(f, 0, &block);
    CHECK(block.region.run >= 0x20000000 && block.region.run + block.region.size - 1 <= 0x20ffffff);
    f->options.min = 0x7000;
    f->options.max = 0x7fff;
    LOAD(f, "b.o", "fn g 1");
    CHECK_EQ(fx_lookup(f, "g"), 0x7000);
    END(f);
}

static void an_impossible_window_is_refused(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct fx_snapshot before = fx_snapshot(f);

    f->options.min = 0x20000000;
    f->options.max = 0x20000ffe;
    CHECK(fx_load(f, "a.o", "fn f 1", NULL) != ELFIN_OK);
    NO_COMPLAINT(fx_compare(f, &before));
    f->options.max = 0x10000000;
    CHECK(fx_load(f, "a.o", "fn f 1", NULL) != ELFIN_OK);
    NO_COMPLAINT(fx_compare(f, &before));
    END(f);
}

static void near_is_passed_on(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    uint64_t address;

    f->options.near = UINT64_C(0x123450000000);
    LOAD(f, "a.o", "fn f 1");
    address = fx_lookup(f, "f");
    CHECK_MSG(address - f->options.near + GIB < 2 * GIB, "0x%llx", (unsigned long long)address);
    END(f);
}

static void without_a_wish_modules_lie_near_their_imports(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    const elfin_export host[] = { { "api", 0xffff900012345678 } };
    uint64_t address;

    STATUS(fx_export(f, host, 1), ELFIN_OK);
    LOAD(f, "a.o", "call f api");
    address = fx_lookup(f, "f");
    CHECK_MSG(address - host[0].address + GIB < 2 * GIB, "0x%llx", (unsigned long long)address);
    END(f);
}

static void code_size_tells_how_much_will_be_executable(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    elfin_block block;
    uint64_t code = 0;

    LOAD(f, "a.o", "fn f 1; var v 1; ro r 2; addr a v");
    block_of(f, 0, &block);
    for (size_t i = 0; i < FAKE_MAX_REGIONS; i++) {
        if (f->fake.regions[i].live && f->fake.regions[i].rights != NULL) {
            code = f->fake.regions[i].request.code_size;
        }
    }
    CHECK_EQ(block.part[ELFIN_PART_TEXT].offset, 0);
    CHECK_EQ(code, block.part[ELFIN_PART_TEXT].size);
    END(f);
}

static void parts_have_their_rights_and_never_w_and_x(void)
{
    static const enum fake_memory kinds[] = { FAKE_INVENTED, FAKE_REAL, FAKE_DUAL };

    for (size_t i = 0; i < 3; i++) {
        struct fixture *f = fx_new(kinds[i]);

        LOAD(f, "a.o", "fn f 1; var v 2; ro r 3; rel x v; bss z 9000; common c 100 64", "b.o",
             "fn g 2; ro s 4; var w 5");
        NO_COMPLAINT(fx_check_rights(f, f->group));
        CHECK_EQ(fake_host_rights(&f->fake, fx_lookup(f, "f")), ELFIN_RIGHTS_RX);
        CHECK_EQ(fake_host_rights(&f->fake, fx_lookup(f, "g")), ELFIN_RIGHTS_RX);
        CHECK_EQ(fake_host_rights(&f->fake, fx_lookup(f, "v")), ELFIN_RIGHTS_RW);
        CHECK_EQ(fake_host_rights(&f->fake, fx_lookup(f, "z") + 8999), ELFIN_RIGHTS_RW);
        CHECK_EQ(fake_host_rights(&f->fake, fx_lookup(f, "c")), ELFIN_RIGHTS_RW);
        CHECK_EQ(fake_host_rights(&f->fake, fx_lookup(f, "r")), ELFIN_RIGHTS_R);
        CHECK_EQ(fake_host_rights(&f->fake, fx_lookup(f, "s")), ELFIN_RIGHTS_R);
        CHECK_EQ(fake_host_rights(&f->fake, fx_lookup(f, "x")), ELFIN_RIGHTS_R);
        CHECK_EQ(fx_read(f, fx_lookup(f, "x")), fx_lookup(f, "v"));
        END(f);
    }
}

/* The fake host fills memory with 0xa5 before it gives it. */
static void zero_filled_memory_is_zero(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    uint64_t z, dirty = 0;

    f->fake.slack = 2 * FAKE_PAGE;
    LOAD(f, "a.o", "var v 1; bss z 70000 4096; common c 8 8");
    z = fx_lookup(f, "z");
    CHECK_EQ(z % 4096, 0);
    for (uint64_t i = 0; i < 70000; i += 8) {
        dirty |= fx_read(f, z + i);
    }
    CHECK_EQ(dirty, 0);
    CHECK_EQ(fx_read(f, fx_lookup(f, "c")), 0);
    END(f);
}

static void large_alignments_are_met(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    LOAD(f, "a.o", "fn f 1; bss z 8 65536; common c 8 2097152; var v 1");
    CHECK_EQ(fx_lookup(f, "z") % 65536, 0);
    CHECK_EQ(fx_lookup(f, "c") % 2097152, 0);
    END(f);
}

static void the_image_limit_counts_zero_filled_memory(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    LOAD_FAILS(f, ELFIN_ERR_LIMIT, "a.o", "fn f 1; bss z 0x10000000");
    LOAD_FAILS(f, ELFIN_ERR_LIMIT, "a.o", "fn f 1; bss z 0x7fffffffffffff00");
    LOAD_FAILS(f, ELFIN_ERR_LIMIT, "a.o", "fn f 1; common z 0xfffffffffffffff0 8");
    LOAD_FAILS(f, ELFIN_ERR_LIMIT, "a.o", "bss z 0xa000000", "b.o", "bss y 0xa000000");
    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    f->fake.host.max_image_size = 0x10000;
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    LOAD(f, "a.o", "bss z 0x8000");
    LOAD_FAILS(f, ELFIN_ERR_LIMIT, "b.o", "bss y 0x10001");
    END(f);
}

/* An object of constants only: a place was asked for, but nothing is put there. */
static void a_block_without_bytes(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    elfin_block block;

    STATUS(load_at(f, "a.o", "abs x 0x1234", 0x400000), ELFIN_OK);
    CHECK_EQ(fx_lookup(f, "x"), 0x1234);
    CHECK(!elfin_group_block(f->group, 0, &block));
    CHECK_EQ(f->fake.live_images, 0);
    STATUS(fx_load(f, "b.o", "abs y 0x12345", NULL), ELFIN_OK);
    CHECK_EQ(fx_lookup(f, "y"), 0x12345);
    END(f);
}

/* Room for slots and stubs counts, too. */
static void the_image_limit_counts_what_the_loader_adds(void)
{
    for (size_t i = 0; i < 2; i++) {
        struct fixture *f = fx_new(FAKE_INVENTED);
        struct elf_builder *eb = xmalloc(sizeof *eb);
        struct blob object;
        const elfin_export host[] = { { "trace", 0x123456789a0 } };

        STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
        f->fake.host.max_image_size = 4096;
        STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
        STATUS(fx_export(f, host, 1), ELFIN_OK);
        eb_init(eb);
        eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 4090, 16);
        eb_rela(eb, 1, 1, i == 0 ? R_X86_64_PLT32 : R_X86_64_GOTPCREL, eb_reference(eb, "trace"),
                -4);
        object = eb_finish(eb);
        STATUS(fx_load_blob(f, "a.o", object), ELFIN_ERR_LIMIT);
        free(object.data);
        free(eb);
        END(f);
    }
}

static const struct test_case cases[] = {
    TEST_CASE(at_is_exact),
    TEST_CASE(the_last_page_of_the_address_space_is_usable),
    TEST_CASE(at_that_would_wrap_is_refused),
    TEST_CASE(at_must_be_free_and_page_aligned),
    TEST_CASE(inputs_share_the_block_that_at_began),
    TEST_CASE(min_and_max_hold_for_every_byte),
    TEST_CASE(an_impossible_window_is_refused),
    TEST_CASE(near_is_passed_on),
    TEST_CASE(without_a_wish_modules_lie_near_their_imports),
    TEST_CASE(code_size_tells_how_much_will_be_executable),
    TEST_CASE(parts_have_their_rights_and_never_w_and_x),
    TEST_CASE(zero_filled_memory_is_zero),
    TEST_CASE(large_alignments_are_met),
    TEST_CASE(the_image_limit_counts_zero_filled_memory),
    TEST_CASE(a_block_without_bytes),
    TEST_CASE(the_image_limit_counts_what_the_loader_adds),
};

TEST_MAIN("place", cases)
