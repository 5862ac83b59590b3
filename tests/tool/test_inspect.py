# SPDX-License-Identifier: MIT
"""What elfin inspect says, against what pyelftools sees."""

import json
from collections import Counter
from pathlib import Path

import objects
from elftools.elf.enums import ENUM_RELOC_TYPE_x64
from support import PIC, PLAIN, ROOT, Bench, case, equal, expect, lines_with
from test_map import MIXED

TYPE_NAMES = {number: name for name, number in ENUM_RELOC_TYPE_x64.items()
              if isinstance(number, int)}


def inspect(bench: Bench, *files: object, status: int = 0) -> list[dict]:
    tree = json.loads(bench.elfin("inspect", "--json", *files, status=status).out)
    equal(list(tree), ["objects"], "keys")
    return tree["objects"]


def compare(found: dict, path: Path) -> None:
    wanted = objects.sections(path)
    equal(sorted((entry["index"], entry["name"], entry["size"]) for entry in found["sections"]),
          sorted((section.index, section.name, section.size) for section in wanted), "sections")
    types = Counter(TYPE_NAMES[number] for section in wanted for number in section.types)
    equal(found["relocation_types"], dict(types), "relocation types")
    equal(found["relocations"], sum(types.values()), "relocations")
    symbols = [symbol for symbol in objects.symbols(path) if symbol.name != "_GLOBAL_OFFSET_TABLE_"]
    for key, defined in (("definitions", True), ("imports", False)):
        equal(sorted((entry["name"], entry["weak"]) for entry in found[key]),
              sorted((symbol.name, symbol.weak) for symbol in symbols if symbol.defined == defined),
              key)


@case
def against_pyelftools(bench: Bench) -> None:
    for name, flags in (("plain", PLAIN), ("pic", PIC), ("large", PLAIN + ["-mcmodel=large"])):
        path = bench.compile(f"{name}.o", MIXED, flags)
        found = inspect(bench, path.name)
        equal(len(found), 1, "objects")
        equal((found[0]["file"], found[0]["name"]), (path.name, name), "file and name")
        compare(found[0], path)


@case
def thread_local_storage(bench: Bench) -> None:
    bench.compile("a.o", "__thread int data = 1; __thread char zero[100]"
                         " __attribute__((aligned(32))); int f(void) { return data; }", PIC)
    found = inspect(bench, "a.o")[0]
    equal((found["tls_size"], found["tls_align"]), (132, 32), "size and alignment")
    equal(found["part_sizes"]["rodata"] % 100, found["part_sizes"]["rodata"], ".tbss is no memory")
    text = bench.elfin("inspect", "a.o").out
    expect("thread-local storage: 132 bytes, aligned to 32" in text, text)


@case
def sections_by_part(bench: Bench) -> None:
    bench.compile("a.o", "int data = 1, zero[100]; const int constant = 2;"
                         "int f(void) { return 3; } void g(void);"
                         "void (*const relro)(void) = g;", PIC)
    found = inspect(bench, "a.o")[0]
    parts = {entry["name"]: entry["part"] for entry in found["sections"]}
    want = {".text": "text", ".data": "data", ".bss": "data", ".rodata": "rodata",
            ".data.rel.ro": "relro"}
    equal({name: parts.get(name) for name in want}, want, "parts")
    equal(sorted(found["part_sizes"]), sorted(["text", "rodata", "relro", "data", "init-text",
                                               "init-data"]), "part sizes")
    expect(found["part_sizes"]["data"] >= 404, "size of data")
    text = bench.elfin("inspect", "a.o").out
    lines = [line.strip() for line in text.splitlines()]
    order = [next(i for i, line in enumerate(lines) if line.startswith(part))
             for part in ("text: ", "rodata: ", "relro: ", "data: ")]
    equal(order, sorted(order), "order of parts")
    for name in want:
        expect(any(line.split()[-1] == name for line in lines if line), f"{name} is not shown")


def demands(bench: Bench, source: str, flags: list[str]) -> dict[str, dict]:
    bench.compile("a.o", source, flags)
    return {entry["demand"]: entry for entry in inspect(bench, "a.o")[0]["demands"]}


@case
def no_demands(bench: Bench) -> None:
    source = "extern int there; int f(void) { return there; } int *g(void) { return &there; }"
    for flags in (PIC, PLAIN + ["-mcmodel=large"]):
        equal(demands(bench, source, flags), {}, f"demands with {flags[-1]}")
    expect("anywhere" in bench.elfin("inspect", "a.o").out, "the text does not say so")


@case
def demands_and_their_switches(bench: Bench) -> None:
    """Each demand is named with its reason, and the switch that is named really lifts it."""
    for name, source, flags, relocation, lift in (
            ("low-4g", "extern int x; int *f(void) { return &x; }", [], "R_X86_64_32", "-fpie"),
            ("low-or-top-2g", "extern int x[]; int f(long n) { return x[n]; }", [], "R_X86_64_32S",
             "-mcmodel=large"),
            ("near-imports", "extern int x; int f(void) { return x; }", ["-fpie"], "R_X86_64_PC32",
             "-fPIC")):
        found = demands(bench, source, PLAIN + flags)
        expect(name in found, f"{name} is not among {list(found)}")
        entry = found[name]
        equal((entry["section"], entry["relocation"], entry["symbol"]), (".text", relocation, "x"),
              "reason")
        expect(lift in entry["switch"], f"{lift} is not in {entry['switch']}")
        text = bench.elfin("inspect", "a.o").out
        expect(lines_with(text, "first: .text+0x", relocation, "x"), text)
        expect(lines_with(text, "switch: ", lift), text)
        expect(name not in demands(bench, source, PLAIN + [lift]), f"{lift} does not lift {name}")


@case
def switches_for_direct_access(bench: Bench) -> None:
    source = "extern int x; int f(void) { return x; }"
    text = demands(bench, source, PLAIN + ["-fpie"])["near-imports"]["switch"]
    for compiler, switch in (("gcc", "-mno-direct-extern-access"),
                             ("clang-14", "-fno-direct-access-external-data")):
        expect(switch in text, f"{switch} is not in {text}")
        bench.compile("a.o", source, PLAIN + ["-fpie", switch], compiler)
        equal(inspect(bench, "a.o")[0]["demands"], [], f"demands with {switch}")


@case
def tiny_fields(bench: Bench) -> None:
    bench.compile("a.s.o", ".data\n.globl x\nx: .byte y\n .short y\n .quad y\n", [])
    equal([entry["demand"] for entry in inspect(bench, "a.s.o")[0]["demands"]], ["tiny"], "demands")


REACH_SOURCE = """extern int there; static int own[100];
int f(int n) { return own[n] + there; }
int *g(void) { return own; }"""


@case
def reach_in_words_and_numbers(bench: Bench) -> None:
    """The ends are exact: one page further, linking is refused with the relocation that is named."""
    exports = bench.write("near", "there 0x1000\n")
    for flags, words in (([], ("low 2 GiB",)), (["-mcmodel=kernel"], ("low 2 GiB", "top 2 GiB")),
                         (["-fpie"], ("anywhere",))):
        bench.compile("a.o", REACH_SOURCE, PLAIN + flags)
        found = inspect(bench, "a.o")[0]
        text = bench.elfin("inspect", "a.o").out
        equal(len(found["reach"]), len(words), "ranges")
        equal(found["near"], ["there"], "near")
        expect(lines_with(text, "within 2 GiB of there"), text)
        for word, place in zip(words, found["reach"]):
            expect(lines_with(text, word), text)
            high = place["high_reason"]
            if high is None:
                continue
            expect(high["relocation"] in ("R_X86_64_32", "R_X86_64_32S"), str(high))
            expect(lines_with(text, word, f"because of {high['relocation']} at "
                                          f"{high['section']}+0x{high['place']:x}", high["switch"],
                              "lifts this"), text)
            base = int(place["high"], 16)
            bench.link("--at", hex(base), "--exports", exports, "a.o")
            refused = bench.elfin("link", "--at", hex(base + 4096), "--exports", exports, "a.o",
                                  status=1)
            expect(lines_with(refused.err, high["relocation"], f"+0x{high['place']:x}"),
                   refused.err)


@case
def nowhere(bench: Bench) -> None:
    """Two fields that no address satisfies: both are told, and so is inspect's reach."""
    bench.compile("a.s.o", ".text\n.globl f\nf: nop\n .reloc ., R_X86_64_8, f\n .byte 0\n"
                           " .reloc ., R_X86_64_32, f-1\n .long 0\n", [])
    equal(inspect(bench, "a.s.o")[0]["reach"], [], "reach")
    expect(lines_with(bench.elfin("inspect", "a.s.o").out, "reach: nowhere"), "words")
    refused = bench.elfin("check", "a.s.o", status=1)
    for relocation in ("R_X86_64_8", "R_X86_64_32"):
        expect(lines_with(refused.err, relocation, "f", "allowed "), refused.err)


@case
def room_is_an_upper_bound(bench: Bench) -> None:
    bench.compile("a.o", "extern int v, w; extern void g(void), h(void);"
                         "int f(void) { g(); h(); g(); return v + w + v; }", PIC)
    found = inspect(bench, "a.o")[0]
    expect(found["slots"] >= 2 and found["stubs"] >= 2, f"{found['slots']}, {found['stubs']}")
    bench.write("exports", "".join(f"{name} 0x{at}\n" for name, at in
                                   (("v", "100000000000"), ("w", "200000000000"),
                                    ("g", "300000000000"), ("h", "400000000000"))))
    linked = bench.link("--at", "0x700000000000", "--exports", "exports", "a.o")
    made = linked.sections("a")
    expect(made[".got"]["size"] <= 8 * found["slots"], "more slots than announced")
    expect(made[".plt"]["size"] > 0, "no stub for a far call")


@case
def weak_and_not_exported(bench: Bench) -> None:
    bench.compile("a.o", "__attribute__((weak)) int w = 1; __attribute__((visibility(\"hidden\")))"
                         "int hidden = 2; int shown = 3; extern int maybe __attribute__((weak));"
                         "int *p = &maybe;")
    found = inspect(bench, "a.o")[0]
    equal({entry["name"]: (entry["weak"], entry["exported"]) for entry in found["definitions"]},
          {"w": (True, True), "hidden": (False, False), "shown": (False, True), "p": (False, True)},
          "definitions")
    equal(found["imports"], [{"name": "maybe", "weak": True}], "imports")
    text = bench.elfin("inspect", "a.o").out
    for line in ("    w (weak)", "    hidden (not exported)", "    shown", "    maybe (weak)"):
        expect(line in text.splitlines(), f"{line!r} in {text}")


@case
def needs_of_an_object(bench: Bench) -> None:
    bench.compile("a.o", '#include <elfin/module.h>\nELFIN_NEEDS("one"); ELFIN_NEEDS("other");'
                         "int x = 1;", PLAIN + ["-I", str(ROOT / "include")])
    equal(sorted(inspect(bench, "a.o")[0]["needs"]), ["one", "other"], "needs")
    expect(lines_with(bench.elfin("inspect", "a.o").out, "  needs: ", "one", "other"), "words")


@case
def broken_files_among_good_ones(bench: Bench) -> None:
    bench.compile("a.o", "int a = 1;")
    bench.write("junk.o", "this is no object, but it is long enough to have had a chance" * 3)
    bench.write("empty.o", "")
    found = inspect(bench, "junk.o", "a.o", "empty.o", status=1)
    equal([entry["file"] for entry in found], ["junk.o", "a.o", "empty.o"], "files")
    equal(["error" in entry for entry in found], [True, False, True], "errors")
    result = bench.elfin("inspect", "junk.o", "a.o", "empty.o", status=1)
    expect("a.o: module a" in result.out, "the good one is not shown")
    for name in ("junk.o", "empty.o"):
        expect(lines_with(result.err, name), f"{name} in {result.err}")


@case
def names_cannot_command_the_terminal(bench: Bench) -> None:
    path = bench.compile("a.o", "extern int victim__; int *p = &victim__;")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"victim__", b"v\x1b[3m\n\rx"))
    for words in (["inspect"], ["check"], ["link", "--at", "0x400000"]):
        result = bench.elfin(*words, "a.o", status=None)
        expect("\x1b" not in result.out + result.err, "an escape got through")
        expect("[3m" in result.out + result.err, "the name is not shown at all")
    expect("\\x1b[3m\\x0a\\x0dx" in bench.elfin("inspect", "a.o").out, "not the escaped name")
