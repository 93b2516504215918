#!/bin/bash
# packages.sh - install what the other scripts need, on a bare Debian 12 or 13. Does nothing, and needs neither root nor
# network, when all of it is there. packages.sh others installs the compilers for other architectures and what makes
# HTML of the documentation, too, and packages.sh series these and what checks each patch, as far as Debian has them. The
# details go to build/log/packages.log.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

PACKAGES=(
	git make gcc libc6-dev bc bison flex libssl-dev libelf-dev cpio xz-utils patch perl python3	# the kernel's build
	gcc-arm-none-eabi device-tree-compiler qemu-system-arm e2fsprogs			# its target
	shellcheck codespell sparse python3-ply python3-git					# checks
)
SERIES=(coccinelle)
OTHERS=(
	gcc-riscv64-linux-gnu gcc-mips-linux-gnu gcc-arc-linux-gnu				# other targets
	python3-sphinx graphviz									# documentation
)
# An architecture's own compiler is in gcc.
[ "$HOSTTYPE" = aarch64 ] || PACKAGES+=(gcc-aarch64-linux-gnu)
[ "$HOSTTYPE" = x86_64 ] || OTHERS+=(gcc-x86-64-linux-gnu)

missing_packages() {
	local package
	for package; do
		# shellcheck disable=SC2016	# the field is for dpkg-query
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
	done
}

# Prints what to put before a command that needs root; empty for root.
root_command() {
	[ "$(id -u)" != 0 ] || return 0
	command -v sudo >/dev/null || return 1
	if sudo -n true 2>/dev/null; then echo sudo -n; elif [ -t 0 ]; then echo sudo; else return 1; fi
}

install_packages() {
	local -a apt=("$@" env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
	local -a install=("${apt[@]}" install --no-install-recommends "${missing[@]}")
	# Old lists often serve, so the lists are fetched only when they do not.
	"${install[@]}" || { "${apt[@]}" update && "${install[@]}"; }
}

# require <package...>: installs those that are missing.
require() {
	local root
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} != 0 ] || return 0
	root=$(root_command) || die "need root to install packages: as root, apt-get install ${missing[*]}"
	note "installing ${missing[*]}"
	mkdir -p "$LOG"
	# shellcheck disable=SC2086	# $root is a command with its option, or nothing
	install_packages $root >"$LOG/packages.log" 2>&1 ||
		die "cannot install ${missing[*]} (no network?): see $LOG_NAME/packages.log"
}

more=()
case ${1-} in
others) more=("${OTHERS[@]}"); shift ;;
series) more=("${OTHERS[@]}" "${SERIES[@]}"); shift ;;
esac
no_arguments "$@"
command -v apt-get >/dev/null || {
	note "not a Debian system, so it is taken that there are the equivalents of ${PACKAGES[*]}"
	exit 0
}
require "${PACKAGES[@]}"
for package in "${more[@]}"; do
	(require "$package") || note "going on without $package"
done
