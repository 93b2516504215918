#!/bin/bash
# source.sh - provide the pristine kernel source, and print where it is. With KSRC=<dir> in the environment it is
# that tree, once it has been seen to be Linux 6.12; of a git tree its HEAD is used. Otherwise it is Debian's package linux-source-6.12, fetched to
# build/deb without root: the newest version, or LINUX_VERSION=<version of the package>. With BASE=mainline it is Linux 7.2
# that is wanted, and the package is that of Debian's unstable suite.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=apt.sh
. "$(dirname "$0")/apt.sh"

check_ksrc() {
	local release
	if [ ! -f "$1/Makefile" ] || [ ! -d "$1/drivers/iommu" ]; then
		die "KSRC=$1 is not a kernel source tree"
	fi
	release=$(kernel_release "$1")
	[[ $release == "$LINUX".* ]] || die "KSRC=$1 is Linux $release; this series is for $LINUX"
}

no_arguments "$@"
if [ -n "${KSRC:-}" ]; then
	check_ksrc "$KSRC"
	realpath "$KSRC"
	exit
fi
need apt-get dpkg-deb
apt_suite=$SUITE
fetch_deb "$PACKAGE${LINUX_VERSION:+=$LINUX_VERSION}" "$DEBS" && exit
offered=$(apt_versions "$PACKAGE")
if [ -n "${LINUX_VERSION:-}" ] && [ -n "$offered" ] && ! grep -qxF -- "$LINUX_VERSION" <<<"$offered"; then
	die "no $PACKAGE $LINUX_VERSION: Debian offers $(paste -sd' ' <<<"$offered")"
fi
die "cannot fetch $PACKAGE (no network? see $LOG_NAME/apt.log): give KSRC=/path/to/a/linux-$LINUX tree"
