#!/bin/bash
# Every master moves data through the one mapping of its IOMMU instance, in each boot of {MSI, INTx} x {strict, lazy,
# passthrough} x {GICv2, GICv3} x {coherent, non-coherent}; through mappings of their own, if they are isolated; and one moves
# it after VFIO has taken it over and given it back. Then the controls: what boot.py must not let pass.
# BOOT_KERNEL=<dir> takes a kernel that was built before instead of building build/kernel/virt, BOOT_OPTIONS=<words> are
# more options for each boot.

set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/common.sh
. "$here/scripts/common.sh"
no_arguments "$@"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

if [ -z "${BOOT_KERNEL:-}" ]; then
	"$here/scripts/build.sh" virt
	"$here/scripts/guest.sh"
	BOOT_KERNEL=$BUILD/kernel/virt
fi

# A QEMU that does not live to see the guest's report.
cat >"$tmp/short-lived" <<END
#!/bin/sh
exec timeout --signal=KILL 4 ${QEMU:-qemu-system-arm} "\$@"
END
chmod +x "$tmp/short-lived"

# What to boot: a name, then [VARIABLE=value] options of boot.py.
matrix() {
	local irq iommu gic dma
	local -A option=([msi]='' [intx]=--intx [coherent]='' [non-coherent]=--non-coherent)
	for irq in msi intx; do
		for iommu in strict lazy passthrough; do
			for gic in 2 3; do
				for dma in coherent non-coherent; do
					echo "$irq-$iommu-gic$gic-$dma ${option[$irq]} ${option[$dma]} --iommu $iommu --gic $gic"
				done
			done
		done
	done
	echo 'isolated --isolate 1'
	echo 'isolated-lazy-non-coherent --isolate 1 --iommu lazy --non-coherent --gic 3'
	echo 'vfio --vfio nvme --gic 3'
}

controls() {
	cat <<-END
		no-qemu QEMU=$tmp/none
		dead-qemu QEMU=false
		killed-qemu QEMU=$tmp/short-lived
		hang --timeout 20 --append 'rdinit=/bin/busybox -- sleep 1000'
		panic --append 'rdinit=/bin/busybox -- false'
		no-nvme --without nvme
		other-mode --append iommu.passthrough=1
		other-irq --append pci=nomsi
		other-mappings --mappings 2
		late --deadline 0
	END
}

# one <name> [QEMU=<path>] <options>: leaves the output and the exit status in $tmp.
one() {
	local name=$1 status=0 qemu=${QEMU:-qemu-system-arm}
	shift
	case ${1-} in QEMU=*) qemu=${1#*=}; shift ;; esac
	# shellcheck disable=SC2086	# several words
	QEMU=$qemu boot "$name" --kernel "$BOOT_KERNEL" ${BOOT_OPTIONS:---deadline 120 --timeout 240} "$@" || status=$?
	echo "$status" >"$tmp/$name.status"
}

good() {		# <name>
	local status
	status=$(cat "$tmp/$1.status")
	show_boot "$1" "$status"
	return "$status"
}

bad() {			# <name> <pattern...>: it failed, and said why
	local name=$1 pattern
	shift
	[ "$(cat "$tmp/$name.status")" = 1 ] || { sed 's/^/# /' "$tmp/$name.out"; return 1; }
	for pattern; do
		grep -qE -- "$pattern" "$tmp/$name.out" ||
			{ echo "# nothing says: $pattern"; sed 's/^/# /' "$tmp/$name.out"; return 1; }
	done
}

gone() {		# <name>: no QEMU of that boot is left behind; the brackets keep grep from finding itself
	! grep -qs "run/[t]est-$1/" /proc/[0-9]*/cmdline
}

# Two at a time, for a guest has two CPUs and may share the host's with a build.
export -f one boot hung
export here tmp BOOT_KERNEL
{ matrix; controls; } | xargs -P 2 -L 1 bash -c 'one "$@"' one

while read -r name _; do
	ok "$name" good "$name"
done < <(matrix)
bad_qemu='QEMU ended before the guest.s report'
ok 'without QEMU, the error says what to do' bad no-qemu 'cannot run .*: run make packages'
ok 'a QEMU that ends at once is noticed' bad dead-qemu "$bad_qemu .exit status 1"
ok 'a QEMU that is killed is noticed, and the console shown' bad killed-qemu "$bad_qemu" '^ +\[ +[0-9.]+\] ' 'console.log$'
ok 'a guest that hangs is ended, and the console shown' bad hang 'no report from the guest within 20 seconds' 'console.log$'
ok 'nothing of it is left' gone hang
ok 'a guest that panics is told from one that hangs' bad panic 'the guest panicked before its report' 'Kernel panic'
ok 'a missing master is missed' bad no-nvme 'nvme: no device' '^masters: 4/5 moved data'
ok 'another domain type is noticed' bad other-mode 'xhci: domain type identity, not DMA' 'mappings: 0, not 1'
ok 'other interrupts are noticed' bad other-irq 'e1000e: interrupts by intx, not by msi'
ok 'another number of mappings is noticed' bad other-mappings 'mappings: 1, not 2'
ok 'masters that hang are told, and what the CPUs do' bad late ': hangs$' 'CPU 0 answers' 'CPU 1 answers'
done_testing
