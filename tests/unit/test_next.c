/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tests/unit/machine.c kernel/arch/host kernel/boot/first.c kernel/mm/space.c kernel/object */
/* SOURCES: kernel/boot/ranges.c kernel/sched */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/* Who waits in no queue: `next` of a CPU (ready.h). */
#include "machine.h"

#define ALL 0xfu

static struct thread *first;

static int setup(void **state)
{
	(void)state;
	machine_boot(4);
	first = machine_process(1, 50, ALL, 0, false);
	return 0;
}

/* Who was preempted is `next` if it is for that CPU only; what is changed of it there counts at once. */
static void what_is_set_of_next_counts_at_once(void **state)
{
	struct thread *low, *high;

	(void)state;
	low = machine_spawn(first, 10, 2);
	high = machine_spawn(first, 20, 2);
	assert_ptr_equal(cpus[1].current, high);
	assert_ptr_equal(cpus[1].next, low);
	machine_sched(low, 30, SCHED_FIFO_, 0);
	assert_ptr_equal(cpus[1].current, low);
	assert_ptr_equal(cpus[1].next, high);
	machine_sched(low, 15, SCHED_FIFO_, 0);
	assert_ptr_equal(cpus[1].current, high);
	/* It may run elsewhere, too: an idle CPU takes it; or only there. */
	machine_fp_write(1, 4711);
	machine_sched(low, 15, SCHED_FIFO_, 6);
	assert_ptr_equal(cpus[2].current, low);
	assert_null(cpus[1].next);
	machine_sched(low, 15, SCHED_FIFO_, 2);
	assert_ptr_equal(cpus[1].next, low);
	machine_sched(low, 15, SCHED_FIFO_, 8);
	assert_ptr_equal(cpus[3].current, low);
	machine_sched(low, 15, SCHED_FIFO_, 2);
	assert_ptr_equal(cpus[1].next, low);
	/* To end it runs before the other. */
	assert_int_equal(sys_ThreadDestroy(first, low->tid, 0), 0);
	assert_null(cpus[1].next);
	assert_ptr_equal(cpus[1].current, high);
	assert_int_equal(machine_fp_read(1), 4711);
}

/* Of several that were preempted the last one is `next`; each goes on before its equals, and the woken one before none.
 */
static void who_was_preempted_goes_before_its_equals(void **state)
{
	struct thread *t[5];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		t[i] = machine_spawn(first, 10 + i, 2);
	assert_ptr_equal(cpus[1].next, t[1]);
	t[3] = machine_spawn(first, 11, 2);
	t[4] = machine_spawn(first, 12, 2);
	for (unsigned i = 0; i < 5; i++) {
		static const unsigned order[] = {2, 4, 1, 3, 0};

		machine_check(true);
		assert_ptr_equal(cpus[1].current, t[order[i]]);
		assert_int_equal(sys_SyncWait(t[order[i]], MEM_VA, 0, 0), BLOCKED);
	}
	assert_null(cpus[1].current);
}

/* A slice ends for an equal that is `next` as for one in the queue. */
static void slices_end_for_next(void **state)
{
	struct thread *a = machine_spawn(first, 10, 2), *b = machine_spawn(first, 10, 2);

	(void)state;
	machine_sched(a, 10, SCHED_RR_, 0);
	machine_sched(b, 10, SCHED_RR_, 0);
	assert_ptr_equal(cpus[1].next, b);
	for (unsigned n = 0; n < 4; n++) {
		machine_tick(TIMESLICE_NS - 1);
		assert_ptr_equal(cpus[1].current, n % 2 ? b : a);
		machine_tick(1);
		assert_ptr_equal(cpus[1].current, n % 2 ? a : b);
	}
	for (unsigned n = 0; n < 4; n++) {
		assert_int_equal(sys_SchedYield(n % 2 ? b : a), 0);
		assert_ptr_equal(cpus[1].current, n % 2 ? a : b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_is_set_of_next_counts_at_once, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(who_was_preempted_goes_before_its_equals, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(slices_end_for_next, setup, machine_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
