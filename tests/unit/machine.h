/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes and threads on the fake machine of kernel/arch/host, driven through the kernel's own door. What is linked
 * with it is compiled with another name for the kernel's sched_yield(), since the C library and the sanitizers have one
 * too.
 */
#pragma once

#include "arch.h"
#include "calls.h"
#include "calls/tests.h"
#include "kernel/arch/host/host.h"
#include "process.h"
#include "trap.h"
#include "unit.h"
#include "vcpu.h"

#define MEM_VA    0x10000000ull /* where a process of the tests has its RAM, read-write */
#define MEM_PAGES 24u
#define MEM_BYTES (MEM_PAGES * PAGE_SIZE)
#define CODE_VA   0x1000ull /* the instruction that every thread executes, again and again: SVC */
#define BLOCKED   INT64_MIN
#define GONE      (INT64_MIN + 1) /* the thread is no more */

/*
 * CPUs 0 to cpu_count - 1 are the tests'; procmgr, in slot 0, has one more for itself. The core has no way back to
 * power-on: only the first call of a program boots, and returns true.
 */
bool machine_boot(unsigned cpu_count);
extern struct thread *procmgr;
extern uint64_t procmgr_page; /* of procmgr's memory, to read and write */

/* Everything that CPUs have to do by themselves: interrupts, calls that go on. */
void machine_settle(void);
/* One thing of it; false: there was none. */
bool machine_step(unsigned cpu);
void machine_tick(uint64_t ns);

/*
 * The thread makes a call; x0 comes back, or BLOCKED or GONE. It must be running. With `settle` false the CPUs do
 * nothing of their own afterwards. calls/tests.h has sys_NAME(t, ARGUMENTS) for each call, which settles, and
 * ARGS_NAME(ARGUMENTS): the registers x0 to x10.
 */
int64_t machine_call(struct thread *t, bool settle, unsigned number, const uint64_t x[11]);
#define call_alone(t, name, ...) machine_call(t, false, CALL_##name, ARGS_##name(__VA_ARGS__))
/* As the library has them. */
#define sys_MsgReceive(t, chid, room, address) sys_MsgReplyReceive(t, 0, 0, 0, room, 0, chid, address)
#define sys_MsgReply(t, rcvid, status, bytes, address, ...) \
	sys_MsgReplyReceive(t, rcvid, status, bytes, 0, address, 0, 0, ##__VA_ARGS__)
#define sys_MemUnmap(t, space, address, bytes) sys_MemProtect(t, space, address, bytes, 0)
#define sys_MsgError(t, rcvid, error)          sys_MsgReply(t, rcvid, (uint64_t) - (int64_t)(error), 0, 0)

/* Only the call, by whoever runs on the CPU: for tests whose CPUs are threads of the host. */
void machine_svc(unsigned cpu, unsigned number, const uint64_t x[11]);

/* Is the thread, if it still is one, through with its last call? */
bool machine_is_done(const struct thread *t);
struct thread *machine_thread(unsigned slot, uint32_t tid);

struct thread *machine_process(unsigned slot, unsigned prio, uint32_t runmask, uint32_t abilities, bool guest);
/* The seal is broken, and the slot defined: 0, or what ProcessCreate says. */
int64_t machine_define(unsigned slot, const struct process_params *params);
void machine_undefine(unsigned slot); /* what is made of it ends; its memory is nobody's */
struct thread *machine_spawn(struct thread *by, unsigned prio, uint32_t runmask);
void machine_destroy(unsigned slot); /* and undefine it */
/* By procmgr, which may: SchedSet of a thread of the process in slot 1. */
void machine_sched(const struct thread *t, unsigned prio, unsigned policy, uint32_t runmask);
void machine_clear(void); /* every process but procmgr is undefined */
void machine_fault(struct thread *t, const struct trap *trap);
void machine_guest_trap(unsigned cpu, unsigned syndrome);
void machine_guest_trap_alone(unsigned cpu, unsigned syndrome); /* the CPUs do nothing of their own afterwards */

/* Memory of a process, by its own addresses. */
void machine_write(struct process *p, uint64_t va, const void *from, uint64_t bytes);
void machine_read(struct process *p, uint64_t va, void *to, uint64_t bytes);

/* FP registers of the running thread, as its instructions see them. */
void machine_fp_write(unsigned cpu, uint64_t value);
uint64_t machine_fp_read(unsigned cpu);

/* Everything that must hold between two steps; `quiet`: also what must hold when nothing is left to do. */
void machine_check(bool quiet);
int machine_teardown(void **state); /* of a test: it must hold before and after machine_clear() */

uint32_t machine_random(uint32_t below);
void machine_seed(uint32_t seed);
