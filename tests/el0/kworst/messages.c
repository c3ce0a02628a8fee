/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of all sizes and alignments, crowded channels, and long chains of servers. */
#include "kworst.h"
#include <string.h>

struct letter letters[THREADS + 8];

void send_letter(void *arg)
{
	struct letter *l = arg;

	MsgSend_r(l->coid, l->from, l->bytes, l->to, l->bytes);
	ThreadDestroy_r(0, 0);
}

/* Both buffers at odd addresses that differ, so that nothing can be copied by words and every page has two pieces. */
static void exchange(int chid, int coid, uint32_t bytes, unsigned shift)
{
	struct letter l = {.coid = coid, .bytes = bytes, .from = big[0] + shift, .to = big[0] + shift};
	char *own = big[1] + 8 + shift / 2;
	int64_t rcvid;

	thread_start(0, send_letter, (uint64_t)&l, LOW);
	rcvid = MsgReceive_r(chid, own, bytes, NULL);
	check_that(rcvid > 0, "MsgReceive", rcvid);
	check_equal("MsgRead", MsgRead_r(rcvid, own, bytes, 0), bytes);
	check_equal("MsgInfo", MsgInfo_r(rcvid, &(struct msg_info){0}, NULL), 0);
	check_equal("MsgReply", MsgReply_r(rcvid, 0, own, bytes), 0);
	doze(5);
	thread_start(0, send_letter, (uint64_t)&l, LOW);
	rcvid = MsgReceive_r(chid, own, bytes, NULL);
	thread_start(1, send_letter, (uint64_t)&l, LOW);
	doze(1);
	rcvid = MsgReplyReceive_r(rcvid, 0, own, bytes, chid, own, bytes, NULL);
	check_that(rcvid > 0, "MsgReplyReceive", rcvid);
	check_equal("MsgError", MsgError_r(rcvid, KE_INTR), 0);
	doze(5);
}

static void receive_one(void *arg)
{
	MsgReceive_r((int)(uint64_t)arg, big[0] + 1, 2 * 4096, NULL);
	ThreadDestroy_r(0, 0);
}

/* What is sent, or answered, ends where no memory is. */
static void exchange_with_fault(int chid, int coid, char *at, bool send, uint32_t bytes)
{
	struct letter l = {.coid = coid, .bytes = bytes, .from = send ? at : big[0] + 1, .to = big[0] + 1};
	int64_t rcvid;

	if (send) {
		thread_start(0, receive_one, (uint64_t)chid, LOW);
		doze(1);
		check_equal("MsgSend", MsgSend_r(coid, at, bytes, NULL, 0), -KE_FAULT);
		ThreadDestroy_r(tids[0], 0);
		doze(1);
		return;
	}
	thread_start(0, send_letter, (uint64_t)&l, LOW);
	rcvid = MsgReceive_r(chid, big[0] + 1, bytes, NULL);
	check_equal("MsgReply", MsgReply_r(rcvid, 0, at, bytes), -KE_FAULT);
	check_equal("MsgReplyReceive", MsgReplyReceive_r(rcvid, 0, at, bytes, chid, NULL, 0, NULL), -KE_FAULT);
	check_equal("MsgReply", MsgReply_r(rcvid, 0, NULL, 0), 0);
	doze(5);
}

void test_messages(int chid, int coid)
{
	static const uint32_t sizes[] = {0, 32, 33, 4096, 65536, MIB};
	char *stack_end = (char *)(((uint64_t)__builtin_frame_address(0) | 4095) + 1); /* nothing is mapped after it */

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned shift = 0; shift < 3; shift++)
			exchange(chid, coid, sizes[i], shift);
	/* As much as goes over at once, without its last bytes, which are not there: it is tried, and then done in
	 * steps. */
	for (unsigned i = 0; i < 3; i++)
		exchange_with_fault(chid, coid, stack_end - 4095 + i, i == 0, 4096 + 32 - i);
	/* A receiver that waits, and has the longest copy to do when it is woken. */
	for (unsigned i = 0; i < 8; i++) {
		letters[i] = (struct letter){.coid = coid, .bytes = MIB, .from = big[0] + 1, .to = big[0] + 1};
		thread_start(i, send_letter, (uint64_t)&letters[i], LOW);
		int64_t rcvid = MsgReceive_r(chid, big[1], MIB, NULL);

		check_equal("MsgReply", MsgReply_r(rcvid, 0, big[1], MIB), 0);
		doze(5);
	}
}

void crowd(int chid)
{
	unsigned coids[8];

	for (unsigned i = 0; i < 8; i++)
		coids[i] = (unsigned)ConnectAttach_r(own_slot, chid, 0);
	for (unsigned i = 0; i < THREADS; i++)
		letters[i] = (struct letter){.coid = (int)coids[i % 8], .bytes = 64, .from = page, .to = page};
	for (unsigned i = 0; i < THREADS; i++) {
		thread_start(i, send_letter, (uint64_t)&letters[i], LOW + i % 50);
		/* Half of them has been received and waits for an answer. */
		if (i % 2)
			MsgReceive_r(chid, page, 64, NULL);
	}
	doze(1);
	for (unsigned i = 0; i < 8 * PULSE_PENDING_MAX; i++)
		check_equal("MsgSendPulse", MsgSendPulse_r((int)coids[i % 8], (int)(1 + i % 50), 1, i), 0);
	check_equal("ConnectDetach with pulses", ConnectDetach_r((int)coids[0]), 0);
	while (ConnectAttach_r(own_slot, chid, 1) > 0)
		;
}

static void send_timed(void *arg)
{
	TimerTimeout_r(TIMEOUT_SEND, MS);
	MsgSend_r(*(int *)arg, NULL, 0, NULL, 0);
	ThreadDestroy_r(0, 0);
}

void test_crowd(void)
{
	int chid = ChannelCreate_r(CHF_PRIVATE), coid = ConnectAttach_r(own_slot, chid, 0);

	crowd(chid);
	thread_start(THREADS, send_timed, (uint64_t)&coid, HIGH); /* passes all in the queue, boosts all */
	doze(3);
	check_equal("ChannelDestroy of a crowded channel", ChannelDestroy_r(chid), 0);
	doze(3);
	empty_table(ConnectDetach_r, 1);
}

/* A pulse makes it a server of the first channel; then it waits for the next one. */
struct link {
	int chid, coid;
};

static void serve_and_send(void *arg)
{
	const struct link *l = arg;

	MsgReceive_r(l->chid, NULL, 0, NULL);
	MsgSend_r(l->coid, NULL, 0, NULL, 0);
	ThreadDestroy_r(0, 0);
}

static uint64_t busy_until;

static void serve_and_work(void *arg)
{
	const struct link *l = arg;

	MsgReceive_r(l->chid, NULL, 0, NULL);
	while ((uint64_t)ClockTime() < busy_until)
		;
	ThreadDestroy_r(0, 0);
}

/* An interrupt handles so many timers; each pulse raises all servers a bit more. */
static void pulse_by_timers(int chid)
{
	for (unsigned i = 0; i < 8; i++) {
		int timer = TimerCreate_r(chid, HIGH - 20 + i, 1, 0);

		TimerSettime_r(timer, TIMER_ABSTIME, ClockTime() + MS - i * 1000, 0);
	}
	doze(3);
}

/*
 * Many servers of one channel, all of which wait at the head of one chain; then somebody important sends to it. `busy`
 * of them do not wait, but are ready: the last that are examined.
 */
void test_chain(unsigned busy)
{
	static struct link links[8];
	static int head;

	busy_until = UINT64_MAX;
	for (unsigned i = 0; i < 8; i++) {
		links[i].chid = ChannelCreate_r(CHF_PRIVATE);
		if (i)
			links[i - 1].coid = ConnectAttach_r(own_slot, links[i].chid, 0);
	}
	head = ConnectAttach_r(own_slot, links[0].chid, 0);
	for (unsigned i = 7; i-- > 1;) {
		int coid = ConnectAttach_r(own_slot, links[i].chid, 0);

		thread_start(THREADS + i, serve_and_send, (uint64_t)&links[i], LOW);
		MsgSendPulse_r(coid, (int)LOW, 1, 0);
		doze(1);
	}
	for (unsigned i = 0; i < THREADS - 10; i++) {
		bool works = i < LOOK_MAX && i >= LOOK_MAX - busy;

		thread_start(i, works ? serve_and_work : serve_and_send, (uint64_t)&links[0], works ? 1 : LOW + i % 50);
		doze(works ? 20 : 1); /* its turn among those that work */
		MsgSendPulse_r(head, 1, 1, 0);
	}
	doze(1);
	if (!busy)
		pulse_by_timers(links[0].chid);
	busy_until = ClockTime() + 10 * MS;
	thread_start(THREADS - 1, send_timed, (uint64_t)&head, HIGH);
	doze(3);
	doze(10);
	threads_end(THREADS - 10);
	for (unsigned i = 1; i < 7; i++)
		ThreadDestroy_r(tids[THREADS + i], 0);
	for (unsigned i = 0; i < 8; i++)
		ChannelDestroy_r(links[i].chid);
	doze(1);
	empty_table(ConnectDetach_r, 1);
}
