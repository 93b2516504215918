# shellcheck shell=bash
# For tests that run the kernel's checkpatch: checkpatch <patch as mailed>, by somebody who could sign the series off,
# which whoever runs the test need not be.

export GIT_CONFIG_COUNT=2
export GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0='A Tester'
export GIT_CONFIG_KEY_1=user.email GIT_CONFIG_VALUE_1=tester@example.org

# As for checkpatch below, the python3 that codespell was installed for.
dictionary=$(PATH=/usr/bin:$PATH python3 -c 'import codespell_lib; print(codespell_lib.__path__[0])')/data/dictionary.txt

# MAINTAINERS covers the directories that added files go to, which checkpatch does not look up. Names with capitals in
# them that drivers already have are moved about, not made. What KUnit tests are compatible with has no binding. The tree
# has no history to look commits up in. checkpatch asks the first python3 in PATH for what Debian installs for its own,
# and goes on without it if need be.
checkpatch() {
	(cd "$TREE" && PATH=/usr/bin:$PATH ./scripts/checkpatch.pl --strict --codespell --codespellfile "$dictionary" \
		--no-summary --quiet --show-types \
		--ignore FILE_PATH_CHANGES,CAMELCASE,UNDOCUMENTED_DT_STRING,UNKNOWN_COMMIT_ID "$1") 2>&1 | sed 's/^/# /'
	return "${PIPESTATUS[0]}"
}
