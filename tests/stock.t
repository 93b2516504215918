#!/bin/bash
# What the series repairs is broken without it: the KUnit tests of ARM's DMA API on the stock kernel, to which nothing but
# these tests was added. For each defect, all cases that are named for it here fail; all others pass, so that it is not
# the tests that fail there. That all pass with the series is for kunit.t to show.

set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/common.sh
. "$here/scripts/common.sh"
no_arguments "$@"
# shellcheck source-path=SCRIPTDIR source=kunit.sh
. "$here/tests/kunit.sh"

stock=$BUILD/kunit-stock-tree

# A defect, and the cases that show it, without arm_dma_ at their head: of the suite arm_dma, or broken.* of arm_dma_broken.
defects() {
	cat <<-END
		coherent allocations of several pages map garbage|alloc_coherent_master alloc_atomic
		IOVA 0 is handed out and then taken for nothing|no_zero_address
		an offset beyond a page is not unmapped|map_page_far_offset map_sg_far_offset
		coherent masters map without IOMMU_CACHE|prot_coherent
		atomic callers may sleep|map_atomic alloc_atomic_gfp
		DMA masks and the limit of the bus are ignored|dma_mask coherent_dma_mask bus_dma_limit
		the aperture of the domain is ignored|aperture
		the second device of a group gets no IOMMU|group_of_two
		a driver that manages DMA itself cannot own its group|driver_managed group_claimed
		reserved regions are handed out|reserved_region
		direct regions are not mapped|direct_region
		MSI doorbells are not mapped|msi_doorbell msi_doorbell_narrow
		a window that the IOMMU cannot translate is taken|ranges_out_of_reach
		windows of PCI host bridges are handed out|pci_windows pci_windows_late pci_ranges
		a bad free stops the machine|bad_free
		a window is a byte short|ranges_small
		a window is rounded|window_200m window_100_pages ranges_large
		nothing above 128 MiB can be allocated|map_256m
		a mapping gets dearer by those that are there|many_mappings
		segment boundaries are ignored|seg_boundary
		pages of a list are mapped one by one|map_sg_scattered
		buffers from the atomic pool cannot be shared|get_sgtable_atomic mmap_atomic
		buffers of coherent masters cannot be shared|get_sgtable_coherent_master mmap_coherent_master
		dma_alloc_pages() and dma_alloc_noncontiguous() fail|alloc_pages alloc_noncontiguous
		each device takes a context of the IOMMU|one_context
		a device whose IOMMU cannot take it goes on without|attach_error pci_untrusted
		a device whose IOMMUs the device tree gets wrong goes on without|broken.nowhere broken.wrong_node broken.cells
		a device of which one IOMMU is missing goes on without the other|broken.partly_off broken.partly_no_driver
	END
}

# The case that Linux 7.2 has mended: there it has to pass. Of lists, which the next one is about, it has not.
mended=map_page_far_offset

stock_tree() {
	local mock tests
	mock=$(patch_commit 'iommu: Add a mock IOMMU driver for KUnit tests')
	tests=$(patch_commit 'ARM: dma-mapping: Add KUnit tests')
	worktree "$stock" refs/tags/base
	git -C "$stock" cherry-pick -n "$mock" "$tests" >"$LOG/kunit-stock-tree.log" 2>&1 ||
		die "the tests do not go on the stock kernel: see $LOG_NAME/kunit-stock-tree.log"
	# An operation that stock does not have
	sed -i '/\.map_scattered = /d' "$stock/drivers/iommu/mock-iommu.c"
}

fail_all() {		# <case...>
	local case name status=0
	for case; do
		name=arm_dma.arm_dma_$case
		[ "$case" = "${case#broken.}" ] || name=arm_dma_broken.arm_dma_broken_${case#broken.}
		case ${outcome[$name]:-missing} in
		PASS | SKIP | missing) echo "# $name: ${outcome[$name]:-missing}"; status=1 ;;
		esac
		unset "outcome[$name]"
	done
	return $status
}

# Without the cases of defects; the tests of cache maintenance watch functions that stock has not, and it knows nothing
# of isolation.
rest_passes() {
	local name status=0
	for name in "${!outcome[@]}"; do
		case $name.${outcome[$name]} in
		arm_dma_maintenance.* | arm_dma_isolation.* | *.PASS | *.SKIP) ;;
		*) echo "# $name: ${outcome[$name]}"; status=1 ;;
		esac
	done
	return $status
}

legacy_runs() {
	[ "$(printf '%s\n' "${!outcome[@]}" | grep -c '^arm_iommu_legacy\.')" -ge 10 ]
}

mkdir -p "$LOG"
stock_tree
# It fails, that is the point; and it has to go on when it warns.
kunit arm "$stock" kunit-stock --kunitconfig="$configs/kunit-dma-api.kunitconfig" || true
declare -A outcome=()
while read -r suite case result; do
	outcome[$suite.$case]=$result
done < <(kunit_cases kunit-stock || true)

while IFS='|' read -r defect cases; do
	[ -z "$PORT" ] || cases=${cases/#"$mended "/}
	# shellcheck disable=SC2086	# they are words
	ok "stock: $defect" fail_all $cases
done < <(defects)
# Two devices of a group, which stock does not translate.
unset 'outcome[arm_iommu_legacy.arm_iommu_legacy_tegra_drm_one_group]'
ok 'stock: what uses the ARM mapping API is tested' legacy_runs
ok 'stock: what is no defect passes' rest_passes
done_testing
