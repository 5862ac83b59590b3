/* SPDX-License-Identifier: MIT */
#include "uefi/startup.h"

#include "libmini/str.h"
#include "monitor/commands.h"
#include "monitor/script.h"
#include "monitor/words.h"
#include "uefi/files.h"
#include "uefi/platform.h"

#define STARTUP_FILE "elfin/startup.elfin"
#define EXIT_FILE    "elfin/qemu-exit"
#define FROM_FILE    "elfin/from"

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
    struct mini_heap *heap = platform_heap;
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
            *status = script_run_text(session, text, ';', "command");
    }
    (void)mini_heap_free(heap, buffer);
    return any;
}

/* Whether there was a script; then *status is its outcome. */
static bool run_startup_file(struct session *session, int *status)
{
    struct mini_heap *heap = platform_heap;
    void *text;
    size_t size;

    if (files_read(heap, STARTUP_FILE, &text, &size) != EFI_SUCCESS)
        return false;
    *status = script_run_text(session, text, '\n', "line");
    (void)mini_heap_free(heap, text);
    return true;
}

/* The words of `from`, if the volume has a file of them. */
static int run_from_file(struct session *session)
{
    static const char name[] = "from ";
    struct mini_heap *heap = platform_heap;
    char *command, *rest, *line;
    int status = STATUS_SUCCESS;
    void *text;
    size_t size;

    if (files_read(heap, FROM_FILE, &text, &size) != EFI_SUCCESS)
        return STATUS_SUCCESS;
    rest = text;
    line = words_next_line(&rest, '\n');
    command = mini_heap_alloc(heap, sizeof(name) + size);
    if (line != NULL && command != NULL) {
        mini_strlcpy(command, sizeof(name), name);
        mini_strlcpy(command + sizeof(name) - 1, size + 1, line);
        status = commands_run(session, command);
    }
    (void)mini_heap_free(heap, command);
    (void)mini_heap_free(heap, text);
    return status;
}

int startup_run(struct session *session)
{
    int status = run_from_file(session);

    if (status != STATUS_SUCCESS)
        return status;
    if (!run_load_options(session, &status))
        run_startup_file(session, &status);
    if (session->quit || status != STATUS_SUCCESS)
        return status;
    return script_run_keyboard(session);
}

unsigned startup_exit_port(void)
{
    struct mini_heap *heap = platform_heap;
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
