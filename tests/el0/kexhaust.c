/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uses up each kind of kernel object in turn. The error must be EAGAIN or ENOMEM, what exists must go on working, and
 * after the objects are destroyed there must be room for as many again: nothing leaks inside the kernel.
 * Needs the ability `log` and a region of RAM.
 */
#include "el0.h"
#include <string.h>

#define IDS_MAX      20000
#define CYCLES       3
#define TABLE_STRIDE (2ull << 20) /* a page at each of these needs a last-level table of its own */

static int64_t ids[IDS_MAX];
static volatile uint32_t release;
static int chid, failures;

static void fail(const char *what, int64_t got)
{
	print("kexhaust: FAILED: %s: %lld", what, (long long)got);
	failures++;
}

struct kind {
	const char *name;
	int64_t (*create)(unsigned n);
	int64_t (*destroy)(int64_t id); /* NULL: they stay as long as the process */
	void (*settle)(unsigned count); /* waits until what was destroyed is gone */
};

static int64_t thread_new(unsigned n)
{
	static char stack[64] __attribute__((aligned(16)));

	(void)n;
	return ThreadCreate_r(parked_thread, (void *)&release, stack + sizeof(stack), 1, SCHED_RR_, 0, NULL);
}

static int64_t thread_end(int64_t tid)
{
	return ThreadDestroy_r((int)tid, 0);
}

/* Threads that run on other CPUs end a moment later. */
static void thread_settle(unsigned count)
{
	uint64_t limit = ClockTime() + 2000000000;

	for (unsigned i = 0; i < count; i++) {
		while (SchedGet_r(-1, (int)ids[i], NULL) >= 0) {
			if (ClockTime() > limit) {
				fail("a destroyed thread is still there, tid", ids[i]);
				return;
			}
			SchedYield_r();
		}
	}
}

/* The other way for threads to end: they do it themselves, all at once. */
static int64_t thread_leave(int64_t tid)
{
	(void)tid;
	release = 1;
	SyncWake_r(&release, ~0u);
	return 0;
}

static void thread_leave_settle(unsigned count)
{
	/* As the lowest priority they run when nobody else wants to; this one sleeps meanwhile. */
	for (unsigned i = 0; i < 200 && SchedGet_r(-1, (int)ids[count - 1], NULL) >= 0; i++) {
		uint32_t word = 0;

		TimerTimeout_r(TIMEOUT_SYNC, 5000000);
		SyncWait_r(&word, 0, 0);
	}
	thread_settle(count);
	release = 0;
}

static int64_t channel_new(unsigned n)
{
	(void)n;
	return ChannelCreate_r(CHF_PRIVATE);
}

static int64_t channel_end(int64_t id)
{
	return ChannelDestroy_r((int)id);
}

static int64_t connection_new(unsigned n)
{
	unsigned slot;

	(void)n;
	ThreadSelf_r(&slot);
	return ConnectAttach_r(slot, chid, 0);
}

static int64_t connection_end(int64_t id)
{
	return ConnectDetach_r((int)id);
}

static int64_t timer_new(unsigned n)
{
	int64_t id = TimerCreate_r(chid, 1, 1, n);

	/* Armed, so that the end of the process has to take it out of the kernel's queue. */
	if (id >= 0 && TimerSettime_r((int)id, 0, 3600000000000ull, 1000000000) < 0)
		fail("TimerSettime of a new timer", id);
	return id;
}

static uint64_t table_address(unsigned n)
{
	return ADDRESS_FREE + n * TABLE_STRIDE;
}

static int ram_region = -1;

static void find_ram(void)
{
	for (unsigned i = 0; i < REGION_MAX && ram_region < 0; i++) {
		struct mem_info info;

		if (MemInfo_r(i, &info) >= 0 && info.flags & REGION_RAM && !(info.flags & REGION_RO) &&
		    info.bytes >= 4096)
			ram_region = (int)i;
	}
}

/* Returns n itself: a mapping has no id. */
static int64_t table_new(unsigned n)
{
	int64_t status;

	if (table_address(n) >= ADDRESS_UNMAPPED)
		return -KE_AGAIN;
	status = MemMap_r(SPACE_SELF, table_address(n), (unsigned)ram_region, 0, 4096, PROT_R);
	return status < 0 ? status : (int64_t)n;
}

static int64_t table_end(int64_t id)
{
	return MemUnmap_r(SPACE_SELF, table_address((unsigned)id), 4096);
}

static void settled(unsigned count)
{
	(void)count;
}

/* Messages need no kernel memory: they must go through when there is none. */
static void check_alive(const char *kind)
{
	int64_t status;
	uint64_t before = ClockTime();

	TimerTimeout_r(TIMEOUT_RECEIVE, 1000000);
	status = MsgReceive_r(chid, NULL, 0, NULL);
	if (status != -KE_TIMEDOUT)
		fail("MsgReceive with a timeout while everything is used up", status);
	if (ClockTime() - before < 1000000)
		fail("that timeout came early, after ns", (int64_t)(ClockTime() - before));
	if (SchedYield_r() != 0)
		fail(kind, -1);
}

static unsigned fill(const struct kind *k)
{
	unsigned count = 0;

	while (count < IDS_MAX) {
		int64_t id = k->create(count);

		if (id == -KE_AGAIN || id == -KE_NOMEM)
			break;
		if (id < 0) {
			fail(k->name, id);
			break;
		}
		ids[count++] = id;
	}
	if (count == IDS_MAX)
		fail("no limit was met", count);
	return count;
}

static void empty(const struct kind *k, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		int64_t status = k->destroy(ids[i]);

		if (status < 0)
			fail(k->name, status);
	}
	k->settle(count);
}

static void exhaust(const struct kind *k)
{
	unsigned first = 0;

	for (unsigned cycle = 0; cycle < (k->destroy ? CYCLES : 1); cycle++) {
		unsigned count = fill(k);

		check_alive(k->name);
		if (count && k->destroy)
			empty(k, count);
		if (cycle == 0)
			first = count;
		/* Pages that the first time turned into tables of handles may stay so: less room, but not ever less. */
		if (count == 0 || count + 64 < first)
			fail("less room after all were destroyed", count);
	}
	print("kexhaust: %s: %u", k->name, first);
}

/* Pulses have a limit of their own for each connection. */
static void exhaust_pulses(void)
{
	unsigned slot, sent = 0;
	int64_t status, coid;

	ThreadSelf_r(&slot);
	coid = ConnectAttach_r(slot, chid, 0);
	if (coid < 0) {
		fail("ConnectAttach after all were detached", coid);
		return;
	}
	for (unsigned cycle = 0; cycle < CYCLES; cycle++) {
		for (sent = 0; sent < IDS_MAX; sent++) {
			status = MsgSendPulse_r((int)coid, -1, 5, sent);
			if (status < 0)
				break;
		}
		if (sent != PULSE_PENDING_MAX || status != -KE_AGAIN)
			fail("pulses until EAGAIN", sent);
		for (unsigned i = 0; i < sent; i++) {
			struct pulse pulse = {0};

			TimerTimeout_r(TIMEOUT_RECEIVE, 1000000);
			status = MsgReceive_r(chid, &pulse, sizeof(pulse), NULL);
			if (status != 0 || pulse.code != 5 || pulse.value != i)
				fail("a pulse is missing or out of order", i);
		}
	}
	ConnectDetach_r((int)coid);
	print("kexhaust: pulses: %u", sent);
}

static void exhaust_interrupts(void)
{
	unsigned attached = 0;

	for (unsigned intid = 0; intid < 1020; intid++) {
		int64_t id = InterruptAttachEvent_r(intid, chid, 1, 1, 0), again;

		if (id == -KE_PERM)
			continue;
		if (id < 0) {
			fail("InterruptAttachEvent", id);
			continue;
		}
		attached++;
		again = InterruptAttachEvent_r(intid, chid, 1, 1, 0);
		if (again != -KE_BUSY)
			fail("attached twice", again);
	}
	print("kexhaust: interrupts granted: %u", attached);
}

int main(void)
{
	static const struct kind kinds[] = {
	    {"threads", thread_new, thread_end, thread_settle},
	    {"threads that leave", thread_new, thread_leave, thread_leave_settle},
	    {"channels", channel_new, channel_end, settled},
	    {"connections", connection_new, connection_end, settled},
	    {"timers", timer_new, NULL, NULL},
	    {"page tables", table_new, table_end, settled},
	};

	chid = ChannelCreate_r(CHF_PRIVATE);
	find_ram();
	if (chid < 0 || ram_region < 0) {
		fail("needs a channel and a region of RAM", chid);
		return 1;
	}
	exhaust_pulses();
	/* Tables stay with the space that they were made for: page tables last, since nothing is left after them. */
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		exhaust(&kinds[i]);
	exhaust_interrupts();
	if (failures)
		print("kexhaust: FAILED, %d checks", failures);
	else
		print("kexhaust: done");
	return failures != 0;
}
