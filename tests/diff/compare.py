# SPDX-License-Identifier: MIT
"""
The comparisons proper: bytes that nobody may change, linker against linker, linker against formula.
"""

from collections import Counter
from dataclasses import dataclass, field

from elfobj import Section
from group import Group
from insn import Wrong
from meaning import Field, Meaning, OutOfRange, Target, View, expected, observed
from linked import LinkerProgram
from reference import ReferenceResult


@dataclass
class Verdict:
    faults: list[str] = field(default_factory=list)
    compared: Counter[str] = field(default_factory=Counter)   # relocation type -> fields
    evaluated: int = 0  # of these, fields compared by meaning because the bytes differ

    def add(self, other: "Verdict") -> None:
        self.faults += other.faults
        self.compared += other.compared
        self.evaluated += other.evaluated


def _fault(group: Group, where: Field, want: object, got: object) -> str:
    name = group.objects[where.module].path.name
    return f"{name} {where}: expected {_show(want)}, found {_show(got)}"


def _show(value: object) -> str:
    if isinstance(value, tuple):
        return f"{value[0]} 0x{value[1]:x}"
    return str(value)


def _gaps(section: Section, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The parts of a section between the spans that relocations own."""
    gaps, end = [], 0
    for start, stop in sorted(spans):
        if start > end:
            gaps.append((end, start))
        end = max(end, stop)
    return gaps + [(end, section.size)]


def check_contents(group: Group, program: View) -> Verdict:
    """Outside of relocated fields, memory equals the file."""
    verdict = Verdict()
    spans: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for where, _ in group.fields():
        spans.setdefault((where.module, where.section.index), []).append(where.span)
    for number, obj in enumerate(group.objects):
        for index, section in obj.sections.items():
            if section.size and group.is_placed(number, index) and not section.is_tls_zero:
                memory = program.read(group.address(number, index), section.size)
                original = section.data or bytes(section.size)
                for low, high in _gaps(section, spans.get((number, index), [])):
                    if memory[low:high] != original[low:high]:
                        at = next(i for i in range(low, high) if memory[i] != original[i])
                        verdict.faults.append(
                            f"{obj.path.name} {section.name}+0x{at:x}: {program.name} has "
                            f"0x{memory[at]:02x}, the file 0x{original[at]:02x}")
    return verdict


def _read_meaning(where: Field, place: int, program: View, weak_zero: bool) -> Meaning | str:
    """A text is never right, even if both sides give the same."""
    try:
        return observed(where, place, program, weak_zero)
    except Wrong as error:
        return str(error)


def reference_target(group: Group, where: Field, program: LinkerProgram) -> Target:
    """What the reference linker resolved the symbol to, by its own symbol table."""
    symbol = where.relocation.symbol
    found = group.definitions.get(symbol.name)
    if symbol.is_local or (found and found[1].is_indirect):
        return group.resolve(where.module, symbol, {})
    address = program.symbols.get(symbol.name)
    return Target(address or 0, undefined_weak=address is None)


def _overflowed(where: Field, reference: ReferenceResult) -> bool:
    offset = where.relocation.offset
    return any((where.module, where.section.index, offset - back) in reference.overflows
               for back in (0, 1))  # a relaxed jmp has its field one byte earlier


def compare_programs(group: Group, subject: View, reference: ReferenceResult) -> Verdict:
    """
    Field by field against a linker. Where that linker reported an overflow, the field is judged by
    the formula with the linker's symbol value; it must be one that a slot or stub can save.
    """
    verdict = Verdict()
    program = reference.program
    assert program is not None
    for where, place in group.fields():
        target = reference_target(group, where, program)
        got = _read_meaning(where, place, subject, target.undefined_weak)
        if _overflowed(where, reference):
            try:
                want: object = expected(where, place, target)
            except OutOfRange:
                want = "a refusal"
            verdict.evaluated += 1
        else:
            want = _read_meaning(where, place, program, target.undefined_weak)
            low, high = where.span
            start = place - where.relocation.offset + low
            if subject.read(start, high - low) != program.read(start, high - low):
                verdict.evaluated += 1
                if where.type.is_tls:  # no slot or stub is involved: there is nothing to choose
                    verdict.faults.append(f"{where}: other bytes than {program.name}'s")
        if want != got or isinstance(got, str):
            verdict.faults.append(_fault(group, where, want, got) + f" ({program.name})")
        verdict.compared[where.type.name] += 1
    return verdict


def recompute(group: Group, subject: View, exports: dict[str, int]) -> Verdict:
    """Field by field against the psABI's formulas."""
    verdict = Verdict()
    for where, place in group.fields():
        target = group.resolve(where.module, where.relocation.symbol, exports)
        got = _read_meaning(where, place, subject, target.undefined_weak)
        try:
            want: object = expected(where, place, target)
        except OutOfRange:
            want = "a refusal"
        if want != got:
            verdict.faults.append(_fault(group, where, want, got))
        verdict.compared[where.type.name] += 1
    return verdict
