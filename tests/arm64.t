#!/bin/bash
# arm64, where each IOMMU group has a mapping of its own as it had before: with SMMUv3 and MSI, five masters move data
# through five mappings, under strict and lazy; through one, if asked to share. tests/others/instructions.t compares that with a
# kernel without the series.

set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/common.sh
. "$here/scripts/common.sh"
no_arguments "$@"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

good() {		# <name> <options of boot.py>
	local status=0
	boot "$1" --arch arm64 --deadline 120 --timeout 240 "${@:2}" || status=$?
	show_boot "$1" "$status"
	return "$status"
}

"$here/scripts/build.sh" virt-arm64
"$here/scripts/guest.sh" "$BUILD/kernel/virt-arm64"
for options in 'strict --gic 2' 'lazy --gic 3'; do
	name=arm64-${options%% *}
	# shellcheck disable=SC2086	# they are words
	ok "$name: five masters, five mappings" good "$name" --iommu $options
	is "$(page_tables "test-$name")" 5 "$name: the SMMU walked five page tables"
done
ok 'arm64-shared: five masters, one mapping' good arm64-shared --iommu lazy --gic 3 --isolate 0
is "$(page_tables test-arm64-shared)" 1 'arm64-shared: the SMMU walked one page table'
done_testing
