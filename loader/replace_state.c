/* SPDX-License-Identifier: MIT */
/*
 * Handing state over (ELFIN_STATE). What init acquired has one owner at any time: the module whose
 * state.moved is not set, for only its ELFIN_EXIT will be called.
 */
#include "loader/replace.h"

static bool is_fresh(const struct replacement *r)
{
    return r->change && r->change->flags & ELFIN_CHANGE_FRESH;
}

/* There is something to hand over. */
static bool has_state(const struct replacement *r, const struct elfin_module *old)
{
    return r->old->ran && old->state.save && !is_fresh(r) && !has_failed(old);
}

static elfin_status failed(struct replacement *r, uint32_t defect,
                           const struct elfin_module *module)
{
    elfin_patch_diag(&r->load, defect, module, "");
    return elfin_diag_emit(&r->load);
}

elfin_status elfin_state_check(struct replacement *r)
{
    for (uint32_t i = 0; i < r->old->module_count; i++) {
        const struct elfin_module *old = &r->old->modules[i], *next;

        if (r->move && r->old->ran && !old->state.save)
            failed(r, DEFECT_MOVE_NO_STATE, old);
        if (!has_state(r, old))
            continue;
        next = elfin_successor(r, old);
        if (r->load.options->flags & ELFIN_LOAD_NO_INIT)
            failed(r, DEFECT_STATE_NO_INIT, old);
        else if (!next)
            failed(r, DEFECT_STATE_NO_MODULE, old);
        else if (!next->state.save)
            failed(r, DEFECT_STATE_NO_RECORD, old);
    }
    return r->load.status;
}

static elfin_status hand_over(struct replacement *r, const struct elfin_module *old,
                              struct elfin_module *next)
{
    const elfin_host *host = r->load.host;
    elfin_call save = { .module = old, .entry = ELFIN_ENTRY_SAVE, .address = old->state.save };
    elfin_call restore = { .module = next,
                           .entry = ELFIN_ENTRY_RESTORE,
                           .address = next->state.restore,
                           .version = old->state.version };
    uint64_t result;

    if (elfin_call_module(host, &save, &restore.argument) != ELFIN_OK)
        return failed(r, DEFECT_SAVE_CALL, old);
    if (!restore.argument)
        return failed(r, DEFECT_STATE_NULL, old);
    if (elfin_call_module(host, &restore, &result) != ELFIN_OK)
        return failed(r, DEFECT_RESTORE_CALL, next);
    if ((uint32_t)result == 0) {
        next->state.moved = true;
        return ELFIN_OK;
    }
    elfin_diag_value(elfin_patch_diag(&r->load, DEFECT_STATE_REFUSED, next, ""),
                     (uint64_t)(int64_t)(int32_t)(uint32_t)result);
    r->load.scratch.have |= ELFIN_DIAG_SIGNED;
    return elfin_diag_emit(&r->load);
}

elfin_status elfin_state_hand_over(struct replacement *r)
{
    elfin_status status = ELFIN_OK;

    for (uint32_t i = 0; status == ELFIN_OK && i < r->old->module_count; i++) {
        const struct elfin_module *old = &r->old->modules[i];

        if (has_state(r, old))
            status = hand_over(r, old, elfin_successor(r, old));
        else if (has_failed(old) && old->state.save)
            elfin_log_module(r->load.host, old, ": it has failed, its state is lost");
    }
    return status;
}

void elfin_state_commit(struct replacement *r)
{
    for (uint32_t i = 0; i < r->old->module_count; i++) {
        struct elfin_module *old = &r->old->modules[i];

        if (!has_state(r, old))
            continue;
        elfin_successor(r, old)->state.moved = false;
        old->state.moved = true;
    }
}
