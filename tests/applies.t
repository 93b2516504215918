#!/bin/bash
# The series applies, without fuzz, to the oldest and the newest linux-source-6.12 that Debian offers (to all of
# them with APPLIES_ALL=1; with BASE=mainline, to those of 7.2), make apply has a way back, and refresh after tree leaves the
# repository as it is, byte for byte.

set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/common.sh
. "$here/scripts/common.sh"
no_arguments "$@"
# shellcheck source-path=SCRIPTDIR source=../scripts/apt.sh
. "$here/scripts/apt.sh"
apt_suite=$SUITE
tmp=$(mktemp -d)
# What make apply keeps for the way back is of no use once the tree is gone.
trap 'rm -rf "$tmp" "$BUILD/applied${tmp//\//-}-own.patch"' EXIT
mapfile -t patches < <(patch_files)

ends() {		# of a list, or all of it
	if [ -n "${APPLIES_ALL:-}" ]; then cat; else sed -n '1p; 1!{$p}'; fi
}

# The packages to try, newest first. Without a network these are the ones fetched before.
find_debs() {
	local version deb
	local -a debs=()
	apt_recent || apt_update
	for version in $(apt_versions "$PACKAGE" | ends); do
		if ! deb=$(fetch_deb "$PACKAGE=$version" "$DEBS"); then debs=(); break; fi
		debs+=("$deb")
	done
	[ ${#debs[@]} != 0 ] || mapfile -t debs < <(find "$DEBS" -name "${PACKAGE}_*.deb" 2>/dev/null | sort -rV | ends)
	printf '%s\n' "${debs[@]}"
}

# The files of a kernel that the series is about, and what its release is told by. Added files are asked for too, as they must
# not be there, so tar misses some.
unpack_touched() {
	mkdir -p "$TREE"
	deb_source "$1" | tar -x -C "$TREE" --strip-components=1 --no-wildcards \
		-T <({ echo Makefile; series_files; } | sed "s#^#$PACKAGE/#") 2>"$tmp/tar.log" || true
	[ -s "$TREE/Makefile" ]
}

applies_to() (
	TREE=$tmp/linux
	unpack_touched "$1" || die "cannot unpack $1"
	commit_base
	apply_series
	rm -rf "$TREE"
)

own_git() {
	git -C "$tmp/own" -c init.defaultBranch=main "$@"
}

own_sums() {
	(cd "$tmp/own" && find . -path ./.git -prune -o -type f -exec sha256sum {} + | sort)
}

# Applies the series to such a tree as a user does, and goes the way back that it is told.
there_and_back() {		# [--commits]
	local before said
	before=$(own_sums)
	said=$(KSRC=$tmp/own "$ROOT/scripts/apply.sh" "$@" 2>&1) || die "$said"
	! diff -q <(echo "$before") <(own_sums) || die 'nothing was applied'
	(cd "$ROOT" && eval "${said##*the way back is }")
	diff <(echo "$before") <(own_sums)
}

goes_back() (		# <deb>
	TREE=$tmp/own
	unpack_touched "$1"
	there_and_back
	own_git init -q
	own_git config user.name "A Port"
	own_git config user.email port@example.org
	own_git add -Af
	own_git commit -qm kernel
	there_and_back --commits
	[ -z "$(own_git status --porcelain)" ]
)

sums() {
	local file
	(cd "$ROOT" && { find patches ${PORT:+mainline} -type f; patch_adds "${patches[@]}"; } | sort | while read -r file; do
		stat -c '%A %n' "$file"
		sha256sum "$file"
	done)
}

# One TAP line; a subshell of its own keeps set -e in force while the result is awaited.
try() {
	local name=$1 log=$tmp/log status
	shift
	set +e
	(set -e; "$@") >"$log" 2>&1
	status=$?
	set -e
	ok "$name" test "$status" = 0
	[ "$status" = 0 ] || sed 's/^/# /' "$log"
}

round_trip() {
	local before
	before=$(sums)
	"$ROOT/scripts/tree.sh"
	"$ROOT/scripts/refresh.sh"
	diff <(echo "$before") <(sums)
}

[ ${#patches[@]} != 0 ] || { echo '1..0 # SKIP patches/ is empty'; exit; }
found=$(find_debs)
[ -n "$found" ] || ok 'the series applies to what Debian has # SKIP no network' true
[ "$(wc -l <<<"$found")" != 1 ] || echo '# only one version is to be had'
while read -r deb; do
	[ -z "$deb" ] || try "the series applies to ${deb##*/}" applies_to "$deb"
done <<<"$found"
[ -z "$found" ] || try 'make apply says how to go back from it' goes_back "$(sed -n 1p <<<"$found")"
try 'refresh after tree is a no-op on the series' round_trip
done_testing
