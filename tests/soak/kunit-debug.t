#!/bin/bash
# The suites of tests/kunit.t on a kernel with the kernel's own checks, which is slower: of random calls it makes fewer.

set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
KUNIT_CONFIG=virt-debug KUNIT_TIMEOUT=1800 KUNIT_CALLS=${KUNIT_CALLS:-15000} exec "$here/tests/kunit.t" "$@"
