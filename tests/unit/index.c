/* SPDX-License-Identifier: MIT */
/* Names, the table of names and the space's index, held against naive models. */
#include <sys/mman.h>

#include "loader/index.h"
#include "tests/lib/expect.h"

enum {
    PAGE = 4096,
    LONGEST = 200
};

/* The hash of a name is the same wherever it lies; nothing behind its end is touched. */
static void hashes_do_not_depend_on_the_place(void)
{
    uint8_t *pages =
        mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char text[LONGEST + 1];

    REQUIRE(pages != MAP_FAILED && mprotect(pages + PAGE, PAGE, PROT_NONE) == 0);
    for (uint32_t length = 0; length < LONGEST; length++) {
        struct name first;

        for (uint32_t i = 0; i < length; i++) {
            text[i] = (char)(1 + test_random_below(255));
        }
        text[length] = '\0';
        first = elfin_name(text);
        CHECK_EQ(first.length, length);
        CHECK_EQ(first.hash & NAME_LENGTH_MASK, length & NAME_LENGTH_MASK);
        CHECK(first.text == text && first.hash != 0);
        for (uint32_t behind = 0; behind < 20; behind++) {
            struct span table = { .data = pages + test_random_below(PAGE - LONGEST - 20) };
            uint64_t offset;
            uint8_t *at = pages + PAGE - behind - length - 1;
            struct name name;

            memset(at + length, 'x', behind + 1);
            memcpy(at, text, length + 1);
            at[length + behind] = '\0'; /* the end of the table */
            table.size = (uint64_t)(pages + PAGE - table.data);
            offset = (uint64_t)(at - table.data);
            name = elfin_name_in(table, offset);
            CHECK(name.hash == first.hash && name.length == length);
            CHECK_EQ(elfin_name((const char *)at).hash, first.hash);
            CHECK(elfin_name_equal((const char *)at, text, first.hash));
        }
    }
    munmap(pages, 2 * PAGE);
}

/* Texts of 64 bytes more or less may have one hash: neither is read past its end. */
static void texts_of_one_hash_are_told_apart(void)
{
    uint8_t *pages =
        mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char text[LONGEST + 1];

    REQUIRE(pages != MAP_FAILED && mprotect(pages + PAGE, PAGE, PROT_NONE) == 0);
    memset(text, 'a', sizeof text);
    text[LONGEST] = '\0';
    for (uint32_t shorter = 0; shorter < LONGEST; shorter++) {
        char *at = (char *)pages + PAGE - shorter - 1;

        memset(at, 'a', shorter);
        at[shorter] = '\0';
        for (uint32_t longer = shorter; longer <= LONGEST; longer += 64) {
            const char *other = text + LONGEST - longer;

            CHECK_EQ(elfin_name_equal(at, other, shorter & NAME_LENGTH_MASK), longer == shorter);
            CHECK_EQ(elfin_name_equal(other, at, shorter & NAME_LENGTH_MASK), longer == shorter);
        }
        for (uint32_t i = 0; i < shorter; i++) {
            at[i] = 'b';
            CHECK(!elfin_name_equal(at, text + LONGEST - shorter, shorter & NAME_LENGTH_MASK));
            at[i] = 'a';
        }
    }
    munmap(pages, 2 * PAGE);
}

/* ---- The table ------------------------------------------------------------------------------- */

enum {
    MOST = 3000
};

static struct elfin_table table;
static uint32_t hashes[MOST];
static bool present[MOST];
static uint32_t count, live;

static item number(uint32_t i)
{
    return (uint64_t)(i + 1) << 3 | ITEM_NAMED;
}

static struct elfin_table_entry *find(uint32_t i)
{
    struct elfin_table_entry *entry = table_first(&table, hashes[i]);

    while (entry->hash == hashes[i] && entry_item(entry) != number(i)) {
        entry++;
    }
    return entry->hash == hashes[i] ? entry : NULL;
}

/* In order, none before its home, nothing between a home and its entry. */
static void check_table(void)
{
    uint64_t gap = 0, end = table.capacity + TABLE_TAIL;
    uint32_t last = UINT32_MAX, used = 0, dead = 0;

    for (uint64_t i = 0; i < end; i++) {
        const struct elfin_table_entry *entry = &table.entries[i];

        if (entry->hash == 0) {
            CHECK_EQ(entry_item(entry), 0);
            gap = i + 1;
            continue;
        }
        CHECK(entry->hash <= last);
        CHECK(table_home(&table, entry->hash) <= i && table_home(&table, entry->hash) >= gap);
        last = entry->hash;
        used++;
        dead += entry_item(entry) == 0;
    }
    CHECK_EQ(table.entries[end - 1].hash, 0);
    CHECK_EQ(used, table.used);
    CHECK_EQ(dead, table.dead);
    CHECK_EQ(used - dead, live);
    for (uint32_t i = 0; i < count; i++) {
        CHECK_EQ(find(i) != NULL, present[i]);
    }
}

static void resize(uint64_t capacity)
{
    struct elfin_table old = table;

    table = (struct elfin_table){ .capacity = (uint32_t)capacity };
    table.entries = xmalloc(elfin_table_size(capacity));
    memset(table.entries, 0, elfin_table_size(capacity));
    CHECK(elfin_table_fill(&table, &old));
    free(old.entries);
}

static void toggle(uint32_t i)
{
    if (present[i]) {
        elfin_table_remove(&table, find(i));
        live--;
    } else {
        struct elfin_table_entry *entry;

        if (elfin_table_capacity(table.used + 1) > table.capacity) {
            resize(elfin_table_capacity(2 * (uint64_t)table.used + 1));
        }
        entry = table_first(&table, hashes[i]);
        while (entry->hash == hashes[i]) {
            entry++;
        }
        if (elfin_table_add(&table, entry, hashes[i], number(i)) != ELFIN_OK) {
            return;
        }
        live++;
    }
    present[i] = !present[i];
}

/* Few different hashes, hashes side by side, and any. */
static void random_changes_against_a_model(void)
{
    for (uint32_t round = 0; round < 12; round++) {
        uint32_t spread = round % 3 == 0 ? 0xffffffff : round % 3 == 1 ? 0xfffff : 50;

        memset(present, 0, sizeof present);
        table = (struct elfin_table){ 0 };
        count = 1 + (uint32_t)test_random_below(MOST);
        live = 0;
        resize(elfin_table_capacity(1));
        for (uint32_t i = 0; i < count; i++) {
            hashes[i] = 64 + (uint32_t)test_random_below(spread - 63 > spread ? 20 : spread - 63);
        }
        for (uint32_t step = 0; step < 3 * count; step++) {
            toggle((uint32_t)test_random_below(count));
            if (step % 997 == 0) {
                check_table();
            }
        }
        check_table();
        REQUIRE_NO_FAILURE();
        /* In place: what was taken out and stayed goes. */
        elfin_table_fill(&table, &table);
        CHECK_EQ(table.dead, 0);
        check_table();
        for (uint32_t i = 0; i < count; i++) {
            if (present[i]) {
                toggle(i);
            }
        }
        check_table();
        CHECK_EQ(live, 0);
        free(table.entries);
    }
}

/* Hashes are refused when they would make any change or search long. */
static void equal_hashes_are_bounded(void)
{
    uint32_t added = 0;

    memset(present, 0, sizeof present);
    table = (struct elfin_table){ 0 };
    live = 0;
    count = MOST;
    resize(elfin_table_capacity(MOST));
    for (uint32_t i = 0; i < MOST; i++) {
        hashes[i] = 0x80000000;
        toggle(i);
        added += present[i];
    }
    CHECK_EQ(added, EQUAL_LIMIT);
    for (uint32_t i = 0; i < MOST; i++) {
        if (!present[i]) {
            hashes[i] = 0x80000000 - i;
            toggle(i);
        }
    }
    check_table();
    CHECK_EQ(live, PROBE_LIMIT);
    /* From the front: each removal would move all. */
    for (uint32_t i = 0; i < MOST; i++) {
        if (present[i]) {
            toggle(i);
        }
    }
    CHECK(table.dead > 0);
    check_table();
    free(table.entries);
}

/* Names that come and go in a long row of entries never make it longer. */
static void entries_are_used_again(void)
{
    enum {
        ROW = 300
    };

    memset(present, 0, sizeof present);
    table = (struct elfin_table){ 0 };
    live = 0;
    count = ROW;
    resize(elfin_table_capacity(MOST));
    for (uint32_t i = 0; i < ROW; i++) {
        hashes[i] = 0x80000000 - i;
        toggle(i);
    }
    CHECK_EQ(live, ROW);
    for (uint32_t i = 0; i < 20 * ROW; i++) {
        uint32_t gone = (uint32_t)test_random_below(ROW);

        toggle(gone);
        if (i % ROW == 0) {
            CHECK(table.dead > 0 || gone > ROW - 100);
            check_table();
        }
        toggle(gone);
        CHECK(present[gone]);
        CHECK(table.used <= ROW + 1);
        REQUIRE_NO_FAILURE();
    }
    check_table();
    free(table.entries);
}

/* What is missing takes no longer than what is there, in the longest run of entries too. */
static void missing_names_are_missed_soon(void)
{
    uint64_t longest_found = 0, longest_missed = 0, found = 0, missed = 0;

    memset(present, 0, sizeof present);
    table = (struct elfin_table){ 0 };
    live = 0;
    count = MOST;
    resize(elfin_table_capacity(MOST));
    for (uint32_t i = 0; i < MOST; i++) {
        hashes[i] = (uint32_t)test_random_below(UINT32_MAX) + 1;
        toggle(i);
    }
    for (uint32_t i = 0; i < 100 * MOST; i++) {
        uint32_t hash = i < MOST ? hashes[i] : (uint32_t)test_random_below(UINT32_MAX) + 1;
        uint64_t steps =
            1 + (uint64_t)(table_first(&table, hash) - table.entries) - table_home(&table, hash);

        *(i < MOST ? &found : &missed) += steps;
        if (*(i < MOST ? &longest_found : &longest_missed) < steps) {
            *(i < MOST ? &longest_found : &longest_missed) = steps;
        }
    }
    CHECK(missed / 99 < found + found / 10);
    CHECK(longest_missed < 2 * longest_found && longest_found < TABLE_TAIL / 2);
    printf("# table three quarters full: %.2f steps to find, %.2f to miss, %llu at most\n",
           (double)found / MOST, (double)missed / (99 * MOST), (unsigned long long)longest_missed);
    free(table.entries);
}

/* ---- Exports of the host --------------------------------------------------------------------- */

/* 12 bytes an entry, at most three quarters and at least three fifths of them in use. */
static void few_bytes_for_a_name(void)
{
    enum {
        ROWS = 20000,
        PART = 100
    };
    struct fixture *f = fx_new(FAKE_INVENTED);
    elfin_export *rows = xmalloc(ROWS * sizeof *rows);
    char(*names)[16] = xmalloc(ROWS * sizeof *names);
    elfin_space_stats before, after;

    for (uint32_t i = 0; i < ROWS; i++) {
        snprintf(names[i], sizeof names[i], "name_%u", i);
        rows[i] = (elfin_export){ .name = names[i], .address = i };
    }
    elfin_space_get_stats(&f->space, &before);
    STATUS(elfin_space_export(&f->space, rows, ROWS), ELFIN_OK);
    elfin_space_get_stats(&f->space, &after);
    CHECK_EQ(after.exports - before.exports, ROWS);
    CHECK((after.record_bytes - before.record_bytes) / ROWS <= 16);
    for (uint32_t i = 0; i < ROWS; i++) {
        CHECK_EQ(fx_lookup(f, names[i]), i);
    }
    fx_again(f);
    for (uint32_t i = 0; i < ROWS; i += PART) {
        STATUS(elfin_space_export(&f->space, rows + i, PART), ELFIN_OK);
        elfin_space_get_stats(&f->space, &after);
        CHECK(i < 2000 || (after.record_bytes - before.record_bytes) / (i + PART) <= 22);
    }
    /* A row that fails takes all of its table out again. */
    rows[ROWS - 1].name = names[0];
    fx_again(f);
    elfin_space_get_stats(&f->space, &before);
    STATUS(elfin_space_export(&f->space, rows, ROWS), ELFIN_ERR_DUPLICATE);
    elfin_space_get_stats(&f->space, &after);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    CHECK_EQ(fx_lookup(f, names[1]), 0);
    END(f);
    free(rows);
    free(names);
}

/* A table that was made before: found first, by modules as by others, and never given up. */
static void the_host_s_fixed_table_comes_first(void)
{
    static const elfin_export rows[] = { { "one", 0x1000 },
                                         { "two", 0x2000 },
                                         { "three", 0x3000 } };
    static const elfin_export more[] = { { "four", 0x4000 } }, again[] = { { "two", 0x5000 } };
    struct fixture *f = fx_new(FAKE_INVENTED);
    size_t size = elfin_export_index_entries(3);
    struct elfin_table_entry *entries = xmalloc(size * sizeof *entries);
    elfin_export_index index = { .version = ELFIN_EXPORT_INDEX_VERSION,
                                 .count = 3,
                                 .entry_count = (uint32_t)size,
                                 .entries = entries,
                                 .rows = rows };
    elfin_group *shadowed;

    STATUS(elfin_export_index_make(rows, 3, entries), ELFIN_OK);
    STATUS(elfin_space_export_indexed(&f->space, &index), ELFIN_ERR_ARGUMENT); /* not the first */
    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    STATUS(elfin_space_export_indexed(&f->space, &index), ELFIN_OK);
    STATUS(elfin_space_export(&f->space, again, 1), ELFIN_ERR_DUPLICATE);
    STATUS(elfin_space_export(&f->space, more, 1), ELFIN_OK);
    LOAD(f, "a.o", "ptr p one; ptr q four; var two 2; var mine 3; weak undef none; ptr n none");
    shadowed = f->group;
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), 0x1000);
    CHECK_EQ(fx_read(f, fx_lookup(f, "q")), 0x4000);
    CHECK_EQ(fx_read(f, fx_lookup(f, "n")), 0);
    CHECK_EQ(fx_lookup(f, "two"), 0x2000);
    LOAD(f, "b.o", "ptr r two; ptr s mine; ptr t three; var two 4");
    CHECK_EQ(fx_read(f, fx_lookup(f, "r")), fx_symbol(f, "b", "two")); /* its own */
    CHECK_EQ(fx_read(f, fx_lookup(f, "s")), fx_lookup(f, "mine"));
    CHECK_EQ(fx_read(f, fx_lookup(f, "t")), 0x3000);
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "c.o", "ptr u missing");
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    STATUS(elfin_unload(&f->space, shadowed, NULL, NULL, NULL), ELFIN_OK);
    CHECK_EQ(fx_lookup(f, "two"), 0x2000);
    CHECK_EQ(fx_lookup(f, "mine"), 0);
    END(f);
    free(entries);
}

static void what_cannot_be_indexed(void)
{
    static const elfin_export twice[] = { { "a", 1 }, { "b", 2 }, { "a", 3 } };
    static const elfin_export empty[] = { { "a", 1 }, { "", 2 } }, none[] = { { NULL, 2 } };
    struct elfin_table_entry entries[TABLE_TAIL + 8];

    STATUS(elfin_export_index_make(twice, 3, entries), ELFIN_ERR_DUPLICATE);
    STATUS(elfin_export_index_make(empty, 2, entries), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_export_index_make(none, 1, entries), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_export_index_make(twice, (size_t)1 << 40, entries), ELFIN_ERR_LIMIT);
    CHECK_EQ(elfin_export_index_entries((size_t)1 << 40), 0);
}

static const struct test_case cases[] = {
    TEST_CASE(hashes_do_not_depend_on_the_place),
    TEST_CASE(texts_of_one_hash_are_told_apart),
    TEST_CASE(random_changes_against_a_model),
    TEST_CASE(equal_hashes_are_bounded),
    TEST_CASE(entries_are_used_again),
    TEST_CASE(missing_names_are_missed_soon),
    TEST_CASE(few_bytes_for_a_name),
    TEST_CASE(the_host_s_fixed_table_comes_first),
    TEST_CASE(what_cannot_be_indexed),
};

TEST_MAIN("index", cases)
