/* SPDX-License-Identifier: Apache-2.0 */
/* What has ended: critical processes, restarts, and the console. */
#include "script.h"

static void the_end_of_a_critical_process_ends_the_system(void **state)
{
	static const struct act acts_[] = {{DIE, LATE, END_EXIT, 0, .status = 0}};

	(void)state;
	slots[LATE].critical = true;
	assert_int_equal(seal_slots(), 0);
	assert_int_equal(worker_make_all(), 0);
	go_on();
	assert_int_equal(k.params[LATE].critical, 1);
	assert_int_equal(RUN(acts_), 1);
	assert_int_equal(k.system, SYSTEM_SAFE_STATE);
	assert_string_equal(k.last_words, "it ended\ncritical process late ended");
}

/* Each time after twice the time, so often and no more; then what is critical takes the system with it. */
static void what_fails_is_started_again_for_so_long(void **state)
{
	static const struct act acts_[] = {
	    {DIE, LATE, END_FAULT}, {WAIT}, {DIE, LATE, END_EXIT, 0, .status = 1}, {WAIT}, {DIE, LATE, END_FAULT}};

	(void)state;
	config.processes[LATE - 1].own.restart = SYS_RESTART_ON_FAILURE;
	config.processes[LATE - 1].own.restart_limit = 2;
	config.processes[LATE - 1].own.restart_delay_ms = 100;
	slots[LATE].critical = true;
	assert_int_equal(seal_slots(), 0);
	assert_int_equal(worker_make_all(), 0);
	assert_int_equal(k.params[LATE].critical, 0); /* it is not for the kernel to end all */
	go_on();
	assert_int_equal(RUN(acts_), 1);
	assert_int_equal(k.system, SYSTEM_SAFE_STATE);
	assert_int_equal(slots[LATE].starts, 3);
	assert_int_equal(core.now, 300000000); /* 100 ms, and 200 ms */
	assert_non_null(strstr(log_text, "restarting in 100 ms (restart 1 of 2)"));
	assert_non_null(strstr(log_text, "restarting in 200 ms (restart 2 of 2)"));
	assert_non_null(strstr(log_text, "restart limit reached (2 in a row); not restarting"));
	assert_string_equal(k.last_words, "it ended\ncritical process late ended");
}

static void what_ends_by_itself_or_by_the_operator_stays_down(void **state)
{
	static const struct act acts_[] = {{DIE, LATE, END_EXIT, 0, .status = 0}};

	(void)state;
	config.processes[LATE - 1].own.restart = SYS_RESTART_ON_FAILURE;
	config.processes[LATE - 1].own.restart_limit = 2;
	config.processes[DISK - 1].own.restart = SYS_RESTART_ALWAYS;
	config.processes[DISK - 1].own.restart_limit = 2;
	assert_int_equal(seal_slots(), 0);
	assert_int_equal(worker_make_all(), 0);
	go_on();
	RUN(acts_);
	assert_true(restart_deadline() == NEVER);
	assert_int_equal(slot_kill(DISK), 0);
	run_to_rest();
	assert_true(restart_deadline() == NEVER);
}

/* A start that is still to come: the operator calls it off, or is faster. */
static void the_operator_has_the_last_word_about_restarts(void **state)
{
	static const struct act off[] = {{DIE, VM1, END_FAULT},
					 {SAY, SHELL, PM_SLAY, "vm1", 0, BH_SIGUSR1},
					 {SAY, SHELL, PM_VM_STOP, "vm1"},
					 {SAY, SHELL, PM_VM_STOP, "vm1"},
					 {SAY, SHELL, PM_SLAY, "disk", 0, BH_SIGKILL}};
	static const struct act faster[] = {
	    {DIE, VM1, END_FAULT}, {SAY, SHELL, PM_VM_START, "vm1"}, {SAY, SHELL, PM_SLAY, "vm1", 0, BH_SIGKILL}};

	(void)state;
	config.vms[0].own.restart = SYS_RESTART_ALWAYS;
	config.vms[0].own.restart_limit = 5;
	config.vms[0].own.restart_delay_ms = 100;
	go_on();
	assert_int_equal(slots[VM1].starts, 1);
	RUN(off);
	assert_int_equal(answer[2], -ENOENT);
	assert_int_equal(answer[3], 0);
	assert_int_equal(answer[4], -ENOENT);
	assert_int_equal(answer[5], 0);
	assert_true(restart_deadline() == NEVER);
	assert_int_equal(vm_start(VM1), 0);
	run_to_rest();
	RUN(faster);
	assert_true(restart_deadline() == NEVER);
	assert_int_equal(slots[VM1].starts, 3);
}

static void the_console_driver_takes_over_when_it_is_ready(void **state)
{
	static const struct act acts_[] = {{SAY, SHELL, PM_READY, 0}, {SAY, DISK, PM_READY, 0}, {DIE, DISK, END_FAULT}};

	(void)state;
	slots[DISK].owns_console = true;
	go_on();
	RUN(acts_);
	assert_int_equal(console_offs, 1);
	assert_int_equal(console_ons, 1);
	assert_int_equal(answer[2], 0);
}

int ends_tests(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(the_end_of_a_critical_process_ends_the_system, make_system),
	    cmocka_unit_test_setup(what_fails_is_started_again_for_so_long, make_system),
	    cmocka_unit_test_setup(what_ends_by_itself_or_by_the_operator_stays_down, make_system),
	    CASE(the_operator_has_the_last_word_about_restarts),
	    CASE(the_console_driver_takes_over_when_it_is_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
