/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first process of a Linux guest that is measured: prints the virtual counter, which began with the VM, and waits.
 * System calls of arm64 Linux: write is 64, ppoll is 73.
 */
	.text
	.globl	_start
_start:
	mrs	x0, cntvct_el0
	adr	x1, newline
	mov	x2, #10
1:	udiv	x3, x0, x2
	msub	x4, x3, x2, x0
	add	w4, w4, #'0'
	strb	w4, [x1, #-1]!
	mov	x0, x3
	cbnz	x0, 1b
	adr	x3, prefix_end
2:	ldrb	w4, [x3, #-1]!
	strb	w4, [x1, #-1]!
	adr	x5, prefix
	cmp	x3, x5
	b.ne	2b
	mov	x0, #1
	adr	x2, end
	sub	x2, x2, x1
	mov	x8, #64
	svc	#0
3:	mov	x0, xzr
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	mov	x8, #73
	svc	#0
	b	3b

	.data
prefix:
	.ascii	"bench: init cntvct "
prefix_end:
	.space	40
newline:
	.ascii	"\n"
end:
