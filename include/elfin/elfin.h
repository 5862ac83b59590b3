/* SPDX-License-Identifier: MIT */
/*
 * elfin: a run-time loader of ELF64 x86-64 relocatable objects, and of executables and shared
 * objects, for code without an operating system.
 *
 * This header is the embedder's manual. Five calls make a module loader:
 *
 *     elfin_space_init      a space is a set of groups that may link to each other
 *     elfin_space_export    the host's own table of names
 *     elfin_load            objects -> one linked, initialised group
 *     elfin_lookup          a name -> an address
 *     elfin_unload          finalise and give everything back
 *
 * Conventions:
 *  - Every function that can fail returns an elfin_status. Results go to out-parameters, which are
 *    written on success only, and then completely.
 *  - Addresses and sizes are uint64_t, in bytes. A *run address* is where code will execute; an
 *    *edit pointer* is where the loader can write the same bytes now. They may differ.
 *  - Input bytes are const, need no alignment, and are not referred to after the call returns.
 *  - Nothing here is thread-safe: the host serialises calls on one space. Spaces share nothing.
 *  - Stack: the worst depth of elfin_load without host callbacks is printed by `make size`.
 *
 * Sources named in comments: gABI = System V gABI (ELF-64), psABI = x86-64 psABI.
 */
#ifndef ELFIN_ELFIN_H
#define ELFIN_ELFIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ELFIN_VERSION_MAJOR  0
#define ELFIN_VERSION_MINOR  1
#define ELFIN_VERSION_STRING "0.1"

/* ---- Status ---------------------------------------------------------------------------------- */

/*
 * One list of all codes, grouped by whose fault it is:
 * X(name, text, class), expanded into the enum here and into elfin_status_text().
 */
#define ELFIN_STATUS_LIST(X)                                                                       \
    X(OK, "success", NONE)                                                                         \
    /* the caller of the library */                                                                \
    X(ERR_ARGUMENT, "an argument of the call is invalid", CALLER)                                  \
    X(ERR_NOT_FOUND, "there is no such module or symbol", CALLER)                                  \
    X(ERR_IN_USE, "other modules still use it", CALLER)                                            \
    X(ERR_BUSY, "the space is in the middle of another call", CALLER)                              \
    X(ERR_FIXED, "a module's imports cannot be bound anew", CALLER)                                \
    /* the host's callbacks and resources */                                                       \
    X(ERR_MEMORY, "the host has no such memory", HOST)                                             \
    X(ERR_PROTECT, "the host could not set page rights", HOST)                                     \
    X(ERR_HOST, "the host broke its contract", HOST)                                               \
    /* the file is damaged: no linker would take it */                                             \
    X(ERR_TRUNCATED, "the file ends too early", FILE)                                              \
    X(ERR_NOT_ELF, "this is not an ELF file", FILE)                                                \
    X(ERR_HEADER, "the ELF header is malformed", FILE)                                             \
    X(ERR_SECTION, "a section header is malformed", FILE)                                          \
    X(ERR_SEGMENT, "a program header is malformed", FILE)                                          \
    X(ERR_DYNAMIC, "the dynamic section is malformed", FILE)                                       \
    X(ERR_SYMBOL, "a symbol is malformed", FILE)                                                   \
    X(ERR_RELOCATION, "a relocation is malformed", FILE)                                           \
    X(ERR_RECORD, "a module record (.elfin.*) is malformed", FILE)                                 \
    X(ERR_ARCHIVE, "the archive is malformed", FILE)                                               \
    X(ERR_IMAGE, "the image is malformed", FILE)                                                   \
    X(ERR_HAND_OVER, "the description of what is handed over is malformed", FILE)                  \
    /* a bound that keeps any one load in check, the host's max_image_size among them */           \
    X(ERR_LIMIT, "a limit is exceeded", LIMIT)                                                     \
    /* the file is sound, but of a kind that is not supported */                                   \
    X(ERR_CLASS, "only 64-bit objects are supported", KIND)                                        \
    X(ERR_ENDIAN, "only little-endian objects are supported", KIND)                                \
    X(ERR_MACHINE, "only x86-64 objects are supported", KIND)                                      \
    X(ERR_TYPE, "a file of this type is not supported", KIND)                                      \
    X(ERR_REL, "relocations without addends (REL) are not supported", KIND)                        \
    X(ERR_TEXTREL, "relocations in read-only segments are not supported", KIND)                    \
    X(ERR_TLS, "thread-local storage", KIND)                                                       \
    X(ERR_RELOCATION_TYPE, "the relocation type is not supported", KIND)                           \
    X(ERR_SECTION_KIND, "a section of this kind is not supported", KIND)                           \
    X(ERR_SEGMENT_KIND, "a segment of this kind is not supported", KIND)                           \
    X(ERR_COMPRESSED, "an allocated section is compressed", KIND)                                  \
    X(ERR_WRITE_EXEC, "a section or segment is both writable and executable", KIND)                \
    /* linking */                                                                                  \
    X(ERR_UNDEFINED, "an undefined symbol is exported by nobody", LINK)                            \
    X(ERR_HIDDEN, "a hidden symbol is not defined in its group", LINK)                             \
    X(ERR_DUPLICATE, "a symbol is defined twice", LINK)                                            \
    X(ERR_MODULE_NAME, "a module of this name exists already", LINK)                               \
    X(ERR_NEEDS, "a module that this one needs is not loaded", LINK)                               \
    X(ERR_RANGE, "a relocation cannot reach its target", LINK)                                     \
    X(ERR_REACH, "no address satisfies all relocations", LINK)                                     \
    X(ERR_CIRCLE, "modules of several groups would use each other in a circle", LINK)              \
    X(ERR_DISCARDED, "a relocation refers to a discarded section", LINK)                           \
    /* running */                                                                                  \
    X(ERR_INIT, "a module's init function failed", MODULE)                                         \
    X(ERR_RESOLVER, "the resolver of an indirect function returned 0", MODULE)                     \
    X(ERR_STATE, "a module's state cannot be handed over", MODULE)                                 \
    X(ERR_CALL, "a call into module code did not return normally", MODULE)                         \
    /* ours */                                                                                     \
    X(ERR_INTERNAL, "an invariant of the loader is broken (please report)", INTERNAL)

typedef enum elfin_status {
#define ELFIN_STATUS_ENUM(name, text, class) ELFIN_##name,
    ELFIN_STATUS_LIST(ELFIN_STATUS_ENUM)
#undef ELFIN_STATUS_ENUM
    ELFIN_STATUS_COUNT
} elfin_status;

/* The phases of a load, in their order; see docs/DESIGN.md. */
typedef enum elfin_phase {
    ELFIN_PHASE_NONE,
    ELFIN_PHASE_OBJECT,
    ELFIN_PHASE_SCAN,
    ELFIN_PHASE_RESOLVE,
    ELFIN_PHASE_LAYOUT,
    ELFIN_PHASE_PLACE,
    ELFIN_PHASE_FIXUP,
    ELFIN_PHASE_PROTECT,
    ELFIN_PHASE_PUBLISH,
    ELFIN_PHASE_INIT,
    ELFIN_PHASE_UNLOAD,
    ELFIN_PHASE_REBIND, /* of elfin_rebind, elfin_replace and elfin_move only */
    ELFIN_PHASE_COUNT
} elfin_phase;

/* ---- Diagnostics ----------------------------------------------------------------------------- */

enum {
    ELFIN_NAME_SIZE = 96, /* bytes of a bounded copy of a name in a diagnostic, with its NUL */
    ELFIN_NO_INDEX = -1,
};

/* Which of the numbers in a diagnostic mean something. */
enum {
    ELFIN_DIAG_OFFSET = 1 << 0, /* file_offset */
    ELFIN_DIAG_PLACE = 1 << 1,  /* place */
    ELFIN_DIAG_VALUE = 1 << 2,  /* value */
    ELFIN_DIAG_LIMITS = 1 << 3, /* low, high */
    ELFIN_DIAG_SIGNED = 1 << 4, /* value, low and high are signed */
    /* In executables and shared objects: */
    ELFIN_DIAG_SEGMENT = 1 << 5, /* section and section_index are those of a program header */
    ELFIN_DIAG_DYNAMIC = 1 << 6, /* section is the name of a dynamic tag, as "DT_RELA" */
    ELFIN_DIAG_TYPE = 1 << 7,    /* relocation_type */
};

/*
 * What went wrong, where, and what to do about it. Owned by the caller, self-contained (names are
 * bounded copies), valid for ever. What does not apply is "". The sentences are in an archive of
 * their own, libelfin-report.a: a host that needs none of the functions below does not link it.
 */
typedef struct elfin_diag {
    elfin_status status;
    elfin_phase phase;
    uint32_t have;                 /* ELFIN_DIAG_* */
    int32_t section_index;         /* section at fault, or ELFIN_NO_INDEX */
    int64_t relocation_index;      /* record within the relocation section, or ELFIN_NO_INDEX */
    uint32_t relocation_type;      /* its number in the psABI */
    uint16_t defect, hint;         /* numbers of sentences, other ones in other versions */
    char file[ELFIN_NAME_SIZE];    /* input name, as "libz.a(crc32.o)" */
    char section[ELFIN_NAME_SIZE]; /* name of the section at fault */
    char symbol[ELFIN_NAME_SIZE];  /* name of the symbol, or "section .rodata" */
    char other[ELFIN_NAME_SIZE];   /* the other party: second owner, user, needed module */
    uint64_t file_offset;          /* of the malformed bytes in the file */
    uint64_t place;                /* offset in the section of the field to be relocated */
    uint64_t value;                /* offending value */
    uint64_t low, high; /* inclusive limits that value broke; in phase place: where `value` bytes
                           of memory were looked for */
} elfin_diag;

/* Never NULL; "unknown status" for numbers outside the enum. */
const char *elfin_status_text(elfin_status status);
const char *elfin_phase_name(elfin_phase phase);

/* Sentences, never NULL, valid for ever. */

/* What exactly is wrong, as "its sh_entsize is not 24"; "" where the status says it all. */
const char *elfin_diag_detail(const elfin_diag *diag);
/* What to do about it: the compiler switch, the missing export; "" if nothing general helps. */
const char *elfin_diag_hint(const elfin_diag *diag);
/* The type's name, as "R_X86_64_32S"; "" when there is none, or the psABI has no such number. */
const char *elfin_diag_relocation_name(const elfin_diag *diag);

/*
 * Writes the diagnostic as text: one line that says what and where, then a line with the hint if
 * there is one; no newline at the end. snprintf semantics: returns the length wanted, without the
 * NUL; always terminates when size > 0.
 */
size_t elfin_diag_format(const elfin_diag *diag, char *buffer, size_t size);

/* ---- The host -------------------------------------------------------------------------------- */

typedef enum elfin_rights {
    ELFIN_RIGHTS_RW, /* the state of a region when reserve returns it: never executable */
    ELFIN_RIGHTS_R,
    ELFIN_RIGHTS_RX,
} elfin_rights;

/* What a reservation is for. */
typedef enum elfin_purpose {
    ELFIN_PURPOSE_IMAGE,   /* code and data of modules; page-aligned; rights will be set */
    ELFIN_PURPOSE_RECORDS, /* the library's lasting bookkeeping: plain memory, run address unused */
    ELFIN_PURPOSE_WORK,    /* working memory, released before elfin_load returns */
} elfin_purpose;

typedef struct elfin_request {
    uint32_t struct_size;
    elfin_purpose purpose;
    uint64_t size;      /* bytes, > 0; a multiple of the page size for images */
    uint64_t align;     /* power of two, of the run address (images) or the pointer (others) */
    uint64_t low, high; /* the run address of the first and last byte must lie in [low, high] */
    uint64_t near;      /* the run address should be as near to this as possible; 0 = anywhere */
    uint64_t code_size; /* how many of the bytes, from the start, will become RX (code that only
                           init needs is at the end and not counted); of an executable or shared
                           object 0: its code need not come first */
    const char *name;   /* for the host's logs: the block's first module; NULL for other purposes */
} elfin_request;

/* Memory the host has given. size is at least what was asked for. cookie is the host's own. */
typedef struct elfin_region {
    uint64_t run;
    void *edit;
    uint64_t size;
    void *cookie;
} elfin_region;

typedef struct elfin_block elfin_block;   /* one contiguous piece of memory of a group */
typedef struct elfin_module elfin_module; /* one placed, linked object; owned by its group */
typedef struct elfin_group elfin_group;   /* what one elfin_load call linked; owned by its space */

/* A call into module code; see elfin_host.call. */
typedef enum elfin_entry {
    ELFIN_ENTRY_CTOR, /* element of an init array: void (*)(int, char **, char **) */
    ELFIN_ENTRY_INIT, /* ELFIN_INIT: int (*)(int, char **) */
    ELFIN_ENTRY_EXIT, /* ELFIN_EXIT: void (*)(void) */
    ELFIN_ENTRY_DTOR, /* element of a fini array: void (*)(void) */
    /*
     * __cxa_finalize, as void (*)(void *) with elfin_call.argument: runs what the module gave to
     * __cxa_atexit, destructors of objects at file scope for example (Itanium C++ ABI, 3.3.6).
     */
    ELFIN_ENTRY_FINALIZE,
    ELFIN_ENTRY_RESOLVER, /* of an indirect function: void *(*)(void), the address to use */
    ELFIN_ENTRY_SAVE,     /* ELFIN_STATE: void *(*)(void) */
    ELFIN_ENTRY_RESTORE,  /* likewise: int (*)(void *, uint32_t), argument and version */
} elfin_entry;

/*
 * Parts of the library that a host may leave out. Nothing but the host's elfin_host refers to them,
 * so that a linker leaves the code of those out that it does not name. ELFIN_HOST_INIT names all
 * but elfin_programs, elfin_images, elfin_rebinding and elfin_debugging, ELFIN_HOST_INIT_SMALL none.
 * They are in libelfin-features.a, and these four in libelfin-programs.a, -images.a, -rebind.a and
 * -debug.a.
 */
struct elfin_programs;
struct elfin_archives;
struct elfin_publishing;
struct elfin_slots;
struct elfin_threads;
struct elfin_unwinding;
struct elfin_indirects;
struct elfin_gathering;
struct elfin_users;
struct elfin_starting;
struct elfin_records;
struct elfin_waiting;
struct elfin_comdats;
struct elfin_reaching;
struct elfin_dividing;
struct elfin_reasons;
struct elfin_listing;
struct elfin_sharing;
extern const struct elfin_programs elfin_programs;
extern const struct elfin_archives elfin_archives;
extern const struct elfin_publishing elfin_publishing;
extern const struct elfin_slots elfin_slots;
extern const struct elfin_threads elfin_threads;
extern const struct elfin_unwinding elfin_unwinding;
extern const struct elfin_indirects elfin_indirects;
extern const struct elfin_gathering elfin_gathering;
extern const struct elfin_users elfin_users;
extern const struct elfin_starting elfin_starting;
extern const struct elfin_records elfin_records;
extern const struct elfin_waiting elfin_waiting;
extern const struct elfin_comdats elfin_comdats;
extern const struct elfin_reaching elfin_reaching;
extern const struct elfin_dividing elfin_dividing;
extern const struct elfin_reasons elfin_reasons;
extern const struct elfin_listing elfin_listing;
extern const struct elfin_sharing elfin_sharing;

typedef struct elfin_image elfin_image; /* an object that has been prepared; see elfin_prepare */
struct elfin_images;
/* Loads images; see elfin_host.images. */
extern const struct elfin_images elfin_images;

/* Instead of elfin_starting: no module code runs here; see elfin_space_hand_over. */
extern const struct elfin_starting elfin_deferring;

/* Keeps debug data; see elfin/debug.h. */
struct elfin_debugging;
struct elfin_code_image;
extern const struct elfin_debugging elfin_debugging;

struct elfin_rebinding;
/* Keeps what elfin_rebind and elfin_replace need; see elfin_host.rebinding. */
extern const struct elfin_rebinding elfin_rebinding;

typedef struct elfin_call {
    const elfin_module *module;
    elfin_entry entry;
    uint64_t address; /* run address of the function */
    int argc;         /* CTOR and INIT; argv[argc] is NULL */
    char **argv;
    uint64_t argument; /* FINALIZE: address of the module's __dso_handle; RESTORE: the state */
    uint32_t version;  /* RESTORE: of the module that saved it */
} elfin_call;

/*
 * The block of one module in the static thread-local storage of every thread; see
 * elfin_host.tls_size. Its first file_size bytes begin as the initial image, the others as zeros.
 */
typedef struct elfin_tls {
    const elfin_module *module;
    int64_t offset; /* of the block from the thread pointer: negative, a multiple of align */
    uint64_t size, file_size, align;
    uint64_t run;      /* run address of the initial image: read-only memory of the module */
    const void *image; /* the same through the edit pointer; file_size 0: of no use */
} elfin_tls;

/*
 * What the embedder provides. Fill one in with ELFIN_HOST_INIT, pass it to elfin_space_init, which
 * copies it. Every callback gets ctx straight back.
 */
typedef struct elfin_host {
    uint32_t struct_size; /* sizeof(elfin_host): set by ELFIN_HOST_INIT */
    uint32_t flags;       /* ELFIN_HOST_* */
    void *ctx;
    uint64_t page_size;      /* granularity of rights: a power of two, 0 = 4096 */
    uint64_t max_image_size; /* of one group, in bytes; 0 = 256 MiB; at most 2 GiB, of which one
                                block may have all but 32 MiB */

    /*
     * Required. Gives memory that is readable and writable through out->edit, or returns
     * ELFIN_ERR_MEMORY. The contents need not be zero. Writes *out on success only.
     */
    elfin_status (*reserve)(void *ctx, const elfin_request *request, elfin_region *out);
    /* Required. Takes back a whole region, whatever rights parts of it have now. Cannot fail. */
    void (*release)(void *ctx, const elfin_region *region);
    /*
     * Required unless ELFIN_HOST_NO_RIGHTS is set. Gives [offset, offset + size) of an image
     * region, page-aligned, the rights. At no time may a page be writable and executable at one
     * address.
     */
    elfin_status (*protect)(void *ctx, const elfin_region *region, uint64_t offset, uint64_t size,
                            elfin_rights rights);
    /*
     * Optional. Gives back the tail [offset, region->size) of an image region after init (parts
     * that only init needs), whatever rights its pages have; 0 < offset. From then on the region is
     * as large as offset. Without this callback, or without starting, such
     * parts stay. Cannot fail.
     */
    void (*trim)(void *ctx, const elfin_region *region, uint64_t offset);
    /* Optional. Makes freshly written code visible to instruction fetch. x86-64 needs nothing. */
    void (*sync)(void *ctx, const elfin_region *region);
    /*
     * Optional. Last resort for a name that no table has: true and *address, or false. Called once
     * for each distinct name of a group, with weak references included.
     */
    bool (*resolve)(void *ctx, const char *name, uint64_t *address);
    /* Optional. Text for people, one line without a newline. */
    void (*log)(void *ctx, const char *text);
    /*
     * Optional. Calls module code in whatever way the host needs (interrupts, stack, containment of
     * faults). *result is all of RAX: what a RESOLVER returned is an address, of an INIT the low 32
     * bits count, of a SAVE it is a pointer, of a RESTORE the low 32 bits, for the others it is
     * ignored. Any status but ELFIN_OK means that the call did not
     * return normally. Without it the library calls directly.
     */
    elfin_status (*call)(void *ctx, const elfin_call *call, uint64_t *result);
    /*
     * &elfin_programs: executables (ET_EXEC, static-pie) and shared objects (ET_DYN) are loaded
     * too. NULL: they are refused (ELFIN_ERR_TYPE).
     */
    const struct elfin_programs *programs;
    /* &elfin_archives: archives are libraries. NULL: they are refused (ELFIN_ERR_ARCHIVE). */
    const struct elfin_archives *archives;
    /*
     * &elfin_publishing: the space has an index of names: of the host's exports, and of what
     * modules define. NULL: for hosts that have an index of their own; imports are what resolve
     * says, elfin_space_export is refused (ELFIN_ERR_ARGUMENT), elfin_lookup finds nothing,
     * elfin_module_lookup does; names of modules are unique in their group only. Required by users,
     * waiting and sharing.
     */
    const struct elfin_publishing *publishing;
    /*
     * &elfin_slots: branches that are too far go through stubs, and code that reads addresses from
     * slots (-fpic, -fpie) has them. NULL: for hosts whose modules are compiled with -fno-pic and
     * lie near all that they branch to, or with -mcmodel=large. Relocations of slots are refused
     * (ELFIN_ERR_TYPE), branches that are too far as well (ELFIN_ERR_RANGE), and objects that
     * branch to what they declare weak (ELFIN_ERR_TYPE): if nobody defines it, only a stub can
     * stand in. Required by threads, indirects, starting, reaching, programs and images.
     */
    const struct elfin_slots *slots;
    /* &elfin_threads: thread-local storage. NULL: it is refused (ELFIN_ERR_TLS); tls_size is 0. */
    const struct elfin_threads *threads;
    /* &elfin_unwinding: required by unwind_add. */
    const struct elfin_unwinding *unwinding;
    /*
     * &elfin_indirects: indirect functions (STT_GNU_IFUNC). NULL: objects that define one are
     * refused (ELFIN_ERR_TYPE).
     */
    const struct elfin_indirects *indirects;
    /* &elfin_gathering: __start_NAME, __stop_NAME. NULL: undefined symbols like others. */
    const struct elfin_gathering *gathering;
    /*
     * &elfin_users: imports are bound to exports of other groups too, which are not unloaded while
     * they are used. NULL: groups see the host's exports and their own. Required by starting and
     * rebinding.
     */
    const struct elfin_users *users;
    /*
     * &elfin_starting: code of modules runs when they are loaded and unloaded: constructors and
     * destructors (init and fini arrays), __cxa_finalize, ELFIN_INIT, ELFIN_EXIT. NULL: objects
     * with such arrays are refused (ELFIN_ERR_TYPE), __dso_handle is a name like others.
     * &elfin_deferring: it runs when elsewhere the group is adopted; see elfin_space_hand_over.
     */
    const struct elfin_starting *starting;
    /*
     * &elfin_records: the records of elfin/module.h. NULL: objects that have some are refused
     * (ELFIN_ERR_TYPE). Requires starting.
     */
    const struct elfin_records *records;
    /*
     * &elfin_waiting: of several groups (and the host) that export one name the first has it, the
     * others wait until it goes. NULL: there is one, others are refused (ELFIN_ERR_DUPLICATE).
     */
    const struct elfin_waiting *waiting;
    /* &elfin_comdats: section groups. NULL: objects with groups are refused (ELFIN_ERR_TYPE). */
    const struct elfin_comdats *comdats;
    /*
     * &elfin_reaching: fields that hold their values at some addresses only narrow where memory is
     * asked for. NULL: it is asked for anywhere between min and max, and if a field does not fit
     * there, the load fails (ELFIN_ERR_RANGE). Required by dividing and reasons, and, with
     * records, by programs and images.
     */
    const struct elfin_reaching *reaching;
    /*
     * &elfin_dividing: objects of a group lie apart if there is no place for all together. NULL:
     * then there is none (ELFIN_ERR_REACH, ELFIN_ERR_MEMORY).
     */
    const struct elfin_dividing *dividing;
    /*
     * &elfin_reasons: when nothing can satisfy the relocations (ELFIN_ERR_RANGE, ELFIN_ERR_REACH),
     * every one that is to blame is reported. NULL: only that it is so, once.
     */
    const struct elfin_reasons *reasons;
    /* &elfin_listing: required by ELFIN_LOAD_KEEP_SECTIONS (else ELFIN_ERR_ARGUMENT). */
    const struct elfin_listing *listing;
    /* &elfin_sharing: required by parallel. */
    const struct elfin_sharing *sharing;
    /*
     * &elfin_images: images are loaded too, what elfin_prepare makes and files of these bytes.
     * NULL: they are refused (ELFIN_ERR_TYPE), and as nothing else refers to it, a linker leaves
     * all code for them out.
     */
    const struct elfin_images *images;
    /*
     * Optional, for hosts that page. Offers whole pages of code or constants of an instance that
     * come out the same in every instance of its image: [offset, offset + size) of the region,
     * which hold the size bytes at `bytes` in the end. True: the host has made these pages so, for
     * example by mapping pages there that all instances share; nobody writes to them then, and they
     * belong to the region like others. False: they are copied. Called for instances of images only
     * (elfin_input.image), before the region is written to.
     */
    bool (*share)(void *ctx, const elfin_region *region, uint64_t offset, uint64_t size,
                  const elfin_image *image, const void *bytes);
    /*
     * &elfin_rebinding: ELFIN_LOAD_REBIND may be asked for. NULL: the code for it is left out in
     * the same way.
     */
    const struct elfin_rebinding *rebinding;
    /*
     * &elfin_debugging: debug data of modules is kept, for debuggers and for names of addresses.
     * debug: what is kept, ELFIN_DEBUG_* (elfin/debug.h). NULL, 0: nothing.
     */
    const struct elfin_debugging *debugging;
    uint32_t debug;
    /* Optional: the host's own code, so that elfin_symbolize knows it; see elfin_code_image. */
    const struct elfin_code_image *code_images;
    /* Where the space notes what happens to it (elfin/debug.h), with debugging; NULL: nowhere. */
    struct elfin_trace *trace;
    /*
     * Optional, both or none: for hosts whose modules throw exceptions, or that walk stacks. Called
     * for each block that has unwind tables, unwind_add when its memory has its final rights and
     * before any code in it runs, unwind_remove after the last exit function has run (or when an
     * init function failed). `block` is the same pointer both times and stays valid in between;
     * block->region.size falls when parts that only init needs are given back. Any status but
     * ELFIN_OK undoes the load (ELFIN_ERR_MEMORY, or ELFIN_ERR_HOST for all others).
     *
     * With these callbacks, damaged unwind tables are refused (ELFIN_ERR_SECTION); without them
     * they are constants like others, and nobody looks at them.
     */
    elfin_status (*unwind_add)(void *ctx, const elfin_block *block);
    void (*unwind_remove)(void *ctx, const elfin_block *block);

    /*
     * Static thread-local storage (psABI, TLS variant II): every thread that may run module code
     * has tls_size bytes below its thread pointer, the FS base, for the modules of the space, and
     * at the thread pointer a word that holds the thread pointer itself. tls_size 0: modules with
     * thread-local variables are refused with ELFIN_ERR_TLS; at most 2 GiB. tls_align is what the
     * thread pointer is aligned to: a power of two, 0 = 16. Each module gets a block of its own,
     * the blocks of a group follow each other, in the first gap from the thread pointer downwards.
     * All accesses are relaxed to local-exec: there is no __tls_get_addr.
     */
    uint64_t tls_size, tls_align;
    /*
     * Both optional. tls_attach: the block of a module is now in use; it has to become the initial
     * image in every thread that there is, and in new ones when they are made (elfin_module_tls
     * gives the same again). Called once for each module that has thread-local data, after it has
     * been relocated and before any of its code runs. tls_detach: the block is free again; called
     * after all code of the module has run, also when a load fails after tls_attach. Neither can
     * fail.
     */
    void (*tls_attach)(void *ctx, const elfin_tls *tls);
    void (*tls_detach)(void *ctx, const elfin_tls *tls);

    /*
     * Optional: several CPUs share the work of a load. parallel calls work(arg) once on each of at
     * most cpu_count CPUs (counting the calling one, which is among them) at the same time, and
     * returns when all calls have returned. It may use fewer of them, or none: what is not done is
     * done by the caller then. cpu_count below 2: it is never called. parallel_size: a load of
     * fewer bytes of input does without it, since starting other CPUs takes time; 0 = 1 MiB.
     *
     * `work` calls no callback and no module code, uses general registers only, and needs 8 KiB of
     * stack; it reads the inputs and writes memory that `reserve` gave, which all CPUs must see at
     * the same addresses. Memory, exports, reports and their order are the same for any number of
     * CPUs; each CPU takes some working memory of its own.
     */
    uint32_t cpu_count;
    uint64_t parallel_size;
    void (*parallel)(void *ctx, void (*work)(void *arg), void *arg);
} elfin_host;

/*
 * The host cannot set page rights (protect may be NULL): all memory of modules stays as reserve
 * gave it, so it must be executable. Unsafe: code and constants can be overwritten. For firmware
 * without any service for rights; say it aloud by setting the flag.
 */
#define ELFIN_HOST_NO_RIGHTS 1u

#define ELFIN_HOST_INIT                                                                            \
    {                                                                                              \
        .struct_size = (uint32_t)sizeof(elfin_host), .archives = &elfin_archives,                  \
        .publishing = &elfin_publishing, .slots = &elfin_slots, .threads = &elfin_threads,         \
        .unwinding = &elfin_unwinding, .indirects = &elfin_indirects,                              \
        .gathering = &elfin_gathering, .users = &elfin_users, .starting = &elfin_starting,         \
        .records = &elfin_records, .waiting = &elfin_waiting, .comdats = &elfin_comdats,           \
        .reaching = &elfin_reaching, .dividing = &elfin_dividing, .reasons = &elfin_reasons,       \
        .listing = &elfin_listing, .sharing = &elfin_sharing                                       \
    }
/* For a host that names the parts it wants itself, or wants none. */
#define ELFIN_HOST_INIT_SMALL                                                                      \
    {                                                                                              \
        .struct_size = (uint32_t)sizeof(elfin_host)                                                \
    }

/* ---- Spaces ---------------------------------------------------------------------------------- */

/* One row of a table of exports. */
typedef struct elfin_export {
    const char *name;
    uint64_t address;
} elfin_export;

/* A table of names, and an entry of one. Private. */
struct elfin_table_entry {
    uint32_t hash;
    uint32_t item[2];
};
struct elfin_table {
    struct elfin_table_entry *entries;
    uint64_t base;
    uint32_t capacity, used, dead;
};

/* The caller provides the memory; the members are private. No global state exists beside it. */
typedef struct elfin_space {
    struct elfin_table index;
    struct elfin_group *first, *last; /* in load order */
    bool busy;
    elfin_host host;
    struct elfin_table fixed;
    elfin_region index_region;
    uint64_t mark;
    struct elfin_group *first_tls; /* with thread-local data: from the thread pointer down */
    struct elfin_export_table *first_table, *last_table;
    void *code; /* of libelfin-debug.a: whose an address is */
} elfin_space;

/*
 * ELFIN_ERR_ARGUMENT: a required callback is missing, or a part of the library that another member
 * requires; a size is too large or no power of two.
 */
elfin_status elfin_space_init(elfin_space *space, const elfin_host *host);

/*
 * Adds a table of the host's exports. Nothing is copied: the rows and their names must stay valid
 * and as they are as long as the space. The first export of a name wins over later ones. All or
 * nothing. ELFIN_ERR_MEMORY, ELFIN_ERR_HOST, ELFIN_ERR_BUSY,
 * ELFIN_ERR_ARGUMENT (an empty name, or no elfin_host.publishing), ELFIN_ERR_DUPLICATE (a name the
 * host has exported already), ELFIN_ERR_LIMIT (too many names with one hash).
 */
elfin_status elfin_space_export(elfin_space *space, const elfin_export *exports, size_t count);

/*
 * The same for thread-local variables of the host: `address` is the variable's offset from the
 * thread pointer in two's complement, within 2 GiB either way (else ELFIN_ERR_ARGUMENT) and outside
 * of what tls_size declares.
 */
elfin_status elfin_space_export_tls(elfin_space *space, const elfin_export *exports, size_t count);

enum {
    ELFIN_EXPORT_INDEX_VERSION = 1
};

/* Exports with their index, as `elfin index` writes them at build time. */
typedef struct elfin_export_index {
    uint32_t version; /* ELFIN_EXPORT_INDEX_VERSION */
    uint32_t count;   /* of rows, > 0 */
    uint32_t entry_count;
    const struct elfin_table_entry *entries;
    const elfin_export *rows;
} elfin_export_index;

/*
 * The host's exports out of such a table, which stays where it is and as it is as long as the
 * space: nothing is copied, hashed or allocated. One at most, and before all other exports and
 * groups, so that it wins over all of them; elfin_space_export may add others. ELFIN_ERR_BUSY;
 * ELFIN_ERR_ARGUMENT: it comes too late, or a tool of another version made the table.
 */
elfin_status elfin_space_export_indexed(elfin_space *space, const elfin_export_index *index);

/*
 * What `elfin index` does: fills the entries of an index, as many as elfin_export_index_entries
 * says (0: there are too many rows). They do not depend on addresses, but on names and their order.
 * ELFIN_ERR_ARGUMENT (an empty name), ELFIN_ERR_DUPLICATE, ELFIN_ERR_LIMIT (too many rows, or too
 * many names with one hash).
 */
size_t elfin_export_index_entries(size_t count);
elfin_status elfin_export_index_make(const elfin_export *rows, size_t count,
                                     struct elfin_table_entry *entries);

/*
 * Unloads all groups, in an order that respects their dependencies, newest first, and gives back
 * every byte. The space may be initialised again. ELFIN_ERR_BUSY from inside module code.
 */
elfin_status elfin_space_destroy(elfin_space *space);

/* ---- Loading --------------------------------------------------------------------------------- */

enum {
    ELFIN_INPUT_AT = 1 << 0, /* the input's `at` holds: a new block of memory begins here */
};

/*
 * One file. An ET_REL object becomes a module. An archive (`!<arch>`) is a library: its members
 * become modules as symbols of the group need them. If the host wants them (elfin_host.programs),
 * an executable or a shared object becomes a module too.
 *
 * Inputs are laid out in blocks, one reservation each: inputs follow each other in the block that
 * the last ELFIN_INPUT_AT before them began. Members follow the plain objects of their archive's
 * block. An image, whether as `image` or as bytes, is a block of its own, and so is an executable
 * or shared object, laid out as its linker did it; `at` is then where its first page goes, and
 * holds for it alone. The bytes of an image are loaded like an object, and publish what it would.
 * An ET_EXEC file has addresses of its own: another `at`, and min and max that exclude them, are
 * refused (ELFIN_ERR_ARGUMENT).
 */
typedef struct elfin_input {
    const void *data;
    size_t size;
    const char *file; /* its name, for reports and for the module's name; may contain a path */
    const char *name; /* module name to use instead (not empty), or NULL */
    uint32_t flags;   /* ELFIN_INPUT_* */
    uint64_t at;      /* run address of the block, page-aligned */
    /*
     * Instead of data and size (NULL and 0): the input is an instance of this image, which must not
     * be released before the group is unloaded. It publishes nothing but its module's name, unless
     * ELFIN_LOAD_PUBLISH asks for it.
     */
    elfin_image *image;
} elfin_input;

enum {
    /* Link and protect, but run no module code, now or at unload; see elfin_module_indirect. */
    ELFIN_LOAD_NO_INIT = 1 << 0,
    ELFIN_LOAD_KEEP_SECTIONS = 1 << 1, /* keep the names and places of sections and slots
                                          (elfin_module_section, elfin_module_slot) */
    /*
     * Keep what is needed to bind imports anew (elfin_rebind, elfin_replace): 4 bytes for each
     * field that depends on an import. Stubs and slots are set aside for whatever imports may be
     * bound to later. Needs elfin_host.rebinding (else ELFIN_ERR_ARGUMENT); executables and shared
     * objects keep nothing.
     */
    ELFIN_LOAD_REBIND = 1 << 2,
    /*
     * Names that several objects define strongly are no error (ELFIN_ERR_DUPLICATE): the first in
     * input order has the name, for other objects of the group and for other groups. The others
     * keep theirs for themselves: references of their own object, and elfin_module_lookup. For
     * names that every module defines, such as init_module in Linux modules.
     */
    ELFIN_LOAD_FIRST_WINS = 1 << 3,
    /*
     * Nothing that the modules define is found by other groups: names of modules and what
     * elfin_module_lookup tells are all there is to know of them; elfin_rebind can bind others'
     * imports to them.
     */
    ELFIN_LOAD_PRIVATE = 1 << 4,
    /*
     * Instances of images (elfin_input.image) are private, as the space may have several of one;
     * with this they export what other inputs would. ELFIN_LOAD_PRIVATE comes first.
     */
    ELFIN_LOAD_PUBLISH = 1 << 5,
};

typedef struct elfin_options {
    uint32_t struct_size; /* sizeof(elfin_options): set by ELFIN_OPTIONS_INIT */
    uint32_t flags;       /* ELFIN_LOAD_* */
    uint64_t min, max;    /* every byte of the blocks without `at` lies in [min, max] */
    uint64_t near;        /* wish for the blocks without `at`; 0 = near the imports */
    int argc;             /* words for init */
    char **argv;
    /*
     * Optional. Called for every problem, so that all missing imports and all unreachable fixups of
     * a load can be shown, not only the first. The diagnostic is valid during the call.
     */
    void (*report)(void *ctx, const elfin_diag *diag);
    void *report_ctx;
} elfin_options;

#define ELFIN_OPTIONS_INIT                                                                         \
    {                                                                                              \
        .struct_size = (uint32_t)sizeof(elfin_options), .max = UINT64_MAX                          \
    }

/*
 * Loads the inputs as one group: validates, resolves names, lays out, places, relocates, protects,
 * publishes the exports and runs the init functions, in the phases of docs/DESIGN.md. On any error
 * the space is exactly as before, every byte is given back and *diag (if not NULL) says what was
 * wrong first. options may be NULL. Module code must not call back into the same space
 * (ELFIN_ERR_BUSY), except elfin_lookup and the queries below.
 *
 * Errors: any but those of class CALLER other than ELFIN_ERR_ARGUMENT and ELFIN_ERR_BUSY. When an
 * init function failed (ELFIN_ERR_INIT), diag->value is what it returned, as a signed number.
 */
elfin_status elfin_load(elfin_space *space, const elfin_input *inputs, size_t count,
                        const elfin_options *options, elfin_group **out, elfin_diag *diag);

/*
 * Runs the exit functions in reverse order of init, withdraws the exports and gives the memory
 * back. ELFIN_ERR_IN_USE: a module of another group uses it; diag->other names the first user, and
 * all of them are given to `report` (may be NULL). ELFIN_ERR_BUSY from inside module code,
 * ELFIN_ERR_ARGUMENT without a space or a group. An exit function that does not return normally
 * (see elfin_host.call) is logged and does not keep the group.
 */
elfin_status elfin_unload(elfin_space *space, elfin_group *group, elfin_diag *diag,
                          void (*report)(void *ctx, const elfin_diag *diag), void *report_ctx);

/* ---- Binding anew ---------------------------------------------------------------------------- */

/*
 * Three things are done to modules in use, each as one transaction: on any error all is as it was.
 *
 *   rebind    one import of one module, or of all, gets another definition
 *   replace   a newer image takes a group's place; its users stay, and get the new definitions
 *   move      the same image takes its place, at another address
 *
 * Only fields that depend on the imports concerned are written, to the bytes that a load with these
 * bindings would give; whether an import is near or far now does not matter, as stubs and slots are
 * set aside at load.
 *
 * Code and read-only memory are always written; they are made writable for it, part by part, and
 * never executable meanwhile. A field in writable memory is written only if it still holds the old
 * value: else the program has changed it, and it is told to `left`.
 *
 * Duties of the caller: no CPU runs code of an affected module during the call, or comes back to
 * the old one after it (interrupt handlers included); addresses that the host or a module got by
 * elfin_lookup, by a call, or that lie in an object of the heap, are not known here.
 */

/* A field that was left as it is. Valid during the call. */
typedef struct elfin_left {
    const elfin_module *module; /* it lies in */
    const char *symbol;         /* of the import */
    const char *section;        /* with ELFIN_LOAD_KEEP_SECTIONS; else "" */
    uint64_t address;           /* run address of the field */
    uint64_t value;             /* what it holds, zero-extended */
    /*
     * It is a word of the initial image of thread-local storage, and has been written; the copies
     * of it in the threads that there are have not.
     */
    bool is_tls;
} elfin_left;

typedef struct elfin_change {
    uint32_t struct_size; /* sizeof(elfin_change): set by ELFIN_CHANGE_INIT */
    uint32_t flags;       /* ELFIN_CHANGE_* */
    void *ctx;            /* for both: */
    /* Optional. Called for each field that was left, when nothing can fail any more. */
    void (*left)(void *ctx, const elfin_left *left);
    /* Optional. Called for every problem of elfin_rebind; the other two have elfin_options.report.
     */
    void (*report)(void *ctx, const elfin_diag *diag);
} elfin_change;

enum {
    /* elfin_replace: no state is handed over; the new module begins anew, and the ELFIN_EXIT of the
       old one is called when it is retired. */
    ELFIN_CHANGE_FRESH = 1 << 0,
};

#define ELFIN_CHANGE_INIT                                                                          \
    {                                                                                              \
        .struct_size = (uint32_t)sizeof(elfin_change)                                              \
    }

/* What an import is to be bound to. */
typedef struct elfin_target {
    /* A definition of this module, exported or not, and not of a retired group; NULL: `address`. */
    const elfin_module *module;
    const char *symbol; /* its name there; NULL: that of the import */
    uint64_t address;   /* without a module; of a thread-local variable its offset */
} elfin_target;

/*
 * Binds the import `name` of one module, or of all modules that have it (NULL; those of the
 * target's own group keep what they have), to another definition. target NULL: to what a load
 * would find now. Names that are resolved inside a group are no imports. The module then uses the
 * new definition's owner, and no longer the old one's if that was all; see elfin_unload.
 *
 * change may be NULL. Errors: ELFIN_ERR_NOT_FOUND (no such import or definition, or no module given
 * has it), ELFIN_ERR_FIXED (the module was loaded without ELFIN_LOAD_REBIND; others without it are
 * passed over), ELFIN_ERR_UNDEFINED (address 0, or nobody's, for an import that is not weak; a bare
 * address for one whose size is stored), ELFIN_ERR_TLS (one is thread-local, the other is not),
 * ELFIN_ERR_RANGE (a field cannot reach it; all are reported), ELFIN_ERR_CIRCLE, ELFIN_ERR_PROTECT,
 * ELFIN_ERR_MEMORY, ELFIN_ERR_HOST, ELFIN_ERR_BUSY, ELFIN_ERR_ARGUMENT.
 */
elfin_status elfin_rebind(elfin_space *space, elfin_module *module, const char *name,
                          const elfin_target *target, const elfin_change *change, elfin_diag *diag);

/* An import, as elfin_rebind_all finds it. Valid during the call. */
typedef struct elfin_import {
    const elfin_module *module;
    const char *name;
    const elfin_module *owner; /* of what it is bound to; NULL: the host, an address, nobody */
    uint64_t address;          /* of that; of a thread-local variable its offset */
    bool weak;                 /* it may be 0 */
    bool tls;
} elfin_import;

typedef enum elfin_choice {
    ELFIN_CHOICE_KEEP,   /* it stays what it is bound to */
    ELFIN_CHOICE_LOAD,   /* to what a load would find now */
    ELFIN_CHOICE_TARGET, /* to *target */
} elfin_choice;

/* *target is all zeros before. Must not call back into the space, except for questions. */
typedef elfin_choice elfin_choose(void *ctx, const elfin_import *import, elfin_target *target);

/*
 * The same for any number of imports in one transaction: `choose` is asked for each import of the
 * module, or of all modules (NULL; those without ELFIN_LOAD_REBIND are passed over), once, in no
 * particular order. NULL: all are bound to what a load would find now. An import that is bound so
 * already is not written. A thousand imports cost little more than their fields.
 *
 * What the modules use afterwards counts for ELFIN_ERR_CIRCLE, not what they used on the way. All
 * that is wrong with single imports is reported. Errors: those of elfin_rebind, but an import that
 * nobody has is none; ELFIN_ERR_ARGUMENT also for a target that is retired, ELFIN_ERR_LIMIT for one
 * whose definitions have too many names with one hash, or names that overlap (a damaged image).
 */
elfin_status elfin_rebind_all(elfin_space *space, elfin_module *module, elfin_choose *choose,
                              void *ctx, const elfin_change *change, elfin_diag *diag);

/*
 * Loads a new group and lets it take the place of `group`. In this order: the new group is loaded,
 * as by elfin_load, but does not see the old one's names, and may have the same; what the users
 * import is looked for in it, then where any load looks; every field is checked; the init
 * functions of the new modules run; state is handed over (ELFIN_STATE) between modules of the same
 * name, in the order of the old group; the users' fields are written; names, in the old ones'
 * places, and edges go to the new group. `needs` of users want a module of the same name.
 *
 * The old group is retired: no name leads to it any more, and it stays as it is, with its unwind
 * tables and thread-local block, until elfin_retire. If it uses other groups, it goes on to do so.
 *
 * options are those of the load; its report gets every problem. Instances of an image that others
 * use need ELFIN_LOAD_PUBLISH here too: what a private one defines, users do not find by name.
 * change may be NULL.
 *
 * Errors: those of elfin_load, and, before any code of the new group runs: ELFIN_ERR_FIXED (a user
 * was loaded without ELFIN_LOAD_REBIND), ELFIN_ERR_UNDEFINED (a user imports what nobody has now),
 * ELFIN_ERR_NEEDS, ELFIN_ERR_TLS, ELFIN_ERR_RANGE (all of these are reported), ELFIN_ERR_CIRCLE
 * (the new group, or who else has a name that it lacks, uses a user of the old one),
 * ELFIN_ERR_STATE (the old module has ELFIN_STATE and there is no new one of its name that has it);
 * then ELFIN_ERR_STATE (save returned NULL, or restore, as diag->value says, an error number),
 * ELFIN_ERR_PROTECT. ELFIN_ERR_ARGUMENT: `group` is retired.
 */
elfin_status elfin_replace(elfin_space *space, elfin_group *group, const elfin_input *inputs,
                           size_t count, const elfin_options *options, const elfin_change *change,
                           elfin_group **out, elfin_diag *diag);

/*
 * The same with the image that the group was made of: the inputs are those of its load. Every
 * module of the group must have ELFIN_STATE (else ELFIN_ERR_STATE), unless it was loaded with
 * ELFIN_LOAD_NO_INIT: the new one is then, too, and what the host has changed in it is lost.
 * That the inputs are the same is the caller's word: names of modules are compared, no more.
 * ELFIN_ERR_ARGUMENT: the inputs make other modules; ELFIN_CHANGE_FRESH.
 */
elfin_status elfin_move(elfin_space *space, elfin_group *group, const elfin_input *inputs,
                        size_t count, const elfin_options *options, const elfin_change *change,
                        elfin_group **out, elfin_diag *diag);

/*
 * Gives back a group that was replaced: elfin_unload for it, except that ELFIN_EXIT of modules that
 * have handed over their state is not called. Same errors, and ELFIN_ERR_ARGUMENT when the group is
 * not retired. (ELFIN_ERR_IN_USE: another retired group was its user.) elfin_unload and
 * elfin_space_destroy do the same.
 */
elfin_status elfin_retire(elfin_space *space, elfin_group *group, elfin_diag *diag);

/* ---- Questions ------------------------------------------------------------------------------- */

/*
 * An exported symbol, as another group would find it. ELFIN_ERR_NOT_FOUND; ELFIN_ERR_TLS when it is
 * a thread-local variable, which has no address. owner may be NULL; it is set to NULL when the host
 * exports the symbol.
 */
elfin_status elfin_lookup(const elfin_space *space, const char *name, uint64_t *address,
                          const elfin_module **owner);

/* The same for a thread-local variable: its offset from the thread pointer. ELFIN_ERR_TLS when the
 * symbol is none. */
elfin_status elfin_lookup_tls(const elfin_space *space, const char *name, int64_t *offset,
                              const elfin_module **owner);

/* A global, weak or COMMON definition of one module, exported or not. ELFIN_ERR_NOT_FOUND,
 * ELFIN_ERR_TLS as in elfin_lookup. */
elfin_status elfin_module_lookup(const elfin_module *module, const char *name, uint64_t *address);

/* NULL when there is none. */
elfin_module *elfin_find_module(const elfin_space *space, const char *name);

/* Iteration: NULL begins, NULL ends; groups in load order, modules in input order. */
elfin_group *elfin_next_group(const elfin_space *space, const elfin_group *group);
elfin_module *elfin_next_module(const elfin_group *group, const elfin_module *module);

/* Host exports, by position in order of export; false at the end. */
bool elfin_host_export(const elfin_space *space, size_t position, elfin_export *out);

enum {
    ELFIN_MODULE_INTERRUPTS = 1 << 0, /* its record says ELFIN_INTERRUPTS */
    ELFIN_MODULE_HAS_GOT = 1 << 1,    /* got_base is in use */
    ELFIN_MODULE_MEMBER = 1 << 2,     /* it came out of an archive */
    ELFIN_MODULE_EXECUTABLE = 1 << 3, /* ET_EXEC, or ET_DYN that says DF_1_PIE */
    ELFIN_MODULE_SHARED = 1 << 4,     /* ET_DYN otherwise: a shared object */
    ELFIN_MODULE_REBIND = 1 << 5,     /* its imports can be bound anew */
    ELFIN_MODULE_STATE = 1 << 6,      /* it has ELFIN_STATE */
    ELFIN_MODULE_RETIRED = 1 << 7,    /* its group was replaced */
    ELFIN_MODULE_FAILED = 1 << 8,     /* elfin_module_fail */
};

/* The parts of a block by page right. */
typedef enum elfin_part {
    ELFIN_PART_TEXT,      /* RX: executable sections and stubs */
    ELFIN_PART_RODATA,    /* R */
    ELFIN_PART_RELRO,     /* RW until init has run, then R: .data.rel.ro, slots */
    ELFIN_PART_DATA,      /* RW: data, then zero-filled data */
    ELFIN_PART_INIT_TEXT, /* RX, given back after init (only if the host can trim) */
    ELFIN_PART_INIT_DATA, /* RW, likewise */
    ELFIN_PART_COUNT
} elfin_part;

typedef struct elfin_module_info {
    const char *name; /* valid as long as the module, like all strings here */
    const char *file;
    const char *version;     /* from ELFIN_MODULE, or "" */
    const char *description; /* from ELFIN_MODULE, or "" */
    uint32_t flags;          /* ELFIN_MODULE_* */
    elfin_group *group;
    uint64_t address;  /* run address of its first code, or of its first section; 0: none lasts. Of
                          an executable or shared object: of its first page */
    uint64_t entry;    /* run address of its entry point (e_entry); 0: it has none */
    uint64_t got_base; /* value of _GLOBAL_OFFSET_TABLE_ when ELFIN_MODULE_HAS_GOT */
    uint32_t symbol_count, section_count, uses_count;
    uint32_t slot_count, stub_count; /* in use */
    uint64_t size;                   /* bytes of its sections, slots and stubs */
} elfin_module_info;

void elfin_module_get(const elfin_module *module, elfin_module_info *out);

/*
 * The host has ended a call into the module in the middle: nothing that it keeps is to be relied
 * on. From now on no code of it is called by the library: not its destructors and ELFIN_EXIT when
 * it is unloaded, and not ELFIN_STATE when it is replaced or moved; the new module then begins
 * anew, and the loss is logged. Of ELFIN_ENTRY_FINALIZE elfin_host.call is told all the same, so
 * that it can forget what the module gave to __cxa_atexit; without that callback it is passed over.
 * May be called from inside elfin_host.call, and for a module that has failed already.
 */
void elfin_module_fail(elfin_module *module);

typedef struct elfin_symbol {
    const char *name;
    uint64_t address;
    uint64_t size;
    bool exported;
    bool weak;
    bool function; /* STT_FUNC, STT_GNU_IFUNC */
    bool tls;      /* thread-local: address is its offset from the thread pointer */
} elfin_symbol;

/* The global, weak and COMMON definitions of a module; false when position is past the last. */
bool elfin_module_symbol(const elfin_module *module, uint32_t position, elfin_symbol *out);

/*
 * An indirect function (STT_GNU_IFUNC). A stub stands for it, so its address is known and the same
 * everywhere before its resolver has said which implementation to use: the stub jumps through a
 * slot that holds the answer. Resolvers run before all init functions of the group; one may call
 * indirect functions of modules whose init would come before its own, and in its own module those
 * before it in the symbol table. If a resolver returns 0 or does not return, the load fails
 * (ELFIN_ERR_RESOLVER, ELFIN_ERR_CALL).
 *
 * With ELFIN_LOAD_NO_INIT no resolver runs and the slots hold 0: nothing that calls such a function
 * may run before the caller of elfin_load, or who starts the image, has filled them.
 *
 * The linker of an executable or shared object has made stubs for those that only it knows
 * (R_X86_64_IRELATIVE): they have no name ("") here, and address 0.
 */
typedef struct elfin_indirect {
    const char *name;
    uint64_t address;  /* of the stub: what symbol tables and pointers hold */
    uint64_t slot;     /* run address of the 8 bytes, read-only after the load */
    uint64_t resolver; /* run address of void *(*)(void); may be given back after init */
} elfin_indirect;

/*
 * Those of a module that can be called: not local ones that nothing refers to, not definitions
 * that the group overrides by others. False when position is past the last.
 */
bool elfin_module_indirect(const elfin_module *module, uint32_t position, elfin_indirect *out);

/* A module that this one uses (its imports' owners, and ELFIN_NEEDS); NULL past the last. */
elfin_module *elfin_module_uses(const elfin_module *module, uint32_t position);

enum {
    ELFIN_SECTION_SLOTS = -1,
    ELFIN_SECTION_STUBS = -2,
    ELFIN_SECTION_COMMON = -3
};

typedef struct elfin_section {
    const char *name; /* ".got", ".plt", "COMMON" for what the loader makes */
    int32_t index;    /* section index in the file, or ELFIN_SECTION_* */
    /* Of an executable or shared object: its PT_LOAD segments, named "LOAD R", "LOAD RX" and
       "LOAD RW", with the index of the program header. */
    elfin_part part;
    uint64_t address, size;
    bool zero_filled; /* it occupies no bytes in the file */
    bool tls; /* thread-local: address is its place in the initial image, or, zero-filled, behind it
                 (such a section takes no memory of the module); see elfin_module_tls */
    bool discarded_after_init;
} elfin_section;

/* Only for groups loaded with ELFIN_LOAD_KEEP_SECTIONS; false when position is past the last. */
bool elfin_module_section(const elfin_module *module, uint32_t position, elfin_section *out);

/* A slot that code of the module reads or branches through, and the symbol behind it. */
typedef struct elfin_slot {
    /* The symbol's, cut to ELFIN_NAME_SIZE - 1; of a nameless one its section's. */
    const char *name;
    uint64_t address; /* of the slot */
    uint64_t target;  /* what it was given to hold: the symbol's address, or, with tls, its offset
                         from the thread pointer */
    uint64_t stub;    /* of the stub that jumps through the slot; 0: none is in use */
    bool tls;
} elfin_slot;

/*
 * The slots in use but those of elfin_module_indirect, in ascending order. Only for groups loaded
 * with ELFIN_LOAD_KEEP_SECTIONS; false when position is past the last.
 */
bool elfin_module_slot(const elfin_module *module, uint32_t position, elfin_slot *out);

/* The module's block of thread-local storage; false when it has none. */
bool elfin_module_tls(const elfin_module *module, elfin_tls *out);

/* Whole pages of a block that have the same right. */
typedef struct elfin_segment {
    uint64_t offset, size; /* in the region */
    uint64_t file_size;    /* the bytes after this many are zero-filled */
    elfin_part part;       /* pages between those of a program's segments are RODATA */
} elfin_segment;

/*
 * The unwind tables of the code in one block (LSB Core 5.0, "Exception Frames"): run addresses and
 * sizes, 0 if there are none or the host has no elfin_host.unwind_add.
 *
 * `frames` are the records of all sections .eh_frame, without a gap, and a zero word that ends them
 * (inside frames_size): what __register_frame and __deregister_frame take. `index` is the search
 * table that linkers write into .eh_frame_hdr, sorted by address: what _dl_find_object, and a
 * program header of type PT_GNU_EH_FRAME, hand to an unwinder. When a record has a form that is not
 * known, the index has only its head, which names `frames`, and unwinders search those one by one.
 *
 * Records of discarded COMDAT functions describe no code: address 0, length 0.
 */
typedef struct elfin_unwind {
    uint64_t index, index_size;
    uint64_t frames, frames_size;
} elfin_unwind;

/* One contiguous piece of memory of a group. */
struct elfin_block {
    elfin_region region;
    struct {
        uint64_t offset, size; /* in the region; whole pages; size 0 = absent */
        uint64_t file_size;    /* the bytes after this many are zero-filled */
    } part[ELFIN_PART_COUNT];
    elfin_unwind unwind;
    bool init_freed;
    /* Of an executable or shared object, in ascending order; the parts are then absent. Valid as
       long as the group. */
    const elfin_segment *segments;
    uint32_t segment_count; /* 0: the block has parts */
};

/* false when position is past the last. */
bool elfin_group_block(const elfin_group *group, uint32_t position, elfin_block *out);

/*
 * The pages of a block by right, in ascending order, whether they are the parts of objects or the
 * segments of an executable or shared object. False when position is past the last.
 */
bool elfin_block_segment(const elfin_block *block, uint32_t position, elfin_segment *out);

typedef struct elfin_space_stats {
    uint64_t groups, modules;
    uint64_t
        exports; /* names in the index: the host's, modules', and hidden ones of archive members */
    uint64_t image_bytes, record_bytes;
    uint64_t tls_bytes; /* of the area that elfin_host.tls_size declares, gaps inside groups too */
} elfin_space_stats;

void elfin_space_get_stats(const elfin_space *space, elfin_space_stats *out);

/* ---- Images ---------------------------------------------------------------------------------- */

/*
 * Prepares one ET_REL object: validates it, lays it out, and does once all that never changes. What
 * is left for a load is a copy of its bytes and the fixups that depend on where it lies and on whom
 * it uses. The image may be loaded any number of times, also at the same time (elfin_input.image);
 * each instance has its own data, bindings and name, so all but one need elfin_input.name.
 *
 * The host is as for elfin_space_init. reserve and release are called, for working memory and, with
 * ELFIN_PURPOSE_RECORDS, for the image, which keeps a pointer to ctx. page_size, and whether there
 * are trim and unwind_add, decide about the layout: an image is for hosts that agree. Pages may be
 * smaller than those it was made for; without trim, parts that only init needs stay; without
 * unwind_add, unwind tables are constants.
 *
 * The name of the module is input->name, or as for elfin_load. Of options (may be NULL) only the
 * report counts.
 *
 * Same errors as elfin_load's phases object to layout, and ELFIN_ERR_RELOCATION if two relocations
 * belong to the same bytes: in an image they have no order.
 */
elfin_status elfin_prepare(const elfin_host *host, const elfin_input *input,
                           const elfin_options *options, elfin_image **out, elfin_diag *diag);

/*
 * The image as bytes, which may be written to a file (docs/IMAGE-FORMAT.md), and be an input of a
 * load like any other. Valid as long as the image.
 */
void elfin_image_bytes(const elfin_image *image, const void **data, size_t *size);

/*
 * Takes bytes for an image, after proving them sound. They stay the caller's, and must stay as they
 * are until the image is released. ELFIN_ERR_NOT_ELF, ELFIN_ERR_TRUNCATED, ELFIN_ERR_IMAGE,
 * ELFIN_ERR_ARGUMENT, ELFIN_ERR_MEMORY, ELFIN_ERR_HOST.
 */
elfin_status elfin_image_open(const elfin_host *host, const void *data, size_t size,
                              elfin_image **out, elfin_diag *diag);

/* ELFIN_ERR_IN_USE while a group has an instance of it; ELFIN_ERR_ARGUMENT for NULL. */
elfin_status elfin_image_release(elfin_image *image);

/* True if the bytes begin like an image. */
bool elfin_is_image(const void *data, size_t size);

/* ---- Handing over ---------------------------------------------------------------------------- */

/*
 * A boot loader links modules now that will run later, in a kernel, at addresses that exist only
 * there. It has a space of its own for them, whose host gives memory at the run addresses of later
 * (elfin_region.run), writable now at others (elfin_region.edit), and whose elfin_host.starting is
 * &elfin_deferring: the calls that loads would make are noted instead, in their order. The other
 * callbacks are as for any host; those that tell of rights, unwind tables and thread-local storage
 * may do nothing, since nothing runs. Names that the kernel exports are exports of this space, with
 * the kernel's addresses.
 *
 * elfin_space_hand_over writes down what the space holds: groups, modules, blocks, names, edges,
 * sections, slots, indirect functions, thread-local storage, unwind tables, and the calls to be
 * made (docs/HANDOVER-FORMAT.md). It has no pointer of the writer, only run and physical addresses.
 * The kernel gives these bytes to elfin_space_adopt, which makes the same groups of them, as if the
 * kernel's own space had loaded them: one call after the other, with nothing between. The bytes of
 * the blocks are not part of it: they stay where they are.
 *
 * Hosts should agree in page_size, and in whether there are trim and unwind_add. If they do not:
 * pages may be smaller than those that the groups were linked for; without trim, parts that only
 * init needs stay; unwind tables are told to the host only if both have unwind_add. Thread-local
 * blocks keep their places, which must be free in the area of the space that adopts.
 *
 * A space that defers is not for elfin_replace, elfin_move (they would call module code), and
 * executables and shared objects (ELFIN_ERR_TYPE). What is adopted cannot be bound anew
 * (ELFIN_ERR_FIXED); instances of images become modules like others. Which functions run at start
 * and at unload is read when a group is linked: what code writes to such arrays later is not seen.
 */

typedef struct elfin_hand_over {
    uint32_t struct_size; /* sizeof(elfin_hand_over): set by ELFIN_HAND_OVER_INIT */
    void *ctx;
    /*
     * The physical address of a block's first byte, which the others follow: whole pages. NULL: the
     * edit pointer is that.
     */
    uint64_t (*physical)(void *ctx, const elfin_region *region);
} elfin_hand_over;

#define ELFIN_HAND_OVER_INIT                                                                       \
    {                                                                                              \
        .struct_size = (uint32_t)sizeof(elfin_hand_over)                                           \
    }

/*
 * Writes the description of all groups of the space to the buffer, which has `capacity` bytes.
 * *size is what it takes, also if that is too much, and if only this is asked for (buffer NULL).
 * options may be NULL. The space is as before. The blocks must stay as they are until they are
 * adopted: do not unload groups, nor destroy the space, unless release keeps their memory.
 *
 * ELFIN_ERR_ARGUMENT: the buffer is too small; code of a group has run here, that is, starting is
 * not &elfin_deferring; a group is retired; a block is not page-aligned in physical memory.
 * ELFIN_ERR_TYPE: an executable or shared object is loaded. ELFIN_ERR_CIRCLE: a group uses a
 * younger one (after elfin_rebind). ELFIN_ERR_LIMIT: there are more than 16,384 groups, or 4 GiB of
 * names. ELFIN_ERR_BUSY.
 */
elfin_status elfin_space_hand_over(const elfin_space *space, const elfin_hand_over *options,
                                   void *buffer, uint64_t capacity, uint64_t *size,
                                   elfin_diag *diag);

/* A block of memory that is handed over. */
typedef struct elfin_taking {
    uint32_t struct_size;
    uint64_t run, physical, size; /* whole pages */
    const char *name;             /* of the group's first module, for the host's logs */
} elfin_taking;

typedef struct elfin_adoption {
    uint32_t struct_size; /* sizeof(elfin_adoption): set by ELFIN_ADOPTION_INIT */
    void *ctx;            /* for take and object */
    /*
     * Required. Makes the block part of this host's memory, as if reserve had given it: out->run is
     * `run`, and the bytes at `physical` are there, and readable and writable through out->edit,
     * not executable; out->size is at least `size`. From then on the region is given back by
     * elfin_host.release, once. Anything but ELFIN_OK: nothing has been taken, and the adoption
     * fails with ELFIN_ERR_MEMORY.
     */
    elfin_status (*take)(void *ctx, const elfin_taking *taking, elfin_region *out);
    /*
     * Optional, with elfin_host.debugging: the bytes of the object file that the module was made
     * from, of which debug data is made before any code of it runs. False: they are not at hand.
     * They must be valid during the call of elfin_space_adopt. What elfin_debug_attach would refuse
     * is left alone.
     */
    bool (*object)(void *ctx, const elfin_module *module, const void **data, size_t *size);
    int argc; /* words for init, as in elfin_options */
    char **argv;
    void (*report)(void *ctx, const elfin_diag *diag); /* optional: called for every problem */
    void *report_ctx;
} elfin_adoption;

#define ELFIN_ADOPTION_INIT                                                                        \
    {                                                                                              \
        .struct_size = (uint32_t)sizeof(elfin_adoption)                                            \
    }

/*
 * Takes over the groups of a description, all or none. The bytes are as little trusted as a file,
 * need no alignment, and are not referred to after the call. In this order: everything is proven,
 * without touching a block; all blocks are taken, and unwind tables in them walked; then for each
 * group, as in a load: rights are set, its names are published (names of modules must be new, and
 * of exports the first has the name), unwind tables are added, resolvers of indirect functions run,
 * then init functions in the noted order, and memory becomes read-only that is so after init. When
 * all groups are there, parts that only init needed are given back.
 *
 * On failure the exit functions of what has run are called, every block that was taken and every
 * record is released, and the space is as before; what code has written into the blocks stays.
 *
 * Errors: ELFIN_ERR_HAND_OVER, ELFIN_ERR_TRUNCATED (diag->file_offset says where in the bytes);
 * ELFIN_ERR_MODULE_NAME; ELFIN_ERR_DUPLICATE (without elfin_host.waiting); ELFIN_ERR_TLS (the host
 * has no such area, or the place is taken); ELFIN_ERR_TYPE (there is something that the host does
 * not take: without starting functions to call, without users uses of other groups);
 * ELFIN_ERR_INIT, ELFIN_ERR_RESOLVER, ELFIN_ERR_CALL; ELFIN_ERR_LIMIT (too many names with one
 * hash); ELFIN_ERR_PROTECT, ELFIN_ERR_MEMORY, ELFIN_ERR_HOST (a callback broke its contract);
 * ELFIN_ERR_BUSY; ELFIN_ERR_ARGUMENT (also for a space that defers).
 */
elfin_status elfin_space_adopt(elfin_space *space, const void *data, size_t size,
                               const elfin_adoption *adoption, elfin_diag *diag);

/* ---- Looking without loading ----------------------------------------------------------------- */

/* What an object demands; filled by elfin_inspect. */
enum {
    ELFIN_DEMAND_LOW_4G = 1 << 0,        /* an absolute 32-bit field */
    ELFIN_DEMAND_LOW_OR_TOP_2G = 1 << 1, /* a sign-extended absolute 32-bit field */
    ELFIN_DEMAND_NEAR_IMPORTS = 1 << 2,  /* PC-relative data references to imports */
    ELFIN_DEMAND_TINY = 1 << 3,          /* an absolute 8- or 16-bit field */
};

typedef struct elfin_inspection {
    char name[ELFIN_NAME_SIZE];
    uint32_t sections, symbols, defined, imports;
    uint64_t relocations;  /* of allocated sections */
    uint32_t demands;      /* ELFIN_DEMAND_* */
    uint32_t slots, stubs; /* upper bounds */
    uint64_t part_size[ELFIN_PART_COUNT];
    /* Of an executable or shared object: */
    uint32_t flags;               /* ELFIN_MODULE_EXECUTABLE or ELFIN_MODULE_SHARED; 0: an object */
    bool fixed;                   /* ET_EXEC: it must lie at [low, high] */
    uint64_t low, high;           /* addresses of its first and last byte of memory, as linked */
    uint64_t entry;               /* as linked; 0: none */
    uint64_t tls_size, tls_align; /* of its block of thread-local storage; size 0: it has none */
    bool image; /* relocations are those that are left, symbols those that it kept */
} elfin_inspection;

typedef struct elfin_inspector {
    void *ctx;
    /* All optional. Names are valid during the call. */
    void (*section)(void *ctx, uint32_t index, const char *name, elfin_part part, uint64_t size);
    void (*import)(void *ctx, const char *name, bool weak);
    void (*definition)(void *ctx, const char *name, bool weak, bool exported);
    /* For each type that occurs in allocated sections. */
    void (*relocation_type)(void *ctx, const char *name, uint64_t count);
    /* The first relocation that makes each demand; elfin_diag_hint says what lifts it. */
    void (*demand)(void *ctx, uint32_t demand, const elfin_diag *reason);
    /*
     * Each range of run addresses at which the module may begin, alone, wherever its imports turn
     * out to lie; none: there is no such address. Then `bound` for the ends of that range that a
     * relocation sets, the others being the ends of memory.
     */
    void (*range)(void *ctx, uint64_t low, uint64_t high);
    void (*bound)(void *ctx, bool is_high, const elfin_diag *reason);
    /* Each import that must turn out to lie within 2 GiB: data that is read without a slot. */
    void (*near)(void *ctx, const char *name);
    /* Each module that must be loaded: ELFIN_NEEDS, or DT_NEEDED of a linked file. */
    void (*need)(void *ctx, const char *name);
} elfin_inspector;

/*
 * Validates and scans one object (no archive) with the same code as elfin_load, alone. The host is
 * as for elfin_space_init; only reserve and release are called, for working memory. Same errors as
 * elfin_load's phases object and scan, and ELFIN_ERR_RANGE if a field can hold its value nowhere.
 */
elfin_status elfin_inspect(const elfin_host *host, const elfin_input *input,
                           const elfin_inspector *inspector, elfin_inspection *out,
                           elfin_diag *diag);

/* True if the bytes begin like an archive (`!<arch>\n`). */
bool elfin_is_archive(const void *data, size_t size);

/* Called for each member with data; return false to stop. */
typedef bool (*elfin_member_fn)(void *ctx, const char *name, const void *data, size_t size);

/* Walks the object members of an archive. ELFIN_ERR_ARCHIVE. */
elfin_status elfin_archive_members(const void *data, size_t size, const char *file,
                                   elfin_member_fn each, void *ctx, elfin_diag *diag);

#ifdef __cplusplus
}
#endif

#endif
