/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: what they run, what they wait for, and what they are doing in the kernel. */
#pragma once

#include "arch.h"
#include "bulkhead.h"
#include "ipc.h"
#include "timer.h"

/* A message copy longer than one step: what is left of it. */
struct copy {
	struct thread *peer; /* NULL: none in progress */
	uint64_t src, dst, left, done;
	uint8_t kind; /* enum copy_kind in copy.c */
	bool tried;   /* at once, and a fault was met: it has had its time for now */
};

struct thread {
	struct frame frame; /* first: entry.S */
	struct user_regs user;
	struct process *process;
	uint32_t tid;
	uint32_t ident; /* slot and tid, as in a rcvid */
	uint64_t info;  /* same, as in MSGINFO_* */
	uint8_t state;  /* others may read it; that it waits for a message changes under the kernel lock only */
	uint8_t policy;
	/* What it runs with, perhaps for somebody else, and its own. */
	union {
		struct {
			uint8_t prio, account; /* ACCOUNT_* of partition.h */
		};
		uint16_t standing;
	};
	union {
		struct {
			uint8_t base_prio, base_account;
		};
		uint16_t own;
	};
	union {
		struct {
			bool kill; /* must go as soon as it comes by the kernel's door */
			bool resume_copy;
		};
		uint16_t unfinished; /* any of it */
	};
	bool in_guest; /* goes on in its vCPU's guest, not in the process */
	bool yields;   /* running: see sched_yield() */
	bool late;     /* it was made when the VM was sealed: it runs no virtual CPU */
	uint8_t cpu;   /* that it runs or waits on, or ran on last */
	uint8_t kind;  /* of run mask: sched_kind_of() */
	uint32_t runmask;
	uint64_t slice_end; /* ns; 0: a whole slice from its start */
	uint64_t cpu_ticks;
	struct waiting run;     /* in a run queue, or by `link` in a CPU's list of threads to hand over */
	struct list wait_link;  /* receivers, repliers, sync waiters */
	struct waiting sending; /* in a channel's queue */
	struct list server_link;
	struct channel *channel; /* blocked at (SEND, REPLY, RECEIVE) */
	struct channel *serving; /* received from last */
	struct channel *closing; /* in ChannelDestroy, which goes in steps */
	uint32_t server_tid;     /* REPLY: who received the message; a hint for inheritance */
	struct thread *copier;   /* who copies from or to this thread just now */
	uint32_t rcvid;          /* REPLY: of the message that is served */
	struct pulse unblock;    /* PULSE_CODE_UNBLOCK */
	struct copy copy;
	struct timer timeout;
	uint32_t timeout_flags; /* not 0 while `timeout` is armed */
	uint64_t timeout_ns;
	uint64_t sync_addr;
	uint64_t sync_count; /* of the process, when it began to wait or to wake */
	uint32_t woken;      /* in SyncWake, which goes in steps: so many so far */
	struct vcpu *vcpu;   /* bound to */
	char name[NAME_MAX_];
	struct fpu fpu __attribute__((aligned(16)));
};

#define CALL_BLOCKED (INT64_MIN)     /* the caller waits: its result comes later */
#define CALL_RESTART (INT64_MIN + 1) /* the call is not done: execute it again, with the registers as they are now */

/* NULL: *error is -KE_AGAIN or -KE_NOMEM; else its tid, and it may run at once. */
struct thread *thread_make(struct process *p, uint64_t entry, uint64_t arg, uint64_t stack, uint64_t tls, unsigned prio,
			   unsigned policy, uint32_t runmask, int64_t *error);
NAMED void thread_destroy(struct thread *t); /* not running on any CPU */
void thread_timeout_arm(struct thread *t);   /* it blocks: for how long TimerTimeout said, if for this state */
void thread_timeout_end(struct thread *t);   /* it waits no more */
void thread_kill(struct thread *t);
void thread_timeout(struct thread *t);
bool thread_runmask_ok(const struct process *p, uint64_t mask);

#include "ready.h" /* thread_block(), thread_wake() */
