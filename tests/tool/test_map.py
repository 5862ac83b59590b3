# SPDX-License-Identifier: MIT
"""The map against its contract, and against what pyelftools sees in the objects."""

import json
import re

import objects
from support import PIC, PLAIN, Bench, Linked, case, equal, expect

MIXED = """
extern int other(int);
extern char table[];
int data = 5;
int zero[1000];
const char text[] = "constant";
static int local = 7;
int *pointer = &local;
__attribute__((weak)) int weak(void) { return local + 1; }
int strong(int n) { return other(n) + table[n] + zero[n] + weak(); }
"""
OTHER = "int other(int n) { return n + 1; } char table[64] = {1, 2, 3}; int common_user;"


def link_pair(bench: Bench, flags: list[str]) -> Linked:
    bench.compile("mixed.o", MIXED, flags)
    bench.compile("other.o", OTHER, flags)
    return bench.link("--at", "0x400000", "mixed.o", "other.o")


def check_address(text: object) -> None:
    expect(isinstance(text, str) and re.fullmatch(r"0x(0|[1-9a-f][0-9a-f]*)", text), repr(text))


def check_sections(sections: list[dict], keys: list[str]) -> None:
    for section in sections:
        equal(list(section), keys, "keys of a section")
        check_address(section["address"])
        expect(isinstance(section["size"], int), "size")
        expect(isinstance(section["image_offset"], (int, type(None))), "image_offset")


@case
def shape(bench: Bench) -> None:
    for flags in (PLAIN, PIC, PIC + ["-mcmodel=large"]):
        tree = link_pair(bench, flags).tree
        equal(list(tree), ["modules"], "keys")
        for module in tree["modules"]:
            equal(list(module), ["name", "file", "got_base", "sections", "synthetic", "symbols",
                                 "indirect"], "keys of a module")
            if module["got_base"] is not None:
                check_address(module["got_base"])
            check_sections(module["sections"], ["index", "name", "address", "size", "image_offset"])
            check_sections(module["synthetic"], ["name", "address", "size", "image_offset"])
            for symbol in module["symbols"]:
                equal(list(symbol), ["name", "address"], "keys of a symbol")
                check_address(symbol["address"])


@case
def names_and_files(bench: Bench) -> None:
    bench.compile("m0.tiny.o", "int a;")
    bench.compile("plain.o", "int b;").rename(bench.folder / "plain")
    bench.compile("c.o", "int c;")
    tree = bench.link("--at", "0x1000", "m0.tiny.o", "plain", "./c.o").tree
    equal([(module["name"], module["file"]) for module in tree["modules"]],
          [("m0.tiny", "m0.tiny.o"), ("plain", "plain"), ("c", "./c.o")], "names and files")


@case
def every_allocated_section(bench: Bench) -> None:
    linked = link_pair(bench, PLAIN)
    for module in ("mixed", "other"):
        listed = {entry["index"]: entry for entry in linked.modules[module]["sections"]}
        wanted = objects.sections(bench.folder / f"{module}.o")
        equal(sorted(listed), sorted(section.index for section in wanted), "indices")
        for section in wanted:
            entry = listed[section.index]
            equal((entry["name"], entry["size"]), (section.name, section.size), "name and size")
            equal(int(entry["address"], 16) % section.align, 0, f"{section.name}: alignment")


@case
def comdat_losers_are_left_out(bench: Bench) -> None:
    source = """.section .text.shared,"axG",@progbits,shared,comdat
.weak shared
shared: ret
.data
.globl {name}
{name}: .quad shared
"""
    for name in ("first", "second"):
        bench.compile(f"{name}.s.o", source.format(name=name))
    linked = bench.link("--at", "0x400000", "first.s.o", "second.s.o")
    expect(".text.shared" in linked.sections("first.s"), "the winner is not listed")
    expect(".text.shared" not in linked.sections("second.s"), "the loser is listed")
    equal(linked.quad("second.s", "second"), linked.symbol("first.s", "shared"), "reference")


@case
def global_weak_and_common_symbols(bench: Bench) -> None:
    bench.compile("mixed.o", MIXED)
    bench.compile("other.o", OTHER, PLAIN + ["-fcommon"])
    linked = bench.link("--at", "0x400000", "mixed.o", "other.o")
    for module in ("mixed", "other"):
        entry = linked.modules[module]
        places = {section["index"]: int(section["address"], 16) for section in entry["sections"]}
        listed = {symbol["name"]: int(symbol["address"], 16) for symbol in entry["symbols"]}
        wanted = [symbol for symbol in objects.symbols(bench.folder / f"{module}.o")
                  if symbol.defined]
        equal(sorted(listed), sorted(symbol.name for symbol in wanted), "symbols")
        for symbol in wanted:
            if isinstance(symbol.section, int):
                equal(listed[symbol.name], places[symbol.section] + symbol.value, symbol.name)


@case
def common_is_synthetic(bench: Bench) -> None:
    bench.compile("a.o", "int shared[10]; char one;", PLAIN + ["-fcommon"])
    linked = bench.link("--at", "0x400000", "a.o")
    common = linked.sections("a")["COMMON"]
    equal(common["image_offset"], None, "image_offset")
    for name, size in (("shared", 40), ("one", 1)):
        offset = linked.symbol("a", name) - int(common["address"], 16)
        expect(0 <= offset and offset + size <= common["size"], f"{name} lies outside of COMMON")


@case
def base_of_the_got(bench: Bench) -> None:
    bench.compile("a.o", "int a; int f(void) { return a; }")
    bench.compile("b.o", "static int b[9]; int *g(int n) { return &b[n]; }",
                  PIC + ["-mcmodel=large"])
    linked = bench.link("--at", "0x400000", "a.o", "b.o")
    equal(linked.modules["a"]["got_base"], None, "without a GOT")
    expect(linked.modules["b"]["got_base"] is not None, "with a GOT")


INDIRECT = """
int two(void) { return 2; }
static volatile int feature = 1;
static int (*choose(void))(void) { return feature ? two : 0; }
int chosen(void) __attribute__((ifunc("choose")));
static int own(void) __attribute__((ifunc("choose")));
int (*const pointer)(void) = chosen, (*const another)(void) = own;
"""


@case
def indirect_functions(bench: Bench) -> None:
    bench.compile("a.o", INDIRECT, PIC)
    bench.compile("b.o", "int chosen(void); int (*user)(void) = chosen;", PIC)
    linked = bench.link("--at", "0x400000", "a.o", "b.o")
    listed = {entry["name"]: entry for entry in linked.modules["a"]["indirect"]}
    equal(sorted(listed), ["chosen", "own"], "names")
    equal(linked.modules["b"]["indirect"], [], "of the other module")
    for name, pointer in (("chosen", "pointer"), ("own", "another")):
        entry = listed[name]
        equal(list(entry), ["name", "address", "slot", "resolver"], "keys")
        address, slot = int(entry["address"], 16), int(entry["slot"], 16)
        equal(linked.quad("a", pointer), address, "pointer")
        equal(linked.read(slot, 8), bytes(8), "slot")
        jump = b"\xff\x25" + (slot - address - 6).to_bytes(4, "little")
        equal(linked.read(address, 6), jump, "stub")
    equal(linked.quad("b", "user"), linked.symbol("a", "chosen"), "pointer of the other module")
    equal(listed["own"]["resolver"], listed["chosen"]["resolver"], "resolver")
    equal(linked.result.out, "".join(
        f"a: indirect function {name}: slot {listed[name]['slot']} is 0, "
        f"resolver {listed[name]['resolver']}\n" for name in (e["name"] for e in
                                                              linked.modules["a"]["indirect"])),
          "standard output")


@case
def thread_local_storage(bench: Bench) -> None:
    bench.compile("a.o", "__thread long first = 7; __thread char zero[50];"
                         "long *f(void) { return &first; }", PIC)
    # Its bytes lie behind the image of a, where the label of a's .tbss is: they are not of .tbss.
    bench.compile("b.o", "int data[9] = { 1 }; int g(void) { return data[0]; }", PIC)
    linked = bench.link("--at", "0x400000", "a.o", "b.o")
    module = linked.modules["a"]
    tls = module["tls"]
    equal(list(tls), ["offset", "size", "align", "image", "image_size"], "keys")
    equal((tls["size"], tls["image_size"], tls["offset"]), (66, 8, -80), "block")
    expect("tls" not in linked.modules["b"], "of a module without")
    image = int(tls["image"], 16)
    equal(linked.read(image, 8), (7).to_bytes(8, "little"), "image")
    sections = linked.sections("a")
    equal(sections[".tdata"]["tls_offset"], -80, ".tdata")
    equal(int(sections[".tdata"]["address"], 16), image, ".tdata")
    equal(sections[".tbss"]["image_offset"], None, ".tbss")
    for symbol in module["symbols"]:
        if symbol["name"] == "f":
            expect("tls_offset" not in symbol, "a function")
        else:
            equal(int(symbol["address"], 16) - image, symbol["tls_offset"] + 80, symbol["name"])
    load = bytes.fromhex("64488b042500000000488d80") + (-80 & 0xFFFFFFFF).to_bytes(4, "little")
    code = linked.read(linked.symbol("a", "f"), sections[".text"]["size"])
    expect(load in code, code.hex(" "))


@case
def zero_filled_memory(bench: Bench) -> None:
    bench.compile("a.o", "int zero[10000]; int data[4] = {1};")
    linked = bench.link("--at", "0x400000", "a.o")
    equal(linked.sections("a")[".bss"]["image_offset"], None, ".bss")
    expect(linked.sections("a")[".data"]["image_offset"] is not None, ".data")
    expect(len(linked.image) < 40000, f"the image has {len(linked.image)} bytes")


@case
def names_that_json_must_escape(bench: Bench) -> None:
    names = [b'quo"te', b"back\\slash", b"tab\there", "\u00e4\u20ac\U0001f600".encode(), b"\x7f"]
    wanted = [name.decode() for name in names]
    damaged = {b"\xff\xfe": "\u00ff\u00fe", b"a\xc3": "a\u00c3",
               b"\xed\xa0\x80": "\u00ed\u00a0\u0080",
               b"\xc0\xaf": "\u00c0\u00af", b"\xf4\x90\x80\x80": "\u00f4\u0090\u0080\u0080"}
    source = ".data\n" + "".join(f".globl victim{i:04}\nvictim{i:04}: .quad {i}\n"
                                 for i in range(len(names) + len(damaged)))
    path = bench.compile("names.s.o", source)
    content = path.read_bytes()
    for i, name in enumerate(names + list(damaged)):
        old = f"victim{i:04}\0".encode()
        expect(content.count(old) == 1 and len(name) < len(old), "the object is not as expected")
        content = content.replace(old, name + b"\0" * (len(old) - len(name)))
    path.write_bytes(content)
    text = bench.link("--at", "0x400000", "names.s.o") and (bench.folder / "map.json").read_bytes()
    tree = json.loads(text.decode("utf-8", errors="strict"))
    listed = [symbol["name"] for symbol in tree["modules"][0]["symbols"]]
    equal(sorted(listed), sorted(wanted + list(damaged.values())), "names")
