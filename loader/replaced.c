/* SPDX-License-Identifier: MIT */
/* The names of a group that takes the place of another one: each takes the old one's place. */
#include "loader/index_entry.h"
#include "loader/publish.h"

/* What that group has under the name, or, with *waits, waits to have; 0: nothing. */
static item find_of(const elfin_space *space, struct name name, enum item_kind kind,
                    const char *archive, const elfin_group *group, struct shadow **waits)
{
    struct key key = elfin_index_key(name, kind, archive);
    struct elfin_table_entry *where;
    item found = elfin_index_search(&space->index, &key, &where);
    struct shadow *head, *s;

    *waits = NULL;
    if (!found || is_of(found, group))
        return found;
    for (s = head = queue_of(where); s; s = s->next == head ? NULL : s->next)
        if (is_of(s->own, group)) {
            *waits = s;
            return s->own;
        }
    return 0;
}

/* What the group that is replaced has under the record's name: it stays until all has succeeded. */
item elfin_find_replaced(const struct load *load, struct name name, const struct record *record,
                         struct shadow **waits)
{
    *waits = NULL;
    return load->replaces ? find_of(load->space, name, item_kind(record_item(record)),
                                    record_module(record)->archive, load->replaces, waits)
                          : 0;
}

/* In the ring of those who wait. */
static void take_place(elfin_space *space, uint32_t hash, struct shadow *old, struct shadow *shadow)
{
    shadow->first = old->first;
    shadow->next = old->next == old ? shadow : old->next;
    shadow->previous = old->next == old ? shadow : old->previous;
    shadow->next->previous = shadow->previous->next = shadow;
    if (old->first)
        table_set(elfin_index_entry(space, hash, make_item(old, ITEM_QUEUE)),
                  make_item(shadow, ITEM_QUEUE));
    old->own = 0;
}

static void take_name(elfin_space *space, struct name name, const char *archive, item old,
                      struct shadow *waits, item i, struct shadow *shadow)
{
    struct key key = elfin_index_key(name, item_kind(i), archive);
    struct elfin_table_entry *entry;

    if (waits) {
        KNOWN(shadow); /* names of modules do not wait */
        shadow->own = i;
        take_place(space, key.name.hash, waits, shadow);
        return;
    }
    entry = elfin_index_entry(space, key.name.hash, old);
    if (queue_of(entry))
        queue_of(entry)->first = i;
    else
        table_set(entry, i);
}
static void substitute(struct load *load, struct record *record, struct shadow *shadow)
{
    struct name name = elfin_published_name(record);
    struct shadow *waits;
    item old = elfin_find_replaced(load, name, record, &waits);

    if (!old)
        return;
    take_name(load->space, name, record_module(record)->archive, old, waits, record_item(record),
              shadow);
    lose_name(item_pointer(old));
    if (!waits)
        record->flags |= RECORD_INDEXED;
}

void elfin_publish_instead(struct load *load)
{
    struct walk walk = { .space = load->space, .group = load->group };
    struct shadow *shadow = load->group->shadows;
    struct record *record;

    for (uint32_t m = 0; m < load->group->module_count; m++)
        substitute(load, &load->group->modules[m].self, NULL);
    while ((record = elfin_next_published(&walk))) {
        substitute(load, record, shadow);
        if (record->flags & RECORD_SHADOWED) /* else there may be none */
            shadow++;
    }
    elfin_unpublish_names(load->space, load->replaces);
}
