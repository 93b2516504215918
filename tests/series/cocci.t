#!/bin/bash
# cocci.t [PATCH or FIRST..LAST]... - the kernel's own semantic patches, make coccicheck, find nothing in a file that the
# series, or those of its patches, touches that they do not find in the base. It is the series as a whole that is looked at.

set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
. "$here/scripts/common.sh"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# The kernel's script runs one semantic patch on one file.
check() {		# <semantic patch> <file>
	C=2 MODE=report COCCI=$1 LINUXINCLUDE='' "$TREE/scripts/coccicheck" "$2" || echo "failed: $1"
}

# Some need OCaml's compiler, and are about other things.
semantic_patches() {
	find "$TREE/scripts/coccinelle" -name '*.cocci' -print0 | xargs -0 grep -LZ ocaml
}

# What all of them say of a file, without line numbers.
report() {		# <tree> <file>
	[ -f "$1/$2" ] || return 0
	semantic_patches | xargs -0 -P "$(nproc)" -I {} bash -c 'check "$@"' check {} "$1/$2" 2>&1 | tee -a "$LOG/cocci.log" |
		sed -nE "s#^$1/##p; /^failed: /p" | sed -E 's/:[0-9]+(-[0-9]+)*:?/:/g; s/ lines? [0-9]+/ line/g' | sort -u
}

nothing_new() {		# <file>
	local new
	report "$TREE" "$1" >"$tmp/series"
	[ -s "$tmp/series" ] || return 0
	new=$(comm -13 <(report "$BASE_TREE" "$1") "$tmp/series")
	[ -z "$new" ] || { printf '# %s\n' "${new//$'\n'/$'\n# '}"; return 1; }
}

# If none of them ran on either tree, nothing would be new.
finds_what_is_there() {
	printf 'int f(int n)\n{\n\tswitch (n) {\n\tcase 1:\n\t\treturn 1;\n\t};\n\treturn 0;\n}\n' >"$tmp/semicolon.c"
	check "$TREE/scripts/coccinelle/misc/semicolon.cocci" "$tmp/semicolon.c" 2>&1 | tee -a "$LOG/cocci.log" |
		grep -q 'Unneeded semicolon'
}

# Files of C that the selected patches touch.
files() {
	local patch
	while read -r _ patch; do
		patch_diff "$patch" | sed -nE 's#^diff --git a/.* b/(.*\.c)$#\1#p'
		patch_adds "$patch" | grep '\.c$' || true
	done | sort -u
}

export TREE
export -f check
case ${1-} in -*) no_arguments "$1" ;; esac
selection=$("$here/tests/series/selected.sh" "$@")
command -v spatch >/dev/null || { echo '1..0 # SKIP no coccinelle'; exit; }
worktree "$BASE_TREE" refs/tags/base
mkdir -p "$LOG"
: >"$LOG/cocci.log"
ok 'semantic patches find what is there to find' finds_what_is_there
while read -r file; do
	[ ! -f "$TREE/$file" ] || ok "$file: nothing new" nothing_new "$file"
done < <(files <<<"$selection")
done_testing
