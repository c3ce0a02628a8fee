/* SPDX-License-Identifier: Apache-2.0 */
/* Where PSCI starts another virtual CPU, of which is noted when: its first instruction reads the counter. */
	.text
	.globl	timed_entry
timed_entry:
	mrs	x1, cntvct_el0
	adrp	x2, entered_at
	add	x2, x2, :lo12:entered_at
	str	x1, [x2]
	b	secondary_entry
