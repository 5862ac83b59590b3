/* SPDX-License-Identifier: MIT */
#include "uefi/script.h"

#include "libmini/str.h"
#include "uefi/commands.h"
#include "uefi/console.h"
#include "uefi/files.h"
#include "uefi/words.h"

#define STARTUP_FILE "elfin/startup.elfin"
#define EXIT_FILE    "elfin/qemu-exit"

enum {
    LINE_SIZE = 1024
};

/*
 * Runs all commands of the text, which `separator` divides; the status of the first that fails.
 * `unit` is what its number counts: lines of a file, with those that hold no command.
 */
static int run_text(struct session *session, char *text, char separator, const char *unit)
{
    unsigned number = 0;
    char *line;

    while (!session->quit && (line = words_next_line(&text, separator)) != NULL) {
        int status;
        number++;
        while (*line == ' ' || *line == '\t')
            line++;
        if (*line == '\0' || *line == '#' || *line == '\r')
            continue;
        console_print("> %s\n", line);
        status = commands_run(session, line);
        if (status != STATUS_SUCCESS) {
            command_error("the script stops at %s %u with status %d", unit, number, status);
            return status;
        }
    }
    return session->status;
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/*
 * Whether the load options begin with the image's own name, as a shell passes them. It is known by
 * its end: `.efi` or `elfin`, in any case, which no command is.
 */
static bool names_image(const char *word, size_t length)
{
    static const char *const endings[] = { ".efi", "elfin" };

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t n = mini_strlen(endings[i]), same = 0;
        while (length >= n && same < n && to_lower(word[length - n + same]) == endings[i][same])
            same++;
        if (same == n)
            return true;
    }
    return false;
}

/* Past the image's name, if the text begins with it. */
static char *skip_image_name(char *text)
{
    char *word, *end, closing = ' ';

    while (*text == ' ')
        text++;
    word = text;
    if (*word == '"')
        closing = *word++;
    for (end = word; *end != '\0' && *end != closing && *end != ';'; end++) {
    }
    if (!names_image(word, (size_t)(end - word)))
        return text;
    if (closing == '"' && *end == closing)
        end++;
    while (*end == ' ' || *end == ';')
        end++;
    return end;
}

/* The load options of the image: UTF-16 text or binary data of any kind, *count units long. */
static const CHAR16 *load_options(size_t *count)
{
    EFI_GUID guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    void *protocol;
    const EFI_LOADED_IMAGE *image;

    *count = 0;
    if (firmware->BootServices->HandleProtocol(firmware_image, &guid, &protocol) != EFI_SUCCESS)
        return NULL;
    image = protocol;
    if (image->LoadOptions != NULL)
        *count = image->LoadOptionsSize / sizeof(CHAR16);
    return image->LoadOptions;
}

/*
 * Copies text that is printable ASCII up to its terminator, or to its end; anything else is not for
 * us: boot entries may carry binary data.
 */
static bool copy_text(const CHAR16 *from, size_t count, char *to)
{
    size_t i;

    for (i = 0; i < count && from[i] != 0; i++) {
        if (from[i] < ' ' || from[i] > '~')
            return false;
        to[i] = (char)from[i];
    }
    to[i] = '\0';
    return true;
}

/* Whether there were commands among the load options; then *status is their outcome. */
static bool run_load_options(struct session *session, int *status)
{
    struct mini_heap *heap = &session->memory.heap;
    size_t count;
    const CHAR16 *options = load_options(&count);
    char *buffer = mini_heap_alloc(heap, count + 1), *text;
    bool any = false;

    if (buffer == NULL) {
        *status = command_error("out of memory");
        return true;
    }
    if (copy_text(options, count, buffer)) {
        text = skip_image_name(buffer);
        any = *text != '\0';
        if (any)
            *status = run_text(session, text, ';', "command");
    }
    (void)mini_heap_free(heap, buffer);
    return any;
}

/* Whether there was a script; then *status is its outcome. */
static bool run_startup_file(struct session *session, int *status)
{
    struct mini_heap *heap = &session->memory.heap;
    void *text;
    size_t size;

    if (files_read(heap, STARTUP_FILE, &text, &size) != EFI_SUCCESS)
        return false;
    *status = run_text(session, text, '\n', "line");
    (void)mini_heap_free(heap, text);
    return true;
}

static int run_keyboard(struct session *session)
{
    char line[LINE_SIZE];

    console_print("elfin %s. Type help for help.\n", ELFIN_VERSION_STRING);
    while (!session->quit) {
        console_read_line("elfin> ", line, sizeof(line));
        commands_run(session, line);
    }
    return session->status;
}

int script_run(struct session *session)
{
    int status = STATUS_SUCCESS;

    if (!run_load_options(session, &status))
        run_startup_file(session, &status);
    if (session->quit || status != STATUS_SUCCESS)
        return status;
    return run_keyboard(session);
}

unsigned script_exit_port(struct session *session)
{
    struct mini_heap *heap = &session->memory.heap;
    uint64_t port = 0;
    void *text;
    size_t size;
    char *words[2], *rest, *line;

    if (files_read(heap, EXIT_FILE, &text, &size) != EFI_SUCCESS)
        return 0;
    rest = text;
    line = words_next_line(&rest, '\n');
    if (line == NULL || words_split(line, words, 2) != 1 || !words_number(words[0], &port) ||
        port > UINT16_MAX)
        port = 0;
    (void)mini_heap_free(heap, text);
    return (unsigned)port;
}
