# SPDX-License-Identifier: MIT
"""Growth: cost of one more of each thing, as there are more of them; and what refusals cost."""
from measure import quartiles
from rows import put, row

RELOCS = (1000, 10000, 100000, 1000000)
SECTIONS = (300, 1000, 3000, 10000, 30000, 40000)
REFUSED = ("ko/amdgpu", "imports100k", "sections30k", "abs64", "calls_small")
COLUMN = "O2 libc"
KINDS = ("missing", "bad_type", "bad_symbol", "bad_place", "bad_name", "bad_section")


def run(bench):
    only = {"libraries": ("O2",), "memories": ("libc",)}
    rounds = bench.rounds(9, 3)
    for n in RELOCS if not bench.short else RELOCS[1:3]:
        for thing in ("relocs", "imports", "symbols", "locals"):
            bench.run("load", "warm", rounds, f"grow_{thing}_{n}", **only)
    for n in SECTIONS if not bench.short else SECTIONS[1:4:2]:
        bench.run("load", "warm", rounds, f"grow_sections_{n}", **only)
    bench.run("modules", "growth", 1, "ko", files=bench.files("ko/sch_prio") + bench.files("ko"), **only)
    for name in REFUSED if not bench.short else REFUSED[:2]:
        bench.run("refusals", "late", rounds, name, **only)


def each(bench, thing, steps):
    """(number, nanoseconds for each of them in the best round, the result) by step."""
    found = []
    for n in steps:
        r = bench.find(program="load", set=f"grow_{thing}_{n}", mode="warm")
        if r:
            found.append((n, min(r["elfin"]) / n, r))
    return found


# Thing, text, limit of the cost of each at the end, limit of its growth in the last step of ten.
THINGS = (("relocs", "relocations to 1,000 functions", None, 1.15), ("imports", "imports", None, None),
          ("symbols", "global definitions", None, None), ("locals", "local definitions", 2, None))


def of_growth(bench):
    for thing, text, limit, growth in THINGS:
        steps = each(bench, thing, RELOCS)
        for n, ns, _ in steps:
            entry = row("growth", f"{n:,} {text}", "ns each", limit)
            put(entry, COLUMN, ns)
            yield entry
        if len(steps) > 1:
            entry = row("growth", f"… {steps[-1][0]:,} against {steps[-2][0]:,}", "x each", growth)
            put(entry, COLUMN, steps[-1][1] / steps[-2][1])
            yield entry
    for n, ns, _ in each(bench, "sections", SECTIONS):
        entry = row("growth", f"{n:,} sections with a record each, {2 * n + 4:,} headers", "ns each")
        put(entry, COLUMN, ns)
        yield entry


def of_modules(bench):
    r = bench.find(program="modules", mode="growth")
    if not r:
        return
    first, last = r["probes"][0], r["probes"][-1]
    for what in ("load", "unload"):
        for probe in (first, last):
            entry = row("growth", f"{what} of sch_prio.ko beside {probe['loaded']:,} modules", "µs")
            put(entry, COLUMN, probe[what] / 1000)
            yield entry
        entry = row("growth", f"… {last['loaded']:,} against none", "x", 1.1)
        put(entry, COLUMN, last[what] / max(first[what], 1))
        yield entry


def of_refusals(bench):
    for name in REFUSED:
        r = bench.find(program="refusals", set=name)
        for kind in KINDS if r else ():
            if not r[kind][0]:
                continue
            value, *spread = quartiles([a / b for a, b in zip(r[kind], r["good"])])
            text = f"{r['undefined']:,} names that nobody exports" if kind == "missing" else kind.replace("_", " ")
            entry = row("refusal", f"{r['object']}: {text}", "x a load", 1.0)
            put(entry, COLUMN, value, spread)
            yield entry


def all_rows(bench):
    return [*of_growth(bench), *of_modules(bench), *of_refusals(bench)]
