/* SPDX-License-Identifier: MIT */
/* Rows of line tables: sorted, without those that say nothing new, and looked up. */
#include "loader/lines.h"
#include "libmini/sort.h"
#include "libmini/str.h"

enum {
    NAMES_LIMIT = 1 << 30
};

/* Where a sequence ends another may begin: that one's row holds. */
static int by_row(const void *a, const void *b, void *ctx)
{
    const struct line_row *x = a, *y = b;

    (void)ctx;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (y->file == LINE_END) - (x->file == LINE_END);
}

/* Most tables are in order as they are made. */
static bool are_sorted(const struct line_row *rows, uint64_t count)
{
    for (uint64_t i = 1; i < count; i++)
        if (by_row(&rows[i - 1], &rows[i], NULL) > 0)
            return false;
    return true;
}

static bool says_the_same(const struct line_row *a, const struct line_row *b)
{
    return a->file == b->file && a->line == b->line && a->column == b->column;
}

static uint64_t thin_out(struct line_row *rows, uint64_t count)
{
    uint64_t kept = 0;

    for (uint64_t i = 0; i < count; i++) {
        if (i + 1 < count && rows[i].start == rows[i + 1].start)
            continue;
        if (kept && says_the_same(&rows[kept - 1], &rows[i]))
            continue;
        rows[kept++] = rows[i];
    }
    return kept;
}

/* Copies of names; equal ones follow each other closely. */
struct copier {
    const struct unit_file *kept;
    struct line_file *files;
    char *names; /* NULL: they are measured */
    uint64_t used, budget;
};

static uint32_t copy_name(struct copier *c, const char *name)
{
    uint64_t size = mini_strnlen(name, c->budget) + 1;
    uint64_t at = c->used;

    if (!*name || size > c->budget) {
        c->budget = *name ? 0 : c->budget; /* no more are measured */
        return 0;
    }
    if (c->names)
        memcpy(c->names + at, name, size);
    c->budget -= size;
    c->used += size;
    return (uint32_t)at;
}

/* One of the last files may have the same directory. */
static uint32_t copy_directory(struct copier *c, uint64_t i)
{
    for (uint64_t k = 1; k <= 8 && k <= i; k++)
        if (c->kept[i - k].directory == c->kept[i].directory)
            return c->files[i - k].directory;
    return copy_name(c, c->kept[i].directory);
}

static uint64_t copy_files(struct copier *c, uint64_t count, uint64_t budget)
{
    c->used = 1; /* the first name is "" */
    c->budget = budget;
    for (uint64_t i = 0; i < count; i++) {
        c->files[i].directory = copy_directory(c, i);
        c->files[i].name = copy_name(c, c->kept[i].name);
    }
    if (c->names)
        c->names[0] = 0;
    return c->used;
}

struct module_lines *elfin_line_keep(struct line_maker *m)
{
    struct arena *work = m->object->work;
    struct copier c = { .kept = m->kept,
                        .files = elfin_arena_take(work, m->kept_count, sizeof(*c.files)) };
    uint64_t budget =
        m->object->file.size < NAMES_LIMIT / 4 ? 4 * m->object->file.size : NAMES_LIMIT;
    struct module_lines *lines;
    elfin_region region;
    uint64_t names_size, rows_size;

    if (!c.files)
        return NULL;
    if (!are_sorted(m->rows, m->row_count))
        mini_sort(m->rows, m->row_count, sizeof(*m->rows), by_row, NULL);
    m->row_count = thin_out(m->rows, m->row_count);
    rows_size = m->row_count * sizeof(*m->rows);
    names_size = copy_files(&c, m->kept_count, budget);
    if (elfin_reserve_plain(m->object->host, ELFIN_PURPOSE_RECORDS,
                            sizeof(*lines) + rows_size + m->kept_count * sizeof(*c.files) +
                                names_size,
                            &region) != ELFIN_OK)
        return NULL;
    lines = region.edit;
    *lines = (struct module_lines){ .region = region,
                                    .row_count = (uint32_t)m->row_count,
                                    .file_count = (uint32_t)m->kept_count,
                                    .names_size = (uint32_t)names_size };
    lines->seal = seal_of(lines, offsetof(struct module_lines, seal));
    memcpy(lines + 1, m->rows, rows_size);
    c.files = (struct line_file *)((struct line_row *)(lines + 1) + m->row_count);
    c.names = (char *)(c.files + m->kept_count);
    copy_files(&c, m->kept_count, budget);
    return lines;
}

void elfin_line_find(const struct elfin_module *module, const struct section_row *section,
                     uint64_t offset, elfin_location *location)
{
    const struct module_lines *lines = debug_part(module, DEBUG_LINES);
    const struct line_row *rows, *row;
    const struct line_file *files;
    const char *names;
    uint64_t below;

    if (!lines || lines->seal != seal_of(lines, offsetof(struct module_lines, seal)))
        return;
    rows = (const struct line_row *)(lines + 1);
    files = (const struct line_file *)(rows + lines->row_count);
    names = (const char *)(files + lines->file_count);
    below = elfin_rows_below(rows, sizeof(*rows), lines->row_count, offset);
    row = below ? &rows[below - 1] : NULL;
    if (!row || row->start < section->start || row->file == LINE_END)
        return;
    location->line = row->line;
    location->column = row->column;
    if (!row->file || row->file > lines->file_count)
        return;
    files += row->file - 1;
    location->file = elfin_row_name(names, lines->names_size, files->name);
    location->directory = elfin_row_name(names, lines->names_size, files->directory);
}
