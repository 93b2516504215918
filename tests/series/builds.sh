# shellcheck shell=bash disable=SC2034	# what it sets is for others
# The builds of patches.t, from one worktree that goes from commit to commit, so that make builds what changed and what
# depends on it. A build is a name, below build/each/: NAME/ is what make made, NAME.log what the last step printed, and
# NAME.base the warnings of the kernel without the series.

each=$BUILD/each
walked=$each/patch		# the worktree
read -ra builds <<<"${BUILDS:-iommu no-iommu arm64}"	# of all, and links
# Of single objects, where only others than the above have them: a name and architecture, its configuration, the files.
asides=('no-mmu:arm mps2_defconfig arch/arm/mm/dma-mapping-nommu.c' 'arc:arc haps_hs_defconfig arch/arc/**'
	'mips:mips malta_defconfig arch/mips/**' 'riscv:riscv defconfig arch/riscv/**'
	'exynos:arm exynos_defconfig drivers/media/platform/samsung/exynos4-is/**')

[ "${builds[*]}" != none ] || builds=()
for name in "${builds[@]}"; do
	case $name in
	iommu | no-iommu | arm64) ;;
	*) die "BUILDS=$BUILDS: $name is not iommu, no-iommu, arm64, or none" ;;
	esac
done

# What a build's configuration has. What a tree or an architecture lacks is dropped, and comes with the patch that adds it.
fragment() {
	local configs=$ROOT/tests/configs
	cat "$configs/virt.config"
	case $1 in
	iommu)
		cat "$configs"/{kunit-arm.kunitconfig,kunit-dma-api.kunitconfig,drivers.config}
		echo CONFIG_DMA_API_DEBUG=y ;;
	no-iommu) echo '# CONFIG_IOMMU_SUPPORT is not set' ;;
	arm64) cat "$configs"/{virt-arm64.config,kunit-arm.kunitconfig,drivers.config} ;;
	esac
}

build_arch() {
	[ "$1" = arm64 ] && echo arm64 || echo arm
}

# each_make <name> <architecture> <arguments>
each_make() {
	make -s -C "$walked" O="$each/$1" ARCH="$2" CROSS_COMPILE="$(cross_prefix "$2")" LOCALVERSION= -j"$(nproc)" W=1 "${@:3}" \
		>>"$each/$1.log" 2>&1
}

# step <name> [arguments of make]: configures and builds what is checked out.
step() {
	local arch
	arch=$(build_arch "$1")
	mkdir -p "$each/$1"
	: >"$each/$1.log"
	fragment "$1" >"$each/$1/.wanted"
	each_make "$1" "$arch" KCONFIG_ALLCONFIG="$each/$1/.wanted" allnoconfig || return 1
	each_make "$1" "$arch" "${@:2}" vmlinux modules
}

warnings() {		# <name>
	warnings_in "$each/$1.log" "$walked"
}

# go <commit>: only files that differ change.
go() {
	worktree "$walked" "$1"
}

# The warnings of the base. A kernel that was made from another base or configuration is no good.
base_warnings() {	# <name>
	local id
	id="$(tree_git rev-parse refs/tags/base) $(fragment "$1" | sha256sum)"
	[ "$(head -n 1 "$each/$1.base" 2>/dev/null)" = "$id" ] && return
	note "building the base as $1"
	rm -rf "${each:?}/$1"
	mkdir -p "$each"
	go refs/tags/base
	step "$1" C=1 -k || true	# the base need not build as the series does
	{ echo "$id"; warnings "$1"; } >"$each/$1.base.new"
	mv "$each/$1.base.new" "$each/$1.base"
}

# catch_up <commit>: everything as it is there, of which nobody is judge.
catch_up() {
	local name
	[ "$(git -C "$walked" rev-parse HEAD)" != "$1" ] || return 0
	note "building what the first patch goes on"
	go "$1"
	for name in "${builds[@]}"; do
		step "$name" || true
	done
}

# Builds an aside's objects of these files, and prints the warnings.
aside() {		# <name:arch> <configuration> <file...>
	local name=${1%:*} arch=${1#*:} sparse=C=1
	[ "$arch" != riscv ] || sparse=C=0	# Debian's sparse stumbles over its -march
	rm -rf "${each:?}/$name"
	mkdir -p "$each/$name"
	: >"$each/$name.log"
	each_make "$name" "$arch" "$2" && each_make "$name" "$arch" "$sparse" "${@:3}"
}
