#!/bin/bash
# arm64 pays nothing: next to the base, the kernel with the series has the same masters in as many groups of the same
# types, with as many page tables, and takes no more instructions to map for DMA: 0.2 % more at most, which is what repeats.

set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
. "$here/scripts/common.sh"
no_arguments "$@"
declare -A kernel=([base]=$BUILD/kernel/virt-arm64-base [series]=$BUILD/kernel/virt-arm64)
declare -A tree=([base]=$BASE_TREE [series]=$TREE)
declare -A initramfs=()
WORKS=batch/4096/500,batch/65536/500,sg/64/500,row/64/500	# of tests/guest/bench.c
declare -A options=([strict]='--gic 2' [lazy]='--gic 3')

# What the guest reported of the masters, without what differs from boot to boot and what a base lacks, and how many
# page tables there were. How large they are depends on where masters happen to have their buffers.
outcome() {		# <name of the boot>
	local field='(bdf|group|mapping|interrupts|bytes)=[^	]*	'
	sed -E "/^SecPageTables:/d; :again; s/$field//; t again" "$BUILD/run/$1/report" | sort
	echo "groups: $(grep -o 'group=[0-9]*' "$BUILD/run/$1/report" | sort -u | wc -l)"
	echo "page tables: $(page_tables "$1")"
}

boot() {		# <base or series> <mode>
	local -a control=()
	[ "$1" = series ] || control=(--observe)
	# shellcheck disable=SC2086	# they are words
	"$here/scripts/boot.py" --arch arm64 --kernel "${kernel[$1]}" --name "others-arm64-$1-$2" --iommu "$2" ${options[$2]} \
		"${control[@]}" >"$LOG/boot-others-arm64-$1-$2.log" 2>&1
}

# ---- instructions ----

# With one CPU and a clock that goes by its instructions, as CLOCK in scripts/bench.py, what is counted does not depend on the
# host, nor on chance.
count_instructions() {	# <base or series> <mode>
	local dir=$BUILD/run/others-count-$1-$2 strict=1
	[ "$2" = strict ] || strict=0
	mkdir -p "$dir"
	rm -f "$dir/console.log"
	timeout --kill-after=5 300 "${QEMU:-qemu-system-aarch64}" -M virt,iommu=smmuv3 -cpu cortex-a57 -smp 1 -m 1G -nodefaults \
		-no-user-config -no-reboot -display none -serial "file:$dir/console.log" -icount shift=0,sleep=off \
		-rtc clock=vm,base=2026-01-01 -machine dtb-randomness=off \
		-kernel "${kernel[$1]}/arch/arm64/boot/Image" -initrd "${initramfs[$1]}" \
		-append "console=ttyAMA0 panic=-1 panic_on_warn=1 iommu.passthrough=0 iommu.strict=$strict \
rdinit=/bin/busybox -- sh -c \"busybox insmod /bench.ko works=$WORKS; busybox poweroff -f\"" \
		-device pci-testdev >"$dir/qemu.log" 2>&1
}

# Lines of a call and tenths of instructions. What is counted in batches has a figure for each of the two calls.
counts() {		# <base or series> <mode>
	tr -d '\r' <"$BUILD/run/others-count-$1-$2/console.log" | sed -n 's|.*bench: ||p' | awk -v OFS='\t' '
		{ split($1, work, "/") }
		work[1] == "batch" { size = work[2] / 1024 " KiB, "; print size "map", $2; print size "unmap", $3 }
		work[1] == "sg" { print "list of " work[2] " pages", $2 }
		work[1] == "row" { print "list of " work[2] " in a row", $2 }' | sort
}

# Prints a row for each, and fails if one grew by more than 0.2 %, or if some are missing.
compare_counts() {	# <mode>
	local call base series n=0
	while IFS=$'\t' read -r call base series; do
		row "$1" "$call" "$base" "$series" || return 1
		n=$((n + 1))
	done < <(join -t $'\t' <(counts base "$1") <(counts series "$1"))
	[ "$n" = 6 ]
}

row() {			# <mode> <call> <base> <series>
	awk -v mode="$1" -v call="$2" -v base="$3" -v series="$4" 'BEGIN {
		printf "# | %-6s | %-20s | %8.1f | %8.1f | %+5.1f %% |\n", mode, call, base / 10, series / 10, (series / base - 1) * 100
		exit series > base * 1.002 }'
}

worktree "$BASE_TREE" refs/tags/base
for which in base series; do
	"$here/scripts/build.sh" virt-arm64 "${tree[$which]}"
	"$here/scripts/guest.sh" "${kernel[$which]}"
done
for mode in strict lazy; do
	ok "series, $mode: masters move data" boot series "$mode"
	ok "base, $mode: boots" boot base "$mode"
	is "$(outcome "others-arm64-series-$mode")" "$(outcome "others-arm64-base-$mode")" "$mode: groups, types, interrupts and page tables are as on the base"
done
for which in base series; do
	initramfs[$which]=$("$here/scripts/modules.sh" "${kernel[$which]}" "${tree[$which]}" bench)
done
echo '# | mode   | call                 | base     | series   | growth  |'
echo '# | ------ | -------------------- | -------- | -------- | ------- |'
for mode in strict lazy; do
	for which in base series; do
		count_instructions "$which" "$mode" || true	# no counts, then
	done
	ok "$mode: mapping takes no more instructions" compare_counts "$mode"
done
done_testing
