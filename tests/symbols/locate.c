/* SPDX-License-Identifier: MIT */
/*
 * Loads objects as one group in invented memory, each at the address that it is told, and prints
 * what elfin_symbolize says of every step-th byte of their sections.
 *
 *     locate ADDRESS STEP FILE...
 *
 * Lines of tab-separated fields: `section` INDEX ADDRESS SIZE MODULE; `at` ADDRESS MODULE SECTION
 * OFFSET SYMBOL OFFSET DIRECTORY FILE LINE COLUMN; `kept` MODULE ROWS-OF-ELFIN_DEBUG BYTES. The
 * exit status is 3 when the load is refused.
 */
#include <elfin/debug.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

static uint64_t next, record_bytes;

static elfin_status reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    void *memory = aligned_alloc(4096, (request->size + 4095) & ~UINT64_C(4095));

    (void)ctx;
    if (memory == NULL)
        return ELFIN_ERR_MEMORY;
    *out = (elfin_region){ .edit = memory, .size = request->size };
    if (request->purpose == ELFIN_PURPOSE_IMAGE) {
        out->run = request->low > next ? request->low : next;
        out->run = (out->run + request->align - 1) & ~(request->align - 1);
        if (out->run + request->size - 1 > request->high) /* it can lie in few places only */
            out->run = (request->low + request->align - 1) & ~(request->align - 1);
        next = out->run + request->size;
    }
    if (request->purpose == ELFIN_PURPOSE_RECORDS)
        record_bytes += request->size;
    return ELFIN_OK;
}

static void release(void *ctx, const elfin_region *region)
{
    (void)ctx;
    free(region->edit);
}

static void log_line(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "log: %s\n", text);
}

/* Every import is there, a little above. */
static bool resolve(void *ctx, const char *name, uint64_t *address)
{
    (void)name;
    *address = *(const uint64_t *)ctx + (64u << 20);
    return true;
}

static elfin_input read_input(const char *path)
{
    FILE *file = fopen(path, "rb");
    elfin_input input = { .file = path };
    long size;
    void *data;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0) {
        perror(path);
        exit(2);
    }
    rewind(file);
    data = malloc((size_t)size + 1);
    if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size) {
        perror(path);
        exit(2);
    }
    fclose(file);
    input.data = data;
    input.size = (size_t)size;
    return input;
}

static void print_at(const elfin_space *space, uint64_t address)
{
    elfin_location l;

    if (elfin_symbolize(space, address, &l) != ELFIN_OK)
        return;
    printf("at\t%llx\t%s\t%s\t%llx\t%s\t%llx\t%s\t%s\t%u\t%u\n", (ull)address, l.name, l.section,
           (ull)l.section_offset, l.symbol, (ull)l.symbol_offset, l.directory, l.file, l.line,
           l.column);
}

static void print_module(const elfin_space *space, const elfin_module *module, uint64_t step)
{
    elfin_section section;
    elfin_module_info info;

    elfin_module_get(module, &info);
    for (uint32_t i = 0; elfin_module_section(module, i, &section); i++)
        printf("section\t%d\t%llx\t%llx\t%s\n", section.index, (ull)section.address,
               (ull)section.size, info.name);
    for (uint32_t i = 0; elfin_module_section(module, i, &section); i++) {
        if (section.tls)
            continue;
        for (uint64_t at = 0; at < section.size; at += step)
            print_at(space, section.address + at);
    }
    printf("kept\t%s\t%x\t%llu\n", info.name, elfin_module_debug(module), (ull)record_bytes);
}

int main(int argc, char **argv)
{
    elfin_host host = ELFIN_HOST_INIT;
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_input inputs[256];
    size_t count = 0;
    elfin_group *group = NULL;
    elfin_module *module = NULL;
    elfin_space space;
    elfin_diag diag;
    char text[512];
    uint64_t step;

    if (argc < 4 || argc > 256)
        return 2;
    next = strtoull(argv[1], NULL, 0);
    step = strtoull(argv[2], NULL, 0);
    for (int i = 3; i < argc; i++)
        inputs[count++] = read_input(argv[i]);
    host.ctx = &next;
    host.flags = ELFIN_HOST_NO_RIGHTS;
    host.reserve = reserve;
    host.release = release;
    host.resolve = resolve;
    host.log = log_line;
    host.programs = &elfin_programs;
    host.debugging = &elfin_debugging;
    host.debug = ELFIN_DEBUG_SYMBOLS | ELFIN_DEBUG_LINES;
    host.tls_size = 1u << 20;
    options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_KEEP_SECTIONS | ELFIN_LOAD_FIRST_WINS;
    if (elfin_space_init(&space, &host) != ELFIN_OK)
        return 2;
    if (elfin_load(&space, inputs, count, &options, &group, &diag) != ELFIN_OK) {
        elfin_diag_format(&diag, text, sizeof(text));
        fprintf(stderr, "%s\n", text);
        return 3;
    }
    for (size_t i = 0; i < count; i++) {
        memset((void *)(uintptr_t)inputs[i].data, 0x5a, inputs[i].size);
        free((void *)(uintptr_t)inputs[i].data);
    }
    while ((module = elfin_next_module(group, module)) != NULL)
        print_module(&space, module, step);
    return elfin_space_destroy(&space) == ELFIN_OK ? 0 : 1;
}
