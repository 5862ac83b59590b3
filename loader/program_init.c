/* SPDX-License-Identifier: MIT */
/*
 * Phase "init" of a program. A shared object has no code of its own to run its init functions: the
 * loader does. An executable has: its start code, at the entry point, which the host may call.
 */
#include "loader/program.h"

static uint64_t read_word(const struct load *load, const struct object *object, uint64_t vaddr)
{
    const uint8_t *edit = load->blocks[object->block].region.edit;
    uint64_t value;

    __builtin_memcpy(&value, edit + (vaddr - object->program->base), sizeof(value));
    return value;
}

/* The next record of a table that asks for a resolver, from *index on. */
static bool next_resolver(const struct object *object, int t, uint64_t *index, elfin_indirect *out)
{
    struct span table = object->program->table[t].bytes;

    while (*index < table.size / sizeof(struct elf_rela)) {
        struct elf_rela rela;

        span_record(table, (*index)++, &rela, sizeof(rela));
        if (elfin_arch_dynamic(elf_rela_type(rela.r_info)) != ARCH_DYNAMIC_RESOLVER)
            continue;
        *out = (elfin_indirect){ .name = "",
                                 .slot = rela.r_offset + program_bias(object),
                                 .resolver = (uint64_t)rela.r_addend + program_bias(object) };
        return true;
    }
    return false;
}

void elfin_program_list_resolvers(const struct object *object, elfin_indirect *list)
{
    for (int t = PROGRAM_RELA; object->program->resolver_count && t <= PROGRAM_JMPREL; t++)
        for (uint64_t index = 0; next_resolver(object, t, &index, list);)
            list++;
}

/* Relocations are the loader's, those of executables too. */
elfin_status elfin_program_resolve(struct load *load, const struct object *object)
{
    elfin_status status = ELFIN_OK;
    elfin_indirect f;

    for (int t = PROGRAM_RELA; object->program->resolver_count && t <= PROGRAM_JMPREL; t++) {
        for (uint64_t index = 0; next_resolver(object, t, &index, &f);) {
            uint64_t target;

            status = elfin_call_resolver(load, object, "", f.resolver, &target);
            if (status != ELFIN_OK)
                return status;
            __builtin_memcpy(edit_at(load, object, f.slot), &target, sizeof(target));
        }
    }
    return status;
}

/* DT_INIT, then DT_INIT_ARRAY; elements that are 0 are skipped, as C run-times do. */
static elfin_status run_constructors(struct load *load, const struct object *object)
{
    const struct program *p = object->program;
    elfin_status status = ELFIN_OK;

    if (p->value[DYNAMIC_INIT])
        status = elfin_init_call(load, object, ELFIN_ENTRY_CTOR,
                                 p->value[DYNAMIC_INIT] + program_bias(object));
    for (uint64_t at = 0; status == ELFIN_OK && at < p->value[DYNAMIC_INIT_ARRAYSZ]; at += 8) {
        uint64_t address = read_word(load, object, p->value[DYNAMIC_INIT_ARRAY] + at);

        if (address)
            status = elfin_init_call(load, object, ELFIN_ENTRY_CTOR, address);
    }
    return status;
}

/* They run last to first: the array backwards, then DT_FINI. */
static void add_destructors(struct load *load, const struct object *object)
{
    const struct program *p = object->program;

    if (p->value[DYNAMIC_FINI])
        elfin_init_final(load, object, ELFIN_ENTRY_DTOR,
                         p->value[DYNAMIC_FINI] + program_bias(object), 0);
    for (uint64_t at = 0; at < p->value[DYNAMIC_FINI_ARRAYSZ]; at += 8) {
        uint64_t address = read_word(load, object, p->value[DYNAMIC_FINI_ARRAY] + at);

        if (address)
            elfin_init_final(load, object, ELFIN_ENTRY_DTOR, address, 0);
    }
}

elfin_status elfin_program_init(struct load *load, const struct object *object)
{
    elfin_status status;

    if (object->program->executable)
        return ELFIN_OK;
    status = run_constructors(load, object);
    if (status == ELFIN_OK)
        add_destructors(load, object);
    return status;
}
