# SPDX-License-Identifier: MIT
"""
What a relocated field means, apart from where a linker put its slots and stubs. `observed` reads
the meaning out of a linked program, `expected` computes it from the psABI's formulas; two linkers
agree on a field when its meanings are equal. Wherever no slot, stub or GOT base is involved, equal
meanings are equal bytes.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from elfobj import GOT_SYMBOL, Relocation, Section
from insn import (INDIRECT, MASK64, TRAP, GotUse, Memory, follow, function_at, got_use, is_branch,
                  rewritten_value, slot_content)
from relocs import TYPES, Form, Range, RelType
import tlscode

Meaning = tuple[str, int]


class View(Memory):
    """A linked program as `observed` needs it."""

    name: str
    has_traps: bool  # a direct branch to an undefined weak symbol must lead to a trap stub

    def got_base(self, module: int) -> int: ...


@dataclass(frozen=True)
class Target:
    """What a symbol resolved to."""

    address: int
    size: int = 0
    undefined_weak: bool = False
    resolver: int | None = None  # of an indirect function; address is then that of its stub


class OutOfRange(Exception):
    """No linker can write this value, and neither slot nor stub can help."""


@dataclass(frozen=True)
class Field:
    """One relocated field of one object."""

    relocation: Relocation
    section: Section
    module: int

    @cached_property
    def type(self) -> RelType:
        return TYPES[self.relocation.type]

    @cached_property
    def use(self) -> GotUse | None:
        if self.type.form is not Form.SLOT_PC or self.type.width != 4:
            return None
        if not self.section.is_executable or self.relocation.addend != -4:
            return None
        return got_use(self.section.data, self.relocation.offset, self.relocation.type)

    @cached_property
    def is_branch(self) -> bool:
        return (self.type.width == 4 and self.type.form in (Form.PC, Form.PLT)
                and self.section.is_executable
                and is_branch(self.section.data, self.relocation.offset))

    @property
    def is_rescuable(self) -> bool:
        """Can a slot or a stub bring every target into reach? None stands in for `symbol + 3`."""
        if self.is_branch:
            return self.relocation.addend == -4
        return self.type.form in (Form.PLT, Form.PLT_OFF, Form.SLOT, Form.SLOT_PC)

    @cached_property
    def span(self) -> tuple[int, int]:
        """The bytes of the section that a linker may write for it."""
        start = self.relocation.offset
        if self.type.form is Form.TLS_CODE:
            return tlscode.span(self.section.data, start, self.type.number)
        use = self.use
        return start - (use.size if use else 0), start + self.type.width

    @cached_property
    def refers_to_got(self) -> bool:
        return self.relocation.symbol.name == GOT_SYMBOL or self.type.form is Form.GOT_PC

    def __str__(self) -> str:
        symbol = self.relocation.symbol
        what = symbol.name or f"section {symbol.shndx}"
        return (f"{self.section.name}+0x{self.relocation.offset:x} {self.type.name} "
                f"{what}{self.relocation.addend:+#x}")


def observed(field: Field, place: int, view: View, weak_zero: bool = False) -> Meaning:
    """weak_zero: the symbol is undefined weak, so that its branches count as traps."""
    kind, relocation = field.type, field.relocation
    raw = view.read(place, kind.width)
    value = int.from_bytes(raw, "little", signed=kind.range is Range.SIGNED)
    address = value + place
    match kind.form:
        case Form.NONE:
            return "none", 0
        case Form.ABS if kind.width == 8 and place in view.indirect:
            return "indirect", view.indirect[place]
        case Form.ABS:
            return _plain(field, value, view)
        case Form.SIZE:
            return "plain", value
        case Form.TLS:
            return "tls", value & MASK64
        case Form.TLS_CODE:
            low, high = field.span
            return tlscode.meaning(view.read(place - relocation.offset + low, high - low))
        case Form.PC | Form.PLT if field.is_branch:
            return _branch(field, address + 4, relocation.addend + 4, view, weak_zero)
        case Form.PC:
            return _plain(field, address, view)
        case Form.PLT:
            return _branch(field, address - relocation.addend, 0, view, weak_zero)
        case Form.SLOT:
            offset = value - relocation.addend
            return "slot", slot_content(view, view.got_base(field.module) + offset)
        case Form.SLOT_PC:
            return _slot_use(field, place, address, view)
        case Form.GOT_OFF:
            return _plain(field, (value + view.got_base(field.module)) & MASK64, view)
        case Form.GOT_PC:
            return "got", (address - view.got_base(field.module)) & MASK64
        case Form.PLT_OFF:
            target = value + view.got_base(field.module) - relocation.addend
            return _branch(field, target, 0, view, weak_zero)
    raise AssertionError(kind.form)


def _plain(field: Field, value: int, view: View) -> Meaning:
    if field.refers_to_got:
        return "got", (value - view.got_base(field.module)) & MASK64
    addend = field.relocation.addend
    function = function_at(view, (value - addend) & MASK64)
    if function >= INDIRECT:
        return "indirect", (function - INDIRECT + addend) & MASK64
    return "plain", _fold(field.type, value)


def _fold(kind: RelType, value: int) -> int:
    """An 8- or 16-bit absolute field does not say whether it is signed."""
    return value & ((1 << 8 * kind.width) - 1 if kind.range is Range.EITHER else MASK64)


def _branch(field: Field, target: int, zero: int, view: View, weak_zero: bool) -> Meaning:
    if field.refers_to_got:
        return "got", (target - view.got_base(field.module)) & MASK64
    end = follow(view, target)
    may_be_zero = not view.has_traps or not field.is_branch
    if end == TRAP or (weak_zero and may_be_zero and end == zero & MASK64):
        return "trap", 0
    return "branch", end


def _slot_use(field: Field, place: int, address: int, view: View) -> Meaning:
    use = field.use
    if use:
        code = view.read(place - use.size, use.size + 4)
        if code[:use.size] != use.head:
            return "slot", _used(use, follow(view, rewritten_value(use, code, place)))
    return "slot", _used(use, slot_content(view, address - field.relocation.addend))


def _used(use: GotUse | None, value: int) -> int:
    """The part of a slot's content that the instruction uses."""
    if value >= INDIRECT:
        return value
    return value & (0xFFFFFFFF if use and use.narrow else MASK64)


def expected(field: Field, place: int, target: Target) -> Meaning:
    """The same from the formulas. OutOfRange if the field cannot hold what they say."""
    kind, addend = field.type, field.relocation.addend
    value = target.address + addend
    if target.resolver is not None:
        return _expected_indirect(field, place, target, target.resolver)
    match kind.form:
        case Form.NONE:
            return "none", 0
        case Form.GOT_PC:
            return "got", addend & MASK64
        case Form.SIZE:
            return _in_range(kind, target.size + addend, target.size + addend)
        case Form.TLS:
            return "tls", _in_range(kind, value, value)[1]
        case Form.TLS_CODE:
            return tlscode.local_exec(field.section.data, field.relocation.offset, kind.number,
                                      target.address)
        case _ if field.refers_to_got:
            stored = value - place if kind.form in (Form.PC, Form.PLT) else value
            meant = addend + (4 if field.is_branch else 0)
            return "got", _in_range(kind, stored, meant)[1]
        case Form.ABS:
            return _in_range(kind, value, value)
        case Form.PC | Form.PLT if field.is_branch:
            if target.undefined_weak:
                return "trap", 0
            if not field.is_rescuable and not kind.holds(value - place):
                raise OutOfRange
            return "branch", (value + 4) & MASK64
        case Form.PC:
            return _in_range(kind, value - place, value)
        case Form.GOT_OFF:
            return "plain", value & MASK64
        case Form.PLT | Form.PLT_OFF:
            return ("trap", 0) if target.undefined_weak else ("branch", target.address)
        case Form.SLOT | Form.SLOT_PC:
            return "slot", _used(field.use, target.address)
    raise AssertionError(kind.form)


def _expected_indirect(field: Field, place: int, target: Target, resolver: int) -> Meaning:
    """In range like any other; but what counts is who will say where it is."""
    what, value = expected(field, place, replace(target, resolver=None))
    if what in ("branch", "slot"):
        return what, INDIRECT | resolver
    if what == "plain" and field.type.form is not Form.SIZE:
        return "indirect", (resolver + field.relocation.addend) & MASK64
    return what, value


def _in_range(kind: RelType, stored: int, meant: int) -> Meaning:
    if not kind.holds(stored):
        raise OutOfRange
    return "plain", _fold(kind, meant)
