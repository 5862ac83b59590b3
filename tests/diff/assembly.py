#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""
Proof 2: hand-written assembly with every relocation type, symbol kind, branch and GOT instruction
that compilers do not produce by themselves, held against the same two linkers.
"""

import sys
from dataclasses import dataclass

from check import Placement, PlacementCheck, Tally
from elfobj import Object
from matrix import GIB4, HIGH, LOW, TOP
from protocol import Report, parallel
from relocs import TYPES
from toolchain import GNU_LD, LLD, SOURCES, compile_object

# name -> sources, and whether some of the placements are impossible
SETS = {
    "types": (("partner", "types"), False),
    "instructions": (("partner", "instructions"), False),
    "reversed": (("instructions", "types", "partner"), False),
    "GOT without slots": (("partner", "gotbase", "gotname"), False),
    "low": (("partner", "low"), True),
    "branches with an offset": (("partner", "offsets"), True),
    "types without lld": (("partner", "gnuonly"), False),
}


def _placement(name: str, count: int, base: int, function: int, datum: int) -> Placement:
    bases = (base,) + (None,) * (count - 1)
    return Placement(name, count, bases, {"ext_function": function, "ext_datum": datum})


def _placements(count: int) -> list[Placement]:
    return [
        _placement("low", count, LOW, 0x2000000, 0x2100000),
        _placement("low, exports 4 GiB away", count, LOW, LOW + GIB4, LOW + GIB4 + 64),
        _placement("below 2 GiB", count, 0x7FF00000, 0x7E000000, 0x7E100000),
        _placement("above 2 GiB", count, 0x90000000, 0xA0000000, 0xA0100000),
        _placement("high", count, HIGH, HIGH + 0x4000000, HIGH + 0x4100000),
        _placement("high, exports 4 GiB away", count, HIGH, HIGH - GIB4, HIGH + GIB4),
        _placement("high, exports low", count, HIGH, 0x400000, 0x500000),
        _placement("top", count, TOP, 0xFFFFFFFFC0000000, 0xFFFFFFFFC0100000),
        _placement("top, exports 4 GiB away", count, TOP, TOP - GIB4, TOP - GIB4 + 64),
    ]


@dataclass(frozen=True)
class Case:
    name: str

    @property
    def sources(self) -> tuple[str, ...]:
        return SETS[self.name][0]


def assembled(name: str) -> Object:
    return Object(compile_object("gcc", [], SOURCES / f"{name}.S", "assembly"))


def check_case(case: Case) -> tuple[Case, Tally]:
    objects = [assembled(name) for name in case.sources]
    check = PlacementCheck(objects)
    placements = _placements(len(objects))
    for placement in placements:
        check.check(placement)
    tally = check.tally
    picky = SETS[case.name][1]
    if not picky and tally.refused_alike:
        tally.faults.append(f"{tally.refused_alike} placements are refused, but all are possible")
    if picky and not tally.refused_alike:
        tally.faults.append("no placement is refused, but some are impossible")
    return case, tally


def main() -> int:
    report, total = Report(), Tally()
    for case, tally in parallel(check_case, [Case(name) for name in SETS]):
        total.add(tally)
        report.case(f"assembly/{case.name}", tally.faults)
    counts = total.compared.get("formula", {})
    missing = [kind.name for kind in TYPES.values()  # tls.py has the others
               if not kind.is_tls and not counts.get(kind.name)]
    report.case("assembly/every type occurs", [f"no {name} was compared" for name in missing])
    report.note(f"assembly: {total.linked} links, {total.total(GNU_LD)} relocations compared with "
                f"ld, {total.total(LLD)} with lld, {total.evaluated} by evaluation, "
                f"{total.refused_alike} links refused alike, {total.unsupported} beyond lld")
    report.types("assembly", total.compared.get("formula"))
    return report.status()


if __name__ == "__main__":
    sys.exit(main())
