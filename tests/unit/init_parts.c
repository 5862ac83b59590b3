/* SPDX-License-Identifier: MIT */
/* Code and data that only init needs: the host has their memory back after it. */
#include "tests/lib/expect.h"

static void block_of(const struct fixture *f, uint32_t position, elfin_block *block)
{
    REQUIRE(elfin_group_block(f->group, position, block));
}

static void init_only_parts_are_given_back(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    uint8_t ret[] = { 0xc3 };
    struct blob object;
    elfin_block block;
    int where;

    eb_init(eb);
    where = eb_section(eb, ".init.text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, ret, 1, 16);
    eb_symbol(eb, "early", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, (unsigned)where, 0, 1);
    where = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, ret, 1, 16);
    eb_symbol(eb, "late", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, (unsigned)where, 0, 1);
    object = eb_finish(eb);
    STATUS(fx_load_blob(f, "a.o", object), ELFIN_OK);
    CHECK_EQ(fake_host_count(&f->fake, FAKE_TRIM), 1);
    block_of(f, 0, &block);
    CHECK(block.init_freed);
    CHECK(fake_host_rights(&f->fake, fx_lookup(f, "late")) == ELFIN_RIGHTS_RX);
    CHECK_MSG(fx_lookup(f, "early") == 0, "a symbol of freed memory is still exported");
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);

    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    f->fake.host.trim = NULL;
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    STATUS(fx_load_blob(f, "a.o", object), ELFIN_OK);
    block_of(f, 0, &block);
    CHECK(!block.init_freed);
    CHECK(fake_host_rights(&f->fake, fx_lookup(f, "early")) == ELFIN_RIGHTS_RX);
    free(object.data);
    free(eb);
    END(f);
}

/* Nothing lasts of the block: a tail that is the whole is released, once. */
static void a_block_that_only_init_needs_is_released(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object;
    elfin_module_info info;
    elfin_block block;

    eb_init(eb);
    eb_section(eb, ".init.text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1, 16);
    eb_section(eb, ".init.data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, "\1", 1, 16);
    eb_symbol(eb, "early", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0, 1);
    object = eb_finish(eb);
    STATUS(fx_load_blob(f, "a.o", object), ELFIN_OK);
    CHECK_EQ(fake_host_count(&f->fake, FAKE_TRIM), 0);
    CHECK_EQ(f->fake.live_images, 0);
    block_of(f, 0, &block);
    CHECK(block.init_freed);
    CHECK_EQ(block.region.size, 0);
    elfin_module_get(elfin_find_module(&f->space, "a"), &info);
    CHECK_EQ(info.address, 0);
    CHECK_EQ(fx_lookup(f, "early"), 0);
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    free(object.data);
    free(eb);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(init_only_parts_are_given_back),
    TEST_CASE(a_block_that_only_init_needs_is_released),
};

TEST_MAIN("init_parts", cases)
