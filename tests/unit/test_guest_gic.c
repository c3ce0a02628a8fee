/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/arch/aarch64/guest_gic.c qvm/arch/aarch64/spi.c qvm/arch/aarch64/gic_frames.c */
/*
 * qvm's half of the GIC against a model of the kernel's half: the registers one by one, then random operations whose
 * effect is compared with a reference that knows only what the architecture says of one interrupt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "qvm/arch/aarch64/guest_gic.h"

#define GICD   0x8000000ull
#define GICR   0x80a0000ull
#define VCPUS  3u
#define INTIDS 96u

#define CTLR       0x0u
#define IGROUPR    0x80u
#define ISENABLER  0x100u
#define ICENABLER  0x180u
#define ISPENDR    0x200u
#define ICPENDR    0x280u
#define ISACTIVER  0x300u
#define ICACTIVER  0x380u
#define IPRIORITYR 0x400u
#define ICFGR      0xc00u
#define IROUTER    0x6000u

/* --- A model of the kernel's half --- */

struct virq {
	bool latch, line, active;
	unsigned priority;
};

static struct kernel {
	struct virq spi[VCPUS][INTIDS];
	unsigned room; /* SPIs in flight on one vCPU */
	uint32_t state[VCPUS][32];
	unsigned calls;
} kernel;

static bool in_flight(const struct virq *q)
{
	return q->latch || q->line || q->active;
}

static bool has_room(unsigned vcpu, unsigned intid)
{
	unsigned used = 0;

	for (unsigned i = 32; i < INTIDS; i++)
		used += i != intid && in_flight(&kernel.spi[vcpu][i]);
	return used < kernel.room;
}

static int model_private(void *ctx, unsigned vcpu, unsigned which, uint32_t value, uint32_t mask, uint32_t *result)
{
	uint32_t *state = &kernel.state[vcpu][which];

	assert_ptr_equal(ctx, &kernel);
	assert_true(vcpu < VCPUS && which < VPRIV_PRIO0 + 8);
	*state = (*state & ~mask) | (value & mask);
	*result = *state;
	return 0;
}

static struct virq *model_spi(unsigned vcpu, unsigned intid)
{
	assert_true(vcpu < VCPUS && intid >= 32 && intid < INTIDS);
	kernel.calls++;
	return &kernel.spi[vcpu][intid];
}

static int model_line(void *ctx, unsigned vcpu, unsigned intid, unsigned level, unsigned priority)
{
	struct virq *q = model_spi(vcpu, intid);

	(void)ctx;
	if (level && !has_room(vcpu, intid))
		return -KE_AGAIN;
	q->line = level != 0;
	if (level)
		q->priority = priority;
	return 0;
}

static int model_inject(void *ctx, unsigned vcpu, unsigned intid, unsigned priority)
{
	struct virq *q = model_spi(vcpu, intid);

	(void)ctx;
	if (!has_room(vcpu, intid))
		return -KE_AGAIN;
	q->latch = true;
	q->priority = priority;
	return 0;
}

static int state_of(const struct virq *q)
{
	return (q->latch || q->line ? VIRQ_PENDING : 0) | (q->active ? VIRQ_ACTIVE : 0);
}

static int model_withdraw(void *ctx, unsigned vcpu, unsigned intid, unsigned what)
{
	struct virq *q = model_spi(vcpu, intid);
	int state = state_of(q);

	(void)ctx;
	if (q->active && !(what & VIRQ_ACTIVE))
		q->latch = q->line = false;
	else
		memset(q, 0, sizeof(*q));
	return state;
}

static int model_query(void *ctx, unsigned vcpu, unsigned intid)
{
	(void)ctx;
	return state_of(model_spi(vcpu, intid));
}

static const struct guest_gic_ops model_ops = {model_private,  model_line,  model_inject,
					       model_withdraw, model_query, NULL};

/* What the guest's CPU interface does: take the most urgent pending one, and complete. */
static bool signalled(unsigned vcpu, unsigned intid)
{
	return state_of(&kernel.spi[vcpu][intid]) == VIRQ_PENDING;
}

static unsigned acknowledge(unsigned vcpu)
{
	unsigned best = 0;

	for (unsigned i = 32; i < INTIDS; i++) {
		if (signalled(vcpu, i) && (!best || kernel.spi[vcpu][i].priority < kernel.spi[vcpu][best].priority))
			best = i;
	}
	if (best) {
		kernel.spi[vcpu][best].active = true;
		kernel.spi[vcpu][best].latch = false;
	}
	return best;
}

static void complete(unsigned vcpu, unsigned intid)
{
	assert_true(kernel.spi[vcpu][intid].active);
	kernel.spi[vcpu][intid].active = false;
}

/* --- Access to the registers --- */

static struct guest_gic gic;
static const struct guest_gic_config config = {
    .gicd = GICD, .gicr = GICR, .vcpus = VCPUS, .affinity = {0, 1, 0x100}, .intids = INTIDS};

static uint64_t get(uint64_t ipa, unsigned size)
{
	uint64_t value = ~0ull;

	assert_true(guest_gic_read(&gic, 0, ipa, size, &value));
	return value;
}

static void put(uint64_t ipa, unsigned size, uint64_t value)
{
	assert_true(guest_gic_write(&gic, 0, ipa, size, value));
}

static uint32_t get_d(uint32_t offset)
{
	return (uint32_t)get(GICD + offset, 4);
}

static void put_d(uint32_t offset, uint32_t value)
{
	put(GICD + offset, 4, value);
}

static uint32_t bit(unsigned intid)
{
	return 1u << (intid % 32);
}

/* One bit of an interrupt in a register bank. */
static void put_bit(uint32_t bank, unsigned intid)
{
	put_d(bank + intid / 32 * 4, bit(intid));
}

static bool get_bit(uint32_t bank, unsigned intid)
{
	return get_d(bank + intid / 32 * 4) & bit(intid);
}

static void set_group(unsigned intid, bool one)
{
	uint32_t offset = IGROUPR + intid / 32 * 4, value = get_d(offset) & ~bit(intid);

	put_d(offset, value | (one ? bit(intid) : 0));
}

static void set_edge(unsigned intid, bool edge)
{
	uint32_t offset = ICFGR + intid / 16 * 4, mask = 2u << (intid % 16 * 2);

	put_d(offset, (get_d(offset) & ~mask) | (edge ? mask : 0));
}

static int setup(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.room = INTIDS;
	assert_true(guest_gic_init(&gic, &config, &model_ops, &kernel));
	for (unsigned v = 0; v < VCPUS; v++)
		guest_gic_power(&gic, v, true);
	return 0;
}

/* The state in which a guest's driver leaves an SPI: Group 1, enabled, to vCPU 0. */
static void ready(unsigned intid, bool edge)
{
	put_d(CTLR, 2);
	set_group(intid, true);
	set_edge(intid, edge);
	put(GICD + IPRIORITYR + intid, 1, 0xa0);
	put_bit(ISENABLER, intid);
}

/* --- Registers --- */

static void test_configuration(void **state)
{
	struct guest_gic_config c = config;
	struct guest_gic g;

	(void)state;
	c.vcpus = 0;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c.vcpus = VCPU_MAX + 1;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c = config;
	c.gicd = GICD + 0x1000;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c.gicd = GICR + 2 * QVM_GICR_BYTES + QVM_GICD_BYTES;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c.gicd = -QVM_GICD_BYTES;
	c.gicr = -QVM_GICR_BYTES;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c = config;
	c.affinity[2] = 1;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c.affinity[2] = 1u << 31;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c = config;
	c.intids = 1021;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c.intids = 32;
	assert_false(guest_gic_init(&g, &c, &model_ops, &kernel));
	c.intids = 1000;
	assert_true(guest_gic_init(&g, &c, &model_ops, &kernel));
	assert_int_equal(g.config.intids, 1020);
	c.intids = 0;
	assert_true(guest_gic_init(&g, &c, &model_ops, &kernel));
	assert_int_equal(g.config.intids, 288);
}

static void test_identification(void **state)
{
	(void)state;
	assert_int_equal(get_d(0x4), 2 | 9u << 19 | 1u << 24);
	assert_int_equal(get_d(0xc), 0);
	assert_int_equal(get_d(CTLR), 0x50);
	put_d(CTLR, ~0u);
	assert_int_equal(get_d(CTLR), 0x53);
	for (unsigned v = 0; v < VCPUS; v++)
		assert_int_equal(kernel.state[v][VPRIV_CTLR], 3);
	assert_int_equal(get_d(0xffe8), 0x3b);
	assert_int_equal(get_d(0xfff0), 0x0d);
	assert_int_equal(get(GICR + 0xffe8, 4), 0x3b);
	assert_int_equal(get(GICR + 0xffe0, 4), 0x93);
	assert_int_equal(get(GICR + 8, 8), 0);
	assert_int_equal(get(GICR + 0x20008, 8), 0x100000100);
	assert_int_equal(get(GICR + 0x40008, 8), 0x10000000210);
	assert_int_equal(get(GICR + 0x40008, 4), 0x210);
	assert_int_equal(get(GICR + 0x4000c, 4), 0x100);
	assert_int_equal(get(GICR, 4), 0);
	put(GICR + 0x70, 8, ~0ull);
	assert_int_equal(get(GICR + 0x70, 8), 0);
	assert_int_equal(get(GICR + 0x14, 4), 6);
	put(GICR + 0x14, 4, 0);
	put(GICR + 0x18, 4, 2);
	assert_int_equal(get(GICR + 0x14, 4), 0);
	assert_int_equal(get(GICR + 0x20014, 4), 6);
	put(GICR + 0x14, 4, 2);
	assert_int_equal(get(GICR + 0x14, 4), 6);
	assert_int_equal(get_d(0xffd0), 0x44);
	assert_int_equal(get(GICR + 0xffd0, 4), 0x44);
}

/* Sizes that a register has, sizes that read as zero, and what is outside of the frames or not aligned. */
static void test_sizes(void **state)
{
	enum { GOOD, ZERO, NONE };
	static const struct {
		uint64_t ipa;
		unsigned size, what;
	} t[] = {
	    {GICD, 1, ZERO},           {GICD, 2, ZERO},           {GICD, 4, GOOD},           {GICD, 8, ZERO},
	    {GICD + 2, 4, NONE},       {GICD + 0x423, 1, GOOD},   {GICD + 0x420, 2, ZERO},   {GICD + 0x422, 4, NONE},
	    {GICD + 0x420, 8, ZERO},   {GICD + 0x6100, 8, GOOD},  {GICD + 0x6104, 4, GOOD},  {GICD + 0x6104, 8, NONE},
	    {GICD + 0x60f8, 8, ZERO},  {GICD + 0x60f8, 4, ZERO},  {GICD + 0x6100, 2, ZERO},  {GICD + 0x7fd8, 8, GOOD},
	    {GICD + 0x7fe0, 8, ZERO},  {GICD + 0x104, 8, NONE},   {GICD + 0xfffc, 4, GOOD},  {GICD + 0x10000, 4, NONE},
	    {GICD - 4, 4, NONE},       {GICD + 0x7fb, 1, GOOD},   {GICD + 0x7fc, 1, ZERO},   {GICD, 3, NONE},
	    {GICD, 0, NONE},           {GICR + 8, 8, GOOD},       {GICR + 0x100, 8, ZERO},   {GICR + 0x10100, 8, ZERO},
	    {GICR + 0x10100, 2, ZERO}, {GICR + 0x10100, 1, ZERO}, {GICR + 0x10400, 1, GOOD}, {GICR + 0x400, 1, ZERO},
	    {GICR + 0x1041f, 1, GOOD}, {GICR + 0x10420, 1, ZERO}, {GICR + 0x5fffc, 4, GOOD}, {GICR + 0x60000, 4, NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		uint64_t value = 1;

		assert_int_equal(guest_gic_write(&gic, 0, t[i].ipa, t[i].size, ~0ull), t[i].what != NONE);
		assert_int_equal(guest_gic_read(&gic, 0, t[i].ipa, t[i].size, &value), t[i].what != NONE);
		if (t[i].what == ZERO)
			assert_int_equal(value, 0);
		else if (t[i].ipa == GICD && t[i].what == GOOD)
			assert_int_equal(value, 0x53); /* only this one was written */
	}
}

/* A group that GICD_CTLR has off holds its interrupts; Group 0 is signalled like Group 1, and the kernel is told. */
static void test_groups(void **state)
{
	(void)state;
	ready(40, true);
	put_d(CTLR, 1);
	guest_gic_pulse(&gic, 40);
	assert_int_equal(acknowledge(0), 0);
	assert_true(get_bit(ISPENDR, 40));
	set_group(40, false);
	assert_true(signalled(0, 40));
	assert_int_equal(kernel.spi[0][40].priority, 0xa0 | VIRQ_GROUP0);
	set_group(40, true);
	assert_false(signalled(0, 40));
	put_d(CTLR, 3);
	assert_int_equal(kernel.spi[0][40].priority, 0xa0);
	put_d(CTLR, 1);
	assert_false(signalled(0, 40));
	put_d(CTLR, 2);
	assert_int_equal(acknowledge(0), 40);
}

static void test_storage(void **state)
{
	(void)state;
	put_d(IGROUPR, ~0u); /* INTIDs 0 to 31 belong to the redistributors */
	assert_int_equal(get_d(IGROUPR), 0);
	put_d(IGROUPR + 4, 0x5a5a5a5a);
	assert_int_equal(get_d(IGROUPR + 4), 0x5a5a5a5a);
	put_d(IGROUPR + 12, ~0u); /* beyond INTIDS */
	assert_int_equal(get_d(IGROUPR + 12), 0);
	put_d(ISENABLER + 8, 0xff);
	put_d(ICENABLER + 8, 0x0f);
	assert_int_equal(get_d(ISENABLER + 8), 0xf0);
	assert_int_equal(get_d(ICENABLER + 8), 0xf0);
	put_d(IPRIORITYR + 40, 0xffe1d0a7);
	assert_int_equal(get_d(IPRIORITYR + 40), 0xf8e0d0a0);
	put(GICD + IPRIORITYR + 41, 1, 0x1f);
	assert_int_equal(get(GICD + IPRIORITYR + 41, 1), 0x18);
	assert_int_equal(get_d(IPRIORITYR + 40), 0xf8e018a0);
	put_d(IPRIORITYR + 4, ~0u);
	assert_int_equal(get_d(IPRIORITYR + 4), 0);
	put_d(ICFGR + 12, 0xf0f0f0f0);
	assert_int_equal(get_d(ICFGR + 12), 0xa0a0a0a0);
	assert_int_equal(get_d(ICFGR + 8), 0);
	put_d(ICFGR, ~0u);
	assert_int_equal(get_d(ICFGR), 0);
	put(GICD + IROUTER + 8 * 40, 8, ~0ull);
	assert_int_equal(get(GICD + IROUTER + 8 * 40, 8), 0xff80ffffff);
	put(GICD + IROUTER + 8 * 40 + 4, 4, 0x12);
	assert_int_equal(get(GICD + IROUTER + 8 * 40, 8), 0x1280ffffff);
	put(GICD + IROUTER + 8 * 40, 4, 0x345);
	assert_int_equal(get(GICD + IROUTER + 8 * 40, 8), 0x1200000345);
	assert_int_equal(get(GICD + IROUTER + 8 * 40 + 4, 4), 0x12);
	put_d(0xd04, ~0u); /* IGRPMODR and NSACR */
	put_d(0xe04, ~0u);
	assert_int_equal(get_d(0xd04) | get_d(0xe04), 0);
	put_d(CTLR, 2);
	guest_gic_reset(&gic);
	assert_int_equal(get_d(CTLR), 0x50);
	assert_int_equal(get_d(IGROUPR + 4) | get_d(ISENABLER + 8) | get_d(ICFGR + 12) | get_d(IPRIORITYR + 40), 0);
	assert_int_equal(get(GICD + IROUTER + 8 * 40, 8), 0);
}

static void test_private(void **state)
{
	const uint64_t sgi = GICR + QVM_GICR_BYTES + 0x10000; /* of vCPU 1 */
	uint32_t *s = kernel.state[1];

	(void)state;
	put(sgi + IGROUPR, 4, 0xffff1234);
	assert_int_equal(s[VPRIV_GROUP], 0xffff1234);
	put(sgi + ISENABLER, 4, 0x00ff00ff);
	put(sgi + ICENABLER, 4, 0x000f000f);
	assert_int_equal(s[VPRIV_ENABLE], 0x00f000f0);
	assert_int_equal(get(sgi + ICENABLER, 4), 0x00f000f0);
	put(sgi + ISPENDR, 4, 0x30000);
	put(sgi + ICPENDR, 4, 0x10000);
	assert_int_equal(get(sgi + ISPENDR, 4), 0x20000);
	put(sgi + ISACTIVER, 4, 0x300);
	put(sgi + ICACTIVER, 4, 0x200);
	assert_int_equal(s[VPRIV_ACTIVE], 0x100);
	put(sgi + IPRIORITYR + 0x18, 4, 0xa7a6a5ff);
	assert_int_equal(s[VPRIV_PRIO0 + 6], 0xa0a0a0f8);
	put(sgi + IPRIORITYR + 0x1a, 1, 0x47);
	assert_int_equal(s[VPRIV_PRIO0 + 6], 0xa040a0f8);
	assert_int_equal(get(sgi + IPRIORITYR + 0x1a, 1), 0x40);
	s[VPRIV_CONFIG] = 0xffff;
	assert_int_equal(get(sgi + ICFGR, 4), 0xaaaaaaaa);
	put(sgi + ICFGR, 4, 0);
	put(sgi + ICFGR + 4, 4, 0x80000002);
	assert_int_equal(s[VPRIV_CONFIG], 0x8001ffff);
	assert_int_equal(get(sgi + ICFGR + 4, 4), 0x80000002);
	assert_int_equal(get(sgi + 0xd00, 4) | get(sgi + 0xe00, 4), 0);
	put(sgi + ISENABLER + 4, 4, ~0u); /* reserved: there are no extended PPIs */
	assert_int_equal(s[VPRIV_ENABLE], 0x00f000f0);
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(kernel.state[0][i] | kernel.state[2][i], 0);
}

/* --- Delivery --- */

static void test_level(void **state)
{
	(void)state;
	ready(40, false);
	guest_gic_set_line(&gic, 40, true);
	assert_true(signalled(0, 40));
	assert_int_equal(kernel.spi[0][40].priority, 0xa0);
	assert_true(get_bit(ISPENDR, 40));
	assert_int_equal(acknowledge(0), 40);
	assert_true(get_bit(ISACTIVER, 40));
	complete(0, 40); /* the line is still high */
	assert_int_equal(acknowledge(0), 40);
	kernel.calls = 0;
	guest_gic_set_line(&gic, 40, false);
	assert_int_equal(kernel.calls, 1);
	assert_false(get_bit(ISPENDR, 40));
	complete(0, 40);
	assert_int_equal(acknowledge(0), 0);
	assert_false(get_bit(ISACTIVER, 40));
	kernel.calls = 0;
	guest_gic_set_line(&gic, 40, true);
	guest_gic_set_line(&gic, 40, true);
	assert_int_equal(kernel.calls, 1);
	put_bit(ICPENDR, 40); /* no effect while the line is high */
	assert_true(signalled(0, 40));
	guest_gic_set_line(&gic, 40, false);
	assert_false(signalled(0, 40));
}

static void test_edge(void **state)
{
	(void)state;
	ready(41, true);
	guest_gic_set_line(&gic, 41, true);
	guest_gic_set_line(&gic, 41, false);
	assert_int_equal(acknowledge(0), 41);
	guest_gic_pulse(&gic, 41);
	assert_int_equal(state_of(&kernel.spi[0][41]), VIRQ_PENDING | VIRQ_ACTIVE);
	complete(0, 41);
	assert_int_equal(acknowledge(0), 41);
	complete(0, 41);
	assert_int_equal(acknowledge(0), 0);
	put_bit(ICENABLER, 41);
	guest_gic_pulse(&gic, 41);
	assert_true(get_bit(ICPENDR, 41));
	assert_false(signalled(0, 41));
	put_bit(ICPENDR, 41);
	put_bit(ISENABLER, 41);
	assert_false(signalled(0, 41));
	kernel.calls = 0;
	guest_gic_pulse(&gic, 41);
	assert_int_equal(kernel.calls, 1);
	assert_true(signalled(0, 41));
}

/* Whatever makes an SPI ineligible takes it back, and it comes again afterwards. */
static void test_withdrawal(void **state)
{
	(void)state;
	for (unsigned edge = 0; edge < 2; edge++) {
		setup(NULL);
		ready(50, edge);
		if (edge)
			guest_gic_pulse(&gic, 50);
		else
			guest_gic_set_line(&gic, 50, true);
		put_bit(ICENABLER, 50);
		assert_false(signalled(0, 50));
		assert_true(get_bit(ISPENDR, 50));
		put_bit(ISENABLER, 50);
		assert_true(signalled(0, 50));
		put_d(CTLR, 0);
		assert_false(signalled(0, 50));
		put_d(CTLR, 2);
		assert_true(signalled(0, 50));
		set_group(50, false);
		assert_false(signalled(0, 50));
		set_group(50, true);
		assert_true(signalled(0, 50));
		put(GICD + IPRIORITYR + 50, 1, 0x20);
		assert_int_equal(kernel.spi[0][50].priority, 0x20);
		put(GICD + IROUTER + 8 * 50, 8, 0x100);
		assert_true(!signalled(0, 50) && signalled(2, 50));
		put(GICD + IROUTER + 8 * 50, 8, 0x200); /* nobody */
		assert_true(!signalled(0, 50) && !signalled(2, 50) && get_bit(ISPENDR, 50));
		put(GICD + IROUTER + 8 * 50, 8, 1);
		assert_true(signalled(1, 50));
		put_bit(ISACTIVER, 50);
		assert_true(!signalled(1, 50) && get_bit(ISACTIVER, 50) && get_bit(ISPENDR, 50));
		put_bit(ICACTIVER, 50);
		assert_true(signalled(1, 50) && !get_bit(ISACTIVER, 50));
		guest_gic_reset(&gic);
		assert_false(signalled(1, 50));
		assert_int_equal(get_bit(ISPENDR, 50), !edge); /* a line outlives the reset, a latch does not */
		ready(50, edge);
		guest_gic_pulse(&gic, 50);
		assert_false(signalled(0, 50)); /* nobody is on */
		guest_gic_power(&gic, 0, true);
		assert_true(signalled(0, 50));
	}
}

static void test_disable_while_active(void **state)
{
	(void)state;
	ready(60, false);
	guest_gic_set_line(&gic, 60, true);
	assert_int_equal(acknowledge(0), 60);
	put_bit(ICENABLER, 60); /* as a threaded handler does */
	assert_true(get_bit(ISACTIVER, 60));
	put(GICD + IROUTER + 8 * 60, 8, 1);
	complete(0, 60);
	assert_int_equal(acknowledge(0), 0);
	put_bit(ISENABLER, 60);
	assert_int_equal(acknowledge(1), 60);
	put_bit(ICACTIVER, 60);
	assert_false(kernel.spi[1][60].active);
	assert_true(signalled(1, 60));
}

/* The kernel signals a line again by itself: it must know the new priority. */
static void test_priority_while_active(void **state)
{
	(void)state;
	ready(61, false);
	guest_gic_set_line(&gic, 61, true);
	assert_int_equal(acknowledge(0), 61);
	put(GICD + IPRIORITYR + 61, 1, 0x40);
	assert_true(kernel.spi[0][61].active);
	complete(0, 61);
	assert_true(signalled(0, 61));
	assert_int_equal(kernel.spi[0][61].priority, 0x40);
}

static void test_power(void **state)
{
	(void)state;
	ready(70, true);
	ready(71, true);
	put(GICD + IROUTER + 8 * 70, 8, 1);
	put(GICD + IROUTER + 8 * 71, 8, 1ull << 31);
	guest_gic_power(&gic, 1, false);
	guest_gic_pulse(&gic, 70);
	guest_gic_pulse(&gic, 71);
	assert_true(!signalled(1, 70) && signalled(0, 71));
	guest_gic_power(&gic, 1, true);
	assert_true(signalled(1, 70));
	guest_gic_power(&gic, 0, false);
	assert_true(!signalled(0, 71) && signalled(1, 71));
	guest_gic_power(&gic, 1, false);
	guest_gic_power(&gic, 2, false);
	for (unsigned v = 0; v < VCPUS; v++)
		assert_true(!signalled(v, 70) && !signalled(v, 71));
	assert_true(get_bit(ISPENDR, 70) && get_bit(ISPENDR, 71));
	guest_gic_power(&gic, 99, true);
	guest_gic_power(&gic, 2, true);
	assert_true(signalled(2, 71));
}

static void test_no_room(void **state)
{
	unsigned taken = 0;

	(void)state;
	kernel.room = 4;
	for (unsigned i = 32; i < INTIDS; i++) {
		ready(i, i % 2);
		if (i % 2)
			guest_gic_pulse(&gic, i);
		else
			guest_gic_set_line(&gic, i, true);
	}
	assert_int_equal(get_d(ISPENDR + 4), ~0u);
	for (unsigned round = 0; round < INTIDS; round++) {
		unsigned intid = acknowledge(0);

		if (!intid)
			break;
		if (intid % 2 == 0)
			guest_gic_set_line(&gic, intid, false);
		complete(0, intid);
		guest_gic_retry(&gic);
		taken++;
	}
	assert_int_equal(taken, INTIDS - 32);
	assert_int_equal(get_d(ISPENDR + 4) | get_d(ISPENDR + 8), 0);
	assert_false(gic.refused);
}

static void test_not_an_spi(void **state)
{
	static const unsigned wrong[] = {0, 31, INTIDS, 1019, 1020, 5000, ~0u};

	(void)state;
	put_d(CTLR, 2);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		guest_gic_set_line(&gic, wrong[i], true);
		guest_gic_pulse(&gic, wrong[i]);
	}
	assert_int_equal(kernel.calls, 0);
	for (unsigned w = 0; w < GUEST_GIC_WORDS; w++)
		assert_int_equal(gic.line[w] | gic.latch[w], 0);
}

/* --- Random operations against a reference --- */

/* What the architecture says of one SPI. `cpu` is where it is, or was last, active. */
struct reference {
	bool enable, group, edge, line, latch, active, soft_active, old_priority;
	unsigned cpu;
	uint8_t priority;
	uint64_t route;
};

static struct reference ref[INTIDS];
static unsigned ref_ctlr; /* EnableGrp0 and EnableGrp1 */
static bool ref_on[VCPUS];

static uint32_t random_state;

static unsigned rnd(unsigned limit)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % limit;
}

static bool forwarded(const struct reference *r)
{
	return (ref_ctlr & (r->group ? 2 : 1)) && r->enable && !r->soft_active;
}

static bool pending(const struct reference *r)
{
	return r->latch || (r->line && !r->edge);
}

static bool leads_to(const struct reference *r, unsigned vcpu)
{
	return ref_on[vcpu] && (r->route >> 31 || r->route == config.affinity[vcpu]);
}

static void check_spi(unsigned i)
{
	const struct reference *r = &ref[i];
	unsigned count = 0, targets = 0;
	bool stays = false;

	for (unsigned v = 0; v < VCPUS; v++) {
		bool target = leads_to(r, v);

		targets += target;
		if (!signalled(v, i))
			continue;
		count++;
		/* Pending again since it was active elsewhere: it may come there once more. */
		stays = ref_on[v] && r->cpu == v;
		assert_true(target || stays);
		if (!r->old_priority)
			assert_int_equal(kernel.spi[v][i].priority, r->priority | (r->group ? 0 : VIRQ_GROUP0));
	}
	if (forwarded(r) && pending(r) && !r->active)
		assert_true(count == 1 || (count == 0 && targets == 0));
	else
		assert_int_equal(count, 0);
}

static void check_all(void)
{
	for (unsigned w = 1; w < INTIDS / 32; w++) {
		uint32_t p = 0, a = 0;

		for (unsigned i = w * 32; i < w * 32 + 32; i++) {
			check_spi(i);
			p |= pending(&ref[i]) ? bit(i) : 0;
			a |= ref[i].active || ref[i].soft_active ? bit(i) : 0;
		}
		assert_int_equal(get_d(ISPENDR + 4 * w), p);
		assert_int_equal(get_d(ISACTIVER + 4 * w), a);
	}
}

static void ref_quiet(struct reference *r)
{
	if (!r->active && !pending(r))
		r->old_priority = false;
}

static void do_line(unsigned i)
{
	struct reference *r = &ref[i];
	bool level = rnd(2);

	if (level && !r->line && r->edge)
		r->latch = true;
	r->line = level;
	guest_gic_set_line(&gic, i, level);
}

static void do_pulse(unsigned i)
{
	ref[i].latch = true;
	guest_gic_pulse(&gic, i);
}

static void do_enable(unsigned i)
{
	ref[i].enable = true;
	put_bit(ISENABLER, i);
}

static void do_disable(unsigned i)
{
	ref[i].enable = false;
	put_bit(ICENABLER, i);
}

static void do_group(unsigned i)
{
	bool one = rnd(4) != 0;

	ref[i].group = one;
	ref[i].old_priority |= ref[i].active;
	set_group(i, one);
}

static void do_config(unsigned i)
{
	bool edge = rnd(2);

	ref[i].edge = edge;
	set_edge(i, edge);
}

static void do_set_pending(unsigned i)
{
	ref[i].latch = true;
	put_bit(ISPENDR, i);
}

static void do_clear_pending(unsigned i)
{
	ref[i].latch = false;
	put_bit(ICPENDR, i);
}

static void do_set_active(unsigned i)
{
	if (!ref[i].active)
		ref[i].soft_active = true;
	put_bit(ISACTIVER, i);
}

static void do_clear_active(unsigned i)
{
	ref[i].active = ref[i].soft_active = false;
	put_bit(ICACTIVER, i);
}

static void do_priority(unsigned i)
{
	uint8_t priority = (uint8_t)rnd(256);

	ref[i].priority = priority & 0xf8;
	ref[i].old_priority |= ref[i].active;
	put(GICD + IPRIORITYR + i, 1, priority);
}

static void do_route(unsigned i)
{
	static const uint64_t routes[] = {0, 1, 0x100, 0x200, 1ull << 31};

	ref[i].route = routes[rnd(5)];
	put(GICD + IROUTER + 8 * i, 8, ref[i].route);
}

static void do_control(unsigned i)
{
	unsigned on = rnd(3) ? 3 : rnd(4);

	if (i % 8)
		return;
	ref_ctlr = on;
	put_d(CTLR, on);
}

static void do_power(unsigned i)
{
	unsigned v = i % VCPUS;

	if (rnd(8))
		return;
	ref_on[v] = !ref_on[v];
	for (unsigned n = 32; !ref_on[v] && n < INTIDS; n++) {
		if (ref[n].cpu == v)
			ref[n].active = false;
	}
	guest_gic_power(&gic, v, ref_on[v]);
}

static void do_acknowledge(unsigned i)
{
	unsigned v = i % VCPUS, intid = acknowledge(v);

	if (!intid)
		return;
	ref[intid].latch = false;
	ref[intid].active = true;
	ref[intid].cpu = v;
}

static void do_complete(unsigned i)
{
	struct reference *r = &ref[i];

	if (!r->active)
		return;
	r->active = false;
	complete(r->cpu, i);
}

static void (*const operations[])(unsigned) = {
    do_line,        do_pulse,         do_enable,     do_disable,      do_group,    do_config,
    do_set_pending, do_clear_pending, do_set_active, do_clear_active, do_priority, do_route,
    do_control,     do_power,         do_line,       do_pulse,        do_enable,   do_acknowledge,
    do_acknowledge, do_acknowledge,   do_complete,   do_complete,     do_complete, do_clear_active,
};

static void test_random(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 40; seed++) {
		random_state = seed;
		setup(NULL);
		memset(ref, 0, sizeof(ref));
		ref_ctlr = 0;
		for (unsigned v = 0; v < VCPUS; v++)
			ref_on[v] = true;
		for (unsigned step = 0; step < 4000; step++) {
			unsigned i = 32 + rnd(seed % 2 ? 6 : INTIDS - 32);

			operations[rnd(sizeof(operations) / sizeof(operations[0]))](i);
			for (unsigned n = 32; n < INTIDS; n++)
				ref_quiet(&ref[n]);
			if (seed % 3)
				check_all();
			else
				check_spi(i); /* without reads, which settle the state */
		}
		check_all();
	}
}

/* Nothing that a guest writes anywhere in the frames does harm. */
static void test_random_accesses(void **state)
{
	(void)state;
	random_state = 7;
	for (unsigned n = 0; n < 200000; n++) {
		uint64_t ipa = (rnd(2) ? GICD : GICR) + rnd(rnd(2) ? 0x1000 : 0x70000), value;
		unsigned size = 1u << rnd(4);

		if (rnd(2))
			guest_gic_write(&gic, rnd(VCPUS), ipa & ~(uint64_t)(rnd(2) ? 3 : 0), size,
					rnd(~0u) * 0x100000001ull);
		else
			guest_gic_read(&gic, rnd(VCPUS), ipa, size, &value);
		if (rnd(16) == 0)
			acknowledge(rnd(VCPUS));
	}
	for (unsigned w = 0; w < INTIDS / 32; w++)
		assert_int_equal(gic.enable[w] & ~get_d(ISENABLER + 4 * w), 0);
	for (unsigned w = INTIDS / 32; w < GUEST_GIC_WORDS; w++)
		assert_int_equal(gic.enable[w] | gic.latch[w] | gic.active[w] | gic.placed[w], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_configuration, setup),
	    cmocka_unit_test_setup(test_identification, setup),
	    cmocka_unit_test_setup(test_sizes, setup),
	    cmocka_unit_test_setup(test_groups, setup),
	    cmocka_unit_test_setup(test_storage, setup),
	    cmocka_unit_test_setup(test_private, setup),
	    cmocka_unit_test_setup(test_level, setup),
	    cmocka_unit_test_setup(test_edge, setup),
	    cmocka_unit_test_setup(test_withdrawal, setup),
	    cmocka_unit_test_setup(test_disable_while_active, setup),
	    cmocka_unit_test_setup(test_priority_while_active, setup),
	    cmocka_unit_test_setup(test_power, setup),
	    cmocka_unit_test_setup(test_no_room, setup),
	    cmocka_unit_test_setup(test_not_an_spi, setup),
	    cmocka_unit_test_setup(test_random, setup),
	    cmocka_unit_test_setup(test_random_accesses, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
