/* SPDX-License-Identifier: MIT */
/*
 * Indirect functions (STT_GNU_IFUNC): the symbol's value is not the function but its resolver,
 * which returns the address of the implementation to use (GNU gABI extensions; x86-64 psABI 4.4.1,
 * R_X86_64_IRELATIVE).
 *
 * Each gets one stub in the module that defines it, and one slot that the stub jumps through. The
 * stub's address is the function's address, for everybody and for ever: pointers to it compare
 * equal, and no relocation type needs to know of indirect functions. Only the slot waits for the
 * resolver. The k-th indirect function of an object has the k-th slot and the k-th stub.
 */
#include "loader/features.h"
#include "loader/program.h"

/* True for the definition that the group uses: only that can be called. */
static bool is_used(const struct object *object, uint32_t index)
{
    const struct symbol *symbol;

    if (index < object->first_global)
        return object->use[index] && !(object->use[index] & USE_DEAD);
    symbol = object->global[index - object->first_global];
    return symbol && symbol->object == object && symbol->index == index &&
           (symbol->state == SYMBOL_WEAK || symbol->state == SYMBOL_STRONG);
}

/* The used ones, in the order of the symbol table; counts only without a list. */
static uint32_t collect(const struct object *object, uint32_t *list)
{
    uint32_t count = 0;

    for (uint32_t i = 1; i < object->symbol_count; i++) {
        struct elf_symbol elf = elfin_read_symbol(object, i);

        if (elf_symbol_type(&elf) != STT_GNU_IFUNC || !is_used(object, i))
            continue;
        if (list)
            list[count] = i;
        count++;
    }
    return count;
}

static uint32_t indirects_check(const struct object *object, const struct elf_symbol *symbol,
                                uint32_t section)
{
    if (section & SECTION_SPECIAL)
        return DEFECT_INDIRECT_ABSOLUTE;
    if (object->program) /* proven with the other symbols of linked files */
        return DEFECT_NONE;
    if (!(object->sections[section].flags & SHF_EXECINSTR))
        return DEFECT_INDIRECT_DATA;
    return symbol->st_value >= object->sections[section].size ? DEFECT_INDIRECT_PAST : DEFECT_NONE;
}

static elfin_status indirects_plan(struct load *load, struct object *object)
{
    uint32_t count = object->has_indirect ? collect(object, NULL) : 0;

    if (!count)
        return ELFIN_OK;
    if (!object->indirect) /* no earlier layout has made the list */
        object->indirect = elfin_arena_get(&load->work, count, sizeof(*object->indirect));
    if (!object->indirect)
        return elfin_fail_memory(load, ELFIN_PHASE_LAYOUT, object);
    object->indirect_count = collect(object, object->indirect);
    object->slot_count += count;
    object->stub_count += count;
    return ELFIN_OK;
}

static elfin_indirect describe(const struct object *object, uint32_t k)
{
    struct elf_symbol elf = elfin_read_symbol(object, object->indirect[k]);
    uint32_t section = elfin_symbol_section(object, &elf, object->indirect[k]);

    return (elfin_indirect){
        .name = elfin_symbol_name(object, &elf),
        .address = object->plt + ARCH_STUB_SIZE * (uint64_t)k,
        .slot = object->got + ARCH_SLOT_SIZE * (uint64_t)k,
        .resolver = object->sections[section].address + elf.st_value,
    };
}

/*
 * A call before the resolver has run can only come from another resolver: it meets the trap behind
 * the stub's jump, not address 0, which exists in firmware. Where no resolver will run, 0 says so.
 */
static void indirects_write(const struct load *load, const struct object *object)
{
    bool never = load->options->flags & ELFIN_LOAD_NO_INIT;

    for (uint32_t k = 0; k < object->indirect_count; k++) {
        elfin_indirect f = describe(object, k);
        uint64_t target = never ? 0 : f.address + ARCH_STUB_TRAP;

        elfin_arch_write_stub(edit_at(load, object, f.address), f.address, f.slot);
        __builtin_memcpy(edit_at(load, object, f.slot), &target, ARCH_SLOT_SIZE);
    }
}

static elfin_status indirects_resolve(struct load *load, const struct object *object)
{
    for (uint32_t k = 0; k < object->indirect_count; k++) {
        elfin_indirect f = describe(object, k);
        uint64_t target;
        elfin_status status = elfin_call_resolver(load, object, f.name, f.resolver, &target);

        if (status != ELFIN_OK)
            return status;
        __builtin_memcpy(edit_at(load, object, f.slot), &target, ARCH_SLOT_SIZE);
    }
    return ELFIN_OK;
}

static void indirects_carve(const struct load *load, struct carver *c, const struct object *object,
                            struct elfin_module *module)
{
    uint64_t count =
        object->indirect_count + (object->program ? object->program->resolver_count : 0);
    elfin_indirect *list = carve(c, count * sizeof(*list));

    for (uint32_t k = 0; k < object->indirect_count; k++) {
        elfin_indirect f = describe(object, k);

        f.name = object->indirect[k] < object->first_global ? carve_line(c, f.name)
                                                            : carve_name(c, f.name);
        if (list)
            list[k] = f;
    }
    if (module) {
        if (object->program)
            load->host->programs->list_resolvers(object, list + object->indirect_count);
        module->indirect = list;
        module->indirect_count = (uint32_t)count;
    }
}

const struct elfin_indirects elfin_indirects = {
    .check = indirects_check,
    .plan = indirects_plan,
    .write = indirects_write,
    .resolve = indirects_resolve,
    .carve = indirects_carve,
};
