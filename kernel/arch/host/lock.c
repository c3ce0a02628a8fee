/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's locks, with their ranks checked: who holds one takes only others of a higher rank. */
#include "host.h"
#include "lock.h"
#include <time.h>

#define HELD_MAX 4

static _Thread_local struct lock *held[HELD_MAX];
static _Thread_local unsigned held_count;

static void (*at_acquire)(const struct lock *l);

void host_each_lock(void (*taken)(const struct lock *l))
{
	at_acquire = taken;
}

void lock_acquire(struct lock *l)
{
	if (held_count == HELD_MAX)
		host_fail("more than %u locks are held", HELD_MAX);
	if (held_count && l->rank <= held[held_count - 1]->rank)
		host_fail("a lock of rank %u is taken while one of rank %u is held", l->rank,
			  held[held_count - 1]->rank);
	ticket_acquire(l);
	held[held_count++] = l;
	if (at_acquire)
		at_acquire(l);
}

static void (*at_release)(void);

void host_each_hold(void (*check)(void))
{
	at_release = check;
}

void lock_release(struct lock *l)
{
	if (l == &kernel_lock && at_release)
		at_release();
	if (!held_count || held[held_count - 1] != l)
		host_fail("a lock of rank %u is released, but is not the last taken", l->rank);
	held_count--;
	ticket_release(l, READ_ONCE(l->owner));
}

static bool always_wanted;

void host_lock_wanted(bool always)
{
	always_wanted = always;
}

bool lock_wanted(const struct lock *l)
{
	return always_wanted || ticket_wanted(l);
}

unsigned host_locks_held(void)
{
	return held_count;
}

/* The holder of a ticket lock may not be running: let it. */
void arch_lock_relax(void)
{
	const struct timespec moment = {.tv_nsec = 1000};

	nanosleep(&moment, NULL);
}

void arch_cpu_relax(void)
{
	arch_lock_relax();
}
