/* SPDX-License-Identifier: MIT */
/*
 * Objects that nobody here wrote, handed over and loaded: GRUB's modules and members of Debian's
 * archives, 50 in a space, so that they use each other. No code is executed; the calls are
 * compared. HANDOVER_ALL in the environment: the large archives too.
 */
#include "tests/lib/expect.h"
#include "tests/lib/heir.h"

#include <dirent.h>

enum {
    MOST = 5000
};

static struct {
    struct blob bytes;
    char name[96];
} objects[MOST];
static size_t object_count;

static bool keep(void *ctx, const char *name, const void *data, size_t size)
{
    const char *archive = ctx;

    if (object_count < MOST) {
        objects[object_count].bytes = (struct blob){ xmalloc(size), size };
        memcpy(objects[object_count].bytes.data, data, size);
        snprintf(objects[object_count].name, sizeof objects[0].name, "%s-%.60s", archive, name);
        object_count++;
    }
    return true;
}

static void read_archive(const char *path, const char *name)
{
    struct blob file = fx_file(path);
    char copy[16];

    if (file.data == NULL) {
        return;
    }
    snprintf(copy, sizeof copy, "%s", name);
    elfin_archive_members(file.data, file.size, name, keep, copy, NULL);
    free(file.data);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void read_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    char *names[512], path[512];
    size_t count = 0;

    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        if (strstr(e->d_name, ".mod") != NULL && count < 512) {
            names[count++] = strdup(e->d_name);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    qsort(names, count, sizeof names[0], by_name);
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (object_count < MOST) {
            objects[object_count].bytes = fx_file(path);
            snprintf(objects[object_count++].name, sizeof objects[0].name, "%s", names[i]);
        }
        free(names[i]);
    }
}

/* Whatever nobody has lies near. */
static bool resolve(void *ctx, const char *name, uint64_t *address)
{
    uint64_t sum = 5381;

    (void)ctx;
    for (; *name != '\0'; name++) {
        sum = sum * 33 + (uint8_t)*name;
    }
    *address = UINT64_C(0x210000000000) - 0x10000000 + (sum & 0xffffff0);
    return true;
}

static struct fixture *prepare(struct fixture *f)
{
    elfin_space_destroy(&f->space);
    f->fake.host.resolve = resolve;
    if (elfin_space_init(&f->space, &f->fake.host) != ELFIN_OK) {
        abort();
    }
    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS;
    return f;
}

/* Some are refused, as two that define one name strongly are; the same ones each time. */
static size_t load_all(struct fixture *f, size_t from, size_t count)
{
    size_t loaded = 0;

    for (size_t i = from; i < from + count && i < object_count; i++) {
        loaded += fx_load_blob(f, objects[i].name, objects[i].bytes) == ELFIN_OK;
    }
    return loaded;
}

static void compare(size_t first, size_t count, size_t *handed)
{
    struct fixture *from = prepare(heir_new_writer(1 << 20, 64));
    struct fixture *to = prepare(heir_new_space(FAKE_INVENTED, 1 << 20, 64));
    struct fixture *loaded = prepare(heir_new_space(FAKE_INVENTED, 1 << 20, 64));
    struct blob d;
    char text[512], *a, *b;

    to->fake.call_any = loaded->fake.call_any = true;
    *handed += load_all(from, first, count);
    load_all(loaded, first, count);
    d = heir_describe(from);
    fake_host_rewind(&loaded->fake);
    heir_adopt(to, from, d);
    elfin_diag_format(&to->diag, text, sizeof text);
    CHECK_MSG(to->status == ELFIN_OK, "%s", text);
    a = heir_tell(to);
    b = heir_tell(loaded);
    CHECK_MSG(strcmp(a, b) == 0, "objects from %s on differ", objects[first].name);
    free(a);
    free(b);
    free(d.data);
    fake_host_rewind(&to->fake);
    fake_host_rewind(&loaded->fake);
    STATUS(elfin_space_destroy(&to->space), ELFIN_OK);
    STATUS(elfin_space_destroy(&loaded->space), ELFIN_OK);
    a = heir_calls(to);
    b = heir_calls(loaded);
    CHECK_STR(a, b);
    free(a);
    free(b);
    END(from);
    END(to);
    END(loaded);
}

static void real_objects_are_handed_over(void)
{
    size_t handed = 0;

    read_folder("/usr/lib/grub/x86_64-efi");
    read_archive("/usr/lib/x86_64-linux-gnu/libz.a", "libz.a");
    read_archive("/usr/lib/x86_64-linux-gnu/liblua5.4.a", "lua.a");
    if (getenv("HANDOVER_ALL") != NULL) {
        read_archive("/usr/lib/x86_64-linux-gnu/libm-2.36.a", "libm.a");
        read_archive("/usr/lib/x86_64-linux-gnu/libc.a", "libc.a");
        read_archive("/usr/lib/gcc/x86_64-linux-gnu/12/libstdc++.a", "libstdc++.a");
        read_archive("/usr/lib/gcc/x86_64-linux-gnu/12/libgcc.a", "libgcc.a");
    }
    for (size_t i = 0; i < object_count; i += 50) {
        compare(i, 50, &handed);
        REQUIRE_NO_FAILURE();
    }
    printf("# %zu of %zu objects handed over\n", handed, object_count);
    CHECK(handed > 250);
    while (object_count > 0) {
        free(objects[--object_count].bytes.data);
    }
}

static const struct test_case cases[] = {
    TEST_CASE(real_objects_are_handed_over),
};

TEST_MAIN("handover_real", cases)
