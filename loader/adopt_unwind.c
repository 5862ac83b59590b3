/* SPDX-License-Identifier: MIT */
/*
 * Unwind tables of an adopted block. Where they lie was said, what they are is in memory: they are
 * walked before the host gets them, since unwinders believe them (see unwind.c, which made them).
 */
#include "loader/adopt.h"

enum {
    LENGTH_SIZE = 4, /* of the word before each record, which does not count itself */
    HEAD_SIZE = 8,   /* with the word that tells CIEs (0) from FDEs (distance to the CIE) */
    EXTENDED = -1,   /* the form for more than 4 GiB */
    INDEX_HEAD = 12, /* 8: without a count, for who walks the records */
    INDEX_ROW = 8
};

static uint32_t word_at(struct span bytes, uint64_t offset)
{
    uint32_t word;

    __builtin_memcpy(&word, bytes.data + offset, sizeof(word));
    return word;
}

/* The whole of it lies in the table, and an FDE behind its CIE. *end: of the record. */
static bool is_record(struct span table, uint64_t offset, bool *is_fde, uint64_t *end)
{
    uint64_t field = offset + LENGTH_SIZE;
    uint32_t length, id;

    if (offset > table.size || table.size - offset < HEAD_SIZE)
        return false;
    length = word_at(table, offset);
    id = word_at(table, field);
    if (length < HEAD_SIZE - LENGTH_SIZE || length == (uint32_t)EXTENDED ||
        length > table.size - field)
        return false;
    *is_fde = id != 0;
    *end = field + length;
    return !id || (id >= LENGTH_SIZE + HEAD_SIZE && id <= field &&
                   word_at(table, field - id + LENGTH_SIZE) == 0);
}

/* One record after the other, and a zero word that is the end. */
static bool is_table(struct span table)
{
    uint64_t at = 0;
    bool is_fde;

    while (table.size - at > LENGTH_SIZE)
        if (!is_record(table, at, &is_fde, &at))
            return false;
    return table.size - at == LENGTH_SIZE && word_at(table, at) == 0;
}

/* Rows are in order, and lead to FDEs of the table, which is so far behind the index. */
static bool are_rows(struct span index, struct span table, uint64_t distance)
{
    for (uint64_t at = INDEX_HEAD; at < index.size; at += INDEX_ROW) {
        uint64_t record = (uint64_t)(int64_t)(int32_t)word_at(index, at + 4), end;
        bool is_fde;

        if (at > INDEX_HEAD &&
            (int32_t)word_at(index, at - INDEX_ROW) > (int32_t)word_at(index, at))
            return false;
        if (!is_record(table, record - distance, &is_fde, &end) || !is_fde)
            return false;
    }
    return true;
}

static bool is_index(struct span index, struct span table, uint64_t distance)
{
    static const uint8_t full[4] = { 1, 0x1b, 0x03, 0x3b }, head[4] = { 1, 0x1b, 0xff, 0xff };

    if (index.size < HEAD_SIZE || word_at(index, 4) != (uint32_t)(distance - 4))
        return false;
    if (index.size == HEAD_SIZE)
        return memcmp(index.data, head, sizeof(head)) == 0;
    return index.size >= INDEX_HEAD && memcmp(index.data, full, sizeof(full)) == 0 &&
           index.size == unwind_index_size(word_at(index, 8)) && are_rows(index, table, distance);
}

bool elfin_adopt_is_unwind(const struct elfin_block *block)
{
    const elfin_unwind *u = &block->unwind;
    const uint8_t *edit = block->region.edit;
    struct span table, index;

    if (!u->frames)
        return true;
    table = (struct span){ edit + (u->frames - block->region.run), u->frames_size };
    index = (struct span){ edit + (u->index - block->region.run), u->index_size };
    return is_table(table) && is_index(index, table, u->frames - u->index);
}
