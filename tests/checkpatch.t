#!/bin/bash
# The exported series passes the kernel's checkpatch --strict, one TAP line a patch.

set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/tests/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/common.sh
. "$here/scripts/common.sh"

# Whoever runs the test need not be somebody who could sign the series off.
export GIT_CONFIG_COUNT=2
export GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0='A Tester'
export GIT_CONFIG_KEY_1=user.email GIT_CONFIG_VALUE_1=tester@example.org

# checkpatch asks the first python3 in PATH for what Debian installs for its own, and goes on without it if need be.
PATH=/usr/bin:$PATH
dictionary=$(dpkg -L codespell | grep '/dictionary.txt$')

# MAINTAINERS covers the directories that added files go to, which checkpatch does not look up. Names with capitals in
# them that drivers already have are moved about, not made. What KUnit tests are compatible with has no binding. The tree
# has no history to look commits up in.
checkpatch() {
	(cd "$TREE" && ./scripts/checkpatch.pl --strict --codespell --codespellfile "$dictionary" --no-summary --quiet \
		--show-types --ignore FILE_PATH_CHANGES,CAMELCASE,UNDOCUMENTED_DT_STRING,UNKNOWN_COMMIT_ID "$1") 2>&1 | sed 's/^/# /'
	return "${PIPESTATUS[0]}"
}

"$ROOT/scripts/series.sh" 2>/dev/null
for patch in "$BUILD"/series/*.patch; do
	case $patch in */0000-cover-letter.patch) continue ;; esac
	ok "checkpatch ${patch##*/}" checkpatch "$patch"
done
done_testing
