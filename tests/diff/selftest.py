#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""
Tests the test. GNU ld against lld on the same objects must pass; then every byte that the judgement
of a field depends on is damaged in turn, and each time both checkers must notice.
"""

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import elfin
import indirect
import reference
from assembly import SETS, assembled
from check import Placement
from compare import check_contents, compare_programs, recompute, reference_target
from elfobj import Object
from group import Group
from insn import Wrong
from layout import planned
from linked import Layout
from matrix import CALLERS, GIB4, HIGH, LOW, PLACEMENTS, Cell
from meaning import OutOfRange, View, expected
from protocol import Report, parallel
from toolchain import GNU_LD, LLD

FLIPS = 60  # damaged bytes for each subject, spread evenly

CELLS = (Cell("gcc", "small", "no-pic", "O2"), Cell("gcc", "medium", "pic", "O2"),
         Cell("clang", "large", "pie", "O0"), Cell("clang-19", "small", "pic-no-plt", "O2"))


class Damaged:
    """A program with one bit of its memory changed; also records what is read."""

    def __init__(self, program: View, address: int | None = None, bit: int = 0) -> None:
        self._program, self._address, self._bit = program, address, bit
        self.name, self.has_traps = program.name, program.has_traps
        self.in_stubs, self.in_slots = program.in_stubs, program.in_slots
        self.got_base, self.indirect = program.got_base, program.indirect
        self.seen: set[int] = set()

    def read(self, address: int, size: int) -> bytes:
        data = self._program.read(address, size)
        self.seen.update(range(address, address + size))
        if self._address is not None and address <= self._address < address + size:
            changed = bytearray(data)
            changed[self._address - address] ^= 1 << self._bit
            return bytes(changed)
        return data


@dataclass(frozen=True)
class Judges:
    """The two checkers, each on its own."""

    group: Group
    linked: reference.ReferenceResult
    exports: elfin.Exports

    def by_linker(self, program: View) -> list[str]:
        verdict = check_contents(self.group, program)
        verdict.add(compare_programs(self.group, program, self.linked))
        return verdict.faults

    def by_formula(self, program: View) -> list[str]:
        verdict = check_contents(self.group, program)
        verdict.add(recompute(self.group, program, self.exports))
        return verdict.faults


def damage_faults(program: View, judges: Judges, also: list[int]) -> list[str]:
    """Every byte read in judging the fields counts; `also`: more bytes to damage."""
    recorder = Damaged(program)
    undamaged = compare_programs(judges.group, recorder, judges.linked).faults
    undamaged += recompute(judges.group, recorder, judges.exports).faults
    faults = [f"undamaged: {fault}" for fault in undamaged]
    chance = random.Random(1)
    addresses = sorted(recorder.seen)
    step = max(1, len(addresses) // FLIPS)
    for address in addresses[::step] + also:
        bit = chance.randrange(8)
        for judge in (judges.by_linker, judges.by_formula):
            if not judge(Damaged(program, address, bit)):
                faults.append(f"bit {bit} of 0x{address:x} was flipped: {judge.__name__} is blind")
    return faults


def bytes_outside_of_fields(group: Group) -> list[int]:
    """First, middle and last byte of each section, if no relocation owns them."""
    owned = {place - where.relocation.offset + offset for where, place in group.fields()
             for offset in range(*where.span)}
    found = set()
    for module in group.layout.modules:
        for index, start in module.sections.items():
            size = module.sizes[index]
            found |= {start, start + size // 2, start + size - 1} if size else set()
    return sorted(found - owned)


@dataclass(frozen=True)
class Subject:
    """Objects at a place; linked by both linkers, and by nothing else."""

    name: str
    objects: tuple[Object, ...]
    base: int
    exports: elfin.Exports

    def link(self) -> tuple[Group, list[reference.ReferenceResult]]:
        objects = list(self.objects)
        group = Group(objects, planned(objects, self.base + reference.SYNTHETIC_ROOM))
        commons = {name: group.common_address(name) for name in group.commons()}
        copies = reference.prepare(objects)
        linked = [reference.link(linker, copies, group.layout, commons, self.exports)
                  for linker in (GNU_LD, LLD)]
        for result in linked:
            if result.program is None or result.errors:
                raise Wrong(f"{self.name}: {result.errors[:3]}")
        return group, linked


def check_damage(subject: Subject) -> list[str]:
    group, (gnu, lld) = subject.link()
    judges = Judges(group, gnu, subject.exports)
    return damage_faults(lld.program, judges, bytes_outside_of_fields(group))


def check_refusals(subject: Subject) -> list[str]:
    """The formulas' ranges are the linkers': each overflow is one, except what stubs can save."""
    group, results = subject.link()
    faults = []
    count = 0
    for result in results:
        for where, place in group.fields():
            site = (where.module, where.section.index, where.relocation.offset)
            try:
                expected(where, place, reference_target(group, where, result.program))
                out = False
            except OutOfRange:
                out = True
            count += out
            if out != (site in result.overflows) and not where.is_rescuable:
                faults.append(f"{subject.name}: {where}: {result.program.name} does not agree")
    return faults if count else ["no field is out of range: nothing was tested"]


def check_structure(subject: Subject) -> list[str]:
    """Each damage to a good layout is found."""
    group, _ = subject.link()
    first = group.layout.modules[0]
    index = max(first.sections, key=lambda i: (first.sizes[i], i))
    common = next(iter(group.commons()))
    owner = next(n for n, m in enumerate(group.layout.modules) if common in m.symbols)
    symbol = next(s for s in first.symbols if s != common)

    def variant(number: int, **changes: dict) -> Group:
        modules = list(group.layout.modules)
        modules[number] = replace(modules[number], **changes)
        return Group(group.objects, Layout(modules))

    def without(table: dict, key: object) -> dict:
        return {k: v for k, v in table.items() if k != key}

    variants = {
        "a section missing": variant(0, sections=without(first.sections, index)),
        "a section moved": variant(0, sections=first.sections | {index: first.sections[index] + 1}),
        "a size changed": variant(0, sizes=first.sizes | {index: first.sizes[index] - 1}),
        "a name changed": variant(0, names=first.names | {index: "other"}),
        "a symbol moved": variant(0, symbols=first.symbols | {symbol: first.symbols[symbol] + 1}),
        "a symbol missing": variant(0, symbols=without(first.symbols, symbol)),
        "a symbol too many": variant(0, symbols=first.symbols | {"nobody": 1}),
        "COMMON moved": variant(owner, symbols=group.layout.modules[owner].symbols
                                | {common: LOW + GIB4}),
        "no room for COMMON": variant(0, synthetic=[]),
    }
    faults = [f"undamaged: {fault}" for fault in group.faults_of_structure()]
    return faults + [f"{name} is not noticed" for name, changed in variants.items()
                     if not changed.faults_of_structure()]


def check_elfin_damage(objects: list[Object], placement: Placement) -> list[str]:
    """The same with a program of elfin's, whose far branches go through stubs and slots."""
    inputs = [(base, obj.path) for base, obj in zip(placement.bases, objects)]
    result = elfin.link(inputs, placement.exports)
    if result.program is None:
        return [result.reason]
    group = Group(objects, result.program.layout)
    commons = {name: group.common_address(name) for name in group.commons()}
    copies = reference.prepare(objects)
    linked = reference.link(LLD, copies, group.layout, commons, placement.exports)
    recorder = Damaged(result.program)
    recompute(group, recorder, placement.exports)
    synthetic = sorted(a for a in recorder.seen
                       if result.program.in_stubs(a) or result.program.in_slots(a))
    if len(synthetic) < 24:
        return ["hardly a stub or slot is in use: nothing was tested"]
    return damage_faults(result.program, Judges(group, linked, placement.exports), synthetic)


def _matrix_subject(cell: Cell, base: int) -> Subject:
    near = base + 0x2000000
    names = ("ext_call", "ext_tail", "ext_conditional", "ext_taken", "ext_word", "ext_array")
    return Subject(str(cell), tuple(cell.objects()[:CALLERS]), base,
                   {name: near + 0x100 * number for number, name in enumerate(names)})


def _assembly_subject(name: str, base: int) -> Subject:
    objects = tuple(assembled(source) for source in SETS[name][0])
    exports = {"ext_function": LOW + 0x300000, "ext_datum": LOW + 0x400000}
    return Subject(name, objects, base, exports)


def _run(case: tuple[str, Callable, tuple]) -> tuple[str, list[str]]:
    name, make, arguments = case
    try:
        return name, make(*arguments)
    except Wrong as error:
        return name, [str(error)]


def _damage_cell(cell: Cell) -> list[str]:
    return check_damage(_matrix_subject(cell, LOW))


def _damage_assembly(name: str) -> list[str]:
    return check_damage(_assembly_subject(name, LOW))


def _refusals_of_cell(cell: Cell) -> list[str]:
    return check_refusals(_matrix_subject(cell, HIGH))


def _refusals_of_assembly(name: str) -> list[str]:
    return check_refusals(_assembly_subject(name, HIGH))


def _damage_elfin() -> list[str]:
    far = next(p for p in PLACEMENTS if p.name == "low, functions 4 GiB away")
    return check_elfin_damage(CELLS[0].objects()[:far.objects], far)


def _damage_indirect(cell: Cell) -> list[str]:
    return check_elfin_damage(indirect.objects_of(cell), indirect.PLACEMENTS[0])


def _structure() -> list[str]:
    return check_structure(_matrix_subject(CELLS[0], LOW))


def cases() -> list[tuple[str, Callable, tuple]]:
    return ([(f"damage/{cell}", _damage_cell, (cell,)) for cell in CELLS]
            + [(f"damage/{name}", _damage_assembly, (name,))
               for name in ("types", "instructions", "low")]
            + [(f"damage/indirect/{cell}", _damage_indirect, (cell,)) for cell in CELLS[::3]]
            + [("damage/elfin", _damage_elfin, ()),
               ("refusals/no-pic", _refusals_of_cell, (CELLS[0],)),
               ("refusals/low", _refusals_of_assembly, ("low",)),
               ("structure", _structure, ())])


def main() -> int:
    report = Report()
    for name, faults in parallel(_run, cases()):
        report.case(f"selftest/{name}", faults)
    return report.status()


if __name__ == "__main__":
    sys.exit(main())
