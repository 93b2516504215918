# SPDX-License-Identifier: GPL-2.0
"""
A boot in QEMU's virt machine with an SMMUv3, for whoever judges it: the command
line, QMP while the guest runs, what the guest reports, SMMU faults, and how it ended.

What the guest reports comes over a virtio-serial port, which is no master of the
SMMU. SMMU faults are counted in QEMU, so that no rate limit of the guest hides any.
How the guest ended comes over QMP. build/run/NAME/ keeps it all:
console.log, report, trace.log, qmp.log and qemu.log; registers, if the guest had to be
stopped; and coverage.tar, what gcov counted, which is empty unless the kernel counts.

QEMU in the environment names the program to run instead of qemu-system-ARCH.
"""

import atexit
import collections
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Each base has kernels of its own.
BUILD = ROOT / "build" / ("mainline" if os.environ.get("BASE") == "mainline" else "")

# The QEMU, its CPU, the kernel's image and where build.sh leaves it, and whether the
# groups of an instance share a mapping.
Arch = collections.namedtuple("Arch", "qemu cpu image kernel shares")
ARCHS = {
    "arm": Arch("qemu-system-arm", "cortex-a15", "arch/arm/boot/zImage", "virt", True),
    "arm64": Arch("qemu-system-aarch64", "cortex-a57", "arch/arm64/boot/Image", "virt-arm64", False),
}

# KUnit runs at boot; Linux 7.2 has to be told.
KUNIT = "kunit.enable=1 kunit.autorun=1"

# A host that stands still looks like a CPU that does, so RCU waits for longer than 21 seconds.
WORDS = "console=ttyAMA0 earlycon panic=-1 panic_on_warn=1 rcupdate.rcu_cpu_stall_timeout=100"

# What a kernel says when something is wrong with it, where that is no warning that ends the boot. Those are "WARNING: CPU: "
# on Linux 6.12, and "WARNING: <file>:<line> at " on 7.2.
SPLAT = re.compile(r"BUG: |WARNING: (?!CPU: |\S+:\d+ at )|INFO: (?!NMI)|Oops|Unable to handle|UBSAN: |KASAN: "
                   r"|DMA-API: .*(?:ENOMEM|out of memory)|pagealloc: (?:single bit error|memory corruption)")

# What is no matter of the series: what a line says, and a function that is in the trace after it. ARM's CPUs switch their
# address space, which takes a lock, on the way down, when RCU does not watch them any more; lockdep minds, on stock, too.
KNOWN = [("suspicious RCU usage", "arch_cpu_idle_dead")]

# How a boot can end.
OFF = "powered off"
PANIC = "panicked"
DIED = "died"
TIMEOUT = "timed out"


def die(message):
    sys.exit(f"error: {message}")


def run_script(name, *arguments):
    """One of scripts/, which says for itself what is wrong."""
    if subprocess.run([ROOT / "scripts" / name, *arguments], stdout=subprocess.DEVNULL, check=False).returncode:
        sys.exit(1)


def escape(path):
    """A comma in a value of QEMU's is written twice."""
    return str(path).replace(",", ",,")


def text(path):
    return path.read_text(errors="replace") if path.exists() else ""


def splats(log):
    """The lines of a console in which the kernel says that something is wrong with it."""
    lines = text(log).replace("\r", "").splitlines()
    return [line for number, line in enumerate(lines) if SPLAT.search(line) and not known(lines[number:number + 40])]


def known(lines):
    """Whether what begins with the first of them is no matter of the series."""
    return any(what in lines[0] and any(f" {function} from " in line for line in lines) for what, function in KNOWN)


def interrupted(number, _):
    sys.exit(128 + number)


def take_qemu_along():
    """Has signals that would end us unwind instead, so that QEMU goes with us."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)


class Boot:
    """One boot. Change its attributes, then start() it or run() all of it."""

    def __init__(self, name, arch="arm", kernel=None):
        self.name = name
        self.arch = ARCHS[arch]
        self.kernel = kernel or BUILD / "kernel" / self.arch.kernel
        self.initramfs = self.kernel / "initramfs.cpio"
        self.dir = BUILD / "run" / name
        self.program = os.environ.get("QEMU", self.arch.qemu)
        self.gic = "2"
        self.memory = "1G"
        self.cpus = 2
        self.traces = ["smmuv3_record_event"]
        self.words = WORDS      # the kernel's command line
        self.devices = []       # more arguments for QEMU
        self.dtb = None
        self.seconds = 180      # the time for all of it
        self.process = None
        self.end = None
        self.ended = None
        self.commands = 0
        self.heard = []         # what came over QMP, and how far that was read
        self.heard_to = 0

    # ---- before ----

    def prepare(self):
        """An empty directory for the boot."""
        for path in (self.kernel / self.arch.image, self.initramfs):
            if not path.exists():
                die(f"no {path.name} in {path.parent if path == self.initramfs else self.kernel}: "
                    "run scripts/build.sh and scripts/guest.sh")
        self.dir.mkdir(parents=True, exist_ok=True)
        for path in self.dir.iterdir():
            path.unlink()

    def machine(self, more=""):
        # Each CPU has a thread. With -accel tcg,thread=single, loading a module can stall RCU: ARM flushes up to 200,000 pages
        # from the TLB one by one, while the other CPU waits for its turn.
        return ["-M", f"virt,iommu=smmuv3,gic-version={self.gic}{more}", "-cpu", self.arch.cpu,
                "-smp", str(self.cpus), "-m", self.memory, "-nodefaults", "-display", "none"]

    def fdtput(self, options, *words):
        """Changes the device tree that the guest sees, which is the machine's at first."""
        commands = [["fdtput", *options, self.dir / "virt.dtb", *words]]
        if self.dtb is None:
            self.dtb = self.dir / "virt.dtb"
            commands.insert(0, [self.program, *self.machine(f",dumpdtb={escape(self.dtb)}")])
        for command in commands:
            try:
                subprocess.run(command, check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError) as error:
                reason = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip() or error
                die(f"cannot make a device tree ({reason}): run make packages")

    def make_not_coherent(self):
        """Tells the guest that DMA is not coherent."""
        for node in ("/smmuv3@9050000", "/pcie@10000000"):
            self.fdtput(["-d"], node, "dma-coherent")

    def command_line(self):
        command = [self.program, *self.machine(), "-no-user-config", "-no-reboot",
                   "-qmp", "stdio", "-serial", f"file:{self.dir / 'console.log'}",
                   "-D", str(self.dir / "trace.log"),
                   "-kernel", str(self.kernel / self.arch.image), "-initrd", str(self.initramfs),
                   "-append", self.words,
                   "-chardev", f"file,id=verdict,path={escape(self.dir / 'report')}",
                   "-device", "virtio-serial-device",
                   "-device", "virtserialport,chardev=verdict,name=verdict",
                   "-chardev", f"file,id=coverage,path={escape(self.dir / 'coverage.tar')}",
                   "-device", "virtserialport,chardev=coverage,name=coverage"]
        for trace in self.traces:
            command += ["-trace", trace]
        if self.dtb:
            command += ["-dtb", str(self.dtb)]
        return command + self.devices

    # ---- while it runs ----

    def start(self):
        command = self.command_line()
        self.end = time.monotonic() + self.seconds
        try:
            with open(self.dir / "qmp.log", "wb") as qmp, open(self.dir / "qemu.log", "wb") as log:
                self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=qmp, stderr=log)
        except OSError as error:
            die(f"cannot run {self.program} ({error.strerror}): run make packages")
        atexit.register(self.stop)
        # Until told so much, it reports no events.
        self.send({"execute": "qmp_capabilities"})

    def send(self, message):
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it is gone; whoever waits sees that

    def messages(self):
        """All that came over QMP. Some devices print to the same line."""
        with open(self.dir / "qmp.log", "rb") as log:
            log.seek(self.heard_to)
            lines = log.read().split(b"\n")[:-1]
        self.heard_to += sum(len(line) + 1 for line in lines)
        for line in lines:
            try:
                self.heard.append(json.loads(line))
            except ValueError:
                pass
        return self.heard

    def events(self, name):
        return [message for message in self.messages() if message.get("event") == name]

    def qmp(self, command, **arguments):
        """Has QEMU do something, and returns its answer. An error, or none in 10 seconds, raises RuntimeError."""
        self.commands += 1
        self.send({"execute": command, "arguments": arguments, "id": self.commands})
        answers = []

        def answered():
            answers.extend(message for message in self.messages() if message.get("id") == self.commands)
            return answers

        if not self.wait_for(answered, 10):
            raise RuntimeError(f"no answer to {command}")
        if "error" in answers[0]:
            raise RuntimeError(f"{command}: {answers[0]['error'].get('desc')}")
        return answers[0]["return"]

    def wait_for(self, condition, seconds):
        """Waits until something is so, but no longer than QEMU runs. Says whether it is."""
        end = time.monotonic() + seconds
        pause = 0.001
        while not condition():
            if self.process.poll() is not None or time.monotonic() >= end:
                return bool(condition())
            time.sleep(pause)
            pause = min(2 * pause, 0.1)
        return True

    def running(self):
        return self.process.poll() is None and not self.complete() and time.monotonic() < self.end

    def report(self):
        """What the guest reported so far. Whole lines only: it may be in the middle of one."""
        return text(self.dir / "report").split("\n")[:-1]

    def complete(self):
        return "end" in self.report()

    def finish(self):
        """Waits for QEMU, and ends it when time is up."""
        try:
            self.wait_for(self.complete, self.end - time.monotonic())
            # A master that hangs may well hang the way down, too.
            self.wait_for(lambda: False, min(20, self.end - time.monotonic()))
            if self.process.poll() is None:
                self.keep_registers()
        finally:
            timed_out = self.stop()
        self.ended = TIMEOUT if timed_out else self.how_it_ended()

    def keep_registers(self):
        """For whoever wonders where a guest hangs, and whether it is QEMU that does."""
        try:
            registers = self.qmp("human-monitor-command", **{"command-line": "info registers -a"})
        except RuntimeError as error:
            registers = f"{error}\n"
        (self.dir / "registers").write_text(registers)

    def stop(self):
        """Says whether that took force."""
        if self.process is None or self.process.poll() is not None:
            return False
        self.process.kill()
        self.process.wait()
        return True

    def run(self):
        self.start()
        self.finish()

    # ---- what it left ----

    def how_it_ended(self):
        # With -no-reboot a reset, which is how panic=-1 ends, is a shutdown for another reason.
        reasons = [event["data"].get("reason") for event in self.events("SHUTDOWN")]
        if self.process.returncode == 0 and reasons:
            return {"guest-shutdown": OFF, "guest-reset": PANIC}.get(reasons[-1], DIED)
        return DIED

    def complaint(self):
        """What is wrong with how the boot ended, or None."""
        if self.ended == OFF and self.complete():
            return None
        before = "after" if self.complete() else "before"
        if self.ended == TIMEOUT:
            return ("the guest did not power off after its report" if self.complete() else
                    f"no report from the guest within {self.seconds} seconds")
        if self.ended == PANIC:
            return f"the guest panicked {before} its report"
        if self.ended == OFF:
            return "the guest powered off before its report"
        status = self.process.returncode
        status = f"killed by signal {-status}" if status < 0 else f"exit status {status}"
        return f"QEMU ended {before} the guest's report ({status})"

    def faults(self):
        """The faults that the SMMU recorded, in order: pairs of what and which stream's."""
        path = self.dir / "trace.log"
        if path.exists():
            with open(path, errors="replace") as trace:
                for line in trace:
                    event = re.search(r"smmuv3_record_event (\S+) sid=(\w+)", line)
                    if event:
                        yield event[1], int(event[2], 16)

    def splats(self):
        return splats(self.dir / "console.log")

    def show_console(self, prefix="  ", file=sys.stderr, count=15):
        """The end of the console, for whoever wonders why."""
        lines = [line for line in text(self.dir / "console.log").splitlines() if line.strip()]
        lines = lines[-count:] + text(self.dir / "qemu.log").splitlines()[-5:]
        lines += re.findall(r"R15=\w+|\bPC=\w+|no answer.*", text(self.dir / "registers"))
        for line in lines:
            print(f"{prefix}{line}", file=file)
        print(f"{prefix}the whole of it: {self.dir / 'console.log'}", file=file)
