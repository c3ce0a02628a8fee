/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of test_procmgr share: the system of the tests, what its kernel has noted, and scripts of messages. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <bulkhead/kernel.h>
#include <bulkhead/process.h>
#include <bulkhead/thread.h>

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

/* What setup() would have made: two servers, the operator's shell and two virtual machines. */
enum { DISK = 1, SHELL, LATE, VM1, VM2 };
#define MIB 0x100000ull

#define PROGRAM_PA 0x48001000ull
#define MODULE_PA  0x48004000ull

extern struct boot_info boot_info;
extern uint8_t program[0x3000], module[0x2000];
extern char log_text[8192];
extern unsigned console_offs, console_ons, sloggers;
extern int64_t news_rcvid;

struct mapping {
	unsigned slot, region, prot;
	uint64_t address, offset, bytes;
};

extern struct noted {
	uint64_t now, deadline;
	unsigned calls, fail_at; /* the fail_at-th call of the process group fails; 0: none */
	bool sealed;
	enum process_state state[PROCESS_MAX];
	struct process_params params[PROCESS_MAX];
	int regions[PROCESS_MAX], interrupts[PROCESS_MAX];
	struct mapping map[64];
	unsigned maps;
	struct boot_range code[PROCESS_MAX][1 + MODULE_MAX];
	unsigned codes[PROCESS_MAX];
	uint64_t entry, stack;
	struct start_args args;
	char strings[2048];
	unsigned creates, destroys;
	struct process_info info[PROCESS_MAX];
	unsigned signalled[PROCESS_MAX];
	struct thread_info thread;
	unsigned sched_priority, scheds;
	struct pulse pulse[16]; /* what procmgr's threads and the kernel have sent */
	unsigned pulses;
	bool workers_held; /* they run when the script says WORK */
	unsigned flushes, shutdowns;
	int system;
	char last_words[SAFE_TEXT_BYTES];
} k;

/* The script: messages and pulses in turn; the answers are noted by rcvid, which is the step's number plus 1. */
enum { SAY = 1, PULSE, DIE, WAIT, WORK };
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
int run(const struct act *with, unsigned count); /* what the service loop was left with */
int settle(void);                                /* what the service loop is left with, when nothing is left to do */
int go_on(void);                                 /* the start, as far as it comes by itself */
void run_workers(void);
#define RUN(script_) run(script_, sizeof(script_) / sizeof((script_)[0]))

void servers_start_in_order(void **state);
void a_server_that_never_gets_ready_holds_up_nobody(void **state);
void a_server_that_dies_while_awaited_holds_up_nobody(void **state);
void a_process_is_laid_out_as_it_must_be(void **state);
void all_slots_are_defined_before_any_starts(void **state);
void a_vm_gets_its_memory_and_the_archive_to_read(void **state);
void a_module_is_mapped_beside_the_program(void **state);
void a_restart_lies_elsewhere_and_has_another_guard(void **state);
void a_smashed_stack_is_called_by_its_name(void **state);
void a_start_that_fails_leaves_nothing(void **state);
void the_cause_of_an_end_is_kept_and_the_slot_is_free(void **state);
void an_exit_status_beyond_the_known_causes_is_an_error(void **state);
void only_the_operator_gives_orders(void **state);
void a_name_is_somebodys_also_while_he_is_not_there(void **state);
void no_vm_is_the_operator(void **state);
void the_operator_starts_a_process_anew(void **state);
void interrupts_are_told_in_their_order(void **state);
void malformed_messages_are_refused(void **state);
void names_are_found_or_waited_for(void **state);
void a_name_is_its_processs_from_before_its_start_to_after_its_end(void **state);
void who_asks_for_others_names_is_reported_once_in_a_life(void **state);
void a_shutdown_waits_for_the_guests(void **state);
void a_shutdown_starts_nothing_more(void **state);
void a_shutdown_does_not_wait_for_ever(void **state);
void the_end_of_a_critical_process_ends_the_system(void **state);
void what_fails_is_started_again_for_so_long(void **state);
void what_ends_by_itself_or_by_the_operator_stays_down(void **state);
void the_operator_has_the_last_word_about_restarts(void **state);
void the_console_driver_takes_over_when_it_is_ready(void **state);
void a_guest_begins_when_what_it_connects_to_is_ready(void **state);
void what_a_guest_waits_for_is_shown(void **state);
void a_guest_that_waits_too_long_is_refused(void **state);
void a_guest_that_has_not_begun_is_ended_from_here(void **state);
void a_vm_describes_itself_for_the_operator(void **state);
void how_often_a_guest_was_entered_is_kept(void **state);
void an_answer_that_is_late_answers_no_other_question(void **state);
void a_vm_is_paused_and_goes_on(void **state);
void a_paused_vm_ends_as_any_other(void **state);
void a_paused_vm_does_not_hold_up_a_shutdown(void **state);
void a_vm_is_restarted_by_the_operator(void **state);
void a_vm_is_reset_by_the_operator(void **state);
void a_vm_is_destroyed_by_the_operator(void **state);
void a_critical_vm_is_reset_and_not_restarted(void **state);
void a_critical_vm_that_is_called_off_between_lives_is_gone(void **state);
void a_start_that_was_called_off_is_ordered_again(void **state);
void a_console_is_whose_configuration_names_it(void **state);
void only_virtual_cpus_are_rescheduled_within_their_bounds(void **state);
void a_start_that_takes_long_is_seen(void **state);
void an_end_that_takes_long_is_seen(void **state);
void a_start_waits_for_the_end_before_it(void **state);
void a_restart_waits_for_the_end_before_it(void **state);
void a_start_is_called_off(void **state);
void a_process_is_heard_before_its_worker(void **state);
void a_worker_that_has_nothing_to_say_is_not_heard(void **state);
void a_critical_end_is_acted_upon_before_its_memory_is_zeroed(void **state);
void a_critical_vm_that_is_not_started_is_gone(void **state);
void a_vm_that_is_not_started_in_time_holds_up_nobody(void **state);
void what_the_operator_ends_politely_stays_down(void **state);
void a_shutdown_is_no_failure(void **state);
