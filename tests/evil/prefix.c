/* SPDX-License-Identifier: MIT */
/*
 * Every prefix of a real object is refused or loads, and leaves nothing behind. Compilers put the
 * section header table last, so that nearly every prefix ends at once; each object is therefore
 * also tried with its table moved to the front, where every section is cut in turn.
 */
#include "tests/lib/expect.h"

static struct fixture *f;

static bool resolve_anything(void *ctx, const char *name, uint64_t *address)
{
    (void)ctx;
    (void)name;
    *address = 0x40001000;
    return true;
}

static void begin(void)
{
    f = fx_new(FAKE_INVENTED);
    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    f->fake.host.resolve = resolve_anything;
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    f->fake.base = 0x40000000;
    f->options.flags = ELFIN_LOAD_NO_INIT;
    /* The first load makes the index of the space; from then on everything is given back. */
    LOAD(f, "first.o", "fn first 1");
    STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
}

static struct blob table_first(struct blob from)
{
    uint64_t table = blob_get(&from, offsetof(Elf64_Ehdr, e_shoff), 8);
    size_t count = (size_t)blob_get(&from, offsetof(Elf64_Ehdr, e_shnum), 2);
    size_t table_size = count * sizeof(Elf64_Shdr);
    struct blob to = { xmalloc(from.size + table_size), from.size + table_size };
    size_t header = sizeof(Elf64_Ehdr);

    memcpy(to.data, from.data, header);
    memcpy(to.data + header, from.data + table, table_size);
    memcpy(to.data + header + table_size, from.data + header, from.size - header);
    blob_set(&to, offsetof(Elf64_Ehdr, e_shoff), 8, header);
    for (size_t i = 0; i < count; i++) {
        size_t at = header + i * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_offset);

        blob_set(&to, at, 8, blob_get(&to, at, 8) + table_size);
    }
    return to;
}

struct tally {
    unsigned loaded, refused;
};

static void try_prefix(struct blob whole, size_t size, struct tally *tally)
{
    struct blob part = blob_copy(whole, size);
    struct fx_snapshot before = fx_snapshot(f);

    f->odd = size % 2 == 0;
    fake_host_rewind(&f->fake);
    if (fx_load_blob(f, "part.o", part) == ELFIN_OK) {
        tally->loaded++;
        STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
    } else {
        tally->refused++;
        CHECK(f->diag.status == f->status);
    }
    NO_COMPLAINT(fx_compare(f, &before));
    free(part.data);
}

static void try_all(const char *name, struct blob whole)
{
    struct tally last = { 0, 0 }, first = { 0, 0 };
    struct blob moved;

    REQUIRE(whole.data != NULL && whole.size > 1000);
    moved = table_first(whole);
    begin();
    try_prefix(whole, whole.size, &last);
    CHECK_MSG(last.loaded == 1, "%s: the whole object: %s", name, elfin_status_text(f->status));
    try_prefix(moved, moved.size, &first);
    CHECK_MSG(first.loaded == 1, "%s: table first: %s", name, elfin_status_text(f->status));
    for (size_t size = 0; size < whole.size; size++) {
        try_prefix(whole, size, &last);
        REQUIRE_NO_FAILURE();
    }
    for (size_t size = 0; size < moved.size; size++) {
        try_prefix(moved, size, &first);
        REQUIRE_NO_FAILURE();
    }
    printf("# prefixes of %s: %u loaded, %u refused; with the table first: %u loaded, %u refused\n",
           name, last.loaded, last.refused, first.loaded, first.refused);
    CHECK(last.refused >= whole.size - 1);
    END(f);
    free(whole.data);
    free(moved.data);
}

static struct blob wanted;

static bool pick_adler(void *ctx, const char *name, const void *data, size_t size)
{
    if (strcmp(name, ctx) != 0) {
        return true;
    }
    wanted = (struct blob){ xmalloc(size), size };
    memcpy(wanted.data, data, size);
    return false;
}

static void gcc_with_debug_information(void)
{
    try_all("a gcc -g object", fx_built("tests/objects/shapes.o"));
}

static void a_member_of_libz(void)
{
    struct blob archive = fx_file("/usr/lib/x86_64-linux-gnu/libz.a");
    char member[] = "adler32.o";
    elfin_diag diag;

    REQUIRE(archive.data != NULL);
    wanted = (struct blob){ NULL, 0 };
    STATUS(elfin_archive_members(archive.data, archive.size, "libz.a", pick_adler, member, &diag),
           ELFIN_OK);
    free(archive.data);
    try_all("libz.a(adler32.o)", wanted);
}

static void a_grub_module(void)
{
    try_all("GRUB's hello.mod", fx_file("/usr/lib/grub/x86_64-efi/hello.mod"));
}

static void an_object_with_everything(void)
{
    try_all("an object with all kinds of sections",
            toy("module hello; interrupts; fn f 7; weak fn h 3; call g f; call x ext; addr a f; "
                "var v 5; ro r 9; ptr p f 4; rel q v; bss b 100 64; common c 8 32; comdat cd 4; "
                "ctor 1; dtor 2; init 1 0; exit 2; export f; ifunc k f; in set 1; "
                "ptr s __stop_set"));
}

static const struct test_case cases[] = {
    TEST_CASE(gcc_with_debug_information),
    TEST_CASE(a_member_of_libz),
    TEST_CASE(a_grub_module),
    TEST_CASE(an_object_with_everything),
};

TEST_MAIN("prefix", cases)
