/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a virtual device that raises its interrupt (tests/bench/raise/raise.c, which notes when) to the vector: raised
 * within an access of the virtual CPU that takes it, within one of another, and by a thread of qvm.
 */
#include "patterns.h"

#define RAISE    0x00 /* 1: raise, 0: take it back */
#define RAISE_IN 0x08 /* raise in so many nanoseconds */
#define RAISED   0x10 /* when it was raised */
#define CLOCK    0x18 /* how long it takes to read the clock twice */

enum by { BY_SELF, BY_PEER, BY_THREAD };

static uint64_t time_raised(enum by by, bool in_wfi)
{
	struct irq_record *self = &records[0];
	uint64_t count = self->count;

	if (by == BY_SELF)
		write32(raiser + RAISE, 1);
	else if (by == BY_PEER)
		raise_by_peer();
	else
		write32(raiser + RAISE_IN, TIMER_AHEAD * 1000);
	while (in_wfi && self->count == count)
		wfi();
	await(self, count);
	return self->counter - read64(raiser + RAISED) - read64(raiser + CLOCK) / 2;
}

void measure_raised(void)
{
	if (!raiser || !peers_start(1, false))
		return;
	records[0].reply = REPLY_SILENCES;
	records[0].silence = raiser + RAISE;
	spi_enable(RAISER_INTID, 0xa0);
	MEASURE_ONE(0, time_raised(BY_SELF, false));
	results_worst("spi_from_vdev.self");
	peers_set(PEER_RAISES);
	MEASURE_ONE(0, time_raised(BY_PEER, false));
	results_worst("spi_from_vdev.peer");
	MEASURE_ONE(0, time_raised(BY_PEER, true));
	results_worst("spi_from_vdev_wfi.peer");
	peers_set(PEER_ENDS);
	MEASURE_ONE(0, time_raised(BY_THREAD, false));
	results_worst("spi_from_vdev.thread");
	MEASURE_ONE(0, time_raised(BY_THREAD, true));
	results_worst("spi_from_vdev_wfi.thread");
	records[0].reply = records[0].silence = 0;
	MEASURE_ONE(0, time_timer(&records[0], false));
	results_worst("vtimer_running_spis.after_vdev");
}
