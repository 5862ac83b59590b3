/* SPDX-License-Identifier: MIT */
/* After binding: module names are unique, sizes known; which module uses which, if that is asked.
 */
#include "loader/features.h"
#include "loader/program.h"
#include "libmini/str.h"

/* The host exports addresses only: a size that nobody knows is refused, not taken for 0. */
static void check_size(struct load *load, const struct object *object, uint32_t index)
{
    const struct symbol *symbol = object->global[index - object->first_global];
    elfin_diag *diag;

    if (symbol->state != SYMBOL_IMPORT || (symbol->import && symbol->size < RECORD_SIZE_MAX))
        return;
    diag = elfin_diag_begin(load, object, DEFECT_SIZE_UNKNOWN);
    elfin_diag_symbol(diag, object, index);
    elfin_diag_emit(load);
}

static elfin_status object_edges(struct load *load, struct object *object)
{
    for (uint32_t i = object->first_global; i < object->symbol_count; i++)
        if (object->use[i] & USE_SIZE && object->global[i - object->first_global])
            check_size(load, object, i);
    return load->host->users ? load->host->users->collect(load, object) : ELFIN_OK;
}

void elfin_note_name(const struct load *load, struct object *object)
{
    struct name name = elfin_name(object->name);

    object->name_hash = name.hash;
    object->is_taken = load->host->publishing && load->host->publishing->has_module(load, name);
}

static elfin_status enter_name(struct load *load, struct object *object)
{
    struct name name = { .text = object->name, .hash = object->name_hash };
    bool is_taken = object->is_taken || elfin_names_find(&load->modules, name);
    elfin_status status;

    if (object->archive && is_taken) {
        status = load->host->archives->rename(load, object);
        if (status != ELFIN_OK)
            return status;
        name = elfin_name(object->name);
        is_taken = false;
    }
    if (is_taken) {
        elfin_diag *diag = elfin_diag_begin(load, object, DEFECT_MODULE_NAME);

        elfin_copy_name(diag->other, object->name);
        return elfin_diag_emit(load);
    }
    if (!elfin_names_enter(&load->modules, name, object))
        return elfin_fail(load, object, defect_as(DEFECT_MODULE_NAMES_MEMORY, ELFIN_ERR_LIMIT));
    return ELFIN_OK;
}

elfin_status elfin_needs(struct load *load)
{
    elfin_status status = elfin_names_reserve(&load->modules, &load->work, load->object_count);

    if (status != ELFIN_OK)
        return elfin_fail(load, load->objects, defect_as(DEFECT_MODULE_NAMES_MEMORY, status));
    for (struct object *o = load->objects; status == ELFIN_OK && o; o = o->next)
        status = enter_name(load, o);
    for (struct object *o = load->objects; load->host->records && status == ELFIN_OK && o;
         o = o->next)
        load->host->records->check_needs(load, o);
    return status;
}

static void take_users(struct load *load, uint32_t cpu)
{
    load->users += cpu * (uint64_t)load->object_count;
}

elfin_status elfin_edges(struct load *load)
{
    const struct elfin_users *users = load->host->users;
    elfin_status status = users ? users->begin(load) : ELFIN_OK;

    if (status == ELFIN_OK)
        status = elfin_each_object(load, object_edges, users ? take_users : NULL);
    for (struct object *o = load->objects; status == ELFIN_OK && o; o = o->next)
        if (o->uses_modules_count) {
            KNOWN(users);
            users->end(load, o);
        }
    return status;
}
