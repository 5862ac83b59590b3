/* SPDX-License-Identifier: MIT */
#include "tests/images/same.h"

#include <string.h>

/* Structures are compared member by member where they have pointers. */
static bool compare_symbols(const elfin_module *a, const elfin_module *b, bool is_private)
{
    elfin_symbol x, y;
    uint32_t i = 0;

    for (; elfin_module_symbol(a, i, &x); i++)
        if (!elfin_module_symbol(b, i, &y) || strcmp(x.name, y.name) != 0 ||
            x.address != y.address || x.size != y.size ||
            (is_private ? y.exported : x.exported != y.exported) || x.weak != y.weak ||
            x.function != y.function || x.tls != y.tls)
            return false;
    return !elfin_module_symbol(b, i, &y);
}

static bool compare_slots(const elfin_module *a, const elfin_module *b)
{
    elfin_slot x, y;
    uint32_t i = 0;

    for (; elfin_module_slot(a, i, &x); i++)
        if (!elfin_module_slot(b, i, &y) || strcmp(x.name, y.name) != 0 || x.address != y.address ||
            x.target != y.target || x.stub != y.stub || x.tls != y.tls)
            return false;
    return !elfin_module_slot(b, i, &y);
}

static bool compare_sections(const elfin_module *a, const elfin_module *b)
{
    elfin_section x, y;
    uint32_t i = 0;

    for (; elfin_module_section(a, i, &x); i++)
        if (!elfin_module_section(b, i, &y) || strcmp(x.name, y.name) != 0 || x.index != y.index ||
            x.part != y.part || x.address != y.address || x.size != y.size ||
            x.zero_filled != y.zero_filled || x.tls != y.tls)
            return false;
    return !elfin_module_section(b, i, &y);
}

static bool compare_indirect(const elfin_module *a, const elfin_module *b)
{
    elfin_indirect x, y;
    uint32_t i = 0;

    for (; elfin_module_indirect(a, i, &x); i++)
        if (!elfin_module_indirect(b, i, &y) || strcmp(x.name, y.name) != 0 ||
            x.address != y.address || x.slot != y.slot || x.resolver != y.resolver)
            return false;
    return !elfin_module_indirect(b, i, &y);
}

static bool compare_info(const elfin_module *a, const elfin_module *b)
{
    elfin_module_info x, y;
    elfin_tls s = { 0 }, t = { 0 };

    elfin_module_get(a, &x);
    elfin_module_get(b, &y);
    if (elfin_module_tls(a, &s) != elfin_module_tls(b, &t) || s.offset != t.offset ||
        s.size != t.size || s.file_size != t.file_size || s.align != t.align || s.run != t.run)
        return false;
    return strcmp(x.version, y.version) == 0 && strcmp(x.description, y.description) == 0 &&
           x.flags == y.flags && x.address == y.address && x.entry == y.entry &&
           x.got_base == y.got_base && x.symbol_count == y.symbol_count &&
           x.section_count == y.section_count && x.slot_count == y.slot_count &&
           x.stub_count == y.stub_count && x.size == y.size;
}

static bool compare_block(const elfin_block *a, const elfin_block *b, struct difference *found)
{
    const uint8_t *p = a->region.edit, *q = b->region.edit;
    uint64_t at = 0;

    if (a->region.size != b->region.size || a->region.run != b->region.run ||
        memcmp(a->part, b->part, sizeof(a->part)) != 0 ||
        memcmp(&a->unwind, &b->unwind, sizeof(a->unwind)) != 0) {
        *found = (struct difference){ "block at", a->region.run };
        return false;
    }
    if (memcmp(p, q, a->region.size) == 0)
        return true;
    while (p[at] == q[at])
        at++;
    *found = (struct difference){ "byte at offset", at };
    return false;
}

static bool compare_blocks(const elfin_group *a, const elfin_group *b, struct difference *found)
{
    elfin_block x, y;
    uint32_t i = 0;

    for (; elfin_group_block(a, i, &x); i++) {
        if (!elfin_group_block(b, i, &y)) {
            *found = (struct difference){ "no block", i };
            return false;
        }
        if (!compare_block(&x, &y, found))
            return false;
    }
    *found = (struct difference){ "more blocks than", i };
    return !elfin_group_block(b, i, &y);
}

static const char *compare_modules(const elfin_module *a, const elfin_module *b, bool is_private)
{
    if (!compare_info(a, b))
        return "module";
    if (!compare_symbols(a, b, is_private))
        return "symbols of module";
    if (!compare_slots(a, b))
        return "slots of module";
    if (!compare_sections(a, b))
        return "sections of module";
    return compare_indirect(a, b) ? NULL : "indirect functions of module";
}

bool same_groups(const elfin_group *a, const elfin_group *b, bool is_private,
                 struct difference *found)
{
    const elfin_module *x = elfin_next_module(a, NULL), *y = elfin_next_module(b, NULL);
    uint64_t position = 0;

    if (!compare_blocks(a, b, found))
        return false;
    for (; x && y; x = elfin_next_module(a, x), y = elfin_next_module(b, y), position++) {
        *found = (struct difference){ compare_modules(x, y, is_private), position };
        if (found->what)
            return false;
    }
    *found = (struct difference){ "number of modules", position };
    return !x && !y;
}
