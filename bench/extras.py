# SPDX-License-Identifier: MIT
"""Rows of look-ups, of code size, and of several CPUs."""
import re
import subprocess
import sys

from rows import put, row

COLUMN = "O2 libc"
CPUS = 2
# Exports -> the goal for a warm look-up, in ns.
WARM = {10000: 8, 100000: 8, 1000000: 14}


def run(bench):
    program = bench.build / "lookup"
    if program.exists():
        print("bench: lookup", file=sys.stderr, flush=True)
        for line in bench.lines([program, bench.rounds(31, 3)]):
            bench.results.append({"program": "lookup", "set": "names", **line})
    cpus(bench)


def one(goal, text, value, limit=None):
    entry = row(goal, text, "ns", limit)
    put(entry, COLUMN, value)
    return entry


def of_lookup(bench):
    for r in bench.results:
        if r["program"] != "lookup":
            continue
        count = r["names"]
        names = f"{count:,} exports"
        yield one("G6", f"look-up, {names}: 27 names as a batch, in cache", r["batch"]["warm27"], WARM.get(count))
        yield one("G6", "… floor's table", r["floor"]["warm27"])
        yield one("G6", f"look-up, {names}: 27 names as a batch, flushed", r["batch"]["cold27"], 70)
        yield one("G6", "… floor's table", r["floor"]["cold27"])
        yield one("G6", f"look-up, {names}: 200,000 names in random order", r["batch"]["all"])
        yield one("G6", f"look-up, {names}: 27 names that nobody exports", r["missing_batch"]["warm27"])
        yield one("G7", f"entering {names}, each", r["build"], 40)
        yield one("G7", "… a hundred at a time", r["build_by_100"])
        entry = row("G7", f"index of {names}, each", "B", 20)
        put(entry, COLUMN, r["bytes"])
        yield entry


def cpus(bench):
    """One result for each number of CPUs, of the same rounds."""
    program = bench.build / "cpus-O2-libc"
    if not program.exists():
        return
    print("bench: cpus", file=sys.stderr, flush=True)
    for line in bench.lines([program, CPUS, bench.rounds(15, 5), *bench.files("ko")]):
        bench.results.append({"program": "cpus", "set": "ko", "library": "O2", "memory": "libc", **line})


def spent(result, key="shared"):
    """Milliseconds of all phases: what one CPU does alone, and what several share."""
    return sum(p["serial"] + p[key] / (result["cpus"] if key == "sum" else 1) for p in result["phases"].values()) / 1e6


def of_cpus(bench):
    one, many = (bench.find(program="cpus", cpus=n) for n in (1, CPUS))
    if not one or not many:
        return
    text = f"all .ko as one group, one CPU against {CPUS}"
    for quantity, unit, value, limit in (
            (f"{text}: processor time, of the slowest CPU in each phase", "x", spent(one) / spent(many), -1.7),
            ("… if all CPUs ended each phase together", "x", spent(one) / spent(many, "sum"), None),
            ("… wall-clock time", "x", min(one["wall"]) / min(many["wall"]), None),
            ("… the same bytes", "1 = yes", int(one["hash"] == many["hash"]), -1),
            ("… of one CPU", "ms", spent(one), None),
            (f"… of {CPUS}", "ms", spent(many), None),
            (f"… of {CPUS}, what one of them does alone", "ms", sum(p["serial"] for p in many["phases"].values()) / 1e6, None)):
        entry = row("CPUs", quantity, unit, limit)
        put(entry, COLUMN, value)
        yield entry
    for name in many["phases"]:
        yield of_phase(name, one["phases"][name], many["phases"][name])


def of_phase(name, one, many):
    entry = row("CPUs", f"… phase \"{name}\": one CPU / alone + slowest of {CPUS}", "ms")
    entry["text"] = f"{one['serial'] / 1e6:.2f} / {many['serial'] / 1e6:.2f} + {many['shared'] / 1e6:.2f}"
    put(entry, COLUMN, (many["serial"] + many["shared"]) / 1e6)
    return entry


def of_size(build):
    """What `make size` says of each archive; what is wanted of it is the limit."""
    done = subprocess.run(["/usr/bin/python3", "tests/freestanding/size.py", str(build)], capture_output=True, text=True)
    for text, size, wanted in re.findall(r"^# (.*): ([\d,]+) bytes = (?:.*wanted: ([\d,]+))?", done.stdout, re.M):
        entry = row("G12", f"code and constants: {text}", "B", int(wanted.replace(",", "")) if wanted else None)
        put(entry, "Os libc", int(size.replace(",", "")))
        yield entry


def all_rows(bench, build):
    return [*of_lookup(bench), *of_cpus(bench), *of_size(build)]
