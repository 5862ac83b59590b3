# SPDX-License-Identifier: MIT
"""A group of objects at the places a layout gives them: its fields, its symbols, its structure."""

from collections.abc import Iterator
from functools import cached_property, lru_cache

from elfobj import BOUNDS, GOT_SYMBOL, TLS_BASE_SYMBOL, Object, Symbol
from insn import MASK64, Wrong
from linked import Indirect, Layout
from meaning import Field, Target
from relocs import TLSGD, TLSLD, TYPES

NAME_LIMIT = 95  # bytes of a section's name that the loader keeps


@lru_cache(maxsize=512)
def object_fields(obj: Object, module: int) -> list[Field]:
    fields = []
    of_call = False  # the record of a TLS sequence's call of __tls_get_addr is part of it
    for relocation in obj.placed_relocations():
        if of_call:
            of_call = False
            continue
        of_call = relocation.type in (TLSGD, TLSLD)
        if relocation.type not in TYPES:
            raise Wrong(f"{obj.name}: relocation type {relocation.type} is not in the test's table")
        fields.append(Field(relocation, obj.sections[relocation.section], module))
    return fields


def _rank(symbol: Symbol) -> int:
    return 2 if symbol.is_weak else 1 if symbol.is_common else 0


class Group:
    """objects[n] is layout.modules[n]."""

    def __init__(self, objects: list[Object], layout: Layout) -> None:
        self.objects = objects
        self.layout = layout

    def is_placed(self, module: int, section: int) -> bool:
        return section in self.layout.modules[module].sections

    def address(self, module: int, section: int) -> int:
        return self.layout.modules[module].sections[section]

    def fields(self) -> Iterator[tuple[Field, int]]:
        """Every relocated field with its run address."""
        for number, obj in enumerate(self.objects):
            for field in object_fields(obj, number):
                if self.is_placed(number, field.section.index):
                    start = self.address(number, field.section.index)
                    yield field, start + field.relocation.offset

    @cached_property
    def discarded(self) -> set[tuple[int, int]]:
        """Members of COMDAT groups whose signature an earlier object had already."""
        seen: set[str] = set()
        lost = set()
        for number, obj in enumerate(self.objects):
            for signature, members in obj.comdats.items():
                if signature in seen:
                    lost |= {(number, index) for index in members if index in obj.sections}
                seen.add(signature)
        return lost

    @cached_property
    def definitions(self) -> dict[str, tuple[int, Symbol]]:
        """Strong over COMMON over weak, first of equals; a discarded section defines nothing."""
        best: dict[str, tuple[int, Symbol]] = {}
        for number, obj in enumerate(self.objects):
            for name, symbol in obj.definitions.items():
                if (number, symbol.shndx) in self.discarded:
                    continue
                if name not in best or _rank(symbol) < _rank(best[name][1]):
                    best[name] = (number, symbol)
        return best

    def common_address(self, name: str) -> int:
        """One of the modules that declare it makes the room."""
        for module in self.layout.modules:
            if name in module.symbols:
                return module.symbols[name]
        raise Wrong(f"the map has no place for COMMON {name}")

    def own_address(self, module: int, symbol: Symbol) -> int:
        """Where a symbol lies that this object itself defines."""
        if symbol.shndx == "SHN_ABS":
            return symbol.value
        if symbol.is_common:
            return self.common_address(symbol.name)
        if symbol.is_indirect:
            return self.indirect(module, symbol).address
        return self.resolver(module, symbol)

    def resolver(self, module: int, symbol: Symbol) -> int:
        """Of an indirect function; else the symbol's own address."""
        return (self.address(module, symbol.shndx) + symbol.value) & MASK64

    def indirect(self, module: int, symbol: Symbol) -> Indirect:
        for entry in self.layout.modules[module].indirect:
            if entry.name == symbol.name and entry.resolver == self.resolver(module, symbol):
                return entry
        raise Wrong(f"the map does not list the indirect function {symbol.name}")

    def _target(self, module: int, symbol: Symbol) -> Target:
        resolver = self.resolver(module, symbol) if symbol.is_indirect else None
        return Target(self._value(module, symbol), symbol.size, resolver=resolver)

    def _is_tls(self, module: int, symbol: Symbol) -> bool:
        section = self.objects[module].sections.get(symbol.shndx)
        return section is not None and section.is_tls

    def _value(self, module: int, symbol: Symbol) -> int:
        """Of a thread-local symbol its offset from the thread pointer."""
        if self._is_tls(module, symbol):
            block = self.objects[module].tls
            return (self.layout.modules[module].tls_offset + block.offsets[symbol.shndx]
                    + symbol.value) & MASK64
        return self.own_address(module, symbol)

    def resolve(self, module: int, symbol: Symbol, exports: dict[str, int]) -> Target:
        """What a symbol means in this group, by the linkers' rules."""
        if symbol.is_local:
            undefined = symbol.is_undefined  # symbol 0: no symbol, value 0
            return Target(0, symbol.size) if undefined else self._target(module, symbol)
        if symbol.name == TLS_BASE_SYMBOL:
            return Target(0)
        if symbol.name == GOT_SYMBOL:
            return Target(self.layout.modules[module].got_base or 0)
        found = self.definitions.get(symbol.name)
        if found:
            return self._target(*found)
        if any(symbol.name in obj.bounds for obj in self.objects):
            return Target(self.bound(symbol.name))
        if symbol.name in exports:
            return Target(exports[symbol.name])
        if symbol.is_weak:
            return Target(0, undefined_weak=True)
        raise Wrong(f"nobody defines {symbol.name}")

    def bound(self, name: str) -> int:
        """__start_X or __stop_X: all sections X of the group follow each other in its order."""
        edge = next(edge for edge in BOUNDS if name.startswith(edge))
        start = end = None
        for number, obj in enumerate(self.objects):
            for index, section in obj.sections.items():
                if edge + section.name == name and (number, index) not in self.discarded:
                    place = self.address(number, index)
                    if end is not None and not 0 <= place - end < section.align:
                        raise Wrong(f"{obj.name} {section.name} does not follow the others")
                    start, end = place if start is None else start, place + section.size
        return (start if edge == BOUNDS[0] else end) or 0

    def faults_of_structure(self) -> list[str]:
        """Is the layout a possible one: complete, aligned, sizes and symbols as in the files?"""
        faults = []
        for number, obj in enumerate(self.objects):
            module = self.layout.modules[number]
            wanted = {index for index in obj.sections if (number, index) not in self.discarded}
            if wanted != set(module.sections):
                wrong = sorted(wanted ^ set(module.sections))
                faults.append(f"{obj.name}: sections {wrong} are missing, or should be")
                continue
            for index in wanted:
                section = obj.sections[index]
                if module.sections[index] % section.align:
                    faults.append(f"{obj.name} {section.name}: not aligned to {section.align}")
                if module.sizes[index] != section.size or module.names[index] != section.name[:NAME_LIMIT]:
                    faults.append(f"{obj.name} {section.name}: other name or size in the map")
            faults += self._faults_of_symbols(number, obj)
            faults += self._faults_of_indirect(number, obj)
        return faults or self._faults_of_commons() + self._faults_of_tls()

    def _faults_of_tls(self) -> list[str]:
        """Blocks are aligned and disjoint; one alone lies where a static linker puts it."""
        faults, taken = [], []
        for obj, module in zip(self.objects, self.layout.modules):
            block = obj.tls
            if block.size:
                taken.append((module.tls_offset, module.tls_offset + block.size))
                if module.tls_offset % block.align:
                    faults.append(f"{obj.name}: its TLS block is not aligned to {block.align}")
                alone = -(-(-block.size // block.align) * block.align)
                if len(self.objects) == 1 and module.tls_offset != alone:
                    faults.append(f"{obj.name}: TLS block at {module.tls_offset}, not {alone}")
        taken.sort()
        faults += [f"TLS blocks at {a} and {b} overlap" for a, b in zip(taken, taken[1:])
                   if a[1] > b[0]]
        if taken and taken[-1][1] > 0:
            faults.append("a TLS block is not below the thread pointer")
        return faults

    def _faults_of_symbols(self, number: int, obj: Object) -> list[str]:
        faults = []
        listed = self.layout.modules[number].symbols
        for name, symbol in obj.definitions.items():
            if symbol.is_common or (number, symbol.shndx) in self.discarded:
                continue
            if listed.get(name) != self.own_address(number, symbol):
                faults.append(f"{obj.name}: {name} is wrong in the map")
        for name in listed.keys() - obj.definitions.keys():
            faults.append(f"{obj.name}: the map lists {name}, which the file does not define")
        return faults

    def _faults_of_indirect(self, number: int, obj: Object) -> list[str]:
        """All are listed that something can call."""
        used = {r.symbol for r in obj.placed_relocations()}
        wanted = sorted(s.name for s in obj.symbols if s.is_indirect and (
            s in used if s.is_local else self.definitions.get(s.name) == (number, s)))
        listed = sorted(entry.name for entry in self.layout.modules[number].indirect)
        if listed != wanted:
            return [f"{obj.name}: the map lists the indirect functions {listed}, not {wanted}"]
        return []

    def commons(self) -> dict[str, tuple[int, int]]:
        """COMMON symbols that no real definition replaces: largest size and alignment."""
        found: dict[str, tuple[int, int]] = {}
        for obj in self.objects:
            for name, symbol in obj.definitions.items():
                winner = self.definitions.get(name)
                if symbol.is_common and winner and winner[1].is_common:
                    size, align = found.get(name, (0, 1))
                    found[name] = max(size, symbol.size), max(align, symbol.value)
        return found

    def _faults_of_commons(self) -> list[str]:
        """One place each, aligned, inside of the room made for them, and disjoint."""
        faults = []
        rooms = [(address, address + size) for module in self.layout.modules
                 for name, address, size in module.synthetic if name == "COMMON"]
        taken: list[tuple[int, int, str]] = []
        for name, (size, align) in self.commons().items():
            address = self.common_address(name)
            if any(m.symbols.get(name, address) != address for m in self.layout.modules):
                faults.append(f"COMMON {name} has two places")
            if address % align:
                faults.append(f"COMMON {name} is not aligned to {align}")
            if not any(low <= address and address + size <= high for low, high in rooms):
                faults.append(f"COMMON {name} lies outside of the room made for COMMON")
            taken.append((address, address + size, name))
        taken.sort()
        faults += [f"COMMON {a[2]} and {b[2]} overlap" for a, b in zip(taken, taken[1:])
                   if a[1] > b[0]]
        return faults
