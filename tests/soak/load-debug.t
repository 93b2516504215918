#!/bin/bash
# load.t on a kernel with the kernel's own checks, which is slower.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
KERNEL_CONFIG=virt-debug exec "$here/load.t" "$@"
