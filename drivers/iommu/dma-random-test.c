// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit test of the DMA API behind IOMMUs: random calls, against a model.
 *
 * Threads call the DMA API for masters that most of them have in common. The
 * model is what each buffer has to have in the page table: pairs of an IOVA and
 * a physical page, and one protection for all. After each call, the page table
 * is compared with it for the buffer in question; and if there is one thread
 * only, all page tables, for how many pages they hold. After each round, when
 * all threads have stopped, each page table has to hold the buffers of all
 * threads, and nothing else. IOMMUs and masters are mocks; see mock-iommu.c.
 *
 * What a call is asked to do depends on the seed, the number of the thread and
 * that of the call, but not on what came before. A failure says all three, and
 * two parameters on the kernel's command line replay it:
 *
 *   iommu_dma_random.seed=<seed>
 *   iommu_dma_random.calls=<calls of each thread>
 *
 * With one thread and strict invalidation, the same happens. With several, each
 * does the same, but not at the same time; and a call that finds its slot empty
 * as the one before failed for want of room maps instead of unmapping.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/siphash.h>
#include <linux/sizes.h>
#include <linux/swiotlb.h>
#include <linux/vmalloc.h>

#include "dma-iommu.h"
#include "mock-iommu.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"iommu_dma_random."

static unsigned long long rnd_seed;
module_param_named(seed, rnd_seed, ullong, 0444);
MODULE_PARM_DESC(seed, "Seed to replay (0: another one each time)");

static unsigned int rnd_calls = 60000;
module_param_named(calls, rnd_calls, uint, 0444);
MODULE_PARM_DESC(calls, "Calls of each thread");

#define RND_THREADS		4
#define RND_ROUND		2500	/* calls of each thread */
#define RND_SLOTS		24	/* buffers of each thread */
#define RND_MEMORY		SZ_512K	/* of each buffer, at most */
#define RND_PAGES		512	/* of each buffer in a page table */
#define RND_NENTS		48
#define RND_MAX_PADDING		SZ_64K

/* No memory: registers of some device, to map as a resource */
#define RND_RESOURCE		0x10000000

/*
 * What masters of instance a have reserved, or mapped to itself, where the one
 * with a mask of 26 bits gets its first IOVAs, and others the next
 */
#define RND_RESERVED_ID		1
#define RND_RESERVED		(SZ_64M - SZ_64K)
#define RND_RESERVED_SIZE	SZ_32K
#define RND_DIRECT_ID		16
#define RND_DIRECT		(SZ_64M - SZ_128K)
#define RND_DIRECT_SIZE		SZ_64K

enum rnd_kind {
	RND_FREE,		/* a slot without a buffer */
	RND_PAGE,
	RND_SG,
	RND_RESOURCE_RANGE,
	RND_COHERENT,
	RND_ALLOC_PAGES,
	RND_NONCONTIGUOUS,
	RND_KINDS
};

struct rnd_master {
	const char	*name;
	u64		mask;
	unsigned long	boundary;
	unsigned int	max_seg_size;
	bool		narrow;		/* there may be no room */
	bool		owned;		/* by one thread, which unbinds it */
	struct device	*dev;
};

struct rnd_page {
	unsigned long	iova_pfn;
	unsigned long	pfn;
};

struct rnd_buf {
	enum rnd_kind		kind;
	struct rnd_master	*master;
	enum dma_data_direction	dir;
	unsigned long		attrs;
	size_t			size;
	dma_addr_t		dma;
	bool			atomic;
	bool			bounced;

	/* What is mapped: by kind, one of these */
	struct page		*memory;	/* always there */
	unsigned long		offset;
	phys_addr_t		phys;
	struct scatterlist	sg[RND_NENTS];
	struct scatterlist	orig[RND_NENTS];
	int			nents;
	int			segments;
	void			*cpu_addr;
	struct page		*page;
	struct sg_table		*sgt;

	/* The model */
	int			prot;
	unsigned int		nr_pages;
	struct rnd_page		pages[RND_PAGES];
};

struct rnd_thread {
	struct kunit		*test;
	struct task_struct	*task;
	struct completion	done;
	unsigned int		id;
	unsigned int		call;
	unsigned int		last;	/* call of this round */
	unsigned int		draws;	/* of this call */
	unsigned int		fail_in; /* calls of map_pages(), if not 0 */
	unsigned int		maps;	/* calls of map_pages() */
	bool			fired;
	bool			failed;
	unsigned long		count[RND_KINDS];
	unsigned long		bounced;
	unsigned long		injected;
	unsigned long		injected_late; /* when some pages were mapped */
	struct rnd_buf		bufs[RND_SLOTS];
};

struct rnd_test {
	u64			seed;
	unsigned int		nr_threads;
	struct mock_iommu	*a;
	struct mock_iommu	*b;
	struct rnd_thread	*threads[RND_THREADS];
};

static struct rnd_test rnd;

/* Those that are owned come last, as many as there are threads */
static struct rnd_master rnd_masters[] = {
	{ "mock-master-a0", DMA_BIT_MASK(32), U32_MAX, SZ_1M },
	{ "mock-coherent-a", DMA_BIT_MASK(32), U32_MAX, SZ_64K },
	{ "mock-twin-a0", DMA_BIT_MASK(32), SZ_64K - 1, SZ_64K },
	{ "mock-twin-a1", DMA_BIT_MASK(26), U32_MAX, SZ_64K, true },
	{ "mock-master-small", DMA_BIT_MASK(32), U32_MAX, SZ_64K, true },
	{ "mock-master-large", DMA_BIT_MASK(31), SZ_64K - 1, SZ_64K },
	{ "mock-master-b0", DMA_BIT_MASK(24), U32_MAX, SZ_64K, true },
	{ "mock-coherent-b", DMA_BIT_MASK(64), U32_MAX, SZ_128K },
	{ "mock-twin-b0", DMA_BIT_MASK(32), U32_MAX, SZ_64K },
	{ "mock-master-a1", DMA_BIT_MASK(32), U32_MAX, SZ_64K, false, true },
	{ "mock-master-b1", DMA_BIT_MASK(32), U32_MAX, SZ_64K, false, true },
	{ "mock-twin-b1", DMA_BIT_MASK(30), U32_MAX, SZ_64K, false, true },
	{ "mock-master-a2", DMA_BIT_MASK(32), SZ_64K - 1, SZ_64K, false, true },
};

#define RND_OWNED	(ARRAY_SIZE(rnd_masters) - RND_THREADS)

/* Says what it takes to replay it; each thread fails once */
static __printf(2, 3) void rnd_fail(struct rnd_thread *t, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	if (t->failed)
		return;
	t->failed = true;
	va_start(args, fmt);
	vaf.va = &args;
	KUNIT_FAIL(t->test, "seed %llu, thread %u of %u, call %u: %pV", rnd.seed,
		   t->id, rnd.nr_threads, t->call, &vaf);
	va_end(args);
}

static __printf(3, 4) void rnd_fail_buf(struct rnd_thread *t,
					struct rnd_buf *buf,
					const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	rnd_fail(t, "%s, kind %d, %zu bytes, direction %d, attributes %lx: %pV",
		 buf->master->name, buf->kind, buf->size, buf->dir, buf->attrs,
		 &vaf);
	va_end(args);
}

/*
 * What is random
 */

static u32 rnd_u32(struct rnd_thread *t)
{
	static const siphash_key_t key;

	return siphash_3u64(rnd.seed, (u64)t->id << 32 | t->call, t->draws++,
			    &key);
}

static u32 rnd_below(struct rnd_thread *t, u32 end)
{
	return rnd_u32(t) % end;
}

static bool rnd_one_in(struct rnd_thread *t, u32 count)
{
	return !rnd_below(t, count);
}

/* From 1 to @max, as many small ones as large ones; often whole pages */
static size_t rnd_size(struct rnd_thread *t, size_t max)
{
	size_t size = 1 + rnd_below(t, 1U << (1 + rnd_below(t, ilog2(max))));

	if (rnd_one_in(t, 2))
		size = PAGE_ALIGN(size);
	return min(size, max);
}

static unsigned long rnd_offset(struct rnd_thread *t, unsigned long end)
{
	unsigned long offset = rnd_below(t, end);

	switch (rnd_below(t, 3)) {
	case 0:
		return 0;
	case 1:
		return offset & PAGE_MASK;
	default:
		return offset;
	}
}

/*
 * The model
 */

static void rnd_add(struct rnd_thread *t, struct rnd_buf *buf, dma_addr_t iova,
		    phys_addr_t phys, size_t size)
{
	dma_addr_t pfn = iova >> PAGE_SHIFT;

	if (offset_in_page(iova) != offset_in_page(phys))
		rnd_fail_buf(t, buf, "IOVA %pad is no place for %pa", &iova,
			     &phys);
	for (; pfn <= (iova + size - 1) >> PAGE_SHIFT; pfn++) {
		if (buf->nr_pages == RND_PAGES) {
			rnd_fail_buf(t, buf, "more pages than there can be");
			return;
		}
		buf->pages[buf->nr_pages].iova_pfn = pfn;
		buf->pages[buf->nr_pages].pfn = PHYS_PFN(phys);
		buf->nr_pages++;
		phys += PAGE_SIZE;
	}
}

/* The page is one of the bounce buffers, with the same bytes in it */
static void rnd_add_bounced(struct rnd_thread *t, struct rnd_buf *buf,
			    dma_addr_t iova, unsigned long offset, size_t size)
{
	struct device *dev = buf->master->dev;
	phys_addr_t phys;

	phys = iommu_iova_to_phys(iommu_get_domain_for_dev(dev), iova);
	if (!phys || !swiotlb_find_pool(dev, phys)) {
		rnd_fail_buf(t, buf, "not bounced, but at %pa", &phys);
		return;
	}
	if (memcmp(phys_to_virt(phys), page_address(buf->memory) + offset, size))
		rnd_fail_buf(t, buf, "the bounce buffer holds something else");
	rnd_add(t, buf, iova, phys, size);
	buf->bounced = true;
}

static bool rnd_is_mapped(struct iommu_domain *domain, struct rnd_page *page,
			  int prot)
{
	dma_addr_t iova = (dma_addr_t)page->iova_pfn << PAGE_SHIFT;

	return iommu_iova_to_phys(domain, iova) == PFN_PHYS(page->pfn) &&
	       mock_iommu_prot(domain, iova) == prot;
}

static void rnd_verify(struct rnd_thread *t, struct rnd_buf *buf)
{
	struct device *dev = buf->master->dev;
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	u64 mask = min_not_zero(buf->master->mask, dev->bus_dma_limit);
	dma_addr_t start = 0;
	unsigned int i;

	if (dev->dma_range_map)
		start = dma_range_map_min(dev->dma_range_map);

	for (i = 0; i < buf->nr_pages; i++) {
		struct rnd_page *page = &buf->pages[i];
		dma_addr_t iova = (dma_addr_t)page->iova_pfn << PAGE_SHIFT;
		phys_addr_t phys = iommu_iova_to_phys(domain, iova);

		if (!iova || iova < start || (u64)iova + PAGE_SIZE - 1 > mask)
			rnd_fail_buf(t, buf, "IOVA %pad is out of reach", &iova);
		if (rnd_is_mapped(domain, page, buf->prot))
			continue;
		rnd_fail_buf(t, buf, "page %u of %u, at %pad: %pa, protection %x, not %#lx, %x",
			     i, buf->nr_pages, &iova, &phys,
			     mock_iommu_prot(domain, iova),
			     page->pfn << PAGE_SHIFT, buf->prot);
		return;
	}
}

/*
 * After an unmap, an IOVA may be another thread's. But only memory that the API
 * has freed may be another thread's, too.
 */
static void rnd_verify_gone(struct rnd_thread *t, struct rnd_buf *buf)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(buf->master->dev);
	unsigned int i;

	if (rnd.nr_threads > 1 && (buf->kind >= RND_COHERENT || buf->bounced))
		return;

	for (i = 0; i < buf->nr_pages; i++) {
		dma_addr_t iova = (dma_addr_t)buf->pages[i].iova_pfn << PAGE_SHIFT;
		phys_addr_t phys = iommu_iova_to_phys(domain, iova);

		if (phys == PFN_PHYS(buf->pages[i].pfn) ||
		    (phys && rnd.nr_threads == 1)) {
			rnd_fail_buf(t, buf, "still mapped at %pad", &iova);
			return;
		}
	}
}

static int rnd_prot(struct rnd_buf *buf, enum dma_data_direction dir)
{
	int prot = 0;

	if (dir != DMA_FROM_DEVICE)
		prot |= IOMMU_READ;
	if (dir != DMA_TO_DEVICE)
		prot |= IOMMU_WRITE;
	if (buf->attrs & DMA_ATTR_PRIVILEGED)
		prot |= IOMMU_PRIV;
	if (buf->kind == RND_RESOURCE_RANGE)
		prot |= IOMMU_MMIO;
	else if (dev_is_dma_coherent(buf->master->dev))
		prot |= IOMMU_CACHE;
	return prot;
}

/*
 * Each kind of mapping: to make it, to tell the model, and to undo it. Those
 * that make it return whether there is one.
 */

static bool rnd_map_page(struct rnd_thread *t, struct rnd_buf *buf)
{
	struct device *dev = buf->master->dev;

	buf->offset = rnd_offset(t, SZ_64K);
	buf->size = rnd_size(t, RND_MEMORY - buf->offset);
	buf->dma = dma_map_page_attrs(dev, buf->memory, buf->offset, buf->size,
				      buf->dir, buf->attrs);
	return !dma_mapping_error(dev, buf->dma);
}

/* Small buffers may share a cache line with something else */
static bool rnd_needs_bounce(struct rnd_buf *buf, unsigned long offset,
			     size_t size)
{
	return dma_kmalloc_needs_bounce(buf->master->dev, size, buf->dir) &&
	       !PAGE_ALIGNED(offset | size);
}

static void rnd_model_page(struct rnd_thread *t, struct rnd_buf *buf)
{
	if (rnd_needs_bounce(buf, buf->offset, buf->size))
		rnd_add_bounced(t, buf, buf->dma, buf->offset, buf->size);
	else
		rnd_add(t, buf, buf->dma,
			page_to_phys(buf->memory) + buf->offset, buf->size);
}

static void rnd_unmap_page(struct rnd_buf *buf)
{
	dma_unmap_page_attrs(buf->master->dev, buf->dma, buf->size, buf->dir,
			     buf->attrs);
}

/* No two entries are in one page; what pads the last is the buffer's, too */
static int rnd_fill_entries(struct rnd_thread *t, struct rnd_buf *buf,
			    int nents)
{
	unsigned long start = 0;
	int i;

	for (i = 0; i < nents && start < RND_MEMORY - SZ_64K - RND_MAX_PADDING; i++) {
		unsigned long offset = rnd_offset(t, SZ_32K);
		unsigned int length = rnd_size(t, SZ_32K);

		if (rnd_one_in(t, 2))
			sg_set_page(&buf->sg[i],
				    buf->memory + (start >> PAGE_SHIFT),
				    length, offset);
		else
			sg_set_page(&buf->sg[i],
				    buf->memory +
				    ((start + offset) >> PAGE_SHIFT),
				    length, offset_in_page(offset));
		start = PAGE_ALIGN(start + offset + length);
	}
	return i;
}

/* Most of them neighbours of no other, and all whole, but for the last one */
static int rnd_fill_pages(struct rnd_thread *t, struct rnd_buf *buf, int nents)
{
	unsigned int where = 0;
	int i;

	for (i = 0; i < nents; i++) {
		sg_set_page(&buf->sg[i], buf->memory + where, PAGE_SIZE, 0);
		where += rnd_one_in(t, 8) ? 1 : 2;
	}
	if (rnd_one_in(t, 2))
		buf->sg[i - 1].length = 1 + rnd_below(t, PAGE_SIZE);
	return i;
}

/* What is left of an earlier mapping is no part of this one */
static void rnd_fill_sg(struct rnd_thread *t, struct rnd_buf *buf)
{
	int nents = 1 + rnd_below(t, RND_NENTS), i;

	sg_init_table(buf->sg, RND_NENTS);
	for (i = 0; i < RND_NENTS; i++) {
		sg_dma_address(&buf->sg[i]) = RND_RESOURCE;
		sg_dma_len(&buf->sg[i]) = PAGE_SIZE;
	}
	if (rnd_one_in(t, 3))
		buf->nents = rnd_fill_pages(t, buf, nents);
	else
		buf->nents = rnd_fill_entries(t, buf, nents);
	sg_mark_end(&buf->sg[buf->nents - 1]);
	memcpy(buf->orig, buf->sg, sizeof(buf->orig));
}

static void rnd_verify_sg_entries(struct rnd_thread *t, struct rnd_buf *buf)
{
	int i;

	for (i = 0; i < buf->nents; i++)
		if (buf->sg[i].page_link != buf->orig[i].page_link ||
		    buf->sg[i].offset != buf->orig[i].offset ||
		    buf->sg[i].length != buf->orig[i].length)
			rnd_fail_buf(t, buf, "entry %d was changed", i);
	/* A list that could not be mapped says nothing */
	for (i = buf->segments; i > 0 && i < buf->nents; i++)
		if (sg_dma_len(&buf->sg[i]))
			rnd_fail_buf(t, buf, "entry %d is no segment", i);
}

static bool rnd_map_sg(struct rnd_thread *t, struct rnd_buf *buf)
{
	int i;

	rnd_fill_sg(t, buf);
	for (i = 0, buf->size = 0; i < buf->nents; i++)
		buf->size += buf->sg[i].length;
	buf->segments = dma_map_sg_attrs(buf->master->dev, buf->sg, buf->nents,
					 buf->dir, buf->attrs);
	rnd_verify_sg_entries(t, buf);
	return buf->segments > 0;
}

static bool rnd_sg_bounces(struct rnd_buf *buf)
{
	int i;

	for (i = 0; i < buf->nents; i++)
		if (dma_kmalloc_needs_bounce(buf->master->dev,
					     buf->orig[i].length, buf->dir))
			return true;
	return false;
}

static void rnd_verify_segment(struct rnd_thread *t, struct rnd_buf *buf,
			       struct scatterlist *seg)
{
	struct rnd_master *master = buf->master;
	dma_addr_t dma = sg_dma_address(seg);
	unsigned int length = sg_dma_len(seg);

	if (!length || length > master->max_seg_size)
		rnd_fail_buf(t, buf, "a segment of %u bytes", length);
	else if ((dma ^ (dma + length - 1)) & ~(dma_addr_t)master->boundary)
		rnd_fail_buf(t, buf, "a segment of %u bytes at %pad", length,
			     &dma);
}

/* What pads a segment up to a boundary is mapped to what follows it in memory */
static void rnd_model_padding(struct rnd_thread *t, struct rnd_buf *buf,
			      dma_addr_t iova)
{
	struct rnd_page *prev = &buf->pages[buf->nr_pages - 1];
	unsigned long start = prev->iova_pfn + 1;
	unsigned long count = (iova >> PAGE_SHIFT) - start;

	if (count > RND_MAX_PADDING >> PAGE_SHIFT)
		rnd_fail_buf(t, buf, "%lu pages between segments", count);
	else if (count)
		rnd_add(t, buf, (dma_addr_t)start << PAGE_SHIFT,
			PFN_PHYS(prev->pfn + 1), count << PAGE_SHIFT);
}

static void rnd_model_sg_entry(struct rnd_thread *t, struct rnd_buf *buf,
			       struct scatterlist *sg, dma_addr_t iova)
{
	bool bounces = rnd_sg_bounces(buf);

	if (bounces && rnd_needs_bounce(buf, sg->offset, sg->length)) {
		rnd_add_bounced(t, buf, iova,
				sg_phys(sg) - page_to_phys(buf->memory),
				sg->length);
		return;
	}
	if (!bounces && buf->nr_pages)
		rnd_model_padding(t, buf, iova);
	rnd_add(t, buf, iova, sg_phys(sg), sg->length);
}

/* Walks the segments as a master does */
static void rnd_model_sg(struct rnd_thread *t, struct rnd_buf *buf)
{
	struct scatterlist *seg = buf->sg;
	unsigned int done = 0;
	int i;

	for (i = 0; i < buf->nents; i++) {
		if (done && done == sg_dma_len(seg)) {
			seg++;
			done = 0;
		}
		if (seg - buf->sg >= buf->segments ||
		    done + buf->sg[i].length > sg_dma_len(seg)) {
			rnd_fail_buf(t, buf, "segments end with entry %d", i);
			return;
		}
		if (!done)
			rnd_verify_segment(t, buf, seg);
		rnd_model_sg_entry(t, buf, &buf->sg[i],
				   sg_dma_address(seg) + done);
		done += buf->sg[i].length;
	}
	if (seg - buf->sg != buf->segments - 1 || done != sg_dma_len(seg))
		rnd_fail_buf(t, buf, "more segments than entries");
}

static void rnd_unmap_sg(struct rnd_buf *buf)
{
	dma_unmap_sg_attrs(buf->master->dev, buf->sg, buf->nents, buf->dir,
			   buf->attrs);
}

/* Each slot has a range of its own */
static bool rnd_map_resource(struct rnd_thread *t, struct rnd_buf *buf)
{
	struct device *dev = buf->master->dev;

	buf->phys = RND_RESOURCE + rnd_offset(t, SZ_64K) +
		    (t->id * RND_SLOTS + (buf - t->bufs)) * SZ_1M;
	buf->size = rnd_size(t, RND_MEMORY);
	buf->dma = dma_map_resource(dev, buf->phys, buf->size, buf->dir,
				    buf->attrs);
	return !dma_mapping_error(dev, buf->dma);
}

static void rnd_model_resource(struct rnd_thread *t, struct rnd_buf *buf)
{
	rnd_add(t, buf, buf->dma, buf->phys, buf->size);
}

static void rnd_unmap_resource(struct rnd_buf *buf)
{
	dma_unmap_resource(buf->master->dev, buf->dma, buf->size, buf->dir,
			   buf->attrs);
}

static gfp_t rnd_gfp(struct rnd_buf *buf)
{
	return (buf->atomic ? GFP_ATOMIC : GFP_KERNEL) | __GFP_NOWARN;
}

static bool rnd_alloc_coherent(struct rnd_thread *t, struct rnd_buf *buf)
{
	/* There is not much that can be had in one piece, or at once */
	bool contiguous = rnd_one_in(t, 4);

	buf->dir = DMA_BIDIRECTIONAL;
	if (contiguous)
		buf->attrs |= DMA_ATTR_FORCE_CONTIGUOUS;
	buf->size = rnd_size(t, buf->atomic ? SZ_16K :
				contiguous ? SZ_64K : RND_MEMORY);
	buf->cpu_addr = dma_alloc_attrs(buf->master->dev, buf->size, &buf->dma,
					rnd_gfp(buf), buf->attrs);
	return buf->cpu_addr;
}

static void rnd_model_coherent(struct rnd_thread *t, struct rnd_buf *buf)
{
	size_t offset;

	for (offset = 0; offset < buf->size; offset += PAGE_SIZE) {
		void *addr = buf->cpu_addr + offset;
		phys_addr_t phys;

		if (is_vmalloc_addr(addr))
			phys = page_to_phys(vmalloc_to_page(addr));
		else
			phys = virt_to_phys(addr);
		rnd_add(t, buf, buf->dma + offset, phys, PAGE_SIZE);
	}
	if (memchr_inv(buf->cpu_addr, 0, buf->size))
		rnd_fail_buf(t, buf, "not zeroed");
	memset(buf->cpu_addr, 0xa5, buf->size);
}

static void rnd_free_coherent(struct rnd_buf *buf)
{
	dma_free_attrs(buf->master->dev, buf->size, buf->cpu_addr, buf->dma,
		       buf->attrs);
}

static bool rnd_alloc_pages(struct rnd_thread *t, struct rnd_buf *buf)
{
	buf->attrs = 0;
	buf->size = PAGE_ALIGN(rnd_size(t, buf->atomic ? SZ_16K : SZ_64K));
	buf->page = dma_alloc_pages(buf->master->dev, buf->size, &buf->dma,
				    buf->dir, rnd_gfp(buf));
	return buf->page;
}

static void rnd_model_pages(struct rnd_thread *t, struct rnd_buf *buf)
{
	rnd_add(t, buf, buf->dma, page_to_phys(buf->page), buf->size);
}

static void rnd_free_pages(struct rnd_buf *buf)
{
	dma_free_pages(buf->master->dev, buf->size, buf->page, buf->dma,
		       buf->dir);
}

/* One segment for the master, which the API makes of any size: only what it takes */
static bool rnd_alloc_noncontiguous(struct rnd_thread *t, struct rnd_buf *buf)
{
	size_t max = min_t(u64, (u64)buf->master->boundary + 1,
			   buf->master->max_seg_size);

	buf->attrs = rnd_one_in(t, 2) ? DMA_ATTR_ALLOC_SINGLE_PAGES : 0;
	buf->size = rnd_size(t, min(max, RND_MEMORY));
	buf->sgt = dma_alloc_noncontiguous(buf->master->dev, buf->size,
					   buf->dir, GFP_KERNEL | __GFP_NOWARN,
					   buf->attrs);
	return buf->sgt;
}

static void rnd_model_noncontiguous(struct rnd_thread *t, struct rnd_buf *buf)
{
	dma_addr_t dma = sg_dma_address(buf->sgt->sgl);
	struct sg_page_iter iter;

	for_each_sgtable_page(buf->sgt, &iter, 0) {
		rnd_add(t, buf, dma, page_to_phys(sg_page_iter_page(&iter)),
			PAGE_SIZE);
		dma += PAGE_SIZE;
	}
	if (buf->nr_pages != PAGE_ALIGN(buf->size) >> PAGE_SHIFT)
		rnd_fail_buf(t, buf, "%u pages", buf->nr_pages);

	/* The direction is for maintenance of caches */
	buf->prot |= IOMMU_READ | IOMMU_WRITE;
}

static void rnd_free_noncontiguous(struct rnd_buf *buf)
{
	dma_free_noncontiguous(buf->master->dev, buf->size, buf->sgt, buf->dir);
}

static const struct {
	bool (*map)(struct rnd_thread *t, struct rnd_buf *buf);
	void (*model)(struct rnd_thread *t, struct rnd_buf *buf);
	void (*unmap)(struct rnd_buf *buf);
	bool unmaps_atomic;
} rnd_kinds[RND_KINDS] = {
	[RND_PAGE] = {
		rnd_map_page, rnd_model_page, rnd_unmap_page, true
	},
	[RND_SG] = {
		rnd_map_sg, rnd_model_sg, rnd_unmap_sg, true
	},
	[RND_RESOURCE_RANGE] = {
		rnd_map_resource, rnd_model_resource, rnd_unmap_resource, true
	},
	[RND_COHERENT] = {
		rnd_alloc_coherent, rnd_model_coherent, rnd_free_coherent
	},
	[RND_ALLOC_PAGES] = {
		rnd_alloc_pages, rnd_model_pages, rnd_free_pages
	},
	[RND_NONCONTIGUOUS] = {
		rnd_alloc_noncontiguous, rnd_model_noncontiguous,
		rnd_free_noncontiguous
	},
};

/*
 * Calls
 */

/* For map_pages(), which may be asked by somebody else */
static int rnd_map_hook(void)
{
	unsigned int i;

	for (i = 0; i < rnd.nr_threads; i++) {
		struct rnd_thread *t = rnd.threads[i];

		if (t->task != current || !t->fail_in)
			continue;
		if (++t->maps < t->fail_in)
			break;
		t->fired = true;
		t->injected++;
		t->injected_late += t->maps > 1;
		return -ENOMEM;
	}
	return 0;
}

static struct rnd_master *rnd_owned(struct rnd_thread *t, u32 which)
{
	u32 nr = RND_THREADS / rnd.nr_threads;

	return &rnd_masters[RND_OWNED + t->id + which % nr * rnd.nr_threads];
}

static struct rnd_master *rnd_pick_master(struct rnd_thread *t)
{
	u32 which = rnd_below(t, ARRAY_SIZE(rnd_masters));

	return which < RND_OWNED ? &rnd_masters[which] : rnd_owned(t, which);
}

static bool rnd_may_fail(struct rnd_buf *buf)
{
	if (buf->master->narrow)
		return true;
	if (buf->kind == RND_PAGE)
		return rnd_needs_bounce(buf, buf->offset, buf->size);
	if (buf->kind == RND_SG)
		return rnd_sg_bounces(buf);
	return buf->atomic && buf->kind >= RND_COHERENT;
}

static bool rnd_call_map(struct rnd_thread *t, struct rnd_buf *buf)
{
	unsigned long flags;
	bool mapped;

	if (!buf->atomic)
		return rnd_kinds[buf->kind].map(t, buf);

	local_irq_save(flags);
	mapped = rnd_kinds[buf->kind].map(t, buf);
	local_irq_restore(flags);
	return mapped;
}

static void rnd_map(struct rnd_thread *t, struct rnd_buf *buf)
{
	static const unsigned long attrs[] = {
		0, 0, DMA_ATTR_PRIVILEGED, DMA_ATTR_SKIP_CPU_SYNC,
	};
	bool mapped;

	buf->master = rnd_pick_master(t);
	buf->kind = 1 + rnd_below(t, RND_KINDS - 1);
	buf->dir = rnd_below(t, 3);
	buf->attrs = attrs[rnd_below(t, ARRAY_SIZE(attrs))];
	buf->atomic = rnd_one_in(t, 4) && buf->kind != RND_NONCONTIGUOUS;
	buf->bounced = false;
	buf->nr_pages = 0;
	t->fail_in = rnd_one_in(t, 32) ? 1 + rnd_below(t, 3) : 0;
	t->maps = 0;
	t->fired = false;

	mapped = rnd_call_map(t, buf);
	t->fail_in = 0;
	t->count[buf->kind]++;
	if (mapped) {
		buf->prot = rnd_prot(buf, buf->dir);
		rnd_kinds[buf->kind].model(t, buf);
		rnd_verify(t, buf);
		t->bounced += buf->bounced;
		if (t->fired)
			rnd_fail_buf(t, buf, "an error was not returned");
		return;
	}

	if (!t->fired && !rnd_may_fail(buf))
		rnd_fail_buf(t, buf, "failed");
	t->count[RND_FREE]++;
	buf->kind = RND_FREE;
}

static void rnd_unmap(struct rnd_thread *t, struct rnd_buf *buf, bool atomic)
{
	unsigned long flags;

	rnd_verify(t, buf);
	if (atomic && rnd_kinds[buf->kind].unmaps_atomic) {
		local_irq_save(flags);
		rnd_kinds[buf->kind].unmap(buf);
		local_irq_restore(flags);
	} else {
		rnd_kinds[buf->kind].unmap(buf);
	}
	rnd_verify_gone(t, buf);
	buf->kind = RND_FREE;
}

/* What a master would do; its data is in the cache here, as there is none */
static void rnd_write_as_master(struct rnd_buf *buf, size_t offset, u8 byte)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(buf->master->dev);
	phys_addr_t phys = iommu_iova_to_phys(domain, buf->dma + offset);
	u8 *addr = kmap_local_pfn(PHYS_PFN(phys));

	addr[offset_in_page(phys)] = byte;
	kunmap_local(addr);
}

static u8 rnd_read_as_cpu(struct rnd_buf *buf, size_t offset)
{
	size_t place = buf->offset + offset;
	u8 *addr = kmap_local_page(buf->memory + (place >> PAGE_SHIFT));
	u8 byte = addr[offset_in_page(place)];

	kunmap_local(addr);
	return byte;
}

static void rnd_sync_page(struct rnd_thread *t, struct rnd_buf *buf)
{
	struct device *dev = buf->master->dev;
	size_t offset = rnd_below(t, buf->size);
	size_t size = 1 + rnd_below(t, buf->size - offset);
	u8 byte = rnd_u32(t);

	if (rnd_one_in(t, 2)) {
		dma_sync_single_for_cpu(dev, buf->dma, buf->size, buf->dir);
		dma_sync_single_for_device(dev, buf->dma, buf->size, buf->dir);
	}
	if (buf->dir != DMA_TO_DEVICE)
		rnd_write_as_master(buf, offset, byte);
	dma_sync_single_range_for_cpu(dev, buf->dma, offset, size, buf->dir);
	if (buf->dir != DMA_TO_DEVICE && rnd_read_as_cpu(buf, offset) != byte)
		rnd_fail_buf(t, buf, "what the master wrote at %#zx is lost",
			     offset);
	dma_sync_single_range_for_device(dev, buf->dma, offset, size, buf->dir);
}

static void rnd_sync(struct rnd_thread *t, struct rnd_buf *buf)
{
	struct device *dev = buf->master->dev;

	switch (buf->kind) {
	case RND_PAGE:
		rnd_sync_page(t, buf);
		break;
	case RND_SG:
		dma_sync_sg_for_cpu(dev, buf->sg, buf->nents, buf->dir);
		dma_sync_sg_for_device(dev, buf->sg, buf->nents, buf->dir);
		break;
	case RND_ALLOC_PAGES:
		dma_sync_single_for_cpu(dev, buf->dma, buf->size, buf->dir);
		dma_sync_single_for_device(dev, buf->dma, buf->size, buf->dir);
		break;
	case RND_NONCONTIGUOUS:
		dma_sync_sgtable_for_cpu(dev, buf->sgt, buf->dir);
		dma_sync_sgtable_for_device(dev, buf->sgt, buf->dir);
		break;
	default:
		break;
	}
	rnd_verify(t, buf);
}

/*
 * Masters come and go
 */

static int rnd_set_up(struct rnd_master *master)
{
	struct device *dev = master->dev;
	int ret;

	ret = mock_master_bind(dev);
	if (ret)
		return ret;

	dma_set_seg_boundary(dev, master->boundary);
	dma_set_max_seg_size(dev, master->max_seg_size);
	return dma_set_mask_and_coherent(dev, master->mask);
}

/* What cannot be had, as the group shares or has another master, is refused */
static void rnd_write(struct rnd_thread *t, struct rnd_master *master,
		      const char *name, const char *word)
{
	ssize_t ret = mock_master_write(master->dev, name, word);

	if (ret < 0 && ret != -EPERM && ret != -EBUSY && ret != -EINVAL)
		rnd_fail(t, "%s written to %s of %s: %zd", word, name,
			 master->name, ret);
}

static void rnd_write_any(struct rnd_thread *t, struct rnd_master *master)
{
	static const char *const words[][2] = {
		{ "type", "DMA" }, { "type", "DMA-FQ" }, { "type", "auto" },
		{ "mapping", "isolated" }, { "mapping", "shared" },
	};
	u32 which = rnd_below(t, ARRAY_SIZE(words));

	rnd_write(t, master, words[which][0], words[which][1]);
}

static void rnd_replace(struct rnd_thread *t, struct rnd_master *master)
{
	struct device *dev;

	mock_master_remove(master->dev);
	dev = mock_master_return(master->dev);
	if (!dev) {
		rnd_fail(t, "%s did not return", master->name);
		return;
	}
	put_device(master->dev);
	master->dev = get_device(dev);
}

static void rnd_unmap_all(struct rnd_thread *t, struct rnd_master *master)
{
	unsigned int i;

	for (i = 0; i < RND_SLOTS; i++)
		if (t->bufs[i].kind != RND_FREE &&
		    (!master || t->bufs[i].master == master))
			rnd_unmap(t, &t->bufs[i], false);
}

static void rnd_change(struct rnd_thread *t)
{
	struct rnd_master *master = rnd_owned(t, rnd_u32(t));
	u32 how = rnd_below(t, 4);
	int ret;

	/* The one change that buffers are no obstacle to */
	if (how == 0) {
		rnd_write(t, master, "type", "DMA-FQ");
		return;
	}

	rnd_unmap_all(t, master);
	mock_master_unbind(master->dev);
	if (how == 1)
		rnd_write_any(t, master);
	else if (how == 2)
		rnd_replace(t, master);
	ret = t->failed ? 0 : rnd_set_up(master);
	if (ret)
		rnd_fail(t, "%s cannot be bound: %d", master->name, ret);
}

static void rnd_step(struct rnd_thread *t)
{
	struct rnd_buf *buf = &t->bufs[rnd_below(t, RND_SLOTS)];

	if (rnd_one_in(t, 300))
		rnd_change(t);
	else if (buf->kind == RND_FREE)
		rnd_map(t, buf);
	else if (rnd_one_in(t, 3))
		rnd_sync(t, buf);
	else
		rnd_unmap(t, buf, rnd_one_in(t, 4));
}

/* What all page tables hold is one direct region, and the buffers of @t alone */
static void rnd_check_number(struct rnd_thread *t)
{
	int mapped = atomic_read(&rnd.a->nr_pages) +
		     atomic_read(&rnd.b->nr_pages);
	int i, pages = RND_DIRECT_SIZE >> PAGE_SHIFT;

	for (i = 0; i < RND_SLOTS; i++)
		if (t->bufs[i].kind != RND_FREE)
			pages += t->bufs[i].nr_pages;
	if (mapped != pages)
		rnd_fail(t, "%d pages are mapped, not %d", mapped, pages);
}

static int rnd_thread_fn(void *data)
{
	struct rnd_thread *t = data;

	for (; t->call < t->last && !t->failed; t->call++) {
		t->draws = 0;
		rnd_step(t);
		if (rnd.nr_threads == 1)
			rnd_check_number(t);
		cond_resched();
	}
	complete(&t->done);
	return 0;
}

/*
 * Rounds
 */

static bool rnd_failed(void)
{
	unsigned int i;

	for (i = 0; i < rnd.nr_threads; i++)
		if (rnd.threads[i]->failed)
			return true;
	return false;
}

static void rnd_run_round(struct kunit *test, unsigned int calls)
{
	unsigned int i;

	for (i = 0; i < rnd.nr_threads; i++) {
		struct rnd_thread *t = rnd.threads[i];

		t->last = t->call + calls;
		reinit_completion(&t->done);
		t->task = kthread_create(rnd_thread_fn, t, "rnd/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(t->task));
	}
	for (i = 0; i < rnd.nr_threads; i++)
		wake_up_process(rnd.threads[i]->task);
	for (i = 0; i < rnd.nr_threads; i++)
		wait_for_completion(&rnd.threads[i]->done);
}

static struct iommu_domain *rnd_domain(struct rnd_master *master)
{
	return iommu_get_domain_for_dev(master->dev);
}

static struct rnd_master *rnd_find(const char *name)
{
	unsigned int i = 0;

	while (strcmp(rnd_masters[i].name, name))
		i++;
	return &rnd_masters[i];
}

static bool rnd_overlaps(struct rnd_buf *buf, unsigned long start, size_t size)
{
	unsigned int i;

	for (i = 0; i < buf->nr_pages; i++)
		if (buf->pages[i].iova_pfn >= start >> PAGE_SHIFT &&
		    buf->pages[i].iova_pfn < (start + size) >> PAGE_SHIFT)
			return true;
	return false;
}

/* Regions that a master has in @domain are not for buffers of any master */
static void rnd_check_regions(struct rnd_thread *t, struct rnd_buf *buf,
			      struct iommu_domain *domain)
{
	if (domain == rnd_domain(rnd_find("mock-master-a1")) &&
	    rnd_overlaps(buf, RND_RESERVED, RND_RESERVED_SIZE))
		rnd_fail_buf(t, buf, "in the reserved region");
	if (domain == rnd_domain(rnd_find("mock-coherent-a")) &&
	    rnd_overlaps(buf, RND_DIRECT, RND_DIRECT_SIZE))
		rnd_fail_buf(t, buf, "in the direct region");
}

/* Returns how many pages the buffers of @t have in @domain */
static unsigned int rnd_check_thread(struct rnd_thread *t,
				     struct iommu_domain *domain)
{
	unsigned int i, pages = 0;

	for (i = 0; i < RND_SLOTS; i++) {
		struct rnd_buf *buf = &t->bufs[i];

		if (buf->kind == RND_FREE || rnd_domain(buf->master) != domain)
			continue;
		rnd_verify(t, buf);
		rnd_check_regions(t, buf, domain);
		pages += buf->nr_pages;
	}
	return pages;
}

static unsigned int rnd_check_direct(struct kunit *test,
				     struct iommu_domain *domain)
{
	struct rnd_page page;
	unsigned int i;

	if (domain != rnd_domain(rnd_find("mock-coherent-a")))
		return 0;

	for (i = 0; i < RND_DIRECT_SIZE >> PAGE_SHIFT; i++) {
		page.pfn = (RND_DIRECT >> PAGE_SHIFT) + i;
		page.iova_pfn = page.pfn;
		KUNIT_EXPECT_TRUE_MSG(test,
				      rnd_is_mapped(domain, &page,
						    IOMMU_READ | IOMMU_WRITE),
				      "seed %llu: page %u of the direct region",
				      rnd.seed, i);
	}
	return i;
}

static void rnd_check_usage(struct kunit *test, struct iommu_domain *domain,
			    unsigned int pages)
{
	struct iommu_dma_usage usage;

	if (!IS_ENABLED(CONFIG_IOMMU_DEBUGFS))
		return;

	iommu_dma_get_usage(domain, &usage);
	if (pages)
		KUNIT_EXPECT_GE(test, usage.used, (u64)pages << PAGE_SHIFT);
	else
		KUNIT_EXPECT_EQ(test, usage.used, 0);
}

/*
 * A page table does not map a page twice, so that it holds what the model does
 * if it holds all of that, and as much.
 */
static void rnd_check_domain(struct kunit *test, struct iommu_domain *domain)
{
	unsigned int i, direct, pages = 0;

	for (i = 0; i < rnd.nr_threads; i++)
		pages += rnd_check_thread(rnd.threads[i], domain);
	rnd_check_usage(test, domain, pages);

	direct = rnd_check_direct(test, domain);
	KUNIT_EXPECT_EQ_MSG(test, mock_iommu_count_pages(domain), pages + direct,
			    "seed %llu, call %u", rnd.seed,
			    rnd.threads[0]->call);
}

static void rnd_check_all(struct kunit *test)
{
	unsigned int i, j;

	/* Flush queues would be on the move while they are counted */
	msleep(50);

	for (i = 0; i < ARRAY_SIZE(rnd_masters); i++) {
		struct iommu_domain *domain = rnd_domain(&rnd_masters[i]);

		for (j = 0; j < i; j++)
			if (rnd_domain(&rnd_masters[j]) == domain)
				break;
		if (j == i)
			rnd_check_domain(test, domain);
	}
}

/* With all the room that there is, the narrowest gets some */
static void rnd_check_room(struct kunit *test)
{
	struct page *page = rnd.threads[0]->bufs[0].memory;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rnd_masters); i++) {
		struct device *dev = rnd_masters[i].dev;
		dma_addr_t dma;

		dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);
		KUNIT_EXPECT_EQ_MSG(test, dma_mapping_error(dev, dma), 0, "%s",
				    rnd_masters[i].name);
		if (!dma_mapping_error(dev, dma))
			dma_unmap_page(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	}
}

/* With that many calls there are some of each kind, and of errors */
#define RND_ENOUGH	(4 * RND_ROUND)

static void rnd_report(struct kunit *test)
{
	bool enough = rnd.threads[0]->call >= RND_ENOUGH;
	unsigned long count[RND_KINDS] = {};
	unsigned long bounced = 0, injected = 0, late = 0;
	unsigned int i, kind;

	for (i = 0; i < rnd.nr_threads; i++) {
		for (kind = 0; kind < RND_KINDS; kind++)
			count[kind] += rnd.threads[i]->count[kind];
		bounced += rnd.threads[i]->bounced;
		injected += rnd.threads[i]->injected;
		late += rnd.threads[i]->injected_late;
	}

	kunit_info(test, "seed %llu, %u threads of %u calls; mapped %lu pages, %lu lists, %lu resources; allocated %lu coherent, %lu pages, %lu noncontiguous; of these, %lu bounced, %lu failed, %lu of them on purpose, %lu half-way",
		   rnd.seed, rnd.nr_threads, rnd.threads[0]->call,
		   count[RND_PAGE], count[RND_SG], count[RND_RESOURCE_RANGE],
		   count[RND_COHERENT], count[RND_ALLOC_PAGES],
		   count[RND_NONCONTIGUOUS], bounced,
		   count[RND_FREE], injected, late);
	for (kind = 0; kind < RND_KINDS && enough; kind++)
		KUNIT_EXPECT_GT(test, count[kind], 0);
	if (enough)
		KUNIT_EXPECT_GT(test, late, 0);
	if (enough && IS_ENABLED(CONFIG_DMA_BOUNCE_UNALIGNED_KMALLOC))
		KUNIT_EXPECT_GT(test, bounced, 0);
}

static void rnd_run(struct kunit *test, unsigned int calls)
{
	unsigned int i, round;

	for (; calls && !rnd_failed(); calls -= round) {
		round = min(calls, RND_ROUND);
		rnd_run_round(test, round);
		rnd_check_all(test);
	}
	rnd_report(test);

	for (i = 0; i < rnd.nr_threads; i++)
		rnd_unmap_all(rnd.threads[i], NULL);
	rnd_check_all(test);
	rnd_check_room(test);
}

/*
 * Suite
 */

static void rnd_put_masters(void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rnd_masters); i++) {
		put_device(rnd_masters[i].dev);
		rnd_masters[i].dev = NULL;
	}
}

static void rnd_init_masters(struct kunit *test)
{
	unsigned int i;

	rnd.a = mock_iommu_find(test, "mock-iommu-a");
	rnd.b = mock_iommu_find(test, "mock-iommu-b");
	rnd.a->takes_scattered = true;
	rnd.a->map_hook = rnd_map_hook;
	rnd.b->map_hook = rnd_map_hook;
	rnd.b->aperture_start = SZ_1M;
	rnd.b->aperture_end = SZ_1G - 1;
	rnd.b->pgsize_bitmap = SZ_4K;
	KUNIT_ASSERT_EQ(test, 0,
			mock_iommu_add_resv(test, rnd.a, RND_RESERVED_ID,
					    RND_RESERVED, RND_RESERVED_SIZE,
					    IOMMU_RESV_RESERVED));
	KUNIT_ASSERT_EQ(test, 0,
			mock_iommu_add_resv(test, rnd.a, RND_DIRECT_ID,
					    RND_DIRECT, RND_DIRECT_SIZE,
					    IOMMU_RESV_DIRECT));

	for (i = 0; i < ARRAY_SIZE(rnd_masters); i++)
		rnd_masters[i].dev =
			get_device(mock_master_find(test, rnd_masters[i].name));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, rnd_put_masters, NULL));
	for (i = 0; i < ARRAY_SIZE(rnd_masters); i++)
		KUNIT_ASSERT_EQ_MSG(test, rnd_set_up(&rnd_masters[i]), 0, "%s",
				    rnd_masters[i].name);
}

static void rnd_free_thread(void *data)
{
	struct rnd_thread *t = data;
	unsigned int i;

	for (i = 0; i < RND_SLOTS; i++)
		if (t->bufs[i].memory)
			__free_pages(t->bufs[i].memory, get_order(RND_MEMORY));
	kvfree(t);
}

/* Half of the memory may be high; where there is any, nothing bounces */
static void rnd_init_thread(struct kunit *test, unsigned int id)
{
	struct rnd_thread *t = kvzalloc(sizeof(*t), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, rnd_free_thread, t));
	t->test = test;
	t->id = id;
	init_completion(&t->done);
	for (i = 0; i < RND_SLOTS; i++) {
		gfp_t gfp = i % 2 ? GFP_HIGHUSER : GFP_KERNEL;

		t->bufs[i].memory = alloc_pages(gfp | __GFP_ZERO,
						get_order(RND_MEMORY));
		KUNIT_ASSERT_NOT_NULL(test, t->bufs[i].memory);
	}
	rnd.threads[id] = t;
}

static void rnd_test(struct kunit *test, unsigned int nr_threads)
{
	unsigned int i;

	rnd.seed = rnd_seed ?: get_random_u32();
	rnd.nr_threads = nr_threads;
	kunit_info(test, "iommu_dma_random.seed=%llu", rnd.seed);
	for (i = 0; i < nr_threads; i++)
		rnd_init_thread(test, i);
	rnd_init_masters(test);
	rnd_run(test, rnd_calls);
}

static void iommu_dma_random_one_thread(struct kunit *test)
{
	rnd_test(test, 1);
}

static void iommu_dma_random_threads(struct kunit *test)
{
	rnd_test(test, RND_THREADS);
}

static struct kunit_case iommu_dma_random_cases[] = {
	KUNIT_CASE_SLOW(iommu_dma_random_one_thread),
	KUNIT_CASE_SLOW(iommu_dma_random_threads),
	{}
};

static struct kunit_suite iommu_dma_random_suite = {
	.name = "iommu_dma_random",
	.init = mock_iommu_kunit_init,
	.test_cases = iommu_dma_random_cases,
};

kunit_test_suite(iommu_dma_random_suite);
