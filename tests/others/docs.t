#!/bin/bash
# The documentation that the series touches: HTML is made of it, what it says of sysfs and debugfs is as get_abi.pl wants it,
# and so are the comments that kernel-doc reads, all without a warning that the base does not give. build/docs/series has
# the pages.

set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
. "$here/scripts/common.sh"
no_arguments "$@"
declare -A tree=([base]=$BASE_TREE [series]=$TREE)
manual=$BUILD/docs/series/Documentation/output/arch/arm/iommu.html

html() {		# <base or series>
	local out=$BUILD/docs/$1
	rm -rf "$out"
	mkdir -p "$out"
	make -s -C "${tree[$1]}" O="$out" SPHINXDIRS=arch/arm htmldocs 2>&1
}

abi() {
	(cd "${tree[$1]}" && perl scripts/get_abi.pl validate --dir Documentation/ABI 2>&1)
}

# Of files that the base has as well as the series
kernel_doc() {
	local -a files
	mapfile -t files < <(tree_git diff --diff-filter=M --name-only refs/tags/base HEAD -- '*.[ch]')
	(cd "${tree[$1]}" && perl scripts/kernel-doc -none "${files[@]}" 2>&1)
}

kernel_doc_of_added() {
	local -a files
	mapfile -t files < <(tree_git diff --diff-filter=A --name-only refs/tags/base HEAD -- '*.[ch]')
	(cd "$TREE" && perl scripts/kernel-doc -none "${files[@]}" 2>&1)
}

# Of all, but for get_abi.pl and kernel-doc, which count what they find in their status, it is an error to fail.
warnings() {		# <function> <base or series>
	local log=$LOG/docs-$1-$2.log status=0
	"$1" "$2" >"$log" || status=$?
	case $status in 0 | 1) ;; *) echo "failed with $status: see $log" ;; esac
	warnings_in "$log" "${tree[$2]}"
}

no_new() {		# <function>
	comm -13 <(warnings "$1" base) <(warnings "$1" series)
}

mkdir -p "$LOG"
worktree "$BASE_TREE" refs/tags/base
is "$(no_new html)" '' 'Sphinx has no new warning'
ok 'the manual is among the pages' grep -qs '<h1>DMA behind IOMMUs on 32-bit ARM' "$manual"
is "$(no_new abi)" '' 'no new warning about sysfs and debugfs'
is "$(no_new kernel_doc)" '' 'no new warning of kernel-doc'
is "$(kernel_doc_of_added)" '' 'no warning of kernel-doc about files that the series adds'
done_testing
