/* SPDX-License-Identifier: MIT */
/* What GDB gets: a list of objects in which sh_addr says where sections lie. */
#include <elfin/debug.h>
#include <pthread.h>
#include <sched.h>

#include "tests/lib/expect.h"

struct entry {
    struct entry *next, *previous;
    const uint8_t *data;
    uint64_t size;
};
extern struct {
    uint32_t version, action;
    struct entry *relevant, *first;
} __jit_debug_descriptor;

static unsigned entries(void)
{
    unsigned count = 0;
    const struct entry *previous = NULL;

    for (const struct entry *e = __jit_debug_descriptor.first; e;
         previous = e, e = e->next, count++)
        CHECK(e->previous == previous);
    return count;
}

static struct fixture *with_debugging(uint32_t debug)
{
    struct fixture *f = fx_new(FAKE_REAL);

    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    f->fake.host.debugging = &elfin_debugging;
    f->fake.host.debug = debug;
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    return f;
}

static Elf64_Shdr header(const struct entry *entry, const char *name)
{
    Elf64_Ehdr ehdr;
    Elf64_Shdr section, names;

    memcpy(&ehdr, entry->data, sizeof ehdr);
    memcpy(&names, entry->data + ehdr.e_shoff + ehdr.e_shstrndx * sizeof names, sizeof names);
    for (unsigned i = 0; i < ehdr.e_shnum; i++) {
        memcpy(&section, entry->data + ehdr.e_shoff + i * sizeof section, sizeof section);
        if (!strcmp((const char *)entry->data + names.sh_offset + section.sh_name, name))
            return section;
    }
    memset(&section, 0, sizeof section);
    return section;
}

/* .text, .init.text, and debug sections that refer to both. */
static struct blob make_object(bool dropped)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    uint8_t code[16] = { 0xc3 }, words[24] = { 0 };
    struct blob object;
    int text, init, info, early, late;

    eb_init(eb);
    text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code, 16, 16);
    init = eb_section(eb, ".init.text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code, 16, 16);
    info = eb_section(eb, ".debug_info", SHT_PROGBITS, 0, words, sizeof words, 1);
    late = eb_symbol(eb, "late", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, (unsigned)text, 0, 1);
    early = eb_symbol(eb, "early", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, (unsigned)init, 4, 1);
    eb_rela(eb, info, 0, R_X86_64_64, late, 8);
    eb_rela(eb, info, 8, R_X86_64_64, dropped ? early : late, 8);
    object = eb_finish(eb);
    free(eb);
    return object;
}

static void objects_are_listed_while_they_are_loaded(void)
{
    struct fixture *f = with_debugging(ELFIN_DEBUG_GDB);
    struct blob object = make_object(false);
    struct fx_snapshot before;
    const char *different;

    STATUS(fx_load_blob(f, "a.o", object), ELFIN_OK); /* the space's index stays */
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    before = fx_snapshot(f);
    STATUS(fx_load_blob(f, "a.o", object), ELFIN_OK);
    CHECK_EQ(entries(), 1);
    CHECK_EQ(__jit_debug_descriptor.version, 1);
    CHECK_EQ(__jit_debug_descriptor.action, 0);
    CHECK(elfin_module_debug(elfin_find_module(&f->space, "a")) == ELFIN_DEBUG_GDB);
    CHECK_EQ(header(__jit_debug_descriptor.first, ".text").sh_addr, fx_lookup(f, "late"));
    STATUS(fx_load_blob(f, "a.o", object), ELFIN_ERR_MODULE_NAME);
    CHECK_EQ(entries(), 1);
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    CHECK_EQ(entries(), 0);
    different = fx_compare(f, &before);
    CHECK_MSG(different == NULL, "%s", different);
    free(object.data);
    END(f);
}

/* As a linker discards them: no header, no symbol, no relocation. */
static void what_is_given_back_is_taken_out(void)
{
    struct fixture *f = with_debugging(ELFIN_DEBUG_GDB);
    struct blob object = make_object(true);
    const struct entry *entry;
    Elf64_Shdr section;
    Elf64_Rela rela[2];

    STATUS(fx_load_blob(f, "a.o", object), ELFIN_OK);
    CHECK_EQ(entries(), 1);
    entry = __jit_debug_descriptor.first;
    CHECK(header(entry, ".text").sh_addr != 0);
    CHECK_EQ(header(entry, ".init.text").sh_type, SHT_NULL);
    CHECK(header(entry, ".debug_info").sh_addr != 0);
    section = header(entry, ".rela.debug_info");
    CHECK_EQ(section.sh_size, sizeof rela);
    memcpy(rela, entry->data + section.sh_offset, sizeof rela);
    CHECK(ELF64_R_SYM(rela[0].r_info) != 0 && rela[0].r_addend == 8);
    CHECK(ELF64_R_SYM(rela[1].r_info) == 0 && rela[1].r_addend == 0);
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    free(object.data);
    END(f);
}

/* A file belongs to a module if all its sections do. */
static void debug_data_may_come_later(void)
{
    struct fixture *f = with_debugging(0);
    struct blob object = make_object(false), other = make_object(false);
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_input input = { .data = object.data, .size = object.size, .file = "a.o" };
    elfin_module *module;
    elfin_group *group;

    options.flags = ELFIN_LOAD_KEEP_SECTIONS;
    STATUS(elfin_load(&f->space, &input, 1, &options, &group, NULL), ELFIN_OK);
    module = elfin_find_module(&f->space, "a");
    CHECK_EQ(elfin_module_debug(module), 0);
    CHECK_EQ(entries(), 0);
    f->space.host.debug = ELFIN_DEBUG_GDB;
    STATUS(elfin_debug_attach(&f->space, module, "!<arch>\n", 8), ELFIN_ERR_NOT_ELF);
    STATUS(elfin_debug_attach(&f->space, module, object.data, 60), ELFIN_ERR_TRUNCATED);
    blob_set(&other, 18, 2, 3);
    STATUS(elfin_debug_attach(&f->space, module, other.data, other.size), ELFIN_ERR_HEADER);
    memcpy(other.data, object.data, object.size);
    /* sh_size of the first section */
    blob_set(&other, blob_get(&other, 40, 8) + 64 + 32, 8, 15);
    STATUS(elfin_debug_attach(&f->space, module, other.data, other.size), ELFIN_ERR_SECTION);
    STATUS(elfin_debug_attach(&f->space, module, object.data, object.size), ELFIN_OK);
    CHECK_EQ(entries(), 1);
    STATUS(elfin_debug_attach(&f->space, module, object.data, object.size), ELFIN_ERR_ARGUMENT);
    elfin_debug_detach(&f->space);
    CHECK_EQ(entries(), 0);
    CHECK_EQ(elfin_module_debug(module), 0);
    STATUS(elfin_unload(&f->space, group, NULL, NULL, NULL), ELFIN_OK);
    free(object.data);
    free(other.data);
    END(f);
}

/* One byte after the other, in all that is no code: nothing is read or written beside the copy. */
static void damaged_objects_do_no_harm(void)
{
    static const uint8_t values[] = { 0, 1, 2, 4, 7, 8, 0x7f, 0x80, 0xff };
    struct fixture *f = with_debugging(ELFIN_DEBUG_GDB);
    struct blob object = make_object(true);
    unsigned loaded = 0;

    for (size_t at = 16; at < object.size; at++)
        for (size_t i = 0; i < sizeof values; i++) {
            struct blob damaged = blob_copy(object, object.size);

            damaged.data[at] = values[i];
            if (fx_load_blob(f, "a.o", damaged) == ELFIN_OK) {
                loaded++;
                CHECK(entries() <= 1);
                CHECK(elfin_unload(&f->space, f->group, NULL, NULL, NULL) == ELFIN_OK);
            }
            CHECK_EQ(entries(), 0);
            free(damaged.data);
        }
    CHECK_MSG(loaded > 1000, "too few damaged objects load");
    free(object.data);
    END(f);
}

/* Where GDB has its breakpoint: nothing may change while it reads. */
static unsigned reading, disturbed;

void __jit_debug_register_code(void);

void __jit_debug_register_code(void)
{
    const struct entry *relevant = __jit_debug_descriptor.relevant;

    disturbed += __atomic_add_fetch(&reading, 1, __ATOMIC_SEQ_CST) != 1;
    sched_yield();
    disturbed += __jit_debug_descriptor.relevant != relevant;
    __atomic_sub_fetch(&reading, 1, __ATOMIC_SEQ_CST);
}

static void *load_and_unload(void *space)
{
    elfin_input input = { .file = "a.o" };
    struct blob object = make_object(false);
    elfin_group *group;
    bool good = true;

    input.data = object.data;
    input.size = object.size;
    for (int i = 0; good && i < 500; i++) {
        good = elfin_load(space, &input, 1, NULL, &group, NULL) == ELFIN_OK &&
               elfin_unload(space, group, NULL, NULL, NULL) == ELFIN_OK;
    }
    free(object.data);
    return good ? space : NULL;
}

/* They share nothing but the list. */
static void spaces_on_several_cpus(void)
{
    struct fixture *f = with_debugging(ELFIN_DEBUG_GDB), *g = with_debugging(ELFIN_DEBUG_GDB);
    pthread_t thread;
    void *result;

    disturbed = 0;
    REQUIRE(pthread_create(&thread, NULL, load_and_unload, &g->space) == 0);
    CHECK(load_and_unload(&f->space));
    pthread_join(thread, &result);
    CHECK(result);
    CHECK_EQ(disturbed, 0);
    CHECK_EQ(entries(), 0);
    END(g);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(objects_are_listed_while_they_are_loaded),
    TEST_CASE(what_is_given_back_is_taken_out),
    TEST_CASE(debug_data_may_come_later),
    TEST_CASE(damaged_objects_do_no_harm),
    TEST_CASE(spaces_on_several_cpus),
};

TEST_MAIN("debug_gdb", cases)
