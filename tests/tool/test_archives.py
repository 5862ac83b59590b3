# SPDX-License-Identifier: MIT
"""Archives as inputs: Debian's libz.a, and small ones."""

import subprocess
from pathlib import Path

import objects
from support import PLAIN, Bench, Linked, case, equal, expect, lines_with
from test_image import check_contents

LIBZ = Path("/usr/lib/x86_64-linux-gnu/libz.a")

USER = """
unsigned long crc32(unsigned long, const unsigned char *, unsigned);
unsigned long adler32(unsigned long, const unsigned char *, unsigned);
unsigned long sum(const unsigned char *p, unsigned n) { return crc32(0, p, n) ^ adler32(1, p, n); }
"""
DEFLATE = """
int compress(unsigned char *, unsigned long *, const unsigned char *, unsigned long);
int pack(unsigned char *to, unsigned long *n, const unsigned char *from) {
    return compress(to, n, from, 100);
}
"""
LIBC = "".join(f"{name} 0x{0x10000 + 16 * i:x}\n" for i, name in enumerate(
    ("memcpy", "memset", "malloc", "free", "__stack_chk_fail", "memchr", "strlen")))


def archive(bench: Bench, name: str, *members: str) -> None:
    subprocess.run(["ar", "rcsD", name, *members], cwd=bench.folder, check=True)


def member_names(linked: Linked) -> set[str]:
    return {name for name in linked.modules if "(" in name}


@case
def members_that_are_needed(bench: Bench) -> None:
    bench.compile("user.o", USER)
    linked = bench.link("--at", "0x400000", "user.o", LIBZ)
    equal(member_names(linked), {"libz.a(crc32.o)", "libz.a(adler32.o)"}, "members")
    equal(list(linked.modules)[0], "user", "first module")


@case
def members_that_members_need(bench: Bench) -> None:
    bench.compile("pack.o", DEFLATE)
    bench.write("exports", LIBC)
    linked = bench.link("--at", "0x400000", "--exports", "exports", "pack.o", LIBZ)
    wanted = {f"libz.a({name}.o)" for name in ("compress", "deflate", "trees", "zutil", "crc32",
                                               "adler32")}
    equal(member_names(linked), wanted, "members")


@case
def member_bytes(bench: Bench) -> None:
    bench.compile("user.o", USER)
    linked = bench.link("--at", "0x400000", "user.o", LIBZ)
    for name in ("crc32", "adler32"):
        subprocess.run(["ar", "x", str(LIBZ), f"{name}.o"], cwd=bench.folder, check=True)
        linked.modules[name] = linked.modules[f"libz.a({name}.o)"]
        expect(check_contents(bench, linked, name) > 1000, "hardly anything was compared")


@case
def order_does_not_matter(bench: Bench) -> None:
    bench.compile("user.o", USER)
    first = bench.link("--at", "0x400000", "user.o", LIBZ)
    second = bench.link("--at", "0x400000", LIBZ, "user.o")
    equal(member_names(second), member_names(first), "members")


@case
def blocks_of_archives(bench: Bench) -> None:
    bench.compile("user.o", USER)
    linked = bench.link("--at", "0x400000", "user.o", "--at", "0x800000", LIBZ)
    for name in member_names(linked):
        text = int(linked.sections(name)[".text"]["address"], 16)
        expect(0x800000 <= text < 0x900000, f"{name} at 0x{text:x}")


@case
def nothing_needed(bench: Bench) -> None:
    bench.compile("a.o", "int a = 1;")
    equal(set(bench.link("--at", "0x400000", "a.o", LIBZ).modules), {"a"}, "modules")


@case
def names_that_members_miss(bench: Bench) -> None:
    bench.compile("pack.o", DEFLATE)
    result = bench.elfin("link", "--at", "0x400000", "pack.o", LIBZ, status=1)
    missing = set()
    for name in ("compress", "deflate", "trees", "zutil", "crc32", "adler32"):
        subprocess.run(["ar", "x", str(LIBZ), f"{name}.o"], cwd=bench.folder, check=True)
        missing |= {symbol.name for symbol in objects.symbols(bench.folder / f"{name}.o")
                    if not symbol.defined and symbol.name in LIBC}
    expect(len(missing) >= 3, f"only {missing} would be missing")
    for name in missing:
        expect(lines_with(result.err, "libz.a(", name), f"{name} in {result.err}")


@case
def small_archives(bench: Bench) -> None:
    bench.compile("user.o", "extern int deep(void); int f(void) { return deep(); }")
    bench.compile("deep.o", "extern int deeper; int deep(void) { return deeper; }")
    bench.compile("a_member_with_a_long_name.o", "int deeper = 7;")
    bench.compile("unused.o", "int unused = 8;")
    archive(bench, "lib.a", "unused.o", "a_member_with_a_long_name.o", "deep.o")
    linked = bench.link("--at", "0x400000", "user.o", "lib.a")
    equal(set(linked.modules), {"user", "lib.a(deep.o)", "lib.a(a_member_with_a_long_name.o)"},
          "modules")
    equal(linked.read(linked.symbol("lib.a(a_member_with_a_long_name.o)", "deeper"), 4),
          (7).to_bytes(4, "little"), "deeper")


@case
def empty_and_damaged(bench: Bench) -> None:
    bench.compile("a.o", "int a = 1;")
    bench.compile("user.o", "extern int a; int f(void) { return a; }")
    archive(bench, "lib.a", "a.o")
    bench.write("empty.a", b"!<arch>\n")
    bench.elfin("link", "--at", "0x400000", "a.o", "empty.a")
    bench.elfin("inspect", "empty.a")
    whole = (bench.folder / "lib.a").read_bytes()
    bench.write("short.a", whole[:len(whole) - 100])
    for words in (["link", "--at", "0x400000", "user.o"], ["check", "user.o"], ["inspect"]):
        result = bench.elfin(*words, "short.a", status=1)
        expect("short.a" in result.err, result.err)


@case
def inspect_each_member(bench: Bench) -> None:
    names = subprocess.run(["ar", "t", str(LIBZ)], check=True, text=True,
                           capture_output=True).stdout.split()
    out = bench.elfin("inspect", LIBZ).out
    for name in names:
        expect(lines_with(out, f"({name})", "module"), f"{name} is not shown")
    bench.compile("a.o", "int a = 1;", PLAIN)
    expect(lines_with(bench.elfin("inspect", "a.o", LIBZ).out, "a.o: module a"), "a.o is not shown")
