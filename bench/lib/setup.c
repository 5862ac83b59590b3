/* SPDX-License-Identifier: MIT */
#include "bench/lib/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const contender_name[CONTENDERS] = { "copy_mini", "copy_libc", "records", "floor",
                                                 "elfin" };

static uint8_t *image_at(uint64_t at)
{
    return (uint8_t *)(uintptr_t)(HOST_IMAGE + at);
}

elfin_status setup_load(struct setup *s, const struct object *o, elfin_image *image,
                        const char *name, elfin_group **group, uint64_t *ticks)
{
    elfin_input input = {
        .data = image ? NULL : o->data,
        .size = image ? 0 : o->size,
        .file = o->file,
        .name = name,
        .image = image,
    };
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_status status;
    uint64_t begin;

    options.flags = ELFIN_LOAD_NO_INIT | s->flags;
    if (image)
        options.flags |= ELFIN_LOAD_PRIVATE; /* publishing is no part of what is compared */
    begin = bench_ticks();
    status = elfin_load(&s->space, &input, 1, &options, group, &s->diag);
    *ticks = bench_ticks() - begin;
    return status;
}

void setup_unload(struct setup *s, elfin_group *group)
{
    uint64_t begin = bench_ticks();

    if (elfin_unload(&s->space, group, NULL, NULL, NULL) != ELFIN_OK)
        abort();
    s->unload += bench_ticks() - begin;
}

void setup_refused(const struct setup *s)
{
    char text[1000];

    elfin_diag_format(&s->diag, text, sizeof(text));
    fprintf(stderr, "%s\n", text);
    exit(1);
}

void setup_rewind(struct setup *s)
{
    s->at = 0;
    s->host.image.kept = s->host.image.used = 0;
}

/* The image's arena keeps what was loaded last, so that the next one goes behind it. */
static uint64_t run_elfin(struct setup *s, const struct object *o, elfin_image *image)
{
    elfin_group *group;
    uint64_t ticks, end;

    s->host.image.kept = s->host.image.used = s->at;
    if (setup_load(s, o, image, NULL, &group, &ticks) != ELFIN_OK)
        setup_refused(s);
    end = s->host.image.used;
    setup_unload(s, group);
    s->at = end;
    return ticks;
}

static void flush(struct setup *s, const struct object *o)
{
    const struct arena *records = &s->host.records;

    bench_flush(o->data, o->size);
    bench_flush(image_at(s->at), o->memory);
    bench_flush(s->host.work.base, s->host.work.peak);
    bench_flush(records->base, records->peak);
    bench_flush(s->scratch.address, 8 * s->objects.most_sections);
    bench_flush(s->scratch.value, 8 * s->objects.most_symbols);
    bench_flush(s->names.table.slot, s->names.table.capacity * sizeof(*s->names.table.slot));
    for (size_t i = 0; i < s->names.count; i++)
        bench_flush(s->names.list[i].name, strlen(s->names.list[i].name) + 1);
}

uint64_t setup_run(struct setup *s, enum contender who, const struct object *o)
{
    volatile uint64_t sum;
    uint64_t begin, end;

    if (s->flushed)
        flush(s, o);
    if (who == ELFIN || who == INSTANCE)
        return run_elfin(s, o, who == INSTANCE ? s->images[o - s->objects.list] : NULL);
    begin = bench_ticks();
    switch (who) {
    case COPY_MINI:
        s->at = (uint64_t)(copy_object(o, image_at(s->at), bench_copy_mini) - image_at(0));
        break;
    case COPY_LIBC:
        s->at = (uint64_t)(copy_object(o, image_at(s->at), bench_copy_libc()) - image_at(0));
        break;
    case RECORDS:
        sum = read_records(o);
        (void)sum;
        break;
    default:
        end = floor_load(&s->names.table, o, HOST_IMAGE + s->at, &s->scratch);
        if (!end)
            abort();
        s->at = end - HOST_IMAGE;
    }
    return bench_ticks() - begin;
}

/* Whoever refuses an object is not told apart by time, so nobody gets it. */
static void leave_out_refused(struct setup *s)
{
    unsigned refused[2] = { 0, 0 };

    for (size_t i = 0; i < s->objects.count; i++) {
        struct object *o = &s->objects.list[i];
        elfin_group *group;
        uint64_t ticks;

        setup_rewind(s);
        if (!o->alloc || setup_load(s, o, NULL, NULL, &group, &ticks) != ELFIN_OK) {
            refused[1] += o->alloc != 0;
            o->skip = true;
            continue;
        }
        setup_unload(s, group);
        if (!floor_load(&s->names.table, o, HOST_IMAGE, &s->scratch)) {
            refused[0]++;
            o->skip = true;
        }
    }
    if (refused[0] | refused[1])
        fprintf(stderr, "# left out: %u that elfin refuses, %u that floor does not know\n",
                refused[1], refused[0]);
    objects_sum(&s->objects);
    setup_rewind(s);
}

static void open_space(struct setup *s, const struct names *names)
{
    if (elfin_space_init(&s->space, &s->host.callbacks) == ELFIN_OK &&
        (!names->count || elfin_space_export(&s->space, names->list, names->count) == ELFIN_OK))
        return;
    fprintf(stderr, "the names could not be exported\n");
    exit(1);
}

void setup_init(struct setup *s, char **files, int count, enum names_of names)
{
    memset(s, 0, sizeof(*s));
    bench_clock_init();
    objects_read(&s->objects, files, count);
    names_collect(&s->names, &s->objects, NAMES_ALL);
    s->scratch.address = calloc(s->objects.most_sections, sizeof(uint64_t));
    s->scratch.value = calloc(s->objects.most_symbols + 1, sizeof(uint64_t));
    host_init(&s->host, (s->objects.memory + (2 << 20)) & -(uint64_t)(2 << 20), (uint64_t)64 << 20);
    open_space(s, &s->names);
    leave_out_refused(s);
    if (names == NAMES_OUTER) {
        struct names outer;

        elfin_space_destroy(&s->space);
        names_collect(&outer, &s->objects, NAMES_OUTER);
        open_space(s, &outer);
    }
    arena_keep(&s->host.records);
    s->host.work.peak = 0;
    s->unload = 0;
}

void setup_print(const struct setup *s, const char *mode)
{
    const struct objects *o = &s->objects;

    printf("{\"mode\": \"%s\", \"objects\": %lu, \"file_bytes\": %lu, \"alloc\": %lu, "
           "\"relocs\": %lu, \"symbols\": %lu, \"undefined\": %lu, \"most_symbols\": %lu, "
           "\"sections\": %lu, \"names\": %zu",
           mode, o->modules, o->size, o->alloc, o->relocs, o->symbols, o->undefined,
           o->most_symbols, o->most_sections, s->names.count);
}

void print_samples(const char *name, const double *samples, uint64_t count)
{
    printf(", \"%s\": [", name);
    for (uint64_t i = 0; i < count; i++)
        printf("%s%.1f", i ? ", " : "", samples[i]);
    printf("]");
}
