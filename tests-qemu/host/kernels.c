/* SPDX-License-Identifier: MIT */
/*
 * What uefi/boot_kernel.c reads out of hostile kernel files, with the sanitizers: the kernel's own
 * file with numbers of struct elfin_kernel, names and texts overwritten. An image
 * lies in memory of exactly its size, so that nothing beyond it is read unseen.
 */
#include "tests/lib/test.h"

#include <elf.h>

#include "monitor/commands.h"
#include "uefi/boot.h"

enum {
    ROUNDS = 3000,
    PAGE = 4096,
    TEXT_SIZE = 4096 /* that a name may have */
};

/* The first and the last of its segments: where the structure lies, and data. */
static Elf64_Phdr first, last;
static unsigned char *file, *copy;
static size_t file_size;
static struct uefi_host memory;
static unsigned reports;

/* ---- What elfin.efi has ---------------------------------------------------------------------- */

int command_error(const char *format, ...)
{
    (void)format;
    reports++;
    return STATUS_FAILURE;
}

void command_report(void *ctx, const elfin_diag *diag)
{
    (void)diag;
    ++*(unsigned *)ctx;
    reports++;
}

static elfin_status reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    (void)ctx;
    *out = (elfin_region){ .run = request->low, .size = request->size };
    out->edit = aligned_alloc(PAGE, (request->size + PAGE - 1) & ~(uint64_t)(PAGE - 1));
    if (request->purpose == ELFIN_PURPOSE_IMAGE)
        memset(out->edit, 0xff, request->size); /* texts do not end in what nobody wrote */
    return out->edit != NULL ? ELFIN_OK : ELFIN_ERR_MEMORY;
}

static void release(void *ctx, const elfin_region *region)
{
    (void)ctx;
    free(region->edit);
}

static elfin_status protect(void *ctx, const elfin_region *region, uint64_t offset, uint64_t size,
                            elfin_rights rights)
{
    (void)ctx;
    (void)region;
    (void)offset;
    (void)size;
    (void)rights;
    return ELFIN_OK;
}

void boot_space_host(struct boot_images *images, elfin_host *host)
{
    *host = (elfin_host)ELFIN_HOST_INIT;
    host->ctx = images;
    host->reserve = reserve;
    host->release = release;
    host->protect = protect;
}

static void *heap_grow(void *ctx, size_t size)
{
    (void)ctx;
    return aligned_alloc(PAGE, size);
}

static void heap_shrink(void *ctx, void *chunk, size_t size)
{
    (void)ctx;
    (void)size;
    free(chunk);
}

/* ---- Hostile files --------------------------------------------------------------------------- */

static struct elfin_kernel *header(unsigned char *bytes)
{
    return (struct elfin_kernel *)(void *)(bytes + first.p_offset);
}

/* A number that may be wrong in a way that matters. */
static uint64_t number(uint64_t right)
{
    const uint64_t ends[] = { 0, UINT64_MAX, first.p_vaddr, last.p_vaddr + last.p_memsz };
    uint64_t near = test_random_below(65) - 32;

    switch (test_random_below(4)) {
    case 0:
        return right + near;
    case 1:
        return ends[test_random_below(4)] + near;
    case 2:
        return first.p_vaddr + test_random_below(last.p_vaddr + last.p_memsz - first.p_vaddr);
    default:
        return test_random();
    }
}

/* A name in the last segment, which has no end there, and nothing lies behind it. */
static uint64_t endless_name(void)
{
    Elf64_Phdr *headers = (Elf64_Phdr *)(void *)(copy + sizeof(Elf64_Ehdr));

    for (int i = 0; i < ((Elf64_Ehdr *)(void *)copy)->e_phnum; i++)
        if (headers[i].p_offset == last.p_offset && headers[i].p_type == PT_LOAD)
            headers[i].p_filesz = headers[i].p_memsz = PAGE;
    memset(copy + last.p_offset, 'x', PAGE);
    return last.p_vaddr + PAGE - 1 - test_random_below(PAGE);
}

static void damage(void)
{
    struct elfin_kernel *kernel = header(copy);
    const elfin_export *begin = header(file)->exports, *end = header(file)->exports_end;
    uint64_t rows = first.p_offset + ((uint64_t)begin - first.p_vaddr);
    uint64_t count = (uint64_t)(end - begin);
    uint64_t *row = (uint64_t *)(void *)(copy + rows) + 2 * test_random_below(count);

    switch (test_random_below(6)) {
    case 0:
        kernel->exports = (const elfin_export *)number((uint64_t)begin);
        break;
    case 1:
        kernel->exports_end = (const elfin_export *)number((uint64_t)end);
        break;
    case 2:
        *row = number(*row);
        break;
    case 3: /* all text before the table runs on */
        memset(kernel + 1, 'x', rows - first.p_offset - sizeof(*kernel));
        break;
    case 4:
        *row = endless_name();
        break;
    default:
        ((uint32_t *)kernel)[test_random_below(sizeof(*kernel) / 4)] = (uint32_t)number(0);
        break;
    }
}

/* What was accepted can be used. */
static void use(const struct boot_kernel *kernel)
{
    for (size_t i = 0; i < kernel->export_count; i++)
        CHECK(strlen(kernel->exports[i].name) < TEXT_SIZE);
    CHECK(kernel->header->version == ELFIN_KERNEL_VERSION);
    CHECK(kernel->entry != 0);
}

static bool load(void)
{
    elfin_input input = { .data = copy, .size = file_size, .file = "kernel" };
    struct boot_space space = { .memory = &memory };
    struct boot_kernel kernel;
    unsigned before = reports;
    bool good = boot_kernel_begin(&kernel, &space, &input) == STATUS_SUCCESS;

    CHECK(good == (reports == before));
    if (good)
        use(&kernel);
    boot_kernel_end(&kernel);
    return good;
}

static void hostile_kernels(void)
{
    unsigned accepted = 0;

    REQUIRE(header(copy)->magic == ELFIN_KERNEL_MAGIC);
    CHECK(load());
    for (int i = 0; i < ROUNDS; i++) {
        memcpy(copy, file, file_size);
        for (uint64_t n = 1 + test_random_below(2); n > 0; n--)
            damage();
        accepted += load();
        REQUIRE_NO_FAILURE();
    }
    printf("# %u of %d hostile kernels are refused\n", ROUNDS - accepted, ROUNDS);
    CHECK(accepted > 0 && accepted < ROUNDS / 2);
}

/* Each bound of the description by itself. */
static void bounds_of_the_description(void)
{
    struct elfin_kernel *kernel = header(copy);

    memcpy(copy, file, file_size);
    kernel->size = sizeof(*kernel) - 1;
    CHECK(!load());
    kernel->size = sizeof(*kernel) + 8; /* of a later version's */
    CHECK(load());
    kernel->exports_end = (const elfin_export *)((uint64_t)kernel->exports_end - 8);
    CHECK(!load());
    memcpy(copy, file, file_size);
    memmove((unsigned char *)kernel + PAGE - 16, kernel,
            sizeof(*kernel)); /* half behind the page */
    kernel->magic = 0;
    CHECK(!load());
}

static void find_segments(void)
{
    const Elf64_Ehdr *elf = (const Elf64_Ehdr *)(const void *)file;
    const Elf64_Phdr *headers = (const Elf64_Phdr *)(const void *)(file + elf->e_phoff);

    for (int i = 0; i < elf->e_phnum; i++) {
        if (headers[i].p_type != PT_LOAD)
            continue;
        first = first.p_type != PT_LOAD ? headers[i] : first;
        last = headers[i];
    }
}

static void read_file(const char *path)
{
    FILE *stream = fopen(path, "rb");

    if (stream == NULL || fseek(stream, 0, SEEK_END) != 0)
        exit(2);
    file_size = (size_t)ftell(stream);
    rewind(stream);
    file = calloc(file_size + PAGE, 1);
    copy = calloc(file_size + PAGE, 1);
    if (file == NULL || copy == NULL || fread(file, 1, file_size, stream) != file_size)
        exit(2);
    fclose(stream);
    file_size += PAGE; /* room for a whole page of data */
    memcpy(copy, file, file_size);
    find_segments();
}

static const struct test_case cases[] = { TEST_CASE(hostile_kernels),
                                          TEST_CASE(bounds_of_the_description) };

/* The file lies beside the program. */
int main(int argc, char **argv)
{
    char path[4096];
    int status;

    snprintf(path, sizeof(path), "%s.elf", argv[0]);
    read_file(path);
    mini_heap_init(&memory.heap, SIZE_MAX, heap_grow, heap_shrink, NULL);
    status = test_run_all("kernels", cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
    mini_heap_drop(&memory.heap);
    free(file);
    free(copy);
    return status;
}
