/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kind of load and store, as a function of an address (x0) and a value (x1): what was loaded comes back in x0 and x1.
 * The table at the end has their names; memory.c runs all of them wherever an access may meet something else than RAM.
 */
	.arch_extension fp
	.arch_extension simd
	.arch_extension lse

	.section .rodata
	.balign	8
	.globl	accesses, accesses_end
accesses:
	.text

	.macro	ACCESS name:req, write:req, insn:req
	.text
	.balign	4
77:	mov	x9, x0
	mov	x2, x1
	mov	x3, x1
	fmov	d0, x1
	fmov	d1, x1
	mov	x0, #0x5a5a
	mov	x1, #0xa5a5
	\insn
	ret
	.section .rodata.names, "a"
78:	.asciz	"\name"
	.section .rodata
	.quad	78b, 77b, \write
	.text
	.endm

	ACCESS	ldrb, 0, "ldrb w0, [x9]"
	ACCESS	ldrh, 0, "ldrh w0, [x9]"
	ACCESS	ldr_w, 0, "ldr w0, [x9]"
	ACCESS	ldr_x, 0, "ldr x0, [x9]"
	ACCESS	ldrsb, 0, "ldrsb x0, [x9]"
	ACCESS	ldrsh, 0, "ldrsh w0, [x9]"
	ACCESS	ldrsw, 0, "ldrsw x0, [x9]"
	ACCESS	ldur, 0, "ldur x0, [x9]"
	ACCESS	ldtr, 0, "ldtr x0, [x9]"
	ACCESS	ldr_post, 0, "ldr x0, [x9], #8; sub x1, x9, #8"
	ACCESS	ldr_pre, 0, "sub x9, x9, #8; ldr x0, [x9, #8]!; mov x1, x9"
	ACCESS	ldp_w, 0, "ldp w0, w1, [x9]"
	ACCESS	ldp_x, 0, "ldp x0, x1, [x9]"
	ACCESS	ldpsw, 0, "ldpsw x0, x1, [x9]"
	ACCESS	ldnp, 0, "ldnp x0, x1, [x9]"
	ACCESS	ldp_post, 0, "ldp x0, x1, [x9], #16"
	ACCESS	ldar, 0, "ldar x0, [x9]"
	ACCESS	ldxr, 0, "ldxr x0, [x9]; clrex"
	ACCESS	ldaxrb, 0, "ldaxrb w0, [x9]; clrex"
	ACCESS	ldxp, 0, "ldxp x0, x1, [x9]; clrex"
	ACCESS	ldr_s, 0, "ldr s0, [x9]; fmov x0, d0"
	ACCESS	ldr_d, 0, "ldr d0, [x9]; fmov x0, d0"
	ACCESS	ldr_q, 0, "ldr q0, [x9]; fmov x0, d0; fmov x1, v0.d[1]"
	ACCESS	ldp_d, 0, "ldp d0, d1, [x9]; fmov x0, d0; fmov x1, d1"
	ACCESS	ldp_q, 0, "ldp q0, q1, [x9]; fmov x0, d0; fmov x1, d1"
	ACCESS	ld1, 0, "ld1 {v0.2d}, [x9]; fmov x0, d0; fmov x1, v0.d[1]"
	ACCESS	ld1_8b, 0, "ld1 {v0.8b}, [x9]; fmov x0, d0"
	ACCESS	ld1_two, 0, "ld1 {v0.2d, v1.2d}, [x9]; fmov x0, d0; fmov x1, d1"
	ACCESS	ld1_lane, 0, "ld1 {v0.d}[1], [x9]; fmov x0, v0.d[1]"
	ACCESS	ld1r, 0, "ld1r {v0.2d}, [x9]; fmov x0, d0; fmov x1, v0.d[1]"
	ACCESS	ld2, 0, "ld2 {v0.2d, v1.2d}, [x9]; fmov x0, d0; fmov x1, d1"
	ACCESS	ld1_post, 0, "ld1 {v0.2d}, [x9], #16; fmov x0, d0"
	ACCESS	prfm, 0, "prfm pldl1keep, [x9]"

	ACCESS	strb, 1, "strb w2, [x9]"
	ACCESS	strh, 1, "strh w2, [x9]"
	ACCESS	str_w, 1, "str w2, [x9]"
	ACCESS	str_x, 1, "str x2, [x9]"
	ACCESS	stur, 1, "stur x2, [x9]"
	ACCESS	sttr, 1, "sttr x2, [x9]"
	ACCESS	str_zero, 1, "str xzr, [x9]"
	ACCESS	str_post, 1, "str x2, [x9], #8; sub x1, x9, #8"
	ACCESS	stp_w, 1, "stp w2, w3, [x9]"
	ACCESS	stp_x, 1, "stp x2, x3, [x9]"
	ACCESS	stnp, 1, "stnp x2, x3, [x9]"
	ACCESS	stlr, 1, "stlr x2, [x9]"
	ACCESS	stxr_alone, 1, "clrex; stxr w0, x2, [x9]"
	ACCESS	stxr, 1, "ldxr x1, [x9]; stxr w0, x2, [x9]; clrex"
	ACCESS	str_d, 1, "str d0, [x9]"
	ACCESS	str_q, 1, "str q0, [x9]"
	ACCESS	stp_d, 1, "stp d0, d1, [x9]"
	ACCESS	stp_q, 1, "stp q0, q1, [x9]"
	ACCESS	st1, 1, "st1 {v0.2d}, [x9]"
	ACCESS	st1_8b, 1, "st1 {v0.8b}, [x9]"
	ACCESS	st1_two, 1, "st1 {v0.2d, v1.2d}, [x9]"
	ACCESS	st1_lane, 1, "st1 {v0.d}[0], [x9]"
	ACCESS	st2, 1, "st2 {v0.2d, v1.2d}, [x9]"
	ACCESS	dc_zva, 1, "dc zva, x9"

	/* FEAT_LSE: Undefined where it is not. */
	ACCESS	ldadd, 1, "ldadd x2, x0, [x9]"
	ACCESS	ldaddb, 1, "ldaddb w2, w0, [x9]"
	ACCESS	ldclr, 1, "ldclr x2, x0, [x9]"
	ACCESS	stset, 1, "stset x2, [x9]"
	ACCESS	swp, 1, "swp x2, x0, [x9]"
	ACCESS	cas, 1, "cas x0, x2, [x9]"
	ACCESS	casp, 1, "casp x0, x1, x2, x3, [x9]"
	ACCESS	cas_equal, 1, "mov x0, #1; cas x0, x2, [x9]"

	/* Maintenance, and translation by instruction. */
	ACCESS	dc_civac, 0, "dc civac, x9"
	ACCESS	dc_cvac, 0, "dc cvac, x9"
	ACCESS	dc_ivac, 0, "dc ivac, x9"
	ACCESS	dc_cvau, 0, "dc cvau, x9"
	ACCESS	ic_ivau, 0, "ic ivau, x9"
	ACCESS	at_read, 0, "at s1e1r, x9; isb; mrs x0, par_el1"
	ACCESS	at_write, 0, "at s1e1w, x9; isb; mrs x0, par_el1"
	ACCESS	at_user, 0, "at s1e0r, x9; isb; mrs x0, par_el1"
	ACCESS	jump, 0, "mov x8, x30; blr x9; mov x30, x8"

	.section .rodata
accesses_end:
	.quad	0
