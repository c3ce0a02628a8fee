/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stubs of kernel.h, which are made from abi/calls.def: `svc #0` with the call's number in x8. Here is what they
 * consist of, and those that a table cannot describe, except for messages (msg.c).
 */
#include "bulkhead/kernel.h"
#include <errno.h>

struct result {
	int64_t x0;
	uint64_t x1, x2, x3;
};

/* A value that does not matter: lets the compiler leave in an argument register what is there. */
static inline uint64_t any(void)
{
	uint64_t value;

	__asm__("" : "=r"(value));
	return value;
}

static inline struct result call6(unsigned number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
				  uint64_t a5)
{
	register uint64_t x0 __asm__("x0") = a0;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;
	register uint64_t x4 __asm__("x4") = a4;
	register uint64_t x5 __asm__("x5") = a5;
	register uint64_t x8 __asm__("x8") = number;

	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
			 : "r"(x8)
			 : "x6", "x7", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	return (struct result){.x0 = (int64_t)x0, .x1 = x1, .x2 = x2, .x3 = x3};
}

/* The status of a plain form: -1 and errno instead of a negative errno. */
static int64_t plain_status(int64_t status)
{
	if (status >= 0)
		return status;
	errno = (int)-status;
	return -1;
}

#include "calls/stubs.inc"

int MemUnmap_r(unsigned space, uint64_t address, uint64_t bytes)
{
	return MemProtect_r(space, address, bytes, 0);
}

int MemUnmap(unsigned space, uint64_t address, uint64_t bytes)
{
	return (int)plain_status(MemUnmap_r(space, address, bytes));
}

_Static_assert(IN_ThreadCtl_command == 0 && IN_ThreadCtl_value == 1 && OUT_ThreadCtl_slot == 1, "as below");

int ThreadSelf_r(unsigned *slot)
{
	struct result r = call6(CALL_ThreadCtl, THREADCTL_SELF, 0, any(), any(), any(), any());

	if (slot)
		*slot = (unsigned)r.x1;
	return (int)r.x0;
}

_Static_assert(IN_MemInfo_region == 0 && OUT_MemInfo_bytes == 0 && OUT_MemInfo_flags == 1 && OUT_MemInfo_address == 2,
	       "as below");

int MemInfo_r(unsigned region, struct mem_info *info)
{
	struct result r = call6(CALL_MemInfo, region, any(), any(), any(), any(), any());

	if (r.x0 < 0)
		return (int)r.x0;
	*info = (struct mem_info){.bytes = (uint64_t)r.x0, .flags = r.x1, .address = r.x2};
	return 0;
}

int MemInfo(unsigned region, struct mem_info *info)
{
	return (int)plain_status(MemInfo_r(region, info));
}
