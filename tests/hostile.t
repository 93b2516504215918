#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
What is hostile or broken harms nobody else: masters that flood the SMMU with faults, an
SMMU that does not answer, device trees that are wrong, and a driver of the SMMU that comes
late or never. tests/guest/hostile goes through it, and a warning would be a panic. Mistakes
about platform masters are for KUnit: arch/arm/mm/dma-broken-test.c.
"""

import collections
import functools
import re
import subprocess

from scenario import Scenario, add_modules, done_testing, make_kernel, ok, parts, take_qemu_along, text

PCIE, SMMU = "/pcie@10000000", "/smmuv3@9050000"
# Nodes that get these phandles here, one that is not there, and the SMMU with the ID of the first of these masters.
UART, DISABLED, NOWHERE, TAKEN = 0x7001, 0x7002, 0x7003, 0x7004

NVME, EDUS = "0000:00:01.0", ["0000:00:02.0", "0000:00:03.0"]
REFUSED = r"Its IOMMU cannot be set up \(-22\)"
TIMED_OUT = "deferred probe timeout, ignoring dependency"
# The driver of the SMMU that is built in does not start.
LATE = "initcall_blacklist=arm_smmu_driver_init"
# The SMMU's queue has room for so many.
EVENTS = 2 ** 17

# A master without a disk, from slot 4 on: what iommu-map has for its ID, what is to become of it, and what the log is
# to say.
Entry = collections.namedtuple("Entry", "nodes fate mapping log")
ENTRIES = {
    "the SMMU": Entry([SMMU], "bound", "0", ""),
    "the SMMU twice": Entry([SMMU, SMMU], "bound", "0", ""),
    "nothing": Entry([], "bound", "-", "no iommu-map translation for id {id}"),
    "a disabled SMMU": Entry([DISABLED], "bound", "-", ""),
    "no IOMMU": Entry([UART], "bound", "-", "{bdf}: " + TIMED_OUT),
    "the ID of another master": Entry([TAKEN], "refused", "-", "{bdf}: (stream .* already in tree|Aliasing StreamID)"),
}
# Linux 7.2 stops at the first entry without a node, even when it looks for another master, so these have a device tree of
# their own.
BROKEN_ENTRIES = {
    "the SMMU, then no node": Entry([SMMU, NOWHERE], "bound", "0", ""),
    "no node": Entry([NOWHERE], "refused", "-", "{bdf}: .*no node for ID {id} in iommu-map"),
    "no node, then the SMMU": Entry([NOWHERE, SMMU], "refused", "-", "{bdf}: " + REFUSED),
}
FIRST_SLOT = 4


def by_slot(entries):
    """Triples of slot, name and entry."""
    return [(slot, name, entry) for slot, (name, entry) in enumerate(entries.items(), FIRST_SLOT)]


def bdf(slot):
    return f"0000:00:{slot:02x}.0"


# ---- device trees ----

def smmu_phandle(boot):
    """Which makes the tree, too."""
    boot.fdtput(["-c"], "/hostile")
    found = subprocess.run(["fdtget", "-t", "i", boot.dtb, SMMU, "phandle"], check=True, capture_output=True, text=True)
    return int(found.stdout)


def tree_entries(boot, entries):
    smmu = smmu_phandle(boot)
    targets = {SMMU: (smmu, None), TAKEN: (smmu, FIRST_SLOT)}
    boot.fdtput(["-t", "i"], "/pl011@9000000", "phandle", str(UART))
    boot.fdtput(["-t", "i"], "/hostile", "phandle", str(DISABLED))
    boot.fdtput(["-t", "s"], "/hostile", "compatible", "arm,smmu-v3")
    boot.fdtput(["-t", "s"], "/hostile", "status", "disabled")
    # The host bridge, the disk and the edus: 7.2 refuses whoever is after a broken entry, or has none
    good = [(slot, SMMU) for slot in range(FIRST_SLOT)]
    cells = []
    for slot, node in good + [(slot, node) for slot, _, entry in by_slot(entries) for node in entry.nodes]:
        phandle, other = targets.get(node, (node, None))
        cells += [slot << 3, phandle, (other or slot) << 3, 8]
    boot.fdtput(["-t", "i"], PCIE, "iommu-map", *map(str, cells))


def tree_truncated(boot):
    boot.fdtput(["-t", "i"], PCIE, "iommu-map", "0", str(smmu_phandle(boot)), "0")


def tree_missing(boot):
    boot.fdtput(["-d"], PCIE, "iommu-map")


def tree_disabled(boot):
    boot.fdtput(["-t", "s"], SMMU, "status", "disabled")


def tree_cycle(boot):
    boot.fdtput(["-t", "i"], SMMU, "iommus", str(smmu_phandle(boot)), "0")


# ---- what to look at afterwards ----

def check_master(boot, lines, report, master=NVME, name="a disk"):
    found = dict(line.split(" ", 2)[1:] for line in lines if line.startswith("master "))
    ok(found.get(master) == report, f"{boot.title}: {name}: {report}", f"got {found.get(master)}")


def check_entries(boot, lines, entries):
    log = console(boot)
    check_master(boot, lines, "bound mapping=0 data=ok", name="the SMMU, and a disk")
    for slot, name, entry in by_slot(entries):
        check_master(boot, lines, f"{entry.fate} mapping={entry.mapping} data=-", bdf(slot), name)
        wanted = entry.log.format(bdf=bdf(slot), id=hex(slot << 3))
        if wanted:
            ok(re.search(wanted, log), f"{boot.title}: {name}: the log says so", f"wanted: {wanted}")
    refused = {bdf(slot) for slot, _, entry in by_slot(entries) if entry.fate == "refused"}
    found = set(re.findall(rf"(\S+): {REFUSED}", log))
    ok(found == refused, f"{boot.title}: the log says who is refused", *found ^ refused)


def check_flood(boot, lines):
    said = collections.Counter()
    floods = [line.split()[1:] for line in lines if line.startswith("flood ")]
    for stream, number in floods:
        said["SMMU_EVT_F_TRANSLATION", int(stream, 16)] += int(number)
    seen = collections.Counter(boot.faults())
    ok(len(said) == len(EDUS) and said == seen, f"{boot.title}: QEMU saw as many events of each device as it made",
       f"seen: {seen}", f"said: {said}")
    ok(sum(int(number) for _, number in floods[len(EDUS):]) > EVENTS, f"{boot.title}: they were too many for the queue")
    lines = len(re.findall("event 0x10 received", console(boot)))
    ok(0 < lines < 1000, f"{boot.title}: the log mentions some of them only", f"{lines}")


def check_blocked(boot, _):
    """By an entry in the table of streams that says so, or for want of an entry, which is a fault."""
    aborted = re.findall(r"smmuv3_translate_abort .* sid=(\w+)", text(boot.dir / "trace.log"))
    blocked = {int(sid, 16) for sid in aborted} | {sid for _, sid in boot.faults()}
    ok(blocked == {1 << 3}, f"{boot.title}: in between, the SMMU blocks {NVME}", *blocked)


# Words for the kernel, the guest's phase, the change to the device tree, the check, what the log is to say, and the
# entries of iommu-map.
Test = collections.namedtuple("Test", "words phase tree check log entries", defaults=[{}])


def test_entries(entries):
    return Test("deferred_probe_timeout=5", "trees", functools.partial(tree_entries, entries=entries),
                functools.partial(check_entries, entries=entries), [], entries)


TESTS = {
    "flood": Test("iommu.strict=1", "flood", None, check_flood, ["EVTQ write aborted"]),
    "commands": Test("iommu.strict=1", "commands", None, None,
                     ["CMD_SYNC timeout", "CMDQ error .*: Illegal command"]),
    "entries": test_entries(ENTRIES),
    "broken-entries": test_entries(BROKEN_ENTRIES),
    "truncated": Test("", "trees", tree_truncated, functools.partial(check_master, report="refused mapping=- data=-"),
                      ["Bad iommu-map length", f"{NVME}: {REFUSED}"]),
    # QEMU's masters are behind the SMMU nevertheless: it must not be told to translate.
    "missing": Test(LATE, "trees", tree_missing, functools.partial(check_master, report="bound mapping=- data=ok"), []),
    "disabled": Test("", "trees", tree_disabled, functools.partial(check_master, report="bound mapping=- data=ok"), []),
    "cycle": Test("deferred_probe_timeout=5", "trees", tree_cycle,
                  functools.partial(check_master, report="bound mapping=0 data=ok"), [f"9050000.smmuv3: {TIMED_OUT}"]),
    "late": Test(f"{LATE} deferred_probe_timeout=300", "late", None, None, []),
    "never": Test(f"{LATE} deferred_probe_timeout=1 nvme_core.admin_timeout=3", "never", None, check_blocked,
                  [f"{NVME}: {TIMED_OUT}"]),
}


def console(boot):
    return text(boot.dir / "console.log").replace("\r", "")


def prepare(name, test, initramfs):
    slots = [slot for slot, _, _ in by_slot(test.entries)]
    masters = [NVME, *map(bdf, slots)]
    boot = Scenario(f"hostile-{name}", "hostile", test.words, f"phase={test.phase}", f"masters={','.join(masters)}",
                    f"edus={','.join(EDUS)}")
    boot.initramfs = initramfs
    boot.traces.append("smmuv3_translate_abort")
    boot.prepare()
    boot.devices = boot.disk("nvme", 1) + ["-device", "edu,addr=2", "-device", "edu,addr=3"]
    for slot in slots:
        boot.devices += ["-device", f"virtio-rng-pci,iommu_platform=on,disable-legacy=on,addr={slot:x}"]
    if test.tree:
        test.tree(boot)
    return boot


def judge(boot, test):
    boot.finish()
    lines = boot.conclude()
    if test.check:
        test.check(boot, lines)
    for wanted in test.log:
        ok(re.search(wanted, console(boot)), f"{boot.title}: the log says: {wanted}")
    if test.check not in (check_flood, check_blocked):
        boot.expect_no_fault()


def main():
    names = parts(TESTS)
    take_qemu_along()
    make_kernel()
    initramfs = add_modules("edu", "smmu", "late")
    # Two at a time
    for some in (names[i:i + 2] for i in range(0, len(names), 2)):
        boots = {name: prepare(name, TESTS[name], initramfs) for name in some}
        for boot in boots.values():
            boot.start()
        for name, boot in boots.items():
            judge(boot, TESTS[name])
    done_testing()


if __name__ == "__main__":
    main()
