#!/bin/bash
# compare.sh - boot the stock kernel, which is the tree up to where SMMUv3 builds on 32-bit ARM, with arm32's own DMA ops,
# and the kernel with the series, both with MSI and with INTx, and print side by side what became of each master. Fails
# if the series leaves anything to be desired, or if the stock kernel does not. Needs what tree.sh provides.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

STOCK=$BUILD/stock
LAST='iommu/arm-smmu-v3: Allow the driver on 32-bit ARM'

stock_commit() {
	tree_git log --format='%H %s' refs/tags/base..HEAD | awk -v subject="$LAST" 'substr($0, index($0, " ") + 1) == subject { print $1 }'
}

# When build/linux was made anew, its worktree has to be, too. Otherwise only files that differ change.
stock_tree() {
	local commit
	commit=$(stock_commit)
	[ -n "$commit" ] || die "build/linux has no commit \"$LAST\": run make tree"
	if ! { [ -f "$STOCK/.git" ] && git -C "$STOCK" checkout -q --force --detach "$commit" 2>/dev/null; }; then
		rm -rf "$STOCK"
		tree_git worktree prune
		tree_git worktree add -f -q --detach "$STOCK" "$commit"
	fi
}

# boot <name> <options of boot.py>: what boot.py shows goes to a log, as the table below sums it up.
boot() {
	"$ROOT/scripts/boot.py" --name "$@" >"$LOG/boot-$1.log"
}

no_arguments "$@"
need git
stock_tree
"$ROOT/scripts/build.sh" virt "$STOCK"
"$ROOT/scripts/guest.sh" "$BUILD/kernel/virt-stock"
"$ROOT/scripts/build.sh" virt
"$ROOT/scripts/guest.sh"

status=0
boot stock-msi --kernel "$BUILD/kernel/virt-stock" --observe
boot stock-intx --kernel "$BUILD/kernel/virt-stock" --observe --intx
boot series-msi || status=1
boot series-intx --intx || status=1
"$ROOT/scripts/boot.py" --compare 'stock, MSI=stock-msi' 'stock, INTx=stock-intx' \
	'series, MSI=series-msi' 'series, INTx=series-intx'
[ "$status" = 0 ] || die 'the series leaves masters, or more, to be desired: see above'
grep -qv '^masters: 5/5 ' <(grep -h '^masters: ' "$LOG"/boot-stock-*.log) ||
	die 'the stock kernel moves all data, too: there is nothing to compare'
