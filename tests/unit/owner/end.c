/* SPDX-License-Identifier: Apache-2.0 */
/* Handles, and the end of a process with everything it has. */
#include "owner.h"

static unsigned objects_of(const struct process *p)
{
	unsigned count = 0;

	for (unsigned type = OBJECT_THREAD; type < OBJECT_TYPES; type++)
		count += p->kmem.count[type];
	return count;
}

/* What one process can have of each kind of object, with a pulse under way. */
static unsigned fill_tables(struct thread *t)
{
	uint64_t own = (uint64_t)sys_ChannelCreate(t, CHF_PRIVATE);

	while (sys_ConnectAttach(t, t->process->slot, own, own) > 0)
		;
	assert_int_equal(sys_MsgSendPulse(t, 1, 1, 1, 1), 0);
	while (sys_TimerCreate(t, own, 1, 1, 1) > 0)
		;
	while (sys_ChannelCreate(t, CHF_PRIVATE) > 0)
		;
	return objects_of(t->process);
}

/* While another CPU wants the lock all the time, each hold of the end of a process ends one object at most. */
static void an_end_gives_way_after_each_object(void **state)
{
	struct thread *t = machine_process(1, 10, 1, 0, false);
	struct process *p = t->process;
	unsigned before = fill_tables(t), steps = 0, most = 0;

	(void)state;
	assert_true(before > 1000);
	host_lock_wanted(true);
	call_alone(procmgr, ProcessDestroy, 1);
	while (p->state == PROCESS_ENDING) {
		unsigned now = objects_of(p);

		most = before - now > most ? before - now : most;
		before = now;
		steps++;
		for (unsigned cpu = 0; cpu < board.cpu_count; cpu++)
			machine_step(cpu);
	}
	assert_true(steps > 1000);
	assert_int_equal(most, 1);
	assert_int_equal(call_result(&procmgr->frame), 0);
}

static void the_lowest_free_handle_is_next(void **state)
{
	struct process *p;

	(void)state;
	machine_process(1, 1, ALL, 0, false);
	p = &processes[1];
	assert_int_equal(handle_next(p, OBJECT_CHANNEL, 0), 0);
	for (uint64_t id = 1; id <= HANDLE_MAX; id++)
		assert_int_equal(handle_add(p, OBJECT_CHANNEL, p), id);
	assert_int_equal(handle_add(p, OBJECT_CHANNEL, p), -KE_AGAIN);
	assert_ptr_equal(handle_lookup_unlocked(p, OBJECT_CHANNEL, HANDLE_MAX), p);
	assert_null(handle_lookup_unlocked(p, OBJECT_CHANNEL, HANDLE_MAX + 1));
	assert_int_equal(handle_next(p, OBJECT_CHANNEL, HANDLE_MAX), HANDLE_MAX);
	assert_int_equal(handle_next(p, OBJECT_CHANNEL, HANDLE_MAX + 1), 0);
	assert_int_equal(handle_next(p, OBJECT_CHANNEL, UINT64_MAX), 0);
	handle_remove(p, OBJECT_CHANNEL, HANDLE_MAX);
	handle_remove(p, OBJECT_CHANNEL, 64);
	assert_int_equal(handle_next(p, OBJECT_CHANNEL, 64), 65);
	assert_int_equal(handle_add(p, OBJECT_CHANNEL, p), 64);
	assert_int_equal(handle_add(p, OBJECT_CHANNEL, p), HANDLE_MAX);
	for (uint64_t id = 1; id <= HANDLE_MAX; id++)
		handle_remove(p, OBJECT_CHANNEL, id);
	assert_int_equal(handle_next(p, OBJECT_CHANNEL, 1), 0);
}

/* All threads go, running and waiting ones, on all CPUs; none is made in the middle of that. */
static void all_threads_end_with_their_process(void **state)
{
	struct thread *first = machine_process(1, 20, ALL, 0, false), *running[3];
	struct process *p = &processes[1];
	uint32_t alive;

	(void)state;
	assert_true(sys_ChannelCreate(first, CHF_PRIVATE) > 0);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(sys_MsgReceive(machine_spawn(first, 30 + i, ALL), 1, 0, 0), BLOCKED);
	for (unsigned i = 0; i < 3; i++)
		running[i] = machine_spawn(first, 10, 2u << i);
	assert_int_equal(p->threads_alive, 14);
	call_alone(first, ThreadDestroy, UINT64_MAX, 7);
	assert_true(p->threads_alive > 1);
	assert_int_equal(running[2]->state, STATE_RUNNING);
	/* Whoever comes by the kernel does not go on, told or not. */
	alive = p->threads_alive;
	assert_int_equal(call_alone(running[2], ThreadCreate, CODE_VA + 4, 0, 0, 1, SCHED_FIFO_, ALL, 0), GONE);
	assert_true(p->threads_alive < alive);
	machine_settle();
	assert_int_equal(p->state, PROCESS_DEAD);
	assert_int_equal(p->threads_alive, 0);
	assert_int_equal(p->end_cause, END_EXIT);
	assert_int_equal(p->end_status, 7);
}

int end_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(an_end_gives_way_after_each_object),
	    CASE(the_lowest_free_handle_is_next),
	    CASE(all_threads_end_with_their_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
