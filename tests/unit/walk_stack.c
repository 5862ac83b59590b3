/* SPDX-License-Identifier: MIT */
/*
 * Walks over the stack of this process, through modules of several compilers and through this
 * program: against the known order of calls, and against _Unwind_Backtrace of libgcc, which is told
 * of the modules' tables. From a call, from a fault, and from a signal handler on its own stack.
 */
#include "loader/debug_frames.h"
#include "tests/lib/expect.h"

#include <elfin/debug.h>
#include <elfin/walk.h>

#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

enum {
    MAX_FRAMES = 64,
    MAX_CODE = 64,
    WAY_LOOK = 3,
    WAY_FAULT = 1,
};

static const char *const variants[] = { "gcc",     "gccsize", "gcclarge",     "gccpush",
                                        "clang14", "clang19", "clang19large", "pointers" };

static struct {
    elfin_frame frames[MAX_FRAMES];
    size_t count;
    elfin_walk_end end;
} ours;
static struct {
    uint64_t address[MAX_FRAMES], cfa[MAX_FRAMES];
    size_t count;
} theirs;
static elfin_code code[MAX_CODE];
static size_t code_count;
static bool without_libgcc;
static const elfin_space *walked;
static jmp_buf leave;
static size_t compared; /* frames, with libgcc's */

/* ---- The process ----------------------------------------------------------------------------- */

/* Memory that is not there is an error here, not a fault. */
static bool read_process(void *ctx, uint64_t address, void *bytes, size_t size)
{
    struct iovec to = { bytes, size }, from = { (void *)(uintptr_t)address, size };

    (void)ctx;
    return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)size;
}

static int add_object(struct dl_phdr_info *info, size_t size, void *ctx)
{
    elfin_code tables = { 0 };

    (void)size;
    (void)ctx;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME) {
            tables.index = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            tables.index_size = info->dlpi_phdr[i].p_memsz;
        }
    for (int i = 0; i < info->dlpi_phnum && tables.index != 0; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];

        if (header->p_type == PT_LOAD &&
            tables.index - info->dlpi_addr - header->p_vaddr < header->p_memsz) {
            tables.frames = info->dlpi_addr + header->p_vaddr;
            tables.frames_size = header->p_memsz;
        }
    }
    for (int i = 0; i < info->dlpi_phnum && code_count < MAX_CODE; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];

        if (header->p_type != PT_LOAD || !(header->p_flags & PF_X))
            continue;
        code[code_count] = tables;
        code[code_count].address = info->dlpi_addr + header->p_vaddr;
        code[code_count++].size = header->p_memsz;
    }
    return 0;
}

static bool take(void *ctx, const elfin_frame *frame)
{
    (void)ctx;
    ours.frames[ours.count++] = *frame;
    return ours.count < MAX_FRAMES;
}

static void walk(const elfin_registers *registers)
{
    elfin_walker walker = ELFIN_WALKER_INIT;

    code_count = 0;
    dl_iterate_phdr(add_object, NULL);
    walker.read = read_process;
    walker.space = walked;
    walker.code = code;
    walker.code_count = code_count;
    ours.count = 0;
    ours.end = elfin_walk_stack(&walker, registers, false, take, NULL);
}

static elfin_registers registers_of(const ucontext_t *context)
{
    static const int numbers[ELFIN_REGISTERS] = { REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI,
                                                  REG_RDI, REG_RBP, REG_RSP, REG_R8,  REG_R9,
                                                  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14,
                                                  REG_R15, REG_RIP };
    elfin_registers registers = { .known = ELFIN_REGISTERS_ALL };

    for (unsigned i = 0; i < ELFIN_REGISTERS; i++)
        registers.value[i] = (uint64_t)context->uc_mcontext.gregs[numbers[i]];
    return registers;
}

static _Unwind_Reason_Code take_theirs(struct _Unwind_Context *context, void *ctx)
{
    (void)ctx;
    if (_Unwind_GetIP(context) == 0)
        return _URC_END_OF_STACK;
    theirs.address[theirs.count] = _Unwind_GetIP(context);
    theirs.cfa[theirs.count++] = _Unwind_GetCFA(context);
    return theirs.count < MAX_FRAMES ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/* Both begin here; the first frame is this function's. */
static void look(void)
{
    ucontext_t context;
    elfin_registers registers;

    theirs.count = 0;
    if (!without_libgcc)
        _Unwind_Backtrace(take_theirs, NULL);
    getcontext(&context);
    registers = registers_of(&context);
    walk(&registers);
}

/* ---- What modules call ----------------------------------------------------------------------- */

static uint64_t host_look(uint64_t way)
{
    look();
    return way;
}

static uint64_t host_fault(uint64_t way)
{
    return *(volatile uint64_t *)(uintptr_t)(way * 8);
}

static _Noreturn void host_leave(uint64_t result)
{
    (void)result;
    longjmp(leave, 1);
}

static bool resolve_nothing(void *ctx, const char *name, uint64_t *address)
{
    (void)ctx;
    (void)name;
    *address = (uint64_t)(uintptr_t)host_leave;
    return true;
}

static bool registers_with_libgcc;

static elfin_status unwind_add(void *ctx, const elfin_block *block)
{
    extern void __register_frame(void *);

    (void)ctx;
    if (registers_with_libgcc)
        __register_frame((void *)(uintptr_t)block->unwind.frames);
    return ELFIN_OK;
}

static void unwind_remove(void *ctx, const elfin_block *block)
{
    extern void __deregister_frame(void *);

    (void)ctx;
    if (registers_with_libgcc)
        __deregister_frame((void *)(uintptr_t)block->unwind.frames);
}

static void load_file(struct fixture *f, const char *before, const char *variant, const char *after)
{
    struct blob object;
    char path[64];

    snprintf(path, sizeof path, "%s%s%s", before, variant, after);
    object = fx_built(path);
    STATUS(fx_load_blob(f, "frames.o", object), ELFIN_OK);
    free(object.data);
}

static struct fixture *load(const char *variant)
{
    struct fixture *f = fx_new(FAKE_REAL);
    elfin_export exports[] = { { "frames_look", (uint64_t)(uintptr_t)host_look },
                               { "frames_fault", (uint64_t)(uintptr_t)host_fault },
                               { "frames_leave", (uint64_t)(uintptr_t)host_leave } };

    f->fake.host.unwind_add = unwind_add;
    f->fake.host.unwind_remove = unwind_remove;
    registers_with_libgcc = true;
    /* libgcc does not know functions whose address has 32 zero bits at its end. */
    if (strstr(variant, "large") != NULL)
        f->fake.base = UINT64_C(0x210000100000);
    fx_again(f);
    STATUS(fx_export(f, exports, 3), ELFIN_OK);
    load_file(f, "tests/objects/frames_", variant, ".o");
    REQUIRE(f->status == ELFIN_OK);
    walked = &f->space;
    return f;
}

/* ---- Comparison ------------------------------------------------------------------------------ */

/* The function of the module that the address lies in; a static one is "". */
static const char *function_at(const struct fixture *f, uint64_t address)
{
    elfin_module *module = elfin_next_module(f->group, NULL);
    elfin_symbol symbol;

    for (uint32_t i = 0; elfin_module_symbol(module, i, &symbol); i++)
        if (address - symbol.address < symbol.size)
            return symbol.name;
    return "";
}

/* The frames of the module from ours.frames[first] on, the innermost first. */
static void check_chain(const struct fixture *f, size_t first, const char *const *names)
{
    for (; *names != NULL; names++, first++) {
        REQUIRE(first < ours.count);
        CHECK_STR(function_at(f, ours.frames[first].lookup), *names);
    }
    CHECK_STR(function_at(f, ours.frames[first].lookup), "");
}

static const char *const chain[] = {
    "frames_leaf",     "frames_saves", "frames_grows",    "frames_aligned", "",
    "frames_variadic", "frames_large", "frames_indirect", "frames_run",     NULL
};

/* All frames behind the first: addresses, and where each begins. */
static void check_against_libgcc(const char *variant)
{
    CHECK_EQ(ours.end, ELFIN_WALK_OUTERMOST);
    CHECK_MSG(ours.count == theirs.count, "%zu frames, libgcc has %zu; of %s", ours.count,
              theirs.count, variant);
    compared += ours.count - 1;
    for (size_t i = 1; i < ours.count && i < theirs.count; i++) {
        CHECK_EQ(ours.frames[i].registers.value[ELFIN_RIP], theirs.address[i]);
        CHECK_EQ(ours.frames[i].registers.value[ELFIN_RSP], theirs.cfa[i]);
        CHECK_EQ(ours.frames[i].origin, ELFIN_FRAME_TABLE);
    }
}

static void call(const struct fixture *f, const char *name, uint64_t way)
{
    typedef uint64_t function(uint64_t);
    uint64_t address = fx_lookup(f, name);

    REQUIRE(address != 0);
    if (setjmp(leave) == 0)
        ((function *)(uintptr_t)address)(way);
}

/* ---- From a call ----------------------------------------------------------------------------- */

static void calls(void)
{
    for (size_t i = 0; i + 1 < sizeof variants / sizeof *variants; i++) {
        struct fixture *f = load(variants[i]);

        call(f, "frames_run", WAY_LOOK);
        check_chain(f, 2, chain);
        check_against_libgcc(variants[i]);
        REQUIRE_NO_FAILURE();
        END(f);
    }
}

static void a_call_at_the_end_of_its_function(void)
{
    static const char *const last[] = {
        "frames_leaf",  "frames_saves",    "frames_grows", "frames_aligned", "",  "frames_variadic",
        "frames_large", "frames_indirect", "frames_never", "frames_last",    NULL
    };

    for (size_t i = 0; i + 1 < sizeof variants / sizeof *variants; i++) {
        struct fixture *f = load(variants[i]);

        call(f, "frames_last", 2);
        check_chain(f, 2, last);
        check_against_libgcc(variants[i]);
        REQUIRE_NO_FAILURE();
        END(f);
    }
}

/* No table describes the module: its frame pointers are followed. This program has tables. */
static void frame_pointers(void)
{
    struct fixture *f = load("pointers");

    call(f, "frames_run", WAY_LOOK);
    check_chain(f, 2, chain);
    CHECK_EQ(ours.frames[2].origin, ELFIN_FRAME_TABLE);
    for (size_t i = 3; i < 11; i++)
        CHECK_EQ(ours.frames[i].origin, ELFIN_FRAME_POINTER);
    END(f);
}

/* A host that is not told of unwind tables keeps an index of its own, or has none. */
static void tables_that_no_host_asked_for(void)
{
    for (size_t i = 0; i < 2 * (sizeof variants / sizeof *variants - 1); i++) {
        struct fixture *f = fx_new(FAKE_REAL);
        elfin_export exports[] = { { "frames_look", (uint64_t)(uintptr_t)host_look } };

        exports[0].address = (uint64_t)(uintptr_t)host_look;
        f->fake.host.unwind_add = NULL;
        f->fake.host.unwind_remove = NULL;
        f->fake.host.debugging = &elfin_debugging;
        f->fake.host.debug = ELFIN_DEBUG_FRAMES;
        f->fake.host.resolve = resolve_nothing;
        fx_again(f);
        STATUS(fx_export(f, exports, 1), ELFIN_OK);
        load_file(f, "tests/objects/frames_", variants[i / 2], ".o");
        REQUIRE(f->status == ELFIN_OK);
        walked = &f->space;
        CHECK_MSG(elfin_module_debug(elfin_next_module(f->group, NULL)) == ELFIN_DEBUG_FRAMES, "%s",
                  variants[i / 2]);
        if (i % 2)
            elfin_debug_detach(&f->space);
        without_libgcc = true;
        call(f, "frames_run", WAY_LOOK);
        without_libgcc = false;
        if (i % 2 == 0) {
            check_chain(f, 2, chain);
            CHECK_EQ(ours.end, ELFIN_WALK_OUTERMOST);
        }
        REQUIRE_NO_FAILURE();
        END(f);
    }
}

/* Linked files have their linker's index, or, without one, get one like objects. */
static void tables_of_linked_files(void)
{
    static const char *const files[] = { "pie", "exec" };

    for (size_t i = 0; i < 2; i++) {
        struct fixture *f = fx_new(FAKE_INVENTED);
        const struct module_frames *kept;

        f->fake.host.programs = &elfin_programs;
        f->fake.host.unwind_add = NULL;
        f->fake.host.unwind_remove = NULL;
        f->fake.host.debugging = &elfin_debugging;
        f->fake.host.debug = ELFIN_DEBUG_FRAMES;
        f->options.flags = ELFIN_LOAD_NO_INIT;
        fx_again(f);
        load_file(f, "tests/programs/gcc-ld/", files[i], "/main.elf");
        REQUIRE(f->status == ELFIN_OK);
        kept = debug_part(elfin_next_module(f->group, NULL), DEBUG_FRAMES);
        REQUIRE(kept != NULL);
        CHECK_MSG((kept->code.index_size != 0) == (i == 0), "%s", files[i]);
        CHECK_MSG((kept->count != 0) == (i == 1), "%s: %u", files[i], kept->count);
        CHECK(kept->region.size >= sizeof *kept + kept->count * sizeof(struct eh_row));
        END(f);
    }
}

/* ---- From a fault ---------------------------------------------------------------------------- */

static struct sigaction before;
static _Alignas(16) char signal_stack[1 << 18];
static bool in_handler;

static void handle(int number, siginfo_t *info, void *context)
{
    elfin_registers registers = registers_of(context);

    (void)number;
    (void)info;
    if (in_handler)
        look();
    else
        walk(&registers);
    longjmp(leave, 1);
}

static void fault(const struct fixture *f, const char *name, uint64_t way)
{
    struct sigaction action = { .sa_sigaction = handle,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
    stack_t stack = { .ss_sp = signal_stack, .ss_size = sizeof signal_stack }, old;

    sigaltstack(&stack, &old);
    sigaction(SIGSEGV, &action, &before);
    call(f, name, way);
    sigaction(SIGSEGV, &before, NULL);
    sigaltstack(&old, NULL);
}

static void faults(void)
{
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        struct fixture *f = load(variants[i]);

        in_handler = false;
        fault(f, "frames_run", WAY_FAULT);
        CHECK_EQ(ours.frames[0].lookup, ours.frames[0].registers.value[ELFIN_RIP]);
        check_chain(f, 1, chain);
        CHECK_EQ(ours.end, ELFIN_WALK_OUTERMOST);
        REQUIRE_NO_FAILURE();
        END(f);
    }
}

/* Through the signal frame, from one stack to another. */
static void signal_frames(void)
{
    for (size_t i = 0; i + 1 < sizeof variants / sizeof *variants; i++) {
        struct fixture *f = load(variants[i]);

        in_handler = true;
        fault(f, "frames_run", WAY_FAULT);
        check_chain(f, 4, chain);
        check_against_libgcc(variants[i]);
        CHECK_EQ(ours.frames[3].lookup, ours.frames[3].registers.value[ELFIN_RIP]);
        REQUIRE_NO_FAILURE();
        END(f);
    }
}

static void all_of_them(void)
{
    printf("# %zu frames as _Unwind_Backtrace finds them\n", compared);
    CHECK(compared > 300);
}

static const struct test_case cases[] = {
    TEST_CASE(calls),
    TEST_CASE(a_call_at_the_end_of_its_function),
    TEST_CASE(tables_that_no_host_asked_for),
    TEST_CASE(tables_of_linked_files),
    TEST_CASE(frame_pointers),
    TEST_CASE(faults),
    TEST_CASE(signal_frames),
    TEST_CASE(all_of_them),
};

TEST_MAIN("walk_stack", cases)
