/* SPDX-License-Identifier: Apache-2.0 */
/* What is special about VMs: when their guests begin, what they say of themselves, and their scheduling. */
#include "script.h"

/* The server `disk` is late: the system's start does not wait longer for it, but a VM that needs it does. */
static void order_with_late_disk(void)
{
	slots[VM1].connect_mask = 1u << 0 | 1u << DISK | 1u << LATE;
	config.processes[DISK - 1].ready = true;
	go_on();
}

static void a_guest_begins_when_what_it_connects_to_is_ready(void **state)
{
	static const struct act acts_[] = {
	    {WAIT, 0, 0, 0}, /* 10 s for disk */
	    {SAY, VM1, PM_VM_NOTE, "console\x1b one"},
	    {SAY, VM1, PM_READY, NULL},
	    {WAIT, 0, 0, 0}, /* a second until the operator is told */
	    {SAY, SHELL, PM_READY, NULL},
	    {SAY, DISK, PM_READY, NULL},
	    {SAY, VM2, PM_VM_INFO, "vm1"},
	};

	(void)state;
	order_with_late_disk();
	RUN(acts_);
	assert_int_equal(answer[2], 0);
	assert_int_equal(answer[3], 0);
	assert_non_null(strstr(log_text, "vm1 waits: process disk is not ready"));
	assert_null(strstr(log_text, "console"));
	assert_int_equal(vm_reply.state, VM_RUNNING);
	assert_string_equal(vm_reply.note, "");
	assert_true(gate_deadline() == NEVER);
}

static void what_a_guest_waits_for_is_shown(void **state)
{
	static const struct act acts_[] = {
	    {WAIT, 0, 0, 0},
	    {SAY, VM1, PM_READY, NULL},
	    {DIE, DISK, END_FAULT},
	    {SAY, VM2, PM_VM_INFO, "vm1"},
	    {SAY, DISK, PM_VM_NOTE, "not a VM"},
	    {SAY, VM1, PM_VM_NOTE, ""},
	    {SAY, VM1, PM_VM_NOTE, "\x1b[2J not \xff printable"},
	    {SAY, SHELL, PM_VM_INFO, "vm1"},
	};

	(void)state;
	order_with_late_disk();
	RUN(acts_);
	assert_int_equal(answer[2], NOT_ANSWERED);
	assert_int_equal(vm_reply.state, VM_STARTING);
	assert_int_equal(vm_reply.entries, 0);
	assert_non_null(strstr(log_text, "disk ended: fault"));
	assert_int_equal(answer[5], -EPERM);
	assert_int_equal(answer[6], -EINVAL);
	assert_string_equal(vm_reply.note, "?[2J not ? printable");
}

static void a_guest_that_waits_too_long_is_refused(void **state)
{
	static const struct act acts_[] = {
	    {WAIT, 0, 0, 0}, {SAY, VM1, PM_READY, NULL},    {WAIT, 0, 0, 0},
	    {WAIT, 0, 0, 0}, {SAY, VM2, PM_VM_INFO, "vm1"},
	};

	(void)state;
	order_with_late_disk();
	RUN(acts_);
	assert_int_equal(core.now, 20000000000);
	assert_int_equal(answer[2], NOT_ANSWERED);
	assert_false(slots[VM1].running);
	assert_non_null(strstr(log_text,
			       "vm1 ended: exit code 64, cause error, its guest has not begun: process disk is not "
			       "ready"));
	assert_int_equal(vm_reply.state, VM_STOPPED);
	assert_int_equal(vm_reply.exit_code, 64);
	assert_int_equal(vm_reply.cause, CAUSE_ERROR);
	assert_string_equal(vm_reply.note, "process disk is not ready");
	assert_true(gate_deadline() == NEVER);
}

static void a_guest_that_has_not_begun_is_ended_from_here(void **state)
{
	static const struct act stop[] = {{SAY, SHELL, PM_VM_STOP, "vm1"}, {SAY, VM2, PM_VM_INFO, "vm1"}};
	static const struct act quit[] = {{SAY, SHELL, PM_VM_START, "vm1"},
					  {SAY, SHELL, PM_SLAY, "vm1", 0, BH_SIGUSR1},
					  {SAY, SHELL, PM_SLAY, "vm1", 0, BH_SIGQUIT},
					  {SAY, VM2, PM_VM_INFO, "vm1"}};

	(void)state;
	go_on();
	RUN(stop);
	assert_int_equal(answer[1], 0);
	assert_int_equal(k.signalled[VM1], 0);
	assert_int_equal(vm_reply.exit_code, 0);
	assert_int_equal(vm_reply.cause, CAUSE_SIGNAL);
	RUN(quit);
	assert_int_equal(k.signalled[VM1], BH_SIGUSR1);
	assert_int_equal(vm_reply.exit_code, 3);
	assert_int_equal(vm_reply.cause, CAUSE_SIGNAL);
	assert_int_equal(vm_reply.starts, 2);
}

static void a_vm_describes_itself_for_the_operator(void **state)
{
	static const struct act acts_[] = {
	    {SAY, SHELL, PM_ENV, "vm1"}, /* has not begun */
	    {SAY, VM1, PM_READY, NULL},
	    {SAY, DISK, PM_ENV, "vm1"},
	    {SAY, SHELL, PM_ENV, "vm2"},
	    {SAY, VM1, PM_ANSWER, NULL, BH_SIGENV, .bytes = 100}, /* nobody has asked */
	    {SAY, SHELL, PM_ENV, "vm1"},
	    {SAY, SHELL, PM_ENV, "vm1"}, /* one after the other */
	    {SAY, VM1, PM_ANSWER, NULL, BH_SIGENV, .bytes = sizeof(struct pm_answer)},
	    {SAY, VM1, PM_ANSWER, NULL, BH_SIGENV, .bytes = sizeof(struct pm_answer) + PROTO_ENV + 1},
	    {SAY, VM1, PM_ANSWER, NULL, BH_SIGENV, .bytes = 100},
	    {SAY, SHELL, PM_ENV, "vm1"},
	    {WAIT, 0, 0, 0}, /* it does not answer */
	    {SAY, SHELL, PM_ENV, "vm1"},
	    {DIE, VM1, END_FAULT},
	};
	static const int expected[] = {-EAGAIN, 0,       -EPERM,  -ENOENT, -ESRCH,     100 - sizeof(struct pm_answer),
				       -EBUSY,  -EINVAL, -EINVAL, 0,       -ETIMEDOUT, NOT_ANSWERED,
				       -ENOENT};

	(void)state;
	go_on();
	RUN(acts_);
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(answer[i + 1], expected[i]);
	assert_int_equal(k.signalled[VM1], BH_SIGENV);
	assert_int_equal(core.now, 2000000000);
	assert_true(ask_deadline() == NEVER);
}

static void how_often_a_guest_was_entered_is_kept(void **state)
{
	static const struct act acts_[] = {{SAY, VM1, PM_READY, NULL},
					   {DIE, VM1, END_EXIT, 0, .status = CAUSE_OFF << 8},
					   {SAY, VM2, PM_VM_INFO, "vm1"}};

	(void)state;
	go_on();
	k.info[VM1].entries = 7;
	RUN(acts_);
	assert_int_equal(vm_reply.entries, 7);
	assert_null(strstr(log_text, "has not begun"));
}

#define PAUSED                                                                                \
	{                                                                                     \
		SAY, VM1, PM_ANSWER, NULL, BH_SIGPAUSE, .bytes = sizeof(struct pm_answer) + 4 \
	}
#define PAUSE                                  \
	{                                      \
		SAY, SHELL, PM_VM_PAUSE, "vm1" \
	}
#define RESUME                                  \
	{                                       \
		SAY, SHELL, PM_VM_RESUME, "vm1" \
	}
#define RESET                                  \
	{                                      \
		SAY, SHELL, PM_VM_RESET, "vm1" \
	}
#define RESTART                                  \
	{                                        \
		SAY, SHELL, PM_VM_RESTART, "vm1" \
	}
#define VM_READY                         \
	{                                \
		SAY, VM1, PM_READY, NULL \
	}
#define INFO                                  \
	{                                     \
		SAY, SHELL, PM_VM_INFO, "vm1" \
	}

static void expect_answers(const int *expected, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (answer[i + 1] != expected[i])
			fail_msg("step %u: %d, not %d", i + 1, (int)answer[i + 1], expected[i]);
}
#define EXPECT(expected_) expect_answers(expected_, sizeof(expected_) / sizeof((expected_)[0]))

static void an_answer_that_is_late_answers_no_other_question(void **state)
{
	static const struct act acts_[] = {
	    VM_READY,
	    {SAY, SHELL, PM_ENV, "vm1"},
	    {WAIT, 0, 0, 0},
	    {SAY, SHELL, PM_VM_STATE, "vm1"},
	    {SAY, VM1, PM_ANSWER, NULL, BH_SIGENV, .bytes = 100},
	    {SAY, VM1, PM_ANSWER, NULL, BH_SIGSTATE, .bytes = 6},
	    {SAY, VM2, PM_ANSWER, NULL, BH_SIGSTATE, .bytes = 60},
	    {SAY, VM1, PM_ANSWER, NULL, BH_SIGSTATE, .bytes = 60},
	};
	static const int expected[] = {0,      -ETIMEDOUT, NOT_ANSWERED, 60 - sizeof(struct pm_answer),
				       -ESRCH, -EINVAL,    -ESRCH,       0};

	(void)state;
	go_on();
	RUN(acts_);
	EXPECT(expected);
	assert_int_equal(k.signalled[VM1], BH_SIGSTATE);
}

static void a_vm_is_paused_and_goes_on(void **state)
{
	static const struct act acts_[] = {
	    PAUSE, /* it has not begun */
	    VM_READY,
	    {SAY, DISK, PM_VM_PAUSE, "vm1"},
	    {SAY, VM2, PM_VM_RESUME, "vm1"},
	    RESUME,
	    {SAY, SHELL, PM_VM_PAUSE, "vm2"},
	    {SAY, SHELL, PM_VM_RESUME, "vm2"},
	    {SAY, SHELL, PM_VM_PAUSE, "nobody"},
	    {SAY, SHELL, PM_VM_PAUSE, "disk"},
	    PAUSE,
	    PAUSED,
	    PAUSE,
	    {SAY, SHELL, PM_VM_START, "vm1"},
	    INFO,
	};
	static const int expected[] = {-EAGAIN, 0,      -EPERM, -EPERM, -EALREADY, -ENOENT, -ENOENT,
				       -ESRCH,  -ESRCH, 4,      0,      -EALREADY, -EBUSY,  0};
	static const struct act on[] = {RESUME, RESUME, INFO, PAUSE, {WAIT, 0, 0, 0}, INFO};
	static const int then[] = {0, -EALREADY, 0, -ETIMEDOUT, NOT_ANSWERED, 0};

	(void)state;
	go_on();
	RUN(acts_);
	EXPECT(expected);
	assert_int_equal(k.signalled[VM1], BH_SIGPAUSE);
	assert_int_equal(k.signalled[VM2], 0);
	assert_int_equal(vm_reply.state, VM_PAUSED);
	assert_string_equal(vm_reply.consoles[0], "vm1");
	assert_string_equal(vm_reply.consoles[1], "a-console-of-twenty-8-letters");
	assert_string_equal(vm_reply.consoles[2], "");
	RUN(on);
	EXPECT(then);
	/* It was told, and stops as soon as it gets time. */
	assert_int_equal(vm_reply.state, VM_PAUSED);
	assert_int_equal(slots[VM1].starts, 1);
}

static void a_paused_vm_ends_as_any_other(void **state)
{
	static const struct act stop[] = {VM_READY, PAUSE, PAUSED, {SAY, SHELL, PM_VM_STOP, "vm1"}, INFO};
	static const struct act fault[] = {PAUSE, PAUSED, {DIE, VM1, END_FAULT}, INFO, PAUSE, {WAIT}, INFO, PAUSE};
	static const int expected[] = {4, 0, NOT_ANSWERED, 0, -ENOENT, NOT_ANSWERED, 0, -EAGAIN};
	static const struct act kill[] = {VM_READY, PAUSE, PAUSED, {SAY, SHELL, PM_VM_DESTROY, "vm1"}, INFO};

	(void)state;
	config.vms[0].own.restart = SYS_RESTART_ALWAYS;
	config.vms[0].own.restart_limit = 5;
	config.vms[0].own.restart_delay_ms = 100;
	go_on();
	RUN(stop);
	assert_int_equal(answer[4], 0);
	assert_int_equal(k.signalled[VM1], BH_SIGTERM);
	assert_int_equal(vm_reply.state, VM_RUNNING);
	slots[VM1].unwanted = false;
	RUN(fault);
	EXPECT(expected);
	assert_int_equal(vm_reply.state, VM_STARTING);
	assert_int_equal(vm_reply.starts, 2);
	RUN(kill);
	assert_int_equal(answer[4], 0);
	assert_int_equal(vm_reply.state, VM_STOPPED);
	assert_int_equal(vm_reply.end, END_KILLED);
	assert_int_equal(vm_reply.starts, 2);
	assert_true(restart_deadline() == NEVER);
}

static void a_paused_vm_does_not_hold_up_a_shutdown(void **state)
{
	static const struct act acts_[] = {VM_READY, PAUSE, PAUSED, {SAY, SHELL, PM_SHUTDOWN, NULL}, {WAIT, 0, 0, 0}};

	(void)state;
	go_on();
	assert_int_equal(RUN(acts_), 1);
	assert_int_equal(k.signalled[VM1], BH_SIGTERM);
	assert_int_equal(core.now, 5000000000);
	assert_int_equal(k.system, SYSTEM_OFF);
}

/* It ends politely, when it likes, and begins anew; unless the operator thinks again. */
static void a_vm_is_restarted_by_the_operator(void **state)
{
	static const struct act acts_[] = {VM_READY, PAUSE, PAUSED, RESTART, INFO};
	static const struct act ends[] = {{DIE, VM1, END_EXIT, 0, .status = CAUSE_SIGNAL << 8}, INFO};
	static const struct act stop[] = {
	    VM_READY, RESTART, {SAY, SHELL, PM_VM_STOP, "vm1"}, {DIE, VM1, END_EXIT, 0, .status = CAUSE_SIGNAL << 8},
	    RESTART,  INFO};
	static const int expected[] = {0, 0, 0, NOT_ANSWERED, -ENOENT, 0};

	(void)state;
	config.vms[0].own.restart = SYS_RESTART_ALWAYS;
	config.vms[0].own.restart_limit = 5;
	config.vms[0].own.restart_delay_ms = 100;
	go_on();
	RUN(acts_);
	assert_int_equal(answer[4], 0);
	assert_int_equal(k.signalled[VM1], BH_SIGTERM);
	assert_int_equal(vm_reply.state, VM_RUNNING);
	RUN(ends);
	assert_int_equal(vm_reply.starts, 2);
	assert_int_equal(vm_reply.cause, CAUSE_SIGNAL);
	assert_int_equal(slots[VM1].restarts, 0);
	assert_true(restart_deadline() == NEVER);
	RUN(stop);
	EXPECT(expected);
	assert_int_equal(vm_reply.state, VM_STOPPED);
	assert_int_equal(vm_reply.starts, 2);
}

static void a_vm_is_reset_by_the_operator(void **state)
{
	static const struct act acts_[] = {VM_READY, PAUSE, PAUSED, RESET, INFO};
	static const struct act off[] = {{SAY, SHELL, PM_VM_DESTROY, "vm1"}, RESET, INFO};
	static const struct act early[] = {RESET, {SAY, SHELL, PM_VM_RESTART, "vm1"}, INFO};

	(void)state;
	go_on();
	k.info[VM1].entries = 7;
	RUN(acts_);
	assert_int_equal(answer[4], 0);
	assert_int_equal(vm_reply.state, VM_STARTING);
	assert_int_equal(vm_reply.starts, 2);
	assert_int_equal(vm_reply.cause, CAUSE_RESET);
	assert_int_equal(vm_reply.end, END_EXIT);
	assert_int_equal(vm_reply.exit_code, 0);
	assert_int_equal(k.signalled[VM1], BH_SIGPAUSE); /* its qvm is not asked */
	assert_non_null(strstr(log_text, "vm1 ended: exit code 0, cause reset"));
	RUN(off);
	assert_int_equal(answer[1], 0);
	assert_int_equal(answer[2], -ENOENT);
	assert_int_equal(vm_reply.state, VM_STOPPED);
	k.workers_held = true;
	assert_int_equal(vm_start(VM1), 0);
	RUN(early);
	assert_int_equal(answer[1], -EAGAIN);
	assert_int_equal(answer[2], -EAGAIN);
	assert_int_equal(vm_reply.state, VM_STARTING);
	run_workers();
	run_to_rest();
}

/* At once, also after a restart that was asked for; what is not there is called off. */
static void a_vm_is_destroyed_by_the_operator(void **state)
{
	static const struct act acts_[] = {VM_READY,
					   {SAY, VM2, PM_VM_DESTROY, "vm1"},
					   RESTART,
					   {SAY, SHELL, PM_VM_DESTROY, "vm1"},
					   {SAY, SHELL, PM_VM_DESTROY, "vm1"},
					   {SAY, SHELL, PM_VM_DESTROY, "nobody"},
					   INFO};
	static const int expected[] = {0, -EPERM, 0, 0, -ENOENT, -ESRCH, 0};

	(void)state;
	go_on();
	RUN(acts_);
	EXPECT(expected);
	assert_int_equal(vm_reply.state, VM_STOPPED);
	assert_int_equal(vm_reply.end, END_KILLED);
	assert_int_equal(vm_reply.starts, 1);
}

/* Its own end is the safe state, to the kernel too, but a reset is no end. */
static void a_critical_vm_is_reset_and_not_restarted(void **state)
{
	static const struct act acts_[] = {VM_READY, RESTART, RESET, INFO};

	(void)state;
	slots[VM1].critical = true;
	assert_int_equal(seal_slots(), 0);
	assert_int_equal(worker_make_all(), 0);
	go_on();
	assert_int_equal(k.params[VM1].critical, 1);
	assert_int_equal(RUN(acts_), 2);
	assert_int_equal(answer[2], -EPERM);
	assert_int_equal(answer[3], 0);
	assert_int_equal(k.system, 0);
	assert_int_equal(vm_reply.starts, 2);
}

/* Between its two lives, while its memory is cleared: then it is gone after all. */
static void a_critical_vm_that_is_called_off_between_lives_is_gone(void **state)
{
	static const struct act acts_[] = {VM_READY, RESET, {SAY, SHELL, PM_VM_STOP, "vm1"}, {WORK}};

	(void)state;
	slots[VM1].critical = true;
	assert_int_equal(seal_slots(), 0);
	assert_int_equal(worker_make_all(), 0);
	go_on();
	k.workers_held = true;
	assert_int_equal(RUN(acts_), 1);
	assert_int_equal(k.system, SYSTEM_SAFE_STATE);
	assert_string_equal(k.last_words, "it ended\ncritical process vm1 ended");
	assert_non_null(strstr(log_text, "vm1: not restarting: ended by the operator"));
}

/* The order that comes last counts, also while the start goes on that the one before has called off. */
static void a_start_that_was_called_off_is_ordered_again(void **state)
{
	static const struct act acts_[] = {{SAY, SHELL, PM_VM_STOP, "vm2"},
					   {SAY, SHELL, PM_VM_START, "vm2"},
					   {SAY, SHELL, PM_VM_START, "vm2"},
					   {WORK}},
				stop[] = {{SAY, SHELL, PM_VM_STOP, "vm2"},
					  {SAY, SHELL, PM_VM_START, "vm2"},
					  {SAY, SHELL, PM_VM_STOP, "vm2"},
					  {WORK}};

	(void)state;
	go_on();
	slot_kill(VM2);
	run_to_rest();
	for (unsigned i = 0; i < 2; i++) {
		const uint32_t starts = slots[VM2].starts;

		k.workers_held = true;
		assert_int_equal(vm_start(VM2), 0);
		assert_int_equal(slots[VM2].job, JOB_START);
		if (i == 0)
			RUN(acts_);
		else
			RUN(stop);
		assert_int_equal(answer[1], 0);
		assert_int_equal(answer[2], 0);
		assert_int_equal(answer[3], 0);
		k.workers_held = false;
		for (unsigned n = 0; n < 3; n++) {
			run_workers();
			run_to_rest();
		}
		assert_int_equal(slots[VM2].running, i == 0);
		assert_true(slots[VM2].starts >= starts);
		slot_kill(VM2);
		run_to_rest();
	}
}

/* A console belongs to the VM whose configuration names it, whether that runs or not. */
static void a_console_is_whose_configuration_names_it(void **state)
{
	static const struct sys_console consoles[] = {{.name = "vm1-log"}, {.name = "second"}};
	static const struct act acts_[] = {
	    {SAY, DISK, PM_CONSOLE, "second"}, {SAY, DISK, PM_CONSOLE, "vm2"}, {SAY, DISK, PM_CONSOLE, "nobodys"}};

	(void)state;
	slots[VM1].consoles = consoles;
	slots[VM1].console_count = 2;
	RUN(acts_);
	assert_int_equal(answer[1], VM1);
	assert_int_equal(answer[2], VM2);
	assert_int_equal(answer[3], -ESRCH);
}

/* It is reported once in a life, of a VM and of a process, and only the console driver says who wanted it. */
static void a_console_that_nobody_has_is_refused_with_a_word_how_to_get_it(void **state)
{
	static const struct act acts_[] = {
	    {SAY, VM2, PM_CONSOLE, "false", VM1}, {SAY, DISK, PM_CONSOLE, "nobodys", VM1},
	    {SAY, DISK, PM_CONSOLE, "more", VM1}, {SAY, DISK, PM_CONSOLE, "extra", SHELL},
	    {SAY, DISK, PM_CONSOLE, "far", 99},   {SAY, DISK, PM_CONSOLE, "vm2", VM1},
	};

	(void)state;
	go_on();
	RUN(acts_);
	for (unsigned i = 1; i <= 5; i++)
		assert_int_equal(answer[i], -ESRCH);
	assert_int_equal(answer[6], VM2);
	assert_non_null(strstr(log_text,
			       "vm1 may not open the console or stream \"nobodys\": no configuration names it; write "
			       "`hostdev /dev/console/nobodys`"));
	assert_non_null(strstr(log_text, "shell may not open the console or stream \"extra\": a process has"));
	assert_null(strstr(log_text, "false"));
	assert_null(strstr(log_text, "more"));
	assert_null(strstr(log_text, "far"));
}

/* Within bounds that the kernel checks: the stub refuses a priority above 100. */
static void the_operator_changes_threads_of_all_but_procmgr(void **state)
{
	static const struct act acts_[] = {
	    {SAY, SHELL, PM_SCHED, NULL, VM1, 15}, {SAY, SHELL, PM_SCHED, NULL, VM1, 101},
	    {SAY, SHELL, PM_SCHED, NULL, DISK, 0}, {SAY, SHELL, PM_SCHED, NULL, VM2, 15},
	    {SAY, SHELL, PM_SCHED, NULL, 0, 15},   {SAY, SHELL, PM_SCHED, NULL, 4000, 15},
	};
	static const int expected[] = {0, -EPERM, 0, -ESRCH, -EPERM, -ESRCH};

	(void)state;
	k.thread = (struct thread_info){.tid = 2, .base_priority = 10, .policy = SCHED_RR_, .runmask = 3};
	go_on();
	RUN(acts_);
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(answer[i + 1], expected[i]);
	assert_int_equal(core.scheds, 3);
	assert_int_equal(core.sched_priority, 10); /* of disk, whose priority stays */
	assert_non_null(strstr(log_text, "vm1, thread 2: priority 10r, run mask 0x3; before: 10r, 0x3; by shell"));
	assert_non_null(strstr(log_text, "disk, thread 2: "));
	assert_null(strstr(log_text, "vm2, thread 2: "));
	/* Another one has come in its place. */
	k.thread.tid = 3;
	RUN(acts_);
	assert_int_equal(answer[1], -ESRCH);
}

int vms_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_guest_begins_when_what_it_connects_to_is_ready),
	    CASE(what_a_guest_waits_for_is_shown),
	    CASE(a_guest_that_waits_too_long_is_refused),
	    CASE(a_guest_that_has_not_begun_is_ended_from_here),
	    CASE(a_vm_describes_itself_for_the_operator),
	    CASE(how_often_a_guest_was_entered_is_kept),
	    CASE(an_answer_that_is_late_answers_no_other_question),
	    CASE(a_vm_is_paused_and_goes_on),
	    CASE(a_paused_vm_ends_as_any_other),
	    CASE(a_paused_vm_does_not_hold_up_a_shutdown),
	    CASE(a_vm_is_restarted_by_the_operator),
	    CASE(a_vm_is_reset_by_the_operator),
	    CASE(a_vm_is_destroyed_by_the_operator),
	    cmocka_unit_test_setup(a_critical_vm_is_reset_and_not_restarted, make_system),
	    cmocka_unit_test_setup(a_critical_vm_that_is_called_off_between_lives_is_gone, make_system),
	    CASE(a_start_that_was_called_off_is_ordered_again),
	    CASE(a_console_is_whose_configuration_names_it),
	    CASE(a_console_that_nobody_has_is_refused_with_a_word_how_to_get_it),
	    CASE(the_operator_changes_threads_of_all_but_procmgr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
