// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's driver of SMMUv3 once more, as a module, so that it can come late.
 * The one that is built in is told not to come at all, by
 * initcall_blacklist=arm_smmu_driver_init, which would keep this one away, too, if
 * it had an initcall of that name.
 */
#include <kunit/visibility.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#undef module_driver
#define module_driver(driver, register_driver, unregister_driver)

/* In a kernel with KUnit, it is the built-in one that exports these */
#undef EXPORT_SYMBOL_IF_KUNIT
#define EXPORT_SYMBOL_IF_KUNIT(symbol)

#include <drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c>

static int __init late_init(void)
{
	return platform_driver_register(&arm_smmu_driver);
}
module_init(late_init);

static void __exit late_exit(void)
{
	arm_smmu_driver_unregister(&arm_smmu_driver);
}
module_exit(late_exit);
