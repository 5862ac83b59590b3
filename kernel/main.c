/* SPDX-License-Identifier: MIT */
/* A kernel that loads modules: what is there is what a loader of modules needs. */
#include <stdarg.h>

#include <elfin/debug.h>
#include <elfin/kernel.h>

#include "kernel/adopt.h"
#include "kernel/cpu.h"
#include "kernel/fault.h"
#include "kernel/loader.h"
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/platform.h"
#include "kernel/serial.h"
#include "kernel/timer.h"
#include "libmini/fmt.h"
#include "libmini/mem.h"
#include "libmini/str.h"
#include "monitor/call.h"
#include "monitor/channel.h"
#include "monitor/console.h"
#include "monitor/exports.h"
#include "monitor/fault.h"
#include "monitor/frames.h"
#include "monitor/platform.h"
#include "monitor/script.h"
#include "monitor/trace.h"
#include "monitor/words.h"

_Noreturn void kernel_main(const struct elfin_boot *boot);

/* Where 32-bit signed addresses reach (-mcmodel=kernel). */
#define MODULES_MIN UINT64_C(0xffffffff80000000)

static const struct elfin_kernel description __attribute__((used, section(".elfin.kernel"))) = {
    .magic = ELFIN_KERNEL_MAGIC,
    .version = ELFIN_KERNEL_VERSION,
    .size = sizeof(struct elfin_kernel),
    .exports = elfin_kernel_exports,
    .exports_end = elfin_kernel_exports_end,
    .modules_min = MODULES_MIN,
    .modules_max = UINT64_MAX,
    .tls_size = CALL_TLS_SIZE,
    .tls_align = CALL_TLS_ALIGN,
    .flags = ELFIN_KERNEL_TRIMS | ELFIN_KERNEL_UNWINDS,
};

enum {
    MODULE_STACK = 64 << 10
};

static unsigned exit_port;

_Noreturn void platform_end(int status)
{
    console_fresh_line();
    channel_exit_machine(exit_port, (unsigned)status);
    for (;;)
        __asm__ volatile("cli\n\thlt");
}

_Noreturn void panic(const char *format, ...)
{
    va_list args;

    __asm__ volatile("cli");
    console_fresh_line();
    console_print("panic: ");
    va_start(args, format);
    mini_vfmt_to(console_put, NULL, format, args);
    va_end(args);
    platform_end(STATUS_FAILURE);
}

void interrupt_dispatch(struct interrupt_frame *frame)
{
    if (frame->vector < INTERRUPT_OLD)
        exception_handle(frame);
    if (frame->vector == INTERRUPT_TIMER) {
        timer_tick();
        exception_check_time(frame);
    }
}

/* exit=PORT, the first word: where the status goes at the end. Returns how many words that were. */
static int read_words(const struct elfin_boot *boot)
{
    uint64_t port;

    if (boot->word_count == 0 || !mini_str_starts(boot->words[0], "exit=") ||
        !words_number(boot->words[0] + 5, &port) || port > UINT16_MAX)
        return 0;
    exit_port = (unsigned)port;
    return 1;
}

static void log_line(void *ctx, const char *text)
{
    (void)ctx;
    console_fresh_line();
    console_print("%s\n", text);
}

/* Below it run addresses that nobody else gets, and above it a page. */
static void make_module_stack(void)
{
    struct mini_pages_request wanted = { .size = MODULE_STACK,
                                         .align = MINI_PAGE_SIZE,
                                         .high = UINT64_MAX,
                                         .policy = MINI_PAGES_HIGHEST };
    uint64_t stack;
    void *edit;

    if (!memory_image_alloc(&wanted, &stack, &edit) ||
        mini_pages_alloc_at(&addresses, stack - MINI_PAGE_SIZE - CALL_STACK_GUARD,
                            CALL_STACK_GUARD) != MINI_PAGES_OK)
        panic("no stack for modules");
    memset(edit, 0, MODULE_STACK); /* as the heap */
    call_set_stack(stack, stack + MODULE_STACK);
}

static void session_begin(struct session *session)
{
    static const struct call_machine calls = { .judge = fault_judge,
                                               .report = fault_report,
                                               .walk = frames_take,
                                               .forget = exports_forget,
                                               .interrupts = true };
    elfin_host host;

    make_module_stack();
    call_set_machine(&calls);
    call_set_limit(CALL_SECONDS * timer_cpu_frequency());
    loader_host(&host);
    host.log = log_line;
    host.call = call_entry;
    host.programs = &elfin_programs;
    host.images = &elfin_images;
    host.rebinding = &elfin_rebinding;
    host.debugging = &elfin_debugging;
    host.debug = ELFIN_DEBUG_GDB | ELFIN_DEBUG_SYMBOLS | ELFIN_DEBUG_LINES;
    host.code_images = platform_names();
    host.unwind_add = exports_unwind_add;
    host.unwind_remove = exports_unwind_remove;
    host.tls_size = CALL_TLS_SIZE;
    host.tls_align = CALL_TLS_ALIGN;
    host.tls_attach = call_tls_attach;
    trace_begin(&host);
    if (elfin_space_init(&session->space, &host) != ELFIN_OK ||
        exports_add(&session->space) != ELFIN_OK)
        panic("no space for modules");
    fault_init(&session->space);
}

static int run(struct session *session, const struct elfin_boot *boot)
{
    size_t size = mini_strlen(boot->script) + 1;
    char *script = mini_heap_alloc(&heap, size); /* words are cut out of it */
    int status;

    if (script == NULL)
        panic("no memory for the script");
    __builtin_memcpy(script, boot->script, size);
    status = script_run_text(session, script, '\n', "line");
    (void)mini_heap_free(&heap, script);
    return session->quit || status != STATUS_SUCCESS ? status : script_run_keyboard(session);
}

_Noreturn void kernel_main(const struct elfin_boot *boot)
{
    static struct session session;
    int used, adopted, status;
    unsigned faults;

    cpu_init();
    serial_init();
    console_init();
    used = read_words(boot);
    if (boot->magic != ELFIN_BOOT_MAGIC || boot->version != ELFIN_BOOT_VERSION)
        panic("not booted by elfin.efi of this version");
    memory_init(boot);
    platform_init(boot);
    timer_init();
    session_begin(&session);
    __asm__ volatile("sti");
    adopted = adopt_modules(&session, boot, (int)boot->word_count - used, boot->words + used);
    status = run(&session, boot);
    if (status == STATUS_SUCCESS)
        status = adopted;
    faults = fault_count();
    if (elfin_space_destroy(&session.space) != ELFIN_OK)
        panic("modules cannot be unloaded");
    if (status == STATUS_SUCCESS && fault_count() != faults) /* an exit function failed */
        status = STATUS_FAILURE;
    platform_end(status);
}
