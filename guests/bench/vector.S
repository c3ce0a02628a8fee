/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vector for interrupts, as short as it can be, because the reply to a software-generated interrupt is sent from
 * here: notes the counter, replies if it shall, silences the timer, counts. start.S has saved x0 and x1, and read the
 * counter into x0.
 */
#include "bench.h"
#include "board.h"

	.text
	.globl	irq_vector
irq_vector:
	mrs	x1, tpidr_el1
	str	x0, [x1, #CPU_COUNTER]
	str	x2, [sp, #16]
	mrs	x0, icc_iar1_el1
	ldr	x2, [x1, #CPU_REPLY]
	cbz	x2, 1f
	tbnz	x2, #REPLY_SILENCES_BIT, 2f
	msr	icc_sgi1r_el1, x2
1:	msr	cntv_ctl_el0, xzr
	msr	icc_eoir1_el1, x0
	ldr	x2, [x1, #CPU_COUNT]
	add	x2, x2, #1
	str	x2, [x1, #CPU_COUNT]
	ldr	x2, [sp, #16]
	ldp	x0, x1, [sp], #FRAME_BYTES
	eret

/* The device, or the physical timer, which may trap. */
2:	ldr	x2, [x1, #CPU_SILENCE]
	cbz	x2, 3f
	str	wzr, [x2]
	b	1b
3:	msr	cntp_ctl_el0, xzr
	b	1b
