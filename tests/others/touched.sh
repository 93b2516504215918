#!/bin/bash
# touched.sh TREE DIR ARCH CONFIG LINK [SYMBOL=VALUE...] - in DIR, from scratch as a compiler warns only once, build the
# directories that the series touches, from TREE, with W=1, then what LINK names (- for nothing). CONFIG is what make
# makes a configuration of. Leaves DIR.log, and DIR.warnings without their line numbers, which move.

# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
. "$(dirname "$0")/../../scripts/common.sh"
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

case ${1-} in '' | -*) no_arguments "${1:---help}" ;; esac
[ $# -ge 5 ] || die "touched.sh: too few arguments; try --help"
tree=$1 dir=$2 arch=$3 config=$4 link=$5
symbols=(WERROR=n "${@:6}")	# of warnings platforms.t is the judge

kernel_make() {
	make -s -C "$tree" O="$dir" ARCH="$arch" CROSS_COMPILE="$(cross_prefix "$arch")" LOCALVERSION= -j"$(nproc)" "$@" \
		>>"$dir.log" 2>&1
}

# In .config the last line about a symbol counts, but what its dependencies forbid is dropped without a word. That is for
# the series to avoid; the base does not have all of it.
set_symbols() {
	local symbol
	printf 'CONFIG_%s\n' "${symbols[@]}" >>"$dir/.config"
	kernel_make olddefconfig
	[ "$tree" = "$TREE" ] || return 0
	for symbol in "${symbols[@]}"; do
		case $symbol in
		*=n) ! grep -q "^CONFIG_${symbol%=n}=" "$dir/.config" ;;
		*) grep -qx "CONFIG_$symbol" "$dir/.config" ;;
		esac || die "the kernel does not take CONFIG_$symbol"
	done
}

# Without those of other architectures, and none below another. In one that the configuration lacks make finds nothing
# to do.
directories() {
	touched_files | sed -E -e "\\#^arch/$arch/#b" -e '\#^arch/#d' | sed 's#[^/]*$##' | sort -u |
		awk 'NR == 1 || index($0, above) != 1 { print above = $0 }'
}

rm -rf "$dir" "$dir.warnings"
mkdir -p "$dir"
: >"$dir.log"
kernel_make "$config"
set_symbols
kernel_make prepare
mapfile -t dirs < <(directories)
kernel_make W=1 "${dirs[@]}"
warnings_in "$dir.log" "$tree" >"$dir.warnings"
# shellcheck disable=SC2086	# they are words
[ "$link" = - ] || kernel_make $link
