/* SPDX-License-Identifier: Apache-2.0 */
/* Fills the floating-point registers with the numbers from x0 on, and compares them with those. */
	.arch_extension fp
	.arch_extension simd

	.macro	EACH operation
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\operation \n
	.endr
	.endm

	.macro	FILL n
	add	x1, x0, #\n
	fmov	d\n, x1
	add	x1, x0, #(\n + 64)
	fmov	v\n\().d[1], x1
	.endm

	.macro	COMPARE n
	add	x1, x2, #\n
	fmov	x3, d\n
	eor	x1, x1, x3
	orr	x0, x0, x1
	add	x1, x2, #(\n + 64)
	fmov	x3, v\n\().d[1]
	eor	x1, x1, x3
	orr	x0, x0, x1
	.endm

	.globl	fp_fill
fp_fill:
	EACH FILL
	ret

	.globl	fp_differences
fp_differences:
	mov	x2, x0
	mov	x0, #0
	EACH COMPARE
	ret
