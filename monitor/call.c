/* SPDX-License-Identifier: MIT */
#include "monitor/call.h"

#include "libmini/mem.h"
#include "monitor/control.h"

enum {
    MSR_FS_BASE = 0xc0000100,
    THREAD_BLOCK_SELF = 0,
    THREAD_BLOCK_CANARY = 5, /* the word at %fs:0x28 */
    THREAD_BLOCK_WORDS = 16,
    STACK_MARGIN = 16 << 10, /* the heap, and what it calls */
    STACK_OFTEN = 8 << 10,   /* what most calls need */
    STACK_HEAD = 256, /* what runs a little over the end of an object meets a canary, not a guard */
};

/* The one thread that runs module code: its thread-local data, and the block behind them that FS
 * points at. */
static struct {
    _Alignas(CALL_TLS_ALIGN) unsigned char data[CALL_TLS_SIZE];
    uint64_t block[THREAD_BLOCK_WORDS];
} thread;

_Static_assert(CALL_TLS_SIZE % CALL_TLS_ALIGN == 0, "the block is aligned as the data are");

/* Where call_guarded left the stack; see call_asm.S. */
struct call_frame {
    uint64_t stack;
};

bool call_guarded(struct call_frame *frame, uint64_t address, const uint64_t *arguments,
                  uint64_t *result, uint64_t stack);
_Noreturn void call_unwind(struct call_frame *frame);

static struct call_frame *innermost;
static uint64_t stack_low, stack_high;
static struct call_machine machine_hooks;
static struct call_end ended;
static uint64_t limit, deadline; /* deadline 0: there is none */
static bool changing;

void call_set_stack(uint64_t low, uint64_t high)
{
    stack_low = low;
    stack_high = high;
}

void call_stack(uint64_t *low, uint64_t *high)
{
    *low = stack_low;
    *high = stack_high;
}

void call_set_machine(const struct call_machine *machine)
{
    machine_hooks = *machine;
}

static uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/*
 * One block for all calls: the canary must not change while a protected function is on the stack,
 * and nested calls may interleave with one. Its low byte is 0, so that a string function that runs
 * over the end of a buffer cannot write it.
 */
static uint64_t thread_block(void)
{
    uint64_t *block = thread.block;

    if (block[THREAD_BLOCK_SELF] == 0) {
        block[THREAD_BLOCK_SELF] = (uint64_t)block;
        block[THREAD_BLOCK_CANARY] = (ticks() * UINT64_C(0x9e3779b97f4a7c15)) & ~UINT64_C(0xff);
    }
    return (uint64_t)block;
}

static bool has_failed(const elfin_module *module)
{
    elfin_module_info info;

    elfin_module_get(module, &info);
    return (info.flags & ELFIN_MODULE_FAILED) != 0;
}

/* ---- Calls ----------------------------------------------------------------------------------- */

static bool may_be_interrupted(const elfin_module *module)
{
    elfin_module_info info;

    if (machine_hooks.interrupts)
        return true;
    elfin_module_get(module, &info);
    return (info.flags & ELFIN_MODULE_INTERRUPTS) != 0;
}

/* The longest limits end with the counter. */
static uint64_t end_of_time(void)
{
    uint64_t now = ticks();

    return limit < UINT64_MAX - now ? now + limit : UINT64_MAX;
}

static void outermost_begin(void)
{
    if (machine_hooks.begin != NULL)
        machine_hooks.begin();
    deadline = limit != 0 ? end_of_time() : 0;
    changing = false;
}

/* Return addresses that calls leave behind could be taken for the next one's: see stack.h. */
static void clear_stack(bool all)
{
    if (stack_high != 0 && all)
        memset((void *)stack_low, 0, stack_high - stack_low);
    else if (stack_high != 0)
        memset((void *)(stack_high - STACK_OFTEN), 0, STACK_OFTEN);
}

static void outermost_end(void)
{
    deadline = 0;
    changing = false;
    if (machine_hooks.end != NULL)
        machine_hooks.end();
}

static bool run(uint64_t address, const uint64_t *arguments, bool interrupts, uint64_t *result)
{
    struct call_frame frame, *outer = innermost;
    uint64_t flags, fs_base = control_msr_read(MSR_FS_BASE);
    struct control control;
    bool returned;

    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags) : : "memory");
    if (outer == NULL)
        outermost_begin();
    control_read(&control);
    control_msr_write(MSR_FS_BASE, thread_block());
    innermost = &frame;
    if (interrupts)
        __asm__ volatile("sti" : : : "memory");
    else
        __asm__ volatile("cli" : : : "memory");
    returned = call_guarded(&frame, address, arguments, result,
                            outer == NULL && stack_high != 0 ? stack_high - STACK_HEAD : 0);
    __asm__ volatile("cli" : : : "memory");
    innermost = outer;
    control_msr_write(MSR_FS_BASE, fs_base);
    if (!returned)
        control_restore(&control);
    if (!returned && machine_hooks.judge != NULL)
        machine_hooks.judge(&ended);
    if (outer == NULL)
        outermost_end();
    __asm__ volatile("pushq %0\n\tpopfq" : : "r"(flags) : "memory", "cc");
    return returned;
}

elfin_status call_function(const elfin_module *module, uint64_t address,
                           const uint64_t arguments[CALL_ARGUMENTS], uint64_t *result)
{
    bool returned = run(address, arguments, may_be_interrupted(module), result);
    struct call_end end = ended; /* the report itself may make calls */

    if (!returned && machine_hooks.report != NULL)
        machine_hooks.report(module, &end);
    if (innermost == NULL)
        clear_stack(!returned);
    return returned ? ELFIN_OK : ELFIN_ERR_CALL;
}

bool call_protected(void (*function)(void *argument), void *argument)
{
    const uint64_t arguments[CALL_ARGUMENTS] = { (uint64_t)argument };
    uint64_t result;

    return run((uint64_t)function, arguments, true, &result);
}

/* A walk that faults comes here again: the call ends as it began to. */
static _Noreturn void end_call(const struct call_end *end, const struct interrupt_frame *frame,
                               uint64_t first)
{
    static bool walking;

    if (!walking) {
        ended = *end;
        ended.changing = changing;
        walking = true;
        if (machine_hooks.walk != NULL && end->reason != CALL_GIVEN_UP)
            machine_hooks.walk(frame, first);
    }
    walking = false;
    call_unwind(innermost);
}

void call_interrupted(enum call_reason reason, const struct interrupt_frame *frame, uint64_t access,
                      bool services)
{
    struct call_end end = {
        .reason = reason, .frame = *frame, .access = access, .services = services
    };

    if (innermost != NULL)
        end_call(&end, frame, 0);
}

void call_ended(enum call_reason reason, const struct interrupt_frame *here, uint64_t rip,
                uint64_t rsp, bool services)
{
    struct call_end end = { .reason = reason,
                            .frame = { .rip = rip, .rsp = rsp },
                            .services = services };

    if (innermost != NULL)
        end_call(&end, here, rip);
}

/* From code of our own, which an export has entered. */
#define end_here(reason)                                                                           \
    do {                                                                                           \
        struct interrupt_frame here;                                                               \
        frame_here(&here);                                                                         \
        call_ended(reason, &here, (uint64_t)__builtin_return_address(0),                           \
                   (uint64_t)__builtin_frame_address(0), false);                                   \
    } while (0)

void call_abandon(void)
{
    end_here(CALL_GIVEN_UP);
}

/* ---- Time ------------------------------------------------------------------------------------ */

void call_set_limit(uint64_t wanted)
{
    limit = wanted;
}

uint64_t call_limit(void)
{
    return limit;
}

uint64_t call_overdue(void)
{
    uint64_t now;

    if (innermost == NULL || deadline == 0 || changing)
        return 0;
    now = ticks();
    return now > deadline ? now - deadline : 0;
}

/* ---- Exports --------------------------------------------------------------------------------- */

void call_change(void)
{
    uint64_t pointer = (uint64_t)__builtin_frame_address(0);

    if (innermost != NULL && pointer - stack_low < STACK_MARGIN)
        end_here(CALL_STACK);
    changing = innermost != NULL;
}

void call_changed(void)
{
    changing = false;
}

void call_damaged(void)
{
    end_here(CALL_DAMAGE);
}

elfin_status call_entry(void *ctx, const elfin_call *call, uint64_t *result)
{
    static char *no_environment[] = { NULL };
    uint64_t arguments[CALL_ARGUMENTS] = { 0 };

    (void)ctx;
    if (has_failed(call->module)) {
        if (call->entry == ELFIN_ENTRY_FINALIZE && machine_hooks.forget != NULL)
            machine_hooks.forget(call->argument);
        return ELFIN_ERR_CALL;
    }
    if (call->entry == ELFIN_ENTRY_CTOR || call->entry == ELFIN_ENTRY_INIT) {
        arguments[0] = (uint64_t)(int64_t)call->argc;
        arguments[1] = (uint64_t)call->argv;
        arguments[2] = (uint64_t)no_environment;
    } else if (call->entry == ELFIN_ENTRY_FINALIZE || call->entry == ELFIN_ENTRY_RESTORE) {
        arguments[0] = call->argument;
        arguments[1] = call->version;
    }
    return call_function(call->module, call->address, arguments, result);
}

void call_tls_attach(void *ctx, const elfin_tls *tls)
{
    unsigned char *data = (unsigned char *)thread.block + tls->offset;

    (void)ctx;
    if (tls->file_size > 0)
        memcpy(data, tls->image, tls->file_size);
    memset(data + tls->file_size, 0, tls->size - tls->file_size);
}
