/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a process starts: x0 = struct start_args *, sp = top of the stack that procmgr made. Its .bss is zero already,
 * and it has no thread-local storage yet. A frame record of zeros ends every backtrace.
 */
	.section .text.start, "ax", %progbits
	.global	_start
	.type	_start, %function
_start:
	mov	x1, sp
	and	sp, x1, #~15
	mov	x29, xzr
	mov	x30, xzr
	bl	process_start
	brk	#0
	.size	_start, . - _start
	.section .note.GNU-stack, "", %progbits
