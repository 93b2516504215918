// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DMA mapping that the groups of an IOMMU instance share.
 *
 * The IOMMU driver is a mock, with a page table that is a list of pages. All
 * between it and the DMA API is the kernel's own: masters are platform devices
 * that go through iommu_probe_device() and arch_setup_dma_ops().
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/iommu-dma.h>
#include <linux/kthread.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/sizes.h>
#include <linux/xarray.h>

#define LAST_PAGE		(SZ_4G - SZ_4K)

struct mock_instance {
	struct iommu_device iommu;
	struct platform_device *pdev;
	struct fwnode_handle *fwnode;
	atomic_t domains;		/* alive */
	atomic_t attached;		/* to paging domains */
	atomic_t flushes;		/* of all of the TLB */
};

struct mock_domain {
	struct iommu_domain domain;
	struct mock_instance *instance;
	struct xarray pages;		/* IOVA page frame -> physical one */
	struct xarray sizes;		/* IOVA page frame -> mapped there at once */
};

struct mock_master {
	struct platform_device *pdev;
	struct device *dev;
	struct mock_instance *instance;
	struct mock_master *leader;	/* whose group it joins */
	struct iommu_domain *domain;	/* attached */
	struct iommu_domain *refuses;	/* fails to attach to this one */
	phys_addr_t resv_start;
	size_t resv_size;
	enum iommu_resv_type resv_type;
};

static struct mock_domain *to_mock_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct mock_domain, domain);
}

static struct mock_master *to_mock_master(struct device *dev)
{
	return dev_get_platdata(dev) ? *(struct mock_master **)dev_get_platdata(dev) : NULL;
}

static int mock_attach(struct iommu_domain *domain, struct device *dev)
{
	struct mock_master *master = to_mock_master(dev);

	if (domain == master->refuses)
		return -EINVAL;

	if (master->domain && master->domain->type & __IOMMU_DOMAIN_PAGING)
		atomic_dec(&master->instance->attached);
	master->domain = domain;
	if (domain->type & __IOMMU_DOMAIN_PAGING)
		atomic_inc(&master->instance->attached);
	return 0;
}

static int mock_map_pages(struct iommu_domain *domain, unsigned long iova,
			  phys_addr_t paddr, size_t pgsize, size_t count,
			  int prot, gfp_t gfp, size_t *mapped)
{
	struct mock_domain *mock = to_mock_domain(domain);
	size_t offset;
	int ret;

	for (; count; count--, iova += pgsize, paddr += pgsize) {
		for (offset = 0; offset < pgsize; offset += SZ_4K) {
			ret = xa_insert(&mock->pages, (iova + offset) >> 12,
					xa_mk_value((paddr + offset) >> 12), gfp);
			if (ret)
				return ret;
		}
		ret = xa_err(xa_store(&mock->sizes, iova >> 12,
				      xa_mk_value(pgsize), gfp));
		if (ret)
			return ret;
		*mapped += pgsize;
	}
	return 0;
}

/* As some hardware's drivers do, takes nothing apart that was mapped at once */
static size_t mock_unmap_pages(struct iommu_domain *domain, unsigned long iova,
			       size_t pgsize, size_t count,
			       struct iommu_iotlb_gather *gather)
{
	struct mock_domain *mock = to_mock_domain(domain);
	size_t offset, size = 0;

	for (; count; count--, iova += pgsize, size += pgsize) {
		if (WARN_ON(xa_erase(&mock->sizes, iova >> 12) !=
			    xa_mk_value(pgsize)))
			return size;
		for (offset = 0; offset < pgsize; offset += SZ_4K)
			xa_erase(&mock->pages, (iova + offset) >> 12);
	}
	return size;
}

static phys_addr_t mock_iova_to_phys(struct iommu_domain *domain,
				     dma_addr_t iova)
{
	void *entry = xa_load(&to_mock_domain(domain)->pages, iova >> 12);

	return entry ? (phys_addr_t)xa_to_value(entry) << 12 : 0;
}

static void mock_flush_all(struct iommu_domain *domain)
{
	atomic_inc(&to_mock_domain(domain)->instance->flushes);
}

static void mock_domain_free(struct iommu_domain *domain)
{
	struct mock_domain *mock = to_mock_domain(domain);

	atomic_dec(&mock->instance->domains);
	xa_destroy(&mock->pages);
	xa_destroy(&mock->sizes);
	kfree(mock);
}

static struct iommu_domain *mock_domain_alloc_paging(struct device *dev)
{
	struct mock_domain *mock = kzalloc(sizeof(*mock), GFP_KERNEL);

	if (!mock)
		return ERR_PTR(-ENOMEM);

	mock->instance = to_mock_master(dev)->instance;
	xa_init(&mock->pages);
	xa_init(&mock->sizes);
	mock->domain.geometry.aperture_end = SZ_4G - 1;
	mock->domain.geometry.force_aperture = true;
	atomic_inc(&mock->instance->domains);
	return &mock->domain;
}

static struct iommu_domain mock_blocked_domain = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &(const struct iommu_domain_ops) {
		.attach_dev = mock_attach,
	},
};

static bool mock_capable(struct device *dev, enum iommu_cap cap)
{
	return cap == IOMMU_CAP_DEFERRED_FLUSH;
}

static struct iommu_device *mock_probe_device(struct device *dev)
{
	return &to_mock_master(dev)->instance->iommu;
}

static struct iommu_group *mock_device_group(struct device *dev)
{
	struct mock_master *leader = to_mock_master(dev)->leader;

	return leader ? iommu_group_get(leader->dev) : generic_device_group(dev);
}

static void mock_get_resv_regions(struct device *dev, struct list_head *head)
{
	struct mock_master *master = to_mock_master(dev);
	struct iommu_resv_region *region;

	if (!master->resv_size)
		return;

	region = iommu_alloc_resv_region(master->resv_start, master->resv_size,
					 IOMMU_READ | IOMMU_WRITE,
					 master->resv_type, GFP_KERNEL);
	if (region)
		list_add_tail(&region->list, head);
}

static const struct iommu_ops mock_ops = {
	.capable = mock_capable,
	.domain_alloc_paging = mock_domain_alloc_paging,
	.blocked_domain = &mock_blocked_domain,
	.release_domain = &mock_blocked_domain,
	.probe_device = mock_probe_device,
	.device_group = mock_device_group,
	.get_resv_regions = mock_get_resv_regions,
	.pgsize_bitmap = SZ_4K | SZ_1M,
	.default_domain_ops = &(const struct iommu_domain_ops) {
		.attach_dev = mock_attach,
		.map_pages = mock_map_pages,
		.unmap_pages = mock_unmap_pages,
		.iova_to_phys = mock_iova_to_phys,
		.flush_iotlb_all = mock_flush_all,
		.free = mock_domain_free,
	},
};

static struct platform_device *mock_pdev(struct kunit *test, const char *name,
					 struct fwnode_handle *fwnode,
					 struct mock_master *master)
{
	struct platform_device_info info = {
		.name = name,
		.id = PLATFORM_DEVID_AUTO,
		.fwnode = fwnode,
		.data = master ? &master : NULL,
		.size_data = master ? sizeof(master) : 0,
		.dma_mask = DMA_BIT_MASK(32),
	};
	struct platform_device *pdev = platform_device_register_full(&info);

	KUNIT_ASSERT_FALSE(test, IS_ERR(pdev));
	return pdev;
}

static struct mock_instance *mock_instance_add(struct kunit *test)
{
	struct mock_instance *instance;

	instance = kunit_kzalloc(test, sizeof(*instance), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, instance);

	instance->fwnode = fwnode_create_software_node(NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(instance->fwnode));
	instance->pdev = mock_pdev(test, "mock-iommu", instance->fwnode, NULL);

	KUNIT_ASSERT_EQ(test, 0,
			iommu_device_sysfs_add(&instance->iommu, NULL, NULL, "%s",
					       dev_name(&instance->pdev->dev)));
	KUNIT_ASSERT_EQ(test, 0,
			iommu_device_register(&instance->iommu, &mock_ops,
					      &instance->pdev->dev));
	return instance;
}

/* All masters are gone: so must be all that the instance had for them */
static void mock_instance_remove(struct kunit *test,
				 struct mock_instance *instance)
{
	KUNIT_EXPECT_TRUE(test, list_empty(&instance->iommu.mappings));
	KUNIT_EXPECT_EQ(test, atomic_read(&instance->attached), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&instance->domains), 0);

	iommu_device_unregister(&instance->iommu);
	iommu_device_sysfs_remove(&instance->iommu);
	platform_device_unregister(instance->pdev);
	fwnode_remove_software_node(instance->fwnode);
}

static struct mock_master *mock_master_make(struct kunit *test,
					    struct mock_instance *instance)
{
	struct mock_master *master;

	master = kunit_kzalloc(test, sizeof(*master), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, master);
	master->instance = instance;
	master->pdev = mock_pdev(test, "mock-master", NULL, master);
	master->dev = &master->pdev->dev;
	return master;
}

/* What the bus does when a driver is about to be bound */
static int mock_master_probe(struct mock_master *master)
{
	int ret;

	mutex_lock(&iommu_probe_device_lock);
	ret = iommu_fwspec_init(master->dev, master->instance->fwnode);
	mutex_unlock(&iommu_probe_device_lock);
	if (ret)
		return ret;

	ret = iommu_probe_device(master->dev);
	arch_setup_dma_ops(master->dev,
			   ret ? NULL : iommu_get_dma_mapping(master->dev), true);
	return ret;
}

static struct mock_master *mock_master_add(struct kunit *test,
					   struct mock_instance *instance)
{
	struct mock_master *master = mock_master_make(test, instance);

	KUNIT_ASSERT_EQ(test, mock_master_probe(master), 0);
	KUNIT_ASSERT_NOT_NULL(test, iommu_get_dma_mapping(master->dev));
	return master;
}

/* A master that comes with a region of its own */
static struct mock_master *mock_master_add_resv(struct kunit *test,
						struct mock_instance *instance,
						enum iommu_resv_type type,
						phys_addr_t start, size_t size)
{
	struct mock_master *master = mock_master_make(test, instance);

	master->resv_type = type;
	master->resv_start = start;
	master->resv_size = size;
	KUNIT_ASSERT_EQ(test, mock_master_probe(master), 0);
	return master;
}

static void mock_master_remove(struct mock_master *master)
{
	arch_teardown_dma_ops(master->dev);
	master->dev->dma_range_map = NULL;
	platform_device_unregister(master->pdev);
}

static struct iommu_dma_mapping *mapping_of(struct mock_master *master)
{
	return iommu_get_dma_mapping(master->dev);
}

/* One page, by the DMA API: with an otherwise empty window it is the last one */
static dma_addr_t map_page(struct kunit *test, struct mock_master *master)
{
	struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t iova;

	KUNIT_ASSERT_NOT_NULL(test, page);
	iova = dma_map_page(master->dev, page, 0, SZ_4K, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(master->dev, iova));
	KUNIT_EXPECT_EQ(test, page_to_phys(page),
			iommu_iova_to_phys(mapping_of(master)->domain, iova));
	return iova;
}

static void unmap_page(struct mock_master *master, dma_addr_t iova)
{
	phys_addr_t phys = iommu_iova_to_phys(mapping_of(master)->domain, iova);

	dma_unmap_page(master->dev, iova, SZ_4K, DMA_BIDIRECTIONAL);
	__free_page(phys_to_page(phys));
}

static void mapping_test_shared(struct kunit *test)
{
	struct mock_instance *instance = mock_instance_add(test);
	struct mock_master *a = mock_master_add(test, instance);
	struct mock_master *b = mock_master_add(test, instance);

	KUNIT_EXPECT_NE(test, iommu_group_id(a->dev->iommu_group),
			iommu_group_id(b->dev->iommu_group));
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(a), mapping_of(b));
	KUNIT_EXPECT_PTR_EQ(test, &mapping_of(a)->entry,
			    instance->iommu.mappings.next);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&instance->iommu.mappings));
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(a)->iommu, &instance->iommu);
	KUNIT_EXPECT_PTR_EQ(test, a->domain, b->domain);
	KUNIT_EXPECT_EQ(test, refcount_read(&mapping_of(a)->users), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&instance->domains), 1);

	/* The first may go before the second, and come back */
	mock_master_remove(a);
	KUNIT_EXPECT_EQ(test, refcount_read(&mapping_of(b)->users), 1);
	unmap_page(b, map_page(test, b));
	a = mock_master_add(test, instance);
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(a), mapping_of(b));

	mock_master_remove(b);
	mock_master_remove(a);
	KUNIT_EXPECT_EQ(test, atomic_read(&instance->domains), 0);

	/* The mapping went with its last master, and the next brings another */
	a = mock_master_add(test, instance);
	KUNIT_EXPECT_EQ(test, refcount_read(&mapping_of(a)->users), 1);
	mock_master_remove(a);
	mock_instance_remove(test, instance);
}

static void mapping_test_two_instances(struct kunit *test)
{
	struct mock_instance *one = mock_instance_add(test);
	struct mock_instance *two = mock_instance_add(test);
	struct mock_master *a = mock_master_add(test, one);
	struct mock_master *b = mock_master_add(test, two);
	dma_addr_t iova_a = map_page(test, a), iova_b = map_page(test, b);

	/* Each has a page table and an allocator of its own */
	KUNIT_EXPECT_PTR_NE(test, mapping_of(a), mapping_of(b));
	KUNIT_EXPECT_EQ(test, iova_a, iova_b);

	unmap_page(a, iova_a);
	unmap_page(b, iova_b);
	mock_master_remove(a);
	mock_master_remove(b);
	mock_instance_remove(test, one);
	mock_instance_remove(test, two);
}

/* Nobody gets an IOVA in what a later master needs reserved */
static void mapping_test_late_reservation(struct kunit *test)
{
	struct mock_instance *instance = mock_instance_add(test);
	struct mock_master *a = mock_master_add(test, instance), *b;
	dma_addr_t iova = map_page(test, a);

	/* Freed, it waits in a cache, or in the flush queue if DMA is lazy */
	KUNIT_ASSERT_EQ(test, iova, LAST_PAGE);
	unmap_page(a, iova);

	b = mock_master_add_resv(test, instance, IOMMU_RESV_RESERVED,
				 LAST_PAGE, SZ_4K);
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(b), mapping_of(a));
	iova = map_page(test, a);
	KUNIT_EXPECT_EQ(test, iova, LAST_PAGE - SZ_4K);
	unmap_page(a, iova);

	/* It may come back, for its own region is no obstacle */
	mock_master_remove(b);
	b = mock_master_add_resv(test, instance, IOMMU_RESV_RESERVED,
				 LAST_PAGE - SZ_1M, SZ_1M + SZ_4K);
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(b), mapping_of(a));
	iova = map_page(test, a);
	KUNIT_EXPECT_LT(test, iova, LAST_PAGE - SZ_1M);
	unmap_page(a, iova);

	mock_master_remove(a);
	mock_master_remove(b);
	mock_instance_remove(test, instance);
}

/* A region that another master uses is not taken from it, nor a part of it */
static void mapping_test_late_conflict(struct kunit *test)
{
	struct mock_instance *instance = mock_instance_add(test);
	struct mock_master *a = mock_master_add(test, instance);
	dma_addr_t used = map_page(test, a), iova[3];
	struct mock_master *b, *c;

	/* b parts the region of c, so that its lower part is reserved first */
	b = mock_master_add_resv(test, instance, IOMMU_RESV_RESERVED,
				 LAST_PAGE - 2 * SZ_4K, SZ_4K);
	c = mock_master_add_resv(test, instance, IOMMU_RESV_DIRECT,
				 LAST_PAGE - 3 * SZ_4K, 4 * SZ_4K);

	KUNIT_EXPECT_PTR_EQ(test, mapping_of(b), mapping_of(a));
	KUNIT_EXPECT_PTR_NE(test, mapping_of(c), mapping_of(a));
	KUNIT_EXPECT_FALSE(test, mapping_of(c)->shared);
	KUNIT_EXPECT_PTR_EQ(test, c->domain, mapping_of(c)->domain);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(c->domain, LAST_PAGE), LAST_PAGE);
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
	mock_master_remove(a);
	mock_master_remove(b);
	mock_master_remove(c);
	mock_instance_remove(test, instance);
}

static void mapping_test_late_direct(struct kunit *test)
{
	struct mock_instance *instance = mock_instance_add(test);
	struct mock_master *a = mock_master_add(test, instance), *b;
	const phys_addr_t region = SZ_1G;

	b = mock_master_add_resv(test, instance, IOMMU_RESV_DIRECT, region, SZ_64K);
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(b), mapping_of(a));
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(b->domain, region), region);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(b->domain, region + SZ_32K),
			region + SZ_32K);

	mock_master_remove(a);
	mock_master_remove(b);
	mock_instance_remove(test, instance);
}

/*
 * The driver refuses a master that was let in before: nothing of it stays, be
 * it mapped in blocks, or where another master has a reservation already.
 */
static void mapping_test_refused(struct kunit *test)
{
	const phys_addr_t region = LAST_PAGE - SZ_4M + SZ_4K;
	struct mock_instance *instance = mock_instance_add(test);
	struct mock_master *a, *b = mock_master_make(test, instance);
	dma_addr_t iova;

	a = mock_master_add_resv(test, instance, IOMMU_RESV_RESERVED, region, SZ_4K);
	b->refuses = mapping_of(a)->domain;
	b->resv_type = IOMMU_RESV_DIRECT;
	b->resv_start = region;
	b->resv_size = SZ_4M;
	KUNIT_ASSERT_EQ(test, mock_master_probe(b), 0);

	KUNIT_EXPECT_PTR_NE(test, mapping_of(b), mapping_of(a));
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(b->domain, region), region);
	KUNIT_EXPECT_EQ(test, refcount_read(&mapping_of(a)->users), 1);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(a->domain, region), 0);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(a->domain, LAST_PAGE), 0);
	iova = map_page(test, a);
	KUNIT_EXPECT_EQ(test, iova, LAST_PAGE);

	unmap_page(a, iova);
	mock_master_remove(a);
	mock_master_remove(b);
	mock_instance_remove(test, instance);
}

/* Windows are of the bus in front of a master, and known when it is probed */
static void mock_master_set_window(struct mock_master *master,
				   const struct bus_dma_region *map)
{
	master->dev->dma_range_map = map;
	master->dev->bus_dma_limit = dma_range_map_max(map);
}

/* A window that begins above 0 is the mapping's if its master is the first */
static void mapping_test_window_first(struct kunit *test)
{
	static const struct bus_dma_region high[] = {
		{ .dma_start = SZ_2G, .size = SZ_2G }, {}
	};
	static const struct bus_dma_region low[] = {
		{ .dma_start = 0, .size = SZ_1G }, {}
	};
	struct mock_instance *instance = mock_instance_add(test);
	struct mock_master *a = mock_master_make(test, instance);
	struct mock_master *b, *c = mock_master_make(test, instance);
	struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t iova;

	KUNIT_ASSERT_NOT_NULL(test, page);
	mock_master_set_window(a, high);
	KUNIT_ASSERT_EQ(test, mock_master_probe(a), 0);
	KUNIT_EXPECT_EQ(test, mapping_of(a)->start, SZ_2G);

	/* Whoever reaches it joins, and gets no less than the window's start */
	b = mock_master_add(test, instance);
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(b), mapping_of(a));
	KUNIT_EXPECT_EQ(test, 0, dma_set_mask(b->dev, DMA_BIT_MASK(31)));
	iova = dma_map_page(b->dev, page, 0, SZ_4K, DMA_TO_DEVICE);
	KUNIT_EXPECT_TRUE(test, dma_mapping_error(b->dev, iova));
	__free_page(page);

	/* Whoever does not is isolated, and has all of its own window */
	mock_master_set_window(c, low);
	KUNIT_ASSERT_EQ(test, mock_master_probe(c), 0);
	KUNIT_EXPECT_PTR_NE(test, mapping_of(c), mapping_of(a));
	iova = map_page(test, c);
	KUNIT_EXPECT_EQ(test, iova, SZ_1G - SZ_4K);
	unmap_page(c, iova);

	mock_master_remove(a);
	mock_master_remove(b);
	mock_master_remove(c);
	mock_instance_remove(test, instance);
}

/* A window that begins above the mapping's would take it from the others */
static void mapping_test_window_late(struct kunit *test)
{
	static const struct bus_dma_region high[] = {
		{ .dma_start = SZ_2G, .size = SZ_2G }, {}
	};
	struct mock_instance *instance = mock_instance_add(test);
	struct mock_master *a = mock_master_add(test, instance);
	struct mock_master *b = mock_master_make(test, instance);

	mock_master_set_window(b, high);
	KUNIT_ASSERT_EQ(test, mock_master_probe(b), 0);
	KUNIT_EXPECT_PTR_NE(test, mapping_of(b), mapping_of(a));
	KUNIT_EXPECT_EQ(test, mapping_of(b)->start, SZ_2G);

	mock_master_remove(a);
	mock_master_remove(b);
	mock_instance_remove(test, instance);
}

/* Groups of several devices share, too, and let in whoever leaves them whole */
static void mapping_test_newcomer(struct kunit *test)
{
	struct mock_instance *instance = mock_instance_add(test);
	struct mock_instance *other = mock_instance_add(test);
	struct mock_master *a = mock_master_add(test, instance);
	struct mock_master *b = mock_master_make(test, instance);
	struct mock_master *c = mock_master_make(test, instance);
	struct mock_master *d = mock_master_make(test, other);
	dma_addr_t iova = map_page(test, a);

	b->leader = a;
	b->resv_type = IOMMU_RESV_RESERVED;
	b->resv_start = SZ_1G;
	b->resv_size = SZ_4K;
	KUNIT_EXPECT_EQ(test, mock_master_probe(b), 0);
	KUNIT_EXPECT_PTR_EQ(test, mapping_of(b), mapping_of(a));
	KUNIT_EXPECT_EQ(test, refcount_read(&mapping_of(a)->users), 1);

	/* It needs what is in use: no ops, no mapping, not attached */
	c->leader = a;
	c->resv_type = IOMMU_RESV_RESERVED;
	c->resv_start = LAST_PAGE;
	c->resv_size = SZ_4K;
	KUNIT_EXPECT_EQ(test, mock_master_probe(c), -EBUSY);
	KUNIT_EXPECT_NULL(test, mapping_of(c));
	KUNIT_EXPECT_FALSE(test, use_dma_iommu(c->dev));
	KUNIT_EXPECT_EQ(test, atomic_read(&instance->attached), 2);

	/* and the mapping is not that of its instance */
	d->leader = a;
	KUNIT_EXPECT_EQ(test, mock_master_probe(d), -EPERM);
	KUNIT_EXPECT_NULL(test, mapping_of(d));

	unmap_page(a, iova);
	mock_master_remove(d);
	mock_master_remove(c);
	mock_master_remove(b);
	mock_master_remove(a);
	mock_instance_remove(test, instance);
	mock_instance_remove(test, other);
}

/* Where long has 32 bits, a region above cannot be mapped: not in any domain */
static void mapping_test_direct_above_4g(struct kunit *test)
{
	struct mock_instance *instance;
	struct mock_master *a, *b;

	if (sizeof(phys_addr_t) == sizeof(long))
		kunit_skip(test, "all addresses can be mapped");

	instance = mock_instance_add(test);
	a = mock_master_add(test, instance);
	b = mock_master_make(test, instance);
	b->resv_type = IOMMU_RESV_DIRECT;
	b->resv_start = (phys_addr_t)((u64)SZ_4G + SZ_1G);
	b->resv_size = SZ_4K;

	KUNIT_EXPECT_EQ(test, mock_master_probe(b), -ERANGE);
	KUNIT_EXPECT_NULL(test, mapping_of(b));
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(a->domain, SZ_1G), 0);

	mock_master_remove(a);
	mock_master_remove(b);
	mock_instance_remove(test, instance);
}

#define PROBERS		8

struct prober {
	struct mock_master *master;
	struct completion *go;
	struct completion done;
	int ret;
};

static int prober_thread(void *data)
{
	struct prober *prober = data;

	wait_for_completion(prober->go);
	prober->ret = mock_master_probe(prober->master);
	complete(&prober->done);
	return 0;
}

/* However many are probed at once, there is one mapping, and all are counted */
static void mapping_test_concurrent_probe(struct kunit *test)
{
	struct mock_instance *instance = mock_instance_add(test);
	DECLARE_COMPLETION_ONSTACK(go);
	struct prober *probers;
	int i;

	probers = kunit_kcalloc(test, PROBERS, sizeof(*probers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, probers);

	for (i = 0; i < PROBERS; i++) {
		probers[i].master = mock_master_make(test, instance);
		probers[i].go = &go;
		init_completion(&probers[i].done);
		kthread_run(prober_thread, &probers[i], "prober/%d", i);
	}
	complete_all(&go);
	for (i = 0; i < PROBERS; i++)
		wait_for_completion(&probers[i].done);

	for (i = 0; i < PROBERS; i++) {
		KUNIT_EXPECT_EQ(test, probers[i].ret, 0);
		KUNIT_EXPECT_PTR_EQ(test, mapping_of(probers[i].master),
				    mapping_of(probers[0].master));
	}
	KUNIT_EXPECT_EQ(test, PROBERS,
			refcount_read(&mapping_of(probers[0].master)->users));

	for (i = 0; i < PROBERS; i++)
		mock_master_remove(probers[i].master);
	mock_instance_remove(test, instance);
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
	{}
};

static struct kunit_suite mapping_test_suite = {
	.name = "iommu-mapping",
	.test_cases = mapping_test_cases,
};

kunit_test_suite(mapping_test_suite);
