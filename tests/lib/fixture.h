/* SPDX-License-Identifier: MIT */
/*
 * One space on one fake host, with the calls that tests make again and again. Inputs are handed
 * over in exactly sized buffers, which are wiped and freed as soon as elfin_load has returned: a
 * pointer that the library kept into them is found by the sanitizer.
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include "tests/lib/fake_host.h"
#include "tests/lib/toy.h"

enum {
    FX_MAX_REPORTS = 64,
    FX_MAX_TRACE = 64,
    FX_MAX_INPUTS = 16,
    FX_MAX_BLOCKS = 16
};

struct fixture {
    struct fake_host fake;
    elfin_space space;
    elfin_options options; /* of the next load; the report callback is ours */
    bool odd;              /* hand inputs over at odd addresses */
    elfin_group *replaces; /* that the next load replaces, or moves; NULL: none */
    bool move;
    elfin_change change; /* of that; the callback `left` is ours */
    elfin_left left[FX_MAX_REPORTS];
    size_t left_count;   /* since it was last set to 0 */
    elfin_group *group;  /* of the last load that succeeded */
    elfin_status status; /* of the last load */
    elfin_diag diag;     /* of the last call that failed */
    elfin_diag reports[FX_MAX_REPORTS];
    size_t report_count;
    struct fx_rows *rows; /* of fx_export */
};

/* What module code told through the export trace(int), since fx_new or fx_clear_trace. */
extern int fx_trace[FX_MAX_TRACE];
extern size_t fx_trace_count;
void fx_clear_trace(void);
void fx_note(int id); /* what the export calls */

/* The trace as "1 2 3", in a static buffer. */
const char *fx_trace_text(void);

/* A space with the host export "trace". Aborts when that fails. */
struct fixture *fx_new(enum fake_memory memory);

/* elfin_space_export with rows that the fixture keeps, so that the caller's may go. */
elfin_status fx_export(struct fixture *f, const elfin_export *rows, size_t count);
elfin_status fx_export_tls(struct fixture *f, const elfin_export *rows, size_t count);

/* The same space anew, empty, after the test has changed f->fake.host. */
void fx_again(struct fixture *f);

/* The same with an area of thread-local storage, in which module code runs. */
struct fixture *fx_new_tls(enum fake_memory memory, uint64_t tls_size, uint64_t tls_align);

/* Destroys the space and frees everything. NULL, or what was left or broke the contract. */
const char *fx_end(struct fixture *f);

/* The same for a host that takes executables and shared objects. */
struct fixture *fx_new_programs(enum fake_memory memory);

/* The same for a host that takes images, with an area of thread-local storage; instances publish
 * what they export. */
struct fixture *fx_new_images(enum fake_memory memory);

/* The image of a toy object, to be released. Aborts when that fails. */
elfin_image *fx_prepare(struct fixture *f, const char *file, const char *text);

/* One instance of it, with a name of its own unless that is NULL. */
elfin_status fx_instantiate(struct fixture *f, elfin_image *image, const char *name);

/* The same without destroying: is the fake host content so far? */
const char *fx_violation(const struct fixture *f);

/* Pairs of file name and toy text, then NULL. One group. */
elfin_status fx_load(struct fixture *f, ...) __attribute__((sentinel));

/* elfin_rebind of an import of a module, NULL = all, to a module's definition, NULL = address. */
elfin_status fx_rebind(struct fixture *f, const char *user, const char *name, const char *module,
                       const char *symbol, uint64_t address);

/* Prepared inputs; the bytes are copied to exact buffers. */
elfin_status fx_load_inputs(struct fixture *f, const elfin_input *inputs, size_t count);

/* One prepared object. */
elfin_status fx_load_blob(struct fixture *f, const char *file, struct blob object);

/*
 * The load that just failed left nothing behind: NULL, or what is different. `before` is what
 * fx_snapshot told before it.
 */
struct fx_snapshot {
    uint64_t images, records, bytes, tls_blocks;
    elfin_space_stats stats;
};
struct fx_snapshot fx_snapshot(const struct fixture *f);
const char *fx_compare(const struct fixture *f, const struct fx_snapshot *before);

/* Address of an export; 0 when there is none. */
uint64_t fx_lookup(const struct fixture *f, const char *name);

/* Address of a definition of a module; 0 when there is none. */
uint64_t fx_symbol(const struct fixture *f, const char *module, const char *name);

/* Calls an exported function (real memory only). */
uint64_t fx_run(const struct fixture *f, const char *name);

/* The 8 bytes at an address, read through the edit mapping; all ones when nothing is there. */
uint64_t fx_read(const struct fixture *f, uint64_t address);

/* All pages of all blocks have the rights of their part (after init). NULL or the complaint. */
const char *fx_check_rights(const struct fixture *f, const elfin_group *group);

/* A whole file, exactly sized; data NULL when it cannot be read. */
struct blob fx_file(const char *path);

/* A file below the build folder (ELFIN_BUILD in the environment, else "build"). */
struct blob fx_built(const char *name);

#endif
