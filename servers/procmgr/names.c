/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"
#include "bulkhead/kernel.h"
#include <errno.h>
#include <string.h>

struct name {
	char text[PROTO_NAME]; /* empty: free */
	uint32_t chid;
};

struct waiter {
	uint64_t rcvid; /* 0: free */
	struct pm_name message;
};

static struct name names[PROCESS_MAX][NAMES_OF_SLOT];
static struct waiter waiters[PROCESS_MAX][WAITERS_OF_SLOT];

static bool find_name(struct pm_name *message)
{
	for (uint32_t slot = 0; slot < PROCESS_MAX; slot++) {
		for (unsigned i = 0; i < NAMES_OF_SLOT; i++) {
			if (names[slot][i].text[0] == '\0' || strcmp(names[slot][i].text, message->name) != 0)
				continue;
			message->slot = slot;
			message->chid = names[slot][i].chid;
			return true;
		}
	}
	return false;
}

static void answer_waiters(void)
{
	for (uint32_t slot = 0; slot < PROCESS_MAX; slot++) {
		for (unsigned i = 0; i < WAITERS_OF_SLOT; i++) {
			struct waiter *waiter = &waiters[slot][i];

			if (waiter->rcvid == 0 || !find_name(&waiter->message))
				continue;
			MsgReply_r((int64_t)waiter->rcvid, 0, &waiter->message, sizeof(waiter->message));
			waiter->rcvid = 0;
		}
	}
}

int names_attach(uint32_t slot, const char *name, uint32_t chid)
{
	struct pm_name message = {0};

	strncpy(message.name, name, sizeof(message.name) - 1);
	if (find_name(&message))
		return -EEXIST;
	for (unsigned i = 0; i < NAMES_OF_SLOT; i++) {
		if (names[slot][i].text[0] != '\0')
			continue;
		memcpy(names[slot][i].text, message.name, sizeof(names[slot][i].text));
		names[slot][i].chid = chid;
		answer_waiters();
		return 0;
	}
	return -EAGAIN;
}

int names_open(uint32_t slot, uint64_t rcvid, bool wait, struct pm_name *message)
{
	if (find_name(message))
		return 0;
	if (!wait)
		return -ESRCH;
	for (unsigned i = 0; i < WAITERS_OF_SLOT; i++) {
		if (waiters[slot][i].rcvid != 0)
			continue;
		waiters[slot][i].rcvid = rcvid;
		waiters[slot][i].message = *message;
		return NAMES_WAITING;
	}
	return -EAGAIN;
}

bool names_cancel(uint64_t rcvid)
{
	for (uint32_t slot = 0; slot < PROCESS_MAX; slot++) {
		for (unsigned i = 0; i < WAITERS_OF_SLOT; i++) {
			if (waiters[slot][i].rcvid != rcvid || rcvid == 0)
				continue;
			waiters[slot][i].rcvid = 0;
			return true;
		}
	}
	return false;
}

void names_forget(uint32_t slot)
{
	memset(names[slot], 0, sizeof(names[slot]));
	memset(waiters[slot], 0, sizeof(waiters[slot]));
}
