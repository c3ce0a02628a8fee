/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of test_ipc share: a server and a client, messages with a pattern, and a thread that is urgent. */
#pragma once

#include "machine.h"

#define SRV     1u /* slots */
#define CLI     2u
#define OTHER   3u
#define ALL     0xfu
#define SPI     40u
#define RECV_VA (MEM_VA + MEM_BYTES / 2)

extern struct thread *srv, *cli, *urgent;
extern uint64_t chid, coid;
extern uint8_t pattern[MEM_BYTES], buffer[MEM_BYTES];

void fill(uint8_t *at, uint64_t bytes, unsigned seed); /* the pattern */
/* The server has a channel, and the client a connection to it. */
void both(uint32_t srv_cpus, uint32_t cli_cpus, unsigned srv_prio, unsigned cli_prio, unsigned flags);
const uint64_t *message(struct process *p, uint64_t va, uint64_t bytes, unsigned seed);
void expect(struct thread *t, uint64_t va, uint64_t bytes); /* the message that was made last */
void urgent_start(void);
void urgent_again(void);
void pinned(unsigned flags);
void destroy_all(void);

static inline uint64_t sizes(uint64_t send, uint64_t reply)
{
	return send | reply << 32;
}

static inline int64_t send(struct thread *t, uint64_t to, uint64_t bytes, uint64_t reply, unsigned seed)
{
	const uint64_t *w = message(t->process, MEM_VA, bytes, seed);

	return sys_MsgSend(t, to, bytes, reply, MEM_VA, MEM_VA + MEM_BYTES / 2, w[0], w[1], w[2], w[3]);
}

static inline int64_t answer(struct thread *t, uint64_t rcvid, uint64_t status, uint64_t bytes, unsigned seed)
{
	const uint64_t *w = message(t->process, MEM_VA, bytes, seed);

	return sys_MsgReply(t, rcvid, status, bytes, MEM_VA, w[0], w[1], w[2], w[3]);
}

static inline int64_t receive(struct thread *t)
{
	return sys_MsgReceive(t, chid, MEM_BYTES / 2, RECV_VA);
}

void test_exchange(void **state);
void test_exchange_one_cpu(void **state);
void test_direct(void **state);
void test_direct_and_equals(void **state);
void test_direct_and_fixed(void **state);
void test_direct_and_other_cpus(void **state);
void test_direct_overtaken(void **state);
void test_direct_pulse(void **state);
void test_direct_and_timeouts(void **state);
void test_short_buffers(void **state);
void test_wrong_arguments(void **state);
void test_reply_receive(void **state);
void test_priority_order(void **state);
void test_served_less_important(void **state);
void test_inheritance_chain(void **state);
void test_inheritance_bounded(void **state);
void test_fixed_priority(void **state);
void test_copy_interrupted(void **state);
void test_copy_gives_way(void **state);
void test_copy_once(void **state);
void test_reply_receive_interrupted(void **state);
void test_copy_source_fault(void **state);
void test_copy_target_fault(void **state);
void test_many_bad_senders(void **state);
void test_copy_partner_gone(void **state);
void test_reply_fault(void **state);
void test_channel_forgotten(void **state);
void test_pulse_limits(void **state);
void test_deliver_event(void **state);
void test_mask_pulses(void **state);
void test_timer_pulse(void **state);
void test_timeouts(void **state);
void test_timeout_in_copy(void **state);
void test_unblock_pulse(void **state);
void test_destroy_everywhere(void **state);
void test_stop(void **state);
void test_how_far_zeroing_is(void **state);
void test_critical_end(void **state);
void test_end_of_itself(void **state);
void test_channel_destroy_steps(void **state);
void test_channel_destroy_receivers(void **state);
void test_killed_at_the_door(void **state);
void test_exhaustion(void **state);
void test_serror_of_who_ran(void **state);
void test_foreign_interrupts(void **state);
void test_sync(void **state);
void test_sync_steps(void **state);
void test_random(void **state);
