# SPDX-License-Identifier: MIT
"""The image against the map and the objects."""

import objects
from support import PIC, PLAIN, Bench, Linked, case, equal, expect
from test_map import MIXED, OTHER, link_pair


def check_contents(bench: Bench, linked: Linked, module: str) -> int:
    """Every byte that no relocation covers is the object's. Returns how many were compared."""
    compared = 0
    entries = {entry["index"]: entry for entry in linked.modules[module]["sections"]}
    for section in objects.sections(bench.folder / f"{module}.o"):
        start = entries[section.index]["image_offset"]
        if section.zero_filled:
            expect(start is None or not any(linked.image[start:start + section.size]),
                   f"{section.name} is not zero")
            continue
        expect(start is not None, f"{section.name} is not in the image")
        got = linked.image[start:start + section.size]
        equal(len(got), section.size, f"{section.name}: bytes in the image")
        for i in range(section.size):
            if i not in section.relocated:
                equal(got[i], section.data[i], f"{module} {section.name}+{i:#x}")
                compared += 1
    return compared


@case
def bytes_of_the_objects(bench: Bench) -> None:
    for flags in (PLAIN, PIC):
        linked = link_pair(bench, flags)
        for module in ("mixed", "other"):
            expect(check_contents(bench, linked, module) > 20, "hardly anything was compared")


@case
def relocated_values(bench: Bench) -> None:
    bench.compile("a.o", "extern int b[]; int x; int *in = &x, *out = &b[3]; void *self = &self;")
    bench.compile("b.o", "int b[9] = {1};")
    linked = bench.link("--at", "0x123450000", "a.o", "b.o")
    equal(linked.quad("a", "in"), linked.symbol("a", "x"), "in")
    equal(linked.quad("a", "out"), linked.symbol("b", "b") + 12, "out")
    equal(linked.quad("a", "self"), linked.symbol("a", "self"), "self")


@case
def as_it_lies_in_memory(bench: Bench) -> None:
    """Within a block, distances in the image are distances in memory."""
    linked = link_pair(bench, PIC)
    offsets = {int(section["address"], 16) - section["image_offset"]
               for section in linked.all_sections() if section["image_offset"] is not None}
    equal(offsets, {0x400000}, "start of the block")


@case
def sections_do_not_overlap(bench: Bench) -> None:
    linked = link_pair(bench, PIC)
    spans = sorted((int(section["address"], 16), section["size"])
                   for section in linked.all_sections() if section["size"] > 0)
    for (first, size), (second, _) in zip(spans, spans[1:]):
        expect(first + size <= second, f"0x{first:x}+{size} overlaps 0x{second:x}")


@case
def ends_with_the_last_byte_that_counts(bench: Bench) -> None:
    bench.compile("a.o", "char zero[50000]; int data = 1;")
    linked = bench.link("--at", "0x400000", "a.o")
    ends = [section["image_offset"] + section["size"] for section in linked.all_sections()
            if section["image_offset"] is not None]
    equal(len(linked.image), max(ends), "size of the image")


@case
def blocks_one_after_the_other(bench: Bench) -> None:
    bench.compile("mixed.o", MIXED)
    bench.compile("other.o", OTHER)
    linked = bench.link("--at", "0x600000", "mixed.o", "--at", "0x400000", "other.o")
    previous_end = 0
    for module, at in (("mixed", 0x600000), ("other", 0x400000)):
        present = [section for section in linked.sections(module).values()
                   if section["image_offset"] is not None]
        starts = {section["image_offset"] - (int(section["address"], 16) - at)
                  for section in present}
        equal(len(starts), 1, "each block is in one piece")
        start = starts.pop()
        equal(start % 4096, 0, "start of a block in the image")
        expect(previous_end <= start < previous_end + 4096, "blocks are not in order")
        previous_end = max(section["image_offset"] + section["size"] for section in present)
        check_contents(bench, linked, module)
    equal(len(linked.image), previous_end, "size of the image")


@case
def a_block_without_bytes(bench: Bench) -> None:
    bench.compile("a.o", "char zero[5000];")
    bench.compile("b.o", "int data = 1;")
    linked = bench.link("--at", "0x400000", "a.o")
    equal(linked.image, b"", "image")
    linked = bench.link("--at", "0x400000", "a.o", "--at", "0x500000", "b.o")
    equal(linked.read(linked.symbol("b", "data"), 4), b"\1\0\0\0", "data of the second block")
    equal(linked.read(linked.symbol("a", "zero"), 4), bytes(4), "zero of the first block")


@case
def the_same_every_time(bench: Bench) -> None:
    bench.compile("mixed.o", MIXED, PIC)
    bench.compile("other.o", OTHER, PIC)
    first = bench.link("mixed.o", "other.o")
    second = bench.link("mixed.o", "other.o")
    equal(second.tree, first.tree, "map")
    equal(second.image, first.image, "image")
