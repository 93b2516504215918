// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DMA mapping that the groups of an IOMMU instance share:
 * who shares it, what a late master may bring, and that it goes with its last
 * master.
 *
 * IOMMUs and masters are mocks; see mock-iommu.c. Where the policy is not to
 * share, as it is by default on all but 32-bit ARM, there is nothing to test:
 * iommu.isolate=0 on the kernel's command line changes that.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/iommu-dma.h>
#include <linux/kthread.h>
#include <linux/sizes.h>

#include "dma-iommu.h"
#include "mock-iommu.h"

#define LAST_PAGE		(SZ_4G - SZ_4K)

/* Of test->priv */
struct mapping_test {
	struct mock_iommu *a;
	struct mock_iommu *b;
};

static struct mock_iommu *mmu_a(struct kunit *test)
{
	return ((struct mapping_test *)test->priv)->a;
}

static struct mock_iommu *mmu_b(struct kunit *test)
{
	return ((struct mapping_test *)test->priv)->b;
}

static struct iommu_dma_mapping *mapping_of(struct device *dev)
{
	return iommu_get_dma_mapping(dev);
}

static struct iommu_domain *domain_of(struct device *dev)
{
	return iommu_get_domain_for_dev(dev);
}

static void remove_master(void *data)
{
	struct device *dev = data;

	if (device_is_registered(dev))
		mock_master_remove(dev);
}

/* A master without a driver, for now; in any case, it goes with the test */
static struct device *find_master(struct kunit *test, const char *name)
{
	struct device *dev = mock_master_find(test, name);

	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, remove_master, dev));
	return dev;
}

static struct device *add_master(struct kunit *test, const char *name)
{
	struct device *dev = find_master(test, name);

	KUNIT_ASSERT_EQ(test, mock_master_bind(dev), 0);
	KUNIT_ASSERT_NOT_NULL(test, mapping_of(dev));
	return dev;
}

/* After it was removed */
static struct device *return_master(struct kunit *test, struct device *dev)
{
	const char *name = dev->of_node->name;

	KUNIT_ASSERT_NOT_NULL(test, mock_master_return(dev));
	return add_master(test, name);
}

static void add_resv(struct kunit *test, struct mock_iommu *mmu, u32 id,
		     enum iommu_resv_type type, phys_addr_t start, size_t size)
{
	KUNIT_ASSERT_EQ(test, 0,
			mock_iommu_add_resv(test, mmu, id, start, size, type));
}

/* What becomes of a driver whose master's IOMMU cannot be set up */
static int bind_error(int error)
{
	return IS_ENABLED(CONFIG_ARM) ? error : 0;
}

/* One page, by the DMA API: with an otherwise empty window it is the last one */
static dma_addr_t map_page(struct kunit *test, struct device *dev)
{
	struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t iova;

	KUNIT_ASSERT_NOT_NULL(test, page);
	iova = dma_map_page(dev, page, 0, SZ_4K, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, iova));
	KUNIT_EXPECT_EQ(test, page_to_phys(page),
			iommu_iova_to_phys(mapping_of(dev)->domain, iova));
	return iova;
}

static void unmap_page(struct device *dev, dma_addr_t iova)
{
	phys_addr_t phys = iommu_iova_to_phys(mapping_of(dev)->domain, iova);

	dma_unmap_page(dev, iova, SZ_4K, DMA_BIDIRECTIONAL);
	__free_page(phys_to_page(phys));
}

static void mapping_test_shared(struct kunit *test)
{
	struct device *a = add_master(test, "mock-master-a0");
	struct device *b = add_master(test, "mock-master-a1");
	struct iommu_device *iommu = &mmu_a(test)->iommu;

	KUNIT_EXPECT_NE(test, iommu_group_id(a->iommu_group),
			iommu_group_id(b->iommu_group));
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(a), mapping_of(b));
	KUNIT_EXPECT_PTR_EQ(test, &mapping_of(a)->entry,
			    iommu->mappings.next);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&iommu->mappings));
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(a)->iommu, iommu);
	KUNIT_EXPECT_PTR_EQ(test, domain_of(a), domain_of(b));
	KUNIT_EXPECT_EQ(test, refcount_read(&mapping_of(a)->users), 2);
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), 1);

	/* The first may go before the second, and come back */
	mock_master_remove(a);
	KUNIT_EXPECT_EQ(test, refcount_read(&mapping_of(b)->users), 1);
	unmap_page(b, map_page(test, b));
	a = return_master(test, a);
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(a), mapping_of(b));

	mock_master_remove(b);
	mock_master_remove(a);
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), 0);

	/* The mapping went with its last master, and the next brings another */
	a = return_master(test, a);
	KUNIT_EXPECT_EQ(test, refcount_read(&mapping_of(a)->users), 1);
}

static void mapping_test_two_instances(struct kunit *test)
{
	struct device *a = add_master(test, "mock-master-a0");
	struct device *b = add_master(test, "mock-master-b0");
	dma_addr_t iova_a = map_page(test, a), iova_b = map_page(test, b);

	/* Each has a page table and an allocator of its own */
	KUNIT_EXPECT_PTR_NE(test, mapping_of(a), mapping_of(b));
	KUNIT_EXPECT_EQ(test, iova_a, iova_b);

	unmap_page(a, iova_a);
	unmap_page(b, iova_b);
}

/* Nobody gets an IOVA in what a later master needs reserved */
static void mapping_test_late_reservation(struct kunit *test)
{
	struct device *a = add_master(test, "mock-master-a0"), *b;
	dma_addr_t iova = map_page(test, a);

	/* Freed, it waits in a cache, or in the flush queue if DMA is lazy */
	KUNIT_ASSERT_EQ(test, iova, LAST_PAGE);
	unmap_page(a, iova);

	add_resv(test, mmu_a(test), 1, IOMMU_RESV_RESERVED, LAST_PAGE, SZ_4K);
	b = add_master(test, "mock-master-a1");
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(b), mapping_of(a));
	iova = map_page(test, a);
	KUNIT_EXPECT_EQ(test, iova, LAST_PAGE - SZ_4K);
	unmap_page(a, iova);

	/* It may come back, for its own region is no obstacle */
	mock_master_remove(b);
	add_resv(test, mmu_a(test), 1, IOMMU_RESV_RESERVED, LAST_PAGE - SZ_1M,
		 SZ_1M + SZ_4K);
	b = return_master(test, b);
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(b), mapping_of(a));
	iova = map_page(test, a);
	KUNIT_EXPECT_LT(test, iova, LAST_PAGE - SZ_1M);
	unmap_page(a, iova);
}

/* A region that another master uses is not taken from it, nor a part of it */
static void mapping_test_late_conflict(struct kunit *test)
{
	struct device *a = add_master(test, "mock-master-a0");
	dma_addr_t used = map_page(test, a), iova[3];
	struct device *b, *c;

	/* b parts the region of c, so that its lower part is reserved first */
	add_resv(test, mmu_a(test), 1, IOMMU_RESV_RESERVED,
		 LAST_PAGE - 2 * SZ_4K, SZ_4K);
	b = add_master(test, "mock-master-a1");
	add_resv(test, mmu_a(test), 2, IOMMU_RESV_DIRECT,
		 LAST_PAGE - 3 * SZ_4K, 4 * SZ_4K);
	c = add_master(test, "mock-master-a2");

	KUNIT_EXPECT_PTR_EQ(test, mapping_of(b), mapping_of(a));
	KUNIT_EXPECT_PTR_NE(test, mapping_of(c), mapping_of(a));
	KUNIT_EXPECT_FALSE(test, mapping_of(c)->shared);
	KUNIT_EXPECT_PTR_EQ(test, domain_of(c), mapping_of(c)->domain);
	KUNIT_EXPECT_EQ(test, LAST_PAGE,
			iommu_iova_to_phys(domain_of(c), LAST_PAGE));
	KUNIT_EXPECT_EQ(test, refcount_read(&mapping_of(a)->users), 2);

	/* What was free of it is free again, and b's is still reserved */
	iova[0] = map_page(test, a);
	iova[1] = map_page(test, a);
	iova[2] = map_page(test, a);
	KUNIT_EXPECT_EQ(test, iova[0], LAST_PAGE - SZ_4K);
	KUNIT_EXPECT_EQ(test, iova[1], LAST_PAGE - 3 * SZ_4K);
	KUNIT_EXPECT_EQ(test, iova[2], LAST_PAGE - 4 * SZ_4K);

	unmap_page(a, used);
	unmap_page(a, iova[0]);
	unmap_page(a, iova[1]);
	unmap_page(a, iova[2]);
}

static void mapping_test_late_direct(struct kunit *test)
{
	struct device *a = add_master(test, "mock-master-a0"), *b;
	const phys_addr_t region = SZ_1G;

	add_resv(test, mmu_a(test), 1, IOMMU_RESV_DIRECT, region, SZ_64K);
	b = add_master(test, "mock-master-a1");
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(b), mapping_of(a));
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(domain_of(b), region), region);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(domain_of(b), region + SZ_32K),
			region + SZ_32K);
}

/*
 * The driver refuses a master that was let in before: nothing of it stays, be
 * it mapped in blocks, or where another master has a reservation already.
 */
static void mapping_test_refused(struct kunit *test)
{
	const phys_addr_t region = LAST_PAGE - SZ_4M + SZ_4K;
	struct mock_iommu *mmu = mmu_a(test);
	struct device *a, *b;
	dma_addr_t iova;

	add_resv(test, mmu, 0, IOMMU_RESV_RESERVED, region, SZ_4K);
	a = add_master(test, "mock-master-a0");
	mmu->refused_domain = domain_of(a);
	add_resv(test, mmu, 1, IOMMU_RESV_DIRECT, region, SZ_4M);
	b = add_master(test, "mock-master-a1");

	KUNIT_EXPECT_PTR_NE(test, mapping_of(b), mapping_of(a));
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(domain_of(b), region), region);
	KUNIT_EXPECT_EQ(test, refcount_read(&mapping_of(a)->users), 1);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(domain_of(a), region), 0);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(domain_of(a), LAST_PAGE), 0);
	iova = map_page(test, a);
	KUNIT_EXPECT_EQ(test, iova, LAST_PAGE);

	unmap_page(a, iova);
}

/* A window that begins above 0 is the mapping's if its master is the first */
static void mapping_test_window_first(struct kunit *test)
{
	struct device *a = add_master(test, "mock-master-high"), *b, *c;
	struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t iova;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, mapping_of(a)->start, SZ_2G);

	/* Whoever reaches it joins, and gets no less than the window's start */
	b = add_master(test, "mock-master-a0");
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(b), mapping_of(a));
	KUNIT_EXPECT_EQ(test, 0, dma_set_mask(b, DMA_BIT_MASK(31)));
	iova = dma_map_page(b, page, 0, SZ_4K, DMA_TO_DEVICE);
	KUNIT_EXPECT_TRUE(test, dma_mapping_error(b, iova));
	__free_page(page);

	/* Whoever does not is isolated, and has all of its own window */
	c = add_master(test, "mock-master-low");
	KUNIT_EXPECT_PTR_NE(test, mapping_of(c), mapping_of(a));
	iova = map_page(test, c);
	KUNIT_EXPECT_EQ(test, iova, SZ_1G - SZ_4K);
	unmap_page(c, iova);
}

/* A window that begins above the mapping's would take it from the others */
static void mapping_test_window_late(struct kunit *test)
{
	struct device *a = add_master(test, "mock-master-a0");
	struct device *b = add_master(test, "mock-master-high");

	KUNIT_EXPECT_PTR_NE(test, mapping_of(b), mapping_of(a));
	KUNIT_EXPECT_EQ(test, mapping_of(b)->start, SZ_2G);
}

/* Groups of several devices share, too, and let in whoever leaves them whole */
static void mapping_test_newcomer(struct kunit *test)
{
	struct device *a = add_master(test, "mock-twin-a0");
	struct device *c = find_master(test, "mock-twin-a2");
	struct device *d = find_master(test, "mock-master-b0"), *b;
	struct mock_iommu *mmu = mmu_a(test);
	dma_addr_t iova = map_page(test, a);

	add_resv(test, mmu, 32, IOMMU_RESV_RESERVED, SZ_1G, SZ_4K);
	b = add_master(test, "mock-twin-a1");
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(b), mapping_of(a));
	KUNIT_EXPECT_EQ(test, refcount_read(&mapping_of(a)->users), 1);

	/* It needs what is in use: no ops, no mapping, not attached */
	add_resv(test, mmu, 32, IOMMU_RESV_RESERVED, LAST_PAGE, SZ_4K);
	KUNIT_EXPECT_EQ(test, mock_master_bind(c), bind_error(-EBUSY));
	KUNIT_EXPECT_NULL(test, mapping_of(c));
	KUNIT_EXPECT_FALSE(test, use_dma_iommu(c));
	KUNIT_EXPECT_EQ(test, mmu->nr_attached, 2);

	/* and the mapping is not that of its instance */
	mmu_b(test)->leader = a;
	KUNIT_EXPECT_EQ(test, mock_master_bind(d), bind_error(-EPERM));
	KUNIT_EXPECT_NULL(test, mapping_of(d));

	unmap_page(a, iova);
}

/* Where long has 32 bits, a region above cannot be mapped: not in any domain */
static void mapping_test_direct_above_4g(struct kunit *test)
{
	struct device *a, *b;

	if (sizeof(phys_addr_t) == sizeof(long))
		kunit_skip(test, "all addresses can be mapped");

	a = add_master(test, "mock-master-a0");
	b = find_master(test, "mock-master-a1");
	add_resv(test, mmu_a(test), 1, IOMMU_RESV_DIRECT,
		 (phys_addr_t)((u64)SZ_4G + SZ_1G), SZ_4K);

	KUNIT_EXPECT_EQ(test, mock_master_bind(b), bind_error(-ERANGE));
	KUNIT_EXPECT_NULL(test, mapping_of(b));
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(domain_of(a), SZ_1G), 0);
}

static const char *const probed_at_once[] = {
	"mock-master-a0", "mock-master-a1", "mock-master-a2", "mock-master-a3",
	"mock-master-a4", "mock-master-a5", "mock-coherent-a", "mock-twin-a0",
};

#define PROBERS		ARRAY_SIZE(probed_at_once)

struct prober {
	struct device *dev;
	struct completion *go;
	struct completion done;
	int ret;
};

static int prober_thread(void *data)
{
	struct prober *prober = data;

	wait_for_completion(prober->go);
	prober->ret = mock_master_bind(prober->dev);
	complete(&prober->done);
	return 0;
}

/* However many are probed at once, there is one mapping, and all are counted */
static void mapping_test_concurrent_probe(struct kunit *test)
{
	DECLARE_COMPLETION_ONSTACK(go);
	struct prober *probers;
	int i;

	probers = kunit_kcalloc(test, PROBERS, sizeof(*probers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, probers);

	for (i = 0; i < PROBERS; i++) {
		probers[i].dev = find_master(test, probed_at_once[i]);
		probers[i].go = &go;
		init_completion(&probers[i].done);
		kthread_run(prober_thread, &probers[i], "prober/%d", i);
	}
	complete_all(&go);
	for (i = 0; i < PROBERS; i++)
		wait_for_completion(&probers[i].done);

	for (i = 0; i < PROBERS; i++) {
		KUNIT_EXPECT_EQ(test, probers[i].ret, 0);
		KUNIT_EXPECT_PTR_EQ(test, mapping_of(probers[i].dev),
				    mapping_of(probers[0].dev));
	}
	KUNIT_EXPECT_EQ(test, PROBERS,
			refcount_read(&mapping_of(probers[0].dev)->users));
}

/* The mapping stays for as long as its group has a master, whichever it is */
static void mapping_test_group_of_two(struct kunit *test)
{
	struct device *one = add_master(test, "mock-twin-a0");
	struct device *two = add_master(test, "mock-twin-a1");
	struct iommu_dma_mapping *mapping = mapping_of(one);

	KUNIT_EXPECT_PTR_EQ(test, mapping_of(two), mapping);
	KUNIT_EXPECT_EQ(test, refcount_read(&mapping->users), 1);
	mock_master_remove(one);
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(two), mapping);
	unmap_page(two, map_page(test, two));

	one = return_master(test, one);
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(one), mapping);
	KUNIT_EXPECT_EQ(test, refcount_read(&mapping->users), 1);
	mock_master_remove(two);
	unmap_page(one, map_page(test, one));
	mock_master_remove(one);
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), 0);
}

/* A mapping is for as long as its instance is there, too */
static void mapping_test_instance_first(struct kunit *test)
{
	struct device *a = add_master(test, "mock-master-a0");
	struct device *b = add_master(test, "mock-twin-a0");
	struct device *iommu = mmu_a(test)->dev;

	mock_master_unbind(a);
	mock_master_unbind(b);
	device_release_driver(iommu);
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), 0);
	KUNIT_EXPECT_NULL(test, mapping_of(a));
	KUNIT_EXPECT_NULL(test, mapping_of(b));

	KUNIT_ASSERT_EQ(test, device_attach(iommu), 1);
	((struct mapping_test *)test->priv)->a = dev_get_drvdata(iommu);
	KUNIT_EXPECT_EQ(test, mock_master_bind(b), 0);
	KUNIT_EXPECT_EQ(test, mock_master_bind(a), 0);
	KUNIT_ASSERT_NOT_NULL(test, mapping_of(a));
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(a), mapping_of(b));
	unmap_page(a, map_page(test, a));
	unmap_page(b, map_page(test, b));
}

/* Of one page, there is one; if invalidation is lazy, a little later */
static void expect_one_page(struct kunit *test, struct device *dev,
			    dma_addr_t where)
{
	struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t iova;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	for (i = 0; i < 3; i++) {
		iova = map_page(test, dev);
		KUNIT_EXPECT_EQ(test, iova, where);
		KUNIT_EXPECT_NE(test, 0,
				dma_mapping_error(dev,
						  dma_map_page(dev, page, 0, 1,
							       DMA_TO_DEVICE)));
		unmap_page(dev, iova);
		if (mapping_of(dev)->type == IOMMU_DOMAIN_DMA_FQ)
			msleep(50);
	}
	__free_page(page);
}

/* The last page that there is, and the first one that is not 0 */
static void mapping_test_window_of_one_page(struct kunit *test)
{
	struct device *last = add_master(test, "mock-master-last");
	struct device *first = add_master(test, "mock-master-low");

	KUNIT_EXPECT_EQ(test, mapping_of(last)->start, LAST_PAGE);
	expect_one_page(test, last, LAST_PAGE);

	KUNIT_EXPECT_PTR_NE(test, mapping_of(first), mapping_of(last));
	KUNIT_ASSERT_EQ(test, 0,
			dma_set_mask_and_coherent(first, 2 * SZ_4K - 1));
	expect_one_page(test, first, SZ_4K);
}

/* A window's other side is the CPU's: what is mapped is where the CPU has it */
static void mapping_test_window_offset(struct kunit *test)
{
	struct device *dev = add_master(test, "mock-master-small");
	dma_addr_t iova, dma;
	void *cpu_addr;

	iova = map_page(test, dev);
	KUNIT_EXPECT_EQ(test, iova, 0x20000000 + 32 * SZ_4K);
	cpu_addr = dma_alloc_coherent(dev, 32 * SZ_4K, &dma, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, cpu_addr);
	if (cpu_addr) {
		KUNIT_EXPECT_EQ(test, dma, 0x20000000);
		KUNIT_EXPECT_PTR_EQ(test, NULL,
				    dma_alloc_coherent(dev, 1, &iova,
						       GFP_KERNEL));
		dma_free_coherent(dev, 32 * SZ_4K, cpu_addr, dma);
	}
	unmap_page(dev, 0x20000000 + 32 * SZ_4K);
}

/* A buffer of each kind, for what happens while it is mapped */
struct buffers {
	struct device *dev;
	dma_addr_t page;
	dma_addr_t resource;
	void *coherent;
	dma_addr_t coherent_dma;
	void *atomic;
	dma_addr_t atomic_dma;
	struct sg_table *sgt;
};

#define BUFFER_SIZE		(5 * SZ_4K)
#define RESOURCE		0x10000000

static void map_buffers(struct kunit *test, struct device *dev,
			struct buffers *bufs)
{
	bufs->dev = dev;
	bufs->page = map_page(test, dev);
	bufs->resource = dma_map_resource(dev, RESOURCE, BUFFER_SIZE,
					  DMA_BIDIRECTIONAL, 0);
	bufs->coherent = dma_alloc_coherent(dev, BUFFER_SIZE,
					    &bufs->coherent_dma, GFP_KERNEL);
	bufs->atomic = dma_alloc_coherent(dev, BUFFER_SIZE, &bufs->atomic_dma,
					  GFP_ATOMIC);
	bufs->sgt = dma_alloc_noncontiguous(dev, BUFFER_SIZE, DMA_BIDIRECTIONAL,
					    GFP_KERNEL, 0);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, bufs->resource));
	KUNIT_ASSERT_NOT_NULL(test, bufs->coherent);
	KUNIT_ASSERT_NOT_NULL(test, bufs->atomic);
	KUNIT_ASSERT_NOT_NULL(test, bufs->sgt);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(domain_of(dev), bufs->resource),
			RESOURCE);
	KUNIT_EXPECT_EQ(test, mock_iommu_count_pages(domain_of(dev)),
			1 + 4 * BUFFER_SIZE / SZ_4K);
}

static void unmap_buffers(struct kunit *test, struct buffers *bufs)
{
	struct device *dev = bufs->dev;

	unmap_page(dev, bufs->page);
	dma_unmap_resource(dev, bufs->resource, BUFFER_SIZE, DMA_BIDIRECTIONAL,
			   0);
	dma_free_coherent(dev, BUFFER_SIZE, bufs->coherent, bufs->coherent_dma);
	dma_free_coherent(dev, BUFFER_SIZE, bufs->atomic, bufs->atomic_dma);
	dma_free_noncontiguous(dev, BUFFER_SIZE, bufs->sgt, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, mock_iommu_count_pages(domain_of(dev)), 0);
}

/*
 * What is mapped under strict invalidation is unmapped under lazy, where
 * nothing is flushed at once. Sharers cannot choose.
 */
static void mapping_test_lazy_while_mapped(struct kunit *test)
{
	struct device *a = add_master(test, "mock-master-a0");
	struct device *b = find_master(test, "mock-master-a1");
	struct mock_iommu *mmu = mmu_a(test);
	struct buffers bufs, shared;
	int syncs;

	KUNIT_ASSERT_EQ(test, mock_master_bind(b), 0);
	if (mapping_of(a)->type == IOMMU_DOMAIN_DMA_FQ)
		kunit_skip(test, "all are lazy");

	map_buffers(test, b, &shared);
	KUNIT_EXPECT_EQ(test, mock_master_write(b, "type", "DMA-FQ"), -EPERM);
	unmap_buffers(test, &shared);

	mock_master_unbind(b);
	KUNIT_EXPECT_EQ(test, mock_master_write(b, "mapping", "isolated"), 8);
	KUNIT_ASSERT_EQ(test, mock_master_bind(b), 0);
	map_buffers(test, b, &bufs);
	KUNIT_EXPECT_EQ(test, mock_master_write(b, "type", "DMA-FQ"), 6);
	syncs = atomic_read(&mmu->nr_syncs);
	unmap_buffers(test, &bufs);
	map_buffers(test, b, &bufs);
	unmap_buffers(test, &bufs);
	KUNIT_EXPECT_EQ(test, atomic_read(&mmu->nr_syncs), syncs);

	/* Those who share are as strict as before */
	map_buffers(test, a, &shared);
	unmap_buffers(test, &shared);
	KUNIT_EXPECT_GT(test, atomic_read(&mmu->nr_syncs), syncs);
}

/* Where the driver cannot flush later, all are strict, whatever was asked for */
static void mapping_test_no_deferred_flush(struct kunit *test)
{
	struct mock_iommu *mmu = mmu_a(test);
	struct device *a, *b;
	int syncs, flushes = atomic_read(&mmu->nr_flushes);

	mmu->deferred_flush = false;
	a = add_master(test, "mock-master-a0");
	b = add_master(test, "mock-master-a1");
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(a), mapping_of(b));
	KUNIT_EXPECT_EQ(test, domain_of(a)->type, IOMMU_DOMAIN_DMA);

	mock_master_unbind(b);
	KUNIT_EXPECT_EQ(test, mock_master_write(b, "mapping", "isolated"), 8);
	KUNIT_ASSERT_EQ(test, mock_master_bind(b), 0);
	KUNIT_EXPECT_EQ(test, mock_master_write(b, "type", "DMA-FQ"), -EINVAL);
	KUNIT_EXPECT_EQ(test, domain_of(b)->type, IOMMU_DOMAIN_DMA);

	syncs = atomic_read(&mmu->nr_syncs);
	unmap_page(a, map_page(test, a));
	unmap_page(b, map_page(test, b));
	KUNIT_EXPECT_EQ(test, atomic_read(&mmu->nr_syncs), syncs + 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&mmu->nr_flushes), flushes);
}

/* What is rounded up when it is mapped is given back as a whole */
static void mapping_test_usage(struct kunit *test)
{
	struct device *a = add_master(test, "mock-master-a0");
	struct iommu_dma_usage usage;
	dma_addr_t dma;
	void *buf;

	if (!IS_ENABLED(CONFIG_IOMMU_DEBUGFS))
		kunit_skip(test, "nothing is counted");

	buf = kunit_kmalloc(test, 5 * PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	dma = dma_map_single(a, buf, 5 * PAGE_SIZE, DMA_TO_DEVICE);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(a, dma));
	iommu_dma_get_usage(domain_of(a), &usage);
	KUNIT_EXPECT_EQ(test, usage.used, 8 * PAGE_SIZE);

	dma_unmap_single(a, dma, 5 * PAGE_SIZE, DMA_TO_DEVICE);
	iommu_dma_get_usage(domain_of(a), &usage);
	KUNIT_EXPECT_EQ(test, usage.used, 0);
}

/* All masters are gone: so must be all that the instances had for them */
static void mapping_test_expect_empty(void *data)
{
	struct kunit *test = data;

	KUNIT_EXPECT_TRUE(test, list_empty(&mmu_a(test)->iommu.mappings));
	KUNIT_EXPECT_TRUE(test, list_empty(&mmu_b(test)->iommu.mappings));
	KUNIT_EXPECT_EQ(test, mmu_a(test)->nr_attached, 0);
	KUNIT_EXPECT_EQ(test, mmu_b(test)->nr_attached, 0);
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), 0);
}

static void mapping_test_needs_sharing(struct kunit *test)
{
	struct device *one = mock_master_find(test, "mock-master-b0");
	struct device *two = mock_master_find(test, "mock-master-b1");
	bool shared;

	KUNIT_ASSERT_EQ(test, mock_master_bind(one), 0);
	KUNIT_ASSERT_EQ(test, mock_master_bind(two), 0);
	shared = mapping_of(one) == mapping_of(two);
	mock_master_remove(one);
	mock_master_remove(two);
	if (!shared)
		kunit_skip(test, "the policy is to isolate");
	KUNIT_ASSERT_NOT_NULL(test, mock_master_return(one));
	KUNIT_ASSERT_NOT_NULL(test, mock_master_return(two));
}

static int mapping_test_init(struct kunit *test)
{
	struct mapping_test *priv;

	priv = kunit_kzalloc(test, sizeof(*priv), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, priv);
	KUNIT_ASSERT_EQ(test, mock_iommu_kunit_init(test), 0);
	priv->a = mock_iommu_find(test, "mock-iommu-a");
	priv->b = mock_iommu_find(test, "mock-iommu-b");
	test->priv = priv;

	mapping_test_needs_sharing(test);
	return kunit_add_action(test, mapping_test_expect_empty, test);
}

static struct kunit_case mapping_test_cases[] = {
	KUNIT_CASE(mapping_test_shared),
	KUNIT_CASE(mapping_test_two_instances),
	KUNIT_CASE(mapping_test_late_reservation),
	KUNIT_CASE(mapping_test_late_conflict),
	KUNIT_CASE(mapping_test_late_direct),
	KUNIT_CASE(mapping_test_refused),
	KUNIT_CASE(mapping_test_window_first),
	KUNIT_CASE(mapping_test_window_late),
	KUNIT_CASE(mapping_test_newcomer),
	KUNIT_CASE(mapping_test_direct_above_4g),
	KUNIT_CASE(mapping_test_concurrent_probe),
	KUNIT_CASE(mapping_test_group_of_two),
	KUNIT_CASE(mapping_test_instance_first),
	KUNIT_CASE(mapping_test_window_of_one_page),
	KUNIT_CASE(mapping_test_window_offset),
	KUNIT_CASE(mapping_test_lazy_while_mapped),
	KUNIT_CASE(mapping_test_no_deferred_flush),
	KUNIT_CASE(mapping_test_usage),
	{}
};

static struct kunit_suite mapping_test_suite = {
	.name = "iommu-mapping",
	.init = mapping_test_init,
	.test_cases = mapping_test_cases,
};

kunit_test_suite(mapping_test_suite);
