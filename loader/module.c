/* SPDX-License-Identifier: MIT */
/* The name that a module goes by, and what else it says of itself if the host wants to know. */
#include "loader/features.h"
#include "libmini/str.h"

/* The file's base name without its last suffix; a member keeps "lib.a(member.o)" whole. */
static const char *name_from_file(struct load *load, const struct object *object)
{
    const char *base = elfin_base_name(object->file_name), *dot;
    size_t length;
    char *name;

    if (object->archive)
        return object->file_name;
    dot = mini_strrchr(base, '.');
    length = dot && dot > base ? (size_t)(dot - base) : mini_strlen(base);
    name = elfin_arena_get(&load->work, 1, length + 1);
    if (name)
        memcpy(name, base, length);
    return name;
}

elfin_status elfin_record_open(struct load *load, struct object *object)
{
    elfin_status status = ELFIN_OK;

    object->version = object->description = "";
    for (uint32_t i = object->holds & HOLDS_RECORDS ? object->loaded : 0; status == ELFIN_OK && i;
         i = object->sections[i].loaded)
        if (object->sections[i].named == NAMED_RECORD)
            status = load->host->records ? load->host->records->read(load, object, i)
                                         : elfin_fail_section(load, object, i, DEFECT_NO_RECORDS);
    if (status != ELFIN_OK)
        return status;
    if (object->archive)
        object->name = NULL;
    else if (object->input->name)
        object->name = object->input->name;
    if (!object->name)
        object->name = name_from_file(load, object);
    if (!object->name)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
    if (!*object->name)
        return elfin_fail(load, object, DEFECT_NO_MODULE_NAME);
    return ELFIN_OK;
}
