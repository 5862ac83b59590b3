/* SPDX-License-Identifier: MIT */
#include "tools/elfin/inspect.h"

#include "tools/elfin/text.h"

#include <inttypes.h>
#include <string.h>

static void put_part(FILE *out, const struct findings *findings, unsigned part)
{
    bool named = false;

    for (size_t i = 0; i < findings->section_count; i++) {
        const struct found_section *section = &findings->sections[i];

        if ((unsigned)section->part != part)
            continue;
        if (!named)
            fprintf(out, "    %s: %" PRIu64 " bytes\n", part_name((elfin_part)part),
                    findings->totals.part_size[part]);
        named = true;
        fprintf(out, "      [%3" PRIu32 "] %10" PRIu64 "  ", section->index, section->size);
        text_put(out, section->name);
        fputc('\n', out);
    }
}

static void put_sections(FILE *out, const struct findings *findings)
{
    fprintf(out, "  sections in memory: %zu\n", findings->section_count);
    for (unsigned part = 0; part < ELFIN_PART_COUNT; part++)
        put_part(out, findings, part);
}

static void put_symbols(FILE *out, const char *title, const struct found_symbols *symbols,
                        bool definitions)
{
    fprintf(out, "  %s: %zu\n", title, symbols->count);
    for (size_t i = 0; i < symbols->count; i++) {
        fputs("    ", out);
        text_put(out, symbols->items[i].name);
        if (symbols->items[i].weak)
            fputs(" (weak)", out);
        if (definitions && !symbols->items[i].exported)
            fputs(" (not exported)", out);
        fputc('\n', out);
    }
}

static void put_types(FILE *out, const struct findings *findings)
{
    fprintf(out, "  relocations: %" PRIu64 "\n", findings->totals.relocations);
    for (size_t i = 0; i < findings->type_count; i++)
        fprintf(out, "    %-24s %8" PRIu64 "\n", findings->types[i].name, findings->types[i].count);
}

static void put_reason(FILE *out, const elfin_diag *reason)
{
    fputs("      first: ", out);
    text_put(out, reason->section);
    if (reason->have & ELFIN_DIAG_PLACE)
        fprintf(out, "+0x%" PRIx64, reason->place);
    fprintf(out, ": %s", elfin_diag_relocation_name(reason));
    if (reason->symbol[0] != '\0') {
        fputs(" against ", out);
        text_put(out, reason->symbol);
    }
    fputc('\n', out);
}

static void put_demands(FILE *out, const struct findings *findings, bool fixed)
{
    if (findings->demand_count == 0)
        fprintf(out, "  demands: none%s\n", fixed ? "" : ", it can lie anywhere");
    else
        fprintf(out, "  demands: %zu\n", findings->demand_count);
    for (size_t i = 0; i < findings->demand_count; i++) {
        const struct found_demand *demand = &findings->demands[i];
        const struct demand_words *words = demand_words(demand->demand);

        fprintf(out, "    %s\n", words->what);
        put_reason(out, &demand->reason);
        fprintf(out, "      switch: %s\n", words->lift);
    }
}

/* The ends, to the size of the module: what is left of them holds the module itself. */
static void put_range(FILE *out, const struct findings *findings, const struct found_range *range)
{
    const uint64_t gib = UINT64_C(1) << 30;
    uint64_t size = 4096;

    for (unsigned part = 0; part < ELFIN_PART_COUNT; part++)
        size += findings->totals.part_size[part] + 4096;
    if (range->low < size && UINT64_MAX - range->high < size)
        fputs("anywhere", out);
    else if (range->low < size && 2 * gib - range->high <= size)
        fputs("low 2 GiB", out);
    else if (range->low < size && 4 * gib - range->high <= size)
        fputs("low 4 GiB", out);
    else if (range->low + 2 * gib + size < 2 * size && UINT64_MAX - range->high < size)
        fputs("top 2 GiB", out);
    else
        fprintf(out, "0x%" PRIx64 " to 0x%" PRIx64, range->low, range->high);
}

static void put_because(FILE *out, const struct findings *findings, const elfin_diag *reason)
{
    const char *symbol = reason->symbol, *lift = reason_switch(findings, reason);

    if (strncmp(symbol, "section ", 8) == 0)
        symbol += 8;
    fprintf(out, ", because of %s at ", elfin_diag_relocation_name(reason));
    text_put(out, reason->section);
    fprintf(out, "+0x%" PRIx64 " against ", reason->place);
    text_put(out, symbol);
    if (lift)
        fprintf(out, "; %s lifts this", lift);
}

/* The relocations that set the limits: one of each type is enough. */
static void put_reasons(FILE *out, const struct findings *findings, const struct found_range *range)
{
    const elfin_diag *low = &range->low_reason, *high = &range->high_reason;
    bool has_low = elfin_diag_relocation_name(low)[0] != '\0';
    bool has_high = elfin_diag_relocation_name(high)[0] != '\0';

    if (has_high)
        put_because(out, findings, high);
    if (has_low && !(has_high && strcmp(elfin_diag_relocation_name(low),
                                        elfin_diag_relocation_name(high)) == 0))
        put_because(out, findings, low);
}

static void put_reach(FILE *out, const struct findings *findings)
{
    if (findings->range_count == 0)
        fputs("  reach: nowhere", out);
    for (size_t i = 0; i < findings->range_count; i++) {
        fputs(i == 0 ? "  reach: " : "\n    or ", out);
        put_range(out, findings, &findings->ranges[i]);
        put_reasons(out, findings, &findings->ranges[i]);
    }
    for (size_t i = 0; i < findings->near.count; i++) {
        fputs(i == 0 ? "\n    within 2 GiB of " : ", ", out);
        text_put(out, findings->near.items[i].name);
    }
    fputc('\n', out);
}

/* Of an executable or shared object: what its linker has decided. */
static void put_kind(FILE *out, const elfin_inspection *totals)
{
    if (totals->image)
        fputs("  image: of symbols and relocations those that are left\n", out);
    if (totals->flags == 0)
        return;
    fprintf(out, "  %s, linked for 0x%" PRIx64 "-0x%" PRIx64 "%s",
            totals->flags & ELFIN_MODULE_EXECUTABLE ? "executable" : "shared object", totals->low,
            totals->high, totals->fixed ? ", where it must lie" : "");
    if (totals->entry != 0)
        fprintf(out, ", entry 0x%" PRIx64, totals->entry);
    fputc('\n', out);
}

static void put_needs(FILE *out, const struct found_symbols *needs)
{
    for (size_t i = 0; i < needs->count; i++) {
        fputs(i == 0 ? "  needs: " : ", ", out);
        text_put(out, needs->items[i].name);
    }
    if (needs->count > 0)
        fputc('\n', out);
}

void inspect_text(FILE *out, const char *file, const struct findings *findings)
{
    const elfin_inspection *totals = &findings->totals;

    text_put(out, file);
    fputs(": module ", out);
    text_put(out, totals->name);
    fputc('\n', out);
    put_kind(out, totals);
    put_sections(out, findings);
    fprintf(out, "  symbols: %" PRIu32 "\n", totals->symbols);
    put_needs(out, &findings->needs);
    put_symbols(out, "imports", &findings->imports, false);
    put_symbols(out, "definitions", &findings->definitions, true);
    put_types(out, findings);
    if (totals->tls_size > 0)
        fprintf(out, "  thread-local storage: %" PRIu64 " bytes, aligned to %" PRIu64 "\n",
                totals->tls_size, totals->tls_align);
    fprintf(out, "  room for: at most %" PRIu32 " slots, %" PRIu32 " stubs\n", totals->slots,
            totals->stubs);
    put_demands(out, findings, totals->fixed);
    put_reach(out, findings);
}
