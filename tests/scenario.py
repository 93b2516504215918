# SPDX-License-Identifier: GPL-2.0
"""
For tests of which a part runs in the guest: boots a scenario of tests/guest, takes
the TAP lines of its report over, and adds the host's own. KERNEL_CONFIG in the
environment is the configuration of the kernel, below tests/configs; virt unless given.
"""

import collections
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scripts"))
from qemu import BUILD, KUNIT, Boot, die, escape, take_qemu_along, text  # noqa: E402

__all__ = ["CONFIG", "KUNIT", "Scenario", "add_modules", "done_testing", "escape", "make_fio", "make_kernel", "note", "ok", "parts",
           "take_qemu_along", "text"]
CONFIG = os.environ.get("KERNEL_CONFIG", "virt")
count = 0


def ok(good, name, *notes):
    """A line of TAP; the notes say more if it is not ok."""
    global count
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)
    for line in () if good else notes:
        note(line)
    return good


def note(line):
    print(f"# {line}", flush=True)


def parts(known):
    """Those of a test that its command line names, or all."""
    names = sys.argv[1:] or list(known)
    if names[0] in ("-h", "--help"):
        print(sys.modules["__main__"].__doc__.strip())
        print(f"\nParts: {', '.join(known)}")
        sys.exit()
    for name in names:
        if name not in known:
            die(f"there is no part {name}: {', '.join(known)}")
    return names


def done_testing():
    print(f"1..{count}", flush=True)


def run(*command):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except OSError as error:
        die(f"cannot run {command[0]} ({error.strerror}): run make packages")
    if done.returncode:
        die(f"{Path(command[0]).name} failed:\n{done.stderr}{done.stdout}")
    return done.stdout


def make_kernel(config=CONFIG):
    """The kernel of a configuration, and its initramfs."""
    run(HERE.parent / "scripts/build.sh", config)
    run(HERE.parent / "scripts/guest.sh", BUILD / "kernel" / config)


def make_fio():
    """A disk with fio."""
    run(HERE.parent / "scripts/fio.sh")
    return BUILD / "fio.img"


def add_modules(*names):
    """Returns an initramfs that has modules of tests/guest on top of the guest's."""
    return Path(run(HERE.parent / "scripts/modules.sh", BUILD / "kernel" / CONFIG, BUILD / "linux", *names).strip())


class Scenario(Boot):
    """A boot that goes through tests/guest/SCENARIO: its words are added to the kernel's command line."""

    def __init__(self, name, scenario, *words, config=CONFIG):
        super().__init__(f"test-{name}", kernel=BUILD / "kernel" / config)
        self.title = name
        self.words = " ".join([self.words, f"scenario={scenario}", *words])
        self.taken = 0
        self.plugs = {}         # name, and the arguments of device_add
        self.plugged = collections.Counter()

    def disk(self, device, slot):
        """Arguments for a master with a disk of 1 MiB, in a slot of the root bus. After prepare()."""
        image = self.dir / f"{slot}.img"
        image.write_bytes(bytes(1 << 20))
        options = f",serial=disk{slot}" if device == "nvme" else ""
        return ["-drive", f"if=none,id=disk{slot},format=raw,cache=unsafe,file={escape(image)}",
                "-device", f"{device}{options},drive=disk{slot},addr={slot:x}"]

    def plug(self, name, **device):
        """Plugs a device in, once the last one of that name, of which there was one or none, is gone for good."""
        def gone():
            return sum(event["data"].get("device") == name for event in self.events("DEVICE_DELETED"))
        self.wait_for(lambda: gone() == self.plugged[name], 10)
        self.qmp("device_add", id=name, **device)
        self.plugged[name] += 1

    def serve(self):
        """Does what the guest asks for: to plug NAME of self.plugs in, and to ask for it back."""
        for line in self.take():
            word, _, name = line.partition(" ")
            if word == "plug":
                self.plug(name, **self.plugs[name])
            elif word == "ask":
                self.qmp("device_del", id=name)

    def take(self):
        """Takes over what the guest reported since the last time: TAP, and returns all other lines."""
        lines = self.report()[self.taken:]
        self.taken += len(lines)
        others = []
        for line in lines:
            verdict, _, name = line.partition(" - ")
            if verdict in ("ok", "not ok"):
                ok(verdict == "ok", f"{self.title}: {name}")
            elif line.startswith("# "):
                print(line, flush=True)
            elif line != "end":
                others.append(line)
        return others

    def conclude(self):
        """To be called when the boot has ended: takes over the rest, and judges the end. Returns what take() does."""
        others = self.take()
        if not ok(not self.complaint(), f"{self.title}: the guest got to its end", self.complaint()):
            self.show_console("# ", sys.stdout)
        splats = self.splats()
        ok(not splats, f"{self.title}: the kernel has nothing to complain of", *splats[:20])
        return others

    def expect_no_fault(self):
        faults = list(self.faults())
        ok(not faults, f"{self.title}: no fault of the SMMU", *faults[:5])
