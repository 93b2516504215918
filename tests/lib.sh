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

# warnings_in <log> <tree>: of compilers, sparse, kernel-doc and Sphinx, for comparison: without line numbers, which move,
# and without the tree, which they call by its path or by the way to it.
warnings_in() {
	sed -nE "/\.(config|wanted):/d
		/([Ww]arning|WARNING|error):/ { s#^($2|(\.\./)+${2##*/})/##; s/:[0-9]+(:[0-9]+)?:/:/; p }" "$1" | sort -u
}

# How many page tables the SMMU walked in a boot of scripts/boot.py's. It tells domains apart on any kernel.
page_tables() {
	python3 -c 'import json, sys; print(len(json.load(sys.stdin)["tables"]))' <"$BUILD/run/$1/verdict.json"
}
