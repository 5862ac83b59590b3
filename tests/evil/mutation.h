/* SPDX-License-Identifier: MIT */
/*
 * A mutation overwrites one field of a good object and says which diagnostic must come of it.
 * Fields are named as in <elf.h>; sections and symbols by their names in the toy object.
 */
#ifndef TESTS_EVIL_MUTATION_H
#define TESTS_EVIL_MUTATION_H

#include "tests/lib/expect.h"

enum place {
    IN_HEADER,
    IN_SECTION,
    IN_SYMBOL,
    IN_RELA,
    IN_BYTES
};

struct mutation {
    const char *name;
    enum place place;
    const char *of; /* section or symbol */
    size_t record;  /* of a relocation table */
    size_t field, width;
    uint64_t value;
    elfin_status status;
    /* Checked unless NULL or 0. */
    const char *section;    /* diag.section */
    const char *symbol;     /* diag.symbol */
    const char *relocation; /* diag.relocation; diag.relocation_index is then `record` */
};

#define FIELD(type, field)       offsetof(type, field), sizeof(((type *)0)->field)
#define HEADER(field)            IN_HEADER, NULL, 0, FIELD(Elf64_Ehdr, field)
#define IDENT(index)             IN_HEADER, NULL, 0, (index), 1
#define SECTION(of, field)       IN_SECTION, (of), 0, FIELD(Elf64_Shdr, field)
#define SYMBOL(of, field)        IN_SYMBOL, (of), 0, FIELD(Elf64_Sym, field)
#define RELA(of, record, field)  IN_RELA, (of), (record), FIELD(Elf64_Rela, field)
#define BYTES(of, offset, width) IN_BYTES, (of), 0, (offset), (width)

/* Where the field lies in the file. */
static inline size_t mutation_at(const struct elf_builder *eb, const struct mutation *m)
{
    int index = 0;

    if (m->place == IN_HEADER) {
        return m->field;
    }
    index = m->place == IN_SYMBOL ? toy_symbol(eb, m->of) : toy_section(eb, m->of);
    REQUIRE(index != 0);
    switch (m->place) {
    case IN_SECTION:
        return eb_shdr_at(eb, index) + m->field;
    case IN_SYMBOL:
        return eb_sym_at(eb, index) + m->field;
    case IN_RELA:
        return eb_rela_at(eb, index, m->record) + m->field;
    case IN_BYTES:
    case IN_HEADER:
        break;
    }
    return eb->sections[index].header.sh_offset + m->field;
}

/* Also bounded: that a diagnostic can be printed is part of every case. */
static inline void mutation_check_diag(const struct fixture *f, const struct mutation *m)
{
    char text[1024];

    STATUS(f->diag.status, m->status);
    CHECK(elfin_diag_format(&f->diag, text, sizeof text) < sizeof text);
    CHECK_MSG(strstr(text, "evil.o") != NULL, "no file name in: %s", text);
    if (m->section != NULL) {
        CHECK_STR(f->diag.section, m->section);
        CHECK(f->diag.section_index >= 0);
    }
    if (m->symbol != NULL) {
        CHECK_STR(f->diag.symbol, m->symbol);
    }
    if (m->relocation != NULL) {
        CHECK_STR(elfin_diag_relocation_name(&f->diag), m->relocation);
        CHECK_EQ(f->diag.relocation_index, m->record);
    }
}

/* Loads the mutated object, at an even and at an odd address, into a space that has `other`. */
static inline void mutation_run(const char *toy_text, const struct mutation *m)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object = toy_build(eb, toy_text);

    if (m->width != 0) {
        blob_set(&object, mutation_at(eb, m), m->width, m->value);
    }
    for (int odd = 0; odd < 2; odd++) {
        struct fixture *f = fx_new(FAKE_INVENTED);
        struct fx_snapshot before;

        LOAD(f, "other.o", "fn ext 1");
        f->odd = odd != 0;
        before = fx_snapshot(f);
        STATUS(fx_load_blob(f, "evil.o", object), m->status);
        if (f->status != ELFIN_OK) {
            NO_COMPLAINT(fx_compare(f, &before));
            mutation_check_diag(f, m);
        }
        END(f);
    }
    free(object.data);
    free(eb);
}

/* Runs a whole table, each row as a case of its name. */
static const char *mutation_toy;
static const struct mutation *mutation_current;

static inline void mutation_run_current(void)
{
    mutation_run(mutation_toy, mutation_current);
}

static inline int mutation_main(const char *suite, const char *toy_text,
                                const struct mutation *table, size_t count)
{
    char *arguments[] = { NULL };
    int status = 0;

    mutation_toy = toy_text;
    for (size_t i = 0; i < count; i++) {
        struct test_case row = { table[i].name, mutation_run_current };

        mutation_current = &table[i];
        status |= test_run_all(suite, &row, 1, 0, arguments);
    }
    return status;
}

#endif
