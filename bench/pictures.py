# SPDX-License-Identifier: MIT
"""The pictures of `make bench`: time against relocations, sections and modules, peers beside us.

Each point is the best of the rounds."""
import plot

OWN = {"elfin": "elfin", "floor": "floor", "copy_libc": "memcpy"}
PEERS = ("llvm-jitlink", "libtcc", "mold", "lld", "ld")
ONE_MORE = "elfin, one more (sch_prio)"
ORDER = ("elfin", "floor", "memcpy", *PEERS, ONE_MORE)


def add(series, name, number, ns):
    series.setdefault(name, []).append((number, ns))


def of_objects(bench, thing):
    series = {}
    for r in bench.results:
        if not r["set"].startswith(f"grow_{thing}_"):
            continue
        number = int(r["set"].rsplit("_", 1)[1])
        for key in OWN if r["program"] == "load" else PEERS if r["program"] == "peers" else ():
            if r.get(key):
                add(series, OWN.get(key, key), number, min(r[key]))
    return series


def of_modules(bench):
    series = {}
    growth = bench.find(program="modules", mode="growth")
    for probe in growth["probes"] if growth else ():
        add(series, "elfin", probe["loaded"], probe["total"])
        add(series, ONE_MORE, probe["loaded"], probe["load"])
    for r in bench.results:
        if r["program"] == "peers of modules":
            for name in PEERS:
                if name in r:
                    add(series, name, r["objects"], r[name])
    return series


def draw(bench, folder):
    """Writes the files and returns their names."""
    wanted = (("relocations.svg", "Loading an object: 8-byte relocations to 1,000 functions", "relocations",
               of_objects(bench, "relocs")),
              ("sections.svg", "Loading an object: sections of one function and one relocation", "sections",
               of_objects(bench, "sections")),
              ("modules.svg", "Loading Linux' modules, one after the other, every global registered", "modules",
               of_modules(bench)))
    written = []
    for name, title, label, series in wanted:
        svg = plot.lines(title, label, series, ORDER)
        if svg:
            (folder / name).write_text(svg, encoding="utf-8")
            written.append(name)
    return written
