/* SPDX-License-Identifier: MIT */
/* The firmware, as the monitor wants it. */
#include "uefi/platform.h"

#include <elfin/kernel.h>

#include "monitor/call.h"
#include "monitor/channel.h"
#include "monitor/commands.h"
#include "monitor/console.h"
#include "libmini/str.h"
#include "monitor/fault.h"
#include "monitor/path.h"
#include "monitor/program_names.h"
#include "uefi/code.h"
#include "uefi/commands.h"
#include "uefi/contain.h"
#include "uefi/debugger.h"
#include "uefi/files.h"
#include "uefi/firmware.h"
#include "uefi/images.h"
#include "uefi/network.h"

enum {
    SCREEN_CHUNK = 128
};

const char platform_name[] = "elfin.efi";
const char platform_programs[] = "elfin.efi etc.";

struct uefi_host machine;
struct mini_heap *const platform_heap = &machine.heap;

/* Objects: module code declares them as plain pointers. */
static void *elfin_system_table, *elfin_image_handle;

ELFIN_KERNEL_EXPORT(elfin_system_table);
ELFIN_KERNEL_EXPORT(elfin_image_handle);

const struct command platform_commands[] = {
    { "cpus", "[COUNT]", "show, or limit, how many CPUs share the work of large loads", 0, 1,
      command_cpus },
    { "from", "volume:|tftp: [SERVER [ADDRESS MASK]]",
      "where files come from whose paths do not say it; without addresses, as DHCP says", 1, 4,
      command_from },
    { "boot",
      "KERNEL [base=ADDR] [MODULE...] [+ MODULE...]... [file=FILE]... [script=FILE] [-- WORD...]",
      "start a kernel, which gets the modules, linked as by load, the files, the script and the "
      "words",
      1, -1, command_boot },
    { .name = NULL },
};

static uint64_t image_base, image_size;
static unsigned exit_port;

static void find_image(void)
{
    EFI_GUID guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    const EFI_LOADED_IMAGE *image;
    void *protocol;

    if (firmware->BootServices->HandleProtocol(firmware_image, &guid, &protocol) != EFI_SUCCESS)
        return;
    image = protocol;
    image_base = (uint64_t)image->ImageBase;
    image_size = image->ImageSize;
}

void platform_set_exit_port(unsigned port)
{
    exit_port = port;
}

elfin_status platform_init(elfin_host *host)
{
    find_image();
    debugger_announce(image_base);
    elfin_system_table = firmware;
    elfin_image_handle = firmware_image;
    return uefi_host_init(&machine, firmware, host);
}

bool platform_has_rights(void)
{
    return uefi_rights_exist(&machine.rights);
}

/* ---- Console --------------------------------------------------------------------------------- */

static void output(void *text)
{
    firmware->ConOut->OutputString(firmware->ConOut, text);
}

/* Of firmware in the middle of a service the screen may be a part; the channel goes on then. */
static void screen_flush(CHAR16 *chunk, size_t used)
{
    static bool lost;

    chunk[used] = 0;
    machine.served = true;
    if (used == 0 || lost)
        return;
    if (machine.locked)
        lost = !call_protected(output, chunk);
    else
        output(chunk);
}

static bool utf8_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Other characters than ASCII appear as '?'. */
void platform_screen_write(const char *text, size_t length)
{
    CHAR16 chunk[SCREEN_CHUNK + 1];
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        if (utf8_continuation(text[i]))
            continue;
        if (used > SCREEN_CHUNK - 2) {
            screen_flush(chunk, used);
            used = 0;
        }
        if (text[i] == '\n')
            chunk[used++] = '\r';
        chunk[used++] = (unsigned char)text[i] < 0x80 ? (CHAR16)text[i] : (CHAR16)'?';
    }
    screen_flush(chunk, used);
}

int platform_read_key(void)
{
    static const int scan_codes[] = {
        [SCAN_UP] = PLATFORM_KEY_UP,         [SCAN_DOWN] = PLATFORM_KEY_DOWN,
        [SCAN_RIGHT] = PLATFORM_KEY_RIGHT,   [SCAN_LEFT] = PLATFORM_KEY_LEFT,
        [SCAN_HOME] = PLATFORM_KEY_HOME,     [SCAN_END] = PLATFORM_KEY_END,
        [SCAN_DELETE] = PLATFORM_KEY_DELETE, [SCAN_ESC] = PLATFORM_KEY_ESCAPE,
    };
    EFI_INPUT_KEY key = { 0, 0 };
    UINTN index;

    while (firmware->ConIn->ReadKeyStroke(firmware->ConIn, &key) != EFI_SUCCESS)
        if (machine.locked)
            __asm__ volatile("pause");
        else
            firmware->BootServices->WaitForEvent(1, &firmware->ConIn->WaitForKey, &index);
    if (key.UnicodeChar != 0)
        return key.UnicodeChar < 0x80 ? key.UnicodeChar : PLATFORM_KEY_NONE;
    if (key.ScanCode < sizeof(scan_codes) / sizeof(scan_codes[0]) && scan_codes[key.ScanCode] != 0)
        return scan_codes[key.ScanCode];
    return PLATFORM_KEY_NONE;
}

/* ---- Files ----------------------------------------------------------------------------------- */

/* Paths that do not say where a file comes from. */
static bool from_network;

void platform_set_source(bool network)
{
    from_network = network;
}

const char *platform_read_file(const char *path, void **data, size_t *size)
{
    bool has_source = path_name(path) != path, network = from_network;
    EFI_STATUS status;

    if (has_source)
        network = mini_str_starts(path, SOURCE_NETWORK);
    if (has_source && !network && !mini_str_starts(path, SOURCE_VOLUME))
        return "files come from " SOURCE_VOLUME " and " SOURCE_NETWORK;
    if (network)
        return network_read(&machine.heap, path_name(path), data, size);
    status = files_read(&machine.heap, path_name(path), data, size);
    return status == EFI_SUCCESS ? NULL : firmware_status_text(status);
}

const char *platform_files_fixed(void)
{
    return NULL;
}

/* ---- Time ------------------------------------------------------------------------------------ */

#define SECOND UINT64_C(10000000) /* in units of 100 ns */

static EFI_EVENT timer;
static void (*timer_function)(void);

static VOID EFIAPI timer_tick(EFI_EVENT event, VOID *context)
{
    (void)event;
    (void)context;
    timer_function();
}

void platform_every_second(void (*tick)(void))
{
    EFI_BOOT_SERVICES *services = firmware->BootServices;

    timer_function = tick;
    if (services->CreateEvent(EVT_TIMER | EVT_NOTIFY_SIGNAL, TPL_CALLBACK, timer_tick, NULL,
                              &timer) == EFI_SUCCESS)
        services->SetTimer(timer, TimerPeriodic, SECOND);
    else
        timer = NULL;
}

void platform_every_second_end(void)
{
    if (timer != NULL && !machine.locked)
        firmware->BootServices->CloseEvent(timer);
    timer = NULL;
}

uint64_t platform_ticks(void)
{
    return firmware_ticks();
}

uint64_t platform_ticks_per_second(void)
{
    return firmware_ticks_per_second();
}

/* ---- Interrupts ------------------------------------------------------------------------------ */

uint64_t platform_enter(void)
{
    return firmware_enter();
}

/*
 * What the firmware has left on the module's stack looks like return addresses into it (stack.h).
 * It used less than this.
 */
static void forget_frames(void)
{
    enum {
        USED = 16 << 10
    };
    uint64_t low, high, here = (uint64_t)__builtin_frame_address(0), begin, count;

    machine.served = false;
    call_stack(&low, &high);
    if (here - low >= high - low)
        return;
    begin = (here - low > USED ? here - USED : low) & ~UINT64_C(7);
    __asm__ volatile("movq %%rsp, %%rcx\n\t"
                     "subq %%rdi, %%rcx\n\t"
                     "shrq $3, %%rcx\n\t"
                     "rep stosq"
                     : "=&c"(count), "+D"(begin)
                     : "a"(UINT64_C(0))
                     : "memory");
}

void platform_leave(uint64_t flags)
{
    firmware_leave(flags);
    if (machine.served)
        forget_frames();
    fault_poll();
}

/* ---- Faults ---------------------------------------------------------------------------------- */

bool platform_is_own(uint64_t address)
{
    return address - image_base < image_size;
}

uint64_t platform_base(void)
{
    return image_base;
}

bool platform_is_readable(uint64_t address, size_t size)
{
    uint64_t last = address + (size - 1);

    return last >= address &&
           ((platform_is_own(address) && platform_is_own(last)) ||
            (contain_is_interrupt_stack(address) && contain_is_interrupt_stack(last)) ||
            (code_is_stack(address) && code_is_stack(last)));
}

bool platform_name_code(uint64_t address, char *text, size_t size)
{
    return images_name(address, text, size);
}

const elfin_code_image *platform_names(void)
{
    static elfin_code_image code = { .name = platform_name, .symbols = &program_names };

    code.base = code.text = image_base;
    code.size = image_size;
    return &code;
}

bool platform_is_service(uint64_t address)
{
    return code_contains(address);
}

bool platform_is_service_stack(uint64_t pointer)
{
    return contain_is_interrupt_stack(pointer);
}

void platform_restrict(void)
{
    uefi_host_lock(&machine);
}

_Noreturn void platform_end(int status)
{
    channel_exit_machine(exit_port, (unsigned)status);
    firmware->RuntimeServices->ResetSystem(EfiResetShutdown, (EFI_STATUS)status, 0, NULL);
    for (;;)
        __asm__ volatile("cli\n\thlt");
}

/* ---- Memory ---------------------------------------------------------------------------------- */

bool platform_pages_alloc(const struct mini_pages_request *request, uint64_t *base)
{
    return uefi_pages_alloc(&machine, EfiLoaderData, request, base);
}

void platform_pages_free(uint64_t base, uint64_t size)
{
    uefi_pages_free(&machine, EfiLoaderData, base, size);
}

void platform_show_pages(void)
{
    typedef unsigned long long ull;
    uint64_t free_pages = uefi_pages_free_count(&machine);

    console_print("pages: %llu of images, %llu of data, %llu for the memory map; firmware has %llu "
                  "free\n",
                  (ull)machine.image_pages, (ull)machine.data_pages,
                  (ull)(machine.scratch_size / MINI_PAGE_SIZE), (ull)free_pages);
}

struct walk {
    platform_memory_fn *each;
    void *ctx;
    uint64_t image; /* an address in elfin.efi */
};

static enum picture_kind kind_of(EFI_MEMORY_TYPE type)
{
    switch (type) {
    case EfiConventionalMemory:
        return PICTURE_FREE;
    case EfiLoaderCode:
    case EfiLoaderData:
        return PICTURE_PROGRAM;
    case EfiBootServicesCode:
    case EfiBootServicesData:
    case EfiRuntimeServicesCode:
    case EfiRuntimeServicesData:
    case EfiACPIReclaimMemory:
    case EfiACPIMemoryNVS:
        return PICTURE_FIRMWARE;
    default:
        return PICTURE_RESERVED;
    }
}

static const char *label_of(const struct walk *walk, EFI_MEMORY_TYPE type, uint64_t base,
                            uint64_t last)
{
    if (type != EfiLoaderCode && type != EfiLoaderData)
        return NULL;
    if (walk->image >= base && walk->image <= last)
        return platform_name;
    return type == EfiLoaderData ? "heap and data" : "programs";
}

static void take_range(void *ctx, uint64_t base, uint64_t pages, EFI_MEMORY_TYPE type)
{
    struct walk *walk = ctx;
    uint64_t last = base + (pages * EFI_PAGE_SIZE - 1);
    struct picture_piece piece = { .first = base, .last = last, .kind = kind_of(type) };

    /* An entry that the map contradicts itself about shows nothing. */
    if (pages == 0 || pages > UINT64_MAX / EFI_PAGE_SIZE || last < base)
        return;
    piece.label = label_of(walk, type, base, last);
    walk->each(walk->ctx, &piece);
}

bool platform_walk_memory(platform_memory_fn *each, void *ctx)
{
    struct walk walk = { .each = each, .ctx = ctx, .image = image_base };

    return uefi_pages_walk(&machine, take_range, &walk);
}
