/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of malloc: what procmgr mapped as heap, handed out from its start to its end. */
#include "lib/sys/start.h"
#include <errno.h>
#include <unistd.h>

static uintptr_t heap_next, heap_end;

void heap_init(uint64_t start, uint64_t bytes)
{
	heap_next = start;
	heap_end = start + bytes;
}

/* malloc calls this with its lock held. */
void *sbrk(ptrdiff_t change)
{
	uintptr_t old = heap_next;

	if (change > 0 ? (size_t)change > heap_end - heap_next : change < 0) {
		errno = ENOMEM;
		return (void *)-1;
	}
	heap_next += (size_t)change;
	return (void *)old;
}

void *heap_take(size_t bytes)
{
	uintptr_t start = (heap_next + 15) & ~(uintptr_t)15;

	if (start < heap_next || start > heap_end || bytes > heap_end - start)
		return NULL;
	heap_next = start + bytes;
	return (void *)start;
}
