/* SPDX-License-Identifier: MIT */
/*
 * Everything that can be wrong, as one table. The loader passes numbers around; the sentences are
 * expanded in diag_text.c only, which a host without a console need not link.
 */
#ifndef LOADER_DEFECTS_H
#define LOADER_DEFECTS_H

#include <elfin/elfin.h>

/*
 * X(NAME, status, phase, detail, HINT). Where a sentence is "", the status says it all; HINT is one
 * of the list below. A status that is not known before stands here as the most likely one, see
 * defect_as.
 */
#define DEFECT_LIST(X)                                                                             \
    X(WORKING_MEMORY, ERR_MEMORY, NONE, "for working memory", NONE)                                \
    X(ARCHIVE_MAGIC, ERR_ARCHIVE, OBJECT, "its magic number is wrong", NONE)                       \
    X(ARCHIVE_LONG_NAME, ERR_ARCHIVE, OBJECT, "a long member name is out of range", NONE)          \
    X(ARCHIVE_NAME, ERR_ARCHIVE, OBJECT, "a member name is malformed", NONE)                       \
    X(ARCHIVE_HEADER_CUT, ERR_ARCHIVE, OBJECT, "a member header is cut off", NONE)                 \
    X(ARCHIVE_HEADER_END, ERR_ARCHIVE, OBJECT, "a member header has no end mark", NONE)            \
    X(ARCHIVE_SIZE, ERR_ARCHIVE, OBJECT, "a member's size is no number", NONE)                     \
    X(ARCHIVE_MEMBER_CUT, ERR_ARCHIVE, OBJECT, "a member is cut off", NONE)                        \
    X(ARCHIVE_INDEX_OBJECT, ERR_ARCHIVE, OBJECT, "the symbol index names no object", NONE)         \
    X(SEGMENT_SIZES, ERR_SEGMENT, OBJECT, "its p_filesz is larger than its p_memsz", NONE)         \
    X(SEGMENT_WRAPS, ERR_SEGMENT, OBJECT, "it does not fit into the address space", NONE)          \
    X(SEGMENT_ALIGN, ERR_SEGMENT, OBJECT, "its p_align is not a power of two", NONE)               \
    X(SEGMENT_CONGRUENCE, ERR_SEGMENT, OBJECT,                                                     \
      "its p_vaddr and p_offset differ by more than multiples of p_align", NONE)                   \
    X(SEGMENT_OVERLAP, ERR_SEGMENT, OBJECT, "it overlaps the segment before it", NONE)             \
    X(SEGMENT_ORDER, ERR_SEGMENT, OBJECT, "segments are not in ascending order", NONE)             \
    X(SEGMENT_WRITE_EXEC, ERR_WRITE_EXEC, OBJECT, "", SEPARATE_RIGHTS)                             \
    X(TEXTREL, ERR_TEXTREL, SCAN, "", FPIC_TEXT)                                                   \
    X(DYNAMIC_VERSION, ERR_RELOCATION, SCAN,                                                       \
      "its symbol is an indirect function of another than the default version", NONE)              \
    X(DYNAMIC_RESOLVER, ERR_RELOCATION, SCAN, "its resolver lies in no executable segment", NONE)  \
    X(DYNAMIC_COPY, ERR_RELOCATION_TYPE, SCAN,                                                     \
      "it copies a variable out of a shared object into the executable", DIRECT_ACCESS)            \
    X(DYNAMIC_TLS, ERR_TLS, SCAN, "it uses thread-local storage", EMULATED_TLS)                    \
    X(DYNAMIC_TYPE, ERR_RELOCATION_TYPE, SCAN,                                                     \
      "this type does not occur in files linked for 64 bits", FPIC)                                \
    X(SYMBOL_HASH, ERR_LIMIT, OBJECT, "too many names have the same hash", NONE)                   \
    X(SYMBOL_MEMORY, ERR_MEMORY, OBJECT, "for working memory", NONE)                               \
    X(DUPLICATE, ERR_DUPLICATE, RESOLVE, "", RENAME_SYMBOL)                                        \
    X(NEED, ERR_NEEDS, RESOLVE, "", LOAD_NEEDED)                                                   \
    X(MODULE_NAME, ERR_MODULE_NAME, RESOLVE, "", RENAME_MODULE)                                    \
    X(UNDEFINED, ERR_UNDEFINED, RESOLVE, "", LOAD_FIRST)                                           \
    X(UNDEFINED_FINALIZE, ERR_UNDEFINED, RESOLVE,                                                  \
      "it undoes at unload what the module gives to __cxa_atexit", LOAD_FIRST)                     \
    X(HIDDEN, ERR_HIDDEN, RESOLVE, "", DEFINE_HIDDEN)                                              \
    X(HIDDEN_FINALIZE, ERR_HIDDEN, RESOLVE,                                                        \
      "it undoes at unload what the module gives to __cxa_atexit", DEFINE_HIDDEN)                  \
    X(TLS_NO_ADDRESS, ERR_TLS, RESOLVE, "its symbol is thread-local and has no address", TLS_BOTH) \
    X(TLS_ONLY, ERR_TLS, RESOLVE, "it is for thread-local variables, which its symbol is not",     \
      TLS_BOTH)                                                                                    \
    X(TLS_OFFSET, ERR_RANGE, RESOLVE, "the offset from the thread pointer does not fit 32 bits",   \
      NONE)                                                                                        \
    X(TLS_CALL, ERR_TLS, SCAN,                                                                     \
      "the code around it is no call of __tls_get_addr that the psABI describes", NONE)            \
    X(TLS_CALL_MISSING, ERR_TLS, SCAN, "the record of its call of __tls_get_addr is missing",      \
      NONE)                                                                                        \
    X(TLS_CALL_RECORD, ERR_TLS, SCAN, "the next record is not that of its call of __tls_get_addr", \
      NONE)                                                                                        \
    X(TLS_CALL_OTHER, ERR_TLS, SCAN, "it calls something else than __tls_get_addr", NONE)          \
    X(TLS_LEA, ERR_TLS, SCAN, "the code around it is not the lea that the psABI describes", NONE)  \
    X(TLS_DESC_CALL, ERR_TLS, SCAN,                                                                \
      "the code at it is not the call *(%rax) that the psABI describes", NONE)                     \
    X(FIELD_RANGE, ERR_RANGE, FIXUP, "the value does not fit the field", NONE)                     \
    X(PROTECT, ERR_PROTECT, PROTECT, "", NONE)                                                     \
    X(RESOLVER_ZERO, ERR_RESOLVER, INIT, "", NONE)                                                 \
    X(RESOLVER_CALL, ERR_CALL, INIT, "the resolver of an indirect function", NONE)                 \
    X(INIT_ERROR, ERR_INIT, INIT, "it returned an error number", NONE)                             \
    X(INIT_CALL, ERR_CALL, INIT, "", NONE)                                                         \
    X(IN_USE, ERR_IN_USE, UNLOAD, "", UNLOAD_USERS)                                                \
    X(NO_THREADS, ERR_TLS, OBJECT, "the host takes nothing that is thread-local", THREADS)         \
    X(NO_THREADS_USE, ERR_TLS, SCAN, "the host takes nothing that is thread-local", THREADS)       \
    X(NO_STARTING, ERR_TYPE, OBJECT, "its functions would have to be called", STARTING)            \
    X(NO_RECORDS, ERR_TYPE, OBJECT, "the host does not read records of elfin/module.h", RECORDS)   \
    X(NO_WAITING, ERR_DUPLICATE, PUBLISH, "another group or the host exports it", WAITING)         \
    X(NO_COMDATS, ERR_TYPE, OBJECT, "the host does not take section groups", COMDATS)              \
    X(NO_INDIRECTS, ERR_TYPE, OBJECT, "it is an indirect function, which the host does not take",  \
      INDIRECTS)                                                                                   \
    X(NO_SLOTS, ERR_TYPE, SCAN, "it takes a slot or a stub, which the host does not make", SLOTS)  \
    X(NO_SLOTS_WEAK, ERR_TYPE, SCAN,                                                               \
      "branches to it take a stub, in case nobody defines it, which the host does not make",       \
      SLOTS)                                                                                       \
    X(NO_REACH, ERR_REACH, RESOLVE, "", NONE)                                                      \
    X(DEMAND, OK, SCAN, "", NONE)                                                                  \
    X(BOUND, OK, RESOLVE, "", NONE)                                                                \
    X(NO_OBJECT, ERR_ARGUMENT, OBJECT, "the load has no object", NONE)                             \
    X(IS_EXECUTABLE, ERR_TYPE, OBJECT,                                                             \
      "this is an executable (ET_EXEC), and the host takes objects only", PROGRAMS)                \
    X(IS_SHARED, ERR_TYPE, OBJECT,                                                                 \
      "this is a shared object or position-independent executable (ET_DYN), and the host takes "   \
      "objects only",                                                                              \
      PROGRAMS)                                                                                    \
    X(IS_CORE, ERR_TYPE, OBJECT, "this is a core dump (ET_CORE)", NONE)                            \
    X(E_TYPE, ERR_TYPE, OBJECT, "its e_type is unknown", NONE)                                     \
    X(IS_THIN_ARCHIVE, ERR_ARCHIVE, OBJECT, "it is a thin archive: its members are elsewhere",     \
      NOT_THIN)                                                                                    \
    X(IS_ARCHIVE, ERR_ARCHIVE, OBJECT, "it is an archive, not an object", NONE)                    \
    X(IS_BITCODE, ERR_NOT_ELF, OBJECT, "it is LLVM bitcode", NO_LTO)                               \
    X(MAGIC, ERR_NOT_ELF, OBJECT, "its magic number is wrong", NONE)                               \
    X(EMPTY, ERR_TRUNCATED, OBJECT, "the file is empty", NONE)                                     \
    X(HEADER_CUT, ERR_TRUNCATED, OBJECT, "the ELF header is cut off", NONE)                        \
    X(IS_32_BIT, ERR_CLASS, OBJECT, "this is a 32-bit object", M64)                                \
    X(EI_CLASS, ERR_HEADER, OBJECT, "its EI_CLASS is unknown", NONE)                               \
    X(IS_BIG_ENDIAN, ERR_ENDIAN, OBJECT, "this is a big-endian object", NONE)                      \
    X(EI_DATA, ERR_HEADER, OBJECT, "its EI_DATA is unknown", NONE)                                 \
    X(EI_VERSION, ERR_HEADER, OBJECT, "its EI_VERSION is unknown", NONE)                           \
    X(E_MACHINE, ERR_MACHINE, OBJECT, "its e_machine is not EM_X86_64", NONE)                      \
    X(E_VERSION, ERR_HEADER, OBJECT, "its e_version is unknown", NONE)                             \
    X(E_EHSIZE, ERR_HEADER, OBJECT, "its e_ehsize is not 64", NONE)                                \
    X(NO_SECTIONS, ERR_HEADER, OBJECT, "it has no section header table", NONE)                     \
    X(E_SHENTSIZE, ERR_HEADER, OBJECT, "its e_shentsize is not 64", NONE)                          \
    X(SECTIONS_CUT, ERR_TRUNCATED, OBJECT, "the section header table lies outside the file", NONE) \
    X(E_SHNUM, ERR_HEADER, OBJECT, "its number of sections is wrong", NONE)                        \
    X(E_SHSTRNDX, ERR_HEADER, OBJECT, "its e_shstrndx is out of range", NONE)                      \
    X(E_SHSTRNDX_TYPE, ERR_HEADER, OBJECT, "e_shstrndx names no string table", NONE)               \
    X(SECTION_NAMES_CUT, ERR_TRUNCATED, OBJECT, "the section name table lies outside the file",    \
      NONE)                                                                                        \
    X(SECTION_NAMES_END, ERR_HEADER, OBJECT, "the section name table does not end with a NUL",     \
      NONE)                                                                                        \
    X(SECTION_NAME, ERR_SECTION, OBJECT, "its name is out of range", NONE)                         \
    X(SECTION_CUT, ERR_TRUNCATED, OBJECT, "the section lies outside the file", NONE)               \
    X(SH_ENTSIZE, ERR_SECTION, OBJECT, "its sh_entsize is not 24", NONE)                           \
    X(SH_ADDRALIGN, ERR_SECTION, OBJECT, "its sh_addralign is not a power of two", NONE)           \
    X(SECTION_TLS, ERR_SECTION_KIND, OBJECT, "only plain data can be thread-local", NONE)          \
    X(SECTION_COMPRESSED, ERR_COMPRESSED, OBJECT, "its bytes are needed as they are", NONE)        \
    X(SECTION_WRITE_EXEC, ERR_WRITE_EXEC, OBJECT, "split it into code and data", NONE)             \
    X(INIT_ARRAY_SIZE, ERR_SECTION, OBJECT, "its size is no multiple of an address", NONE)         \
    X(OLD_CONSTRUCTORS, ERR_SECTION_KIND, OBJECT,                                                  \
      "constructors and destructors must be in init and fini arrays", NONE)                        \
    X(SYMBOLS_TWICE, ERR_SECTION, OBJECT, "it is a second symbol table", NONE)                     \
    X(TABLE_SIZE, ERR_SECTION, OBJECT, "its size is no multiple of sh_entsize", NONE)              \
    X(SYMBOLS_INFO, ERR_SECTION, OBJECT, "its sh_info is larger than the number of symbols", NONE) \
    X(SYMBOLS_STRINGS, ERR_SECTION, OBJECT, "its sh_link names no string table", NONE)             \
    X(STRINGS_END, ERR_SECTION, OBJECT, "the string table does not end with a NUL", NONE)          \
    X(SYMBOLS_EXTENDED, ERR_SECTION, OBJECT, "it does not match the symbol table", NONE)           \
    X(RELA_INFO, ERR_SECTION, OBJECT, "its sh_info is out of range", NONE)                         \
    X(SECTION_REL, ERR_REL, OBJECT, "x86-64 objects have SHT_RELA sections", NONE)                 \
    X(RELA_LINK, ERR_SECTION, OBJECT, "its sh_link does not name the symbol table", NONE)          \
    X(RELA_NOBITS, ERR_SECTION, OBJECT, "it applies to a section without bytes", NONE)             \
    X(TABLES_OVERLAP, ERR_SECTION, OBJECT, "tables overlap", NONE)                                 \
    X(SH_LINK, ERR_SECTION, OBJECT, "its sh_link is out of range", NONE)                           \
    X(GROUP_MEMORY, ERR_MEMORY, OBJECT, "for section group signatures", NONE)                      \
    X(GROUP_SIZE, ERR_SECTION, OBJECT, "the group's size is wrong", NONE)                          \
    X(GROUP_SIGNATURE, ERR_SECTION, OBJECT, "the group's signature is no symbol", NONE)            \
    X(GROUP_NAMES_OVERLAP, ERR_SECTION, OBJECT, "the names of the symbol table overlap too much",  \
      NONE)                                                                                        \
    X(GROUP_MEMBER, ERR_SECTION, OBJECT, "a member's section index is out of range", NONE)         \
    X(RECORD_TWICE, ERR_RECORD, OBJECT, "there are two sections of this name", RECORD_MACROS)      \
    X(RECORD_COUNT, ERR_RECORD, OBJECT, "the section does not hold exactly one record",            \
      RECORD_MACROS)                                                                               \
    X(RECORD_REVISION, ERR_RECORD, OBJECT, "the record's size or revision is unknown",             \
      RECORD_MACROS)                                                                               \
    X(RECORD_STRING, ERR_RECORD, OBJECT,                                                           \
      "a string in the record does not end, or holds control characters", RECORD_MACROS)           \
    X(RECORD_NAME, ERR_RECORD, OBJECT, "the name is not printable ASCII without spaces",           \
      RECORD_MACROS)                                                                               \
    X(RECORD_SIZE, ERR_RECORD, OBJECT, "the section's size is wrong", RECORD_MACROS)               \
    X(RECORD_FLAGS, ERR_RECORD, OBJECT, "the module asks for something unknown", RECORD_MACROS)    \
    X(RECORD_NO_BYTES, ERR_RECORD, OBJECT, "the section has no bytes", RECORD_MACROS)              \
    X(RECORD_NEEDS_END, ERR_RECORD, OBJECT, "the last name does not end", RECORD_MACROS)           \
    X(NO_MODULE_NAME, ERR_ARGUMENT, OBJECT, "the file's name gives the module no name", NONE)      \
    X(INDIRECT_ABSOLUTE, ERR_SYMBOL, OBJECT, "it is an indirect function, but lies in no section", \
      NONE)                                                                                        \
    X(INDIRECT_DATA, ERR_SYMBOL, OBJECT,                                                           \
      "it is an indirect function, but lies in a section without code", NONE)                      \
    X(INDIRECT_PAST, ERR_SYMBOL, OBJECT,                                                           \
      "it is an indirect function, but its resolver lies past the section", NONE)                  \
    X(SYMBOL_NAME, ERR_SYMBOL, OBJECT, "its name is out of range", NONE)                           \
    X(SYMBOL_SECTION, ERR_SYMBOL, OBJECT, "its section index is out of range", NONE)               \
    X(SYMBOL_ORDER, ERR_SYMBOL, OBJECT,                                                            \
      "local symbols and others do not meet at the symbol table's sh_info", NONE)                  \
    X(SYMBOL_LOCAL_UNDEFINED, ERR_SYMBOL, OBJECT, "it is local but not defined", NONE)             \
    X(SYMBOL_BINDING, ERR_SYMBOL, OBJECT, "its binding is unknown", NONE)                          \
    X(SYMBOL_NAMELESS, ERR_SYMBOL, OBJECT, "it is global but has no name", NONE)                   \
    X(SYMBOL_LINKED_COMMON, ERR_SYMBOL, OBJECT, "it is COMMON in a linked file", NONE)             \
    X(SYMBOL_ALIGNMENT, ERR_SYMBOL, OBJECT, "its alignment is not a power of two", NONE)           \
    X(SYMBOL_TLS, ERR_SYMBOL, OBJECT,                                                              \
      "it is thread-local, but does not lie in a thread-local section", NONE)                      \
    X(SYMBOL_TWICE, ERR_SYMBOL, OBJECT, "it occurs twice", NONE)                                   \
    X(FINALIZE_MEMORY, ERR_MEMORY, OBJECT, "for __cxa_finalize", NONE)                             \
    X(IS_GCC_LTO, ERR_TYPE, OBJECT,                                                                \
      "the object holds no machine code, only gcc's intermediate form", NONE)                      \
    X(SYMBOL_NAMES_OVERLAP, ERR_LIMIT, OBJECT, "the names of the symbol table overlap too much",   \
      NONE)                                                                                        \
    X(ARCHIVE_INDEX_MEMORY, ERR_MEMORY, OBJECT, "for the archive's symbol index", NONE)            \
    X(ARCHIVE_INDEX_CUT, ERR_ARCHIVE, OBJECT, "the symbol index is cut off", NONE)                 \
    X(ARCHIVE_INDEX_MALFORMED, ERR_ARCHIVE, OBJECT, "the symbol index is malformed", NONE)         \
    X(ARCHIVE_INDEX_NAMES, ERR_ARCHIVE, OBJECT, "the symbol index has too few names", NONE)        \
    X(ARCHIVE_NO_INDEX, ERR_ARCHIVE, OBJECT, "it has no symbol index", RANLIB)                     \
    X(ARCHIVE_INDEX_ODD, ERR_ARCHIVE, OBJECT, "the symbol index names an odd offset", NONE)        \
    X(ARCHIVE_OVERLAP, ERR_ARCHIVE, OBJECT, "members overlap", NONE)                               \
    X(EXPORT_LOCAL, ERR_RECORD, SCAN, "only a global symbol can be exported", NONE)                \
    X(EXPORT_UNDEFINED, ERR_RECORD, SCAN, "the exported symbol is not defined here", NONE)         \
    X(EXPORT_HIDDEN, ERR_RECORD, SCAN, "the exported symbol is hidden", NONE)                      \
    X(RECORD_ADDRESS, ERR_RECORD, SCAN, "a record has no relocation for its address", NONE)        \
    X(GATHER_MEMORY, ERR_MEMORY, RESOLVE, "for the names of sections", NONE)                       \
    X(GATHER_RIGHTS, ERR_WRITE_EXEC, RESOLVE,                                                      \
      "__start_ and __stop_ of its name need all sections of that name side by side, and not all " \
      "have these rights",                                                                         \
      SPLIT_NAMES)                                                                                 \
    X(GATHER_APART, ERR_REACH, RESOLVE,                                                            \
      "__start_ and __stop_ of its name need all sections of that name side by side, but their "   \
      "modules have addresses of their own",                                                       \
      ONE_ADDRESS)                                                                                 \
    X(SIZE_UNKNOWN, ERR_UNDEFINED, RESOLVE,                                                        \
      "its size is stored (R_X86_64_SIZE), which the host's exports lack", NONE)                   \
    X(MODULE_NAMES_MEMORY, ERR_MEMORY, RESOLVE, "for module names", NONE)                          \
    X(TLS_TOO_LARGE, ERR_TLS, LAYOUT, "the module's thread-local data are too large", NONE)        \
    X(TLS_SYMBOL_ADDRESS, ERR_TLS, RESOLVE, "a symbol is thread-local and has no address",         \
      TLS_BOTH)                                                                                    \
    X(TLS_DECLARED, ERR_TLS, RESOLVE,                                                              \
      "it is declared thread-local, but defined as something else", TLS_BOTH)                      \
    X(TLS_NO_AREA, ERR_TLS, LAYOUT, "the host has no area for it", TLS_AREA)                       \
    X(TLS_ALIGNMENT, ERR_TLS, LAYOUT, "its alignment is stricter than that of the thread pointer", \
      TLS_ALIGN)                                                                                   \
    X(TLS_AREA_SIZE, ERR_TLS, LAYOUT, "the group needs more than the host's whole area", TLS_SIZE) \
    X(TLS_AREA_FULL, ERR_TLS, LAYOUT, "the host's area is exhausted", TLS_UNLOAD)                  \
    X(GROUP_TOO_LARGE, ERR_LIMIT, LAYOUT, "the group needs more memory than the host allows one",  \
      IMAGE_SIZE)                                                                                  \
    X(VALUE_RANGE, ERR_RANGE, RESOLVE, "the value does not fit the field", NONE)                   \
    X(REACH_LIMIT, ERR_REACH, RESOLVE, "it limits where the module may lie", NONE)                 \
    X(REACH_ROOM, ERR_REACH, RESOLVE, "there is no room between the limits min and max", NONE)     \
    X(HOST_MEMORY, ERR_HOST, PLACE, "the host gave other memory than asked for", NONE)             \
    X(PLACE_ADDRESS, ERR_ARGUMENT, PLACE,                                                          \
      "the address asked for is not aligned as the sections need, or too high", NONE)              \
    X(PLACE_TAKEN, ERR_MEMORY, PLACE, "the memory asked for is not free", NONE)                    \
    X(NO_PLACE, ERR_MEMORY, PLACE, "no free memory where the module may lie", NONE)                \
    X(NO_PLACE_LINKED, ERR_MEMORY, PLACE, "no free memory where it may lie", NONE)                 \
    X(RECORDS_MEMORY, ERR_MEMORY, PLACE, "for the group's records", NONE)                          \
    X(ENTRY_UNDEFINED, ERR_RECORD, FIXUP, "the function that it names is not defined", NONE)       \
    X(UNWIND_MALFORMED, ERR_SECTION, SCAN, "its unwind records are malformed", NONE)               \
    X(UNWIND_REFUSED, ERR_HOST, PUBLISH, "the host did not take the unwind tables", NONE)          \
    X(UNWIND_MALFORMED_PLACED, ERR_SECTION, FIXUP, "its unwind records are malformed", NONE)       \
    X(INDEX_MEMORY, ERR_MEMORY, PUBLISH, "for the symbol index", NONE)                             \
    X(INDEX_HASH, ERR_LIMIT, PUBLISH, "too many names have the same hash", NONE)                   \
    X(FIXED_ADDRESS, ERR_ARGUMENT, OBJECT, "an executable (ET_EXEC) has an address of its own",    \
      NO_AT)                                                                                       \
    X(FIXED_BELOW_MIN, ERR_ARGUMENT, OBJECT,                                                       \
      "the executable (ET_EXEC) has an address of its own, below min", NO_MIN)                     \
    X(FIXED_BEYOND_MAX, ERR_ARGUMENT, OBJECT,                                                      \
      "the executable (ET_EXEC) has an address of its own, beyond max", NO_MAX)                    \
    X(E_ENTRY, ERR_HEADER, OBJECT, "its e_entry lies in no executable segment", NONE)              \
    X(MEMBER_LINKED, ERR_TYPE, OBJECT, "a member of an archive must be relocatable (ET_REL)",      \
      NONE)                                                                                        \
    X(PT_DYNAMIC_TWICE, ERR_SEGMENT, OBJECT, "it is a second PT_DYNAMIC", NONE)                    \
    X(SEGMENT_CUT, ERR_SEGMENT, OBJECT, "it lies outside the file", NONE)                          \
    X(PT_TLS, ERR_TLS, OBJECT, "it holds thread-local data", NONE)                                 \
    X(PT_RELRO_TWICE, ERR_SEGMENT, OBJECT, "it is a second PT_GNU_RELRO", NONE)                    \
    X(NO_SEGMENTS, ERR_HEADER, OBJECT, "it has no program headers", NONE)                          \
    X(E_PHENTSIZE, ERR_HEADER, OBJECT, "its e_phentsize is not 56", NONE)                          \
    X(SEGMENTS_CUT, ERR_TRUNCATED, OBJECT, "the program header table lies outside the file", NONE) \
    X(NO_PT_LOAD, ERR_SEGMENT, OBJECT, "no segment is to be loaded", NONE)                         \
    X(PT_RELRO_PLACE, ERR_SEGMENT, OBJECT, "PT_GNU_RELRO does not lie in a writable segment",      \
      NONE)                                                                                        \
    X(SEGMENT_PAGE, ERR_SEGMENT_KIND, OBJECT, "it shares a page with one that has another right",  \
      SEPARATE_PAGES)                                                                              \
    X(LINKED_TOO_LARGE, ERR_LIMIT, OBJECT, "it needs more memory than the host allows a group",    \
      IMAGE_SIZE)                                                                                  \
    X(DYNAMIC_END, ERR_DYNAMIC, OBJECT, "it does not end with DT_NULL", NONE)                      \
    X(DYNAMIC_TEXTREL, ERR_TEXTREL, OBJECT, "it says so by DT_TEXTREL or DF_TEXTREL", FPIC_TEXT)   \
    X(DYNAMIC_REL, ERR_REL, OBJECT, "x86-64 files have DT_RELA", NONE)                             \
    X(DYNAMIC_MISSING, ERR_DYNAMIC, OBJECT, "it is missing", NONE)                                 \
    X(DYNAMIC_ENTRY_SIZE, ERR_DYNAMIC, OBJECT, "it is not the size of an entry", NONE)             \
    X(DYNAMIC_SIZE, ERR_DYNAMIC, OBJECT, "it is no multiple of the size of an entry", NONE)        \
    X(DYNAMIC_TABLE_PLACE, ERR_DYNAMIC, OBJECT, "the table lies in no segment's bytes", NONE)      \
    X(DYNAMIC_OVERLAP, ERR_DYNAMIC, OBJECT, "tables overlap", NONE)                                \
    X(DYNAMIC_STRINGS_END, ERR_DYNAMIC, OBJECT, "the table does not end with a NUL", NONE)         \
    X(DYNAMIC_NAME, ERR_DYNAMIC, OBJECT, "a name lies outside the string table", NONE)             \
    X(DYNAMIC_NAMES_OVERLAP, ERR_LIMIT, OBJECT, "names overlap too much", NONE)                    \
    X(DYNAMIC_SONAME_TEXT, ERR_DYNAMIC, OBJECT, "the name is not printable ASCII without spaces",  \
      NONE)                                                                                        \
    X(DYNAMIC_NOT_CODE, ERR_DYNAMIC, OBJECT, "it lies in no executable segment", NONE)             \
    X(DYNAMIC_ARRAY_SIZE, ERR_DYNAMIC, OBJECT, "it is no multiple of an address", NONE)            \
    X(DYNAMIC_ARRAY_PLACE, ERR_DYNAMIC, OBJECT, "the array lies in no segment's bytes", NONE)      \
    X(LINKED_SECTIONS_CUT, ERR_SECTION, OBJECT, "the section header table lies outside the file",  \
      STRIP_SECTIONS)                                                                              \
    X(SYMTAB_SIZE, ERR_SECTION, OBJECT, "the symbol table's size is wrong", STRIP_SECTIONS)        \
    X(SYMTAB_INFO, ERR_SECTION, OBJECT, "the symbol table's sh_info is too large", STRIP_SECTIONS) \
    X(SYMTAB_LINK, ERR_SECTION, OBJECT, "the symbol table's sh_link is out of range",              \
      STRIP_SECTIONS)                                                                              \
    X(SYMTAB_STRINGS, ERR_SECTION, OBJECT, "the symbol table's sh_link names no string table",     \
      STRIP_SECTIONS)                                                                              \
    X(SYMTAB_CUT, ERR_SECTION, OBJECT, "the symbol table lies outside the file", STRIP_SECTIONS)   \
    X(RESOLVERS_TWICE, ERR_SECTION, OBJECT, "it is a second section of relocations in memory",     \
      STRIP_SECTIONS)                                                                              \
    X(RESOLVERS_SIZE, ERR_SECTION, OBJECT, "the relocations' size is wrong", STRIP_SECTIONS)       \
    X(RESOLVERS_CUT, ERR_SECTION, OBJECT, "the relocations lie outside the file", STRIP_SECTIONS)  \
    X(DYNAMIC_TABLE_CUT, ERR_DYNAMIC, OBJECT, "the table is cut off", NONE)                        \
    X(HASH_BUCKET, ERR_DYNAMIC, OBJECT, "a bucket names a symbol that is not in it", NONE)         \
    X(HASH_CHAIN, ERR_DYNAMIC, OBJECT, "the last chain does not end", NONE)                        \
    X(DYNAMIC_SYMBOL_TLS, ERR_TLS, OBJECT, "it is a thread-local variable", NONE)                  \
    X(DYNAMIC_INDIRECT, ERR_SYMBOL, OBJECT,                                                        \
      "it is an indirect function, but lies in no executable segment", NONE)                       \
    X(DYNAMIC_SYMBOLS_PLACE, ERR_DYNAMIC, OBJECT,                                                  \
      "symbols that a hash table or a relocation names lie in no segment's bytes", NONE)           \
    X(FIELD_OUTSIDE_SEGMENTS, ERR_RELOCATION, SCAN, "its field lies outside the segments", NONE)   \
    X(RELR_BITMAP, ERR_RELOCATION, SCAN, "the table begins with a bitmap", NONE)                   \
    X(RELOCATION_NUMBER, ERR_RELOCATION_TYPE, SCAN, "the relocation's number is not in the psABI", \
      NONE)                                                                                        \
    X(RELOCATION_TYPE, ERR_RELOCATION_TYPE, SCAN,                                                  \
      "this type does not occur in relocatable objects of the compilers supported", NONE)          \
    X(RELOCATION_SYMBOL, ERR_RELOCATION, SCAN, "its symbol index is out of range", NONE)           \
    X(RELOCATION_FIELD, ERR_RELOCATION, SCAN, "its field lies outside the section", NONE)          \
    X(RELOCATION_NO_SYMBOL, ERR_RELOCATION, SCAN, "it needs a slot but names no symbol", NONE)     \
    X(RELOCATION_TLS_NO_SYMBOL, ERR_RELOCATION, SCAN, "it is thread-local but names no symbol",    \
      NONE)                                                                                        \
    X(RELOCATION_DISCARDED, ERR_DISCARDED, SCAN,                                                   \
      "its symbol lies in a section that is not loaded", NONE)                                     \
    X(SCAN_MEMORY, ERR_MEMORY, SCAN, "for working memory", NONE)                                   \
    X(PREPARE_KIND, ERR_TYPE, OBJECT, "only an object (ET_REL) can be prepared", NONE)             \
    X(PREPARE_OVERLAP, ERR_RELOCATION, FIXUP,                                                      \
      "its bytes belong to another relocation too, and an image has no order", LOAD_OBJECT)        \
    X(PREPARE_SIZE, ERR_LIMIT, LAYOUT, "an image is smaller than 4 GiB", LOAD_OBJECT)              \
    X(PREPARE_MEMORY, ERR_MEMORY, LAYOUT, "for the image", NONE)                                   \
    X(IS_IMAGE, ERR_TYPE, OBJECT, "this is an image, and the host takes objects only", IMAGES)     \
    X(IMAGE_CUT, ERR_TRUNCATED, OBJECT, "the image is cut off", NONE)                              \
    X(IMAGE_VERSION, ERR_IMAGE, OBJECT, "its version or machine is unknown", PREPARE_AGAIN)        \
    X(IMAGE_CHECKSUM, ERR_IMAGE, OBJECT, "its checksum is wrong", PREPARE_AGAIN)                   \
    X(IMAGE_HEADER, ERR_IMAGE, OBJECT, "its header is malformed", PREPARE_AGAIN)                   \
    X(IMAGE_TABLE, ERR_IMAGE, OBJECT, "a table is out of range", PREPARE_AGAIN)                    \
    X(IMAGE_PART, ERR_IMAGE, OBJECT, "its parts do not follow each other", PREPARE_AGAIN)          \
    X(IMAGE_SECTION, ERR_IMAGE, OBJECT, "a section is malformed", PREPARE_AGAIN)                   \
    X(IMAGE_SYMBOL, ERR_IMAGE, OBJECT, "a symbol is malformed", PREPARE_AGAIN)                     \
    X(IMAGE_RECORD, ERR_IMAGE, OBJECT, "a record names something that is not there",               \
      PREPARE_AGAIN)                                                                               \
    X(IMAGE_STREAM, ERR_IMAGE, OBJECT, "a run of fixups is malformed", PREPARE_AGAIN)              \
    X(IMAGE_PAGES, ERR_IMAGE, OBJECT, "it was made for smaller pages than the host's",             \
      PREPARE_AGAIN)                                                                               \
    X(IMAGE_FRAMES, ERR_IMAGE, OBJECT,                                                             \
      "it was made for a host without unwind tables, and this one has them", PREPARE_AGAIN)        \
    X(DEFER_PROGRAM, ERR_TYPE, RESOLVE, "an executable or shared object cannot be handed over",    \
      LOAD_OBJECT)                                                                                 \
    X(HANDOVER_STARTED, ERR_ARGUMENT, NONE, "its code has run here already", DEFER)                \
    X(HANDOVER_PROGRAM, ERR_TYPE, NONE, "an executable or shared object cannot be handed over",    \
      LOAD_OBJECT)                                                                                 \
    X(HANDOVER_RETIRED, ERR_ARGUMENT, NONE, "its group was replaced", NONE)                        \
    X(HANDOVER_YOUNGER, ERR_CIRCLE, NONE, "its group is older than what it uses", NONE)            \
    X(HANDOVER_PHYSICAL, ERR_ARGUMENT, NONE, "its memory does not begin at a physical page", NONE) \
    X(HANDOVER_BUFFER, ERR_ARGUMENT, NONE, "the buffer is too small", NONE)                        \
    X(HANDOVER_LIMIT, ERR_LIMIT, NONE, "there are too many groups, or their names are too long",   \
      NONE)                                                                                        \
    X(HANDOVER_MAGIC, ERR_HAND_OVER, OBJECT, "its magic number is wrong", NONE)                    \
    X(HANDOVER_CUT, ERR_TRUNCATED, OBJECT, "what is handed over is cut off", NONE)                 \
    X(HANDOVER_VERSION, ERR_HAND_OVER, OBJECT, "its version or machine is unknown", HAND_OVER)     \
    X(HANDOVER_CHECKSUM, ERR_HAND_OVER, OBJECT, "its checksum is wrong", NONE)                     \
    X(HANDOVER_HEADER, ERR_HAND_OVER, OBJECT, "its header is malformed", NONE)                     \
    X(HANDOVER_TABLE, ERR_HAND_OVER, OBJECT, "a table is out of range", NONE)                      \
    X(HANDOVER_PAGES, ERR_HAND_OVER, OBJECT, "it was made for smaller pages than the host's",      \
      HAND_OVER)                                                                                   \
    X(HANDOVER_NAME, ERR_HAND_OVER, OBJECT, "a name is malformed", NONE)                           \
    X(HANDOVER_GROUP, ERR_HAND_OVER, OBJECT, "a group is malformed", NONE)                         \
    X(HANDOVER_BLOCK, ERR_HAND_OVER, OBJECT, "a block or one of its parts is malformed", NONE)     \
    X(HANDOVER_OVERLAP, ERR_HAND_OVER, OBJECT, "a block shares memory with another one", NONE)     \
    X(HANDOVER_MODULE, ERR_HAND_OVER, OBJECT, "a module is malformed", NONE)                       \
    X(HANDOVER_TLS, ERR_HAND_OVER, OBJECT, "thread-local blocks are malformed", NONE)              \
    X(HANDOVER_CALL, ERR_HAND_OVER, OBJECT, "a call is malformed", NONE)                           \
    X(HANDOVER_SYMBOL, ERR_HAND_OVER, OBJECT, "a symbol is malformed", NONE)                       \
    X(HANDOVER_SECTION, ERR_HAND_OVER, OBJECT, "a section is malformed", NONE)                     \
    X(HANDOVER_SLOT, ERR_HAND_OVER, OBJECT, "a slot is malformed", NONE)                           \
    X(HANDOVER_INDIRECT, ERR_HAND_OVER, OBJECT, "an indirect function is malformed", NONE)         \
    X(HANDOVER_USE, ERR_HAND_OVER, OBJECT, "a module uses one that is not there yet", NONE)        \
    X(ADOPT_NO_USERS, ERR_TYPE, OBJECT, "the host's groups do not use each other", USERS)          \
    X(ADOPT_DEFERS, ERR_ARGUMENT, NONE, "the space puts off what is to be called now", STARTING)   \
    X(ADOPT_TLS_AREA, ERR_TLS, OBJECT,                                                             \
      "its place in the area of thread-local storage is outside of the host's", NONE)              \
    X(ADOPT_TLS_TAKEN, ERR_TLS, OBJECT,                                                            \
      "another group has its place in the area of thread-local storage", NONE)                     \
    X(ADOPT_TAKE, ERR_MEMORY, PLACE, "the host did not take it over", NONE)                        \
    X(HANDOVER_UNWIND, ERR_HAND_OVER, PLACE, "its unwind tables are malformed", NONE)              \
    X(IMAGE_OVERRIDDEN, ERR_DUPLICATE, RESOLVE,                                                    \
      "the image uses its own definition, which another object of the load overrides",             \
      LOAD_OBJECTS)                                                                                \
    X(IMAGE_GROUP, ERR_DUPLICATE, RESOLVE,                                                         \
      "an earlier object of the load has the same section group, and the image uses its own",      \
      LOAD_OBJECTS)                                                                                \
    X(IMAGE_GATHER, ERR_REACH, RESOLVE,                                                            \
      "__start_ and __stop_ of its name need all sections of that name side by side, but in the "  \
      "image they are not",                                                                        \
      LOAD_OBJECTS)                                                                                \
    X(TLS_SYMBOL_ONLY, ERR_TLS, RESOLVE,                                                           \
      "a symbol is used as a thread-local variable, which it is not", TLS_BOTH)                    \
    X(LINKAGE_LIMIT, ERR_LIMIT, PLACE, "it has too many relocations to be bound anew", NONE)       \
    X(REBIND_IMPORT, ERR_NOT_FOUND, REBIND, "no module that may be bound anew imports it", REBIND) \
    X(REBIND_TARGET, ERR_NOT_FOUND, REBIND, "the module has no such definition", NONE)             \
    X(REBIND_FIXED, ERR_FIXED, REBIND, "", REBIND)                                                 \
    X(REBIND_NOT_TLS, ERR_TLS, REBIND, "it is used as a thread-local variable and is none",        \
      TLS_BOTH)                                                                                    \
    X(REBIND_TLS, ERR_TLS, REBIND, "it is a thread-local variable and is not used as one",         \
      TLS_BOTH)                                                                                    \
    X(REBIND_UNDEFINED, ERR_UNDEFINED, REBIND, "", NONE)                                           \
    X(REBIND_SIZE, ERR_UNDEFINED, REBIND,                                                          \
      "its size is stored (R_X86_64_SIZE), which the host's exports lack", NONE)                   \
    X(REBIND_RANGE, ERR_RANGE, REBIND, "the value does not fit the field", NONE)                   \
    X(REBIND_PROTECT, ERR_PROTECT, REBIND, "", NONE)                                               \
    X(REBIND_CIRCLE, ERR_CIRCLE, REBIND, "the definition's owner uses it", NONE)                   \
    X(REPLACE_FIXED, ERR_FIXED, REBIND, "it uses what is replaced", REBIND)                        \
    X(REPLACE_CIRCLE, ERR_CIRCLE, REBIND, "the new group uses it, and it uses what is replaced",   \
      NONE)                                                                                        \
    X(REPLACE_NEED, ERR_NEEDS, REBIND, "no new module has the name", NONE)                         \
    X(MOVE_OTHER, ERR_ARGUMENT, REBIND,                                                            \
      "the inputs make other modules than those that are to be moved", NONE)                       \
    X(MOVE_NO_STATE, ERR_STATE, REBIND, "it has run and has no ELFIN_STATE", NONE)                 \
    X(STATE_NO_INIT, ERR_STATE, REBIND, "the new module is loaded with ELFIN_LOAD_NO_INIT", NONE)  \
    X(STATE_NO_MODULE, ERR_STATE, REBIND, "no new module has its name", NONE)                      \
    X(STATE_NO_RECORD, ERR_STATE, REBIND, "the new module of its name has no ELFIN_STATE", NONE)   \
    X(STATE_NULL, ERR_STATE, REBIND, "save returned NULL", NONE)                                   \
    X(STATE_REFUSED, ERR_STATE, REBIND, "restore returned an error number", NONE)                  \
    X(SAVE_CALL, ERR_CALL, REBIND, "save", NONE)                                                   \
    X(RESTORE_CALL, ERR_CALL, REBIND, "restore", NONE)

/* X(NAME, text): what to do about it. */
#define HINT_LIST(X)                                                                               \
    X(PROGRAMS, "compile with `gcc -c`, or merge objects with `ld -r`; or use a host that loads "  \
                "linked files (elfin_host.programs)")                                              \
    X(NOT_THIN, "make it again without ar's T")                                                    \
    X(NO_LTO, "compile without -flto")                                                             \
    X(M64, "compile with -m64")                                                                    \
    X(RANLIB, "run ranlib on it")                                                                  \
    X(RECORD_MACROS,                                                                               \
      "use the macros of elfin/module.h, each at most once where it makes one record")             \
    X(DEFINE_HIDDEN, "define it in an object of this load, or declare it with default visibility") \
    X(LOAD_FIRST, "load the module or library that defines it first, or have the host export it")  \
    X(RENAME_SYMBOL, "rename one, make it static, or declare one __attribute__((weak))")           \
    X(LOAD_NEEDED, "load that module first, or in the same load")                                  \
    X(RENAME_MODULE, "unload that module first, or give this one another name")                    \
    X(UNLOAD_USERS, "unload its users first")                                                      \
    X(IMAGE_SIZE, "raise elfin_host.max_image_size")                                               \
    X(SPLIT_NAMES, "give code and data sections of different names")                               \
    X(ONE_ADDRESS, "load these modules at one address, or each in a load of its own")              \
    X(TLS_BOTH, "declare the symbol _Thread_local everywhere or nowhere")                          \
    X(TLS_AREA,                                                                                    \
      "do without _Thread_local, or have the host declare an area (elfin_host.tls_size)")          \
    X(TLS_ALIGN, "align less, or raise elfin_host.tls_align")                                      \
    X(TLS_SIZE, "raise elfin_host.tls_size")                                                       \
    X(TLS_UNLOAD, "raise elfin_host.tls_size, or unload modules")                                  \
    X(NO_AT, "leave the address out, or link with -static-pie")                                    \
    X(NO_MIN, "leave min out, or link with -static-pie")                                           \
    X(NO_MAX, "leave max out, or link with -static-pie")                                           \
    X(STRIP_SECTIONS,                                                                              \
      "strip its section headers, which are needed for look-ups and for indirect functions only")  \
    X(SEPARATE_RIGHTS,                                                                             \
      "link without -N and with -z noexecstack; keep code and data in different segments")         \
    X(SEPARATE_PAGES,                                                                              \
      "link with -z separate-code and -z max-page-size of at least the host's pages")              \
    X(FPIC_TEXT, "compile with -fpic, and link with -z text to find the culprits")                 \
    X(REBIND, "load it with ELFIN_LOAD_REBIND")                                                    \
    X(FPIC, "compile with -fpic")                                                                  \
    X(DIRECT_ACCESS, "compile with -fpie and -mno-direct-extern-access (clang: "                   \
                     "-fno-direct-access-external-data), so that it is reached through a slot")    \
    X(EMULATED_TLS, "do without _Thread_local, or compile with -femulated-tls")                    \
    X(IMPORT_HIGH, "the symbol lies too high for the field, wherever the module does: compile it " \
                   "with -fpic or -mcmodel=large")                                                 \
    X(TINY, "place the module below 64 KiB, or keep addresses in wider fields")                    \
    X(ABS32, "compile it with -fpie or -mcmodel=large, or place the module below 4 GiB")           \
    X(ABS32S,                                                                                      \
      "compile it with -fpie or -mcmodel=large, or place the module in the low or top 2 GiB")      \
    X(NEAR, "compile it with -fpic or -mcmodel=large, so that data of others is reached through "  \
            "a slot, or place the module within 2 GiB of the symbol")                              \
    X(LOAD_OBJECT, "load the object itself")                                                       \
    X(LOAD_OBJECTS, "load the objects instead of images, or each in a load of its own")            \
    X(IMAGES, "load the object that it was made of; or use a host that loads images "              \
              "(elfin_host.images)")                                                               \
    X(PREPARE_AGAIN, "make it again")                                                              \
    X(DEFER, "link it in a space whose elfin_host.starting is &elfin_deferring")                   \
    X(HAND_OVER, "let who hands over and who adopts have the same elfin, and the same pages")      \
    X(USERS, "use a host that has elfin_host.users")                                               \
    X(THREADS, "do without _Thread_local, or use a host that has elfin_host.threads")              \
    X(STARTING, "use a host that has elfin_host.starting")                                         \
    X(RECORDS, "use a host that has elfin_host.records")                                           \
    X(WAITING, "use a host that has elfin_host.waiting: the first has a name then")                \
    X(COMDATS, "use a host that has elfin_host.comdats")                                           \
    X(SLOTS, "compile it with -fno-pic, or use a host that has elfin_host.slots")                  \
    X(INDIRECTS, "use a host that has elfin_host.indirects")                                       \
    X(BRANCH, "branch to the symbol itself, without an offset, so that a stub can stand in for "   \
              "it")

enum defect_number {
    DEFECT_NUMBER_NONE,
#define DEFECT_NUMBER(name, status, phase, detail, hint) DEFECT_NUMBER_##name,
    DEFECT_LIST(DEFECT_NUMBER)
#undef DEFECT_NUMBER
    DEFECT_COUNT
};

enum {
    HINT_NONE, /* the defect's own, if it has one */
#define HINT_NUMBER(name, text) HINT_##name,
    HINT_LIST(HINT_NUMBER)
#undef HINT_NUMBER
    HINT_COUNT
};

/* A defect in one word, so that no table has to be looked into: number, status, phase. */
enum {
    DEFECT_STATUS_SHIFT = 16,
    DEFECT_PHASE_SHIFT = 24
};

enum {
    DEFECT_NONE,
#define DEFECT_CODE(name, status, phase, detail, hint)                                             \
    DEFECT_##name = DEFECT_NUMBER_##name | (int)ELFIN_##status << DEFECT_STATUS_SHIFT |            \
                    (int)ELFIN_PHASE_##phase << DEFECT_PHASE_SHIFT,
    DEFECT_LIST(DEFECT_CODE)
#undef DEFECT_CODE
};

static inline uint32_t defect_number(uint32_t defect)
{
    return defect & 0xffff;
}

static inline elfin_status defect_status(uint32_t defect)
{
    return (elfin_status)(defect >> DEFECT_STATUS_SHIFT & 0xff);
}

static inline elfin_phase defect_phase(uint32_t defect)
{
    return (elfin_phase)(defect >> DEFECT_PHASE_SHIFT);
}

/* Only a status and a phase: nothing more is to be said. */
static inline uint32_t defect_of(elfin_status status, elfin_phase phase)
{
    return (uint32_t)status << DEFECT_STATUS_SHIFT | (uint32_t)phase << DEFECT_PHASE_SHIFT;
}

/* The same defect with a status that has come from elsewhere. */
static inline uint32_t defect_as(uint32_t defect, elfin_status status)
{
    return (defect & ~((uint32_t)0xff << DEFECT_STATUS_SHIFT)) | (uint32_t)status
                                                                     << DEFECT_STATUS_SHIFT;
}

#endif
