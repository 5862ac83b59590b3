/* SPDX-License-Identifier: MIT */
/*
 * The line editor: insertion anywhere, backspace, delete, left, right, home, end, escape to clear,
 * up and down through the history. The cursor is moved with backspaces only, which every console of
 * the firmware understands, the serial ones included; a line may therefore be as long as the screen
 * is wide, less the prompt, before it looks odd, and is correct all the same.
 */
#include "libmini/mem.h"
#include "libmini/str.h"
#include "monitor/console.h"
#include "monitor/platform.h"

enum {
    HISTORY_LINES = 16,
    LINE_SIZE = 256,
    CONTROL_R = 'R' - '@',
};

struct editor {
    char *text;
    size_t size, length, cursor;
    unsigned back; /* how many lines back in the history the shown one is; 0 = the new line */
};

static char history[HISTORY_LINES][LINE_SIZE];
static unsigned history_count; /* lines ever added; line n lies at n % HISTORY_LINES */

static void history_add(const char *line)
{
    if (line[0] == '\0')
        return;
    if (history_count > 0 && mini_str_equal(history[(history_count - 1) % HISTORY_LINES], line))
        return;
    mini_strlcpy(history[history_count % HISTORY_LINES], LINE_SIZE, line);
    history_count++;
}

static void cursor_to(struct editor *editor, size_t position)
{
    for (; editor->cursor > position; editor->cursor--)
        console_screen_put('\b');
    for (; editor->cursor < position; editor->cursor++)
        console_screen_put(editor->text[editor->cursor]);
}

/* Shows the text from the cursor on again, `erase` characters less than before; then moves. */
static void redraw_tail(struct editor *editor, size_t erase, size_t position)
{
    cursor_to(editor, editor->length);
    for (size_t i = 0; i < erase; i++)
        console_screen_put(' ');
    for (size_t i = 0; i < erase; i++)
        console_screen_put('\b');
    cursor_to(editor, position);
}

static void insert(struct editor *editor, char c)
{
    if (editor->length + 1 >= editor->size)
        return;
    memmove(editor->text + editor->cursor + 1, editor->text + editor->cursor,
            editor->length - editor->cursor);
    editor->text[editor->cursor] = c;
    editor->length++;
    redraw_tail(editor, 0, editor->cursor + 1);
}

/* Removes the character at the cursor. */
static void remove_here(struct editor *editor)
{
    if (editor->cursor == editor->length)
        return;
    editor->length--;
    memmove(editor->text + editor->cursor, editor->text + editor->cursor + 1,
            editor->length - editor->cursor);
    redraw_tail(editor, 1, editor->cursor);
}

static void replace(struct editor *editor, const char *text)
{
    size_t old = editor->length;

    cursor_to(editor, 0);
    editor->length = mini_strnlen(text, editor->size - 1);
    memcpy(editor->text, text, editor->length);
    redraw_tail(editor, old > editor->length ? old - editor->length : 0, editor->length);
}

static void browse(struct editor *editor, bool older)
{
    unsigned kept = history_count < HISTORY_LINES ? history_count : HISTORY_LINES;

    if (older ? editor->back == kept : editor->back == 0)
        return;
    editor->back += older ? 1U : -1U;
    replace(editor,
            editor->back == 0 ? "" : history[(history_count - editor->back) % HISTORY_LINES]);
}

static void handle_key(struct editor *editor, int key)
{
    switch (key) {
    case PLATFORM_KEY_UP:
        browse(editor, true);
        break;
    case PLATFORM_KEY_DOWN:
        browse(editor, false);
        break;
    case PLATFORM_KEY_LEFT:
        cursor_to(editor, editor->cursor > 0 ? editor->cursor - 1 : 0);
        break;
    case PLATFORM_KEY_RIGHT:
        cursor_to(editor, editor->cursor < editor->length ? editor->cursor + 1 : editor->cursor);
        break;
    case PLATFORM_KEY_HOME:
        cursor_to(editor, 0);
        break;
    case PLATFORM_KEY_END:
        cursor_to(editor, editor->length);
        break;
    case PLATFORM_KEY_DELETE:
        /* Firmware takes the backspace key of many a serial terminal (0x7f) for this one. */
        if (editor->cursor == editor->length && editor->cursor > 0)
            cursor_to(editor, editor->cursor - 1);
        remove_here(editor);
        break;
    case PLATFORM_KEY_ESCAPE:
        replace(editor, "");
        break;
    default:
        break;
    }
}

bool console_read_line(const char *prompt, char *buffer, size_t size)
{
    struct editor editor = { .text = buffer, .size = size };
    int key;

    console_fresh_line();
    console_print("%s", prompt);
    editor.length = mini_strnlen(buffer, size - 1);
    cursor_to(&editor, editor.length);
    for (;;) {
        key = platform_read_key();
        if (key == '\r' || key == '\n' || key == CONTROL_R)
            break;
        if (key == '\b' || key == 0x7f) {
            if (editor.cursor > 0) {
                cursor_to(&editor, editor.cursor - 1);
                remove_here(&editor);
            }
        } else if (key >= ' ' && key < 0x7f) {
            insert(&editor, (char)key);
        } else {
            handle_key(&editor, key);
        }
    }
    cursor_to(&editor, editor.length);
    buffer[editor.length] = '\0';
    if (key == CONTROL_R) {
        console_write("\n", 1);
        return false;
    }
    console_channel_write(buffer, editor.length);
    console_write("\n", 1);
    history_add(buffer);
    return true;
}
