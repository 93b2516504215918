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

# boot <name> <options of boot.py>: leaves the output in $tmp/<name>.out. A master hung in one of some hundred boots, with all
# CPUs idle and no fault of the SMMU, most likely for what map_bars() in tests/guest/init is there for. It cannot help where a
# device is reset, so one such boot a test is repeated; but not boot.t's "late", which is to hang.
# shellcheck disable=SC2154	# here and tmp are the test's
boot() {
	local name=$1 out=$tmp/$1.out status=0
	shift
	"$here/scripts/boot.py" --name "test-$name" "$@" >"$out" 2>&1 || status=$?
	if [ "$status" != 0 ] && [ "$name" != late ] && hung "$out" && mkdir "$tmp/second" 2>/dev/null; then
		mv "$out" "$tmp/$name.first"
		status=0
		"$here/scripts/boot.py" --name "test-$name" "$@" >"$out" 2>&1 || status=$?
	fi
	return "$status"
}

# Of the complaints, at least one is of a master that hangs, and the others are what comes of that
hung() {		# <output of boot.py>
	grep -q '^error: .*: hangs$' "$1" &&
		! grep '^error: ' "$1" | grep -qvE ': hangs$|did not power off|: mappings: '
}

# What boot left, for whoever reads the test's output: of a boot that was repeated, the first, too
show_boot() {		# <name> <whether it failed>
	[ ! -e "$tmp/$1.first" ] || { echo "# $1 took a second boot; the first:"; sed 's/^/# /' "$tmp/$1.first"; }
	[ "$2" = 0 ] || sed 's/^/# /' "$tmp/$1.out"
}
