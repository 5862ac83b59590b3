/* SPDX-License-Identifier: MIT */
/* What the inspection of one object found, collected for printing. */
#ifndef ELFIN_TOOL_FINDINGS_H
#define ELFIN_TOOL_FINDINGS_H

#include <elfin/elfin.h>

struct found_section {
    char *name;
    uint64_t size;
    uint32_t index;
    elfin_part part;
};

struct found_symbol {
    char *name;
    bool weak, exported; /* exported: definitions only */
};

struct found_symbols {
    struct found_symbol *items;
    size_t count, capacity;
};

struct found_type {
    char *name;
    uint64_t count;
};

struct found_demand {
    uint32_t demand; /* ELFIN_DEMAND_* */
    elfin_diag reason;
};

/* Where the module may begin, and the relocations that set the ends; relocation "" if none does. */
struct found_range {
    uint64_t low, high;
    elfin_diag low_reason, high_reason;
};

enum {
    FOUND_RANGES = 2
};

struct findings {
    elfin_inspection totals;
    struct found_section *sections;
    size_t section_count, section_capacity;
    struct found_symbols imports, definitions;
    struct found_type *types;
    size_t type_count, type_capacity;
    struct found_demand *demands;
    size_t demand_count, demand_capacity;
    struct found_range ranges[FOUND_RANGES];
    size_t range_count;
    struct found_symbols near;  /* imports */
    struct found_symbols needs; /* modules */
};

/* Inspects one object. On failure only *diag is written. */
elfin_status findings_collect(struct findings *findings, const elfin_input *input,
                              elfin_diag *diag);

void findings_free(struct findings *findings);

/* "text", "rodata" and so on. */
const char *part_name(elfin_part part);

/* The demand for people: what must be so, and how to compile so that it need not be. */
struct demand_words {
    uint32_t demand;
    const char *name; /* a short word for programs */
    const char *what;
    const char *lift;
};

const struct demand_words *demand_words(uint32_t demand);

/* The switch that lifts the limit which this reason sets; NULL when there is none. */
const char *reason_switch(const struct findings *findings, const elfin_diag *reason);

#endif
