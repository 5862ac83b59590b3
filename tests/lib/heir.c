/* SPDX-License-Identifier: MIT */
#include "tests/lib/heir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE UINT64_C(0x210000000000)

struct fixture *heir_new_space(enum fake_memory memory, uint64_t tls_size, uint64_t tls_align)
{
    struct fixture *f = fx_new_tls(memory, tls_size, tls_align);

    f->fake.base = BASE;
    f->fake.ignore_near = true;
    return f;
}

struct fixture *heir_new_writer(uint64_t tls_size, uint64_t tls_align)
{
    struct fixture *f = heir_new_space(FAKE_INVENTED, tls_size, tls_align);

    f->fake.host.starting = &elfin_deferring;
    fx_again(f);
    return f;
}

/* Invented: one page number for each. */
static uint64_t physical(void *ctx, const elfin_region *region)
{
    (void)ctx;
    return (region->run & UINT64_C(0xfffffff000)) + 0x100000;
}

struct blob heir_describe(const struct fixture *writer)
{
    elfin_hand_over options = ELFIN_HAND_OVER_INIT;
    struct blob out;
    uint64_t size, again;
    elfin_diag diag;

    options.physical = physical;
    if (elfin_space_hand_over(&writer->space, &options, NULL, 0, &size, &diag) != ELFIN_OK) {
        fprintf(stderr, "heir: not handed over: %s\n", elfin_diag_detail(&diag));
        abort();
    }
    out.size = size;
    out.data = xmalloc(size);
    memset(out.data, 0xa5, size);
    if (elfin_space_hand_over(&writer->space, &options, out.data, size, &again, &diag) !=
            ELFIN_OK ||
        again != size) {
        abort();
    }
    return out;
}

static elfin_status take(void *ctx, const elfin_taking *taking, elfin_region *out)
{
    struct heir *heir = ctx;
    const struct fake_host *from = &heir->from->fake;
    elfin_request request = { .struct_size = (uint32_t)sizeof request,
                              .purpose = ELFIN_PURPOSE_IMAGE,
                              .size = taking->size,
                              .align = FAKE_PAGE,
                              .low = taking->run,
                              .high = taking->run + (taking->size - 1),
                              .name = taking->name };

    heir->takes++;
    if (taking->struct_size != sizeof *taking) {
        abort();
    }
    for (size_t i = 0; i < FAKE_MAX_REGIONS; i++) {
        const struct fake_region *r = &from->regions[i];
        elfin_status status;

        if (!r->live || r->rights == NULL || physical(NULL, &r->region) != taking->physical ||
            r->region.size < taking->size) {
            continue;
        }
        status = heir->to->fake.host.reserve(&heir->to->fake, &request, out);
        if (status == ELFIN_OK) {
            memcpy(out->edit, r->region.edit, taking->size);
        }
        return status;
    }
    return ELFIN_ERR_MEMORY;
}

elfin_status heir_adopt_words(struct fixture *to, const struct fixture *from,
                              struct blob description, int argc, char **argv)
{
    struct heir heir = { .to = to, .from = from, .adoption = ELFIN_ADOPTION_INIT };
    uint8_t *bytes = xmalloc(description.size + to->odd);

    if (description.size != 0) {
        memcpy(bytes + to->odd, description.data, description.size);
    }
    heir.adoption.ctx = &heir;
    heir.adoption.take = take;
    heir.adoption.argc = argc;
    heir.adoption.argv = argv;
    heir.adoption.report = to->options.report;
    heir.adoption.report_ctx = to;
    to->report_count = 0;
    memset(&to->diag, 0xee, sizeof to->diag);
    to->status =
        elfin_space_adopt(&to->space, bytes + to->odd, description.size, &heir.adoption, &to->diag);
    memset(bytes, 0x5a, description.size);
    free(bytes);
    return to->status;
}

elfin_status heir_adopt(struct fixture *to, const struct fixture *from, struct blob description)
{
    return heir_adopt_words(to, from, description, 0, NULL);
}

/* ---- Telling ----------------------------------------------------------------------------------
 */

typedef unsigned long long ull;

static void tell_block(FILE *out, const elfin_block *b)
{
    const uint8_t *bytes = b->region.edit;

    fprintf(out, " block %llx %llx freed %d unwind %llx %llx %llx %llx\n", (ull)b->region.run,
            (ull)b->region.size, b->init_freed, (ull)b->unwind.index, (ull)b->unwind.index_size,
            (ull)b->unwind.frames, (ull)b->unwind.frames_size);
    for (int p = 0; p < ELFIN_PART_COUNT; p++) {
        fprintf(out, "  part %d %llx %llx %llx\n", p, (ull)b->part[p].offset, (ull)b->part[p].size,
                (ull)b->part[p].file_size);
    }
    for (uint64_t at = 0; at < b->region.size; at += 32) {
        fprintf(out, "  %llx:", (ull)(b->region.run + at));
        for (uint64_t i = at; i < at + 32 && i < b->region.size; i++) {
            fprintf(out, " %02x", bytes[i]);
        }
        fputc('\n', out);
    }
}

static void tell_parts(FILE *out, const elfin_module *m)
{
    elfin_section section;
    elfin_symbol symbol;
    elfin_slot slot;

    for (uint32_t i = 0; elfin_module_symbol(m, i, &symbol); i++) {
        fprintf(out, "  symbol %s %llx %llx%s%s%s%s\n", symbol.name, (ull)symbol.address,
                (ull)symbol.size, symbol.exported ? " exported" : "", symbol.weak ? " weak" : "",
                symbol.function ? " function" : "", symbol.tls ? " tls" : "");
    }
    for (uint32_t i = 0; elfin_module_section(m, i, &section); i++) {
        fprintf(out, "  section %s %d part %d %llx %llx%s%s%s\n", section.name, section.index,
                (int)section.part, (ull)section.address, (ull)section.size,
                section.zero_filled ? " zero" : "", section.tls ? " tls" : "",
                section.discarded_after_init ? " init" : "");
    }
    for (uint32_t i = 0; elfin_module_slot(m, i, &slot); i++) {
        fprintf(out, "  slot %s %llx %llx %llx%s\n", slot.name, (ull)slot.address, (ull)slot.target,
                (ull)slot.stub, slot.tls ? " tls" : "");
    }
}

static void tell_module(FILE *out, const elfin_module *m)
{
    elfin_module_info info;
    elfin_indirect indirect;
    const elfin_module *used;
    elfin_tls tls;

    elfin_module_get(m, &info);
    fprintf(out,
            " module %s file %s version %s (%s) flags %x at %llx entry %llx got %llx size %llx "
            "symbols %u sections %u uses %u slots %u stubs %u\n",
            info.name, info.file, info.version, info.description,
            info.flags & ~(uint32_t)ELFIN_MODULE_REBIND, (ull)info.address, (ull)info.entry,
            (ull)info.got_base, (ull)info.size, info.symbol_count, info.section_count,
            info.uses_count, info.slot_count, info.stub_count);
    tell_parts(out, m);
    for (uint32_t i = 0; elfin_module_indirect(m, i, &indirect); i++) {
        fprintf(out, "  indirect %s %llx %llx %llx\n", indirect.name, (ull)indirect.address,
                (ull)indirect.slot, (ull)indirect.resolver);
    }
    for (uint32_t i = 0; (used = elfin_module_uses(m, i)) != NULL; i++) {
        elfin_module_get(used, &info);
        fprintf(out, "  uses %s\n", info.name);
    }
    if (elfin_module_tls(m, &tls)) {
        fprintf(out, "  tls %lld %llx %llx %llx %llx\n", (long long)tls.offset, (ull)tls.size,
                (ull)tls.file_size, (ull)tls.align, (ull)tls.run);
    }
}

/* Whom a name leads to. */
static void tell_owner(FILE *out, const struct fixture *f, const elfin_symbol *symbol)
{
    const elfin_module *owner = NULL;
    elfin_module_info info = { .name = "the host" };
    uint64_t address = 0;
    int64_t offset = 0;
    elfin_status status = symbol->tls ? elfin_lookup_tls(&f->space, symbol->name, &offset, &owner)
                                      : elfin_lookup(&f->space, symbol->name, &address, &owner);

    if (owner != NULL) {
        elfin_module_get(owner, &info);
    }
    fprintf(out, "  export %s: %d %llx %lld of %s\n", symbol->name, (int)status, (ull)address,
            (long long)offset, info.name);
}

static void tell_group(FILE *out, const struct fixture *f, const elfin_group *g)
{
    elfin_symbol symbol;
    elfin_block block;

    fprintf(out, "group\n");
    for (uint32_t i = 0; elfin_group_block(g, i, &block); i++) {
        tell_block(out, &block);
    }
    for (const elfin_module *m = elfin_next_module(g, NULL); m != NULL;
         m = elfin_next_module(g, m)) {
        tell_module(out, m);
        for (uint32_t i = 0; elfin_module_symbol(m, i, &symbol); i++) {
            tell_owner(out, f, &symbol);
        }
    }
}

char *heir_tell(const struct fixture *f)
{
    elfin_space_stats stats;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    for (const elfin_group *g = elfin_next_group(&f->space, NULL); g != NULL;
         g = elfin_next_group(&f->space, g)) {
        tell_group(out, f, g);
    }
    elfin_space_get_stats(&f->space, &stats);
    fprintf(out, "groups %llu modules %llu exports %llu image %llu tls %llu\n", (ull)stats.groups,
            (ull)stats.modules, (ull)stats.exports, (ull)stats.image_bytes, (ull)stats.tls_bytes);
    fclose(out);
    return text;
}

char *heir_calls(const struct fixture *f)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    for (size_t i = 0; i < f->fake.event_count; i++) {
        const struct fake_event *e = &f->fake.events[i];

        if (e->op == FAKE_CALL) {
            fprintf(out, "%s %d %llx\n", e->name, (int)e->entry, (ull)e->address);
        }
    }
    fprintf(out, "tls %s\n", f->fake.tls.order);
    fclose(out);
    return text;
}

/* ---- The bytes --------------------------------------------------------------------------------
 */

static uint64_t get(const struct blob *b, size_t at)
{
    uint64_t value;

    memcpy(&value, b->data + at, sizeof value);
    return value;
}

size_t heir_table(const struct blob *description, enum heir_table table, uint64_t *count,
                  size_t *size)
{
    static const size_t sizes[HEIR_TABLE_COUNT] = { 32, 200, 136, 24, 24, 32, 32, 32, 4, 1 };

    *count = get(description, HEIR_TABLES + 16 * (size_t)table + 8);
    *size = sizes[table];
    return get(description, HEIR_TABLES + 16 * (size_t)table);
}

static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum ^= word;
    return (sum << 23 | sum >> 41) * UINT64_C(0x9e3779b97f4a7c15);
}

/* As docs/IMAGE-FORMAT.md has it, with a header of 25 words. */
void heir_seal(struct blob *d)
{
    uint64_t sum[4] = { d->size, 1, 2, 3 }, size = d->size;
    size_t at = 0;

    memcpy(d->data + 16, &size, sizeof size);
    for (; at < HEIR_HEADER_SIZE; at += 8) {
        if (at != HEIR_CHECKSUM) {
            sum[at / 8 % 4] = mix(sum[at / 8 % 4], get(d, at));
        }
    }
    for (; d->size - at >= 32; at += 32) {
        for (size_t lane = 0; lane < 4; lane++) {
            sum[lane] = mix(sum[lane], get(d, at + 8 * lane));
        }
    }
    for (; at < d->size; at += 8) {
        uint64_t word = 0;

        memcpy(&word, d->data + at, d->size - at < 8 ? d->size - at : 8);
        sum[0] = mix(sum[0], word);
    }
    sum[0] = mix(mix(mix(sum[0], sum[1]), sum[2]), sum[3]);
    memcpy(d->data + HEIR_CHECKSUM, &sum[0], sizeof sum[0]);
}

static volatile size_t sink;

void heir_ask(struct fixture *to, const elfin_module *m)
{
    elfin_module_info info;
    elfin_indirect indirect;
    elfin_section section;
    elfin_symbol symbol;
    elfin_slot slot;
    uint64_t address;

    elfin_module_get(m, &info);
    sink += strlen(info.name) + strlen(info.file) + strlen(info.version) + strlen(info.description);
    for (uint32_t i = 0; elfin_module_symbol(m, i, &symbol); i++) {
        elfin_module_lookup(m, symbol.name, &address);
        sink += fx_lookup(to, symbol.name);
    }
    for (uint32_t i = 0; elfin_module_section(m, i, &section); i++) {
        sink += strlen(section.name);
    }
    for (uint32_t i = 0; elfin_module_slot(m, i, &slot); i++) {
        sink += strlen(slot.name);
    }
    for (uint32_t i = 0; elfin_module_indirect(m, i, &indirect); i++) {
        sink += strlen(indirect.name);
    }
}
