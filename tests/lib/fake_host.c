/* SPDX-License-Identifier: MIT */
#include "tests/lib/fake_host.h"
#include "tests/lib/fake_memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void violation(struct fake_host *fake, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void violation(struct fake_host *fake, const char *format, ...)
{
    va_list args;

    fake->violations++;
    if (fake->violation[0] != '\0') {
        return;
    }
    va_start(args, format);
    vsnprintf(fake->violation, sizeof fake->violation, format, args);
    va_end(args);
}

static struct fake_event *note(struct fake_host *fake, enum fake_op op)
{
    static struct fake_event overflow;
    struct fake_event *event = &overflow;

    if (fake->event_count < FAKE_MAX_EVENTS) {
        event = &fake->events[fake->event_count++];
    }
    memset(event, 0, sizeof *event);
    event->op = op;
    return event;
}

static bool must_fail(struct fake_host *fake)
{
    fake->fallible++;
    if (fake->fail_at == 0) {
        return false;
    }
    return fake->fail_for_ever ? fake->fallible >= fake->fail_at : fake->fallible == fake->fail_at;
}

static void check_request(struct fake_host *fake, const elfin_request *q)
{
    if (q->struct_size < sizeof(elfin_request)) {
        violation(fake, "reserve: struct_size %u", q->struct_size);
    }
    if (q->size == 0 || q->align == 0 || (q->align & (q->align - 1)) != 0) {
        violation(fake, "reserve: size %llu align %llu", (unsigned long long)q->size,
                  (unsigned long long)q->align);
    }
    if (q->purpose == ELFIN_PURPOSE_IMAGE) {
        if (q->size % FAKE_PAGE != 0 || q->align < FAKE_PAGE) {
            violation(fake, "reserve: image of %llu bytes, align %llu", (unsigned long long)q->size,
                      (unsigned long long)q->align);
        }
        if (q->low > q->high || q->code_size > q->size) {
            violation(fake, "reserve: limits or code_size");
        }
        if (q->name == NULL || q->name[0] == '\0') {
            violation(fake, "reserve: image without a name");
        }
    } else if (q->purpose != ELFIN_PURPOSE_RECORDS && q->purpose != ELFIN_PURPOSE_WORK) {
        violation(fake, "reserve: purpose %d", (int)q->purpose);
    }
}

static bool give_image(struct fake_host *fake, struct fake_region *r, const elfin_request *q)
{
    uint64_t size = q->size + fake->slack;

    if (!fake_memory_find(fake, r, q, size)) {
        return false;
    }
    r->region.size = size;
    r->rights = calloc(size / FAKE_PAGE, 1);
    memset(r->region.edit, 0xa5, size);
    return r->rights != NULL;
}

static bool give_plain(struct fake_host *fake, struct fake_region *r, const elfin_request *q)
{
    void *base = NULL;
    size_t align = q->align < sizeof(void *) ? sizeof(void *) : (size_t)q->align;

    (void)fake;
    if (q->size > UINT64_C(1) << 32 || posix_memalign(&base, align, q->size) != 0) {
        return false;
    }
    memset(base, 0xa5, q->size);
    r->base = base;
    r->region.edit = base;
    r->region.run = 0;
    r->region.size = q->size;
    return true;
}

static void count_region(struct fake_host *fake, const struct fake_region *r, bool up)
{
    uint64_t *count = r->request.purpose == ELFIN_PURPOSE_IMAGE     ? &fake->live_images
                      : r->request.purpose == ELFIN_PURPOSE_RECORDS ? &fake->live_records
                                                                    : &fake->live_work;
    if (up) {
        *count += 1;
        fake->live_bytes += r->region.size;
    } else {
        *count -= 1;
        fake->live_bytes -= r->region.size;
    }
    if (r->request.purpose == ELFIN_PURPOSE_WORK) {
        fake->work_bytes += up ? r->region.size : 0 - r->region.size;
        if (fake->work_bytes > fake->peak_work_bytes) {
            fake->peak_work_bytes = fake->work_bytes;
        }
    }
}

static elfin_status fake_reserve(void *ctx, const elfin_request *q, elfin_region *out)
{
    struct fake_host *fake = ctx;
    struct fake_event *event = note(fake, FAKE_RESERVE);
    struct fake_region *r = NULL;
    bool given;

    event->purpose = q->purpose;
    event->size = q->size;
    event->failed = true;
    check_request(fake, q);
    for (size_t i = 0; i < FAKE_MAX_REGIONS && r == NULL; i++) {
        r = fake->regions[i].live ? NULL : &fake->regions[i];
    }
    if (must_fail(fake) || r == NULL) {
        fake->failed_image = q->purpose == ELFIN_PURPOSE_IMAGE && !fake->fail_for_ever;
        return ELFIN_ERR_MEMORY;
    }
    memset(r, 0, sizeof *r);
    given = q->purpose == ELFIN_PURPOSE_IMAGE ? give_image(fake, r, q) : give_plain(fake, r, q);
    if (!given) {
        return ELFIN_ERR_MEMORY;
    }
    r->live = true;
    r->request = *q;
    r->trimmed = r->region.size;
    r->region.cookie = r;
    count_region(fake, r, true);
    event->failed = false;
    event->address = r->region.run;
    *out = r->region;
    return ELFIN_OK;
}

/* The region of a callback, or NULL with a violation when it is not one of ours. */
static struct fake_region *identify(struct fake_host *fake, const elfin_region *region,
                                    const char *what)
{
    for (size_t i = 0; i < FAKE_MAX_REGIONS; i++) {
        struct fake_region *r = &fake->regions[i];

        if (r->live && r->region.cookie == region->cookie) {
            if (r->region.run != region->run || r->region.edit != region->edit ||
                r->trimmed != region->size) {
                violation(fake, "%s: the region was changed", what);
            }
            return r;
        }
    }
    violation(fake, "%s: not a live region", what);
    return NULL;
}

static elfin_status fake_protect(void *ctx, const elfin_region *region, uint64_t offset,
                                 uint64_t size, elfin_rights rights)
{
    struct fake_host *fake = ctx;
    struct fake_region *r = identify(fake, region, "protect");
    struct fake_event *event = note(fake, FAKE_PROTECT);

    event->address = region->run + offset;
    event->size = size;
    event->rights = rights;
    event->failed = true;
    if (r == NULL || r->rights == NULL || offset % FAKE_PAGE != 0 || size % FAKE_PAGE != 0 ||
        size == 0 || size > r->trimmed || offset > r->trimmed - size ||
        (rights != ELFIN_RIGHTS_R && rights != ELFIN_RIGHTS_RW && rights != ELFIN_RIGHTS_RX)) {
        violation(fake, "protect: offset 0x%llx size 0x%llx rights %d", (unsigned long long)offset,
                  (unsigned long long)size, (int)rights);
        return ELFIN_ERR_PROTECT;
    }
    if (must_fail(fake)) {
        return ELFIN_ERR_PROTECT;
    }
    event->failed = false;
    memset(r->rights + offset / FAKE_PAGE, (int)rights, size / FAKE_PAGE);
    fake_memory_protect(fake, r, offset, size, rights);
    return ELFIN_OK;
}

static void fake_release(void *ctx, const elfin_region *region)
{
    struct fake_host *fake = ctx;
    struct fake_region *r = identify(fake, region, "release");
    struct fake_event *event = note(fake, FAKE_RELEASE);

    event->address = region->run;
    event->size = region->size;
    if (r != NULL) {
        event->purpose = r->request.purpose;
        count_region(fake, r, false);
        fake_memory_unmap(fake, r);
    }
}

static void fake_trim(void *ctx, const elfin_region *region, uint64_t offset)
{
    struct fake_host *fake = ctx;
    struct fake_region *r = identify(fake, region, "trim");
    struct fake_event *event = note(fake, FAKE_TRIM);

    event->address = region->run + offset;
    event->size = region->size - offset;
    if (r == NULL || r->rights == NULL || offset % FAKE_PAGE != 0 || offset >= r->trimmed ||
        r->trimmed != r->region.size) {
        violation(fake, "trim: offset 0x%llx", (unsigned long long)offset);
        return;
    }
    r->trimmed = offset;
    /* Whoever touches the tail again faults. */
    fake_memory_close(fake, r, offset);
}

static bool fake_resolve(void *ctx, const char *name, uint64_t *address)
{
    struct fake_host *fake = ctx;
    struct fake_event *event = note(fake, FAKE_RESOLVE);

    snprintf(event->name, sizeof event->name, "%s", name);
    for (const elfin_export *e = fake->resolvable; e != NULL && e->name != NULL; e++) {
        /* Not to know a name is no failure; not to tell one that is known would be. */
        if (strcmp(e->name, name) == 0 && !must_fail(fake)) {
            *address = e->address;
            return true;
        }
    }
    event->failed = true;
    return false;
}

static void execute(const elfin_call *call, uint64_t *result)
{
    typedef void ctor_fn(int, char **, char **);
    typedef int init_fn(int, char **);
    typedef uint64_t resolver_fn(void);
    typedef void finalize_fn(void *);
    typedef uint64_t save_fn(void);
    typedef int restore_fn(uint64_t, uint32_t);
    typedef void plain_fn(void);
    uintptr_t address = (uintptr_t)call->address;

    switch (call->entry) {
    case ELFIN_ENTRY_CTOR:
        ((ctor_fn *)address)(call->argc, call->argv, NULL);
        break;
    case ELFIN_ENTRY_INIT:
        /* Only the low half counts: the rest of RAX may hold anything. */
        *result = UINT64_C(0xdead) << 32 | (uint32_t)((init_fn *)address)(call->argc, call->argv);
        break;
    case ELFIN_ENTRY_RESOLVER:
        *result = ((resolver_fn *)address)();
        break;
    case ELFIN_ENTRY_FINALIZE:
        ((finalize_fn *)address)((void *)(uintptr_t)call->argument);
        break;
    case ELFIN_ENTRY_SAVE:
        *result = ((save_fn *)address)();
        break;
    case ELFIN_ENTRY_RESTORE:
        *result = UINT64_C(0xdead) << 32 |
                  (uint32_t)((restore_fn *)address)(call->argument, call->version);
        break;
    case ELFIN_ENTRY_EXIT:
    case ELFIN_ENTRY_DTOR:
        ((plain_fn *)address)();
        break;
    }
}

static elfin_status fake_call(void *ctx, const elfin_call *call, uint64_t *result)
{
    struct fake_host *fake = ctx;
    struct fake_event *event = note(fake, FAKE_CALL);
    elfin_module_info info;

    elfin_module_get(call->module, &info);
    snprintf(event->name, sizeof event->name, "%s", info.name);
    event->entry = call->entry;
    event->address = call->address;
    /* __cxa_finalize may be the host's. */
    if (((call->entry != ELFIN_ENTRY_FINALIZE && !fake->call_any) ||
         fake_host_find(fake, call->address) != NULL) &&
        fake_host_rights(fake, call->address) != (int)ELFIN_RIGHTS_RX &&
        (fake->host.flags & ELFIN_HOST_NO_RIGHTS) == 0) {
        violation(fake, "call: the function of %s is not executable", info.name);
    }
    if (must_fail(fake)) {
        event->failed = true;
        return ELFIN_ERR_CALL;
    }
    *result = call->entry == ELFIN_ENTRY_INIT       ? (uint32_t)fake->call_result
              : call->entry == ELFIN_ENTRY_RESOLVER ? call->address
              : call->entry == ELFIN_ENTRY_SAVE     ? call->address
                                                    : 0;
    if (fake->run_calls) {
        uint64_t before = fake_tls_enter(&fake->tls);

        execute(call, result);
        fake_tls_leave(&fake->tls, before);
    }
    return ELFIN_OK;
}

static void attach(void *ctx, const elfin_tls *tls)
{
    struct fake_host *fake = ctx;

    fake_tls_attach(&fake->tls, tls);
}

static void detach(void *ctx, const elfin_tls *tls)
{
    struct fake_host *fake = ctx;

    fake_tls_detach(&fake->tls, tls);
}

/* The table is in live memory without W, and each record leads to the next, up to the last word. */
static elfin_status fake_unwind_add(void *ctx, const elfin_block *block)
{
    struct fake_host *fake = ctx;
    const elfin_unwind *unwind = &block->unwind;
    const uint8_t *frames = fake_host_edit(fake, unwind->frames, unwind->frames_size);
    uint64_t at = 0;
    uint32_t length = 1;

    if (must_fail(fake))
        return ELFIN_ERR_MEMORY;
    fake->live_unwind++;
    if (frames == NULL || fake_host_edit(fake, unwind->index, unwind->index_size) == NULL ||
        ((fake->host.flags & ELFIN_HOST_NO_RIGHTS) == 0 &&
         fake_host_rights(fake, unwind->frames) != (int)ELFIN_RIGHTS_R)) {
        violation(fake, "unwind_add: no read-only table");
        return ELFIN_OK;
    }
    for (; length != 0 && at <= unwind->frames_size - 4; at += 4 + (uint64_t)length)
        memcpy(&length, frames + at, 4);
    if (length != 0 || at != unwind->frames_size)
        violation(fake, "unwind_add: the table does not end with a zero word");
    return ELFIN_OK;
}

static void fake_unwind_remove(void *ctx, const elfin_block *block)
{
    struct fake_host *fake = ctx;

    fake->live_unwind--;
    if (fake_host_find(fake, block->unwind.frames) == NULL)
        violation(fake, "unwind_remove: the table is gone");
}

void fake_host_init(struct fake_host *fake, enum fake_memory memory)
{
    memset(fake, 0, sizeof *fake);
    fake->memory = memory;
    fake->base = memory == FAKE_INVENTED ? UINT64_C(0x100000000) : UINT64_C(0x210000000000);
    fake->run_calls = memory != FAKE_INVENTED;
    fake->host = (elfin_host)ELFIN_HOST_INIT;
    fake->host.ctx = fake;
    fake->host.reserve = fake_reserve;
    fake->host.release = fake_release;
    fake->host.protect = fake_protect;
    fake->host.trim = fake_trim;
    fake->host.unwind_add = fake_unwind_add;
    fake->host.unwind_remove = fake_unwind_remove;
    fake->host.resolve = fake_resolve;
    fake->host.call = fake_call;
    fake->host.tls_attach = attach;
    fake->host.tls_detach = detach;
}

void fake_host_rewind(struct fake_host *fake)
{
    fake->event_count = 0;
    fake->fallible = 0;
    fake->fail_at = 0;
    fake->fail_for_ever = false;
    fake->failed_image = false;
    fake->peak_work_bytes = fake->work_bytes;
}

void fake_host_fini(struct fake_host *fake)
{
    fake_tls_free(&fake->tls);
    for (size_t i = 0; i < FAKE_MAX_REGIONS; i++) {
        if (fake->regions[i].live) {
            count_region(fake, &fake->regions[i], false);
            fake_memory_unmap(fake, &fake->regions[i]);
        }
    }
}

const struct fake_region *fake_host_find(const struct fake_host *fake, uint64_t run)
{
    for (size_t i = 0; i < FAKE_MAX_REGIONS; i++) {
        const struct fake_region *r = &fake->regions[i];

        if (r->live && r->rights != NULL && run >= r->region.run &&
            run - r->region.run < r->trimmed) {
            return r;
        }
    }
    return NULL;
}

void *fake_host_edit(const struct fake_host *fake, uint64_t run, uint64_t size)
{
    const struct fake_region *r = fake_host_find(fake, run);

    if (r == NULL || r->trimmed - (run - r->region.run) < size) {
        return NULL;
    }
    return (uint8_t *)r->region.edit + (run - r->region.run);
}

int fake_host_rights(const struct fake_host *fake, uint64_t run)
{
    const struct fake_region *r = fake_host_find(fake, run);

    return r == NULL ? -1 : r->rights[(run - r->region.run) / FAKE_PAGE];
}

size_t fake_host_count(const struct fake_host *fake, enum fake_op op)
{
    size_t count = 0;

    for (size_t i = 0; i < fake->event_count; i++) {
        count += fake->events[i].op == op;
    }
    return count;
}
