/* SPDX-License-Identifier: MIT */
/*
 * Making an image: one pass over the relocation tables, which writes all that never changes into
 * the block's memory and notes what is left.
 */
#include "loader/image_prepare.h"
#include "libmini/sort.h"

/* How the machine's part is told about a symbol. */
static enum arch_known known_of(const struct prepare *p, uint32_t symbol)
{
    switch (p->known[symbol]) {
    case PREPARE_VALUE:
        return ARCH_KNOWN_VALUE;
    case PREPARE_INSIDE:
        return ARCH_KNOWN_INSIDE;
    default:
        return ARCH_UNKNOWN;
    }
}

static void add(struct prepare *p, uint32_t symbol, uint32_t type, int64_t addend, uint64_t offset,
                int part)
{
    p->fixups[p->fixup_count++] = (struct image_fixup){ .symbol = symbol,
                                                        .type = type,
                                                        .offset = (uint32_t)offset,
                                                        .part = (uint32_t)part,
                                                        .addend = addend };
}

/* False when another record has to do with one of these bytes: their order would matter then. */
static bool claim(struct prepare *p, uint64_t offset, uint64_t size)
{
    for (uint64_t i = offset; i < offset + size; i++) {
        if (p->claimed[i / 8] & 1u << i % 8)
            return false;
        p->claimed[i / 8] |= (uint8_t)(1u << i % 8);
    }
    return true;
}

static elfin_status overlaps(const struct prepare *p, uint32_t table, uint64_t record)
{
    elfin_diag *diag = elfin_diag_begin(p->load, p->object, DEFECT_PREPARE_OVERLAP);

    elfin_diag_relocation(diag, p->object, table, record);
    return elfin_diag_emit(p->load);
}

static elfin_status too_far(const struct prepare *p, uint32_t table,
                            const struct arch_failure *failure)
{
    elfin_diag *diag = elfin_diag_begin(p->load, p->object, failure->defect);

    elfin_diag_relocation(diag, p->object, table, failure->record);
    elfin_diag_value(diag, failure->value);
    diag->hint = failure->hint;
    return elfin_diag_emit(p->load);
}

static void note(struct prepare *p, const struct section *section, uint32_t symbol,
                 const struct arch_reduction *r)
{
    uint64_t offset = section->address - PREPARE_BASE + r->offset;

    if (r->rest == ARCH_REST_PLACE)
        add(p, IMAGE_OWN_BLOCK, r->type, 0, offset, section->part);
    else if (p->known[symbol] == PREPARE_TLS)
        add(p, IMAGE_OWN_TLS, r->type, (int64_t)((uint64_t)r->addend + p->offset[symbol]), offset,
            section->part);
    else
        add(p, p->symbol[symbol], r->type, r->addend, offset, section->part);
}

static elfin_status reduce_table(struct prepare *p, struct arch_fixup *f, uint32_t target,
                                 uint32_t table)
{
    const struct section *section = &p->object->sections[target];
    uint64_t count;

    f->rela = elfin_section_bytes(p->object, table);
    count = f->rela.size / sizeof(struct elf_rela);
    for (uint64_t i = 0; i < count;) {
        struct arch_reduction r;
        struct elf_rela rela;
        uint32_t symbol;

        span_record(f->rela, i, &rela, sizeof(rela));
        symbol = elf_rela_symbol(rela.r_info);
        if (elfin_arch_reduce(f, i, known_of(p, symbol), PREPARE_BASE, &r) != ELFIN_OK)
            return too_far(p, table, &f->failure);
        if (!claim(p, section->address - PREPARE_BASE + r.start, r.size))
            return overlaps(p, table, i);
        if (r.rest != ARCH_REST_NONE)
            note(p, section, symbol, &r);
        i += r.used;
    }
    return ELFIN_OK;
}

/* Z: of what is not an import. */
static uint64_t symbol_size(void *ctx, uint32_t index)
{
    const struct object *object = ctx;
    struct elf_symbol elf;

    if (index >= object->first_global && object->global[index - object->first_global])
        return object->global[index - object->first_global]->size;
    elf = elfin_read_symbol(object, index);
    return elf.st_size;
}

static elfin_status reduce_sections(struct prepare *p)
{
    struct object *object = p->object;
    struct arch_fixup f = {
        .slots = &elfin_arch_slots,
        .value = p->value,
        .use = object->use,
        .slot = object->slot,
        .stub = object->stub,
        .got = object->got,
        .plt = object->plt,
        .plt_edit = object->stub_count ? edit_at(p->load, object, object->plt) : NULL,
        .trap = object->trap,
        .has_dead = object->has_dead,
        .tls = p->load->host->threads ? p->load->host->threads->arch : NULL,
        .size_of = symbol_size,
        .size_ctx = object,
    };
    elfin_status status = ELFIN_OK;

    for (uint32_t i = 1; status == ELFIN_OK && i < object->section_count; i++) {
        const struct section *section = &object->sections[i];

        if (section->part == PART_NONE || section->type == SHT_NOBITS || !section->size)
            continue;
        f.bytes = elfin_section_bytes(object, i);
        f.edit = edit_at(p->load, object, section->address);
        f.address = section->address;
        f.executable = section->flags & SHF_EXECINSTR;
        memcpy(f.edit, f.bytes.data, section->size);
        for (uint32_t table = section->rela; status == ELFIN_OK && table;
             table = object->sections[table].next_rela)
            status = reduce_table(p, &f, i, table);
    }
    return status;
}

/* What a slot holds is one more field; those of imports go with their names. */
static void reduce_slot(struct prepare *p, uint32_t symbol, uint64_t slot)
{
    uint64_t value = p->value[symbol];
    uint64_t offset = p->object->got - PREPARE_BASE + ARCH_SLOT_SIZE * (slot - 1);

    if (p->known[symbol] == PREPARE_IMPORT)
        return;
    if (p->known[symbol] == PREPARE_TLS)
        add(p, IMAGE_OWN_TLS, elfin_arch_word(true), (int64_t)p->offset[symbol], offset,
            ELFIN_PART_RELRO);
    if (p->known[symbol] == PREPARE_INSIDE) {
        add(p, IMAGE_OWN_BLOCK, elfin_arch_word(false), 0, offset, ELFIN_PART_RELRO);
        value -= PREPARE_BASE;
    }
    __builtin_memcpy((uint8_t *)p->memory.edit + offset, &value, ARCH_SLOT_SIZE);
}

static void reduce_slots(struct prepare *p)
{
    const struct object *object = p->object;

    for (uint32_t i = 1; object->slot && i < object->symbol_count; i++)
        if (object->slot[i])
            reduce_slot(p, i, object->slot[i] & ~ARCH_IN_USE);
    if (object->handle) {
        uint64_t offset = handle_address(object) - PREPARE_BASE;

        __builtin_memcpy((uint8_t *)p->memory.edit + offset, &offset, ARCH_SLOT_SIZE);
        add(p, IMAGE_OWN_BLOCK, elfin_arch_word(false), 0, offset, ELFIN_PART_RELRO);
    }
}

/* By symbol, type and addend, then ascending: parts are in the order of their offsets. */
static int by_run(const void *a, const void *b, void *ctx)
{
    const struct image_fixup *x = a, *y = b;

    (void)ctx;
    if (x->symbol != y->symbol)
        return x->symbol < y->symbol ? -1 : 1;
    if (x->type != y->type)
        return x->type < y->type ? -1 : 1;
    if (x->addend != y->addend)
        return x->addend < y->addend ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* One for each record at most, and one for each slot. */
static uint64_t count_records(const struct object *object)
{
    uint64_t count = object->slot_count;

    for (uint32_t i = 1; i < object->section_count; i++)
        for (uint32_t table = object->sections[i].rela; table;
             table = object->sections[table].next_rela)
            count += object->sections[table].size / sizeof(struct elf_rela);
    return count;
}

/* All padding is 0, and what is not used of the stubs traps. */
static void clear(const struct prepare *p)
{
    const struct object *object = p->object;
    uint8_t *edit = p->memory.edit;

    for (int part = 0; part < ELFIN_PART_COUNT; part++)
        memset(edit + p->block->part_offset[part], 0, p->block->part_filled[part]);
    for (uint32_t i = 0; i < object->stub_count; i++)
        elfin_arch_write_trap(edit_at(p->load, object, object->plt) + ARCH_STUB_SIZE * (uint64_t)i);
}

elfin_status elfin_prepare_reduce(struct prepare *p)
{
    struct arena *work = &p->load->work;
    elfin_status status;

    p->claimed = elfin_arena_get(work, p->block->size / 8 + 1, 1);
    p->fixups = elfin_arena_get(work, count_records(p->object), sizeof(*p->fixups));
    if (!p->claimed || !p->fixups)
        return elfin_fail_memory(p->load, ELFIN_PHASE_FIXUP, p->object);
    clear(p);
    status = reduce_sections(p);
    if (status != ELFIN_OK)
        return status;
    reduce_slots(p);
    mini_sort(p->fixups, p->fixup_count, sizeof(*p->fixups), by_run, NULL);
    return ELFIN_OK;
}
