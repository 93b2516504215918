// SPDX-License-Identifier: GPL-2.0
/*
 * vfio GROUP BDF - take a device over with VFIO, let it reach a page of this
 * program's memory, and give it back. Says what failed, if something does.
 */
#include <linux/vfio.h>

#define IOVA	0x10000000

static int failed(const char *what)
{
	printf("%s: error %d\n", what, errno);
	return 1;
}

int main(int argc, char **argv)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.iova = IOVA,
		.size = 4096,
	};
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = IOVA,
		.size = 4096,
	};
	int container, group, device;
	void *page;

	if (argc != 3)
		return 2;

	container = open("/dev/vfio/vfio", O_RDWR);
	if (container < 0)
		return failed("container");
	group = open(argv[1], O_RDWR);
	if (group < 0)
		return failed("group");
	if (ioctl(group, VFIO_GROUP_GET_STATUS, &status) ||
	    !(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return failed("viable");
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container))
		return failed("attach");
	if (ioctl(container, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU))
		return failed("type 1");
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, argv[2]);
	if (device < 0)
		return failed("device");

	page = mmap(NULL, map.size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return failed("page");
	memset(page, 1, map.size);
	map.vaddr = (unsigned long)page;
	if (ioctl(container, VFIO_IOMMU_MAP_DMA, &map))
		return failed("map");
	if (ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap) ||
	    unmap.size != map.size)
		return failed("unmap");

	printf("ok\n");
	return 0;
}
