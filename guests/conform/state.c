/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One interrupt in each of its four states, and each thing that can be done to it, by the virtual CPU whose it is and
 * by the other one: what its registers show then, and whether it is signalled (IHI 0069, 4.1.2).
 */
#include "conform.h"

/* What is seen afterwards. */
#define SEEN_PENDING  1u  /* in ISPENDR */
#define SEEN_ACTIVE   2u  /* in ISACTIVER */
#define SEEN_ENABLED  4u  /* in ISENABLER */
#define SEEN_HIGHEST  8u  /* ICC_HPPIR1_EL1 has its INTID */
#define SEEN_SIGNAL   16u /* ISR_EL1.I */
#define SEEN_ACK(iar) ((iar) << 8)

enum line { LINE_NONE, LINE_VIRTUAL, LINE_PHYSICAL };

static const struct kind {
	const char *name;
	uint32_t intid;
	bool edge;
	enum line line;
	bool high; /* the timer's output */
} kinds[] = {
    {"sgi", 3, true, LINE_NONE, false},
    {"ppi_edge", 20, true, LINE_NONE, false},
    {"ppi_level", 20, false, LINE_NONE, false},
    {"vtimer_low", 27, false, LINE_VIRTUAL, false},
    {"vtimer_high", 27, false, LINE_VIRTUAL, true},
    {"ptimer_low", 30, false, LINE_PHYSICAL, false},
    {"ptimer_high", 30, false, LINE_PHYSICAL, true},
    {"spi_edge", 42, true, LINE_NONE, false},
    {"spi_level", 42, false, LINE_NONE, false},
};

static const struct start {
	const char *name;
	bool pending, active;
} starts[] = {
    {"inactive", false, false}, {"pending", true, false}, {"active", false, true}, {"active_pending", true, true}};

/* What the interrupt controller should hold: the model. */
struct model {
	bool latch, active, enabled, edge, high;
};

enum event { SET_PENDING, CLEAR_PENDING, SET_ACTIVE, CLEAR_ACTIVE, ENABLE, DISABLE, ACKNOWLEDGE, SEND };
static const struct event_name {
	const char *name;
	unsigned int bank; /* 0: it is not an access to a register of the GIC's frames */
} events[] = {
    [SET_PENDING] = {"ispendr", BANK_ISPENDR},
    [CLEAR_PENDING] = {"icpendr", BANK_ICPENDR},
    [SET_ACTIVE] = {"isactiver", BANK_ISACTIVER},
    [CLEAR_ACTIVE] = {"icactiver", BANK_ICACTIVER},
    [ENABLE] = {"isenabler", BANK_ISENABLER},
    [DISABLE] = {"icenabler", BANK_ICENABLER},
    [ACKNOWLEDGE] = {"iar", 0},
    [SEND] = {"sgi1r", 0},
};

static void drive(const struct kind *k, bool high)
{
	if (k->line == LINE_VIRTUAL) {
		WRITE_REG("cntv_cval_el0", high ? 0 : ~0ull);
		WRITE_REG("cntv_ctl_el0", 1);
	} else if (k->line == LINE_PHYSICAL) {
		WRITE_REG("cntp_cval_el0", high ? 0 : ~0ull);
		WRITE_REG("cntp_ctl_el0", 1);
	}
	isb();
}

static void prepare(const struct kind *k, const struct start *s, struct model *m)
{
	gic_configure(0, k->intid, k->edge);
	if (k->intid >= 32)
		write_sized(GICD(GICD_IROUTER + 8 * k->intid), 8, 0);
	gic_set(0, BANK_ISENABLER, k->intid);
	drive(k, k->high);
	if (s->active)
		gic_set(0, BANK_ISACTIVER, k->intid);
	if (s->pending)
		gic_set(0, BANK_ISPENDR, k->intid);
	*m =
	    (struct model){.latch = s->pending, .active = s->active, .enabled = true, .edge = k->edge, .high = k->high};
}

static void clean(const struct kind *k)
{
	WRITE_REG("cntv_ctl_el0", 0);
	WRITE_REG("cntp_ctl_el0", 0);
	WRITE_REG("icc_ap1r0_el1", 0);
	isb();
	gic_set(0, BANK_ICENABLER, k->intid);
	gic_set(0, BANK_ICACTIVER, k->intid);
	gic_set(0, BANK_ICPENDR, k->intid);
}

static bool pending(const struct model *m)
{
	return m->latch || (!m->edge && m->high);
}

static uint32_t happen(const struct kind *k, struct model *m, enum event e)
{
	uint32_t seen = 0;

	switch (e) {
	case SEND:
	case SET_PENDING: m->latch = true; break;
	case CLEAR_PENDING: m->latch = false; break;
	case SET_ACTIVE: m->active = true; break;
	case CLEAR_ACTIVE: m->active = false; break;
	case ENABLE: m->enabled = true; break;
	case DISABLE: m->enabled = false; break;
	case ACKNOWLEDGE:
		if (m->enabled && !m->active && pending(m)) {
			seen = SEEN_ACK(k->intid);
			m->latch = false;
			m->active = true;
		} else {
			seen = SEEN_ACK(1023);
		}
	}
	return seen;
}

static uint32_t right(const struct model *m)
{
	bool signalled = m->enabled && !m->active && pending(m);

	return (pending(m) ? SEEN_PENDING : 0) | (m->active ? SEEN_ACTIVE : 0) | (m->enabled ? SEEN_ENABLED : 0) |
	       (signalled ? SEEN_HIGHEST | SEEN_SIGNAL : 0);
}

static uint32_t look(const struct kind *k)
{
	return (gic_bit(0, BANK_ISPENDR, k->intid) ? SEEN_PENDING : 0) |
	       (gic_bit(0, BANK_ISACTIVER, k->intid) ? SEEN_ACTIVE : 0) |
	       (gic_bit(0, BANK_ISENABLER, k->intid) ? SEEN_ENABLED : 0) |
	       (READ_REG("icc_hppir1_el1") == k->intid ? SEEN_HIGHEST : 0) |
	       (READ_REG("isr_el1") & 0x80 ? SEEN_SIGNAL : 0);
}

static uint64_t set_other(uint64_t bank, uint64_t intid)
{
	gic_set(0, (unsigned int)bank, (uint32_t)intid);
	return 0;
}

static uint64_t send_other(uint64_t cpu, uint64_t intid)
{
	gic_send_sgi((unsigned int)cpu, (uint32_t)intid);
	return 0;
}

static uint32_t do_event(const struct kind *k, enum event e, bool by_other)
{
	uint32_t seen = 0;

	if (e == ACKNOWLEDGE)
		seen = SEEN_ACK((uint32_t)READ_REG("icc_iar1_el1"));
	else if (e == SEND && by_other)
		other(send_other, 0, k->intid);
	else if (e == SEND)
		gic_send_sgi(0, k->intid);
	else if (by_other)
		other(set_other, events[e].bank, k->intid);
	else
		gic_set(0, events[e].bank, k->intid);
	dsb();
	isb();
	pause_us(by_other ? 200 : 5);
	return seen;
}

static void one(const struct kind *k, const struct start *s, enum event e, bool by_other)
{
	struct model m;
	uint32_t seen, expected;

	if (!CHECK(k->name, s->name, events[e].name, by_other ? "other" : "own"))
		return;
	prepare(k, s, &m);
	expected = happen(k, &m, e);
	seen = do_event(k, e, by_other);
	found_right(seen | look(k), expected | right(&m));
	clean(k);
}

void check_state(void)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (size_t j = 0; j < sizeof(starts) / sizeof(starts[0]); j++) {
			for (enum event e = SET_PENDING; e <= SEND; e++) {
				if (e == SEND && kinds[i].intid >= 16)
					continue;
				one(&kinds[i], &starts[j], e, false);
				if (e != ACKNOWLEDGE)
					one(&kinds[i], &starts[j], e, true);
			}
		}
	}
	gic_clean();
}
