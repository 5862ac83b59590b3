/* SPDX-License-Identifier: MIT */
/* The two ways in which `elfin inspect` shows what it found. */
#ifndef ELFIN_TOOL_INSPECT_H
#define ELFIN_TOOL_INSPECT_H

#include "tools/elfin/findings.h"
#include "tools/elfin/json.h"

#include <stdio.h>

void inspect_text(FILE *out, const char *file, const struct findings *findings);

/* One element of the array of objects. */
void inspect_json(struct json *json, const char *file, const struct findings *findings);

#endif
