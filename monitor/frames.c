/* SPDX-License-Identifier: MIT */
#include "monitor/frames.h"

#include <elfin/walk.h>

#include "libmini/mem.h"
#include "monitor/call.h"
#include "monitor/console.h"
#include "monitor/platform.h"
#include "monitor/stack.h"
#include "monitor/where.h"

enum {
    FRAMES = 32,        /* lines */
    FRAMES_MAX = 32768, /* that are looked at: recursion until the stack is full is one line */
    GAPS = 4,           /* times that a walk begins again below code of the machine's */
    TEXT_SIZE = 256,
    /* Registers that functions keep (psABI, figure 3.4). */
    KEPT = 1 << ELFIN_RIP | 1 << ELFIN_RSP | 1 << ELFIN_RBX | 1 << ELFIN_RBP | 0xf << 12,
};

/* One frame, or several in a row at one address. */
struct taken {
    uint64_t address;
    uint32_t times;
    bool called, found, foreign; /* found: on the stack, not by a walk */
};

static const elfin_space *space;
static struct taken frames[FRAMES];
static unsigned count;

/* What a walk goes on from. */
static struct {
    uint64_t first; /* leave out what comes before it */
    uint64_t stack; /* the last frame's stack pointer */
    bool found;
    elfin_region region; /* the module's that has been read last */
} at;

void frames_init(const elfin_space *modules)
{
    space = modules;
}

/* ---- What may be read ------------------------------------------------------------------------ */

static bool is_inside(uint64_t address, size_t size, uint64_t low, uint64_t high)
{
    return address - low < high - low && size <= high - address;
}

static bool is_in_module(uint64_t address, size_t size)
{
    const elfin_region *last = &at.region;
    elfin_block block;

    if (is_inside(address, size, last->run, last->run + last->size))
        return true;
    for (elfin_group *g = elfin_next_group(space, NULL); g != NULL; g = elfin_next_group(space, g))
        for (uint32_t i = 0; elfin_group_block(g, i, &block); i++)
            if (is_inside(address, size, block.region.run, block.region.run + block.region.size)) {
                at.region = block.region;
                return true;
            }
    return false;
}

static bool read_memory(void *ctx, uint64_t address, void *bytes, size_t size)
{
    uint64_t low, high;

    (void)ctx;
    call_stack(&low, &high);
    if (!is_inside(address, size, low, high) && !platform_is_readable(address, size) &&
        !is_in_module(address, size))
        return false;
    memcpy(bytes, (const void *)address, size);
    return true;
}

/* ---- The walk -------------------------------------------------------------------------------- */

static bool take_frame(void *ctx, const elfin_frame *frame)
{
    uint64_t address = frame->registers.value[ELFIN_RIP];

    (void)ctx;
    if (at.first == address)
        at.first = 0;
    if (at.first != 0)
        return true;
    at.stack = frame->registers.value[ELFIN_RSP];
    if (count > 0 && frames[count - 1].address == address && !at.found) {
        frames[count - 1].times++;
        return true;
    }
    if (count == FRAMES)
        return false;
    frames[count++] = (struct taken){ .address = address,
                                      .times = 1,
                                      .called = frame->lookup != address,
                                      .found = at.found,
                                      .foreign = frame->foreign };
    at.found = false;
    return true;
}

/* The linker scripts' names for this program's unwind tables. */
extern const char frames_index[], frames_index_end[], frames_begin[], frames_end[];

static elfin_code own_code(void)
{
    const elfin_code_image *own = platform_names();

    return (elfin_code){ .address = own->base,
                         .size = own->size,
                         .index = (uint64_t)frames_index,
                         .index_size = (uint64_t)(frames_index_end - frames_index),
                         .frames = (uint64_t)frames_begin,
                         .frames_size = (uint64_t)(frames_end - frames_begin) };
}

static elfin_walk_end walk(const elfin_registers *registers, bool returned)
{
    elfin_walker walker = ELFIN_WALKER_INIT;
    elfin_code code = own_code();

    walker.read = read_memory;
    walker.space = space;
    walker.code = &code;
    walker.code_count = 1;
    walker.frames_max = FRAMES_MAX;
    return elfin_walk_stack(&walker, registers, returned, take_frame, NULL);
}

static void name_registers(const struct interrupt_frame *frame, elfin_registers *registers)
{
    const uint64_t values[] = { frame->rax, frame->rdx, frame->rcx, frame->rbx, frame->rsi,
                                frame->rdi, frame->rbp, frame->rsp, frame->r8,  frame->r9,
                                frame->r10, frame->r11, frame->r12, frame->r13, frame->r14,
                                frame->r15, frame->rip };

    _Static_assert(sizeof(values) == sizeof(registers->value), "one for each");
    memcpy(registers->value, values, sizeof(values));
}

/*
 * Nothing says what the frames of the machine's services look like: where they end, the nearest
 * address behind a call in a module is looked for.
 */
void frames_take(const struct interrupt_frame *frame, uint64_t first)
{
    elfin_registers registers = { .known = first != 0 ? KEPT : ELFIN_REGISTERS_ALL };
    elfin_walk_end end;

    count = 0;
    at.first = first;
    at.found = false;
    at.region = (elfin_region){ .size = 0 }; /* its module may have gone since */
    name_registers(frame, &registers);
    end = walk(&registers, false);
    for (unsigned i = 0; i < GAPS && count > 0 && end != ELFIN_WALK_OUTERMOST &&
                         end != ELFIN_WALK_STOPPED && end != ELFIN_WALK_LIMIT;
         i++) {
        uint64_t place = at.stack;

        if (!stack_find(space, &place, &registers.value[ELFIN_RIP]))
            return;
        registers.value[ELFIN_RSP] = place + sizeof(uint64_t);
        registers.known = 1 << ELFIN_RIP | 1 << ELFIN_RSP;
        at.found = true;
        end = walk(&registers, true);
    }
}

/* ---- What is told ---------------------------------------------------------------------------- */

uint64_t frames_caller(void)
{
    for (unsigned i = 0; i < count; i++)
        if (frames[i].called && where_is_image(space, frames[i].address - 1))
            return frames[i].address;
    return 0;
}

void frames_print(void)
{
    char text[TEXT_SIZE];

    for (unsigned i = 0, number = 0; i < count; number += frames[i++].times) {
        if (!frames[i].foreign || !platform_name_code(frames[i].address, text, sizeof(text)))
            where_frame(space, frames[i].address, frames[i].called, text, sizeof(text));
        console_print("#%u %s%s", number, text, frames[i].found ? ", found on the stack" : "");
        if (frames[i].times > 1)
            console_print(", %u times", frames[i].times);
        console_print("\n");
    }
}
