/* SPDX-License-Identifier: MIT */
/* Thread-local storage: places in the host's area, what the host is told, what is refused. */
#include "tests/lib/expect.h"

static struct fixture *f;

static int64_t offset_of(const char *name)
{
    int64_t offset = 0;

    return elfin_lookup_tls(&f->space, name, &offset, NULL) == ELFIN_OK ? offset : 0;
}

static const elfin_group *load_one(const char *file, const char *text)
{
    LOAD(f, file, text);
    return f->group;
}

static void unload(const elfin_group *group)
{
    STATUS(elfin_unload(&f->space, (elfin_group *)(uintptr_t)group, &f->diag, NULL, NULL),
           ELFIN_OK);
}

static uint64_t used(void)
{
    elfin_space_stats stats;

    elfin_space_get_stats(&f->space, &stats);
    return stats.tls_bytes;
}

/* Images first, then zero-filled data, then COMMON; the end of the block is at the thread pointer.
 */
static void one_module_gets_what_a_static_linker_gives(void)
{
    elfin_tls tls;

    f = fx_new_tls(FAKE_INVENTED, 4096, 64);
    LOAD(f, "a.o", "tbss z 3; tls i 7; tcommon c 8 16; tbss y 4 4; tls j 8; var plain 1");
    CHECK(elfin_module_tls(elfin_find_module(&f->space, "a"), &tls));
    /* i at 0, j at 8, z at 16, y at 20, c at 32: 40 bytes, aligned to 16. */
    CHECK_EQ(tls.size, 40);
    CHECK_EQ(tls.file_size, 16);
    CHECK_EQ(tls.align, 16);
    CHECK_EQ(tls.offset, -48);
    CHECK_EQ(offset_of("i"), -48);
    CHECK_EQ(offset_of("j"), -40);
    CHECK_EQ(offset_of("z"), -32);
    CHECK_EQ(offset_of("y"), -28);
    CHECK_EQ(offset_of("c"), -16);
    CHECK_EQ(fx_read(f, tls.run), 7);
    CHECK_EQ(fx_read(f, tls.run + 8), 8);
    CHECK(fake_host_rights(&f->fake, tls.run) == (int)ELFIN_RIGHTS_R);
    CHECK_EQ(used(), 48);
    END(f);
}

static void zero_filled_data_take_no_memory(void)
{
    elfin_module_info small, large;

    f = fx_new_tls(FAKE_INVENTED, 1 << 20, 64);
    LOAD(f, "a.o", "tbss z 8; fn f 1");
    LOAD(f, "b.o", "tbss y 1000000; fn g 1");
    elfin_module_get(elfin_find_module(&f->space, "a"), &small);
    elfin_module_get(elfin_find_module(&f->space, "b"), &large);
    CHECK_EQ(small.size, large.size);
    END(f);
}

/* The initial image is relocated before the host gets it. */
static void the_image_holds_addresses(void)
{
    elfin_tls tls;

    f = fx_new_tls(FAKE_INVENTED, 4096, 16);
    LOAD(f, "a.o", "fn f 7; tls n 5; tptr p f; tbss z 16");
    CHECK(elfin_module_tls(elfin_find_module(&f->space, "a"), &tls));
    CHECK_EQ(fx_read(f, tls.run + 8), fx_lookup(f, "f"));
    CHECK(memcmp(f->fake.tls.base + 4096 + tls.offset, tls.image, tls.file_size) == 0);
    END(f);
}

/* First fit from the thread pointer downwards, and what is given back is found again. */
static void places_are_reused(void)
{
    const elfin_group *a, *b, *c;

    f = fx_new_tls(FAKE_INVENTED, 128, 64);
    a = load_one("a.o", "tbss a 32");
    b = load_one("b.o", "tls b 1");
    c = load_one("c.o", "tbss c 32 32");
    CHECK_EQ(offset_of("a"), -32);
    CHECK_EQ(offset_of("b"), -40);
    CHECK_EQ(offset_of("c"), -96);
    CHECK_EQ(used(), 72);
    unload(a);
    load_one("d.o", "tbss d 16");
    CHECK_EQ(offset_of("d"), -16);
    load_one("e.o", "tbss e 24");
    CHECK_EQ(offset_of("e"), -64); /* between b and c */
    load_one("g.o", "tbss g 16");
    CHECK_EQ(offset_of("g"), -32); /* behind d */
    unload(b);
    unload(c);
    CHECK_EQ(used(), 56);
    END(f);
}

/* Each module of a group has a block of its own; the first is nearest to the thread pointer. */
static void groups_have_a_block_for_each_module(void)
{
    f = fx_new_tls(FAKE_INVENTED, 4096, 64);
    LOAD(f, "a.o", "tls a 1; tpoff fb b", "plain.o", "fn f 1", "b.o", "tbss b 4 64; tpoff fa a");
    CHECK_EQ(offset_of("a"), -8);
    CHECK_EQ(offset_of("b"), -64);
    CHECK_EQ(f->fake.tls.count, 2);
    CHECK_STR(f->fake.tls.order, "aa");
    END(f);
}

static void other_groups_bind_to_thread_local_exports(void)
{
    const elfin_group *owner;

    f = fx_new_tls(FAKE_REAL, 4096, 64);
    owner = load_one("owner.o", "tls shared 41");
    LOAD(f, "user.o", "gd address shared; tpoff offset shared; slot also shared");
    CHECK_EQ(*(uint64_t *)(uintptr_t)fx_run(f, "address"), 41);
    CHECK_EQ(fx_run(f, "offset"), offset_of("shared"));
    CHECK_EQ(fx_run(f, "also"), offset_of("shared"));
    STATUS(elfin_unload(&f->space, (elfin_group *)(uintptr_t)owner, &f->diag, NULL, NULL),
           ELFIN_ERR_IN_USE);
    END(f);
}

static void the_host_exports_thread_local_variables(void)
{
    const elfin_export good[] = { { "per_cpu", 64 } };
    const elfin_export bad[] = { { "far", UINT64_C(1) << 31 } };
    int64_t offset = 0;

    f = fx_new_tls(FAKE_REAL, 4096, 64);
    STATUS(fx_export_tls(f, good, 1), ELFIN_OK);
    STATUS(fx_export_tls(f, bad, 1), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_lookup_tls(&f->space, "per_cpu", &offset, NULL), ELFIN_OK);
    CHECK_EQ(offset, fake_tls_host_offset(&f->fake.tls));
    LOAD(f, "user.o", "ie address per_cpu; desc other per_cpu");
    CHECK_EQ(fx_run(f, "address"), (uint64_t)(uintptr_t)f->fake.tls.base + 4096 + 64);
    CHECK_EQ(fx_run(f, "other"), fx_run(f, "address"));
    END(f);
}

/* Using a variable of others needs no block of one's own, so no area either. */
static void a_host_without_an_area_can_export(void)
{
    const elfin_export host[] = { { "per_cpu", 64 } };

    f = fx_new(FAKE_INVENTED);
    STATUS(fx_export_tls(f, host, 1), ELFIN_OK);
    LOAD(f, "user.o", "ie address per_cpu");
    LOAD_FAILS(f, ELFIN_ERR_TLS, "own.o", "tls own 1");
    END(f);
}

static void lookups_tell_thread_local_from_others(void)
{
    uint64_t address = 0;
    int64_t offset = 0;
    elfin_symbol symbol;

    f = fx_new_tls(FAKE_INVENTED, 4096, 64);
    LOAD(f, "a.o", "tls t 1; var v 2");
    STATUS(elfin_lookup(&f->space, "t", &address, NULL), ELFIN_ERR_TLS);
    STATUS(elfin_lookup_tls(&f->space, "v", &offset, NULL), ELFIN_ERR_TLS);
    STATUS(elfin_lookup_tls(&f->space, "none", &offset, NULL), ELFIN_ERR_NOT_FOUND);
    STATUS(elfin_module_lookup(elfin_find_module(&f->space, "a"), "t", &address), ELFIN_ERR_TLS);
    CHECK_EQ(address, 0);
    for (uint32_t i = 0; elfin_module_symbol(elfin_find_module(&f->space, "a"), i, &symbol); i++) {
        CHECK(symbol.tls == (strcmp(symbol.name, "t") == 0));
        if (symbol.tls) {
            CHECK_EQ((int64_t)symbol.address, -8);
        }
    }
    END(f);
}

/* Every way to reach a variable, run: own and zero-filled ones, with addends of their own block. */
static void all_ways_lead_to_the_variable(void)
{
    static const char *const verbs[] = { "gd",      "gdslot", "gdlarge", "ld",  "ldslot",
                                         "ldlarge", "ie",     "ieadd",   "desc" };

    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        char text[160];

        snprintf(text, sizeof text,
                 "tls first 1; tls number 77; tbss zero 16; %s fn number; %s fz zero; undef "
                 "__tls_get_addr; tpoff o number",
                 verbs[i], verbs[i]);
        f = fx_new_tls(FAKE_REAL, 4096, 64);
        LOAD(f, "a.o", text);
        CHECK_EQ(*(uint64_t *)(uintptr_t)fx_run(f, "fn"), 77);
        CHECK_EQ(*(uint64_t *)(uintptr_t)fx_run(f, "fz"), 0);
        CHECK_EQ(fx_run(f, "fn") - fx_run(f, "o"), (uint64_t)(uintptr_t)f->fake.tls.base + 4096);
        END(f);
    }
}

/* An instruction that cannot hold a constant keeps its slot, which holds the offset. */
static void unknown_instructions_keep_their_slot(void)
{
    elfin_module_info info;

    f = fx_new_tls(FAKE_REAL, 4096, 64);
    LOAD(f, "a.o", "tls a 1; tls b 2; slot sa a; slot sb b; ie ia a");
    CHECK_EQ(fx_run(f, "sa"), (uint64_t)-16);
    CHECK_EQ(fx_run(f, "sb"), (uint64_t)-8);
    elfin_module_get(elfin_find_module(&f->space, "a"), &info);
    CHECK_EQ(info.slot_count, 2);
    END(f);
}

static void weak_undefined_variables_are_at_the_thread_pointer(void)
{
    f = fx_new_tls(FAKE_REAL, 4096, 64);
    LOAD(f, "a.o", "weak tundef absent; tpoff o absent; ie a absent; slot s absent");
    CHECK_EQ(fx_run(f, "o"), 0);
    CHECK_EQ(fx_run(f, "s"), 0);
    CHECK_EQ(fx_run(f, "a"), (uint64_t)(uintptr_t)f->fake.tls.base + 4096);
    END(f);
}

/* Nobody calls __tls_get_addr any more, so nobody has to export it; real calls still need it. */
static void only_real_calls_import_tls_get_addr(void)
{
    f = fx_new_tls(FAKE_INVENTED, 4096, 64);
    LOAD(f, "a.o", "tls t 1; gd g t; ld l t");
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "b.o", "call f __tls_get_addr");
    CHECK_STR(f->diag.symbol, "__tls_get_addr");
    END(f);
}

static void the_host_is_told_before_init_and_after_exit(void)
{
    f = fx_new_tls(FAKE_REAL, 4096, 64);
    LOAD_FAILS(f, ELFIN_ERR_INIT, "a.o", "tls t 1; init 1 9");
    CHECK_STR(f->fake.tls.order, "ad");
    LOAD(f, "b.o", "tls t 1; init 1 0; exit 2");
    unload(f->group);
    CHECK_STR(f->fake.tls.order, "adad");
    END(f);
}

/* No memory is asked for an image when thread-local data cannot be had. */
static size_t images_reserved(void)
{
    size_t count = 0;

    for (size_t i = 0; i < f->fake.event_count; i++) {
        count += f->fake.events[i].op == FAKE_RESERVE &&
                 f->fake.events[i].purpose == ELFIN_PURPOSE_IMAGE;
    }
    return count;
}

static void a_host_without_an_area_refuses(void)
{
    f = fx_new(FAKE_INVENTED);
    LOAD_FAILS(f, ELFIN_ERR_TLS, "a.o", "fn f 1; tls t 1; tbss z 8");
    CHECK_STR(f->diag.section, ".tdata");
    CHECK(strstr(elfin_diag_hint(&f->diag), "tls_size") != NULL);
    CHECK_EQ(images_reserved(), 0);
    END(f);
}

static void an_exhausted_area_is_told_in_numbers(void)
{
    f = fx_new_tls(FAKE_INVENTED, 128, 64);
    LOAD_FAILS(f, ELFIN_ERR_TLS, "a.o", "tbss z 129");
    CHECK_EQ(f->diag.value, 136);
    CHECK_EQ(f->diag.high, 128);
    LOAD(f, "b.o", "tbss z 104");
    LOAD_FAILS(f, ELFIN_ERR_TLS, "c.o", "tbss y 40");
    CHECK_EQ(f->diag.value, 40);
    CHECK_EQ(f->diag.high, 24); /* the largest gap */
    LOAD_FAILS(f, ELFIN_ERR_TLS, "d.o", "tbss y 1 128");
    CHECK_EQ(f->diag.value, 128);
    CHECK_EQ(f->diag.high, 64);
    LOAD(f, "e.o", "tbss y 24");
    CHECK_EQ(used(), 128);
    END(f);
}

static void huge_thread_local_data_are_refused(void)
{
    f = fx_new_tls(FAKE_INVENTED, 128, 64);
    LOAD_FAILS(f, ELFIN_ERR_TLS, "a.o", "tbss z 0x7fffffffffffffff");
    /* Around the end of 64 bits the block would look small again. */
    LOAD_FAILS(f, ELFIN_ERR_TLS, "a.o", "tls t 1; tbss z 0xfffffffffffffff8");
    LOAD_FAILS(f, ELFIN_ERR_TLS, "a.o", "tls t 1; tbss z 1 0x8000000000000000");
    LOAD_FAILS(f, ELFIN_ERR_TLS, "a.o", "tbss z 1 0x8000000000000000");
    LOAD_FAILS(f, ELFIN_ERR_TLS, "a.o", "tbss y 0x70000000; tbss z 0x70000000");
    LOAD_FAILS(f, ELFIN_ERR_TLS, "a.o", "tcommon z 0x7fffffffffffffff 8");
    LOAD_FAILS(f, ELFIN_ERR_TLS, "a.o", "tbss y 0x70000000", "b.o", "tbss z 0x70000000");
    END(f);
}

static void relocations_and_symbols_must_agree(void)
{
    static const struct {
        const char *text, *symbol, *relocation;
    } rows[] = {
        { "var v 1; tpoff f v", "v", "R_X86_64_TPOFF32" },
        { "bss v 8; gd f v", "v", "R_X86_64_TLSGD" },
        { "common v 8 8; ie f v", "v", "R_X86_64_GOTTPOFF" },
        { "fn v 1; desc f v", "v", "R_X86_64_GOTPC32_TLSDESC" },
        { "abs v 1; tpoff f v", "v", "R_X86_64_TPOFF32" },
        { "tpoff f trace", "trace", "R_X86_64_TPOFF32" }, /* of the host */
        { "tls v 1; lea f v", "v", "R_X86_64_PC32" },
        { "tbss v 8; addr f v", "v", "R_X86_64_REX_GOTPCRELX" },
        { "tcommon v 8 8; call f v", "v", "R_X86_64_PLT32" },
        { "tls v 1; ptr p v", "v", "R_X86_64_64" },
        { "tpoff g v; tls v 1; mov32 f v", "v", "R_X86_64_32" },
        { "addr g shared", "shared", "R_X86_64_REX_GOTPCRELX" }, /* of another module */
    };

    f = fx_new_tls(FAKE_INVENTED, 4096, 64);
    LOAD(f, "owner.o", "tls shared 1");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        f->fake.event_count = 0;
        LOAD_FAILS(f, ELFIN_ERR_TLS, "a.o", rows[i].text);
        CHECK_STR(f->diag.symbol, rows[i].symbol);
        CHECK_STR(elfin_diag_relocation_name(&f->diag), rows[i].relocation);
        CHECK_EQ(images_reserved(), 0);
    }
    LOAD_FAILS(f, ELFIN_ERR_TLS, "a.o", "tundef v; tpoff f v", "b.o", "var v 1");
    CHECK_STR(f->diag.symbol, "v");
    CHECK_STR(f->diag.file, "a.o");
    END(f);
}

/* Found while nothing has been taken yet, with the value and what would fit. */
static void offsets_outside_of_32_bits_are_refused_early(void)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    static const char *const verbs[] = { "tpoff", "gd", "ie", "desc", "ld" };

    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        struct blob object;
        char text[64];

        snprintf(text, sizeof text, "tls v 1; %s f v", verbs[i]);
        object = toy_build(eb, text);
        blob_set(&object, eb_sym_at(eb, toy_symbol(eb, "v")) + offsetof(Elf64_Sym, st_value), 8,
                 (UINT64_C(1) << 31) + 8);
        f = fx_new_tls(FAKE_INVENTED, 4096, 64);
        STATUS(fx_load_blob(f, "a.o", object), ELFIN_ERR_RANGE);
        CHECK_EQ(f->diag.value, UINT64_C(1) << 31);
        CHECK_EQ(f->diag.high, 0x7fffffff);
        CHECK_STR(f->diag.symbol, "v");
        CHECK_EQ(images_reserved(), 0);
        free(object.data);
        END(f);
    }
    free(eb);
}

static void several_spaces_do_not_meet(void)
{
    struct fixture *other = fx_new_tls(FAKE_INVENTED, 4096, 64);

    f = fx_new_tls(FAKE_INVENTED, 4096, 64);
    LOAD(f, "a.o", "tls t 1");
    LOAD(other, "a.o", "tls t 1");
    CHECK_EQ(other->fake.tls.blocks[0].offset, -8);
    CHECK_EQ(f->fake.tls.blocks[0].offset, -8);
    END(other);
    END(f);
}

static void areas_are_validated(void)
{
    struct fake_host fake;
    elfin_space space;

    fake_host_init(&fake, FAKE_INVENTED);
    fake.host.tls_size = (UINT64_C(2) << 30) + 1;
    STATUS(elfin_space_init(&space, &fake.host), ELFIN_ERR_ARGUMENT);
    fake.host.tls_size = UINT64_C(2) << 30;
    STATUS(elfin_space_init(&space, &fake.host), ELFIN_OK);
    fake.host.tls_align = 3;
    STATUS(elfin_space_init(&space, &fake.host), ELFIN_ERR_ARGUMENT);
    fake_host_fini(&fake);
}

static void inspection_tells_size_and_alignment(void)
{
    struct blob object = toy("tls a 1; tbss b 100 32; tcommon c 3 1");
    elfin_input input = INPUT(object, "a.o");
    elfin_inspection out;

    f = fx_new(FAKE_INVENTED);
    STATUS(elfin_inspect(&f->fake.host, &input, NULL, &out, &f->diag), ELFIN_OK);
    CHECK_EQ(out.tls_size, 135);
    CHECK_EQ(out.tls_align, 32);
    CHECK_EQ(out.part_size[ELFIN_PART_RODATA], 8);
    free(object.data);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(one_module_gets_what_a_static_linker_gives),
    TEST_CASE(zero_filled_data_take_no_memory),
    TEST_CASE(the_image_holds_addresses),
    TEST_CASE(places_are_reused),
    TEST_CASE(groups_have_a_block_for_each_module),
    TEST_CASE(other_groups_bind_to_thread_local_exports),
    TEST_CASE(the_host_exports_thread_local_variables),
    TEST_CASE(a_host_without_an_area_can_export),
    TEST_CASE(lookups_tell_thread_local_from_others),
    TEST_CASE(all_ways_lead_to_the_variable),
    TEST_CASE(unknown_instructions_keep_their_slot),
    TEST_CASE(weak_undefined_variables_are_at_the_thread_pointer),
    TEST_CASE(only_real_calls_import_tls_get_addr),
    TEST_CASE(the_host_is_told_before_init_and_after_exit),
    TEST_CASE(a_host_without_an_area_refuses),
    TEST_CASE(an_exhausted_area_is_told_in_numbers),
    TEST_CASE(huge_thread_local_data_are_refused),
    TEST_CASE(relocations_and_symbols_must_agree),
    TEST_CASE(offsets_outside_of_32_bits_are_refused_early),
    TEST_CASE(several_spaces_do_not_meet),
    TEST_CASE(areas_are_validated),
    TEST_CASE(inspection_tells_size_and_alignment),
};

TEST_MAIN("tls", cases)
