/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the test processes: kernel calls with any number and any registers, which the stubs of kernel.h do not allow,
 * and lines on the kernel's console.
 */
#pragma once

#include "abi/bulkhead.h"
#include "bulkhead/kernel.h"
#include "calls/tests.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The registers of a call: x0 to x7, x9 and x10. On return what the kernel left in them. */
struct regs {
	uint64_t x[11]; /* x[8] is not used */
};

static inline int64_t call(uint64_t number, struct regs *r)
{
	register uint64_t x0 __asm__("x0") = r->x[0];
	register uint64_t x1 __asm__("x1") = r->x[1];
	register uint64_t x2 __asm__("x2") = r->x[2];
	register uint64_t x3 __asm__("x3") = r->x[3];
	register uint64_t x4 __asm__("x4") = r->x[4];
	register uint64_t x5 __asm__("x5") = r->x[5];
	register uint64_t x6 __asm__("x6") = r->x[6];
	register uint64_t x7 __asm__("x7") = r->x[7];
	register uint64_t x8 __asm__("x8") = number;
	register uint64_t x9 __asm__("x9") = r->x[9];
	register uint64_t x10 __asm__("x10") = r->x[10];

	__asm__ volatile(
	    "svc #0"
	    : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7), "+r"(x9), "+r"(x10)
	    : "r"(x8)
	    : "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25",
	      "x26", "x27", "x28", "memory", "cc"); /* VcpuRun, of all calls, keeps none of them */
	*r = (struct regs){.x = {x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10}};
	return (int64_t)x0;
}

/* A call with these arguments, named as in abi/calls.def: call_with(MsgRead, rcvid, buffer, bytes, offset). */
#define call_with(name, ...) call_registers(CALL_##name, ARGS_##name(__VA_ARGS__))

static inline int64_t call_registers(uint64_t number, const uint64_t x[11])
{
	struct regs r;

	memcpy(r.x, x, sizeof(r.x));
	return call(number, &r);
}

/* One line, cut off at what SystemLog takes. */
__attribute__((format(printf, 1, 2))) static inline void print(const char *format, ...)
{
	char line[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	n = n < 0 ? 0 : n > (int)sizeof(line) - 2 ? (int)sizeof(line) - 2 : n;
	line[n] = '\n';
	SystemLog_r(line, (size_t)n + 1);
}

/*
 * A thread that needs no stack: waits while *word is zero, then ends. Its stack pointer may be anything, and so tests
 * can have more threads than memory for stacks.
 */
void parked_thread(void *word);
__asm__(".pushsection .text.parked_thread, \"ax\"\n"
	".weak parked_thread\n" /* the same in each file of a program */
	"parked_thread:\n"
	"	mov	x19, x0\n"
	"1:	ldar	w20, [x19]\n"
	"	cbnz	w20, 2f\n"
	"	mov	x0, x19\n"
	"	mov	x1, #0\n"
	"	mov	x2, #0\n"
	"	mov	x8, #7\n" /* SyncWait */
	"	svc	#0\n"
	"	b	1b\n"
	"2:	mov	x0, #0\n"
	"	mov	x1, #0\n"
	"	mov	x8, #2\n" /* ThreadDestroy, the caller */
	"	svc	#0\n"
	"	brk	#1\n"
	".popsection");
_Static_assert(CALL_SyncWait == 7 && CALL_ThreadDestroy == 2, "parked_thread has these numbers");

/* Addresses that no description gives to a process: the kernel's memory, nothing, beyond 39 and 48 bits, wrapping. */
#define ADDRESS_UNMAPPED 0x7fffff0000ull
#define ADDRESS_KERNEL   0x40200000ull
#define ADDRESS_BEYOND   SPACE_LIMIT
#define ADDRESS_WRAPS    (~0ull - 7)
/* Where tests map things: far from what a process starts with. */
#define ADDRESS_FREE 0x6000000000ull
