#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""
Proof 1: what `elfin link` writes equals what GNU ld and lld write, for every cell of the matrix at
every placement. Prints one line for each cell, then the counts.
"""

import sys

from check import PlacementCheck, Tally
from matrix import PLACEMENTS, Cell, cells
from protocol import Report, parallel
from reference import LINKERS
from toolchain import GNU_LD, LLD, Refused


def check_cell(cell: Cell) -> tuple[Cell, int, Tally | None]:
    """None: the compiler refuses the combination."""
    try:
        objects = cell.objects()
    except Refused:
        return cell, 0, None
    check = PlacementCheck(objects)
    for placement in PLACEMENTS:
        check.check(placement)
    _check_effort(check.tally)
    return cell, len(objects), check.tally


def _check_effort(tally: Tally) -> None:
    """A cell that compared nothing has proven nothing."""
    for by in (*LINKERS, "formula"):
        if not tally.faults and tally.total(by) < 500:
            tally.faults.append(f"only {tally.total(by)} fields compared with {by}")


def main() -> int:
    report, total, objects, impossible = Report(), Tally(), 0, 0
    for cell, count, tally in parallel(check_cell, cells()):
        if tally is None:
            impossible += 1
            continue
        objects += count
        total.add(tally)
        report.case(f"linkers/{cell}", tally.faults)
    possible = len(cells()) - impossible
    report.note(f"matrix: {objects} objects, {possible} cells ({impossible} that the compiler "
                f"refuses), {len(PLACEMENTS)} placements, {total.linked} links")
    report.note(f"matrix: {total.total(GNU_LD)} relocations compared with ld, "
                f"{total.total(LLD)} with lld, {total.total('formula')} with the psABI's formulas, "
                f"{total.evaluated} by evaluation, {total.refused_alike} links refused alike")
    report.types("matrix", total.compared.get("formula"))
    return report.status()


if __name__ == "__main__":
    sys.exit(main())
