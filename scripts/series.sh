#!/bin/bash
# series.sh - write build/series/*.patch, ready for git send-email or b4: the commits of build/linux, from and signed
# off by whoever runs this, to whom the kernel's get_maintainer.pl names, under the cover letter in
# patches/cover-letter.txt (subject, blank line, text), which goes to all lists that a patch goes to.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

COVER=$PATCHES/cover-letter.txt
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

# Has a patch sent to those that get_maintainer.pl names for patches; the options are its own.
address() {		# <patch> <option or patch...>
	local header
	header=$(cd "$TREE" && scripts/get_maintainer.pl --nogit --nogit-fallback --nofixes --norolestats --no-n "${@:2}" \
		2>>"$LOG/series.log" | sed '1!s/^/ /; $!s/$/,/')
	[ -z "$header" ] || sed -i "0,/^Subject: /s/^Subject: /To: ${header//$'\n'/\\n}\\n&/" "$1"
}

address_all() {
	local patch
	for patch in "$BUILD"/series/*.patch; do
		[[ $patch == */0000-* ]] || address "$patch" "$patch"
	done
	address "$BUILD"/series/0000-* --nom --nor "$BUILD"/series/*.patch
}

no_arguments "$@"
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
rm -rf "$BUILD/series"
tree_git branch -q -f "$BRANCH" "$last"
trap 'tree_git branch -q -D "$BRANCH"' EXIT
tree_git config "branch.$BRANCH.description" "$(cat "$COVER")"
tree_git format-patch -q --cover-letter --cover-from-description=subject --base=refs/tags/base \
	-o "$BUILD/series" "refs/tags/base..$BRANCH"
note "asking the kernel's MAINTAINERS who is to get what"
address_all
note "$(find "$BUILD/series" -name '*.patch' | wc -l) files in build/series"
