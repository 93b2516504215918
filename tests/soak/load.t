#!/bin/bash
# tests/load.t for long: SOAK_SECONDS in each mode, on the kernel that the other tests use.

set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
LOAD_SECONDS=${SOAK_SECONDS:-600} exec "$here/tests/load.t"
