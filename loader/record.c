/* SPDX-License-Identifier: MIT */
/* What a module says of itself (include/elfin/module.h). */
#include <elfin/module.h>

#include "loader/internal.h"
#include "libmini/str.h"

/* Ends inside its array and holds no control characters. */
static bool is_text(const char *text, size_t size)
{
    size_t length = mini_strnlen(text, size);

    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    return length < size;
}

/* Names are typed on a console: printable ASCII without a space or a colon. */
bool elfin_is_module_name(const char *name)
{
    if (!*name)
        return false;
    for (; *name; name++)
        if (*name <= ' ' || *name > '~' || *name == ':')
            return false;
    return true;
}

static elfin_status read_module(struct load *load, struct object *object, uint32_t index)
{
    const struct elfin_module_record *record;
    struct span bytes = elfin_section_bytes(object, index);

    if (object->module_record)
        return elfin_fail_section(load, object, index, DEFECT_RECORD_TWICE);
    object->module_record = index;
    if (bytes.size != sizeof(*record))
        return elfin_fail_section(load, object, index, DEFECT_RECORD_COUNT);
    /* Only its character arrays are used in place: they have no alignment. */
    if (span_u32(bytes, 0) != sizeof(*record) || span_u32(bytes, 1) != ELFIN_RECORD_REVISION)
        return elfin_fail_section(load, object, index, DEFECT_RECORD_REVISION);
    object->name = (const char *)bytes.data + offsetof(struct elfin_module_record, name);
    object->version = (const char *)bytes.data + offsetof(struct elfin_module_record, version);
    object->description =
        (const char *)bytes.data + offsetof(struct elfin_module_record, description);
    if (!is_text(object->name, sizeof(record->name)) ||
        !is_text(object->version, sizeof(record->version)) ||
        !is_text(object->description, sizeof(record->description)))
        return elfin_fail_section(load, object, index, DEFECT_RECORD_STRING);
    if (!elfin_is_module_name(object->name))
        return elfin_fail_section(load, object, index, DEFECT_RECORD_NAME);
    return ELFIN_OK;
}

/* Sets *slot to the section's index after checking its size; each kind may occur once. */
static elfin_status read_table(struct load *load, struct object *object, uint32_t index,
                               uint64_t unit, bool single, uint32_t *slot)
{
    uint64_t size = object->sections[index].size;

    if (*slot)
        return elfin_fail_section(load, object, index, DEFECT_RECORD_TWICE);
    if (size == 0 || size % unit || (single && size != unit))
        return elfin_fail_section(load, object, index, DEFECT_RECORD_SIZE);
    *slot = index;
    return ELFIN_OK;
}

static elfin_status read_flags(struct load *load, struct object *object, uint32_t index)
{
    struct span bytes = elfin_section_bytes(object, index);
    elfin_status status = read_table(load, object, index, 8, false, &object->flags_record);

    if (status != ELFIN_OK)
        return status;
    for (uint64_t i = 0; i < bytes.size / 8; i++) {
        if (span_u32(bytes, 2 * i) & ~(uint32_t)ELFIN_MODULE_INTERRUPTS ||
            span_u32(bytes, 2 * i + 1))
            return elfin_fail_section(load, object, index, DEFECT_RECORD_FLAGS);
        object->flags |= span_u32(bytes, 2 * i);
    }
    return ELFIN_OK;
}

static elfin_status read_state(struct load *load, struct object *object, uint32_t index)
{
    struct span bytes = elfin_section_bytes(object, index);
    elfin_status status =
        read_table(load, object, index, sizeof(struct elfin_state_record), true, &object->state);

    if (status == ELFIN_OK && span_u32(bytes, 0) != ELFIN_RECORD_REVISION)
        return elfin_fail_section(load, object, index, DEFECT_RECORD_REVISION);
    return status;
}

elfin_status elfin_record_read(struct load *load, struct object *object, uint32_t index)
{
    const char *kind = elfin_section_name(object, index) + sizeof(".elfin.") - 1;
    elfin_status status = ELFIN_OK;

    if (object->sections[index].type == SHT_NOBITS)
        return elfin_fail_section(load, object, index, DEFECT_RECORD_NO_BYTES);
    if (mini_str_equal(kind, "module"))
        return read_module(load, object, index);
    if (mini_str_equal(kind, "flags"))
        return read_flags(load, object, index);
    if (mini_str_equal(kind, "init"))
        return read_table(load, object, index, 8, true, &object->init);
    if (mini_str_equal(kind, "exit"))
        return read_table(load, object, index, 8, true, &object->exit);
    if (mini_str_equal(kind, "state"))
        return read_state(load, object, index);
    if (mini_str_equal(kind, "exports"))
        return read_table(load, object, index, sizeof(struct elfin_export_record), false,
                          &object->exports);
    if (mini_str_equal(kind, "needs")) {
        status = read_table(load, object, index, 1, false, &object->needs);
        if (status == ELFIN_OK && !span_is_strings(elfin_section_bytes(object, index)))
            return elfin_fail_section(load, object, index, DEFECT_RECORD_NEEDS_END);
    }
    return status;
}
