/* SPDX-License-Identifier: Apache-2.0 */
/* Starts and ends that take long: procmgr answers meanwhile, and what is to be done at once is not their workers'. */
#include "script.h"
#include "servers/procmgr/progress.h"

/* VM1 is being started, and its worker does not get on. */
static void hold_a_start(void)
{
	k.workers_held = true;
	assert_int_equal(vm_start(VM1), 0);
}

/* VM1 has ended, and its worker does not get on. */
static void hold_an_end(void)
{
	static const struct act die[] = {{DIE, VM1, END_FAULT}};

	go_on();
	k.workers_held = true;
	RUN(die);
}

static unsigned threads_of(uint32_t slot)
{
	unsigned count = 0;

	for (unsigned i = 0; i < core.threads; i++)
		count += (uintptr_t)core.thread[i].arg == slot;
	return count;
}

/* Of four CPUs: a VM's memory is zeroed by as many threads, before its start and after its end; a server's by one. */
static void a_vm_is_zeroed_on_all_its_cpus(void **state)
{
	static const struct act die[] = {{DIE, VM1, END_FAULT}};
	unsigned before;

	(void)state;
	assert_int_equal(threads_of(VM1), 1);
	worker_make_helpers();
	go_on();
	assert_int_equal(threads_of(VM1), 4);
	assert_int_equal(threads_of(DISK), 1);
	assert_true(k.zeroes[VM1] > 0);
	before = k.zeroes[VM1];
	RUN(die);
	assert_true(k.zeroes[VM1] >= before + 4);
}

static void a_start_that_takes_long_is_seen(void **state)
{
	static const struct act acts_[] = {{SAY, SHELL, PM_VM_INFO, "vm1"}};
	static const struct act work[] = {{WORK}, {SAY, SHELL, PM_VM_INFO, "vm1"}};

	(void)state;
	hold_a_start();
	k.state[VM1] = PROCESS_DEFINED;
	k.info[VM1].ram_bytes = 5 * MIB;
	k.info[VM1].ram_zeroed = 2 * MIB;
	RUN(acts_);
	assert_int_equal(vm_reply.state, VM_STARTING);
	assert_int_equal(vm_reply.starts, 0);
	assert_int_equal(vm_reply.done_bytes, 2 * MIB);
	assert_int_equal(vm_reply.total_bytes, 5 * MIB);
	assert_int_equal(vm_start(VM1), -EBUSY);
	RUN(work);
	assert_int_equal(vm_reply.state, VM_STARTING); /* its guest has not begun */
	assert_int_equal(vm_reply.starts, 1);
	assert_int_equal(vm_reply.total_bytes, 0);
}

static void an_end_that_takes_long_is_seen(void **state)
{
	static const struct act acts_[] = {{SAY, SHELL, PM_VM_INFO, "vm1"}};
	static const struct act work[] = {{WORK}, {SAY, SHELL, PM_VM_INFO, "vm1"}};

	(void)state;
	hold_an_end();
	k.info[VM1].ram_bytes = 5 * MIB;
	k.info[VM1].ram_zeroed = 3 * MIB;
	RUN(acts_);
	assert_int_equal(vm_reply.state, VM_ENDING);
	assert_int_equal(vm_reply.end, END_FAULT);
	assert_int_equal(vm_reply.done_bytes, 3 * MIB);
	assert_int_equal(k.destroys, 0);
	RUN(work);
	assert_int_equal(vm_reply.state, VM_STOPPED);
	assert_int_equal(vm_reply.total_bytes, 0);
	assert_int_equal(k.destroys, 1);
}

/* Asked for while it still ends: it comes after that, once; and the operator may think again. */
static void a_start_waits_for_the_end_before_it(void **state)
{
	static const struct act start[] = {{SAY, SHELL, PM_VM_START, "vm1"}, {SAY, SHELL, PM_VM_START, "vm1"}};
	static const struct act off[] = {
	    {SAY, SHELL, PM_VM_START, "vm1"}, {SAY, SHELL, PM_VM_STOP, "vm1"}, {SAY, SHELL, PM_VM_STOP, "vm1"}, {WORK}};
	static const struct act work[] = {{WORK}, {WORK}};

	(void)state;
	hold_an_end();
	RUN(start);
	assert_int_equal(answer[1], 0);
	assert_int_equal(answer[2], 0);
	assert_int_equal(k.creates, 4);
	RUN(work);
	assert_int_equal(k.creates, 5);
	assert_true(slots[VM1].running);
	assert_int_equal(slots[VM1].starts, 2);
	slot_kill(VM1);
	run_to_rest();
	RUN(off);
	assert_int_equal(answer[2], 0);
	assert_int_equal(answer[3], -ENOENT);
	assert_int_equal(slots[VM1].job, JOB_NONE);
	assert_false(slots[VM1].running);
	assert_int_equal(slots[VM1].starts, 2);
}

/* A restart that is due while the end of the life before still goes on. */
static void a_restart_waits_for_the_end_before_it(void **state)
{
	static const struct act acts_[] = {{WAIT}, {WORK}, {WORK}};

	(void)state;
	config.vms[0].own.restart = SYS_RESTART_ALWAYS;
	config.vms[0].own.restart_limit = 5;
	config.vms[0].own.restart_delay_ms = 1;
	hold_an_end();
	RUN(acts_);
	assert_int_equal(core.now, 1000000);
	assert_int_equal(slots[VM1].starts, 2);
	assert_true(slots[VM1].running);
}

/* Before its worker gets on, and after it has made the process but not said so. */
static void a_start_is_called_off(void **state)
{
	static const struct act stop[] = {{SAY, SHELL, PM_VM_STOP, "vm1"}};
	static const struct act work[] = {{WORK}, {WORK}};

	(void)state;
	hold_a_start();
	RUN(stop);
	assert_int_equal(answer[1], 0);
	RUN(work);
	assert_false(slots[VM1].running);
	assert_int_equal(slots[VM1].job, JOB_NONE);
	assert_int_equal(k.destroys, k.creates);

	assert_int_equal(vm_start(VM1), 0);
	run_workers();
	assert_int_equal(slot_kill(VM1), 0);
	RUN(work);
	assert_false(slots[VM1].running);
	assert_int_equal(slots[VM1].job, JOB_NONE);
	assert_int_equal(slots[VM1].end, END_KILLED);
	assert_int_equal(k.destroys, k.creates);
}

/* It speaks, or dies, before its worker has said that it runs: what the worker says then is old. */
static void a_process_is_heard_before_its_worker(void **state)
{
	static const struct act ready[] = {{SAY, VM1, PM_READY, NULL}};
	static const struct act die[] = {{DIE, VM1, END_FAULT}, {WORK}};
	struct pulse late;

	(void)state;
	hold_a_start();
	run_workers();
	late = core.pulse[0];
	core.pulses = 0;
	RUN(ready);
	assert_int_equal(answer[1], 0);
	assert_true(slots[VM1].running && slots[VM1].ready);
	core.pulse[core.pulses++] = late;
	RUN(die);
	assert_int_equal(slots[VM1].starts, 1);
	assert_int_equal(slots[VM1].job, JOB_NONE);

	assert_int_equal(vm_start(VM1), 0);
	run_workers();
	late = core.pulse[0];
	core.pulses = 0;
	RUN(die);
	core.pulse[core.pulses++] = late;
	run_to_rest();
	assert_int_equal(slots[VM1].starts, 2);
	assert_false(slots[VM1].running);
	assert_int_equal(slots[VM1].end, END_FAULT);
	assert_int_equal(k.destroys, 2);
}

/* Anybody may send such a pulse. */
static void a_worker_that_has_nothing_to_say_is_not_heard(void **state)
{
	static const struct act acts_[] = {{PULSE, VM2, PULSE_WORKER, 0, .status = VM1},
					   {PULSE, VM2, PULSE_WORKER, 0, .status = VM2},
					   {PULSE, VM2, PULSE_WORKER, 0, .status = 0},
					   {PULSE, VM2, PULSE_WORKER, 0, .status = 1ull << 40}};

	(void)state;
	hold_a_start();
	RUN(acts_);
	assert_false(slots[VM1].running || slots[VM2].running);
	assert_int_equal(slots[VM1].job, JOB_START);
	run_workers();
	run_to_rest();
}

/* The safe state does not wait for zeroes. */
static void a_critical_end_is_acted_upon_before_its_memory_is_zeroed(void **state)
{
	static const struct act die[] = {{DIE, VM1, END_FAULT}};

	(void)state;
	slots[VM1].critical = true;
	config.safe_state_reset = true;
	go_on();
	k.workers_held = true;
	assert_int_equal(RUN(die), 1);
	assert_int_equal(k.system, SYSTEM_SAFE_STATE);
	assert_int_equal(k.destroys, 0);
	assert_string_equal(k.last_words, "it ended\ncritical process vm1 ended");
}

/* At its first start, at a later one, and if the operator calls it off. */
static void a_critical_vm_that_is_not_started_is_gone(void **state)
{
	static const struct act stop[] = {{SAY, SHELL, PM_VM_STOP, "vm1"}, {WORK}};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		make_sealed(state);
		slots[VM1].critical = true;
		if (i == 1) {
			go_on();
			slot_kill(SHELL);
			run_to_rest();
			slots[VM1].running = false;
			k.state[VM1] = PROCESS_DEFINED;
		}
		k.fail_at = i == 2 ? 0 : k.calls + (i == 0 ? 26 : 1);
		k.workers_held = i == 2;
		assert_int_equal(i == 0 ? go_on() : vm_start(VM1), i == 0 ? 1 : 0);
		if (i != 0)
			assert_int_equal(i == 1 ? run_to_rest() : RUN(stop), 1);
		assert_int_equal(k.system, SYSTEM_SAFE_STATE);
		assert_non_null(strstr(log_text, i == 2 ? "vm1" : "vm1 not started"));
		assert_string_equal(k.last_words, "it ended\ncritical process vm1 ended");
		assert_true(i == 1 || strstr(log_text, "system started") == NULL);
	}
}

/* After a second, and each time that it has taken twice as long: how far each is. Nothing, when all run. */
static void what_is_started_for_long_says_how_far_it_is(void **state)
{
	static const struct act wait[] = {{TICK}, {TICK}, {TICK}};
	static const struct act work[] = {
	    {WORK}, {SAY, VM1, PM_VM_NOTE, "big.img to be loaded: 1 of 9 MiB"}, {TICK}, {TICK}};
	static const struct act ready[] = {{SAY, VM1, PM_READY, NULL}, {SAY, VM2, PM_READY, NULL}};

	(void)state;
	k.workers_held = true;
	k.info[VM1].ram_bytes = 5 * MIB;
	k.info[VM1].ram_zeroed = 2 * MIB;
	assert_true(progress_deadline() == NEVER);
	order_prepare();
	order_go_on();
	k.state[VM1] = PROCESS_DEFINED;
	RUN(wait);
	assert_int_equal(core.now, 4000000000);
	assert_int_equal(times_of("vm1 is being started: 2 of 5 MiB cleared"), 3);
	assert_null(strstr(log_text, "waits for"));
	k.workers_held = false;
	RUN(work);
	assert_int_equal(core.now, 8000000000);
	assert_int_equal(times_of("vm1 waits for big.img to be loaded: 1 of 9 MiB"), 1);
	RUN(ready);
	assert_true(progress_deadline() == NEVER);
}

/* A VM whose turn does not come: the start is over all the same, and who waits is named. */
static void a_vm_that_is_not_started_in_time_holds_up_nobody(void **state)
{
	static const struct act acts_[] = {{WAIT}, {WORK}};

	(void)state;
	k.workers_held = true;
	order_go_on();
	RUN(acts_);
	assert_int_equal(core.now, 10000000000);
	assert_non_null(strstr(log_text, "disk is not started after 10 s"));
	assert_non_null(strstr(log_text, "vm1 is not started after 10 s"));
	assert_non_null(strstr(log_text, "system started"));
	assert_true(slots[VM1].running);
	assert_true(order_deadline() == NEVER);
}

/* Politely, by its power button: then it ends as if by itself. */
static void what_the_operator_ends_politely_stays_down(void **state)
{
	static const struct act button[] = {{SAY, VM1, PM_READY, NULL},
					    {SAY, SHELL, PM_VM_STOP, "vm1"},
					    {DIE, VM1, END_EXIT, 0, .status = CAUSE_OFF << 8}};
	static const struct act server[] = {{SAY, SHELL, PM_SLAY, "disk", 0, BH_SIGTERM},
					    {DIE, DISK, END_EXIT, 0, .status = 1}};
	static const struct act alone[] = {{SAY, VM1, PM_READY, NULL},
					   {SAY, SHELL, PM_SLAY, "vm1", 0, BH_SIGUSR1},
					   {DIE, VM1, END_EXIT, 0, .status = CAUSE_OFF << 8}};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct sys_owner *own = i == 0 ? &config.vms[0].own : &config.processes[DISK - 1].own;

		own->restart = SYS_RESTART_ALWAYS;
		own->restart_limit = 5;
		own->restart_delay_ms = 100;
	}
	go_on();
	RUN(button);
	RUN(server);
	assert_true(restart_deadline() == NEVER);
	assert_int_equal(slots[VM1].starts, 1);
	/* What it does by itself in its next life is another matter. */
	vm_start(VM1);
	run_to_rest();
	RUN(alone);
	assert_true(restart_deadline() != NEVER);
}

/* Who ends on purpose has not failed; and what is still being started does not begin. */
static void a_shutdown_is_no_failure(void **state)
{
	static const struct act acts_[] = {{SAY, VM1, PM_READY, NULL},
					   {SAY, SHELL, PM_VM_START, "vm2"},
					   {SAY, SHELL, PM_SHUTDOWN, NULL, 0, 1},
					   {DIE, DISK, END_FAULT},
					   {WORK},
					   {DIE, VM1, END_EXIT, 0, .status = CAUSE_SIGNAL << 8}};

	(void)state;
	slots[VM1].critical = slots[VM2].critical = slots[DISK].critical = true;
	go_on();
	k.workers_held = true;
	assert_int_equal(RUN(acts_), 1);
	assert_int_equal(k.shutdowns, 1);
	assert_int_equal(k.system, SYSTEM_RESET);
	assert_null(strstr(log_text, "critical"));
	assert_int_equal(k.state[VM2], PROCESS_DEAD);
}

int workers_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_vm_is_zeroed_on_all_its_cpus),
	    CASE(a_start_that_takes_long_is_seen),
	    CASE(an_end_that_takes_long_is_seen),
	    CASE(a_start_waits_for_the_end_before_it),
	    CASE(a_restart_waits_for_the_end_before_it),
	    CASE(a_start_is_called_off),
	    CASE(a_process_is_heard_before_its_worker),
	    CASE(a_worker_that_has_nothing_to_say_is_not_heard),
	    CASE(a_critical_end_is_acted_upon_before_its_memory_is_zeroed),
	    CASE(a_critical_vm_that_is_not_started_is_gone),
	    CASE(what_is_started_for_long_says_how_far_it_is),
	    CASE(a_vm_that_is_not_started_in_time_holds_up_nobody),
	    CASE(what_the_operator_ends_politely_stays_down),
	    CASE(a_shutdown_is_no_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
