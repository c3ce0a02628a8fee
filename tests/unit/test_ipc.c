/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tests/unit/machine.c kernel/arch/host/host.c kernel/arch/host/kmem.c kernel/arch/host/lock.c */
/* SOURCES: kernel/arch/host/record.c kernel/arch/host/world.c kernel/mm/space.c kernel/sched/sched.c */
/* SOURCES: kernel/sched/timer.c kernel/object/call.c kernel/object/channel.c kernel/object/copy.c */
/* SOURCES: kernel/object/inherit.c kernel/object/irq.c kernel/object/message.c kernel/object/process.c */
/* SOURCES: kernel/object/bind.c kernel/object/owner.c kernel/object/pulse.c */
/* SOURCES: kernel/object/process_calls.c kernel/object/system_calls.c kernel/object/thread.c */
/* SOURCES: kernel/object/thread_calls.c kernel/object/timer_object.c kernel/object/vcpu_calls.c kernel/object/vgic.c */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/* Messages and pulses, through the kernel's door: in every order, and with everything that can come between. */
#include "machine.h"

#define SRV   1u /* slots */
#define CLI   2u
#define OTHER 3u
#define ALL   0xfu
#define SPI   40u

static struct thread *srv, *cli;
static uint64_t chid, coid;

static uint64_t sizes(uint64_t send, uint64_t reply)
{
	return send | reply << 32;
}

static void both(uint32_t srv_cpus, uint32_t cli_cpus, unsigned srv_prio, unsigned cli_prio, unsigned flags)
{
	srv = machine_process(SRV, srv_prio, srv_cpus, ABLE_PUBLIC, false);
	cli = machine_process(CLI, cli_prio, cli_cpus, ABLE_PUBLIC, false);
	chid = (uint64_t)sys(srv, ChannelCreate, flags);
	assert_true((int64_t)chid > 0);
	coid = (uint64_t)sys(cli, ConnectAttach, SRV, chid, 0);
	assert_true((int64_t)coid > 0);
}

static uint64_t objects(void)
{
	struct system_info info;

	assert_int_equal(sys(procmgr, SystemInfo, procmgr_page), 0);
	machine_read(&processes[0], procmgr_page, &info, sizeof(info));
	return info.objects;
}

static int setup(void **state)
{
	static bool booted;

	if (!booted)
		machine_boot(4);
	booted = true;
	*state = (void *)objects();
	return 0;
}

/* Whatever a test left, the ends of its processes take away. */
static int teardown(void **state)
{
	machine_check(true);
	for (unsigned slot = SRV; slot < PROCESS_MAX; slot++)
		if (processes[slot].state != PROCESS_FREE)
			machine_destroy(slot);
	machine_check(true);
	assert_int_equal(objects(), (uint64_t)*state);
	return 0;
}

static void fill(uint8_t *at, uint64_t bytes, unsigned seed)
{
	for (uint64_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(i * 7 + i / 256 + seed);
}

static uint8_t pattern[MEM_BYTES], buffer[MEM_BYTES];

/* A message of which the first words are in registers and all is at `va`. */
static const uint64_t *message(struct process *p, uint64_t va, uint64_t bytes, unsigned seed)
{
	static uint64_t words[4];

	fill(pattern, bytes < 32 ? 32 : bytes, seed);
	memcpy(words, pattern, sizeof(words));
	if (bytes)
		machine_write(p, va, pattern, bytes);
	return words;
}

static void expect(const struct thread *t, uint64_t va, uint64_t bytes)
{
	assert_memory_equal(&t->frame.x[4], pattern, bytes < 32 ? bytes : 32);
	if (bytes > 32) {
		machine_read(t->process, va, buffer, bytes);
		assert_memory_equal(buffer + 32, pattern + 32, bytes - 32);
	}
}

static int64_t send(struct thread *t, uint64_t to, uint64_t bytes, uint64_t reply, unsigned seed)
{
	const uint64_t *w = message(t->process, MEM_VA, bytes, seed);

	return sys(t, MsgSend, to, sizes(bytes, reply), MEM_VA, MEM_VA + MEM_BYTES / 2, w[0], w[1], w[2], w[3]);
}

static int64_t answer(struct thread *t, uint64_t rcvid, uint64_t status, uint64_t bytes, unsigned seed)
{
	const uint64_t *w = message(t->process, MEM_VA, bytes, seed);

	return sys(t, MsgReply, rcvid, status, bytes, MEM_VA, w[0], w[1], w[2], w[3]);
}

#define RECV_VA (MEM_VA + MEM_BYTES / 2)

static int64_t receive(struct thread *t)
{
	return sys(t, MsgReceive, chid, MEM_BYTES / 2, RECV_VA);
}

/* ---- one message ---- */

static void one_exchange(bool receiver_first, uint64_t bytes, uint64_t reply)
{
	int64_t rcvid;

	if (receiver_first) {
		assert_int_equal(receive(srv), BLOCKED);
		assert_int_equal(srv->state, STATE_RECEIVE);
		assert_int_equal(send(cli, coid, bytes, MEM_BYTES / 2, 1), BLOCKED);
		rcvid = (int64_t)srv->frame.x[0];
	} else {
		assert_int_equal(send(cli, coid, bytes, MEM_BYTES / 2, 1), BLOCKED);
		assert_int_equal(cli->state, STATE_SEND);
		rcvid = receive(srv);
	}
	assert_true(rcvid > 0);
	assert_int_equal(srv->state, STATE_RUNNING);
	assert_int_equal(cli->state, STATE_REPLY);
	assert_int_equal(srv->frame.x[1], bytes);
	assert_int_equal(MSGINFO_SLOT(srv->frame.x[2]), CLI);
	assert_int_equal(MSGINFO_TID(srv->frame.x[2]), cli->tid);
	expect(srv, RECV_VA, bytes);
	machine_check(true);
	assert_int_equal(sys(srv, MsgInfo, rcvid), sizes(bytes, MEM_BYTES / 2));
	assert_int_equal(srv->frame.x[3], coid);
	assert_int_equal(answer(srv, (uint64_t)rcvid, 7, reply, 2), 0);
	assert_int_equal(cli->state, STATE_RUNNING);
	assert_int_equal(cli->frame.x[0], 7);
	assert_int_equal(cli->frame.x[1], reply);
	expect(cli, RECV_VA, reply);
	assert_int_equal(sys(srv, MsgReply, rcvid, 0, 0, 0), -KE_SRCH);
}

static void test_exchange(void **state)
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
static void test_exchange_one_cpu(void **state)
{
	(void)state;
	int64_t rcvid;

	both(2, 6, 30, 20, 0);
	assert_int_equal(receive(srv), BLOCKED);
	assert_int_equal(sys(cli, ThreadCtl, THREADCTL_RUNMASK, 2), 0);
	assert_int_equal(cli->cpu, 1);
	assert_int_equal(send(cli, coid, 100, 100, 1), BLOCKED);
	/* It serves as important as its client. */
	assert_int_equal(srv->prio, 20);
	assert_int_equal(cpus[1].current == srv, 1);
	rcvid = (int64_t)srv->frame.x[0];
	expect(srv, RECV_VA, 100);
	answer(srv, (uint64_t)rcvid, 0, 100, 2);
	assert_int_equal(cli->state, STATE_READY);
	assert_int_equal(receive(srv), BLOCKED);
	assert_ptr_equal(cpus[1].current, cli);
	expect(cli, RECV_VA, 100);
}

/* ---- who runs next ---- */

static int64_t short_send(void)
{
	return sys(cli, MsgSend, coid, sizes(32, 32), MEM_VA, RECV_VA, 1, 2, 3, 4);
}

static int64_t short_reply_receive(void)
{
	return sys(srv, MsgReplyReceive, srv->frame.x[0], 0, sizes(32, 32), MEM_VA, 5, 6, 7, 8, 0, chid, RECV_VA);
}

/* Both on CPU 1, the server waits. */
static void together(unsigned srv_prio, unsigned cli_prio, unsigned flags)
{
	both(2, 4, srv_prio, cli_prio, flags);
	processes[SRV].params.runmask = processes[CLI].params.runmask = ALL;
	assert_int_equal(receive(srv), BLOCKED);
	assert_int_equal(sys(cli, ThreadCtl, THREADCTL_RUNMASK, 2), 0);
	assert_ptr_equal(cpus[1].current, cli);
}

/* The server gets the client's CPU, and gives it back with the answer: no queue, no other CPU, no interrupt. */
static void test_direct(void **state)
{
	uint64_t ticks[2];

	(void)state;
	together(20, 30, 0);
	for (unsigned i = 0; i < 3; i++) {
		unsigned sgis = host_sgi_count(1) + host_sgi_count(2);

		ticks[0] = cli->cpu_ticks;
		ticks[1] = srv->cpu_ticks;
		host_clock_set(clock_now() + 100);
		assert_int_equal(short_send(), BLOCKED);
		assert_ptr_equal(cpus[1].current, srv);
		assert_int_equal(cli->state, STATE_REPLY);
		assert_int_equal(cpus[1].rq.count, 0);
		assert_int_equal(srv->prio, 30);
		assert_int_equal(srv->frame.x[1], 32);
		assert_int_equal(srv->frame.x[4], 1);
		assert_int_equal(srv->frame.x[7], 4);
		machine_check(true);
		host_clock_set(clock_now() + 30);
		assert_int_equal(short_reply_receive(), BLOCKED);
		assert_ptr_equal(cpus[1].current, cli);
		assert_int_equal(srv->state, STATE_RECEIVE);
		assert_int_equal(srv->prio, 20);
		assert_int_equal(cli->frame.x[0], 0);
		assert_int_equal(cli->frame.x[7], 8);
		machine_check(true);
		assert_int_equal(cli->cpu_ticks - ticks[0], 100);
		assert_int_equal(srv->cpu_ticks - ticks[1], 30);
		assert_int_equal(host_sgi_count(1) + host_sgi_count(2), sgis);
	}
	/* What the general way must do: the client's room, a word that is no message's, an error of the server's. */
	assert_int_equal(short_send(), BLOCKED);
	assert_int_equal(
	    sys(srv, MsgReplyReceive, srv->frame.x[0], 0, sizes(MSG_MAX + 1, 0), 0, 0, 0, 0, 0, 0, chid, 0),
	    -KE_MSGSIZE);
	assert_int_equal(sys(srv, MsgReplyReceive, 4711, 0, sizes(0, 0), 0, 0, 0, 0, 0, 0, chid, 0), BLOCKED);
	assert_int_equal(cli->state, STATE_REPLY);
}

/* Who waited for the CPU as one of equal importance goes before the server; so it does before the client. */
static void test_direct_and_equals(void **state)
{
	struct thread *equal;

	(void)state;
	together(20, 20, 0);
	/* The first message makes the server one of the channel's: from then on nothing else is to be looked at. */
	assert_int_equal(short_send(), BLOCKED);
	assert_int_equal(short_reply_receive(), BLOCKED);
	equal = machine_spawn(cli, 20, 2);
	assert_int_equal(equal->state, STATE_READY);
	assert_int_equal(short_send(), BLOCKED);
	assert_ptr_equal(cpus[1].current, equal);
	assert_int_equal(srv->state, STATE_READY);
	assert_int_equal(sys(equal, SchedYield), 0);
	assert_ptr_equal(cpus[1].current, srv);
	assert_int_equal(short_reply_receive(), BLOCKED);
	assert_ptr_equal(cpus[1].current, equal);
	assert_int_equal(sys(equal, SchedYield), 0);
	assert_ptr_equal(cpus[1].current, cli);
	assert_int_equal(cli->frame.x[4], 5);
}

/* A server that keeps its own priority does not get in front of what is more important than that. */
static void test_direct_and_fixed(void **state)
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
	assert_int_equal(sys(middle, SyncWait, MEM_VA, 0), BLOCKED);
	assert_ptr_equal(cpus[1].current, srv);
}

/* A server that may not run here any more, or whose registers another CPU holds, runs there. */
static void test_direct_and_other_cpus(void **state)
{
	struct thread *low;

	(void)state;
	together(20, 20, 0);
	assert_int_equal(sys(procmgr, SchedSet, SRV, srv->tid, 20 | SCHED_FIFO_ << 8, 4), 0);
	assert_int_equal(short_send(), BLOCKED);
	assert_ptr_equal(cpus[2].current, srv);
	assert_null(cpus[1].current);
	machine_check(true);
	assert_int_equal(short_reply_receive(), BLOCKED);
	assert_ptr_equal(cpus[1].current, cli);
	/* It may run anywhere, and here is nothing else to do: no other CPU is called. */
	assert_int_equal(sys(procmgr, SchedSet, SRV, srv->tid, 20 | SCHED_FIFO_ << 8, ALL), 0);
	assert_int_equal(short_send(), BLOCKED);
	assert_ptr_equal(cpus[1].current, srv);
	assert_int_equal(short_reply_receive(), BLOCKED);
	/* What is less important keeps its chance here, while another CPU has nothing to do. */
	assert_int_equal(sys(procmgr, SchedSet, SRV, srv->tid, 20 | SCHED_FIFO_ << 8, 4), 0);
	assert_int_equal(short_send(), BLOCKED);
	assert_int_equal(short_reply_receive(), BLOCKED);
	assert_int_equal(sys(procmgr, SchedSet, SRV, srv->tid, 20 | SCHED_FIFO_ << 8, ALL), 0);
	low = machine_spawn(cli, 5, 2);
	assert_int_equal(low->state, STATE_READY);
	assert_int_equal(short_send(), BLOCKED);
	assert_ptr_equal(cpus[2].current, srv);
	assert_ptr_equal(cpus[1].current, low);
	/* Its FP registers are there: it does not come without them. */
	machine_fp_write(2, 4711);
	assert_int_equal(short_reply_receive(), BLOCKED);
	assert_ptr_equal(cpus[1].current, cli);
	assert_int_equal(sys(procmgr, SchedSet, SRV, srv->tid, 20 | SCHED_FIFO_ << 8, 2), 0);
	assert_int_equal(short_send(), BLOCKED);
	assert_ptr_equal(cpus[1].current, srv);
	assert_int_equal(machine_fp_read(1), 4711);
}

/* A client is woken and would go before its server, which then takes a message that is even more important. */
static void test_direct_overtaken(void **state)
{
	int64_t rcvid;

	(void)state;
	together(10, 20, CHF_FIXED_PRIORITY);
	/* Its reply cannot be written: the server goes the general way, and wakes it before it receives. */
	assert_int_equal(sys(cli, MsgSend, coid, sizes(0, 100), 0, 0xdead0000), BLOCKED);
	rcvid = (int64_t)srv->frame.x[0];
	channel_of(srv->process, chid)->flags = 0;
	assert_int_equal(srv->prio, 10);
	pulse_send(channel_of(srv->process, chid), &srv->process->death);
	assert_int_equal(sys(procmgr, SchedSet, SRV, srv->tid, 10 | SCHED_FIFO_ << 8, 0), 0);
	assert_int_equal(sys(srv, MsgReplyReceive, rcvid, 0, sizes(100, 0), MEM_VA, 0, 0, 0, 0, 0, chid, 0), 0);
	assert_ptr_equal(cpus[1].current, srv);
	assert_int_equal(srv->prio, 200);
	assert_int_equal(cli->state, STATE_READY);
	assert_null(cpus[1].next);
	assert_int_equal(receive(srv), BLOCKED);
	assert_ptr_equal(cpus[1].current, cli);
	assert_int_equal(cli->frame.x[0], (uint64_t)-KE_FAULT);
}

/* A pulse to a more important thread: it runs at once, and the sender goes on afterwards, before its equals. */
static void test_direct_pulse(void **state)
{
	struct thread *equal;

	(void)state;
	together(20, 20, 0);
	equal = machine_spawn(cli, 20, 2);
	/* The first makes it a server of the channel; the second finds nothing to be looked at. */
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(sys(cli, MsgSendPulse, coid, 30, 7, 1000 + i), 0);
		assert_ptr_equal(cpus[1].current, srv);
		assert_int_equal(srv->prio, 30);
		assert_int_equal(srv->frame.x[0], 0);
		assert_int_equal(srv->frame.x[4], 7);
		assert_int_equal(srv->frame.x[5], 1000 + i);
		assert_int_equal(MSGINFO_SLOT(srv->frame.x[2]), CLI);
		machine_check(true);
		assert_int_equal(receive(srv), BLOCKED);
		assert_ptr_equal(cpus[1].current, cli);
		assert_int_equal(cli->frame.x[0], 0);
	}
	assert_int_equal(equal->state, STATE_READY);
	/* No more important than the sender: it waits. */
	assert_int_equal(sys(cli, MsgSendPulse, coid, 20, 7, 1), 0);
	assert_ptr_equal(cpus[1].current, cli);
	assert_int_equal(srv->state, STATE_READY);
	assert_int_equal(cli->process->kmem.count[OBJECT_PULSE], 0);
	/* A sender that may run elsewhere does so, since it is more important than what is there: nothing. */
	assert_int_equal(sys(procmgr, SchedSet, CLI, equal->tid, 20 | SCHED_FIFO_ << 8, 1), 0);
	assert_int_equal(sys(cli, SchedYield), 0);
	assert_int_equal(receive(srv), BLOCKED);
	assert_int_equal(sys(procmgr, SchedSet, CLI, cli->tid, 20 | SCHED_FIFO_ << 8, 6), 0);
	machine_fp_write(1, 815);
	assert_int_equal(sys(cli, MsgSendPulse, coid, 30, 7, 1), 0);
	assert_ptr_equal(cpus[1].current, srv);
	assert_ptr_equal(cpus[2].current, cli);
	assert_int_equal(machine_fp_read(2), 815);
}

static void test_direct_and_timeouts(void **state)
{
	(void)state;
	together(20, 20, 0);
	/* A time-out takes the general way, and is over with the answer. */
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(sys(cli, TimerTimeout, TIMEOUT_SEND | TIMEOUT_REPLY, 1000), 0);
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
	assert_int_equal(sys(cli, TimerTimeout, TIMEOUT_REPLY, 1000), 0);
	assert_int_equal(short_send(), BLOCKED);
	machine_tick(1000);
	assert_int_equal(cli->frame.x[0], (uint64_t)-KE_TIMEDOUT);
	/* The client is gone: nobody is answered, and the next one is not taken for it. */
	assert_int_equal(short_reply_receive(), BLOCKED);
	assert_ptr_equal(cpus[1].current, cli);
	assert_int_equal(cli->frame.x[0], (uint64_t)-KE_TIMEDOUT);
}

static void test_short_buffers(void **state)
{
	int64_t rcvid;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	/* The receiver's buffer is smaller than the message: the rest is there for MsgRead. */
	assert_int_equal(send(cli, coid, 5000, 3000, 3), BLOCKED);
	rcvid = sys(srv, MsgReceive, chid, 100, RECV_VA);
	assert_true(rcvid > 0);
	assert_int_equal(srv->frame.x[1], 5000);
	expect(srv, RECV_VA, 100);
	assert_int_equal(sys(srv, MsgRead, rcvid, RECV_VA, 4900, 100), 4900);
	machine_read(srv->process, RECV_VA, buffer, 4900);
	assert_memory_equal(buffer, pattern + 100, 4900);
	assert_int_equal(sys(srv, MsgRead, rcvid, RECV_VA, 4096, 4990), 10);
	assert_int_equal(sys(srv, MsgRead, rcvid, RECV_VA, 1, 5000), 0);
	assert_int_equal(sys(srv, MsgRead, rcvid, RECV_VA, 1, 5001), -KE_INVAL);
	/* Written into the reply's buffer, within its bounds. */
	fill(pattern, 4096, 9);
	machine_write(srv->process, MEM_VA, pattern, 4096);
	assert_int_equal(sys(srv, MsgWrite, rcvid, MEM_VA, 4096, 1000), 2000);
	assert_int_equal(sys(srv, MsgWrite, rcvid, MEM_VA, 4096, 3001), -KE_INVAL);
	machine_read(cli->process, RECV_VA + 1000, buffer, 2000);
	assert_memory_equal(buffer, pattern, 2000);
	/* More is answered than the client has room for. */
	assert_int_equal(answer(srv, (uint64_t)rcvid, 0, 4000, 4), 0);
	assert_int_equal(cli->frame.x[1], 3000);
	expect(cli, RECV_VA, 3000);
}

static void test_wrong_arguments(void **state)
{
	(void)state;
	both(ALL, ALL, 20, 20, 0);
	assert_int_equal(sys(cli, MsgSend, 0, 0), -KE_BADF);
	assert_int_equal(sys(cli, MsgSend, coid + 1, 0), -KE_BADF);
	assert_int_equal(sys(cli, MsgSend, 512, 0), -KE_BADF);
	assert_int_equal(sys(cli, MsgSend, coid, MSG_MAX + 1), -KE_MSGSIZE);
	assert_int_equal(sys(cli, MsgSend, coid, sizes(0, MSG_MAX + 1)), -KE_MSGSIZE);
	assert_int_equal(sys(srv, MsgReceive, chid + 1, 0, 0), -KE_BADF);
	assert_int_equal(sys(srv, MsgReceive, chid, MSG_MAX + 1, 0), -KE_MSGSIZE);
	for (uint64_t rcvid = 0; rcvid < 3; rcvid++) {
		assert_int_equal(sys(srv, MsgReply, rcvid, 0, 0, 0), -KE_SRCH);
		assert_int_equal(sys(srv, MsgError, rcvid, 1), -KE_SRCH);
		assert_int_equal(sys(srv, MsgRead, rcvid, 0, 0, 0), -KE_SRCH);
	}
	assert_int_equal(sys(srv, MsgReply, UINT64_MAX, 0, 0, 0), -KE_SRCH);
	assert_int_equal(sys(cli, ConnectAttach, SRV, chid + 1, 0), -KE_SRCH);
	assert_int_equal(sys(cli, ConnectAttach, PROCESS_MAX, chid, 0), -KE_SRCH);
	assert_int_equal(sys(cli, ConnectAttach, SRV, chid, 5), -KE_BADF);
	assert_int_equal(sys(cli, ProcessDestroy, SRV), -KE_PERM);
	/* Another process may not answer for the server. */
	struct thread *other = machine_process(OTHER, 20, ALL, 0, false);

	assert_int_equal(sys(other, ChannelCreate, 0), -KE_PERM);
	assert_int_equal(send(cli, coid, 8, 8, 1), BLOCKED);
	int64_t rcvid = receive(srv);

	assert_int_equal(sys(other, MsgReply, rcvid, 0, 0, 0), -KE_SRCH);
	assert_int_equal(sys(srv, MsgError, rcvid, 0), -KE_INVAL);
	assert_int_equal(sys(srv, MsgError, rcvid, 5), 0);
	assert_int_equal(cli->frame.x[0], (uint64_t)-5);
}

static void test_reply_receive(void **state)
{
	struct thread *cli2;
	int64_t rcvid, second;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	cli2 = machine_spawn(cli, 25, ALL);
	assert_int_equal(sys(srv, MsgReplyReceive, 0, 0, sizes(0, 100), 0, 0, 0, 0, 0, 0, chid, RECV_VA), BLOCKED);
	assert_int_equal(send(cli, coid, 50, 50, 1), BLOCKED);
	rcvid = (int64_t)srv->frame.x[0];
	expect(srv, RECV_VA, 50);
	assert_int_equal(send(cli2, coid, 60, 60, 2), BLOCKED);
	second = sys(srv, MsgReplyReceive, rcvid, 3, sizes(8, 100), MEM_VA, 42, 0, 0, 0, 0, chid, RECV_VA);
	expect(srv, RECV_VA, 60);
	assert_int_equal(cli->frame.x[0], 3);
	assert_int_equal(cli->frame.x[4], 42);
	assert_int_not_equal(second, rcvid);
	assert_int_equal(sys(srv, MsgReplyReceive, second, 4, sizes(0, 100), 0, 0, 0, 0, 0, 0, chid, RECV_VA), BLOCKED);
	assert_int_equal(cli2->frame.x[0], 4);
}

/* ---- order ---- */

static void test_priority_order(void **state)
{
	static const unsigned prio[] = {30, 50, 40, 50, 30};
	static const unsigned order[] = {1, 3, 2, 0, 4};
	struct thread *c[ARRAY_COUNT(prio)];

	(void)state;
	both(1, 0xe, 20, 20, 0);
	for (unsigned i = 0; i < ARRAY_COUNT(prio); i++) {
		c[i] = machine_spawn(cli, prio[i], 0xe);
		assert_int_equal(send(c[i], coid, 8, 8, i), BLOCKED);
		machine_check(true);
	}
	/* A pulse of the same importance comes behind those that were there. */
	assert_int_equal(sys(cli, MsgSendPulse, coid, 40, 5, 99), 0);
	for (unsigned i = 0; i < ARRAY_COUNT(prio); i++) {
		int64_t rcvid;

		if (i == 3) {
			assert_int_equal(receive(srv), 0);
			assert_int_equal(srv->frame.x[4], 5);
			assert_int_equal(srv->frame.x[5], 99);
			assert_int_equal(srv->prio, 40);
		}
		rcvid = receive(srv);
		assert_int_equal(MSGINFO_TID(srv->frame.x[2]), c[order[i]]->tid);
		assert_int_equal(srv->prio, prio[order[i]]);
		assert_int_equal(sys(srv, MsgReply, rcvid, 0, 0, 0), 0);
	}
	assert_int_equal(receive(srv), BLOCKED);
	assert_int_equal(srv->prio, 20);
}

/* A server that takes something less important makes room at once. */
static void test_served_less_important(void **state)
{
	struct thread *middle, *low;

	(void)state;
	both(1, 0xe, 20, 60, 0);
	low = machine_spawn(cli, 10, 0xe);
	assert_int_equal(send(low, coid, 8, 8, 1), BLOCKED);
	assert_int_equal(send(cli, coid, 8, 8, 1), BLOCKED);
	assert_true(receive(srv) > 0);
	assert_int_equal(srv->prio, 60);
	/* It waits for CPU 0, where the server goes before it. */
	middle = machine_process(OTHER, 40, 1, 0, false);
	assert_int_equal(middle->state, STATE_READY);
	assert_true(receive(srv) > 0);
	assert_int_equal(srv->prio, 10);
	assert_int_equal(srv->state, STATE_READY);
	assert_int_equal(middle->state, STATE_RUNNING);
	machine_check(true);
}

/* ---- inheritance ---- */

static void test_inheritance_chain(void **state)
{
	struct thread *t[12], *high;
	uint64_t ch[12], co[12];

	(void)state;
	both(ALL, ALL, 20, 60, 0);
	/* Thread i receives on channel i ... */
	for (unsigned i = 1; i < 12; i++) {
		t[i] = machine_spawn(srv, 21, ALL);
		ch[i] = (uint64_t)sys(srv, ChannelCreate, 0);
		co[i] = (uint64_t)sys(srv, ConnectAttach, SRV, ch[i], 0);
		assert_int_equal(sys(t[i], MsgReceive, ch[i], 0, 0), BLOCKED);
	}
	/* ... and sends to the next while it serves: srv, 1, 2, ... each waits for the next one. */
	t[0] = srv;
	coid = (uint64_t)sys(cli, ConnectAttach, SRV, ch[1], 0);
	for (unsigned n = 1; n < 12; n++) {
		assert_int_equal(sys(t[n - 1], MsgSend, co[n], 0, 0, 0), BLOCKED);
		assert_int_equal(t[n - 1]->state, STATE_REPLY);
		assert_int_equal(t[n]->state, STATE_RUNNING);
		machine_check(true);
		if (n == 8) {
			/* 1 to 8: all inherit. */
			high = machine_spawn(cli, 60, ALL);
			assert_int_equal(sys(high, MsgSend, coid, 0, 0, 0), BLOCKED);
			for (unsigned i = 1; i <= 8; i++)
				assert_int_equal(t[i]->prio, 60);
		} else if (n > 8) {
			assert_int_equal(sys(cli, MsgSend, coid, 0, 0, 0), -KE_AGAIN);
		}
	}
}

/* Many servers: a few hurry, those that only need a CPU first. */
static void test_inheritance_bounded(void **state)
{
	struct thread *t[40], *second;
	unsigned raised = 0;

	(void)state;
	both(1, 2, 20, 60, 0);
	processes[SRV].params.runmask = processes[CLI].params.runmask = ALL;
	for (unsigned i = 0; i < ARRAY_COUNT(t); i++) {
		t[i] = machine_spawn(srv, 21, 4);
		assert_int_equal(sys(cli, MsgSendPulse, coid, 21, 1, i), 0);
		assert_int_equal(sys(t[i], MsgReceive, chid, 0, 0), 0);
		/* All but two of them wait for something. */
		if (i != 10 && i != 20)
			assert_int_equal(sys(t[i], SyncWait, MEM_VA, 0), BLOCKED);
		else
			assert_int_equal(sys(procmgr, SchedSet, SRV, t[i]->tid, 21 | SCHED_FIFO_ << 8, 8), 0);
	}
	assert_int_equal(send(cli, coid, 8, 8, 1), BLOCKED);
	for (unsigned i = 0; i < ARRAY_COUNT(t); i++)
		raised += t[i]->prio == 60;
	assert_int_equal(raised, 4);
	assert_int_equal(t[10]->prio + t[20]->prio + t[0]->prio + t[1]->prio, 4 * 60);
	machine_check(true);
	/* They hurry already: the next one of that importance raises nobody else. */
	second = machine_process(OTHER, 60, 2, 0, false);
	assert_int_equal(send(second, (uint64_t)sys(second, ConnectAttach, SRV, chid, 0), 8, 8, 1), BLOCKED);
	assert_int_equal(t[2]->prio, 21);
	machine_check(true);
}

static void test_fixed_priority(void **state)
{
	(void)state;
	both(ALL, ALL, 20, 60, CHF_FIXED_PRIORITY);
	assert_int_equal(send(cli, coid, 8, 8, 1), BLOCKED);
	assert_true(receive(srv) > 0);
	assert_int_equal(srv->prio, 20);
}

/* ---- long copies ---- */

static struct thread *urgent;

/* A thread on CPU 0 that an interrupt wakes, and that everything else there waits for. */
static void urgent_start(void)
{
	int64_t id;

	urgent = machine_process(OTHER, 150, 1, 0, false);
	/* Only a process that is not started yet can be given interrupts. */
	processes[OTHER].irqs[0].first = SPI;
	processes[OTHER].irqs[0].count = 1;
	id = sys(urgent, InterruptAttachEvent, SPI, 0, 0, 0, 0);
	assert_true(id > 0);
	assert_true(host_is_enabled(SPI));
	assert_int_equal(sys(urgent, InterruptWait, id), BLOCKED);
}

static void urgent_again(void)
{
	assert_int_equal(sys(urgent, InterruptUnmask, 1), 0);
	assert_int_equal(sys(urgent, InterruptWait, 1), BLOCKED);
}

/* A message of three pages whose copy, by the receiver, the urgent thread interrupts after a page. */
static void interrupted(bool receiver_first)
{
	if (receiver_first)
		assert_int_equal(receive(srv), BLOCKED);
	/* A copy that was handed over looks once more, before it begins. */
	host_raise_after(receiver_first ? 2 : 1, SPI);
	assert_int_equal(send(cli, coid, 3 * PAGE_SIZE, MEM_BYTES / 2, 5), BLOCKED);
	assert_int_equal(cli->state, STATE_SEND);
	if (!receiver_first)
		assert_int_equal(receive(srv), BLOCKED);
	assert_ptr_equal(cpus[0].current, urgent);
	assert_int_equal(srv->state, STATE_READY);
	assert_true(srv->resume_copy);
	assert_true(srv->copy.done >= PAGE_SIZE - 32 && srv->copy.left > 0);
	machine_check(true);
}

/* The server on the urgent thread's CPU, the client on another; threads of theirs may be anywhere. */
static void pinned(unsigned flags)
{
	both(1, 2, 20, 20, flags);
	urgent_start();
	processes[SRV].params.runmask = processes[CLI].params.runmask = ALL;
}

static void destroy_all(void)
{
	for (unsigned slot = SRV; slot < PROCESS_MAX; slot++)
		if (processes[slot].state != PROCESS_FREE)
			machine_destroy(slot);
}

static void test_copy_interrupted(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 2; first++) {
		pinned(0);
		interrupted(first);
		urgent_again();
		assert_int_equal(cli->state, STATE_REPLY);
		assert_int_equal(srv->state, STATE_RUNNING);
		expect(srv, RECV_VA, 3 * PAGE_SIZE);
		assert_int_equal(answer(srv, srv->frame.x[0], 0, 0, 0), 0);
		destroy_all();
	}
}

/* Between a long answer and a message that waits. */
static void test_reply_receive_interrupted(void **state)
{
	struct thread *second;
	int64_t rcvid;

	(void)state;
	pinned(0);
	second = machine_spawn(cli, 20, 8);
	assert_int_equal(send(cli, coid, 0, MEM_BYTES / 2, 1), BLOCKED);
	rcvid = receive(srv);
	assert_int_equal(send(second, coid, 100, 0, 1), BLOCKED);
	host_raise_after(1, SPI);
	assert_int_equal(sys(srv, MsgReplyReceive, rcvid, 7, sizes(1000, 1000), MEM_VA, 0, 0, 0, 0, 0, chid, RECV_VA),
			 BLOCKED);
	assert_ptr_equal(cpus[0].current, urgent);
	assert_int_equal(cli->frame.x[0], 7);
	assert_int_equal(cli->frame.x[1], 1000);
	assert_int_equal(second->state, STATE_SEND);
	machine_check(true);
	urgent_again();
	assert_int_equal(srv->state, STATE_RUNNING);
	assert_int_equal(second->state, STATE_REPLY);
	assert_int_equal(srv->frame.x[0], second->rcvid);
	expect(srv, RECV_VA, 100);
}

/* The sender's memory goes away in the middle; another has sent meanwhile, and is served. */
static void test_copy_source_fault(void **state)
{
	struct thread *second;

	(void)state;
	pinned(0);
	second = machine_spawn(cli, 20, 8);
	interrupted(true);
	assert_int_equal(sys(second, MsgSend, coid, sizes(8, 8), 0, 0, 77), BLOCKED);
	assert_int_equal(second->state, STATE_SEND);
	/* As another thread of its process would. */
	assert_int_equal(space_unmap(&cli->process->space, MEM_VA + 2 * PAGE_SIZE, PAGE_SIZE), PAGE_SIZE);
	urgent_again();
	assert_int_equal(cli->state, STATE_RUNNING);
	assert_int_equal(cli->frame.x[0], (uint64_t)-KE_FAULT);
	assert_int_equal(srv->state, STATE_RUNNING);
	assert_int_equal(srv->frame.x[4], 77);
	assert_int_equal(second->state, STATE_REPLY);
	machine_check(true);
}

/* The receiver's memory goes away; the message is another receiver's, who has come meanwhile. */
static void test_copy_target_fault(void **state)
{
	struct thread *second;

	(void)state;
	for (unsigned first = 0; first < 2; first++) {
		pinned(0);
		second = machine_spawn(srv, 20, 8);
		interrupted(first);
		assert_int_equal(sys(second, MsgReceive, chid, PAGE_SIZE, MEM_VA), BLOCKED);
		assert_int_equal(space_unmap(&srv->process->space, RECV_VA + 2 * PAGE_SIZE, PAGE_SIZE), PAGE_SIZE);
		urgent_again();
		assert_int_equal(srv->state, STATE_RUNNING);
		assert_int_equal(srv->frame.x[0], (uint64_t)-KE_FAULT);
		assert_int_equal(cli->state, STATE_REPLY);
		assert_int_equal(second->state, STATE_RUNNING);
		assert_int_equal(second->frame.x[1], 3 * PAGE_SIZE);
		machine_check(true);
		destroy_all();
	}
}

/* Many send what cannot be read: the receiver goes over all of them, and takes the good one. */
static void test_many_bad_senders(void **state)
{
	struct thread *t;

	(void)state;
	both(1, 0xe, 20, 20, 0);
	for (unsigned i = 0; i < 60; i++) {
		t = machine_spawn(cli, 30, 0xe);
		assert_int_equal(sys(t, MsgSend, coid, sizes(100, 0), 0xdead0000, 0), BLOCKED);
	}
	assert_int_equal(sys(cli, MsgSend, coid, sizes(8, 0), 0, 0, 5), BLOCKED);
	assert_true(receive(srv) > 0);
	assert_int_equal(srv->frame.x[4], 5);
	assert_int_equal(t->frame.x[0], (uint64_t)-KE_FAULT);
	machine_check(true);
}

/* Either side, or the channel, goes while the copy is interrupted. */
static void test_copy_partner_gone(void **state)
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
			assert_int_equal(sys(second, MsgReceive, chid, PAGE_SIZE, MEM_VA), BLOCKED);
			assert_int_equal(sys(third, ThreadDestroy, srv->tid), 0);
			assert_int_equal(cli->state, STATE_REPLY);
			assert_int_equal(second->state, STATE_RUNNING);
			break;
		case 2:
			assert_int_equal(sys(second, ThreadDestroy, srv->tid), 0);
			assert_int_equal(cli->state, STATE_SEND);
			break;
		case 3:
			assert_int_equal(sys(second, ChannelDestroy, chid), 0);
			machine_check(true);
			urgent_again();
			assert_int_equal(cli->state, STATE_RUNNING);
			assert_int_equal(cli->frame.x[0], (uint64_t)-KE_SRCH);
			assert_int_equal(srv->frame.x[0], (uint64_t)-KE_BADF);
			break;
		default:
			machine_destroy(SRV);
			assert_int_equal(cli->frame.x[0], (uint64_t)-KE_SRCH);
			break;
		}
		machine_check(true);
		destroy_all();
	}
}

/* A reply that the server's own memory refuses leaves the client as it was. */
static void test_reply_fault(void **state)
{
	int64_t rcvid;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	assert_int_equal(send(cli, coid, 8, PAGE_SIZE, 1), BLOCKED);
	rcvid = receive(srv);
	assert_int_equal(sys(srv, MsgReply, rcvid, 0, 100, 0xdead0000), -KE_FAULT);
	assert_int_equal(cli->state, STATE_REPLY);
	assert_int_equal(answer(srv, (uint64_t)rcvid, 1, 200, 8), 0);
	assert_int_equal(cli->frame.x[1], 200);
	expect(cli, RECV_VA, 200);
	/* The client's memory refuses it: its mistake. */
	assert_int_equal(sys(cli, MsgSend, coid, sizes(0, 4096), 0, 0xdead0000), BLOCKED);
	rcvid = receive(srv);
	assert_int_equal(answer(srv, (uint64_t)rcvid, 1, 200, 8), 0);
	assert_int_equal(cli->frame.x[0], (uint64_t)-KE_FAULT);
}

/* A thread that was refused a message keeps nothing of a channel that goes away after. */
static void test_channel_forgotten(void **state)
{
	struct thread *middle;
	uint64_t own, to_own;
	int64_t rcvid;

	(void)state;
	/* The middle: client of one channel, server of another, on the CPU of the urgent thread. */
	both(2, 4, 20, 20, 0);
	urgent_start();
	middle = machine_process(4, 20, 1, ABLE_PUBLIC, false);
	own = (uint64_t)sys(middle, ChannelCreate, 0);
	to_own = (uint64_t)sys(cli, ConnectAttach, 4, own, 0);
	coid = (uint64_t)sys(middle, ConnectAttach, SRV, chid, 0);
	assert_int_equal(send(cli, to_own, 8, MEM_BYTES / 2, 1), BLOCKED);
	rcvid = sys(middle, MsgReceive, own, 8, 0);
	assert_true(rcvid > 0);
	assert_int_equal(receive(srv), BLOCKED);
	assert_int_equal(sys(middle, MsgSend, coid, sizes(100, 0), 0xdead0000, 0), -KE_FAULT);
	assert_int_equal(srv->state, STATE_RECEIVE);
	machine_destroy(SRV);
	host_raise_after(1, SPI);
	assert_int_equal(answer(middle, (uint64_t)rcvid, 0, 3 * PAGE_SIZE, 6), BLOCKED);
	assert_true(middle->resume_copy);
	urgent_again();
	assert_int_equal(cli->state, STATE_RUNNING);
	expect(cli, RECV_VA, 3 * PAGE_SIZE);
	assert_int_equal(middle->frame.x[0], 0);
}

/* ---- pulses ---- */

static void test_pulse_limits(void **state)
{
	(void)state;
	both(ALL, ALL, 20, 20, 0);
	assert_int_equal(sys(cli, MsgSendPulse, coid, 0, 1, 1), -KE_INVAL);
	assert_int_equal(sys(cli, MsgSendPulse, coid, 255, 1, 1), -KE_INVAL);
	assert_int_equal(sys(cli, MsgSendPulse, coid, 5, 128, 1), -KE_INVAL);
	for (unsigned i = 0; i < PULSE_PENDING_MAX; i++)
		assert_int_equal(sys(cli, MsgSendPulse, coid, UINT64_MAX, 3, i), 0);
	assert_int_equal(sys(cli, MsgSendPulse, coid, UINT64_MAX, 3, 0), -KE_AGAIN);
	assert_int_equal(cli->process->kmem.count[OBJECT_PULSE], PULSE_PENDING_MAX);
	for (unsigned i = 0; i < PULSE_PENDING_MAX; i++) {
		assert_int_equal(receive(srv), 0);
		assert_int_equal(srv->frame.x[4], 3);
		assert_int_equal(srv->frame.x[5], i);
	}
	assert_int_equal(cli->process->kmem.count[OBJECT_PULSE], 0);
	/* What the connection still had on its way goes with it. */
	assert_int_equal(sys(cli, MsgSendPulse, coid, UINT64_MAX, 3, 0), 0);
	assert_int_equal(sys(cli, ConnectDetach, coid), 0);
	assert_int_equal(cli->process->kmem.count[OBJECT_PULSE], 0);
	assert_int_equal(receive(srv), BLOCKED);
}

static void test_deliver_event(void **state)
{
	uint64_t own, scoid;
	int64_t rcvid;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	own = (uint64_t)sys(cli, ChannelCreate, 0);
	assert_int_equal(sys(cli, ConnectDetach, coid), 0);
	coid = (uint64_t)sys(cli, ConnectAttach, SRV, chid, own);
	assert_int_equal(send(cli, coid, 0, 0, 0), BLOCKED);
	rcvid = receive(srv);
	scoid = MSGINFO_SCOID(srv->frame.x[2]);
	assert_int_equal(answer(srv, (uint64_t)rcvid, 0, 0, 0), 0);
	assert_int_equal(sys(cli, MsgReceive, own, 0, 0), BLOCKED);
	assert_int_equal(sys(srv, MsgDeliverEvent, scoid, UINT64_MAX, 9, 1234), 0);
	assert_int_equal(cli->frame.x[0], 0);
	assert_int_equal(cli->frame.x[4], 9);
	assert_int_equal(cli->frame.x[5], 1234);
	/* Nobody else's connection. */
	assert_int_equal(sys(cli, MsgDeliverEvent, scoid, UINT64_MAX, 9, 1234), -KE_SRCH);
	assert_int_equal(sys(srv, MsgDeliverEvent, UINT64_MAX, UINT64_MAX, 9, 1234), -KE_SRCH);
	/* The end of the channel. */
	assert_int_equal(sys(cli, MsgReceive, own, 0, 0), BLOCKED);
	assert_int_equal(sys(srv, ChannelDestroy, chid), 0);
	assert_int_equal((int8_t)cli->frame.x[4], PULSE_CODE_COIDDEATH);
	assert_int_equal(cli->frame.x[5], coid);
	assert_int_equal(sys(cli, MsgSend, coid, 0), -KE_BADF);
}

static void test_mask_pulses(void **state)
{
	struct thread *other;

	(void)state;
	both(ALL, ALL, 20, 20, CHF_DISCONNECT);
	other = machine_process(OTHER, 20, ALL, 0, false);
	assert_true(sys(other, ConnectAttach, SRV, chid, 0) > 0);
	assert_true(sys(cli, ConnectAttach, SRV, chid, 0) > 0);
	/* Only the last connection counts. */
	assert_int_equal(sys(cli, ConnectDetach, coid), 0);
	assert_true(list_empty(&channel_of(srv->process, chid)->queue));
	machine_destroy(CLI);
	machine_destroy(OTHER);
	for (unsigned slot = CLI; slot <= OTHER; slot++) {
		assert_int_equal(receive(srv), 0);
		assert_int_equal((int8_t)srv->frame.x[4], PULSE_CODE_DISCONNECT);
		assert_int_equal(srv->frame.x[5], slot);
	}
	assert_int_equal(receive(srv), BLOCKED);
	/* Signals: each kind once, the lowest first. */
	machine_destroy(SRV);
	both(ALL, ALL, 20, 20, 0);
	assert_int_equal(sys(procmgr, ProcessSignal, SRV, 4, 15), -KE_BADF);
	assert_int_equal(sys(srv, ThreadCtl, THREADCTL_CONTROL, chid), 0);
	assert_int_equal(sys(procmgr, ProcessSignal, SRV, 4, 15), 0);
	assert_int_equal(sys(procmgr, ProcessSignal, SRV, 4, 15), 0);
	assert_int_equal(sys(procmgr, ProcessSignal, SRV, 4, 2), 0);
	assert_int_equal(receive(srv), 0);
	assert_int_equal(srv->frame.x[5], 2);
	assert_int_equal(receive(srv), 0);
	assert_int_equal(srv->frame.x[4], 4);
	assert_int_equal(srv->frame.x[5], 15);
	assert_int_equal(receive(srv), BLOCKED);
}

static void test_timer_pulse(void **state)
{
	int64_t id;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	id = sys(srv, TimerCreate, chid, 33, 6, 66);
	assert_true(id > 0);
	/* Armed at once, though its owner goes on running. */
	assert_int_equal(sys(srv, TimerSettime, id, 0, 1000000, 100000), 0);
	assert_true(host_clock_armed(srv->cpu) <= clock_now() + 1000000);
	machine_tick(999999);
	assert_true(list_empty(&channel_of(srv->process, chid)->queue));
	machine_tick(1);
	assert_int_equal(receive(srv), 0);
	assert_int_equal(srv->prio, 33);
	assert_int_equal(srv->frame.x[5], 66);
	/* Missed periods come as one. */
	machine_tick(550000);
	assert_int_equal(receive(srv), 0);
	assert_int_equal(receive(srv), BLOCKED);
	machine_tick(50000);
	assert_int_equal(srv->state, STATE_RUNNING);
	assert_int_equal(sys(srv, TimerDestroy, id), 0);
	machine_tick(1000000);
	assert_int_equal(receive(srv), BLOCKED);
}

/* ---- time-outs ---- */

static void test_timeouts(void **state)
{
	(void)state;
	both(ALL, ALL, 20, 20, 0);
	assert_int_equal(sys(srv, TimerTimeout, TIMEOUT_RECEIVE, 1000), 0);
	assert_int_equal(receive(srv), BLOCKED);
	machine_tick(1000);
	assert_int_equal(srv->frame.x[0], (uint64_t)-KE_TIMEDOUT);
	/* It is used up. */
	assert_int_equal(receive(srv), BLOCKED);
	machine_tick(10000);
	assert_int_equal(srv->state, STATE_RECEIVE);
	assert_int_equal(sys(cli, TimerTimeout, TIMEOUT_REPLY, 1000), 0);
	assert_int_equal(send(cli, coid, 100, 0, 1), BLOCKED);
	machine_tick(1000);
	assert_int_equal(cli->frame.x[0], (uint64_t)-KE_TIMEDOUT);
	assert_int_equal(sys(srv, MsgReply, srv->frame.x[0], 0, 0, 0), -KE_SRCH);
	/* Only for SEND: once the message is received, the time does not count. */
	assert_int_equal(sys(cli, TimerTimeout, TIMEOUT_SEND, 1000), 0);
	assert_int_equal(send(cli, coid, 100, 0, 1), BLOCKED);
	machine_tick(500);
	assert_true(receive(srv) > 0);
	machine_tick(10000);
	assert_int_equal(cli->state, STATE_REPLY);
	assert_int_equal(answer(srv, srv->frame.x[0], 0, 0, 0), 0);
	assert_int_equal(sys(cli, TimerTimeout, TIMEOUT_SEND, 1000), 0);
	assert_int_equal(send(cli, coid, 100, 0, 1), BLOCKED);
	machine_tick(1000);
	assert_int_equal(cli->frame.x[0], (uint64_t)-KE_TIMEDOUT);
	/* A call that does not block uses it up too. */
	assert_int_equal(sys(cli, TimerTimeout, TIMEOUT_SEND, 1000), 0);
	assert_int_equal(sys(cli, SchedYield), 0);
	assert_int_equal(send(cli, coid, 100, 0, 1), BLOCKED);
	machine_tick(1000);
	assert_int_equal(cli->state, STATE_SEND);
	machine_check(true);
}

/* The time of a client runs out while its message is being read: it ends when the copy is through. */
static void test_timeout_in_copy(void **state)
{
	int64_t rcvid;

	(void)state;
	pinned(0);
	assert_int_equal(sys(cli, TimerTimeout, TIMEOUT_REPLY, 1000), 0);
	assert_int_equal(send(cli, coid, 3 * PAGE_SIZE, 0, 1), BLOCKED);
	rcvid = sys(srv, MsgReceive, chid, 0, 0);
	assert_true(rcvid > 0);
	host_raise_after(1, SPI);
	assert_int_equal(sys(srv, MsgRead, rcvid, RECV_VA, 3 * PAGE_SIZE, 0), BLOCKED);
	assert_true(srv->resume_copy);
	machine_tick(5000);
	assert_int_equal(cli->state, STATE_REPLY);
	urgent_again();
	assert_int_equal(srv->frame.x[0], 3 * PAGE_SIZE);
	machine_tick(1000000);
	assert_int_equal(cli->state, STATE_RUNNING);
	assert_int_equal(cli->frame.x[0], (uint64_t)-KE_TIMEDOUT);
}

static void test_unblock_pulse(void **state)
{
	int64_t rcvid;

	(void)state;
	both(ALL, ALL, 20, 20, CHF_UNBLOCK);
	assert_int_equal(sys(cli, TimerTimeout, TIMEOUT_REPLY, 1000), 0);
	assert_int_equal(send(cli, coid, 8, 0, 1), BLOCKED);
	rcvid = receive(srv);
	assert_int_equal(sys(srv, MsgInfo, rcvid), 8);
	assert_false(srv->frame.x[2] & MSGINFO_UNBLOCK);
	machine_tick(1000);
	assert_int_equal(cli->state, STATE_REPLY);
	assert_int_equal(receive(srv), 0);
	assert_int_equal((int8_t)srv->frame.x[4], PULSE_CODE_UNBLOCK);
	assert_int_equal(srv->frame.x[5], rcvid);
	assert_int_equal(sys(srv, MsgInfo, rcvid), 8);
	assert_true(srv->frame.x[2] & MSGINFO_UNBLOCK);
	assert_int_equal(sys(srv, MsgError, rcvid, 4), 0);
	assert_int_equal(cli->frame.x[0], (uint64_t)-4);
	/* The next message knows nothing of it. */
	assert_int_equal(send(cli, coid, 8, 0, 1), BLOCKED);
	rcvid = receive(srv);
	sys(srv, MsgInfo, rcvid);
	assert_false(srv->frame.x[2] & MSGINFO_UNBLOCK);
	/* The client dies while its pulse waits. */
	assert_int_equal(answer(srv, (uint64_t)rcvid, 0, 0, 0), 0);
	assert_int_equal(sys(cli, TimerTimeout, TIMEOUT_REPLY, 1000), 0);
	assert_int_equal(send(cli, coid, 8, 0, 1), BLOCKED);
	assert_true(receive(srv) > 0);
	machine_tick(1000);
	machine_destroy(CLI);
	assert_int_equal(receive(srv), BLOCKED);
}

/* ---- ends ---- */

/* Threads of one process, blocked in every way. */
static void blocked_everywhere(void)
{
	struct thread *t;
	uint32_t word = 5;

	both(ALL, ALL, 20, 20, CHF_UNBLOCK | CHF_DISCONNECT);
	/* REPLY, with a pulse of its own waiting. */
	t = machine_spawn(cli, 30, ALL);
	assert_int_equal(sys(t, TimerTimeout, TIMEOUT_REPLY, 1000), 0);
	assert_int_equal(send(t, coid, 8, 8, 1), BLOCKED);
	assert_true(receive(srv) > 0);
	machine_tick(1000);
	/* SEND, SYNC, RECEIVE. */
	t = machine_spawn(cli, 30, ALL);
	assert_int_equal(send(t, coid, 8, 8, 1), BLOCKED);
	t = machine_spawn(cli, 30, ALL);
	machine_write(t->process, MEM_VA, &word, 4);
	assert_int_equal(sys(t, SyncWait, MEM_VA, 4), -KE_AGAIN);
	assert_int_equal(sys(t, SyncWait, MEM_VA, 5), BLOCKED);
	t = machine_spawn(cli, 30, ALL);
	chid = (uint64_t)sys(t, ChannelCreate, 0);
	assert_true(sys(cli, TimerCreate, chid, 10, 1, 1) > 0);
	assert_int_equal(sys(cli, TimerSettime, 1, 0, 1000000, 10000), 0);
	assert_int_equal(sys(t, MsgReceive, chid, 8, MEM_VA), BLOCKED);
	/* INTR. */
	cli->process->irqs[0].first = SPI;
	cli->process->irqs[0].count = 1;
	t = machine_spawn(cli, 30, ALL);
	assert_int_equal(sys(t, InterruptAttachEvent, SPI, 0, 0, 0, 0), 1);
	assert_int_equal(sys(t, InterruptWait, 1), BLOCKED);
	assert_int_equal(sys(cli, MsgSendPulse, coid, 3, 3, 3), 0);
	machine_check(true);
}

static void test_destroy_everywhere(void **state)
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
		assert_int_equal(machine_thread(CLI, tid)->frame.x[0], (uint64_t)-KE_SRCH);
}

static void test_end_of_itself(void **state)
{
	const struct trap trap = {.kind = TRAP_ABORT, .address = 0x123000, .write = true, .syndrome = 0x92000047};
	struct process_info info;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	machine_spawn(cli, 20, ALL);
	machine_spawn(cli, 19, ALL);
	assert_int_equal(sys(cli, ThreadDestroy, UINT64_MAX, 77), GONE);
	assert_int_equal(processes[CLI].state, PROCESS_DEAD);
	assert_int_equal(processes[CLI].end_status, 77);
	machine_fault(srv, &trap);
	assert_int_equal(processes[SRV].state, PROCESS_DEAD);
	assert_int_equal(sys(procmgr, ProcessInfo, SRV, procmgr_page), 0);
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
	assert_true(sys(cli, ConnectAttach, SRV, chid, sys(cli, ChannelCreate, 0)) == (int64_t)coid + 1);
	assert_true(sys(srv, ConnectAttach, SRV, chid, chid) > 0);
	/* Two wait for an answer, one of them until a moment; two to be received. */
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(sys(waiting[i], TimerTimeout, i % 2 ? TIMEOUT_SEND | TIMEOUT_REPLY : 0, 5000), 0);
		assert_int_equal(send(waiting[i], coid, 8, 8, 1), BLOCKED);
		if (i < 2)
			assert_true(sys(other_server, MsgReceive, chid, 0, 0) > 0);
	}
	assert_int_equal(sys(cli, MsgSendPulse, coid, 5, 1, 1), 0);
	assert_int_equal(sys(srv, ThreadCtl, THREADCTL_CONTROL, chid), 0);
	assert_int_equal(sys(procmgr, ProcessSignal, SRV, 1, 1), 0);
}

static void something_between(enum between what)
{
	assert_int_equal(sys(cli, ConnectAttach, SRV, chid, 0), -KE_SRCH);
	assert_int_equal(sys(procmgr, ProcessSignal, SRV, 1, 1), -KE_BADF);
	assert_int_equal(sys(other_server, ChannelDestroy, chid), -KE_BADF);
	switch (what) {
	case SENDS:
		assert_int_equal(send(cli, coid, 8, 8, 1), -KE_BADF);
		assert_int_equal(sys(cli, MsgSendPulse, coid, 5, 1, 1), -KE_BADF);
		break;
	case DETACHES:
		assert_int_equal(sys(cli, ConnectDetach, coid), 0);
		assert_int_equal(sys(cli, ConnectDetach, coid + 1), 0);
		break;
	case RECEIVES:
		assert_int_equal(sys(other_server, MsgReceive, chid, 0, 0), -KE_BADF);
		/* The number is free again, and what gets it is another one. */
		assert_int_equal(sys(other_server, ChannelCreate, 0), chid);
		assert_int_equal(sys(other_server, MsgReceive, chid, 0, 0), BLOCKED);
		break;
	case TIMES_OUT: machine_tick(10000); break;
	case CLIENT_ENDS: machine_destroy(CLI); break;
	case SERVER_ENDS: machine_destroy(SRV); break;
	default: assert_int_equal(sys(other_server, ThreadDestroy, srv->tid), 0);
	}
	machine_check(true);
}

/* Nobody waits any more, and nothing is left of it. */
static void check_destroyed(enum between what)
{
	for (unsigned i = 0; what != CLIENT_ENDS && i < ARRAY_COUNT(waiting); i++) {
		assert_true(machine_is_done(waiting[i]));
		assert_true(waiting[i]->frame.x[0] == (uint64_t)-KE_SRCH ||
			    (what == TIMES_OUT && i % 2 && waiting[i]->frame.x[0] == (uint64_t)-KE_TIMEDOUT));
	}
	if (what != CLIENT_ENDS) {
		assert_int_equal(cli->process->kmem.count[OBJECT_PULSE], 0);
		assert_int_equal(sys(cli, MsgSend, coid, 0), -KE_BADF);
	}
	if (what == SERVER_ENDS)
		return;
	assert_int_equal(processes[SRV].kmem.count[OBJECT_CHANNEL], what == RECEIVES);
	if (what == DESTROYER_KILLED)
		assert_null(machine_thread(SRV, 1));
	else
		assert_int_equal(srv->frame.x[0], 0);
}

/* ChannelDestroy, interrupted where it looks for interrupts for the n-th time. False: it looks less often. */
static bool destroyed_in_steps(unsigned n, enum between what)
{
	int64_t status;

	crowded();
	host_raise_after(n, SPI);
	status = sys(srv, ChannelDestroy, chid);
	host_raise_after(0, SPI);
	assert_int_equal(status, urgent->state == STATE_RUNNING ? BLOCKED : 0);
	if (status == BLOCKED) {
		assert_non_null(srv->closing);
		something_between(what);
		urgent_again();
	}
	check_destroyed(status == BLOCKED ? what : SENDS);
	machine_check(true);
	destroy_all();
	return status == BLOCKED;
}

static void test_channel_destroy_steps(void **state)
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
static void test_channel_destroy_receivers(void **state)
{
	struct thread *second;

	(void)state;
	for (unsigned n = 1; n <= 3; n++) {
		pinned(0);
		second = machine_spawn(srv, 20, 4);
		for (unsigned i = 0; i < 2; i++)
			assert_int_equal(sys(machine_spawn(srv, 20, 8), MsgReceive, chid, 8, MEM_VA), BLOCKED);
		host_raise_after(n, SPI);
		assert_int_equal(sys(srv, ChannelDestroy, chid), BLOCKED);
		if (n < 2) {
			assert_int_equal(send(cli, coid, 8, 8, 1), BLOCKED);
			assert_int_equal(cli->state, STATE_REPLY);
		} else {
			assert_int_equal(send(cli, coid, 8, 8, 1), -KE_BADF);
		}
		assert_int_equal(sys(second, MsgReceive, chid, 8, MEM_VA), -KE_BADF);
		machine_check(true);
		urgent_again();
		assert_int_equal(srv->frame.x[0], 0);
		assert_int_equal(cli->frame.x[0], (uint64_t)(n < 2 ? -KE_SRCH : -KE_BADF));
		assert_int_equal(processes[SRV].kmem.count[OBJECT_CHANNEL], 0);
		machine_check(true);
		destroy_all();
	}
}

/* A thread is killed while it is on its way into the kernel on another CPU: it must not block there for ever. */
static void test_killed_at_the_door(void **state)
{
	struct thread *second;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	second = machine_spawn(srv, 20, ALL);
	assert_int_not_equal(second->cpu, srv->cpu);
	assert_int_equal(machine_call(srv, false, CALL_ThreadDestroy, (const uint64_t[11]){second->tid}), 0);
	assert_true(second->kill);
	assert_int_equal(sys(second, MsgReceive, chid, 0, 0), GONE);
	assert_int_equal(srv->process->threads_alive, 1);
}

/* Everything that a process can use up, used up: an error each time, and all of it comes back. */
static void test_exhaustion(void **state)
{
	unsigned count = 0;
	int64_t id;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	while ((id = sys(cli, ConnectAttach, SRV, chid, 0)) > 0)
		count++;
	assert_true(id == -KE_NOMEM || id == -KE_AGAIN);
	assert_true(count > 100);
	while ((id = sys(srv, ChannelCreate, 0)) > 0)
		;
	assert_true(id == -KE_NOMEM || id == -KE_AGAIN);
	while ((id = sys(srv, ThreadCreate, CODE_VA + 4, 0, 0, 1 | SCHED_FIFO_ << 8, ALL, 0)) > 0)
		;
	assert_true(id == -KE_NOMEM || id == -KE_AGAIN);
	machine_check(true);
	assert_int_equal(send(cli, coid, 8, 8, 1), BLOCKED);
	assert_true(receive(srv) > 0);
}

/* ---- words ---- */

static void test_sync(void **state)
{
	struct thread *t[3];
	uint32_t word = 1;

	(void)state;
	both(ALL, ALL, 20, 20, 0);
	assert_int_equal(receive(srv), BLOCKED);
	machine_write(cli->process, MEM_VA, &word, 4);
	assert_int_equal(sys(cli, SyncWait, MEM_VA + 1, 1), -KE_INVAL);
	assert_int_equal(sys(cli, SyncWait, 0xdead0000, 1), -KE_FAULT);
	for (unsigned i = 0; i < 3; i++) {
		t[i] = machine_spawn(cli, 21 + i, ALL);
		assert_int_equal(sys(t[i], SyncWait, MEM_VA, 1, cli->tid), BLOCKED);
	}
	assert_int_equal(cli->prio, 23);
	assert_int_equal(sys(cli, SyncWake, MEM_VA + 4, 9), 0);
	assert_int_equal(sys(cli, SyncWake, MEM_VA, 1), 1);
	assert_int_equal(cli->prio, 20);
	assert_int_equal(t[2]->state, STATE_RUNNING);
	assert_int_equal(sys(t[2], SyncWake, MEM_VA, 9), 2);
	assert_int_equal(sys(cli, TimerTimeout, TIMEOUT_SYNC, 100), 0);
	assert_int_equal(sys(cli, SyncWait, MEM_VA, 1), BLOCKED);
	machine_tick(100);
	assert_int_equal(cli->frame.x[0], (uint64_t)-KE_TIMEDOUT);
}

/* Many are woken in steps. The one that is woken first waits again at once: it is not woken a second time. */
static void test_sync_steps(void **state)
{
	struct thread *t[20];

	(void)state;
	both(1, 2, 20, 20, 0);
	for (unsigned i = 0; i < ARRAY_COUNT(t); i++) {
		t[i] = machine_spawn(cli, 40 - i, 2);
		assert_int_equal(sys(t[i], SyncWait, MEM_VA, 0), BLOCKED);
	}
	assert_int_equal(sys(cli, SyncWake, MEM_VA, 100), BLOCKED);
	for (unsigned i = 0; i < ARRAY_COUNT(t); i++) {
		assert_ptr_equal(cpus[1].current, t[i]);
		assert_int_equal(t[i]->frame.x[0], 0);
		if (i < 10) {
			/* The others still wait when the first eight run. */
			if (i < 8)
				assert_int_equal(t[8]->state, STATE_SYNC);
			assert_int_equal(sys(t[i], SyncWait, MEM_VA, 0), BLOCKED);
		} else {
			assert_int_equal(sys(t[i], ThreadDestroy, 0), GONE);
		}
		machine_check(true);
	}
	assert_true(machine_is_done(cli));
	assert_int_equal(cli->frame.x[0], ARRAY_COUNT(t));
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(t[i]->state, STATE_SYNC);
	/* No more than it asks for. */
	assert_int_equal(machine_call(cli, false, CALL_SyncWake, (const uint64_t[11]){MEM_VA, 8}), 8);
	machine_settle();
	machine_check(true);
}

/* ---- anything, in any order ---- */

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
	sys(t, MsgSend, 1 + machine_random(4), sizes(bytes, random_bytes()), at, memory_of(t), w[0], w[1], w[2], w[3]);
}

static void random_call(struct thread *t)
{
	uint64_t at = machine_random(8) ? memory_of(t) : 0xdead0000, bytes = random_bytes();
	unsigned slot = t->process->slot;
	uint32_t tid = t->tid;

	if (!machine_random(4))
		sys(t, TimerTimeout, machine_random(32), machine_random(3000));
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
	case 8: sys(t, MsgReceive, 1 + machine_random(2), bytes, at); break;
	case 9:
	case 10: sys(t, MsgReply, some_rcvid(t), machine_random(100), bytes, at); break;
	case 11:
	case 12:
		sys(t, MsgReplyReceive, some_rcvid(t), 0, sizes(bytes, bytes), at, 0, 0, 0, 0, 0, 1 + machine_random(2),
		    at);
		break;
	case 13: sys(t, MsgRead, some_rcvid(t), at, bytes, machine_random(5000)); break;
	case 14: sys(t, MsgWrite, some_rcvid(t), at, bytes, machine_random(5000)); break;
	case 15: sys(t, MsgError, some_rcvid(t), 1 + machine_random(100)); break;
	case 16: sys(t, MsgSendPulse, 1 + machine_random(4), 1 + machine_random(60), machine_random(128), 1); break;
	case 17: sys(t, ChannelCreate, machine_random(8)); break;
	case 18:
		if (!machine_random(4))
			sys(t, ChannelDestroy, 1 + machine_random(3));
		break;
	case 19: sys(t, ConnectAttach, 1 + machine_random(SLOTS), 1 + machine_random(2), machine_random(3)); break;
	case 20:
		if (!machine_random(3))
			sys(t, ConnectDetach, 1 + machine_random(5));
		break;
	case 21:
		if (t->process->threads_alive > 1 && !machine_random(2))
			sys(t, ThreadDestroy, 1 + machine_random(THREADS));
		break;
	case 22: random_spawn(t); break;
	default:
		sys(t, SchedSet, UINT64_MAX, 1 + machine_random(THREADS),
		    (10 + machine_random(10)) | (1 + machine_random(2)) << 8,
		    machine_random(2) ? 1 + machine_random(15) : 0);
		break;
	}
}

/* Its interrupt may have come again meanwhile. */
static void urgent_random(void)
{
	if (urgent->state == STATE_RUNNING)
		sys(urgent, InterruptUnmask, 1);
	if (urgent->state == STATE_RUNNING)
		sys(urgent, InterruptWait, 1);
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
		assert_true(sys(t, ChannelCreate, machine_random(8)) > 0);
	for (unsigned i = 0; i < 4; i++)
		sys(t, ConnectAttach, 1 + machine_random(SLOTS), 1 + machine_random(2), machine_random(3));
	random_spawn(t);
	random_spawn(t);
	assert_int_equal(sys(procmgr, SchedSet, slot, t->tid, 12 | SCHED_RR_ << 8, 0), 0);
}

static void random_step(void)
{
	struct cpu *c = &cpus[machine_random(4)];

	switch (machine_random(16)) {
	case 0: machine_tick(machine_random(2000)); break;
	case 1: host_raise_after(1 + machine_random(3), SPI); break;
	case 2: urgent_random(); break;
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

static void test_random(void **state)
{
	(void)state;
	machine_seed(1);
	/* The one that interrupts copies is beside those that are tested. */
	urgent = machine_process(SLOTS + 1, 150, 1, 0, false);
	urgent->process->irqs[0].first = SPI;
	urgent->process->irqs[0].count = 1;
	assert_int_equal(sys(urgent, InterruptAttachEvent, SPI, 0, 0, 0, 0), 1);
	assert_int_equal(sys(urgent, InterruptWait, 1), BLOCKED);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_exchange, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_exchange_one_cpu, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_direct, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_direct_and_equals, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_direct_and_fixed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_direct_and_other_cpus, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_direct_overtaken, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_direct_pulse, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_direct_and_timeouts, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_short_buffers, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_wrong_arguments, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_reply_receive, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_priority_order, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_served_less_important, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_inheritance_chain, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_inheritance_bounded, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_fixed_priority, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_copy_interrupted, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_reply_receive_interrupted, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_copy_source_fault, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_copy_target_fault, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_many_bad_senders, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_copy_partner_gone, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_reply_fault, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_channel_forgotten, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_pulse_limits, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_deliver_event, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_mask_pulses, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_timer_pulse, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_timeouts, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_timeout_in_copy, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_unblock_pulse, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_destroy_everywhere, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_end_of_itself, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_channel_destroy_steps, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_channel_destroy_receivers, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_killed_at_the_door, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_exhaustion, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_sync, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_sync_steps, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_random, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
