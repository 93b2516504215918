# Only wires: the work is in scripts/.

export KSRC LINUX_VERSION ISOLATE SOAK_SECONDS BOOT BUILDS BASE

.NOTPARALLEL:
.PHONY: help packages tree refresh series apply run compare check check-others check-series soak coverage bench clean

help:
	@echo 'make packages  install what is needed (Debian 12 or 13)'
	@echo 'make tree      build/linux: a git tree with the series, one commit a patch'
	@echo 'make refresh   the way back: from the commits in build/linux to patches/'
	@echo 'make series    build/series: the patches with a cover letter, ready to mail'
	@echo 'make apply     apply the series to KSRC=<dir>; with COMMITS=1, in a git tree, one commit a patch'
	@echo 'make run       build the kernel, boot it in QEMU, show masters moving data'
	@echo 'make compare   the figures of the stock kernel and of the series, side by side'
	@echo 'make check     all tests'
	@echo 'make check-others  what the series costs others: arm64 by instructions, builds of other'
	@echo '               configurations and architectures; and make run on each other 6.12 of Debian'
	@echo 'make check-series  each patch by itself: builds, links, no new warning of any checker; hours for all'
	@echo 'make soak      all masters under load for long, and tests on a kernel with its own checks'
	@echo 'make coverage  how much of what the series adds is run by the tests, and what is not, and why'
	@echo 'make bench     what mapping for DMA costs, stock and series, 32-bit ARM and arm64, as a table and plots'
	@echo 'make clean     remove build/'
	@echo
	@echo 'BASE=mainline            have any of it use Linux 7.2, as far as the series is ported, in build/mainline'
	@echo 'KSRC=<dir>               use that Linux 6.12 tree as the base'
	@echo 'LINUX_VERSION=<version>  use that version of linux-source-6.12'
	@echo 'FORMAT=<options>         have make series use these of git format-patch, such as "--rfc -v2"'
	@echo 'RANGE=<patches>          have make check-series try only these: 72, FIRST..LAST, or several of them'
	@echo 'BUILDS=<builds>          have it build only these of iommu, no-iommu and arm64, or none'
	@echo 'BOOT=1                   have it boot each kernel, too, and run its KUnit suites'
	@echo 'SOAK_SECONDS=<seconds>   have make soak put load on the masters for so long, in each of six modes (600)'
	@echo 'ISOLATE=1                have make run isolate the masters from each other'

packages tree refresh:
	@scripts/$@.sh

series:
	@scripts/series.sh $(if $(FORMAT),-- $(FORMAT))

run compare: packages tree
	@scripts/$@.sh

apply:
	@scripts/apply.sh $(if $(filter-out 0,$(COMMITS)),--commits)

coverage: packages tree
	@scripts/coverage.py

bench: packages tree
	@scripts/bench.py
	@scripts/hotspots.py >/dev/null
	@scripts/plot.py

check: packages tree
	@prove --timer --failures --comments tests

check-others: packages tree
	@scripts/packages.sh others
	@prove --timer --failures --comments tests/others

check-series: packages tree
	@tests/series/selected.sh $(RANGE) >/dev/null
	@scripts/packages.sh series
	@prove --timer --failures --comments tests/series :: $(RANGE)

soak: packages tree
	@prove --timer --failures --comments tests/soak

clean:
	@BASE= scripts/tree.sh --saved
	@BASE=mainline scripts/tree.sh --saved
	@rm -rf build
