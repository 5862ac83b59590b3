/* SPDX-License-Identifier: MIT */
/* A set of objects with everything that loading it needs, and one measured load by each contender.
 */
#ifndef BENCH_SETUP_H
#define BENCH_SETUP_H

#include "bench/lib/clock.h"
#include "bench/lib/copies.h"
#include "bench/lib/host.h"
#include "bench/lib/names.h"

enum contender {
    COPY_MINI,
    COPY_LIBC,
    RECORDS,
    FLOOR,
    ELFIN,
    CONTENDERS,
    INSTANCE = CONTENDERS, /* the library, out of an image that was prepared: only with s->images */
};

extern const char *const contender_name[CONTENDERS];

struct setup {
    struct objects objects;
    struct names names;
    struct host host;
    elfin_space space;
    struct floor_scratch scratch;
    uint64_t at;     /* where the next contender's next image goes */
    uint64_t unload; /* ticks that the library's unloads took, of the loads since it was set to 0 */
    elfin_image **images; /* of each object, or NULL */
    uint32_t flags;       /* ELFIN_LOAD_* beside ELFIN_LOAD_NO_INIT */
    elfin_diag diag;      /* of the last load that was refused */
    bool flushed; /* everything that a load will touch is dropped from the caches before it */
};

/* Reads the files, makes the names, and leaves out objects that floor or the library refuses. */
void setup_init(struct setup *s, char **files, int count, enum names_of names);

/* One load of an object at s->at, which moves on. Ticks; an error ends the program. */
uint64_t setup_run(struct setup *s, enum contender who, const struct object *o);
/* The library's load, without unloading; an instance of the image if that is not NULL. */
elfin_status setup_load(struct setup *s, const struct object *o, elfin_image *image,
                        const char *name, elfin_group **group, uint64_t *ticks);
/* Says why the last load was refused, and ends the program. */
void setup_refused(const struct setup *s);
void setup_unload(struct setup *s, elfin_group *group);
/* Images begin at the arena's start again. */
void setup_rewind(struct setup *s);

/* JSON on standard output: what the set is, without the closing brace. */
void setup_print(const struct setup *s, const char *mode);
void print_samples(const char *name, const double *samples, uint64_t count);

#endif
