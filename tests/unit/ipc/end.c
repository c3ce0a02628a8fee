/* SPDX-License-Identifier: Apache-2.0 */
/* Ends: of processes, threads and channels, wherever somebody is blocked on them. */
#include "ipc.h"
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Threads of one process, blocked in every way. */
static void blocked_everywhere(void)
{
	struct thread *t;
	uint32_t word = 5;

	both(ALL, ALL, 20, 20, CHF_UNBLOCK | CHF_DISCONNECT);
	/* REPLY, with a pulse of its own waiting. */
	t = machine_spawn(cli, 30, ALL);
	assert_int_equal(sys_TimerTimeout(t, TIMEOUT_REPLY, 1000), 0);
	assert_int_equal(send_message(t, coid, 8, 8, 1), BLOCKED);
	assert_true(receive_message(srv) > 0);
	machine_tick(1000);
	/* SEND, SYNC, RECEIVE. */
	t = machine_spawn(cli, 30, ALL);
	assert_int_equal(send_message(t, coid, 8, 8, 1), BLOCKED);
	t = machine_spawn(cli, 30, ALL);
	machine_write(t->process, MEM_VA, &word, 4);
	assert_int_equal(sys_SyncWait(t, MEM_VA, 4, 0), -KE_AGAIN);
	assert_int_equal(sys_SyncWait(t, MEM_VA, 5, 0), BLOCKED);
	t = machine_spawn(cli, 30, ALL);
	chid = (uint64_t)sys_ChannelCreate(t, 0);
	assert_true(sys_TimerCreate(cli, chid, 10, 1, 1) > 0);
	assert_int_equal(sys_TimerSettime(cli, 1, 0, 1000000, 10000), 0);
	assert_int_equal(sys_MsgReceive(t, chid, 8, MEM_VA), BLOCKED);
	/* RECEIVE, with an interrupt. */
	cli->process->regions[REGION_IRQS].start = SPI;
	cli->process->regions[REGION_IRQS].bytes = 1;
	t = machine_spawn(cli, 30, ALL);
	assert_int_equal(sys_InterruptAttachEvent(t, SPI, chid, 0, 0, 0), 1);
	assert_int_equal(sys_MsgReceive(t, chid, 8, MEM_VA), BLOCKED);
	assert_int_equal(sys_MsgSendPulse(cli, coid, 3, 3, 3), 0);
	machine_check(true);
}

static void a_process_ends_wherever_it_waits(void **state)
{
	struct channel *c;

	(void)state;
	blocked_everywhere();
	machine_destroy(CLI);
	assert_false(host_is_enabled(SPI));
	c = channel_of(srv->process, 1);
	assert_true(list_empty(&c->connections));
	/* All that is left is the word that a client is gone. */
	assert_ptr_equal(c->queue.next, &c->gone.w.link);
	machine_tick(2000000);
	machine_destroy(SRV);
	/* The server first. */
	blocked_everywhere();
	machine_destroy(SRV);
	machine_check(true);
	for (uint32_t tid = 2; tid <= 3; tid++)
		assert_int_equal(call_result(&machine_thread(CLI, tid)->frame), (uint64_t)-KE_SRCH);
}

/* The end without what takes long: at once, whatever its threads wait for. Its memory is for ProcessDestroy. */
static void a_stop_ends_threads_at_once(void **state)
{
	static const uint64_t nobody[] = {0, OTHER, PROCESS_MAX, UINT64_MAX};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(sys_ProcessStop(procmgr, nobody[i]), -KE_SRCH);
	blocked_everywhere();
	assert_int_equal(sys_ProcessStop(cli, CLI), -KE_PERM);
	assert_true(host_is_enabled(SPI));
	assert_int_equal(sys_ProcessStop(procmgr, CLI), -KE_AGAIN);
	assert_int_equal(processes[CLI].state, PROCESS_DEAD);
	assert_int_equal(processes[CLI].end_cause, END_KILLED);
	assert_int_equal(processes[CLI].threads_alive, 0);
	assert_int_equal(sys_ProcessStop(procmgr, CLI), 0);
	assert_false(host_is_enabled(SPI));
	assert_int_equal(handle_next(&processes[CLI], OBJECT_IRQ, 1), 0);
	assert_int_equal(sys_ProcessStop(procmgr, CLI), 0);
	assert_int_equal(processes[CLI].state, PROCESS_DEAD);
	machine_destroy(CLI);
	machine_check(true);
	/* One that ended by itself keeps its cause. */
	assert_int_equal(sys_ThreadDestroy(srv, UINT64_MAX, 7), GONE);
	assert_int_equal(sys_ProcessStop(procmgr, SRV), 0);
	assert_int_equal(processes[SRV].end_cause, END_EXIT);
}

/* So much of a slot's memory is zero: while it is zeroed, before it ever ran too. */
static void zeroing_says_how_far_it_is(void **state)
{
	struct process_info info;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	assert_int_equal(sys_ProcessInfo(procmgr, OTHER, procmgr_page), -KE_SRCH);
	assert_int_equal(sys_ProcessDestroy(procmgr, SRV), 0);
	assert_int_equal(sys_ProcessInfo(procmgr, SRV, procmgr_page), 0);
	machine_read(&processes[0], procmgr_page, &info, sizeof(info));
	assert_int_equal(info.ram_zeroed, 0);
	assert_int_equal(sys_ProcessZero(procmgr, SRV), 0);
	assert_int_equal(sys_ProcessInfo(procmgr, SRV, procmgr_page), 0);
	machine_read(&processes[0], procmgr_page, &info, sizeof(info));
	assert_int_equal(info.state, PROCESS_DEFINED);
	assert_int_equal(info.ram_bytes, MEM_BYTES);
	assert_int_equal(info.ram_zeroed, MEM_BYTES);
	processes[SRV].regions[0].taken = MEM_PAGES / 2;
	assert_int_equal(sys_ProcessInfo(procmgr, SRV, procmgr_page), 0);
	machine_read(&processes[0], procmgr_page, &info, sizeof(info));
	assert_int_equal(info.ram_zeroed, MEM_BYTES / 2);
	assert_int_equal(sys_ProcessInfo(procmgr, CLI, procmgr_page), 0);
	machine_read(&processes[0], procmgr_page, &info, sizeof(info));
	assert_int_equal(info.state, PROCESS_RUNNING);
	assert_int_equal(info.ram_zeroed, 0);
	assert_int_equal(sys_ProcessCreate(procmgr, SRV, 0), 0);
}

static void ends_itself(void)
{
	sys_ThreadDestroy(srv, UINT64_MAX, 7);
}

static void is_stopped(void)
{
	assert_int_equal(sys_ProcessStop(procmgr, SRV), -KE_AGAIN);
}

static void ends_in_a_shutdown(void)
{
	assert_int_equal(sys_SystemCtl(procmgr, SYSTEM_SHUTDOWN, 0), 0);
	ends_itself();
}

static void procmgr_ends_in_a_shutdown(void)
{
	assert_int_equal(sys_SystemCtl(procmgr, SYSTEM_SHUTDOWN, 0), 0);
	sys_ThreadDestroy(procmgr, UINT64_MAX, 0);
}

/* In a process of its own, since the safe state does not come back. */
static bool is_safe_state(void (*act)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		const int null = open("/dev/null", O_WRONLY);

		dup2(null, STDERR_FILENO);
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return !WIFEXITED(status);
}

/* The kernel's flag: it ends the system, unless that is what procmgr wants anyway. */
static void a_critical_end_ends_the_system(void **state)
{
	(void)state;
	both(ALL, ALL, 20, 20, 0);
	assert_false(is_safe_state(ends_itself));
	processes[SRV].params.critical = 1;
	assert_true(is_safe_state(ends_itself));
	assert_false(is_safe_state(is_stopped));
	assert_false(is_safe_state(ends_in_a_shutdown));
	assert_true(is_safe_state(procmgr_ends_in_a_shutdown));
}

static void a_process_may_end_itself(void **state)
{
	const struct trap trap = {.kind = TRAP_ABORT, .address = 0x123000, .write = true, .syndrome = 0x92000047};
	struct process_info info;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	machine_spawn(cli, 20, ALL);
	machine_spawn(cli, 19, ALL);
	assert_int_equal(sys_ThreadDestroy(cli, UINT64_MAX, 77), GONE);
	assert_int_equal(processes[CLI].state, PROCESS_DEAD);
	assert_int_equal(processes[CLI].end_status, 77);
	machine_fault(srv, &trap);
	assert_int_equal(processes[SRV].state, PROCESS_DEAD);
	assert_int_equal(sys_ProcessInfo(procmgr, SRV, procmgr_page), 0);
	machine_read(&processes[0], procmgr_page, &info, sizeof(info));
	assert_int_equal(info.end_cause, END_FAULT);
	assert_int_equal(info.fault_address, 0x123000);
	/* An access that the tables allow by now only has to be tried again. */
	srv = machine_process(OTHER, 20, ALL, 0, false);
	machine_fault(srv, &(struct trap){.kind = TRAP_ABORT, .address = MEM_VA, .write = true});
	assert_int_equal(srv->state, STATE_RUNNING);
}

enum between {
	SENDS,
	DETACHES,
	RECEIVES,
	TIMES_OUT,
	CLIENT_ENDS,
	SERVER_ENDS,
	DESTROYER_KILLED,
	BETWEEN_COUNT,
};

/* Clients of all kinds at one channel of many servers; the thread that destroys it is on the urgent thread's CPU. */
static struct thread *waiting[4], *other_server;

static void crowded(void)
{
	pinned(CHF_UNBLOCK | CHF_DISCONNECT);
	other_server = machine_spawn(srv, 20, 4);
	for (unsigned i = 0; i < 4; i++)
		waiting[i] = machine_spawn(cli, 30, 8);
	assert_true(sys_ConnectAttach(cli, SRV, chid, sys_ChannelCreate(cli, 0)) == (int64_t)coid + 1);
	assert_true(sys_ConnectAttach(srv, SRV, chid, chid) > 0);
	/* Two wait for an answer, one of them until a moment; two to be received. */
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(sys_TimerTimeout(waiting[i], i % 2 ? TIMEOUT_SEND | TIMEOUT_REPLY : 0, 5000), 0);
		assert_int_equal(send_message(waiting[i], coid, 8, 8, 1), BLOCKED);
		if (i < 2)
			assert_true(sys_MsgReceive(other_server, chid, 0, 0) > 0);
	}
	assert_int_equal(sys_MsgSendPulse(cli, coid, 5, 1, 1), 0);
	assert_int_equal(sys_ThreadCtl(srv, THREADCTL_CONTROL, chid), 0);
	assert_int_equal(sys_ProcessSignal(procmgr, SRV, 1, 1), 0);
}

static void something_between(enum between what)
{
	assert_int_equal(sys_ConnectAttach(cli, SRV, chid, 0), -KE_SRCH);
	assert_int_equal(sys_ProcessSignal(procmgr, SRV, 1, 1), -KE_BADF);
	assert_int_equal(sys_ChannelDestroy(other_server, chid), -KE_BADF);
	switch (what) {
	case SENDS:
		assert_int_equal(send_message(cli, coid, 8, 8, 1), -KE_BADF);
		assert_int_equal(sys_MsgSendPulse(cli, coid, 5, 1, 1), -KE_BADF);
		break;
	case DETACHES:
		assert_int_equal(sys_ConnectDetach(cli, coid), 0);
		assert_int_equal(sys_ConnectDetach(cli, coid + 1), 0);
		break;
	case RECEIVES:
		assert_int_equal(sys_MsgReceive(other_server, chid, 0, 0), -KE_BADF);
		/* The number is free again, and what gets it is another one. */
		assert_int_equal(sys_ChannelCreate(other_server, 0), chid);
		assert_int_equal(sys_MsgReceive(other_server, chid, 0, 0), BLOCKED);
		break;
	case TIMES_OUT: machine_tick(10000); break;
	case CLIENT_ENDS: machine_destroy(CLI); break;
	case SERVER_ENDS: machine_destroy(SRV); break;
	default: assert_int_equal(sys_ThreadDestroy(other_server, srv->tid, 0), 0);
	}
	machine_check(true);
}

/* Nobody waits any more, and nothing is left of it. */
static void check_destroyed(enum between what)
{
	for (unsigned i = 0; what != CLIENT_ENDS && i < ARRAY_COUNT(waiting); i++) {
		assert_true(machine_is_done(waiting[i]));
		assert_true(call_result(&waiting[i]->frame) == (uint64_t)-KE_SRCH ||
			    (what == TIMES_OUT && i % 2 && call_result(&waiting[i]->frame) == (uint64_t)-KE_TIMEDOUT));
	}
	if (what != CLIENT_ENDS) {
		assert_int_equal(cli->process->kmem.count[OBJECT_PULSE], 0);
		assert_int_equal(sys_MsgSend(cli, coid, 0, 0, 0, 0), -KE_BADF);
	}
	if (what == SERVER_ENDS)
		return;
	assert_int_equal(processes[SRV].kmem.count[OBJECT_CHANNEL], what == RECEIVES);
	if (what == DESTROYER_KILLED)
		assert_null(machine_thread(SRV, 1));
	else
		assert_int_equal(call_result(&srv->frame), 0);
}

/* ChannelDestroy, interrupted where it looks for interrupts for the n-th time. False: it looks less often. */
static bool destroyed_in_steps(unsigned n, enum between what)
{
	int64_t status;

	crowded();
	host_raise_after(n, SPI);
	status = sys_ChannelDestroy(srv, chid);
	host_raise_after(0, SPI);
	assert_int_equal(status, urgent->state == STATE_RUNNING ? BLOCKED : 0);
	if (status == BLOCKED) {
		assert_non_null(srv->closing);
		something_between(what);
		urgent_again();
	}
	check_destroyed(status == BLOCKED ? what : SENDS);
	machine_check(true);
	machine_clear();
	return status == BLOCKED;
}

static void a_channel_is_destroyed_in_steps(void **state)
{
	(void)state;
	for (enum between what = 0; what < BETWEEN_COUNT; what++) {
		unsigned n = 1;

		while (destroyed_in_steps(n, what))
			n++;
		/* 4 clients, 2 pulses, 1 server, 3 connections: it looks after each. */
		assert_int_equal(n, 11);
	}
}

/* Those who wait to receive go one by one: who is left still serves a message, of which then nobody answers. */
static void receivers_of_a_dying_channel_go_one_by_one(void **state)
{
	struct thread *second;

	(void)state;
	for (unsigned n = 1; n <= 3; n++) {
		pinned(0);
		second = machine_spawn(srv, 20, 4);
		for (unsigned i = 0; i < 2; i++)
			assert_int_equal(sys_MsgReceive(machine_spawn(srv, 20, 8), chid, 8, MEM_VA), BLOCKED);
		host_raise_after(n, SPI);
		assert_int_equal(sys_ChannelDestroy(srv, chid), BLOCKED);
		if (n < 2) {
			assert_int_equal(send_message(cli, coid, 8, 8, 1), BLOCKED);
			assert_int_equal(cli->state, STATE_REPLY);
		} else {
			assert_int_equal(send_message(cli, coid, 8, 8, 1), -KE_BADF);
		}
		assert_int_equal(sys_MsgReceive(second, chid, 8, MEM_VA), -KE_BADF);
		machine_check(true);
		urgent_again();
		assert_int_equal(call_result(&srv->frame), 0);
		assert_int_equal(call_result(&cli->frame), (uint64_t)(n < 2 ? -KE_SRCH : -KE_BADF));
		assert_int_equal(processes[SRV].kmem.count[OBJECT_CHANNEL], 0);
		machine_check(true);
		machine_clear();
	}
}

/* A thread is killed while it is on its way into the kernel on another CPU: it must not block there for ever. */
static void a_thread_killed_on_its_way_in_does_not_block(void **state)
{
	struct thread *second;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	second = machine_spawn(srv, 20, ALL);
	assert_int_not_equal(second->cpu, srv->cpu);
	assert_int_equal(call_alone(srv, ThreadDestroy, second->tid, 0), 0);
	assert_true(second->kill);
	assert_int_equal(sys_MsgReceive(second, chid, 0, 0), GONE);
	assert_int_equal(srv->process->threads_alive, 1);
}

/* Everything that a process can use up, used up: an error each time, and all of it comes back. */
static void what_is_used_up_comes_back(void **state)
{
	unsigned count = 0;
	int64_t id;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	while ((id = sys_ConnectAttach(cli, SRV, chid, 0)) > 0)
		count++;
	assert_true(id == -KE_NOMEM || id == -KE_AGAIN);
	assert_true(count > 100);
	while ((id = sys_ChannelCreate(srv, 0)) > 0)
		;
	assert_true(id == -KE_NOMEM || id == -KE_AGAIN);
	while ((id = sys_ThreadCreate(srv, CODE_VA + 4, 0, 0, 1, SCHED_FIFO_, ALL, 0)) > 0)
		;
	assert_true(id == -KE_NOMEM || id == -KE_AGAIN);
	machine_check(true);
	assert_int_equal(send_message(cli, coid, 8, 8, 1), BLOCKED);
	assert_true(receive_message(srv) > 0);
}

#define SERROR 0xbf000002u

/* A server and its client on one CPU, the server waiting, the client running. */
static void one_cpu(void)
{
	both(2, 4, 20, 10, 0);
	processes[CLI].params.runmask = ALL;
	assert_int_equal(receive_message(srv), BLOCKED);
	assert_int_equal(sys_ThreadCtl(cli, THREADCTL_RUNMASK, 2), 0);
	assert_ptr_equal(cpus[1].current, cli);
}

static void blamed(unsigned slot, unsigned spared)
{
	assert_int_equal(processes[slot].end_cause, END_FAULT);
	assert_int_equal(processes[slot].end_status, SERROR);
	assert_int_equal(processes[spared].end_cause, END_NONE);
	assert_false(arch_async_error_pending());
	machine_check(true);
	machine_destroy(slot);
	machine_destroy(spared);
}

/* An SError that waits when somebody else comes to the CPU is that of who was there: by a message, by its answer, by
 * blocking, and before the CPU is idle. */
static void an_serror_is_charged_to_who_ran(void **state)
{
	(void)state;
	one_cpu();
	host_serror(1, SERROR);
	send_message(cli, coid, 8, 8, 1);
	blamed(CLI, SRV);
	one_cpu();
	assert_int_equal(send_message(cli, coid, 8, 8, 1), BLOCKED);
	assert_ptr_equal(cpus[1].current, srv);
	host_serror(1, SERROR);
	sys_MsgReplyReceive(srv, call_result(&srv->frame), 0, 8, 8, MEM_VA, chid, RECV_VA, 5, 6, 7, 8);
	blamed(SRV, CLI);
	one_cpu();
	assert_int_equal(sys_MsgSendPulse(cli, coid, 30, 3, 3), 0);
	assert_ptr_equal(cpus[1].current, srv);
	host_serror(1, SERROR);
	sys_MsgReceive(srv, chid, 8, RECV_VA);
	blamed(SRV, CLI);
	one_cpu();
	host_serror(1, SERROR);
	sys_SyncWait(cli, MEM_VA, 0, 0); /* nobody else: idle */
	blamed(CLI, SRV);
}

/* What firmware left on, and nobody has: it gets its priority drop, without which nothing else would come any more. */
static void foreign_interrupts_are_completed(void **state)
{
	static const uint32_t intids[] = {8192, 0xffffff, 4096, 1056, 1024};

	(void)state;
	both(ALL, ALL, 20, 10, 0);
	for (unsigned i = 0; i < sizeof(intids) / sizeof(intids[0]); i++) {
		host_raise_foreign(intids[i]);
		machine_settle();
		assert_int_equal(host_dropped(), intids[i]);
		machine_tick(1000);
	}
	/* 1020 to 1023 are no interrupts. */
	host_raise_foreign(1022);
	machine_settle();
	assert_int_not_equal(host_dropped(), 1022);
}

int end_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_process_ends_wherever_it_waits),
	    CASE(a_stop_ends_threads_at_once),
	    CASE(zeroing_says_how_far_it_is),
	    CASE(a_critical_end_ends_the_system),
	    CASE(a_process_may_end_itself),
	    CASE(a_channel_is_destroyed_in_steps),
	    CASE(receivers_of_a_dying_channel_go_one_by_one),
	    CASE(a_thread_killed_on_its_way_in_does_not_block),
	    CASE(what_is_used_up_comes_back),
	    CASE(an_serror_is_charged_to_who_ran),
	    CASE(foreign_interrupts_are_completed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
