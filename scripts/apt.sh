# shellcheck shell=bash
# Debian packages, fetched without root and without touching the system's apt state. Meant to be sourced after common.sh.

# Where the lists of an architecture are, and of $apt_suite if that is set. Each has its own, as apt drops all lists of a
# source when one is broken.
apt_dir() {
	echo "$APT${apt_suite:+/$apt_suite}/${apt_arch:-$(dpkg --print-architecture)}"
}

# The line that apt needs for another suite of Debian, from where the system has its own from.
apt_source() {		# <suite>
	local apt_suite='' keys=/usr/share/keyrings/debian-archive-keyring.gpg from
	apt_recent || apt_update
	# shellcheck disable=SC2016	# the field is for apt
	from=$(apt_private apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1)
	[ -z "$from" ] || echo "deb $([ ! -f $keys ] || echo "[signed-by=$keys]") $from $1 main"
}

# apt_private <apt tool> <arguments>: the system's sources, or $apt_suite alone if that is set, but lists and caches in
# build/apt. Hooks of the system's apt.conf (caches, desktop daemons) are not for us.
apt_private() {
	local dir sources=''
	command -v apt-get >/dev/null || return 1
	dir=$(apt_dir)
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$LOG"
	touch "$dir/status"
	if [ -n "${apt_suite:-}" ]; then
		[ -s "$dir/sources.list" ] || apt_source "$apt_suite" >"$dir/sources.list"
		sources="Dir::Etc::sourcelist \"$dir/sources.list\"; Dir::Etc::sourceparts \"/dev/null\";"
	fi
	cat >"$dir/apt.conf" <<-EOF
		Dir::State "$dir";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		$sources
		APT::Architecture "${dir##*/}";
		APT::Architectures { "${dir##*/}"; };
		APT::Sandbox::User "root";
		Debug::NoLocking "true";
		Acquire::Languages "none";
		Acquire::Retries "1";
		Acquire::http::Timeout "20";
		Acquire::https::Timeout "20";
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	EOF
	"$1" -c "$dir/apt.conf" "${@:2}" 2>>"$LOG/apt.log"
}

# Some list may fail to come while the one that matters is there, so whoever looks up a package judges.
apt_update() {
	local answer
	note "updating the package lists in build/apt"
	answer=$(apt_private apt-get -q update) || true
	! grep -qE '^(Get|Hit):' <<<"$answer" || touch "$(apt_dir)/updated"
}

apt_recent() {
	[ -n "$(find "$(apt_dir)/updated" -mmin -1440 2>/dev/null)" ]
}

# Versions of a package that Debian offers, newest first.
apt_versions() {
	{ apt_private apt-cache madison "$1" || true; } | awk -F' *[|] *' '!seen[$2]++ { print $2 }'
}

# have_deb <package> <version or *> <dir>: the newest such file that was fetched before, for $apt_arch if that is set.
have_deb() {
	find "$3" -maxdepth 1 -name "$1_${2//:/%3a}_${apt_arch:-*}.deb" 2>/dev/null | sort -V | tail -n 1 | grep .
}

# download_debs <dir> <package=version>...
download_debs() {
	local dir=$1
	shift
	rm -rf "$dir/partial" && mkdir -p "$dir/partial" &&
		note "fetching ${1/=/ }$([ $# = 1 ] || echo " and $(($# - 1)) more")" &&
		(cd "$dir/partial" && apt_private apt-get -q download "$@" >>"$LOG/apt.log") &&
		mv "$dir"/partial/*.deb "$dir"
}

# fetch_deb <package[:architecture][=version]> <dir>: prints the path of the .deb, fetched only if it is not there.
# Without a version that is the newest; without a network, the newest of those already there. Fails if there is none.
fetch_deb() {
	local name=${1%%=*} version='' dir=$2 apt_arch='' wanted
	[ "$name" = "$1" ] || version=${1#*=}
	[ "$name" = "${name%:*}" ] || apt_arch=${name#*:}
	name=${name%:*}
	if [ -n "$version" ] && have_deb "$name" "$version" "$dir"; then return; fi
	if ! apt_recent || [ -z "$(apt_versions "$name")" ]; then apt_update; fi
	wanted=${version:-$(apt_versions "$name" | awk 'NR == 1')}
	if [ -n "$wanted" ]; then
		have_deb "$name" "$wanted" "$dir" && return
		download_debs "$dir" "$name=$wanted" && have_deb "$name" "$wanted" "$dir" && return
		rm -f "$(apt_dir)/updated"	# Debian may have dropped it since
	fi
	[ -z "$version" ] && have_deb "$name" '*' "$dir" || return 1
	note "cannot fetch a newer $name: using the one in ${dir#"$ROOT"/}"
}
