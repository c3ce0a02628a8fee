/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel and the processes agree upon: flags and structures. The calls themselves are in calls.def.
 * Used by the kernel, by every process, and by native builds of both: nothing here depends on the C library.
 */
#pragma once

#include "arch/aarch64.h" /* the one architecture that there is */
#include "range.h"
#include <stdint.h>

/* Statuses. Values are those of Linux's and picolibc's errno for the codes used, given here so that the kernel needs no
 * C library. A call returns the negative. */
enum kernel_errno {
	KE_PERM = 1,
	KE_SRCH = 3,
	KE_INTR = 4,
	KE_BADF = 9,
	KE_AGAIN = 11,
	KE_NOMEM = 12,
	KE_FAULT = 14,
	KE_BUSY = 16,
	KE_EXIST = 17,
	KE_INVAL = 22,
	KE_RANGE = 34,
	KE_NOSYS = 88,
	KE_MSGSIZE = 122,
	KE_TIMEDOUT = 116,
};

/* Abilities: bits of process_params.abilities. Default is no. */
#define ABLE_NONE      0u
#define ABLE_PROCESS   (1u << 0) /* the calls of the process group: procmgr */
#define ABLE_VCPU      (1u << 1) /* has a guest space and virtual CPUs */
#define ABLE_SYSTEM    (1u << 2) /* shut down, reboot */
#define ABLE_LOG       (1u << 3) /* write on the kernel's console */
#define ABLE_PUBLIC    (1u << 4) /* channels that other processes may connect to */
#define ABLE_XSCHED    (1u << 5) /* SchedSet on another process's threads */
#define ABLE_PARTITION (1u << 6) /* SchedPartition: procmgr */

#define PROCESS_MAX 32 /* slots; 0 is procmgr */
#define CPU_MAX     8
#define VCPU_MAX    8
#define REGION_MAX  32 /* for one process */
#define NAME_MAX_   32

/* Priorities 0 (idle) to 255; 255 is kept for the kernel. Policies. */
#define PRIO_MAX     254
#define SCHED_FIFO_  1
#define SCHED_RR_    2
#define TIMESLICE_NS 4000000ull

/* ThreadCtl commands. */
enum threadctl {
	THREADCTL_NAME = 1, /* value = address of NAME_MAX_ bytes */
	THREADCTL_RUNMASK,  /* value = mask, within the process's; result 0 */
	THREADCTL_SELF,     /* result = own tid; second result = own slot */
	THREADCTL_CONTROL,  /* value = own chid that gets control pulses (ProcessSignal) */
};

/* Channel flags (ChannelCreate). */
#define CHF_UNBLOCK        (1u << 0) /* pulse when a REPLY-blocked client wants out; the server must answer */
#define CHF_FIXED_PRIORITY (1u << 1) /* receivers keep their own priority */
#define CHF_DISCONNECT     (1u << 2) /* pulse when a client's last connection goes away */
#define CHF_PRIVATE        (1u << 3) /* only own process may connect */

/* Pulse codes of the kernel. User codes are 0 to 127. */
#define PULSE_CODE_UNBLOCK      (-1) /* value = rcvid */
#define PULSE_CODE_DISCONNECT   (-2) /* value = slot of a client whose last connection is gone */
#define PULSE_CODE_COIDDEATH    (-3) /* value = coid of ours whose channel is gone */
#define PULSE_CODE_PROCESSDEATH (-4) /* to procmgr; value = slot */
#define PULSE_PENDING_MAX       16   /* pulses of one connection that may wait at once */
#define PULSE_PROCESS_MAX       128  /* and of all connections of one process */

/* `info` of MsgReceive and MsgInfo: who sent. */
#define MSGINFO_SLOT(i)  ((unsigned)((i)&0xff))
#define MSGINFO_TID(i)   ((unsigned)(((i) >> 8) & 0xffff))
#define MSGINFO_SCOID(i) ((unsigned)(((i) >> 24) & 0xffffff)) /* names the client's connection, for MsgDeliverEvent */
#define MSGINFO_PRIO(i)  ((unsigned)(((i) >> 48) & 0xff))
#define MSGINFO_UNBLOCK  (1ull << 56) /* the client has asked to be unblocked */
#define MSG_INLINE       32           /* first bytes of a message: in registers */
#define MSG_MAX          (1u << 20)

/* TimerSettime and TimerTimeout flags; of the latter, the states in which it counts. */
#define TIMER_ABSTIME   (1u << 31)
#define TIMEOUT_SEND    (1u << STATE_SEND)
#define TIMEOUT_REPLY   (1u << STATE_REPLY)
#define TIMEOUT_RECEIVE (1u << STATE_RECEIVE)
#define TIMEOUT_SYNC    (1u << STATE_SYNC)

/* Memory. An address of a process or of a guest has so many bits. */
#define SPACE_BITS      39
#define SPACE_LIMIT     (1ull << SPACE_BITS)
#define SPACE_SELF      0
#define SPACE_GUEST     1
#define PROT_R          1u
#define PROT_W          2u
#define PROT_X          4u /* own space: only R|X, of REGION_X, through ProcessMap. Guest space: freely */
#define REGION_RAM      1u
#define REGION_DEVICE   2u  /* mapped for registers of devices, never executable */
#define REGION_RO       4u  /* may be mapped for reading only (archive, device tree) */
#define REGION_X        8u  /* ProcessMap may map it R|X; always REGION_RO too */
#define REGION_SHARED   16u /* other processes have it too; never executable, neither here nor in a guest */
#define REGION_RESERVED 32u /* memory that keeps what is in it */

enum grant {
	GRANT_RAM = 1,  /* start, length: physical; zero when the process is made, zeroed when it ends */
	GRANT_ROM,      /* RAM that stays as it is and is mapped for reading only */
	GRANT_DEVICE,   /* MMIO pages */
	GRANT_IRQ,      /* start = number of the first | IRQ_EDGE, length = how many: InterruptAttachEvent, VcpuBind */
	GRANT_CODE,     /* as GRANT_ROM, and procmgr may map it executable: REGION_X */
	GRANT_SHARED,   /* RAM that several may have: exactly the same range. Zero when the first of them is made,
			 * zeroed when the last has ended */
	GRANT_RESERVED, /* RAM that the board's tree has in /reserved-memory, without no-map: stays as it is */
};

#define IRQ_EDGE  (1ull << 32) /* they are signalled by a rising edge, not by a high level */
#define IRQ_FIRED (1 << 16)    /* of InterruptInfo: it has come, and is not unmasked yet */

struct process_params {
	char name[NAME_MAX_];  /* NUL-terminated */
	uint64_t kmem;         /* physical start of the kernel memory that it brings, page aligned */
	uint64_t kmem_bytes;   /* multiple of 4096 */
	uint32_t abilities;    /* ABLE_* */
	uint32_t connect_mask; /* bit n: may connect to public channels of slot n */
	uint32_t runmask;      /* CPUs that its threads may use */
	uint8_t priority;      /* of the first thread */
	uint8_t max_priority;  /* of any thread, 1 to PRIO_MAX */
	uint8_t policy;        /* SCHED_*_ of the first thread */
	uint8_t guest;         /* 1: has a guest space */
	uint32_t death_chid;   /* procmgr's channel for PULSE_CODE_PROCESSDEATH */
	uint32_t critical;     /* 1: its end is the global design safe state, except by ProcessStop or a shutdown */
	uint32_t partition;    /* that its threads begin in */
	uint32_t unused;
};

/*
 * Adaptive partitions. The kernel knows numbers and budgets; names, parents and who may change what are procmgr's. A
 * percentage is one of all shared CPUs, in hundredths of a percent.
 */
#define PARTITION_MAX     32u    /* 0: System, in which all begin */
#define PARTITION_PERCENT 10000u /* all of it */
#define PARTITION_IDLE    32u    /* of PARTITION_STATS: the time in which shared CPUs had nothing to do */
#define WINDOW_MS_MIN     8u
#define WINDOW_MS_MAX     400u

enum partition_command {
	PARTITION_PARAMS, /* subject: the window, ms; value: mask of the shared CPUs; more: PARTITION_POLICY_* */
	/* subject: a partition; value: its budget | its maximum << 16; more: critical budget, microseconds in a window
	 */
	PARTITION_BUDGET,
	/* subject: slot; value: tid, or 0 for threads to come; more: partition | PARTITION_CRITICAL */
	PARTITION_JOIN,
	PARTITION_STATS /* subject: a partition, or PARTITION_IDLE; more: address of a struct partition_stats */
};

/* Nanoseconds, of all shared CPUs together, up to now. */
struct partition_stats {
	uint64_t used, critical;                     /* since the start; critical: of that, as such */
	uint64_t used_in_window, critical_in_window; /* in the last window */
};

#define PARTITION_CRITICAL     (1u << 8) /* the thread is always allowed to use the critical budget */
#define PARTITION_POLICY_RATIO (1u << 0) /* free time by the ratio of budgets, else by priority */

/* How a process ended. */
enum end_cause {
	END_NONE,   /* it has not */
	END_EXIT,   /* last thread called ThreadDestroy; status is the exit code */
	END_FAULT,  /* status = syndrome of the processor; fault_address, fault_pc */
	END_KILLED, /* ProcessStop, ProcessDestroy */
};

/* DEFINED: it has parameters and grants; there is no process. Those after it: there is one. */
enum process_state { PROCESS_FREE, PROCESS_DEFINED, PROCESS_NEW, PROCESS_RUNNING, PROCESS_DEAD, PROCESS_ENDING };

struct process_info {
	char name[NAME_MAX_];
	uint32_t state;
	uint32_t end_cause;
	uint64_t end_status;
	uint64_t fault_address, fault_pc;
	uint64_t kmem_bytes, kmem_free;
	uint64_t ram_bytes, ram_zeroed; /* zeroed: so much of it has been, for the next process, or for this one */
	uint32_t threads, channels, connections, timers, interrupts, vcpus, tables;
	uint32_t abilities;
	uint64_t cpu_ns;
	uint64_t entries; /* of all its virtual CPUs into the guest: 0, and the guest has executed nothing */
};

enum thread_state {
	STATE_DEAD,
	STATE_RUNNING,
	STATE_READY,
	STATE_RECEIVE,
	STATE_SEND,
	STATE_REPLY,
	STATE_SYNC,
	STATE_HALT,   /* a virtual CPU that waits for an interrupt */
	STATE_MOVING, /* its registers are being fetched from another CPU */
	STATE_VCPU    /* waits for the CPU that holds a vCPU's registers to act on them */
};

struct thread_info {
	char name[NAME_MAX_];
	uint32_t tid, state;
	uint32_t priority, base_priority;
	uint32_t policy, runmask;
	uint32_t cpu, blocked_slot;         /* slot of the process that it waits for, or ~0 */
	uint32_t partition, base_partition; /* that its time is billed to, and its own; with PARTITION_CRITICAL */
	uint64_t cpu_ns;
	uint64_t entries; /* how often its virtual CPU was let into the guest, else 0 */
};

/*
 * VcpuBind: an interrupt of the host becomes one of the guest's. The first one, before the VM runs, says which one it
 * is there, for ever. From then on each call says how things stand: on at this vCPU, with this priority, or off, held
 * at the interrupt controller. Off at one vCPU goes before on at another.
 */
#define BIND_ON    1u
#define BIND_CLEAR 2u /* forget that it is pending, unless its line is high */

#define VIRQ_PENDING 1
#define VIRQ_ACTIVE  2

/* SystemCtl. */
#define SAFE_TEXT_BYTES 256
enum systemctl {
	SYSTEM_OFF = 1,
	SYSTEM_RESET,
	SYSTEM_CONSOLE_ON, /* whoever had the UART, which silenced the kernel, is gone: what is printed is seen again */
	SYSTEM_SAFE_RESET, /* value 1: the global design safe state ends with a reset; 0, as at start: switched off */
	SYSTEM_SAFE_STATE, /* enter it now; does not return. Value: where SAFE_TEXT_BYTES with what to print are, or 0
			    */
	SYSTEM_SHUTDOWN,   /* what ends from now on is to end: also a critical process, but not procmgr */
};

/* What a process may use on every CPU of the board: system_info.features. */
#define FEATURE_SHA256 1u /* instructions for SHA-256 */

struct system_info {
	uint32_t cpus;
	uint32_t processes;
	uint64_t counter_hz;
	uint64_t objects;    /* kernel objects alive, in all processes */
	uint64_t interrupts; /* attached */
	uint64_t features;   /* FEATURE_* */
	uint64_t idle_ns[CPU_MAX];
};

/*
 * What the kernel tells procmgr: at address BOOT_INFO, read only. The tree, the Image and the archive are mapped read
 * only at the addresses given.
 */
#define BOOT_INFO    0x100000ull
#define BOOT_DTB     0x1000000ull
#define BOOT_IMAGE   0x8000000ull /* the part of the kernel's Image that never changes */
#define BOOT_ARCHIVE 0x40000000ull
#define BOOT_RAM_MAX 16

struct boot_info {
	uint64_t dtb_bytes;
	uint64_t archive_bytes; /* 0: none was given */
	uint64_t archive_pa;
	uint64_t image_bytes;
	uint32_t cpus;
	uint32_t intid_limit; /* first number of a shared interrupt that the interrupt controller does not have */
	uint32_t ram_count;
	struct range ram[BOOT_RAM_MAX]; /* free for processes; whole pages, ascending */
	uint8_t seed[16];               /* key of what procmgr hands out: places, guards */
	uint64_t random;                /* 0: the board gave no randomness, `seed` can be guessed */
};

#define ENV_MAX_         25
#define ASINFO_VARIABLE  "asinfo."  /* and a region's name: its start and length, hexadecimal, with a comma */
#define CLUSTER_VARIABLE "cluster." /* and a cluster's name: its CPUs as a mask, hexadecimal */
#define NAME_VARIABLE    "vm.name"  /* the VM's name, if its configuration gives none */

/* A shared object beside the program: its segments lie at `base` plus their p_vaddr, its file can be read in whole. */
#define MODULE_MAX 8
struct start_module {
	uint64_t base; /* whole pages */
	uint64_t file_address;
	uint64_t file_bytes;
};

/* What a process finds at the top of its stack: the argument of its first thread leads there. Places differ from start
 * to start. */
struct start_args {
	uint32_t argc;
	uint32_t slot;
	uint64_t argv[16];   /* addresses of NUL-terminated strings */
	uint64_t heap_start; /* mapped, read-write */
	uint64_t heap_bytes;
	int32_t procmgr_coid; /* connection to procmgr */
	uint32_t region_count;
	uint64_t file_address; /* a file of the archive that the description hands over, or 0 */
	uint64_t file_bytes;
	uint8_t guard[16]; /* another one for each start; its first half is the stack protector's */
	uint64_t window;   /* 2 MiB aligned: where a guest's memory may be mapped; nothing follows it */
	uint32_t random;   /* 0: guard and places can be guessed */
	uint32_t module_count;
	struct start_module modules[MODULE_MAX];
	uint32_t env_count, pad;
	uint64_t env[ENV_MAX_]; /* addresses of "NAME=value" */
};
