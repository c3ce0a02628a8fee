/* SPDX-License-Identifier: Apache-2.0 */
/* The first process: it starts, limits, watches and ends all others. */
#include <bulkhead/kernel.h>

#include "procmgr.h"
#include "safety.h"

int main(void)
{
	unsigned mistakes;
	/* Must be the first channel of this process: see PROCMGR_CHID. */
	int chid = ChannelCreate_r(CHF_UNBLOCK);

	if (chid != PROCMGR_CHID) {
		log_line(SLOG_FATAL, "own channel is %d instead of %d", chid, PROCMGR_CHID);
		system_end(false);
	}
	mistakes = setup();
	SystemCtl_r(SYSTEM_SAFE_RESET, config.safe_state_reset);
	if (safety_unmet() != 0) {
		log_line(SLOG_FATAL, "system not started: safety is required, and not met");
		system_safe();
	}
	if (mistakes != 0) {
		log_line(SLOG_FATAL, "system not started: %u mistakes", mistakes);
		system_end(false);
	}
	matrix_print();
	if (seal() < 0) {
		log_line(SLOG_FATAL, "system not started: the kernel refuses the plan");
		system_end(false);
	}
	order_go_on();
	serve();
}
