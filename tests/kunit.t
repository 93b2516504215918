#!/bin/bash
# kunit.t [arm|arm-no-lpae|arm64] - the KUnit suites that tests/configs/kunit-*.kunitconfig enable pass in QEMU, and on arm,
# which is what make check tests, so does the boot-time selftest of the LPAE page tables: with mappings shared and isolated,
# and with strict and lazy invalidation. arm-no-lpae is without LPAE, and so with 32 bits for every address.
# KUNIT_CONFIG=<name> adds what tests/configs/<name>.config has to the kernel's configuration; KUNIT_CALLS=<number> and
# KUNIT_SEED=<number> are for the threads of iommu_dma_random, where KUnit ends a case that takes 300 s.

set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/common.sh
. "$here/scripts/common.sh"

# shellcheck source-path=SCRIPTDIR source=kunit.sh
. "$here/tests/kunit.sh"

all=		# cases, of all boots

# A line for each suite: its name, how many tests passed, how many were skipped, how many there are.
suites() {
	kunit_cases "$name" | awk '
		!($1 in all) { order[++n] = $1 }
		{ all[$1]++; count[$1, $3]++ }
		END { for (i = 1; i <= n; i++) { s = order[i]; print s, count[s, "PASS"] + 0, count[s, "SKIP"] + 0, all[s] } }'
}

# Where all are isolated, nothing is left of the suite about sharing.
suite_passed() {		# <passed> <skipped> <tests>
	[ $(($1 + $2)) = "$3" ] && { [ "$1" -gt 0 ] || [ "$what" = 'isolate: ' ]; }
}

# What is no warning, and ends no boot with panic_on_warn=1
splats() {
	PYTHONPATH=$here/scripts python3 -c '
import pathlib, sys, qemu
print(*qemu.splats(pathlib.Path(sys.argv[1])), sep="\n")' "$log"
}

selftest_passed() {
	grep -qsE 'arm-lpae io-pgtable: selftest: completed with [1-9][0-9]* PASS 0 FAIL' "$log"
}

# What enables the suites. In 7.2 the selftest of the page tables is one of them.
kunitconfig() {			# <arch>
	local wanted=$configs/kunit-${1%-no-lpae}.kunitconfig change=
	[ -z "$PORT" ] || change='s/_LPAE_SELFTEST=/_LPAE_KUNIT_TEST=/'
	[ "$1" != arm-no-lpae ] || change='/SMMU_V3\|LPAE/d'
	if [ -n "$change" ]; then
		sed "$change" "$wanted" >"$BUILD/kunit-$1.kunitconfig"
		wanted=$BUILD/kunit-$1.kunitconfig
	fi
	echo "$wanted"
}

# kunit_pass <arch> <what it is about> <options of kunit.py>: one boot of the suites, and its $name, $log and $cases
kunit_pass() {
	local arch=$1 what=$2 status=0 suite passed skipped tests
	local -a options=("--kunitconfig=$(kunitconfig "$arch")" --kernel_args=panic_on_warn=1)
	name=kunit-$arch${KUNIT_CONFIG:+-$KUNIT_CONFIG} log=$BUILD/$name/test.log
	[ -z "${KUNIT_CALLS-}" ] || options+=("--kernel_args=iommu_dma_random.calls=$KUNIT_CALLS")
	[ -z "${KUNIT_SEED-}" ] || options+=("--kernel_args=iommu_dma_random.seed=$KUNIT_SEED")
	[ -z "${KUNIT_CONFIG-}" ] || options=("--kunitconfig=$configs/$KUNIT_CONFIG.config" "${options[@]}")
	[ "$arch" = arm64 ] || options=("--kunitconfig=$configs/kunit-dma-api.kunitconfig" "${options[@]}")
	[ "$arch" != arm-no-lpae ] || options+=(--kconfig_add=CONFIG_ARM_LPAE=n)
	kunit "${arch%-no-lpae}" "$TREE" "$name" "${options[@]}" "${@:3}" || status=$?
	while read -r suite passed skipped tests; do
		ok "$what$suite: $passed of $tests passed, $skipped skipped" suite_passed "$passed" "$skipped" "$tests"
	done < <(suites || true)
	is "$status" 0 "${what}kunit.py is content"
	is "$(splats)" '' "${what}the kernel has nothing to complain of"
	[ "$status" = 0 ] || tail -n 30 "$LOG/$name.log" | sed 's/^/# /'
	cases=$(kunit_cases "$name")
	all+=$cases$'\n'
}

# Cases may be skipped in some boots, where they are about something else.
never_passed() {
	awk 'NF { cases[$1 " " $2] } $3 == "PASS" { passed[$1 " " $2] }
		END { for (name in cases) if (!(name in passed)) print name }' <<<"$all" | paste -sd,
}

# Whoever is isolated or refused and did not ask for it says why.
said() {		# <pattern> [<device>]
	grep -qE "${2:-mock-(master|coherent|twin)-[a-z0-9]+}: $1" "$log"
}

said_of_all() {		# <pattern> <device...>
	local device status=0
	for device in "${@:2}"; do
		said "$1" "$device" || { echo "# $device did not"; status=1; }
	done
	return $status
}

# Cases are skipped where they are about the other policy, and none is in both.
case_passed() {		# <case>
	grep -qsx "arm_dma_isolation arm_dma_isolation_$1 PASS" <<<"$cases"
}

arm() {
	kunit_pass arm ''
	[ -n "$PORT" ] || ok 'selftest of the LPAE page tables' selftest_passed
	ok 'sharing: some share, some are isolated' case_passed write
	ok 'a region in use: isolated, and the log says why' said 'Isolated: the mapping of [^ ]*mock-iommu-a lacks the room \(-16\)'
	ok 'a master without a domain: not probed, and the log says why' said 'Its IOMMU cannot be set up \(-28\)'
	ok 'an attribute is not obeyed: the log says why' said 'Not isolated: [^ ]*mock-iommu-a has no domain for it \(-28\)'
	ok 'refused by the driver: isolated, and the log says why' said 'Isolated: the mapping of [^ ]*mock-iommu-a refuses it \(-22\)'
	ok 'of another type: isolated, and the log says why' said 'Isolated: its type is not that of the mapping of [^ ]*mock-iommu-b'
	ok 'not trusted: isolated, and the log says why' said 'Isolated: it is not trusted' 0001:00:00.0
	ok 'refused by its group: the log says why' said 'Refused by IOMMU group [0-9]+: its mapping lacks the room \(-16\)'
	ok 'of another instance than its group: the log says so' said 'Refused by IOMMU group [0-9]+, which shares its mapping: it masters through another instance'
	ok 'what the device tree gets wrong: the log says so' said_of_all 'Its IOMMU cannot be set up \(-22\)' \
		mock-{nowhere,wrong-node,cells,no-cells,bytes,hole,self,then-nowhere,then-no-cells}
	ok 'IOMMUs of which some are missing: the log says so' said_of_all 'Only some of its IOMMUs are there' \
		mock-{off-first,then-off,then-late}
	kunit_pass arm 'isolate: ' --kernel_args=iommu.isolate=1
	ok 'isolate: those without a domain left share' case_passed none_left
	ok 'isolate: and the log says why' said 'Not isolated: there is no domain for it alone \(-28\), it shares one of [^ ]*mock-iommu-a, which is strict'
	kunit_pass arm 'lazy: ' --kernel_args=iommu.strict=0
	is "$(never_passed)" '' 'there is no case that was always skipped'
}

# As most boards are whose IOMMU is another than an SMMUv3.
arm_no_lpae() {
	kunit_pass arm-no-lpae ''
	kunit_pass arm-no-lpae 'isolate: ' --kernel_args=iommu.isolate=1
}

# Where each group has a mapping of its own unless it is asked to share.
arm64() {
	kunit_pass arm64 '' iommu_dma_random
	kunit_pass arm64 'sharing: ' --kernel_args=iommu.isolate=0
	kunit_pass arm64 'sharing, lazy: ' --kernel_args=iommu.isolate=0 --kernel_args=iommu.strict=0 'iommu[_-]*'
}

case ${1-arm} in
arm | arm64) "${1-arm}" ;;
arm-no-lpae) arm_no_lpae ;;
*) no_arguments "$1" ;;
esac
done_testing
