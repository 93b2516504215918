#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Where the instructions go of a pair of calls that map for DMA and unmap: prints a line for
each function of the kernel, and keeps it in build/bench, for plot.py, which draws that of
"strict" and pair/4096. QEMU executes and logs one instruction at a time for that.

	hotspots.py [COLUMN [WORK]]	the kernel and the mode, as bench.py calls them, and
					what is done, as tests/guest/bench.c does; "strict"
					and pair/4096 unless given
"""

import bisect
import collections
import json
import re
import sys

from bench import COLUMNS, EXECUTED, OUT, Guest, build, functions, testdevs
from qemu import die, take_qemu_along, text

LOGGED = 32 << 20   # bytes of QEMU's log are enough
ONE_BY_ONE = ["singlestep on", "one-insn-per-tb on"]    # before QEMU 8.1, and since


def log_instructions(guest):
    """While it is at work."""
    def hmp(line):
        return guest.qmp("human-monitor-command", **{"command-line": line})

    if all("unknown command" in hmp(line) for line in ONE_BY_ONE):
        die("this QEMU does not execute instructions one by one: set QEMU= to another")
    hmp("log exec,nochain")
    guest.wait_for(lambda: (guest.dir / "trace.log").stat().st_size > LOGGED, 60)


def executed(guest):
    """How often each address was."""
    found = collections.Counter()
    with open(guest.dir / "trace.log", errors="replace") as log:
        for line in log:
            one = EXECUTED.match(line)
            if one:
                found[int(one[2], 16)] += 1
    return found


def by_function(guest):
    """Instructions of a pair, by function; most of the module's are for rounds of pairs."""
    known = functions(guest.kernel)
    addresses, names = list(known), list(known.values())
    counts = executed(guest)
    pairs = sum(counts[addresses[names.index(name)]] for name in ("dma_unmap_page_attrs", "dma_unmap_sg_attrs"))
    if not pairs:
        die(f"QEMU logged no pair: see {guest.dir / 'trace.log'}")
    found = collections.Counter()
    for address, count in counts.items():
        index = bisect.bisect_right(addresses, address) - 1
        found[names[index] if 0 <= index < len(names) - 1 else "(module)"] += count
    return [(name, count / pairs) for name, count in found.most_common() if count >= pairs]


def kept(column, work):
    """Where it is kept."""
    return OUT / f"hotspots-{column}-{work}.json".replace(" ", "-").replace("/", "-")


def main():
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return
    column, work = (sys.argv[1:] + ["strict", "pair/4096"][len(sys.argv) - 1:])[:2]
    if column not in COLUMNS:
        die(f"there is no column {column}: {', '.join(COLUMNS)}")
    if not re.fullmatch(r"(pair|sg|row|live)/\d+", work):
        die(f"{work} is not pair/BYTES, sg/PAGES, row/PAGES or live/NUMBER")
    take_qemu_along()
    build([COLUMNS[column]])
    test, number = work.split("/")
    guest = Guest(f"hotspots-{column}", column, [(test, number, 1000000)])
    guest.devices = testdevs(1)
    guest.start()
    try:
        if not guest.wait_for(lambda: "bench: loading" in text(guest.dir / "console.log"), guest.seconds):
            guest.show_console()
            die("the guest did not come to its work")
        guest.wait_for(lambda: False, 2)     # until it is past what comes before
        log_instructions(guest)
    finally:
        guest.stop()
    found = by_function(guest)
    OUT.mkdir(parents=True, exist_ok=True)
    kept(column, work).write_text(json.dumps(found, indent=1) + "\n")
    print(f"| function | instructions of {work}, {column} |\n| --- | ---: |")
    for name, count in found:
        print(f"| {name} | {count:.1f} |")
    print(f"| all | {sum(count for _, count in found):.0f} |")


if __name__ == "__main__":
    main()
