/* SPDX-License-Identifier: MIT */
/*
 * Unwind tables as the host gets them: in one piece, walkable, indexed, at the right moments; and
 * damaged ones refused. The tables are made by hand; tests/unit/cxx.c has those of compilers, and
 * real unwinders.
 */
#include "tests/lib/expect.h"

enum {
    MAX_BLOCKS = 8
};

static const elfin_block *handed[MAX_BLOCKS];
static size_t handed_count, add_calls, remove_calls;
static elfin_status add_answer;

static elfin_status add(void *ctx, const elfin_block *block)
{
    const struct fake_host *fake = ctx;

    add_calls++;
    CHECK_EQ(fake_host_rights(fake, block->unwind.frames), ELFIN_RIGHTS_R);
    CHECK_EQ(fake_host_rights(fake, block->unwind.index), ELFIN_RIGHTS_R);
    if (add_answer != ELFIN_OK)
        return add_answer;
    REQUIRE(handed_count < MAX_BLOCKS);
    handed[handed_count++] = block;
    fx_note(1000);
    return ELFIN_OK;
}

static void take_back(void *ctx, const elfin_block *block)
{
    (void)ctx;
    remove_calls++;
    REQUIRE(handed_count > 0);
    CHECK(handed[handed_count - 1] == block);
    handed_count--;
    fx_note(2000);
}

static struct fixture *new_space(enum fake_memory memory)
{
    struct fixture *f = fx_new(memory);

    handed_count = add_calls = remove_calls = 0;
    add_answer = ELFIN_OK;
    f->fake.host.unwind_add = add;
    f->fake.host.unwind_remove = take_back;
    fx_again(f);
    return f;
}

/* ---- Tables by hand -------------------------------------------------------------------------- */

/* "zR", PC-relative 4-byte pointers, as gcc writes it; 24 bytes. */
static const uint8_t cie[] = { 20, 0,   0,  0, 0,    0,  0, 0, 1,    'z', 'R', 0,
                               1,  120, 16, 1, 0x1b, 12, 7, 8, 0x90, 1,   0,   0 };

/* Adds an FDE for the function, whose CIE begins the section; size is a multiple of 4. */
static void add_fde(struct elf_builder *eb, int section, int symbol, uint32_t size, uint32_t extra)
{
    uint8_t fde[256] = { 0 };
    uint32_t length = 16 + extra;
    uint64_t at = eb->sections[section].size;
    uint32_t cie_pointer = (uint32_t)at + 4;

    memcpy(fde, &length, 4);
    memcpy(fde + 4, &cie_pointer, 4);
    memcpy(fde + 12, &size, 4);
    eb_append(eb, section, fde, 4 + length, 1);
    eb_rela(eb, section, at + 8, R_X86_64_PC32, symbol, 0);
}

/* Functions of 16 bytes each, in a .text of their own, with a table that lists them backwards. */
static struct blob functions(const char *prefix, int count, uint32_t extra, const char *tail,
                             size_t tail_size)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object;
    int text, frames, symbols[32];

    eb_init(eb);
    text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL,
                      16 * (size_t)count, 16);
    frames = eb_section(eb, ".eh_frame", SHT_PROGBITS, SHF_ALLOC, cie, sizeof cie, 8);
    for (int i = 0; i < count; i++) {
        char name[32];

        snprintf(name, sizeof name, "%s%d", prefix, i);
        symbols[i] = eb_symbol(eb, name, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, (unsigned)text,
                               16 * (uint64_t)i, 16);
    }
    for (int i = count; i-- > 0;)
        add_fde(eb, frames, symbols[i], 16, i ? 0 : extra);
    if (tail_size)
        eb_append(eb, frames, tail, tail_size, 1);
    object = eb_finish(eb);
    free(eb);
    return object;
}

static void load_two(struct fixture *f, struct blob a, struct blob b)
{
    elfin_input inputs[2] = { INPUT(a, "a.o"), INPUT(b, "b.o") };

    fx_load_inputs(f, inputs, 2);
    free(a.data);
    free(b.data);
}

/* ---- What a host sees ------------------------------------------------------------------------ */

static uint32_t word(const struct fixture *f, uint64_t address)
{
    const uint32_t *edit = fake_host_edit(&f->fake, address, 4);
    uint32_t value = 0;

    REQUIRE(edit != NULL);
    memcpy(&value, edit, 4);
    return value;
}

/* The function that the FDE at the address describes; *size its length. */
static uint64_t described(const struct fixture *f, uint64_t fde, uint32_t *size)
{
    *size = word(f, fde + 12);
    return fde + 8 + (uint64_t)(int64_t)(int32_t)word(f, fde + 8);
}

/* Walks `frames` to the zero word that must be its last; returns the number of live FDEs. */
static size_t walk(const struct fixture *f, const elfin_unwind *unwind)
{
    uint64_t at = unwind->frames, end = at + unwind->frames_size;
    size_t found = 0;

    for (uint32_t length; (length = word(f, at)) != 0; at += 4 + length) {
        uint32_t size;

        REQUIRE(at + 4 + length < end);
        if (word(f, at + 4) == 0)
            continue;
        if (described(f, at, &size) == at + 8)
            CHECK_EQ(size, 0);
        else
            found++;
    }
    CHECK_EQ(at + 4, end);
    return found;
}

static void check_index(const struct fixture *f, const elfin_unwind *unwind, size_t count)
{
    uint64_t index = unwind->index;

    CHECK_EQ(word(f, index), 0x3b031b01);
    CHECK_EQ(index + 4 + (uint64_t)(int64_t)(int32_t)word(f, index + 4), unwind->frames);
    CHECK_EQ(word(f, index + 8), count);
    CHECK_EQ(unwind->index_size, 12 + 8 * count);
    for (size_t i = 0; i < count; i++) {
        uint64_t row = index + 12 + 8 * i,
                 fde = index + (uint64_t)(int64_t)(int32_t)word(f, row + 4);
        uint32_t size;

        CHECK_EQ(described(f, fde, &size), index + (uint64_t)(int64_t)(int32_t)word(f, row));
        CHECK_EQ(size, 16);
        if (i > 0)
            CHECK((int32_t)word(f, row) > (int32_t)word(f, row - 8));
    }
}

static void two_objects_make_one_table(void)
{
    struct fixture *f = new_space(FAKE_DUAL);

    load_two(f, functions("a", 5, 0, NULL, 0), functions("b", 3, 0, NULL, 0));
    STATUS(f->status, ELFIN_OK);
    REQUIRE(handed_count == 1);
    CHECK_EQ(walk(f, &handed[0]->unwind), 8);
    check_index(f, &handed[0]->unwind, 8);
    END(f);
    CHECK_EQ(remove_calls, 1);
}

static void padding_and_terminators_do_not_end_it(void)
{
    static const struct {
        const char *tail;
        size_t size;
        uint32_t extra;
    } rows[] = {
        { "\0\0\0\0", 4, 0 },                /* as crtend.o has it */
        { "\0\0\0\0junk behind it", 18, 0 }, /* nobody reads that */
        { NULL, 0, 4 },                      /* the next one is aligned: 4 bytes */
        { NULL, 0, 1 },                      /* lengths are any number */
        { "\0\0\0\0", 4, 7 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture *f = new_space(FAKE_INVENTED);

        load_two(f, functions("a", 2, rows[i].extra, rows[i].tail, rows[i].size),
                 functions("b", 2, rows[i].extra, rows[i].tail, rows[i].size));
        STATUS(f->status, ELFIN_OK);
        REQUIRE(handed_count == 1);
        CHECK_EQ(walk(f, &handed[0]->unwind), 4);
        check_index(f, &handed[0]->unwind, 4);
        END(f);
    }
}

/* The table of an object whose section is only the word that ends tables. */
static void an_empty_table_comes_first(void)
{
    struct fixture *f = new_space(FAKE_INVENTED);
    struct elf_builder *eb = xmalloc(sizeof *eb);

    eb_init(eb);
    eb_section(eb, ".eh_frame", SHT_PROGBITS, SHF_ALLOC, "\0\0\0", 4, 8);
    load_two(f, eb_finish(eb), functions("b", 2, 0, NULL, 0));
    STATUS(f->status, ELFIN_OK);
    REQUIRE(handed_count == 1);
    CHECK_EQ(walk(f, &handed[0]->unwind), 2);
    check_index(f, &handed[0]->unwind, 2);
    free(eb);
    END(f);
}

/* A COMDAT function lost to another object's, and described in its own object all the same. */
static struct blob with_discarded(void)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    const uint32_t words[2] = { GRP_COMDAT, 2 };
    struct blob object;
    int group, member, text, frames, local, live;

    eb_init(eb);
    group = eb_section(eb, ".group", SHT_GROUP, 0, words, sizeof words, 4);
    member = eb_section(eb, ".text.f", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR | SHF_GROUP, NULL,
                        16, 16);
    text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16, 16);
    frames = eb_section(eb, ".eh_frame", SHT_X86_64_UNWIND, SHF_ALLOC, cie, sizeof cie, 8);
    local = eb_symbol(eb, "", ELF64_ST_INFO(STB_LOCAL, STT_SECTION), 0, (unsigned)member, 0, 0);
    live = eb_symbol(eb, "live", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, (unsigned)text, 0, 16);
    eb->sections[group].header.sh_entsize = 4;
    eb->sections[group].header.sh_info = (Elf64_Word)eb_symbol(
        eb, "f", ELF64_ST_INFO(STB_WEAK, STT_FUNC), 0, (unsigned)member, 0, 0);
    add_fde(eb, frames, local, 0x40000000, 0);
    /* Not 0 in the file: nobody may take the leftovers for an address. */
    memset(eb->sections[frames].data + sizeof cie + 8, 0x11, 4);
    add_fde(eb, frames, live, 16, 0);
    object = eb_finish(eb);
    free(eb);
    return object;
}

static void records_of_discarded_functions_describe_nothing(void)
{
    struct fixture *f = new_space(FAKE_INVENTED);
    uint64_t dead;

    load_two(f, toy("comdat f 1"), with_discarded());
    STATUS(f->status, ELFIN_OK);
    REQUIRE(handed_count == 1);
    CHECK_EQ(walk(f, &handed[0]->unwind), 1);
    check_index(f, &handed[0]->unwind, 1);
    dead = handed[0]->unwind.frames + sizeof cie;
    CHECK_EQ(word(f, dead + 8), 0);
    CHECK_EQ(word(f, dead + 12), 0);
    END(f);
}

/* Unwinders walk the records when the index says that it has no rows. */
static void a_cie_of_unknown_form_leaves_the_index_empty(void)
{
    struct fixture *f = new_space(FAKE_INVENTED);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    uint8_t odd[sizeof cie];
    int text, frames, symbol;

    memcpy(odd, cie, sizeof cie);
    odd[10] = 'Q';
    eb_init(eb);
    text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16, 16);
    frames = eb_section(eb, ".eh_frame", SHT_PROGBITS, SHF_ALLOC, odd, sizeof odd, 8);
    symbol = eb_symbol(eb, "g", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, (unsigned)text, 0, 16);
    add_fde(eb, frames, symbol, 16, 0);
    load_two(f, functions("a", 4, 0, NULL, 0), eb_finish(eb));
    STATUS(f->status, ELFIN_OK);
    REQUIRE(handed_count == 1);
    CHECK_EQ(walk(f, &handed[0]->unwind), 5);
    CHECK_EQ(word(f, handed[0]->unwind.index), 0xffff1b01);
    CHECK_EQ(handed[0]->unwind.index_size, 8);
    free(eb);
    END(f);
}

static void damaged_tables_are_refused(void)
{
    static const struct {
        size_t offset; /* in the table: a CIE of 24 bytes, an FDE of 20 */
        uint32_t value;
        elfin_status status;
    } rows[] = {
        { 0, 21, ELFIN_ERR_SECTION },         /* its FDE then begins elsewhere */
        { 0, 3, ELFIN_ERR_SECTION },          /* shorter than a head */
        { 0, 0xffffffff, ELFIN_ERR_SECTION }, /* the 64-bit form */
        { 0, 0xfffffff0, ELFIN_ERR_SECTION }, /* far outside */
        { 24, 17, ELFIN_ERR_SECTION },        /* one byte outside */
        { 28, 27, ELFIN_ERR_SECTION },        /* no CIE there */
        { 28, 8, ELFIN_ERR_SECTION },         /* its CIE would be itself */
        { 28, 29, ELFIN_ERR_SECTION },        /* before the section */
        { 28, 0xffffffff, ELFIN_ERR_SECTION },
        { 24, 0, ELFIN_OK }, /* it ends early */
        { 0, 0, ELFIN_OK },  /* it is empty */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct elf_builder *eb = xmalloc(sizeof *eb);
        struct fixture *f = new_space(FAKE_INVENTED);
        struct blob object;
        struct fx_snapshot before = fx_snapshot(f);
        int text, frames;

        eb_init(eb);
        text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16, 16);
        frames = eb_section(eb, ".eh_frame", SHT_PROGBITS, SHF_ALLOC, cie, sizeof cie, 8);
        add_fde(eb, frames,
                eb_symbol(eb, "g", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, (unsigned)text, 0, 16),
                16, 0);
        memcpy(eb->sections[frames].data + rows[i].offset, &rows[i].value, 4);
        object = eb_finish(eb);
        fx_load_blob(f, "a.o", object);
        CHECK_MSG(f->status == rows[i].status, "row %zu: %s", i, elfin_status_text(f->status));
        if (f->status != ELFIN_OK) {
            CHECK_STR(f->diag.section, ".eh_frame");
            NO_COMPLAINT(fx_compare(f, &before));
            CHECK_EQ(add_calls, 0);
            /* Nobody looks at it without the callbacks. */
            f->fake.host.unwind_add = NULL;
            f->fake.host.unwind_remove = NULL;
            fx_again(f);
            STATUS(fx_load_blob(f, "a.o", object), ELFIN_OK);
        } else {
            CHECK_EQ(walk(f, &handed[0]->unwind), 0);
            check_index(f, &handed[0]->unwind, 0);
        }
        free(object.data);
        free(eb);
        END(f);
    }
}

/* Relocations may write anywhere in the table, over its lengths too. */
static void relocated_lengths_are_proven_again(void)
{
    struct fixture *f = new_space(FAKE_INVENTED);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct fx_snapshot before = fx_snapshot(f);
    struct blob object;
    int frames;

    eb_init(eb);
    frames = eb_section(eb, ".eh_frame", SHT_PROGBITS, SHF_ALLOC, cie, sizeof cie, 8);
    eb_rela(eb, frames, 0, R_X86_64_32, -1, 0x7fffffff);
    object = eb_finish(eb);
    STATUS(fx_load_blob(f, "a.o", object), ELFIN_ERR_SECTION);
    CHECK_EQ(f->diag.phase, ELFIN_PHASE_FIXUP);
    NO_COMPLAINT(fx_compare(f, &before));
    free(object.data);
    free(eb);
    END(f);
}

/* ---- When ------------------------------------------------------------------------------------ */

/* An object that calls trace(), and one with an unwind table. */
static elfin_status load_traced(struct fixture *f, const char *text)
{
    fx_clear_trace();
    load_two(f, toy(text), functions("f", 1, 0, NULL, 0));
    return f->status;
}

static void added_before_code_runs_and_removed_after(void)
{
    struct fixture *f = new_space(FAKE_REAL);
    const char *text = "ctor 1; init 2 0; exit 3; dtor 4";

    STATUS(load_traced(f, text), ELFIN_OK);
    CHECK_STR(fx_trace_text(), "1000 1 2");
    fx_clear_trace();
    STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
    CHECK_STR(fx_trace_text(), "3 4 2000");
    END(f);
}

static void removed_when_init_fails(void)
{
    struct fixture *f = new_space(FAKE_REAL);
    const char *text = "ctor 1; init 2 7; exit 3; dtor 4";
    struct fx_snapshot before = fx_snapshot(f);

    STATUS(load_traced(f, text), ELFIN_ERR_INIT);
    CHECK_STR(fx_trace_text(), "1000 1 2 4 2000");
    NO_COMPLAINT(fx_compare(f, &before));
    END(f);
}

static void a_host_that_refuses_undoes_the_load(void)
{
    static const elfin_status answers[][2] = { { ELFIN_ERR_MEMORY, ELFIN_ERR_MEMORY },
                                               { ELFIN_ERR_LIMIT, ELFIN_ERR_HOST } };

    for (size_t i = 0; i < 2; i++) {
        struct fixture *f = new_space(FAKE_REAL);
        const char *text = "ctor 1; init 2 0; exit 3";
        struct fx_snapshot before = fx_snapshot(f);

        add_answer = answers[i][0];
        STATUS(load_traced(f, text), answers[i][1]);
        CHECK_STR(fx_trace_text(), "");
        CHECK_EQ(remove_calls, 0);
        NO_COMPLAINT(fx_compare(f, &before));
        END(f);
    }
}

/* Every block has its own table; one without is not mentioned. */
static void blocks_are_handed_one_by_one(void)
{
    struct fixture *f = new_space(FAKE_INVENTED);
    struct blob a = functions("a", 3, 0, NULL, 0), b = functions("b", 4, 0, NULL, 0);
    struct blob c = toy("fn c 1");
    elfin_input inputs[3] = { INPUT(a, "a.o"), INPUT(b, "b.o"), INPUT(c, "c.o") };
    elfin_block block;

    inputs[1].flags = inputs[2].flags = ELFIN_INPUT_AT;
    inputs[1].at = UINT64_C(0x7000000000);
    inputs[2].at = UINT64_C(0x7100000000);
    fx_load_inputs(f, inputs, 3);
    STATUS(f->status, ELFIN_OK);
    REQUIRE(handed_count == 2);
    for (size_t i = 0; i < 2; i++) {
        size_t count = handed[i]->region.run == inputs[1].at ? 4 : 3;

        CHECK_EQ(walk(f, &handed[i]->unwind), count);
        check_index(f, &handed[i]->unwind, count);
        CHECK(handed[i]->unwind.frames - handed[i]->region.run < handed[i]->region.size);
        /* The query tells the same. */
        CHECK(elfin_group_block(f->group, (uint32_t)i, &block));
        CHECK(memcmp(&block.unwind, &handed[i]->unwind, sizeof block.unwind) == 0);
    }
    CHECK(elfin_group_block(f->group, 2, &block));
    CHECK_EQ(block.unwind.frames, 0);
    free(a.data);
    free(b.data);
    free(c.data);
    END(f);
}

/*
 * Numbers of more bytes than 64 bits need are of no known form. They may be as long as the CIE, and
 * FDEs that take turns between two CIEs would have them read again and again.
 */
static void overlong_numbers_are_of_no_known_form(void)
{
    struct fixture *f = new_space(FAKE_INVENTED);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    uint8_t wide[64] = { 60, 0, 0, 0, 0, 0, 0, 0, 1, 'z', 'R', 0 };
    struct blob object;
    int text, frames, function;

    memset(wide + 12, 0x80, 40);
    memcpy(wide + 52, cie + 12, sizeof cie - 12);
    eb_init(eb);
    text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16, 16);
    frames = eb_section(eb, ".eh_frame", SHT_PROGBITS, SHF_ALLOC, wide, sizeof wide, 8);
    function = eb_symbol(eb, "a0", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, (unsigned)text, 0, 16);
    add_fde(eb, frames, function, 16, 0);
    object = eb_finish(eb);
    free(eb);
    fx_load_blob(f, "a.o", object);
    free(object.data);
    STATUS(f->status, ELFIN_OK);
    REQUIRE(handed_count == 1);
    CHECK_EQ(handed[0]->unwind.index_size, 8);
    END(f);
}

/* It would lie in the table and in the initial image at once. */
static void a_thread_local_table_is_none(void)
{
    struct fixture *f = fx_new_tls(FAKE_INVENTED, 4096, 16);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object;
    elfin_tls tls;

    handed_count = add_calls = remove_calls = 0;
    add_answer = ELFIN_OK;
    f->fake.host.unwind_add = add;
    f->fake.host.unwind_remove = take_back;
    fx_again(f);
    eb_init(eb);
    eb_section(eb, ".eh_frame", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, cie, sizeof cie, 8);
    object = eb_finish(eb);
    free(eb);
    fx_load_blob(f, "a.o", object);
    free(object.data);
    STATUS(f->status, ELFIN_OK);
    CHECK_EQ(add_calls, 0);
    REQUIRE(elfin_module_tls(elfin_find_module(&f->space, "a"), &tls));
    CHECK_EQ(tls.file_size, sizeof cie);
    CHECK(memcmp(tls.image, cie, sizeof cie) == 0);
    END(f);
}

/* What inspection measures is what a load lays out. */
static void inspection_counts_them(void)
{
    struct fixture *f = new_space(FAKE_INVENTED);
    struct blob object = functions("a", 3, 0, "\1", 1);
    elfin_input input = INPUT(object, "a.o");
    elfin_inspection out;
    elfin_diag diag;

    STATUS(elfin_inspect(&f->fake.host, &input, NULL, &out, &diag), ELFIN_ERR_SECTION);
    CHECK_STR(diag.section, ".eh_frame");
    free(object.data);
    END(f);
}

static void half_of_the_callbacks_is_refused(void)
{
    struct fixture *f = new_space(FAKE_INVENTED);
    elfin_space space;

    f->fake.host.unwind_remove = NULL;
    STATUS(elfin_space_init(&space, &f->fake.host), ELFIN_ERR_ARGUMENT);
    f->fake.host.unwind_add = NULL;
    f->fake.host.unwind_remove = take_back;
    STATUS(elfin_space_init(&space, &f->fake.host), ELFIN_ERR_ARGUMENT);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(two_objects_make_one_table),
    TEST_CASE(padding_and_terminators_do_not_end_it),
    TEST_CASE(an_empty_table_comes_first),
    TEST_CASE(records_of_discarded_functions_describe_nothing),
    TEST_CASE(a_cie_of_unknown_form_leaves_the_index_empty),
    TEST_CASE(overlong_numbers_are_of_no_known_form),
    TEST_CASE(a_thread_local_table_is_none),
    TEST_CASE(inspection_counts_them),
    TEST_CASE(damaged_tables_are_refused),
    TEST_CASE(relocated_lengths_are_proven_again),
    TEST_CASE(added_before_code_runs_and_removed_after),
    TEST_CASE(removed_when_init_fails),
    TEST_CASE(a_host_that_refuses_undoes_the_load),
    TEST_CASE(blocks_are_handed_one_by_one),
    TEST_CASE(half_of_the_callbacks_is_refused),
};

TEST_MAIN("unwind", cases)
