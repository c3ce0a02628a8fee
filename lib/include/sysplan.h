/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory plan: every range of RAM that any process or guest will ever own is placed once, before anything starts,
 * and stays the same over restarts. Nothing here talks to the kernel, so that it is tested on the host.
 */
#pragma once

#include <bulkhead.h>
#include <stdbool.h>
#include <stdint.h>
#include <sysconf.h>

#define PLAN_PAGE      4096ull
#define PLAN_BLOCK     0x200000ull /* alignment of guest RAM: the size of a level 2 block of a 4 KiB granule */
#define PLAN_ITEM_MAX  (3 * PROCESS_MAX + SYS_REGIONS_MAX + SYS_POOLS_MAX)
#define PLAN_BYTES_MAX (1ull << 40)

/* What each process needs of its `memory` beside the writable pages of its program and its vdevs. */
#define STACK_BYTES 0x10000ull /* of its first thread */
#define HEAP_MIN    0x10000ull

enum plan_use { PLAN_KERNEL_MEMORY, PLAN_RAM, PLAN_GUEST_RAM, PLAN_REGION, PLAN_POOL };

struct plan_item {
	uint32_t slot; /* of a region or pool: its index in the system's description */
	enum plan_use use;
	uint64_t bytes; /* whole pages */
	uint64_t align; /* power of two, at least a page */
	uint64_t start; /* physical: filled in by plan_place(), till then SYS_ANYWHERE, unless it must be there */
};

struct plan {
	unsigned count;
	struct plan_item item[PLAN_ITEM_MAX];
};

struct plan_shortage {
	const struct plan_item *item; /* the first that found no room */
	uint64_t needed;              /* bytes of the whole plan */
	uint64_t available;           /* bytes of all free ranges */
	uint64_t largest;             /* longest piece still free, from an address with the item's alignment */
};

/* Adds one wish; bytes are rounded up to whole pages. False: the plan is full, or bytes is 0 or beyond reason. */
bool plan_add(struct plan *plan, uint32_t slot, enum plan_use use, uint64_t bytes, uint64_t start);

/*
 * Adds all wishes of a system. Owner n has slot n + 1. NULL, or the name of the first whose wish cannot be added. Of
 * `needs` see sys_check().
 */
const char *plan_system(struct plan *plan, const struct sys_config *config, const struct sys_vm_needs *needs);

/* Places every item within the free ranges. False: nothing may be started; *shortage says what lacks. */
bool plan_place(struct plan *plan, const struct range *free, unsigned count, struct plan_shortage *shortage);

/* The first item of a slot for that use, or NULL. */
const struct plan_item *plan_find(const struct plan *plan, uint32_t slot, enum plan_use use);

/* ---- the access matrix: who has what, one line for each thing, in an order that depends on nothing else ---- */

struct sys_map {
	const struct sys_config *config;
	const struct sys_claims *claims;
	const struct plan *plan;  /* placed or not */
	uint32_t cpus;            /* mask of those that are there */
	struct sys_range archive; /* 0 bytes: not known */
	const struct sys_vm_needs *needs;
	bool cpus_known; /* else `cpus` are as many as there may be */
};

/* Calls `line` with each line, without a line end. */
void sys_map(const struct sys_map *map, void (*line)(void *context, const char *text), void *context);
