/* SPDX-License-Identifier: MIT */
/*
 * The order of init: what a module uses comes before it; modules that use each other, and modules
 * that have nothing to do with each other, in input order. Tarjan's algorithm for strongly
 * connected components, with its own stack: it finishes a component after everything the component
 * uses.
 */
#include "loader/internal.h"
#include "libmini/sort.h"

struct visit {
    struct object *object;
    uint32_t index, low; /* 1 + order of discovery; 0 = not visited */
    uint32_t next_edge;
    bool on_stack;
};

struct walk {
    struct visit *visits; /* by object number */
    struct visit **path;  /* from the root to the current one */
    struct visit **stack; /* visited, component not finished */
    uint32_t path_size, stack_size, visited, done;
    struct object **order;
};

static int by_number(const void *a, const void *b, void *ctx)
{
    const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;

    (void)ctx;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* The component of v is complete: it is what lies above v on the stack. */
static void finish_component(struct walk *w, struct visit *v)
{
    uint32_t first = w->done;
    struct visit *member;

    do {
        member = w->stack[--w->stack_size];
        member->on_stack = false;
        w->order[w->done++] = member->object;
    } while (member != v);
    mini_sort(&w->order[first], w->done - first, sizeof(*w->order), by_number, NULL);
}

static void enter(struct walk *w, struct visit *v)
{
    v->index = v->low = ++w->visited;
    v->on_stack = true;
    w->stack[w->stack_size++] = v;
    w->path[w->path_size++] = v;
}

static void lower(struct visit *v, uint32_t low)
{
    if (v->low > low)
        v->low = low;
}

/* One step from the end of the path: along its next edge, or back. */
static void step(struct walk *w)
{
    struct visit *v = w->path[w->path_size - 1], *used;

    if (v->next_edge < v->object->uses_count) {
        used = &w->visits[v->object->uses[v->next_edge++]->number];
        if (!used->index)
            enter(w, used);
        else if (used->on_stack)
            lower(v, used->index);
        return;
    }
    w->path_size--;
    if (w->path_size)
        lower(w->path[w->path_size - 1], v->low);
    if (v->low == v->index)
        finish_component(w, v);
}

elfin_status elfin_init_order(struct load *load)
{
    uint32_t count = load->object_count;
    struct walk w = { 0 };

    w.visits = elfin_arena_get(&load->work, count, sizeof(*w.visits));
    w.path = elfin_arena_get(&load->work, count, sizeof(*w.path));
    w.stack = elfin_arena_get(&load->work, count, sizeof(*w.stack));
    w.order = elfin_arena_get(&load->work, count, sizeof(*w.order));
    if (!w.visits || !w.path || !w.stack || !w.order)
        return elfin_fail_memory(load, ELFIN_PHASE_RESOLVE, load->objects);
    for (struct object *o = load->objects; o; o = o->next)
        w.visits[o->number].object = o;
    for (uint32_t i = 0; i < count; i++) {
        if (w.visits[i].index)
            continue;
        enter(&w, &w.visits[i]);
        while (w.path_size)
            step(&w);
    }
    load->order = w.order;
    return ELFIN_OK;
}
