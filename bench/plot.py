# SPDX-License-Identifier: MIT
"""Draws lines on log axes as SVG, without any library."""
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 460, 70, 190, 40, 50
COLOURS = ("#c0392b", "#222222", "#2471a3", "#1e8449", "#b9770e", "#7d3c98", "#117a65", "#5d6d7e", "#a04000")


class Axis:
    """A log scale over whole powers of ten."""

    def __init__(self, values, start, end):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.start, self.end = start, end

    def at(self, value):
        return self.start + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self):
        return [10 ** p for p in range(self.low, self.high + 1)]


def count_text(value):
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def time_text(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:g} {unit}"
    return f"{ns:g} ns"


def text(x, y, string, size=12, anchor="start", colour="#222"):
    string = string.replace("&", "&amp;").replace("<", "&lt;")
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">'
            f"{string}</text>")


def labels(ends):
    """Heights of the names at the lines' ends, apart from each other."""
    placed = []
    for y, name, colour in sorted(ends):
        y = max(y, placed[-1][0] + 15) if placed else y
        placed.append((y, name, colour))
    return placed


def lines(title, x_label, series, order):
    """SVG of nanoseconds over a number: series is name -> list of (number, nanoseconds).

    A name's colour is its place in `order`."""
    series = {name: sorted((n, ns) for n, ns in points if n > 0 and ns > 0) for name, points in series.items()}
    series = {name: points for name, points in series.items() if points}
    if not series:
        return None
    x = Axis([n for points in series.values() for n, _ in points], LEFT, WIDTH - RIGHT)
    y = Axis([ns for points in series.values() for _, ns in points], HEIGHT - BOTTOM, TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
           f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>', text(LEFT, 24, title, 15)]
    for tick in x.ticks():
        out.append(f'<line x1="{x.at(tick):.1f}" y1="{TOP}" x2="{x.at(tick):.1f}" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        out.append(text(x.at(tick), HEIGHT - BOTTOM + 18, count_text(tick), anchor="middle"))
    for tick in y.ticks():
        out.append(f'<line x1="{LEFT}" y1="{y.at(tick):.1f}" x2="{WIDTH - RIGHT}" y2="{y.at(tick):.1f}" stroke="#ddd"/>')
        out.append(text(LEFT - 6, y.at(tick) + 4, time_text(tick), anchor="end"))
    out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_label, anchor="middle"))
    ends = []
    for name, points in series.items():
        colour = COLOURS[order.index(name)]
        way = " ".join(f"{x.at(n):.1f},{y.at(ns):.1f}" for n, ns in points)
        width = 2.5 if name == "elfin" else 1.5
        out.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
        out += [f'<circle cx="{x.at(n):.1f}" cy="{y.at(ns):.1f}" r="3" fill="{colour}"/>' for n, ns in points]
        ends.append((y.at(points[-1][1]), name, colour))
    for height, name, colour in labels(ends):
        out.append(text(WIDTH - RIGHT + 12, height + 4, name, colour=colour))
    return "\n".join(out + ["</svg>"]) + "\n"
