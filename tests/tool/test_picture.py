# SPDX-License-Identifier: MIT
"""elfin map: the text, the JSON and the SVG against the map that `elfin link` writes."""

import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree

from support import PIC, Bench, case, equal, expect, lines_with

SVG = "{http://www.w3.org/2000/svg}"

FAR = """
extern int there(int), kernel_data;
int here(int n) { return there(n) + there(n + 1) + kernel_data; }
int zero[3000];
"""
NEAR = "extern int here(int); int data[5] = {1}; int call(int n) { return here(n) + data[n]; }"
EXPORTS = "there 0xffffffff81000040\nkernel_data 0xffffffff81400000\n"


def far_pair(bench: Bench) -> list[str]:
    bench.compile("far.o", FAR, PIC)
    bench.compile("near.o", NEAR, PIC)
    bench.write("exports", EXPORTS)
    return ["--exports", "exports", "--at", "0x10000000000", "far.o", "near.o"]


def check_text(text: str) -> None:
    for line in text.splitlines():
        expect(len(line) <= 79 and all(" " <= c <= "~" for c in line), repr(line))


@case
def text_shows_every_section(bench: Bench) -> None:
    words = far_pair(bench)
    text = bench.elfin("map", *words).out
    check_text(text)
    linked = bench.link(*words)
    for module in ("far", "near"):
        for name, section in linked.sections(module).items():
            shown = lines_with(text, f"0x{int(section['address'], 16):012x} ", f" {section['size']} ",
                               f" {module} ")
            wanted = {".got": "slots used", ".plt": "stubs used"}.get(name, name)
            equal([wanted in line for line in shown], [True] * (section["size"] > 0),
                  f"{module} {name} in {text}")
    expect(lines_with(text, "above 4 GiB: modules"), text)
    expect(lines_with(text, "0xffffffff81000000", "exports"), text)


@case
def text_is_the_same_every_time(bench: Bench) -> None:
    words = far_pair(bench)
    equal(bench.elfin("map", *words).out, bench.elfin("map", *words).out, "text")


@case
def a_module_tells_why_it_needs_stubs(bench: Bench) -> None:
    words = far_pair(bench)
    text = bench.elfin("map", "--module", "far", *words).out
    check_text(text)
    # Addresses wrap, as the processor computes them: from low memory the kernel is below.
    expect(lines_with(text, " there ", "0xffffffff81000040", "exports", "-1.0 TiB", " stub"), text)
    slot = lines_with(text, " kernel_data ", "0xffffffff81400000")
    expect(slot and "stub" not in slot[0], text)
    near = bench.elfin("map", "--module", "near", *words).out
    expect(lines_with(near, "uses far"), near)
    result = bench.elfin("map", "--module", "nobody\x1b", *words, status=1)
    expect("no module nobody\\x1b" in result.err, result.err)


@case
def json_agrees_with_the_map(bench: Bench) -> None:
    words = far_pair(bench)
    tree = json.loads(bench.elfin("map", "--json", *words).out)
    equal(list(tree), ["memory", "blocks", "modules"], "keys")
    linked = bench.link(*words)
    wanted = sorted((int(section["address"], 16), section["size"], module, name)
                    for module in ("far", "near")
                    for name, section in linked.sections(module).items() if section["size"])
    got = [(int(item["address"], 16), item["size"], item["module"], item["name"])
           for block in tree["blocks"] for item in block["items"]]
    equal(got, wanted, "items")
    slots = {slot["symbol"]: slot for slot in tree["modules"][0]["slots"]}
    equal(linked.read(int(slots["there"]["address"], 16), 8),
          (0xffffffff81000040).to_bytes(8, "little"), "what the slot holds")
    equal(linked.read(int(slots["there"]["stub"], 16), 2), b"\xff\x25", "the stub")
    equal(slots["kernel_data"]["stub"], None, "no stub")
    for before, after in zip(tree["memory"], tree["memory"][1:]):
        expect(int(before["last"], 16) < int(after["first"], 16), "order")
    for block in tree["blocks"]:
        for part in block["parts"]:
            expect(0 < part["used"] <= part["size"] and part["size"] % 4096 == 0, str(part))


def boxes(root: ElementTree.Element, kind: str) -> list[tuple[float, float, str]]:
    return [(float(box.get("x")), float(box.get("width")), box.findtext(SVG + "title") or "")
            for box in root.iter(SVG + "rect") if kind in box.get("class", "").split()]


@case
def svg_is_to_scale(bench: Bench) -> None:
    words = far_pair(bench)
    equal(bench.elfin("map", "--svg", "out.svg", *words).out, "", "text")
    root = ElementTree.parse(bench.folder / "out.svg").getroot()
    items = boxes(root, "item")
    linked = bench.link(*words)
    for module in ("far", "near"):
        for name, section in linked.sections(module).items():
            size = section["size"]
            if size * 720 / 4096 < 1 or size > 4096:
                continue  # thinner than what is drawn, or in several rows
            tip = f"{module} {name} at 0x{int(section['address'], 16):x}, {size} bytes"
            found = [item for item in items if item[2].startswith(tip)]
            equal(len(found), 1, tip)
            left = int(section["address"], 16) % 4096 * 720 / 4096 + 160
            expect(abs(found[0][0] - left) < 0.1 and abs(found[0][1] - size * 720 / 4096) < 0.1,
                   f"{tip}: {found[0]}")
    rows = sum(item[2].startswith("far .bss ") for item in items)
    expect(rows in (3, 4), f".bss of 12000 bytes in {rows} rows")
    expect(any("stubs used" in item[2] for item in boxes(root, "stubs")), "no stubs")
    expect(any("slots used" in item[2] for item in boxes(root, "slots")), "no slots")
    height = float(root.get("height"))
    for box in root.iter(SVG + "rect"):
        if box.get("class"):
            expect(0 <= float(box.get("x")) and float(box.get("y")) + 14 <= height and
                   float(box.get("x")) + float(box.get("width")) <= float(root.get("width")),
                   str(box.attrib))


@case
def hostile_names(bench: Bench) -> None:
    """Names that would be markup, control characters or no characters at all."""
    evil = [b"<svg>&amp;", b"\x1b[2J\x07", b"\"'/>\n", b"\xff\xfe\x00", b"]]>\xed\xa0\x80"]
    for number, name in enumerate(evil):
        source = (".section victim_section,\"ax\"\n.globl victim_symbol\nvictim_symbol: "
                  "call there_victim@PLT\nret\nmov there_victim@GOTPCREL(%rip), %rax\n")
        path = bench.compile("evil.s.o", source)
        content = path.read_bytes()
        for old in (b"victim_section", b"there_victim"):
            at = content.index(old)
            filled = (name + b"\0" * len(old))[:len(old)]
            content = content[:at] + filled + content[at + len(old):]
        file = f"<&{number}>\x1b.o"
        bench.write(file, content)
        exported = name.split(b"\0")[0]
        if b"\n" in exported:
            continue  # no line of a table of exports can name it
        bench.write("exports", exported + b" 0xffffffff81000000\n")
        words = ["--exports", "exports", "--at", "0x400000", file]
        check_text(bench.elfin("map", *words).out)
        check_text(bench.elfin("map", "--module", f"<&{number}>\x1b", *words).out)
        json.loads(bench.elfin("map", "--json", *words).out)
        bench.elfin("map", "--svg", "out.svg", *words)
        text = (bench.folder / "out.svg").read_bytes()
        expect(all(byte in b"\n" or 32 <= byte < 127 for byte in text), "bytes of the SVG")
        root = ElementTree.fromstring(text)
        expect(any(f"<&{number}>?" in tip for _, _, tip in boxes(root, "item")),
               "the module's name")


@case
def many_modules_and_blocks(bench: Bench) -> None:
    """The text stays short, and the drawings well-formed."""
    first = bench.compile("m000.o", "int f000(void) { return 0; }").read_bytes()
    words = []
    for i in range(90):
        bench.write(f"m{i:03}.o", first.replace(b"f000", b"f%03d" % i))
        words += ["--at", hex(0x100000 + i * 0x10000), f"m{i:03}.o"]
    text = bench.elfin("map", *words).out
    check_text(text)
    expect(len(text.splitlines()) < 80, text)
    expect("blocks: 90, the largest:" in text, text)
    bench.elfin("map", "--svg", "out.svg", *words)
    root = ElementTree.parse(bench.folder / "out.svg").getroot()
    expect(any("and 26 more blocks" in (t.text or "") for t in root.iter(SVG + "text")), "the rest")
    files = [word for word in words if word.endswith(".o")]
    text = bench.elfin("map", *files).out
    check_text(text)
    expect(len(text.splitlines()) < 60 and "smaller modules" in text, text)


@case
def wrong_words(bench: Bench) -> None:
    bench.compile("a.o", "int a;")
    for words, reason in ((["map"], "no file to map"), (["map", "--at", "5", "a.o"], "multiple"),
                          (["map", "a.o", "--at", "0x1000"], "there is none"),
                          (["map", "--json", "--module", "a", "a.o"], "--module is for text"),
                          (["map", "--svg"], "needs a value")):
        result = bench.elfin(*words, status=2)
        expect(reason in result.err and re.search("elfin help map", result.err), result.err)
    result = bench.elfin("map", "--svg", "/nowhere/out.svg", "a.o", status=1)
    expect("cannot write" in result.err, result.err)
    bench.compile("b.o", "extern int m; int *b = &m;")
    result = bench.elfin("map", "b.o", status=1)
    expect(result.out == "" and "exported by nobody" in result.err, result.err + result.out)


@case
def programs_and_shared_objects(bench: Bench) -> None:
    """Their blocks have segments instead of parts; what is drawn is what link says is there."""
    bench.compile("p.o", "int x[2000] = {1}; const char s[] = \"abc\"; int *p = x;"
                         "int _start(void) { return x[3] + s[1]; }", PIC)
    subprocess.run(["ld", "p.o", "-o", "program"], cwd=bench.folder, check=True)
    subprocess.run(["ld", "-shared", "-z", "relro", "p.o", "-o", "p.so"], cwd=bench.folder, check=True)
    text = bench.elfin("map", "program", "p.so").out
    check_text(text)
    expect(lines_with(text, "  text ", " RX ", "0x00401000 "), text)
    expect(lines_with(text, " program ", "LOAD RW"), text)
    tree = json.loads(bench.elfin("map", "--json", "program", "p.so").out)
    linked = bench.link("program", "p.so")
    for block in tree["blocks"]:
        parts = [(int(part["address"], 16), part["size"], part["used"]) for part in block["parts"]]
        expect(len(parts) >= 3 and all(a + b <= c for (a, b, _), (c, _, _) in
                                       zip(parts, parts[1:])), parts)
        for item in block["items"]:
            end = int(item["address"], 16) + item["size"]
            holder = [part for part in parts if part[0] < end <= part[0] + part[1]]
            expect(len(holder) == 1 and holder[0][0] + holder[0][2] >= end, f"{item} in {parts}")
    got = sorted((int(item["address"], 16), item["size"])
                 for block in tree["blocks"] for item in block["items"])
    wanted = sorted((int(section["address"], 16), section["size"])
                    for section in linked.all_sections() if section["size"])
    expect(set(got) >= set(wanted), f"{got} and {wanted}")
    bench.elfin("map", "--svg", "out.svg", "program", "p.so")
    ElementTree.parse(bench.folder / "out.svg")


@case
def thread_local_slots(bench: Bench) -> None:
    """An instruction that cannot be rewritten reads its offset from a slot."""
    bench.compile("t.s.o", ".section .tdata,\"awT\",@progbits\n.globl t\n.type t, @object\n"
                           "t: .quad 5\n.text\nf: cmpq t@gottpoff(%rip), %rax\nret\n")
    text = bench.elfin("map", "--module", "t.s", "t.s.o").out
    check_text(text)
    expect(lines_with(text, " t ", " -8 from the thread pointer"), text)
    tree = json.loads(bench.elfin("map", "--json", "t.s.o").out)
    equal(tree["modules"][0]["slots"],
          [{"address": tree["modules"][0]["slots"][0]["address"], "symbol": "t",
            "target": "0xfffffffffffffff8", "owner": None, "stub": None}], "slots")
    bench.elfin("map", "--svg", "out.svg", "t.s.o")
    expect("t, from the thread pointer" in (bench.folder / "out.svg").read_text(), "svg")
