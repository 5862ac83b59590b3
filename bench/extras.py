# SPDX-License-Identifier: MIT
"""Rows of look-ups, of code size, and of several CPUs."""
import re
import subprocess
import sys

from rows import put, row

COLUMN = "O2 libc"
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
    program = bench.build / "cpus"
    if not program.exists():
        return
    print("bench: cpus", file=sys.stderr, flush=True)
    done = subprocess.run([str(program), str(bench.build / "corpus/ko"), "2", str(bench.rounds(9, 3))],
                          capture_output=True, text=True)
    match = re.search(r"^ratio wall=([\d.]+) undisturbed=([\d.]+) same=(\w+)", done.stdout, re.M)
    if match:
        bench.results.append({"program": "cpus", "set": "ko", "wall": float(match.group(1)),
                              "undisturbed": float(match.group(2)), "same": match.group(3) == "yes"})


def of_cpus(bench):
    r = bench.find(program="cpus")
    if not r:
        return
    for key, text in (("wall", "wall-clock time"), ("undisturbed", "undisturbed")):
        entry = row("CPUs", f"whole .ko set as one group, one CPU against two, {text}", "x", -1.7)
        put(entry, COLUMN, r[key])
        yield entry
    entry = row("CPUs", "… the same bytes", "1 = yes", -1)
    put(entry, COLUMN, int(r["same"]))
    yield entry


def of_size(build):
    """What `make size` says of each archive; what is wanted of it is the limit."""
    done = subprocess.run(["/usr/bin/python3", "tests/freestanding/size.py", str(build)], capture_output=True, text=True)
    for text, size, wanted in re.findall(r"^# (.*): ([\d,]+) bytes = (?:.*wanted: ([\d,]+))?", done.stdout, re.M):
        entry = row("G12", f"code and constants: {text}", "B", int(wanted.replace(",", "")) if wanted else None)
        put(entry, "Os libc", int(size.replace(",", "")))
        yield entry


def all_rows(bench, build):
    return [*of_lookup(bench), *of_cpus(bench), *of_size(build)]
