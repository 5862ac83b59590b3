# SPDX-License-Identifier: MIT
"""Links one set of objects with elfin at one placement and holds the result against two linkers."""

import re
from collections import Counter
from dataclasses import dataclass, field

import elfin
import reference
from compare import Verdict, check_contents, compare_programs, recompute, reference_target
from elfin import ElfinResult, Exports
from elfobj import Object
from group import Group
from insn import Wrong
from layout import shifted
from linked import ElfinProgram, Layout
from meaning import OutOfRange, expected
from toolchain import LLD


_TYPE = re.compile(r"\bR_X86_64_\w+")


@dataclass(frozen=True)
class Placement:
    """bases[n] is the run address of object n, None = after the one before."""

    name: str
    objects: int  # how many of the set's objects take part
    bases: tuple[int | None, ...]
    exports: Exports


@dataclass
class Tally:
    """Figures over many placements."""

    faults: list[str] = field(default_factory=list)
    linked: int = 0            # links that succeeded
    refused_alike: int = 0
    unsupported: int = 0       # links that a linker cannot do
    evaluated: int = 0
    compared: dict[str, Counter[str]] = field(default_factory=dict)  # by whom -> type -> fields

    def add_verdict(self, place: str, by: str, verdict: Verdict) -> None:
        self.faults += [f"{place}: {fault}" for fault in verdict.faults]
        self.evaluated += verdict.evaluated
        self.compared.setdefault(by, Counter()).update(verdict.compared)

    def add(self, other: "Tally") -> None:
        self.faults += other.faults
        self.linked += other.linked
        self.refused_alike += other.refused_alike
        self.unsupported += other.unsupported
        self.evaluated += other.evaluated
        for by, counter in other.compared.items():
            self.compared.setdefault(by, Counter()).update(counter)

    def total(self, by: str) -> int:
        return self.compared.get(by, Counter()).total()


class PlacementCheck:
    """
    The objects of one set at any number of placements. The first must be one that elfin accepts:
    its layout, moved, is what the linkers get where elfin refuses and so tells no addresses.
    """

    def __init__(self, objects: list[Object], may_lack: tuple[str, ...] = (LLD,),
                 linkers: tuple[str, ...] = reference.LINKERS) -> None:
        """may_lack: the linkers that do not know every relocation here."""
        self._objects = objects
        self._may_lack = may_lack
        self._linkers = linkers
        self._copies = reference.prepare(objects)
        self._known: Layout | None = None
        self.tally = Tally()

    def check(self, placement: Placement) -> None:
        objects = self._objects[:placement.objects]
        inputs = [(base, obj.path) for base, obj in zip(placement.bases, objects)]
        try:
            result = elfin.link(inputs, placement.exports)
            if result.program:
                self._check_linked(placement, objects, result.program)
            else:
                self._check_refused(placement, objects, result)
        except Wrong as error:
            self._fault(placement, str(error))

    def _fault(self, placement: Placement, text: str) -> None:
        self.tally.faults.append(f"{placement.name}: {text}")

    def _check_linked(self, placement: Placement, objects: list[Object],
                      program: ElfinProgram) -> None:
        layout = program.layout
        self._known = self._known or layout
        group = Group(objects, layout)
        faults = group.faults_of_structure() + program.faults_of_structure()
        faults += _faults_of_bases(placement, layout)
        if faults:
            self.tally.faults += [f"{placement.name}: {fault}" for fault in faults]
            return
        self.tally.linked += 1
        self.tally.add_verdict(placement.name, "file", check_contents(group, program))
        commons = {name: group.common_address(name) for name in group.commons()}
        for linker in self._linkers:
            linked = self._link(linker, placement, layout, commons)
            if linked:
                self.tally.add_verdict(placement.name, linker,
                                       compare_programs(group, program, linked))
        self.tally.add_verdict(placement.name, "formula",
                               recompute(group, program, placement.exports))

    def _link(self, linker: str, placement: Placement, layout: Layout,
              commons: Exports) -> reference.ReferenceResult | None:
        copies = self._copies[:placement.objects]
        linked = reference.link(linker, copies, layout, commons, placement.exports)
        if linked.unsupported and linker in self._may_lack:
            self.tally.unsupported += 1
            return None
        if linked.program is None or linked.errors:
            self._fault(placement, f"{linker} failed: {'; '.join(linked.errors[:3])}")
            return None
        return linked

    def _check_refused(self, placement: Placement, objects: list[Object],
                       result: ElfinResult) -> None:
        """elfin says no: a linker must say so too, of the same types and symbols."""
        if result.status != 1:
            self._fault(placement, f"elfin link exited with {result.status}: {result.reason}")
            return
        if self._known is None:
            self._fault(placement, f"refused, but must be accepted: {result.reason}")
            return
        layout = _moved(self._known, placement)
        group = Group(objects, layout)
        commons = {name: group.common_address(name) for name in group.commons()}
        for linker in self._linkers:
            linked = self._link(linker, placement, layout, commons)
            if linked is None:
                continue
            hopeless = _hopeless(group, linked)
            if not hopeless:
                self._fault(placement, f"elfin refuses what {linker} links: {result.reason}")
                return
            for kind, symbol in hopeless:
                if not _is_reported(result.report, kind, symbol):
                    self._fault(placement, f"the report does not name {kind} of {symbol}, which "
                                           f"{linker} reports: {result.reason}")
                    return
            invented = set(_TYPE.findall(result.report)) - {kind for kind, _ in hopeless}
            if invented:
                self._fault(placement, f"elfin reports {sorted(invented)}, {linker} does not")
                return
        self.tally.refused_alike += 1


def _faults_of_bases(placement: Placement, layout: Layout) -> list[str]:
    """The first part of a block lies where --at says."""
    faults = []
    starts = [i for i, base in enumerate(placement.bases[:placement.objects]) if base is not None]
    for start, end in zip(starts, starts[1:] + [placement.objects]):
        low = Layout(layout.modules[start:end]).extent()[0]
        base = placement.bases[start]
        if not base <= low < base + 4096:
            faults.append(f"--at 0x{base:x}, but the lowest part is at 0x{low:x}")
    return faults


def _moved(layout: Layout, placement: Placement) -> Layout:
    """The known layout with each block at its base in the placement."""
    low = layout.extent()[0]
    modules, distance = [], 0
    for number, base in enumerate(placement.bases[:placement.objects]):
        if base is not None:
            distance = base - low
        modules += shifted(Layout([layout.modules[number]]), distance).modules
    return Layout(modules)


def _hopeless(group: Group, linked: reference.ReferenceResult) -> set[tuple[str, str]]:
    """Type and symbol of the fields that the linker cannot write and no slot or stub could save."""
    found = set()
    for where, place in group.fields():
        site = (where.module, where.section.index, where.relocation.offset)
        if site in linked.overflows:
            try:
                expected(where, place, reference_target(group, where, linked.program))
            except OutOfRange:
                found.add((where.type.name, where.relocation.symbol.name))
    return found


def _is_reported(report: str, kind: str, symbol: str) -> bool:
    """A line with both; symbols without a name (sections) are reported in words."""
    named = re.compile(rf"(?<![\w.]){re.escape(symbol)}\b")
    return any(kind in _TYPE.findall(line) and named.search(line) for line in report.splitlines())


