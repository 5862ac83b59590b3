/* SPDX-License-Identifier: MIT */
#include "tests/lib/fake_memory.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* User addresses of x86-64 Linux end here; page 0 and its neighbours are never given out. */
#define USER_TOP    UINT64_C(0x7fffffff0000)
#define USER_BOTTOM UINT64_C(0x10000)

static bool overlaps(const struct fake_host *fake, uint64_t run, uint64_t size)
{
    for (size_t i = 0; i < FAKE_MAX_REGIONS; i++) {
        const struct fake_region *r = &fake->regions[i];

        if (r->live && r->rights != NULL && run <= r->region.run + (r->region.size - 1) &&
            r->region.run <= run + (size - 1)) {
            return true;
        }
    }
    return false;
}

/* Edit memory between two guard pages. */
static bool map_edit(struct fake_region *r, uint64_t size, int fd)
{
    uint8_t *base;
    void *inner;

    r->mapped = size + 2 * FAKE_PAGE;
    base = mmap(NULL, r->mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        return false;
    }
    inner = mmap(base + FAKE_PAGE, size, PROT_READ | PROT_WRITE,
                 MAP_FIXED | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED), fd, 0);
    if (inner == MAP_FAILED) {
        munmap(base, r->mapped);
        return false;
    }
    r->base = base;
    r->region.edit = inner;
    return true;
}

static bool take_dual(struct fake_region *r, void *at, uint64_t size)
{
    int fd = memfd_create("fake", 0);
    void *run = MAP_FAILED;

    if (fd < 0) {
        return false;
    }
    if (ftruncate(fd, (off_t)size) == 0) {
        run = mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
    }
    if (run != MAP_FAILED && (run != at || !map_edit(r, size, fd))) {
        munmap(run, size);
        run = MAP_FAILED;
    }
    close(fd);
    return run != MAP_FAILED;
}

/* Claims [run, run + size) if it is free. */
static bool take(struct fake_host *fake, struct fake_region *r, uint64_t run, uint64_t size)
{
    void *at = (void *)(uintptr_t)run;
    bool taken;

    if (fake->memory == FAKE_INVENTED) {
        taken = !overlaps(fake, run, size) && map_edit(r, size, -1);
    } else if (run < USER_BOTTOM || run >= USER_TOP || size > USER_TOP - run) {
        taken = false;
    } else if (fake->memory == FAKE_DUAL) {
        taken = take_dual(r, at, size);
    } else {
        void *got = mmap(at, size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (got != MAP_FAILED && got != at) {
            munmap(got, size);
        }
        taken = got == at;
        r->base = at;
        r->mapped = size;
        r->region.edit = at;
    }
    if (taken) {
        r->region.run = run;
    }
    return taken;
}

/*
 * Tries addresses outwards from the preferred one: first in steps of the alignment, so that narrow
 * windows are met, then in large steps, so that crowded neighbourhoods are left.
 */
bool fake_memory_find(struct fake_host *fake, struct fake_region *r, const elfin_request *q,
                      uint64_t size)
{
    uint64_t last, middle, step = q->align > FAKE_PAGE ? q->align : FAKE_PAGE;
    uint64_t first = (q->low + (step - 1)) & ~(step - 1);
    uint64_t distance = 0;

    if (q->high - q->low < size - 1 || first < q->low) {
        return false;
    }
    last = (q->high - (size - 1)) & ~(step - 1);
    if (last < first) {
        return false;
    }
    middle = q->near != 0 && !fake->ignore_near ? q->near : fake->base;
    middle = middle & ~(step - 1);
    middle = middle < first ? first : middle > last ? last : middle;
    for (unsigned i = 0; i < 8192; i++) {
        if (distance <= last - middle && take(fake, r, middle + distance, size)) {
            return true;
        }
        if (distance <= middle - first && take(fake, r, middle - distance, size)) {
            return true;
        }
        distance += i < 256 || step > 0x100000 ? step : 0x100000;
    }
    return false;
}

static int to_prot(elfin_rights rights)
{
    return rights == ELFIN_RIGHTS_RX  ? PROT_READ | PROT_EXEC
           : rights == ELFIN_RIGHTS_R ? PROT_READ
                                      : PROT_READ | PROT_WRITE;
}

void fake_memory_protect(const struct fake_host *fake, const struct fake_region *r, uint64_t offset,
                         uint64_t size, elfin_rights rights)
{
    int prot = to_prot(rights);

    if (fake->memory == FAKE_DUAL) {
        /* The edit mapping stays writable: that is another address. */
        mprotect((void *)(uintptr_t)(r->region.run + offset), size, prot);
        return;
    }
    if (fake->memory == FAKE_INVENTED) {
        prot &= ~PROT_EXEC;
    }
    mprotect((uint8_t *)r->region.edit + offset, size, prot);
}

void fake_memory_close(const struct fake_host *fake, const struct fake_region *r, uint64_t offset)
{
    mprotect((uint8_t *)r->region.edit + offset, r->region.size - offset, PROT_NONE);
    if (fake->memory == FAKE_DUAL) {
        mprotect((void *)(uintptr_t)(r->region.run + offset), r->region.size - offset, PROT_NONE);
    }
}

void fake_memory_unmap(const struct fake_host *fake, struct fake_region *r)
{
    if (r->rights == NULL) {
        free(r->base);
    } else {
        if (fake->memory == FAKE_DUAL) {
            munmap((void *)(uintptr_t)r->region.run, r->region.size);
        }
        munmap(r->base, r->mapped);
        free(r->rights);
    }
    r->live = false;
}
