/* SPDX-License-Identifier: MIT */
#include "tests/lib/replica.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t length(const elfin_export *exports)
{
    size_t count = 0;

    while (exports != NULL && exports[count].name != NULL) {
        count++;
    }
    return count;
}

static uint8_t wanted(const struct replica *replica, uint64_t address, uint8_t byte)
{
    for (size_t i = 0; i < replica->word_count; i++) {
        uint64_t at = address - replica->words[i].address;

        if (at < 8) {
            return (uint8_t)(replica->words[i].value >> (8 * at));
        }
    }
    return byte;
}

static const char *compare_bytes(const struct fixture *f, const struct replica *replica,
                                 const struct fake_host *other, const elfin_block *block)
{
    static char text[160];
    const uint8_t *is = fake_host_edit(&f->fake, block->region.run, block->region.size);
    const uint8_t *want = fake_host_edit(other, block->region.run, block->region.size);

    if (is == NULL || want == NULL) {
        return "the block is not there";
    }
    for (uint64_t i = 0; i < block->region.size; i++) {
        uint64_t address = block->region.run + i;

        if (is[i] == wanted(replica, address, want[i])) {
            continue;
        }
        snprintf(text, sizeof text, "byte +0x%llx is %02x, a load gives %02x",
                 (unsigned long long)i, is[i], want[i]);
        return text;
    }
    return NULL;
}

/* What the library tells of the modules has to be the same, too. */
static const char *compare_modules(const elfin_group *a, const elfin_group *b)
{
    static char text[160];
    const elfin_module *m = NULL, *n = NULL;

    while ((m = elfin_next_module(a, m)) != NULL && (n = elfin_next_module(b, n)) != NULL) {
        elfin_module_info x, y;

        elfin_module_get(m, &x);
        elfin_module_get(n, &y);
        if (strcmp(x.name, y.name) != 0 || x.slot_count != y.slot_count ||
            x.stub_count != y.stub_count || x.address != y.address) {
            snprintf(text, sizeof text, "%s: %u slots, %u stubs; a load gives %s: %u, %u", x.name,
                     x.slot_count, x.stub_count, y.name, y.slot_count, y.stub_count);
            return text;
        }
        for (uint32_t i = 0;; i++) {
            elfin_slot s, t;
            bool has = elfin_module_slot(m, i, &s);

            if (has != elfin_module_slot(n, i, &t)) {
                return "another number of slots";
            }
            if (!has) {
                break;
            }
            if (strcmp(s.name, t.name) != 0 || s.address != t.address || s.target != t.target ||
                s.stub != t.stub || s.tls != t.tls) {
                return "another slot";
            }
        }
    }
    return NULL;
}

static const char *load_and_compare(const struct fixture *f, const elfin_group *group,
                                    const struct replica *replica, struct fake_host *fake,
                                    elfin_space *space)
{
    elfin_input inputs[FX_MAX_INPUTS];
    elfin_options options = ELFIN_OPTIONS_INIT;
    static char text[512];
    elfin_group *again;
    const char *wrong;
    elfin_block block;
    elfin_diag diag;

    if (!elfin_group_block(group, 0, &block)) {
        return NULL;
    }
    memcpy(inputs, replica->inputs, replica->count * sizeof inputs[0]);
    inputs[0].flags |= ELFIN_INPUT_AT;
    inputs[0].at = block.region.run;
    options.flags = replica->flags;
    if (elfin_space_export(space, replica->imports, length(replica->imports)) != ELFIN_OK ||
        elfin_space_export_tls(space, replica->tls_imports, length(replica->tls_imports)) !=
            ELFIN_OK) {
        return "the replica's imports cannot be exported";
    }
    if (elfin_load(space, inputs, replica->count, &options, &again, &diag) != ELFIN_OK) {
        int used = snprintf(text, sizeof text, "the replica cannot be loaded: ");

        elfin_diag_format(&diag, text + used, sizeof text - (size_t)used);
        return text;
    }
    wrong = compare_bytes(f, replica, fake, &block);
    return wrong != NULL ? wrong : compare_modules(group, again);
}

const char *replica_compare(const struct fixture *f, const elfin_group *group,
                            const struct replica *replica)
{
    struct fake_host *fake = xmalloc(sizeof *fake);
    const char *wrong;
    elfin_space space;

    fake_host_init(fake, FAKE_INVENTED);
    fake->host.rebinding = &elfin_rebinding;
    fake->host.tls_size = f->fake.host.tls_size;
    fake->host.tls_align = f->fake.host.tls_align;
    if (elfin_space_init(&space, &fake->host) != ELFIN_OK) {
        wrong = "the replica has no space";
    } else {
        wrong = load_and_compare(f, group, replica, fake, &space);
        elfin_space_destroy(&space);
    }
    fake_host_fini(fake);
    free(fake);
    return wrong;
}
