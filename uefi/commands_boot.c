/* SPDX-License-Identifier: MIT */
/* boot KERNEL [file=FILE]... [script=FILE] [-- WORD...] */
#include "libmini/mem.h"
#include "libmini/str.h"
#include "uefi/boot.h"
#include "uefi/commands.h"
#include "monitor/console.h"
#include "uefi/firmware.h"
#include "uefi/platform.h"

/* The words of the command, understood; the files are read. */
struct order {
    elfin_input *files; /* the kernel, then the others */
    size_t file_count;
    char *script;
    char **words;
    size_t word_count;
};

static int read_one(const char *path, elfin_input *file)
{
    void *data;
    size_t size;
    const char *problem = platform_read_file(path, &data, &size);

    if (problem != NULL)
        return command_error("%s: %s", path, problem);
    *file = (elfin_input){ .data = data, .size = size, .file = path };
    return STATUS_SUCCESS;
}

static int read_script(const char *path, struct order *order)
{
    elfin_input file;
    int status;

    if (order->script != NULL)
        return command_error("boot: there is a script already");
    status = read_one(path, &file);
    if (status == STATUS_SUCCESS) /* files end with a zero byte */
        order->script = (char *)(uintptr_t)file.data;
    return status;
}

static int read_word(const char *word, struct order *order)
{
    if (mini_str_starts(word, "script="))
        return read_script(word + 7, order);
    if (mini_str_starts(word, "file="))
        return read_one(word + 5, &order->files[order->file_count++]);
    return command_error("boot: %s: only file= and script= follow the kernel", word);
}

static int read_order(int count, char **words, struct order *order)
{
    int end = 2, status;

    while (end < count && !mini_str_equal(words[end], "--"))
        end++;
    if (end < count) {
        order->words = &words[end + 1];
        order->word_count = (size_t)(count - end - 1);
    }
    order->files = mini_heap_alloc(platform_heap, (size_t)end * sizeof(*order->files));
    if (order->files == NULL)
        return command_error("out of memory");
    memset(order->files, 0, (size_t)end * sizeof(*order->files));
    status = read_one(words[1], &order->files[order->file_count++]);
    for (int i = 2; i < end && status == STATUS_SUCCESS; i++)
        status = read_word(words[i], order);
    return status;
}

static void release_order(struct order *order)
{
    for (size_t i = 0; i < order->file_count; i++)
        (void)mini_heap_free(platform_heap, (void *)(uintptr_t)order->files[i].data);
    (void)mini_heap_free(platform_heap, order->script);
    (void)mini_heap_free(platform_heap, order->files);
}

static int boot(struct boot_space *space, const struct order *order)
{
    struct boot_contents contents = { .files = order->files + 1,
                                      .file_count = order->file_count - 1,
                                      .words = order->words,
                                      .word_count = order->word_count,
                                      .script = order->script ? order->script : "" };
    struct boot_jump jump;
    elfin_module *kernel;
    int status = boot_kernel_load(space, &order->files[0], &kernel);

    if (status == STATUS_SUCCESS)
        status = boot_record_make(space, kernel, &contents, &jump);
    if (status != STATUS_SUCCESS)
        return status;
    uefi_cpus_leave(&space->memory->cpus);
    return command_error("boot: %s", firmware_status_text(boot_leave(&jump)));
}

int command_boot(struct session *session, int count, char **words)
{
    struct boot_space *space = mini_heap_alloc(platform_heap, sizeof(*space));
    struct order order = { .files = NULL };
    int status;

    (void)session;
    if (space == NULL)
        return command_error("out of memory");
    status = boot_space_begin(space, &machine);
    if (status == STATUS_SUCCESS)
        status = read_order(count, words, &order);
    if (status == STATUS_SUCCESS)
        status = boot(space, &order);
    release_order(&order);
    boot_space_end(space);
    (void)mini_heap_free(platform_heap, space);
    return status;
}
