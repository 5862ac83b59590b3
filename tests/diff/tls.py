#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""
Proof 6: thread-local storage. Every way in which compilers reach a thread-local variable becomes
local-exec, byte for byte as GNU ld and lld write it.
"""

import sys
from collections import Counter
from dataclasses import dataclass
from itertools import product

import elfin
from check import Placement, PlacementCheck, Tally
from compare import check_contents, recompute
from elfobj import Object
from group import Group
from insn import Wrong
from matrix import BASIC, COMPILERS, HIGH, LOW
from protocol import Report, parallel
from relocs import TYPES
from toolchain import GNU_LD, LLD, SOURCES, Refused, compile_object

MODELS = ("small", "medium", "large", "kernel")
PICS = {"no-pic": ["-fno-pic"], "pie": ["-fpie"], "pic": ["-fpic"],
        "pic-no-plt": ["-fpic", "-fno-plt"]}
DIALECTS = ("gnu", "gnu2")
LEVELS = ("O0", "O2")

PLTOFF64 = 31


@dataclass(frozen=True)
class Cell:
    compiler: str
    model: str
    pic: str
    dialect: str
    level: str

    def __str__(self) -> str:
        return "/".join((self.compiler, self.model, self.pic, self.dialect, self.level))

    def objects(self) -> list[Object]:
        flags = [*BASIC, *PICS[self.pic], f"-mcmodel={self.model}", f"-{self.level}"]
        if self.dialect != "gnu":  # an older clang knows no such option
            flags.append(f"-mtls-dialect={self.dialect}")
        return [Object(compile_object(COMPILERS[self.compiler], flags, SOURCES / "tls.c",
                                      f"tls/{self}"))]


def cells() -> list[Cell]:
    return [Cell(*values) for values in product(COMPILERS, MODELS, PICS, DIALECTS, LEVELS)]


def _linkers(objects: list[Object]) -> tuple[str, ...]:
    """
    lld 19 does not know how gcc's large model calls __tls_get_addr: it refuses local-dynamic and
    writes nonsense for general-dynamic.
    """
    computed = any(r.type == PLTOFF64 and r.symbol.name == "__tls_get_addr"
                   for obj in objects for r in obj.placed_relocations())
    return (GNU_LD,) if computed else (GNU_LD, LLD)


def _check(objects: list[Object], base: int, linkers: tuple[str, ...]) -> Tally:
    check = PlacementCheck(objects, linkers=linkers)
    check.check(Placement("", 1, (base,), {}))
    tally = check.tally
    tally.unsupported += LLD not in linkers
    if not tally.faults and not any(tally.compared["formula"][kind.name]
                                    for kind in TYPES.values() if kind.is_tls):
        tally.faults.append("nothing was compared")
    return tally


def check_cell(cell: Cell) -> tuple[Cell, Tally | None]:
    """None: the compiler refuses the combination."""
    try:
        objects = cell.objects()
        base = LOW if cell.pic == "no-pic" else HIGH
        return cell, _check(objects, base, _linkers(objects))
    except Refused:
        return cell, None


def _assembled(name: str) -> Object:
    return Object(compile_object("gcc", [], SOURCES / f"{name}.S", "tls"))


def check_assembly() -> dict[str, Tally]:
    """Local-dynamic offsets in data: lld counts them from the thread pointer, as in code; ld not."""
    return {"code": _check([_assembled("tlscode")], LOW, (GNU_LD, LLD)),
            "data": _check([_assembled("tlsdata")], HIGH, (LLD,))}


def check_group() -> list[str]:
    """Objects that use each other's variables: each block its own place, all fields recomputed."""
    objects = [_assembled("tlscode"), _assembled("tlsdata"), _assembled("tlsuser")]
    try:
        result = elfin.link([(HIGH, objects[0].path), (None, objects[1].path),
                             (HIGH + (1 << 32), objects[2].path)], {})
        if result.program is None:
            return [result.reason]
        group = Group(objects, result.program.layout)
        verdict = check_contents(group, result.program)
        verdict.add(recompute(group, result.program, {}))
        return group.faults_of_structure() + result.program.faults_of_structure() + verdict.faults
    except Wrong as error:
        return [str(error)]


def main() -> int:
    report, total, impossible = Report(), Tally(), 0
    for cell, tally in parallel(check_cell, cells()):
        if tally is None:
            impossible += 1
            continue
        report.case(f"tls/{cell}", tally.faults)
        total.add(tally)
    for name, tally in check_assembly().items():
        report.case(f"tls/assembly/{name}", tally.faults)
        total.add(tally)
    report.case("tls/group", check_group())
    counts = total.compared.get("formula", Counter())
    missing = [kind.name for kind in TYPES.values() if kind.is_tls and not counts[kind.name]]
    report.case("tls/every type occurs", [f"no {name} was compared" for name in missing])
    report.note(f"tls: {total.linked} links ({impossible} cells that the compiler refuses), "
                f"{total.total(GNU_LD)} relocations compared with ld, {total.total(LLD)} with lld, "
                f"{total.unsupported} links beyond lld")
    report.types("tls", counts)
    return report.status()


if __name__ == "__main__":
    sys.exit(main())
