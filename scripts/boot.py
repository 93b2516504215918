#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Boot a kernel in QEMU's virt machine with an SMMUv3 in front of five masters, and
judge what tests/guest/init reports about them. Prints a table with a line for
each master and the verdict; succeeds if all of it is as it should be.

What the guest reports comes over a virtio-serial port, which is no master of the
SMMU. SMMU faults are counted in QEMU, so that no rate limit of the guest hides any.
How the guest ended comes over QMP. build/run/NAME/ keeps it all:
console.log, report, trace.log, qmp.log, qemu.log and verdict.json.

QEMU in the environment names the program to run instead of qemu-system-ARCH.
"""

import argparse
import collections
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

BUILD = Path(__file__).resolve().parent.parent / "build"

# By --arch: the QEMU, its CPU, the kernel's image and where build.sh leaves it, and
# whether the groups of an instance share a mapping.
Arch = collections.namedtuple("Arch", "qemu cpu image kernel shares")
ARCHS = {
    "arm": Arch("qemu-system-arm", "cortex-a15", "arch/arm/boot/zImage", "virt", True),
    "arm64": Arch("qemu-system-aarch64", "cortex-a57", "arch/arm64/boot/Image", "virt-arm64", False),
}

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

# How a boot can end.
OFF = "powered off"
PANIC = "panicked"
DIED = "died"
TIMEOUT = "timed out"


def die(message):
    sys.exit(f"error: {message}")


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


def drives(options):
    """The arguments for the disks, in files that are made anew for each boot."""
    for name in DISKS:
        if name in options.without:
            continue
        path = options.dir / f"{name}.img"
        with open(path, "wb") as image:
            image.truncate(DISK_SIZE)
        yield from ("-drive", f"if=none,id={name},format=raw,cache=unsafe,file={escape(path)}")


def escape(path):
    """A comma in a value of QEMU's is written twice."""
    return str(path).replace(",", ",,")


def command_line(options):
    words = ["console=ttyAMA0 earlycon panic=-1 panic_on_warn=1",
             IOMMU[options.iommu][0],
             # A module's loading waits for all probes in the system, so that one which hangs
             # would stop the others, too. This makes it wait for none.
             "module.async_probe=1",
             "masters=" + ",".join(f"{name}@{address(name)}" for name in MASTERS),
             f"mib={options.mib} deadline={options.deadline}"]
    if options.intx:
        words.append("pci=nomsi")
    if options.vfio:
        words.append(f"vfio={options.vfio}")
    words.append(options.append)
    return " ".join(words)


def machine(options):
    return f"virt,iommu=smmuv3,gic-version={options.gic}"


def qemu_command(options):
    command = [options.qemu, "-M", machine(options), "-cpu", options.arch.cpu, "-smp", "2", "-m", "1G",
               "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
               "-qmp", "stdio", "-serial", f"file:{options.dir / 'console.log'}",
               "-D", str(options.dir / "trace.log"), "-trace", "smmuv3_record_event",
               "-trace", "smmuv3_decode_cd_tt",
               "-kernel", str(options.kernel / options.arch.image),
               "-initrd", str(options.kernel / "initramfs.cpio"),
               "-append", command_line(options),
               "-chardev", f"file,id=verdict,path={escape(options.dir / 'report')}",
               "-device", "virtio-serial-device",
               "-device", "virtserialport,chardev=verdict,name=verdict",
               "-netdev", "user,id=net,restrict=on"]
    if options.non_coherent:
        command += ["-dtb", str(non_coherent_dtb(options))]
    return command + list(drives(options)) + list(slots(options))


def non_coherent_dtb(options):
    """The machine's device tree, without the word that its DMA is coherent."""
    dtb = options.dir / "virt.dtb"
    for command in ([options.qemu, "-M", f"{machine(options)},dumpdtb={escape(dtb)}",
                     "-cpu", options.arch.cpu, "-smp", "2", "-m", "1G", "-nodefaults", "-display", "none"],
                    ["fdtput", "-d", dtb, "/smmuv3@9050000", "dma-coherent"],
                    ["fdtput", "-d", dtb, "/pcie@10000000", "dma-coherent"]):
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            die(f"cannot make a device tree for DMA that is not coherent: {error}")
    return dtb


def start(options):
    try:
        with open(options.dir / "qmp.log", "wb") as qmp, open(options.dir / "qemu.log", "wb") as log:
            qemu = subprocess.Popen(qemu_command(options), stdin=subprocess.PIPE, stdout=qmp, stderr=log)
    except OSError as error:
        die(f"cannot run {options.qemu} ({error.strerror}): run make packages")
    # Until told so much, it reports no events.
    try:
        qemu.stdin.write(b'{"execute": "qmp_capabilities"}\n')
        qemu.stdin.flush()
    except BrokenPipeError:
        pass  # it is gone; wait() sees that
    return qemu


def wait(qemu, options):
    """Waits for QEMU, and ends it when time is up. Says whether it ended by itself."""
    end = time.monotonic() + options.timeout
    reported = False
    while qemu.poll() is None and time.monotonic() < end:
        if not reported and "end" in report_lines(options):
            reported = True
            # A master that hangs may well hang the way down, too.
            end = min(end, time.monotonic() + 20)
        time.sleep(0.1)
    return qemu.poll() is not None


def stop(qemu):
    if qemu.poll() is None:
        qemu.kill()
        qemu.wait()


def boot(options):
    """Boots and returns what there is to know: a dictionary, as in verdict.json."""
    qemu = start(options)
    try:
        ended = wait(qemu, options)
    finally:
        stop(qemu)
    return {
        "masters": reports(options),
        "complete": "end" in report_lines(options),
        "faults": faults(options),
        "tables": tables(options),
        "ended": how_it_ended(options, qemu.returncode) if ended else TIMEOUT,
        "status": qemu.returncode,
    }


# ---- what it left ----

def text(path):
    return path.read_text(errors="replace") if path.exists() else ""


def report_lines(options):
    """Whole lines only: the guest may be in the middle of one."""
    return text(options.dir / "report").split("\n")[:-1]


def reports(options):
    """The guest's report on each master, by name."""
    found = {}
    for line in report_lines(options):
        if "\t" in line:
            fields = dict(field.split("=", 1) for field in line.split("\t"))
            found[fields["master"]] = fields
    return found


def faults(options):
    """How many faults the SMMU recorded, by what and whose."""
    count = collections.Counter()
    path = options.dir / "trace.log"
    if path.exists():
        with open(path, errors="replace") as trace:
            for line in trace:
                event = re.search(r"smmuv3_record_event (\S+) sid=(\w+)", line)
                if event:
                    count[f"{event[1]} of {stream_name(int(event[2], 16))}"] += 1
    return dict(count)


def tables(options):
    """The page tables that the SMMU walked, which a kernel without the series has, too."""
    return sorted(set(re.findall(r"smmuv3_decode_cd_tt .*ttb:(0x\w+)", text(options.dir / "trace.log"))))


def stream_name(sid):
    """A stream ID is the PCI requester ID."""
    names = [name for name, slot in SLOTS.items() if slot == sid >> 3]
    return names[0] if names else f"stream {sid:#x}"


def how_it_ended(options, status):
    # With -no-reboot a reset, which is how panic=-1 ends, is a shutdown for another reason.
    reasons = re.findall(r'"reason": "([\w-]+)"', text(options.dir / "qmp.log"))
    if status == 0 and reasons:
        return {"guest-shutdown": OFF, "guest-reset": PANIC}.get(reasons[-1], DIED)
    return DIED


# ---- the verdict ----

def wanted_mappings(options):
    """How many mappings serve the one instance."""
    if options.mappings is not None:
        return options.mappings
    if options.iommu == "passthrough":
        return 0
    return 1 if options.arch.shares else len(MASTERS)


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
            f"SMMU faults: {sum(boot_result['faults'].values())}")


def ending(boot_result, options):
    """What is wrong with how the boot ended, or None."""
    ended, complete = boot_result["ended"], boot_result["complete"]
    if ended == OFF and complete:
        return None
    before = "after" if complete else "before"
    if ended == TIMEOUT:
        return ("the guest did not power off after its report" if complete else
                f"no report from the guest within {options.timeout} seconds")
    if ended == PANIC:
        return f"the guest panicked {before} its report"
    if ended == OFF:
        return "the guest powered off before its report"
    status = boot_result["status"]
    status = f"killed by signal {-status}" if status < 0 else f"exit status {status}"
    return f"QEMU ended {before} the guest's report ({status})"


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


def complaints(boot_result, options):
    """All that is not as it should be, a line each."""
    end = ending(boot_result, options)
    if end:
        yield end
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


def show_console(options):
    """The end of the console, for whoever wonders why."""
    lines = [line for line in text(options.dir / "console.log").splitlines() if line.strip()]
    lines += text(options.dir / "qemu.log").splitlines()[-5:]
    for line in lines[-15:]:
        print(f"  {line}", file=sys.stderr)
    print(f"  the whole of it: {options.dir / 'console.log'}", file=sys.stderr)


def compare(boots):
    """Prints boots that were made before side by side."""
    results = {}
    for title, _, name in (boot_name.partition("=") for boot_name in boots):
        try:
            results[title] = json.loads((BUILD / "run" / name / "verdict.json").read_text())
        except OSError:
            die(f"there was no boot called {name}")
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
    add("--non-coherent", action="store_true", help="tell the guest that DMA is not coherent")
    add("--vfio", choices=MASTERS, metavar="MASTER",
        help="have VFIO use a master before it moves data, which takes --gic 3")
    add("--append", default="", metavar="WORDS", help="more for the kernel's command line")
    add("--mib", type=int, default=4, help="MiB to write to each disk (4)")
    add("--deadline", type=int, default=60, metavar="SECONDS",
        help="the guest's time for the masters (60)")
    add("--timeout", type=int, default=180, metavar="SECONDS", help="the time for all (180)")
    add("--mappings", type=int, metavar="N",
        help="number of mappings to expect (1, one a master for arm64, or 0 for passthrough)")
    add("--without", action="append", choices=MASTERS, default=[], metavar="MASTER",
        help="leave a master out, to see that it is missed")
    add("--observe", action="store_true",
        help="succeed whatever became of the masters: for a kernel that is known to fail")
    add("--compare", nargs="+", metavar="TITLE=NAME",
        help="boot nothing, but print the results of earlier boots side by side")
    options = parser.parse_args()
    options.arch = ARCHS[options.arch]
    options.qemu = os.environ.get("QEMU", options.arch.qemu)
    options.kernel = options.kernel or BUILD / "kernel" / options.arch.kernel
    if not options.name:
        words = [options.kernel.name, "intx" if options.intx else "msi", options.iommu,
                 f"gic{options.gic}"]
        options.name = "-".join(words + ["non-coherent"] * options.non_coherent)
    options.dir = BUILD / "run" / options.name
    return options


def prepare(options):
    """An empty directory for the boot."""
    for name in (options.arch.image, "initramfs.cpio"):
        if not (options.kernel / name).exists():
            die(f"no {name} in {options.kernel}: run scripts/build.sh and scripts/guest.sh")
    options.dir.mkdir(parents=True, exist_ok=True)
    for path in options.dir.iterdir():
        path.unlink()


def interrupted(number, _):
    sys.exit(128 + number)


def main():
    options = arguments()
    if options.compare:
        compare(options.compare)
        return
    # So that QEMU goes with us.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    prepare(options)
    print(f"==> booting {options.name}", file=sys.stderr)
    boot_result = boot(options)
    (options.dir / "verdict.json").write_text(json.dumps(boot_result, indent=1) + "\n")
    wrong = list(complaints(boot_result, options))
    if boot_result["masters"]:
        show(boot_result)
    if options.observe and boot_result["ended"] != DIED:
        return
    for line in wrong:
        print(f"error: {options.name}: {line}", file=sys.stderr)
    if ending(boot_result, options):
        show_console(options)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
