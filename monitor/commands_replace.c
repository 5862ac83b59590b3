/* SPDX-License-Identifier: MIT */
/* The commands that change modules in use: replace, move, retire, rebind. */
#include "libmini/str.h"
#include "monitor/commands.h"
#include "monitor/console.h"
#include "monitor/words.h"

typedef unsigned long long ull;

/* What the program has changed stays: somebody should know. */
void command_left(void *ctx, const elfin_left *left)
{
    elfin_module_info info;

    (void)ctx;
    elfin_module_get(left->module, &info);
    console_fresh_line();
    console_print("left: %s, %s at 0x%llx for %s: %s 0x%llx\n", info.name,
                  left->section[0] != '\0' ? left->section : "a field", (ull)left->address,
                  left->symbol, left->is_tls ? "threads have copies of" : "it holds",
                  (ull)left->value);
}

static elfin_module *find_module(struct session *session, const char *name)
{
    elfin_module *module = elfin_find_module(&session->space, name);

    if (module == NULL)
        (void)command_error("there is no module %s", name);
    return module;
}

/* Takes the word "fresh" out of the words. */
static bool take_fresh(int *count, char **words)
{
    for (int i = 2; i < *count && !mini_str_equal(words[i], "--"); i++) {
        if (!mini_str_equal(words[i], "fresh"))
            continue;
        for (; i < *count; i++)
            words[i] = words[i + 1];
        --*count;
        return true;
    }
    return false;
}

static int load_instead(struct session *session, int count, char **words, bool move)
{
    struct instead instead = { .move = move,
                               .how = move ? "moved" : "replaced",
                               .change = ELFIN_CHANGE_INIT };
    elfin_module *module = find_module(session, words[1]);
    elfin_module_info info;

    if (module == NULL)
        return STATUS_FAILURE;
    elfin_module_get(module, &info);
    instead.group = info.group;
    instead.change.left = command_left;
    if (!move && take_fresh(&count, words))
        instead.change.flags = ELFIN_CHANGE_FRESH;
    return command_load_instead(session, count - 1, words + 1, &instead);
}

int command_replace(struct session *session, int count, char **words)
{
    return load_instead(session, count, words, false);
}

int command_move(struct session *session, int count, char **words)
{
    return load_instead(session, count, words, true);
}

/* name NULL: any. */
static bool is_retired(const elfin_group *group, const char *name)
{
    bool named = name == NULL, retired = false;

    for (elfin_module *module = elfin_next_module(group, NULL); module != NULL;
         module = elfin_next_module(group, module)) {
        elfin_module_info info;
        elfin_module_get(module, &info);
        retired = (info.flags & ELFIN_MODULE_RETIRED) != 0;
        named = named || mini_str_equal(info.name, name);
    }
    return retired && named;
}

/* Oldest first: a retired group may use one that was retired later. */
int command_retire(struct session *session, int count, char **words)
{
    const char *name = count > 1 ? words[1] : NULL;
    elfin_group *group = elfin_next_group(&session->space, NULL), *next;
    unsigned reported = 0, retired = 0;
    int status = STATUS_SUCCESS;

    for (; group != NULL; group = next) {
        elfin_diag diag;
        next = elfin_next_group(&session->space, group);
        if (!is_retired(group, name))
            continue;
        if (elfin_retire(&session->space, group, &diag) == ELFIN_OK) {
            retired++;
            continue;
        }
        command_report(&reported, &diag);
        status = STATUS_FAILURE;
    }
    if (retired == 0 && reported == 0 && name != NULL)
        return command_error("nothing of the name %s was replaced", name);
    if (!session->quiet) {
        console_fresh_line();
        console_print("retired %u\n", retired);
    }
    return status;
}

/* MODULE:SYMBOL, cut in two; false without a colon. */
static bool cut(char *word, char **symbol)
{
    while (*word != '\0' && *word != ':')
        word++;
    if (*word == '\0')
        return false;
    *word = '\0';
    *symbol = word + 1;
    return true;
}

static int read_target(struct session *session, char *word, elfin_target *target)
{
    char *symbol;

    if (words_number(word, &target->address))
        return STATUS_SUCCESS;
    if (!cut(word, &symbol))
        return command_error("%s: neither MODULE:SYMBOL nor an address", word);
    target->symbol = symbol;
    target->module = find_module(session, word);
    return target->module != NULL ? STATUS_SUCCESS : STATUS_FAILURE;
}

int command_rebind(struct session *session, int count, char **words)
{
    elfin_change change = ELFIN_CHANGE_INIT;
    elfin_target target = { .module = NULL };
    elfin_module *module = NULL;
    unsigned reported = 0;
    elfin_diag diag;
    char *import;

    if (!cut(words[1], &import))
        return command_error("%s: not MODULE:IMPORT", words[1]);
    if (!mini_str_equal(words[1], "all") && (module = find_module(session, words[1])) == NULL)
        return STATUS_FAILURE;
    if (count > 2 && read_target(session, words[2], &target) != STATUS_SUCCESS)
        return STATUS_FAILURE;
    change.left = command_left;
    change.report = command_report;
    change.ctx = &reported;
    if (elfin_rebind(&session->space, module, import, count > 2 ? &target : NULL, &change, &diag) !=
        ELFIN_OK) {
        if (reported == 0)
            command_report(&reported, &diag);
        return STATUS_FAILURE;
    }
    if (!session->quiet) {
        console_fresh_line();
        console_print("rebound %s\n", import);
    }
    return STATUS_SUCCESS;
}
