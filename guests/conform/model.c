/* SPDX-License-Identifier: Apache-2.0 */
/* States of an interrupt: IHI 0069, 4.1.2; priorities 4.8; completion 4.4. */
#include "model.h"

#define SPURIOUS 1023u
#define IDLE     0xffu

void model_reset(struct model *m)
{
	*m = (struct model){.mask = 0xf0};
	for (uint32_t i = 0; i < MODEL_INTIDS; i++) {
		m->irq[i].prio = 0xa0;
		m->irq[i].edge = i < 16;
	}
}

static bool pending(const struct model *m, uint32_t i)
{
	return m->irq[i].latch || (!m->irq[i].edge && m->irq[i].line);
}

static uint32_t running(const struct model *m)
{
	return m->priorities ? (uint32_t)__builtin_ctz(m->priorities) << 3 : IDLE;
}

static uint32_t highest(const struct model *m)
{
	uint32_t best = SPURIOUS, prio = 0x100;

	for (uint32_t i = 0; i < MODEL_INTIDS; i++) {
		if (m->irq[i].enabled && !m->irq[i].active && pending(m, i) && m->irq[i].prio < prio) {
			best = i;
			prio = m->irq[i].prio;
		}
	}
	return best;
}

static bool signalled(const struct model *m, uint32_t i)
{
	return i != SPURIOUS && m->irq[i].prio < m->mask && m->irq[i].prio < running(m);
}

static uint32_t acknowledge(struct model *m)
{
	uint32_t i = highest(m);

	if (!signalled(m, i))
		return SPURIOUS;
	m->irq[i].latch = false;
	m->irq[i].active = true;
	m->priorities |= 1u << (m->irq[i].prio >> 3);
	return i;
}

static void end(struct model *m, uint32_t i)
{
	if (!m->priorities)
		return;
	m->priorities &= m->priorities - 1;
	if (!m->split)
		m->irq[i].active = false;
}

uint32_t model_step(struct model *m, const struct step *s)
{
	uint32_t i = s->intid;

	switch (s->op) {
	case OP_ENABLE:
	case OP_DISABLE: m->irq[i].enabled = s->op == OP_ENABLE; break;
	case OP_SEND:
	case OP_SET_PENDING:
	case OP_CLEAR_PENDING: m->irq[i].latch = s->op != OP_CLEAR_PENDING; break;
	case OP_SET_ACTIVE:
	case OP_CLEAR_ACTIVE: m->irq[i].active = s->op == OP_SET_ACTIVE; break;
	case OP_ACKNOWLEDGE: return acknowledge(m);
	case OP_END: end(m, i); break;
	case OP_DEACTIVATE:
		if (m->split)
			m->irq[i].active = false;
		break;
	case OP_PRIORITY: m->irq[i].prio = s->value & 0xf8; break;
	case OP_EDGE:
	case OP_LEVEL: m->irq[i].edge = s->op == OP_EDGE; break;
	case OP_LINE_HIGH:
		m->irq[i].latch |= m->irq[i].edge && !m->irq[i].line;
		m->irq[i].line = true;
		break;
	case OP_LINE_LOW: m->irq[i].line = false; break;
	case OP_SPLIT:
	case OP_JOIN: m->split = s->op == OP_SPLIT; break;
	case OP_MASK: m->mask = s->value & 0xf8; break;
	}
	return 0;
}

void model_view(const struct model *m, struct view *v)
{
	*v = (struct view){.highest = highest(m), .running = running(m)};
	v->signalled = signalled(m, v->highest);
	for (uint32_t i = 0; i < MODEL_INTIDS; i++) {
		v->pending[i / 32] |= (uint32_t)pending(m, i) << i % 32;
		v->active[i / 32] |= (uint32_t)m->irq[i].active << i % 32;
	}
}

static uint64_t write_other(uint64_t bank, uint64_t intid)
{
	gic_set(0, (unsigned int)bank, (uint32_t)intid);
	return 0;
}

static uint64_t send_other(uint64_t cpu, uint64_t intid)
{
	gic_send_sgi((unsigned int)cpu, (uint32_t)intid);
	return 0;
}

static void set(const struct step *s, unsigned int bank)
{
	if (s->by_other)
		other(write_other, bank, s->intid);
	else
		gic_set(0, bank, s->intid);
}

static void drive(uint32_t intid, bool high)
{
	uint64_t value = high ? 0 : ~0ull;

	if (intid == INTID_VTIMER) {
		WRITE_REG("cntv_cval_el0", value);
		WRITE_REG("cntv_ctl_el0", 1);
	} else {
		WRITE_REG("cntp_cval_el0", value);
		WRITE_REG("cntp_ctl_el0", 1);
	}
}

static void send(const struct step *s)
{
	if (s->by_other)
		other(send_other, 0, s->intid);
	else
		gic_send_sgi(0, s->intid);
}

static uint32_t change(const struct step *s)
{
	switch (s->op) {
	case OP_ENABLE: set(s, BANK_ISENABLER); break;
	case OP_DISABLE: set(s, BANK_ICENABLER); break;
	case OP_SET_PENDING: set(s, BANK_ISPENDR); break;
	case OP_CLEAR_PENDING: set(s, BANK_ICPENDR); break;
	case OP_SET_ACTIVE: set(s, BANK_ISACTIVER); break;
	case OP_CLEAR_ACTIVE: set(s, BANK_ICACTIVER); break;
	case OP_SEND: send(s); break;
	case OP_ACKNOWLEDGE: return (uint32_t)READ_REG("icc_iar1_el1");
	case OP_END: WRITE_REG("icc_eoir1_el1", s->intid); break;
	case OP_DEACTIVATE: WRITE_REG("icc_dir_el1", s->intid); break;
	case OP_PRIORITY: gic_priority(0, s->intid, s->value); break;
	case OP_EDGE:
	case OP_LEVEL: gic_configure(0, s->intid, s->op == OP_EDGE); break;
	case OP_LINE_HIGH:
	case OP_LINE_LOW: drive(s->intid, s->op == OP_LINE_HIGH); break;
	case OP_SPLIT:
	case OP_JOIN: WRITE_REG("icc_ctlr_el1", s->op == OP_SPLIT ? 2 : 0); break;
	case OP_MASK: WRITE_REG("icc_pmr_el1", s->value); break;
	}
	return 0;
}

uint32_t machine_step(const struct step *s)
{
	uint32_t value = change(s);

	dsb();
	isb();
	if (s->by_other)
		pause_us(100);
	return value;
}

void machine_view(struct view *v)
{
	*v = (struct view){
	    .pending = {read32(SGI(0, BANK_ISPENDR)), read32(GICD(BANK_ISPENDR + 4))},
	    .active = {read32(SGI(0, BANK_ISACTIVER)), read32(GICD(BANK_ISACTIVER + 4))},
	    .highest = (uint32_t)READ_REG("icc_hppir1_el1"),
	    .running = (uint32_t)READ_REG("icc_rpr_el1"),
	    .signalled = READ_REG("isr_el1") & 0x80,
	};
}

bool view_same(const struct view *a, const struct view *b)
{
	return a->pending[0] == b->pending[0] && a->pending[1] == b->pending[1] && a->active[0] == b->active[0] &&
	       a->active[1] == b->active[1] && a->highest == b->highest && a->running == b->running &&
	       a->signalled == b->signalled;
}
