/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tests/unit/machine.c kernel/arch/host kernel/boot/first.c kernel/mm/space.c kernel/object */
/* SOURCES: kernel/boot/ranges.c kernel/sched */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/* The heaps of timers, against a plain array. */
#include "machine.h"
#include "timer_object.h"

#define TIMERS 300u
#define CPUS   3u

static struct timer_object object[TIMERS];
static bool armed[TIMERS];
static struct process owner;

static int setup(void **state)
{
	(void)state;
	host_reset(CPUS);
	memset(object, 0, sizeof(object));
	memset(armed, 0, sizeof(armed));
	for (unsigned i = 0; i < TIMERS; i++) {
		object[i].process = &owner;
		object[i].timer.kind = TIMER_PULSE;
	}
	machine_seed(7);
	return 0;
}

static uint64_t earliest(unsigned cpu)
{
	uint64_t at = UINT64_MAX;

	for (unsigned i = 0; i < TIMERS; i++)
		if (armed[i] && object[i].timer.cpu == cpu && object[i].timer.deadline < at)
			at = object[i].timer.deadline;
	return at;
}

static void check(void)
{
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		uint32_t count = 0;

		for (unsigned i = 0; i < TIMERS; i++)
			count += armed[i] && object[i].timer.cpu == cpu;
		host_cpu = cpu;
		assert_int_equal(cpus[cpu].timers.count, count);
		assert_int_equal(cpus[cpu].timers.first, earliest(cpu));
		/* The hardware is never later than the heap. */
		assert_true(host_clock_armed(cpu) <= earliest(cpu));
		for (unsigned i = 1; i <= count; i++)
			assert_int_equal(cpus[cpu].timers.at[i]->index, i);
	}
	for (unsigned i = 0; i < TIMERS; i++)
		assert_int_equal(object[i].timer.index != 0, armed[i]);
}

static void expire(unsigned cpu, uint64_t now)
{
	host_cpu = cpu;
	for (;;) {
		uint64_t next = earliest(cpu);
		unsigned gone = 0;

		if (next > now)
			return;
		timer_expire_one(&cpus[cpu]);
		/* The earliest, and no other. */
		for (unsigned i = 0; i < TIMERS; i++)
			if (armed[i] && !object[i].timer.index) {
				assert_int_equal(object[i].timer.deadline, next);
				armed[i] = false;
				gone++;
			}
		assert_int_equal(gone, 1);
	}
}

static void the_earliest_timer_expires_first(void **state)
{
	uint64_t now = 1000;

	(void)state;
	for (unsigned n = 0; n < 20000; n++) {
		unsigned i = machine_random(TIMERS);

		host_cpu = machine_random(CPUS);
		switch (machine_random(5)) {
		case 0:
		case 1:
			timer_arm(&object[i].timer, now + machine_random(1000));
			armed[i] = true;
			break;
		case 2:
			/* From any CPU. */
			timer_disarm(&object[i].timer);
			armed[i] = false;
			break;
		case 3: now += machine_random(20); break;
		default: expire(machine_random(CPUS), now);
		}
		if (n % 16 == 0)
			check();
	}
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		expire(cpu, UINT64_MAX - 1);
	check();
}

/* Each process has its share, and none has more. */
static void each_process_has_its_share(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TIMER_PER_PROCESS; i++)
		assert_true(timer_reserve(&owner, 1));
	assert_false(timer_reserve(&owner, 1));
	assert_true(timer_reserve(&processes[5], 1));
	timer_unreserve(&owner, 1);
	assert_true(timer_reserve(&owner, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(the_earliest_timer_expires_first, setup),
	    cmocka_unit_test_setup(each_process_has_its_share, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
