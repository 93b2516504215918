#!/bin/bash
# The scripts, on a copy of them with a kernel of a few files; and shellcheck.

set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/tests/lib.sh"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export HOME=$tmp GIT_CONFIG_GLOBAL=$tmp/gitconfig GIT_CONFIG_NOSYSTEM=1
unset EMAIL GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL LINUX_VERSION BASE BUILDS
repo=$tmp/repo
linux=$repo/build/linux

fake_kernel() {		# <dir> <patchlevel>
	mkdir -p "$1/drivers/iommu" "$1/include/linux" "$1/scripts"
	printf 'VERSION = 6\nPATCHLEVEL = %s\nSUBLEVEL = 99\nEXTRAVERSION =\n' "$2" >"$1/Makefile"
	seq -f 'line %g' 40 >"$1/drivers/iommu/iommu.c"
	seq -f 'word %g' 9 >"$1/drivers/iommu/Kconfig"
	echo 'int iommu;' >"$1/include/linux/iommu.h"
	cat >"$1/scripts/get_maintainer.pl" <<-'EOF'
		#!/bin/sh
		echo list@example.org
		case $* in *--nom*) ;; *) echo one@example.org ;; esac
	EOF
	chmod +x "$1/scripts/get_maintainer.pl"
	printf '%s\n' '*.o' '/*' '!/debian/' >"$1/.gitignore"	# the end is Debian's
}

fake_repo() {
	mkdir -p "$repo/patches" "$repo/drivers/iommu" "$repo/tools" "$repo/tests"
	cp -r "$here/Makefile" "$here/scripts" "$repo"
	cp -r "$here/tests/series" "$repo/tests"
	echo 'int shared;' >"$repo/drivers/iommu/shared.c"
	printf '#!/bin/sh\n' >"$repo/tools/show"
	chmod +x "$repo/tools/show"
	cat >"$repo/patches/0001-iommu-change-line-20.patch" <<-'EOF'
		Subject: iommu: change line 20

		It was like the others.

		---

		diff --git a/drivers/iommu/iommu.c b/drivers/iommu/iommu.c
		--- a/drivers/iommu/iommu.c
		+++ b/drivers/iommu/iommu.c
		@@ -17,7 +17,7 @@ line 16
		 line 17
		 line 18
		 line 19
		-line 20
		+LINE 20
		 line 21
		 line 22
		 line 23
	EOF
	cat >"$repo/patches/0002-iommu-a-shared-thing-whose-subject-is-so-long-that-i.patch" <<-'EOF'
		Subject: iommu: a shared thing whose subject is so long that its file's name must be cut

		First paragraph.

		Second paragraph.

		---
		Adds: drivers/iommu/shared.c
		Adds: tools/show
	EOF
	printf 'A cover\n\nWhat it is about: #1 to #2.\n' >"$repo/patches/cover-letter.txt"
}

# run <script> <arguments>: its output in $out, its exit status in $status.
run() {
	status=0
	out=$("$repo/scripts/$1.sh" "${@:2}" 2>&1) || status=$?
}

# The script must have failed, with one line of error that has this in it.
fails_with() {	# <name> <text>
	[ "$status" = 0 ] && echo "# it succeeded"
	if [ "$status" = 1 ] && [ "$(grep -c ^error: <<<"$out")" = 1 ] && grep ^error: <<<"$out" | grep -qF -- "$2"; then
		ok "$1" true
	else
		ok "$1" false
		echo "# ${out//$'\n'/$'\n# '}"
	fi
}

commit() {		# <message>
	git -C "$linux" add -A
	git -C "$linux" -c user.name=dev -c user.email=dev@example.org commit -q -m "$1"
}

snapshot() {		# of what refresh may write
	rm -rf "$tmp/before"
	mkdir "$tmp/before"
	cp -a "$repo/patches" "$repo/drivers" "$repo/tools" "$tmp/before"
}

changed() {		# the names that differ from the snapshot
	local dir
	for dir in patches drivers tools; do
		diff -rqN "$tmp/before/$dir" "$repo/$dir" || true
	done | sed -E "s#.* and $repo/(.*) differ#\\1#" | paste -sd' '
}

subjects() {
	git -C "$linux" log --reverse --format=%s | paste -sd'|'
}

# ---- the kernel source ----

fake_repo
export KSRC=$tmp/nowhere
run tree
fails_with 'KSRC that does not exist' "KSRC=$tmp/nowhere is not a kernel source tree"
mkdir -p "$tmp/empty"
KSRC=$tmp/empty run tree
fails_with 'KSRC that is no kernel' "KSRC=$tmp/empty is not a kernel source tree"
fake_kernel "$tmp/old" 6
KSRC=$tmp/old run tree
fails_with 'KSRC of another Linux' "KSRC=$tmp/old is Linux 6.6.99; this series is for 6.12"
ok 'nothing was made' test ! -e "$repo/build"

no_network() {		# an apt that reaches nobody
	printf 'Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "/dev/null";\n' >"$tmp/apt.conf"
	APT_CONFIG=$tmp/apt.conf KSRC='' run tree
}
no_network
fails_with 'no network and no KSRC' 'give KSRC=/path/to/a/linux-6.12 tree'
ok 'no tree was made' test ! -e "$linux"

# ---- tree ----

fake_kernel "$tmp/linux" 12
export KSRC=$tmp/linux
run refresh
fails_with 'refresh without a tree' 'run make tree first'
run tree
is "$status" 0 'tree'
is "$(subjects)" "base: Linux 6.12.99|iommu: change line 20|iommu: a shared thing whose subject is so long that its file's name must be cut" \
	'one commit for the base and one a patch'
is "$(git -C "$linux" log -1 --format=%b | tr '\n' '|')" 'First paragraph.||Second paragraph.||' 'a message is the whole message'
ok 'added files are there, with their modes' test -f "$linux/drivers/iommu/shared.c" -a -x "$linux/tools/show" -a ! -x "$linux/drivers/iommu/shared.c"
is "$(sed -n 20p "$linux/drivers/iommu/iommu.c")" 'LINE 20' 'hunks are applied'
is "$(git -C "$linux" log -1 --format='%an' base)" arm32-iommu-dma 'without an identity of the user there is a fallback'

state() {		# of HEAD and of the times of the files
	git -C "$linux" rev-parse HEAD
	find "$linux" -path "$linux/.git" -prune -o -type f -printf '%p %T@\n' | sort
}
before=$(state)
run tree
is "$out$(state)" "$before" 'tree again does nothing'
run tree --saved
is "$status$out" 0 'tree --saved is content'
KSRC='' run tree
is "$status$out" 0 'without KSRC a tree keeps its base'
fake_kernel "$tmp/other" 12
KSRC=$tmp/other run tree
fails_with 'another base is not mixed in' "based on $tmp/linux, not on $tmp/other"
git -c init.defaultBranch=main init -q "$tmp/other"
git -C "$tmp/other" add -Af
git -C "$tmp/other" -c user.name=dev -c user.email=dev@example.org commit -qm kernel
echo dirt >"$tmp/other/Makefile.orig"
mv "$linux" "$linux.first"
mkdir "$linux.tmp"		# as an interrupted run leaves it
KSRC=$tmp/other run tree
is "$status$(git -C "$linux" ls-files | paste -sd' ')" \
	'0.gitignore Makefile drivers/iommu/Kconfig drivers/iommu/iommu.c drivers/iommu/shared.c include/linux/iommu.h scripts/get_maintainer.pl tools/show' \
	'KSRC may be a git checkout, of which HEAD is taken; an interrupted run is no obstacle'
rm -rf "$linux"
mv "$linux.first" "$linux"

# ---- refresh ----

snapshot
run refresh
is "$status$out$(changed)" '0nothing to refresh' 'refresh after tree is a no-op'
KSRC=$tmp/linux
sed -i 's/^line 30/LINE 30/' "$linux/drivers/iommu/iommu.c"
run refresh
fails_with 'refresh refuses a dirty tree' 'uncommitted changes'
run tree
fails_with 'tree refuses a dirty tree' 'uncommitted changes'
run tree --saved
fails_with 'tree --saved objects to a dirty tree' 'uncommitted changes'
git -C "$linux" -c user.name=dev -c user.email=dev@example.org stash -q
run tree --saved
fails_with 'and to a stash' 'has a stash'
git -C "$linux" stash pop -q
is "$(sed -n 30p "$linux/drivers/iommu/iommu.c")" 'LINE 30' 'the change is still there'
git -C "$linux" checkout -q .
touch "$linux/new.c"
run tree
fails_with 'tree refuses untracked files' 'uncommitted changes'
ok 'the file is still there' test -e "$linux/new.c"
rm "$linux/new.c"

rebase() {
	git -C "$linux" -c user.name=dev -c user.email=dev@example.org rebase -q -i "$@" base
}

autosquash() {
	GIT_SEQUENCE_EDITOR=: rebase --autosquash
}
sed -i 's/^LINE 20/	LINE 20/' "$linux/drivers/iommu/iommu.c"
commit 'fixup! iommu: change line 20'
run refresh
fails_with 'refresh refuses a fixup that is not folded in' 'run git rebase --autosquash'
run tree
fails_with 'tree refuses commits that were not taken' 'run make refresh'
autosquash
run refresh
is "$out" 'patches/0001-iommu-change-line-20.patch: updated' 'a changed commit updates its patch, even if only white space changed'
is "$(changed)" patches/0001-iommu-change-line-20.patch 'and no other file'
run tree
is "$status$out" 0 'tree has nothing to do after refresh'

echo 'int more;' >>"$linux/drivers/iommu/shared.c"
commit "fixup! iommu: a shared thing whose subject is so long that its file's name must be cut"
autosquash
snapshot
run refresh
is "$(changed)" drivers/iommu/shared.c 'a fixup of an added file changes that file'

snapshot
echo 'int later;' >>"$linux/drivers/iommu/shared.c"
commit 'iommu: later'
run refresh
fails_with 'an added file may not be changed later' \
	'"iommu: later" changes drivers/iommu/shared.c, which "iommu: a shared thing whose subject is so long'
is "$(changed)" '' 'and a refusal writes nothing'
git -C "$linux" reset -q --hard HEAD^

mkdir "$linux/Documentation"
echo text >"$linux/Documentation/shared.rst"
sed -i 's/word 9/WORD 9/' "$linux/drivers/iommu/Kconfig"
commit $'docs: tell it\n\nBody.\n\nLink: https://example.org\nSigned-off-by: Dev <dev@example.org>'
run refresh
is "$out" $'Documentation/shared.rst: new\npatches/0003-docs-tell-it.patch: new' 'a new commit'
is "$(cat "$repo/patches/0003-docs-tell-it.patch")" 'Subject: docs: tell it

Body.

Link: https://example.org

---
Adds: Documentation/shared.rst

diff --git a/drivers/iommu/Kconfig b/drivers/iommu/Kconfig
--- a/drivers/iommu/Kconfig
+++ b/drivers/iommu/Kconfig
@@ -6,4 +6,4 @@ word 5
 word 6
 word 7
 word 8
-word 9
+WORD 9' 'its patch names the added file and has no sign-off'
is "$(cat "$repo/Documentation/shared.rst")" text 'the added file is whole'
git -C "$linux" -c user.name=dev -c user.email=dev@example.org commit -q --allow-empty -m nothing
run refresh
fails_with 'refresh refuses an empty commit' 'is empty'
git -C "$linux" reset -q --hard HEAD^
mkdir "$linux/.git/rebase-merge"
run refresh
fails_with 'refresh refuses the middle of a rebase' 'finish or abort it first'
run tree
fails_with 'and so does tree' 'finish or abort it first'
rmdir "$linux/.git/rebase-merge"
git -C "$linux" checkout -q -b side base
echo side >"$linux/lib.c"
commit side
git -C "$linux" -c user.name=dev -c user.email=dev@example.org merge -q -m merge series
run refresh
fails_with 'refresh refuses a merge' 'a series is linear'
git -C "$linux" checkout -q series
echo x >"$linux/top"
commit 'a file at the top'
run refresh
fails_with 'a file may not land among those of the repository' 'this repository has no room for it'
git -C "$linux" reset -q --hard HEAD~2
run refresh
is "$out" $'Documentation/shared.rst: removed\npatches/0003-docs-tell-it.patch: removed' 'a commit that is gone takes its files with it'
ok 'and the empty directory' test ! -e "$repo/Documentation"

# ---- changed patches ----

touch -d '2020-01-01' "$linux/include/linux/iommu.h" "$linux/drivers/iommu/iommu.c"
git -C "$linux" status >/dev/null	# the index learns the times
echo 'int hand;' >>"$repo/drivers/iommu/shared.c"
run refresh
fails_with 'refresh does not undo an edit of the repository' 'run make tree first'
run tree
is "$status$(tail -n 1 "$linux/drivers/iommu/shared.c")" '0int hand;' 'tree takes an edit of the repository'
is "$(stat -c %y "$linux/drivers/iommu/iommu.c" | cut -c1-4)" 2020 'and touches only what changed'
snapshot
run refresh
is "$status$out$(changed)" '0nothing to refresh' 'after which refresh is a no-op'
cp "$repo/patches/0001-iommu-change-line-20.patch" "$tmp/good.patch"
{
	sed 's/change line 20/nonsense/' "$tmp/good.patch" | sed 's/line 19/line nineteen/'
} >"$repo/patches/0003-nonsense.patch"
run tree
fails_with 'a hunk that does not apply is named' 'patches/0003-nonsense.patch: hunk at drivers/iommu/iommu.c:17 does not apply to Linux 6.12.99'
is "$(git -C "$linux" rev-list --count base..)$(git -C "$linux" status --porcelain)" 2 'the tree is left at the last patch that applied'
run refresh
fails_with 'refresh does not take a part of the series for all of it' 'patches/0003-nonsense.patch is not in build/linux'
sed -i 's/^line 30/LINE 30/' "$linux/drivers/iommu/iommu.c"
commit 'iommu: nonsense'
run tree
fails_with 'what was done by hand is not lost' 'run make refresh'
run refresh
is "$status$out" '0patches/0003-iommu-nonsense.patch: new
patches/0003-nonsense.patch: removed' 'a patch that does not apply can be done by hand'
run tree
is "$status$out" 0 'after which all is well'
git -C "$linux" reset -q --hard HEAD^
run refresh
{ sed 's/change line 20/nonsense/' "$tmp/good.patch" | sed 's/line 19/line nineteen/'; } >"$repo/patches/0003-nonsense.patch"
run tree
printf 'Subject: nonsense\n\n---\nAdds: lib/missing.c\n' >"$repo/patches/0003-nonsense.patch"
run tree
fails_with 'an added file that is missing' 'patches/0003-nonsense.patch: adds lib/missing.c, which this repository lacks'
printf 'Subject: nonsense\n\n---\nAdds: drivers/iommu/shared.c\n' >"$repo/patches/0003-nonsense.patch"
run tree
fails_with 'an added file that is there already' 'which Linux 6.12.99 already has'
rm "$repo/patches/0003-nonsense.patch"
run tree
is "$status" 0 'tree recovers'

# ---- series ----

run series
fails_with 'a series needs an identity' 'git config --global user.name'
printf '[user]\n\tname = A Port\n\temail = port@example.org\n' >"$GIT_CONFIG_GLOBAL"
sed -i 's/#2/#3/' "$repo/patches/cover-letter.txt"
run series
fails_with 'a cover letter about a patch that there is not' 'patches/cover-letter.txt is about #3, which is no patch'
sed -i 's/#3/#2/' "$repo/patches/cover-letter.txt"
run series
is "$status$(find "$repo/build/series" -type f -printf '%f\n' | sort | paste -sd' ')" \
	'00000-cover-letter.patch 0001-iommu-change-line-20.patch 0002-iommu-a-shared-thing-whose-subject-is-so-long-that-i.patch' \
	'a series has a cover letter and the patches, named as in patches/'
is "$(grep -lx 'From: A Port <port@example.org>' "$repo"/build/series/*.patch | wc -l)" 3 'all from the exporter'
is "$(grep -lx 'Signed-off-by: A Port <port@example.org>' "$repo"/build/series/*.patch | wc -l)" 2 'all patches signed off'
ok 'the cover letter has its subject' grep -qx 'Subject: \[PATCH 0/2\] A cover' "$repo/build/series/0000-cover-letter.patch"
ok 'and its text' grep -qx 'What it is about: 1 to 2.' "$repo/build/series/0000-cover-letter.patch"
recipients() {
	sed -n '/^To: /,/^Subject: /{/^Subject: /!p}' "$repo/build/series/$1"* | paste -sd' '
}
is "$(recipients 0001)" 'To: list@example.org,  one@example.org' 'a patch goes to those that the kernel names for it'
is "$(recipients 0000)" 'To: list@example.org' 'the cover letter goes to lists'
ok 'and says what the patches are for' grep -qx 'Based on Linux 6.12.99.' "$repo/build/series/0000-cover-letter.patch"
run series -- --rfc -v2
is "$status$(grep -lx 'Subject: \[RFC PATCH v2 0/2\] A cover' "$repo"/build/series/*)" "0$repo/build/series/v2-0000-cover-letter.patch" \
	'options of git format-patch are taken'
run series -- --nonsense
is "$((status != 0))$(find "$repo/build/series" -name 'v2-*' | wc -l)" 13 'and wrong ones lose nothing'
run series
mkdir "$tmp/nobody"
echo mine >"$tmp/nobody/mine"
run series "$tmp/nobody"
fails_with 'series replaces nothing but patches' "$tmp/nobody has more in it than patches"
mv "$tmp/nobody/mine" "$tmp/nobody/0001-mine.patch"
run series "$tmp/nobody"
is "$status$(grep -l '^To: ' "$tmp"/nobody/*.patch)" 0 'series to a directory addresses nobody'
ok 'an exported series applies with git am' git -C "$tmp/other" am -q "$repo"/build/series/000[12]*
run tree
is "$status$out" 0 'series leaves the tree alone'
sed -i 's/^line 30/LINE 30/' "$linux/drivers/iommu/iommu.c"
commit 'iommu: not taken'
run series
fails_with 'series refuses commits that were not taken' 'run make refresh first'

# ---- apply ----

pristine() {		# a tree to apply to, which need not be a git tree
	rm -rf "$tmp/own"
	fake_kernel "$tmp/own" 12
	KSRC=$tmp/own
}

whole_tree() {		# all that is in it
	(cd "$tmp/own" && find . -path ./.git -prune -o -type f -exec sha256sum {} + | sort -k 2)
}

KSRC='' run apply
fails_with 'apply needs a tree' 'KSRC=/path/to/linux make apply'
pristine
before=$(whole_tree)
run apply
is "$status$(sed -n 20p "$tmp/own/drivers/iommu/iommu.c")" '0	LINE 20' 'apply changes the files of a tree'
ok 'and adds files, with their modes' test -f "$tmp/own/drivers/iommu/shared.c" -a -x "$tmp/own/tools/show" -a ! -e "$tmp/own/.git"
applied=$(whole_tree)
run apply
fails_with 'apply refuses a tree that has the series' 'does not apply to Linux 6.12.99'
is "$(whole_tree)" "$applied" 'and leaves it alone'
run apply --commits
fails_with 'commits need a git tree' 'is no git tree'
own=${tmp#/}/own
patch -s -R -p1 -d "$tmp/own" <"$repo/build/applied-${own//\//-}.patch"
is "$(whole_tree)" "$before" 'there is a way back'
pristine
sed -i 's/^line 19/line nineteen/' "$tmp/own/drivers/iommu/iommu.c"
before=$(whole_tree)
run apply
fails_with 'apply refuses a tree that the series does not fit' 'patches/0001-iommu-change-line-20.patch: hunk at drivers/iommu/iommu.c:17 does not apply'
is "$(whole_tree)" "$before" 'of which nothing is changed'
pristine
echo 'in the way' >"$tmp/own/tools"
before=$(whole_tree)
run apply
fails_with 'apply cannot write a file' 'cannot write'
is "$(whole_tree)" "$before" 'nor are those before it'
pristine
git -C "$tmp/own" -c init.defaultBranch=main init -q
git -C "$tmp/own" add -Af
git -C "$tmp/own" -c user.name=dev -c user.email=dev@example.org commit -qm kernel
echo mine >>"$tmp/own/drivers/iommu/iommu.c"
run apply
fails_with 'apply refuses changes that are not committed' 'has changes of its own in drivers/iommu/iommu.c'
git -C "$tmp/own" checkout -q .
mkdir "$tmp/own/.git/rebase-apply"
run apply --commits
fails_with 'apply refuses a tree where git am is at work' 'is in the middle of a rebase, am, merge or pick'
ok 'and does not end that' rmdir "$tmp/own/.git/rebase-apply"
run apply --commits
is "$status$(git -C "$tmp/own" log --reverse --format='%s by %an' | paste -sd'|')" \
	"0kernel by dev|iommu: change line 20 by A Port|iommu: a shared thing whose subject is so long that its file's name must be cut by A Port" \
	'apply --commits makes a commit of each patch'
is "$(git -C "$tmp/own" log --format=%b | grep -c '^Signed-off-by: A Port')$(git -C "$tmp/own" status --porcelain)" 2 \
	'signed off, and nothing else changes'
KSRC=$tmp/linux

# ---- parts of the series ----

select_patches() {	# <arguments>
	run ../tests/series/selected "$@"
	out=${out//"$repo/patches/"/}
}
first='0001 0001-iommu-change-line-20.patch'
second='0002 0002-iommu-a-shared-thing-whose-subject-is-so-long-that-i.patch'
select_patches
is "$status$out" "0$first"$'\n'"$second" 'all patches'
select_patches 1..2 0002-iommu-a-shared-thing patches/0001-iommu-change-line-20.patch
is "$status$out" "0$first"$'\n'"$second" 'patches that are named more than once are selected once, in order'
select_patches 2
is "$status$out" "0$second" 'a patch by its number'
select_patches 1..3
fails_with 'a patch that there is not' 'there is no patch 0003 in patches/'
select_patches 2..1
fails_with 'a range that is the wrong way round' '2..1: 0001 comes before 0002'
select_patches first
fails_with 'what is no patch' 'first is neither the number nor the name of a patch, nor FIRST..LAST'
status=0
out=$(BUILDS=mips "$here/tests/series/patches.t" 1 2>&1) || status=$?
fails_with 'a build that there is not' 'BUILDS=mips: mips is not iommu, no-iommu, arm64, or none'

# ---- another base ----

port() {		# run <script>, on a kernel in which line 19 is another
	KSRC=$tmp/mainline BASE=mainline run "$@"
}

BASE=other run tree
fails_with 'a base that there is not' 'BASE=other is neither 6.12 nor mainline'
BASE=mainline run tree
fails_with 'KSRC of another Linux than the base' "KSRC=$tmp/linux is Linux 6.12.99; this series is for 7.2"
fake_kernel "$tmp/mainline" 2
sed -i 's/VERSION = 6/VERSION = 7/' "$tmp/mainline/Makefile"
sed -i 's/^line 19/line nineteen/' "$tmp/mainline/drivers/iommu/iommu.c"
port tree
fails_with 'a patch that does not apply to it' 'patches/0001-iommu-change-line-20.patch: hunk at drivers/iommu/iommu.c:17 does not apply to Linux 7.2.99'
mkdir "$repo/mainline"
echo 'iommu-change-line-2.patch: not ported yet' >"$repo/mainline/dropped"
port tree
fails_with 'what is about a patch that 6.12 has not' 'mainline/ has iommu-change-line-2.patch, which patches/ has not: rename or remove it'
echo 'iommu-change-line-20.patch: not ported yet' >"$repo/mainline/dropped"
port tree
linux=$repo/build/mainline/linux
is "$status$(subjects)" "0base: Linux 7.2.99|iommu: a shared thing whose subject is so long that its file's name must be cut" \
	'a patch that is dropped there'
port refresh
is "$status$out" '0nothing to refresh' 'refresh there is a no-op, too'
port series
ok 'a cover letter counts without what is dropped' grep -qx 'What it is about: 0 to 1.' "$repo/build/mainline/series/0000-cover-letter.patch"
before=$(state)
linux=$repo/build/linux run tree
is "$(state)" "$before" 'each base has a tree of its own'
git -C "$linux" reset -q --hard base
port refresh
fails_with 'a patch that is gone there' 'no commit for iommu-a-shared-thing-whose-subject-is-so-long-that-i.patch: port it, or say why not in mainline/dropped'
sed -i 's/^line 20/	LINE 20/' "$linux/drivers/iommu/iommu.c"
commit "$(git -C "$repo/build/linux" log -1 --format=%B ':/^iommu: change line 20')"
echo 'int early;' >"$linux/drivers/iommu/early.c"
commit 'iommu: early'
port refresh
fails_with 'a commit that 6.12 has not' 'a commit for iommu-early.patch, which patches/ has not'
git -C "$linux" reset -q --hard HEAD^
git -C "$linux" cherry-pick refs/project/taken >/dev/null
echo 'int mainline;' >>"$linux/drivers/iommu/shared.c"
commit "fixup! iommu: a shared thing whose subject is so long that its file's name must be cut"
autosquash
snapshot
port refresh
is "$out" $'mainline/drivers/iommu/shared.c.diff: new\nmainline/dropped: removed\nmainline/patches/iommu-change-line-20.patch: new' 'what differs there is kept, and no more'
is "$(changed)" '' 'and 6.12 stays as it is'
port tree
is "$status$(subjects)" "0base: Linux 7.2.99|iommu: change line 20|iommu: a shared thing whose subject is so long that its file's name must be cut" \
	'what is ported is no longer dropped'
port refresh
is "$status$out" '0nothing to refresh' 'refresh after that is a no-op'
ported=$repo/mainline/patches/iommu-change-line-20.patch
is "$(head -n 1 "$ported")" '---' 'a message that is the same there is kept once'
GIT_SEQUENCE_EDITOR="sed -i '1s/^pick/reword/'" GIT_EDITOR="sed -i '1a \\\\nAs 7.2 has it.'" rebase
port refresh
is "$out$(sed -n '1p; 3p' "$ported")" \
	$'mainline/patches/iommu-change-line-20.patch: updatedSubject: iommu: change line 20\nAs 7.2 has it.' 'another one is kept there'
git -C "$linux" show "HEAD:drivers/iommu/shared.c" | sed '$d' >"$linux/drivers/iommu/shared.c"
commit "fixup! iommu: a shared thing whose subject is so long that its file's name must be cut"
autosquash
port refresh
is "$out$(ls "$repo/mainline")" 'mainline/drivers/iommu/shared.c.diff: removedpatches' 'what differs no more goes'
linux=$repo/build/linux

# ---- packages and style ----

stubs() {		# a machine with a user who has no sudo, and two packages too few
	local tool
	mkdir "$tmp/bin"
	for tool in bash env dirname basename awk grep sed mkdir cat; do
		ln -s "$(command -v "$tool")" "$tmp/bin/$tool"
	done
	printf '#!/bin/sh\necho 1000\n' >"$tmp/bin/id"
	printf '#!/bin/sh\nexit 1\n' >"$tmp/bin/apt-get"
	# shellcheck disable=SC2016	# for the stub
	printf '#!/bin/sh\nfor p; do :; done\ncase $p in sparse|bison) exit 1 ;; esac\nprintf installed\n' >"$tmp/bin/dpkg-query"
	chmod +x "$tmp"/bin/{id,apt-get,dpkg-query}
}
stubs
status=0
out=$(PATH=$tmp/bin "$repo/scripts/packages.sh" 2>&1) || status=$?
fails_with 'missing packages without root are named' 'as root, apt-get install bison sparse'

shows_help() {		# <test>: and does not begin
	local said
	said=$(timeout 20 "$1" --help) && [ -n "$said" ] && ! grep -qE '^(ok|not ok) ' <<<"$said"
}
for script in apply build compare fio guest modules packages refresh run series source stock tree; do
	ok "$script.sh --help" grep -q "^$script.sh.* - " <("$repo/scripts/$script.sh" --help)
done
for script in bench boot coverage hotspots plot; do
	ok "$script.py --help" test -n "$("$repo/scripts/$script.py" --help)"
done
for path in "$here"/tests/{,others/,series/}*.t; do
	[ "$path" != "$here/tests/tooling.t" ] || continue
	ok "${path##*/} --help" shows_help "$path"
done
style() {
	cd "$here"
	local -a files
	mapfile -t files < <(grep -slE '^#!.*sh$|^# shellcheck shell=' scripts/* tests/* tests/*/* .ci/run)
	shellcheck -x "${files[@]}" | sed 's/^/# /'
}
ok 'shellcheck' style
done_testing
