/* SPDX-License-Identifier: MIT */
/* Objects with line tables, loaded with what the library keeps of them; what the programs
 * tests/evil/lines*.c share. */
#ifndef TESTS_EVIL_LINES_H
#define TESTS_EVIL_LINES_H

#include <elfin/debug.h>

#include "loader/lines.h"
#include "tests/lib/expect.h"
#include "tests/lib/line_builder.h"

static struct fixture *f;
static struct line_builder *lb;
static char logged[512];

static inline void log_line(void *ctx, const char *text)
{
    (void)ctx;
    snprintf(logged, sizeof logged, "%s", text);
}

static inline void begin(void)
{
    f = fx_new(FAKE_INVENTED);
    f->fake.host.debugging = &elfin_debugging;
    f->fake.host.debug = ELFIN_DEBUG_SYMBOLS | ELFIN_DEBUG_LINES;
    f->fake.host.log = log_line;
    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS | ELFIN_LOAD_NO_INIT;
    fx_again(f);
    lb = xmalloc(sizeof *lb);
    lb_init(lb);
}

static inline void end(void)
{
    END(f);
    free(lb);
}

/* Takes the object's bytes; the group must be unloaded. */
static inline elfin_module *load(struct blob object)
{
    logged[0] = '\0';
    if (fx_load_blob(f, "lines.o", object) != ELFIN_OK) {
        char text[512];

        elfin_diag_format(&f->diag, text, sizeof text);
        CHECK_MSG(false, "%s", text);
    }
    free(object.data);
    REQUIRE(f->status == ELFIN_OK);
    return elfin_next_module(f->group, NULL);
}

static inline void unload(void)
{
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
}

static inline uint64_t address_of(const elfin_module *module, const char *name)
{
    elfin_section section;

    for (uint32_t i = 0; elfin_module_section(module, i, &section); i++) {
        if (strcmp(section.name, name) == 0) {
            return section.address;
        }
    }
    return 0;
}

/* What is known there, as "symbol+offset directory/file:line:column". */
static inline const char *at(const elfin_module *module, const char *section, uint64_t offset)
{
    static char text[512];
    elfin_location l;

    STATUS(elfin_symbolize(&f->space, address_of(module, section) + offset, &l), ELFIN_OK);
    snprintf(text, sizeof text, "%s+%llu %s/%s:%u:%u", l.symbol,
             (unsigned long long)l.symbol_offset, l.directory, l.file, l.line, l.column);
    return text;
}

#endif
