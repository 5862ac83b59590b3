/* SPDX-License-Identifier: MIT */
/* Carrying a patch out. */
#include "loader/features.h"
#include "loader/patch.h"

static const struct elfin_block *block_of(const struct patched_module *p)
{
    return &p->module->group->blocks[p->module->linkage->block];
}

static elfin_status set_rights(struct patch *patch, struct patched_module *p, int part, bool open)
{
    const elfin_host *host = patch->load->host;
    struct patch_window *window = &p->window[part];
    elfin_rights rights =
        part == ELFIN_PART_TEXT || part == ELFIN_PART_INIT_TEXT ? ELFIN_RIGHTS_RX : ELFIN_RIGHTS_R;
    const struct elfin_block *block = block_of(p);
    elfin_status status = ELFIN_OK;

    if (window->open == open)
        return ELFIN_OK;
    if (!(host->flags & ELFIN_HOST_NO_RIGHTS))
        status = host->protect(host->ctx, &block->region, window->low, window->high - window->low,
                               open ? ELFIN_RIGHTS_RW : rights);
    if (status != ELFIN_OK)
        return ELFIN_ERR_PROTECT;
    window->open = open;
    if (!open && rights == ELFIN_RIGHTS_RX && host->sync)
        host->sync(host->ctx, &block->region);
    return ELFIN_OK;
}

/* All windows; `all`: goes on after a failure. The first failure, with where it was. */
static elfin_status set_all(struct patch *patch, bool open, bool all,
                            const struct patched_module **where)
{
    elfin_status status = ELFIN_OK;

    for (struct patched_module *p = patch->first; p; p = p->next)
        for (unsigned parts = p->windows; parts; parts &= parts - 1) {
            elfin_status own = set_rights(patch, p, __builtin_ctz(parts), open);

            if (own == ELFIN_OK)
                continue;
            if (status == ELFIN_OK && where)
                *where = p;
            status = own;
            if (!all)
                return status;
        }
    return status;
}

static uint8_t *edit_of(const struct elfin_block *block, uint64_t address)
{
    return (uint8_t *)block->region.edit + (address - block->region.run);
}

/* One import as it is to be, or as it was, in memory that is open. */
static void write_import(const struct patched_module *p, const struct patch_change *c, bool anew)
{
    const struct import *import = c->import;
    uint32_t used = anew ? c->used : import->flags;
    struct arch_binding to =
        elfin_import_binding(p->module, import, anew ? &c->to : &import->bound);
    const struct elfin_block *block = block_of(p);
    const struct linkage *linkage = p->module->linkage;

    for (uint32_t i = 0; i < import->run_count; i++) {
        const struct import_run *run = &linkage->runs[import->first_run + i];
        struct arch_fields fields = elfin_import_run(p->module, run);

        if (p->window[run->part].open)
            elfin_arch_follow_write(&fields, &to);
    }
    if (import->slot && p->window[ELFIN_PART_RELRO].open)
        __builtin_memcpy(edit_of(block, to.slot), &to.value, ARCH_SLOT_SIZE);
    if (!((c->used | import->flags) & IMPORT_STUB_USED) || !p->window[ELFIN_PART_TEXT].open)
        return;
    if (used & IMPORT_STUB_USED)
        elfin_arch_write_stub(edit_of(block, to.stub), to.stub, to.slot);
    else
        elfin_arch_write_trap(edit_of(block, to.stub));
}

static void write_all(struct patch *patch, bool anew)
{
    for (struct patched_module *p = patch->first; p; p = p->next)
        for (const struct patch_change *c = p->first; c; c = c->next)
            write_import(p, c, anew);
}

/* What was written becomes what it was. Rights that cannot be had back are the host's failure. */
static void undo(struct patch *patch)
{
    elfin_status opened = set_all(patch, true, true, NULL);

    write_all(patch, false);
    if (set_all(patch, false, true, NULL) != ELFIN_OK || opened != ELFIN_OK)
        elfin_log_module(patch->load->host, patch->first->module,
                         ": page rights could not be set back");
}

elfin_status elfin_patch_write(struct patch *patch)
{
    const struct patched_module *where = NULL;
    bool opened = false;
    elfin_status status = set_all(patch, true, false, &where);

    if (status == ELFIN_OK) {
        opened = true;
        write_all(patch, true);
        status = set_all(patch, false, false, &where);
    }
    if (status == ELFIN_OK)
        return ELFIN_OK;
    if (opened)
        undo(patch);
    else if (set_all(patch, false, true, NULL) != ELFIN_OK)
        elfin_log_module(patch->load->host, patch->first->module,
                         ": page rights could not be set back");
    elfin_patch_diag(patch->load, DEFECT_REBIND_PROTECT, where->module, "");
    return elfin_diag_emit(patch->load);
}

static const char *section_name(const struct elfin_module *module, uint64_t address)
{
    for (uint32_t i = 0; i < module->section_count; i++) {
        const struct module_section *s = &module->sections[i];

        if (address - s->address < s->size && !(s->tls && s->zero_filled))
            return s->name;
    }
    return "";
}

static void tell(const struct patch *patch, const struct patched_module *p,
                 const struct import *import, uint64_t address, uint64_t value, bool is_tls)
{
    elfin_left left = { .module = p->module,
                        .symbol = import->name,
                        .section = section_name(p->module, address),
                        .address = address,
                        .value = value,
                        .is_tls = is_tls };

    if (patch->options->left)
        patch->options->left(patch->options->ctx, &left);
}

/* Fields of writable memory, whose value may be the program's by now. */
static void write_data(const struct patch *patch, const struct patched_module *p,
                       const struct import *import, const struct arch_fields *fields,
                       const struct arch_binding *from, const struct arch_binding *to)
{
    uint64_t found;

    for (uint32_t i = 0; i < fields->count; i++) {
        if (elfin_arch_follow_holds(fields, i, from, &found))
            elfin_arch_follow_store(fields, i, to);
        else
            tell(patch, p, import, fields->address + fields->fields[i], found, false);
    }
}

/* The initial image of thread-local storage has been written; threads have copies of it. */
static void tell_tls(const struct patch *patch, const struct patched_module *p,
                     const struct import *import, const struct arch_fields *fields,
                     const struct arch_binding *to)
{
    const elfin_tls *tls = &p->module->tls;
    uint64_t found;

    for (uint32_t i = 0; i < fields->count; i++) {
        uint64_t address = fields->address + fields->fields[i];

        if (address - tls->run >= tls->file_size)
            continue;
        elfin_arch_follow_holds(fields, i, to, &found);
        tell(patch, p, import, address, found, true);
    }
}

static void finish_run(const struct patch *patch, const struct patched_module *p,
                       const struct patch_change *c, const struct import_run *run)
{
    struct arch_binding to = elfin_import_binding(p->module, c->import, &c->to), from;
    struct arch_fields fields = elfin_import_run(p->module, run);

    if (is_writable(run->part)) {
        from = elfin_import_binding(p->module, c->import, &c->import->bound);
        write_data(patch, p, c->import, &fields, &from, &to);
    } else {
        tell_tls(patch, p, c->import, &fields, &to);
    }
}

static void finish_fields(const struct patch *patch, const struct patched_module *p,
                          const struct patch_change *c)
{
    for (uint32_t i = 0; i < c->import->run_count; i++) {
        const struct import_run *run = &p->module->linkage->runs[c->import->first_run + i];

        if (!is_freed(block_of(p), run->part) &&
            (is_writable(run->part) ||
             (run->part == ELFIN_PART_RODATA && p->module->tls.file_size)))
            finish_run(patch, p, c, run);
    }
}

/*
 * What elfin_module_slot tells. Which slots are in use is what the list says, and not the flags:
 * fields of a damaged image may overlap, so that fix-up has found other bytes than linkage.
 */
static void finish_slot(struct elfin_module *module, const struct patch_change *c)
{
    const struct import *import = c->import;
    bool now = import->slot && c->used & IMPORT_SLOT_USED,
         before = import->flags & IMPORT_SLOT_USED;

    if (module->slots && import->slot) {
        struct arch_binding to = elfin_import_binding(module, import, &c->to);
        struct elfin_slot *slot = &module->slots[import->slot - 1];

        before = slot->address != SLOT_UNUSED;
        slot->address = now ? to.slot : SLOT_UNUSED;
        slot->target = c->to.value;
        slot->stub = c->used & IMPORT_STUB_USED ? to.stub : 0;
        slot->tls = import->flags & IMPORT_TLS;
    }
    module->slot_count += now;
    module->slot_count -= before;
    module->stub_count += (c->used & IMPORT_STUB_USED) != 0;
    module->stub_count -= (import->flags & IMPORT_STUB_USED) != 0;
}

/* Parts that only init needs come last. A damaged image may have such a word there. */
static bool is_there(const struct elfin_block *block, uint64_t address)
{
    return !block->init_freed ||
           address - block->region.run < block->part[ELFIN_PART_INIT_TEXT].offset;
}

/* What unload will call: __cxa_finalize, and what the words say now that were read after init. */
static void finish_finals(const struct elfin_group *group)
{
    for (uint32_t i = 0; i < group->final_count; i++) {
        struct final_call *final = &group->finals[i];
        const struct patched_module *p = final->module->patched;

        if (!p || !p->has_finals)
            continue;
        if (final->entry != ELFIN_ENTRY_FINALIZE && is_there(block_of(p), final->from))
            __builtin_memcpy(&final->address, edit_of(block_of(p), final->from),
                             sizeof(final->address));
        else if (final->entry == ELFIN_ENTRY_FINALIZE && p->finalize)
            final->address = p->finalize->to.value;
    }
}

/* Edges cost a look at all imports: only if one may have come or gone. */
static bool changes_owner(const struct patched_module *p)
{
    for (const struct patch_change *c = p->first; c; c = c->next)
        if (c->to.owner != c->import->bound.owner)
            return true;
    return false;
}

static void finish_module(elfin_space *space, const struct patched_module *p)
{
    const struct elfin_debugging *debugging = space->host.debugging;
    struct elfin_module *module = p->module;
    bool anew = changes_owner(p);

    if (anew)
        elfin_linkage_drop_uses(module);
    for (const struct patch_change *c = p->first; c; c = c->next) {
        if (debugging)
            debugging->bound(&space->host, module, c);
        finish_slot(module, c);
        c->import->bound = c->to;
        c->import->flags &= ~(uint32_t)(IMPORT_SLOT_USED | IMPORT_STUB_USED);
        c->import->flags |= c->used;
    }
    if (!anew)
        return;
    elfin_linkage_add_uses(space, module);
    elfin_linkage_count_uses(module);
}

void elfin_patch_commit(struct patch *patch)
{
    elfin_space *space = patch->load->space;
    uint64_t mark = ++space->mark;

    for (const struct patched_module *p = patch->first; p; p = p->next) {
        for (const struct patch_change *c = p->first; c; c = c->next)
            finish_fields(patch, p, c);
    }
    for (const struct patched_module *p = patch->first; p; p = p->next)
        if (p->has_finals && p->module->group->mark != mark) {
            finish_finals(p->module->group);
            p->module->group->mark = mark;
        }
    for (const struct patched_module *p = patch->first; p; p = p->next)
        finish_module(space, p);
}
