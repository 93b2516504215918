#!/bin/bash
# The KUnit suites that tests/configs/kunit-*.kunitconfig enable pass in QEMU, and so does the boot-time selftest of the
# LPAE page tables. KUNIT_TREE=<dir> takes the suites from another kernel tree.

set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/common.sh
. "$here/scripts/common.sh"

# shellcheck source-path=SCRIPTDIR source=kunit.sh
. "$here/tests/kunit.sh"

tree=$(realpath "${KUNIT_TREE:-$TREE}")

# A line for each suite: its name, how many tests passed, how many were skipped, how many there are.
suites() {
	kunit_cases kunit-arm | awk '
		!($1 in all) { order[++n] = $1 }
		{ all[$1]++; count[$1, $3]++ }
		END { for (i = 1; i <= n; i++) { s = order[i]; print s, count[s, "PASS"] + 0, count[s, "SKIP"] + 0, all[s] } }'
}

suite_passed() {		# <passed> <skipped> <tests>
	[ "$1" -gt 0 ] && [ $(($1 + $2)) = "$3" ]
}

selftest_passed() {
	grep -qsE 'arm-lpae io-pgtable: selftest: completed with [1-9][0-9]* PASS 0 FAIL' "$BUILD/kunit-arm/test.log"
}

status=0
kunit "$tree" kunit-arm --kunitconfig="$configs/kunit-arm.kunitconfig" \
	--kunitconfig="$configs/kunit-dma-api.kunitconfig" --kernel_args=panic_on_warn=1 || status=$?
while read -r name passed skipped tests; do
	ok "$name: $passed of $tests passed, $skipped skipped" suite_passed "$passed" "$skipped" "$tests"
done < <(suites || true)
ok 'selftest of the LPAE page tables' selftest_passed
is "$status" 0 'kunit.py is content'
[ "$status" = 0 ] || tail -n 30 "$LOG/kunit-arm.log" | sed 's/^/# /'
done_testing
