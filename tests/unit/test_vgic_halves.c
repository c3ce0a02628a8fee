/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/vgic.c qvm/vgic_regs.c */
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

/* Both halves have a vgic_reset(): the kernel's is renamed here. */
#define vgic_reset kernel_vgic_reset
#include "kernel/object/vgic.c"
#undef vgic_reset

#include "qvm/vgic.h"

#define VCPUS         2u
#define FIRST         32u
#define INTIDS        96u
#define LRS           4u
#define GICD          0x8000000ull
#define RUNNING_MAX   32u
#define IDLE_PRIORITY 0x100u

static struct vgic gic;

/* One vCPU: the kernel's state, and what the guest has acknowledged and not completed, innermost last. */
static struct cpu_model {
	struct vgic_cpu k;
	bool dirty;
	unsigned eoicount;
	struct {
		unsigned intid, priority;
	} running[RUNNING_MAX];
	unsigned depth;
} cpu[VCPUS];

/* What the test knows of an SPI. */
static struct {
	bool edge, latch, line, enabled;
} spi[INTIDS];

static unsigned taken;
static uint32_t random_state;

static unsigned rnd(unsigned limit)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % limit;
}

static void settle_cpu(struct cpu_model *c)
{
	vgic_fold(&c->k, c->eoicount);
	c->eoicount = 0;
}

/* What an exit and the following entry do. */
static void enter_guest(struct cpu_model *c)
{
	settle_cpu(c);
	vgic_fill(&c->k);
	c->dirty = false;
}

static int op_private(void *ctx, unsigned vcpu, unsigned which, uint32_t value, uint32_t mask, uint32_t *result)
{
	(void)ctx;
	settle_cpu(&cpu[vcpu]);
	cpu[vcpu].dirty = true;
	return vgic_private(&cpu[vcpu].k, which, value, mask, result);
}

static int op_line(void *ctx, unsigned vcpu, unsigned intid, unsigned level, unsigned priority)
{
	(void)ctx;
	cpu[vcpu].dirty = true;
	return vgic_line(&cpu[vcpu].k, intid, level, priority);
}

static int op_inject(void *ctx, unsigned vcpu, unsigned intid, unsigned priority)
{
	(void)ctx;
	cpu[vcpu].dirty = true;
	return vgic_inject(&cpu[vcpu].k, intid, priority);
}

static int op_withdraw(void *ctx, unsigned vcpu, unsigned intid)
{
	(void)ctx;
	settle_cpu(&cpu[vcpu]);
	cpu[vcpu].dirty = true;
	return vgic_withdraw(&cpu[vcpu].k, intid);
}

static int op_query(void *ctx, unsigned vcpu, unsigned intid)
{
	(void)ctx;
	settle_cpu(&cpu[vcpu]);
	cpu[vcpu].dirty = true;
	return vgic_query(&cpu[vcpu].k, intid);
}

static const struct vgic_ops ops = {op_private, op_line, op_inject, op_withdraw, op_query};

/* --- The virtual CPU interface --- */

static unsigned lr_count_in(const struct cpu_model *c, uint64_t mask, uint64_t state)
{
	unsigned count = 0;

	for (unsigned n = 0; n < LRS; n++)
		count += (c->k.lr_used & (1u << n)) && (c->k.lr[n] & mask) == state && (c->k.lr[n] & mask);
	return count;
}

/* ICH_MISR_EL2: does a maintenance interrupt bring the guest out? */
static void maintenance(struct cpu_model *c, bool eoi)
{
	const uint64_t both = LR_STATE_PENDING | LR_STATE_ACTIVE;
	unsigned pending = lr_count_in(c, both, LR_STATE_PENDING) + lr_count_in(c, both, both);
	unsigned valid = pending + lr_count_in(c, both, LR_STATE_ACTIVE);
	bool again = eoi;

	again |= (c->k.hcr & ICH_HCR_NPIE) && pending == 0;
	again |= (c->k.hcr & ICH_HCR_UIE) && valid <= 1;
	again |= (c->k.hcr & ICH_HCR_LRENPIE) && c->eoicount > 0;
	if (again || c->dirty)
		enter_guest(c);
	vgic_retry(&gic);
	if (c->dirty)
		enter_guest(c);
}

static unsigned priority_of(uint64_t lr)
{
	return (unsigned)(lr >> LR_PRIO_SHIFT) & 0xff;
}

/* ICC_IAR1_EL1. */
static void acknowledge(struct cpu_model *c)
{
	unsigned best = LRS, intid, running = c->depth ? c->running[c->depth - 1].priority : IDLE_PRIORITY;

	if (c->dirty)
		enter_guest(c);
	for (unsigned n = 0; n < LRS; n++) {
		if (!(c->k.lr_used & (1u << n)) || (c->k.lr[n] >> 62) != 1)
			continue;
		if (best == LRS || priority_of(c->k.lr[n]) < priority_of(c->k.lr[best]))
			best = n;
	}
	if (best == LRS || priority_of(c->k.lr[best]) >= running || c->depth == RUNNING_MAX)
		return;
	intid = (uint32_t)c->k.lr[best];
	c->k.lr[best] ^= LR_STATE_PENDING | LR_STATE_ACTIVE;
	c->running[c->depth].intid = intid;
	c->running[c->depth++].priority = priority_of(c->k.lr[best]);
	assert_true(intid >= FIRST && intid < INTIDS);
	assert_true(spi[intid].enabled);
	assert_true(spi[intid].latch || (!spi[intid].edge && spi[intid].line));
	spi[intid].latch = false;
	taken++;
	maintenance(c, false);
}

static void set_line(unsigned intid, bool level)
{
	if (level && !spi[intid].line && spi[intid].edge)
		spi[intid].latch = true;
	spi[intid].line = level;
	vgic_set_line(&gic, intid, level);
}

/* ICC_EOIR1_EL1, with EOImode 0; the handler has served its device, mostly. */
static void complete(struct cpu_model *c)
{
	unsigned intid;
	bool eoi = false, found = false;

	if (!c->depth)
		return;
	intid = c->running[--c->depth].intid;
	if (!spi[intid].edge && rnd(4))
		set_line(intid, false);
	if (c->dirty)
		enter_guest(c);
	for (unsigned n = 0; n < LRS; n++) {
		if (!(c->k.lr_used & (1u << n)) || (uint32_t)c->k.lr[n] != intid || !(c->k.lr[n] & LR_STATE_ACTIVE))
			continue;
		found = true;
		c->k.lr[n] &= ~LR_STATE_ACTIVE;
		eoi = (c->k.lr[n] & LR_EOI) && !(c->k.lr[n] & LR_STATE_PENDING);
	}
	if (!found && c->eoicount < 31)
		c->eoicount++;
	maintenance(c, eoi);
}

/* --- The guest's registers --- */

static void put(uint64_t offset, unsigned size, uint64_t value)
{
	assert_true(vgic_write(&gic, 0, GICD + offset, size, value));
}

static void enable(unsigned intid, bool on)
{
	spi[intid].enabled = on;
	put((on ? 0x100u : 0x180u) + intid / 32 * 4, 4, 1u << (intid % 32));
}

static void step(void)
{
	unsigned intid = FIRST + rnd(INTIDS - FIRST);
	struct cpu_model *c = &cpu[rnd(VCPUS)];
	uint64_t value;

	switch (rnd(13)) {
	case 12:
		spi[intid].latch = true;
		put(0x200 + intid / 32 * 4, 4, 1u << (intid % 32));
		break;
	case 0:
	case 1: set_line(intid, rnd(3) != 0); break;
	case 2:
		if (spi[intid].edge) {
			spi[intid].latch = true;
			vgic_pulse(&gic, intid);
		}
		break;
	case 3: enable(intid, rnd(3) != 0); break;
	case 4: put(0x400 + intid, 1, rnd(256)); break;
	case 5: put(0x6000 + 8 * intid, 8, rnd(3) ? rnd(VCPUS) : 1ull << 31); break;
	case 6: assert_true(vgic_read(&gic, 0, GICD + 0x200 + intid / 32 * 4, 4, &value)); break;
	case 7:
	case 8:
	case 9: acknowledge(c); break;
	default: complete(c); break;
	}
	for (unsigned v = 0; v < VCPUS; v++)
		maintenance(&cpu[v], false);
}

static void start(unsigned seed)
{
	const struct vgic_config config = {
	    .gicd = GICD, .gicr = GICD + 0x100000, .vcpus = VCPUS, .affinity = {0, 1}, .intids = INTIDS};

	random_state = seed;
	taken = 0;
	memset(cpu, 0, sizeof(cpu));
	memset(spi, 0, sizeof(spi));
	assert_true(vgic_init(&gic, &config, &ops, NULL));
	put(0, 4, 2);
	for (unsigned v = 0; v < VCPUS; v++) {
		kernel_vgic_reset(&cpu[v].k, LRS);
		vgic_power(&gic, v, true);
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
	for (unsigned n = 0; n < 8 * INTIDS; n++) {
		for (unsigned v = 0; v < VCPUS; v++) {
			acknowledge(&cpu[v]);
			complete(&cpu[v]);
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
	(void)state;
	for (unsigned seed = 1; seed <= 60; seed++) {
		start(seed);
		for (unsigned n = 0; n < 3000; n++)
			step();
		drain();
		assert_true(taken > 100);
	}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_flood),
	    cmocka_unit_test(test_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
