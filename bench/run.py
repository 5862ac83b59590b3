#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`make bench`: runs everything and writes BUILD/bench/report.md, .json and the pictures.

usage: run.py BUILD [short]
"""
import pathlib
import subprocess
import sys

import corpus
import extras
import growth
import peers
import pictures
import report
import rows
from measure import Bench


SYNTHETIC = ("calls_small", "calls_pic", "calls_large", "calls_kernel", "abs64", "abs64loc", "abs64ext",
             "imports100k", "sections30k")
ONE = {"memories": ("libc",)}


def loads(bench):
    some = {"libraries": ("O2",), **ONE} if bench.short else {}
    bench.run("load", "sweep", bench.rounds(9, 3), "ko")
    bench.run("modules", "keep", bench.rounds(5, 3), "ko", **ONE)
    for name in ("ko/amdgpu", "ko/sch_prio"):
        bench.run("load", "warm", bench.rounds(31, 7), name)
        bench.run("load", "flush", bench.rounds(31, 7), name)
        bench.run("load", "real", bench.rounds(31, 7), name, **ONE)
    for name in ("grub", "crypto", "musl", *SYNTHETIC):
        bench.run("load", "warm", bench.rounds(11, 3), name, **some)


def instances(bench):
    bench.run("instances", "sweep", bench.rounds(7, 2), "ko", **ONE)
    for name in ("ko/amdgpu", "ko/sch_prio", "inside"):
        bench.run("instances", "warm", bench.rounds(31, 5), name)
    for name in ("ko/amdgpu", "ko/sch_prio"):
        bench.run("rebind", "warm", bench.rounds(31, 5), name, **ONE)
    bench.run("replace", "warm", bench.rounds(15, 3), "ko", **ONE)
    bench.run("instances", "flush", bench.rounds(31, 5), "ko/amdgpu")


def instructions(bench):
    for name in ("ko/amdgpu", "ko/sch_prio"):
        bench.callgrind(name, **ONE)


def main():
    build, short = pathlib.Path(sys.argv[1]), sys.argv[2:] == ["short"]
    try:
        sets = corpus.ensure(build / "bench/corpus")
    except corpus.NoPackage as error:
        sys.exit(f"bench: {error}")
    if not short:
        for program in ("pages", "fragmentation"):
            subprocess.run([build / "bench" / program], check=True)
            print(flush=True)
    bench = Bench(build / "bench", sets, short)
    loads(bench)
    instances(bench)
    instructions(bench)
    growth.run(bench)
    extras.run(bench)
    peers.run(bench)
    drawn = pictures.draw(bench, build / "bench")
    table = rows.all_rows(bench) + extras.all_rows(bench, build) + growth.all_rows(bench)
    report.write(bench, table, drawn, build / "bench")


if __name__ == "__main__":
    main()
