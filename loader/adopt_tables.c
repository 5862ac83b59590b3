/* SPDX-License-Identifier: MIT */
/* Proving what is handed over of one module. */
#include "libmini/str.h"
#include "loader/adopt.h"

enum {
    CODE = 1 << ELFIN_PART_TEXT | 1 << ELFIN_PART_INIT_TEXT
};

/*
 * Names are copied, one for each who refers to one: so all together may be as long as their table,
 * and several that share a long one are refused. The empty one is for everybody.
 */
static bool is_name(struct adopt *a, uint32_t name)
{
    uint64_t size;

    if (!name)
        return true;
    if (name >= a->view.table[HANDOVER_NAMES].size)
        return false;
    size = (uint64_t)mini_strnlen(handover_name(&a->view, name), a->names_left) + 1;
    if (size > a->names_left)
        return false;
    a->names_left -= size;
    return true;
}

static bool are_names_sound(struct adopt *a, const struct handover_module *m)
{
    return is_name(a, m->name) && is_name(a, m->file) && is_name(a, m->version) &&
           is_name(a, m->description) && is_name(a, m->archive) &&
           *handover_name(&a->view, m->name) && !m->archive == !(m->flags & ELFIN_MODULE_MEMBER);
}

/* Blocks of a group follow each other, from the thread pointer down. */
static bool is_tls_sound(const struct adopt *a, const struct adopt_at *at,
                         const struct handover_module *m, uint64_t *tls)
{
    uint64_t end = 0 - (uint64_t)m->tls_offset;

    if (!m->tls_size)
        return !m->tls_offset && !m->tls_file_size && !m->tls_align && !m->tls_run;
    if (!is_power_of_two(m->tls_align) || end & (m->tls_align - 1) || end < *tls ||
        m->tls_size > end - *tls || m->tls_file_size > m->tls_size)
        return false;
    *tls = end;
    return !m->tls_file_size ||
           elfin_adopt_in_part(a, at, 1u << ELFIN_PART_RODATA, m->tls_run, m->tls_file_size);
}

static bool is_module_sound(const struct adopt *a, const struct adopt_at *at,
                            const struct handover_module *m)
{
    return !(m->flags & ~(uint32_t)HANDOVER_MODULE_FLAGS) &&
           adopt_has(a, at, HANDOVER_SYMBOLS, m->symbol_count) &&
           adopt_has(a, at, HANDOVER_SECTIONS, m->section_count) &&
           adopt_has(a, at, HANDOVER_SLOTS, m->slot_count) &&
           adopt_has(a, at, HANDOVER_INDIRECT, m->indirect_count) &&
           adopt_has(a, at, HANDOVER_USES, m->uses_count) && m->slots_in_use >= m->indirect_count &&
           (!m->slot_count || m->slot_count == m->slots_in_use - m->indirect_count) &&
           (!m->address || elfin_adopt_inside(a, at, m->address, 0)) &&
           (!m->slots_in_use || elfin_adopt_inside(a, at, m->got, 0)) &&
           !m->state_save == !m->state_restore && (m->state_save || !m->state_version);
}

static bool is_symbol_sound(struct adopt *a, const struct adopt_at *at,
                            const struct handover_module *m, const struct handover_symbol *s)
{
    if (s->flags & ~(uint32_t)HANDOVER_SYMBOL_FLAGS || s->size > RECORD_SIZE_MAX ||
        (s->flags & RECORD_PRIVATE && (s->flags & RECORD_EXPORTED || !m->archive)) ||
        !is_name(a, s->name) || !*handover_name(&a->view, s->name))
        return false;
    if (s->flags & HANDOVER_ELSEWHERE)
        return true;
    if (s->flags & RECORD_TLS)
        return 0 - s->address - at->group.tls_start <= at->group.tls_end - at->group.tls_start;
    return elfin_adopt_inside(a, at, s->address, 0);
}

static uint32_t check_symbols(struct adopt *a, struct adopt_at *at, const struct handover_module *m)
{
    for (uint32_t i = 0; i < m->symbol_count; i++) {
        struct handover_symbol s;

        adopt_next(a, at, HANDOVER_SYMBOLS, &s);
        if (!is_symbol_sound(a, at, m, &s))
            return DEFECT_HANDOVER_SYMBOL;
    }
    return DEFECT_NONE;
}

/* Zero-filled thread-local data and what is empty take no memory. */
static bool is_section_sound(struct adopt *a, const struct adopt_at *at,
                             const struct handover_section *s)
{
    const uint8_t none = HANDOVER_ZERO_FILLED | HANDOVER_TLS;

    if (s->part >= ELFIN_PART_COUNT || s->flags & ~none || s->index < ELFIN_SECTION_COMMON ||
        memcmp(s->zero, "\0\0\0\0\0", sizeof(s->zero)) != 0 || !is_name(a, s->name))
        return false;
    return !s->size || s->flags == none ||
           elfin_adopt_in_part(a, at, 1u << s->part, s->address, s->size);
}

static uint32_t check_sections(struct adopt *a, struct adopt_at *at,
                               const struct handover_module *m)
{
    for (uint32_t i = 0; i < m->section_count; i++) {
        struct handover_section s;

        adopt_next(a, at, HANDOVER_SECTIONS, &s);
        if (!is_section_sound(a, at, &s))
            return DEFECT_HANDOVER_SECTION;
    }
    return DEFECT_NONE;
}

static bool is_slot(const struct adopt *a, const struct adopt_at *at, uint64_t address)
{
    return address % ARCH_SLOT_SIZE == 0 &&
           elfin_adopt_in_part(a, at, 1u << ELFIN_PART_RELRO, address, ARCH_SLOT_SIZE);
}

static bool is_stub(const struct adopt *a, const struct adopt_at *at, uint64_t address)
{
    return elfin_adopt_in_part(a, at, 1u << ELFIN_PART_TEXT, address, ARCH_STUB_SIZE);
}

static uint32_t check_slots(struct adopt *a, struct adopt_at *at, const struct handover_module *m)
{
    for (uint32_t i = 0; i < m->slot_count; i++) {
        struct handover_slot s;

        adopt_next(a, at, HANDOVER_SLOTS, &s);
        if (s.flags & ~(uint32_t)HANDOVER_TLS || !is_name(a, s.name) ||
            !is_slot(a, at, s.address) || (s.stub && !is_stub(a, at, s.stub)))
            return DEFECT_HANDOVER_SLOT;
    }
    return DEFECT_NONE;
}

static uint32_t check_indirect(struct adopt *a, struct adopt_at *at,
                               const struct handover_module *m)
{
    for (uint32_t i = 0; i < m->indirect_count; i++) {
        struct handover_indirect f;

        adopt_next(a, at, HANDOVER_INDIRECT, &f);
        if (f.zero || !is_name(a, f.name) || !is_stub(a, at, f.address) ||
            !is_slot(a, at, f.slot) || !elfin_adopt_in_part(a, at, CODE, f.resolver, 1))
            return DEFECT_HANDOVER_INDIRECT;
        a->starts |= (at->group.flags & HANDOVER_STARTS) != 0;
    }
    return DEFECT_NONE;
}

/* Of its own group, or one before. */
static uint32_t check_uses(struct adopt *a, struct adopt_at *at, const struct handover_module *m)
{
    for (uint32_t i = 0; i < m->uses_count; i++) {
        uint32_t used;

        adopt_next(a, at, HANDOVER_USES, &used);
        if (used >= (uint64_t)at->first_module + at->group.module_count)
            return DEFECT_HANDOVER_USE;
        a->uses_groups |= used < at->first_module;
    }
    return DEFECT_NONE;
}

uint32_t elfin_adopt_module(struct adopt *a, struct adopt_at *at, uint64_t *tls)
{
    struct handover_module m;
    uint32_t defect;

    adopt_next(a, at, HANDOVER_MODULES, &m);
    if (!is_module_sound(a, at, &m))
        return DEFECT_HANDOVER_MODULE;
    if (!are_names_sound(a, &m))
        return DEFECT_HANDOVER_NAME;
    if (!is_tls_sound(a, at, &m, tls))
        return DEFECT_HANDOVER_TLS;
    if ((defect = check_symbols(a, at, &m)) || (defect = check_sections(a, at, &m)) ||
        (defect = check_slots(a, at, &m)) || (defect = check_indirect(a, at, &m)))
        return defect;
    return check_uses(a, at, &m);
}
