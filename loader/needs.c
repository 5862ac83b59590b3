/* SPDX-License-Identifier: MIT */
/* What modules say that they need: ELFIN_NEEDS, DT_NEEDED. */
#include "loader/features.h"
#include "loader/program.h"
#include "libmini/str.h"

static void add_need(struct load *load, struct object *object, const char *text)
{
    struct name name = elfin_name(text);
    struct object *other = elfin_names_find(&load->modules, name);
    item found;

    if (other) {
        elfin_add_used(load, object, other);
        return;
    }
    found = elfin_find_module_item(load, name);
    if (found)
        elfin_add_used_module(object, elfin_item_definition(found).owner);
}

static void check_need(struct load *load, struct object *object, const char *name)
{
    elfin_diag *diag;

    if (elfin_is_taken(load, elfin_name(name)))
        return;
    diag = elfin_diag_begin(load, object, DEFECT_NEED);
    elfin_diag_section(diag, object, object->needs);
    elfin_copy_name(diag->other, name);
    elfin_diag_emit(load);
}

/*
 * Names stand one after the other, each with its NUL; linkers may pad with more NULs. Those of a
 * linked file come after them: it has no others.
 */
const char *elfin_next_need(const struct object *object, uint64_t *at)
{
    struct span names =
        object->needs ? elfin_section_bytes(object, object->needs) : (struct span){ 0 };

    while (*at < names.size) {
        const char *name = span_string(names, *at);

        *at += mini_strlen(name) + 1;
        if (*name)
            return name;
    }
    if (object->program && *at - names.size < object->program->need_count)
        return object->program->needs[(*at)++ - names.size];
    return NULL;
}

void elfin_add_needs(struct load *load, struct object *object)
{
    const char *name;

    for (uint64_t at = 0; (name = elfin_next_need(object, &at));)
        add_need(load, object, name);
}

/* All that are missing are reported. */
void elfin_check_needs(struct load *load, struct object *object)
{
    const char *name;

    for (uint64_t at = 0; (name = elfin_next_need(object, &at));)
        check_need(load, object, name);
}
