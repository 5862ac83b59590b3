# SPDX-License-Identifier: MIT
"""What others need for the same objects: llvm-jitlink, libtcc, ld, lld, mold, dlopen.

One run of each peer and of the library take turns. Linkers are processes: their figure is the
processor time of the whole process less that of the same linker on an object without contents, in
their favour, since waiting for files does not count.
"""
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import generate

PACKAGES = {"llvm-jitlink-19": "llvm-19", "mold": "mold", "ld.lld-19": "lld-19", "ld": "binutils", "tcc": "libtcc-dev"}
OBJECTS = ("ko/amdgpu", "ko/xfs", "ko/sch_prio", "calls_small", "calls_large", "calls_pic", "abs64", "imports100k",
           "sections30k")
LINKERS = {"ld": ["ld"], "lld": ["ld.lld-19", "--threads=1"], "mold": ["mold", "--no-fork", "--thread-count=1"]}
PLACED = ["--no-relax", "-static", "-e", "0", "-Ttext=0x10000000"]
PATIENCE = 60  # seconds for one run


def missing():
    """What to install to have all peers."""
    absent = [p for tool, p in PACKAGES.items() if tool != "tcc" and not shutil.which(tool)]
    if not pathlib.Path("/usr/include/libtcc.h").exists():
        absent.append(PACKAGES["tcc"])
    return absent


def symbols(path):
    """Undefined names, and the first global definition."""
    listing = subprocess.run(["nm", "-P", "-g", str(path)], capture_output=True, text=True, check=True).stdout
    undefined, first = [], None
    for line in listing.splitlines():
        name, kind, *_ = line.split()
        if name == "_GLOBAL_OFFSET_TABLE_":
            continue
        if kind in "Uvw":
            undefined.append(name)
        elif first is None:
            first = name
    return undefined, first


def spend(command):
    """Processor seconds of a process, what it printed, and its peak of memory in MiB; None if it failed."""
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen([str(c) for c in command], stdout=printed, stderr=subprocess.STDOUT)
        alarm = threading.Timer(PATIENCE, process.kill)
        alarm.start()
        _, status, used = os.wait4(process.pid, 0)
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        output = printed.read()
    if process.returncode:
        print(f"bench: {command[0]}: {output.strip()[:200]}", file=sys.stderr)
        return None
    return used.ru_utime + used.ru_stime, output, used.ru_maxrss / 1024


class Peer:
    """Times one object; `run` returns nanoseconds, or None once it has failed."""

    def __init__(self, name, path, folder, undefined, first):
        self.name, self.path, self.folder, self.first = name, path, folder, first
        self.definitions = folder / "definitions.o"
        self.out = folder / "out"
        self.peak = 0.0  # MiB, of the whole process
        generate.definitions(self.definitions, undefined)

    def run(self):
        raise NotImplementedError

    def spend(self, command):
        done = spend(command)
        if done:
            self.peak = max(self.peak, done[2])
        return done


class Linker(Peer):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.empty = self.folder / "empty.o"
        if not self.empty.exists():
            generate.symbols(self.empty, 1)

    def once(self, file):
        done = self.spend([*LINKERS[self.name], *PLACED, "-o", self.out, file, self.definitions])
        return done and done[0]

    def run(self):
        whole, base = self.once(self.path), self.once(self.empty)
        if whole is None or base is None:
            return None
        return max(whole - base, 0) * 1e9


class Jitlink(Peer):
    def run(self):
        if self.first is None:
            return None
        done = self.spend(["llvm-jitlink-19", "-noexec", "-show-times", "-phony-externals", "-slab-allocate=1Gb",
                           "-slab-address=0x10000000", "-slab-page-size=4096", f"-entry={self.first}", self.path])
        # The columns: user, system, both, wall time.
        line = done and re.search(r"^(.*)time to link object files$", done[1], re.M)
        return float(re.findall(r"([\d.]+) \(", line.group(1))[-2]) * 1e9 if line else None


class Dlopen(Peer):
    """A shared object that ld made of it, opened with all symbols bound."""

    def __init__(self, program, *arguments):
        super().__init__(*arguments)
        self.program = program
        self.library, self.defined = self.folder / "object.so", self.folder / "definitions.so"
        undefined = symbols(self.path)[0]
        source = self.folder / "definitions.c"
        source.write_text("".join(f"void {name}(void) {{}}\n" for name in undefined) or "int nothing;\n")
        self.good = all(subprocess.run([str(c) for c in command], capture_output=True).returncode == 0 for command in (
            ["gcc", "-shared", "-fPIC", "-O0", "-fno-asynchronous-unwind-tables", "-o", self.defined, source],
            ["ld", "-shared", "-z", "notext", "-o", self.library, self.path, self.defined]))

    def run(self):
        done = self.good and self.spend([self.program, self.defined, self.library])
        return float(done[1]) if done else None


class Tcc(Peer):
    def __init__(self, program, *arguments):
        super().__init__(*arguments)
        self.program = program

    def run(self):
        done = self.spend([self.program, self.path, self.definitions])
        return float(done[1].split()[-1]) if done else None


def peers_of(bench, path, folder):
    undefined, first = symbols(path)
    arguments = (path, folder, undefined, first)
    found = [Linker(name, *arguments) for name, command in LINKERS.items() if shutil.which(command[0])]
    if shutil.which("llvm-jitlink-19"):
        found.append(Jitlink("llvm-jitlink", *arguments))
    if (bench.build / "peer_tcc").exists():
        found.append(Tcc(bench.build / "peer_tcc", "libtcc", *arguments))
    if path.stem in ("calls_large", "calls_pic", "abs64", "imports100k"):
        found.append(Dlopen(bench.build / "peer_dlopen", "dlopen", *arguments))
    return found


def measure(bench, name, rounds):
    path = pathlib.Path(bench.files(name)[0])
    folder = bench.build / "peers" / path.stem
    folder.mkdir(parents=True, exist_ok=True)
    peers = peers_of(bench, path, folder)
    result = {"program": "peers", "set": name, "elfin": [], "copy_libc": [], **{p.name: [] for p in peers}}
    everybody = list(peers)
    for _ in range(rounds):
        for line in bench.lines([bench.build / "load-O2-libc", "warm", 3, path]):
            result["elfin"].append(statistics.median(line["elfin"]))
            result["copy_libc"].append(statistics.median(line["copy_libc"]))
            result["relocs"], result["alloc"] = line["relocs"], line["alloc"]
            result["own_bytes"] = line["file_bytes"] + line["alloc"] + line["work_peak"] + line["record_peak"]
        for peer in list(peers):
            start = time.monotonic()
            ns = peer.run()
            if ns is None:
                print(f"bench: peer {peer.name} {name}: no figure", file=sys.stderr)
                peers.remove(peer)
                continue
            result[peer.name].append(ns)
            if time.monotonic() - start > 10:
                peers.remove(peer)  # Once is enough.
    result["peak"] = {peer.name: peer.peak for peer in everybody if peer.peak}
    bench.results.append(result)


def measure_modules(bench):
    """Linkers over more and more of Linux' modules, each name resolved or left open."""
    files = bench.sets["ko"]
    for count in (1, 10, 100, 1000, len(files)):
        result = {"program": "peers of modules", "set": "ko", "objects": count}
        for name, command in LINKERS.items():
            print(f"bench: peers {name}, {count} modules", file=sys.stderr, flush=True)
            done = shutil.which(command[0]) and spend(
                [*command, *PLACED, "-z", "muldefs", "--unresolved-symbols=ignore-all", "-o",
                 bench.build / "peers/out", *files[:count]])
            if done:
                result[name] = done[0] * 1e9
        bench.results.append(result)


def run(bench):
    absent = missing()
    if absent:
        print(f"bench: peers that are not here: apt-get install -y --no-install-recommends {' '.join(absent)}",
              file=sys.stderr)
    for name in OBJECTS if not bench.short else OBJECTS[:4]:
        print(f"bench: peers {name}", file=sys.stderr, flush=True)
        measure(bench, name, bench.rounds(7, 1))
    # For the pictures.
    for name in (n for n in bench.sets if re.match("grow_(relocs|sections)_", n) and not bench.short):
        print(f"bench: peers {name}", file=sys.stderr, flush=True)
        measure(bench, name, 1)
    if not bench.short:
        measure_modules(bench)


# GRUB's loader, as PERFORMANCE.md has it: times memcpy of the same bytes in that run.
GRUB = {"ko/amdgpu": 19, "ko/xfs": 17, "calls_small": 37, "calls_large": 22, "abs64": 34, "imports100k": 14000}
NAMES = ("llvm-jitlink", "libtcc", "mold", "lld", "ld", "dlopen")


def ratios(result, name):
    return [a / b for a, b in zip(result.get(name, ()), result["elfin"])]


def table(bench):
    """Rows of cells: object, elfin in µs and M, how many times faster than each peer, than the fastest."""
    found = []
    for r in bench.results:
        if r["program"] != "peers" or r["set"].startswith("grow_"):
            continue
        own = statistics.median(r["elfin"])
        own_m = statistics.median(a / b for a, b in zip(r["elfin"], r["copy_libc"]))
        entry = {"object": r["set"], "µs": own / 1000, "M": own_m, "peers": {},
                 "own_peak": r["own_bytes"] / 1048576, "peak": r["peak"]}
        for name in NAMES:
            if r.get(name):
                entry["peers"][name] = statistics.median(ratios(r, name))
        if r["set"] in GRUB:
            entry["GRUB"] = GRUB[r["set"]] / own_m
        # dlopen gets what a linker has done before; a process that takes no measurable time tells nothing.
        linkers = [v for k, v in entry["peers"].items() if k != "dlopen" and v > 0]
        entry["fastest"] = min(linkers) if linkers else None
        found.append(entry)
    return found
