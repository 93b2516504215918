# shellcheck shell=bash
# TAP for tests written in bash: ok <name> <command...> and is <got> <wanted> <name>; done_testing ends a test.

count=0

ok() {
	local name=$1 result=ok
	shift
	count=$((count + 1))
	"$@" || result='not ok'
	echo "$result $count - $name"
}

is() {
	ok "$3" test "$1" = "$2"
	[ "$1" = "$2" ] || printf 'got:    %s\nwanted: %s\n' "$1" "$2" | sed 's/^/# /'
}

done_testing() {
	echo "1..$count"
}

# How many page tables the SMMU walked in a boot of scripts/boot.py's. It tells domains apart on any kernel.
page_tables() {
	python3 -c 'import json, sys; print(len(json.load(sys.stdin)["tables"]))' <"$BUILD/run/$1/verdict.json"
}
