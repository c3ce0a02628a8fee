/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address spaces of processes and of guests alike: tables of the translation that only the kernel
 * controls. 39-bit input addresses in three levels, pages of 4 KiB; leaves of 4 KiB, 2 MiB and 1 GiB, as large as
 * alignment allows.
 */
#pragma once

#include "bulkhead.h"
#include "kmem.h"
#include "types.h"

#define SPACE_LEVEL_FIRST 1
#define SPACE_LEVEL_LAST  3
#define SPACE_STEP        24 /* leaves changed at a time: bounds the time with interrupts off */
#define SPACE_CHANGE_STEP 8  /* same, for changes that need TLB maintenance each */

struct space {
	uint64_t *root;
	paddr_t root_pa;
	struct kmem *kmem;
	uint32_t tag; /* tells its entries in the TLBs from those of other spaces */
	uint32_t tables;
	bool guest;
	bool sealed; /* the guest has run: only what is SPACE_SHARED comes and goes */
};

enum space_attr {
	SPACE_R = 1,
	SPACE_W = 2,
	SPACE_X = 4,
	SPACE_DEVICE = 8,
	SPACE_SHARED = 16,
};

/* An empty space; its tables are of `k`. 0, or -KE_NOMEM. */
int space_init(struct space *s, struct kmem *k, unsigned tag, bool guest);

/* Map at most SPACE_STEP leaves of [va, va + bytes) to pa. All page multiples. Returns the bytes mapped, or -KE_EXIST
 * if something is mapped at va, -KE_NOMEM. Nothing has changed on an error. */
int64_t space_map(struct space *s, vaddr_t va, paddr_t pa, uint64_t bytes, unsigned attr);

/* Change the attributes of at most SPACE_CHANGE_STEP leaves; 0: unmap them. Holes are skipped. Returns the bytes dealt
 * with, 0 if a larger leaf that reaches over the range was split first; in a guest's space that is refused: -KE_INVAL.
 * -KE_PERM: the space is sealed.
 */
int64_t space_change(struct space *s, vaddr_t va, uint64_t bytes, unsigned attr);

/* Of one address: its attributes without SPACE_SHARED; 0: not mapped. */
unsigned space_get_attr(const struct space *s, vaddr_t va);
/* The same address through the kernel's map, if it is RAM and `attr` is allowed; *left = bytes to the end of its page.
 */
void *space_access(const struct space *s, vaddr_t va, unsigned attr, uint64_t *left);
/* Returns how much is copied, up to where one of them does not allow it. At most a page or so, and below 2^63 bytes. */
NAMED uint64_t space_copy(const struct space *from, vaddr_t src, const struct space *to, vaddr_t dst, uint64_t bytes);
