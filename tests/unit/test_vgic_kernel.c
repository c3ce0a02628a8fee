/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: kernel/object/vgic.c */
/* CFLAGS: -iquote kernel/include */
/*
 * The kernel's half of the virtual GIC under a model of the CPU interface (IHI 0069, "GIC support for virtualization"):
 * list registers, active priorities, EOIcount, both modes of ending an interrupt, both groups. Beside it a plain record
 * of what the architecture says of each interrupt. After every step the most important interrupt that may come
 * according to the record is the one that the list registers signal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch.h"
#include "vgic.h"

#define LRS       4u
#define COUNT     24u
#define DEPTH     32u
#define PPI_LEVEL 20u
#define PPI_EDGE  21u
#define IDLE_PRIO 256u
#define VENG0     BIT(0)
#define VENG1     BIT(1)
#define BPR_LEAST (2ull << 21 | 3ull << 18) /* five bits of priority, all of them preempt */

/* Interrupts of the test: SGIs, PPIs with the timers, SPIs: odd ones are edges. */
static const unsigned number[COUNT] = {0,  3,  7,  15, PPI_LEVEL, PPI_EDGE, 27, 30, 40, 41, 42, 43,
				       44, 45, 46, 47, 48,        49,       50, 51, 52, 53, 54, 55};

/* The record. */
static struct ref {
	bool enable, group1, edge, latch, line, active;
	unsigned prio;
} ref[COUNT];
static unsigned ctlr;

/* What the guest runs, innermost last: as it was acknowledged. */
static struct {
	unsigned i, prio;
	bool group1;
} stack[DEPTH];
static unsigned depth;
static bool ended[COUNT]; /* with EOImode 1: its priority was dropped, it is not deactivated */

static struct vgic_cpu v;
static unsigned eoicount, taken;
static uint32_t seed;
static bool physical; /* the physical interrupt of the virtual timer is active */
static bool linked;   /* and the kernel knows */

/* Interrupts that are linked to the host's: test_vgic_halves.c. */
static unsigned deactivated, made_pending;

void arch_irq_deactivate(uint32_t intid)
{
	deactivated = intid;
}

void arch_irq_set_pending(uint32_t intid, bool pending)
{
	made_pending = pending ? intid : 0;
}

static unsigned rnd(unsigned below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static unsigned index_of(unsigned intid)
{
	for (unsigned i = 0; i < COUNT; i++)
		if (number[i] == intid)
			return i;
	fail_msg("interrupt %u is none of the test's", intid);
	return 0;
}

static bool is_pending(unsigned i)
{
	return ref[i].latch || (ref[i].line && !ref[i].edge);
}

static unsigned running_prio(void)
{
	return depth ? stack[depth - 1].prio : IDLE_PRIO;
}

/* The priority of what the architecture signals now; IDLE_PRIO: nothing. */
static unsigned due_prio(void)
{
	unsigned best = IDLE_PRIO;

	for (unsigned i = 0; i < COUNT; i++) {
		const struct ref *r = &ref[i];

		if (is_pending(i) && !r->active && r->enable && (ctlr & (r->group1 ? 2 : 1)) &&
		    (v.vmcr & (r->group1 ? VENG1 : VENG0)) && r->prio < (v.vmcr >> 24 & 0xff) && r->prio < best)
			best = r->prio;
	}
	return best < running_prio() ? best : IDLE_PRIO;
}

static bool is_active(unsigned n)
{
	return n < 32 ? v.active & BIT(n) : vgic_query(&v, n) & VIRQ_ACTIVE;
}

/* Out of the guest, as arch_vcpu_settle() does it. */
static void settle(void)
{
	v.running = 0;
	for (unsigned d = 0; d < depth; d++)
		v.running |= (uint32_t)BIT(stack[d].prio >> 3);
	vgic_private_line(&v, VIRQ_VTIMER, ref[index_of(VIRQ_VTIMER)].line);
	vgic_fold(&v, eoicount);
	eoicount = 0;
	linked = (vgic_pending(&v) | v.active) & BIT(VIRQ_VTIMER);
	physical = linked;
}

/* Out of the guest, and in again. Nothing is forgotten, nothing invented. */
static void enter(void)
{
	settle();
	for (unsigned i = 0; i < COUNT; i++) {
		unsigned n = number[i];
		bool pending = n < 32 ? vgic_pending(&v) & BIT(n) : vgic_query(&v, n) & VIRQ_PENDING;

		if (is_active(n) != ref[i].active)
			fail_msg("interrupt %u is %sactive", n, ref[i].active ? "not " : "");
		if (pending != is_pending(i))
			fail_msg("interrupt %u is %spending", n, pending ? "" : "not ");
	}
	vgic_fill(&v);
}

static unsigned state(unsigned n)
{
	return v.lr_used & BIT(n) ? (unsigned)(v.lr[n] >> 62) : 0;
}

static unsigned lr_prio(unsigned n)
{
	return v.lr[n] >> ARCH_LR_PRIO_SHIFT & 0xff;
}

/* ICH_ELRSR_EL2. */
static uint32_t empty_ones(void)
{
	uint32_t empty = 0;

	for (unsigned n = 0; n < LRS; n++)
		if (!state(n) &&
		    !((v.lr_used & BIT(n)) && (v.lr[n] & ARCH_LR_EXIT_ENDED) && !(v.lr[n] & ARCH_LR_LINKED)))
			empty |= (uint32_t)BIT(n);
	return empty;
}

/* ICH_MISR_EL2: while it asks for it the guest comes out. */
static void maintenance(bool eoi)
{
	for (unsigned turn = 0;; turn++) {
		bool pending = false;

		for (unsigned n = 0; n < LRS; n++)
			pending |= state(n) == 1;
		eoi |= (v.control & ARCH_VGIC_EXIT_EMPTY) && !pending;
		eoi |= (v.control & ARCH_VGIC_EXIT_ENDED) && eoicount;
		eoi |= (v.control & ARCH_VGIC_EXIT_GROUP0_ON) && (v.vmcr & VENG0);
		eoi |= (v.control & ARCH_VGIC_EXIT_GROUP1_ON) && (v.vmcr & VENG1);
		eoi |= (v.control & ARCH_VGIC_EXIT_GROUP0_OFF) && !(v.vmcr & VENG0);
		eoi |= (v.control & ARCH_VGIC_EXIT_GROUP1_OFF) && !(v.vmcr & VENG1);
		if (!eoi)
			return;
		assert_true(turn < 2); /* it never stays */
		enter();
		eoi = false;
	}
}

/* The image that the CPU interface signals; LRS: none. */
static unsigned signalled(void)
{
	unsigned best = LRS;

	for (unsigned n = 0; n < LRS; n++)
		if (state(n) == 1 && (v.vmcr & (v.lr[n] & ARCH_LR_GROUP1 ? VENG1 : VENG0)) &&
		    lr_prio(n) < (v.vmcr >> 24 & 0xff) && (best == LRS || lr_prio(n) < lr_prio(best)))
			best = n;
	return best != LRS && lr_prio(best) < running_prio() ? best : LRS;
}

static void check_signalled(void)
{
	unsigned n = signalled(), prio = n == LRS ? IDLE_PRIO : lr_prio(n);

	if (prio != due_prio())
		fail_msg("priority 0x%x is signalled instead of 0x%x", prio, due_prio());
}

/* ICC_IAR0_EL1, ICC_IAR1_EL1: false if nothing can be taken. */
static bool acknowledge(void)
{
	unsigned n = signalled(), i;

	if (n == LRS || depth == DEPTH)
		return false;
	i = index_of((uint32_t)v.lr[n]);
	assert_true(is_pending(i));
	assert_false(ref[i].active);
	assert_true(ref[i].enable);
	assert_int_equal(lr_prio(n), ref[i].prio);
	assert_int_equal(!!(v.lr[n] & ARCH_LR_GROUP1), ref[i].group1);
	if (number[i] == VIRQ_VTIMER)
		assert_true(physical);
	v.lr[n] ^= ARCH_LR_PENDING | ARCH_LR_ACTIVE;
	ref[i].latch = ended[i] = false;
	ref[i].active = true;
	stack[depth].i = i;
	stack[depth].group1 = ref[i].group1;
	stack[depth++].prio = ref[i].prio;
	taken++;
	maintenance(false);
	return true;
}

/* The processor deactivates what has an image, or counts. True: that asks for maintenance. */
static bool deactivate(unsigned intid, unsigned prio, bool any_prio)
{
	for (unsigned n = 0; n < LRS; n++) {
		if ((uint32_t)v.lr[n] != intid || state(n) < 2)
			continue;
		if (!any_prio && lr_prio(n) != prio)
			return false; /* as QEMU does it */
		v.lr[n] &= ~ARCH_LR_ACTIVE;
		if (v.lr[n] & ARCH_LR_LINKED) {
			physical = false;
			return false;
		}
		return (v.lr[n] & ARCH_LR_EXIT_ENDED) && !state(n);
	}
	eoicount += eoicount < 31;
	return false;
}

/* ICC_EOIR<group>_EL1 of what runs innermost. */
static void complete(void)
{
	unsigned i, prio;
	bool eoi = false;

	if (!depth)
		return;
	i = stack[--depth].i;
	prio = stack[depth].prio;
	if (!(v.vmcr & ARCH_VMCR_SPLIT_END)) {
		ref[i].active = false;
		eoi = deactivate(number[i], prio, false);
	} else {
		ended[i] = true;
		eoicount += rnd(2); /* if it has no image: QEMU counts, the architecture does not */
	}
	maintenance(eoi);
}

/* ICC_DIR_EL1, as vcpu_sysreg.c does it where it traps. */
static void direct(unsigned intid)
{
	bool mode = v.vmcr & ARCH_VMCR_SPLIT_END, eoi = false;

	if (v.control & ARCH_VGIC_TRAP_DEACTIVATION) {
		settle();
		if (mode)
			vgic_deactivate(&v, intid);
	} else if (mode) {
		eoi = deactivate(intid, 0, true);
	}
	for (unsigned i = 0; i < COUNT && mode; i++)
		if (number[i] == intid)
			ref[i].active = false;
	if (v.control & ARCH_VGIC_TRAP_DEACTIVATION)
		enter();
	maintenance(eoi);
}

static void change(unsigned op, uint32_t value, uint32_t mask)
{
	uint32_t out;

	settle();
	assert_int_equal(vgic_private(&v, op, value, mask, &out), 0);
	enter();
}

/* ---- what a guest and its devices do to interrupt i ---- */

static void fire_physical(void)
{
	unsigned n, i = index_of(VIRQ_VTIMER);

	if (!ref[i].line || physical)
		return;
	physical = linked = true;
	if (vgic_place(&v, VIRQ_VTIMER, empty_ones(), &n))
		return;
	enter();
}

static void line(unsigned i, bool up)
{
	unsigned n = number[i];

	ref[i].latch |= up && !ref[i].line && ref[i].edge;
	ref[i].line = up;
	if (n == VIRQ_VTIMER)
		up ? fire_physical() : enter();
	else if (n < 32)
		vgic_private_line(&v, n, up);
	else
		assert_int_equal(vgic_line(&v, n, up, ref[i].prio | (ref[i].group1 ? 0 : VIRQ_GROUP0)), 0);
	enter();
}

/* ICC_SGI<group>R_EL1, to itself where that is simple. */
static void sgi(unsigned i, bool group1)
{
	unsigned intid = number[i], n = v.lr_of[intid];

	ref[i].latch |= ref[i].group1 == group1;
	if (!group1) {
		vgic_sgi0(&v, intid);
	} else if ((v.lr_used & empty_ones() & BIT(n)) && (uint32_t)v.lr[n] == intid) {
		v.lr[n] = (v.lr[n] & ~ARCH_LR_ACTIVE) | ARCH_LR_PENDING;
		return;
	} else if (vgic_place(&v, intid, empty_ones(), &n)) {
		return;
	} else {
		vgic_sgi(&v, intid);
	}
	enter();
}

static void signal(unsigned i)
{
	unsigned n = number[i];

	if (n < 16) {
		sgi(i, rnd(8) != 0 ? ref[i].group1 : rnd(2));
	} else if (n >= 32 && ref[i].edge) {
		ref[i].latch = true;
		assert_int_equal(vgic_inject(&v, n, ref[i].prio | (ref[i].group1 ? 0 : VIRQ_GROUP0)), 0);
		enter();
	} else {
		line(i, rnd(3) != 0);
	}
}

static bool runs(unsigned i)
{
	for (unsigned d = 0; d < depth; d++)
		if (stack[d].i == i)
			return true;
	return false;
}

/* A write to one of the redistributor's registers. */
static void configure(unsigned i)
{
	unsigned n = number[i];
	uint32_t bit = (uint32_t)BIT(n % 32);
	bool on = rnd(2);

	if (n >= 32)
		return;
	switch (rnd(7)) {
	case 0:
		on = rnd(4) != 0;
		ref[i].enable = on;
		change(VPRIV_ENABLE, on ? bit : 0, bit);
		break;
	case 1:
		ref[i].group1 = on;
		change(VPRIV_GROUP, on ? bit : 0, bit);
		break;
	case 2:
		ref[i].latch = on;
		change(VPRIV_PENDING, on ? bit : 0, bit);
		break;
	case 3:
		on = rnd(8) == 0;
		if (on && runs(i))
			break; /* its next EOIR would not say whether it ends that */
		ref[i].active = on;
		change(VPRIV_ACTIVE, on ? bit : 0, bit);
		break;
	case 4:
		ref[i].edge = n < 16 || (n != VIRQ_VTIMER && on); /* these are what they are */
		change(VPRIV_CONFIG, on ? bit : 0, bit);
		break;
	default: ref[i].prio = rnd(20) * 8; change(VPRIV_PRIO0 + n / 4, ref[i].prio << n % 4 * 8, 0xffu << n % 4 * 8);
	}
}

/* GICD_CTLR, or the CPU interface. */
static void configure_all(void)
{
	bool idle = !depth;

	for (unsigned i = 0; i < COUNT; i++)
		idle = idle && !ref[i].active;
	switch (rnd(4)) {
	case 0: v.vmcr = (v.vmcr | VENG0 | VENG1) ^ (rnd(3) ? 0 : rnd(2) ? VENG0 : VENG1); break;
	case 1: v.vmcr = (v.vmcr & ~(0xffull << 24)) | (rnd(4) ? 0xf8ull : rnd(20) * 8ull) << 24; break;
	case 2:
		if (idle)
			v.vmcr ^= ARCH_VMCR_SPLIT_END;
		break;
	default:
		ctlr = rnd(4) ? 3 : rnd(4);
		for (unsigned i = 0; i < COUNT; i++) /* qvm's half would take the others back */
			if (number[i] >= 32 && !ref[i].group1)
				ctlr |= 1;
			else if (number[i] >= 32)
				ctlr |= 2;
		change(VPRIV_CTLR, ctlr, ~0u);
	}
	maintenance(false);
}

static void start(unsigned s)
{
	uint32_t out;

	seed = s;
	depth = eoicount = taken = 0;
	physical = linked = false;
	ctlr = 3;
	memset(ref, 0, sizeof(ref));
	memset(ended, 0, sizeof(ended));
	vgic_reset(&v, LRS);
	v.vmcr = 0xf8ull << 24 | VENG0 | VENG1 | BPR_LEAST | (s % 2 ? ARCH_VMCR_SPLIT_END : 0);
	vgic_private(&v, VPRIV_CTLR, ctlr, ~0u, &out);
	vgic_private(&v, VPRIV_ENABLE, ~0u, ~0u, &out);
	vgic_private(&v, VPRIV_GROUP, ~0u, ~0u, &out);
	vgic_private(&v, VPRIV_CONFIG, 1u << PPI_EDGE, 0xffff0000, &out);
	for (unsigned i = 0; i < COUNT; i++) {
		ref[i].enable = ref[i].group1 = true;
		ref[i].edge = number[i] < 16 || number[i] == PPI_EDGE || (number[i] >= 32 && number[i] % 2);
		ref[i].prio = rnd(20) * 8;
		if (number[i] < 32)
			vgic_private(&v, VPRIV_PRIO0 + number[i] / 4, ref[i].prio << number[i] % 4 * 8,
				     0xffu << number[i] % 4 * 8, &out);
		else if (s % 4 == 0)
			ref[i].group1 = rnd(2);
	}
	enter();
}

/* Ends all that the guest has acknowledged, whatever became of it. */
static void end_all(void)
{
	while (depth)
		complete();
	for (unsigned i = 0; i < COUNT; i++)
		if (ref[i].active && (v.vmcr & ARCH_VMCR_SPLIT_END))
			direct(number[i]);
	for (unsigned i = 0; i < COUNT; i++)
		ref[i].active = ref[i].active && number[i] >= 32;
	change(VPRIV_ACTIVE, 0, ~0u);
}

static void step(void)
{
	unsigned i = rnd(COUNT);

	switch (rnd(12)) {
	case 0:
	case 1:
	case 2: signal(i); break;
	case 3: enter(); break;
	case 4:
	case 5:
	case 6: acknowledge(); break;
	case 7: /* in any order */
		for (unsigned n = 0; n < COUNT && !(ended[i] && ref[i].active); n++)
			i = (i + 1) % COUNT;
		if (ended[i] && ref[i].active)
			direct(number[i]);
		break;
	case 8:
		if (rnd(8) == 0)
			direct(rnd(2) ? 9 : 60); /* what is not active */
		break;
	case 9: configure(i); break;
	case 10:
		if (rnd(4) == 0)
			configure_all();
		break;
	default: complete(); break;
	}
	fire_physical();
	check_signalled();
}

static void test_random(void **unused)
{
	unsigned all = 0;

	(void)unused;
	for (unsigned s = 1; s <= 400; s++) {
		start(s);
		for (unsigned n = 0; n < 1500; n++)
			step();
		/* In the end everything has come. */
		end_all();
		v.vmcr |= 0xf8ull << 24 | VENG0 | VENG1;
		ctlr = 3;
		change(VPRIV_CTLR, 3, ~0u);
		change(VPRIV_ENABLE, ~0u, ~0u);
		for (unsigned i = 0; i < COUNT; i++)
			ref[i].enable = true;
		for (unsigned n = 0; n < 4 * COUNT; n++) {
			while (acknowledge())
				;
			for (unsigned i = 0; i < COUNT; i++)
				if (ref[i].line)
					line(i, false);
			end_all();
		}
		for (unsigned i = 0; i < COUNT; i++)
			if (is_pending(i) || ref[i].active)
				fail_msg("seed %u: interrupt %u was not taken", s, number[i]);
		assert_true(taken > 20);
		all += taken;
	}
	assert_true(all > 60 * 400);
}

/* ---- one by one ---- */

static void set_prio(unsigned intid, unsigned prio)
{
	ref[index_of(intid)].prio = prio;
	change(VPRIV_PRIO0 + intid / 4, prio << intid % 4 * 8, 0xffu << intid % 4 * 8);
}

static void take(unsigned intid)
{
	assert_true(acknowledge());
	assert_int_equal(number[stack[depth - 1].i], intid);
}

static uint32_t read_private(unsigned op)
{
	uint32_t out;

	settle();
	assert_int_equal(vgic_private(&v, op, 0, 0, &out), 0);
	enter();
	return out;
}

/* EOImode 1: four SGIs that are acknowledged, their priority dropped, keep nobody out, least of all the timer. */
static void test_active_leave_room(void **unused)
{
	static const unsigned sgis[] = {0, 3, 7, 15};

	(void)unused;
	for (unsigned mode = 0; mode < 2; mode++) {
		start(mode);
		for (unsigned i = 0; i < 4; i++) {
			set_prio(sgis[i], 0xa0 - 0x10 * i);
			sgi(index_of(sgis[i]), true);
			take(sgis[i]);
			if (mode)
				complete();
		}
		assert_int_equal(read_private(VPRIV_ACTIVE), 0x8089);
		set_prio(VIRQ_VTIMER, 0x40);
		line(index_of(VIRQ_VTIMER), true);
		take(VIRQ_VTIMER);
		line(index_of(VIRQ_VTIMER), false);
		complete();
		if (mode)
			direct(VIRQ_VTIMER);
		/* And each ends by itself: in any order with DIR, nested else. */
		for (unsigned i = 4; i-- > 0;)
			mode ? direct(sgis[3 - i]) : complete();
		assert_int_equal(read_private(VPRIV_ACTIVE), 0);
	}
	/* Made active by a write. */
	start(1);
	for (unsigned i = 0; i < 4; i++)
		ref[i].active = true;
	change(VPRIV_ACTIVE, 0x8089, 0x8089);
	line(index_of(VIRQ_VTIMER), true);
	take(VIRQ_VTIMER);
}

/* A deactivation of what has no image ends nobody else. */
static void test_wrong_end(void **unused)
{
	(void)unused;
	start(1);
	sgi(index_of(3), true);
	take(3);
	direct(9);
	direct(40);
	assert_int_equal(read_private(VPRIV_ACTIVE), 0x8);
	/* EOImode 0: SGI 2's place is SGI 7's here; ICACTIVER takes it away before its EOIR. */
	start(2);
	set_prio(3, 0xa0);
	set_prio(7, 0x80);
	sgi(index_of(3), true);
	take(3);
	sgi(index_of(7), true);
	take(7);
	ref[index_of(7)].active = false;
	change(VPRIV_ACTIVE, 0, 1u << 7);
	complete();
	assert_int_equal(read_private(VPRIV_ACTIVE), 0x8);
	complete();
	assert_int_equal(read_private(VPRIV_ACTIVE), 0);
	/* The same with more active ones than images, of which one without is taken away. */
	start(2);
	for (unsigned i = 0; i < 6; i++) {
		set_prio(number[i], 0xc0 - 0x10 * i);
		if (i < 4)
			sgi(i, true);
		else
			line(i, true);
		take(number[i]);
	}
	assert_true(v.outside);
	ref[0].active = false;
	change(VPRIV_ACTIVE, 0, 1);
	for (unsigned i = 6; i-- > 0;) {
		complete();
		enter();
	}
	assert_int_equal(read_private(VPRIV_ACTIVE), 0);
}

/* ISPENDR0 of level PPIs reads back, comes once; an edge is a rise; a level that falls is pending no more. */
static void test_latch_and_level(void **unused)
{
	static const unsigned ppis[] = {PPI_LEVEL, 30, VIRQ_VTIMER};
	unsigned edge = index_of(30), timer = index_of(VIRQ_VTIMER);

	(void)unused;
	for (unsigned i = 0; i < 3; i++) {
		start(2);
		ref[index_of(ppis[i])].latch = true;
		change(VPRIV_PENDING, 1u << ppis[i], 1u << ppis[i]);
		assert_int_equal(read_private(VPRIV_PENDING), 1u << ppis[i]);
		take(ppis[i]);
		assert_int_equal(read_private(VPRIV_PENDING), 0);
		/* Again while it is active: once more. */
		ref[index_of(ppis[i])].latch = true;
		change(VPRIV_PENDING, 1u << ppis[i], 1u << ppis[i]);
		assert_int_equal(read_private(VPRIV_PENDING), 1u << ppis[i]);
		complete();
		take(ppis[i]);
		complete();
		assert_false(acknowledge());
	}
	start(2);
	ref[edge].edge = true;
	change(VPRIV_CONFIG, 1u << 30, 1u << 30);
	line(edge, true);
	take(30);
	complete();
	assert_false(acknowledge());
	line(edge, false);
	line(edge, true);
	take(30);
	/* The virtual timer: pending while its line is up, also while it is active. */
	start(2);
	assert_int_equal(read_private(VPRIV_CONFIG) & (1u << VIRQ_VTIMER), 0);
	line(timer, true);
	assert_int_equal(read_private(VPRIV_PENDING), 1u << VIRQ_VTIMER);
	take(VIRQ_VTIMER);
	assert_int_equal(read_private(VPRIV_PENDING), 1u << VIRQ_VTIMER);
	line(timer, false);
	assert_int_equal(read_private(VPRIV_PENDING), 0);
	complete();
	line(timer, true);
	line(timer, false);
	assert_false(acknowledge());
	assert_false(physical);
	/* Disabled when it fires, enabled when its line is down. */
	ref[timer].enable = false;
	change(VPRIV_ENABLE, 0, 1u << VIRQ_VTIMER);
	line(timer, true);
	line(timer, false);
	ref[timer].enable = true;
	change(VPRIV_ENABLE, 1u << VIRQ_VTIMER, 1u << VIRQ_VTIMER);
	assert_int_equal(read_private(VPRIV_PENDING), 0);
	assert_false(acknowledge());
}

/* GICD_CTLR gates private interrupts, too; an SGI goes to those of its register's group. */
static void test_groups(void **unused)
{
	(void)unused;
	start(2);
	ctlr = 1;
	change(VPRIV_CTLR, 1, ~0u);
	sgi(0, true);
	assert_false(acknowledge());
	assert_int_equal(read_private(VPRIV_PENDING), 1);
	ctlr = 2;
	change(VPRIV_CTLR, 2, ~0u);
	take(0);
	complete();
	sgi(0, false);
	assert_int_equal(read_private(VPRIV_PENDING), 0);
	ref[0].group1 = false;
	change(VPRIV_GROUP, 0, 1);
	sgi(0, true);
	assert_int_equal(read_private(VPRIV_PENDING), 0);
	sgi(0, false);
	assert_int_equal(read_private(VPRIV_PENDING), 1);
	assert_false(acknowledge());
	ctlr = 3;
	change(VPRIV_CTLR, 3, ~0u);
	take(0);
}

/* More SPIs than there is room for, until something is through. */
static void test_in_flight(void **unused)
{
	(void)unused;
	start(1);
	for (unsigned i = 0; i < VGIC_INFLIGHT; i++)
		assert_int_equal(vgic_inject(&v, 100 + i, 0x80), 0);
	assert_int_equal(vgic_inject(&v, 99, 0x80), -KE_AGAIN);
	assert_int_equal(vgic_line(&v, 99, true, 0x80), -KE_AGAIN);
	assert_int_equal(vgic_line(&v, 99, false, 0x80), 0);
	assert_int_equal(vgic_inject(&v, 100, 0x80), 0);
	vgic_fold(&v, 0);
	assert_int_equal(vgic_query(&v, 131), VIRQ_PENDING);
	assert_int_equal(vgic_withdraw(&v, 131, VIRQ_PENDING | VIRQ_ACTIVE), VIRQ_PENDING);
	assert_int_equal(vgic_query(&v, 131), 0);
	assert_int_equal(vgic_inject(&v, 99, 0x80), 0);
}

/* What WFI waits for, and what it does not wait for. */
static void test_deliverable(void **unused)
{
	const uint64_t on = 0xffull << 24 | 2;
	uint32_t out;

	(void)unused;
	start(1);
	vgic_fold(&v, 0);
	assert_false(vgic_deliverable(&v, on));
	vgic_inject(&v, 40, 0x80);
	vgic_fold(&v, 0);
	assert_true(vgic_deliverable(&v, on));
	assert_false(vgic_deliverable(&v, 0xffull << 24));
	assert_false(vgic_deliverable(&v, 0x80ull << 24 | 2));
	assert_true(vgic_deliverable(&v, 0x88ull << 24 | 2));
	vgic_withdraw(&v, 40, VIRQ_PENDING | VIRQ_ACTIVE);
	vgic_sgi(&v, 3);
	vgic_private(&v, VPRIV_ENABLE, 0, 1u << 3, &out);
	vgic_fold(&v, 0);
	assert_false(vgic_deliverable(&v, on));
	vgic_private(&v, VPRIV_ENABLE, 1u << 3, 1u << 3, &out);
	assert_true(vgic_deliverable(&v, on));
	assert_int_equal(vgic_private(&v, VPRIV_PRIO0 + 8, 0, 0, &out), -KE_INVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random),      cmocka_unit_test(test_active_leave_room),
	    cmocka_unit_test(test_wrong_end),   cmocka_unit_test(test_latch_and_level),
	    cmocka_unit_test(test_groups),      cmocka_unit_test(test_in_flight),
	    cmocka_unit_test(test_deliverable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
