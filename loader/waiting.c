/* SPDX-License-Identifier: MIT */
/*
 * Several export one name: the first has it, the others wait in a queue, in order of publication,
 * until it goes. The entry of the index then refers to the first of the queue, which knows who has
 * the name.
 */
#include "loader/index_entry.h"
#include "loader/publish.h"

static item enqueue(elfin_space *space, struct name name, const char *archive,
                    struct shadow *shadow)
{
    struct key key = elfin_index_key(name, item_kind(shadow->own), archive);
    struct elfin_table_entry *entry;
    item first = elfin_index_search(&space->fixed, &key, &entry);
    struct shadow *head;

    if (first) { /* for ever */
        shadow->own = 0;
        return first;
    }
    first = elfin_index_search(&space->index, &key, &entry);
    if (item_kind(entry_item(entry)) == ITEM_QUEUE) {
        head = item_pointer(entry_item(entry));
        shadow->next = head;
        shadow->previous = head->previous;
        head->previous = head->previous->next = shadow;
    } else {
        shadow->first = first;
        shadow->next = shadow->previous = shadow;
        table_set(entry, make_item(shadow, ITEM_QUEUE));
    }
    return first;
}

static bool has_row(const elfin_space *space, struct name name)
{
    struct key key = elfin_index_key(name, ITEM_ROW, NULL);
    struct elfin_table_entry *entry;
    item first = elfin_index_search(&space->fixed, &key, &entry);
    const struct shadow *head, *s;

    if (!first)
        first = elfin_index_search(&space->index, &key, &entry);
    if (!first || !is_record(first) || item_kind(entry_item(entry)) != ITEM_QUEUE)
        return first && !is_record(first);
    s = head = item_pointer(entry_item(entry));
    do {
        if (!is_record(s->own))
            return true;
    } while ((s = s->next) != head);
    return false;
}

/* The next one, if there is any, becomes the first of the queue; `first` has the name. */
static void leave_queue(struct elfin_table_entry *entry, struct shadow *shadow, item first)
{
    struct shadow *next = shadow->next;

    next->previous = shadow->previous;
    shadow->previous->next = next;
    next->first = first;
    table_set(entry, next == shadow ? first : make_item(next, ITEM_QUEUE));
    shadow->own = 0;
}

static void waiting_leave(elfin_space *space, uint32_t hash, struct shadow *shadow)
{
    if (shadow->first) {
        leave_queue(elfin_index_entry(space, hash, make_item(shadow, ITEM_QUEUE)), shadow,
                    shadow->first);
        return;
    }
    shadow->next->previous = shadow->previous;
    shadow->previous->next = shadow->next;
    shadow->own = 0;
}

/* A name that was exported before stays bound to its first owner; people should know. */
static void log_shadowed(const elfin_space *space, const struct record *record, item holder)
{
    const struct elfin_module *owner = elfin_item_definition(holder).owner;
    const char *pieces[] = { record_name(&record_module(record)->self), ": its export ",
                             record_name(record), " is shadowed by that of ",
                             owner ? record_name(&owner->self) : "the host" };

    if (space->host.log && record->flags & RECORD_EXPORTED)
        elfin_log(&space->host, pieces, 5);
}

static elfin_status waiting_queue(struct load *load, uint64_t count)
{
    elfin_space *space = load->space;
    elfin_group *group = load->group;
    struct walk walk = { .space = space, .group = group };
    struct shadow *shadow, *waits;
    struct record *record;
    elfin_status status = elfin_reserve_plain(&space->host, ELFIN_PURPOSE_RECORDS,
                                              count * sizeof(struct shadow), &group->shadow_region);

    if (status != ELFIN_OK)
        return status;
    shadow = group->shadows = memset(group->shadow_region.edit, 0, count * sizeof(struct shadow));
    while ((record = elfin_next_published(&walk))) {
        if (!(record->flags & RECORD_SHADOWED))
            continue;
        if (load->replaces &&
            load->hooks->replaced(load, elfin_published_name(record), record, &waits)) {
            shadow++;
            continue;
        }
        shadow->own = record_item(record);
        log_shadowed(
            space, record,
            enqueue(space, elfin_published_name(record), record_module(record)->archive, shadow++));
    }
    return ELFIN_OK;
}

/* Those wait for the modules' end. */
static elfin_status waiting_queue_rows(elfin_space *space, const struct rows *r)
{
    struct shadow *shadow = r->shadows;

    for (size_t i = 0; i < r->count; i++) {
        struct name name = elfin_name(r->rows[i].name);
        item own = make_item(&r->rows[i], r->kind);

        if (elfin_index_find_export(space, name) == own)
            continue;
        if (has_row(space, name))
            return ELFIN_ERR_DUPLICATE;
        shadow->own = own;
        enqueue(space, name, NULL, shadow++);
    }
    return ELFIN_OK;
}

static void waiting_promote(struct elfin_table_entry *entry)
{
    struct shadow *head = queue_of(entry);

    if (is_record(head->own))
        ((struct record *)item_pointer(head->own))->flags |= RECORD_INDEXED;
    leave_queue(entry, head, head->own);
}

static item waiting_other(const struct shadow *head, const elfin_group *except)
{
    for (const struct shadow *s = head; s; s = s->next == head ? NULL : s->next)
        if (!is_of(s->own, except))
            return s->own;
    return 0;
}

const struct elfin_waiting elfin_waiting = {
    .queue = waiting_queue,
    .queue_rows = waiting_queue_rows,
    .leave = waiting_leave,
    .promote = waiting_promote,
    .other = waiting_other,
};
