/* SPDX-License-Identifier: Apache-2.0 */
/* Adaptive partitions: who may change what, what budgets become, and what the kernel is told. */
#include "script.h"
#include <bulkhead/sched_aps.h>

#define PERCENT SCHED_APS_PERCENT

/* Partitions of the description; those that are made get the next numbers. */
enum { SYSTEM, GUESTS, MAINT, FREE };

static int make_partitions(void **state)
{
	int result = make_system(state);

	config.partition_count = 3;
	config.partitions[SYSTEM].budget = 50 * PERCENT;
	config.partitions[GUESTS] = (struct sys_partition){"guests", SYSTEM, 40 * PERCENT, PARTITION_PERCENT, 5000};
	config.partitions[MAINT] = (struct sys_partition){"maint", SYSTEM, 10 * PERCENT, PARTITION_PERCENT, 0};
	config.vms[0].own.partition = GUESTS;
	slots[VM1].partition = GUESTS;
	return result;
}

/* Not sealed, so that every flag can be tried by itself. */
static int make_begun(void **state)
{
	int result = make_partitions(state);

	return result < 0 ? result : aps_begin();
}

static int make_locked(void **state)
{
	int result = make_partitions(state);

	return result < 0 ? result : seal_slots();
}

static int make_adjustable(void **state)
{
	int result = make_partitions(state);

	config.partitions_adjustable = true;
	return result < 0 ? result : seal_slots();
}

static struct aps_request last;

static int say(uint32_t slot, const struct pm_aps *message)
{
	last = (struct aps_request){.slot = slot, .tid = 1, .message = message};
	return aps_answer(&last);
}

#define SAY_APS(slot, ...) say(slot, &(struct pm_aps){.type = PM_APS, __VA_ARGS__})
#define CREATE(slot, ...)  SAY_APS(slot, .command = SCHED_APS_CREATE_PARTITION, __VA_ARGS__)
#define JOIN(slot, ...)    SAY_APS(slot, .command = SCHED_APS_JOIN_PARTITION, __VA_ARGS__)

static int set(uint32_t slot, int32_t window_ms, int32_t policy, int32_t bankruptcy)
{
	return SAY_APS(slot, .command = SCHED_APS_SET_PARMS, .window_ms = window_ms, .policy = policy,
		       .bankruptcy = bankruptcy);
}

static int modify(uint32_t slot, int32_t id, int32_t budget, int32_t max, int32_t critical_us)
{
	return SAY_APS(slot, .command = SCHED_APS_MODIFY_PARTITION, .id = id, .budget = budget, .max_budget = max,
		       .critical_us = critical_us);
}

static void expect_budgets(uint32_t system, uint32_t guests, uint32_t maint)
{
	uint32_t all = 0;

	assert_int_equal(k.budget[SYSTEM], system * PERCENT);
	assert_int_equal(k.budget[GUESTS], guests * PERCENT);
	assert_int_equal(k.budget[MAINT], maint * PERCENT);
	for (unsigned i = 0; i < PARTITION_MAX; i++) {
		assert_int_equal(k.budget[i], aps.of[i].budget);
		all += k.budget[i];
	}
	assert_int_equal(all, PARTITION_PERCENT);
}

static void the_kernel_is_told_what_the_description_says(void **state)
{
	(void)state;
	assert_int_equal(k.window_ms, 100);
	assert_int_equal(k.shared_cpus, 0xf);
	expect_budgets(50, 40, 10);
	assert_int_equal(k.max[GUESTS], PARTITION_PERCENT);
	assert_int_equal(k.critical_us[GUESTS], 5000);
	assert_int_equal(k.critical_us[SYSTEM], SYS_CRITICAL_MOST_US);
	assert_int_equal(k.params[VM1].partition, GUESTS);
	assert_int_equal(k.params[SHELL].partition, SYSTEM);
	assert_int_equal(aps.sec_flags, SCHED_APS_SEC_RECOMMENDED | SCHED_APS_SEC_PARTITIONS_LOCKED);
}

static void a_budget_comes_out_of_the_parents(void **state)
{
	(void)state;
	assert_int_equal(CREATE(LATE, .name = "a", .parent = SYSTEM, .budget = 20 * PERCENT), FREE);
	expect_budgets(30, 40, 10);
	assert_int_equal(k.max[FREE], PARTITION_PERCENT);
	assert_int_equal(
	    CREATE(LATE, .name = "b", .parent = GUESTS, .budget = 40 * PERCENT, .max_budget = PARTITION_PERCENT),
	    FREE + 1);
	expect_budgets(30, 0, 10);
	assert_int_equal(k.max[FREE + 1], PARTITION_PERCENT);
	assert_int_equal(CREATE(LATE, .name = "c", .parent = GUESTS, .budget = 1), -EDQUOT);
	assert_int_equal(CREATE(LATE, .name = "c", .parent = GUESTS), FREE + 2); /* a budget of 0 */
	/* -1: of the partition that the caller is in. */
	assert_int_equal(CREATE(VM1, .parent = -1), FREE + 3);
	assert_string_equal(aps.of[FREE + 3].name, "6");
	assert_int_equal(aps.of[FREE + 3].parent, GUESTS);
	/* Changes go the same way. */
	assert_int_equal(modify(LATE, FREE, 50 * PERCENT, -1, -1), 0);
	expect_budgets(0, 40 - 40, 10);
	assert_int_equal(modify(LATE, FREE, 50 * PERCENT + 1, -1, -1), -EDQUOT);
	assert_int_equal(modify(LATE, FREE, 0, -1, -1), 0);
	expect_budgets(50, 0, 10);
	assert_int_equal(modify(LATE, FREE + 1, -1, 0, 7), 0);
	assert_int_equal(k.max[FREE + 1], PARTITION_PERCENT);
	assert_int_equal(k.critical_us[FREE + 1], 7);
	assert_int_equal(k.budget[FREE + 1], 40 * PERCENT);
	assert_int_equal(modify(LATE, FREE + 1, 20 * PERCENT, PARTITION_PERCENT, -1), 0);
	assert_int_equal(k.budget[GUESTS], 20 * PERCENT);
	assert_non_null(
	    strstr(log_text, "partition a (3) created: budget 20.00 %, max 100.00 %, critical 0 us; by late"));
	assert_non_null(strstr(log_text, "partition a (3) changed: budget 50.00 %"));
}

static void numbers_and_names_have_limits(void **state)
{
	static const char *const wrong[] = {"1a", "a/b", "a b", "a\x1b[2J"};

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct pm_aps m = {.type = PM_APS, .command = SCHED_APS_CREATE_PARTITION};

		strcpy(m.name, wrong[i]);
		assert_int_equal(say(SHELL, &m), -EINVAL);
	}
	assert_int_equal(CREATE(SHELL, .name = "sixteen letters!"), -EINVAL); /* no NUL */
	assert_int_equal(CREATE(SHELL, .name = "fifteen-letters"), FREE);
	assert_int_equal(CREATE(SHELL, .name = "guests"), -EEXIST);
	assert_int_equal(CREATE(SHELL, .name = "x", .parent = 9), -ESRCH);
	assert_int_equal(CREATE(SHELL, .name = "x", .parent = -2), -ESRCH);
	assert_int_equal(CREATE(SHELL, .name = "x", .parent = PARTITION_MAX), -ESRCH);
	assert_int_equal(CREATE(SHELL, .name = "x", .budget = -1), -EINVAL);
	assert_int_equal(CREATE(SHELL, .name = "x", .budget = PARTITION_PERCENT + 1), -EINVAL);
	assert_int_equal(CREATE(SHELL, .name = "x", .budget = 2, .max_budget = 1), -EINVAL);
	assert_int_equal(CREATE(SHELL, .name = "x", .max_budget = PARTITION_PERCENT + 1), -EINVAL);
	assert_int_equal(CREATE(SHELL, .name = "x", .critical_us = -1), -EINVAL);
	assert_int_equal(CREATE(SHELL, .name = "x", .critical_us = 4 * 100000 + 1), -EINVAL);
	assert_int_equal(CREATE(SHELL, .name = "x", .critical_us = 4 * 100000), FREE + 1);
	assert_int_equal(modify(SHELL, FREE + 2, 0, -1, -1), -ESRCH);
	assert_int_equal(modify(SHELL, FREE, -2, -1, -1), -EINVAL);
	assert_int_equal(modify(SHELL, FREE, -1, -2, -1), -EINVAL);
	assert_int_equal(modify(SHELL, FREE, -1, -1, -2), -EINVAL);
	/* System has what is left, and no bound of critical time. */
	assert_int_equal(modify(SHELL, SYSTEM, 10, -1, -1), -EINVAL);
	assert_int_equal(modify(SHELL, SYSTEM, -1, -1, 10), -EINVAL);
	assert_int_equal(modify(SHELL, SYSTEM, -1, PARTITION_PERCENT, -1), 0);
	for (int id = FREE + 2; id < (int)PARTITION_MAX; id++)
		assert_int_equal(CREATE(SHELL, .critical_us = 0), id);
	assert_int_equal(CREATE(SHELL, .critical_us = 0), -ENOSPC);
	assert_int_equal(SAY_APS(SHELL, .command = SCHED_APS_LOOKUP, .name = "31"), 31);
	assert_int_equal(SAY_APS(SHELL, .command = SCHED_APS_LOOKUP, .name = "maint"), MAINT);
	assert_int_equal(SAY_APS(SHELL, .command = SCHED_APS_LOOKUP, .name = "nothing"), -ESRCH);
	assert_int_equal(SAY_APS(SHELL, .command = 99), -EINVAL);
}

/* A shrunk window must not make later changes impossible. */
static void window_and_policies_are_changed(void **state)
{
	(void)state;
	assert_int_equal(modify(SHELL, GUESTS, -1, -1, 400000), 0);
	assert_int_equal(set(SHELL, 8, -1, -1), 0);
	assert_int_equal(k.window_ms, 8);
	assert_int_equal(modify(SHELL, GUESTS, 39 * PERCENT, -1, -1), 0);
	assert_int_equal(
	    set(SHELL, -1, SCHED_APS_SCHEDPOL_FREETIME_BY_RATIO | SCHED_APS_SCHEDPOL_NO_LONG_REPORTING, -1), 0);
	assert_int_equal(k.window_ms, 8);
	assert_int_equal(k.partition_policy, PARTITION_POLICY_RATIO);
	assert_int_equal(set(SHELL, 400, SCHED_APS_SCHEDPOL_DEFAULT, -1), 0);
	assert_int_equal(k.partition_policy, 0);
	assert_int_equal(set(SHELL, 401, -1, -1), -EINVAL);
	assert_int_equal(set(SHELL, 7, -1, -1), -EINVAL);
	assert_int_equal(set(SHELL, -1, 16, -1), -EINVAL);
	assert_int_equal(set(SHELL, -1, -2, -1), -EINVAL);
	assert_int_equal(set(SHELL, -1, -1, SCHED_APS_BNKR_BASIC), 0);
	assert_int_equal(set(SHELL, -1, -1, SCHED_APS_BNKR_REBOOT), -ENOSYS);
	assert_int_equal(set(SHELL, -1, -1, 3), -EINVAL);
	assert_int_equal(k.window_ms, 400);
	assert_non_null(strstr(log_text, "partitions: window 8 ms, policy 0x0; before: 100 ms, 0x0; by shell"));
}

/* Nothing that is not kept is accepted, from nobody. */
static void what_is_not_supported_yet_is_refused(void **state)
{
	const struct aps before = aps;

	(void)state;
	assert_int_equal(set(SHELL, 200, SCHED_APS_SCHEDPOL_LIMIT_CPU_USAGE, -1), -ENOSYS);
	assert_int_equal(set(SHELL, 200, SCHED_APS_SCHEDPOL_PARTITION_LOCAL_PRIORITIES, -1), -ENOSYS);
	assert_int_equal(set(SHELL, 200, SCHED_APS_SCHEDPOL_ALL, -1), -ENOSYS);
	assert_int_equal(CREATE(SHELL, .name = "a", .budget = 1, .max_budget = PARTITION_PERCENT - 1), -ENOSYS);
	assert_int_equal(modify(SHELL, GUESTS, -1, 40 * PERCENT, -1), -ENOSYS);
	assert_int_equal(modify(SHELL, SYSTEM, -1, 70 * PERCENT, -1), -ENOSYS);
	assert_memory_equal(&aps, &before, sizeof(aps));
	assert_int_equal(k.window_ms, 100);
}

enum { SETS, CREATES, CREATES_ZERO, CREATES_CRITICAL, MODIFIES, JOINS_SELF, JOINS_OTHER, ACTS };
enum { CALLERS = 4 };

/* The operator and DISK are in System, LATE is in the parent of FREE, and elsewhere. */
static const struct {
	uint32_t slot, partition;
} callers[CALLERS] = {{SHELL, SYSTEM}, {DISK, SYSTEM}, {LATE, GUESTS}, {LATE, MAINT}};

/* Does everything as that caller, with these flags. Nothing stays. */
static void act_as(unsigned caller, uint32_t flags, int result[ACTS])
{
	const uint32_t slot = callers[caller].slot;
	const struct aps before = aps;

	slots[slot].partition = callers[caller].partition;
	aps.sec_flags = flags;
	result[SETS] = set(slot, 100, -1, -1);
	result[CREATES] = CREATE(slot, .name = "n", .parent = SYSTEM, .budget = 1);
	result[CREATES_ZERO] = CREATE(slot, .name = "z", .parent = SYSTEM);
	result[CREATES_CRITICAL] = CREATE(slot, .name = "c", .parent = SYSTEM, .budget = 1, .critical_us = 1);
	result[MODIFIES] = modify(slot, FREE, 20, -1, -1);
	result[JOINS_OTHER] = JOIN(slot, .id = FREE, .pid = VM2);
	result[JOINS_SELF] = JOIN(slot, .id = FREE, .pid = slot);
	aps = before;
	memset(k.budget, 0, sizeof(k.budget));
}

/* What each flag takes from whom: bit n of `may` is callers[n]. */
static void each_flag_holds_back_as_documented(void **state)
{
	static const struct {
		uint32_t flags;
		uint8_t may[ACTS];
	} cases[] = {
	    {SCHED_APS_SEC_OFF, {15, 15, 15, 15, 15, 15, 15}},
	    {SCHED_APS_SEC_ROOT0_OVERALL, {1, 15, 15, 15, 15, 15, 15}},
	    {SCHED_APS_SEC_ROOT_MAKES_PARTITIONS, {15, 1, 1, 1, 1, 15, 15}},
	    {SCHED_APS_SEC_SYS_MAKES_PARTITIONS, {15, 3, 3, 3, 3, 15, 15}},
	    {SCHED_APS_SEC_PARENT_MODIFIES, {15, 15, 15, 15, 4, 15, 15}},
	    {SCHED_APS_SEC_NONZERO_BUDGETS, {15, 15, 0, 15, 15, 15, 15}},
	    {SCHED_APS_SEC_ROOT_MAKES_CRITICAL, {15, 15, 15, 1, 15, 15, 15}},
	    {SCHED_APS_SEC_SYS_MAKES_CRITICAL, {15, 15, 15, 3, 15, 15, 15}},
	    {SCHED_APS_SEC_ROOT_JOINS, {15, 15, 15, 15, 15, 1, 1}},
	    {SCHED_APS_SEC_SYS_JOINS, {15, 15, 15, 15, 15, 3, 3}},
	    {SCHED_APS_SEC_PARENT_JOINS, {15, 15, 15, 15, 15, 4, 4}},
	    {SCHED_APS_SEC_JOIN_SELF_ONLY, {15, 15, 15, 15, 15, 15, 0}},
	    {SCHED_APS_SEC_PARTITIONS_LOCKED, {0, 0, 0, 0, 0, 15, 15}},
	    {SCHED_APS_SEC_BASIC, {1, 15, 15, 1, 15, 15, 15}},
	    {SCHED_APS_SEC_FLEXIBLE, {1, 1, 0, 1, 0, 4, 4}},
	    {SCHED_APS_SEC_RECOMMENDED, {1, 1, 0, 1, 0, 0, 0}},
	};

	(void)state;
	assert_int_equal(CREATE(SHELL, .name = "child", .parent = GUESTS, .budget = 10), FREE);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (unsigned c = 0; c < CALLERS; c++) {
			int result[ACTS];

			act_as(c, cases[i].flags, result);
			for (unsigned a = 0; a < ACTS; a++)
				if (cases[i].may[a] & 1u << c ? result[a] < 0 : result[a] != -EPERM)
					fail_msg("flags 0x%x, caller %u, act %u: %d", cases[i].flags, c, a, result[a]);
		}
}

/* Taking all of the parent's budget makes a zero budget, too. */
static void no_budget_becomes_zero_where_that_is_forbidden(void **state)
{
	(void)state;
	aps.sec_flags = SCHED_APS_SEC_NONZERO_BUDGETS;
	assert_int_equal(CREATE(SHELL, .name = "a", .parent = GUESTS, .budget = 40 * PERCENT), -EPERM);
	assert_int_equal(CREATE(SHELL, .name = "a", .parent = GUESTS, .budget = 39 * PERCENT), FREE);
	assert_int_equal(modify(SHELL, FREE, 0, -1, -1), -EPERM);
	assert_int_equal(modify(SHELL, FREE, 40 * PERCENT, -1, -1), -EPERM);
	assert_int_equal(modify(SHELL, FREE, -1, -1, 1), 0);
	expect_budgets(50, 1, 10);
}

static void flags_are_added_by_who_is_able_and_never_cleared(void **state)
{
	(void)state;
	assert_int_equal(SAY_APS(DISK, .command = SCHED_APS_ADD_SECURITY, .sec_flags = 1), -EPERM);
	assert_int_equal(SAY_APS(SHELL, .command = SCHED_APS_ADD_SECURITY, .sec_flags = 1), 0);
	assert_int_equal(SAY_APS(SHELL, .command = SCHED_APS_ADD_SECURITY, .sec_flags = 2), 0);
	assert_int_equal(SAY_APS(SHELL, .command = SCHED_APS_ADD_SECURITY, .sec_flags = SCHED_APS_SEC_OFF), 0);
	assert_int_equal(aps.sec_flags, 3);
	assert_int_equal(SAY_APS(SHELL, .command = SCHED_APS_ADD_SECURITY, .sec_flags = 0x1000), -EINVAL);
	assert_non_null(strstr(log_text, "partitions: security flags 0x3; before: 0x1; by shell"));
}

static void what_is_locked_is_locked_for_everybody(void **state)
{
	(void)state;
	assert_int_equal(CREATE(SHELL, .name = "a", .budget = 1), -EPERM);
	assert_int_equal(modify(SHELL, GUESTS, 1, -1, -1), -EPERM);
	assert_int_equal(set(SHELL, 200, -1, -1), -EPERM);
	assert_int_equal(JOIN(SHELL, .id = MAINT, .pid = VM2), -EPERM);
	expect_budgets(50, 40, 10);
}

static void what_is_adjustable_is_the_operators(void **state)
{
	(void)state;
	k.state[VM2] = PROCESS_RUNNING;
	k.thread = (struct thread_info){.tid = 1, .base_partition = PARTITION_CRITICAL};
	assert_int_equal(CREATE(SHELL, .name = "a", .budget = 1, .critical_us = 1), FREE);
	assert_int_equal(set(SHELL, 200, -1, -1), 0);
	assert_int_equal(JOIN(SHELL, .id = FREE, .pid = VM2), 0);
	assert_int_equal(k.params[VM2].partition, FREE);
	assert_int_equal(k.joined[1], FREE | PARTITION_CRITICAL); /* it keeps that */
	assert_int_equal(slots[VM2].partition, FREE);
	assert_int_equal(CREATE(DISK, .name = "b"), -EPERM);
	assert_int_equal(set(DISK, 100, -1, -1), -EPERM);
	assert_int_equal(JOIN(DISK, .id = MAINT), -EPERM);
	assert_non_null(strstr(log_text, "vm2 joins partition a (3); by shell"));
	/* Until it ends. */
	aps_forget(VM2);
	assert_int_equal(k.params[VM2].partition, SYSTEM);
	assert_int_equal(slots[VM2].partition, SYSTEM);
}

static void a_qvm_joins_until_its_guest_runs(void **state)
{
	(void)state;
	k.state[VM1] = PROCESS_RUNNING;
	k.thread.tid = 2;
	/* Its own threads, where the description has partitions; whatever the flags are. */
	assert_int_equal(JOIN(VM1, .id = MAINT, .pid = VM1, .tid = 2), 0);
	assert_int_equal(k.joined[2], MAINT);
	assert_int_equal(JOIN(VM1, .id = SYSTEM, .tid = 2), 0);
	assert_int_equal(JOIN(VM1, .id = MAINT, .tid = 3), -ESRCH);
	assert_int_equal(JOIN(VM1, .id = MAINT, .pid = VM1), -EPERM);
	assert_int_equal(JOIN(VM1, .id = MAINT, .pid = VM2, .tid = 1), -EPERM);
	assert_int_equal(JOIN(VM1, .id = FREE, .tid = 2), -ESRCH);
	assert_int_equal(CREATE(SHELL, .name = "a"), FREE);
	assert_int_equal(JOIN(VM1, .id = FREE, .tid = 2), -EPERM);
	assert_int_equal(SAY_APS(VM1, .command = SCHED_APS_MARK_CRITICAL, .tid = 2), 0);
	assert_int_equal(k.joined[2], PARTITION_CRITICAL);
	k.info[VM1].entries = 1; /* although nobody has asked */
	assert_int_equal(JOIN(VM1, .id = MAINT, .tid = 2), -EPERM);
	k.info[VM1].entries = 0;
	assert_null(strstr(log_text, "joins")); /* as its configuration says */
	slots[VM1].ready = true;
	assert_int_equal(JOIN(VM1, .id = MAINT, .pid = VM1, .tid = 2), -EPERM);
	assert_int_equal(JOIN(VM1, .id = GUESTS), -EPERM);
	assert_int_equal(SAY_APS(VM1, .command = SCHED_APS_MARK_CRITICAL, .tid = 2), -EPERM);
	assert_int_equal(SAY_APS(VM1, .command = SCHED_APS_CLEAR_CRITICAL, .tid = 2), -EPERM);
	/* The operator still moves it. */
	assert_int_equal(JOIN(SHELL, .id = MAINT, .pid = VM1, .tid = 2), 0);
	assert_non_null(strstr(log_text, "vm1, thread 2, joins partition maint (2); by shell"));
}

/* Procmgr's lines are not pushed out of the log by who joins without end. */
static void a_process_that_joins_again_and_again_is_told_of_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(JOIN(DISK, .id = i % 2 ? SYSTEM : MAINT, .pid = DISK), 0);
	assert_int_equal(times_of("disk joins partition"), 1);
}

static void threads_are_marked_and_asked_for(void **state)
{
	const struct sched_aps_query_thread_parms *thread;
	const struct sched_aps_query_process_parms *process;

	(void)state;
	k.state[DISK] = k.state[VM1] = PROCESS_RUNNING;
	k.thread = (struct thread_info){.tid = 1, .base_partition = MAINT, .partition = GUESTS | PARTITION_CRITICAL};
	assert_int_equal(SAY_APS(DISK, .command = SCHED_APS_MARK_CRITICAL), 0);
	assert_int_equal(k.joined[1], MAINT | PARTITION_CRITICAL);
	assert_int_equal(SAY_APS(DISK, .command = SCHED_APS_CLEAR_CRITICAL), 0);
	assert_int_equal(k.joined[1], MAINT);
	assert_int_equal(SAY_APS(DISK, .command = SCHED_APS_MARK_CRITICAL, .pid = VM1, .tid = 1), -EPERM);
	assert_int_equal(SAY_APS(SHELL, .command = SCHED_APS_MARK_CRITICAL, .pid = VM1, .tid = 1), 0);
	assert_int_equal(SAY_APS(SHELL, .command = SCHED_APS_MARK_CRITICAL, .pid = VM1), -ESRCH);
	assert_int_equal(SAY_APS(SHELL, .command = SCHED_APS_MARK_CRITICAL, .pid = 31, .tid = 1), -ESRCH);
	assert_int_equal(SAY_APS(SHELL, .command = SCHED_APS_MARK_CRITICAL, .pid = PROCESS_MAX, .tid = 1), -ESRCH);

	assert_int_equal(SAY_APS(DISK, .command = SCHED_APS_QUERY_THREAD), 0);
	thread = last.reply;
	assert_int_equal(last.reply_bytes, sizeof(*thread));
	assert_int_equal(thread->pid, DISK);
	assert_int_equal(thread->id, MAINT);
	assert_int_equal(thread->inherited_id, GUESTS);
	assert_int_equal(thread->crit_state_flags, SCHED_APS_QTHREAD_CRITICAL);
	assert_int_equal(SAY_APS(DISK, .command = SCHED_APS_QUERY_PROCESS, .pid = VM1), 0);
	process = last.reply;
	assert_int_equal(process->id, GUESTS);
}

static void partitions_are_told_with_their_times(void **state)
{
	const struct sched_aps_partition_info *info;
	const struct sched_aps_partition_stats *stats;
	const struct sched_aps_overall_stats *overall;
	const struct sched_aps_info *all;

	(void)state;
	assert_int_equal(SAY_APS(DISK, .command = SCHED_APS_QUERY_PARMS), 0);
	all = last.reply;
	assert_int_equal(all->num_partitions, 3);
	assert_int_equal(all->windowsize3_ms, 10000);
	assert_int_equal(SAY_APS(DISK, .command = SCHED_APS_QUERY_PARTITION, .id = SYSTEM), 0);
	info = last.reply;
	assert_string_equal(info->name, "System");
	assert_int_equal(info->parent_id, -1);
	assert_int_equal(info->budget_of_children, 50 * PERCENT);
	assert_int_equal(info->critical_budget_us, APS_NO_BOUND);
	assert_int_equal(SAY_APS(DISK, .command = SCHED_APS_QUERY_PARTITION, .id = FREE), -ESRCH);
	assert_int_equal(SAY_APS(DISK, .command = SCHED_APS_PARTITION_STATS, .id = 1, .count = 3), 0);
	stats = last.reply;
	assert_int_equal(last.reply_bytes, 3 * sizeof(*stats));
	assert_int_equal(stats[0].total_run_time_ns, 1001);
	assert_int_equal(stats[1].run_time_ns, 102);
	assert_int_equal(stats[2].id, -1);
	assert_int_equal(SAY_APS(DISK, .command = SCHED_APS_PARTITION_STATS, .count = 33), -EINVAL);
	assert_int_equal(SAY_APS(DISK, .command = SCHED_APS_PARTITION_STATS, .id = -1, .count = 1), -ESRCH);
	assert_int_equal(SAY_APS(DISK, .command = SCHED_APS_OVERALL_STATS), 0);
	overall = last.reply;
	assert_int_equal(overall->total_idle_time_ns, 1000 + PARTITION_IDLE);
}

static void a_kernel_that_refuses_changes_nothing(void **state)
{
	const struct aps before = aps;

	(void)state;
	for (unsigned i = 1; i <= 2; i++) {
		k.fail_at = k.calls + i;
		assert_int_equal(CREATE(SHELL, .name = "a", .budget = 1), -ENOMEM);
		k.fail_at = k.calls + 1;
		assert_int_equal(set(SHELL, 9, -1, -1), -ENOMEM);
		assert_memory_equal(&aps, &before, sizeof(aps));
	}
}

/* The same by messages: anybody may ask. */
static void messages_reach_the_partitions(void **state)
{
	static const struct act acts_[] = {
	    {SAY, DISK, PM_APS, .index = SCHED_APS_QUERY_PARTITION, .value = GUESTS},
	    {SAY, VM1, PM_APS, .index = SCHED_APS_MODIFY_PARTITION, .value = GUESTS},
	    {SAY, DISK, PM_APS, .index = SCHED_APS_QUERY_PARTITION, .value = GUESTS, .bytes = 8},
	};

	(void)state;
	RUN(acts_);
	assert_int_equal(answer[1], 0);
	assert_int_equal(answer[2], -EPERM);
	assert_int_equal(answer[3], -EINVAL);
}

int partitions_tests(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(the_kernel_is_told_what_the_description_says, make_locked),
	    cmocka_unit_test_setup(a_budget_comes_out_of_the_parents, make_begun),
	    cmocka_unit_test_setup(numbers_and_names_have_limits, make_begun),
	    cmocka_unit_test_setup(window_and_policies_are_changed, make_begun),
	    cmocka_unit_test_setup(what_is_not_supported_yet_is_refused, make_begun),
	    cmocka_unit_test_setup(each_flag_holds_back_as_documented, make_begun),
	    cmocka_unit_test_setup(no_budget_becomes_zero_where_that_is_forbidden, make_begun),
	    cmocka_unit_test_setup(flags_are_added_by_who_is_able_and_never_cleared, make_begun),
	    cmocka_unit_test_setup(what_is_locked_is_locked_for_everybody, make_locked),
	    cmocka_unit_test_setup(what_is_adjustable_is_the_operators, make_adjustable),
	    cmocka_unit_test_setup(a_qvm_joins_until_its_guest_runs, make_adjustable),
	    cmocka_unit_test_setup(a_process_that_joins_again_and_again_is_told_of_once, make_begun),
	    cmocka_unit_test_setup(threads_are_marked_and_asked_for, make_begun),
	    cmocka_unit_test_setup(partitions_are_told_with_their_times, make_begun),
	    cmocka_unit_test_setup(a_kernel_that_refuses_changes_nothing, make_begun),
	    cmocka_unit_test_setup(messages_reach_the_partitions, make_locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
