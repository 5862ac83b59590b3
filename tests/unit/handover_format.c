/* SPDX-License-Identifier: MIT */
/* docs/HANDOVER-FORMAT.md says of every field where it lies: as the code has it. */
#include "loader/handover.h"
#include "tests/lib/test.h"

#include <stddef.h>

struct field {
    const char *section, *name;
    size_t offset, size;
};

#define FIELD(section, type, field)                                                                \
    {                                                                                              \
        section, #field, offsetof(struct type, field), sizeof(((struct type *)0)->field)           \
    }
#define HEADER(field)   FIELD("Header", handover_header, field)
#define GROUP(field)    FIELD("Groups", handover_group, field)
#define BLOCK(field)    FIELD("Blocks", handover_block, field)
#define MODULE(field)   FIELD("Modules", handover_module, field)
#define CALL(field)     FIELD("Calls", handover_call, field)
#define SYMBOL(field)   FIELD("Symbols", handover_symbol, field)
#define SECTION(field)  FIELD("Sections", handover_section, field)
#define SLOT(field)     FIELD("Slots", handover_slot, field)
#define INDIRECT(field) FIELD("Indirect", handover_indirect, field)

static const struct field fields[] = {
    HEADER(magic),
    HEADER(version),
    HEADER(machine),
    HEADER(size),
    HEADER(checksum),
    HEADER(page_size),
    HEADER(table),
    GROUP(block_count),
    GROUP(module_count),
    GROUP(call_count),
    GROUP(flags),
    GROUP(tls_start),
    GROUP(tls_end),
    BLOCK(run),
    BLOCK(physical),
    BLOCK(size),
    BLOCK(part),
    BLOCK(unwind_index),
    BLOCK(unwind_index_size),
    BLOCK(frames),
    BLOCK(frames_size),
    MODULE(name),
    MODULE(file),
    MODULE(version),
    MODULE(description),
    MODULE(archive),
    MODULE(flags),
    MODULE(symbol_count),
    MODULE(section_count),
    MODULE(slot_count),
    MODULE(indirect_count),
    MODULE(uses_count),
    MODULE(slots_in_use),
    MODULE(stubs_in_use),
    MODULE(state_version),
    MODULE(address),
    MODULE(got),
    MODULE(size),
    MODULE(state_save),
    MODULE(state_restore),
    MODULE(tls_offset),
    MODULE(tls_size),
    MODULE(tls_file_size),
    MODULE(tls_align),
    MODULE(tls_run),
    CALL(module),
    CALL(entry),
    CALL(flags),
    CALL(address),
    CALL(from),
    SYMBOL(name),
    SYMBOL(flags),
    SYMBOL(address),
    SYMBOL(size),
    SECTION(name),
    SECTION(index),
    SECTION(address),
    SECTION(size),
    SECTION(part),
    SECTION(flags),
    SECTION(zero),
    SLOT(name),
    SLOT(flags),
    SLOT(address),
    SLOT(target),
    SLOT(stub),
    INDIRECT(name),
    INDIRECT(zero),
    INDIRECT(address),
    INDIRECT(slot),
    INDIRECT(resolver),
};

static const struct {
    const char *section;
    size_t size;
} sections[] = {
    { "Header", sizeof(struct handover_header) },     { "Groups", sizeof(struct handover_group) },
    { "Blocks", sizeof(struct handover_block) },      { "Modules", sizeof(struct handover_module) },
    { "Calls", sizeof(struct handover_call) },        { "Symbols", sizeof(struct handover_symbol) },
    { "Sections", sizeof(struct handover_section) },  { "Slots", sizeof(struct handover_slot) },
    { "Indirect", sizeof(struct handover_indirect) }, { "Uses", sizeof(uint32_t) },
};

/* The rows of the document, one by one, are the fields: none is missing, and their sizes add up. */
static void the_document_has_every_field(void)
{
    FILE *file = fopen("docs/HANDOVER-FORMAT.md", "r");
    size_t next = 0, seen = 0, end = 0, offset, size;
    char line[1024], section[32] = "", name[32];

    REQUIRE(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "## %31[A-Za-z]: %zu bytes", name, &size) == 2) {
            REQUIRE(seen < sizeof sections / sizeof sections[0]);
            CHECK_STR(name, sections[seen].section);
            CHECK_EQ(size, sections[seen].size);
            seen++;
            strcpy(section, name);
            end = 0;
        } else if (sscanf(line, "| %zu | %zu | %31[a-z_] |", &offset, &size, name) == 3) {
            REQUIRE(next < sizeof fields / sizeof fields[0]);
            CHECK_STR(section, fields[next].section);
            CHECK_STR(name, fields[next].name);
            CHECK_MSG(offset == fields[next].offset && size == fields[next].size,
                      "%s.%s is at %zu and has %zu bytes", section, name, fields[next].offset,
                      fields[next].size);
            CHECK_EQ(offset, end);
            end = offset + size;
            next++;
            CHECK(seen > 0 && end <= sections[seen - 1].size);
        }
        REQUIRE_NO_FAILURE();
    }
    fclose(file);
    CHECK_EQ(next, sizeof fields / sizeof fields[0]);
    CHECK_EQ(seen, sizeof sections / sizeof sections[0]);
}

/* Numbers that the document names. */
static void the_document_has_the_numbers(void)
{
    CHECK_EQ(ELFIN_ENTRY_CTOR, 0);
    CHECK_EQ(ELFIN_ENTRY_INIT, 1);
    CHECK_EQ(ELFIN_ENTRY_EXIT, 2);
    CHECK_EQ(ELFIN_ENTRY_DTOR, 3);
    CHECK_EQ(ELFIN_ENTRY_FINALIZE, 4);
    CHECK_EQ(ELFIN_MODULE_INTERRUPTS | ELFIN_MODULE_HAS_GOT << 8 | ELFIN_MODULE_MEMBER << 16,
             0x040201);
    CHECK_EQ(HANDOVER_MODULE_FLAGS, 1 + 2 + 4 + 256);
    CHECK_EQ(HANDOVER_SYMBOL_FLAGS, 0x8000 + 1 + 2 + 8 + 16 + 64);
    CHECK_EQ(HANDOVER_GROUPS, 16384);
    CHECK_EQ(HANDOVER_TABLE_COUNT, 10);
    CHECK_EQ(ELFIN_PART_COUNT, 6);
    CHECK_EQ(ELFIN_SECTION_SLOTS, -1);
    CHECK_EQ(ELFIN_SECTION_STUBS, -2);
    CHECK_EQ(ELFIN_SECTION_COMMON, -3);
    CHECK_MEM(HANDOVER_MAGIC, "\x89\x65\x6c\x66\x68\x6f\x0d\x0a", 8);
}

static const struct test_case cases[] = {
    TEST_CASE(the_document_has_every_field),
    TEST_CASE(the_document_has_the_numbers),
};

TEST_MAIN("handover_format", cases)
