#!/bin/bash
# run.sh - build the kernel with the series, boot it in QEMU and show every master moving data through the mapping of its
# IOMMU instance. Needs what packages.sh and tree.sh provide; `make run` calls them first.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

no_arguments "$@"
"$ROOT/scripts/build.sh" virt
"$ROOT/scripts/guest.sh"
"$ROOT/scripts/boot.py"
