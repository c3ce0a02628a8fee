/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's half comes first: the names of the model are shadows there. */
#include "kernel/object/irq_passthrough.c"
#include "kernel/object/vgic.c"
#include "kernel/object/vgic_private.c"
#include "kernel/object/vgic_spi.c"
#include "model.h"

struct guest_gic gic;

struct cpu_model cpu[VCPUS];

struct spi spi[INTIDS];

struct host host[BOUND];
static struct process process;

unsigned taken, taken_group0, trapped;
static unsigned distributor; /* GICD_CTLR: EnableGrp0 and EnableGrp1, bits 0 and 1 */
static uint32_t random_state;

unsigned rnd(unsigned limit)
{
	return random_below(&random_state, limit);
}

void settle_cpu(struct cpu_model *c)
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

/* --- The host's interrupt controller, and what else irq_passthrough.c asks for --- */

void lock_acquire(struct lock *l)
{
	(void)l;
}

void lock_release(struct lock *l)
{
	(void)l;
}

void arch_ipi_kick_running(const struct cpu *c, const struct thread *t)
{
	(void)c;
	(void)t;
	fail();
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

struct irq *irq_create(struct process *p, uint64_t intid, int64_t *error)
{
	struct host *h = host_at(intid);

	*error = 0;
	h->irq = (struct irq){.process = p, .intid = (uint32_t)intid, .edge = h->irq.edge};
	return &h->irq;
}

bool host_pending(const struct host *h)
{
	return h->latch || (h->line && !h->irq.edge);
}

void fire_all(void)
{
	for (unsigned i = 0; i < BOUND; i++) {
		if (!host[i].enabled || host[i].active || !host_pending(&host[i]))
			continue;
		host[i].latch = false;
		host[i].active = true;
		spi[FIRST + i].was = true;
		irq_passthrough_fire(&host[i].irq);
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

bool is_bound(unsigned intid)
{
	return intid < FIRST + BOUND;
}

static int op_bind(void *ctx, unsigned vcpu, unsigned from, unsigned intid, unsigned priority, unsigned flags)
{
	int64_t state;

	(void)ctx;
	settle_cpu(&cpu[vcpu]);
	cpu[vcpu].vcpu.dirty = true;
	state = irq_passthrough_change(&cpu[vcpu].vcpu, from, intid, priority, flags);
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

static int no_candidate(int index)
{
	return index < 0 ? index : 0;
}

static int op_line(void *ctx, unsigned vcpu, unsigned intid, unsigned level, unsigned priority)
{
	(void)ctx;
	cpu[vcpu].vcpu.dirty = true;
	return no_candidate(vgic_change_spi(&cpu[vcpu].vcpu.vgic, intid, priority, true, level));
}

static int op_inject(void *ctx, unsigned vcpu, unsigned intid, unsigned priority)
{
	(void)ctx;
	cpu[vcpu].vcpu.dirty = true;
	return no_candidate(vgic_change_spi(&cpu[vcpu].vcpu.vgic, intid, priority, false, true));
}

static int op_withdraw(void *ctx, unsigned vcpu, unsigned intid, unsigned what)
{
	(void)ctx;
	settle_cpu(&cpu[vcpu]);
	cpu[vcpu].vcpu.dirty = true;
	return (int)irq_passthrough_withdraw(&cpu[vcpu].vcpu, intid, what);
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
void maintenance(struct cpu_model *c, bool eoi)
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

void acknowledge(struct cpu_model *c)
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

void set_line(unsigned intid, bool level)
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

void complete(struct cpu_model *c)
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

/* It traps while the kernel has one that is active without an image. */
void deactivate_one(struct cpu_model *c)
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

void put_register(uint64_t offset, unsigned size, uint64_t value)
{
	assert_true(guest_gic_write(&gic, 0, GICD + offset, size, value));
}

void enable(unsigned intid, bool on)
{
	spi[intid].enabled = on;
	put_register((on ? 0x100u : 0x180u) + intid / 32 * 4, 4, 1u << (intid % 32));
}

void power_cycle(void)
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

void set_distributor(unsigned groups)
{
	distributor = groups;
	put_register(0, 4, groups);
}

void start(unsigned seed)
{
	const struct guest_gic_config config = {.gicd = GICD,
						.gicr = GICD + 0x100000,
						.vcpus = VCPUS,
						.affinity = {0, 1},
						.lock = &gic_lock,
						.intids = INTIDS};

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
		put_register(0x80 + i / 32 * 4, 4, ~0u);
		put_register(0xc00 + i / 16 * 4, 4, 0x88888888);
		put_register(0x400 + i, 1, 0x80 + i % 8 * 8);
		put_register(0x6000 + 8 * i, 8, i / 2 % VCPUS);
		enable(i, true);
	}
}
