/* SPDX-License-Identifier: MIT */
#include "tests/lib/toy_tls.h"

#include <string.h>

struct field {
    uint8_t at;
    uint8_t type;
    int8_t addend;
    bool of_call; /* its symbol is __tls_get_addr */
};

#define ADD_THREAD_POINTER 0x64, 0x48, 0x03, 0x04, 0x25, 0, 0, 0, 0

/* Every function returns the address of the variable in the thread that calls it, but `tpoff` and
 * `slot`: the offset from the thread pointer, the latter through an instruction nobody relaxes. */
static const struct {
    const char *verb;
    uint8_t size;
    uint8_t code[32];
    struct field fields[3];
} forms[] = {
    { "tpoff", 8, { 0x48, 0xc7, 0xc0, 0, 0, 0, 0, 0xc3 }, { { 3, R_X86_64_TPOFF32, 0, false } } },
    { "gd",
      17,
      { 0x66, 0x48, 0x8d, 0x3d, 0, 0, 0, 0, 0x66, 0x66, 0x48, 0xe8, 0, 0, 0, 0, 0xc3 },
      { { 4, R_X86_64_TLSGD, -4, false }, { 12, R_X86_64_PLT32, -4, true } } },
    { "gdslot",
      17,
      { 0x66, 0x48, 0x8d, 0x3d, 0, 0, 0, 0, 0x66, 0x48, 0xff, 0x15, 0, 0, 0, 0, 0xc3 },
      { { 4, R_X86_64_TLSGD, -4, false }, { 12, R_X86_64_GOTPCRELX, -4, true } } },
    { "gdlarge",
      23,
      { 0x48, 0x8d, 0x3d, 0, 0, 0,    0,    0x48, 0xb8, 0,    0,   0,
        0,    0,    0,    0, 0, 0x4c, 0x01, 0xf8, 0xff, 0xd0, 0xc3 },
      { { 3, R_X86_64_TLSGD, -4, false }, { 9, R_X86_64_PLTOFF64, 0, true } } },
    { "ld",
      20,
      { 0x48, 0x8d, 0x3d, 0, 0, 0, 0, 0xe8, 0, 0, 0, 0, 0x48, 0x8d, 0x80, 0, 0, 0, 0, 0xc3 },
      { { 3, R_X86_64_TLSLD, -4, false },
        { 8, R_X86_64_PC32, -4, true },
        { 15, R_X86_64_DTPOFF32, 0, false } } },
    { "ldslot",
      21,
      { 0x48, 0x8d, 0x3d, 0, 0, 0, 0, 0xff, 0x15, 0, 0, 0, 0, 0x48, 0x8d, 0x80, 0, 0, 0, 0, 0xc3 },
      { { 3, R_X86_64_TLSLD, -4, false },
        { 9, R_X86_64_GOTPCREL, -4, true },
        { 16, R_X86_64_DTPOFF32, 0, false } } },
    { "ldlarge",
      30,
      { 0x48, 0x8d, 0x3d, 0,    0,    0,    0,    0x48, 0xb8, 0,    0, 0, 0, 0, 0,
        0,    0,    0x48, 0x01, 0xd8, 0xff, 0xd0, 0x48, 0x8d, 0x80, 0, 0, 0, 0, 0xc3 },
      { { 3, R_X86_64_TLSLD, -4, false },
        { 9, R_X86_64_PLTOFF64, 0, true },
        { 25, R_X86_64_DTPOFF32, 0, false } } },
    { "ie",
      17,
      { 0x48, 0x8b, 0x05, 0, 0, 0, 0, ADD_THREAD_POINTER, 0xc3 },
      { { 3, R_X86_64_GOTTPOFF, -4, false } } },
    { "ieadd",
      19,
      { 0x31, 0xc0, 0x48, 0x03, 0x05, 0, 0, 0, 0, ADD_THREAD_POINTER, 0xc3 },
      { { 5, R_X86_64_GOTTPOFF, -4, false } } },
    { "slot",
      13,
      { 0x31, 0xc0, 0x48, 0x2b, 0x05, 0, 0, 0, 0, 0x48, 0xf7, 0xd8, 0xc3 },
      { { 5, R_X86_64_GOTTPOFF, -4, false } } },
    { "desc",
      19,
      { 0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xff, 0x10, ADD_THREAD_POINTER, 0xc3 },
      { { 3, R_X86_64_GOTPC32_TLSDESC, -4, false }, { 7, R_X86_64_TLSDESC_CALL, 0, false } } },
};

bool toy_tls_code(struct elf_builder *eb, int text, const char *verb, const char *variable,
                  uint64_t *at, uint64_t *size)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(forms[i].verb, verb) != 0) {
            continue;
        }
        *at = eb_append(eb, text, forms[i].code, forms[i].size, 16);
        *size = forms[i].size;
        for (size_t f = 0; f < 3 && forms[i].fields[f].type != 0; f++) {
            const struct field *field = &forms[i].fields[f];

            eb_rela(eb, text, *at + field->at, field->type,
                    eb_reference(eb, field->of_call ? "__tls_get_addr" : variable), field->addend);
        }
        return true;
    }
    return false;
}
