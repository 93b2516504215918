/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mock IOMMUs, and masters behind them, for KUnit tests
 */
#ifndef _MOCK_IOMMU_H
#define _MOCK_IOMMU_H

#include <linux/atomic.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/types.h>

struct kunit;

#define MOCK_IOMMU_ALL_IDS	U32_MAX

/* A region that masters with the ID @id report as reserved, or all masters */
struct mock_iommu_resv {
	struct list_head	list;
	u32			id;
	phys_addr_t		start;
	size_t			length;
	enum iommu_resv_type	type;
};

/**
 * struct mock_iommu - an instance, from a node compatible to "test,mock-iommu"
 * @iommu: What the IOMMU core knows
 * @dev: The instance's own device
 * @masters: Masters that the IOMMU core has probed
 * @nr_contexts: Paging domains that have masters attached
 * @nr_attached: Masters that are attached to paging domains
 * @nr_maps: Calls of map_pages(), and pages that map_scattered() was to map
 * @nr_blocking_maps: Calls of map_pages() that were allowed to sleep
 * @nr_scattered: Pages that map_scattered() got
 * @nr_syncs: Calls of iotlb_sync()
 * @nr_flushes: Calls of flush_iotlb_all()
 * @nr_pages: Pages mapped, in all of the instance's domains
 * @nr_resv_lost: Regions that there was no memory to report, nor is there a way
 *		  to tell the core
 * @aperture_start: First IOVA of domains that are allocated from now on
 * @aperture_end: Last IOVA of domains that are allocated from now on
 * @pgsize_bitmap: Page sizes of domains that are allocated from now on
 * @max_contexts: How many paging domains can have masters at a time
 * @cache_coherent: Whether to report IOMMU_CAP_CACHE_COHERENCY
 * @deferred_flush: Whether to report IOMMU_CAP_DEFERRED_FLUSH
 * @takes_scattered: Whether domains have map_scattered()
 * @foreign_domains: Whether domains of other instances can be attached
 * @attach_error: What attaching a paging domain returns, if not 0
 * @refused_domain: A domain that cannot be attached
 * @leader: The device whose group all masters join, if any
 * @map_error: What map_pages() returns, if not 0
 * @map_hook: What else tells map_pages() to return an error
 * @resv: List of struct mock_iommu_resv
 *
 * From @aperture_start on, a test may change what it likes, as long as no
 * master is about to be probed.
 */
struct mock_iommu {
	struct iommu_device	iommu;
	struct device		*dev;
	struct list_head	masters;
	unsigned int		nr_contexts;
	unsigned int		nr_attached;

	atomic_t		nr_maps;
	atomic_t		nr_blocking_maps;
	atomic_t		nr_scattered;
	atomic_t		nr_syncs;
	atomic_t		nr_flushes;
	atomic_t		nr_pages;
	atomic_t		nr_resv_lost;

	dma_addr_t		aperture_start;
	dma_addr_t		aperture_end;
	unsigned long		pgsize_bitmap;
	unsigned int		max_contexts;
	bool			cache_coherent;
	bool			deferred_flush;
	bool			takes_scattered;
	bool			foreign_domains;
	int			attach_error;
	struct iommu_domain	*refused_domain;
	struct device		*leader;
	int			map_error;
	int			(*map_hook)(void);
	struct list_head	resv;
};

int mock_iommu_kunit_register(struct kunit *test);
int mock_iommu_kunit_settle(struct kunit *test);
int mock_iommu_kunit_init(struct kunit *test);

struct mock_iommu *mock_iommu_find(struct kunit *test, const char *name);
int mock_iommu_bind(struct device *dev);
int mock_iommu_add_resv(struct kunit *test, struct mock_iommu *mmu, u32 id,
			phys_addr_t start, size_t length,
			enum iommu_resv_type type);
int mock_iommu_nr_domains(void);
int mock_iommu_prot(struct iommu_domain *domain, dma_addr_t iova);
unsigned int mock_iommu_count_pages(struct iommu_domain *domain);

struct device *mock_master_find(struct kunit *test, const char *name);
int mock_master_bind(struct device *dev);
int mock_master_bind_managed(struct device *dev);
void mock_master_unbind(struct device *dev);
void mock_master_remove(struct device *dev);
struct device *mock_master_return(struct device *dev);
ssize_t mock_master_write(struct device *dev, const char *name,
			  const char *word);
ssize_t mock_master_read(struct device *dev, const char *name, char *buf);

#endif /* _MOCK_IOMMU_H */
