/* SPDX-License-Identifier: MIT */
/* The fields of an image that depend on its imports, one by one, for those who bind them anew. */
#include "loader/image.h"
#include "loader/features.h"
#include "loader/linkage.h"

/* As if each field had a record, in a table for the part that it lies in. */
static void follow_run(const struct load *load, const struct object *object, uint32_t symbol,
                       const struct arch_run *run, follow_fn *each, void *ctx)
{
    int part = elfin_image_part(object->image, run->first);
    uint64_t offset = object->image->header.part[part].offset, place = run->first;
    const uint8_t *distances = run->distances;
    struct arch_field field;

    for (uint64_t i = 0; i < run->count; i++) {
        struct elf_rela rela = { .r_info = run->type, .r_addend = run->addend };
        struct arch_scan scan = { .rela = { (const uint8_t *)&rela, sizeof(rela) },
                                  .bytes = elfin_image_content(object->image, part),
                                  .executable = elfin_arch_before(run->type),
                                  .slots = load->host->slots->arch,
                                  .tls = load->host->threads ? load->host->threads->arch : NULL };

        if (i)
            place += arch_distance(&distances, run->wide);
        rela.r_offset = place - offset;
        load->host->rebinding->arch(&scan, 0, &field);
        each(ctx, symbol, load->blocks[object->block].region.run + offset, part, &field);
    }
}

void elfin_image_follow(const struct load *load, const struct object *object, follow_fn *each,
                        void *ctx)
{
    for (uint32_t k = 0; k < object->image->import_count; k++) {
        uint32_t symbol = object->first_global + k;
        struct arch_field reader = { .reads_slot = true };
        const uint8_t *at, *end;
        struct image_slot slot;
        struct arch_run run;

        if (elfin_image_slot(object->image, symbol, &slot) && slot.slot & ARCH_IN_USE)
            each(ctx, symbol, 0, 0, &reader);
        elfin_image_stream(object->image, k, &at, &end);
        while (elfin_image_next_run(&at, end, &run))
            follow_run(load, object, symbol, &run, each, ctx);
    }
}
