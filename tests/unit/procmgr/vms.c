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

void a_guest_begins_when_what_it_connects_to_is_ready(void **state)
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

void what_a_guest_waits_for_is_shown(void **state)
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

void a_guest_that_waits_too_long_is_refused(void **state)
{
	static const struct act acts_[] = {
	    {WAIT, 0, 0, 0}, {SAY, VM1, PM_READY, NULL},    {WAIT, 0, 0, 0},
	    {WAIT, 0, 0, 0}, {SAY, VM2, PM_VM_INFO, "vm1"},
	};

	(void)state;
	order_with_late_disk();
	RUN(acts_);
	assert_int_equal(k.now, 20000000000);
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

void a_guest_that_has_not_begun_is_ended_from_here(void **state)
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

void a_vm_describes_itself_for_the_operator(void **state)
{
	static const struct act acts_[] = {
	    {SAY, SHELL, PM_ENV, "vm1"}, /* has not begun */
	    {SAY, VM1, PM_READY, NULL},
	    {SAY, DISK, PM_ENV, "vm1"},
	    {SAY, SHELL, PM_ENV, "vm2"},
	    {SAY, VM1, PM_ENV_TEXT, NULL, .bytes = 100}, /* nobody has asked */
	    {SAY, SHELL, PM_ENV, "vm1"},
	    {SAY, SHELL, PM_ENV, "vm1"}, /* one after the other */
	    {SAY, VM1, PM_ENV_TEXT, NULL, .bytes = sizeof(struct pm_env)},
	    {SAY, VM1, PM_ENV_TEXT, NULL, .bytes = sizeof(struct pm_env) + PROTO_ENV + 1},
	    {SAY, VM1, PM_ENV_TEXT, NULL, .bytes = 100},
	    {SAY, SHELL, PM_ENV, "vm1"},
	    {WAIT, 0, 0, 0}, /* it does not answer */
	    {SAY, SHELL, PM_ENV, "vm1"},
	    {DIE, VM1, END_FAULT},
	};
	static const int expected[] = {-EBUSY, 0,       -EPERM,  -ESRCH, -ESRCH,     100 - sizeof(struct pm_env),
				       -EBUSY, -EINVAL, -EINVAL, 0,      -ETIMEDOUT, NOT_ANSWERED,
				       -ESRCH};

	(void)state;
	go_on();
	RUN(acts_);
	for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++)
		assert_int_equal(answer[i + 1], expected[i]);
	assert_int_equal(k.signalled[VM1], BH_SIGENV);
	assert_int_equal(k.now, 2000000000);
	assert_true(vmenv_deadline() == NEVER);
}

void how_often_a_guest_was_entered_is_kept(void **state)
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

void only_virtual_cpus_are_rescheduled_within_their_bounds(void **state)
{
	static const struct act acts_[] = {
	    {SAY, SHELL, PM_SCHED, NULL, VM1, 15},  {SAY, SHELL, PM_SCHED, NULL, VM1, 21},
	    {SAY, SHELL, PM_SCHED, NULL, DISK, 15}, {SAY, SHELL, PM_SCHED, NULL, VM2, 15},
	    {SAY, SHELL, PM_SCHED, NULL, 4000, 15},
	};
	static const int expected[] = {0, -EINVAL, -ESRCH, -ESRCH, -ESRCH};

	(void)state;
	k.thread = (struct thread_info){.name = "vcpu0", .tid = 2, .base_priority = 10, .policy = SCHED_RR_};
	go_on();
	RUN(acts_);
	for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++)
		assert_int_equal(answer[i + 1], expected[i]);
	assert_int_equal(k.scheds, 1);
	assert_int_equal(k.sched_priority, 15);
	strcpy(k.thread.name, "main");
	RUN(acts_);
	assert_int_equal(answer[1], -EPERM);
	/* A name is qvm's to choose, what a thread has run is not. */
	k.thread.entries = 1;
	RUN(acts_);
	assert_int_equal(answer[1], 0);
}
