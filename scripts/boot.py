#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Boot a kernel in QEMU's virt machine with an SMMUv3 in front of five masters, and
judge what tests/guest/masters reports about them. Prints a table with a line for
each master and the verdict; succeeds if all of it is as it should be.

build/run/NAME/ keeps all of it: what scripts/qemu.py says, and verdict.json.

QEMU in the environment names the program to run instead of qemu-system-ARCH.
"""

import argparse
import collections
import json
import re
import sys
from pathlib import Path

from qemu import ARCHS, BUILD, DIED, WORDS, Boot, die, escape, take_qemu_along, text

# The masters and their slots on the bus. Of the four INTx lines, which go by slot,
# NVMe has one for itself, and virtio-blk and xHCI share one.
SLOTS = {"nvme": 1, "virtio-blk": 2, "ahci": 3, "e1000e": 4, "xhci": 6}
MASTERS = list(SLOTS)
DEVICES = {
    "nvme": ["nvme,drive=nvme,serial=nvme"],
    "virtio-blk": ["virtio-blk-pci,drive=virtio-blk,iommu_platform=on,disable-legacy=on"],
    "ahci": ["ich9-ahci,id=sata", "ide-hd,bus=sata.0,drive=ahci"],
    "e1000e": ["e1000e,netdev=net,romfile="],  # Debian has no ROM for it
    "xhci": ["qemu-xhci,id=usb", "usb-storage,bus=usb.0,drive=xhci"],
}
DISKS = [name for name in MASTERS if name != "e1000e"]
DISK_SIZE = 64 << 20

# What --iommu says on the kernel's command line, and the type a group has then.
IOMMU = {
    "strict": ("iommu.passthrough=0 iommu.strict=1", "DMA"),
    "lazy": ("iommu.passthrough=0 iommu.strict=0", "DMA-FQ"),
    "passthrough": ("iommu.passthrough=1", "identity"),
}

COLUMNS = {
    "master": "master",
    "driver": "driver",
    "group": "IOMMU group",
    "instance": "instance",
    "mapping": "mapping",
    "type": "domain type",
    "interrupts": "interrupts",
    "bytes": "bytes moved",
    "result": "result",
}

def address(name):
    return f"0000:00:{SLOTS[name]:02x}.0"


# ---- the boot ----

def slots(options):
    """The arguments that put the masters on the bus."""
    for name in MASTERS:
        if name in options.without:
            continue
        controller, *children = DEVICES[name]
        yield from ("-device", f"{controller},addr={SLOTS[name]}")
        for child in children:
            yield from ("-device", child)


def drives(options, directory):
    """The arguments for the disks, in files that are made anew for each boot."""
    for name in DISKS:
        if name in options.without:
            continue
        path = directory / f"{name}.img"
        with open(path, "wb") as image:
            image.truncate(DISK_SIZE)
        yield from ("-drive", f"if=none,id={name},format=raw,cache=unsafe,file={escape(path)}")


def words(options):
    """The kernel's command line."""
    found = [WORDS,
             IOMMU[options.iommu][0],
             # A module's loading waits for all probes in the system, so that one which hangs
             # would stop the others, too. This makes it wait for none.
             "module.async_probe=1",
             "masters=" + ",".join(f"{name}@{address(name)}" for name in MASTERS),
             f"mib={options.mib} deadline={options.deadline}"]
    if options.intx:
        found.append("pci=nomsi")
    if options.isolate is not None:
        found.append(f"iommu.isolate={options.isolate}")
    if options.vfio:
        found.append(f"vfio={options.vfio}")
    found.append(options.append)
    return " ".join(found)


def make_boot(options):
    """The boot that the options ask for."""
    boot = Boot(options.name, options.arch, options.kernel)
    boot.gic = options.gic
    boot.seconds = options.timeout
    boot.traces.append("smmuv3_decode_cd_tt")
    boot.words = words(options)
    boot.prepare()
    boot.devices = ["-netdev", "user,id=net,restrict=on", *drives(options, boot.dir), *slots(options)]
    if options.non_coherent:
        boot.make_not_coherent()
    return boot


def result_of(boot):
    """What there is to know of a boot: a dictionary, as in verdict.json."""
    return {
        "masters": reports(boot),
        "complete": boot.complete(),
        "faults": faults(boot),
        "tables": tables(boot),
        "page_tables": page_tables(boot),
        "ended": boot.ended,
        "status": boot.process.returncode,
    }


# ---- what it left ----

def reports(boot):
    """The guest's report on each master, by name."""
    found = {}
    for line in boot.report():
        if "\t" in line:
            fields = dict(field.split("=", 1) for field in line.split("\t"))
            found[fields["master"]] = fields
    return found


def faults(boot):
    """How many faults the SMMU recorded, by what and whose."""
    return dict(collections.Counter(f"{what} of {stream_name(sid)}" for what, sid in boot.faults()))


def page_tables(boot):
    """The memory that page tables of IOMMUs took in the end, by the kernel's count."""
    found = [line.split(":")[1].strip() for line in boot.report() if line.startswith("SecPageTables:")]
    return found[0] if found else "unknown"


def tables(boot):
    """The page tables that the SMMU walked, which a kernel without the series has, too."""
    return sorted(set(re.findall(r"smmuv3_decode_cd_tt .*ttb:(0x\w+)", text(boot.dir / "trace.log"))))


def stream_name(sid):
    """A stream ID is the PCI requester ID."""
    names = [name for name, slot in SLOTS.items() if slot == sid >> 3]
    return names[0] if names else f"stream {sid:#x}"


# ---- the verdict ----

def wanted_mappings(options):
    """How many mappings serve the one instance."""
    if options.mappings is not None:
        return options.mappings
    if options.iommu == "passthrough":
        return 0
    if options.isolate is None:
        return 1 if ARCHS[options.arch].shares else len(MASTERS)
    return len(MASTERS) if options.isolate == "1" else 1


def values(boot_result, field):
    return {master[field] for master in boot_result["masters"].values()} - {"-"}


def moved(boot_result):
    return [name for name in MASTERS if boot_result["masters"].get(name, {}).get("result") == "ok"]


def mappings(boot_result):
    return {(master["instance"], master["mapping"])
            for master in boot_result["masters"].values() if master["mapping"] != "-"}


def verdict(boot_result):
    return (f"masters: {len(moved(boot_result))}/{len(MASTERS)} moved data, "
            f"instances: {len(values(boot_result, 'instance'))}, "
            f"mappings: {len(mappings(boot_result))}, "
            f"IOMMU page tables: {boot_result['page_tables']}, "
            f"SMMU faults: {sum(boot_result['faults'].values())}")


def master_complaints(name, master, options):
    """What is wrong with a master."""
    if not master:
        yield f"{name}: no report"
        return
    if master["result"] != "ok":
        yield f"{name}: {master['result']}"
        return
    kind = "intx" if options.intx else "msi"
    if master["irq"] != kind:
        yield f"{name}: interrupts by {master['irq']}, not by {kind}"
    if master["interrupts"] == "0":
        yield f"{name}: no interrupts"
    wanted = IOMMU[options.iommu][1]
    if master["type"] != wanted:
        yield f"{name}: domain type {master['type']}, not {wanted}"
    if name == options.vfio and master["vfio"] != "ok":
        yield f"{name}: VFIO: {master['vfio']}"


def complaints(boot, boot_result, options):
    """All that is not as it should be, a line each."""
    if boot.complaint():
        yield boot.complaint()
    if boot_result["masters"]:
        for name in MASTERS:
            yield from master_complaints(name, boot_result["masters"].get(name), options)
        wanted = wanted_mappings(options)
        if len(mappings(boot_result)) != wanted:
            yield f"mappings: {len(mappings(boot_result))}, not {wanted}"
        if len(values(boot_result, "instance")) != 1:
            yield f"instances: {len(values(boot_result, 'instance'))}, not 1"
    for fault, count in sorted(boot_result["faults"].items()):
        yield f"SMMU fault: {fault}, {count} times"
    for line in boot.splats():
        yield f"the kernel complains: {line}"


# ---- how it is shown ----

def table(rows):
    """Markdown that reads well as it is."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    rows = [rows[0], ["-" * width for width in widths], *rows[1:]]
    return "\n".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
                     for row in rows)


def master_row(name, master):
    cells = dict.fromkeys(COLUMNS, "-") | master | {"master": name}
    if master:
        cells["interrupts"] = f"{master['interrupts']} {'MSI' if master['irq'] == 'msi' else 'INTx'}"
    return [cells[column] for column in COLUMNS]


def show(boot_result):
    print(table([list(COLUMNS.values())] +
                [master_row(name, boot_result["masters"].get(name, {})) for name in MASTERS]))
    print(verdict(boot_result))


def compare(boots):
    """Prints boots that were made before side by side."""
    results = {}
    for title, _, name in (boot_name.partition("=") for boot_name in boots):
        try:
            results[title] = json.loads((BUILD / "run" / name / "verdict.json").read_text())
        except OSError:
            die(f"there was no boot called {name}: run scripts/boot.py --name {name} first")
    rows = [["master", *results]]
    for name in MASTERS:
        rows.append([name] + [result["masters"].get(name, {}).get("result", "-")
                              for result in results.values()])
    rows.append(["SMMU faults"] + [str(sum(result["faults"].values())) for result in results.values()])
    print(table(rows))


# ---- the command ----

def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--arch", choices=ARCHS, default="arm", help="architecture of the kernel (arm)")
    add("--kernel", type=Path, metavar="DIR",
        help="what build.sh and guest.sh made (build/kernel/virt, or virt-arm64 for arm64)")
    add("--name", help="the boot's directory in build/run (made from the options below)")
    add("--gic", choices=("2", "3"), default="2", help="version of the interrupt controller (2)")
    add("--intx", action="store_true", help="no MSI")
    add("--iommu", choices=IOMMU, default="strict", help="mode of the IOMMU (strict)")
    add("--isolate", choices=("0", "1"),
        help="isolate groups from each other, or let them share a mapping (as the kernel does)")
    add("--non-coherent", action="store_true", help="tell the guest that DMA is not coherent")
    add("--vfio", choices=MASTERS, metavar="MASTER",
        help="have VFIO use a master before it moves data, which takes --gic 3")
    add("--append", default="", metavar="WORDS", help="more for the kernel's command line")
    add("--mib", type=int, default=4, help="MiB to write to each disk (4)")
    add("--deadline", type=int, default=60, metavar="SECONDS",
        help="the guest's time for the masters (60)")
    add("--timeout", type=int, default=180, metavar="SECONDS", help="the time for all (180)")
    add("--mappings", type=int, metavar="N",
        help="number of mappings to expect (1; one a master when isolated, as on arm64; 0 for passthrough)")
    add("--without", action="append", choices=MASTERS, default=[], metavar="MASTER",
        help="leave a master out, to see that it is missed")
    add("--observe", action="store_true",
        help="succeed whatever became of the masters: for a kernel that is known to fail")
    add("--compare", nargs="+", metavar="TITLE=NAME",
        help="boot nothing, but print the results of earlier boots side by side")
    options = parser.parse_args()
    options.kernel = options.kernel or BUILD / "kernel" / ARCHS[options.arch].kernel
    if not options.name:
        words = [options.kernel.name, "intx" if options.intx else "msi", options.iommu,
                 f"gic{options.gic}"]
        words += ["non-coherent"] * options.non_coherent
        words += [f"isolate{options.isolate}"] * (options.isolate is not None)
        options.name = "-".join(words)
    return options


def main():
    options = arguments()
    if options.compare:
        compare(options.compare)
        return
    take_qemu_along()
    boot = make_boot(options)
    print(f"==> booting {options.name}", file=sys.stderr)
    boot.run()
    boot_result = result_of(boot)
    (boot.dir / "verdict.json").write_text(json.dumps(boot_result, indent=1) + "\n")
    wrong = list(complaints(boot, boot_result, options))
    if boot_result["masters"]:
        show(boot_result)
    if options.observe and boot_result["ended"] != DIED:
        return
    for line in wrong:
        print(f"error: {options.name}: {line}", file=sys.stderr)
    if any(master["result"] == "hangs" for master in boot_result["masters"].values()):
        boot.show_console(count=100)  # what tests/guest/masters has to say of it
    elif boot.complaint():
        boot.show_console()
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
