/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel memory that a process brings: pages for its tables, and slots for its objects. There is no other
 * allocator. When it is used up, the process gets ENOMEM or EAGAIN and nobody else notices.
 */
#pragma once

#include "types.h"

enum object_type {
	OBJECT_NONE,
	OBJECT_THREAD,
	OBJECT_CHANNEL,
	OBJECT_CONNECTION,
	OBJECT_TIMER,
	OBJECT_IRQ,
	OBJECT_VCPU,
	OBJECT_TYPES,
	OBJECT_PULSE = OBJECT_TYPES, /* no handle of its own */
	KMEM_CLASSES
};

#define HANDLE_MAX 511 /* of each type: a table is one page */

struct kmem {
	paddr_t base;
	uint64_t bytes;
	uint64_t fresh; /* bytes handed out of the untouched rest so far */
	void *free_slots[KMEM_CLASSES];
	uint32_t count[KMEM_CLASSES]; /* objects alive */
};

void kmem_init(struct kmem *k, paddr_t base, uint64_t bytes); /* whole pages, of which none is used */
/* A zeroed page, or NULL. */
void *kmem_page(struct kmem *k);
/* A zeroed object, or NULL. */
void *kmem_alloc(struct kmem *k, unsigned class);
void kmem_free(struct kmem *k, unsigned class, void *object);
uint64_t kmem_pages_left(const struct kmem *k);
