/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Defines slots (create, grant) and makes processes of them (create, copy, map, start). Region 0 holds the writable
 * segments of program and modules, one after the other, then the stack, then the heap. The other segments are mapped
 * from the archive: the last regions, one for each file.
 */
#include "start.h"
#include "boot.h"
#include "bulkhead/kernel.h"
#include "bulkhead/process.h"
#include "layout.h"
#include "log.h"
#include <errno.h>
#include <string.h>

static int check_step(const struct slot *slot, const char *step, int result)
{
	if (result < 0)
		log_line(SLOG_ERROR, "%s not started: %s failed, error %d", slot->name, step, -result);
	return result;
}

static int define_process(uint32_t number, const struct slot *slot)
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
	    /* If procmgr may restart it, the kernel does not enter the safe state by itself. */
	    .critical = slot->critical && !slot_restarts(slot),
	    .partition = slot->partition,
	};

	strncpy(params.name, slot->name, sizeof(params.name) - 1);
	return check_step(slot, "ProcessCreate", ProcessCreate_r(number, &params));
}

/* Grants a range and makes sure that it became the region that the program is told about. */
static int grant_range(uint32_t number, enum grant what, uint64_t start, uint64_t bytes, int region)
{
	int result = ProcessGrant_r(number, what, start, bytes);

	if (result >= 0 && result != region)
		result = -EINVAL;
	return check_step(&slots[number], "ProcessGrant", result);
}

static int grant_guest(uint32_t number)
{
	const struct plan_item *guest = plan_find(&plan, number, PLAN_GUEST_RAM);
	int result = grant_range(number, GRANT_RAM, guest->start, guest->bytes, REGION_GUEST);

	return result < 0 ? result : grant_range(number, GRANT_ROM, boot->archive_pa, boot_archive_span(), REGION_ROM);
}

/* A server is told the index of the region, so that must be right; a VM manager looks for the address. */
static int grant_device(uint32_t number, const struct slot *slot, unsigned index)
{
	const struct slot_device *device = &slot->devices[index];

	if (slot->kind == SLOT_SERVER)
		return grant_range(number, device->grant, device->start, device->bytes, 1 + (int)index);
	return check_step(slot, "ProcessGrant", ProcessGrant_r(number, device->grant, device->start, device->bytes));
}

static int grant_all(uint32_t number, const struct slot *slot)
{
	const struct plan_item *ram = plan_find(&plan, number, PLAN_RAM);
	int result = grant_range(number, GRANT_RAM, ram->start, ram->bytes, REGION_OWN);

	if (result >= 0 && slot->kind == SLOT_VM)
		result = grant_guest(number);
	for (unsigned i = 0; result >= 0 && i < slot->device_count; i++)
		result = grant_device(number, slot, i);
	for (unsigned i = 0; result >= 0 && i < slot->interrupt_count; i++)
		result = check_step(
		    slot, "ProcessGrant",
		    ProcessGrant_r(number, GRANT_IRQ,
				   slot->interrupts[i].intid | (slot->interrupts[i].edge ? IRQ_EDGE : 0), 1));
	return result;
}

/* Regions before those of code. */
static unsigned region_count(const struct slot *slot)
{
	return 1 + slot->device_count + (slot->kind == SLOT_VM ? 2 : 0);
}

static int grant_code(uint32_t number, const struct elf_image *image, const struct cpio_file *file, unsigned region)
{
	return grant_range(number, GRANT_CODE, boot_archive_pa(file->data) + image->code_offset, image->code_bytes,
			   (int)region);
}

/* After everything else: a VM manager finds them by their kind, in the order of the description. */
static int grant_pools(uint32_t number, const struct slot *slot)
{
	int result = 0;

	for (unsigned i = 0; result >= 0 && slot->kind == SLOT_VM && i < config.pool_count; i++) {
		const struct plan_item *item = plan_find(&plan, i, PLAN_POOL);

		if (config.pools[i].vms & (1u << (slot->vm - config.vms)))
			result = check_step(slot, "ProcessGrant",
					    ProcessGrant_r(number, GRANT_SHARED, item->start, item->bytes));
	}
	return result;
}

int slot_define(uint32_t number)
{
	const struct slot *slot = &slots[number];
	unsigned region = region_count(slot);
	int result = define_process(number, slot);

	if (result >= 0)
		result = grant_all(number, slot);
	if (result >= 0)
		result = grant_code(number, &slot->image, &slot->file, region);
	for (unsigned i = 0; result >= 0 && i < slot->vdev_files.count; i++)
		result = grant_code(number, &slot->vdev_files.image[i], &slot->vdev_files.file[i], region + 1 + i);
	return result < 0 ? result : grant_pools(number, slot);
}

/* A process that is being made, by its slot's worker. */
struct making {
	uint32_t number;
	const struct slot *slot;
	uint64_t used; /* of region 0 */
	const char *step;
};

static int map_range(struct making *m, uint64_t address, unsigned region, uint64_t offset, uint64_t bytes,
		     unsigned prot)
{
	m->step = "ProcessMap";
	return ProcessMap_r(m->number, address, region, offset, bytes, prot);
}

static int copy_in(struct making *m, uint64_t offset, const void *from, uint64_t bytes)
{
	m->step = "ProcessCopy";
	return ProcessCopy_r(m->number, REGION_OWN, offset, from, bytes);
}

/* Copies a writable segment to the next free place in region 0. The rest of the region is zero, as .bss must be. */
static int copy_segment(struct making *m, const struct elf_segment *segment, const uint8_t *file, uint64_t base)
{
	uint64_t offset = m->used;
	int result = 0;

	m->used += segment->page_bytes;
	if (segment->file_bytes != 0)
		result = copy_in(m, offset + segment->lead, file + segment->file_offset, segment->file_bytes);
	if (result < 0)
		return result;
	return map_range(m, base + segment->page, REGION_OWN, offset, segment->page_bytes, segment->prot);
}

static int load_image(struct making *m, const struct elf_image *image, const struct cpio_file *file, uint64_t base,
		      unsigned region)
{
	int result = 0;

	for (unsigned i = 0; result >= 0 && i < image->count; i++) {
		const struct elf_segment *segment = &image->segment[i];

		if (!elf_in_place(segment))
			result = copy_segment(m, segment, file->data, base);
		else
			result = map_range(m, base + segment->page, region,
					   segment->file_offset - segment->lead - image->code_offset,
					   segment->page_bytes, segment->prot);
	}
	return result;
}

/* Program and modules. */
static int load_files(struct making *m)
{
	const struct slot *slot = m->slot;
	unsigned region = region_count(slot);
	int result = load_image(m, &slot->image, &slot->file, slot->layout.program, region);

	for (unsigned i = 0; result >= 0 && i < slot->vdev_files.count; i++)
		result = load_image(m, &slot->vdev_files.image[i], &slot->vdev_files.file[i], slot->layout.modules[i],
				    region + 1 + i);
	return result;
}

/* What lies at the top of the stack: struct start_args, then the strings of argv and env. */
struct top {
	struct start_args args;
	char strings[SYS_STRINGS_MAX];
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct top) % 16 == 0, "the stack pointer begins at the block and is 16-byte aligned (AAPCS64)");
_Static_assert(sizeof(struct top) <= PLAN_PAGE, "most of the stack is left");

/* Appends strings, and notes their addresses. */
static bool fill_list(struct top *top, uint64_t address, size_t *used, const char *const *list, unsigned count,
		      uint64_t *addresses)
{
	for (unsigned i = 0; i < count; i++) {
		size_t bytes = strlen(list[i]) + 1;

		if (bytes > sizeof(top->strings) - *used)
			return false;
		memcpy(top->strings + *used, list[i], bytes);
		addresses[i] = address + offsetof(struct top, strings) + *used;
		*used += bytes;
	}
	return true;
}

static bool fill_strings(struct top *top, uint64_t address, const struct slot *slot)
{
	size_t used = 0;

	top->args.argc = slot->argc;
	top->args.env_count = slot->env_count;
	return fill_list(top, address, &used, slot->argv, slot->argc, top->args.argv) &&
	       fill_list(top, address, &used, slot->env, slot->env_count, top->args.env);
}

/* The archive is mapped as a whole, so a file has the same offset in it as here. */
static void fill_files(struct start_args *args, const struct slot *slot)
{
	const struct layout *layout = &slot->layout;

	if (slot->kind == SLOT_VM) {
		args->file_address = layout->rom;
		args->file_bytes = boot->archive_bytes;
		args->window = layout->window;
	}
	args->module_count = slot->vdev_files.count;
	for (unsigned i = 0; i < slot->vdev_files.count; i++) {
		const struct cpio_file *file = &slot->vdev_files.file[i];

		args->modules[i] = (struct start_module){
		    layout->modules[i], layout->rom + boot_archive_pa(file->data) - boot->archive_pa, file->bytes};
	}
}

static int start_process(struct making *m)
{
	struct top top = {0}; /* a third of a worker's stack */
	const struct slot *slot = m->slot;
	uint64_t address = slot->layout.stack + STACK_BYTES - sizeof(top);
	uint64_t heap_offset = m->used + STACK_BYTES, heap_bytes = slot->memory - heap_offset;
	int result;

	top.args.slot = m->number;
	top.args.heap_start = slot->layout.heap;
	top.args.heap_bytes = heap_bytes;
	top.args.procmgr_coid = PROCMGR_COID;
	top.args.region_count = region_count(slot) + 1 + slot->vdev_files.count;
	top.args.random = boot->random != 0;
	fill_files(&top.args, slot);
	for (unsigned half = 0; half < 2; half++) {
		uint64_t word = layout_random(boot->seed, m->number, slot->starts, USE_GUARD + half);

		memcpy(top.args.guard + 8 * half, &word, sizeof(word));
	}
	m->step = "passing the arguments";
	if (!fill_strings(&top, address, slot))
		return -E2BIG;
	result = copy_in(m, heap_offset - sizeof(top), &top, sizeof(top));
	if (result >= 0)
		result = map_range(m, slot->layout.stack, REGION_OWN, m->used, STACK_BYTES, PROT_R | PROT_W);
	if (result >= 0)
		result = map_range(m, slot->layout.heap, REGION_OWN, heap_offset, heap_bytes, PROT_R | PROT_W);
	if (result < 0)
		return result;
	m->step = "ProcessStart";
	return ProcessStart_r(m->number, slot->layout.program + slot->image.entry, address, address, 0);
}

static bool make_layout(uint32_t number, struct slot *slot)
{
	struct layout_sizes sizes = {.program = slot->image.span,
				     .heap = slot->memory,
				     .rom = boot_archive_span(),
				     .rom_pa = boot->archive_pa,
				     .window = slot->guest_bytes,
				     .module_count = slot->vdev_files.count};

	for (unsigned i = 0; i < slot->vdev_files.count; i++)
		sizes.modules[i] = slot->vdev_files.image[i].span;
	return layout_make(&slot->layout, &sizes, boot->seed, number, slot->starts);
}

int slot_build(uint32_t number, const char **step)
{
	struct slot *slot = &slots[number];
	struct making m = {.number = number, .slot = slot, .step = "ProcessCreate"};
	int result;

	*step = "finding room in its address space";
	if (!make_layout(number, slot))
		return -E2BIG;
	*step = m.step;
	result = ProcessCreate_r(number, NULL);
	if (result < 0)
		return result;
	if (slot->kind == SLOT_VM)
		result = map_range(&m, slot->layout.rom, REGION_ROM, 0, boot_archive_span(), PROT_R);
	if (result >= 0)
		result = load_files(&m);
	if (result >= 0)
		result = start_process(&m);
	if (result < 0) {
		ProcessDestroy_r(number);
		ProcessZero_r(number);
	}
	*step = m.step;
	return result;
}
