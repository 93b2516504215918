// SPDX-License-Identifier: GPL-2.0
/*
 * Breaks the SMMU behind its driver's back, when that is written to files of
 * /sys/kernel/debug/smmu/:
 *	commands	off: it reads no more commands; on: it does again; spoil:
 *			those that it has not read yet become ones that do not
 *			exist, of which there have to be some
 *	events		off: nobody is told that there are events; on: again
 */

#include <linux/bits.h>
#include <linux/debugfs.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

#define SMMU_CR0		0x20
#define SMMU_CR0ACK		0x24
#define SMMU_CR0_CMDQEN		BIT(3)
#define SMMU_CMDQ_BASE		0x90
#define SMMU_CMDQ_ADDR		GENMASK_ULL(51, 5)
#define SMMU_CMDQ_LOG2		GENMASK_ULL(4, 0)
#define SMMU_CMDQ_PROD		0x98
#define SMMU_CMDQ_CONS		0x9c
#define SMMU_CMD_SIZE		16
#define SMMU_NO_COMMAND		0xff

static struct platform_device *smmu_pdev;
static void __iomem *smmu_regs;
static struct dentry *smmu_root;
static int smmu_event_irq;

static int smmu_enable_commands(bool on)
{
	u32 cr0 = readl(smmu_regs + SMMU_CR0) & ~SMMU_CR0_CMDQEN;

	if (on)
		cr0 |= SMMU_CR0_CMDQEN;
	writel(cr0, smmu_regs + SMMU_CR0);
	return readl_poll_timeout(smmu_regs + SMMU_CR0ACK, cr0,
				  !(cr0 & SMMU_CR0_CMDQEN) == !on, 1, 1000000);
}

/* While it reads none */
static int smmu_spoil_commands(void)
{
	u64 base = readq(smmu_regs + SMMU_CMDQ_BASE);
	u32 prod = readl(smmu_regs + SMMU_CMDQ_PROD);
	u32 cons = readl(smmu_regs + SMMU_CMDQ_CONS);
	u32 mask = BIT(base & SMMU_CMDQ_LOG2) - 1;
	u64 *queue;

	if ((prod & mask) == (cons & mask))
		return -EAGAIN;
	queue = memremap(base & SMMU_CMDQ_ADDR, (mask + 1) * SMMU_CMD_SIZE,
			 MEMREMAP_WB);
	if (!queue)
		return -ENOMEM;
	for (; (cons & mask) != (prod & mask); cons++)
		queue[(cons & mask) * SMMU_CMD_SIZE / sizeof(*queue)] =
			SMMU_NO_COMMAND;
	memunmap(queue);
	return 0;
}

static int smmu_commands(const char *word)
{
	if (sysfs_streq(word, "on") || sysfs_streq(word, "off"))
		return smmu_enable_commands(sysfs_streq(word, "on"));
	return sysfs_streq(word, "spoil") ? smmu_spoil_commands() : -EINVAL;
}

static int smmu_events(const char *word)
{
	if (sysfs_streq(word, "on"))
		enable_irq(smmu_event_irq);
	else if (sysfs_streq(word, "off"))
		disable_irq(smmu_event_irq);
	else
		return -EINVAL;
	return 0;
}

static ssize_t smmu_write(struct file *file, const char __user *data,
			  size_t count, loff_t *pos)
{
	int (*obey)(const char *word) = file->private_data;
	char word[8] = "";
	int ret;

	if (count >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, data, count))
		return -EFAULT;
	ret = obey(word);
	return ret ?: count;
}

static const struct file_operations smmu_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = smmu_write,
};

static int __init smmu_init(void)
{
	struct device_node *np = of_find_compatible_node(NULL, NULL, "arm,smmu-v3");

	smmu_pdev = np ? of_find_device_by_node(np) : NULL;
	smmu_regs = np ? of_iomap(np, 0) : NULL;
	of_node_put(np);
	if (!smmu_pdev || !smmu_regs)
		return -ENODEV;
	smmu_event_irq = platform_get_irq_byname(smmu_pdev, "eventq");
	if (smmu_event_irq < 0)
		return smmu_event_irq;
	smmu_root = debugfs_create_dir("smmu", NULL);
	debugfs_create_file("commands", 0200, smmu_root, smmu_commands, &smmu_fops);
	debugfs_create_file("events", 0200, smmu_root, smmu_events, &smmu_fops);
	return 0;
}
module_init(smmu_init);

MODULE_DESCRIPTION("Breaks the SMMU behind its driver's back");
MODULE_LICENSE("GPL");
