/* SPDX-License-Identifier: MIT */
/*
 * For thousands of random sets of constraints: the solved reach is the set of addresses at which a
 * naive linker finds every fixup in range, no address more and no address less.
 *
 * The reach is seen from outside: a host that refuses all image memory is asked for each range. The
 * naive linker evaluates every formula of the psABI at one base address, modulo 2^64, and looks
 * whether it fits; layout is all that it is told.
 */
#include "tests/unit/brute.h"

#define PAGE      UINT64_C(4096)
#define SOMEWHERE UINT64_C(0x200000000000) /* where layouts are found */

enum {
    MAX_REQUESTS = 16,
    MAX_REPORTS = 64
};

enum variant {
    ALONE,
    BESIDE,  /* object 0 has an address of its own, object 1 is placed */
    TOGETHER /* both in one block: a hidden name ties them */
};

/* ---- The host -------------------------------------------------------------------------------- */

struct host {
    unsigned give; /* this many images; the others are refused */
    elfin_request requests[MAX_REQUESTS];
    elfin_region images[MAX_REQUESTS];
    unsigned count, live;
    unsigned reports, repeated, late; /* diagnostics; told twice; of a phase after resolve */
    elfin_diag told[MAX_REPORTS];
};

static elfin_status reserve(void *ctx, const elfin_request *q, elfin_region *out)
{
    struct host *host = ctx;
    bool image = q->purpose == ELFIN_PURPOSE_IMAGE;
    void *memory = NULL;

    if (image) {
        REQUIRE(host->count < MAX_REQUESTS);
        host->requests[host->count++] = *q;
        if (host->count > host->give)
            return ELFIN_ERR_MEMORY;
    }
    if (posix_memalign(&memory, image ? PAGE : 16, q->size) != 0)
        return ELFIN_ERR_MEMORY;
    *out = (elfin_region){ .run = image ? q->low : 0, .edit = memory, .size = q->size };
    if (image)
        host->images[host->count - 1] = *out;
    host->live++;
    return ELFIN_OK;
}

static void release(void *ctx, const elfin_region *region)
{
    struct host *host = ctx;

    host->live--;
    free(region->edit);
}

static void report(void *ctx, const elfin_diag *diag)
{
    struct host *host = ctx;

    for (unsigned i = 0; i < host->reports && i < MAX_REPORTS; i++) {
        const elfin_diag *d = &host->told[i];

        host->repeated += d->relocation_index == diag->relocation_index &&
                          d->section_index == diag->section_index &&
                          strcmp(d->file, diag->file) == 0;
    }
    host->late += diag->phase > ELFIN_PHASE_RESOLVE && diag->status != ELFIN_ERR_MEMORY;
    if (host->reports < MAX_REPORTS)
        host->told[host->reports] = *diag;
    host->reports++;
}

/* ---- One set of constraints ------------------------------------------------------------------ */

struct set {
    enum variant variant;
    struct model models[MAX_OBJECTS];
    unsigned count;
    elfin_export exports[MAX_EXPORTS];
    uint64_t at;          /* of object 0, BESIDE */
    uint64_t min, max;    /* for the placed block */
    uint64_t aim;         /* a base address that most fields will fit at */
    uint64_t size, align; /* of the placed block, found */
    bool large;
    unsigned ranges; /* solved: where it may begin */
    uint64_t first[MAX_REQUESTS], last[MAX_REQUESTS];
};

static struct {
    unsigned long sets, empty, one, two, bounded, tried, inside, loaded, refused;
} tally;

/* Is this object in the block that is placed? */
static bool is_placed(const struct set *set, unsigned object)
{
    return set->variant != BESIDE || object == 1;
}

/* The run address of the block that an object is in, when the placed one lies at x. */
static uint64_t base_of(const struct set *set, unsigned object, uint64_t x)
{
    return is_placed(set, object) ? x : set->at;
}

/* ---- The naive linker ------------------------------------------------------------------------ */

static uint64_t address_of(const struct set *set, unsigned object, int number, uint64_t x)
{
    const struct model *m = &set->models[object];
    const struct name *n = number < 0 ? NULL : &m->names[number];

    if (n != NULL && n->kind == PEER) {
        object = 1 - object;
        m = &set->models[object];
        n = &m->names[n->other];
    }
    if (n == NULL || n->kind == WEAK)
        return 0;
    switch (n->kind) {
    case ABSOLUTE:
        return n->value;
    case IMPORT:
        return set->exports[n->other].address;
    case TABLE:
        return base_of(set, object, x) + m->got;
    case COMMON:
    case INDIRECT:
        return base_of(set, object, x) + n->offset;
    default:
        return base_of(set, object, x) + m->parts[n->part].offset + n->value;
    }
}

static uint64_t size_of(const struct set *set, unsigned object, int number)
{
    const struct name *n = number < 0 ? NULL : &set->models[object].names[number];

    if (n != NULL && n->kind == PEER)
        n = &set->models[1 - object].names[n->other];
    return n == NULL ? 0 : n->size;
}

static uint64_t value_of(const struct set *set, unsigned object, const struct record *r, uint64_t x)
{
    const struct model *m = &set->models[object];
    uint64_t base = base_of(set, object, x), a = (uint64_t)r->addend;
    uint64_t p = base + m->parts[r->part].offset + r->offset;

    switch (r->way) {
    case WAY_VALUE:
        return address_of(set, object, r->name, x) + a;
    case WAY_PLACE:
        return address_of(set, object, r->name, x) + a - p;
    case WAY_SLOT:
        return base + r->slot + a - p;
    case WAY_INDEX:
        return r->slot - m->got + a;
    case WAY_TABLE:
        return base + m->got + a - p;
    case WAY_SIZE_OF:
        return size_of(set, object, r->name) + a;
    default:
        return 0;
    }
}

/* The smallest and the largest value that a field may hold; psABI 4.4.1, and C's integer types. */
static void limits_of(uint32_t type, int64_t *low, int64_t *high)
{
    switch (type) {
    case R_X86_64_32:
    case R_X86_64_SIZE32:
        *low = 0, *high = UINT32_MAX;
        break;
    case R_X86_64_16:
        *low = INT16_MIN, *high = UINT16_MAX;
        break;
    case R_X86_64_8:
        *low = INT8_MIN, *high = UINT8_MAX;
        break;
    case R_X86_64_PC16:
        *low = INT16_MIN, *high = INT16_MAX;
        break;
    case R_X86_64_PC8:
        *low = INT8_MIN, *high = INT8_MAX;
        break;
    default:
        *low = INT32_MIN, *high = INT32_MAX;
    }
}

static bool fits(const struct set *set, unsigned object, const struct record *r, uint64_t x)
{
    int64_t value = (int64_t)value_of(set, object, r, x), low, high;

    limits_of(r->type, &low, &high);
    return r->way == WAY_ANY || (value >= low && value <= high);
}

static unsigned misfits(const struct set *set, uint64_t x)
{
    unsigned count = 0;

    for (unsigned o = 0; o < set->count; o++)
        for (unsigned i = 0; i < set->models[o].record_count; i++)
            count += !fits(set, o, &set->models[o].records[i], x);
    return count;
}

static bool is_address(const struct set *set, uint64_t x)
{
    return x % set->align == 0 && x <= UINT64_MAX - (set->size - 1);
}

static bool naive(const struct set *set, uint64_t x)
{
    return is_address(set, x) && x >= set->min && x + (set->size - 1) <= set->max &&
           misfits(set, x) == 0;
}

/* ---- The loader ------------------------------------------------------------------------------ */

/* Loads the set: at x, or where it may lie. Objects that layout is to be found of are neutral. */
static elfin_status load(const struct set *set, struct host *host, elfin_space *space, bool layout,
                         const uint64_t *x, struct blob files[MAX_OBJECTS], elfin_group **group)
{
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_input inputs[MAX_OBJECTS] = { 0 };
    elfin_host callbacks = ELFIN_HOST_INIT;

    callbacks.ctx = host;
    callbacks.flags = ELFIN_HOST_NO_RIGHTS;
    callbacks.max_image_size = UINT64_C(1) << 31;
    callbacks.reserve = reserve;
    callbacks.release = release;
    STATUS(elfin_space_init(space, &callbacks), ELFIN_OK);
    STATUS(elfin_space_export(space, set->exports, MAX_EXPORTS), ELFIN_OK);
    options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_KEEP_SECTIONS;
    options.report = report;
    options.report_ctx = host;
    if (!x) {
        options.min = set->min;
        options.max = set->max;
    }
    for (unsigned o = 0; o < set->count; o++) {
        files[o] = write_model((struct model *)&set->models[o], layout);
        inputs[o] = (elfin_input){ .data = files[o].data,
                                   .size = files[o].size,
                                   .file = o == 0 ? "a.o" : "b.o" };
        if (set->variant == BESIDE && o == 0) {
            inputs[o].flags = ELFIN_INPUT_AT;
            inputs[o].at = set->at;
        } else if (x && (o == 0 || set->variant == BESIDE)) {
            inputs[o].flags = ELFIN_INPUT_AT;
            inputs[o].at = *x;
        }
    }
    /* What has an address stands after what has none. */
    if (set->variant == BESIDE) {
        elfin_input first = inputs[0];

        inputs[0] = inputs[1];
        inputs[1] = first;
    }
    return elfin_load(space, inputs, set->count, &options, group, NULL);
}

static void unload(const struct set *set, struct host *host, elfin_space *space,
                   struct blob files[MAX_OBJECTS])
{
    STATUS(elfin_space_destroy(space), ELFIN_OK);
    CHECK_EQ(host->live, 0);
    for (unsigned o = 0; o < set->count; o++)
        free(files[o].data);
}

/* What the loader wrote at a run address. */
static uint64_t read_back(const struct host *host, uint64_t address, unsigned width)
{
    for (unsigned i = 0; i < host->count; i++) {
        const elfin_region *image = &host->images[i];
        uint64_t value = 0;

        if (!image->edit || address - image->run >= image->size)
            continue;
        memcpy(&value, (uint8_t *)image->edit + (address - image->run), width);
        return value;
    }
    REQUIRE(!"no such address");
    return 0;
}

static void find_layout(struct set *set, const struct host *host, unsigned object,
                        const elfin_module *module)
{
    struct model *m = &set->models[object];
    uint64_t base = base_of(set, object, SOMEWHERE), address;
    elfin_module_info info;
    elfin_section section;

    elfin_module_get(module, &info);
    m->got = info.got_base - base;
    for (uint32_t i = 0; elfin_module_section(module, i, &section); i++)
        for (unsigned k = 0; k < m->part_count; k++)
            if (section.index == m->parts[k].index)
                m->parts[k].offset = section.address - base;
    for (unsigned i = 0; i < m->name_count; i++) {
        struct name *n = &m->names[i];

        if (n->kind != COMMON && n->kind != INDIRECT)
            continue;
        REQUIRE(elfin_module_lookup(module, n->text, &address) == ELFIN_OK);
        n->offset = address - base;
    }
    for (unsigned i = 0; i < m->record_count; i++) {
        struct record *r = &m->records[i];
        uint64_t place = m->parts[r->part].offset + r->offset;
        uint64_t field = r->way == WAY_SLOT || r->way == WAY_INDEX
                             ? (uint64_t)(int64_t)(int32_t)read_back(host, base + place, 4)
                             : 0;

        r->slot = field + (r->way == WAY_SLOT ? place : m->got);
    }
}

/* Size of the placed block with its last section as large as it will be. */
static uint64_t full_size(const struct set *set, uint64_t size)
{
    const struct model *m = &set->models[set->count - 1];
    const struct part *p = &m->parts[m->part_count - 1];

    return set->large ? (p->offset + p->size + PAGE - 1) & ~(PAGE - 1) : size;
}

static void lay_out(struct set *set)
{
    struct host host = { .give = MAX_REQUESTS };
    struct blob files[MAX_OBJECTS];
    uint64_t x = SOMEWHERE;
    elfin_group *group;
    elfin_space space;

    REQUIRE(load(set, &host, &space, true, &x, files, &group) == ELFIN_OK);
    find_layout(set, &host, 0, elfin_find_module(&space, "a"));
    if (set->count > 1)
        find_layout(set, &host, 1, elfin_find_module(&space, "b"));
    for (unsigned i = 0; i < host.count; i++) {
        if (host.requests[i].low == SOMEWHERE) {
            set->size = full_size(set, host.requests[i].size);
            set->align = host.requests[i].align;
        }
    }
    unload(set, &host, &space, files);
}

static void solve(struct set *set)
{
    struct host host = { .give = set->variant == BESIDE };
    struct blob files[MAX_OBJECTS];
    elfin_group *group;
    elfin_space space;
    elfin_status status = load(set, &host, &space, false, NULL, files, &group);

    for (unsigned i = host.give; i < host.count; i++) {
        const elfin_request *q = &host.requests[i];

        CHECK_EQ(q->size, set->size);
        CHECK_EQ(q->align, set->align);
        set->first[set->ranges] = q->low;
        set->last[set->ranges++] = q->high - (q->size - 1);
    }
    if (set->ranges > 0)
        STATUS(status, ELFIN_ERR_MEMORY);
    else
        CHECK_MSG(status == ELFIN_ERR_REACH || status == ELFIN_ERR_RANGE, "%s",
                  elfin_status_text(status));
    CHECK_EQ(host.repeated, 0);
    CHECK_EQ(host.late, 0);
    CHECK(host.reports > 0);
    unload(set, &host, &space, files);
}

/* ---- Comparison ------------------------------------------------------------------------------ */

static bool solved(const struct set *set, uint64_t x)
{
    for (unsigned i = 0; i < set->ranges; i++)
        if (x >= set->first[i] && x <= set->last[i])
            return is_address(set, x);
    return false;
}

static void try_at(const struct set *set, uint64_t x)
{
    bool expected = naive(set, x);

    tally.tried++;
    tally.inside += expected;
    CHECK_MSG(solved(set, x) == expected,
              "set %lu: at 0x%llx the loader says %d, the naive linker %d", tally.sets,
              (unsigned long long)x, !expected, expected);
}

/* The aligned addresses around a number. */
static void try_around(const struct set *set, uint64_t number)
{
    uint64_t x = number & ~(set->align - 1);

    try_at(set, x - set->align);
    try_at(set, x);
    try_at(set, x + set->align);
}

/* Where one field ceases to fit: its value moves with the base, against it, or not at all. */
static void try_edges(const struct set *set, unsigned object, const struct record *r)
{
    uint64_t zero = value_of(set, object, r, 0), step = value_of(set, object, r, 1) - zero;
    int64_t limits[2];

    if (r->way == WAY_ANY || step == 0)
        return;
    limits_of(r->type, &limits[0], &limits[1]);
    for (unsigned i = 0; i < 2; i++)
        for (uint64_t d = 0; d < 3; d++)
            try_around(set, ((uint64_t)limits[i] + d - 1 - zero) * step);
}

static void try_all(const struct set *set)
{
    for (unsigned i = 0; i < set->ranges; i++) {
        CHECK(set->first[i] <= set->last[i]);
        try_around(set, set->first[i]);
        try_around(set, set->last[i]);
        try_at(set, (set->first[i] + test_random_below(set->last[i] - set->first[i] + 1)) &
                        ~(set->align - 1));
    }
    for (unsigned o = 0; o < set->count; o++)
        for (unsigned i = 0; i < set->models[o].record_count; i++)
            try_edges(set, o, &set->models[o].records[i]);
    try_around(set, 0);
    try_around(set, set->aim);
    try_around(set, set->min);
    try_around(set, set->max - (set->size - 1));
    for (unsigned i = 0; i < 20; i++)
        try_around(set, i % 2 ? test_random() >> test_random_below(64) : edge_number());
}

static unsigned width_of(uint32_t type)
{
    return type == R_X86_64_8 || type == R_X86_64_PC8     ? 1
           : type == R_X86_64_16 || type == R_X86_64_PC16 ? 2
                                                          : 4;
}

/* The fields are what the naive linker computes; not those of instructions that were relaxed. */
static void check_fields(const struct set *set, const struct host *host, uint64_t x)
{
    for (unsigned o = 0; o < set->count; o++) {
        const struct model *m = &set->models[o];

        for (unsigned i = 0; i < m->record_count; i++) {
            const struct record *r = &m->records[i];
            uint64_t place = base_of(set, o, x) + m->parts[r->part].offset + r->offset;
            unsigned width = width_of(r->type);
            uint64_t mask = UINT64_MAX >> (64 - 8 * width);

            if (r->way == WAY_ANY || (r->way == WAY_SLOT && r->addend == -4) || r->name < 0)
                continue;
            CHECK_EQ(read_back(host, place, width), value_of(set, o, r, x) & mask);
        }
    }
}

/* Really there: it loads with these very fields, or all that do not fit are told, once each. */
static void load_at(const struct set *set, uint64_t x)
{
    struct host host = { .give = MAX_REQUESTS };
    unsigned expected = misfits(set, x);
    struct blob files[MAX_OBJECTS];
    elfin_group *group;
    elfin_space space;
    elfin_status status = load(set, &host, &space, false, &x, files, &group);

    STATUS(status, expected == 0 ? ELFIN_OK : ELFIN_ERR_RANGE);
    CHECK_EQ(host.reports, expected);
    CHECK_EQ(host.repeated, 0);
    CHECK_EQ(host.late, 0);
    if (status == ELFIN_OK)
        check_fields(set, &host, x);
    else
        CHECK_EQ(host.count, 0);
    tally.loaded += expected == 0;
    tally.refused += expected != 0;
    unload(set, &host, &space, files);
}

static bool overlaps(const struct set *set, uint64_t x)
{
    return set->variant == BESIDE && x - set->at + (1 << 30) < UINT64_C(2) << 30;
}

static void load_some(const struct set *set)
{
    uint64_t x;

    if (set->ranges > 0) {
        unsigned i = (unsigned)test_random_below(set->ranges);

        x = chance(50) ? set->first[i] : set->last[i];
        if (!overlaps(set, x))
            load_at(set, x);
    }
    x = (chance(50) ? set->aim : edge_number()) & ~(set->align - 1);
    if (is_address(set, x) && !overlaps(set, x))
        load_at(set, x);
}

/* ---- Random sets ----------------------------------------------------------------------------- */

static uint64_t any_base(void)
{
    static const unsigned bits[] = { 31, 32, 33, 47, 63 };

    switch (test_random_below(5)) {
    case 0:
        return test_random_below(UINT64_C(1) << 33);
    case 1:
        return 0 - test_random_below(UINT64_C(1) << 32);
    case 2:
        return (UINT64_C(1) << PICK(bits)) + test_random_below(0x100000) - 0x80000;
    case 3:
        return test_random_below(0x20) * PAGE;
    default:
        return test_random();
    }
}

/* The hidden name of the other object, used by a record that demands nothing. */
static void use_tie(struct model *m)
{
    struct part *p = &m->parts[0];
    struct record *r = &m->records[m->record_count++];

    *r = (struct record){ .type = R_X86_64_PC64, .way = WAY_ANY, .number = p->relas++ };
    for (unsigned i = 0; i < m->name_count; i++)
        if (m->names[i].hidden)
            r->name = (int)i;
    r->offset = CELL * --p->cells + 4;
}

static void make_structure(struct set *set)
{
    set->count = set->variant == ALONE ? 1 : 2;
    set->large = chance(6);
    for (unsigned o = 0; o < set->count; o++) {
        struct model *m = &set->models[o];
        unsigned parts = 1 + (unsigned)test_random_below(MAX_PARTS - 1);
        bool last = o == set->count - 1;

        for (unsigned i = 0; i < parts; i++)
            make_part(m, false);
        if (last && set->large)
            make_part(m, true);
        make_names(m, o == 0 ? "a" : "b", !set->large);
    }
    if (set->variant == TOGETHER) {
        struct name *tie = add_name(&set->models[0], GLOBAL, "tie");

        tie->hidden = true;
    }
    if (set->count > 1) {
        make_peers(&set->models[0], &set->models[1]);
        make_peers(&set->models[1], &set->models[0]);
    }
    if (set->variant == TOGETHER)
        use_tie(&set->models[1]);
    for (unsigned o = 0; o < set->count; o++) {
        struct model *m = &set->models[o];
        unsigned records = 1 + (unsigned)test_random_below(chance(50) ? 3 : MAX_RECORDS - 1);

        for (unsigned i = 0; i < 2 * records && m->record_count < records; i++)
            make_record(m);
    }
}

static int64_t small_addend(void)
{
    return chance(40) ? -4 : (int64_t)test_random_below(0x2000) - 0x1000;
}

/* A value that the field can hold, often near one of its limits. */
static uint64_t value_for(uint32_t type)
{
    static const uint64_t distances[] = { 4, 0x3000, 0x100000, UINT64_C(1) << 31 };
    int64_t low, high;
    uint64_t span, distance = test_random_below(PICK(distances));

    limits_of(type, &low, &high);
    span = (uint64_t)high - (uint64_t)low;
    if (chance(30) || distance > span)
        distance = test_random_below(span + 1);
    return chance(50) ? (uint64_t)low + distance : (uint64_t)high - distance;
}

/* Most fields fit at the aim, so that many sets have an address; some sets are wild. */
static void choose_addend(const struct set *set, unsigned object, struct record *r, bool wild)
{
    r->addend = small_addend();
    if (wild && chance(25))
        r->addend = (int64_t)any_number();
    else if (chance(70) || !fits(set, object, r, set->aim)) {
        r->addend = 0;
        r->addend = (int64_t)(value_for(r->type) - value_of(set, object, r, set->aim));
    }
    if (!would_branch(&set->models[object], r))
        return;
    if (r->addend == -4)
        r->addend--;
    if (would_branch(&set->models[object], r))
        r->type = R_X86_64_PC32;
}

/*
 * Two fields of one type and symbol whose addends are as far apart as the field is wide: one
 * address is left, or none.
 */
static void choose_extremes(struct set *set, unsigned object)
{
    struct model *m = &set->models[object];
    struct record *first = &m->records[0], *second = &m->records[1];
    int64_t low, high;

    if (m->record_count < 2 || first->way != WAY_VALUE || second->way != WAY_VALUE)
        return;
    limits_of(first->type, &low, &high);
    second->type = first->type;
    second->name = first->name;
    first->addend = second->addend = 0;
    first->addend = (int64_t)((uint64_t)low - value_of(set, object, first, set->aim));
    second->addend =
        (int64_t)((uint64_t)first->addend + (uint64_t)(high - low) + test_random_below(3) - 1);
}

static void choose_limits(struct set *set)
{
    set->min = 0;
    set->max = UINT64_MAX;
    if (chance(5)) {
        set->min = set->aim;
        set->max = set->aim + (set->size - 1) - chance(30);
        return;
    }
    if (chance(10))
        set->min = set->aim - test_random_below(set->aim + 1) / (1 + test_random_below(0x100000));
    if (chance(10))
        set->max = set->aim + (set->size - 1) +
                   test_random_below(UINT64_MAX - set->aim - (set->size - 1) + 1) /
                       (1 + test_random_below(0x100000));
}

static void make_set(struct set *set, enum variant variant)
{
    uint64_t base = any_base();
    bool wild = chance(25);

    memset(set, 0, sizeof *set);
    set->variant = variant;
    set->at = (chance(50) ? base + (test_random_below(UINT64_C(1) << 33)) : any_base()) &
              ~UINT64_C(0x1fffff);
    if (set->at > UINT64_MAX - (UINT64_C(1) << 31))
        set->at -= UINT64_C(1) << 31;
    for (unsigned i = 0; i < MAX_EXPORTS; i++) {
        static const char *const names[MAX_EXPORTS] = { "e0", "e1", "e2", "e3" };

        set->exports[i].name = names[i];
        set->exports[i].address =
            chance(50) ? base + test_random_below(UINT64_C(1) << 32) - (UINT64_C(1) << 31)
                       : any_number();
    }
    make_structure(set);
    lay_out(set);
    set->aim = base & ~(set->align - 1);
    while (!is_address(set, set->aim))
        set->aim -= set->align;
    choose_limits(set);
    for (unsigned o = 0; o < set->count; o++) {
        for (unsigned i = 0; i < set->models[o].record_count; i++)
            if (set->models[o].records[i].way != WAY_ANY)
                choose_addend(set, o, &set->models[o].records[i], wild);
        if (chance(30))
            choose_extremes(set, o);
    }
}

static void free_set(struct set *set)
{
    for (unsigned o = 0; o < set->count; o++)
        for (unsigned i = 0; i < set->models[o].part_count; i++)
            free(set->models[o].parts[i].bytes);
}

static void count(const struct set *set)
{
    tally.sets++;
    tally.empty += set->ranges == 0;
    tally.one += set->ranges == 1;
    tally.two += set->ranges == 2;
    if (set->ranges > 0)
        tally.bounded += set->last[set->ranges - 1] - set->first[0] < UINT64_MAX - (set->size - 1);
}

/* BRUTE_SETS in the environment: so many sets for a long run. */
static void run(enum variant variant, unsigned long sets)
{
    const char *wanted = getenv("BRUTE_SETS");
    struct set *set = xmalloc(sizeof *set);

    if (wanted != NULL)
        sets = strtoul(wanted, NULL, 0);
    memset(&tally, 0, sizeof tally);
    while (tally.sets < sets) {
        make_set(set, variant);
        solve(set);
        count(set);
        try_all(set);
        if (!set->large)
            load_some(set);
        free_set(set);
        REQUIRE_NO_FAILURE();
    }
    free(set);
    printf("# brute: %lu sets (%lu empty, %lu of one range, %lu of two; %lu bounded), "
           "%lu addresses tried (%lu inside), %lu loaded, %lu refused there\n",
           tally.sets, tally.empty, tally.one, tally.two, tally.bounded, tally.tried, tally.inside,
           tally.loaded, tally.refused);
    /* The sets are worth the while. */
    CHECK(tally.empty > sets / 40 && tally.one > sets / 5 && tally.two > sets / 50);
    CHECK(tally.bounded > sets / 4);
    CHECK(tally.inside > tally.tried / 10 && tally.inside < tally.tried * 9 / 10);
}

static void one_object(void)
{
    run(ALONE, 3000);
}

static void an_object_beside_one_that_has_its_address(void)
{
    run(BESIDE, 1500);
}

static void two_objects_in_one_block(void)
{
    run(TOGETHER, 1000);
}

static const struct test_case cases[] = {
    TEST_CASE(one_object),
    TEST_CASE(an_object_beside_one_that_has_its_address),
    TEST_CASE(two_objects_in_one_block),
};

TEST_MAIN("brute", cases)
