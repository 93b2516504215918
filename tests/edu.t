#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
What a real DMA engine reaches through the mapping of its IOMMU instance, and what
not: QEMU's edu devices, driven by tests/guest/edu.c. Each access is known to the
guest by what it did to the data, and to the host by the faults that QEMU's SMMU
recorded for it.
"""

import collections
import os
import re

from scenario import Scenario, add_modules, done_testing, make_kernel, ok, parts, take_qemu_along, text

# Two masters that are trusted; or one, and one that is not, since it is behind a root port that faces outside. The
# second reaches all 32 bits: without the IOMMU, that would be memory.
FIRST, SECOND, BEHIND = "0000:00:01.0", "0000:00:02.0", "0000:01:00.0"
PORT = 3  # its slot
TRUSTED = ["-device", "edu,addr=1", "-device", "edu,addr=2,dma_mask=0xffffffff"]
UNTRUSTED = ["-device", "edu,addr=1", "-device", f"pcie-root-port,id=outside,addr={PORT},chassis=1",
             "-device", "edu,bus=outside,dma_mask=0xffffffff"]

STRICT, LAZY = "iommu.strict=1", "iommu.strict=0"
# More than 4 GiB, for which qemu-system-arm 7.2 is no good: it cuts the addresses of page tables off at 32 bits.
HIGH = "5G"

# Types and sharing are those of the two masters' groups.
Test = collections.namedtuple("Test", "words devices memory types sharing cases")
TESTS = {
    "strict": Test(STRICT, TRUSTED, "1G", ("DMA", "DMA"), ("shared", "shared"), [
        f"{FIRST}/data", f"{SECOND}/data", f"{SECOND}/unmapped", f"{FIRST}/unmap", f"{FIRST}/strict",
        f"{FIRST}/shared", f"{SECOND}/shared", f"{FIRST}/domains"]),
    "lazy": Test(LAZY, TRUSTED, "1G", ("DMA-FQ", "DMA-FQ"), ("shared", "shared"), [
        f"{FIRST}/data", f"{SECOND}/unmapped", f"{FIRST}/lazy", f"{FIRST}/unmap", f"{FIRST}/shared",
        f"{FIRST}/domains"]),
    "isolate": Test(f"{STRICT} iommu.isolate=1", TRUSTED, "1G", ("DMA", "DMA"), ("isolated", "isolated"), [
        f"{FIRST}/data", f"{FIRST}/isolated", f"{SECOND}/isolated", f"{FIRST}/domains"]),
    "untrusted": Test(LAZY, UNTRUSTED, "1G", ("DMA-FQ", "DMA"), ("shared", "isolated"), [
        f"{FIRST}/data", f"{FIRST}/lazy", f"{BEHIND}/data", f"{BEHIND}/unmapped", f"{BEHIND}/unmap",
        f"{BEHIND}/strict", f"{FIRST}/isolated", f"{BEHIND}/isolated", f"{BEHIND}/refused"]),
    "untrusted-5G": Test(LAZY, UNTRUSTED, HIGH, ("DMA-FQ", "DMA"), ("shared", "isolated"), [
        f"{FIRST}/high", f"{BEHIND}/high", f"{BEHIND}/bounced", f"{BEHIND}/isolated"]),
}


def face_outside(boot):
    """Has the device tree say that what is behind the root port may be anything."""
    port = f"/pcie@10000000/pcie@{PORT},0"
    boot.fdtput(["-c"], port)
    boot.fdtput(["-t", "x"], port, "reg", f"{PORT << 11:x}", "0", "0", "0", "0")
    boot.fdtput(["-t", "s"], port, "device_type", "pci")
    boot.fdtput(["-t", "x"], port, "#address-cells", "3")
    boot.fdtput(["-t", "x"], port, "#size-cells", "2")
    boot.fdtput([], port, "ranges")
    boot.fdtput([], port, "external-facing")


def faults_by_access(boot):
    """The faults that QEMU recorded while an access was going on, or none, which is access 0."""
    found = collections.defaultdict(list)
    access = 0
    for line in text(boot.dir / "trace.log").splitlines():
        mark = re.match(r"pci_cfg_write edu .*@0x3c <- 0x(\w+)", line)
        fault = re.match(r"smmuv3_record_event (\S+) sid=(\w+)", line)
        if mark:
            access = int(mark[1], 16)
        elif fault:
            found[access].append((fault[1], int(fault[2], 16)))
    return found


def check_faults(boot, lines):
    faults = faults_by_access(boot)
    wrong = [f"outside of all accesses: {fault} of stream {sid:#x}" for fault, sid in faults.pop(0, [])]
    count = collections.Counter()
    for line in lines:
        _, number, sid, want = line.split()
        seen = set(faults.pop(int(number), []))
        count[want] += 1
        fits = {"clean": not seen, "fault": seen == {("SMMU_EVT_F_TRANSLATION", int(sid, 16))}, "either": True}
        if not fits[want]:
            wrong.append(f"access {number} of stream {sid}: {want} is wanted; faults: {sorted(seen)}")
    wrong += [f"access {number}, of which the guest does not tell: {seen}" for number, seen in faults.items()]
    ok(count["clean"] and count["fault"] and not wrong, f"{boot.title}: QEMU saw {count['fault']} accesses fault, by the right stream, "
       f"and {count['clean']} that did not", *wrong)


def check_masters(boot, test, lines):
    """What the devices master through, and that it is the same in the end."""
    before, after = ([line.split()[1:] for line in lines if line.startswith(when)] for when in ("before", "after"))
    ok(len(before) == 2 and before == after, f"{boot.title}: both devices master through what they did before", *lines)
    found = [dict(word.split("=") for word in words) for _, *words in before]
    ok([master["type"] for master in found] == list(test.types), f"{boot.title}: types {', '.join(test.types)}", *lines)
    ok([master["sharing"] for master in found] == list(test.sharing),
       f"{boot.title}: mappings are {', '.join(test.sharing)}", *lines)
    mappings = 1 if set(test.sharing) == {"shared"} else 2
    ok(len({master["mapping"] for master in found} - {"-"}) == mappings,
       f"{boot.title}: mappings: {mappings}", *lines)


def check_log(boot):
    """The log says which device is isolated, and why."""
    log = re.findall(r"(\S+): Isolated: (.*)", text(boot.dir / "console.log").replace("\r", ""))
    ok(log == [(BEHIND, "it is not trusted")], f"{boot.title}: the log says which device is isolated, and why", *log)


def prepare(name, test, initramfs):
    boot = Scenario(f"edu-{name}", "edu", test.words, f"cases={','.join(test.cases)}",
                    *[f"untrusted={BEHIND}"] * (test.devices is UNTRUSTED))
    boot.memory = test.memory
    if test.memory == HIGH and "QEMU" not in os.environ:
        boot.program = "qemu-system-aarch64"
    boot.initramfs = initramfs
    boot.traces.append("pci_cfg_write")
    boot.devices = test.devices
    boot.prepare()
    if test.devices is UNTRUSTED:
        face_outside(boot)
    return boot


def run(name, test, initramfs):
    boot = prepare(name, test, initramfs)
    boot.run()
    lines = boot.conclude()
    check_faults(boot, [line for line in lines if line.startswith("access ")])
    check_masters(boot, test, [line for line in lines if line.startswith(("before ", "after "))])
    if test.devices is UNTRUSTED:
        check_log(boot)


def main():
    names = parts(TESTS)
    take_qemu_along()
    make_kernel()
    initramfs = add_modules("edu")
    for name in names:
        run(name, TESTS[name], initramfs)
    done_testing()


if __name__ == "__main__":
    main()
