#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Disks of four kinds and two NICs at work at once, every byte checked, while memory
runs short, CPUs go and come back, and two more disks are plugged in and out: nothing
fails, nothing differs, the SMMU has no fault, and in the end no IOVA is in use that
was not before. tests/guest/load does it; here masters are plugged in when it says so.
One boot is repeated if it ends because the scheduler finds a task on a CPU that goes,
which was seen once, in code that the series does not touch.

	load.t [MODE...]	strict, lazy, isolated: all of them, unless some are named
	SOAK_SECONDS=600	for each
	LOAD_WORDS=		more words for its command line, such as tasks=look
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from scenario import (CONFIG, Scenario, done_testing, escape, make_fio, make_kernel, note, parts,  # noqa: E402
                      take_qemu_along, text)

SECONDS = int(os.environ.get("SOAK_SECONDS") or 600)    # make exports it in any case
# Lockdep dislikes pciehp, of the stock kernel
WAY = "sysfs" if "debug" in CONFIG else "slot"
MODES = {
    "strict": "iommu.strict=1",
    "lazy": "iommu.strict=0",
    "isolated": "iommu.strict=1 iommu.isolate=1",
}

VIRTIO = "iommu_platform=on,disable-legacy=on"
DISKS = {
    "nvme": ["nvme,addr=1,serial=nvme,drive=nvme"],
    "virtio-blk": [f"virtio-blk-pci,addr=2,{VIRTIO},drive=virtio-blk"],
    "ahci": ["ich9-ahci,addr=3,id=sata", "ide-hd,bus=sata.0,drive=ahci"],
    "xhci": ["qemu-xhci,addr=4,id=usb", "usb-storage,bus=usb.0,drive=xhci"],
}
NICS = ["e1000e,addr=5,netdev=one,romfile=", f"virtio-net-pci,addr=6,{VIRTIO},netdev=other,romfile="]
# In the slot that the name tells
PLUGS = {
    "slot1": {"driver": "nvme", "serial": "plugged", "bus": "port1", "drive": "slot1"},
    "slot2": {"driver": "virtio-blk-pci", "iommu_platform": "on", "disable-legacy": "on", "bus": "port2",
              "drive": "slot2"},
}


def devices(boot):
    """The arguments for all masters, and for fio's disk, which is none."""
    for name, models in DISKS.items():
        yield from image(boot, name)
        for model in models:
            yield from ("-device", model)
    for number, (name, plug) in enumerate(PLUGS.items(), 1):
        yield from image(boot, name)
        yield from ("-device", f"pcie-root-port,id={plug['bus']},addr={6 + number},chassis={number},slot={number}")
        if WAY == "sysfs":
            yield from ("-device", ",".join(f"{key}={value}" for key, value in plug.items()))
    yield from ("-netdev", "hubport,id=one,hubid=0", "-netdev", "hubport,id=other,hubid=0")
    for model in NICS:
        yield from ("-device", model)
    yield from ("-drive", f"if=none,id=fio,format=raw,readonly=on,file={escape(boot.fio)}", "-device",
                "virtio-blk-device,drive=fio")


def image(boot, name):
    path = boot.dir / f"{name}.img"
    with open(path, "wb") as disk:
        disk.truncate(32 << 20)
    yield from ("-blockdev", f"raw,node-name={name},cache.no-flush=on,file.driver=file,file.filename={escape(path)}")


class Load(Scenario):
    """A boot, and the masters that are plugged into it."""

    def __init__(self, mode, fio):
        disks = ",".join(f"{name}@0000:00:{number:02x}.0" for number, name in enumerate(DISKS, 1))
        plugs = ",".join(f"{name}@0000:{number:02x}:00.0" for number, name in enumerate(PLUGS, 1))
        super().__init__(f"load-{mode}" if CONFIG == "virt" else f"load-{mode}-{CONFIG}", "load", MODES[mode],
                         f"disks={disks}", f"plugs={plugs}", "nics=0000:00:05.0,0000:00:06.0", f"way={WAY}",
                         f"seconds={SECONDS}", os.environ.get("LOAD_WORDS", ""))
        self.fio = fio
        self.cpus = 4
        # For whatever comes before and after
        self.seconds = 2 * SECONDS + 900
        self.plugs = PLUGS


def load(mode, fio):
    boot = Load(mode, fio)
    boot.prepare()
    boot.devices = list(devices(boot))
    boot.start()
    try:
        while boot.running():
            boot.serve()
            time.sleep(0.1)
        boot.finish()
    finally:
        boot.stop()
    return boot


def ended_by_scheduler(boot):
    return "Dying CPU not properly vacated!" in text(boot.dir / "console.log")


def main():
    names = parts(MODES)
    take_qemu_along()
    make_kernel()
    fio = make_fio()
    repeated = False
    for mode in names:
        boot = load(mode, fio)
        if ended_by_scheduler(boot) and not repeated:
            repeated = True
            note(f"{boot.title} took a second boot; the first:")
            boot.show_console("# ", sys.stdout, 60)
            boot = load(mode, fio)
        boot.conclude()
        boot.expect_no_fault()
    done_testing()


if __name__ == "__main__":
    main()
