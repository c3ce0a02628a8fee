/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of a process and their numbers: a table of one page for each type, made when it is needed. The kernel
 * lock is held but where something else is said.
 */
#pragma once

#include "process.h"

/* id, or -KE_AGAIN: none is free, or the process ends and this is a thread; -KE_NOMEM. */
int64_t handle_add(struct process *p, unsigned type, void *object);
uint64_t handle_next(const struct process *p, unsigned type, uint64_t from); /* lowest id of an object; 0: none */
void handle_remove(struct process *p, unsigned type, uint64_t id);
/*
 * A zeroed object of the process's kernel memory with its number, *id, and with the timers that such an object has
 * counted. NULL: *id is -KE_AGAIN or -KE_NOMEM, and nothing has changed.
 */
void *object_create(struct process *p, unsigned type, int64_t *id);
void object_free(struct process *p, unsigned type, void *object);                 /* its number is removed already */
void handle_destroy(struct process *p, unsigned type, uint64_t id, void *object); /* an object and its number */

/* The object of that number, or NULL, as for 0. Also without the kernel lock, for VcpuRun. */
static inline void *handle_lookup_unlocked(const struct process *p, unsigned type, uint64_t id)
{
	void **table = __atomic_load_n(&p->handles[type], __ATOMIC_ACQUIRE);

	if (id > HANDLE_MAX || !table)
		return NULL;
	return __atomic_load_n(&table[masked(id, HANDLE_MAX + 1)], __ATOMIC_ACQUIRE);
}

/* The same for the holder of the kernel lock, under which tables change: no barrier is needed. */
static inline void *handle_lookup(const struct process *p, unsigned type, uint64_t id)
{
	void **table;

	if (unlikely(id > HANDLE_MAX))
		return NULL;
	table = p->handles[type];
	__asm__("" : "+r"(table)); /* each check is a branch of its own */
	return likely(table != NULL) ? table[masked(id, HANDLE_MAX + 1)] : NULL;
}

static inline struct thread *thread_of(const struct process *p, uint64_t tid)
{
	return handle_lookup(p, OBJECT_THREAD, tid);
}

static inline struct channel *channel_of(const struct process *p, uint64_t chid)
{
	return handle_lookup(p, OBJECT_CHANNEL, chid);
}
