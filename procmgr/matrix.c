/* SPDX-License-Identifier: Apache-2.0 */
/* Prints who owns what: the whole reach of every process, as it was proved before the start. */
#include "procmgr.h"

static const char *const use_text[] = {"kernel", "ram", "guest"};

static void print_range(uint64_t start, uint64_t bytes, const char *what, const char *owner)
{
	log_line(SLOG_INFO, "  %010llx-%010llx %-7s %s", (unsigned long long)start,
		 (unsigned long long)(start + bytes - 1), what, owner);
}

static void print_memory(void)
{
	uint64_t from = 0;

	for (unsigned n = 0; n < plan.count; n++) {
		const struct plan_item *next = NULL;

		for (unsigned i = 0; i < plan.count; i++)
			if (plan.item[i].start >= from && (next == NULL || plan.item[i].start < next->start))
				next = &plan.item[i];
		if (next == NULL)
			break;
		print_range(next->start, next->bytes, use_text[next->use], slots[next->slot].name);
		from = next->start + next->bytes;
	}
}

static void print_devices(const struct slot *slot)
{
	for (unsigned i = 0; i < slot->device_count; i++)
		print_range(slot->devices[i].start, slot->devices[i].bytes,
			    slot->devices[i].reserved ? "reserve" : "device", slot->name);
	for (unsigned i = 0; i < slot->interrupt_count; i++)
		log_line(SLOG_INFO, "  interrupt %-11u irq     %s", (unsigned)slot->interrupts[i].intid, slot->name);
}

static void print_scheduling(uint32_t number)
{
	const struct slot *slot = &slots[number];

	log_line(SLOG_INFO, "  slot %-2u cpus %02x prio %u-%u may-connect %08x %s%s", (unsigned)number,
		 (unsigned)(slot->sched.runmask & ((1u << boot->cpus) - 1)), slot->sched.priority,
		 slot->sched.max_priority, (unsigned)slot->connect_mask, slot->name,
		 slot->critical ? " (critical)" : "");
}

void matrix_print(void)
{
	log_line(SLOG_INFO, "access matrix:");
	print_memory();
	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		print_devices(&slots[i]);
	if (config.vm_count != 0)
		print_range(boot->archive_pa, boot->archive_bytes, "rom", "every VM, to read");
	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		if (slots[i].kind != SLOT_EMPTY)
			print_scheduling(i);
}
