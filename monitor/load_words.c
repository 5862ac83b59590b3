/* SPDX-License-Identifier: MIT */
#include "monitor/load_words.h"

#include "libmini/str.h"
#include "monitor/commands.h"
#include "monitor/words.h"

static uint64_t *find_number(struct load *load, const char *word)
{
    return mini_str_starts(word, "at=")    ? &load->at
           : mini_str_starts(word, "min=") ? &load->options.min
           : mini_str_starts(word, "max=") ? &load->options.max
                                           : NULL;
}

/* Any word before `--`. */
static int take_word(const char *command, struct load *load, char *word)
{
    uint64_t *number = find_number(load, word);

    if (number != NULL) {
        if (!words_number(mini_strnchr(word, 5, '=') + 1, number))
            return command_error("%s: not an address (decimal or 0x...)", word);
        if (number == &load->at)
            load->has_at = true;
        else
            load->has_bounds = true;
    } else if (mini_str_starts(word, "name=")) {
        load->name = word + 5;
        if (*load->name == '\0')
            return command_error("%s: name= is empty", command);
    } else if (mini_str_equal(word, "fixed")) {
        load->is_fixed = true;
    } else {
        load->files[load->file_count++] = word;
    }
    return STATUS_SUCCESS;
}

static int check(const char *command, const struct load *load)
{
    if (load->file_count == 0)
        return command_error("%s: no file is named", command);
    if (load->name != NULL && load->file_count > 1)
        return command_error("%s: name= is for one file", command);
    if (load->has_at && load->has_bounds)
        return command_error("%s: at= is exact; min= and max= do not go with it", command);
    return STATUS_SUCCESS;
}

int load_words_parse(const char *command, int count, char **words, struct load *load)
{
    int status = STATUS_SUCCESS;

    *load = (struct load){ .options = ELFIN_OPTIONS_INIT, .files = words + 1 };
    load->options.argv = &words[count];
    for (int i = 1; i < count && status == STATUS_SUCCESS; i++) {
        if (mini_str_equal(words[i], "--")) {
            load->options.argc = count - i - 1;
            load->options.argv = &words[i + 1];
            break;
        }
        status = take_word(command, load, words[i]);
    }
    return status == STATUS_SUCCESS ? check(command, load) : status;
}
