#!/bin/bash
# faults.t on a kernel with the kernel's own checks, of which kmemleak looks at what the other suites of 32-bit ARM leave, too.

set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
KERNEL_CONFIG=virt-debug+faults exec "$here/tests/faults.t" "$@"
