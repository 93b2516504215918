# shellcheck shell=bash
# For tests that run KUnit: kunit <arch> <tree> <name> <options of kunit.py> builds the tree for the machine of
# tests/configs/kunit-<arch>.py in build/<name>, and boots it, with KUNIT_TIMEOUT
# seconds for that. The details go to build/log/<name>.log.

configs=$ROOT/tests/configs

kunit_py() {		# <command of kunit.py> <arch> <tree> <name> <options>
	mkdir -p "$BUILD/$4" "$LOG"
	python3 "$3/tools/testing/kunit/kunit.py" "$1" --arch="$2" --cross_compile="$(cross_prefix "$2")" --build_dir="$BUILD/$4" \
		--jobs="$(nproc)" --qemu_config="$configs/kunit-$2.py" "${@:5}" >"$LOG/$4.log" 2>&1
}

kunit() {
	rm -f "$BUILD/$3/test.log" "$BUILD/$3/result.json"
	kunit_py run "$1" "$2" "$3" --timeout="${KUNIT_TIMEOUT:-600}" --json="$BUILD/$3/result.json" "${@:4}"
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
