#!/bin/bash
# The suites of tests/kunit.t that are not 32-bit ARM's alone, on arm64.

set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
exec "$here/tests/kunit.t" arm64
