/* SPDX-License-Identifier: MIT */
/* The kernel, as the monitor wants it. */
#include "kernel/platform.h"

#include "kernel/cpu.h"
#include "kernel/memory.h"
#include "kernel/serial.h"
#include "kernel/timer.h"
#include "monitor/console.h"
#include "monitor/fault.h"
#include "monitor/path.h"
#include "monitor/program_names.h"

enum {
    RFLAGS_IF = 1 << 9
};

const char platform_name[] = "kernel";
const char platform_programs[] = "kernel";
struct mini_heap *const platform_heap = &heap;

static const struct elfin_boot *boot;

void platform_init(const struct elfin_boot *record)
{
    boot = record;
}

const struct elfin_boot *platform_record(void)
{
    return boot;
}

bool platform_has_rights(void)
{
    return true;
}

/* ---- Console --------------------------------------------------------------------------------- */

void platform_screen_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            serial_put('\r');
        serial_put(text[i]);
    }
}

static int wait_for_byte(void)
{
    int byte;

    while ((byte = serial_get()) < 0)
        __asm__ volatile("hlt"); /* the timer goes on */
    return byte;
}

/* ESC [ LETTER, or ESC [ NUMBER ~, as terminals send them (ECMA-48, section 5.4). */
static int read_sequence(void)
{
    int byte = wait_for_byte(), last = 0;

    if (byte != '[')
        return PLATFORM_KEY_ESCAPE;
    while ((byte = wait_for_byte()) >= '0' && byte <= ';')
        last = byte;
    switch (byte == '~' ? last : byte) {
    case 'A':
        return PLATFORM_KEY_UP;
    case 'B':
        return PLATFORM_KEY_DOWN;
    case 'C':
        return PLATFORM_KEY_RIGHT;
    case 'D':
        return PLATFORM_KEY_LEFT;
    case 'H':
    case '1':
        return PLATFORM_KEY_HOME;
    case 'F':
    case '4':
        return PLATFORM_KEY_END;
    case '3':
        return PLATFORM_KEY_DELETE;
    default:
        return PLATFORM_KEY_NONE;
    }
}

int platform_read_key(void)
{
    int byte = wait_for_byte();

    return byte == 0x1b ? read_sequence() : byte < 0x80 ? byte : PLATFORM_KEY_NONE;
}

/* ---- Files ----------------------------------------------------------------------------------- */

const char *platform_read_file(const char *path, void **data, size_t *size)
{
    if (path_name(path) != path)
        return "the kernel has no files but those that it was started with";
    for (uint64_t i = 0; i < boot->file_count; i++) {
        const elfin_boot_file *file = &boot->files[i];
        char *copy;

        if (!path_same(file->name, path))
            continue;
        copy = mini_heap_alloc(&heap, file->size + 1);
        if (copy == NULL)
            return "out of memory";
        __builtin_memcpy(copy, file->data, file->size);
        copy[file->size] = '\0';
        *data = copy;
        *size = file->size;
        return NULL;
    }
    return "not found";
}

const char *platform_files_fixed(void)
{
    return "the kernel has no files but those that it was started with, which never change";
}

/* ---- Time ------------------------------------------------------------------------------------ */

static void (*second_function)(void);
static unsigned second_ticks;

static void count_second(void)
{
    if (++second_ticks % TIMER_HERTZ == 0)
        second_function();
}

void platform_every_second(void (*tick)(void))
{
    second_function = tick;
    second_ticks = 0;
    timer_every_tick(count_second);
}

void platform_every_second_end(void)
{
    timer_every_tick(NULL);
}

uint64_t platform_ticks(void)
{
    return cpu_ticks();
}

uint64_t platform_ticks_per_second(void)
{
    return timer_cpu_frequency();
}

/* ---- Interrupts ------------------------------------------------------------------------------ */

/* The kernel's services do not care: only its console must not be entered by the timer. */
uint64_t platform_enter(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq\n\tpopq %0\n\tcli" : "=r"(flags) : : "memory");
    return flags;
}

void platform_leave(uint64_t flags)
{
    if (flags & RFLAGS_IF)
        __asm__ volatile("sti" : : : "memory");
    fault_poll();
}

/* ---- Faults ---------------------------------------------------------------------------------- */

extern const char kernel_begin[], kernel_text[], kernel_end[];

bool platform_is_service(uint64_t address)
{
    (void)address;
    return false;
}

bool platform_is_service_stack(uint64_t pointer)
{
    (void)pointer;
    return false;
}

bool platform_is_own(uint64_t address)
{
    return address - (uint64_t)kernel_begin < (uint64_t)kernel_end - (uint64_t)kernel_begin;
}

uint64_t platform_base(void)
{
    return (uint64_t)kernel_begin;
}

/* All stacks but the modules' are arrays of the kernel's. */
bool platform_is_readable(uint64_t address, size_t size)
{
    return platform_is_own(address) && platform_is_own(address + (size - 1));
}

bool platform_name_code(uint64_t address, char *text, size_t size)
{
    (void)address;
    (void)text;
    (void)size;
    return false;
}

const elfin_code_image *platform_names(void)
{
    static elfin_code_image code = { .name = platform_name, .symbols = &program_names };

    code.base = (uint64_t)kernel_begin;
    code.size = (uint64_t)kernel_end - code.base;
    code.text = (uint64_t)kernel_text;
    return &code;
}

/* What is shown does not need the heap. */
void platform_restrict(void)
{
}

/* ---- Memory ---------------------------------------------------------------------------------- */

bool platform_pages_alloc(const struct mini_pages_request *request, uint64_t *base)
{
    void *edit;

    return memory_image_alloc(request, base, &edit);
}

void platform_pages_free(uint64_t base, uint64_t size)
{
    struct paging_range range;

    if (paging_next(&paging, base, &range) && range.address == base)
        memory_image_free(base, memory_at(range.physical), size);
}

void platform_show_pages(void)
{
    struct mini_pages_statistics memory = mini_pages_statistics(&physical);
    struct mini_pages_statistics runs = mini_pages_statistics(&addresses);

    console_print(
        "pages: %llu of memory, %llu free in %zu runs, %llu with the allocators' records; "
        "%zu images have run addresses\n",
        (unsigned long long)memory.total_pages, (unsigned long long)memory.free_pages,
        memory.free_runs, (unsigned long long)memory_node_pages(), runs.used_runs);
}

bool platform_walk_memory(platform_memory_fn *each, void *ctx)
{
    struct mini_pages_run run;

    for (uint64_t at = 0; mini_pages_next(&addresses, at, &run); at = run.last + 1) {
        struct picture_piece piece = { .first = run.base,
                                       .last = run.last,
                                       .kind = run.used ? PICTURE_PROGRAM : PICTURE_FREE };
        each(ctx, &piece);
        if (run.last == UINT64_MAX)
            break;
    }
    return true;
}
