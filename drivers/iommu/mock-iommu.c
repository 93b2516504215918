// SPDX-License-Identifier: GPL-2.0
/*
 * A mock IOMMU driver for KUnit tests.
 *
 * The page table of a domain is an xarray of the pages that are mapped, and of
 * those that were, as long as the TLB may still hold them. There is nothing
 * else to program. What matters is that all around it is real: IOMMUs and
 * masters are platform devices from a device tree overlay, mock-iommu.dtso, and
 * what a master goes through when its driver is bound is what any master does:
 * of_dma_configure(), of_iommu_configure(), arch_setup_dma_ops().
 *
 * A test calls mock_iommu_kunit_init(), changes what it likes in the instances,
 * and then binds masters one by one: nothing matches the drivers of the
 * masters, so that none is bound before its time.
 *
 * Clean-up is KUnit's, in reverse order, however the test ends: masters,
 * IOMMUs, then the drivers. Then no domain may be left, and no page may have
 * been mapped where the TLB could still hold another.
 */
#include <kunit/of.h>
#include <kunit/platform_device.h>
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/kernfs.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/xarray.h>

#include "mock-iommu.h"

#define MOCK_SHIFT		12

/*
 * In an entry of a page table, the protection is at the bottom, then comes how
 * much was mapped at once, by the number of its bits, and then the page frame.
 */
#define MOCK_PROT_BITS		6
#define MOCK_PROT_MASK		GENMASK(MOCK_PROT_BITS - 1, 0)
#define MOCK_SIZE_BITS		5
#define MOCK_SIZE_MASK		GENMASK(MOCK_SIZE_BITS - 1, 0)
#define MOCK_PFN_SHIFT		(MOCK_PROT_BITS + MOCK_SIZE_BITS)
#define MOCK_PFN_MAX		(LONG_MAX >> MOCK_PFN_SHIFT)

/* A page that was unmapped, while the TLB may still hold it */
#define MOCK_STALE		XA_MARK_0

struct mock_domain {
	struct iommu_domain	domain;
	struct mock_iommu	*mmu;	/* NULL until attached, in old API */
	struct xarray		pages;
	unsigned int		users;	/* masters attached */
};

struct mock_master {
	struct list_head	list;
	struct device		*dev;
	struct mock_iommu	*mmu;
	struct iommu_domain	*domain;
	u32			id;
};

/* Protects lists of masters, contexts, and who is attached to which domain */
static DEFINE_MUTEX(mock_lock);

/* Domains alive, of all instances */
static atomic_t mock_domains;

/* Attempts to map what the TLB may hold something else for */
static atomic_t mock_stale_maps;

static struct mock_domain *to_mock_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct mock_domain, domain);
}

static struct mock_iommu *to_mock_iommu(struct iommu_device *iommu)
{
	return container_of(iommu, struct mock_iommu, iommu);
}

static bool mock_is_paging(struct iommu_domain *domain)
{
	return domain && domain->type & __IOMMU_DOMAIN_PAGING;
}

/*
 * Page tables
 */

/*
 * Does not sleep, so that the test lives to tell who should not have. A page
 * that the TLB may still hold is as little free as one that is mapped.
 */
static int mock_map_one(struct mock_domain *mock, unsigned long iova,
			phys_addr_t paddr, size_t pgsize, int prot)
{
	XA_STATE(xas, &mock->pages, iova >> MOCK_SHIFT);
	phys_addr_t pfn = paddr >> MOCK_SHIFT;

	if (pfn > MOCK_PFN_MAX)
		return -ERANGE;

	if (xas_load(&xas)) {
		if (xas_get_mark(&xas, MOCK_STALE))
			atomic_inc(&mock_stale_maps);
		return -EEXIST;
	}

	xas_store(&xas, xa_mk_value((unsigned long)pfn << MOCK_PFN_SHIFT |
				    __ffs(pgsize) << MOCK_PROT_BITS |
				    (prot & MOCK_PROT_MASK)));
	if (!xas_error(&xas))
		atomic_inc(&mock->mmu->nr_pages);
	return xas_error(&xas);
}

/*
 * Stops at a hole, and at a page that is in a larger one, as some hardware's
 * drivers take none apart. Returns how much was unmapped.
 */
static size_t mock_unmap(struct mock_domain *mock, unsigned long iova,
			 size_t pgsize, size_t size)
{
	XA_STATE(xas, &mock->pages, iova >> MOCK_SHIFT);
	size_t offset;
	void *entry;

	for (offset = 0; offset < size; offset += SZ_4K) {
		xas_set(&xas, (iova + offset) >> MOCK_SHIFT);
		entry = xas_load(&xas);
		if (!entry || xas_get_mark(&xas, MOCK_STALE))
			break;
		if (WARN_ON(((xa_to_value(entry) >> MOCK_PROT_BITS) &
			     MOCK_SIZE_MASK) > __ffs(pgsize)))
			break;
		xas_set_mark(&xas, MOCK_STALE);
		atomic_dec(&mock->mmu->nr_pages);
	}
	return offset;
}

/* The TLB forgets all from @start to @end that is not mapped any more */
static void mock_flush(struct mock_domain *mock, unsigned long start,
		       unsigned long end)
{
	XA_STATE(xas, &mock->pages, start >> MOCK_SHIFT);
	unsigned long flags;
	void *entry;

	xa_lock_irqsave(&mock->pages, flags);
	xas_for_each_marked(&xas, entry, end >> MOCK_SHIFT, MOCK_STALE)
		xas_store(&xas, NULL);
	xa_unlock_irqrestore(&mock->pages, flags);
}

/* The entry of a page that is mapped, or NULL */
static void *mock_load(struct iommu_domain *domain, dma_addr_t iova)
{
	struct mock_domain *mock = to_mock_domain(domain);
	XA_STATE(xas, &mock->pages, iova >> MOCK_SHIFT);
	unsigned long flags;
	void *entry;

	xa_lock_irqsave(&mock->pages, flags);
	entry = xas_load(&xas);
	if (entry && xas_get_mark(&xas, MOCK_STALE))
		entry = NULL;
	xa_unlock_irqrestore(&mock->pages, flags);
	return entry;
}

static bool mock_in_aperture(struct iommu_domain *domain, dma_addr_t start,
			     size_t size)
{
	return start >= domain->geometry.aperture_start &&
	       start <= domain->geometry.aperture_end &&
	       size - 1 <= domain->geometry.aperture_end - start;
}

static int mock_map_pages(struct iommu_domain *domain, unsigned long iova,
			  phys_addr_t paddr, size_t pgsize, size_t pgcount,
			  int prot, gfp_t gfp, size_t *mapped)
{
	struct mock_domain *mock = to_mock_domain(domain);
	size_t offset, size = pgsize * pgcount;
	unsigned long flags;
	int ret = 0;

	if (!mock->mmu || !mock_in_aperture(domain, iova, size))
		return -ERANGE;

	atomic_inc(&mock->mmu->nr_maps);
	if (gfpflags_allow_blocking(gfp))
		atomic_inc(&mock->mmu->nr_blocking_maps);
	if (mock->mmu->map_error)
		return mock->mmu->map_error;
	if (mock->mmu->map_hook)
		ret = mock->mmu->map_hook();
	if (ret)
		return ret;

	xa_lock_irqsave(&mock->pages, flags);
	for (offset = 0; offset < size; offset += SZ_4K) {
		ret = mock_map_one(mock, iova + offset, paddr + offset, pgsize,
				   prot);
		if (ret)
			break;
	}

	/* The core undoes whole pages, of whatever size */
	*mapped = ALIGN_DOWN(offset, pgsize);
	mock_unmap(mock, iova + *mapped, pgsize, offset - *mapped);
	xa_unlock_irqrestore(&mock->pages, flags);

	/* No master had the time to look there */
	if (offset > *mapped)
		mock_flush(mock, iova + *mapped, iova + offset - 1);
	return ret;
}

static int mock_map_scattered(struct iommu_domain *domain, unsigned long iova,
			      const phys_addr_t *paddrs, size_t pgsize,
			      size_t pgcount, int prot, gfp_t gfp,
			      size_t *mapped)
{
	struct mock_domain *mock = to_mock_domain(domain);
	size_t i, done;
	int ret;

	if (WARN_ON(pgsize != 1UL << __ffs(domain->pgsize_bitmap)))
		return -EINVAL;

	for (i = 0; i < pgcount; i++) {
		done = 0;
		ret = mock_map_pages(domain, iova + i * pgsize, paddrs[i],
				     pgsize, 1, prot, gfp, &done);
		*mapped += done;
		if (ret)
			return ret;
	}
	atomic_add(pgcount, &mock->mmu->nr_scattered);
	return 0;
}

static size_t mock_unmap_pages(struct iommu_domain *domain, unsigned long iova,
			       size_t pgsize, size_t pgcount,
			       struct iommu_iotlb_gather *gather)
{
	struct mock_domain *mock = to_mock_domain(domain);
	unsigned long flags;
	size_t size;

	xa_lock_irqsave(&mock->pages, flags);
	size = mock_unmap(mock, iova, pgsize, pgsize * pgcount);
	xa_unlock_irqrestore(&mock->pages, flags);
	if (size)
		iommu_iotlb_gather_add_range(gather, iova, size);
	return size;
}

static phys_addr_t mock_iova_to_phys(struct iommu_domain *domain,
				     dma_addr_t iova)
{
	void *entry = mock_load(domain, iova);
	phys_addr_t pfn;

	if (!entry)
		return 0;

	pfn = xa_to_value(entry) >> MOCK_PFN_SHIFT;
	return pfn << MOCK_SHIFT | (iova & (SZ_4K - 1));
}

static void mock_flush_iotlb_all(struct iommu_domain *domain)
{
	struct mock_domain *mock = to_mock_domain(domain);

	if (mock->mmu)
		atomic_inc(&mock->mmu->nr_flushes);
	mock_flush(mock, 0, ULONG_MAX);
}

static void mock_iotlb_sync(struct iommu_domain *domain,
			    struct iommu_iotlb_gather *gather)
{
	struct mock_domain *mock = to_mock_domain(domain);

	if (mock->mmu)
		atomic_inc(&mock->mmu->nr_syncs);
	if (gather->start <= gather->end)
		mock_flush(mock, gather->start, gather->end);
}

/*
 * Domains
 */

/* Whether @master can move to @mock, which may take a context or free one */
static int mock_may_attach(struct mock_master *master, struct mock_domain *mock)
{
	struct mock_iommu *mmu = master->mmu;
	unsigned int contexts = mmu->nr_contexts;

	if (mmu->attach_error)
		return mmu->attach_error;
	if (&mock->domain == mmu->refused_domain)
		return -EINVAL;
	if (mock->mmu && mock->mmu != mmu)
		return mmu->foreign_domains ? 0 : -EINVAL;
	if (!mock->users)
		contexts++;
	if (mock_is_paging(master->domain) &&
	    to_mock_domain(master->domain)->users == 1)
		contexts--;
	return contexts > mmu->max_contexts ? -ENOSPC : 0;
}

static void mock_get_context(struct mock_domain *mock, struct mock_iommu *mmu)
{
	if (!mock->mmu)
		mock->mmu = mmu;
	if (!mock->users++)
		mock->mmu->nr_contexts++;
	mock->mmu->nr_attached++;
}

static void mock_put_context(struct mock_domain *mock)
{
	if (!--mock->users)
		mock->mmu->nr_contexts--;
	mock->mmu->nr_attached--;
}

static int mock_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct mock_master *master = dev_iommu_priv_get(dev);
	int ret = 0;

	mutex_lock(&mock_lock);
	if (master->domain == domain)
		goto out_unlock;

	if (mock_is_paging(domain)) {
		ret = mock_may_attach(master, to_mock_domain(domain));
		if (ret)
			goto out_unlock;
		mock_get_context(to_mock_domain(domain), master->mmu);
	}
	if (mock_is_paging(master->domain))
		mock_put_context(to_mock_domain(master->domain));
	master->domain = domain;

out_unlock:
	mutex_unlock(&mock_lock);
	return ret;
}

static void mock_domain_free(struct iommu_domain *domain)
{
	struct mock_domain *mock = to_mock_domain(domain);

	WARN_ON(mock->users);
	if (mock->mmu)
		atomic_sub(mock_iommu_count_pages(domain),
			   &mock->mmu->nr_pages);
	xa_destroy(&mock->pages);
	kfree(mock);
	atomic_dec(&mock_domains);
}

static struct iommu_domain mock_identity_domain = {
	.type = IOMMU_DOMAIN_IDENTITY,
	.ops = &(const struct iommu_domain_ops) {
		.attach_dev = mock_attach_dev,
	},
};

static struct iommu_domain mock_blocked_domain = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &(const struct iommu_domain_ops) {
		.attach_dev = mock_attach_dev,
	},
};

#define MOCK_DOMAIN_OPS						\
	.attach_dev = mock_attach_dev,				\
	.map_pages = mock_map_pages,				\
	.unmap_pages = mock_unmap_pages,			\
	.iova_to_phys = mock_iova_to_phys,			\
	.flush_iotlb_all = mock_flush_iotlb_all,		\
	.iotlb_sync = mock_iotlb_sync,				\
	.free = mock_domain_free

static const struct iommu_domain_ops mock_domain_ops = {
	MOCK_DOMAIN_OPS,
};

/* For instances that take pages of a list at once */
static const struct iommu_domain_ops mock_scattered_ops = {
	MOCK_DOMAIN_OPS,
	.map_scattered = mock_map_scattered,
};

/* iommu_domain_alloc() has no device to give */
static struct iommu_domain *mock_domain_alloc_paging(struct device *dev)
{
	struct mock_domain *mock = kzalloc(sizeof(*mock), GFP_KERNEL);

	if (!mock)
		return ERR_PTR(-ENOMEM);

	xa_init_flags(&mock->pages, XA_FLAGS_LOCK_IRQ);
	mock->domain.geometry.aperture_end = SZ_4G - 1;
	mock->domain.geometry.force_aperture = true;
	if (dev) {
		mock->mmu = to_mock_iommu(dev->iommu->iommu_dev);
		mock->domain.geometry.aperture_start =
			mock->mmu->aperture_start;
		mock->domain.geometry.aperture_end = mock->mmu->aperture_end;
		mock->domain.pgsize_bitmap = mock->mmu->pgsize_bitmap;
		if (mock->mmu->takes_scattered)
			mock->domain.ops = &mock_scattered_ops;
	}
	atomic_inc(&mock_domains);
	return &mock->domain;
}

/*
 * Masters, as the IOMMU sees them
 */

static bool mock_capable(struct device *dev, enum iommu_cap cap)
{
	struct mock_iommu *mmu = to_mock_iommu(dev->iommu->iommu_dev);

	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		return mmu->cache_coherent;
	case IOMMU_CAP_DEFERRED_FLUSH:
		return mmu->deferred_flush;
	default:
		return false;
	}
}

static int mock_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static struct mock_iommu *mock_iommu_of_fwnode(struct fwnode_handle *fwnode)
{
	struct platform_device *pdev;
	struct mock_iommu *mmu;

	pdev = of_find_device_by_node(to_of_node(fwnode));
	if (!pdev)
		return NULL;
	mmu = platform_get_drvdata(pdev);
	platform_device_put(pdev);
	return mmu;
}

static struct iommu_device *mock_probe_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	struct mock_iommu *mmu = mock_iommu_of_fwnode(fwspec->iommu_fwnode);
	struct mock_master *master;

	if (!mmu)
		return ERR_PTR(-ENODEV);

	master = kzalloc(sizeof(*master), GFP_KERNEL);
	if (!master)
		return ERR_PTR(-ENOMEM);
	master->dev = dev;
	master->mmu = mmu;
	master->id = fwspec->ids[0];
	dev_iommu_priv_set(dev, master);

	mutex_lock(&mock_lock);
	list_add_tail(&master->list, &mmu->masters);
	mutex_unlock(&mock_lock);
	return &mmu->iommu;
}

static void mock_release_device(struct device *dev)
{
	struct mock_master *master = dev_iommu_priv_get(dev);

	mutex_lock(&mock_lock);
	list_del(&master->list);
	mutex_unlock(&mock_lock);
	kfree(master);
}

static struct iommu_group *mock_device_group(struct device *dev)
{
	struct mock_master *master = dev_iommu_priv_get(dev), *other;
	struct iommu_group *group = NULL;

	if (master->mmu->leader)
		return iommu_group_get(master->mmu->leader);

	mutex_lock(&mock_lock);
	list_for_each_entry(other, &master->mmu->masters, list) {
		if (other != master && other->id == master->id)
			group = iommu_group_get(other->dev);
		if (group)
			break;
	}
	mutex_unlock(&mock_lock);
	return group ?: generic_device_group(dev);
}

static void mock_get_resv_regions(struct device *dev, struct list_head *head)
{
	struct mock_master *master = dev_iommu_priv_get(dev);
	struct iommu_resv_region *region;
	struct mock_iommu_resv *resv;

	list_for_each_entry(resv, &master->mmu->resv, list) {
		if (resv->id != MOCK_IOMMU_ALL_IDS && resv->id != master->id)
			continue;
		region = iommu_alloc_resv_region(resv->start, resv->length,
						 IOMMU_READ | IOMMU_WRITE,
						 resv->type, GFP_KERNEL);
		if (region)
			list_add_tail(&region->list, head);
		else
			atomic_inc(&master->mmu->nr_resv_lost);
	}
}

static const struct iommu_ops mock_ops = {
	.capable = mock_capable,
	.domain_alloc_paging = mock_domain_alloc_paging,
	.identity_domain = &mock_identity_domain,
	.blocked_domain = &mock_blocked_domain,
	.release_domain = &mock_identity_domain,
	.of_xlate = mock_of_xlate,
	.probe_device = mock_probe_device,
	.release_device = mock_release_device,
	.device_group = mock_device_group,
	.get_resv_regions = mock_get_resv_regions,
	.pgsize_bitmap = SZ_4K | SZ_64K | SZ_1M,
	.owner = THIS_MODULE,
	.default_domain_ops = &mock_domain_ops,
};

/*
 * Platform drivers
 */

static int mock_iommu_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct mock_iommu *mmu;
	int ret;

	mmu = devm_kzalloc(dev, sizeof(*mmu), GFP_KERNEL);
	if (!mmu)
		return -ENOMEM;

	mmu->dev = dev;
	INIT_LIST_HEAD(&mmu->masters);
	INIT_LIST_HEAD(&mmu->resv);
	mmu->aperture_end = SZ_4G - 1;
	mmu->pgsize_bitmap = mock_ops.pgsize_bitmap;
	mmu->max_contexts = UINT_MAX;
	mmu->cache_coherent = true;
	mmu->deferred_flush = true;
	platform_set_drvdata(pdev, mmu);

	ret = iommu_device_sysfs_add(&mmu->iommu, dev, NULL, "%s",
				     dev_name(dev));
	if (ret)
		return ret;

	ret = iommu_device_register(&mmu->iommu, &mock_ops, dev);
	if (ret)
		iommu_device_sysfs_remove(&mmu->iommu);
	return ret;
}

static void mock_iommu_remove(struct platform_device *pdev)
{
	struct mock_iommu *mmu = platform_get_drvdata(pdev);

	iommu_device_unregister(&mmu->iommu);
	iommu_device_sysfs_remove(&mmu->iommu);
}

static const struct of_device_id mock_iommu_of_match[] = {
	{ .compatible = "test,mock-iommu" },
	{ }
};

static struct platform_driver mock_iommu_driver = {
	.driver = {
		.name = "mock-iommu",
		.of_match_table = mock_iommu_of_match,
		.suppress_bind_attrs = true,
	},
	.probe = mock_iommu_probe,
	.remove = mock_iommu_remove,
};

/* A bus of its own, for dma-ranges count in the parent of a master only */
static int mock_bus_probe(struct platform_device *pdev)
{
	return devm_of_platform_populate(&pdev->dev);
}

static const struct of_device_id mock_bus_of_match[] = {
	{ .compatible = "test,mock-bus" },
	{ }
};

static struct platform_driver mock_bus_driver = {
	.driver = {
		.name = "mock-bus",
		.of_match_table = mock_bus_of_match,
		.suppress_bind_attrs = true,
	},
	.probe = mock_bus_probe,
};

/* These two match nothing: the test binds them */
static struct platform_driver mock_master_driver = {
	.driver.name = "mock-master-driver",
};

static struct platform_driver mock_managed_driver = {
	.driver.name = "mock-managed-driver",
	.driver_managed_dma = true,
};

/*
 * What tests call
 */

static void mock_iommu_expect_clean(void *data)
{
	struct kunit *test = data;

	KUNIT_EXPECT_EQ(test, atomic_read(&mock_domains), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&mock_stale_maps), 0);
}

/**
 * mock_iommu_kunit_register - Get ready for an overlay with mock IOMMUs
 * @test: The test
 *
 * After the test, and after all that it acquires from here on is gone, there
 * must be no domain left. At no time may an IOVA have been used again before
 * the TLB was flushed.
 *
 * Return: 0, or an error.
 */
int mock_iommu_kunit_register(struct kunit *test)
{
	static struct platform_driver *const drivers[] = {
		&mock_managed_driver, &mock_master_driver,
		&mock_iommu_driver, &mock_bus_driver,
	};
	int i, ret;

	atomic_set(&mock_domains, 0);
	atomic_set(&mock_stale_maps, 0);
	ret = kunit_add_action(test, mock_iommu_expect_clean, test);

	for (i = 0; i < ARRAY_SIZE(drivers) && !ret; i++)
		ret = kunit_platform_driver_register(test, drivers[i]);
	return ret;
}

static void mock_settle(void *unused)
{
	wait_for_device_probe();
}

/**
 * mock_iommu_kunit_settle - Let probes end before an overlay goes
 * @test: The test, which has its overlay
 *
 * A device that waits for another is probed again by a worker whenever some
 * driver is bound. It must not be at that while the devices go.
 *
 * Return: 0, or -ENOMEM.
 */
int mock_iommu_kunit_settle(struct kunit *test)
{
	return kunit_add_action(test, mock_settle, NULL);
}

/**
 * mock_iommu_kunit_init - Have the mock IOMMUs and masters of mock-iommu.dtso
 * @test: The test
 *
 * As mock_iommu_kunit_register(), with the overlay that most tests use.
 *
 * Return: 0, or an error.
 */
int mock_iommu_kunit_init(struct kunit *test)
{
	return mock_iommu_kunit_register(test) ?:
	       of_overlay_apply_kunit(test, mock_iommu) ?:
	       mock_iommu_kunit_settle(test);
}

KUNIT_DEFINE_ACTION_WRAPPER(mock_put_device, put_device, struct device *);

static struct device *mock_find(struct kunit *test, const char *name)
{
	struct device_node *np = of_find_node_by_name(NULL, name);
	struct platform_device *pdev = NULL;

	if (np)
		pdev = of_find_device_by_node(np);
	of_node_put(np);
	KUNIT_ASSERT_NOT_NULL_MSG(test, pdev, "no device %s", name);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, mock_put_device,
						  &pdev->dev));
	return &pdev->dev;
}

/**
 * mock_iommu_find - Find an instance
 * @test: The test, which fails if there is none
 * @name: Name of its node
 */
struct mock_iommu *mock_iommu_find(struct kunit *test, const char *name)
{
	struct mock_iommu *mmu = dev_get_drvdata(mock_find(test, name));

	KUNIT_ASSERT_NOT_NULL_MSG(test, mmu, "%s is not bound", name);
	return mmu;
}

/**
 * mock_iommu_bind - Bind the driver of instances to one that it does not match
 * @dev: A device for an instance
 *
 * Return: 0, or the error of the probe or of what the driver core does before.
 */
int mock_iommu_bind(struct device *dev)
{
	return device_driver_attach(&mock_iommu_driver.driver, dev);
}

/**
 * mock_iommu_add_resv - Let masters that are probed later report a region
 * @test: The test
 * @mmu: Their IOMMU
 * @id: What they have in their IOMMU specifier, or MOCK_IOMMU_ALL_IDS
 * @start: Start of the region
 * @length: Its size
 * @type: Its type
 *
 * Return: 0, or -ENOMEM.
 */
int mock_iommu_add_resv(struct kunit *test, struct mock_iommu *mmu, u32 id,
			phys_addr_t start, size_t length,
			enum iommu_resv_type type)
{
	struct mock_iommu_resv *resv;

	resv = devm_kzalloc(mmu->dev, sizeof(*resv), GFP_KERNEL);
	if (!resv)
		return -ENOMEM;
	resv->id = id;
	resv->start = start;
	resv->length = length;
	resv->type = type;
	list_add_tail(&resv->list, &mmu->resv);
	return 0;
}

/**
 * mock_iommu_nr_domains - How many paging domains exist
 *
 * Return: The number, over all instances.
 */
int mock_iommu_nr_domains(void)
{
	return atomic_read(&mock_domains);
}

/**
 * mock_iommu_prot - How a page is mapped
 * @domain: A paging domain of a mock IOMMU
 * @iova: Where in it
 *
 * Return: IOMMU_READ and so on, or -ENOENT if nothing is mapped there.
 */
int mock_iommu_prot(struct iommu_domain *domain, dma_addr_t iova)
{
	void *entry = mock_load(domain, iova);

	return entry ? xa_to_value(entry) & MOCK_PROT_MASK : -ENOENT;
}

/**
 * mock_iommu_count_pages - How much is mapped
 * @domain: A paging domain of a mock IOMMU
 *
 * Return: The number of pages in the page table.
 */
unsigned int mock_iommu_count_pages(struct iommu_domain *domain)
{
	struct mock_domain *mock = to_mock_domain(domain);
	XA_STATE(xas, &mock->pages, 0);
	unsigned int count = 0;
	unsigned long flags;
	void *entry;

	xa_lock_irqsave(&mock->pages, flags);
	xas_for_each(&xas, entry, ULONG_MAX)
		count += !xas_get_mark(&xas, MOCK_STALE);
	xa_unlock_irqrestore(&mock->pages, flags);
	return count;
}

/**
 * mock_master_find - Find a master
 * @test: The test, which fails if there is none
 * @name: Name of its node
 */
struct device *mock_master_find(struct kunit *test, const char *name)
{
	return mock_find(test, name);
}

/**
 * mock_master_bind - Bind an ordinary driver to a master
 * @dev: The master
 *
 * Return: 0, or the error of what the driver core does before it probes.
 */
int mock_master_bind(struct device *dev)
{
	return device_driver_attach(&mock_master_driver.driver, dev);
}

/**
 * mock_master_bind_managed - Bind a driver that manages DMA itself
 * @dev: The master
 *
 * Return: 0, or the error of what the driver core does before it probes.
 */
int mock_master_bind_managed(struct device *dev)
{
	return device_driver_attach(&mock_managed_driver.driver, dev);
}

/**
 * mock_master_unbind - Unbind a master's driver
 * @dev: The master
 */
void mock_master_unbind(struct device *dev)
{
	device_release_driver(dev);
}

/**
 * mock_master_remove - Take a master away, as hot plug does
 * @dev: The master; the reference to it is still the caller's
 */
void mock_master_remove(struct device *dev)
{
	of_platform_device_destroy(dev, NULL);
}

/**
 * mock_master_return - Put another master in the place of one that was removed
 * @dev: The one that was removed
 *
 * Return: The new device, which is not bound and stays until it is removed; or
 * NULL.
 */
struct device *mock_master_return(struct device *dev)
{
	struct platform_device *pdev;

	pdev = of_platform_device_create(dev->of_node, NULL, dev->parent);
	return pdev ? &pdev->dev : NULL;
}

/* An attribute of a device's group, found the way that a user finds it */
static int mock_find_attr(struct device *dev, const char *name,
			  struct kobject **kobj, struct attribute **attr)
{
	struct kernfs_node *link, *dir, *file;

	link = kernfs_find_and_get(dev->kobj.sd, "iommu_group");
	if (!link)
		return -ENODEV;
	dir = link->symlink.target_kn;
	file = kernfs_find_and_get(dir, name);
	kernfs_put(link);
	if (!file)
		return -ENOENT;

	/* These last as long as the group, and that as long as the caller is here */
	*kobj = dir->priv;
	*attr = file->priv;
	kernfs_put(file);
	return 0;
}

/**
 * mock_master_write - Write an attribute of the IOMMU group of a master
 * @dev: The master
 * @name: Name of the attribute
 * @word: What to write
 *
 * Return: What write() would.
 */
ssize_t mock_master_write(struct device *dev, const char *name,
			  const char *word)
{
	struct attribute *attr;
	struct kobject *kobj;
	int ret = mock_find_attr(dev, name, &kobj, &attr);

	return ret ?: kobj->ktype->sysfs_ops->store(kobj, attr, word,
						    strlen(word));
}

/**
 * mock_master_read - Read an attribute of the IOMMU group of a master
 * @dev: The master
 * @name: Name of the attribute
 * @buf: A page for what it says
 *
 * Return: The length of what it says, or an error.
 */
ssize_t mock_master_read(struct device *dev, const char *name, char *buf)
{
	struct attribute *attr;
	struct kobject *kobj;
	int ret = mock_find_attr(dev, name, &kobj, &attr);

	return ret ?: kobj->ktype->sysfs_ops->show(kobj, attr, buf);
}
