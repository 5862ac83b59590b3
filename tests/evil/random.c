/* SPDX-License-Identifier: MIT */
/*
 * Random damage, reproducible: a few bytes or fields of a good object are changed, aimed at
 * headers, symbols and relocations more often than at contents. Whatever comes, it is an error or
 * it loads, nothing is left behind, and the sanitizers stay silent. The first part goes over every
 * byte of a small object with telling values. TEST_SEED gives another run.
 */
#include "tests/lib/expect.h"

enum {
    ROUNDS = 6000,
    MAX_DAMAGE = 6
};

static struct fixture *f;
static unsigned loaded, refused;

static bool resolve_half(void *ctx, const char *name, uint64_t *address)
{
    (void)ctx;
    *address = 0x40001000;
    return (name[0] & 1) == 0 || strlen(name) > 2;
}

static void begin(void)
{
    f = fx_new(FAKE_INVENTED);
    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    f->fake.host.resolve = resolve_half;
    f->fake.host.max_image_size = 1u << 24;
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    f->fake.base = 0x40000000;
    f->options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_KEEP_SECTIONS;
    loaded = refused = 0;
    /* The first load makes the index of the space; from then on everything is given back. */
    LOAD(f, "first.o", "fn first 1");
    STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
}

/* Asks everything that can be asked of what was loaded. */
static void look_around(void)
{
    elfin_module_info info;
    elfin_symbol symbol;
    elfin_section section;
    elfin_block block;

    for (elfin_module *m = elfin_next_module(f->group, NULL); m != NULL;
         m = elfin_next_module(f->group, m)) {
        elfin_module_get(m, &info);
        CHECK(strlen(info.name) > 0);
        for (uint32_t i = 0; elfin_module_symbol(m, i, &symbol); i++) {
            uint64_t address = 0;

            CHECK(elfin_module_lookup(m, symbol.name, &address) == ELFIN_OK);
        }
        for (uint32_t i = 0; elfin_module_section(m, i, &section); i++) {
            CHECK(section.name != NULL);
        }
    }
    for (uint32_t i = 0; elfin_group_block(f->group, i, &block); i++) {
        CHECK(block.region.size > 0);
    }
    NO_COMPLAINT(fx_check_rights(f, f->group));
}

static void try_object(struct blob object)
{
    struct fx_snapshot before = fx_snapshot(f);

    fake_host_rewind(&f->fake);
    if (fx_load_blob(f, "evil.o", object) == ELFIN_OK) {
        loaded++;
        look_around();
        STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
    } else {
        char text[512];

        refused++;
        CHECK_MSG(f->diag.status == f->status, "\"%s\", but the diagnostic says \"%s\"",
                  elfin_status_text(f->status), elfin_status_text(f->diag.status));
        CHECK(f->status != ELFIN_ERR_INTERNAL);
        CHECK(f->status != ELFIN_ERR_HOST);
        elfin_diag_format(&f->diag, text, sizeof text);
    }
    NO_COMPLAINT(fx_compare(f, &before));
}

static struct blob small_object(void)
{
    return toy("module hello; interrupts; fn f 7; weak fn h 3; call g f; call x ext; addr a f; "
               "icall i f; lea l v; mov32 m v; var v 5; ro r 9; ptr p f 4; rel q v; bss b 100 64; "
               "common c 8 32; comdat cd 4; ctor 1; dtor 2; init 1 0; exit 2; export f; "
               "ifunc k f; local ifunc m f; call n m; in set 1; ptr s __start_set");
}

static void warm_up(struct blob object)
{
    try_object(object);
    CHECK_MSG(loaded == 1, "the undamaged object: %s", elfin_status_text(f->status));
}

static void every_byte(void)
{
    static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
    struct blob object = small_object();

    begin();
    warm_up(object);
    for (size_t at = 0; at < object.size; at++) {
        uint8_t kept = object.data[at];

        for (size_t i = 0; i < sizeof values + 2; i++) {
            object.data[at] =
                i < sizeof values ? values[i] : (uint8_t)(kept + (i == sizeof values ? 1 : -1));
            try_object(object);
            REQUIRE_NO_FAILURE();
        }
        object.data[at] = kept;
    }
    printf("# every byte of a %zu-byte object: %u loaded, %u refused\n", object.size, loaded,
           refused);
    CHECK(refused > 1000 && loaded > 1000);
    free(object.data);
    END(f);
}

static uint64_t interesting(size_t size)
{
    static const uint64_t values[] = { 0,
                                       1,
                                       2,
                                       7,
                                       8,
                                       0x7f,
                                       0xff,
                                       0x100,
                                       0x7fff,
                                       0xffff,
                                       0x10000,
                                       0x7fffffff,
                                       0x80000000,
                                       0xffffffff,
                                       0x100000000,
                                       0x7fffffffffffffff,
                                       0x8000000000000000 };
    uint64_t choice = test_random_below(24);

    if (choice < 17) {
        return values[choice];
    }
    return choice < 20   ? size - test_random_below(9)
           : choice < 22 ? 0 - test_random_below(65)
                         : test_random();
}

/* Headers and tables are small in most files: a uniform choice would seldom meet them. */
static size_t choose_place(struct blob object)
{
    uint64_t table = blob_get(&object, offsetof(Elf64_Ehdr, e_shoff), 8);
    uint64_t count = blob_get(&object, offsetof(Elf64_Ehdr, e_shnum), 2);
    uint64_t choice = test_random_below(10);
    size_t header, offset, size;

    if (table >= object.size || count == 0 || count * sizeof(Elf64_Shdr) > object.size - table ||
        choice == 0) {
        return (size_t)test_random_below(object.size);
    }
    if (choice == 1) {
        return (size_t)test_random_below(sizeof(Elf64_Ehdr));
    }
    header = (size_t)table + (size_t)test_random_below(count) * sizeof(Elf64_Shdr);
    if (choice < 6) {
        return header + (size_t)test_random_below(sizeof(Elf64_Shdr));
    }
    offset = (size_t)blob_get(&object, header + offsetof(Elf64_Shdr, sh_offset), 8);
    size = (size_t)blob_get(&object, header + offsetof(Elf64_Shdr, sh_size), 8);
    if (offset >= object.size || size == 0 || size > object.size - offset) {
        return header;
    }
    return offset + (size_t)test_random_below(size);
}

/* A random record of a random section of the type; 0 if there is none. */
static size_t choose_record(struct blob object, uint32_t type, size_t record_size)
{
    size_t table = (size_t)blob_get(&object, offsetof(Elf64_Ehdr, e_shoff), 8);
    size_t count = (size_t)blob_get(&object, offsetof(Elf64_Ehdr, e_shnum), 2);

    for (int i = 0; i < 50; i++) {
        size_t header = table + (size_t)test_random_below(count) * sizeof(Elf64_Shdr);
        size_t offset = (size_t)blob_get(&object, header + offsetof(Elf64_Shdr, sh_offset), 8);
        size_t size = (size_t)blob_get(&object, header + offsetof(Elf64_Shdr, sh_size), 8);

        if (blob_get(&object, header + offsetof(Elf64_Shdr, sh_type), 4) == type &&
            size >= record_size) {
            return offset + (size_t)test_random_below(size / record_size) * record_size;
        }
    }
    return 0;
}

/* Plausible values in the wrong place: another type, symbol, name or section. */
static void confuse(struct blob *object)
{
    size_t rela = choose_record(*object, SHT_RELA, sizeof(Elf64_Rela));
    size_t symbol = choose_record(*object, SHT_SYMTAB, sizeof(Elf64_Sym));
    size_t other = choose_record(*object, SHT_SYMTAB, sizeof(Elf64_Sym));
    uint64_t sections = blob_get(object, offsetof(Elf64_Ehdr, e_shnum), 2);

    switch (test_random_below(6)) {
    case 0:
        blob_set(object, rela + offsetof(Elf64_Rela, r_info), 4, test_random_below(52));
        break;
    case 1:
        blob_set(object, rela + offsetof(Elf64_Rela, r_info) + 4, 4, test_random_below(12));
        break;
    case 2:
        blob_set(object, rela + offsetof(Elf64_Rela, r_offset), 8, test_random_below(40));
        break;
    case 3: /* two symbols of one name */
        blob_set(object, symbol, 4, blob_get(object, other, 4));
        break;
    case 4:
        blob_set(object, symbol + offsetof(Elf64_Sym, st_shndx), 2,
                 test_random_below(4) == 0 ? 0xfff0 + test_random_below(4)
                                           : test_random_below(sections));
        break;
    default: /* local symbols stay local, so that more comes through */
        blob_set(object, symbol + offsetof(Elf64_Sym, st_info), 1,
                 (blob_get(object, symbol + offsetof(Elf64_Sym, st_info), 1) & 0xf0) |
                     test_random_below(11));
        break;
    }
}

static void damage(struct blob *object)
{
    uint64_t times = 1 + test_random_below(MAX_DAMAGE);

    /* First, while the tables are still where the headers say. */
    for (uint64_t i = test_random_below(4); i > 0; i--) {
        confuse(object);
    }
    if (test_random_below(2) == 0) {
        return;
    }
    for (uint64_t i = 0; i < times; i++) {
        size_t at = choose_place(*object);
        size_t width = (size_t)1 << test_random_below(4);

        if (test_random_below(3) == 0) {
            object->data[at] ^= (uint8_t)(1u << test_random_below(8));
        } else {
            at &= ~(width - 1);
            if (width <= object->size - at) {
                blob_set(object, at, width, interesting(object->size));
            }
        }
    }
}

static void try_random(const char *name, struct blob object)
{
    REQUIRE(object.data != NULL);
    begin();
    warm_up(object);
    for (int round = 0; round < ROUNDS; round++) {
        struct blob damaged = blob_copy(object, object.size);

        damage(&damaged);
        f->odd = round % 2 != 0;
        try_object(damaged);
        free(damaged.data);
        REQUIRE_NO_FAILURE();
    }
    printf("# %s, damaged at random: %u loaded, %u refused\n", name, loaded, refused);
    CHECK(refused > ROUNDS / 4);
    free(object.data);
    END(f);
}

static void a_small_object(void)
{
    try_random("an object with all kinds of sections", small_object());
}

static void a_gcc_object(void)
{
    try_random("a gcc -g object", fx_built("tests/objects/shapes.o"));
}

static void a_grub_module(void)
{
    try_random("GRUB's hello.mod", fx_file("/usr/lib/grub/x86_64-efi/hello.mod"));
}

static const struct test_case cases[] = {
    TEST_CASE(every_byte),
    TEST_CASE(a_small_object),
    TEST_CASE(a_gcc_object),
    TEST_CASE(a_grub_module),
};

TEST_MAIN("random", cases)
