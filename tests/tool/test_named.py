# SPDX-License-Identifier: MIT
"""__start_NAME and __stop_NAME: the bytes between them are those of GNU ld and lld."""

import subprocess

from elftools.elf.elffile import ELFFile
from support import PIC, Bench, Linked, case, equal, expect

LINKERS = ("ld", "ld.lld-19")
ENDS = ".data\n.globl start, stop\nstart: .quad __start_set\nstop: .quad __stop_set\n"


def between(path) -> tuple[int, bytes]:
    """Address and bytes of what a linker put between the two."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        table = elf.get_section_by_name(".symtab")
        start, stop = (table.get_symbol_by_name(name)[0]["st_value"]
                       for name in ("__start_set", "__stop_set"))
        for section in elf.iter_sections():
            if (section["sh_flags"] & 2 and section["sh_addr"] <= start
                    and stop <= section["sh_addr"] + section["sh_size"]):
                if section["sh_type"] == "SHT_NOBITS":
                    return start, bytes(stop - start)
                offset = start - section["sh_addr"]
                return start, section.data()[offset:offset + stop - start]
    raise ValueError("no section holds them")


def memory(linked: Linked, start: int, stop: int) -> bytes:
    """Padding between sections is in none of the map: the loader makes it zero."""
    found = bytearray(stop - start)
    for module in linked.tree["modules"]:
        for section in module["sections"]:
            at = int(section["address"], 16) - start
            if section["image_offset"] is not None and 0 <= at < len(found):
                offset, size = section["image_offset"], section["size"]
                found[at:at + size] = linked.image[offset:offset + size]
    equal(len(found), stop - start, "a section lies across the end")
    return bytes(found)


def compare(bench: Bench, align: int, *files: str, linkers: tuple[str, ...] = LINKERS) -> None:
    linked = bench.link("--at", "0x400000", *files)
    owner = next(name for name, module in linked.modules.items()
                 if any(symbol["name"] == "stop" for symbol in module["symbols"]))
    start, stop = linked.quad(owner, "start"), linked.quad(owner, "stop")
    data = memory(linked, start, stop)
    equal(start % align, 0, "alignment")
    expect(len(data) > 0, "nothing lies between the ends")
    for linker in linkers:
        output = bench.folder / linker
        subprocess.run([linker, "-static", "-nostdlib", "-e", "0", "-z", "noexecstack",
                        "--no-gc-sections", *files, "-o", str(output)], check=True,
                       cwd=bench.folder, capture_output=True)
        address, wanted = between(output)
        equal(data.hex(" "), wanted.hex(" "), linker)
        equal(address % align, 0, f"alignment by {linker}")


def assemble(bench: Bench, name: str, section: str, *lines: str) -> None:
    bench.compile(f"{name}.s.o", f".section {section}\n" + "".join(f"{line}\n" for line in lines))


@case
def several_objects(bench: Bench) -> None:
    for number, align in enumerate((8, 32, 64, 16)):
        bench.compile(f"o{number}.o",
                      'struct entry { long id; int flags; char name[20]; };\n'
                      f'__attribute__((section("set"), used, aligned({align})))\n'
                      f'static struct entry entry = {{ {number + 1}, 7, "{number}" }};\n', PIC)
    bench.compile("ends.o", "extern char __start_set[], __stop_set[];\n"
                            "char *start = __start_set, *stop = __stop_set;\n", PIC)
    compare(bench, 64, "o0.o", "o1.o", "ends.o", "o2.o", "o3.o")
    compare(bench, 64, "ends.o", "o3.o", "o2.o", "o0.o")


@case
def different_rights_and_kinds(bench: Bench) -> None:
    assemble(bench, "a", 'set, "a"', ".quad 1, 2")
    assemble(bench, "b", 'set, "aw"', ".long 3")
    assemble(bench, "d", 'set, "a"', ".byte 4", '.section set, "a"', ".byte 5")
    bench.compile("ends.s.o", ENDS)
    compare(bench, 1, "a.s.o", "b.s.o", "d.s.o", "ends.s.o")
    compare(bench, 1, "ends.s.o", "d.s.o", "a.s.o")
    # GNU ld leaves zero-filled sections out, in an output section of their own.
    assemble(bench, "c", 'set, "aw", @nobits', ".balign 16", ".zero 40")
    compare(bench, 16, "a.s.o", "b.s.o", "c.s.o", "d.s.o", "ends.s.o", linkers=("ld.lld-19",))


@case
def comdat_groups_and_archives(bench: Bench) -> None:
    for name, value in (("a", 1), ("b", 2)):
        bench.compile(f"{name}.s.o", f'.section set, "aG", @progbits, same, comdat\n.quad {value}\n'
                                     f'.section set, "a"\n.quad {value * 16}\n')
    bench.compile("m.s.o", '.section set, "a"\n.globl wanted\nwanted: .quad 77\n')
    bench.compile("ends.s.o", ENDS + ".quad wanted\n")
    subprocess.run(["ar", "rcsD", "lib.a", "m.s.o"], check=True, cwd=bench.folder)
    compare(bench, 1, "a.s.o", "b.s.o", "ends.s.o", "lib.a")


@case
def without_such_a_section(bench: Bench) -> None:
    bench.compile("a.o", "extern char __start_set[];\nchar *start = __start_set;\n", PIC)
    result = bench.elfin("link", "--at", "0x400000", "a.o", status=1)
    expect("__start_set" in result.err, result.err)
    bench.compile("b.o", "extern char __start_set[] __attribute__((weak));\n"
                         "char *start = __start_set;\n", PIC)
    equal(bench.link("--at", "0x400000", "b.o").quad("b", "start"), 0, "weak")
