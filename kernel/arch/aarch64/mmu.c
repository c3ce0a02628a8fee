/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2's own translation at run time. boot/tables.c has built it, once and for all. Each CPU uses three sets of tables,
 * one after the other: the passage, while the MMU comes on; those of the start; and then those that have no page of the
 * start's code and constants.
 */
#include "arch.h"
#include "boot.h"
#include "sysreg.h"

BOOT_FIXED struct mmu_registers mmu_boot;
BOOT_FIXED uint64_t mmu_start_ttbr, mmu_kernel_ttbr;
__attribute__((section(".bss..stacks"), aligned(STACK_AREA))) char cpu_stacks[CPU_MAX][STACK_AREA];

void mmu_use_tables(uint64_t ttbr)
{
	sysreg_write(ttbr0_el2, ttbr);
	isb();
	__asm__ volatile("tlbi alle2" : : : "memory");
	dsb(nsh);
	isb();
}

void arch_boot_end(void)
{
	mmu_use_tables(mmu_kernel_ttbr);
}

void *arch_pa_to_va(paddr_t pa)
{
	if (unlikely(pa - board.image.start < board.image.bytes))
		return (void *)(pa - board.image.start + KERNEL_BASE);
	return (void *)pa;
}

paddr_t arch_va_to_pa(const void *va)
{
	if ((uint64_t)va >= KERNEL_BASE)
		return (uint64_t)va - KERNEL_BASE + board.image.start;
	return (paddr_t)va;
}
