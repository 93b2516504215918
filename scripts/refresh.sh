#!/bin/bash
# refresh.sh - the way back from build/linux: its commits on top of the tag base become patches/ and the files that
# they add. Prints what changed. A patch that still says the same is left as it is, byte for byte.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

NEW=$BUILD/refresh.tmp		# what will replace patches/ and the added files, once all of it is there
declare -A added=()		# file -> subject of the commit that adds it
declare -a names=()		# of the new patches

commit_diff() {
	tree_git diff-tree -r -p --no-renames --no-ext-diff --no-textconv --no-color --src-prefix=a/ --dst-prefix=b/ \
		--diff-algorithm=myers --unified=3 --inter-hunk-context=0 --no-indent-heuristic --diff-filter=a \
		"$1^" "$1" | sed '/^index [0-9a-f]*\.\.[0-9a-f]*/d'
}

# Where this repository keeps things of its own, a file of the kernel cannot live.
require_place() {
	case $2 in
	scripts/* | tests/* | patches/* | build/* | reference/* | .*) ;;
	*/*) return ;;
	esac
	die "commit $1 adds $2: this repository has no room for it at that path"
}

# Files that the commit adds go in whole, and are printed.
take_added() {
	local commit=$1 subject=$2 mode blob status file
	while IFS=$' \t' read -r _ mode _ blob status file; do
		if [ "$status" != A ]; then
			[ -z "${added[$file]-}" ] || die "commit $commit \"$subject\" changes $file, which \"${added[$file]}\" adds:" \
				"fold it in with git commit --fixup and git rebase --autosquash"
			continue
		fi
		require_place "$commit" "$file"
		[[ $mode == 100* ]] || die "commit $commit \"$subject\" adds $file, which is not a plain file"
		added[$file]=$subject
		mkdir -p "$NEW/files/$(dirname "$file")"
		tree_git cat-file blob "$blob" >"$NEW/files/$file"
		[ "$mode" = 100644 ] || chmod +x "$NEW/files/$file"
		echo "Adds: $file" >>"$NEW/adds"
	done < <(tree_git diff-tree -r --no-renames "$commit^" "$commit")
}

# A sign-off is made by whoever exports the series, so it is not kept.
write_patch() {
	local commit=$1 subject=$2 name body
	name=$(printf '%04d-%s' $((${#names[@]} + 1)) "$(tree_git log -1 --format=%f "$commit")")
	name=${name:0:57}.patch		# as git format-patch cuts it
	names+=("$name")
	body=$(tree_git log -1 --format=%b "$commit" | sed '/^Signed-off-by:/d' | git stripspace)
	! grep -qx -e --- <<<"$body" || die "commit $commit \"$subject\" has a line of --- in its message: that ends a message"
	: >"$NEW/adds"
	take_added "$commit" "$subject"
	{
		printf 'Subject: %s\n\n' "$subject"
		[ -z "$body" ] || printf '%s\n\n' "$body"
		echo ---
		cat "$NEW/adds"
	} >"$NEW/patches/$name"
	commit_diff "$commit" >"$NEW/diff"
	[ ! -s "$NEW/diff" ] || { echo; cat "$NEW/diff"; } >>"$NEW/patches/$name"
}

take_commit() {
	local commit=$1 subject
	subject=$(tree_git log -1 --format=%s "$commit")
	case $subject in
	fixup!* | squash!* | amend!*) die "commit $commit \"$subject\" is not folded in yet: run git rebase --autosquash base" ;;
	esac
	! tree_git diff-tree --quiet "$commit^" "$commit" || die "commit $commit \"$subject\" is empty: drop it with git rebase"
	write_patch "$commit" "$subject"
}

# A patch without what another 6.12.y moves: the places of its hunks.
canonical() {
	patch_message "$1"
	patch_adds "$1" | sort
	patch_diff "$1" | sed -e '/^index /d' -e 's/^@@ -.*/@@/' -e 's/^$/ /'
}

# The old file of a new patch: of the same name, or the one that only had another number.
old_patch() {
	if [ -f "$PATCHES/$1" ]; then
		echo "$PATCHES/$1"
	else
		find "$PATCHES" -name "[0-9][0-9][0-9][0-9]-${1:5}" | head -n 1
	fi
}

keep_unchanged() {
	local name old
	for name in "${names[@]}"; do
		old=$(old_patch "$name")
		[ -z "$old" ] || ! cmp -s <(canonical "$old") <(canonical "$NEW/patches/$name") || cp -p "$old" "$NEW/patches/$name"
	done
}

same_file() {
	cmp -s "$1" "$2" && [ "$(test -x "$1"; echo $?)" = "$(test -x "$2"; echo $?)" ]
}

# put <new file> <path in the repository>: writes only what differs, and says so.
put() {
	local what=updated
	[ -e "$ROOT/$2" ] || what=new
	! same_file "$1" "$ROOT/$2" || return 0
	mkdir -p "$(dirname "$ROOT/$2")"
	cp "$1" "$ROOT/$2.new" && mv "$ROOT/$2.new" "$ROOT/$2"
	echo "$2: $what"
}

drop() {
	rm -f "${ROOT:?}/$1"
	(cd "$ROOT" && rmdir -p --ignore-fail-on-non-empty "$(dirname "$1")") 2>/dev/null || true
	echo "$1: removed"
}

swap() {
	local name file
	local -a patches stale
	mapfile -t patches < <(patch_files)
	mapfile -t stale < <(patch_adds "${patches[@]}")
	for file in "${!added[@]}"; do
		put "$NEW/files/$file" "$file"
	done
	for file in "${stale[@]}"; do
		[ -n "${added[$file]-}" ] || drop "$file"
	done
	for name in "${names[@]}"; do
		put "$NEW/patches/$name" "patches/$name"
	done
	for file in "${patches[@]}"; do
		[ -e "$NEW/patches/${file##*/}" ] || drop "patches/${file##*/}"
	done
}

no_arguments "$@"
need git
[ -d "$TREE" ] || die "there is no build/linux: run make tree first"
require_clean
if ! inputs_taken; then
	! tree_taken || die "patches/ or a file they add changed since build/linux was made: run make tree first"
	die "build/linux and patches/ both changed: put one back first (git stash here, or git reset --hard refs/project/taken there)"
fi
tree_git merge-base --is-ancestor refs/tags/base HEAD || die "build/linux is not on top of its tag base: rebase it"
[ -z "$(tree_git rev-list --merges refs/tags/base..HEAD)" ] || die "build/linux has a merge commit: a series is linear, rebase it"

rm -rf "$NEW"
mkdir -p "$NEW/patches" "$NEW/files" "$PATCHES"
trap 'rm -rf "$NEW"' EXIT
while read -r commit; do
	take_commit "$commit"
done < <(tree_git rev-list --reverse --abbrev-commit refs/tags/base..HEAD)
keep_unchanged
swap | sort | tee "$NEW/changes"
[ -s "$NEW/changes" ] || echo "nothing to refresh"
tree_git update-ref refs/project/taken HEAD
record_inputs
