/* SPDX-License-Identifier: MIT */
/* boot KERNEL [base=ADDR] [MODULE...] [+ MODULE...]... [file=FILE]... [script=FILE] [-- WORD...] */
#include <elfin/debug.h>

#include "libmini/mem.h"
#include "libmini/str.h"
#include "uefi/boot.h"
#include "uefi/commands.h"
#include "monitor/console.h"
#include "monitor/load_words.h"
#include "monitor/path.h"
#include "monitor/progress.h"
#include "monitor/words.h"
#include "uefi/firmware.h"
#include "uefi/network.h"
#include "uefi/platform.h"

/* The words of the command, understood; the files are read. */
struct order {
    elfin_input kernel;
    struct load *groups; /* of modules */
    size_t group_count;
    elfin_input *files; /* each once: those of modules, and the others */
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
    file->data = data;
    file->size = size;
    file->file = path_name(path);
    return STATUS_SUCCESS;
}

static elfin_input *find_file(const struct order *order, const char *path)
{
    for (size_t i = 0; i < order->file_count; i++)
        if (mini_str_equal(order->files[i].file, path_name(path)))
            return &order->files[i];
    return NULL;
}

static int add_file(struct order *order, const char *path)
{
    if (find_file(order, path) != NULL)
        return STATUS_SUCCESS;
    return read_one(path, &order->files[order->file_count++]);
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

/* Takes the word, or finds that it is one of the modules'. */
static int read_word(const char *word, struct order *order, bool *taken)
{
    *taken = true;
    if (mini_str_starts(word, "script="))
        return read_script(word + 7, order);
    if (mini_str_starts(word, "file="))
        return add_file(order, word + 5);
    if (mini_str_starts(word, "base=")) {
        order->kernel.flags = ELFIN_INPUT_AT;
        return words_number(word + 5, &order->kernel.at)
                   ? STATUS_SUCCESS
                   : command_error("%s: not an address (decimal or 0x...)", word);
    }
    *taken = false;
    return STATUS_SUCCESS;
}

/* The words between two `+` are those of a load, but for its own `--`. */
static int read_group(struct order *order, int count, char **words)
{
    static char *no_words[] = { NULL };
    struct load *group = &order->groups[order->group_count++];
    int status = load_words_parse("boot", count + 1, words - 1, group);

    group->options.argv = no_words;
    for (size_t i = 0; i < group->file_count && status == STATUS_SUCCESS; i++)
        status = add_file(order, group->files[i]);
    return status;
}

static int read_groups(struct order *order, int count, char **words)
{
    int status = STATUS_SUCCESS;

    for (int first = 0, end; count > 0 && first <= count && status == STATUS_SUCCESS;
         first = end + 1) {
        end = first;
        while (end < count && !mini_str_equal(words[end], "+"))
            end++;
        status = read_group(order, end - first, words + first);
    }
    return status;
}

static int read_words(struct order *order, int count, char **words)
{
    int status = read_one(words[1], &order->kernel), module_words = 0;

    for (int i = 2; i < count && status == STATUS_SUCCESS; i++) {
        bool taken;

        status = read_word(words[i], order, &taken);
        if (!taken)
            words[2 + module_words++] = words[i];
    }
    return status == STATUS_SUCCESS ? read_groups(order, module_words, words + 2) : status;
}

static int read_order(int count, char **words, struct order *order)
{
    int end = 2;

    while (end < count && !mini_str_equal(words[end], "--"))
        end++;
    if (end < count) {
        order->words = &words[end + 1];
        order->word_count = (size_t)(count - end - 1);
    }
    order->files = mini_heap_alloc(platform_heap, (size_t)end * sizeof(*order->files));
    order->groups = mini_heap_alloc(platform_heap, (size_t)end * sizeof(*order->groups));
    if (order->files == NULL || order->groups == NULL)
        return command_error("out of memory");
    memset(order->files, 0, (size_t)end * sizeof(*order->files));
    return read_words(order, end, words);
}

static void release_order(struct order *order)
{
    for (size_t i = 0; i < order->file_count; i++)
        (void)mini_heap_free(platform_heap, (void *)(uintptr_t)order->files[i].data);
    (void)mini_heap_free(platform_heap, (void *)(uintptr_t)order->kernel.data);
    (void)mini_heap_free(platform_heap, order->script);
    (void)mini_heap_free(platform_heap, order->groups);
    (void)mini_heap_free(platform_heap, order->files);
}

/* ---- Modules --------------------------------------------------------------------------------- */

static size_t count_libraries(const struct session *session)
{
    size_t count = 0;

    for (const struct library *l = session->libraries; l != NULL; l = l->next)
        count++;
    return count;
}

/* The files of the group, then the libraries, as for a load. */
static size_t make_inputs(const struct session *session, const struct order *order,
                          const struct load *group, elfin_input *inputs)
{
    size_t count = 0;

    for (; count < group->file_count; count++) {
        inputs[count] = *find_file(order, group->files[count]);
        inputs[count].name = group->name;
    }
    if (group->has_at) {
        inputs[0].flags = ELFIN_INPUT_AT;
        inputs[0].at = group->at;
    }
    for (const struct library *l = session->libraries; l != NULL; l = l->next)
        inputs[count++] = (elfin_input){ .data = l->data, .size = l->size, .file = l->file };
    return count;
}

static int load_group(const struct session *session, const struct order *order, struct load *group,
                      const struct elfin_kernel *header, struct boot_modules *modules)
{
    size_t most = group->file_count + count_libraries(session);
    elfin_input *inputs = mini_heap_alloc(platform_heap, most * sizeof(*inputs));
    int status;

    if (inputs == NULL)
        return command_error("out of memory");
    if (!group->has_bounds) {
        group->options.min = header->modules_min;
        group->options.max = header->modules_max;
    }
    status = boot_modules_load(modules, inputs, make_inputs(session, order, group, inputs),
                               &group->options);
    (void)mini_heap_free(platform_heap, inputs);
    return status;
}

static int link_modules(const struct session *session, const struct order *order,
                        const struct boot_kernel *kernel, struct boot_modules *modules)
{
    int status = boot_modules_begin(modules, kernel);

    progress_begin("linking");
    for (size_t i = 0; i < order->group_count && status == STATUS_SUCCESS; i++)
        status = load_group(session, order, &order->groups[i], kernel->header, modules);
    progress_end();
    return status == STATUS_SUCCESS ? boot_modules_describe(modules) : status;
}

/* ---- All of it ------------------------------------------------------------------------------- */

/* What is built up on the way, and has to be taken down when the way ends. */
struct boot {
    struct boot_space space;
    struct boot_kernel kernel;
    struct boot_modules modules;
    struct order order;
};

static int go(struct session *session, struct boot *boot)
{
    struct order *order = &boot->order;
    struct boot_contents contents = { .files = order->files,
                                      .file_count = order->file_count,
                                      .words = order->words,
                                      .word_count = order->word_count,
                                      .script = order->script ? order->script : "",
                                      .modules = &boot->modules };
    struct boot_jump jump;
    int status = boot_record_make(&boot->space, &boot->kernel, &contents, &jump);

    if (status == STATUS_SUCCESS) {
        uefi_cpus_leave(&boot->space.memory->cpus);
        network_end();                       /* cards write to memory that is the kernel's then */
        elfin_debug_detach(&session->space); /* nothing of it is there in the kernel */
        status = command_error("boot: %s", firmware_status_text(boot_leave(&jump)));
    }
    boot_record_drop(&boot->space, &jump);
    return status;
}

static int boot_kernel(struct session *session, struct boot *boot)
{
    int status = boot_kernel_begin(&boot->kernel, &boot->space, &boot->order.kernel);

    if (status == STATUS_SUCCESS && boot->order.group_count > 0)
        status = link_modules(session, &boot->order, &boot->kernel, &boot->modules);
    if (status == STATUS_SUCCESS)
        status = go(session, boot);
    boot_modules_end(&boot->modules);
    boot_kernel_end(&boot->kernel);
    return status;
}

int command_boot(struct session *session, int count, char **words)
{
    struct boot *boot = mini_heap_alloc(platform_heap, sizeof(*boot));
    int status;

    if (boot == NULL)
        return command_error("out of memory");
    memset(boot, 0, sizeof(*boot));
    status = read_order(count, words, &boot->order);
    if (status == STATUS_SUCCESS) {
        status = boot_space_begin(&boot->space, &machine);
        if (status == STATUS_SUCCESS)
            status = boot_kernel(session, boot);
        boot_space_end(&boot->space);
    }
    release_order(&boot->order);
    (void)mini_heap_free(platform_heap, boot);
    return status;
}
