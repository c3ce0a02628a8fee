/* SPDX-License-Identifier: Apache-2.0 */
/* V0 to V3 from and to memory, as four pairs of 64 bits. */
	.arch	armv8-a+simd
	.text
	.globl	vectors_load, vectors_store
vectors_load:
	ldp	q0, q1, [x0]
	ldp	q2, q3, [x0, #32]
	ret
vectors_store:
	stp	q0, q1, [x0]
	stp	q2, q3, [x0, #32]
	ret
