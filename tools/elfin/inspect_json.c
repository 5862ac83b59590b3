/* SPDX-License-Identifier: MIT */
#include "tools/elfin/inspect.h"

static void put_sections(struct json *json, const struct findings *findings)
{
    json_array(json, "sections");
    for (size_t i = 0; i < findings->section_count; i++) {
        const struct found_section *section = &findings->sections[i];

        json_object(json, NULL);
        json_number(json, "index", section->index);
        json_string(json, "name", section->name);
        json_string(json, "part", part_name(section->part));
        json_number(json, "size", section->size);
        json_end(json);
    }
    json_end(json);
    json_object(json, "part_sizes");
    for (unsigned part = 0; part < ELFIN_PART_COUNT; part++)
        json_number(json, part_name((elfin_part)part), findings->totals.part_size[part]);
    json_end(json);
}

static void put_symbols(struct json *json, const char *key, const struct found_symbols *symbols,
                        bool definitions)
{
    json_array(json, key);
    for (size_t i = 0; i < symbols->count; i++) {
        json_object(json, NULL);
        json_string(json, "name", symbols->items[i].name);
        json_bool(json, "weak", symbols->items[i].weak);
        if (definitions)
            json_bool(json, "exported", symbols->items[i].exported);
        json_end(json);
    }
    json_end(json);
}

static void put_types(struct json *json, const struct findings *findings)
{
    json_number(json, "relocations", findings->totals.relocations);
    json_object(json, "relocation_types");
    for (size_t i = 0; i < findings->type_count; i++)
        json_number(json, findings->types[i].name, findings->types[i].count);
    json_end(json);
}

static void put_demands(struct json *json, const struct findings *findings)
{
    json_array(json, "demands");
    for (size_t i = 0; i < findings->demand_count; i++) {
        const elfin_diag *reason = &findings->demands[i].reason;
        const struct demand_words *words = demand_words(findings->demands[i].demand);

        json_object(json, NULL);
        json_string(json, "demand", words->name);
        json_string(json, "what", words->what);
        json_string(json, "switch", words->lift);
        json_string(json, "section", reason->section);
        json_number(json, "place", reason->place);
        json_string(json, "relocation", elfin_diag_relocation_name(reason));
        json_string(json, "symbol", reason->symbol);
        json_end(json);
    }
    json_end(json);
}

static void put_bound(struct json *json, const char *key, const struct findings *findings,
                      const elfin_diag *reason)
{
    const char *lift;

    if (elfin_diag_relocation_name(reason)[0] == '\0') {
        json_null(json, key);
        return;
    }
    lift = reason_switch(findings, reason);
    json_object(json, key);
    json_string(json, "section", reason->section);
    json_number(json, "place", reason->place);
    json_string(json, "relocation", elfin_diag_relocation_name(reason));
    json_string(json, "symbol", reason->symbol);
    if (lift)
        json_string(json, "switch", lift);
    else
        json_null(json, "switch");
    json_end(json);
}

static void put_names(struct json *json, const char *key, const struct found_symbols *names)
{
    json_array(json, key);
    for (size_t i = 0; i < names->count; i++)
        json_string(json, NULL, names->items[i].name);
    json_end(json);
}

static void put_reach(struct json *json, const struct findings *findings)
{
    json_array(json, "reach");
    for (size_t i = 0; i < findings->range_count; i++) {
        const struct found_range *range = &findings->ranges[i];

        json_object(json, NULL);
        json_address(json, "low", range->low);
        json_address(json, "high", range->high);
        put_bound(json, "low_reason", findings, &range->low_reason);
        put_bound(json, "high_reason", findings, &range->high_reason);
        json_end(json);
    }
    json_end(json);
    put_names(json, "near", &findings->near);
}

static void put_kind(struct json *json, const elfin_inspection *totals)
{
    if (totals->flags == 0) {
        json_string(json, "kind", totals->image ? "image" : "object");
        return;
    }
    json_string(json, "kind",
                totals->flags & ELFIN_MODULE_EXECUTABLE ? "executable" : "shared object");
    json_object(json, "linked");
    json_address(json, "low", totals->low);
    json_address(json, "high", totals->high);
    json_bool(json, "fixed", totals->fixed);
    if (totals->entry != 0)
        json_address(json, "entry", totals->entry);
    else
        json_null(json, "entry");
    json_end(json);
}

void inspect_json(struct json *json, const char *file, const struct findings *findings)
{
    const elfin_inspection *totals = &findings->totals;

    json_object(json, NULL);
    json_string(json, "file", file);
    json_string(json, "name", totals->name);
    put_kind(json, totals);
    json_number(json, "symbols", totals->symbols);
    json_number(json, "slots", totals->slots);
    json_number(json, "stubs", totals->stubs);
    json_number(json, "tls_size", totals->tls_size);
    json_number(json, "tls_align", totals->tls_align);
    put_sections(json, findings);
    put_symbols(json, "imports", &findings->imports, false);
    put_symbols(json, "definitions", &findings->definitions, true);
    put_types(json, findings);
    put_demands(json, findings);
    put_reach(json, findings);
    put_names(json, "needs", &findings->needs);
    json_end(json);
}
