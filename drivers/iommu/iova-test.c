// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the IOVA allocator: what masters that share one rely on.
 */
#include <kunit/test.h>
#include <linux/iova.h>
#include <linux/sizes.h>

#define LAST_PFN_32BIT		((SZ_4G - 1) >> 12)

static int iova_test_init(struct kunit *test)
{
	struct iova_domain *iovad;

	iovad = kunit_kzalloc(test, sizeof(*iovad), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, iovad);
	KUNIT_ASSERT_EQ(test, iova_cache_get(), 0);

	init_iova_domain(iovad, SZ_4K, 1);
	KUNIT_ASSERT_EQ(test, iova_domain_init_rcaches(iovad), 0);
	test->priv = iovad;
	return 0;
}

static void iova_test_exit(struct kunit *test)
{
	/* Not set if the test could not begin */
	if (!test->priv)
		return;

	put_iova_domain(test->priv);
	iova_cache_put();
}

/* A master that has filled what its mask reaches leaves the rest to the others */
static void iova_test_narrow_limit(struct kunit *test)
{
	struct iova_domain *iovad = test->priv;
	const unsigned long narrow = 0xff;

	while (alloc_iova(iovad, 1, narrow, true))
		;

	KUNIT_EXPECT_EQ(test, alloc_iova_fast(iovad, 1, narrow, true), 0);
	KUNIT_EXPECT_EQ(test, alloc_iova_fast(iovad, 1, narrow / 2, true), 0);
	KUNIT_EXPECT_NE(test, alloc_iova_fast(iovad, 1, LAST_PFN_32BIT, true), 0);
	KUNIT_EXPECT_NE(test, alloc_iova_fast(iovad, 64, LAST_PFN_32BIT, true), 0);
}

/*
 * What a master with a narrow mask reaches is not for the others, as long as
 * there is something else; whoever was there first.
 */
static void iova_test_narrow_room(struct kunit *test)
{
	struct iova_domain *iovad = test->priv;
	const unsigned long narrow = 0xff, middle = 0xffff;
	struct iova *iova;
	int i;

	KUNIT_EXPECT_NOT_NULL(test, alloc_iova(iovad, 1, narrow, true));
	for (i = 0; i < 512; i++) {
		iova = alloc_iova(iovad, 1, LAST_PFN_32BIT, true);
		KUNIT_ASSERT_NOT_NULL(test, iova);
		KUNIT_ASSERT_GT(test, iova->pfn_lo, middle);

		iova = alloc_iova(iovad, 1, middle, true);
		KUNIT_ASSERT_NOT_NULL(test, iova);
		KUNIT_ASSERT_GT(test, iova->pfn_lo, narrow);

		if (i % 4)
			continue;
		iova = alloc_iova(iovad, 1, narrow, true);
		KUNIT_ASSERT_NOT_NULL(test, iova);
		KUNIT_ASSERT_LE(test, iova->pfn_hi, narrow);
	}
}

static void iova_test_reserve_free(struct kunit *test)
{
	struct iova_domain *iovad = test->priv;
	unsigned long pfn;
	int i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(reserve_free_iova(iovad, 0xf0000,
							  LAST_PFN_32BIT)));

	for (i = 0; i < 64; i++) {
		pfn = alloc_iova_fast(iovad, 8, LAST_PFN_32BIT, true);
		KUNIT_ASSERT_NE(test, pfn, 0);
		KUNIT_EXPECT_LT(test, pfn + 7, 0xf0000);
	}
}

static void iova_test_reserve_busy(struct kunit *test)
{
	struct iova_domain *iovad = test->priv;
	struct iova *iova = alloc_iova(iovad, 4, 0x1003, false);

	KUNIT_ASSERT_NOT_NULL(test, iova);
	KUNIT_ASSERT_EQ(test, iova->pfn_lo, 0x1000);

	/* Across its start, within, across its end, around it */
	KUNIT_EXPECT_EQ(test, PTR_ERR(reserve_free_iova(iovad, 0xfff, 0x1000)), -EBUSY);
	KUNIT_EXPECT_EQ(test, PTR_ERR(reserve_free_iova(iovad, 0x1001, 0x1002)), -EBUSY);
	KUNIT_EXPECT_EQ(test, PTR_ERR(reserve_free_iova(iovad, 0x1003, 0x1004)), -EBUSY);
	KUNIT_EXPECT_EQ(test, PTR_ERR(reserve_free_iova(iovad, 0x800, 0x1800)), -EBUSY);

	/* Right below and right above; what was refused has left nothing */
	KUNIT_EXPECT_FALSE(test, IS_ERR(reserve_free_iova(iovad, 0x800, 0xfff)));
	KUNIT_EXPECT_FALSE(test, IS_ERR(reserve_free_iova(iovad, 0x1004, 0x1800)));
	KUNIT_EXPECT_EQ(test, iova_size(iova), 4);
}

/* A range that was freed waits in a cache for the next allocation of its size */
static void iova_test_reserve_cached(struct kunit *test)
{
	struct iova_domain *iovad = test->priv;
	unsigned long pfn = alloc_iova_fast(iovad, 1, LAST_PFN_32BIT, true);

	KUNIT_ASSERT_EQ(test, pfn, LAST_PFN_32BIT);
	KUNIT_EXPECT_EQ(test, PTR_ERR(reserve_free_iova(iovad, pfn, pfn)), -EBUSY);

	free_iova_fast(iovad, pfn, 1);
	KUNIT_EXPECT_FALSE(test, IS_ERR(reserve_free_iova(iovad, pfn, pfn)));
	KUNIT_EXPECT_LT(test, alloc_iova_fast(iovad, 1, LAST_PFN_32BIT, true), pfn);
}

/*
 * More ranges than the two magazines of a CPU hold, freed at once, are all
 * there for the next to come: none of those is below.
 */
static void iova_test_free_many(struct kunit *test)
{
	struct iova_domain *iovad = test->priv;
	unsigned long *pfns, lowest = LAST_PFN_32BIT;
	const unsigned int count = 600;
	int i;

	pfns = kunit_kcalloc(test, count, sizeof(*pfns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pfns);

	/* The caches are those of a CPU */
	migrate_disable();
	for (i = 0; i < count; i++) {
		pfns[i] = alloc_iova_fast(iovad, 1, LAST_PFN_32BIT, true);
		lowest = min(lowest, pfns[i]);
	}
	free_iovas_fast(iovad, pfns, count, 1);
	for (i = 0; i < count; i++)
		KUNIT_EXPECT_GE(test, alloc_iova_fast(iovad, 1, LAST_PFN_32BIT, true),
				lowest);
	KUNIT_EXPECT_LT(test, alloc_iova_fast(iovad, 1, LAST_PFN_32BIT, true), lowest);
	migrate_enable();
}

/* What is too large for the caches is free again, too */
static void iova_test_free_many_large(struct kunit *test)
{
	struct iova_domain *iovad = test->priv;
	const unsigned long size = SZ_1M >> 12;
	unsigned long pfns[3], lowest;
	int i;

	for (i = 0; i < ARRAY_SIZE(pfns); i++)
		pfns[i] = alloc_iova_fast(iovad, size, LAST_PFN_32BIT, true);
	lowest = min3(pfns[0], pfns[1], pfns[2]);
	KUNIT_ASSERT_EQ(test, PTR_ERR(reserve_free_iova(iovad, lowest, LAST_PFN_32BIT)),
			-EBUSY);

	free_iovas_fast(iovad, pfns, ARRAY_SIZE(pfns), size);
	KUNIT_EXPECT_FALSE(test, IS_ERR(reserve_free_iova(iovad, lowest, LAST_PFN_32BIT)));
}

/* Upwards from the start, into the gaps, and to the last page of the window */
static void iova_test_lowest(struct kunit *test)
{
	struct iova_domain *iovad = test->priv;
	const unsigned long limit = 10;
	struct iova *first, *second, *third;

	first = alloc_lowest_iova(iovad, 3, limit, 1);
	second = alloc_lowest_iova(iovad, 3, limit, 1);
	third = alloc_lowest_iova(iovad, 4, limit, 1);
	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_ASSERT_NOT_NULL(test, second);
	KUNIT_ASSERT_NOT_NULL(test, third);
	KUNIT_EXPECT_EQ(test, first->pfn_lo, 1);
	KUNIT_EXPECT_EQ(test, second->pfn_lo, 4);
	KUNIT_EXPECT_EQ(test, third->pfn_hi, limit);
	KUNIT_EXPECT_NULL(test, alloc_lowest_iova(iovad, 1, limit, 1));

	free_iova(iovad, first->pfn_lo);
	KUNIT_EXPECT_NULL(test, alloc_lowest_iova(iovad, 4, limit, 1));
	first = alloc_lowest_iova(iovad, 2, limit, 2);
	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_EXPECT_EQ(test, first->pfn_lo, 2);
	first = alloc_lowest_iova(iovad, 1, limit, 1);
	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_EXPECT_EQ(test, first->pfn_lo, 1);
}

static struct kunit_case iova_test_cases[] = {
	KUNIT_CASE(iova_test_narrow_limit),
	KUNIT_CASE(iova_test_narrow_room),
	KUNIT_CASE(iova_test_reserve_free),
	KUNIT_CASE(iova_test_reserve_busy),
	KUNIT_CASE(iova_test_reserve_cached),
	KUNIT_CASE(iova_test_free_many),
	KUNIT_CASE(iova_test_free_many_large),
	KUNIT_CASE(iova_test_lowest),
	{}
};

static struct kunit_suite iova_test_suite = {
	.name = "iova",
	.init = iova_test_init,
	.exit = iova_test_exit,
	.test_cases = iova_test_cases,
};

kunit_test_suite(iova_test_suite);

MODULE_DESCRIPTION("KUnit tests of the IOVA allocator");
MODULE_LICENSE("GPL");
