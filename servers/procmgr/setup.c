/* SPDX-License-Identifier: Apache-2.0 */
#include "setup.h"
#include "boot.h"
#include "env.h"
#include "log.h"
#include "safety.h"
#include "slots.h"
#include "start.h"
#include "verify.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_DTB "system.dtb"

static struct sys_vm_needs needs[SYS_VMS_MAX];
static struct sys_claims claims;
static struct sys_sharing sharing;
static unsigned mistakes;

static void mistake_line(void *context, const char *line)
{
	(void)context;
	mistakes++;
	log_line(SLOG_ERROR, "%s", line);
}

static void __attribute__((format(printf, 2, 3))) mistake(const struct slot *slot, const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	mistakes++;
	log_line(SLOG_ERROR, "%s%s%s", slot ? slot->name : "", slot ? ": " : "", text);
}

/* What the reader of a VM's configuration asks for. */
static int read_file(void *context, const char *path, const char **text, size_t *bytes)
{
	struct cpio_file file;
	const char *wrong = verify_find(path, &file);

	(void)context;
	if (wrong) {
		mistake(NULL, "%s %s", path, wrong);
		return -ENOENT;
	}
	*text = (const char *)file.data;
	*bytes = file.bytes;
	return 0;
}

static const char *env(void *context, const char *name)
{
	const struct sys_vm *vm = context;

	return sys_env(&vm->own, name);
}

static bool asinfo(void *context, const char *name, uint64_t *start, uint64_t *bytes)
{
	const struct sys_vm *vm = context;

	return sys_asinfo(&config, &vm->own, &board, name, start, bytes);
}

static void asinfo_why(void *context, const char *name, char *text, size_t bytes)
{
	const struct sys_report report = {.file = SYSTEM_DTB};

	sys_asinfo_why(&config, context, &board, &report, name, text, bytes);
}

static bool cluster(void *context, const char *name, uint32_t *cpus)
{
	(void)context;
	return sys_cluster(&config, name, cpus);
}

static bool partition(void *context, const char *name, uint32_t *id, char names[QVM_NAMES_BYTES])
{
	(void)context;
	return sys_partition_named(&config, name, id, names);
}

static struct qvm_config guest; /* that is being read; what `safety` said last is in it */

static bool describe_vdev(void *context, const char *type, struct qvmconf_vdev_file *description)
{
	const bool found = vdevs_describe(boot_archive(), boot->archive_bytes, type, description);

	(void)context;
	/* The reader says what is wrong. */
	if (!found || description->wrong)
		safety_lacks(guest.safety);
	return found;
}

/* Reads one VM's configuration for what it needs; qvm itself reads it again. */
static void read_vm(struct slot *slot, const struct sys_vm *vm, struct sys_vm_needs *need, struct sys_report *report)
{
	const struct qvmconf_host host = {.context = (void *)(uintptr_t)vm,
					  .name = vm->own.name,
					  .read = read_file,
					  .env = env,
					  .asinfo = asinfo,
					  .asinfo_why = asinfo_why,
					  .cluster = cluster,
					  .partition = partition,
					  .vdev = describe_vdev,
					  .message = mistake_line};
	struct cpio_file file;

	if (qvmconf_read(&guest, (int)slot->argc - 1, slot->argv + 1, &host) != 0)
		return;
	sys_vm_needs(need, vm, &guest);
	sys_check_sharing(&config, (unsigned)(vm - config.vms), &guest, &sharing, report);
	slot->guest_bytes = need->guest_bytes;
	slot->vcpus = guest.cpu_count;
	slot->consoles = need->consoles;
	slot->console_count = need->console_count;
	vdevs_collect(boot_archive(), boot->archive_bytes, &guest, &slot->vdev_files, mistake_line);
	safety_judge(slot, &guest, boot_archive(), boot->archive_bytes);
	for (unsigned i = 0; i < guest.load_count; i++) {
		const char *wrong = verify_later(guest.loads[i].path, &file);

		if (wrong)
			mistake(slot, "%s:%u: %s %s", guest.loads[i].place.file, (unsigned)guest.loads[i].place.line,
				guest.loads[i].path, wrong);
	}
}

static bool add_arg(struct slot *slot, const char *text)
{
	if (slot->argc == ARGV_MAX)
		return false;
	slot->argv[slot->argc++] = text;
	return true;
}

/* Tells the program a region's index (-r) or an interrupt's number (-i), which it cannot know. */
static bool add_number(struct slot *slot, unsigned *used, const char *option, uint32_t value)
{
	if (*used == ARG_NUMBERS)
		return false;
	snprintf(slot->numbers[*used], sizeof(slot->numbers[0]), "%u", (unsigned)value);
	return add_arg(slot, option) && add_arg(slot, slot->numbers[(*used)++]);
}

static uint64_t region_start(const char *name)
{
	for (unsigned i = 0; i < config.region_count; i++) {
		if (strcmp(config.regions[i].name, name) == 0)
			return plan_find(&plan, i, PLAN_REGION)->start;
	}
	return 0;
}

static bool add_range(struct slot *slot, const struct sys_claim *claim, unsigned *used)
{
	static const char *const names[] = {"device", "mmio", "region", "interrupt"};

	/* Region 0 is the process's RAM; ranges follow in the order of the claims. qvm knows its own by their
	 * addresses.
	 */
	if (slot->device_count == SLOT_DEVICES ||
	    (slot->kind == SLOT_SERVER && !add_number(slot, used, "-r", 1 + slot->device_count)))
		return false;
	slot->devices[slot->device_count++] = (struct slot_device){claim->start, claim->bytes, names[claim->source],
								   claim->reserved             ? GRANT_RESERVED
								   : claim->what == SYS_MEMORY ? GRANT_RAM
											       : GRANT_DEVICE};
	return true;
}

static bool add_interrupt(struct slot *slot, const struct sys_claim *claim, unsigned *used)
{
	uint32_t intid = (uint32_t)claim->start;

	if (slot->interrupt_count == SLOT_INTERRUPTS ||
	    (slot->kind == SLOT_SERVER && !add_number(slot, used, "-i", intid)))
		return false;
	slot->interrupts[slot->interrupt_count++] = (struct sys_interrupt){intid, claim->edge};
	return true;
}

/* What of the host a slot gets. Runs when all memory is placed: a region without a start has one then. */
static void add_claims(struct slot *slot, unsigned owner)
{
	const struct sys_owner *own = sys_owner_at(&config, owner);
	unsigned used = 0;

	for (unsigned i = 0; i < claims.count; i++) {
		struct sys_claim claim = claims.claim[i];

		if (claim.owner != owner)
			continue;
		if (claim.start == SYS_ANYWHERE)
			claim.start = region_start(own->regions[claim.index]);
		if (!(claim.what == SYS_INTERRUPT ? add_interrupt : add_range)(slot, &claim, &used))
			mistake(slot, "too many arguments, ranges and interrupts of devices");
	}
	slot->owns_console = sys_owns_stdout(&board, &claims, owner);
}

static uint32_t connect_mask(uint32_t servers)
{
	/* Bit 0: everybody may talk to procmgr. */
	return 1u | servers << slot_of_server(0);
}

static void fill_server(struct slot *slot, const struct sys_process *server)
{
	slot->kind = SLOT_SERVER;
	slot->name = server->own.name;
	slot->server = server;
	slot->program = server->program;
	slot->sched = server->own.sched;
	slot->partition = server->own.partition;
	slot->abilities = server->abilities;
	slot->critical = server->own.critical;
	slot->connect_mask = connect_mask(server->own.connect);
	add_arg(slot, server->program);
	for (unsigned i = 0; i < server->own.arg_count; i++)
		add_arg(slot, server->own.args[i]);
	env_fill(slot, &server->own);
	safety_judge_dma(slot, &server->own, QVM_SAFETY_DEFAULT);
}

static void fill_vm(struct slot *slot, const struct sys_vm *vm)
{
	slot->kind = SLOT_VM;
	slot->name = vm->own.name;
	slot->vm = vm;
	slot->program = safety_program();
	slot->sched = vm->own.sched;
	slot->partition = vm->own.partition;
	slot->abilities = ABLE_VCPU;
	slot->critical = vm->own.critical;
	slot->connect_mask = connect_mask(vm->own.connect);
	add_arg(slot, slot->program);
	snprintf(slot->config_arg, sizeof(slot->config_arg), "@%s", vm->config);
	add_arg(slot, slot->config_arg);
	for (unsigned i = 0; i < vm->own.arg_count; i++)
		if (!add_arg(slot, vm->own.args[i]))
			mistake(slot, "too many arguments");
	env_fill(slot, &vm->own);
}

/* The programs are read now, so that a damaged one is found before anything runs. */
static void read_program(struct slot *slot)
{
	const char *wrong = verify_find(slot->program, &slot->file);
	uint64_t heap = HEAP_MIN;
	char why[SYS_WHY_MAX] = "";

	slot->memory = slot_owner(slot)->memory;
	slot->kernel_memory = slot_owner(slot)->kernel_memory;
	if (slot->kind == SLOT_SERVER)
		heap = sys_heap_least(&config, needs, (unsigned)(slot->server - config.processes), why);

	if (wrong) {
		mistake(slot, "program %s %s", slot->program, wrong);
		return;
	}
	wrong = elf_image_parse(slot->file.data, slot->file.bytes, &slot->image);
	if (wrong)
		mistake(slot, "program %s: %s", slot->program, wrong);
	else if (boot_archive_pa(slot->file.data) % PLAN_PAGE != 0)
		mistake(slot, "program %s does not begin on a page of the boot archive: make it with `bulkhead image`",
			slot->program);
	else if (start_bytes(slot, heap) > slot->memory)
		mistake(slot, "program %s needs at least %llu bytes of memory%s, but 'memory' gives it %llu; raise it",
			slot->program, (unsigned long long)start_bytes(slot, heap), why,
			(unsigned long long)slot->memory);
}

static bool read_system(struct sys_report *report)
{
	struct cpio_file file;
	const char *wrong;
	void *copy;

	if (boot->archive_bytes == 0) {
		mistake(NULL, "there is no boot archive: give the kernel one as its initrd");
		return false;
	}
	if (boot->archive_pa % PLAN_PAGE != 0) {
		mistake(NULL, "the boot archive lies at 0x%llx, which is not a multiple of 4096: load it elsewhere",
			(unsigned long long)boot->archive_pa);
		return false;
	}
	wrong = verify_begin(boot_archive(), boot->archive_bytes);
	if (wrong) {
		mistake(NULL, "the boot archive cannot be trusted: %s", wrong);
		return false;
	}
	wrong = verify_find(SYSTEM_DTB, &file);
	if (wrong) {
		mistake(NULL, SYSTEM_DTB " %s", wrong);
		return false;
	}
	/* libfdt wants a tree at a multiple of 8; in the archive it lies at one of 4. Names in `config` point into it.
	 */
	copy = malloc(file.bytes);
	if (!copy) {
		mistake(NULL, SYSTEM_DTB " is too long: %zu bytes", file.bytes);
		return false;
	}
	memcpy(copy, file.data, file.bytes);
	return sys_read(&config, copy, file.bytes, report) == 0;
}

static bool read_board(void)
{
	const char *wrong = sys_board_read(&board, (const void *)BOOT_DTB, boot->dtb_bytes);

	if (!wrong)
		wrong = sys_board_interrupts(&board); /* the kernel does not check them */
	if (wrong) {
		mistake(NULL, "the board's device tree: %s", wrong);
		return false;
	}
	board.ram_bytes = boot_ram_bytes();
	board.cpus = boot->cpus;
	board.intid_limit = boot->intid_limit;
	return true;
}

/* The owner of an item. */
static const char *item_owner(const struct plan_item *item)
{
	return item->use == PLAN_REGION ? config.regions[item->slot].name
	       : item->use == PLAN_POOL ? config.pools[item->slot].name
					: slots[item->slot].name;
}

static void place_all(void)
{
	static const char *const uses[] = {"kernel memory", "memory", "guest memory", "memory", "shared memory"};
	struct plan_shortage shortage;
	const char *wrong = plan_system(&plan, &config, needs);

	if (wrong) {
		mistake(NULL, "%s: an amount of memory is 0 or too large", wrong);
		return;
	}
	if (plan_place(&plan, boot->ram, boot->ram_count, &shortage))
		return;
	if (shortage.item->start != SYS_ANYWHERE)
		mistake(NULL,
			"%s: not all of %llx-%llx is free: the kernel, the boot archive, the device tree, or the "
			"firmware is there; choose another 'start'",
			item_owner(shortage.item), (unsigned long long)shortage.item->start,
			(unsigned long long)(shortage.item->start + shortage.item->bytes - 1));
	else
		mistake(NULL,
			"%s: no room for its %s of %llu bytes: the system needs %llu bytes, %llu are available, the "
			"longest "
			"free range has %llu",
			item_owner(shortage.item), uses[shortage.item->use], (unsigned long long)shortage.item->bytes,
			(unsigned long long)shortage.needed, (unsigned long long)shortage.available,
			(unsigned long long)shortage.largest);
}

static void map_line(void *context, const char *text)
{
	(void)context;
	log_line(SLOG_INFO, "%s", text);
}

void setup_print_matrix(void)
{
	const struct sys_map map = {
	    &config, &claims, &plan, (1u << boot->cpus) - 1, {boot->archive_pa, boot->archive_bytes}, needs, true};

	sys_map(&map, map_line, NULL);
}

unsigned setup_slots(void)
{
	struct sys_report report = {.file = SYSTEM_DTB, .message = mistake_line};

	slots[0] = (struct slot){.kind = SLOT_PROCMGR, .name = "procmgr", .running = true, .ready = true, .starts = 1};
	if (!read_system(&report) || !read_board())
		return mistakes;
	for (unsigned i = 0; i < config.process_count; i++)
		fill_server(&slots[slot_of_server(i)], &config.processes[i]);
	for (unsigned i = 0; i < config.vm_count; i++) {
		fill_vm(&slots[slot_of_vm(i)], &config.vms[i]);
		read_vm(&slots[slot_of_vm(i)], &config.vms[i], &needs[i], &report);
	}
	/* A VM whose configuration could not be read needs nothing. */
	sys_reserve(&config, needs);
	sys_check(&config, &board, needs, &claims, &report);
	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		if (slots[i].kind != SLOT_EMPTY)
			read_program(&slots[i]);
	if (mistakes == 0)
		place_all();
	for (unsigned i = 0; mistakes == 0 && i < sys_owner_count(&config); i++)
		add_claims(&slots[1 + i], i);
	if (mistakes != 0)
		plan.count = 0; /* there is nothing to be started */
	return mistakes;
}
