/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As many threads as a process may have, in each state in which a thread can be when its process ends: running or
 * ready, and blocked in a message that nobody receives, in one that nobody answers, in receiving, waiting for a word,
 * asleep with a timer. Needs the log ring, and priorities 5 to 15. argv[1]: "stay", until somebody ends it, or
 * milliseconds after which it ends itself. It becomes ready when all of them are there.
 */
#include "abi/bulkhead.h"
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "bulkhead/process.h"
#include "bulkhead/thread.h"
#include "el0.h"
#include <stdlib.h>
#include <string.h>

#define LOW    5u
#define HIGH   15u
#define STACK  2048u
#define TIMERS 8u /* threads and timers together are 128 at most */
#define MS     1000000ull
#define LONG   (3600ull * 1000 * MS)

static int silent, mute; /* connections: to a channel where nobody receives, and to one where nobody answers */
static int quiet, deaf;  /* channels: nothing is sent there; nobody answers there */
static uint32_t word;

/* At YIELD QEMU goes on with the next CPU, so that two of them run side by side. */
static void spin(void *arg)
{
	(void)arg;
	for (;;)
		__asm__ volatile("yield" ::: "memory");
}

static void send(void *coid)
{
	static char text[64];

	MsgSend_r(*(int *)coid, text, sizeof(text), text, sizeof(text));
}

static void receive(void *chid)
{
	static char text[64];

	for (;;)
		MsgReceive_r(*(int *)chid, text, sizeof(text), NULL);
}

static void wait_for_word(void *arg)
{
	(void)arg;
	for (;;)
		word_wait(&word, 0, 0);
}

static void doze(void *arg)
{
	(void)arg;
	for (;;) {
		TimerTimeout_r(TIMEOUT_RECEIVE, LONG);
		MsgReceive_r(quiet, NULL, 0, NULL);
	}
}

/* Until there is no room for more, by turns of each kind. */
static unsigned fill(void)
{
	static const struct {
		void (*entry)(void *);
		void *arg;
		unsigned priority;
	} kinds[] = {{spin, NULL, LOW},       {send, &silent, HIGH},       {send, &mute, HIGH},
		     {receive, &quiet, HIGH}, {wait_for_word, NULL, HIGH}, {doze, NULL, HIGH}};
	unsigned count = 0;

	while (thread_create(kinds[count % 6].entry, kinds[count % 6].arg, STACK, kinds[count % 6].priority, 0,
			     "one of many") > 0)
		count++;
	return count;
}

int main(int argc, char **argv)
{
	unsigned long ms = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	int own = ChannelCreate_r(CHF_PRIVATE);
	unsigned count;

	quiet = ChannelCreate_r(CHF_PRIVATE);
	deaf = ChannelCreate_r(CHF_PRIVATE);
	silent = ConnectAttach_r((int)process_args()->slot, own, 0);
	mute = ConnectAttach_r((int)process_args()->slot, deaf, 0);
	thread_create(receive, &deaf, STACK, HIGH, 0, "mute");
	for (unsigned i = 0; i < TIMERS; i++)
		TimerSettime_r(TimerCreate_r(quiet, HIGH, 1, 0), 0, LONG, LONG);
	count = fill();
	print("crowd: %u threads", count + 2);
	if (count < 100 || pm_ready() < 0)
		return 1;
	TimerTimeout_r(TIMEOUT_RECEIVE, ms ? ms * MS : LONG);
	MsgReceive_r(quiet, NULL, 0, NULL);
	return 0;
}
