# SPDX-License-Identifier: MIT
"""Rows of programs that know their own goals, of code size, and of several CPUs.

A program of EXTRA prints a line of JSON for each of its rows:
{"goal": "G6", "quantity": "look-up, 10,000 exports, warm", "unit": "ns", "value": 7.1, "limit": 8}
with "quartiles": [a, b] and "at_least": true if they apply. It gets one argument, "short" or "full",
then the set that EXTRA names.
"""
import re
import subprocess
import sys

from rows import put, row

COLUMN = "O2 libc"
# Program -> set whose files it gets. Those that are not built are not run.
EXTRA = {"lookup": None, "rebind": "ko", "instantiate": "ko"}
REPORTED = "extra"


def run(bench, build):
    for name, files in EXTRA.items():
        program = next((p for p in (bench.build / f"{name}-O2-libc", bench.build / name) if p.exists()), None)
        if not program:
            continue
        print(f"bench: {name}", file=sys.stderr, flush=True)
        arguments = ["short" if bench.short else "full", *(bench.files(files) if files else [])]
        for line in bench.lines([program, *arguments]):
            bench.results.append({"program": REPORTED, "set": name, **line})
    cpus(bench)


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
    done = subprocess.run(["/usr/bin/python3", "tests/freestanding/stack.py", str(build)], capture_output=True, text=True)
    for text, size, wanted in re.findall(r"^# (.*): ([\d,]+) bytes = (?:.*wanted: ([\d,]+))?", done.stdout, re.M):
        entry = row("G12", f"code and constants: {text}", "B", int(wanted.replace(",", "")) if wanted else None)
        put(entry, "Os libc", int(size.replace(",", "")))
        yield entry


def all_rows(bench, build):
    found = [*of_cpus(bench)]
    for r in bench.results:
        if r["program"] == REPORTED and "quantity" in r:
            limit = r.get("limit")
            entry = row(r["goal"], r["quantity"], r["unit"], -limit if limit and r.get("at_least") else limit)
            put(entry, COLUMN, r["value"], r.get("quartiles"))
            found.append(entry)
    return found + [*of_size(build)]
