# SPDX-License-Identifier: MIT
"""Where things are put: --at once, many times, not at all, and where it cannot be."""

from support import PIC, PLAIN, Bench, Linked, case, equal, expect, lines_with


def span(linked: Linked, module: str) -> tuple[int, int]:
    """Lowest address and end of what has a size."""
    entries = [section for section in linked.sections(module).values() if section["size"] > 0]
    return (min(int(entry["address"], 16) for entry in entries),
            max(int(entry["address"], 16) + entry["size"] for entry in entries))


def three(bench: Bench) -> None:
    for name in "abc":
        source = f"int {name}_data = 1; int {name}(void) {{ return {name}_data; }}"
        bench.compile(f"{name}.o", source, PIC)


@case
def first_part_begins_at_the_address(bench: Bench) -> None:
    three(bench)
    for at in (0x1000, 0x400000, 0x7fff0000, 0x100000000, 0x7ffffffff000, 0xffff800000000000,
               0xffffffff80000000, 0xffffffffffff0000):
        linked = bench.link("--at", hex(at), "a.o")
        equal(int(linked.sections("a")[".text"]["address"], 16), at, ".text")
        equal(span(linked, "a")[0], at, "lowest address")


@case
def holds_for_the_files_after_it(bench: Bench) -> None:
    three(bench)
    linked = bench.link("--at", "0x400000", "a.o", "b.o", "--at", "0x8000000", "c.o")
    first, second, third = (span(linked, name) for name in "abc")
    expect(min(first[0], second[0]) == 0x400000, "the first block begins at its address")
    expect(max(first[1], second[1]) < 0x480000, "the first two lie together")
    equal(third[0], 0x8000000, "the second block")


@case
def blocks_in_any_order(bench: Bench) -> None:
    three(bench)
    linked = bench.link("--at", "0x900000", "a.o", "--at", "0x100000", "b.o",
                        "--at", "0x500000", "c.o")
    equal([span(linked, name)[0] for name in "abc"], [0x900000, 0x100000, 0x500000], "addresses")


@case
def files_before_any_address(bench: Bench) -> None:
    three(bench)
    linked = bench.link("a.o", "b.o", "--at", "0x400000", "c.o")
    equal(span(linked, "c")[0], 0x400000, "the block with an address")
    for name in "ab":
        low, high = span(linked, name)
        expect(high <= 0x400000 or low >= span(linked, "c")[1], f"{name} overlaps the block of c")
        expect(low > 0, "something lies at address 0")


@case
def low_objects_without_address(bench: Bench) -> None:
    """The library's limits reach the host: absolute fields want low memory."""
    bench.compile("a.o", "int x; int f(int n) { return (&x)[n]; } int *g(void) { return &x; }")
    expect(span(bench.link("a.o"), "a")[1] < 1 << 31, "not in the lowest 2 GiB")


@case
def near_the_exports_without_address(bench: Bench) -> None:
    bench.compile("a.o", "extern int there; int f(void) { return there; }", PLAIN + ["-fpie"])
    bench.compile("b.o", "extern int there; int *g(void) { return &there; }", PLAIN + ["-fpie"])
    for address in (0x123400000000, 0xffff888000000000):
        bench.write("exports", f"there 0x{address:x}\n")
        linked = bench.link("--exports", "exports", "a.o", "b.o")
        for name in "ab":
            low, high = span(linked, name)
            expect(max(abs(low - address), abs(high - address)) <= 1 << 31, f"{name} is far away")


@case
def wherever_it_lies_it_reaches(bench: Bench) -> None:
    """The reach that the library asks for leaves room for addends and the size of the module."""
    bench.compile("a.o", "extern int there[]; int f(void) { return there[5000]; } char zero[9000];"
                         "int g(void) { return there[-5000]; }", PLAIN + ["-fpie"])
    bench.write("exports", "there 0x123400000000\n")
    bench.link("--exports", "exports", "a.o")


@case
def blocks_that_overlap(bench: Bench) -> None:
    three(bench)
    result = bench.elfin("link", "--at", "0x400000", "a.o", "--at", "0x400000", "b.o", status=1)
    expect(lines_with(result.err, "another block", "0x400000-0x"), result.err)


@case
def end_of_the_address_space(bench: Bench) -> None:
    bench.compile("a.o", "int data = 1; char zero[100000]; int f(void) { return data; }", PIC)
    result = bench.elfin("link", "--at", "0xfffffffffffff000", "a.o", status=1)
    expect("a.o" in result.err, result.err)


@case
def every_unreachable_fixup_is_listed(bench: Bench) -> None:
    bench.compile("a.o", "extern int one, two; int x; int *f(int n) { return n ? &one : &x; }"
                         "int g(int n) { return (&two)[n]; }")
    bench.write("exports", "one 0x500000000000\ntwo 0x600000000000\n")
    result = bench.elfin("link", "--at", "0x700000000000", "--exports", "exports",
                         "--image", "image", "a.o", status=1)
    for name in ("one", "two", "x"):
        expect(lines_with(result.err, "R_X86_64_", f"{name}"), f"{name} in {result.err}")
    equal(len(lines_with(result.err, "R_X86_64_")), 3, f"fixups\n{result.err}")
    expect(not (bench.folder / "image").exists(), "an image was written")


@case
def every_missing_name_is_listed(bench: Bench) -> None:
    bench.compile("a.o", "extern int n1(void), n2(void); int f(void) { return n1() + n2(); }")
    bench.compile("b.o", "extern int n2(void), n3; int g(void) { return n2() + n3; }")
    result = bench.elfin("link", "--at", "0x400000", "a.o", "b.o", status=1)
    for name in ("n1", "n2", "n3"):
        expect(lines_with(result.err, name), f"{name} in {result.err}")


@case
def weak_references_may_stay_unbound(bench: Bench) -> None:
    bench.compile("a.o", "extern int maybe __attribute__((weak)); int *p = &maybe;")
    equal(bench.link("--at", "0x400000", "a.o").quad("a", "p"), 0, "p")
