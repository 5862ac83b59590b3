/* SPDX-License-Identifier: MIT */
#include "tests/lib/ar_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    struct blob out;
    size_t room;
};

static void put(struct writer *w, const void *data, size_t size)
{
    while (w->out.size + size > w->room) {
        w->room = 2 * w->room + 256;
        w->out.data = realloc(w->out.data, w->room);
        if (w->out.data == NULL) {
            abort();
        }
    }
    memcpy(w->out.data + w->out.size, data, size);
    w->out.size += size;
}

static void put_big_endian(struct writer *w, uint64_t value, size_t width)
{
    for (size_t i = width; i-- > 0;) {
        uint8_t byte = (uint8_t)(value >> (8 * i));

        put(w, &byte, 1);
    }
}

static void put_header(struct writer *w, const char *name, size_t size)
{
    char header[AR_HEADER + 1];

    snprintf(header, sizeof header, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name, 0, 0, 0, "644", size);
    put(w, header, AR_HEADER);
}

static void put_even(struct writer *w)
{
    if (w->out.size % 2 != 0) {
        put(w, "\n", 1);
    }
}

void ar_init(struct ar_builder *ar)
{
    memset(ar, 0, sizeof *ar);
}

size_t ar_member(struct ar_builder *ar, const char *name, struct blob bytes, const char *symbols)
{
    size_t member = ar->member_count++;

    if (member >= AR_MAX_MEMBERS) {
        abort();
    }
    snprintf(ar->members[member].name, sizeof ar->members[member].name, "%s", name);
    ar->members[member].bytes = bytes;
    while (*symbols != '\0') {
        size_t length = strcspn(symbols, " ");

        if (length != 0) {
            size_t e = ar->entry_count++;

            if (e >= AR_MAX_ENTRIES) {
                abort();
            }
            snprintf(ar->entries[e].symbol, sizeof ar->entries[e].symbol, "%.*s", (int)length,
                     symbols);
            ar->entries[e].member = member;
        }
        symbols += length + (symbols[length] == ' ');
    }
    return member;
}

static size_t index_size(const struct ar_builder *ar)
{
    size_t width = ar->wide ? 8 : 4;
    size_t size = width * (1 + ar->entry_count);

    for (size_t i = 0; i < ar->entry_count; i++) {
        size += strlen(ar->entries[i].symbol) + 1;
    }
    return size;
}

/* Names of 16 bytes and more live in the "//" member, each ended by "/\n". */
static size_t long_names_size(const struct ar_builder *ar)
{
    size_t size = 0;

    for (size_t i = 0; i < ar->member_count; i++) {
        size_t length = strlen(ar->members[i].name);

        size += length > 15 ? length + 2 : 0;
    }
    return size;
}

static void place_members(struct ar_builder *ar)
{
    size_t names = long_names_size(ar);
    size_t at = 8;

    if (!ar->no_index) {
        ar->index_offset = at;
        at += AR_HEADER + ((index_size(ar) + 1) & ~(size_t)1);
    }
    if (names != 0) {
        ar->names_offset = at;
        at += AR_HEADER + ((names + 1) & ~(size_t)1);
    }
    for (size_t i = 0; i < ar->member_count; i++) {
        ar->members[i].offset = at;
        at += AR_HEADER + ((ar->members[i].bytes.size + 1) & ~(size_t)1);
    }
}

static void put_index(struct writer *w, const struct ar_builder *ar)
{
    size_t width = ar->wide ? 8 : 4;

    put_header(w, ar->wide ? "/SYM64/" : "/", index_size(ar));
    put_big_endian(w, ar->entry_count, width);
    for (size_t i = 0; i < ar->entry_count; i++) {
        put_big_endian(w, ar->members[ar->entries[i].member].offset, width);
    }
    for (size_t i = 0; i < ar->entry_count; i++) {
        put(w, ar->entries[i].symbol, strlen(ar->entries[i].symbol) + 1);
    }
    put_even(w);
}

static void put_long_names(struct writer *w, const struct ar_builder *ar)
{
    put_header(w, "//", long_names_size(ar));
    for (size_t i = 0; i < ar->member_count; i++) {
        if (strlen(ar->members[i].name) > 15) {
            put(w, ar->members[i].name, strlen(ar->members[i].name));
            put(w, "/\n", 2);
        }
    }
    put_even(w);
}

struct blob ar_finish(struct ar_builder *ar)
{
    struct writer w = { { NULL, 0 }, 0 };
    struct blob exact;
    size_t long_name = 0;

    place_members(ar);
    put(&w, "!<arch>\n", 8);
    if (!ar->no_index) {
        put_index(&w, ar);
    }
    if (long_names_size(ar) != 0) {
        put_long_names(&w, ar);
    }
    for (size_t i = 0; i < ar->member_count; i++) {
        char name[32];
        size_t length = strlen(ar->members[i].name);

        if (length > 15) {
            snprintf(name, sizeof name, "/%zu", long_name);
            long_name += length + 2;
        } else {
            snprintf(name, sizeof name, "%s/", ar->members[i].name);
        }
        put_header(&w, name, ar->members[i].bytes.size);
        put(&w, ar->members[i].bytes.data, ar->members[i].bytes.size);
        put_even(&w);
    }
    exact = blob_copy(w.out, w.out.size);
    free(w.out.data);
    return exact;
}
