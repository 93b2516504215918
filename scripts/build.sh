#!/bin/bash
# build.sh CONFIG [TREE] - build the kernel of tests/configs/CONFIG.config, merged over allnoconfig, from TREE
# (build/linux unless given) in build/kernel/CONFIG, or build/kernel/CONFIG-<name of TREE> for another tree: zImage,
# and the modules installed below root/. A CONFIG called NAME-VARIANT goes over NAME.config, and NAME-VARIANT+OTHER has
# NAME-OTHER.config on top of both; one that has CONFIG_ARM64=y makes an Image for arm64. Does next to nothing when nothing
# changed. The details go to build/log/kernel-*.log.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

# fragments CONFIG: the files, of which later ones win over earlier ones, here as in kconfig
fragments() {
	local first=${1%%+*} more=${1#"${1%%+*}"}
	local base=${first%-*}
	[ "$base" = "$first" ] || [ ! -f "$ROOT/tests/configs/$base.config" ] || echo "$ROOT/tests/configs/$base.config"
	echo "$ROOT/tests/configs/$first.config"
	[ -z "$more" ] || fragments "$base-${more#+}" | tail -n +2
}

case ${1-} in '' | -*) no_arguments "${1:---help}" ;; esac
config=$1
mapfile -t fragments < <(fragments "$config")
for file in "${fragments[@]}"; do
	[ -f "$file" ] || die "there is no ${file#"$ROOT"/}"
done
tree=${2:-$TREE}
[ -f "$tree/Kconfig" ] || die "$tree is no kernel tree: run make tree"
arch=arm image=zImage
if grep -qxs CONFIG_ARM64=y "${fragments[@]}"; then arch=arm64 image=Image; fi
cross=$(cross_prefix $arch)
need make gcc "${cross}gcc" flex bison bc
tree=$(realpath "$tree")
name=$config
[ "$tree" = "$(realpath -m "$TREE")" ] || name=$config-$(basename "$tree")
out=$BUILD/kernel/$name
log=$LOG/kernel-$name.log
fragment=$out/.wanted
# The fragment that .config was made from; its time is that of the configuration.
configured=$out/.fragment

# An empty LOCALVERSION keeps git's state out of the release, where it would rebuild and rename things.
kernel_make() {
	make -s -C "$tree" O="$out" ARCH="$arch" CROSS_COMPILE="$cross" LOCALVERSION= "$@" >>"$log" 2>&1
}

# For a kernel that counts how often lines are run: of what the series touches.
profiled() {
	! grep -qx CONFIG_GCOV_KERNEL=y "$fragment" || touched_files | sed 's|.*/\(.*\)\.c$|GCOV_PROFILE_\1.o=y|'
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
	awk 'NR == FNR && /^CONFIG_/ { symbol = $0; sub(/=.*/, "", symbol); want[symbol] = $0 }
		NR == FNR && /^# CONFIG_.* is not set$/ { want[$2] = $0 }
		NR == FNR { next }
		/^CONFIG_/ { symbol = $0; sub(/=.*/, "", symbol); have[symbol] = $0 }
		END { for (symbol in want)
			if (want[symbol] != (symbol in have ? have[symbol] : "# " symbol " is not set")) print want[symbol] }' \
		"$fragment" "$out/.config"
}

configure() {
	local lost
	rm -f "$configured"
	note "configuring $name"
	kernel_make KCONFIG_ALLCONFIG="$fragment" allnoconfig || fail "cannot configure $name"
	lost=$(lost_symbols | sort | paste -sd ' ')
	[ -z "$lost" ] || die "the kernel does not take these lines of tests/configs/, for $config: $lost"
	cp "$fragment" "$configured"
}

# The guest runs depmod, so the host need not have it.
install_modules() {
	rm -rf "$out/root"
	kernel_make INSTALL_MOD_PATH="$out/root" DEPMOD=true modules_install || fail "cannot install the modules of $name"
}

mkdir -p "$out" "$LOG"
: >"$log"
cat "${fragments[@]}" >"$fragment"
configuration_is_current || configure
note "building $name"
targets=("$image" headers)
! grep -q '^CONFIG_MODULES=y' "$out/.config" || targets+=(modules)
mapfile -t profiled < <(profiled)
kernel_make -j"$(nproc)" "${profiled[@]}" "${targets[@]}" || fail "cannot build $name"
[ ${#targets[@]} = 1 ] || install_modules
