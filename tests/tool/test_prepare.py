# SPDX-License-Identifier: MIT
"""elfin prepare: images do what their objects do, under every command."""

import json

from support import Bench, PIC, case, equal, expect

SOURCE = """
extern int wanted(int); extern char data[]; static int own(int x) { return x + 1; }
int (*table[])(int) = { own, wanted }; char *p = data; int common;
int f(int x) { return table[x & 1](x) + wanted(x) + common; }
"""
EXPORTS = "wanted 0x10000\ndata 0x20000\n"


@case
def an_image_links_to_the_same_bytes(bench: Bench) -> None:
    bench.compile("a.o", SOURCE)
    bench.compile("b.o", SOURCE, PIC)
    bench.write("exports", EXPORTS)
    for name in ("a", "b"):
        bench.elfin("prepare", f"{name}.o", "-o", f"{name}.img", "--no-unwind")
        for at in ("0x400000", "0x7f000000"):
            made = []
            for file in (f"{name}.o", f"{name}.img"):
                bench.elfin("link", "--at", at, "--exports", "exports", "--image", "out", "--map",
                            "map.json", file)
                places = json.loads((bench.folder / "map.json").read_text())
                for module in places["modules"]:
                    module.pop("file")
                made.append(((bench.folder / "out").read_bytes(), places))
            equal(made[0][0], made[1][0], f"{name} at {at}")
            equal(made[0][1], made[1][1], f"map of {name} at {at}")


@case
def the_module_has_the_name_of_the_object(bench: Bench) -> None:
    bench.compile("dir.a.o", SOURCE)
    bench.elfin("prepare", "-o", "other.img", "dir.a.o")
    found = json.loads(bench.elfin("inspect", "--json", "other.img").out)["objects"][0]
    equal(found["name"], "dir.a", "name")
    equal(found["kind"], "image", "kind")
    bench.elfin("prepare", "dir.a.o", "--output", "other.img", "--name", "mine")
    found = json.loads(bench.elfin("inspect", "--json", "other.img").out)["objects"][0]
    equal(found["name"], "mine", "name")


@case
def check_tells_what_is_overridden(bench: Bench) -> None:
    bench.compile("a.o", "__attribute__((weak, noinline)) int f(void) { return 1; } int g(void) { return f(); }")
    bench.compile("b.o", "int f(void) { return 2; }")
    bench.elfin("prepare", "a.o", "-o", "a.img")
    bench.elfin("check", "a.o", "b.o")
    result = bench.elfin("check", "a.img", "b.o", status=1)
    expect("symbol f" in result.err and "b.o" in result.err, result.err)


@case
def what_cannot_be_prepared(bench: Bench) -> None:
    bench.compile("a.o", SOURCE)
    bench.elfin("prepare", "a.o", "-o", "a.img")
    for words in (["a.img", "-o", "b.img"], ["none.o", "-o", "b.img"]):
        bench.elfin("prepare", *words, status=1)
        expect(not (bench.folder / "b.img").exists(), f"{words} wrote something")
    for words in (["a.o"], ["-o", "b.img"], ["a.o", "a.o", "-o", "b.img"], ["a.o", "-o"],
                  ["a.o", "-o", "b.img", "--page-size", "3000"],
                  ["a.o", "-o", "b.img", "--page-size", "8k"], ["a.o", "-o", "b.img", "--name", ""]):
        bench.elfin("prepare", *words, status=2)


@case
def pages_of_hosts(bench: Bench) -> None:
    bench.compile("a.o", SOURCE)
    bench.write("exports", EXPORTS)
    bench.elfin("prepare", "a.o", "-o", "large.img", "--page-size", "0x4000", "--free-init")
    bench.elfin("prepare", "a.o", "-o", "small.img", "--page-size", "1024")
    bench.elfin("check", "--exports", "exports", "large.img")
    result = bench.elfin("check", "--exports", "exports", "small.img", status=1)
    expect("pages" in result.err, result.err)


@case
def a_damaged_image_is_refused(bench: Bench) -> None:
    bench.compile("a.o", SOURCE)
    bench.elfin("prepare", "a.o", "-o", "a.img")
    whole = (bench.folder / "a.img").read_bytes()
    for at in (8, 100, 600, len(whole) - 1):
        bench.write("bad.img", whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
        result = bench.elfin("inspect", "bad.img", status=1)
        expect("image" in result.err, result.err)
    bench.write("bad.img", whole[:-1])
    expect("cut off" in bench.elfin("inspect", "bad.img", status=1).err, "a byte is missing")
