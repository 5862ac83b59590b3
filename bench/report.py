# SPDX-License-Identifier: MIT
"""Writes the table as Markdown and everything as JSON."""
import datetime
import json
import platform

import peers
import rows


def number(value):
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1 or value == 0 else f"{value:.2f}"


def cell(entry, column):
    value = entry["values"].get(column)
    if value is None:
        return ""
    text = entry.get("text") or number(value)
    spread = entry["quartiles"].get(column)
    if spread:
        text += f" ({number(spread[0])}–{number(spread[1])})"
    mark = {None: "", True: " ✓", False: " ✗"}[rows.reached(entry, column)]
    return text + mark


def markdown(table, columns):
    lines = ["| goal | quantity | unit | limit | " + " | ".join(columns) + " |",
             "|" + "---|" * (4 + len(columns))]
    for entry in table:
        limit = "" if entry["limit"] is None else f"{'≥' if entry['at_least'] else '≤'} {number(entry['limit'])}"
        lines.append("| " + " | ".join([entry["goal"], entry["quantity"], entry["unit"], limit,
                                        *(cell(entry, column) for column in columns)]) + " |")
    return "\n".join(lines) + "\n"


def grub(entry):
    ratio = entry.get("GRUB")
    return "" if ratio is None else number(ratio) + (" ✓" if ratio > 1 else " ✗")


def peer_markdown(table):
    if not table:
        return ""
    names = [n for n in peers.NAMES if any(n in entry["peers"] for entry in table)]
    lines = ["\n## Peers\n", "How many times the library's time each needs; ≥ 10 is the goal for the fastest linker, more than 1 for GRUB.\n",
             "| object | elfin µs | elfin M | " + " | ".join(names) + " | GRUB, as published | fastest |",
             "|" + "---|" * (5 + len(names))]
    for entry in table:
        fastest = entry["fastest"]
        lines.append("| " + " | ".join([
            entry["object"], number(entry["µs"]), number(entry["M"]),
            *(number(entry["peers"].get(n)) for n in names), grub(entry),
            "" if fastest is None else number(fastest) + (" ✓" if fastest >= 10 else " ✗")]) + " |")
    return "\n".join(lines) + "\n" + peak_markdown(table, names)


def peak_markdown(table, names):
    lines = ["\nMiB: of the library its input, image, working memory and records; of the others the whole process at its peak.\n",
             "| object | elfin | " + " | ".join(names) + " |", "|" + "---|" * (2 + len(names))]
    for entry in table:
        lines.append("| " + " | ".join([entry["object"], number(entry["own_peak"]),
                                        *(number(entry["peak"].get(n)) for n in names)]) + " |")
    return "\n".join(lines) + "\n"


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":")[1].strip()
                break
    return f"{model}, {platform.system()} {platform.release()}"


def write(bench, table, drawn, folder):
    used = [c for c in rows.COLUMNS if any(c in entry["values"] for entry in table)]
    text = (f"# elfin: measured on {datetime.date.today()}, {machine()}{', short run' if bench.short else ''}\n\n"
            "Medians of rounds (quartiles); ✓ and ✗ say whether a goal is reached. What each row means:\n"
            "docs/BENCHMARKS.md.\n\n" + markdown(table, used) + peer_markdown(peers.table(bench)) +
            "".join(f"\n![{name}]({name})\n" for name in drawn))
    (folder / "report.md").write_text(text)
    (folder / "report.json").write_text(json.dumps(
        {"machine": machine(), "short": bench.short, "rows": table, "peers": peers.table(bench), "results": bench.results}, indent=1))
    print(text)
    print("written:", ", ".join(f"{folder}/{name}" for name in ("report.md", "report.json", *drawn)))
