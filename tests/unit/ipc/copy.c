/* SPDX-License-Identifier: Apache-2.0 */
/* Long copies: interrupted, faulting on either side, and without a partner. */
#include "ipc.h"

/* A message of three pages whose copy, by the receiver, the urgent thread interrupts after half a page. */
static void interrupted(bool receiver_first)
{
	if (receiver_first)
		assert_int_equal(receive_message(srv), BLOCKED);
	/* A copy that was handed over looks once more, before it begins. */
	host_raise_after(receiver_first ? 2 : 1, SPI);
	assert_int_equal(send_message(cli, coid, 3 * PAGE_SIZE, MEM_BYTES / 2, 5), BLOCKED);
	assert_int_equal(cli->state, STATE_SEND);
	if (!receiver_first)
		assert_int_equal(receive_message(srv), BLOCKED);
	assert_ptr_equal(cpus[0].current, urgent);
	assert_int_equal(srv->state, STATE_READY);
	assert_true(srv->resume_copy);
	assert_true(srv->copy.done == PAGE_SIZE / 2 && srv->copy.left > 0);
	machine_check(true);
}

static void an_interrupted_copy_goes_on(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 2; first++) {
		pinned(0);
		interrupted(first);
		urgent_again();
		assert_int_equal(cli->state, STATE_REPLY);
		assert_int_equal(srv->state, STATE_RUNNING);
		expect(srv, RECV_VA, 3 * PAGE_SIZE);
		assert_int_equal(answer(srv, call_result(&srv->frame), 0, 0, 0), 0);
		machine_clear();
	}
}

static uint64_t copied, most;
static unsigned holds;

static void count_copied(void)
{
	uint64_t now = srv->copy.done;

	if (now > copied && now - copied > most)
		most = now - copied;
	copied = now;
	holds++;
}

/* While another CPU wants the lock all the time, each hold copies half a page at most, in every way of copying. */
static void each_hold_copies_half_a_page_at_most(void **state)
{
	(void)state;
	pinned(0);
	host_each_hold(count_copied);
	for (unsigned first = 0; first < 2; first++) {
		int64_t rcvid;

		copied = srv->copy.done;
		most = holds = 0;
		host_lock_wanted(true);
		if (first)
			assert_int_equal(receive_message(srv), BLOCKED);
		assert_int_equal(send_message(cli, coid, 3 * PAGE_SIZE, MEM_BYTES / 2, 5), BLOCKED);
		rcvid = first ? (int64_t)call_result(&srv->frame) : receive_message(srv);
		assert_true(rcvid > 0);
		expect(srv, RECV_VA, 3 * PAGE_SIZE);
		assert_int_equal(sys_MsgRead(srv, rcvid, RECV_VA, 2 * PAGE_SIZE, 1), 2 * PAGE_SIZE);
		assert_int_equal(answer(srv, (uint64_t)rcvid, 0, 3 * PAGE_SIZE, 9), 0);
		expect(cli, MEM_VA + MEM_BYTES / 2, 3 * PAGE_SIZE);
		assert_int_equal(most, PAGE_SIZE / 2);
		assert_true(holds > 2 * (3 + 2 + 3));
	}
}

static unsigned untouched;

/* Holds at whose end a copy that was tried at once has not begun anew. */
static void count_untouched(void)
{
	untouched += srv->resume_copy && !srv->copy.done;
}

/* What was tried at once and met a fault is not tried once more under the same hold of the lock. */
static void a_copy_that_met_a_fault_is_not_tried_again(void **state)
{
	uint64_t end = MEM_VA + 2 * PAGE_SIZE, rcvid;

	(void)state;
	pinned(0);
	assert_int_equal(space_change(&cli->process->space, end, PAGE_SIZE, 0), PAGE_SIZE);
	assert_int_equal(space_change(&srv->process->space, end, PAGE_SIZE, 0), PAGE_SIZE);
	host_lock_wanted(true);
	host_each_hold(count_untouched);
	assert_int_equal(receive_message(srv), BLOCKED);
	assert_int_equal(sys_MsgSend(cli, coid, PAGE_SIZE, PAGE_SIZE, end - 4000, MEM_VA), -KE_FAULT);
	assert_true(untouched > 0);
	untouched = 0;
	assert_int_equal(srv->state, STATE_RECEIVE);
	/* The next one is not affected. */
	assert_int_equal(send_message(cli, coid, PAGE_SIZE, PAGE_SIZE, 3), BLOCKED);
	expect(srv, RECV_VA, PAGE_SIZE);
	rcvid = call_result(&srv->frame);
	assert_int_equal(sys_MsgReply(srv, rcvid, 0, PAGE_SIZE, end - 4000), -KE_FAULT);
	assert_true(untouched > 0);
	assert_int_equal(answer(srv, rcvid, 0, 8, 1), 0);
}

/* Between a long answer and a message that waits. */
static void an_interrupted_reply_still_receives(void **state)
{
	struct thread *second;
	int64_t rcvid;

	(void)state;
	pinned(0);
	second = machine_spawn(cli, 20, 8);
	assert_int_equal(send_message(cli, coid, 0, MEM_BYTES / 2, 1), BLOCKED);
	rcvid = receive_message(srv);
	assert_int_equal(send_message(second, coid, 100, 0, 1), BLOCKED);
	host_raise_after(1, SPI);
	assert_int_equal(sys_MsgReplyReceive(srv, rcvid, 7, 1000, 1000, MEM_VA, chid, RECV_VA), BLOCKED);
	assert_ptr_equal(cpus[0].current, urgent);
	assert_int_equal(call_result(&cli->frame), 7);
	assert_int_equal(MsgSend_reply_bytes(&cli->frame), 1000);
	assert_int_equal(second->state, STATE_SEND);
	machine_check(true);
	urgent_again();
	assert_int_equal(srv->state, STATE_RUNNING);
	assert_int_equal(second->state, STATE_REPLY);
	assert_int_equal(call_result(&srv->frame), second->rcvid);
	expect(srv, RECV_VA, 100);
}

/* The sender's memory goes away in the middle; another has sent meanwhile, and is served. */
static void a_sender_whose_memory_goes_gets_a_fault(void **state)
{
	struct thread *second;

	(void)state;
	pinned(0);
	second = machine_spawn(cli, 20, 8);
	interrupted(true);
	assert_int_equal(sys_MsgSend(second, coid, 8, 8, 0, 0, 77), BLOCKED);
	assert_int_equal(second->state, STATE_SEND);
	/* As another thread of its process would. */
	assert_int_equal(space_change(&cli->process->space, MEM_VA + 2 * PAGE_SIZE, PAGE_SIZE, 0), PAGE_SIZE);
	urgent_again();
	assert_int_equal(cli->state, STATE_RUNNING);
	assert_int_equal(call_result(&cli->frame), (uint64_t)-KE_FAULT);
	assert_int_equal(srv->state, STATE_RUNNING);
	assert_int_equal(call_words(&srv->frame)[0], 77);
	assert_int_equal(second->state, STATE_REPLY);
	machine_check(true);
}

/* The receiver's memory goes away; the message is another receiver's, who has come meanwhile. */
static void a_receiver_whose_memory_goes_leaves_the_message(void **state)
{
	struct thread *second;

	(void)state;
	for (unsigned first = 0; first < 2; first++) {
		pinned(0);
		second = machine_spawn(srv, 20, 8);
		interrupted(first);
		assert_int_equal(sys_MsgReceive(second, chid, PAGE_SIZE, MEM_VA), BLOCKED);
		assert_int_equal(space_change(&srv->process->space, RECV_VA + 2 * PAGE_SIZE, PAGE_SIZE, 0), PAGE_SIZE);
		urgent_again();
		assert_int_equal(srv->state, STATE_RUNNING);
		assert_int_equal(call_result(&srv->frame), (uint64_t)-KE_FAULT);
		assert_int_equal(cli->state, STATE_REPLY);
		assert_int_equal(second->state, STATE_RUNNING);
		assert_int_equal(MsgReplyReceive_bytes(&second->frame), 3 * PAGE_SIZE);
		machine_check(true);
		machine_clear();
	}
}

/* Many send what cannot be read: the receiver goes over all of them, and takes the good one. */
static void a_receiver_passes_over_bad_senders(void **state)
{
	struct thread *t;

	(void)state;
	both(1, 0xe, 20, 20, 0);
	for (unsigned i = 0; i < 60; i++) {
		t = machine_spawn(cli, 30, 0xe);
		assert_int_equal(sys_MsgSend(t, coid, 100, 0, 0xdead0000, 0), BLOCKED);
	}
	assert_int_equal(sys_MsgSend(cli, coid, 8, 0, 0, 0, 5), BLOCKED);
	assert_true(receive_message(srv) > 0);
	assert_int_equal(call_words(&srv->frame)[0], 5);
	assert_int_equal(call_result(&t->frame), (uint64_t)-KE_FAULT);
	machine_check(true);
}

/* Either side, or the channel, goes while the copy is interrupted. */
static void a_copy_ends_with_either_side(void **state)
{
	struct thread *second, *third;

	(void)state;
	for (unsigned what = 0; what < 5; what++) {
		pinned(0);
		second = machine_spawn(srv, 20, 8);
		third = machine_spawn(srv, 20, 4);
		interrupted(what % 2);
		switch (what) {
		case 0:
			machine_destroy(CLI);
			urgent_again();
			assert_int_equal(srv->state, STATE_RECEIVE);
			break;
		case 1:
			/* Another receiver waits when the one that copies dies. */
			assert_int_equal(sys_MsgReceive(second, chid, PAGE_SIZE, MEM_VA), BLOCKED);
			assert_int_equal(sys_ThreadDestroy(third, srv->tid, 0), 0);
			assert_int_equal(cli->state, STATE_REPLY);
			assert_int_equal(second->state, STATE_RUNNING);
			break;
		case 2:
			assert_int_equal(sys_ThreadDestroy(second, srv->tid, 0), 0);
			assert_int_equal(cli->state, STATE_SEND);
			break;
		case 3:
			assert_int_equal(sys_ChannelDestroy(second, chid), 0);
			machine_check(true);
			urgent_again();
			assert_int_equal(cli->state, STATE_RUNNING);
			assert_int_equal(call_result(&cli->frame), (uint64_t)-KE_SRCH);
			assert_int_equal(call_result(&srv->frame), (uint64_t)-KE_BADF);
			break;
		default:
			machine_destroy(SRV);
			assert_int_equal(call_result(&cli->frame), (uint64_t)-KE_SRCH);
			break;
		}
		machine_check(true);
		machine_clear();
	}
}

/* A reply that the server's own memory refuses leaves the client as it was. */
static void a_failed_reply_leaves_the_client_waiting(void **state)
{
	int64_t rcvid;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	assert_int_equal(send_message(cli, coid, 8, PAGE_SIZE, 1), BLOCKED);
	rcvid = receive_message(srv);
	assert_int_equal(sys_MsgReply(srv, rcvid, 0, 100, 0xdead0000), -KE_FAULT);
	assert_int_equal(cli->state, STATE_REPLY);
	assert_int_equal(answer(srv, (uint64_t)rcvid, 1, 200, 8), 0);
	assert_int_equal(MsgSend_reply_bytes(&cli->frame), 200);
	expect(cli, RECV_VA, 200);
	/* The client's memory refuses it: its mistake. */
	assert_int_equal(sys_MsgSend(cli, coid, 0, 4096, 0, 0xdead0000), BLOCKED);
	rcvid = receive_message(srv);
	assert_int_equal(answer(srv, (uint64_t)rcvid, 1, 200, 8), 0);
	assert_int_equal(call_result(&cli->frame), (uint64_t)-KE_FAULT);
}

/* A thread that was refused a message keeps nothing of a channel that goes away after. */
static void a_refused_message_keeps_no_channel(void **state)
{
	struct thread *middle;
	uint64_t own, to_own;
	int64_t rcvid;

	(void)state;
	/* The middle: client of one channel, server of another, on the CPU of the urgent thread. */
	both(2, 4, 20, 20, 0);
	urgent_start();
	middle = machine_process(4, 20, 1, ABLE_PUBLIC, false);
	own = (uint64_t)sys_ChannelCreate(middle, 0);
	to_own = (uint64_t)sys_ConnectAttach(cli, 4, own, 0);
	coid = (uint64_t)sys_ConnectAttach(middle, SRV, chid, 0);
	assert_int_equal(send_message(cli, to_own, 8, MEM_BYTES / 2, 1), BLOCKED);
	rcvid = sys_MsgReceive(middle, own, 8, 0);
	assert_true(rcvid > 0);
	assert_int_equal(receive_message(srv), BLOCKED);
	assert_int_equal(sys_MsgSend(middle, coid, 100, 0, 0xdead0000, 0), -KE_FAULT);
	assert_int_equal(srv->state, STATE_RECEIVE);
	machine_destroy(SRV);
	host_raise_after(1, SPI);
	assert_int_equal(answer(middle, (uint64_t)rcvid, 0, 3 * PAGE_SIZE, 6), BLOCKED);
	assert_true(middle->resume_copy);
	urgent_again();
	assert_int_equal(cli->state, STATE_RUNNING);
	expect(cli, RECV_VA, 3 * PAGE_SIZE);
	assert_int_equal(call_result(&middle->frame), 0);
}

int copy_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(an_interrupted_copy_goes_on),
	    CASE(each_hold_copies_half_a_page_at_most),
	    CASE(a_copy_that_met_a_fault_is_not_tried_again),
	    CASE(an_interrupted_reply_still_receives),
	    CASE(a_sender_whose_memory_goes_gets_a_fault),
	    CASE(a_receiver_whose_memory_goes_leaves_the_message),
	    CASE(a_receiver_passes_over_bad_senders),
	    CASE(a_copy_ends_with_either_side),
	    CASE(a_failed_reply_leaves_the_client_waiting),
	    CASE(a_refused_message_keeps_no_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
