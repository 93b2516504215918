#!/bin/bash
# fio.sh - make fio.img in build/, or build/mainline/, a disk for guests with Debian's fio for armhf and all libraries that it depends on. Does
# nothing when it is there.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=apt.sh
. "$(dirname "$0")/apt.sh"

IMAGE=$BUILD/fio.img
apt_arch=armhf

# A line for each package that fio needs: name and version. What fio does not load is left out, as far as its name tells.
wanted() {
	apt_private apt-get -s -q --no-install-recommends install fio |
		awk '$1 == "Inst" && $2 ~ /^(fio$|lib|zlib)/ && /\[armhf\]/ { print $2, substr($3, 2) }'
}

# Unpacked, not installed: nothing of it runs on the host.
unpack() {
	local name version deb
	local -a missing=()
	while read -r name version; do
		have_deb "$name" "$version" "$DEBS" >/dev/null || missing+=("$name=$version")
	done <<<"$packages"
	[ ${#missing[@]} = 0 ] || download_debs "$DEBS" "${missing[@]}" || return 1
	while read -r name version; do
		deb=$(have_deb "$name" "$version" "$DEBS") || return 1
		dpkg-deb -x "$deb" "$unpacked" || return 1
	done <<<"$packages"
}

no_arguments "$@"
[ ! -f "$IMAGE" ] || exit 0
need apt-get dpkg-deb mke2fs
mkdir -p "$DEBS"
apt_recent || apt_update
packages=$(wanted)
[ -n "$packages" ] || die "cannot find out what fio for armhf depends on (no network?): see $LOG_NAME/apt.log"
unpacked=$(mktemp -d "$BUILD/fio.XXXXXX")
trap 'rm -rf "$unpacked"' EXIT
unpack || die "cannot fetch fio for armhf (no network?): see $LOG_NAME/apt.log"
rm -rf "${unpacked:?}/usr/share"
mke2fs -q -t ext2 -m 0 -L fio -d "$unpacked" "$IMAGE.tmp" 256M >"$LOG/fio.log" 2>&1 || die "cannot make ${IMAGE#"$ROOT"/}: see $LOG_NAME/fio.log"
mv "$IMAGE.tmp" "$IMAGE"
