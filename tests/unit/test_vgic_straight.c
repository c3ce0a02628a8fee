/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: kernel/object/vgic.c kernel/object/vgic_private.c kernel/object/vgic_spi.c tests/unit/vgic_kernel */
/* CFLAGS: -iquote kernel/include */
/*
 * Interrupts that come straight into a list register while all others stay where they are (vgic_place()): under the
 * same model of the CPU interface as test_vgic_kernel.c.
 */
#include "vgic_kernel/model.h"

/* The guest stays in: images come one by one, for each other, while many are pending or active. */
static void images_that_change_one_by_one_signal_the_same(void **unused)
{
	unsigned other = 0, straight = 0;

	(void)unused;
	for (unsigned s = 1; s <= 6000; s++) {
		unsigned most = s % 3 ? 8 : 24; /* the more, the seldomer does anything come */

		start(s);
		for (unsigned n = rnd(s % 2 ? 60 : 12); n > 0; n--)
			step();
		for (unsigned n = 0; n < 60; n++) {
			unsigned what = rnd(most);

			if (what < 3)
				sgi(rnd(4), true);
			else if (what == 3)
				line(index_of(VIRQ_VTIMER), rnd(4) != 0);
			else if (what == 4)
				configure_interface();
			else if (what == 5)
				fire(rnd(COUNT));
			else if (what == 6)
				line(index_of(44), !ref[index_of(44)].line);
			else if (what == 8)
				leave_and_return();
			else if (what % 2)
				acknowledge();
			else
				complete();
			fire_physical();
			check_signalled();
		}
		enter();
		other += placed;
		straight += again;
	}
	assert_true(other > 3000);
	assert_true(straight > 100);
}

/* Edges of SPIs, from 41 on: every second one. */
static void raise_spis(unsigned count, const unsigned prio[], bool group1)
{
	for (unsigned n = 0; n < count; n++) {
		unsigned i = index_of(41 + 2 * n);

		ref[i].prio = prio[n];
		ref[i].group1 = group1;
		ref[i].latch = true;
		assert_true(vgic_change_spi(&v, 41 + 2 * n, prio[n] | (group1 ? 0 : VIRQ_GROUP0), false, true) > 0);
	}
	enter();
}

static void take_and_complete(unsigned intid)
{
	take(intid);
	complete();
}

/* More are pending than there are list registers: no SGI that comes meanwhile goes ahead of a more important one. */
static void nobody_is_overtaken_by_what_comes_straight(void **unused)
{
	static const unsigned prio[] = {0x40, 0x48, 0x50, 0x60, 0x70, 0x78};

	(void)unused;
	/* Of two that have no list register. */
	start(2);
	set_prio(0, 0x90);
	raise_spis(6, prio, true);
	take_and_complete(41);
	sgi(0, true);
	for (unsigned n = 1; n < 6; n++)
		take_and_complete(41 + 2 * n);
	take_and_complete(0);
	/* Of one that has lost it to another one. */
	start(2);
	set_prio(0, 0x20);
	set_prio(3, 0x68);
	raise_spis(6, prio, true);
	sgi(0, true);
	take_and_complete(0);
	sgi(index_of(3), true);
	for (unsigned n = 0; n < 4; n++)
		take_and_complete(41 + 2 * n);
	take_and_complete(3);
	/* It was pending, but its group was shut, when the SGI came first. */
	start(2);
	v.vmcr &= ~(uint64_t)VENG0;
	set_prio(0, 0x20);
	set_prio(3, 0x68);
	raise_spis(3, prio, false);
	sgi(index_of(3), true);
	take(3);
	v.vmcr |= VENG0;
	sgi(0, true);
	complete();
	sgi(index_of(3), true);
	take_and_complete(0);
	for (unsigned n = 0; n < 3; n++)
		take_and_complete(41 + 2 * n);
	take_and_complete(3);
}

/* A device's interrupt from its rise to its end. */
static void serve(unsigned level)
{
	line(level, true);
	take(44);
	line(level, false);
	complete();
}

/* A device's line falls while its interrupt is handled, and rises again: only its list register changes. */
static void a_level_stays_in_its_list_register(void **unused)
{
	unsigned level = index_of(44);

	(void)unused;
	start(2);
	ref[level].prio = 0x80;
	for (unsigned n = 0; n < 4; n++) {
		serve(level);
		assert_false(acknowledge());
	}
	assert_int_equal(again, 3);
	line(level, true); /* it falls before it is taken */
	line(level, false);
	assert_false(acknowledge());
	/* It rises while it is still handled; with another priority since. */
	line(level, true);
	take(44);
	line(level, false);
	line(level, true);
	complete();
	take(44);
	line(level, false);
	complete();
	serve(level);
	again = 0;
	ref[level].prio = 0x40;
	line(level, true);
	assert_int_equal(again, 0);
	take(44);
	line(level, false);
	complete();
}

/* The same of the physical timer; whose priority changes meanwhile. */
static void the_physical_timer_stays_in_its_list_register(void **unused)
{
	unsigned timer = index_of(VIRQ_PTIMER);

	(void)unused;
	start(2);
	set_prio(VIRQ_PTIMER, 0x80);
	for (unsigned n = 0; n < 4; n++) {
		line(timer, true);
		take(VIRQ_PTIMER);
		line(timer, false);
		complete();
		assert_false(acknowledge());
		leave_and_return();
	}
	assert_true(again > 0);
	again = 0;
	set_prio(VIRQ_PTIMER, 0x40);
	line(timer, true);
	assert_int_equal(again, 0);
	take(VIRQ_PTIMER);
	complete(); /* its line is still up */
	take(VIRQ_PTIMER);
	line(timer, false);
	complete();
	assert_false(acknowledge());
}

/* Nobody takes what another one has had, as long as there is one that nobody has had. */
static void who_comes_again_finds_its_list_register(void **unused)
{
	(void)unused;
	start(2);
	for (unsigned n = 0; n < 3; n++) {
		for (unsigned intid = 0; intid <= 7; intid += 7) {
			unsigned had = v.lr_of[intid];

			sgi(index_of(intid), true);
			assert_true(had == VGIC_LR_MAX || v.lr_of[intid] == had);
			take_and_complete(intid);
		}
	}
	assert_int_not_equal(v.lr_of[0], v.lr_of[7]);
	assert_true(v.straight & BIT(0) && v.straight & BIT(7));
}

static void a_level_may_change_its_group_and_come_as_an_edge(void **unused)
{
	unsigned level = index_of(44);

	(void)unused;
	start(2);
	serve(level);
	ref[level].group1 = false;
	line(level, true);
	assert_int_equal(again, 0);
	take(44);
	line(level, false);
	complete();
	ref[level].latch = true;
	assert_true(vgic_change_spi(&v, 44, ref[level].prio | VIRQ_GROUP0, false, true) > 0);
	enter();
	take(44);
	complete();
	enter();
	assert_int_equal(v.spi_used, 0);
}

/* What has changed again before the virtual CPU looks. */
static void what_has_arrived_counts_as_it_is_then(void **unused)
{
	unsigned level = index_of(44);
	int index;

	(void)unused;
	start(2);
	serve(level);
	/* It has fallen. */
	index = vgic_change_spi(&v, 44, ref[level].prio, true, true);
	vgic_change_spi(&v, 44, ref[level].prio, true, false);
	arrive(index);
	assert_int_equal(again, 0);
	assert_false(acknowledge());
	/* It has come as an edge, too: once. */
	ref[level].line = ref[level].latch = true;
	vgic_change_spi(&v, 44, ref[level].prio, false, true);
	index = vgic_change_spi(&v, 44, ref[level].prio, true, true);
	arrive(index);
	assert_int_equal(again, 0);
	take(44);
	line(level, false);
	complete();
	enter();
	assert_false(acknowledge());
}

/* One that is active and pending again does not go ahead when another one has lost its list register. */
static void an_active_one_that_is_pending_again_waits_for_its_turn(void **unused)
{
	static const unsigned prio[] = {0x80, 0x40, 0x48, 0x50};

	(void)unused;
	start(2);
	set_prio(0, 0x20);
	raise_spis(1, prio, true);
	take(41);
	v.vmcr = (v.vmcr & ~(0xffull << 24)) | 0x30ull << 24;
	raise_spis(4, prio, true);
	sgi(0, true);
	take_and_complete(0);
	complete();
	v.vmcr |= 0xf8ull << 24;
	for (unsigned n = 1; n < 4; n++)
		take_and_complete(41 + 2 * n);
	take_and_complete(41);
}

/* Nothing folds while they come and go one by one: then their room is free only after the next time that something
 * does. */
static void spis_that_have_ended_leave_room_after_a_fold(void **unused)
{
	(void)unused;
	start(2);
	for (unsigned intid = 100; intid < 100 + VGIC_INFLIGHT; intid++) {
		int index = vgic_change_spi(&v, intid, 0x80, true, true);

		arrive(index);
		assert_true(vgic_change_spi(&v, intid, 0x80, true, false) == index);
		lower((unsigned)index);
	}
	assert_int_equal(v.spi_used, UINT32_MAX);
	assert_int_equal(vgic_change_spi(&v, 200, 0x80, true, true), -KE_AGAIN);
	enter();
	assert_int_equal(v.spi_used, 0);
	assert_true(vgic_change_spi(&v, 200, 0x80, true, true) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(spis_that_have_ended_leave_room_after_a_fold),
	    cmocka_unit_test(images_that_change_one_by_one_signal_the_same),
	    cmocka_unit_test(nobody_is_overtaken_by_what_comes_straight),
	    cmocka_unit_test(a_level_stays_in_its_list_register),
	    cmocka_unit_test(the_physical_timer_stays_in_its_list_register),
	    cmocka_unit_test(who_comes_again_finds_its_list_register),
	    cmocka_unit_test(a_level_may_change_its_group_and_come_as_an_edge),
	    cmocka_unit_test(what_has_arrived_counts_as_it_is_then),
	    cmocka_unit_test(an_active_one_that_is_pending_again_waits_for_its_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
