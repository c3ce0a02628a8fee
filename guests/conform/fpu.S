/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fpu_fill(base): all vector registers, each half another number. fpu_same(base): a bit for each that still has it.
 * break_here: instructions to put breakpoints on.
 */
	.arch_extension fp
	.arch_extension simd

	.macro	EACH operation
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\operation \n
	.endr
	.endm

	.macro	FILL n
	add	x1, x0, #\n
	mov	v\n\().d[0], x1
	add	x1, x1, #64
	mov	v\n\().d[1], x1
	.endm

	.macro	SAME n
	add	x1, x0, #\n
	mov	x3, v\n\().d[0]
	cmp	x1, x3
	add	x1, x1, #64
	mov	x4, v\n\().d[1]
	ccmp	x1, x4, #0, eq
	cset	x5, eq
	orr	x2, x2, x5, lsl #\n
	.endm

	.text
	.globl	fpu_fill, fpu_same
fpu_fill:
	EACH FILL
	ret
fpu_same:
	mov	x2, #0
	EACH SAME
	mov	x0, x2
	ret

	.globl	break_run, break_here
break_run:
break_here:
	.rept	16
	nop
	.endr
	ret
