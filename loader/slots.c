/* SPDX-License-Identifier: MIT */
/*
 * Slots and stubs: which symbols get some, where they lie, and what is in them. What they are for
 * is told in arch.h, at struct arch_slots.
 */
#include "loader/features.h"
#include "loader/image.h"
#include "loader/program.h"

const struct object *elfin_definer(const struct object *object, uint32_t index)
{
    const struct elf_symbol *elf;
    uint32_t section;

    if (index == 0 || index == object->tls_base)
        return NULL;
    if (is_made(object, index))
        return object;
    /* NULL: a definition of an image that is loaded alone, which only the image refers to. */
    if (index >= object->first_global && object->global[index - object->first_global]) {
        const struct symbol *symbol = object->global[index - object->first_global];

        if (symbol->state == SYMBOL_COMMON || is_section_end(symbol))
            return symbol->object;
        if (symbol->state != SYMBOL_STRONG && symbol->state != SYMBOL_WEAK)
            return NULL;
        object = symbol->object;
        index = symbol->index;
    }
    elf = elf_symbol_at(object, index);
    section = elfin_symbol_section(object, elf, index);
    return section & SECTION_SPECIAL || section == SHN_UNDEF ? NULL : object;
}

/*
 * True if a branch to the symbol may turn out to be too far: it lies outside of the block, or its
 * definition names a place outside of its section.
 */
static bool is_far(const struct object *object, uint32_t index)
{
    const struct symbol *symbol =
        index >= object->first_global ? object->global[index - object->first_global] : NULL;
    const struct object *definer;
    const struct elf_symbol *elf;

    if (symbol && symbol->state == SYMBOL_IMPORT && !is_made(object, index))
        return true;
    definer = elfin_definer(object, index);
    if (!definer || definer->block != object->block)
        return true;
    if (index >= object->first_global) {
        if (!symbol || symbol->state == SYMBOL_COMMON || is_section_end(symbol))
            return false;
        index = symbol->index;
    }
    elf = elf_symbol_at(definer, index);
    return elf->st_value > definer->sections[elfin_symbol_section(definer, elf, index)].size;
}

/* What an earlier layout has found, or a CPU that gave up. */
static void forget(struct object *object)
{
    object->slot = object->stub = NULL;
    object->slot_count = object->stub_count = object->trap = object->first_slot = 0;
    object->got = object->plt = object->got_gap = object->plt_gap = 0;
}

/*
 * It is 0, or would be if nobody exported it. What is set aside must not depend on that: an object
 * has one layout, whoever it will use.
 */
static bool may_be_zero(const struct object *object, uint32_t index)
{
    const struct symbol *symbol =
        index >= object->first_global ? object->global[index - object->first_global] : NULL;
    const struct elf_symbol *elf;

    if (!symbol || symbol->state != SYMBOL_IMPORT)
        return symbol && symbol->state == SYMBOL_ZERO;
    elf = elf_symbol_at(object, index);
    return elf_symbol_binding(elf) == STB_WEAK;
}

static elfin_status slots_indirect(struct load *load, struct object *object)
{
    KNOWN(object);
    return object->has_indirect ? load->host->indirects->plan(load, object) : ELFIN_OK;
}

/* Numbers the slots and stubs that the object may need. */
static elfin_status number_slots(struct load *load, struct object *object)
{
    elfin_status status = slots_indirect(load, object);

    if (object->handle_symbol)
        object->handle = ++object->slot_count;
    for (uint32_t i = 1; status == ELFIN_OK && i < object->symbol_count; i++) {
        unsigned use = object->use[i];
        bool stub;

        if (!(use & (USE_SLOT | USE_TLS_SLOT | USE_BRANCH)) && i < object->first_global)
            continue;
        stub = use & USE_BRANCH && is_far(object, i);
        if (use & (USE_BRANCH | USE_VALUE) && !object->trap && object->refers_weakly &&
            may_be_zero(object, i))
            object->trap = ++object->stub_count;
        if (!(use & (USE_SLOT | USE_TLS_SLOT)) && !stub)
            continue;
        if (!object->slot) {
            object->slot = elfin_arena_get(&load->work, object->symbol_count, sizeof(uint32_t));
            object->stub = elfin_arena_get(&load->work, object->symbol_count, sizeof(uint32_t));
            if (!object->slot || !object->stub)
                return elfin_fail_memory(load, ELFIN_PHASE_LAYOUT, object);
            object->first_slot = i;
        }
        object->slot[i] = ++object->slot_count;
        if (stub)
            object->stub[i] = ++object->stub_count;
    }
    return status;
}

static elfin_status slots_plan(struct load *load, struct object *object)
{
    forget(object);
    return object->program || object->image ? ELFIN_OK : number_slots(load, object);
}

/* Stubs to the text, slots to what is read-only after init. */
static elfin_status slots_lay(struct cursor *c, struct object *object, int part)
{
    uint64_t stubs = ARCH_STUB_SIZE * (uint64_t)object->stub_count;
    uint64_t slots = ARCH_SLOT_SIZE * (uint64_t)object->slot_count;

    if (part == ELFIN_PART_TEXT && stubs)
        return elfin_take(c, 0, 16, stubs, &object->plt, &object->plt_gap);
    if (part == ELFIN_PART_RELRO && (slots || object->needs_got || object->got_symbol))
        return elfin_take(c, 0, ARCH_SLOT_SIZE, slots, &object->got, &object->got_gap);
    return ELFIN_OK;
}

/* Stubs that turn out not to be needed stay traps: nothing may jump there. */
static void prepare_stubs(const struct load *load, const struct object *object)
{
    uint8_t *edit;

    if (!object->stub_count)
        return;
    edit = edit_at(load, object, object->plt);
    memset(edit - object->plt_gap, 0, object->plt_gap);
    for (uint32_t i = 0; i < object->stub_count; i++)
        elfin_arch_write_trap(edit + ARCH_STUB_SIZE * (uint64_t)i);
    if (object->indirect_count)
        load->host->indirects->write(load, object);
}

/* As crtbegin.o of shared objects has it: some read the word instead of taking its address. */
static void write_handle(const struct load *load, const struct object *object)
{
    uint64_t address = handle_address(object);

    if (object->handle)
        __builtin_memcpy(edit_at(load, object, address), &address, sizeof(address));
}

static void fill_slots(const struct load *load, const struct object *object, const uint64_t *value)
{
    uint8_t *slots;

    if (!object->slot)
        return;
    slots = edit_at(load, object, object->got);
    for (uint32_t i = object->first_slot; i < object->symbol_count; i++)
        if (object->slot[i])
            __builtin_memcpy(slots + ARCH_SLOT_SIZE * (uint64_t)(object->slot[i] - 1), &value[i],
                             ARCH_SLOT_SIZE);
}

/* A CPU may have begun, and given up. */
static void forget_use(const struct object *object)
{
    for (uint32_t i = 0; object->slot && i < object->symbol_count; i++) {
        object->slot[i] &= ~ARCH_IN_USE;
        object->stub[i] &= ~ARCH_IN_USE;
    }
}

static void slots_begin(struct load *load, struct object *object, const uint64_t *value)
{
    if (object->begun)
        forget_use(object);
    object->begun = true;
    if (object->got_gap)
        memset(edit_at(load, object, object->got) - object->got_gap, 0, object->got_gap);
    prepare_stubs(load, object);
    if (object->program)
        return;
    write_handle(load, object);
    fill_slots(load, object, value);
}

static void slots_end(struct load *load, struct object *object, const uint64_t *value)
{
    object->module->slot_count = object->indirect_count;
    object->module->stub_count = object->indirect_count + (object->trap != 0);
    for (uint32_t i = object->first_slot; object->slot && i < object->symbol_count; i++) {
        if (!object->slot[i])
            continue;
        object->module->stub_count += (object->stub[i] & ARCH_IN_USE) != 0;
        if (!(object->slot[i] & ARCH_IN_USE))
            continue;
        if (object->module->slots)
            load->host->listing->keep_slot(object, i, value[i]);
        object->module->slot_count++;
    }
}

const struct elfin_slots elfin_slots = {
    .arch = &elfin_arch_slots,
    .plan = slots_plan,
    .indirect = slots_indirect,
    .lay = slots_lay,
    .begin = slots_begin,
    .end = slots_end,
};
