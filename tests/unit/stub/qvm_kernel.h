/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a qvm that runs in a test has in place of the rest of the kernel and lib/sys, of the log and the console driver.
 * As stub/kernel.h it checks, notes what was called, and returns what `k` says, which a test clears, too.
 */
#pragma once

#include "qvm/end.h"
#include "qvm/log.h"
#include "qvm/pause.h"
#include "qvm/report.h"
#include "qvm/setup.h"
#include "qvm/vcpu.h"
#include "qvm/vm.h"
#include "stub/kernel.h"

#define STUB_SLOT      9  /* of the process */
#define STUB_PROCMGR   77 /* its connection to procmgr */
#define STUB_VCPU      10 /* the first virtual CPU's number */
#define STUB_CHANNEL   5  /* of the process, where a test gives it one */
#define STUB_TIMER     3  /* what TimerCreate returns */
#define STUB_PRIORITY  33 /* of the timer's pulses */
#define STUB_PARTITION 7  /* "mine"; the one after it, "locked", may not be joined */
#define STUB_MUTEX     77 /* the word of a mutex after mutex_init() */

struct stub_kernel {
	uint64_t status; /* of ThreadDestroy of all threads */

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

	/* Locks. */
	bool locks_nest; /* else a thread has one lock at a time, and none while it waits for others */
	unsigned locked;

	/* Timers, which there are if the process has a channel. */
	unsigned timers;
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

	int partition_of[VCPU_MAX]; /* that the thread of each virtual CPU has joined */

	/* Log and console. */
	unsigned slogged; /* lines for the log ring */
	char log[8192];   /* those of slogf() */
	char console[8192];
	size_t console_bytes;
	unsigned messages, refusals; /* of console_write */
	const char *typed;
};
extern struct stub_kernel k;
