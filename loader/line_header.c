/* SPDX-License-Identifier: MIT */
/* The header of a line number program: DWARF 5, section 6.2.4; DWARF 4, the same. */
#include "loader/lines.h"

enum {
    DW_LNCT_path = 1,
    DW_LNCT_directory_index = 2,
};

enum {
    FORM_OTHER = 0,
    FORM_16 = 15,     /* 16 bytes, more than a number has */
    FORM_OFFSET = 16, /* as wide as the format says */
    FORM_LEB,
    FORM_TEXT,
    FORM_BLOCK, /* its length is before it: of as many bytes more than this, or LEB128 for none */
};

/* By number, how a form is stored (DWARF 5, section 7.5.6): its width, or one of these. */
static const uint8_t forms[] = {
    [0x03] = FORM_BLOCK + 2, /* DW_FORM_block2 */
    [0x04] = FORM_BLOCK + 4, /* DW_FORM_block4 */
    [0x05] = 2,              /* DW_FORM_data2 */
    [0x06] = 4,              /* DW_FORM_data4 */
    [0x07] = 8,              /* DW_FORM_data8 */
    [0x08] = FORM_TEXT,      /* DW_FORM_string */
    [0x09] = FORM_BLOCK,     /* DW_FORM_block */
    [0x0a] = FORM_BLOCK + 1, /* DW_FORM_block1 */
    [0x0b] = 1,              /* DW_FORM_data1 */
    [0x0c] = 1,              /* DW_FORM_flag */
    [0x0d] = FORM_LEB,       /* DW_FORM_sdata */
    [0x0e] = FORM_OFFSET,    /* DW_FORM_strp */
    [0x0f] = FORM_LEB,       /* DW_FORM_udata */
    [0x17] = FORM_OFFSET,    /* DW_FORM_sec_offset */
    [0x1a] = FORM_LEB,       /* DW_FORM_strx */
    [0x1d] = FORM_OFFSET,    /* DW_FORM_strp_sup */
    [0x1e] = FORM_16,        /* DW_FORM_data16 */
    [0x1f] = FORM_OFFSET,    /* DW_FORM_line_strp */
    [0x25] = 1,              /* DW_FORM_strx1, 2, 3, 4 */
    [0x26] = 2,
    [0x27] = 3,
    [0x28] = 4,
};

enum {
    DW_FORM_strp = 0x0e,
    DW_FORM_line_strp = 0x1f,
};

/* What an entry has under one of its forms. */
struct value {
    const char *text; /* NULL: it is none, or not known */
    uint64_t number;
};

/* The text at an offset in .debug_line_str or .debug_str. */
static const char *find_text(struct line_maker *m, struct span texts, uint64_t offset)
{
    const char *text = span_is_strings(texts) ? span_string(texts, offset) : NULL;

    if (!text)
        m->defect = "a name is not in its section";
    return text;
}

/* False: nobody knows how long the form is. */
static bool take_value(struct line_maker *m, struct reader *r, unsigned width, uint64_t form,
                       struct value *value)
{
    unsigned kind = form < sizeof(forms) ? forms[form] : FORM_OTHER;

    *value = (struct value){ 0 };
    switch (kind) {
    case FORM_OTHER:
        return false;
    case FORM_TEXT:
        value->text = elfin_reader_text(r);
        return true;
    case FORM_OFFSET:
        value->number = elfin_reader_take(r, width);
        if (form == DW_FORM_line_strp || form == DW_FORM_strp)
            value->text = find_text(m, m->texts[form == DW_FORM_strp], value->number);
        return true;
    case FORM_LEB:
    case FORM_BLOCK:
        value->number = elfin_reader_leb(r, false);
        break;
    case FORM_16:
        elfin_reader_skip(r, 16);
        return true;
    default:
        value->number = elfin_reader_take(r, kind > FORM_BLOCK ? kind - FORM_BLOCK : kind);
    }
    if (kind >= FORM_BLOCK)
        elfin_reader_skip(r, value->number);
    return true;
}

static void add_directory(struct line_maker *m, const char *name)
{
    if (!m->counts)
        m->directories[m->directory_count] = name;
    m->directory_count++;
    if (m->directory_most < m->directory_count)
        m->directory_most = m->directory_count;
}

/* The directory by the number that the tables count from 0. */
static void add_file(struct line_maker *m, const char *name, uint64_t directory)
{
    if (!m->counts)
        m->files[m->file_count] = (struct unit_file){
            .name = name,
            .directory = directory < m->directory_count ? m->directories[directory] : "",
        };
    m->file_count++;
    m->kept_count += m->counts;
    if (m->file_most < m->file_count)
        m->file_most = m->file_count;
}

void elfin_line_file(struct line_maker *m, struct reader *r, const char *name)
{
    uint64_t directory = elfin_reader_leb(r, false);

    elfin_reader_leb(r, false); /* time of last modification */
    elfin_reader_leb(r, false); /* length */
    add_file(m, name, directory - 1);
}

/* DWARF 2 to 4. */
static void take_old_tables(struct line_maker *m, struct reader *r)
{
    const char *name;

    while (*(name = elfin_reader_text(r)))
        add_directory(m, name);
    while (*(name = elfin_reader_text(r)))
        elfin_line_file(m, r, name);
}

/* One table of DWARF 5. False: something about it is not known, and where it ends neither. */
static bool take_table(struct line_maker *m, struct reader *r, unsigned width, bool is_files)
{
    uint64_t form_count = elfin_reader_take(r, 1);
    struct reader description = *r;
    uint64_t count;

    for (uint64_t i = 0; i < 2 * form_count; i++)
        elfin_reader_leb(r, false);
    count = elfin_reader_leb(r, false);
    if (!form_count && count)
        m->defect = "entries of a table of names are empty";
    /* Each entry takes a byte at least. */
    for (uint64_t i = 0; !r->bad && !m->defect && i < count; i++) {
        struct reader forms_left = description;
        const char *name = "";
        uint64_t directory = 0;

        for (uint64_t k = 0; k < form_count; k++) {
            uint64_t content = elfin_reader_leb(&forms_left, false);
            struct value value;

            if (!take_value(m, r, width, elfin_reader_leb(&forms_left, false), &value))
                return false;
            if (content == DW_LNCT_path && value.text)
                name = value.text;
            if (content == DW_LNCT_directory_index)
                directory = value.number;
        }
        if (is_files)
            add_file(m, name, directory);
        else
            add_directory(m, name);
    }
    return true;
}

static void take_tables(struct line_maker *m, const struct line_unit *unit, struct reader *r)
{
    m->directory_count = m->file_count = 0;
    if (unit->version < 5) {
        take_old_tables(m, r);
    } else if (!take_table(m, r, unit->width, false) || !take_table(m, r, unit->width, true)) {
        m->file_count = 0; /* the program can be run without */
    }
    if (r->bad && !m->defect)
        m->defect = "a table of names is cut";
}

/* From the header's length on. */
static void take_header(struct line_maker *m, struct reader *r, struct line_unit *unit)
{
    uint64_t length = elfin_reader_take(r, unit->width);

    unit->program = *r;
    elfin_reader_skip(&unit->program, length);
    r->end = unit->program.at;
    unit->least = (uint8_t)elfin_reader_take(r, 1);
    unit->operations = unit->version < 4 ? 1 : (uint8_t)elfin_reader_take(r, 1);
    elfin_reader_take(r, 1); /* default_is_stmt */
    unit->base = (int8_t)elfin_reader_take(r, 1);
    unit->range = (uint8_t)elfin_reader_take(r, 1);
    unit->opcode_base = (uint8_t)elfin_reader_take(r, 1);
    unit->lengths = r->at;
    if (unit->opcode_base)
        elfin_reader_skip(r, unit->opcode_base - 1u);
    if (r->bad || unit->program.bad)
        m->defect = "a header is cut";
    else if (!unit->operations || !unit->range || !unit->opcode_base)
        m->defect = "a header has a zero where none may be";
    else
        take_tables(m, unit, r);
}

bool elfin_line_unit(struct line_maker *m, struct reader *section, struct line_unit *unit)
{
    struct reader r;
    uint64_t length;

    if (section->at == section->end)
        return false;
    *unit = (struct line_unit){ .width = 4 };
    length = elfin_reader_take(section, 4);
    if (length == 0xffffffff) {
        unit->width = 8;
        length = elfin_reader_take(section, 8);
    }
    r = *section;
    elfin_reader_skip(section, length);
    if (section->bad) {
        m->defect = "a unit is longer than its section";
        return false;
    }
    r.end = section->at;
    unit->program = (struct reader){ .at = r.end, .end = r.end };
    unit->version = (uint32_t)elfin_reader_take(&r, 2);
    if (r.bad)
        m->defect = "a header is cut";
    else if (unit->version < 2 || unit->version > 5)
        return true;
    else if (unit->version == 5 && elfin_reader_take(&r, 2) != 8) /* address_size, then 0 */
        m->defect = "addresses do not have 8 bytes";
    else
        take_header(m, &r, unit);
    return !m->defect;
}
