/* SPDX-License-Identifier: MIT */
/* One wrong field in what a module says about itself (.elfin.* sections). */
#include "tests/evil/mutation.h"

#include <elfin/module.h>

#define GOOD                                                                                       \
    "module hello; needs other; interrupts; fn f 7; export f; var v 1; export v; init 1 0; exit 2"

#define RECORD(field) IN_BYTES, ".elfin.module", 0, FIELD(struct elfin_module_record, field)
#define NAME_BYTE(index)                                                                           \
    IN_BYTES, ".elfin.module", 0, offsetof(struct elfin_module_record, name) + (index), 1

static const struct mutation table[] = {
    { "unchanged", IN_HEADER, NULL, 0, 0, 0, 0, ELFIN_OK, NULL, NULL, NULL },

    { "size_zero", RECORD(size), 0, ELFIN_ERR_RECORD, ".elfin.module", NULL, NULL },
    { "size_small", RECORD(size), sizeof(struct elfin_module_record) - 1, ELFIN_ERR_RECORD,
      ".elfin.module", NULL, NULL },
    { "size_large", RECORD(size), 0x1000, ELFIN_ERR_RECORD, ".elfin.module", NULL, NULL },
    { "revision", RECORD(revision), 2, ELFIN_ERR_RECORD, ".elfin.module", NULL, NULL },
    { "name_empty", NAME_BYTE(0), 0, ELFIN_ERR_RECORD, ".elfin.module", NULL, NULL },
    { "name_with_space", NAME_BYTE(1), ' ', ELFIN_ERR_RECORD, ".elfin.module", NULL, NULL },
    { "name_with_newline", NAME_BYTE(1), '\n', ELFIN_ERR_RECORD, ".elfin.module", NULL, NULL },
    { "name_with_colon", NAME_BYTE(1), ':', ELFIN_ERR_RECORD, ".elfin.module", NULL, NULL },
    { "name_with_delete", NAME_BYTE(1), 0x7f, ELFIN_ERR_RECORD, ".elfin.module", NULL, NULL },
    { "name_not_ascii", NAME_BYTE(1), 0xc3, ELFIN_ERR_RECORD, ".elfin.module", NULL, NULL },
    { "version_with_newline", IN_BYTES, ".elfin.module", 0,
      offsetof(struct elfin_module_record, version), 1, '\n', ELFIN_ERR_RECORD, ".elfin.module",
      NULL, NULL },
    { "description_with_escape", IN_BYTES, ".elfin.module", 0,
      offsetof(struct elfin_module_record, description), 1, 0x1b, ELFIN_ERR_RECORD, ".elfin.module",
      NULL, NULL },
    { "section_small", SECTION(".elfin.module", sh_size), sizeof(struct elfin_module_record) - 1,
      ELFIN_ERR_RECORD, ".elfin.module", NULL, NULL },
    { "section_empty", SECTION(".elfin.module", sh_size), 0, ELFIN_ERR_RECORD, ".elfin.module",
      NULL, NULL },
    { "module_without_bytes", SECTION(".elfin.module", sh_type), SHT_NOBITS, ELFIN_ERR_RECORD,
      ".elfin.module", NULL, NULL },

    { "needs_unterminated", BYTES(".elfin.needs", 5, 1), 'x', ELFIN_ERR_RECORD, ".elfin.needs",
      NULL, NULL },
    { "flags_short", SECTION(".elfin.flags", sh_size), 4, ELFIN_ERR_RECORD, ".elfin.flags", NULL,
      NULL },
    { "flags_empty", SECTION(".elfin.flags", sh_size), 0, ELFIN_ERR_RECORD, ".elfin.flags", NULL,
      NULL },
    { "flags_unknown_high", BYTES(".elfin.flags", 4, 4), 1, ELFIN_ERR_RECORD, ".elfin.flags", NULL,
      NULL },
    { "needs_without_bytes", SECTION(".elfin.needs", sh_type), SHT_NOBITS, ELFIN_ERR_RECORD,
      ".elfin.needs", NULL, NULL },
    { "flags_unknown", BYTES(".elfin.flags", 0, 8), 3, ELFIN_ERR_RECORD, ".elfin.flags", NULL,
      NULL },

    { "exports_size", SECTION(".elfin.exports", sh_size), 31, ELFIN_ERR_RECORD, ".elfin.exports",
      NULL, NULL },
    { "export_of_a_local_symbol", RELA(".elfin.exports", 0, r_info),
      UINT64_C(1) << 32 | R_X86_64_64, ELFIN_ERR_RECORD, ".elfin.exports", NULL, "R_X86_64_64" },
    { "export_beside_a_symbol", RELA(".elfin.exports", 0, r_addend), 8, ELFIN_ERR_RECORD,
      ".elfin.exports", "f", "R_X86_64_64" },
    { "export_with_its_name_relocated_twice", RELA(".elfin.exports", 0, r_offset), 8,
      ELFIN_ERR_RECORD, ".elfin.exports", NULL, NULL },
    { "export_without_relocation", RELA(".elfin.exports", 0, r_info), R_X86_64_NONE,
      ELFIN_ERR_RECORD, ".elfin.exports", NULL, NULL },

    { "init_size", SECTION(".elfin.init", sh_size), 4, ELFIN_ERR_RECORD, ".elfin.init", NULL,
      NULL },
    { "init_empty", SECTION(".elfin.init", sh_size), 0, ELFIN_ERR_RECORD, ".elfin.init", NULL,
      NULL },
    { "init_two", SECTION(".elfin.init", sh_size), 16, ELFIN_ERR_RECORD, ".elfin.init", NULL,
      NULL },
    { "exit_size", SECTION(".elfin.exit", sh_size), 7, ELFIN_ERR_RECORD, ".elfin.exit", NULL,
      NULL },
    { "init_without_relocation", RELA(".elfin.init", 0, r_info), R_X86_64_NONE, ELFIN_ERR_RECORD,
      ".elfin.init", NULL, NULL },
};

int main(void)
{
    return mutation_main("record", GOOD, table, sizeof table / sizeof table[0]);
}
