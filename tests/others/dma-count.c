// SPDX-License-Identifier: GPL-2.0
/*
 * Counts the instructions of dma_map_single() and dma_unmap_single(), in a QEMU
 * whose clock goes by them: with -icount shift=0 one takes a nanosecond. The
 * kernel's own dma_map_benchmark rounds each call to a hundred.
 *
 * It is a driver for QEMU's NVMe, which does nothing while its own is not loaded.
 * Prints, for two sizes, what a call to each takes, in tenths.
 */

#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#define BATCH	64	/* live at a time: a CPU's cache of IOVAs holds as many */
#define WARM_UP	50	/* rounds that fill the caches, and make the page tables */
#define ROUNDS	500

static int map_batch(struct device *dev, void *buf, size_t size, dma_addr_t *addr)
{
	int i;

	for (i = 0; i < BATCH; i++) {
		addr[i] = dma_map_single(dev, buf, size, DMA_BIDIRECTIONAL);
		if (dma_mapping_error(dev, addr[i]))
			return -ENOMEM;
	}
	return 0;
}

static void unmap_batch(struct device *dev, size_t size, dma_addr_t *addr)
{
	int i;

	for (i = 0; i < BATCH; i++)
		dma_unmap_single(dev, addr[i], size, DMA_BIDIRECTIONAL);
}

static int count(struct device *dev, void *buf, size_t size)
{
	u64 start, mapped, end, map = 0, unmap = 0;
	dma_addr_t addr[BATCH];
	unsigned long flags;
	int round, ret;

	for (round = -WARM_UP; round < ROUNDS; round++) {
		/* An interrupt has instructions, too. */
		local_irq_save(flags);
		start = ktime_get_ns();
		ret = map_batch(dev, buf, size, addr);
		mapped = ktime_get_ns();
		if (!ret)
			unmap_batch(dev, size, addr);
		end = ktime_get_ns();
		local_irq_restore(flags);
		if (ret)
			return ret;
		if (round >= 0) {
			map += mapped - start;
			unmap += end - mapped;
		}
	}
	dev_info(dev, "dma-count %zu %llu %llu\n", size / SZ_1K,
		 map * 10 / (BATCH * ROUNDS), unmap * 10 / (BATCH * ROUNDS));
	return 0;
}

static int dma_count_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	void *buf = kmalloc(SZ_64K, GFP_KERNEL);
	int ret = -ENOMEM;

	if (buf)
		ret = count(&pdev->dev, buf, SZ_4K);
	if (!ret)
		ret = count(&pdev->dev, buf, SZ_64K);
	kfree(buf);
	return ret;
}

static const struct pci_device_id dma_count_ids[] = {
	{ PCI_DEVICE_CLASS(PCI_CLASS_STORAGE_EXPRESS, ~0) },
	{ }
};

static struct pci_driver dma_count_driver = {
	.name = "dma-count",
	.id_table = dma_count_ids,
	.probe = dma_count_probe,
};
module_pci_driver(dma_count_driver);

MODULE_DESCRIPTION("Count the instructions of mapping for DMA");
MODULE_LICENSE("GPL");
