/* SPDX-License-Identifier: MIT */
/*
 * From an address to the FDE that describes the code there (LSB Core 5.0, "Exception Frames"), by
 * the sorted index if there is one.
 */
#include "loader/eh_frame.h"
#include "loader/frames.h"

enum {
    VERSION_DWARF2 = 1, /* the return register is a byte */
    VERSION_DWARF3 = 3, /* a ULEB128 number */
};

/* Begins to read the record: r covers it, from behind its head. *id 0: a CIE. False: the end. */
static bool enter(struct frames_reader *r, const elfin_code *code, uint64_t at, uint32_t *id)
{
    uint64_t end = code->frames + code->frames_size;
    uint64_t length;

    elfin_frames_seek(r, at, end);
    r->failed |= at - code->frames >= code->frames_size;
    length = elfin_frames_number(r, 4);
    *id = (uint32_t)elfin_frames_number(r, 4);
    if (r->failed || length < 4 || length > end - at - 4)
        return false;
    r->end = at + 4 + length;
    return true;
}

/* The augmentation data, as its letters say. */
static bool read_augmentation(struct frames_reader *r, const char *letters,
                              struct frames_record *out)
{
    for (; *letters; letters++) {
        uint8_t encoding;

        switch (*letters) {
        case 'R':
            out->encoding = (uint8_t)elfin_frames_number(r, 1);
            break;
        case 'P':
            encoding = (uint8_t)elfin_frames_number(r, 1);
            if (encoding != EH_NOTHING)
                elfin_frames_pointer(
                    r, (encoding & EH_BASE) == EH_ALIGNED ? EH_ALIGNED : encoding & EH_FORM, NULL);
            break;
        case 'L':
            elfin_frames_number(r, 1);
            break;
        case 'S':
            out->signal = true;
            break;
        case 'B': /* of another machine: pointers are signed with another key */
            break;
        default: /* how long its data are, nobody knows */
            return false;
        }
    }
    return !r->failed;
}

static bool read_cie(struct frames_reader *r, const elfin_code *code, uint64_t at,
                     struct frames_record *out)
{
    char letters[FRAMES_AUGMENTATION_MAX] = { 0 };
    uint32_t id;
    uint64_t version, number, size;
    unsigned i = 0;

    if (!enter(r, code, at, &id) || id != 0)
        return false;
    version = elfin_frames_number(r, 1);
    do
        letters[i] = (char)elfin_frames_number(r, 1);
    while (letters[i] && ++i < sizeof(letters));
    if (i == sizeof(letters) || (letters[0] && letters[0] != 'z') ||
        (version != VERSION_DWARF2 && version != VERSION_DWARF3))
        return false;
    out->code_factor = elfin_frames_uleb(r);
    out->data_factor = elfin_frames_sleb(r);
    number = version == VERSION_DWARF2 ? elfin_frames_number(r, 1) : elfin_frames_uleb(r);
    out->return_register = (uint8_t)number;
    out->encoding = EH_WORD;
    out->initial_end = r->end;
    out->augmented = letters[0];
    if (out->augmented) {
        size = elfin_frames_uleb(r);
        if (size > r->end - r->at)
            return false;
        out->initial = r->at + size;
        r->end = out->initial;
        if (!read_augmentation(r, letters + 1, out))
            return false;
    } else {
        out->initial = r->at;
    }
    return !r->failed && number < ELFIN_REGISTERS;
}

/* What follows the FDE's head: where the code is, augmentation data, instructions. */
static bool read_fde(struct frames_reader *r, uint64_t begin, uint64_t end,
                     struct frames_record *out)
{
    uint64_t raw, size;

    elfin_frames_seek(r, begin, end);
    out->code = elfin_frames_pointer(r, out->encoding, &raw);
    out->code_size = elfin_frames_pointer(r, out->encoding & EH_FORM, NULL);
    if (raw == 0)
        out->code_size = 0; /* a discarded function, with its relocation not applied */
    out->end = end;
    out->program = r->at;
    if (!out->augmented)
        return !r->failed;
    size = elfin_frames_uleb(r);
    out->program = r->at + size;
    return !r->failed && size <= end - r->at;
}

bool elfin_frames_open(struct frames_reader *r, const elfin_code *code, uint64_t fde,
                       struct frames_record *out)
{
    uint64_t end, cie;
    uint32_t id;

    *out = (struct frames_record){ .fde = fde };
    if (!enter(r, code, fde, &id) || id == 0)
        return false;
    end = r->end;
    cie = fde + 4 - id;
    return read_cie(r, code, cie, out) && read_fde(r, fde + FRAMES_RECORD_HEAD, end, out);
}

bool elfin_frames_next(struct frames_reader *r, const elfin_code *code, uint64_t *at, uint64_t *fde)
{
    uint32_t id = 0;

    while (id == 0) {
        *fde = *at;
        if (!enter(r, code, *at, &id))
            return false;
        *at = r->end;
    }
    return true;
}

/* One after the other. Discarded functions describe nothing; a record of an unknown form is
 * passed over. */
static enum frames_found search(struct frames_reader *r, const elfin_code *code, uint64_t address,
                                struct frames_record *out)
{
    uint64_t at = code->frames, fde;
    enum frames_found none = FRAMES_NONE;

    while (r->steps > 0 && elfin_frames_next(r, code, &at, &fde))
        if (!elfin_frames_open(r, code, fde, out))
            none = FRAMES_BAD;
        else if (address - out->code < out->code_size)
            return FRAMES_FOUND;
    return none;
}

/* The rows of the index: distances from its start, sorted. 0: it has another form. */
static uint32_t index_rows(struct frames_reader *r, const elfin_code *code)
{
    uint64_t head, rows;

    if (code->index_size < FRAMES_INDEX_HEAD)
        return 0;
    elfin_frames_seek(r, code->index, code->index + code->index_size);
    head = elfin_frames_number(r, 4);
    elfin_frames_number(r, 4);
    rows = elfin_frames_number(r, 4);
    if (r->failed || head != EH_INDEX_HEAD ||
        rows > (code->index_size - FRAMES_INDEX_HEAD) / sizeof(struct eh_row))
        return 0;
    return (uint32_t)rows;
}

/* An index as it is searched. */
struct sorted {
    uint64_t base; /* that distances count from */
    uint64_t rows; /* address of the first, unless they are our own */
    struct frames_index own;
    uint32_t count;
};

static bool read_row(struct frames_reader *r, const struct sorted *index, uint32_t number,
                     struct eh_row *row)
{
    elfin_frames_spend(r, 1);
    if (index->own.count != 0) {
        *row = index->own.rows[number];
        return !r->failed;
    }
    return !r->failed &&
           r->walker->read(r->walker->ctx, index->rows + number * sizeof(*row), row, sizeof(*row));
}

/* The last row at or before the address. */
static enum frames_found search_index(struct frames_reader *r, const elfin_code *code,
                                      const struct sorted *index, uint64_t address,
                                      struct frames_record *out)
{
    uint32_t low = 0, high = index->count;
    struct eh_row row;
    int64_t wanted = (int64_t)(address - index->base);

    r->failed = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (!read_row(r, index, middle, &row))
            return FRAMES_BAD;
        if (row.code <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return FRAMES_NONE;
    if (!read_row(r, index, low - 1, &row) ||
        !elfin_frames_open(r, code, index->base + (uint64_t)(int64_t)row.record, out))
        return FRAMES_BAD;
    return address - out->code < out->code_size ? FRAMES_FOUND : FRAMES_NONE;
}

enum frames_found elfin_frames_find(struct frames_reader *r, const elfin_code *code,
                                    const struct frames_index *own, uint64_t address,
                                    struct frames_record *out)
{
    struct sorted index = { .base = code->frames, .own = *own, .count = own->count };

    if (code->frames_size < FRAMES_RECORD_HEAD || code->frames + code->frames_size < code->frames)
        return FRAMES_NONE;
    if (own->count == 0) {
        index.base = code->index;
        index.rows = code->index + FRAMES_INDEX_HEAD;
        index.count = index_rows(r, code);
    }
    return index.count != 0 ? search_index(r, code, &index, address, out)
                            : search(r, code, address, out);
}
