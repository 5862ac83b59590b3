/* SPDX-License-Identifier: MIT */
/*
 * The CPU traps behind each instruction (RFLAGS.TF, Intel SDM volume 3, 18.3.1.4); the handler of
 * the signal runs on another stack, so that nothing of the stopped code's changes.
 */
#include "steps.h"

#include <elfin/debug.h>
#include <elfin/walk.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#define STACK UINT64_C(0x100000000000)
#define TRAP  0x100 /* RFLAGS.TF */

enum {
    STACK_SIZE = 1 << 20,
    WINDOW = 1 << 24, /* modules lie in this much memory, from a multiple of it */
    ENTRY_BYTES = 16,
    MAX_CODE = 32,
};

/* GDB sets it: only the call is made. What lies in memory is the same then, but for this. */
volatile int steps_plain;

uint64_t frames_look(uint64_t way), frames_fault(uint64_t way);
void frames_leave(uint64_t result);

static struct {
    const elfin_space *space;
    uint64_t function, share, leave, top, step;
    bool every;
    enum {
        OUTSIDE,
        COMING,
        INSIDE
    } state;
    uint8_t visited[WINDOW / 8];
    elfin_code code[MAX_CODE];
    size_t code_count;
    ucontext_t before, inside;
    char text[1 << 16];
    size_t length;
} steps;

/* ---- What modules call ----------------------------------------------------------------------- */

uint64_t frames_look(uint64_t way)
{
    return way;
}

uint64_t frames_fault(uint64_t way)
{
    return way;
}

void frames_leave(uint64_t result)
{
    (void)result;
    abort();
}

/* ---- Output, from a signal handler ----------------------------------------------------------- */

static void flush(void)
{
    for (size_t done = 0; done < steps.length;) {
        ssize_t count = write(STDOUT_FILENO, steps.text + done, steps.length - done);

        if (count <= 0)
            _exit(3);
        done += (size_t)count;
    }
    steps.length = 0;
}

static void say(const char *word)
{
    size_t length = strlen(word);

    if (length > sizeof(steps.text) - steps.length)
        flush();
    memcpy(steps.text + steps.length, word, length);
    steps.length += length;
}

static void say_number(uint64_t number, unsigned base, char end)
{
    char digits[24], *at = digits + sizeof(digits);

    *--at = '\0';
    *--at = end;
    do
        *--at = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    say(at);
}

/* ---- Walks ----------------------------------------------------------------------------------- */

static bool read_process(void *ctx, uint64_t address, void *bytes, size_t size)
{
    struct iovec to = { bytes, size }, from = { (void *)(uintptr_t)address, size };

    (void)ctx;
    return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)size;
}

static int add_object(struct dl_phdr_info *info, size_t size, void *ctx)
{
    const ElfW(Phdr) *index = NULL;

    (void)size;
    (void)ctx;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME)
            index = &info->dlpi_phdr[i];
    for (int i = 0; i < info->dlpi_phnum && steps.code_count < MAX_CODE; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        elfin_code *code = &steps.code[steps.code_count];

        if (header->p_type != PT_LOAD || !(header->p_flags & PF_X))
            continue;
        *code =
            (elfin_code){ .address = info->dlpi_addr + header->p_vaddr, .size = header->p_memsz };
        steps.code_count++;
        for (int k = 0; k < info->dlpi_phnum && index; k++) {
            const ElfW(Phdr) *other = &info->dlpi_phdr[k];

            if (other->p_type != PT_LOAD || index->p_vaddr - other->p_vaddr >= other->p_memsz)
                continue;
            code->index = info->dlpi_addr + index->p_vaddr;
            code->index_size = index->p_memsz;
            code->frames = info->dlpi_addr + other->p_vaddr;
            code->frames_size = other->p_memsz;
        }
    }
    return 0;
}

static void say_location(const elfin_frame *frame)
{
    elfin_location location;

    elfin_symbolize(steps.space, frame->lookup, &location);
    say(*location.symbol ? location.symbol : "-");
    say("+");
    say_number(location.symbol_offset, 16, ' ');
    say(location.line ? location.file : "-");
    say(":");
    say_number(location.line, 10, '\n');
}

/* Frames up to that of the call into the module. */
static bool take(void *ctx, const elfin_frame *frame)
{
    static const unsigned numbers[] = { ELFIN_RIP,    ELFIN_RSP,    ELFIN_RBP,    ELFIN_RBX,
                                        ELFIN_R8 + 4, ELFIN_R8 + 5, ELFIN_R8 + 6, ELFIN_R15 };
    bool *came = ctx;

    if (frame->registers.value[ELFIN_RIP] == steps.leave &&
        frame->registers.value[ELFIN_RSP] == steps.top + 8) {
        *came = true;
        return false;
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        if (frame->registers.known >> numbers[i] & 1)
            say_number(frame->registers.value[numbers[i]], 16, ' ');
        else
            say("- ");
    say_number(frame->origin, 10, ' ');
    say_location(frame);
    return true;
}

static void walk(const greg_t *registers)
{
    static const int numbers[ELFIN_REGISTERS] = { REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI,
                                                  REG_RDI, REG_RBP, REG_RSP, REG_R8,  REG_R9,
                                                  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14,
                                                  REG_R15, REG_RIP };
    elfin_registers stopped = { .known = ELFIN_REGISTERS_ALL };
    elfin_walker walker = ELFIN_WALKER_INIT;
    bool came = false;

    for (unsigned i = 0; i < ELFIN_REGISTERS; i++)
        stopped.value[i] = (uint64_t)registers[numbers[i]];
    walker.read = read_process;
    walker.space = steps.space;
    walker.code = steps.code;
    walker.code_count = steps.code_count;
    say("stop ");
    say_number(steps.step, 10, '\n');
    elfin_walk_stack(&walker, &stopped, false, take, &came);
    if (!came)
        say("cut\n");
}

/* ---- Stops ----------------------------------------------------------------------------------- */

/* The first instructions of functions, and those that undo a frame: pop, ret, leave. */
static bool at_an_edge(uint64_t address)
{
    const uint8_t *byte = (const uint8_t *)(uintptr_t)address;
    elfin_location location;

    if (elfin_symbolize(steps.space, address, &location) == ELFIN_OK &&
        location.symbol_offset < ENTRY_BYTES)
        return true;
    byte += *byte == 0x41;
    return (*byte >= 0x58 && *byte <= 0x5f) || *byte == 0xc3 || *byte == 0xc9;
}

static bool wanted(uint64_t address)
{
    uint64_t offset = address % WINDOW;
    uint8_t bit = (uint8_t)(1u << offset % 8);

    if (steps.every)
        return true;
    if (address - offset != steps.function - steps.function % WINDOW ||
        (steps.visited[offset / 8] & bit))
        return false;
    steps.visited[offset / 8] |= bit;
    return (address * UINT64_C(0x9e3779b97f4a7c15) >> 32) % steps.share == 0 || at_an_edge(address);
}

static void handle(int number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    uint64_t rip = (uint64_t)registers[REG_RIP], rsp = (uint64_t)registers[REG_RSP];

    (void)number;
    (void)info;
    if (steps.state == OUTSIDE) {
        steps.state = COMING;
        registers[REG_EFL] |= TRAP;
        return;
    }
    if (steps.state == COMING) {
        if (rip != steps.function)
            return;
        steps.state = INSIDE;
        steps.step = 0;
        steps.top = rsp;
        steps.leave = *(const uint64_t *)(uintptr_t)rsp;
    } else
        steps.step++;
    if (rip == steps.leave && rsp == steps.top + 8) {
        steps.state = OUTSIDE;
        registers[REG_EFL] &= ~TRAP;
    } else if (wanted(rip))
        walk(registers);
}

static void inside(void)
{
    if (!steps_plain)
        raise(SIGTRAP);
    ((int (*)(int))(uintptr_t)steps.function)(5);
}

void steps_call(const elfin_space *space, uint64_t function, const char *how, uint64_t share)
{
    static char handler_stack[1 << 16];
    struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    stack_t stack = { .ss_sp = handler_stack, .ss_size = sizeof(handler_stack) };
    void *memory = mmap((void *)STACK, STACK_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (memory == MAP_FAILED || sigaltstack(&stack, NULL) || sigaction(SIGTRAP, &action, NULL) ||
        getcontext(&steps.inside))
        exit(1);
    steps.space = space;
    steps.function = function;
    steps.every = !strcmp(how, "every");
    steps.share = share;
    dl_iterate_phdr(add_object, NULL);
    steps.inside.uc_stack = (stack_t){ .ss_sp = memory, .ss_size = STACK_SIZE };
    steps.inside.uc_link = &steps.before;
    makecontext(&steps.inside, inside, 0);
    if (swapcontext(&steps.before, &steps.inside))
        exit(1);
    say("end ");
    say_number(steps.step, 10, '\n');
    flush();
    munmap(memory, STACK_SIZE);
}
