# SPDX-License-Identifier: MIT
"""Tables of exports: every form of line, and lines that are none."""

import subprocess

from support import Bench, case, equal, expect, lines_with

USER = "extern char wanted[]; char *p = wanted;"


def bound(bench: Bench, *tables: str | bytes) -> int:
    """The address that `wanted` has with these exports."""
    words: list[object] = []
    for number, table in enumerate(tables):
        words += ["--exports", bench.write(f"exports{number}", table)]
    return bench.link("--at", "0x1000000", *words, "user.o").quad("user", "p")


@case
def forms(bench: Bench) -> None:
    bench.compile("user.o", USER)
    for line in ("wanted 0x123456789abcdef0", "wanted\t0x123456789ABCDEF0",
                 "wanted 0X123456789abcdef0",
                 "  wanted   0x123456789abcdef0  ", "wanted 0x0000123456789abcdef0",
                 *[f"123456789abcdef0 {letter} wanted" for letter in "ABDGRSTVWu"]):
        for text in (line, line + "\n", line + "\r\n", f"first 0x1\n\n{line}\nlast 0x2"):
            equal(bound(bench, text), 0x123456789abcdef0, repr(text))


@case
def short_addresses(bench: Bench) -> None:
    bench.compile("user.o", USER)
    equal(bound(bench, "00000000 A wanted"), 0, "zero")
    equal(bound(bench, "c0100000 T wanted"), 0xc0100000, "eight digits")
    equal(bound(bench, "wanted 0x7"), 7, "one digit")


@case
def other_lines_are_skipped(bench: Bench) -> None:
    bench.compile("user.o", USER)
    for line in ("wanted", "wanted 1234", "wanted 0x", "wanted 0x12g", "wanted 0x11112222333344445",
                 "wanted 0x1 0x2", "wanted = 0x1", "wanted: 0x1", "                 U wanted",
                 "                 w wanted", "0000000000001000 t wanted",
                 "0000000000001000 d wanted", "0000000000000008 C wanted",
                 "0000000000001000 TT wanted", "10 T", "1000 T wanted x", "g000 T wanted",
                 "11112222333344445 T wanted", "T 1000 wanted", "# wanted 0x1",
                 "#wanted 0x1", "user.o:", "wanted\0 0x1", "wanted 0x1\0"):
        for after in ("", "\n", "\nother 0x1\n"):
            table = bench.write("table", line + after)
            result = bench.elfin("link", "--at", "0x1000", "--exports", table, "user.o", status=1)
            expect("wanted" in result.err, f"{line!r}: {result.err!r}")


@case
def nm_and_system_map(bench: Bench) -> None:
    bench.compile("user.o", USER)
    bench.compile("kernel.o", "char wanted[8] = {1}; static int mine(void) { return 1; }"
                              "int (*other)(void) = mine; int _start(void) { return 0; }")
    subprocess.run(["ld", "-Ttext=0xffffffff80100000", "-z", "max-page-size=4096", "kernel.o", "-o",
                    "kernel"], cwd=bench.folder, check=True)
    for flags in ([], ["-n"], ["-g"]):
        listing = subprocess.run(["nm", *flags, "kernel"], cwd=bench.folder, check=True, text=True,
                                 capture_output=True).stdout
        want = next(int(line.split()[0], 16) for line in listing.splitlines()
                    if line.endswith(" wanted"))
        equal(bound(bench, listing), want, f"nm {flags}")


@case
def first_of_a_name_holds(bench: Bench) -> None:
    bench.compile("user.o", USER)
    table = "wanted 0x1000\n0000000000002000 T wanted\nwanted 0x3000\n"
    equal(bound(bench, table), 0x1000, "in one")
    equal(bound(bench, "wanted 0x2000\n", "wanted 0x1000\n"), 0x2000, "in two files")
    words = ["link", "--at", "0x1000000", "--exports", "t", "user.o"]
    bench.write("t", "wanted 0x1000\nwanted 0x2000\nwanted 0x1000\nwanted 0x3000\n")
    equal(len(lines_with(bench.elfin(*words).err, "warning", "wanted")), 2, "warnings")
    bench.write("t", "wanted 0x1000\n0000000000001000 T wanted\n")
    equal(bench.elfin(*words).err, "", "the same twice")


@case
def useless_tables(bench: Bench) -> None:
    bench.compile("a.o", "int a;")
    bench.write("none", "this is\nno table of exports\n")
    bench.write("empty", "")
    result = bench.elfin("link", "--at", "0x1000", "--exports", "none", "a.o")
    expect(lines_with(result.err, "warning", "none"), result.err)
    equal(bench.elfin("link", "--at", "0x1000", "--exports", "empty", "a.o").err, "", "empty")


@case
def many_exports(bench: Bench) -> None:
    bench.compile("user.o", USER)
    table = "".join(f"{0xffffffff81000000 + 16 * i:016x} T name_{i}\n" for i in range(100000))
    equal(bound(bench, table + "wanted 0x42\n"), 0x42, "the last of many")


@case
def table_from_a_pipe(bench: Bench) -> None:
    bench.compile("user.o", USER)
    done = subprocess.run(f"printf 'wanted 0x77\\n' | '{bench.program}' link --at 0x1000 --map "
                          "/dev/stdout --exports /dev/stdin user.o", shell=True, cwd=bench.folder,
                          capture_output=True, check=False)
    equal(done.returncode, 0, f"status\n{done.stderr!r}")
    expect(b'"modules"' in done.stdout, "no map on standard output")
