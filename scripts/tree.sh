#!/bin/bash
# tree.sh - make build/linux: a git tree with one commit for the base, tagged "base", and one for each patch in
# patches/. Run again, it applies the patches anew if they changed, and never drops work that `make refresh` has
# not taken. The base is what source.sh provides and stays what it was until build/linux is removed.
# With --saved it only checks that build/linux may be removed without losing work.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

require_space() {
	local free
	free=$(df -Pk "$ROOT" | awk 'NR == 2 { print int($4 / 1024 / 1024) }')
	[ "$free" -ge 4 ] || die "build/ needs about 4 GB and its file system has $free GB free"
}

# What the base is made from, in words that can be compared. Takes the source's path.
base_name() {
	local commit
	if [ -d "$1" ]; then
		commit=$(ksrc_commit "$1") || commit=
		echo "$1${commit:+ at $commit}"
	else
		basename "$1" | cut -d_ -f2
	fi
}

unpack_source() {
	local commit
	if [ -f "$1" ]; then
		deb_source "$1" | tar -x -C "$TREE" --strip-components=1
	elif commit=$(ksrc_commit "$1"); then
		git -C "$1" archive "$commit" | tar -x -C "$TREE"
	else
		if [ -e "$1/.config" ] || [ -e "$1/include/config" ]; then
			die "KSRC=$1 was built in: give a clean tree (make mrproper), or a git checkout"
		fi
		tar -C "$1" --exclude=./.git -c . | tar -x -C "$TREE"
	fi
}

# The tree gets its name when its base is complete, so an interrupted run leaves nothing that looks like one.
make_base() {
	local source final=$TREE
	source=$("$ROOT/scripts/source.sh")
	require_space
	TREE=$final.tmp
	rm -rf "$TREE"
	mkdir -p "$TREE"
	note "unpacking Linux $(base_name "$source") into $TREE_NAME"
	unpack_source "$source"
	note "committing the base"
	commit_base
	tree_git config project.base "$(base_name "$source")"
	tree_git update-ref refs/project/taken refs/tags/base
	mv "$TREE" "$final"
	TREE=$final
}

require_same_base() {
	local base wanted
	base=$(tree_git config project.base) || die "$TREE_NAME was not made by make tree: remove it"
	if [ -n "${KSRC:-}" ]; then
		wanted=$("$ROOT/scripts/source.sh")
		wanted=$(base_name "$wanted")
	else
		wanted=${LINUX_VERSION:-$base}
	fi
	[ "$base" = "$wanted" ] || die "$TREE_NAME is based on $base, not on $wanted: remove $TREE_NAME to change the base"
}

require_saved() {
	require_clean
	tree_taken || die "$TREE_NAME has commits that patches/ lacks: run make refresh, or remove $TREE_NAME to throw them away"
}

# What make tree leaves alone, and only removing the tree loses.
require_nothing_aside() {
	local branch
	[ -z "$(tree_git stash list)" ] || die "$TREE_NAME has a stash: git stash pop or drop it there first"
	branch=$(tree_git for-each-ref --format='%(refname:short)' --no-merged=HEAD refs/heads | head -n 1)
	[ -z "$branch" ] || die "$TREE_NAME has a branch $branch with commits of its own: delete it there first"
}

# Moves the tree to the last patch that applied, also when the next one did not: there one can look, or go on by hand.
settle() {
	unset GIT_INDEX_FILE
	local next
	next=$(tree_git rev-parse -q --verify refs/project/next) || return 0
	printf '%s\n' "update HEAD $next" "update refs/project/taken $next" 'delete refs/project/next' |
		tree_git update-ref --stdin
	tree_git reset -q --hard
	record_inputs tried
}

# What a subject was renamed from, or a patch that was dropped, leaves there.
require_no_leftovers() {
	local name
	[ -n "$PORT" ] || return 0
	{ find "$PORT/patches" -name '*.patch' -printf '%f\n' 2>/dev/null || true; sed 's/: .*//' "$PORT/dropped" 2>/dev/null || true; } |
		while read -r name; do
			[ -n "$(numbered_patch "$name")" ] || die "mainline/ has $name, which patches/ has not: rename or remove it"
		done
}

saved=
if [ "${1-}" = --saved ]; then saved=1; shift; fi
no_arguments "$@"
need git xz
if [ -n "$saved" ]; then
	[ ! -d "$TREE" ] || { require_saved; require_nothing_aside; }
	exit 0
fi
if [ -d "$TREE" ]; then
	require_saved
	require_same_base
else
	make_base
fi
! inputs_taken || exit 0
require_no_leftovers
note "applying $(patch_files | wc -l) patches to $(tree_git log -1 --format='%s' refs/tags/base | cut -d' ' -f2-)"
trap settle EXIT
apply_series
settle
record_inputs taken
