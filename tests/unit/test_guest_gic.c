/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/arch/aarch64/guest_gic.c qvm/arch/aarch64/spi.c qvm/arch/aarch64/gic_frames.c */
/* SOURCES: qvm/arch/aarch64/spi_line.c qvm/arch/aarch64/gic_registers.c tests/unit/guest_gic */
/*
 * qvm's half of the GIC against a model of the kernel's half: the registers one by one, then random operations whose
 * effect is compared with a reference that knows only what the architecture says of one interrupt.
 */
#include "guest_gic/model.h"

struct kernel kernel;

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
	kernel.private_calls++;
	*state = (*state & ~mask) | (value & mask);
	if (which >= VPRIV_PRIO0)
		*state &= 0xf8f8f8f8;
	*result = *state;
	if (which == VPRIV_CONFIG) {
		*result = 0;
		for (unsigned i = 16; i < 32; i++)
			*result |= *state >> i & 1 ? 2u << (i - 16) * 2 : 0;
	}
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

int state_of(const struct virq *q)
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

const struct guest_gic_ops model_ops = {model_private, model_line, model_inject, model_withdraw, model_query, NULL};

bool signalled(unsigned vcpu, unsigned intid)
{
	return state_of(&kernel.spi[vcpu][intid]) == VIRQ_PENDING;
}

unsigned acknowledge(unsigned vcpu)
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

void complete(unsigned vcpu, unsigned intid)
{
	assert_true(kernel.spi[vcpu][intid].active);
	kernel.spi[vcpu][intid].active = false;
}

struct guest_gic gic;
const struct guest_gic_config config = {
    .gicd = GICD, .gicr = GICR, .vcpus = VCPUS, .affinity = {0, 1, 0x100}, .lock = &gic_lock, .intids = INTIDS};

uint64_t get_register(uint64_t ipa, unsigned size)
{
	uint64_t value = ~0ull;

	assert_true(guest_gic_read(&gic, 0, ipa, size, &value));
	return value;
}

void put_register(uint64_t ipa, unsigned size, uint64_t value)
{
	assert_true(guest_gic_write(&gic, 0, ipa, size, value));
}

uint32_t get_d(uint32_t offset)
{
	return (uint32_t)get_register(GICD + offset, 4);
}

void put_d(uint32_t offset, uint32_t value)
{
	put_register(GICD + offset, 4, value);
}

uint32_t bit(unsigned intid)
{
	return 1u << (intid % 32);
}

void put_bit(uint32_t bank, unsigned intid)
{
	put_d(bank + intid / 32 * 4, bit(intid));
}

bool get_bit(uint32_t bank, unsigned intid)
{
	return get_d(bank + intid / 32 * 4) & bit(intid);
}

void set_group(unsigned intid, bool one)
{
	uint32_t offset = IGROUPR + intid / 32 * 4, value = get_d(offset) & ~bit(intid);

	put_d(offset, value | (one ? bit(intid) : 0));
}

void set_edge(unsigned intid, bool edge)
{
	uint32_t offset = ICFGR + intid / 16 * 4, mask = 2u << (intid % 16 * 2);

	put_d(offset, (get_d(offset) & ~mask) | (edge ? mask : 0));
}

int setup(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.room = INTIDS;
	assert_true(guest_gic_init(&gic, &config, &model_ops, &kernel));
	for (unsigned v = 0; v < VCPUS; v++)
		guest_gic_power(&gic, v, true);
	return 0;
}

void ready(unsigned intid, bool edge)
{
	put_d(CTLR, 2);
	set_group(intid, true);
	set_edge(intid, edge);
	put_register(GICD + IPRIORITYR + intid, 1, 0xa0);
	put_bit(ISENABLER, intid);
}

int main(void)
{
	return register_tests() + delivery_tests() + random_tests();
}
