# SPDX-License-Identifier: MIT
"""
Linked programs in memory: what `elfin link` made (map and image) and what a linker made (ELF).
"""

import json
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path

from elftools.elf.elffile import ELFFile

from elfobj import GOT_SYMBOL, SHF_ALLOC, SHF_TLS
from insn import MASK64, Wrong

STUB_SECTIONS = (".plt", ".plt.got", ".plt.sec", ".iplt")
SLOT_SECTIONS = (".got", ".got.plt")
R_X86_64_IRELATIVE = 37


class SparseMemory:
    """Pieces of memory by run address; a piece without bytes reads as zero."""

    def __init__(self) -> None:
        self._pieces: list[tuple[int, int, bytes | None]] = []
        self._stubs: list[tuple[int, int]] = []
        self._slots: list[tuple[int, int]] = []
        self.indirect: dict[int, int] = {}  # word that waits for a resolver -> that resolver

    def add(self, address: int, size: int, data: bytes | None, name: str = "") -> None:
        if size == 0:
            return
        self._pieces.append((address, size, data))
        if name in STUB_SECTIONS:
            self._stubs.append((address, address + size))
        elif name in SLOT_SECTIONS:
            self._slots.append((address, address + size))

    def seal(self) -> None:
        self._pieces.sort(key=lambda piece: piece[0])
        self._starts = [piece[0] for piece in self._pieces]

    def overlaps(self) -> list[tuple[int, int]]:
        """Pairs of neighbouring pieces that share bytes."""
        return [(a[0], b[0]) for a, b in zip(self._pieces, self._pieces[1:]) if a[0] + a[1] > b[0]]

    def read(self, address: int, size: int) -> bytes:
        position = bisect_right(self._starts, address) - 1
        if position >= 0:
            start, length, data = self._pieces[position]
            offset = address - start
            if offset + size <= length:
                if data is None:
                    return bytes(size)
                return data[offset:offset + size]
        raise Wrong(f"0x{address:x} lies outside of the program")

    def in_stubs(self, address: int) -> bool:
        return any(low <= address < high for low, high in self._stubs)

    def in_slots(self, address: int) -> bool:
        return any(low <= address < high for low, high in self._slots)


@dataclass
class PlacedModule:
    """One entry of the map."""

    name: str
    file: str
    got_base: int | None
    sections: dict[int, int]  # index in the file -> address
    sizes: dict[int, int]
    names: dict[int, str]
    synthetic: list[tuple[str, int, int]]  # name, address, size
    symbols: dict[str, int]
    indirect: list["Indirect"] = field(default_factory=list)
    tls_offset: int = 0  # of its block from the thread pointer


@dataclass(frozen=True)
class Indirect:
    """An indirect function of the map."""

    name: str
    address: int
    slot: int
    resolver: int


@dataclass
class Layout:
    """Where every section of a group lies, and what its own symbols mean."""

    modules: list[PlacedModule] = field(default_factory=list)

    def by_name(self, name: str) -> tuple[int, PlacedModule]:
        for number, module in enumerate(self.modules):
            if module.name == name:
                return number, module
        raise Wrong(f"the map has no module {name}")

    def extent(self) -> tuple[int, int]:
        ends = [(start, start + m.sizes[index]) for m in self.modules
                for index, start in m.sections.items()]
        ends += [(start, start + size) for m in self.modules for _, start, size in m.synthetic]
        return min(low for low, _ in ends), max(high for _, high in ends)


class ElfinProgram(SparseMemory):
    """What `elfin link --image --map` wrote."""

    name = "elfin"
    has_traps = True

    def __init__(self, map_path: Path, image_path: Path) -> None:
        super().__init__()
        self._image = image_path.read_bytes()
        document = json.loads(map_path.read_text())
        self.layout = Layout([self._module(m) for m in document["modules"]])
        self.seal()

    def _module(self, entry: dict) -> PlacedModule:
        for part in entry["sections"] + entry["synthetic"]:
            if "tls_offset" in part and part["image_offset"] is None:
                continue  # zero-filled: it takes no memory
            data, offset = None, part["image_offset"]
            if offset is not None:
                data = self._image[offset:offset + part["size"]]
                if len(data) != part["size"]:
                    raise Wrong(f"{entry['name']} {part['name']}: the image ends before its end")
            name = part["name"] if part in entry["synthetic"] else ""
            self.add(int(part["address"], 16), part["size"], data, name)
        base = entry["got_base"]
        sections = entry["sections"]
        indirect = [Indirect(i["name"], *(int(i[key], 16) for key in ("address", "slot",
                                                                      "resolver")))
                    for i in entry["indirect"]]
        self.indirect |= {i.slot: i.resolver for i in indirect}
        return PlacedModule(
            entry["name"], entry["file"], None if base is None else int(base, 16),
            {s["index"]: int(s["address"], 16) for s in sections},
            {s["index"]: s["size"] for s in sections},
            {s["index"]: s["name"] for s in sections},
            [(s["name"], int(s["address"], 16), s["size"]) for s in entry["synthetic"]],
            {s["name"]: int(s["address"], 16) for s in entry["symbols"]}, indirect,
            entry.get("tls", {"offset": 0})["offset"])

    def faults_of_structure(self) -> list[str]:
        """Do parts overlap, or lie too far apart for the code in them?"""
        faults = [f"the parts at 0x{a:x} and 0x{b:x} overlap" for a, b in self.overlaps()]
        for module in self.layout.modules:
            low, high = Layout([module]).extent()
            if high - low > 1 << 31:
                faults.append(f"{module.name}: parts more than 2 GiB apart")
            faults += self._faults_of_indirect(module)
        return faults

    def _faults_of_indirect(self, module: PlacedModule) -> list[str]:
        """Each has a stub of its own, which jumps through a slot of its own, which is empty."""
        faults = []
        for entry in module.indirect:
            code = b"\xff\x25" + (entry.slot - entry.address - 6).to_bytes(4, "little", signed=True)
            if not self.in_stubs(entry.address) or self.read(entry.address, 6) != code:
                faults.append(f"{module.name}: no stub for {entry.name} at 0x{entry.address:x}")
            if not self.in_slots(entry.slot) or any(self.read(entry.slot, 8)):
                faults.append(f"{module.name}: the slot of {entry.name} is not empty")
        if len({entry.slot for entry in module.indirect}) != len(module.indirect):
            faults.append(f"{module.name}: indirect functions share a slot")
        return faults

    def got_base(self, module: int) -> int:
        base = self.layout.modules[module].got_base
        if base is None:
            raise Wrong("a GOT base is used, but the map gives none")
        return base


class LinkerProgram(SparseMemory):
    """An executable that GNU ld or lld wrote, read from its section headers."""

    has_traps = False

    def __init__(self, name: str, path: Path) -> None:
        super().__init__()
        self.name = name
        self.symbols: dict[str, int] = {}
        self.weak_undefined: set[str] = set()
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            for section in elf.iter_sections():
                zero = section["sh_type"] == "SHT_NOBITS"
                if section["sh_flags"] & SHF_ALLOC and not (zero and section["sh_flags"] & SHF_TLS):
                    data = None if section["sh_type"] == "SHT_NOBITS" else section.data()
                    self.add(section["sh_addr"], section["sh_size"], data, section.name)
                if section["sh_type"] == "SHT_RELA":
                    self.indirect |= {r["r_offset"]: r["r_addend"] & MASK64
                                      for r in section.iter_relocations()
                                      if r["r_info_type"] == R_X86_64_IRELATIVE}
            for symbol in elf.get_section_by_name(".symtab").iter_symbols():
                if symbol["st_shndx"] == "SHN_UNDEF":
                    self.weak_undefined.add(symbol.name)
                elif (symbol["st_info"]["bind"] != "STB_LOCAL" or symbol.name == GOT_SYMBOL
                      or symbol["st_other"]["visibility"] != "STV_DEFAULT"):  # hidden: made local
                    self.symbols[symbol.name] = symbol["st_value"]
        self.seal()

    def got_base(self, module: int) -> int:
        if GOT_SYMBOL not in self.symbols:
            raise Wrong(f"{self.name} defined no {GOT_SYMBOL}")  # as no object names it
        return self.symbols[GOT_SYMBOL]
