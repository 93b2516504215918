#!/bin/bash
# stock.sh - make the trees that the series is compared with: build/base, which is Linux as it was, and build/stock, which
# has no more than what SMMUv3 needs to build on 32-bit ARM, with arm32's own DMA ops. Needs what tree.sh provides.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

no_arguments "$@"
need git
stock=$(patch_commit 'iommu/arm-smmu-v3: Allow the driver on 32-bit ARM')
worktree "$BASE_TREE" refs/tags/base
worktree "$STOCK_TREE" "$stock"
