/* SPDX-License-Identifier: Apache-2.0 */
/* The start in C: with the MMU off, then on the first CPU, then on each other one. */
#include "arch.h"
#include "arch/aarch64/boot.h"
#include "arch/aarch64/control.h"
#include "arch/aarch64/gic/irqchip.h"
#include "arch/aarch64/psci.h"
#include "arch/aarch64/sysreg.h"
#include "arch/aarch64/world.h"
#include "boot/fdt.h"
#include "console.h"
#include "panic.h"

/* MMU off: also at EL1 or EL3, where only this message is printed. */
void boot_refuse(const char *why)
{
	printk("Bulkhead cannot start: %s.\n", why);
	arch_system_off();
}

/* MMU off. Nothing can be printed before the device tree has said where. */
void boot_early(const void *dtb)
{
	const char *why;

	if (!dtb || !is_aligned((uint64_t)dtb, 8))
		arch_system_off();
	board.image =
	    (struct range){.start = (paddr_t)__image_start, .bytes = (paddr_t)__image_end - (paddr_t)__image_start};
	board.image_readonly = (paddr_t)__rodata_end - (paddr_t)__image_start;
	/* Firmware may have written the tree with its caches on. */
	cache_clean(dtb, 40);
	cache_clean(dtb, fdt_blob_bytes(dtb));
	board_parse(dtb);
	board.image.bytes -= (CPU_MAX - board.cpu_count) * STACK_AREA; /* their stacks are RAM like any other */
	why = control_refusal();
	if (why)
		boot_refuse(why);
	smmu_close();
	if (board.image.start >= RAM_LIMIT)
		boot_refuse("it was loaded above 64 TiB");
	tables_build();
}

/* What each CPU does for itself, before and after the distributor is set up. */
static void init_cpu(unsigned number)
{
	struct cpu *c = &cpus[number];

	/* Out of the passage: from here on no page is both at its physical address and executable. */
	mmu_use_tables(mmu_start_ttbr);
	c->id = number;
	c->stack_top = cpu_stacks[number] + STACK_AREA;
	sysreg_write(tpidr_el2, (uint64_t)c);
	sysreg_write(vbar_el2, (uint64_t)vectors);
	control_init();
	world_clear_el1();
	if (firmware_needs_mitigation())
		sysreg_write(vbar_el2, (uint64_t)vectors_mitigated);
}

static void join_cpu(unsigned number)
{
	errata_init();
	irqchip_cpu_init(number);
	cpu_note_features();
}

static void greet(void)
{
	printk("Bulkhead: %u CPU%s, MIDR 0x%lx, %lu MHz counter, %s at 0x%lx\n", board.cpu_count,
	       board.cpu_count == 1 ? "" : "s", sysreg_read(midr_el1), arch_counter_hz() / 1000000,
	       board.devices[BOARD_SMMU].bytes == 0 ? "no SMMUv3, kernel" : "SMMUv3 closed, kernel", board.image.start);
	for (unsigned i = 0; i < board.ram_count; i++)
		printk("  RAM 0x%lx, %lu MiB\n", board.ram[i].start, board.ram[i].bytes >> 20);
}

void boot_main(void)
{
	init_cpu(0);
	clock_init();
	greet();
	irqchip_init();
	join_cpu(0);
	kernel_main();
}

void boot_secondary(unsigned cpu)
{
	const char *why = control_refusal();

	init_cpu(cpu);
	if (why)
		panic("CPU %u: %s", cpu, why);
	join_cpu(cpu);
	kernel_secondary(cpu);
}
