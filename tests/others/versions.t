#!/bin/bash
# versions.t [VERSION]... - on each linux-source that Debian offers but that of build/linux, which make check is about, or on
# those named, the series builds, boots, and all masters move data: make run, in a clone of what is committed here. The clone
# is removed again; build/log/version-<version>.log has what was said.

set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
. "$here/scripts/common.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/apt.sh
. "$here/scripts/apt.sh"
apt_suite=$SUITE
clone=$BUILD/others/version
trap 'rm -rf "$clone"' EXIT

versions() {
	apt_recent || apt_update
	apt_versions "$PACKAGE" | grep -vxF "$(tree_git config project.base)" || true
}

# Packages that are here need not be fetched once more. Variables that were given to make are for the tests, not for this.
runs() {		# <version>
	fetch_deb "$PACKAGE=$1" "$DEBS" >/dev/null || { echo "# cannot fetch $PACKAGE=$1 (no network?)"; return 1; }
	rm -rf "$clone"
	git clone -q "$here" "$clone"
	mkdir "$clone/build"
	cp -al "$DEBS" "$clone/build/"
	make -C "$clone" run KSRC= ISOLATE= LINUX_VERSION="$1" >"$LOG/version-$1.log" 2>&1 ||
		{ tail -n 20 "$LOG/version-$1.log" | sed 's/^/# /'; return 1; }
	grep -F 'masters: 5/5 moved data, instances: 1, mappings: 1' "$LOG/version-$1.log" | sed 's/^/# /'
}

case ${1-} in -*) no_arguments "$1" ;; esac
mkdir -p "$BUILD/others" "$LOG" "$DEBS"
if [ $# = 0 ]; then mapfile -t found < <(versions); set -- "${found[@]}"; fi
[ $# != 0 ] || { echo '1..0 # SKIP Debian offers no other version, or there is no network'; exit; }
for version; do
	note "make run on $version"
	ok "$version: make run" runs "$version"
done
done_testing
