#!/bin/bash
# patches.t [PATCH or FIRST..LAST]... - each patch of the series, or each of those named, holds on its own: it applies,
# checkpatch and codespell pass it, the kernel builds with it, links, and has no warning of the compiler, of sparse or of
# kernel-doc that the base has not. That is 32-bit ARM with all IOMMU drivers that the series touches, ARM without an IOMMU,
# and arm64; other architectures build the files of theirs. With BOOT=1 each boots, too, and the KUnit suites pass that it has,
# but for a kernel that is the same as the one before.
# BUILDS= takes some of the three builds only: iommu, no-iommu, arm64; or none, where boots are all that is wanted.

set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
. "$here/scripts/common.sh"
# shellcheck source-path=SCRIPTDIR source=../checkpatch.sh
. "$here/tests/checkpatch.sh"
# shellcheck source-path=SCRIPTDIR source=../kunit.sh
. "$here/tests/kunit.sh"
# shellcheck source-path=SCRIPTDIR source=builds.sh
. "$here/tests/series/builds.sh"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# From where on a kernel boots in QEMU, behind its SMMUv3, and from where on all masters move data.
BOOTS='iommu/arm-smmu-v3: Allow the driver on 32-bit ARM'
MOVES='ARM: dma-mapping: Use dma-iommu behind every IOMMU'

# ---- without a build ----

quietly() {		# what it says is shown if it fails
	"$@" >"$tmp/said" 2>&1 || { tail -n 20 "$tmp/said" | sed 's/^/# /'; return 1; }
}

# The patch, on the commit before its own, gives the tree of its own.
applies() {		# <patch> <commit>
	(
		export GIT_INDEX_FILE=$tmp/index
		tree_git read-tree "$2^"
		apply_patch "$1"
		[ "$(tree_git write-tree)" = "$(tree_git rev-parse "$2^{tree}")" ] || die 'another tree than that of its commit: run make tree'
	)
}

# As mailed by somebody who made it, and signs it off.
passes_checkpatch() {	# <commit>
	local mailed
	mailed=$(tree_git log -1 --format=%B "$1" | tree_git commit-tree "$1^{tree}" -p "$1^")
	tree_git format-patch -q -1 --signoff --stdout "$mailed" >"$tmp/patch"
	checkpatch "$tmp/patch"
}

# The message, and the lines that the patch adds.
spelled() {		# <commit>
	tree_git show -U0 --format=%B "$1" | sed -nE '/^diff --git/,$ { /^\+\+\+ /d; s/^\+//p; d }; p' >"$tmp/text"
	(cd "$tmp" && codespell text)
}

# Lines of what is new; there must be none.
none() {		# <lines>
	[ -z "$1" ] || { printf '# %s\n' "${1//$'\n'/$'\n# '}"; return 1; }
}

touched() {		# <commit> <pathspec...>
	tree_git diff-tree -r --no-commit-id --name-only --diff-filter=d "$1" -- "${@:2}"
}

# What kernel-doc says of a file in a commit, without line numbers.
kernel_doc() {		# <commit> <file>
	tree_git show "$1:$2" >"$tmp/${2##*/}" 2>/dev/null || return 0
	"$TREE/scripts/kernel-doc" -none "$tmp/${2##*/}" 2>&1 | sed -E "s#$tmp/##; s/:[0-9]+:?/:/" | sort -u
}

documented() {		# <commit>
	local file
	while read -r file; do
		none "$(comm -13 <(kernel_doc refs/tags/base "$file") <(kernel_doc "$1" "$file"))" || return 1
	done < <(touched "$1" '*.c' '*.h')
}

# ---- builds ----

builds_as() {		# <name>
	step "$1" C=1 || {
		echo "# see ${each#"$ROOT"/}/$1.log, which ends with"
		tail -n 15 "$each/$1.log" | sed 's/^/#   /'
		return 1
	}
}

no_new_warning() {	# <name>
	none "$(comm -13 <(tail -n +2 "$each/$1.base") <(warnings "$1"))"
}

# Those files of a commit that an aside is for; files that no other builds.
aside_objects() {	# <commit> <files>
	touched "$1" ":(glob)$2" | sed -n 's/\.c$/.o/p'
}

# An aside's object may warn as it did before the patch.
builds_aside() {	# <commit> <aside>
	local name config files before
	local -a objects
	read -r name config files <<<"$2"
	mapfile -t objects < <(aside_objects "$1" "$files")
	go "$1^"
	aside "$name" "$config" "${objects[@]}" || true
	before=$(warnings "${name%:*}")
	go "$1"
	aside "$name" "$config" "${objects[@]}" || { tail -n 15 "$each/${name%:*}.log" | sed 's/^/# /'; return 1; }
	none "$(comm -13 <(echo "$before") <(warnings "${name%:*}"))"
}

has_compiler() {	# <architecture>
	command -v "$(cross_prefix "$1")gcc" >/dev/null
}

# Files of C that none of the builds has compiled, other than for want of a compiler.
never_built() {		# <commit>
	local file dir
	touched "$1" '*.c' | while read -r file; do
		dir=${file#arch/} dir=${dir%%/*}
		[ "$file" = "${file#arch/}" ] || has_compiler "$dir" || continue
		compgen -G "$each/*/${file%.c}.o" >/dev/null || echo "$file"
	done | paste -sd' '
}

# ---- boots ----

is_in() {		# <subject> <commit>: the patch of that subject is the commit, or before it
	tree_git merge-base --is-ancestor "$(patch_commit "$1")" "$2"
}

# A patch of which nothing is in the kernel that boots leaves it as it was: what that kernel has passed, it passes.
declare -A passed	# by the kernel's directory, the kernel that was the last to
# Equal kernels are to be equal files.
export KBUILD_BUILD_TIMESTAMP=1970-01-01 KBUILD_BUILD_VERSION=1 LOCALVERSION=

kernel_id() {		# <its directory>
	find "$1" -type f \( -path "$1/arch/arm/boot/zImage" -o -path "$1/root/*.ko" \) -exec sha256sum {} + | sort | sha256sum
}

passes() {		# <name> <its directory> <what builds it> <what runs it> <commit>
	local id
	quietly "$3" "$5" || { ok "$1" false; return; }
	id=$(kernel_id "$2")
	if [ "${passed[$2]:-}" = "$id" ]; then ok "$1 # SKIP the kernel is that of the patch before" true; return; fi
	if quietly "$4" "$5"; then passed[$2]=$id; ok "$1" true; else ok "$1" false; fi
}

guest_kernel=$BUILD/kernel/virt-${walked##*/}

builds_guest() {
	"$here/scripts/build.sh" virt "$walked"
}

boots_guest() {		# <commit>
	local -a observe=()
	is_in "$MOVES" "$1" || observe=(--observe)
	"$here/scripts/guest.sh" "$guest_kernel" && "$here/scripts/boot.py" --kernel "$guest_kernel" --name each "${observe[@]}"
}

# Of the options that enable the suites, those that the kernel has by now.
known_options() {
	cat "$configs"/kunit-{arm,dma-api}.kunitconfig | while read -r line; do
		[[ $line == CONFIG_* ]] || continue
		line=${line%=y}
		! git -C "$walked" grep -qE "^(menu)?config ${line#CONFIG_}$" -- '*Kconfig*' || echo "$line=y"
	done
}

builds_kunit() {
	{ known_options; echo '# CONFIG_LOCALVERSION_AUTO is not set'; } >"$tmp/kunitconfig"
	kunit_py build arm "$walked" kunit-each --kunitconfig="$tmp/kunitconfig"
}

kunit_passes() {
	kunit arm "$walked" kunit-each --kunitconfig="$tmp/kunitconfig" --kernel_args=panic_on_warn=1 ||
		{ tail -n 30 "$LOG/kunit-each.log"; return 1; }
}

# ---- a patch ----

try() {			# <number> <patch>
	local number=$1 commit name entry arch
	commit=$(patch_commit "$(patch_message "$2" | head -n 1)")
	ok "$number: ${2#"$ROOT"/} applies" quietly applies "$2" "$commit"
	ok "$number: checkpatch" passes_checkpatch "$commit"
	ok "$number: codespell" quietly spelled "$commit"
	ok "$number: nothing new of kernel-doc" documented "$commit"
	[ ${#builds[@]} = 0 ] || catch_up "$(tree_git rev-parse "$commit^")"
	go "$commit"
	for name in "${builds[@]}"; do
		ok "$number: $name builds, and links" builds_as "$name"
		ok "$number: $name: no new warning" no_new_warning "$name"
	done
	for entry in "${asides[@]}"; do
		[ -n "$(aside_objects "$commit" "${entry##* }")" ] || continue
		arch=${entry%% *} arch=${arch#*:}
		has_compiler "$arch" || { ok "$number: ${entry%%:*} # SKIP no $(cross_prefix "$arch")gcc" true; continue; }
		ok "$number: ${entry%%:*} builds what is its own, without a new warning" builds_aside "$commit" "$entry"
	done
	[ -n "${BUILDS:-}" ] || is "$(never_built "$commit")" '' "$number: all files of C are built"
	if [ "${BOOT:-0}" = 0 ] || ! is_in "$BOOTS" "$commit"; then return; fi
	passes "$number: boots" "$guest_kernel" builds_guest boots_guest "$commit"
	passes "$number: KUnit" "$BUILD/kunit-each" builds_kunit kunit_passes "$commit"
}

[ -x "$TREE/scripts/kernel-doc" ] || die "no scripts/kernel-doc in $TREE_NAME"
case ${1-} in -*) no_arguments "$1" ;; esac
selection=$("$here/tests/series/selected.sh" "$@")
for name in "${builds[@]}"; do
	base_warnings "$name"
done
while read -r number patch; do
	try "$number" "$patch"
done <<<"$selection"
done_testing
