// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of who shares the mapping of an IOMMU instance, and who has one
 * alone: by policy, by what is written to the attributes of IOMMU groups, and
 * where the hardware has no context left.
 *
 * The policy is that of the kernel's command line. Tests that are about the
 * other one are skipped, so they take two boots: with and without
 * iommu.isolate=1.
 */
#include <kunit/test.h>
#include <linux/dma-mapping.h>
#include <linux/iommu-dma.h>
#include <linux/iommu.h>
#include <linux/sizes.h>
#include <linux/sysfs.h>

#include "dma-mapping-test.h"

void test_expect_attr(struct kunit *test, struct device *dev, const char *name,
		      const char *word)
{
	char *buf = (char *)get_zeroed_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_EXPECT_GE(test, mock_master_read(dev, name, buf), 0);
	KUNIT_EXPECT_TRUE_MSG(test, sysfs_streq(buf, word), "%s of %s: %s, not %s",
			      name, dev_name(dev), strim(buf), word);
	free_page((unsigned long)buf);
}

static void test_expect_write(struct kunit *test, struct device *dev,
			      const char *name, const char *word, ssize_t ret)
{
	KUNIT_EXPECT_EQ_MSG(test, mock_master_write(dev, name, word), ret,
			    "%s written to %s of %s", word, name,
			    dev_name(dev));
}

static void test_expect_written(struct kunit *test, struct device *dev,
				const char *name, const char *word)
{
	test_expect_write(test, dev, name, word, strlen(word));
}

/* Has @dev, which is not bound in between, move to what @word says */
static void test_move(struct kunit *test, struct device *dev, const char *name,
		      const char *word)
{
	mock_master_unbind(dev);
	test_expect_written(test, dev, name, word);
	KUNIT_ASSERT_EQ(test, mock_master_bind(dev), 0);
	test_expect_translated(test, dev);
}

static void test_expect_same_domain(struct kunit *test, struct device *one,
				    struct device *two)
{
	KUNIT_EXPECT_PTR_EQ(test, iommu_get_domain_for_dev(one),
			    iommu_get_domain_for_dev(two));
	test_expect_translated(test, one);
	test_expect_translated(test, two);
}

static void test_expect_other_domain(struct kunit *test, struct device *one,
				     struct device *two)
{
	KUNIT_EXPECT_PTR_NE(test, iommu_get_domain_for_dev(one),
			    iommu_get_domain_for_dev(two));
	test_expect_translated(test, one);
	test_expect_translated(test, two);
}

static bool test_isolates(struct kunit *test)
{
	struct device *one = test_master(test, "mock-master-b0");
	struct device *two = test_master(test, "mock-master-b1");

	return iommu_get_domain_for_dev(one) != iommu_get_domain_for_dev(two);
}

void test_needs_sharing(struct kunit *test)
{
	if (test_isolates(test))
		kunit_skip(test, "the policy is to isolate");
}

static void test_needs_isolation(struct kunit *test)
{
	if (!test_isolates(test))
		kunit_skip(test, "the policy is to share");
}

/* Two masters behind one instance, with drivers */
static void test_pair(struct kunit *test, struct device **one,
		      struct device **two)
{
	*one = test_master(test, "mock-master-a0");
	*two = test_master(test, "mock-master-a1");
}

/* A buffer of @dev in a region that another master, @id, has to have reserved */
static dma_addr_t test_map_in_region(struct kunit *test, struct device *dev,
				     u32 id)
{
	dma_addr_t dma = dma_map_single(dev, test_buffer(test, SZ_4K), SZ_4K,
					DMA_TO_DEVICE);

	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	KUNIT_ASSERT_EQ(test, 0,
			mock_iommu_add_resv(test, test_mmu_a(test), id, dma,
					    SZ_4K, IOMMU_RESV_RESERVED));
	return dma;
}

/*
 * Where the policy is to share
 */

static void arm_dma_isolation_write(struct kunit *test)
{
	struct device *one, *two;

	test_needs_sharing(test);
	test_pair(test, &one, &two);
	test_expect_attr(test, one, "mapping", "shared");
	test_expect_attr(test, two, "mapping", "shared");
	test_expect_same_domain(test, one, two);

	test_move(test, two, "mapping", "isolated");
	test_expect_attr(test, one, "mapping", "shared");
	test_expect_attr(test, two, "mapping", "isolated");
	test_expect_other_domain(test, one, two);

	test_move(test, two, "mapping", "shared");
	test_expect_attr(test, two, "mapping", "shared");
	test_expect_same_domain(test, one, two);
}

static void arm_dma_isolation_write_refused(struct kunit *test)
{
	struct device *one, *two;

	test_needs_sharing(test);
	test_pair(test, &one, &two);

	/* What is bound has buffers mapped */
	test_expect_write(test, two, "mapping", "isolated", -EPERM);
	mock_master_unbind(two);
	test_expect_write(test, two, "mapping", "none", -EINVAL);
	test_expect_write(test, two, "mapping", "", -EINVAL);
	test_expect_attr(test, two, "mapping", "shared");

	/* There is nothing to share for those who are not translated */
	test_expect_written(test, two, "type", "identity");
	test_expect_attr(test, two, "mapping", "none");
	test_expect_write(test, two, "mapping", "isolated", -EINVAL);
	test_expect_write(test, two, "mapping", "shared", -EINVAL);
	test_expect_attr(test, two, "type", "identity");

	test_move(test, two, "type", "auto");
	test_expect_same_domain(test, one, two);
}

/* The one in a mapping that others could join has but to close it */
static void arm_dma_isolation_alone(struct kunit *test)
{
	struct iommu_domain *domain;
	struct device *one, *two;

	test_needs_sharing(test);
	one = test_master(test, "mock-master-a0");
	domain = iommu_get_domain_for_dev(one);
	test_move(test, one, "mapping", "isolated");
	test_expect_attr(test, one, "mapping", "isolated");
	KUNIT_EXPECT_PTR_EQ(test, iommu_get_domain_for_dev(one), domain);

	two = test_master(test, "mock-master-a1");
	test_expect_attr(test, two, "mapping", "shared");
	test_expect_other_domain(test, one, two);

	test_move(test, one, "mapping", "shared");
	test_expect_same_domain(test, one, two);
	KUNIT_EXPECT_PTR_NE(test, iommu_get_domain_for_dev(one), domain);
}

/* Whoever comes into a group that is not translated is not either */
static void arm_dma_isolation_identity(struct kunit *test)
{
	struct device *one = test_master(test, "mock-twin-a0");
	struct device *two = mock_master_find(test, "mock-twin-a1");

	mock_master_unbind(one);
	test_expect_written(test, one, "type", "identity");
	KUNIT_ASSERT_EQ(test, mock_master_bind(two), 0);
	test_expect_attr(test, two, "type", "identity");
	KUNIT_EXPECT_FALSE(test, use_dma_iommu(two));

	test_move(test, two, "type", "auto");
	KUNIT_ASSERT_EQ(test, mock_master_bind(one), 0);
	test_expect_same_domain(test, one, two);
}

static void arm_dma_isolation_of_group(struct kunit *test)
{
	struct device *one, *twin, *other;

	test_needs_sharing(test);
	one = test_master(test, "mock-twin-a0");
	twin = test_master(test, "mock-twin-a1");
	other = test_master(test, "mock-master-a0");

	mock_master_unbind(one);
	test_expect_write(test, one, "mapping", "isolated", -EPERM);
	mock_master_unbind(twin);
	test_expect_written(test, one, "mapping", "isolated");
	KUNIT_ASSERT_EQ(test, mock_master_bind(one), 0);
	KUNIT_ASSERT_EQ(test, mock_master_bind(twin), 0);
	test_expect_same_domain(test, one, twin);
	test_expect_other_domain(test, one, other);
}

static void arm_dma_isolation_stays(struct kunit *test)
{
	struct device *one, *two;

	test_needs_sharing(test);
	test_pair(test, &one, &two);
	mock_master_unbind(two);
	test_expect_written(test, two, "mapping", "isolated");
	test_expect_written(test, two, "type", "identity");
	test_move(test, two, "type", "DMA");
	test_expect_attr(test, two, "mapping", "isolated");
	test_expect_other_domain(test, one, two);
}

static void arm_dma_isolation_no_context(struct kunit *test)
{
	struct device *one, *two;

	test_needs_sharing(test);
	test_mmu_a(test)->max_contexts = 1;
	test_pair(test, &one, &two);
	mock_master_unbind(two);
	test_expect_write(test, two, "mapping", "isolated", -ENOSPC);
	test_expect_attr(test, two, "mapping", "shared");
	KUNIT_ASSERT_EQ(test, mock_master_bind(two), 0);
	test_expect_same_domain(test, one, two);
}

/* What a group has to have reserved may be in use by the others */
static void arm_dma_isolation_region_in_use(struct kunit *test)
{
	struct device *one, *two;
	dma_addr_t dma;

	test_needs_sharing(test);
	test_pair(test, &one, &two);
	test_move(test, two, "mapping", "isolated");

	dma = test_map_in_region(test, one, 1);
	mock_master_unbind(two);
	test_expect_write(test, two, "mapping", "shared", -EBUSY);
	test_expect_attr(test, two, "mapping", "isolated");

	dma_unmap_single(one, dma, SZ_4K, DMA_TO_DEVICE);
	test_move(test, two, "mapping", "shared");
	test_expect_same_domain(test, one, two);
}

/* Lazy invalidation is not for one of the groups that share to choose */
static void arm_dma_isolation_lazy(struct kunit *test)
{
	struct device *one, *two;

	test_needs_sharing(test);
	test_pair(test, &one, &two);
	if (iommu_get_domain_for_dev(one)->type == IOMMU_DOMAIN_DMA_FQ)
		kunit_skip(test, "all are lazy");

	test_expect_write(test, two, "type", "DMA-FQ", -EPERM);
	test_move(test, two, "type", "DMA-FQ");
	test_expect_attr(test, one, "type", "DMA");
	test_expect_attr(test, one, "mapping", "shared");
	test_expect_attr(test, two, "type", "DMA-FQ");
	test_expect_attr(test, two, "mapping", "isolated");
	test_expect_other_domain(test, one, two);

	mock_master_unbind(two);
	test_expect_write(test, two, "mapping", "shared", -EBUSY);
	test_move(test, two, "type", "auto");
	test_expect_same_domain(test, one, two);
}

/* Nothing is left for a master that cannot share, and it must not go past */
static void arm_dma_isolation_impossible(struct kunit *test)
{
	struct device *one, *two;
	dma_addr_t dma;

	test_needs_sharing(test);
	test_mmu_a(test)->max_contexts = 1;
	one = test_master(test, "mock-master-a0");
	dma = test_map_in_region(test, one, 1);

	two = mock_master_find(test, "mock-master-a1");
	KUNIT_EXPECT_EQ(test, mock_master_bind(two), -ENOSPC);
	KUNIT_EXPECT_NULL(test, two->driver);
	test_expect_translated(test, one);

	dma_unmap_single(one, dma, SZ_4K, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, mock_master_bind(two), 0);
	test_expect_same_domain(test, one, two);
}

/*
 * Where the policy is to isolate
 */

static void arm_dma_isolation_policy(struct kunit *test)
{
	struct device *one, *two;

	test_needs_isolation(test);
	test_pair(test, &one, &two);
	test_expect_attr(test, one, "mapping", "isolated");
	test_expect_attr(test, two, "mapping", "isolated");
	test_expect_other_domain(test, one, two);
	KUNIT_EXPECT_EQ(test, test_mmu_a(test)->nr_contexts, 2);
}

static void arm_dma_isolation_none_left(struct kunit *test)
{
	struct device *one, *two, *three;

	test_needs_isolation(test);
	test_mmu_a(test)->max_contexts = 2;
	test_pair(test, &one, &two);
	three = test_master(test, "mock-coherent-a");
	test_expect_attr(test, one, "mapping", "shared");
	test_expect_attr(test, two, "mapping", "isolated");
	test_expect_attr(test, three, "mapping", "shared");
	test_expect_same_domain(test, one, three);
	test_expect_other_domain(test, two, three);

	/* Who asks to share does not do so with those who did not */
	test_move(test, two, "mapping", "shared");
	test_expect_other_domain(test, one, two);

	test_mmu_a(test)->max_contexts = 3;
	test_move(test, three, "mapping", "isolated");
	test_expect_attr(test, three, "mapping", "isolated");
	test_expect_other_domain(test, one, three);
}

/* If the first one is isolated on purpose, there is another to join */
static void arm_dma_isolation_next_joined(struct kunit *test)
{
	struct device *one, *two, *three;

	test_needs_isolation(test);
	test_mmu_a(test)->max_contexts = 2;
	test_pair(test, &one, &two);
	test_move(test, one, "mapping", "isolated");
	three = test_master(test, "mock-coherent-a");
	test_expect_attr(test, one, "mapping", "isolated");
	test_expect_same_domain(test, two, three);
	test_expect_other_domain(test, one, three);
}

/* That a mapping does not take it is no reason to give up */
static void arm_dma_isolation_other_joined(struct kunit *test)
{
	struct device *one, *two, *three;
	dma_addr_t dma;

	test_needs_isolation(test);
	test_mmu_a(test)->max_contexts = 2;
	test_pair(test, &one, &two);
	dma = test_map_in_region(test, one, 16);
	three = test_master(test, "mock-coherent-a");
	test_expect_same_domain(test, two, three);
	test_expect_other_domain(test, one, three);
	dma_unmap_single(one, dma, SZ_4K, DMA_TO_DEVICE);
}

/* What a master has alone is not given up because there is no second one */
static void arm_dma_isolation_kept(struct kunit *test)
{
	struct device *one, *two;

	test_needs_isolation(test);
	test_pair(test, &one, &two);
	if (iommu_get_domain_for_dev(one)->type == IOMMU_DOMAIN_DMA_FQ)
		kunit_skip(test, "all are lazy");

	test_move(test, two, "type", "DMA-FQ");
	test_mmu_a(test)->max_contexts = 1;
	mock_master_unbind(two);
	test_expect_write(test, two, "type", "auto", -ENOSPC);
	test_expect_attr(test, two, "type", "DMA-FQ");
	test_expect_attr(test, two, "mapping", "isolated");
	KUNIT_ASSERT_EQ(test, mock_master_bind(two), 0);
	test_expect_other_domain(test, one, two);
}

/* A master that was isolated on purpose is not joined */
static void arm_dma_isolation_not_joined(struct kunit *test)
{
	struct device *one, *two;

	test_needs_isolation(test);
	test_mmu_a(test)->max_contexts = 1;
	one = test_master(test, "mock-master-a0");
	test_move(test, one, "mapping", "isolated");
	two = mock_master_find(test, "mock-master-a1");
	KUNIT_EXPECT_EQ(test, mock_master_bind(two), -ENOSPC);
	KUNIT_EXPECT_NULL(test, two->driver);
	test_expect_attr(test, one, "mapping", "isolated");
	test_expect_translated(test, one);
}

/* Those who are told to share do so with each other only */
static void arm_dma_isolation_some_share(struct kunit *test)
{
	struct device *one, *two, *three;

	test_needs_isolation(test);
	test_pair(test, &one, &two);
	three = test_master(test, "mock-coherent-a");
	test_move(test, two, "mapping", "shared");
	test_expect_attr(test, one, "mapping", "isolated");
	test_expect_other_domain(test, one, two);
	test_move(test, three, "mapping", "shared");
	test_expect_attr(test, one, "mapping", "isolated");
	test_expect_same_domain(test, two, three);
	test_expect_other_domain(test, one, two);
}

static struct kunit_case arm_dma_isolation_cases[] = {
	KUNIT_CASE(arm_dma_isolation_write),
	KUNIT_CASE(arm_dma_isolation_write_refused),
	KUNIT_CASE(arm_dma_isolation_alone),
	KUNIT_CASE(arm_dma_isolation_identity),
	KUNIT_CASE(arm_dma_isolation_of_group),
	KUNIT_CASE(arm_dma_isolation_stays),
	KUNIT_CASE(arm_dma_isolation_no_context),
	KUNIT_CASE(arm_dma_isolation_region_in_use),
	KUNIT_CASE(arm_dma_isolation_lazy),
	KUNIT_CASE(arm_dma_isolation_impossible),
	KUNIT_CASE(arm_dma_isolation_policy),
	KUNIT_CASE(arm_dma_isolation_none_left),
	KUNIT_CASE(arm_dma_isolation_next_joined),
	KUNIT_CASE(arm_dma_isolation_other_joined),
	KUNIT_CASE(arm_dma_isolation_kept),
	KUNIT_CASE(arm_dma_isolation_not_joined),
	KUNIT_CASE(arm_dma_isolation_some_share),
	{}
};

static struct kunit_suite arm_dma_isolation_suite = {
	.name = "arm_dma_isolation",
	.init = arm_dma_test_init,
	.test_cases = arm_dma_isolation_cases,
};

kunit_test_suite(arm_dma_isolation_suite);
