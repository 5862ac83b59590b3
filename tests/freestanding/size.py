#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Code size of each archive, and of the smallest host.

usage: size.py [BUILD]

Counted are all .text* and .rodata* sections, without unwind tables. "make size" runs this;
tests/freestanding/run imports it.
"""
import pathlib
import re
import subprocess
import sys

ARCHIVES = ["elfin", "elfin-features", "elfin-programs", "elfin-images", "elfin-rebind", "elfin-handover", "elfin-inspect",
            "elfin-report", "elfin-alloc", "elfin-cpu", "elfin-debug"]

# What is wanted, and what must not be passed until it is reached, in bytes.
MINIMAL = "load + relocate + resolve + unload"
WANTED = {MINIMAL: 12 << 10, "elfin": 32 << 10, "elfin-debug": 32 << 10}
CEILINGS = {MINIMAL: 28 << 10, "elfin": 32 << 10, "elfin-debug": 32 << 10}


def archive_sizes(archive):
    """[code, constants] by member."""
    sizes = []
    output = subprocess.run(["objdump", "-h", "-w", archive], check=True, capture_output=True,
                            text=True)
    for line in output.stdout.splitlines():
        if ":     file format" in line:
            sizes.append((line.split(":")[0], [0, 0]))
        fields = line.split()
        if len(fields) > 6 and fields[0].isdigit():
            for i, kind in enumerate((".text", ".rodata")):
                if fields[1].startswith(kind):
                    sizes[-1][1][i] += int(fields[2], 16)
    return sizes


def minimal_sizes(build):
    """The same of what the link map of the smallest host says was kept of all archives."""
    text = pathlib.Path(build, "minimal.map").read_text()
    kept = text[text.index("Linker script and memory map"):]
    sizes = {}
    section = r"^ (\.text|\.rodata)\S*\s+0x[0-9a-f]+\s+(0x[0-9a-f]+) \S*libelfin\S*\.a\((\S+)\)"
    for kind, size, member in re.findall(section, kept, re.MULTILINE):
        sizes.setdefault(member, [0, 0])[kind == ".rodata"] += int(size, 16)
    return list(sizes.items())


def total(sizes):
    return sum(code + constants for _, (code, constants) in sizes)


def lines(build):
    for name in [MINIMAL] + ARCHIVES:
        sizes = minimal_sizes(build) if name == MINIMAL else \
            archive_sizes(f"{build}/lib{name}.a")
        code, constants = (sum(sizes[k] for _, sizes in sizes) for k in (0, 1))
        title = name if name == MINIMAL else f"lib{name}.a"
        limit = f" (wanted: {WANTED[name]}, ceiling: {CEILINGS[name]})" if name in WANTED else ""
        yield f"{title}: {code + constants} bytes = {code} code + {constants} constants{limit}"
        if name in WANTED:
            largest = sorted(sizes, key=lambda m: -sum(m[1]))[:8]
            yield "  largest: " + ", ".join(f"{member[:-2]} {sum(size)}" for member, size in largest)


def excess(build):
    """Ceilings that are passed."""
    for name, ceiling in CEILINGS.items():
        size = total(minimal_sizes(build) if name == MINIMAL
                     else archive_sizes(f"{build}/lib{name}.a"))
        if size > ceiling:
            yield f"{name}: {size} bytes, more than {ceiling}"


if __name__ == "__main__":
    for line in lines(sys.argv[1] if len(sys.argv) > 1 else "build"):
        print("# " + line)
