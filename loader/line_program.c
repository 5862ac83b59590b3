/* SPDX-License-Identifier: MIT */
/* The line number program: DWARF 5, section 6.2.5. Time and rows are linear in its bytes. */
#include "loader/lines.h"

enum {
    DW_LNS_copy = 1,
    DW_LNS_advance_pc = 2,
    DW_LNS_advance_line = 3,
    DW_LNS_set_file = 4,
    DW_LNS_set_column = 5,
    DW_LNS_const_add_pc = 8,
    DW_LNS_fixed_advance_pc = 9,
    DW_LNE_end_sequence = 1,
    DW_LNE_set_address = 2,
    DW_LNE_define_file = 3,
};

/* The registers that are of use here (section 6.2.2), and where the address is. */
struct machine {
    uint64_t address;
    uint64_t operation; /* op_index */
    uint64_t file;
    uint32_t line;
    uint64_t column;
    const struct section_row *section; /* in which the sequence is; NULL: nowhere */
    bool has_last;                     /* the last row is of this sequence */
};

static void restart(struct machine *s)
{
    *s = (struct machine){ .file = 1, .line = 1 };
}

static void advance(const struct line_unit *unit, struct machine *s, uint64_t operations)
{
    uint64_t sum = s->operation + operations;

    s->address += unit->least * (sum / unit->operations);
    s->operation = sum % unit->operations;
}

/* The file's number for rows. */
static uint16_t keep_file(struct line_maker *m, const struct line_unit *unit, uint64_t number)
{
    struct unit_file *file;

    number -= unit->version < 5;
    if (number >= m->file_count)
        return 0;
    file = &m->files[number];
    if (!file->kept && m->kept_count < LINE_FILES) {
        m->kept[m->kept_count++] = *file;
        file->kept = (uint32_t)m->kept_count;
    }
    return (uint16_t)file->kept;
}

/*
 * Rows outside of the section are dropped: those of sections that are not there, and what damaged
 * programs say. Of several rows with one address the last one holds.
 */
static void add_row(struct line_maker *m, const struct line_unit *unit, struct machine *s,
                    bool is_end)
{
    uint64_t offset = s->address - m->symbols->base;
    struct line_row *row;

    if (!s->section || offset < s->section->start || offset - s->section->start > s->section->size)
        return;
    if (m->counts) {
        m->row_count++;
        return;
    }
    row = &m->rows[m->row_count];
    if (s->has_last && row[-1].start == offset)
        row--;
    else
        m->row_count++;
    s->has_last = true;
    *row = (struct line_row){ .start = (uint32_t)offset, .file = LINE_END };
    if (is_end)
        return;
    row->file = keep_file(m, unit, s->file);
    row->line = s->line;
    row->column = s->column <= UINT16_MAX ? (uint16_t)s->column : 0;
}

/* At the end of a section its own sequence may still end, where the next section begins. */
static void set_address(const struct line_maker *m, struct machine *s, uint64_t address)
{
    uint64_t offset;

    if (m->object->type != ET_REL && address) /* 0: of what a linker has left out */
        address += m->object->bias;
    offset = address - m->symbols->base;
    s->address = address;
    s->operation = 0;
    if (!s->section || offset - s->section->start > s->section->size) {
        s->section = elfin_section_at(m->symbols, offset);
        s->has_last = false;
    }
}

static void run_extended(struct line_maker *m, const struct line_unit *unit, struct reader *r,
                         struct machine *s)
{
    struct reader operands;
    uint64_t length = elfin_reader_leb(r, false);
    uint64_t opcode;

    operands = *r;
    elfin_reader_skip(r, length);
    if (r->bad)
        return;
    operands.end = r->at;
    opcode = elfin_reader_take(&operands, 1);
    if (opcode == DW_LNE_end_sequence) {
        add_row(m, unit, s, true);
        restart(s);
    } else if (opcode == DW_LNE_set_address) {
        set_address(m, s, elfin_reader_take(&operands, 8));
        operands.bad |= operands.at != operands.end;
    } else if (opcode == DW_LNE_define_file) {
        elfin_line_file(m, &operands, elfin_reader_text(&operands));
    }
    if (operands.bad)
        m->defect = "an extended opcode is malformed";
}

static void run_standard(const struct line_unit *unit, struct reader *r, struct machine *s,
                         unsigned opcode)
{
    switch (opcode) {
    case DW_LNS_advance_pc:
        advance(unit, s, elfin_reader_leb(r, false));
        break;
    case DW_LNS_advance_line:
        s->line += (uint32_t)elfin_reader_leb(r, true);
        break;
    case DW_LNS_set_file:
        s->file = elfin_reader_leb(r, false);
        break;
    case DW_LNS_set_column:
        s->column = elfin_reader_leb(r, false);
        break;
    case DW_LNS_const_add_pc: /* as special opcode 255 */
        advance(unit, s, (255u - unit->opcode_base) / unit->range);
        break;
    case DW_LNS_fixed_advance_pc:
        s->address += elfin_reader_take(r, 2);
        s->operation = 0;
        break;
    default: /* of no use here, or not known */
        for (unsigned i = unit->lengths[opcode - 1]; i; i--)
            elfin_reader_leb(r, false);
    }
}

bool elfin_line_run(struct line_maker *m, struct line_unit *unit)
{
    struct reader *r = &unit->program;
    struct machine s;

    restart(&s);
    while (r->at != r->end && !r->bad && !m->defect) {
        unsigned opcode = (unsigned)elfin_reader_take(r, 1);

        if (opcode >= unit->opcode_base) {
            opcode -= unit->opcode_base;
            advance(unit, &s, opcode / unit->range);
            s.line += (uint32_t)(unit->base + (int)(opcode % unit->range));
            add_row(m, unit, &s, false);
        } else if (opcode == DW_LNS_copy) {
            add_row(m, unit, &s, false);
        } else if (opcode) {
            run_standard(unit, r, &s, opcode);
        } else {
            run_extended(m, unit, r, &s);
        }
    }
    if (r->bad)
        m->defect = "a program is cut";
    return !m->defect;
}
