/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between processes: what procmgr, the console driver and the log ring answer to.
 *
 * Every message starts with a type. A reply's status is 0 or above, or a negative errno; a server answers -EINVAL to a
 * type or a length that it does not know, and never trusts a count that a client wrote. Text in messages is not
 * NUL-terminated unless the field says so.
 */
#pragma once

#include <bulkhead.h>
#include <stdint.h>

/*
 * procmgr's channel is its first, and the first act of every process's runtime is to connect to it: hence both numbers
 * are known without asking.
 */
#define PROCMGR_CHID 1
#define PROCMGR_COID 1

#define PROTO_NAME 32  /* bytes of a name, NUL included */
#define PROTO_NOTE 128 /* bytes of a line about a VM, NUL included */
#define PROTO_ENV  16384
#define PROTO_DATA 512 /* most bytes of data in one console or log message */

enum msg_type {
	/* procmgr, on the connection that every process is born with */
	PM_NAME_ATTACH = 0x100, /* struct pm_name: own chid under a name; -EPERM: the name is not the sender's */
	PM_NAME_OPEN,           /* struct pm_name -> struct pm_name: slot and chid; waits if flags has PM_WAIT */
	PM_READY, /* a server is ready to serve: the next step of the start may go on. Of a qvm: may the guest start?
		     The    reply waits until each process that the VM may connect to is ready */
	/* Of a VM, by struct pm_target. -ESRCH: there is none of that name; -ENOENT: it does not run; -EAGAIN: its
	 * guest has not begun; -EALREADY: it is so already; -EBUSY: see its state, or a question to it is under way */
	PM_VM_START,
	PM_VM_STOP,    /* SIGTERM to its qvm */
	PM_VM_RESTART, /* the same, and a start when it has ended. -EPERM: its end would be the safe state */
	PM_VM_RESET,   /* ends it at once, as the guest's own SYSTEM_RESET, and starts it */
	PM_VM_DESTROY, /* ends it at once */
	PM_VM_PAUSE,   /* -> uint32_t: so many of its virtual CPUs have not stopped yet. -ETIMEDOUT: it does not say */
	PM_VM_RESUME,
	PM_VM_STATE,     /* -> struct pm_vm_state, of its qvm. -ETIMEDOUT: it does not answer */
	PM_VM_INFO,      /* struct pm_target (index) -> struct pm_vm; -ESRCH after the last */
	PM_PROCESS_INFO, /* struct pm_target (index = slot) -> struct process_info; -ESRCH: empty; -ERANGE: after the
			    last */
	PM_THREAD_INFO,  /* struct pm_target (index = slot, value = tid) -> struct thread_info */
	PM_SYSTEM_INFO,  /* -> struct pm_system */
	PM_SLAY,         /* struct pm_target: name or slot, value = signal */
	PM_SHUTDOWN,     /* struct pm_target: value 0 = off, 1 = reset; guests are stopped first */
	PM_SCHED,   /* struct pm_sched: priority, policy, run mask of a thread; what is 0 stays. -EINVAL: beyond the
		       description of its process; -EPERM: it is procmgr's */
	PM_VM_NOTE, /* struct pm_note, of a qvm: what it waits for, or why it refuses; shown to the operator */
	PM_ENV, /* struct pm_target: name of a VM -> text (JSON) of at most PROTO_ENV bytes: what it is at run time */
	PM_ANSWER,    /* struct pm_answer and what was asked for, of a qvm that got BH_SIGENV, SIGSTATE or SIGPAUSE */
	PM_NEWS,      /* -> text: the next line for the operator; the reply waits for it */
	PM_POOL_INFO, /* struct pm_target (index) -> struct pm_pool; -ESRCH after the last */
	PM_SLOT,      /* struct pm_target: name -> status: slot of that process or VM, running or not; -ESRCH */
	PM_CONSOLE,   /* struct pm_target: name of a console or stream (index = slot that wants it) -> status: slot of
			 whom the system gives it to; -ESRCH */
	PM_PROCESS_START, /* struct pm_target: name of a process that has ended; -EINVAL: it is a VM */
	PM_IRQ_INFO, /* struct pm_target (index) -> struct pm_irq of the index-th that somebody has; -ESRCH after */
	PM_APS,      /* struct pm_aps -> what SchedCtl()'s command writes; status of create and look-up: the id */

	/* console driver, name "console" */
	CON_OPEN = 0x200, /* struct con_msg: data = name -> status = console id; the same name gives the same id */
	CON_WRITE,        /* struct con_msg: id, data; the reply waits until there is room: status = bytes taken */
	CON_READ,         /* struct con_msg: id, count -> data; the reply waits for input: status = bytes */
	CON_FOCUS, /* struct con_msg: data = name: what is typed goes there; the reply comes when Ctrl-] is typed */
	CON_STATE, /* struct con_msg: data = name -> status = 1: a process has it open, 0: only its output is there;
		      -ENOENT */

	/* log ring, name "slogger" */
	SLOG_WRITE = 0x300, /* struct slog_msg */
	SLOG_READ,          /* struct slog_msg: sequence -> struct slog_msg of that or a later one; -EAGAIN: none yet */
	SLOG_CLEAR, /* struct slog_msg, of the operator's: name, or empty -> forgets that one's lines, or all; -ENOENT
		     */

	/* shared memory of virtual machines, name "shmem" */
	SHM_ATTACH = 0x400, /* struct shm_msg: name, pages, flags -> all of it; the reply waits while another one zeroes
			       the region. -ENOENT: no pool for that name, -ENOMEM, -EMFILE: as many clients as may be,
			       -EINVAL: no such name */
	SHM_READY,          /* struct shm_msg: handle: all zero now */
	SHM_DETACH,         /* struct shm_msg: handle */
	SHM_NOTIFY,         /* struct shm_msg: handle, status = bit n: client n */
	SHM_STATUS, /* struct shm_msg: handle -> status: bits 15:0 who has notified since, 31:16 who is attached */

	/* streams of bytes to the host, of the console driver. Each reply waits until the line begins to send the
	   frame; -EAGAIN: the stream has one that waits already */
	STREAM_OPEN = 0x500, /* struct stream_msg: data = name, total -> status = stream id; -EINVAL: not a name as
				docs/frames.md has it; -EPERM: it is another's, as for consoles; -EBUSY: it is open */
	STREAM_WRITE,        /* struct stream_msg: id, data -> status = bytes, all of them */
	STREAM_CLOSE,        /* struct stream_msg: id; the reply waits until the stream's last byte is in the UART */
};

#define PM_WAIT 1u

struct pm_name {
	uint32_t type, flags;
	char name[PROTO_NAME]; /* NUL-terminated */
	uint32_t slot, chid;
};

struct pm_target {
	uint32_t type, index;
	char name[PROTO_NAME]; /* NUL-terminated; empty: use index */
	uint32_t value, pad;
};

struct pm_sched {
	uint32_t type, slot;
	uint32_t tid, priority, policy, runmask;
};

/* SchedCtl()'s command with what it says, as in <bulkhead/sched_aps.h>; what a command does not need is not read. */
struct pm_aps {
	uint32_t type, command; /* enum sched_aps_command */
	char name[16];          /* NUL-terminated; empty: none */
	int32_t id, parent;
	uint32_t pid, tid;
	int32_t budget, max_budget, critical_us;
	int32_t window_ms, policy, bankruptcy; /* -1: as it is */
	uint32_t sec_flags, count;             /* count: of partitions, for their statistics */
};

/* STARTING: the guest has not begun. ENDING: its memory is being zeroed. PAUSED: by the operator */
enum vm_state { VM_STOPPED, VM_STARTING, VM_RUNNING, VM_ENDING, VM_PAUSED };

#define PM_CONSOLES 8 /* of one VM */

struct pm_vm {
	char name[PROTO_NAME];
	uint32_t state, slot;
	uint32_t starts;                /* how often it was started */
	uint32_t exit_code, cause, end; /* of the last end; cause is enum vm_cause, end is enum end_cause */
	uint64_t ram_bytes;
	uint64_t
	    entries; /* how often its virtual CPUs were let into the guest, by the kernel's count, in its last life */
	uint64_t done_bytes,
	    total_bytes; /* of its memory that are zero already, while procmgr starts or ends it; else 0 */
	uint32_t vcpus, pad;
	char note[PROTO_NOTE]; /* what it waits for, or why it was refused; empty: neither. NUL-terminated */
	char consoles[PM_CONSOLES][PROTO_NAME]; /* that its configuration names; NUL-terminated, empty after the last
						 */
};

struct pm_system {
	struct system_info kernel;
	uint64_t ram_bytes, ram_free; /* of processes and guests; free: in nobody's plan */
};

/* An interrupt of the board that somebody was given. */
struct pm_irq {
	uint32_t intid, slot, edge;
	int32_t state; /* of InterruptInfo(): 0 or above, or -ESRCH */
};

struct pm_vcpu {
	uint32_t on, paused;               /* 0, 1 */
	uint32_t state, cpu, blocked, tid; /* of its thread, as in struct thread_info */
	uint64_t pc;
	uint64_t unsupported; /* so often the guest did what its VM does not have; the last time, as text: */
	char last[64];        /* NUL-terminated */
};

struct pm_vm_state {
	uint32_t vcpus, pad;
	struct pm_vcpu vcpu[8]; /* VCPU_MAX */
};

struct pm_answer {
	uint32_t type;
	uint32_t signal; /* that has asked */
};

struct pm_note {
	uint32_t type, pad;
	char text[PROTO_NOTE]; /* NUL-terminated */
};

#define PM_PATTERNS 264 /* as many as a pool may have */

/* A pool of shared memory. */
struct pm_pool {
	uint64_t bytes;
	uint32_t slots, pad;        /* bit n: the process in slot n has it as one of its regions */
	char patterns[PM_PATTERNS]; /* of the names of what is made in it, each NUL-terminated, ending with an empty one
				     */
};

struct con_msg {
	uint32_t type;
	uint16_t id, count;
	char data[PROTO_DATA];
};

struct stream_msg {
	uint32_t type;
	uint16_t id, count;
	uint64_t total; /* bytes that are expected in all; 0: not known */
	char data[PROTO_DATA];
};

struct slog_msg {
	uint32_t type;
	uint16_t severity, count; /* severity: enum slog_severity */
	uint64_t sequence, time_ns;
	char name[PROTO_NAME]; /* of the process: filled in by the logger from the kernel's word, not the sender's */
	uint32_t slot, number; /* of the process, too; which of its lines since the last SLOG_CLEAR it is, from 0 */
	char text[PROTO_DATA];
};

enum slog_severity { SLOG_FATAL, SLOG_INTERNAL, SLOG_ERROR, SLOG_WARN, SLOG_INFO, SLOG_DEBUG, SLOG_VERBOSE };
#define SLOG_SEVERITIES 7u

static inline const char *slog_severity_name(unsigned severity)
{
	static const char *const names[SLOG_SEVERITIES] = {"fatal", "internal", "error",  "warn",
							   "info",  "debug",    "verbose"};

	return severity < SLOG_SEVERITIES ? names[severity] : "?";
}

#define SHM_REGIONS_MAX 64  /* in all: shared out evenly among the pools */
#define SHM_OF_SLOT     16  /* clients and holders of one VM: so many events its connection can keep */
#define SHM_CLIENTS     16u /* of one region */
#define SHM_HOLD        1u  /* flag: keeps the region in being, and is no client */
#define SHM_ZERO        2u  /* flag of a reply: the region is new to this VM's pool; zero it, then say SHM_READY */
#define SHM_CHANGED     1   /* code of the event that says: ask for SHM_STATUS; its value is the handle */

struct shm_msg {
	uint32_t type, handle;
	char name[PROTO_NAME]; /* NUL-terminated */
	uint32_t pages;        /* of 4096 bytes; the reply says how many the region has */
	uint32_t flags;
	uint32_t pool;   /* the region lies in the sender's n-th REGION_SHARED, counted from 0 */
	uint32_t index;  /* of the client in its region, 0 to 15 */
	uint64_t offset; /* in the pool, bytes */
	uint32_t status, pad;
};

/* Signals arrive as this pulse on the control channel (ThreadCtl THREADCTL_CONTROL); the value is the signal's number.
 */
#define CONTROL_SIGNAL 100
enum {
	BH_SIGINT = 2,
	BH_SIGQUIT = 3,
	BH_SIGKILL = 9,
	BH_SIGUSR1 = 10,
	BH_SIGUSR2 = 12,
	BH_SIGTERM = 15,
	/* Of procmgr alone; a question each. All that a process has not taken yet are a set: they have no order. */
	BH_SIGENV = 29,
	BH_SIGSTATE,
	BH_SIGPAUSE /* VM_PAUSED or not may have changed: PM_VM_INFO says it */
};
