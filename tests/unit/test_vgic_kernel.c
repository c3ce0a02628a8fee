/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: kernel/object/vgic.c */
/* CFLAGS: -iquote kernel/include */
/*
 * The kernel's half of the virtual GIC, under a model of the CPU interface (IHI 0069, "GIC support for
 * virtualization"): a guest acknowledges and completes what the list registers offer, devices do what they like, and a
 * plain record of each interrupt says what must come.
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

/* Interrupts of the test: SGIs, PPIs with the timers, SPIs: odd ones are edges. */
static const unsigned number[COUNT] = {0,  3,  7,  15, PPI_LEVEL, PPI_EDGE, 27, 30, 40, 41, 42, 43,
				       44, 45, 46, 47, 48,        49,       50, 51, 52, 53, 54, 55};

static struct ref {
	bool latch, line, active;
	bool again; /* an edge came while it was active: it keeps its register, and comes at once when it ends */
	unsigned prio;
} ref[COUNT];

static struct vgic_cpu v;
static unsigned stack[DEPTH], depth, eoicount, taken;
static uint32_t seed;
static bool crowded; /* active ones left no register for others */

/* Interrupts that are linked to the host's: test_vgic_halves.c. */
static unsigned deactivated, made_pending;

void gic_deactivate(uint32_t intid)
{
	deactivated = intid;
}

void gic_set_pending(uint32_t intid, bool pending)
{
	made_pending = pending ? intid : 0;
}

static unsigned rnd(unsigned below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static bool is_level(unsigned i)
{
	unsigned n = number[i];

	return n == PPI_LEVEL || n == 30 || (n >= 32 && n % 2 == 0);
}

static unsigned index_of(unsigned intid)
{
	for (unsigned i = 0; i < COUNT; i++)
		if (number[i] == intid)
			return i;
	fail_msg("interrupt %u is none of the test's", intid);
	return 0;
}

static bool is_due(unsigned i)
{
	return is_level(i) ? ref[i].line : ref[i].latch;
}

/* Out of the guest and in again. Nothing that the guest handles is forgotten in between. */
static void enter(void)
{
	unsigned count = 0;

	vgic_fold(&v, eoicount);
	eoicount = 0;
	for (unsigned i = 0; i < COUNT; i++) {
		unsigned n = number[i];
		bool active = n < 32 ? v.active & BIT(n) : vgic_query(&v, n) & VIRQ_ACTIVE;
		bool pending = n < 32 ? v.pending & BIT(n) : vgic_query(&v, n) & VIRQ_PENDING;

		assert_int_equal(active, ref[i].active);
		count += active;
		if (pending != is_due(i))
			fail_msg("interrupt %u is %spending", n, pending ? "" : "not ");
	}
	crowded = count >= LRS;
	vgic_fill(&v);
}

static unsigned state(unsigned n)
{
	return v.lr_used & BIT(n) ? (unsigned)(v.lr[n] >> 62) : 0;
}

/* ICH_MISR_EL2. */
static void maintenance(bool eoi)
{
	unsigned pending = 0, valid = 0;

	for (unsigned n = 0; n < LRS; n++) {
		pending += state(n) == 1;
		valid += state(n) != 0;
	}
	if (eoi || ((v.hcr & ICH_HCR_NPIE) && !pending) || ((v.hcr & ICH_HCR_UIE) && valid <= 1) ||
	    ((v.hcr & ICH_HCR_LRENPIE) && eoicount))
		enter();
}

static unsigned running_prio(void)
{
	return depth ? ref[stack[depth - 1]].prio : IDLE_PRIO;
}

/* ICC_IAR1_EL1: false if nothing can be taken. */
static bool acknowledge(void)
{
	unsigned best = LRS, i;

	for (unsigned n = 0; n < LRS; n++) {
		if (state(n) == 1 &&
		    (best == LRS || (v.lr[n] >> LR_PRIO_SHIFT & 0xff) < (v.lr[best] >> LR_PRIO_SHIFT & 0xff)))
			best = n;
	}
	if (best == LRS || (v.lr[best] >> LR_PRIO_SHIFT & 0xff) >= running_prio())
		return false;
	i = index_of((uint32_t)v.lr[best]);
	assert_true(is_due(i));
	assert_false(ref[i].active);
	assert_int_equal(v.lr[best] >> LR_PRIO_SHIFT & 0xff, ref[i].prio);
	assert_true(v.lr[best] & LR_GROUP1);
	assert_int_equal(!!(v.lr[best] & LR_HW), number[i] == 27);
	/* The most important one that there is, as long as there is room beside those that are active. */
	for (unsigned k = 0; k < COUNT && !crowded && !ref[i].again; k++)
		assert_false(is_due(k) && !ref[k].active && ref[k].prio < ref[i].prio);
	v.lr[best] ^= LR_STATE_PENDING | LR_STATE_ACTIVE;
	ref[i].latch = ref[i].again = false;
	ref[i].active = true;
	stack[depth++] = i;
	taken++;
	maintenance(false);
	return true;
}

static void line(unsigned i, bool up)
{
	unsigned n = number[i];

	ref[i].line = up;
	if (n < 32)
		vgic_private_line(&v, n, up);
	else
		assert_int_equal(vgic_line(&v, n, up, ref[i].prio), 0);
	enter();
}

/* ICC_EOIR1_EL1, EOImode 0. */
static void complete(bool serve)
{
	unsigned i;
	bool eoi = false, found = false;

	if (!depth)
		return;
	i = stack[depth - 1];
	if (serve && is_level(i) && ref[i].line)
		line(i, false);
	depth--;
	ref[i].active = false;
	for (unsigned n = 0; n < LRS; n++) {
		if ((uint32_t)v.lr[n] != number[i] || state(n) < 2)
			continue;
		found = true;
		v.lr[n] &= ~LR_STATE_ACTIVE;
		eoi = (v.lr[n] & LR_EOI) && !(v.lr[n] & LR_STATE_PENDING);
	}
	if (!found)
		eoicount++;
	maintenance(eoi);
}

static void signal(unsigned i)
{
	unsigned n = number[i];

	if (is_level(i)) {
		line(i, rnd(3) != 0);
		return;
	}
	/* The timer's physical interrupt stays active, so that it does not come again meanwhile. */
	if (n == 27 && (ref[i].active || ref[i].latch))
		return;
	ref[i].latch = true;
	ref[i].again |= ref[i].active;
	if (n < 32)
		vgic_set_pending(&v, n);
	else
		assert_int_equal(vgic_inject(&v, n, ref[i].prio), 0);
	enter();
}

static void start(unsigned s)
{
	uint32_t out;

	seed = s;
	depth = eoicount = taken = 0;
	crowded = false;
	memset(ref, 0, sizeof(ref));
	vgic_reset(&v, LRS);
	vgic_private(&v, VPRIV_ENABLE, ~0u, ~0u, &out);
	vgic_private(&v, VPRIV_GROUP, ~0u, ~0u, &out);
	vgic_private(&v, VPRIV_CONFIG, 1u << PPI_EDGE, 0xffff0000, &out);
	for (unsigned i = 0; i < COUNT; i++) {
		ref[i].prio = rnd(20) * 8;
		if (number[i] < 32)
			vgic_private(&v, VPRIV_PRIO0 + number[i] / 4, ref[i].prio << number[i] % 4 * 8,
				     0xffu << number[i] % 4 * 8, &out);
	}
}

static void test_random(void **unused)
{
	(void)unused;
	for (unsigned s = 1; s <= 100; s++) {
		start(s);
		for (unsigned n = 0; n < 2000; n++) {
			switch (rnd(6)) {
			case 0:
			case 1: signal(rnd(COUNT)); break;
			case 2: enter(); break;
			case 3:
			case 4: acknowledge(); break;
			default: complete(rnd(4) != 0);
			}
		}
		/* In the end everything has come. */
		for (unsigned n = 0; n < 20 * COUNT; n++) {
			while (acknowledge())
				;
			complete(true);
		}
		for (unsigned i = 0; i < COUNT; i++)
			if (is_due(i) || ref[i].active)
				fail_msg("seed %u: interrupt %u was not taken", s, number[i]);
		assert_true(taken > 200);
	}
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
	assert_int_equal(vgic_withdraw(&v, 131), VIRQ_PENDING);
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
	vgic_withdraw(&v, 40);
	vgic_set_pending(&v, 3);
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
	    cmocka_unit_test(test_random),
	    cmocka_unit_test(test_in_flight),
	    cmocka_unit_test(test_deliverable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
