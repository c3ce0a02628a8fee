/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the system description and everything that it names, checks all of it, and fixes what each slot gets, before
 * anything starts. Every mistake is printed; the caller starts nothing if there is one.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "procmgr.h"
#include "start.h"

#define SYSTEM_DTB "system.dtb"

struct slot slots[PROCESS_MAX];
struct sys_config config;
struct plan plan;
const struct boot_info *const boot = (const struct boot_info *)BOOT_INFO;

static struct sys_vm_needs needs[SYS_VMS_MAX];
static struct sys_board board;
static unsigned mistakes;

_Static_assert(1 + SYS_PROCESSES_MAX + SYS_VMS_MAX <= PROCESS_MAX, "every process and VM has a slot of its own");

uint32_t slot_of_server(unsigned index)
{
	return 1 + index;
}

uint32_t slot_of_vm(unsigned index)
{
	return 1 + config.process_count + index;
}

int slot_by_name(const char *name)
{
	for (int i = 0; i < PROCESS_MAX; i++)
		if (slots[i].kind != SLOT_EMPTY && strcmp(slots[i].name, name) == 0)
			return i;
	return -1;
}

bool text_ok(const char *text, size_t bytes)
{
	size_t length = strnlen(text, bytes);

	if (length == 0 || length == bytes)
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] < 0x21 || text[i] > 0x7e)
			return false;
	return true;
}

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
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	mistakes++;
	log_line(SLOG_ERROR, "%s%s%s", slot != NULL ? slot->name : "", slot != NULL ? ": " : "", text);
}

static const void *archive(void)
{
	/* The kernel maps whole pages. */
	return (const void *)(BOOT_ARCHIVE + boot->archive_pa % PLAN_PAGE);
}

/* What the reader of a VM's configuration asks for. */
static int read_file(void *context, const char *path, const char **text, size_t *bytes)
{
	struct cpio_file file;

	(void)context;
	if (cpio_find(archive(), boot->archive_bytes, path, &file) != 0)
		return -ENOENT;
	*text = (const char *)file.data;
	*bytes = file.bytes;
	return 0;
}

static bool asinfo(void *context, const char *name, uint64_t *start, uint64_t *bytes)
{
	(void)context;
	return sys_asinfo((const void *)BOOT_DTB, name, start, bytes);
}

static bool describe_vdev(void *context, const char *type, struct qvmconf_vdev_type *description)
{
	(void)context;
	return vdevs_describe(archive(), boot->archive_bytes, type, description);
}

/* Reads one VM's configuration for what it needs; qvm itself reads it again. */
static void read_vm(struct slot *slot, const struct sys_vm *vm, struct sys_vm_needs *need)
{
	static struct qvm_config guest;
	static const struct qvmconf_host host = {
	    .read = read_file, .asinfo = asinfo, .vdev = describe_vdev, .message = mistake_line};
	const char *argv[1] = {slot->config_arg};
	struct cpio_file file;

	snprintf(slot->config_arg, sizeof slot->config_arg, "@%s", vm->config);
	if (qvmconf_read(&guest, 1, argv, &host) != 0)
		return;
	sys_vm_needs(need, &guest);
	slot->guest_bytes = need->guest_bytes;
	slot->vcpus = guest.cpu_count;
	vdevs_collect(archive(), boot->archive_bytes, &guest, &slot->vdev_files, mistake_line);
	for (unsigned i = 0; i < guest.load_count; i++)
		if (cpio_find(archive(), boot->archive_bytes, guest.loads[i].path, &file) != 0)
			mistake(slot, "%s:%u: %s is not in the boot archive", guest.loads[i].place.file,
				(unsigned)guest.loads[i].place.line, guest.loads[i].path);
}

static bool add_arg(struct slot *slot, const char *text)
{
	if (slot->argc == ARGV_MAX)
		return false;
	slot->argv[slot->argc++] = text;
	return true;
}

/* Tells a server a region's index (-r) or an interrupt's number (-i), which it cannot know; qvm looks for them. */
static bool add_number(struct slot *slot, unsigned *used, const char *option, uint32_t value)
{
	if (slot->kind == SLOT_VM)
		return true;
	if (*used == ARG_NUMBERS)
		return false;
	snprintf(slot->numbers[*used], sizeof slot->numbers[0], "%u", (unsigned)value);
	return add_arg(slot, option) && add_arg(slot, slot->numbers[(*used)++]);
}

static bool add_device(struct slot *slot, const struct sys_device *device, const char *name, unsigned *used)
{
	for (unsigned i = 0; i < device->range_count; i++) {
		const struct sys_range *range = &device->ranges[i];
		uint64_t start = range->start & ~(PLAN_PAGE - 1);
		uint64_t end = (range->start + range->bytes + PLAN_PAGE - 1) & ~(PLAN_PAGE - 1);

		/* Region 0 is the process's RAM; devices follow in the order of the description. */
		if (slot->device_count == SLOT_DEVICES || !add_number(slot, used, "-r", 1 + slot->device_count))
			return false;
		slot->devices[slot->device_count++] = (struct slot_device){start, end - start, name, device->reserved};
	}
	for (unsigned i = 0; i < device->interrupt_count; i++) {
		if (slot->interrupt_count == SLOT_INTERRUPTS ||
		    !add_number(slot, used, "-i", device->interrupts[i].intid))
			return false;
		slot->interrupts[slot->interrupt_count++] = device->interrupts[i];
	}
	return true;
}

static void add_devices(struct slot *slot, const char *const *names, unsigned count, unsigned *used)
{
	static struct sys_device device;

	for (unsigned i = 0; i < count; i++) {
		/* sys_check() has reported those that are not there. */
		if (sys_device_find(&board, names[i], &device) != NULL)
			continue;
		if (!add_device(slot, &device, names[i], used))
			mistake(slot, "too many arguments, ranges and interrupts of devices");
		slot->owns_console |= sys_device_is_stdout(&board, &device);
	}
}

static void add_ranges(struct slot *slot, const struct sys_process *server, unsigned *used)
{
	static struct sys_device device;

	for (unsigned i = 0; i < server->mmio_count; i++) {
		if (sys_mmio_device(&board, &server->mmio[i], &device) == NULL &&
		    !add_device(slot, &device, "mmio", used))
			mistake(slot, "too many arguments and ranges");
	}
}

static uint32_t connect_mask(uint32_t servers)
{
	/* Bit 0: everybody may talk to procmgr. */
	return 1u | servers << slot_of_server(0);
}

static void fill_server(struct slot *slot, const struct sys_process *server)
{
	unsigned used = 0;

	slot->kind = SLOT_SERVER;
	slot->name = server->name;
	slot->server = server;
	slot->program = server->program;
	slot->sched = server->sched;
	slot->memory = server->memory;
	slot->kernel_memory = server->kernel_memory;
	slot->abilities = server->abilities;
	slot->critical = server->critical;
	slot->connect_mask = connect_mask(server->connect);
	add_arg(slot, server->program);
	for (unsigned i = 0; i < server->arg_count; i++)
		add_arg(slot, server->args[i]);
	add_devices(slot, server->devices, server->device_count, &used);
	add_ranges(slot, server, &used);
}

static void fill_vm(struct slot *slot, const struct sys_vm *vm)
{
	unsigned used = 0;

	slot->kind = SLOT_VM;
	slot->name = vm->name;
	slot->vm = vm;
	slot->program = VM_PROGRAM;
	slot->sched = vm->sched;
	slot->memory = vm->memory;
	slot->kernel_memory = vm->kernel_memory;
	slot->abilities = ABLE_VCPU;
	slot->connect_mask = connect_mask(vm->connect);
	add_arg(slot, VM_PROGRAM);
	add_arg(slot, slot->config_arg);
	add_devices(slot, vm->devices, vm->device_count, &used);
}

/* The programs are read now, so that a damaged one is found before anything runs. */
static void read_program(struct slot *slot)
{
	const char *wrong;

	if (cpio_find(archive(), boot->archive_bytes, slot->program, &slot->file) != 0) {
		mistake(slot, "program %s is not in the boot archive", slot->program);
		return;
	}
	wrong = elf_image_parse(slot->file.data, slot->file.bytes, &slot->image);
	if (wrong != NULL)
		mistake(slot, "program %s: %s", slot->program, wrong);
	else if (start_bytes(&slot->image) > slot->memory)
		mistake(slot, "program %s needs at least %llu bytes of memory, it is given %llu", slot->program,
			(unsigned long long)start_bytes(&slot->image), (unsigned long long)slot->memory);
}

static bool read_system(struct sys_report *report)
{
	struct cpio_file file;
	void *copy;

	if (boot->archive_bytes == 0) {
		mistake(NULL, "there is no boot archive: give the kernel one as its initrd");
		return false;
	}
	if (cpio_find(archive(), boot->archive_bytes, SYSTEM_DTB, &file) != 0) {
		mistake(NULL, "the boot archive holds no " SYSTEM_DTB);
		return false;
	}
	/* libfdt wants a tree at a multiple of 8; in the archive it lies at one of 4. Names in `config` point into it.
	 */
	copy = malloc(file.bytes);
	if (copy == NULL) {
		mistake(NULL, SYSTEM_DTB " is too long: %zu bytes", file.bytes);
		return false;
	}
	memcpy(copy, file.data, file.bytes);
	return sys_read(&config, copy, file.bytes, report) == 0;
}

static uint64_t free_bytes(void)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < boot->ram_count; i++)
		bytes += boot->ram[i].bytes;
	return bytes;
}

static bool read_board(void)
{
	const char *wrong = sys_board_read(&board, (const void *)BOOT_DTB, boot->dtb_bytes);

	if (wrong != NULL) {
		mistake(NULL, "the board's device tree: %s", wrong);
		return false;
	}
	board.ram_bytes = free_bytes();
	board.cpus = boot->cpus;
	return true;
}

static const char *const use_text[] = {"kernel memory", "memory", "guest memory"};

static void place_all(void)
{
	struct plan_shortage shortage;

	for (uint32_t i = 1; i < PROCESS_MAX; i++) {
		struct slot *slot = &slots[i];

		if (slot->kind == SLOT_EMPTY)
			continue;
		if (!plan_add(&plan, i, PLAN_KERNEL_MEMORY, slot->kernel_memory) ||
		    !plan_add(&plan, i, PLAN_RAM, slot->memory) ||
		    (slot->kind == SLOT_VM && !plan_add(&plan, i, PLAN_GUEST_RAM, slot->guest_bytes)))
			mistake(slot, "an amount of memory is 0 or beyond reason");
	}
	if (mistakes != 0 || plan_place(&plan, boot->ram, boot->ram_count, &shortage))
		return;
	mistake(&slots[shortage.item->slot],
		"no room for its %s of %llu bytes: the system needs %llu bytes, %llu are available, the longest free "
		"range has %llu",
		use_text[shortage.item->use], (unsigned long long)shortage.item->bytes,
		(unsigned long long)shortage.needed, (unsigned long long)shortage.available,
		(unsigned long long)shortage.largest);
}

unsigned setup(void)
{
	struct sys_report report = {.file = SYSTEM_DTB, .message = mistake_line};

	slots[0] = (struct slot){.kind = SLOT_PROCMGR, .name = "procmgr", .running = true, .ready = true, .starts = 1};
	if (!read_system(&report) || !read_board())
		return mistakes;
	for (unsigned i = 0; i < config.process_count; i++)
		fill_server(&slots[slot_of_server(i)], &config.processes[i]);
	for (unsigned i = 0; i < config.vm_count; i++) {
		fill_vm(&slots[slot_of_vm(i)], &config.vms[i]);
		read_vm(&slots[slot_of_vm(i)], &config.vms[i], &needs[i]);
	}
	sys_check(&config, &board, mistakes == 0 ? needs : NULL, &report);
	for (uint32_t i = 1; i < PROCESS_MAX; i++)
		if (slots[i].kind != SLOT_EMPTY)
			read_program(&slots[i]);
	if (mistakes == 0)
		place_all();
	return mistakes;
}
