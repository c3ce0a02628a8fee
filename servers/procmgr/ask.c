/* SPDX-License-Identifier: Apache-2.0 */
#include "ask.h"
#include "bulkhead/kernel.h"
#include "slots.h"
#include <errno.h>
#include <string.h>

#define GIVE_UP_NS (2 * 1000000000ull)

static struct asker {
	int64_t rcvid; /* 0: nobody */
	uint64_t give_up;
	uint32_t signal; /* the question */
} askers[PROCESS_MAX];

int ask_qvm(uint32_t slot, int64_t rcvid, uint32_t signal)
{
	int result;

	if (!slots[slot].running && slots[slot].job != JOB_START)
		return -ENOENT;
	if (!slots[slot].ready || !slots[slot].running)
		return -EAGAIN;
	if (askers[slot].rcvid != 0)
		return -EBUSY;
	result = ProcessSignal_r(slot, CONTROL_SIGNAL, signal);
	if (result < 0)
		return result == -EAGAIN ? -EBUSY : result;
	askers[slot] = (struct asker){rcvid, ClockTime() + GIVE_UP_NS, signal};
	return 0;
}

static void answer_asker(uint32_t slot, int64_t status, const void *data, size_t bytes)
{
	int64_t rcvid = askers[slot].rcvid;

	askers[slot] = (struct asker){0};
	if (rcvid != 0)
		MsgReply_r(rcvid, status, data, bytes);
}

/* An answer that comes too late is not taken for the answer to another question. */
int ask_answered(uint32_t slot, int64_t rcvid, uint32_t signal, size_t bytes)
{
	static char data[PROTO_ENV];
	const size_t head = sizeof(struct pm_answer);

	if (askers[slot].rcvid == 0 || askers[slot].signal != signal)
		return -ESRCH;
	if (bytes <= head || bytes - head > sizeof(data) ||
	    MsgRead_r(rcvid, data, bytes - head, head) != (int)(bytes - head))
		return -EINVAL;
	answer_asker(slot, (int64_t)(bytes - head), data, bytes - head);
	return 0;
}

void ask_forget(uint32_t slot)
{
	answer_asker(slot, -ENOENT, NULL, 0);
}

uint64_t ask_deadline(void)
{
	uint64_t next = NEVER;

	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		if (askers[i].rcvid != 0 && askers[i].give_up < next)
			next = askers[i].give_up;
	return next;
}

void ask_timeout(void)
{
	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		if (askers[i].rcvid != 0 && askers[i].give_up <= ClockTime())
			answer_asker(i, -ETIMEDOUT, NULL, 0);
}
