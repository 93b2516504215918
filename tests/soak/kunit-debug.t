#!/bin/bash
# The suites of tests/kunit.t on a kernel with the kernel's own checks, which is slower.

set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
KUNIT_CONFIG=virt-debug KUNIT_TIMEOUT=1800 exec "$here/tests/kunit.t"
