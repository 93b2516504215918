#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Want of memory: each allocation fails in turn, of what KUnit does to mock masters and
of what tests/guest/faults does to a real one. Errors are returned, all is as before,
nothing leaks, and no memory is used after it was freed. On a kernel with the kernel's
own checks, KERNEL_CONFIG=virt-debug+faults, all suites are looked at for leaks.
"""

import os
import re

from scenario import KUNIT, Scenario, done_testing, make_kernel, ok, parts, take_qemu_along, text

MASTER, NEIGHBOUR = "0000:00:01.0", "0000:00:02.0"
SUITE = "arm_dma_faults"
CONFIG = os.environ.get("KERNEL_CONFIG", "virt-faults")
ALL = "debug" in CONFIG

# Words for the kernel, and what the guest goes through. The policy makes a difference to binding. With the kernel's own
# checks, all that binding does of a real master would take an hour; and of these checks, dma-debug gives up, with an error, when
# an allocation of its own is made to fail.
BOOTS = {
    "share": ("dma_debug=off", "kunit,attributes,list,leaks") if ALL else
             (f"kunit.filter_glob={SUITE}", "kunit,attributes,binding,list,leaks"),
    "isolate": (f"{'dma_debug=off ' * ALL}iommu.isolate=1 kunit.filter_glob={SUITE}.*_bind_*", "kunit,leaks"),
}


def make_boot(name):
    words, cases = BOOTS[name]
    boot = Scenario(f"faults-{name}" + "-debug" * ALL, "faults", f"{KUNIT} {words}", f"suite={SUITE}", f"cases={cases}",
                    f"master={MASTER}", f"neighbour={NEIGHBOUR}", config=CONFIG)
    boot.prepare()
    boot.seconds = 3600 if ALL else 1800
    boot.devices = boot.disk("nvme", 1) + boot.disk("nvme", 2)
    return boot


def judge(boot):
    boot.finish()
    boot.conclude()
    bugs = re.findall(r"BUG.*", text(boot.dir / "console.log"))
    ok(not bugs, f"{boot.title}: no memory is used after it was freed, or freed twice", *bugs[:5])
    boot.expect_no_fault()


def main():
    names = parts(BOOTS)
    take_qemu_along()
    make_kernel(CONFIG)
    boots = [make_boot(name) for name in names]
    for boot in boots:
        boot.start()
    for boot in boots:
        judge(boot)
    done_testing()


if __name__ == "__main__":
    main()
