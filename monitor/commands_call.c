/* SPDX-License-Identifier: MIT */
/* call MODULE:FUNCTION [INTEGER...], limit [SECONDS] */
#include "libmini/mem.h"
#include "libmini/str.h"
#include "monitor/call.h"
#include "monitor/commands.h"
#include "monitor/console.h"
#include "monitor/platform.h"
#include "monitor/words.h"

/* MODULE:FUNCTION; the colon is the last one, because file names may have some. */
static elfin_module *find_module(struct session *session, const char *word, const char **function)
{
    const char *colon = mini_strrchr(word, ':');
    char name[ELFIN_NAME_SIZE];
    size_t length;

    if (colon == NULL)
        return NULL;
    length = (size_t)(colon - word);
    if (length >= sizeof(name))
        return NULL;
    memcpy(name, word, length);
    name[length] = '\0';
    *function = colon + 1;
    return elfin_find_module(&session->space, name);
}

/* Functions of assembly may have no type, so what counts is whether the address lies in code. */
static bool is_code(const elfin_module_info *info, uint64_t address)
{
    elfin_block block;

    for (uint32_t i = 0; elfin_group_block(info->group, i, &block); i++) {
        elfin_segment segment;
        for (uint32_t s = 0; elfin_block_segment(&block, s, &segment); s++) {
            uint64_t offset = address - block.region.run - segment.offset;
            if (segment.part == ELFIN_PART_TEXT && offset < segment.size)
                return true;
        }
    }
    return false;
}

int command_call(struct session *session, int count, char **words)
{
    uint64_t arguments[CALL_ARGUMENTS] = { 0 }, address, result;
    const char *function;
    elfin_module *module;
    elfin_module_info info;

    if (count - 2 > CALL_ARGUMENTS)
        return command_error("call: more than %d integers", CALL_ARGUMENTS);
    for (int i = 2; i < count; i++) {
        if (!words_number(words[i], &arguments[i - 2]))
            return command_error("%s: not an unsigned 64-bit integer", words[i]);
    }
    module = find_module(session, words[1], &function);
    if (module == NULL)
        return command_error("%s: no such module (MODULE:FUNCTION is expected)", words[1]);
    if (elfin_module_lookup(module, function, &address) != ELFIN_OK)
        return command_error("%s: the module does not define this function", words[1]);
    elfin_module_get(module, &info);
    if (info.flags & ELFIN_MODULE_FAILED)
        return command_error("%s: the module has failed; unload or replace it", info.name);
    if (!is_code(&info, address))
        return command_error("%s: this is not code", words[1]);
    if (call_function(module, address, arguments, &result) != ELFIN_OK)
        return command_error("%s: the function did not return", words[1]);
    console_fresh_line();
    console_print("=> %llu (0x%llx)\n", (unsigned long long)result, (unsigned long long)result);
    return STATUS_SUCCESS;
}

int command_limit(struct session *session, int count, char **words)
{
    uint64_t frequency = platform_ticks_per_second(), seconds;

    (void)session;
    if (count > 1) {
        if (!words_number(words[1], &seconds) || seconds > UINT64_MAX / frequency)
            return command_error("%s: not a number of seconds", words[1]);
        call_set_limit(seconds * frequency);
    }
    if (call_limit() == 0)
        console_print("calls may take for ever\n");
    else
        console_print("calls may take %llu s\n", (unsigned long long)(call_limit() / frequency));
    return STATUS_SUCCESS;
}
