# SPDX-License-Identifier: GPL-2.0
# For kunit.py --qemu_config: 64-bit ARM.

from ..qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(
    linux_arch='arm64',
    kconfig='''
CONFIG_SMP=y
CONFIG_SERIAL_AMBA_PL011=y
CONFIG_SERIAL_AMBA_PL011_CONSOLE=y''',
    qemu_arch='aarch64',
    kernel_path='arch/arm64/boot/Image',
    kernel_command_line='console=ttyAMA0 panic=-1 rcupdate.rcu_cpu_stall_timeout=100',
    extra_qemu_params=['-machine', 'virt', '-cpu', 'cortex-a57', '-smp', '2'])
