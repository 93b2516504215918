// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of want of memory: whatever probes, attaches, maps, allocates or
 * changes who shares what is done again and again, while its first allocation
 * fails, then its second, and so on, until none is left to fail.
 *
 * Each time, it has to either return an error and leave all as it was, or do
 * all that it does with memory. Then it has to work without a fault. What undoes
 * it goes through the same, but has no error to return.
 */
#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/debugfs.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mman.h>
#include <linux/msi.h>
#include <linux/of.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include <asm/dma-iommu.h>

#include "../../../drivers/iommu/dma-iommu.h"
#include "dma-mapping-test.h"

/* Regions of masters with a cell of 0 */
#define TEST_RESERVED_REGION	0x60000000
#define TEST_DIRECT_REGION	0x70000000
#define TEST_DIRECT_REGION_2	0x78000000
#define TEST_DOORBELL		0x08020000

/* More than there is at any time, so that a test that goes on forever ends */
#define TEST_MAX_FAULTS		4000

/* What an operation is about. The instances have to come first. */
struct test_faults {
	struct arm_dma_test instances;
	struct device *dev;		/* goes through it */
	struct device *twin;		/* with it, in its group */
	struct device *other;		/* does not notice, if it is bound */
	struct device *instance;	/* that goes through it */
	bool lasting;			/* the first failure is not the last */
	bool fired;			/* whether an allocation failed */

	struct dma_iommu_mapping *mapping;
	size_t size;
	gfp_t gfp;
	unsigned long attrs;
	const char *attr_before;
	const char *word_before;
	const char *attr;
	const char *word;
	void *buf;
	struct sg_table *sgt;
	struct file *file;
	dma_addr_t dma;
	void *cpu_addr;
	struct page *page;
	unsigned long addr;
};

/*
 * @setup and @teardown are around each round, @try is what allocations fail in,
 * @check has to hold if it returns 0, @failed if not, and @undo takes it back.
 * After that, and after an error, all has to be as before @try, unless @dev was
 * not known to its IOMMU before, or is in @motion; after @teardown, as before
 * @setup.
 */
struct test_op {
	void (*setup)(struct kunit *test);
	int (*try)(struct kunit *test);
	void (*check)(struct kunit *test);
	void (*failed)(struct kunit *test);
	void (*undo)(struct kunit *test);
	void (*teardown)(struct kunit *test);
	bool motion;
};

static struct test_faults *test_faults(struct kunit *test)
{
	return test->priv;
}

/*
 * Knobs, which only debugfs has: allocations that may sleep are to fail, too,
 * and pages of any kind, without a word in the log; and all of them where
 * current->make_it_fail is set
 */

static const struct test_knob {
	const char *name;
	bool is_bool;			/* or a word */
	int value;
} test_knobs[] = {
	{ "ignore-gfp-wait", true, false },
	{ "ignore-gfp-highmem", true, false },
	{ "min-order", false, 0 },
	{ "task-filter", true, true },
	{ "probability", false, 100 },
	{ "times", false, -1 },
	{ "verbose", false, 0 },
};

static const char *const test_knob_dirs[] = { "failslab", "fail_page_alloc" };

static int test_knobs_before[ARRAY_SIZE(test_knob_dirs)][ARRAY_SIZE(test_knobs)];

static int test_turn(void *what, bool is_bool, int value)
{
	int before = is_bool ? *(bool *)what : *(int *)what;

	if (is_bool)
		*(bool *)what = value;
	else
		*(int *)what = value;
	return before;
}

static void test_turn_knob(struct dentry *dir, const struct test_knob *knob,
			   int *before, bool restore)
{
	struct dentry *file = debugfs_lookup(knob->name, dir);

	/* Not all are in both directories */
	if (!file)
		return;
	*before = test_turn(d_inode(file)->i_private, knob->is_bool,
			    restore ? *before : knob->value);
	dput(file);
}

/* The other way round when restored: in no event do others get no memory */
static void test_turn_knobs(struct dentry *dir, int *before, bool restore)
{
	int i, n = ARRAY_SIZE(test_knobs);

	for (i = 0; i < n && !restore; i++)
		test_turn_knob(dir, &test_knobs[i], &before[i], restore);
	while (restore && n--)
		test_turn_knob(dir, &test_knobs[n], &before[n], restore);
}

static int test_turn_all_knobs(bool restore)
{
	struct dentry *dir;
	int i;

	for (i = 0; i < ARRAY_SIZE(test_knob_dirs); i++) {
		dir = debugfs_lookup(test_knob_dirs[i], NULL);
		if (!dir)
			return -ENOENT;
		test_turn_knobs(dir, test_knobs_before[i], restore);
		dput(dir);
	}
	return 0;
}

static int arm_dma_faults_suite_init(struct kunit_suite *suite)
{
	return test_turn_all_knobs(false);
}

static void arm_dma_faults_suite_exit(struct kunit_suite *suite)
{
	test_turn_all_knobs(true);
}

/* Have allocation number @nth of this thread fail; with @lasting, all after it */
static void test_inject(unsigned int nth, bool lasting)
{
	WRITE_ONCE(current->fail_nth, nth);
	current->make_it_fail = nth && lasting;
}

/* Whether it has */
static bool test_injected(unsigned int nth)
{
	bool fired = nth && !READ_ONCE(current->fail_nth);

	test_inject(0, false);
	return fired;
}

/*
 * Who has what
 */

enum {
	TEST_DOMAINS,
	TEST_PAGES,
	TEST_CONTEXTS,
	TEST_MASTERS,
	TEST_USERS,
	TEST_USED,
	TEST_RESERVED,
	TEST_OTHER_USERS,
	TEST_OTHER_USED,
	TEST_OTHER_RESERVED,
	TEST_NR_COUNTS,
};

static const char *const test_count_names[TEST_NR_COUNTS] = {
	[TEST_DOMAINS] = "domains",
	[TEST_PAGES] = "pages mapped",
	[TEST_CONTEXTS] = "contexts in use",
	[TEST_MASTERS] = "masters",
	[TEST_USERS] = "users of its mapping",
	[TEST_USED] = "bytes in use of its mapping",
	[TEST_RESERVED] = "bytes reserved in its mapping",
	[TEST_OTHER_USERS] = "users of the other mapping",
	[TEST_OTHER_USED] = "bytes in use of the other mapping",
	[TEST_OTHER_RESERVED] = "bytes reserved in the other mapping",
};

struct test_counts {
	bool known;			/* to its IOMMU */
	u64 count[TEST_NR_COUNTS];
};

/* Puts users, bytes in use and bytes reserved into @count */
static void test_count_mapping(struct device *dev, u64 *count)
{
	struct iommu_dma_mapping *mapping;
	struct iommu_dma_usage usage;

	mapping = dev ? iommu_get_dma_mapping(dev) : NULL;
	if (!mapping)
		return;

	iommu_dma_get_usage(mapping->domain, &usage);
	count[0] = refcount_read(&mapping->users);
	count[1] = usage.used;
	count[2] = usage.reserved;
}

static bool test_is_known(struct device *dev)
{
	return dev && device_iommu_mapped(dev);
}

static void test_count(struct kunit *test, struct test_counts *counts)
{
	struct test_faults *faults = test_faults(test);
	u64 *count = counts->count;

	memset(counts, 0, sizeof(*counts));
	counts->known = test_is_known(faults->dev);
	count[TEST_DOMAINS] = mock_iommu_nr_domains();
	count[TEST_PAGES] = test_pages(test);
	count[TEST_CONTEXTS] = test_mmu_a(test)->nr_contexts;
	count[TEST_MASTERS] = list_count_nodes(&test_mmu_a(test)->masters);
	test_count_mapping(faults->dev, &count[TEST_USERS]);
	test_count_mapping(faults->other, &count[TEST_OTHER_USERS]);
}

static void test_expect_counts(struct kunit *test, const char *when,
			       const struct test_counts *before)
{
	struct test_counts now;
	int i;

	test_count(test, &now);
	for (i = 0; i < TEST_NR_COUNTS; i++)
		KUNIT_EXPECT_EQ_MSG(test, now.count[i], before->count[i],
				    "%s: %s", when, test_count_names[i]);
}

/* Whoever is not about to be bound can be given up, with all it has */
static void test_renew(struct kunit *test, struct device **dev)
{
	struct device_node *np = of_node_get((*dev)->of_node);
	struct device *parent = (*dev)->parent;
	struct platform_device *pdev;

	of_platform_device_destroy(*dev, NULL);
	pdev = of_platform_device_create(np, NULL, parent);
	of_node_put(np);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	*dev = &pdev->dev;
}

/* Held by its bus only, so that it goes when it is renewed */
static struct device *test_find(struct kunit *test, const char *name)
{
	struct device_node *np = of_find_node_by_name(NULL, name);
	struct platform_device *pdev = np ? of_find_device_by_node(np) : NULL;

	of_node_put(np);
	KUNIT_ASSERT_NOT_NULL_MSG(test, pdev, "no device %s", name);
	put_device(&pdev->dev);
	return &pdev->dev;
}

/*
 * Rounds
 */

static void test_call(struct kunit *test, void (*function)(struct kunit *test))
{
	if (function)
		function(test);
}

static int test_try(struct kunit *test, const struct test_op *op,
		    unsigned int nth)
{
	int ret;

	test_inject(nth, test_faults(test)->lasting);
	ret = op->try(test);
	test_faults(test)->fired = test_injected(nth);
	if (!ret)
		test_call(test, op->check);
	return ret;
}

static void test_expect_undone(struct kunit *test, const struct test_op *op,
			       const char *when,
			       const struct test_counts *before)
{
	struct test_faults *faults = test_faults(test);

	if (!op->motion && test_is_known(faults->dev) == before->known)
		test_expect_counts(test, when, before);
}

/* Fails the allocation number @nth of @op, then has it done without faults */
static bool test_fail_try(struct kunit *test, const struct test_op *op,
			  unsigned int nth, unsigned int *errors)
{
	struct test_faults *faults = test_faults(test);
	struct test_counts before;
	bool fired;
	int ret;

	test_count(test, &before);
	ret = test_try(test, op, nth);
	fired = faults->fired;
	if (ret) {
		++*errors;
		KUNIT_EXPECT_TRUE_MSG(test, fired, "%d without a fault", ret);
		test_expect_undone(test, op, "after the error", &before);
		test_call(test, op->failed);
		if (faults->other && faults->other->driver)
			test_expect_translated(test, faults->other);
		KUNIT_ASSERT_EQ(test, test_try(test, op, 0), 0);
	}
	if (op->undo) {
		op->undo(test);
		test_expect_undone(test, op, "when undone", &before);
	}
	return fired;
}

/* Has @op done without a fault, then fails an allocation of what undoes it */
static bool test_fail_undo(struct kunit *test, const struct test_op *op,
			   unsigned int nth, unsigned int *errors)
{
	struct test_counts before;
	bool fired;

	test_count(test, &before);
	KUNIT_ASSERT_EQ(test, test_try(test, op, 0), 0);
	test_inject(nth, test_faults(test)->lasting);
	op->undo(test);
	fired = test_injected(nth);
	test_expect_undone(test, op, "when undone", &before);
	return fired;
}

typedef bool (*test_fail_fn)(struct kunit *test, const struct test_op *op,
			     unsigned int nth, unsigned int *errors);

/*
 * Rounds, until nothing is left to fail. Of the faults, @least have to be
 * something that @op cannot do without.
 */
static void test_sweep(struct kunit *test, const struct test_op *op,
		       test_fail_fn fail, const char *what, unsigned int least)
{
	unsigned int nth, errors = 0;
	struct test_counts before;
	bool fired = true;

	for (nth = 1; fired && nth < TEST_MAX_FAULTS; nth++) {
		test_count(test, &before);
		test_call(test, op->setup);
		fired = fail(test, op, nth, &errors);
		test_call(test, op->teardown);
		test_expect_counts(test, "in the end", &before);
		if (test->status != KUNIT_SUCCESS)
			kunit_err(test, "%s: fault %u\n", what, nth);
		KUNIT_ASSERT_EQ(test, test->status, KUNIT_SUCCESS);
	}
	kunit_info(test, "%s: %u faults, %u errors\n", what, nth - 2, errors);
	KUNIT_EXPECT_FALSE(test, fired);
	KUNIT_EXPECT_GE(test, errors, least);
}

/*
 * A single fault may be made up for by another attempt to allocate, so that
 * @least is about those after which there is no memory at all.
 */
static void test_sweep_try(struct kunit *test, const struct test_op *op,
			   unsigned int least)
{
	struct test_faults *faults = test_faults(test);

	faults->lasting = false;
	test_sweep(test, op, test_fail_try, "try, single", 0);
	faults->lasting = true;
	test_sweep(test, op, test_fail_try, "try, lasting", least);
}

static void test_sweep_undo(struct kunit *test, const struct test_op *op)
{
	struct test_faults *faults = test_faults(test);

	faults->lasting = false;
	test_sweep(test, op, test_fail_undo, "undo, single", 0);
	faults->lasting = true;
	test_sweep(test, op, test_fail_undo, "undo, lasting", 0);
}

static void test_sweep_both(struct kunit *test, const struct test_op *op,
			    unsigned int least)
{
	test_sweep_try(test, op, least);
	test_sweep_undo(test, op);
}

/*
 * Buffers that drivers bring
 */

static int test_map_single(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->dma = dma_map_single(faults->dev, faults->buf, faults->size,
				     DMA_BIDIRECTIONAL);
	return dma_mapping_error(faults->dev, faults->dma);
}

static void test_check_single(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	test_expect_range(test, faults->dev, faults->dma,
			  virt_to_phys(faults->buf), faults->size);
}

static void test_unmap_single(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	dma_unmap_single(faults->dev, faults->dma, faults->size,
			 DMA_BIDIRECTIONAL);
}

static int test_map_sgtable(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	return dma_map_sgtable(faults->dev, faults->sgt, DMA_BIDIRECTIONAL, 0);
}

static void test_check_sgtable(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);
	struct sg_dma_page_iter dma_iter;
	struct sg_page_iter iter;

	__sg_page_iter_start(&iter, faults->sgt->sgl, faults->sgt->orig_nents,
			     0);
	for_each_sgtable_dma_page(faults->sgt, &dma_iter, 0) {
		KUNIT_ASSERT_TRUE(test, __sg_page_iter_next(&iter));
		test_expect_range(test, faults->dev,
				  sg_page_iter_dma_address(&dma_iter),
				  page_to_phys(sg_page_iter_page(&iter)),
				  PAGE_SIZE);
	}
	KUNIT_EXPECT_FALSE(test, __sg_page_iter_next(&iter));
}

static void test_unmap_sgtable(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	dma_unmap_sgtable(faults->dev, faults->sgt, DMA_BIDIRECTIONAL, 0);
}

static int test_map_resource(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->dma = dma_map_resource(faults->dev, TEST_RESOURCE, faults->size,
				       DMA_BIDIRECTIONAL, 0);
	return dma_mapping_error(faults->dev, faults->dma);
}

static void test_check_resource(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	test_expect_range(test, faults->dev, faults->dma, TEST_RESOURCE,
			  faults->size);
}

static void test_unmap_resource(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	dma_unmap_resource(faults->dev, faults->dma, faults->size,
			   DMA_BIDIRECTIONAL, 0);
}

static const struct test_op test_op_single = {
	.try = test_map_single,
	.check = test_check_single,
	.undo = test_unmap_single,
};

static const struct test_op test_op_sgtable = {
	.try = test_map_sgtable,
	.check = test_check_sgtable,
	.undo = test_unmap_sgtable,
};

static const struct test_op test_op_resource = {
	.try = test_map_resource,
	.check = test_check_resource,
	.undo = test_unmap_resource,
};

/* Two masters at work, in one mapping if that is the policy */
static struct test_faults *test_bind_two(struct kunit *test, const char *name)
{
	struct test_faults *faults = test_faults(test);

	faults->dev = test_master_past_zero(test, name);
	faults->other = test_master_past_zero(test, "mock-master-a1");
	return faults;
}

static void arm_dma_faults_map(struct kunit *test)
{
	struct test_faults *faults = test_bind_two(test, "mock-master-a0");

	/* IOVAs of this size are cached, and of the other they are not */
	faults->size = SZ_16K;
	faults->buf = test_buffer(test, SZ_256K);
	test_sweep_both(test, &test_op_single, 3);
	faults->size = SZ_256K;
	test_sweep_both(test, &test_op_single, 4);

	test_sweep_both(test, &test_op_resource, 4);

	faults->sgt = test_scatter(test, 65);
	test_sweep_both(test, &test_op_sgtable, 4);
}

/* So many that what is freed does not fit in what the caches have */
static int test_map_many(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);
	dma_addr_t *dma = faults->cpu_addr;
	int i;

	for (i = 0; i < 300; i++) {
		dma[i] = dma_map_single(faults->dev, faults->buf, SZ_4K,
					DMA_BIDIRECTIONAL);
		if (dma_mapping_error(faults->dev, dma[i]))
			break;
	}
	if (i == 300)
		return 0;

	while (i--)
		dma_unmap_single(faults->dev, dma[i], SZ_4K, DMA_BIDIRECTIONAL);
	return -ENOMEM;
}

static void test_unmap_many(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);
	dma_addr_t *dma = faults->cpu_addr;
	int i;

	for (i = 0; i < 300; i++)
		dma_unmap_single(faults->dev, dma[i], SZ_4K, DMA_BIDIRECTIONAL);
}

static const struct test_op test_op_many = {
	.try = test_map_many,
	.undo = test_unmap_many,
};

static void arm_dma_faults_map_many(struct kunit *test)
{
	struct test_faults *faults = test_bind_two(test, "mock-master-a0");

	faults->buf = test_buffer(test, SZ_4K);
	faults->cpu_addr = test_buffer(test, 300 * sizeof(dma_addr_t));
	test_sweep_undo(test, &test_op_many);
	test_sweep_try(test, &test_op_many, 5);
}

/*
 * Buffers that the API allocates
 */

static int test_alloc_attrs(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->cpu_addr = dma_alloc_attrs(faults->dev, faults->size,
					   &faults->dma, faults->gfp,
					   faults->attrs);
	return faults->cpu_addr ? 0 : -ENOMEM;
}

static void test_check_alloc_attrs(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	if (!(faults->attrs & DMA_ATTR_NO_KERNEL_MAPPING))
		test_expect_buffer(test, faults->dev, faults->dma,
				   faults->cpu_addr, faults->size);
}

static void test_free_attrs(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	dma_free_attrs(faults->dev, faults->size, faults->cpu_addr,
		       faults->dma, faults->attrs);
}

static const struct test_op test_op_alloc_attrs = {
	.try = test_alloc_attrs,
	.check = test_check_alloc_attrs,
	.undo = test_free_attrs,
};

static int test_alloc_pages(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->page = dma_alloc_pages(faults->dev, faults->size, &faults->dma,
				       DMA_BIDIRECTIONAL, GFP_KERNEL);
	return faults->page ? 0 : -ENOMEM;
}

static void test_check_alloc_pages(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	test_expect_range(test, faults->dev, faults->dma,
			  page_to_phys(faults->page), faults->size);
}

static void test_free_pages(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	dma_free_pages(faults->dev, faults->size, faults->page, faults->dma,
		       DMA_BIDIRECTIONAL);
}

static const struct test_op test_op_alloc_pages = {
	.try = test_alloc_pages,
	.check = test_check_alloc_pages,
	.undo = test_free_pages,
};

static int test_alloc_noncontiguous(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->sgt = dma_alloc_noncontiguous(faults->dev, faults->size,
					      DMA_BIDIRECTIONAL, GFP_KERNEL, 0);
	if (!faults->sgt)
		return -ENOMEM;

	faults->cpu_addr = dma_vmap_noncontiguous(faults->dev, faults->size,
						  faults->sgt);
	if (faults->cpu_addr)
		return 0;

	dma_free_noncontiguous(faults->dev, faults->size, faults->sgt,
			       DMA_BIDIRECTIONAL);
	return -ENOMEM;
}

static void test_check_noncontiguous(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	test_expect_buffer(test, faults->dev,
			   sg_dma_address(faults->sgt->sgl), faults->cpu_addr,
			   faults->size);
}

static void test_free_noncontiguous(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	dma_vunmap_noncontiguous(faults->dev, faults->cpu_addr);
	dma_free_noncontiguous(faults->dev, faults->size, faults->sgt,
			       DMA_BIDIRECTIONAL);
}

static const struct test_op test_op_noncontiguous = {
	.try = test_alloc_noncontiguous,
	.check = test_check_noncontiguous,
	.undo = test_free_noncontiguous,
};

static void arm_dma_faults_alloc(struct kunit *test)
{
	struct test_faults *faults = test_bind_two(test, "mock-master-a0");

	faults->gfp = GFP_KERNEL;
	faults->size = PAGE_SIZE;
	test_sweep_both(test, &test_op_alloc_attrs, 6);
	faults->size = SZ_256K + SZ_4K;
	test_sweep_both(test, &test_op_alloc_attrs, 8);
	faults->attrs = DMA_ATTR_NO_KERNEL_MAPPING;
	test_sweep_both(test, &test_op_alloc_attrs, 8);
	faults->attrs = DMA_ATTR_FORCE_CONTIGUOUS;
	test_sweep_both(test, &test_op_alloc_attrs, 6);

	test_sweep_both(test, &test_op_alloc_pages, 4);
	dma_set_max_seg_size(faults->dev, UINT_MAX);
	test_sweep_both(test, &test_op_noncontiguous, 8);
}

static void arm_dma_faults_alloc_coherent_master(struct kunit *test)
{
	struct test_faults *faults = test_bind_two(test, "mock-coherent-a");

	faults->gfp = GFP_KERNEL;
	faults->size = PAGE_SIZE;
	test_sweep_both(test, &test_op_alloc_attrs, 6);
	faults->size = SZ_256K;
	test_sweep_both(test, &test_op_alloc_attrs, 6);
	faults->gfp = GFP_ATOMIC;
	test_sweep_both(test, &test_op_alloc_attrs, 3);
}

/* From the pool, so that only IOVAs and page tables are allocated */
static void arm_dma_faults_alloc_atomic(struct kunit *test)
{
	struct test_faults *faults = test_bind_two(test, "mock-master-a0");

	faults->gfp = GFP_ATOMIC;
	faults->size = PAGE_SIZE;
	test_sweep_both(test, &test_op_alloc_attrs, 3);
	faults->size = SZ_64K + SZ_4K;
	test_sweep_both(test, &test_op_alloc_attrs, 3);
}

static int test_get_sgtable(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	return dma_get_sgtable_attrs(faults->dev, faults->sgt,
				     faults->cpu_addr, faults->dma,
				     faults->size, faults->attrs);
}

static void test_put_sgtable(struct kunit *test)
{
	sg_free_table(test_faults(test)->sgt);
}

static const struct test_op test_op_get_sgtable = {
	.try = test_get_sgtable,
	.undo = test_put_sgtable,
};

static void test_get_sgtable_of(struct kunit *test, gfp_t gfp,
				unsigned long attrs)
{
	struct test_faults *faults = test_faults(test);

	faults->gfp = gfp;
	faults->attrs = attrs;
	KUNIT_ASSERT_EQ(test, test_alloc_attrs(test), 0);
	test_sweep_try(test, &test_op_get_sgtable, 1);
	test_free_attrs(test);
}

static void arm_dma_faults_get_sgtable(struct kunit *test)
{
	struct test_faults *faults = test_bind_two(test, "mock-master-a0");

	faults->size = SZ_64K;
	faults->sgt = test_buffer(test, sizeof(*faults->sgt));
	test_get_sgtable_of(test, GFP_KERNEL, 0);
	test_get_sgtable_of(test, GFP_ATOMIC, 0);
	test_get_sgtable_of(test, GFP_KERNEL, DMA_ATTR_NO_KERNEL_MAPPING);
}

static int test_mmap_fop(struct file *file, struct vm_area_struct *vma)
{
	struct test_faults *faults = file->private_data;

	return dma_mmap_attrs(faults->dev, vma, faults->cpu_addr, faults->dma,
			      faults->size, faults->attrs);
}

static const struct file_operations test_mmap_fops = {
	.mmap = test_mmap_fop,
};

static int test_mmap(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->addr = vm_mmap(faults->file, 0, faults->size, PROT_READ,
			       MAP_SHARED, 0);
	return IS_ERR_VALUE(faults->addr) ? faults->addr : 0;
}

static void test_munmap(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	KUNIT_EXPECT_EQ(test, vm_munmap(faults->addr, faults->size), 0);
}

static const struct test_op test_op_mmap = {
	.try = test_mmap,
	.undo = test_munmap,
};

static void test_mmap_of(struct kunit *test, gfp_t gfp, unsigned long attrs)
{
	struct test_faults *faults = test_faults(test);

	faults->gfp = gfp;
	faults->attrs = attrs;
	KUNIT_ASSERT_EQ(test, test_alloc_attrs(test), 0);
	/* This one gives the thread an address space */
	faults->addr = kunit_vm_mmap(test, faults->file, 0, faults->size,
				     PROT_READ, MAP_SHARED, 0);
	KUNIT_ASSERT_NE(test, faults->addr, 0);
	test_munmap(test);
	test_sweep_try(test, &test_op_mmap, 3);
	test_free_attrs(test);
}

static void arm_dma_faults_mmap(struct kunit *test)
{
	struct test_faults *faults = test_bind_two(test, "mock-master-a0");

	faults->size = SZ_16K;
	faults->file = anon_inode_getfile("arm-dma-faults", &test_mmap_fops,
					  faults, O_RDWR);
	KUNIT_ASSERT_FALSE(test, IS_ERR(faults->file));
	test_mmap_of(test, GFP_KERNEL, 0);
	test_mmap_of(test, GFP_ATOMIC, 0);
	test_mmap_of(test, GFP_KERNEL, DMA_ATTR_NO_KERNEL_MAPPING);
	fput(faults->file);
}

/*
 * Masters that are bound
 */

static int test_bind(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);
	int ret = mock_master_bind(faults->dev);

	if (ret || !faults->twin)
		return ret;

	ret = mock_master_bind(faults->twin);
	if (ret)
		mock_master_unbind(faults->dev);
	return ret;
}

/* But for regions that the driver did not report, and cannot say so */
static void test_expect_regions(struct kunit *test, struct device *dev)
{
	struct mock_iommu *mmu = test_mmu_a(test);
	struct mock_iommu_resv *resv;

	if (atomic_read(&mmu->nr_resv_lost))
		return;

	list_for_each_entry(resv, &mmu->resv, list)
		if (resv->type == IOMMU_RESV_DIRECT)
			test_expect_range(test, dev, resv->start, resv->start,
					  resv->length);
}

/* It may have got a mapping of its own instead, but it has one */
static void test_check_bound(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	test_expect_translated(test, faults->dev);
	if (faults->twin) {
		test_expect_translated(test, faults->twin);
		KUNIT_EXPECT_PTR_EQ(test, iommu_get_dma_mapping(faults->dev),
				    iommu_get_dma_mapping(faults->twin));
	}
	if (faults->other)
		test_expect_translated(test, faults->other);
	test_expect_regions(test, faults->dev);
}

static void test_unbind(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	mock_master_unbind(faults->dev);
	KUNIT_EXPECT_NULL(test, faults->dev->driver);
	if (!faults->twin)
		return;

	mock_master_unbind(faults->twin);
	KUNIT_EXPECT_NULL(test, faults->twin->driver);
}

static void test_setup_other(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	atomic_set(&test_mmu_a(test)->nr_resv_lost, 0);
	if (faults->other)
		KUNIT_ASSERT_EQ(test, mock_master_bind(faults->other), 0);
}

static void test_renew_all(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	test_renew(test, &faults->dev);
	if (faults->twin)
		test_renew(test, &faults->twin);
	if (faults->other)
		test_renew(test, &faults->other);
}

static const struct test_op test_op_bind = {
	.setup = test_setup_other,
	.try = test_bind,
	.check = test_check_bound,
	.undo = test_unbind,
	.teardown = test_renew_all,
};

static void arm_dma_faults_bind_first(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->dev = test_find(test, "mock-master-a0");
	test_sweep_both(test, &test_op_bind, 40);
}

static void arm_dma_faults_bind_next(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->dev = test_find(test, "mock-master-a0");
	faults->other = test_find(test, "mock-master-a1");
	test_sweep_both(test, &test_op_bind, 15);
}

static void arm_dma_faults_bind_last_context(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	test_mmu_a(test)->max_contexts = 1;
	faults->dev = test_find(test, "mock-master-a0");
	faults->other = test_find(test, "mock-master-a1");
	test_sweep_both(test, &test_op_bind, 15);
}

static void arm_dma_faults_bind_twins(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->dev = test_find(test, "mock-twin-a0");
	faults->twin = test_find(test, "mock-twin-a1");
	faults->other = test_find(test, "mock-master-a1");
	test_sweep_both(test, &test_op_bind, 30);
}

/* Its window does not go with that of the others */
static void arm_dma_faults_bind_window(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->dev = test_find(test, "mock-master-small");
	faults->other = test_find(test, "mock-master-a1");
	test_sweep_both(test, &test_op_bind, 40);
}

static void test_add_region(struct kunit *test, phys_addr_t start,
			    enum iommu_resv_type type)
{
	KUNIT_ASSERT_EQ(test, 0,
			mock_iommu_add_resv(test, test_mmu_a(test), 0, start,
					    SZ_64K, type));
}

/* Two are mapped directly, so that one may have to be undone */
static void test_add_regions(struct kunit *test)
{
	test_add_region(test, TEST_RESERVED_REGION, IOMMU_RESV_RESERVED);
	test_add_region(test, TEST_DIRECT_REGION, IOMMU_RESV_DIRECT);
	test_add_region(test, TEST_DIRECT_REGION_2, IOMMU_RESV_DIRECT);
	test_add_region(test, TEST_DOORBELL, IOMMU_RESV_MSI);
}

static void arm_dma_faults_bind_regions(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	test_add_regions(test);
	faults->dev = test_find(test, "mock-master-a0");
	test_sweep_both(test, &test_op_bind, 60);
	faults->other = test_find(test, "mock-master-a1");
	test_sweep_both(test, &test_op_bind, 40);
}

/* Another master uses what is to be reserved for @dev */
static void test_setup_in_use(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	test_setup_other(test);
	faults->dma = dma_map_single(faults->other, faults->buf, SZ_4K,
				     DMA_TO_DEVICE);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(faults->other, faults->dma));
}

static void test_check_isolated(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	test_check_bound(test);
	if (!atomic_read(&test_mmu_a(test)->nr_resv_lost))
		KUNIT_EXPECT_PTR_NE(test, iommu_get_dma_mapping(faults->dev),
				    iommu_get_dma_mapping(faults->other));
}

static void test_teardown_in_use(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	dma_unmap_single(faults->other, faults->dma, SZ_4K, DMA_TO_DEVICE);
	test_renew_all(test);
}

static const struct test_op test_op_bind_isolated = {
	.setup = test_setup_in_use,
	.try = test_bind,
	.check = test_check_isolated,
	.undo = test_unbind,
	.teardown = test_teardown_in_use,
};

static void arm_dma_faults_bind_isolated(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->dev = test_find(test, "mock-master-a0");
	faults->other = test_find(test, "mock-master-a1");
	faults->buf = test_buffer(test, SZ_4K);

	/* In a new mapping, the first address is the same each time */
	test_setup_in_use(test);
	test_add_region(test, faults->dma & ~(SZ_64K - 1), IOMMU_RESV_RESERVED);
	test_teardown_in_use(test);
	test_sweep_both(test, &test_op_bind_isolated, 40);
}

/*
 * Groups that change who they share with
 */

static int test_write_attr(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);
	ssize_t ret;

	ret = mock_master_write(faults->dev, faults->attr, faults->word);
	return ret < 0 ? ret : 0;
}

/* Without memory for its flush queue, a new domain is strict */
static bool test_may_be_strict(struct test_faults *faults)
{
	return faults->fired && !strcmp(faults->word, "DMA-FQ") &&
	       !faults->word_before;
}

static void test_check_attr(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);
	const char *reads = strcmp(faults->word, "auto") ? faults->word : "DMA";

	if (!test_may_be_strict(faults))
		test_expect_attr(test, faults->dev, faults->attr, reads);
	if (!strcmp(faults->word, "identity"))
		return;

	KUNIT_ASSERT_EQ(test, test_bind(test), 0);
	test_check_bound(test);
	test_unbind(test);
}

/* What it had before works as before */
static void test_failed_attr(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	KUNIT_ASSERT_EQ(test, test_bind(test), 0);
	if (use_dma_iommu(faults->dev))
		test_check_bound(test);
	else
		test_expect_attr(test, faults->dev, "type", "identity");
	test_unbind(test);
}

/* Has @dev, which is not bound then, go through all of the words before */
static void test_setup_attr(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	test_setup_other(test);
	KUNIT_ASSERT_EQ(test, test_bind(test), 0);
	test_unbind(test);
	if (faults->word_before)
		KUNIT_ASSERT_GT(test, 0,
				-mock_master_write(faults->dev,
						   faults->attr_before,
						   faults->word_before));
}

static const struct test_op test_op_attr = {
	.setup = test_setup_attr,
	.try = test_write_attr,
	.check = test_check_attr,
	.failed = test_failed_attr,
	.teardown = test_renew_all,
};

static void test_change(struct kunit *test, const char *attr_before,
			const char *word_before, const char *attr,
			const char *word, unsigned int least)
{
	struct test_faults *faults = test_faults(test);

	kunit_info(test, "from %s to %s\n", word_before ?: "shared", word);
	faults->attr_before = attr_before;
	faults->word_before = word_before;
	faults->attr = attr;
	faults->word = word;
	test_sweep_try(test, &test_op_attr, least);
}

static void test_change_all(struct kunit *test)
{
	test_change(test, NULL, NULL, "type", "identity", 0);
	test_change(test, NULL, NULL, "type", "DMA-FQ", 20);
	test_change(test, "type", "identity", "type", "DMA", 0);
	test_change(test, "type", "identity", "type", "auto", 0);
	test_change(test, "type", "DMA-FQ", "type", "auto", 0);
}

static void arm_dma_faults_change(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	test_needs_sharing(test);
	faults->dev = test_find(test, "mock-master-a0");
	faults->other = test_find(test, "mock-master-a1");
	test_change_all(test);
	test_change(test, NULL, NULL, "mapping", "isolated", 20);
	test_change(test, "mapping", "isolated", "mapping", "shared", 0);
	test_change(test, "mapping", "isolated", "type", "DMA-FQ", 0);
}

static void arm_dma_faults_change_regions(struct kunit *test)
{
	test_add_regions(test);
	arm_dma_faults_change(test);
}

static void arm_dma_faults_change_twins(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	test_needs_sharing(test);
	faults->dev = test_find(test, "mock-twin-a0");
	faults->twin = test_find(test, "mock-twin-a1");
	faults->other = test_find(test, "mock-master-a1");
	test_change_all(test);
	test_change(test, NULL, NULL, "mapping", "isolated", 20);
	test_change(test, "mapping", "isolated", "mapping", "shared", 0);
}

/* There is nobody to share with */
static void arm_dma_faults_change_alone(struct kunit *test)
{
	test_faults(test)->dev = test_find(test, "mock-master-a0");
	test_change_all(test);
}

/*
 * The ARM mapping API
 */

static int test_create_mapping(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->mapping = arm_iommu_create_mapping(faults->dev, SZ_1G, SZ_2G);
	return PTR_ERR_OR_ZERO(faults->mapping);
}

static void test_release_mapping(struct kunit *test)
{
	arm_iommu_release_mapping(test_faults(test)->mapping);
}

static const struct test_op test_op_create = {
	.try = test_create_mapping,
	.undo = test_release_mapping,
};

static void arm_dma_faults_create_mapping(struct kunit *test)
{
	test_bind_two(test, "mock-master-a0");
	test_sweep_both(test, &test_op_create, 20);
}

static int test_attach_mapping(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	return arm_iommu_attach_device(faults->dev, faults->mapping);
}

static void test_detach_mapping(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	arm_iommu_detach_device(faults->dev);
	KUNIT_EXPECT_NULL(test, to_dma_iommu_mapping(faults->dev));
}

/* Takes @dev out of the mapping that it came with, and keeps that */
static void test_setup_detached(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	test_setup_other(test);
	KUNIT_ASSERT_EQ(test, mock_master_bind(faults->dev), 0);
	faults->mapping = to_dma_iommu_mapping(faults->dev);
	KUNIT_ASSERT_NOT_NULL(test, faults->mapping);
	test_detach_mapping(test);
}

static void test_setup_window(struct kunit *test)
{
	test_setup_detached(test);
	test_release_mapping(test);
	KUNIT_ASSERT_EQ(test, test_create_mapping(test), 0);
}

static void test_check_window(struct kunit *test)
{
	test_expect_window(test, test_faults(test)->dev, SZ_1G, SZ_2G);
}

static void test_teardown_mapping(struct kunit *test)
{
	test_release_mapping(test);
	test_renew_all(test);
}

static const struct test_op test_op_attach_window = {
	.setup = test_setup_window,
	.try = test_attach_mapping,
	.check = test_check_window,
	.undo = test_detach_mapping,
	.teardown = test_teardown_mapping,
};

/* What @dev brought stays in the mapping */
static const struct test_op test_op_attach_regions = {
	.setup = test_setup_window,
	.try = test_attach_mapping,
	.check = test_check_window,
	.teardown = test_teardown_mapping,
};

static const struct test_op test_op_attach_again = {
	.setup = test_setup_detached,
	.try = test_attach_mapping,
	.check = test_check_bound,
	.undo = test_detach_mapping,
	.teardown = test_teardown_mapping,
};

static void arm_dma_faults_attach_mapping(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->dev = test_find(test, "mock-master-a0");
	faults->other = test_find(test, "mock-master-a1");
	test_sweep_both(test, &test_op_attach_window, 0);
	test_sweep_both(test, &test_op_attach_again, 0);
	test_add_regions(test);
	test_sweep_try(test, &test_op_attach_regions, 8);
}

/*
 * Whoever is bound next gets a mapping as if there had not been another. It may
 * take two attempts, if there was no memory for that when the last one left.
 */
static int test_rebind(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);
	int ret;

	mock_master_unbind(faults->dev);
	KUNIT_EXPECT_NULL(test, faults->dev->driver);
	ret = mock_master_bind(faults->dev);
	/* That is what the driver core makes of -EPROBE_DEFER */
	return ret == -EAGAIN ? mock_master_bind(faults->dev) : ret;
}

static void test_setup_replaced(struct kunit *test)
{
	test_setup_detached(test);
	test_release_mapping(test);
}

static const struct test_op test_op_restore = {
	.setup = test_setup_replaced,
	.try = test_rebind,
	.check = test_check_bound,
	.teardown = test_renew_all,
	.motion = true,
};

static void arm_dma_faults_restore(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->dev = test_find(test, "mock-master-a0");
	test_sweep_try(test, &test_op_restore, 20);
	faults->other = test_find(test, "mock-master-a1");
	test_sweep_try(test, &test_op_restore, 2);
}

/*
 * MSI doorbells
 */

static void test_setup_bound(struct kunit *test)
{
	test_setup_other(test);
	KUNIT_ASSERT_EQ(test, test_bind(test), 0);
}

static int test_prepare_msi(struct kunit *test)
{
	struct msi_desc desc = { .dev = test_faults(test)->dev };

	return iommu_dma_prepare_msi(&desc, TEST_DOORBELL);
}

static void test_check_msi(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);
	struct msi_desc desc = { .dev = faults->dev };
	struct msi_msg msg = { .address_lo = TEST_DOORBELL };

	KUNIT_EXPECT_EQ(test, iommu_dma_prepare_msi(&desc, TEST_DOORBELL), 0);
	iommu_dma_compose_msi_msg(&desc, &msg);
	KUNIT_EXPECT_EQ(test, TEST_DOORBELL,
			test_translate(faults->dev,
				       (u64)msg.address_hi << 32 |
				       msg.address_lo));
}

static const struct test_op test_op_msi = {
	.setup = test_setup_bound,
	.try = test_prepare_msi,
	.check = test_check_msi,
	.teardown = test_renew_all,
};

static void arm_dma_faults_msi(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->dev = test_find(test, "mock-master-a0");
	faults->other = test_find(test, "mock-master-a1");
	test_sweep_try(test, &test_op_msi, 4);
}

/*
 * Instances
 */

static int test_register(struct kunit *test)
{
	return device_attach(test_faults(test)->instance) == 1 ? 0 : -ENOMEM;
}

static void test_check_registered(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);
	struct device *dev = test_find(test, "mock-master-b0");

	KUNIT_EXPECT_NOT_NULL(test, faults->instance->driver);
	KUNIT_ASSERT_EQ(test, mock_master_bind(dev), 0);
	test_expect_translated(test, dev);
	mock_master_unbind(dev);
}

static void test_unregister(struct kunit *test)
{
	device_release_driver(test_faults(test)->instance);
	KUNIT_EXPECT_NULL(test, test_faults(test)->instance->driver);
}

static void test_renew_b0(struct kunit *test)
{
	struct device *dev = test_find(test, "mock-master-b0");

	test_renew(test, &dev);
}

static const struct test_op test_op_register = {
	.try = test_register,
	.check = test_check_registered,
	.undo = test_unregister,
	.teardown = test_renew_b0,
};

static void arm_dma_faults_register(struct kunit *test)
{
	struct test_faults *faults = test_faults(test);

	faults->instance = test_mmu_b(test)->dev;
	faults->other = test_master(test, "mock-master-a0");
	faults->instances.b = NULL;
	test_unregister(test);
	test_sweep_both(test, &test_op_register, 12);
}

static struct kunit_case arm_dma_faults_cases[] = {
	KUNIT_CASE_SLOW(arm_dma_faults_map),
	KUNIT_CASE_SLOW(arm_dma_faults_map_many),
	KUNIT_CASE_SLOW(arm_dma_faults_alloc),
	KUNIT_CASE_SLOW(arm_dma_faults_alloc_coherent_master),
	KUNIT_CASE_SLOW(arm_dma_faults_alloc_atomic),
	KUNIT_CASE_SLOW(arm_dma_faults_get_sgtable),
	KUNIT_CASE_SLOW(arm_dma_faults_mmap),
	KUNIT_CASE_SLOW(arm_dma_faults_bind_first),
	KUNIT_CASE_SLOW(arm_dma_faults_bind_next),
	KUNIT_CASE_SLOW(arm_dma_faults_bind_last_context),
	KUNIT_CASE_SLOW(arm_dma_faults_bind_twins),
	KUNIT_CASE_SLOW(arm_dma_faults_bind_window),
	KUNIT_CASE_SLOW(arm_dma_faults_bind_regions),
	KUNIT_CASE_SLOW(arm_dma_faults_bind_isolated),
	KUNIT_CASE_SLOW(arm_dma_faults_change),
	KUNIT_CASE_SLOW(arm_dma_faults_change_regions),
	KUNIT_CASE_SLOW(arm_dma_faults_change_twins),
	KUNIT_CASE_SLOW(arm_dma_faults_change_alone),
	KUNIT_CASE_SLOW(arm_dma_faults_create_mapping),
	KUNIT_CASE_SLOW(arm_dma_faults_attach_mapping),
	KUNIT_CASE_SLOW(arm_dma_faults_restore),
	KUNIT_CASE_SLOW(arm_dma_faults_msi),
	KUNIT_CASE_SLOW(arm_dma_faults_register),
	{}
};

static int arm_dma_faults_init(struct kunit *test)
{
	struct test_faults *faults;
	int ret;

	ret = arm_dma_test_init(test);
	if (ret)
		return ret;

	faults = kunit_kzalloc(test, sizeof(*faults), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, faults);
	faults->instances = *(struct arm_dma_test *)test->priv;
	test->priv = faults;
	return 0;
}

static struct kunit_suite arm_dma_faults_suite = {
	.name = "arm_dma_faults",
	.suite_init = arm_dma_faults_suite_init,
	.suite_exit = arm_dma_faults_suite_exit,
	.init = arm_dma_faults_init,
	.test_cases = arm_dma_faults_cases,
};

kunit_test_suite(arm_dma_faults_suite);
