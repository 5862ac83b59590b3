/* SPDX-License-Identifier: MIT */
/*
 * A small writer of JSON. Every value goes into the innermost open object (with its key) or array
 * (key NULL). Strings are bytes of any kind: what is not UTF-8 is written as \u00XX, byte by byte,
 * so that the output is valid JSON whatever the names in a hostile file are.
 */
#ifndef ELFIN_TOOL_JSON_H
#define ELFIN_TOOL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    JSON_MAX_DEPTH = 8
};

struct json {
    FILE *out;
    unsigned depth;
    char close[JSON_MAX_DEPTH]; /* the bracket that ends each open container */
    bool filled;                /* the innermost container has a value already */
};

/* Opens the outermost object; json_finish closes it and ends the line. */
void json_begin(struct json *json, FILE *out);
void json_finish(struct json *json);

void json_object(struct json *json, const char *key);
void json_array(struct json *json, const char *key);
void json_end(struct json *json);

void json_string(struct json *json, const char *key, const char *value);
void json_number(struct json *json, const char *key, uint64_t value);
/* As a string, "0x1234": numbers of JSON lose bits beyond the 53rd in many readers. */
void json_address(struct json *json, const char *key, uint64_t value);
void json_integer(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

#endif
