# SPDX-License-Identifier: MIT
"""
What a dynamic linker would leave in memory, computed from the file alone with pyelftools: segments,
then DT_RELR, DT_RELA and DT_JMPREL by the formulas of the psABI.
"""

import struct

from elftools.elf.elffile import ELFFile

PAGE = 4096
R_NONE, R_64, R_GLOB_DAT, R_JUMP_SLOT, R_RELATIVE, R_IRELATIVE = 0, 1, 6, 7, 8, 37
IFUNC = ('STT_LOOS', 'STT_GNU_IFUNC', 10)


class Program:
    """One executable or shared object, at the run address `start` of its first page."""

    def __init__(self, path, start=None):
        self.path = path
        with open(path, 'rb') as stream:
            self.file = stream.read()
            stream.seek(0)
            self._read(ELFFile(stream))
        self.base = self.loads[0]['p_vaddr'] & -PAGE
        self.move(self.base if start is None else start)

    def _read(self, elf):
        self.type = elf['e_type']
        self.loads = [s.header for s in elf.iter_segments() if s['p_type'] == 'PT_LOAD']
        self.relro = [s.header for s in elf.iter_segments() if s['p_type'] == 'PT_GNU_RELRO']
        self.tags, self.needed, self.soname = {}, [], None
        # Without a dynamic section, resolvers stand in a section of their own.
        self.records = b''.join(s.data() for s in elf.iter_sections()
                                if s['sh_type'] == 'SHT_RELA' and s['sh_flags'] & 2)
        self.dynamic = (0, 0)
        for segment in elf.iter_segments():
            if segment['p_type'] != 'PT_DYNAMIC':
                continue
            self.dynamic = (segment['p_vaddr'], segment['p_vaddr'] + segment['p_memsz'])
            for tag in segment.iter_tags():
                self.tags[tag.entry.d_tag] = tag.entry.d_val
                if tag.entry.d_tag == 'DT_NEEDED':
                    self.needed.append(tag.needed)
        versions = elf.get_section_by_name('.gnu.version')
        self.symbols = []
        dynsym = elf.get_section_by_name('.dynsym')
        for i, symbol in enumerate(dynsym.iter_symbols() if dynsym else ()):
            version = versions.get_symbol(i)['ndx'] if versions else 'VER_NDX_GLOBAL'
            hidden = version == 'VER_NDX_LOCAL' or (isinstance(version, int) and version & 0x8000)
            self.symbols.append((symbol.name, symbol.entry, bool(hidden)))

    def move(self, start):
        self.start = start
        self.bias = start - self.base
        end = max(s['p_vaddr'] + s['p_memsz'] for s in self.loads)
        self.size = (end - self.base + PAGE - 1) & -PAGE

    def value(self, entry):
        return entry['st_value'] + (0 if entry['st_shndx'] == 'SHN_ABS' else self.bias)

    def definitions(self):
        """Names that others may bind to, with their addresses."""
        for name, entry, hidden in self.symbols[1:]:
            if entry['st_shndx'] != 'SHN_UNDEF' and not hidden and \
                    entry['st_info']['bind'] != 'STB_LOCAL':
                yield name, entry['st_info']['bind'], self.value(entry)

    def _table(self, address, size, unit):
        for s in self.loads:
            if address and s['p_vaddr'] <= address and address + size <= s['p_vaddr'] + s['p_filesz']:
                offset = s['p_offset'] + address - s['p_vaddr']
                return [self.file[i:i + unit] for i in range(offset, offset + size, unit)]
        assert not size, f'{self.path}: no table of {size} bytes at {address:#x}'
        return []

    def _relr(self):
        place = 0
        for word in self._table(self.tags.get('DT_RELR', 0), self.tags.get('DT_RELRSZ', 0), 8):
            word = struct.unpack('<Q', word)[0]
            if not word & 1:
                yield word
                place = word + 8
                continue
            yield from (place + 8 * bit for bit in range(63) if word >> bit + 1 & 1)
            place += 63 * 8

    def relocations(self):
        for at in range(0, 0 if self.tags else len(self.records), 24):
            place, info, addend = struct.unpack_from('<QQq', self.records, at)
            yield place, info & 0xffffffff, info >> 32, addend
        for name, size in (('DT_RELA', 'DT_RELASZ'), ('DT_JMPREL', 'DT_PLTRELSZ')):
            for record in self._table(self.tags.get(name, 0), self.tags.get(size, 0), 24):
                place, info, addend = struct.unpack('<QQq', record)
                yield place, info & 0xffffffff, info >> 32, addend

    def _symbol(self, index, scope):
        name, entry, hidden = self.symbols[index]
        defined = entry['st_shndx'] != 'SHN_UNDEF'
        inside = 'DT_SYMBOLIC' in self.tags or self.tags.get('DT_FLAGS', 0) & 2 or \
            entry['st_other']['visibility'] == 'STV_PROTECTED'
        if defined and (hidden or inside):
            return self.value(entry)
        return scope.get(name, 0)

    def memory(self, scope):
        """All bytes from the first page on, bound to the addresses in `scope`."""
        memory = bytearray(self.size)
        for s in self.loads:
            at = s['p_vaddr'] - self.base
            memory[at:at + s['p_filesz']] = self.file[s['p_offset']:s['p_offset'] + s['p_filesz']]

        def put(place, value):
            struct.pack_into('<Q', memory, place - self.base, value & (1 << 64) - 1)

        for place in self._relr():
            put(place, struct.unpack_from('<Q', memory, place - self.base)[0] + self.bias)
        for place, kind, symbol, addend in self.relocations():
            if kind == R_64:
                put(place, self._symbol(symbol, scope) + addend)
            elif kind in (R_GLOB_DAT, R_JUMP_SLOT):
                put(place, self._symbol(symbol, scope))
            elif kind == R_RELATIVE:
                put(place, self.bias + addend)
            elif kind == R_IRELATIVE:
                put(place, 0)
            else:
                assert kind == R_NONE, f'{self.path}: relocation type {kind}'
        return bytes(memory)

    def relocated(self):
        """How many words the relocations change."""
        return len(list(self._relr())) + len(list(self.relocations()))


def scope_of(programs, exports):
    """The first strong definition of each name, else the first weak one, else the host's."""
    scope, strong = dict(exports), set()
    for own in ('weak', 'strong'):
        for program in reversed(programs):
            for name, bind, value in program.definitions():
                if own == 'weak' or bind != 'STB_WEAK':
                    scope[name] = value
                if own == 'strong' and bind != 'STB_WEAK':
                    strong.add(name)
    return scope
