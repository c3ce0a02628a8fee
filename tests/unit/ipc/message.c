/* SPDX-License-Identifier: Apache-2.0 */
/* One message: there and back, what is wrong with it, who is served first, and inherited priorities. */
#include "ipc.h"

static void one_exchange(bool receiver_first, uint64_t bytes, uint64_t reply)
{
	int64_t rcvid;

	if (receiver_first) {
		assert_int_equal(receive_message(srv), BLOCKED);
		assert_int_equal(srv->state, STATE_RECEIVE);
		assert_int_equal(send_message(cli, coid, bytes, MEM_BYTES / 2, 1), BLOCKED);
		rcvid = (int64_t)call_result(&srv->frame);
	} else {
		assert_int_equal(send_message(cli, coid, bytes, MEM_BYTES / 2, 1), BLOCKED);
		assert_int_equal(cli->state, STATE_SEND);
		rcvid = receive_message(srv);
	}
	assert_true(rcvid > 0);
	assert_int_equal(srv->state, STATE_RUNNING);
	assert_int_equal(cli->state, STATE_REPLY);
	assert_int_equal(MsgReplyReceive_bytes(&srv->frame), bytes);
	assert_int_equal(MSGINFO_SLOT(MsgReplyReceive_info(&srv->frame)), CLI);
	assert_int_equal(MSGINFO_TID(MsgReplyReceive_info(&srv->frame)), cli->tid);
	expect(srv, RECV_VA, bytes);
	machine_check(true);
	assert_int_equal(sys_MsgInfo(srv, rcvid), sizes(bytes, MEM_BYTES / 2));
	assert_int_equal(MsgInfo_coid(&srv->frame), coid);
	assert_int_equal(answer(srv, (uint64_t)rcvid, 7, reply, 2), 0);
	assert_int_equal(cli->state, STATE_RUNNING);
	assert_int_equal(call_result(&cli->frame), 7);
	assert_int_equal(MsgSend_reply_bytes(&cli->frame), reply);
	expect(cli, RECV_VA, reply);
	assert_int_equal(sys_MsgReply(srv, rcvid, 0, 0, 0), -KE_SRCH);
}

static void a_message_and_its_answer_arrive_whole(void **state)
{
	static const uint64_t bytes[] = {0, 1, 8, 31, 32, 33, 64, 4064, 4095, 4096, 4097, 4128, 8192, 12345, 49152};

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	for (unsigned i = 0; i < ARRAY_COUNT(bytes); i++)
		for (unsigned first = 0; first < 2; first++) {
			one_exchange(first, bytes[i], bytes[ARRAY_COUNT(bytes) - 1 - i]);
			machine_check(true);
		}
}

/* All on one CPU: switches at each step. */
static void an_exchange_works_on_one_cpu(void **state)
{
	(void)state;
	int64_t rcvid;

	both(2, 6, 30, 20, 0);
	assert_int_equal(receive_message(srv), BLOCKED);
	assert_int_equal(sys_ThreadCtl(cli, THREADCTL_RUNMASK, 2), 0);
	assert_int_equal(cli->cpu, 1);
	assert_int_equal(send_message(cli, coid, 100, 100, 1), BLOCKED);
	/* It serves as important as its client. */
	assert_int_equal(srv->prio, 20);
	assert_int_equal(cpus[1].current == srv, 1);
	rcvid = (int64_t)call_result(&srv->frame);
	expect(srv, RECV_VA, 100);
	answer(srv, (uint64_t)rcvid, 0, 100, 2);
	assert_int_equal(cli->state, STATE_READY);
	assert_int_equal(receive_message(srv), BLOCKED);
	assert_ptr_equal(cpus[1].current, cli);
	expect(cli, RECV_VA, 100);
}

static void a_short_buffer_gets_what_fits(void **state)
{
	int64_t rcvid;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	/* The receiver's buffer is smaller than the message: the rest is there for MsgRead. */
	assert_int_equal(send_message(cli, coid, 5000, 3000, 3), BLOCKED);
	rcvid = sys_MsgReceive(srv, chid, 100, RECV_VA);
	assert_true(rcvid > 0);
	assert_int_equal(MsgReplyReceive_bytes(&srv->frame), 5000);
	expect(srv, RECV_VA, 100);
	assert_int_equal(sys_MsgRead(srv, rcvid, RECV_VA, 4900, 100), 4900);
	machine_read(srv->process, RECV_VA, buffer, 4900);
	assert_memory_equal(buffer, pattern + 100, 4900);
	assert_int_equal(sys_MsgRead(srv, rcvid, RECV_VA, 4096, 4990), 10);
	assert_int_equal(sys_MsgRead(srv, rcvid, RECV_VA, 1, 5000), 0);
	assert_int_equal(sys_MsgRead(srv, rcvid, RECV_VA, 1, 5001), -KE_INVAL);
	/* More is answered than the client has room for. */
	assert_int_equal(answer(srv, (uint64_t)rcvid, 0, 4000, 4), 0);
	assert_int_equal(MsgSend_reply_bytes(&cli->frame), 3000);
	expect(cli, RECV_VA, 3000);
}

static void wrong_arguments_are_refused(void **state)
{
	(void)state;
	both(ALL, ALL, 20, 20, 0);
	assert_int_equal(sys_MsgSend(cli, 0, 0, 0, 0, 0), -KE_BADF);
	assert_int_equal(sys_MsgSend(cli, coid + 1, 0, 0, 0, 0), -KE_BADF);
	assert_int_equal(sys_MsgSend(cli, 512, 0, 0, 0, 0), -KE_BADF);
	assert_int_equal(sys_MsgSend(cli, coid, MSG_MAX + 1, 0, 0, 0), -KE_MSGSIZE);
	assert_int_equal(sys_MsgSend(cli, coid, 0, MSG_MAX + 1, 0, 0), -KE_MSGSIZE);
	assert_int_equal(sys_MsgReceive(srv, chid + 1, 0, 0), -KE_BADF);
	assert_int_equal(sys_MsgReceive(srv, chid, MSG_MAX + 1, 0), -KE_MSGSIZE);
	for (uint64_t rcvid = 0; rcvid < 3; rcvid++) {
		assert_int_equal(sys_MsgReply(srv, rcvid, 0, 0, 0), -KE_SRCH);
		assert_int_equal(sys_MsgError(srv, rcvid, 1), -KE_SRCH);
		assert_int_equal(sys_MsgRead(srv, rcvid, 0, 0, 0), -KE_SRCH);
	}
	assert_int_equal(sys_MsgReply(srv, UINT64_MAX, 0, 0, 0), -KE_SRCH);
	assert_int_equal(sys_ConnectAttach(cli, SRV, chid + 1, 0), -KE_SRCH);
	assert_int_equal(sys_ConnectAttach(cli, PROCESS_MAX, chid, 0), -KE_SRCH);
	assert_int_equal(sys_ConnectAttach(cli, SRV, chid, 5), -KE_BADF);
	assert_int_equal(sys_ProcessDestroy(cli, SRV), -KE_PERM);
	/* Another process may not answer for the server. */
	struct thread *other = machine_process(OTHER, 20, ALL, 0, false);

	assert_int_equal(sys_ChannelCreate(other, 0), -KE_PERM);
	assert_int_equal(send_message(cli, coid, 8, 8, 1), BLOCKED);
	int64_t rcvid = receive_message(srv);

	assert_int_equal(sys_MsgReply(other, rcvid, 0, 0, 0), -KE_SRCH);
	assert_int_equal(sys_MsgError(srv, rcvid, 5), 0);
	assert_int_equal(call_result(&cli->frame), (uint64_t)-5);
}

static void a_reply_and_the_next_receive_are_one_call(void **state)
{
	struct thread *cli2;
	int64_t rcvid, second;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	cli2 = machine_spawn(cli, 25, ALL);
	assert_int_equal(sys_MsgReplyReceive(srv, 0, 0, 0, 100, 0, chid, RECV_VA), BLOCKED);
	assert_int_equal(send_message(cli, coid, 50, 50, 1), BLOCKED);
	rcvid = (int64_t)call_result(&srv->frame);
	expect(srv, RECV_VA, 50);
	assert_int_equal(send_message(cli2, coid, 60, 60, 2), BLOCKED);
	second = sys_MsgReplyReceive(srv, rcvid, 3, 8, 100, MEM_VA, chid, RECV_VA, 42);
	expect(srv, RECV_VA, 60);
	assert_int_equal(call_result(&cli->frame), 3);
	assert_int_equal(call_words(&cli->frame)[0], 42);
	assert_int_not_equal(second, rcvid);
	assert_int_equal(sys_MsgReplyReceive(srv, second, 4, 0, 100, 0, chid, RECV_VA), BLOCKED);
	assert_int_equal(call_result(&cli2->frame), 4);
}

static void the_most_important_message_comes_first(void **state)
{
	static const unsigned prio[] = {30, 50, 40, 50, 30};
	static const unsigned order[] = {1, 3, 2, 0, 4};
	struct thread *c[ARRAY_COUNT(prio)];

	(void)state;
	both(1, 0xe, 20, 20, 0);
	for (unsigned i = 0; i < ARRAY_COUNT(prio); i++) {
		c[i] = machine_spawn(cli, prio[i], 0xe);
		assert_int_equal(send_message(c[i], coid, 8, 8, i), BLOCKED);
		machine_check(true);
	}
	/* A pulse of the same importance comes after those that were there. */
	assert_int_equal(sys_MsgSendPulse(cli, coid, 40, 5, 99), 0);
	for (unsigned i = 0; i < ARRAY_COUNT(prio); i++) {
		int64_t rcvid;

		if (i == 3) {
			assert_int_equal(receive_message(srv), 0);
			assert_int_equal(call_words(&srv->frame)[0], 5);
			assert_int_equal(call_words(&srv->frame)[1], 99);
			assert_int_equal(srv->prio, 40);
		}
		rcvid = receive_message(srv);
		assert_int_equal(MSGINFO_TID(MsgReplyReceive_info(&srv->frame)), c[order[i]]->tid);
		assert_int_equal(srv->prio, prio[order[i]]);
		assert_int_equal(sys_MsgReply(srv, rcvid, 0, 0, 0), 0);
	}
	assert_int_equal(receive_message(srv), BLOCKED);
	assert_int_equal(srv->prio, 20);
}

/* A server that takes something less important makes room at once. */
static void a_server_of_a_lesser_client_makes_room(void **state)
{
	struct thread *middle, *low;

	(void)state;
	both(1, 0xe, 20, 60, 0);
	low = machine_spawn(cli, 10, 0xe);
	assert_int_equal(send_message(low, coid, 8, 8, 1), BLOCKED);
	assert_int_equal(send_message(cli, coid, 8, 8, 1), BLOCKED);
	assert_true(receive_message(srv) > 0);
	assert_int_equal(srv->prio, 60);
	/* It waits for CPU 0, where the server goes before it. */
	middle = machine_process(OTHER, 40, 1, 0, false);
	assert_int_equal(middle->state, STATE_READY);
	assert_true(receive_message(srv) > 0);
	assert_int_equal(srv->prio, 10);
	assert_int_equal(srv->state, STATE_READY);
	assert_int_equal(middle->state, STATE_RUNNING);
	machine_check(true);
}

static void priority_is_inherited_along_a_chain(void **state)
{
	struct thread *t[12], *high;
	uint64_t ch[12], co[12];

	(void)state;
	both(ALL, ALL, 20, 60, 0);
	/* Thread i receives on channel i ... */
	for (unsigned i = 1; i < 12; i++) {
		t[i] = machine_spawn(srv, 21, ALL);
		ch[i] = (uint64_t)sys_ChannelCreate(srv, 0);
		co[i] = (uint64_t)sys_ConnectAttach(srv, SRV, ch[i], 0);
		assert_int_equal(sys_MsgReceive(t[i], ch[i], 0, 0), BLOCKED);
	}
	/* ... and sends to the next while it serves: srv, 1, 2, ... each waits for the next one. */
	t[0] = srv;
	coid = (uint64_t)sys_ConnectAttach(cli, SRV, ch[1], 0);
	for (unsigned n = 1; n < 12; n++) {
		assert_int_equal(sys_MsgSend(t[n - 1], co[n], 0, 0, 0, 0), BLOCKED);
		assert_int_equal(t[n - 1]->state, STATE_REPLY);
		assert_int_equal(t[n]->state, STATE_RUNNING);
		machine_check(true);
		if (n == 8) {
			/* 1 to 8: all inherit. */
			high = machine_spawn(cli, 60, ALL);
			assert_int_equal(sys_MsgSend(high, coid, 0, 0, 0, 0), BLOCKED);
			for (unsigned i = 1; i <= 8; i++)
				assert_int_equal(t[i]->prio, 60);
		} else if (n > 8) {
			assert_int_equal(sys_MsgSend(cli, coid, 0, 0, 0, 0), -KE_AGAIN);
		}
	}
}

/* Many servers: the priority of a few is raised, first of those that only need a CPU. */
static void a_few_of_many_servers_are_raised(void **state)
{
	struct thread *t[40], *second;
	unsigned raised = 0;

	(void)state;
	both(1, 2, 20, 60, 0);
	processes[SRV].params.runmask = processes[CLI].params.runmask = ALL;
	for (unsigned i = 0; i < ARRAY_COUNT(t); i++) {
		t[i] = machine_spawn(srv, 21, 4);
		assert_int_equal(sys_MsgSendPulse(cli, coid, 21, 1, i), 0);
		assert_int_equal(sys_MsgReceive(t[i], chid, 0, 0), 0);
		/* All but two of them wait for something. */
		if (i != 10 && i != 15)
			assert_int_equal(sys_SyncWait(t[i], MEM_VA, 0, 0), BLOCKED);
		else
			assert_int_equal(sys_SchedSet(procmgr, SRV, t[i]->tid, 21, SCHED_FIFO_, 8), 0);
	}
	assert_int_equal(send_message(cli, coid, 8, 8, 1), BLOCKED);
	for (unsigned i = 0; i < ARRAY_COUNT(t); i++)
		raised += t[i]->prio == 60;
	assert_int_equal(raised, 3);
	assert_int_equal(t[10]->prio + t[15]->prio + t[0]->prio, 3 * 60);
	machine_check(true);
	/* They have it already: the next one of that importance raises nobody else. */
	second = machine_process(OTHER, 60, 2, 0, false);
	assert_int_equal(send_message(second, (uint64_t)sys_ConnectAttach(second, SRV, chid, 0), 8, 8, 1), BLOCKED);
	assert_int_equal(t[2]->prio, 21);
	machine_check(true);
}

static void a_fixed_priority_channel_inherits_nothing(void **state)
{
	(void)state;
	both(ALL, ALL, 20, 60, CHF_FIXED_PRIORITY);
	assert_int_equal(send_message(cli, coid, 8, 8, 1), BLOCKED);
	assert_true(receive_message(srv) > 0);
	assert_int_equal(srv->prio, 20);
}

int message_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_message_and_its_answer_arrive_whole),
	    CASE(an_exchange_works_on_one_cpu),
	    CASE(a_short_buffer_gets_what_fits),
	    CASE(wrong_arguments_are_refused),
	    CASE(a_reply_and_the_next_receive_are_one_call),
	    CASE(the_most_important_message_comes_first),
	    CASE(a_server_of_a_lesser_client_makes_room),
	    CASE(priority_is_inherited_along_a_chain),
	    CASE(a_few_of_many_servers_are_raised),
	    CASE(a_fixed_priority_channel_inherits_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
