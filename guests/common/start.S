/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry of the first virtual CPU (x0 = device tree) and of the others (x0 = index, from PSCI CPU_ON), and the
 * exception vectors. All run at EL1 with the MMU off.
 *
 * It begins with the header of an arm64 Image (Linux, Documentation/arch/arm64/booting.rst, section 4), so that the
 * same bytes start under every loader of Linux. Addresses are relative to the program counter: the Image runs at any
 * multiple of 4 KiB.
 */
#include "board.h"

	.macro	ADDRESS register, symbol
	adrp	\register, \symbol
	add	\register, \register, :lo12:\symbol
	.endm

	.section .text.start, "ax"
	.globl	_start
_start:
	b	entry
	.long	0
	.quad	0			/* text_offset */
	.long	image_size, 0
	.quad	10			/* little-endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

entry:
	mrs	x20, cntvct_el0
	mrs	x21, cntpct_el0
	mov	x19, x0
	ADDRESS	x1, bss_start
	ADDRESS	x2, bss_end
2:	cmp	x1, x2
	b.hs	3f
	stp	xzr, xzr, [x1], #16
	b	2b
3:	mov	x0, #0
	bl	cpu_setup
	mov	x0, x19
	mov	x1, x20
	mov	x2, x21
	bl	guest_start
	b	hang

	.globl	secondary_entry
secondary_entry:
	mov	x19, x0
	bl	cpu_setup
	mov	x0, x19
	bl	secondary_start
hang:
	wfi
	b	hang

/* x0 = index. RES1 bits of SCTLR_EL1 for Armv8.0 (Arm ARM D13.2.118) with the instruction cache; FP not trapped. */
cpu_setup:
	msr	daifset, #15
	msr	spsel, #1
	ADDRESS	x1, stacks
	add	x1, x1, #STACK_BYTES
	mov	x2, #STACK_BYTES
	madd	x1, x0, x2, x1
	mov	sp, x1
	ldr	x1, =0x30d01800
	msr	sctlr_el1, x1
	mov	x1, #(3 << 20)
	msr	cpacr_el1, x1
	ADDRESS	x1, vectors
	msr	vbar_el1, x1
	isb
	ret

/*
 * The counter is read as early as a register can be had: one store after the first instruction. That store stands in
 * for the ISB of an ordinary reading, so the same overhead comes off both.
 */
	.macro	VECTOR number
	.balign	128
	stp	x0, x1, [sp, #-FRAME_BYTES]!
	mrs	x0, cntvct_el0
	mov	x1, #\number
	.if	\number == 5
	b	irq_vector
	.else
	b	save_frame
	.endif
	.endm

	.text
	.balign	2048
vectors:
	.set	number, 0
	.rept	16
	VECTOR	number
	.set	number, number + 1
	.endr

/* IRQ at EL1h. A guest may have a shorter way of its own: the first two registers are saved, x0 = counter. */
	.weak	irq_vector
	.balign	128
irq_vector:
save_frame:
	str	x0, [sp, #FRAME_COUNTER]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x2, sp_el0
	stp	x30, x2, [sp, #240]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	stp	x2, x3, [sp, #FRAME_ELR]
	mrs	x2, esr_el1
	mrs	x3, far_el1
	stp	x2, x3, [sp, #FRAME_ESR]
	mov	x0, sp
	bl	exception
	ldp	x2, x3, [sp, #FRAME_ELR]
	msr	elr_el1, x2
	msr	spsr_el1, x3
	ldp	x30, x2, [sp, #240]
	msr	sp_el0, x2
	ldp	x28, x29, [sp, #224]
	ldp	x26, x27, [sp, #208]
	ldp	x24, x25, [sp, #192]
	ldp	x22, x23, [sp, #176]
	ldp	x20, x21, [sp, #160]
	ldp	x18, x19, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp], #FRAME_BYTES
	eret

	.bss
	.balign	16
stacks:
	.space	STACK_BYTES * CPU_LIMIT
