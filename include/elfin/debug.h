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
    ELFIN_DEBUG_FRAMES = 1 << 3,  /* a search index of its unwind table */
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

#ifdef __cplusplus
}
#endif

#endif
