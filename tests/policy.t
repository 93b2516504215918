#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Who shares a DMA mapping on a real SMMUv3, and who does not: what the kernel's command
line asks for, and what sysfs changes, where tests/guest/policy is the judge.
"""

import collections
import re

from scenario import Scenario, done_testing, make_kernel, ok, parts, take_qemu_along, text

MASTERS = {"0000:00:01.0": "nvme", "0000:00:02.0": "virtio-blk-pci,iommu_platform=on,disable-legacy=on",
           "0000:00:03.0": "virtio-blk-pci,iommu_platform=on,disable-legacy=on"}

MALFORMED = "Malformed early option 'iommu.isolate'"
NO_EFFECT = "iommu: iommu.isolate has no effect on groups in passthrough mode, the default"
EACH_INSTANCE = "iommu: DMA mappings: one for each instance"
EACH_GROUP = "iommu: DMA mappings: one for each group"
ASKED = " (set via kernel command line)"

# Words for the kernel, the type of all groups and what their mapping attribute reads, what the
# log says of it, in order, and what the guest changes then.
Policy = collections.namedtuple("Policy", "words type mapping log cases")
POLICIES = {
    "default": Policy("", "DMA", "shared", [EACH_INSTANCE],
                      "selftest,mapping_refused,mapping_isolated,mapping_last,type_refused,type_changed"),
    "isolate": Policy("iommu.isolate=1 iommu.strict=1", "DMA", "isolated", [EACH_GROUP + ASKED],
                      "selftest,mapping_shared,type_isolated"),
    "lazy": Policy("iommu.isolate=0 iommu.strict=0", "DMA-FQ", "shared", [EACH_INSTANCE + ASKED], "selftest,type_lazy"),
    "isolate-lazy": Policy("iommu.isolate=1 iommu.strict=0", "DMA-FQ", "isolated", [EACH_GROUP + ASKED], ""),
    "strict": Policy("iommu.isolate=0 iommu.strict=1", "DMA", "shared", [EACH_INSTANCE + ASKED], ""),
    "maybe": Policy("iommu.isolate=maybe", "DMA", "shared", [MALFORMED, EACH_INSTANCE], ""),
    "empty": Policy("iommu.isolate=", "DMA", "shared", [MALFORMED, EACH_INSTANCE], ""),
    "passthrough": Policy("iommu.passthrough=1 iommu.isolate=1", "identity", "none", [NO_EFFECT], "selftest"),
    "last": Policy("iommu.isolate=1 iommu.isolate=0", "DMA", "shared", [EACH_INSTANCE + ASKED], ""),
}


def said(boot):
    """What the log has about it."""
    lines = re.sub(r"^\[ *[\d.]+\] ", "", text(boot.dir / "console.log").replace("\r", ""), flags=re.M).splitlines()
    return [line for line in lines if re.search(r"iommu\.isolate|DMA mappings:", line) and "ommand line: " not in line]


def check_masters(boot, policy, lines):
    masters = [line.split()[1:] for line in lines if line.startswith("master ")]
    kinds = {tuple(kind) for _, _, *kind in masters}
    ok(kinds == {(policy.type, policy.mapping)}, f"{boot.title}: all groups are {policy.type}, {policy.mapping}",
       *lines)
    mappings = {(number, users) for number, users, *_ in masters}
    wanted = {"shared": [str(len(MASTERS))], "isolated": ["1"] * len(MASTERS), "none": ["-"]}[policy.mapping]
    ok(len(masters) == len(MASTERS) and [users for _, users in mappings] == wanted,
       f"{boot.title}: users of their mappings: {', '.join(wanted)}", *lines)


def make_boot(name):
    policy = POLICIES[name]
    boot = Scenario(f"policy-{name}", "policy", policy.words, f"masters={','.join(MASTERS)}", f"cases={policy.cases}")
    boot.prepare()
    boot.devices = [word for bdf, device in MASTERS.items() for word in boot.disk(device, int(bdf[8:10], 16))]
    return boot


def judge(boot, policy):
    boot.finish()
    check_masters(boot, policy, boot.conclude())
    ok(said(boot) == policy.log, f"{boot.title}: the log says so", *said(boot))
    boot.expect_no_fault()


def main():
    names = parts(POLICIES)
    take_qemu_along()
    make_kernel()
    # Two at a time
    for some in zip(*[iter(names + [None] * (len(names) % 2))] * 2):
        boots = {name: make_boot(name) for name in some if name}
        for boot in boots.values():
            boot.start()
        for name, boot in boots.items():
            judge(boot, POLICIES[name])
    done_testing()


if __name__ == "__main__":
    main()
