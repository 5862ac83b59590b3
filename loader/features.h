/* SPDX-License-Identifier: MIT */
/*
 * The parts of the library that a host may leave out, as tables of functions. Each table is named
 * by elfin_host only, and the phases call through that: where a host has NULL, a linker finds
 * nothing that refers to the part's code. What is then missing is refused where it is met first.
 */
#ifndef LOADER_FEATURES_H
#define LOADER_FEATURES_H

#include "loader/carver.h"

/* layout.c: where the next bytes of a block go. */
struct cursor {
    struct load *load;
    struct block *block;
    const struct object *object; /* for reports */
    uint64_t offset;             /* from the block's start */
    uint64_t limit;              /* no offset may pass it */
};

/*
 * Takes size bytes at the next aligned offset; *gap is the padding before it. ELFIN_ERR_LIMIT,
 * reported as c->object's (and its section's, if that is not 0).
 */
elfin_status elfin_take(struct cursor *c, uint32_t section, uint64_t align, uint64_t size,
                        uint64_t *offset, uint64_t *gap);
elfin_status elfin_take_section(struct cursor *c, struct object *object, uint32_t index);

/* users.c: which module uses which. */
struct elfin_users {
    elfin_status (*begin)(struct load *load);
    elfin_status (*collect)(struct load *load, struct object *object); /* on any CPU */
    void (*end)(struct load *load, struct object *object);
    void (*count)(elfin_group *group, bool add); /* of other groups' users */
    /* The group is used: by whom. ELFIN_ERR_IN_USE. */
    elfin_status (*report)(const elfin_space *space, const elfin_group *group, elfin_diag *diag,
                           void (*report)(void *ctx, const elfin_diag *diag), void *report_ctx);
};

/* starting.c, order.c, init.c: module code runs when a group is loaded, and when it is unloaded. */
struct elfin_starting {
    /* Of an array of functions; -1 is the first. */
    int32_t (*priority)(uint32_t type, const char *name);
    /*
     * Who mentions __dso_handle without a definition in the group gets one of its own, like
     * _GLOBAL_OFFSET_TABLE_, and what it gives to __cxa_atexit will be undone by __cxa_finalize.
     */
    void (*handles)(struct load *load);
    /* Enters the name of __cxa_finalize, which an object with a handle_symbol needs. */
    elfin_status (*finalize)(struct load *load, struct object *object);
    elfin_status (*order)(struct load *load); /* fills in load->order */
    /* Calls that unload will make, at most. */
    uint64_t (*count)(const struct load *load, const struct object *object);
    elfin_status (*run)(struct load *load);
    /* Parts that only init needed are given back. */
    void (*finish)(struct load *load);
    /* Final calls, last to first; one that does not return normally is logged. */
    void (*end)(const elfin_host *host, elfin_group *group);
};

/* starting.c, for who starts later: handover_defer.c. */
int32_t elfin_starting_priority(uint32_t type, const char *name);
void elfin_starting_handles(struct load *load);
uint64_t elfin_starting_count(const struct load *load, const struct object *object);

/* record.c, needs.c: sections named .elfin.*, which the host's starting serves. */
struct elfin_records {
    elfin_status (*read)(struct load *load, struct object *object, uint32_t index);
    elfin_status (*scan)(struct load *load, struct object *object); /* after its relocations */
    void (*check)(struct load *load, const struct object *object);  /* after fix-up */
    void (*add_needs)(struct load *load, struct object *object);
    void (*check_needs)(struct load *load, struct object *object);
};

/* slots.c */
struct elfin_slots {
    const struct arch_slots *arch;
    /* Numbers the slots and stubs that the object may need. */
    elfin_status (*plan)(struct load *load, struct object *object);
    /* The same of a linked file, which has those of its indirect functions only. */
    elfin_status (*indirect)(struct load *load, struct object *object);
    /* Layout: those that belong in this part. */
    elfin_status (*lay)(struct cursor *c, struct object *object, int part);
    /* Fix-up: before and after the object's records are applied. */
    void (*begin)(struct load *load, struct object *object, const uint64_t *value);
    void (*end)(struct load *load, struct object *object, const uint64_t *value);
};

/* comdat.c: section groups. */
struct elfin_comdats {
    elfin_status (*open)(struct load *load, struct object *object, uint32_t index);
};

/* For what takes an object as any host would. */
static inline void take_objects(elfin_host *host)
{
    host->publishing = &elfin_publishing;
    host->slots = &elfin_slots;
    host->reaching = &elfin_reaching;
    host->users = &elfin_users;
    host->starting = &elfin_starting;
    host->records = &elfin_records;
    host->comdats = &elfin_comdats;
}

/* Rows of the host that are being exported. */
struct rows {
    const elfin_export *rows;
    size_t count;
    enum item_kind kind;
    size_t shadowed; /* for which there are shadows, in order of the rows */
    struct shadow *shadows;
};

/* waiting.c: several export one name. */
struct elfin_waiting {
    /* So many names of the load's group; fails only before it has done anything. */
    elfin_status (*queue)(struct load *load, uint64_t count);
    elfin_status (*queue_rows)(elfin_space *space, const struct rows *r);
    /* Who waits goes. */
    void (*leave)(elfin_space *space, uint32_t hash, struct shadow *shadow);
    /* Who has the name goes: the first in the queue has it. */
    void (*promote)(struct elfin_table_entry *entry);
    /* The first in the queue that is not of that group; 0: none. */
    item (*other)(const struct shadow *head, const elfin_group *except);
};

/* published.c: names in the space's index. */
struct elfin_publishing {
    /* Room for the group's, with its records complete. */
    elfin_status (*reserve)(struct load *load);
    /* Enters them. On failure, which is reported, none is there. */
    elfin_status (*publish)(struct load *load);
    void (*unpublish)(elfin_space *space, elfin_group *group);
    /* The load has succeeded, or failed: its names are there, or not there any more. */
    void (*settle)(struct load *load, bool keep);
    /* Another group has a module of that name. */
    bool (*has_module)(const struct load *load, struct name name);
    /* What undefined symbols mean, up to INDEX_BATCH of them; 0: nothing. */
    void (*find)(const struct load *load, struct symbol *const *symbols, const struct name *names,
                 uint32_t count, item *found);
    void (*bind)(struct symbol *symbol, item found);
};

/* archive.c, pull.c */
struct elfin_archives {
    /* A library of the load: its index. */
    elfin_status (*open)(struct load *load, const elfin_input *input, uint32_t block);
    /* In a load with libraries: one more reference to the symbol, from that object. */
    void (*refer)(struct load *load, struct symbol *symbol, const struct object *object, bool weak);
    /* A member with nothing to load and no definition that the index could mean is left out. */
    bool (*is_empty)(const struct object *object);
    /* Called if there are libraries, with all inputs open. */
    elfin_status (*pull)(struct load *load);
    /*
     * Archives may hold several members of one name: the later ones are told apart by their place.
     * And several groups may pull one member, whose names are hidden: those are numbered.
     */
    elfin_status (*rename)(struct load *load, struct object *object);
    /* Members of one archive see each other's hidden names, whichever group pulled them. */
    item (*find_private)(const struct load *load, const struct symbol *symbol);
};

/* One more reference to the symbol: that of the object's index-th. */
static inline void elfin_refer(struct load *load, struct symbol *symbol, struct object *object,
                               uint32_t index, bool weak)
{
    if (!object->archive)
        symbol->outside = true;
    if (!weak && !symbol->strong_reference && symbol->state == SYMBOL_UNDEFINED) {
        symbol->object = object;
        symbol->index = index;
    }
    symbol->strong_reference |= !weak;
    if (load->libraries)
        load->host->archives->refer(load, symbol, object, weak);
}

/* tls.c, tls_area.c */
struct elfin_threads {
    const struct arch_tls *arch;
    /* Lays out the object's block: section addresses are offsets in it. Before layout. */
    elfin_status (*measure)(struct load *load, struct object *object);
    /* Measures all blocks, finds room in the host's area, holds records against symbols. */
    elfin_status (*place)(struct load *load);
    /* Layout: the initial image. */
    elfin_status (*lay)(struct cursor *c, struct object *object);
    void (*attach)(struct load *load);
    void (*detach)(const elfin_host *host, elfin_group *group);
    /* The area's books, kept when the group is published and withdrawn. */
    void (*publish)(elfin_space *space, elfin_group *group);
    void (*withdraw)(elfin_space *space, elfin_group *group);
};

/* unwind.c: bytes of the index of so many FDEs: a head, and a row for each. */
static inline uint64_t unwind_index_size(uint64_t count)
{
    return 12 + 8 * count;
}

/* unwind.c: there whenever the host has elfin_host.unwind_add. */
struct elfin_unwinding {
    elfin_status (*scan)(struct load *load, struct object *object);
    elfin_status (*lay)(struct cursor *c);
    elfin_status (*seal)(struct load *load);                    /* after fix-up */
    elfin_status (*add)(struct load *load);                     /* before module code runs */
    void (*remove)(const elfin_host *host, elfin_group *group); /* when none will run any more */
};

/* indirect.c: plan and check are called first; the others only for objects that have some. */
struct elfin_indirects {
    /* The resolver will be called: DEFECT_NONE, or what is wrong with it. */
    uint32_t (*check)(const struct object *object, const struct elf_symbol *symbol,
                      uint32_t section);
    /* Counts the slots and stubs, the first of the object. */
    elfin_status (*plan)(struct load *load, struct object *object);
    void (*write)(const struct load *load, const struct object *object);
    elfin_status (*resolve)(struct load *load, const struct object *object);
    void (*carve)(const struct load *load, struct carver *c, const struct object *object,
                  struct elfin_module *module);
};

/* gather.c: __start_NAME and __stop_NAME. */
struct elfin_gathering {
    elfin_status (*gather)(struct load *load);
    /* Layout: which blocks they are in; those of one block and part. */
    void (*distribute)(struct load *load);
    elfin_status (*lay)(struct cursor *c, int part);
};

/* demand.c, reach.c, reach_place.c: where blocks may begin so that every field holds its value. */
struct elfin_reaching {
    const struct arch_demands *arch;
    elfin_status (*first)(struct load *load);  /* elfin_place_first */
    elfin_status (*narrow)(struct load *load); /* elfin_reach */
    elfin_status (*place)(struct load *load);  /* elfin_place_floating */
};

/* apart.c */
struct elfin_dividing {
    /*
     * Divides the objects that share the block without an address into more blocks, finer at each
     * call; gives memory of such blocks back. False when nothing is left to divide, or on failure.
     */
    bool (*apart)(struct load *load);
    /*
     * Puts the objects together again where only that keeps short distances between their sections.
     * Fails as it did before they were divided: ELFIN_ERR_REACH or ELFIN_ERR_MEMORY, not reported.
     */
    elfin_status (*join)(struct load *load);
};

/* reach_report.c */
struct elfin_reasons {
    /* Names all fixups that nothing can satisfy. */
    void (*misfits)(struct load *load);
    /* Names all fixups that limit where load->stuck may lie. */
    void (*stuck)(struct load *load);
};

/* parallel.c: there whenever the host has elfin_host.parallel. */
struct elfin_sharing {
    /* Sets load->crew and load->cpus if this load pays. */
    void (*begin)(struct load *load, const elfin_input *inputs, size_t count);
    /* elfin_each_object with a crew; false: there is no memory for it. */
    bool (*each)(struct load *load, object_phase phase, parallel_start start, elfin_status *status);
    /* Opens objects, and sorts their names; what fails is left undone and not reported. */
    void (*open)(struct load *load);
    /* The phase narrows the reach of its own copy of each block; false: not done for all objects.
     */
    bool (*reach)(struct load *load, object_phase phase);
    /*
     * Enters all names of all objects; false: not done, and not reported. Each object then gets
     * what its names have come to be.
     */
    bool (*enter)(struct load *load);
    void (*place)(struct load *load, struct object *object);
    /*
     * The group's names may enter the index while objects are fixed up. If they do, load->early is
     * set, and publish_end does what elfin_publish_names else does.
     */
    void (*publish_begin)(struct load *load);
    elfin_status (*publish_end)(struct load *load, uint64_t *shadowed);
};

struct patch_change; /* loader/patch.h */

/* debug.c: what a host keeps of object files; see elfin/debug.h. */
struct elfin_debugging {
    /* Memory has its final rights, no code has run. Of what cannot be kept nothing is. */
    void (*attach)(struct load *load);
    /* The parts that only init needed are about to be given back. */
    void (*trim)(const elfin_host *host, elfin_group *group);
    /* No code of it will run any more; also of a load that fails. */
    void (*detach)(const elfin_host *host, elfin_group *group);
    /* elfin_debug_attach, for who adopts. */
    elfin_status (*adopt)(elfin_space *space, elfin_module *module, const void *data, size_t size);
    /* A load has ended in this way; what has failed is undone after it. */
    void (*loaded)(struct load *load, elfin_status status);
    /* The module's import is about to be bound anew. */
    void (*bound)(const elfin_host *host, const struct elfin_module *module,
                  const struct patch_change *change);
};

/* group_sections.c: for ELFIN_LOAD_KEEP_SECTIONS. */
struct elfin_listing {
    void (*carve)(struct carver *c, struct object *object, struct elfin_module *module);
    /* The symbol's slot is in use; of a module that has a list of them. */
    void (*keep_slot)(const struct object *object, uint32_t index, uint64_t target);
};

#endif
