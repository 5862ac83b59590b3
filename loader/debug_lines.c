/* SPDX-License-Identifier: MIT */
/*
 * Line tables of a module, from its sections .debug_line: they are relocated in a copy, and nothing
 * else of the debug sections is. What is malformed is left out as a whole, and the host's log is
 * told. Compressed sections are left to debuggers.
 */
#include "libmini/str.h"
#include "loader/lines.h"

enum {
    SECTIONS_MAX = 16 /* of line tables, in a file: compilers write one */
};

struct line_sections {
    struct span bytes[SECTIONS_MAX];
    uint32_t count;
};

static bool find(const struct debug_object *object, const char *name, uint32_t *index,
                 struct span *bytes)
{
    for (uint32_t i = *index + 1; i < object->section_count; i++) {
        struct elf_section section = debug_section(object, i);

        if (section.sh_flags & (SHF_ALLOC | SHF_COMPRESSED) ||
            !mini_str_equal(elfin_debug_section_name(object, &section), name) ||
            !elfin_debug_section_bytes(object, &section, bytes))
            continue;
        *index = i;
        return true;
    }
    return false;
}

/* Of a linked file the bytes are right as they are. */
static bool take_section(struct line_maker *m, uint32_t index, struct span *bytes)
{
    uint8_t *copy;

    if (m->object->type != ET_REL)
        return true;
    copy = elfin_arena_take(m->object->work, bytes->size, 1);
    if (!copy)
        return false;
    memcpy(copy, bytes->data, bytes->size);
    bytes->data = copy;
    m->defect = elfin_debug_relocate(m->object, index, copy, bytes->size);
    return !m->defect;
}

static bool take_sections(struct line_maker *m, struct line_sections *sections)
{
    uint32_t index = 0;
    struct span bytes;

    while (sections->count < SECTIONS_MAX && find(m->object, ".debug_line", &index, &bytes)) {
        if (!take_section(m, index, &bytes))
            return false;
        sections->bytes[sections->count++] = bytes;
    }
    index = 0;
    find(m->object, ".debug_line_str", &index, &m->texts[0]);
    index = 0;
    find(m->object, ".debug_str", &index, &m->texts[1]);
    return sections->count;
}

static bool run_units(struct line_maker *m, const struct line_sections *sections)
{
    m->row_count = m->kept_count = 0;
    for (uint32_t i = 0; i < sections->count; i++) {
        struct reader r = { .at = sections->bytes[i].data,
                            .end = sections->bytes[i].data + sections->bytes[i].size };
        struct line_unit unit;

        while (elfin_line_unit(m, &r, &unit) && elfin_line_run(m, &unit)) {
        }
    }
    return !m->defect;
}

static bool make_room(struct line_maker *m)
{
    struct arena *work = m->object->work;

    if (m->row_count > UINT32_MAX || m->file_most > UINT32_MAX)
        return false;
    if (m->kept_count > LINE_FILES)
        m->kept_count = LINE_FILES;
    m->rows = elfin_arena_take(work, m->row_count, sizeof(*m->rows));
    m->kept = elfin_arena_take(work, m->kept_count, sizeof(*m->kept));
    m->files = elfin_arena_take(work, m->file_most, sizeof(*m->files));
    m->directories = elfin_arena_take(work, m->directory_most, sizeof(*m->directories));
    return m->rows && m->kept && m->files && m->directories;
}

static void *lines_add(const struct debug_object *object)
{
    struct line_maker m = { .object = object,
                            .symbols = elfin_symbols_of(object->module),
                            .counts = true };
    struct line_sections sections = { 0 };
    void *lines = NULL;

    if (m.symbols && take_sections(&m, &sections) && run_units(&m, &sections) && m.row_count &&
        make_room(&m)) {
        m.counts = false;
        if (run_units(&m, &sections) && m.row_count)
            lines = elfin_line_keep(&m);
    }
    if (m.defect) {
        const char *const pieces[] = { record_name(&object->module->self),
                                       ": no lines are kept: ", m.defect };

        elfin_log(object->host, pieces, 3);
    }
    return lines;
}

static void lines_remove(const elfin_host *host, void *data)
{
    elfin_region region = ((struct module_lines *)data)->region;

    host->release(host->ctx, &region);
}

const struct debug_part elfin_debug_lines = {
    .add = lines_add,
    .remove = lines_remove,
};
