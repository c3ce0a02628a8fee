/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every slot of the plan is defined before anything starts, also one that is started later or never. After the seal the
 * kernel refuses to widen any of them, also for this process.
 */
#include "seal.h"
#include "aps.h"
#include "bulkhead/kernel.h"
#include "log.h"
#include "slots.h"
#include "start.h"

int seal_slots(void)
{
	int result = aps_begin();

	for (uint32_t i = 1; i < PROCESS_MAX && result >= 0; i++)
		if (slots[i].kind != SLOT_EMPTY)
			result = slot_define(i);
	if (result < 0)
		return result;
	aps_seal();
	result = Seal_r();
	if (result < 0)
		log_line(SLOG_FATAL, "Seal failed, error %d", -result);
	return result;
}
