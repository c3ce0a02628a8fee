/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages and objects out of the region that a process has brought. Free slots of a kind are linked to one another.
 * space.c takes pages for tables, handle.c takes slots for objects, pulse.c those for pulses.
 */
#include "kmem.h"
#include "arch.h"
#include "irq.h"
#include "process.h"
#include "timer_object.h"
#include "vcpu.h"

static const uint32_t class_size[KMEM_CLASSES] = {
    [OBJECT_THREAD] = sizeof(struct thread),
    [OBJECT_CHANNEL] = sizeof(struct channel),
    [OBJECT_CONNECTION] = sizeof(struct connection),
    [OBJECT_TIMER] = sizeof(struct timer_object),
    [OBJECT_IRQ] = sizeof(struct irq),
    [OBJECT_VCPU] = sizeof(struct vcpu),
    [OBJECT_PULSE] = sizeof(struct pulse),
};

_Static_assert(sizeof(struct thread) <= PAGE_SIZE, "a thread fits a page");
_Static_assert(sizeof(struct vcpu) <= PAGE_SIZE, "a vCPU fits a page");

void kmem_init(struct kmem *k, paddr_t base, uint64_t bytes)
{
	*k = (struct kmem){.base = base, .bytes = bytes};
}

uint64_t kmem_pages_left(const struct kmem *k)
{
	return (k->bytes - k->fresh) / PAGE_SIZE;
}

void *kmem_page(struct kmem *k)
{
	void *page;

	if (k->fresh >= k->bytes)
		return NULL;
	page = arch_pa_to_va(k->base + k->fresh);
	k->fresh += PAGE_SIZE;
	arch_memory_zero(page, PAGE_SIZE);
	return page;
}

/* Objects keep 16-byte alignment for the FP registers in them. */
static uint64_t slot_size(unsigned class)
{
	return align_up(class_size[class], 16);
}

/* A fresh page becomes as many slots of one class as fit. */
static bool carve(struct kmem *k, unsigned class)
{
	char *page = kmem_page(k);

	if (!page)
		return false;
	for (uint64_t at = 0; at + slot_size(class) <= PAGE_SIZE; at += slot_size(class)) {
		*(void **)(page + at) = k->free_slots[class];
		k->free_slots[class] = page + at;
	}
	return true;
}

void *kmem_alloc(struct kmem *k, unsigned class)
{
	void *object;

	if (!k->free_slots[class] && !carve(k, class))
		return NULL;
	object = k->free_slots[class];
	k->free_slots[class] = *(void **)object;
	memset(object, 0, class_size[class]);
	k->count[class]++;
	return object;
}

void kmem_free(struct kmem *k, unsigned class, void *object)
{
	*(void **)object = k->free_slots[class];
	k->free_slots[class] = object;
	k->count[class]--;
}
