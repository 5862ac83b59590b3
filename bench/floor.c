/* SPDX-License-Identifier: MIT */
#include "bench/floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Eight bytes at a time: behind a file in memory there are some that may be read. */
static uint64_t hash_of(const char *name)
{
    uint64_t hash = 0, word, zero;

    for (;; name += 8) {
        memcpy(&word, name, 8);
        zero = (word - 0x0101010101010101) & ~word & 0x8080808080808080;
        if (zero)
            word &= (zero ^ (zero - 1)) >> 8;
        hash = (hash ^ word) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 29;
        if (zero)
            return hash;
    }
}

void floor_names_init(struct floor_names *names, uint64_t most)
{
    uint64_t size;

    names->used = 0;
    names->capacity = 64;
    while (names->capacity < 2 * most)
        names->capacity *= 2;
    size = (names->capacity * sizeof(*names->slot) + 0x1fffff) & ~0x1fffffull;
    names->slot = aligned_alloc(size < 0x800000 ? 4096 : 0x200000, size);
    if (!names->slot)
        abort();
    if (size >= 0x800000)
        madvise(names->slot, size, MADV_HUGEPAGE);
    memset(names->slot, 0, size);
}

static struct floor_name *probe(const struct floor_names *names, const char *name, uint64_t hash)
{
    uint64_t mask = names->capacity - 1, i = hash;

    for (;; i++) {
        struct floor_name *slot = &names->slot[i & mask];

        if (!slot->name || (slot->hash == hash && strcmp(slot->name, name) == 0))
            return slot;
    }
}

struct floor_name *floor_names_add(struct floor_names *names, const char *name, bool *added)
{
    uint64_t hash = hash_of(name);
    struct floor_name *slot = probe(names, name, hash);

    if (added)
        *added = !slot->name;
    if (!slot->name) {
        *slot = (struct floor_name){ .name = name, .hash = hash };
        if (++names->used * 2 > names->capacity)
            abort();
    }
    return slot;
}

struct floor_name *floor_names_find(const struct floor_names *names, const char *name)
{
    struct floor_name *slot = probe(names, name, hash_of(name));

    return slot->name ? slot : NULL;
}

void floor_layout(const struct object *o, uint64_t at, struct floor_scratch *s)
{
    const Elf64_Shdr *section = elf_sections(o);

    for (uint32_t i = 1; i < o->sections; i++) {
        if (!(section[i].sh_flags & SHF_ALLOC))
            continue;
        at = (at + section[i].sh_addralign - 1) & -section[i].sh_addralign;
        s->address[i] = at;
        at += section[i].sh_size;
    }
    s->common = at;
}

static void copy_sections(const struct object *o, uint64_t delta, const struct floor_scratch *s)
{
    const Elf64_Shdr *section = elf_sections(o);

    for (uint32_t i = 1; i < o->sections; i++) {
        void *to = (void *)(s->address[i] + delta);

        if (!(section[i].sh_flags & SHF_ALLOC))
            continue;
        if (section[i].sh_type == SHT_NOBITS)
            memset(to, 0, section[i].sh_size);
        else
            memcpy(to, o->data + section[i].sh_offset, section[i].sh_size);
    }
}

/* Of symbols in sections whose number does not fit the symbol. */
static const uint32_t *extended_indices(const struct object *o)
{
    const Elf64_Shdr *section = elf_sections(o);

    for (uint32_t i = 1; o->sections >= SHN_LORESERVE && i < o->sections; i++)
        if (section[i].sh_type == SHT_SYMTAB_SHNDX)
            return (const void *)(o->data + section[i].sh_offset);
    return NULL;
}

static bool compute_values(const struct floor_names *names, const struct object *o,
                           const Elf64_Shdr *table, struct floor_scratch *s)
{
    const Elf64_Sym *symbol = (const void *)(o->data + table->sh_offset);
    const char *strings = (const char *)o->data + elf_sections(o)[table->sh_link].sh_offset;
    const uint32_t *extended = extended_indices(o);
    const struct floor_name *name;

    s->value[0] = 0;
    for (uint32_t i = 1; i < o->symbols; i++) {
        const Elf64_Sym *y = &symbol[i];
        uint32_t section = y->st_shndx == SHN_XINDEX && extended ? extended[i] : y->st_shndx;

        if (section && section < o->sections &&
            (section < SHN_LORESERVE || y->st_shndx == SHN_XINDEX)) {
            s->value[i] = s->address[section] + y->st_value;
        } else if (y->st_shndx == SHN_UNDEF) {
            name = ELF64_ST_VISIBILITY(y->st_other) == STV_DEFAULT
                       ? floor_names_find(names, strings + y->st_name)
                       : NULL;
            if (!name && ELF64_ST_BIND(y->st_info) != STB_WEAK)
                return false;
            s->value[i] = name ? name->address : 0;
        } else if (y->st_shndx == SHN_COMMON) {
            s->value[i] = (s->common + y->st_value - 1) & -y->st_value;
            s->common = s->value[i] + y->st_size;
        } else {
            s->value[i] = y->st_value;
        }
    }
    s->got = (s->common + 7) & ~7ull;
    s->end = s->got;
    return true;
}

/* Names the target itself instead of its slot, as linkers do; the addend is -4. */
static bool relax(uint8_t *field, uint64_t s, uint64_t p)
{
    uint8_t *opcode = field - 2;
    uint64_t near = s - (p + 4);
    int32_t value;

    if (s == 0)
        return false;
    if (opcode[0] == 0x8b && (opcode[1] & 0xc7) == 5) {
        opcode[0] = 0x8d;
    } else if (opcode[0] == 0xff && opcode[1] == 0x15) {
        opcode[0] = 0x67;
        opcode[1] = 0xe8;
    } else if (opcode[0] == 0xff && opcode[1] == 0x25) {
        opcode[0] = 0xe9;
        field[3] = 0x90;
        field--;
        near++;
    } else {
        return false;
    }
    value = (int32_t)near;
    memcpy(field, &value, 4);
    return (uint64_t)value == near;
}

static bool apply(const struct object *o, const Elf64_Shdr *table, const Elf64_Shdr *target,
                  uint64_t address, uint64_t delta, struct floor_scratch *s)
{
    const Elf64_Rela *r = (const void *)(o->data + table->sh_offset);
    const Elf64_Rela *end = r + table->sh_size / sizeof(*r);
    uint64_t size = target->sh_size, value, slot, p;

    for (; r < end; r++) {
        uint64_t symbol = r->r_info >> 32, offset = r->r_offset;
        uint8_t *field = (uint8_t *)(address + delta + offset);

        if (symbol >= o->symbols || size < 4 || offset > size - 4)
            return false;
        p = address + offset;
        value = s->value[symbol] + (uint64_t)r->r_addend;
        switch ((uint32_t)r->r_info) {
        case R_X86_64_PC32:
        case R_X86_64_PLT32:
            value -= p;
            /* fall through */
        case R_X86_64_32S:
            if ((uint64_t)(int32_t)value != value)
                return false;
            memcpy(field, &value, 4);
            break;
        case R_X86_64_PC64:
            value -= p;
            /* fall through */
        case R_X86_64_64:
            if (offset > size - 8)
                return false;
            memcpy(field, &value, 8);
            break;
        case R_X86_64_32:
            if ((uint32_t)value != value)
                return false;
            memcpy(field, &value, 4);
            break;
        case R_X86_64_GOTPCRELX:
        case R_X86_64_REX_GOTPCRELX:
            if (r->r_addend == -4 && offset >= 2 && relax(field, value + 4, p))
                break;
            /* fall through */
        case R_X86_64_GOTPCREL:
            slot = s->got + 8 * symbol;
            memcpy((void *)(slot + delta), &s->value[symbol], 8);
            s->end = s->got + 8 * (uint64_t)o->symbols;
            value = slot + (uint64_t)r->r_addend - p;
            memcpy(field, &value, 4);
            break;
        case R_X86_64_NONE:
            break;
        default:
            return false;
        }
    }
    return true;
}

bool floor_link(const struct floor_names *names, const struct object *o, uint64_t delta,
                struct floor_scratch *s)
{
    const Elf64_Shdr *section = elf_sections(o);

    copy_sections(o, delta, s);
    for (uint32_t i = 1; i < o->sections; i++)
        if (section[i].sh_type == SHT_SYMTAB && !compute_values(names, o, &section[i], s))
            return false;
    for (uint32_t i = 1; i < o->sections; i++) {
        uint32_t target = section[i].sh_info;

        if (is_applied(section, &section[i]) &&
            !apply(o, &section[i], &section[target], s->address[target], delta, s))
            return false;
    }
    return true;
}

uint64_t floor_load(const struct floor_names *names, const struct object *o, uint64_t at,
                    struct floor_scratch *s)
{
    floor_layout(o, at, s);
    return floor_link(names, o, 0, s) ? s->end : 0;
}
