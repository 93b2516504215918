#!/bin/bash
# tests/load.t for long: SOAK_SECONDS in each mode, on a kernel with the kernel's own checks, which is slower.

set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
LOAD_SECONDS=${SOAK_SECONDS:-600} KERNEL_CONFIG=virt-debug exec "$here/tests/load.t"
