# SPDX-License-Identifier: Apache-2.0
"""The rows of the benchmark: what must hold, and what is known of the others.

Everything is instructions on QEMU's virt-10.0 with one CPU model, the median of 1,024, or of 64 for one of many operations
of a row. `least` is what a stub at EL2 that does nothing else needs, measured or counted; `peer` is the best figure of
another hypervisor, recorded once on the same command line (docs/performance.md says which versions), so it is not of
this run.
"""

import collections
import os

Row = collections.namedtuple("Row", "id least peer must aim")
Measured = collections.namedtuple("Measured", "min median p99 max at", defaults=("",))  # at: which operation was the worst

# In a run of guests/bench; all but the first are also measured with several numbers of CPUs and VMs.
GUEST_ROWS = (
    Row("hvc_kernel", "58", (207, "Bao"), 120, 70),
    Row("hvc_qvm", "122+", (1065, "KVM"), 175, 168),
    Row("psci_version", "58", (207, "Bao"), None, None),
    Row("uart_read", "122+", (724, "Xen"), 235, 205),
    Row("gicd_typer_read", "57-122", (225, "Bao"), 225, None),
    Row("gicd_isenabler_write", "59-122", (841, "Xen"), 330, 280),
    Row("idreg_read", None, (510, "Xen"), 200, 150),
    Row("sgi_self", "64", (789, "Bao"), 128, 110),
    Row("vtimer_running", "49", (200, "Bao"), 100, 80),
    Row("vtimer_wfi", "49", (1185, "Xen"), 290, 250),
)

PAIR_ROWS = (
    Row("sgi_oneway", "139", (797, "Bao"), 280, 235),
    Row("sgi_roundtrip", "285", (1601, "Bao"), 570, 490),
    Row("sgi_oneway_wfi", "139", (1829, "Xen"), 480, 420),
)

# What guests really do: guests/patterns, with one boot for operations, one for many targets, one for two VMs.
PATTERN_ROWS = (
    Row("hvc_psci", None, None, 260, 220),
    Row("uart_write_dr", None, None, 290, 250),
    Row("uart_write_first", None, None, None, None),
    Row("gic_read", None, None, 280, 240),
    Row("gicr_read", None, None, 500, 400),
    Row("gicr_write", None, None, 400, 330),
    Row("mmio_odd_el1", None, None, 450, 300),
    Row("mmio_decoded", None, None, 1500, 900),
    Row("sgi_further", None, None, 150, None),
    Row("sgi_roundtrip_wfi", "286", (1602, "Bao"), 1300, 1100),
    Row("vtimer_running_spis", None, None, 210, 110),
    Row("ptimer_arm", None, None, 500, 350),
    Row("ptimer", None, None, 500, 350),
    Row("spi_from_vdev", None, None, 600, 500),
    Row("spi_from_vdev_wfi", None, None, 900, 750),
    Row("vm_switch", None, None, 800, 700),
    Row("vcpu_on", None, (403, "Bao"), 2500, 1500),
    Row("vcpu_on_runs", None, (12170, "Bao"), 15000, 8000),
)

KERNEL_ROWS = (
    Row("msg_roundtrip_0", None, None, None, None),
    Row("msg_roundtrip_32", "~180", None, None, None),
    Row("msg_roundtrip_to_32", "~180", None, 440, 340),
    Row("msg_roundtrip_to_64", None, None, 700, 480),
    Row("msg_roundtrip_256", None, None, None, None),
    Row("msg_roundtrip_4096", None, None, None, None),
    Row("pulse_wake", None, None, 225, 200),
    Row("context_switch", None, None, None, None),
    Row("timer_wake", None, None, None, None),
    Row("irq_wake", None, None, None, None),
    Row("mem_map", None, None, None, None),
    Row("mem_unmap", None, None, None, None),
)

XEN_ROWS = (Row("xen_version", None, None, None, None),)

BOOT_ROWS = (
    Row("boot_first_instruction", "84", (353158, "Bao"), 6000000, 4000000),
    Row("boot_linux_image", None, None, 120000000, 90000000),
    Row("restart_512M", None, None, 28000000, 26500000),
)

# Too long for each run of the tests.
LONG_ROWS = (
    Row("restart_4G", None, None, 212000000, 203000000),
    Row("restart_MiB", None, None, 52000, None),
    Row("restart_busier", None, None, 60, None),
    Row("linux_verbose", None, (22300000, "Xen"), 20500000, 17500000),
    Row("longest_irqs_off", None, None, 2500, 2000),
    Row("longest_hold", None, None, 2000, 1500),
    Row("longest_hold_other", None, None, 2000, 1500),
)

QUICK_ROWS = GUEST_ROWS + PAIR_ROWS + PATTERN_ROWS + KERNEL_ROWS + BOOT_ROWS
ROWS = GUEST_ROWS + PAIR_ROWS + XEN_ROWS + PATTERN_ROWS + KERNEL_ROWS + BOOT_ROWS + LONG_ROWS

# The states of guests/patterns, and of what it measures in each: their rows are called ROW@STATE.
STATES = {
    "clean": "clean", "linux": "Linux", "sctlr_a": "A", "sctlr_uma": "UMA", "mde": "MDE", "two_vdevs": "vdevs",
    "pending_8": "8 pend", "pending_30": "30 pend", "in_flight_8": "8 act", "in_flight_30": "30 act", "fp": "FP",
    "other_vm": "VM", "everything": "all",
}
REAL_ROWS = (
    "hvc_qvm", "psci_version", "uart_read", "uart_write_dr", "gicd_typer_read", "gicd_isenabler_write", "idreg_read",
    "sgi_self", "vtimer_running", "vtimer_wfi", "sgi_oneway", "sgi_oneway_2", "sgi_oneway_3", "sgi_roundtrip",
    "sgi_oneway_wfi",
)

# What only others answer in the kernel: our kernel answers no call of a guest. qvm does (psci_version).
NOT_OURS = ("hvc_kernel",)

SYSTEMS = ("bare", "bulkhead", "xen")
FIRST_CPU = "neoverse-n1"  # the record is of this one
CHOSEN = os.environ.get("MODELS", "").split()
CPUS = (FIRST_CPU, *(cpu for cpu in CHOSEN or ["cortex-a72"] if cpu != FIRST_CPU))
OTHER_CPU_MARGIN = 1.10  # on another CPU model a row may cost this much of what it costs on the first


def worst(measured, row):
    """A row is what was measured by its name, or the worst of what was measured by NAME.SOMETHING. Returns the name of
    that, and it; or None."""
    found = {name: values for name, values in measured.items() if name.split(".")[0] == row}
    return max(found.items(), key=lambda one: one[1].median, default=None)


def one(value):
    """A row that is measured once."""
    return Measured(value, value, value, value)
