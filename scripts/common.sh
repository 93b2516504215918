# shellcheck shell=bash disable=SC2034	# what it sets is for others
# What the scripts share: where things are, how they speak, the format of the patches, and a git tree made
# from them. Meant to be sourced.

set -euo pipefail
export LC_ALL=C
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_PREFIX

die() {
	echo "error: $*" >&2
	exit 1
}

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PATCHES=$ROOT/patches
DEBS=$ROOT/build/deb
APT=$ROOT/build/apt
# BASE says which Linux the series goes on. PORT has what differs there: patches, under the names that they have here, what
# is to be changed in added files, as FILE.diff, and a list of patches that are dropped there. SUITE is Debian's, if not
# the system's.
case ${BASE:-6.12} in
6.12) LINUX=6.12 BUILD=$ROOT/build PORT='' SUITE='' ;;
mainline) LINUX=7.2 BUILD=$ROOT/build/mainline PORT=$ROOT/mainline SUITE=unstable ;;
*) die "BASE=$BASE is neither 6.12 nor mainline" ;;
esac
PACKAGE=linux-source-$LINUX
LOG=$BUILD/log
# What is no git tree in there is not to be taken for this repository.
export GIT_CEILING_DIRECTORIES=$ROOT/build:$BUILD
# The tree is named by its variable everywhere, so that the tests can have trees of their own.
TREE=$BUILD/linux
# Worktrees of it, for comparisons: see stock.sh
BASE_TREE=$BUILD/base
STOCK_TREE=$BUILD/stock
# What messages call them.
TREE_NAME=${TREE#"$ROOT"/}
LOG_NAME=${LOG#"$ROOT"/}

note() {
	echo "==> $*" >&2
}

# For scripts without arguments: --help prints the comment at the head of the script.
no_arguments() {
	case ${1-} in
	'') ;;
	-h | --help)
		awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
		exit 0 ;;
	*) die "$(basename "$0"): unknown argument $1; try --help" ;;
	esac
}

need() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || die "$tool is not installed: run make packages"
	done
}

# What the names of an architecture's compiler and its tools begin with.
cross_prefix() {
	case $1 in
	arm) echo arm-none-eabi- ;;
	arm64) echo aarch64-linux-gnu- ;;
	x86) echo x86_64-linux-gnu- ;;
	riscv) echo riscv64-linux-gnu- ;;
	*) echo "$1-linux-gnu-" ;;
	esac
}

# ---- patches: "Subject: ...", message, "---", "Adds: file" lines, diff ----
# One of mainline's that has the message of its counterpart begins with the "---".

# Those of 6.12, which have a number.
numbered_patches() {
	find "$PATCHES" -maxdepth 1 -name '[0-9]*.patch' 2>/dev/null | sort
}

# The patch of 6.12's of that name, whatever its number.
numbered_patch() {
	find "$PATCHES" -maxdepth 1 -name "[0-9][0-9][0-9][0-9]-$1" | head -n 1
}

# What the base has instead of a patch of 6.12's: PORT's of the same name without its number, the same, or none.
ported() {		# <patch>
	local name=${1##*/[0-9][0-9][0-9][0-9]-}
	if [ -z "$PORT" ]; then
		echo "$1"
	elif [ -f "$PORT/patches/$name" ]; then
		echo "$PORT/patches/$name"
	elif ! grep -qs "^$name: " "$PORT/dropped"; then
		echo "$1"
	fi
}

# The series for the base, in order.
patch_files() {
	local file
	while read -r file; do
		ported "$file"
	done < <(numbered_patches)
}

patch_message() {
	local patch=$1
	[ "$(head -n 1 "$patch")" != --- ] || patch=$(numbered_patch "${patch##*/}")
	awk '/^---$/ { exit } NR == 1 { sub(/^Subject: /, "") } { print }' "$patch" | git stripspace
}

# Takes any number of patches.
patch_adds() {
	[ $# = 0 ] || awk 'FNR == 1 { part = 0 } /^---$/ && !part { part = 1 } /^diff --git / && part { part = 2 }
		part == 1 && sub(/^Adds: /, "")' "$@"
}

patch_diff() {
	awk '/^---$/ { part = 1 } /^diff --git / && part { part = 2 } part == 2' "$1"
}

# Every file that the series changes or adds.
series_files() {
	local patch
	while read -r patch; do
		patch_diff "$patch" | sed -n 's|^diff --git a/.* b/||p'
		patch_adds "$patch"
	done < <(patch_files) | sort -u
}

# Changes when the patches, a file they add or the base (a commit) changes.
inputs_id() {
	local file
	local -a patches
	mapfile -t patches < <(patch_files)
	{
		echo "$1"
		for file in "${patches[@]}"; do
			echo "${file##*/}"
			[ -z "$PORT" ] || patch_message "$file"
			cat "$file"
		done
		patch_adds "${patches[@]}" | while read -r file; do
			[ ! -x "$ROOT/$file" ] || echo executable
			cat "$ROOT/$file" 2>/dev/null || echo missing
			[ -z "$PORT" ] || cat "$PORT/$file.diff" 2>/dev/null || true
		done
	} | sha256sum | cut -d' ' -f1
}

# ---- the git tree ----

# Neither hooks, signing nor line ends of the user's configuration belong in commits made by a script.
tree_git() {
	git -C "$TREE" -c core.hooksPath=/dev/null -c commit.gpgSign=false -c core.autocrlf=false \
		-c core.quotePath=false -c advice.detachedHead=false -c diff.suppressBlankEmpty=false "$@"
}

kernel_release() {
	awk -F' *= *' '/^(VERSION|PATCHLEVEL|SUBLEVEL) *=/ && n < 3 { printf "%s%s", n++ ? "." : "", $2 }' "$1/Makefile"
}

# A commit needs a name. This one is for the working tree only: `make series` insists on a real one.
fallback_identity() {
	git -c user.useConfigOnly=true var GIT_COMMITTER_IDENT >/dev/null 2>&1 && return
	export GIT_AUTHOR_NAME=arm32-iommu-dma GIT_AUTHOR_EMAIL=nobody@localhost.invalid
	export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
}

# Debian's source package ignores whatever the package itself does not have, which would hide new files.
unhide_new_files() {
	grep -qsx '/\*' "$TREE/.gitignore" || return 0
	sed -i -e '/^\/\*$/d' -e '/^!\/debian\/$/d' "$TREE/.gitignore"
	printf '%s\n' '!.gitignore' '!.kunitconfig' >>"$TREE/.gitignore"
}

# Makes a git tree of the files in $TREE: one commit, tagged base.
commit_base() {
	unhide_new_files
	fallback_identity
	git -c init.defaultBranch=series init -q --template= "$TREE"
	tree_git config gc.auto 0
	tree_git add -Af .
	tree_git commit -q -m "base: Linux $(kernel_release "$TREE")"
	tree_git update-ref refs/tags/base HEAD
}

# apply_diff <what it is called>: a diff from standard input, to the index. Exact context is wanted: a hunk may move, but
# not bend.
apply_diff() {
	local release errors
	release=$(tree_git log -1 --format=%s refs/tags/base)
	errors=$(tree_git apply --cached --whitespace=nowarn --no-ignore-whitespace - 2>&1) ||
		die "$(awk -v name="$1" -v release="${release#base: }" '
		sub(/^error: patch failed: /, "") { print name ": hunk at " $0 " does not apply to " release; hit = 1; exit }
		sub(/^error: /, "") && !first { first = $0 }
		END { if (!hit) print name ": does not apply to " release ": " first }' <<<"$errors")"
}

# Adds a file of this repository to the index, and then what differs in it on the base.
add_file() {		# <its path in the kernel>
	local mode=100644 blob
	[ ! -x "$ROOT/$1" ] || mode=100755
	blob=$(tree_git hash-object -w --no-filters "$ROOT/$1")
	tree_git update-index --add --cacheinfo "$mode,$blob,$1"
	if [ -n "$PORT" ] && [ -f "$PORT/$1.diff" ]; then
		apply_diff "${PORT##*/}/$1.diff" <"$PORT/$1.diff"
	fi
}

# Adds one patch to the index.
apply_patch() {
	local patch=$1 name=${1#"$ROOT"/} release file
	release=$(tree_git log -1 --format=%s refs/tags/base)
	[ -z "$(patch_diff "$patch")" ] || apply_diff "$name" < <(patch_diff "$patch")
	while read -r file; do
		[ -f "$ROOT/$file" ] || die "$name: adds $file, which this repository lacks"
		! tree_git cat-file -e ":$file" 2>/dev/null || die "$name: adds $file, which ${release#base: } already has"
		add_file "$file"
	done < <(patch_adds "$patch")
}

# Commits the patches on top of the tag base, and keeps refs/project/next at the last that applied. It works
# in an index of its own and touches no file: checking the result out changes only what really differs.
apply_series() {
	local patch tree commit
	commit=$(tree_git rev-parse refs/tags/base)
	fallback_identity
	export GIT_INDEX_FILE=$TREE/.git/project-index
	tree_git read-tree "$commit"
	tree_git update-ref refs/project/next "$commit"
	while read -r patch; do
		apply_patch "$patch"
		tree=$(tree_git write-tree)
		commit=$(patch_message "$patch" | tree_git commit-tree "$tree" -p "$commit")
		tree_git update-ref refs/project/next "$commit"
	done < <(patch_files)
	rm -f "$GIT_INDEX_FILE"
	unset GIT_INDEX_FILE
}

# patch_commit <subject>: the commit of a patch in build/linux
patch_commit() {
	local commit
	commit=$(tree_git log --format='%H %s' refs/tags/base..HEAD |
		awk -v subject="$1" 'substr($0, index($0, " ") + 1) == subject { print $1 }')
	[ -n "$commit" ] || die "$TREE_NAME has no commit \"$1\": run make tree"
	echo "$commit"
}

# worktree <dir> <commit>: the kernel at that commit. When build/linux was made anew, its worktrees have to be, too.
# Otherwise only files that differ change.
worktree() {
	if ! { [ -f "$1/.git" ] && git -C "$1" checkout -q --force --detach "$2" 2>/dev/null; }; then
		rm -rf "$1"
		tree_git worktree prune
		tree_git worktree add -f -q --detach "$1" "$2"
	fi
}

# The files of C that the series changes or adds.
touched_files() {
	tree_git diff --diff-filter=d --name-only refs/tags/base HEAD -- '*.c'
}

# ksrc_commit <dir>: what a kernel tree of somebody's has checked out. Fails if it is no git tree, but may be inside one.
ksrc_commit() {
	[ -z "$(git -C "$1" rev-parse --show-prefix 2>&1)" ] && git -C "$1" rev-parse -q --verify HEAD
}

require_idle() {	# <git tree> <what it is called>
	local state
	for state in rebase-merge rebase-apply MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD; do
		state=$(git -C "$1" rev-parse --path-format=absolute --git-path "$state")
		[ ! -e "$state" ] || die "$2 is in the middle of a rebase, am, merge or pick: finish or abort it first"
	done
}

require_clean() {
	local state
	require_idle "$TREE" "$TREE_NAME"
	state=$(tree_git status --porcelain --untracked-files=normal)
	[ -z "$state" ] || die "$TREE_NAME has uncommitted changes: commit them, or put them away with git stash -u"
}

tree_taken() {
	[ "$(tree_git rev-parse HEAD)" = "$(tree_git rev-parse refs/project/taken)" ]
}

# Whether the tree was made of the patches as they are now.
inputs_taken() {
	inputs_are taken
}

# Whether they are as they were when not all of them applied.
inputs_tried() {
	inputs_are tried
}

inputs_are() {		# <taken or tried>
	[ "$(tree_git config project.inputs)" = "$1 $(inputs_id "$(tree_git rev-parse refs/tags/base)")" ]
}

record_inputs() {	# <taken or tried>
	tree_git config project.inputs "$1 $(inputs_id "$(tree_git rev-parse refs/tags/base)")"
}

# The kernel's tar archive in a package of it, unpacked by xz.
deb_source() {
	dpkg-deb --fsys-tarfile "$1" | tar -xO "./usr/src/$PACKAGE.tar.xz" | xz -dc
}
