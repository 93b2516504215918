#!/bin/bash
# mutations.t [WORDS] - a test of the tests: the series, broken in one place, fails in the KUnit suites. Each breakage is
# one that a change could well make; the suites were written without it in mind. WORDS select those that have them. What
# random calls find, the same calls find again.

set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
. "$here/scripts/common.sh"
# shellcheck source-path=SCRIPTDIR source=../kunit.sh
. "$here/tests/kunit.sh"

mutant=$BUILD/mutant

# What is broken, the case that has to find it, the file, and what sed makes of it.
mutations() {
	cat <<-'END'
		a group that goes keeps its claim on the mapping|mapping_test_shared|drivers/iommu/iommu.c|/^static void iommu_deinit_device/,/^}/ s/iommu_put_default_domain(.*);/;/
		a late master's regions are not reserved|mapping_test_late_reservation|drivers/iommu/dma-iommu.c|s/^\treturn iova_reserve_iommu_regions(dev, domain);/\treturn 0;/
		the limit of the bus is not heeded|arm_dma_bus_dma_limit|drivers/iommu/dma-iommu.c|s/dma_limit = min_not_zero(dma_limit, dev->bus_dma_limit);/;/
		a page past the aperture is handed out|arm_dma_aperture|drivers/iommu/dma-iommu.c|s/min(dma_limit, (u64)domain->geometry.aperture_end)/min(dma_limit, (u64)domain->geometry.aperture_end + SZ_4K)/
		what waits in a cache is in the way of a reservation|iova_test_reserve_cached|drivers/iommu/iova.c|/^struct iova \*reserve_free_iova/,/^}/ s/free_cached_iovas(iovad);/;/
		an error half-way through a list leaves pages mapped|iommu_dma_random_one_thread|drivers/iommu/iommu.c|/^ssize_t iommu_map_sg/,/^}/ s/iommu_unmap(domain, iova, pages.iova - iova);/;/
		buffers of masters that are not coherent keep stale lines|arm_dma_maint_alloc|arch/arm/mm/dma-mapping.c|/^void arch_dma_prep_coherent/,/^}/ s/page, 0, size,/page, 0, size \/ 2,/
	END
}

mutate() {		# <file> <script for sed>
	git -C "$mutant" checkout -q --force "$(tree_git rev-parse HEAD)" -- .
	sed -i "$2" "$mutant/$1"
	! git -C "$mutant" diff --quiet
}

# Prints the cases that fail, and tells by $failed; succeeds if any ran at all.
run_suites() {		# <options of kunit.py>
	local cases
	kunit arm "$mutant" kunit-mutant --kunitconfig="$configs/kunit-arm.kunitconfig" \
		--kunitconfig="$configs/kunit-dma-api.kunitconfig" "$@" || true
	cases=$(kunit_cases kunit-mutant)
	failed=$(grep -v ' \(PASS\|SKIP\)$' <<<"$cases" | cut -d' ' -f 2 | paste -sd' ')
	echo "# fail: ${failed:-none of $(grep -c . <<<"$cases")}"
	grep -q ' PASS$' <<<"$cases"
}

suites_pass() {
	run_suites && [ -z "$failed" ]
}

case_fails() {		# <case>
	run_suites && [[ " $failed " == *" $1 "* ]]
}

# Seed and call
complaint() {
	grep -m 1 -oE 'seed [0-9]+, thread 0 of 1, call [0-9]+' "$BUILD/kunit-mutant/test.log"
}

replays() {
	local first seed
	first=$(complaint) || return
	seed=${first#seed } seed=${seed%%,*}
	run_suites --kernel_args=iommu_dma_random.seed="$seed" '*random*' || true	# no case has to pass
	is "$(complaint)" "$first" 'with its seed, the same call fails again'
}

case ${1-} in -*) no_arguments "$1" ;; esac
[ $# = 0 ] || mutations | cut -d'|' -f1 | grep -qF -- "$1" || die "there is no mutation with the words $1"
mkdir -p "$LOG"
worktree "$mutant" "$(tree_git rev-parse HEAD)"
[ $# != 0 ] || ok 'as it is, all of it passes' suites_pass
while IFS='|' read -r what case file script; do
	[ $# = 0 ] || [[ $what == *"$1"* ]] || continue
	ok "there is something to break: $what" mutate "$file" "$script"
	ok "$case finds it: $what" case_fails "$case"
	[ "$case" != iommu_dma_random_one_thread ] || replays || ok 'it is known which call failed' false
done < <(mutations)
done_testing
