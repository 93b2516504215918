#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Nothing is left when masters and drivers come and go, and groups change, a thousand
times (LIFECYCLE_ROUNDS): tests/guest/lifecycle goes through it and judges most of it.
Here masters are plugged in when it says so.
"""

import os
import time

from scenario import Scenario, done_testing, make_kernel, parts, take_qemu_along

ROUNDS = int(os.environ.get("LIFECYCLE_ROUNDS", "1000"))
PORT, BEHIND, FIRST, SECOND = "0000:00:01.0", "0000:01:00.0", "0000:00:02.0", "0000:00:03.0"


def nvme(node, *options):
    """A disk without data."""
    return ["-blockdev", f"null-co,node-name={node},size=1048576,read-zeroes=on",
            *(["-device", ",".join([f"nvme,drive={node},serial={node}", *options])] if options else [])]


# Time passes with the guest's instructions, 16 ns each, and jumps when there are none: to wait costs
# nothing. CPUs take turns then, which is not what a race needs, so one is enough.
IDLE_FOR_FREE = ["-icount", "shift=4,sleep=off"]
# Time jumps in QEMU's main loop, which can miss that the CPU has gone idle, and then sleeps until something else
# comes: a question every so many seconds.
WAKE_UP = 5

# Name, master, neighbour, phases, microseconds between two looks at the list, arguments for QEMU.
BOOTS = [
    ("plugging", BEHIND, PORT, "plugged", 200000,
     [*IDLE_FOR_FREE, "-device", "pcie-root-port,id=outlet,addr=1,chassis=1,slot=1", *nvme("disk")]),
    ("binding", FIRST, SECOND, "bound", 100000,
     [*IDLE_FOR_FREE, *nvme("first", "addr=2"), *nvme("second", "addr=3")]),
    ("changing", FIRST, SECOND, "changed,raced", 20000,
     [*nvme("first", "addr=2"), *nvme("second", "addr=3")]),
]


class Lifecycle(Scenario):
    """A boot, and the master that is plugged into it if there is an outlet."""

    def __init__(self, name, master, neighbour, phases, interval, devices):
        # Caches of the same size are not to be one: what grows then has a name.
        super().__init__(f"lifecycle-{name}", "lifecycle", "iommu.strict=1 slab_nomerge", f"phases={phases}",
                         f"rounds={ROUNDS}", f"master={master}", f"neighbour={neighbour}", f"interval={interval}")
        self.devices = devices
        if IDLE_FOR_FREE[0] in devices:
            self.cpus = 1
        self.seconds = 600
        self.plugs = {"plugged": {"driver": "nvme", "bus": "outlet", "drive": "disk", "serial": "plugged"}}


def main():
    names = parts([boot[0] for boot in BOOTS])
    take_qemu_along()
    make_kernel()
    boots = [Lifecycle(*boot) for boot in BOOTS if boot[0] in names]
    for boot in boots:
        boot.prepare()
    try:
        for boot in boots:
            boot.start()
        wake_up = time.monotonic() + WAKE_UP
        while running := [boot for boot in boots if boot.running()]:
            for boot in running:
                boot.serve()
            if time.monotonic() >= wake_up:
                for boot in running:
                    boot.send({"execute": "query-status"})
                wake_up = time.monotonic() + WAKE_UP
            time.sleep(0.002)
        for boot in boots:
            boot.finish()
    finally:
        for boot in boots:
            boot.stop()
    for boot in boots:
        boot.conclude()
        boot.expect_no_fault()
    done_testing()


if __name__ == "__main__":
    main()
