/* SPDX-License-Identifier: Apache-2.0 */
#include "order.h"
#include "bulkhead/kernel.h"
#include "life.h"
#include "log.h"
#include "slots.h"
#include "system.h"
#include "worker.h"

#define GIVE_UP_NS (10 * 1000000000ull)

struct order order;

static void start_server(uint32_t number)
{
	if (slot_launch(number) < 0)
		return;
	if (slots[number].server->ready)
		order.awaited = number;
	else
		order.starting |= 1u << number;
	order.give_up = ClockTime() + GIVE_UP_NS;
}

static void start_vms(void)
{
	order.vms = true;
	order.give_up = ClockTime() + GIVE_UP_NS;
	for (unsigned i = 0; i < config.vm_count; i++)
		if (config.vms[i].autostart && slot_launch(slot_of_vm(i)) == 0)
			order.starting |= 1u << slot_of_vm(i);
}

void order_prepare(void)
{
	for (unsigned i = 0; i < config.vm_count; i++)
		if (config.vms[i].autostart)
			worker_begin(slot_of_vm(i), JOB_ZERO);
}

void order_go_on(void)
{
	if (shutdown_state.running)
		return;
	while (order.awaited == 0 && order.next < config.process_count)
		start_server(slot_of_server(order.next++));
	if (order.awaited != 0 || order.done)
		return;
	if (!order.vms)
		start_vms();
	if (order.starting != 0)
		return;
	order.done = true;
	log_line(SLOG_INFO, "system started");
}

/* The slot has reached the state that the start waits for, or never will. */
static void stop_waiting(uint32_t slot)
{
	if (slot != order.awaited && !(order.starting & 1u << slot))
		return;
	order.starting &= ~(1u << slot);
	if (slot == order.awaited)
		order.awaited = 0;
	order_go_on();
}

void order_started(uint32_t slot)
{
	if (slot != order.awaited)
		stop_waiting(slot);
}

void order_ready(uint32_t slot)
{
	stop_waiting(slot);
}

void order_ended(uint32_t slot)
{
	stop_waiting(slot);
}

uint64_t order_deadline(void)
{
	return order.awaited != 0 || order.starting != 0 ? order.give_up : NEVER;
}

void order_timeout(void)
{
	uint32_t late = order.starting | (order.awaited != 0 ? 1u << order.awaited : 0);

	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		if (late & 1u << i)
			log_line(SLOG_ERROR, "%s is not %s after 10 s: continuing the start without it", slots[i].name,
				 slots[i].running ? "ready" : "started");
	order.awaited = 0;
	order.starting = 0;
	order_go_on();
}
