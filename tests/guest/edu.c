// SPDX-License-Identifier: GPL-2.0
/*
 * Drives QEMU's edu devices, which copy between memory and a buffer of their own,
 * to see what they can reach through the IOMMU, and what not.
 *
 * Reading /sys/kernel/debug/edu/DEVICE/CASE goes through a case and prints TAP
 * lines, and for each access of a device a line for the host,
 *	access NUMBER STREAM clean|fault|either
 * which says what the SMMU should have made of it. So that the host finds the
 * access in QEMU's trace, its number is written to a register of the device that
 * nothing depends on, and 0 after it.
 */

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/iopoll.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>

#define EDU_SRC		0x80
#define EDU_DST		0x88
#define EDU_COUNT	0x90
#define EDU_CMD		0x98
#define EDU_CMD_RUN	BIT(0)
#define EDU_CMD_TO_MEM	BIT(1)
#define EDU_BUFFER	0x40000

#define EDU_DELAY_US	100000	/* from the command to the access */
#define EDU_LEN		4000	/* QEMU takes a whole page for too much */
#define EDU_FEW		64	/* an access that faults does so every few bytes */
#define EDU_MASK	DMA_BIT_MASK(28)

enum edu_want { CLEAN, FAULT, EITHER };

struct edu {
	struct list_head node;
	struct pci_dev *pdev;
	void __iomem *regs;
	struct dentry *dir;
	/* The way to fill the device's buffer, and to look into it */
	u8 *window;
	dma_addr_t window_dma;
};

/* Probing and all cases are one after the other */
static DEFINE_MUTEX(edu_lock);
static LIST_HEAD(edus);
static struct dentry *edu_root;
static u8 edu_accesses;

/* ---- TAP ---- */

static bool edu_check(struct seq_file *s, struct edu *edu, bool good,
		      const char *what)
{
	seq_printf(s, "%sok - %s: %s\n", good ? "" : "not ",
		   pci_name(edu->pdev), what);
	return good;
}

/* ---- the device ---- */

static void edu_mark(struct edu *edu, u8 number)
{
	pci_write_config_byte(edu->pdev, PCI_INTERRUPT_LINE, number);
}

/* Tells the host about the latest access */
static void edu_tell(struct seq_file *s, struct edu *edu, enum edu_want want)
{
	static const char * const wants[] = { "clean", "fault", "either" };

	seq_printf(s, "access %u %#x %s\n", edu_accesses, pci_dev_id(edu->pdev),
		   wants[want]);
}

static void edu_start(struct edu *edu, u32 cmd, u32 iova, u32 count)
{
	bool to_mem = cmd & EDU_CMD_TO_MEM;

	edu_mark(edu, ++edu_accesses);
	writel(to_mem ? EDU_BUFFER : iova, edu->regs + EDU_SRC);
	writel(to_mem ? iova : EDU_BUFFER, edu->regs + EDU_DST);
	writel(count, edu->regs + EDU_COUNT);
	writel(cmd | EDU_CMD_RUN, edu->regs + EDU_CMD);
}

static bool edu_running(struct edu *edu)
{
	return readl(edu->regs + EDU_CMD) & EDU_CMD_RUN;
}

static void edu_finish(struct seq_file *s, struct edu *edu, enum edu_want want)
{
	bool running;

	if (read_poll_timeout(edu_running, running, !running, 1000,
			      50 * EDU_DELAY_US, false, edu))
		edu_check(s, edu, false, "the device gets done");
	edu_mark(edu, 0);
	edu_tell(s, edu, want);
}

/* The device fills its buffer from memory */
static void edu_read(struct seq_file *s, struct edu *edu, u32 iova, u32 count,
		     enum edu_want want)
{
	edu_start(edu, 0, iova, count);
	edu_finish(s, edu, want);
}

/* The device writes its buffer to memory */
static void edu_write(struct seq_file *s, struct edu *edu, u32 iova, u32 count,
		      enum edu_want want)
{
	edu_start(edu, EDU_CMD_TO_MEM, iova, count);
	edu_finish(s, edu, want);
}

/* ---- data: each seed makes other bytes of it, none of them 0 ---- */

static u8 edu_byte(u8 seed, unsigned int i)
{
	return (seed * 29 + i + i / 255) % 255 + 1;
}

static void edu_fill(u8 *data, u8 seed, unsigned int count)
{
	while (count--)
		data[count] = edu_byte(seed, count);
}

static bool edu_has(const u8 *data, u8 seed, unsigned int count)
{
	while (count--)
		if (data[count] != edu_byte(seed, count))
			return false;
	return true;
}

static void edu_page_fill(struct page *page, u8 seed)
{
	u8 *data = kmap_local_page(page);

	edu_fill(data, seed, PAGE_SIZE);
	kunmap_local(data);
}

static bool edu_page_has(struct page *page, u8 seed, unsigned int count)
{
	u8 *data = kmap_local_page(page);
	bool has = edu_has(data, seed, count);

	kunmap_local(data);
	return has;
}

/* Gives the device's buffer its content */
static void edu_load(struct seq_file *s, struct edu *edu, u8 seed)
{
	edu_fill(edu->window, seed, PAGE_SIZE);
	edu_read(s, edu, edu->window_dma, EDU_LEN, CLEAN);
}

/* Shows the device's buffer in its window */
static void edu_peek(struct seq_file *s, struct edu *edu)
{
	memset(edu->window, 0, PAGE_SIZE);
	edu_write(s, edu, edu->window_dma, EDU_LEN, CLEAN);
}

/*
 * One that the device must not reach: @iova, behind which @page is, or would be.
 * An access that faults may well leave zeroes in the device's buffer.
 */
static void edu_check_unreachable(struct seq_file *s, struct edu *edu,
				  u32 iova, struct page *page)
{
	edu_page_fill(page, 1);
	edu_load(s, edu, 2);
	edu_read(s, edu, iova, EDU_FEW, FAULT);
	edu_peek(s, edu);
	edu_check(s, edu, !edu_has(edu->window, 1, 8), "the device got no data");
	edu_load(s, edu, 2);
	edu_write(s, edu, iova, EDU_FEW, FAULT);
	edu_check(s, edu, edu_page_has(page, 1, PAGE_SIZE), "memory is untouched");
}

static bool edu_mapped(struct edu *edu, dma_addr_t iova)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(&edu->pdev->dev);

	return iommu_iova_to_phys(domain, iova);
}

static struct edu *edu_other(struct edu *edu)
{
	struct edu *other;

	list_for_each_entry(other, &edus, node)
		if (other != edu)
			return other;
	return NULL;
}

/* A page that is mapped for the device */
static bool edu_map(struct seq_file *s, struct edu *edu, struct page *page,
		    enum dma_data_direction dir, dma_addr_t *iova)
{
	*iova = dma_map_page(&edu->pdev->dev, page, 0, PAGE_SIZE, dir);
	return !dma_mapping_error(&edu->pdev->dev, *iova) ||
	       edu_check(s, edu, false, "a whole page can be mapped");
}

/* ---- the cases ---- */

/* Data gets where it should, both ways */
static void edu_move(struct seq_file *s, struct edu *edu, struct page *page,
		     u8 seed)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t iova;

	edu_page_fill(page, seed);
	if (!edu_map(s, edu, page, DMA_TO_DEVICE, &iova))
		return;
	seq_printf(s, "# %s: %pap is at %pad\n", pci_name(edu->pdev),
		   &(phys_addr_t){ page_to_phys(page) }, &iova);
	edu_check(s, edu, iova <= EDU_MASK && iova != page_to_phys(page),
		  "memory is where the device reaches it");
	edu_read(s, edu, iova, EDU_LEN, CLEAN);
	dma_unmap_page(dev, iova, PAGE_SIZE, DMA_TO_DEVICE);

	edu_page_fill(page, seed + 1);
	if (!edu_map(s, edu, page, DMA_FROM_DEVICE, &iova))
		return;
	edu_write(s, edu, iova, EDU_LEN, CLEAN);
	dma_unmap_page(dev, iova, PAGE_SIZE, DMA_FROM_DEVICE);
	edu_check(s, edu, edu_page_has(page, seed, EDU_LEN),
		  "what comes back from the device is what it was sent");
}

static void edu_data(struct seq_file *s, struct edu *edu, struct page *page)
{
	edu_check(s, edu, page_to_phys(page) >= SZ_1G,
		  "memory is where the device cannot reach it by itself");
	edu_move(s, edu, page, 3);
}

/* Memory above 4 GiB, in large pieces: all that is below may have to go first */
static struct page *edu_alloc_high(void)
{
	struct page *page, *each, *next;
	LIST_HEAD(low);

	while ((page = alloc_pages(GFP_HIGHUSER | __GFP_NORETRY | __GFP_NOWARN,
				   MAX_PAGE_ORDER)) &&
	       page_to_phys(page) < SZ_4G)
		list_add(&page->lru, &low);
	list_for_each_entry_safe(each, next, &low, lru)
		__free_pages(each, MAX_PAGE_ORDER);
	return page;
}

static void edu_high(struct seq_file *s, struct edu *edu, struct page *unused)
{
	struct page *page = edu_alloc_high();

	if (!edu_check(s, edu, page, "memory is where no 32 bits reach it"))
		return;
	edu_move(s, edu, page, 5);
	__free_pages(page, MAX_PAGE_ORDER);
}

/* For a device with 32 bits: without the IOMMU, this would reach the page */
static void edu_unmapped(struct seq_file *s, struct edu *edu, struct page *page)
{
	u32 iova = page_to_phys(page);

	if (edu_check(s, edu, !edu_mapped(edu, iova), "nothing is mapped there"))
		edu_check_unreachable(s, edu, iova, page);
}

/*
 * The SMMU has the page's translation in its TLB, and the device is going to use
 * it again 100 ms after it was unmapped. Then the latest a flush queue, which has
 * 10 ms, should have got it out of there.
 */
static void edu_unmap_one(struct seq_file *s, struct edu *edu,
			  struct page *page, u32 cmd)
{
	dma_addr_t iova;

	if (!edu_map(s, edu, page, DMA_BIDIRECTIONAL, &iova))
		return;
	edu_read(s, edu, iova, EDU_FEW, CLEAN);
	edu_load(s, edu, 7);
	edu_start(edu, cmd, iova, EDU_FEW);
	dma_unmap_page(&edu->pdev->dev, iova, PAGE_SIZE, DMA_BIDIRECTIONAL);
	edu_check(s, edu, edu_running(edu), "it is unmapped before the access");
	edu_page_fill(page, 8);
	edu_finish(s, edu, FAULT);
}

static void edu_unmap(struct seq_file *s, struct edu *edu, struct page *page)
{
	edu_unmap_one(s, edu, page, 0);
	edu_peek(s, edu);
	edu_check(s, edu, !edu_has(edu->window, 8, 8),
		  "100 ms after unmapping, the device gets no data");
	edu_unmap_one(s, edu, page, EDU_CMD_TO_MEM);
	edu_check(s, edu, edu_page_has(page, 8, PAGE_SIZE),
		  "100 ms after unmapping, memory is untouched");
}

/*
 * An access right after unmapping, of which @want is wanted. Returns whether it
 * got data, or -EAGAIN if it may have come before.
 */
static int edu_race(struct seq_file *s, struct edu *edu, struct page *page,
		    enum edu_want want)
{
	dma_addr_t iova;
	ktime_t start;
	bool after;

	if (!edu_map(s, edu, page, DMA_BIDIRECTIONAL, &iova))
		return -ENOMEM;
	edu_read(s, edu, iova, EDU_FEW, CLEAN);
	edu_load(s, edu, 7);
	edu_page_fill(page, 9);
	edu_start(edu, 0, iova, EDU_FEW);
	start = ktime_get();
	usleep_range(EDU_DELAY_US * 9 / 10, EDU_DELAY_US * 9 / 10 + 500);
	while (ktime_us_delta(ktime_get(), start) < EDU_DELAY_US - 2000)
		cpu_relax();
	dma_unmap_page(&edu->pdev->dev, iova, PAGE_SIZE, DMA_BIDIRECTIONAL);
	after = edu_running(edu);
	edu_finish(s, edu, after ? want : EITHER);
	edu_peek(s, edu);
	return after ? edu_has(edu->window, 9, 8) : -EAGAIN;
}

/* How many of a few such accesses got data; on a busy host, some come too late for that */
static void edu_races(struct seq_file *s, struct edu *edu, struct page *page,
		      enum edu_want want, int *tried, int *worked)
{
	int i, ret;

	*tried = 0;
	*worked = 0;
	for (i = 0; i < 12 && *tried < 3; i++) {
		ret = edu_race(s, edu, page, want);
		if (ret < 0)
			continue;
		(*tried)++;
		*worked += ret;
	}
	seq_printf(s, "# %s: of %d accesses right after unmapping, %d got data\n",
		   pci_name(edu->pdev), *tried, *worked);
}

static void edu_strict(struct seq_file *s, struct edu *edu, struct page *page)
{
	int tried, worked;

	edu_races(s, edu, page, FAULT, &tried, &worked);
	edu_check(s, edu, tried && !worked,
		  "right after unmapping, the device gets no data");
}

/* What makes the flush queue's 10 ms worth testing */
static void edu_lazy(struct seq_file *s, struct edu *edu, struct page *page)
{
	int tried, worked;

	edu_races(s, edu, page, EITHER, &tried, &worked);
	edu_check(s, edu, worked,
		  "right after unmapping, the device may still get data");
}

/* A buffer of another device */
static void edu_shared(struct seq_file *s, struct edu *edu, struct page *page)
{
	struct edu *other = edu_other(edu);
	dma_addr_t iova;

	edu_page_fill(page, 1);
	if (!edu_map(s, other, page, DMA_BIDIRECTIONAL, &iova))
		return;
	edu_read(s, edu, iova, EDU_LEN, CLEAN);
	edu_peek(s, edu);
	edu_check(s, edu, edu_has(edu->window, 1, EDU_LEN),
		  "sharing permits to read another device's buffer");
	edu_load(s, edu, 2);
	edu_write(s, edu, iova, EDU_LEN, CLEAN);
	dma_unmap_page(&other->pdev->dev, iova, PAGE_SIZE, DMA_BIDIRECTIONAL);
	edu_check(s, edu, edu_page_has(page, 2, EDU_LEN),
		  "sharing permits to write another device's buffer");
}

/* The buffer's IOVA may be in use in the device's own mapping, too: then, try the next */
static void edu_isolated_at(struct seq_file *s, struct edu *edu,
			    struct edu *other, struct page *page, int depth)
{
	dma_addr_t iova;

	if (!edu_map(s, other, page, DMA_BIDIRECTIONAL, &iova))
		return;
	if (!edu_mapped(edu, iova)) {
		seq_printf(s, "# the buffer of %s is at %pad\n",
			   pci_name(other->pdev), &iova);
		edu_check_unreachable(s, edu, iova, page);
	} else if (depth) {
		edu_isolated_at(s, edu, other, page, depth - 1);
	} else {
		edu_check(s, edu, false, "another device's mapping is another");
	}
	dma_unmap_page(&other->pdev->dev, iova, PAGE_SIZE, DMA_BIDIRECTIONAL);
}

static void edu_isolated(struct seq_file *s, struct edu *edu, struct page *page)
{
	edu_isolated_at(s, edu, edu_other(edu), page, 8);
}

/* ---- part of a page, for a device that is not trusted ---- */

#define EDU_PART	256	/* at this offset */
#define EDU_PART_LEN	512

static void edu_refused(struct seq_file *s, struct edu *edu, struct page *page)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t iova;

	iova = dma_map_page(dev, page, EDU_PART, EDU_PART_LEN, DMA_TO_DEVICE);
	edu_check(s, edu, dma_mapping_error(dev, iova),
		  "part of a page cannot be mapped");
	edu_move(s, edu, page, 11);
}

/* Leaves the page's data in all bounce buffers that this CPU gets */
static void edu_dirty_bounce_buffers(struct device *dev, struct page *page)
{
	dma_addr_t iova;
	int i;

	for (i = 0; i < SZ_64M / PAGE_SIZE; i++) {
		iova = dma_map_page(dev, page, 16, PAGE_SIZE - 16, DMA_TO_DEVICE);
		if (!dma_mapping_error(dev, iova))
			dma_unmap_page(dev, iova, PAGE_SIZE - 16, DMA_TO_DEVICE);
	}
}

/* The part, in the page of a bounce buffer that @data is, and nothing around it */
static bool edu_part_only(const u8 *data, unsigned int at, u8 seed)
{
	unsigned int i;

	for (i = 0; i < EDU_LEN; i++)
		if ((i < at || i >= at + EDU_PART_LEN) && data[i])
			return false;
	return edu_has(data + at, seed, EDU_PART_LEN);
}

/* The device wrote all of the bounce buffer's page; only the part of it counts */
static bool edu_part_written(const u8 *data, unsigned int at, u8 seed, u8 around)
{
	unsigned int i;
	u8 want;

	for (i = 0; i < PAGE_SIZE; i++) {
		want = edu_byte(around, i);
		if (i >= EDU_PART && i < EDU_PART + EDU_PART_LEN)
			want = edu_byte(seed, i - EDU_PART + at);
		if (data[i] != want)
			return false;
	}
	return true;
}

static void edu_bounced(struct seq_file *s, struct edu *edu, struct page *page)
{
	struct device *dev = &edu->pdev->dev;
	u8 *data = page_address(page);
	unsigned int at;
	dma_addr_t iova;

	edu_fill(data, 12, PAGE_SIZE);
	migrate_disable();
	edu_dirty_bounce_buffers(dev, page);
	edu_fill(data + EDU_PART, 13, EDU_PART_LEN);
	iova = dma_map_page(dev, page, EDU_PART, EDU_PART_LEN, DMA_BIDIRECTIONAL);
	migrate_enable();
	if (!edu_check(s, edu, !dma_mapping_error(dev, iova),
		       "part of a page can be mapped"))
		return;
	at = offset_in_page(iova);
	iova -= at;
	edu_read(s, edu, iova, EDU_LEN, CLEAN);
	edu_peek(s, edu);
	edu_check(s, edu, edu_part_only(edu->window, at, 13),
		  "the device reads that part, and zeroes around it");

	edu_load(s, edu, 14);
	edu_fill(data, 12, PAGE_SIZE);
	edu_write(s, edu, iova, EDU_LEN, CLEAN);
	dma_unmap_page(dev, iova + at, EDU_PART_LEN, DMA_BIDIRECTIONAL);
	edu_check(s, edu, edu_part_written(data, at, 14, 12),
		  "the device writes that part, and nothing around it");
	edu_read(s, edu, iova, EDU_FEW, FAULT);
}

/* ---- domains of a driver's own, as of one that has a domain for each process ---- */

#define EDU_DATA_IOVA	SZ_1M
#define EDU_OUT_IOVA	SZ_2M
#define EDU_PROT	(IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE)

/* A domain with a page of data and one to bring it back, which all domains share */
static struct iommu_domain *edu_domain(struct edu *edu, struct page *data,
				       struct page *out)
{
	struct iommu_domain *domain = iommu_paging_domain_alloc(&edu->pdev->dev);

	if (IS_ERR(domain))
		return NULL;
	if (iommu_map(domain, EDU_DATA_IOVA, page_to_phys(data), PAGE_SIZE,
		      EDU_PROT, GFP_KERNEL) ||
	    iommu_map(domain, EDU_OUT_IOVA, page_to_phys(out), PAGE_SIZE,
		      EDU_PROT, GFP_KERNEL)) {
		iommu_domain_free(domain);
		return NULL;
	}
	return domain;
}

/* Both devices switch to the domain, see its data, and go back */
static void edu_use_domain(struct seq_file *s, struct iommu_domain *domain,
			   u8 seed, struct page *out)
{
	struct edu *edu;

	list_for_each_entry(edu, &edus, node)
		if (!edu_check(s, edu, !iommu_attach_device(domain, &edu->pdev->dev),
			       "it attaches to the driver's domain"))
			goto out_detach;
	list_for_each_entry(edu, &edus, node) {
		edu_page_fill(out, 20);
		edu_read(s, edu, EDU_DATA_IOVA, EDU_LEN, CLEAN);
		edu_write(s, edu, EDU_OUT_IOVA, EDU_LEN, CLEAN);
		edu_check(s, edu, edu_page_has(out, seed, EDU_LEN),
			  "it sees the data of that domain");
		/* Which the DMA API has, but the domain has not */
		edu_read(s, edu, edu->window_dma, EDU_FEW, FAULT);
	}
out_detach:
	list_for_each_entry_continue_reverse(edu, &edus, node)
		iommu_detach_device(domain, &edu->pdev->dev);
}

static void edu_domains(struct seq_file *s, struct edu *edu, struct page *out)
{
	struct page *pages[] = { alloc_page(GFP_KERNEL), alloc_page(GFP_KERNEL) };
	struct iommu_domain *domains[2] = { };
	int i;

	for (i = 0; i < 2 && pages[i]; i++) {
		edu_page_fill(pages[i], 21 + i);
		domains[i] = edu_domain(edu, pages[i], out);
	}
	if (edu_check(s, edu, domains[0] && domains[1], "two domains are made"))
		for (i = 0; i < 2; i++)
			edu_use_domain(s, domains[i], 21 + i, out);

	list_for_each_entry(edu, &edus, node) {
		edu_check(s, edu, !edu_mapped(edu, EDU_DATA_IOVA),
			  "it is back in its mapping");
		edu_read(s, edu, EDU_DATA_IOVA, EDU_FEW, FAULT);
		edu_move(s, edu, out, 23);
	}
	for (i = 0; i < 2; i++) {
		if (domains[i])
			iommu_domain_free(domains[i]);
		if (pages[i])
			__free_page(pages[i]);
	}
}

/* ---- what the SMMU has to bear ---- */

#define EDU_FLOODS	80
#define EDU_NOWHERE	SZ_64K

/*
 * All devices go where nothing is mapped, again and again, and each time with
 * every 4 bytes.
 */
static void edu_flood(struct seq_file *s, struct edu *edu, struct page *unused)
{
	bool running;
	int i;

	list_for_each_entry(edu, &edus, node)
		if (!edu_check(s, edu, !edu_mapped(edu, EDU_NOWHERE),
			       "nothing is mapped there"))
			return;
	for (i = 0; i < EDU_FLOODS; i++) {
		list_for_each_entry(edu, &edus, node)
			edu_start(edu, i % 2 ? EDU_CMD_TO_MEM : 0, EDU_NOWHERE,
				  EDU_LEN);
		list_for_each_entry(edu, &edus, node)
			if (read_poll_timeout(edu_running, running, !running,
					      1000, 100 * EDU_DELAY_US, false,
					      edu))
				edu_check(s, edu, false, "the device gets done");
	}
	list_for_each_entry(edu, &edus, node)
		seq_printf(s, "flood %#x %u\n", pci_dev_id(edu->pdev),
			   EDU_FLOODS * EDU_LEN / 4);
}

/* Of which the device makes no use, so that it does not matter who still sees what */
static void edu_churn(struct seq_file *s, struct edu *edu, struct page *page)
{
	dma_addr_t iova;
	int i;

	for (i = 0; i < 2; i++) {
		if (!edu_map(s, edu, page, DMA_BIDIRECTIONAL, &iova))
			return;
		dma_unmap_page(&edu->pdev->dev, iova, PAGE_SIZE,
			       DMA_BIDIRECTIONAL);
	}
	edu_check(s, edu, !edu_mapped(edu, iova), "it is mapped, and unmapped");
}

/* ---- debugfs ---- */

struct edu_case {
	const char *name;
	void (*run)(struct seq_file *s, struct edu *edu, struct page *page);
};

static const struct edu_case edu_cases[] = {
	{ "data", edu_data },
	{ "high", edu_high },
	{ "unmapped", edu_unmapped },
	{ "unmap", edu_unmap },
	{ "strict", edu_strict },
	{ "lazy", edu_lazy },
	{ "shared", edu_shared },
	{ "isolated", edu_isolated },
	{ "refused", edu_refused },
	{ "bounced", edu_bounced },
	{ "domains", edu_domains },
	{ "flood", edu_flood },
	{ "churn", edu_churn },
};

static struct edu *edu_by_dir(struct dentry *dir)
{
	struct edu *edu;

	list_for_each_entry(edu, &edus, node)
		if (edu->dir == dir)
			return edu;
	return NULL;
}

static int edu_show(struct seq_file *s, void *unused)
{
	const struct edu_case *c = s->private;
	struct page *page = alloc_page(GFP_KERNEL);
	struct edu *edu;

	if (!page)
		return -ENOMEM;
	mutex_lock(&edu_lock);
	edu = edu_by_dir(s->file->f_path.dentry->d_parent);
	if (edu)
		c->run(s, edu, page);
	mutex_unlock(&edu_lock);
	__free_page(page);
	return 0;
}

/* What does not fit would have the case repeated */
static int edu_open(struct inode *inode, struct file *file)
{
	return single_open_size(file, edu_show, inode->i_private, SZ_64K);
}

static const struct file_operations edu_fops = {
	.owner = THIS_MODULE,
	.open = edu_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

/* ---- the driver ---- */

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	int ret, i;

	if (!edu)
		return -ENOMEM;
	ret = pcim_enable_device(pdev);
	if (!ret)
		ret = dma_set_mask_and_coherent(&pdev->dev, EDU_MASK);
	if (ret)
		return ret;
	edu->pdev = pdev;
	edu->regs = pcim_iomap(pdev, 0, 0);
	edu->window = dmam_alloc_coherent(&pdev->dev, PAGE_SIZE,
					  &edu->window_dma, GFP_KERNEL);
	if (!edu->regs || !edu->window)
		return -ENOMEM;
	pci_set_master(pdev);

	guard(mutex)(&edu_lock);
	edu->dir = debugfs_create_dir(pci_name(pdev), edu_root);
	for (i = 0; i < ARRAY_SIZE(edu_cases); i++)
		debugfs_create_file(edu_cases[i].name, 0400, edu->dir,
				    (void *)&edu_cases[i], &edu_fops);
	list_add_tail(&edu->node, &edus);
	pci_set_drvdata(pdev, edu);
	return 0;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	/* This waits for a case, which takes the lock */
	debugfs_remove(edu->dir);
	guard(mutex)(&edu_lock);
	list_del(&edu->node);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = "edu",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};

static int __init edu_init(void)
{
	int ret;

	edu_root = debugfs_create_dir("edu", NULL);
	ret = pci_register_driver(&edu_driver);
	if (ret)
		debugfs_remove(edu_root);
	return ret;
}
module_init(edu_init);

static void __exit edu_exit(void)
{
	pci_unregister_driver(&edu_driver);
	debugfs_remove(edu_root);
}
module_exit(edu_exit);

MODULE_DESCRIPTION("What QEMU's edu devices reach through the IOMMU");
MODULE_LICENSE("GPL");
