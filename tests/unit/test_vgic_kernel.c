/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: kernel/object/vgic.c kernel/object/vgic_private.c kernel/object/vgic_spi.c tests/unit/vgic_kernel */
/* CFLAGS: -iquote kernel/include */
/*
 * The kernel's half of the virtual GIC under a model of the CPU interface (IHI 0069, "GIC support for virtualization"):
 * list registers, active priorities, EOIcount, both modes of ending an interrupt, both groups. Beside it a plain record
 * of what the architecture says of each interrupt. After every step the most important interrupt that may come
 * according to the record is the one that the list registers signal.
 */
#include "vgic_kernel/model.h"

static void the_most_important_interrupt_is_signalled_after_each_step(void **unused)
{
	unsigned all = 0, straight = 0, changes = 0;

	(void)unused;
	for (unsigned s = 1; s <= 400; s++) {
		start(s);
		for (unsigned n = 0; n < 1500; n++)
			step();
		/* In the end everything has come. */
		end_all();
		v.vmcr |= 0xf8ull << 24 | VENG0 | VENG1;
		ctlr = 3;
		change_private(VPRIV_CTLR, 3, ~0u);
		change_private(VPRIV_ENABLE, ~0u, ~0u);
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
		straight += placed;
		changes += placed_changes;
	}
	assert_true(all > 60 * 400);
	assert_true(straight > 1000);
	assert_true(changes > 500);
}

static uint32_t read_private(unsigned op)
{
	uint32_t out = 0;

	settle_vcpu();
	assert_int_equal(vgic_private(&v, op, 0, 0, &out), 0);
	enter();
	return out;
}

/* EOImode 1: four SGIs that are acknowledged, their priority dropped, keep nobody out, least of all the timer. */
static void active_interrupts_leave_room_for_others(void **unused)
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
	change_private(VPRIV_ACTIVE, 0x8089, 0x8089);
	line(index_of(VIRQ_VTIMER), true);
	take(VIRQ_VTIMER);
}

/* A deactivation of what has no image ends nobody else. */
static void a_deactivation_ends_nobody_else(void **unused)
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
	change_private(VPRIV_ACTIVE, 0, 1u << 7);
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
	assert_true(v.left & v.active);
	ref[0].active = false;
	change_private(VPRIV_ACTIVE, 0, 1);
	for (unsigned i = 6; i-- > 0;) {
		complete();
		enter();
	}
	assert_int_equal(read_private(VPRIV_ACTIVE), 0);
}

/* ISPENDR0 of level PPIs reads back. */
static void a_latch_comes_once(void **unused)
{
	static const unsigned ppis[] = {PPI_LEVEL, 30, VIRQ_VTIMER};

	(void)unused;
	for (unsigned i = 0; i < 3; i++) {
		start(2);
		ref[index_of(ppis[i])].latch = true;
		change_private(VPRIV_PENDING, 1u << ppis[i], 1u << ppis[i]);
		assert_int_equal(read_private(VPRIV_PENDING), 1u << ppis[i]);
		take(ppis[i]);
		assert_int_equal(read_private(VPRIV_PENDING), 0);
		/* Again while it is active: once more. */
		ref[index_of(ppis[i])].latch = true;
		change_private(VPRIV_PENDING, 1u << ppis[i], 1u << ppis[i]);
		assert_int_equal(read_private(VPRIV_PENDING), 1u << ppis[i]);
		complete();
		take(ppis[i]);
		complete();
		assert_false(acknowledge());
	}
}

/* The virtual timer, made pending by a write, is taken; then it fires, and its line falls. */
static void a_latch_that_is_taken_does_not_come_back(void **unused)
{
	unsigned timer = index_of(VIRQ_VTIMER);

	(void)unused;
	start(2);
	ref[timer].latch = true;
	change_private(VPRIV_PENDING, 1u << VIRQ_VTIMER, 1u << VIRQ_VTIMER);
	take(VIRQ_VTIMER);
	complete();
	line(timer, true);
	line(timer, false);
	assert_false(acknowledge());
}

static void an_edge_is_a_rise(void **unused)
{
	unsigned edge = index_of(30);

	(void)unused;
	start(2);
	ref[edge].edge = true;
	change_private(VPRIV_CONFIG, 1u << 30, 1u << 30);
	line(edge, true);
	take(30);
	complete();
	assert_false(acknowledge());
	line(edge, false);
	line(edge, true);
	take(30);
}

/* Also while it is active. */
static void the_virtual_timer_is_pending_while_its_line_is_up(void **unused)
{
	unsigned timer = index_of(VIRQ_VTIMER);

	(void)unused;
	start(2);
	assert_int_equal(read_private(VPRIV_CONFIG) & 2u << 2 * (VIRQ_VTIMER - 16), 0);
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
	change_private(VPRIV_ENABLE, 0, 1u << VIRQ_VTIMER);
	line(timer, true);
	line(timer, false);
	ref[timer].enable = true;
	change_private(VPRIV_ENABLE, 1u << VIRQ_VTIMER, 1u << VIRQ_VTIMER);
	assert_int_equal(read_private(VPRIV_PENDING), 0);
	assert_false(acknowledge());
}

/* GICD_CTLR gates private interrupts, too; an SGI goes to those of its register's group. */
static void a_group_that_is_off_holds_its_interrupts(void **unused)
{
	(void)unused;
	start(2);
	ctlr = 1;
	change_private(VPRIV_CTLR, 1, ~0u);
	sgi(0, true);
	assert_false(acknowledge());
	assert_int_equal(read_private(VPRIV_PENDING), 1);
	ctlr = 2;
	change_private(VPRIV_CTLR, 2, ~0u);
	take(0);
	complete();
	sgi(0, false);
	assert_int_equal(read_private(VPRIV_PENDING), 0);
	ref[0].group1 = false;
	change_private(VPRIV_GROUP, 0, 1);
	sgi(0, true);
	assert_int_equal(read_private(VPRIV_PENDING), 0);
	sgi(0, false);
	assert_int_equal(read_private(VPRIV_PENDING), 1);
	assert_false(acknowledge());
	ctlr = 3;
	change_private(VPRIV_CTLR, 3, ~0u);
	take(0);
	complete();
	sgi(0, true);
	assert_false(acknowledge());
}

/* More SPIs than there is room for, until something is through. */
static void an_spi_without_room_is_refused(void **unused)
{
	(void)unused;
	start(1);
	for (unsigned i = 0; i < VGIC_INFLIGHT; i++)
		assert_true(vgic_change_spi(&v, 100 + i, 0x80, false, true) > 0);
	assert_int_equal(vgic_change_spi(&v, 99, 0x80, false, true), -KE_AGAIN);
	assert_int_equal(vgic_change_spi(&v, 99, 0x80, true, true), -KE_AGAIN);
	assert_int_equal(vgic_change_spi(&v, 99, 0x80, true, false), 0);
	assert_true(vgic_change_spi(&v, 100, 0x80, false, true) > 0);
	vgic_fold(&v, 0);
	assert_int_equal(vgic_query(&v, 131), VIRQ_PENDING);
	assert_int_equal(vgic_withdraw(&v, 131, VIRQ_PENDING | VIRQ_ACTIVE), VIRQ_PENDING);
	assert_int_equal(vgic_query(&v, 131), 0);
	assert_true(vgic_change_spi(&v, 99, 0x80, false, true) > 0);
}

static void a_physical_interrupt_goes_to_what_is_bound_to_it(void **unused)
{
	(void)unused;
	start(1);
	assert_int_equal(vgic_bind(&v, 40, 70, 0x80), 0);
	assert_int_equal(vgic_bind(&v, 41, 71, 0x80), 0);
	assert_false(vgic_fire(&v, 40));
	assert_false(vgic_fire(&v, 0));
	assert_true(vgic_fire(&v, 71));
	vgic_fold(&v, 0);
	assert_int_equal(vgic_query(&v, 40), 0);
	assert_int_equal(vgic_query(&v, 41), VIRQ_PENDING);
	/* Pending still, but no more bound. */
	vgic_unbind(&v, 41);
	assert_false(vgic_fire(&v, 71));
	assert_int_equal(vgic_query(&v, 41), VIRQ_PENDING);
}

/* What WFI waits for, and what it does not wait for. */
static void wfi_ends_for_what_can_be_delivered(void **unused)
{
	const uint64_t on = 0xffull << 24 | 2;
	uint32_t out;

	(void)unused;
	start(1);
	vgic_fold(&v, 0);
	assert_false(vgic_deliverable(&v, on));
	vgic_change_spi(&v, 40, 0x80, false, true);
	vgic_fold(&v, 0);
	assert_true(vgic_deliverable(&v, on));
	assert_false(vgic_deliverable(&v, 0xffull << 24));
	assert_false(vgic_deliverable(&v, 0x80ull << 24 | 2));
	assert_true(vgic_deliverable(&v, 0x88ull << 24 | 2));
	vgic_withdraw(&v, 40, VIRQ_PENDING | VIRQ_ACTIVE);
	vgic_sgi(&v, 3, 1);
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
	    cmocka_unit_test(the_most_important_interrupt_is_signalled_after_each_step),
	    cmocka_unit_test(active_interrupts_leave_room_for_others),
	    cmocka_unit_test(a_deactivation_ends_nobody_else),
	    cmocka_unit_test(a_latch_comes_once),
	    cmocka_unit_test(a_latch_that_is_taken_does_not_come_back),
	    cmocka_unit_test(an_edge_is_a_rise),
	    cmocka_unit_test(the_virtual_timer_is_pending_while_its_line_is_up),
	    cmocka_unit_test(a_group_that_is_off_holds_its_interrupts),
	    cmocka_unit_test(an_spi_without_room_is_refused),
	    cmocka_unit_test(a_physical_interrupt_goes_to_what_is_bound_to_it),
	    cmocka_unit_test(wfi_ends_for_what_can_be_delivered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
