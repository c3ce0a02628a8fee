/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a qvm that runs in a test has in place of the kernel, lib/sys, the log and the console driver: it checks what
 * every caller must keep to, notes what was called, and returns what `k` says. A test clears `k` before each case.
 */
#pragma once

#include "qvm/end.h"
#include "qvm/log.h"
#include "qvm/pause.h"
#include "qvm/report.h"
#include "qvm/setup.h"
#include "qvm/vcpu.h"
#include "qvm/vm.h"
#include "unit.h"

#define STUB_SLOT     9  /* of the process */
#define STUB_PROCMGR  77 /* its connection to procmgr */
#define STUB_VCPU     10 /* the first virtual CPU's number */
#define STUB_CHANNEL  5  /* with k.events: what ChannelCreate, ConnectAttach and TimerCreate return */
#define STUB_CONNECT  6
#define STUB_TIMER    3
#define STUB_CONTROL  7  /* another connection that takes pulses */
#define STUB_PRIORITY 33 /* of the timer's pulses */
#define STUB_MUTEX    77 /* the word of a mutex after mutex_init() */

/* Where calls that do not return lead: values of setjmp(k.end). */
enum stub_end {
	STUB_PROCESS_ENDED = 1, /* ThreadDestroy of all threads: k.status */
	STUB_THREAD_ENDED,      /* thread_exit */
	STUB_WORD_WAITS,        /* word_wait without a limit */
	STUB_INPUT_WAITS,       /* console_read with nothing typed */
	STUB_PULSE_WAITS,       /* MsgReceive with no pulse left */
};

struct stub_kernel {
	jmp_buf end;
	uint64_t status;
	uint64_t now;  /* ns; waiting makes it later */
	bool no_sleep; /* thread_sleep() is an error */

	/* Virtual CPUs. */
	unsigned vcpu_flags; /* that VcpuCreate must be called with */
	uint64_t vreg[VCPU_MAX][VREG_COUNT];
	unsigned resets[VCPU_MAX], kicks[VCPU_MAX];
	struct vcpu_run script[64]; /* exits that VcpuRun returns; then the guest switches itself off */
	struct {
		int vcpu;
		enum vcpu_action action;
		uint64_t x[4];
	} entry[65]; /* what VcpuRun was called with */
	unsigned exits, entries;
	unsigned only_line; /* the one interrupt that VcpuLine may be called for; 0: any */
	unsigned line, lines_raised, injected;
	bool level;

	/* Memory: region 1. */
	uint8_t *window; /* where the process has it */
	uint64_t region_bytes;
	unsigned guest_maps;
	uint64_t map_ipa[4], map_prot[4];

	/* Threads and locks. */
	struct {
		void (*entry)(void *);
		void *arg;
		size_t stack_bytes;
		unsigned priority;
		uint32_t runmask;
		char name[NAME_MAX_];
	} thread[8];
	unsigned threads;
	bool locks_nest; /* else a thread has one lock at a time, and none while it waits for others */
	unsigned locked;

	/* Pulses and timers, which there are with `events`. */
	bool events;
	unsigned connects, timers;
	struct pulse pulse[8]; /* sent, by whomever; MsgReceive takes them in order */
	unsigned pulses, received;
	int pulse_priority;
	uint64_t settime;

	/* procmgr. */
	struct {
		struct pm_answer head;
		uint32_t value;
	} sent;
	size_t sent_bytes;
	enum vm_state state; /* as procmgr has it */
	char note[PROTO_NOTE];
	unsigned notes;

	/* Log and console. */
	unsigned slogged; /* lines for the log ring */
	char log[8192];   /* those of slogf() */
	char console[8192];
	size_t console_bytes;
	unsigned messages, refusals; /* of console_write */
	const char *typed;
};
extern struct stub_kernel k;
