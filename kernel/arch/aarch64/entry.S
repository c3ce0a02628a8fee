/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vectors of EL2 (Arm ARM D1.3.1). While a process or a guest runs, SP_EL2 points at its frame: an exception stores
 * the general registers there, then takes this CPU's stack. The C handlers return the frame to go on with.
 */
#include "image.h"

	.macro	save
	stp	x0, x1, [sp, #0]
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
	mrs	x21, elr_el2
	mrs	x22, spsr_el2
	mrs	x1, tpidr_el2
	stp	x30, x21, [sp, #240]
	str	x22, [sp, #256]
	mov	x0, sp
	ldr	x2, [x1]
	mov	sp, x2
	.endm

	/* What firmware offers against branch prediction across levels: a call, on CPUs that need it. Keeps x0 and x1. */
	.macro	mitigate
	adrp	x3, mitigation_call
	ldr	w3, [x3, :lo12:mitigation_call]
	cbnz	w3, 1f
2:
	.subsection 1
1:	mov	x19, x0
	mov	x20, x1
	mov	w0, w3
	smc	#0
	mov	x0, x19
	mov	x1, x20
	b	2b
	.previous
	.endm

	.macro	entry, handler
	.balign	128
	save
	mitigate
	bl	\handler
	b	resume
	.endm

	/* From EL2 itself: the kernel's own fault. */
	.macro	fatal, kind
	.balign	128
	mrs	x0, tpidr_el2
	cbz	x0, .
	ldr	x0, [x0]
	sub	x0, x0, #EMERGENCY_OFFSET	/* whole pages */
	mov	sp, x0
	mov	x0, #\kind
	b	panic_exception
	.endm

	.text
	.balign	2048
	.globl	vectors
vectors:
	fatal	0x000
	fatal	0x080
	fatal	0x100
	fatal	0x180
	fatal	0x200
	fatal	0x280
	fatal	0x300
	fatal	0x380
	entry	trap_sync
	entry	trap_irq
	entry	trap_irq
	entry	trap_serror
	/* AArch32 at EL0 of a guest: the same registers, the same handlers. */
	entry	trap_sync
	entry	trap_irq
	entry	trap_irq
	entry	trap_serror

/* x0 = frame of the process or guest to go on with. */
	.globl	resume
resume:
	mov	sp, x0
	ldr	x22, [sp, #256]
	ldp	x30, x21, [sp, #240]
	msr	spsr_el2, x22
	msr	elr_el2, x21
	ldp	x0, x1, [sp, #0]
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	eret
	/* Nothing behind an ERET is executed ahead of it. */
	dsb	nsh
	isb

	.arch_extension fp
	.arch_extension simd
/* x0 = struct fpu. CPTR_EL2.TFP is clear. */
	.globl	fpu_store
fpu_store:
	stp	q0, q1, [x0, #0]
	stp	q2, q3, [x0, #32]
	stp	q4, q5, [x0, #64]
	stp	q6, q7, [x0, #96]
	stp	q8, q9, [x0, #128]
	stp	q10, q11, [x0, #160]
	stp	q12, q13, [x0, #192]
	stp	q14, q15, [x0, #224]
	stp	q16, q17, [x0, #256]
	stp	q18, q19, [x0, #288]
	stp	q20, q21, [x0, #320]
	stp	q22, q23, [x0, #352]
	stp	q24, q25, [x0, #384]
	stp	q26, q27, [x0, #416]
	stp	q28, q29, [x0, #448]
	stp	q30, q31, [x0, #480]
	mrs	x1, fpcr
	mrs	x2, fpsr
	str	x1, [x0, #512]
	str	x2, [x0, #520]
	ret

	.globl	fpu_load
fpu_load:
	ldp	q0, q1, [x0, #0]
	ldp	q2, q3, [x0, #32]
	ldp	q4, q5, [x0, #64]
	ldp	q6, q7, [x0, #96]
	ldp	q8, q9, [x0, #128]
	ldp	q10, q11, [x0, #160]
	ldp	q12, q13, [x0, #192]
	ldp	q14, q15, [x0, #224]
	ldp	q16, q17, [x0, #256]
	ldp	q18, q19, [x0, #288]
	ldp	q20, q21, [x0, #320]
	ldp	q22, q23, [x0, #352]
	ldp	q24, q25, [x0, #384]
	ldp	q26, q27, [x0, #416]
	ldp	q28, q29, [x0, #448]
	ldp	q30, q31, [x0, #480]
	ldr	x1, [x0, #512]
	ldr	x2, [x0, #520]
	msr	fpcr, x1
	msr	fpsr, x2
	ret
