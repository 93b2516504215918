# SPDX-License-Identifier: GPL-2.0
"""
For tests of which a part runs in the guest: boots a scenario of tests/guest, takes
the TAP lines of its report over, and adds the host's own. KERNEL_CONFIG in the
environment is the configuration of the kernel, below tests/configs; virt unless given.
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scripts"))
from qemu import BUILD, Boot, die, take_qemu_along, text  # noqa: E402

__all__ = ["Scenario", "add_module", "done_testing", "make_kernel", "note", "ok", "take_qemu_along", "text"]
CONFIG = os.environ.get("KERNEL_CONFIG", "virt")
KERNEL = BUILD / "kernel" / CONFIG
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


def done_testing():
    print(f"1..{count}", flush=True)


def run(*command):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
    except OSError as error:
        die(f"cannot run {command[0]} ({error.strerror}): run make packages")
    if done.returncode:
        die(f"{Path(command[0]).name} failed:\n{done.stdout}")


def make_kernel(config=CONFIG):
    """The kernel of a configuration and its initramfs, and returns where they are."""
    kernel = BUILD / "kernel" / config
    run(HERE.parent / "scripts/build.sh", config)
    run(HERE.parent / "scripts/guest.sh", kernel)
    return kernel


def add_module(name):
    """Builds tests/guest/NAME.c, and returns an initramfs that has it as /NAME.ko on top of the guest's."""
    directory = BUILD / "modules" / name
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.c").write_bytes((HERE / "guest" / f"{name}.c").read_bytes())
    (directory / "Makefile").write_text(f"obj-m := {name}.o\n")
    run("make", "-s", "-C", BUILD / "linux", f"O={KERNEL}", "ARCH=arm", "CROSS_COMPILE=arm-none-eabi-",
        "LOCALVERSION=", f"M={directory}", "modules")
    (directory / "list").write_text(f"file /{name}.ko {directory / name}.ko 0644 0 0\n")
    archive = subprocess.run([KERNEL / "usr/gen_init_cpio", directory / "list"], check=True, capture_output=True)
    initramfs = directory / "initramfs.cpio"
    initramfs.write_bytes((KERNEL / "initramfs.cpio").read_bytes() + archive.stdout)
    return initramfs


class Scenario(Boot):
    """A boot that goes through tests/guest/SCENARIO: its words are added to the kernel's command line."""

    def __init__(self, name, scenario, *words, kernel=KERNEL):
        super().__init__(f"test-{name}", kernel=kernel)
        self.title = name
        self.words = " ".join([self.words, f"scenario={scenario}", *words])
        self.taken = 0

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
        return others
