/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/arch/aarch64/guest_gic.c qvm/arch/aarch64/spi.c qvm/arch/aarch64/gic_frames.c */
/* CFLAGS: -Ikernel/include */
/*
 * Both halves of the virtual GIC together, on a model of the processor's list registers (IHI 0069, "GIC support for
 * virtualization"): whatever a guest and its devices do, an interrupt that was signalled is taken, and none is taken
 * that was not. There are fewer registers than interrupts, so images come and go as on the real machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/object/bind.c"
#include "kernel/object/vgic.c"

#include "qvm/arch/aarch64/guest_gic.h"

#define VCPUS         2u
#define FIRST         32u
#define INTIDS        96u
#define LRS           4u
#define GICD          0x8000000ull
#define RUNNING_MAX   32u
#define IDLE_PRIORITY 0x100u
#define BOUND         16u  /* the first SPIs are bound to the host's */
#define HOST          200u /* of FIRST */

static struct guest_gic gic;

/* One vCPU: the kernel's state, and what the guest has acknowledged and not completed, innermost last. */
static struct cpu_model {
	struct vcpu vcpu;
	unsigned eoicount;
	struct {
		unsigned intid, priority;
	} running[RUNNING_MAX];
	unsigned depth;
	bool split; /* EOImode 1: EOIR drops the priority, and DIR deactivates */
	unsigned dropped[RUNNING_MAX], dropped_count;
	unsigned groups; /* ICC_IGRPEN0_EL1, ICC_IGRPEN1_EL1: bits 0 and 1 */
} cpu[VCPUS];

/* What the test knows of an SPI. */
static struct {
	bool edge, latch, line, enabled, group0;
	bool active; /* acknowledged, and not deactivated */
	bool was;    /* bound: the host's has fired since it was taken last; its line may be low by now */
} spi[INTIDS];

/* The host's interrupt controller: SPIs HOST and up. */
static struct host {
	struct irq irq;
	bool enabled, latch, line, active;
} host[BOUND];
static struct process process;

static unsigned distributor; /* GICD_CTLR: EnableGrp0 and EnableGrp1, bits 0 and 1 */
static unsigned taken, taken_group0, trapped;
static uint32_t random_state;

static unsigned rnd(unsigned limit)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % limit;
}

static void settle_cpu(struct cpu_model *c)
{
	/* All bits of priority preempt. */
	c->vcpu.vgic.vmcr = c->groups | (c->split ? ARCH_VMCR_SPLIT_END : 0) | 3u << 18 | 2u << 21;
	c->vcpu.vgic.running = 0;
	for (unsigned d = 0; d < c->depth; d++)
		c->vcpu.vgic.running |= 1u << (c->running[d].priority >> 3);
	vgic_fold(&c->vcpu.vgic, c->eoicount);
	c->eoicount = 0;
}

/* What an exit and the following entry do. */
static void enter_guest(struct cpu_model *c)
{
	settle_cpu(c);
	vgic_fill(&c->vcpu.vgic);
	c->vcpu.dirty = false;
}

/* --- The host's interrupt controller, and what else bind.c asks for --- */

void lock_acquire(struct lock *l)
{
	(void)l;
}

void lock_release(struct lock *l)
{
	(void)l;
}

void vcpu_wake(struct vcpu *v)
{
	assert_true(v->dirty);
}

static struct cpu real_cpu;

struct cpu *arch_this_cpu(void)
{
	return &real_cpu;
}

static struct host *host_at(uint64_t intid)
{
	assert_in_range(intid, HOST, HOST + BOUND - 1);
	return &host[intid - HOST];
}

struct irq *irq_at(uint64_t intid)
{
	return intid >= HOST && intid < HOST + BOUND && host_at(intid)->irq.virq ? &host_at(intid)->irq : NULL;
}

int64_t irq_create(struct process *p, uint64_t intid, struct irq **made)
{
	struct host *h = host_at(intid);

	*made = &h->irq;
	h->irq = (struct irq){.process = p, .intid = (uint32_t)intid, .edge = h->irq.edge};
	return 0;
}

static bool host_pending(const struct host *h)
{
	return h->latch || (h->line && !h->irq.edge);
}

static void fire_all(void)
{
	for (unsigned i = 0; i < BOUND; i++) {
		if (!host[i].enabled || host[i].active || !host_pending(&host[i]))
			continue;
		host[i].latch = false;
		host[i].active = true;
		spi[FIRST + i].was = true;
		bind_fire(&host[i].irq);
	}
}

void arch_irq_enable(uint32_t intid, unsigned to)
{
	(void)to;
	host_at(intid)->enabled = true;
}

void arch_irq_disable(uint32_t intid)
{
	host_at(intid)->enabled = false;
}

void arch_irq_route(uint32_t intid, unsigned to)
{
	(void)host_at(intid);
	(void)to;
}

void arch_irq_set_pending(uint32_t intid, bool pending)
{
	host_at(intid)->latch = pending;
}

bool arch_irq_is_pending(uint32_t intid)
{
	return host_pending(host_at(intid));
}

bool arch_irq_is_active(uint32_t intid)
{
	return host_at(intid)->active;
}

void arch_irq_deactivate(uint32_t intid)
{
	assert_true(host_at(intid)->active);
	host_at(intid)->active = false;
}

static bool is_bound(unsigned intid)
{
	return intid < FIRST + BOUND;
}

static int op_bind(void *ctx, unsigned vcpu, unsigned from, unsigned intid, unsigned priority, unsigned flags)
{
	int64_t state;

	(void)ctx;
	settle_cpu(&cpu[vcpu]);
	cpu[vcpu].vcpu.dirty = true;
	state = bind_change(&cpu[vcpu].vcpu, from, intid, priority, flags);
	assert_true(state >= 0 || (state == -KE_AGAIN && (flags & BIND_ON))); /* all places are taken */
	return (int)state;
}

static int op_private(void *ctx, unsigned vcpu, unsigned which, uint32_t value, uint32_t mask, uint32_t *result)
{
	(void)ctx;
	settle_cpu(&cpu[vcpu]);
	cpu[vcpu].vcpu.dirty = true;
	return vgic_private(&cpu[vcpu].vcpu.vgic, which, value, mask, result);
}

static int op_line(void *ctx, unsigned vcpu, unsigned intid, unsigned level, unsigned priority)
{
	(void)ctx;
	cpu[vcpu].vcpu.dirty = true;
	return vgic_line(&cpu[vcpu].vcpu.vgic, intid, level, priority);
}

static int op_inject(void *ctx, unsigned vcpu, unsigned intid, unsigned priority)
{
	(void)ctx;
	cpu[vcpu].vcpu.dirty = true;
	return vgic_inject(&cpu[vcpu].vcpu.vgic, intid, priority);
}

static int op_withdraw(void *ctx, unsigned vcpu, unsigned intid, unsigned what)
{
	(void)ctx;
	settle_cpu(&cpu[vcpu]);
	cpu[vcpu].vcpu.dirty = true;
	return (int)bind_withdraw(&cpu[vcpu].vcpu, intid, what);
}

static int op_query(void *ctx, unsigned vcpu, unsigned intid)
{
	(void)ctx;
	settle_cpu(&cpu[vcpu]);
	cpu[vcpu].vcpu.dirty = true;
	return vgic_query(&cpu[vcpu].vcpu.vgic, intid);
}

static const struct guest_gic_ops ops = {op_private, op_line, op_inject, op_withdraw, op_query, op_bind};

/* --- The virtual CPU interface --- */

static unsigned lr_count_in(const struct cpu_model *c, uint64_t mask, uint64_t state)
{
	unsigned count = 0;

	for (unsigned n = 0; n < LRS; n++)
		count += (c->vcpu.vgic.lr_used & (1u << n)) && (c->vcpu.vgic.lr[n] & mask) == state &&
			 (c->vcpu.vgic.lr[n] & mask);
	return count;
}

/* ICH_MISR_EL2: does a maintenance interrupt bring the guest out? */
static void maintenance(struct cpu_model *c, bool eoi)
{
	const uint64_t both = ARCH_LR_PENDING | ARCH_LR_ACTIVE;
	unsigned pending = lr_count_in(c, both, ARCH_LR_PENDING) + lr_count_in(c, both, both);
	bool again = eoi;

	again |= (c->vcpu.vgic.control & ARCH_VGIC_EXIT_EMPTY) && pending == 0;
	again |= (c->vcpu.vgic.control & ARCH_VGIC_EXIT_ENDED) && c->eoicount > 0;
	again |= (c->vcpu.vgic.control & (c->groups & 1 ? ARCH_VGIC_EXIT_GROUP0_ON : ARCH_VGIC_EXIT_GROUP0_OFF)) != 0;
	again |= (c->vcpu.vgic.control & (c->groups & 2 ? ARCH_VGIC_EXIT_GROUP1_ON : ARCH_VGIC_EXIT_GROUP1_OFF)) != 0;
	if (again || c->vcpu.dirty)
		enter_guest(c);
	guest_gic_retry(&gic);
	if (c->vcpu.dirty)
		enter_guest(c);
}

/* GICD_CTLR's or the CPU interface's word on the group of an image. */
static bool group_on(unsigned groups, uint64_t lr)
{
	return groups & (lr & ARCH_LR_GROUP1 ? 2 : 1);
}

static unsigned priority_of(uint64_t lr)
{
	return (unsigned)(lr >> ARCH_LR_PRIO_SHIFT) & 0xff;
}

/* ICC_IAR0_EL1 or ICC_IAR1_EL1, as ICC_HPPIR0_EL1 and ICC_HPPIR1_EL1 say. */
static void acknowledge(struct cpu_model *c)
{
	unsigned best = LRS, intid, running = c->depth ? c->running[c->depth - 1].priority : IDLE_PRIORITY;

	if (c->vcpu.dirty)
		enter_guest(c);
	for (unsigned n = 0; n < LRS; n++) {
		if (!(c->vcpu.vgic.lr_used & (1u << n)) || (c->vcpu.vgic.lr[n] >> 62) != 1 ||
		    !group_on(c->groups, c->vcpu.vgic.lr[n]))
			continue;
		if (best == LRS || priority_of(c->vcpu.vgic.lr[n]) < priority_of(c->vcpu.vgic.lr[best]))
			best = n;
	}
	if (best == LRS || priority_of(c->vcpu.vgic.lr[best]) >= running || c->depth + c->dropped_count == RUNNING_MAX)
		return;
	intid = (uint32_t)c->vcpu.vgic.lr[best];
	c->vcpu.vgic.lr[best] ^= ARCH_LR_PENDING | ARCH_LR_ACTIVE;
	c->running[c->depth].intid = intid;
	c->running[c->depth++].priority = priority_of(c->vcpu.vgic.lr[best]);
	assert_true(intid >= FIRST && intid < INTIDS);
	assert_true(spi[intid].enabled && group_on(distributor, c->vcpu.vgic.lr[best]));
	assert_int_equal(!(c->vcpu.vgic.lr[best] & ARCH_LR_GROUP1), spi[intid].group0);
	assert_false(spi[intid].active);
	spi[intid].active = true;
	assert_true(is_bound(intid) ? spi[intid].was : spi[intid].latch || (!spi[intid].edge && spi[intid].line));
	assert_int_equal(!!(c->vcpu.vgic.lr[best] & ARCH_LR_LINKED), is_bound(intid));
	spi[intid].latch = spi[intid].was = false;
	taken++;
	taken_group0 += spi[intid].group0;
	maintenance(c, false);
}

static void set_line(unsigned intid, bool level)
{
	if (level && !spi[intid].line && spi[intid].edge)
		spi[intid].latch = true;
	spi[intid].line = level;
	if (is_bound(intid)) {
		host[intid - FIRST].latch |= spi[intid].latch;
		host[intid - FIRST].line = level;
		fire_all();
	}
	guest_gic_set_line(&gic, intid, level); /* for a bound one without effect */
}

/* The deactivation of an interrupt by the processor. */
static void deactivate(struct cpu_model *c, unsigned intid)
{
	bool eoi = false, found = false;

	spi[intid].active = false;
	for (unsigned n = 0; n < LRS; n++) {
		if (!(c->vcpu.vgic.lr_used & (1u << n)) || (uint32_t)c->vcpu.vgic.lr[n] != intid ||
		    !(c->vcpu.vgic.lr[n] & ARCH_LR_ACTIVE))
			continue;
		found = true;
		c->vcpu.vgic.lr[n] &= ~ARCH_LR_ACTIVE;
		if (c->vcpu.vgic.lr[n] & ARCH_LR_LINKED)
			arch_irq_deactivate((c->vcpu.vgic.lr[n] >> ARCH_LR_HOST_SHIFT) & 0x3ff);
		eoi = (c->vcpu.vgic.lr[n] & ARCH_LR_EXIT_ENDED) && !(c->vcpu.vgic.lr[n] & ARCH_LR_PENDING);
	}
	assert_true(found || !c->split);
	if (!found && c->eoicount < 31)
		c->eoicount++;
	maintenance(c, eoi);
}

/* ICC_EOIR0_EL1, ICC_EOIR1_EL1; the handler has served its device, mostly. */
static void complete(struct cpu_model *c)
{
	unsigned intid;

	if (!c->depth)
		return;
	intid = c->running[--c->depth].intid;
	if (!spi[intid].edge && rnd(4))
		set_line(intid, false);
	if (c->vcpu.dirty)
		enter_guest(c);
	if (c->split)
		c->dropped[c->dropped_count++] = intid;
	else
		deactivate(c, intid);
	fire_all();
	maintenance(c, false);
}

/* ICC_DIR_EL1, in any order. It traps while the kernel has one that is active without an image. */
static void deactivate_one(struct cpu_model *c)
{
	unsigned n, intid;

	if (!c->dropped_count)
		return;
	n = rnd(c->dropped_count);
	intid = c->dropped[n];
	c->dropped[n] = c->dropped[--c->dropped_count];
	if (c->vcpu.dirty)
		enter_guest(c);
	if (!(c->vcpu.vgic.control & ARCH_VGIC_TRAP_DEACTIVATION)) {
		deactivate(c, intid);
		return;
	}
	trapped++;
	settle_cpu(c);
	spi[intid].active = false;
	vgic_deactivate(&c->vcpu.vgic, intid);
	enter_guest(c);
	maintenance(c, false);
}

/* --- The guest's registers --- */

static void put(uint64_t offset, unsigned size, uint64_t value)
{
	assert_true(guest_gic_write(&gic, 0, GICD + offset, size, value));
}

static void enable(unsigned intid, bool on)
{
	spi[intid].enabled = on;
	put((on ? 0x100u : 0x180u) + intid / 32 * 4, 4, 1u << (intid % 32));
}

/* The second vCPU goes off, in the midst of whatever it does, and on. */
static void power_cycle(void)
{
	guest_gic_power(&gic, 1, false);
	settle_cpu(&cpu[1]);
	assert_int_equal(cpu[1].vcpu.vgic.bound, 0);
	assert_int_equal(cpu[1].vcpu.vgic.spi_used, 0);
	vgic_reset(&cpu[1].vcpu.vgic, LRS);
	for (unsigned d = 0; d < cpu[1].depth; d++)
		spi[cpu[1].running[d].intid].active = false;
	for (unsigned n = 0; n < cpu[1].dropped_count; n++)
		spi[cpu[1].dropped[n]].active = false;
	cpu[1].depth = cpu[1].eoicount = cpu[1].dropped_count = 0;
	guest_gic_power(&gic, 1, true);
}

static void set_distributor(unsigned groups)
{
	distributor = groups;
	put(0, 4, groups);
}

/* Groups of one interrupt, of a CPU interface, of all. */
static void regroup(struct cpu_model *c, unsigned intid)
{
	uint64_t value;

	if (rnd(2)) {
		spi[intid].group0 ^= true;
		assert_true(guest_gic_read(&gic, 0, GICD + 0x80 + intid / 32 * 4, 4, &value));
		put(0x80 + intid / 32 * 4, 4, value ^ 1u << (intid % 32));
	} else if (rnd(2)) {
		c->groups = rnd(3) ? 3 : rnd(4);
		maintenance(c, false);
	} else {
		set_distributor(rnd(4) ? 3 : rnd(3));
	}
}

static void step(void)
{
	unsigned intid = FIRST + rnd(INTIDS - FIRST);
	struct cpu_model *c = &cpu[rnd(VCPUS)];
	uint64_t value;

	switch (rnd(18)) {
	case 17:
	case 16: deactivate_one(c); break;
	case 15:
		if (!rnd(4))
			regroup(c, intid);
		break;
	case 14:
		if (!rnd(8))
			power_cycle();
		break;
	case 13:
		spi[intid].latch = spi[intid].was = false;
		put(0x280 + intid / 32 * 4, 4, 1u << (intid % 32));
		break;
	case 12:
		/* What was written for a level that is bound is lost where it is taken back: only the line counts then.
		 */
		spi[intid].latch = spi[intid].edge || !is_bound(intid);
		put(0x200 + intid / 32 * 4, 4, 1u << (intid % 32));
		break;
	case 0:
	case 1: set_line(intid, rnd(3) != 0); break;
	case 2:
		if (spi[intid].edge) {
			spi[intid].latch = true;
			host[is_bound(intid) ? intid - FIRST : 0].latch |= is_bound(intid);
			guest_gic_pulse(&gic, intid);
		}
		break;
	case 3: enable(intid, rnd(3) != 0); break;
	case 4: put(0x400 + intid, 1, rnd(256)); break;
	case 5: put(0x6000 + 8 * intid, 8, rnd(3) ? rnd(VCPUS) : 1ull << 31); break;
	case 6: assert_true(guest_gic_read(&gic, 0, GICD + 0x200 + intid / 32 * 4, 4, &value)); break;
	case 7:
	case 8:
	case 9: acknowledge(c); break;
	default: complete(c); break;
	}
	fire_all();
	for (unsigned v = 0; v < VCPUS; v++)
		maintenance(&cpu[v], false);
}

static void start(unsigned seed)
{
	const struct guest_gic_config config = {
	    .gicd = GICD, .gicr = GICD + 0x100000, .vcpus = VCPUS, .affinity = {0, 1}, .intids = INTIDS};

	random_state = seed;
	taken = taken_group0 = trapped = 0;
	memset(cpu, 0, sizeof(cpu));
	memset(spi, 0, sizeof(spi));
	memset(host, 0, sizeof(host));
	assert_true(guest_gic_init(&gic, &config, &ops, NULL));
	for (unsigned v = 0; v < VCPUS; v++) {
		vgic_reset(&cpu[v].vcpu.vgic, LRS);
		cpu[v].vcpu.process = &process;
		cpu[v].groups = 3;
	}
	for (unsigned i = 0; i < BOUND; i++) {
		host[i].irq.edge = (FIRST + i) % 2;
		assert_int_equal(guest_gic_bind(&gic, FIRST + i, HOST + i), 0);
	}
	set_distributor(3);
	for (unsigned v = 0; v < VCPUS; v++) {
		guest_gic_power(&gic, v, true);
	}
	for (unsigned i = FIRST; i < INTIDS; i++) {
		spi[i].edge = i % 2;
		put(0x80 + i / 32 * 4, 4, ~0u);
		put(0xc00 + i / 16 * 4, 4, 0x88888888);
		put(0x400 + i, 1, 0x80 + i % 8 * 8);
		put(0x6000 + 8 * i, 8, i / 2 % VCPUS);
		enable(i, true);
	}
}

/* Everything that is due is taken in the end, by handlers that serve their device. */
static void drain(void)
{
	for (unsigned i = FIRST; i < INTIDS; i++)
		enable(i, true);
	set_distributor(3);
	for (unsigned v = 0; v < VCPUS; v++)
		cpu[v].groups = 3;
	for (unsigned n = 0; n < 8 * INTIDS; n++) {
		for (unsigned v = 0; v < VCPUS; v++) {
			fire_all();
			acknowledge(&cpu[v]);
			complete(&cpu[v]);
			deactivate_one(&cpu[v]);
			maintenance(&cpu[v], false);
		}
	}
	for (unsigned i = FIRST; i < INTIDS; i++) {
		if (spi[i].latch || (!spi[i].edge && spi[i].line))
			fail_msg("INTID %u was never taken", i);
	}
}

static void test_together(void **state)
{
	unsigned traps = 0, group0 = 0;

	(void)state;
	/* EOImode of each vCPU: all four ways. */
	for (unsigned seed = 1; seed <= 120; seed++) {
		start(seed);
		for (unsigned v = 0; v < VCPUS; v++)
			cpu[v].split = seed >> v & 1;
		for (unsigned n = 0; n < 3000; n++)
			step();
		traps += trapped;
		drain();
		group0 += taken_group0;
		assert_true(taken > 100);
		assert_true((seed & 3) || !trapped);
	}
	assert_true(traps > 100 && group0 > 1000);
}

/* All at once, on one vCPU: more than its list registers, and more than the kernel keeps for it. */
static void test_flood(void **state)
{
	(void)state;
	start(1);
	for (unsigned i = FIRST; i < INTIDS; i++) {
		put(0x6000 + 8 * i, 8, 0);
		set_line(i, true);
	}
	drain();
	assert_true(taken >= INTIDS - FIRST);
}

/* --- Bound interrupts, one by one. FIRST is a level, FIRST + 1 an edge; both go to vCPU 0. --- */

static void start_bound(void)
{
	start(1);
	for (unsigned i = FIRST; i < INTIDS; i++) {
		put(0x6000 + 8 * i, 8, 0);
		enable(i, false);
	}
}

static unsigned read_bit(uint64_t offset, unsigned intid)
{
	uint64_t value;

	assert_true(guest_gic_read(&gic, 0, GICD + offset + intid / 32 * 4, 4, &value));
	return value >> (intid % 32) & 1;
}

/* The host's interrupts wait there until the guest has enabled its own, and once it is disabled again. */
static void test_bound_held(void **state)
{
	(void)state;
	start_bound();
	set_line(FIRST, true);
	set_line(FIRST + 1, true);
	acknowledge(&cpu[0]);
	assert_int_equal(taken, 0);
	assert_int_equal(read_bit(0x200, FIRST), 1);
	assert_int_equal(read_bit(0x200, FIRST + 1), 1);
	assert_false(host[0].active || host[1].active);
	for (unsigned i = 0; i < 2; i++) {
		enable(FIRST + i, true);
		fire_all();
		assert_true(host[i].active);
		enable(FIRST + i, false);
		assert_false(host[i].active);
		assert_true(host_pending(&host[i]));
	}
	acknowledge(&cpu[0]);
	assert_int_equal(taken, 0);
	/* GICD_ICPENDR: the edge is forgotten, the level is not. */
	put(0x280 + FIRST / 32 * 4, 4, 3u << (FIRST % 32));
	assert_int_equal(read_bit(0x200, FIRST), 1);
	assert_int_equal(read_bit(0x200, FIRST + 1), 0);
}

/* Disabled while it is handled: the end of it still reaches the host. */
static void test_bound_active(void **state)
{
	(void)state;
	start_bound();
	enable(FIRST + 1, true);
	set_line(FIRST + 1, true);
	acknowledge(&cpu[0]);
	assert_int_equal(taken, 1);
	enable(FIRST + 1, false);
	assert_int_equal(read_bit(0x300, FIRST + 1), 1);
	complete(&cpu[0]);
	assert_int_equal(read_bit(0x300, FIRST + 1), 0);
	assert_false(host[1].active);
}

/* Its route changes while it is handled; GICD_ICACTIVER ends it where it was. */
static void test_bound_moves(void **state)
{
	(void)state;
	start_bound();
	enable(FIRST, true);
	set_line(FIRST, true);
	acknowledge(&cpu[0]);
	put(0x6000 + 8 * FIRST, 8, 1);
	assert_int_equal(read_bit(0x300, FIRST), 1);
	fire_all();
	acknowledge(&cpu[1]);
	assert_int_equal(taken, 1);
	put(0x380 + FIRST / 32 * 4, 4, 1u << (FIRST % 32));
	spi[FIRST].active = false;
	assert_int_equal(read_bit(0x300, FIRST), 0);
	fire_all();
	acknowledge(&cpu[1]);
	assert_int_equal(taken, 2);
}

/* The host's came on one CPU while another switched it off. */
static void test_bound_late(void **state)
{
	(void)state;
	start_bound();
	for (unsigned i = 0; i < 2; i++) {
		host[i].active = true;
		bind_fire(&host[i].irq);
		assert_false(host[i].active);
		assert_int_equal(host[i].latch, i);
	}
	assert_int_equal(taken, 0);
}

/* What the kernel's half refuses, and devices that drive what is not theirs. */
static void test_bound_refused(void **state)
{
	struct vcpu *v = &cpu[0].vcpu;

	(void)state;
	start_bound();
	assert_int_equal(bind_change(v, HOST, FIRST + 1, 0, 0), -KE_INVAL);
	assert_int_equal(guest_gic_bind(&gic, FIRST, HOST + 1), -KE_INVAL);
	assert_int_equal(guest_gic_bind(&gic, INTIDS, HOST + 1), -KE_INVAL);
	enable(FIRST, true);
	assert_int_equal(bind_change(&cpu[1].vcpu, HOST, FIRST, 0, 0), -KE_BUSY);
	assert_int_equal(vgic_line(&v->vgic, FIRST, true, 0x80), -KE_BUSY);
	guest_gic_set_line(&gic, FIRST, true);
	guest_gic_pulse(&gic, FIRST);
	acknowledge(&cpu[0]);
	assert_int_equal(taken, 0);
	/* Under its number there is another already. */
	settle_cpu(&cpu[0]);
	assert_int_equal(vgic_inject(&v->vgic, FIRST + 2, 0x80), 0);
	assert_int_equal(bind_change(v, HOST + 2, FIRST + 2, 0x80, BIND_ON), -KE_BUSY);
	for (unsigned i = 4; i < BOUND; i++)
		assert_true(bind_change(v, HOST + i, FIRST + i, 0x80, BIND_ON) >= 0);
	for (unsigned i = 0; i < VGIC_BOUND - 1 - (BOUND - 4); i++)
		assert_int_equal(vgic_bind(&v->vgic, 300 + i, 400 + i, 0x80), 0);
	assert_int_equal(vgic_bind(&v->vgic, 399, 499, 0x80), -KE_AGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_flood),         cmocka_unit_test(test_together),    cmocka_unit_test(test_bound_held),
	    cmocka_unit_test(test_bound_active),  cmocka_unit_test(test_bound_moves), cmocka_unit_test(test_bound_late),
	    cmocka_unit_test(test_bound_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
