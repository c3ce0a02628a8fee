/* SPDX-License-Identifier: Apache-2.0 */
/* What procmgr answers: the operator's orders, bad messages, names, and shutdown. */
#include "script.h"

static void only_the_operator_gives_orders(void **state)
{
	static const struct act acts_[] = {
	    {SAY, VM1, PM_SLAY, "disk", 0, BH_SIGKILL},
	    {SAY, DISK, PM_VM_STOP, "vm1"},
	    {SAY, VM1, PM_SHUTDOWN, NULL},
	    {SAY, DISK, PM_SCHED, NULL, VM1, 10},
	    {SAY, VM1, PM_VM_START, "vm2"},
	    {SAY, SHELL, PM_SLAY, "procmgr", 0, BH_SIGKILL},
	    {SAY, SHELL, PM_SLAY, "vm1", 0, 11},
	    {SAY, SHELL, PM_SLAY, "vm1", 0, BH_SIGUSR1},
	    {SAY, SHELL, PM_SLAY, NULL, VM1, BH_SIGKILL},
	    {SAY, SHELL, PM_VM_STOP, "vm1"},
	    {SAY, SHELL, PM_SLAY, NULL, 99, BH_SIGKILL},
	};
	static const int expected[] = {-EPERM, -EPERM, -EPERM, -EPERM, -EPERM, -EPERM, -EINVAL, 0, 0, -ENOENT, -ESRCH};

	(void)state;
	go_on();
	assert_int_equal(RUN(acts_), 2);
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(answer[i + 1], expected[i]);
	assert_int_equal(k.signalled[VM1], BH_SIGUSR1);
	assert_true(slots[DISK].running);
	assert_false(slots[VM1].running);
	assert_int_equal(slots[VM1].end, END_KILLED);
	assert_int_equal(slots[VM1].cause, CAUSE_SIGNAL);
}

static void a_name_is_somebodys_also_while_he_is_not_there(void **state)
{
	static const struct act acts_[] = {
	    {SAY, VM1, PM_SLOT, "disk"}, {SAY, VM1, PM_SLOT, "vm2"}, {SAY, VM1, PM_SLOT, "nobody"}};

	(void)state;
	go_on();
	slot_kill(DISK);
	run_to_rest();
	RUN(acts_);
	assert_int_equal(answer[1], DISK);
	assert_int_equal(answer[2], VM2);
	assert_int_equal(answer[3], -ESRCH);
}

/* Only what is a process, and only one that has ended; also one that would not come again by itself. */
static void the_operator_starts_a_process_anew(void **state)
{
	static const struct act first[] = {
	    {SAY, VM1, PM_PROCESS_START, "disk"},   {SAY, SHELL, PM_PROCESS_START, "disk"},
	    {SAY, SHELL, PM_PROCESS_START, "vm1"},  {SAY, SHELL, PM_PROCESS_START, "procmgr"},
	    {SAY, SHELL, PM_PROCESS_START, "none"}, {SAY, SHELL, PM_SLAY, "disk", 0, BH_SIGKILL},
	};
	static const struct act second[] = {{SAY, SHELL, PM_PROCESS_START, "disk"},
					    {SAY, SHELL, PM_PROCESS_START, "disk"}};
	static const int expected[] = {-EPERM, -EBUSY, -EINVAL, -EBUSY, -ESRCH, 0};

	(void)state;
	go_on();
	RUN(first);
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(answer[i + 1], expected[i]);
	run_to_rest();
	assert_false(slots[DISK].running);
	RUN(second);
	assert_int_equal(answer[1], 0);
	assert_int_equal(answer[2], -EBUSY);
	run_to_rest();
	assert_true(slots[DISK].running);
	assert_int_equal(slots[DISK].starts, 2);
}

/* Of slot after slot, whoever asks; after the last there is none. */
static void interrupts_are_told_in_their_order(void **state)
{
	static const struct act acts_[] = {
	    {SAY, VM1, PM_IRQ_INFO, NULL, 0},          {SAY, VM1, PM_IRQ_INFO, NULL, 1},
	    {SAY, VM1, PM_IRQ_INFO, NULL, 2},          {SAY, VM1, PM_IRQ_INFO, NULL, 3},
	    {SAY, VM1, PM_IRQ_INFO, NULL, UINT32_MAX},
	};
	static const struct pm_irq expected[] = {{39, DISK, 0, -ESRCH}, {40, VM1, 1, 33}, {41, VM1, 0, -ESRCH}};
	static const int answers[] = {0, 0, 0, -ESRCH, -ESRCH};

	(void)state;
	for (unsigned slot = 0; slot < PROCESS_MAX; slot++)
		slots[slot].interrupt_count = 0;
	slots[DISK].interrupts[slots[DISK].interrupt_count++] = (struct sys_interrupt){39, false};
	slots[VM1].interrupts[slots[VM1].interrupt_count++] = (struct sys_interrupt){40, true};
	slots[VM1].interrupts[slots[VM1].interrupt_count++] = (struct sys_interrupt){41, false};
	go_on();
	RUN(acts_);
	for (unsigned i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		assert_int_equal(answer[i + 1], answers[i]);
	assert_memory_equal(irq_replies, expected, sizeof(expected));
}

/* The name alone does not make the operator: a VM may be called so too. */
static void no_vm_is_the_operator(void **state)
{
	static const struct act acts_[] = {{SAY, VM1, PM_VM_START, "vm2"}, {SAY, SHELL, PM_VM_START, "vm2"}};

	(void)state;
	slots[VM1].name = "shell";
	go_on();
	RUN(acts_);
	assert_int_equal(answer[1], -EPERM);
	assert_int_not_equal(answer[2], -EPERM);
}

static void malformed_messages_are_refused(void **state)
{
	static const struct act acts_[] = {
	    {SAY, VM1, 0x1ff, NULL},
	    {SAY, VM1, CON_OPEN, NULL},
	    {SAY, VM1, PM_VM_INFO, "vm1", .bytes = 47},
	    {SAY, VM1, PM_VM_INFO, "vm1", .bytes = 4096},
	    {SAY, VM1, PM_READY, NULL, .bytes = 3},
	    {SAY, 0, PM_READY, NULL},
	    {SAY, DISK, PM_NAME_ATTACH, "", 0, 1},
	    {SAY, DISK, PM_NAME_ATTACH, "x", 0, 0},
	    {SAY, DISK, PM_NAME_OPEN, "x", 2},
	};

	(void)state;
	go_on();
	RUN(acts_);
	for (unsigned i = 1; i <= sizeof(acts_) / sizeof(acts_[0]); i++)
		assert_int_equal(answer[i], -EINVAL);
}

static void names_are_found_or_waited_for(void **state)
{
	static const struct act acts_[] = {
	    {SAY, VM1, PM_NAME_OPEN, "console", PM_WAIT},
	    {SAY, VM2, PM_NAME_OPEN, "nothing", PM_WAIT},
	    {SAY, VM1, PM_NAME_OPEN, "console", 0},
	    {SAY, VM1, PM_NAME_ATTACH, "console", 0, 3}, /* a VM serves nobody */
	    {SAY, DISK, PM_NAME_ATTACH, "console", 0, 7},
	    {SAY, LATE, PM_NAME_ATTACH, "slogger", 0, 1},
	    {PULSE, VM2, (uint32_t)PULSE_CODE_UNBLOCK, 0, .status = 2},
	    {PULSE, VM2, (uint32_t)PULSE_CODE_UNBLOCK, 0, .status = 2},
	    {PULSE, VM2, 5, 0, .status = 2},
	};

	(void)state;
	go_on();
	RUN(acts_);
	assert_int_equal(answer[1], 0);
	assert_int_equal(name_reply.slot, DISK);
	assert_int_equal(name_reply.chid, 7);
	assert_int_equal(answer[2], -EINTR);
	assert_int_equal(answer[3], -ESRCH);
	assert_int_equal(answer[4], -EPERM);
	assert_int_equal(answer[5], 0);
	assert_int_equal(sloggers, 1);
}

static void a_name_is_its_processs_from_before_its_start_to_after_its_end(void **state)
{
	static const struct act before[] = {
	    {SAY, SHELL, PM_NAME_ATTACH, "slogger", 0, 5}, /* LATE has not said that it is ready, nor attached */
	    {SAY, SHELL, PM_NAME_ATTACH, "late", 0, 5},    {SAY, SHELL, PM_NAME_ATTACH, "vm1", 0, 5},
	    {SAY, VM1, PM_NAME_ATTACH, "vm1", 0, 5},       {SAY, SHELL, PM_NAME_ATTACH, "shell", 0, 6},
	    {SAY, SHELL, PM_NAME_ATTACH, "shell", 0, 7},   {SAY, LATE, PM_NAME_ATTACH, "slogger", 0, 1},
	    {SAY, LATE, PM_NAME_ATTACH, "late", 0, 1},     {SAY, DISK, PM_NAME_ATTACH, "consol", 0, 1},
	    {SAY, DISK, PM_NAME_ATTACH, "console2", 0, 1},
	};
	static const int expected[] = {-EPERM, -EPERM, -EPERM, -EPERM, 0, -EEXIST, 0, 0, -EPERM, -EPERM};
	static const struct act after[] = {
	    {DIE, LATE, END_EXIT, 0, .status = 1},
	    {SAY, SHELL, PM_NAME_ATTACH, "slogger", 0, 5},
	    {SAY, DISK, PM_NAME_ATTACH, "slogger", 0, 5},
	    {SAY, VM1, PM_NAME_OPEN, "slogger", 0},
	};

	(void)state;
	go_on();
	RUN(before);
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(answer[i + 1], expected[i]);
	assert_int_equal(sloggers, 1);
	RUN(after);
	assert_int_equal(answer[2], -EPERM);
	assert_int_equal(answer[3], -EPERM);
	assert_int_equal(answer[4], -ESRCH);
	assert_int_equal(sloggers, 1);
}

unsigned times_of(const char *text)
{
	unsigned found = 0;

	for (const char *at_ = log_text; (at_ = strstr(at_, text)) != NULL; at_++)
		found++;
	return found;
}

static void who_asks_for_others_names_is_reported_once_in_a_life(void **state)
{
	static const struct act acts_[] = {
	    {SAY, SHELL, PM_NAME_ATTACH, "console", 0, 5},
	    {SAY, SHELL, PM_NAME_ATTACH, "slogger", 0, 5},
	    {SAY, VM1, PM_NAME_ATTACH, "vm1", 0, 5},
	    {DIE, SHELL, END_EXIT, 0, .status = 1},
	};
	static const struct act again[] = {{SAY, SHELL, PM_NAME_ATTACH, "slogger", 0, 5}};

	(void)state;
	go_on();
	RUN(acts_);
	assert_int_equal(times_of("shell may not serve the name \"console\": it belongs to disk"), 1);
	assert_int_equal(times_of("vm1 may not serve the name \"vm1\": it belongs to nobody"), 1);
	assert_int_equal(times_of("may not serve"), 2);
	slot_launch(SHELL);
	RUN(again);
	assert_int_equal(times_of("shell may not serve the name \"slogger\": it belongs to late"), 1);
	assert_int_equal(times_of("may not serve"), 3);
}

static void a_shutdown_waits_for_the_guests(void **state)
{
	static const struct act acts_[] = {
	    {SAY, SHELL, PM_SHUTDOWN, NULL, 0, 2},
	    {SAY, VM1, PM_READY, NULL},
	    {SAY, SHELL, PM_SHUTDOWN, NULL, 0, 1},
	    {SAY, SHELL, PM_VM_START, "vm2"},
	    {DIE, VM1, END_EXIT, 0, .status = CAUSE_SIGNAL << 8},
	    {SAY, SHELL, PM_READY, 0},
	};

	(void)state;
	go_on();
	assert_int_equal(RUN(acts_), 1);
	assert_int_equal(answer[1], -EINVAL);
	assert_int_equal(answer[3], 0);
	assert_int_equal(answer[4], -EBUSY);
	assert_int_equal(k.signalled[VM1], BH_SIGTERM);
	assert_int_equal(k.system, SYSTEM_RESET);
	assert_int_equal(at, 5);
}

static void a_shutdown_starts_nothing_more(void **state)
{
	static const struct act acts_[] = {
	    {SAY, SHELL, PM_VM_START, "vm2"},
	    {SAY, VM2, PM_READY, NULL},
	    {SAY, SHELL, PM_SHUTDOWN, NULL},
	    {DIE, DISK, END_EXIT, 0, .status = 1},
	};

	(void)state;
	config.processes[DISK - 1].ready = true;
	go_on();
	assert_int_equal(RUN(acts_), 2);
	assert_int_equal(k.state[VM2], PROCESS_RUNNING);
	assert_int_equal(k.signalled[VM2], BH_SIGTERM);
	assert_int_equal(k.state[SHELL], PROCESS_DEFINED);
}

static void a_shutdown_does_not_wait_for_ever(void **state)
{
	static const struct act acts_[] = {
	    {SAY, VM1, PM_READY, NULL}, {SAY, SHELL, PM_SHUTDOWN, NULL, 0, 0}, {WAIT, 0, 0, 0}};

	(void)state;
	go_on();
	assert_int_equal(RUN(acts_), 1);
	assert_int_equal(core.now, 5000000000);
	assert_int_equal(k.system, SYSTEM_OFF);
	assert_non_null(strstr(log_text, "vm1 did not stop"));
}

int orders_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(only_the_operator_gives_orders),
	    CASE(a_name_is_somebodys_also_while_he_is_not_there),
	    CASE(no_vm_is_the_operator),
	    CASE(the_operator_starts_a_process_anew),
	    CASE(interrupts_are_told_in_their_order),
	    CASE(malformed_messages_are_refused),
	    CASE(names_are_found_or_waited_for),
	    CASE(a_name_is_its_processs_from_before_its_start_to_after_its_end),
	    CASE(who_asks_for_others_names_is_reported_once_in_a_life),
	    CASE(a_shutdown_waits_for_the_guests),
	    CASE(a_shutdown_starts_nothing_more),
	    CASE(a_shutdown_does_not_wait_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
