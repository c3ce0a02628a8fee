/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memset, memcpy, strlen with general registers only: the vector registers are a guest's. memcpy uses unaligned
 * accesses, which normal memory allows (SCTLR_EL2.A = 0): not for the code that runs with the MMU off, unless operands and
 * length are whole words.
 */
	.macro	function name
	.section .text.\name, "ax"
	.balign	64
	.globl	\name
	.type	\name, %function
\name:
	.endm

/*
 * x0 = destination, x1 = source, x2 = bytes. x3 walks the destination, x12 and x13 are the ends. What is not a whole
 * number of words is copied by accesses that overlap.
 */
	function memcpy
	add	x12, x1, x2
	add	x13, x0, x2
	cmp	x2, #16
	b.lo	.Lcopy_few
	cmp	x2, #32
	b.ls	.Lcopy_pairs
	mov	x3, x0
	ands	x4, x0, #7
	b.eq	1f
	ldr	x5, [x1]
	str	x5, [x3]
	sub	x4, x4, #8
	sub	x1, x1, x4
	sub	x3, x3, x4
	add	x2, x2, x4
1:	subs	x2, x2, #64
	b.lo	3f
2:	ldp	x4, x5, [x1], #64
	ldp	x6, x7, [x1, #-48]
	ldp	x8, x9, [x1, #-32]
	ldp	x10, x11, [x1, #-16]
	stp	x4, x5, [x3], #64
	stp	x6, x7, [x3, #-48]
	stp	x8, x9, [x3, #-32]
	stp	x10, x11, [x3, #-16]
	subs	x2, x2, #64
	b.hs	2b
3:	tbz	x2, #5, 4f			/* the low six bits of x2 are what is left */
	ldp	x4, x5, [x1], #32
	ldp	x6, x7, [x1, #-16]
	stp	x4, x5, [x3], #32
	stp	x6, x7, [x3, #-16]
4:	tbz	x2, #4, 5f
	ldp	x4, x5, [x1], #16
	stp	x4, x5, [x3], #16
5:	tst	x2, #15
	b.eq	6f
	ldp	x4, x5, [x12, #-16]
	stp	x4, x5, [x13, #-16]
6:	ret
.Lcopy_pairs:
	ldp	x4, x5, [x1]
	ldp	x6, x7, [x12, #-16]
	stp	x4, x5, [x0]
	stp	x6, x7, [x13, #-16]
	ret
.Lcopy_few:
	tbz	x2, #3, 7f
	ldr	x4, [x1]
	ldr	x5, [x12, #-8]
	str	x4, [x0]
	str	x5, [x13, #-8]
	ret
7:	tbz	x2, #2, 8f
	ldr	w4, [x1]
	ldr	w5, [x12, #-4]
	str	w4, [x0]
	str	w5, [x13, #-4]
	ret
8:	tbz	x2, #1, 9f
	ldrh	w4, [x1]
	ldrb	w5, [x12, #-1]
	strh	w4, [x0]
	strb	w5, [x13, #-1]
	ret
9:	tbz	x2, #0, 6b
	ldrb	w4, [x1]
	strb	w4, [x0]
	ret

/* x0 = destination, w1 = byte, x2 = bytes. */
	function memset
	mov	x3, x0
	and	x1, x1, #0xff
	mov	x4, #0x0101010101010101
	mul	x1, x1, x4
.Lset_align:
	cbz	x2, .Lset_done
	tst	x3, #7
	b.eq	.Lset_words
	strb	w1, [x3], #1
	sub	x2, x2, #1
	b	.Lset_align
.Lset_words:
	subs	x2, x2, #64
	b.lo	.Lset_tail
.Lset_64:
	stp	x1, x1, [x3], #64
	stp	x1, x1, [x3, #-48]
	stp	x1, x1, [x3, #-32]
	stp	x1, x1, [x3, #-16]
	subs	x2, x2, #64
	b.hs	.Lset_64
.Lset_tail:
	add	x2, x2, #64
.Lset_8:
	subs	x2, x2, #8
	b.lo	.Lset_rest
	str	x1, [x3], #8
	b	.Lset_8
.Lset_rest:
	adds	x2, x2, #8
	b.eq	.Lset_done
.Lset_byte:
	strb	w1, [x3], #1
	subs	x2, x2, #1
	b.ne	.Lset_byte
.Lset_done:
	ret

	function strlen
	sub	x1, x0, #1
.Lscan:
	ldrb	w2, [x1, #1]!
	cbnz	w2, .Lscan
	sub	x0, x1, x0
	ret
