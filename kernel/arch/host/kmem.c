/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's allocator, with objects that were given back poisoned: an access to one is reported. */
#include "kmem.h"

void *plain_alloc(struct kmem *k, unsigned class);
void plain_free(struct kmem *k, unsigned class, void *object);

#define kmem_alloc plain_alloc
#define kmem_free  plain_free
#include "../../mm/kmem.c"
#undef kmem_alloc
#undef kmem_free

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(at, bytes)   ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

void *kmem_alloc(struct kmem *k, unsigned class)
{
	/* Its first word is the allocator's link and stays open. */
	if (k->free_slots[class])
		ASAN_UNPOISON_MEMORY_REGION(k->free_slots[class], slot_size(class));
	return plain_alloc(k, class);
}

void kmem_free(struct kmem *k, unsigned class, void *object)
{
	memset((char *)object + sizeof(void *), 0xa5, class_size[class] - sizeof(void *));
	plain_free(k, class, object);
	ASAN_POISON_MEMORY_REGION((char *)object + sizeof(void *), class_size[class] - sizeof(void *));
}
