#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""
Proof 5: objects that nobody here wrote. All of GRUB's modules and the members of Debian's static
libraries and of Rust's are linked with made-up imports, and every relocated field is computed again
from the psABI's formulas; every other byte must equal the file. What the loader refuses is listed
with its reason. Of the largest archives only some members are linked, those that are the first to
have something among them; with --all (`make corpus`) every one is.
"""

import shutil
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import elfin
from archive import extract, pulled_members, write_root, write_stand_in
from compare import check_contents, recompute
from elfin import Exports
from elfobj import Object, load
from group import Group, object_fields
from insn import Wrong
from members import Inspected, Member, batches, inspect, write_members
from matrix import GIB4, HIGH, LOW, TOP
from protocol import Report, parallel
from relocs import Form
from toolchain import run

GRUB = Path("/usr/lib/grub/x86_64-efi")
LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")
# archive -> a symbol that needs some of its members
ARCHIVES = {"libz.a": "compress", "liblua5.4.a": "luaL_newstate", "libbz2.a": "BZ2_crc32Table"}

# Archives of which each member is inspected, and some or all are linked.
LARGE = ["libgcc.a", "libgcc_eh.a", "libsupc++.a", "libstdc++.a", "libc.a", "libm-2.36.a"]
RUSTC = ["/usr/bin/rustc", "rustc"]  # Debian's always, another one if the path has it

DSO_HANDLE = "__dso_handle"  # a program's crtbegin.o has it, hidden or not

NEAR_DISTANCE, SPACING = 0x8000000, 0x40
BASES = {"low": LOW, "high": HIGH, "top": TOP}
MODULES_IN_BATCH, MEMBERS_IN_CASE = 16, 32


@dataclass
class Outcome:
    name: str
    objects: int = 0
    links: int = 0
    faults: list[str] = field(default_factory=list)
    types: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Outcome") -> None:
        self.objects += other.objects
        self.links += other.links
        self.faults += other.faults
        self.types += other.types


def near_only(objects: list[Object]) -> set[str]:
    """Imports that some field can reach within 2 GiB only: no slot or stub can help."""
    return {where.relocation.symbol.name for number, obj in enumerate(objects)
            for where in object_fields(obj, number)
            if where.relocation.symbol.is_undefined
            and not where.is_rescuable and where.type.width < 8}


def imports(objects: list[Object]) -> list[str]:
    defined = {name for obj in objects for name in {*obj.definitions, *obj.bounds}}
    return sorted({name for obj in objects for name in obj.undefined} - defined)


def near_exports(objects: list[Object], base: int) -> Exports:
    start = base + NEAR_DISTANCE
    return {name: start + number * SPACING for number, name in enumerate(imports(objects))}


def far_exports(objects: list[Object], base: int) -> Exports:
    """Everything 4 GiB and more away, on both sides, unless it must be near."""
    exports = near_exports(objects, base)
    near = near_only(objects)
    for number, name in enumerate(exports):
        if name not in near:
            exports[name] += 2 * GIB4 if number % 2 else -2 * GIB4
    return exports


def is_absolute(objects: list[Object]) -> bool:
    """Has an object fields that hold 32-bit addresses, so that it can only lie low?"""
    return any(where.type.form is Form.ABS and where.type.width < 8
               for number, obj in enumerate(objects) for where in object_fields(obj, number))


def _link_and_check(outcome: Outcome, what: str, objects: list[Object], paths: list[Path],
                    base: int, exports: Exports) -> None:
    """paths: what the command line names; objects: the modules that must come of it."""
    inputs = [(base if number == 0 else None, path) for number, path in enumerate(paths)]
    try:
        result = elfin.link(inputs, exports)
        if result.program is None:
            raise Wrong(f"refused: {result.reason}")
        program = result.program
        found = {module.name for module in program.layout.modules}
        if found != {obj.name for obj in objects}:
            raise Wrong(f"other modules than expected: {sorted(found ^ {o.name for o in objects})}")
        by_name = {obj.name: obj for obj in objects}
        group = Group([by_name[module.name] for module in program.layout.modules], program.layout)
        faults = group.faults_of_structure() + program.faults_of_structure()
        if not faults:
            verdict = check_contents(group, program)
            verdict.add(recompute(group, program, exports))
            faults = verdict.faults
            outcome.types += verdict.compared
        outcome.links += 1
        outcome.faults += [f"{what}: {fault}" for fault in faults]
    except Wrong as error:
        outcome.faults.append(f"{what}: {error}")


def _check_everywhere(outcome: Outcome, what: str, objects: list[Object],
                      paths: list[Path]) -> None:
    bases = {"low": LOW} if is_absolute(objects) else BASES
    for name, base in bases.items():
        exports = near_exports(objects, base)
        _link_and_check(outcome, f"{what}, {name}", objects, paths, base, exports)
    if "high" in bases:
        exports = far_exports(objects, HIGH)
        _link_and_check(outcome, f"{what}, far imports", objects, paths, HIGH, exports)


def _with_stand_in(objects: list[Object], folder: str) -> list[Object]:
    """
    No import from outside may satisfy hidden names, or be a thread-local variable: siblings in the
    archive define them.
    """
    defined = {name for obj in objects for name in {*obj.definitions, *obj.bounds}}
    missing = [symbol for obj in objects for name, symbol in obj.undefined.items()
               if name not in defined]
    variables = sorted({symbol.name for symbol in missing if symbol.kind == "STT_TLS"})
    functions = sorted({symbol.name for symbol in missing if symbol.visibility != "STV_DEFAULT"
                        or symbol.name == DSO_HANDLE} - set(variables))
    if not functions and not variables:
        return objects
    return [*objects, load(write_stand_in(objects[0].path, functions, variables, folder))]


@dataclass(frozen=True)
class Single:
    """Each object of a set on its own."""

    name: str
    paths: tuple[Path, ...]

    def check(self) -> Outcome:
        outcome = Outcome(self.name)
        for path in self.paths:
            outcome.objects += 1
            objects = _with_stand_in([load(path)], path.parent.name)
            _check_everywhere(outcome, path.name, objects, [o.path for o in objects])
        return outcome


@dataclass(frozen=True)
class Together:
    """All objects of a set as one group."""

    name: str
    paths: tuple[Path, ...]

    def check(self) -> Outcome:
        outcome = Outcome(self.name)
        objects = [load(path) for path in self.paths]
        _check_everywhere(outcome, "together", objects, list(self.paths))
        return outcome


@dataclass(frozen=True)
class Library:
    """An archive with a root object that needs one symbol, or every symbol, of it."""

    name: str
    archive: Path
    wanted: str  # "" = all

    def check(self) -> Outcome:
        outcome = Outcome(self.name)
        members = [load(path, f"{self.archive.name}({path.name})")
                   for path in extract(self.archive)]
        names = [self.wanted] if self.wanted else sorted(
            {name for member in members for name in member.definitions})
        root = load(write_root(self.archive, names, "one" if self.wanted else "all"))
        objects = [root, *pulled_members(root, members)]
        if self.wanted and len(objects) > len(members):
            outcome.faults.append("one symbol needs the whole archive: nothing is selected")
        _check_everywhere(outcome, self.name, objects, [root.path, self.archive])
        return outcome


@dataclass(frozen=True)
class Members:
    """Some members of a large archive, in as few groups as their definitions allow."""

    name: str
    archive: Path
    members: tuple[Member, ...]
    positions: tuple[int, ...]

    def check(self) -> Outcome:
        outcome = Outcome(self.name)
        paths = write_members(self.archive, self.members, self.positions)
        for batch in batches([Object(path) for path in paths]):
            outcome.objects += len(batch)
            objects = _with_stand_in(batch, self.archive.name)
            _check_everywhere(outcome, f"{batch[0].name} and {len(batch) - 1} more", objects,
                              [obj.path for obj in objects])
        for path in paths:
            path.unlink()
        return outcome


Case = Single | Together | Library | Members


def _batches(name: str, paths: list[Path]) -> list[Case]:
    return [Single(name, tuple(paths[i:i + MODULES_IN_BATCH]))
            for i in range(0, len(paths), MODULES_IN_BATCH)]


def _large_archives() -> list[tuple[str, Path]]:
    """With the names of their corpora."""
    found = {Path(run(["gcc", f"-print-file-name={name}"]).stdout.strip()): name for name in LARGE}
    for compiler in filter(shutil.which, RUSTC):
        folder = Path(run([compiler, "--print", "target-libdir"]).stdout.strip())
        version = run([compiler, "--version"]).stdout.split()[1]
        found |= {path: f"rustc {version}" for path in sorted(folder.glob("*.rlib"))}
    return [(name, path) for path, name in found.items()]


def _large(inspected: Inspected, complete: bool) -> list[Case]:
    positions = inspected.linkable if complete else inspected.chosen
    return [Members(f"members of {inspected.corpus}", inspected.archive, tuple(inspected.members),
                    tuple(positions[i:i + MEMBERS_IN_CASE]))
            for i in range(0, len(positions), MEMBERS_IN_CASE)]


def cases() -> list[Case]:
    modules = sorted(GRUB.glob("*.mod"))
    found = _batches("grub modules", modules) + [Together("grub modules together", tuple(modules))]
    for file, symbol in ARCHIVES.items():
        archive = LIBRARIES / file
        found += _batches(f"members of {file}", extract(archive))
        found += [Library(f"{file} for one symbol", archive, symbol),
                  Library(f"{file} for all symbols", archive, "")]
    return found


def check_case(case: Case) -> Outcome:
    return case.check()


def _report_inspected(report: Report, inspected: list[Inspected]) -> None:
    """Every refusal has a reason, and none is that the loader does not know a thing."""
    for corpus in dict.fromkeys(found.corpus for found in inspected):
        archives = [found for found in inspected if found.corpus == corpus]
        refusals = sum((found.refusals for found in archives), Counter())
        report.case(f"corpus/{corpus} is inspected", [f for a in archives for f in a.faults])
        report.note(f"corpus: {corpus}: {len(archives)} archives, "
                    f"{sum(len(a.members) for a in archives)} members: "
                    f"{sum(len(a.linkable) for a in archives)} to link, "
                    f"{sum(a.empty for a in archives)} with nothing in memory, "
                    f"{refusals.total()} refused")
        for reason, count in refusals.most_common():
            report.note(f"corpus: {corpus}: {count} refused: {reason}")


def _run(report: Report, todo: list[Case]) -> None:
    outcomes: dict[str, Outcome] = {}
    for outcome in parallel(check_case, todo):
        outcomes.setdefault(outcome.name, Outcome(outcome.name)).add(outcome)
    total = Outcome("total")
    for name, outcome in outcomes.items():
        if not outcome.faults and not outcome.types:
            outcome.faults.append("nothing was compared")
        report.case(f"corpus/{name}", outcome.faults)
        report.note(f"corpus: {name}: {outcome.objects} objects, {outcome.links} links, "
                    f"{outcome.types.total()} relocations")
        total.add(outcome)
    report.note(f"corpus: {total.objects} objects, {total.links} links, "
                f"{total.types.total()} relocations recomputed")
    report.types("corpus", total.types)


def main() -> int:
    report, complete = Report(), "--all" in sys.argv[1:]
    inspected = list(parallel(inspect, _large_archives()))
    _report_inspected(report, inspected)
    _run(report, cases() + [case for found in inspected for case in _large(found, complete)])
    return report.status()


if __name__ == "__main__":
    sys.exit(main())
