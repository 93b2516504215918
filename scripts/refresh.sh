#!/bin/bash
# refresh.sh - the way back from build/linux: its commits on top of the tag base become patches/ and the files that
# they add. Prints what changed. A patch that still says the same is left as it is, byte for byte. With BASE=mainline what
# is not as in 6.12 becomes mainline/, and no more than that: commits have the subjects, and the order, that they have there.

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
	scripts/* | tests/* | patches/* | mainline/* | build/* | plots/* | .*) ;;
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
	[ -z "$PORT" ] || name=${name:5}
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
	head -n 1 "$1"
	patch_message "$1"
	patch_adds "$1" | sort
	patch_diff "$1" | sed -e '/^index /d' -e 's/^@@ -.*/@@/' -e 's/^$/ /'
}

# The old file of a new patch: of the same name, or the one that only had another number.
old_patch() {
	if [ -n "$PORT" ]; then
		[ ! -f "$PORT/patches/$1" ] || echo "$PORT/patches/$1"
	elif [ -f "$PATCHES/$1" ]; then
		echo "$PATCHES/$1"
	else
		numbered_patch "${1:5}"
	fi
}

same_patch() {
	[ -n "$1" ] && cmp -s <(canonical "$1") <(canonical "$2")
}

keep_unchanged() {
	local name old
	for name in "${names[@]}"; do
		[ -f "$NEW/patches/$name" ] || continue		# not of mainline
		old=$(old_patch "$name")
		! same_patch "$old" "$NEW/patches/$name" || cp -p "$old" "$NEW/patches/$name"
	done
}

# What differs in an added file, in place of it.
diff_added() {		# <its path in the kernel>
	local new=$NEW/files/$1
	[ -f "$ROOT/$1" ] || die "$TREE_NAME adds $1, which 6.12 has not: have it there, too"
	! same_file "$new" "$ROOT/$1" || { rm "$new"; return; }
	[ "$(executable "$new")" = "$(executable "$ROOT/$1")" ] || die "$TREE_NAME has $1 executable, or not, other than 6.12: it cannot"
	diff -u --label "a/$1" --label "b/$1" "$ROOT/$1" "$new" >"$new.diff" || true	# it differs
	rm "$new"
}

# Of mainline's patches and added files only that stays which is not as in 6.12.
keep_different() {
	local name file new old
	for name in "${names[@]}"; do
		new=$NEW/patches/$name old=$(numbered_patch "$name")
		if same_patch "$old" "$new"; then
			rm "$new"
		elif cmp -s <(patch_message "$old") <(patch_message "$new"); then
			sed -i '1,/^---$/ { /^---$/!d }' "$new"
		fi
	done
	for file in "${!added[@]}"; do
		diff_added "$file"
	done
}

# Mainline has no patches of its own, and an order of its own neither.
require_counterparts() {
	local name number last=0
	for name in "${names[@]}"; do
		number=$(numbered_patch "$name")
		[ -n "$number" ] || die "$TREE_NAME has a commit for $name, which patches/ has not: fold it in, or have it in 6.12, too"
		number=${number##*/} number=$((10#${number%%-*}))
		[ "$number" -gt "$last" ] || die "$TREE_NAME has $name after a patch that comes later in patches/: keep the order"
		last=$number
	done
	while read -r name; do
		name=${name##*/[0-9][0-9][0-9][0-9]-}
		[[ " ${names[*]} " == *" $name "* ]] || grep -qs "^$name: " "$PORT/dropped" ||
			die "$TREE_NAME has no commit for $name: port it, or say why not in mainline/dropped"
	done < <(numbered_patches)
}

executable() {
	[ ! -x "$1" ] || echo yes
}

same_file() {
	cmp -s "$1" "$2" && [ "$(executable "$1")" = "$(executable "$2")" ]
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

# The patches and added files that the repository has, for the base.
present() {
	local -a patches
	if [ -n "$PORT" ]; then
		(cd "$ROOT" && find mainline -type f ! -path mainline/dropped ! -path mainline/cover-letter.txt 2>/dev/null)
	else
		mapfile -t patches < <(numbered_patches)
		printf '%s\n' "${patches[@]#"$ROOT"/}"
		patch_adds "${patches[@]}"
	fi
}

# A patch that has come to mainline is no longer one of those that have not.
keep_dropped() {
	[ -f "$PORT/dropped" ] || return 0
	printf '%s: \n' "${names[@]}" | grep -vFf - "$PORT/dropped" >"$NEW/dropped" || true
	if [ -s "$NEW/dropped" ]; then put "$NEW/dropped" mainline/dropped; else drop mainline/dropped; fi
}

# All there is in $NEW, to its place in the repository; what has none there any more is dropped.
swap() {
	local file path before
	local -A wanted=()
	before=$(present)
	while read -r file; do
		path=${PORT:+mainline/}${file#files/}
		wanted[$path]=1
		put "$NEW/$file" "$path"
	done < <(cd "$NEW" && find patches files -type f)
	while read -r path; do
		[ -z "$path" ] || [ -n "${wanted[$path]-}" ] || drop "$path"
	done <<<"$before"
}

# Where a patch did not apply, commits by hand may stand for it and for those after it: all of them, lest any be lost.
require_commits() {
	local subjects patch
	subjects=$(tree_git log --format=%s refs/tags/base..HEAD)
	while read -r patch; do
		grep -qxF -- "$(patch_message "$patch" | head -n 1)" <<<"$subjects" ||
			die "${patch#"$ROOT"/} is not in $TREE_NAME, as a patch did not apply: commit it there by hand, or mend it and run make tree"
	done < <(patch_files)
}

no_arguments "$@"
need git
[ -d "$TREE" ] || die "there is no $TREE_NAME: run make tree first"
require_clean
if inputs_tried; then
	require_commits
elif ! inputs_taken; then
	! tree_taken || die "patches/ or a file they add changed since $TREE_NAME was made: run make tree first"
	die "$TREE_NAME and patches/ both changed: put one back first (git stash here, or git reset --hard refs/project/taken there)"
fi
tree_git merge-base --is-ancestor refs/tags/base HEAD || die "$TREE_NAME is not on top of its tag base: rebase it"
[ -z "$(tree_git rev-list --merges refs/tags/base..HEAD)" ] || die "$TREE_NAME has a merge commit: a series is linear, rebase it"

rm -rf "$NEW"
mkdir -p "$NEW/patches" "$NEW/files" "$PATCHES"
trap 'rm -rf "$NEW"' EXIT
while read -r commit; do
	take_commit "$commit"
done < <(tree_git rev-list --reverse --abbrev-commit refs/tags/base..HEAD)
[ -z "$PORT" ] || { require_counterparts; keep_different; }
keep_unchanged
{ swap; [ -z "$PORT" ] || keep_dropped; } | sort | tee "$NEW/changes"
[ -s "$NEW/changes" ] || echo "nothing to refresh"
tree_git update-ref refs/project/taken HEAD
record_inputs taken
