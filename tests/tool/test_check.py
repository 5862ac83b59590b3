# SPDX-License-Identifier: MIT
"""elfin check: yes or no, and every reason for no."""

import shutil
import subprocess

from support import PLAIN, Bench, case, equal, expect, lines_with


@case
def would_load(bench: Bench) -> None:
    bench.compile("a.o", "extern int b(void), host(void); int a(void) { return b() + host(); }")
    bench.compile("b.o", "extern int a(void); int b(void) { return a(); }")
    bench.write("exports", "host 0xffffffff81000000\n")
    result = bench.elfin("check", "--exports", "exports", "a.o", "b.o")
    equal(result.out + result.err, "", "output")


@case
def each_missing_name(bench: Bench) -> None:
    bench.compile("a.o", "extern int m1, m2; int *a[] = {&m1, &m2};")
    bench.compile("b.o", "extern int m2, m3; int *b[] = {&m2, &m3}; extern int a[]; int *c = a;")
    result = bench.elfin("check", "a.o", "b.o", status=1)
    for name in ("m1", "m2", "m3"):
        expect(lines_with(result.err, name), f"{name} in {result.err}")


@case
def each_fixup_out_of_reach(bench: Bench) -> None:
    """One object cannot be near two imports that are far from each other."""
    bench.compile("a.o", "extern int low, high; int f(void) { return low + high; }",
                  PLAIN + ["-fpie"])
    bench.write("exports", "low 0x100000\nhigh 0x7fffffff0000\n")
    result = bench.elfin("check", "--exports", "exports", "a.o", status=1)
    for name in ("low", "high"):
        equal(len(lines_with(result.err, "R_X86_64_PC32", f"symbol {name}")), 1, result.err)
    equal(len(lines_with(result.err, "R_X86_64_")), 2, result.err)
    expect(lines_with(result.err, "-fpic"), result.err)


@case
def each_kind_of_field_out_of_reach(bench: Bench) -> None:
    """What no place at all satisfies: type, symbol, value and limits of each, by check and link."""
    bench.compile("a.s.o", """
        .data
        .globl a
        a: .word far - .
        .long wide
        .reloc ., R_X86_64_SIZE32, a; .long 0
        .reloc ., R_X86_64_GOT32, far + 0x100000000; .long 0
        .reloc ., R_X86_64_GOTPCREL, far + 0x100000000; .long 0
        .reloc ., R_X86_64_GOTPC32, far + 0x100000000; .long 0
        .quad fine; .long fine@PLT; .long low
        .size a, 0x100000000
        """, [])
    bench.write("exports", "far 0x3000\nfine 0x123400000000\nlow 0x1000\nwide 0x123456789\n")
    fields = (("R_X86_64_32", "wide"), ("R_X86_64_SIZE32", "a"), ("R_X86_64_GOT32", "far"),
              ("R_X86_64_GOTPCREL", "far"), ("R_X86_64_GOTPC32", "far"))
    for command in (["check"], ["link"], ["link", "--at", "0x400000"]):
        result = bench.elfin(*command, "--exports", "exports", "a.s.o", status=1)
        for kind, symbol in fields:
            equal(len(lines_with(result.err, f"{kind};", f"symbol {symbol};", "value", "allowed")),
                  1, f"{kind} in {result.err}")
        # The distance has a place, but for an address that is given.
        more = [("R_X86_64_PC16", "far")] if "--at" in command else []
        for kind, symbol in more:
            expect(lines_with(result.err, f"{kind};", f"symbol {symbol};"), result.err)
        equal(len(lines_with(result.err, "R_X86_64_")), len(fields) + len(more), result.err)


@case
def each_unsound_file(bench: Bench) -> None:
    good = bench.compile("good.o", "int good = 1;").read_bytes()
    bench.write("junk.o", "junk" * 40)
    bench.write("empty.o", "")
    bench.write("cut.o", good[:len(good) - 40])
    bench.write("other.o", good[:18] + b"\xb7\x00" + good[20:])
    result = bench.elfin("check", "junk.o", "good.o", "empty.o", "cut.o", "other.o", status=1)
    for name, reason in (("junk.o", "not an ELF file"), ("empty.o", ""), ("cut.o", ""),
                         ("other.o", "x86-64")):
        expect(lines_with(result.err, name, reason), f"{name} in {result.err}")
    expect("good.o" not in result.err, result.err)


@case
def unsound_file_and_missing_names(bench: Bench) -> None:
    bench.write("junk.o", "junk" * 40)
    bench.compile("a.o", "extern int missing; int *a = &missing;")
    result = bench.elfin("check", "junk.o", "a.o", status=1)
    expect(lines_with(result.err, "junk.o"), result.err)
    expect(lines_with(result.err, "without that file"), result.err)
    expect(lines_with(result.err, "missing"), result.err)


@case
def duplicates(bench: Bench) -> None:
    bench.compile("a.o", "int twice = 1;")
    bench.compile("b.o", "int twice = 2;")
    result = bench.elfin("check", "a.o", "b.o", status=1)
    expect(lines_with(result.err, "twice", "a.o", "b.o"), result.err)


@case
def module_names(bench: Bench) -> None:
    bench.compile("a.o", "int x = 1;")
    bench.compile("a.x", "int y = 2;")
    result = bench.elfin("check", "a.o", "a.x", status=1)
    expect("a.x" in result.err, result.err)


@case
def thread_local_storage(bench: Bench) -> None:
    bench.compile("a.o", "static __thread int t; int f(void) { return ++t; }")
    bench.elfin("check", "a.o")
    bench.compile("large.o", "__thread char t[2000000];")
    result = bench.elfin("check", "large.o", status=1)
    expect("thread-local" in result.err and "tls_size" in result.err, result.err)
    bench.compile("b.o", "extern int g; extern __thread int h; int *f(void) { h = 1; return &g; }")
    bench.compile("c.o", "__thread int g; int h;")
    result = bench.elfin("check", "b.o", "c.o", status=1)
    for name in ("g", "h"):
        expect(f"symbol {name}" in result.err, result.err)


@case
def linked_programs(bench: Bench) -> None:
    bench.compile("a.o", "int _start(void) { return 0; } int f(void) { return 1; }")
    bench.compile("main.o", "#include <stdio.h>\nint main(void) { return puts(\"hello\"); }")
    bench.compile("b.o", "int f(void); int g(void) { return f(); }")
    subprocess.run(["ld", "a.o", "-o", "program"], cwd=bench.folder, check=True)
    subprocess.run(["gcc", "-no-pie", "main.o", "-o", "hosted"], cwd=bench.folder, check=True)
    bench.elfin("check", "program")
    bench.elfin("check", "program", "b.o")
    shutil.copy(bench.folder / "program", bench.folder / "second")
    result = bench.elfin("check", "program", "second", status=1)
    expect("the memory asked for is not free" in result.err, result.err)
    result = bench.elfin("check", "hosted", status=1)
    expect("a module that this one needs is not loaded; other: libc\n" in result.err, result.err)


def library(bench: Bench, name: str, **members: str) -> None:
    for member, source in members.items():
        bench.compile(f"{member}.o", source)
    subprocess.run(["ar", "rcsD", name, *(f"{member}.o" for member in members)],
                   cwd=bench.folder, check=True)


@case
def archives_alone(bench: Bench) -> None:
    """Each member on its own, with what it needs of all the archives."""
    hidden = '__attribute__((visibility("hidden"))) '
    library(bench, "one.a", a=f"{hidden}int b(void); int a(void) {{ return b(); }}",
            b=f"int c(void); {hidden}int b(void) {{ return c(); }}",
            other="int host(void); int other(void) { return host(); }")
    library(bench, "two.a", c="int a(void); int c(void) { return a(); }")
    bench.write("exports", "host 0x1000\n")
    result = bench.elfin("check", "--exports", "exports", "one.a", "two.a")
    equal(result.out + result.err, "", "output")


@case
def members_that_would_not_load(bench: Bench) -> None:
    library(bench, "lib.a", good="int good(void) { return 1; }",
            a="int missing(void), deep(void); int a(void) { return missing() + deep(); }",
            b="int a(void); int b(void) { return a(); }",
            deep="int nowhere(void); int deep(void) { return nowhere(); }",
            unsound="__thread int t; int u(void) { return ++t; }")
    result = bench.elfin("check", "./lib.a", status=1)
    for member, name in (("a", "missing"), ("deep", "nowhere")):
        equal(len(lines_with(result.err, f"lib.a({member}.o)", f"symbol {name}")), 1,
              f"{name} in {result.err}")
    expect("lib.a(b.o)" not in result.err, "a member is blamed for another's: " + result.err)
    expect("members would load" in result.err.splitlines()[-1], result.err)
    got = result.err.splitlines()[-1].split()
    expect(got[1] == "./lib.a:" and got[4] == "5" and got[2] in ("1", "2"), result.err)


@case
def archives_that_are_none(bench: Bench) -> None:
    library(bench, "lib.a", a="int a(void) { return 1; }")
    content = (bench.folder / "lib.a").read_bytes()
    bench.write("cut.a", content[:-100])
    bench.write("empty.a", "!<arch>\n")
    result = bench.elfin("check", "cut.a", status=1)
    expect(lines_with(result.err, "cut.a"), result.err)
    result = bench.elfin("check", "empty.a")
    equal(result.err, "", "of an empty archive")
    bench.compile("user.o", "int a(void); int u(void) { return a(); }")
    equal(bench.elfin("check", "user.o", "lib.a").err, "", "with an object")
