#!/bin/bash
# selected.sh [PATCH or FIRST..LAST]... - print lines of number and path of patches, in the order of the series: of those
# named by their number or their file's name in patches/, alone or the ends of a range; without any, of all.

# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
. "$(dirname "$0")/../../scripts/common.sh"

# The four digits at the head of a patch's name.
number() {
	local digits=${1##*/}
	digits=${digits%%-*}
	[[ $digits =~ ^[0-9]{1,4}$ ]] || die "$1 is neither the number nor the name of a patch, nor FIRST..LAST"
	digits=$(printf '%04d' "$((10#$digits))")
	compgen -G "$PATCHES/$digits-*.patch" >/dev/null || die "there is no patch $digits in patches/"
	echo "$digits"
}

selected() {
	local range first last
	for range; do
		first=$(number "${range%..*}")
		last=$(number "${range##*..}")
		[[ ! $first > $last ]] || die "$range: $last comes before $first"
		numbered_patches | awk -F/ -v first="$first" -v last="$last" 'substr($NF, 1, 4) >= first && substr($NF, 1, 4) <= last'
	done
}

case ${1-} in -*) no_arguments "$1" ;; esac
if [ $# = 0 ]; then numbered_patches; else selected "$@" | sort -u; fi | while read -r file; do
	path=$(ported "$file")
	file=${file##*/}
	[ -z "$path" ] || echo "${file%%-*} $path"	# dropped, on mainline
done
