// SPDX-License-Identifier: GPL-2.0
/*
 * A mock PCI host bridge, with a master on its bus, for the KUnit tests of the
 * DMA API behind an IOMMU.
 *
 * The bridge is a platform device from the overlay. There is one function on
 * the bus, with no more in its config space than it takes to be found. The
 * driver core binds it as it does any other.
 */
#include <kunit/platform_device.h>
#include <kunit/test.h>
#include <linux/device/bus.h>
#include <linux/ioport.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>

#include "dma-mapping-test.h"

/* Known as a device for tests, and to no driver */
#define TEST_PCI_DEVICE		0x0005

/* The rest is zeros: no BARs, no interrupt, no capabilities */
static u32 test_pci_config(int where)
{
	switch (where) {
	case PCI_VENDOR_ID:
		return TEST_PCI_DEVICE << 16 | PCI_VENDOR_ID_REDHAT;
	case PCI_CLASS_REVISION:
		return (u32)PCI_CLASS_OTHERS << 24;
	default:
		return 0;
	}
}

static int test_pci_read(struct pci_bus *bus, unsigned int devfn, int where,
			 int size, u32 *val)
{
	if (devfn) {
		PCI_SET_ERROR_RESPONSE(val);
		return PCIBIOS_DEVICE_NOT_FOUND;
	}

	*val = test_pci_config(where & ~3) >> 8 * (where & 3);
	*val &= GENMASK(8 * size - 1, 0);
	return PCIBIOS_SUCCESSFUL;
}

static int test_pci_write(struct pci_bus *bus, unsigned int devfn, int where,
			  int size, u32 val)
{
	return devfn ? PCIBIOS_DEVICE_NOT_FOUND : PCIBIOS_SUCCESSFUL;
}

static struct pci_ops test_pci_ops = {
	.read = test_pci_read,
	.write = test_pci_write,
};

/*
 * A window at either end of the addresses on the bus. Where the CPU has them
 * does not matter: nothing is behind them.
 */
static struct resource test_pci_low = DEFINE_RES_MEM(SZ_512M, TEST_PCI_START);
static struct resource test_pci_high =
	DEFINE_RES_MEM(SZ_512M + SZ_256M, SZ_4G - TEST_PCI_END);

/* All that the bridge lets through, for a test that wants it to let through less */
static struct resource test_pci_reach =
	DEFINE_RES_MEM(TEST_PCI_REACH, TEST_PCI_REACH_SIZE);
static bool test_pci_short;

static void test_pci_add_window(struct pci_host_bridge *bridge,
				struct resource *res, resource_size_t bus_addr)
{
	pci_add_resource_offset(&bridge->windows, res, res->start - bus_addr);
}

static int test_pci_host_probe(struct platform_device *pdev)
{
	struct pci_host_bridge *bridge;

	bridge = devm_pci_alloc_host_bridge(&pdev->dev, 0);
	if (!bridge)
		return -ENOMEM;

	test_pci_add_window(bridge, &test_pci_low, 0);
	test_pci_add_window(bridge, &test_pci_high, TEST_PCI_END);
	if (test_pci_short)
		pci_add_resource(&bridge->dma_ranges, &test_pci_reach);
	bridge->ops = &test_pci_ops;
	platform_set_drvdata(pdev, bridge);
	return pci_host_probe(bridge);
}

static void test_pci_host_remove(struct platform_device *pdev)
{
	struct pci_host_bridge *bridge = platform_get_drvdata(pdev);

	pci_lock_rescan_remove();
	pci_stop_root_bus(bridge->bus);
	pci_remove_root_bus(bridge->bus);
	pci_unlock_rescan_remove();
}

/* Matches nothing: most tests have no use for the bridge */
static struct platform_driver test_pci_host_driver = {
	.driver.name = "mock-pci-host-driver",
	.probe = test_pci_host_probe,
	.remove = test_pci_host_remove,
};

static const struct pci_device_id test_pci_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT, TEST_PCI_DEVICE) },
	{ }
};

static int test_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return 0;
}

static struct pci_driver test_pci_driver = {
	.name = "mock-pci-driver",
	.id_table = test_pci_ids,
	.probe = test_pci_probe,
};

KUNIT_DEFINE_ACTION_WRAPPER(test_pci_unregister, pci_unregister_driver,
			    struct pci_driver *);
KUNIT_DEFINE_ACTION_WRAPPER(test_pci_put, pci_dev_put, struct pci_dev *);

/* The function on the bus, before there is a driver for it */
static struct pci_dev *test_pci_function(struct kunit *test)
{
	struct device *host = mock_master_find(test, "mock-pci");
	struct pci_host_bridge *bridge;
	struct pci_dev *pdev;

	KUNIT_ASSERT_EQ(test, 0,
			kunit_platform_driver_register(test,
						       &test_pci_host_driver));
	KUNIT_ASSERT_EQ(test, 0,
			device_driver_attach(&test_pci_host_driver.driver,
					     host));

	bridge = dev_get_drvdata(host);
	pdev = pci_get_slot(bridge->bus, 0);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, test_pci_put, pdev));
	return pdev;
}

static void test_pci_register(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, pci_register_driver(&test_pci_driver), 0);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, test_pci_unregister,
						  &test_pci_driver));
}

/* The master on the bus, with its driver */
struct device *test_pci_master(struct kunit *test)
{
	struct pci_dev *pdev = test_pci_function(test);

	test_pci_register(test);
	KUNIT_ASSERT_PTR_EQ(test, pdev->dev.driver, &test_pci_driver.driver);
	return &pdev->dev;
}

/* The same, behind a bridge that does not let it reach all */
struct device *test_pci_short_master(struct kunit *test)
{
	struct device *dev;

	test_pci_short = true;
	dev = test_pci_master(test);
	test_pci_short = false;
	return dev;
}

/* Before the IOMMU gets to know of the device */
static int test_pci_distrust(struct notifier_block *nb, unsigned long action,
			     void *data)
{
	if (action == BUS_NOTIFY_ADD_DEVICE)
		to_pci_dev(data)->untrusted = 1;
	return NOTIFY_DONE;
}

static struct notifier_block test_pci_distrust_nb = {
	.notifier_call = test_pci_distrust,
	.priority = 1,
};

static void test_pci_trust_again(void *unused)
{
	bus_unregister_notifier(&pci_bus_type, &test_pci_distrust_nb);
}

/* The same, where anybody can plug it in; it has its driver if its IOMMU can */
struct device *test_pci_untrusted(struct kunit *test)
{
	struct pci_dev *pdev;

	KUNIT_ASSERT_EQ(test, 0,
			bus_register_notifier(&pci_bus_type,
					      &test_pci_distrust_nb));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, test_pci_trust_again,
						  NULL));
	pdev = test_pci_function(test);
	test_pci_register(test);
	return &pdev->dev;
}
