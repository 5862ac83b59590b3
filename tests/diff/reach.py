#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""
Proof 4: near or far is decided right to the byte. An imported address slides over every limit at
which an instruction's form may change: the +-2 GiB edges of a branch, and those of an immediate.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import elfin
from compare import check_contents, recompute
from elfobj import Object
from group import Group
from insn import Wrong
from linked import ElfinProgram
from matrix import GIB2, GIB4, HIGH, LOW, TOP
from protocol import Report, parallel
from toolchain import SOURCES, compile_object

MARGIN = 12  # bytes on both sides of an edge


@dataclass(frozen=True)
class Edge:
    name: str
    base: int
    center: int      # the edge, if the whole code lay at its first byte
    relative: bool   # it moves with each instruction
    forms_differ: bool


EDGES = (
    Edge("2 GiB above", HIGH, HIGH + GIB2, True, True),
    Edge("2 GiB below", HIGH, HIGH - GIB2, True, True),
    Edge("2 GiB above low memory", LOW, LOW + GIB2, True, True),
    Edge("2 GiB across the end of memory", TOP, (TOP + GIB2) % (1 << 64), True, True),
    Edge("2 GiB below the top", TOP, TOP - GIB2, True, True),
    Edge("largest positive immediate, near", GIB2, GIB2, False, False),
    Edge("largest positive immediate, far", HIGH, GIB2, False, False),
    Edge("largest unsigned immediate", HIGH, GIB4, False, False),
    Edge("smallest negative immediate", LOW, (1 << 64) - GIB2, False, False),
)


def _targets(edge: Edge, program: ElfinProgram) -> Iterator[int]:
    symbols = program.layout.modules[0].symbols
    length = symbols["reach_end"] - symbols["reach"] if edge.relative else 0
    for offset in range(-MARGIN, length + MARGIN + 1):
        yield (edge.center + offset) % (1 << 64)


def _branch_is_direct(program: ElfinProgram) -> bool:
    """Of the first instruction, a call: does it lead out of the module without a stub?"""
    start = program.layout.modules[0].symbols["reach"]
    displacement = int.from_bytes(program.read(start + 1, 4), "little", signed=True)
    return not program.in_stubs((start + 5 + displacement) % (1 << 64))


def _should_be_direct(program: ElfinProgram, target: int) -> bool:
    start = program.layout.modules[0].symbols["reach"]
    distance = (target - start - 5 + GIB2) % (1 << 64) - GIB2
    return -GIB2 <= distance < GIB2


def check_edge(edge: Edge) -> tuple[Edge, int, list[str]]:
    obj = Object(compile_object("gcc", [], SOURCES / "reach.S", "assembly"))
    faults: list[str] = []
    links, direct = 0, 0
    try:
        probe = elfin.link([(edge.base, obj.path)], {"target": edge.base})
        if probe.program is None:
            raise Wrong(f"refused: {probe.reason}")
        for target in _targets(edge, probe.program):
            links += 1
            result = elfin.link([(edge.base, obj.path)], {"target": target})
            if result.program is None:
                raise Wrong(f"refused with target 0x{target:x}: {result.reason}")
            group = Group([obj], result.program.layout)
            verdict = check_contents(group, result.program)
            verdict.add(recompute(group, result.program, {"target": target}))
            faults += [f"target 0x{target:x}: {fault}" for fault in verdict.faults]
            is_direct = _branch_is_direct(result.program)
            direct += is_direct
            if is_direct != _should_be_direct(result.program, target):
                form = "direct" if is_direct else "not direct"
                faults.append(f"target 0x{target:x}: the call is {form}")
    except Wrong as error:
        faults.append(str(error))
    if edge.forms_differ and not faults and not 0 < direct < links:
        faults.append("the edge was not crossed")
    return edge, links, faults


def main() -> int:
    report, total = Report(), 0
    for edge, links, faults in parallel(check_edge, EDGES):
        total += links
        report.case(f"reach/{edge.name}", faults)
    report.note(f"reach: {total} links, each one byte further")
    return report.status()


if __name__ == "__main__":
    sys.exit(main())
