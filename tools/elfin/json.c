/* SPDX-License-Identifier: MIT */
#include "tools/elfin/json.h"

#include <inttypes.h>
#include <stdlib.h>

static bool continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/*
 * Length of the UTF-8 sequence of more than one byte that begins here, or 0. Overlong forms,
 * surrogates and what is above U+10FFFF are no UTF-8. The NUL at the end is no continuation byte,
 * so nothing behind it is looked at.
 */
static unsigned utf8_length(const unsigned char *text)
{
    unsigned char first = text[0];

    if (first >= 0xc2 && first <= 0xdf)
        return continuation(text[1]) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if (!continuation(text[1]) || !continuation(text[2]))
            return 0;
        if ((first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] > 0x9f))
            return 0;
        return 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if (!continuation(text[1]) || !continuation(text[2]) || !continuation(text[3]))
            return 0;
        if ((first == 0xf0 && text[1] < 0x90) || (first == 0xf4 && text[1] > 0x8f))
            return 0;
        return 4;
    }
    return 0;
}

static void put_string(FILE *out, const char *string)
{
    const unsigned char *text = (const unsigned char *)string;

    fputc('"', out);
    while (*text != '\0') {
        unsigned length = utf8_length(text);

        if (length > 0) {
            fwrite(text, 1, length, out);
            text += length;
            continue;
        }
        if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else if (*text < ' ' || *text >= 0x7f)
            fprintf(out, "\\u%04x", *text);
        else
            fputc(*text, out);
        text++;
    }
    fputc('"', out);
}

static void put_key(struct json *json, const char *key)
{
    if (json->filled)
        fputs(", ", json->out);
    json->filled = true;
    if (key) {
        put_string(json->out, key);
        fputs(": ", json->out);
    }
}

/* Containers begin on a line of their own, so that each element of a table is one line. */
static void open_container(struct json *json, const char *key, char open, char close)
{
    if (json->depth == JSON_MAX_DEPTH)
        abort(); /* the shapes that the tool writes are fixed and less deep */
    if (json->depth > 0) {
        if (json->filled)
            fputc(',', json->out);
        fprintf(json->out, "\n%*s", (int)(2 * json->depth), "");
        json->filled = false;
        put_key(json, key);
    }
    fputc(open, json->out);
    json->close[json->depth++] = close;
    json->filled = false;
}

void json_begin(struct json *json, FILE *out)
{
    *json = (struct json){ .out = out };
    open_container(json, NULL, '{', '}');
}

void json_finish(struct json *json)
{
    json_end(json);
    fputc('\n', json->out);
}

void json_object(struct json *json, const char *key)
{
    open_container(json, key, '{', '}');
}

void json_array(struct json *json, const char *key)
{
    open_container(json, key, '[', ']');
}

void json_end(struct json *json)
{
    fputc(json->close[--json->depth], json->out);
    json->filled = true;
}

void json_string(struct json *json, const char *key, const char *value)
{
    put_key(json, key);
    put_string(json->out, value);
}

void json_number(struct json *json, const char *key, uint64_t value)
{
    put_key(json, key);
    fprintf(json->out, "%" PRIu64, value);
}

void json_address(struct json *json, const char *key, uint64_t value)
{
    put_key(json, key);
    fprintf(json->out, "\"0x%" PRIx64 "\"", value);
}

void json_integer(struct json *json, const char *key, int64_t value)
{
    put_key(json, key);
    fprintf(json->out, "%" PRId64, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    put_key(json, key);
    fputs(value ? "true" : "false", json->out);
}

void json_null(struct json *json, const char *key)
{
    put_key(json, key);
    fputs("null", json->out);
}
