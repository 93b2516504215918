#!/bin/bash
# run.sh - build the kernel with the series, boot it in QEMU and show every master moving data through the mapping of its
# IOMMU instance; with ISOLATE=1 in the environment, through a mapping for each IOMMU group. Needs what packages.sh and tree.sh provide; `make run` calls them first.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

no_arguments "$@"
"$ROOT/scripts/build.sh" virt
"$ROOT/scripts/guest.sh"
case ${ISOLATE:-} in
'') "$ROOT/scripts/boot.py" ;;
0 | 1) "$ROOT/scripts/boot.py" --isolate "$ISOLATE" ;;
*) die "ISOLATE=$ISOLATE is neither 0 nor 1" ;;
esac
