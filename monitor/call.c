/* SPDX-License-Identifier: MIT */
#include "monitor/call.h"

#include "libmini/mem.h"

enum {
    RFLAGS_IF = 1 << 9,
    MSR_FS_BASE = 0xc0000100,
    THREAD_BLOCK_SELF = 0,
    THREAD_BLOCK_CANARY = 5, /* the word at %fs:0x28 */
    THREAD_BLOCK_WORDS = 16,
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
static uint64_t module_stack;

void call_set_stack(uint64_t stack)
{
    module_stack = stack;
}

static uint64_t msr_read(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static void msr_write(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
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

elfin_status call_function(uint64_t address, const uint64_t arguments[CALL_ARGUMENTS],
                           bool interrupts, uint64_t *result)
{
    struct call_frame frame, *outer = innermost;
    uint64_t flags, fs_base = msr_read(MSR_FS_BASE);
    bool returned;

    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags) : : "memory");
    if (!interrupts)
        __asm__ volatile("cli" : : : "memory");
    msr_write(MSR_FS_BASE, thread_block());
    innermost = &frame;
    returned = call_guarded(&frame, address, arguments, result, outer == NULL ? module_stack : 0);
    innermost = outer;
    msr_write(MSR_FS_BASE, fs_base);
    if (flags & RFLAGS_IF)
        __asm__ volatile("sti" : : : "memory");
    else
        __asm__ volatile("cli" : : : "memory");
    return returned ? ELFIN_OK : ELFIN_ERR_CALL;
}

void call_abandon(void)
{
    if (innermost != NULL)
        call_unwind(innermost);
}

elfin_status call_entry(void *ctx, const elfin_call *call, uint64_t *result)
{
    static char *no_environment[] = { NULL };
    uint64_t arguments[CALL_ARGUMENTS] = { 0 };
    elfin_module_info info;

    (void)ctx;
    if (call->entry == ELFIN_ENTRY_CTOR || call->entry == ELFIN_ENTRY_INIT) {
        arguments[0] = (uint64_t)(int64_t)call->argc;
        arguments[1] = (uint64_t)call->argv;
        arguments[2] = (uint64_t)no_environment;
    } else if (call->entry == ELFIN_ENTRY_FINALIZE || call->entry == ELFIN_ENTRY_RESTORE) {
        arguments[0] = call->argument;
        arguments[1] = call->version;
    }
    elfin_module_get(call->module, &info);
    return call_function(call->address, arguments, (info.flags & ELFIN_MODULE_INTERRUPTS) != 0,
                         result);
}

void call_tls_attach(void *ctx, const elfin_tls *tls)
{
    unsigned char *data = (unsigned char *)thread.block + tls->offset;

    (void)ctx;
    if (tls->file_size > 0)
        memcpy(data, tls->image, tls->file_size);
    memset(data + tls->file_size, 0, tls->size - tls->file_size);
}
