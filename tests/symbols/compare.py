#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""
elfin_symbolize against addr2line, llvm-dwarfdump and symbol tables: objects of gcc, clang and rustc, with DWARF 2 to 5, loaded at
several addresses, a sample of addresses of each. With --all (`make corpus`) every byte, and the members of Rust's libraries.
"""

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import objects

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("ELFIN_BUILD", "build")
LOCATE = BUILD / "tests" / "symbols"
RUSTC = ["/usr/bin/rustc", "rustc"]  # Debian's always, another one if the path has it
PLACES = [0x500000, 0x10000000, 0xffffffff80000000, 0x7f1234500000]


@dataclass
class Answer:
    address: int
    section: str
    offset: int
    symbol: str
    symbol_offset: int
    directory: str
    file: str
    line: int
    column: int


@dataclass
class Tally:
    objects: int = 0
    loads: int = 0
    addresses: int = 0
    lines: int = 0
    names: int = 0
    alone: int = 0  # members that only load with others, whose hidden names they use
    files: int = 0  # addr2line names another file
    wrong: list[str] = field(default_factory=list)

    def print(self, name: str) -> None:
        print(f"# {name}: {self.objects} objects, {self.loads} loads, {self.alone} not alone, {self.addresses} addresses, {self.lines} lines, {self.names} names, {self.files} other files", flush=True)
        for reason in self.wrong[:10]:
            print(f"  {reason}", file=sys.stderr)
        good = not self.wrong and self.lines and self.files * 50 <= self.lines
        print(f"ok symbols.{name}" if good else f"not ok symbols.{name}: {len(self.wrong)} differ, {self.lines} lines", flush=True)


def locate(program: Path, place: int, step: int, path: Path) -> tuple[dict[int, tuple[int, int]], list[Answer]] | str:
    """What it has found, or why the load was refused."""
    done = subprocess.run([program, hex(place), str(step), path], capture_output=True, text=True, check=False,
                          env=os.environ | {"ASAN_OPTIONS": "detect_leaks=0"})
    if done.returncode == 3:
        return done.stderr
    if done.returncode or done.stderr:
        raise RuntimeError(f"{path}: {done.returncode} {done.stderr}")
    sections, answers = {}, []
    for text in done.stdout.splitlines():
        kind, *words = text.split("\t")
        if kind == "section":
            sections[int(words[0])] = (int(words[1], 16), int(words[2], 16))
        elif kind == "at":
            answers.append(Answer(int(words[0], 16), words[2], int(words[3], 16), words[4], int(words[5], 16), words[6], words[7],
                                  int(words[8]), int(words[9])))
    return sections, answers


def is_line(answer: Answer, theirs: objects.Line | None, *, columns: bool) -> bool:
    if theirs is None or not theirs.line:
        return not answer.line
    return answer.line == theirs.line and objects.same_path(os.path.join(answer.directory, answer.file), theirs.path) and \
        (not columns or answer.column == theirs.column)


def compare(tally: Tally, program: Path, place: int, step: int, path: Path, scratch: Path) -> str | None:
    """None: it cannot lie there."""
    found = locate(program, place, step, path)
    if isinstance(found, str):
        return "not_alone" if "hidden symbol" in found else None
    sections, answers = found
    tally.loads += 1
    index_of = {address: index for index, (address, size) in sections.items() if size}
    patched = scratch / "patched.o"
    patched.write_bytes(objects.at_addresses(path.read_bytes(), {i: a for i, (a, _) in sections.items() if i > 0}))
    names = objects.Names(path)
    addresses = [a.address for a in answers]
    table = objects.Table(patched)
    for answer, gnu in zip(answers, objects.addr2line(patched, addresses)):
        llvm = table.at(answer.address)
        where = f"{path.name} at {place:#x}: {answer.section}+{answer.offset:#x}"
        index = index_of[answer.address - answer.offset]
        right = names.right(index, answer.offset) if index > 0 else None
        tally.addresses += 1
        tally.lines += answer.line != 0
        tally.names += answer.symbol != ""
        if right is not None and (answer.symbol not in right if right else answer.symbol):
            tally.wrong.append(f"{where}: symbol {answer.symbol}, not {sorted(right)}")
        # Of data addr2line tells the declaration; of gcc's 64-bit format that of binutils 2.40 knows nothing.
        ask_gnu = index in names.code and "gcc-gdwarf64" not in path.name
        # The file register is 1 at first; of DWARF 5 binutils 2.40 takes that for the first file, and it is the second.
        if ask_gnu and gnu and answer.line == gnu.line and not is_line(answer, gnu, columns=False):
            tally.files += 1
            ask_gnu = False
        if not (is_line(answer, llvm, columns=True) and (not ask_gnu or is_line(answer, gnu, columns=False))):
            tally.wrong.append(f"{where}: {answer.directory}/{answer.file}:{answer.line}:{answer.column}, llvm {llvm}, gnu {gnu}")
    return "compared"


def compare_linked(tally: Tally, program: Path, place: int, step: int, path: Path) -> None:
    """An executable or shared object: tools are asked for the addresses that it was linked for."""
    found = locate(program, place, step, path)
    if isinstance(found, str):
        tally.wrong.append(f"{path.name}: not loaded")
        return
    sections, answers = found
    bias = min(a for a, size in sections.values() if size) - objects.first_address(path)
    answers = [a for a in answers if a.section == ".text"]
    addresses = [a.address - bias for a in answers]
    table, names = objects.Table(path), objects.Names(path)
    index = names.index_of(".text")
    tally.loads += 1
    for answer, address, gnu in zip(answers, addresses, objects.addr2line(path, addresses)):
        right = names.right(index, address)
        tally.addresses += 1
        tally.lines += answer.line != 0
        tally.names += answer.symbol != ""
        if answer.symbol not in right if right else answer.symbol:
            tally.wrong.append(f"{path.name}: {address:#x}: symbol {answer.symbol}, not {sorted(right)}")
        if not (is_line(answer, table.at(address), columns=True) and is_line(answer, gnu, columns=False)):
            tally.wrong.append(f"{path.name}: {address:#x}: {answer.directory}/{answer.file}:{answer.line}:{answer.column}, llvm {table.at(address)}, gnu {gnu}")


def link_all(folder: Path) -> list[Path]:
    sample = ROOT / "tests" / "symbols" / "src" / "sample.c"
    made = []
    for compiler, flags in itertools.product(("gcc", "clang-19"), (["-no-pie", "-static"], ["-static-pie"], ["-shared", "-fPIC"],
                                                                   ["-shared", "-fPIC", "-ffunction-sections", "-Wl,--gc-sections", "-gdwarf-4"])):
        path = folder / f"linked-{compiler}{''.join(flags).replace(',', '')}"
        subprocess.run([compiler, "-g", "-O2", *flags, "-nostdlib", "-Wl,-e,outer", "-I.", sample, "-o", path], check=True, capture_output=True, cwd=ROOT)
        made.append(path)
    return made


def archive_members(folder: Path, *, everything: bool) -> dict[str, list[Path]]:
    """Objects with line tables that nobody here has written: Rust's libraries, Objective-C's."""
    archives = sorted(Path(subprocess.run(["gcc", "-print-file-name=libobjc.a"], check=True, capture_output=True, text=True).stdout.strip()).parent
                      .glob("libobjc*.a"))
    for compiler in filter(shutil.which, RUSTC):
        target = subprocess.run([compiler, "--print", "target-libdir"], check=True, capture_output=True, text=True).stdout.strip()
        archives += sorted(Path(target).glob("*.rlib" if everything else "libcompiler_builtins*.rlib"))
    found: dict[str, list[Path]] = {}
    for number, archive in enumerate(archives):
        into = folder / f"{number}-{archive.stem}"
        into.mkdir()
        subprocess.run(["ar", "x", archive], check=True, cwd=into, capture_output=True)
        members = [m for m in sorted(into.iterdir()) if m.suffix in (".o", "") and b".debug_line" in m.read_bytes() and m.read_bytes()[:4] == b"\x7fELF"]
        found.setdefault("rust libraries" if archive.suffix == ".rlib" else "libobjc", []).extend(members if everything else members[::30])
    return found


def compile_all(folder: Path, *, everything: bool) -> dict[str, list[Path]]:
    """Sources of this repository, by language, in many dialects."""
    c = [ROOT / "tests" / "symbols" / "src" / "sample.c", ROOT / "libmini" / "fmt.c"]
    cxx = [ROOT / "tests" / "objects" / "classes.cc"]
    made: dict[str, list[Path]] = {"c": [], "cxx": [], "rust": [], "assembly": []}

    def run(kind: str, name: str, *command: object) -> None:
        path = folder / f"{name}.o"
        subprocess.run([str(w) for w in command] + ["-o", str(path)], check=True, capture_output=True, cwd=ROOT)
        made[kind].append(path)

    levels = [["-O0"], ["-O2"], ["-O2", "-ffunction-sections", "-fdata-sections"]]
    dialects = list(itertools.product(("gcc", "clang-14", "clang-19"), (2, 3, 4, 5), levels))
    for compiler, dwarf, flags in dialects if everything else dialects[::7]:
        tag = f"{compiler}-{dwarf}-{''.join(flags)}"
        for source in c:
            run("c", f"{source.stem}-{tag}", compiler, f"-gdwarf-{dwarf}", *flags, "-fPIC", "-Iinclude", "-I.", "-c", source)
        plus = {"gcc": "g++"}.get(compiler, compiler.replace("clang", "clang++"))
        for source in cxx:
            run("cxx", f"{source.stem}-{tag}", plus, f"-gdwarf-{dwarf}", *flags, "-fPIC", "-DPART=1", "-std=c++17", "-c", source)
    for flags in (["-gdwarf64"], ["-gno-as-loc-support"], ["-gno-as-locview-support", "-gdwarf-4"], ["-mcmodel=large"]):
        run("c", "sample-gcc" + "".join(flags), "gcc", "-g", *flags, "-O1", "-I.", "-c", c[0])
    run("c", "sample-clang-dwarf64", "clang-19", "-gdwarf-5", "-gdwarf64", "-O1", "-I.", "-c", c[0])
    for compiler, dwarf in itertools.product(("gcc", "clang-19"), (2, 5)):
        run("assembly", f"sum-{compiler}-{dwarf}", compiler, f"-gdwarf-{dwarf}", "-c", ROOT / "examples" / "sum.S")
    for compiler, level in itertools.product(filter(shutil.which, RUSTC), (0, 2)):
        run("rust", f"rust-{len(made['rust'])}-{level}", compiler, "--crate-type=lib", "--emit=obj", "-g", f"-Copt-level={level}",
            ROOT / "tests" / "symbols" / "src" / "sample.rs")
    return made


def main() -> int:
    everything = "--all" in sys.argv[1:]
    program = LOCATE / ("locate-fast" if everything else "locate")
    bad = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpora = compile_all(folder, everything=everything) | archive_members(folder, everything=everything)
        for kind, paths in corpora.items():
            tally = Tally()
            for number, path in enumerate(paths):
                tally.objects += 1
                places = PLACES if everything else [PLACES[(number + k) % 4] for k in range(4)]
                results = set()
                for place in places:
                    step = 1 if everything and path.stat().st_size < 200000 else 7
                    results.add(compare(tally, program, place, step, path, folder))
                    if "not_alone" in results or ("compared" in results and (step > 1 or kind in ("rust libraries", "libobjc"))):
                        break
                tally.alone += "not_alone" in results
                if results == {None}:
                    tally.wrong.append(f"{path.name}: not loaded anywhere")
            tally.print(kind)
            bad |= bool(tally.wrong)
        tally = Tally()
        for path in link_all(folder):
            tally.objects += 1
            compare_linked(tally, program, 0x10000000, 1, path)
        tally.print("linked files")
        bad |= bool(tally.wrong)
    return bad


if __name__ == "__main__":
    sys.exit(main())
