/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel.h"
#include <errno.h>
#include <string.h>

struct stub_core core;

uint64_t ClockTime(void)
{
	return core.now;
}

static void wait_for(uint64_t ns)
{
	if (core.no_sleep)
		fail_msg("it waits for %llu ns", (unsigned long long)ns);
	core.now += ns;
}

void thread_sleep(uint64_t ns)
{
	wait_for(ns);
}

int word_wait(uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
	assert_int_equal(*word, expected);
	if (timeout_ns == 0)
		longjmp(core.end, STUB_WORD_WAITS);
	wait_for(timeout_ns);
	return -ETIMEDOUT;
}

int thread_create(void (*entry)(void *), void *arg, size_t stack_bytes, unsigned priority, uint32_t runmask,
		  const char *name)
{
	struct stub_thread *thread = &core.thread[core.threads];

	assert_non_null(entry);
	assert_true(stack_bytes >= THREAD_STACK_MIN && strlen(name) < NAME_MAX_);
	assert_true(core.threads < sizeof(core.thread) / sizeof(core.thread[0]));
	*thread = (struct stub_thread){entry, arg, stack_bytes, priority, runmask, ""};
	strcpy(thread->name, name);
	return 20 + (int)core.threads++;
}

int SchedSet_r(int slot, int tid, unsigned priority, unsigned policy, uint32_t runmask)
{
	(void)slot, (void)tid, (void)policy, (void)runmask;
	core.sched_priority = priority;
	core.scheds++;
	return priority > 100 ? -EPERM : 0;
}

int ConnectAttach_r(unsigned slot, int chid, int event_chid)
{
	if (core.chid == 0)
		return -ENOMEM;
	assert_int_equal(slot, core.slot);
	assert_int_equal(chid, core.chid);
	assert_int_equal(event_chid, 0);
	core.connects++;
	return STUB_CONNECT;
}

void stub_add_pulse(int code, uint64_t value)
{
	assert_true(core.pulses < sizeof(core.pulse) / sizeof(core.pulse[0]));
	core.pulse[core.pulses++] = (struct pulse){.code = code, .value = value};
}

bool stub_take_pulse(void *msg)
{
	if (core.pulses == 0)
		return false;
	memcpy(msg, &core.pulse[0], sizeof(core.pulse[0]));
	memmove(&core.pulse[0], &core.pulse[1], --core.pulses * sizeof(core.pulse[0]));
	return true;
}

int MsgSendPulse_r(int coid, int priority, int code, uint64_t value)
{
	if (core.chid == 0)
		return -EBADF;
	if (core.only_priority)
		assert_int_equal(priority, core.only_priority);
	core.pulse_priority = priority;
	stub_add_pulse(code, value);
	return coid == STUB_CONNECT || coid == STUB_CONTROL ? 0 : -EBADF;
}
