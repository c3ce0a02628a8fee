/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the start: servers as the description lists them, each one that says `ready` before the next, then the
 * virtual machines. It never blocks: what is awaited is a state, and the main loop brings the news.
 */
#include <bulkhead/kernel.h>

#include "procmgr.h"

#define READY_TIMEOUT_NS (10 * 1000000000ull)

struct order order;

static void start_server(uint32_t number)
{
	if (process_launch(number) < 0) {
		if (slots[number].critical)
			system_safe_state(slots[number].name);
		return;
	}
	if (slots[number].server->ready) {
		order.awaited = number;
		order.give_up = ClockTime() + READY_TIMEOUT_NS;
	}
}

void order_go_on(void)
{
	if (shutdown_state.running)
		return;
	while (order.awaited == 0 && order.next < config.process_count)
		start_server(slot_of_server(order.next++));
	if (order.awaited != 0 || order.done)
		return;
	order.done = true;
	for (unsigned i = 0; i < config.vm_count; i++)
		if (config.vms[i].autostart)
			vm_start(slot_of_vm(i));
	log_line(SLOG_INFO, "system started");
}

static void stop_waiting(void)
{
	order.awaited = 0;
	order_go_on();
}

void order_ready(uint32_t slot)
{
	if (slot == order.awaited && slot != 0)
		stop_waiting();
}

void order_ended(uint32_t slot)
{
	order_ready(slot);
}

uint64_t order_deadline(void)
{
	return order.awaited != 0 ? order.give_up : NEVER;
}

void order_timeout(void)
{
	log_line(SLOG_ERROR, "%s is not ready after 10 s: the start goes on without it", slots[order.awaited].name);
	stop_waiting();
}
