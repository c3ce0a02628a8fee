/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of a process and their numbers. */
#include "handle.h"
#include "bulkhead.h"

static const uint8_t timers_of[] = {[OBJECT_THREAD] = 1, [OBJECT_TIMER] = 1, [OBJECT_VCPU] = ARCH_VCPU_TIMERS};

static unsigned lowest_free(const uint64_t *used)
{
	for (unsigned i = 0; i <= HANDLE_MAX / 64; i++)
		if (~used[i])
			return i * 64 + (unsigned)__builtin_ctzll(~used[i]);
	return HANDLE_MAX + 1;
}

int64_t handle_add(struct process *p, unsigned type, void *object)
{
	void **table = p->handles[type];
	uint64_t *used = p->handles_used[type];
	unsigned id;

	/* Who ends its threads must not have to begin again. */
	if (type == OBJECT_THREAD && p->end_cause != END_NONE)
		return -KE_AGAIN;
	if (!table) {
		table = kmem_page(&p->kmem);
		if (!table)
			return -KE_NOMEM;
		/* VcpuRun looks without the kernel's lock: what a pointer leads to is there before the pointer. */
		__atomic_store_n(&p->handles[type], table, __ATOMIC_RELEASE);
		used[0] = 1; /* no object has the id 0 */
	}
	id = lowest_free(used);
	if (id > HANDLE_MAX)
		return -KE_AGAIN;
	used[id / 64] |= BIT(id % 64);
	__atomic_store_n(&table[id], object, __ATOMIC_RELEASE);
	return id;
}

uint64_t handle_next(const struct process *p, unsigned type, uint64_t from)
{
	const uint64_t *used = p->handles_used[type];
	uint64_t bits;

	if (from > HANDLE_MAX)
		return 0;
	from = masked(from, HANDLE_MAX + 1);
	bits = used[from / 64] & ~0ull << from % 64;
	if (from / 64 == 0)
		bits &= ~1ull;
	for (uint64_t i = from / 64; i <= HANDLE_MAX / 64; bits = ++i <= HANDLE_MAX / 64 ? used[i] : 0)
		if (bits)
			return i * 64 + (unsigned)__builtin_ctzll(bits);
	return 0;
}

void handle_remove(struct process *p, unsigned type, uint64_t id)
{
	p->handles[type][id] = NULL;
	p->handles_used[type][id / 64] &= ~BIT(id % 64);
}

void *object_create(struct process *p, unsigned type, int64_t *id)
{
	void *object;

	*id = -KE_AGAIN;
	if (!timer_reserve(p, timers_of[type]))
		return NULL;
	object = kmem_alloc(&p->kmem, type);
	*id = object ? handle_add(p, type, object) : -KE_NOMEM;
	if (*id > 0)
		return object;
	if (object)
		kmem_free(&p->kmem, type, object);
	timer_unreserve(p, timers_of[type]);
	return NULL;
}

void object_free(struct process *p, unsigned type, void *object)
{
	kmem_free(&p->kmem, type, object);
	timer_unreserve(p, timers_of[type]);
}

void handle_destroy(struct process *p, unsigned type, uint64_t id, void *object)
{
	handle_remove(p, type, id);
	object_free(p, type, object);
}
