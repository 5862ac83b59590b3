/* SPDX-License-Identifier: MIT */
/*
 * Damaged descriptions of what is handed over: every prefix, every byte under the checksum; with
 * the checksum made right, every field of every record, one by one and several at once; a row for
 * each thing that is proven. Whatever is taken is asked about, used, and unloaded again.
 */
#include "tests/lib/heir.h"
#include "tests/unit/library.h"

static struct fixture *from, *to;
static struct blob whole;

static const struct member members[] = {
    { "m.o", "hidden fn secret 42; fn open 1", "secret open" },
    { NULL, NULL, NULL },
};

static void begin(void)
{
    struct blob lib = library(members, false);
    const elfin_export exports[] = { { "__cxa_finalize", 0x40002000 } };

    from = heir_new_writer(4096, 64);
    STATUS(fx_export(from, exports, 1), ELFIN_OK);
    from->options.flags = ELFIN_LOAD_KEEP_SECTIONS;
    LOAD(from, "base.o",
         "fn base 3; var v 4; ro r 5; ctor 1; dtor 2; exit 3; tls t 5; tbss z 9; abs k 0x1000");
    LOAD(from, "a.o",
         "call f base; addr a v; common c 16 16; in .init.text 5 8 ax; needs base; tls u 6; "
         "ptr d __dso_handle; in .eh_frame 0; module a; state 1 f f",
         "b.o",
         "fn x 1; ifunc i x; call y i; init 4 0; bss big 5000; weak fn w 1; interrupts; tls after "
         "7");
    from->options.flags = ELFIN_LOAD_NO_INIT;
    LOAD(from, "still.o", "fn still 1");
    STATUS(load_with(from, "am.o", "call am open", &lib, 1), ELFIN_OK);
    free(lib.data);
    whole = heir_describe(from);
    to = heir_new_space(FAKE_INVENTED, 4096, 64);
    to->fake.call_any = true;
    STATUS(fx_export(to, exports, 1), ELFIN_OK);
}

static void end(void)
{
    free(whole.data);
    END(from);
    END(to);
}

/* Adopts it; whatever comes of that, nothing is left. Returns whether it was taken. */
static bool survives(struct blob d)
{
    struct fx_snapshot before = fx_snapshot(to);
    char text[1024];
    bool taken;

    fake_host_rewind(&to->fake);
    taken = heir_adopt(to, from, d) == ELFIN_OK;
    if (taken) {
        for (elfin_group *g = elfin_next_group(&to->space, NULL); g != NULL;
             g = elfin_next_group(&to->space, g)) {
            NO_COMPLAINT(fx_check_rights(to, g));
            for (const elfin_module *m = elfin_next_module(g, NULL); m != NULL;
                 m = elfin_next_module(g, m)) {
                heir_ask(to, m);
            }
        }
        fx_load(to, "user.o", "call user base; ptr q v", NULL);
        while (elfin_next_group(&to->space, NULL) != NULL) {
            bool any = false;

            for (elfin_group *g = elfin_next_group(&to->space, NULL), *next; g != NULL; g = next) {
                next = elfin_next_group(&to->space, g);
                any |= elfin_unload(&to->space, g, NULL, NULL, NULL) == ELFIN_OK;
            }
            REQUIRE(any);
        }
        before.records = to->fake.live_records; /* a larger index may stay */
        before.bytes = fx_snapshot(to).bytes;
        before.stats.record_bytes = fx_snapshot(to).stats.record_bytes;
    } else {
        elfin_diag_format(&to->diag, text, sizeof text);
        CHECK_MSG(to->status != ELFIN_ERR_INTERNAL && to->status != ELFIN_ERR_HOST, "%s", text);
        CHECK_EQ(to->status, to->diag.status);
    }
    NO_COMPLAINT(fx_compare(to, &before));
    return taken;
}

static struct blob copy_of(const struct blob *d)
{
    struct blob copy = { xmalloc(d->size), d->size };

    memcpy(copy.data, d->data, d->size);
    return copy;
}

static void the_whole_is_good(void)
{
    uint64_t count;
    size_t size;

    begin();
    CHECK(survives(whole));
    heir_seal(&whole);
    CHECK(survives(whole));
    for (int t = 0; t < HEIR_TABLE_COUNT; t++) {
        heir_table(&whole, (enum heir_table)t, &count, &size);
        CHECK_MSG(count > 0, "table %d is empty", t);
    }
    end();
}

static void every_prefix(void)
{
    begin();
    for (size_t size = 0; size < whole.size; size++) {
        struct blob prefix = { whole.data, size };

        CHECK_MSG(!survives(prefix), "%zu bytes were taken", size);
        CHECK(to->status == ELFIN_ERR_TRUNCATED);
        REQUIRE_NO_FAILURE();
    }
    end();
}

/* The same with the size made right: what is missing is missed by what is there. */
static void every_sealed_prefix(void)
{
    begin();
    for (size_t size = HEIR_HEADER_SIZE; size < whole.size; size++) {
        struct blob prefix = { xmalloc(size), size };

        memcpy(prefix.data, whole.data, size);
        heir_seal(&prefix);
        CHECK_MSG(!survives(prefix), "%zu bytes were taken", size);
        free(prefix.data);
        REQUIRE_NO_FAILURE();
    }
    end();
}

static void every_byte_is_in_the_checksum(void)
{
    begin();
    for (size_t at = 0; at < whole.size; at++) {
        uint8_t bit = (uint8_t)(1u << test_random_below(8));

        whole.data[at] ^= bit;
        CHECK_MSG(!survives(whole), "byte %zu", at);
        whole.data[at] ^= bit;
        REQUIRE_NO_FAILURE();
    }
    end();
}

static void try_values(size_t at, size_t width, unsigned *taken)
{
    uint64_t old = 0;

    memcpy(&old, whole.data + at, width);
    const uint64_t values[] = { 0,          1,          2,          3,
                                old + 1,    old - 1,    old + 8,    old ^ 64,
                                old << 8,   0x7fffffff, 0x80000000, ~(uint64_t)0,
                                old + 4096, old - 4096, 0x8000,     UINT64_C(1) << 62 };

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct blob copy = copy_of(&whole);

        memcpy(copy.data + at, &values[i], width);
        heir_seal(&copy);
        *taken += survives(copy);
        free(copy.data);
        CHECK_MSG(test_state.failures == 0, "value 0x%llx at 0x%zx of %zu bytes",
                  (unsigned long long)values[i], at, width);
        REQUIRE_NO_FAILURE();
    }
}

static void try_table(enum heir_table table, size_t width, unsigned *taken)
{
    uint64_t count;
    size_t size, start = heir_table(&whole, table, &count, &size);

    for (size_t at = start; at < start + count * size; at += width)
        try_values(at, width, taken);
}

static void every_field(void)
{
    unsigned taken = 0;

    begin();
    for (size_t at = 8; at + 4 <= whole.size; at += 4) {
        if (at / 8 == HEIR_CHECKSUM / 8)
            continue;
        try_values(at, 4, &taken);
        if (at % 8 == 0 && at + 8 <= whole.size)
            try_values(at, 8, &taken);
    }
    try_table(HEIR_CALLS, 2, &taken);
    try_table(HEIR_SECTIONS, 1, &taken);
    printf("# evil handover: %u changes of %zu bytes are harmless\n", taken, whole.size);
    end();
}

static void several_at_once(void)
{
    begin();
    for (int round = 0; round < 20000; round++) {
        struct blob copy = copy_of(&whole);

        for (uint64_t n = 1 + test_random_below(4); n > 0; n--)
            copy.data[8 + test_random_below(whole.size - 8)] = (uint8_t)test_random();
        heir_seal(&copy);
        survives(copy);
        free(copy.data);
        REQUIRE_NO_FAILURE();
    }
    end();
}

/* Records that are sound by themselves, in the places of others. */
static void records_that_change_places(void)
{
    begin();
    for (int round = 0; round < 5000; round++) {
        struct blob copy = copy_of(&whole);
        enum heir_table table = (enum heir_table)test_random_below(HEIR_NAMES);
        uint64_t count;
        size_t size, start = heir_table(&whole, table, &count, &size);
        size_t one = start + size * test_random_below(count);
        size_t two = start + size * test_random_below(count);

        memcpy(copy.data + one, whole.data + two, size);
        if (test_random_below(2) != 0)
            memcpy(copy.data + two, whole.data + one, size);
        heir_seal(&copy);
        survives(copy);
        free(copy.data);
        REQUIRE_NO_FAILURE();
    }
    end();
}

struct row {
    const char *name;
    int table; /* enum heir_table; NONE: the header */
    size_t record, field, width;
    uint64_t value;
    elfin_status status;
    const char *word; /* of the report */
};

enum {
    NONE = -1,
    LAST = 1000 /* the last record */
};

#define PART(number) (24 + 24 * (number))
#define BAD          ELFIN_ERR_HAND_OVER

static const struct row rows[] = {
    { "magic", NONE, 0, 1, 1, 'E', BAD, "magic" },
    { "magic_of_an_image", NONE, 0, 4, 2, 'f' | 'i' << 8, BAD, "magic" },
    { "version", NONE, 0, 8, 4, 2, BAD, "version" },
    { "machine", NONE, 0, 12, 4, 183, BAD, "machine" },
    { "page_size", NONE, 0, 32, 8, 3000, BAD, "header" },
    { "huge_page", NONE, 0, 32, 8, UINT64_C(1) << 40, BAD, "header" },
    { "small_page", NONE, 0, 32, 8, 1024, BAD, "smaller pages" },
    { "table_outside", NONE, 0, HEIR_TABLES, 8, 1 << 30, BAD, "out of range" },
    { "table_count", NONE, 0, HEIR_TABLES + 8, 8, UINT64_C(1) << 60, BAD, "out of range" },
    { "calls_unused", NONE, 0, HEIR_TABLES + 16 * HEIR_GROUPS + 8, 8, 2, BAD, "out of range" },
    { "no_names", NONE, 0, HEIR_TABLES + 16 * HEIR_NAMES + 8, 8, 0, BAD, "a name is malformed" },
    { "no_end_of_names", NONE, 0, HEIR_TABLES + 16 * HEIR_NAMES + 8, 8, 4, BAD,
      "a name is malformed" },
    { "first_name", HEIR_NAMES, 0, 0, 1, 'x', BAD, "a name is malformed" },

    { "group_blocks", HEIR_GROUPS, 0, 0, 4, 100, BAD, "a group is malformed" },
    { "group_modules", HEIR_GROUPS, 0, 4, 4, 100, BAD, "a group is malformed" },
    { "group_no_modules", HEIR_GROUPS, 0, 4, 4, 0, BAD, "a group is malformed" },
    { "group_calls", HEIR_GROUPS, 0, 8, 4, 100, BAD, "a group is malformed" },
    { "group_flags", HEIR_GROUPS, 0, 12, 4, 3, BAD, "a group is malformed" },
    { "group_that_does_not_start", HEIR_GROUPS, 0, 12, 4, 0, BAD, "a group is malformed" },
    { "group_tls_order", HEIR_GROUPS, 0, 16, 8, 2000, BAD, "a group is malformed" },
    { "group_tls_size", HEIR_GROUPS, 0, 24, 8, UINT64_C(1) << 40, BAD, "a group is malformed" },
    { "group_tls_gap", HEIR_GROUPS, 0, 24, 8, 128, BAD, "thread-local blocks are" },

    { "block_run", HEIR_BLOCKS, 0, 0, 8, 0x1234, BAD, "a block or one" },
    { "block_elsewhere", HEIR_BLOCKS, 0, 0, 8, 0x100000, BAD, "a module is malformed" },
    { "block_at_the_end", HEIR_BLOCKS, 0, 0, 8, 0 - UINT64_C(0x1000), BAD, "a block or one" },
    { "block_twice", HEIR_BLOCKS, LAST, 0, 8, UINT64_C(0x210000000000), BAD, "shares memory" },
    { "block_physical", HEIR_BLOCKS, 0, 8, 8, 0x1234, BAD, "a block or one" },
    { "block_physical_twice", HEIR_BLOCKS, LAST, 8, 8, 0x100000, BAD, "shares memory" },
    { "block_physical_unknown", HEIR_BLOCKS, LAST, 8, 8, 0x77770000, ELFIN_ERR_MEMORY,
      "did not take" },
    { "block_physical_at_the_end", HEIR_BLOCKS, 0, 8, 8, 0 - UINT64_C(0x1000), BAD,
      "a block or one" },
    { "block_empty", HEIR_BLOCKS, 0, 16, 8, 0, BAD, "a block or one" },
    { "block_size", HEIR_BLOCKS, 0, 16, 8, 4097, BAD, "a block or one" },
    { "block_small", HEIR_BLOCKS, 0, 16, 8, 4096, BAD, "a block or one" },
    { "block_huge", HEIR_BLOCKS, 0, 16, 8, UINT64_C(1) << 33, BAD, "a block or one" },
    { "part_offset", HEIR_BLOCKS, 0, PART(1), 8, 0, BAD, "a block or one" },
    { "part_size", HEIR_BLOCKS, 0, PART(1) + 8, 8, 100, BAD, "a block or one" },
    { "part_large", HEIR_BLOCKS, 0, PART(3) + 8, 8, 1 << 20, BAD, "a block or one" },
    { "part_file_size", HEIR_BLOCKS, 0, PART(0) + 16, 8, 8192, BAD, "a block or one" },
    { "unwind_index", HEIR_BLOCKS, 1, 168, 8, 0x1000, BAD, "a block or one" },
    { "unwind_index_size", HEIR_BLOCKS, 1, 176, 8, 1 << 20, BAD, "a block or one" },
    { "frames", HEIR_BLOCKS, 1, 184, 8, 0, BAD, "a block or one" },
    { "frames_size", HEIR_BLOCKS, 1, 192, 8, ~(uint64_t)0, BAD, "a block or one" },

    { "module_name", HEIR_MODULES, 0, 0, 4, 0, BAD, "a name is malformed" },
    { "module_name_outside", HEIR_MODULES, 0, 0, 4, 1 << 20, BAD, "a name is malformed" },
    { "module_file_outside", HEIR_MODULES, 0, 4, 4, 1 << 20, BAD, "a name is malformed" },
    { "module_archive", HEIR_MODULES, 0, 16, 4, 1, BAD, "a name is malformed" },
    { "module_flags", HEIR_MODULES, 0, 20, 4, ELFIN_MODULE_RETIRED, BAD, "a module is malformed" },
    { "module_member", HEIR_MODULES, 0, 20, 4, ELFIN_MODULE_MEMBER, BAD, "a name is malformed" },
    { "module_symbols", HEIR_MODULES, 0, 24, 4, 1000, BAD, "a module is malformed" },
    { "module_sections", HEIR_MODULES, 0, 28, 4, 1000, BAD, "a module is malformed" },
    { "module_slots", HEIR_MODULES, 1, 32, 4, 1000, BAD, "a module is malformed" },
    { "module_indirect", HEIR_MODULES, 2, 36, 4, 1000, BAD, "a module is malformed" },
    { "module_uses", HEIR_MODULES, 1, 40, 4, 1000, BAD, "a module is malformed" },
    { "module_slots_in_use", HEIR_MODULES, 2, 44, 4, 0, BAD, "a module is malformed" },
    { "module_address", HEIR_MODULES, 0, 56, 8, 0x1000, BAD, "a module is malformed" },
    { "module_got", HEIR_MODULES, 2, 64, 8, 0x1000, BAD, "a module is malformed" },
    { "module_restore", HEIR_MODULES, 0, 88, 8, 0x1000, BAD, "a module is malformed" },
    { "module_no_save", HEIR_MODULES, 1, 80, 8, 0, BAD, "a module is malformed" },
    { "module_state_version", HEIR_MODULES, 0, 52, 4, 1, BAD, "a module is malformed" },
    { "tls_offset", HEIR_MODULES, 0, 96, 8, 0, BAD, "thread-local blocks are" },
    { "tls_offset_up", HEIR_MODULES, 0, 96, 8, 64, BAD, "thread-local blocks are" },
    { "tls_size", HEIR_MODULES, 0, 104, 8, 1000, BAD, "thread-local blocks are" },
    { "tls_no_size", HEIR_MODULES, 0, 104, 8, 0, BAD, "thread-local blocks are" },
    { "tls_file_size", HEIR_MODULES, 0, 112, 8, 1000, BAD, "thread-local blocks are" },
    { "tls_align", HEIR_MODULES, 0, 120, 8, 3, BAD, "thread-local blocks are" },
    { "tls_run", HEIR_MODULES, 0, 128, 8, 0x1000, BAD, "thread-local blocks are" },
    { "tls_backwards", HEIR_MODULES, 1, 96, 8, 0 - (uint64_t)2048, BAD, "thread-local blocks are" },
    { "tls_into_the_next", HEIR_MODULES, 2, 104, 8, 16, BAD, "thread-local blocks are" },
    { "no_tls_but_its_offset", HEIR_MODULES, 3, 96, 8, 64, BAD, "thread-local blocks are" },
    { "no_tls_but_its_image", HEIR_MODULES, 3, 112, 8, 8, BAD, "thread-local blocks are" },
    { "no_tls_but_its_alignment", HEIR_MODULES, 3, 120, 8, 8, BAD, "thread-local blocks are" },
    { "no_tls_but_its_place", HEIR_MODULES, 3, 128, 8, 8, BAD, "thread-local blocks are" },

    { "call_module", HEIR_CALLS, 0, 0, 4, 1, BAD, "a call is" },
    { "call_entry", HEIR_CALLS, 0, 4, 2, ELFIN_ENTRY_RESOLVER, BAD, "a call is" },
    { "call_entry_unknown", HEIR_CALLS, 0, 4, 2, 100, BAD, "a call is" },
    { "call_flags", HEIR_CALLS, 0, 6, 2, 1, BAD, "a call is" },
    { "call_address", HEIR_CALLS, 0, 8, 8, 0x1000, BAD, "a call is" },
    { "call_nothing", HEIR_CALLS, 0, 8, 8, 0, BAD, "a call is" },
    { "call_from", HEIR_CALLS, 1, 16, 8, 0x1000, BAD, "a call is" },

    { "symbol_name", HEIR_SYMBOLS, 0, 0, 4, 0, BAD, "a symbol is" },
    { "symbol_name_outside", HEIR_SYMBOLS, 0, 0, 4, 1 << 20, BAD, "a symbol is" },
    { "symbol_flags", HEIR_SYMBOLS, 0, 4, 4, 32, BAD, "a symbol is" },
    { "symbol_private", HEIR_SYMBOLS, 0, 4, 4, 2, BAD, "a symbol is" },
    { "symbol_exported_and_private", HEIR_SYMBOLS, LAST, 4, 4, 3, BAD, "a symbol is" },
    { "symbol_address", HEIR_SYMBOLS, 0, 8, 8, 0x1000, BAD, "a symbol is" },
    { "symbol_tls", HEIR_SYMBOLS, 0, 4, 4, 1 | 64, BAD, "a symbol is" },
    { "symbol_size", HEIR_SYMBOLS, 0, 16, 8, UINT64_C(1) << 56, BAD, "a symbol is" },

    { "section_name", HEIR_SECTIONS, 0, 0, 4, 1 << 20, BAD, "a section is" },
    { "section_index", HEIR_SECTIONS, 0, 4, 4, 0xfffffff0, BAD, "a section is" },
    { "section_address", HEIR_SECTIONS, 0, 8, 8, 0x1000, BAD, "a section is" },
    { "section_size", HEIR_SECTIONS, 0, 16, 8, 1 << 20, BAD, "a section is" },
    { "section_part", HEIR_SECTIONS, 0, 24, 1, 6, BAD, "a section is" },
    { "section_part_other", HEIR_SECTIONS, 0, 24, 1, ELFIN_PART_DATA, BAD, "a section is" },
    { "section_flags", HEIR_SECTIONS, 0, 25, 1, 4, BAD, "a section is" },
    { "section_zero", HEIR_SECTIONS, 0, 31, 1, 1, BAD, "a section is" },

    { "slot_name", HEIR_SLOTS, 0, 0, 4, 1 << 20, BAD, "a slot is" },
    { "slot_flags", HEIR_SLOTS, 0, 4, 4, 1, BAD, "a slot is" },
    { "slot_address", HEIR_SLOTS, 0, 8, 8, 0x1000, BAD, "a slot is" },
    { "slot_stub", HEIR_SLOTS, 0, 24, 8, 0x1000, BAD, "a slot is" },

    { "indirect_name", HEIR_INDIRECT, 0, 0, 4, 1 << 20, BAD, "an indirect function is" },
    { "indirect_zero", HEIR_INDIRECT, 0, 4, 4, 1, BAD, "an indirect function is" },
    { "indirect_address", HEIR_INDIRECT, 0, 8, 8, 0x1000, BAD, "an indirect function is" },
    { "indirect_slot", HEIR_INDIRECT, 0, 16, 8, 0x1000, BAD, "an indirect function is" },
    { "indirect_resolver", HEIR_INDIRECT, 0, 24, 8, 0x1000, BAD, "an indirect function is" },

    { "uses_a_later_one", HEIR_USES, 0, 0, 4, 3, BAD, "not there yet" },
    { "uses_nobody", HEIR_USES, 0, 0, 4, 1000, BAD, "not there yet" },
};

static const struct row *current;

static void run_row(void)
{
    size_t at = current->field;
    char text[1024];

    begin();
    if (current->table != NONE) {
        uint64_t count, record = current->record;
        size_t size, start = heir_table(&whole, (enum heir_table)current->table, &count, &size);

        if (record == LAST)
            record = count - 1;
        REQUIRE(record < count);
        at += start + record * size;
    }
    memcpy(whole.data + at, &current->value, current->width);
    heir_seal(&whole);
    CHECK(!survives(whole));
    STATUS(to->status, current->status);
    elfin_diag_format(&to->diag, text, sizeof text);
    CHECK_MSG(strstr(text, current->word) != NULL, "no \"%s\" in: %s", current->word, text);
    end();
}

/* All symbols share one long name: hashing and copying them all would take too long. */
static void names_that_overlap(void)
{
    uint64_t count, names;
    size_t size, start;
    uint32_t name;

    begin();
    start = heir_table(&whole, HEIR_SYMBOLS, &count, &size);
    heir_table(&whole, HEIR_NAMES, &names, &size);
    name = 1;
    for (uint64_t i = 0; i < count; i++)
        memcpy(whole.data + start + 24 * i, &name, sizeof name);
    for (uint64_t i = 1; i + 1 < names; i++)
        whole.data[whole.size - names + i] = 'n';
    heir_seal(&whole);
    CHECK(!survives(whole));
    STATUS(to->status, ELFIN_ERR_HAND_OVER);
    end();
}

/* Counts that agree with each other, and not with the tables. */
static void counts_past_the_tables(void)
{
    static const struct {
        size_t field;
        bool is_slot, is_indirect;
    } counts[] = { { 24, false, false },
                   { 28, false, false },
                   { 32, true, false },
                   { 36, false, true },
                   { 40, false, false } };

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        uint32_t many = 100000, none = 0;
        uint64_t count;
        size_t size, at;

        begin();
        at = heir_table(&whole, HEIR_MODULES, &count, &size) + size;
        memcpy(whole.data + at + counts[i].field, &many, 4);
        if (counts[i].is_indirect || counts[i].is_slot) {
            memcpy(whole.data + at + 44, &many, 4);
            memcpy(whole.data + at + (counts[i].is_slot ? 36 : 32), &none, 4);
        }
        heir_seal(&whole);
        CHECK(!survives(whole));
        CHECK_STR(elfin_diag_detail(&to->diag), "a module is malformed");
        end();
    }
}

/* Slots of indirect functions are among those in use. */
static void fewer_slots_than_indirect_functions(void)
{
    uint32_t none = 0;
    uint64_t count;
    size_t size, at;

    begin();
    at = heir_table(&whole, HEIR_MODULES, &count, &size) + 2 * size;
    memcpy(whole.data + at + 32, &none, 4);
    memcpy(whole.data + at + 44, &none, 4);
    heir_seal(&whole);
    CHECK(!survives(whole));
    CHECK_STR(elfin_diag_detail(&to->diag), "a module is malformed");
    end();
}

/* It takes no memory, so that nobody asks where it lies. */
static void an_empty_section_in_no_part(void)
{
    uint64_t count, none = 0;
    size_t size, at;

    begin();
    at = heir_table(&whole, HEIR_SECTIONS, &count, &size);
    memcpy(whole.data + at + 16, &none, 8);
    whole.data[at + 24] = ELFIN_PART_COUNT;
    heir_seal(&whole);
    CHECK(!survives(whole));
    CHECK_STR(elfin_diag_detail(&to->diag), "a section is malformed");
    end();
}

static void a_name_behind_the_last(void)
{
    uint64_t count, names;
    size_t size, at;
    uint32_t name;

    begin();
    heir_table(&whole, HEIR_NAMES, &names, &size);
    at = heir_table(&whole, HEIR_MODULES, &count, &size);
    name = (uint32_t)names;
    memcpy(whole.data + at + 8, &name, 4);
    heir_seal(&whole);
    CHECK(!survives(whole));
    CHECK_STR(elfin_diag_detail(&to->diag), "a name is malformed");
    end();
}

/* A name in the middle of the last one, which has no end. */
static void names_without_an_end(void)
{
    uint64_t count, names;
    size_t size, at;
    uint32_t name;

    begin();
    heir_table(&whole, HEIR_NAMES, &names, &size);
    at = heir_table(&whole, HEIR_MODULES, &count, &size);
    name = (uint32_t)names - 2;
    memcpy(whole.data + at + 12, &name, 4);
    whole.data[whole.size - 1] = 'x';
    heir_seal(&whole);
    CHECK(!survives(whole));
    CHECK_STR(elfin_diag_detail(&to->diag), "a name is malformed");
    end();
}

/* Where the flag says that an address need not be looked at, or there is none to look at. */
static void calls_without_what_they_need(void)
{
    uint64_t count, run, end_of_run, none = 0;
    uint16_t elsewhere = 0x8000;
    size_t size, at;

    begin();
    at = heir_table(&whole, HEIR_CALLS, &count, &size);
    memcpy(whole.data + at + 6, &elsewhere, 2);
    memcpy(whole.data + at + 8, &none, 8);
    heir_seal(&whole);
    CHECK(!survives(whole));
    CHECK_STR(elfin_diag_detail(&to->diag), "a call is malformed");
    end();

    begin();
    at = heir_table(&whole, HEIR_BLOCKS, &count, &size);
    memcpy(&run, whole.data + at, 8);
    memcpy(&end_of_run, whole.data + at + 16, 8);
    end_of_run += run;
    at = heir_table(&whole, HEIR_CALLS, &count, &size);
    memcpy(whole.data + at + 16, &end_of_run, 8);
    heir_seal(&whole);
    CHECK(!survives(whole));
    CHECK_STR(elfin_diag_detail(&to->diag), "a call is malformed");
    end();

    begin();
    at = heir_table(&whole, HEIR_CALLS, &count, &size);
    while (whole.data[at + 4] != ELFIN_ENTRY_FINALIZE)
        at += size;
    memcpy(whole.data + at + 16, &none, 8);
    heir_seal(&whole);
    CHECK(!survives(whole));
    CHECK_STR(elfin_diag_detail(&to->diag), "a call is malformed");
    end();
}

/* The last part, behind which nothing begins: whole pages all the same. */
static void a_part_of_some_bytes(void)
{
    uint64_t count, value;
    size_t size, at;

    begin();
    at = heir_table(&whole, HEIR_BLOCKS, &count, &size);
    memcpy(&value, whole.data + at + 16, 8);
    value += FAKE_PAGE;
    memcpy(whole.data + at + 16, &value, 8);
    value = 100;
    memcpy(whole.data + at + PART(5) + 8, &value, 8);
    heir_seal(&whole);
    CHECK(!survives(whole));
    CHECK_STR(elfin_diag_detail(&to->diag), "a block or one of its parts is malformed");
    end();
}

/* An address in the block of another group, and right behind a block of its own. */
static void addresses_of_others(void)
{
    for (int i = 0; i < 3; i++) {
        uint64_t count, blocks, address;
        size_t size, block_size, at, block;

        begin();
        at = heir_table(&whole, HEIR_SYMBOLS, &count, &size);
        block = heir_table(&whole, HEIR_BLOCKS, &blocks, &block_size);
        memcpy(&address, whole.data + block + (i == 0 ? (blocks - 1) * block_size : 0), 8);
        address += i == 2 ? 0x100000000 : 0;
        at += i == 1 ? (count - 1) * size : 0;
        memcpy(whole.data + at + 8, &address, 8);
        heir_seal(&whole);
        CHECK(!survives(whole));
        CHECK_STR(elfin_diag_detail(&to->diag), "a symbol is malformed");
        end();
    }
}

static void too_many_groups(void)
{
    enum {
        GROUPS = 16385,
        NAMES = HEIR_HEADER_SIZE + 32 * GROUPS
    };
    struct blob d = { xmalloc(NAMES + 1), NAMES + 1 };

    begin();
    memset(d.data, 0, d.size);
    memcpy(d.data, whole.data, HEIR_TABLES);
    for (int t = 0; t < HEIR_TABLE_COUNT; t++) {
        uint64_t extent[2] = { t == HEIR_NAMES ? NAMES : HEIR_HEADER_SIZE, t == HEIR_GROUPS ? GROUPS
                                                                           : t == HEIR_NAMES ? 1
                                                                                             : 0 };

        memcpy(d.data + HEIR_TABLES + 16 * t, extent, sizeof extent);
    }
    heir_seal(&d);
    CHECK(!survives(d));
    STATUS(to->status, ELFIN_ERR_LIMIT);
    free(d.data);
    end();
}

static void shift_field(enum heir_table table, size_t field, uint64_t by, const char *detail)
{
    uint64_t count, value;
    size_t size, at;

    begin();
    at = heir_table(&whole, table, &count, &size) + field;
    memcpy(&value, whole.data + at, sizeof value);
    value += by;
    memcpy(whole.data + at, &value, sizeof value);
    heir_seal(&whole);
    CHECK(!survives(whole));
    CHECK_STR(elfin_diag_detail(&to->diag), detail);
    end();
}

static void blocks_have_whole_pages(void)
{
    shift_field(HEIR_BLOCKS, 16, 100, "a block or one of its parts is malformed");
}

static void slots_are_aligned(void)
{
    shift_field(HEIR_SLOTS, 8, 4, "a slot is malformed");
    shift_field(HEIR_INDIRECT, 16, 4, "an indirect function is malformed");
}

/* A member's archive is a name like others. */
static void an_archive_without_a_name(void)
{
    uint32_t flags = ELFIN_MODULE_MEMBER, name = 1 << 20;
    uint64_t count;
    size_t size, at;

    begin();
    at = heir_table(&whole, HEIR_MODULES, &count, &size);
    memcpy(whole.data + at + 16, &name, 4);
    memcpy(whole.data + at + 20, &flags, 4);
    heir_seal(&whole);
    CHECK(!survives(whole));
    CHECK_STR(elfin_diag_detail(&to->diag), "a name is malformed");
    end();
}

static const struct test_case cases[] = {
    TEST_CASE(counts_past_the_tables),
    TEST_CASE(an_archive_without_a_name),
    TEST_CASE(slots_are_aligned),
    TEST_CASE(names_without_an_end),
    TEST_CASE(calls_without_what_they_need),
    TEST_CASE(too_many_groups),
    TEST_CASE(addresses_of_others),
    TEST_CASE(blocks_have_whole_pages),
    TEST_CASE(a_part_of_some_bytes),
    TEST_CASE(a_name_behind_the_last),
    TEST_CASE(fewer_slots_than_indirect_functions),
    TEST_CASE(an_empty_section_in_no_part),
    TEST_CASE(the_whole_is_good),
    TEST_CASE(every_prefix),
    TEST_CASE(every_sealed_prefix),
    TEST_CASE(every_byte_is_in_the_checksum),
    TEST_CASE(every_field),
    TEST_CASE(several_at_once),
    TEST_CASE(records_that_change_places),
    TEST_CASE(names_that_overlap),
};

int main(int argc, char **argv)
{
    int status = 0;

    for (size_t i = 0; argc < 2 && i < sizeof rows / sizeof rows[0]; i++) {
        struct test_case one = { rows[i].name, run_row };

        current = &rows[i];
        status |= test_run_all("handover", &one, 1, 0, argv);
    }
    return status | test_run_all("handover", cases, sizeof cases / sizeof cases[0], argc, argv);
}
