#!/bin/bash
# guest.sh [KERNEL] - make the initramfs of a kernel that build.sh built (build/kernel/virt unless given), in the
# kernel's directory: tests/guest/, Debian's busybox for its architecture, the kernel's modules and the series' selftest.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=apt.sh
. "$(dirname "$0")/apt.sh"

case ${1-} in -*) no_arguments "$1" ;; esac
kernel=${1:-$BUILD/kernel/virt}
initramfs=$kernel/initramfs.cpio

# Unpacked, not installed: nothing of it runs on the host.
fetch_busybox() {
	local deb
	mkdir -p "$DEBS"
	deb=$(fetch_deb "busybox-static:$arch" "$DEBS") ||
		die "cannot fetch busybox-static for $arch (no network?): see $LOG_NAME/apt.log"
	rm -rf "$unpacked"
	dpkg-deb -x "$deb" "$unpacked"
	[ -x "$busybox" ] || die "${deb#"$ROOT"/} has no bin/busybox"
}

# A program without a libc, from the kernel's own headers, which build.sh left in usr/include.
compile_vfio() {
	local cross nolibc=$TREE/tools/include/nolibc
	local -a cpu=()
	cross=$(cross_prefix "${arch%hf}")
	[ "$arch" != armhf ] || cpu=(-march=armv7-a)
	"${cross}gcc" -Os "${cpu[@]}" -nostdlib -static -nostdinc -isystem "$("${cross}gcc" -print-file-name=include)" \
		-I "$nolibc" -I "$kernel/usr/include" -include "$nolibc/nolibc.h" -o "$kernel/vfio" \
		"$ROOT/tests/guest/vfio.c" 2>"$LOG/guest.log" || die "cannot compile tests/guest/vfio.c: see $LOG_NAME/guest.log"
}

has_vfio() {
	grep -qx 'CONFIG_VFIO_PCI=[ym]' "$kernel/.config"
}

# What the kernel's gen_init_cpio makes an archive of: like this no file needs an owner or a device number on the host.
contents() {
	local path
	for path in bin dev proc sys tmp lib scenario selftests selftests/iommu selftests/kselftest; do
		echo "dir /$path 0755 0 0"
	done
	echo "nod /dev/console 0600 0 0 c 5 1"
	echo "file /bin/busybox $busybox 0755 0 0"
	echo "slink /bin/sh busybox 0777 0 0"
	echo "file /init $ROOT/tests/guest/init 0755 0 0"
	for path in "$ROOT"/tests/guest/*; do
		case ${path##*/} in
		init | *.*) ;;
		*) echo "file /scenario/${path##*/} $path 0644 0 0" ;;
		esac
	done
	for path in kselftest/ktap_helpers.sh iommu/group_mapping.sh; do
		echo "file /selftests/$path $TREE/tools/testing/selftests/$path 0755 0 0"
	done
	! has_vfio || echo "file /bin/vfio $kernel/vfio 0755 0 0"
	(cd "$kernel/root" && find lib/modules -type d -printf 'dir /%p 0755 0 0\n' \
		-o -type f -printf "file /%p $kernel/root/%p 0644 0 0\n" | sort)
}

[ -x "$kernel/usr/gen_init_cpio" ] || die "no kernel in $kernel: run scripts/build.sh first"
kernel=$(realpath "$kernel")
arch=armhf unpacked=$BUILD/guest
if grep -qx CONFIG_ARM64=y "$kernel/.config"; then arch=arm64 unpacked=$BUILD/guest-arm64; fi
busybox=$unpacked/bin/busybox
[ -x "$busybox" ] || fetch_busybox
! has_vfio || compile_vfio
contents >"$initramfs.list"
"$kernel/usr/gen_init_cpio" "$initramfs.list" >"$initramfs.tmp"
mv "$initramfs.tmp" "$initramfs"
