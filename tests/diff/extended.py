#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""
Proof 7: an object with more sections than the ELF header can count (gABI: SHN_XINDEX), as the
assembler writes it. 40,000 functions in sections of their own call each other; indices of symbols'
sections stand in SHT_SYMTAB_SHNDX, group members' lie beyond 65,279 too. Every reference must mean
what the source says, in what `elfin link` makes and in what GNU ld makes.
"""

import sys
from pathlib import Path
from struct import unpack_from

import elfin
from elftools.elf.elffile import ELFFile
from insn import Wrong
from linked import LinkerProgram, SparseMemory
from matrix import HIGH, LOW
from protocol import Report
from toolchain import BUILD, GNU_LD, compile_object, run, scratch

FUNCTIONS, GROUPS = 40_000, 50  # each function has a relocation section as well
LAST_INDEX = 0xFEFF  # SHN_LORESERVE - 1
SHARED_VALUE = {"first": 1, "big": 2}  # what a group's function returns, by owner


def jumps_to(number: int) -> int:
    return (number * 7919 + 1) % FUNCTIONS


def calls(number: int) -> int:
    return (number * 104729 + 5) % FUNCTIONS


def points_to(number: int) -> int:
    return (number * 31 + 7) % FUNCTIONS


def function(number: int) -> str:
    """15 bytes: a global branch, and a call of a local label in another section."""
    return (f'.section .text.f{number},"ax"\n.globl f{number}\n'
            f'f{number}: movl ${number}, %eax\njmp f{jumps_to(number)}\n'
            f'l{number}: call l{calls(number)}\n')


def group(number: int, owner: str) -> str:
    return (f'.section .text.g{number},"axG",@progbits,g{number},comdat\n.weak g{number}\n'
            f'g{number}: movl ${SHARED_VALUE[owner]}, %eax\njmp f{number}\n')


def big_source() -> str:
    lines = [function(number) for number in range(FUNCTIONS)]
    lines += [group(number, "big") for number in range(GROUPS)]
    lines += ['.section .table,"aw"\n.globl table\ntable:\n']
    lines += [f".quad l{points_to(number)}, f{number}+1\n" for number in range(FUNCTIONS)]
    lines += [f".quad g{number}\n" for number in range(GROUPS)]
    lines += [".quad shared, constant\n.comm shared, 24, 8\n.globl constant\nconstant = 0x1234567\n",
              '.section .note.GNU-stack,"",@progbits\n']
    return "".join(lines)


def first_source() -> str:
    return "".join(group(number, "first") for number in range(GROUPS))


def build(name: str, source: str) -> Path:
    folder = BUILD / "extended"
    path = folder / f"{name}.s"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != source:
        path.write_text(source)
    return compile_object("gcc", [], path, "extended")


def faults_of_object(path: Path) -> list[str]:
    """Is it the kind of object that this proof is about?"""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        count, indices = elf.num_sections(), elf.get_section_by_name(".symtab_shndx")
        if elf.header["e_shnum"] or count <= LAST_INDEX or indices is None:
            return [f"{path.name} has {count} sections, e_shnum {elf.header['e_shnum']}"]
        words = memoryview(indices.data()).cast("I")
    beyond = sum(word > LAST_INDEX for word in words)
    return [] if beyond > 1000 else [f"only {beyond} symbols need the table"]


class Reader:
    """A linked program through its symbols."""

    def __init__(self, memory: SparseMemory, symbols: dict[str, int]) -> None:
        self.memory, self.symbols = memory, symbols
        self.names = {address: name for name, address in symbols.items() if name[0] in "fg"}
        self.faults: list[str] = []

    def expect(self, what: str, address: int, name: str, offset: int) -> None:
        found = self.names.get((address - offset) % (1 << 64))
        if found != name:
            self.faults.append(f"{what}: 0x{address:x} is {found}, not {name}+{offset}")

    def branch(self, what: str, opcode: int, place: int, name: str, offset: int) -> None:
        code, displacement = unpack_from("<Bi", self.memory.read(place, 5))
        if code != opcode:
            raise Wrong(f"{what}: the code is not that of the source")
        self.expect(what, place + 5 + displacement, name, offset)

    def number(self, what: str, place: int, value: int) -> None:
        if unpack_from("<Bi", self.memory.read(place, 5)) != (0xB8, value):
            self.faults.append(f"{what}: another function lies here")

    def check(self) -> int:
        """Returns how many fields were read."""
        for number in range(FUNCTIONS):
            what, start = f"f{number}", self.symbols[f"f{number}"]
            self.number(what, start, number)
            self.branch(what, 0xE9, start + 5, f"f{jumps_to(number)}", 0)
            self.branch(what, 0xE8, start + 10, f"f{calls(number)}", 10)
        for number in range(GROUPS):
            what, start = f"g{number}", self.symbols[f"g{number}"]
            self.number(what, start, SHARED_VALUE["first"])
            self.branch(what, 0xE9, start + 5, f"f{number}", 0)
        return 2 * FUNCTIONS + GROUPS + self.check_table()

    def check_table(self) -> int:
        count = 2 * FUNCTIONS + GROUPS + 2
        words = memoryview(self.memory.read(self.symbols["table"], 8 * count)).cast("Q")
        for number in range(FUNCTIONS):
            self.expect(f"table {number}", words[2 * number], f"f{points_to(number)}", 10)
            self.expect(f"table {number}", words[2 * number + 1], f"f{number}", 1)
        for number in range(GROUPS):
            self.expect(f"table g{number}", words[2 * FUNCTIONS + number], f"g{number}", 0)
        if words[count - 2] != self.symbols["shared"] or words[count - 2] % 8:
            self.faults.append(f"shared is at 0x{words[count - 2]:x}")
        if words[count - 1] != 0x1234567:
            self.faults.append(f"constant is 0x{words[count - 1]:x}")
        return count


def of_elfin(first: Path, big: Path, base: int) -> Reader:
    result = elfin.link([(base, first), (None, big)], {})
    if result.program is None:
        raise Wrong(f"refused: {result.reason}")
    symbols = {}
    for module in result.program.layout.modules:
        symbols |= module.symbols
    reader = Reader(result.program, symbols)
    reader.faults += result.program.faults_of_structure()
    return reader


def of_ld(first: Path, big: Path, base: int) -> Reader:
    output = scratch() / "extended.out"
    result = run([GNU_LD, "-x", "-e", "0", f"-Ttext={base:#x}", f"-Tdata={base + 0x1000000:#x}", first,
                  big, "-o", output])
    if result.returncode:
        raise Wrong(result.stderr)
    program = LinkerProgram(GNU_LD, output)
    return Reader(program, program.symbols)


def check(report: Report, name: str, reader: Reader) -> int:
    try:
        count = reader.check()
    except Wrong as error:
        count = 0
        reader.faults.append(str(error))
    report.case(f"extended/{name}", reader.faults)
    return count


def main() -> int:
    report = Report()
    first, big = build("first", first_source()), build("big", big_source())
    report.case("extended/object", faults_of_object(big))
    count = check(report, "GNU ld", of_ld(first, big, LOW))
    for name, base in {"low": LOW, "high": HIGH}.items():
        count += check(report, f"elfin, {name}", of_elfin(first, big, base))
    report.note(f"extended: {FUNCTIONS} functions in sections of their own, {count} fields read")
    return report.status()


if __name__ == "__main__":
    sys.exit(main())
