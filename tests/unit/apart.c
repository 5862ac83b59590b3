/* SPDX-License-Identifier: MIT */
/*
 * Objects of one group lie together while they can, and apart when only that gives each of them a
 * place; unless something ties them.
 */
#include "tests/unit/library.h"

#define KIB (UINT64_C(1) << 10)
#define GIB (UINT64_C(1) << 30)
#define AT  UINT64_C(0x350000000000)

/* Sign-extended addresses of its own: the low 2 GiB here. */
#define LOW "mov32s low value; var value 5; fn three 3; "
/* A distance to the host's data, which is far above. */
#define HIGH "lea high host_value; fn nine 9; var other 6; "

static uint64_t host_value = 0x1020304050607080;

static bool is_near(uint64_t a, uint64_t b)
{
    return a - b + 2 * GIB < 4 * GIB;
}

static struct fixture *begin(enum fake_memory memory)
{
    struct fixture *f = fx_new(memory);
    const elfin_export exports[] = { { "host_value", (uint64_t)(uintptr_t)&host_value } };

    STATUS(fx_export(f, exports, 1), ELFIN_OK);
    fake_host_rewind(&f->fake);
    return f;
}

static unsigned count_blocks(const struct fixture *f)
{
    elfin_block block;
    unsigned count = 0;

    while (elfin_group_block(f->group, count, &block)) {
        CHECK(block.region.size > 0);
        CHECK(fake_host_find(&f->fake, block.region.run) != NULL);
        count++;
    }
    CHECK_EQ(f->fake.live_images, count);
    return count;
}

static size_t images_asked_for(const struct fixture *f)
{
    size_t count = 0;

    for (size_t i = 0; i < f->fake.event_count; i++) {
        count += f->fake.events[i].op == FAKE_RESERVE &&
                 f->fake.events[i].purpose == ELFIN_PURPOSE_IMAGE;
    }
    return count;
}

static void check_low_and_high(const struct fixture *f)
{
    CHECK(fx_lookup(f, "value") < 2 * GIB);
    CHECK_EQ(fx_run(f, "low"), fx_lookup(f, "value"));
    CHECK(is_near(fx_lookup(f, "high"), (uintptr_t)&host_value));
    CHECK_EQ(fx_run(f, "high"), (uintptr_t)&host_value);
}

static void unload(struct fixture *f)
{
    REQUIRE(f->status == ELFIN_OK);
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    CHECK_EQ(f->fake.live_images, 0);
}

static void they_call_and_read_each_other(void)
{
    struct fixture *f = begin(FAKE_REAL);

    LOAD(f, "a.o", LOW "call up nine; addr up_data other; icall up_slot nine; ptr up_word other",
         "b.o",
         HIGH "call down three; addr down_data value; icall down_slot three; rel down_word value");
    CHECK_EQ(count_blocks(f), 2);
    check_low_and_high(f);
    CHECK_EQ(fx_run(f, "up"), 9);
    CHECK_EQ(fx_run(f, "up_slot"), 9);
    CHECK_EQ(fx_run(f, "up_data"), fx_lookup(f, "other"));
    CHECK_EQ(fx_read(f, fx_lookup(f, "up_word")), fx_lookup(f, "other"));
    CHECK_EQ(fx_run(f, "down"), 3);
    CHECK_EQ(fx_run(f, "down_slot"), 3);
    CHECK_EQ(fx_run(f, "down_data"), fx_lookup(f, "value"));
    CHECK_EQ(fx_read(f, fx_lookup(f, "down_word")), fx_lookup(f, "value"));
    CHECK_EQ(fx_read(f, fx_lookup(f, "value")), 5);
    CHECK(!is_near(fx_lookup(f, "up"), fx_lookup(f, "nine")));
    NO_COMPLAINT(fx_check_rights(f, f->group));
    unload(f);
    END(f);
}

/* Distances to each other's data, and hidden names: refused before memory, all culprits told. */
static void some_are_tied(void)
{
    static const char *const ties[][2] = {
        { "lea tie other", "" },
        { "", "lea tie value" },
        { "undef other; hidden call tie nine", "" },
        { "hidden undef nine; call tie nine", "" },
        { "", "hidden undef three; addr tie three" },
    };

    for (size_t i = 0; i < sizeof ties / sizeof ties[0]; i++) {
        struct fixture *f = begin(FAKE_INVENTED);
        struct fx_snapshot before = fx_snapshot(f);
        char a[256], b[256];

        snprintf(a, sizeof a, LOW "%s", ties[i][0]);
        snprintf(b, sizeof b, HIGH "%s", ties[i][1]);
        if (i == 2) {
            snprintf(a, sizeof a, LOW "call tie nine");
            snprintf(b, sizeof b, "lea high host_value; hidden fn nine 9; var other 6");
        }
        STATUS(fx_load(f, "a.o", a, "b.o", b, NULL), ELFIN_ERR_REACH);
        CHECK_EQ(f->report_count, 2);
        CHECK(expect_reported(f, ELFIN_ERR_REACH, "value"));
        CHECK(expect_reported(f, ELFIN_ERR_REACH, "host_value"));
        CHECK_EQ(images_asked_for(f), 0);
        NO_COMPLAINT(fx_compare(f, &before));
        CHECK_MSG(test_state.failures == 0, "tie %zu", i);
        END(f);
    }
}

/* Together while that is possible; then by what they need; those that need nothing, together. */
static void they_are_not_scattered(void)
{
    struct fixture *f = begin(FAKE_REAL);

    LOAD(f, "a.o", "fn a 1", "b.o", "call b a", "c.o", "addr c b", "d.o", "ptr d c");
    CHECK_EQ(count_blocks(f), 1);
    unload(f);
    LOAD(f, "a.o", "fn a 1; mov32s m v; var v 1", "b.o", "mov32 b a; call bb c", "c.o", "addr c b");
    CHECK_EQ(count_blocks(f), 1);
    unload(f);
    LOAD(f, "a.o", LOW, "b.o", HIGH, "c.o", "call c nine", "d.o", "call d three", "e.o",
         "mov32 e d2; fn d2 4", "g.o", "lea g host_value", "h.o", "fn h 1");
    CHECK_EQ(count_blocks(f), 3);
    check_low_and_high(f);
    CHECK_EQ(fx_run(f, "c"), 9);
    CHECK_EQ(fx_run(f, "d"), 3);
    CHECK_EQ(fx_run(f, "e"), fx_lookup(f, "d2"));
    CHECK_EQ(fx_run(f, "g"), (uintptr_t)&host_value);
    CHECK(is_near(fx_lookup(f, "e"), fx_lookup(f, "low")));
    CHECK(is_near(fx_lookup(f, "g"), fx_lookup(f, "high")));
    CHECK(is_near(fx_lookup(f, "c"), fx_lookup(f, "h")));
    unload(f);
    END(f);
}

/* Two objects of one kind may contradict each other as well: then each lies by itself. */
static void neighbours_of_different_imports(void)
{
    struct fixture *f = begin(FAKE_INVENTED);
    const elfin_export exports[] = { { "one", 0x100000000000 }, { "two", 0x200000000000 } };

    STATUS(fx_export(f, exports, 2), ELFIN_OK);
    LOAD(f, "a.o", "lea a one; call ab b", "b.o", "lea b two; call ba a", "c.o", "call c a");
    CHECK_EQ(count_blocks(f), 3);
    CHECK(is_near(fx_lookup(f, "a"), 0x100000000000));
    CHECK(is_near(fx_lookup(f, "b"), 0x200000000000));
    unload(f);
    END(f);
}

/* ---- Memory in pieces ------------------------------------------------------------------------ */

static struct {
    elfin_status (*reserve)(void *ctx, const elfin_request *request, elfin_region *out);
    uint64_t low[3], high[3];
    unsigned count;
} pieces;

static elfin_status reserve_in_pieces(void *ctx, const elfin_request *request, elfin_region *out)
{
    if (request->purpose != ELFIN_PURPOSE_IMAGE) {
        return pieces.reserve(ctx, request, out);
    }
    for (unsigned i = 0; i < pieces.count; i++) {
        elfin_request q = *request;

        q.low = q.low > pieces.low[i] ? q.low : pieces.low[i];
        q.high = q.high < pieces.high[i] ? q.high : pieces.high[i];
        if (q.low <= q.high && q.high - q.low >= q.size - 1 &&
            pieces.reserve(ctx, &q, out) == ELFIN_OK) {
            return ELFIN_OK;
        }
    }
    return ELFIN_ERR_MEMORY;
}

/* A space whose memory is `count` pieces of so many pages, far from each other. */
static struct fixture *begin_in_pieces(unsigned count, uint64_t pages)
{
    struct fixture *f = fx_new(FAKE_REAL);

    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    pieces.reserve = f->fake.host.reserve;
    pieces.count = count;
    for (unsigned i = 0; i < count; i++) {
        pieces.low[i] = UINT64_C(0x360000000000) + i * 16 * GIB;
        pieces.high[i] = pieces.low[i] + pages * FAKE_PAGE - 1;
    }
    f->fake.host.reserve = reserve_in_pieces;
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    fake_host_rewind(&f->fake);
    return f;
}

/* Code, and three pages of data. */
#define FOUR_PAGES(n) "fn f" n " " n "; var v" n " " n "; bss z" n " 12000; "

static void free_memory_in_pieces(void)
{
    struct fixture *f = begin_in_pieces(2, 5);

    LOAD(f, "a.o", FOUR_PAGES("1") "call up f2; addr data v2", "b.o",
         FOUR_PAGES("2") "call down f1");
    CHECK_EQ(count_blocks(f), 2);
    CHECK_EQ(fx_run(f, "up"), 2);
    CHECK_EQ(fx_run(f, "down"), 1);
    CHECK_EQ(fx_run(f, "data"), fx_lookup(f, "v2"));
    unload(f);
    END(f);
    /* Tied, or one more than there are pieces: no memory; the pieces are free again. */
    f = begin_in_pieces(2, 5);
    LOAD_FAILS(f, ELFIN_ERR_MEMORY, "a.o", FOUR_PAGES("1") "lea up v2", "b.o", FOUR_PAGES("2"));
    LOAD_FAILS(f, ELFIN_ERR_MEMORY, "a.o", FOUR_PAGES("1"), "b.o", FOUR_PAGES("2"), "c.o",
               FOUR_PAGES("3"));
    CHECK_EQ(f->diag.value, 4 * FAKE_PAGE);
    CHECK_EQ(f->diag.phase, ELFIN_PHASE_PLACE);
    LOAD(f, "a.o", FOUR_PAGES("1"), "b.o", FOUR_PAGES("2"));
    CHECK_EQ(count_blocks(f), 2);
    END(f);
}

/* What a first division got is given back before the second. */
static void divided_twice(void)
{
    struct fixture *f = begin_in_pieces(3, 5);

    pieces.low[0] = GIB;
    pieces.high[0] = GIB + 5 * FAKE_PAGE - 1;
    LOAD(f, "a.o", LOW, "b.o", FOUR_PAGES("1"), "c.o", FOUR_PAGES("2"));
    CHECK_EQ(count_blocks(f), 3);
    CHECK_EQ(images_asked_for(f), 2 + 2 + 3); /* in two ranges; low and the rest; each */
    CHECK_EQ(fx_run(f, "low"), fx_lookup(f, "value"));
    unload(f);
    END(f);
}

/* One that has its address is part of it, and stays where it is. */
static void with_an_address_of_one(void)
{
    struct fixture *f = begin(FAKE_REAL);
    struct blob a = toy(LOW "call to_c c"), b = toy("lea near_c fixed; fn nine 9; call to_a three"),
                c = toy("fn c 4; var fixed 8; call from_c nine; addr from_data value");
    elfin_input inputs[3] = { INPUT(a, "a.o"), INPUT(b, "b.o"), INPUT(c, "c.o") };
    struct fx_snapshot before = fx_snapshot(f);

    inputs[2].flags = ELFIN_INPUT_AT;
    inputs[2].at = AT;
    STATUS(fx_load_inputs(f, inputs, 3), ELFIN_OK);
    REQUIRE(f->status == ELFIN_OK);
    CHECK_EQ(count_blocks(f), 3);
    CHECK_EQ(fx_lookup(f, "c"), AT);
    CHECK(fx_lookup(f, "value") < 2 * GIB);
    CHECK(is_near(fx_lookup(f, "near_c"), AT));
    CHECK_EQ(fx_run(f, "near_c"), fx_lookup(f, "fixed"));
    CHECK_EQ(fx_run(f, "to_c"), 4);
    CHECK_EQ(fx_run(f, "from_c"), 9);
    CHECK_EQ(fx_run(f, "to_a"), 3);
    CHECK_EQ(fx_run(f, "from_data"), fx_lookup(f, "value"));
    unload(f);
    /* min and max hold for the others only, for each of them. */
    f->options.min = 16 * GIB;
    f->options.max = AT + 16 * GIB;
    fake_host_rewind(&f->fake);
    STATUS(fx_load_inputs(f, inputs, 3), ELFIN_ERR_REACH);
    CHECK_EQ(f->report_count, 1);
    CHECK(expect_reported(f, ELFIN_ERR_REACH, "value"));
    CHECK_EQ(images_asked_for(f), 0);
    f->options.min = 0;
    f->options.max = AT - 4 * GIB;
    STATUS(fx_load_inputs(f, inputs, 3), ELFIN_ERR_REACH);
    CHECK_EQ(f->report_count, 1);
    CHECK(expect_reported(f, ELFIN_ERR_REACH, "fixed"));
    f->options.max = AT - GIB;
    STATUS(fx_load_inputs(f, inputs, 3), ELFIN_OK);
    CHECK(fx_lookup(f, "near_c") < AT - GIB);
    unload(f);
    NO_COMPLAINT(fx_compare(f, &before));
    free(a.data);
    free(b.data);
    free(c.data);
    END(f);
}

static void members_of_archives(void)
{
    static const struct member members[] = {
        { "low.o", LOW "call into nine", "low value three" },
        { "high.o", HIGH, "high nine other" },
        { NULL, NULL, NULL },
    };
    struct fixture *f = begin(FAKE_REAL);
    struct blob object = toy("call a three; call b high"), archive = library(members, false);
    elfin_input inputs[2] = { INPUT(object, "a.o"), INPUT(archive, "lib.a") };

    STATUS(fx_load_inputs(f, inputs, 2), ELFIN_OK);
    REQUIRE(f->status == ELFIN_OK);
    CHECK_EQ(count_blocks(f), 3);
    check_low_and_high(f);
    CHECK_EQ(fx_run(f, "a"), 3);
    CHECK_EQ(fx_run(f, "b"), (uintptr_t)&host_value);
    CHECK_EQ(fx_run(f, "into"), 9);
    unload(f);
    free(object.data);
    free(archive.data);
    END(f);
}

/* Who is used comes first, wherever it lies; exits in reverse. */
static void order_of_init(void)
{
    struct fixture *f = begin(FAKE_REAL);

    LOAD(f, "a.o", LOW "call up nine; ctor 3; init 4 0; exit 5", "b.o",
         HIGH "ctor 1; init 2 0; exit 6");
    CHECK_EQ(count_blocks(f), 2);
    CHECK_STR(fx_trace_text(), "1 2 3 4");
    unload(f);
    CHECK_STR(fx_trace_text(), "1 2 3 4 5 6");
    END(f);
}

/* Every host call fails once, then for ever: nothing is left, or the load has found another way. */
static void failures_of_the_host(void)
{
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        struct fixture *f = begin(FAKE_REAL);
        struct fx_snapshot before = fx_snapshot(f);
        uint64_t n = 1;

        for (;; n++) {
            fake_host_rewind(&f->fake);
            fx_clear_trace();
            f->fake.fail_at = n;
            f->fake.fail_for_ever = for_ever != 0;
            fx_load(f, "a.o", LOW "call up nine; init 1 0; exit 2", "b.o", HIGH "init 3 0", "c.o",
                    "fn c 1; call cc three", NULL);
            if (f->status == ELFIN_OK) {
                unload(f);
            }
            NO_COMPLAINT(fx_compare(f, &before));
            CHECK(f->status != ELFIN_ERR_INTERNAL);
            REQUIRE_NO_FAILURE();
            if (f->status == ELFIN_OK && f->fake.fallible < n) {
                break;
            }
        }
        CHECK(n > 10);
        END(f);
    }
}

/*
 * Nearer together than apart: a short distance between two sections fits only because a third
 * object's code takes the room before an alignment. So what there is to say is what it was before.
 */
static void short_distances_that_only_hold_together(void)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob objects[3];
    elfin_input inputs[3];

    for (unsigned i = 0; i < 3; i++) {
        static const size_t sizes[] = { 0x100, 0x7f00, 0x100 };
        static const char *const names[] = { "a.o", "b.o", "c.o" };
        int text;

        eb_init(eb);
        text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, sizes[i],
                          i == 2 ? 0x1000 : 1);
        if (i == 1)
            eb_rela(eb, text, 0, R_X86_64_PC16, eb_reference(eb, "far"), 0);
        if (i == 2)
            eb_symbol(eb, "far", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, (unsigned)text, 0, 1);
        objects[i] = eb_finish(eb);
        inputs[i] = (elfin_input)INPUT(objects[i], names[i]);
    }
    for (unsigned apart = 0; apart < 2; apart++) {
        struct fixture *f = begin_in_pieces(2, apart == 0 ? 9 : 8);

        STATUS(fx_load_inputs(f, inputs, 3), apart == 0 ? ELFIN_OK : ELFIN_ERR_MEMORY);
        if (apart != 0) {
            CHECK_EQ(f->report_count, 1);
            CHECK_EQ(f->diag.value, 9 * FAKE_PAGE);
        }
        END(f);
    }
    for (unsigned i = 0; i < 3; i++)
        free(objects[i].data);
    free(eb);
}

static const struct test_case cases[] = {
    TEST_CASE(they_call_and_read_each_other),
    TEST_CASE(some_are_tied),
    TEST_CASE(they_are_not_scattered),
    TEST_CASE(neighbours_of_different_imports),
    TEST_CASE(free_memory_in_pieces),
    TEST_CASE(divided_twice),
    TEST_CASE(with_an_address_of_one),
    TEST_CASE(members_of_archives),
    TEST_CASE(order_of_init),
    TEST_CASE(failures_of_the_host),
    TEST_CASE(short_distances_that_only_hold_together),
};

TEST_MAIN("apart", cases)
