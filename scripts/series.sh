#!/bin/bash
# series.sh [DIR] [-- OPTION...] - write build/series/*.patch, ready for git send-email or b4: the commits of build/linux,
# from and signed off by whoever runs this, to whom the kernel's get_maintainer.pl names, under the cover letter in
# patches/cover-letter.txt (subject, blank line, text), which goes to all lists that a patch goes to. In that, #33 is the
# patch of that number in patches/, whatever its number in this series. With DIR all is written there, in place of the patches
# that are there, to nobody. Options are git format-patch's: --rfc, -v2.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

COVER=$PATCHES/cover-letter.txt
OUT=$BUILD/series
BRANCH=project-export		# format-patch takes the cover letter's text from a branch's description

# Prints the last commit of the series, made anew by the exporter. No file and no branch is touched.
signed_commits() {
	local commit parent message
	parent=$(tree_git rev-parse refs/tags/base)
	while read -r commit; do
		message=$(tree_git log -1 --format=%B "$commit" |
			git interpret-trailers --no-divider --trailer "Signed-off-by: $exporter")
		parent=$(tree_git commit-tree "$commit^{tree}" -p "$parent" <<<"$message")
	done < <(tree_git rev-list --reverse refs/tags/base..HEAD)
	echo "$parent"
}

# Each number of a patch in patches/, and which of the series it is, or is the last before it if that was dropped.
positions() {
	local file place=0
	while read -r file; do
		[ -z "$(ported "$file")" ] || place=$((place + 1))
		file=${file##*/}
		echo "$((10#${file%%-*})) $place"
	done < <(numbered_patches)
}

renumber() {
	awk 'NR == FNR { place["#" $1] = $2; next }
		{
			while (match($0, /#[0-9]+/)) {
				number = substr($0, RSTART, RLENGTH)
				if (!(number in place)) { print "error: patches/cover-letter.txt is about " number ", which is no patch" >"/dev/stderr"; exit 1 }
				$0 = substr($0, 1, RSTART - 1) place[number] substr($0, RSTART + RLENGTH)
			}
			print
		}' <(positions) "$COVER"
}

# The cover letter's text, what there is to say of the base if it is not the usual one, and what the patches are for. Only a
# commit of KSRC's is known to others.
cover() {
	local release base
	release=$(tree_git log -1 --format=%s refs/tags/base)
	base=$(tree_git config project.base)
	renumber || exit
	if [ -n "$PORT" ] && [ -f "$PORT/cover-letter.txt" ]; then echo && cat "$PORT/cover-letter.txt"; fi
	printf '\nBased on %s%s.\n' "${release#base: }" "$([[ $base != *' at '* ]] || echo ", commit ${base##* at }")"
}

# Has a patch sent to those that get_maintainer.pl names for patches; the options are its own.
address() {		# <patch> <option or patch...>
	local found
	found=$(cd "$TREE" && scripts/get_maintainer.pl --nogit --nogit-fallback --nofixes --norolestats --no-n "${@:2}" \
		2>>"$LOG/series.log") || true
	[ -n "$found" ] || die "get_maintainer.pl names nobody for ${1##*/}: see $LOG_NAME/series.log"
	found=$(sed '1!s/^/ /; $!s/$/,/' <<<"$found")
	sed -i "0,/^Subject: /s/^Subject: /To: ${found//$'\n'/\\n}\\n&/" "$1"
}

address_all() {
	local -a patches=("$new"/*.patch)
	local patch
	note "asking the kernel's MAINTAINERS who is to get what"
	mkdir -p "$LOG"
	for patch in "${patches[@]:1}"; do
		address "$patch" "$patch"
	done
	address "${patches[0]}" --nom --nor "${patches[@]:1}"
}

to_nobody=
case ${1-} in
'' | -*) ;;
*)
	to_nobody=1 OUT=$(realpath -m "$1")
	[ ! -e "$OUT" ] || [ -d "$OUT" ] || die "$1 is no directory"
	[ -z "$(find "$OUT" -mindepth 1 ! -name '*.patch' -print -quit 2>/dev/null)" ] || die "$1 has more in it than patches: name another directory"
	shift ;;
esac
if [ "${1-}" = -- ]; then shift; else no_arguments "$@"; fi
new=$BUILD/series.new
need git perl
[ -d "$TREE" ] || die "there is no $TREE_NAME: run make tree first"
exporter=$(tree_git -c user.useConfigOnly=true var GIT_AUTHOR_IDENT 2>/dev/null) ||
	die "a series needs your name: git config --global user.name and user.email"
exporter=${exporter%>*}'>'
[ -s "$COVER" ] || die "patches/cover-letter.txt is missing: subject, blank line, text"
require_clean
tree_taken || die "$TREE_NAME has commits that patches/ lacks: run make refresh first"
inputs_taken || die "patches/ changed since $TREE_NAME was made: run make tree first"

last=$(signed_commits)
[ "$last" != "$(tree_git rev-parse refs/tags/base)" ] || die "patches/ is empty: there is no series"
rm -rf "$new"
tree_git branch -q -f "$BRANCH" "$last"
trap 'tree_git branch -q -D "$BRANCH"; rm -rf "$new"' EXIT
text=$(cover)
tree_git config "branch.$BRANCH.description" "$text"
tree_git format-patch -q --cover-letter --cover-from-description=subject "$@" -o "$new" "refs/tags/base..$BRANCH"
[ -n "$to_nobody" ] || address_all
rm -rf "$OUT"
mkdir -p "$(dirname "$OUT")"
mv "$new" "$OUT"
note "$(find "$OUT" -name '*.patch' | wc -l) files in ${OUT#"$ROOT"/}"
