#!/bin/bash
# build.sh CONFIG [TREE] - build the kernel of tests/configs/CONFIG.config, merged over allnoconfig, from TREE
# (build/linux unless given) in build/kernel/CONFIG, or build/kernel/CONFIG-<name of TREE> for another tree: zImage,
# and the modules installed below root/. Does next to nothing when nothing changed. The details go to
# build/log/kernel-*.log.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

case ${1-} in '' | -*) no_arguments "${1:---help}" ;; esac
config=$1
fragment=$ROOT/tests/configs/$config.config
tree=${2:-$TREE}
[ -f "$fragment" ] || die "there is no tests/configs/$config.config"
[ -f "$tree/Kconfig" ] || die "$tree is no kernel tree: run make tree"
need make gcc arm-none-eabi-gcc flex bison bc
tree=$(realpath "$tree")
name=$config
[ "$tree" = "$(realpath -m "$TREE")" ] || name=$config-$(basename "$tree")
out=$BUILD/kernel/$name
log=$LOG/kernel-$name.log
# The fragment that .config was made from; its time is that of the configuration.
configured=$out/.fragment

# An empty LOCALVERSION keeps git's state out of the release, where it would rebuild and rename things.
kernel_make() {
	make -s -C "$tree" O="$out" ARCH=arm CROSS_COMPILE=arm-none-eabi- LOCALVERSION= "$@" >>"$log" 2>&1
}

fail() {
	echo "error: $*: see ${log#"$ROOT"/}, which ends with" >&2
	tail -n 15 "$log" | sed 's/^/  /' >&2
	exit 1
}

configuration_is_current() {
	cmp -s "$fragment" "$configured" &&
		[ -z "$(find "$tree" -name 'Kconfig*' -newer "$configured" -print -quit)" ]
}

# What the fragment asks for and .config lacks, for a symbol whose dependencies are not met is dropped without a word.
lost_symbols() {
	awk 'NR == FNR { if (/^CONFIG_/) want[$0]; else if (/^# CONFIG_.* is not set$/) unwanted[$2]; next }
		{ delete want[$0]; sub(/=.*/, "") }
		$0 in unwanted { print "# " $0 " is not set" }
		END { for (line in want) print line }' "$fragment" "$out/.config"
}

configure() {
	local lost
	rm -f "$configured"
	note "configuring $name"
	kernel_make KCONFIG_ALLCONFIG="$fragment" allnoconfig || fail "cannot configure $name"
	lost=$(lost_symbols | sort | paste -sd ' ')
	[ -z "$lost" ] || die "the kernel does not take these lines of ${fragment#"$ROOT"/}: $lost"
	cp "$fragment" "$configured"
}

# The guest runs depmod, so the host need not have it.
install_modules() {
	rm -rf "$out/root"
	kernel_make INSTALL_MOD_PATH="$out/root" DEPMOD=true modules_install || fail "cannot install the modules of $name"
}

mkdir -p "$out" "$LOG"
: >"$log"
configuration_is_current || configure
note "building $name"
targets=(zImage)
! grep -q '^CONFIG_MODULES=y' "$out/.config" || targets+=(modules)
kernel_make -j"$(nproc)" "${targets[@]}" || fail "cannot build $name"
[ ${#targets[@]} = 1 ] || install_modules
