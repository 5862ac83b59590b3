/* SPDX-License-Identifier: MIT */
/* Executables and shared objects with one thing wrong: each gives its one diagnostic. */
#include "tests/lib/expect.h"
#include "tests/lib/program_file.h"

static struct program_file pf;

#define OFFSET(field) offsetof(struct program_file, field)

enum {
    TAG_RELRSZ = 35,
    TAG_RELR = 36,
    TAG_RELRENT = 37
};

/* One change; what it gives; a word of the report. */
struct row {
    const char *name;
    void (*change)(void);
    elfin_status status;
    const char *word;
};

/* Makes it an executable without a dynamic section: section headers lead to its relocation. */
static Elf64_Shdr *sectioned(int tables)
{
    Elf64_Shdr *section = (Elf64_Shdr *)(void *)pf.code;

    pf.phdr[PF_DYNAMIC].p_type = PT_NULL;
    pf.ehdr.e_shoff = OFFSET(code);
    pf.ehdr.e_shentsize = sizeof(*section);
    pf.ehdr.e_shnum = (uint16_t)(1 + tables);
    memset(pf.code, 0, sizeof(pf.code));
    for (int i = 1; i <= tables; i++)
        section[i] = (Elf64_Shdr){ .sh_type = SHT_RELA,
                                   .sh_flags = SHF_ALLOC,
                                   .sh_offset = OFFSET(rela[0]),
                                   .sh_size = sizeof(pf.rela[0]),
                                   .sh_entsize = sizeof(pf.rela[0]) };
    return section;
}

/* Names to look up: one symbol, which is all zero, as is the string. */
static Elf64_Shdr *named(void)
{
    Elf64_Shdr *section = sectioned(2);

    section[1] = (Elf64_Shdr){ .sh_type = SHT_SYMTAB,
                               .sh_offset = OFFSET(code),
                               .sh_size = sizeof(Elf64_Sym),
                               .sh_entsize = sizeof(Elf64_Sym),
                               .sh_link = 2,
                               .sh_info = 1 };
    section[2] = (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_offset = OFFSET(code), .sh_size = 1 };
    return section;
}

#define ROW(row, statement, status, word)                                                          \
    static void change_##row(void)                                                                 \
    {                                                                                              \
        statement;                                                                                 \
    }
#include "tests/evil/program_rows.h"
#undef ROW

#define ROW(row, statement, status, word) { #row, change_##row, ELFIN_##status, word },
static const struct row rows[] = {
#include "tests/evil/program_rows.h"
};
#undef ROW

static const struct row *current;

static void run_row(void)
{
    for (int odd = 0; odd < 2; odd++) {
        struct fixture *f = fx_new_programs(FAKE_INVENTED);
        struct fx_snapshot before;
        struct blob blob;
        char text[1024];

        LOAD(f, "other.o", "fn other 1");
        pf_init(&pf, ET_DYN, 0);
        current->change();
        blob = pf_blob(&pf, PF_SIZE);
        f->odd = odd != 0;
        before = fx_snapshot(f);
        STATUS(fx_load_blob(f, "evil.so", blob), current->status);
        if (f->status != ELFIN_OK) {
            NO_COMPLAINT(fx_compare(f, &before));
            CHECK(elfin_diag_format(&f->diag, text, sizeof text) < sizeof text);
            CHECK_MSG(strstr(text, "evil.so") != NULL, "no file name in: %s", text);
            CHECK_MSG(strstr(text, current->word) != NULL, "no \"%s\" in: %s", current->word, text);
        }
        free(blob.data);
        END(f);
    }
}

int main(void)
{
    char *arguments[] = { NULL };
    int status = 0;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_case one = { rows[i].name, run_row };

        current = &rows[i];
        status |= test_run_all("program", &one, 1, 0, arguments);
    }
    return status;
}
