/* SPDX-License-Identifier: Apache-2.0 */
/* Where the kernel lies in its own address space, its stacks, and offsets. For C and for assembly. */
#pragma once

#define KERNEL_BASE 0x00007f8000000000 /* as kernel.ld; above all RAM that EL2 maps at VA = PA */
#define RAM_LIMIT   0x0000400000000000 /* 2^46: memory above it is not used */

/*
 * Each CPU has an area of 32 KiB: a page that is not mapped, the emergency stack, another such page, the stack. An
 * overflow therefore faults, and the fault is handled on the emergency stack. The frame of the vectors and the end of a
 * stack area coincide: stack_top of struct cpu.
 */
#define STACK_AREA       0x8000
#define STACK_GUARD      0x1000
#define EMERGENCY_BYTES  0x2000
#define KSTACK_BYTES     0x4000
#define EMERGENCY_OFFSET (KSTACK_BYTES + STACK_GUARD) /* from stack_top down to the top of the emergency stack */

/* What the vectors know of struct frame and struct cpu; frame.h and vcpu.c check it. */
#define FRAME_PC 256
#define EC_SVC64 0x15
