// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the arm_iommu_*() functions: what each of their users does
 * with them, in the same order, with mock masters.
 *
 * Some replace the mapping of their master by one with a window, or share one
 * among several masters. The others throw it away, to attach a domain of their
 * own, and expect the DMA API to leave addresses alone from then on. All can be
 * unbound and bound again, and nothing may be left behind.
 */
#include <kunit/test.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>

#include <asm/dma-iommu.h>

#include "dma-mapping-test.h"

#define OWN_IOVA		0x60000000

/* To the DMA API, @dev is not behind an IOMMU */
static void test_expect_direct(struct kunit *test, struct device *dev)
{
	void *buf = test_buffer(test, SZ_16K);
	dma_addr_t dma;
	void *cpu_addr;

	KUNIT_EXPECT_NULL(test, to_dma_iommu_mapping(dev));

	dma = dma_map_single(dev, buf, SZ_16K, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	KUNIT_EXPECT_EQ(test, dma, virt_to_phys(buf));
	dma_unmap_single(dev, dma, SZ_16K, DMA_BIDIRECTIONAL);

	cpu_addr = dma_alloc_coherent(dev, SZ_64K, &dma, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cpu_addr);
	KUNIT_EXPECT_EQ(test, dma, test_phys(cpu_addr));
	dma_free_coherent(dev, SZ_64K, cpu_addr, dma);
}

/* The domain is the driver's own, and works without the DMA API */
static void test_expect_own_domain(struct kunit *test, struct device *dev,
				   struct iommu_domain *domain)
{
	void *buf = test_buffer(test, SZ_16K);
	phys_addr_t phys = virt_to_phys(buf);

	KUNIT_EXPECT_PTR_EQ(test, iommu_get_domain_for_dev(dev), domain);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_map(domain, OWN_IOVA, phys, SZ_16K,
				  IOMMU_READ | IOMMU_WRITE, GFP_KERNEL));
	test_expect_range(test, dev, OWN_IOVA, phys, SZ_16K);
	KUNIT_EXPECT_EQ(test, iommu_unmap(domain, OWN_IOVA, SZ_16K), SZ_16K);
	test_expect_direct(test, dev);
}

/* A driver that is bound anew finds what any other does */
static void test_expect_rebind(struct kunit *test, struct device *dev)
{
	mock_master_unbind(dev);
	KUNIT_ASSERT_EQ(test, mock_master_bind(dev), 0);
	KUNIT_EXPECT_NOT_NULL(test, to_dma_iommu_mapping(dev));
	test_take_zero(dev);
	test_expect_translated(test, dev);
}

/* What half of the users begin with */
static void test_drop_mapping(struct kunit *test, struct device *dev)
{
	struct dma_iommu_mapping *mapping = to_dma_iommu_mapping(dev);

	KUNIT_ASSERT_NOT_NULL(test, mapping);
	arm_iommu_detach_device(dev);
	arm_iommu_release_mapping(mapping);
	test_expect_direct(test, dev);
}

/*
 * Users that create mappings
 */

/* What one maps, all reach: they show each other's frames */
static void test_expect_shared(struct kunit *test, struct device **devs,
			       int count)
{
	void *buf = test_buffer(test, SZ_64K);
	dma_addr_t dma;
	int i;

	dma = dma_map_single(devs[0], buf, SZ_64K, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(devs[0], dma));
	for (i = 0; i < count; i++)
		test_expect_range(test, devs[i], dma, virt_to_phys(buf),
				  SZ_64K);
	dma_unmap_single(devs[0], dma, SZ_64K, DMA_BIDIRECTIONAL);
	for (i = 0; i < count; i++)
		KUNIT_EXPECT_EQ(test, test_translate(devs[i], dma), 0);
}

/* One mapping for all masters of an instance, with a window or without */
static void test_shared_window(struct kunit *test, dma_addr_t base, u64 size)
{
	struct device *devs[] = {
		test_master(test, "mock-master-a0"),
		test_master(test, "mock-master-a1"),
	};
	int i, domains = mock_iommu_nr_domains();
	struct dma_iommu_mapping *mapping;

	for (i = 0; i < ARRAY_SIZE(devs); i++)
		test_drop_mapping(test, devs[i]);
	mapping = arm_iommu_create_mapping(devs[0], base, size);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(mapping));
	for (i = 0; i < ARRAY_SIZE(devs); i++) {
		KUNIT_EXPECT_EQ(test, 0,
				arm_iommu_attach_device(devs[i], mapping));
		KUNIT_EXPECT_PTR_EQ(test, to_dma_iommu_mapping(devs[i]),
				    mapping);
	}

	test_take_zero(devs[0]);
	for (i = 0; i < ARRAY_SIZE(devs); i++)
		test_expect_window(test, devs[i], base, size);
	test_expect_shared(test, devs, ARRAY_SIZE(devs));

	/* One goes, the other stays */
	arm_iommu_detach_device(devs[0]);
	test_expect_direct(test, devs[0]);
	test_expect_window(test, devs[1], base, size);
	arm_iommu_detach_device(devs[1]);
	arm_iommu_release_mapping(mapping);

	for (i = 0; i < ARRAY_SIZE(devs); i++)
		test_expect_rebind(test, devs[i]);
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), domains);
}

/*
 * These two attach masters when they get to know them. Where the core gives
 * them a mapping as well, the driver's has to replace that.
 */
static void arm_iommu_legacy_ipmmu_vmsa(struct kunit *test)
{
	test_shared_window(test, SZ_1G, SZ_2G);
}

static void arm_iommu_legacy_mtk_iommu_v1(struct kunit *test)
{
	test_shared_window(test, 0, 1ULL << 32);
}

static struct dma_iommu_mapping *test_isp_attach(struct kunit *test,
						 struct device *dev)
{
	struct dma_iommu_mapping *mapping = to_dma_iommu_mapping(dev);

	if (mapping) {
		arm_iommu_detach_device(dev);
		arm_iommu_release_mapping(mapping);
	}

	mapping = arm_iommu_create_mapping(dev, SZ_1G, SZ_2G);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(mapping));
	KUNIT_EXPECT_EQ(test, arm_iommu_attach_device(dev, mapping), 0);
	return mapping;
}

static void arm_iommu_legacy_omap3isp(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-a0");
	int domains = mock_iommu_nr_domains();
	struct dma_iommu_mapping *mapping;
	int i;

	/* The second time, as after the probe was deferred */
	for (i = 0; i < 2; i++) {
		mapping = test_isp_attach(test, dev);
		KUNIT_EXPECT_PTR_EQ(test, to_dma_iommu_mapping(dev), mapping);
		test_expect_window(test, dev, SZ_1G, SZ_2G);
		KUNIT_EXPECT_EQ(test, test_pages(test), 0);

		arm_iommu_detach_device(dev);
		arm_iommu_release_mapping(mapping);
		test_expect_direct(test, dev);
		test_expect_rebind(test, dev);
		KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), domains);
		mock_master_unbind(dev);
		KUNIT_ASSERT_EQ(test, mock_master_bind(dev), 0);
	}
}

/* Keeps the first mapping for later, without a reference of its own */
static void *test_exynos_attach(struct kunit *test, struct device *dma_dev,
				struct device *dev,
				struct dma_iommu_mapping *mapping)
{
	void *priv;

	KUNIT_EXPECT_PTR_EQ(test, get_dma_ops(dma_dev), get_dma_ops(dev));
	dma_set_max_seg_size(dev, DMA_BIT_MASK(32));
	priv = to_dma_iommu_mapping(dev);
	KUNIT_EXPECT_NOT_NULL(test, priv);
	if (priv)
		arm_iommu_detach_device(dev);
	KUNIT_EXPECT_EQ(test, arm_iommu_attach_device(dev, mapping), 0);
	return priv;
}

static void test_exynos_detach(struct kunit *test, struct device *dev,
			       void *priv)
{
	arm_iommu_detach_device(dev);
	KUNIT_EXPECT_EQ(test, arm_iommu_attach_device(dev, priv), 0);
	KUNIT_EXPECT_PTR_EQ(test, to_dma_iommu_mapping(dev), priv);
}

static void test_exynos(struct kunit *test, struct device **devs, int count)
{
	const dma_addr_t start = 0x20000000, size = 0x40000000;
	int i, domains = mock_iommu_nr_domains();
	struct dma_iommu_mapping *mapping;
	void *priv[3];

	mapping = arm_iommu_create_mapping(devs[0], start, size);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(mapping));
	for (i = 0; i < count; i++)
		priv[i] = test_exynos_attach(test, devs[0], devs[i], mapping);

	for (i = 0; i < count; i++)
		test_expect_window(test, devs[i], start, size);
	test_expect_shared(test, devs, count);

	for (i = 0; i < count; i++)
		test_exynos_detach(test, devs[i], priv[i]);
	arm_iommu_release_mapping(mapping);

	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), domains);
	for (i = 0; i < count; i++) {
		test_expect_translated(test, devs[i]);
		test_expect_rebind(test, devs[i]);
	}
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), domains);
}

static void arm_iommu_legacy_exynos_drm(struct kunit *test)
{
	struct device *devs[] = {
		test_master_past_zero(test, "mock-master-a0"),
		test_master_past_zero(test, "mock-master-a1"),
	};

	test_exynos(test, devs, ARRAY_SIZE(devs));
}

/* There, each master has an instance, and domains go with any */
static void arm_iommu_legacy_exynos_drm_two_instances(struct kunit *test)
{
	struct device *devs[] = {
		test_master_past_zero(test, "mock-master-a0"),
		test_master_past_zero(test, "mock-master-b0"),
	};

	test_mmu_a(test)->foreign_domains = true;
	test_mmu_b(test)->foreign_domains = true;
	test_exynos(test, devs, ARRAY_SIZE(devs));
}

/* Buffers have to be behind the firmware, which is allocated first */
static void test_expect_ascending(struct kunit *test, struct device *dev,
				  dma_addr_t start)
{
	void *firmware, *buf;
	dma_addr_t base, dma;

	firmware = dma_alloc_coherent(dev, SZ_256K, &base, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, firmware);
	KUNIT_EXPECT_EQ(test, base, start);
	buf = dma_alloc_coherent(dev, SZ_16K, &dma, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, buf);
	KUNIT_EXPECT_EQ(test, dma, start + SZ_256K);
	dma_free_coherent(dev, SZ_16K, buf, dma);
	dma_free_coherent(dev, SZ_256K, firmware, base);
}

/* MFC v5 addresses buffers as offsets, so that it wants a window as well */
static void arm_iommu_legacy_s5p_mfc(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-a0");
	struct dma_iommu_mapping *before, *mapping;
	int domains = mock_iommu_nr_domains();

	mapping = arm_iommu_create_mapping(dev, SZ_256M, SZ_256M);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(mapping));
	before = to_dma_iommu_mapping(dev);
	KUNIT_EXPECT_NOT_NULL(test, before);
	arm_iommu_detach_device(dev);
	KUNIT_EXPECT_EQ(test, arm_iommu_attach_device(dev, mapping), 0);

	/* The device keeps it, until it is detached */
	arm_iommu_release_mapping(mapping);
	test_expect_window(test, dev, SZ_256M, SZ_256M);
	test_expect_ascending(test, dev, SZ_256M);
	arm_iommu_detach_device(dev);
	KUNIT_EXPECT_EQ(test, arm_iommu_attach_device(dev, before), 0);

	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), domains);
	test_expect_rebind(test, dev);
}

static void arm_iommu_legacy_attach_error(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-a0");
	struct dma_iommu_mapping *mapping = to_dma_iommu_mapping(dev);
	int domains = mock_iommu_nr_domains();

	KUNIT_ASSERT_NOT_NULL(test, mapping);
	arm_iommu_detach_device(dev);
	arm_iommu_release_mapping(mapping);

	mapping = arm_iommu_create_mapping(dev, SZ_1G, SZ_2G);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(mapping));
	test_mmu_a(test)->attach_error = -EINVAL;
	KUNIT_EXPECT_NE(test, arm_iommu_attach_device(dev, mapping), 0);
	test_expect_direct(test, dev);

	test_mmu_a(test)->attach_error = 0;
	KUNIT_EXPECT_EQ(test, arm_iommu_attach_device(dev, mapping), 0);
	test_expect_window(test, dev, SZ_1G, SZ_2G);
	arm_iommu_detach_device(dev);
	arm_iommu_release_mapping(mapping);

	test_expect_rebind(test, dev);
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), domains);
}

/*
 * Users that want no mapping
 */

static void arm_iommu_legacy_rockchip_drm(struct kunit *test)
{
	struct device *devs[] = {
		test_master(test, "mock-master-a0"),
		test_master(test, "mock-master-a1"),
	};
	int i, domains = mock_iommu_nr_domains();
	struct iommu_domain *domain;

	domain = iommu_paging_domain_alloc(devs[0]);
	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));

	/* A display controller attaches when it is switched on */
	for (i = 0; i < ARRAY_SIZE(devs); i++) {
		test_drop_mapping(test, devs[i]);
		KUNIT_EXPECT_EQ(test, iommu_attach_device(domain, devs[i]), 0);
	}
	for (i = 0; i < ARRAY_SIZE(devs); i++)
		test_expect_own_domain(test, devs[i], domain);
	for (i = 0; i < ARRAY_SIZE(devs); i++)
		iommu_detach_device(domain, devs[i]);
	test_expect_direct(test, devs[0]);

	/* And again; now there is no mapping to throw away */
	KUNIT_EXPECT_NULL(test, to_dma_iommu_mapping(devs[0]));
	KUNIT_EXPECT_EQ(test, iommu_attach_device(domain, devs[0]), 0);
	test_expect_own_domain(test, devs[0], domain);
	iommu_detach_device(domain, devs[0]);

	iommu_domain_free(domain);
	for (i = 0; i < ARRAY_SIZE(devs); i++)
		test_expect_rebind(test, devs[i]);
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), domains);
}

/* The domain of a group, which tegra looks at to decide what to do */
static bool test_is_identity(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return !domain || domain->type == IOMMU_DOMAIN_IDENTITY;
}

static struct iommu_group *test_attach_group(struct kunit *test,
					     struct device *dev,
					     struct iommu_domain *domain)
{
	struct iommu_group *group = iommu_group_get(dev);

	KUNIT_EXPECT_NOT_NULL(test, group);
	KUNIT_EXPECT_EQ(test, iommu_attach_group(domain, group), 0);
	return group;
}

static void test_detach_group(struct iommu_domain *domain,
			      struct iommu_group *group)
{
	iommu_detach_group(domain, group);
	iommu_group_put(group);
}

static void arm_iommu_legacy_tegra_drm(struct kunit *test)
{
	struct device *devs[] = {
		test_master(test, "mock-master-a0"),
		test_master(test, "mock-master-a1"),
	};
	int i, domains = mock_iommu_nr_domains();
	struct iommu_group *groups[ARRAY_SIZE(devs)];
	struct iommu_domain *domain;

	domain = iommu_paging_domain_alloc(devs[0]);
	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));
	for (i = 0; i < ARRAY_SIZE(devs); i++) {
		test_drop_mapping(test, devs[i]);
		KUNIT_EXPECT_TRUE(test, test_is_identity(devs[i]));
		groups[i] = test_attach_group(test, devs[i], domain);
	}
	for (i = 0; i < ARRAY_SIZE(devs); i++)
		test_expect_own_domain(test, devs[i], domain);
	for (i = 0; i < ARRAY_SIZE(devs); i++)
		test_detach_group(domain, groups[i]);
	iommu_domain_free(domain);

	for (i = 0; i < ARRAY_SIZE(devs); i++)
		test_expect_rebind(test, devs[i]);
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), domains);
}

/*
 * On some Tegras, all clients are in one group. None can be moved while others
 * may have buffers mapped; the driver does not get to know, and releases the
 * mapping, which must not take it from those who use it.
 */
static void arm_iommu_legacy_tegra_drm_one_group(struct kunit *test)
{
	struct device *devs[] = {
		test_master_past_zero(test, "mock-twin-a0"),
		test_master_past_zero(test, "mock-twin-a1"),
	};
	int i, domains = mock_iommu_nr_domains();
	void *buf = test_buffer(test, SZ_16K);
	struct dma_iommu_mapping *mapping;
	dma_addr_t dma;

	dma = dma_map_single(devs[1], buf, SZ_16K, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(devs[1], dma));

	for (i = 0; i < ARRAY_SIZE(devs); i++) {
		mapping = to_dma_iommu_mapping(devs[i]);
		KUNIT_ASSERT_NOT_NULL(test, mapping);
		arm_iommu_detach_device(devs[i]);
		arm_iommu_release_mapping(mapping);
		KUNIT_ASSERT_EQ(test, mock_iommu_nr_domains(), domains);
	}

	/* Nor is one attached to a mapping of its own */
	mapping = arm_iommu_create_mapping(devs[0], SZ_1G, SZ_1M);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(mapping));
	KUNIT_EXPECT_EQ(test, arm_iommu_attach_device(devs[0], mapping),
			-EBUSY);
	arm_iommu_release_mapping(mapping);
	KUNIT_ASSERT_EQ(test, mock_iommu_nr_domains(), domains);

	test_expect_range(test, devs[1], dma, virt_to_phys(buf), SZ_16K);
	dma_unmap_single(devs[1], dma, SZ_16K, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, test_translate(devs[1], dma), 0);
	for (i = 0; i < ARRAY_SIZE(devs); i++)
		test_expect_translated(test, devs[i]);
}

static void arm_iommu_legacy_host1x(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-a0");
	int domains = mock_iommu_nr_domains();
	struct iommu_domain *domain;
	struct iommu_group *group;

	test_drop_mapping(test, dev);
	KUNIT_EXPECT_TRUE(test, test_is_identity(dev));

	/* With its firewall, it wants no domain either */
	KUNIT_EXPECT_EQ(test, 0,
			dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(32)));
	test_expect_direct(test, dev);

	domain = iommu_paging_domain_alloc(dev);
	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));
	group = test_attach_group(test, dev, domain);
	test_expect_own_domain(test, dev, domain);
	test_detach_group(domain, group);
	iommu_domain_free(domain);

	test_expect_rebind(test, dev);
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), domains);
}

/* A domain that does not know its instance before it is attached */
static void test_bus_domain(struct kunit *test, bool of_group)
{
	struct device *dev = test_master(test, "mock-master-a0");
	int domains = mock_iommu_nr_domains();
	struct iommu_group *group = NULL;
	struct iommu_domain *domain;

	test_drop_mapping(test, dev);
	domain = iommu_domain_alloc(&platform_bus_type);
	KUNIT_ASSERT_NOT_NULL(test, domain);

	if (of_group)
		group = test_attach_group(test, dev, domain);
	else
		KUNIT_EXPECT_EQ(test, iommu_attach_device(domain, dev), 0);
	test_expect_own_domain(test, dev, domain);
	if (of_group)
		test_detach_group(domain, group);
	else
		iommu_detach_device(domain, dev);
	iommu_domain_free(domain);

	test_expect_direct(test, dev);
	test_expect_rebind(test, dev);
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), domains);
}

static void arm_iommu_legacy_nouveau_tegra(struct kunit *test)
{
	test_bus_domain(test, false);
}

static void arm_iommu_legacy_tegra_vde(struct kunit *test)
{
	test_bus_domain(test, true);
}

/* Attaches at each start of the processor, long after the probe */
static void arm_iommu_legacy_omap_remoteproc(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-a0");
	int i, domains = mock_iommu_nr_domains();
	struct iommu_domain *domain;

	test_drop_mapping(test, dev);
	for (i = 0; i < 2; i++) {
		domain = iommu_domain_alloc(dev->bus);
		KUNIT_ASSERT_NOT_NULL(test, domain);
		KUNIT_EXPECT_EQ(test, iommu_attach_device(domain, dev), 0);
		test_expect_own_domain(test, dev, domain);
		iommu_detach_device(domain, dev);
		iommu_domain_free(domain);
	}

	test_expect_rebind(test, dev);
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), domains);
}

/* Others of the instance must not notice */
static void arm_iommu_legacy_neighbour(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-a0");
	struct device *other = test_master_past_zero(test, "mock-master-a1");
	void *buf = test_buffer(test, SZ_16K);
	dma_addr_t dma;

	dma = dma_map_single(other, buf, SZ_16K, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(other, dma));
	test_drop_mapping(test, dev);
	test_expect_range(test, other, dma, virt_to_phys(buf), SZ_16K);
	test_expect_rebind(test, dev);
	test_expect_range(test, other, dma, virt_to_phys(buf), SZ_16K);
	dma_unmap_single(other, dma, SZ_16K, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, test_translate(other, dma), 0);
	test_expect_translated(test, other);
}

static struct kunit_case arm_iommu_legacy_cases[] = {
	KUNIT_CASE(arm_iommu_legacy_ipmmu_vmsa),
	KUNIT_CASE(arm_iommu_legacy_mtk_iommu_v1),
	KUNIT_CASE(arm_iommu_legacy_omap3isp),
	KUNIT_CASE(arm_iommu_legacy_exynos_drm),
	KUNIT_CASE(arm_iommu_legacy_exynos_drm_two_instances),
	KUNIT_CASE(arm_iommu_legacy_s5p_mfc),
	KUNIT_CASE(arm_iommu_legacy_attach_error),
	KUNIT_CASE(arm_iommu_legacy_rockchip_drm),
	KUNIT_CASE(arm_iommu_legacy_tegra_drm),
	KUNIT_CASE(arm_iommu_legacy_tegra_drm_one_group),
	KUNIT_CASE(arm_iommu_legacy_host1x),
	KUNIT_CASE(arm_iommu_legacy_nouveau_tegra),
	KUNIT_CASE(arm_iommu_legacy_tegra_vde),
	KUNIT_CASE(arm_iommu_legacy_omap_remoteproc),
	KUNIT_CASE(arm_iommu_legacy_neighbour),
	{}
};

static struct kunit_suite arm_iommu_legacy_suite = {
	.name = "arm_iommu_legacy",
	.init = arm_dma_test_init,
	.test_cases = arm_iommu_legacy_cases,
};

kunit_test_suite(arm_iommu_legacy_suite);
