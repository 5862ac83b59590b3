/* SPDX-License-Identifier: MIT */
/*
 * Unwind tables (.eh_frame; LSB Core 5.0, "Exception Frames"; psABI 4.2.4), for a host that asked
 * for them. The tables of a block's objects lie one after the other, with a zero word behind the
 * last, so that they are one table; before them lies an index sorted by address, in the form that
 * linkers give to .eh_frame_hdr ("Exception Frame Header").
 *
 * A table is a list of records, each with its length in front: CIEs, which say how to read others,
 * and FDEs, one for each function. Unwinders believe them, so every length is proven before
 * anything is placed, and again as the relocated bytes are walked.
 */
#include "loader/features.h"
#include "libmini/sort.h"
#include "libmini/str.h"

enum {
    RECORD_LENGTH_SIZE = 4, /* the length does not count itself */
    RECORD_HEAD_SIZE = 8,   /* length, and what tells CIEs (0) from FDEs (distance to the CIE) */
    EXTENDED_LENGTH = -1,   /* the form for more than 4 GiB, which unwinders do not know either */
    NUMBER_MAX = 10,        /* bytes of a LEB128 number */
    AUGMENTATION_MAX = 8,   /* "zPLRSB" and its NUL: all letters that compilers use */

    /* Pointer encodings: DW_EH_PE_* */
    ENCODED_NOT = 0xff,
    ENCODED_FORM = 0x0f,
    ENCODED_BASE = 0x70,
    ENCODED_WORD = 0x00, /* 8 bytes, absolute */
    ENCODED_U4 = 0x03,
    ENCODED_U8 = 0x04,
    ENCODED_S4 = 0x0b,
    ENCODED_S8 = 0x0c,
    ENCODED_RELATIVE = 0x10,       /* to the field itself */
    ENCODED_INDEX_RELATIVE = 0x30, /* to the start of the index */
    ENCODED_ALIGNED = 0x50,        /* absolute, after padding */
    INDEX_HEAD_SIZE = 12,
    INDEX_HEAD_ONLY = 8, /* without a count: unwinders then walk the records */
};

/* Distances from the start of the index. */
struct index_row {
    int32_t code, record;
};

/* One record; the whole of it lies inside the section's bytes. */
struct frame_record {
    uint64_t offset, end; /* in the section */
    uint32_t id;          /* 0: a CIE */
};

_Static_assert(INDEX_HEAD_SIZE == 12 && sizeof(struct index_row) == 8, "as unwind_index_size");

/* What a walk over the tables of one block knows. */
struct frames {
    struct load *load;
    struct block *block;
    const struct object *object;
    uint32_t section;
    struct span bytes; /* of the section */
    uint8_t *edit;     /* the same, to be written */
    uint64_t run;
    uint64_t cie; /* 1 + offset of the CIE that `encoding` is of */
    uint8_t encoding;
    struct index_row *rows;
    uint64_t count;
    bool complete;      /* every function is in the index */
    uint8_t *last;      /* length word of the record before */
    uint64_t last_end;  /* run address of its end */
    uint64_t first_run; /* of the first record of all */
};

static uint32_t word_at(struct span bytes, uint64_t offset)
{
    uint32_t word;

    __builtin_memcpy(&word, bytes.data + offset, sizeof(word));
    return word;
}

static elfin_status malformed(struct load *load, const struct object *object, uint32_t section,
                              uint64_t offset)
{
    elfin_diag *diag = elfin_diag_begin(
        load, object, load->group ? DEFECT_UNWIND_MALFORMED_PLACED : DEFECT_UNWIND_MALFORMED);

    elfin_diag_section(diag, object, section);
    elfin_diag_offset(diag, object->sections[section].offset + offset);
    return elfin_diag_emit(load);
}

/* The record at the offset. False at the end of the table; *wrong when it leaves the section. */
static bool read_record(struct span bytes, uint64_t offset, struct frame_record *record,
                        bool *wrong)
{
    uint64_t left = bytes.size - offset;
    uint32_t length;

    *wrong = left > 0;
    if (left < RECORD_LENGTH_SIZE)
        return false;
    length = word_at(bytes, offset);
    *wrong = length != 0;
    if (length < RECORD_HEAD_SIZE - RECORD_LENGTH_SIZE || length == (uint32_t)EXTENDED_LENGTH ||
        length > left - RECORD_LENGTH_SIZE)
        return false;
    *wrong = false;
    *record = (struct frame_record){ .offset = offset,
                                     .end = offset + RECORD_LENGTH_SIZE + length,
                                     .id = word_at(bytes, offset + RECORD_LENGTH_SIZE) };
    return true;
}

/* Every FDE belongs to a CIE before it in its section; a CIE is at least as long as a head. */
static bool finds_cie(struct span bytes, const struct frame_record *record)
{
    uint64_t field = record->offset + RECORD_LENGTH_SIZE;

    return record->id >= RECORD_LENGTH_SIZE + RECORD_HEAD_SIZE && record->id <= field &&
           word_at(bytes, field - record->id + RECORD_LENGTH_SIZE) == 0;
}

static elfin_status scan_table(struct load *load, struct object *object, uint32_t index)
{
    struct span bytes = elfin_section_bytes(object, index);
    struct frame_record record = { 0 };
    bool wrong;

    while (read_record(bytes, record.end, &record, &wrong)) {
        if (record.id && !finds_cie(bytes, &record))
            return malformed(load, object, index, record.offset);
        object->frame_count += record.id != 0;
    }
    return wrong ? malformed(load, object, index, record.end) : ELFIN_OK;
}

static uint32_t first_frames(const struct object *object)
{
    return object->holds & HOLDS_FRAMES ? object->loaded : 0;
}

static elfin_status unwinding_scan(struct load *load, struct object *object)
{
    elfin_status status = ELFIN_OK;

    object->frame_count = 0;
    for (uint32_t i = first_frames(object); status == ELFIN_OK && i; i = object->sections[i].loaded)
        if (object->sections[i].frames) {
            object->has_frames = true;
            status = scan_table(load, object, i);
        }
    return status;
}

static elfin_status lay_object_frames(struct cursor *c, struct object *object)
{
    elfin_status status = ELFIN_OK;

    for (uint32_t i = first_frames(object); status == ELFIN_OK && i;
         i = object->sections[i].loaded) {
        if (object->sections[i].frames)
            status = elfin_take_section(c, object, i);
    }
    return status;
}

/* Index, unwind tables one after the other, the zero word that ends them. */
static elfin_status unwinding_lay(struct cursor *c)
{
    struct block *block = c->block;
    uint64_t gap;
    elfin_status status = ELFIN_OK;
    bool any = false;

    block->frame_count = block->frames_end = 0;
    for (struct object *o = block->first; o; o = o->next_in_block) {
        block->frame_count += o->frame_count;
        any |= o->has_frames;
    }
    if (!any)
        return ELFIN_OK;
    c->object = block->first;
    status = elfin_take(c, 0, 4, unwind_index_size(block->frame_count), &block->unwind_index,
                        &block->unwind_gap);
    for (struct object *o = block->first; status == ELFIN_OK && o; o = o->next_in_block)
        status = lay_object_frames(c, o);
    if (status == ELFIN_OK)
        status = elfin_take(c, 0, 1, 4, &block->frames_end, &gap);
    return status;
}

/* ---- After fix-up ---------------------------------------------------------------------------- */

/*
 * Skips a LEB128 number; false when it leaves the record, or has more bytes than 64 bits need: FDEs
 * may take turns between CIEs that are as long as the file.
 */
static bool skip_number(struct span bytes, uint64_t *at, uint64_t end)
{
    for (unsigned i = 0; i < NUMBER_MAX && *at < end; i++)
        if (!(bytes.data[(*at)++] & 0x80))
            return true;
    return false;
}

static unsigned encoded_size(uint8_t encoding)
{
    switch (encoding & ENCODED_FORM) {
    case ENCODED_U4:
    case ENCODED_S4:
        return 4;
    case ENCODED_WORD:
    case ENCODED_U8:
    case ENCODED_S8:
        return 8;
    default:
        return 0;
    }
}

/* The pointer encoding that a CIE's augmentation data gives to its FDEs. `at`: of the letters. */
static uint8_t read_augmentation(struct span bytes, uint64_t letters, uint64_t at, uint64_t end)
{
    for (uint64_t i = letters; bytes.data[i]; i++) {
        uint8_t encoding = at < end ? bytes.data[at] : ENCODED_NOT;

        switch (bytes.data[i]) {
        case 'R':
            return encoding;
        case 'P':
            if (!encoded_size(encoding) || (encoding & ENCODED_BASE) == ENCODED_ALIGNED)
                return ENCODED_NOT;
            at += 1 + encoded_size(encoding);
            break;
        case 'L':
            at++;
            break;
        case 'S':
        case 'B':
            break;
        default:
            return ENCODED_NOT;
        }
    }
    return ENCODED_WORD;
}

/*
 * The pointer encoding of the FDEs of a CIE: version, augmentation letters, code and data alignment
 * factors, return address register, augmentation data. ENCODED_NOT: of an unknown form.
 */
static uint8_t read_cie(struct span bytes, uint64_t offset)
{
    struct frame_record cie;
    uint64_t letters, at;
    bool wrong;

    if (!read_record(bytes, offset, &cie, &wrong) || cie.id ||
        cie.end - offset < RECORD_HEAD_SIZE + 2)
        return ENCODED_NOT;
    letters = at = offset + RECORD_HEAD_SIZE + 1;
    while (at < cie.end && bytes.data[at] && at - letters < AUGMENTATION_MAX)
        at++;
    if (at == cie.end || bytes.data[at])
        return ENCODED_NOT;
    if (at == letters)
        return ENCODED_WORD;
    at++;
    if (bytes.data[letters] != 'z' ||
        (bytes.data[letters - 1] != 1 && bytes.data[letters - 1] != 3) ||
        !skip_number(bytes, &at, cie.end) || !skip_number(bytes, &at, cie.end))
        return ENCODED_NOT;
    if (bytes.data[letters - 1] == 1)
        at++;
    else if (!skip_number(bytes, &at, cie.end))
        return ENCODED_NOT;
    if (!skip_number(bytes, &at, cie.end)) /* the size of what follows */
        return ENCODED_NOT;
    return read_augmentation(bytes, letters + 1, at, cie.end);
}

static uint8_t encoding_of(struct frames *f, const struct frame_record *record)
{
    uint64_t cie = record->offset + RECORD_LENGTH_SIZE - record->id;

    if (f->cie != cie + 1) {
        f->encoding = read_cie(f->bytes, cie);
        f->cie = cie + 1;
    }
    return f->encoding;
}

/* *raw is the field as it stands; the result is the address that it means. */
static uint64_t read_pointer(const struct frames *f, uint64_t offset, uint8_t encoding,
                             uint64_t *raw)
{
    int32_t narrow;

    if (encoded_size(encoding) == 8) {
        __builtin_memcpy(raw, f->bytes.data + offset, 8);
    } else {
        __builtin_memcpy(&narrow, f->bytes.data + offset, 4);
        *raw = (encoding & ENCODED_FORM) == ENCODED_S4 ? (uint64_t)(int64_t)narrow
                                                       : (uint64_t)(uint32_t)narrow;
    }
    return encoding & ENCODED_RELATIVE ? *raw + f->run + offset : *raw;
}

static bool distance(uint64_t to, uint64_t from, int32_t *out)
{
    *out = (int32_t)(uint32_t)(to - from);
    return to - from == (uint64_t)(int64_t)*out;
}

/*
 * An FDE gets its row in the index. That of a discarded function has the address 0, which the arch
 * stored; it is made to describe no code at all, as some unwinders do not know that 0 is nothing.
 */
static void index_fde(struct frames *f, const struct frame_record *record)
{
    uint64_t index = f->block->region.run + f->block->unwind_index, raw, address;
    uint64_t start = record->offset + RECORD_HEAD_SIZE;
    uint8_t encoding = encoding_of(f, record);
    uint64_t size = encoded_size(encoding);
    struct index_row row;

    if (encoding & ~(ENCODED_FORM | ENCODED_RELATIVE) || !size || record->end - start < 2 * size) {
        f->complete = false;
        return;
    }
    address = read_pointer(f, start, encoding, &raw);
    if (!raw) {
        memset(f->edit + start + size, 0, size);
        return;
    }
    if (!distance(address, index, &row.code) ||
        !distance(f->run + record->offset, index, &row.record) || f->count == f->block->frame_count)
        f->complete = false;
    else
        __builtin_memcpy(&f->rows[f->count++], &row, sizeof(row));
}

/*
 * Padding between sections, and what follows the zero word that ends a table, would end the whole:
 * the record before swallows it, as instructions that do nothing (DW_CFA_nop is 0).
 */
static void close_gap(struct frames *f, uint64_t run)
{
    uint64_t gap = run - f->last_end;
    uint32_t length;

    if (!f->last || !gap)
        return;
    __builtin_memcpy(&length, f->last, sizeof(length));
    memset(f->last + RECORD_LENGTH_SIZE + length, 0, gap);
    length += (uint32_t)gap; /* below the size of the block, 2 GiB at most */
    __builtin_memcpy(f->last, &length, sizeof(length));
}

static elfin_status seal_table(struct frames *f)
{
    struct frame_record record = { 0 };
    bool wrong;

    f->cie = 0;
    while (read_record(f->bytes, record.end, &record, &wrong)) {
        if (record.id && !finds_cie(f->bytes, &record))
            return malformed(f->load, f->object, f->section, record.offset);
        close_gap(f, f->run + record.offset);
        if (!f->last)
            f->first_run = f->run + record.offset;
        if (record.id)
            index_fde(f, &record);
        f->last = f->edit + record.offset;
        f->last_end = f->run + record.end;
    }
    return wrong ? malformed(f->load, f->object, f->section, record.end) : ELFIN_OK;
}

static int by_code(const void *a, const void *b, void *ctx)
{
    const struct index_row *x = a, *y = b;

    (void)ctx;
    if (x->code != y->code)
        return x->code < y->code ? -1 : 1;
    return x->record < y->record ? -1 : x->record > y->record;
}

/* Returns the size. Unwinders ignore an index without a count, and walk the table that it names. */
static uint64_t write_index(struct frames *f, uint8_t *edit)
{
    uint64_t index = f->block->region.run + f->block->unwind_index;
    uint8_t head[4] = { 1, ENCODED_RELATIVE | ENCODED_S4, ENCODED_NOT, ENCODED_NOT };
    uint32_t count = (uint32_t)f->count;
    int32_t frames = 0;

    distance(f->first_run, index + sizeof(head), &frames);
    if (f->complete) {
        head[2] = ENCODED_U4;
        head[3] = ENCODED_INDEX_RELATIVE | ENCODED_S4;
    } else {
        count = 0;
    }
    memset(edit - f->block->unwind_gap, 0, f->block->unwind_gap);
    memset(edit + INDEX_HEAD_SIZE + count * sizeof(struct index_row), 0,
           (f->block->frame_count - count) * sizeof(struct index_row));
    mini_sort(f->rows, count, sizeof(*f->rows), by_code, NULL);
    __builtin_memcpy(edit, head, sizeof(head));
    __builtin_memcpy(edit + 4, &frames, 4);
    __builtin_memcpy(edit + 8, &count, 4);
    return f->complete ? unwind_index_size(count) : INDEX_HEAD_ONLY;
}

static elfin_status seal_block(struct load *load, struct block *block, elfin_unwind *out)
{
    uint8_t *edit = (uint8_t *)block->region.edit;
    uint64_t end = block->region.run + block->frames_end;
    struct frames f = { .load = load, .block = block, .complete = true, .first_run = end };
    elfin_status status = ELFIN_OK;

    f.rows = (struct index_row *)(void *)(edit + block->unwind_index + INDEX_HEAD_SIZE);
    for (struct object *o = block->first; o; o = o->next_in_block) {
        for (uint32_t i = first_frames(o); status == ELFIN_OK && i; i = o->sections[i].loaded) {
            if (!o->sections[i].frames)
                continue;
            f.object = o;
            f.section = i;
            f.run = o->sections[i].address;
            f.edit = edit + (f.run - block->region.run);
            f.bytes = (struct span){ f.edit, o->sections[i].size };
            status = seal_table(&f);
        }
    }
    if (status != ELFIN_OK)
        return status;
    close_gap(&f, end);
    memset(edit + block->frames_end, 0, RECORD_LENGTH_SIZE);
    out->index = block->region.run + block->unwind_index;
    out->index_size = write_index(&f, edit + block->unwind_index);
    out->frames = f.first_run;
    out->frames_size = end + RECORD_LENGTH_SIZE - f.first_run;
    return ELFIN_OK;
}

static elfin_status unwinding_seal(struct load *load)
{
    struct elfin_block *to = load->group->blocks;
    elfin_status status = ELFIN_OK;

    for (uint32_t i = 0; status == ELFIN_OK && i < load->block_count; i++) {
        if (!load->blocks[i].size)
            continue;
        if (load->blocks[i].frames_end)
            status = seal_block(load, &load->blocks[i], &to->unwind);
        to++;
    }
    return status;
}

/* ---- Handing over ---------------------------------------------------------------------------- */

static elfin_status unwinding_add(struct load *load)
{
    const elfin_host *host = load->host;
    elfin_group *group = load->group;

    for (; group->unwind_count < group->block_count; group->unwind_count++) {
        const struct elfin_block *block = &group->blocks[group->unwind_count];
        elfin_status status = block->unwind.frames ? host->unwind_add(host->ctx, block) : ELFIN_OK;

        if (status != ELFIN_OK)
            return elfin_fail(load, load->objects,
                              defect_as(DEFECT_UNWIND_REFUSED,
                                        status == ELFIN_ERR_MEMORY ? status : ELFIN_ERR_HOST));
    }
    return ELFIN_OK;
}

static void unwinding_remove(const elfin_host *host, elfin_group *group)
{
    while (group->unwind_count) {
        const struct elfin_block *block = &group->blocks[--group->unwind_count];

        if (block->unwind.frames)
            host->unwind_remove(host->ctx, block);
    }
}

const struct elfin_unwinding elfin_unwinding = {
    .scan = unwinding_scan,
    .lay = unwinding_lay,
    .seal = unwinding_seal,
    .add = unwinding_add,
    .remove = unwinding_remove,
};
