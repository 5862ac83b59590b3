/* SPDX-License-Identifier: MIT */
/*
 * Debug data of loaded modules: what a host keeps of their object files so that a debugger can see
 * them, and so that it can itself say which function and line an address belongs to.
 *
 * A host asks for it with `.debugging = &elfin_debugging` and `.debug = ELFIN_DEBUG_...` in its
 * elfin_host. The code is in libelfin-debug.a. All memory comes from elfin_host.reserve with
 * ELFIN_PURPOSE_RECORDS, and is given back when the module is unloaded.
 *
 * Debug data is made before any code of the module runs. It never makes a load fail: of a module
 * whose debug sections are damaged, or for which there is no memory, less is kept;
 * elfin_module_debug says what.
 */
#ifndef ELFIN_DEBUG_H
#define ELFIN_DEBUG_H

#include <elfin/elfin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* elfin_host.debug: what is kept of each module. */
enum {
    ELFIN_DEBUG_GDB = 1 << 0,     /* a copy of its object, registered through GDB's JIT interface */
    ELFIN_DEBUG_SYMBOLS = 1 << 1, /* all functions and objects, static ones too */
    ELFIN_DEBUG_LINES = 1 << 2,   /* which address comes from which line */
    ELFIN_DEBUG_FRAMES = 1 << 3,  /* an index of its unwind table, for elfin_walk_stack (walk.h);
                                     a host with elfin_host.unwind_add has one already */
};

/* What is kept of the module: ELFIN_DEBUG_*; NULL: nothing. */
uint32_t elfin_module_debug(const elfin_module *module);

/*
 * Makes the debug data of a module that is loaded already and has none: one that was adopted
 * (elfin_space_adopt), or an instance of an image. [data, data + size) are the bytes of the object
 * file that it was made from; they are not referred to after the call. The module must have been
 * loaded with ELFIN_LOAD_KEEP_SECTIONS, which tells where each section of the file lies.
 *
 * ELFIN_ERR_ARGUMENT: the host has no elfin_host.debugging, or the module has debug data;
 * ELFIN_ERR_NOT_FOUND: the module's sections have not been kept; ELFIN_ERR_NOT_ELF,
 * ELFIN_ERR_TRUNCATED, ELFIN_ERR_HEADER: it is no whole x86-64 object file; ELFIN_ERR_SECTION: it
 * is another file, since a section of the module is not in it, or differs in size or kind;
 * ELFIN_ERR_MEMORY, ELFIN_ERR_HOST.
 */
elfin_status elfin_debug_attach(elfin_space *space, elfin_module *module, const void *data,
                                size_t size);

/*
 * Gives back the debug data of all modules of the space, as if they had been unloaded: for a boot
 * loader that leaves the machine to others. Nothing happens without elfin_host.debugging.
 */
void elfin_debug_detach(elfin_space *space);

/* ---- Names of addresses ---------------------------------------------------------------------- */

/*
 * ELFIN_DEBUG_SYMBOLS keeps the names of a module's sections and of its functions and objects,
 * static ones too: 12 bytes and the name for each address that has one. ELFIN_DEBUG_LINES, which
 * needs them, runs the line tables once (sections .debug_line of DWARF 2 to 5): 12 bytes for each
 * change of file, line or column, at most as many as .debug_line has bytes, and the names of the
 * files, together at most four times the object file. Making them takes working memory for a copy
 * of .debug_line and for its rows, 12 bytes each.
 *
 * When line tables are malformed, none of the module's are kept, and elfin_host.log is told why.
 * Compressed ones (SHF_COMPRESSED) are left out without a word.
 */

/* One row of a table of symbols, in ascending order. */
struct elfin_symbol_row {
    uint32_t start, size; /* from where the table counts from; in bytes */
    uint32_t name;        /* offset in the names */
};

enum {
    ELFIN_SYMBOL_TABLE_VERSION = 1
};

/* Functions of a program, as `elfin names` writes them at build time. */
typedef struct elfin_symbol_table {
    uint32_t version; /* ELFIN_SYMBOL_TABLE_VERSION */
    uint32_t count;
    const struct elfin_symbol_row *rows;
    const char *names; /* NUL-terminated, one after the other */
    uint32_t names_size;
} elfin_symbol_table;

/* The host's own code, or other code that is not a module's: a list, which stays the host's. */
typedef struct elfin_code_image {
    const struct elfin_code_image *next;
    const char *name;
    uint64_t base, size;               /* run address and bytes of all of it */
    uint64_t text;                     /* run address that its symbols count from */
    const elfin_symbol_table *symbols; /* NULL: none are known */
} elfin_code_image;

/*
 * What is known of an address. Strings are never NULL, and "" where nothing is known; they are
 * valid as long as the module is loaded.
 */
typedef struct elfin_location {
    uint64_t address;
    const elfin_module *module;    /* that it belongs to, or NULL */
    const elfin_code_image *image; /* else: what it belongs to */
    const char *name;              /* of the module or image */
    uint64_t
        offset; /* from elfin_module_info.address (modulo 2^64, data may come first), or base */
    const char *section;
    uint64_t section_offset;
    const char *symbol; /* as in the symbol table */
    uint64_t symbol_offset;
    /* As the compiler has noted them; directory may be relative, to where it was run, or "". */
    const char *directory, *file;
    uint32_t line, column; /* 0: not known */
} elfin_location;

/*
 * Names an address of code or data. May be called from a fault handler, whatever it has
 * interrupted: it takes time logarithmic in what is loaded, little stack, no memory and no lock,
 * and it finds a wrong name at worst if modules have written over its tables. Of groups that have
 * no debug data (the host wants none, they were adopted, there was no memory) it knows what
 * elfin_module_section and elfin_module_symbol tell, and takes linear time.
 *
 * Of a return address, which may be that of the next function or line, ask for the byte before.
 *
 * ELFIN_ERR_NOT_FOUND: it belongs neither to a module nor to one of elfin_host.code_images;
 * *location is then empty. ELFIN_ERR_ARGUMENT.
 */
elfin_status elfin_symbolize(const elfin_space *space, uint64_t address, elfin_location *location);

/*
 * Writes a location as text, as "crash at demo.c:12 (demo+0x1c)"; what is not known is left out, as
 * in "demo(.data)+0x8" and "0x1234". snprintf semantics, as of elfin_diag_format.
 */
size_t elfin_location_format(const elfin_location *location, char *buffer, size_t size);

/* ---- Tracing --------------------------------------------------------------------------------- */

/*
 * A ring of records of what happened to a space, in memory that the host gives, so that a debugger,
 * a dump of memory or a console can tell afterwards in which order modules came, were bound and
 * went, and what failed. The host names it in elfin_host.trace, may have it in several spaces, and
 * notes faults and whatever else it wants there, too.
 *
 * Writing a record takes no lock, no memory and no callback but `now`: in a fault handler, from
 * interrupts and on several CPUs at once. When the ring is full, the oldest records are
 * overwritten: record `number`, counted from 1, lies at records[(number - 1) % capacity], if its
 * own number says that it still does. A record that is overwritten while it is being written
 * (because as many others as the ring holds have come meanwhile) may hold a mixture.
 */
enum {
    ELFIN_TRACE_VERSION = 1,
    ELFIN_TRACE_NAME_SIZE = 44, /* of a name's copy, cut if it is longer, with its NUL */
};

/*
 * What a record tells. "Run address" is that of the module's first code
 * (elfin_module_info.address), name the module's name, unless it says otherwise; what is not
 * mentioned is 0 or "".
 */
typedef enum elfin_trace_kind {
    /*
     * A module was loaded; its init has run. address: its run address; value: its size
     * (elfin_module_info.size); other: its file.
     */
    ELFIN_TRACE_LOAD = 1,
    /* As LOAD, in the place of a group; value: run address of the group's first module. */
    ELFIN_TRACE_REPLACE = 2,
    ELFIN_TRACE_MOVE = 3,
    /*
     * A load failed, and all is as before. status: why; phase: where; name: the file of the
     * diagnostic, if it has one; other: its symbol, or else its section; value: its value. Calls
     * that are refused at once (ELFIN_ERR_ARGUMENT, ELFIN_ERR_BUSY) leave no record.
     */
    ELFIN_TRACE_LOAD_FAILED = 4,
    /* The same; address: run address of the first module that was to be replaced. */
    ELFIN_TRACE_REPLACE_FAILED = 5,
    ELFIN_TRACE_MOVE_FAILED = 6,
    /*
     * It was bound to another module when it was loaded: that owns an import of it, or is what it
     * needs. address, value: run addresses of both; other: the other one's name.
     */
    ELFIN_TRACE_BIND = 7,
    /*
     * An import of it was bound anew, by elfin_rebind, elfin_rebind_all, or because what it used
     * was replaced. other: the import; address: what it is bound to; value: what it was bound to.
     * There is a record for each kind of use, such as calls and addresses with an offset.
     */
    ELFIN_TRACE_REBIND = 8,
    /* It goes: no code of it will run any more. address: its run address. */
    ELFIN_TRACE_UNLOAD = 9,
    ELFIN_TRACE_RETIRE = 10, /* the same of one that was replaced */
    /*
     * By the host: code has faulted. status: the exception's vector; address: of the instruction;
     * value: CR2 of a page fault, else the error code; other: what it was, in words.
     */
    ELFIN_TRACE_FAULT = 11,
    ELFIN_TRACE_HOST = 256, /* this and those above are the host's own */
} elfin_trace_kind;

typedef struct elfin_trace_record {
    uint64_t number; /* from 1; 0: it is empty, or being written */
    uint64_t time;   /* what elfin_trace.now said */
    uint64_t address, value;
    uint16_t kind;   /* ELFIN_TRACE_* */
    uint16_t status; /* elfin_status, or as the kind says */
    uint32_t phase;  /* elfin_phase */
    char name[ELFIN_TRACE_NAME_SIZE], other[ELFIN_TRACE_NAME_SIZE];
} elfin_trace_record;

typedef struct elfin_trace {
    uint32_t version;     /* ELFIN_TRACE_VERSION */
    uint32_t record_size; /* sizeof(elfin_trace_record): 128 */
    uint64_t capacity;    /* of records: a power of two */
    uint64_t written;     /* records ever */
    uint64_t frequency;   /* ticks of `time` in a second; 0: not known */
    uint64_t start;       /* the time when the ring was made */
    uint64_t (*now)(void *ctx);
    void *ctx;
    uint64_t reserved;
    elfin_trace_record records[];
} elfin_trace;

/*
 * Makes a ring of `size` bytes of memory, aligned to 8: as many records as fit, rounded down to a
 * power of two. now: the time, from any context, such as the CPU's time-stamp counter; NULL: all
 * times are 0. frequency: its ticks in a second, 0 if that is not known. The memory is the host's
 * as long as no space has the ring.
 *
 * ELFIN_ERR_ARGUMENT: no memory, alignment, not even one record fits.
 */
elfin_status elfin_trace_init(void *memory, size_t size, uint64_t (*now)(void *ctx), void *ctx,
                              uint64_t frequency, elfin_trace **out);

/* Adds a record; its number and time are filled in. Names may be NULL. trace NULL: does nothing. */
void elfin_trace_add(elfin_trace *trace, uint16_t kind, uint16_t status, uint64_t address,
                     uint64_t value, const char *name, const char *other);

/* Records that have been overwritten: the oldest one that is there has this number plus 1. */
uint64_t elfin_trace_lost(const elfin_trace *trace);

/* Copies a record. False: it has been overwritten, or is not (completely) written. */
bool elfin_trace_read(const elfin_trace *trace, uint64_t number, elfin_trace_record *out);

#ifdef __cplusplus
}
#endif

#endif
