/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs next: the receiver of a short message takes the CPU over, and gives it back with the answer. */
#include "ipc.h"

static int64_t short_send(void)
{
	return sys_MsgSend(cli, coid, 32, 32, MEM_VA, RECV_VA, 1, 2, 3, 4);
}

static int64_t short_reply_receive(void)
{
	return sys_MsgReplyReceive(srv, call_result(&srv->frame), 0, 32, 32, MEM_VA, chid, RECV_VA, 5, 6, 7, 8);
}

/* Both on CPU 1, the server waits. */
static void together(unsigned srv_prio, unsigned cli_prio, unsigned flags)
{
	both(2, 4, srv_prio, cli_prio, flags);
	processes[SRV].params.runmask = processes[CLI].params.runmask = ALL;
	assert_int_equal(receive_message(srv), BLOCKED);
	assert_int_equal(sys_ThreadCtl(cli, THREADCTL_RUNMASK, 2), 0);
	assert_ptr_equal(cpus[1].current, cli);
}

/* The server gets the client's CPU, and gives it back with the answer: no queue, no other CPU, no interrupt. */
static void a_server_gets_the_clients_cpu_and_gives_it_back(void **state)
{
	uint64_t ticks[2];

	(void)state;
	together(20, 30, 0);
	for (unsigned i = 0; i < 3; i++) {
		unsigned sgis = host_sgi_count(1) + host_sgi_count(2);

		ticks[0] = cli->cpu_ticks;
		ticks[1] = srv->cpu_ticks;
		host_clock_set(arch_clock_now() + 100);
		assert_int_equal(short_send(), BLOCKED);
		assert_ptr_equal(cpus[1].current, srv);
		assert_int_equal(cli->state, STATE_REPLY);
		assert_int_equal(cpus[1].rq.count, 0);
		assert_int_equal(srv->prio, 30);
		assert_int_equal(MsgReplyReceive_bytes(&srv->frame), 32);
		assert_int_equal(call_words(&srv->frame)[0], 1);
		assert_int_equal(call_words(&srv->frame)[3], 4);
		machine_check(true);
		host_clock_set(arch_clock_now() + 30);
		assert_int_equal(short_reply_receive(), BLOCKED);
		assert_ptr_equal(cpus[1].current, cli);
		assert_int_equal(srv->state, STATE_RECEIVE);
		assert_int_equal(srv->prio, 20);
		assert_int_equal(call_result(&cli->frame), 0);
		assert_int_equal(call_words(&cli->frame)[3], 8);
		machine_check(true);
		assert_int_equal(cli->cpu_ticks - ticks[0], 100);
		assert_int_equal(srv->cpu_ticks - ticks[1], 30);
		assert_int_equal(host_sgi_count(1) + host_sgi_count(2), sgis);
	}
	/* What the general way must do: the client's room, a word that is no message's, an error of the server's. */
	assert_int_equal(short_send(), BLOCKED);
	assert_int_equal(sys_MsgReplyReceive(srv, call_result(&srv->frame), 0, MSG_MAX + 1, 0, 0, chid, 0),
			 -KE_MSGSIZE);
	assert_int_equal(sys_MsgReplyReceive(srv, 4711, 0, 0, 0, 0, chid, 0), BLOCKED);
	assert_int_equal(cli->state, STATE_REPLY);
}

/* Who waited for the CPU as one of equal importance goes before the server; so it does before the client. */
static void equals_that_waited_go_before_the_server(void **state)
{
	struct thread *equal;

	(void)state;
	together(20, 20, 0);
	/* The first message makes the server one of the channel's: from then on nothing else is to be examined. */
	assert_int_equal(short_send(), BLOCKED);
	assert_int_equal(short_reply_receive(), BLOCKED);
	equal = machine_spawn(cli, 20, 2);
	assert_int_equal(equal->state, STATE_READY);
	assert_int_equal(short_send(), BLOCKED);
	assert_ptr_equal(cpus[1].current, equal);
	assert_int_equal(srv->state, STATE_READY);
	assert_int_equal(sys_SchedYield(equal), 0);
	assert_ptr_equal(cpus[1].current, srv);
	assert_int_equal(short_reply_receive(), BLOCKED);
	assert_ptr_equal(cpus[1].current, equal);
	assert_int_equal(sys_SchedYield(equal), 0);
	assert_ptr_equal(cpus[1].current, cli);
	assert_int_equal(call_words(&cli->frame)[0], 5);
}

/* A server that keeps its own priority does not get in front of what is more important than that. */
static void a_fixed_priority_server_passes_nobody_more_important(void **state)
{
	struct thread *middle;

	(void)state;
	together(10, 30, CHF_FIXED_PRIORITY);
	assert_int_equal(short_send(), BLOCKED);
	assert_int_equal(short_reply_receive(), BLOCKED);
	middle = machine_spawn(cli, 20, 2);
	assert_int_equal(middle->state, STATE_READY);
	assert_int_equal(short_send(), BLOCKED);
	assert_ptr_equal(cpus[1].current, middle);
	assert_int_equal(srv->state, STATE_READY);
	assert_int_equal(srv->prio, 10);
	assert_int_equal(sys_SyncWait(middle, MEM_VA, 0, 0), BLOCKED);
	assert_ptr_equal(cpus[1].current, srv);
}

/* A server that may not run here any more, or whose registers another CPU holds, runs there. */
static void a_server_bound_elsewhere_runs_there(void **state)
{
	struct thread *low;

	(void)state;
	together(20, 20, 0);
	assert_int_equal(sys_SchedSet(procmgr, SRV, srv->tid, 20, SCHED_FIFO_, 4), 0);
	assert_int_equal(short_send(), BLOCKED);
	assert_ptr_equal(cpus[2].current, srv);
	assert_null(cpus[1].current);
	machine_check(true);
	assert_int_equal(short_reply_receive(), BLOCKED);
	assert_ptr_equal(cpus[1].current, cli);
	/* It may run anywhere, and here is nothing else to do: no other CPU is called. */
	assert_int_equal(sys_SchedSet(procmgr, SRV, srv->tid, 20, SCHED_FIFO_, ALL), 0);
	assert_int_equal(short_send(), BLOCKED);
	assert_ptr_equal(cpus[1].current, srv);
	assert_int_equal(short_reply_receive(), BLOCKED);
	/* What is less important keeps its chance here, while another CPU has nothing to do. */
	assert_int_equal(sys_SchedSet(procmgr, SRV, srv->tid, 20, SCHED_FIFO_, 4), 0);
	assert_int_equal(short_send(), BLOCKED);
	assert_int_equal(short_reply_receive(), BLOCKED);
	assert_int_equal(sys_SchedSet(procmgr, SRV, srv->tid, 20, SCHED_FIFO_, ALL), 0);
	low = machine_spawn(cli, 5, 2);
	assert_int_equal(low->state, STATE_READY);
	assert_int_equal(short_send(), BLOCKED);
	assert_ptr_equal(cpus[2].current, srv);
	assert_ptr_equal(cpus[1].current, low);
	/* Its FP registers are there: it does not come without them. */
	machine_fp_write(2, 4711);
	assert_int_equal(short_reply_receive(), BLOCKED);
	assert_ptr_equal(cpus[1].current, cli);
	assert_int_equal(sys_SchedSet(procmgr, SRV, srv->tid, 20, SCHED_FIFO_, 2), 0);
	assert_int_equal(short_send(), BLOCKED);
	assert_ptr_equal(cpus[1].current, srv);
	assert_int_equal(machine_fp_read(1), 4711);
}

/* A client is woken and would go before its server, which then takes a message that is even more important. */
static void a_server_with_a_more_important_message_goes_on(void **state)
{
	int64_t rcvid;

	(void)state;
	together(10, 20, CHF_FIXED_PRIORITY);
	/* Its reply cannot be written: the server goes the general way, and wakes it before it receives. */
	assert_int_equal(sys_MsgSend(cli, coid, 0, 100, 0, 0xdead0000), BLOCKED);
	rcvid = (int64_t)call_result(&srv->frame);
	channel_of(srv->process, chid)->flags = 0;
	assert_int_equal(srv->prio, 10);
	pulse_send(channel_of(srv->process, chid), &srv->process->death);
	assert_int_equal(sys_SchedSet(procmgr, SRV, srv->tid, 10, SCHED_FIFO_, 0), 0);
	assert_int_equal(sys_MsgReplyReceive(srv, rcvid, 0, 100, 0, MEM_VA, chid, 0), 0);
	assert_ptr_equal(cpus[1].current, srv);
	assert_int_equal(srv->prio, 200);
	assert_int_equal(cli->state, STATE_READY);
	assert_ptr_equal(cpus[1].next, cli);
	assert_int_equal(receive_message(srv), BLOCKED);
	assert_ptr_equal(cpus[1].current, cli);
	assert_int_equal(call_result(&cli->frame), (uint64_t)-KE_FAULT);
}

/* A pulse to a more important thread: it runs at once, and the sender goes on afterwards, before its equals. */
static void a_pulse_runs_a_more_important_thread_at_once(void **state)
{
	struct thread *equal;

	(void)state;
	together(20, 20, 0);
	equal = machine_spawn(cli, 20, 2);
	/* The first makes it a server of the channel; the second finds nothing to be examined. */
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(sys_MsgSendPulse(cli, coid, 30, 7, 1000 + i), 0);
		assert_ptr_equal(cpus[1].current, srv);
		assert_int_equal(srv->prio, 30);
		assert_int_equal(call_result(&srv->frame), 0);
		assert_int_equal(call_words(&srv->frame)[0], 7);
		assert_int_equal(call_words(&srv->frame)[1], 1000 + i);
		assert_int_equal(MSGINFO_SLOT(MsgReplyReceive_info(&srv->frame)), CLI);
		machine_check(true);
		assert_int_equal(receive_message(srv), BLOCKED);
		assert_ptr_equal(cpus[1].current, cli);
		assert_int_equal(call_result(&cli->frame), 0);
	}
	assert_int_equal(equal->state, STATE_READY);
	/* No more important than the sender: it waits. */
	assert_int_equal(sys_MsgSendPulse(cli, coid, 20, 7, 1), 0);
	assert_ptr_equal(cpus[1].current, cli);
	assert_int_equal(srv->state, STATE_READY);
	assert_int_equal(cli->process->kmem.count[OBJECT_PULSE], 0);
	/* A sender that may run elsewhere does so, since it is more important than what is there: nothing. */
	assert_int_equal(sys_SchedSet(procmgr, CLI, equal->tid, 20, SCHED_FIFO_, 1), 0);
	assert_int_equal(sys_SchedYield(cli), 0);
	assert_int_equal(receive_message(srv), BLOCKED);
	assert_int_equal(sys_SchedSet(procmgr, CLI, cli->tid, 20, SCHED_FIFO_, 6), 0);
	machine_fp_write(1, 815);
	assert_int_equal(sys_MsgSendPulse(cli, coid, 30, 7, 1), 0);
	assert_ptr_equal(cpus[1].current, srv);
	assert_ptr_equal(cpus[2].current, cli);
	assert_int_equal(machine_fp_read(2), 815);
}

static void timeouts_end_direct_sends(void **state)
{
	(void)state;
	together(20, 20, 0);
	/* A time-out takes the general way, and is over with the answer. */
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(sys_TimerTimeout(cli, TIMEOUT_SEND | TIMEOUT_REPLY, 1000), 0);
		assert_int_equal(short_send(), BLOCKED);
		assert_ptr_equal(cpus[1].current, srv);
		assert_int_not_equal(cli->timeout.index, 0);
		assert_int_equal(short_reply_receive(), BLOCKED);
		assert_ptr_equal(cpus[1].current, cli);
		assert_int_equal(cli->timeout.index, 0);
		assert_int_equal(cli->timeout_flags, 0);
	}
	machine_tick(5000);
	assert_ptr_equal(cpus[1].current, cli);
	/* Now it strikes, while the server works. */
	assert_int_equal(sys_TimerTimeout(cli, TIMEOUT_REPLY, 1000), 0);
	assert_int_equal(short_send(), BLOCKED);
	machine_tick(1000);
	assert_int_equal(call_result(&cli->frame), (uint64_t)-KE_TIMEDOUT);
	/* The client is gone: nobody is answered, and the next one is not taken for it. */
	assert_int_equal(short_reply_receive(), BLOCKED);
	assert_ptr_equal(cpus[1].current, cli);
	assert_int_equal(call_result(&cli->frame), (uint64_t)-KE_TIMEDOUT);
}

int direct_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_server_gets_the_clients_cpu_and_gives_it_back),
	    CASE(equals_that_waited_go_before_the_server),
	    CASE(a_fixed_priority_server_passes_nobody_more_important),
	    CASE(a_server_bound_elsewhere_runs_there),
	    CASE(a_server_with_a_more_important_message_goes_on),
	    CASE(a_pulse_runs_a_more_important_thread_at_once),
	    CASE(timeouts_end_direct_sends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
