#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Draws what bench.py and hotspots.py left in build/bench, as SVG, for the README:
plots/pairs.svg, what map and unmap cost next to stock, plots/growth.svg, what a pair
costs the more is mapped, and plots/hotspots.svg, where the instructions of a pair go.
"""

import json
import math
import sys
from xml.sax.saxutils import escape

from bench import OUT, RESULTS
from hotspots import kept
from qemu import BUILD, ROOT, die, text

# The README's are of 6.12.
PLOTS = ROOT / "plots" if BUILD == ROOT / "build" else OUT
# Told apart without colours, too: by their order, and by the legend's.
COLOURS = {"stock": "#7f7f7f", "strict": "#1f5fa8", "lazy": "#6fb1e6", "arm64 strict": "#b0562b", "arm64 lazy": "#eaa67f"}
WIDTH, HEIGHT = 760, 340
LEFT, RIGHT, TOP, BOTTOM = 60, 40, 50, 50


class Picture:
    """An SVG, with x and y from 0 to 1 in the frame of its axes."""

    def __init__(self, title):
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
                      'font-size="12">', f"<title>{escape(title)}</title>",
                      f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
        self.text(title, LEFT, 18, size=14)

    def at(self, x, y):
        return LEFT + x * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y * (HEIGHT - TOP - BOTTOM)

    def text(self, words, x, y, anchor="start", size=12):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(words)}</text>')

    def line(self, points, colour, width=1.0):
        path = " ".join("{:.1f},{:.1f}".format(*self.at(*point)) for point in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>')

    def bar(self, x, width, height, colour):
        left, top = self.at(x, height)
        right, bottom = self.at(x + width, 0)
        self.parts.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" '
                          f'fill="{colour}"/>')

    def level(self, y, label):
        """A line across, and what it stands for."""
        self.line([(0, y), (1, y)], "#cccccc")
        left, height = self.at(0, y)
        self.text(label, left - 6, height + 4, "end")

    def below(self, x, label):
        middle, bottom = self.at(x, 0)
        self.text(label, middle, bottom + 18, "middle")

    def row(self, number, rows, share, label):
        """A bar that lies, with its name and figure, one of so many."""
        height = (HEIGHT - TOP - 10) / rows
        y = TOP + number * height
        x = LEFT + 170
        self.parts.append(f'<rect x="{x}" y="{y:.1f}" width="{share * (WIDTH - RIGHT - x - 40):.1f}" '
                          f'height="{height * 0.8:.1f}" fill="{COLOURS["strict"]}"/>')
        name, figure = label
        self.text(name, x - 6, y + height * 0.7, "end", 10)
        self.text(figure, x + share * (WIDTH - RIGHT - x - 40) + 5, y + height * 0.7, size=10)

    def legend(self, names):
        for number, name in enumerate(names):
            x = LEFT + number * 110
            self.parts.append(f'<rect x="{x}" y="28" width="12" height="12" fill="{COLOURS[name]}"/>')
            self.text(name, x + 17, 38)

    def save(self, path):
        path.write_text("\n".join(self.parts + ["</svg>"]) + "\n")
        print(f"==> {path.relative_to(ROOT)}", file=sys.stderr)


def pairs(results):
    """Groups of bars, each next to stock's."""
    rows = ["4 KiB", "64 KiB", "list of 64 pages", "list of 512 pages in a row"]
    found = {row: [(name, results[row][name] / results[row]["stock"]) for name in COLOURS] for row in rows}
    top = max(1.2, max(share for bars in found.values() for _, share in bars))
    picture = Picture("Instructions to map and unmap, next to stock on 32-bit ARM")
    for tenth in range(0, int(top * 10) + 1, 2):
        picture.level(tenth / 10 / top, f"{tenth / 10:.1f}")
    for group, (row, bars) in enumerate(found.items()):
        left, width = (group + 0.1) / len(rows), 0.8 / len(rows) / len(bars)
        for number, (name, share) in enumerate(bars):
            picture.bar(left + number * width, width * 0.9, share / top, COLOURS[name])
        picture.below((group + 0.5) / len(rows), row)
    picture.legend(COLOURS)
    picture.save(PLOTS / "pairs.svg")


def growth(results):
    """Lines, logarithmic both ways."""
    rows = {1000: "4 KiB, 1,000 live", 10000: "4 KiB, 10,000 live", 100000: "4 KiB, 100,000 live"}
    low, high = 1000, 40000

    def height(value):
        return math.log(value / low) / math.log(high / low)

    picture = Picture("Instructions of a pair of 4 KiB, while so many are mapped")
    for value in (1000, 2000, 4000, 10000, 20000, 40000):
        picture.level(height(value), f"{value:,}")
    for name, colour in COLOURS.items():
        picture.line([(number / (len(rows) - 1), height(results[row][name])) for number, row in enumerate(rows.values())],
                     colour, 2.5)
    for number, live in enumerate(rows):
        picture.below(number / (len(rows) - 1), f"{live:,}")
    picture.legend(COLOURS)
    picture.save(PLOTS / "growth.svg")


def hotspots(found):
    """The dearest functions, and what is left."""
    shown = found[:20]
    rest = sum(count for _, count in found[20:])
    rows = shown + [["all others", rest]]
    total = sum(count for _, count in rows)
    picture = Picture(f"Where the {total:,.0f} instructions of a pair of 4 KiB go, strict")
    most = max(count for _, count in rows)
    for number, (name, count) in enumerate(rows):
        picture.row(number, len(rows), count / most, (name, f"{count:.0f}"))
    picture.save(PLOTS / "hotspots.svg")


def main():
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return
    if sys.argv[1:]:
        die(f"plot.py: unknown argument {sys.argv[1]}; try --help")
    results = json.loads(text(RESULTS) or "{}")
    if not all(name in results.get("4 KiB", {}) for name in COLOURS):
        die("there are no results of all kernels in build/bench: run make bench")
    profile = json.loads(text(kept("strict", "pair/4096")) or "[]")
    if not profile:
        die("there is no profile in build/bench: run scripts/hotspots.py")
    PLOTS.mkdir(exist_ok=True)
    pairs(results)
    growth(results)
    hotspots(profile)


if __name__ == "__main__":
    main()
