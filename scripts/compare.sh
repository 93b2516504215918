#!/bin/bash
# compare.sh - boot the stock kernel of stock.sh and the kernel with the series, both with MSI and with INTx, on a machine
# whose device tree says dma-coherent and on one whose does not, and print side by side what became of each master. Fails
# if the series leaves anything to be desired, or if the stock kernel does not. Needs what tree.sh provides.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

# boot <name> <options of boot.py>: what boot.py shows goes to a log, as the table below sums it up.
boot() {
	"$ROOT/scripts/boot.py" --name "$@" >"$LOG/boot-$1.log"
}

# compare <suffix of the boots' names> <options of boot.py>
compare() {
	boot "stock-msi$1" --kernel "$BUILD/kernel/virt-stock" --observe "${@:2}"
	boot "stock-intx$1" --kernel "$BUILD/kernel/virt-stock" --observe --intx "${@:2}"
	boot "series-msi$1" "${@:2}" || status=1
	boot "series-intx$1" --intx "${@:2}" || status=1
	"$ROOT/scripts/boot.py" --compare "stock, MSI=stock-msi$1" "stock, INTx=stock-intx$1" \
		"series, MSI=series-msi$1" "series, INTx=series-intx$1"
}

no_arguments "$@"
"$ROOT/scripts/stock.sh"
"$ROOT/scripts/build.sh" virt "$STOCK_TREE"
"$ROOT/scripts/guest.sh" "$BUILD/kernel/virt-stock"
"$ROOT/scripts/build.sh" virt
"$ROOT/scripts/guest.sh"

status=0
echo 'With dma-coherent in the device tree:'
compare ''
echo
echo 'Without:'
compare -non-coherent --non-coherent
[ "$status" = 0 ] || die 'the series leaves masters, or more, to be desired: see above'
grep -qv '^masters: 5/5 ' <(grep -h '^masters: ' "$LOG"/boot-stock-*.log) ||
	die 'the stock kernel moves all data, too: there is nothing to compare'
