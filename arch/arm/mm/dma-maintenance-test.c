// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the cache maintenance that masters behind an IOMMU get: what
 * is cleaned and invalidated, for whom, and when.
 *
 * QEMU has no caches that could show stale data, so kprobes watch the functions
 * that are to be called.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "dma-mapping-test.h"

#define MAX_EVENTS		256

enum maint_func {
	MAINT_FOR_DEVICE,
	MAINT_FOR_CPU,
	MAINT_PREP,
	MAINT_FLUSH,			/* what MAINT_PREP does */
	MAINT_NR_FUNCS
};

static const char *const maint_names[MAINT_NR_FUNCS] = {
	[MAINT_FOR_DEVICE] = "arch_sync_dma_for_device",
	[MAINT_FOR_CPU] = "arch_sync_dma_for_cpu",
	[MAINT_PREP] = "arch_dma_prep_coherent",
	[MAINT_FLUSH] = "dma_flush_area",
};

struct maint_event {
	enum maint_func func;
	phys_addr_t start;
	size_t size;
	enum dma_data_direction dir;	/* DMA_NONE if it takes none */
};

/* What the test's own thread called since it cleared @count */
static struct {
	struct task_struct *task;
	struct kprobe probes[MAINT_NR_FUNCS];
	unsigned int count;
	struct maint_event events[MAX_EVENTS];
} maint;

static struct maint_event *maint_new_event(enum maint_func func)
{
	struct maint_event *event;

	if (current != maint.task || maint.count == MAX_EVENTS)
		return NULL;

	event = &maint.events[maint.count++];
	event->func = func;
	return event;
}

/* Where phys_addr_t has 64 bits, it takes an even register and the next one */
static int maint_sync(struct kprobe *probe, struct pt_regs *regs)
{
	struct maint_event *event = maint_new_event(probe - maint.probes);

	if (!event)
		return 0;

	if (sizeof(phys_addr_t) == sizeof(u64)) {
		event->start = (u64)regs->ARM_r1 << 32 | regs->ARM_r0;
		event->size = regs->ARM_r2;
		event->dir = regs->ARM_r3;
	} else {
		event->start = regs->ARM_r0;
		event->size = regs->ARM_r1;
		event->dir = regs->ARM_r2;
	}
	return 0;
}

static int maint_prep(struct kprobe *probe, struct pt_regs *regs)
{
	struct maint_event *event = maint_new_event(MAINT_PREP);

	if (!event)
		return 0;

	event->start = page_to_phys((struct page *)regs->ARM_r0);
	event->size = regs->ARM_r1;
	event->dir = DMA_NONE;
	return 0;
}

/* High memory is mapped just for that: how much it is has to do */
static int maint_flush(struct kprobe *probe, struct pt_regs *regs)
{
	struct maint_event *event = maint_new_event(MAINT_FLUSH);

	if (!event)
		return 0;

	event->start = 0;
	event->size = regs->ARM_r1;
	event->dir = DMA_NONE;
	return 0;
}

static const kprobe_pre_handler_t maint_handlers[MAINT_NR_FUNCS] = {
	[MAINT_FOR_DEVICE] = maint_sync,
	[MAINT_FOR_CPU] = maint_sync,
	[MAINT_PREP] = maint_prep,
	[MAINT_FLUSH] = maint_flush,
};

KUNIT_DEFINE_ACTION_WRAPPER(maint_unregister, unregister_kprobe,
			    struct kprobe *);

static void maint_watch(struct kunit *test, enum maint_func func)
{
	struct kprobe *probe = &maint.probes[func];

	*probe = (struct kprobe){
		.symbol_name = maint_names[func],
		.pre_handler = maint_handlers[func],
	};
	KUNIT_ASSERT_EQ_MSG(test, register_kprobe(probe), 0, "%s",
			    maint_names[func]);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, maint_unregister,
						  probe));
}

/* @maint is cleared last: what the tests see is what they do themselves */
static struct device *maint_master(struct kunit *test, const char *name)
{
	struct device *dev;
	int func;

	if (!IS_ENABLED(CONFIG_KPROBES))
		kunit_skip(test, "requires CONFIG_KPROBES");

	dev = test_master_past_zero(test, name);
	for (func = 0; func < MAINT_NR_FUNCS; func++)
		maint_watch(test, func);
	maint.task = current;
	maint.count = 0;
	return dev;
}

/* How many calls there were, of a function, since the last time */
static unsigned int maint_calls(enum maint_func func)
{
	unsigned int i, calls = 0;

	for (i = 0; i < maint.count; i++)
		calls += maint.events[i].func == func;
	return calls;
}

/* How many bytes they were called for */
static size_t maint_bytes(enum maint_func func)
{
	size_t bytes = 0;
	unsigned int i;

	for (i = 0; i < maint.count; i++)
		if (maint.events[i].func == func)
			bytes += maint.events[i].size;
	return bytes;
}

static bool maint_covers(enum maint_func func, enum dma_data_direction dir,
			 phys_addr_t phys)
{
	struct maint_event *event;

	for (event = maint.events; event < maint.events + maint.count; event++)
		if (event->func == func && event->dir == dir &&
		    phys >= event->start && phys - event->start < event->size)
			return true;
	return false;
}

/* All the cache lines of a range, with as many calls as it takes */
static void maint_expect_covered(struct kunit *test, enum maint_func func,
				 enum dma_data_direction dir,
				 phys_addr_t start, size_t size)
{
	phys_addr_t phys;

	for (phys = start; phys < start + size; phys += 32)
		if (!maint_covers(func, dir, phys))
			break;
	KUNIT_EXPECT_GE_MSG(test, phys, start + size,
			    "%s skips %pap of %pap + %#zx", maint_names[func],
			    &phys, &start, size);
}

/* That range, in that direction, and nothing else */
static void maint_expect_one(struct kunit *test, enum maint_func func,
			     enum dma_data_direction dir, phys_addr_t start,
			     size_t size)
{
	struct maint_event *event = maint.events;

	KUNIT_EXPECT_EQ(test, maint.count, 1);
	KUNIT_EXPECT_EQ(test, event->func, func);
	KUNIT_EXPECT_EQ(test, event->dir, dir);
	KUNIT_EXPECT_EQ(test, event->start, start);
	KUNIT_EXPECT_EQ(test, event->size, size);
	memset(event, 0xff, sizeof(*event));
	maint.count = 0;
}

static void maint_expect_none(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, maint.count, 0);
	maint.count = 0;
}

/* Nothing comes back from a master that only reads; a call does no harm */
static void maint_expect_unmap(struct kunit *test, enum dma_data_direction dir,
			       phys_addr_t start, size_t size)
{
	if (dir == DMA_TO_DEVICE && !maint.count)
		return;
	maint_expect_one(test, MAINT_FOR_CPU, dir, start, size);
}

static void test_maint_page(struct kunit *test, struct device *dev,
			    enum dma_data_direction dir)
{
	void *buf = test_buffer(test, SZ_16K);
	phys_addr_t phys = virt_to_phys(buf) + 192;
	dma_addr_t dma;

	dma = dma_map_page(dev, virt_to_page(buf), 192, SZ_8K, dir);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	maint_expect_one(test, MAINT_FOR_DEVICE, dir, phys, SZ_8K);
	dma_unmap_page(dev, dma, SZ_8K, dir);
	maint_expect_unmap(test, dir, phys, SZ_8K);
}

static void arm_dma_maint_to_device(struct kunit *test)
{
	test_maint_page(test, maint_master(test, "mock-master-a0"),
			DMA_TO_DEVICE);
}

static void arm_dma_maint_from_device(struct kunit *test)
{
	test_maint_page(test, maint_master(test, "mock-master-a0"),
			DMA_FROM_DEVICE);
}

static void arm_dma_maint_bidirectional(struct kunit *test)
{
	test_maint_page(test, maint_master(test, "mock-master-a0"),
			DMA_BIDIRECTIONAL);
}

static void arm_dma_maint_highmem(struct kunit *test)
{
	struct device *dev = maint_master(test, "mock-master-a0");
	struct page *page = alloc_page(GFP_HIGHUSER);
	phys_addr_t phys;
	dma_addr_t dma;

	KUNIT_ASSERT_NOT_NULL(test, page);
	if (!PageHighMem(page)) {
		__free_page(page);
		kunit_skip(test, "no high memory");
	}

	phys = page_to_phys(page);
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	KUNIT_EXPECT_FALSE(test, dma_mapping_error(dev, dma));
	maint_expect_one(test, MAINT_FOR_DEVICE, DMA_FROM_DEVICE, phys,
			 PAGE_SIZE);
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	maint_expect_one(test, MAINT_FOR_CPU, DMA_FROM_DEVICE, phys, PAGE_SIZE);
	__free_page(page);
}

static void arm_dma_maint_sync_single(struct kunit *test)
{
	struct device *dev = maint_master(test, "mock-master-a0");
	void *buf = test_buffer(test, SZ_16K);
	phys_addr_t phys = virt_to_phys(buf);
	dma_addr_t dma;

	dma = dma_map_single(dev, buf, SZ_16K, DMA_FROM_DEVICE);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	maint.count = 0;

	dma_sync_single_for_cpu(dev, dma, SZ_16K, DMA_FROM_DEVICE);
	maint_expect_one(test, MAINT_FOR_CPU, DMA_FROM_DEVICE, phys, SZ_16K);
	dma_sync_single_for_device(dev, dma, SZ_16K, DMA_FROM_DEVICE);
	maint_expect_one(test, MAINT_FOR_DEVICE, DMA_FROM_DEVICE, phys, SZ_16K);

	dma_sync_single_range_for_cpu(dev, dma, SZ_4K + 64, SZ_4K,
				      DMA_FROM_DEVICE);
	maint_expect_one(test, MAINT_FOR_CPU, DMA_FROM_DEVICE,
			 phys + SZ_4K + 64, SZ_4K);
	dma_sync_single_range_for_device(dev, dma, SZ_4K + 64, SZ_4K,
					 DMA_FROM_DEVICE);
	maint_expect_one(test, MAINT_FOR_DEVICE, DMA_FROM_DEVICE,
			 phys + SZ_4K + 64, SZ_4K);
	dma_unmap_single(dev, dma, SZ_16K, DMA_FROM_DEVICE);
}

static void maint_expect_sg(struct kunit *test, enum maint_func func,
			    struct sg_table *sgt)
{
	struct scatterlist *sg;
	int i;

	KUNIT_EXPECT_EQ(test, maint.count, sgt->orig_nents);
	KUNIT_EXPECT_EQ(test, maint_calls(func), sgt->orig_nents);
	for_each_sgtable_sg(sgt, sg, i)
		maint_expect_covered(test, func, DMA_BIDIRECTIONAL, sg_phys(sg),
				     sg->length);
	maint.count = 0;
}

static void arm_dma_maint_map_sg(struct kunit *test)
{
	struct device *dev = maint_master(test, "mock-master-a0");
	struct sg_table *sgt;

	sgt = test_scatter(test, 8);
	sgt->sgl->offset = SZ_1K;
	sgt->sgl->length = SZ_2K;
	KUNIT_ASSERT_EQ(test, 0,
			dma_map_sgtable(dev, sgt, DMA_BIDIRECTIONAL, 0));
	maint_expect_sg(test, MAINT_FOR_DEVICE, sgt);
	dma_sync_sgtable_for_cpu(dev, sgt, DMA_BIDIRECTIONAL);
	maint_expect_sg(test, MAINT_FOR_CPU, sgt);
	dma_sync_sgtable_for_device(dev, sgt, DMA_BIDIRECTIONAL);
	maint_expect_sg(test, MAINT_FOR_DEVICE, sgt);
	dma_unmap_sgtable(dev, sgt, DMA_BIDIRECTIONAL, 0);
	maint_expect_sg(test, MAINT_FOR_CPU, sgt);
}

static void arm_dma_maint_skip_cpu_sync(struct kunit *test)
{
	struct device *dev = maint_master(test, "mock-master-a0");
	void *buf = test_buffer(test, SZ_16K);
	struct sg_table *sgt;
	dma_addr_t dma;

	sgt = test_scatter(test, 4);
	dma = dma_map_single_attrs(dev, buf, SZ_16K, DMA_BIDIRECTIONAL,
				   DMA_ATTR_SKIP_CPU_SYNC);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	dma_unmap_single_attrs(dev, dma, SZ_16K, DMA_BIDIRECTIONAL,
			       DMA_ATTR_SKIP_CPU_SYNC);
	maint_expect_none(test);

	KUNIT_ASSERT_EQ(test, 0,
			dma_map_sgtable(dev, sgt, DMA_BIDIRECTIONAL,
					DMA_ATTR_SKIP_CPU_SYNC));
	dma_unmap_sgtable(dev, sgt, DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC);
	maint_expect_none(test);
}

/* Registers of other devices are in no cache */
static void arm_dma_maint_resource(struct kunit *test)
{
	struct device *dev = maint_master(test, "mock-master-a0");
	dma_addr_t dma;

	dma = dma_map_resource(dev, TEST_RESOURCE, SZ_16K, DMA_TO_DEVICE, 0);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	dma_unmap_resource(dev, dma, SZ_16K, DMA_TO_DEVICE, 0);
	maint_expect_none(test);
}

/* By what the master sees, as not all buffers have a kernel mapping */
static void maint_expect_prepared(struct kunit *test, struct device *dev,
				  dma_addr_t dma, size_t size)
{
	size_t offset;

	for (offset = 0; offset < size; offset += PAGE_SIZE)
		maint_expect_covered(test, MAINT_PREP, DMA_NONE,
				     test_translate(dev, dma + offset),
				     PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, maint_bytes(MAINT_FLUSH), maint_bytes(MAINT_PREP));
}

static void test_maint_alloc(struct kunit *test, struct device *dev,
			     size_t size, unsigned long attrs)
{
	dma_addr_t dma;
	void *cookie;

	cookie = dma_alloc_attrs(dev, size, &dma, GFP_KERNEL, attrs);
	KUNIT_ASSERT_NOT_NULL(test, cookie);
	maint_expect_prepared(test, dev, dma, size);
	dma_free_attrs(dev, size, cookie, dma, attrs);
	maint.count = 0;
}

static void arm_dma_maint_alloc(struct kunit *test)
{
	struct device *dev = maint_master(test, "mock-master-a0");

	test_maint_alloc(test, dev, PAGE_SIZE, 0);
	test_maint_alloc(test, dev, SZ_64K + SZ_4K, 0);
	test_maint_alloc(test, dev, SZ_64K + SZ_4K,
			 DMA_ATTR_ALLOC_SINGLE_PAGES);
	test_maint_alloc(test, dev, SZ_64K, DMA_ATTR_FORCE_CONTIGUOUS);
	test_maint_alloc(test, dev, SZ_64K, DMA_ATTR_NO_KERNEL_MAPPING);
	test_maint_alloc(test, dev, SZ_64K, DMA_ATTR_WRITE_COMBINE);
}

/* High memory comes first, where there is any */
static void arm_dma_maint_alloc_highmem(struct kunit *test)
{
	struct device *dev = maint_master(test, "mock-master-a0");
	bool high = false;
	dma_addr_t dma;
	void *cpu_addr;

	cpu_addr = dma_alloc_coherent(dev, SZ_64K, &dma, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cpu_addr);
	if (is_vmalloc_addr(cpu_addr))
		high = PageHighMem(vmalloc_to_page(cpu_addr));
	if (high)
		maint_expect_prepared(test, dev, dma, SZ_64K);
	dma_free_coherent(dev, SZ_64K, cpu_addr, dma);
	if (!high)
		kunit_skip(test, "no high memory");
}

static void arm_dma_maint_alloc_noncontiguous(struct kunit *test)
{
	struct device *dev = maint_master(test, "mock-master-a0");
	struct sg_table *sgt;

	sgt = dma_alloc_noncontiguous(dev, SZ_64K, DMA_BIDIRECTIONAL,
				      GFP_KERNEL, 0);
	KUNIT_ASSERT_NOT_NULL(test, sgt);
	maint_expect_prepared(test, dev, sg_dma_address(sgt->sgl), SZ_64K);
	dma_free_noncontiguous(dev, SZ_64K, sgt, DMA_BIDIRECTIONAL);
}

/* Caches are none of the business of masters that snoop them */
static void arm_dma_maint_coherent_master(struct kunit *test)
{
	struct device *dev = maint_master(test, "mock-coherent-a");
	void *buf = test_buffer(test, SZ_16K), *cpu_addr;
	struct sg_table *sgt;
	dma_addr_t dma;

	sgt = test_scatter(test, 4);
	dma = dma_map_single(dev, buf, SZ_16K, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(dev, dma));
	dma_sync_single_for_cpu(dev, dma, SZ_16K, DMA_BIDIRECTIONAL);
	dma_sync_single_for_device(dev, dma, SZ_16K, DMA_BIDIRECTIONAL);
	dma_unmap_single(dev, dma, SZ_16K, DMA_BIDIRECTIONAL);
	maint_expect_none(test);

	KUNIT_ASSERT_EQ(test, 0,
			dma_map_sgtable(dev, sgt, DMA_BIDIRECTIONAL, 0));
	dma_sync_sgtable_for_cpu(dev, sgt, DMA_BIDIRECTIONAL);
	dma_sync_sgtable_for_device(dev, sgt, DMA_BIDIRECTIONAL);
	dma_unmap_sgtable(dev, sgt, DMA_BIDIRECTIONAL, 0);
	maint_expect_none(test);

	cpu_addr = dma_alloc_coherent(dev, SZ_64K, &dma, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cpu_addr);
	dma_free_coherent(dev, SZ_64K, cpu_addr, dma);
	maint_expect_none(test);
}

static struct kunit_case arm_dma_maintenance_cases[] = {
	KUNIT_CASE(arm_dma_maint_to_device),
	KUNIT_CASE(arm_dma_maint_from_device),
	KUNIT_CASE(arm_dma_maint_bidirectional),
	KUNIT_CASE(arm_dma_maint_highmem),
	KUNIT_CASE(arm_dma_maint_sync_single),
	KUNIT_CASE(arm_dma_maint_map_sg),
	KUNIT_CASE(arm_dma_maint_skip_cpu_sync),
	KUNIT_CASE(arm_dma_maint_resource),
	KUNIT_CASE(arm_dma_maint_alloc),
	KUNIT_CASE(arm_dma_maint_alloc_highmem),
	KUNIT_CASE(arm_dma_maint_alloc_noncontiguous),
	KUNIT_CASE(arm_dma_maint_coherent_master),
	{}
};

static struct kunit_suite arm_dma_maintenance_suite = {
	.name = "arm_dma_maintenance",
	.init = arm_dma_test_init,
	.test_cases = arm_dma_maintenance_cases,
};

kunit_test_suite(arm_dma_maintenance_suite);
