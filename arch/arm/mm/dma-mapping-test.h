/* SPDX-License-Identifier: GPL-2.0 */
/* What the KUnit suites of the DMA API behind an IOMMU have in common */
#ifndef _ARM_DMA_MAPPING_TEST_H
#define _ARM_DMA_MAPPING_TEST_H

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/scatterlist.h>

#include "../../../drivers/iommu/mock-iommu.h"

/* No memory: registers of some device, to map as a resource */
#define TEST_RESOURCE		0x10000000

/* The PCI bus has one window before the first, and another from the second on */
#define TEST_PCI_START		0x01000000
#define TEST_PCI_END		0xff000000

/* What the bridge lets through, in one of the tests */
#define TEST_PCI_REACH		0x10000000
#define TEST_PCI_REACH_SIZE	0x10000000

/* Of test->priv: the instances of mock-iommu.dtso */
struct arm_dma_test {
	struct mock_iommu *a;
	struct mock_iommu *b;
};

int arm_dma_test_init(struct kunit *test);

static inline struct mock_iommu *test_mmu_a(struct kunit *test)
{
	return ((struct arm_dma_test *)test->priv)->a;
}

static inline struct mock_iommu *test_mmu_b(struct kunit *test)
{
	return ((struct arm_dma_test *)test->priv)->b;
}

/* Pages mapped by instance a, which most tests are content with */
static inline int test_pages(struct kunit *test)
{
	return atomic_read(&test_mmu_a(test)->nr_pages);
}

struct device *test_master(struct kunit *test, const char *name);
void test_take_zero(struct device *dev);
struct device *test_master_past_zero(struct kunit *test, const char *name);
void *test_buffer(struct kunit *test, size_t size);
struct sg_table *test_scatter(struct kunit *test, int nents);
phys_addr_t test_translate(struct device *dev, dma_addr_t dma);
phys_addr_t test_phys(void *cpu_addr);
void test_expect_range(struct kunit *test, struct device *dev, dma_addr_t dma,
		       phys_addr_t phys, size_t size);
void test_expect_buffer(struct kunit *test, struct device *dev, dma_addr_t dma,
			void *cpu_addr, size_t size);
void test_expect_translated(struct kunit *test, struct device *dev);
void test_expect_window(struct kunit *test, struct device *dev,
			dma_addr_t start, u64 size);
void test_needs_sharing(struct kunit *test);
void test_expect_attr(struct kunit *test, struct device *dev, const char *name,
		      const char *word);

#ifdef CONFIG_PCI
struct device *test_pci_master(struct kunit *test);
struct device *test_pci_short_master(struct kunit *test);
struct device *test_pci_untrusted(struct kunit *test);
#else
static inline struct device *test_pci_master(struct kunit *test)
{
	kunit_skip(test, "no PCI");
	return NULL;
}

static inline struct device *test_pci_short_master(struct kunit *test)
{
	return test_pci_master(test);
}

static inline struct device *test_pci_untrusted(struct kunit *test)
{
	return test_pci_master(test);
}
#endif

#endif /* _ARM_DMA_MAPPING_TEST_H */
