#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
How much of what the series adds to the kernel is run by the KUnit suites, the boots
of masters and the tests in the guest: boots a kernel with gcov for each of them,
prints a table with a line for each file, and lists the functions in which a line was
never run, with the reason that tests/coverage-reasons gives. Fails if there is none.

	coverage.py [TEST...]	goes by these tests only, such as tests/edu.t; no count is
				kept from one run to the next
"""

import collections
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from qemu import BUILD, KUNIT, ROOT, die, run_script

TREE = BUILD / "linux"
CONFIG = "virt-coverage"
KERNEL = BUILD / "kernel" / CONFIG
RUNS = BUILD / "run"
OUT = BUILD / "coverage"
REASONS = ROOT / "tests" / "coverage-reasons"

BOOT = "scripts/boot.py"
# Each with the name of its boot, if it does not have one of its own.
COMMANDS = [
    [BOOT, "--name", "coverage-kunit", "--append", KUNIT],
    [BOOT, "--name", "coverage-kunit-isolate", "--isolate", "1", "--append", KUNIT],
    [BOOT, "--name", "coverage-lazy", "--iommu", "lazy", "--non-coherent", "--intx"],
    [BOOT, "--name", "coverage-vfio", "--gic", "3", "--vfio", "nvme"],
    [BOOT, "--name", "coverage-passthrough", "--iommu", "passthrough", "--non-coherent"],
    ["tests/policy.t"],
    ["tests/edu.t"],
    ["tests/lifecycle.t"],
    ["tests/hostile.t"],
]


def run(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


# ---- what was counted ----

def build():
    run_script("build.sh", CONFIG)
    run_script("guest.sh", KERNEL)


def boots(commands):
    """Goes through the commands, and yields the directories of the boots they made."""
    environment = {**os.environ, "KERNEL_CONFIG": CONFIG, "LIFECYCLE_ROUNDS": "20"}
    for number, command in enumerate(commands):
        before = {path: path.stat().st_mtime_ns for path in RUNS.glob("*/coverage.tar")}
        if command[0] == BOOT:
            command = [*command, "--kernel", KERNEL, "--timeout", "1800", "--deadline", "500"]
        print(f"==> {' '.join(str(word) for word in command)}", file=sys.stderr)
        log = BUILD / "log" / f"coverage-{number}.log"
        with open(log, "wb") as out:
            status = subprocess.run([ROOT / command[0], *command[1:]], env=environment, check=False,
                                    stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT).returncode
        if status:
            die(f"{command[0]} failed: see {log.relative_to(ROOT)}")
        yield from (path for path in RUNS.glob("*/coverage.tar")
                    if path.stat().st_mtime_ns != before.get(path) and path.stat().st_size)


def unpack(archive):
    """The counts of a boot, each beside the notes that the compiler made; returns them."""
    directory = OUT / archive.parent.name
    with tarfile.open(archive) as tar:
        for member in tar:
            if not member.name.endswith(".gcda"):
                continue
            built = Path("/") / member.name
            notes = built.with_suffix(".gcno")
            if not notes.is_relative_to(KERNEL) or not notes.exists():
                die(f"{archive} is of another kernel: it counts {built}")
            target = directory / built.relative_to(KERNEL)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(tar.extractfile(member).read())
            shutil.copy(notes, target.parent)
            yield target


@functools.cache
def source(name):
    return (TREE / name).read_text().splitlines()


def function_at(name, number):
    """The function that a line is in, of which gcov does not tell where it was inlined."""
    for line in reversed(source(name)[:number]):
        head = re.match(r"(?=[a-z_]).*?(\w+)\(", line)
        if head:
            return head[1]
    return "-"


def read(counts, lines):
    """Adds what a file of counts says to lines: {(file, line): [function, count]}."""
    for report in map(json.loads, run("arm-none-eabi-gcov", "--json-format", "--stdout", counts, cwd=KERNEL,
                                      stderr=subprocess.DEVNULL).splitlines()):
        for entry in report["files"]:
            path = (KERNEL / entry["file"]).resolve()
            if not path.is_relative_to(TREE):
                continue
            name = str(path.relative_to(TREE))
            for line in entry["lines"]:
                number = line["line_number"]
                found = lines.setdefault((name, number), [line.get("function_name") or function_at(name, number), 0])
                found[1] += line["count"]


# ---- what the series adds ----

def is_test(name):
    return "test" in Path(name).name or "/mock-" in name or name.startswith("tools/")


def added():
    """The lines that the series adds: {file: set of numbers}."""
    found = collections.defaultdict(set)
    name = None
    for line in run("git", "-C", TREE, "diff", "-U0", "refs/tags/base", "--", "*.c", "*.h").splitlines():
        if line.startswith("+++ "):
            name = line[6:]
        hunk = re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line)
        if hunk and not is_test(name):
            start = int(hunk[1])
            found[name].update(range(start, start + int(hunk[2] or 1)))
    return found


def reasons():
    """{(file, function): reason}; a function of * is all of the file."""
    found = {}
    for line in REASONS.read_text().splitlines():
        if line and not line.startswith("#"):
            name, function, reason = line.split(None, 2)
            found[name, function] = reason
    return found


class Reasons:
    """Those of tests/coverage-reasons, and which of them are called for."""

    def __init__(self):
        self.known = reasons()
        self.used = set()
        self.silent = []

    def of(self, name, function="*"):
        """The function's, the file's, or that of a directory."""
        places = [(name, function), *((str(place), "*") for place in (Path(name), *Path(name).parents))]
        place = next((place for place in places if place in self.known), None)
        if place is None:
            self.silent.append(name)
            return "NO REASON GIVEN"
        self.used.add(place)
        return self.known[place]

    def unused(self):
        return [f"{name} {function}" for name, function in self.known if (name, function) not in self.used]


def show(lines):
    """Prints it all; returns the reasons."""
    why, total = Reasons(), [0, 0]
    missed = collections.defaultdict(list)
    absent = []
    print("| file | lines that do something | run | |\n| ---- | ---: | ---: | ---: |")
    for name, numbers in sorted(added().items()):
        counted = {number: lines[name, number] for number in numbers if (name, number) in lines}
        if not counted:
            absent.append(name)
            continue
        ran = sum(1 for _, count in counted.values() if count)
        total = [total[0] + len(counted), total[1] + ran]
        print(f"| {name} | {len(counted)} | {ran} | {100 * ran / len(counted):.0f} % |")
        for number, (function, count) in sorted(counted.items()):
            if not count:
                missed[name, function].append(number)
    print(f"| all | {total[0]} | {total[1]} | {100 * total[1] / total[0]:.1f} % |\n")

    print("Not in this kernel, or without code:")
    for name in absent:
        print(f"  {name}: {why.of(name)}")
    print("Never run:")
    for (name, function), numbers in missed.items():
        print(f"  {name}:{','.join(map(str, numbers))} {function}(): {why.of(name, function)}")
    return why


def main():
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return
    for test in sys.argv[1:]:
        if not (ROOT / test).is_file():
            die(f"there is no test {test}; try --help")
    build()
    shutil.rmtree(OUT, ignore_errors=True)
    lines = {}
    for archive in boots([[command] for command in sys.argv[1:]] or COMMANDS):
        for counts in unpack(archive):
            read(counts, lines)
    if not lines:
        die("no boot left any counts")
    why = show(lines)
    if why.silent:
        die("there are lines that were never run, and no reason in tests/coverage-reasons: see above")
    if why.unused() and not sys.argv[1:]:
        print(f"Reasons that no line needed this time: {', '.join(why.unused())}")


if __name__ == "__main__":
    main()
