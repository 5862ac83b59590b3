/* SPDX-License-Identifier: MIT */
#include "tools/elfin/inspect.h"

#include "tools/elfin/text.h"

#include <inttypes.h>

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
    fprintf(out, ": %s", reason->relocation);
    if (reason->symbol[0] != '\0') {
        fputs(" against ", out);
        text_put(out, reason->symbol);
    }
    fputc('\n', out);
}

static void put_demands(FILE *out, const struct findings *findings)
{
    if (findings->demand_count == 0)
        fputs("  demands: none, it can lie anywhere\n", out);
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

void inspect_text(FILE *out, const char *file, const struct findings *findings)
{
    const elfin_inspection *totals = &findings->totals;

    text_put(out, file);
    fputs(": module ", out);
    text_put(out, totals->name);
    fputc('\n', out);
    put_sections(out, findings);
    fprintf(out, "  symbols: %" PRIu32 "\n", totals->symbols);
    put_symbols(out, "imports", &findings->imports, false);
    put_symbols(out, "definitions", &findings->definitions, true);
    put_types(out, findings);
    fprintf(out, "  room for: at most %" PRIu32 " slots, %" PRIu32 " stubs\n", totals->slots,
            totals->stubs);
    put_demands(out, findings);
}
