#!/bin/bash
# apply.sh [--commits] - apply the series to the Linux tree KSRC=<dir>, 6.12 or with BASE=mainline 7.2: to its files, or with --commits, in a git
# tree, as one commit a patch, signed off by whoever runs this. It is all or nothing: what does not fit leaves the tree
# as it was.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

# The files concerned, as they are in KSRC, in a git tree of their own, and the series on top of them.
try_series() {
	local file
	TREE=$scratch
	cp "$ksrc/Makefile" "$TREE"	# its release is what errors speak of
	while read -r file; do
		[ ! -e "$ksrc/$file" ] || install -D "$ksrc/$file" "$TREE/$file"
	done < <(series_files)
	commit_base
	apply_series
	tree_git reset -q --hard refs/project/next
}

require_untouched() {
	local state file
	ksrc_commit "$ksrc" >/dev/null || return 0
	require_idle "$ksrc" "$ksrc"
	state=$(git -C "$ksrc" status --porcelain --untracked-files=no)
	[ -n "$state" ] || return 0
	while read -r file; do
		! grep -qF " $file" <<<"$state" || die "$ksrc has changes of its own in $file: commit them, or put them away, first"
	done < <(series_files)
}

# Commits are by whoever makes them, as KSRC's git knows them.
take_identity() {
	local who
	ksrc_commit "$ksrc" >/dev/null || die "$ksrc is no git tree: without COMMITS=1 its files are changed"
	who=$(git -C "$ksrc" -c user.useConfigOnly=true var GIT_AUTHOR_IDENT 2>/dev/null) ||
		die 'commits need your name: git config --global user.name and user.email'
	who=${who%>*}
	export GIT_AUTHOR_NAME=${who% <*} GIT_AUTHOR_EMAIL=${who##*<}
	export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
}

# From the tree with the series to KSRC: what it changes, adds and removes; and the way back. Nothing is replaced before
# all of it is there.
copy_files() {
	local file
	local -a files staged=()
	mapfile -t files < <(tree_git diff --no-renames --diff-filter=d --name-only refs/tags/base refs/project/next)
	mkdir -p "$BUILD"
	tree_git diff --binary refs/tags/base refs/project/next >"$applied"
	for file in "${files[@]}"; do
		staged+=("$ksrc/$file.new")
		install -D -m "$(stat -c %a "$TREE/$file")" "$TREE/$file" "$ksrc/$file.new" 2>/dev/null ||
			{ rm -f "${staged[@]}"; die "cannot write $ksrc/$file (disk full?): the tree is as it was"; }
	done
	for file in "${files[@]}"; do
		mv "$ksrc/$file.new" "$ksrc/$file"
	done
	while read -r file; do
		rm "$ksrc/$file"
	done < <(tree_git diff --no-renames --diff-filter=D --name-only refs/tags/base refs/project/next)
}

commit_series() {
	tree_git format-patch -q --stdout refs/tags/base..refs/project/next |
		git -C "$ksrc" am --quiet --signoff --whitespace=nowarn ||
		{ git -C "$ksrc" am --abort; die "git am failed in $ksrc, which is as it was"; }
}

commits=
if [ "${1-}" = --commits ]; then commits=1; shift; fi
no_arguments "$@"
[ -n "${KSRC:-}" ] || die 'which tree? KSRC=/path/to/linux make apply'
need git
ksrc=$("$ROOT/scripts/source.sh")
[ -w "$ksrc" ] || die "cannot write to $ksrc"
[ -z "$commits" ] || take_identity
require_untouched
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
try_series
applied=${ksrc#/}
applied=$BUILD/applied-${applied//\//-}.patch
until='until make clean, '
back=$(printf 'patch -R -p1 -d %q <%q' "$ksrc" "$applied")
if [ -n "$commits" ]; then
	until=
	back=$(printf 'git -C %q reset --keep %s' "$ksrc" "$(git -C "$ksrc" rev-parse --short HEAD)")
	commit_series
else
	copy_files
fi
note "$(patch_files | wc -l) patches are in $ksrc; ${until}the way back is $back"
