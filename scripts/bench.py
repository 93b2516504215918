#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
What mapping for DMA costs: the stock kernel of 32-bit ARM, the series, strict and lazy,
and stock arm64, strict and lazy, side by side. Prints a table, with the bars that were
set and whether they are met, and keeps it in build/bench, where the next run compares
itself with it. scripts/plot.py makes pictures of it.

	bench.py [PART...]	pairs, masters, cpus, coherence, commands, io, all of them
				unless some are named; the rest is as in the last run

Figures are numbers of the guest's instructions, from a QEMU whose clock goes by them,
unless the row says otherwise. How long the SMMU takes instructions do not tell: for that
there are rows of commands.
"""

import collections
import functools
import json
import re
import statistics
import sys
import time

from qemu import BUILD, OFF, ROOT, Boot, die, escape, run_script, take_qemu_along, text

OUT = BUILD / "bench"
RESULTS = OUT / "results.json"
STOCK, BASE, TREE = BUILD / "stock", BUILD / "base", BUILD / "linux"

# A column of the table: architecture, directory of the kernel, its tree, words for its command line.
Column = collections.namedtuple("Column", "arch kernel tree words")
COLUMNS = {
    "stock": Column("arm", "virt-stock", STOCK, "iommu.strict=1"),
    "strict": Column("arm", "virt", TREE, "iommu.strict=1"),
    "lazy": Column("arm", "virt", TREE, "iommu.strict=0"),
    "arm64 strict": Column("arm64", "virt-arm64-base", BASE, "iommu.strict=1"),
    "arm64 lazy": Column("arm64", "virt-arm64-base", BASE, "iommu.strict=0"),
    # What I/O without an IOMMU costs
    "passthrough": Column("arm", "virt", TREE, "iommu.passthrough=1"),
}
ARM = ["stock", "strict", "lazy"]
# Stock tells its ports so only once it has found the first of them, which leaves that in a group with others.
PORTS_ISOLATE = "pci=config_acs=xx111x1@pci:1b36:000c"

# The rows of the table that come from pairs of map and unmap, and what bench.c is asked for.
ROUNDS = 500
PAIRS = {
    "4 KiB": ("pair", 4096, ROUNDS),
    "64 KiB": ("pair", 65536, ROUNDS),
    "list of 64 pages": ("sg", 64, ROUNDS),
    "list of 512 pages": ("sg", 512, ROUNDS),
    "list of 64 pages in a row": ("row", 64, ROUNDS),
    "list of 512 pages in a row": ("row", 512, ROUNDS),
    "4 KiB, none live": ("live", 0, ROUNDS),
    "4 KiB, 1,000 live": ("live", 1000, ROUNDS),
    "4 KiB, 10,000 live": ("live", 10000, ROUNDS),
    "4 KiB, 100,000 live": ("live", 100000, ROUNDS),
}
MASTERS = [1, 8, 32, 64]
# What depends on when QEMU comes to do things is measured in so many boots, of which the median counts.
BOOTS = 5
# One instruction a nanosecond, and nothing in the guest that goes by the host's clock or by chance
CLOCK = ["-icount", "shift=0,sleep=off", "-rtc", "clock=vm,base=2026-01-01", "-machine", "dtb-randomness=off"]
# The clock leaps to the next timer when the guest has nothing to do, so what waits for the host seems to wait for long.
PATIENT = "sysctl.kernel.hung_task_timeout_secs=0"
# QEMU lets a CPU go on until one of its timers is due, which is millions of instructions: whoever waits for what that CPU
# holds waits as long. A filter of packets that never come has QEMU look each so many microseconds, of a thousand
# instructions. Where in a pair a turn ends depends on that, so there are several, of which the median counts.
TURNS = [1, 2, 3, 5, 7]

# A page of context descriptors, which the SMMU's driver takes for each master that is translated.
DESCRIPTORS = 4096

# The figure of a row and a column is to be at most so many times that of another; below it, if there is no factor.
Bar = collections.namedtuple("Bar", "row column factor other_row other_column")


def bars():
    for row, strict, lazy in (("4 KiB", 0.9, 0.55), ("64 KiB", 0.85, None),
                              ("list of 64 pages", 0.3, 0.22), ("list of 512 pages", 0.3, 0.22),
                              ("list of 64 pages in a row", 0.3, 0.22),
                              ("list of 512 pages in a row", 0.3, 0.22), ("4 KiB, 100,000 live", 0.1, 0.06)):
        yield Bar(row, "strict", strict, row, "stock")
        if lazy:
            yield Bar(row, "lazy", lazy, row, "stock")
    for column in ("strict", "lazy"):
        for row in ("4 KiB, 10,000 live", "4 KiB, 100,000 live"):
            yield Bar(row, column, 1.03, "4 KiB, 1,000 live", column)
        for number in MASTERS[1:]:
            yield Bar(pair_with(number), column, 1.05, pair_with(1), column)
        row = "the same, page tables and allocator"
        yield Bar(row, column, 0.05, row, "stock")
        for row in ("to probe one of 64 masters", "4 KiB, 4 CPUs", "lock acquisitions, 4 CPUs", "lock handovers, 4 CPUs",
                    "4 KiB, not coherent", "64 KiB, not coherent"):
            yield Bar(row, column, None, row, "stock")
        for row in ("cache maintenance, 4 KiB, calls", "cache maintenance, 4 KiB, bytes",
                    "cache maintenance, 64 KiB, calls", "cache maintenance, 64 KiB, bytes"):
            yield Bar(row, column, 1.0, row, "stock")
    yield Bar("4 KiB, 4 CPUs", "lazy", 1.2, "4 KiB, 1 CPU", "lazy")
    yield Bar("read of 4 KiB", "strict", 1.25, "read of 4 KiB", "passthrough")
    yield Bar("read of 4 KiB", "lazy", 1.05, "read of 4 KiB", "passthrough")


def pair_with(number):
    return f"4 KiB, {number} master" + "s" * (number > 1)


# ---- the guest ----

class Guest(Boot):
    """A boot of a column's kernel, which goes through tests/guest/bench."""

    def __init__(self, name, column, works=(), words=""):
        column = COLUMNS[column]
        super().__init__(f"bench-{name}".replace(" ", "-"), column.arch, BUILD / "kernel" / column.kernel)
        self.initramfs = BUILD / "modules" / f"{column.kernel}-bench" / "initramfs.cpio"
        self.words = " ".join([self.words, column.words, PORTS_ISOLATE, PATIENT, "scenario=bench", words,
                               "works=" + ",".join("/".join(map(str, work)) for work in works)])
        self.asked = {f"{test}/{number}" for test, number, _ in works}
        self.traces = []
        self.cpus = 1
        self.seconds = 900
        self.prepare()

    def command_line(self):
        return super().command_line() + CLOCK

    def lines(self, word):
        """What followed the word in the guest's report."""
        return [line[len(word) + 1:] for line in self.report() if line.startswith(f"{word} ")]

    def finish(self):
        """CPUs on their way down wait for each other, which takes ages where they take turns."""
        try:
            done = self.cpus > 1 and self.wait_for(self.complete, self.end - time.monotonic())
        except BaseException:
            self.stop()
            raise
        if done:
            self.stop()
            self.ended = OFF
        else:
            super().finish()

    def run(self):
        note(self.name)
        super().run()
        if self.complaint():
            self.show_console()
            die(f"{self.name}: {self.complaint()}")
        if self.splats():
            die(f"{self.name}: {self.splats()[0]}")
        if self.asked - set(figures(self)):
            die(f"{self.name}: {(self.asked - set(figures(self))).pop()} failed: see {self.dir.relative_to(ROOT)}/console.log")
        return self


def note(line):
    print(f"==> {line}", file=sys.stderr, flush=True)


def figures(guest):
    """Numbers by what bench.c was asked for, in instructions."""
    found = (line.split() for line in guest.lines("work"))
    return {work: [int(number) / 10 for number in numbers] for work, *numbers in found}


def testdevs(number):
    """So many masters, half of them the ports of the others if there are several."""
    if number == 1:
        return ["-device", "pci-testdev"]
    found = []
    for port in range(number // 2):
        found += ["-device", f"pcie-root-port,id=port{port},chassis={port},multifunction=on,"
                  f"addr={1 + port // 8:x}.{port % 8}", "-device", f"pci-testdev,bus=port{port}"]
    return found


# ---- the parts ----

def part_pairs():
    """Yields row, column and figure, as all parts do."""
    for column in ARM + ["arm64 strict", "arm64 lazy"]:
        guest = Guest(f"pairs-{column}", column, PAIRS.values())
        guest.devices = testdevs(1)
        found = figures(guest.run())
        for row, (test, arg, _) in PAIRS.items():
            yield row, column, found[f"{test}/{arg}"][0]


def part_masters():
    for column in ARM:
        for number in MASTERS:
            guest = Guest(f"masters-{column}-{number}", column, [("probe", 0, 1), ("all", 4096, ROUNDS)])
            guest.devices = testdevs(number)
            found = figures(guest.run())
            yield pair_with(number), column, found["all/4096"][0]
        yield "to probe one of 64 masters", column, found["probe/0"][0]
        more = memory(column) - memory("passthrough")
        yield "memory for one more master, bytes", column, more
        yield "the same, page tables and allocator", column, more - DESCRIPTORS


@functools.cache
def memory(column):
    """What binding takes for one more master, where the port of each has been bound before."""
    few, many = 2, MASTERS[-1]
    found = {}
    for number in (few, many):
        guest = Guest(f"memory-{column}-{number}", column, words="bind=1")
        guest.devices = testdevs(number)
        found[number] = int(guest.run().lines("memory")[0]) * 1024
    return (found[many] - found[few]) / (many // 2 - few // 2)


def part_cpus():
    for column in ARM:
        yield "4 KiB, 1 CPU", column, threads(column, 1, TURNS[0])
        yield "4 KiB, 4 CPUs", column, statistics.median(threads(column, 4, turn) for turn in TURNS)
        acquisitions, handovers = locks(column)
        yield "lock acquisitions, 4 CPUs", column, acquisitions
        yield "lock handovers, 4 CPUs", column, handovers


def threads(column, number, turn):
    guest = on_cpus(f"cpus-{column}-{number}-{turn}", column, number, 4 * ROUNDS, turn)
    return figures(guest.run())[f"threads/{number}"][0]


def on_cpus(name, column, number, rounds, turn):
    """A guest with so many CPUs, each of which maps and unmaps; they take turns."""
    guest = Guest(name, column, [("threads", number, rounds)])
    guest.cpus = number
    guest.devices = [*testdevs(1), "-netdev", "hubport,id=turns,hubid=0",
                     "-object", f"filter-buffer,id=turn,netdev=turns,interval={turn}"]
    return guest


# CPU and address of what was executed: code pointer, [CS base / PC / flags / cflags], and a symbol if QEMU knows any.
EXECUTED = re.compile(r"Trace (\d+): \S+ \[\w+/(\w+)/")


def functions(kernel):
    """Those of a kernel, by their addresses, in order."""
    found = re.findall(r"^(\w+) [tTwW] ([^$\s]\S*)$", text(kernel / "System.map"), re.M)
    return dict(sorted((int(address, 16), name) for address, name in found))


class Calls:
    """Has QEMU log the calls of functions of the kernel, with the registers."""

    def __init__(self, guest, pattern):
        self.log = guest.dir / "trace.log"
        self.names = {address: name for address, name in functions(guest.kernel).items() if re.fullmatch(pattern, name)}
        guest.devices += ["-d", "exec,cpu,nochain", "-dfilter",
                          ",".join(f"{address:#x}+4" for address in self.names)]

    def __iter__(self):
        """CPU, function, and the first two arguments."""
        with open(self.log, errors="replace") as log:
            found = None
            for line in log:
                call = EXECUTED.match(line)
                registers = re.match(r"R00=(\w+) R01=(\w+)", line)
                if call:
                    if found:
                        yield found
                    found = None
                    cpu, address = int(call[1]), int(call[2], 16)
                elif registers and address in self.names:
                    found = cpu, self.names[address], registers[1], registers[2]
                elif line.startswith("Stopped execution"):
                    found = None    # its turn was over; it comes again
            if found:
                yield found


def locks(column):
    """How often a pair takes a lock, and how often that was another CPU's last."""
    guest = on_cpus(f"locks-{column}", column, 4, 100, TURNS[0])
    calls = Calls(guest, "_raw_(spin|read|write)_(try)?lock(_irq|_irqsave|_bh)?|dma_map_page_attrs")
    guest.run()
    found = list(calls)
    pairs = [number for number, (_, name, _, _) in enumerate(found) if name == "dma_map_page_attrs"]
    pairs = pairs[len(pairs) // 2:]     # before that, some CPUs are still on their way
    last, taken, handed = {}, 0, 0
    for cpu, name, lock, _ in found[pairs[0]:pairs[-1]]:
        if name != "dma_map_page_attrs":
            taken += 1
            handed += last.get(lock, cpu) != cpu
            last[lock] = cpu
    return taken / len(pairs), handed / len(pairs)


def commands(column, size):
    """What the SMMU is told for a pair, on average: {command: number}."""
    found = []
    for rounds in (100, 300):
        guest = Guest(f"commands-{size}-{column}-{rounds}", column, [("pair", size, rounds)])
        guest.devices = testdevs(1)
        guest.traces = ["smmuv3_cmdq_opcode"]
        trace = text(guest.run().dir / "trace.log")
        found.append(collections.Counter(re.findall(r"smmuv3_cmdq_opcode <--- (?:SMMU_)?CMD_(\w+)", trace)))
    return {what: (found[1][what] - found[0][what]) / (200 * 64) for what in found[1]}


def part_commands():
    for column in COLUMNS:
        if column == "passthrough":
            continue
        for size in (4096, 65536):
            found = commands(column, size)
            syncs = found.pop("SYNC", 0)
            yield f"SMMU commands, {size // 1024} KiB", column, sum(found.values())
            yield f"SMMU syncs, {size // 1024} KiB", column, syncs


def maintenance(column, size):
    """
    How often a pair has caches maintained, of the buffer and of the page tables, and how many
    bytes. QEMU has no caches, but the calls are there.
    """
    guest = Guest(f"maintenance-{size}-{column}", column, [("pair", size, 1)])
    guest.devices = testdevs(1)
    guest.make_not_coherent()
    calls = Calls(guest, "v7_dma_(un)?map_area|dma_map_page_attrs")
    guest.run()
    lengths = []    # of each pair's calls
    for _, name, _, length in calls:
        if name == "dma_map_page_attrs":
            lengths.append([])
        elif lengths:
            lengths[-1].append(int(length, 16))
    del lengths[:-1000]     # others made page tables
    return sum(map(len, lengths)) / len(lengths), sum(map(sum, lengths)) / len(lengths)


def part_coherence():
    """Masters that are not coherent."""
    for column in ARM:
        guest = Guest(f"non-coherent-{column}", column, list(PAIRS.values())[:2])
        guest.devices = testdevs(1)
        guest.make_not_coherent()
        found = figures(guest.run())
        yield "4 KiB, not coherent", column, found["pair/4096"][0]
        yield "64 KiB, not coherent", column, found["pair/65536"][0]
        for size in (4096, 65536):
            number, total = maintenance(column, size)
            yield f"cache maintenance, {size // 1024} KiB, calls", column, number
            yield f"cache maintenance, {size // 1024} KiB, bytes", column, total


def part_io():
    for column in ("strict", "lazy", "passthrough"):
        yield "read of 4 KiB", column, statistics.median(reads(column) for _ in range(BOOTS))


def reads(column):
    """Of an NVMe by fio, with many on their way at a time."""
    guest = Guest(f"io-{column}", column, words="reads=300000")
    guest.devices = ["-blockdev", "null-co,node-name=disk,size=67108864,read-zeroes=off",
                     "-device", "nvme,drive=disk,serial=disk",
                     "-drive", f"if=none,id=fio,format=raw,readonly=on,file={escape(BUILD / 'fio.img')}",
                     "-device", "virtio-blk-device,drive=fio"]
    few, many = (list(map(int, line.split())) for line in guest.run().lines("fio"))
    return (many[1] - few[1]) * 1e7 / (many[0] - few[0])


PARTS = {"pairs": part_pairs, "masters": part_masters, "cpus": part_cpus, "commands": part_commands,
         "coherence": part_coherence, "io": part_io}


# ---- how it is shown ----

def table(results):
    def cell(value):
        return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.2f}"

    columns = [column for column in COLUMNS if any(column in row for row in results.values())]
    rows = [["", *columns]] + [[title, *(cell(row.get(column)) for column in columns)] for title, row in results.items()]
    widths = [max(map(len, column)) for column in zip(*rows)]
    rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    for row in [rows[0], rule, *rows[1:]]:
        yield "| " + " | ".join([row[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(row[1:], widths[1:])]) + " |"


def judged(results):
    """A line for each bar."""
    for bar in bars():
        value = results.get(bar.row, {}).get(bar.column)
        other = results.get(bar.other_row, {}).get(bar.other_column)
        if value is None or other is None:
            continue
        good = value <= bar.factor * other if bar.factor else value < other
        met = "met   " if good else "missed"
        share = f"{value / other:.3f}" if other else "-"
        yield (f"{met} {bar.row}, {bar.column}: {share} of {bar.other_column}" +
               (f", {bar.other_row}" if bar.other_row != bar.row else "") + f"; the bar is {bar.factor or 'below that'}")


def difference(old, new):
    """The largest between two runs, in per cent, and where."""
    found = [(abs(value / old[row][column] - 1) * 100 if old[row][column] else bool(value) * 100, f"{row}, {column}")
             for row, values in new.items() for column, value in values.items() if column in old.get(row, {})]
    return max(found, default=None)


# ---- the command ----

def build(columns):
    """The kernels, each with an initramfs that has bench.ko."""
    run_script("stock.sh")
    for kernel, tree in sorted({(column.kernel, column.tree) for column in columns}):
        run_script("build.sh", kernel.removesuffix("-stock").removesuffix("-base"), tree)
        run_script("guest.sh", BUILD / "kernel" / kernel)
        run_script("modules.sh", BUILD / "kernel" / kernel, tree, "bench")


def main():
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return
    wanted = sys.argv[1:] or list(PARTS)
    if set(wanted) - set(PARTS):
        die(f"there is no part {(set(wanted) - set(PARTS)).pop()}; try --help")
    take_qemu_along()
    if "io" in wanted:
        run_script("fio.sh")
    OUT.mkdir(parents=True, exist_ok=True)
    old = json.loads(text(RESULTS) or "{}")
    results = {row: dict(values) for row, values in old.items()} if sys.argv[1:] else {}
    build(COLUMNS.values())
    for part in wanted:
        for row, column, value in PARTS[part]():
            results.setdefault(row, {})[column] = round(value, 3)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    lines = "\n".join(table(results))
    (OUT / "table.md").write_text(lines + "\n")
    print(lines)
    print("\n".join(["", *judged(results)]))
    differs = difference(old, results)
    if differs:
        print("\nThe run before this differs by {:.2f} % at most: {}".format(*differs))


if __name__ == "__main__":
    main()
