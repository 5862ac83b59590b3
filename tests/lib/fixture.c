/* SPDX-License-Identifier: MIT */
#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fx_trace[FX_MAX_TRACE];
size_t fx_trace_count;

/* Called by module code. */
void fx_note(int id)
{
    if (fx_trace_count < FX_MAX_TRACE) {
        fx_trace[fx_trace_count++] = id;
    }
}

void fx_clear_trace(void)
{
    fx_trace_count = 0;
}

const char *fx_trace_text(void)
{
    static char text[FX_MAX_TRACE * 12];
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < fx_trace_count; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%d", i == 0 ? "" : " ",
                                 fx_trace[i]);
    }
    return text;
}

static void report(void *ctx, const elfin_diag *diag)
{
    struct fixture *f = ctx;

    if (f->report_count < FX_MAX_REPORTS) {
        f->reports[f->report_count] = *diag;
    }
    f->report_count++;
}

struct fx_rows {
    struct fx_rows *next;
    elfin_export rows[];
};

static elfin_status export(struct fixture *f, const elfin_export *rows, size_t count,
                           elfin_status (*to)(elfin_space *, const elfin_export *, size_t))
{
    struct fx_rows *copy = xmalloc(sizeof *copy + count * sizeof *rows);

    if (count > 0) {
        memcpy(copy->rows, rows, count * sizeof *rows);
    }
    copy->next = f->rows;
    f->rows = copy;
    return to(&f->space, copy->rows, count);
}

elfin_status fx_export(struct fixture *f, const elfin_export *rows, size_t count)
{
    return export(f, rows, count, elfin_space_export);
}

elfin_status fx_export_tls(struct fixture *f, const elfin_export *rows, size_t count)
{
    return export(f, rows, count, elfin_space_export_tls);
}

static void free_rows(struct fixture *f)
{
    while (f->rows != NULL) {
        struct fx_rows *rows = f->rows;

        f->rows = rows->next;
        free(rows);
    }
}

static void left(void *ctx, const elfin_left *l)
{
    struct fixture *f = ctx;

    if (f->left_count < FX_MAX_REPORTS) {
        f->left[f->left_count] = *l;
    }
    f->left_count++;
}

elfin_status fx_rebind(struct fixture *f, const char *user, const char *name, const char *module,
                       const char *symbol, uint64_t address)
{
    elfin_target target = { .symbol = symbol, .address = address };
    elfin_module *m = user != NULL ? elfin_find_module(&f->space, user) : NULL;

    if (module != NULL) {
        target.module = elfin_find_module(&f->space, module);
    }
    if ((user != NULL && m == NULL) || (module != NULL && target.module == NULL)) {
        fprintf(stderr, "fixture: no module %s\n", user != NULL ? user : module);
        abort();
    }
    f->report_count = 0;
    memset(&f->diag, 0xee, sizeof f->diag);
    f->status = elfin_rebind(&f->space, m, name, &target, &f->change, &f->diag);
    return f->status;
}

struct fixture *fx_new_tls(enum fake_memory memory, uint64_t tls_size, uint64_t tls_align)
{
    struct fixture *f = xmalloc(sizeof *f);
    const elfin_export exports[] = { { "trace", (uint64_t)(uintptr_t)fx_note } };

    memset(f, 0, sizeof *f);
    fake_host_init(&f->fake, memory);
    f->fake.host.rebinding = &elfin_rebinding;
    fake_tls_declare(&f->fake.tls, &f->fake.host, tls_size, tls_align);
    f->options = (elfin_options)ELFIN_OPTIONS_INIT;
    f->options.report = report;
    f->options.report_ctx = f;
    f->change = (elfin_change)ELFIN_CHANGE_INIT;
    f->change.left = left;
    f->change.report = report;
    f->change.ctx = f;
    if (elfin_space_init(&f->space, &f->fake.host) != ELFIN_OK ||
        fx_export(f, exports, 1) != ELFIN_OK) {
        fprintf(stderr, "fixture: no space\n");
        abort();
    }
    fx_clear_trace();
    return f;
}

struct fixture *fx_new(enum fake_memory memory)
{
    return fx_new_tls(memory, 0, 0);
}

struct fixture *fx_new_programs(enum fake_memory memory)
{
    struct fixture *f = fx_new(memory);

    f->fake.host.programs = &elfin_programs;
    f->space.host.programs = &elfin_programs;
    return f;
}

struct fixture *fx_new_images(enum fake_memory memory)
{
    struct fixture *f = fx_new_tls(memory, 4096, 64);

    f->fake.host.images = &elfin_images;
    f->space.host.images = &elfin_images;
    f->options.flags = ELFIN_LOAD_PUBLISH;
    return f;
}

elfin_image *fx_prepare(struct fixture *f, const char *file, const char *text)
{
    struct blob object = toy(text);
    elfin_input input = { .data = object.data, .size = object.size, .file = file };
    elfin_image *image;

    f->report_count = 0;
    f->status = elfin_prepare(&f->fake.host, &input, &f->options, &image, &f->diag);
    if (f->status != ELFIN_OK) {
        char line[512];

        elfin_diag_format(&f->diag, line, sizeof line);
        fprintf(stderr, "fixture: not prepared: %s\n", line);
        abort();
    }
    free(object.data);
    return image;
}

elfin_status fx_instantiate(struct fixture *f, elfin_image *image, const char *name)
{
    elfin_input input = { .file = "instance.img", .name = name, .image = image };

    return fx_load_inputs(f, &input, 1);
}

void fx_again(struct fixture *f)
{
    const elfin_export exports[] = { { "trace", (uint64_t)(uintptr_t)fx_note } };

    if (elfin_space_destroy(&f->space) != ELFIN_OK ||
        elfin_space_init(&f->space, &f->fake.host) != ELFIN_OK ||
        fx_export(f, exports, 1) != ELFIN_OK) {
        fprintf(stderr, "fixture: no space again\n");
        abort();
    }
}

const char *fx_violation(const struct fixture *f)
{
    if (f->fake.tls.violation != NULL) {
        return f->fake.tls.violation;
    }
    return f->fake.violations == 0 ? NULL : f->fake.violation;
}

const char *fx_end(struct fixture *f)
{
    static char text[320];
    elfin_status status = elfin_space_destroy(&f->space);

    text[0] = '\0';
    if (f->fake.violations != 0) {
        snprintf(text, sizeof text, "%s", f->fake.violation);
    } else if (f->fake.tls.violation != NULL) {
        snprintf(text, sizeof text, "%s", f->fake.tls.violation);
    } else if (f->fake.tls.count != 0) {
        snprintf(text, sizeof text, "%u blocks of thread-local storage are left",
                 f->fake.tls.count);
    } else if (f->fake.live_unwind != 0) {
        snprintf(text, sizeof text, "unwind tables of %llu blocks are left",
                 (unsigned long long)f->fake.live_unwind);
    } else if (status != ELFIN_OK) {
        snprintf(text, sizeof text, "elfin_space_destroy: %s", elfin_status_text(status));
    } else if (f->fake.live_images + f->fake.live_records + f->fake.live_work != 0) {
        snprintf(text, sizeof text, "left after destroy: %llu images, %llu records, %llu work",
                 (unsigned long long)f->fake.live_images, (unsigned long long)f->fake.live_records,
                 (unsigned long long)f->fake.live_work);
    }
    fake_host_fini(&f->fake);
    free_rows(f);
    free(f);
    return text[0] == '\0' ? NULL : text;
}

elfin_status fx_load_inputs(struct fixture *f, const elfin_input *inputs, size_t count)
{
    elfin_input copies[FX_MAX_INPUTS];
    uint8_t *bytes[FX_MAX_INPUTS];
    elfin_group *group = NULL;

    if (count > FX_MAX_INPUTS) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        copies[i] = inputs[i];
        bytes[i] = xmalloc(inputs[i].size + f->odd);
        if (inputs[i].size != 0) {
            memcpy(bytes[i] + f->odd, inputs[i].data, inputs[i].size);
        }
        copies[i].data = inputs[i].image != NULL ? NULL : bytes[i] + f->odd;
    }
    f->report_count = 0;
    memset(&f->diag, 0xee, sizeof f->diag);
    if (f->replaces == NULL) {
        f->status = elfin_load(&f->space, copies, count, &f->options, &group, &f->diag);
    } else {
        f->status = (f->move ? elfin_move : elfin_replace)(
            &f->space, f->replaces, copies, count, &f->options, &f->change, &group, &f->diag);
    }
    for (size_t i = 0; i < count; i++) {
        memset(bytes[i], 0x5a, copies[i].size);
        free(bytes[i]);
    }
    if (f->status == ELFIN_OK) {
        f->group = group;
    } else if (group != NULL) {
        fprintf(stderr, "fixture: elfin_load failed and wrote its result\n");
        abort();
    }
    return f->status;
}

elfin_status fx_load_blob(struct fixture *f, const char *file, struct blob object)
{
    elfin_input input = { .data = object.data, .size = object.size, .file = file };

    return fx_load_inputs(f, &input, 1);
}

elfin_status fx_load(struct fixture *f, ...)
{
    elfin_input inputs[FX_MAX_INPUTS];
    struct blob blobs[FX_MAX_INPUTS];
    size_t count = 0;
    const char *file;
    va_list args;

    va_start(args, f);
    while ((file = va_arg(args, const char *)) != NULL) {
        if (count == FX_MAX_INPUTS) {
            abort();
        }
        blobs[count] = toy(va_arg(args, const char *));
        inputs[count] =
            (elfin_input){ .data = blobs[count].data, .size = blobs[count].size, .file = file };
        count++;
    }
    va_end(args);
    fx_load_inputs(f, inputs, count);
    for (size_t i = 0; i < count; i++) {
        free(blobs[i].data);
    }
    return f->status;
}

struct fx_snapshot fx_snapshot(const struct fixture *f)
{
    struct fx_snapshot s = { .images = f->fake.live_images,
                             .records = f->fake.live_records,
                             .bytes = f->fake.live_bytes,
                             .tls_blocks = f->fake.tls.count };

    elfin_space_get_stats(&f->space, &s.stats);
    return s;
}

const char *fx_compare(const struct fixture *f, const struct fx_snapshot *before)
{
    static char text[256];
    struct fx_snapshot now = fx_snapshot(f);
    size_t groups = 0;

    if (f->fake.violations != 0) {
        return f->fake.violation;
    }
    if (f->fake.live_work != 0) {
        return "working memory is left";
    }
    for (elfin_group *g = elfin_next_group(&f->space, NULL); g != NULL;
         g = elfin_next_group(&f->space, g)) {
        groups++;
    }
    if (groups != before->stats.groups) {
        return "another number of groups";
    }
    if (now.images == before->images && now.records == before->records &&
        now.bytes == before->bytes && now.stats.groups == before->stats.groups &&
        now.stats.modules == before->stats.modules && now.stats.exports == before->stats.exports &&
        now.stats.image_bytes == before->stats.image_bytes &&
        now.stats.tls_bytes == before->stats.tls_bytes && now.tls_blocks == before->tls_blocks &&
        now.stats.record_bytes == before->stats.record_bytes) {
        return NULL;
    }
    snprintf(text, sizeof text,
             "before -> now: images %llu %llu, records %llu %llu, bytes %llu %llu, "
             "modules %llu %llu, exports %llu %llu",
             (unsigned long long)before->images, (unsigned long long)now.images,
             (unsigned long long)before->records, (unsigned long long)now.records,
             (unsigned long long)before->bytes, (unsigned long long)now.bytes,
             (unsigned long long)before->stats.modules, (unsigned long long)now.stats.modules,
             (unsigned long long)before->stats.exports, (unsigned long long)now.stats.exports);
    return text;
}

uint64_t fx_lookup(const struct fixture *f, const char *name)
{
    uint64_t address = 0;

    return elfin_lookup(&f->space, name, &address, NULL) == ELFIN_OK ? address : 0;
}

uint64_t fx_symbol(const struct fixture *f, const char *module, const char *name)
{
    const elfin_module *m = elfin_find_module(&f->space, module);
    uint64_t address = 0;

    return m != NULL && elfin_module_lookup(m, name, &address) == ELFIN_OK ? address : 0;
}

uint64_t fx_run(const struct fixture *f, const char *name)
{
    typedef uint64_t function(void);
    uint64_t address = fx_lookup(f, name), before, result;

    if (address == 0 || f->fake.memory == FAKE_INVENTED) {
        return UINT64_MAX;
    }
    before = fake_tls_enter(&f->fake.tls);
    result = ((function *)(uintptr_t)address)();
    fake_tls_leave(&f->fake.tls, before);
    return result;
}

uint64_t fx_read(const struct fixture *f, uint64_t address)
{
    const void *bytes = fake_host_edit(&f->fake, address, 8);
    uint64_t value = UINT64_MAX;

    if (bytes != NULL) {
        memcpy(&value, bytes, 8);
    }
    return value;
}

static int rights_of(elfin_part part)
{
    switch (part) {
    case ELFIN_PART_TEXT:
    case ELFIN_PART_INIT_TEXT:
        return ELFIN_RIGHTS_RX;
    case ELFIN_PART_RODATA:
    case ELFIN_PART_RELRO:
        return ELFIN_RIGHTS_R;
    case ELFIN_PART_DATA:
    case ELFIN_PART_INIT_DATA:
    case ELFIN_PART_COUNT:
        break;
    }
    return ELFIN_RIGHTS_RW;
}

static const char *check_pages(const struct fixture *f, const elfin_block *block, uint64_t offset,
                               uint64_t size, elfin_part part)
{
    static char text[128];

    if (offset % FAKE_PAGE != 0 || size % FAKE_PAGE != 0) {
        return "a part is not made of whole pages";
    }
    if (size != 0 && (offset > block->region.size || size > block->region.size - offset)) {
        return "a part lies outside its block";
    }
    for (uint64_t at = 0; at < size; at += FAKE_PAGE) {
        int rights = fake_host_rights(&f->fake, block->region.run + offset + at);

        if (rights != rights_of(part)) {
            snprintf(text, sizeof text, "part %d, page 0x%llx: rights %d, expected %d", (int)part,
                     (unsigned long long)at, rights, rights_of(part));
            return text;
        }
    }
    return NULL;
}

static const char *check_part(const struct fixture *f, const elfin_block *block, elfin_part part)
{
    return check_pages(f, block, block->part[part].offset, block->part[part].size, part);
}

/* Of an executable or shared object: they cover the whole block. */
static const char *check_segments(const struct fixture *f, const elfin_block *block)
{
    const char *wrong = NULL;
    elfin_segment segment;
    uint64_t end = 0;

    for (uint32_t i = 0; wrong == NULL && elfin_block_segment(block, i, &segment); i++) {
        if (segment.offset != end) {
            return "segments overlap, or leave a gap";
        }
        if (segment.file_size > segment.size) {
            return "a segment's bytes are more than its pages";
        }
        end = segment.offset + segment.size;
        wrong = check_pages(f, block, segment.offset, segment.size, segment.part);
    }
    return wrong == NULL && end > block->region.size ? "segments end outside their block" : wrong;
}

const char *fx_check_rights(const struct fixture *f, const elfin_group *group)
{
    elfin_block block;
    const char *wrong = NULL;

    for (uint32_t i = 0; elfin_group_block(group, i, &block) && wrong == NULL; i++) {
        if (block.segment_count != 0) {
            wrong = check_segments(f, &block);
            continue;
        }
        for (int part = 0; part < ELFIN_PART_COUNT && wrong == NULL; part++) {
            bool gone = block.init_freed && part >= ELFIN_PART_INIT_TEXT;

            wrong = gone ? NULL : check_part(f, &block, (elfin_part)part);
        }
    }
    return wrong;
}

struct blob fx_file(const char *path)
{
    struct blob blob = { NULL, 0 };
    FILE *file = fopen(path, "rb");
    long size;

    if (file == NULL) {
        return blob;
    }
    if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0) {
        rewind(file);
        blob.size = (size_t)size;
        blob.data = xmalloc(blob.size);
        if (fread(blob.data, 1, blob.size, file) != blob.size) {
            free(blob.data);
            blob.data = NULL;
        }
    }
    fclose(file);
    return blob;
}

struct blob fx_built(const char *name)
{
    const char *build = getenv("ELFIN_BUILD");
    char path[512];

    snprintf(path, sizeof path, "%s/%s", build != NULL ? build : "build", name);
    return fx_file(path);
}
