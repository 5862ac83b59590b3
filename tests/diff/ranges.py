#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""
Proof 3: the limits of every field. The last value that fits is stored and right; the first that
does not fit is refused, by type and symbol. A linker must agree wherever the value does not depend
on its own GOT.
"""

import re
import sys
from dataclasses import dataclass

import elfin
import reference
from compare import recompute
from elfobj import Object, write_patched_copy
from group import Group, object_fields
from insn import Wrong
from linked import Layout
from matrix import HIGH, LOW
from protocol import Report, parallel
from relocs import TYPES, Form, Range, RelType
from toolchain import GNU_LD, LLD, SOURCES, compile_object, scratch

# Where PC-relative fields find the symbol when only the addend matters.
NEAR = 0x40


@dataclass(frozen=True)
class Attempt:
    """One link of the object for a type."""

    value: int  # what the field shall hold
    addend: int
    symbol: int  # address that the exports give to `target`


def bounded_types() -> list[RelType]:
    """PLT32 has no limit of its own: beyond it lies a stub. See reach.py. What no address is in, the
    thread-local types, has its limits in tests/unit/tls.c."""
    return [kind for kind in TYPES.values()
            if kind.range is not Range.ANY and kind.form is not Form.PLT and not kind.is_tls]


def _symbol_of(kind: RelType) -> str:
    return {Form.SIZE: "sized", Form.GOT_PC: "_GLOBAL_OFFSET_TABLE_"}.get(kind.form, "target")


def _object(kind: RelType) -> Object:
    name = kind.name.removeprefix("R_X86_64_")
    flags = [f"-DTYPE={name}", f"-DWIDTH={kind.width}", f"-DSYMBOL={_symbol_of(kind)}"]
    return Object(compile_object("gcc", flags, SOURCES / "edge.S", f"edges/{name}"))


def _place_of_field(base: int) -> int:
    """Of the same object with a type that has no limits: 8 bits do not reach a place unknown."""
    obj = _object(TYPES[0])
    result = elfin.link([(base, obj.path)], {"target": base})
    if result.program is None:
        raise Wrong(f"R_X86_64_NONE is refused: {result.reason}")
    return result.program.layout.modules[0].sections[object_fields(obj, 0)[0].section.index]


def _base(kind: RelType) -> int:
    """Absolute fields fit anywhere: their symbol comes from the exports."""
    return LOW if kind.form is Form.ABS else HIGH


class TypeCheck:
    def __init__(self, kind: RelType) -> None:
        self.kind = kind
        self.object = _object(kind)
        self.base = _base(kind)
        self.faults: list[str] = []
        self.attempts = 0

    def _link(self, attempt: Attempt) -> tuple[Object, elfin.ElfinResult]:
        record = self.object.placed_relocations()[0]
        path = scratch() / "edge.o"
        write_patched_copy(self.object, {record.position: attempt.addend}, path)
        return Object(path), elfin.link([(self.base, path)], {"target": attempt.symbol})

    def _measure(self, symbol: int) -> tuple[Layout, int, int]:
        """The layout, the field's run address, and what it holds with addend 0."""
        obj, result = self._link(Attempt(0, 0, symbol))
        if result.program is None:
            raise Wrong(f"cannot even link with addend 0: {result.reason}")
        layout = result.program.layout
        place = layout.modules[0].sections[object_fields(obj, 0)[0].section.index]
        raw = result.program.read(place, self.kind.width)
        value = int.from_bytes(raw, "little", signed=self.kind.range is not Range.UNSIGNED)
        return layout, place, value

    def attempts_at_limits(self) -> list[Attempt]:
        symbol = NEAR
        if self.kind.form is Form.PC:
            symbol += _place_of_field(self.base)
        self.layout, place, zero = self._measure(symbol)
        values = [self.kind.low - 1, self.kind.low, self.kind.high, self.kind.high + 1]
        attempts = [Attempt(value, value - zero, symbol) for value in values]
        if self.kind.form in (Form.ABS, Form.PC):
            origin = place if self.kind.form is Form.PC else 0
            attempts += [Attempt(value, 0, (origin + value) % (1 << 64)) for value in values]
        return attempts

    def run(self) -> None:
        try:
            for attempt in self.attempts_at_limits():
                self.attempts += 1
                self._judge(attempt)
        except Wrong as error:
            self.faults.append(str(error))

    def _judge(self, attempt: Attempt) -> None:
        obj, result = self._link(attempt)
        fits = self.kind.holds(attempt.value)
        what = f"value {attempt.value:#x} (addend {attempt.addend:#x}, symbol {attempt.symbol:#x})"
        if fits and result.program is None:
            self.faults.append(f"{what} fits, but is refused: {result.reason}")
        elif not fits and result.status != 1:
            self.faults.append(f"{what} does not fit, but the exit status is {result.status}")
        elif result.program:
            group = Group([obj], result.program.layout)
            verdict = recompute(group, result.program, {"target": attempt.symbol})
            self.faults += [f"{what}: {fault}" for fault in verdict.faults]
        elif not self._is_named(result.report):
            self.faults.append(f"{what}: the report names not both {self.kind.name} and "
                               f"{_symbol_of(self.kind)}: {result.reason}")
        if self.kind.form in (Form.ABS, Form.PC, Form.SIZE):
            self._ask_linker(obj, attempt, fits, what)

    def _is_named(self, report: str) -> bool:
        return any(re.search(rf"\b{self.kind.name}\b", line)
                   and re.search(rf"\b{_symbol_of(self.kind)}\b", line)
                   for line in report.splitlines())

    def _ask_linker(self, obj: Object, attempt: Attempt, fits: bool, what: str) -> None:
        linker = GNU_LD if self.kind.form is Form.SIZE else LLD  # lld takes sizes for signed
        linked = reference.link(linker, reference.prepare([obj]), self.layout, {},
                                {"target": attempt.symbol})
        if bool(linked.overflows) == fits:
            self.faults.append(f"{what}: {linker} does not agree with the rule: {linked.overflows}")


def check_type(kind: RelType) -> TypeCheck:
    check = TypeCheck(kind)
    check.run()
    return check


def main() -> int:
    report, attempts = Report(), 0
    for check in parallel(check_type, bounded_types()):
        attempts += check.attempts
        report.case(f"ranges/{check.kind.name.removeprefix('R_X86_64_')}", check.faults)
    report.note(f"ranges: {attempts} values at the limits of {len(bounded_types())} types")
    return report.status()


if __name__ == "__main__":
    sys.exit(main())
