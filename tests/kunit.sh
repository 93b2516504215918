# shellcheck shell=bash
# For tests that run KUnit: kunit <arch> <tree> <name> <options of kunit.py> builds the tree for the machine of
# tests/configs/kunit-<arch>.py in build/<name>, and boots it, with KUNIT_TIMEOUT
# seconds for that. The details go to build/log/<name>.log.

configs=$ROOT/tests/configs

kunit() {
	local out=$BUILD/$3
	rm -f "$out/test.log" "$out/result.json"
	mkdir -p "$out" "$LOG"
	python3 "$2/tools/testing/kunit/kunit.py" run \
		--arch="$1" --cross_compile="$(cross_prefix "$1")" --build_dir="$out" --jobs="$(nproc)" --timeout="${KUNIT_TIMEOUT:-600}" \
		--qemu_config="$configs/kunit-$1.py" --json="$out/result.json" "${@:4}" >"$LOG/$3.log" 2>&1
}

# A line for each case of a run: suite, case, PASS or SKIP or what else became of it.
kunit_cases() {		# <name>
	python3 -c '
import json, sys
def cases(group):
    yield from group["test_cases"]
    for sub in group["sub_groups"]:
        yield from cases(sub)
for suite in json.load(open(sys.argv[1]))["sub_groups"]:
    for case in cases(suite):
        print(suite["name"], case["name"], case["status"])
' "$BUILD/$1/result.json" 2>/dev/null
}
