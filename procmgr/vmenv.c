/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a running VM says of itself: the operator asks, its qvm is told by a pulse and sends the text here. Nobody waits
 * for a qvm but who has asked, and he at most 2 s.
 */
#include <errno.h>
#include <string.h>

#include <bulkhead/kernel.h>

#include "procmgr.h"

#define GIVE_UP_NS (2 * 1000000000ull)

static struct asker {
	int64_t rcvid; /* 0: nobody */
	uint64_t give_up;
} askers[PROCESS_MAX];

int vmenv_ask(uint32_t slot, int64_t rcvid)
{
	int result;

	if (!slots[slot].running)
		return -ESRCH;
	if (!slots[slot].ready || askers[slot].rcvid != 0)
		return -EBUSY;
	result = ProcessSignal_r(slot, CONTROL_SIGNAL, BH_SIGENV);
	if (result < 0)
		return result;
	askers[slot] = (struct asker){rcvid, ClockTime() + GIVE_UP_NS};
	return 0;
}

static void answer(uint32_t slot, int64_t status, const void *text, size_t bytes)
{
	int64_t rcvid = askers[slot].rcvid;

	askers[slot] = (struct asker){0};
	if (rcvid != 0)
		MsgReply_r(rcvid, status, text, bytes);
}

int vmenv_take(uint32_t slot, int64_t rcvid, size_t bytes)
{
	static char text[PROTO_ENV];
	const size_t head = sizeof(struct pm_env);

	if (askers[slot].rcvid == 0)
		return -ESRCH;
	if (bytes <= head || bytes - head > sizeof text ||
	    MsgRead_r(rcvid, text, bytes - head, head) != (int)(bytes - head))
		return -EINVAL;
	answer(slot, (int64_t)(bytes - head), text, bytes - head);
	return 0;
}

void vmenv_forget(uint32_t slot)
{
	answer(slot, -ESRCH, NULL, 0);
}

uint64_t vmenv_deadline(void)
{
	uint64_t next = NEVER;

	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		if (askers[i].rcvid != 0 && askers[i].give_up < next)
			next = askers[i].give_up;
	return next;
}

void vmenv_timeout(void)
{
	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		if (askers[i].rcvid != 0 && askers[i].give_up <= ClockTime())
			answer(i, -ETIMEDOUT, NULL, 0);
}
