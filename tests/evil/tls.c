/* SPDX-License-Identifier: MIT */
/* Sequences of thread-local storage that are not what they say: each is refused, by its record. */
#include "tests/evil/single.h"
#include "tests/lib/toy.h"

#define TOY "tls v 1; gd f v"

static void begin_tls(void)
{
    eb = xmalloc(sizeof *eb);
    f = fx_new_tls(FAKE_INVENTED, 4096, 64);
}

/* Every byte of a sequence counts: with any of them changed it is another one. */
static void every_byte_is_compared(void)
{
    static const struct {
        const char *verb;
        size_t size;
    } rows[] = { { "gd", 16 },     { "gdslot", 16 },  { "gdlarge", 22 }, { "ld", 12 },
                 { "ldslot", 13 }, { "ldlarge", 22 }, { "desc", 9 } };

    for (size_t v = 0; v < sizeof rows / sizeof rows[0]; v++) {
        char text[64];

        snprintf(text, sizeof text, "tls v 1; %s f v", rows[v].verb);
        for (size_t at = 0; at < 24; at++) {
            struct blob object;
            size_t byte;
            bool field;

            begin_tls();
            object = toy_build(eb, text);
            byte = eb->sections[toy_section(eb, ".text")].header.sh_offset + at;
            field = blob_get(&object, byte, 1) == 0;
            blob_set(&object, byte, 1, blob_get(&object, byte, 1) ^ 0x80);
            load(object);
            /* Fields are 0, and what they hold does not matter; nor does what follows the call. */
            if (f->status != ELFIN_OK) {
                STATUS(f->status, ELFIN_ERR_TLS);
                CHECK_STR(f->diag.section, ".text");
                CHECK(strncmp(elfin_diag_relocation_name(&f->diag), "R_X86_64_", 9) == 0);
                CHECK(!field);
            }
            if (at < rows[v].size && !field) {
                CHECK_MSG(f->status != ELFIN_OK, "%s, byte %zu", rows[v].verb, at);
            }
            end();
        }
    }
}

/* The section ends within the sequence, at every place that leaves the first field whole. */
static void sequences_are_not_read_past_the_section(void)
{
    for (size_t size = 8; size <= 17; size++) {
        struct blob object;

        begin_tls();
        object = toy_build(eb, TOY);
        blob_set(&object, eb_shdr_at(eb, toy_section(eb, ".text")) + offsetof(Elf64_Shdr, sh_size),
                 8, size);
        load(object);
        if (size < 16) {
            CHECK(f->status == ELFIN_ERR_TLS || f->status == ELFIN_ERR_RELOCATION);
            CHECK_EQ(f->diag.relocation_index, 0);
        } else {
            STATUS(f->status, ELFIN_OK);
        }
        end();
    }
}

/* The first field lies so near to the section's start that the sequence would begin before it. */
static void sequences_are_not_read_before_the_section(void)
{
    static const uint32_t types[] = { R_X86_64_TLSGD,
                                      R_X86_64_TLSLD,
                                      R_X86_64_GOTPC32_TLSDESC,
                                      R_X86_64_GOTTPOFF,
                                      44,
                                      45,
                                      47,
                                      48,
                                      50,
                                      51 };

    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        for (uint64_t at = 0; at < 6; at++) {
            int text, v, data;

            begin_tls();
            eb_init(eb);
            text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16, 1);
            data =
                eb_section(eb, ".tdata", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, NULL, 8, 8);
            v = eb_symbol(eb, "v", ELF64_ST_INFO(STB_GLOBAL, STT_TLS), 0, (unsigned)data, 0, 8);
            eb_rela(eb, text, at, types[t], v, -4);
            load(eb_finish(eb));
            /* The slot of an initial-exec record serves whatever the code is. */
            CHECK(f->status == ELFIN_ERR_TLS ||
                  (f->status == ELFIN_OK && (types[t] == R_X86_64_GOTTPOFF || types[t] == 44 ||
                                             types[t] == 47 || types[t] == 50)));
            end();
        }
    }
}

/* Symbol 0 stands for no symbol: what the file says of its section means nothing. */
static void symbol_0_lies_nowhere(void)
{
    static const uint16_t sections[] = { 0, 1, 0x7000, SHN_ABS, SHN_COMMON, SHN_XINDEX };

    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        struct blob object;
        int data, tls, v;

        begin_tls();
        eb_init(eb);
        data = eb_section(eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 16, 8);
        tls = eb_section(eb, ".tdata", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, NULL, 8, 8);
        eb_symbol(eb, "p", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, (unsigned)data, 0, 8);
        v = eb_symbol(eb, "v", ELF64_ST_INFO(STB_GLOBAL, STT_TLS), 0, (unsigned)tls, 0, 8);
        eb_rela(eb, data, 0, R_X86_64_64, -1, 6);
        eb_rela(eb, data, 8, R_X86_64_TPOFF64, v, 0);
        object = eb_finish(eb);
        blob_set(&object, eb->sections[eb->symtab].header.sh_offset + offsetof(Elf64_Sym, st_shndx),
                 2, sections[i]);
        STATUS(load(object), ELFIN_OK);
        CHECK_EQ(fx_read(f, fx_lookup(f, "p")), 6);
        end();
    }
}

struct change {
    const char *name;
    size_t record, field, width;
    uint64_t value;
};

#define RECORD(number, member) (number), FIELD_OF(member)
#define FIELD_OF(member)       offsetof(Elf64_Rela, member), sizeof(((Elf64_Rela *)0)->member)

/* The record of the call must be the next, of its kind, at its place, for the right function. */
static void the_call_s_record_must_be_there(void)
{
    static const struct change changes[] = {
        { "place", RECORD(1, r_offset), 11 },
        { "place behind", RECORD(1, r_offset), 13 },
        { "addend", RECORD(1, r_addend), 0 },
        { "first addend", RECORD(0, r_addend), 0 },
        { "type", 1, offsetof(Elf64_Rela, r_info), 4, R_X86_64_GOTPCREL },
        { "type that stores nothing", 1, offsetof(Elf64_Rela, r_info), 4, R_X86_64_NONE },
        { "type of 64 bits", 1, offsetof(Elf64_Rela, r_info), 4, R_X86_64_64 },
        { "unknown type", 1, offsetof(Elf64_Rela, r_info), 4, 0xffffffff },
        { "another function", 1, offsetof(Elf64_Rela, r_info) + 4, 4, 1 },
        { "no symbol", 1, offsetof(Elf64_Rela, r_info) + 4, 4, 0 },
        { "symbol outside", 1, offsetof(Elf64_Rela, r_info) + 4, 4, 0x7fffffff },
    };

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const struct change *c = &changes[i];
        struct blob object;

        begin_tls();
        object = toy_build(eb, TOY);
        blob_set(&object, eb_rela_at(eb, toy_section(eb, ".text"), c->record) + c->field, c->width,
                 c->value);
        CHECK_MSG(load(object) == ELFIN_ERR_TLS, "%s: %s", c->name, elfin_status_text(f->status));
        CHECK_EQ(f->diag.relocation_index, 0);
        CHECK_STR(elfin_diag_relocation_name(&f->diag), "R_X86_64_TLSGD");
        end();
    }
}

static void the_last_record_has_no_next_one(void)
{
    struct blob object;

    begin_tls();
    object = toy_build(eb, TOY);
    blob_set(&object,
             eb_shdr_at(eb, eb->rela_section[toy_section(eb, ".text")]) +
                 offsetof(Elf64_Shdr, sh_size),
             8, sizeof(Elf64_Rela));
    STATUS(load(object), ELFIN_ERR_TLS);
    end();
}

/* Records whose fields overlap: the last one to write wins, nothing is written elsewhere. */
static void overlapping_records_stay_in_bounds(void)
{
    static const uint32_t types[] = { R_X86_64_64,    R_X86_64_TPOFF64, R_X86_64_GOTTPOFF,
                                      R_X86_64_TLSGD, R_X86_64_TLSLD,   R_X86_64_TLSDESC_CALL };
    static const char *const verbs[] = { "gd", "ld", "ie", "desc", "gdlarge" };
    unsigned loaded = 0;

    for (size_t v = 0; v < sizeof verbs / sizeof verbs[0]; v++) {
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
            for (uint64_t at = 0; at < 12; at++) {
                char source[80];
                struct blob object;
                size_t last;

                begin_tls();
                /* Its code is as long as the place needs; the last record is ours to move. */
                snprintf(source, sizeof source, "tls v 1; %s f v; tpoff g v", verbs[v]);
                object = toy_build(eb, source);
                last = eb->sections[eb->rela_section[toy_section(eb, ".text")]].size /
                           sizeof(Elf64_Rela) -
                       1;
                blob_set(&object, eb_rela_at(eb, toy_section(eb, ".text"), last), 8, at);
                blob_set(&object, eb_rela_at(eb, toy_section(eb, ".text"), last) + 8, 4, types[t]);
                blob_set(&object, eb_rela_at(eb, toy_section(eb, ".text"), last) + 16, 8,
                         (uint64_t)-4);
                loaded += load(object) == ELFIN_OK;
                CHECK(f->status == ELFIN_OK || f->status == ELFIN_ERR_TLS);
                end();
            }
        }
    }
    CHECK(loaded > 50);
}

static void only_plain_data_can_be_thread_local(void)
{
    static const struct {
        const char *name;
        uint32_t type;
        uint64_t flags;
        elfin_status status;
    } rows[] = {
        { ".text.t", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, ELFIN_ERR_SECTION_KIND },
        { ".init_array", SHT_INIT_ARRAY, SHF_ALLOC | SHF_WRITE, ELFIN_ERR_SECTION_KIND },
        { ".note", SHT_NOTE, SHF_ALLOC, ELFIN_ERR_SECTION_KIND },
        { ".elfin.init", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, ELFIN_ERR_SECTION_KIND },
        { ".tdata.ro", SHT_PROGBITS, SHF_ALLOC, ELFIN_OK },
        { ".comment", SHT_PROGBITS, 0, ELFIN_OK }, /* not loaded */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_tls();
        eb_init(eb);
        eb_section(eb, rows[i].name, rows[i].type, rows[i].flags | SHF_TLS, NULL, 8, 8);
        STATUS(load(eb_finish(eb)), rows[i].status);
        end();
    }
}

static void thread_local_symbols_lie_in_thread_local_sections(void)
{
    static const unsigned places[] = { 1, SHN_ABS };

    for (size_t i = 0; i < 2; i++) {
        begin();
        eb_init(eb);
        eb_section(eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 8, 8);
        eb_symbol(eb, "v", ELF64_ST_INFO(STB_GLOBAL, STT_TLS), 0, places[i], 0, 8);
        STATUS(load(eb_finish(eb)), ELFIN_ERR_SYMBOL);
        CHECK_STR(f->diag.symbol, "v");
        end();
    }
}

/* A label that is not marked as thread-local, and a section's symbol, count as what they lie in. */
static void the_section_decides_what_a_symbol_is(void)
{
    static const unsigned kinds[] = { STT_NOTYPE, STT_OBJECT, STT_SECTION, STT_TLS };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (int relative = 0; relative < 2; relative++) {
            int text, data, v;

            begin_tls();
            eb_init(eb);
            text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16, 1);
            data =
                eb_section(eb, ".tdata", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, NULL, 8, 8);
            v = eb_symbol(eb, "v", ELF64_ST_INFO(STB_LOCAL, kinds[i]), 0, (unsigned)data, 0, 0);
            eb_rela(eb, text, 0, relative ? R_X86_64_PC64 : R_X86_64_TPOFF64, v, 0);
            STATUS(load(eb_finish(eb)), relative ? ELFIN_ERR_TLS : ELFIN_OK);
            end();
        }
    }
}

static void the_base_symbol_occurs_once(void)
{
    begin();
    eb_init(eb);
    eb_section(eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 8, 8);
    for (int i = 0; i < 2; i++) {
        eb_symbol(eb, "_TLS_MODULE_BASE_", ELF64_ST_INFO(STB_GLOBAL, STT_TLS), 0, SHN_UNDEF, 0, 0);
    }
    STATUS(load(eb_finish(eb)), ELFIN_ERR_SYMBOL);
    end();
}

static void records_need_a_symbol(void)
{
    begin();
    eb_init(eb);
    eb_rela(eb, eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16, 1), 0,
            R_X86_64_TPOFF64, -1, 0);
    STATUS(load(eb_finish(eb)), ELFIN_ERR_RELOCATION);
    end();
}

static const struct test_case cases[] = {
    TEST_CASE(symbol_0_lies_nowhere),
    TEST_CASE(every_byte_is_compared),
    TEST_CASE(sequences_are_not_read_past_the_section),
    TEST_CASE(sequences_are_not_read_before_the_section),
    TEST_CASE(the_call_s_record_must_be_there),
    TEST_CASE(the_last_record_has_no_next_one),
    TEST_CASE(overlapping_records_stay_in_bounds),
    TEST_CASE(only_plain_data_can_be_thread_local),
    TEST_CASE(thread_local_symbols_lie_in_thread_local_sections),
    TEST_CASE(the_section_decides_what_a_symbol_is),
    TEST_CASE(the_base_symbol_occurs_once),
    TEST_CASE(records_need_a_symbol),
};

TEST_MAIN("evil_tls", cases)
