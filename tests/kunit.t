#!/bin/bash
# The KUnit suites that tests/configs/kunit-arm.kunitconfig enables pass in QEMU, and so does the boot-time selftest of the
# LPAE page tables. KUNIT_TREE=<dir> takes the suites from another kernel tree.

set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/common.sh
. "$here/scripts/common.sh"

tree=$(realpath "${KUNIT_TREE:-$TREE}")
out=$BUILD/kunit-arm
log=$LOG/kunit-arm.log

run_kunit() {
	rm -f "$out/test.log" "$out/result.json"
	mkdir -p "$out" "$LOG"
	python3 "$tree/tools/testing/kunit/kunit.py" run \
		--arch=arm --cross_compile=arm-none-eabi- --build_dir="$out" --jobs="$(nproc)" --timeout=300 \
		--kunitconfig="$here/tests/configs/kunit-arm.kunitconfig" \
		--qemu_config="$here/tests/configs/kunit-arm.py" --json="$out/result.json" >"$log" 2>&1
}

# A line for each suite: its name, how many tests passed, how many were skipped, how many there are.
suites() {
	python3 -c '
import json, sys
def cases(group):
    yield from group["test_cases"]
    for sub in group["sub_groups"]:
        yield from cases(sub)
for suite in json.load(open(sys.argv[1]))["sub_groups"]:
    status = [case["status"] for case in cases(suite)]
    print(suite["name"], status.count("PASS"), status.count("SKIP"), len(status))
' "$out/result.json" 2>/dev/null
}

suite_passed() {		# <passed> <skipped> <tests>
	[ "$1" -gt 0 ] && [ $(($1 + $2)) = "$3" ]
}

selftest_passed() {
	grep -qsE 'arm-lpae io-pgtable: selftest: completed with [1-9][0-9]* PASS 0 FAIL' "$out/test.log"
}

status=0
run_kunit || status=$?
while read -r name passed skipped tests; do
	ok "$name: $passed of $tests passed, $skipped skipped" suite_passed "$passed" "$skipped" "$tests"
done < <(suites || true)
ok 'selftest of the LPAE page tables' selftest_passed
is "$status" 0 'kunit.py is content'
[ "$status" = 0 ] || tail -n 30 "$log" | sed 's/^/# /'
done_testing
