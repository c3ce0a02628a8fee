# SPDX-License-Identifier: Apache-2.0
"""The rows of the benchmark: what must hold, and what is known of the others.

Everything is instructions on QEMU's virt-10.0 with one CPU model, the median of 1,024. `least` is what a stub at EL2
that does nothing else needs, measured or counted; `peer` is the best figure of another hypervisor, recorded once on the
same command line (docs/performance.md says which versions), so it is not of this run.
"""

import collections

Row = collections.namedtuple("Row", "id least peer must aim")
Measured = collections.namedtuple("Measured", "min median p99 max")

GUEST_ROWS = (
    Row("hvc_kernel", "58", (207, "Bao"), 120, 70),
    Row("hvc_qvm", "122+", (1065, "KVM"), 240, 170),
    Row("psci_version", "58", (207, "Bao"), None, None),
    Row("uart_read", "122+", (724, "Xen"), 280, 200),
    Row("gicd_typer_read", "57-122", (225, "Bao"), 225, 170),
    Row("gicd_isenabler_write", "59-122", (841, "Xen"), 405, 200),
    Row("idreg_read", None, (510, "Xen"), None, None),
    Row("sgi_self", "64", (789, "Bao"), 150, 80),
    Row("vtimer_running", "49", (200, "Bao"), 120, 60),
    Row("vtimer_wfi", "49", (1185, "Xen"), 500, 250),
)

PAIR_ROWS = (
    Row("sgi_oneway", "139", (797, "Bao"), 350, 170),
    Row("sgi_roundtrip", "285", (1601, "Bao"), 700, 342),
    Row("sgi_oneway_wfi", "139", (1829, "Xen"), 700, 350),
)

KERNEL_ROWS = (
    Row("msg_roundtrip_0", None, None, None, None),
    Row("msg_roundtrip_32", "~180", None, 412, 260),
    Row("msg_roundtrip_256", None, None, None, None),
    Row("msg_roundtrip_4096", None, None, None, None),
    Row("pulse_wake", None, None, 300, 180),
    Row("context_switch", None, None, None, None),
    Row("timer_wake", None, None, None, None),
    Row("irq_wake", None, None, None, None),
    Row("mem_map", None, None, None, None),
    Row("mem_unmap", None, None, None, None),
)

XEN_ROWS = (Row("xen_version", None, None, None, None),)

BOOT_ROWS = (Row("boot_first_instruction", "84", (353158, "Bao"), 10000000, 2000000),)

LONGEST_ROWS = (Row("longest_irqs_off", None, None, 5000, 2000),)

QUICK_ROWS = GUEST_ROWS + PAIR_ROWS + KERNEL_ROWS + BOOT_ROWS
ROWS = GUEST_ROWS + PAIR_ROWS + XEN_ROWS + KERNEL_ROWS + BOOT_ROWS + LONGEST_ROWS

# What only others answer in the kernel: our kernel answers no call of a guest. qvm does (psci_version).
NOT_OURS = ("hvc_kernel",)

SYSTEMS = ("bare", "bulkhead", "xen")
CPUS = ("neoverse-n1", "cortex-a72")
FIRST_CPU = CPUS[0]
OTHER_CPU_MARGIN = 1.10  # on another CPU model a row may cost this much of what it costs on the first


def one(value):
    """A row that is measured once."""
    return Measured(value, value, value, value)
