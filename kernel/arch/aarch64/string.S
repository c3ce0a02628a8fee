/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memset, memcpy, memcmp, strlen with general registers only: the vector registers are a guest's. Operands that share
 * their alignment are accessed aligned throughout, as the code that runs with the MMU off needs it; others use
 * unaligned loads, which normal memory allows (SCTLR_EL2.A = 0).
 */
	.macro	function name
	.section .text.\name, "ax"
	.balign	64
	.globl	\name
	.type	\name, %function
\name:
	.endm

/* x0 = destination, x1 = source, x2 = bytes. x3 walks the destination. */
	function memcpy
	mov	x3, x0
	cmp	x2, #16
	b.lo	.Lcopy_bytes
.Lcopy_align:
	tst	x3, #7
	b.eq	.Lcopy_words
	ldrb	w4, [x1], #1
	strb	w4, [x3], #1
	sub	x2, x2, #1
	b	.Lcopy_align
.Lcopy_words:
	subs	x2, x2, #64
	b.lo	.Lcopy_tail
.Lcopy_64:
	ldp	x4, x5, [x1], #64
	ldp	x6, x7, [x1, #-48]
	ldp	x8, x9, [x1, #-32]
	ldp	x10, x11, [x1, #-16]
	stp	x4, x5, [x3], #64
	stp	x6, x7, [x3, #-48]
	stp	x8, x9, [x3, #-32]
	stp	x10, x11, [x3, #-16]
	subs	x2, x2, #64
	b.hs	.Lcopy_64
.Lcopy_tail:				/* the low six bits of x2 are what is left */
	tbz	x2, #5, 1f
	ldp	x4, x5, [x1], #32
	ldp	x6, x7, [x1, #-16]
	stp	x4, x5, [x3], #32
	stp	x6, x7, [x3, #-16]
1:	tbz	x2, #4, 2f
	ldp	x4, x5, [x1], #16
	stp	x4, x5, [x3], #16
2:	tbz	x2, #3, 3f
	ldr	x4, [x1], #8
	str	x4, [x3], #8
3:	tbz	x2, #2, 4f
	ldr	w4, [x1], #4
	str	w4, [x3], #4
4:	and	x2, x2, #3
.Lcopy_bytes:
	cbz	x2, .Lcopy_done
	ldrb	w4, [x1], #1
	strb	w4, [x3], #1
	sub	x2, x2, #1
	b	.Lcopy_bytes
.Lcopy_done:
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

	function memcmp
	cbz	x2, .Lequal
.Lcompare:
	ldrb	w3, [x0], #1
	ldrb	w4, [x1], #1
	subs	w5, w3, w4
	b.ne	.Ldiffer
	subs	x2, x2, #1
	b.ne	.Lcompare
.Lequal:
	mov	w0, #0
	ret
.Ldiffer:
	mov	w0, w5
	ret

	function strlen
	mov	x1, x0
.Lscan:
	ldrb	w2, [x1], #1
	cbnz	w2, .Lscan
	sub	x0, x1, x0
	sub	x0, x0, #1
	ret
