/* SPDX-License-Identifier: MIT */
#include "tests/lib/fake_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What code expects at its thread pointer: the pointer itself, and at 0x28 a canary. */
enum {
    THREAD_BLOCK = 128,
    CANARY_AT = 0x28,
    HOST_VARIABLE_AT = 64
};

static uint8_t *thread_pointer(const struct fake_tls *tls)
{
    return tls->base + tls->size;
}

void fake_tls_declare(struct fake_tls *tls, elfin_host *host, uint64_t size, uint64_t align)
{
    void *base = NULL;
    uint64_t self, canary = UINT64_C(0x1122334455667700);

    memset(tls, 0, sizeof *tls);
    host->tls_size = size;
    host->tls_align = align;
    if (size == 0) {
        return;
    }
    if (posix_memalign(&base, align < 16 ? 16 : align, size + THREAD_BLOCK) != 0) {
        abort();
    }
    memset(base, 0xa5, size + THREAD_BLOCK);
    tls->base = base;
    tls->size = size;
    tls->owner = calloc(size, 1);
    if (tls->owner == NULL) {
        abort();
    }
    self = (uint64_t)(uintptr_t)thread_pointer(tls);
    memcpy(thread_pointer(tls), &self, 8);
    memcpy(thread_pointer(tls) + CANARY_AT, &canary, 8);
}

void fake_tls_free(struct fake_tls *tls)
{
    free(tls->base);
    free(tls->owner);
    tls->base = tls->owner = NULL;
}

int64_t fake_tls_host_offset(const struct fake_tls *tls)
{
    (void)tls;
    return HOST_VARIABLE_AT;
}

static void violation(struct fake_tls *tls, const char *text)
{
    if (tls->violation == NULL) {
        tls->violation = text;
    }
}

static void note(struct fake_tls *tls, char what)
{
    size_t length = strlen(tls->order);

    if (length + 1 < sizeof tls->order) {
        tls->order[length] = what;
    }
}

static bool is_inside(const struct fake_tls *tls, const elfin_tls *block)
{
    return block->size != 0 && block->offset < 0 && block->offset >= -(int64_t)tls->size &&
           block->size <= (uint64_t)-block->offset;
}

void fake_tls_attach(struct fake_tls *tls, const elfin_tls *block)
{
    unsigned number = 0;
    uint64_t at = tls->size + (uint64_t)block->offset;

    note(tls, 'a');
    while (number < FAKE_MAX_TLS && tls->live[number]) {
        number++;
    }
    if (number == FAKE_MAX_TLS || !is_inside(tls, block)) {
        violation(tls, "tls_attach: a block outside the area");
        return;
    }
    if (block->module == NULL || block->align == 0 || (block->align & (block->align - 1)) != 0 ||
        (uint64_t)block->offset % block->align != 0 || block->file_size > block->size ||
        (block->file_size != 0 && block->image == NULL)) {
        violation(tls, "tls_attach: the block's description");
        return;
    }
    for (uint64_t i = 0; i < block->size; i++) {
        if (tls->owner[at + i] != 0) {
            violation(tls, "tls_attach: the block overlaps another");
        }
        tls->owner[at + i] = (uint8_t)(number + 1);
    }
    memset(tls->base + at, 0, block->size);
    if (block->file_size != 0) {
        memcpy(tls->base + at, block->image, block->file_size);
    }
    tls->blocks[number] = *block;
    tls->live[number] = true;
    tls->count++;
}

void fake_tls_detach(struct fake_tls *tls, const elfin_tls *block)
{
    note(tls, 'd');
    for (unsigned i = 0; i < FAKE_MAX_TLS; i++) {
        if (!tls->live[i] || tls->blocks[i].offset != block->offset) {
            continue;
        }
        if (memcmp(&tls->blocks[i], block, sizeof *block) != 0) {
            violation(tls, "tls_detach: the block was changed");
        }
        memset(tls->owner + (tls->size + (uint64_t)block->offset), 0, block->size);
        memset(tls->base + (tls->size + (uint64_t)block->offset), 0xa5, block->size);
        tls->live[i] = false;
        tls->count--;
        return;
    }
    violation(tls, "tls_detach: no such block");
}

/* arch_prctl(ARCH_SET_FS): not through libc, which would look for its own thread. */
static void set_fs(uint64_t base)
{
    uint64_t result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(158UL), "D"(0x1002UL), "S"(base)
                     : "rcx", "r11", "memory");
    (void)result;
}

uint64_t fake_tls_enter(const struct fake_tls *tls)
{
    uint64_t before = 0;

    if (tls->base != NULL) {
        __asm__ volatile("movq %%fs:0, %0" : "=r"(before));
        set_fs((uint64_t)(uintptr_t)thread_pointer(tls));
    }
    return before;
}

void fake_tls_leave(const struct fake_tls *tls, uint64_t before)
{
    if (tls->base != NULL) {
        set_fs(before);
    }
}
