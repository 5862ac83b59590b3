#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""
Proof 6: indirect functions. Every use of one must mean the function whose resolver the symbol names:
in what elfin writes the stub that jumps through the slot listed for that resolver, in what GNU ld
and lld write a stub or a word that an IRELATIVE record fills in from that resolver.
"""

import sys

from check import Placement, PlacementCheck, Tally
from elfobj import Object
from matrix import BASIC, COMPILERS, GIB4, HIGH, LOW, PICS, TOP, Cell, cells
from protocol import Report, parallel
from reference import LINKERS
from toolchain import GNU_LD, LLD, SOURCES, Refused, compile_object

# The order matters: all placements take the first two, which take addresses in data only.
FILES = ("indirect", "indirectuser", "indirecttaker")


def _placement(name: str, count: int, bases: tuple[int, ...], function: int) -> Placement:
    return Placement(name, count, bases + (None,) * (len(FILES) - len(bases)),
                     {"ext_call": function})


PLACEMENTS = (
    _placement("low", 3, (LOW,), 0x2000000),
    _placement("above 2 GiB", 3, (0x90000000,), 0xA0000000),
    _placement("high", 3, (HIGH,), HIGH + GIB4),
    _placement("top", 3, (TOP,), TOP - GIB4),
    _placement("two blocks 4 GiB apart", 2, (HIGH, HIGH + GIB4), HIGH + 0x4000000),
)


def objects_of(cell: Cell) -> list[Object]:
    flags = [*BASIC, f"-mcmodel={cell.model}", *PICS[cell.pic], f"-{cell.level}"]
    return [Object(compile_object(COMPILERS[cell.compiler], flags, SOURCES / f"{name}.c",
                                  str(cell))) for name in FILES]


def check_cell(cell: Cell) -> tuple[Cell, Tally | None]:
    """None: the compiler refuses the combination."""
    try:
        objects = objects_of(cell)
    except Refused:
        return cell, None
    check = PlacementCheck(objects, may_lack=LINKERS)
    for placement in PLACEMENTS:
        check.check(placement)
    tally = check.tally
    for by in (LLD, "formula"):
        if not tally.faults and tally.total(by) < 30:
            tally.faults.append(f"only {tally.total(by)} fields compared with {by}")
    return cell, tally


def main() -> int:
    report, total, possible = Report(), Tally(), 0
    for cell, tally in parallel(check_cell, [cell for cell in cells() if cell.level == "O2"]):
        if tally is None:
            continue
        possible += 1
        total.add(tally)
        report.case(f"indirect/{cell}", tally.faults)
    report.case("indirect/GNU ld takes most", [] if total.total(GNU_LD) > total.total(LLD) / 2
                else [f"{total.total(GNU_LD)} of {total.total(LLD)} fields"])
    report.note(f"indirect: {possible} cells, {len(PLACEMENTS)} placements, {total.linked} links, "
                f"{total.refused_alike} refused alike, {total.unsupported} beyond a linker")
    report.note(f"indirect: {total.total(GNU_LD)} relocations compared with ld, "
                f"{total.total(LLD)} with lld, {total.total('formula')} with the psABI's formulas")
    report.types("indirect", total.compared.get("formula"))
    return report.status()


if __name__ == "__main__":
    sys.exit(main())
