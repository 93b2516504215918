#!/bin/bash
# platforms.t [NAME...] - what the series touches still builds where others use it, with W=1 and without a warning that the
# base does not give: a line for each configuration in the list below, or for those named. The base is built only
# where there are warnings. build/others/ has the logs.

set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
. "$here/scripts/common.sh"
out=$BUILD/others
mapfile -t touched < <(touched_files)
declare -A built=()		# touched files that were compiled
declare -A absent=()		# architectures without a compiler

# A name, the architecture, the configuration, what to link or -, and symbols that are other than in the configuration.
# The longest is last.
matrix() {
	local board="MMU=y ARCH_MULTI_V7=y ARCH_VIRT=y SMP=y PCI=y PCI_MSI=y PCI_HOST_GENERIC=y MODULES=y"
	local smmu="ARM_LPAE=y IOMMU_SUPPORT=y ARM_SMMU_V3=y"
	local faults="FAULT_INJECTION=y FAILSLAB=y FAIL_PAGE_ALLOC=y FAULT_INJECTION_DEBUG_FS=y ARM_DMA_FAULTS_KUNIT_TEST=y"
	local drivers="ARM_SMMU=y IPMMU_VMSA=y MSM_IOMMU=y MTK_IOMMU=y MTK_IOMMU_V1=y SPRD_IOMMU=y SUN50I_IOMMU=y"
	local suites fragment
	suites=$(sed -n 's/^CONFIG_//p' "$here"/tests/configs/kunit-*.kunitconfig | paste -sd' ')
	fragment=$(sed -n 's/^CONFIG_//p' "$here/arch/arm/configs/smmuv3.config" | paste -sd' ')
	cat <<-END
		exynos|arm|exynos_defconfig|-|
		tegra|arm|tegra_defconfig|-|
		omap2plus|arm|omap2plus_defconfig|-|
		shmobile|arm|shmobile_defconfig|-|
		qcom|arm|qcom_defconfig|-|
		imx_v6_v7|arm|imx_v6_v7_defconfig|-|
		smmuv3-built-in|arm|allnoconfig|vmlinux modules|$board $smmu DEBUG_FS=y IOMMU_DEBUGFS=y
		smmuv3-module|arm|allnoconfig|vmlinux modules|$board ${smmu/V3=y/V3=m}
		all-drivers|arm|multi_v7_defconfig|-|$fragment $drivers COMPILE_TEST=y XEN=y
		no-iommu|arm|allnoconfig|vmlinux modules|$board ARM_LPAE=y IOMMU_SUPPORT=n ARM_DMA_USE_IOMMU=n
		no-iommu-driver|arm|allnoconfig|vmlinux modules|$board ARM_LPAE=y IOMMU_SUPPORT=y ARM_DMA_USE_IOMMU=n
		no-lpae|arm|allnoconfig|vmlinux modules|$board ARM_LPAE=n IOMMU_SUPPORT=y
		no-mmu|arm|mps2_defconfig|vmlinux|MMU=n
		kunit|arm|allnoconfig|-|$board $smmu $suites $faults
		arm64|arm64|defconfig|-|
		x86-64|x86|x86_64_defconfig|-|INTEL_IOMMU=y AMD_IOMMU=y VIRTIO_PCI=y VIRTIO_IOMMU=y HYPERV=y
		riscv|riscv|defconfig|-|
		mips|mips|malta_defconfig|-|
		arc|arc|haps_hs_defconfig|-|
		multi_v7|arm|multi_v7_defconfig|vmlinux|
	END
}

succeeds() {		# touched.sh <arguments>
	"$here/tests/others/touched.sh" "$@" || {
		echo "# $(basename "$2") does not build: see ${2#"$ROOT"/}.log, which ends with"
		tail -n 15 "$2.log" | sed 's/^/#   /'
		return 1
	}
}

no_new_warning() {	# <name> <arguments of touched.sh after DIR>
	local new=$out/$1.new
	[ -e "$out/$1.warnings" ] || return 1	# it did not build
	[ -s "$out/$1.warnings" ] || return 0
	succeeds "$BASE_TREE" "$out/$1-base" "${@:2:2}" - "${@:5}" || return 1
	comm -23 "$out/$1.warnings" "$out/$1-base.warnings" >"$new"
	[ ! -s "$new" ] || { sed 's/^/# /' "$new"; return 1; }
}

# Counts the touched files that a build compiled.
compiled() {		# <name>
	local file
	number=0
	for file in "${touched[@]}"; do
		[ -f "$out/$1/${file%.c}.o" ] || continue
		built[$file]=1
		number=$((number + 1))
	done
}

try() {			# <name> <architecture> <configuration> <link> <symbol...>
	local name=$1 links=', and links'
	[ "$4" != - ] || links=
	if ! command -v "$(cross_prefix "$2")gcc" >/dev/null; then
		absent[$2]=1
		ok "$name builds # SKIP no $(cross_prefix "$2")gcc" true
		return
	fi
	ok "$name builds$links" succeeds "$TREE" "$out/$name" "${@:2}"
	compiled "$name"
	ok "$name: $number of ${#touched[@]} touched files are in it" test "$number" != 0
	ok "$name: no new warning" no_new_warning "$@"
	rm -rf "${out:?}/$name" "$out/$name-base"	# it would be gigabytes; the logs stay
}

never_built() {
	local file arch
	for file in "${touched[@]}"; do
		arch=${file#arch/} arch=${arch%%/*}
		[ -n "${built[$file]-}" ] || [ -n "${absent[$arch]-}" ] || echo "$file"
	done | paste -sd' '
}

wanted() {		# <name>
	[ ${#names[@]} = 0 ] || [[ " ${names[*]} " == *" $1 "* ]]
}

case ${1-} in -*) no_arguments "$1" ;; esac
names=("$@")
for name in "${names[@]}"; do
	matrix | grep -q "^$name|" || die "there is no configuration $name: $(matrix | cut -d'|' -f1 | paste -sd' ')"
done
worktree "$BASE_TREE" refs/tags/base
while IFS='|' read -r name arch config link symbols; do
	wanted "$name" || continue
	# shellcheck disable=SC2086	# a word each
	try "$name" "$arch" "$config" "$link" $symbols
done < <(matrix)
[ ${#names[@]} != 0 ] || is "$(never_built)" '' 'every touched file is built by one of them'
done_testing
