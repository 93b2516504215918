#!/bin/bash
# The boots of tests/boot.t on a kernel with the kernel's own checks, which is slower.

set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../../scripts/common.sh
. "$here/scripts/common.sh"
export BOOT_KERNEL=$BUILD/kernel/virt-debug BOOT_OPTIONS='--deadline 300 --timeout 600'
"$here/scripts/build.sh" virt-debug
"$here/scripts/guest.sh" "$BOOT_KERNEL"
exec "$here/tests/boot.t" "$@"
