/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLBs and instruction caches when virtual CPUs share CPUs, and the maintenance of a guest that must not cost other VMs
 * anything (VCPU_LOCAL_MAINTENANCE). There, local TLBI and IC act on one CPU, so each virtual CPU invalidates where its
 * registers come to. Broadcast ones trap. They are left to all virtual CPUs of the VM, each of which does them before
 * it is in the guest again. The caller goes on when those that ran just then have done them, or run no more; it waits
 * in its own time, going round through its process. All entries of the VM go, whatever the operand says.
 */
#include "arch.h"
#include "cpu.h"
#include "process.h"
#include "vcpu.h"

#define EACH_NS  10000ull    /* so often on average ... */
#define AHEAD_NS 10000000ull /* ... of which so much may come at once; */
#define REST_NS  1000000ull  /* who wants more rests so long */

/*
 * If another virtual CPU of the VM ran here, translations and instructions may be that one's, which have the same tag
 * (Arm ARM D8.17.2, "CnP").
 */
void vcpu_came(const struct cpu *c, const struct vcpu *v)
{
	uint8_t *last = &v->process->last_vcpu[c->id];

	if ((v->flags & VCPU_LOCAL_MAINTENANCE) || (*last && *last != v->index + 1))
		arch_tlb_flush_cpu_space(&v->process->guest, true);
	*last = (uint8_t)(v->index + 1);
}

bool vcpu_maintain(struct vcpu *v, unsigned kick)
{
	struct thread *t = v->thread;
	uint64_t now = arch_clock_now();

	if (v->flush_due > now + AHEAD_NS && !t->kill) {
		t->timeout_flags = TIMEOUT_SYNC;
		t->timeout_ns = now + REST_NS;
		thread_block(t, STATE_SYNC);
		return false;
	}
	v->flush_due = (v->flush_due > now ? v->flush_due : now) + EACH_NS;
	for (unsigned i = 0; i < VCPU_MAX; i++) {
		struct vcpu *to = v->process->vcpus[i];

		if (!to || (to != v && !(kick & KICK_ALL)))
			continue;
		to->flush_by = v;
		__atomic_fetch_or(&to->kick, to == v ? kick : kick & ~KICK_ALL, __ATOMIC_SEQ_CST);
		/* It may be on its way in, and have looked already. */
		if (to != v && to->thread)
			arch_ipi_kick_running(&cpus[to->thread->cpu], to->thread);
	}
	return true;
}

/* Who asked pays. */
static void flush_guest(struct cpu *c, struct vcpu *v)
{
	const struct vcpu *by;
	uint64_t used = arch_clock_ticks();
	unsigned kick;

	__atomic_store_n(&v->flushes, true, __ATOMIC_RELAXED);
	kick = __atomic_fetch_and(&v->kick, KICK_ALL | KICK_EXIT, __ATOMIC_ACQ_REL);
	arch_tlb_flush_cpu_space(&v->process->guest, kick & KICK_CODE);
	__atomic_store_n(&v->flushes, false, __ATOMIC_RELEASE);
	used = arch_clock_ticks() - used;
	lock_acquire(&kernel_lock);
	by = v->flush_by; /* written under this lock, before the kick that was seen */
	c->run_start += used;
	if (by->thread)
		by->thread->cpu_ticks += used;
	lock_release(&kernel_lock);
}

/* Does it still run with what is to be gone? If it does not run it looks before it enters the guest. */
static bool runs_unflushed(const struct vcpu *v)
{
	const struct cpu *home = __atomic_load_n(&v->home, __ATOMIC_ACQUIRE);

	return home && __atomic_load_n(&home->current, __ATOMIC_ACQUIRE) == v->thread &&
	       ((__atomic_load_n(&v->kick, __ATOMIC_ACQUIRE) & KICK_TLB) ||
		__atomic_load_n(&v->flushes, __ATOMIC_ACQUIRE));
}

bool vcpu_leaves(struct cpu *c, struct vcpu *v)
{
	if (v->kick & KICK_TLB)
		flush_guest(c, v);
	for (unsigned i = 0; i < VCPU_MAX && (v->kick & KICK_ALL); i++) {
		const struct vcpu *other = v->process->vcpus[i];

		if (other && other != v && runs_unflushed(other))
			return true;
	}
	return __atomic_fetch_and(&v->kick, KICK_TLB | KICK_CODE, __ATOMIC_RELAXED) & KICK_EXIT;
}
