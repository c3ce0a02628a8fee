/* SPDX-License-Identifier: Apache-2.0 */
/* Anything, in any order. */
#include "ipc.h"

#define SLOTS   3u /* processes 1 to 3 */
#define THREADS 4u

static uint64_t random_bytes(void)
{
	static const uint64_t some[] = {0, 4, 32, 33, 100, 4096, 5000, 12288, 20000};

	return some[machine_random(ARRAY_COUNT(some))];
}

/* Each thread has a part of its process's memory of its own: 6 pages. */
static uint64_t memory_of(const struct thread *t)
{
	return MEM_VA + (t->tid % THREADS) * 6 * PAGE_SIZE;
}

static void random_spawn(struct thread *by)
{
	if (by->process->threads_alive < THREADS && by->process->kmem.count[OBJECT_THREAD] < THREADS)
		machine_spawn(by, 10 + machine_random(3), 1 + machine_random(15));
}

static uint64_t some_rcvid(const struct thread *t)
{
	/* A client that waits for this process, most times; else anything. */
	for (unsigned s = 1; s <= SLOTS; s++)
		for (uint32_t tid = 1; tid <= 8; tid++) {
			const struct thread *c = machine_thread(s, tid);

			if (c && c->state == STATE_REPLY && c->channel->process == t->process && machine_random(2))
				return c->rcvid;
		}
	return machine_random(1 << 20);
}

static void do_send(struct thread *t)
{
	uint64_t at = memory_of(t), bytes = random_bytes();
	const uint64_t *w = message(t->process, at, bytes, t->process->slot * 16 + t->tid);

	if (!machine_random(8))
		at = 0xdead0000; /* where nothing is */
	sys_MsgSend(t, 1 + machine_random(4), bytes, random_bytes(), at, memory_of(t), w[0], w[1], w[2], w[3]);
}

static void random_call(struct thread *t)
{
	uint64_t at = machine_random(8) ? memory_of(t) : 0xdead0000, bytes = random_bytes();
	unsigned slot = t->process->slot;
	uint32_t tid = t->tid;

	if (!machine_random(4))
		sys_TimerTimeout(t, machine_random(32), machine_random(3000));
	if (machine_thread(slot, tid) != t || t->state != STATE_RUNNING)
		return; /* something more important has come */
	switch (machine_random(24)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4: do_send(t); break;
	case 5:
	case 6:
	case 7:
	case 8: sys_MsgReceive(t, 1 + machine_random(2), bytes, at); break;
	case 9:
	case 10: sys_MsgReply(t, some_rcvid(t), machine_random(100), bytes, at); break;
	case 11:
	case 12: sys_MsgReplyReceive(t, some_rcvid(t), 0, bytes, bytes, at, 1 + machine_random(2), at); break;
	case 13:
	case 14: sys_MsgRead(t, some_rcvid(t), at, bytes, machine_random(5000)); break;
	case 15: sys_MsgError(t, some_rcvid(t), 1 + machine_random(100)); break;
	case 16: sys_MsgSendPulse(t, 1 + machine_random(4), 1 + machine_random(60), machine_random(128), 1); break;
	case 17: sys_ChannelCreate(t, machine_random(8)); break;
	case 18:
		if (!machine_random(4))
			sys_ChannelDestroy(t, 1 + machine_random(3));
		break;
	case 19: sys_ConnectAttach(t, 1 + machine_random(SLOTS), 1 + machine_random(2), machine_random(3)); break;
	case 20:
		if (!machine_random(3))
			sys_ConnectDetach(t, 1 + machine_random(5));
		break;
	case 21:
		if (t->process->threads_alive > 1 && !machine_random(2))
			sys_ThreadDestroy(t, 1 + machine_random(THREADS), 0);
		break;
	case 22: random_spawn(t); break;
	default:
		sys_SchedSet(t, UINT64_MAX, 1 + machine_random(THREADS), 10 + machine_random(10), 1 + machine_random(2),
			     machine_random(2) ? 1 + machine_random(15) : 0);
		break;
	}
}

/* Its interrupt may have come again meanwhile. */
static void urgent_random(void)
{
	if (urgent->state == STATE_RUNNING)
		sys_InterruptUnmask(urgent, 1);
	if (urgent->state == STATE_RUNNING)
		sys_MsgReceive(urgent, 1, 0, 0);
}

/* Channels and connections enough to begin with. No interrupt comes in between, and pulses may have made all others as
 * important as can be: CPU 0 is for this one. */
static void random_process(unsigned slot)
{
	struct thread *t;

	host_raise_after(0, SPI);
	machine_settle();
	urgent_random();
	t = machine_process(slot, 200, ALL, ABLE_PUBLIC, false);

	for (unsigned i = 0; i < 2; i++)
		assert_true(sys_ChannelCreate(t, machine_random(8)) > 0);
	for (unsigned i = 0; i < 4; i++)
		sys_ConnectAttach(t, 1 + machine_random(SLOTS), 1 + machine_random(2), machine_random(3));
	random_spawn(t);
	random_spawn(t);
	assert_int_equal(sys_SchedSet(procmgr, slot, t->tid, 12, SCHED_RR_, 0), 0);
}

static void random_step(void)
{
	struct cpu *c = &cpus[machine_random(4)];

	switch (machine_random(16)) {
	case 0: machine_tick(machine_random(2000)); break;
	case 1: host_raise_after(1 + machine_random(3), SPI); break;
	case 2: urgent_random(); break;
	case 4: host_lock_wanted(machine_random(2)); break;
	case 3:
		if (!machine_random(60)) {
			unsigned slot = 1 + machine_random(SLOTS);

			machine_destroy(slot);
			random_process(slot);
		}
		break;
	default:
		if (c->current == urgent)
			urgent_random();
		else if (c->current)
			random_call(c->current);
	}
}

static void random_calls_keep_the_invariants(void **state)
{
	(void)state;
	machine_seed(1);
	/* The one that interrupts copies is beside those that are tested. */
	urgent = machine_process(SLOTS + 1, 150, 1, 0, false);
	urgent->process->regions[REGION_IRQS].start = SPI;
	urgent->process->regions[REGION_IRQS].bytes = 1;
	assert_int_equal(sys_ChannelCreate(urgent, CHF_PRIVATE), 1);
	assert_int_equal(sys_InterruptAttachEvent(urgent, SPI, 1, 0, 0, 0), 1);
	assert_int_equal(sys_MsgReceive(urgent, 1, 0, 0), BLOCKED);
	for (unsigned slot = 1; slot <= SLOTS; slot++)
		random_process(slot);
	for (unsigned n = 0; n < 20000; n++) {
		random_step();
		machine_check(true);
		/* All asleep, or one process out of threads: begin again. */
		for (unsigned slot = 1; slot <= SLOTS; slot++)
			if (!processes[slot].threads_alive || n % 500 == 499) {
				machine_destroy(slot);
				random_process(slot);
			}
	}
	host_raise_after(0, SPI);
}

int random_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(random_calls_keep_the_invariants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
