/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program that runs in a test has in place of the kernel and lib/sys, as far as every program needs it: time,
 * threads that the test runs itself, and pulses. It checks what every caller must keep to, notes what was called, and
 * returns what `core` says. A test clears `core` before each case. stub/qvm_kernel.c adds what a qvm calls,
 * procmgr/kernel.c what procmgr calls. Threads that really run have stub/threads.c instead.
 */
#pragma once

#include "unit.h"
#include <bulkhead/kernel.h>
#include <bulkhead/thread.h>

#define STUB_CONNECT 6 /* what ConnectAttach returns */
#define STUB_CONTROL 7 /* another connection that takes pulses */

/* Where calls that do not return lead: values of setjmp(core.end). */
enum stub_end {
	STUB_PROCESS_ENDED = 1, /* ThreadDestroy of all threads */
	STUB_THREAD_ENDED,      /* thread_exit */
	STUB_WORD_WAITS,        /* word_wait without a limit */
	STUB_INPUT_WAITS,       /* console_read with nothing typed */
	STUB_PULSE_WAITS,       /* MsgReceive with no pulse left */
};

struct stub_core {
	jmp_buf end;
	uint64_t now;  /* ns; waiting makes it later */
	bool no_sleep; /* to wait for a time is an error */

	struct stub_thread {
		void (*entry)(void *);
		void *arg;
		size_t stack_bytes;
		unsigned priority;
		uint32_t runmask;
		char name[NAME_MAX_];
	} thread[2 * PROCESS_MAX];
	unsigned threads;
	unsigned sched_priority, scheds; /* of SchedSet */

	/* The channel of the program, to which it may connect. 0: it has none, and there are no pulses. */
	unsigned slot;
	int chid;
	unsigned connects;
	struct pulse pulse[16]; /* sent, by whomever, and not received */
	unsigned pulses;
	int pulse_priority, only_priority; /* of the last; that they must have, 0: any */
};
extern struct stub_core core;

/* Sends a pulse to the program, after those that wait. */
void stub_add_pulse(int code, uint64_t value);

/* Takes the first pulse for MsgReceive. False: there is none. */
bool stub_take_pulse(void *msg);
