/* SPDX-License-Identifier: Apache-2.0 */
/* What each part of procmgr does for the others. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot.h"
#include "slots.h"

/*
 * procmgr's channel is its first, and the first act of every process's runtime is to connect to it: hence both numbers
 * are known without asking.
 */
#define PROCMGR_CHID 1
#define FIRST_COID   1

/* setup.c: reads and checks everything that the archive says. Returns the number of mistakes, all of them printed. */
unsigned setup(void);
/* Prints who owns what: the whole reach of every process, as it was proved before the start. */
void matrix_print(void);

/* env.c */
void environment_fill(struct slot *slot, const struct sys_owner *own);

/* seal.c: defines all slots and seals them. 0, or a negative errno after a message: nothing may be started. */
int seal(void);

/* start.c: tells the kernel who may use a slot, and what it may use, before the seal. 0, or a negative errno after a
 * message. */
int process_define(uint32_t slot);
/* Makes and starts the process of a slot, behind the seal; its worker's job. 0, or a negative errno and the step that
 * failed; nothing is left over then. */
int process_build(uint32_t slot, const char **step);

/* life.c: the slots' states. Starts a slot's process, or does so when its end is over. 0: it is on its way; or a
 * negative errno. */
int process_launch(uint32_t slot);
/* A slot's worker says that it is ready. */
void process_worked(uint64_t slot);
/* Something of the process was heard, so it runs. */
void process_heard(uint32_t slot);

/* order.c: servers start in the order of the description, virtual machines after them. */
#define NEVER UINT64_MAX
struct order {
	unsigned next;     /* index of the server to start next */
	uint32_t awaited;  /* slot of the server that must get ready first; 0: none */
	uint32_t starting; /* of the others those that do not run yet: one bit for each slot */
	uint64_t give_up;  /* when to go on without them */
	bool vms, done;
};
extern struct order order;
void order_go_on(void);
void order_started(uint32_t slot);
void order_ready(uint32_t slot);
void order_ended(uint32_t slot); /* or not started */
uint64_t order_deadline(void);
void order_timeout(void);

/* vm.c: the operator's orders, each with the answers of proto.h. 0: done, or on its way. */
int vm_start(uint32_t slot);
int vm_stop(uint32_t slot);
int vm_restart(uint32_t slot);
int vm_reset(uint32_t slot);
int vm_destroy(uint32_t slot);
int vm_pause(uint32_t slot, int64_t rcvid); /* 0: answered later */
int vm_resume(uint32_t slot);
void vm_info(uint32_t slot, struct pm_vm *info);
void vm_record(struct slot *slot, const struct process_info *info);
const char *vm_cause_text(uint32_t cause);

/*
 * gate.c: a guest begins when everything that its VM names has answered. qvm waits for what it opens by itself, and
 * says what; for the processes that it may connect to it asks here. Whoever waits longer than 10 s is refused.
 */
void gate_note(uint32_t slot, const char *text);
/* PM_READY of a VM. True: the answer comes later. */
bool gate_ask(uint32_t slot, int64_t rcvid);
/* Some process has become ready, or has ended. */
void gate_look(void);
void gate_forget(uint32_t slot);
uint64_t gate_deadline(void);
void gate_timeout(void);

/* restart.c */
/* A slot's process has ended. True: it will be started again. */
bool restart_plan(uint32_t slot);
/* Its process is not there, and will not come. 0, or -ESRCH: it would not have come anyway. */
int restart_cancel(uint32_t slot);
uint64_t restart_deadline(void);
void restart_due(void);

/* ask.c: questions to a qvm, each by a signal of its own, and PM_ANSWER. 0: the asker is answered later. */
int ask_qvm(uint32_t slot, int64_t rcvid, uint32_t signal);
int ask_answered(uint32_t slot, int64_t rcvid, uint32_t signal, size_t bytes);
void ask_forget(uint32_t slot);
uint64_t ask_deadline(void);
void ask_timeout(void);

/* end.c: the ends of processes and of the system. */
void process_ended(uint64_t slot);
int process_kill(uint32_t slot);
/* It does not run: calls off a start that is under way, or is to come. 0, or -ESRCH: it would not have come anyway. */
int process_cancel(uint32_t slot);
/* One of the operator's signals, but for SIGKILL. 0, or a negative errno. */
int process_signal(uint32_t slot, uint32_t signal);
/* Ends a VM whose guest has not begun; the exit status is what its qvm would have given. */
void process_refuse(uint32_t slot, uint32_t exit_code, enum vm_cause cause);
struct shutdown {
	bool running, reset;
	uint64_t deadline; /* the latest time at which the system ends */
};
extern struct shutdown shutdown_state;
_Noreturn void system_end(bool reset);
/* A critical process is gone: this and the line logged before are the last words, which the kernel prints. */
_Noreturn void system_safe_state(const char *culprit);
/* The global design safe state, for a reason that was logged. */
_Noreturn void system_safe(void);
void shutdown_begin(bool reset);
void shutdown_go_on(void);
uint64_t shutdown_deadline(void);
_Noreturn void shutdown_timeout(void);

/* serve.c: never returns. */
_Noreturn void serve(void);

/* log.c */
void log_line(enum slog_severity severity, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* From now on lines for the kernel's console are written by a thread that waits for the UART, and nobody else does. */
int log_start(void);
/* The last line about something that failed, or an empty one. */
const char *log_failure(void);
/* Returns when all lines for the kernel's console are written. */
void log_flush(void);
/* A console driver owns the UART from now on, or is gone. */
void log_console(bool driver);
/* PM_NEWS, answered now or later: a line that went to the log ring alone, and that the operator should see. */
void log_news(int64_t rcvid);
/* Where the log ring is served; lines so far follow. */
void log_slogger(uint32_t slot, uint32_t chid);
