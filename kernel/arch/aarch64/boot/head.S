/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first instructions, on the first CPU and on the others, until the MMU is on. The header and the state at entry
 * are those of Linux's boot protocol (Documentation/arch/arm64/booting.rst): EL2, MMU off, x0 = device tree, loaded at a
 * 2 MiB boundary. All of this lies in the image's first page, which tables.c also maps at its physical address for
 * the moment in which the MMU comes on.
 */
#include "arch/aarch64/image.h"

	.section .head.text, "ax"
	.globl _start
_start:
	b	primary
	.long	0
	.quad	0			/* offset from the 2 MiB boundary */
	.quad	__image_bytes		/* with zeroed memory and stacks */
	.quad	0xa			/* little endian, 4 KiB pages, anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.macro	address reg, symbol
	adrp	\reg, \symbol
	add	\reg, \reg, :lo12:\symbol
	.endm

/* Invalidate the data cache from x0 up to x1, which are on page boundaries. Uses x2, x3, x4. */
invalidate:
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4
	mov	x3, #4
	lsl	x3, x3, x2
	mov	x4, x0
1:	dc	ivac, x4
	add	x4, x4, x3
	cmp	x4, x1
	b.lo	1b
	dsb	sy
	ret

/*
 * Firmware should enter one CPU only. If it lets in several, they race for `claim`: each writes its name, waits longer
 * than a store takes, and the one whose name stays goes on. (Exclusives may not work with the MMU off.)
 */
primary:
	msr	daifset, #0xf
	mov	x19, x0
	mrs	x1, mpidr_el1
	orr	x1, x1, #1 << 63
	address	x0, claim
	ldr	x2, [x0]
	cbnz	x2, park
	str	x1, [x0]
	dsb	sy
	mov	x3, #10000
1:	yield
	subs	x3, x3, #1
	b.ne	1b
	ldr	x2, [x0]
	cmp	x1, x2
	b.ne	park

	/* Lines that firmware left in the cache must neither overwrite what is written now, nor be read later. */
	address	x0, __zero_start
	address	x1, __image_end
	bl	invalidate
1:	stp	xzr, xzr, [x0]		/* to a page boundary */
	stp	xzr, xzr, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	add	x0, x0, #64
	cmp	x0, x1
	b.lo	1b

	address	x0, cpu_stacks + STACK_AREA
	mov	sp, x0
	mov	x29, xzr
	mov	x0, x19
	bl	boot_early		/* goes on only at EL2 */

	address	x0, __rodata_end
	address	x1, __image_end
	bl	invalidate
	ldr	x9, =main_virtual
	b	mmu_on

main_virtual:
	address	x0, cpu_stacks + STACK_AREA
	mov	sp, x0
	bl	boot_main

/* PSCI CPU_ON comes here with x0 = number of the CPU. */
	.globl	secondary_entry
secondary_entry:
	msr	daifset, #0xf
	mov	x19, x0
	ldr	x9, =secondary_virtual

/* With the registers of mmu_boot. Goes on at x9. */
mmu_on:
	mov	x0, #1 << 31		/* HCR_EL2: EL1 is AArch64; E2H = 0 before the others get their meaning by it */
	msr	hcr_el2, x0
	isb
	address	x0, mmu_boot
	ldp	x1, x2, [x0]
	ldp	x3, x4, [x0, #16]
	msr	mair_el2, x1
	msr	tcr_el2, x2
	msr	ttbr0_el2, x3
	msr	tpidr_el2, xzr
	isb
	tlbi	alle2
	ic	iallu
	dsb	nsh
	isb
	msr	sctlr_el2, x4
	isb
	br	x9

secondary_virtual:
	address	x0, cpu_stacks
	mov	x1, #STACK_AREA
	madd	x0, x19, x1, x0
	add	sp, x0, x1
	mov	x29, xzr
	mov	x0, x19
	bl	boot_secondary

park:
	wfe
	b	park

	.ltorg
	.globl	__head_end
__head_end:

	.section .data.claim, "aw"
	.balign	8
claim:
	.quad	0
