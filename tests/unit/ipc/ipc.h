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

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

extern struct thread *srv, *cli, *urgent;
extern uint64_t chid, coid;
extern uint8_t pattern[MEM_BYTES], buffer[MEM_BYTES];

int setup(void **state);
int teardown(void **state);
void fill_pattern(uint8_t *at, uint64_t bytes, unsigned seed); /* the pattern */
/* The server has a channel, and the client a connection to it. */
void both(uint32_t srv_cpus, uint32_t cli_cpus, unsigned srv_prio, unsigned cli_prio, unsigned flags);
const uint64_t *message(struct process *p, uint64_t va, uint64_t bytes, unsigned seed);
void expect(struct thread *t, uint64_t va, uint64_t bytes); /* the message that was made last */
void urgent_start(void);
void urgent_again(void);
void pinned(unsigned flags);

static inline uint64_t sizes(uint64_t send, uint64_t reply)
{
	return send | reply << 32;
}

static inline int64_t send_message(struct thread *t, uint64_t to, uint64_t bytes, uint64_t reply, unsigned seed)
{
	const uint64_t *w = message(t->process, MEM_VA, bytes, seed);

	return sys_MsgSend(t, to, bytes, reply, MEM_VA, MEM_VA + MEM_BYTES / 2, w[0], w[1], w[2], w[3]);
}

static inline int64_t answer(struct thread *t, uint64_t rcvid, uint64_t status, uint64_t bytes, unsigned seed)
{
	const uint64_t *w = message(t->process, MEM_VA, bytes, seed);

	return sys_MsgReply(t, rcvid, status, bytes, MEM_VA, w[0], w[1], w[2], w[3]);
}

static inline int64_t receive_message(struct thread *t)
{
	return sys_MsgReceive(t, chid, MEM_BYTES / 2, RECV_VA);
}

int message_tests(void);
int direct_tests(void);
int copy_tests(void);
int pulse_tests(void);
int end_tests(void);
int random_tests(void);
