# SPDX-License-Identifier: MIT
"""What other tools say of the addresses of an object: lines by addr2line and llvm-dwarfdump, names by its symbol table."""

import bisect
import os
import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

DWARFDUMP = "llvm-dwarfdump-19"


@dataclass(frozen=True)
class Line:
    path: str
    line: int
    column: int | None


def at_addresses(data: bytes, sections: dict[int, int]) -> bytes:
    """The object with sh_addr filled in, so that tools relocate its debug sections to where it has been loaded."""
    copy = bytearray(data)
    (table,) = struct.unpack_from("<Q", data, 40)
    for index, address in sections.items():
        struct.pack_into("<Q", copy, table + 64 * index + 16, address)
    return bytes(copy)


def addr2line(path: Path, addresses: list[int]) -> list[Line | None]:
    words = "".join(f"{a:#x}\n" for a in addresses)
    output = subprocess.run(["addr2line", "-e", path], input=words, check=True, capture_output=True, text=True).stdout
    found = []
    for text in output.splitlines():
        name, _, number = re.sub(r" \(discriminator \d+\)$", "", text).rpartition(":")
        found.append(Line(name, int(number), None) if number.isdigit() and name != "??" else None)
    assert len(found) == len(addresses), path
    return found


class Table:
    """The rows that llvm-dwarfdump prints, by address."""

    def __init__(self, path: Path):
        output = subprocess.run([DWARFDUMP, "--debug-line", path], check=True, capture_output=True, text=True).stdout
        self.rows: list[tuple[int, int, Line]] = []
        for unit in output.split("\nLine table prologue:")[1:]:
            self._take_unit(unit)
        self.rows.sort(key=lambda row: row[:2])
        self.starts = [row[0] for row in self.rows]

    def _take_unit(self, text: str) -> None:
        old = int(re.search(r"version: (\d+)", text).group(1)) < 5
        directories = {int(n): d for n, d in re.findall(r'include_directories\[ *(\d+)\] = "(.*)"', text)}
        files = {}
        for number, name, directory in re.findall(r'file_names\[ *(\d+)\]:\s+name: "(.*)"\s+dir_index: (\d+)', text):
            files[int(number)] = os.path.join("" if old and directory == "0" else directories.get(int(directory), ""), name)
        before = None
        for words in re.findall(r"^0x([0-9a-f]{16}) +(\d+) +(\d+) +(\d+) +(.*)$", text, re.MULTILINE):
            address = int(words[0], 16)
            if before is not None and before[0] < address:
                self.rows.append((before[0], address, before[1]))
            before = None if "end_sequence" in words[4] else (address, Line(files.get(int(words[3]), ""), int(words[1]), int(words[2])))

    def at(self, address: int) -> Line | None:
        place = bisect.bisect_right(self.starts, address) - 1
        return self.rows[place][2] if place >= 0 and address < self.rows[place][1] else None


def first_address(path: Path) -> int:
    """Of what a linked file loads, by whole pages."""
    with path.open("rb") as file:
        return min(s["p_vaddr"] for s in ELFFile(file).iter_segments() if s["p_type"] == "PT_LOAD") & ~0xfff


class Names:
    """The symbols of a table, by section."""

    def __init__(self, path: Path):
        self.of: dict[int, list[tuple[int, int, str, bool]]] = {}
        with path.open("rb") as file:
            elf = ELFFile(file)
            self.sections = [s.name for s in elf.iter_sections()]
            self.code = {i for i, s in enumerate(elf.iter_sections()) if s["sh_flags"] & 4}
            table = elf.get_section_by_name(".symtab")
            extended = next((s for s in elf.iter_sections() if s["sh_type"] == "SHT_SYMTAB_SHNDX"), None)
            for number, symbol in enumerate(table.iter_symbols() if table else ()):
                index = symbol["st_shndx"]
                if index == "SHN_XINDEX":
                    index = extended.get_section_index(number)
                if not isinstance(index, int) or symbol["st_info"]["type"] not in ("STT_FUNC", "STT_OBJECT", "STT_LOOS", "STT_NOTYPE") or \
                        not symbol.name or symbol.name.startswith(".L"):
                    continue
                typed = symbol["st_info"]["type"] != "STT_NOTYPE"
                self.of.setdefault(index, []).append((symbol["st_value"], symbol["st_size"], symbol.name, typed))
        for rows in self.of.values():
            rows.sort()
        self.starts = {i: [r[0] for r in rows] for i, rows in self.of.items()}

    def index_of(self, section: str) -> int:
        return self.sections.index(section)

    def right(self, index: int, offset: int) -> set[str]:
        """Of the symbols that have the byte those that begin last; one without size goes to the next that is kept."""
        rows = self.of.get(index, [])
        covering = [r for r in rows[:bisect.bisect_right(self.starts.get(index, []), offset)] if r[0] + r[1] > offset]
        best = max((r[0] for r in covering), default=None)
        sized = {r[2] for r in covering if r[0] == best}
        bare = [r for r in rows if not r[1] and r[0] <= offset and (best is None or r[0] >= best)]
        # A label inside of a function is none of its own; otherwise it ends where anything else begins.
        bare = [r for r in bare if r[3] or not any(f[3] and f[0] < r[0] < f[0] + f[1] for f in rows)]
        if bare:
            last = max(r[0] for r in bare)
            if not any(last < r[0] <= offset for r in rows if r[1]) and (best is None or last > best):
                return {r[2] for r in rows if r[0] == last}
        return sized | {r[2] for r in rows if best is not None and r[0] == best}


def same_path(ours: str, theirs: str) -> bool:
    """Ours may be relative to where the compiler was run."""
    ours, theirs = os.path.normpath(ours), os.path.normpath(theirs)
    while ours.startswith("../"):
        ours = ours[3:]
    return theirs == ours or theirs.endswith("/" + ours)
