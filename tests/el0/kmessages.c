/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel calls between threads: messages of all lengths and with bad buffers, pulses, timers, time-outs, waiting on
 * words, and that a call leaves alone the registers that it should. Needs the ability `log`.
 */
#include "bulkhead/thread.h"
#include "check.h"
#include <string.h>

#define LONGEST    70000
#define GUARD      0xc3
#define OFFSET     40
#define PIECE      100
#define BAD_BUFFER ((void *)ADDRESS_UNMAPPED)
#define MS         1000000ull

enum op { ECHO, ERROR, STATUS, READ, LARGE, BAD_REPLY, INFO, HOLD, RELEASE, DESTROY };

struct request {
	uint32_t op, value;
	uint8_t data[LONGEST];
};

static struct request request, received, sent;
static uint8_t reply[LONGEST + 64];
static int chid, coid, event_chid;
static unsigned own_slot;
static volatile int64_t held, server_status, unblock_value, unblock_flag;
static struct msg_info info;
static size_t info_room;

/* The server: what it finds wrong, the client sees in server_status. */
static void serve(int64_t rcvid)
{
	switch (received.op) {
	case ECHO: MsgReply_r(rcvid, info.bytes, &received, info.bytes); break;
	case ERROR: MsgError_r(rcvid, (int)received.value); break;
	case STATUS: MsgReply_r(rcvid, (int32_t)received.value, NULL, 0); break;
	case READ:
		server_status = MsgRead_r(rcvid, sent.data, PIECE, OFFSET);
		MsgReply_r(rcvid, 0, sent.data, PIECE);
		break;
	case LARGE: MsgReply_r(rcvid, 0, &received, LONGEST); break;
	case BAD_REPLY:
		server_status = (int)call_with(MsgReplyReceive, (uint64_t)rcvid, 0, 64, 0, ADDRESS_UNMAPPED, 0, 0);
		MsgError_r(rcvid, KE_BUSY);
		break;
	case INFO:
		server_status = MsgInfo_r(rcvid, &info, &info_room);
		MsgReply_r(rcvid, 0, NULL, 0);
		break;
	case HOLD: held = rcvid; break;
	case RELEASE:
		server_status = MsgReply_r(held, 0, NULL, 0);
		MsgReply_r(rcvid, 0, NULL, 0);
		break;
	case DESTROY: ChannelDestroy_r(chid); break;
	default: MsgError_r(rcvid, KE_NOSYS); break;
	}
}

static void server(void *arg)
{
	(void)arg;
	for (;;) {
		int64_t rcvid = MsgReceive_r(chid, &received, sizeof(received), &info);

		if (rcvid > 0) {
			serve(rcvid);
		} else if (rcvid == 0) {
			struct pulse pulse;

			memcpy(&pulse, &received, sizeof(pulse));
			if (pulse.code != PULSE_CODE_UNBLOCK)
				continue;
			struct msg_info about = {0};

			unblock_value = (int64_t)pulse.value;
			MsgInfo_r(unblock_value, &about, NULL);
			unblock_flag = about.unblock;
			MsgError_r(unblock_value, KE_INTR);
		} else if (rcvid == -KE_SRCH || rcvid == -KE_BADF) {
			return;
		}
	}
}

static void start_server(unsigned flags)
{
	chid = ChannelCreate_r(CHF_PRIVATE | flags);
	coid = ConnectAttach_r(own_slot, chid, event_chid);
	check_that(chid > 0 && coid > 0, "a channel and a connection to it", coid);
	check_that(thread_create(server, NULL, 8192, 0, 0, "server") > 0, "thread_create", 0);
}

static void fill_request(enum op op, uint32_t value, unsigned seed)
{
	request.op = op;
	request.value = value;
	for (unsigned i = 0; i < LONGEST; i++)
		request.data[i] = (uint8_t)(i * 7 + i / 251 + seed);
	memset(reply, GUARD, sizeof(reply));
}

static bool all_guard(const uint8_t *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (p[i] != GUARD)
			return false;
	}
	return true;
}

static int ask(enum op op, uint32_t value, size_t sbytes, size_t rbytes)
{
	fill_request(op, value, 0);
	return MsgSend_r(coid, &request, sbytes, reply, rbytes);
}

static void test_lengths(void)
{
	static const uint32_t lengths[] = {8, 16, 31, 32, 33, 63, 64, 65, 4095, 4096, 4097, 8192, 65536, LONGEST};

	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint32_t n = lengths[i];

		fill_request(ECHO, 0, i);
		check_equal("echo: status", MsgSend_r(coid, &request, n, reply, n), n);
		check_that(memcmp(reply, &request, n) == 0, "echo: what came back, for a length of", n);
		check_that(all_guard(reply + n, sizeof(reply) - n), "echo: nothing beyond the reply, for a length of",
			   n);
	}
}

/* Each length near what travels in registers, from and to addresses of any alignment: neither side reads or writes
 * beside its buffer. The server looks at the first word of what it received, also of a message that has none. */
static void test_short_lengths(void)
{
	static uint8_t from[128];

	for (uint32_t n = 0; n <= 80; n++) {
		for (unsigned shift = 0; shift < 8; shift++) {
			uint8_t *to = reply + 8 + (shift + n) % 8, beside = n < sizeof(request.op) ? ECHO : GUARD;

			fill_request(ECHO, n * 8 + shift, n);
			memset(from, (int)shift, sizeof(from));
			memcpy(from + shift, &request, n);
			memset(&received, beside, 128);
			check_equal("short echo: status", MsgSend_r(coid, from + shift, n, to, n), n);
			check_that(memcmp(to, &request, n) == 0, "short echo: what came back, for a length of", n);
			check_that(memcmp(&received, &request, n) == 0, "short echo: what was received, for", n);
			check_that(((uint8_t *)&received)[n] == beside && ((uint8_t *)&received)[n + 7] == beside,
				   "short echo: nothing beyond what was received, for a length of", n);
			check_that(all_guard(reply, (size_t)(to - reply)) && all_guard(to + n, 40),
				   "short echo: nothing beside the reply, for a length of", n);
		}
	}
}

static void test_statuses(void)
{
	check_equal("MsgError reaches the client", ask(ERROR, KE_RANGE, 8, 0), -KE_RANGE);
	check_equal("a negative status reaches the client", ask(STATUS, (uint32_t)-KE_EXIST, 8, 0), -KE_EXIST);
	check_equal("a positive status reaches the client", ask(STATUS, 4711, 8, 0), 4711);
}

static void test_parts(void)
{
	check_equal("MsgRead: status", ask(READ, 0, 400, PIECE), 0);
	check_equal("MsgRead: bytes", server_status, PIECE);
	check_that(memcmp(reply, (uint8_t *)&request + OFFSET, PIECE) == 0, "MsgRead: data", 0);
	check_equal("MsgRead at the end of a message", ask(READ, 0, OFFSET + 10, PIECE), 0);
	check_equal("MsgRead at the end of a message: bytes", server_status, 10);
	check_equal("a reply longer than the room: status", ask(LARGE, 0, 8, 50), 0);
	check_that(all_guard(reply + 50, sizeof(reply) - 50), "a reply longer than the room: only what fits", 0);
}

/*
 * The stubs themselves read and write the first 32 bytes, which travel in registers: a bad address there is the
 * caller's own fault. So that the kernel meets the address, the words are put into the registers here.
 */
static int64_t raw_send(const void *from, uint64_t bytes, void *to, uint64_t reply_bytes)
{
	uint64_t words[4];

	memcpy(words, &request, sizeof(words));
	return call_with(MsgSend, (uint64_t)coid, bytes, reply_bytes, (uintptr_t)from, (uintptr_t)to, words[0],
			 words[1], words[2], words[3]);
}

/*
 * Each length near what travels in registers, with each room for the answer: the client gets as much as it has room
 * for, and nothing beside it. After either buffer nothing is mapped, so whoever reads or writes beyond it faults.
 */
static uint8_t pages[4][4096] __attribute__((aligned(4096)));

static void check_pair(uint8_t *from_end, uint8_t *to_end, uint32_t n, uint32_t room)
{
	uint8_t *from = from_end - n, *to = to_end - room;
	uint32_t got = n < room ? n : room;

	request.value = n << 8 | room;
	for (unsigned i = 0; i < 64; i++)
		request.data[i] = (uint8_t)(i * 7 + n + room);
	memcpy(from, &request, n);
	memset(to_end - 128, GUARD, 128);
	memset(&received, n < sizeof(request.op) ? ECHO : GUARD, 128);
	check_equal("echo into a room: status", MsgSend_r(coid, from, n, to, room), n);
	check_that(memcmp(&received, &request, n) == 0, "echo into a room: what was received, for", n);
	check_that(memcmp(to, &request, got) == 0, "echo into a room: what came back, for", n << 8 | room);
	check_that(all_guard(to_end - 128, 128 - room) && all_guard(to + got, room - got),
		   "echo into a room: nothing beside the reply, for", n << 8 | room);
}

static void test_rooms(void)
{
	uint8_t *from_end = pages[1], *to_end = pages[3];

	check_equal("nothing after a buffer", MemUnmap_r(SPACE_SELF, (uintptr_t)from_end, 4096), 0);
	check_equal("nothing after the other", MemUnmap_r(SPACE_SELF, (uintptr_t)to_end, 4096), 0);
	fill_request(ECHO, 0, 0);
	for (uint32_t n = 0; n <= 65; n++)
		for (uint32_t room = 0; room <= 66; room++)
			check_pair(from_end, to_end, n, room);
	fill_request(ECHO, 0, 1);
	memcpy(from_end - 48, &request, 48);
	/* The words are there; what follows them is not, for one byte or for all. */
	for (uint32_t beyond = 1; beyond <= 33; beyond += 16) {
		uint32_t n = 32 + beyond;

		check_equal("a message that ends beyond its page", raw_send(from_end - n + 1, n, reply, n), -KE_FAULT);
		check_equal("a reply that ends beyond its page", raw_send(&request, n, to_end - n + 1, n), -KE_FAULT);
		check_equal("a reply that is cut before", raw_send(&request, n, to_end - n + 1, n - 1), n);
	}
	check_equal("a message over two pages", raw_send((uint8_t *)&request + 1, 4096, reply + 7, 4096), 4096);
	check_that(memcmp(reply + 7 + 32, (uint8_t *)&request + 1 + 32, 4096 - 32) == 0, "what came back of it", 0);
}

static void test_bad_buffers(void)
{
	uint8_t *code = (uint8_t *)parked_thread;
	uint8_t before = *code;

	fill_request(ECHO, 0, 0);
	check_equal("send from an unmapped address", raw_send(BAD_BUFFER, 4096, reply, 0), -KE_FAULT);
	check_equal("send from the kernel", raw_send((void *)ADDRESS_KERNEL, 4096, reply, 4096), -KE_FAULT);
	check_equal("send a range that wraps", raw_send((void *)ADDRESS_WRAPS, 64, reply, 0), -KE_FAULT);
	check_equal("reply to an unmapped address", raw_send(&request, 4096, BAD_BUFFER, 4096), -KE_FAULT);
	check_equal("reply into the kernel", raw_send(&request, 4096, (void *)ADDRESS_KERNEL, 4096), -KE_FAULT);
	check_equal("reply into code", raw_send(&request, 4096, code, 4096), -KE_FAULT);
	check_equal("code is as it was", *code, before);
	check_equal("a server's bad reply: the client gets the error sent then", ask(BAD_REPLY, 0, 8, 64), -KE_BUSY);
	check_equal("a server's bad reply: the server gets EFAULT", server_status, -KE_FAULT);
	check_equal("and the channel still works", ask(ECHO, 0, 64, 64), 64);
}

static void test_info(void)
{
	check_equal("MsgInfo: asked", ask(INFO, 0, 123, 456), 0);
	check_equal("MsgInfo: status", server_status, 0);
	check_equal("MsgInfo: bytes", info.bytes, 123);
	check_equal("MsgInfo: room", (int64_t)info_room, 456);
	check_equal("MsgInfo: slot", info.slot, own_slot);
	check_equal("MsgInfo: thread", info.tid, ThreadSelf_r(NULL));
}

static void test_timeouts(void)
{
	uint64_t before = ClockTime();

	TimerTimeout_r(TIMEOUT_REPLY, 5 * MS);
	check_equal("TimerTimeout while REPLY-blocked", ask(HOLD, 0, 8, 0), -KE_TIMEDOUT);
	check_that(ClockTime() - before >= 5 * MS, "not before its time, after ns", (int64_t)(ClockTime() - before));
	check_equal("the server answers something else meanwhile", ask(RELEASE, 0, 8, 0), 0);
	check_that(server_status < 0, "a reply to whom does not wait any more", server_status);
	TimerTimeout_r(TIMEOUT_SYNC, 1 * MS);
	check_equal("TimerTimeout for another state only", ask(ECHO, 0, 64, 64), 64);
	before = ClockTime();
	TimerTimeout_r(TIMEOUT_RECEIVE | TIMER_ABSTIME, before + 3 * MS);
	check_equal("absolute time-out", MsgReceive_r(event_chid, reply, 64, NULL), -KE_TIMEDOUT);
	check_that(ClockTime() >= before + 3 * MS, "absolute time-out: not before its time", 0);
	TimerTimeout_r(TIMEOUT_RECEIVE | TIMER_ABSTIME, 1);
	check_equal("absolute time-out that is past", MsgReceive_r(event_chid, reply, 64, NULL), -KE_TIMEDOUT);
}

static void test_unblock(void)
{
	start_server(CHF_UNBLOCK);
	TimerTimeout_r(TIMEOUT_REPLY, 2 * MS);
	check_equal("time-out with CHF_UNBLOCK: the server decides", ask(HOLD, 0, 8, 0), -KE_INTR);
	check_equal("the unblock pulse names the message", unblock_value, held);
	check_equal("MsgInfo shows that the client wants out", unblock_flag, 1);
}

static int64_t next_pulse(int channel, struct pulse *pulse)
{
	TimerTimeout_r(TIMEOUT_RECEIVE, 200 * MS);
	return MsgReceive_r(channel, pulse, sizeof(*pulse), NULL);
}

static void test_channel_end(void)
{
	struct pulse pulse = {0};

	check_equal("the channel goes while one is blocked on it", ask(DESTROY, 0, 8, 0), -KE_SRCH);
	check_equal("PULSE_CODE_COIDDEATH arrives", next_pulse(event_chid, &pulse), 0);
	check_equal("its code", pulse.code, PULSE_CODE_COIDDEATH);
	check_equal("its value", (int64_t)pulse.value, coid);
	check_that(ask(ECHO, 0, 8, 8) < 0, "a send to a channel that is gone", 0);
	check_equal("ConnectDetach", ConnectDetach_r(coid), 0);
}

static void test_pulses(void)
{
	static const int priorities[] = {1, 3, 2, 3}, order[] = {1, 3, 2, 0};
	int self = ConnectAttach_r(own_slot, event_chid, 0);
	struct pulse pulse = {0};

	for (int i = 0; i < 4; i++)
		check_equal("MsgSendPulse", MsgSendPulse_r(self, priorities[i], 10 + i, (uint64_t)i << 40), 0);
	for (int i = 0; i < 4; i++) {
		check_equal("a pulse is received", next_pulse(event_chid, &pulse), 0);
		check_equal("pulses come in order of priority, then of time", pulse.code, 10 + order[i]);
		check_equal("a pulse's value has 64 bits", (int64_t)pulse.value, (int64_t)order[i] << 40);
	}
	ConnectDetach_r(self);
}

static void test_timers(void)
{
	struct pulse pulse = {0};
	uint64_t start = ClockTime();
	int timer = TimerCreate_r(event_chid, 2, 20, 99);

	check_equal("TimerSettime", TimerSettime_r(timer, 0, 5 * MS, 0), 0);
	check_equal("a timer's pulse", next_pulse(event_chid, &pulse), 0);
	check_that(ClockTime() - start >= 5 * MS, "not before its time, after ns", (int64_t)(ClockTime() - start));
	check_equal("a timer's code", pulse.code, 20);
	check_equal("a timer's value", (int64_t)pulse.value, 99);
	start = ClockTime();
	TimerSettime_r(timer, TIMER_ABSTIME, start + 3 * MS, 2 * MS);
	for (int i = 0; i < 5; i++)
		check_equal("an interval timer's pulse", next_pulse(event_chid, &pulse), 0);
	check_that(ClockTime() - start >= 3 * MS, "an interval timer is not early", (int64_t)(ClockTime() - start));
	check_equal("disarm", TimerSettime_r(timer, 0, 0, 0), 0);
	/* One more may have been queued before that. */
	if (next_pulse(event_chid, &pulse) != -KE_TIMEDOUT)
		check_equal("no more than one was queued", pulse.code, 20);
	check_equal("a disarmed timer is silent", next_pulse(event_chid, &pulse), -KE_TIMEDOUT);
}

static volatile uint32_t release;

static int start_parked(void)
{
	static char stack[64] __attribute__((aligned(16)));

	return ThreadCreate_r(parked_thread, (void *)&release, stack + sizeof(stack), 1, SCHED_RR_, 0, NULL);
}

static void nap(uint64_t ns)
{
	uint32_t word = 0;

	TimerTimeout_r(TIMEOUT_SYNC, ns);
	SyncWait_r(&word, 0, 0);
}

static bool gone(int tid)
{
	for (unsigned i = 0; i < 200; i++) {
		if (SchedGet_r(-1, tid, NULL) < 0)
			return true;
		nap(1 * MS);
	}
	return false;
}

static void test_words(void)
{
	uint64_t before = ClockTime();
	uint32_t word = 5;
	int first = start_parked(), second = start_parked();

	nap(20 * MS);
	check_equal("SyncWake wakes only as many as asked for", SyncWake_r(&release, 1), 1);
	nap(20 * MS);
	release = 1;
	check_equal("SyncWake wakes the rest", SyncWake_r(&release, 99), 2);
	check_that(gone(first) && gone(second), "both end", first);
	release = 0;
	TimerTimeout_r(TIMEOUT_SYNC, 2 * MS);
	check_equal("SyncWait with a time-out", SyncWait_r(&word, 5, 0), -KE_TIMEDOUT);
	check_that(ClockTime() - before >= 2 * MS, "not before its time", 0);
	first = start_parked();
	nap(5 * MS);
	check_equal("ThreadDestroy of a thread that waits", ThreadDestroy_r(first, 0), 0);
	check_that(gone(first), "it is gone", first);
	check_equal("nobody waits on its word any more", SyncWake_r(&release, 99), 0);
}

static void test_run_masks(void)
{
	uint32_t all = 0;
	int self = ThreadSelf_r(NULL);

	SchedGet_r(-1, self, &all);
	for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
		uint32_t now = 0;

		if (!(all & 1u << cpu))
			continue;
		check_equal("run on one CPU", ThreadCtl_r(THREADCTL_RUNMASK, 1u << cpu), 0);
		nap(1 * MS);
		SchedGet_r(-1, self, &now);
		check_equal("the run mask that was set", now, 1u << cpu);
	}
	check_equal("run on all again", ThreadCtl_r(THREADCTL_RUNMASK, all), 0);
}

static volatile bool scramble_stop;

/* Another user of the vector registers, which comes in between whenever this process waits. */
static void scrambler(void *arg)
{
	(void)arg;
	while (!scramble_stop) {
		__asm__ volatile("movi v0.16b, #0x11; movi v8.16b, #0x22; movi v31.16b, #0x33" ::: "v0", "v8", "v31");
		SchedYield_r();
	}
}

/*
 * Fills the registers that a call must keep, calls, and returns a bit for each that changed: 0 to 31 general,
 * 32 the flags, 33 vectors. x11 to x17 are not promised (calls.def).
 */
static uint64_t changed_registers(uint64_t number, uint64_t x0, uint64_t x1, uint64_t x2)
{
	register uint64_t a0 __asm__("x0") = x0;
	register uint64_t a1 __asm__("x1") = x1;
	register uint64_t a2 __asm__("x2") = x2;
	register uint64_t n __asm__("x8") = number;
	uint64_t changed;

	__asm__ volatile(
	    "movi	v0.16b, #0x5a\n	movi	v8.16b, #0x5b\n	movi	v31.16b, #0x5c\n"
	    ".irp n, 9,10,18,19,20,21,22,23,24,25,26,27,28\n	mov	x\\n, #(\\n * 257)\n"
	    ".endr\n"
	    "mov	x3, #0xa0000000\n	msr	nzcv, x3\n"
	    "svc	#0\n"
	    "mrs	x3, nzcv\n	mov	x4, #0\n	mov	x5, #0xa0000000\n	cmp	x3, x5\n"
	    "cset	x5, ne\n	orr	x4, x4, x5, lsl #32\n"
	    ".irp n, 9,10,18,19,20,21,22,23,24,25,26,27,28\n"
	    "mov	x5, #(\\n * 257)\n	cmp	x\\n, x5\n	cset	x5, ne\n"
	    "orr	x4, x4, x5, lsl #\\n\n"
	    ".endr\n"
	    "movi	v1.16b, #0x5a\n	movi	v2.16b, #0x5b\n	movi	v3.16b, #0x5c\n"
	    "eor	v1.16b, v1.16b, v0.16b\n	eor	v2.16b, v2.16b, v8.16b\n"
	    "eor	v3.16b, v3.16b, v31.16b\n	orr	v1.16b, v1.16b, v2.16b\n"
	    "orr	v1.16b, v1.16b, v3.16b\n	umaxv	b1, v1.16b\n	umov	w3, v1.b[0]\n"
	    "cmp	w3, #0\n	cset	x5, ne\n	orr	%0, x4, x5, lsl #33\n"
	    : "=&r"(changed), "+r"(a0), "+r"(a1), "+r"(a2)
	    : "r"(n)
	    : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19",
	      "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "v0", "v1", "v2", "v3", "v8", "v31",
	      "memory", "cc");
	return changed;
}

static void test_registers(void)
{
	uint32_t word = 0;
	int thread = thread_create(scrambler, NULL, 4096, 0, 0, "scrambler");

	check_that(thread > 0, "thread_create", thread);
	check_equal("registers that ClockTime changed", (int64_t)changed_registers(CALL_ClockTime, 0, 0, 0), 0);
	check_equal("registers that a bad number changed", (int64_t)changed_registers(0, 0, 0, 0), 0);
	for (unsigned i = 0; i < 100; i++)
		check_equal("registers that SchedYield changed", (int64_t)changed_registers(CALL_SchedYield, 0, 0, 0),
			    0);
	for (unsigned i = 0; i < 20; i++) {
		TimerTimeout_r(TIMEOUT_SYNC, MS / 4);
		check_equal("registers that SyncWait changed",
			    (int64_t)changed_registers(CALL_SyncWait, (uint64_t)&word, 0, 0), 0);
	}
	scramble_stop = true;
	check_that(gone(thread), "the other thread ends", thread);
}

int main(void)
{
	ThreadSelf_r(&own_slot);
	event_chid = ChannelCreate_r(CHF_PRIVATE);
	check_that(event_chid > 0, "ChannelCreate", event_chid);
	start_server(0);
	test_lengths();
	test_short_lengths();
	test_statuses();
	test_parts();
	test_bad_buffers();
	test_rooms();
	test_info();
	test_timeouts();
	test_channel_end();
	test_unblock();
	test_channel_end();
	test_pulses();
	test_timers();
	test_words();
	test_run_masks();
	test_registers();
	return check_report("kmessages");
}
