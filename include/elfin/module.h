/* SPDX-License-Identifier: MIT */
/*
 * What the author of a module may say to the loader. Everything here is plain data in sections
 * named .elfin.*, filled in by ordinary relocations; a module needs none of it. C and C++.
 *
 *     ELFIN_MODULE("hello", .version = "1.0", .description = "says hello");
 *     ELFIN_INIT(start);       int start(int argc, char **argv): 0, or an error number
 *     ELFIN_EXIT(stop);        void stop(void)
 *     ELFIN_STATE(3, save, restore);   it can be replaced or moved while it is in use:
 *                              void *save(void), int restore(void *state, uint32_t version)
 *     ELFIN_EXPORT(greet);     with at least one, only these are exported
 *     ELFIN_NEEDS("other");    module "other" must be loaded, before or together
 *     ELFIN_INTERRUPTS;        built with -mno-red-zone: may run with interrupts enabled
 *
 * ELFIN_STATE: when a newer image takes this module's place (elfin_replace), or the same one at
 * another address (elfin_move), the new module is loaded and its init functions run; then `save` of
 * the old one is called, and `restore` of the new one with what it returned and with the old one's
 * version number.
 *
 * save returns a pointer to whatever the new module needs to go on, NULL if that is not possible
 * now. It changes nothing: if anything fails later, the old module goes on as if nothing had
 * happened. restore returns 0, or an error number if it cannot go on from there (a version that it
 * does not know, for example). It copies what lies in the old module's data and takes note of what
 * is on heaps; it neither changes nor frees any of it.
 *
 * After that the old module's ELFIN_EXIT is not called: what it would give back has a new owner.
 * (If the replacement fails after restore, this holds for the new module's instead.) Its
 * destructors are called when its memory is given back: what they destroy lies in that memory.
 */
#ifndef ELFIN_MODULE_H
#define ELFIN_MODULE_H

#include <stdint.h>

#define ELFIN_RECORD_REVISION 1

struct elfin_module_record {
    uint32_t size;     /* of this record: sizeof(struct elfin_module_record) */
    uint32_t revision; /* ELFIN_RECORD_REVISION */
    char name[48];     /* NUL-terminated, not empty: printable ASCII without spaces */
    char version[24];
    char description[96];
};

struct elfin_state_record {
    uint32_t revision; /* ELFIN_RECORD_REVISION */
    uint32_t version;  /* of what `save` gives: the author's own number */
    void *(*save)(void);
    int (*restore)(void *state, uint32_t version);
};

struct elfin_export_record {
    const void *address; /* relocation against the exported symbol itself */
    const char *name;
};

#define ELFIN_JOIN_(a, b) a##b
#define ELFIN_JOIN(a, b)  ELFIN_JOIN_(a, b)

/* "a" without SHF_WRITE would clash with pointers in position-independent code: these are data. */
#define ELFIN_RECORD(section_name) __attribute__((used, section(section_name), aligned(8)))

/* What is not given stays empty, on purpose; the last line takes the semicolon. */
/* clang-format off */
#define ELFIN_MODULE(module_name, ...)                                                             \
    _Pragma("GCC diagnostic push")                                                                 \
    _Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")                             \
    static struct elfin_module_record elfin_module_record_ ELFIN_RECORD(".elfin.module") = {       \
        .size = sizeof(struct elfin_module_record),                                                \
        .revision = ELFIN_RECORD_REVISION,                                                         \
        .name = module_name,                                                                       \
        ##__VA_ARGS__                                                                              \
    };                                                                                             \
    _Pragma("GCC diagnostic pop")                                                                  \
    struct elfin_module_record
/* clang-format on */

#define ELFIN_INIT(function)                                                                       \
    static int (*elfin_init_)(int, char **) ELFIN_RECORD(".elfin.init") = function

#define ELFIN_EXIT(function) static void (*elfin_exit_)(void) ELFIN_RECORD(".elfin.exit") = function

#define ELFIN_STATE(version, save, restore)                                                        \
    static struct elfin_state_record elfin_state_ ELFIN_RECORD(                                    \
        ".elfin.state") = { ELFIN_RECORD_REVISION, version, save, restore }

#define ELFIN_EXPORT(symbol)                                                                       \
    static struct elfin_export_record ELFIN_JOIN(elfin_export_, symbol)                            \
        ELFIN_RECORD(".elfin.exports") = { (const void *)&symbol, #symbol }

#define ELFIN_NEEDS(module_name)                                                                   \
    static char ELFIN_JOIN(elfin_needs_, __COUNTER__)[] ELFIN_RECORD(".elfin.needs") = module_name

#define ELFIN_INTERRUPTS static uint64_t elfin_interrupts_ ELFIN_RECORD(".elfin.flags") = 1

#endif
