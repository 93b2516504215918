// SPDX-License-Identifier: GPL-2.0
/*
 * Counts what it takes to map for DMA, in a QEMU whose clock goes by the guest's
 * instructions: with -icount shift=0 one takes a nanosecond. The kernel's own
 * dma_map_benchmark rounds each call to a hundred, reads the clock for each, and
 * writes to the buffer in between.
 *
 * It is a driver for QEMU's pci-testdev, of which there may be many; unless all of
 * them take turns, the first does the work. When it is loaded with
 * works=TEST/NUMBER/ROUNDS,... it goes through these, and leaves in the log TEST/NUMBER and tenths of instructions:
 *
 *	probe/0/1		to bind a device, on average
 *	pair/BYTES/ROUNDS	map, and unmap at once
 *	all/BYTES/ROUNDS	the same, for one master after the other
 *	batch/BYTES/ROUNDS	two figures: map, unmap, with some live at a time
 *	sg/PAGES/ROUNDS		map and unmap a list of pages of which no two are neighbours
 *	row/PAGES/ROUNDS	the same, of pages in a row
 *	live/NUMBER/ROUNDS	a pair of 4 KiB while so many are mapped
 *	threads/CPUS/ROUNDS	a pair of 4 KiB, with a thread on each of so many CPUs
 *
 * The cost of reading the clock is left out, that of the loop is not: two or three
 * instructions a pair, and some more where masters or threads take turns.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#define BATCH	64	/* live at a time: a CPU's cache of IOVAs holds as many */
#define WARM_UP	50	/* rounds that fill the caches, and make the page tables */

static char *works = "";
module_param(works, charp, 0444);

/* What is being done */
static char test[16];
static int arg, rounds;
static char result[64];

static struct device *devices[64];
static struct device *master;
static int masters;
static u64 probed;	/* how long that took */

/* Tenths of nanoseconds for each of @number, without what reading the clock takes. */
static u64 tenths(u64 sum, u64 reads, u64 number)
{
	u64 start = ktime_get_ns();
	int i;

	for (i = 0; i < 1000; i++)
		ktime_get_ns();
	sum = sum * 10 - div_u64((ktime_get_ns() - start) * reads, 100);
	return div64_u64(sum, number);
}

/*
 * Goes through rounds that an interrupt, which has instructions, too, does not get
 * into. Each makes @number calls.
 */
static int count_rounds(int (*go)(void *data), void *data, int number)
{
	unsigned long flags;
	u64 start, sum = 0;
	int round, ret;

	for (round = -WARM_UP; round < rounds; round++) {
		local_irq_save(flags);
		start = ktime_get_ns();
		ret = go(data);
		if (round >= 0)
			sum += ktime_get_ns() - start;
		local_irq_restore(flags);
		if (ret)
			return ret;
	}
	snprintf(result, sizeof(result), "%llu", tenths(sum, rounds, number * rounds));
	return 0;
}

struct buffer {
	void *start;
	size_t size;
};

static int pairs(struct buffer *buf, int number)
{
	dma_addr_t addr;

	while (number--) {
		addr = dma_map_single(master, buf->start, buf->size, DMA_BIDIRECTIONAL);
		if (dma_mapping_error(master, addr))
			return -ENOMEM;
		dma_unmap_single(master, addr, buf->size, DMA_BIDIRECTIONAL);
	}
	return 0;
}

static int go_pairs(void *buf)
{
	return pairs(buf, BATCH);
}

static int count_pairs(struct buffer *buf)
{
	return count_rounds(go_pairs, buf, BATCH);
}

static int go_all(void *buf)
{
	static int next;
	int i, ret = 0;

	for (i = 0; i < BATCH && !ret; i++) {
		master = devices[next];
		if (++next == masters)
			next = 0;
		ret = pairs(buf, 1);
	}
	return ret;
}

static int count_all(struct buffer *buf)
{
	return count_rounds(go_all, buf, BATCH);
}

static int map_batch(struct buffer *buf, dma_addr_t *addr)
{
	int i;

	for (i = 0; i < BATCH; i++) {
		addr[i] = dma_map_single(master, buf->start, buf->size, DMA_BIDIRECTIONAL);
		if (dma_mapping_error(master, addr[i]))
			return -ENOMEM;
	}
	return 0;
}

static int count_batch(struct buffer *buf)
{
	u64 start, mapped, end, map = 0, unmap = 0;
	dma_addr_t addr[BATCH];
	unsigned long flags;
	int round, i, ret;

	for (round = -WARM_UP; round < rounds; round++) {
		local_irq_save(flags);
		start = ktime_get_ns();
		ret = map_batch(buf, addr);
		mapped = ktime_get_ns();
		for (i = 0; i < BATCH && !ret; i++)
			dma_unmap_single(master, addr[i], buf->size, DMA_BIDIRECTIONAL);
		end = ktime_get_ns();
		local_irq_restore(flags);
		if (ret)
			return ret;
		if (round >= 0) {
			map += mapped - start;
			unmap += end - mapped;
		}
	}
	snprintf(result, sizeof(result), "%llu %llu", tenths(map, rounds, BATCH * rounds),
		 tenths(unmap, rounds, BATCH * rounds));
	return 0;
}

static int count_buffer(int (*count)(struct buffer *buf), size_t size)
{
	struct buffer buf = { kmalloc(size, GFP_KERNEL), size };
	int ret = -ENOMEM;

	if (buf.start)
		ret = count(&buf);
	kfree(buf.start);
	return ret;
}

static int go_list(void *data)
{
	struct sg_table *table = data;

	if (!dma_map_sg(master, table->sgl, table->orig_nents, DMA_BIDIRECTIONAL))
		return -ENOMEM;
	dma_unmap_sg(master, table->sgl, table->orig_nents, DMA_BIDIRECTIONAL);
	return 0;
}

/* Every page of a buffer, or with a stride of 2 every other one. */
static int count_sg(int stride)
{
	unsigned int order = get_order(stride * arg * PAGE_SIZE);
	struct page *pages = alloc_pages(GFP_KERNEL, order);
	struct scatterlist *sg;
	struct sg_table table;
	int i, ret = -ENOMEM;

	if (!pages)
		return -ENOMEM;
	if (sg_alloc_table(&table, arg, GFP_KERNEL))
		goto out_free;
	for_each_sgtable_sg(&table, sg, i)
		sg_set_page(sg, pages + stride * i, PAGE_SIZE, 0);
	ret = count_rounds(go_list, &table, 1);
	sg_free_table(&table);
out_free:
	__free_pages(pages, order);
	return ret;
}

static int count_live(struct buffer *buf)
{
	dma_addr_t *addr = vmalloc(array_size(arg, sizeof(*addr)) ?: 1);
	int i, ret = -ENOMEM;

	if (!addr)
		return -ENOMEM;
	for (i = 0; i < arg; i++) {
		addr[i] = dma_map_single(master, buf->start, buf->size, DMA_BIDIRECTIONAL);
		if (dma_mapping_error(master, addr[i]))
			goto out_unmap;
	}
	ret = count_pairs(buf);
out_unmap:
	while (i--)
		dma_unmap_single(master, addr[i], buf->size, DMA_BIDIRECTIONAL);
	vfree(addr);
	return ret;
}

/* Threads that have not come to the start, and to the end; and when the last one did. */
static atomic_t before, behind;
static u64 started, ended;
static DECLARE_COMPLETION(all_done);

/*
 * Where CPUs take turns, QEMU before 8.1 lets only every other one run that does
 * not give its turn away.
 */
static void next_turn(void)
{
	asm volatile("yield" ::: "memory");
}

static void pairs_in_turn(struct buffer *buf, int number)
{
	while (number--) {
		pairs(buf, 1);
		next_turn();
	}
}

static int pair_thread(void *start)
{
	struct buffer buf = { start, SZ_4K };

	pairs_in_turn(&buf, BATCH * WARM_UP);
	if (atomic_dec_and_test(&before))
		started = ktime_get_ns();
	while (atomic_read(&before))
		next_turn();
	pairs_in_turn(&buf, BATCH * rounds);
	if (atomic_dec_and_test(&behind)) {
		ended = ktime_get_ns();
		complete(&all_done);
	}
	return 0;
}

/* The CPUs take turns, so the clock goes by the instructions of all of them. */
static int count_threads(void)
{
	void *bufs = kmalloc(array_size(arg, SZ_4K), GFP_KERNEL);
	struct task_struct *thread;
	int cpu;

	if (!bufs)
		return -ENOMEM;
	atomic_set(&before, arg);
	atomic_set(&behind, arg);
	for (cpu = 0; cpu < arg; cpu++) {
		thread = kthread_create_on_cpu(pair_thread, bufs + cpu * SZ_4K, cpu, "bench/%u");
		if (WARN_ON(IS_ERR(thread)))
			return PTR_ERR(thread);	/* ends the boot: the others wait for it */
		wake_up_process(thread);
	}
	wait_for_completion(&all_done);
	kfree(bufs);
	snprintf(result, sizeof(result), "%llu", tenths(ended - started, 1, (u64)arg * BATCH * rounds));
	return 0;
}

static int bench_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	if (masters == ARRAY_SIZE(devices))
		return -ENOSPC;
	devices[masters++] = &pdev->dev;
	master = devices[0];
	return 0;
}

static const struct pci_device_id bench_ids[] = {
	{ PCI_DEVICE(0x1b36, 0x0005) },
	{ }
};

static struct pci_driver bench_driver = {
	.name = "bench",
	.id_table = bench_ids,
	.probe = bench_probe,
};

static int bench_work(void)
{
	if (!strcmp(test, "probe")) {
		snprintf(result, sizeof(result), "%llu", tenths(probed, 1, masters));
		return 0;
	}
	if (!strcmp(test, "pair"))
		return count_buffer(count_pairs, arg);
	if (!strcmp(test, "all"))
		return count_buffer(count_all, arg);
	if (!strcmp(test, "batch"))
		return count_buffer(count_batch, arg);
	if (!strcmp(test, "sg"))
		return count_sg(2);
	if (!strcmp(test, "row"))
		return count_sg(1);
	if (!strcmp(test, "live"))
		return count_buffer(count_live, SZ_4K);
	if (!strcmp(test, "threads"))
		return count_threads();
	return -EINVAL;
}

static int bench_works(void)
{
	char *work;
	int ret;

	while ((work = strsep(&works, ","))) {
		if (!*work)
			continue;
		if (sscanf(work, "%15[^/]/%d/%d", test, &arg, &rounds) != 3)
			return -EINVAL;
		ret = bench_work();
		if (ret)
			return ret;
		pr_info("%s/%d %s\n", test, arg, result);
	}
	return 0;
}

static int __init bench_init(void)
{
	u64 start = ktime_get_ns();
	int ret = pci_register_driver(&bench_driver);

	if (ret)
		return ret;
	probed = ktime_get_ns() - start;
	ret = masters ? bench_works() : -ENODEV;
	if (ret)
		pci_unregister_driver(&bench_driver);
	return ret;
}
module_init(bench_init);

static void __exit bench_exit(void)
{
	pci_unregister_driver(&bench_driver);
}
module_exit(bench_exit);

MODULE_DESCRIPTION("Count the instructions of mapping for DMA");
MODULE_LICENSE("GPL");
