/* SPDX-License-Identifier: Apache-2.0 */
/*
 * third_entry: a virtual CPU as firmware starts it, x0 = struct record of power.c: says what it finds, waits, goes off.
 * user_run: calls a function at EL0, which comes back by an exception; user_back is where fault.c returns to.
 */
	.text
	.globl	third_entry
third_entry:
	mrs	x1, sctlr_el1
	stp	x0, x1, [x0]
	mrs	x1, daif
	mrs	x2, CurrentEL
	stp	x1, x2, [x0, #16]
	mrs	x1, spsel
	str	x1, [x0, #32]
	ldr	x1, [x0, #56]
	cbz	x1, 2f
	ldr	w2, [x1, #0x080]	/* GICR_IGROUPR0, ISENABLER0, IPRIORITYR1, ICFGR1 */
	ldr	w3, [x1, #0x100]
	stp	w2, w3, [x0, #64]
	ldr	w2, [x1, #0x404]
	ldr	w3, [x1, #0xc04]
	stp	w2, w3, [x0, #72]
2:	dmb	sy
	mov	x1, #1
	str	x1, [x0, #40]
1:	ldr	x1, [x0, #48]
	yield
	cbz	x1, 1b
	movz	x0, #0x0002
	movk	x0, #0x8400, lsl #16
	hvc	#0
	b	.

/* x0 = function, x1 = its argument, x2 = SPSR_EL1. Returns what x0 is at the exception. */
	.globl	user_run, user_back
user_run:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	msr	elr_el1, x0
	msr	spsr_el1, x2
	mov	x0, x1
	isb
	eret
user_back:
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

/* What runs at EL0: each ends with SVC, unless it faults before. */
	.arch_extension fp
	.section .user, "ax"
	.macro	USER name:req, insn:vararg
	.globl	user_\name
user_\name:
	\insn
	svc	#123
	.endm
	USER	svc, nop
	USER	undefined, mrs x0, sctlr_el2
	USER	el1_register, mrs x0, sctlr_el1
	USER	id_register, mrs x0, id_aa64pfr0_el1
	USER	read, ldr x0, [x0]
	USER	write, str x0, [x0]
	USER	jump, br x0
	USER	brk, brk #5
	USER	hvc, hvc #0
	USER	smc, smc #0
	USER	fp, fmov d0, x0
	USER	counter, mrs x0, cntvct_el0
	USER	physical_counter, mrs x0, cntpct_el0
	USER	timer, msr cntv_ctl_el0, xzr
	USER	physical_timer, mrs x0, cntp_ctl_el0
	USER	frequency, mrs x0, cntfrq_el0
	USER	wfi, wfi
	USER	wfe, wfe
	USER	dc_civac, dc civac, x0
	USER	dc_zva, dc zva, x0
	USER	ic_ivau, ic ivau, x0
	USER	ctr, mrs x0, ctr_el0
	USER	dczid, mrs x0, dczid_el0
	USER	tpidrro_read, mrs x0, tpidrro_el0
	USER	tpidrro_write, msr tpidrro_el0, x0
	USER	tpidr, msr tpidr_el0, x0
	USER	daif, msr daifset, #2
	USER	icc, mrs x0, icc_pmr_el1
	USER	pmu, mrs x0, pmccntr_el0
	USER	step, mov x0, #1
