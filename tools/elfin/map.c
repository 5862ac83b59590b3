/* SPDX-License-Identifier: MIT */
#include "tools/elfin/map.h"

#include "tools/elfin/json.h"

/* What lies at the address in the initial image, as an offset from the thread pointer. */
static int64_t tls_offset(const elfin_tls *tls, uint64_t address)
{
    return tls->offset + (int64_t)(address - tls->run);
}

static void put_section(struct json *json, const struct image *image, const elfin_section *section,
                        const elfin_tls *tls)
{
    uint64_t offset;

    json_object(json, NULL);
    if (section->index >= 0)
        json_integer(json, "index", section->index);
    json_string(json, "name", section->name);
    json_address(json, "address", section->address);
    json_number(json, "size", section->size);
    if (section->tls)
        json_integer(json, "tls_offset", tls_offset(tls, section->address));
    if (image_offset(image, section, &offset))
        json_number(json, "image_offset", offset);
    else
        json_null(json, "image_offset");
    json_end(json);
}

/* Those of the file have an index; what the loader made (slots, stubs, COMMON) has none. */
static void put_sections(struct json *json, const struct map *map, const elfin_module *module,
                         bool of_the_file)
{
    elfin_section section;
    elfin_tls tls = { 0 };

    elfin_module_tls(module, &tls);
    for (uint32_t i = 0; elfin_module_section(module, i, &section); i++)
        if ((section.index >= 0) == of_the_file)
            put_section(json, map->image, &section, &tls);
}

static void put_symbols(struct json *json, const elfin_module *module)
{
    elfin_symbol symbol;
    elfin_tls tls = { 0 };

    elfin_module_tls(module, &tls);
    for (uint32_t i = 0; elfin_module_symbol(module, i, &symbol); i++) {
        json_object(json, NULL);
        json_string(json, "name", symbol.name);
        if (symbol.tls) { /* its place in the initial image, or, zero-filled, behind it */
            json_address(json, "address", tls.run + (symbol.address - (uint64_t)tls.offset));
            json_integer(json, "tls_offset", (int64_t)symbol.address);
        } else {
            json_address(json, "address", symbol.address);
        }
        json_end(json);
    }
}

static void put_indirect(struct json *json, const elfin_module *module)
{
    elfin_indirect indirect;

    for (uint32_t i = 0; elfin_module_indirect(module, i, &indirect); i++) {
        json_object(json, NULL);
        json_string(json, "name", indirect.name);
        json_address(json, "address", indirect.address);
        json_address(json, "slot", indirect.slot);
        json_address(json, "resolver", indirect.resolver);
        json_end(json);
    }
}

static void put_tls(struct json *json, const elfin_module *module)
{
    elfin_tls tls;

    if (!elfin_module_tls(module, &tls))
        return;
    json_object(json, "tls");
    json_integer(json, "offset", tls.offset);
    json_number(json, "size", tls.size);
    json_number(json, "align", tls.align);
    json_address(json, "image", tls.run);
    json_number(json, "image_size", tls.file_size);
    json_end(json);
}

static void put_module(struct json *json, const struct map *map, const elfin_module *module)
{
    elfin_module_info info;

    elfin_module_get(module, &info);
    json_object(json, NULL);
    json_string(json, "name", info.name);
    json_string(json, "file", info.file);
    if (info.flags & ELFIN_MODULE_HAS_GOT)
        json_address(json, "got_base", info.got_base);
    else
        json_null(json, "got_base");
    put_tls(json, module);
    json_array(json, "sections");
    put_sections(json, map, module, true);
    json_end(json);
    json_array(json, "synthetic");
    put_sections(json, map, module, false);
    json_end(json);
    json_array(json, "symbols");
    put_symbols(json, module);
    json_end(json);
    json_array(json, "indirect");
    put_indirect(json, module);
    json_end(json);
    json_end(json);
}

void map_write(const void *what, FILE *out)
{
    const struct map *map = what;
    struct json json;

    json_begin(&json, out);
    json_array(&json, "modules");
    for (const elfin_module *module = elfin_next_module(map->group, NULL); module;
         module = elfin_next_module(map->group, module))
        put_module(&json, map, module);
    json_end(&json);
    json_finish(&json);
}
