/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of two virtual CPUs. QEMU's instruction clock counts for all CPUs in turn, so these are the sender's path up to
 * its next YIELD and then the receiver's, one after the other. The target either spins with YIELD, or is in WFI.
 */
#include "timed.h"

#define SETTLE 20 /* microseconds in which the other side gets to where it waits, through the scheduler if need be */

/* Written by the first virtual CPU, read by the second. */
static volatile enum { PEER_SPINS, PEER_WAITS, PEER_ENDS } mode;
static volatile bool peer_ready;

void pair_peer(void)
{
	peer_ready = true;
	while (mode != PEER_ENDS) {
		if (mode == PEER_WAITS)
			wfi();
		else
			yield();
	}
}

/* The target is back in WFI before the next one. */
static uint64_t time_sgi_to_waiting(const struct irq_record *peer)
{
	spin(SETTLE);
	return time_sgi(sgi_word(1), peer);
}

void measure_pair(struct irq_record *self, struct irq_record *peer)
{
	if (cpu_on(1) != 0)
		return;
	while (!peer_ready)
		yield();
	spin(SETTLE);
	MEASURE("sgi_oneway", time_sgi(sgi_word(1), peer));
	peer->reply = sgi_word(0);
	MEASURE("sgi_roundtrip", time_sgi(sgi_word(1), self));
	peer->reply = 0;
	mode = PEER_WAITS;
	MEASURE("sgi_oneway_wfi", time_sgi_to_waiting(peer));
	mode = PEER_ENDS;
	time_sgi(sgi_word(1), peer);
}
