/* SPDX-License-Identifier: MIT */
#include "monitor/words.h"

#include "libmini/str.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Copies one word down to *out without its quotes. Returns what follows it, NULL: quote not closed.
 */
static char *take_word(char *from, char **out)
{
    bool quoted = false;
    char *to = from;

    for (; *from != '\0' && (quoted || !is_blank(*from)); from++) {
        if (*from == '"')
            quoted = !quoted;
        else
            *to++ = *from;
    }
    *out = to;
    return quoted ? NULL : from;
}

int words_split(char *line, char **words, size_t max)
{
    size_t count = 0;

    for (;;) {
        char *end, *after;
        while (is_blank(*line))
            line++;
        if (*line == '\0' || *line == '#')
            break;
        if (count + 1 >= max)
            return -1;
        after = take_word(line, &end);
        if (after == NULL)
            return -1;
        words[count++] = line;
        line = *after == '\0' ? after : after + 1;
        *end = '\0';
    }
    words[count] = NULL;
    return (int)count;
}

bool words_number(const char *word, uint64_t *value)
{
    return mini_parse_u64(word, mini_strlen(word), value);
}

char *words_next_line(char **text, char separator)
{
    char *line = *text, *end = line;
    bool quoted = false;

    if (*line == '\0')
        return NULL;
    for (; *end != '\0' && *end != '\n' && (quoted || *end != separator); end++) {
        if (*end == '"')
            quoted = !quoted;
    }
    *text = *end == '\0' ? end : end + 1;
    *end = '\0';
    return line;
}
