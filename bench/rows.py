# SPDX-License-Identifier: MIT
"""From results to the table. A row is a quantity with its goal; its columns are the builds measured.

A column is "O2 libc": the library's optimisation, and whose memory functions it calls.
"""
import measure
from measure import median, ratio

COLUMNS = [f"{library} {memory}" for library in measure.LIBRARIES for memory in measure.MEMORIES]
M, MINI, T = "copy_libc", "copy_mini", ("copy_libc", "records")

# Unit -> (value, quartiles) of a result of programs that load.
UNITS = {
    "M": lambda r: ratio(r, "elfin", M),
    "M (libmini's memcpy)": lambda r: ratio(r, "elfin", MINI),
    "T": lambda r: ratio(r, "elfin", T),
    "x floor": lambda r: ratio(r, "elfin", "floor"),
    "M, floor": lambda r: ratio(r, "floor", M),
    "T, floor": lambda r: ratio(r, "floor", T),
    "ns/reloc": lambda r: (median(r, "elfin") / r["relocs"],),
    "ns/reloc, floor": lambda r: (median(r, "floor") / r["relocs"],),
    "ns/symbol": lambda r: (median(r, "elfin") / r["symbols"],),
    "µs/module": lambda r: (median(r, "elfin") / r["objects"] / 1000,),
    "ms": lambda r: (median(r, "elfin") / 1e6,),
    "µs": lambda r: (median(r, "elfin") / 1000,),
    "µs, floor": lambda r: (median(r, "floor") / 1000,),
    "GB/s": lambda r: (r["alloc"] / median(r, "elfin"),),
    "unload / load": lambda r: ratio(r, "unload", "elfin"),
    "B beyond 8/symbol": lambda r: (r["work_peak"] - 8 * r["most_symbols"],),
    "ns/fixup": lambda r: (median(r, "elfin") / r["import_fixups"],),
    "ns/fixup, flushed": lambda r: (median(r, "flushed") / r["import_fixups"],),
    "B/fixup kept": lambda r: (r["records"] / r["import_fixups"],),
    "ns/fixup, one by one": lambda r: (median(r, "single") / r["import_fixups"],),
    "ns, one": lambda r: (median(r, "one"),),
    "µs, moved": lambda r: (median(r, "move") / 1000,),
    "µs, loaded": lambda r: (median(r, "plain") / 1000,),
    "users": lambda r: (r["users"],),
    "plain loads": lambda r: ratio(r, "elfin", "plain"),
    "B/import fixup": lambda r: (r["import_bytes"] / r["import_fixups"],),
    "B/place fixup": lambda r: (r["place_bytes"] / r["place_fixups"],),
    "blob / file": lambda r: (r["blob_bytes"] / r["file_bytes"],),
    "calls of protect": lambda r: (r["rights_per_load"],),
    "B/symbol": lambda r: (r["work_peak"] / r["most_symbols"],),
}

# Goal, text, program, set, mode, units with their limits (negative: at least).
LOADS = [
    ("G1", "all .ko, cold sweep", "load", "ko", "sweep",
     {"M": 3.0, "M (libmini's memcpy)": None, "T": 1.6, "x floor": None, "ns/reloc": 6.2, "µs/module": 9,
      "M, floor": None, "T, floor": None, "unload / load": None}),
    ("G13", "all .ko, every global registered", "modules", "ko", "keep",
     {"x floor": 1.4, "M": None, "ns/reloc": None, "ms": 55}),
    ("G13", "all .ko as one group, every global registered", "cpus", "ko", "cpus",
     {"x floor": 1.4, "M": None, "ns/reloc": None, "ms": 55}),
    ("G2", "amdgpu.ko, in cache", "load", "ko/amdgpu", "warm",
     {"M": 4.0, "M (libmini's memcpy)": None, "T": 2.3, "x floor": None, "ns/reloc": 2.0, "GB/s": -13,
      "M, floor": None}),
    ("G3", "amdgpu.ko, flushed", "load", "ko/amdgpu", "flush", {"M": 2.5, "T": None, "x floor": None, "M, floor": None}),
    ("G5", "sch_prio.ko, in cache", "load", "ko/sch_prio", "warm",
     {"µs": 0.8, "µs, floor": None, "x floor": None, "M": None, "T": None}),
    ("G5", "sch_prio.ko, flushed", "load", "ko/sch_prio", "flush",
     {"µs": 4.5, "µs, floor": None, "x floor": None, "M": None, "T": None}),
    ("apart", "amdgpu.ko with fresh pages and rights", "load", "ko/amdgpu", "real", {"µs": None, "M": None, "calls of protect": None}),
    ("apart", "sch_prio.ko with fresh pages and rights", "load", "ko/sch_prio", "real", {"µs": None, "M": None, "calls of protect": None}),
    ("G8", "all imports of amdgpu.ko bound anew", "rebind", "ko/amdgpu", "warm",
     {"ns/fixup": 1.2, "M": 0.45, "µs": 70, "ns/fixup, flushed": 3, "ns/fixup, one by one": None, "B/fixup kept": None}),
    ("G8", "one import of amdgpu.ko", "rebind", "ko/amdgpu", "warm", {"ns, one": None}),
    ("G8", "one import of sch_prio.ko", "rebind", "ko/sch_prio", "warm", {"ns, one": None}),
    ("G8", "the .ko with most users replaced, all loaded", "replace", "ko", "warm",
     {"users": None, "µs": None, "µs, moved": None, "µs, loaded": None}),
    ("G9", "an instance of amdgpu.ko, in cache", "instances", "ko/amdgpu", "warm", {"M": 1.3, "M (libmini's memcpy)": None, "plain loads": None}),
    ("G9", "an instance of amdgpu.ko, flushed", "instances", "ko/amdgpu", "flush", {"M": 1.3, "plain loads": None}),
    ("G9", "an instance of sch_prio.ko, in cache", "instances", "ko/sch_prio", "warm", {"µs": None, "M": None, "plain loads": None}),
    ("G9", "instances of all .ko, cold sweep", "instances", "ko", "sweep", {"M": None, "plain loads": None}),
    ("G9", "an instance where nothing depends on the place", "instances", "inside", "warm", {"M": 1.05, "plain loads": None}),
    ("G10", "records of an image, all .ko", "instances", "ko", "sweep", {"B/import fixup": 8, "B/place fixup": 2.5, "blob / file": None}),
    ("G11", "working memory, amdgpu.ko", "load", "ko/amdgpu", "warm", {"B beyond 8/symbol": 4096}),
    ("", "GRUB's 266 modules, in cache", "load", "grub", "warm", {"M": None, "x floor": None, "ns/reloc": None, "µs/module": None}),
    ("", "libcrypto.a, each member", "load", "crypto", "warm", {"M": None, "x floor": None, "ns/reloc": None, "µs/module": None}),
    ("", "musl's libc.a, each member", "load", "musl", "warm", {"M": None, "x floor": None, "µs/module": None}),
    *(("", name, "load", name, "warm", {"M": None, "T": None, "x floor": None, "ns/reloc": None})
      for name in ("calls_small", "calls_pic", "calls_large", "calls_kernel", "abs64", "abs64loc", "abs64ext", "imports100k")),
    ("", "sections30k", "load", "sections30k", "warm", {"T": 3.0, "M": None, "x floor": None, "ns/reloc": None}),
]


def row(goal, text, unit, limit=None):
    return {"goal": goal, "quantity": text, "unit": unit, "limit": abs(limit) if limit is not None else None,
            "at_least": limit is not None and limit < 0, "values": {}, "quartiles": {}}


def put(entry, column, value, quartiles=None):
    if value is None:
        return
    entry["values"][column] = value
    if quartiles:
        entry["quartiles"][column] = list(quartiles)


def reached(entry, column):
    """None: there is no goal."""
    value = entry["values"].get(column)
    if entry["limit"] is None or value is None:
        return None
    return value >= entry["limit"] if entry["at_least"] else value <= entry["limit"]


def of_loads(bench):
    for goal, text, program, name, mode, units in LOADS:
        for unit, limit in units.items():
            entry = row(goal, text, unit, limit)
            for column in COLUMNS:
                library, memory = column.split()
                result = bench.find(program=program, set=name, mode=mode, library=library, memory=memory)
                if result:
                    value, *spread = UNITS[unit](result)
                    put(entry, column, value, spread)
            if entry["values"]:
                yield entry


def of_instructions(bench):
    """Counted by callgrind: they do not depend on the machine."""
    for goal, text, name, function, per, limit in (
            ("G4", "fix-up loop without copying, amdgpu.ko", "ko/amdgpu", "elfin_arch_fixup", "relocs", 20),
            ("G4", "scan, amdgpu.ko", "ko/amdgpu", "elfin_arch_scan", "relocs", None),
            ("G4", "elfin_load, amdgpu.ko", "ko/amdgpu", "elfin_load", "relocs", None),
            ("G4", "floor, amdgpu.ko", "ko/amdgpu", "floor_load", "relocs", None),
            ("G5", "elfin_load, sch_prio.ko", "ko/sch_prio", "elfin_load", None, 15000),
            ("G5", "elfin_unload, sch_prio.ko", "ko/sch_prio", "elfin_unload", None, None),
            ("G5", "floor, sch_prio.ko", "ko/sch_prio", "floor_load", None, None)):
        entry = row(goal, text, "instructions/record" if per else "instructions", limit)
        for column in COLUMNS:
            library, memory = column.split()
            result = bench.find(program="callgrind", set=name, library=library, memory=memory)
            if result and function in result["functions"]:
                count = result["functions"][function]
                if function == "elfin_arch_fixup":
                    count -= result["functions"]["copying by arch"]
                put(entry, column, count / (result[per] if per else 1))
        if entry["values"]:
            yield entry


def all_rows(bench):
    return [*of_loads(bench), *of_instructions(bench)]
