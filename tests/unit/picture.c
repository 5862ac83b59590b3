/* SPDX-License-Identifier: MIT */
/* The picture of memory: of invented memory against a naive model, and of a real space. */
#include "tests/lib/expect.h"

#include "picture/pieces.h"

enum {
    MANY = 4000,
    SMALL = 400, /* bytes of a memory that is small enough to be written down */
    MAX_TEXT = 1 << 20,
    PAGE = 4096,
    CELLS = 512 /* pages of a strip that is not scaled */
};

/* ---- The text, checked line by line as it comes -----------------------------------------------
 */

struct page {
    char text[MAX_TEXT];
    size_t length, lines, column;
    char wrong[160];
};

static void put(void *ctx, const char *text, size_t length)
{
    struct page *page = ctx;

    for (size_t i = 0; i < length; i++) {
        page->column = text[i] == '\n' ? 0 : page->column + 1;
        page->lines += text[i] == '\n';
        if (page->column > PICTURE_COLUMNS)
            snprintf(page->wrong, sizeof page->wrong, "line %zu is too long", page->lines + 1);
        if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
            snprintf(page->wrong, sizeof page->wrong, "byte 0x%02x in line %zu",
                     (unsigned char)text[i], page->lines + 1);
        if (page->length + 1 < MAX_TEXT)
            page->text[page->length++] = text[i];
    }
    page->text[page->length] = '\0';
}

static struct page page;

static const char *draw(const struct picture *picture)
{
    const struct picture_output output = { .put = put, .ctx = &page };

    memset(&page, 0, sizeof page);
    picture_draw(picture, &output);
    CHECK_MSG(!page.wrong[0], "%s", page.wrong);
    return page.text;
}

static const char *draw_module(const struct picture *picture, uint32_t module)
{
    const struct picture_output output = { .put = put, .ctx = &page };

    memset(&page, 0, sizeof page);
    picture_draw_module(picture, module, &output);
    CHECK_MSG(!page.wrong[0], "%s", page.wrong);
    return page.text;
}

#define HAS(text, words)                                                                           \
    CHECK_MSG(strstr((text), (words)) != NULL, "no \"%s\" in: %.1500s", (words), (text))
#define LACKS(text, words)                                                                         \
    CHECK_MSG(strstr((text), (words)) == NULL, "\"%s\" in: %.1500s", (words), (text))

static struct picture_piece piece(uint64_t first, uint64_t last, enum picture_kind kind)
{
    return (struct picture_piece){ .first = first, .last = last, .kind = kind };
}

/* ---- Invented memory --------------------------------------------------------------------------
 */

static void nothing_at_all(void)
{
    struct picture picture = { .host = "the host" };
    const char *text = draw(&picture);

    for (unsigned i = 0; i < PICTURE_ZONES; i++)
        HAS(text, picture_zones[i].name);
    CHECK_EQ(page.lines, 6);
    CHECK(picture_find(&picture, 0) == NULL);
    CHECK_STR(picture_owner(&picture, 5), "nothing known");
}

static void both_ends_of_memory(void)
{
    struct picture_piece pieces[] = { piece(0, PAGE - 1, PICTURE_RESERVED),
                                      piece(PAGE, PAGE, PICTURE_FREE),
                                      piece(UINT64_MAX - PAGE, UINT64_MAX - 1, PICTURE_FREE),
                                      piece(UINT64_MAX, UINT64_MAX, PICTURE_FIRMWARE) };
    struct picture picture = { .host = "it", .pieces = pieces, .piece_count = 4 };
    const char *text = draw(&picture);

    HAS(text, "below 2 GiB: free 1 byte, reserved 4 KiB\n"
              "  largest free run 1 byte at 0x1000; a letter is 4 KiB\n"
              "  0x00000000         R.\n"
              "2 to 4 GiB: nothing\nabove 4 GiB: nothing\n"
              "top 2 GiB: free 4 KiB, firmware 1 byte\n");
    HAS(text, "  0xfffffffffffe0000                               .f\n");
    HAS(text, "  0xffffffffffffffff-0xffffffffffffffff     1 byte  firmware\n");
    CHECK(picture_find(&picture, UINT64_MAX) == &pieces[3]);
    CHECK(picture_find(&picture, UINT64_MAX - PAGE) == &pieces[2]);
    CHECK(picture_find(&picture, UINT64_MAX - PAGE - 1) == NULL);
    CHECK(picture_find(&picture, PAGE + 1) == NULL);
}

static void all_of_memory(void)
{
    struct picture_piece whole = piece(0, UINT64_MAX, PICTURE_FREE);
    struct picture picture = { .host = "it", .pieces = &whole, .piece_count = 1 };
    const char *text = draw(&picture);

    HAS(text, "above 4 GiB: free 15.9 EiB\n");
    HAS(text, "15.9 EiB  free\n");
    CHECK(page.lines < 30);
}

static void huge_gaps_are_left_out(void)
{
    struct picture_piece pieces[] = {
        piece(UINT64_C(1) << 40, (UINT64_C(1) << 40) + 9, PICTURE_FREE),
        piece(UINT64_C(1) << 62, (UINT64_C(1) << 62) + 9, PICTURE_PROGRAM)
    };
    struct picture picture = { .host = "it", .pieces = pieces, .piece_count = 2 };
    const char *text = draw(&picture);

    HAS(text, "EiB without anything\n");
    HAS(text, "a letter is 4 KiB\n");
    CHECK(page.lines < 20);
}

/* The letter that the strip should have for a cell. */
static char model_letter(const struct picture_piece *pieces, size_t count, uint64_t first,
                         uint64_t last)
{
    unsigned kind = PICTURE_KINDS;
    uint64_t covered = 0;

    for (uint64_t at = first; at <= last; at++) {
        for (size_t i = 0; i < count; i++) {
            if (at < pieces[i].first || at > pieces[i].last)
                continue;
            if (pieces[i].kind < kind) {
                kind = pieces[i].kind;
                covered = 0;
            }
            covered += pieces[i].kind == kind;
        }
    }
    if (kind == PICTURE_KINDS)
        return ' ';
    return (covered == PAGE ? "MPFR." : "mpfr.")[kind];
}

/* Rows that repeat are only counted, so a module's page is put into each. */
static void strips_against_a_model(void)
{
    struct picture_block block = { .first_module = PICTURE_NONE };
    struct picture_piece pieces[CELLS];
    struct picture picture = { .host = "it", .pieces = pieces, .blocks = &block, .block_count = 1 };
    size_t count = 0;
    uint64_t at = 0;
    const char *text;

    while (at < (CELLS - 4) * PAGE) {
        uint64_t size = 1 + test_random_below(test_random_below(2) ? 3 * PAGE : 300);

        at += test_random_below(3) ? 0 : test_random_below(2 * PAGE);
        pieces[count++] =
            piece(at, at + size - 1, (enum picture_kind)test_random_below(PICTURE_KINDS));
        at += size;
        if (count + 1 == CELLS)
            break;
    }
    picture.piece_count = count;
    text = draw(&picture);
    HAS(text, "a letter is 4 KiB");
    for (uint64_t row = 0; row < at; row += PICTURE_CELLS * PAGE) {
        char wanted[21 + PICTURE_CELLS + 2];
        int length =
            snprintf(wanted, sizeof wanted, "\n  0x%08llx         ", (unsigned long long)row);

        for (unsigned i = 0; i < PICTURE_CELLS; i++)
            wanted[length++] =
                model_letter(pieces, count, row + i * PAGE, row + i * PAGE + PAGE - 1);
        while (wanted[length - 1] == ' ')
            length--;
        wanted[length] = '\0';
        HAS(text, wanted);
    }
}

/* Bytes of a small memory against the pieces, as they were laid over each other. */
static void overlay_against_a_model(void)
{
    for (unsigned round = 0; round < 3000; round++) {
        struct picture_piece in[8], copy[8], out[8 + 2 * 4];
        struct picture_block blocks[4];
        size_t count = test_random_below(9), block_count = 0, kept, made;
        uint64_t at = 0, base = round % 2 ? UINT64_MAX - (SMALL - 1) : 0;

        for (size_t i = 0; i < count; i++) {
            uint64_t first = test_random_below(SMALL), last = test_random_below(SMALL);

            in[i] = piece(base + first, base + last,
                          (enum picture_kind)(1 + test_random_below(PICTURE_KINDS - 1)));
        }
        while (block_count < test_random_below(5) && at + 2 < SMALL) {
            uint64_t first = at + test_random_below(SMALL - at);
            uint64_t last = first + test_random_below(SMALL - first);

            blocks[block_count++] =
                (struct picture_block){ .first = base + first, .last = base + last };
            at = last + 1;
        }
        kept = picture_pieces_sort(in, count);
        memcpy(copy, in, sizeof copy);
        made = picture_pieces_overlay(in, kept, blocks, block_count, out);
        REQUIRE(made <= kept + 2 * block_count);
        for (size_t i = 1; i < made; i++)
            CHECK(out[i - 1].last < out[i].first);
        for (uint64_t b = 0; b < SMALL; b++) {
            int wanted = -1, got = -1;

            for (size_t i = kept; i-- > 0;)
                if (base + b >= copy[i].first && base + b <= copy[i].last)
                    wanted = copy[i].kind;
            for (size_t i = 0; i < block_count; i++)
                if (base + b >= blocks[i].first && base + b <= blocks[i].last)
                    wanted = PICTURE_MODULES;
            for (size_t i = 0; i < made; i++)
                if (base + b >= out[i].first && base + b <= out[i].last)
                    got = out[i].kind;
            CHECK_EQ(got, wanted);
        }
        REQUIRE_NO_FAILURE();
    }
}

/* ---- Invented modules -------------------------------------------------------------------------
 */

/* One block with a page of text for each module, or one block for each. */
struct crowd {
    struct picture picture;
    struct picture_piece pieces[MANY];
    struct picture_block blocks[MANY];
    struct picture_segment segments[MANY];
    struct picture_module modules[MANY];
    struct picture_item items[MANY];
    char names[MANY][16];
};

static struct crowd crowd;

static void add_block(uint64_t first, uint32_t item, uint32_t count)
{
    struct picture *p = &crowd.picture;
    struct picture_block *block = &crowd.blocks[p->block_count];

    *block = (struct picture_block){ .first = first,
                                     .last = first + (uint64_t)count * PAGE - 1,
                                     .first_item = item,
                                     .item_count = count,
                                     .first_module = item,
                                     .module_count = count };
    block->first_segment = (uint32_t)p->block_count;
    block->segment_count = 1;
    crowd.segments[p->block_count] =
        (struct picture_segment){ .first = first,
                                  .size = (uint64_t)count * PAGE,
                                  .used = (uint64_t)count * PAGE - PAGE + 100,
                                  .part = ELFIN_PART_TEXT };
    crowd.pieces[p->piece_count++] = (struct picture_piece){ .first = block->first,
                                                             .last = block->last,
                                                             .kind = PICTURE_MODULES,
                                                             .block = (uint32_t)p->block_count };
    p->block_count++;
}

static void make_crowd(bool apart)
{
    memset(&crowd, 0, sizeof crowd);
    crowd.picture = (struct picture){ .host = "it",
                                      .pieces = crowd.pieces,
                                      .blocks = crowd.blocks,
                                      .segments = crowd.segments,
                                      .modules = crowd.modules,
                                      .items = crowd.items,
                                      .module_count = MANY,
                                      .item_count = MANY };
    for (uint32_t i = 0; i < MANY; i++) {
        uint64_t address = 0x100000 + i * (apart ? UINT64_C(1) << 40 : PAGE);

        snprintf(crowd.names[i], sizeof crowd.names[i], "m%u", i);
        crowd.modules[i] = (struct picture_module){
            .name = crowd.names[i], .file = "x.o", .block = apart ? i : 0, .items = 1
        };
        crowd.items[i] = (struct picture_item){ .address = address,
                                                .size = 100 + i % 50,
                                                .name = ".text",
                                                .module = i,
                                                .index = 1,
                                                .part = ELFIN_PART_TEXT };
        if (apart)
            add_block(address, i, 1);
    }
    if (!apart)
        add_block(0x100000, 0, MANY);
}

static void thousands_of_modules_in_one_block(void)
{
    const char *text;

    make_crowd(false);
    text = draw(&crowd.picture);
    CHECK(page.lines < 50);
    HAS(text, "m0 +3999 more");
    HAS(text, "    and 3984 smaller modules: 484 KiB\n");
    HAS(text, "       149  m49 ");
    text = draw_module(&crowd.picture, 1234);
    CHECK(page.lines < 20);
    HAS(text, "    and 1234 sections of others: ");
    HAS(text, "    0x005d2000       134  m1234                          .text\n");
    HAS(text, "    and 2765 sections of others: ");
}

static void thousands_of_blocks(void)
{
    const char *text;

    make_crowd(true);
    text = draw(&crowd.picture);
    CHECK(page.lines < 100);
    HAS(text, "blocks: 4000, the largest:\n");
    HAS(text, "    and 3984 smaller blocks: 15.5 MiB\n");
    text = draw_module(&crowd.picture, MANY - 1);
    HAS(text, ", above 4 GiB: m3999\n");
    HAS(text, "  below the block: nothing\n");
}

static void hostile_names(void)
{
    static char huge[100000];
    static const char *const names[] = { "\x1b[2J\nforged",
                                         "\x9b"
                                         "31m\x7f",
                                         huge, "" };

    memset(huge, '\n', sizeof huge - 1);
    for (unsigned i = 0; i < 4; i++) {
        make_crowd(false);
        crowd.picture.block_count = 0;
        crowd.picture.piece_count = 0;
        add_block(0x100000, 0, 1);
        crowd.modules[0].name = crowd.modules[0].file = crowd.items[0].name = names[i];
        draw(&crowd.picture);
        LACKS(page.text, "\nforged");
        draw_module(&crowd.picture, 0);
        LACKS(page.text, "\nforged");
    }
}

/* ---- A real space -----------------------------------------------------------------------------
 */

static void *get_memory(void *ctx, size_t size)
{
    bool *refuse = ctx;

    return *refuse ? NULL : malloc(size);
}

#define FAR 0x123456780000

static void a_space(void)
{
    static const elfin_export far = { "there", FAR };
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct picture_piece memory[] = { piece(FAR & ~0xfffull, FAR + 99, PICTURE_PROGRAM) };
    struct picture picture;
    bool refuse = true;
    elfin_slot slot;
    uint32_t module;
    const char *text;

    memory[0].label = "kernel";
    STATUS(fx_export(f, &far, 1), ELFIN_OK);
    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS | ELFIN_LOAD_NO_INIT;
    f->options.max = 0x7fffffff;
    LOAD(f, "a.o", "fn near 1; call f near; call g there; addr h there; var v 1; bss z 5000", "b.o",
         "icall i near; ro r 1");
    CHECK(!picture_collect(&picture, &f->space, memory, 1, get_memory, &refuse));
    refuse = false;
    REQUIRE(picture_collect(&picture, &f->space, memory, 1, get_memory, &refuse));
    CHECK_EQ(picture.module_count, 2);
    CHECK_EQ(picture.block_count, 1);
    CHECK_EQ(picture.piece_count, 2);
    CHECK_EQ(picture.blocks[0].module_count, 2);
    module = picture_find_module(&picture, "a");
    REQUIRE(module == 0 && picture_find_module(&picture, "c") == PICTURE_NONE);
    CHECK_STR(picture_owner(&picture, fx_symbol(f, "b", "r")), "b");
    CHECK_STR(picture_owner(&picture, FAR), "kernel");
    REQUIRE(elfin_module_slot(picture.modules[0].module, 0, &slot));
    CHECK_STR(slot.name, "there");
    CHECK_EQ(slot.target, FAR);
    CHECK_EQ(fx_read(f, slot.address), FAR);
    CHECK_EQ(fx_read(f, slot.stub) & 0xffff, 0x25ff);
    CHECK(!elfin_module_slot(picture.modules[0].module, 1, &slot));
    CHECK(!elfin_module_slot(picture.modules[1].module, 0, &slot));
    text = draw(&picture);
    HAS(text, "1 of 1 stubs used\n");
    HAS(text, "data      RW   0x");
    text = draw_module(&picture, module);
    HAS(text, "    there               0x123456780000    kernel ");
    HAS(text, " stub\n");
    free(picture.memory);
    END(f);
}

/* Without kept sections there is less to see, and nothing wrong. */
static void a_space_without_sections(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct picture picture;
    bool refuse = false;
    elfin_slot slot;

    LOAD(f, "a.o", "fn near 1; var v 1", "none.o", "abs x 1");
    REQUIRE(picture_collect(&picture, &f->space, NULL, 0, get_memory, &refuse));
    CHECK_EQ(picture.item_count, 0);
    CHECK_EQ(picture.modules[0].block, 0);
    CHECK_EQ(picture.modules[1].block, PICTURE_NONE);
    CHECK(!elfin_module_slot(picture.modules[0].module, 0, &slot));
    HAS(draw(&picture), "  text      RX   0x");
    HAS(draw_module(&picture, 0), "module a, file a.o");
    HAS(draw_module(&picture, 1), "nothing of it is in memory");
    free(picture.memory);
    END(f);
}

static void sizes_in_words(void)
{
    static const struct {
        uint64_t size;
        const char *text;
    } rows[] = { { 0, "0 bytes" },           { 1, "1 byte" },
                 { 1023, "1023 bytes" },     { 1024, "1 KiB" },
                 { 1025, "1025 bytes" },     { 10241, "10.0 KiB" },
                 { 12000, "11.7 KiB" },      { 1048576, "1 MiB" },
                 { UINT64_MAX, "15.9 EiB" }, { UINT64_C(3) << 29, "1.5 GiB" } };
    char buffer[PICTURE_SIZE_TEXT];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_STR(picture_size(buffer, rows[i].size), rows[i].text);
}

static const struct test_case cases[] = {
    TEST_CASE(nothing_at_all),
    TEST_CASE(both_ends_of_memory),
    TEST_CASE(all_of_memory),
    TEST_CASE(huge_gaps_are_left_out),
    TEST_CASE(strips_against_a_model),
    TEST_CASE(overlay_against_a_model),
    TEST_CASE(thousands_of_modules_in_one_block),
    TEST_CASE(thousands_of_blocks),
    TEST_CASE(hostile_names),
    TEST_CASE(a_space),
    TEST_CASE(a_space_without_sections),
    TEST_CASE(sizes_in_words),
};

TEST_MAIN("picture", cases)
