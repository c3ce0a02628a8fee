/* SPDX-License-Identifier: Apache-2.0 */
/* Pulses, time-outs, and words that threads wait for. */
#include "ipc.h"

static void pulses_are_limited_for_each_sender(void **state)
{
	(void)state;
	both(ALL, ALL, 20, 20, 0);
	assert_int_equal(sys_MsgSendPulse(cli, coid, 0, 1, 1), -KE_INVAL);
	assert_int_equal(sys_MsgSendPulse(cli, coid, 255, 1, 1), -KE_INVAL);
	assert_int_equal(sys_MsgSendPulse(cli, coid, 5, 128, 1), -KE_INVAL);
	for (unsigned i = 0; i < PULSE_PENDING_MAX; i++)
		assert_int_equal(sys_MsgSendPulse(cli, coid, UINT64_MAX, 3, i), 0);
	assert_int_equal(sys_MsgSendPulse(cli, coid, UINT64_MAX, 3, 0), -KE_AGAIN);
	assert_int_equal(cli->process->kmem.count[OBJECT_PULSE], PULSE_PENDING_MAX);
	for (unsigned i = 0; i < PULSE_PENDING_MAX; i++) {
		assert_int_equal(receive_message(srv), 0);
		assert_int_equal(call_words(&srv->frame)[0], 3);
		assert_int_equal(call_words(&srv->frame)[1], i);
	}
	assert_int_equal(cli->process->kmem.count[OBJECT_PULSE], 0);
	/* What the connection still had on its way goes with it. */
	assert_int_equal(sys_MsgSendPulse(cli, coid, UINT64_MAX, 3, 0), 0);
	assert_int_equal(sys_ConnectDetach(cli, coid), 0);
	assert_int_equal(cli->process->kmem.count[OBJECT_PULSE], 0);
	assert_int_equal(receive_message(srv), BLOCKED);
}

static void an_event_reaches_its_client(void **state)
{
	uint64_t own, scoid;
	int64_t rcvid;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	own = (uint64_t)sys_ChannelCreate(cli, 0);
	assert_int_equal(sys_ConnectDetach(cli, coid), 0);
	coid = (uint64_t)sys_ConnectAttach(cli, SRV, chid, own);
	assert_int_equal(send_message(cli, coid, 0, 0, 0), BLOCKED);
	rcvid = receive_message(srv);
	scoid = MSGINFO_SCOID(MsgReplyReceive_info(&srv->frame));
	assert_int_equal(answer(srv, (uint64_t)rcvid, 0, 0, 0), 0);
	assert_int_equal(sys_MsgReceive(cli, own, 0, 0), BLOCKED);
	assert_int_equal(sys_MsgDeliverEvent(srv, scoid, UINT64_MAX, 9, 1234), 0);
	assert_int_equal(call_result(&cli->frame), 0);
	assert_int_equal(call_words(&cli->frame)[0], 9);
	assert_int_equal(call_words(&cli->frame)[1], 1234);
	/* Nobody else's connection. */
	assert_int_equal(sys_MsgDeliverEvent(cli, scoid, UINT64_MAX, 9, 1234), -KE_SRCH);
	assert_int_equal(sys_MsgDeliverEvent(srv, UINT64_MAX, UINT64_MAX, 9, 1234), -KE_SRCH);
	/* The end of the channel. */
	assert_int_equal(sys_MsgReceive(cli, own, 0, 0), BLOCKED);
	assert_int_equal(sys_ChannelDestroy(srv, chid), 0);
	assert_int_equal((int8_t)call_words(&cli->frame)[0], PULSE_CODE_COIDDEATH);
	assert_int_equal(call_words(&cli->frame)[1], coid);
	assert_int_equal(sys_MsgSend(cli, coid, 0, 0, 0, 0), -KE_BADF);
}

static void disconnect_pulses_come_for_the_last_connection(void **state)
{
	struct thread *other;

	(void)state;
	both(ALL, ALL, 20, 20, CHF_DISCONNECT);
	other = machine_process(OTHER, 20, ALL, 0, false);
	assert_true(sys_ConnectAttach(other, SRV, chid, 0) > 0);
	assert_true(sys_ConnectAttach(cli, SRV, chid, 0) > 0);
	/* Only the last connection counts. */
	assert_int_equal(sys_ConnectDetach(cli, coid), 0);
	assert_true(list_empty(&channel_of(srv->process, chid)->queue));
	machine_destroy(CLI);
	machine_destroy(OTHER);
	for (unsigned slot = CLI; slot <= OTHER; slot++) {
		assert_int_equal(receive_message(srv), 0);
		assert_int_equal((int8_t)call_words(&srv->frame)[0], PULSE_CODE_DISCONNECT);
		assert_int_equal(call_words(&srv->frame)[1], slot);
	}
	assert_int_equal(receive_message(srv), BLOCKED);
	/* Signals: each kind once, the lowest first. */
	machine_destroy(SRV);
	both(ALL, ALL, 20, 20, 0);
	assert_int_equal(sys_ProcessSignal(procmgr, SRV, 4, 15), -KE_BADF);
	assert_int_equal(sys_ThreadCtl(srv, THREADCTL_CONTROL, chid), 0);
	assert_int_equal(sys_ProcessSignal(procmgr, SRV, 4, 15), 0);
	assert_int_equal(sys_ProcessSignal(procmgr, SRV, 4, 15), 0);
	assert_int_equal(sys_ProcessSignal(procmgr, SRV, 4, 2), 0);
	assert_int_equal(receive_message(srv), 0);
	assert_int_equal(call_words(&srv->frame)[1], 2);
	assert_int_equal(receive_message(srv), 0);
	assert_int_equal(call_words(&srv->frame)[0], 4);
	assert_int_equal(call_words(&srv->frame)[1], 15);
	assert_int_equal(receive_message(srv), BLOCKED);
}

static void a_timer_sends_its_pulse(void **state)
{
	int64_t id;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	id = sys_TimerCreate(srv, chid, 33, 6, 66);
	assert_true(id > 0);
	/* Armed at once, though its owner goes on running. */
	assert_int_equal(sys_TimerSettime(srv, id, 0, 1000000, 100000), 0);
	assert_true(host_clock_armed(srv->cpu) <= arch_clock_now() + 1000000);
	machine_tick(999999);
	assert_true(list_empty(&channel_of(srv->process, chid)->queue));
	machine_tick(1);
	assert_int_equal(receive_message(srv), 0);
	assert_int_equal(srv->prio, 33);
	assert_int_equal(call_words(&srv->frame)[1], 66);
	/* Missed periods come as one. */
	machine_tick(550000);
	assert_int_equal(receive_message(srv), 0);
	assert_int_equal(receive_message(srv), BLOCKED);
	machine_tick(50000);
	assert_int_equal(srv->state, STATE_RUNNING);
	assert_int_equal(sys_TimerSettime(srv, id, 0, 0, 0), 0);
	machine_tick(1000000);
	assert_int_equal(receive_message(srv), BLOCKED);
}

static void every_wait_has_a_timeout(void **state)
{
	(void)state;
	both(ALL, ALL, 20, 20, 0);
	assert_int_equal(sys_TimerTimeout(srv, TIMEOUT_RECEIVE, 1000), 0);
	assert_int_equal(receive_message(srv), BLOCKED);
	machine_tick(1000);
	assert_int_equal(call_result(&srv->frame), (uint64_t)-KE_TIMEDOUT);
	/* It is used up. */
	assert_int_equal(receive_message(srv), BLOCKED);
	machine_tick(10000);
	assert_int_equal(srv->state, STATE_RECEIVE);
	assert_int_equal(sys_TimerTimeout(cli, TIMEOUT_REPLY, 1000), 0);
	assert_int_equal(send_message(cli, coid, 100, 0, 1), BLOCKED);
	machine_tick(1000);
	assert_int_equal(call_result(&cli->frame), (uint64_t)-KE_TIMEDOUT);
	assert_int_equal(sys_MsgReply(srv, call_result(&srv->frame), 0, 0, 0), -KE_SRCH);
	/* Only for SEND: once the message is received, the time does not count. */
	assert_int_equal(sys_TimerTimeout(cli, TIMEOUT_SEND, 1000), 0);
	assert_int_equal(send_message(cli, coid, 100, 0, 1), BLOCKED);
	machine_tick(500);
	assert_true(receive_message(srv) > 0);
	machine_tick(10000);
	assert_int_equal(cli->state, STATE_REPLY);
	assert_int_equal(answer(srv, call_result(&srv->frame), 0, 0, 0), 0);
	assert_int_equal(sys_TimerTimeout(cli, TIMEOUT_SEND, 1000), 0);
	assert_int_equal(send_message(cli, coid, 100, 0, 1), BLOCKED);
	machine_tick(1000);
	assert_int_equal(call_result(&cli->frame), (uint64_t)-KE_TIMEDOUT);
	/* A call that does not block uses it up too. */
	assert_int_equal(sys_TimerTimeout(cli, TIMEOUT_SEND, 1000), 0);
	assert_int_equal(sys_SchedYield(cli), 0);
	assert_int_equal(send_message(cli, coid, 100, 0, 1), BLOCKED);
	machine_tick(1000);
	assert_int_equal(cli->state, STATE_SEND);
	machine_check(true);
}

/* The time of a client runs out while its message is being read: it ends when the copy is through. */
static void a_timeout_during_a_copy_waits_for_its_end(void **state)
{
	int64_t rcvid;

	(void)state;
	pinned(0);
	assert_int_equal(sys_TimerTimeout(cli, TIMEOUT_REPLY, 1000), 0);
	assert_int_equal(send_message(cli, coid, 3 * PAGE_SIZE, 0, 1), BLOCKED);
	rcvid = sys_MsgReceive(srv, chid, 0, 0);
	assert_true(rcvid > 0);
	host_raise_after(1, SPI);
	assert_int_equal(sys_MsgRead(srv, rcvid, RECV_VA, 3 * PAGE_SIZE, 0), BLOCKED);
	assert_true(srv->resume_copy);
	machine_tick(5000);
	assert_int_equal(cli->state, STATE_REPLY);
	urgent_again();
	assert_int_equal(call_result(&srv->frame), 3 * PAGE_SIZE);
	machine_tick(1000000);
	assert_int_equal(cli->state, STATE_RUNNING);
	assert_int_equal(call_result(&cli->frame), (uint64_t)-KE_TIMEDOUT);
}

static void an_unblock_pulse_tells_the_server(void **state)
{
	int64_t rcvid;

	(void)state;
	both(ALL, ALL, 20, 20, CHF_UNBLOCK);
	assert_int_equal(sys_TimerTimeout(cli, TIMEOUT_REPLY, 1000), 0);
	assert_int_equal(send_message(cli, coid, 8, 0, 1), BLOCKED);
	rcvid = receive_message(srv);
	assert_int_equal(sys_MsgInfo(srv, rcvid), 8);
	assert_false(MsgInfo_info(&srv->frame) & MSGINFO_UNBLOCK);
	machine_tick(1000);
	assert_int_equal(cli->state, STATE_REPLY);
	assert_int_equal(receive_message(srv), 0);
	assert_int_equal((int8_t)call_words(&srv->frame)[0], PULSE_CODE_UNBLOCK);
	assert_int_equal(call_words(&srv->frame)[1], rcvid);
	assert_int_equal(sys_MsgInfo(srv, rcvid), 8);
	assert_true(MsgInfo_info(&srv->frame) & MSGINFO_UNBLOCK);
	assert_int_equal(sys_MsgError(srv, rcvid, 4), 0);
	assert_int_equal(call_result(&cli->frame), (uint64_t)-4);
	/* The next message knows nothing of it. */
	assert_int_equal(send_message(cli, coid, 8, 0, 1), BLOCKED);
	rcvid = receive_message(srv);
	sys_MsgInfo(srv, rcvid);
	assert_false(MsgInfo_info(&srv->frame) & MSGINFO_UNBLOCK);
	/* The client dies while its pulse waits. */
	assert_int_equal(answer(srv, (uint64_t)rcvid, 0, 0, 0), 0);
	assert_int_equal(sys_TimerTimeout(cli, TIMEOUT_REPLY, 1000), 0);
	assert_int_equal(send_message(cli, coid, 8, 0, 1), BLOCKED);
	assert_true(receive_message(srv) > 0);
	machine_tick(1000);
	machine_destroy(CLI);
	assert_int_equal(receive_message(srv), BLOCKED);
}

static void words_wake_who_waits_for_them(void **state)
{
	struct thread *t[3];
	uint32_t word = 1;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	assert_int_equal(receive_message(srv), BLOCKED);
	machine_write(cli->process, MEM_VA, &word, 4);
	assert_int_equal(sys_SyncWait(cli, MEM_VA + 1, 1, 0), -KE_INVAL);
	assert_int_equal(sys_SyncWait(cli, 0xdead0000, 1, 0), -KE_FAULT);
	for (unsigned i = 0; i < 3; i++) {
		t[i] = machine_spawn(cli, 21 + i, ALL);
		assert_int_equal(sys_SyncWait(t[i], MEM_VA, 1, cli->tid), BLOCKED);
	}
	assert_int_equal(cli->prio, 23);
	assert_int_equal(sys_SyncWake(cli, MEM_VA + 4, 9), 0);
	assert_int_equal(sys_SyncWake(cli, MEM_VA, 1), 1);
	assert_int_equal(cli->prio, 20);
	assert_int_equal(t[2]->state, STATE_RUNNING);
	assert_int_equal(sys_SyncWake(t[2], MEM_VA, 9), 2);
	assert_int_equal(sys_TimerTimeout(cli, TIMEOUT_SYNC, 100), 0);
	assert_int_equal(sys_SyncWait(cli, MEM_VA, 1, 0), BLOCKED);
	machine_tick(100);
	assert_int_equal(call_result(&cli->frame), (uint64_t)-KE_TIMEDOUT);
}

/* Many are woken in steps. The one that is woken first waits again at once: it is not woken a second time. */
static void many_are_woken_in_steps_and_once(void **state)
{
	struct thread *t[20];

	(void)state;
	both(1, 2, 20, 20, 0);
	for (unsigned i = 0; i < ARRAY_COUNT(t); i++) {
		t[i] = machine_spawn(cli, 40 - i, 2);
		assert_int_equal(sys_SyncWait(t[i], MEM_VA, 0, 0), BLOCKED);
	}
	assert_int_equal(sys_SyncWake(cli, MEM_VA, 100), BLOCKED);
	for (unsigned i = 0; i < ARRAY_COUNT(t); i++) {
		assert_ptr_equal(cpus[1].current, t[i]);
		assert_int_equal(call_result(&t[i]->frame), 0);
		if (i < 10) {
			/* The others still wait when the first four run. */
			if (i < 4)
				assert_int_equal(t[4]->state, STATE_SYNC);
			assert_int_equal(sys_SyncWait(t[i], MEM_VA, 0, 0), BLOCKED);
		} else {
			assert_int_equal(sys_ThreadDestroy(t[i], 0, 0), GONE);
		}
		machine_check(true);
	}
	assert_true(machine_is_done(cli));
	assert_int_equal(call_result(&cli->frame), ARRAY_COUNT(t));
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(t[i]->state, STATE_SYNC);
	/* No more than it asks for. */
	assert_int_equal(call_alone(cli, SyncWake, MEM_VA, 4), 4);
	machine_settle();
	machine_check(true);
}

int pulse_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(pulses_are_limited_for_each_sender),
	    CASE(an_event_reaches_its_client),
	    CASE(disconnect_pulses_come_for_the_last_connection),
	    CASE(a_timer_sends_its_pulse),
	    CASE(every_wait_has_a_timeout),
	    CASE(a_timeout_during_a_copy_waits_for_its_end),
	    CASE(an_unblock_pulse_tells_the_server),
	    CASE(words_wake_who_waits_for_them),
	    CASE(many_are_woken_in_steps_and_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
