/* SPDX-License-Identifier: Apache-2.0 */
/* What the registers of a simulated CPU hold, switched as lazily as on the target, and its virtual CPU. */
#include "arch.h"
#include "calls.h"
#include "host.h"
#include "message.h"
#include "process.h"
#include "trap.h"
#include "vcpu.h"

#define LR_COUNT 4

static struct host_registers *own(void)
{
	return &host_registers[host_cpu];
}

void arch_thread_init(struct thread *t, uint64_t entry, uint64_t arg, uint64_t stack, uint64_t tls)
{
	t->frame.pc = entry;
	t->frame.x[0] = arg;
	t->user.sp_el0 = stack;
	t->user.tpidr_el0 = tls;
	t->user.vttbr = t->process->space.tag;
}

void arch_user_switch(struct cpu *c, struct user_regs *to)
{
	if (c->user == to)
		return;
	if (c->user)
		*c->user = own()->user;
	if (to)
		own()->user = *to;
	c->user = to;
}

void arch_space_activate(struct cpu *c, const struct space *s)
{
	if (c->space != s)
		__atomic_store_n(&c->space, s, __ATOMIC_RELEASE);
}

void arch_process_registers(struct cpu *c)
{
	(void)c;
}

bool arch_guest_settings_off(struct cpu *c)
{
	(void)c;
	return false;
}

/* ---- FP ---- */

void arch_fpu_save(struct cpu *c, const struct fpu *only)
{
	if (!c->fp_owner || (only && c->fp_owner != only))
		return;
	c->fp_owner->v[0] = own()->fp;
	c->fp_thread = NULL;
	__atomic_store_n(&c->fp_owner, NULL, __ATOMIC_RELEASE);
	c->fp_open = false;
}

void arch_fpu_trap(struct cpu *c, struct fpu *want)
{
	if (c->fp_owner != want) {
		arch_fpu_save(c, NULL);
		own()->fp = (uint64_t)want->v[0];
	}
	c->fp_open = true;
	c->fp_thread = c->current;
	__atomic_store_n(&c->fp_owner, want, __ATOMIC_RELEASE);
}

void arch_fpu_prepare(struct cpu *c, const struct fpu *of)
{
	c->fp_open = c->fp_owner == of;
}

/* ---- virtual CPUs ---- */

unsigned arch_vcpu_lr_count(void)
{
	return LR_COUNT;
}

void arch_vcpu_settle(struct vcpu *v)
{
	if (v->in_hw)
		memcpy(v->vgic.lr, own()->lr, sizeof(own()->lr));
	v->in_hw = false;
	vgic_fold(&v->vgic, 0);
}

int arch_vcpu_private(struct vcpu *v, uint64_t op, uint32_t value, uint32_t mask, uint32_t *now)
{
	int result;

	arch_vcpu_settle(v);
	result = vgic_private(&v->vgic, op, value, mask, now);
	if (v->home)
		arch_vcpu_offer(v);
	else
		v->dirty = true;
	return result < 0 ? result : 0;
}

bool arch_vcpu_show(struct vcpu *v, unsigned index)
{
	(void)v;
	(void)index;
	return false;
}

/* As `entry_work` on the target: without the lock, whoever sets it calls this CPU after that. */
static __attribute__((noinline, no_sanitize("thread"))) bool has_work(const struct vcpu *v)
{
	return v->dirty || v->edges;
}

void arch_vcpu_offer(struct vcpu *v)
{
	v->dirty = v->edges = false;
	vgic_fill(&v->vgic);
	memcpy(own()->lr, v->vgic.lr, sizeof(own()->lr));
	v->in_hw = true;
}

static void offer_images(struct vcpu *v)
{
	lock_acquire(&v->lock);
	arch_vcpu_settle(v);
	arch_vcpu_offer(v);
	lock_release(&v->lock);
}

bool arch_vcpu_evict(struct cpu *c)
{
	struct vcpu *v = c->resident;
	bool requested;

	if (!v)
		return false;
	v->arch.registers = own()->el1;
	arch_fpu_save(c, &v->fpu);
	c->resident = NULL;
	lock_acquire(&v->lock);
	arch_vcpu_settle(v);
	v->dirty = true;
	__atomic_store_n(&v->home, NULL, __ATOMIC_RELEASE);
	requested = READ_ONCE(v->requested);
	lock_release(&v->lock);
	return requested;
}

static void load_vcpu(struct cpu *c, struct vcpu *v)
{
	if (v->home)
		host_fail("a vCPU's registers are loaded while CPU %u holds them", v->home->id);
	vcpu_put_away(c);
	c->resident = v;
	lock_acquire(&v->lock);
	__atomic_store_n(&v->home, c, __ATOMIC_RELEASE);
	v->dirty = true;
	v->away = false;
	lock_release(&v->lock);
	own()->el1 = v->arch.registers;
	if (cpu_attention(c))
		arch_ipi_send(c->id, IPI_KICK);
	vcpu_came(c, v);
}

void arch_vcpu_drop(struct cpu *c, struct vcpu *v)
{
	fp_forget(c, &v->fpu);
	if (c->user == &v->user)
		c->user = NULL;
	if (c->resident == v && arch_vcpu_evict(c))
		vcpu_serve(c, v);
	lock_acquire(&v->lock);
	v->thread = NULL;
	lock_release(&v->lock);
}

void arch_vcpu_reset(struct vcpu *v)
{
	v->dirty = true;
	v->exit = EXIT_KICK;
}

static uint64_t *register_of(struct vcpu *v, uint64_t reg)
{
	if (reg <= VREG_X0 + 30)
		return &v->frame.x[reg];
	return reg == VREG_PC ? &v->frame.pc : reg == VREG_EXITS ? &v->exits : NULL;
}

int64_t arch_vcpu_get(struct vcpu *v, uint64_t reg, bool running, uint64_t *value)
{
	const uint64_t *at = register_of(v, reg);

	if (running && reg != VREG_PC && reg != VREG_EXITS)
		return -KE_BUSY;
	if (at)
		*value = *at;
	return at ? 0 : -KE_INVAL;
}

int64_t arch_vcpu_set(struct vcpu *v, uint64_t reg, bool running, uint64_t value)
{
	uint64_t *at = register_of(v, reg);

	if (running)
		return -KE_BUSY;
	if (reg == VREG_RESET)
		arch_vcpu_reset(v);
	else if (at)
		*at = value;
	return at || reg == VREG_RESET ? 0 : -KE_INVAL;
}

struct thread *arch_vcpu_timer_expired(struct timer *t)
{
	struct vcpu *v = container_of(t - (t->kind - TIMER_VCPU), struct vcpu, timers);
	struct thread *woken;

	lock_acquire(&v->lock);
	if (t == &v->timers[VCPU_PTIMER])
		vgic_private_line(&v->vgic, VIRQ_PTIMER, true);
	v->dirty = true;
	woken = vcpu_signal(v);
	lock_release(&v->lock);
	return woken;
}

void arch_vcpu_irq_timer(struct cpu *c)
{
	(void)c;
	arch_irq_deactivate(ARCH_IRQ_VTIMER);
}

void arch_vcpu_irq_maintenance(struct cpu *c)
{
	(void)c;
	arch_irq_deactivate(ARCH_IRQ_MAINTENANCE);
}

static struct frame *to_process(struct cpu *c, struct vcpu *v, uint64_t exit)
{
	struct thread *t = v->thread;

	WRITE_ONCE(t->in_guest, false);
	call_set_result(&t->frame, (int64_t)exit);
	v->exit = (uint8_t)exit;
	WRITE_ONCE(v->exits, v->exits + 1);
	c->guest = NULL;
	arch_user_switch(c, &t->user);
	arch_space_activate(c, &t->process->space);
	arch_fpu_prepare(c, &t->fpu);
	return &t->frame;
}

struct frame *arch_vcpu_enter(struct cpu *c, struct vcpu *v)
{
	if (c->resident != v)
		load_vcpu(c, v);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (READ_ONCE(v->kick) && vcpu_leaves(c, v))
		return to_process(c, v, EXIT_KICK);
	if (has_work(v))
		offer_images(v);
	arch_user_switch(c, &v->user);
	arch_space_activate(c, &v->process->guest);
	arch_fpu_prepare(c, &v->fpu);
	c->guest = v;
	return &v->frame;
}

bool arch_vcpu_run(struct cpu *c, struct vcpu *v, const struct frame *f)
{
	(void)c;
	(void)v;
	(void)f;
	return true;
}

struct frame *host_guest_trap(struct cpu *c, struct vcpu *v, uint64_t syndrome)
{
	switch (syndrome) {
	case HOST_HVC: return to_process(c, v, EXIT_HVC);
	case HOST_WFI:
		lock_acquire(&v->lock);
		arch_vcpu_settle(v);
		v->dirty = true;
		if (!READ_ONCE(v->kick) && !vgic_deliverable(&v->vgic, ~0ull))
			vcpu_wait(c, v);
		lock_release(&v->lock);
		return cpu_leave(c);
	case HOST_TLBI_ALL:
	case HOST_TLBI_LOCAL:
	case HOST_IC_ALL:
		if (vcpu_maintain(c, v,
				  KICK_TLB | (syndrome == HOST_IC_ALL ? KICK_CODE : 0) |
				      (syndrome == HOST_TLBI_LOCAL ? 0 : KICK_ALL)))
			v->frame.pc += 4;
		return cpu_leave(c);
	case HOST_SGI: vcpu_send_sgi(v, (uint32_t)v->frame.x[0], 1, 1); return cpu_leave(c);
	case HOST_TIMER:
		lock_acquire(&v->lock);
		vgic_private_line(&v->vgic, VIRQ_PTIMER, false);
		v->dirty = true;
		lock_release(&v->lock);
		timer_arm(&v->timers[VCPU_PTIMER], arch_clock_now() + v->frame.x[1]);
		return arch_vcpu_enter(c, v);
	default: arch_fpu_trap(c, &v->fpu); return arch_vcpu_enter(c, v);
	}
}

/* ---- the vectors ---- */

/* Who goes on, if a message or pulse is passed on at once. */
static struct thread *pass_directly(struct cpu *c, struct thread *t, uint64_t number)
{
	struct thread *to;

	if (number == CALL_MsgSendPulse) {
		to = pulse_send_direct(c, t);
		if (to) {
			arch_user_switch(c, &to->user);
			sched_preempted(c, t);
		}
		return to;
	}
	to = number == CALL_MsgSend ? message_receiver(c, t) : message_client(c, t);
	return to ? message_copy_over(c, t, to) : NULL;
}

/* Out of the kernel: the vectors below return with it. */
static _Thread_local struct frame *resumed;

void arch_resume(struct frame *f)
{
	resumed = f;
}

struct frame *host_vector(struct frame *f, struct cpu *c)
{
	uint64_t syndrome = arch_trap_syndrome(), number = call_number(f);

	if (syndrome != HOST_SVC) {
		trap_sync(f, c, syndrome);
		return resumed;
	}
	if (number == CALL_VcpuRun) {
		trap_vcpu_run(f, c);
		return resumed;
	}
	if (number >= CALL_VcpuGet && number <= CALL_VcpuInject) {
		trap_vcpu(f, c);
		return resumed;
	}
	if (number != CALL_MsgSend && number != CALL_MsgReplyReceive && number != CALL_MsgSendPulse)
		return trap_call(f, c);
	lock_acquire(&kernel_lock);
	if (pass_directly(c, c->current, number))
		return kernel_leave(c);
	return call_general(c->current, c);
}

struct frame *host_vector_irq(struct frame *f, struct cpu *c)
{
	trap_irq(f, c);
	return resumed;
}
