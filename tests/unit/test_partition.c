/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tests/unit/machine.c kernel/arch/host kernel/boot/first.c kernel/mm/space.c kernel/object */
/* SOURCES: kernel/boot/ranges.c kernel/sched */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/* Adaptive partitions: who gets how much. */
#include "machine.h"
#include <stdio.h>

#define MS      1000000ull
#define PERCENT 100u
#define CPUS    4u

static unsigned shared;      /* CPUs */
static struct thread *first; /* of a process in slot 1, which does nothing by itself */
static uint64_t window = 100 * MS;
static uint64_t born[CPUS]; /* busy time of each CPU when it began to be counted */

static uint64_t everything(void)
{
	return BIT(shared) - 1;
}

static void params(uint64_t ms, uint64_t policy)
{
	window = ms * MS;
	assert_int_equal(sys_SchedPartition(procmgr, PARTITION_PARAMS, ms, everything(), policy), 0);
}

static void budget(unsigned id, unsigned percent, uint64_t critical_us)
{
	assert_int_equal(sys_SchedPartition(procmgr, PARTITION_BUDGET, id,
					    percent * PERCENT | (uint64_t)PARTITION_PERCENT << 16, critical_us),
			 0);
}

static void join(const struct thread *t, uint64_t partition)
{
	assert_int_equal(sys_SchedPartition(procmgr, PARTITION_JOIN, 1, t->tid, partition), 0);
}

static int setup(void **state)
{
	(void)state;
	if (machine_boot(CPUS)) {
		for (unsigned i = 0; i < CPUS; i++)
			born[i] = 1000; /* host_reset() */
	}
	return 0;
}

/* A system with so many shared CPUs, in which nothing has happened for a while. */
static void begin(unsigned cpus_shared)
{
	machine_clear();
	shared = cpus_shared;
	first = machine_process(1, 150, (uint32_t)everything(), ABLE_VCPU, true);
	params(100, 0);
	join(first, 0 | PARTITION_CRITICAL);
	machine_tick(1000 * MS);
}

/* They loop for ever. */
static void loops(unsigned partition, unsigned prio, unsigned count, uint32_t mask)
{
	for (unsigned i = 0; i < count; i++) {
		struct thread *t = machine_spawn(first, prio, mask);

		join(t, partition);
	}
}

/* `first` does nothing any more. */
static void rest(void)
{
	assert_int_equal(sys_SyncWait(first, MEM_VA, 0, 0), BLOCKED);
}

/* Time goes on, from one timer to the next. */
static void run(uint64_t ns)
{
	uint64_t end = arch_clock_now() + ns;

	while (arch_clock_now() < end) {
		uint64_t next = end, now = arch_clock_now();

		for (unsigned i = 0; i < CPUS; i++)
			if (host_clock_armed(i) < next)
				next = host_clock_armed(i);
		machine_tick(next > now ? next - now : 1);
	}
}

static uint64_t used(unsigned id)
{
	struct partition_stats stats = {0};

	partition_stats(id, &stats);
	return stats.used;
}

/* In tenths of a percent of all shared CPUs, between two moments. */
static unsigned share(uint64_t before, uint64_t after, uint64_t ns)
{
	return (unsigned)((after - before) * 1000 / (ns * shared));
}

static void check_share(const char *what, unsigned is, unsigned least, unsigned most)
{
	if (is < least || is > most)
		fail_msg("%s: %u.%u %% on %u CPUs, not %u.%u to %u.%u", what, is / 10, is % 10, shared, least / 10,
			 least % 10, most / 10, most % 10);
}

static void check_shares(uint64_t ns, const unsigned *wanted, unsigned count)
{
	uint64_t before[PARTITION_MAX];

	for (unsigned i = 0; i < count; i++)
		before[i] = used(i);
	run(ns);
	for (unsigned i = 0; i < count; i++) {
		char name[16];

		snprintf(name, sizeof(name), "partition %u", i);
		check_share(name, share(before[i], used(i), ns), wanted[i] > 5 ? wanted[i] - 5 : 0, wanted[i] + 5);
	}
	machine_check(true);
}

static void three(void)
{
	budget(0, 70, 0);
	budget(1, 20, 0);
	budget(2, 10, 0);
}

/* Pa and Pb loop, and System if it is busy: what each gets, with as many threads in each as there are CPUs. */
static void check_on_all_cpus(uint64_t policy, bool busy_system, const unsigned wanted[3])
{
	for (unsigned cpus_shared = 1; cpus_shared <= 4; cpus_shared++) {
		begin(cpus_shared);
		params(100, policy);
		three();
		if (busy_system)
			loops(0, 20, cpus_shared, (uint32_t)everything());
		loops(1, 10, cpus_shared, (uint32_t)everything());
		loops(2, 30, cpus_shared, (uint32_t)everything());
		rest();
		run(2 * window);
		check_shares(20 * window, wanted, 3);
	}
}

/* All loop: each gets its budget, whatever their priorities are. */
static void each_gets_its_budget(void **state)
{
	(void)state;
	check_on_all_cpus(0, true, (unsigned[]){700, 200, 100});
}

/* What System does not use goes to the higher priority. */
static void free_time_goes_by_priority(void **state)
{
	(void)state;
	check_on_all_cpus(0, false, (unsigned[]){0, 200, 800});
}

/* What System does not use is divided as their budgets are. */
static void free_time_goes_by_ratio(void **state)
{
	(void)state;
	check_on_all_cpus(PARTITION_POLICY_RATIO, false, (unsigned[]){0, 667, 333});
}

/* In no window does a partition get less, and the windows may be short or long. */
static void every_window_has_the_budget(void **state)
{
	static const unsigned lengths[] = {8, 100, 400};

	(void)state;
	for (unsigned n = 0; n < ARRAY_COUNT(lengths); n++) {
		static uint64_t at[400];
		unsigned least = 1000;

		begin(2);
		params(lengths[n], 0);
		three();
		loops(0, 10, 2, (uint32_t)everything());
		loops(2, 90, 2, (uint32_t)everything());
		rest();
		run(2 * window);
		for (unsigned i = 0; i < 400; i++) {
			at[i] = used(0);
			run(window / 100);
			if (i >= 100 && share(at[i - 100], at[i], window) < least)
				least = share(at[i - 100], at[i], window);
		}
		check_share("System in its worst window", least, 690, 1000);
	}
}

/* One partition: no timer of a CPU is armed except for its equals. */
static void without_partitions_there_is_no_tick(void **state)
{
	(void)state;
	begin(2);
	loops(0, 10, 3, 3);
	rest();
	run(MS);
	assert_true(host_clock_armed(0) == UINT64_MAX && host_clock_armed(1) == UINT64_MAX);
}

/* Nobody waits: none either. What was used meanwhile counts when somebody does. */
static void who_is_alone_needs_no_tick(void **state)
{
	struct thread *other;
	uint64_t before;

	(void)state;
	begin(2);
	budget(0, 50, 0);
	budget(1, 50, 0);
	budget(2, 0, 0);
	loops(1, 10, 2, 3);
	rest();
	run(3 * MS);
	assert_true(host_clock_armed(0) == UINT64_MAX && host_clock_armed(1) == UINT64_MAX);
	run(1000 * MS);
	/* System has used nothing: it gets all that the other one has had too much of. */
	before = used(0);
	other = machine_process(2, 5, 3, 0, false);
	(void)other;
	assert_int_equal(sys_ThreadCreate(other, CODE_VA + 4, 0, 0, 5, SCHED_FIFO_, 3, 0), 2);
	run(window / 2);
	check_share("System, after a time in which it used nothing", share(before, used(0), window / 2), 990, 1000);
	run(window);
	check_shares(10 * window, (unsigned[]){500, 500}, 2);
	machine_undefine(2);
}

/* Its CPU had nobody else to run when it went to sleep; others wait when it wakes. */
static void who_wakes_gets_no_more_than_others(void **state)
{
	const struct thread *loop;
	struct thread *sleeper;

	(void)state;
	begin(1);
	budget(0, 80, 0);
	budget(1, 20, 0);
	budget(2, 0, 0);
	sleeper = machine_spawn(first, 140, 1);
	join(sleeper, 1);
	rest();
	assert_ptr_equal(cpus[0].current, sleeper);
	run(3 * MS);
	assert_true(host_clock_armed(0) == UINT64_MAX);
	assert_int_equal(sys_SyncWait(sleeper, MEM_VA, 0, 0), BLOCKED);
	assert_null(cpus[0].current);
	run(3 * MS);
	assert_true(host_clock_armed(0) == UINT64_MAX);
	loop = machine_process(3, 5, 1, 0, false); /* of System */
	assert_ptr_equal(cpus[0].current, loop);
	run(3 * MS);
	host_cpu = 1;
	lock_acquire(&kernel_lock);
	list_del(&sleeper->wait_link);
	thread_wake(sleeper, 0);
	lock_release(&kernel_lock);
	machine_settle();
	run(2 * window);
	check_shares(20 * window, (unsigned[]){800, 200}, 2);
	machine_undefine(3);
}

/* A server of a partition without a budget works in its client's. */
static void a_server_is_paid_by_its_client(void **state)
{
	(void)state;
	begin(1);
	budget(0, 50, 0);
	budget(1, 50, 0);
	budget(2, 0, 0);
	loops(1, 20, 1, 1);
	rest();
	run(window);
	check_shares(10 * window, (unsigned[]){0, 1000, 0}, 3);
}

/* A critical thread of a low priority goes before all, as long as its critical budget lasts. */
static void critical_threads_go_first(void **state)
{
	struct thread *critical;

	(void)state;
	begin(1);
	budget(0, 70, 0);
	budget(1, 20, 10000);
	budget(2, 10, 0);
	loops(0, 30, 1, 1);
	loops(2, 40, 1, 1);
	critical = machine_spawn(first, 5, 1);
	join(critical, 1 | PARTITION_CRITICAL);
	rest();
	assert_ptr_equal(cpus[0].current, critical);
	run(20 * window);
	check_shares(20 * window, (unsigned[]){700, 200, 100}, 3);
	{
		struct partition_stats stats;

		partition_stats(1, &stats);
		check_share("critical time", (unsigned)(stats.critical_in_window * 1000 / window), 0, 101);
	}
}

/* All busy time of a CPU is somebody's, and who may be run is run. */
static void check_books(void)
{
	const uint64_t now = arch_clock_ticks();

	for (unsigned i = 0; i < CPUS; i++) {
		const struct cpu *c = &cpus[i];
		uint64_t busy = now - cpu_idle_ticks(c, now), sum = born[i];

		for (unsigned a = 0; a <= ACCOUNTS; a++)
			sum += (uint64_t)c->share.spent[a] + (c->share.spent[a] < 0 ? busy : 0);
		assert_int_equal(sum, busy);
		if (c->current)
			assert_int_equal(c->share.bill % PARTITION_MAX, c->current->account % PARTITION_MAX);
		assert_true(!partitions_open || sched_nobody_waits());
		for (unsigned tid = 1; !c->current && tid <= 25; tid++) {
			const struct thread *t = machine_thread(1, tid);

			assert_false(t->state == STATE_READY && (t->runmask & BIT(i)));
		}
	}
}

static void random_order(void)
{
	static const uint32_t masks[] = {1, 2, 4, 8, 15, 15, 7, 12};
	uint64_t partition = machine_random(5) | (machine_random(8) ? 0 : PARTITION_CRITICAL);
	uint32_t tid = 2 + machine_random(24), mask = masks[machine_random(ARRAY_COUNT(masks))];
	struct thread *t = cpus[machine_random(CPUS)].current;

	switch (machine_random(10)) {
	case 0: budget(1 + machine_random(4), machine_random(25), 1000 * machine_random(3)); break;
	case 1: params(8 + machine_random(100), machine_random(2) ? PARTITION_POLICY_RATIO : 0); break;
	case 2:
	case 3: sys_SchedPartition(procmgr, PARTITION_JOIN, 1, tid, partition); break;
	case 4: sys_SchedSet(procmgr, 1, tid, 1 + machine_random(90), 1 + machine_random(2), mask); break;
	case 5:
	case 6:
		if (t && t != first)
			sys_SyncWait(t, MEM_VA, 0, 0);
		break;
	case 7: sys_SyncWake(first, MEM_VA, 1 + machine_random(9)); break;
	default: machine_tick(machine_random(2) ? machine_random(100) : machine_random(3 * MS)); break;
	}
}

/* `first` is always running, on a CPU of its own, to wake the others. */
static void random_orders_keep_the_books(void **state)
{
	(void)state;
	begin(4);
	machine_seed(11);
	three();
	machine_sched(first, 150, SCHED_FIFO_, 8);
	for (unsigned i = 0; i < 24; i++)
		join(machine_spawn(first, 1 + machine_random(90), 15), machine_random(5));
	for (unsigned n = 0; n < 30000; n++) {
		random_order();
		machine_check(true);
		check_books();
	}
}

static void bad_settings_are_refused(void **state)
{
	(void)state;
	begin(2);
	assert_int_equal(sys_SchedPartition(procmgr, PARTITION_PARAMS, 7, 3, 0), -KE_INVAL);
	assert_int_equal(sys_SchedPartition(procmgr, PARTITION_PARAMS, 401, 3, 0), -KE_INVAL);
	assert_int_equal(sys_SchedPartition(procmgr, PARTITION_PARAMS, 8, BIT(CPUS + 1), 0), -KE_INVAL);
	assert_int_equal(sys_SchedPartition(procmgr, PARTITION_PARAMS, 8, 3, 8), -KE_INVAL);
	assert_int_equal(sys_SchedPartition(procmgr, PARTITION_BUDGET, 32, 0, 0), -KE_INVAL);
	assert_int_equal(sys_SchedPartition(procmgr, PARTITION_BUDGET, 1, 10001ull << 16, 0), -KE_INVAL);
	assert_int_equal(sys_SchedPartition(procmgr, PARTITION_BUDGET, 1, 2 | 1ull << 16, 0), -KE_INVAL);
	assert_int_equal(sys_SchedPartition(procmgr, PARTITION_BUDGET, 1, 1ull << 32, 0), -KE_INVAL);
	assert_int_equal(sys_SchedPartition(procmgr, PARTITION_JOIN, 9, 0, 0), -KE_SRCH);
	assert_int_equal(sys_SchedPartition(procmgr, PARTITION_JOIN, 1, 99, 0), -KE_SRCH);
	assert_int_equal(sys_SchedPartition(procmgr, PARTITION_JOIN, 1, 0, 32), -KE_INVAL);
	assert_int_equal(sys_SchedPartition(procmgr, PARTITION_STATS, 33, 0, MEM_VA), -KE_INVAL);
	assert_int_equal(sys_SchedPartition(procmgr, 9, 0, 0, 0), -KE_INVAL);
	assert_int_equal(sys_SchedPartition(first, PARTITION_PARAMS, 100, 3, 0), -KE_PERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(without_partitions_there_is_no_tick, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(each_gets_its_budget, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(free_time_goes_by_priority, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(free_time_goes_by_ratio, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(every_window_has_the_budget, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(who_is_alone_needs_no_tick, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(who_wakes_gets_no_more_than_others, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(a_server_is_paid_by_its_client, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(critical_threads_go_first, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(random_orders_keep_the_books, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(bad_settings_are_refused, setup, machine_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
