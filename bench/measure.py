# SPDX-License-Identifier: MIT
"""Runs the programs of bench/ over the sets and collects what they print: lines of JSON.

A result is what a program printed, with "set", "program", "library" (O2, Os) and "memory" (libc,
mini) beside. Times are lists of nanoseconds, one for each round.
"""
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import callgrind

# Of programs that do not exist yet in a tree nothing is shown.
LIBRARIES = ("O2", "Os")
MEMORIES = ("libc", "mini")


class Bench:
    def __init__(self, build, sets, short):
        self.build = pathlib.Path(build)
        self.sets = sets
        self.short = short
        self.results = []
        self.lists = tempfile.TemporaryDirectory()

    def rounds(self, full, short):
        return short if self.short else full

    def files(self, name):
        """Arguments for a set: "ko/amdgpu" is one file of a set."""
        if "/" in name:
            group, stem = name.split("/")
            return [str(f) for f in self.sets[group] if f.stem == stem]
        files = self.sets[name]
        if len(files) < 20:
            return [str(f) for f in files]
        path = pathlib.Path(self.lists.name, name)
        path.write_text("".join(f"{f}\n" for f in files))
        return [f"@{path}"]

    def run(self, program, mode, rounds, name, libraries=LIBRARIES, memories=MEMORIES, files=None):
        """One result for each library and each set of memory functions."""
        for library in libraries:
            for memory in memories:
                path = self.build / f"{program}-{library}-{memory}"
                if not path.exists():
                    continue
                print(f"bench: {program} {mode} {name} -{library} {memory}", file=sys.stderr, flush=True)
                for line in self.lines([path, mode, rounds, *(files or self.files(name))]):
                    self.results.append({"program": program, "set": name, "library": library,
                                         "memory": memory, **line})

    def lines(self, command):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode:
            print(f"bench: {' '.join(str(c) for c in command[:4])}: {done.stderr.strip()}", file=sys.stderr)
            return []
        for line in done.stderr.splitlines():
            print(f"bench:   {line}", file=sys.stderr)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def find(self, **wanted):
        for result in self.results:
            if all(result.get(key) == value for key, value in wanted.items()):
                return result
        return None

    def callgrind(self, name, libraries=LIBRARIES, memories=MEMORIES):
        """Instructions that functions executed, with all that they call, in one load of the set each."""
        for library in libraries:
            for memory in memories:
                counts = {}
                # The loads of the set-up come before and do not count.
                for outer in ("warm_load", "warm_floor"):
                    out = pathlib.Path(self.lists.name, "callgrind")
                    lines = self.lines(["valgrind", "-q", "--tool=callgrind", f"--toggle-collect={outer}",
                                        f"--callgrind-out-file={out}", self.build / f"load-{library}-{memory}",
                                        "once", 1, *self.files(name)])
                    if lines:
                        profile = callgrind.Profile(out)
                        counts.update(profile.inclusive())
                        counts["copying by arch"] = counts.get("copying by arch", profile.copying("arch-x86_64"))
                        self.results.append({**lines[0], "program": "callgrind", "set": name, "library": library,
                                             "memory": memory, "functions": counts})


def ratio(result, above, below):
    """Median of the ratios of each round, and their quartiles; `below` may be a sum of several."""
    below = (below,) if isinstance(below, str) else below
    ratios = sorted(a / max(sum(parts), 1) for a, *parts in zip(result[above], *(result[b] for b in below)))
    return quartiles(ratios)


def quartiles(values):
    values = sorted(values)
    return statistics.median(values), values[len(values) // 4], values[(3 * len(values)) // 4 - (len(values) % 4 == 0)]


def median(result, key):
    return statistics.median(result[key])
