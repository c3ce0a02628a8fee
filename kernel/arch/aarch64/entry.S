/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vectors of EL2 (Arm ARM D1.3.1). While a process or a guest runs, SP_EL2 points at its frame: an exception stores
 * the general registers there, then takes this CPU's stack. Handlers do not return: they end in arch_resume() or
 * vcpu_return(), and leave nothing on the stack.
 */
#include "image.h"

#include "calls/numbers.h"

	/* And PC and PSTATE, by two registers that are saved already or need not be. */
	.macro	save_from_x20_to_x29 pc=x4, pstate=x5
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	\pc, elr_el2
	mrs	\pstate, spsr_el2
	stp	\pc, \pstate, [sp, #FRAME_PC]
	.endm

	.macro	save_from_x18 pc=x4, pstate=x5
	stp	x18, x19, [sp, #144]
	stp	x30, xzr, [sp, #240]
	save_from_x20_to_x29 \pc, \pstate
	.endm

	.macro	save_from_x8_to_x17
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	.endm

	.macro	save_from_x4_to_x17
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	save_from_x8_to_x17
	.endm

	/* x0 = frame, x1 = this CPU, and its stack; x4 = the guest that was interrupted, if any. */
	.macro	take_stack
	mov	x0, sp
	mrs	x1, tpidr_el2
	ldp	x5, x4, [x1]
	mov	sp, x5
	.endm

	/* SVC is a process's: a guest's goes to its own EL1. */
	.macro	entry_sync
	.balign	128
	stp	x6, x7, [sp, #48]
	mrs	x7, esr_el2
	lsr	x6, x7, #26
	cmp	x6, #EC_SVC64
	b.eq	system_call
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	save_from_x8_to_x17
	save_from_x18
	take_stack
	cbnz	x4, guest_sync
	mov	x2, x7
	b	trap_sync
	.endm

	/* Most are over soon: only what a function may change is saved, with x19, which goes in a pair. */
	.macro	entry_irq
	.balign	128
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	save_from_x4_to_x17
	stp	x18, x19, [sp, #144]
	stp	x30, xzr, [sp, #240]
	mrs	x1, tpidr_el2
	ldp	x5, x0, [x1]
	cbz	x0, process_irq
	mov	x19, sp			/* a function keeps it */
	mov	sp, x5
	bl	guest_irq
	mov	sp, x19
	tbnz	w0, #31, irq_done
	b	irq_unfinished
	.endm

	/* Nothing after an ERET is executed ahead of it. */
	.macro	return
	eret
	dsb	nsh
	isb
	.endm

	.macro	restore_x6_to_x11
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	.endm

	.macro	restore_to_x17
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	restore_x6_to_x11
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp, #0]
	return
	.endm

	.macro	entry_serror
	.balign	128
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	save_from_x4_to_x17
	save_from_x18
	take_stack
	b	trap_async_error
	.endm

	/* What firmware offers against branch prediction across levels comes first. SMCCC 1.1: x4 and up are kept. */
	.macro	mitigated, to
	.balign	128
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	adrp	x0, mitigation_call
	ldr	w0, [x0, :lo12:mitigation_call]
	smc	#0
	ldp	x0, x1, [sp, #0]
	ldp	x2, x3, [sp, #16]
	b	\to
	.endm

	/* From EL2 itself: the kernel's own fault. */
	.macro	fatal, kind
	mrs	x0, tpidr_el2
	cbz	x0, .
	ldr	x0, [x0]
	sub	x0, x0, #EMERGENCY_OFFSET	/* whole pages */
	mov	sp, x0
	mov	x0, #\kind
	b	panic_exception
	.endm

	/* The same, except for one that arch_async_error_take() waits for. */
	.macro	fatal_serror
	.balign	128
	adr	x17, arch_async_error_take
	mrs	x16, elr_el2
	sub	x16, x16, x17
	cmp	x16, #SERROR_WINDOW
	b.hi	1f
	mrs	x0, esr_el2
	return
1:	fatal	0x380
	.endm

	.macro	fatal_half
	.irp	offset, 0x000, 0x080, 0x100, 0x180, 0x200, 0x280, 0x300
	.balign	128
	fatal	\offset
	.endr
	fatal_serror
	.endm

	.text
	.balign	2048
	.globl	vectors
vectors:
	fatal_half
sync:	entry_sync
irq:	entry_irq
fiq:	entry_irq
serror:	entry_serror
	/* AArch32 at EL0 of a guest: the same registers, the same handlers. */
	entry_sync
	entry_irq
	entry_irq
	entry_serror

	.balign	2048
	.globl	vectors_mitigated
vectors_mitigated:
	fatal_half
	.rept	2
	mitigated sync
	mitigated irq
	mitigated fiq
	mitigated serror
	.endr

/*
 * VcpuRun keeps x29, x30 and SP only (calls.def), so no more is saved: its arguments stay in x0 to x5. Other calls keep
 * all but x11 to x17, which go on with what they once were. Those that send and answer have their arguments in x0, x1,
 * x4 and x5, and store them: x2 = frame, x3 = this CPU.
 */
system_call:
	cmp	x8, #CALL_VcpuRun
	b.ne	1f
	mrs	x16, elr_el2
	mrs	x17, spsr_el2
	stp	x16, x17, [sp, #FRAME_PC]
	stp	x29, x30, [sp, #232]
	mov	x6, sp
	mrs	x7, tpidr_el2
	ldr	x16, [x7]
	mov	sp, x16
	b	vcpu_run
1:	stp	x2, x3, [sp, #16]
	stp	x8, x9, [sp, #64]
	str	x10, [sp, #80]
	save_from_x18 x16, x17
	mov	x2, sp
	mrs	x3, tpidr_el2
	ldr	x16, [x3]
	mov	sp, x16
	cmp	x8, #CALL_MsgSend
	b.eq	vector_send
	cmp	x8, #CALL_MsgReplyReceive
	ccmp	x0, #0, #0b0100, eq	/* who only receives takes the general way */
	b.ne	vector_reply_receive
	stp	x0, x1, [x2, #0]
	stp	x4, x5, [x2, #32]
	mov	x0, x2
	mov	x1, x3
	cmp	x8, #CALL_MsgSendPulse
	b.eq	vector_send_pulse
	sub	x9, x8, #CALL_VcpuGet
	cmp	x9, #CALL_VcpuInject - CALL_VcpuGet
	b.ls	trap_vcpu
	bl	trap_call
	/* x0 = frame of the process or guest to go on with. */
	.globl	arch_resume, resume_frame
arch_resume:
	mov	sp, x0
resume_frame:
	ldp	x4, x5, [sp, #FRAME_PC]
	msr	elr_el2, x4
	msr	spsr_el2, x5
	ldr	x30, [sp, #240]
	ldp	x28, x29, [sp, #224]
	ldp	x26, x27, [sp, #208]
	ldp	x24, x25, [sp, #192]
	ldp	x22, x23, [sp, #176]
	ldp	x20, x21, [sp, #160]
	ldp	x18, x19, [sp, #144]
	restore_to_x17

irq_done:
	ldr	x30, [sp, #240]
	ldp	x18, x19, [sp, #144]
	restore_to_x17

	/* w0 = what is acknowledged. */
irq_unfinished:
	save_from_x20_to_x29
	mov	w1, w0
	mrs	x0, tpidr_el2
	ldr	x5, [x0]
	mov	sp, x5
	b	guest_irq_long

	/* x1 = this CPU. */
process_irq:
	save_from_x20_to_x29
	mov	x0, sp
	ldr	x5, [x1]
	mov	sp, x5
	b	trap_irq

/*
 * Back from VcpuRun: x0 to x5 = its results, x6 = the thread's frame. x12 to x28 hold what the guest had there, which
 * its own qvm may see: guest_sync() does not use them (make el2-registers). The others must show nothing of the kernel,
 * so they get what the thread once had there.
 */
	.globl	vcpu_return
vcpu_return:
	mov	sp, x6
	ldp	x6, x7, [sp, #FRAME_PC]
	msr	elr_el2, x6
	msr	spsr_el2, x7
	ldp	x29, x30, [sp, #232]
	restore_x6_to_x11
	return

	/* An SError that waits is taken here, and nowhere else at EL2. x0 = its syndrome, or 0. x16, x17: its vector's. */
	.globl	arch_async_error_take
arch_async_error_take:
	mov	x0, #0
	msr	daifclr, #4
	isb
	.equ	SERROR_WINDOW, . - arch_async_error_take
	msr	daifset, #4
	ret

	.arch_extension fp
	.arch_extension simd
/* x0 = struct fpu. CPTR_EL2.TFP is clear. */
	.macro	fpu_all, op
	\op	{v0.2d - v3.2d}, [x0], #64
	\op	{v4.2d - v7.2d}, [x0], #64
	\op	{v8.2d - v11.2d}, [x0], #64
	\op	{v12.2d - v15.2d}, [x0], #64
	\op	{v16.2d - v19.2d}, [x0], #64
	\op	{v20.2d - v23.2d}, [x0], #64
	\op	{v24.2d - v27.2d}, [x0], #64
	\op	{v28.2d - v31.2d}, [x0], #64
	.endm

	.globl	fpu_store
fpu_store:
	fpu_all	st1
	mrs	x1, fpcr
	mrs	x2, fpsr
	stp	x1, x2, [x0]
	ret

	.globl	fpu_load
fpu_load:
	fpu_all	ld1
	ldp	x1, x2, [x0]
	msr	fpcr, x1
	msr	fpsr, x2
	ret
