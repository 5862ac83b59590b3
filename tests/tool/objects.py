# SPDX-License-Identifier: MIT
"""Objects as pyelftools reads them: what the tool's answers are compared with."""

from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

SHF_ALLOC = 2
WIDTHS = {1: 8, 2: 4, 4: 4, 9: 4, 10: 4, 11: 4, 24: 8, 25: 8, 26: 4, 29: 8, 41: 4, 42: 4}


@dataclass
class Section:
    index: int
    name: str
    size: int
    align: int
    zero_filled: bool
    data: bytes
    relocated: set[int]  # offsets of bytes that a relocation may change
    types: list[int]  # of its relocations


@dataclass
class Symbol:
    name: str
    section: int | str
    value: int
    weak: bool
    defined: bool


def sections(path: Path) -> list[Section]:
    """The SHF_ALLOC sections in the order of the file."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        found = {}
        for index, section in enumerate(elf.iter_sections()):
            if section["sh_flags"] & SHF_ALLOC:
                found[index] = Section(index, section.name, section["sh_size"],
                                       max(section["sh_addralign"], 1),
                                       section["sh_type"] == "SHT_NOBITS", section.data(),
                                       set(), [])
        for section in elf.iter_sections():
            if section["sh_type"] == "SHT_RELA" and section["sh_info"] in found:
                target = found[section["sh_info"]]
                for relocation in section.iter_relocations():
                    number = relocation["r_info_type"]
                    place = relocation["r_offset"]
                    target.types.append(number)
                    # Relaxation may change the two bytes before the field of a GOT load.
                    target.relocated |= set(range(place - 2, place + WIDTHS[number]))
    return list(found.values())


def symbols(path: Path) -> list[Symbol]:
    """Global and weak symbols."""
    with path.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        return [Symbol(symbol.name, symbol["st_shndx"], symbol["st_value"],
                       symbol["st_info"]["bind"] == "STB_WEAK", symbol["st_shndx"] != "SHN_UNDEF")
                for symbol in table.iter_symbols() if symbol["st_info"]["bind"] != "STB_LOCAL"]
