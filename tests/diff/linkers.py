#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""
Proof 1: what `elfin link` writes equals what GNU ld and lld write, for every cell of the matrix. Every
compiler, code model and PIC mode takes one optimisation level, another one than its neighbours, the
first placement, and a third of the others, another third; with --all each takes all.
Prints one line for each cell, then the counts.
"""

import argparse
import sys

from check import PlacementCheck, Tally
from matrix import PLACEMENTS, Cell, Placement, cells
from protocol import Report, parallel
from reference import LINKERS
from toolchain import GNU_LD, LLD, Refused


STRIDE = 3
LEAST = 30  # fields of one link that each judge has to compare


def check_cell(job: tuple[Cell, list[Placement]]) -> tuple[Cell, int, Tally | None]:
    """None: the compiler refuses the combination."""
    cell, placements = job
    try:
        objects = cell.objects()
    except Refused:
        return cell, 0, None
    check = PlacementCheck(objects)
    for placement in placements:
        check.check(placement)
    _check_effort(check.tally, LEAST * len(placements))
    return cell, len(objects), check.tally


def _check_effort(tally: Tally, least: int) -> None:
    """A cell that compared nothing has proven nothing."""
    for by in (*LINKERS, "formula"):
        if not tally.faults and tally.total(by) < least:
            tally.faults.append(f"only {tally.total(by)} fields compared with {by}")


def jobs(every: bool) -> list[tuple[Cell, list[Placement]]]:
    """The first placement is always there: refused ones are judged by its layout."""
    stride = 1 if every else STRIDE
    return [(cell, [PLACEMENTS[0], *PLACEMENTS[1 + number % stride::stride]])
            for number, cell in enumerate(cells()) if every or number % 2 == number // 2 % 2]


def main() -> int:
    parser = argparse.ArgumentParser(description="compare with GNU ld and lld")
    parser.add_argument("--all", action="store_true", help="every cell at every placement")
    every = parser.parse_args().all
    report, total, objects, impossible = Report(), Tally(), 0, 0
    todo = jobs(every)
    for cell, count, tally in parallel(check_cell, todo):
        if tally is None:
            impossible += 1
            continue
        objects += count
        total.add(tally)
        report.case(f"linkers/{cell}", tally.faults)
    possible = len(todo) - impossible
    report.note(f"matrix: {objects} objects, {possible} cells ({impossible} that the compiler "
                f"refuses), {len(PLACEMENTS)} placements, {total.linked} links"
                f"{'' if every else '; all with make corpus'}")
    report.note(f"matrix: {total.total(GNU_LD)} relocations compared with ld, "
                f"{total.total(LLD)} with lld, {total.total('formula')} with the psABI's formulas, "
                f"{total.evaluated} by evaluation, {total.refused_alike} links refused alike")
    report.types("matrix", total.compared.get("formula"))
    return report.status()


if __name__ == "__main__":
    sys.exit(main())
