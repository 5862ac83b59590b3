/* SPDX-License-Identifier: MIT */
/* Names that many export: the earliest that is still there is found, whoever comes and goes. */
#include "tests/lib/expect.h"

enum {
    NAMES = 6,
    MAX_GROUPS = 40,
    MAX_RECORDS = 2 * NAMES * MAX_GROUPS,
    HOST = -1
};

/* The naive model: per name, who exports it, in order of publication. */
struct entry {
    int owner; /* serial number of the module, or HOST */
    uint64_t address;
};

static struct fixture *f;
static struct entry model[NAMES][MAX_RECORDS];
static size_t counts[NAMES];
static struct {
    int serial;
    elfin_group *group;
} groups[MAX_GROUPS];
static size_t group_count;
static int next_serial;

/* The space borrows the names of the host's exports. */
static const char *const names[NAMES] = { "n0", "n1", "n2", "n3", "n4", "n5" };

static uint64_t address_of(int serial, size_t name)
{
    return 0x10000 + 16 * (uint64_t)(serial + 1) + name;
}

static void enter(size_t name, int owner)
{
    REQUIRE(counts[name] < MAX_RECORDS);
    model[name][counts[name]++] = (struct entry){ owner, address_of(owner, name) };
}

static void forget(int owner)
{
    for (size_t name = 0; name < NAMES; name++) {
        size_t kept = 0;

        for (size_t i = 0; i < counts[name]; i++) {
            if (model[name][i].owner != owner) {
                model[name][kept++] = model[name][i];
            }
        }
        counts[name] = kept;
    }
}

static bool has_host(size_t name)
{
    for (size_t i = 0; i < counts[name]; i++) {
        if (model[name][i].owner == HOST) {
            return true;
        }
    }
    return false;
}

/* What the library finds is what the model has first. */
static void compare(void)
{
    elfin_space_stats stats;
    size_t present = 0;

    for (size_t name = 0; name < NAMES; name++) {
        const elfin_module *owner = NULL;
        elfin_module_info info = { 0 };
        char file[16];
        uint64_t address = 0;
        elfin_status status = elfin_lookup(&f->space, names[name], &address, &owner);

        if (counts[name] == 0) {
            STATUS(status, ELFIN_ERR_NOT_FOUND);
            continue;
        }
        present++;
        STATUS(status, ELFIN_OK);
        CHECK_EQ(address, model[name][0].address);
        CHECK((owner == NULL) == (model[name][0].owner == HOST));
        if (owner != NULL) {
            snprintf(file, sizeof file, "m%d", model[name][0].owner);
            elfin_module_get(owner, &info);
            CHECK_STR(info.name, file);
        }
    }
    elfin_space_get_stats(&f->space, &stats);
    CHECK_EQ(stats.exports, present + 1); /* and "trace" */
    CHECK_EQ(stats.modules, group_count);
    REQUIRE_NO_FAILURE();
}

static void load_one(void)
{
    char text[256] = "", file[16];
    uint64_t mask = test_random_below((1 << NAMES) - 1) + 1;

    for (size_t name = 0; name < NAMES; name++) {
        if ((mask >> name & 1) != 0) {
            size_t used = strlen(text);

            snprintf(text + used, sizeof text - used, "abs %s 0x%llx; ", names[name],
                     (unsigned long long)address_of(next_serial, name));
            enter(name, next_serial);
        }
    }
    snprintf(file, sizeof file, "m%d.o", next_serial);
    LOAD(f, file, text);
    groups[group_count].serial = next_serial++;
    groups[group_count++].group = f->group;
}

static void unload_one(size_t i)
{
    STATUS(elfin_unload(&f->space, groups[i].group, NULL, NULL, NULL), ELFIN_OK);
    forget(groups[i].serial);
    groups[i] = groups[--group_count];
}

/* The host exports a name once, however many modules have it already. */
static void export_one(void)
{
    size_t name = test_random_below(NAMES);
    const elfin_export row = { names[name], address_of(HOST, name) };
    bool twice = has_host(name);

    STATUS(fx_export(f, &row, 1), twice ? ELFIN_ERR_DUPLICATE : ELFIN_OK);
    if (!twice) {
        enter(name, HOST);
    }
}

static void begin(void)
{
    f = fx_new(FAKE_INVENTED);
    memset(counts, 0, sizeof counts);
    group_count = 0;
    next_serial = 0;
}

static void the_earliest_export_that_is_left_is_found(void)
{
    for (unsigned round = 0; round < 20; round++) {
        unsigned exports = round % 4; /* in some spaces the host adds names late, or never */

        begin();
        for (unsigned step = 0; step < 150; step++) {
            if (group_count == 0 ||
                (group_count < MAX_GROUPS && test_random_below(100) < 50 + round)) {
                load_one();
            } else if (exports != 0 && step > 40 * exports && test_random_below(8) == 0) {
                export_one();
            } else {
                unload_one(test_random_below(group_count));
            }
            compare();
        }
        while (group_count > 0) {
            unload_one(test_random_below(group_count));
            compare();
        }
        END(f);
    }
}

/* First in, first out; last in, first out; from the middle: each end of the list is met. */
static void every_order_of_leaving(void)
{
    static const uint8_t orders[][4] = {
        { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 0, 3, 2 }, { 1, 2, 3, 0 },
        { 2, 3, 0, 1 }, { 3, 0, 2, 1 }, { 0, 3, 1, 2 }, { 2, 1, 0, 3 },
    };

    for (size_t order = 0; order < sizeof orders / sizeof orders[0]; order++) {
        elfin_group *loaded[4];
        bool gone[4] = { false };

        f = fx_new(FAKE_INVENTED);
        for (unsigned i = 0; i < 4; i++) {
            char file[8], text[32];

            snprintf(file, sizeof file, "m%u.o", i);
            snprintf(text, sizeof text, "abs same 0x%x", i + 0x1000);
            LOAD(f, file, text);
            loaded[i] = f->group;
        }
        for (unsigned i = 0; i < 4; i++) {
            unsigned first = 0;

            STATUS(elfin_unload(&f->space, loaded[orders[order][i]], NULL, NULL, NULL), ELFIN_OK);
            gone[orders[order][i]] = true;
            while (first < 4 && gone[first]) {
                first++;
            }
            CHECK_EQ(fx_lookup(f, "same"), first < 4 ? first + 0x1000 : 0);
        }
        END(f);
    }
}

static void the_host_exports_a_name_once_behind_a_module_s(void)
{
    const elfin_export row = { "thing", 0x7000 };

    f = fx_new(FAKE_INVENTED);
    LOAD(f, "a.o", "abs thing 0x1000");
    LOAD(f, "b.o", "abs thing 0x2000");
    STATUS(fx_export(f, &row, 1), ELFIN_OK);
    STATUS(fx_export(f, &row, 1), ELFIN_ERR_DUPLICATE);
    CHECK_EQ(fx_lookup(f, "thing"), 0x1000);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(the_earliest_export_that_is_left_is_found),
    TEST_CASE(every_order_of_leaving),
    TEST_CASE(the_host_exports_a_name_once_behind_a_module_s),
};

TEST_MAIN("shadow", cases)
