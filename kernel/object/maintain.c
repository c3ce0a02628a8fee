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

/* If it does not run there just now it looks before it enters the guest: arch_vcpu_enter(). */
static void ask_to_flush(struct vcpu *to, struct vcpu *by, unsigned kick)
{
	lock_acquire(&to->lock);
	WRITE_ONCE(to->flush_by, by);
	__atomic_fetch_or(&to->kick, kick, __ATOMIC_SEQ_CST);
	if (to != by && to->home)
		arch_ipi_kick_running(to->home, to->thread);
	lock_release(&to->lock);
}

bool vcpu_maintain(struct cpu *c, struct vcpu *v, unsigned kick)
{
	uint64_t now = arch_clock_now();

	if (v->flush_due > now + AHEAD_NS) {
		timer_arm(&v->timers[VCPU_REST], now + REST_NS);
		lock_acquire(&v->lock);
		vcpu_wait(c, v);
		lock_release(&v->lock);
		return false;
	}
	v->flush_due = (v->flush_due > now ? v->flush_due : now) + EACH_NS;
	for (unsigned i = 0; i < VCPU_MAX; i++) {
		struct vcpu *to = v->process->vcpus[i];

		if (to && (to == v || (kick & KICK_ALL)))
			ask_to_flush(to, v, to == v ? kick : kick & ~KICK_ALL);
	}
	return true;
}

/* Who asked pays. */
static void flush_guest(struct cpu *c, struct vcpu *v)
{
	uint64_t used = arch_clock_ticks();
	unsigned kick;

	WRITE_ONCE(v->flushes, true);
	kick = __atomic_fetch_and(&v->kick, KICK_ALL | KICK_EXIT, __ATOMIC_ACQ_REL);
	arch_tlb_flush_cpu_space(&v->process->guest, kick & KICK_CODE);
	__atomic_store_n(&v->flushes, false, __ATOMIC_RELEASE);
	used = arch_clock_ticks() - used;
	WRITE_ONCE(c->run_start, c->run_start + used);
	__atomic_fetch_add(&READ_ONCE(v->flush_by)->flush_ticks, used, __ATOMIC_RELAXED);
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
	if (READ_ONCE(v->kick) & KICK_TLB)
		flush_guest(c, v);
	for (unsigned i = 0; i < VCPU_MAX && (READ_ONCE(v->kick) & KICK_ALL); i++) {
		const struct vcpu *other = v->process->vcpus[i];

		if (other && other != v && runs_unflushed(other))
			return true;
	}
	return __atomic_fetch_and(&v->kick, KICK_TLB | KICK_CODE, __ATOMIC_RELAXED) & KICK_EXIT;
}
