/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's calls as C functions, named as in abi/calls.def, which lists the ability that each one needs.
 *
 * Each call has two forms. The plain one returns a result that is never negative, or -1 with errno set. The form that
 * ends in _r returns the negative errno instead and touches neither errno nor any other thread-local storage: for code
 * that runs before or without it. Errors that every call can return are not repeated below: EPERM (the process lacks
 * the ability), EINVAL (a value outside its range), EFAULT (an address that the caller may not use so), ENOMEM (the
 * process's kernel memory is used up), ESRCH and EBADF (no such object).
 *
 * Times are nanoseconds since power-on, or from now. Priorities are 1 (lowest) to PRIO_MAX. A run mask has bit n set
 * for CPU n. Nothing that is passed is kept by the kernel: the caller owns all buffers and may reuse them on return.
 */
#pragma once

#include "abi/bulkhead.h"
#include <stddef.h>
#include <stdint.h>

#include "calls/numbers.h"

/* Threads. Use thread_create() of thread.h unless you want a thread without thread-local storage. */

/*
 * Starts a thread at `entry` with `arg` in x0, sp = `stack_top` (16-byte aligned) and TPIDR_EL0 = `tls`. `policy` is
 * SCHED_FIFO_ or SCHED_RR_; `runmask` 0 means the caller's. Returns its tid, 1 or above.
 */
int ThreadCreate(void (*entry)(void *), void *arg, void *stack_top, unsigned priority, unsigned policy,
		 uint32_t runmask, void *tls);
int ThreadCreate_r(void (*entry)(void *), void *arg, void *stack_top, unsigned priority, unsigned policy,
		   uint32_t runmask, void *tls);

/*
 * Ends a thread of the own process: `tid`, 0 for the caller, or -1 for all of them. `status` becomes the exit status of
 * the process when its last thread ends so. What the thread had received stays REPLY-blocked: answer first.
 */
int ThreadDestroy(int tid, uint64_t status);
int ThreadDestroy_r(int tid, uint64_t status);

/* THREADCTL_* of abi/bulkhead.h, for the calling thread or process. */
int ThreadCtl(enum threadctl command, uint64_t value);
int ThreadCtl_r(enum threadctl command, uint64_t value);

/* Own tid; the process's slot goes to *slot unless that is NULL. */
int ThreadSelf_r(unsigned *slot);

/* Base priority, policy and run mask (0: leave it) of a thread of process `slot`, -1 for the own process. */
int SchedSet(int slot, int tid, unsigned priority, unsigned policy, uint32_t runmask);
int SchedSet_r(int slot, int tid, unsigned priority, unsigned policy, uint32_t runmask);

/* Returns priority | policy << 8; the run mask goes to *runmask unless that is NULL. */
int SchedGet(int slot, int tid, uint32_t *runmask);
int SchedGet_r(int slot, int tid, uint32_t *runmask);

/* Lets other ready threads of the same priority run first. */
int SchedYield(void);
int SchedYield_r(void);

/*
 * Blocks while *word equals `expected`, until SyncWake. With `owner`, a tid of the own process, that thread inherits
 * the caller's priority meanwhile. EAGAIN: the word differs. ETIMEDOUT: TimerTimeout with TIMEOUT_SYNC. Check the word
 * again after every return. See mutex_lock() and word_wait() in thread.h.
 */
int SyncWait(const volatile void *word, uint32_t expected, int owner);
int SyncWait_r(const volatile void *word, uint32_t expected, int owner);

/* Wakes at most `count` threads that wait on the word, the highest priority first. Returns how many. */
int SyncWake(const volatile void *word, unsigned count);
int SyncWake_r(const volatile void *word, unsigned count);

/* Messages */

/* What MsgReceive tells about the sender. For a pulse only `slot` and `priority` count. */
struct msg_info {
	uint32_t bytes; /* that the client sent: what is beyond the buffer is there for MsgRead */
	uint16_t tid;
	uint8_t slot; /* of the client's process */
	uint8_t priority;
	uint32_t scoid;   /* the client's connection, for MsgDeliverEvent */
	uint32_t unblock; /* 1: the client wants to be unblocked */
};

/* What MsgReceive writes into the buffer (of at least this size, else it is cut off) when it returns 0. */
struct pulse {
	int32_t code; /* 0 to 127, or PULSE_CODE_* */
	uint32_t reserved;
	uint64_t value;
};

/* A channel of the own process, CHF_*. Without CHF_PRIVATE it takes ABLE_PUBLIC. Returns its chid, 1 or above. */
int ChannelCreate(unsigned flags);
int ChannelCreate_r(unsigned flags);

/* Clients that are blocked on it get ESRCH. */
int ChannelDestroy(int chid);
int ChannelDestroy_r(int chid);

/*
 * Connects to channel `chid` of process `slot` (QNX: pid). Events that the server delivers, and PULSE_CODE_COIDDEATH,
 * arrive on the own channel `event_chid`, 0 for none. Returns the coid. EPERM: the description does not allow it.
 */
int ConnectAttach(unsigned slot, int chid, int event_chid);
int ConnectAttach_r(unsigned slot, int chid, int event_chid);
int ConnectDetach(int coid);
int ConnectDetach_r(int coid);

/*
 * Sends `sbytes` bytes (at most MSG_MAX), waits for the reply and stores at most `rbytes` bytes of it. Returns the
 * server's status, or -1 with the errno that it replied with (a negative status, or MsgError). EINTR: the thread was
 * unblocked. ETIMEDOUT: TimerTimeout. The buffers must be ordinary memory and may be the same.
 */
int MsgSend(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes);
int MsgSend_r(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes);

/* The same; *got receives how many bytes of the reply were stored. Only valid if the result is not negative. */
int MsgSendGot_r(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes, size_t *got);

/*
 * Waits for a message or a pulse. Returns the rcvid, above 0, which MsgReply or MsgError must answer; or 0 for a pulse,
 * with a struct pulse in the buffer. `info` may be NULL.
 */
int64_t MsgReceive(int chid, void *msg, size_t bytes, struct msg_info *info);
int64_t MsgReceive_r(int chid, void *msg, size_t bytes, struct msg_info *info);

/* Unblocks the client with a status (negative: its errno) and at most as many bytes as it has room for. */
int MsgReply(int64_t rcvid, int64_t status, const void *msg, size_t bytes);
int MsgReply_r(int64_t rcvid, int64_t status, const void *msg, size_t bytes);

/*
 * MsgReply and MsgReceive in one call; `rcvid` 0 only receives. A client that is gone meanwhile is no error. The
 * buffers may be the same.
 */
int64_t MsgReplyReceive(int64_t rcvid, int64_t status, const void *reply, size_t reply_bytes, int chid, void *msg,
			size_t bytes, struct msg_info *info);
int64_t MsgReplyReceive_r(int64_t rcvid, int64_t status, const void *reply, size_t reply_bytes, int chid, void *msg,
			  size_t bytes, struct msg_info *info);

/* Unblocks the client with -1 and a positive errno, and no data. */
int MsgError(int64_t rcvid, int error);
int MsgError_r(int64_t rcvid, int error);

/* Copies from the client's message, or to its reply buffer, from `offset` on. Returns the bytes copied. */
int MsgRead(int64_t rcvid, void *buffer, size_t bytes, size_t offset);
int MsgRead_r(int64_t rcvid, void *buffer, size_t bytes, size_t offset);
int MsgWrite(int64_t rcvid, const void *buffer, size_t bytes, size_t offset);
int MsgWrite_r(int64_t rcvid, const void *buffer, size_t bytes, size_t offset);

/* About a message that was received and not answered yet. `reply_bytes`, if not NULL: the client's room for a reply. */
int MsgInfo(int64_t rcvid, struct msg_info *info, size_t *reply_bytes);
int MsgInfo_r(int64_t rcvid, struct msg_info *info, size_t *reply_bytes);

/* Queues a pulse and does not block. `priority` -1: the caller's. EAGAIN: PULSE_PENDING_MAX of them are waiting. */
int MsgSendPulse(int coid, int priority, int code, uint64_t value);
int MsgSendPulse_r(int coid, int priority, int code, uint64_t value);

/* Queues a pulse on the channel that the client of connection `scoid` named for events in ConnectAttach. */
int MsgDeliverEvent(uint32_t scoid, int priority, int code, uint64_t value);
int MsgDeliverEvent_r(uint32_t scoid, int priority, int code, uint64_t value);

/* Time */

/* Nanoseconds since power-on (QNX: CLOCK_MONOTONIC). Cannot fail. */
uint64_t ClockTime(void);

/* A timer that sends a pulse to an own channel. Returns its id. */
int TimerCreate(int chid, unsigned priority, int code, uint64_t value);
int TimerCreate_r(int chid, unsigned priority, int code, uint64_t value);

/*
 * Arms a timer `ns` from now, or with TIMER_ABSTIME at that time; then again every `interval_ns` unless that is 0.
 * `ns` 0 disarms it.
 */
int TimerSettime(int timer, unsigned flags, uint64_t ns, uint64_t interval_ns);
int TimerSettime_r(int timer, unsigned flags, uint64_t ns, uint64_t interval_ns);
int TimerDestroy(int timer);
int TimerDestroy_r(int timer);

/* The caller's next kernel call ends with ETIMEDOUT if it blocks longer than this in one of the TIMEOUT_* states. */
int TimerTimeout(unsigned flags, uint64_t ns);
int TimerTimeout_r(unsigned flags, uint64_t ns);

/* Interrupts that the process was granted */

/*
 * Attaches to interrupt `intid` of the GIC. It sends a pulse to own channel `chid`, or with 0 wakes InterruptWait; the
 * kernel masks it then, until InterruptUnmask. It starts unmasked. Returns its id. EBUSY: attached already.
 */
int InterruptAttachEvent(unsigned intid, int chid, unsigned priority, int code, uint64_t value);
int InterruptAttachEvent_r(unsigned intid, int chid, unsigned priority, int code, uint64_t value);
int InterruptWait(int id);
int InterruptWait_r(int id);
int InterruptUnmask(int id);
int InterruptUnmask_r(int id);
int InterruptDetach(int id);
int InterruptDetach_r(int id);
/* What became of an interrupt: 0, it is attached to; its INTID in the guest; with IRQ_FIRED. ESRCH. Of procmgr alone.
 */
int InterruptInfo(unsigned intid);
int InterruptInfo_r(unsigned intid);

/* Memory: SPACE_SELF or SPACE_GUEST; whole pages of 4096 bytes */

/* Maps part of a region that the process was granted (QNX: mmap_device_memory). EEXIST: something is mapped there. */
int MemMap(unsigned space, uint64_t address, unsigned region, uint64_t offset, uint64_t bytes, unsigned prot);
int MemMap_r(unsigned space, uint64_t address, unsigned region, uint64_t offset, uint64_t bytes, unsigned prot);
int MemUnmap(unsigned space, uint64_t address, uint64_t bytes);
int MemUnmap_r(unsigned space, uint64_t address, uint64_t bytes);
int MemProtect(unsigned space, uint64_t address, uint64_t bytes, unsigned prot);
int MemProtect_r(unsigned space, uint64_t address, uint64_t bytes, unsigned prot);

struct mem_info {
	uint64_t bytes;
	uint64_t flags;   /* REGION_* */
	uint64_t address; /* physical */
};
int MemInfo(unsigned region, struct mem_info *info);
int MemInfo_r(unsigned region, struct mem_info *info);

/* Processes: procmgr only. The structures are described in abi/bulkhead.h. */

/* Before Seal: defines a slot. Behind it, with NULL: makes a process of what was defined, with memory that is zero. */
int ProcessCreate(unsigned slot, const struct process_params *params);
int ProcessCreate_r(unsigned slot, const struct process_params *params);

/* Before Seal. Hands a resource over, GRANT_*: `start` and `length` are physical, or INTIDs. Returns the index of the
 * region. */
int ProcessGrant(unsigned slot, enum grant what, uint64_t start, uint64_t length);
int ProcessGrant_r(unsigned slot, enum grant what, uint64_t start, uint64_t length);

/* Maps a region into a process that does not run yet; the only way to executable memory. */
int ProcessMap(unsigned slot, uint64_t address, unsigned region, uint64_t offset, uint64_t bytes, unsigned prot);
int ProcessMap_r(unsigned slot, uint64_t address, unsigned region, uint64_t offset, uint64_t bytes, unsigned prot);

/* Copies own memory into a region of a process that does not run yet. */
int ProcessCopy(unsigned slot, unsigned region, uint64_t offset, const void *from, uint64_t bytes);
int ProcessCopy_r(unsigned slot, unsigned region, uint64_t offset, const void *from, uint64_t bytes);

/* Starts the first thread, with `arg` in x0. Returns its tid. */
int ProcessStart(unsigned slot, uint64_t entry, uint64_t stack_top, uint64_t arg, uint64_t tls);
int ProcessStart_r(unsigned slot, uint64_t entry, uint64_t stack_top, uint64_t arg, uint64_t tls);

/* Once: from then on no slot gets other parameters or grants. */
int Seal(void);
int Seal_r(void);

/*
 * Ends all threads of a process, and keeps its interrupts from coming. Never waits: EAGAIN means that threads are still
 * ending; PULSE_CODE_PROCESSDEATH follows the last one, and the next call returns 0.
 */
int ProcessStop(unsigned slot);
int ProcessStop_r(unsigned slot);

/* Ends a process and returns when nothing of it is left but its definition, and its memory is zero. */
int ProcessDestroy(unsigned slot);
int ProcessDestroy_r(unsigned slot);
int ProcessInfo(unsigned slot, struct process_info *info);
int ProcessInfo_r(unsigned slot, struct process_info *info);

/* The first thread whose tid is `tid` or above. Returns its tid; ESRCH after the last. */
int ThreadInfo(unsigned slot, int tid, struct thread_info *info);
int ThreadInfo_r(unsigned slot, int tid, struct thread_info *info);

/* A pulse on the process's control channel (THREADCTL_CONTROL). */
int ProcessSignal(unsigned slot, int code, uint64_t value);
int ProcessSignal_r(unsigned slot, int code, uint64_t value);

/* Virtual CPUs: a process with a guest space */

/* `index` 0 to VCPU_MAX - 1, `affinity` as in the guest's MPIDR_EL1, VCPU_*. Returns the vcpu id. */
int VcpuCreate(unsigned index, uint64_t affinity, unsigned flags);
int VcpuCreate_r(unsigned index, uint64_t affinity, unsigned flags);

/* `vreg`: enum vreg. Only while the virtual CPU does not run, else EBUSY. */
int VcpuGet(int vcpu, unsigned vreg, uint64_t *value);
int VcpuGet_r(int vcpu, unsigned vreg, uint64_t *value);
int VcpuSet(int vcpu, unsigned vreg, uint64_t value);
int VcpuSet_r(int vcpu, unsigned vreg, uint64_t value);

/* State of the private interrupts, enum vpriv; sets the bits of `mask`. *now, if not NULL: the value after that. */
int VcpuPrivate(int vcpu, unsigned vpriv, uint64_t value, uint64_t mask, uint64_t *now);
int VcpuPrivate_r(int vcpu, unsigned vpriv, uint64_t value, uint64_t mask, uint64_t *now);

/* Level of the line of an interrupt; the kernel samples it again when the guest has completed it. */
int VcpuLine(int vcpu, unsigned intid, unsigned level, unsigned priority);
int VcpuLine_r(int vcpu, unsigned intid, unsigned level, unsigned priority);

/* An edge. EAGAIN: too many are in flight. */
int VcpuInject(int vcpu, unsigned intid, unsigned priority);
int VcpuInject_r(int vcpu, unsigned intid, unsigned priority);

/* Takes an interrupt back: its pending state (VIRQ_PENDING), or with VIRQ_ACTIVE also that it is active. Returns the
 * VIRQ_* state that it had. */
int VcpuWithdraw(int vcpu, unsigned intid, unsigned what);
int VcpuWithdraw_r(int vcpu, unsigned intid, unsigned what);
int VcpuQuery(int vcpu, unsigned intid);
int VcpuQuery_r(int vcpu, unsigned intid);

/* Binds the host's interrupt `host` to the guest's `intid`; BIND_*. Returns VIRQ_* state. */
int VcpuBind(int vcpu, unsigned host, unsigned intid, unsigned priority, unsigned flags);
int VcpuBind_r(int vcpu, unsigned host, unsigned intid, unsigned priority, unsigned flags);

/* Makes VcpuRun of another thread return EXIT_KICK: at once, or at its next entry. */
int VcpuKick(int vcpu);
int VcpuKick_r(int vcpu);

/* The result of VcpuRun: `exit` is EXIT_*, or a negative errno; x1 to x5 as enum vcpu_exit says. */
struct vcpu_run {
	int64_t exit;
	uint64_t x1, x2, x3, x4, x5;
};

#ifdef __aarch64__
/*
 * Runs the guest until it needs something: `action` (enum vcpu_action) and a2 to a5 finish the exit before. Inline and
 * in registers, since every exit of every guest comes through here. The kernel keeps only x29, x30 and SP.
 */
#define VCPU_RUN_LOST                                                                                                \
	"x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", \
	    "x23", "x24", "x25", "x26", "x27", "x28", "cc", "memory"

static inline struct vcpu_run VcpuRun(int vcpu, enum vcpu_action action, uint64_t a2, uint64_t a3, uint64_t a4,
				      uint64_t a5)
{
	register uint64_t x0 __asm__("x0") = (uint64_t)(int64_t)vcpu;
	register uint64_t x1 __asm__("x1") = action;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;
	register uint64_t x4 __asm__("x4") = a4;
	register uint64_t x5 __asm__("x5") = a5;
	register uint64_t x8 __asm__("x8") = CALL_VcpuRun;

	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x8)
			 :
			 : VCPU_RUN_LOST);
	return (struct vcpu_run){.exit = (int64_t)x0, .x1 = x1, .x2 = x2, .x3 = x3, .x4 = x4, .x5 = x5};
}

/* The same for an action that needs one value at the most. */
static inline struct vcpu_run VcpuRunValue(int vcpu, enum vcpu_action action, uint64_t value)
{
	register uint64_t x0 __asm__("x0") = (uint64_t)(int64_t)vcpu;
	register uint64_t x1 __asm__("x1") = action;
	register uint64_t x2 __asm__("x2") = value;
	register uint64_t x3 __asm__("x3");
	register uint64_t x4 __asm__("x4");
	register uint64_t x5 __asm__("x5");
	register uint64_t x8 __asm__("x8") = CALL_VcpuRun;

	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "=r"(x3), "=r"(x4), "=r"(x5), "+r"(x8)
			 :
			 : VCPU_RUN_LOST);
	return (struct vcpu_run){.exit = (int64_t)x0, .x1 = x1, .x2 = x2, .x3 = x3, .x4 = x4, .x5 = x5};
}
#else
/* Native builds of tests bring their own. */
struct vcpu_run VcpuRun(int vcpu, enum vcpu_action action, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);

static inline struct vcpu_run VcpuRunValue(int vcpu, enum vcpu_action action, uint64_t value)
{
	return VcpuRun(vcpu, action, value, 0, 0, 0);
}
#endif

/* System */

/* SYSTEM_*; SYSTEM_OFF and SYSTEM_RESET do not return. */
int SystemCtl(enum systemctl command, uint64_t value);
int SystemCtl_r(enum systemctl command, uint64_t value);

/* Text, at most 256 bytes, for the kernel's console. */
int SystemLog(const char *text, size_t bytes);
int SystemLog_r(const char *text, size_t bytes);
int SystemInfo(struct system_info *info);
int SystemInfo_r(struct system_info *info);

#if defined(__aarch64__)
#include "bulkhead/msg_inline.h"
#endif
