#!/bin/bash
# The suites of tests/kunit.t on 32-bit ARM without LPAE.

set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
exec "$here/tests/kunit.t" arm-no-lpae
