# SPDX-License-Identifier: GPL-2.0
# For kunit.py --qemu_config: 32-bit ARM with LPAE, which the page tables of SMMUv3 need.

from ..qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(
    linux_arch='arm',
    kconfig='''
CONFIG_ARCH_VIRT=y
CONFIG_ARM_LPAE=y
CONFIG_SMP=y
CONFIG_SERIAL_AMBA_PL011=y
CONFIG_SERIAL_AMBA_PL011_CONSOLE=y''',
    qemu_arch='arm',
    kernel_path='arch/arm/boot/zImage',
    kernel_command_line='console=ttyAMA0 panic=-1 rcupdate.rcu_cpu_stall_timeout=100',
    extra_qemu_params=['-machine', 'virt', '-cpu', 'cortex-a15', '-smp', '2'])
