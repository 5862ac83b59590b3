# SPDX-License-Identifier: MIT
"""Reads relocatable objects with pyelftools, which shares no line of code with the loader."""

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from struct import pack_into

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection

SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR, SHF_MERGE, SHF_STRINGS = 0x1, 0x2, 0x4, 0x10, 0x20
SHF_TLS = 0x400
GRP_COMDAT = 1
C_IDENTIFIER, BOUNDS = re.compile("[A-Za-z_][A-Za-z0-9_]*"), ("__start_", "__stop_")
COMMON = ("SHN_COMMON", 0xFF02)  # 0xff02: SHN_X86_64_LCOMMON
GOT_SYMBOL = "_GLOBAL_OFFSET_TABLE_"
TLS_BASE_SYMBOL = "_TLS_MODULE_BASE_"  # offsets count from it: the thread pointer itself


@dataclass(frozen=True)
class Symbol:
    name: str
    binding: str
    kind: str
    visibility: str
    shndx: int | str
    value: int
    size: int

    @property
    def is_undefined(self) -> bool:
        return self.shndx == "SHN_UNDEF"

    @property
    def is_common(self) -> bool:
        return self.shndx in COMMON

    @property
    def is_local(self) -> bool:
        return self.binding == "STB_LOCAL"

    @property
    def is_indirect(self) -> bool:
        return self.kind in ("STT_GNU_IFUNC", "STT_LOOS") and not self.is_undefined

    @property
    def is_weak(self) -> bool:
        return self.binding == "STB_WEAK"


@dataclass(frozen=True)
class Relocation:
    """One RELA record; position is that of its bytes in the file, to patch the addend."""

    section: int
    offset: int
    type: int
    symbol: Symbol
    addend: int
    position: int


@dataclass(frozen=True)
class Section:
    index: int
    name: str
    type: str | int
    flags: int
    align: int
    size: int
    data: bytes = field(repr=False)  # empty for zero-filled ones

    @property
    def is_executable(self) -> bool:
        return bool(self.flags & SHF_EXECINSTR)

    @property
    def is_tls(self) -> bool:
        return bool(self.flags & SHF_TLS)

    @property
    def is_tls_zero(self) -> bool:
        """Its address is a label behind the initial image; it takes no memory."""
        return self.is_tls and self.type == "SHT_NOBITS"


@dataclass(frozen=True)
class TlsBlock:
    """What a static linker makes of one object: images in order, then zero-filled sections."""

    offsets: dict[int, int]  # section -> offset in the block
    size: int
    align: int


class Object:
    """One relocatable object. `name` is its module's name."""

    def __init__(self, path: Path, name: str = "") -> None:
        self.path = path
        self.name = name or path.name.rpartition(".")[0]
        with path.open("rb") as stream:
            self._read(ELFFile(stream))

    def _read(self, elf: ELFFile) -> None:
        self.sections: dict[int, Section] = {}
        self.relocations: dict[int, list[Relocation]] = {}
        self.comdats: dict[str, list[int]] = {}  # signature -> member sections
        symtab = elf.get_section_by_name(".symtab")
        raw = list(symtab.iter_symbols()) if symtab else []
        self.symbols = [_symbol(s) for s in raw]
        for index, section in enumerate(elf.iter_sections()):
            kind = section["sh_type"]
            if isinstance(section, RelocationSection):
                self._read_relocations(section)
            elif kind == "SHT_GROUP":
                words = memoryview(section.data()).cast("I")
                if words[0] & GRP_COMDAT:
                    self.comdats[self.symbols[section["sh_info"]].name] = list(words[1:])
            elif section["sh_flags"] & SHF_ALLOC:
                data = b"" if kind == "SHT_NOBITS" else section.data()
                self.sections[index] = Section(index, section.name, kind, section["sh_flags"],
                                               max(1, section["sh_addralign"]), section["sh_size"],
                                               data)

    def _read_relocations(self, section: RelocationSection) -> None:
        records = []
        for number, rela in enumerate(section.iter_relocations()):
            symbol = self.symbols[rela["r_info_sym"]]
            position = section["sh_offset"] + number * section["sh_entsize"]
            records.append(Relocation(section["sh_info"], rela["r_offset"], rela["r_info_type"],
                                      symbol, rela["r_addend"], position))
        records.sort(key=lambda r: r.offset)
        self.relocations.setdefault(section["sh_info"], []).extend(records)

    @cached_property
    def tls(self) -> TlsBlock:
        offsets, size, align = {}, 0, 1
        for section in sorted(self.sections.values(), key=lambda s: (s.is_tls_zero, s.index)):
            if section.is_tls:
                size = -(-size // section.align) * section.align
                offsets[section.index] = size
                size += section.size
                align = max(align, section.align if section.size else 1)
        return TlsBlock(offsets, size, align)

    def placed_relocations(self) -> list[Relocation]:
        """The records of allocated sections."""
        return [r for index in self.sections for r in self.relocations.get(index, [])]

    @cached_property
    def definitions(self) -> dict[str, Symbol]:
        """Global, weak and COMMON definitions."""
        return {s.name: s for s in self.symbols if not s.is_local and not s.is_undefined and s.name}

    @cached_property
    def bounds(self) -> set[str]:
        """The __start_X and __stop_X that its sections X give the group."""
        return {edge + section.name for section in self.sections.values()
                if C_IDENTIFIER.fullmatch(section.name) for edge in BOUNDS}

    @cached_property
    def undefined(self) -> dict[str, Symbol]:
        return {s.name: s for s in self.symbols
                if not s.is_local and s.is_undefined and s.name
                and s.name not in (GOT_SYMBOL, TLS_BASE_SYMBOL)}


def _symbol(symbol: object) -> Symbol:
    info = symbol["st_info"]
    return Symbol(symbol.name, info["bind"], info["type"], symbol["st_other"]["visibility"],
                  symbol["st_shndx"], symbol["st_value"], symbol["st_size"])


@lru_cache(maxsize=64)
def load(path: Path, name: str = "") -> Object:
    return Object(path, name)


def unique_name(module: int, section: int) -> str:
    return f".m{module}.s{section}"


def write_unique_copy(obj: Object, module: int, target: Path) -> None:
    """
    Copies an object with a name of its own for every allocated section, so that a linker script can
    pin each, and without SHF_MERGE, so that no linker folds strings. Symbols, relocations and
    contents stay as they are: only section headers change, and the table of section names (clang
    shares it with the symbols) is continued behind the end of the file.
    """
    image = bytearray(obj.path.read_bytes())
    with obj.path.open("rb") as stream:
        elf = ELFFile(stream)
        table, stride, names_index = elf["e_shoff"], elf["e_shentsize"], elf["e_shstrndx"]
        names = bytearray(elf.get_section(names_index).data())
    for index, section in obj.sections.items():
        header = table + index * stride
        pack_into("<I", image, header, len(names))
        names += unique_name(module, index).encode() + b"\0"
        pack_into("<Q", image, header + 8, section.flags & ~(SHF_MERGE | SHF_STRINGS))
    pack_into("<QQ", image, table + names_index * stride + 24, len(image), len(names))
    target.write_bytes(image + names)


def write_patched_copy(obj: Object, addends: dict[int, int], target: Path) -> None:
    """Copies an object with other addends: file position of the record -> addend."""
    image = bytearray(obj.path.read_bytes())
    for position, addend in addends.items():
        pack_into("<q", image, position + 16, addend)
    target.write_bytes(image)
