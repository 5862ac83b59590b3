/* SPDX-License-Identifier: MIT */
/* Executables and shared objects: where they come to lie, what is in them, who calls what when. */
#include "tests/lib/expect.h"
#include "tests/lib/program_file.h"

static struct program_file pf;

static elfin_status load_at(struct fixture *f, const char *file, size_t size, uint64_t at)
{
    struct blob blob = pf_blob(&pf, size);
    elfin_input input = INPUT(blob, file);

    if (at != 0) {
        input.flags = ELFIN_INPUT_AT;
        input.at = at;
    }
    fx_load_inputs(f, &input, 1);
    free(blob.data);
    return f->status;
}

static elfin_status load(struct fixture *f, const char *file)
{
    return load_at(f, file, PF_SIZE, 0);
}

static elfin_module_info info_of(const struct fixture *f, const char *name)
{
    elfin_module *module = elfin_find_module(&f->space, name);
    elfin_module_info info;

    REQUIRE(module != NULL);
    elfin_module_get(module, &info);
    return info;
}

static void loaded(struct fixture *f)
{
    char text[512];

    elfin_diag_format(&f->diag, text, sizeof text);
    CHECK_MSG(f->status == ELFIN_OK, "%s", text);
    REQUIRE(f->status == ELFIN_OK);
    NO_COMPLAINT(fx_check_rights(f, f->group));
}

static void load_two(struct fixture *f, struct blob a, struct blob b)
{
    elfin_input inputs[2] = { INPUT(a, "a.o"), INPUT(b, "b.o") };

    fx_load_inputs(f, inputs, 2);
    free(a.data);
    free(b.data);
}

#define FIELD_AT(info, field) ((info).address + offsetof(struct program_file, field))

static void a_shared_object_is_relocated_and_runs(void)
{
    struct fixture *f = fx_new_programs(FAKE_REAL);
    elfin_module_info info;

    pf_init(&pf, ET_DYN, 0);
    load(f, "dir/whatever.so");
    loaded(f);
    info = info_of(f, "libpf"); /* of DT_SONAME libpf.so.1 */
    CHECK_EQ(info.flags, ELFIN_MODULE_SHARED);
    CHECK_EQ(info.entry, 0);
    CHECK_EQ(fx_run(f, "f"), 7);
    CHECK_EQ(fx_lookup(f, "f"), FIELD_AT(info, code));
    CHECK_EQ(fx_lookup(f, "v"), FIELD_AT(info, v));
    CHECK_EQ(fx_read(f, FIELD_AT(info, slot[PF_SLOT_F])), FIELD_AT(info, code));
    CHECK_EQ(fx_read(f, FIELD_AT(info, slot[PF_SLOT_V])), FIELD_AT(info, w));
    CHECK_EQ(fx_read(f, FIELD_AT(info, slot[PF_SLOT_MAYBE])), 0);
    CHECK_EQ(fx_read(f, FIELD_AT(info, slot[PF_SLOT_TRACE])), fx_lookup(f, "trace"));
    CHECK_EQ(fx_read(f, FIELD_AT(info, pointer)), FIELD_AT(info, v));
    CHECK_EQ(fx_read(f, FIELD_AT(info, end)), 0);
    CHECK_EQ(fx_read(f, FIELD_AT(info, end) + PF_BSS - 8), 0);
    CHECK_STR(fx_trace_text(), "1 2 3");
    fx_clear_trace();
    STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
    CHECK_STR(fx_trace_text(), "4 5 6");
    END(f);
}

static void an_executable_lies_where_it_wants(void)
{
    const uint64_t base = UINT64_C(0x3c0000400000);
    struct fixture *f = fx_new_programs(FAKE_REAL);
    elfin_module_info info;
    elfin_block block;

    pf_init(&pf, ET_EXEC, base);
    load(f, "kernel.elf");
    loaded(f);
    info = info_of(f, "libpf");
    CHECK_EQ(info.address, base);
    CHECK_EQ(info.entry, base + offsetof(struct program_file, code));
    CHECK_EQ(info.flags, ELFIN_MODULE_EXECUTABLE);
    CHECK(elfin_group_block(f->group, 0, &block));
    CHECK_EQ(block.region.run, base);
    CHECK_EQ(fx_read(f, FIELD_AT(info, slot[PF_SLOT_F])), info.entry);
    CHECK_EQ(fx_run(f, "f"), 7);
    /* Its start code, which nobody has called, would do that. */
    CHECK_STR(fx_trace_text(), "");
    CHECK_EQ(load(f, "again.elf"), ELFIN_ERR_MODULE_NAME);
    STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
    CHECK_STR(fx_trace_text(), "");
    END(f);
}

static void a_position_independent_executable_runs_its_own_init(void)
{
    struct fixture *f = fx_new_programs(FAKE_REAL);
    elfin_module_info info;

    pf_init(&pf, ET_DYN, 0);
    pf.ehdr.e_entry = offsetof(struct program_file, code);
    pf_dynamic(&pf, PF_FLAGS_1, DT_FLAGS_1, DF_1_PIE);
    pf_dynamic(&pf, PF_SONAME, DT_DEBUG, 0);
    load(f, "kernel.elf");
    loaded(f);
    info = info_of(f, "kernel");
    CHECK_EQ(info.flags, ELFIN_MODULE_EXECUTABLE);
    CHECK_EQ(info.entry, FIELD_AT(info, code));
    CHECK_STR(fx_trace_text(), "");
    END(f);
}

static void addresses_that_contradict(void)
{
    const uint64_t base = UINT64_C(0x3c0000400000);
    struct fixture *f = fx_new_programs(FAKE_INVENTED);

    f->options.flags = ELFIN_LOAD_NO_INIT;
    pf_init(&pf, ET_EXEC, base);
    STATUS(load_at(f, "a.elf", PF_SIZE, base + 0x1000), ELFIN_ERR_ARGUMENT);
    CHECK(strstr(elfin_diag_detail(&f->diag), "address of its own") != NULL);
    STATUS(load_at(f, "a.elf", PF_SIZE, base), ELFIN_OK);
    STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
    f->options.min = base + 1;
    STATUS(load(f, "a.elf"), ELFIN_ERR_ARGUMENT);
    f->options.min = base;
    STATUS(load(f, "a.elf"), ELFIN_OK);
    STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
    f->options.max = base + 0x5000;
    STATUS(load(f, "a.elf"), ELFIN_ERR_ARGUMENT);
    f->options.min = 0;
    f->options.max = UINT64_MAX;
    LOAD(f, "other.o", "fn other 1");
    STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
    STATUS(load(f, "a.elf"), ELFIN_OK);
    pf_dynamic(&pf, PF_SONAME, DT_DEBUG, 0);
    STATUS(load(f, "b.elf"), ELFIN_ERR_MEMORY);
    CHECK_EQ(f->diag.low, base);
    END(f);
}

static void a_shared_object_stays_within_the_limits(void)
{
    struct fixture *f = fx_new_programs(FAKE_INVENTED);

    f->options.flags = ELFIN_LOAD_NO_INIT;
    f->options.min = UINT64_C(0x123456000);
    f->options.max = f->options.min + 0x7fff;
    pf_init(&pf, ET_DYN, 0);
    STATUS(load(f, "a.so"), ELFIN_OK);
    CHECK_EQ(info_of(f, "libpf").address, f->options.min);
    STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
    f->options.max = f->options.min + 0x5ffe;
    STATUS(load(f, "a.so"), ELFIN_ERR_MEMORY);
    f->options.min = 0;
    f->options.max = UINT64_MAX;
    /* Its alignment holds for run addresses. */
    pf.phdr[PF_READ].p_align = 0x200000;
    STATUS(load_at(f, "a.so", PF_SIZE, 0x80001000), ELFIN_ERR_ARGUMENT);
    STATUS(load_at(f, "a.so", PF_SIZE, 0x80200000), ELFIN_OK);
    CHECK_EQ(info_of(f, "libpf").address, 0x80200000);
    STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
    STATUS(load(f, "a.so"), ELFIN_OK);
    CHECK_EQ(info_of(f, "libpf").address % 0x200000, 0);
    END(f);
}

/* An object of the group, placed anywhere, that refers to data of a program by a 32-bit distance.
 */
static void objects_and_programs_bind_to_each_other(void)
{
    struct fixture *f = fx_new_programs(FAKE_REAL);
    struct blob program, object = toy("call g f; lea where v; fn maybe 5; ptr p v 8");
    elfin_input inputs[2];

    pf_init(&pf, ET_DYN, 0);
    program = pf_blob(&pf, PF_SIZE);
    for (int order = 0; order < 2; order++) {
        elfin_input o = INPUT(object, "user.o"), p = INPUT(program, "a.so");

        inputs[order] = o;
        inputs[!order] = p;
        fx_load_inputs(f, inputs, 2);
        loaded(f);
        CHECK_EQ(fx_run(f, "g"), 7);
        CHECK_EQ(fx_run(f, "where"), fx_lookup(f, "v"));
        CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_lookup(f, "v") + 8);
        CHECK_EQ(fx_read(f, info_of(f, "libpf").address +
                                offsetof(struct program_file, slot[PF_SLOT_MAYBE])),
                 fx_lookup(f, "maybe"));
        STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
    }
    free(program.data);
    free(object.data);
    END(f);
}

static void across_groups(void)
{
    struct fixture *f = fx_new_programs(FAKE_REAL);
    elfin_group *object;

    LOAD(f, "user.o", "fn maybe 5");
    object = f->group;
    pf_init(&pf, ET_DYN, 0);
    load(f, "a.so");
    loaded(f);
    CHECK_EQ(fx_read(f, info_of(f, "libpf").address +
                            offsetof(struct program_file, slot[PF_SLOT_MAYBE])),
             fx_lookup(f, "maybe"));
    STATUS(elfin_unload(&f->space, object, &f->diag, NULL, NULL), ELFIN_ERR_IN_USE);
    LOAD(f, "third.o", "call g f; lea where v");
    CHECK_EQ(fx_run(f, "g"), 7);
    CHECK_EQ(fx_run(f, "where"), fx_lookup(f, "v"));
    STATUS(elfin_unload(&f->space, info_of(f, "libpf").group, &f->diag, NULL, NULL),
           ELFIN_ERR_IN_USE);
    END(f);
}

static void definitions_of_objects_come_first(void)
{
    struct fixture *f = fx_new_programs(FAKE_REAL);
    struct blob program, object = toy("fn f 8");
    elfin_input inputs[2];

    pf_init(&pf, ET_DYN, 0);
    pf.rela[3] =
        (Elf64_Rela){ offsetof(struct program_file, v), ELF64_R_INFO(PF_F, R_X86_64_64), 0 };
    for (int symbolic = 0; symbolic < 2; symbolic++) {
        if (symbolic != 0) {
            pf_dynamic(&pf, PF_SPARE, DT_SYMBOLIC, 0);
        }
        program = pf_blob(&pf, PF_SIZE);
        for (int order = 0; order < 2; order++) {
            elfin_input o = INPUT(object, "user.o"), p = INPUT(program, "a.so");
            uint64_t own;

            inputs[order] = o;
            inputs[!order] = p;
            fx_load_inputs(f, inputs, 2);
            loaded(f);
            own = info_of(f, "libpf").address + offsetof(struct program_file, code);
            CHECK_EQ(fx_run(f, "f"), 8);
            CHECK_EQ(fx_symbol(f, "libpf", "f"), own);
            CHECK_EQ(fx_read(f, fx_lookup(f, "v")), symbolic != 0 ? own : fx_lookup(f, "f"));
            STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
        }
        free(program.data);
    }
    free(object.data);
    END(f);
}

static void the_first_of_two_shared_objects_wins(void)
{
    struct fixture *f = fx_new_programs(FAKE_INVENTED);
    struct blob blob;
    elfin_input inputs[2];

    pf_init(&pf, ET_DYN, 0);
    pf_dynamic(&pf, PF_SONAME, DT_DEBUG, 0);
    blob = pf_blob(&pf, PF_SIZE);
    inputs[0] = (elfin_input)INPUT(blob, "one.so");
    inputs[1] = (elfin_input)INPUT(blob, "two.so.2");
    f->options.flags = ELFIN_LOAD_NO_INIT;
    fx_load_inputs(f, inputs, 2);
    loaded(f);
    CHECK_EQ(fx_lookup(f, "f"), fx_symbol(f, "one", "f"));
    CHECK(fx_symbol(f, "two", "f") != fx_symbol(f, "one", "f"));
    CHECK_EQ(fx_read(f, info_of(f, "two").address + offsetof(struct program_file, slot[PF_SLOT_V])),
             fx_symbol(f, "one", "v") + 8);
    free(blob.data);
    END(f);
}

static void needed_modules(void)
{
    struct fixture *f = fx_new_programs(FAKE_REAL);

    pf_init(&pf, ET_DYN, 0);
    pf_dynamic(&pf, PF_SPARE, DT_NEEDED, 17); /* libpf.so.1 */
    pf_dynamic(&pf, PF_SONAME, DT_DEBUG, 0);
    STATUS(load(f, "a.so"), ELFIN_ERR_NEEDS);
    CHECK_STR(f->diag.other, "libpf");
    LOAD(f, "libpf.o", "fn other 1");
    load(f, "a.so");
    loaded(f);
    CHECK_EQ(info_of(f, "a").uses_count, 1);
    END(f);
}

static void versions(void)
{
    struct fixture *f = fx_new_programs(FAKE_INVENTED);

    pf_init(&pf, ET_DYN, 0);
    pf.version[PF_F] = 0x8002;
    pf.rela[3] =
        (Elf64_Rela){ offsetof(struct program_file, v), ELF64_R_INFO(PF_F, R_X86_64_64), 0 };
    f->options.flags = ELFIN_LOAD_NO_INIT;
    load(f, "a.so");
    loaded(f);
    CHECK_EQ(fx_lookup(f, "f"), 0);
    CHECK_EQ(fx_symbol(f, "libpf", "f"), 0);
    CHECK_EQ(fx_read(f, fx_lookup(f, "v")),
             info_of(f, "libpf").address + offsetof(struct program_file, code));
    END(f);
}

/* A symbol that nobody can ask for by its name has no entry in the group's table. */
static void a_hidden_version_beside_thread_local_variables(void)
{
    struct fixture *f = fx_new_tls(FAKE_INVENTED, 4096, 16);
    struct blob object = toy("tls i 7; gd get i"), shared;

    f->fake.host.programs = &elfin_programs;
    fx_again(f);
    pf_init(&pf, ET_DYN, 0);
    pf.version[PF_F] = 0x8002;
    pf.rela[3] =
        (Elf64_Rela){ offsetof(struct program_file, v), ELF64_R_INFO(PF_F, R_X86_64_64), 0 };
    shared = pf_blob(&pf, PF_SIZE);
    f->options.flags = ELFIN_LOAD_NO_INIT;
    load_two(f, object, shared);
    loaded(f);
    CHECK_EQ(fx_read(f, fx_lookup(f, "v")),
             info_of(f, "libpf").address + offsetof(struct program_file, code));
    END(f);
}

/* Weak ones and COMMON too, whichever file comes first. */
static void all_definitions_of_objects_come_first(void)
{
    static const char *const objects[] = { "weak var v 1", "common v 64 8" };

    for (int i = 0; i < 4; i++) {
        struct fixture *f = fx_new_programs(FAKE_INVENTED);
        struct blob shared, object = toy(objects[i / 2]);
        const elfin_module *owner = NULL;
        uint64_t address = 0;

        pf_init(&pf, ET_DYN, 0);
        f->options.flags = ELFIN_LOAD_NO_INIT;
        shared = pf_blob(&pf, PF_SIZE);
        if (i % 2)
            load_two(f, shared, object);
        else
            load_two(f, object, shared);
        loaded(f);
        STATUS(elfin_lookup(&f->space, "v", &address, &owner), ELFIN_OK);
        CHECK(owner == elfin_find_module(&f->space, i % 2 ? "b" : "a"));
        CHECK_EQ(fx_read(f, info_of(f, "libpf").address +
                                offsetof(struct program_file, slot[PF_SLOT_V])),
                 address + 8);
        END(f);
    }
}

/* Names that are made for objects mean nothing in a linked file. */
static void names_that_are_made_for_objects(void)
{
    static const char *const names[] = { "_GLOBAL_OFFSET_TABLE_", "_TLS_MODULE_BASE_" };

    for (int i = 0; i < 2; i++) {
        struct fixture *f = fx_new_programs(FAKE_INVENTED);

        pf_init(&pf, ET_DYN, 0);
        strcpy(pf.strings + 30, names[i]);
        pf.symbol[PF_TRACE].st_name = 30;
        f->options.flags = ELFIN_LOAD_NO_INIT;
        STATUS(load(f, "a.so"), ELFIN_ERR_UNDEFINED);
        CHECK_STR(f->diag.symbol, names[i]);
        END(f);
    }
}

/* What runs is code: of a shared object nobody has looked at e_entry. */
static void an_entry_point_that_is_none(void)
{
    struct fixture *f = fx_new_programs(FAKE_INVENTED);

    pf_init(&pf, ET_DYN, 0);
    pf.ehdr.e_entry = offsetof(struct program_file, v);
    f->options.flags = ELFIN_LOAD_NO_INIT;
    load(f, "a.so");
    loaded(f);
    CHECK_EQ(info_of(f, "libpf").entry, 0);
    END(f);
}

static void symbols_are_counted_by_either_hash_table_or_the_relocations(void)
{
    pf_init(&pf, ET_DYN, 0);
    for (int tables = 0; tables < 3; tables++) {
        struct fixture *f = fx_new_programs(FAKE_INVENTED);

        f->options.flags = ELFIN_LOAD_NO_INIT;
        pf_dynamic(&pf, PF_HASH, tables == 0 ? DT_HASH : DT_DEBUG,
                   offsetof(struct program_file, hash));
        pf_dynamic(&pf, PF_GNU_HASH, tables == 1 ? DT_GNU_HASH : DT_DEBUG,
                   offsetof(struct program_file, gnu_hash));
        load(f, "a.so");
        loaded(f);
        CHECK_EQ(info_of(f, "libpf").symbol_count, 2);
        END(f);
    }
}

static void a_host_that_wants_objects_only(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    pf_init(&pf, ET_DYN, 0);
    STATUS(load(f, "a.so"), ELFIN_ERR_TYPE);
    CHECK(strstr(elfin_diag_hint(&f->diag), "elfin_host.programs") != NULL);
    END(f);
}

static void segments_as_sections(void)
{
    struct fixture *f = fx_new_programs(FAKE_INVENTED);
    const elfin_module *module;
    elfin_section section;

    pf_init(&pf, ET_DYN, 0);
    f->options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_KEEP_SECTIONS;
    load(f, "a.so");
    loaded(f);
    module = elfin_find_module(&f->space, "libpf");
    CHECK(elfin_module_section(module, 0, &section));
    CHECK_STR(section.name, "LOAD R");
    CHECK(elfin_module_section(module, 2, &section));
    CHECK_STR(section.name, "LOAD RW");
    CHECK_EQ(section.index, PF_WRITE);
    CHECK_EQ(section.size, PF_SIZE - offsetof(struct program_file, dynamic) + PF_BSS);
    CHECK(!elfin_module_section(module, 3, &section));
    CHECK_EQ(info_of(f, "libpf").size, section.size + sizeof pf.code +
                                           offsetof(struct program_file, strings) +
                                           sizeof pf.strings);
    END(f);
}

static void inspection(void)
{
    struct fixture *f = fx_new_programs(FAKE_INVENTED);
    elfin_inspection found;
    struct blob blob;
    elfin_input input;

    pf_init(&pf, ET_EXEC, 0x400000);
    blob = pf_blob(&pf, PF_SIZE);
    input = (elfin_input)INPUT(blob, "a.elf");
    STATUS(elfin_inspect(&f->fake.host, &input, NULL, &found, &f->diag), ELFIN_OK);
    CHECK_STR(found.name, "libpf");
    CHECK_EQ(found.flags, ELFIN_MODULE_EXECUTABLE);
    CHECK(found.fixed);
    CHECK_EQ(found.low, 0x400000);
    CHECK_EQ(found.high, 0x405fff);
    CHECK_EQ(found.entry, 0x401000);
    CHECK_EQ(found.sections, 3);
    CHECK_EQ(found.imports, 2);
    CHECK_EQ(found.defined, 2);
    CHECK_EQ(found.relocations, 5 + 5);
    free(blob.data);
    END(f);
}

static uint64_t answer;

static elfin_status resolver_call(void *ctx, const elfin_call *call, uint64_t *result)
{
    (void)ctx;
    CHECK(call->entry == ELFIN_ENTRY_RESOLVER || answer != 0);
    *result = call->entry == ELFIN_ENTRY_RESOLVER ? answer : 0;
    return ELFIN_OK;
}

static void indirect_functions(void)
{
    struct fixture *f = fx_new_programs(FAKE_REAL);
    elfin_module_info info;
    elfin_indirect indirect;
    struct fx_snapshot before;

    pf_init(&pf, ET_DYN, 0);
    pf.rela[3] =
        (Elf64_Rela){ offsetof(struct program_file, v), ELF64_R_INFO(0, R_X86_64_IRELATIVE),
                      offsetof(struct program_file, code) };
    pf.symbol[PF_F].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC);
    pf.rela[2] = (Elf64_Rela){ offsetof(struct program_file, slot[PF_SLOT_MAYBE]),
                               ELF64_R_INFO((uint64_t)PF_F, R_X86_64_GLOB_DAT), 0 };
    f->space.host.call = resolver_call;
    before = fx_snapshot(f);
    answer = 0;
    STATUS(load(f, "a.so"), ELFIN_ERR_RESOLVER);
    NO_COMPLAINT(fx_compare(f, &before));
    answer = 0x1234;
    load(f, "a.so");
    loaded(f);
    info = info_of(f, "libpf");
    CHECK_EQ(fx_read(f, FIELD_AT(info, v)), 0x1234);
    /* One that is exported is a stub, for everybody. */
    CHECK_EQ(fx_read(f, FIELD_AT(info, slot[PF_SLOT_MAYBE])), fx_lookup(f, "f"));
    CHECK(elfin_module_indirect(elfin_find_module(&f->space, "libpf"), 0, &indirect));
    CHECK_STR(indirect.name, "f");
    CHECK_EQ(indirect.address, fx_lookup(f, "f"));
    CHECK_EQ(fx_read(f, indirect.slot), 0x1234);
    CHECK_EQ(indirect.resolver, FIELD_AT(info, code));
    CHECK(elfin_module_indirect(elfin_find_module(&f->space, "libpf"), 1, &indirect));
    CHECK_STR(indirect.name, "");
    CHECK_EQ(indirect.slot, FIELD_AT(info, v));
    CHECK(!elfin_module_indirect(elfin_find_module(&f->space, "libpf"), 2, &indirect));
    END(f);
}

/* Neither the symbol nor the record gets in. */
static void indirect_functions_may_be_refused(void)
{
    struct fixture *f = fx_new_programs(FAKE_REAL);

    f->fake.host.indirects = f->space.host.indirects = NULL;
    pf_init(&pf, ET_DYN, 0);
    pf.symbol[PF_F].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC);
    STATUS(load(f, "a.so"), ELFIN_ERR_TYPE);
    pf_init(&pf, ET_DYN, 0);
    pf.rela[3] =
        (Elf64_Rela){ offsetof(struct program_file, v), ELF64_R_INFO(0, R_X86_64_IRELATIVE),
                      offsetof(struct program_file, code) };
    STATUS(load(f, "a.so"), ELFIN_ERR_TYPE);
    CHECK_EQ(f->diag.phase, ELFIN_PHASE_SCAN);
    CHECK_EQ(f->diag.relocation_type, R_X86_64_IRELATIVE);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(a_shared_object_is_relocated_and_runs),
    TEST_CASE(an_executable_lies_where_it_wants),
    TEST_CASE(a_position_independent_executable_runs_its_own_init),
    TEST_CASE(addresses_that_contradict),
    TEST_CASE(a_shared_object_stays_within_the_limits),
    TEST_CASE(objects_and_programs_bind_to_each_other),
    TEST_CASE(across_groups),
    TEST_CASE(definitions_of_objects_come_first),
    TEST_CASE(all_definitions_of_objects_come_first),
    TEST_CASE(the_first_of_two_shared_objects_wins),
    TEST_CASE(needed_modules),
    TEST_CASE(versions),
    TEST_CASE(a_hidden_version_beside_thread_local_variables),
    TEST_CASE(names_that_are_made_for_objects),
    TEST_CASE(an_entry_point_that_is_none),
    TEST_CASE(symbols_are_counted_by_either_hash_table_or_the_relocations),
    TEST_CASE(a_host_that_wants_objects_only),
    TEST_CASE(segments_as_sections),
    TEST_CASE(inspection),
    TEST_CASE(indirect_functions),
    TEST_CASE(indirect_functions_may_be_refused),
};

TEST_MAIN("program", cases)
