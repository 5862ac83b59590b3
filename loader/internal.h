/* SPDX-License-Identifier: MIT */
/*
 * What the phases of a load share. A load is one `struct load` on the stack of elfin_load; each
 * phase fills in what the next ones read, records what it acquires, and never frees: load.c
 * unwinds.
 *
 * Lifetimes: working memory (struct arena) ends with the load; the group's records and the blocks
 * of memory live until unload.
 */
#ifndef LOADER_INTERNAL_H
#define LOADER_INTERNAL_H

#include <elfin/elfin.h>

#include "loader/arch.h"
#include "loader/elf.h"
#include "loader/index.h"
#include "loader/names.h"
#include "loader/span.h"

/* ---- Lasting records ------------------------------------------------------------------------- */

enum {
    RECORD_EXPORTED = 1 << 0, /* found by other groups */
    RECORD_PRIVATE = 1 << 1,  /* hidden: found by members of the same archive */
    RECORD_MODULE = 1 << 2,   /* not a symbol: the module's name, in the same index */
    RECORD_WEAK = 1 << 3,
    RECORD_FUNCTION = 1 << 4,
    RECORD_INDEXED = 1 << 5,  /* it has its name in the index */
    RECORD_TLS = 1 << 6,      /* thread-local: its address is an offset from the thread pointer */
    RECORD_SHADOWED = 1 << 7, /* others had it when it was published: there is a struct shadow */
};

#define RECORD_SIZE_MAX (((uint64_t)1 << 56) - 1) /* this, or more */

/*
 * A definition of a module, or the module's name. It lies between its module and its name, in one
 * region of at most 4 GiB.
 */
struct record {
    uint64_t address;
    uint64_t flags : 8, size : 56;
    uint32_t module; /* bytes from there to here */
    uint32_t name;   /* bytes from here to there */
};

struct module_section {
    const char *name;
    uint64_t address, size;
    int32_t index;
    uint8_t part;
    bool zero_filled, tls;
    bool unused; /* in place of padding, which would hold what the stack held */
};

struct image;        /* loader/image.h */
struct module_debug; /* loader/debug.h */
struct group_index;  /* loader/debug_index.c */

/* elfin_slot.address of a slot that is not in use; slots are aligned. */
#define SLOT_UNUSED UINT64_MAX

/* ELFIN_STATE: run addresses of its functions; save 0: it has none. */
struct module_state {
    uint64_t save, restore;
    uint32_t version;
    bool moved; /* handed over to, or from, another module: ELFIN_EXIT must not undo it */
};

struct elfin_module {
    struct elfin_group *group;
    const char *file, *archive; /* archive: its base name when this is a member, else NULL */
    const char *version, *description;
    struct record self; /* its name, in the index */
    uint32_t flags, symbol_count, section_count, uses_count, slot_count, stub_count;
    uint32_t indirect_count;
    struct record *symbols;
    struct module_section *sections;
    struct elfin_slot *slots;          /* slot_count; NULL unless sections are kept */
    elfin_image *image;                /* that it is an instance of; else NULL */
    const struct elfin_images *images; /* knows its symbols, which have no records; else NULL */
    uint64_t base;                     /* then: run address of the image's first byte */
    struct elfin_module **uses;
    elfin_indirect *indirect;
    uint64_t address, entry, got, size;
    elfin_tls tls;                  /* size 0: none */
    uint64_t mark;                  /* equal to elfin_space.mark: seen by the current walk */
    struct patched_module *patched; /* during a patch (patch.h), else NULL */
    struct linkage *linkage;    /* of its imports; NULL: they cannot be bound anew (linkage.h) */
    struct module_debug *debug; /* debug.h; NULL: there is none */
    struct module_state state;  /* ELFIN_STATE */
};

static inline bool has_failed(const struct elfin_module *module)
{
    return module->flags & ELFIN_MODULE_FAILED;
}

/* A call that unload has to make, in the order of the array. */
struct final_call {
    const struct elfin_module *module;
    uint64_t address; /* 0: an import that is undefined now; nothing is called */
    uint64_t from; /* FINALIZE: the argument; else the run address of the word with the address */
    elfin_entry entry;
};

struct elfin_group {
    struct elfin_group *next, *previous;
    elfin_region records; /* this structure and all that it points to, but for these: */
    elfin_region shadow_region;
    struct shadow *shadows; /* of its shadowed records, in their order; NULL: there are none */
    struct elfin_module *modules;
    struct elfin_block *blocks;
    struct final_call *finals;
    uint64_t users; /* edges from modules of other groups */
    struct elfin_group *next_tls;
    struct group_index *index;   /* debug_index.c; NULL: there is none */
    uint64_t tls_start, tls_end; /* its blocks lie this far below the thread pointer; equal: none */
    bool tls_attached;
    uint32_t module_count, block_count, final_count;
    uint32_t unwind_count;            /* blocks whose unwind tables have been handed to the host */
    bool retired;                     /* replaced: no name leads to it, its memory is still there */
    bool ran;                         /* its init functions have been called */
    bool failed;                      /* its load has: it was never there (trace.c) */
    uint64_t mark;                    /* as in struct elfin_module */
    uint64_t waits;                   /* of `users`, those that the current walk has not passed */
    struct elfin_group *next_reached; /* list of a walk over groups */
};

struct elfin_export_table {
    struct elfin_export_table *next;
    elfin_region region;
    const elfin_export *rows;
    size_t count;
    struct shadow shadows[]; /* of the rows that modules had exported before */
};

/* ---- Working structures ---------------------------------------------------------------------- */

struct arena_chunk;

enum {
    ARENA_ALIGN = 16
};

/* Zeroed working memory, given back all at once. */
struct arena {
    const elfin_host *host;
    struct arena_chunk *chunks;
    uint8_t *next;
    uint64_t left, chunk_size;
    uint64_t clean;      /* bytes at `next` that are zero */
    elfin_status status; /* why elfin_arena_get returned NULL */
};

/* An allocated section of an object. */
struct section {
    uint64_t offset, size; /* in the file; size is also that in memory */
    uint64_t align;
    uint64_t address; /* layout: offset in the block; place: run address */
    uint32_t gap;     /* bytes of padding before it in its part */
    uint32_t flags;   /* those that have a meaning */
    uint32_t type, name, link, info;
    uint32_t rela;      /* first relocation section that applies to it, 0 = none */
    uint32_t next_rela; /* of a relocation section: the next one for the same target */
    int32_t priority;   /* of an init, fini or preinit array */
    int8_t part;        /* elfin_part, or PART_NONE when it is not loaded */
    bool gathered;      /* lies beside others of its name; see gather.c */
    bool frames;        /* an unwind table that the host wants */
    uint8_t named;      /* enum section_named */
    uint32_t next;      /* layout: in the same list of its object, 0 = none */
    uint32_t loaded;    /* the next one that is loaded, in the order of the file, 0 = none */
};

enum {
    PART_NONE = -1
};

/* Kinds of sections that few objects have: nobody looks for them in the others. */
enum {
    HOLDS_ARRAYS = 1 << 0, /* of init and fini functions */
    HOLDS_RECORDS = 1 << 1,
    HOLDS_TLS = 1 << 2,
    HOLDS_FRAMES = 1 << 3,
    HOLDS_ANY = (1 << 4) - 1,
};

/* What the name of a section says of it. */
enum section_named {
    NAMED_NOTHING,
    NAMED_INIT,      /* .init, .init.*: only init needs it */
    NAMED_RELRO,     /* .data.rel.ro*, .data..ro_after_init*: read-only after init */
    NAMED_RECORD,    /* .elfin.* */
    NAMED_OLD_TABLE, /* .ctors, .dtors: the way of old compilers to run constructors */
    NAMED_FRAMES,    /* .eh_frame */
    NAMED_UNWIND,    /* .gcc_except_table* and the like: for unwinders too */
};

/* Set in the section index of a symbol whose st_shndx is special (SHN_ABS, SHN_COMMON, ...). */
#define SECTION_SPECIAL 0x80000000u
#define SECTION_ABS     (SECTION_SPECIAL | SHN_ABS)

/* A global name of the group: what the members' references and definitions add up to. */
enum symbol_state {
    SYMBOL_UNDEFINED,
    SYMBOL_WEAK,   /* defined, weak */
    SYMBOL_COMMON, /* stronger than weak (gABI, "Symbol Table": COMMON wins over weak) */
    SYMBOL_STRONG,
    SYMBOL_IMPORT, /* bound to the host or another group */
    SYMBOL_ZERO,   /* undefined and weak: 0 */
    SYMBOL_START,  /* of a section: `object` and `index` say of which */
    SYMBOL_STOP,   /* its end */
};

/* 64 bytes: there may be hundreds of thousands. */
struct symbol {
    const char *name;
    uint32_t hash, length; /* of the name */
    /* The definition's owner and its symbol there; of an undefined one: the first that refers. */
    struct object *object;
    uint32_t index;
    uint8_t state;
    uint8_t visibility;             /* the most constraining of all */
    bool used;                      /* some relocation refers to it */
    bool exported;                  /* some object has an export record for it */
    uint8_t align_log2;             /* of COMMON: the largest of all */
    bool strong_reference : 1;      /* some reference is not weak */
    bool asked : 1, host_found : 1; /* elfin_host.resolve has been asked; it knew */
    bool tls : 1;                   /* of COMMON: thread-local */
    bool outside : 1;               /* referred to by an object that is no member of its archive */
    bool open : 1;                  /* on the list of those that libraries will be asked for */
    bool finalizes : 1;             /* __cxa_finalize, and needed at unload */
    bool import_tls : 1;            /* bound to a thread-local variable */
    bool kept : 1;          /* its object's alone: another has the name (ELFIN_LOAD_FIRST_WINS) */
    uint32_t tls_reference; /* 1 + number of the first object that refers to it as thread-local */
    uint64_t value;         /* final run address */
    uint64_t size;          /* of COMMON: the largest of all; also of other definitions */
    const struct record *import; /* when bound to a module's; NULL: to the host's */
};

/* Behind each symbol in a load with libraries. */
struct library_symbol {
    const char *archive; /* base name of the first library whose member refers to it, or NULL */
    struct symbol *next_open; /* list of undefined names that libraries have not been asked for */
};

static inline struct library_symbol *library_symbol(const struct symbol *symbol)
{
    return (struct library_symbol *)((uintptr_t)symbol + sizeof(*symbol));
}

/*
 * What the records of one relocation table with one symbol and type demand (see struct
 * arch_demand), as far as it is known before layout: the values of k that occur lie between these
 * two.
 */
struct demand {
    struct demand *next;        /* of the object */
    struct demand *same_symbol; /* the one before this one */
    int64_t least, most;
    uint32_t table, symbol, type;
    uint16_t use;
    uint8_t term;
};

/* Lists of sections that layout makes: one for each elfin_part, and the zero-filled data. */
enum {
    IN_TAIL = ELFIN_PART_COUNT,
    IN_COUNT,
};

/* Sections of one name, from __start_NAME to __stop_NAME, in order. */
struct gathered {
    const char *name;
    struct gathered *next, *next_in_block;
    struct gathered_section *first, *last, **end;
    uint64_t align;
    uint32_t parts; /* bit per elfin_part that one of them would be in */
    int8_t part;
};

struct gathered_section {
    struct gathered_section *next;
    struct object *object;
    uint32_t index;
};

/* The name of a global symbol, hashed, until it is entered; it lies where its symbol will. */
struct symbol_key {
    uint32_t hash, length; /* hash 0: there is nothing to enter */
};

/* Memory of symbols that has been set aside. */
struct spare_symbols {
    struct symbol *symbol; /* the first */
    uint32_t count;
};

struct program;    /* loader/program.h: what an executable or shared object has besides */
struct image_slot; /* loader/image.h */

/*
 * One member of the group in the making. What is asked for most comes first: 128 bytes are reached
 * by short instructions.
 */
struct object {
    const char *name;         /* the module's; first, see names.h */
    struct section *sections; /* object.c: proven to lie inside the file, like all of these */
    struct symbol **global;   /* per global symbol: [index - first_global]; first its key */
    uint16_t *use;            /* per symbol: symbols.c, scan.c */
    struct program *program;  /* of an executable or shared object, else NULL */
    struct object *next;
    uint32_t *slot, *stub; /* layout.c: per symbol, see struct arch_fixup */
    uint64_t got, plt;     /* offset in the block, then run address */
    struct span symbols;
    uint32_t section_count, symbol_count, first_global;
    uint32_t loaded; /* the first section that is, 0 = none */
    uint32_t block;
    uint32_t slot_count, stub_count, trap;
    struct elfin_module *module;
    const struct image *image; /* of an image, else NULL */
    struct object *next_in_block;
    const elfin_input *input;
    struct span file;
    const char *file_name; /* "a.o", or "lib.a(member.o)" */
    const char *archive;   /* base name of its library, or NULL */
    uint64_t offset;       /* of its header in the library */
    uint32_t number;       /* position in the group */
    uint64_t commons_start,
        commons_end;                /* of one whose symbols nobody knows: offsets in its block */
    uint8_t *shared;                /* a bit per page that the host has filled itself, or NULL */
    struct image_slot *image_slots; /* its table of slots, with what is in use */

    /* object.c: proven to lie inside the file */
    uint8_t holds; /* HOLDS_*: what may be among them */
    struct span section_names, symbol_names, extended_indices;
    uint32_t symbol_table; /* section index, 0 = none */
    uint64_t name_budget;  /* see elfin_name_allowed */
    uint64_t table_bytes;  /* of relocation tables and groups: at most the file's size */

    /* record.c */
    const char *version, *description;
    uint32_t module_record, flags_record, init, exit, exports, needs; /* .elfin.*, 0 = none */
    uint32_t state;                                                   /* .elfin.state, likewise */
    uint32_t flags;

    /* symbols.c and scan.c */
    struct sorted *sorted;   /* shards.c: its names by shard */
    uint8_t *exported;       /* per global symbol: an export record names it; NULL: no records */
    uint32_t got_symbol;     /* _GLOBAL_OFFSET_TABLE_, 0 = not mentioned */
    uint32_t handle_symbol;  /* __dso_handle, 0 = not mentioned, or defined by the group */
    struct symbol *finalize; /* __cxa_finalize, when __dso_handle is mentioned */
    uint32_t tls_base;       /* _TLS_MODULE_BASE_, 0 = not mentioned */
    uint32_t tls_get_addr;   /* __tls_get_addr, 0 = not mentioned */
    struct demand *demands, **demands_end; /* in the order of the tables */
    struct demand **last_demand;           /* per symbol; NULL: there are none yet */
    bool has_dead, needs_got, has_indirect, has_tls, has_commons;
    bool asks_sections;   /* a name begins like __start_NAME and __stop_NAME */
    bool knows_tls;       /* it mentions thread-local symbols, or has sections of them */
    bool refers_weakly;   /* some reference is weak */
    uint16_t global_use;  /* all that records do with its global symbols, USE_ANY */
    bool opened;          /* and its symbol table checked, by some CPU */
    bool begun;           /* to be fixed up, perhaps by a CPU that gave up */
    bool has_frames;      /* unwind tables that the host wants */
    uint64_t frame_count; /* FDEs in them */

    /* layout.c, place.c */
    uint32_t in_part[IN_COUNT];         /* first section of each list, 0 = none */
    uint32_t first_slot;                /* no symbol before this one has a slot */
    uint32_t *indirect, indirect_count; /* indirect.c: indices of symbols, ascending */
    uint32_t handle; /* 1 + the slot that is the module's __dso_handle, 0 = none */
    uint64_t near;   /* reach.c: where most of what it refers to lies, */
    uint32_t votes;  /* and by how many more than half of the references */
    uint64_t got_gap, plt_gap;
    uint64_t *value;  /* per symbol: run address */
    uint64_t lowest;  /* run address of what lasts of it, 0: there is nothing */
    uint64_t bytes;   /* of its sections */
    uint8_t *records; /* group.c: the pieces of the group's records that are its own */
    uint64_t record_size, final_count;
    struct linkage_draft *draft; /* linkage.c */

    /* group_symbols.c: indices of the definitions that it provides */
    uint32_t *own, own_count;
    uint64_t own_bytes;          /* of their names, with hashes */
    uint64_t own_start, own_end; /* in the object's records: their own */

    /* tls.c: the block, as in struct elfin_tls */
    uint64_t tls_offset, tls_size, tls_file_size, tls_align;
    uint64_t tls_image; /* of the initial image: offset in the block of memory, then run address */
    uint64_t tls_gap;   /* padding before it */

    /* edges.c: its name's hash; a module of the space has it; whom it uses, each once */
    uint32_t name_hash;
    bool is_taken;
    struct object **uses;
    struct elfin_module **uses_modules;
    uint32_t uses_count, uses_modules_count;
};

struct library_entry {
    const char *name;
    uint64_t offset; /* of the member's header */
};

struct library {
    struct library *next;
    const elfin_input *input;
    const char *name; /* base name of its file: identifies the archive */
    struct span file, long_names;
    struct names index;    /* symbol name -> struct library_entry */
    uint64_t pulled_bytes; /* of members: at most the file's size */
    uint8_t *pulled;       /* a bit for every two bytes of the file: members are 2-aligned */
    uint32_t block;
};

/* Why a block may not begin lower, or higher. No demand: min, max or the end of memory. */
struct bound {
    const struct object *object;
    const struct demand *demand;
};

/* A range of run addresses at which a block may begin, both ends included. */
struct range {
    uint64_t low, high;
    struct bound low_by, high_by;
};

/* The limits of one demand are an arc of the circle of 2^64 addresses, shorter than half of it, so
 * that any number of them meet in one arc: in two ranges if it contains 0. */
enum {
    REACH_MAX = 2
};

struct reach {
    struct range range[REACH_MAX];
    uint32_t count;
};

struct block {
    elfin_region region;
    uint64_t at;
    bool has_at, reserved;
    bool is_program;               /* of one executable or shared object */
    bool is_image;                 /* of one image */
    const elfin_segment *segments; /* of that: its lasting record */
    uint32_t segment_count;
    struct object *first, **end; /* its objects */
    struct gathered *gathered;
    uint64_t size, align, near;
    uint64_t part_offset[ELFIN_PART_COUNT]; /* page-aligned */
    uint64_t part_used[ELFIN_PART_COUNT];   /* bytes; the rest of the last page is padding */
    uint64_t part_filled[ELFIN_PART_COUNT]; /* bytes before the zero-filled tail */
    /* Unwind tables: offsets of their index, and of the zero word behind them; 0 = none. */
    uint64_t unwind_index, unwind_gap, frames_end, frame_count;
    struct reach reach;
};

/* parallel.c */
struct load;
struct crew; /* the CPUs that share the work */
typedef elfin_status (*object_phase)(struct load *load, struct object *object);
typedef elfin_status (*parallel_job)(struct load *load, uint32_t number);
typedef void (*parallel_start)(struct load *load, uint32_t cpu);

/* The signature of a section group that has been kept. */
struct comdat {
    const char *signature;
    struct comdat *next;
};

/* What a replacement adds to a load; see replace.c. */
struct load_hooks {
    elfin_status (*published)(struct load *load); /* before module code runs */
    elfin_status (*finished)(struct load *load);  /* the last step that can fail */
    /* What the replaced group has under the record's name, or, with *waits, waits to have. */
    item (*replaced)(const struct load *load, struct name name, const struct record *record,
                     struct shadow **waits);
    void (*ended)(struct load *load); /* in any case, before anything is given back */
};

/* As in struct object, in the order of use. */
struct load {
    elfin_space *space;
    const elfin_host *host;
    const elfin_options *options; /* never NULL */
    struct object *objects;       /* in input order, then as pulled */
    struct block *blocks;
    elfin_group *group; /* its records have been reserved */
    uint32_t block_count;
    elfin_status status;       /* first problem */
    const struct block *stuck; /* for which there is no address, or no memory */
    struct library *libraries;
    const struct load_hooks *hooks; /* or NULL */
    struct elfin_group *replaces;   /* whose names this load does not see; or NULL */
    struct crew *crew;              /* NULL: there is one CPU */
    struct spare_symbols spare;
    struct arena work;
    elfin_diag *diag; /* the caller's, or NULL */
    struct object **objects_end;
    struct library **libraries_end;
    struct symbol *open; /* undefined names to ask libraries for */
    struct gathered *gathered;
    struct names symbols, comdats, modules;
    struct comdat *first_comdat;
    struct names *shards; /* shards.c: shard_count of them; NULL: all are in `symbols` */
    uint32_t shard_count;
    struct progress *progress; /* in each */
    uint32_t object_count;
    uint8_t apart;         /* how often elfin_apart has divided the objects anew */
    bool has_floating;     /* linked files or images without an address: they are placed first */
    bool is_single;        /* it has one input */
    bool moves;            /* of a replacement: it is elfin_move */
    uint32_t searches;     /* for fields of images, in reports */
    bool alone;            /* nobody but one image will ever ask for what it defines */
    bool unknown_imports;  /* elfin_inspect: nobody knows yet where they lie */
    struct object **order; /* of init */
    bool published;
    uint64_t tls_start, tls_end; /* see struct elfin_group */
    struct index_backup index;   /* undoes the growth of the space's index */
    uint32_t cpus;               /* of the crew; 0: there is none */
    struct object **by_number;   /* for elfin_each_object */
    object_phase object_phase;   /* its phase */
    parallel_job aside;          /* another job, for the CPU that comes first; or NULL */
    struct early *early;         /* early.c: names that enter the index meanwhile; or NULL */
    struct block *own_blocks;    /* reach.c: a copy of all blocks for each CPU */
    uint32_t *users;             /* edges.c: of each object the last that uses it, for each CPU */
    uint64_t *values; /* of the object that is being fixed up: value_count for each CPU */
    uint32_t value_count;
    elfin_diag scratch; /* the one being filled */
};

/* ---- arena.c --------------------------------------------------------------------------------- */

void elfin_arena_init(struct arena *arena, const elfin_host *host);
/* Zeroed, 16-aligned; NULL when the host has no memory, or count * size overflows. */
void *elfin_arena_get(struct arena *arena, uint64_t count, uint64_t size);
/* The same, but not zeroed: all of it will be written before it is read. */
void *elfin_arena_take(struct arena *arena, uint64_t count, uint64_t size);
void elfin_arena_release(struct arena *arena);
/* One reservation that is not for an image. */
elfin_status elfin_reserve_plain(const elfin_host *host, elfin_purpose purpose, uint64_t size,
                                 elfin_region *out);

/* ---- diag.c ---------------------------------------------------------------------------------- */

/* Starts a diagnostic about an object (may be NULL); the caller adds to it and then emits it. */
elfin_diag *elfin_diag_begin(struct load *load, const struct object *object, uint32_t defect);
/* Reports it; the first one is kept for the caller of elfin_load. Returns its status. */
elfin_status elfin_diag_emit(struct load *load);
void elfin_diag_section(elfin_diag *diag, const struct object *object, uint32_t index);
void elfin_diag_offset(elfin_diag *diag, uint64_t file_offset);
void elfin_diag_value(elfin_diag *diag, uint64_t value);
void elfin_diag_limits(elfin_diag *diag, uint64_t low, uint64_t high);
/* Names the symbol, or the section it stands for. */
void elfin_diag_symbol(elfin_diag *diag, const struct object *object, uint32_t symbol);
/* Section, record, type and symbol of one relocation. */
void elfin_diag_relocation(elfin_diag *diag, const struct object *object, uint32_t rela_section,
                           uint64_t record);
/* The common short forms. */
elfin_status elfin_fail(struct load *load, const struct object *object, uint32_t defect);
elfin_status elfin_fail_at(struct load *load, const struct object *object, uint64_t file_offset,
                           uint32_t defect);
elfin_status elfin_fail_section(struct load *load, const struct object *object, uint32_t section,
                                uint32_t defect);
elfin_status elfin_fail_memory(struct load *load, elfin_phase phase, const struct object *object);
void elfin_diag_clear(elfin_diag *diag, uint32_t defect);
/* A bounded copy in bounded time: names in hostile files may be as long as the file. */
void elfin_copy_name(char to[ELFIN_NAME_SIZE], const char *from);
/* A line for the host's log, if it has one, of at least one piece. */
void elfin_log(const elfin_host *host, const char *const *pieces, int count);
/* The module's name, and what is to be said of it. */
void elfin_log_module(const elfin_host *host, const elfin_module *module, const char *text);

/* ---- load.c, parallel.c --------------------------------------------------------------------- */

/*
 * A job is done on one CPU for one number. It gets a load to work with: a copy that belongs to the
 * CPU, with working memory and a diagnostic of its own and nobody to report to, or, when it failed
 * there, once more the load itself. So it must be possible to begin it again, it writes nothing
 * that jobs for other numbers read or write, or else atomically, and it calls no callback of the
 * host. ELFIN_ERR_BUSY: only the calling CPU can do it.
 */

/*
 * The phase for all objects, as if one after the other: if some fail, the calling CPU repeats those
 * in their order, so that all is reported as by one CPU. Stops at the first that returns an error.
 * `start`, or NULL, is called on each CPU, but not for the load itself, to give the CPU's copy what
 * else it needs for itself.
 */
elfin_status elfin_each_object(struct load *load, object_phase phase, parallel_start start);

/* Which of `shards`, a power of two, has the name; the low bits of a hash are the length's. */
static inline uint32_t shard_of(uint32_t hash, uint32_t shards)
{
    return hash >> 8 & (shards - 1);
}

/* This is a CPU's copy, which has no host. */
static inline bool is_worker(const struct load *load)
{
    return !load->work.host;
}

/* CPUs that may work at the same time. */
static inline uint32_t elfin_parallel_cpus(const struct load *load)
{
    return load->cpus ? load->cpus : 1;
}

/* ---- view.c: reading a validated object ------------------------------------------------------ */

const char *elfin_section_name(const struct object *object, uint32_t index);
/* The bytes of a section in the file; empty when it has none. Proven by elfin_object_open. */
struct span elfin_section_bytes(const struct object *object, uint32_t index);
static inline const struct elf_symbol *elf_symbol_at(const struct object *object, uint32_t index)
{
    return (const struct elf_symbol *)(object->symbols.data + index * sizeof(struct elf_symbol));
}
static inline struct elf_symbol elfin_read_symbol(const struct object *object, uint32_t index)
{
    return *elf_symbol_at(object, index);
}
/* The section index of a symbol, extended indices resolved; special ones have SECTION_SPECIAL set.
 */
uint32_t elfin_special_section(const struct object *object, const struct elf_symbol *symbol,
                               uint32_t index);
static inline uint32_t elfin_symbol_section(const struct object *object,
                                            const struct elf_symbol *symbol, uint32_t index)
{
    if (symbol->st_shndx >= SHN_LORESERVE || object->program)
        return elfin_special_section(object, symbol, index);
    return symbol->st_shndx;
}
const char *elfin_symbol_name(const struct object *object, const struct elf_symbol *symbol);
static inline bool elfin_is_common(uint32_t section)
{
    return section == (SECTION_SPECIAL | SHN_COMMON) ||
           section == (SECTION_SPECIAL | SHN_X86_64_LCOMMON);
}
/*
 * Once placed the run address, after layout the offset in the block, of what the object's symbol
 * table defines. Of an indirect function it is that of its stub. Not for COMMON, which lies where
 * the group's symbol says.
 */
uint64_t elfin_own_address(const struct object *object, uint32_t index);
/* The object that defines what the symbol is bound to; NULL: an import, an absolute value, 0. */
const struct object *elfin_definer(const struct object *object, uint32_t index);
/*
 * Hostile string tables let many symbols share one long name: what is hashed is limited
 * to a few times the size of the table. False when the name would exceed that, or 4 GiB.
 */
bool elfin_name_allowed(struct object *object, const char *name, uint32_t *length);
/* The same for one that has been measured. */
bool elfin_name_charge(struct object *object, uint32_t length);
/* The part of a path after its last slash or backslash. */
const char *elfin_base_name(const char *path);

/* ---- load.c ---------------------------------------------------------------------------------- */

/* elfin_load, with hooks and replaces of *load filled in. */
elfin_status elfin_load_run(struct load *load, elfin_space *space, const elfin_input *inputs,
                            size_t count, const elfin_options *options, elfin_group **out,
                            elfin_diag *diag);
elfin_status elfin_refuse_call(elfin_diag *diag, elfin_status status);
/* That load->stuck has no place, and what limits it, if the host wants reasons. load->status. */
elfin_status elfin_report_stuck(struct load *load);

/* ---- Phases, in their order ------------------------------------------------------------------ */

/* object.c: headers, sections, string tables, COMDAT groups. */
elfin_status elfin_object_open(struct load *load, struct object *object);

/* sections.c: one pass over the section table, deciding what each section is. */
elfin_status elfin_sections_open(struct load *load, struct object *object, struct span headers);
/* Before all that the list of loaded sections has so far. */
static inline void add_loaded(struct object *object, uint32_t index)
{
    object->sections[index].loaded = object->loaded;
    object->loaded = index;
}

/* For who has made the sections: the list, and that there may be all kinds. */
static inline void list_loaded(struct object *object)
{
    object->holds = HOLDS_ANY;
    for (uint32_t i = object->section_count; --i > 0;)
        if (object->sections[i].part != PART_NONE)
            add_loaded(object, i);
}

enum section_named elfin_section_named(const char *name);

/* comdat.c: SHT_GROUP. enter: *lost says whether an earlier group has the signature. */
elfin_status elfin_comdat_enter(struct load *load, const struct object *object,
                                const char *signature, bool *lost);

/* record.c: what the module says of itself; its name. */
elfin_status elfin_record_open(struct load *load, struct object *object);
bool elfin_is_module_name(const char *name);
/* One section of records. */
elfin_status elfin_record_read(struct load *load, struct object *object, uint32_t index);

/* symbols.c: checks the symbol table; needs nothing but the object. */
elfin_status elfin_symbols_check(struct load *load, struct object *object);
elfin_status elfin_bad_symbol(struct load *load, const struct object *object, uint32_t index,
                              uint32_t defect);

/* enter.c: how many of its global symbols have names that others may mean. */
uint32_t elfin_count_named(const struct load *load, const struct object *object);
/* Enters the global names into the group's. */
elfin_status elfin_symbols_enter(struct load *load, struct object *object);
/*
 * The pieces of that, for shards: makes room for names, and reports about the object's symbol that
 * there is none; enters the number-th global symbol that has a key; enters FINALIZE_NAME, which an
 * object with a handle_symbol needs.
 */
enum {
    SYMBOLS_AHEAD = 12 /* symbols for which the table is fetched before it is searched */
};
#define FINALIZE_NAME "__cxa_finalize"
elfin_status elfin_symbols_make_room(struct load *load, const struct object *object, uint32_t index,
                                     uint64_t names);
elfin_status elfin_symbol_enter(struct load *load, struct object *object, uint32_t number,
                                struct symbol **entered);
elfin_status elfin_symbols_finalize(struct load *load, struct object *object);
/* The group's symbol of that name, made on first mention: that of the object's index-th; `more`
 * names will be asked for at most. NULL: see elfin_enter_failure. */
struct symbol *elfin_enter_name(struct load *load, struct object *object, uint32_t index,
                                const struct name *name, uint32_t more);
/* Why there is no symbol: the table has no place for its name, or there is no memory. */
static inline elfin_status elfin_enter_failure(const struct load *load)
{
    return load->spare.count ? ELFIN_ERR_LIMIT : load->work.status;
}
struct symbol *elfin_find_symbol(const struct load *load, struct name name);
/* All symbols that the object mentions and that are in one state get into another. */
void elfin_symbols_change(const struct object *object, enum symbol_state from,
                          enum symbol_state to);

/* archive.c: one library; pull.c */
void elfin_library_refer(struct load *load, struct symbol *symbol, const struct object *object,
                         bool weak);
elfin_status elfin_library_pull(struct load *load);
elfin_status elfin_member_rename(struct load *load, struct object *object);

/* inputs.c: objects, libraries and blocks of the inputs; opening one object and appending it. */
elfin_status elfin_inputs_open(struct load *load, const elfin_input *inputs, size_t count);
elfin_status elfin_load_add(struct load *load, struct object *object);
/* Its two halves, but for the names. */
elfin_status elfin_input_open(struct load *load, struct object *object);
void elfin_input_append(struct load *load, struct object *object);

/* scan.c */
elfin_status elfin_scan(struct load *load, struct object *object);
/* What the machine's part has to know of the object, and then of one of its relocation tables. */
struct arch_scan elfin_scan_begin(const struct load *load, const struct object *object);
void elfin_scan_aim(struct arch_scan *scan, const struct object *object, uint32_t table);
static inline struct arch_scan elfin_scan_table(const struct load *load,
                                                const struct object *object, uint32_t table)
{
    struct arch_scan scan = elfin_scan_begin(load, object);

    elfin_scan_aim(&scan, object, table);
    return scan;
}

/* resolve.c, edges.c */
elfin_status elfin_resolve(struct load *load);
/* What the symbol would be bound to; 0: nothing. */
item elfin_find_import(const struct load *load, const struct symbol *symbol);
/* See struct elfin_archives. */
item elfin_find_private(const struct load *load, const struct symbol *symbol);
bool elfin_ask_host(const struct load *load, struct symbol *symbol);
/* A module of the space by its name, 0: there is none that the load sees. */
item elfin_find_module_item(const struct load *load, struct name name);
/* A module of this name is loaded, or will be with this group. */
bool elfin_is_taken(const struct load *load, struct name name);
/* Module names; all modules that are needed and missing are reported. */
elfin_status elfin_needs(struct load *load);
/* Before it, for each object: what of its name needs no other object. */
void elfin_note_name(const struct load *load, struct object *object);
elfin_status elfin_edges(struct load *load);
/* Each once. */
void elfin_add_used(struct load *load, struct object *user, struct object *used);
void elfin_add_used_module(struct object *user, struct elfin_module *used);
/* needs.c: adds what the object needs to what it uses; reports what is missing. */
void elfin_add_needs(struct load *load, struct object *object);
void elfin_check_needs(struct load *load, struct object *object);
/* The names that ELFIN_NEEDS or DT_NEEDED give, one by one; *at begins as 0. NULL at the end. */
const char *elfin_next_need(const struct object *object, uint64_t *at);

/* False for what is no indirect function, or an overridden one. */
bool elfin_indirect_stub(const struct object *object, uint32_t index, uint64_t *address);

/* tls.c */
enum tls_kind {
    TLS_KIND_ANY, /* no symbol, or undefined and weak: 0 as either */
    TLS_KIND_ADDRESS,
    TLS_KIND_OFFSET
};
enum tls_kind elfin_tls_kind(const struct object *object, uint32_t index);
/* Its offset from the thread pointer; of a symbol that is TLS_KIND_OFFSET or TLS_KIND_ANY. */
uint64_t elfin_tls_offset(const struct object *object, uint32_t index);
/* Lays out the object's block: section addresses are offsets in it. Before layout. */
elfin_status elfin_tls_measure(struct load *load, struct object *object);
/* Once all are laid out: whether anything is thread-local. */
bool elfin_has_tls(const struct load *load);
/* If so: holds every record against its symbol, once offsets are known. */
elfin_status elfin_tls_check(struct load *load);

/* layout.c: of all blocks that are not reserved; may be called again when elfin_apart made others.
 */
elfin_status elfin_layout(struct load *load);

/* demand.c; elfin_demand_add (arch.h) gets one of these as its context. */
struct demand_taker {
    struct load *load;
    struct object *object;
    uint32_t table;
};

/* Where a symbol lies: at an offset in a block (from layout on), or at an address (block NULL). */
struct target {
    const struct block *block;
    uint64_t value;
};
struct target elfin_locate(const struct load *load, const struct object *object, uint32_t index);

/*
 * What a demand speaks of is the run address of one block, minus that of another, plus a number:
 * the blocks that are NULL are not in it. Blocks with an address of their own are in the number.
 */
struct measure {
    const struct block *plus, *minus;
    uint64_t number; /* without k */
};
struct measure elfin_measure(const struct load *load, const struct object *object, uint32_t table,
                             uint32_t symbol, uint8_t term);

/* reach.c */

/* Adds to *result what of the reach lies in [low, high]. */
void elfin_reach_cut(struct reach *result, const struct reach *reach, uint64_t low, uint64_t high,
                     struct bound by);

/* Whether k from least to most all lie in the field's window, given the rest of the value. */
bool elfin_fits(uint64_t number, int64_t least, int64_t most, uint64_t low, uint64_t span);
/*
 * Computes where each block may begin. ELFIN_ERR_RANGE, all reported: fixups that no placement can
 * satisfy; not reported if the objects have been divided, since together they could.
 * ELFIN_ERR_REACH, not reported: load->stuck has no address.
 */
elfin_status elfin_reach(struct load *load);

/* Its pieces, for one block: between min and max; one demand; the objects' wish; the rest. */
void elfin_reach_begin(struct block *block, const elfin_options *options);
void elfin_reach_constrain(struct block *block, const struct measure *m, struct bound by);
void elfin_reach_vote(const struct load *load, struct object *object);
elfin_status elfin_reach_end(struct load *load, struct block *block);

/* One field that demands something: its record; of an image nothing. True if it was reported. */
typedef bool demand_fn(struct load *load, const struct object *object, uint32_t table,
                       uint64_t record, const struct arch_demand *demand, void *ctx);

/* place.c: ELFIN_ERR_MEMORY, not reported: there is none for load->stuck where it may lie. */
elfin_status elfin_place(struct load *load);
void elfin_report_no_memory(struct load *load);
/* All blocks that have an address. */
elfin_status elfin_place_all_at(struct load *load);
/* One block, to begin somewhere from first to last. ELFIN_ERR_MEMORY is not reported here. */
elfin_status elfin_place_in(struct load *load, struct block *block, uint64_t first, uint64_t last);
elfin_status elfin_place_refused(struct load *load, const struct block *block, uint64_t low,
                                 uint64_t high, uint32_t defect);

/* reach_place.c: before reach.c, of a group with linked files or images that have no address. */
elfin_status elfin_place_first(struct load *load);
/* One block, in its reach. */
elfin_status elfin_place_block(struct load *load, struct block *block);
/* All that have neither address nor memory. */
elfin_status elfin_place_floating(struct load *load);

/* group.c: the lasting records. */
elfin_status elfin_group_create(struct load *load);

/* fixup.c */
elfin_status elfin_fixup(struct load *load);

/* unload.c: what the host was told of the group is undone. */
void elfin_detach(const elfin_host *host, elfin_group *group);

/* protect.c */
elfin_status elfin_protect(struct load *load);
elfin_status elfin_protect_after_init(struct load *load);

/*
 * published.c: the group's names, of which *shadowed are others' already; not reported, on failure
 * some of them are there. publish.c: all that makes the group visible.
 */
elfin_status elfin_publish_names(const struct load *load, uint64_t *shadowed);
elfin_status elfin_publish(struct load *load);
void elfin_withdraw(elfin_space *space, elfin_group *group);
/* The names of the published group take the places of those of the one that it replaces. */
void elfin_publish_instead(struct load *load);

/* query.c */
elfin_status elfin_look_up(const elfin_space *space, const char *name, bool tls,
                           struct definition *out);

/* space.c */
elfin_status elfin_export_rows(elfin_space *space, const elfin_export *exports, size_t count,
                               enum item_kind kind);

/* order.c, init.c: see struct elfin_starting */
elfin_status elfin_init_order(struct load *load);
elfin_status elfin_init_run(struct load *load);
/* Its second half: all but the resolvers. */
elfin_status elfin_init_modules(struct load *load);
void elfin_final_run(const elfin_host *host, elfin_group *group);
/*
 * Calls the resolver of an indirect function: text is executable, slots are still writable. The
 * name is for the report and may be empty. *target is not 0 on success.
 */
elfin_status elfin_call_resolver(struct load *load, const struct object *object, const char *name,
                                 uint64_t resolver, uint64_t *target);
/* For a program's own: a call into a module's code, its failure reported; a call at unload. */
elfin_status elfin_init_call(struct load *load, const struct object *object, elfin_entry entry,
                             uint64_t address);
void elfin_init_final(struct load *load, const struct object *object, elfin_entry entry,
                      uint64_t address, uint64_t from);
/* Any call into module code, through the host if it wants. */
elfin_status elfin_call_module(const elfin_host *host, const elfin_call *c, uint64_t *result);

/* ---- Small helpers --------------------------------------------------------------------------- */

/* Of something that jobs on several CPUs may set at the same time. */
static inline void set_flag(bool *flag)
{
    if (!__atomic_load_n(flag, __ATOMIC_RELAXED))
        __atomic_store_n(flag, true, __ATOMIC_RELAXED);
}

static inline const char *record_name(const struct record *record)
{
    return (const char *)record + record->name;
}

static inline struct elfin_module *record_module(const struct record *record)
{
    return (struct elfin_module *)((uintptr_t)record - record->module);
}

static inline uint64_t round_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

/* The load keeps what binding imports anew needs. */
static inline bool keeps_linkage(const struct load *load)
{
    return load->options->flags & ELFIN_LOAD_REBIND;
}

static inline struct name symbol_name(const struct symbol *symbol)
{
    return (struct name){ .text = symbol->name, .hash = symbol->hash };
}

/* Nothing that the object defines is found by other groups. */
static inline bool is_private(const struct load *load, const struct object *object)
{
    return load->options->flags & ELFIN_LOAD_PRIVATE ||
           (object->input->image && !(load->options->flags & ELFIN_LOAD_PUBLISH));
}

/* Where to write what will be at a run address of the object's block. */
static inline uint8_t *edit_at(const struct load *load, const struct object *object,
                               uint64_t address)
{
    const elfin_region *region = &load->blocks[object->block].region;

    return (uint8_t *)region->edit + (address - region->run);
}

/* Zero-filled data comes after all other data of a block, so that it needs no bytes in an image. */
static inline bool is_tail(const struct section *section)
{
    return section->part == ELFIN_PART_DATA && section->type == SHT_NOBITS && !section->gathered;
}

/* What only init needs is gone when others could bind to it. */
static inline bool is_lasting(const struct section *section)
{
    return section->part != PART_NONE && section->part != ELFIN_PART_INIT_TEXT &&
           section->part != ELFIN_PART_INIT_DATA;
}

/* __start_NAME or __stop_NAME of sections of the group. */
static inline bool is_section_end(const struct symbol *symbol)
{
    return symbol && (symbol->state == SYMBOL_START || symbol->state == SYMBOL_STOP);
}

static inline uint64_t section_end(const struct symbol *symbol)
{
    const struct section *section = &symbol->object->sections[symbol->index];

    return section->address + (symbol->state == SYMBOL_STOP ? section->size : 0);
}

/* What signed 32-bit offsets reach below the thread pointer. */
#define TLS_SIZE_LIMIT ((uint64_t)2 << 30)

static inline bool is_tls(const struct section *section)
{
    return section->flags & SHF_TLS && section->part != PART_NONE;
}

/* Where to begin a walk over the loaded sections that is after thread-local ones. */
static inline uint32_t first_tls(const struct object *object)
{
    return object->holds & HOLDS_TLS ? object->loaded : 0;
}

/* Thread-local and zero at first: it takes no memory of the module. */
static inline bool is_tls_zero(const struct section *section)
{
    return is_tls(section) && section->type == SHT_NOBITS;
}

/* What the values of symbols in the section count from. */
static inline uint64_t section_base(const struct object *object, uint32_t section)
{
    uint64_t address = object->sections[section].address;

    if (is_tls(&object->sections[section]))
        return address - object->tls_image + object->tls_offset;
    return address;
}

/* An unwind table that the host wants. */
static inline bool elfin_is_frames(const struct load *load, const struct section *section)
{
    return load->host->unwind_add && section->named == NAMED_FRAMES &&
           section->type != SHT_NOBITS && !(section->flags & (SHF_EXECINSTR | SHF_TLS));
}

/* The object's symbol at `index` is what this one is about. */
static inline bool is_home(const struct symbol *symbol, const struct object *object, uint32_t index)
{
    return symbol->index == index && symbol->object == object;
}

/* Of all symbols of the load. */
static inline uint64_t symbol_bytes(const struct load *load)
{
    return sizeof(struct symbol) + (load->libraries ? sizeof(struct library_symbol) : 0);
}

/* Of the number-th global symbol, which has not been entered. */
static inline struct symbol_key symbol_key(const struct object *object, uint32_t number)
{
    struct symbol_key key;

    __builtin_memcpy(&key, &object->global[number], sizeof(key));
    return key;
}

static inline bool is_dead_section(const struct object *object, uint32_t section)
{
    return section != SHN_UNDEF && !(section & SECTION_SPECIAL) &&
           object->sections[section].part == PART_NONE;
}

/*
 * Lies in a section of the object for certain: whoever refers to it needs no proof. What indirect
 * functions and thread-local data are used for has to be known all the same.
 */
static inline bool is_inner_symbol(const struct object *object, const struct elf_symbol *symbol,
                                   uint32_t section)
{
    return !(section & SECTION_SPECIAL) && symbol->st_value <= object->sections[section].size &&
           elf_symbol_type(symbol) != STT_GNU_IFUNC && !is_tls(&object->sections[section]);
}

static inline bool is_hidden(const struct symbol *symbol)
{
    return symbol->visibility == STV_HIDDEN || symbol->visibility == STV_INTERNAL;
}

/* The object's index-th symbol is the COMMON definition that the group's symbol got. */
static inline bool is_own_common(const struct object *object, uint32_t index)
{
    const struct symbol *symbol = object->global[index - object->first_global];

    return symbol && symbol->state == SYMBOL_COMMON && symbol->object == object &&
           symbol->index == index;
}

/* Of an object with a handle: its __dso_handle. */
static inline uint64_t handle_address(const struct object *object)
{
    return object->got + ARCH_SLOT_SIZE * (uint64_t)(object->handle - 1);
}

/* A symbol that the loader makes for the object: its slots' address, or its handle. */
static inline bool is_made(const struct object *object, uint32_t index)
{
    return index && (index == object->got_symbol || index == object->handle_symbol);
}

static inline uint64_t made_address(const struct object *object, uint32_t index)
{
    return index == object->got_symbol ? object->got : handle_address(object);
}

static inline bool is_power_of_two(uint64_t value)
{
    return value && !(value & (value - 1));
}

#endif
