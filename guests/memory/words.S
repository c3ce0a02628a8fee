/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions, never run in place: bytes, flags and the offset of the first byte from X1 (struct word). */
	.arch	armv8.2-a+lse+simd
	.equ	STORE, 1
	.equ	ATOMIC, 2
	.equ	ZERO, 4
	.equ	ORDERED, 8

	.macro	L bytes, offset, insn:vararg
	\insn
	.byte	\bytes, 0
	.hword	\offset & 0xffff
	.endm

	.macro	O bytes, flags, insn:vararg
	\insn
	.byte	\bytes, ORDERED | \flags
	.hword	0
	.endm

	.macro	S bytes, offset, insn:vararg
	\insn
	.byte	\bytes, STORE
	.hword	\offset & 0xffff
	.endm

	.macro	A bytes, insn:vararg
	\insn
	.byte	\bytes, ATOMIC
	.hword	0
	.endm

	.section .rodata
	.balign	8
	.globl	plain_words, plain_words_end, atomic_words, atomic_words_end, lse_words, lse_words_end
plain_words:
	L 1, 0, ldrb w2, [x1]
	L 2, 0, ldrh w2, [x1]
	L 4, 0, ldr w2, [x1]
	L 8, 0, ldr x2, [x1]
	L 1, 0, ldrsb x2, [x1]
	L 1, 0, ldrsb w2, [x1]
	L 2, 0, ldrsh x2, [x1]
	L 2, 0, ldrsh w2, [x1]
	L 4, 0, ldrsw x2, [x1]
	L 8, 0, ldr xzr, [x1]
	S 1, 0, strb w2, [x1]
	S 2, 0, strh w2, [x1]
	S 4, 0, str w2, [x1]
	S 8, 0, str x2, [x1]
	S 8, 0, str xzr, [x1]
	L 8, -7, ldur x2, [x1, #-7]
	S 4, 3, stur w2, [x1, #3]
	L 8, 0, ldtr x2, [x1]
	S 4, 0, sttr w2, [x1]
	L 1, 0, ldtrsb x2, [x1]
	L 8, 16, ldr x2, [x1, x6]
	S 4, 64, str w2, [x1, w6, sxtw #2]
	L 8, 256, ldr x2, [x1, #256]
	O 4, 0, ldar w2, [x1]
	O 8, STORE, stlr x2, [x1]
	L 8, 8, ldr x2, [x1, #8]!
	L 8, 0, ldr x2, [x1], #8
	L 2, 2, ldrsh x2, [x1, #2]!
	L 1, 0, ldrb w2, [x1], #1
	S 8, -8, str x2, [x1, #-8]!
	S 4, 0, str w2, [x1], #-4
	S 1, 0, strb w2, [x1], #-1
	S 2, 5, strh wzr, [x1, #5]!
	L 16, 0, ldp x2, x3, [x1]
	S 16, 0, stp x2, x3, [x1]
	L 8, 0, ldp w2, w3, [x1]
	S 8, 8, stp w2, w3, [x1, #8]!
	L 8, 0, ldpsw x2, x3, [x1], #8
	L 16, -64, ldnp x2, x3, [x1, #-64]
	S 16, 0, stnp x2, xzr, [x1]
	S 16, 0, stp xzr, xzr, [x1], #16
	L 16, -16, ldp x2, x3, [x1, #-16]!
	L 1, 0, ldr b0, [x1]
	L 2, 0, ldr h1, [x1], #2
	L 4, 0, ldr s2, [x1]
	L 8, 8, ldr d3, [x1, #8]!
	L 16, 0, ldr q0, [x1]
	L 16, 1, ldur q0, [x1, #1]
	S 16, 0, str q0, [x1]
	S 2, 0, str h0, [x1], #2
	S 1, -1, stur b3, [x1, #-1]
	L 32, 0, ldp q0, q1, [x1]
	S 32, 32, stp q0, q1, [x1, #32]!
	L 16, 0, ldp d2, d3, [x1], #16
	S 8, 0, stp s2, s3, [x1]
	L 32, 0, ldnp q2, q3, [x1]
	L 16, 0, ld1 {v0.16b}, [x1]
	L 8, 0, ld1 {v0.8b}, [x1], #8
	L 64, 0, ld1 {v0.2d, v1.2d, v2.2d, v3.2d}, [x1]
	L 48, 0, ld1 {v1.4s, v2.4s, v3.4s}, [x1], x6
	L 16, 0, ld1 {v0.1d, v1.1d}, [x1]
	S 64, 0, st1 {v0.4s, v1.4s, v2.4s, v3.4s}, [x1]
	S 16, 0, st1 {v0.4h, v1.4h}, [x1], x6
	L 32, 0, ld2 {v0.4s, v1.4s}, [x1]
	L 16, 0, ld2 {v2.8b, v3.8b}, [x1], #16
	S 32, 0, st2 {v0.2d, v1.2d}, [x1]
	L 48, 0, ld3 {v0.16b, v1.16b, v2.16b}, [x1]
	S 48, 0, st3 {v1.8h, v2.8h, v3.8h}, [x1], #48
	S 24, 0, st3 {v0.2s, v1.2s, v2.2s}, [x1]
	L 64, 0, ld4 {v0.8h, v1.8h, v2.8h, v3.8h}, [x1], #64
	S 64, 0, st4 {v0.16b, v1.16b, v2.16b, v3.16b}, [x1]
	L 1, 0, ld1 {v0.b}[11], [x1]
	L 2, 0, ld1 {v1.h}[7], [x1], #2
	L 4, 0, ld1 {v2.s}[1], [x1]
	L 8, 0, ld1 {v3.d}[1], [x1], x6
	S 8, 0, st1 {v3.d}[0], [x1]
	S 3, 0, st3 {v0.b, v1.b, v2.b}[5], [x1]
	L 16, 0, ld4 {v0.s, v1.s, v2.s, v3.s}[2], [x1]
	S 8, 0, st4 {v0.h, v1.h, v2.h, v3.h}[6], [x1], #8
	L 16, 0, ld2 {v0.d, v1.d}[0], [x1]
	L 8, 0, ld1r {v0.2d}, [x1]
	L 1, 0, ld1r {v1.8b}, [x1], #1
	L 8, 0, ld2r {v0.4s, v1.4s}, [x1]
	L 6, 0, ld3r {v0.4h, v1.4h, v2.4h}, [x1]
	L 32, 0, ld4r {v0.1d, v1.1d, v2.1d, v3.1d}, [x1], x6
plain_words_end:
atomic_words:
	L 8, 0, ldxr x2, [x1]
	L 4, 0, ldaxr w2, [x1]
	L 1, 0, ldxrb w2, [x1]
	L 16, 0, ldxp x2, x3, [x1]
	L 8, 0, ldaxp w2, w3, [x1]
	dc	zva, x1
	.byte	1, STORE | ZERO
	.hword	0
atomic_words_end:
lse_words:
	A 8, ldadd x2, x3, [x1]
	A 4, ldaddal w2, w3, [x1]
	A 4, stset w2, [x1]
	A 1, ldclrb w2, w3, [x1]
	A 2, ldsmaxh w2, w3, [x1]
	A 8, swpal x2, x3, [x1]
	A 1, swpb w2, w3, [x1]
	A 8, cas x2, x3, [x1]
	A 4, casal w2, w3, [x1]
	A 2, cash w2, w3, [x1]
	A 16, casp x2, x3, x4, x5, [x1]
	A 8, caspal w2, w3, w4, w5, [x1]
lse_words_end:
