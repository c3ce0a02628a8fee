/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of two virtual CPUs. QEMU's instruction clock counts for all CPUs in turn, so these are the sender's path up to
 * its next YIELD and then the receiver's, one after the other. The target either spins with YIELD, or is in WFI.
 */
#include "bench.h"

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

static void spin(uint64_t us)
{
	uint64_t end = now() + microseconds(us);

	while (now() < end)
		yield();
}

/* From the write of ICC_SGI1R_EL1 to the first instruction of the vector that `awaited` belongs to. */
static uint64_t time_sgi(const struct irq_record *awaited)
{
	uint64_t start, count = awaited->count;

	__asm__ volatile("isb; mrs %0, cntvct_el0; msr icc_sgi1r_el1, %1; isb"
			 : "=&r"(start)
			 : "r"(sgi_word(1))
			 : "memory");
	await(awaited, count);
	return awaited->counter - start - overhead;
}

/* The target is back in WFI before the next one. */
static uint64_t time_sgi_to_waiting(const struct irq_record *peer)
{
	spin(SETTLE);
	return time_sgi(peer);
}

void measure_pair(struct irq_record *self, struct irq_record *peer)
{
	if (cpu_on(1) != 0)
		return;
	while (!peer_ready)
		yield();
	spin(SETTLE);
	MEASURE("sgi_oneway", time_sgi(peer));
	peer->reply = sgi_word(0);
	MEASURE("sgi_roundtrip", time_sgi(self));
	peer->reply = 0;
	mode = PEER_WAITS;
	MEASURE("sgi_oneway_wfi", time_sgi_to_waiting(peer));
	mode = PEER_ENDS;
	time_sgi(peer);
}
