#!/bin/bash
# The exported series passes the kernel's checkpatch --strict, one TAP line a patch; and arch/arm is as much shorter as the README says.

set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/common.sh
. "$here/scripts/common.sh"
no_arguments "$@"
# shellcheck source-path=SCRIPTDIR source=checkpatch.sh
. "$here/tests/checkpatch.sh"

series=$BUILD/checkpatch
rm -rf "$series"
said=$("$ROOT/scripts/series.sh" "$series" 2>&1) || { printf '%s\n' "$said" >&2; exit 1; }
# Several at a time; what it says of one is beside the patch
one() {			# <patch>
	if checkpatch "$1" >"$1.says"; then : >"$1.good"; fi
}
export TREE dictionary
export -f one checkpatch
find "$series" -name '*.patch' ! -name '0000-*' -print0 | xargs -0 -P "$(nproc)" -n 1 bash -c 'one "$@"' one

good() {		# <patch>
	cat "$1.says"
	[ -e "$1.good" ]
}

for patch in "$series"/*.patch; do
	case $patch in */0000-cover-letter.patch) continue ;; esac
	ok "checkpatch ${patch##*/}" good "$patch"
done
shorter=$(tree_git diff --numstat refs/tags/base HEAD -- arch/arm ':!arch/arm/mm/*-test*' | awk '{ n += $2 - $1 } END { print n }')
[ -n "$PORT" ] || ok "README says that arch/arm is $shorter lines shorter" grep -q "\`arch/arm\` is $shorter lines shorter" "$ROOT/README.md"
done_testing
