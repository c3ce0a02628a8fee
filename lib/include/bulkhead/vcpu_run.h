/* SPDX-License-Identifier: Apache-2.0 */
/* VcpuRun, which passes everything in registers. For kernel.h only. */
#pragma once

_Static_assert(IN_VcpuRun_vcpu == 0 && IN_VcpuRun_action == 1 && IN_VcpuRun_a2 == 2 && IN_VcpuRun_a3 == 3 &&
		   IN_VcpuRun_a4 == 4 && IN_VcpuRun_a5 == 5,
	       "the arguments' registers");
_Static_assert(OUT_VcpuRun_exit == 0 && OUT_VcpuRun_x1 == 1 && OUT_VcpuRun_x2 == 2 && OUT_VcpuRun_x3 == 3 &&
		   OUT_VcpuRun_x4 == 4 && OUT_VcpuRun_x5 == 5 && OUT_VcpuRun_x11 == 11,
	       "the results' registers");

/* The result of VcpuRun: `exit` is EXIT_*, or a negative errno; x1 to x11 as enum vcpu_exit says. */
struct vcpu_run {
	int64_t exit;
	uint64_t x1, x2, x3, x4, x5, x6, x7, x9, x10, x11;
};

#ifdef __aarch64__
/*
 * Runs the guest until it needs something: `action` (enum vcpu_action) and a2 to a5 finish the exit before. Inline and
 * in registers, since every exit of every guest comes through here. The kernel keeps only x29, x30 and SP.
 */
#define VCPU_RUN_LOST                                                                                            \
	"x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", \
	    "x27", "x28", "cc", "memory"

static inline struct vcpu_run VcpuRun(int vcpu, enum vcpu_action action, uint64_t a2, uint64_t a3, uint64_t a4,
				      uint64_t a5)
{
	register uint64_t x0 __asm__("x0") = (uint64_t)(int64_t)vcpu;
	register uint64_t x1 __asm__("x1") = action;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;
	register uint64_t x4 __asm__("x4") = a4;
	register uint64_t x5 __asm__("x5") = a5;
	register uint64_t x6 __asm__("x6");
	register uint64_t x7 __asm__("x7");
	register uint64_t x8 __asm__("x8") = CALL_VcpuRun;
	register uint64_t x9 __asm__("x9");
	register uint64_t x10 __asm__("x10");
	register uint64_t x11 __asm__("x11");

	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "=r"(x6), "=r"(x7), "+r"(x8),
			   "=r"(x9), "=r"(x10), "=r"(x11)
			 :
			 : VCPU_RUN_LOST);
	return (struct vcpu_run){(int64_t)x0, x1, x2, x3, x4, x5, x6, x7, x9, x10, x11};
}

#else
/* Native builds of tests bring their own. */
struct vcpu_run VcpuRun(int vcpu, enum vcpu_action action, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);
#endif

/* The same for an action that needs at most one value: the other registers keep what is in them. */
static inline struct vcpu_run VcpuRunValue(int vcpu, enum vcpu_action action, uint64_t value)
{
	uint64_t a3, a4, a5;

	__asm__("" : "=r"(a3), "=r"(a4), "=r"(a5));
	return VcpuRun(vcpu, action, value, a3, a4, a5);
}
