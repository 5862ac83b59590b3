/* SPDX-License-Identifier: MIT */
#include "tools/elfin/exports.h"

#include "tools/elfin/memory.h"
#include "tools/elfin/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One more than any form has, to tell lines that go on. */
enum {
    MAX_WORDS = 4
};

/*
 * Cuts the line into words in place. A line with a NUL in it would end early here and pass for a
 * shorter one, so such a line has no words.
 */
static unsigned split(char *line, size_t length, char *words[MAX_WORDS])
{
    unsigned count = 0;
    char *rest = NULL;

    if (memchr(line, '\0', length))
        return 0;
    line[length] = '\0';
    for (char *word = strtok_r(line, " \t\r", &rest); word && count < MAX_WORDS;
         word = strtok_r(NULL, " \t\r", &rest))
        words[count++] = word;
    return count;
}

static bool is_definition(const char *letter)
{
    return letter[0] != '\0' && letter[1] == '\0' && strchr("ABDGRSTVWu", letter[0]);
}

static bool parse_line(char *line, size_t length, elfin_export *out)
{
    char *words[MAX_WORDS];
    unsigned count = split(line, length, words);

    if (count == 2 && words[0][0] != '#' && words[1][0] == '0' &&
        (words[1][1] == 'x' || words[1][1] == 'X')) {
        out->name = words[0];
        return text_number(words[1], &out->address);
    }
    if (count == 3 && is_definition(words[1])) {
        out->name = words[2];
        return text_hex(words[0], &out->address);
    }
    return false;
}

static size_t add_lines(struct exports *exports, char *text, size_t size)
{
    char *end = text + size;
    size_t before = exports->count;

    while (text < end) {
        char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((newline ? newline : end) - text);

        exports->rows =
            array_grow(exports->rows, exports->count, &exports->capacity, sizeof(exports->rows[0]));
        /* The byte behind the line, its newline or the text's NUL, becomes the NUL of a word. */
        if (parse_line(text, length, &exports->rows[exports->count]))
            exports->count++;
        text += length + 1;
    }
    return exports->count - before;
}

bool exports_read(struct exports *exports, const char *path)
{
    struct file text;

    if (!file_read(path, &text))
        return false;
    exports->texts = array_grow(exports->texts, exports->text_count, &exports->text_capacity,
                                sizeof(exports->texts[0]));
    exports->texts[exports->text_count++] = text;
    if (add_lines(exports, text.data, text.size) == 0 && text.size > 0)
        fprintf(stderr, "elfin: warning: no line of %s is an export\n", path);
    return true;
}

/* By name; the texts lie at unrelated addresses, so the order given decides between equal names. */
static int compare_rows(const void *a, const void *b)
{
    const elfin_export *left = *(const elfin_export *const *)a;
    const elfin_export *right = *(const elfin_export *const *)b;
    int order = strcmp(left->name, right->name);

    return order != 0 ? order : (left > right) - (left < right);
}

static void warn_conflict(const elfin_export *kept, const elfin_export *dropped)
{
    fputs("elfin: warning: ", stderr);
    text_put(stderr, kept->name);
    fprintf(stderr, " is exported at 0x%" PRIx64 " and at 0x%" PRIx64 "; the first holds\n",
            kept->address, dropped->address);
}

void exports_unique(struct exports *exports)
{
    const elfin_export **order = NULL;
    size_t capacity = 0, kept = 0;
    elfin_export *rows = NULL;

    for (size_t i = 0; i < exports->count; i++) {
        order = array_grow(order, i, &capacity, sizeof(order[0]));
        order[i] = &exports->rows[i];
    }
    if (exports->count > 0)
        qsort(order, exports->count, sizeof(order[0]), compare_rows);
    capacity = 0;
    for (size_t i = 0; i < exports->count; i++) {
        if (kept > 0 && strcmp(rows[kept - 1].name, order[i]->name) == 0) {
            if (rows[kept - 1].address != order[i]->address)
                warn_conflict(&rows[kept - 1], order[i]);
            continue;
        }
        rows = array_grow(rows, kept, &capacity, sizeof(rows[0]));
        rows[kept++] = *order[i];
    }
    free(order);
    free(exports->rows);
    exports->rows = rows;
    exports->count = kept;
    exports->capacity = capacity;
}

void exports_free(struct exports *exports)
{
    for (size_t i = 0; i < exports->text_count; i++)
        file_free(&exports->texts[i]);
    free(exports->texts);
    free(exports->rows);
    *exports = (struct exports){ 0 };
}
