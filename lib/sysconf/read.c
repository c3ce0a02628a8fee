/* SPDX-License-Identifier: Apache-2.0 */
/* From a compiled system.dts to struct sys_config. */
#include "internal.h"
#include <bulkhead.h>
#include <libfdt.h>
#include <string.h>

#define DEFAULT_PRIORITY         10
#define DEFAULT_MEMORY           (1ull << 20)
#define DEFAULT_KERNEL_MEMORY    (1ull << 19)
#define DEFAULT_VM_MEMORY        (2ull << 20)
#define DEFAULT_VM_KERNEL_MEMORY (4ull << 20)
#define MEMORY_MAX               (1ull << 40)
#define ADDRESS_LIMIT            (1ull << 52) /* of any physical address of the architecture */

/* The node that is being read. */
struct place {
	const void *dtb;
	int node;
	const char *folder, *name; /* its path is /folder/name */
	struct sys_report *report;
};

static const char *const process_words[] = {"program", "args",   "priority",      "max-priority", "policy",
					    "runmask", "memory", "kernel-memory", "abilities",    "connect",
					    "devices", "mmio",   "ready",         "critical",     NULL};
static const char *const vm_words[] = {"config",        "priority", "max-priority", "policy",    "runmask", "memory",
				       "kernel-memory", "connect",  "devices",      "autostart", NULL};

#define MISTAKE(at, ...) sys_mistake((at)->report, (at)->folder, (at)->name, __VA_ARGS__)

/* A misspelt property must not pass for one that was left out. */
static void check_words(const struct place *at, const char *const *words)
{
	int offset;

	fdt_for_each_property_offset(offset, at->dtb, at->node)
	{
		const char *name;
		unsigned i = 0;

		if (!fdt_getprop_by_offset(at->dtb, offset, &name, NULL))
			continue;
		while (words[i] && strcmp(words[i], name) != 0)
			i++;
		if (!words[i])
			MISTAKE(at, "unknown property '%.32s'; docs/configuration.md lists those that exist", name);
	}
	if (fdt_first_subnode(at->dtb, at->node) >= 0)
		MISTAKE(at, "it has a node within it, which means nothing here; remove it");
}

static const char *string(const struct place *at, const char *property, bool required)
{
	int count = fdt_stringlist_count(at->dtb, at->node, property), length;
	const char *text = count == 1 ? fdt_stringlist_get(at->dtb, at->node, property, 0, &length) : NULL;

	if (text && *text)
		return text;
	if (count != -FDT_ERR_NOTFOUND)
		MISTAKE(at, "'%s' must be one string in double quotes", property);
	else if (required)
		MISTAKE(at, "'%s' is missing", property);
	return NULL;
}

static bool flag(const struct place *at, const char *property)
{
	int length;
	const void *value = fdt_getprop(at->dtb, at->node, property, &length);

	if (value && length != 0)
		MISTAKE(at, "'%s' takes no value: it is written '%s;' or left out", property, property);
	return value != NULL;
}

static uint64_t number(const struct place *at, const char *property, uint64_t standard, uint64_t least, uint64_t most)
{
	int length;
	const void *cells = fdt_getprop(at->dtb, at->node, property, &length);
	uint64_t value;

	if (!cells)
		return standard;
	if (length != 4 && length != 8) {
		MISTAKE(at, "'%s' must be one number, as in <10> or /bits/ 64 <0x100000000>", property);
		return standard;
	}
	value = sys_cells_read(cells, 0, (unsigned)length / 4);
	if (value < least || value > most) {
		MISTAKE(at, "'%s' is %llu; it must be %llu to %llu", property, (unsigned long long)value,
			(unsigned long long)least, (unsigned long long)most);
		return standard;
	}
	return value;
}

static uint64_t memory(const struct place *at, const char *property, uint64_t standard)
{
	uint64_t bytes = number(at, property, standard, QVM_PAGE, MEMORY_MAX);

	if (bytes % QVM_PAGE)
		MISTAKE(at, "'%s' is 0x%llx bytes, not whole pages of 0x1000", property, (unsigned long long)bytes);
	return bytes;
}

/* The strings of a property, at most `most` of them; returns how many. */
static unsigned strings(const struct place *at, const char *property, const char **list, unsigned most)
{
	int count = fdt_stringlist_count(at->dtb, at->node, property), length;

	if (count == -FDT_ERR_NOTFOUND)
		return 0;
	if (count < 0) {
		MISTAKE(at, "'%s' is not a list of strings, as in \"one\", \"two\"", property);
		return 0;
	}
	if ((unsigned)count > most) {
		MISTAKE(at, "'%s' has %d strings; at most %u are possible", property, count, most);
		return 0;
	}
	for (int i = 0; i < count; i++)
		list[i] = fdt_stringlist_get(at->dtb, at->node, property, i, &length);
	return (unsigned)count;
}

static void read_sched(const struct place *at, struct sys_sched *sched)
{
	const char *policy = string(at, "policy", false);

	sched->priority = (uint8_t)number(at, "priority", DEFAULT_PRIORITY, 1, PRIO_MAX);
	sched->max_priority = (uint8_t)number(at, "max-priority", sched->priority, 1, PRIO_MAX);
	sched->runmask = (uint32_t)number(at, "runmask", 0xff, 1, 0xff);
	sched->policy = SCHED_RR_;
	if (policy && strcmp(policy, "fifo") == 0)
		sched->policy = SCHED_FIFO_;
	else if (policy && strcmp(policy, "rr") != 0)
		MISTAKE(at, "'policy' is \"%.16s\"; it must be \"rr\" or \"fifo\"", policy);
	if (sched->max_priority < sched->priority)
		MISTAKE(at, "'max-priority' %u is below 'priority' %u; raise it", sched->max_priority, sched->priority);
}

static uint32_t read_abilities(const struct place *at)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} abilities[] = {{"process", ABLE_PROCESS}, {"vcpu", ABLE_VCPU},     {"system", ABLE_SYSTEM},
			 {"log", ABLE_LOG},         {"public", ABLE_PUBLIC}, {"xsched", ABLE_XSCHED}};
	const char *list[8];
	unsigned count = strings(at, "abilities", list, 8), j;
	uint32_t bits = 0;

	for (unsigned i = 0; i < count; i++) {
		for (j = 0; j < 6 && strcmp(list[i], abilities[j].name) != 0; j++)
			;
		if (j < 6)
			bits |= abilities[j].bit;
		else
			MISTAKE(at, "unknown ability \"%.16s\"; choose from process, vcpu, system, log, public, xsched",
				list[i]);
	}
	return bits;
}

/* Pairs of a start and a length, two cells each. */
static unsigned read_mmio(const struct place *at, struct sys_range *ranges)
{
	int length;
	const void *cells = fdt_getprop(at->dtb, at->node, "mmio", &length);
	unsigned count = cells ? (unsigned)length / 16 : 0;

	if (!cells)
		return 0;
	if (length == 0 || length % 16 || count > SYS_MMIO_MAX) {
		MISTAKE(at, "'mmio' must be 1 to %d pairs of start and length, as in /bits/ 64 <0x9010000 0x1000>",
			SYS_MMIO_MAX);
		return 0;
	}
	for (unsigned i = 0; i < count; i++) {
		struct sys_range range = {sys_cells_read(cells, 4 * i, 2), sys_cells_read(cells, 4 * i + 2, 2)};

		if (range.start % QVM_PAGE || range.bytes % QVM_PAGE || range.bytes == 0 ||
		    range.bytes > ADDRESS_LIMIT || range.start > ADDRESS_LIMIT - range.bytes) {
			MISTAKE(at, "'mmio' 0x%llx 0x%llx is not a range of whole pages of 0x1000",
				(unsigned long long)range.start, (unsigned long long)range.bytes);
			return 0;
		}
		ranges[i] = range;
	}
	return count;
}

static void read_process(const struct place *at, struct sys_process *p)
{
	check_words(at, process_words);
	p->name = at->name;
	p->program = string(at, "program", true);
	p->arg_count = strings(at, "args", p->args, SYS_ARGS_MAX);
	read_sched(at, &p->sched);
	p->memory = memory(at, "memory", DEFAULT_MEMORY);
	p->kernel_memory = memory(at, "kernel-memory", DEFAULT_KERNEL_MEMORY);
	p->abilities = read_abilities(at);
	p->device_count = strings(at, "devices", p->devices, SYS_DEVICES_MAX);
	p->mmio_count = read_mmio(at, p->mmio);
	p->ready = flag(at, "ready");
	p->critical = flag(at, "critical");
}

static void read_vm(const struct place *at, struct sys_vm *vm)
{
	check_words(at, vm_words);
	vm->name = at->name;
	vm->config = string(at, "config", true);
	read_sched(at, &vm->sched);
	vm->memory = memory(at, "memory", DEFAULT_VM_MEMORY);
	vm->kernel_memory = memory(at, "kernel-memory", DEFAULT_VM_KERNEL_MEMORY);
	vm->device_count = strings(at, "devices", vm->devices, SYS_DEVICES_MAX);
	vm->autostart = flag(at, "autostart");
}

static unsigned find_process(const struct sys_config *c, const char *name)
{
	unsigned i = 0;

	while (i < c->process_count && strcmp(c->processes[i].name, name) != 0)
		i++;
	return i;
}

static uint32_t public_processes(const struct sys_config *c)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < c->process_count; i++) {
		if (c->processes[i].abilities & ABLE_PUBLIC)
			mask |= 1u << i;
	}
	return mask;
}

/* Read when all processes are known: a name may be that of a later one. */
static uint32_t read_connect(const struct place *at, const struct sys_config *c)
{
	const char *list[SYS_PROCESSES_MAX];
	unsigned count = strings(at, "connect", list, SYS_PROCESSES_MAX);
	uint32_t mask = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned p = find_process(c, list[i]);

		if (p == c->process_count)
			MISTAKE(at, "'connect' names \"%.32s\", but there is no process of that name", list[i]);
		else if (!(c->processes[p].abilities & ABLE_PUBLIC))
			MISTAKE(at,
				"'connect' names \"%s\", which has no channels for others; add \"public\" to its "
				"abilities",
				list[i]);
		else
			mask |= 1u << p;
	}
	return mask;
}

static bool name_is_new(const struct sys_config *c, const char *name)
{
	for (unsigned i = 0; i < c->vm_count; i++) {
		if (strcmp(c->vms[i].name, name) == 0)
			return false;
	}
	return find_process(c, name) == c->process_count && strcmp(name, "procmgr") != 0;
}

static bool name_good(const struct place *at, const struct sys_config *c)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	if (strlen(at->name) >= NAME_MAX_ || strspn(at->name, allowed) != strlen(at->name))
		MISTAKE(at, "its name must be 1 to %d letters, digits, '_', '-' or '.'", NAME_MAX_ - 1);
	else if (!name_is_new(c, at->name))
		MISTAKE(at, "its name is taken; processes and VMs need names of their own, and \"procmgr\" is one");
	else
		return true;
	return false;
}

static void read_processes(struct sys_config *c, struct place *at, int folder)
{
	at->folder = "processes";
	fdt_for_each_subnode(at->node, at->dtb, folder)
	{
		at->name = fdt_get_name(at->dtb, at->node, NULL);
		if (!name_good(at, c))
			continue;
		if (c->process_count == SYS_PROCESSES_MAX) {
			MISTAKE(at, "more than %d processes", SYS_PROCESSES_MAX);
			return;
		}
		/* It counts only now: a name that is compared with itself is not new. */
		read_process(at, &c->processes[c->process_count]);
		c->process_count++;
	}
	fdt_for_each_subnode(at->node, at->dtb, folder)
	{
		unsigned i;

		at->name = fdt_get_name(at->dtb, at->node, NULL);
		i = find_process(c, at->name);
		if (i < c->process_count)
			c->processes[i].connect = read_connect(at, c);
	}
}

static void read_vms(struct sys_config *c, struct place *at, int folder)
{
	at->folder = "vms";
	fdt_for_each_subnode(at->node, at->dtb, folder)
	{
		struct sys_vm *vm = &c->vms[c->vm_count];

		at->name = fdt_get_name(at->dtb, at->node, NULL);
		if (!name_good(at, c))
			continue;
		if (c->vm_count == SYS_VMS_MAX) {
			MISTAKE(at, "more than %d VMs", SYS_VMS_MAX);
			return;
		}
		read_vm(at, vm);
		vm->connect =
		    fdt_getprop(at->dtb, at->node, "connect", NULL) ? read_connect(at, c) : public_processes(c);
		c->vm_count++;
	}
}

unsigned sys_read(struct sys_config *config, const void *dtb, size_t bytes, struct sys_report *report)
{
	struct place at = {.dtb = dtb, .folder = "", .name = "", .report = report};
	int folder;

	memset(config, 0, sizeof(*config));
	if (fdt_check_full(dtb, bytes) != 0) {
		MISTAKE(&at, "this is not a device tree blob, or it is damaged; compile system.dts with dtc again");
		return report->mistakes;
	}
	if (!sys_is(dtb, 0, "compatible", "bulkhead,system"))
		MISTAKE(&at, "this is no system description: its root needs compatible = \"bulkhead,system\"");
	fdt_for_each_subnode(folder, dtb, 0)
	{
		at.name = fdt_get_name(dtb, folder, NULL);
		if (strcmp(at.name, "processes") == 0 || strcmp(at.name, "vms") == 0)
			continue;
		at.folder = at.name;
		at.name = "";
		MISTAKE(&at, "unknown node; the root has 'processes' and 'vms'");
	}
	folder = fdt_subnode_offset(dtb, 0, "processes");
	if (folder >= 0)
		read_processes(config, &at, folder);
	folder = fdt_subnode_offset(dtb, 0, "vms");
	if (folder >= 0)
		read_vms(config, &at, folder);
	return report->mistakes;
}
