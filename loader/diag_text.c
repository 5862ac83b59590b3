/* SPDX-License-Identifier: MIT */
/* Diagnostics as text for people. */
#include <elfin/elfin.h>

#include "libmini/fmt.h"
#include "loader/arch.h"

const char *elfin_status_text(elfin_status status)
{
    switch (status) {
#define STATUS_TEXT(name, text, class)                                                             \
    case ELFIN_##name:                                                                             \
        return text;
        ELFIN_STATUS_LIST(STATUS_TEXT)
#undef STATUS_TEXT
    default:
        return "unknown status";
    }
}

const char *elfin_phase_name(elfin_phase phase)
{
    switch (phase) {
    case ELFIN_PHASE_OBJECT:
        return "object";
    case ELFIN_PHASE_SCAN:
        return "scan";
    case ELFIN_PHASE_RESOLVE:
        return "resolve";
    case ELFIN_PHASE_LAYOUT:
        return "layout";
    case ELFIN_PHASE_PLACE:
        return "place";
    case ELFIN_PHASE_FIXUP:
        return "fix up";
    case ELFIN_PHASE_PROTECT:
        return "protect";
    case ELFIN_PHASE_PUBLISH:
        return "publish";
    case ELFIN_PHASE_INIT:
        return "init";
    case ELFIN_PHASE_UNLOAD:
        return "unload";
    case ELFIN_PHASE_REBIND:
        return "rebind";
    default:
        return "none";
    }
}

/* One after the other, by number: a table of pointers would be writable in a PIE. */
/* NOLINTNEXTLINE(bugprone-string-literal-with-embedded-nul) */
static const char details[] = "\0"
#define DETAIL(name, status, phase, detail, hint) detail "\0"
    DEFECT_LIST(DETAIL)
#undef DETAIL
    ;

static const char hints[] = "\0"
#define HINT(name, text) text "\0"
    HINT_LIST(HINT)
#undef HINT
    ;

static const uint8_t hint_of[DEFECT_COUNT] = {
#define HINT_OF(name, status, phase, detail, hint) [DEFECT_NUMBER_##name] = HINT_##hint,
    DEFECT_LIST(HINT_OF)
#undef HINT_OF
};

static const char *nth(const char *text, unsigned number)
{
    for (; number; text++)
        number -= *text == 0;
    return text;
}

const char *elfin_diag_detail(const elfin_diag *diag)
{
    return diag->defect < DEFECT_COUNT ? nth(details, diag->defect) : "";
}

const char *elfin_diag_hint(const elfin_diag *diag)
{
    unsigned hint = diag->hint;

    if (!hint && diag->defect < DEFECT_COUNT)
        hint = hint_of[diag->defect];
    return hint < HINT_COUNT ? nth(hints, hint) : "";
}

const char *elfin_diag_relocation_name(const elfin_diag *diag)
{
    const char *name =
        diag->have & ELFIN_DIAG_TYPE ? elfin_arch_relocation_name(diag->relocation_type) : NULL;

    return name ? name : "";
}

/* A cursor in the caller's buffer that goes on counting when the buffer is full. */
struct writer {
    char *buffer;
    size_t size, length;
};

static void write_text(struct writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void write_text(struct writer *w, const char *format, ...)
{
    bool full = w->length >= w->size;
    va_list args;

    va_start(args, format);
    w->length += mini_vfmt(full ? NULL : w->buffer + w->length, full ? 0 : w->size - w->length,
                           format, args);
    va_end(args);
}

/* Names come out of hostile files: nothing but printable ASCII reaches the console. */
static void write_name(struct writer *w, const char *before, const char *name)
{
    write_text(w, "%s", before);
    for (; *name; name++)
        write_text(w, "%c", *name >= ' ' && *name <= '~' ? *name : '?');
}

static void write_number(struct writer *w, const elfin_diag *diag, uint64_t value)
{
    if (diag->status == ELFIN_ERR_INIT)
        write_text(w, "%lld", (long long)value);
    else if (diag->have & ELFIN_DIAG_SIGNED && (int64_t)value < 0)
        write_text(w, "-0x%llx", (unsigned long long)(0 - value));
    else
        write_text(w, "0x%llx", (unsigned long long)value);
}

static void write_place(struct writer *w, const elfin_diag *diag)
{
    if (diag->have & ELFIN_DIAG_DYNAMIC) {
        write_name(w, ": ", diag->section);
        return;
    }
    if (diag->section_index == ELFIN_NO_INDEX)
        return;
    if (diag->have & ELFIN_DIAG_SEGMENT && !diag->section[0]) {
        write_text(w, " in program header %d", diag->section_index);
        return;
    }
    write_name(w, diag->have & ELFIN_DIAG_SEGMENT ? " in segment " : " in section ",
               diag->section[0] ? diag->section : "(no name)");
    if (diag->have & ELFIN_DIAG_PLACE)
        write_text(w, "+0x%llx", (unsigned long long)diag->place);
    else
        write_text(w, " (%d)", diag->section_index);
}

static void write_facts(struct writer *w, const elfin_diag *diag)
{
    const char *name = elfin_diag_relocation_name(diag);

    if (diag->relocation_index != ELFIN_NO_INDEX)
        write_text(w, "; relocation %lld%s%s", (long long)diag->relocation_index, *name ? " " : "",
                   name);
    if (diag->symbol[0])
        write_name(w, "; symbol ", diag->symbol);
    if (diag->other[0])
        write_name(w, "; other: ", diag->other);
    if (diag->have & ELFIN_DIAG_VALUE) {
        write_text(w, "; value ");
        write_number(w, diag, diag->value);
    }
    if (diag->have & ELFIN_DIAG_LIMITS) {
        write_text(w, ", allowed ");
        write_number(w, diag, diag->low);
        write_text(w, " to ");
        write_number(w, diag, diag->high);
    }
    if (diag->have & ELFIN_DIAG_OFFSET)
        write_text(w, "; file offset 0x%llx", (unsigned long long)diag->file_offset);
}

size_t elfin_diag_format(const elfin_diag *diag, char *buffer, size_t size)
{
    const char *detail = elfin_diag_detail(diag), *hint = elfin_diag_hint(diag);
    struct writer w = { .buffer = buffer, .size = size };

    if (size)
        buffer[0] = 0;
    write_name(&w, "", diag->file);
    write_text(&w, "%s%s", diag->file[0] ? ": " : "", elfin_status_text(diag->status));
    write_place(&w, diag);
    if (*detail)
        write_text(&w, ": %s", detail);
    write_facts(&w, diag);
    if (*hint)
        write_text(&w, "\n  hint: %s", hint);
    return w.length;
}
