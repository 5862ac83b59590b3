/* SPDX-License-Identifier: MIT */
#include "tools/elfin/findings.h"

#include "tools/elfin/host.h"
#include "tools/elfin/memory.h"

#include <stdlib.h>
#include <string.h>

static void take_section(void *ctx, uint32_t index, const char *name, elfin_part part,
                         uint64_t size)
{
    struct findings *to = ctx;

    to->sections =
        array_grow(to->sections, to->section_count, &to->section_capacity, sizeof(*to->sections));
    to->sections[to->section_count++] = (struct found_section){
        .name = string_copy(name), .size = size, .index = index, .part = part
    };
}

static void add_symbol(struct found_symbols *to, const char *name, bool weak, bool exported)
{
    to->items = array_grow(to->items, to->count, &to->capacity, sizeof(*to->items));
    to->items[to->count++] =
        (struct found_symbol){ .name = string_copy(name), .weak = weak, .exported = exported };
}

static void take_import(void *ctx, const char *name, bool weak)
{
    struct findings *to = ctx;

    add_symbol(&to->imports, name, weak, false);
}

static void take_definition(void *ctx, const char *name, bool weak, bool exported)
{
    struct findings *to = ctx;

    add_symbol(&to->definitions, name, weak, exported);
}

static void take_type(void *ctx, const char *name, uint64_t count)
{
    struct findings *to = ctx;

    to->types = array_grow(to->types, to->type_count, &to->type_capacity, sizeof(*to->types));
    to->types[to->type_count++] = (struct found_type){ .name = string_copy(name), .count = count };
}

static void take_demand(void *ctx, uint32_t demand, const elfin_diag *reason)
{
    struct findings *to = ctx;

    to->demands =
        array_grow(to->demands, to->demand_count, &to->demand_capacity, sizeof(*to->demands));
    to->demands[to->demand_count++] = (struct found_demand){ .demand = demand, .reason = *reason };
}

static void take_range(void *ctx, uint64_t low, uint64_t high)
{
    struct findings *to = ctx;

    if (to->range_count < FOUND_RANGES)
        to->ranges[to->range_count++] = (struct found_range){ .low = low, .high = high };
}

static void take_bound(void *ctx, bool is_high, const elfin_diag *reason)
{
    struct findings *to = ctx;
    struct found_range *range = &to->ranges[to->range_count - 1];

    *(is_high ? &range->high_reason : &range->low_reason) = *reason;
}

static void take_near(void *ctx, const char *name)
{
    struct findings *to = ctx;

    add_symbol(&to->near, name, false, false);
}

static void take_need(void *ctx, const char *name)
{
    struct findings *to = ctx;

    add_symbol(&to->needs, name, false, false);
}

elfin_status findings_collect(struct findings *findings, const elfin_input *input, elfin_diag *diag)
{
    struct findings found = { 0 };
    const elfin_inspector inspector = {
        .ctx = &found,
        .section = take_section,
        .import = take_import,
        .definition = take_definition,
        .relocation_type = take_type,
        .demand = take_demand,
        .range = take_range,
        .bound = take_bound,
        .near = take_near,
        .need = take_need,
    };
    struct host host;
    elfin_status status;

    host_init(&host);
    status = elfin_inspect(&host.callbacks, input, &inspector, &found.totals, diag);
    host_free(&host);
    if (status == ELFIN_OK)
        *findings = found;
    else
        findings_free(&found);
    return status;
}

static void free_symbols(struct found_symbols *symbols)
{
    for (size_t i = 0; i < symbols->count; i++)
        free(symbols->items[i].name);
    free(symbols->items);
}

void findings_free(struct findings *findings)
{
    for (size_t i = 0; i < findings->section_count; i++)
        free(findings->sections[i].name);
    free(findings->sections);
    free_symbols(&findings->imports);
    free_symbols(&findings->definitions);
    free_symbols(&findings->near);
    free_symbols(&findings->needs);
    for (size_t i = 0; i < findings->type_count; i++)
        free(findings->types[i].name);
    free(findings->types);
    free(findings->demands);
    *findings = (struct findings){ 0 };
}

const char *part_name(elfin_part part)
{
    static const char *const names[ELFIN_PART_COUNT] = {
        [ELFIN_PART_TEXT] = "text",           [ELFIN_PART_RODATA] = "rodata",
        [ELFIN_PART_RELRO] = "relro",         [ELFIN_PART_DATA] = "data",
        [ELFIN_PART_INIT_TEXT] = "init-text", [ELFIN_PART_INIT_DATA] = "init-data",
    };

    return (unsigned)part < ELFIN_PART_COUNT ? names[part] : "unknown";
}

const struct demand_words *demand_words(uint32_t demand)
{
    static const struct demand_words table[] = {
        { ELFIN_DEMAND_LOW_4G, "low-4g", "an address in 32 bits: it must be below 4 GiB",
          "-fpie, or -mcmodel=large" },
        { ELFIN_DEMAND_LOW_OR_TOP_2G, "low-or-top-2g",
          "an address in 32 sign-extended bits: it must be in the lowest or highest 2 GiB",
          "-fpie, or -mcmodel=large" },
        { ELFIN_DEMAND_NEAR_IMPORTS, "near-imports",
          "a distance in 32 bits to data of others: the module must lie within 2 GiB of them",
          "-fPIC, or with -fpie: -mno-direct-extern-access (gcc), "
          "-fno-direct-access-external-data (clang)" },
        { ELFIN_DEMAND_TINY, "tiny", "an address or a distance in 8 or 16 bits",
          "none: only assembly asks for such fields; use 32 or 64 bits there" },
    };
    static const struct demand_words other = { 0, "other", "it makes a demand without words",
                                               "unknown" };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].demand == demand)
            return &table[i];
    return &other;
}

const char *reason_switch(const struct findings *findings, const elfin_diag *reason)
{
    for (size_t i = 0; i < findings->demand_count; i++)
        if (findings->demands[i].demand != ELFIN_DEMAND_TINY &&
            strcmp(elfin_diag_relocation_name(&findings->demands[i].reason),
                   elfin_diag_relocation_name(reason)) == 0)
            return demand_words(findings->demands[i].demand)->lift;
    return NULL;
}
