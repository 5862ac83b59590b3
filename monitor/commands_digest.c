/* SPDX-License-Identifier: MIT */
/*
 * The commands that tell exactly what a module is: digest, of its memory, and show, of its records.
 * Two loads are the same when both print the same.
 */
#include "monitor/commands.h"
#include "monitor/console.h"

typedef unsigned long long ull;

static const char *const part_names[] = {
    [ELFIN_PART_TEXT] = "text RX",           [ELFIN_PART_RODATA] = "rodata R",
    [ELFIN_PART_RELRO] = "relro R",          [ELFIN_PART_DATA] = "data RW",
    [ELFIN_PART_INIT_TEXT] = "init text RX", [ELFIN_PART_INIT_DATA] = "init data RW",
};

/* CRC-32 of IEEE 802.3: what gzip and zip write. */
static uint32_t crc32(const unsigned char *bytes, uint64_t size)
{
    uint32_t crc = UINT32_MAX;

    for (uint64_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

static void digest_block(const elfin_block *block)
{
    elfin_segment segment;

    console_print("  block 0x%llx, %llu bytes\n", (ull)block->region.run, (ull)block->region.size);
    for (uint32_t i = 0; elfin_block_segment(block, i, &segment); i++) {
        uint64_t run = block->region.run + segment.offset;

        if (segment.offset < block->region.size)
            console_print("    %s 0x%llx, %llu bytes, crc32 %08x\n", part_names[segment.part],
                          (ull)run, (ull)segment.size,
                          crc32((const unsigned char *)run, segment.size));
    }
}

static void digest_group(const elfin_group *group)
{
    const char *separator = "";
    elfin_module_info info;
    elfin_block block;

    for (elfin_module *module = elfin_next_module(group, NULL); module != NULL;
         module = elfin_next_module(group, module)) {
        elfin_module_get(module, &info);
        console_print("%s%s", separator, info.name);
        separator = ", ";
    }
    console_print("\n");
    for (uint32_t i = 0; elfin_group_block(group, i, &block); i++)
        digest_block(&block);
}

int command_digest(struct session *session, int count, char **words)
{
    const elfin_module *module = count > 1 ? elfin_find_module(&session->space, words[1]) : NULL;
    elfin_module_info info = { .group = NULL };

    if (count > 1 && module == NULL)
        return command_error("there is no module %s", words[1]);
    if (module != NULL)
        elfin_module_get(module, &info);
    for (elfin_group *group = elfin_next_group(&session->space, NULL); group != NULL;
         group = elfin_next_group(&session->space, group))
        if (module == NULL || group == info.group)
            digest_group(group);
    return STATUS_SUCCESS;
}

/* ---- Records --------------------------------------------------------------------------------- */

static void show_symbols(const elfin_module *module)
{
    elfin_symbol symbol;

    for (uint32_t i = 0; elfin_module_symbol(module, i, &symbol); i++)
        console_print("  symbol 0x%llx, %llu bytes, %s%s%s%s%s\n", (ull)symbol.address,
                      (ull)symbol.size, symbol.name, symbol.exported ? ", exported" : "",
                      symbol.weak ? ", weak" : "", symbol.function ? ", function" : "",
                      symbol.tls ? ", thread-local" : "");
}

static void show_sections(const elfin_module *module)
{
    elfin_section section;

    for (uint32_t i = 0; elfin_module_section(module, i, &section); i++)
        console_print("  section %d 0x%llx, %llu bytes, %s, %s%s%s%s\n", section.index,
                      (ull)section.address, (ull)section.size, section.name,
                      part_names[section.part], section.zero_filled ? ", zero-filled" : "",
                      section.tls ? ", thread-local" : "",
                      section.discarded_after_init ? ", given back" : "");
}

static void show_slots(const elfin_module *module)
{
    elfin_indirect indirect;
    elfin_slot slot;

    for (uint32_t i = 0; elfin_module_slot(module, i, &slot); i++)
        console_print("  slot 0x%llx, %s 0x%llx, stub 0x%llx%s\n", (ull)slot.address, slot.name,
                      (ull)slot.target, (ull)slot.stub, slot.tls ? ", thread-local" : "");
    for (uint32_t i = 0; elfin_module_indirect(module, i, &indirect); i++)
        console_print("  indirect 0x%llx, %s, slot 0x%llx, resolver 0x%llx\n",
                      (ull)indirect.address, indirect.name, (ull)indirect.slot,
                      (ull)indirect.resolver);
}

static void show_uses(const elfin_module *module)
{
    elfin_module_info info;
    elfin_module *used;

    for (uint32_t i = 0; (used = elfin_module_uses(module, i)) != NULL; i++) {
        elfin_module_get(used, &info);
        console_print("  uses %s\n", info.name);
    }
}

int command_show(struct session *session, int count, char **words)
{
    const elfin_module *module = elfin_find_module(&session->space, words[1]);
    elfin_module_info info;
    elfin_tls tls;

    (void)count;
    if (module == NULL)
        return command_error("there is no module %s", words[1]);
    elfin_module_get(module, &info);
    console_print("%s %s, file %s, at 0x%llx, %llu bytes, entry 0x%llx, got 0x%llx, flags 0x%x\n",
                  info.name, info.version, info.file, (ull)info.address, (ull)info.size,
                  (ull)info.entry, (ull)info.got_base, info.flags);
    if (elfin_module_tls(module, &tls))
        console_print("  thread-local 0x%llx, %llu of %llu bytes, at %lld\n", (ull)tls.run,
                      (ull)tls.file_size, (ull)tls.size, (long long)tls.offset);
    show_sections(module);
    show_symbols(module);
    show_slots(module);
    show_uses(module);
    return STATUS_SUCCESS;
}
