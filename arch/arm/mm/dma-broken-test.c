// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of masters whose IOMMU is broken, missing or gone: of mistakes in
 * the device tree, and of instances that go and come back.
 *
 * A master goes on untranslated only if it has no IOMMU, or none that is
 * enabled and driven. Otherwise it is translated, or it is not probed, and then
 * all others work as before.
 */
#include <kunit/of.h>
#include <kunit/test.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/panic.h>
#include <linux/sizes.h>

#include "dma-mapping-test.h"

static int arm_dma_broken_init(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, mock_iommu_kunit_register(test), 0);
	KUNIT_ASSERT_EQ(test, of_overlay_apply_kunit(test, dma_broken_test), 0);
	KUNIT_ASSERT_EQ(test, mock_iommu_kunit_settle(test), 0);
	return 0;
}

/* What the CPU has at an address, @dev has there, too */
static void test_expect_untranslated(struct kunit *test, const char *name)
{
	struct device *dev = test_master(test, name);
	void *buf = test_buffer(test, SZ_4K);
	dma_addr_t dma = dma_map_single(dev, buf, SZ_4K, DMA_TO_DEVICE);

	KUNIT_EXPECT_NULL_MSG(test, iommu_get_domain_for_dev(dev), "%s", name);
	KUNIT_ASSERT_FALSE_MSG(test, dma_mapping_error(dev, dma), "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, dma, virt_to_phys(buf), "%s", name);
	dma_unmap_single(dev, dma, SZ_4K, DMA_TO_DEVICE);
}

/* Each time that it is tried */
static void test_expect_refused(struct kunit *test, const char *name)
{
	struct device *dev = mock_master_find(test, name);
	int i;

	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ_MSG(test, mock_master_bind(dev), -EINVAL, "%s",
				    name);
		KUNIT_EXPECT_NULL_MSG(test, dev->driver, "%s", name);
		mock_master_unbind(dev);
	}
}

/* What has no driver could get one from a module */
static void test_needs_no_waiting(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_MODULES))
		kunit_skip(test, "IOMMUs without a driver are waited for");
}

static void test_expect_works(struct kunit *test, const char *name)
{
	struct device *dev = test_master(test, name);

	test_take_zero(dev);
	test_expect_translated(test, dev);
}

/*
 * Mistakes in the device tree
 */

static void arm_dma_broken_none(struct kunit *test)
{
	test_expect_untranslated(test, "mock-none");
	test_expect_untranslated(test, "mock-empty");
	test_expect_works(test, "mock-right-0");
}

static void arm_dma_broken_off(struct kunit *test)
{
	test_expect_untranslated(test, "mock-off");
	test_expect_works(test, "mock-right-0");
}

/* A warning says so */
static void arm_dma_broken_no_driver(struct kunit *test)
{
	test_needs_no_waiting(test);
	test_expect_untranslated(test, "mock-late");
	test_expect_works(test, "mock-right-0");
}

static void arm_dma_broken_nowhere(struct kunit *test)
{
	test_expect_refused(test, "mock-nowhere");
	test_expect_refused(test, "mock-then-nowhere");
	test_expect_refused(test, "mock-hole");
	test_expect_works(test, "mock-right-0");
}

static void arm_dma_broken_wrong_node(struct kunit *test)
{
	test_expect_refused(test, "mock-wrong-node");
	test_expect_refused(test, "mock-self");
	test_expect_works(test, "mock-right-0");
}

static void arm_dma_broken_cells(struct kunit *test)
{
	test_expect_refused(test, "mock-no-cells");
	test_expect_refused(test, "mock-then-no-cells");
	test_expect_refused(test, "mock-cells");
	test_expect_refused(test, "mock-bytes");
	test_expect_works(test, "mock-right-0");
}

/* The one that is enabled is not to be passed by */
static void arm_dma_broken_partly_off(struct kunit *test)
{
	test_expect_refused(test, "mock-then-off");
	test_expect_refused(test, "mock-off-first");
	test_expect_works(test, "mock-right-0");
}

static void arm_dma_broken_partly_no_driver(struct kunit *test)
{
	test_needs_no_waiting(test);
	test_expect_refused(test, "mock-then-late");
	test_expect_works(test, "mock-right-0");
}

static void arm_dma_broken_twice(struct kunit *test)
{
	test_expect_works(test, "mock-twice");
	test_expect_works(test, "mock-right-0");
}

/* What that means is for the IOMMU's driver to say; here, the first one counts */
static void arm_dma_broken_two_instances(struct kunit *test)
{
	test_expect_works(test, "mock-two");
	test_expect_works(test, "mock-right-0");
	KUNIT_EXPECT_EQ(test, mock_iommu_find(test, "mock-iommu-b")->nr_contexts,
			0);
}

static void arm_dma_broken_self(struct kunit *test)
{
	test_needs_no_waiting(test);
	test_expect_works(test, "mock-behind-self");
	test_expect_works(test, "mock-right-0");
}

/*
 * The one that comes first is not translated. The other could be, but the
 * kernel has no room in sysfs for an IOMMU behind another, so it has no driver.
 */
static void arm_dma_broken_ring(struct kunit *test)
{
	struct device *ring = mock_master_find(test, "mock-iommu-ring");
	struct device *back = mock_master_find(test, "mock-iommu-back");

	test_needs_no_waiting(test);
	KUNIT_EXPECT_EQ(test, mock_iommu_bind(back), 0);
	KUNIT_EXPECT_EQ(test, mock_iommu_bind(ring), -EEXIST);
	test_expect_works(test, "mock-behind-back");
	test_expect_untranslated(test, "mock-behind-ring");
	test_expect_works(test, "mock-right-0");
}

/*
 * Instances that come late, or go and come back
 */

/* Too late for a driver that is bound already, but not for the next */
static void arm_dma_broken_late(struct kunit *test)
{
	struct device *dev = mock_master_find(test, "mock-late");

	test_needs_no_waiting(test);
	test_expect_untranslated(test, "mock-late");
	KUNIT_ASSERT_EQ(test, 0,
			mock_iommu_bind(mock_master_find(test,
							 "mock-iommu-late")));
	KUNIT_EXPECT_NULL(test, iommu_get_domain_for_dev(dev));
	mock_master_unbind(dev);
	test_expect_works(test, "mock-late");
}

static struct device *test_instance(struct kunit *test)
{
	return mock_iommu_find(test, "mock-iommu-a")->dev;
}

static void test_remove(struct kunit *test, struct device *instance)
{
	device_release_driver(instance);
	KUNIT_ASSERT_NULL(test, instance->driver);
}

static void test_add_again(struct kunit *test, struct device *instance)
{
	KUNIT_ASSERT_EQ(test, device_attach(instance), 1);
}

/* Nothing is left of before */
static void test_expect_new(struct kunit *test, struct device *one,
			    struct device *two)
{
	struct mock_iommu *mmu = mock_iommu_find(test, "mock-iommu-a");

	KUNIT_EXPECT_EQ(test, atomic_read(&mmu->nr_pages), 0);
	KUNIT_ASSERT_EQ(test, mock_master_bind(one), 0);
	KUNIT_ASSERT_EQ(test, mock_master_bind(two), 0);
	test_take_zero(one);
	test_take_zero(two);
	test_expect_translated(test, one);
	test_expect_translated(test, two);
}

static void test_leave_page(struct kunit *test, struct device *dev)
{
	dma_addr_t dma = dma_map_single(dev, test_buffer(test, SZ_4K), SZ_4K,
					DMA_TO_DEVICE);

	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
}

static void arm_dma_broken_comes_back(struct kunit *test)
{
	struct device *instance = test_instance(test);
	struct device *one = test_master(test, "mock-right-0");
	struct device *two = test_master(test, "mock-right-1");
	int domains = mock_iommu_nr_domains();

	test_leave_page(test, one);
	mock_master_unbind(one);
	mock_master_unbind(two);
	test_remove(test, instance);
	KUNIT_EXPECT_NULL(test, iommu_get_domain_for_dev(one));
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), 0);

	test_add_again(test, instance);
	test_expect_new(test, one, two);
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), domains);
}

/* In between, there is no driver for it */
static void arm_dma_broken_used_without(struct kunit *test)
{
	struct device *instance = test_instance(test);
	struct device *one = test_master(test, "mock-right-0");
	struct device *two = mock_master_find(test, "mock-right-1");

	test_needs_no_waiting(test);
	mock_master_unbind(one);
	test_remove(test, instance);
	test_expect_untranslated(test, "mock-right-0");
	mock_master_unbind(one);
	test_add_again(test, instance);
	test_expect_new(test, one, two);
}

/*
 * Drivers of IOMMUs see to it that this does not happen, so it gets a warning,
 * which is no reason to go down.
 */
static void arm_dma_broken_removed_in_use(struct kunit *test)
{
	struct device *instance = test_instance(test);
	struct device *one = test_master(test, "mock-right-0");
	struct device *two = test_master(test, "mock-right-1");
	int saved = panic_on_warn;

	panic_on_warn = 0;
	test_remove(test, instance);
	panic_on_warn = saved;
	KUNIT_EXPECT_NULL(test, iommu_get_domain_for_dev(one));

	mock_master_unbind(one);
	mock_master_unbind(two);
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), 0);
	test_add_again(test, instance);
	test_expect_new(test, one, two);
}

static struct kunit_case arm_dma_broken_cases[] = {
	KUNIT_CASE(arm_dma_broken_none),
	KUNIT_CASE(arm_dma_broken_off),
	KUNIT_CASE(arm_dma_broken_no_driver),
	KUNIT_CASE(arm_dma_broken_nowhere),
	KUNIT_CASE(arm_dma_broken_wrong_node),
	KUNIT_CASE(arm_dma_broken_cells),
	KUNIT_CASE(arm_dma_broken_partly_off),
	KUNIT_CASE(arm_dma_broken_partly_no_driver),
	KUNIT_CASE(arm_dma_broken_twice),
	KUNIT_CASE(arm_dma_broken_two_instances),
	KUNIT_CASE(arm_dma_broken_self),
	KUNIT_CASE(arm_dma_broken_ring),
	KUNIT_CASE(arm_dma_broken_late),
	KUNIT_CASE(arm_dma_broken_comes_back),
	KUNIT_CASE(arm_dma_broken_used_without),
	KUNIT_CASE(arm_dma_broken_removed_in_use),
	{}
};

static struct kunit_suite arm_dma_broken_suite = {
	.name = "arm_dma_broken",
	.init = arm_dma_broken_init,
	.test_cases = arm_dma_broken_cases,
};

kunit_test_suite(arm_dma_broken_suite);
