/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Defines slots (create, grant), and makes processes of them (create anew, copy, map, start). Region 0 holds the
 * segments of the program one behind the other, then the stack, then the heap.
 */
#include "start.h"

#include <errno.h>
#include <string.h>

#include <bulkhead/kernel.h>
#include <bulkhead/process.h>

#include "procmgr.h"
#include "random.h"

static int check(const struct slot *slot, const char *step, int result)
{
	if (result < 0)
		log_line(SLOG_ERROR, "%s not started: %s failed, error %d", slot->name, step, -result);
	return result;
}

static int define(uint32_t number, const struct slot *slot)
{
	const struct plan_item *kmem = plan_find(&plan, number, PLAN_KERNEL_MEMORY);
	struct process_params params = {
	    .kmem = kmem->start,
	    .kmem_bytes = kmem->bytes,
	    .abilities = slot->abilities,
	    .connect_mask = slot->connect_mask,
	    .runmask = slot->sched.runmask & ((1u << boot->cpus) - 1),
	    .priority = slot->sched.priority,
	    .max_priority = slot->sched.max_priority,
	    .policy = slot->sched.policy,
	    .guest = slot->kind == SLOT_VM,
	    .death_chid = PROCMGR_CHID,
	    .critical = slot->critical,
	};

	strncpy(params.name, slot->name, sizeof params.name - 1);
	return check(slot, "ProcessCreate", ProcessCreate_r(number, &params));
}

/* Grants a range and makes sure that it became the region that the program is told about. */
static int grant(uint32_t number, enum grant what, uint64_t start, uint64_t bytes, int region)
{
	int result = ProcessGrant_r(number, what, start, bytes);

	if (result >= 0 && result != region)
		result = -EINVAL;
	return check(&slots[number], "ProcessGrant", result);
}

/* Whole pages of the boot archive. */
static struct boot_range archive_range(void)
{
	uint64_t start = boot->archive_pa & ~(PLAN_PAGE - 1);
	uint64_t end = (boot->archive_pa + boot->archive_bytes + PLAN_PAGE - 1) & ~(PLAN_PAGE - 1);

	return (struct boot_range){start, end - start};
}

static int grant_guest(uint32_t number)
{
	const struct plan_item *guest = plan_find(&plan, number, PLAN_GUEST_RAM);
	const struct boot_range rom = archive_range();
	int result = grant(number, GRANT_RAM, guest->start, guest->bytes, REGION_GUEST);

	return result < 0 ? result : grant(number, GRANT_ROM, rom.start, rom.bytes, REGION_ROM);
}

/* A server is told the region's index, so it must be that; a VM manager looks for the address. */
static int grant_device(uint32_t number, const struct slot *slot, unsigned index)
{
	const struct slot_device *device = &slot->devices[index];

	if (slot->kind == SLOT_SERVER)
		return grant(number, device->grant, device->start, device->bytes, 1 + (int)index);
	return check(slot, "ProcessGrant", ProcessGrant_r(number, device->grant, device->start, device->bytes));
}

static int grant_all(uint32_t number, const struct slot *slot)
{
	const struct plan_item *ram = plan_find(&plan, number, PLAN_RAM);
	int result = grant(number, GRANT_RAM, ram->start, ram->bytes, REGION_OWN);

	if (result >= 0 && slot->kind == SLOT_VM)
		result = grant_guest(number);
	for (unsigned i = 0; result >= 0 && i < slot->device_count; i++)
		result = grant_device(number, slot, i);
	for (unsigned i = 0; result >= 0 && i < slot->interrupt_count; i++)
		result =
		    check(slot, "ProcessGrant",
			  ProcessGrant_r(number, GRANT_IRQ,
					 slot->interrupts[i].intid | (slot->interrupts[i].edge ? IRQ_EDGE : 0), 1));
	return result;
}

int process_define(uint32_t number)
{
	const struct slot *slot = &slots[number];
	int result = define(number, slot);

	return result < 0 ? result : grant_all(number, slot);
}

static int map_archive(uint32_t number)
{
	return check(&slots[number], "ProcessMap",
		     ProcessMap_r(number, ROM_ADDRESS, REGION_ROM, 0, archive_range().bytes, PROT_R));
}

/* Fills in the segments; *used is how much of region 0 they take. */
static int load(uint32_t number, const struct slot *slot, uint64_t *used)
{
	*used = 0;
	for (unsigned i = 0; i < slot->image.count; i++) {
		const struct elf_segment *segment = &slot->image.segment[i];
		int result = 0;

		/* RAM is zero when a process is made, so the rest of the last page and .bss need nothing. */
		if (segment->file_bytes != 0)
			result = ProcessCopy_r(number, REGION_OWN, *used + segment->lead,
					       slot->file.data + segment->file_offset, segment->file_bytes);
		if (check(slot, "ProcessCopy", result) < 0)
			return result;
		result = ProcessMap_r(number, segment->page, REGION_OWN, *used, segment->page_bytes, segment->prot);
		if (check(slot, "ProcessMap", result) < 0)
			return result;
		*used += segment->page_bytes;
	}
	return 0;
}

/* What lies at the top of the stack: struct start_args, behind it the strings of argv and env. */
struct top {
	struct start_args args;
	char strings[2048];
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct top) % 16 == 0, "the stack pointer begins at the block and is 16-byte aligned (AAPCS64)");
_Static_assert(sizeof(struct top) <= PLAN_PAGE, "most of the stack is left");
#define TOP_ADDRESS (STACK_TOP - sizeof(struct top))

/* Copies strings behind those that are there, and notes their addresses. */
static bool fill_list(struct top *top, size_t *used, const char *const *list, unsigned count, uint64_t *addresses)
{
	for (unsigned i = 0; i < count; i++) {
		size_t bytes = strlen(list[i]) + 1;

		if (bytes > sizeof top->strings - *used)
			return false;
		memcpy(top->strings + *used, list[i], bytes);
		addresses[i] = TOP_ADDRESS + offsetof(struct top, strings) + *used;
		*used += bytes;
	}
	return true;
}

static bool fill_strings(struct top *top, const struct slot *slot)
{
	size_t used = 0;

	top->args.argc = slot->argc;
	top->args.env_count = slot->env_count;
	return fill_list(top, &used, slot->argv, slot->argc, top->args.argv) &&
	       fill_list(top, &used, slot->env, slot->env_count, top->args.env);
}

static int start(uint32_t number, struct slot *slot, uint64_t used)
{
	static struct top top; /* too long for a stack */
	uint64_t heap_offset = used + STACK_BYTES, heap_bytes = slot->memory - heap_offset;
	int result;

	memset(&top, 0, sizeof top);
	top.args.slot = number;
	top.args.heap_start = HEAP_ADDRESS;
	top.args.heap_bytes = heap_bytes;
	top.args.procmgr_coid = FIRST_COID;
	top.args.region_count = 1 + slot->device_count + (slot->kind == SLOT_VM ? 2 : 0);
	if (slot->kind == SLOT_VM) {
		top.args.file_address = ROM_ADDRESS + boot->archive_pa % PLAN_PAGE;
		top.args.file_bytes = boot->archive_bytes;
	}
	random_guard(top.args.guard, process_args()->guard, number, slot->starts);
	if (!fill_strings(&top, slot))
		return check(slot, "passing the arguments", -E2BIG);
	result = ProcessCopy_r(number, REGION_OWN, heap_offset - sizeof top, &top, sizeof top);
	if (check(slot, "ProcessCopy", result) < 0)
		return result;
	result = ProcessMap_r(number, STACK_TOP - STACK_BYTES, REGION_OWN, used, STACK_BYTES, PROT_R | PROT_W);
	if (check(slot, "ProcessMap", result) < 0)
		return result;
	result = ProcessMap_r(number, HEAP_ADDRESS, REGION_OWN, heap_offset, heap_bytes, PROT_R | PROT_W);
	if (check(slot, "ProcessMap", result) < 0)
		return result;
	return check(slot, "ProcessStart", ProcessStart_r(number, slot->image.entry, TOP_ADDRESS, TOP_ADDRESS, 0));
}

int process_launch(uint32_t number)
{
	struct slot *slot = &slots[number];
	uint64_t used;
	int result;

	if (slot->running)
		return -EBUSY;
	result = check(slot, "ProcessCreate", ProcessCreate_r(number, NULL));
	if (result < 0)
		return result;
	if (slot->kind == SLOT_VM)
		result = map_archive(number);
	if (result >= 0)
		result = load(number, slot, &used);
	if (result >= 0)
		result = start(number, slot, used);
	if (result < 0) {
		ProcessDestroy_r(number);
		return result;
	}
	slot->running = true;
	slot->ready = false;
	slot->note[0] = '\0';
	slot->starts++;
	log_line(SLOG_INFO, "%s started: slot %u, start %u", slot->name, (unsigned)number, (unsigned)slot->starts);
	return 0;
}
