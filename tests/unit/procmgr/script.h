/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of test_procmgr share: the system of the tests, what its kernel has noted, and scripts of messages. */
#pragma once

#include "servers/procmgr/aps_join.h"
#include "servers/procmgr/aps_query.h"
#include "servers/procmgr/ask.h"
#include "servers/procmgr/boot.h"
#include "servers/procmgr/end.h"
#include "servers/procmgr/events.h"
#include "servers/procmgr/gate.h"
#include "servers/procmgr/layout.h"
#include "servers/procmgr/life.h"
#include "servers/procmgr/log.h"
#include "servers/procmgr/names.h"
#include "servers/procmgr/order.h"
#include "servers/procmgr/restart.h"
#include "servers/procmgr/seal.h"
#include "servers/procmgr/serve.h"
#include "servers/procmgr/slots.h"
#include "servers/procmgr/start.h"
#include "servers/procmgr/system.h"
#include "servers/procmgr/vm.h"
#include "servers/procmgr/worker.h"
#include "stub/kernel.h"
#include <bulkhead/process.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What setup_slots() would have made: two servers, the operator's shell and two virtual machines. */
enum { DISK = 1, SHELL, LATE, VM1, VM2 };
#define MIB 0x100000ull

#define PROGRAM_PA 0x48001000ull
#define MODULE_PA  0x48004000ull

extern struct boot_info boot_info;
extern uint8_t program[0x3000], module[0x2000];
extern char log_text[8192];
extern unsigned console_offs, console_ons, sloggers;
extern int64_t news_rcvid;

unsigned times_of(const char *text); /* in log_text */

struct mapping {
	unsigned slot, region, prot;
	uint64_t address, offset, bytes;
};

extern struct noted {
	uint64_t deadline;
	unsigned calls, fail_at; /* the fail_at-th call of the process group fails; 0: none */
	bool sealed;
	enum process_state state[PROCESS_MAX];
	struct process_params params[PROCESS_MAX];
	int regions[PROCESS_MAX], interrupts[PROCESS_MAX];
	struct mapping map[64];
	unsigned maps;
	struct range code[PROCESS_MAX][1 + MODULE_MAX];
	unsigned codes[PROCESS_MAX];
	uint64_t entry, stack;
	struct start_args args;
	char strings[2048];
	unsigned creates, destroys, zeroes[PROCESS_MAX];
	struct process_info info[PROCESS_MAX];
	unsigned signalled[PROCESS_MAX];
	struct thread_info thread;
	uint32_t window_ms, shared_cpus, partition_policy;
	uint32_t budget[PARTITION_MAX], max[PARTITION_MAX], critical_us[PARTITION_MAX];
	uint32_t joined[8]; /* by tid: partition | PARTITION_CRITICAL */
	bool workers_held;  /* they run when the script says WORK */
	unsigned flushes, shutdowns;
	int system;
	char last_words[SAFE_TEXT_BYTES];
} k;

/*
 * The script: messages and pulses in turn; the answers are noted by rcvid, which is the step's number plus 1. TICK: the
 * next deadline is there; WAIT: the next one at which more is done than to say how far something is.
 */
enum { SAY = 1, PULSE, DIE, WAIT, TICK, WORK };
struct act {
	int what;
	unsigned slot; /* who says it */
	uint32_t type; /* SAY, or the pulse's code */
	const char *name;
	uint32_t index, value; /* pm_target; for names value is the chid */
	uint64_t status;       /* DIE: end status; PULSE: value */
	size_t bytes;          /* 0: the right size */
};

#define ACTS_MAX     32
#define NOT_ANSWERED 12345

extern unsigned at; /* the step of the script that is next */
extern int64_t answer[ACTS_MAX + 1];
extern struct pm_name name_reply;
extern struct pm_vm vm_reply;
extern struct pm_irq irq_replies[4];

int make_system(void **state); /* described, and not sealed */
int make_sealed(void **state);
#define CASE(test) cmocka_unit_test_setup(test, make_sealed)
int run(const struct act *with, unsigned count); /* what the service loop was left with */
int run_to_rest(void);                           /* what the service loop is left with, when nothing is left to do */
int go_on(void);                                 /* the start, as far as it comes by itself */
void run_workers(void);
#define RUN(script_) run(script_, sizeof(script_) / sizeof((script_)[0]))

int start_tests(void);
int orders_tests(void);
int ends_tests(void);
int vms_tests(void);
int workers_tests(void);
int partitions_tests(void);
