/* SPDX-License-Identifier: MIT */
#include "tests/lib/line_builder.h"

#include <stdlib.h>
#include <string.h>

void lb_init(struct line_builder *lb)
{
    memset(lb, 0, sizeof *lb);
    lb->line_texts_size = lb->texts_size = 1;
}

void lb_put(struct line_builder *lb, unsigned width, uint64_t value)
{
    if (lb->size + width > LB_MAX) {
        abort();
    }
    for (unsigned i = 0; i < width; i++) {
        lb->bytes[lb->size++] = (uint8_t)(value >> 8 * i);
    }
}

void lb_uleb(struct line_builder *lb, uint64_t value)
{
    do {
        lb_put(lb, 1, (value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value != 0);
}

void lb_sleb(struct line_builder *lb, int64_t value)
{
    bool more = true;

    while (more) {
        uint8_t byte = value & 0x7f;

        value >>= 7;
        more = !((value == 0 && !(byte & 0x40)) || (value == -1 && byte & 0x40));
        lb_put(lb, 1, byte | (more ? 0x80u : 0u));
    }
}

void lb_text(struct line_builder *lb, const char *text)
{
    do {
        lb_put(lb, 1, (uint8_t)*text);
    } while (*text++ != '\0');
}

static void fix(struct line_builder *lb, unsigned type, int target, int64_t addend)
{
    if (lb->fix_count == LB_MAX_FIXES) {
        abort();
    }
    lb->fixes[lb->fix_count].at = lb->size;
    lb->fixes[lb->fix_count].type = type;
    lb->fixes[lb->fix_count].target = target;
    lb->fixes[lb->fix_count++].addend = addend;
}

void lb_offset(struct line_builder *lb, int target, const char *text)
{
    char *texts = target == 3 ? lb->line_texts : lb->texts;
    size_t *size = target == 3 ? &lb->line_texts_size : &lb->texts_size;

    fix(lb, lb->width == 4 ? R_X86_64_32 : R_X86_64_64, target, (int64_t)*size);
    strcpy(texts + *size, text);
    *size += strlen(text) + 1;
    lb_put(lb, lb->width, 0);
}

void lb_begin(struct line_builder *lb, unsigned version, unsigned width, struct lb_header h)
{
    static const uint8_t lengths[] = { 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1 };

    lb->version = version;
    lb->width = width;
    if (width == 8) {
        lb_put(lb, 4, 0xffffffff);
    }
    lb_put(lb, width, 0);
    lb->unit = lb->size;
    lb_put(lb, 2, version);
    if (version == 5) {
        lb_put(lb, 2, 8);
    }
    lb_put(lb, width, 0);
    lb->header = lb->size;
    lb_put(lb, 1, h.least);
    if (version >= 4) {
        lb_put(lb, 1, h.operations);
    }
    lb_put(lb, 1, 1);
    lb_put(lb, 1, (uint8_t)h.base);
    lb_put(lb, 1, h.range);
    lb_put(lb, 1, h.opcode_base);
    for (unsigned i = 1; i < h.opcode_base; i++) {
        lb_put(lb, 1, i <= sizeof lengths ? lengths[i - 1] : i % 4);
    }
}

void lb_names(struct line_builder *lb)
{
    if (lb->version < 5) {
        lb_text(lb, "d");
        lb_put(lb, 1, 0);
        lb_text(lb, "a.c");
        lb_put(lb, 3, 0);
        lb_text(lb, "b.c");
        lb_put(lb, 3, 1);
        lb_put(lb, 1, 0);
        return;
    }
    lb_put(lb, 3, 1 | 1 << 8 | 0x1f << 16); /* one form: DW_LNCT_path, DW_FORM_line_strp */
    lb_uleb(lb, 2);
    lb_offset(lb, 3, ".");
    lb_offset(lb, 3, "d");
    lb_put(lb, 3, 2 | 1 << 8 | 0x1f << 16);
    lb_put(lb, 2, 2 | 0x0b << 8); /* DW_LNCT_directory_index, DW_FORM_data1 */
    lb_uleb(lb, 3);
    lb_offset(lb, 3, "zero.c");
    lb_put(lb, 1, 0);
    lb_offset(lb, 3, "a.c");
    lb_put(lb, 1, 0);
    lb_offset(lb, 3, "b.c");
    lb_put(lb, 1, 1);
}

void lb_unit(struct line_builder *lb, unsigned version, unsigned width, struct lb_header header)
{
    lb_begin(lb, version, width, header);
    lb_names(lb);
    lb_program(lb);
}

static void patch(struct line_builder *lb, size_t at, uint64_t value)
{
    for (unsigned i = 0; i < lb->width; i++) {
        lb->bytes[at + i] = (uint8_t)(value >> 8 * i);
    }
}

void lb_program(struct line_builder *lb)
{
    lb->program = lb->size;
    patch(lb, lb->header - lb->width, lb->size - lb->header);
}

void lb_end(struct line_builder *lb)
{
    patch(lb, lb->unit - lb->width, lb->size - lb->unit);
}

void lb_address(struct line_builder *lb, int target, int64_t addend)
{
    lb_put(lb, 3, 0 | 9 << 8 | 2 << 16);
    fix(lb, R_X86_64_64, target, addend);
    lb_put(lb, 8, 0);
}

void lb_end_sequence(struct line_builder *lb)
{
    lb_put(lb, 3, 0 | 1 << 8 | 1 << 16);
}

void lb_row(struct line_builder *lb, unsigned address, int line)
{
    lb_put(lb, 1, 2);
    lb_uleb(lb, address);
    lb_put(lb, 1, 3);
    lb_sleb(lb, line);
    lb_put(lb, 1, 1);
}

void lb_sample(struct line_builder *lb, unsigned version, unsigned width)
{
    lb_unit(lb, version, width, LB_USUAL);
    lb_address(lb, 0, 0);
    lb_row(lb, 0, 9);
    lb_row(lb, 4, 1);
    lb_put(lb, 2, 5 | 7 << 8); /* column 7 */
    lb_row(lb, 4, 1);
    lb_put(lb, 2, 2 | 8 << 8);
    lb_end_sequence(lb);
    lb_end(lb);
    lb_unit(lb, version, width, LB_USUAL);
    for (int target = 1; target <= 2; target++) {
        lb_address(lb, target, 0);
        lb_put(lb, 2, 4 | 2 << 8); /* file 2 */
        lb_row(lb, 0, 19);
        lb_row(lb, 8, 1);
        lb_put(lb, 2, 2 | 8 << 8);
        lb_end_sequence(lb);
    }
    lb_end(lb);
}

struct blob lb_object(struct line_builder *lb)
{
    static const char *const names[] = { ".text", ".text.b", ".text.c" };
    static const uint8_t code[16] = { 0xc3 };
    struct elf_builder *eb = &lb->elf;
    int symbols[5], section[5];

    eb_init(eb);
    for (int i = 0; i < 3; i++) {
        section[i] =
            eb_section(eb, names[i], SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code, 16, 16);
        lb->sections[i] = section[i];
        eb_symbol(eb, (const char *[]){ "a", "b", "c" }[i],
                  ELF64_ST_INFO(i == 0 ? (unsigned)STB_LOCAL : STB_GLOBAL, STT_FUNC), STV_DEFAULT,
                  (unsigned)section[i], 0, 12);
    }
    section[3] = eb_section(eb, ".debug_line_str", SHT_PROGBITS, SHF_MERGE | SHF_STRINGS,
                            lb->line_texts, lb->line_texts_size, 1);
    section[4] = eb_section(eb, ".debug_str", SHT_PROGBITS, SHF_MERGE | SHF_STRINGS, lb->texts,
                            lb->texts_size, 1);
    lb->line_section =
        eb_section(eb, ".debug_line", SHT_PROGBITS, lb->debug_flags, lb->bytes, lb->size, 1);
    for (int i = 0; i < 5; i++) {
        symbols[i] = eb_symbol(eb, "", ELF64_ST_INFO(STB_LOCAL, STT_SECTION), STV_DEFAULT,
                               (unsigned)section[i], 0, 0);
    }
    for (size_t i = 0; i < lb->fix_count; i++) {
        eb_rela(eb, lb->line_section, lb->fixes[i].at, lb->fixes[i].type,
                symbols[lb->fixes[i].target], lb->fixes[i].addend);
    }
    return eb_finish(eb);
}
