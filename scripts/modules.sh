#!/bin/bash
# modules.sh KERNEL TREE NAME... - build tests/guest/NAME.c for a kernel that build.sh built from TREE, and print the path
# of an initramfs that has each as /NAME.ko, beside all that guest.sh put into the kernel's.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

case ${1-} in '' | -*) no_arguments "${1:---help}" ;; esac
[ $# -ge 3 ] || die "modules.sh: too few arguments; try --help"
kernel=$(realpath "$1") tree=$(realpath "$2") names=("${@:3}")
[ -f "$kernel/initramfs.cpio" ] || die "no initramfs in $kernel: run scripts/guest.sh first"
arch=arm
if grep -qx CONFIG_ARM64=y "$kernel/.config"; then arch=arm64; fi
name=$(basename "$kernel")-$(IFS=- && echo "${names[*]}")
dir=$BUILD/modules/$name
log=$LOG/modules-$name.log
rm -rf "$dir"
mkdir -p "$dir" "$LOG"
for module in "${names[@]}"; do
	cp "$ROOT/tests/guest/$module.c" "$dir"
	echo "obj-m += $module.o" >>"$dir/Makefile"
	echo "file /$module.ko $dir/$module.ko 0644 0 0" >>"$dir/list"
done
# shellcheck disable=SC2016	# it is for make
echo 'ccflags-y := -I$(srctree)' >>"$dir/Makefile"
make -s -C "$tree" O="$kernel" ARCH=$arch CROSS_COMPILE="$(cross_prefix $arch)" LOCALVERSION= M="$dir" modules \
	>"$log" 2>&1 || die "cannot build ${names[*]} for $kernel: see ${log#"$ROOT"/}"
"$kernel/usr/gen_init_cpio" "$dir/list" | cat "$kernel/initramfs.cpio" - >"$dir/initramfs.cpio"
echo "$dir/initramfs.cpio"
