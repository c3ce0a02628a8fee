/* SPDX-License-Identifier: Apache-2.0 */
/* The first process: it starts, limits, watches and ends all others. The order in which it gets ready for that. */
#include "boot.h"
#include "bulkhead/kernel.h"
#include "hash.h"
#include "log.h"
#include "order.h"
#include "safety.h"
#include "seal.h"
#include "serve.h"
#include "setup.h"
#include "slots.h"
#include "system.h"
#include "worker.h"

/* procmgr's own threads and interrupts keep off exclusive CPUs, if there is any other CPU. */
static void leave_exclusive_cpus(void)
{
	uint32_t shared = (1u << boot->cpus) - 1;

	for (unsigned i = 0; i < sys_owner_count(&config); i++)
		if (sys_owner_at(&config, i)->exclusive_cpus)
			shared &= ~sys_owner_at(&config, i)->sched.runmask;
	if (shared != 0)
		ThreadCtl_r(THREADCTL_RUNMASK, shared);
}

int main(void)
{
	unsigned mistakes;
	/* Must be the first channel of this process: see PROCMGR_CHID. */
	int chid = ChannelCreate_r(CHF_UNBLOCK);

	if (chid != PROCMGR_CHID) {
		log_line(SLOG_FATAL, "own channel is %d instead of %d", chid, PROCMGR_CHID);
		system_end(false);
	}
	mistakes = setup_slots();
	SystemCtl_r(SYSTEM_SAFE_RESET, config.safe_state_reset);
	if (safety_unmet() != 0) {
		log_line(SLOG_FATAL, "system not started: 'safety required' is not met, see the errors above");
		system_safe();
	}
	if (mistakes != 0) {
		log_line(SLOG_FATAL, "system not started: %u mistakes", mistakes);
		system_end(false);
	}
	hash_begin();
	setup_print_matrix();
	leave_exclusive_cpus();
	if (seal_slots() < 0) {
		log_line(SLOG_FATAL, "system not started: the kernel refuses the plan");
		system_end(false);
	}
	if (worker_make_all() < 0 || log_start() < 0) {
		log_line(SLOG_FATAL, "system not started: no memory for the threads of procmgr");
		system_end(false);
	}
	worker_make_helpers();
	order_prepare();
	mistakes = hash_wait();
	if (mistakes != 0) {
		log_line(SLOG_FATAL, "system not started: %u mistakes", mistakes);
		system_end(false);
	}
	order_go_on();
	serve_messages();
}
