/* SPDX-License-Identifier: MIT */
/*
 * GDB's JIT interface (GDB manual, "JIT Compilation Interface"): a copy of each object in which
 * sh_addr says where its sections lie is in a list that GDB reads. GDB, or who else wants to know,
 * has a breakpoint at a function that is called whenever the list has changed.
 */
#include "loader/debug_copy.h"

/* As GDB declares them: names, types and order of the members are its own. */
struct jit_code_entry {
    struct jit_code_entry *next_entry, *prev_entry;
    const char *symfile_addr;
    uint64_t symfile_size;
};

enum {
    JIT_NOACTION,
    JIT_REGISTER_FN,
    JIT_UNREGISTER_FN
};

struct jit_descriptor {
    uint32_t version, action_flag;
    struct jit_code_entry *relevant_entry, *first_entry;
};

/* Weak: a program has one of each, whoever else in it makes code. */
void __jit_debug_register_code(void);
extern struct jit_descriptor __jit_debug_descriptor;

__attribute__((weak)) struct jit_descriptor __jit_debug_descriptor = { .version = 1 };

__attribute__((weak, noinline)) void __jit_debug_register_code(void)
{
    __asm__ volatile("" ::: "memory"); /* so that calls of it are not left out */
}

/*
 * GDB takes symbols away when an object is unregistered, but keeps breakpoints in it, inserted,
 * until it reads other symbols. tools/gdb/elfin.py has a breakpoint here and makes it look again,
 * while the module's memory is still the module's.
 */
void elfin_debug_unregistered(void);

__attribute__((noinline)) void elfin_debug_unregistered(void)
{
    __asm__ volatile("" ::: "memory");
}

/* A module's copy; the object's bytes follow. */
struct gdb_copy {
    elfin_region region;
    struct jit_code_entry entry;
};

/* Spaces share nothing, and may be used on several CPUs at once, but GDB's list is one for all. */
static bool locked;

static void lock(void)
{
    while (__atomic_exchange_n(&locked, true, __ATOMIC_ACQUIRE)) {
    }
}

static void unlock(void)
{
    __atomic_store_n(&locked, false, __ATOMIC_RELEASE);
}

static void tell(struct jit_code_entry *entry, uint32_t action)
{
    __jit_debug_descriptor.relevant_entry = entry;
    __jit_debug_descriptor.action_flag = action;
    __jit_debug_register_code();
    __jit_debug_descriptor.action_flag = JIT_NOACTION;
    __jit_debug_descriptor.relevant_entry = NULL;
}

static void enter(struct jit_code_entry *entry)
{
    lock();
    entry->prev_entry = NULL;
    entry->next_entry = __jit_debug_descriptor.first_entry;
    if (entry->next_entry)
        entry->next_entry->prev_entry = entry;
    __jit_debug_descriptor.first_entry = entry;
    tell(entry, JIT_REGISTER_FN);
    unlock();
}

static void leave(struct jit_code_entry *entry)
{
    lock();
    if (entry->prev_entry)
        entry->prev_entry->next_entry = entry->next_entry;
    else
        __jit_debug_descriptor.first_entry = entry->next_entry;
    if (entry->next_entry)
        entry->next_entry->prev_entry = entry->prev_entry;
    tell(entry, JIT_UNREGISTER_FN);
    elfin_debug_unregistered();
    unlock();
}

static void fill_addresses(const struct debug_object *copy, const uint64_t *addresses)
{
    for (uint32_t i = 0; i < copy->section_count; i++) {
        uint8_t *at = (uint8_t *)(uintptr_t)copy->table.data + i * sizeof(struct elf_section);
        struct elf_section section = debug_section(copy, i);

        section.sh_addr = addresses[i];
        __builtin_memcpy(at, &section, sizeof(section));
    }
}

/* The copy, as an object. */
static bool open_copy(const struct gdb_copy *copy, struct debug_object *object)
{
    struct span bytes = { .data = (const uint8_t *)(copy + 1), .size = copy->entry.symfile_size };

    *object = (struct debug_object){ 0 };
    return elfin_debug_open(object, bytes) == ELFIN_OK && object->type == ET_REL;
}

static void *gdb_add(const struct debug_object *object)
{
    struct debug_object own;
    struct gdb_copy *copy;
    elfin_region region;
    uint64_t packed, size;
    uint8_t *bytes;

    if (object->type == ET_DYN && object->bias) /* no room for a bias in the interface */
        return NULL;
    packed = object->type == ET_REL ? elfin_debug_packed_size(object) : 0;
    size = packed ? packed : object->file.size;
    if (elfin_reserve_plain(object->host, ELFIN_PURPOSE_RECORDS, sizeof(*copy) + size, &region) !=
        ELFIN_OK)
        return NULL;
    copy = region.edit;
    bytes = (uint8_t *)(copy + 1);
    if (packed)
        elfin_debug_pack(object, bytes);
    else
        memcpy(bytes, object->file.data, size);
    *copy =
        (struct gdb_copy){ .region = region,
                           .entry = { .symfile_addr = (const char *)bytes, .symfile_size = size } };
    if (open_copy(copy, &own)) {
        fill_addresses(&own, object->addresses);
        elfin_debug_drop(&own);
    }
    enter(&copy->entry);
    return copy;
}

static void gdb_trim(const elfin_host *host, const elfin_module *module, void *data)
{
    struct gdb_copy *copy = data;
    struct debug_object own;

    (void)host;
    if (!open_copy(copy, &own) || !elfin_debug_forget(&own, module->group))
        return;
    leave(&copy->entry);
    elfin_debug_drop(&own);
    enter(&copy->entry);
}

static void gdb_remove(const elfin_host *host, void *data)
{
    struct gdb_copy *copy = data;
    elfin_region region = copy->region;

    leave(&copy->entry);
    host->release(host->ctx, &region);
}

const struct debug_part elfin_debug_gdb = {
    .add = gdb_add,
    .remove = gdb_remove,
    .trim = gdb_trim,
};
