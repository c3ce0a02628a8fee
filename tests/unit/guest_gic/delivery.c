/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of an SPI: levels and edges, and all that may change while it is on its way. */
#include "model.h"

static void a_level_is_pending_while_its_line_is_up(void **state)
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

static void an_edge_is_taken_once(void **state)
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
static void what_is_disabled_is_withdrawn(void **state)
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
		put_register(GICD + IPRIORITYR + 50, 1, 0x20);
		assert_int_equal(kernel.spi[0][50].priority, 0x20);
		put_register(GICD + IROUTER + 8 * 50, 8, 0x100);
		assert_true(!signalled(0, 50) && signalled(2, 50));
		put_register(GICD + IROUTER + 8 * 50, 8, 0x200); /* nobody */
		assert_true(!signalled(0, 50) && !signalled(2, 50) && get_bit(ISPENDR, 50));
		put_register(GICD + IROUTER + 8 * 50, 8, 1);
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

static void an_active_interrupt_may_be_disabled_and_moved(void **state)
{
	(void)state;
	ready(60, false);
	guest_gic_set_line(&gic, 60, true);
	assert_int_equal(acknowledge(0), 60);
	put_bit(ICENABLER, 60); /* as a threaded handler does */
	assert_true(get_bit(ISACTIVER, 60));
	put_register(GICD + IROUTER + 8 * 60, 8, 1);
	complete(0, 60);
	assert_int_equal(acknowledge(0), 0);
	put_bit(ISENABLER, 60);
	assert_int_equal(acknowledge(1), 60);
	put_bit(ICACTIVER, 60);
	assert_false(kernel.spi[1][60].active);
	assert_true(signalled(1, 60));
}

/* The kernel signals a line again by itself: it must know the new priority. */
static void a_new_priority_reaches_the_kernel_while_active(void **state)
{
	(void)state;
	ready(61, false);
	guest_gic_set_line(&gic, 61, true);
	assert_int_equal(acknowledge(0), 61);
	put_register(GICD + IPRIORITYR + 61, 1, 0x40);
	assert_true(kernel.spi[0][61].active);
	complete(0, 61);
	assert_true(signalled(0, 61));
	assert_int_equal(kernel.spi[0][61].priority, 0x40);
}

static void pending_interrupts_follow_the_cpus_that_are_on(void **state)
{
	(void)state;
	ready(70, true);
	ready(71, true);
	put_register(GICD + IROUTER + 8 * 70, 8, 1);
	put_register(GICD + IROUTER + 8 * 71, 8, 1ull << 31);
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

static void an_interrupt_waits_for_room(void **state)
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

static void what_is_no_spi_changes_nothing(void **state)
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
		assert_int_equal(get_d(ISPENDR + 4 * w) | gic.input[w].watched | gic.held[w].latch, 0);
}

int delivery_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_level_is_pending_while_its_line_is_up),
	    CASE(an_edge_is_taken_once),
	    CASE(what_is_disabled_is_withdrawn),
	    CASE(an_active_interrupt_may_be_disabled_and_moved),
	    CASE(a_new_priority_reaches_the_kernel_while_active),
	    CASE(pending_interrupts_follow_the_cpus_that_are_on),
	    CASE(an_interrupt_waits_for_room),
	    CASE(what_is_no_spi_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
