/* SPDX-License-Identifier: Apache-2.0 */
/* Random operations, with a reference that knows what the architecture says of one interrupt; random accesses. */
#include "model.h"

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
	return random_below(&random_state, limit);
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
	put_register(GICD + IPRIORITYR + i, 1, priority);
}

static void do_route(unsigned i)
{
	static const uint64_t routes[] = {0, 1, 0x100, 0x200, 1ull << 31};

	ref[i].route = routes[rnd(5)];
	put_register(GICD + IROUTER + 8 * i, 8, ref[i].route);
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

static void random_operations_agree_with_the_reference(void **state)
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
static void random_accesses_do_no_harm(void **state)
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
		assert_int_equal(gic.enable[w] | gic.held[w].latch | gic.active[w] | gic.held[w].placed, 0);
}

int random_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(random_operations_agree_with_the_reference),
	    CASE(random_accesses_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
