/* SPDX-License-Identifier: MIT */
/* The words of the toy language that are about thread-local storage; see toy.h. */
#ifndef TESTS_TOY_TLS_H
#define TESTS_TOY_TLS_H

#include "tests/lib/elf_builder.h"

/* Appends the code of a function that reaches `variable` to a section; false: no such word. On
 * success *at and *size are the function's. */
bool toy_tls_code(struct elf_builder *eb, int text, const char *verb, const char *variable,
                  uint64_t *at, uint64_t *size);

#endif
