// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what the DMA API does for masters behind an IOMMU: that a
 * master reaches the pages it is meant to, at addresses that it is able to
 * use, and that nothing stays mapped.
 *
 * The IOMMU and its masters are mocks; nothing else is. See mock-iommu.c.
 */
#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/msi.h>
#include <linux/panic.h>
#include <linux/preempt.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include <asm/dma-iommu.h>

#include "dma-mapping-test.h"

/*
 * What the suites share
 */

int arm_dma_test_init(struct kunit *test)
{
	struct arm_dma_test *priv;

	priv = kunit_kzalloc(test, sizeof(*priv), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, priv);
	KUNIT_ASSERT_EQ(test, mock_iommu_kunit_init(test), 0);

	priv->a = mock_iommu_find(test, "mock-iommu-a");
	priv->b = mock_iommu_find(test, "mock-iommu-b");
	test->priv = priv;
	return 0;
}

/* A master with a driver */
struct device *test_master(struct kunit *test, const char *name)
{
	struct device *dev = mock_master_find(test, name);

	KUNIT_ASSERT_EQ(test, mock_master_bind(dev), 0);
	return dev;
}

/*
 * Keeps address 0 from all tests but the one that is about it: a kernel that
 * hands it out does not get it back.
 */
void test_take_zero(struct device *dev)
{
	dma_addr_t dma = dma_map_resource(dev, TEST_RESOURCE, PAGE_SIZE,
					  DMA_TO_DEVICE, 0);

	if (!dma_mapping_error(dev, dma))
		dma_unmap_resource(dev, dma, PAGE_SIZE, DMA_TO_DEVICE, 0);
}

/* The master for all other tests */
struct device *test_master_past_zero(struct kunit *test, const char *name)
{
	struct device *dev = test_master(test, name);

	test_take_zero(dev);
	return dev;
}

/* Aligned to its size, if that is a power of two; freed after the test */
void *test_buffer(struct kunit *test, size_t size)
{
	void *buf = kunit_kzalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	return buf;
}

KUNIT_DEFINE_ACTION_WRAPPER(test_free_table, sg_free_table, struct sg_table *);

/* Pages of which no two are neighbours */
struct sg_table *test_scatter(struct kunit *test, int nents)
{
	struct sg_table *sgt = test_buffer(test, sizeof(*sgt));
	void *buf = test_buffer(test, 2 * nents * PAGE_SIZE);
	struct scatterlist *sg;
	int i;

	KUNIT_ASSERT_EQ(test, sg_alloc_table(sgt, nents, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, test_free_table, sgt));
	for_each_sgtable_sg(sgt, sg, i)
		sg_set_buf(sg, buf + 2 * i * PAGE_SIZE, PAGE_SIZE);
	return sgt;
}

phys_addr_t test_translate(struct device *dev, dma_addr_t dma)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain ? iommu_iova_to_phys(domain, dma) : 0;
}

phys_addr_t test_phys(void *cpu_addr)
{
	if (is_vmalloc_addr(cpu_addr))
		return page_to_phys(vmalloc_to_page(cpu_addr)) +
		       offset_in_page(cpu_addr);
	return virt_to_phys(cpu_addr);
}

/* Says it once, not for each page */
void test_expect_range(struct kunit *test, struct device *dev, dma_addr_t dma,
		       phys_addr_t phys, size_t size)
{
	size_t offset;

	for (offset = 0; offset < size;
	     offset += PAGE_SIZE - offset_in_page(dma + offset)) {
		if (test_translate(dev, dma + offset) == phys + offset)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, test_translate(dev, dma + offset),
				    phys + offset, "%s at %pad + %#zx",
				    dev_name(dev), &dma, offset);
		return;
	}
}

/* As above, for a buffer whose pages are anywhere */
void test_expect_buffer(struct kunit *test, struct device *dev, dma_addr_t dma,
			void *cpu_addr, size_t size)
{
	size_t offset;

	for (offset = 0; offset < size; offset += PAGE_SIZE)
		test_expect_range(test, dev, dma + offset,
				  test_phys(cpu_addr + offset), PAGE_SIZE);
}

/* DMA goes through a page table, and the page is in it as long as needed */
void test_expect_translated(struct kunit *test, struct device *dev)
{
	void *buf = test_buffer(test, SZ_16K);
	dma_addr_t dma;

	dma = dma_map_single(dev, buf + 64, SZ_8K, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	KUNIT_EXPECT_NE(test, dma, virt_to_phys(buf + 64));
	test_expect_range(test, dev, dma, virt_to_phys(buf + 64), SZ_8K);
	dma_unmap_single(dev, dma, SZ_8K, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, test_translate(dev, dma), 0);
}

/* Buffers are at addresses within [@start, @start + @size) */
void test_expect_window(struct kunit *test, struct device *dev,
			dma_addr_t start, u64 size)
{
	void *buf = test_buffer(test, SZ_16K);
	dma_addr_t dma;
	void *cpu_addr;

	dma = dma_map_single(dev, buf, SZ_16K, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	KUNIT_EXPECT_GE(test, dma, start);
	KUNIT_EXPECT_LE(test, (u64)dma + SZ_16K, start + size);
	test_expect_range(test, dev, dma, virt_to_phys(buf), SZ_16K);
	dma_unmap_single(dev, dma, SZ_16K, DMA_BIDIRECTIONAL);

	cpu_addr = dma_alloc_coherent(dev, SZ_64K, &dma, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cpu_addr);
	KUNIT_EXPECT_GE(test, dma, start);
	KUNIT_EXPECT_LE(test, (u64)dma + SZ_64K, start + size);
	test_expect_buffer(test, dev, dma, cpu_addr, SZ_64K);
	dma_free_coherent(dev, SZ_64K, cpu_addr, dma);
}

/*
 * Buffers that the API allocates
 */

static void test_coherent_buffer(struct kunit *test, struct device *dev,
				 size_t size, gfp_t gfp)
{
	int pages = test_pages(test);
	dma_addr_t dma;
	void *cpu_addr;

	cpu_addr = dma_alloc_coherent(dev, size, &dma, gfp);
	KUNIT_ASSERT_NOT_NULL(test, cpu_addr);
	test_expect_buffer(test, dev, dma, cpu_addr, size);
	KUNIT_EXPECT_EQ(test, test_pages(test),
			pages + (int)(PAGE_ALIGN(size) >> PAGE_SHIFT));

	memset(cpu_addr, 0xa5, size);
	dma_free_coherent(dev, size, cpu_addr, dma);
	KUNIT_EXPECT_EQ(test, test_pages(test), pages);
}

static void arm_dma_alloc(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");

	test_coherent_buffer(test, dev, PAGE_SIZE, GFP_KERNEL);
	test_coherent_buffer(test, dev, SZ_64K + SZ_4K, GFP_KERNEL);
	test_coherent_buffer(test, dev, SZ_2M, GFP_KERNEL);
}

static void arm_dma_alloc_coherent_master(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-coherent-a");

	test_coherent_buffer(test, dev, PAGE_SIZE, GFP_KERNEL);
	test_coherent_buffer(test, dev, 5 * PAGE_SIZE, GFP_KERNEL);
	test_coherent_buffer(test, dev, 5 * PAGE_SIZE, GFP_ATOMIC);
}

static void arm_dma_alloc_atomic(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");

	test_coherent_buffer(test, dev, PAGE_SIZE, GFP_ATOMIC);
	test_coherent_buffer(test, dev, 5 * PAGE_SIZE, GFP_ATOMIC);
}

/* Page by page, as the buffer may be anywhere */
static void test_expect_sgtable(struct kunit *test, struct device *dev,
				dma_addr_t dma, struct sg_table *sgt,
				size_t size)
{
	struct sg_page_iter iter;
	size_t offset = 0;

	for_each_sgtable_page(sgt, &iter, 0) {
		test_expect_range(test, dev, dma + offset,
				  page_to_phys(sg_page_iter_page(&iter)),
				  PAGE_SIZE);
		offset += PAGE_SIZE;
	}
	KUNIT_EXPECT_EQ(test, offset, size);
}

static void test_get_sgtable(struct kunit *test, struct device *dev,
			     size_t size, gfp_t gfp, unsigned long attrs)
{
	int pages = test_pages(test);
	struct sg_table sgt;
	dma_addr_t dma;
	void *cookie;
	int ret;

	cookie = dma_alloc_attrs(dev, size, &dma, gfp, attrs);
	KUNIT_ASSERT_NOT_NULL(test, cookie);
	if (attrs & DMA_ATTR_NO_KERNEL_MAPPING)
		KUNIT_EXPECT_FALSE(test, is_vmalloc_addr(cookie));

	ret = dma_get_sgtable_attrs(dev, &sgt, cookie, dma, size, attrs);
	KUNIT_EXPECT_EQ(test, ret, 0);
	if (!ret) {
		test_expect_sgtable(test, dev, dma, &sgt, size);
		sg_free_table(&sgt);
	}

	dma_free_attrs(dev, size, cookie, dma, attrs);
	KUNIT_EXPECT_EQ(test, test_pages(test), pages);
}

static void arm_dma_get_sgtable(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");

	test_get_sgtable(test, dev, SZ_64K, GFP_KERNEL, 0);
}

static void arm_dma_get_sgtable_atomic(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");

	test_get_sgtable(test, dev, PAGE_SIZE, GFP_ATOMIC, 0);
	test_get_sgtable(test, dev, SZ_16K, GFP_ATOMIC, 0);
}

static void arm_dma_get_sgtable_coherent_master(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-coherent-a");

	test_get_sgtable(test, dev, PAGE_SIZE, GFP_KERNEL, 0);
	test_get_sgtable(test, dev, SZ_16K, GFP_KERNEL, 0);
}

static void arm_dma_no_kernel_mapping(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");

	test_get_sgtable(test, dev, SZ_64K, GFP_KERNEL,
			 DMA_ATTR_NO_KERNEL_MAPPING);
}

struct test_mmap {
	struct device *dev;
	void *cpu_addr;
	dma_addr_t dma;
	size_t size;
};

static int test_mmap_fop(struct file *file, struct vm_area_struct *vma)
{
	struct test_mmap *map = file->private_data;

	return dma_mmap_coherent(map->dev, vma, map->cpu_addr, map->dma,
				 map->size);
}

static const struct file_operations test_mmap_fops = {
	.mmap = test_mmap_fop,
};

/* What the kernel writes at the end is what a process reads there */
static void test_expect_mmap(struct kunit *test, struct test_mmap *map)
{
	size_t last = map->size - sizeof(u32);
	unsigned long addr;
	struct file *file;
	u32 word = 0;

	file = anon_inode_getfile("arm-dma-test", &test_mmap_fops, map, O_RDWR);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	addr = kunit_vm_mmap(test, file, 0, map->size, PROT_READ, MAP_SHARED,
			     0);
	fput(file);
	KUNIT_ASSERT_NE(test, addr, 0);
	KUNIT_ASSERT_LT(test, addr, TASK_SIZE);

	*(u32 *)(map->cpu_addr + last) = 0x600df00d;
	KUNIT_EXPECT_EQ(test, 0,
			copy_from_user(&word, (void __user *)addr + last,
				       sizeof(word)));
	KUNIT_EXPECT_EQ(test, word, 0x600df00d);
	vm_munmap(addr, map->size);
}

static void test_mmap(struct kunit *test, const char *master, size_t size,
		      gfp_t gfp)
{
	struct test_mmap map = {
		.dev = test_master_past_zero(test, master),
		.size = size,
	};

	map.cpu_addr = dma_alloc_coherent(map.dev, size, &map.dma, gfp);
	KUNIT_ASSERT_NOT_NULL(test, map.cpu_addr);
	test_expect_mmap(test, &map);
	dma_free_coherent(map.dev, size, map.cpu_addr, map.dma);
}

static void arm_dma_mmap(struct kunit *test)
{
	test_mmap(test, "mock-master-a0", SZ_16K, GFP_KERNEL);
}

static void arm_dma_mmap_atomic(struct kunit *test)
{
	test_mmap(test, "mock-master-a0", PAGE_SIZE, GFP_ATOMIC);
}

static void arm_dma_mmap_coherent_master(struct kunit *test)
{
	test_mmap(test, "mock-coherent-a", PAGE_SIZE, GFP_KERNEL);
}

static void arm_dma_alloc_pages(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");
	int pages = test_pages(test);
	struct page *page;
	dma_addr_t dma;

	page = dma_alloc_pages(dev, SZ_16K, &dma, DMA_BIDIRECTIONAL,
			       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	test_expect_range(test, dev, dma, page_to_phys(page), SZ_16K);
	dma_free_pages(dev, SZ_16K, page, dma, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, test_pages(test), pages);
}

static void arm_dma_alloc_noncontiguous(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");
	int pages = test_pages(test);
	struct sg_table *sgt;
	dma_addr_t dma;
	void *cpu_addr;

	dma_set_max_seg_size(dev, UINT_MAX);
	sgt = dma_alloc_noncontiguous(dev, SZ_1M, DMA_BIDIRECTIONAL,
				      GFP_KERNEL, 0);
	KUNIT_ASSERT_NOT_NULL(test, sgt);
	dma = sg_dma_address(sgt->sgl);
	test_expect_sgtable(test, dev, dma, sgt, SZ_1M);

	cpu_addr = dma_vmap_noncontiguous(dev, SZ_1M, sgt);
	KUNIT_EXPECT_NOT_NULL(test, cpu_addr);
	if (cpu_addr) {
		test_expect_buffer(test, dev, dma, cpu_addr, SZ_1M);
		dma_vunmap_noncontiguous(dev, cpu_addr);
	}

	dma_free_noncontiguous(dev, SZ_1M, sgt, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, test_pages(test), pages);
}

/*
 * Buffers of the caller
 */

/* Drivers take 0 for no address, and the unmapping functions may as well */
static void arm_dma_no_zero_address(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-a0");
	void *buf = test_buffer(test, PAGE_SIZE);
	dma_addr_t dma;

	dma = dma_map_single(dev, buf, PAGE_SIZE, DMA_TO_DEVICE);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	KUNIT_EXPECT_NE(test, dma, 0);
	test_expect_range(test, dev, dma, virt_to_phys(buf), PAGE_SIZE);
	dma_unmap_single(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, test_pages(test), 0);

	dma = dma_map_resource(dev, TEST_RESOURCE, PAGE_SIZE, DMA_TO_DEVICE, 0);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	KUNIT_EXPECT_NE(test, dma, 0);
	dma_unmap_resource(dev, dma, PAGE_SIZE, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, test_pages(test), 0);
}

static void test_map_page(struct kunit *test, struct device *dev, void *buf,
			  unsigned long offset, size_t size)
{
	int pages = test_pages(test);
	dma_addr_t dma;

	dma = dma_map_page(dev, virt_to_page(buf), offset, size,
			   DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	test_expect_range(test, dev, dma, virt_to_phys(buf) + offset, size);
	dma_unmap_page(dev, dma, size, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ_MSG(test, test_pages(test), pages,
			    "%zu bytes from %#lx on", size, offset);
}

static void arm_dma_map_page(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");
	void *buf = test_buffer(test, SZ_1M);

	test_map_page(test, dev, buf, 0, 1);
	test_map_page(test, dev, buf, 0, SZ_1M);
	test_map_page(test, dev, buf, 0xfff, 2);
	test_map_page(test, dev, buf, 64, SZ_64K);
}

static void arm_dma_map_page_far_offset(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");
	void *buf = test_buffer(test, SZ_64K);

	test_map_page(test, dev, buf, PAGE_SIZE, PAGE_SIZE);
	test_map_page(test, dev, buf, 3 * PAGE_SIZE + 128, 5 * PAGE_SIZE);
}

static void arm_dma_map_highmem(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");
	struct page *page = alloc_page(GFP_HIGHUSER);
	int pages = test_pages(test);
	dma_addr_t dma;

	KUNIT_ASSERT_NOT_NULL(test, page);
	if (!PageHighMem(page)) {
		__free_page(page);
		kunit_skip(test, "no high memory");
	}

	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_FALSE(test, dma_mapping_error(dev, dma));
	test_expect_range(test, dev, dma, page_to_phys(page), PAGE_SIZE);
	dma_sync_single_for_cpu(dev, dma, PAGE_SIZE, DMA_BIDIRECTIONAL);
	dma_sync_single_for_device(dev, dma, PAGE_SIZE, DMA_BIDIRECTIONAL);
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, test_pages(test), pages);
	__free_page(page);
}

/* Walks the segments as the master does; lengths are multiples of 512 */
static void test_expect_sg(struct kunit *test, struct device *dev,
			   struct sg_table *sgt)
{
	struct scatterlist *sg, *seg = sgt->sgl;
	unsigned int i, offset, done = 0;

	for_each_sgtable_sg(sgt, sg, i) {
		for (offset = 0; offset < sg->length; offset += SZ_512) {
			if (done == sg_dma_len(seg)) {
				seg = sg_next(seg);
				done = 0;
			}
			KUNIT_ASSERT_EQ(test, sg_phys(sg) + offset,
					test_translate(dev,
						       sg_dma_address(seg) +
						       done));
			done += SZ_512;
		}
	}
	KUNIT_EXPECT_EQ(test, done, sg_dma_len(seg));
}

static void test_map_sg(struct kunit *test, struct device *dev,
			struct sg_table *sgt)
{
	int pages = test_pages(test);

	KUNIT_ASSERT_EQ(test, 0,
			dma_map_sgtable(dev, sgt, DMA_BIDIRECTIONAL, 0));
	test_expect_sg(test, dev, sgt);
	dma_sync_sgtable_for_cpu(dev, sgt, DMA_BIDIRECTIONAL);
	dma_sync_sgtable_for_device(dev, sgt, DMA_BIDIRECTIONAL);
	dma_unmap_sgtable(dev, sgt, DMA_BIDIRECTIONAL, 0);
	KUNIT_EXPECT_EQ(test, test_pages(test), pages);
}

static void arm_dma_map_sg(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");
	struct scatterlist *sg;
	struct sg_table *sgt;
	int i;

	sgt = test_scatter(test, 16);
	test_map_sg(test, dev, sgt);
	KUNIT_EXPECT_EQ_MSG(test, sgt->nents, 1, "not merged");

	/* Not merged, as they neither begin nor end with a page */
	for_each_sgtable_sg(sgt, sg, i) {
		sg->offset = SZ_1K;
		sg->length = SZ_2K;
	}
	test_map_sg(test, dev, sgt);
	KUNIT_EXPECT_EQ(test, sgt->nents, 16);
}

/* The first to be mapped is where addresses end */
static void arm_dma_map_sg_last(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-a0");
	struct sg_table *sgt = test_scatter(test, 1);
	int pages = test_pages(test);

	KUNIT_ASSERT_EQ(test, 0,
			dma_map_sgtable(dev, sgt, DMA_BIDIRECTIONAL, 0));
	KUNIT_EXPECT_EQ(test, test_pages(test), pages + 1);
	dma_unmap_sgtable(dev, sgt, DMA_BIDIRECTIONAL, 0);
	KUNIT_EXPECT_EQ(test, test_pages(test), pages);
}

static void arm_dma_map_sg_far_offset(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");
	void *buf = test_buffer(test, SZ_64K);
	struct sg_table *sgt;

	sgt = test_scatter(test, 2);
	sg_set_page(sgt->sgl, virt_to_page(buf), SZ_8K, PAGE_SIZE + SZ_1K);
	test_map_sg(test, dev, sgt);
}

static int test_maps_left;

static int test_fail_later(void)
{
	return test_maps_left-- ? 0 : -ENOMEM;
}

/* More than wait for being mapped at once, then a run, and an odd end */
static void arm_dma_map_sg_scattered(struct kunit *test)
{
	struct mock_iommu *mmu = test_mmu_a(test);
	struct scatterlist *last;
	struct sg_table *sgt;
	struct device *dev;
	void *buf;
	int pages;

	mmu->takes_scattered = true;
	dev = test_master_past_zero(test, "mock-master-a0");
	dma_set_max_seg_size(dev, SZ_1M);
	buf = test_buffer(test, SZ_16K);
	sgt = test_scatter(test, 42);
	last = sg_last(sgt->sgl, 42);
	sg_set_buf(last, buf, SZ_16K);
	test_map_sg(test, dev, sgt);
	KUNIT_EXPECT_EQ(test, atomic_read(&mmu->nr_scattered), 41);
	KUNIT_EXPECT_EQ(test, sgt->nents, 1);

	last->length = SZ_8K + SZ_512;
	test_map_sg(test, dev, sgt);
	KUNIT_EXPECT_EQ(test, last->length, SZ_8K + SZ_512);
	KUNIT_EXPECT_EQ(test, sgt->nents, 1);

	/* What fails among those that come second leaves all as it was */
	pages = test_pages(test);
	test_maps_left = 35;
	mmu->map_hook = test_fail_later;
	KUNIT_EXPECT_NE(test, 0,
			dma_map_sgtable(dev, sgt, DMA_TO_DEVICE, 0));
	KUNIT_EXPECT_EQ(test, test_maps_left, -1);
	KUNIT_EXPECT_EQ(test, test_pages(test), pages);
	KUNIT_EXPECT_EQ(test, last->length, SZ_8K + SZ_512);
	mmu->map_hook = NULL;
	test_map_sg(test, dev, sgt);
}

static void arm_dma_seg_boundary(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");
	struct scatterlist *sg;
	struct sg_table *sgt;
	dma_addr_t first, last;
	int i;

	sgt = test_scatter(test, 48);
	dma_set_max_seg_size(dev, SZ_1M);
	dma_set_seg_boundary(dev, SZ_64K - 1);
	KUNIT_ASSERT_EQ(test, 0,
			dma_map_sgtable(dev, sgt, DMA_BIDIRECTIONAL, 0));
	for_each_sgtable_dma_sg(sgt, sg, i) {
		first = sg_dma_address(sg);
		last = first + sg_dma_len(sg) - 1;
		KUNIT_EXPECT_EQ(test, first >> 16, last >> 16);
	}
	dma_unmap_sgtable(dev, sgt, DMA_BIDIRECTIONAL, 0);
}

static void arm_dma_sync(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");
	void *buf = test_buffer(test, SZ_16K);
	int pages = test_pages(test);
	dma_addr_t dma;

	dma = dma_map_single(dev, buf, SZ_16K, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	dma_sync_single_for_cpu(dev, dma, SZ_16K, DMA_BIDIRECTIONAL);
	memset(buf, 0x5a, SZ_16K);
	dma_sync_single_for_device(dev, dma, SZ_16K, DMA_BIDIRECTIONAL);
	dma_sync_single_range_for_cpu(dev, dma, SZ_4K + 64, SZ_4K,
				      DMA_BIDIRECTIONAL);
	dma_sync_single_range_for_device(dev, dma, SZ_4K + 64, SZ_4K,
					 DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_NULL(test, memchr_inv(buf, 0x5a, SZ_16K));
	test_expect_range(test, dev, dma, virt_to_phys(buf), SZ_16K);
	dma_unmap_single(dev, dma, SZ_16K, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, test_pages(test), pages);
}

/* One that is larger than what stock ARM had one allocation bitmap for */
static void arm_dma_map_256m(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");
	int pages = test_pages(test);
	dma_addr_t dma;

	dma = dma_map_resource(dev, TEST_RESOURCE, SZ_256M, DMA_TO_DEVICE, 0);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	test_expect_range(test, dev, dma, TEST_RESOURCE, SZ_256M);
	dma_unmap_resource(dev, dma, SZ_256M, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_EQ(test, test_pages(test), pages);
}

static void arm_dma_map_error(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");
	void *buf = test_buffer(test, SZ_16K);
	int pages = test_pages(test);
	struct sg_table *sgt;
	dma_addr_t dma;

	sgt = test_scatter(test, 4);
	test_mmu_a(test)->map_error = -ENOMEM;
	dma = dma_map_single(dev, buf, SZ_16K, DMA_TO_DEVICE);
	KUNIT_EXPECT_NE(test, dma_mapping_error(dev, dma), 0);
	KUNIT_EXPECT_NE(test, 0,
			dma_map_sgtable(dev, sgt, DMA_TO_DEVICE, 0));
	KUNIT_EXPECT_NULL(test, dma_alloc_coherent(dev, SZ_16K, &dma,
						   GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, test_pages(test), pages);

	test_mmu_a(test)->map_error = 0;
	test_expect_translated(test, dev);
}

/*
 * How the IOMMU is asked to map
 */

static int test_prot(struct kunit *test, struct device *dev,
		     enum dma_data_direction dir)
{
	void *buf = test_buffer(test, PAGE_SIZE);
	dma_addr_t dma = dma_map_single(dev, buf, PAGE_SIZE, dir);
	int prot;

	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	prot = mock_iommu_prot(iommu_get_domain_for_dev(dev), dma);
	dma_unmap_single(dev, dma, PAGE_SIZE, dir);
	return prot;
}

static void arm_dma_prot(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");

	KUNIT_EXPECT_EQ(test, test_prot(test, dev, DMA_TO_DEVICE), IOMMU_READ);
	KUNIT_EXPECT_EQ(test, test_prot(test, dev, DMA_FROM_DEVICE),
			IOMMU_WRITE);
	KUNIT_EXPECT_EQ(test, test_prot(test, dev, DMA_BIDIRECTIONAL),
			IOMMU_READ | IOMMU_WRITE);
}

static void arm_dma_prot_coherent(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-coherent-a");
	dma_addr_t dma;
	void *cpu_addr;

	KUNIT_EXPECT_EQ(test, test_prot(test, dev, DMA_TO_DEVICE),
			IOMMU_READ | IOMMU_CACHE);
	KUNIT_EXPECT_EQ(test, test_prot(test, dev, DMA_BIDIRECTIONAL),
			IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE);

	cpu_addr = dma_alloc_coherent(dev, PAGE_SIZE, &dma, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cpu_addr);
	KUNIT_EXPECT_EQ(test, IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE,
			mock_iommu_prot(iommu_get_domain_for_dev(dev), dma));
	dma_free_coherent(dev, PAGE_SIZE, cpu_addr, dma);
}

static DEFINE_SPINLOCK(test_lock);

/* What drivers do in interrupt handlers and under spinlocks */
static int test_map_atomic(struct device *dev, void *buf, struct sg_table *sgt)
{
	int mapped = 0;
	dma_addr_t dma;

	dma = dma_map_single(dev, buf, SZ_16K, DMA_TO_DEVICE);
	if (!dma_mapping_error(dev, dma)) {
		dma_unmap_single(dev, dma, SZ_16K, DMA_TO_DEVICE);
		mapped++;
	}
	if (!dma_map_sgtable(dev, sgt, DMA_TO_DEVICE, 0)) {
		dma_unmap_sgtable(dev, sgt, DMA_TO_DEVICE, 0);
		mapped++;
	}
	dma = dma_map_resource(dev, TEST_RESOURCE, SZ_16K, DMA_TO_DEVICE, 0);
	if (!dma_mapping_error(dev, dma)) {
		dma_unmap_resource(dev, dma, SZ_16K, DMA_TO_DEVICE, 0);
		mapped++;
	}
	return mapped;
}

static void arm_dma_map_atomic(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");
	struct mock_iommu *mmu = test_mmu_a(test);
	void *buf = test_buffer(test, SZ_16K);
	int blocking, mapped, pages = test_pages(test);
	struct sg_table *sgt;
	unsigned long flags;

	sgt = test_scatter(test, 4);
	blocking = atomic_read(&mmu->nr_blocking_maps);

	spin_lock_irqsave(&test_lock, flags);
	mapped = test_map_atomic(dev, buf, sgt);
	spin_unlock_irqrestore(&test_lock, flags);

	preempt_disable();
	mapped += test_map_atomic(dev, buf, sgt);
	preempt_enable();

	KUNIT_EXPECT_EQ(test, mapped, 6);
	KUNIT_EXPECT_EQ(test, atomic_read(&mmu->nr_blocking_maps), blocking);
	KUNIT_EXPECT_EQ(test, test_pages(test), pages);
}

static void arm_dma_alloc_atomic_gfp(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");
	struct mock_iommu *mmu = test_mmu_a(test);
	int blocking = atomic_read(&mmu->nr_blocking_maps);
	unsigned long flags;
	dma_addr_t dma;
	void *cpu_addr;

	spin_lock_irqsave(&test_lock, flags);
	cpu_addr = dma_alloc_coherent(dev, PAGE_SIZE, &dma, GFP_ATOMIC);
	spin_unlock_irqrestore(&test_lock, flags);

	KUNIT_ASSERT_NOT_NULL(test, cpu_addr);
	KUNIT_EXPECT_EQ(test, atomic_read(&mmu->nr_blocking_maps), blocking);
	dma_free_coherent(dev, PAGE_SIZE, cpu_addr, dma);
}

/*
 * Which addresses are used
 */

struct test_resource {
	struct device *dev;
	dma_addr_t dma;
	size_t size;
};

static void test_unmap_resource(void *data)
{
	struct test_resource *res = data;

	dma_unmap_resource(res->dev, res->dma, res->size, DMA_TO_DEVICE, 0);
}

/* Until the end of the test */
static void test_map_resource(struct kunit *test, struct device *dev,
			      size_t size)
{
	struct test_resource *res = test_buffer(test, sizeof(*res));

	res->dev = dev;
	res->size = size;
	res->dma = dma_map_resource(dev, TEST_RESOURCE, size, DMA_TO_DEVICE, 0);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, res->dma));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, test_unmap_resource,
						  res));
}

/* Either takes all the addresses that a narrow mask allows, or none of them */
static void test_map_32m(struct kunit *test, struct device *dev)
{
	test_map_resource(test, dev, SZ_32M);
}

/* An address above the mask is as wrong as no address */
static void test_expect_below(struct kunit *test, struct device *dev,
			      dma_addr_t dma, size_t size, u64 mask)
{
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	KUNIT_EXPECT_LE(test, (u64)dma + size - 1, mask);
}

static void test_map_below(struct kunit *test, struct device *dev, u64 mask)
{
	struct sg_table *sgt = test_scatter(test, 4);
	void *buf = test_buffer(test, PAGE_SIZE);
	dma_addr_t dma;

	dma = dma_map_single(dev, buf, PAGE_SIZE, DMA_TO_DEVICE);
	test_expect_below(test, dev, dma, PAGE_SIZE, mask);
	dma_unmap_single(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);

	dma = dma_map_resource(dev, TEST_RESOURCE, PAGE_SIZE, DMA_TO_DEVICE, 0);
	test_expect_below(test, dev, dma, PAGE_SIZE, mask);
	dma_unmap_resource(dev, dma, PAGE_SIZE, DMA_TO_DEVICE, 0);

	KUNIT_ASSERT_EQ(test, dma_map_sgtable(dev, sgt, DMA_TO_DEVICE, 0), 0);
	test_expect_below(test, dev, sg_dma_address(sgt->sgl),
			  sg_dma_len(sgt->sgl), mask);
	dma_unmap_sgtable(dev, sgt, DMA_TO_DEVICE, 0);
}

static void test_alloc_below(struct kunit *test, struct device *dev, u64 mask)
{
	dma_addr_t dma;
	void *cpu_addr;

	cpu_addr = dma_alloc_coherent(dev, SZ_16K, &dma, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cpu_addr);
	test_expect_below(test, dev, dma, SZ_16K, mask);
	dma_free_coherent(dev, SZ_16K, cpu_addr, dma);
}

static void arm_dma_dma_mask(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-a0");

	test_map_32m(test, dev);
	KUNIT_ASSERT_EQ(test, dma_set_mask(dev, DMA_BIT_MASK(24)), 0);
	test_map_below(test, dev, DMA_BIT_MASK(24));
}

static void arm_dma_coherent_dma_mask(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-a0");

	test_map_32m(test, dev);
	KUNIT_ASSERT_EQ(test, dma_set_coherent_mask(dev, DMA_BIT_MASK(24)), 0);
	test_alloc_below(test, dev, DMA_BIT_MASK(24));
}

/* FIMC-IS of Exynos4 has its firmware begin at a multiple of 64 MiB like this */
static void arm_dma_coherent_mask_aligns(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-a0");
	const size_t size = 10 * SZ_1M;
	dma_addr_t dma;
	void *cpu;

	KUNIT_ASSERT_EQ(test, dma_set_coherent_mask(dev, SZ_64M + SZ_16M - 1), 0);
	cpu = dma_alloc_coherent(dev, size, &dma, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cpu);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(dma, SZ_64M));
	dma_free_coherent(dev, size, cpu, dma);
}

static void arm_dma_bus_dma_limit(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-a0");

	test_map_32m(test, dev);
	dev->bus_dma_limit = DMA_BIT_MASK(24);
	test_map_below(test, dev, DMA_BIT_MASK(24));
	test_alloc_below(test, dev, DMA_BIT_MASK(24));
}

static void test_unmap_all(struct device *dev, const dma_addr_t *dma, int count,
			   size_t size)
{
	while (count--)
		dma_unmap_resource(dev, dma[count], size, DMA_TO_DEVICE, 0);
}

/* A master that cannot reach far must not be in the way of those that can */
static void arm_dma_narrow_mask_exhausted(struct kunit *test)
{
	struct device *wide = test_master_past_zero(test, "mock-master-a0");
	struct device *narrow = test_master_past_zero(test, "mock-master-a1");
	dma_addr_t dma[SZ_16M / SZ_1M];
	int i, count;

	KUNIT_ASSERT_EQ(test, dma_set_mask(narrow, DMA_BIT_MASK(24)), 0);
	for (count = 0; count < ARRAY_SIZE(dma); count++) {
		dma[count] = dma_map_resource(narrow, TEST_RESOURCE, SZ_1M,
					      DMA_TO_DEVICE, 0);
		if (dma_mapping_error(narrow, dma[count]))
			break;
	}
	KUNIT_EXPECT_GE(test, count, 1);

	/* The second time, it is known that the last one failed */
	for (i = 0; i < 2; i++) {
		test_expect_translated(test, wide);
		test_map_resource(test, wide, SZ_1M);
		test_map_resource(test, wide, SZ_32M);
	}

	test_unmap_all(narrow, dma, count, SZ_1M);
	test_expect_translated(test, narrow);
}

static void arm_dma_aperture(struct kunit *test)
{
	struct mock_iommu *mmu = test_mmu_a(test);
	void *buf = test_buffer(test, PAGE_SIZE);
	struct device *dev;
	dma_addr_t dma;

	mmu->aperture_start = SZ_256M;
	mmu->aperture_end = SZ_512M - 1;
	dev = test_master(test, "mock-master-a0");

	dma = dma_map_single(dev, buf, PAGE_SIZE, DMA_TO_DEVICE);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	KUNIT_EXPECT_GE(test, dma, SZ_256M);
	KUNIT_EXPECT_LT(test, dma, SZ_512M);
	dma_unmap_single(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	test_coherent_buffer(test, dev, SZ_64K, GFP_KERNEL);
}

/* iommu_map() takes an unsigned long, whatever the master and its IOMMU can do */
static void arm_dma_aperture_above_4g(struct kunit *test)
{
	void *buf = test_buffer(test, PAGE_SIZE);
	struct device *dev;
	dma_addr_t dma;

	if (sizeof(dma_addr_t) == sizeof(long))
		kunit_skip(test, "there are no such addresses");

	test_mmu_a(test)->aperture_end = DMA_BIT_MASK(40);
	dev = test_master_past_zero(test, "mock-master-a0");
	KUNIT_ASSERT_EQ(test, 0,
			dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)));

	dma = dma_map_single(dev, buf, PAGE_SIZE, DMA_TO_DEVICE);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	KUNIT_EXPECT_LE(test, dma, ULONG_MAX);
	test_expect_range(test, dev, dma, virt_to_phys(buf), PAGE_SIZE);
	dma_unmap_single(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	test_coherent_buffer(test, dev, SZ_64K, GFP_KERNEL);
}

/*
 * Maps one after the other, until there is no room, or more than there can be.
 * Returns how many there were within the range.
 */
static int test_fill(struct kunit *test, struct device *dev, dma_addr_t start,
		     size_t size, size_t step)
{
	int mapped, max = size / step + 1, count = 0;
	dma_addr_t *dma = test_buffer(test, max * sizeof(*dma));

	for (mapped = 0; mapped < max; mapped++) {
		dma[mapped] = dma_map_resource(dev, TEST_RESOURCE, step,
					       DMA_TO_DEVICE, 0);
		if (dma_mapping_error(dev, dma[mapped]))
			break;
		if (dma[mapped] >= start && dma[mapped] <= start + size - step)
			count++;
	}
	KUNIT_EXPECT_EQ_MSG(test, mapped, count, "some out of range");
	test_unmap_all(dev, dma, mapped, step);
	return count;
}

static void arm_dma_reserved_region(struct kunit *test)
{
	struct mock_iommu *mmu = test_mmu_a(test);
	struct device *dev;

	/* All that is left is a MiB */
	mmu->aperture_end = SZ_2G + SZ_256M - 1;
	KUNIT_ASSERT_EQ(test, 0,
			mock_iommu_add_resv(test, mmu, MOCK_IOMMU_ALL_IDS, 0,
					    SZ_2G, IOMMU_RESV_RESERVED));
	KUNIT_ASSERT_EQ(test, 0,
			mock_iommu_add_resv(test, mmu, MOCK_IOMMU_ALL_IDS,
					    SZ_2G + SZ_1M, SZ_256M - SZ_1M,
					    IOMMU_RESV_RESERVED));
	dev = test_master(test, "mock-master-a0");

	KUNIT_EXPECT_EQ(test, test_fill(test, dev, SZ_2G, SZ_1M, SZ_64K), 16);
}

static void arm_dma_direct_region(struct kunit *test)
{
	struct mock_iommu *mmu = test_mmu_a(test);
	const phys_addr_t start = 0x50000000;
	struct device *dev;

	KUNIT_ASSERT_EQ(test, 0,
			mock_iommu_add_resv(test, mmu, 0, start, SZ_64K,
					    IOMMU_RESV_DIRECT));
	mmu->aperture_start = start - SZ_64K;
	mmu->aperture_end = start + SZ_128K - 1;
	dev = test_master(test, "mock-master-a0");

	test_expect_range(test, dev, start, start, SZ_64K);
	KUNIT_EXPECT_EQ(test, 32,
			test_fill(test, dev, start - SZ_64K,
				  SZ_128K + SZ_64K, SZ_4K));
	test_expect_range(test, dev, start, start, SZ_64K);
}

static dma_addr_t test_doorbell(struct kunit *test, struct device *dev)
{
	const phys_addr_t doorbell = 0x08020040;
	struct msi_msg msg = { .address_lo = doorbell };
	struct msi_desc desc = { .dev = dev };
	dma_addr_t dma;

	KUNIT_ASSERT_EQ(test, iommu_dma_prepare_msi(&desc, doorbell), 0);
	iommu_dma_compose_msi_msg(&desc, &msg);
	dma = (u64)msg.address_hi << 32 | msg.address_lo;
	KUNIT_EXPECT_EQ(test, test_translate(dev, dma), doorbell);
	return dma;
}

static void arm_dma_msi_doorbell(struct kunit *test)
{
	test_doorbell(test, test_master_past_zero(test, "mock-master-a0"));
}

/* One for all who reach it, and for those who do not, another */
static void arm_dma_msi_doorbell_narrow(struct kunit *test)
{
	struct device *wide = test_master_past_zero(test, "mock-master-a0");
	struct device *narrow = test_master_past_zero(test, "mock-master-a1");
	dma_addr_t dma;
	int pages;

	test_doorbell(test, wide);
	KUNIT_ASSERT_EQ(test, 0,
			dma_set_mask_and_coherent(narrow, DMA_BIT_MASK(24)));
	dma = test_doorbell(test, narrow);
	KUNIT_EXPECT_LE(test, dma, DMA_BIT_MASK(24));

	pages = test_pages(test);
	KUNIT_EXPECT_EQ(test, test_doorbell(test, narrow), dma);
	test_doorbell(test, wide);
	KUNIT_EXPECT_EQ(test, test_pages(test), pages);
}

/* What goes to the windows of its bridge does not get to the IOMMU */
static void arm_dma_pci_windows(struct kunit *test)
{
	struct device *dev = test_pci_master(test);

	test_take_zero(dev);
	test_expect_window(test, dev, TEST_PCI_START,
			   TEST_PCI_END - TEST_PCI_START);

	/* That was the upper end, and this is the lower one */
	KUNIT_ASSERT_EQ(test, dma_set_mask(dev, DMA_BIT_MASK(25)), 0);
	KUNIT_EXPECT_EQ(test, 16,
			test_fill(test, dev, TEST_PCI_START, SZ_16M, SZ_1M));
}

/* They become those of all who share with it, however late it comes */
static void arm_dma_pci_windows_late(struct kunit *test)
{
	struct device *wide = test_master_past_zero(test, "mock-master-a0");
	struct device *dev = test_pci_master(test);
	u64 size = TEST_PCI_END - TEST_PCI_START;

	test_expect_window(test, dev, TEST_PCI_START, size);
	if (iommu_get_domain_for_dev(dev) == iommu_get_domain_for_dev(wide))
		test_expect_window(test, wide, TEST_PCI_START, size);
	test_expect_translated(test, wide);
}

/* What its bridge does not let through does not get to the IOMMU either */
static void arm_dma_pci_ranges(struct kunit *test)
{
	struct device *dev = test_pci_short_master(test);

	test_expect_window(test, dev, TEST_PCI_REACH, TEST_PCI_REACH_SIZE);

	/*
	 * The page that its reach begins with is kept, on all architectures,
	 * and a flush queue may have what was mapped just now.
	 */
	KUNIT_EXPECT_LE(test, 250,
			test_fill(test, dev, TEST_PCI_REACH,
				  TEST_PCI_REACH_SIZE, SZ_1M));
}

/* It has to be alone, and there is no domain for that */
static void arm_dma_pci_untrusted(struct kunit *test)
{
	struct device *wide, *dev;

	test_mmu_a(test)->max_contexts = 1;
	wide = test_master_past_zero(test, "mock-master-a0");
	dev = test_pci_untrusted(test);
	KUNIT_EXPECT_NULL(test, dev->driver);
	test_expect_translated(test, wide);

	test_mmu_a(test)->max_contexts = 2;
	KUNIT_ASSERT_EQ(test, device_attach(dev), 1);
	KUNIT_EXPECT_PTR_NE(test, iommu_get_domain_for_dev(dev),
			    iommu_get_domain_for_dev(wide));
	test_expect_window(test, dev, TEST_PCI_START,
			   TEST_PCI_END - TEST_PCI_START);
}

static void arm_dma_ranges_small(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-small");

	KUNIT_EXPECT_EQ(test, 33,
			test_fill(test, dev, 0x20000000, 33 * SZ_4K, SZ_4K));
}

static void arm_dma_ranges_large(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-large");

	KUNIT_EXPECT_EQ(test, 200,
			test_fill(test, dev, 0x20000000, 200 * SZ_1M, SZ_1M));
}

/* Addresses of the bus's, whatever the memory's are */
static void arm_dma_ranges_offset(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-large");
	void *buf = test_buffer(test, PAGE_SIZE);
	dma_addr_t dma;

	dma = dma_map_single(dev, buf, PAGE_SIZE, DMA_TO_DEVICE);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	KUNIT_EXPECT_GE(test, dma, 0x20000000);
	KUNIT_EXPECT_LE(test, dma, 0x2c7ff000);
	dma_unmap_single(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	test_expect_translated(test, dev);
	test_coherent_buffer(test, dev, SZ_64K, GFP_KERNEL);
}

/* A master that sees little of the bus joins others, which see all of it */
static void arm_dma_ranges_late(struct kunit *test)
{
	struct device *wide = test_master_past_zero(test, "mock-master-a0");
	struct device *small;

	test_map_resource(test, wide, SZ_1M);
	small = test_master(test, "mock-master-small");
	KUNIT_EXPECT_LE(test, 32,
			test_fill(test, small, 0x20000000, 33 * SZ_4K, SZ_4K));
	test_expect_translated(test, wide);
	test_map_resource(test, wide, SZ_1M);
}

/* Nobody can serve a master that reaches nothing of what the IOMMU translates */
static void arm_dma_ranges_out_of_reach(struct kunit *test)
{
	struct device *dev;

	test_mmu_a(test)->aperture_end = SZ_2G - 1;
	dev = mock_master_find(test, "mock-master-high");
	KUNIT_EXPECT_NE(test, mock_master_bind(dev), 0);
	KUNIT_EXPECT_NULL(test, dev->driver);
	KUNIT_EXPECT_EQ(test, test_pages(test), 0);
	test_expect_translated(test, test_master(test, "mock-master-a0"));
}

static void test_release_window(void *data)
{
	struct device *dev = data;
	struct dma_iommu_mapping *mapping = to_dma_iommu_mapping(dev);

	arm_iommu_detach_device(dev);
	arm_iommu_release_mapping(mapping);
}

/* A mapping with a window that the caller asks for */
static void test_attach_window(struct kunit *test, struct device *dev,
			       dma_addr_t base, u64 size)
{
	struct dma_iommu_mapping *mapping = to_dma_iommu_mapping(dev);

	KUNIT_ASSERT_NOT_NULL(test, mapping);
	arm_iommu_detach_device(dev);
	arm_iommu_release_mapping(mapping);

	mapping = arm_iommu_create_mapping(dev, base, size);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(mapping));
	KUNIT_ASSERT_EQ(test, arm_iommu_attach_device(dev, mapping), 0);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, test_release_window,
						  dev));
}

/* Each gets the lowest address that is free, up to the end */
static void test_fill_window(struct kunit *test, struct device *dev,
			     dma_addr_t base, size_t size, size_t step)
{
	int count, max = size / step;
	dma_addr_t *dma = test_buffer(test, (max + 1) * sizeof(*dma));

	for (count = 0; count <= max; count++) {
		dma[count] = dma_map_resource(dev, TEST_RESOURCE, step,
					      DMA_TO_DEVICE, 0);
		if (dma_mapping_error(dev, dma[count]))
			break;
		KUNIT_ASSERT_EQ(test, dma[count], base + count * step);
	}
	KUNIT_EXPECT_EQ(test, count, max);

	test_expect_range(test, dev, base, TEST_RESOURCE, step);
	test_expect_range(test, dev, base + size - step, TEST_RESOURCE, step);

	/* What is freed can be had again */
	dma_unmap_resource(dev, dma[1], step, DMA_TO_DEVICE, 0);
	dma[1] = dma_map_resource(dev, TEST_RESOURCE, step, DMA_TO_DEVICE, 0);
	KUNIT_EXPECT_FALSE(test, dma_mapping_error(dev, dma[1]));
	KUNIT_EXPECT_EQ(test, dma[1], base + step);
	test_unmap_all(dev, dma, count, step);
	KUNIT_EXPECT_EQ(test, test_pages(test), 0);
}

static void arm_dma_window_200m(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-a0");

	test_attach_window(test, dev, SZ_1G, 200 * SZ_1M);
	test_fill_window(test, dev, SZ_1G, 200 * SZ_1M, SZ_1M);
}

static void arm_dma_window_100_pages(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-a0");

	test_attach_window(test, dev, SZ_1G, 100 * SZ_4K);
	test_fill_window(test, dev, SZ_1G, 100 * SZ_4K, SZ_4K);
}

/* How many errors dma-debug is going to report, or NULL if it looks for none */
static u32 *test_num_errors(void)
{
	struct dentry *dir = debugfs_lookup("dma-api", NULL), *file;
	u32 *num_errors = NULL;

	if (IS_ERR_OR_NULL(dir))
		return NULL;

	file = debugfs_lookup("num_errors", dir);
	if (file)
		num_errors = d_inode(file)->i_private;
	dput(file);
	dput(dir);
	return num_errors;
}

/*
 * A driver's mistake, which gets a warning: that is no reason to go down. And
 * dma-debug, which reports but one, has to have one left for other tests.
 */
static void arm_dma_bad_free(struct kunit *test)
{
	struct device *dev = test_master(test, "mock-master-a0");
	u32 *num_errors = test_num_errors();
	u32 left = num_errors ? *num_errors : 0;
	int saved = panic_on_warn;

	test_attach_window(test, dev, SZ_1G, SZ_1M);
	panic_on_warn = 0;
	dma_unmap_page(dev, SZ_256M, PAGE_SIZE, DMA_TO_DEVICE);
	panic_on_warn = saved;
	if (num_errors)
		*num_errors = left;
	test_expect_translated(test, dev);
}

/*
 * What it costs
 */

/* Of which neither is where the page table of the mock has to grow */
#define TEST_FEW		32
#define TEST_MANY		100000

static void test_map_and_unmap(struct kunit *test, struct device *dev,
			       void *buf, int count)
{
	dma_addr_t dma;

	while (count--) {
		dma = dma_map_single(dev, buf, PAGE_SIZE, DMA_TO_DEVICE);
		KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
		dma_unmap_single(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	}
}

/* The best of batches that are too short for all of them to be disturbed */
static u64 test_time(struct kunit *test, struct device *dev, void *buf)
{
	u64 start, best = U64_MAX;
	int i;

	for (i = 0; i < 256; i++) {
		start = ktime_get_ns();
		test_map_and_unmap(test, dev, buf, 16);
		best = min(best, ktime_get_ns() - start);
	}
	return best;
}

/* A mapping must not get dearer by those that are there */
static void arm_dma_many_mappings(struct kunit *test)
{
	/* Coherent, as maintenance of caches would hide what this is about */
	struct device *dev = test_master_past_zero(test, "mock-coherent-a");
	dma_addr_t *dma = test_buffer(test, TEST_MANY * sizeof(*dma));
	void *buf = test_buffer(test, PAGE_SIZE);
	u64 few = U64_MAX, many = U64_MAX;
	int round, count;

	/* What disturbs one round, such as a busy host, may be gone in another */
	for (round = 0; round < 3; round++) {
		for (count = 0; count < TEST_MANY; count++) {
			if (count == TEST_FEW)
				few = min(few, test_time(test, dev, buf));
			dma[count] = dma_map_resource(dev, TEST_RESOURCE,
						      PAGE_SIZE, DMA_TO_DEVICE, 0);
			KUNIT_ASSERT_FALSE(test,
					   dma_mapping_error(dev, dma[count]));
		}
		many = min(many, test_time(test, dev, buf));
		test_unmap_all(dev, dma, count, PAGE_SIZE);
	}

	kunit_info(test, "16 pairs: %llu ns, then %llu ns", few, many);
	KUNIT_EXPECT_LT(test, many, 2 * few);
}

/*
 * Groups, instances, and who owns the masters
 */

static void arm_dma_group_of_two(struct kunit *test)
{
	struct device *one = mock_master_find(test, "mock-twin-a0");
	struct device *two = mock_master_find(test, "mock-twin-a1");

	KUNIT_ASSERT_EQ(test, mock_master_bind(one), 0);
	KUNIT_EXPECT_EQ(test, mock_master_bind(two), 0);
	KUNIT_EXPECT_PTR_EQ(test, iommu_get_domain_for_dev(one),
			    iommu_get_domain_for_dev(two));

	test_take_zero(one);
	test_expect_translated(test, one);
	test_expect_translated(test, two);
}

static void arm_dma_driver_managed(struct kunit *test)
{
	struct device *dev = mock_master_find(test, "mock-master-a0");
	struct iommu_domain *domain;
	struct iommu_group *group;
	int ret;

	KUNIT_ASSERT_EQ(test, mock_master_bind_managed(dev), 0);
	ret = iommu_device_claim_dma_owner(dev, test);
	KUNIT_EXPECT_EQ(test, ret, 0);
	if (!ret)
		iommu_device_release_dma_owner(dev);

	group = iommu_group_get(dev);
	KUNIT_ASSERT_NOT_NULL(test, group);
	ret = iommu_group_claim_dma_owner(group, test);
	KUNIT_EXPECT_EQ(test, ret, 0);
	if (ret)
		goto out_put;

	domain = iommu_paging_domain_alloc(dev);
	KUNIT_EXPECT_FALSE(test, IS_ERR(domain));
	if (!IS_ERR(domain)) {
		KUNIT_EXPECT_EQ(test, iommu_attach_group(domain, group), 0);
		KUNIT_EXPECT_PTR_EQ(test, iommu_get_domain_for_dev(dev),
				    domain);
		iommu_detach_group(domain, group);
		iommu_domain_free(domain);
	}
	iommu_group_release_dma_owner(group);
out_put:
	iommu_group_put(group);

	/* And then it is an ordinary master again */
	mock_master_unbind(dev);
	KUNIT_ASSERT_EQ(test, mock_master_bind(dev), 0);
	test_take_zero(dev);
	test_expect_translated(test, dev);
}

/* VFIO has one device of the group, and another comes */
static void arm_dma_group_claimed(struct kunit *test)
{
	struct device *one = mock_master_find(test, "mock-twin-a0");
	struct device *two = mock_master_find(test, "mock-twin-a1");

	KUNIT_ASSERT_EQ(test, mock_master_bind_managed(one), 0);
	KUNIT_ASSERT_EQ(test, iommu_device_claim_dma_owner(one, test), 0);
	KUNIT_EXPECT_EQ(test, mock_master_bind(two), -EBUSY);
	KUNIT_EXPECT_NULL(test, two->driver);
	iommu_device_release_dma_owner(one);

	KUNIT_ASSERT_EQ(test, mock_master_bind(two), 0);
	test_take_zero(two);
	test_expect_translated(test, two);
	mock_master_unbind(one);
	KUNIT_ASSERT_EQ(test, mock_master_bind(one), 0);
	test_expect_translated(test, one);
}

/* That there are more masters than contexts must not leave any untranslated */
static void arm_dma_one_context(struct kunit *test)
{
	struct device *one, *two;

	test_mmu_a(test)->max_contexts = 1;
	one = test_master_past_zero(test, "mock-master-a0");
	two = test_master_past_zero(test, "mock-master-a1");
	test_expect_translated(test, one);
	test_expect_translated(test, two);
}

/* What its IOMMU cannot translate is not let past it */
static void arm_dma_attach_error(struct kunit *test)
{
	struct device *dev = mock_master_find(test, "mock-master-a0");

	test_mmu_a(test)->attach_error = -EIO;
	KUNIT_EXPECT_EQ(test, mock_master_bind(dev), -EIO);
	KUNIT_EXPECT_NULL(test, dev->driver);

	test_mmu_a(test)->attach_error = 0;
	KUNIT_ASSERT_EQ(test, mock_master_bind(dev), 0);
	test_expect_translated(test, dev);
}

static void arm_dma_two_instances(struct kunit *test)
{
	struct device *a = test_master_past_zero(test, "mock-master-a0");
	struct device *b = test_master_past_zero(test, "mock-master-b0");
	struct mock_iommu *mmu_b = test_mmu_b(test);
	int pages_a = test_pages(test), pages_b = atomic_read(&mmu_b->nr_pages);
	void *buf = test_buffer(test, SZ_64K);
	dma_addr_t dma;

	KUNIT_EXPECT_PTR_NE(test, iommu_get_domain_for_dev(a),
			    iommu_get_domain_for_dev(b));
	dma = dma_map_single(a, buf, SZ_64K, DMA_TO_DEVICE);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(a, dma));
	KUNIT_EXPECT_EQ(test, test_pages(test), pages_a + 16);
	KUNIT_EXPECT_EQ(test, atomic_read(&mmu_b->nr_pages), pages_b);
	KUNIT_EXPECT_EQ(test, test_translate(b, dma), 0);
	dma_unmap_single(a, dma, SZ_64K, DMA_TO_DEVICE);
	test_expect_translated(test, b);
}

static void arm_dma_rebind(struct kunit *test)
{
	struct device *dev = test_master_past_zero(test, "mock-master-a0");
	int domains = mock_iommu_nr_domains();

	test_expect_translated(test, dev);
	mock_master_unbind(dev);
	KUNIT_ASSERT_EQ(test, mock_master_bind(dev), 0);
	KUNIT_EXPECT_EQ(test, mock_iommu_nr_domains(), domains);
	test_take_zero(dev);
	test_expect_translated(test, dev);
}

static struct kunit_case arm_dma_cases[] = {
	KUNIT_CASE(arm_dma_alloc),
	KUNIT_CASE(arm_dma_alloc_coherent_master),
	KUNIT_CASE(arm_dma_alloc_atomic),
	KUNIT_CASE(arm_dma_get_sgtable),
	KUNIT_CASE(arm_dma_get_sgtable_atomic),
	KUNIT_CASE(arm_dma_get_sgtable_coherent_master),
	KUNIT_CASE(arm_dma_no_kernel_mapping),
	KUNIT_CASE(arm_dma_mmap),
	KUNIT_CASE(arm_dma_mmap_atomic),
	KUNIT_CASE(arm_dma_mmap_coherent_master),
	KUNIT_CASE(arm_dma_alloc_pages),
	KUNIT_CASE(arm_dma_alloc_noncontiguous),
	KUNIT_CASE(arm_dma_no_zero_address),
	KUNIT_CASE(arm_dma_map_page),
	KUNIT_CASE(arm_dma_map_page_far_offset),
	KUNIT_CASE(arm_dma_map_highmem),
	KUNIT_CASE(arm_dma_map_sg),
	KUNIT_CASE(arm_dma_map_sg_last),
	KUNIT_CASE(arm_dma_map_sg_far_offset),
	KUNIT_CASE(arm_dma_map_sg_scattered),
	KUNIT_CASE(arm_dma_seg_boundary),
	KUNIT_CASE(arm_dma_sync),
	KUNIT_CASE(arm_dma_map_256m),
	KUNIT_CASE(arm_dma_map_error),
	KUNIT_CASE(arm_dma_prot),
	KUNIT_CASE(arm_dma_prot_coherent),
	KUNIT_CASE(arm_dma_map_atomic),
	KUNIT_CASE(arm_dma_alloc_atomic_gfp),
	KUNIT_CASE(arm_dma_dma_mask),
	KUNIT_CASE(arm_dma_coherent_dma_mask),
	KUNIT_CASE(arm_dma_coherent_mask_aligns),
	KUNIT_CASE(arm_dma_bus_dma_limit),
	KUNIT_CASE(arm_dma_narrow_mask_exhausted),
	KUNIT_CASE(arm_dma_aperture),
	KUNIT_CASE(arm_dma_aperture_above_4g),
	KUNIT_CASE(arm_dma_reserved_region),
	KUNIT_CASE(arm_dma_direct_region),
	KUNIT_CASE(arm_dma_msi_doorbell),
	KUNIT_CASE(arm_dma_msi_doorbell_narrow),
	KUNIT_CASE(arm_dma_pci_windows),
	KUNIT_CASE(arm_dma_pci_windows_late),
	KUNIT_CASE(arm_dma_pci_ranges),
	KUNIT_CASE(arm_dma_pci_untrusted),
	KUNIT_CASE(arm_dma_ranges_small),
	KUNIT_CASE(arm_dma_ranges_large),
	KUNIT_CASE(arm_dma_ranges_offset),
	KUNIT_CASE(arm_dma_ranges_late),
	KUNIT_CASE(arm_dma_ranges_out_of_reach),
	KUNIT_CASE(arm_dma_window_200m),
	KUNIT_CASE(arm_dma_window_100_pages),
	KUNIT_CASE(arm_dma_bad_free),
	KUNIT_CASE(arm_dma_many_mappings),
	KUNIT_CASE(arm_dma_group_of_two),
	KUNIT_CASE(arm_dma_driver_managed),
	KUNIT_CASE(arm_dma_group_claimed),
	KUNIT_CASE(arm_dma_one_context),
	KUNIT_CASE(arm_dma_attach_error),
	KUNIT_CASE(arm_dma_two_instances),
	KUNIT_CASE(arm_dma_rebind),
	{}
};

static struct kunit_suite arm_dma_suite = {
	.name = "arm_dma",
	.init = arm_dma_test_init,
	.test_cases = arm_dma_cases,
};

kunit_test_suite(arm_dma_suite);
