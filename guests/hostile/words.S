/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory instructions that an access step chooses from, assembled, never run in place. All use X1 as the address;
 * X2 to X5 hold data.
 */
	.arch	armv8.5-a+simd+crypto

	.section .rodata
	.balign	4
	.globl	access_words, access_words_end
access_words:
	/* Sizes and signs. */
	ldrb	w2, [x1]
	ldrh	w2, [x1]
	ldr	w2, [x1]
	ldr	x2, [x1]
	ldrsb	x2, [x1]
	ldrsb	w2, [x1]
	ldrsh	x2, [x1]
	ldrsh	w2, [x1]
	ldrsw	x2, [x1]
	strb	w2, [x1]
	strh	w2, [x1]
	str	w2, [x1]
	str	x2, [x1]
	strb	wzr, [x1]
	str	xzr, [x1]
	ldr	wzr, [x1]
	ldr	w2, [x1]
	str	w2, [x1]
	ldr	x2, [x1]
	str	x2, [x1]
	ldur	x2, [x1, #-7]
	stur	w2, [x1, #3]
	ldtr	x2, [x1]
	sttr	x2, [x1]
	ldr	x2, [x1, #32760]
	str	w2, [x1, #16380]
	/* Written-back addresses: no valid syndrome for the hypervisor. */
	ldr	x2, [x1, #8]!
	ldr	x2, [x1], #8
	str	x2, [x1, #-8]!
	str	w2, [x1], #4
	ldrb	w2, [x1], #1
	strb	w2, [x1], #-1
	ldrsh	x2, [x1, #2]!
	/* Pairs. */
	ldp	x2, x3, [x1]
	stp	x2, x3, [x1]
	ldp	w2, w3, [x1]
	stp	w2, w3, [x1, #8]!
	ldpsw	x2, x3, [x1], #8
	ldnp	x2, x3, [x1]
	stnp	x2, x3, [x1]
	stp	xzr, xzr, [x1], #16
	/* SIMD and floating point. */
	ldr	b0, [x1]
	ldr	s0, [x1]
	ldr	d0, [x1]
	ldr	q0, [x1]
	str	q0, [x1]
	str	h0, [x1], #2
	ldp	q0, q1, [x1]
	stp	q0, q1, [x1, #32]!
	ld1	{v0.16b}, [x1]
	st1	{v0.4s, v1.4s, v2.4s, v3.4s}, [x1]
	ld4	{v0.8h, v1.8h, v2.8h, v3.8h}, [x1], #64
	st3	{v0.b, v1.b, v2.b}[5], [x1]
	ld1r	{v0.2d}, [x1]
	/* Exclusive and ordered. */
	ldxr	x2, [x1]
	ldaxr	w2, [x1]
	ldxrb	w2, [x1]
	stxr	w4, x2, [x1]
	stlxr	w4, w2, [x1]
	ldxp	x2, x3, [x1]
	stxp	w4, x2, x3, [x1]
	ldar	x2, [x1]
	stlr	x2, [x1]
	ldarb	w2, [x1]
	stlrh	w2, [x1]
	ldapr	x2, [x1]
	/* Atomics of FEAT_LSE. */
	ldadd	x2, x3, [x1]
	ldaddal	w2, w3, [x1]
	stset	w2, [x1]
	ldclrb	w2, w3, [x1]
	swpal	x2, x3, [x1]
	cas	x2, x3, [x1]
	casal	w2, w3, [x1]
	casp	x2, x3, x4, x5, [x1]
	/* Caches, hints and translation. */
	dc	zva, x1
	dc	civac, x1
	dc	cvac, x1
	dc	cvau, x1
	dc	ivac, x1
	ic	ivau, x1
	prfm	pldl1keep, [x1]
	prfm	pstl1strm, [x1]
	at	s1e1r, x1
	at	s1e1w, x1
	at	s1e0r, x1
access_words_end:
