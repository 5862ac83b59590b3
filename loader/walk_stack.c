/* SPDX-License-Identifier: MIT */
/* The frames of a stack, one after the other; include/elfin/walk.h says for whom. */
#include "loader/debug_frames.h"
#include "loader/debug_symbols.h"

enum {
    FRAMES_MAX = 64
};

#define WALK_GOES_ON ((elfin_walk_end)-1)

struct walk {
    const elfin_walker *walker;
    elfin_frame frame; /* where the walk is */
    elfin_code code;   /* what it is in, unless it is foreign */
    struct frames_index index;
    elfin_registers next; /* of its caller */
    bool interrupted;     /* next.value[RIP] is no return address */
    elfin_frame_origin origin;
    struct frames_reader reader;
};

/* ---- Whose code is it? ----------------------------------------------------------------------- */

static bool is_code_of(const elfin_block *block, uint64_t offset)
{
    for (uint32_t i = 0; i < block->segment_count; i++)
        if (offset - block->segments[i].offset < block->segments[i].size)
            return block->segments[i].part == ELFIN_PART_TEXT;
    return offset - block->part[ELFIN_PART_TEXT].offset < block->part[ELFIN_PART_TEXT].size ||
           offset - block->part[ELFIN_PART_INIT_TEXT].offset <
               block->part[ELFIN_PART_INIT_TEXT].size;
}

static const elfin_block *find_block(const elfin_group *group, uint64_t address)
{
    for (uint32_t i = 0; i < group->block_count; i++)
        if (address - group->blocks[i].region.run < group->blocks[i].region.size)
            return &group->blocks[i];
    return NULL;
}

/* Modules that the index of debug data does not lead to are looked through: that takes steps. */
static const elfin_block *find_in_space(struct frames_reader *r, uint64_t address,
                                        const elfin_module **module)
{
    const elfin_block *block = NULL;

    *module = elfin_debug_module_at(r->walker->space, address);
    if (*module && (*module)->group->index)
        block = find_block((*module)->group, address);
    for (const elfin_group *g = r->walker->space->first; !block && g; g = g->next) {
        elfin_frames_spend(r, 1 + g->block_count);
        block = find_block(g, address);
        for (uint32_t i = 0; block && i < g->module_count; i++)
            elfin_frames_spend(r, 1 + g->modules[i].section_count);
    }
    return block;
}

/* What debug data knows of its module's table, where the block knows of none. */
static void find_kept(const elfin_module *module, elfin_code *code, struct frames_index *index)
{
    const struct module_frames *kept = module ? debug_part(module, DEBUG_FRAMES) : NULL;
    uint64_t room = kept ? (kept->region.size - sizeof(*kept)) / sizeof(struct eh_row) : 0;

    if (!kept || kept->count > room)
        return;
    code->index = kept->code.index;
    code->index_size = kept->code.index_size;
    code->frames = kept->code.frames;
    code->frames_size = kept->code.frames_size;
    *index = (struct frames_index){ .rows = module_frames_rows(kept), .count = kept->count };
}

static bool find_code(struct frames_reader *r, uint64_t address, elfin_code *code,
                      struct frames_index *index)
{
    const elfin_walker *walker = r->walker;
    const elfin_module *module = NULL;
    const elfin_block *block;

    index->count = 0;
    for (size_t i = 0; i < walker->code_count; i++)
        if (address - walker->code[i].address < walker->code[i].size) {
            *code = walker->code[i];
            return true;
        }
    block = walker->space ? find_in_space(r, address, &module) : NULL;
    if (!block || !is_code_of(block, address - block->region.run))
        return false;
    *code = (elfin_code){ .address = block->region.run,
                          .size = block->region.size,
                          .index = block->unwind.index,
                          .index_size = block->unwind.index_size,
                          .frames = block->unwind.frames,
                          .frames_size = block->unwind.frames_size };
    if (code->frames_size == 0)
        find_kept(module, code, index);
    return true;
}

/* ---- By tables ------------------------------------------------------------------------------- */

static void learn(elfin_registers *registers, unsigned number, uint64_t value)
{
    registers->value[number] = value;
    registers->known |= 1u << number;
}

static void copy_register(struct walk *w, unsigned to, uint64_t from)
{
    if (from < ELFIN_REGISTERS && w->frame.registers.known >> from & 1)
        learn(&w->next, to, w->frame.registers.value[from]);
}

static void read_register(struct walk *w, unsigned number, uint64_t address)
{
    uint64_t value;

    elfin_frames_spend(&w->reader, 1);
    if (w->walker->read(w->walker->ctx, address, &value, sizeof(value)))
        learn(&w->next, number, value);
}

/* What cannot be found out stays unknown. */
static void apply_rule(struct walk *w, const struct frames_record *record,
                       const struct frames_row *row, uint64_t cfa, unsigned number)
{
    int64_t value = row->value[number];
    uint64_t result;

    switch (row->rule[number]) {
    case RULE_UNSAID:
        if (number == ELFIN_RSP)
            learn(&w->next, number, cfa);
        else if (elfin_arch_frames_kept() >> number & 1)
            copy_register(w, number, number);
        break;
    case RULE_UNDEFINED:
        break;
    case RULE_SAME:
        copy_register(w, number, number);
        break;
    case RULE_AT:
        read_register(w, number, cfa + (uint64_t)value);
        break;
    case RULE_IS:
        learn(&w->next, number, cfa + (uint64_t)value);
        break;
    case RULE_REGISTER:
        copy_register(w, number, (uint64_t)value);
        break;
    default:
        if (!elfin_frames_evaluate(&w->reader, record, row->value[number], &w->frame.registers,
                                   &cfa, &result))
            break;
        if (row->rule[number] == RULE_AT_RESULT)
            read_register(w, number, result);
        else
            learn(&w->next, number, result);
    }
}

static bool find_cfa(struct walk *w, const struct frames_record *record,
                     const struct frames_row *row, uint64_t *cfa)
{
    const elfin_registers *registers = &w->frame.registers;

    if (row->cfa_register == FRAMES_CFA_RESULT)
        return elfin_frames_evaluate(&w->reader, record, row->cfa, registers, NULL, cfa);
    *cfa = registers->value[row->cfa_register] + (uint64_t)(int64_t)row->cfa;
    return registers->known >> row->cfa_register & 1;
}

static elfin_walk_end apply_row(struct walk *w, const struct frames_record *record,
                                const struct frames_row *row)
{
    unsigned back = record->return_register;
    uint64_t cfa;

    if (!find_cfa(w, record, row, &cfa))
        return ELFIN_WALK_DAMAGED;
    if (row->rule[back] == RULE_UNDEFINED)
        return ELFIN_WALK_OUTERMOST;
    w->next.known = 0;
    for (unsigned i = 0; i < ELFIN_REGISTERS; i++)
        apply_rule(w, record, row, cfa, i);
    if (!(w->next.known >> back & 1) || !(w->next.known >> ELFIN_RSP & 1))
        return ELFIN_WALK_UNREADABLE;
    learn(&w->next, ELFIN_RIP, w->next.value[back]);
    if (!record->signal && w->next.value[ELFIN_RSP] <= w->frame.registers.value[ELFIN_RSP])
        return ELFIN_WALK_BACKWARDS;
    w->interrupted = record->signal;
    w->origin = ELFIN_FRAME_TABLE;
    return w->next.value[ELFIN_RIP] == 0 ? ELFIN_WALK_OUTERMOST : WALK_GOES_ON;
}

static elfin_walk_end by_table(struct walk *w)
{
    struct frames_record record;
    struct frames_row row;

    if (w->frame.foreign)
        return ELFIN_WALK_FOREIGN;
    switch (elfin_frames_find(&w->reader, &w->code, &w->index, w->frame.lookup, &record)) {
    case FRAMES_NONE:
        return ELFIN_WALK_UNDESCRIBED;
    case FRAMES_BAD:
        return ELFIN_WALK_DAMAGED;
    case FRAMES_FOUND:
        break;
    }
    if (!elfin_frames_row(&w->reader, &record, w->frame.lookup, &row))
        return ELFIN_WALK_DAMAGED;
    return apply_row(w, &record, &row);
}

/* ---- Without --------------------------------------------------------------------------------- */

/* What has been guessed must be the address behind a call in code that is known. */
static bool is_caller(struct walk *w, elfin_frame_origin origin)
{
    uint64_t address = w->next.value[ELFIN_RIP];
    struct frames_index index;
    elfin_code code;

    w->interrupted = false;
    w->origin = origin;
    return w->next.value[ELFIN_RSP] > w->frame.registers.value[ELFIN_RSP] &&
           find_code(&w->reader, address - 1, &code, &index) &&
           elfin_arch_frames_is_return(&w->reader, address);
}

/*
 * The code that stopped may have been jumped to, or may have no frame yet. Code that nothing is
 * known of uses its frame pointer register as it likes.
 */
static bool by_guess(struct walk *w)
{
    if (w->frame.origin == ELFIN_FRAME_GIVEN &&
        w->frame.registers.value[ELFIN_RIP] == w->frame.lookup) {
        w->next = w->frame.registers;
        if (elfin_arch_frames_by_top(w->walker, &w->next) && is_caller(w, ELFIN_FRAME_TOP))
            return true;
    }
    if (w->frame.foreign)
        return false;
    w->next = w->frame.registers;
    return elfin_arch_frames_by_pointer(w->walker, &w->next) && is_caller(w, ELFIN_FRAME_POINTER);
}

/* ---- The walk -------------------------------------------------------------------------------- */

static elfin_walk_end go_on(struct walk *w)
{
    elfin_walk_end end = by_table(w);

    if (w->reader.steps == 0)
        return ELFIN_WALK_LIMIT;
    if (end == ELFIN_WALK_OUTERMOST || end == ELFIN_WALK_STOPPED)
        return end;
    if (end != WALK_GOES_ON && !by_guess(w))
        return end;
    w->frame.registers = w->next;
    w->frame.lookup = w->next.value[ELFIN_RIP] - !w->interrupted;
    w->frame.origin = w->origin;
    return WALK_GOES_ON;
}

elfin_walk_end elfin_walk_stack(const elfin_walker *walker, const elfin_registers *registers,
                                bool returned, elfin_frame_fn *each, void *ctx)
{
    const uint32_t needed = 1u << ELFIN_RIP | 1u << ELFIN_RSP;
    uint32_t left = walker->frames_max ? walker->frames_max : FRAMES_MAX;
    elfin_walk_end end = WALK_GOES_ON;
    struct walk w;

    if (walker->struct_size != sizeof(*walker) || walker->read == NULL ||
        (registers->known & needed) != needed)
        return ELFIN_WALK_DAMAGED;
    w.walker = w.reader.walker = walker;
    w.reader.steps = FRAMES_STEPS;
    w.frame.registers = *registers;
    w.frame.lookup = registers->value[ELFIN_RIP] - returned;
    w.frame.origin = ELFIN_FRAME_GIVEN;
    while (end == WALK_GOES_ON) {
        if (left-- == 0)
            return ELFIN_WALK_LIMIT;
        w.frame.foreign = !find_code(&w.reader, w.frame.lookup, &w.code, &w.index);
        if (!each(ctx, &w.frame))
            return ELFIN_WALK_STOPPED;
        end = go_on(&w);
    }
    return end;
}

const char *elfin_walk_end_text(elfin_walk_end end)
{
    static const char texts[][40] = {
        [ELFIN_WALK_OUTERMOST] = "nobody has called it",
        [ELFIN_WALK_FOREIGN] = "nothing is known of that code",
        [ELFIN_WALK_STOPPED] = "stopped",
        [ELFIN_WALK_LIMIT] = "too many frames",
        [ELFIN_WALK_UNDESCRIBED] = "nothing describes that code",
        [ELFIN_WALK_UNREADABLE] = "the stack cannot be read",
        [ELFIN_WALK_DAMAGED] = "the unwind table is damaged",
        [ELFIN_WALK_BACKWARDS] = "the stack is damaged",
    };

    return (unsigned)end < sizeof(texts) / sizeof(texts[0]) ? texts[end] : "unknown";
}
